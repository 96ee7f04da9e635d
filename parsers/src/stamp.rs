//! Stamps: the times that devices write, as far as the line alone settles them.

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while_m_n};
use nom::character::complete::one_of;
use nom::combinator::{map_opt, opt, peek, value};
use nom::sequence::{preceded, terminated};
use nom::{IResult, Parser};

use crate::Time;
use crate::atoms::{cut, number, until};
use crate::time::days_from_civil;

/// A device's own stamp. Year and zone that the line leaves out are settled later, per stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stamp {
    /// The line carries none.
    #[default]
    None,
    /// Year and zone are known.
    Exact(Time),
    /// A local time without zone: seconds since the epoch as if it were UTC, and nanoseconds.
    Local {
        /// Civil seconds.
        seconds: i64,
        /// Decimals.
        nanos: u32,
    },
    /// A time without year (RFC 3164): month, day, second of the day, nanoseconds, and the zone if it is given.
    Yearless {
        /// 1 to 12.
        month: u8,
        /// 1 to 31.
        day: u8,
        /// 0 to 86,400 (a leap second at the end of the day).
        second: u32,
        /// Decimals.
        nanos: u32,
        /// Seconds east of Greenwich, where the line says.
        offset: Option<i32>,
    },
}

impl Stamp {
    /// The same stamp, where its zone stands apart from it: `offset` seconds east of Greenwich.
    #[must_use]
    pub fn in_zone(self, offset: Option<i32>) -> Stamp {
        match (self, offset) {
            (Stamp::Local { seconds, nanos }, Some(offset)) if offset.abs() <= FARTHEST => {
                Time::from_seconds(seconds - i64::from(offset), nanos).map_or(Stamp::None, Stamp::Exact)
            }
            _ => self,
        }
    }
}

/// Reads a zone that stands apart from the stamp, in seconds east of Greenwich: `+0100`, `+11`, `Z`, `CET`. `None` for a name that
/// does not settle it.
pub fn zone(text: &[u8]) -> Option<i32> {
    match alt((offset, zone_name)).parse(text) {
        Ok(([], offset)) => offset,
        _ => None,
    }
}

/// No place is farther from Greenwich than 14 hours (Kiribati).
const FARTHEST: i32 = 14 * 3600;

/// A date and a time of day as numbers, on their way to a [`Stamp`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Civil {
    /// 2000 to 2199, or `None` where the line carries none.
    pub year: Option<i32>,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 60.
    pub second: u8,
    /// Decimals of the second.
    pub nanos: u32,
    /// Seconds east of Greenwich, where the line says.
    pub offset: Option<i32>,
}

impl Civil {
    /// The stamp, or [`Stamp::None`] if a part is out of range or the day does not exist.
    pub fn stamp(self) -> Stamp {
        if self.hour > 23 || self.minute > 59 || self.second > 60 || self.nanos >= 1_000_000_000 {
            return Stamp::None;
        }
        if self.offset.is_some_and(|offset| offset.abs() > FARTHEST) {
            return Stamp::None;
        }
        // A leap second is the last second of its minute: the clock after it goes on.
        let second = u32::from(self.hour) * 3600 + u32::from(self.minute) * 60 + u32::from(self.second.min(59));
        let Some(year) = self.year else {
            // 2000 was a leap year: 29 February is let through, the year is found later.
            return match days_from_civil(2000, self.month, self.day) {
                Some(_) => Stamp::Yearless { month: self.month, day: self.day, second, nanos: self.nanos, offset: self.offset },
                None => Stamp::None,
            };
        };
        let Some(days) = days_from_civil(year, self.month, self.day) else { return Stamp::None };
        let seconds = days * 86_400 + i64::from(second);
        if Time::from_seconds(seconds, self.nanos).is_none() {
            return Stamp::None;
        }
        match self.offset {
            None => Stamp::Local { seconds, nanos: self.nanos },
            Some(offset) => Time::from_seconds(seconds - i64::from(offset), self.nanos).map_or(Stamp::None, Stamp::Exact),
        }
    }
}

/// A cache of the last stamps read: stamps are parsed once per distinct text, and lines of one second
/// follow each other. One slot for heads, one for bodies. Never changes an answer.
#[derive(Debug, Default)]
pub struct Stamps {
    head: Slot,
    body: Slot,
}

#[derive(Debug, Default)]
struct Slot {
    text: Vec<u8>,
    read: Option<fn(&[u8]) -> Stamp>,
    stamp: Stamp,
}

impl Slot {
    fn get(&mut self, text: &[u8], read: fn(&[u8]) -> Stamp) -> Stamp {
        if text.is_empty() {
            return Stamp::None;
        }
        if self.text != text || !self.read.is_some_and(|last| std::ptr::fn_addr_eq(last, read)) {
            self.stamp = read(text);
            self.read = Some(read);
            self.text.clear();
            self.text.extend_from_slice(text);
        }
        self.stamp
    }
}

impl Stamps {
    /// The stamp of a syslog head, in any of its dresses.
    pub fn head(&mut self, text: &[u8]) -> Stamp {
        self.head.get(text, any)
    }

    /// The stamp that `read` takes from `text`, a part of the body.
    pub fn body(&mut self, text: &[u8], read: fn(&[u8]) -> Stamp) -> Stamp {
        self.body.get(text, read)
    }
}

/// Reads a stamp in any of the dresses that heads wear; [`Stamp::None`] if `text` is not all stamp.
///
/// ```
/// use parsers::stamp::{Stamp, any};
/// let cet = any(b"2026-11-20T22:41:07.5+01:00");
/// assert_eq!(cet, any(b"Nov 20 2026 21:41:07.5 UTC"));
/// assert!(matches!(any(b"Nov  2 21:41:07"), Stamp::Yearless { month: 11, day: 2, second: 78_067, nanos: 0, offset: None }));
/// assert_eq!(any(b"Feb 30 00:00:00"), Stamp::None);
/// ```
pub fn any(text: &[u8]) -> Stamp {
    if let Some(civil) = text.as_array().and_then(plain) {
        return civil.stamp();
    }
    match civil(text) {
        Ok(([], civil)) => civil.stamp(),
        _ => Stamp::None,
    }
}

/// Length of the stamp that `text` begins with, 0 if there is none. Looks at shapes only: `Feb 31` is as long as `Feb 28`.
pub fn extent(text: &[u8]) -> usize {
    if let Some((start, rest)) = text.split_first_chunk()
        && !goes_on(rest)
        && plain(start).is_some()
    {
        return start.len();
    }
    if !matches!(text, [b'A'..=b'Z', b'a'..=b'z', ..] | [b'1'..=b'9', b'0'..=b'9', b'0'..=b'9', b'0'..=b'9', ..]) {
        return 0;
    }
    civil(text).map_or(0, |(rest, _)| text.len() - rest.len())
}

/// `Mar  2 00:00:08`, the dress that nearly all heads wear, without the grammar.
fn plain(text: &[u8; 15]) -> Option<Civil> {
    let &[n0, n1, n2, b' ', d0, d1, b' ', h0, h1, b':', m0, m1, b':', s0, s1] = text else { return None };
    let d0 = if d0 == b' ' { b'0' } else { d0 };
    if ![d0, d1, h0, h1, m0, m1, s0, s1].iter().all(u8::is_ascii_digit) {
        return None;
    }
    let two = |tens: u8, ones: u8| (tens - b'0') * 10 + (ones - b'0');
    let (day, hour, minute, second) = (two(d0, d1), two(h0, h1), two(m0, m1), two(s0, s1));
    Some(Civil { month: month_of(&[n0, n1, n2])?, day, hour, minute, second, ..Civil::default() })
}

/// Whether decimals, a year or a zone may follow the time of day.
fn goes_on(rest: &[u8]) -> bool {
    matches!(rest, [b'.' | b',', ..] | [b' ', b'A'..=b'Z', b'A'..=b'Z', ..] | [b' ', b'+' | b'-', b'0'..=b'9', ..])
        || matches!(rest, [b' ', a, b, c, d, ..] if [a, b, c, d].into_iter().all(u8::is_ascii_digit))
}

/// A date and a time of day that stand apart: `2026-11-20`, `2026/11/20` or `2026 11 20`, and `22:41:07`.
pub fn apart(date: &[u8], time: &[u8]) -> Stamp {
    let read = || {
        let sign = *date.iter().find(|b| !b.is_ascii_digit()).filter(|sign| b"-/ ".contains(sign))?;
        let (year, rest) = until(date, sign)?;
        let (month, day) = until(rest, sign)?;
        let (rest, clock) = clock(time).ok()?;
        let civil = Civil { year: Some(i32::from(number::<u16>(year)?)), month: number(month)?, day: number(day)?, ..clock };
        rest.is_empty().then(|| civil.stamp())
    };
    read().unwrap_or_default()
}

/// Reads epoch time: seconds, with decimals or without, or milli-, micro- or nanoseconds, told by their 10, 13, 16 or 19 digits.
pub fn epoch(text: &[u8]) -> Stamp {
    let (seconds, rest) = cut(text, 10);
    let nanos = match rest {
        [] => Some(0),
        [b'.', decimals @ ..] => fraction(decimals),
        digits if matches!(digits.len(), 3 | 6 | 9) => fraction(digits),
        _ => None,
    };
    match (number(seconds).filter(|_| seconds.len() == 10), nanos) {
        (Some(seconds), Some(nanos)) => Time::from_seconds(seconds, nanos).map_or(Stamp::None, Stamp::Exact),
        _ => Stamp::None,
    }
}

fn civil(text: &[u8]) -> IResult<&[u8], Civil> {
    alt((iso, bsd, astaro)).parse(text)
}

/// `2026:11:20-22:41:07` (Sophos UTM, once Astaro).
fn astaro(text: &[u8]) -> IResult<&[u8], Civil> {
    let (text, (year, _, month, _, day, _)) = (year, tag(":"), pair, tag(":"), pair, tag("-")).parse(text)?;
    let (text, clock) = clock(text)?;
    Ok((text, Civil { year: Some(year), month, day, ..clock }))
}

/// `2026-11-20T22:41:07.123456789+01:00`, `2026-11-20 22:41:07 -0700`, `…Z`, or without zone (RFC 3339, ISO 8601).
fn iso(text: &[u8]) -> IResult<&[u8], Civil> {
    let (text, (year, _, month, _, day, _)) = (year, tag("-"), pair, tag("-"), pair, one_of("Tt ")).parse(text)?;
    let (text, clock) = clock(text)?;
    let (text, zone) = opt(alt((offset, preceded(tag(" "), offset), preceded(tag(" "), zone_name)))).parse(text)?;
    Ok((text, Civil { year: Some(year), month, day, offset: zone.flatten(), ..clock }))
}

/// `Mar  2 00:00:08`, `Mar 18 2026 12:16:09`, `2026 Mar 18 12:16:09`, `Tue Aug 12 08:26:29 2025`, each with decimals
/// and zone name if need be (RFC 3164 and what devices make of it).
fn bsd(text: &[u8]) -> IResult<&[u8], Civil> {
    let (text, _) = opt((weekday, tag(" "))).parse(text)?;
    let (text, before) = opt(terminated(year, tag(" "))).parse(text)?;
    let (text, (month, _, day, _)) = (month, tag(" "), day, tag(" ")).parse(text)?;
    let (text, between) = opt(terminated(year, tag(" "))).parse(text)?;
    let (text, clock) = clock(text)?;
    let (text, after) = opt(preceded(tag(" "), terminated(year, end))).parse(text)?;
    let distance = preceded(opt(alt((tag("GMT"), tag("UTC")))), offset);
    let (text, zone) = opt(preceded(tag(" "), alt((distance, zone_name)))).parse(text)?;
    Ok((text, Civil { year: before.or(between).or(after), month, day, offset: zone.flatten(), ..clock }))
}

/// `22:41:07`, with up to nine decimals.
fn clock(text: &[u8]) -> IResult<&[u8], Civil> {
    let (text, (hour, _, minute, _, second)) = (pair, tag(":"), pair, tag(":"), pair).parse(text)?;
    let (text, nanos) = opt(preceded(one_of(".,"), decimals)).parse(text)?;
    Ok((text, Civil { hour, minute, second, nanos: nanos.unwrap_or(0), ..Civil::default() }))
}

fn decimals(text: &[u8]) -> IResult<&[u8], u32> {
    map_opt(take_while_m_n(1, 9, |b: u8| b.is_ascii_digit()), fraction).parse(text)
}

/// Up to nine decimals of a second, in nanoseconds.
fn fraction(decimals: &[u8]) -> Option<u32> {
    let missing = 9_u32.checked_sub(u32::try_from(decimals.len()).ok()?)?;
    Some(number::<u32>(decimals)? * 10_u32.pow(missing))
}

/// `Z`, `+01:00`, `-0700`, `+02`.
fn offset(text: &[u8]) -> IResult<&[u8], Option<i32>> {
    let written = (one_of("+-"), pair, opt(preceded(opt(tag(":")), pair))).map(|(sign, hours, minutes)| {
        let east = i32::from(hours) * 3600 + i32::from(minutes.unwrap_or(0)) * 60;
        if sign == '-' { -east } else { east }
    });
    terminated(alt((value(0, one_of("Zz")), written)), end).map(Some).parse(text)
}

/// Offsets of the zone names that mean one zone only; `None` inside for a name that does not settle it.
fn zone_name(text: &[u8]) -> IResult<&[u8], Option<i32>> {
    let name = take_while_m_n(1, 5, |b: u8| b.is_ascii_uppercase());
    let known = map_opt(terminated(name, end), |name: &[u8]| {
        Some(match name {
            b"UTC" | b"GMT" | b"Z" | b"WET" => 0,
            b"CET" | b"MET" | b"WEST" => 3600,
            b"CEST" | b"MEST" | b"EET" => 7200,
            b"EEST" | b"MSK" => 10_800,
            _ => return None,
        })
    });
    // `EDT: %ASA-…`: any other word right before a Cisco id is a zone as well, but which one is for the source to say.
    let unknown = terminated(take_while_m_n(3, 5, |b: u8| b.is_ascii_uppercase()), peek(tag(": %")));
    alt((known.map(Some), value(None, unknown))).parse(text)
}

/// A stamp ends before a blank, before a colon that is no part of an address, or with the text.
fn end(text: &[u8]) -> IResult<&[u8], ()> {
    match text {
        [] | [b':'] | [b' ' | b'\t', ..] | [b':', b' ' | b'%', ..] => Ok((text, ())),
        _ => Err(nom::Err::Error(nom::error::Error::new(text, nom::error::ErrorKind::Eof))),
    }
}

fn year(text: &[u8]) -> IResult<&[u8], i32> {
    map_opt(take_while_m_n(4, 4, |b: u8| b.is_ascii_digit()), number).parse(text)
}

fn pair(text: &[u8]) -> IResult<&[u8], u8> {
    map_opt(take_while_m_n(2, 2, |b: u8| b.is_ascii_digit()), number).parse(text)
}

/// `18`, ` 2` or `2`.
fn day(text: &[u8]) -> IResult<&[u8], u8> {
    map_opt(preceded(opt(tag(" ")), take_while_m_n(1, 2, |b: u8| b.is_ascii_digit())), number).parse(text)
}

fn month(text: &[u8]) -> IResult<&[u8], u8> {
    map_opt(take_while_m_n(3, 3, |b: u8| b.is_ascii_alphabetic()), month_of).parse(text)
}

/// The number of an English month of three letters.
pub fn month_of(name: &[u8]) -> Option<u8> {
    Some(match name {
        b"Jan" => 1,
        b"Feb" => 2,
        b"Mar" => 3,
        b"Apr" => 4,
        b"May" => 5,
        b"Jun" => 6,
        b"Jul" => 7,
        b"Aug" => 8,
        b"Sep" => 9,
        b"Oct" => 10,
        b"Nov" => 11,
        b"Dec" => 12,
        _ => return None,
    })
}

fn weekday(text: &[u8]) -> IResult<&[u8], &[u8]> {
    alt((tag("Mon"), tag("Tue"), tag("Wed"), tag("Thu"), tag("Fri"), tag("Sat"), tag("Sun"))).parse(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(seconds: i64, nanos: u32) -> Stamp {
        Stamp::Exact(Time::from_seconds(seconds, nanos).unwrap())
    }

    const NOON: i64 = 1_773_835_200; // 2026-03-18T12:00:00Z

    #[test]
    fn dresses() {
        let local = Stamp::Local { seconds: NOON + 7, nanos: 0 };
        let yearless = Stamp::Yearless { month: 3, day: 18, second: 43_207, nanos: 0, offset: None };
        for (text, expected) in [
            ("2026-03-18T12:00:07Z", exact(NOON + 7, 0)),
            ("2026-03-18T13:00:07.123+01:00", exact(NOON + 7, 123_000_000)),
            ("2026-03-18 05:00:07.584936-0700", exact(NOON + 7, 584_936_000)),
            ("2026-03-18 05:00:07 -0700", exact(NOON + 7, 0)),
            ("2026-03-18T12:00:07.123456789+00", exact(NOON + 7, 123_456_789)),
            ("2026-03-18T12:00:07", local),
            ("2026-03-18 12:00:07", local),
            ("2026:03:18-12:00:07", local),
            ("2026-03-18 12:00:07 UTC", exact(NOON + 7, 0)),
            ("Mar 18 12:00:07", yearless),
            ("Mar 18 12:00:07.5", Stamp::Yearless { month: 3, day: 18, second: 43_207, nanos: 500_000_000, offset: None }),
            ("Mar  2 12:00:07", Stamp::Yearless { month: 3, day: 2, second: 43_207, nanos: 0, offset: None }),
            ("Mar 2 12:00:07", Stamp::Yearless { month: 3, day: 2, second: 43_207, nanos: 0, offset: None }),
            ("Mar 18 2026 12:00:07", local),
            ("2026 Mar 18 12:00:07", local),
            ("Mar 18 12:00:07 2026", local),
            ("Wed Mar 18 12:00:07 2026", local),
            ("Mar 18 2026 12:00:07 UTC", exact(NOON + 7, 0)),
            ("Mar 18 2026 13:00:07 CET", exact(NOON + 7, 0)),
            ("Mar 18 2026 13:00:07 +0100", exact(NOON + 7, 0)),
            ("Mar 18 2026 13:00:07 GMT+01:00", exact(NOON + 7, 0)),
            ("Mar 18 13:00:07 +0100", Stamp::Yearless { month: 3, day: 18, second: 46_807, nanos: 0, offset: Some(3600) }),
            ("Mar 18 12:00:07 UTC", Stamp::Yearless { month: 3, day: 18, second: 43_207, nanos: 0, offset: Some(0) }),
            ("Mar 18 2026 12:00:60", Stamp::Local { seconds: NOON + 59, nanos: 0 }),
            ("Feb 29 12:00:07", Stamp::Yearless { month: 2, day: 29, second: 43_207, nanos: 0, offset: None }),
        ] {
            assert_eq!(any(text.as_bytes()), expected, "{text}");
            assert_eq!(extent(text.as_bytes()), text.len(), "{text}");
            for tail in [" host", ": rest", ""] {
                let line = format!("{text}{tail}");
                assert_eq!(extent(line.as_bytes()), text.len(), "{line}");
            }
        }
    }

    #[test]
    fn no_stamp() {
        for text in [
            "",
            "Feb 30 12:00:07",
            "Feb 29 2026 12:00:07",
            "Mar 18 24:00:00",
            "Mar 18 12:60:00",
            "Mar 18 2026 12:00:61",
            "2026-13-01T00:00:00Z",
            "2026-03-18T12:00:07+99:99",
            "2026-03-18T12:00:07+14:01",
            "2026-03-18T12:00:07.",
            "2026-03-18T12:00:07.1234567891",
            "1999-03-18T12:00:07Z",
            "2200-03-18T12:00:07Z",
            "Mär 18 12:00:07",
            "2026-03-18T12:00:07Z and more",
        ] {
            assert_eq!(any(text.as_bytes()), Stamp::None, "{text}");
        }
    }

    #[test]
    fn extents_do_not_take_hosts() {
        for (line, length) in [
            ("Mar 18 12:00:07 10.1.2.3 x", 15),
            ("Mar 18 12:00:07 2026 x", 20),
            ("Mar 18 12:00:07 20260101 x", 15),
            ("Mar 18 12:00:07 FGT sshd[1]: x", 15),
            ("Mar 18 12:00:07 EDT: %ASA", 19),
            ("Marvin 18 12:00:07", 0),
            ("date=2026-03-18", 0),
        ] {
            assert_eq!(extent(line.as_bytes()), length, "{line}");
        }
    }

    #[test]
    fn dates_apart_from_times() {
        assert_eq!(apart(b"2026-03-18", b"12:00:07"), any(b"2026-03-18 12:00:07"));
        for date in ["2026/03/18", "2026 03 18"] {
            assert_eq!(apart(date.as_bytes(), b"12:00:07"), any(b"2026-03-18 12:00:07"), "{date}");
        }
        for (date, time) in [
            ("2026-02-30", "12:00:07"),
            ("2026-03/18", "12:00:07"),
            ("2026:03:18", "12:00:07"),
            ("2026-03-18", "12:00:07 x"),
            ("", "12:00:07"),
            ("2026-03-18", ""),
        ] {
            assert_eq!(apart(date.as_bytes(), time.as_bytes()), Stamp::None, "{date} {time}");
        }
    }

    #[test]
    fn zones_apart() {
        let local = any(b"2026-03-18 13:00:00");
        for zoned in ["+0100", "+01:00", "+01", "CET"] {
            assert_eq!(local.in_zone(zone(zoned.as_bytes())), exact(NOON, 0), "{zoned}");
        }
        for none in ["", "IST", "+99", "0100", "CET and more"] {
            assert_eq!(local.in_zone(zone(none.as_bytes())), local, "{none}");
        }
        assert_eq!(exact(NOON, 0).in_zone(Some(3600)), exact(NOON, 0));
    }

    proptest::proptest! {
        #[test]
        fn the_plain_dress_is_as_the_grammar_has_it(text in "(Jan|Feb|Nov|Mai) [ 0-9][ 0-9] [0-9]{2}:[0-9]{2}:[0-6][0-9]") {
            let read = civil(text.as_bytes());
            let length = read.as_ref().map_or(0, |(rest, _)| text.len() - rest.len());
            let stamp = read.map_or(Stamp::None, |(_, civil)| civil.stamp());
            proptest::prop_assert_eq!(any(text.as_bytes()), stamp);
            proptest::prop_assert_eq!(extent(text.as_bytes()), length);
        }
    }

    #[test]
    fn epochs() {
        for (text, expected) in [
            ("1773835200", exact(NOON, 0)),
            ("1773835200123", exact(NOON, 123_000_000)),
            ("1773835200123456", exact(NOON, 123_456_000)),
            ("1773835200123456789", exact(NOON, 123_456_789)),
            ("1773835200.5", exact(NOON, 500_000_000)),
            ("1773835200.123456789", exact(NOON, 123_456_789)),
            ("1773835200.", Stamp::None),
            ("1773835200.1.2", Stamp::None),
            ("1773835200123.5", Stamp::None),
            ("177383520012", Stamp::None),
            ("0000000000", Stamp::None),
            ("17738352-0", Stamp::None),
            ("", Stamp::None),
        ] {
            assert_eq!(epoch(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn the_cache_never_changes_an_answer() {
        let mut stamps = Stamps::default();
        for text in ["Mar 18 12:00:07", "Mar 18 12:00:07", "Feb 30 12:00:07", "Mar 18 12:00:07", "", "Mar 18 12:00:08"] {
            assert_eq!(stamps.head(text.as_bytes()), any(text.as_bytes()), "{text}");
        }
        assert_eq!(stamps.body(b"1773835200", any), Stamp::None);
        assert_eq!(stamps.body(b"1773835200", epoch), exact(NOON, 0));
    }
}

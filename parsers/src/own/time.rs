//! How a user says that times are written: `%d/%m/%Y %H:%M:%S`, in the letters of `strftime(3)`.

use crate::Time;
use crate::atoms::{cut, number};
use crate::stamp::{Civil, Stamp, month_of};

/// A way of writing times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeFormat(Vec<Part>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// This byte.
    Byte(u8),
    /// One blank or more.
    Blanks,
    Year,
    ShortYear,
    Month,
    MonthName,
    Day,
    Hour,
    /// Of a clock with twelve hours.
    HalfDayHour,
    HalfDay,
    Minute,
    Second,
    Decimals,
    /// Letters that say nothing further: a weekday.
    Letters,
    Offset,
    Epoch,
}

/// What may follow a `%`.
const LETTERS: &[(char, &[Part])] = &[
    ('Y', &[Part::Year]),
    ('y', &[Part::ShortYear]),
    ('m', &[Part::Month]),
    ('b', &[Part::MonthName]),
    ('d', &[Part::Day]),
    ('e', &[Part::Day]),
    ('H', &[Part::Hour]),
    ('I', &[Part::HalfDayHour]),
    ('p', &[Part::HalfDay]),
    ('M', &[Part::Minute]),
    ('S', &[Part::Second]),
    ('f', &[Part::Decimals]),
    ('a', &[Part::Letters]),
    ('z', &[Part::Offset]),
    ('s', &[Part::Epoch]),
    ('F', &[Part::Year, Part::Byte(b'-'), Part::Month, Part::Byte(b'-'), Part::Day]),
    ('T', &[Part::Hour, Part::Byte(b':'), Part::Minute, Part::Byte(b':'), Part::Second]),
    ('%', &[Part::Byte(b'%')]),
];

impl TimeFormat {
    /// Reads a format.
    ///
    /// # Errors
    /// A sentence, and the character (from 1) where it goes wrong; 0 = as a whole.
    pub fn new(text: &str) -> Result<TimeFormat, (u32, String)> {
        let mut parts = Vec::new();
        let mut characters = (1u32..).zip(text.chars());
        while let Some((at, character)) = characters.next() {
            match character {
                '%' => {
                    let letter = characters.next().map(|(_, letter)| letter);
                    let known = LETTERS.iter().find(|(known, _)| Some(*known) == letter).map(|(_, parts)| *parts);
                    let Some(known) = known else {
                        let all: Vec<String> = LETTERS.iter().map(|(letter, _)| format!("%{letter}")).collect();
                        let found = letter.map_or_else(|| "a lone %".into(), |letter| format!("%{}", letter.escape_debug()));
                        return Err((at, format!("expected one of {}, found {found}", all.join(" "))));
                    };
                    parts.extend_from_slice(known);
                }
                ' ' => parts.push(Part::Blanks),
                other => parts.extend(other.encode_utf8(&mut [0; 4]).bytes().map(Part::Byte)),
            }
        }
        let has = |wanted: &[Part]| parts.iter().any(|part| wanted.contains(part));
        let lacks = [
            (&[Part::Month, Part::MonthName][..], "the month (%m or %b)"),
            (&[Part::Day], "the day (%d)"),
            (&[Part::Hour, Part::HalfDayHour], "the hour (%H, or %I and %p)"),
            (&[Part::Minute], "the minute (%M)"),
        ];
        if let Some((_, lack)) = lacks.into_iter().find(|(parts, _)| !has(parts)).filter(|_| !has(&[Part::Epoch])) {
            return Err((0, format!("lacks {lack}; or %s alone, the seconds since 1970")));
        }
        Ok(TimeFormat(parts))
    }

    /// The time that a text tells; [`Stamp::None`] if it is not all of it written so.
    pub fn read(&self, text: &[u8]) -> Stamp {
        self.civil(text).unwrap_or_default()
    }

    fn civil(&self, text: &[u8]) -> Option<Stamp> {
        let mut civil = Civil::default();
        let (mut rest, mut afternoon, mut epoch) = (text, None, None);
        for part in &self.0 {
            rest = match part {
                Part::Byte(byte) => rest.strip_prefix(&[*byte])?,
                Part::Blanks => {
                    let blanks = rest.iter().take_while(|b| b.is_ascii_whitespace()).count();
                    rest.get(blanks..).filter(|_| blanks > 0)?
                }
                Part::Letters => cut(rest, rest.iter().take_while(|b| b.is_ascii_alphabetic() || **b == b'.').count()).1,
                Part::Year => {
                    let (year, rest) = digits(rest, 4, 4)?;
                    civil.year = Some(number(year)?);
                    rest
                }
                Part::ShortYear => {
                    let (year, rest) = digits(rest, 2, 2)?;
                    civil.year = Some(2000 + number::<i32>(year)?);
                    rest
                }
                Part::Month => two(rest, &mut civil.month)?,
                Part::MonthName => {
                    let (name, rest) = rest.split_at_checked(3)?;
                    civil.month = month_of(&capitalised(name)?)?;
                    rest
                }
                // `%e`: ` 2`
                Part::Day => two(rest.strip_prefix(b" ").unwrap_or(rest), &mut civil.day)?,
                Part::Hour | Part::HalfDayHour => two(rest, &mut civil.hour)?,
                Part::HalfDay => {
                    let (half, rest) = rest.split_at_checked(2)?;
                    afternoon = Some(half.eq_ignore_ascii_case(b"pm"));
                    (afternoon == Some(true) || half.eq_ignore_ascii_case(b"am")).then_some(rest)?
                }
                Part::Minute => two(rest, &mut civil.minute)?,
                Part::Second => two(rest, &mut civil.second)?,
                Part::Decimals => {
                    let (decimals, rest) = digits(rest, 1, 9)?;
                    civil.nanos =
                        number::<u32>(decimals)?.checked_mul(10u32.pow(9u32.checked_sub(u32::try_from(decimals.len()).ok()?)?))?;
                    rest
                }
                Part::Offset => {
                    let (seconds, rest) = offset(rest)?;
                    civil.offset = Some(seconds);
                    rest
                }
                Part::Epoch => {
                    let (seconds, rest) = digits(rest, 9, 11)?;
                    epoch = Some(number::<i64>(seconds)?);
                    rest
                }
            };
        }
        if !rest.is_empty() {
            return None;
        }
        if let Some(afternoon) = afternoon {
            civil.hour = civil.hour.checked_rem(12).filter(|_| (1..=12).contains(&civil.hour))? + if afternoon { 12 } else { 0 };
        }
        match epoch {
            Some(seconds) => Time::from_seconds(seconds, civil.nanos).map(Stamp::Exact),
            None => Some(civil.stamp()),
        }
    }
}

/// The digits in front, at least `least` of them, and what follows; more than `most` stay.
fn digits(text: &[u8], least: usize, most: usize) -> Option<(&[u8], &[u8])> {
    let length = text.iter().take(most).take_while(|b| b.is_ascii_digit()).count();
    (length >= least).then(|| cut(text, length))
}

/// One or two digits.
fn two<'a>(text: &'a [u8], value: &mut u8) -> Option<&'a [u8]> {
    let (found, rest) = digits(text, 1, 2)?;
    *value = number(found)?;
    Some(rest)
}

/// `JAN` and `jan` as `Jan`.
fn capitalised(name: &[u8]) -> Option<[u8; 3]> {
    let &[a, b, c] = name else { return None };
    Some([a.to_ascii_uppercase(), b.to_ascii_lowercase(), c.to_ascii_lowercase()])
}

/// `Z`, `+01:00`, `-0700`.
fn offset(text: &[u8]) -> Option<(i32, &[u8])> {
    let (&sign, rest) = text.split_first()?;
    if matches!(sign, b'Z' | b'z') {
        return Some((0, rest));
    }
    let (hours, rest) = digits(rest, 2, 2)?;
    let (minutes, rest) = digits(rest.strip_prefix(b":").unwrap_or(rest), 2, 2)?;
    let east = number::<i32>(hours)? * 3600 + number::<i32>(minutes)? * 60;
    match sign {
        b'+' => Some((east, rest)),
        b'-' => Some((-east, rest)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stamp::any;

    #[test]
    fn times_in_the_users_own_dress() {
        for (format, text, expected) in [
            ("%d/%m/%Y %H:%M:%S", "20/11/2026 22:41:07", "2026-11-20T22:41:07"),
            ("%d/%m/%y %H:%M", "20/11/26 22:41", "2026-11-20T22:41:00"),
            ("%F %T.%f %z", "2026-11-20 22:41:07.25 +0100", "2026-11-20T22:41:07.25+01:00"),
            ("%a %b %e %T %Y", "Fri Nov  2 22:41:07 2026", "2026-11-02T22:41:07"),
            ("%d-%b-%Y %I:%M:%S %p", "20-NOV-2026 10:41:07 PM", "2026-11-20T22:41:07"),
            ("%d-%b-%Y %I:%M %p", "20-Nov-2026 12:05 am", "2026-11-20T00:05:00"),
            ("%m%d-%H%M%S", "1120-224107", "Nov 20 22:41:07"),
            ("%s", "1795210867", "2026-11-20T21:41:07Z"),
            ("%s.%f", "1795210867.5", "2026-11-20T21:41:07.5Z"),
            ("[%F %Tz%z]", "[2026-11-20 22:41:07zZ]", "2026-11-20T22:41:07Z"),
        ] {
            let stamp = TimeFormat::new(format).unwrap().read(text.as_bytes());
            assert_ne!(stamp, Stamp::None, "{format} {text}");
            assert_eq!(stamp, any(expected.as_bytes()), "{format} {text}");
        }
    }

    #[test]
    fn what_is_written_otherwise_is_no_time() {
        for (format, text) in [
            ("%d/%m/%Y %H:%M:%S", "20-11-2026 22:41:07"),
            ("%d/%m/%Y %H:%M:%S", "20/11/2026 22:41:07 "),
            ("%d/%m/%Y %H:%M:%S", "31/02/2026 22:41:07"),
            ("%d/%m/%Y %I:%M %p", "20/11/2026 13:41 PM"),
            ("%F %T%z", "2026-11-20 22:41:07+99:00"),
            ("%F %T", ""),
        ] {
            assert_eq!(TimeFormat::new(format).unwrap().read(text.as_bytes()), Stamp::None, "{format} {text}");
        }
    }

    #[test]
    fn formats_that_tell_no_time() {
        for (format, at, says) in [
            ("%d/%m/%Y", 0, "the hour"),
            ("%Y-%m %H:%M", 0, "the day"),
            ("%d/%m/%Q %H:%M", 7, "found %Q"),
            ("%d/%m %H:%M %", 13, "a lone %"),
            ("", 0, "the month"),
        ] {
            let (column, message) = TimeFormat::new(format).unwrap_err();
            assert!(column == at && message.contains(says), "{format}: {column} {message}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_not(format in "(%[YymbdeHIpMSfazsFT%]|[ /:.x-]){0,12}", text in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..40)) {
            if let Ok(format) = TimeFormat::new(&format) {
                let _ = format.read(&text);
            }
        }
    }
}

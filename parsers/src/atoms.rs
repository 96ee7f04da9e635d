//! The small parts that formats are made of: addresses, numbers, pairs, columns, JSON, XML, logins, durations.

mod columns;
mod heads;
mod json;
mod login;
mod marks;
mod once;
mod pairs;
mod quoted;
mod welf;
mod words;
mod xml;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use memchr::{memchr, memchr_iter, memrchr};
use nom::branch::alt;
use nom::bytes::complete::tag;
use nom::character::complete::{digit1, one_of};
use nom::combinator::{all_consuming, map_opt, opt};
use nom::multi::fold_many1;
use nom::sequence::preceded;
use nom::{IResult, Parser};

pub use columns::{Column, Columns, Row};
pub use heads::{Attributes, Cef, Leef};
pub use json::{Leaf, Leaves};
pub use login::split_login;
pub use marks::{first, first_of, is_even};
pub use once::Once;
pub use pairs::{Extension, Pair, Pairs};
pub use quoted::{Quoted, Stretches};
pub use welf::Welf;
pub use words::{begins, find, rfind, says};
pub use xml::{Element, Elements};

/// `bytes` without white space (blank, TAB, CR, LF, NUL) at either end, and without a BOM in front.
pub fn trim(bytes: &[u8]) -> &[u8] {
    // Nearly always there is nothing to be trimmed.
    if let [b'!'..=b'~', .., b'!'..=b'~'] | [b'!'..=b'~'] = bytes {
        return bytes;
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let is_space = |b: &u8| matches!(b, b' ' | b'\t' | b'\r' | b'\n' | 0);
    let Some(first) = bytes.iter().position(|b| !is_space(b)) else { return &[] };
    let last = bytes.iter().rposition(|b| !is_space(b)).unwrap_or(first);
    bytes.get(first..=last).unwrap_or_default()
}

/// `bytes` without the blanks in front.
#[inline]
pub fn trim_start(bytes: &[u8]) -> &[u8] {
    let blanks = bytes.iter().take_while(|&&b| b == b' ').count();
    bytes.get(blanks..).unwrap_or_default()
}

/// The first `at` bytes and the rest; everything and nothing where there are not so many.
#[inline]
pub fn cut(bytes: &[u8], at: usize) -> (&[u8], &[u8]) {
    bytes.split_at_checked(at).unwrap_or((bytes, &[]))
}

/// Everything up to the first `end`, and what follows it; `None` if there is no `end`.
#[inline]
pub fn until(bytes: &[u8], end: u8) -> Option<(&[u8], &[u8])> {
    let (before, rest) = cut(bytes, first(bytes, end)?);
    Some((before, rest.get(1..).unwrap_or_default()))
}

/// As [`until`], but an `end` behind an odd number of backslashes belongs to the text.
pub fn until_unescaped(bytes: &[u8], end: u8) -> Option<(&[u8], &[u8])> {
    let escaped = |at: usize| cut(bytes, at).0.iter().rev().take_while(|&&b| b == b'\\').count() % 2 == 1;
    let (before, rest) = cut(bytes, memchr_iter(end, bytes).find(|&at| !escaped(at))?);
    Some((before, rest.get(1..).unwrap_or_default()))
}

/// What stands between the first `open` and the first `close` after it.
pub fn between<'a>(bytes: &'a [u8], open: &[u8], close: &[u8]) -> Option<&'a [u8]> {
    let start = find(bytes, open)? + open.len();
    let inside = bytes.get(start..)?;
    inside.get(..find(inside, close)?)
}

/// A whole number in decimal digits, nothing else; `None` if it is too large for `N`.
pub fn number<N: TryFrom<u64>>(digits: &[u8]) -> Option<N> {
    if digits.is_empty() || digits.len() > 20 {
        return None;
    }
    let mut value: u64 = 0;
    let (eights, rest) = digits.as_chunks();
    for &eight in eights {
        value = value.checked_mul(100_000_000)?.checked_add(eight_digits(eight)?)?;
    }
    for &b in rest {
        if !b.is_ascii_digit() {
            return None;
        }
        value = value.checked_mul(10)?.checked_add(u64::from(b - b'0'))?;
    }
    N::try_from(value).ok()
}

/// The value of eight decimal digits: pairs of them are summed up at once, then pairs of pairs.
fn eight_digits(digits: [u8; 8]) -> Option<u64> {
    const ZEROS: u64 = u64::from_le_bytes(*b"00000000");
    const HIGH: u64 = u64::from_le_bytes([0xf0; 8]);
    let text = u64::from_le_bytes(digits);
    // Past `9` the six carries into the upper half of its byte; no byte of the first test carries into the next.
    if text & HIGH != ZEROS || text.wrapping_add(u64::from_le_bytes([6; 8])) & HIGH != ZEROS {
        return None;
    }
    let ones = text - ZEROS;
    let pairs = (ones.wrapping_mul(10 << 8 | 1) >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs.wrapping_mul(100 << 16 | 1) >> 16) & 0x0000_ffff_0000_ffff;
    Some(fours.wrapping_mul(10_000 << 32 | 1) >> 32)
}

/// An address: IPv4, or IPv6 with or without brackets and zone (`%eth0`, dropped). IPv4 mapped into IPv6 comes out as IPv4.
pub fn ip(bytes: &[u8]) -> Option<IpAddr> {
    if let Some(v4) = ipv4(bytes) {
        return Some(IpAddr::V4(v4));
    }
    // A glance first: most words that are asked are none.
    if !matches!(bytes, [b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F' | b':' | b'[', ..]) {
        return None;
    }
    let bytes = bytes.strip_prefix(b"[").and_then(|inner| inner.strip_suffix(b"]")).unwrap_or(bytes);
    let bytes = memchr(b'%', bytes).and_then(|zone| bytes.get(..zone)).unwrap_or(bytes);
    // The longest IPv6 text has 45 bytes; a shortest one has two colons. Few words are of hexadecimal digits alone.
    if bytes.len() > 45 || !bytes.iter().all(|b| b.is_ascii_hexdigit() || matches!(b, b':' | b'.')) || memchr(b':', bytes).is_none() {
        return None;
    }
    Ipv6Addr::from_str(std::str::from_utf8(bytes).ok()?).ok().map(|v6| IpAddr::V6(v6).to_canonical())
}

fn ipv4(bytes: &[u8]) -> Option<Ipv4Addr> {
    if bytes.len() > 15 {
        return None;
    }
    let mut address: u32 = 0;
    let mut part: u32 = 0;
    let (mut digits, mut dots) = (0, 0);
    for &b in bytes {
        match b {
            b'0'..=b'9' => {
                part = part * 10 + u32::from(b - b'0');
                digits += 1;
                if digits > 3 || part > 255 {
                    return None;
                }
            }
            b'.' if digits > 0 && dots < 3 => {
                address = address << 8 | part;
                (part, digits, dots) = (0, 0, dots + 1);
            }
            _ => return None,
        }
    }
    (dots == 3 && digits > 0).then(|| Ipv4Addr::from_bits(address << 8 | part))
}

/// An address with a port: `192.0.2.1:55`, `[2001:db8::1]:55`; or an address alone.
pub fn ip_port(bytes: &[u8]) -> Option<(IpAddr, Option<u16>)> {
    if let Some(address) = ip(bytes) {
        return Some((address, None));
    }
    let (address, port) = cut(bytes, memrchr(b':', bytes)?);
    // Without brackets `2001:db8::1:55` is an address, and was one above.
    let bracketed = address.starts_with(b"[") && address.ends_with(b"]");
    if !bracketed && memchr(b':', address).is_some() {
        return None;
    }
    Some((ip(address)?, Some(number(port.get(1..)?)?)))
}

/// A length of time in nanoseconds: `0h:20m:33s`, `1d 19h:41m:14s`, `45s`, `0:10:06`, `10:06`.
pub fn duration(text: &[u8]) -> Option<u64> {
    let (_, seconds) = all_consuming(alt((units, clock))).parse(text).ok()?;
    seconds.checked_mul(1_000_000_000)
}

/// Seconds with or without decimals, `107331.18`, in nanoseconds.
pub fn seconds(text: &[u8]) -> Option<u64> {
    let (whole, decimals) = until(text, b'.').unwrap_or((text, &[]));
    let fraction = match decimals.len() {
        0 => 0,
        length @ 1..=9 => number::<u64>(decimals)?.checked_mul(10_u64.pow(9 - u32::try_from(length).ok()?))?,
        _ => return None,
    };
    number::<u64>(whole)?.checked_mul(1_000_000_000)?.checked_add(fraction)
}

/// `1d 19h:41m:14s`
fn units(text: &[u8]) -> IResult<&[u8], u64> {
    let unit = one_of("dhms").map(|unit| match unit {
        'd' => 86_400,
        'h' => 3_600,
        'm' => 60,
        _ => 1,
    });
    let part = map_opt((opt(one_of(": ")), amount, unit), |(_, amount, seconds): (_, u64, u64)| amount.checked_mul(seconds));
    fold_many1(part, || 0, u64::saturating_add).parse(text)
}

/// `2:28:09`, `28:09`
fn clock(text: &[u8]) -> IResult<&[u8], u64> {
    let colon = |text| preceded(tag(":"), amount).parse(text);
    map_opt((amount, colon, opt(colon)), |(first, second, third)| match third {
        Some(third) => first.checked_mul(3_600)?.checked_add(second.checked_mul(60)?)?.checked_add(third),
        None => first.checked_mul(60)?.checked_add(second),
    })
    .parse(text)
}

fn amount(text: &[u8]) -> IResult<&[u8], u64> {
    map_opt(digit1, number).parse(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        assert_eq!(number::<u64>(b"18446744073709551615"), Some(u64::MAX));
        assert_eq!(number::<u64>(b"1772409608807048830"), Some(1_772_409_608_807_048_830));
        assert_eq!(number::<u64>(b"00012345678"), Some(12_345_678));
        assert_eq!(number::<u64>(b"18446744073709551616"), None);
        assert_eq!(number::<u16>(b"65535"), Some(65535));
        assert_eq!(number::<u16>(b"65536"), None);
        for text in ["", "-1", "+1", "1 ", "0x1", "000000000000000000001", "1234567:", "123/5678", "\u{00b9}234567"] {
            assert_eq!(number::<u64>(text.as_bytes()), None, "{text}");
        }
        for b in (0..=u8::MAX).filter(|b| !b.is_ascii_digit()) {
            for at in 0..8 {
                let mut text = *b"12345678";
                text[at] = b;
                assert_eq!(number::<u64>(&text), None, "{text:?}");
            }
        }
    }

    #[test]
    fn addresses() {
        for (text, expected) in [
            ("192.0.2.1", Some("192.0.2.1")),
            ("255.255.255.255", Some("255.255.255.255")),
            ("2001:db8::1", Some("2001:db8::1")),
            ("[2001:db8::1]", Some("2001:db8::1")),
            ("fe80::1%eth0", Some("fe80::1")),
            ("::ffff:192.0.2.1", Some("192.0.2.1")),
            ("256.0.2.1", None),
            ("192.0.2", None),
            ("192.0.2.1.", None),
            ("192..2.1", None),
            ("1920.0.2.1", None),
            ("192.0.2.1 ", None),
            ("", None),
            ("N/A", None),
            ("(null)", None),
        ] {
            assert_eq!(ip(text.as_bytes()), expected.map(|e| e.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn addresses_with_ports() {
        for (text, expected) in [
            ("192.0.2.1:55", Some(("192.0.2.1", Some(55)))),
            ("192.0.2.1", Some(("192.0.2.1", None))),
            ("[2001:db8::1]:55", Some(("2001:db8::1", Some(55)))),
            ("2001:db8::1:55", Some(("2001:db8::1:55", None))),
            ("192.0.2.1:", None),
            ("192.0.2.1:70000", None),
            (":55", None),
        ] {
            assert_eq!(ip_port(text.as_bytes()), expected.map(|(ip, port)| (ip.parse().unwrap(), port)), "{text}");
        }
    }

    #[test]
    fn decimal_seconds() {
        for (text, nanos) in [
            ("107331.18", Some(107_331_180_000_000)),
            ("2", Some(2_000_000_000)),
            ("0.00", Some(0)),
            ("0.1234567891", None),
            (".5", None),
            ("99999999999999999999", None),
            ("-1", None),
        ] {
            assert_eq!(seconds(text.as_bytes()), nanos, "{text}");
        }
    }

    #[test]
    fn durations() {
        for (text, seconds) in [
            ("0h:20m:33s", Some(1_233)),
            ("1d 19h:41m:14s", Some(157_274)),
            ("45s", Some(45)),
            ("0:10:06", Some(606)),
            ("2:28:09", Some(8_889)),
            ("28:09", Some(1_689)),
            ("", None),
            ("12", None),
            ("1x", None),
            ("99999999999999999999h", None),
            ("9999999999999999d", None),
        ] {
            assert_eq!(duration(text.as_bytes()), seconds.map(|s: u64| s * 1_000_000_000), "{text}");
        }
    }
}

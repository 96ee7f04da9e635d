//! Spans of time and amounts of bytes as people write them: `90d`, `1h30m`, `2GiB`.

use parsers::time::{DAY, HOUR, MINUTE, SECOND};

use crate::mistake::quoted;

/// A span of time in nanoseconds: whole numbers with their units (`w d h m s ms`), largest first or not.
///
/// # Errors
/// A sentence that says what was expected; also for spans of more than 292 years.
pub fn read_span(text: &str) -> Result<i64, String> {
    const UNITS: &[(&str, i64)] =
        &[("w", 7 * DAY), ("d", DAY), ("h", HOUR), ("m", MINUTE), ("min", MINUTE), ("s", SECOND), ("ms", SECOND / 1000)];
    let wrong = || format!("expected a span of time such as \"90d\", \"10h\" or \"15m\", found {}", quoted(text));
    let mut total: i64 = 0;
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(wrong());
    }
    while !rest.is_empty() {
        let (number, tail) = leading_number(rest).ok_or_else(wrong)?;
        let end = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at_checked(end).ok_or_else(wrong)?;
        let &(_, nanos) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
        let part = i64::try_from(number).ok().and_then(|number| number.checked_mul(nanos));
        total = part.and_then(|part| total.checked_add(part)).ok_or_else(|| format!("the span {} is too long", quoted(text)))?;
        rest = tail.trim_start();
    }
    Ok(total)
}

/// An amount of bytes: a whole number with its unit (`B kB MB GB TB KiB MiB GiB TiB`).
///
/// # Errors
/// A sentence that says what was expected.
pub fn read_size(text: &str) -> Result<u64, String> {
    const UNITS: &[(&str, u64)] = &[
        ("B", 1),
        ("kB", 1000),
        ("KB", 1000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("TB", 1_000_000_000_000),
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("TiB", 1 << 40),
    ];
    let wrong = || format!("expected an amount of bytes such as \"2GiB\" or \"500MB\", found {}", quoted(text));
    let (number, unit) = leading_number(text.trim()).ok_or_else(wrong)?;
    let &(_, bytes) = UNITS.iter().find(|(name, _)| *name == unit.trim_start()).ok_or_else(wrong)?;
    number.checked_mul(bytes).ok_or_else(|| format!("the amount {} is too large", quoted(text)))
}

fn leading_number(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, tail) = text.split_at_checked(end)?;
    Some((digits.parse().ok()?, tail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans() {
        for (text, expected) in [
            ("90d", Some(90 * DAY)),
            ("10h", Some(10 * HOUR)),
            ("15m", Some(15 * MINUTE)),
            ("15min", Some(15 * MINUTE)),
            ("1h30m", Some(90 * MINUTE)),
            ("1h 30m", Some(90 * MINUTE)),
            ("2w", Some(14 * DAY)),
            ("250ms", Some(SECOND / 4)),
            ("0s", Some(0)),
            ("", None),
            ("90", None),
            ("d", None),
            ("-1d", None),
            ("1.5h", None),
            ("1y", None),
            ("110000d", None),
            ("99999999999999999999d", None),
            ("1h🕐", None),
        ] {
            assert_eq!(read_span(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn sizes() {
        for (text, expected) in [
            ("2GiB", Some(2 << 30)),
            ("500MB", Some(500_000_000)),
            ("64KiB", Some(65_536)),
            ("64 KiB", Some(65_536)),
            ("0B", Some(0)),
            ("12", None),
            ("2gib", None),
            ("20000000TB", None),
            ("", None),
        ] {
            assert_eq!(read_size(text).ok(), expected, "{text}");
        }
    }
}

//! The dresses of a body, told by its first bytes: which formats have to be asked about it at all.

use crate::atoms::{Cef, Leef, cut};

/// How a body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dress {
    /// `{"user":…`
    Json,
    /// `CEF:0|…`, also where the mark was cut or doubled.
    Cef,
    /// `LEEF:1.0|…`, likewise.
    Leef,
    /// `date=2026-11-20 …`, `id="firewall" …`
    Pairs,
    /// Text that begins with a letter.
    Words,
    /// With a digit.
    Digits,
    /// With anything else: `[`, `%`, `<`, a quote.
    Signs,
}

/// The longest name that [`Dress::Pairs`] begin with.
const NAME: usize = 32;

impl Dress {
    /// Any text, whatever it begins with.
    pub const TEXT: &'static [Dress] = &[Dress::Words, Dress::Digits, Dress::Signs];
    /// What a daemon says: any text, for it is known by its tag.
    pub const SPEECH: &'static [Dress] = &[Dress::Pairs, Dress::Words, Dress::Digits, Dress::Signs];
    /// All there are.
    pub const ALL: &'static [Dress] = &[Dress::Json, Dress::Cef, Dress::Leef, Dress::Pairs, Dress::Words, Dress::Digits, Dress::Signs];

    /// The dress of `body`.
    pub fn of(body: &[u8]) -> Dress {
        if body.starts_with(b"{") {
            return Dress::Json;
        }
        let (start, _) = cut(body, NAME);
        let name = start.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')).count();
        if name > 0 && start.get(name) == Some(&b'=') {
            Dress::Pairs
        } else if Cef::is_marked(body) {
            Dress::Cef
        } else if Leef::is_marked(body) {
            Dress::Leef
        } else {
            match body.first() {
                Some(first) if first.is_ascii_alphabetic() => Dress::Words,
                Some(first) if first.is_ascii_digit() => Dress::Digits,
                _ => Dress::Signs,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dresses() {
        for (body, dress) in [
            (r#"{"user":"x"}"#, Dress::Json),
            ("CEF:0|Portail|Access|", Dress::Cef),
            ("ASM:CEF:0|F5|ASM|", Dress::Cef),
            ("0|Portail|Access|", Dress::Cef),
            ("LEEF:2.0|Portail|Access|", Dress::Leef),
            ("1.0|Portail|Access|", Dress::Leef),
            ("date=2026-11-20 time=22:41:07", Dress::Pairs),
            (r#"id="0002" severity="info""#, Dress::Pairs),
            ("[wabauth] action=x", Dress::Signs),
            ("=x", Dress::Signs),
            ("Accepted password for x=y", Dress::Words),
            ("5,,,1000000103,igb0", Dress::Digits),
            ("", Dress::Signs),
        ] {
            assert_eq!(Dress::of(body.as_bytes()), dress, "{body}");
        }
    }
}

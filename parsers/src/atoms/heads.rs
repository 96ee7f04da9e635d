//! The heads of CEF and LEEF: who writes, and where the pairs begin.

use memchr::{memchr, memchr_iter};

use super::pairs::{Extension, Pair};
use super::{cut, find, trim, trim_start, until, until_unescaped};
use crate::Escape;

/// ArcSight's Common Event Format (Micro Focus, "CEF Implementation Standard", versions 0.1 and 1):
/// `CEF:0|Portail|Access Portal|4.2|100|User login|3|src=198.51.100.7 …`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cef<'a> {
    /// Device vendor; a pipe inside a column is written `\|`.
    pub vendor: &'a [u8],
    /// Device product.
    pub product: &'a [u8],
    /// Device version.
    pub version: &'a [u8],
    /// Device event class id.
    pub class: &'a [u8],
    /// Name of the event.
    pub name: &'a [u8],
    /// `key=value`, for [`Extension`].
    pub extension: &'a [u8],
}

impl<'a> Cef<'a> {
    /// Reads `CEF:0|`, `CEF: 0|`, `CEF:CEF:0|`, `PSM:CEF:0|`, and `0|` where a relay cut the head.
    pub fn read(body: &'a [u8]) -> Option<Cef<'a>> {
        let (_version, rest) = until_unescaped(from_version(body, b"CEF:")?, b'|')?;
        let (vendor, rest) = until_unescaped(rest, b'|')?;
        let (product, rest) = until_unescaped(rest, b'|')?;
        let (version, rest) = until_unescaped(rest, b'|')?;
        let (class, rest) = until_unescaped(rest, b'|')?;
        let (name, rest) = until_unescaped(rest, b'|')?;
        // Some templates leave the severity out.
        let extension = match until_unescaped(rest, b'|') {
            Some((severity, extension)) if memchr(b'=', severity).is_none() => extension,
            None | Some(_) => memchr(b'=', rest).map(|_| rest)?,
        };
        Some(Cef { vendor, product, version, class, name, extension })
    }

    /// Whether `body` begins like one.
    pub(crate) fn is_marked(body: &[u8]) -> bool {
        from_version(body, b"CEF:").is_some()
    }

    /// Its pairs.
    pub fn pairs(&self) -> Extension<'a> {
        Extension::new(self.extension)
    }
}

/// IBM's Log Event Extended Format (IBM, "LEEF event components", versions 1.0 and 2.0):
/// `LEEF:1.0|Portail|Access Portal|4.2|LOGIN|src=198.51.100.7<TAB>usrName=…`, `LEEF:2.0|…|LOGIN|^|src=…^usrName=…`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Leef<'a> {
    /// Vendor.
    pub vendor: &'a [u8],
    /// Product.
    pub product: &'a [u8],
    /// Version of the product.
    pub version: &'a [u8],
    /// Event id.
    pub event: &'a [u8],
    attributes: &'a [u8],
    delimiter: Delimiter,
}

/// What stands between two pairs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Delimiter {
    /// One of [`SIGNS`].
    Sign(&'static [u8]),
    /// LEEF 2.0 names its own.
    Byte(u8),
    /// A relay turned the TABs into blanks: a value runs to the next key.
    #[default]
    Blank,
}

/// A TAB, as itself, as rsyslog writes it and as templates do; and the pipe of the head, where a product goes on with it.
const SIGNS: [&[u8]; 4] = [b"\t", b"#011", br"\t", b"|"];

impl<'a> Leef<'a> {
    /// Reads `LEEF:1.0|`, `LEEF:2.0|`, and `1.0|` where a relay cut the head.
    pub fn read(body: &'a [u8]) -> Option<Leef<'a>> {
        let text = from_version(body, b"LEEF:")?;
        let (format, rest) = until(text, b'|')?;
        if !format.contains(&b'.') && memchr_iter(b'|', text).count() < 5 {
            return None;
        }
        let (vendor, rest) = until(rest, b'|')?;
        let (product, rest) = until(rest, b'|')?;
        let (version, rest) = until(rest, b'|')?;
        let (event, rest) = until(rest, b'|')?;
        let (named, attributes) = match until(rest, b'|') {
            Some((named, attributes)) if format.starts_with(b"2") && memchr(b'=', named).is_none() => (named, attributes),
            _ => (&[] as &[u8], rest),
        };
        let delimiter = match named_delimiter(named) {
            Some(byte) if memchr(byte, attributes).is_some() => Delimiter::Byte(byte),
            _ => found_delimiter(attributes),
        };
        Some(Leef { vendor, product, version, event, attributes, delimiter })
    }

    /// Whether `body` begins like one.
    pub(crate) fn is_marked(body: &[u8]) -> bool {
        from_version(body, b"LEEF:").is_some()
    }

    /// Its pairs.
    pub fn pairs(&self) -> Attributes<'a> {
        Attributes { rest: self.attributes, delimiter: self.delimiter }
    }
}

/// `^`, `x09`, `0x09`; `None` where the field is empty or writes a TAB in its own way.
fn named_delimiter(text: &[u8]) -> Option<u8> {
    let hexadecimal = text.strip_prefix(b"0x").or_else(|| text.strip_prefix(b"x")).filter(|digits| !digits.is_empty());
    match (hexadecimal, text) {
        (Some(digits), _) => u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok(),
        // A blank is what became of a TAB: values hold blanks.
        (None, [byte]) if *byte != b' ' => Some(*byte),
        (None, _) => None,
    }
}

/// The sign behind which the second key stands.
fn found_delimiter(attributes: &[u8]) -> Delimiter {
    let separates = |sign: &[u8]| {
        let rest = find(attributes, sign).and_then(|at| attributes.get(at + sign.len()..)).map(trim_start);
        rest.is_some_and(|rest| {
            let key = rest.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')).count();
            key > 0 && rest.get(key) == Some(&b'=')
        })
    };
    SIGNS
        .into_iter()
        .find(|sign| *sign == b"\t" && memchr(b'\t', attributes).is_some() || separates(sign))
        .map_or(Delimiter::Blank, Delimiter::Sign)
}

/// The pairs of a LEEF event. Blanks around key and value are dropped; values may be empty.
#[derive(Clone, Debug)]
pub struct Attributes<'a> {
    rest: &'a [u8],
    delimiter: Delimiter,
}

impl<'a> Iterator for Attributes<'a> {
    type Item = Pair<'a>;

    fn next(&mut self) -> Option<Pair<'a>> {
        loop {
            if self.rest.is_empty() {
                return None;
            }
            let (text, rest) = match self.delimiter {
                Delimiter::Sign(sign) => split(self.rest, sign),
                Delimiter::Byte(byte) => split(self.rest, &[byte]),
                Delimiter::Blank => {
                    let mut pairs = Extension::new(self.rest);
                    let pair = pairs.next();
                    self.rest = pairs.rest();
                    return pair.map(|pair| Pair { escape: Escape::None, ..pair });
                }
            };
            self.rest = rest;
            if let Some((key, value)) = until(text, b'=') {
                return Some(Pair { key: trim(key), value: trim(value), escape: Escape::None });
            }
        }
    }
}

fn split<'a>(text: &'a [u8], sign: &[u8]) -> (&'a [u8], &'a [u8]) {
    match find(text, sign) {
        Some(at) => (cut(text, at).0, cut(text, at + sign.len()).1),
        None => (text, &[]),
    }
}

/// The text from the version's digit on, behind `mark` and what may stand before that; or at once, where `mark` was cut.
fn from_version<'a>(body: &'a [u8], mark: &[u8]) -> Option<&'a [u8]> {
    let pipe = memchr(b'|', cut(body, 64).0)?;
    let before = cut(body, pipe).0;
    let version = before.iter().rposition(|b| !(b.is_ascii_digit() || *b == b'.')).map_or(0, |at| at + 1);
    let digits = before.get(version..).filter(|digits| digits.first().is_some_and(|b| matches!(b, b'0'..=b'2')))?;
    let marks = trim(cut(body, version).0);
    let is_leef = mark == b"LEEF:";
    let known = marks.ends_with(mark) || marks.is_empty() && (is_leef == digits.contains(&b'.'));
    known.then(|| cut(body, version).1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cef_heads_in_all_dresses() {
        for body in ["CEF:0|", "CEF: 0|", "CEF:CEF:0|", "PSM:CEF:0|", "0|", "CEF:1|"] {
            let line = format!(r"{body}Portail|Access \| Portal|4.2|100|User login|3|src=198.51.100.7 act=login");
            let cef = Cef::read(line.as_bytes()).unwrap();
            assert_eq!(
                (cef.vendor, cef.product, cef.class, cef.name),
                (b"Portail".as_slice(), br"Access \| Portal".as_slice(), b"100".as_slice(), b"User login".as_slice())
            );
            assert_eq!(cef.pairs().count(), 2, "{body}");
        }
        let bare = Cef::read(b"CEF:0|Portail|Access|4.2|100|User login|src=198.51.100.7 request=/a|b?c=d").unwrap();
        assert_eq!((bare.name, bare.pairs().count()), (b"User login".as_slice(), 2));
        for line in ["CEF:0|too|few|columns", "CEF:0|a|b|c|d|e|f", "0.0|a|b|c|d|e|f|", "LEEF:1.0|a|b|c|d|e|f|g", "xCEF|0|a|b|c|d|e|f", ""] {
            assert_eq!(Cef::read(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn leef_in_all_dresses() {
        for line in [
            "LEEF:1.0|Portail|Access|4.2|LOGIN|src=198.51.100.7\t usrName=ext chimere\tempty=",
            "1.0|Portail|Access|4.2|LOGIN|src=198.51.100.7\tusrName=ext chimere\tempty=",
            "LEEF:1.0|Portail|Access|4.2|LOGIN|src=198.51.100.7#011usrName=ext chimere#011empty=",
            r"LEEF:1.0|Portail|Access|4.2|LOGIN|src=198.51.100.7\tusrName=ext chimere\tempty=",
            "LEEF:1.0|Portail|Access|4.2|LOGIN|src=198.51.100.7|usrName=ext chimere|empty=",
            "LEEF:1.0|Portail|Access|4.2|LOGIN|src=198.51.100.7 usrName=ext chimere empty=",
            "LEEF:2.0|Portail|Access|4.2|LOGIN|^|src=198.51.100.7^usrName=ext chimere^empty=",
            "LEEF:2.0|Portail|Access|4.2|LOGIN|x09|src=198.51.100.7\tusrName=ext chimere\tempty=",
            "LEEF:2.0|Portail|Access|4.2|LOGIN|0x5E|src=198.51.100.7^usrName=ext chimere^empty=",
            "LEEF:2.0|Portail|Access|4.2|LOGIN||src=198.51.100.7\tusrName=ext chimere\tempty=",
            "LEEF:2.0|Portail|Access|4.2|LOGIN|src=198.51.100.7\tusrName=ext chimere\tempty=",
        ] {
            let leef = Leef::read(line.as_bytes()).unwrap();
            assert_eq!(
                (leef.vendor, leef.product, leef.version, leef.event),
                (b"Portail".as_slice(), b"Access".as_slice(), b"4.2".as_slice(), b"LOGIN".as_slice())
            );
            let pairs: Vec<(&[u8], &[u8])> = leef.pairs().map(|pair| (pair.key, pair.value)).collect();
            assert_eq!(pairs, [(b"src".as_slice(), b"198.51.100.7".as_slice()), (b"usrName", b"ext chimere"), (b"empty", b"")], "{line}");
        }
        for line in ["LEEF:1.0|a|b", "CEF:0|a|b|c|d|e|f|g", "0|a|b|c|d|e|", ""] {
            assert_eq!(Leef::read(line.as_bytes()), None, "{line}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_come_to_an_end(bytes in proptest::collection::vec(proptest::sample::select(b"CEFL:012.|=x^\t #\\".as_slice()), 0..80)) {
            if let Some(leef) = Leef::read(&bytes) {
                proptest::prop_assert!(leef.pairs().count() <= bytes.len());
            }
            if let Some(cef) = Cef::read(&bytes) {
                proptest::prop_assert!(cef.pairs().count() <= bytes.len());
            }
        }
    }
}

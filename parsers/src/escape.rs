//! How values are written in lines, and what they are without it.

use std::borrow::Cow;

use memchr::memchr;

use crate::atoms::{cut, number};

/// How a value is written in the line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Escape {
    /// As it is.
    #[default]
    None,
    /// `\"` and `\\` inside a quoted value (key=value vendors); any other backslash is itself.
    Quoted,
    /// CEF extension: `\=`, `\\`, `\n`, `\r`, `\|`.
    Cef,
    /// OpenSSH's `vis(3)` form: `\\`, `\"`, three octal digits.
    Octal,
    /// A string of JSON (RFC 8259, section 7): `\"`, `\\`, `\/`, `\n`, `\u00e9`, surrogate pairs.
    Json,
    /// JSON inside a string of JSON: unescaped twice.
    JsonTwice,
    /// XML and HTML: `&amp;`, `&#39;`, `&#xe9;`.
    Entities,
    /// A quoted column of CSV (RFC 4180): `""` is a quote.
    Doubled,
}

impl Escape {
    /// What `written` means; borrowed where nothing in it is escaped.
    pub fn undo(self, written: &[u8]) -> Cow<'_, [u8]> {
        let sign = match self {
            Escape::None => return Cow::Borrowed(written),
            Escape::Entities => b'&',
            Escape::Doubled => b'"',
            Escape::Quoted | Escape::Cef | Escape::Octal | Escape::Json | Escape::JsonTwice => b'\\',
        };
        if memchr(sign, written).is_none() {
            return Cow::Borrowed(written);
        }
        let once = |written: &[u8], step: Step| {
            let mut value = Vec::with_capacity(written.len());
            let mut rest = written;
            while let Some(at) = memchr(sign, rest) {
                let (plain, after) = cut(rest, at);
                value.extend_from_slice(plain);
                let after = after.get(1..).unwrap_or_default();
                rest = step(after, &mut value).unwrap_or_else(|| {
                    value.push(sign);
                    after
                });
            }
            value.extend_from_slice(rest);
            value
        };
        Cow::Owned(match self {
            Escape::JsonTwice => once(&once(written, json), json),
            Escape::Json => once(written, json),
            Escape::Entities => once(written, entity),
            Escape::Doubled => once(written, doubled),
            Escape::Cef => once(written, cef),
            Escape::Octal => once(written, octal),
            Escape::Quoted | Escape::None => once(written, quoted),
        })
    }
}

/// Takes what follows the sign, writes what it stands for and gives the rest; `None`: the sign stands for itself.
type Step = for<'a> fn(&'a [u8], &mut Vec<u8>) -> Option<&'a [u8]>;

fn quoted<'a>(after: &'a [u8], value: &mut Vec<u8>) -> Option<&'a [u8]> {
    let [c @ (b'"' | b'\\'), rest @ ..] = after else { return None };
    value.push(*c);
    Some(rest)
}

fn cef<'a>(after: &'a [u8], value: &mut Vec<u8>) -> Option<&'a [u8]> {
    let (&c, rest) = after.split_first()?;
    value.push(match c {
        b'=' | b'\\' | b'|' => c,
        b'n' => b'\n',
        b'r' => b'\r',
        _ => return None,
    });
    Some(rest)
}

fn octal<'a>(after: &'a [u8], value: &mut Vec<u8>) -> Option<&'a [u8]> {
    let [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', rest @ ..] = after else { return quoted(after, value) };
    value.push((a - b'0') * 64 + (b - b'0') * 8 + (c - b'0'));
    Some(rest)
}

fn json<'a>(after: &'a [u8], value: &mut Vec<u8>) -> Option<&'a [u8]> {
    let (&c, rest) = after.split_first()?;
    value.push(match c {
        b'"' | b'\\' | b'/' => c,
        b'b' => 8,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'u' => {
            let (mut code, mut rest) = hex4(rest)?;
            if (0xD800..0xDC00).contains(&code)
                && let Some((low @ 0xDC00..0xE000, after)) = rest.strip_prefix(b"\\u").and_then(hex4)
            {
                code = 0x1_0000 + (code - 0xD800) * 0x400 + (low - 0xDC00);
                rest = after;
            }
            push(char::from_u32(code)?, value);
            return Some(rest);
        }
        _ => return None,
    });
    Some(rest)
}

fn hex4(text: &[u8]) -> Option<(u32, &[u8])> {
    let (digits, rest) = text.split_at_checked(4)?;
    digits.iter().all(u8::is_ascii_hexdigit).then_some(())?;
    Some((u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?, rest))
}

fn entity<'a>(after: &'a [u8], value: &mut Vec<u8>) -> Option<&'a [u8]> {
    // The longest name that is known has four letters, the longest number seven digits.
    let (name, rest) = cut(after, memchr(b';', cut(after, 10).0)?);
    let rest = rest.get(1..)?;
    let character = match name {
        b"amp" => '&',
        b"lt" => '<',
        b"gt" => '>',
        b"quot" => '"',
        b"apos" => '\'',
        b"nbsp" => '\u{a0}',
        [b'#', b'x' | b'X', digits @ ..] => char::from_u32(u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?)?,
        [b'#', digits @ ..] => char::from_u32(number(digits)?)?,
        _ => return None,
    };
    push(character, value);
    Some(rest)
}

fn doubled<'a>(after: &'a [u8], value: &mut Vec<u8>) -> Option<&'a [u8]> {
    let rest = after.strip_prefix(b"\"")?;
    value.push(b'"');
    Some(rest)
}

fn push(character: char, value: &mut Vec<u8>) {
    value.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_comes_back() {
        for (escape, written, meant) in [
            (Escape::None, r"a\b", r"a\b"),
            (Escape::Quoted, r#"say \"x\" \\ C:\dir"#, r#"say "x" \ C:\dir"#),
            (Escape::Cef, r"a\=b\|c\nd\\e\f", "a=b|c\nd\\e\\f"),
            (Escape::Octal, r"d\303\251 \\ \9", r"dé \ \9"),
            (Escape::Json, r#"GHT\\x \"y\" \u00e9 \ud83d\ude00 \/ \q \ud83d \u12"#, "GHT\\x \"y\" é 😀 / \\q \\ud83d \\u12"),
            (Escape::JsonTwice, r#"GHT\\\\x \\\"y\\\""#, r#"GHT\x "y""#),
            (Escape::Entities, "d&#39;une &amp;lt; &#xe9;&eacute; & &#1114112;", "d'une &lt; é&eacute; & &#1114112;"),
            (Escape::Doubled, r#"say ""x"" now""#, r#"say "x" now""#),
        ] {
            assert_eq!(String::from_utf8_lossy(&escape.undo(written.as_bytes())), meant, "{escape:?} {written}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_come_to_an_end(bytes in proptest::collection::vec(proptest::sample::select(b"\\\"&#;u0dD83nx39".as_slice()), 0..40)) {
            for escape in [Escape::Quoted, Escape::Cef, Escape::Octal, Escape::Json, Escape::JsonTwice, Escape::Entities, Escape::Doubled] {
                proptest::prop_assert!(escape.undo(&bytes).len() <= bytes.len());
            }
        }
    }
}

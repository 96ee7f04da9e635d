//! `key=value` in its two dresses: quoted or bare, and CEF's extension.

use memchr::{memchr, memchr2};

use super::{cut, trim};
use crate::Escape;

/// One `key=value` of a body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pair<'a> {
    /// As written.
    pub key: &'a [u8],
    /// Without its quotes; empty if there is none.
    pub value: &'a [u8],
    /// [`Escape::Quoted`] if the value stood in quotes and holds a backslash.
    pub escape: Escape,
}

/// The pairs of `key=value key="quoted \" value"`, set apart by blanks, TABs or commas, in the order of the line.
///
/// Nothing inside quotes is ever taken for a pair. A bare value ends at a blank, or at a comma that another
/// pair follows. A quote that nothing closes runs to the end of the line; words without `=` are skipped.
#[derive(Clone, Debug)]
pub struct Pairs<'a> {
    rest: &'a [u8],
}

impl<'a> Pairs<'a> {
    /// The pairs of `body`.
    pub fn new(body: &'a [u8]) -> Pairs<'a> {
        Pairs { rest: body }
    }

    /// What has not been read yet.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = Pair<'a>;

    fn next(&mut self) -> Option<Pair<'a>> {
        loop {
            let separators = self.rest.iter().take_while(|b| is_separator(**b)).count();
            let text = self.rest.get(separators..).filter(|text| !text.is_empty())?;
            let stop = text.iter().position(|&b| b == b'=' || b == b'"' || is_separator(b)).unwrap_or(text.len());
            let (key, rest) = cut(text, stop);
            match rest {
                [b'=', b'"', rest @ ..] => {
                    let (value, escape, rest) = quoted(rest);
                    self.rest = rest;
                    return Some(Pair { key, value, escape });
                }
                [b'=', rest @ ..] => {
                    let (value, rest) = cut(rest, bare(rest));
                    self.rest = rest;
                    return Some(Pair { key, value, escape: Escape::None });
                }
                // A quote where none belongs: the rest of a value that its own quotes tore. Go on behind the next blank.
                [b'"', rest @ ..] => self.rest = cut(rest, memchr(b' ', rest).unwrap_or(rest.len())).1,
                _ => self.rest = rest,
            }
        }
    }
}

fn is_separator(b: u8) -> bool {
    matches!(b, b' ' | b',' | b'\t')
}

/// The value up to its closing quote, and what follows that.
fn quoted(text: &[u8]) -> (&[u8], Escape, &[u8]) {
    let mut from = 0;
    let mut escape = Escape::None;
    while let Some(at) = text.get(from..).and_then(|rest| memchr2(b'"', b'\\', rest)).map(|at| from + at) {
        if text.get(at) == Some(&b'"') {
            let (value, rest) = cut(text, at);
            return (value, escape, rest.get(1..).unwrap_or_default());
        }
        escape = Escape::Quoted;
        from = at + 2;
    }
    (text, escape, &[])
}

/// Length of a value without quotes.
fn bare(text: &[u8]) -> usize {
    let mut from = 0;
    loop {
        let Some(at) = text.get(from..).and_then(|rest| rest.iter().position(|&b| is_separator(b))).map(|at| from + at) else {
            return text.len();
        };
        let after = text.get(at + 1..).unwrap_or_default();
        if text.get(at) != Some(&b',') || after.first().is_none_or(|&b| is_separator(b)) || begins_pair(after) {
            return at;
        }
        from = at + 1;
    }
}

/// Whether a name and `=` follow.
fn begins_pair(text: &[u8]) -> bool {
    let name = text.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')).count();
    name > 0 && text.get(name) == Some(&b'=')
}

/// The pairs of a CEF extension, `src=192.0.2.1 msg=said a\=b to it act=login`: a value runs to the next key.
#[derive(Clone, Debug)]
pub struct Extension<'a> {
    rest: &'a [u8],
}

impl<'a> Extension<'a> {
    /// The pairs of `text`, which begins with a key.
    pub fn new(text: &'a [u8]) -> Extension<'a> {
        Extension { rest: text }
    }

    /// What has not been read yet.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for Extension<'a> {
    type Item = Pair<'a>;

    fn next(&mut self) -> Option<Pair<'a>> {
        let (start, equals) = next_key(self.rest)?;
        let (key, _) = cut(self.rest.get(start..)?, equals - start);
        let text = self.rest.get(equals + 1..)?;
        // The next key stands behind a blank: the value itself may look like one (`suser=src=192.0.2.66`).
        let end = memchr(b' ', text).and_then(|blank| next_key(text.get(blank..)?).map(|(start, _)| blank + start)).unwrap_or(text.len());
        let (value, rest) = cut(text, end);
        self.rest = rest;
        let value = trim(value);
        let escape = if memchr(b'\\', value).is_some() { Escape::Cef } else { Escape::None };
        Some(Pair { key, value, escape })
    }
}

/// Where the next key starts, at the beginning or behind a blank, and where its `=` stands.
fn next_key(text: &[u8]) -> Option<(usize, usize)> {
    let mut from = 0;
    loop {
        let word = text.get(from..)?;
        let length = memchr(b'=', word)?;
        let (word, _) = cut(word, length);
        let start = match word.iter().rposition(|&b| b == b' ' || b == b'\t') {
            Some(blank) => Some(blank + 1),
            None => (from == 0).then_some(0),
        };
        if let Some(start) = start
            && let Some(key) = word.get(start..)
            && !key.is_empty()
            && key.iter().all(|&b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'[' | b']'))
        {
            return Some((from + start, from + length));
        }
        from += length + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(body: &str) -> Vec<(String, String)> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Pairs::new(body.as_bytes()).map(|pair| (text(pair.key), text(pair.value))).collect()
    }

    #[test]
    fn pairs_in_all_dresses() {
        for (body, expected) in [
            ("a=1 b=two", vec![("a", "1"), ("b", "two")]),
            ("a=\"x y\" b=2", vec![("a", "x y"), ("b", "2")]),
            ("a=1,b=\"x,c=3\",d=4", vec![("a", "1"), ("b", "x,c=3"), ("d", "4")]),
            ("a=1,2 b=3", vec![("a", "1,2"), ("b", "3")]),
            ("a= b=\"\" c=3", vec![("a", ""), ("b", ""), ("c", "3")]),
            (r#"a="say \"b=2\" now" b=3"#, vec![("a", r#"say \"b=2\" now"#), ("b", "3")]),
            ("some words a=1 and more", vec![("a", "1")]),
            ("a=\"never closed b=2", vec![("a", "never closed b=2")]),
            ("a=\"torn\" by\"its own quotes\" b=2", vec![("a", "torn"), ("b", "2")]),
            ("a=x=y b=2", vec![("a", "x=y"), ("b", "2")]),
            ("a=\"ends in backslash\\", vec![("a", "ends in backslash\\")]),
            ("", vec![]),
            (" , ", vec![]),
        ] {
            let expected: Vec<(String, String)> = expected.into_iter().map(|(k, v)| (k.into(), v.into())).collect();
            assert_eq!(pairs(body), expected, "{body}");
        }
    }

    #[test]
    fn escapes_are_told() {
        let escapes: Vec<Escape> = Pairs::new(br#"a="x" b="x\\y" c=x\y"#).map(|pair| pair.escape).collect();
        assert_eq!(escapes, [Escape::None, Escape::Quoted, Escape::None]);
    }

    #[test]
    fn extensions() {
        let body = br"src=192.0.2.1 msg=said a\=b, then x y  request=http://h/?q=1&r=2 act= cs1Label=Session ID";
        let found: Vec<String> = Extension::new(body)
            .map(|pair| format!("{}|{}", String::from_utf8_lossy(pair.key), String::from_utf8_lossy(pair.value)))
            .collect();
        assert_eq!(found, ["src|192.0.2.1", r"msg|said a\=b, then x y", "request|http://h/?q=1&r=2", "act|", "cs1Label|Session ID"]);
        assert_eq!(Extension::new(body).nth(1).unwrap().escape, Escape::Cef);
        assert_eq!(Extension::new(b"no pairs at all").count(), 0);
    }

    proptest::proptest! {
        #[test]
        fn pairs_end_on_any_bytes(bytes in proptest::collection::vec(proptest::sample::select(b"ab=\", \\\t\xff".as_slice()), 0..60)) {
            proptest::prop_assert!(Pairs::new(&bytes).count() <= bytes.len());
            proptest::prop_assert!(Extension::new(&bytes).count() <= bytes.len());
        }
    }
}

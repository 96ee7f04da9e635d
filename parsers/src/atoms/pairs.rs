//! `key=value` in its two dresses: quoted or bare, and CEF's extension.

use memchr::memchr;

use super::marks::{BLOCK, Marks, padded};
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

impl<'a> Pair<'a> {
    /// Takes `pair` where there is none yet. Whether the key has two values now: no device writes that, so a name tore its quotes.
    pub fn torn_by(&mut self, pair: Pair<'a>) -> bool {
        if self.key.is_empty() {
            *self = pair;
        }
        self.key == pair.key && self.value != pair.value
    }
}

/// The pairs of `key=value key="quoted \" value"`, set apart by blanks, TABs or commas, in the order of the line.
///
/// Nothing inside quotes is ever taken for a pair. A bare value ends at a blank, or at a comma that another
/// pair follows. A quote that nothing closes runs to the end of the line; words without `=` are skipped.
#[derive(Clone, Debug)]
pub struct Pairs<'a> {
    body: &'a [u8],
    /// Where the next pair is looked for.
    at: usize,
    /// Where the block begins that `marks` describes; before the first, so far behind all bodies that none of its bytes is meant.
    block: usize,
    marks: Marks,
}

impl<'a> Pairs<'a> {
    /// The pairs of `body`.
    pub fn new(body: &'a [u8]) -> Pairs<'a> {
        Pairs { body, at: 0, block: usize::MAX - BLOCK, marks: Marks::default() }
    }

    /// What has not been read yet.
    pub fn rest(&self) -> &'a [u8] {
        cut(self.body, self.at).1
    }

    /// The first byte from `from` on that `wanted` marks; the end of the body if there is none.
    #[inline]
    fn find(&mut self, from: usize, wanted: impl Fn(&Marks) -> u64) -> usize {
        let offset = from.wrapping_sub(self.block);
        if offset < BLOCK {
            let bits = wanted(&self.marks) >> offset;
            if bits != 0 {
                return from + bits.trailing_zeros() as usize;
            }
        }
        self.further(from, wanted)
    }

    /// The same behind the block. What pads the last one is no separator: it ends where the body does.
    #[inline(never)]
    fn further(&mut self, mut from: usize, wanted: impl Fn(&Marks) -> u64) -> usize {
        while from < self.body.len() {
            let block = from - from % BLOCK;
            if block != self.block {
                self.block = block;
                self.marks = Marks::of(&padded(cut(self.body, block).1));
            }
            let bits = wanted(&self.marks) >> (from - block);
            if bits != 0 {
                return from + bits.trailing_zeros() as usize;
            }
            from = block + BLOCK;
        }
        self.body.len()
    }

    /// What stands between two places.
    #[inline]
    fn part(&self, from: usize, to: usize) -> &'a [u8] {
        self.body.get(from..to).unwrap_or_default()
    }

    /// The value behind an opening quote, and where its closing one stands.
    fn quoted(&mut self, from: usize) -> (Escape, usize) {
        let mut escape = Escape::None;
        let mut at = self.find(from, |marks| marks.ends);
        while self.body.get(at) == Some(&b'\\') {
            escape = Escape::Quoted;
            at = self.find(at + 2, |marks| marks.ends);
        }
        (escape, at)
    }

    /// Where a value without quotes ends.
    fn bare(&mut self, from: usize) -> usize {
        let mut at = self.find(from, |marks| marks.separators);
        while self.body.get(at) == Some(&b',') {
            let after = cut(self.body, at + 1).1;
            if after.first().is_none_or(|&b| is_separator(b)) || begins_pair(after) {
                break;
            }
            at = self.find(at + 1, |marks| marks.separators);
        }
        at
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = Pair<'a>;

    #[inline]
    fn next(&mut self) -> Option<Pair<'a>> {
        loop {
            let start = self.find(self.at, |marks| !marks.separators);
            if start >= self.body.len() {
                return None;
            }
            let stop = self.find(start, |marks| marks.stops);
            let key = self.part(start, stop);
            match (self.body.get(stop), self.body.get(stop + 1)) {
                (Some(b'='), Some(b'"')) => {
                    let (escape, end) = self.quoted(stop + 2);
                    self.at = end + 1;
                    return Some(Pair { key, value: self.part(stop + 2, end), escape });
                }
                (Some(b'='), _) => {
                    self.at = self.bare(stop + 1);
                    return Some(Pair { key, value: self.part(stop + 1, self.at), escape: Escape::None });
                }
                // A quote where none belongs: the rest of a value that its own quotes tore. Go on behind the next blank.
                (Some(b'"'), _) => {
                    let rest = cut(self.body, stop + 1).1;
                    self.at = stop + 1 + memchr(b' ', rest).unwrap_or(rest.len());
                }
                _ => self.at = stop,
            }
        }
    }
}

fn is_separator(b: u8) -> bool {
    matches!(b, b' ' | b',' | b'\t')
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
    /// Where the key in front of `rest` starts and where its `=` stands, if the value before it had to be read up to there.
    ahead: Option<(usize, usize)>,
}

impl<'a> Extension<'a> {
    /// The pairs of `text`, which begins with a key.
    pub fn new(text: &'a [u8]) -> Extension<'a> {
        Extension { rest: text, ahead: None }
    }

    /// What has not been read yet.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for Extension<'a> {
    type Item = Pair<'a>;

    fn next(&mut self) -> Option<Pair<'a>> {
        let (start, equals) = self.ahead.take().or_else(|| next_key(self.rest))?;
        let key = self.rest.get(start..equals)?;
        let (value, rest, ahead) = to_next_key(self.rest.get(equals + 1..)?);
        (self.rest, self.ahead) = (rest, ahead);
        let escape = if memchr(b'\\', value).is_some() { Escape::Cef } else { Escape::None };
        Some(Pair { key, value, escape })
    }
}

/// The value in front, what follows it, and where the next key stands in that.
///
/// The next key stands behind a blank: the value itself may look like one (`suser=src=192.0.2.66`).
pub(super) fn to_next_key(text: &[u8]) -> (&[u8], &[u8], Option<(usize, usize)>) {
    let next = memchr(b' ', text).and_then(|blank| next_key(text.get(blank..)?).map(|(start, equals)| (blank + start, equals - start)));
    let (value, rest) = cut(text, next.map_or(text.len(), |(start, _)| start));
    (trim(value), rest, next.map(|(_, length)| (0, length)))
}

/// Where the next key starts, at the beginning or behind a blank, and where its `=` stands.
pub(super) fn next_key(text: &[u8]) -> Option<(usize, usize)> {
    let is_key = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'[' | b']');
    let mut from = 0;
    loop {
        let equals = from + memchr(b'=', text.get(from..)?)?;
        let before = text.get(from..equals)?;
        let length = before.iter().rev().take_while(|&&b| is_key(b)).count();
        let behind_blank = match before.len().checked_sub(length + 1) {
            Some(at) => matches!(before.get(at), Some(b' ' | b'\t')),
            None => from == 0,
        };
        if length > 0 && behind_blank {
            return Some((equals - length, equals));
        }
        from = equals + 1;
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
            ("a=\"x\\", vec![("a", "x\\")]),
            ("a=\"ends in backslash\\", vec![("a", "ends in backslash\\")]),
            ("", vec![]),
            (" , ", vec![]),
            (" , a=1", vec![("a", "1")]),
        ] {
            let expected: Vec<(String, String)> = expected.into_iter().map(|(k, v)| (k.into(), v.into())).collect();
            assert_eq!(pairs(body), expected, "{body}");
        }
    }

    #[test]
    fn the_first_value_stands_and_a_second_one_tells() {
        let mut field = Pair::default();
        let torn: Vec<bool> = Pairs::new(b"user=a user=a username=b user=c").map(|pair| field.torn_by(pair)).collect();
        assert_eq!(torn, [false, false, false, true]);
        assert_eq!(field.value, b"a");
    }

    #[test]
    fn pairs_across_blocks() {
        for length in 0..200 {
            let (name, value) = ("k".repeat(length % 70 + 1), "v ".repeat(length));
            let body = format!("{name}=\"{value}\" {name}={length},b=\"\\\"{value}\" c=3");
            let expected = [(&*name, &*value), (&*name, &*length.to_string()), ("b", &*format!("\\\"{value}")), ("c", "3")];
            assert_eq!(pairs(&body), expected.map(|(key, value)| (key.to_owned(), value.to_owned())), "{body}");
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

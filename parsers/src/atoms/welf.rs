//! WebTrends Enhanced Log Format, which firewalls write each a little otherwise.

use memchr::memchr2;

use super::cut;
use super::pairs::{Pair, next_key, to_next_key};
use crate::Escape;

/// The pairs of `id=firewall time="2026-11-20 22:41:07" ivs=Default Network user=GHT\x roles=""`.
///
/// A value stands in double quotes, or is bare and then runs to the next key, blanks and all. Nothing inside quotes is ever taken
/// for a pair; a quote that nothing closes runs to the end of the line.
#[derive(Clone, Debug)]
pub struct Welf<'a> {
    rest: &'a [u8],
    /// Where the key in front of `rest` starts and where its `=` stands, if the value before it had to be read up to there.
    ahead: Option<(usize, usize)>,
}

impl<'a> Welf<'a> {
    /// The pairs of `body`; words before the first key are skipped.
    pub fn new(body: &'a [u8]) -> Welf<'a> {
        Welf { rest: body, ahead: None }
    }
}

impl<'a> Iterator for Welf<'a> {
    type Item = Pair<'a>;

    fn next(&mut self) -> Option<Pair<'a>> {
        let (start, equals) = self.ahead.take().or_else(|| next_key(self.rest))?;
        let key = self.rest.get(start..equals)?;
        let text = self.rest.get(equals + 1..)?;
        if let Some(inside) = text.strip_prefix(b"\"") {
            let (escape, end) = quoted(inside);
            self.rest = inside.get(end + 1..).unwrap_or_default();
            return Some(Pair { key, value: cut(inside, end).0, escape });
        }
        let (value, rest, ahead) = to_next_key(text);
        (self.rest, self.ahead) = (rest, ahead);
        Some(Pair { key, value, escape: Escape::None })
    }
}

/// Where the closing quote stands, the length if there is none; and whether a backslash stands before it.
fn quoted(inside: &[u8]) -> (Escape, usize) {
    let (mut escape, mut from) = (Escape::None, 0);
    while let Some(at) = inside.get(from..).and_then(|rest| memchr2(b'"', b'\\', rest)).map(|at| from + at) {
        if inside.get(at) == Some(&b'"') {
            return (escape, at);
        }
        (escape, from) = (Escape::Quoted, at + 2);
    }
    (escape, inside.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(body: &str) -> Vec<String> {
        Welf::new(body.as_bytes())
            .map(|pair| format!("{}|{}", String::from_utf8_lossy(pair.key), String::from_utf8_lossy(pair.value)))
            .collect()
    }

    #[test]
    fn values_in_quotes_and_bare() {
        for (body, expected) in [
            ("a=1 b=two words c=\"x y\" d=3", vec!["a|1", "b|two words", "c|x y", "d|3"]),
            ("a= b= c=3", vec!["a|", "b|", "c|3"]),
            ("a=\"b=2 c=3\" d=4", vec!["a|b=2 c=3", "d|4"]),
            (r#"a="x \"b=2\"" c=3"#, vec![r#"a|x \"b=2\""#, "c|3"]),
            ("a=src=192.0.2.1 b=2", vec!["a|src=192.0.2.1", "b|2"]),
            ("time=2026-11-20 22:41:07 tz=+0100", vec!["time|2026-11-20 22:41:07", "tz|+0100"]),
            ("a= 12345 b=2", vec!["a|12345", "b|2"]),
            ("a=\"never closed b=2", vec!["a|never closed b=2"]),
            ("words before a=1", vec!["a|1"]),
            ("a=\"ends in backslash\\", vec!["a|ends in backslash\\"]),
            ("", vec![]),
        ] {
            assert_eq!(pairs(body), expected, "{body}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_come_to_an_end(bytes in proptest::collection::vec(proptest::sample::select(b"ab=\" \\\t\xff".as_slice()), 0..60)) {
            proptest::prop_assert!(Welf::new(&bytes).count() <= bytes.len());
        }
    }
}

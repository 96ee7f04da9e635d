//! JSON in place: the scalars of a text, each with the keys that lead to it.

use memchr::memchr;

use super::cut;
use crate::Escape;

/// Objects inside one another whose keys are kept; what lies deeper is passed over.
const KEYS: usize = 8;

/// One scalar of a JSON text; `null` is none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Leaf<'a> {
    keys: [&'a [u8]; KEYS],
    depth: usize,
    /// A string without its quotes, or a number, `true`, `false` as written.
    pub value: &'a [u8],
    /// How a string is written.
    pub escape: Escape,
}

impl<'a> Leaf<'a> {
    /// The keys from the outermost object to the value, as written; arrays add none.
    pub fn path(&self) -> &[&'a [u8]] {
        self.keys.get(..self.depth).unwrap_or_default()
    }

    /// The path in one word, `user.name`, whether the line nests its objects or writes the dots itself; empty where it is longer
    /// than `word`.
    pub fn dotted<'w>(&self, word: &'w mut [u8]) -> &'w [u8] {
        let mut length = 0;
        for (at, key) in self.path().iter().enumerate() {
            let dot: &[u8] = if at == 0 { b"" } else { b"." };
            for part in [dot, key] {
                let Some(room) = word.get_mut(length..length + part.len()) else { return &[] };
                room.copy_from_slice(part);
                length += part.len();
            }
        }
        word.get(..length).unwrap_or_default()
    }
}

/// The scalars of a JSON text in the order of the line: RFC 8259, read leniently. A text that is cut short or is no JSON
/// gives what it holds up to there.
///
/// ```
/// use parsers::atoms::Leaves;
/// let text = br#"{"user":{"name":"fourn.chimere"},"ips":["192.0.2.1",null],"n":4}"#;
/// let found: Vec<_> = Leaves::new(text).map(|leaf| (leaf.path().join(&b'.'), leaf.value)).collect();
/// assert_eq!(found, [
///     (b"user.name".to_vec(), b"fourn.chimere".as_slice()),
///     (b"ips".to_vec(), b"192.0.2.1".as_slice()),
///     (b"n".to_vec(), b"4".as_slice()),
/// ]);
/// ```
#[derive(Clone, Debug)]
pub struct Leaves<'a> {
    rest: &'a [u8],
    keys: [&'a [u8]; KEYS],
    /// One bit a container that is open, innermost lowest: 1 = object.
    open: u64,
    containers: u32,
    escape: Escape,
}

impl<'a> Leaves<'a> {
    /// The scalars of `text`.
    pub fn new(text: &'a [u8]) -> Leaves<'a> {
        Leaves { rest: text, keys: [&[]; KEYS], open: 0, containers: 0, escape: Escape::Json }
    }

    /// The scalars of JSON that stands, escaped, in a string of JSON: `text` is that string without its quotes.
    pub fn within_string(text: &'a [u8]) -> Leaves<'a> {
        Leaves { escape: Escape::JsonTwice, ..Leaves::new(text) }
    }

    /// The string behind an opening quote, and what follows its closing one.
    fn string(&self, text: &'a [u8]) -> (&'a [u8], &'a [u8]) {
        let mut from = 0;
        while let Some(at) = text.get(from..).and_then(|rest| memchr(b'"', rest)).map(|at| from + at) {
            let (before, rest) = cut(text, at);
            let backslashes = before.iter().rev().take_while(|&&b| b == b'\\').count();
            let rest = rest.get(1..).unwrap_or_default();
            match self.escape {
                Escape::JsonTwice if backslashes % 4 == 1 => return (cut(before, before.len() - 1).0, rest),
                Escape::JsonTwice => {}
                _ if backslashes % 2 == 0 => return (before, rest),
                _ => {}
            }
            from = at + 1;
        }
        (text, &[])
    }
}

impl<'a> Iterator for Leaves<'a> {
    type Item = Leaf<'a>;

    fn next(&mut self) -> Option<Leaf<'a>> {
        loop {
            let (&first, rest) = self.rest.split_first()?;
            let depth = self.open.count_ones() as usize;
            match first {
                b'{' | b'[' => {
                    if self.containers == u64::BITS {
                        return None;
                    }
                    self.containers += 1;
                    self.open = self.open << 1 | u64::from(first == b'{');
                    self.rest = rest;
                }
                b'}' | b']' => {
                    self.containers = self.containers.saturating_sub(1);
                    self.open >>= 1;
                    self.rest = rest;
                }
                b'"' => {
                    let (value, rest) = self.string(rest);
                    self.rest = rest;
                    if self.open & 1 == 1 && is_key(rest) {
                        if let Some(key) = depth.checked_sub(1).and_then(|at| self.keys.get_mut(at)) {
                            *key = value;
                        }
                    } else if depth <= KEYS {
                        return Some(Leaf { keys: self.keys, depth, value, escape: self.escape });
                    }
                }
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'+' | b'.' => {
                    let length = self.rest.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+' | b'.')).count();
                    let (value, rest) = cut(self.rest, length);
                    self.rest = rest;
                    if value != b"null" && depth <= KEYS {
                        return Some(Leaf { keys: self.keys, depth, value, escape: Escape::None });
                    }
                }
                _ => self.rest = rest,
            }
        }
    }
}

/// Whether what follows a string makes it a key.
fn is_key(rest: &[u8]) -> bool {
    rest.iter().take(8).find(|b| !matches!(b, b' ' | b'\t' | b'\r' | b'\n' | 0)) == Some(&b':')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(leaves: Leaves<'_>) -> Vec<(String, String)> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        leaves.map(|leaf| (text(&leaf.path().join(&b'.')), text(&leaf.escape.undo(leaf.value)))).collect()
    }

    fn check(found: &[(String, String)], expected: &[(&str, &str)], text: &str) {
        let expected: Vec<(String, String)> = expected.iter().map(|&(path, value)| (path.to_owned(), value.to_owned())).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn scalars_and_their_keys() {
        for (text, expected) in [
            (
                r#"{"a":1,"b":{"c":"x","d":[{"e":true},{"e":false}]},"f":-1.5e3}"#,
                vec![("a", "1"), ("b.c", "x"), ("b.d.e", "true"), ("b.d.e", "false"), ("f", "-1.5e3")],
            ),
            (r#"{ "a" : null , "b" : "say \"x\": {" , "c" : "GHT\\y" }"#, vec![("b", "say \"x\": {"), ("c", "GHT\\y")]),
            (r#"["a","b"]"#, vec![("", "a"), ("", "b")]),
            (r#"{"a":"cut short"#, vec![("a", "cut short")]),
            (r#"}}]{"a":"b"}"#, vec![("a", "b")]),
            (r#"{"1":{"2":{"3":{"4":{"5":{"6":{"7":{"8":{"9":"deep"}}}}}}}},"b":1}"#, vec![("b", "1")]),
            ("", vec![]),
        ] {
            check(&leaves(Leaves::new(text.as_bytes())), &expected, text);
        }
    }

    #[test]
    fn nested_and_dotted_keys_are_one_word() {
        for text in [r#"{"user":{"group":{"name":1}}}"#, r#"{"user.group":{"name":1}}"#, r#"{"user.group.name":1}"#] {
            let leaf = Leaves::new(text.as_bytes()).next().unwrap();
            assert_eq!(leaf.dotted(&mut [0; 15]), b"user.group.name", "{text}");
            assert_eq!(leaf.dotted(&mut [0; 14]), b"", "{text}");
        }
    }

    #[test]
    fn json_inside_a_string() {
        let text = r#"{\"ip\": \"192.0.2.1\", \"who\": \"say \\\"x\\\"\", \"path\": \"C:\\\\\", \"n\": 4}"#;
        check(
            &leaves(Leaves::within_string(text.as_bytes())),
            &[("ip", "192.0.2.1"), ("who", "say \"x\""), ("path", "C:\\"), ("n", "4")],
            text,
        );
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_come_to_an_end(bytes in proptest::collection::vec(proptest::sample::select(b"{}[]\",:\\ a1\xff".as_slice()), 0..120)) {
            proptest::prop_assert!(Leaves::new(&bytes).count() <= bytes.len());
            proptest::prop_assert!(Leaves::within_string(&bytes).count() <= bytes.len());
        }
    }
}

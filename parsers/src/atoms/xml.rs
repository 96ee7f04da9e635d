//! XML in place: elements, their attributes and the text that begins in them.

use memchr::memchr;

use super::cut;

/// One element's beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Element<'a> {
    /// As written, with its prefix if it has one.
    pub name: &'a [u8],
    attributes: &'a [u8],
    /// What stands between the tag and the next one, written with [`crate::Escape::Entities`].
    pub text: &'a [u8],
}

impl<'a> Element<'a> {
    /// The attributes: name and value.
    pub fn attributes(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        let mut rest = self.attributes;
        std::iter::from_fn(move || {
            let (name, after) = cut(rest, memchr(b'=', rest)?);
            let (&quote, value) = super::trim_start(after.get(1..)?).split_first().filter(|(quote, _)| matches!(quote, b'"' | b'\''))?;
            let (value, after) = cut(value, memchr(quote, value).unwrap_or(value.len()));
            rest = after.get(1..).unwrap_or_default();
            Some((super::trim(name), value))
        })
    }

    /// The value of an attribute; empty if there is none.
    pub fn attribute(&self, name: &[u8]) -> &'a [u8] {
        self.attributes().find(|(key, _)| *key == name).map(|(_, value)| value).unwrap_or_default()
    }
}

/// The elements of an XML text in the order of the line, read leniently: what is no tag is text, a text that is cut short gives
/// what it holds up to there.
///
/// ```
/// use parsers::atoms::Elements;
/// let text = b"<Event><Time At='07:30'/><Data Name=\"user\">fourn.chimere</Data></Event>";
/// let data = Elements::new(text).find(|element| element.name == b"Data").unwrap();
/// assert_eq!((data.attribute(b"Name"), data.text), (b"user".as_slice(), b"fourn.chimere".as_slice()));
/// ```
#[derive(Clone, Debug)]
pub struct Elements<'a> {
    rest: &'a [u8],
}

impl<'a> Elements<'a> {
    /// The elements of `text`.
    pub fn new(text: &'a [u8]) -> Elements<'a> {
        Elements { rest: text }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        loop {
            let tag = self.rest.get(memchr(b'<', self.rest)? + 1..)?;
            let length = tag.iter().take_while(|b| !matches!(b, b' ' | b'\t' | b'/' | b'>' | b'<')).count();
            let (name, rest) = cut(tag, length);
            if name.is_empty() || matches!(name, [b'?' | b'!', ..]) {
                self.rest = tag;
                continue;
            }
            let (attributes, after) = cut(rest, close(rest));
            let after = after.get(1..).unwrap_or_default();
            let (text, rest) = cut(after, memchr(b'<', after).unwrap_or(after.len()));
            self.rest = rest;
            return Some(match attributes.strip_suffix(b"/") {
                Some(attributes) => Element { name, attributes, text: &[] },
                None => Element { name, attributes, text: super::trim(text) },
            });
        }
    }
}

/// Where the tag's `>` stands, outside of quotes; the length where there is none.
fn close(text: &[u8]) -> usize {
    let mut quote = None;
    for (at, &b) in text.iter().enumerate() {
        match (quote, b) {
            (None, b'>') => return at,
            (None, b'"' | b'\'') => quote = Some(b),
            (Some(open), b) if open == b => quote = None,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_attributes_and_text() {
        let text = br#"<?xml version="1.0"?><!-- <no> --><E xmlns='u'><A Name="x" b = 'y > "z"'>t &lt; u</A><B/><C N='1'/> <D> cut"#;
        let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let found: Vec<String> = Elements::new(text)
            .map(|e| format!("{}|{}|{}|{}", shown(e.name), shown(e.attribute(b"Name")), shown(e.attribute(b"b")), shown(e.text)))
            .collect();
        let expected = ["no|||-->", "E|||", "A|x|y > \"z\"|t &lt; u", "B|||", "C|||", "D|||cut"];
        assert_eq!(found, expected);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_come_to_an_end(bytes in proptest::collection::vec(proptest::sample::select(b"<>/='\" a!?\xff".as_slice()), 0..80)) {
            proptest::prop_assert!(Elements::new(&bytes).filter(|element| element.attribute(b"a").len() <= bytes.len()).count() <= bytes.len());
        }
    }
}

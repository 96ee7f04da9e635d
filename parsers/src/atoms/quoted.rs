//! Which words stand in quotes: what tells one product's JSON from another's.

use wide::u8x16;

use super::cut;
use super::marks::{BLOCK, padded};

/// Marks of all that stands between two quotes of a text, whether it is a key, a value or what sets them apart.
///
/// Many formats ask for their keys in turn. One walk over the text answers nearly all of them; only what it may hold has to be
/// looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quoted([u64; 8]);

impl Quoted {
    /// The marks of `text`.
    pub fn of(text: &[u8]) -> Quoted {
        let mut marks = Quoted::default();
        let mut from = text.len();
        for quote in Quotes::new(text) {
            if let Some(word) = text.get(from..quote) {
                let (lane, bit) = mark(word);
                if let Some(bits) = marks.0.get_mut(lane) {
                    *bits |= bit;
                }
            }
            from = quote + 1;
        }
        marks
    }

    /// `false`: `word` stands nowhere in the text with a quote before and behind it.
    #[inline]
    pub fn may_hold(&self, word: &[u8]) -> bool {
        let (lane, bit) = mark(word);
        self.0.get(lane).is_some_and(|bits| bits & bit != 0)
    }
}

/// Where the quotes of a text stand, in their order.
#[derive(Clone, Debug)]
struct Quotes<'a> {
    /// Behind the block.
    rest: &'a [u8],
    /// Where the block begins.
    block: usize,
    /// Those of the block that are left: one bit a byte, lowest first.
    left: u64,
    /// Whether a block so far holds a backslash.
    escapes: bool,
}

impl<'a> Quotes<'a> {
    fn new(text: &'a [u8]) -> Quotes<'a> {
        let mut quotes = Quotes { rest: text, block: 0, left: 0, escapes: false };
        quotes.look();
        quotes
    }

    /// Takes up the next block.
    fn look(&mut self) {
        let (block, rest) =
            self.rest.split_first_chunk().map_or_else(|| (padded(self.rest), [].as_slice()), |(block, rest)| (*block, rest));
        let (lanes, _) = block.as_chunks::<16>();
        let mut backslashes = u8x16::ZERO;
        for lane in lanes.iter().rev() {
            let lane = u8x16::new(*lane);
            self.left = self.left << 16 | u64::from(lane.simd_eq(u8x16::splat(b'"')).to_bitmask());
            backslashes |= lane.simd_eq(u8x16::splat(b'\\'));
        }
        self.escapes |= backslashes.to_bitmask() != 0;
        self.rest = rest;
    }
}

impl Iterator for Quotes<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.left == 0 {
            if self.rest.is_empty() {
                return None;
            }
            self.block += BLOCK;
            self.look();
        }
        let at = self.block + self.left.trailing_zeros() as usize;
        self.left &= self.left - 1;
        Some(at)
    }
}

/// A text in stretches: what stands outside of quotes, and what in the quotes behind it. For texts whose quotes are not escaped.
///
/// One stretch does not wait for the last to be read, as it does where each is searched from the end of the one before it.
#[derive(Clone, Debug)]
pub struct Stretches<'a> {
    text: &'a [u8],
    from: usize,
    quotes: Quotes<'a>,
}

impl<'a> Stretches<'a> {
    /// The stretches of `text`.
    pub fn new(text: &'a [u8]) -> Stretches<'a> {
        Stretches { text, from: 0, quotes: Quotes::new(text) }
    }

    /// What has not been read yet.
    pub fn rest(&self) -> &'a [u8] {
        cut(self.text, self.from).1
    }

    /// Whether a backslash was met: quotes may be escaped then. True too for one that stands a little further on.
    pub fn may_be_escaped(&self) -> bool {
        self.quotes.escapes
    }
}

impl<'a> Iterator for Stretches<'a> {
    type Item = (&'a [u8], &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<(&'a [u8], &'a [u8])> {
        let (open, close) = (self.quotes.next()?, self.quotes.next()?);
        let stretch = (self.text.get(self.from..open)?, self.text.get(open + 1..close)?);
        self.from = close + 1;
        Some(stretch)
    }
}

/// Of a word's length, and of its first, middle and last byte.
#[inline]
fn mark(word: &[u8]) -> (usize, u64) {
    let byte = |at: usize| word.get(at).map_or(0, |&b| u64::from(b));
    let last = word.len().wrapping_sub(1);
    let all = byte(0) | byte(word.len() / 2) << 8 | byte(last) << 16 | (word.len() as u64) << 24;
    let mixed = all.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((mixed >> 61) as usize, 1 << (mixed >> 55 & 63))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_quotes_is_held() {
        let text = br#"{"user":{"name":"fourn.chimere"},"a longer key than the others, and of no use":["x",""]}"#;
        let marks = Quoted::of(text);
        for word in ["user", "name", "fourn.chimere", "a longer key than the others, and of no use", "x", "", ":"] {
            assert!(marks.may_hold(word.as_bytes()), "{word}");
        }
        for word in ["User", "nam", "chimere", "fourn", "y"] {
            assert!(!marks.may_hold(word.as_bytes()), "{word}");
        }
        assert!(!Quoted::of(b"").may_hold(b""));
    }

    #[test]
    fn stretches_in_and_out_of_quotes() {
        let padding = "x".repeat(70);
        let text = format!(r#"date=2026 devname="fw-1" tz="" msg="{padding}" open="x"#);
        let mut stretches = Stretches::new(text.as_bytes());
        let found: Vec<_> = stretches.by_ref().collect();
        let expected = [("date=2026 devname=", "fw-1"), (" tz=", ""), (" msg=", padding.as_str())];
        assert_eq!(found, expected.map(|(outside, inside)| (outside.as_bytes(), inside.as_bytes())));
        assert_eq!(stretches.rest(), br#" open="x"#);
        assert!(!stretches.may_be_escaped());
        assert!(Stretches::new(br#"a="\""#).may_be_escaped());
        assert_eq!(Stretches::new(b"").next(), None);
    }

    proptest::proptest! {
        #[test]
        fn nothing_is_left_out(words in proptest::collection::vec("[a-z]{0,40}", 0..20)) {
            let text = words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(",");
            let marks = Quoted::of(text.as_bytes());
            for word in &words {
                proptest::prop_assert!(marks.may_hold(word.as_bytes()), "{}", word);
            }
        }
    }
}

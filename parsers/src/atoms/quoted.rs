//! Which words stand in quotes: what tells one product's JSON from another's.

use wide::u8x16;

/// Bytes looked at in one go.
const BLOCK: usize = 64;

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
        let (blocks, rest) = text.as_chunks::<BLOCK>();
        let mut last = [0; BLOCK];
        for (to, b) in last.iter_mut().zip(rest) {
            *to = *b;
        }
        for (at, block) in (0..).step_by(BLOCK).zip(blocks.iter().chain([&last])) {
            let mut quotes = quotes(block);
            while quotes != 0 {
                let quote = at + quotes.trailing_zeros() as usize;
                if let Some(word) = text.get(from..quote) {
                    let (lane, bit) = mark(word);
                    if let Some(bits) = marks.0.get_mut(lane) {
                        *bits |= bit;
                    }
                }
                from = quote + 1;
                quotes &= quotes - 1;
            }
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

/// One bit a byte, lowest first: 1 = quote.
#[inline]
fn quotes(block: &[u8; BLOCK]) -> u64 {
    let (lanes, _) = block.as_chunks::<16>();
    lanes.iter().rev().fold(0, |bits, lane| bits << 16 | u64::from(u8x16::new(*lane).simd_eq(u8x16::splat(b'"')).to_bitmask()))
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

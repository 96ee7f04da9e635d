//! Where the bytes stand that set things apart: all of those of pairs, 64 bytes at a time (what simdjson does for JSON, for
//! `key=value`), or the next one alone.

use memchr::{memchr, memchr2};
use wide::u8x16;

/// Bytes looked at in one go.
pub(super) const BLOCK: usize = 64;

/// One bit a byte of a block, lowest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks {
    /// `=`
    pub(super) equals: u64,
    /// `"`
    pub(super) quotes: u64,
    /// `\`
    pub(super) backslashes: u64,
    /// Blank, comma, TAB.
    pub(super) separators: u64,
}

impl Marks {
    /// Of a whole block, sixteen bytes at a time.
    #[inline]
    pub(super) fn of(block: &[u8; BLOCK]) -> Marks {
        let mut marks = Marks::default();
        let (lanes, _) = block.as_chunks::<16>();
        for lane in lanes.iter().rev() {
            let lane = u8x16::new(*lane);
            let is = |byte: u8| lane.simd_eq(u8x16::splat(byte));
            let shifted = |bits: u64, found: u8x16| bits << 16 | u64::from(found.to_bitmask());
            marks.equals = shifted(marks.equals, is(b'='));
            marks.quotes = shifted(marks.quotes, is(b'"'));
            marks.backslashes = shifted(marks.backslashes, is(b'\\'));
            marks.separators = shifted(marks.separators, is(b' ') | is(b',') | is(b'\t'));
        }
        marks
    }
}

/// Where `byte` first stands.
///
/// What it ends is a word, nearly always: looking at the first bytes here takes less time than a search through `memchr`, which is made
/// for more, takes to begin.
#[inline]
pub fn first(text: &[u8], byte: u8) -> Option<usize> {
    nearby(text, |lane| lane.simd_eq(u8x16::splat(byte))).or_else(|| memchr(byte, text))
}

/// Where `one` or `other` first stands; see [`first`].
#[inline]
pub fn first_of(text: &[u8], one: u8, other: u8) -> Option<usize> {
    nearby(text, |lane| lane.simd_eq(u8x16::splat(one)) | lane.simd_eq(u8x16::splat(other))).or_else(|| memchr2(one, other, text))
}

/// Where the first byte stands that `is` marks, if it is among the first 32 and as many are there.
#[inline]
fn nearby(text: &[u8], is: impl Fn(u8x16) -> u8x16) -> Option<usize> {
    let (lanes, _) = text.as_chunks::<16>();
    (0..).step_by(16).zip(lanes.iter().take(2)).find_map(|(at, lane)| {
        let found = is(u8x16::new(*lane)).to_bitmask();
        (found != 0).then(|| at + found.trailing_zeros() as usize)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_by_one(block: &[u8; BLOCK]) -> Marks {
        let bits = |is: fn(u8) -> bool| block.iter().rev().fold(0, |bits, &b| bits << 1 | u64::from(is(b)));
        Marks {
            equals: bits(|b| b == b'='),
            quotes: bits(|b| b == b'"'),
            backslashes: bits(|b| b == b'\\'),
            separators: bits(|b| matches!(b, b' ' | b',' | b'\t')),
        }
    }

    proptest::proptest! {
        #[test]
        fn sixteen_at_a_time_is_as_one_by_one(bytes in proptest::collection::vec(proptest::sample::select(b"=\"\\ ,\ta\xff\0".as_slice()), BLOCK)) {
            let block: &[u8; BLOCK] = bytes.as_slice().try_into().unwrap();
            proptest::prop_assert_eq!(Marks::of(block), one_by_one(block));
        }
    }

    proptest::proptest! {
        #[test]
        fn the_first_is_the_first(text in proptest::collection::vec(proptest::sample::select(b"aaaaaaaaaaaaaaaaaaaaaaaaa=\"".as_slice()), 0..100)) {
            proptest::prop_assert_eq!(first(&text, b'='), text.iter().position(|&b| b == b'='));
            proptest::prop_assert_eq!(first_of(&text, b'=', b'"'), text.iter().position(|&b| matches!(b, b'=' | b'"')));
        }
    }
}

//! Where the bytes stand that set things apart: all of those of pairs, 64 bytes at a time (what simdjson does for JSON, for
//! `key=value`), or the next one alone.

use memchr::{memchr, memchr2};
use wide::u8x16;

/// Bytes looked at in one go.
pub(super) const BLOCK: usize = 64;

/// One bit a byte of a block, lowest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks {
    /// What ends a key: `=`, and what must not stand in one: a quote, a separator.
    pub(super) stops: u64,
    /// What may end a value in quotes: a quote, a backslash.
    pub(super) ends: u64,
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
            let (quotes, separators) = (is(b'"'), is(b' ') | is(b',') | is(b'\t'));
            marks.stops = shifted(marks.stops, is(b'=') | quotes | separators);
            marks.ends = shifted(marks.ends, quotes | is(b'\\'));
            marks.separators = shifted(marks.separators, separators);
        }
        marks
    }
}

/// The first block of `text`; what is missing of it is NUL, which marks nothing.
#[inline]
pub(super) fn padded(text: &[u8]) -> [u8; BLOCK] {
    text.first_chunk().copied().unwrap_or_else(|| {
        let mut block = [0; BLOCK];
        for (to, from) in block.iter_mut().zip(text) {
            *to = *from;
        }
        block
    })
}

/// Where `byte` first stands.
///
/// What it ends is a word, nearly always: looking at the first bytes in place takes less time than a search through `memchr`, which is
/// made for more, takes to begin.
#[inline]
pub fn first(text: &[u8], byte: u8) -> Option<usize> {
    at_once(text, |lane| lane.simd_eq(u8x16::splat(byte))).or_else(|| behind(text, |rest| memchr(byte, rest)))
}

/// Where `one` or `other` first stands; see [`first`].
#[inline]
pub fn first_of(text: &[u8], one: u8, other: u8) -> Option<usize> {
    at_once(text, |lane| lane.simd_eq(u8x16::splat(one)) | lane.simd_eq(u8x16::splat(other)))
        .or_else(|| behind(text, |rest| memchr2(one, other, rest)))
}

/// Bytes compared at once.
const LANE: usize = 16;

/// Where among the first bytes one stands that `is` marks; `None` too where there are too few to tell.
#[expect(clippy::inline_always, reason = "a few instructions, which a call would double")]
#[inline(always)]
fn at_once(text: &[u8], is: impl Fn(u8x16) -> u8x16) -> Option<usize> {
    let place = |lane: &[u8; LANE]| {
        let found = is(u8x16::new(*lane)).to_bitmask();
        (found != 0).then(|| found.trailing_zeros() as usize)
    };
    let far = LANE.min(text.len().checked_sub(LANE)?);
    place(text.first_chunk()?).or_else(|| Some(far + place(text.get(far..)?.first_chunk()?)?))
}

/// What `search` finds behind the bytes that were compared already.
#[inline(never)]
fn behind(text: &[u8], search: impl Fn(&[u8]) -> Option<usize>) -> Option<usize> {
    match text.split_at_checked(2 * LANE) {
        Some((_, rest)) => search(rest).map(|at| 2 * LANE + at),
        None if text.len() < LANE => search(text),
        None => None,
    }
}

/// Whether `byte` stands in `text` an even number of times.
pub fn is_even(text: &[u8], byte: u8) -> bool {
    let (lanes, rest) = text.as_chunks();
    // What is marked twice is not marked: the marks that are left tell odd from even.
    let marks = lanes.iter().fold(u8x16::ZERO, |marks, lane| marks ^ u8x16::new(*lane).simd_eq(u8x16::splat(byte)));
    rest.iter().fold(marks.to_bitmask().count_ones() % 2 == 0, |even, &b| even ^ (b == byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_by_one(block: &[u8; BLOCK]) -> Marks {
        let bits = |is: fn(u8) -> bool| block.iter().rev().fold(0, |bits, &b| bits << 1 | u64::from(is(b)));
        Marks {
            stops: bits(|b| matches!(b, b'=' | b'"' | b' ' | b',' | b'\t')),
            ends: bits(|b| matches!(b, b'"' | b'\\')),
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
            proptest::prop_assert_eq!(is_even(&text, b'='), memchr::memchr_iter(b'=', &text).count().is_multiple_of(2));
            proptest::prop_assert_eq!(first_of(&text, b'=', b'"'), text.iter().position(|&b| matches!(b, b'=' | b'"')));
        }
    }
}

//! Where words stand in a line.

use memchr::memchr_iter;

/// Where `needle` first stands in `text`; an empty one stands nowhere.
///
/// A searcher such as `memchr::memmem` is ready for megabytes, and takes longer to get ready than a line takes to be looked through:
/// this one goes from one place of the needle's rarest byte to the next, and which byte that is the compiler knows where the needle is
/// a constant.
///
/// ```
/// use parsers::atoms::find;
/// assert_eq!(find(b"user=fourn.chimere from=198.51.100.23", b" from="), Some(18));
/// assert_eq!(find(b"user=fourn.chimere", b" from="), None);
/// ```
#[expect(clippy::inline_always, reason = "only where the needle is seen to be a constant is nothing left to be chosen")]
#[inline(always)]
pub fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    let (before, rare) = rarest(needle)?;
    search(text, needle, before, rare)
}

fn search(text: &[u8], needle: &[u8], before: usize, rare: u8) -> Option<usize> {
    let last = text.len().checked_sub(needle.len())?;
    // The byte can stand nowhere before its place in the needle, nor so late that the needle would run over the end.
    let places = text.get(before..=last + before)?;
    memchr_iter(rare, places).find(|&start| text.get(start..).is_some_and(|rest| rest.starts_with(needle)))
}

/// Of the first bytes, place and value of the one that lines hold least of; `None` where there is none.
#[expect(clippy::inline_always, reason = "see `find`")]
#[inline(always)]
fn rarest(needle: &[u8]) -> Option<(usize, u8)> {
    let mut rarest = None;
    let mut least = u8::MAX;
    // As far as the compiler follows.
    for at in 0..8 {
        if let Some(&b) = needle.get(at)
            && share(b) < least
        {
            least = share(b);
            rarest = Some((at, b));
        }
    }
    rarest
}

/// How much of a line a byte is likely to be, roughly.
#[expect(clippy::inline_always, reason = "see `find`")]
#[inline(always)]
fn share(b: u8) -> u8 {
    match b {
        b' ' | b'e' | b'"' => 9,
        b'0'..=b'9' | b'.' | b'=' | b'a' | b'i' | b'n' | b'o' | b'r' | b's' | b't' => 8,
        b'c' | b'd' | b'l' | b'u' | b'm' | b'g' | b'p' | b'-' | b':' | b',' => 6,
        b'f' | b'h' | b'/' => 4,
        b'b' | b'v' | b'w' | b'y' | b'k' | b'A'..=b'Z' => 3,
        b'_' => 2,
        _ => 1,
    }
}

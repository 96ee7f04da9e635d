//! Where words stand in a line.

use memchr::{memchr_iter, memchr2_iter, memrchr_iter};

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

/// Where `needle` last stands in `text`; see [`find`].
#[expect(clippy::inline_always, reason = "see `find`")]
#[inline(always)]
pub fn rfind(text: &[u8], needle: &[u8]) -> Option<usize> {
    let (before, rare) = rarest(needle)?;
    let places = places(text, needle, before)?;
    memrchr_iter(rare, places).find(|&start| text.get(start..).is_some_and(|rest| rest.starts_with(needle)))
}

/// Whether `text` says `words` somewhere, whatever the case; no words are said anywhere.
#[expect(clippy::inline_always, reason = "see `find`")]
#[inline(always)]
pub fn says(text: &[u8], words: &[u8]) -> bool {
    rarest(words).is_none_or(|(before, rare)| spoken(text, words, before, rare))
}

fn spoken(text: &[u8], words: &[u8], before: usize, rare: u8) -> bool {
    let Some(places) = places(text, words, before) else { return false };
    let is_said = |start: usize| text.get(start..start + words.len()).is_some_and(|part| part.eq_ignore_ascii_case(words));
    memchr2_iter(rare.to_ascii_lowercase(), rare.to_ascii_uppercase(), places).any(is_said)
}

/// Where a byte may stand that has `before` others of the needle in front of it.
fn places<'a>(text: &'a [u8], needle: &[u8], before: usize) -> Option<&'a [u8]> {
    let last = text.len().checked_sub(needle.len())?;
    text.get(before..=last + before)
}

fn search(text: &[u8], needle: &[u8], before: usize, rare: u8) -> Option<usize> {
    let places = places(text, needle, before)?;
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

/// Whether `text` begins with `words`, for tables of many: nearly always the first byte tells.
#[inline]
pub fn begins(text: &[u8], words: &[u8]) -> bool {
    text.first() == words.first() && text.starts_with(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_the_beginning() {
        assert!(begins(b"Login OK: x", b"Login OK"));
        assert!(!begins(b"Login incorrect", b"Login OK"));
        assert!(!begins(b"", b"Login OK"));
        assert!(begins(b"", b""));
    }

    #[test]
    fn where_words_stand() {
        let text = b"from 192.0.2.1 from 192.0.2.7 fro";
        for (needle, first, last) in [
            (b"from " as &[u8], Some(0), Some(15)),
            (b" from ", Some(14), Some(14)),
            (b"fro", Some(0), Some(30)),
            (b"froms", None, None),
            (b"from 192.0.2.1 from 192.0.2.7 from", None, None),
            (b"", None, None),
        ] {
            assert_eq!((find(text, needle), rfind(text, needle)), (first, last), "{}", String::from_utf8_lossy(needle));
        }
    }

    #[test]
    fn anywhere_and_in_any_case() {
        assert!(says(b"User Logged In", b"logged in"));
        assert!(says(b"login", b"login"));
        assert!(says(b"lolog", b"log"));
        assert!(!says(b"logi", b"login"));
        assert!(!says(b"", b"login"));
        assert!(says(b"x", b""));
    }

    proptest::proptest! {
        #[test]
        fn as_any_other_search(text in "[ab_ ]{0,40}", needle in "[ab_ ]{1,4}") {
            let (text, needle) = (text.as_bytes(), needle.as_bytes());
            proptest::prop_assert_eq!(find(text, needle), memchr::memmem::find(text, needle));
            proptest::prop_assert_eq!(rfind(text, needle), memchr::memmem::rfind(text, needle));
            proptest::prop_assert_eq!(says(text, needle), find(text, needle).is_some());
        }
    }
}

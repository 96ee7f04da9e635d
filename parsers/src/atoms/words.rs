//! Words in a message, case ignored.

use memchr::memchr2_iter;

/// Whether `text` begins with `words`, for tables of many: nearly always the first byte tells.
#[inline]
pub fn begins(text: &[u8], words: &[u8]) -> bool {
    text.first() == words.first() && text.starts_with(words)
}

/// Whether `text` says `words` somewhere, whatever the case.
pub fn says(text: &[u8], words: &[u8]) -> bool {
    let Some(&first) = words.first() else { return true };
    memchr2_iter(first.to_ascii_lowercase(), first.to_ascii_uppercase(), text)
        .any(|at| text.get(at..).and_then(|rest| rest.get(..words.len())).is_some_and(|part| part.eq_ignore_ascii_case(words)))
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
    fn anywhere_and_in_any_case() {
        assert!(says(b"User Logged In", b"logged in"));
        assert!(says(b"login", b"login"));
        assert!(says(b"lolog", b"log"));
        assert!(!says(b"logi", b"login"));
        assert!(!says(b"", b"login"));
        assert!(says(b"x", b""));
    }
}

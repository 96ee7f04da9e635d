//! Logins and their domains.

use memchr::{memchr_iter, memrchr};

use super::cut;
use crate::Escape;

/// A login and its domain: `DOMAIN\user`, `DOMAIN\\user`, `user@domain`; the domain is empty where none is given.
///
/// `escape` is how the login is written: a backslash that escapes something else (`d\303\251pann`, `ren\u00e9`, `a\=b`) is no
/// separator.
pub fn split_login(login: &[u8], escape: Escape) -> (&[u8], &[u8]) {
    let whole = (login, &[] as &[u8]);
    // Too few bytes for a search.
    if !login.iter().any(|b| matches!(b, b'\\' | b'@')) {
        return whole;
    }
    if let Some((domain, user)) = at_backslash(login, escape) {
        return if user.is_empty() || domain.is_empty() { whole } else { (user, domain) };
    }
    let Some(at) = memrchr(b'@', login) else { return whole };
    let (user, domain) = cut(login, at);
    let domain = domain.get(1..).unwrap_or_default();
    if user.is_empty() || domain.is_empty() { whole } else { (user, domain) }
}

/// What stands before and behind the backslash that sets domain and user apart; some devices write it twice.
fn at_backslash(login: &[u8], escape: Escape) -> Option<(&[u8], &[u8])> {
    let at = memchr_iter(b'\\', login).find(|&at| {
        match (escape, cut(login, at + 1).1) {
            // A quote that was escaped is no domain's end.
            (_, [b'"', ..]) | (Escape::Octal, [b'0'..=b'3', b'0'..=b'7', b'0'..=b'7', ..]) | (Escape::Cef, [b'=' | b'|', ..]) => false,
            (Escape::Json, rest) => rest.starts_with(br"\"),
            (Escape::JsonTwice, rest) => rest.starts_with(br"\\\"),
            _ => true,
        }
    })?;
    let (domain, user) = cut(login, at);
    let backslashes = user.iter().take_while(|&&b| b == b'\\').count();
    Some((domain, cut(user, backslashes).1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins() {
        for (escape, login, user, domain) in [
            (Escape::None, "fourn.chimere", "fourn.chimere", ""),
            (Escape::None, r"GHT\fourn.chimere", "fourn.chimere", "GHT"),
            (Escape::None, r"GHT\\fourn.chimere", "fourn.chimere", "GHT"),
            (Escape::None, "fourn.chimere@ght.example", "fourn.chimere", "ght.example"),
            (Escape::None, "a@b@c", "a@b", "c"),
            (Escape::None, "@ext", "@ext", ""),
            (Escape::None, "ext@", "ext@", ""),
            (Escape::None, r"\x", r"\x", ""),
            (Escape::None, r"x\", r"x\", ""),
            (Escape::Quoted, r#"x\" y"#, r#"x\" y"#, ""),
            (Escape::Octal, r"d\303\251pann", r"d\303\251pann", ""),
            (Escape::Octal, r"GHT\\d\303\251pann", r"d\303\251pann", "GHT"),
            (Escape::Cef, r"a\=b", r"a\=b", ""),
            (Escape::Cef, r"GHT\\a\=b", r"a\=b", "GHT"),
            (Escape::Json, r"GHT\\ren\u00e9", r"ren\u00e9", "GHT"),
            (Escape::Json, r"ren\u00e9@ght.example", r"ren\u00e9", "ght.example"),
            (Escape::JsonTwice, r"GHT\\\\x", "x", "GHT"),
        ] {
            assert_eq!(split_login(login.as_bytes(), escape), (user.as_bytes(), domain.as_bytes()), "{escape:?} {login}");
        }
    }
}

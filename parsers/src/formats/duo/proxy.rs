//! The log of the Authentication Proxy as text: `authproxy.log`.
//!
//! Duo, "Authentication Proxy Reference" and its knowledge base on reading `authproxy.log`. The address in front is the gateway's that asks by
//! RADIUS, not the user's. The names in it are whatever was typed.

use crate::atoms::{Once, cut, find, trim, until};
use crate::{Escape, Facts, Kind, Line};

/// `[duoauthproxy.lib.log#info] `, `[DuoForwardServer (UDP)] `: what stands in brackets, and what follows.
pub(super) fn message(body: &[u8]) -> Option<(&[u8], &[u8])> {
    let (writer, rest) = until(body.strip_prefix(b"[")?, b']')?;
    let ours = writer.starts_with(b"duoauthproxy.") || writer.starts_with(b"Duo") && find(writer, b"Server").is_some();
    ours.then(|| (writer, trim(rest)))
}

/// What is said, and what that is. Accepting the password is half the way, and the answer that is sent says it once more.
const MESSAGES: &[(&[u8], Kind)] = &[
    (b"Duo authentication returned 'allow'", Kind::LoginSuccess),
    (b"Duo authentication returned 'deny'", Kind::LoginFailure),
    (b"Primary credentials rejected", Kind::LoginFailure),
    (b"login attempt for username ", Kind::Other),
    (b"Returning response code ", Kind::Other),
];

/// `[duoauthproxy.lib.log#info] (('10.1.1.1', 50123), fourn.chimere, 12): Duo authentication returned 'allow': 'Success. Logging you in...'`
pub(super) fn parse<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    let Some((name, id, said)) = request(text) else { return };
    line.login(name, Escape::None, facts);
    facts.session = line.text(id);
    let Some((words, kind)) = MESSAGES.iter().find(|(words, _)| said.starts_with(words)) else { return };
    let (action, rest) = cut(said, words.len());
    facts.kind = *kind;
    facts.action = line.text(trim(action));
    match kind {
        Kind::LoginSuccess => facts.mfa = Some(true),
        Kind::LoginFailure => {
            let reason = trim(rest.strip_prefix(b": ").or_else(|| rest.strip_prefix(b" -")).unwrap_or_default());
            let unquoted = reason.strip_prefix(b"'").and_then(|reason| reason.strip_suffix(b"'"));
            facts.reason.once(line.text(unquoted.unwrap_or(reason)));
        }
        _ => {}
    }
}

/// Name, number of the request, and what is said of it. A name that looks like the end of this leaves it open where that is.
fn request(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let rest = text.strip_prefix(b"((")?;
    let rest = cut(rest, find(rest, b"), ")? + 3).1;
    let mut ends = (0..rest.len()).filter_map(|at| {
        let (name, end) = cut(rest, at);
        let end = end.strip_prefix(b", ")?;
        let digits = end.iter().take_while(|b| b.is_ascii_digit()).count();
        let (id, said) = cut(end, digits);
        Some((name, id, said.strip_prefix(b"): ").filter(|_| digits > 0)?))
    });
    ends.next().filter(|_| ends.next().is_none())
}

//! What a product without a format of its own says: the plain keys of CEF and LEEF, and what somebody did at a door.
//!
//! Micro Focus, "ArcSight CEF Implementation Standard", and IBM, "LEEF event components" (predefined attributes).
//! What happened is read from `act` or `action` and `outcome`; without them, from the event's name, if that is one of the plain ones.

use crate::atoms::{Once, Pair, cut, ip, number, split_login};
use crate::{Escape, Facts, Kind, Line, Stamp, Stamps, Verdict, stamp};

/// The pairs that are weighed against one another, as they stand.
#[derive(Default)]
struct Fields<'a> {
    suser: &'a [u8],
    duser: &'a [u8],
    user: &'a [u8],
    source_domain: &'a [u8],
    destination_domain: &'a [u8],
    act: &'a [u8],
    outcome: &'a [u8],
    host: &'a [u8],
    address: &'a [u8],
    receipt: &'a [u8],
    end: &'a [u8],
    start: &'a [u8],
}

/// Reads the pairs of an event of this `name`, whose values are written with `escape`.
pub(in crate::formats) fn read<'a>(
    line: &Line<'a>,
    pairs: impl Iterator<Item = Pair<'a>>,
    name: &'a [u8],
    escape: Escape,
    stamps: &mut Stamps,
    facts: &mut Facts,
) {
    let text = |value: &'a [u8]| line.escaped(value, escape);
    let mut fields = Fields::default();
    for Pair { key, value, .. } in pairs {
        match key {
            b"suser" => fields.suser.once(value),
            b"duser" => fields.duser.once(value),
            b"usrName" => fields.user.once(value),
            b"sntdom" | b"domain" => fields.source_domain.once(value),
            b"dntdom" => fields.destination_domain.once(value),
            b"act" | b"action" => fields.act.once(value),
            b"outcome" => fields.outcome.once(value),
            b"dvchost" => fields.host.once(value),
            b"dvc" => fields.address.once(value),
            b"rt" | b"devTime" | b"UNIFIutcTime" => fields.receipt.once(value),
            b"end" => fields.end.once(value),
            b"start" => fields.start.once(value),
            b"src" => facts.source_ip.once(ip(value)),
            b"spt" | b"srcPort" => facts.source_port.once(number(value)),
            b"dst" => facts.destination_ip.once(ip(value)),
            b"dpt" | b"dstPort" => facts.destination_port.once(number(value)),
            b"in" | b"dstBytes" => facts.destination_bytes.once(number(value)),
            b"out" | b"srcBytes" => facts.source_bytes.once(number(value)),
            b"externalId" => facts.session.once(text(value)),
            b"reason" => facts.reason.once(text(value)),
            _ => {}
        }
    }
    facts.device = text(either(fields.host, fields.address));
    facts.stamp = [fields.receipt, fields.end, fields.start]
        .into_iter()
        .map(|written| stamps.body(written, time))
        .find(|&stamp| stamp != Stamp::None)
        .unwrap_or_default();
    let (login, given_domain) = if fields.suser.is_empty() {
        (either(fields.duser, fields.user), either(fields.destination_domain, fields.source_domain))
    } else {
        (fields.suser, fields.source_domain)
    };
    let (user, domain) = split_login(login, escape);
    facts.user = text(user);
    facts.domain = text(either(domain, given_domain));
    facts.action = text(either(fields.act, name));
    let flow = facts.source_ip.is_some() && facts.destination_ip.is_some();
    (facts.kind, facts.verdict) = kind(fields.act, fields.outcome, name, flow);
}

/// `one`, or `other` where the line does not give it.
fn either<'a>(one: &'a [u8], other: &'a [u8]) -> &'a [u8] {
    if one.is_empty() { other } else { one }
}

/// `1795038067000`, `Nov 20 2026 22:41:07`, `Nov 20 2026 22:41:07.123 CET`, `2026-11-20T21:41:07Z`
pub(in crate::formats) fn time(text: &[u8]) -> Stamp {
    if text.iter().all(u8::is_ascii_digit) { stamp::epoch(text) } else { stamp::any(text) }
}

/// What an event is, and for traffic whether it was let through.
fn kind(act: &[u8], outcome: &[u8], name: &[u8], flow: bool) -> (Kind, Option<Verdict>) {
    if let Some(verb) = verb(either(act, name)) {
        return (verb.kind(outcome), None);
    }
    match verdict(act) {
        Some(verdict) if flow => (Kind::Traffic, Some(verdict)),
        _ => (Kind::Other, None),
    }
}

/// What somebody did at a door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Login,
    /// The word itself says that it failed.
    LoginFailed,
    Logout,
    Connect,
    Disconnect,
}

impl Verb {
    /// The event, given the `outcome`: of the words for success and failure only the clear ones decide.
    fn kind(self, outcome: &[u8]) -> Kind {
        let failed =
            is_one_of(outcome, &["failure", "failed", "fail", "denied", "deny", "rejected", "refused", "blocked", "error", "unsuccessful"]);
        let succeeded = outcome.is_empty()
            || is_one_of(outcome, &["success", "successful", "succeeded", "ok", "allowed", "permitted", "accepted", "granted"]);
        match self {
            Verb::LoginFailed => Kind::LoginFailure,
            Verb::Login | Verb::Connect if failed => Kind::LoginFailure,
            Verb::Login if succeeded => Kind::LoginSuccess,
            Verb::Connect if succeeded => Kind::SessionStart,
            Verb::Logout if !failed => Kind::Logout,
            Verb::Disconnect if !failed => Kind::SessionEnd,
            _ => Kind::Other,
        }
    }
}

/// The verb of an `act` or of an event's name, with or without `User ` or `VPN ` in front, and with any of ` `, `-`, `_` between its words.
fn verb(text: &[u8]) -> Option<Verb> {
    let text = [b"user " as &[u8], b"vpn "].into_iter().find_map(|word| strip_word(text, word)).unwrap_or(text);
    let any = |words: &[&str]| is_one_of(text, words);
    Some(match () {
        () if any(&[
            "login",
            "logon",
            "log in",
            "log on",
            "sign in",
            "signin",
            "logged in",
            "logged on",
            "login success",
            "login successful",
            "login succeeded",
            "logon success",
        ]) =>
        {
            Verb::Login
        }
        () if any(&[
            "login failed",
            "login failure",
            "logon failed",
            "logon failure",
            "failed login",
            "failed logon",
            "authentication failed",
            "authentication failure",
        ]) =>
        {
            Verb::LoginFailed
        }
        () if any(&["logout", "logoff", "log out", "log off", "sign out", "signout", "logged out", "logged off"]) => Verb::Logout,
        () if any(&["connect", "connected"]) => Verb::Connect,
        () if any(&["disconnect", "disconnected"]) => Verb::Disconnect,
        () => return None,
    })
}

fn verdict(act: &[u8]) -> Option<Verdict> {
    if is_one_of(act, &["allow", "allowed", "accept", "accepted", "permit", "permitted", "pass", "passed", "forward"]) {
        Some(Verdict::Allowed)
    } else if is_one_of(act, &["deny", "denied", "drop", "dropped", "block", "blocked", "reject", "rejected", "reset"]) {
        Some(Verdict::Denied)
    } else {
        None
    }
}

/// Case is ignored, and `-` and `_` are blanks.
fn is_one_of(text: &[u8], words: &[&str]) -> bool {
    let same = |a: &u8, b: &u8| a.eq_ignore_ascii_case(b) || (matches!(a, b'-' | b'_') && *b == b' ');
    words.iter().any(|word| text.len() == word.len() && text.iter().zip(word.as_bytes()).all(|(a, b)| same(a, b)))
}

fn strip_word<'a>(text: &'a [u8], word: &[u8]) -> Option<&'a [u8]> {
    let (head, rest) = cut(text, word.len());
    (head.eq_ignore_ascii_case(word) && !rest.is_empty()).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        let exact = stamp::any(b"2026-11-20T21:41:07.5Z");
        for written in ["1795210867500", "Nov 20 2026 21:41:07.500 UTC", "2026-11-20T22:41:07.5+01:00"] {
            assert_eq!(time(written.as_bytes()), exact, "{written}");
        }
        assert!(matches!(time(b"Nov 20 2026 22:41:07"), Stamp::Local { .. }));
        assert!(matches!(time(b"Nov 20 22:41:07"), Stamp::Yearless { .. }));
        assert_eq!(time(b"yesterday"), Stamp::None);
    }
}

//! Sessions of Access Policy Manager: who came, from where, with which address, and how it ended.

use memchr::memchr;

use crate::atoms::{between, cut, find, ip, ip_port, number, rfind, trim, until};
use crate::{Escape, Facts, Kind, Line, Verdict};

/// A session's line: `/Common/vpn:Common:49dc878f: text`, in older releases `49dc878f: text`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Session<'a> {
    /// The access profile; empty if there is none.
    pub(super) profile: &'a [u8],
    id: &'a [u8],
    text: &'a [u8],
}

/// Takes a session's line apart.
pub(super) fn session(text: &[u8]) -> Option<Session<'_>> {
    let (place, rest) = cut(text, find(cut(text, 300).0, b": ")?);
    let id = place.rsplit(|&b| b == b':').next().unwrap_or_default();
    let profile = until(place, b':').map_or(&[] as &[u8], |(profile, _)| profile);
    let length = if profile.is_empty() { 8..=8 } else { 6..=8 };
    let known = length.contains(&id.len()) && id.iter().all(u8::is_ascii_hexdigit) && memchr(b' ', place).is_none();
    known.then(|| Session { profile, id, text: cut(rest, 2).1 })
}

/// What happened to the session.
pub(super) fn event<'a>(line: &Line<'a>, id: &[u8], session: Session<'a>, facts: &mut Facts) {
    // Zeros stand for no session.
    if session.id.iter().any(|&b| b != b'0') {
        facts.session = line.text(session.id);
    }
    facts.group = line.text(session.profile);
    let text = session.text;
    if let Some(rest) = text.strip_prefix(b"New session from client IP ") {
        facts.kind = Kind::SessionStart;
        facts.source_ip = until(rest, b' ').and_then(|(address, _)| ip(address));
        facts.country = line.text(between(rest, b"/CC=", b"/").unwrap_or_default());
        facts.destination_ip = word_after(rest, b" at VIP ").and_then(ip);
    } else if let Some(rest) = text.strip_prefix(b"Assigned PPP ") {
        assigned(rest, facts);
    } else if let Some(rest) = text.strip_prefix(b"Session deleted ") {
        let reason = rest.strip_prefix(b"due to ").unwrap_or(rest);
        let reason = reason.strip_suffix(b".").unwrap_or(reason);
        facts.kind = if find(reason, b"user logout").is_some() { Kind::Logout } else { Kind::SessionEnd };
        facts.reason = line.text(unbracketed(reason));
    } else if let Some(rest) = text.strip_prefix(b"Session statistics - bytes in:") {
        // Written once, when the session is taken down; "in" is towards BIG-IP.
        facts.kind = Kind::SessionEnd;
        if let Some((sent, received)) = until(rest, b',') {
            facts.source_bytes = number(trim(sent));
            facts.destination_bytes = received.strip_prefix(b" bytes out:").and_then(|bytes| number(trim(bytes)));
        }
    } else if let Some(what) = text.strip_prefix(b"PPP tunnel ").and_then(|rest| until(rest, b' ')).map(|(_, what)| what) {
        facts.kind = match what.strip_suffix(b".").unwrap_or(what) {
            b"started" => Kind::SessionStart,
            b"closed" => Kind::SessionEnd,
            _ => Kind::Other,
        };
    } else if let Some(result) = text.strip_prefix(b"Access policy result: ") {
        // The only line of a policy whose logins others decide (SAML, certificates).
        facts.kind = if find(result, b"Deny").is_some() { Kind::Other } else { Kind::LoginSuccess };
        facts.reason = line.text(result);
    } else if let Some(rest) = text.strip_prefix(b"Username '").or_else(|| text.strip_prefix(b"Retry Username '")) {
        line.login(rest.strip_suffix(b"'").unwrap_or(rest), Escape::None, facts);
    } else if find(text, b" packet: ").is_some() && find(cut(text, 24).0, b" ACL: ").is_some() {
        acl(line, text, facts);
    } else if let Some(rest) = text.strip_prefix(b"Received client info - ") {
        facts.client = line.text(between(rest, b"Hostname: ", b" Type:").map(trim).unwrap_or_default());
    } else if let Some((name, value)) = variable(text) {
        match name {
            b"session.user.clientip" => facts.source_ip = ip(value),
            b"session.logon.last.username" => line.login(value, Escape::None, facts),
            b"session.assigned.clientip" => facts.assigned_ip = ip(value),
            _ => {}
        }
    } else {
        authentication(line, id, text, facts);
    }
}

/// `Dynamic IPv4: 10.99.0.6 Tunnel Type: VPN_TUNNELTYPE_TLS NA Resource: /Common/na_vpn Client IP: 198.51.100.23 - 2001:db8::23`
fn assigned(rest: &[u8], facts: &mut Facts) {
    facts.kind = Kind::SessionStart;
    let address = |key: &[u8]| word_after(rest, key).and_then(ip).filter(|address| !address.is_unspecified());
    facts.assigned_ip = address(b"IPv4: ").or_else(|| address(b"IPv6: "));
    facts.source_ip = address(b" Client IP: ");
}

/// `session.user.clientip is 198.51.100.23`, `Session variable 'session.logon.last.username' set to 'fourn.chimere'`
fn variable(text: &[u8]) -> Option<(&[u8], &[u8])> {
    if let Some(rest) = text.strip_prefix(b"Session variable '") {
        let (name, rest) = until(rest, b'\'')?;
        let value = trim(rest.strip_prefix(b" set to ")?);
        return Some((name, value.strip_prefix(b"'").and_then(|value| value.strip_suffix(b"'")).unwrap_or(value)));
    }
    let (name, rest) = until(text, b' ')?;
    let value = rest.strip_prefix(b"is ")?;
    name.starts_with(b"session.").then_some((name, value))
}

/// `allow ACL: /Common/acl:1 packet: tcp 10.99.0.6:51505 -> 10.20.4.11:3389`
fn acl<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    let Some((verb, _)) = until(text, b' ') else { return };
    facts.kind = Kind::Traffic;
    facts.action = line.text(verb);
    facts.verdict = match verb {
        b"allow" | b"continue" => Some(Verdict::Allowed),
        _ => Some(Verdict::Denied),
    };
    let Some((source, destination)) = find(text, b" -> ").map(|at| cut(text, at)) else { return };
    if let Some((address, port)) = source.rsplit(|&b| b == b' ').next().and_then(ip_port) {
        (facts.source_ip, facts.source_port) = (Some(address), port);
    }
    if let Some((address, port)) = word_after(destination, b" -> ").and_then(ip_port) {
        (facts.destination_ip, facts.destination_port) = (Some(address), port);
    }
}

/// `AD agent: Auth (logon attempt:0): authenticate with 'fourn.chimere' successful`,
/// `RADIUS module: authentication with 'fourn.chimere' failed: …`
///
/// The refusal's reason quotes the name again, so a refusal is looked for first: no name makes a success of it.
fn authentication<'a>(line: &Line<'a>, id: &[u8], text: &'a [u8], facts: &mut Facts) {
    let Some(agent) = [b" agent: ".as_slice(), b" module: "].into_iter().find_map(|word| find(cut(text, 40).0, word)) else { return };
    // Nothing but the agent's name may stand before: browsers call themselves agents, too.
    if !cut(text, agent).0.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b' ' | b'+' | b'_')) {
        return;
    }
    let start = |key: &[u8]| find(text, key).map(|at| at + key.len());
    let Some(start) = start(b"authenticate with '").or_else(|| start(b"authentication with '")) else { return };
    let (_, rest) = cut(text, start);
    let (end, kind) = match (find(rest, b"' failed"), rfind(rest, b"' success")) {
        (Some(at), _) => (at, Kind::LoginFailure),
        (None, Some(at)) => (at, Kind::LoginSuccess),
        (None, None) => return,
    };
    facts.kind = kind;
    let (login, after) = cut(rest, end);
    line.login(login, Escape::None, facts);
    if kind == Kind::LoginFailure {
        facts.reason = line.text(until(after, b':').map_or(&[], |(_, reason)| trim(reason)));
    } else if matches!(cut(text, agent).0, b"OTP" | b"OTP Verify" | b"RSA SecurID" | b"SecurID") {
        facts.mfa = Some(true);
    }
    // A body without number has the sentence alone.
    if id.is_empty() {
        facts.action = line.text(cut(text, agent).0);
    }
}

fn word_after<'a>(text: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let (_, rest) = cut(text, find(text, key)? + key.len());
    Some(cut(rest, rest.iter().position(|b| matches!(b, b' ' | b',')).unwrap_or(rest.len())).0)
}

/// `(internal_cause)` without its brackets.
fn unbracketed(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"(").and_then(|text| text.strip_suffix(b")")).unwrap_or(text)
}

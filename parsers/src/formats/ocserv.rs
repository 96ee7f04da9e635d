//! ocserv, the open server for `AnyConnect` and `OpenConnect` clients (0.10 to 1.3).
//!
//! Its manual documents no messages: these are the texts of `src/{log,main,main-auth,main-user,worker-auth,worker-vpn,sec-mod-auth}.c` and of
//! `src/auth/`.
//!
//! Three kinds of process write. `main[user]:ip:port` tells when a session begins and ends, and its `ip:port` is the session;
//! `worker[user]: ip` has a process, and a pid, for each connection; `sec-mod:` asks for passwords, and knows no address. A client that roams
//! logs in from its new place before its old session ends.
//!
//! Names are not escaped: known messages are read from their end; where others bear two addresses, neither is believed.

use std::net::IpAddr;

use memchr::memmem::find_iter;
use memchr::memrchr;

use crate::atoms::{cut, find, ip, ip_port, number, rfind, trim, trim_start, until};
use crate::formats::Format;
use crate::{About, Dress, Escape, Facts, Kind, Line, Stamps};

/// The line of the table of formats.
pub(super) const FORMAT: Format = Format {
    name: "ocserv",
    vendor: "OpenConnect",
    product: "ocserv",
    covers: "OpenConnect server: logins, sessions, inner addresses, bytes",
    dresses: Dress::SPEECH,
    looks_like,
    parse,
};

fn looks_like(line: &Line<'_>) -> bool {
    match line.head.app {
        b"ocserv" | b"ocserv-main" | b"ocserv-sm" | b"ocserv-worker" | b"ocserv-secmod" => true,
        b"" => [b"main[".as_slice(), b"worker["].iter().any(|process| line.body.starts_with(process)) && subject(line.body).is_some(),
        _ => false,
    }
}

/// Who a message is about, and where in the text the message begins.
struct Subject<'a> {
    name: &'a [u8],
    at: &'a [u8],
    address: IpAddr,
    port: Option<u16>,
    message: usize,
}

/// `main[fourn.chimere]:198.51.100.7:40007 text`, `worker[fourn.chimere]: 198.51.100.7 text`; `None` where a name makes it two.
fn subject(text: &[u8]) -> Option<Subject<'_>> {
    let (process, rest) = cut(text, text.iter().position(|b| matches!(b, b'[' | b':'))?);
    if !matches!(process, b"main" | b"worker") {
        return None;
    }
    let Some(inside) = rest.strip_prefix(b"[") else {
        return place(text, &[], process.len() + 1);
    };
    let mut all = find_iter(inside, b"]:").filter_map(|end| place(text, cut(inside, end).0, process.len() + 1 + end + 2));
    let first = all.next()?;
    all.next().is_none().then_some(first)
}

/// The address that begins at `from`, where a blank or the end follows it.
fn place<'a>(text: &'a [u8], name: &'a [u8], from: usize) -> Option<Subject<'a>> {
    let rest = cut(text, from).1;
    let blanks = rest.len() - trim_start(rest).len();
    let at = trim_start(rest);
    let at = until(at, b' ').map_or(at, |(at, _)| at);
    let (address, port) = ip_port(at)?;
    Some(Subject { name, at, address, port, message: (from + blanks + at.len() + 1).min(text.len()) })
}

/// The subject in front of a message whose beginning is known: its address ends the text.
fn subject_of(text: &[u8]) -> Option<Subject<'_>> {
    let (process, rest) = cut(text, text.iter().position(|b| matches!(b, b'[' | b':'))?);
    match rest.strip_prefix(b"[") {
        Some(inside) => {
            let all = find_iter(inside, b"]:").filter_map(|end| place(text, cut(inside, end).0, process.len() + 1 + end + 2));
            all.filter(|subject| subject.message == text.len()).last()
        }
        None => place(text, &[], process.len() + 1),
    }
}

impl<'a> Subject<'a> {
    fn fill(&self, line: &Line<'a>, facts: &mut Facts) {
        user(line, self.name, facts);
        facts.source_ip = Some(self.address);
        if self.port.is_some() {
            facts.source_port = self.port;
            facts.session = line.text(self.at);
        }
    }
}

fn user<'a>(line: &Line<'a>, name: &'a [u8], facts: &mut Facts) {
    if !matches!(name, b"" | b"unknown" | b"(null)") {
        line.login(name, Escape::None, facts);
    }
}

fn parse(line: &Line<'_>, _: &mut Stamps, facts: &mut Facts) -> Option<()> {
    let text = trim(line.body);
    if text.is_empty() {
        return None;
    }
    if text.starts_with(b"main") || text.starts_with(b"worker") {
        if !(ended(line, text, facts) || known(line, text, facts) || refused(line, text, facts)) {
            other(line, text, facts);
        }
        if facts.session.is_empty() && text.starts_with(b"worker") {
            facts.session = line.text(line.head.pid);
        }
    } else {
        sec_mod(line, text, facts);
    }
    Some(())
}

/// `main[fourn.chimere]:198.51.100.7:40007 user disconnected (reason: user disconnected, rx: 1234, tx: 5678)`
fn ended<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) -> bool {
    const ENDED: &[u8] = b" user disconnected";
    let Some((before, words)) = rfind(text, b" user disconnected (")
        .or_else(|| text.len().checked_sub(ENDED.len()).filter(|_| text.ends_with(ENDED)))
        .map(|at| cut(text, at))
    else {
        return false;
    };
    let Some(subject) = subject_of(before) else { return false };
    subject.fill(line, facts);
    facts.kind = Kind::SessionEnd;
    facts.action = line.text(trim(cut(words, ENDED.len()).0));
    let inside = cut(words, b" user disconnected (".len()).1;
    let (inside, bytes) = cut(inside, find(inside, b"rx: ").unwrap_or(inside.len()));
    let reason = inside.strip_prefix(b"reason: ").unwrap_or(inside);
    let reason = reason.strip_suffix(b", ").or_else(|| reason.strip_suffix(b")")).unwrap_or(reason);
    facts.reason = line.text(reason);
    let amount = |key: &[u8]| {
        let rest = cut(bytes, find(bytes, key)? + key.len()).1;
        number(cut(rest, rest.iter().take_while(|b| b.is_ascii_digit()).count()).0)
    };
    // The server received what the person sent.
    facts.source_bytes = amount(b"rx: ");
    facts.destination_bytes = amount(b"tx: ");
    true
}

/// `main[fourn.chimere]:198.51.100.7:40007 user logged in`, `worker[fourn.chimere]: 198.51.100.7 sending IPv4 10.99.0.6`
fn known<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) -> bool {
    const LOGGED_IN: &[u8] = b" user logged in";
    if let Some(subject) = text.strip_suffix(LOGGED_IN).and_then(subject_of) {
        subject.fill(line, facts);
        facts.kind = Kind::SessionStart;
        facts.action = line.text(trim(cut(text, text.len() - LOGGED_IN.len()).1));
        return true;
    }
    let assigned = [b" sending IPv4 ".as_slice(), b" sending IPv6 ", b" assigned IPv4: ", b" assigned IPv6: "];
    let Some((at, words)) = assigned.into_iter().filter_map(|words| Some((rfind(text, words)?, words))).max_by_key(|(at, _)| *at) else {
        return false;
    };
    let (before, rest) = cut(text, at);
    let (words, address) = cut(rest, words.len());
    let address = until(address, b'/').map_or(address, |(address, _)| address);
    let (Some(subject), Some(address)) = (subject_of(before), ip(trim(address))) else { return false };
    subject.fill(line, facts);
    facts.assigned_ip = Some(address);
    facts.action = line.text(trim(words));
    true
}

/// `worker[fourn.chimere]: 198.51.100.7 worker-auth.c:1724: failed authentication for 'fourn.chimere'`
///
/// The name stands twice, in front and at the end: there is one way only to read it so.
fn refused<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) -> bool {
    const FAILED: &[u8] = b" failed authentication for '";
    for at in find_iter(text, FAILED) {
        let (before, rest) = cut(text, at);
        let Some(name) = cut(rest, FAILED.len()).1.strip_suffix(b"'") else { return false };
        let (before, source) = memrchr(b' ', before).map_or((before, &[] as &[u8]), |blank| cut(before, blank));
        if !source.ends_with(b":") {
            continue;
        }
        let Some(subject) = subject_of(before).filter(|subject| subject.name == name || subject.name.is_empty()) else { continue };
        subject.fill(line, facts);
        user(line, name, facts);
        facts.kind = Kind::LoginFailure;
        facts.action = line.text(cut(trim(rest), b"failed authentication".len()).0);
        return true;
    }
    false
}

fn other<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    match subject(text) {
        Some(subject) => {
            subject.fill(line, facts);
            let message = cut(text, subject.message).1;
            if message.starts_with(b"failed ") && find(message, b"authentication").is_some() {
                facts.kind = Kind::LoginFailure;
                facts.action = line.text(message);
            }
        }
        // `main: initialized ocserv 1.1.6`
        None if text.starts_with(b"main: initialized ") => facts.about = Some(About::Restart),
        None => {}
    }
}

/// `sec-mod: initiating session for user 'fourn.chimere' (session: uIY3fb)`, `sec-mod: auth complete for user 'x' (session: uIY3fb) of group: ''`, `plain-auth: error authenticating user 'fourn.chimere'`,
/// `PAM authenticate error for 'fourn.chimere': Authentication failure`, `radius-auth: error authenticating user 'x' (code 3)`
fn sec_mod<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    const REFUSALS: &[&[u8]] = &[
        b"error authenticating user '",
        b"PAM authenticate error for '",
        b"OTP auth failed for '",
        b"failed authentication attempt for user '",
        b"could not find user '",
        b"error in password given in auth cont for user '",
    ];
    let text = text.strip_prefix(b"sec-mod: ").unwrap_or(text);
    let (text, behind) = rfind(text, b" (session: ").map_or((text, &[] as &[u8]), |at| cut(text, at));
    if let Some((session, rest)) = behind.strip_prefix(b" (session: ").and_then(|rest| until(rest, b')')) {
        facts.session = line.text(session);
        origin(line, rest, facts);
    }
    let Some((start, rest)) = until(text, b'\'') else { return };
    let Some((name, after)) = memrchr(b'\'', rest).map(|end| cut(rest, end)) else { return };
    let start = cut(text, start.len() + 1).0;
    if REFUSALS.iter().any(|words| start.ends_with(words)) {
        facts.kind = Kind::LoginFailure;
        facts.reason = line.text(trim(after.strip_prefix(b"': ").unwrap_or_default()));
        user(line, name, facts);
    } else if start.ends_with(b"user '") {
        if start.starts_with(b"auth complete") {
            facts.kind = Kind::LoginSuccess;
        }
        user(line, name, facts);
    } else {
        return;
    }
    facts.action = line.text(trim(cut(start, start.len() - 1).0));
}

/// What follows a session: ` of group: 'GG_VPN_PRESTA_CHIMERE' from '198.51.100.7'`
fn origin<'a>(line: &Line<'a>, rest: &'a [u8], facts: &mut Facts) {
    let Some(rest) = rest.strip_prefix(b" of group: '") else { return };
    let (group, address) = rfind(rest, b"' from '").map_or((rest, &[] as &[u8]), |at| cut(rest, at));
    facts.group = line.text(group.strip_suffix(b"'").unwrap_or(group));
    facts.source_ip = address.strip_prefix(b"' from '").and_then(|address| ip(address.strip_suffix(b"'")?));
}

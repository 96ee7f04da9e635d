//! Any product that writes ArcSight's Common Event Format and has no format of its own here.
//!
//! Micro Focus, "ArcSight Common Event Format (CEF) Implementation Standard", versions 0.1 and 1. What happened is read from
//! `act` and `outcome`; without `act`, from the event's name, if that is one of the plain ones.

use memchr::{memchr, memchr_iter};

use crate::atoms::{cut, ip, number, split_login, trim};
use crate::formats::Format;
use crate::{Escape, Facts, Kind, Line, Stamp, Stamps, Text, Verdict, stamp};

/// CEF's line of the table of formats.
pub(super) const FORMAT: Format =
    Format { name: "cef", vendor: "", product: "", covers: "any product writing CEF (ArcSight Common Event Format)", looks_like, parse };

fn looks_like(line: &Line<'_>) -> bool {
    from_version(line.body).is_some_and(|text| memchr_iter(b'|', text).nth(6).is_some())
}

/// The text from the version on: `CEF:0|`, `CEF: 0|`, `CEF:CEF:0|`, `PSM:CEF:0|`, and `0|` where a relay cut the head.
fn from_version(body: &[u8]) -> Option<&[u8]> {
    let pipe = memchr(b'|', cut(body, 64).0)?;
    let version = pipe.checked_sub(1).filter(|&at| matches!(body.get(at), Some(b'0' | b'1')))?;
    let marks = trim(cut(body, version).0);
    (marks.is_empty() || marks.ends_with(b"CEF:")).then(|| cut(body, version).1)
}

/// Version, vendor, product, device version, event class, name, severity; then the extension.
struct Header<'a> {
    vendor: &'a [u8],
    product: &'a [u8],
    name: &'a [u8],
    extension: &'a [u8],
}

/// `0|Portail|Access Portal|4.2|100|User login|3|src=198.51.100.7 …`; a pipe inside a column is written `\|`.
fn header(text: &[u8]) -> Option<Header<'_>> {
    let (_version, rest) = column(text)?;
    let (vendor, rest) = column(rest)?;
    let (product, rest) = column(rest)?;
    let (_device_version, rest) = column(rest)?;
    let (_class, rest) = column(rest)?;
    let (name, rest) = column(rest)?;
    let (_severity, extension) = column(rest)?;
    Some(Header { vendor, product, name, extension })
}

fn column(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr_iter(b'|', text).find(|&at| !is_escaped(text, at))?;
    Some((cut(text, end).0, cut(text, end + 1).1))
}

/// Whether an odd number of backslashes stands before `at`.
fn is_escaped(text: &[u8], at: usize) -> bool {
    cut(text, at).0.iter().rev().take_while(|&&b| b == b'\\').count() % 2 == 1
}

/// The extension's `key=value` pairs. A value runs up to the blanks before the next key, and may hold blanks itself; a key is a
/// run of letters, digits, `_`, `.`, `-` between a blank and an unescaped `=`.
struct Extension<'a> {
    rest: &'a [u8],
}

/// Where the first key of `text` begins, and where its `=` is.
fn key(text: &[u8]) -> Option<(usize, usize)> {
    memchr_iter(b'=', text).find_map(|equals| {
        let before = cut(text, equals).0;
        let length = before.iter().rev().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-')).count();
        let start = equals - length;
        let apart = start == 0 || matches!(text.get(start - 1), Some(b' ' | b'\t'));
        (length > 0 && apart).then_some((start, equals))
    })
}

impl<'a> Iterator for Extension<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (start, equals) = key(self.rest)?;
        let (name, value) = (self.rest.get(start..equals)?, self.rest.get(equals + 1..)?);
        // What looks like a key must have something in front that separates it, so the value's own beginning is none.
        let end = match memchr(b' ', value).map(|blank| (blank, cut(value, blank).1)) {
            Some((blank, rest)) => key(rest).map_or(value.len(), |(next, _)| blank + next),
            None => value.len(),
        };
        let (value, rest) = cut(value, end);
        self.rest = rest;
        Some((name, trim(value)))
    }
}

/// The pairs that matter, as they stand.
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

fn parse<'a>(line: &Line<'a>, stamps: &mut Stamps, facts: &mut Facts) -> Option<()> {
    let header = header(from_version(line.body)?)?;
    let mut fields = Fields::default();
    for (key, value) in (Extension { rest: header.extension }) {
        match key {
            b"suser" => first(&mut fields.suser, value),
            b"duser" => first(&mut fields.duser, value),
            b"usrName" => first(&mut fields.user, value),
            b"sntdom" => first(&mut fields.source_domain, value),
            b"dntdom" => first(&mut fields.destination_domain, value),
            b"act" => first(&mut fields.act, value),
            b"outcome" => first(&mut fields.outcome, value),
            b"dvchost" => first(&mut fields.host, value),
            b"dvc" => first(&mut fields.address, value),
            b"rt" | b"UNIFIutcTime" => first(&mut fields.receipt, value),
            b"end" => first(&mut fields.end, value),
            b"start" => first(&mut fields.start, value),
            b"src" => facts.source_ip = facts.source_ip.or_else(|| ip(value)),
            b"spt" => facts.source_port = facts.source_port.or_else(|| number(value)),
            b"dst" => facts.destination_ip = facts.destination_ip.or_else(|| ip(value)),
            b"dpt" => facts.destination_port = facts.destination_port.or_else(|| number(value)),
            b"in" => facts.destination_bytes = facts.destination_bytes.or_else(|| number(value)),
            b"out" => facts.source_bytes = facts.source_bytes.or_else(|| number(value)),
            b"externalId" => keep(&mut facts.session, line, value),
            b"reason" => keep(&mut facts.reason, line, value),
            _ => {}
        }
    }
    facts.vendor = text(line, header.vendor);
    facts.product = text(line, header.product);
    facts.device = text(line, either(fields.host, fields.address));
    facts.stamp = [fields.receipt, fields.end, fields.start]
        .into_iter()
        .map(|written| stamps.body(written, time))
        .find(|&stamp| stamp != Stamp::None)
        .unwrap_or_default();
    let (login, given_domain) = if fields.suser.is_empty() {
        (either(fields.duser, fields.user), fields.destination_domain)
    } else {
        (fields.suser, fields.source_domain)
    };
    let (user, domain) = split_login(login);
    facts.user = text(line, user);
    facts.domain = text(line, either(domain, given_domain));
    facts.action = text(line, either(fields.act, header.name));
    let flow = facts.source_ip.is_some() && facts.destination_ip.is_some();
    (facts.kind, facts.verdict) = kind(fields.act, fields.outcome, header.name, flow);
    Some(())
}

/// The first of two equal keys counts: what comes later may stand inside a value that nobody escaped.
fn first<'a>(field: &mut &'a [u8], value: &'a [u8]) {
    if field.is_empty() {
        *field = value;
    }
}

fn keep<'a>(field: &mut Text, line: &Line<'a>, value: &'a [u8]) {
    if field.is_empty() {
        *field = text(line, value);
    }
}

fn either<'a>(one: &'a [u8], other: &'a [u8]) -> &'a [u8] {
    if one.is_empty() { other } else { one }
}

fn text<'a>(line: &Line<'a>, value: &'a [u8]) -> Text {
    line.escaped(value, Escape::Cef)
}

/// `1795038067000`, `Nov 20 2026 22:41:07`, `Nov 20 2026 22:41:07.123 CET`, `2026-11-20T21:41:07Z`
fn time(text: &[u8]) -> Stamp {
    if text.iter().all(u8::is_ascii_digit) { stamp::epoch(text) } else { stamp::any(text) }
}

/// What an event is, and for traffic whether it was let through.
fn kind(act: &[u8], outcome: &[u8], name: &[u8], flow: bool) -> (Kind, Option<Verdict>) {
    if let Some(verb) = (if act.is_empty() { verb(name) } else { verb(act) }) {
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

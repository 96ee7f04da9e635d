//! `FreeRADIUS` 2.x to 3.2: log file and syslog, and the lines that its `linelog` writes as delivered.
//!
//! Its authors document `log { auth = yes }` in `radiusd.conf`: these are the texts of `src/main/auth.c` and `log.c`, and those of
//! `mods-available/linelog`.
//!
//! `(7)` is the number of the request; one request may be refused twice over, as `Invalid user` and as `Login incorrect`.
//! The name is not escaped and may hold `] (from client …`: what the server writes behind it is the last such part. What stands
//! before it, the reason, is the server's own.

use memchr::{memchr, memrchr};

use crate::atoms::{cut, find, ip, ip_port, number, rfind, trim, trim_start, until};
use crate::formats::Format;
use crate::{About, Dress, Escape, Facts, Kind, Line, Stamps, stamp};

/// `FreeRADIUS`'s line of the table of formats.
pub(super) const FORMAT: Format = Format {
    name: "freeradius",
    vendor: "FreeRADIUS",
    product: "FreeRADIUS",
    covers: "FreeRADIUS: accepted and refused logins; accounting and answers as linelog writes them; radiusd -X",
    dresses: Dress::SPEECH,
    looks_like,
    parse,
};

/// How messages about a login begin, and what they mean.
const VERDICTS: &[(&[u8], Kind)] = &[
    (b"Login OK", Kind::LoginSuccess),
    (b"Login incorrect", Kind::LoginFailure),
    (b"Invalid user", Kind::LoginFailure),
    (b"Rejected in post-auth", Kind::LoginFailure),
    (b"Multiple logins", Kind::LoginFailure),
];

/// What `linelog` writes of each answer.
const ANSWERS: &[(&[u8], Kind)] =
    &[(b"Accepted user: ", Kind::LoginSuccess), (b"Rejected user: ", Kind::LoginFailure), (b"Sent challenge: ", Kind::Other)];

/// What `linelog` writes of each accounting request.
const ACCOUNTING: &[(&[u8], Kind)] = &[(b"Connect: [", Kind::SessionStart), (b"Disconnect: [", Kind::SessionEnd)];

const CLIENT: &[u8] = b"] (from client ";

fn looks_like(line: &Line<'_>) -> bool {
    let app = line.head.app;
    if matches!(app, b"radiusd" | b"freeradius" | b"radius") {
        return true;
    }
    let (id, text) = message(line.body);
    app.is_empty()
        && (verdict(text).is_some_and(|(_, _, rest)| find(rest, CLIENT).is_some())
            || accounting(text).is_some()
            || line.head.stamp.is_empty() && !id.is_empty()
            || text.starts_with(b"Ignoring request to ") && find(text, b" from unknown client ").is_some()
            || is_weekday_stamp(line.head.stamp) && line.head.after_stamp == line.body && level(line.body).is_some())
}

/// `Fri Nov 20 22:41:07 2026`, which the log file has in front.
fn is_weekday_stamp(stamp: &[u8]) -> bool {
    matches!(stamp, [_, _, _, b' ', _, _, _, b' ', ..])
}

/// What follows the level of a log file: `: Auth: …`, `Info: …` (the envelope drops the colon behind a stamp)
fn level(body: &[u8]) -> Option<&[u8]> {
    let rest = body.strip_prefix(b": ").unwrap_or(body);
    [b"Auth: ".as_slice(), b"Info: ", b"Error: ", b"Proxy: ", b"Warning: ", b"WARNING: ", b"ERROR: ", b"Acct: ", b"Debug: "]
        .into_iter()
        .find_map(|level| rest.strip_prefix(level))
}

/// Number of the request and message: `(7) Login OK: …`, `[7] Login OK: …`
fn message(body: &[u8]) -> (&[u8], &[u8]) {
    // A stamp of the body: behind a syslog head, or where the envelope found none.
    let body = cut(body, stamp::extent(body)).1;
    let body = trim_start(body);
    let text = trim_start(level(body).unwrap_or(body));
    let numbered = text.strip_prefix(b"(").and_then(|rest| until(rest, b')'));
    match numbered.filter(|(id, _)| number::<u64>(trim(id)).is_some()) {
        Some((id, rest)) => (trim(id), trim_start(rest)),
        None => (&[], text),
    }
}

/// Verdict, its words, and what follows them.
fn verdict(text: &[u8]) -> Option<(Kind, &[u8], &[u8])> {
    let (words, kind) = VERDICTS.iter().find(|(words, _)| text.starts_with(words))?;
    let (words, rest) = cut(text, words.len());
    Some((*kind, words, rest))
}

fn parse(line: &Line<'_>, stamps: &mut Stamps, facts: &mut Facts) -> Option<()> {
    let own = cut(line.body, stamp::extent(line.body)).0;
    facts.stamp = stamps.body(own, stamp::any);
    let (id, text) = message(line.body);
    if text.is_empty() {
        return None;
    }
    facts.session = line.text(id);
    if let Some((kind, words, rest)) = verdict(text) {
        facts.kind = kind;
        facts.action = line.text(words);
        login(line, rest, facts);
    } else if let Some((words, kind)) = ANSWERS.iter().find(|(words, _)| text.starts_with(words)) {
        let (words, login) = cut(text, words.len());
        facts.kind = *kind;
        facts.action = line.text(cut(words, words.len().saturating_sub(2)).0);
        user(line, trim(login), facts);
    } else if let Some((words, kind, rest)) = accounting(text) {
        facts.kind = kind;
        facts.action = line.text(words);
        session(line, rest, facts);
    } else if let Some(password) = text.strip_prefix(b"User-Password = ") {
        // `radiusd -X` shows what came.
        facts.private = line.text(password);
    } else if text == b"Ready to process requests" {
        facts.about = Some(About::Restart);
    }
    Some(())
}

/// ` (pap: wrong password): [fourn.chimere] (from client vpn-1 port 7 cli 198.51.100.7)`
fn login<'a>(line: &Line<'a>, rest: &'a [u8], facts: &mut Facts) {
    let (reason, rest) = match rest.strip_prefix(b" (") {
        Some(reason) => match find(reason, b"): [") {
            Some(at) => (cut(reason, at).0, cut(reason, at + b"): [".len()).1),
            None => return,
        },
        None => (&[] as &[u8], find(rest, b": [").map_or(&[] as &[u8], |at| cut(rest, at + 3).1)),
    };
    facts.reason = line.text(reason);
    let Some((name, origin)) = rfind(rest, CLIENT).map(|at| cut(rest, at)) else { return };
    user(line, without_password(line, name, facts), facts);
    let origin = cut(origin, CLIENT.len()).1;
    if let Some(caller) = find(origin, b" cli ").map(|at| cut(origin, at + b" cli ".len()).1) {
        // Often a MAC address, which is nobody's place.
        let end = caller.iter().position(|b| matches!(b, b' ' | b')')).unwrap_or(caller.len());
        if let Some((address, port)) = ip_port(cut(caller, end).0) {
            (facts.source_ip, facts.source_port) = (Some(address), port);
        }
    }
}

/// With `auth_badpass = yes` the password follows the name: `[fourn.chimere/Ete2026!]`. One of a machine is `host/pc-1.ght.example`.
fn without_password<'a>(line: &Line<'a>, name: &'a [u8], facts: &mut Facts) -> &'a [u8] {
    let from = if name.starts_with(b"host/") { b"host/".len() } else { 0 };
    match memchr(b'/', cut(name, from).1) {
        Some(at) => {
            facts.private = line.text(cut(name, from + at + 1).1);
            cut(name, from + at).0
        }
        None => name,
    }
}

fn user<'a>(line: &Line<'a>, login: &'a [u8], facts: &mut Facts) {
    let login = trim(login);
    if login != b"<no User-Name attribute>" {
        line.login(login, Escape::None, facts);
    }
}

/// Kind, words, and what follows `Connect: [`.
fn accounting(text: &[u8]) -> Option<(&[u8], Kind, &[u8])> {
    let (words, kind) = ACCOUNTING.iter().find(|(words, _)| text.starts_with(words))?;
    let (words, rest) = cut(text, words.len());
    rfind(rest, b"] (did ")?;
    Some((cut(words, words.len().saturating_sub(3)).0, *kind, rest))
}

/// `Disconnect: [fourn.chimere] (did vpn-1 cli 198.51.100.7 port 7 ip 10.99.0.6) 1260 seconds`
fn session<'a>(line: &Line<'a>, rest: &'a [u8], facts: &mut Facts) {
    let Some((name, rest)) = rfind(rest, b"] (did ").map(|at| cut(rest, at)) else { return };
    user(line, name, facts);
    let after = |key: &[u8]| {
        let value = find(rest, key).map(|at| cut(rest, at + key.len()).1)?;
        Some(cut(value, value.iter().position(|b| matches!(b, b' ' | b')')).unwrap_or(value.len())).0)
    };
    facts.source_ip = after(b" cli ").and_then(ip);
    facts.assigned_ip = after(b" ip ").and_then(ip).filter(|address| !address.is_unspecified());
    let seconds = rest.strip_suffix(b" seconds").and_then(|rest| number::<u64>(cut(rest, memrchr(b' ', rest)? + 1).1));
    facts.duration = seconds.and_then(|seconds| seconds.checked_mul(1_000_000_000));
}

//! Apache Guacamole: the web application (in Tomcat's log or a syslog) and its proxy daemon.
//!
//! Guacamole documents no messages: these are the texts of `AuthenticationService` and `TunnelRequestService` of guacamole-client, and of
//! guacd.

use memchr::{memchr_iter, memrchr};

use crate::atoms::{cut, find, ip, number, rfind, trim, until};
use crate::formats::Format;
use crate::stamp::{Civil, month_of};
use crate::{About, Dress, Escape, Facts, Kind, Line, Stamp, Stamps};

/// Guacamole's line of the table of formats.
pub(super) const FORMAT: Format = Format {
    name: "guacamole",
    vendor: "Apache",
    product: "Guacamole",
    covers: "Apache Guacamole: logins, connections (log of the web application, Tomcat's, guacd's)",
    dresses: Dress::TEXT,
    looks_like,
    parse,
};

/// Bytes within which a log names its writer.
const BEGINNING: usize = 160;

fn looks_like(line: &Line<'_>) -> bool {
    let (beginning, _) = cut(line.body, BEGINNING);
    line.head.app == b"guacd" || beginning.starts_with(b"guacd[") || names_writer(beginning) || {
        const ATTEMPT: &[u8] = b"Authentication attempt from ";
        find(line.body, ATTEMPT).is_some_and(|_| message(line.body).starts_with(ATTEMPT)) && find(line.body, b" for user \"").is_some()
    }
}

/// The classes that write, cut at their first dot: lines have few dots, and hardly any that go on like these.
const WRITERS: &[(&[u8], &[u8])] = &[
    (b"o", b".a.g."),
    (b"org", b".apache.guacamole."),
    (b"org", b".glyptodon.guacamole."),
    (b"net", b".sourceforge.guacamole."),
    (b"org", b".apache.catalina."),
    (b"org", b".apache.coyote."),
    (b"org", b".apache.tomcat."),
];

fn names_writer(text: &[u8]) -> bool {
    memchr_iter(b'.', text).any(|at| {
        let (before, rest) = cut(text, at);
        matches!(rest, [_, b'a' | b'g' | b's', ..])
            && WRITERS.iter().any(|(first, others)| before.ends_with(first) && rest.starts_with(others))
    })
}

/// What stands behind the writer's name is the message: ` - ` in the log of the application, `WARNING: ` on a line of its own in those of
/// old versions. What stands in front of it is written by the program alone.
fn message(body: &[u8]) -> &[u8] {
    let level = [b"SEVERE: " as &[u8], b"WARNING: ", b"INFO: "].into_iter().find_map(|level| body.strip_prefix(level));
    trim(level.unwrap_or_else(|| find(body, b" - ").map_or(body, |at| cut(body, at + 3).1)))
}

/// `[http-nio-8080-exec-9] INFO  o.a.g.r.auth.AuthenticationService - User "fourn.chimere" successfully authenticated from [198.51.100.23, 10.1.1.5].`
fn parse(line: &Line<'_>, _: &mut Stamps, facts: &mut Facts) -> Option<()> {
    facts.stamp = tomcat(line.body);
    let text = message(line.body);
    if started(line.body) {
        facts.about = Some(About::Restart);
    } else if let Some(rest) = text.strip_prefix(b"Authentication attempt from ") {
        // The addresses are checked before they are written, the name is not.
        let (addresses, rest) = cut(rest, find(rest, b" for user \"")?);
        let (_, name) = cut(rest, b" for user \"".len());
        attempt(line, cut(name, memrchr(b'"', name)?).0, addresses, Kind::LoginFailure, facts);
    } else if let Some(rest) = text.strip_prefix(b"Anonymous authentication attempt from ") {
        attempt(line, &[], cut(rest, rfind(rest, b" failed").unwrap_or(rest.len())).0, Kind::LoginFailure, facts);
    } else if let Some(rest) = text.strip_prefix(b"User \"") {
        user(line, rest, facts);
    }
    Some(())
}

fn attempt<'a>(line: &Line<'a>, login: &'a [u8], addresses: &[u8], kind: Kind, facts: &mut Facts) {
    if login != b"null" {
        line.login(login, Escape::None, facts);
    }
    facts.source_ip = client(addresses);
    facts.kind = kind;
}

/// Behind `User "`.
fn user<'a>(line: &Line<'a>, rest: &'a [u8], facts: &mut Facts) {
    const IN: &[u8] = b"\" successfully authenticated from ";
    const UP: &[u8] = b"\" connected to ";
    const DOWN: &[u8] = b"\" disconnected from ";
    let at = |sign: &[u8]| rfind(rest, sign).map(|at| (cut(rest, at).0, cut(rest, at + sign.len()).1));
    if let Some((login, addresses)) = at(IN) {
        attempt(line, login, addresses, Kind::LoginSuccess, facts);
    } else if let Some((login, what)) = at(DOWN) {
        line.login(login, Escape::None, facts);
        facts.kind = Kind::SessionEnd;
        facts.target = line.text(quoted(what));
        // `Duration: 4668123 milliseconds`
        facts.duration =
            crate::atoms::between(what, b"Duration: ", b" milliseconds").and_then(number::<u64>).and_then(|ms| ms.checked_mul(1_000_000));
    } else if let Some((login, what)) = at(UP) {
        line.login(login, Escape::None, facts);
        facts.kind = Kind::SessionStart;
        facts.target = line.text(quoted(what));
    } else if let Some((login, _)) = at(b"\" logged out").or_else(|| at(b"\" has logged out")) {
        line.login(login, Escape::None, facts);
        facts.kind = Kind::Logout;
    }
}

/// `connection "5".`, `connection group "labo". Duration: …`
fn quoted(text: &[u8]) -> &[u8] {
    crate::atoms::between(text, b"\"", b"\"").unwrap_or_default()
}

/// The client among `[198.51.100.23, 10.1.1.5]`: what it said of itself, and at the end the proxy that connects. The last but one is
/// what that proxy saw, so it is no invention.
fn client(addresses: &[u8]) -> Option<std::net::IpAddr> {
    let addresses = trim(addresses.strip_suffix(b".").unwrap_or(addresses));
    match addresses.strip_prefix(b"[").and_then(|list| list.strip_suffix(b"]")) {
        Some(list) => list.rsplit(|&b| b == b',').nth(1).or(Some(list)).and_then(|address| ip(trim(address))),
        None => ip(addresses),
    }
}

/// Tomcat is up (`Server startup in [4711] milliseconds`), or guacd (`Guacamole proxy daemon (guacd) version 1.5.5 started`).
fn started(body: &[u8]) -> bool {
    find(body, b".Catalina.start Server startup in ").is_some()
        || find(body, b"Guacamole proxy daemon (guacd) version ").is_some_and(|_| trim(body).ends_with(b" started"))
}

/// `20-Nov-2026 22:41:07.123 INFO [main] …`, in the server's zone.
fn tomcat(body: &[u8]) -> Stamp {
    let read = || {
        let (day, rest) = until(body, b'-')?;
        let (month, rest) = until(rest, b'-')?;
        let (year, rest) = until(rest, b' ')?;
        let (clock, _) = until(rest, b' ')?;
        let (hour, clock) = until(clock, b':')?;
        let (minute, clock) = until(clock, b':')?;
        let (second, millis) = until(clock, b'.')?;
        Some(Civil {
            year: Some(number(year)?),
            month: month_of(month)?,
            day: number(day)?,
            hour: number(hour)?,
            minute: number(minute)?,
            second: number(second)?,
            nanos: number::<u32>(millis).filter(|millis| *millis < 1_000)? * 1_000_000,
            offset: None,
        })
    };
    read().map_or(Stamp::None, Civil::stamp)
}

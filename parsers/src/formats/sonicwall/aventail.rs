//! SMA 1000, once Aventail: the system message log and the audit logs of its services.

use crate::atoms::{cut, find, ip, ip_port, number, rfind, says, trim, trim_start, until};
use crate::stamp::{self, Civil, Stamp};
use crate::{Facts, Kind, Line, Stamps};

/// `[20/Nov/2026:22:41:07.788422 +0100] sma-1 003746 ps 0000020a Info    Session …`, or
/// `198.51.100.23:51505 - "(fourn.chimere)@(PRESTA)" [20/Nov/2026:22:41:07 +0100] …`
pub(super) fn looks_like(line: &Line<'_>) -> bool {
    message(line.body).is_some() || audit(line.body).is_some()
}

/// A line of the system message log.
struct Message<'a> {
    stamp: &'a [u8],
    host: &'a [u8],
    text: &'a [u8],
}

fn message(body: &[u8]) -> Option<Message<'_>> {
    let (stamp, rest) = until(body.strip_prefix(b"[")?, b']')?;
    let (host, rest) = word(rest)?;
    let (pid, rest) = word(rest)?;
    let (service, rest) = word(rest)?;
    let (id, text) = word(rest)?;
    let right = pid.len() == 6
        && pid.iter().all(u8::is_ascii_digit)
        && service.len() == 2
        && id.len() == 8
        && id.iter().all(u8::is_ascii_hexdigit)
        && stamp.len() > 20;
    right.then_some(Message { stamp, host, text })
}

fn word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    until(trim_start(text), b' ')
}

/// A line of an audit log: source, what stands between it and the login, stamp, and what follows.
struct Audit<'a> {
    source: &'a [u8],
    login: &'a [u8],
    stamp: &'a [u8],
}

fn audit(body: &[u8]) -> Option<Audit<'_>> {
    if !body.first().is_some_and(u8::is_ascii_hexdigit) {
        return None;
    }
    let (source, rest) = until(body, b' ')?;
    ip_port(source)?;
    let (_, login) = cut(rest, find(cut(rest, 24).0, b"\"(")?);
    // The login ends where the stamp begins, the last place that looks like it: a name may hold one.
    let end = rfind(login, b")\" [")?;
    let (login, rest) = cut(login, end + 1);
    let (stamp, _) = until(rest.strip_prefix(b"\" [")?, b']')?;
    find(login, b")@(").is_some().then_some(Audit { source, login, stamp })
}

pub(super) fn parse(line: &Line<'_>, stamps: &mut Stamps, facts: &mut Facts) -> Option<()> {
    if let Some(audit) = audit(line.body) {
        facts.stamp = stamps.body(audit.stamp, time);
        if let Some((ip, port)) = ip_port(audit.source) {
            (facts.source_ip, facts.source_port) = (Some(ip), port);
        }
        login(line, audit.login, facts);
        return Some(());
    }
    let message = message(line.body)?;
    facts.stamp = stamps.body(message.stamp, time);
    facts.device = line.text(message.host);
    login(line, message.text, facts);
    let any = |words: &[&[u8]]| words.iter().any(|words| says(message.text, words));
    facts.kind = match () {
        () if facts.user.is_empty() => Kind::Other,
        () if any(&[
            b"authentication fail",
            b"login fail",
            b"login denied",
            b"authentication denied",
            b"failed to authenticate",
            b"bad credentials",
        ]) =>
        {
            Kind::LoginFailure
        }
        () if any(&[b"authentication success", b"login success", b"authenticated", b"logged in"]) => Kind::LoginSuccess,
        () if any(&[b"logged out", b"logout", b"logged off"]) => Kind::Logout,
        () if any(&[b"session"]) && any(&[b"ended", b"terminated", b"expired", b"timed out"]) => Kind::SessionEnd,
        () => Kind::Other,
    };
    if facts.kind == Kind::LoginFailure {
        facts.reason = line.text(trim(message.text));
    }
    facts.source_ip = after(message.text, b"from ").or_else(|| after(message.text, b"client ip "));
    Some(())
}

/// The address behind the last `words`.
fn after(text: &[u8], words: &[u8]) -> Option<std::net::IpAddr> {
    let (_, rest) = cut(text, rfind(text, words)? + words.len());
    let end = rest.iter().position(|&b| !(b.is_ascii_hexdigit() || matches!(b, b'.' | b':'))).unwrap_or(rest.len());
    let (address, _) = cut(rest, end);
    ip(address.strip_suffix(b".").unwrap_or(address)).or_else(|| ip_port(address).map(|(ip, _)| ip))
}

/// `(fourn.chimere)@(PRESTA)`: the last realm, for a name may hold one.
fn login<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    let Some(at) = rfind(text, b")@(") else { return };
    let (before, rest) = cut(text, at);
    let (realm, _) = until(cut(rest, 3).1, b')').unwrap_or_default();
    let name = find(before, b"(").map_or(before, |at| cut(before, at + 1).1);
    line.login(name, crate::Escape::None, facts);
    facts.group = line.text(realm);
}

/// `20/Nov/2026:22:41:07.788422 +0100`
fn time(text: &[u8]) -> Stamp {
    let read = || {
        let (date, clock) = until(text, b':')?;
        let (clock, zone) = until(clock, b' ').unwrap_or((clock, &[]));
        let (day, rest) = until(date, b'/')?;
        let (month, year) = until(rest, b'/')?;
        let (hour, rest) = until(clock, b':')?;
        let (minute, second) = until(rest, b':')?;
        let (second, _) = until(second, b'.').unwrap_or((second, &[]));
        let civil = Civil {
            year: Some(i32::from(number::<u16>(year)?)),
            month: stamp::month_of(month)?,
            day: number(day)?,
            hour: number(hour)?,
            minute: number(minute)?,
            second: number(second)?,
            ..Civil::default()
        };
        Some(civil.stamp().in_zone(stamp::zone(zone)))
    };
    read().unwrap_or_default()
}

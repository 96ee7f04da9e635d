//! `NetScreen` and SSG firewalls, whose system is `ScreenOS`.
//!
//! `NetScreen device_id=ns-1 [Root]system-warning-00515: Admin user claire has logged on via SSH from 10.1.0.4:53219`: the number is
//! the message's. Juniper, "`ScreenOS` Message Log Reference Guide" (5.4 to 6.3).
//!
//! The sentences have names in the middle, as they came: the device's words are looked for from the end.

use crate::atoms::{Pair, Pairs, between, cut, find, ip, ip_port, number, rfind, trim, trim_start, until};
use crate::formats::Format;
use crate::{About, Dress, Escape, Facts, Kind, Line, Stamps, Verdict, stamp};

/// The format's line in [`crate::FORMATS`].
pub(super) const FORMAT: Format = Format {
    name: "netscreen",
    vendor: "Juniper",
    product: "ScreenOS",
    covers: "NetScreen and SSG firewalls (ScreenOS): traffic, XAuth and firewall users, administrators and their changes",
    dresses: Dress::SPEECH,
    looks_like,
    parse,
};

const MARK: &[u8] = b"NetScreen device_id=";

fn looks_like(line: &Line<'_>) -> bool {
    Message::read(line.body).is_some()
}

/// What stands behind the mark.
struct Message<'a> {
    device: &'a [u8],
    /// `00257`
    number: &'a [u8],
    text: &'a [u8],
}

impl<'a> Message<'a> {
    /// Reads `NetScreen device_id=ns-1  [Root]system-notification-00257(traffic): …`, with a name before it or not.
    fn read(body: &'a [u8]) -> Option<Message<'a>> {
        let start = find(cut(body, 64 + MARK.len()).0, MARK)?;
        let (device, rest) = until(cut(body, start + MARK.len()).1, b' ')?;
        let (place, text) = cut(rest, find(rest, b": ")?);
        // The virtual system may have any name.
        let (_, kind) = cut(place, rfind(place, b"system-")?);
        let kind = kind.strip_suffix(b"(traffic)").unwrap_or(kind);
        let number = kind.rsplit(|&b| b == b'-').next().filter(|number| !number.is_empty() && number.iter().all(u8::is_ascii_digit))?;
        Some(Message { device, number, text: trim_start(cut(text, 2).1) })
    }
}

fn parse(line: &Line<'_>, stamps: &mut Stamps, facts: &mut Facts) -> Option<()> {
    let Message { device, number, text } = Message::read(line.body)?;
    facts.device = line.text(device);
    facts.action = line.text(number);
    if number == b"00257" {
        traffic(line, text, stamps, facts);
        return Some(());
    }
    // `… (2026-11-20 22:41:07)`
    let (text, time) = match rfind(text, b" (20").map(|at| cut(text, at)) {
        Some((text, time)) if time.len() >= 21 => (text, time.get(2..21).unwrap_or_default()),
        _ => (text, &[] as &[u8]),
    };
    facts.stamp = stamps.body(time, stamp::any);
    if let Some(rest) = text.strip_prefix(b"IKE ").or_else(|| text.strip_prefix(b"IKE<")) {
        tunnel(line, rest, facts);
    } else if !(administrator(line, text, facts) || user(line, text, facts)) {
        change(line, number, text, facts);
    }
    Some(())
}

/// `start_time="2026-11-20 22:41:07" duration=33 … action=Permit sent=5120 rcvd=2081 src=10.99.0.6 dst=10.20.4.11 src_port=51505
/// dst_port=3389 … session_id=4711 reason=Close - TCP FIN`
fn traffic<'a>(line: &Line<'a>, text: &'a [u8], stamps: &mut Stamps, facts: &mut Facts) {
    facts.kind = Kind::Traffic;
    for Pair { key, value, .. } in Pairs::new(text) {
        match key {
            // When the line was written, the head knows better.
            b"start_time" if line.head.stamp.is_empty() => facts.stamp = stamps.body(value, stamp::any),
            b"duration" => facts.duration = number::<u64>(value).and_then(|seconds| seconds.checked_mul(1_000_000_000)),
            b"action" => {
                facts.action = line.text(value);
                facts.verdict = Some(if matches!(value, b"Permit" | b"Tunnel") { Verdict::Allowed } else { Verdict::Denied });
            }
            b"sent" => facts.source_bytes = number(value),
            b"rcvd" => facts.destination_bytes = number(value),
            b"src" => facts.source_ip = ip(value),
            b"dst" => facts.destination_ip = ip(value),
            b"src_port" => facts.source_port = number(value),
            b"dst_port" => facts.destination_port = number(value),
            b"session_id" if value != b"0" => facts.session = line.text(value),
            _ => {}
        }
    }
    if let Some(at) = find(text, b" reason=") {
        let reason = cut(text, at + 8).1;
        facts.reason = line.text(trim(cut(reason, find(reason, b"<000>").unwrap_or(reason.len())).0));
    }
}

/// `198.51.100.23: XAuth login was passed for gateway gw-presta, username fourn.chimere, retry: 0, Client IP Addr 10.99.0.6, …`,
/// `198.51.100.23: XAuth login expired and was terminated for username fourn.chimere at 10.99.0.6/255.255.255.255`
fn tunnel<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    let end = text.iter().position(|b| matches!(b, b' ' | b'>' | b',')).unwrap_or(text.len());
    let (address, rest) = cut(text, end);
    let far = ip(address.strip_suffix(b":").unwrap_or(address));
    let rest = trim_start(rest.strip_prefix(b">").unwrap_or(rest));
    let Some(said) = rest.strip_prefix(b"XAuth login ") else {
        facts.peer = far;
        return;
    };
    facts.source_ip = far;
    let Some((said, login)) = find(said, b"username ").map(|at| (cut(said, at).0, cut(said, at + 9).1)) else { return };
    facts.group = line.text(between(said, b"gateway ", b",").unwrap_or_default());
    let begins = |words: &[&[u8]]| words.iter().any(|words| said.starts_with(words));
    facts.kind = match () {
        () if begins(&[b"was passed"]) => Kind::LoginSuccess,
        () if begins(&[b"failed", b"was refused", b"was aborted", b"timed out", b"was failed"]) => Kind::LoginFailure,
        () if begins(&[b"expired", b"was terminated", b"was finished"]) => Kind::SessionEnd,
        () => Kind::Other,
    };
    let end = rfind(login, b", retry: ").or_else(|| rfind(login, b" at ")).unwrap_or(login.len());
    let (login, rest) = cut(login, end);
    line.login(login.strip_suffix(b".").unwrap_or(login), Escape::None, facts);
    let inner = between(rest, b"Client IP Addr ", b",").or_else(|| rest.strip_prefix(b" at ").map(|rest| before(rest, b'/')));
    facts.assigned_ip = inner.and_then(ip).filter(|address| !address.is_unspecified());
}

/// `Admin user claire has logged on via SSH from 10.1.0.4:53219`, `Admin user "claire" login attempt for Web(https) management (port
/// 443) from 10.1.0.4:53219 failed.`, `ADM: Local admin authentication failed for login name 'claire': invalid password`
fn administrator<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) -> bool {
    if let Some(rest) = text.strip_prefix(b"ADM: Local admin authentication ") {
        let (failed, Some(at)) = (rest.starts_with(b"failed"), find(rest, b"login name ")) else { return false };
        facts.kind = if failed { Kind::LoginFailure } else { Kind::LoginSuccess };
        let name = cut(rest, at + 11).1;
        let (name, reason) = match rfind(name, b": ").filter(|_| failed).map(|at| cut(name, at)) {
            Some((name, reason)) => (name, cut(reason, 2).1),
            None => (name, &[] as &[u8]),
        };
        line.login(unquoted(name), Escape::None, facts);
        facts.reason = line.text(reason);
        return true;
    }
    let Some(rest) = text.strip_prefix(b"Admin user ").or_else(|| text.strip_prefix(b"ADMIN user ")) else { return false };
    let words = [
        (b" login attempt for ".as_slice(), Kind::LoginFailure),
        (b" has logged on ", Kind::LoginSuccess),
        (b" logged in ", Kind::LoginSuccess),
        (b" has logged out ", Kind::Logout),
        (b" has logged off ", Kind::Logout),
        (b" logged out ", Kind::Logout),
    ];
    let Some((at, kind)) = words.into_iter().find_map(|(words, kind)| Some((rfind(rest, words)?, kind))) else { return false };
    let (login, how) = cut(rest, at);
    facts.kind = match kind {
        Kind::LoginFailure if find(how, b" failed").is_none() => Kind::Other,
        kind => kind,
    };
    line.login(unquoted(login), Escape::None, facts);
    place(rfind(how, b" from ").map(|at| cut(how, at + 6).1).unwrap_or_default(), facts);
    true
}

/// Firewall users: `User fourn.chimere at 198.51.100.23 has been accepted via the RADIUS server at 10.1.1.20.`
fn user<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) -> bool {
    let Some(rest) = text.strip_prefix(b"User ") else { return false };
    for (words, kind) in [
        (b" been rejected via ".as_slice(), Kind::LoginFailure),
        (b" is rejected via ", Kind::LoginFailure),
        (b" been accepted via ", Kind::LoginSuccess),
        (b" is accepted via ", Kind::LoginSuccess),
    ] {
        let Some((who, _)) = rfind(rest, words).map(|at| cut(rest, at)) else { continue };
        let who = who.strip_suffix(b" has").unwrap_or(who);
        facts.kind = kind;
        let (login, address) = cut(who, rfind(who, b" at ").unwrap_or(who.len()));
        line.login(login, Escape::None, facts);
        facts.source_ip = address.strip_prefix(b" at ").and_then(ip);
        return true;
    }
    false
}

/// `Policy (12, VPN->Trust, …) was modified by claire via web from host 10.1.0.4 to 10.1.0.1:443.`, `System was reset at … by claire`
fn change<'a>(line: &Line<'a>, number: &[u8], text: &'a [u8], facts: &mut Facts) {
    if number == b"00767" && (text.starts_with(b"System was reset") || text.starts_with(b"System is operational")) {
        facts.about = Some(About::Restart);
        return;
    }
    let Some((what, rest)) = rfind(text, b" via ").map(|at| cut(text, at)) else { return };
    let Some((what, who)) = rfind(what, b" by ").map(|at| cut(what, at)) else { return };
    let who = cut(who, 4).1;
    line.login(unquoted(who.strip_prefix(b"admin ").unwrap_or(who)), Escape::None, facts);
    facts.about = Some(About::Configuration);
    facts.target = line.text(what);
    place(between(rest, b" from host ", b" ").unwrap_or_default(), facts);
}

/// `10.1.0.4:53219 failed.`, `10.1.0.4`
fn place(text: &[u8], facts: &mut Facts) {
    let place = before(text, b' ');
    if let Some((address, port)) = ip_port(place.strip_suffix(b".").unwrap_or(place)) {
        (facts.source_ip, facts.source_port) = (Some(address), port);
    }
}

/// What stands before the first `end`.
fn before(text: &[u8], end: u8) -> &[u8] {
    until(text, end).map_or(text, |(before, _)| before)
}

/// `text` without the quotes around it.
fn unquoted(text: &[u8]) -> &[u8] {
    let within = |quote: &[u8]| text.strip_prefix(quote)?.strip_suffix(quote);
    within(b"'").or_else(|| within(b"\"")).unwrap_or(text)
}

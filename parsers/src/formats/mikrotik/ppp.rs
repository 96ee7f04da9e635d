//! What `RouterOS` tells of people behind a tunnel: PPP in all its kinds, IKE, hotspot.

use super::{at_last, user};
use crate::atoms::{cut, find, ip, number, rfind, trim, until};
use crate::{Facts, Kind, Line};

/// Kinds of PPP, as the name of a user's interface begins: `<l2tp-fourn.chimere>`.
const KINDS: &[&[u8]] = &[b"l2tp-", b"pptp-", b"sstp-", b"ovpn-", b"pppoe-", b"ppp-"];

/// `fourn.chimere logged in, 10.99.0.6 from 198.51.100.7`, `fourn.chimere logged out, 1260 1234 5678 10 20 from 198.51.100.7`, `<l2tp-fourn.chimere>: connected`
pub(super) fn read<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    if let Some((name, state)) = text.strip_prefix(b"<").and_then(|rest| at_last(rest, b">: ").or_else(|| until(rest, b'>'))) {
        interface(line, name, trim(state), facts);
    } else if let Some((name, rest)) = at_last(text, b" logged in, ") {
        facts.kind = Kind::SessionStart;
        facts.action = line.text(trim(cut(cut(text, name.len()).1, b" logged in".len()).0));
        let (inner, place) = at_last(rest, b" from ").unwrap_or((rest, &[]));
        facts.assigned_ip = ip(trim(inner));
        facts.source_ip = ip(trim(place));
        user(line, name, facts);
    } else if let Some((name, rest)) = at_last(text, b" logged out, ") {
        facts.kind = Kind::SessionEnd;
        facts.action = line.text(trim(cut(cut(text, name.len()).1, b" logged out".len()).0));
        let (figures, place) = at_last(rest, b" from ").unwrap_or((rest, &[]));
        facts.source_ip = ip(trim(place));
        let mut figures = figures.split(|&b| b == b' ').map(number::<u64>);
        facts.duration = figures.next().flatten().and_then(|seconds| seconds.checked_mul(1_000_000_000));
        // In and out are the router's.
        facts.source_bytes = figures.next().flatten();
        facts.destination_bytes = figures.next().flatten();
        user(line, name, facts);
    } else if let Some((_, place)) = at_last(text, b" from ") {
        // `TCP connection established from 198.51.100.7`, `first L2TP UDP packet received from 198.51.100.7`
        facts.source_ip = ip(trim(place));
    }
}

/// `<l2tp-fourn.chimere>: authenticated`, `<198.51.100.7>: user fourn.chimere authentication failed - wrong password`
fn interface<'a>(line: &Line<'a>, name: &'a [u8], state: &'a [u8], facts: &mut Facts) {
    if let Some((who, failed)) = state.strip_prefix(b"user ").and_then(|rest| Some(cut(rest, rfind(rest, b" authentication failed")?))) {
        facts.kind = Kind::LoginFailure;
        let (action, reason) = cut(failed, b" authentication failed".len());
        facts.action = line.text(trim(action));
        facts.reason = line.text(trim(reason.strip_prefix(b" - ").unwrap_or(reason)));
        facts.source_ip = ip(name);
        user(line, who, facts);
        return;
    }
    facts.source_ip = ip(name);
    if let Some(who) = KINDS.iter().find_map(|kind| name.strip_prefix(*kind)).filter(|who| !who.iter().all(u8::is_ascii_digit)) {
        user(line, who, facts);
        facts.session = line.text(name);
    }
    let (word, reason) = find(state, b" - ").map_or((state, &[] as &[u8]), |at| (cut(state, at).0, cut(state, at + 3).1));
    facts.action = line.text(word.strip_suffix(b"...").unwrap_or(word));
    facts.reason = line.text(reason);
    facts.kind = match word {
        b"authenticated" => Kind::LoginSuccess,
        b"connected" => Kind::SessionStart,
        b"disconnected" => Kind::SessionEnd,
        _ => Kind::Other,
    };
}

/// `fourn.chimere (10.30.0.7): logged in`, `… : logged out: lost dhcp lease`, `… : login failed: invalid username or password`
pub(super) fn hotspot<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    const STATES: &[(&[u8], Kind)] = &[
        (b"): logged in", Kind::LoginSuccess),
        (b"): login failed", Kind::LoginFailure),
        (b"): logged out", Kind::Logout),
        (b"): trying to log in", Kind::Other),
    ];
    let found = STATES.iter().filter_map(|(words, kind)| Some((rfind(text, words)?, *words, *kind))).max_by_key(|(at, ..)| *at);
    let Some((at, words, kind)) = found else { return };
    let (before, rest) = cut(text, at);
    let Some((name, address)) = at_last(before, b" (") else { return };
    facts.kind = kind;
    facts.source_ip = ip(address);
    let name = find(name, b"->: ").map_or(name, |at| cut(name, at + 4).1);
    user(line, name, facts);
    let (action, reason) = cut(rest, words.len());
    facts.action = line.text(cut(action, b"): ".len()).1);
    facts.reason = line.text(trim(reason.strip_prefix(b":").unwrap_or_default()));
}

/// `acquired 10.99.0.6 address for 198.51.100.7, fourn.chimere`, `peer authorized: 192.0.2.1[4500]-198.51.100.7[4500] spi:…`,
/// `killing ike2 SA: 192.0.2.1[4500]-198.51.100.7[4500] spi:…`, `releasing address 10.99.0.6`
pub(super) fn ipsec<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    if let Some((inner, rest)) = text.strip_prefix(b"acquired ").and_then(|rest| Some(cut(rest, find(rest, b" address for ")?))) {
        facts.kind = Kind::SessionStart;
        facts.assigned_ip = ip(inner);
        let rest = cut(rest, b" address for ".len()).1;
        let (place, name) = until(rest, b',').unwrap_or((rest, &[]));
        facts.source_ip = ip(trim(place));
        user(line, name, facts);
        return;
    }
    if let Some(inner) = text.strip_prefix(b"releasing address ") {
        facts.kind = Kind::SessionEnd;
        facts.assigned_ip = ip(trim(inner));
        return;
    }
    // IKE knows the other side by its address alone.
    let other = [b"]-".as_slice(), b"]<=>"].into_iter().find_map(|between| Some(cut(text, find(text, between)? + between.len()).1));
    let sides = other.and_then(|other| until(other, b'['));
    facts.source_ip = sides.and_then(|(address, _)| ip(address));
    let failed = [b"identity not found".as_slice(), b"failed to authorize", b"wrong password", b"authentication failed", b"auth failed"];
    facts.kind = match text {
        _ if text.starts_with(b"peer authorized: ") => Kind::LoginSuccess,
        _ if text.starts_with(b"killing ike") || text.starts_with(b"purging ISAKMP-SA") || text.starts_with(b"ISAKMP-SA deleted") => {
            Kind::SessionEnd
        }
        _ if text.starts_with(b"new ike2 SA ") || text.starts_with(b"ISAKMP-SA established") => Kind::SessionStart,
        _ if failed.iter().any(|words| find(text, words).is_some()) => Kind::LoginFailure,
        _ => Kind::Other,
    };
    let end = find(text, b": ").or_else(|| text.iter().position(|&b| b == b'(')).unwrap_or(text.len());
    facts.action = line.text(trim(cut(text, end).0));
}

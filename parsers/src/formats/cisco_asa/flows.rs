//! Flows: their two ends, the verdict, the person.

use std::net::IpAddr;

use memchr::memchr;

use super::subject::{user, word_after};
use crate::atoms::{between, cut, duration, find, ip, number, until};
use crate::{Facts, Kind, Line, Verdict};

/// `Built inbound TCP connection 17 for outside:192.0.2.1/62197 (192.0.2.1/62197)(GHT\u) to inside:10.20.4.11/88 (10.20.4.11/88)`
///
/// `Built outbound` lists the far end first; `Teardown` does not say who began.
pub(super) fn connection<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    facts.kind = Kind::Traffic;
    if !ends(text, b" for ", b" to ", facts) {
        ends(text, b" from ", b" to ", facts);
    }
    built(text, facts);
    facts.duration = word_after(text, b" duration ").and_then(duration);
    identity(line, text, facts);
}

/// `Built inbound ICMP connection for faddr 192.0.2.1/14 gaddr 10.9.0.1/0 laddr 10.20.4.11/0 type 8 code 0`: foreign and local end.
pub(super) fn by_side<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    facts.kind = Kind::Traffic;
    ends(text, b" faddr ", b" laddr ", facts);
    // For ICMP, type and sequence stand where ports do.
    if find(text, b" ICMP ").is_some() {
        (facts.source_port, facts.destination_port) = (None, None);
    }
    built(text, facts);
    facts.duration = word_after(text, b" duration ").and_then(duration);
    identity(line, text, facts);
}

fn built(text: &[u8], facts: &mut Facts) {
    if !text.starts_with(b"Built ") {
        return;
    }
    facts.verdict = Some(Verdict::Allowed);
    if text.starts_with(b"Built outbound ") {
        std::mem::swap(&mut facts.source_ip, &mut facts.destination_ip);
        std::mem::swap(&mut facts.source_port, &mut facts.destination_port);
    }
}

/// `Deny tcp src inside:10.12.3.4/2143 dst outside:192.0.2.1/139 by access-group "inside_in"`
pub(super) fn flow(text: &[u8], from: &[u8], to: &[u8], verdict: Verdict, facts: &mut Facts) {
    facts.kind = Kind::Traffic;
    facts.verdict = Some(verdict);
    ends(text, from, to, facts);
}

/// `access-list A permitted udp in/10.12.3.4(42592) -> out/192.0.2.1(161) hit-cnt 1 first hit [0x0, 0x0]`
pub(super) fn access_list<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    facts.kind = Kind::Traffic;
    let allowed = find(text, b" permitted ").is_some() || find(text, b" est-allowed ").is_some();
    facts.verdict = Some(if allowed { Verdict::Allowed } else { Verdict::Denied });
    let Some(arrow) = find(text, b" -> ") else { return };
    let (before, after) = cut(text, arrow);
    let end = |word: &[u8]| {
        let (address, port) = until(word, b'(').unwrap_or((word, &[]));
        let address = address.rsplit(|&b| b == b'/').next().and_then(ip);
        (address, until(port, b')').and_then(|(port, _)| number(port)))
    };
    (facts.source_ip, facts.source_port) = end(before.rsplit(|&b| b == b' ').next().unwrap_or_default());
    (facts.destination_ip, facts.destination_port) = end(word_after(after, b"-> ").unwrap_or_default());
    match between(text, b" for user '", b"'").or_else(|| word_after(text, b" for user ")) {
        Some(login) => user(line, login, facts),
        None => identity(line, text, facts),
    }
}

/// `AccessControlRuleAction: Allow, SrcIP: 10.12.3.4, DstIP: 192.0.2.1, SrcPort: 1, DstPort: 443, …, User: u, InitiatorBytes: 74`
pub(super) fn access_control<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    facts.kind = Kind::Traffic;
    let mut rest = text;
    while let Some((key, after)) = until(rest, b':') {
        let after = after.strip_prefix(b" ").unwrap_or(after);
        let end = find(after, b", ").unwrap_or(after.len());
        let (value, next) = cut(after, end);
        rest = next.get(2..).unwrap_or_default();
        match key {
            b"SrcIP" => facts.source_ip = facts.source_ip.or(ip(value)),
            b"DstIP" => facts.destination_ip = facts.destination_ip.or(ip(value)),
            b"SrcPort" => facts.source_port = facts.source_port.or(number(value)),
            b"DstPort" => facts.destination_port = facts.destination_port.or(number(value)),
            b"InitiatorBytes" => facts.source_bytes = facts.source_bytes.or(number(value)),
            b"ResponderBytes" => facts.destination_bytes = facts.destination_bytes.or(number(value)),
            b"ConnectionDuration" => facts.duration = number::<u64>(value).and_then(|seconds| seconds.checked_mul(1_000_000_000)),
            b"User" if facts.user.is_empty() && !matches!(value, b"Not Found" | b"No Authentication Required" | b"Unknown") => {
                user(line, value, facts);
            }
            b"AccessControlRuleAction" if facts.verdict.is_none() => {
                // Also `<br/>Block with reset`.
                facts.verdict = match value.strip_prefix(b"<br/>").unwrap_or(value) {
                    [b'B', b'l', b'o', b'c', b'k', ..] => Some(Verdict::Denied),
                    b"Allow" | b"Trust" | b"Fastpath" => Some(Verdict::Allowed),
                    _ => None,
                };
            }
            _ => {}
        }
    }
}

/// Both ends of a flow, behind their words; whether there are any.
pub(super) fn ends(text: &[u8], from: &[u8], to: &[u8], facts: &mut Facts) -> bool {
    let Some(first) = find(text, from).and_then(|at| text.get(at + from.len()..)) else { return false };
    (facts.source_ip, facts.source_port) = end(first);
    if let Some(second) = find(first, to).and_then(|at| first.get(at + to.len()..)) {
        (facts.destination_ip, facts.destination_port) = end(second);
    }
    true
}

/// `192.0.2.1`, `192.0.2.1/53`, `outside:192.0.2.1/53(GHT\u)`, `(192.0.2.1)`; the port may be a name, the address too.
fn end(text: &[u8]) -> (Option<IpAddr>, Option<u16>) {
    let text = text.strip_prefix(b"(").unwrap_or(text);
    let (word, _) = cut(text, text.iter().position(|b| matches!(b, b' ' | b',' | b'(' | b')')).unwrap_or(text.len()));
    // The sentence may end here.
    let word = word.strip_suffix(b".").or(word.strip_suffix(b":")).unwrap_or(word);
    let (address, port) = match word.iter().rposition(|&b| b == b'/') {
        Some(slash) => (cut(word, slash).0, word.get(slash + 1..).and_then(number)),
        None => (word, None),
    };
    // The interface's name comes before the first colon, unless the address itself is IPv6.
    (ip(address).or_else(|| until(address, b':').and_then(|(_, address)| ip(address))), port)
}

/// The user of a flow, in brackets with its domain behind its address, or in brackets at the end: `(LOCAL\u)`, `(u)`.
pub(super) fn identity<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    if let Some(backslash) = memchr(b'\\', text) {
        let (before, after) = cut(text, backslash);
        let start = before.iter().rposition(|&b| b == b'(').map(|at| at + 1);
        let end = memchr(b')', after).map(|at| backslash + at);
        if let (Some(start), Some(end)) = (start, end) {
            return user(line, text.get(start..end).unwrap_or_default(), facts);
        }
    }
    if let Some(word) = text.strip_suffix(b")").and_then(|text| text.rsplit(|&b| b == b'(').next())
        && !word.iter().any(|b| matches!(b, b'/' | b' '))
    {
        user(line, word, facts);
    }
}

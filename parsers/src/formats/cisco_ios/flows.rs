//! Flows: access lists, and the sessions of the zone-based firewall.

use std::net::IpAddr;

use crate::atoms::{between, cut, find, ip, ip_port, number, until};
use crate::{Facts, Kind, Verdict};

/// Reads a message of traffic; whether it is one.
pub(super) fn read(mnemonic: &[u8], text: &[u8], facts: &mut Facts) -> bool {
    if mnemonic.strip_prefix(b"IP").unwrap_or(mnemonic).starts_with(b"ACCESSLOG") {
        access_list(text, facts);
    } else if mnemonic.starts_with(b"SESS_AUDIT_TRAIL") {
        session(text, facts);
    } else if mnemonic == b"DROP_PKT" {
        dropped(text, facts);
    } else {
        return false;
    }
    facts.kind = Kind::Traffic;
    true
}

/// `list 101 denied tcp 198.51.100.23(51505) (Gi0/1 0200.5e10.0001) -> 10.20.4.11(22), 1 packet`, `list 10 denied 10.1.1.1 1 packet`
fn access_list(text: &[u8], facts: &mut Facts) {
    let verdicts = [
        (b" denied ".as_slice(), Verdict::Denied),
        (b" deny ", Verdict::Denied),
        (b" permitted ", Verdict::Allowed),
        (b" permit ", Verdict::Allowed),
    ];
    let found =
        verdicts.into_iter().filter_map(|(word, verdict)| Some((find(text, word)?, word.len(), verdict))).min_by_key(|found| found.0);
    let Some((at, length, verdict)) = found else { return };
    facts.verdict = Some(verdict);
    let ends = text.get(at + length..).unwrap_or_default();
    let arrow = find(ends, b"-> ").unwrap_or(ends.len());
    let (source, destination) = cut(ends, arrow);
    // The protocol comes first, and counts of packets and hits last.
    (facts.source_ip, facts.source_port) = end(source);
    (facts.destination_ip, facts.destination_port) = end(destination);
}

/// The first word that is an address, with its port in brackets.
fn end(text: &[u8]) -> (Option<IpAddr>, Option<u16>) {
    let words = text.split(|b| matches!(b, b' ' | b','));
    let mut ends = words.map(|word| until(word, b'(').unwrap_or((word, &[])));
    let found = ends.find_map(|(address, port)| Some((ip(address)?, port.strip_suffix(b")").and_then(number))));
    found.map_or((None, None), |(address, port)| (Some(address), port))
}

/// `Stop tcp session: initiator (10.10.4.2:51505) sent 22 bytes -- responder (192.0.2.80:80) sent 33 bytes`
fn session(text: &[u8], facts: &mut Facts) {
    facts.verdict = Some(Verdict::Allowed);
    let Some(dashes) = find(text, b" -- responder (") else { return };
    let (initiator, responder) = cut(text, dashes);
    let address = |text| between(text, b"tor (", b")").or_else(|| between(text, b"responder (", b")")).and_then(ip_port);
    let bytes = |text| between(text, b") sent ", b" bytes").and_then(number);
    (facts.source_ip, facts.source_port) = address(initiator).map_or((None, None), |(ip, port)| (Some(ip), port));
    (facts.destination_ip, facts.destination_port) = address(responder).map_or((None, None), |(ip, port)| (Some(ip), port));
    (facts.source_bytes, facts.destination_bytes) = (bytes(initiator), bytes(responder));
}

/// `Dropping tcp session 198.51.100.23:51505 10.20.4.11:22 on zone-pair OUT_IN class class-default due to DROP action found in policy-map`
fn dropped(text: &[u8], facts: &mut Facts) {
    facts.verdict = Some(Verdict::Denied);
    let words = text.split(|&b| b == b' ');
    let mut ends = words.filter_map(ip_port);
    if let Some((address, port)) = ends.next() {
        (facts.source_ip, facts.source_port) = (Some(address), port);
    }
    if let Some((address, port)) = ends.next() {
        (facts.destination_ip, facts.destination_port) = (Some(address), port);
    }
}

//! Flows: `RT_FLOW_SESSION_*` and `APPTRACK_SESSION_*`, as data and as a sentence.

use std::net::IpAddr;

use super::{Message, given};
use crate::atoms::{Pair, Pairs, between, cut, find, ip, number, until};
use crate::{Escape, Facts, Kind, Line, Verdict};

/// Reads a flow, if the message is one.
pub(super) fn event<'a>(line: &Line<'a>, message: &Message<'a>, facts: &mut Facts) -> bool {
    if message.tag == b"PFE_FW_SYSLOG_IP" {
        return filter(line, message.text, facts);
    }
    let Some(what) = message.tag.strip_prefix(b"RT_FLOW_SESSION_").or_else(|| message.tag.strip_prefix(b"APPTRACK_SESSION_")) else {
        return false;
    };
    facts.kind = Kind::Traffic;
    facts.verdict = Some(if what.starts_with(b"DENY") { Verdict::Denied } else { Verdict::Allowed });
    if message.data.is_empty() {
        sentence(line, message.text, what.starts_with(b"CLOSE"), facts);
    } else {
        data(line, message.data, facts);
    }
    true
}

/// A packet filter's line: `FW: ge-0/0/1.0 D tcp 198.51.100.7 192.0.2.1 40000 22 (1 packets)`, the letter being the verdict.
fn filter<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) -> bool {
    let mut words = text.split(|&b| b == b' ').filter(|word| !word.is_empty()).skip_while(|word| word.len() != 1);
    let (verdict, protocol) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    facts.source_ip = words.next().and_then(ip);
    facts.destination_ip = words.next().and_then(ip);
    if facts.source_ip.is_none() || facts.destination_ip.is_none() {
        return false;
    }
    facts.kind = Kind::Traffic;
    facts.action = line.text(verdict);
    facts.verdict = Some(if verdict == b"A" { Verdict::Allowed } else { Verdict::Denied });
    if matches!(protocol, b"tcp" | b"udp") {
        facts.source_port = words.next().and_then(number);
        facts.destination_port = words.next().and_then(number);
    }
    true
}

/// `source-address="10.99.0.6" source-port="51505" … session-id="4711" bytes-from-client="5120" elapsed-time="33" username="…"`
fn data<'a>(line: &Line<'a>, data: &'a [u8], facts: &mut Facts) {
    for Pair { key, value, escape } in Pairs::new(data) {
        match key {
            b"source-address" => facts.source_ip = facts.source_ip.or_else(|| ip(value)),
            b"source-port" => facts.source_port = facts.source_port.or_else(|| number(value)),
            b"destination-address" => facts.destination_ip = facts.destination_ip.or_else(|| ip(value)),
            b"destination-port" => facts.destination_port = facts.destination_port.or_else(|| number(value)),
            b"session-id" | b"session-id-32" if facts.session.is_empty() => facts.session = line.text(value),
            b"bytes-from-client" => facts.source_bytes = number(value),
            b"bytes-from-server" => facts.destination_bytes = number(value),
            b"elapsed-time" => facts.duration = seconds(value),
            b"reason" if facts.reason.is_empty() => facts.reason = line.escaped(given(value), escape),
            b"username" if facts.user.is_empty() => line.login(given(value), escape, facts),
            _ => {}
        }
    }
}

/// `session closed TCP FIN: 10.99.0.6/51505->10.20.4.11/3389 0x0 ms-rdp 10.99.0.6/51505->10.20.4.11/3389 0x0 N/A N/A N/A N/A 6 vpn-dpi
/// VPN SERVEURS 4711 31(5120) 30(2081) 33 UNKNOWN UNKNOWN fourn.chimere(N/A) st0.1 …`
fn sentence<'a>(line: &Line<'a>, text: &'a [u8], closed: bool, facts: &mut Facts) {
    let Some(arrow) = find(text, b"->") else { return };
    let (before, after) = cut(text, arrow);
    let source = before.rsplit(|&b| b == b' ').next().unwrap_or_default();
    (facts.source_ip, facts.source_port) = end(source);
    let after = cut(after, 2).1;
    let (destination, rest) = until(after, b' ').unwrap_or((after, &[]));
    (facts.destination_ip, facts.destination_port) = end(destination);
    if closed {
        let reason = between(before, b"session closed ", b": ");
        facts.reason = line.text(reason.map(given).unwrap_or_default());
    }
    let mut previous: &[u8] = &[];
    // Packets and bytes of the client, those of the server, seconds; then the user with its roles.
    let mut wanted = if closed { 0 } else { 3 };
    for word in rest.split(|&b| b == b' ').filter(|word| !word.is_empty()) {
        // `default-deny(global)` is a policy.
        let brackets = word.strip_suffix(b")").and_then(|word| until(word, b'(')).filter(|&(_, inside)| inside != b"global");
        let counted = brackets.filter(|(packets, _)| !packets.is_empty() && packets.iter().all(u8::is_ascii_digit));
        match (wanted, counted, brackets) {
            (0, Some((_, bytes)), _) => {
                facts.source_bytes = number(bytes);
                facts.session = line.text(previous);
                wanted = 1;
            }
            (1, Some((_, bytes)), _) => {
                facts.destination_bytes = number(bytes);
                wanted = 2;
            }
            (2, ..) => {
                facts.duration = seconds(word);
                wanted = 3;
            }
            (3, None, Some((login, _))) => {
                if !closed && previous.iter().all(u8::is_ascii_digit) {
                    facts.session = line.text(previous);
                }
                line.login(given(login), Escape::None, facts);
                return;
            }
            _ => {}
        }
        previous = word;
    }
}

/// `10.99.0.6/51505`, `2001:db8::1/443`
fn end(text: &[u8]) -> (Option<IpAddr>, Option<u16>) {
    match text.iter().rposition(|&b| b == b'/').map(|at| cut(text, at)) {
        Some((address, port)) => (ip(address), port.get(1..).and_then(number)),
        None => (ip(text), None),
    }
}

fn seconds(text: &[u8]) -> Option<u64> {
    number::<u64>(text)?.checked_mul(1_000_000_000)
}

//! Tunnels of people and of gateways.

use super::{Message, given};
use crate::atoms::{Pair, Pairs, between, cut, find, ip, rfind, until};
use crate::{Escape, Facts, Kind, Line};

/// Reads a message of the key daemons, if it is one.
pub(super) fn event<'a>(line: &Line<'a>, message: &Message<'a>, facts: &mut Facts) -> bool {
    let kind = match message.tag {
        b"KMD_VPN_UP_ALARM_USER" | b"IKE_VPN_UP_ALARM_USER" => Kind::SessionStart,
        b"KMD_VPN_DOWN_ALARM_USER" | b"IKE_VPN_DOWN_ALARM_USER" => Kind::SessionEnd,
        // Keys change without anybody coming or going.
        b"KMD_PM_SA_ESTABLISHED" | b"IKE_PM_SA_ESTABLISHED" => {
            facts.peer = after(message.text, b"Remote gateway: ").and_then(ip);
            return true;
        }
        _ => return false,
    };
    facts.kind = kind;
    if message.text.is_empty() {
        data(line, message.data, facts);
    } else {
        sentence(line, message.text, facts);
    }
    // Nobody's name: the far end is a gateway.
    if facts.user.is_empty() {
        facts.peer = facts.source_ip.take();
    }
    true
}

/// `VPN vpn-presta from 198.51.100.23 is up. Local-ip: 192.0.2.1, gateway name: gw-presta, vpn name: vpn-presta, tunnel-id: 4711, local
/// tunnel-if: st0.1, remote tunnel-ip: Not-Available, Local IKE-ID: …, Remote IKE-ID: …, AAA username: fourn.chimere, VR id: 0,
/// Traffic-selector: …, Traffic-selector remote ID: ipv4(any:0,[0..3]=10.99.0.6), SA Type: Dynamic`
///
/// What the far end calls itself (`Remote IKE-ID`) stands before the name: the last one is the gateway's.
fn sentence<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    facts.source_ip = between(text, b" from ", b" is ").and_then(ip);
    facts.group = line.text(after(text, b"vpn name: ").unwrap_or_default());
    facts.session = line.text(after(text, b"tunnel-id: ").unwrap_or_default());
    let login = [b"AAA username: ".as_slice(), b"XAUTH username: "].into_iter().find_map(|key| last(text, key)).unwrap_or_default();
    line.login(given(login), Escape::None, facts);
    if !facts.user.is_empty() {
        let selector = last(text, b"Traffic-selector remote ID: ipv4(").and(rfind(text, b"remote ID: ipv4("));
        facts.assigned_ip = selector.and_then(|at| between(cut(text, at).1, b"]=", b")")).and_then(ip);
    }
}

/// `vpn-name="vpn-presta" remote-address="198.51.100.23" … aaa-username="fourn.chimere"`
fn data<'a>(line: &Line<'a>, data: &'a [u8], facts: &mut Facts) {
    for Pair { key, value, escape } in Pairs::new(data) {
        match key {
            b"remote-address" | b"peer-address" => facts.source_ip = facts.source_ip.or_else(|| ip(value)),
            b"vpn-name" if facts.group.is_empty() => facts.group = line.escaped(value, escape),
            b"tunnel-id" if facts.session.is_empty() => facts.session = line.text(value),
            b"aaa-username" | b"aaa-user-name" | b"xauth-username" | b"xauth-user-name" | b"username" if facts.user.is_empty() => {
                line.login(given(value), escape, facts);
            }
            _ => {}
        }
    }
}

/// `IKE negotiation successfully completed. IKE Version: 2, VPN: … Gateway: …, Local: 192.0.2.1/500, Remote: 203.0.113.9/500, …`
pub(super) fn untagged(text: &[u8], facts: &mut Facts) {
    if text.starts_with(b"IKE negotiation ") {
        facts.peer = after(text, b", Remote: ").and_then(|end| ip(until(end, b'/').map_or(end, |(address, _)| address)));
    }
}

/// The value behind the first `key`.
fn after<'a>(text: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    Some(value(cut(text, find(text, key)? + key.len()).1))
}

/// The value behind the last `key`.
fn last<'a>(text: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    Some(value(cut(text, rfind(text, key)? + key.len()).1))
}

fn value(text: &[u8]) -> &[u8] {
    until(text, b',').map_or(text, |(value, _)| value)
}

//! Cisco Meraki: MX security appliances, MR access points, MS switches.
//!
//! `1795210867.123456789 MX-SAINTE-FICTION events type=…`: seconds with decimals, device, role, text. Cisco Meraki
//! Documentation, "Syslog Event Types and Log Samples"; "`AnyConnect` on the MX Appliance".
//!
//! Names stand in quotes or brackets that nothing escapes: the last delimiter ends them, and what stands before a name
//! is never looked for behind it.

use std::net::IpAddr;

use crate::atoms::{between, cut, duration, find, ip, ip_port, number, rfind, trim, trim_start, until};
use crate::{Dress, Escape, Facts, Format, Kind, Line, Stamp, Stamps, Time, Verdict};

/// The format's line in [`crate::FORMATS`].
pub(super) const FORMAT: Format = Format {
    name: "cisco-meraki",
    vendor: "Cisco",
    product: "Meraki",
    covers: "Meraki MX: client VPN, AnyConnect, site-to-site tunnels, flows; 802.1X and splash logins of MX, MR and MS",
    dresses: Dress::SPEECH,
    looks_like,
    parse,
};

/// One message: `1795210867.123456789 MX-SAINTE-FICTION flows allow src=…`
struct Message<'a> {
    stamp: &'a [u8],
    device: &'a [u8],
    role: &'a [u8],
    text: &'a [u8],
}

fn looks_like(line: &Line<'_>) -> bool {
    message(line).is_some()
}

/// The message, behind the `1` that Meraki puts where RFC 5424 has its version; a relay may have taken the seconds for a host.
fn message<'a>(line: &Line<'a>) -> Option<Message<'a>> {
    split(line.body).or_else(|| split(line.head.after_stamp))
}

fn split(body: &[u8]) -> Option<Message<'_>> {
    let body = body.strip_prefix(b"1 ").unwrap_or(body);
    if !body.first().is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let (stamp, rest) = until(body, b' ')?;
    let (seconds, decimals) = until(stamp, b'.')?;
    if !matches!(seconds.len(), 9 | 10) || !matches!(decimals.len(), 1..=9) || stamp.iter().any(|b| !matches!(b, b'0'..=b'9' | b'.')) {
        return None;
    }
    let (device, rest) = until(trim_start(rest), b' ')?;
    let rest = trim_start(rest);
    let (role, text) = until(rest, b' ').unwrap_or((rest, &[]));
    let named = role.first().is_some_and(u8::is_ascii_lowercase)
        && role.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-'));
    named.then(|| Message { stamp, device, role, text: trim(text) })
}

/// `1795210867.123456789`
fn seconds(text: &[u8]) -> Stamp {
    let Some((seconds, decimals)) = until(text, b'.') else { return Stamp::None };
    let scale = u32::try_from(decimals.len()).ok().and_then(|digits| 9_u32.checked_sub(digits)).map(|digits| 10_u32.pow(digits));
    match (number::<u32>(seconds), number::<u32>(decimals).zip(scale).and_then(|(part, scale)| part.checked_mul(scale))) {
        (Some(seconds), Some(nanos)) => Time::from_seconds(seconds.into(), nanos).map_or(Stamp::None, Stamp::Exact),
        _ => Stamp::None,
    }
}

fn parse(line: &Line<'_>, stamps: &mut Stamps, facts: &mut Facts) -> Option<()> {
    let message = message(line)?;
    facts.stamp = stamps.body(message.stamp, seconds);
    facts.device = line.text(message.device);
    facts.action = line.text(message.role);
    match message.role {
        b"events" => event(line, message.text, facts),
        b"flows" | b"firewall" | b"ip_flow_start" | b"ip_flow_end" => flow(message.text, facts),
        role if role.ends_with(b"_firewall") => flow(message.text, facts),
        b"urls" => {
            facts.kind = Kind::Traffic;
            (facts.source_ip, facts.source_port) = with_port(value(message.text, b"src="));
            (facts.destination_ip, facts.destination_port) = with_port(value(message.text, b"dst="));
        }
        // `ids-alerts`, `security_event`, `airmarshal_events`: who attacked whom is no access.
        _ => {
            (facts.source_ip, facts.source_port) = with_port(value(message.text, b"src="));
            (facts.destination_ip, facts.destination_port) = with_port(value(message.text, b"dst="));
        }
    }
    Some(())
}

/// `allow src=10.99.0.6 dst=10.20.4.11 mac=… protocol=tcp sport=51505 dport=3389`, in older firmware with `pattern: allow all` or
/// `pattern: 0 (tcp || udp)` behind, 0 standing for allow and 1 for deny.
fn flow(text: &[u8], facts: &mut Facts) {
    facts.kind = Kind::Traffic;
    let pattern = find(text, b" pattern: ").and_then(|at| text.get(at + 10..)).unwrap_or_default();
    let word = |text| until(text, b' ').map_or(text, |(word, _)| word);
    facts.verdict = [word(text), word(pattern)].into_iter().find_map(|word| match word {
        b"allow" | b"0" => Some(Verdict::Allowed),
        b"deny" | b"block" | b"1" => Some(Verdict::Denied),
        _ => None,
    });
    (facts.source_ip, facts.destination_ip) = (ip(value(text, b"src=")), ip(value(text, b"dst=")));
    (facts.source_port, facts.destination_port) = (number(value(text, b"sport=")), number(value(text, b"dport=")));
}

/// An address with its port; an IPv6 one has no brackets, and its port is always there.
fn with_port(text: &[u8]) -> (Option<IpAddr>, Option<u16>) {
    let Some(colon) = memchr::memrchr(b':', text) else { return (ip(text), None) };
    let (address, port) = cut(text, colon);
    match (ip(address), port.get(1..).and_then(number)) {
        (Some(address), Some(port)) => (Some(address), Some(port)),
        _ => (ip(text), None),
    }
}

/// What happened at the device itself.
fn event<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    // `type=anyconnect_vpn_auth_success msg= '…'`, `client_vpn_connect user id '…' …`, `dhcp lease of ip …`
    let name = until(text, b' ').map_or(text, |(word, _)| word);
    let name = name.strip_prefix(b"type=").unwrap_or(name);
    facts.action = line.text(unquoted(name));
    match unquoted(name) {
        b"client_vpn_connect" | b"anyconnect_vpn_connect" => client(line, text, Kind::SessionStart, facts),
        b"client_vpn_disconnect" | b"anyconnect_vpn_disconnect" => client(line, text, Kind::SessionEnd, facts),
        b"anyconnect_vpn_auth_success" => anyconnect(line, text, Some(Kind::LoginSuccess), facts),
        b"anyconnect_vpn_auth_failure" => anyconnect(line, text, Some(Kind::LoginFailure), facts),
        name if name.starts_with(b"anyconnect_vpn_") => anyconnect(line, text, None, facts),
        b"vpn_connectivity_change" => tunnel(text, facts),
        b"8021x_eap_success" | b"8021x_auth" | b"splash_auth" => network(line, text, Kind::LoginSuccess, facts),
        b"8021x_eap_failure" | b"8021x_auth_failure" => network(line, text, Kind::LoginFailure, facts),
        b"8021x_deauth" | b"8021x_client_deauth" => network(line, text, Kind::SessionEnd, facts),
        // `Site-to-site VPN: ISAKMP-SA established 192.0.2.201[500]-203.0.113.9[500] spi:…`: this end, then the other. That one is
        // deleted says nothing: it also happens when a new one takes its place.
        b"Site-to-site" => {
            if let Some(ends) = find(text, b"ISAKMP-SA established ").and_then(|at| text.get(at + 22..)) {
                facts.peer = between(ends, b"]-", b"[").and_then(ip);
                facts.source_ip = facts.peer;
                facts.kind = if facts.peer.is_some() { Kind::SessionStart } else { Kind::Other };
            }
        }
        _ => {}
    }
}

/// `client_vpn_connect user id 'fourn.chimere' local ip 10.99.0.6 connected from 198.51.100.23`
fn client<'a>(line: &Line<'a>, text: &'a [u8], kind: Kind, facts: &mut Facts) {
    facts.kind = kind;
    let Some(start) = find(text, b"user id '").map(|at| at + 9) else {
        line.login(
            [b"user_id".as_slice(), b"user", b"identity"].into_iter().find_map(|key| quoted(text, key)).unwrap_or_default(),
            Escape::None,
            facts,
        );
        facts.assigned_ip = quoted(text, b"local_ip").and_then(ip);
        facts.source_ip = quoted(text, b"remote_ip").and_then(ip);
        return;
    };
    let rest = text.get(start..).unwrap_or_default();
    let end = rfind(rest, b"' local ip ").or_else(|| rfind(rest, b"'")).unwrap_or(rest.len());
    let (login, rest) = cut(rest, end);
    line.login(login, Escape::None, facts);
    facts.assigned_ip = ip(value(rest, b"local ip ")).filter(|ip| !ip.is_unspecified());
    (facts.source_ip, facts.source_port) = ip_port(value(rest, b" from ")).map_or((None, None), |(ip, port)| (Some(ip), port));
}

/// `msg= 'RADIUS[374] Server IP=10.1.1.20 Server port=1812 Peer IP=198.51.100.23 Peer port=56735 User=fourn.chimere: Authentication
/// request accepted. '`, `msg= 'Sess-ID[289] Peer IP=198.51.100.23 User[fourn.chimere]: Successfully added DTLS tunnel[289.4] '`
fn anyconnect<'a>(line: &Line<'a>, text: &'a [u8], kind: Option<Kind>, facts: &mut Facts) {
    let colon = rfind(text, b"]: ").map(|at| at + 1).or_else(|| rfind(text, b": ")).unwrap_or(text.len());
    let (head, said) = cut(text, colon);
    let said = trim(said.strip_prefix(b": ").unwrap_or(said));
    let said = trim(said.strip_suffix(b"'").unwrap_or(said));
    let (before, login) = cut(head, [b" User=", b" User["].into_iter().filter_map(|key| find(head, key)).min().unwrap_or(head.len()));
    facts.source_ip = ip(value(before, b"Peer IP="));
    facts.source_port = number(value(before, b"Peer port="));
    facts.session = line.text(between(before, b"Sess-ID[", b"]").unwrap_or_default());
    let login = login.strip_prefix(b" User=").or_else(|| login.strip_prefix(b" User[")?.strip_suffix(b"]")).unwrap_or_default();
    line.login(trim(login), Escape::None, facts);
    facts.kind = kind.unwrap_or(match said {
        said if said.starts_with(b"Session connected") => Kind::SessionStart,
        said if said.starts_with(b"Session disconnected") || said.starts_with(b"Session terminated") => Kind::SessionEnd,
        _ => Kind::Other,
    });
    if matches!(facts.kind, Kind::LoginFailure | Kind::SessionEnd) {
        facts.reason = line.text(said.strip_suffix(b".").unwrap_or(said));
        facts.duration = between(said, b"Duration: ", b",").and_then(duration);
    }
}

/// `type=vpn_connectivity_change vpn_type='site-to-site' peer_contact='203.0.113.9:51856' peer_ident='…' connectivity='true'`
fn tunnel(text: &[u8], facts: &mut Facts) {
    facts.peer = quoted(text, b"peer_contact").and_then(ip_port).map(|(ip, _)| ip);
    facts.source_ip = facts.peer;
    if quoted(text, b"vpn_type") == Some(b"site-to-site") {
        facts.kind = match quoted(text, b"connectivity") {
            Some(b"true") => Kind::SessionStart,
            Some(b"false") => Kind::SessionEnd,
            _ => Kind::Other,
        };
    }
}

/// `type=8021x_eap_success radio='0' vap='3' identity='fourn.chimere' aid='1701992265'`, `type=splash_auth ip='10.12.3.4' duration='3600'`
fn network<'a>(line: &Line<'a>, text: &'a [u8], kind: Kind, facts: &mut Facts) {
    facts.kind = kind;
    line.login(quoted(text, b"identity").unwrap_or_default(), Escape::None, facts);
    facts.source_ip = [b"ip".as_slice(), b"client_ip"].into_iter().find_map(|key| quoted(text, key).and_then(ip));
}

/// The value of ` key='value'`, the first of that key.
fn quoted<'a>(text: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let mut rest = text;
    while let Some(at) = find(rest, key) {
        let (before, after) = cut(rest, at);
        let after = after.get(key.len()..)?;
        match after.strip_prefix(b"='") {
            Some(value) if before.ends_with(b" ") => return until(value, b'\'').map(|(value, _)| value),
            _ => rest = after,
        }
    }
    None
}

/// The word behind `key`; empty if there is none.
fn value<'a>(text: &'a [u8], key: &[u8]) -> &'a [u8] {
    let rest = find(text, key).and_then(|at| text.get(at + key.len()..)).unwrap_or_default();
    until(rest, b' ').map_or(rest, |(word, _)| word)
}

fn unquoted(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"'").and_then(|text| text.strip_suffix(b"'")).unwrap_or(text)
}

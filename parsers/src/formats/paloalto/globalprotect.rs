//! `GlobalProtect`'s own log type (PAN-OS 9.1 and later).

use super::record::{Field, Record};
use super::{address, seconds};
use crate::{Facts, Kind, Line, Text};

/// `1,…,GLOBALPROTECT,0,2562,2026/11/20 22:41:07,vsys1,gateway-connected,connected,,SSLVPN,GHT\fourn.chimere,FR,PC-CHIMERE-4,198.51.100.23,0.0.0.0,10.99.0.6,…`
pub(super) fn event<'a>(line: &Line<'a>, record: &Record<'a>, facts: &mut Facts) {
    record.login(line, facts);
    facts.action = record.text(line, Field::EventId);
    facts.source_ip = address(record.value(Field::PublicIp)).or_else(|| address(record.value(Field::PublicIpv6)));
    facts.assigned_ip = address(record.value(Field::PrivateIp)).or_else(|| address(record.value(Field::PrivateIpv6)));
    facts.client = record.text(line, Field::Machine);
    facts.country = country(record.text(line, Field::Region), record.value(Field::Region));
    let failed = record.value(Field::Status).eq_ignore_ascii_case(b"failure");
    let reason = [Field::Error, Field::Description, Field::Reason].into_iter().find(|&field| !record.value(field).is_empty());
    let reason = reason.unwrap_or(Field::Reason);
    facts.kind = kind(record.value(Field::EventId), failed, record.value(reason));
    if failed || matches!(facts.kind, Kind::Logout | Kind::SessionEnd) {
        facts.reason = record.text(line, reason);
    }
    if matches!(facts.kind, Kind::Logout | Kind::SessionEnd) {
        facts.duration = seconds(record.value(Field::Elapsed));
    }
}

/// The catalogue of events; of those that it does not name none opens or ends anything.
fn kind(event: &[u8], failed: bool, reason: &[u8]) -> Kind {
    match event {
        b"portal-auth" | b"gateway-auth" | b"gateway-register" | b"clientlessvpn-login" | b"clientless-vpn-login" if failed => {
            Kind::LoginFailure
        }
        _ if failed => Kind::Other,
        b"portal-auth" | b"gateway-auth" | b"clientlessvpn-login" | b"clientless-vpn-login" => Kind::LoginSuccess,
        // The gateway's session exists from its registration on; once it is up, the address is told as well.
        b"gateway-register" | b"gateway-connected" => Kind::SessionStart,
        b"clientlessvpn-logout" | b"clientless-vpn-logout" => Kind::Logout,
        b"gateway-logout" => left(reason),
        // The tunnel is down and its address free.
        b"gateway-config-release" => Kind::SessionEnd,
        // Prelogin, configuration, cookies, host checks, latency, a change of transport.
        _ => Kind::Other,
    }
}

/// Whether the user went, or the gateway closed the session.
pub(super) fn left(reason: &[u8]) -> Kind {
    if reason.starts_with(b"client logout") || reason.starts_with(b"user logout") { Kind::Logout } else { Kind::SessionEnd }
}

/// `FR`, `France`; what PAN-OS does not know to place, it names by its network (`10.0.0.0-10.255.255.255`).
pub(super) fn country(region: Text, written: &[u8]) -> Text {
    let named = written.iter().all(|&b| b.is_ascii_alphabetic() || matches!(b, b' ' | b'-' | b'\'' | b'.' | b'(' | b')'));
    if named && written != b"Reserved" && !written.eq_ignore_ascii_case(b"unknown") { region } else { Text::default() }
}

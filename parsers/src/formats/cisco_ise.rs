//! Cisco Identity Services Engine (ISE).
//!
//! `CISE_Passed_Authentications 0000453439 2 0 2026-11-20 22:41:07.365 +01:00 0007121364 5200 NOTICE Passed-Authentication:
//! Authentication succeeded, UserName=…, …`: category, message, its parts and which of them this is, stamp, sequence, code, severity,
//! class, text, attributes. Parts after the first have attributes alone. Cisco, "Cisco ISE Syslogs", chapter "Introduction"
//! and "Cisco ISE Message Catalog". ACS 4 has neither stamp nor code, and says by its category what happened: Cisco, "User Guide for Cisco
//! Secure ACS 4.2", "Syslog Logging Configuration".
//!
//! ISE escapes the commas of a value; of an attribute that comes again the first stands.

mod attributes;

use self::attributes::Attributes;
use crate::atoms::{cut, find, ip, number, trim, trim_start, until};
use crate::{About, Dress, Escape, Facts, Format, Kind, Line, Stamps, stamp};

/// The format's line in [`crate::FORMATS`].
pub(super) const FORMAT: Format = Format {
    name: "cisco-ise",
    vendor: "Cisco",
    product: "ISE",
    covers: "Identity Services Engine: RADIUS and TACACS+ logins, RADIUS sessions, administrators, changes of its configuration",
    dresses: Dress::SPEECH,
    looks_like,
    parse,
};

/// What stands in front of the attributes.
#[derive(Clone, Copy, Default)]
struct Message<'a> {
    stamp: &'a [u8],
    code: &'a [u8],
    /// `Passed-Authentication: Authentication succeeded`, `INFO: Configuration Changed: …`; empty in all parts but the first.
    text: &'a [u8],
    attributes: &'a [u8],
}

fn looks_like(line: &Line<'_>) -> bool {
    message(line).is_some()
}

fn message<'a>(line: &Line<'a>) -> Option<Message<'a>> {
    let body = line.body;
    if let Some(message) = acs4(body) {
        return Some(message);
    }
    if is_category(line.head.app) {
        return Some(numbered(body).unwrap_or(Message { text: body, ..Message::default() }));
    }
    if is_category(body) {
        let (_, rest) = until(body, b' ')?;
        return Some(numbered(trim_start(rest)).unwrap_or(Message { text: rest, ..Message::default() }));
    }
    if body.first().is_some_and(u8::is_ascii_digit) {
        return numbered(body);
    }
    // The local store has no numbers in front: `2026-11-20 04:26:17.306 +0100 60198 INFO null: MnT purge event occurred, MESSAGE=…`
    coded(line.head.stamp, line.head.after_stamp).or_else(|| alarm(body))
}

/// `CISE_Failed_Attempts`, and `CSCOacs_Failed_Attempts` of ACS 5, which it was before.
fn is_category(text: &[u8]) -> bool {
    text.starts_with(b"CISE_") || text.starts_with(b"CSCOacs_")
}

/// `CisACS_02_FailedAuth 1fgr4c1 1 0 Message-Type=Authen failed,User-Name=fourn.chimere,…`
fn acs4(body: &[u8]) -> Option<Message<'_>> {
    let (code, rest) = until(body.strip_prefix(b"CisACS_")?, b' ')?;
    let (_message, rest) = until(rest, b' ')?;
    let (_parts, rest) = until(rest, b' ')?;
    let (_part, attributes) = until(rest, b' ')?;
    Some(Message { code, attributes, ..Message::default() })
}

/// `0000453439 2 0 2026-11-20 22:41:07.365 +01:00 0007121364 5200 NOTICE …`, `0000453439 2 1 Step=11001, …`
fn numbered(body: &[u8]) -> Option<Message<'_>> {
    let digits = |text: &[u8], most: usize| matches!(text.len(), 1..) && text.len() <= most && text.iter().all(u8::is_ascii_digit);
    let (message, rest) = until(body, b' ')?;
    let (parts, rest) = until(rest, b' ')?;
    let (part, rest) = until(rest, b' ').unwrap_or((rest, &[]));
    if message.len() != 10 || !digits(message, 10) || !digits(parts, 3) || !digits(part, 3) {
        return None;
    }
    let rest = trim_start(rest);
    let (stamp, after) = cut(rest, stamp::extent(rest));
    let coded = trim_start(after);
    let (sequence, coded) = until(coded, b' ').unwrap_or((coded, &[]));
    match self::coded(stamp, coded) {
        Some(message) if digits(sequence, 20) => Some(message),
        _ => Some(Message { attributes: rest, ..Message::default() }),
    }
}

/// `5200 NOTICE Passed-Authentication: Authentication succeeded, ConfigVersionId=10, …`
fn coded<'a>(stamp: &'a [u8], text: &'a [u8]) -> Option<Message<'a>> {
    let (code, rest) = until(text, b' ')?;
    let (severity, rest) = until(rest, b' ')?;
    let known = matches!(severity, b"FATAL" | b"ERROR" | b"WARN" | b"NOTICE" | b"INFO" | b"DEBUG");
    if stamp.is_empty() || !known || !matches!(code.len(), 4 | 5) || !code.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let rest = trim_start(rest);
    let (text, attributes) = until(rest, b',').unwrap_or((rest, &[]));
    Some(Message { stamp, code, text, attributes })
}

/// An alarm whose category a collector cut off, `WARN: Dynamic Authorization Failed for Device : Server=…`, told by its name.
///
/// Cisco, "Cisco ISE Administrator Guide", "Cisco ISE Alarms".
fn alarm(body: &[u8]) -> Option<Message<'_>> {
    let (severity, text) = until(body, b':')?;
    if !matches!(severity, b"INFO" | b"WARN" | b"WARNING" | b"ERROR" | b"CRITICAL") {
        return None;
    }
    let text = trim_start(text);
    let (name, _) = cut(text, 128);
    let says = |words: &[u8]| find(name, words).is_some();
    let known = text.starts_with(b"Configuration Changed: Admin=")
        || text.starts_with(b"AcsSyslogContent")
        || [
            // What most of them go on with.
            b": Server=".as_slice(),
            b"endpoint(s) purged",
            b"EAP Connection Timeout",
            b"EAP Session Allocation Failed",
            b"Dynamic Authorization Failed for Device",
            b"Profiler SNMP Request Failure",
            b"Profiler Queue Size Limit Reached",
            b"TrustSec deploy verification",
            b"TrustSec Environment Data Download",
            b"RADIUS Request Dropped",
            b"TACACS Request Dropped",
            b"Misconfigured supplicant",
            b"Misconfigured network device",
            b"Supplicant stopped responding",
            b"Excessive Authentication Attempts",
            b"Excessive Failed Attempts",
            b"No Accounting Start",
            b"Unknown NAS",
            b"Health Status Unavailable",
            b"High Authentication Latency",
            b"Replication Stopped",
            b"Slow Replication",
            b"Queue Link Error",
            b"No Configuration Backup Scheduled",
            b"Patch Failure",
            b"Process Down",
        ]
        .into_iter()
        .any(says);
    known.then_some(Message { text: body, ..Message::default() })
}

fn parse(line: &Line<'_>, stamps: &mut Stamps, facts: &mut Facts) -> Option<()> {
    let message = message(line)?;
    if !message.stamp.is_empty() {
        facts.stamp = stamps.body(message.stamp, stamp::any);
    }
    facts.action = line.text(message.code);
    if message.code.is_empty() {
        changed(line, message.text, facts);
        return Some(());
    }
    let attributes = Attributes::read(message.attributes);
    facts.kind = kind(message.code, message.text, &attributes);
    match message.code {
        [b'5', b'1' | b'2', _, _, _] => administrator(line, &attributes, facts),
        _ => network(line, &attributes, facts),
    }
    if message.text.starts_with(b"Configuration-Changes:") {
        facts.about = Some(About::Configuration);
        facts.target = line.text(either(attributes.object_name, attributes.object_type));
    }
    if facts.kind != Kind::LoginSuccess {
        facts.reason = line.escaped(reason(facts.kind, &attributes), Escape::Quoted);
    }
    Some(())
}

/// What a message is, by its code; classes whose codes are many, by ISE's own words for them.
fn kind(code: &[u8], text: &[u8], attributes: &Attributes<'_>) -> Kind {
    let says = |words: &[u8]| find(text, words).is_some();
    match code {
        b"03_RADIUSAcc" | b"04_TACACSAcc" => match attributes.status {
            b"Start" | b"start" => Kind::SessionStart,
            b"Stop" | b"stop" => Kind::SessionEnd,
            _ => Kind::Other,
        },
        b"01_PassedAuth" | b"5200" | b"5201" | b"5231" => Kind::LoginSuccess,
        // 5434 and 5449: an endpoint that failed again and again, whose requests are summed up from now on.
        b"02_FailedAuth" | b"5400" | b"5401" | b"5418" | b"5434" | b"5449" => Kind::LoginFailure,
        b"3000" => Kind::SessionStart,
        b"3001" => Kind::SessionEnd,
        [b'3', b'3', b'0', _] if says(b"Accounting START") => Kind::SessionStart,
        [b'3', b'3', b'0', _] if says(b"Accounting STOP") => Kind::SessionEnd,
        b"51001" => Kind::LoginSuccess,
        b"51002" => Kind::Logout,
        b"51003" => Kind::SessionEnd,
        b"51000" | b"51004" | b"51005" | b"51006" | b"51007" | b"51008" | b"51009" | b"51020" | b"51021" | b"51022" => Kind::LoginFailure,
        // `A SSH CLI user has successfully logged in`, `A CLI user has logged in from console`, `Sponsor has successfully authenticated`
        [b'6', b'0', ..] if says(b"CLI user") || says(b"CLI account") || says(b"ponsor ") => match () {
            () if says(b"unsuccessful") || says(b"failed") || says(b"locked") => Kind::LoginFailure,
            () if says(b"logged out") => Kind::Logout,
            () if says(b"logged in") || says(b"successfully authenticated") => Kind::LoginSuccess,
            () => Kind::Other,
        },
        _ => Kind::Other,
    }
}

/// An administrator of ISE itself.
fn administrator<'a>(line: &Line<'a>, attributes: &Attributes<'a>, facts: &mut Facts) {
    line.login(person(attributes.admin), Escape::None, facts);
    facts.source_ip = ip(attributes.admin_address).filter(|ip| !ip.is_loopback());
    facts.session = line.text(attributes.admin_session);
}

/// Who comes in over a switch, an access point, a VPN gateway (RADIUS), or to manage one (TACACS+).
fn network<'a>(line: &Line<'a>, attributes: &Attributes<'a>, facts: &mut Facts) {
    let login = [attributes.user_name, attributes.radius_user, attributes.tacacs_user, attributes.admin].into_iter().map(person);
    let login = login.into_iter().find(|login| !login.is_empty()).unwrap_or_default();
    line.login(login, Escape::None, facts);
    facts.group = line.text(attributes.tunnel_group);
    // The station is an address only where it is no MAC.
    let endpoint = until(attributes.client_endpoint, b' ').map_or(attributes.client_endpoint, |(_, endpoint)| endpoint);
    facts.source_ip = [attributes.remote_address, attributes.calling_station, endpoint, attributes.admin_address].into_iter().find_map(ip);
    facts.assigned_ip =
        [attributes.framed_address, attributes.framed_address_v6].into_iter().find_map(ip).filter(|ip| !ip.is_unspecified());
    facts.session = line.text(either(attributes.audit_session, attributes.accounting_session));
    facts.duration = number::<u64>(attributes.session_time).and_then(|seconds| seconds.checked_mul(1_000_000_000));
    facts.source_bytes = octets(attributes.input, attributes.input_gigawords);
    facts.destination_bytes = octets(attributes.output, attributes.output_gigawords);
    if attributes.protocol.eq_ignore_ascii_case(b"tacacs") {
        facts.destination_ip = ip(attributes.device_address);
        facts.target = line.text(attributes.device_name);
        facts.private = line.text(attributes.command);
    }
    // A machine that is let in by its own address (MAB) is nobody's session.
    if matches!(facts.kind, Kind::SessionStart | Kind::SessionEnd) && is_mac(login) {
        facts.kind = Kind::Other;
    }
}

/// RADIUS counts bytes to 2^32, and how often it began anew.
fn octets(octets: &[u8], gigawords: &[u8]) -> Option<u64> {
    number::<u64>(gigawords).unwrap_or(0).checked_mul(1 << 32)?.checked_add(number(octets)?)
}

fn reason<'a>(kind: Kind, attributes: &Attributes<'a>) -> &'a [u8] {
    match kind {
        Kind::LoginFailure => either(attributes.failure, attributes.said),
        Kind::SessionEnd => either(attributes.terminate_cause, attributes.said),
        _ => &[],
    }
}

/// `INFO: Configuration Changed: Admin=claire; Object Type=EPPurgeScheduler; Object Name=…`
fn changed<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    let Some(rest) = find(text, b"Configuration Changed: Admin=").and_then(|at| text.get(at + 29..)) else { return };
    let (admin, rest) = until(rest, b';').unwrap_or((rest, &[]));
    facts.about = Some(About::Configuration);
    line.login(person(trim(admin)), Escape::None, facts);
    let object = find(rest, b"Object Type=").and_then(|at| rest.get(at + 12..)).unwrap_or_default();
    facts.target = line.text(trim(until(object, b';').map_or(object, |(object, _)| object)));
}

/// A name, unless ISE hides it: it writes `USERNAME` and `INVALID` for a user that it does not know.
fn person(login: &[u8]) -> &[u8] {
    if matches!(login, b"USERNAME" | b"INVALID" | b"N/A" | b"null" | b"NA") { &[] } else { login }
}

/// `02-00-5E-10-00-01`, `02:00:5e:10:00:01`, `0200.5e10.0001`, `02005e100001`
fn is_mac(text: &[u8]) -> bool {
    let digits = text.iter().filter(|b| b.is_ascii_hexdigit()).count();
    digits == 12 && text.iter().all(|b| b.is_ascii_hexdigit() || matches!(b, b'-' | b':' | b'.'))
}

fn either<'a>(one: &'a [u8], other: &'a [u8]) -> &'a [u8] {
    if one.is_empty() { other } else { one }
}

//! Palo Alto Networks PAN-OS firewalls, Panorama and Prisma Access, with `GlobalProtect`.
//!
//! Palo Alto Networks, "PAN-OS Administrator's Guide: Syslog Field Descriptions" (8.0 to 11.1), "`GlobalProtect`
//! Administrator's Guide: Event Descriptions for the `GlobalProtect` Logs in PAN-OS", "PAN-OS Common Event Format
//! Configuration Guide" and "Strata Logging Service Log Reference" (its CEF, LEEF and HTTPS fields).
//!
//! Whatever the dress, a line is a [`Record`] of the same few fields; what it says is read from those.

mod columns;
mod globalprotect;
mod named;
mod record;
mod system;

use std::net::IpAddr;

use self::record::{Field, Record};
use crate::atoms::{ip, number};
use crate::formats::Format;
use crate::{About, Dress, Facts, Kind, Line, Stamps, Verdict};

/// The format's line in [`crate::FORMATS`].
pub(super) const FORMAT: Format = Format {
    name: "paloalto",
    vendor: "Palo Alto Networks",
    product: "PAN-OS",
    covers: "PAN-OS and GlobalProtect 8 to 11, Panorama, Prisma Access: logins, tunnels, User-ID, configuration, traffic; as CSV, CEF, LEEF and JSON",
    dresses: &[Dress::Json, Dress::Cef, Dress::Leef, Dress::Digits, Dress::Signs],
    looks_like,
    parse,
};

fn looks_like(line: &Line<'_>) -> bool {
    columns::looks_like(line.body) || named::looks_like(line)
}

fn parse(line: &Line<'_>, stamps: &mut Stamps, facts: &mut Facts) -> Option<()> {
    let record = if columns::begin(line.body) { columns::read(line.body) } else { named::read(line.body)? };
    facts.stamp = record.stamp(stamps);
    // The serial number names a device that has no name, unless the head names it.
    let device = if record.value(Field::Device).is_empty() && line.head.host.is_empty() { Field::Serial } else { Field::Device };
    facts.device = record.text(line, device);
    match record.value(Field::Type) {
        b"GLOBALPROTECT" => globalprotect::event(line, &record, facts),
        b"SYSTEM" => system::event(line, &record, facts),
        b"TRAFFIC" => traffic(line, &record, facts),
        b"AUTHENTICATION" | b"AUTH" => authentication(line, &record, facts),
        b"USERID" => mapping(line, &record, facts),
        b"CONFIG" => configuration(line, &record, facts),
        _ => {
            flow(line, &record, facts);
            facts.action = record.either(line, Field::Action, Field::Subtype);
            facts.client = record.text(line, Field::Machine);
        }
    }
    Some(())
}

/// Both ends of a flow and its user.
fn flow<'a>(line: &Line<'a>, record: &Record<'a>, facts: &mut Facts) {
    record.login(line, facts);
    facts.source_ip = address(record.value(Field::Source));
    facts.source_port = number(record.value(Field::SourcePort));
    facts.destination_ip = address(record.value(Field::Destination));
    facts.destination_port = number(record.value(Field::DestinationPort));
    facts.session = record.text(line, Field::Session);
}

/// `1,2026/11/20 22:41:07,0123,TRAFFIC,end,2562,2026/11/20 22:41:07,10.99.0.6,10.20.4.11,…,allow,7201,5120,2081,…`
fn traffic<'a>(line: &Line<'a>, record: &Record<'a>, facts: &mut Facts) {
    facts.kind = Kind::Traffic;
    flow(line, record, facts);
    facts.action = record.text(line, Field::Action);
    facts.verdict = match record.value(Field::Action) {
        b"" => None,
        b"allow" | b"alert" => Some(Verdict::Allowed),
        _ => Some(Verdict::Denied),
    };
    facts.source_bytes = number(record.value(Field::Sent));
    facts.destination_bytes = number(record.value(Field::Received));
    facts.duration = seconds(record.value(Field::Elapsed));
    facts.reason = record.text(line, Field::Reason);
}

/// The authentication policy and its second factors: `…,AUTHENTICATION,mfa,2562,…,10.20.4.11,GHT\fourn.chimere,…,MFA vendor,…`
fn authentication<'a>(line: &Line<'a>, record: &Record<'a>, facts: &mut Facts) {
    record.login(line, facts);
    facts.source_ip = address(record.value(Field::Source));
    facts.action = record.text(line, Field::EventId);
    facts.kind = match words(record.value(Field::EventId)) {
        Some(true) => Kind::LoginSuccess,
        Some(false) => Kind::LoginFailure,
        None => Kind::Other,
    };
    if facts.kind == Kind::LoginSuccess {
        facts.mfa = factors(record);
    } else {
        facts.reason = record.text(line, Field::Description);
    }
}

/// Whether an event's name tells of success, or of failure. A prompt that nobody answered is neither.
fn words(event: &[u8]) -> Option<bool> {
    let says = |word: &[u8]| event.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word));
    match () {
        () if says(b"fail") || says(b"denied") || says(b"reject") || says(b"invalid") || says(b"lock") => Some(false),
        () if says(b"succ") => Some(true),
        () => None,
    }
}

/// Factor 1 is the password; 2 and more came on top of it.
fn factors(record: &Record<'_>) -> Option<bool> {
    let factor: u8 = number(record.value(Field::Factor))?;
    (factor > 1).then_some(true)
}

/// User-ID learned who is behind an address, or forgot it: `…,USERID,login,2562,…,vsys1,10.99.0.6,GHT\fourn.chimere,…`
///
/// What the `GlobalProtect` gateway tells it (`vpn-client`) is the inner address of a tunnel; what others tell, where somebody logged in.
fn mapping<'a>(line: &Line<'a>, record: &Record<'a>, facts: &mut Facts) {
    record.login(line, facts);
    facts.action = record.text(line, Field::Subtype);
    let found = address(record.value(Field::Source));
    let tunnel =
        [Field::Mapper, Field::MapperType].into_iter().any(|field| matches!(record.value(field), b"vpn-client" | b"globalprotect"));
    facts.kind = match (record.value(Field::Subtype), tunnel) {
        (b"login", false) => Kind::LoginSuccess,
        (b"login", true) => Kind::SessionStart,
        (b"logout", false) => Kind::Logout,
        (b"logout", true) => Kind::SessionEnd,
        _ => Kind::Other,
    };
    if tunnel {
        facts.assigned_ip = found;
    } else {
        facts.source_ip = found;
    }
    if facts.kind == Kind::LoginSuccess {
        facts.mfa = if record.value(Field::FactorType).is_empty() { factors(record) } else { Some(true) };
    }
}

/// `1,…,CONFIG,0,2562,2026/11/20 22:41:07,10.1.0.4,,set,claire,Web,Succeeded, config shared local-user-database …`
fn configuration<'a>(line: &Line<'a>, record: &Record<'a>, facts: &mut Facts) {
    record.login(line, facts);
    facts.source_ip = address(record.value(Field::Source));
    facts.action = record.text(line, Field::Action);
    facts.target = record.text(line, Field::Description);
    let result = record.value(Field::Result);
    if result.is_empty() || result.eq_ignore_ascii_case(b"Succeeded") || result.eq_ignore_ascii_case(b"Submitted") {
        facts.about = Some(About::Configuration);
    } else {
        facts.reason = record.text(line, Field::Result);
    }
}

/// An address; `0.0.0.0` and `::` stand for none.
fn address(text: &[u8]) -> Option<IpAddr> {
    ip(text).filter(|address| !address.is_unspecified())
}

/// Whole seconds, in nanoseconds.
fn seconds(text: &[u8]) -> Option<u64> {
    number::<u64>(text)?.checked_mul(1_000_000_000)
}

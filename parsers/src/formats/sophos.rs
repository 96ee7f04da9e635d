//! Sophos Firewall (XG, XGS, SFOS 16 to 21), and Sophos UTM (SG, once Astaro) in [`utm`].
//!
//! Sophos, "Sophos Firewall: syslog guide" (SFOS 17.5 to 21: log types, components, subtypes, status). Two layouts: `date=… time=…
//! timezone=…` and, since SFOS 18, `timestamp="2026-11-20T22:41:07+0100"`; the fields are the same. The stamp's zone may be a number of
//! hours, a name that settles it, or one that does not (`IST`).

mod utm;

use crate::atoms::{Pair, Pairs, cut, find, ip, number, says, seconds, until};
use crate::formats::Format;
use crate::{About, Dress, Facts, Kind, Line, Stamp, Stamps, Text, Verdict, stamp};

/// Sophos's line of the table of formats.
pub(super) const FORMAT: Format = Format {
    name: "sophos",
    vendor: "Sophos",
    product: "Sophos Firewall",
    covers: "Sophos Firewall (SFOS): logins, SSL VPN, IPsec, administration, traffic; Sophos UTM: logins, VPN, packet filter, administration",
    dresses: Dress::SPEECH,
    looks_like,
    parse,
};

/// Bytes within which every line says what it is about.
const PREFIX: usize = 500;

fn looks_like(line: &Line<'_>) -> bool {
    let (start, _) = cut(line.body, PREFIX);
    if [b"device=" as &[u8], b"date=", b"timestamp=", b"device_name=", b"device_model=", b"time=", b"log_id="]
        .iter()
        .any(|key| start.starts_with(key))
    {
        return find(start, b" log_component=").is_some() && find(start, b"log_type=").is_some();
    }
    utm::looks_like(line)
}

/// The fields that matter, each as it came first.
#[derive(Default)]
struct Fields<'a> {
    timestamp: Pair<'a>,
    date: Pair<'a>,
    time: Pair<'a>,
    zone: Pair<'a>,
    device_name: Pair<'a>,
    device_id: Pair<'a>,
    log_id: Pair<'a>,
    log_type: Pair<'a>,
    component: Pair<'a>,
    subtype: Pair<'a>,
    status: Pair<'a>,
    user: Pair<'a>,
    group: Pair<'a>,
    source: Pair<'a>,
    source_port: Pair<'a>,
    country: Pair<'a>,
    destination: Pair<'a>,
    destination_port: Pair<'a>,
    remote: Pair<'a>,
    assigned: Pair<'a>,
    sent: Pair<'a>,
    received: Pair<'a>,
    duration: Pair<'a>,
    /// `Start`, `Interim` or `Stop` of a flow.
    stage: Pair<'a>,
    session: Pair<'a>,
    connection: Pair<'a>,
    reason: Pair<'a>,
    message: Pair<'a>,
    torn: bool,
}

impl<'a> Fields<'a> {
    fn put(&mut self, pair: Pair<'a>) {
        let field = match pair.key {
            b"timestamp" => &mut self.timestamp,
            b"date" => &mut self.date,
            b"time" => &mut self.time,
            b"timezone" => &mut self.zone,
            b"device_name" => &mut self.device_name,
            b"device_id" | b"device_serial_id" => &mut self.device_id,
            b"log_id" => &mut self.log_id,
            b"log_type" => &mut self.log_type,
            b"log_component" => &mut self.component,
            b"log_subtype" => &mut self.subtype,
            b"status" => &mut self.status,
            b"user_name" | b"username" => &mut self.user,
            b"usergroupname" | b"user_gp" | b"user_group" | b"user_group_name" => &mut self.group,
            b"src_ip" => &mut self.source,
            b"src_port" => &mut self.source_port,
            b"src_country_code" | b"src_country" => &mut self.country,
            b"dst_ip" => &mut self.destination,
            b"dst_port" => &mut self.destination_port,
            b"remote_ip" | b"remoteip" => &mut self.remote,
            b"ipaddress" | b"ip_address" | b"leased_ip" | b"virtual_ip" | b"assigned_ip" => &mut self.assigned,
            b"sent_bytes" | b"bytes_sent" => &mut self.sent,
            b"recv_bytes" | b"bytes_received" => &mut self.received,
            b"duration" => &mut self.duration,
            b"con_event" => &mut self.stage,
            b"sessionid" | b"session_id" => &mut self.session,
            b"con_name" | b"connectionname" | b"connection_name" => &mut self.connection,
            b"reason" => &mut self.reason,
            b"message" => &mut self.message,
            _ => return,
        };
        self.torn |= field.torn_by(pair);
    }

    fn text(line: &Line<'a>, pair: Pair<'a>) -> Text {
        if matches!(pair.value, b"-" | b"N/A" | b"n/a") { Text::default() } else { line.pair(pair) }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the signature of the table of formats")]
fn parse(line: &Line<'_>, stamps: &mut Stamps, facts: &mut Facts) -> Option<()> {
    if utm::looks_like(line) {
        utm::parse(line, facts);
        return Some(());
    }
    let mut fields = Fields::default();
    Pairs::new(line.body).for_each(|pair| fields.put(pair));
    fill(line, &fields, stamps, facts);
    Some(())
}

fn fill<'a>(line: &Line<'a>, fields: &Fields<'a>, stamps: &mut Stamps, facts: &mut Facts) {
    facts.stamp = match stamps.body(fields.timestamp.value, stamp::any) {
        Stamp::None => stamp::apart(fields.date.value, fields.time.value).in_zone(stamp::zone(fields.zone.value)),
        stamp => stamp,
    };
    let name = fields.device_name.value;
    let unnamed = name.is_empty() || name == b"SFW" && !fields.device_id.value.is_empty();
    facts.device = line.pair(if unnamed { fields.device_id } else { fields.device_name });
    facts.action = line.pair(fields.log_id);
    let user = Fields::text(line, fields.user);
    if !user.is_empty() {
        line.login(fields.user.value, fields.user.escape, facts);
    }
    if fields.torn && fields.log_type.value == b"Event" {
        // A name tore its quotes: what stands behind it is not believed.
        if says(line.body, b"fail") {
            facts.kind = Kind::LoginFailure;
        }
        return;
    }
    facts.group = Fields::text(line, fields.group);
    facts.source_ip = ip(fields.source.value);
    facts.source_port = number(fields.source_port.value);
    facts.destination_ip = ip(fields.destination.value);
    facts.destination_port = number(fields.destination_port.value);
    // R1 is an address of nobody's country.
    if fields.country.value != b"R1" {
        facts.country = Fields::text(line, fields.country);
    }
    match fields.log_type.value {
        b"Firewall" => traffic(fields, facts),
        b"Event" | b"" => event(line, fields, facts),
        _ => {}
    }
}

/// `… log_type="Firewall" log_component="Firewall Rule" log_subtype="Allowed" status="Allow" … src_ip=10.99.0.6 … dst_ip=10.20.4.11 …`
fn traffic(fields: &Fields<'_>, facts: &mut Facts) {
    facts.kind = Kind::Traffic;
    facts.verdict = match (fields.subtype.value, fields.status.value) {
        (b"Allowed", _) | (b"", b"Allow" | b"Allow Session") => Some(Verdict::Allowed),
        (b"Denied" | b"Drop" | b"Dropped", _) | (b"", b"Deny" | b"Deny Session") => Some(Verdict::Denied),
        _ => None,
    };
    facts.source_bytes = number(fields.sent.value);
    facts.destination_bytes = number(fields.received.value);
    facts.running = matches!(fields.stage.value, b"Start" | b"Interim");
    facts.duration = seconds(fields.duration.value);
}

fn event<'a>(line: &Line<'a>, fields: &Fields<'a>, facts: &mut Facts) {
    let message = fields.message.value;
    let status = fields.status.value;
    facts.session = Fields::text(line, fields.session);
    let component = fields.component.value;
    if says(component, b"authentication") || fields.subtype.value == b"Authentication" {
        facts.kind = login(message, status);
    } else if matches!(component, b"GUI" | b"CLI" | b"API" | b"CTA" | b"Central Management") || fields.subtype.value == b"Admin" {
        administration(line, fields, facts);
    } else if [b"SSL VPN" as &[u8], b"IPSec", b"L2TP", b"PPTP", b"Remote Access", b"RED", b"SSL VPN Client", b"IPSec Client"]
        .iter()
        .any(|tunnel| component.eq_ignore_ascii_case(tunnel))
    {
        tunnel(line, fields, facts);
    } else if component == b"Appliance" && [b"started" as &[u8], b"restart", b"reboot", b"boot up"].iter().any(|words| says(message, words))
    {
        facts.about = Some(About::Restart);
    }
    if facts.kind == Kind::LoginFailure {
        let reason = Fields::text(line, fields.reason);
        facts.reason = if reason.is_empty() { line.pair(fields.message) } else { reason };
    }
}

/// `… log_component="VPN Authentication" log_subtype="Authentication" status="Successful" … message="User … logged in successfully to …"`
fn login(message: &[u8], status: &[u8]) -> Kind {
    match status {
        b"Failed" | b"Deny" | b"Denied" => Kind::LoginFailure,
        _ if says(message, b"logged out") || says(message, b"logout") => Kind::Logout,
        _ if says(message, b"failed to") || says(message, b"login failed") => Kind::LoginFailure,
        b"Successful" | b"Allow" => Kind::LoginSuccess,
        b"Terminated" | b"Disconnected" | b"Expire" => Kind::SessionEnd,
        _ => Kind::Other,
    }
}

/// `… log_component="GUI" log_subtype="Admin" status="Successful" user_name="claire" src_ip=10.1.0.4 message="Firewall rule 'X' was updated by 'claire' …"`
fn administration<'a>(line: &Line<'a>, fields: &Fields<'a>, facts: &mut Facts) {
    let message = fields.message.value;
    if [b"logged in" as &[u8], b"logged out", b"login", b"log in", b"logout", b"logon"].iter().any(|words| says(message, words)) {
        facts.kind = login(message, fields.status.value);
    } else if [b"reboot" as &[u8], b"restart"].iter().any(|words| says(message, words)) {
        facts.about = Some(About::Restart);
    } else if [b"was downloaded" as &[u8], b"was exported", b"was viewed", b"was generated", b"backup taken"]
        .iter()
        .any(|words| says(message, words))
    {
        // It was looked at and copied, and stays what it is.
    } else if !facts.user.is_empty() && fields.status.value != b"Failed" {
        facts.about = Some(About::Configuration);
        facts.target = line.pair(fields.message);
    }
}

/// `… log_component="SSL VPN" log_subtype="System" status="Established" … user_name="fourn.chimere" ipaddress=10.99.0.6 … message="…"`
///
/// For IPsec `src_ip` is the firewall's end and `dst_ip` the far one; the message has it as well: `… established. (Remote: 203.0.113.9)`
fn tunnel<'a>(line: &Line<'a>, fields: &Fields<'a>, facts: &mut Facts) {
    let message = fields.message.value;
    facts.kind = match fields.status.value {
        b"Established" | b"Connected" => Kind::SessionStart,
        b"Terminated" | b"Disconnected" | b"Release" | b"Expire" => Kind::SessionEnd,
        b"Failed" if !facts.user.is_empty() && says(message, b"authenticat") => Kind::LoginFailure,
        _ if says(message, b"disconnected") || says(message, b"terminated") => Kind::SessionEnd,
        _ if says(message, b"established") || says(message, b" connected") => Kind::SessionStart,
        _ => Kind::Other,
    };
    facts.assigned_ip = ip(fields.assigned.value).filter(|ip| !ip.is_unspecified());
    facts.source_bytes = number(fields.received.value);
    facts.destination_bytes = number(fields.sent.value);
    facts.duration = seconds(fields.duration.value);
    let told = find(message, b"(Remote: ").and_then(|at| ip(until(cut(message, at + 9).1, b')')?.0));
    let far = told.or_else(|| ip(fields.remote.value));
    if fields.component.value.eq_ignore_ascii_case(b"IPSec") {
        let far = far.or(facts.destination_ip);
        facts.target = Fields::text(line, fields.connection);
        if facts.kind != Kind::Other {
            (facts.source_ip, facts.destination_ip) = (far, facts.source_ip);
        }
        if facts.user.is_empty() {
            facts.peer = far;
        }
    } else {
        facts.source_ip = facts.source_ip.or(far);
    }
}

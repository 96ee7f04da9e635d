//! SonicWall: firewalls (SonicOS 5 to 8) and remote access gateways (SMA 100 and SRA; SMA 1000, once Aventail).
//!
//! SonicWall, "SonicOS Log Events Reference Guide" (WELF and its "ArcSight" dress, CEF), "Secure Mobile Access Administration
//! Guide" (SMA 100), "SMA 1000 Administration Guide: log file output formats".
//!
//! A firewall's event has a number (`m=`) and a message that says the same in words; the words are the same over all versions, so
//! they decide and the numbers stand in where the words are missing. Addresses are `ip:port:interface:host`, each part of which
//! may be missing. `time` has no zone but where it says `UTC`; SMA's `vp_time` is UTC.

mod aventail;
mod events;

use std::net::IpAddr;

use self::events::Event;
use crate::atoms::{Cef, Pair, Welf, cut, find, ip, number, says, seconds, trim, until};
use crate::formats::Format;
use crate::{Dress, Escape, Facts, Kind, Line, Stamps, Verdict, stamp};

/// SonicWall's line of the table of formats.
pub(super) const FORMAT: Format = Format {
    name: "sonicwall",
    vendor: "SonicWall",
    product: "SonicOS",
    covers: "SonicWall firewalls (WELF and CEF): logins, VPN, NetExtender, traffic, configuration; SMA 100 and SMA 1000",
    dresses: &[Dress::Cef, Dress::Pairs, Dress::Words, Dress::Digits, Dress::Signs],
    looks_like,
    parse,
};

/// Bytes within which every line has its serial number and event number.
const PREFIX: usize = 300;

fn looks_like(line: &Line<'_>) -> bool {
    let (start, _) = cut(line.body, PREFIX);
    if start.starts_with(b"id=") {
        let event = find(start, b" m=").is_some() || find(start, b" msg=").is_some();
        return find(start, b" sn=").is_some() && event && find(start, b" time=").is_some();
    }
    if start.starts_with(b"sn=") {
        return find(start, b" fw=").is_some() && find(start, b" m=").is_some();
    }
    cef(line).is_some() || aventail::looks_like(line)
}

fn cef<'a>(line: &Line<'a>) -> Option<Cef<'a>> {
    line.cef.filter(|head| head.vendor.eq_ignore_ascii_case(b"SonicWall"))
}

/// The fields that matter, each as it came first.
#[derive(Default)]
struct Fields<'a> {
    id: Pair<'a>,
    serial: Pair<'a>,
    time: Pair<'a>,
    utc: Pair<'a>,
    firewall: Pair<'a>,
    number: Pair<'a>,
    message: Pair<'a>,
    note: Pair<'a>,
    user: Pair<'a>,
    alias: Pair<'a>,
    domain: Pair<'a>,
    group: Pair<'a>,
    source: Pair<'a>,
    source_v6: Pair<'a>,
    source_port: Pair<'a>,
    destination: Pair<'a>,
    destination_v6: Pair<'a>,
    destination_port: Pair<'a>,
    sent: Pair<'a>,
    received: Pair<'a>,
    duration: Pair<'a>,
    action: Pair<'a>,
    session: Pair<'a>,
    /// A key that who asks to come in cannot have written has two values.
    torn: bool,
}

impl<'a> Fields<'a> {
    fn put(&mut self, pair: Pair<'a>) {
        let field = match pair.key {
            b"id" => &mut self.id,
            b"sn" | b"deviceExternalId" => &mut self.serial,
            b"time" | b"rt" => &mut self.time,
            b"vp_time" => &mut self.utc,
            b"fw" | b"dvc" => &mut self.firewall,
            b"m" => &mut self.number,
            b"msg" => &mut self.message,
            b"note" => &mut self.note,
            b"usr" | b"susr" | b"suser" => &mut self.user,
            b"user" | b"duser" => &mut self.alias,
            b"domain" => &mut self.domain,
            b"portal" => &mut self.group,
            b"src" => &mut self.source,
            b"srcV6" => &mut self.source_v6,
            b"spt" | b"srcPort" => &mut self.source_port,
            b"dst" => &mut self.destination,
            b"dstV6" => &mut self.destination_v6,
            b"dpt" | b"dstPort" => &mut self.destination_port,
            b"sent" | b"out" => &mut self.sent,
            b"rcvd" | b"in" => &mut self.received,
            b"dur" | b"duration" => &mut self.duration,
            b"fw_action" => &mut self.action,
            b"sessid" | b"session" => &mut self.session,
            _ => return,
        };
        // The reader of applications writes its message twice.
        self.torn |= field.torn_by(pair) && !matches!(pair.key, b"msg" | b"note");
    }
}

fn parse(line: &Line<'_>, stamps: &mut Stamps, facts: &mut Facts) -> Option<()> {
    if aventail::looks_like(line) {
        return aventail::parse(line, stamps, facts);
    }
    let mut fields = Fields::default();
    if let Some(head) = cef(line) {
        fields.number = Pair { key: b"m", value: head.class, escape: Escape::None };
        fields.message = Pair { key: b"name", value: head.name, escape: Escape::Cef };
        facts.product = line.escaped(head.product, Escape::Cef);
        // ArcSight's dress keeps the quotes.
        Welf::new(head.extension).for_each(|pair| fields.put(pair));
    } else {
        Welf::new(line.body).for_each(|pair| fields.put(pair));
    }
    if fields.id.value == b"sslvpn" {
        facts.product = line.text(fields.id.value);
    }
    fill(line, &fields, stamps, facts);
    Some(())
}

fn fill<'a>(line: &Line<'a>, fields: &Fields<'a>, stamps: &mut Stamps, facts: &mut Facts) {
    let written = if fields.utc.value.is_empty() { fields.time } else { fields.utc };
    facts.stamp = stamps.body(written.value, any_or_epoch);
    facts.device = line.pair(if fields.serial.value.is_empty() { fields.firewall } else { fields.serial });
    facts.action = line.text(fields.number.value);
    let event = Event::of(number(fields.number.value), fields.message.value, fields.id.value == b"sslvpn");
    (facts.kind, facts.about) = (event.kind, event.about);
    if fields.torn {
        // A name tore its quotes: nobody is let in by that, and nothing it says of addresses is believed.
        if matches!(facts.kind, Kind::LoginSuccess | Kind::SessionStart) {
            facts.kind = Kind::Other;
        }
        facts.user = line.pair(fields.user);
        return;
    }
    let login = [fields.user, fields.alias].into_iter().find(|pair| !given(pair.value).is_empty()).unwrap_or_default();
    line.login(login.value, login.escape, facts);
    if facts.domain.is_empty() && !fields.domain.value.is_empty() && !facts.user.is_empty() {
        facts.domain = line.pair(fields.domain);
    }
    facts.group = line.pair(fields.group);
    facts.session = line.pair(fields.session);
    let source = Endpoint::read(fields.source.value);
    facts.source_ip = source.ip.or_else(|| Endpoint::read(fields.source_v6.value).ip);
    facts.source_port = number(fields.source_port.value).or(source.port);
    let destination = Endpoint::read(fields.destination.value);
    facts.destination_ip = destination.ip.or_else(|| Endpoint::read(fields.destination_v6.value).ip);
    facts.destination_port = number(fields.destination_port.value).or(destination.port);
    facts.source_bytes = number(fields.sent.value);
    facts.destination_bytes = number(fields.received.value);
    facts.duration = seconds(fields.duration.value);
    match facts.kind {
        Kind::LoginFailure => facts.reason = line.pair(if fields.note.value.is_empty() { fields.message } else { fields.note }),
        Kind::SessionStart | Kind::SessionEnd => {
            facts.assigned_ip = event.assigned;
            // Two gateways, and nobody by name.
            if facts.user.is_empty() && event.negotiated && find(fields.note.value, b"GroupVPN").is_none() {
                facts.peer = facts.source_ip;
            }
        }
        // A scan or a flood that has no far end is no flow.
        Kind::Traffic if facts.source_ip.is_none() && facts.destination_ip.is_none() => facts.kind = Kind::Other,
        Kind::Traffic => facts.verdict = verdict(fields.action.value).or(event.verdict),
        Kind::Other if event.about.is_some() => facts.target = line.pair(fields.note),
        _ => {}
    }
}

/// An address, and what SonicOS hangs to it: `198.51.100.23:51505:X1:pc-7`, `:49702:X0`, `198.51.100.23`.
#[derive(Clone, Copy, Default)]
struct Endpoint {
    ip: Option<IpAddr>,
    port: Option<u16>,
}

impl Endpoint {
    fn read(text: &[u8]) -> Endpoint {
        let text = trim(text);
        if let Some(ip) = ip(text) {
            return Endpoint { ip: (!ip.is_unspecified()).then_some(ip), port: None };
        }
        let (address, rest) = match text {
            [b'[', ..] => until(text, b']').map(|(address, rest)| (address, rest.strip_prefix(b":").unwrap_or(rest))),
            _ => until(text, b':'),
        }
        .unwrap_or((text, &[]));
        let (port, _) = until(rest, b':').unwrap_or((rest, &[]));
        let ip = ip(address.strip_prefix(b"[").unwrap_or(address)).filter(|ip| !ip.is_unspecified());
        Endpoint { ip, port: number(port) }
    }
}

fn verdict(action: &[u8]) -> Option<Verdict> {
    match action {
        b"forward" | b"mgmt" | b"allow" | b"process" => Some(Verdict::Allowed),
        b"drop" | b"deny" | b"block" | b"reject" => Some(Verdict::Denied),
        _ => None,
    }
}

/// A user that is one: `Unknown (SSO failed)` and their like are the device's words for nobody.
fn given(user: &[u8]) -> &[u8] {
    let nobody = user.starts_with(b"Unknown") || matches!(user, b"" | b"-" | b"N/A" | b"n/a" | b"(null)") || says(user, b"(SSO bypass");
    if nobody { &[] } else { user }
}

/// `2026-11-20 22:41:07`, `2026-11-20 21:41:07 UTC`, and ArcSight's milliseconds.
fn any_or_epoch(text: &[u8]) -> crate::Stamp {
    if text.iter().all(u8::is_ascii_digit) { stamp::epoch(text) } else { stamp::any(text) }
}

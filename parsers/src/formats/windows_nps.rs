//! Network Policy Server, Routing and Remote Access: the accounting files (`IN*.log`).
//!
//! Microsoft, "Interpret NPS Database Format Log Files", "Interpret IAS Format Log Files" and the DTS-compliant XML of "NPS accounting";
//! attribute numbers of the IAS format are RADIUS' (RFC 2865, RFC 2866) and Microsoft's own above 4096.

use crate::atoms::{Columns, Elements, Once, cut, find, ip, number, until};
use crate::formats::Format;
use crate::stamp::Civil;
use crate::{About, Escape, Facts, Kind, Line, Stamp, Stamps};

/// The line of NPS in the table of formats.
pub(super) const FORMAT: Format = Format {
    name: "windows-nps",
    vendor: "Microsoft",
    product: "Network Policy Server",
    covers: "NPS and RRAS accounting files: database-compatible, IAS and DTS (XML) format",
    dresses: &[crate::Dress::Digits, crate::Dress::Signs],
    looks_like,
    parse,
};

fn looks_like(line: &Line<'_>) -> bool {
    dress(line.body).is_some()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dress {
    Database,
    Ias,
    Xml,
}

fn dress(body: &[u8]) -> Option<Dress> {
    if body.starts_with(b"<Event>") {
        return find(body, b" data_type=").map(|_| Dress::Xml);
    }
    // A glance first: an address comes first, or a name in quotes.
    let (first, _) = until(cut(body, 64).0, b',')?;
    if !(first.ends_with(b"\"") || ip(first).is_some()) {
        return None;
    }
    let mut columns = Columns::new(body, b',').map(|column| column.value);
    let (_, second, third, fourth, fifth) = (columns.next()?, columns.next()?, columns.next()?, columns.next()?, columns.next()?);
    let is_service = |name: &[u8]| matches!(name, b"IAS" | b"RAS");
    if date(third).is_none() || memchr::memchr(b':', fourth).is_none() {
        None
    } else if is_service(second) && number::<u8>(fifth).is_some() {
        Some(Dress::Database)
    } else {
        is_service(fifth).then_some(Dress::Ias)
    }
}

/// What the three formats tell, as they stand.
#[derive(Default)]
struct Packet<'a> {
    escape: Escape,
    computer: &'a [u8],
    when: (&'a [u8], &'a [u8]),
    kind: &'a [u8],
    user: &'a [u8],
    /// SAM account name or distinguished name: only `DOMAIN\user` is a login.
    full_name: &'a [u8],
    calling: &'a [u8],
    tunnel_client: &'a [u8],
    framed: &'a [u8],
    status: &'a [u8],
    received: &'a [u8],
    sent: &'a [u8],
    session: &'a [u8],
    seconds: &'a [u8],
    cause: &'a [u8],
    reason: &'a [u8],
}

fn parse(line: &Line<'_>, _: &mut Stamps, facts: &mut Facts) -> Option<()> {
    let packet = match dress(line.body)? {
        Dress::Database => database(line.body),
        Dress::Ias => ias(line.body),
        Dress::Xml => xml(line.body),
    };
    let text = |value| line.escaped(value, packet.escape);
    (facts.kind, facts.about) = meaning(&packet);
    facts.action = text(packet.kind);
    facts.device = text(packet.computer);
    facts.stamp = time(packet.when);
    let domain_login = Some(packet.full_name).filter(|name| memchr::memchr(b'\\', name).is_some());
    let login = if packet.user.is_empty() { domain_login.unwrap_or_default() } else { packet.user };
    line.login(login, packet.escape, facts);
    facts.session = text(packet.session);
    facts.source_ip = ip(packet.calling).or_else(|| ip(packet.tunnel_client));
    facts.assigned_ip = ip(packet.framed).filter(|address| !address.is_unspecified());
    // The counters are the server's: what it received is what the user sent.
    facts.source_bytes = number(packet.received);
    facts.destination_bytes = number(packet.sent);
    facts.duration = number::<u64>(packet.seconds).and_then(|seconds| seconds.checked_mul(1_000_000_000));
    facts.reason = match facts.kind {
        Kind::LoginFailure => text(packet.reason),
        Kind::SessionEnd => text(packet.cause),
        _ => facts.reason,
    };
    Some(())
}

/// Packet types of RADIUS, and for accounting its status.
fn meaning(packet: &Packet<'_>) -> (Kind, Option<About>) {
    match (packet.kind, packet.status) {
        (b"2", _) => (Kind::LoginSuccess, None),
        (b"3", _) => (Kind::LoginFailure, None),
        (b"4", b"1") => (Kind::SessionStart, None),
        (b"4", b"2") => (Kind::SessionEnd, None),
        // Accounting-On: the access server has started anew.
        (b"4", b"7") => (Kind::Other, Some(About::Restart)),
        _ => (Kind::Other, None),
    }
}

/// ```text
/// "NPS-1","IAS",11/20/2026,22:41:07,2,"GHT\fourn.chimere","ght.example/Externes/CHIMERE Jean","10.1.1.1","198.51.100.23",,,"fw-1",10.1.1.1,7,0,10.1.1.1,"FW",,,5,,1,2,4,"VPN",0,…
/// ```
fn database(body: &[u8]) -> Packet<'_> {
    let mut packet = Packet { escape: Escape::Doubled, ..Packet::default() };
    for (at, column) in Columns::new(body, b',').enumerate() {
        let field = match at {
            0 => &mut packet.computer,
            2 => &mut packet.when.0,
            3 => &mut packet.when.1,
            4 => &mut packet.kind,
            5 => &mut packet.user,
            6 => &mut packet.full_name,
            8 => &mut packet.calling,
            10 => &mut packet.framed,
            25 => &mut packet.reason,
            31 => &mut packet.status,
            33 => &mut packet.received,
            34 => &mut packet.sent,
            35 => &mut packet.session,
            37 => &mut packet.seconds,
            40 => &mut packet.cause,
            46 => &mut packet.tunnel_client,
            _ => continue,
        };
        *field = column.value;
    }
    packet
}

/// ```text
/// 10.1.1.1,GHT\fourn.chimere,11/20/2026,22:41:07,IAS,NPS-1,4,10.1.1.1,31,198.51.100.23,4136,2,4142,0
/// ```
fn ias(body: &[u8]) -> Packet<'_> {
    let mut columns = Columns::new(body, b',').map(|column| column.value);
    let mut next = || columns.next().unwrap_or_default();
    let (_, user, day, clock, _, computer) = (next(), next(), next(), next(), next(), next());
    let mut packet = Packet { escape: Escape::Doubled, computer, when: (day, clock), user, ..Packet::default() };
    while let (Some(attribute), Some(value)) = (columns.next(), columns.next()) {
        let field = match attribute {
            b"1" => &mut packet.user,
            b"8" => &mut packet.framed,
            b"31" => &mut packet.calling,
            b"40" => &mut packet.status,
            b"42" => &mut packet.received,
            b"43" => &mut packet.sent,
            b"44" => &mut packet.session,
            b"46" => &mut packet.seconds,
            b"49" => &mut packet.cause,
            b"66" => &mut packet.tunnel_client,
            b"4129" | b"4130" => &mut packet.full_name,
            b"4136" => &mut packet.kind,
            b"4142" => &mut packet.reason,
            _ => continue,
        };
        field.once(value);
    }
    packet
}

/// ```text
/// <Event><Timestamp data_type="4">11/20/2026 22:41:07.123</Timestamp><Computer-Name data_type="1">NPS-1</Computer-Name><User-Name data_type="1">GHT\fourn.chimere</User-Name><Packet-Type data_type="0">2</Packet-Type><Reason-Code data_type="0">0</Reason-Code></Event>
/// ```
fn xml(body: &[u8]) -> Packet<'_> {
    let mut packet = Packet { escape: Escape::Entities, ..Packet::default() };
    for element in Elements::new(body) {
        let field = match element.name {
            b"Timestamp" => {
                packet.when = until(element.text, b' ').unwrap_or_default();
                continue;
            }
            b"Computer-Name" => &mut packet.computer,
            b"Packet-Type" => &mut packet.kind,
            b"User-Name" => &mut packet.user,
            b"SAM-Account-Name" | b"Fully-Qualifed-User-Name" | b"Fully-Qualified-User-Name" => &mut packet.full_name,
            b"Calling-Station-Id" => &mut packet.calling,
            b"Tunnel-Client-Endpt" => &mut packet.tunnel_client,
            b"Framed-IP-Address" => &mut packet.framed,
            b"Acct-Status-Type" => &mut packet.status,
            b"Acct-Input-Octets" => &mut packet.received,
            b"Acct-Output-Octets" => &mut packet.sent,
            b"Acct-Session-Id" => &mut packet.session,
            b"Acct-Session-Time" => &mut packet.seconds,
            b"Acct-Terminate-Cause" => &mut packet.cause,
            b"Reason-Code" => &mut packet.reason,
            _ => continue,
        };
        field.once(element.text);
    }
    packet
}

/// `11/20/2026`
fn date(text: &[u8]) -> Option<(u8, u8, i32)> {
    let mut parts = text.split(|&b| b == b'/');
    let date = (number(parts.next()?)?, number(parts.next()?)?, number::<u16>(parts.next()?)?.into());
    parts.next().is_none().then_some(date)
}

/// `11/20/2026` and `22:41:07`, by the server's own clock.
fn time((day, clock): (&[u8], &[u8])) -> Stamp {
    let Some((month, day, year)) = date(day) else { return Stamp::None };
    let (whole, decimals) = until(clock, b'.').unwrap_or((clock, &[]));
    let mut parts = whole.split(|&b| b == b':').map(number::<u8>);
    let (Some(Some(hour)), Some(Some(minute)), Some(Some(second))) = (parts.next(), parts.next(), parts.next()) else {
        return Stamp::None;
    };
    let nanos = match decimals {
        [_, _, _] => number::<u32>(decimals).map_or(0, |millis| millis * 1_000_000),
        _ => 0,
    };
    Civil { year: Some(year), month, day, hour, minute, second, nanos, offset: None }.stamp()
}

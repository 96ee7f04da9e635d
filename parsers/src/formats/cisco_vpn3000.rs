//! Cisco VPN 3000 Concentrator.
//!
//! `1793 11/20/2026 22:41:07.930 SEV=4 IKE/52 RPT=22 198.51.100.23  Group [G] User [u] User (u) authenticated.`: number, local time,
//! severity, class and event, how often it came since the start, the remote address, text; or in the dress of IOS,
//! `25: 2026 NOV 20 22:41:07.930 CET +1:00 %IKE-4-52: RPT=22: 198.51.100.23: Group [G] …`. Cisco, "VPN 3000 Series Concentrator
//! Reference Volume I", chapter "Events", and "Volume II", chapter "Filterable Event Log".
//!
//! The address is a column of its own in front of every name, so no name can put another one in its place.

use crate::atoms::{between, cut, duration, find, ip, number, rfind, trim, trim_start, until};
use crate::stamp::{self, Civil};
use crate::{About, Dress, Escape, Facts, Format, Kind, Line, Stamp, Stamps, Text};

/// The format's line in [`crate::FORMATS`].
pub(super) const FORMAT: Format = Format {
    name: "cisco-vpn3000",
    vendor: "Cisco",
    product: "VPN 3000",
    covers: "VPN 3000 Concentrator: sessions, users' and administrators' logins, tunnels between gateways",
    dresses: Dress::TEXT,
    looks_like,
    parse,
};

/// One event.
struct Message<'a> {
    stamp: &'a [u8],
    /// `AUTH/28`, `AUTH-5-28`
    event: &'a [u8],
    class: &'a [u8],
    number: &'a [u8],
    rest: &'a [u8],
}

fn looks_like(line: &Line<'_>) -> bool {
    message(line).is_some()
}

/// The event; the syslog head may have taken its number for a host.
fn message<'a>(line: &Line<'a>) -> Option<Message<'a>> {
    split(line.body)
        .or_else(|| split(line.head.after_stamp))
        .or_else(|| compatible(line.body))
        .or_else(|| compatible(line.head.after_stamp))
}

/// An event in the dress of IOS.
fn compatible(body: &[u8]) -> Option<Message<'_>> {
    let (sequence, start) = cut(body, body.iter().position(|b| !b.is_ascii_digit())?);
    let start = trim_start(start.strip_prefix(b":").unwrap_or(start));
    let (stamp, rest) = cut(start, stamp::extent(start));
    let (zone, rest) = cut(rest, find(cut(rest, 24).0, b"%")?);
    let is_zone = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b' ' | b':' | b'+' | b'-');
    if sequence.is_empty() || stamp.is_empty() || !zone.iter().all(is_zone) {
        return None;
    }
    let (event, rest) = until(rest.get(1..)?, b':')?;
    let (class, number) = until(event, b'-')?;
    let (_severity, number) = until(number, b'-')?;
    let rest = trim_start(rest).strip_prefix(b"RPT=")?;
    let (_, rest) = cut(rest, rest.iter().position(|b| !b.is_ascii_digit())?);
    Some(Message { stamp, event, class, number, rest: trim_start(rest.strip_prefix(b":").unwrap_or(rest)) })
}

fn split(body: &[u8]) -> Option<Message<'_>> {
    if !body.first()?.is_ascii_digit() {
        return None;
    }
    let start = match until(body, b' ') {
        Some((number, rest)) if number.iter().all(u8::is_ascii_digit) => trim_start(rest),
        _ => body,
    };
    if !start.first().is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let length = find(cut(start, 32).0, b" SEV=")?;
    let (stamp, rest) = cut(start, length);
    if stamp.get(2) != Some(&b'/') || stamp.get(5) != Some(&b'/') {
        return None;
    }
    let (_, rest) = until(rest.strip_prefix(b" SEV=")?, b' ')?;
    let (event, rest) = until(rest, b' ')?;
    let (_, rest) = until(rest.strip_prefix(b"RPT=")?, b' ')?;
    let (class, number) = until(event, b'/')?;
    Some(Message { stamp, event, class, number, rest: trim_start(rest) })
}

/// `11/20/2026 22:41:07.930`
fn civil(text: &[u8]) -> Stamp {
    let read = || {
        let (date, clock) = until(text, b' ')?;
        let (month, rest) = until(date, b'/')?;
        let (day, year) = until(rest, b'/')?;
        let (hour, rest) = until(clock, b':')?;
        let (minute, rest) = until(rest, b':')?;
        let (second, decimals) = until(rest, b'.').unwrap_or((rest, b"0"));
        let scale = u32::try_from(decimals.len()).ok().and_then(|digits| 9_u32.checked_sub(digits)).map(|digits| 10_u32.pow(digits))?;
        Some(Civil {
            year: Some(i32::from(number::<u16>(year)?)),
            month: number(month)?,
            day: number(day)?,
            hour: number(hour)?,
            minute: number(minute)?,
            second: number(second)?,
            nanos: number::<u32>(decimals)?.checked_mul(scale)?,
            offset: None,
        })
    };
    read().map_or(Stamp::None, Civil::stamp)
}

fn parse(line: &Line<'_>, stamps: &mut Stamps, facts: &mut Facts) -> Option<()> {
    let message = message(line)?;
    facts.stamp = stamps.body(message.stamp, if message.event.contains(&b'/') { civil } else { stamp::any });
    facts.action = line.text(message.event);
    let (address, text) = until(message.rest, b' ').unwrap_or((message.rest, &[]));
    facts.source_ip = ip(address.strip_suffix(b":").unwrap_or(address));
    let text = if facts.source_ip.is_some() { trim_start(text) } else { message.rest };
    subject(line, text, facts);
    event(line, &message, text, facts);
    Some(())
}

/// `Group [G] User [u] …`, `User [u], Group [G] …`, `User [ admin ] Protocol [ HTTP ] …`, `…, user = u, domain = <not specified>`
fn subject<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    let bracketed = |key: &[u8]| between(text, key, b"]").map(trim).unwrap_or_default();
    facts.group = line.text(bracketed(b"Group ["));
    let listed = || {
        let rest = text.get(rfind(text, b", user = ")? + 9..)?;
        // The domain follows, and a name may hold a comma.
        let end = rfind(rest, b", domain = ").or_else(|| rfind(rest, b", ")).unwrap_or(rest.len());
        Some(trim(cut(rest, end).0))
    };
    let login = match bracketed(b"User [") {
        [] => listed().unwrap_or_default(),
        login => login,
    };
    if ip(login).is_some() || matches!(login, b"(none)" | b"<not specified>") {
        return;
    }
    line.login(login, Escape::None, facts);
    let domain = rfind(text, b", domain = ").and_then(|at| text.get(at + 11..)).map(trim).unwrap_or_default();
    if facts.domain.is_empty() && !domain.starts_with(b"<") {
        facts.domain = line.text(domain);
    }
}

/// What happened. The numbers of class IKE are those of the ASA behind its 713.
fn event<'a>(line: &Line<'a>, message: &Message<'_>, text: &'a [u8], facts: &mut Facts) {
    let after = |key: &[u8]| find(text, key).and_then(|at| text.get(at + key.len()..));
    let is_gateway = facts.user.is_empty() && ip(facts.group.raw(line.whole)).is_some();
    match (message.class, message.number) {
        // `User [u] Group [G] connected, Session Type: IPSec`
        (b"AUTH", b"22") => facts.kind = Kind::SessionStart,
        // `… disconnected:  Duration: 0:10:12  Bytes xmt: 2745816  Bytes rcv: 172696  Reason: User Requested`
        (b"AUTH", b"28") => {
            facts.kind = Kind::SessionEnd;
            let word = |key: &[u8]| after(key).map(|rest| until(rest, b' ').map_or(rest, |(word, _)| word));
            facts.duration = word(b"Duration: ").and_then(duration);
            // The gateway transmitted what the remote user received.
            facts.destination_bytes = word(b"Bytes xmt: ").and_then(number);
            facts.source_bytes = word(b"Bytes rcv: ").and_then(number);
            facts.reason = line.text(after(b"Reason: ").map(trim).unwrap_or_default());
        }
        // `Group [203.0.113.9] PHASE 1 COMPLETED`: of a person only the login that follows counts.
        (b"IKE", b"119") if is_gateway => facts.kind = Kind::SessionStart,
        (b"IKE", b"50") => {
            facts.kind = Kind::SessionEnd;
            facts.reason =
                line.text(after(b"Reason: ").map(|rest| trim(cut(rest, find(rest, b"  ").unwrap_or(rest.len())).0)).unwrap_or_default());
        }
        (b"IKE", b"52") => facts.kind = Kind::LoginSuccess,
        (b"IKE", b"60" | b"167") => facts.kind = Kind::LoginFailure,
        // `Assigned private IP address 10.99.0.6 to remote user`
        (b"IKE", b"228") => {
            facts.kind = Kind::SessionStart;
            facts.assigned_ip = between(text, b"private IP address ", b" ").and_then(ip);
        }
        _ if message.class == b"REBOOT" || text.starts_with(b"System started") => facts.about = Some(About::Restart),
        // `… attempted ADMIN logon.. Status: <ACCESS GRANTED> !`: the last status is the device's, a name may hold another.
        _ if find(text, b"attempted ADMIN logon").is_some() => {
            let granted = rfind(text, b"Status: <") == rfind(text, b"Status: <ACCESS GRANTED>");
            facts.kind = if granted { Kind::LoginSuccess } else { Kind::LoginFailure };
        }
        // `LAN-to-LAN tunnel to headend device 203.0.113.9 connected`, `… disconnected: duration: 0:10:12`
        _ if text.starts_with(b"LAN-to-LAN tunnel to ") => {
            let says = |words: &[u8]| find(text, words).is_some();
            facts.kind = match () {
                () if says(b" disconnected") => Kind::SessionEnd,
                () if says(b" connected") => Kind::SessionStart,
                () => Kind::Other,
            };
            facts.peer = between(text, b"device ", b" ").and_then(ip);
            facts.duration = after(b"duration: ").and_then(duration);
        }
        _ if text.starts_with(b"Authentication rejected") || text.starts_with(b"Authentication failed") => facts.kind = Kind::LoginFailure,
        _ if text.starts_with(b"Authentication successful") => facts.kind = Kind::LoginSuccess,
        // `New administrator login: admin`
        _ if text.starts_with(b"New administrator login") => {
            facts.kind = Kind::LoginSuccess;
            let login = text.get(24..).map(trim).unwrap_or_default();
            line.login(login.strip_suffix(b".").unwrap_or(login), Escape::None, facts);
        }
        _ => {}
    }
    if facts.kind == Kind::LoginFailure {
        // `Reason = Invalid password handle = 66, server = Internal, …`
        let reason = after(b"Reason = ").map(|rest| {
            cut(rest, [b" handle = ".as_slice(), b","].into_iter().filter_map(|end| find(rest, end)).min().unwrap_or(rest.len())).0
        });
        facts.reason = line.text(reason.map(trim).unwrap_or_default());
    }
    // Between gateways the group is the peer's address, and nobody logs in.
    if is_gateway {
        facts.group = Text::default();
        facts.peer = facts.source_ip.filter(|_| facts.kind != Kind::Other);
    }
}

//! `UniFi` gateways and consoles: the events they send as CEF.
//!
//! Ubiquiti, "`UniFi` System Logs and SIEM Integration". `UniFi` OS leaves out a column of the head: `CEF:0|Ubiquiti|UniFi OS|4.3.6|admins|1|msg=…`. The packets
//! of such a gateway are netfilter's, its IKE strongSwan's, its OpenVPN OpenVPN's.

use crate::atoms::{Extension, cut, find, ip, number, rfind, until};
use crate::formats::Format;
use crate::{About, Dress, Escape, Facts, Kind, Line, Stamp, Stamps, Text, Verdict, stamp};

/// The line of the table of formats.
pub(super) const FORMAT: Format = Format {
    name: "unifi",
    vendor: "Ubiquiti",
    product: "UniFi",
    covers: "UniFi Network and UniFi OS events: administrators, VPN clients, blocked traffic, changes of configuration",
    dresses: &[Dress::Cef],
    looks_like,
    parse,
};

const VENDOR: &[u8] = b"|Ubiquiti|";

fn looks_like(line: &Line<'_>) -> bool {
    line.body.starts_with(b"CEF:") && find(cut(line.body, 24).0, VENDOR).is_some()
}

/// Words of an event's name, and what they mean; all of a row must stand in it. The first row that fits is it.
const EVENTS: &[(&[&[u8]], Kind)] = &[
    (&[b"VPN", b"Failed"], Kind::LoginFailure),
    (&[b"Admin", b"Failed"], Kind::LoginFailure),
    (&[b"Login", b"Failed"], Kind::LoginFailure),
    (&[b"VPN", b"Disconnected"], Kind::SessionEnd),
    (&[b"VPN", b"Connected"], Kind::SessionStart),
    (&[b"Teleport", b"Disconnected"], Kind::SessionEnd),
    (&[b"Teleport", b"Connected"], Kind::SessionStart),
    (&[b"Admin", b"Accessed"], Kind::LoginSuccess),
    (&[b"Admin", b"Logged In"], Kind::LoginSuccess),
    (&[b"Admin", b"Logged Out"], Kind::Logout),
    (&[b"Blocked by Firewall"], Kind::Traffic),
    (&[b"Threat Detected"], Kind::Traffic),
    (&[b"Honeypot Triggered"], Kind::Traffic),
];

fn parse(line: &Line<'_>, stamps: &mut Stamps, facts: &mut Facts) -> Option<()> {
    let mut columns = line.body.splitn(7, |&b| b == b'|').skip(2);
    facts.product = line.text(columns.next()?);
    let (_version, class) = (columns.next()?, columns.next()?);
    let name = columns.next()?;
    let rest = columns.next().unwrap_or_default();
    // Where the head is short, the severity stands for the name, and the pairs for the severity.
    let (name, pairs) = match until(rest, b'|') {
        Some((severity, pairs)) if severity.len() < 10 && !severity.contains(&b'=') => (name, pairs),
        _ => (class, rest),
    };
    facts.action = line.escaped(name, Escape::Cef);
    let has = |words: &[&[u8]]| words.iter().all(|word| find(name, word).is_some());
    facts.kind = EVENTS.iter().find(|(words, _)| has(words)).map_or(Kind::Other, |(_, kind)| *kind);
    fields(line, pairs, stamps, facts);
    if facts.kind == Kind::Traffic {
        facts.user = Text::default();
    } else if has(&[b"Config"]) || has(&[b"Admin", b"Made"]) {
        facts.about = Some(About::Configuration);
    } else if has(&[b"Restarted"]) && has(&[b"Gateway"]) {
        facts.about = Some(About::Restart);
    }
    Some(())
}

fn fields<'a>(line: &Line<'a>, pairs: &'a [u8], stamps: &mut Stamps, facts: &mut Facts) {
    let mut message = (&[] as &[u8], Escape::None);
    for pair in Extension::new(pairs) {
        let set = |to: &mut Text| {
            if to.is_empty() {
                *to = line.escaped(pair.value, pair.escape);
            }
        };
        match pair.key {
            b"UNIFIadmin" | b"UNIFIvpnUser" | b"UNIFIvpnClientName" | b"UNIFIuser" | b"suser" | b"duser" if facts.user.is_empty() => {
                line.login(pair.value, pair.escape, facts);
            }
            b"UNIFIclientAlias" | b"UNIFIclientHostname" | b"shost" => set(&mut facts.client),
            b"UNIFIhost" | b"dvchost" => set(&mut facts.device),
            b"UNIFIvpnName" | b"UNIFIvpnServer" => set(&mut facts.group),
            b"UNIFIsettingsSection" | b"UNIFIsettingsEntry" => set(&mut facts.target),
            b"src" => facts.source_ip = facts.source_ip.or_else(|| ip(pair.value)),
            b"spt" => facts.source_port = facts.source_port.or_else(|| number(pair.value)),
            b"dst" => facts.destination_ip = facts.destination_ip.or_else(|| ip(pair.value)),
            b"dpt" => facts.destination_port = facts.destination_port.or_else(|| number(pair.value)),
            b"UNIFIvpnClientIp" | b"UNIFIassignedIp" => facts.assigned_ip = facts.assigned_ip.or_else(|| ip(pair.value)),
            b"act" => {
                facts.verdict = match pair.value {
                    b"blocked" | b"block" | b"drop" | b"dropped" | b"deny" | b"denied" | b"reject" => Some(Verdict::Denied),
                    b"allowed" | b"allow" | b"accept" | b"detected" | b"alert" => Some(Verdict::Allowed),
                    _ => None,
                }
            }
            // The head has neither year nor zone.
            b"UNIFIutcTime" if facts.stamp == Stamp::None => facts.stamp = stamps.body(pair.value, stamp::any),
            b"msg" => message = (pair.value, pair.escape),
            _ => {}
        }
    }
    sentence(line, message.0, message.1, facts);
}

/// `fourn.chimere accessed the UniFi OS via unifi.ui.com. Source IP: 198.51.100.7`: the only place where `UniFi` OS names the person.
fn sentence<'a>(line: &Line<'a>, text: &'a [u8], escape: Escape, facts: &mut Facts) {
    const SOURCE: &[u8] = b"Source IP: ";
    const VERBS: &[(&[u8], Kind)] = &[
        (b" accessed ", Kind::LoginSuccess),
        (b" logged in", Kind::LoginSuccess),
        (b" failed to log in", Kind::LoginFailure),
        (b" logged out", Kind::Logout),
    ];
    if facts.source_ip.is_none()
        && let Some(at) = rfind(text, SOURCE)
    {
        let place = cut(text, at + SOURCE.len()).1;
        let end = place.iter().position(|b| matches!(b, b' ' | b',')).unwrap_or(place.len());
        let place = cut(place, end).0;
        facts.source_ip = ip(place.strip_suffix(b".").unwrap_or(place));
    }
    // A name may hold such words; what the console writes behind it is the last.
    let Some((at, kind)) = VERBS.iter().filter_map(|(verb, kind)| Some((rfind(text, verb)?, *kind))).max_by_key(|(at, _)| *at) else {
        return;
    };
    if facts.kind == Kind::Other && facts.action.raw(line.whole) == b"admins" {
        facts.kind = kind;
    }
    if facts.user.is_empty() && matches!(facts.kind, Kind::LoginSuccess | Kind::LoginFailure | Kind::Logout) {
        line.login(cut(text, at).0, escape, facts);
    }
}

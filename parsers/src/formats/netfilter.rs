//! Netfilter's packet log: iptables, nftables, ufw, Shorewall, `OpenWrt`, `UniFi` and `VyOS` gateways, Proxmox's `pve-firewall`.
//!
//! The texts are those of the kernel's `net/netfilter/nf_log_syslog.c`, of `ulogd2`, and of Proxmox's `pvefw-logger`. What was done with
//! the packet stands only in the prefix, which the administrator writes: words such as `DROP` and `[UFW ALLOW]`, or the letter of
//! `[WAN_LOCAL-D-2147483647]` (A, D, R). A prefix without any leaves the verdict open.
//!
//! An ICMP error quotes the packet that it answers in `[SRC=… ]`; that one's addresses are none of the flow.

use memchr::memmem::find_iter;

use crate::atoms::{cut, find, ip, number, until};
use crate::formats::Format;
use crate::stamp::{self, Civil, Stamp};
use crate::{Dress, Facts, Kind, Line, Stamps, Verdict};

/// Netfilter's line of the table of formats.
pub(super) const FORMAT: Format = Format {
    name: "netfilter",
    vendor: "Linux",
    product: "netfilter",
    covers: "iptables, nftables, ufw, Shorewall, UniFi and VyOS kernel lines, Proxmox firewall: packets let through or not",
    dresses: Dress::SPEECH,
    looks_like,
    parse,
};

fn looks_like(line: &Line<'_>) -> bool {
    // A daemon with a pid that is no logger of packets quotes, at best, what somebody sent to it.
    let logger = line.head.pid.is_empty() || matches!(line.head.app, b"kernel" | b"ulogd" | b"ulogd2" | b"pvefw-logger");
    logger && packet(line.body).is_some()
}

/// Prefix and packet: `IN=eth0 OUT= MAC=… SRC=198.51.100.7 DST=10.1.1.9 LEN=60 …`; either interface may be left out.
fn packet(body: &[u8]) -> Option<(&[u8], &[u8])> {
    let source = find(body, b" SRC=")?;
    let (before, rest) = cut(body, source);
    let whole = find(rest, b" DST=").is_some() && (find(rest, b" PROTO=").is_some() || find(rest, b" LEN=").is_some());
    // `PHYSIN=` names the port of a bridge.
    let interface = |key: &'static [u8]| find_iter(before, key).find(|&at| !cut(before, at).0.ends_with(b"PHYS"));
    let start = match (interface(b"IN="), interface(b"OUT=")) {
        (Some(a), Some(b)) => a.min(b),
        (a, b) => a.or(b)?,
    };
    whole.then(|| cut(body, start))
}

fn parse(line: &Line<'_>, stamps: &mut Stamps, facts: &mut Facts) -> Option<()> {
    let (prefix, packet) = packet(line.body)?;
    facts.kind = Kind::Traffic;
    for word in packet.split(|&b| b == b' ').take_while(|word| !word.starts_with(b"[")) {
        let Some((key, value)) = until(word, b'=') else { continue };
        match key {
            b"SRC" => facts.source_ip = facts.source_ip.or_else(|| ip(value)),
            b"DST" => facts.destination_ip = facts.destination_ip.or_else(|| ip(value)),
            b"SPT" => facts.source_port = facts.source_port.or_else(|| number(value)),
            b"DPT" => facts.destination_port = facts.destination_port.or_else(|| number(value)),
            _ => {}
        }
    }
    let found = verdict_of(prefix).or_else(|| if line.head.app == b"kernel" { None } else { verdict_of(line.head.app) });
    if let Some((verdict, word)) = found {
        facts.verdict = Some(verdict);
        facts.action = line.text(word);
    }
    if line.head.stamp.is_empty() {
        facts.stamp = stamps.body(proxmox_stamp(prefix), proxmox);
    }
    Some(())
}

/// The verdict that a prefix names, and the word of it: the last of the words, but before all words the letter in brackets.
pub(super) fn verdict_of(prefix: &[u8]) -> Option<(Verdict, &[u8])> {
    by_letter(prefix).or_else(|| prefix.split(|b| !b.is_ascii_alphanumeric()).rev().find_map(|word| Some((by_word(word)?, word))))
}

fn by_word(word: &[u8]) -> Option<Verdict> {
    const DENIED: &[&[u8]] =
        &[b"drop", b"dropped", b"drops", b"deny", b"denied", b"reject", b"rejected", b"block", b"blocked", b"discard", b"discarded"];
    const ALLOWED: &[&[u8]] = &[b"accept", b"accepted", b"allow", b"allowed", b"pass", b"passed", b"permit", b"permitted"];
    let is = |known: &&[u8]| known.eq_ignore_ascii_case(word);
    match word {
        _ if DENIED.iter().any(is) => Some(Verdict::Denied),
        _ if ALLOWED.iter().any(is) => Some(Verdict::Allowed),
        _ => None,
    }
}

/// `[WAN_LOCAL-D-2147483647]`, `[WAN_IN-default-A]`, `[LAN_WAN-RET-10]`; behind `[12345.678901]`, the kernel's uptime, if that is there.
fn by_letter(prefix: &[u8]) -> Option<(Verdict, &[u8])> {
    let inside = prefix.split(|&b| b == b'[').skip(1).find_map(|rest| until(rest, b']').filter(|(inside, _)| inside.contains(&b'-')))?.0;
    let mut parts = inside.rsplit(|&b| b == b'-');
    let letter = parts.find(|part| !part.iter().all(u8::is_ascii_digit))?;
    parts.next()?;
    match letter {
        b"A" | b"RET" => Some((Verdict::Allowed, letter)),
        b"D" | b"R" => Some((Verdict::Denied, letter)),
        _ => None,
    }
}

/// `20/Jun/2026:13:09:14 +0200` of `0 3 PVEFW-HOST-IN 20/Jun/2026:13:09:14 +0200 policy DROP: `; empty if there is none.
fn proxmox_stamp(prefix: &[u8]) -> &[u8] {
    let Some(slash) = prefix.iter().position(|&b| b == b'/') else { return &[] };
    let start = slash.saturating_sub(2);
    prefix.get(start..start + 26).unwrap_or_default()
}

fn proxmox(text: &[u8]) -> Stamp {
    let field = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let pair = |at: usize| number::<u8>(field(at, at + 2));
    let read = || {
        let offset = i32::from(pair(22)?) * 3600 + i32::from(pair(24)?) * 60;
        Some(Civil {
            year: number::<u16>(field(7, 11)).map(i32::from),
            month: stamp::month_of(field(3, 6))?,
            day: pair(0)?,
            hour: pair(12)?,
            minute: pair(15)?,
            second: pair(18)?,
            offset: Some(if field(21, 22) == b"-" { -offset } else { offset }),
            ..Civil::default()
        })
    };
    read().map_or(Stamp::None, super::super::stamp::Civil::stamp)
}

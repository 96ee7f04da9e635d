//! What the firewall (AFM) and the web firewall (ASM) send to collectors: pairs and CEF.

use memchr::memmem::find;

use crate::atoms::{Cef, Pair, Pairs, ip, number};
use crate::{Escape, Facts, Kind, Line, Stamps, Verdict, stamp};

/// CEF of F5, pairs that name F5, or RFC 5424 data of F5's number.
pub(super) fn looks_like(line: &Line<'_>) -> bool {
    match line.body {
        [b'A'..=b'Z' | b'0', ..] if find(line.body, b"|F5|").is_some() => Cef::read(line.body).is_some_and(|head| head.vendor == b"F5"),
        [b'a'..=b'z', ..] if find(line.body, b"device_vendor=\"F5\"").is_some() => {
            Pairs::new(line.body).any(|pair| pair.key == b"device_vendor" && pair.value == b"F5")
        }
        [b'a'..=b'z', ..] => line.body.starts_with(b"unit_hostname=\"") && find(line.body, b"web_application_name=").is_some(),
        [] => line.head.data.starts_with(b"[F5@12276 "),
        _ => false,
    }
}

pub(super) fn parse(line: &Line<'_>, stamps: &mut Stamps, facts: &mut Facts) -> Option<()> {
    let mut firewall = false;
    if matches!(line.body, [b'A'..=b'Z' | b'0', ..]) {
        let head = Cef::read(line.body)?;
        // `CEF:0|F5|Advanced Firewall Module|…|23003137|Network Event|8|rt=Nov 20 2026 21:41:07 dvchost=… act=Accept`
        firewall = head.name == b"Network Event";
        for pair in head.pairs() {
            field(line, pair, Escape::Cef, stamps, facts);
        }
    } else {
        // `action="Drop",hostname="f5-1",dest_ip="10.20.4.11",device_vendor="F5",errdefs_msg_name="Network Event",…`
        let pairs = if line.body.is_empty() { line.head.data } else { line.body };
        for pair in Pairs::new(pairs.strip_prefix(b"[F5@12276 ").unwrap_or(pairs)) {
            firewall |= pair.key == b"errdefs_msg_name" && pair.value == b"Network Event";
            field(line, pair, Escape::Quoted, stamps, facts);
        }
    }
    if firewall && facts.source_ip.is_some() && facts.destination_ip.is_some() {
        facts.kind = Kind::Traffic;
    } else {
        facts.verdict = None;
    }
    Some(())
}

/// Takes one pair up; the first of two equal keys stands.
fn field<'a>(line: &Line<'a>, pair: Pair<'a>, escape: Escape, stamps: &mut Stamps, facts: &mut Facts) {
    let Pair { key, value, .. } = pair;
    if value.is_empty() || value == b"N/A" {
        return;
    }
    match key {
        b"src" | b"source_ip" | b"ip_client" | b"c6a2" => facts.source_ip = facts.source_ip.or_else(|| ip(value)),
        b"spt" | b"source_port" => facts.source_port = facts.source_port.or_else(|| number(value)),
        b"dst" | b"dest_ip" | b"c6a3" => facts.destination_ip = facts.destination_ip.or_else(|| ip(value)),
        b"dpt" | b"dest_port" => facts.destination_port = facts.destination_port.or_else(|| number(value)),
        b"suser" | b"username" | b"source_user" if facts.user.is_empty() => line.login(value, escape, facts),
        b"dvchost" | b"hostname" | b"unit_hostname" => facts.device = line.escaped(value, escape),
        b"dvc" | b"bigip_mgmt_ip" if facts.device.is_empty() => facts.device = line.text(value),
        b"rt" | b"date_time" => facts.stamp = stamps.body(value, stamp::any),
        b"drop_reason" if facts.reason.is_empty() => facts.reason = line.escaped(value, escape),
        b"act" | b"action" if facts.action.is_empty() => {
            facts.action = line.escaped(value, escape);
            facts.verdict = match value {
                b"Accept" | b"Accept decisively" | b"Allow" | b"Open" | b"Established" | b"Closed" => Some(Verdict::Allowed),
                b"Drop" | b"Reject" => Some(Verdict::Denied),
                _ => None,
            };
        }
        _ => {}
    }
}

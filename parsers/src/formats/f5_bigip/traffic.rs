//! What the firewall (AFM) and the web firewall (ASM) send to collectors: pairs and CEF.

use crate::atoms::{Cef, Pair, Pairs, find, ip, number};
use crate::{Dress, Escape, Facts, Kind, Line, Stamp, Stamps, Verdict, stamp};

/// How a record is written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Record<'a> {
    /// `CEF:0|F5|Advanced Firewall Module|…|23003137|Network Event|8|rt=Nov 20 2026 21:41:07 dvchost=… act=Accept`
    Cef(Cef<'a>),
    /// `action="Drop",hostname="f5-1",dest_ip="10.20.4.11",device_vendor="F5",errdefs_msg_name="Network Event",…`
    Pairs(&'a [u8]),
}

impl<'a> Record<'a> {
    /// CEF of F5, pairs that name F5 or begin as ASM's do, or RFC 5424 data of F5's number.
    pub(super) fn of(line: &Line<'a>) -> Option<Record<'a>> {
        let body = line.body;
        // Where the data is the record, the body says it once more as columns.
        if let Some(data) = line.head.data.strip_prefix(b"[F5@12276 ")
            && (body.is_empty() || find(data, b"errdefs_msg_name=\"").is_some())
        {
            return Some(Record::Pairs(data));
        }
        match body {
            _ if line.dress == Dress::Cef => line.cef.filter(|head| head.vendor == b"F5").map(Record::Cef),
            _ if line.dress == Dress::Pairs && find(body, b"device_vendor=\"F5\"").is_some() => {
                Pairs::new(body).any(|pair| pair.key == b"device_vendor" && pair.value == b"F5").then_some(Record::Pairs(body))
            }
            _ => {
                let pairs = body.strip_prefix(b"ASM:").unwrap_or(body);
                let asm = pairs.starts_with(b"unit_hostname=\"") && find(pairs, b"web_application_name=").is_some();
                asm.then_some(Record::Pairs(pairs))
            }
        }
    }
}

pub(super) fn event<'a>(line: &Line<'a>, record: Record<'a>, stamps: &mut Stamps, facts: &mut Facts) {
    let mut firewall = false;
    match record {
        Record::Cef(head) => {
            firewall = head.name == b"Network Event";
            for pair in head.pairs() {
                field(line, pair, Escape::Cef, stamps, facts);
            }
        }
        Record::Pairs(pairs) => {
            for pair in Pairs::new(pairs) {
                firewall |= pair.key == b"errdefs_msg_name" && pair.value == b"Network Event";
                field(line, pair, Escape::Quoted, stamps, facts);
            }
        }
    }
    if firewall && facts.source_ip.is_some() && facts.destination_ip.is_some() {
        facts.kind = Kind::Traffic;
    } else {
        facts.verdict = None;
    }
}

/// Takes one pair up; the first of two equal keys stands.
fn field<'a>(line: &Line<'a>, pair: Pair<'a>, escape: Escape, stamps: &mut Stamps, facts: &mut Facts) {
    let Pair { key, value, .. } = pair;
    if value.is_empty() || value == b"N/A" {
        return;
    }
    match key {
        b"src" | b"source_ip" | b"ip_client" | b"c6a2" => facts.source_ip = facts.source_ip.or_else(|| ip(value)),
        b"spt" | b"source_port" | b"src_port" => facts.source_port = facts.source_port.or_else(|| number(value)),
        b"dst" | b"dest_ip" | b"c6a3" => facts.destination_ip = facts.destination_ip.or_else(|| ip(value)),
        b"dpt" | b"dest_port" => facts.destination_port = facts.destination_port.or_else(|| number(value)),
        b"suser" | b"username" | b"source_user" if facts.user.is_empty() => line.login(value, escape, facts),
        b"dvchost" | b"hostname" | b"unit_hostname" | b"dvc" | b"bigip_mgmt_ip" if facts.device.is_empty() => {
            facts.device = line.escaped(value, escape);
        }
        b"rt" | b"date_time" if facts.stamp == Stamp::None => facts.stamp = stamps.body(value, stamp::any),
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

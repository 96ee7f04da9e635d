//! `MikroTik` `RouterOS` 6 and 7: logins by every door, PPP users (L2TP, PPTP, SSTP, OVPN, `PPPoE`), IKE, hotspot, firewall, changes.
//!
//! `MikroTik`, "`RouterOS`: Log" (topics and dress; `remote-log-format` default, syslog or CEF); it documents no messages.
//!
//! A line begins with its topics, `system,info,account`, or in CEF names them in the head. What the router writes about a login stands behind
//! the name, so everything is read from the end: a name may hold ` from 192.0.2.66 via ssh`.

mod ppp;

use crate::atoms::{cut, find, ip, ip_port, rfind, trim, trim_start, until};
use crate::formats::{Format, netfilter};
use crate::{About, Dress, Escape, Facts, Kind, Line, Stamps};

/// The line of the table of formats.
pub(super) const FORMAT: Format = Format {
    name: "mikrotik",
    vendor: "MikroTik",
    product: "RouterOS",
    covers: "RouterOS 6 and 7: administrators, PPP and IKE users, hotspot, firewall, changes of configuration",
    dresses: &[Dress::Cef, Dress::Words],
    looks_like,
    parse,
};

/// Topics that every message has one of: how bad it is.
const SEVERITIES: &[&[u8]] = &[b"info", b"error", b"warning", b"critical", b"debug", b"packet", b"raw"];

/// Topics that a message may begin with.
const TOPICS: &[&[u8]] = &[
    b"account",
    b"async",
    b"backup",
    b"bgp",
    b"bridge",
    b"calc",
    b"caps",
    b"certificate",
    b"container",
    b"critical",
    b"ddns",
    b"debug",
    b"dhcp",
    b"dns",
    b"dot1x",
    b"dude",
    b"e-mail",
    b"error",
    b"event",
    b"fetch",
    b"firewall",
    b"gps",
    b"gsm",
    b"health",
    b"hotspot",
    b"igmp-proxy",
    b"info",
    b"interface",
    b"ipsec",
    b"iscsi",
    b"isdn",
    b"kvm",
    b"l2tp",
    b"ldp",
    b"lora",
    b"lte",
    b"manager",
    b"mme",
    b"mpls",
    b"natpmp",
    b"netinstall",
    b"netwatch",
    b"ntp",
    b"ospf",
    b"ovpn",
    b"packet",
    b"pim",
    b"poe-out",
    b"ppp",
    b"pppoe",
    b"pptp",
    b"ptp",
    b"queue",
    b"radius",
    b"radvd",
    b"raw",
    b"read",
    b"rip",
    b"route",
    b"rpki",
    b"rsvp",
    b"script",
    b"sertcp",
    b"simulator",
    b"smb",
    b"snmp",
    b"socksify",
    b"ssh",
    b"sstp",
    b"state",
    b"store",
    b"stp",
    b"system",
    b"telephony",
    b"tftp",
    b"timer",
    b"tr069",
    b"update",
    b"upnp",
    b"ups",
    b"user-manager",
    b"vrrp",
    b"warning",
    b"watchdog",
    b"web-proxy",
    b"wireguard",
    b"wireless",
    b"write",
    b"zerotier",
];

/// What a message is about, and its text.
#[derive(Clone, Copy)]
struct Message<'a> {
    topics: &'a [u8],
    text: &'a [u8],
}

impl Message<'_> {
    fn has(&self, topic: &[u8]) -> bool {
        self.topics.split(|&b| b == b',').any(|part| part == topic)
    }
}

fn looks_like(line: &Line<'_>) -> bool {
    message(line).is_some()
}

/// `system,info,account user admin logged in …`; `CEF:0|MikroTik|…|14|system,info,account|Low|… msg=user admin logged in …`
fn message<'a>(line: &Line<'a>) -> Option<Message<'a>> {
    let body = line.body;
    if let Some(cef) = line.cef {
        if cef.vendor != b"MikroTik" {
            return None;
        }
        let topics = [cef.name, cef.class].into_iter().find(|column| column.contains(&b',')).unwrap_or(cef.name);
        // The message is the last pair and may hold anything, `=` included.
        let at = find(cef.extension, b"msg=")?;
        return Some(Message { topics, text: trim(cut(cef.extension, at + 4).1) });
    }
    if !line.head.pid.is_empty() {
        return None;
    }
    plain(body)
}

fn plain(body: &[u8]) -> Option<Message<'_>> {
    let (topics, text) = until(body, b' ')?;
    let topics = topics.strip_suffix(b":").unwrap_or(topics);
    let (first, _) = until(topics, b',')?;
    let known = TOPICS.contains(&first);
    (known && topics.split(|&b| b == b',').any(|part| SEVERITIES.contains(&part))).then(|| Message { topics, text: trim_start(text) })
}

fn parse(line: &Line<'_>, _: &mut Stamps, facts: &mut Facts) -> Option<()> {
    let message = message(line)?;
    let text = message.text;
    if let Some(cef) = line.cef
        && let Some(host) = cef.pairs().find(|pair| pair.key == b"dvchost")
    {
        facts.device = line.escaped(host.value, host.escape);
    }
    if message.has(b"firewall") && flow(line, text, facts) {
        return Some(());
    }
    if administrator(line, text, facts) {
        return Some(());
    }
    if message.has(b"system") || message.has(b"script") {
        system(line, text, facts);
    } else if message.has(b"hotspot") {
        ppp::hotspot(line, text, facts);
    } else if message.has(b"ipsec") {
        ppp::ipsec(line, text, facts);
    } else {
        ppp::read(line, text, facts);
    }
    Some(())
}

fn user<'a>(line: &Line<'a>, login: &'a [u8], facts: &mut Facts) {
    line.login(trim(login), Escape::None, facts);
}

/// The part before the last `words`, and the part behind them.
fn at_last<'a>(text: &'a [u8], words: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let (before, rest) = cut(text, rfind(text, words)?);
    Some((before, cut(rest, words.len()).1))
}

/// `login failure for user fourn.chimere from 198.51.100.7 via winbox`, `user admin logged in from 10.1.0.5 via ssh`, `… via local`
fn administrator<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) -> bool {
    let Some((before, door)) = at_last(text, b" via ") else { return false };
    if door.contains(&b' ') && !door.contains(&b'(') {
        return false;
    }
    let mut place = None;
    let mut whom = before;
    if let Some((name, address)) = at_last(before, b" from ")
        && !address.contains(&b' ')
    {
        place = ip(address);
        whom = name;
    }
    let (kind, name) = if let Some(name) = whom.strip_prefix(b"login failure for user ") {
        (Kind::LoginFailure, name)
    } else if whom == b"login failure for user" {
        (Kind::LoginFailure, b"".as_slice())
    } else if let Some(name) = whom.strip_prefix(b"user ") {
        match (name.strip_suffix(b" logged in"), name.strip_suffix(b" logged out")) {
            (Some(name), _) => (Kind::LoginSuccess, name),
            (_, Some(name)) => (Kind::Logout, name),
            _ => return false,
        }
    } else {
        return false;
    };
    facts.kind = kind;
    facts.action = line.text(match kind {
        Kind::LoginFailure => cut(text, b"login failure".len()).0,
        _ => trim(cut(whom, name.len() + b"user ".len()).1),
    });
    facts.source_ip = place;
    user(line, name, facts);
    true
}

/// `filter rule changed by admin`, `filter rule changed by winbox-3.37/tcp-msg(winbox):admin@10.1.0.5/action:… (…)`, `router rebooted by …`
fn system<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    const CHANGES: &[&[u8]] =
        &[b" changed by ", b" added by ", b" removed by ", b" moved by ", b" enabled by ", b" disabled by ", b" unscheduled by "];
    if text.starts_with(b"router rebooted") || text.starts_with(b"router was rebooted") || text.starts_with(b"system rebooted") {
        facts.about = Some(About::Restart);
        return;
    }
    let Some((at, words)) = CHANGES.iter().filter_map(|words| Some((find(text, words)?, *words))).min_by_key(|(at, _)| *at) else { return };
    facts.about = Some(About::Configuration);
    let (target, rest) = cut(text, at);
    facts.target = line.text(target);
    let (action, whom) = cut(rest, words.len());
    facts.action = line.text(trim(action.strip_suffix(b"by ").unwrap_or(action)));
    let whom = until(whom, b' ').map_or(whom, |(whom, _)| whom);
    // `winbox-3.37/tcp-msg(winbox):admin@10.1.0.5/action:12`
    let whom = find(whom, b"):").map_or_else(|| until(whom, b':').map_or(whom, |(_, rest)| rest), |at| cut(whom, at + 2).1);
    let whom = until(whom, b'/').map_or(whom, |(whom, _)| whom);
    match at_last(whom, b"@") {
        Some((name, address)) if ip(address).is_some() => {
            facts.source_ip = ip(address);
            user(line, name, facts);
        }
        _ => user(line, whom, facts),
    }
}

/// `drop-in input: in:ether1-WAN out:(unknown 0), connection-state:new src-mac …, proto TCP (SYN), 198.51.100.7:40007->10.1.1.9:443, len 60`
fn flow<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) -> bool {
    let Some((prefix, rest)) = find(text, b": in:").map(|at| cut(text, at)) else { return false };
    let Some((_, ends)) = find(rest, b" proto ").map(|at| cut(rest, at + b" proto ".len())) else { return false };
    let Some(arrow) = find(ends, b"->") else { return false };
    let (before, after) = cut(ends, arrow);
    let source = before.rsplit(|&b| b == b' ').next().unwrap_or_default();
    let target = cut(after, 2).1;
    let target = cut(target, target.iter().position(|b| matches!(b, b',' | b' ')).unwrap_or(target.len())).0;
    facts.kind = Kind::Traffic;
    if let Some((address, port)) = ip_port(source) {
        (facts.source_ip, facts.source_port) = (Some(address), port);
    }
    if let Some((address, port)) = ip_port(target) {
        (facts.destination_ip, facts.destination_port) = (Some(address), port);
    }
    // The last word is the chain, the others are the administrator's.
    let prefix = at_last(prefix, b" ").map_or(&[] as &[u8], |(prefix, _)| prefix);
    if let Some((verdict, word)) = netfilter::verdict_of(prefix) {
        facts.verdict = Some(verdict);
        facts.action = line.text(word);
    }
    true
}

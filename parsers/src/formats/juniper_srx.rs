//! Juniper SRX, and what else of Junos speaks of access.
//!
//! `mgd[901]: UI_LOGIN_EVENT: User 'claire' login, class 'super-user' …`: a tag says what happened; with structured data it stands in
//! front of `[junos@2636.… username="claire" …]` instead. Juniper, "Junos OS System Log Explorer" (10.3 to 23.4), "Dynamic VPN" and
//! "Juniper Secure Connect Administrator Guide".

mod flows;
mod people;
mod tunnels;

use crate::atoms::{cut, find, rfind, trim_start, until};
use crate::formats::Format;
use crate::{Dress, Facts, Line, Stamps};

/// The format's line in [`crate::FORMATS`].
pub(super) const FORMAT: Format = Format {
    name: "juniper-srx",
    vendor: "Juniper",
    product: "SRX",
    covers: "Juniper SRX and Junos: flows, IPsec and dynamic VPN, firewall authentication, administrators and their changes",
    dresses: Dress::SPEECH,
    looks_like,
    parse,
};

fn looks_like(line: &Line<'_>) -> bool {
    Message::read(line).is_some() || daemon(line)
}

fn parse(line: &Line<'_>, _: &mut Stamps, facts: &mut Facts) -> Option<()> {
    let Some(message) = Message::read(line) else {
        tunnels::untagged(line.body, facts);
        return daemon(line).then_some(());
    };
    facts.action = line.text(message.tag);
    if flows::event(line, &message, facts) || tunnels::event(line, &message, facts) {
        return Some(());
    }
    people::event(line, &message, facts);
    Some(())
}

/// Whether a daemon of Junos speaks, by its tag or, where the head is cut, at the beginning of the line.
fn daemon(line: &Line<'_>) -> bool {
    let app = if line.head.app.is_empty() { until(line.body, b':').map_or(&[] as &[u8], |(app, _)| app) } else { line.head.app };
    is_daemon(app)
}

/// The daemons that only Junos has.
fn is_daemon(app: &[u8]) -> bool {
    matches!(
        app,
        b"mgd"
            | b"kmd"
            | b"iked"
            | b"junos"
            | b"RT_FLOW"
            | b"RT_IDP"
            | b"RT_UTM"
            | b"RT_SYSTEM"
            | b"RT_IPSEC"
            | b"RT_IKE"
            | b"RT_AAMW"
            | b"l2ald"
            | b"eswd"
            | b"chassisd"
            | b"rpd"
            | b"jsrpd"
            | b"authd"
            | b"fwauthd"
            | b"httpd-gk"
            | b"xntpd"
            | b"keyadmin"
            | b"rshd"
            | b"mib2d"
            | b"dcd"
            | b"pfed"
            | b"alarmd"
            | b"craftd"
            | b"cosd"
            | b"idpd"
            | b"utmd"
            | b"jsqlsyncd"
            | b"pkid"
            | b"ppmd"
            | b"cfmd"
            | b"rmopd"
            | b"dfwd"
            | b"lacpd"
            | b"mcsnoopd"
            | b"smihelperd"
            | b"srxpfe"
            | b"aamwd"
            | b"bdbrepd"
            | b"wland"
    )
}

/// A message and its tag.
struct Message<'a> {
    /// `UI_LOGIN_EVENT`
    tag: &'a [u8],
    /// `[junos@2636.1.1.1.2.40 username="claire" …]` without its name; empty if there is none.
    data: &'a [u8],
    /// The sentence; may be empty where there is data.
    text: &'a [u8],
}

impl<'a> Message<'a> {
    fn read(line: &Line<'a>) -> Option<Message<'a>> {
        // RFC 5424: the tag is the message's id.
        let id = line.head.id;
        if line.head.data.starts_with(b"[junos@2636") {
            return Some(Message { tag: if is_tag(id) { id } else { &[] }, data: pairs(line.head.data), text: line.body });
        }
        if is_tag(id) && is_area(id, line.head.app) {
            return Some(Message { tag: id, data: &[], text: line.body });
        }
        // `srx-1 RT_FLOW_SESSION_CREATE: …`: the tag stands where the daemon's name would.
        let app = line.head.app;
        if is_tag(app) && is_area(app, b"") && !is_daemon(app) {
            return Some(Message { tag: app, data: &[], text: line.body });
        }
        let mut body = line.body;
        // `(FPC Slot 0, PIC Slot 0) SPC0_PIC0 kmd[901]: KMD_…`, `fpc0 PFE_…`
        if body.starts_with(b"(FPC Slot ") {
            body = cut(body, find(body, b": ")? + 2).1;
        } else if body.starts_with(b"fpc") {
            body = until(body, b' ')?.1;
        }
        // A head that was cut: `RT_FLOW: RT_FLOW_SESSION_…`, `srx-1 RT_FLOW - RT_FLOW_SESSION_… [junos@…`.
        if line.head.app.is_empty() {
            if let Some((daemon, rest)) = until(body, b' ')
                && daemon.strip_suffix(b":").is_some_and(is_daemon)
            {
                body = rest;
            } else if let Some(at) = find(cut(body, 160).0, b" [junos@2636") {
                body = cut(body, cut_head(cut(body, at).0)?).1;
            }
        }
        // `%DAEMON-6-KMD_…`: with its facility and severity, if so configured.
        if let Some(explicit) = body.strip_prefix(b"%") {
            let facility = explicit.iter().take_while(|b| b.is_ascii_uppercase() || b.is_ascii_digit()).count();
            match cut(explicit, facility).1 {
                [b'-', b'0'..=b'7', b'-', rest @ ..] => body = rest,
                _ => return None,
            }
        }
        let length = body.iter().take_while(|&&b| is_tag_byte(b)).count();
        let (tag, rest) = cut(body, length);
        if !is_tag(tag) || !is_area(tag, line.head.app) {
            return None;
        }
        match rest {
            [b':', text @ ..] => Some(Message { tag, data: &[], text: trim_start(text) }),
            [b' ', data @ ..] if data.starts_with(b"[junos@2636") || data.starts_with(b"[") && find(data, b"=\"").is_some() => {
                let end = rfind(data, b"\"]");
                let (data, text) = cut(data, end.map_or(data.len(), |at| at + 2));
                Some(Message { tag, data: pairs(data), text: trim_start(text) })
            }
            _ => None,
        }
    }
}

/// How long the rest of a head is before the tag: `srx-1 mgd 901 `, `mgd 901 `, or nothing. Anything else is a sentence that quotes one.
fn cut_head(before: &[u8]) -> Option<usize> {
    let mut words = before.rsplit(|&b| b == b' ');
    let tag = words.next().unwrap_or_default();
    let known = match (words.next(), words.next(), words.next(), words.next()) {
        (None, ..) => true,
        (Some(pid), Some(daemon), _, None) => (pid == b"-" || pid.iter().all(u8::is_ascii_digit)) && is_daemon(daemon),
        _ => false,
    };
    known.then(|| before.len() - tag.len())
}

fn is_tag(word: &[u8]) -> bool {
    word.len() > 4 && word.contains(&b'_') && word.iter().all(|&b| is_tag_byte(b))
}

fn is_tag_byte(b: u8) -> bool {
    b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_'
}

/// Whether a tag is of an area that is Junos's alone, or a plain word that one of its doors says.
fn is_area(tag: &[u8], app: &[u8]) -> bool {
    let (area, _) = until(tag, b'_').unwrap_or((tag, &[]));
    match area {
        b"LOGIN" | b"WEB" | b"SYSTEM" | b"PAM" => {
            matches!(app, b"login" | b"sshd" | b"httpd" | b"httpd-gk" | b"eventd" | b"mgd" | b"junos")
        }
        b"SSHD" => tag.starts_with(b"SSHD_LOGIN_"),
        _ => AREAS.contains(&area),
    }
}

const AREAS: [&[u8]; 28] = [
    b"RT",
    b"UI",
    b"KMD",
    b"IKE",
    b"IDP",
    b"AV",
    b"WEBFILTER",
    b"ANTISPAM",
    b"APPTRACK",
    b"DYNAMIC",
    b"FWAUTH",
    b"LIBJNX",
    b"JADE",
    b"SNMP",
    b"SNMPD",
    b"ESWD",
    b"L2ALD",
    b"CHASSISD",
    b"RPD",
    b"PFE",
    b"JSRPD",
    b"RTLOG",
    b"AUTHD",
    b"USERFW",
    b"AAMW",
    b"SECINTEL",
    b"PKID",
    b"DCD",
];

/// The pairs behind the element's name.
fn pairs(data: &[u8]) -> &[u8] {
    let inside = data.strip_prefix(b"[").unwrap_or(data);
    let (name, rest) = until(inside, b' ').unwrap_or((&[], inside));
    // `[attack-name="…" …]` has no name.
    if name.contains(&b'=') { inside } else { rest }
}

/// A value that is there.
fn given(value: &[u8]) -> &[u8] {
    if matches!(value, b"N/A" | b"UNKNOWN" | b"unknown" | b"None" | b"none" | b"Not-Applicable" | b"Not-Available" | b"-") {
        &[]
    } else {
        value
    }
}

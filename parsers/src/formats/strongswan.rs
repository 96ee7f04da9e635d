//! strongSwan's IKE daemon charon (5.x, 6.x): syslog, journal, log files, and OPNsense, pfSense, which run it.
//!
//! strongSwan documents how logs are configured ("Logger Configuration"), not the messages: these are the texts of `src/libcharon`
//! (`sa/`, `attributes/mem_pool.c`, `plugins/`) and of the script `_updown`.
//!
//! A message bears `<connection|7>` where `ike_name` is set, and some name `connection[7]` themselves: that number, the `IKE_SA`'s,
//! is the session. It changes with each rekeying, on which `deleting IKE_SA` is written as well, in the very words of a real end: so that
//! line ends nothing, and `lease … went offline` does, which no rekeying writes.
//!
//! What one line cannot tell: whether an identity is a person's, a gateway's or a group's. An identity that is the very address of the
//! other side is taken for a gateway's (the default between gateways); one that is any other address says nothing.
//!
//! Identities are free text and not escaped. What charon itself writes stands before the first `]...` and behind the last quote.

use std::net::IpAddr;

use memchr::{memchr, memrchr};

use crate::atoms::{begins, cut, find, ip, number, rfind, trim, until};
use crate::formats::Format;
use crate::{About, Dress, Escape, Facts, Kind, Line, Stamps, stamp};

/// strongSwan's line of the table of formats.
pub(super) const FORMAT: Format = Format {
    name: "strongswan",
    vendor: "strongSwan",
    product: "strongSwan",
    covers: "charon: IKEv1 and IKEv2, EAP and XAuth users, virtual addresses, tunnels between gateways; the updown script",
    dresses: Dress::SPEECH,
    looks_like,
    parse,
};

type Reader = for<'a> fn(&Line<'a>, &'a [u8], &mut Facts);

/// Messages by their beginnings; the reader gets what follows. All others are understood, and say nothing of access.
const MESSAGES: &[(&[u8], Reader)] = &[
    (b"XAuth authentication of '", second_step),
    (b"RADIUS authentication of '", second_step),
    (b"PAM authentication of '", second_step),
    (b"XAuth pam_authenticate for '", pam),
    (b"authentication of '", authentication),
    (b"EAP method ", eap),
    (b"EAP vendor specific method ", eap),
    (b"EAP-MS-CHAPv2 username: '", identity),
    (b"received EAP identity '", identity),
    (b"EAP-MS-CHAPv2 verification failed", refused),
    (b"EAP-MD5 verification failed", refused),
    (b"EAP-GTC password verification failed", refused),
    (b"received AUTHENTICATION_FAILED ", refused),
    (b"no EAP key found for ", no_secret),
    (b"no shared key found for ", no_secret),
    (b"tried ", no_secret),
    (b"no trusted ", no_secret),
    (b"assigning virtual IP ", virtual_address),
    (b"lease ", lease),
    (b"IKE_SA ", sa),
    (b"deleting IKE_SA ", sa),
    (b"received DELETE for IKE_SA ", sa),
    (b"sending DELETE for IKE_SA ", sa),
    (b"looking for ", ends),
    (b"remote endpoint changed from ", moved),
    (b"received packet: from ", packet),
    (b"CHILD_SA ", child_up),
    (b"closing CHILD_SA ", child),
    (b"Starting IKE ", started),
    (b"Starting charon", started),
    (b"Starting strongSwan ", started),
];

/// Subsystems that charon writes in front of a message.
const GROUPS: &[&[u8]] = &[
    b"DMN", b"MGR", b"IKE", b"CHD", b"JOB", b"CFG", b"KNL", b"NET", b"ASN", b"ENC", b"TNC", b"IMC", b"IMV", b"PTS", b"TLS", b"APP", b"ESP",
    b"LIB",
];

fn looks_like(line: &Line<'_>) -> bool {
    line.head.app.starts_with(b"charon")
        || line.head.app == b"ipsec_starter"
        || by_thread(line.body).is_some()
        || odd_stamp(line).is_some()
        || line.head.app == b"vpn" && updown(line.body).is_some()
}

/// What follows thread and subsystem: `06[IKE] text`, `06[IKE1] text`.
fn by_thread(body: &[u8]) -> Option<&[u8]> {
    let [b'0'..=b'9', b'0'..=b'9', b'[', rest @ ..] = body else { return None };
    let (group, rest) = until(cut(rest, 8).0, b']')?;
    let known = GROUPS.contains(&cut(group, 3).0) && cut(group, 3).1.iter().all(u8::is_ascii_digit);
    (known && rest.first().is_none_or(|&b| b == b' ')).then(|| trim(cut(body, group.len() + 4).1))
}

/// `2026-11-20T22:41:07+0100.668 06[IKE] text`: with `time_add_ms` charon puts the milliseconds behind whatever `time_format` gives, the
/// zone included.
fn odd_stamp<'a>(line: &Line<'a>) -> Option<(&'a [u8], &'a [u8])> {
    if !line.head.stamp.is_empty() || !line.body.starts_with(b"2") {
        return None;
    }
    let thread = find(cut(line.body, 48).0, b"[").and_then(|bracket| bracket.checked_sub(3))?;
    let (stamp, rest) = cut(line.body, thread);
    Some((cut(stamp, memrchr(b'.', stamp)?).0, by_thread(rest.strip_prefix(b" ")?)?))
}

fn parse(line: &Line<'_>, stamps: &mut Stamps, facts: &mut Facts) -> Option<()> {
    if line.head.app == b"vpn" {
        return tunnel(line, facts);
    }
    let text = match odd_stamp(line) {
        Some((stamp, text)) => {
            facts.stamp = stamps.body(stamp, stamp::any);
            text
        }
        None => by_thread(line.body).unwrap_or(line.body),
    };
    let text = named(line, text, facts);
    if let Some((beginning, reader)) = MESSAGES.iter().find(|(beginning, _)| begins(text, beginning)) {
        let (action, rest) = cut(text, beginning.len());
        let action = trim(action.strip_suffix(b"'").unwrap_or(action));
        facts.action = line.text(action.strip_suffix(b" of").or_else(|| action.strip_suffix(b" for")).unwrap_or(action));
        reader(line, rest, facts);
    } else if let Some(address) = find(text, b" is initiating a").and_then(|at| ip(cut(text, at).0)) {
        facts.source_ip = Some(address);
    }
    Some(())
}

/// Takes up `<connection|7> ` or `<7> ` and gives what follows.
fn named<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) -> &'a [u8] {
    let Some((inside, rest)) = text.strip_prefix(b"<").and_then(|rest| until(rest, b'>')) else { return text };
    let (name, id) = match memrchr(b'|', inside) {
        Some(at) => (cut(inside, at).0, cut(inside, at + 1).1),
        None => (&[] as &[u8], inside),
    };
    if number::<u32>(id).is_none() {
        return text;
    }
    facts.session = line.text(id);
    facts.group = line.text(name);
    trim(rest)
}

/// Takes up `connection[7]` and gives what follows.
fn connection<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) -> Option<&'a [u8]> {
    let (name, rest) = until(text, b'[')?;
    let (id, rest) = until(rest, b']')?;
    number::<u32>(id)?;
    facts.session = line.text(id);
    facts.group = line.text(name);
    Some(rest)
}

/// A user's name, an e-mail address, a distinguished name; an address is nobody's name.
fn user<'a>(line: &Line<'a>, identity: &'a [u8], facts: &mut Facts) {
    if ip(identity).is_some() || matches!(identity, b"%any" | b"(null)") {
        return;
    }
    let common = rfind(identity, b"CN=").filter(|_| memchr(b'=', identity).is_some()).map(|at| cut(identity, at + 3).1);
    let name = common.map_or(identity, |name| find(name, b", ").map_or(name, |end| cut(name, end).0));
    line.login(name, Escape::None, facts);
}

/// `198.51.100.7[4500]`, `198.51.100.7`
fn host(text: &[u8]) -> Option<(IpAddr, Option<u16>)> {
    match until(text, b'[') {
        Some((address, port)) => Some((ip(address)?, until(port, b']').and_then(|(port, _)| number(port)))),
        None => Some((ip(text)?, None)),
    }
}

/// `10.1.1.9[vpn.ght.example]...198.51.100.7[fourn.chimere]`, at the end of a message.
fn ends<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    let Some(remote) = find(text, b"...").map(|at| cut(text, at + 3).1) else { return };
    let (address, identity) = until(remote, b'[').unwrap_or((remote, &[]));
    facts.source_ip = ip(address);
    let identity = identity.strip_suffix(b"]").unwrap_or(identity);
    if facts.source_ip.is_some() && ip(identity) == facts.source_ip {
        facts.peer = facts.source_ip;
    } else {
        user(line, identity, facts);
    }
}

/// `IKE_SA nomades[7] established between …`, `… rekeyed between …`; `deleting IKE_SA nomades[7] between …`
fn sa<'a>(line: &Line<'a>, rest: &'a [u8], facts: &mut Facts) {
    let Some(rest) = connection(line, rest, facts) else { return };
    if rest.starts_with(b" established between ") {
        facts.kind = Kind::SessionStart;
    }
    if let Some(at) = find(rest, b" between ") {
        ends(line, cut(rest, at).1, facts);
    }
}

/// `authentication of 'fourn.chimere' with EAP successful`; with `(myself)` it is the gateway's own.
fn authentication<'a>(line: &Line<'a>, rest: &'a [u8], facts: &mut Facts) {
    let Some((identity, verdict)) = rfind(rest, b"' with ").map(|at| cut(rest, at)) else { return };
    if verdict.ends_with(b" successful") {
        facts.kind = Kind::LoginSuccess;
        user(line, identity, facts);
    }
}

/// `XAuth authentication of 'fourn.chimere' successful`
fn second_step<'a>(line: &Line<'a>, rest: &'a [u8], facts: &mut Facts) {
    let (kind, identity) = match (rest.strip_suffix(b"' successful"), rest.strip_suffix(b"' failed")) {
        (Some(identity), _) => (Kind::LoginSuccess, identity),
        (_, Some(identity)) => (Kind::LoginFailure, identity),
        _ => return,
    };
    facts.kind = kind;
    user(line, identity, facts);
}

/// `XAuth pam_authenticate for 'fourn.chimere' failed: Authentication failure`: the verdict follows in a line of its own.
fn pam<'a>(line: &Line<'a>, rest: &'a [u8], facts: &mut Facts) {
    let Some((identity, reason)) = rfind(rest, b"' failed: ").map(|at| cut(rest, at)) else { return };
    user(line, identity, facts);
    facts.reason = line.text(cut(reason, b"' failed: ".len()).1);
}

/// `EAP method EAP_MSCHAPV2 failed for peer fourn.chimere`; `… succeeded, MSK established` is one step of the login.
fn eap<'a>(line: &Line<'a>, rest: &'a [u8], facts: &mut Facts) {
    const FAILED: &[u8] = b" failed for peer ";
    if let Some(at) = find(rest, FAILED) {
        facts.kind = Kind::LoginFailure;
        facts.reason = line.text(cut(rest, at).0);
        user(line, cut(rest, at + FAILED.len()).1, facts);
    }
}

/// `received EAP identity 'fourn.chimere'`: as whom somebody comes, before any proof.
fn identity<'a>(line: &Line<'a>, rest: &'a [u8], facts: &mut Facts) {
    user(line, rest.strip_suffix(b"'").unwrap_or(rest), facts);
}

/// `EAP-MS-CHAPv2 verification failed, retry (1)`: of whom, the line does not say.
fn refused<'a>(_: &Line<'a>, _: &'a [u8], facts: &mut Facts) {
    facts.kind = Kind::LoginFailure;
}

/// `no EAP key found for hosts 'vpn.ght.example' - 'fourn.chimere'`, `no shared key found for 'a'[10.1.1.9] - 'b'[198.51.100.7]`,
/// `tried 2 shared keys for 'a' - 'b', but MAC mismatched`, `no trusted RSA public key found for 'b'`
fn no_secret<'a>(line: &Line<'a>, rest: &'a [u8], facts: &mut Facts) {
    const BETWEEN: &[u8] = b" - ";
    let other = match find(rest, b"' - '").or_else(|| find(rest, b"] - '")).or_else(|| find(rest, BETWEEN)) {
        Some(at) => cut(rest, at + find(cut(rest, at).1, BETWEEN).unwrap_or(0) + BETWEEN.len()).1,
        None => match find(rest, b" found for '") {
            Some(at) => cut(rest, at + b" found for ".len()).1,
            None => return,
        },
    };
    facts.kind = Kind::LoginFailure;
    let Some(quoted) = other.strip_prefix(b"'") else {
        facts.source_ip = host(other).map(|(address, _)| address);
        return;
    };
    let (identity, place) = memrchr(b'\'', quoted).map_or((quoted, &[] as &[u8]), |at| cut(quoted, at));
    facts.source_ip = place.strip_prefix(b"'[").and_then(|place| place.strip_suffix(b"]")).and_then(ip);
    user(line, identity, facts);
}

/// `assigning virtual IP 10.99.0.6 to peer 'fourn.chimere'`
fn virtual_address<'a>(line: &Line<'a>, rest: &'a [u8], facts: &mut Facts) {
    let Some((address, identity)) = find(rest, b" to peer '").map(|at| cut(rest, at)) else { return };
    facts.kind = Kind::SessionStart;
    facts.assigned_ip = ip(address);
    let identity = cut(identity, b" to peer '".len()).1;
    user(line, identity.strip_suffix(b"'").unwrap_or(identity), facts);
}

/// `lease 10.99.0.6 by 'fourn.chimere' went offline`
fn lease<'a>(line: &Line<'a>, rest: &'a [u8], facts: &mut Facts) {
    let Some((address, identity)) = find(rest, b" by '").map(|at| cut(rest, at)) else { return };
    let Some(identity) = cut(identity, b" by '".len()).1.strip_suffix(b"' went offline") else { return };
    facts.kind = Kind::SessionEnd;
    facts.assigned_ip = ip(address);
    user(line, identity, facts);
}

/// `remote endpoint changed from 198.51.100.7[4500] to 203.0.113.8[4500]`: the same session goes on from there.
fn moved<'a>(_: &Line<'a>, rest: &'a [u8], facts: &mut Facts) {
    if let Some((address, port)) = find(rest, b" to ").and_then(|at| host(cut(rest, at + 4).1)) {
        (facts.source_ip, facts.source_port) = (Some(address), port);
        facts.about = Some(About::Moved);
    }
}

/// `received packet: from 198.51.100.7[4500] to 10.1.1.9[4500] (144 bytes)`
fn packet<'a>(_: &Line<'a>, rest: &'a [u8], facts: &mut Facts) {
    if let Some((address, port)) = until(rest, b' ').and_then(|(from, _)| host(from)) {
        (facts.source_ip, facts.source_port) = (Some(address), port);
    }
}

/// `CHILD_SA net{3} established with SPIs c1f0_i c99a_o and TS 10.20.0.0/16 === 10.99.0.6/32`; with its keys replaced it is `inbound CHILD_SA`.
fn child_up<'a>(_: &Line<'a>, rest: &'a [u8], facts: &mut Facts) {
    if find(rest, b"} established with SPIs ").is_some() {
        facts.kind = Kind::SessionStart;
        let far = rfind(rest, b" === ").map_or(&[] as &[u8], |at| cut(rest, at + 5).1);
        facts.assigned_ip = far.strip_suffix(b"/32").or_else(|| far.strip_suffix(b"/128")).and_then(ip);
    }
}

/// `closing CHILD_SA net{3} with SPIs c1f0_i (1234 bytes) c99a_o (5678 bytes) and TS …`: also when only its keys are replaced.
fn child<'a>(_: &Line<'a>, rest: &'a [u8], facts: &mut Facts) {
    let bytes = |key: &[u8]| {
        let rest = find(rest, key).map(|at| cut(rest, at + key.len()).1)?;
        number(until(rest, b' ')?.0)
    };
    facts.source_bytes = bytes(b"_i (");
    facts.destination_bytes = bytes(b"_o (");
}

/// `Starting IKE charon daemon (strongSwan 5.9.8, Linux 6.1.0, x86_64)`
fn started<'a>(_: &Line<'a>, _: &'a [u8], facts: &mut Facts) {
    facts.about = Some(About::Restart);
}

/// What the script `_updown` tells: up or down, and what follows.
fn updown(body: &[u8]) -> Option<(Kind, &[u8])> {
    let kind = if body.starts_with(b"+ ") { Kind::SessionStart } else { Kind::SessionEnd };
    let text = body.strip_prefix(b"+ ").or_else(|| body.strip_prefix(b"- "))?;
    find(text, b" -- ").map(|_| (kind, text))
}

/// `+ fourn.chimere 10.99.0.6/32 == 198.51.100.7 -- 10.1.1.9 == 10.20.0.0/16`, `- fourn.chimere …`
///
/// The addresses are read from the end: an identity may hold anything.
fn tunnel(line: &Line<'_>, facts: &mut Facts) -> Option<()> {
    let (kind, text) = updown(line.body)?;
    facts.kind = kind;
    facts.action = line.text(cut(line.body, 1).0);
    let (whom, _) = cut(text, rfind(text, b" -- ")?);
    let (whom, address) = cut(whom, memrchr(b' ', whom)?);
    facts.source_ip = ip(trim(address));
    let (identity, inner) = match whom.strip_suffix(b" ==").and_then(|whom| Some(cut(whom, memrchr(b' ', whom)?))) {
        Some((identity, inner)) => (identity, trim(inner)),
        None => (whom, &[] as &[u8]),
    };
    let single = inner.strip_suffix(b"/32").or_else(|| inner.strip_suffix(b"/128"));
    if facts.source_ip.is_some() && ip(identity) == facts.source_ip {
        facts.peer = facts.source_ip;
    } else {
        facts.assigned_ip = single.and_then(ip);
        user(line, identity, facts);
    }
    Some(())
}

//! F5 BIG-IP: Access Policy Manager (APM) and the modules beside it.
//!
//! `apmd[901]: 01490017:6: /Common/vpn:Common:49dc878f: AD agent: Auth (logon attempt:0): authenticate with 'fourn.chimere' successful`:
//! number and severity, access profile and partition, the session's eight digits, a sentence. F5, "BIG-IP Access Policy Manager: Log
//! Messages" and "BIG-IP TMOS: Auditing" (11 to 17); "External Monitoring of BIG-IP Systems" for the pairs and CEF of AFM and ASM.
//!
//! A login is spread over several lines; each gives the session's digits, by which they belong together.

mod access;
mod audit;
mod traffic;

use memchr::memchr;

use self::traffic::Record;
use crate::atoms::{cut, find, until};
use crate::formats::Format;
use crate::{About, Dress, Facts, Line, Stamps};

/// The format's line in [`crate::FORMATS`].
pub(super) const FORMAT: Format = Format {
    name: "f5-bigip",
    vendor: "F5",
    product: "BIG-IP",
    covers: "BIG-IP: APM sessions, logins, tunnels and ACLs, administrators and their changes; AFM, ASM and LTM as pairs and CEF",
    dresses: Dress::ALL,
    looks_like,
    parse,
};

fn looks_like(line: &Line<'_>) -> bool {
    Record::of(line).is_some()
        || numbered(line).is_some()
        || audit::is_door(line)
        || is_daemon(line.head.app)
        || is_start(line.body)
        || line.body.starts_with(audit::AUTHORIZED)
        || line.body.starts_with(b"/") && access::session(line.body).is_some()
        || rule(line.body)
        || line.body.starts_with(b"(root) CMD (/usr/bin/diskmonitor")
        || [b"[ssl_acc] ".as_slice(), b"[ssl_req]["].iter().any(|tag| line.body.starts_with(tag))
}

/// The daemons that only BIG-IP has.
fn is_daemon(app: &[u8]) -> bool {
    let tmm = app.strip_prefix(b"tmm").is_some_and(|number| number.iter().all(|b| b.is_ascii_digit() || *b == b'.'));
    tmm || matches!(
        app,
        b"apmd" | b"apd" | b"mcpd" | b"tmsh" | b"websso" | b"bigd" | b"iControlPortal.cgi" | b"localdbmgr" | b"audit_forwarder"
    )
}

/// `notice boot_marker : ---===[ HD1.1 - BIG-IP 16.1.2 Build 0.0.18 ]===---`
fn is_start(body: &[u8]) -> bool {
    find(cut(body, 40).0, b"boot_marker : ---===[").is_some()
}

/// `01490017:6: text`: the number of a message, and what follows it and its severity. In RFC 5424 they are the message's id.
fn numbered<'a>(line: &Line<'a>) -> Option<(&'a [u8], &'a [u8])> {
    let number = |text: &'a [u8]| {
        let (id, rest) = cut(text, 8);
        let is_id = id.starts_with(b"01") && id.iter().all(|b| b.is_ascii_digit() || matches!(b, b'a'..=b'f'));
        match rest {
            [b':', b'0'..=b'9', b':', rest @ ..] if is_id && id.len() == 8 => Some((id, rest.strip_prefix(b" ").unwrap_or(rest))),
            _ => None,
        }
    };
    number(line.body).or_else(|| number(line.head.id).map(|(id, _)| (id, line.body)))
}

/// What an iRule writes: `Rule /Common/name <HTTP_REQUEST>: …`.
fn rule(body: &[u8]) -> bool {
    body.strip_prefix(b"Rule /")
        .and_then(|rest| until(rest, b' '))
        .is_some_and(|(path, rest)| memchr(b'/', path).is_some() && (rest.starts_with(b"<") || rest.starts_with(b": ")))
}

#[expect(clippy::unnecessary_wraps, reason = "a line that looks like BIG-IP's is always read; the table's type allows for others")]
fn parse(line: &Line<'_>, stamps: &mut Stamps, facts: &mut Facts) -> Option<()> {
    if let Some(record) = Record::of(line) {
        traffic::event(line, record, stamps, facts);
        return Some(());
    }
    let (id, text) = numbered(line).unwrap_or((&[], line.body));
    facts.action = line.text(id);
    if audit::is_door(line) {
        audit::door(line, text, facts);
    } else if is_start(line.body) {
        facts.about = Some(About::Restart);
    } else if let Some(at) = find(cut(text, 24).0, b"AUDIT - ") {
        audit::event(line, cut(text, at + 8).1, facts);
    } else if let Some(rest) = text.strip_prefix(audit::AUTHORIZED) {
        audit::authorized(line, rest, facts);
    } else if rule(text) {
        // What an iRule says is for whoever wrote it.
    } else if let Some(session) = access::session(text) {
        access::event(line, id, session, facts);
    }
    Some(())
}

//! Ivanti Connect Secure, before that Pulse Connect Secure, before that Juniper Secure Access (IVE).
//!
//! Ivanti, "Connect Secure Administration Guide: Logging and Monitoring" (the formats *Standard*, *WELF* and *WELF-SRC*); the texts are
//! the product's own, the same in all formats. WELF puts a code before the text (`AUT24414: `), Standard does not: the text decides, and
//! the code where the text is new.
//!
//! Three dresses: `id=firewall … vpn=NODE … msg="AUT24414: text"`; `2026-11-20 22:41:07 - NODE - [source] login(realm)[roles] - text`;
//! and columns set apart by ` | `. The node's time has no zone. `System()` is nobody, and `[127.0.0.1]` no source.

mod message;

use self::message::Said;
use crate::atoms::{Pair, Welf, cut, find, ip, ip_port, number, rfind, says, seconds, trim, trim_start, until};
use crate::formats::Format;
use crate::{Dress, Escape, Facts, Kind, Line, Stamp, Stamps, stamp};

/// Ivanti's line of the table of formats.
pub(super) const FORMAT: Format = Format {
    name: "ivanti",
    vendor: "Ivanti",
    product: "Connect Secure",
    covers: "Ivanti Connect Secure, Pulse Connect Secure, Juniper SA: logins, VPN tunnelling, sessions, administration",
    dresses: Dress::SPEECH,
    looks_like,
    parse,
};

fn looks_like(line: &Line<'_>) -> bool {
    if line.body.starts_with(b"id=firewall ") {
        let (start, _) = cut(line.body, 300);
        return find(start, b" vpn=").is_some() && (find(start, b" realm=").is_some() || find(start, b" ivs=").is_some());
    }
    matches!(line.head.app, b"PulseSecure" | b"IvantiConnectSecure") || Entry::read(line.body).is_some() || columns(line).is_some()
}

#[expect(clippy::unnecessary_wraps, reason = "the signature of the table of formats")]
fn parse(line: &Line<'_>, stamps: &mut Stamps, facts: &mut Facts) -> Option<()> {
    if line.body.starts_with(b"id=") {
        welf(line, stamps, facts);
    } else if let Some(entry) = Entry::read(line.body) {
        own_stamp(line, entry.stamp, stamps, facts);
        facts.device = line.text(entry.node);
        entry.fill(line, facts);
    } else if let Some((code, rest)) = columns(line) {
        let said = rest.rsplit(|&b| b == b'|').next().map(trim).unwrap_or_default();
        match Login::read(said) {
            Some((login, text)) => {
                login.fill(line, facts);
                Said::new(code, text).fill(line, facts);
            }
            None => Said::new(code, said).fill(line, facts),
        }
    }
    Some(())
}

/// The node's own stamp has no zone: one of the head that has is better.
fn own_stamp<'a>(line: &Line<'a>, written: &'a [u8], stamps: &mut Stamps, facts: &mut Facts) {
    if !matches!(stamps.head(line.head.stamp), Stamp::Exact(_)) {
        facts.stamp = stamps.body(written, stamp::any);
    }
}

/// The fields of WELF that matter, each as it came first.
#[derive(Default)]
struct Fields<'a> {
    time: Pair<'a>,
    node: Pair<'a>,
    user: Pair<'a>,
    realm: Pair<'a>,
    roles: Pair<'a>,
    source: Pair<'a>,
    destination: Pair<'a>,
    destination_name: Pair<'a>,
    sent: Pair<'a>,
    received: Pair<'a>,
    duration: Pair<'a>,
    message: Pair<'a>,
    torn: bool,
}

impl<'a> Fields<'a> {
    fn put(&mut self, pair: Pair<'a>) {
        let field = match pair.key {
            b"time" => &mut self.time,
            b"vpn" => &mut self.node,
            b"user" => &mut self.user,
            b"realm" => &mut self.realm,
            b"roles" => &mut self.roles,
            b"src" => &mut self.source,
            b"dst" => &mut self.destination,
            b"dstname" => &mut self.destination_name,
            b"sent" => &mut self.sent,
            b"rcvd" => &mut self.received,
            b"duration" => &mut self.duration,
            b"msg" => &mut self.message,
            _ => return,
        };
        self.torn |= field.torn_by(pair);
    }
}

/// `id=firewall time="2026-11-20 22:41:07" pri=6 fw=192.0.2.1 vpn=pcs-1 ivs=Default Network user=fourn.chimere realm="PRESTA" roles="R1"
/// proto=auth src=198.51.100.23 dst= dstname= type=vpn … sent= rcvd= agent="" duration= msg="AUT24414: Agent login succeeded for …"`
///
/// The name is not quoted: one that holds fields repeats those that follow it, and then nothing behind it is believed.
fn welf(line: &Line<'_>, stamps: &mut Stamps, facts: &mut Facts) {
    let mut fields = Fields::default();
    Welf::new(line.body).for_each(|pair| fields.put(pair));
    own_stamp(line, fields.time.value, stamps, facts);
    facts.device = line.pair(fields.node);
    if fields.torn {
        line.login(fields.user.value, Escape::None, facts);
        if says(line.body, b"failed") {
            facts.kind = Kind::LoginFailure;
        }
        return;
    }
    if fields.user.value != b"System" {
        line.login(fields.user.value, Escape::None, facts);
    }
    facts.group = line.pair(if fields.realm.value.is_empty() { fields.roles } else { fields.realm });
    facts.source_ip = remote(fields.source.value);
    facts.destination_ip = ip(fields.destination.value);
    facts.target = line.pair(fields.destination_name);
    facts.source_bytes = number(fields.sent.value);
    facts.destination_bytes = number(fields.received.value);
    facts.duration = seconds(fields.duration.value);
    let (code, text) = match until(fields.message.value, b':') {
        Some((code, text)) if is_code(code) => (code, trim_start(text)),
        _ => (&[] as &[u8], fields.message.value),
    };
    let mut said = Said::new(code, text);
    said.administrator = says(fields.roles.value, b"administrator");
    said.escape = fields.message.escape;
    said.fill(line, facts);
}

/// `AUT24414`, `ADM20716`, `ADM100`
fn is_code(text: &[u8]) -> bool {
    let (letters, digits) = cut(text, 3);
    text.len() <= 9
        && letters.len() == 3
        && letters.iter().all(u8::is_ascii_uppercase)
        && digits.len() >= 2
        && digits.iter().all(u8::is_ascii_digit)
}

/// The code of ` | AUT24414 | info | … | text`, and what follows it.
fn columns<'a>(line: &Line<'a>) -> Option<(&'a [u8], &'a [u8])> {
    let mut rest = line.body;
    while let Some(at) = find(rest, b" | ") {
        let (column, after) = cut(rest, at);
        let after = cut(after, 3).1;
        let code = trim(column);
        if is_code(code) && matches!(trim(until(after, b'|')?.0), b"info" | b"minor" | b"major" | b"critical" | b"warning" | b"debug") {
            return Some((code, after));
        }
        rest = after;
    }
    None
}

/// An entry of the format Standard.
struct Entry<'a> {
    stamp: &'a [u8],
    node: &'a [u8],
    login: Login<'a>,
    text: &'a [u8],
}

impl<'a> Entry<'a> {
    /// `2026-11-20 22:41:07 - pcs-1 - [198.51.100.23] Root::fourn.chimere(PRESTA)[R1, R2][sid] - Login succeeded for …`
    ///
    /// A relay's reader may have taken the stamp for a head, and `- - - ` may stand before it.
    fn read(body: &'a [u8]) -> Option<Entry<'a>> {
        let body = body.strip_prefix(b"- - - ").unwrap_or(body);
        let (stamp, rest) = cut(body, stamp::extent(body));
        let rest = trim_start(rest).strip_prefix(b"- ")?;
        let (node, rest) = cut(rest, find(rest, b" - [")?);
        if node.len() > 64 {
            return None;
        }
        let (login, text) = Login::read(cut(rest, 3).1)?;
        Some(Entry { stamp, node, login, text })
    }

    fn fill(&self, line: &Line<'a>, facts: &mut Facts) {
        self.login.fill(line, facts);
        let mut said = Said::new(&[], self.text);
        said.administrator = says(self.login.roles, b"administrator");
        said.fill(line, facts);
    }
}

/// Who did it from where: `[198.51.100.23] Root::fourn.chimere(PRESTA)[R1, R2][sid] - `
struct Login<'a> {
    source: &'a [u8],
    name: &'a [u8],
    realm: &'a [u8],
    roles: &'a [u8],
    session: &'a [u8],
}

impl<'a> Login<'a> {
    /// The login, and the text behind it.
    ///
    /// Names may hold brackets: the last place counts where a login may end, up to the address before the user agent, which strangers
    /// choose as well.
    fn read(text: &'a [u8]) -> Option<(Login<'a>, &'a [u8])> {
        let (source, rest) = until(text.strip_prefix(b"[")?, b']')?;
        if !source.is_empty() && ip_port(source).is_none() {
            return None;
        }
        let rest = rest.strip_prefix(b" ")?;
        let sure = match find(rest, b" with ") {
            Some(at) if cut(rest, at).0.rsplit(|&b| b == b' ').next().and_then(ip).is_some() => at,
            _ => rest.len(),
        };
        let (who, text) = cut(rest, rfind(cut(rest, sure).0, b"] - ")?);
        let roles_at = rfind(who, b")[")?;
        let (who, roles) = cut(who, roles_at);
        let (roles, session) = match find(roles, b"][") {
            Some(at) => (cut(roles, at).0, cut(roles, at + 2).1),
            None => (roles, &[] as &[u8]),
        };
        let (name, realm) = cut(who, rfind(who, b"(")?);
        let name = find(name, b"::").map_or(name, |at| cut(name, at + 2).1);
        let login = Login { source, name, realm: cut(realm, 1).1, roles: cut(roles, 2).1, session };
        Some((login, cut(text, 4).1))
    }

    fn fill(&self, line: &Line<'a>, facts: &mut Facts) {
        facts.source_ip = remote(self.source);
        if self.name != b"System" {
            line.login(self.name, Escape::None, facts);
        }
        facts.group = line.text(if self.realm.is_empty() { self.roles } else { self.realm });
        facts.session = line.text(self.session);
    }
}

/// The address of somebody elsewhere: the node's own is none.
fn remote(text: &[u8]) -> Option<std::net::IpAddr> {
    ip_port(text).map(|(ip, _)| ip).filter(|ip| !ip.is_loopback() && !ip.is_unspecified())
}

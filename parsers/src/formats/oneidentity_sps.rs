//! One Identity Safeguard for Privileged Sessions, formerly Balabit Shell Control Box.
//!
//! One Identity, "SPS administration guide": "Message format forwarded to SIEMs" (CEF, JSON), and the proxies' own log
//! ("Logging the connections").
//!
//! The gateway's user is the person, the server's user the account that is used; where nobody had to log in at the gateway, the
//! server's user is all that is known of the person.

use crate::atoms::{Cef, Leaves, Once, Pair, cut, find, ip, number, until};
use crate::formats::Format;
use crate::formats::cef::plain::time;
use crate::{Dress, Escape, Facts, Kind, Line, Stamps, Text};

/// SPS's line of the table of formats.
pub(super) const FORMAT: Format = Format {
    name: "oneidentity-sps",
    vendor: "One Identity",
    product: "Safeguard for Privileged Sessions",
    covers: "One Identity Safeguard for Privileged Sessions, Balabit Shell Control Box: CEF, JSON, log of the proxies",
    dresses: &[Dress::Json, Dress::Cef, Dress::Words, Dress::Digits, Dress::Signs],
    looks_like,
    parse,
};

fn cef<'a>(line: &Line<'a>) -> Option<Cef<'a>> {
    line.cef.filter(|cef| {
        matches!(cef.vendor, b"OneIdentity" | b"One Identity" | b"Balabit" | b"BalaBit") && matches!(cef.product, b"SPS" | b"SCB" | b"PSM")
    })
}

/// `scb.audit(4): (svc/9ike:0/ssh): Closing connection; connection='labo', …`: what follows class and session.
fn logged<'a>(line: &Line<'a>) -> Option<(&'a [u8], &'a [u8])> {
    let (class, rest) = until(line.body, b':')?;
    let ours = class.starts_with(b"scb.") || line.head.app.starts_with(b"zorp/scb") || line.head.app.starts_with(b"zorp/sps");
    if !ours {
        return None;
    }
    let (session, message) = until(cut(rest, find(rest, b"(svc/")?).1, b')')?;
    Some((session.get(1..)?, message.strip_prefix(b":").unwrap_or(message)))
}

fn looks_like(line: &Line<'_>) -> bool {
    if line.body.starts_with(b"{") {
        return line.quotes_all(&[b"event_type_id", b"event_name", b"base_type_name"]);
    }
    logged(line).is_some() || cef(line).is_some()
}

/// The pairs of all three dresses that matter, as they stand.
#[derive(Default)]
struct Fields<'a> {
    name: Pair<'a>,
    gateway_user: Pair<'a>,
    gateway_domain: Pair<'a>,
    server_user: Pair<'a>,
    client: Pair<'a>,
    client_port: Pair<'a>,
    client_name: Pair<'a>,
    server: Pair<'a>,
    server_port: Pair<'a>,
    /// What the client asked for, which may be the gateway itself.
    wanted: Pair<'a>,
    wanted_port: Pair<'a>,
    server_name: Pair<'a>,
    session: Pair<'a>,
    device: Pair<'a>,
    stamp: Pair<'a>,
    /// The first and the last value that is what somebody typed or saw.
    seen: Option<(&'a [u8], &'a [u8])>,
}

impl<'a> Fields<'a> {
    fn take(&mut self, pair: Pair<'a>) {
        let slot = match pair.key {
            b"event_name" => &mut self.name,
            b"suser" | b"gateway_username" => &mut self.gateway_user,
            b"sntdom" | b"gateway_domain" => &mut self.gateway_domain,
            b"duser" | b"server_username" | b"remote_username" => &mut self.server_user,
            b"src" | b"client_address" | b"src_ip" => &mut self.client,
            b"spt" | b"client_port" | b"src_port" => &mut self.client_port,
            b"shost" | b"client_name" => &mut self.client_name,
            b"dst" | b"server_address" | b"server_ip" => &mut self.server,
            b"dpt" | b"server_port" => &mut self.server_port,
            b"dst_ip" => &mut self.wanted,
            b"dst_port" => &mut self.wanted_port,
            b"dhost" | b"server_name" => &mut self.server_name,
            b"cs1" | b"session_id" => &mut self.session,
            b"dvc" => &mut self.device,
            b"start" | b"timestamp" => &mut self.stamp,
            // Titles, commands, screen contents, names of files.
            b"cs2" | b"cs3" | b"cs4" | b"msg" | b"window_title" | b"command" | b"content" | b"event_content" | b"fname" | b"filePath"
            | b"path" | b"file_name"
                if !pair.value.is_empty() =>
            {
                self.seen = Some((self.seen.map_or(pair.value, |(first, _)| first), pair.value));
                return;
            }
            _ => return,
        };
        slot.once(pair);
    }
}

/// `CEF:0|OneIdentity|SPS|7.5.1|1865245228|ServerAuthenticationSuccess|0|app=RDP cs1=svc-px83-labo-1 cs1Label=Session ID dhost=dpi-1 dpt=3389 dst=10.20.4.11 duser=adm-chimere dvc=10.1.1.5 spt=53877 src=198.51.100.23 start=1795210867000 suser=fourn.chimere`
fn parse(line: &Line<'_>, stamps: &mut Stamps, facts: &mut Facts) -> Option<()> {
    let mut fields = Fields::default();
    if let Some(cef) = cef(line) {
        fields.name = Pair { key: b"name", value: cef.name, escape: Escape::Cef };
        cef.pairs().for_each(|pair| fields.take(pair));
    } else if let Some((session, message)) = logged(line) {
        let (phrase, pairs) = until(message, b';').unwrap_or((message, &[]));
        fields.name.value = crate::atoms::trim(phrase);
        fields.session.value = session;
        quoted_pairs(pairs, |pair| fields.take(pair));
    } else {
        for leaf in Leaves::new(line.body) {
            if let [key] = leaf.path() {
                fields.take(Pair { key, value: leaf.value, escape: leaf.escape });
            }
        }
    }
    let text = |pair: Pair<'_>| Text::within(line.whole, pair.value, pair.escape);
    let person = if fields.gateway_user.value.is_empty() { fields.server_user } else { fields.gateway_user };
    line.login(person.value, person.escape, facts);
    facts.domain.once(text(fields.gateway_domain));
    facts.target_user = text(fields.server_user);
    (facts.source_ip, facts.source_port) = (ip(fields.client.value), number(fields.client_port.value));
    let (server, port) =
        if fields.server.value.is_empty() { (fields.wanted, fields.wanted_port) } else { (fields.server, fields.server_port) };
    (facts.destination_ip, facts.destination_port) = (ip(server.value), number(port.value));
    (facts.client, facts.target) = (text(fields.client_name), text(fields.server_name));
    (facts.session, facts.action) = (text(fields.session), text(fields.name));
    facts.device = if line.head.host.is_empty() { text(fields.device) } else { line.text(line.head.host) };
    facts.stamp = stamps.body(fields.stamp.value, time);
    facts.kind = kind(fields.name.value);
    if let Some((first, last)) = fields.seen {
        facts.private = line.span(first, last);
    }
    (!fields.name.value.is_empty()).then_some(())
}

/// Of a session: `GatewayAuthenticationSuccess`, `ServerAuthenticationFailure`, `SessionClosed`; `Closing connection`, `Gateway authentication denied`.
fn kind(name: &[u8]) -> Kind {
    let has = |words: &[&str]| words.iter().any(|word| find(name, word.as_bytes()).is_some());
    match () {
        () if has(&["uthentication", "ogin"]) && has(&["Fail", "fail", "denied", "Denied", "rejected", "Reject"]) => Kind::LoginFailure,
        () if has(&["uthentication", "ogin"]) && has(&["Success", "success", "granted", "accepted"]) => Kind::LoginSuccess,
        () if has(&[
            "SessionClosed",
            "SessionEnd",
            "SessionTerminated",
            "Closing connection",
            "Connection closed",
            "Connection terminated",
        ]) =>
        {
            Kind::SessionEnd
        }
        () if has(&["SessionStart", "SessionOpened", "ServerConnect", "Connection granted", "Server connection established"]) => {
            Kind::SessionStart
        }
        () => Kind::Other,
    }
}

/// `connection='labo', src_ip='198.51.100.23', gateway_username=''`
fn quoted_pairs<'a>(mut text: &'a [u8], mut take: impl FnMut(Pair<'a>)) {
    while let Some(at) = find(text, b"='") {
        let (key, rest) = cut(text, at);
        let key = key.rsplit(|&b| b == b' ' || b == b',').next().unwrap_or_default();
        let (_, rest) = cut(rest, 2);
        let end = find(rest, b"', ").unwrap_or_else(|| rest.strip_suffix(b"'").unwrap_or(rest).len());
        let (value, after) = cut(rest, end);
        take(Pair { key, value, escape: Escape::None });
        text = after;
    }
}

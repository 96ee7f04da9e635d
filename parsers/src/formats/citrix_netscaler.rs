//! Citrix ADC and `NetScaler` Gateway.
//!
//! `11/20/2026:21:41:07 GMT ns-1 0-PPE-0 : default SSLVPN LOGIN 4711 0 : Context … - SessionId: … - User …`: feature and message name
//! say what happened, `Key value` pairs set apart by ` - ` to whom. Citrix, "Citrix ADC Syslog Message Reference" (10.5 to 14.1).
//!
//! The name that fails to log in and the browser stand in the line as they came, unescaped.

mod head;

use std::net::IpAddr;

use memchr::memchr;

use self::head::Head;
use crate::atoms::{between, cut, duration, find, ip, ip_port, number, rfind, trim, until};
use crate::formats::Format;
use crate::{About, Dress, Escape, Facts, Kind, Line, Stamps, Verdict};

/// The format's line in [`crate::FORMATS`].
pub(super) const FORMAT: Format = Format {
    name: "citrix-netscaler",
    vendor: "Citrix",
    product: "NetScaler",
    covers: "Citrix ADC and NetScaler Gateway: SSL VPN, AAA and ICA sessions, administrators and their commands, connections",
    dresses: Dress::TEXT,
    looks_like,
    parse,
};

fn looks_like(line: &Line<'_>) -> bool {
    Head::read(line.body).is_some() || shell(line.body).is_some() || is_web_access(line.body)
}

fn parse(line: &Line<'_>, stamps: &mut Stamps, facts: &mut Facts) -> Option<()> {
    let Some(head) = Head::read(line.body) else {
        if !is_web_access(line.body) {
            let (login, command) = shell(line.body)?;
            facts.user = line.text(login);
            facts.private = line.text(command);
        }
        return Some(());
    };
    facts.stamp = head.stamp(line, stamps);
    facts.device = line.text(head.host);
    facts.action = line.text(head.name);
    match (head.feature, head.name) {
        (_, b"CMD_EXECUTED") => command(line, head.text, facts),
        (_, b"Message") => message(line, head.text, facts),
        (b"ACL", _) => access_list(head.text, facts),
        (b"EVENT", b"STARTSYS" | b"STARTCPU" | b"STARTSAVECONFIG") => facts.about = (head.name == b"STARTSYS").then_some(About::Restart),
        (_, name) => {
            facts.kind = kind(head.feature, name, head.text);
            pairs(line, head.text, facts);
            details(line, name, head.text, facts);
        }
    }
    Some(())
}

/// What a message of pairs says.
fn kind(feature: &[u8], name: &[u8], text: &[u8]) -> Kind {
    match (feature, name) {
        (_, b"LOGIN") => Kind::LoginSuccess,
        (_, b"LOGIN_FAILED") => Kind::LoginFailure,
        (_, b"LOGOUT") if between(text, b" LogoutMethod \"", b"\"").is_some_and(|how| find(how, b"Explicit").is_some()) => Kind::Logout,
        (_, b"LOGOUT" | b"REMOVE_SESSION" | b"ICAEND_CONNSTAT") => Kind::SessionEnd,
        (_, b"ICASTART") => Kind::SessionStart,
        (_, b"TCPCONNSTAT" | b"UDPFLOWSTAT" | b"NONHTTP_RESOURCEACCESS_DENIED" | b"NONHTTP_RESOURCEACCESS_ALLOWED") => Kind::Traffic,
        (b"TCP" | b"UDP", _) if find(name, b"CONN").is_some() || name == b"NAT" => Kind::Traffic,
        _ => Kind::Other,
    }
}

/// What single messages tell beyond their pairs.
fn details<'a>(line: &Line<'a>, name: &[u8], text: &'a [u8], facts: &mut Facts) {
    match name {
        // `Client_ip` twice: the name holds the one, or the browser the other, and nobody can tell which.
        b"LOGIN_FAILED" if find(text, b" - Client_ip ") != rfind(text, b" - Client_ip ") => facts.source_ip = None,
        b"NONHTTP_RESOURCEACCESS_DENIED" => facts.verdict = Some(Verdict::Denied),
        // Of the other messages the gateway's mapped address is that of many.
        b"LOGIN" | b"LOGOUT" => {
            facts.assigned_ip = between(text, b" - Nat_ip ", b" - ").map(unquoted).and_then(ip).filter(|address| !address.is_unspecified());
        }
        // `… - SessionId: 17- dpi.ght.example User fourn.chimere : Group(s) N/A : Vserver 192.0.2.1:443 - …`
        b"HTTPREQUEST" => {
            if let Some((host, rest)) = between_last(text, b" User ") {
                facts.target = line.text(host);
                facts.user = line.text(cut(rest, find(rest, b" : ").unwrap_or(rest.len())).0);
                context(line, text, facts);
            }
        }
        _ => {}
    }
    if facts.kind == Kind::Traffic {
        facts.verdict = facts.verdict.or(Some(Verdict::Allowed));
    }
    if matches!(facts.kind, Kind::LoginSuccess | Kind::Logout | Kind::SessionEnd) && facts.source_ip.is_none() {
        context(line, text, facts);
    }
}

/// The word before the first `key`, and what follows it.
fn between_last<'a>(text: &'a [u8], key: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let (before, after) = cut(text, find(text, key)?);
    let word = before.rsplit(|&b| b == b' ').next().unwrap_or_default();
    Some((word, cut(after, key.len()).1))
}

/// `Context fourn.chimere@198.51.100.23 - …`
fn context<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    let Some(context) = text.strip_prefix(b"Context ") else { return };
    let (context, _) = cut(context, find(context, b" - ").unwrap_or(context.len()));
    let Some(at) = context.iter().rposition(|&b| b == b'@') else { return };
    let (login, address) = cut(context, at);
    facts.source_ip = facts.source_ip.or(address.get(1..).and_then(ip));
    if facts.user.is_empty() {
        line.login(login, Escape::None, facts);
    }
}

/// `User fourn.chimere - Client_ip 198.51.100.23 - Vserver 192.0.2.1:443 - Browser_type "…" - Group(s) "GG_VPN_PRESTA_CHIMERE"`
///
/// The first of two equal keys stands.
fn pairs<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    let flow = matches!(facts.kind, Kind::Traffic | Kind::SessionStart | Kind::SessionEnd);
    let (mut source, mut destination) = (None, None);
    let mut rest = text;
    while !rest.is_empty() {
        let (pair, after) = split(rest);
        rest = after;
        let (key, value) = until(pair, b' ').unwrap_or((pair, &[]));
        let value = given(trim(value));
        if value.is_empty() {
            continue;
        }
        match key {
            b"User" if facts.user.is_empty() => line.login(value, Escape::None, facts),
            b"Client_ip" | b"ClientIP" | b"Remote_ip" => facts.source_ip = facts.source_ip.or_else(|| ip(value)),
            b"ClientPort" => facts.source_port = facts.source_port.or_else(|| number(value)),
            b"SessionId:" | b"Sessionid" | b"connectionId" if facts.session.is_empty() => facts.session = line.text(value),
            // Only flows have ends; a name that fails may speak of them.
            b"Source" if flow => end(value, &mut source),
            b"Destination" if flow => end(value, &mut destination),
            b"Duration" | b"connectionDuration" => facts.duration = facts.duration.or_else(|| duration(value)),
            // Of the two directions the remote user's is the sending one.
            b"Total_bytes_send" => facts.source_bytes = facts.source_bytes.or_else(|| number(value)),
            b"Total_bytes_recv" => facts.destination_bytes = facts.destination_bytes.or_else(|| number(value)),
            b"LogoutMethod" | b"Failure_reason" | b"Errmsg" | b"Reason" | b"Denied_by_policy" if facts.reason.is_empty() => {
                facts.reason = line.text(value);
            }
            b"Access" if flow && value.starts_with(b"Denied") => facts.verdict = Some(Verdict::Denied),
            b"Group(s)" | b"Extracted_groups" if facts.group.is_empty() => facts.group = line.text(value),
            b"applicationName" if facts.target.is_empty() => facts.target = line.text(value),
            // `username:domainname fourn.chimere:ght.example`
            b"username:domainname" if facts.user.is_empty() => {
                let (login, domain) = until(value, b':').unwrap_or((value, &[]));
                line.login(login, Escape::None, facts);
                if facts.domain.is_empty() {
                    facts.domain = line.text(given(domain));
                }
            }
            _ => {}
        }
    }
    if let Some((address, port)) = source {
        (facts.source_ip, facts.source_port) = (Some(address), port);
    }
    if let Some((address, port)) = destination {
        (facts.destination_ip, facts.destination_port) = (Some(address), port);
    }
}

/// The first pair, and what follows its ` - `; nothing in quotes parts pairs. `SessionId: 17- User …` lacks a blank.
fn split(text: &[u8]) -> (&[u8], &[u8]) {
    let mut quoted = false;
    for (at, &b) in text.iter().enumerate() {
        match b {
            b'"' => quoted = !quoted,
            b'-' if !quoted && text.get(at + 1) == Some(&b' ') => {
                let (pair, rest) = cut(text, at);
                let session = pair.strip_prefix(b"SessionId: ").is_some_and(|id| !id.is_empty() && id.iter().all(u8::is_ascii_digit));
                if session || pair.ends_with(b" ") {
                    return (trim(pair), trim(cut(rest, 1).1));
                }
            }
            _ => {}
        }
    }
    (trim(text), &[])
}

/// `198.51.100.23:51505`
fn end(value: &[u8], end: &mut Option<(IpAddr, Option<u16>)>) {
    *end = end.or_else(|| ip_port(value));
}

/// `Source 198.51.100.23:51505 --> Destination 10.20.4.12:22 - Protocol TCP - Hitcount 5 - Action DENY`
fn access_list(text: &[u8], facts: &mut Facts) {
    let word = |key: &[u8]| {
        let rest = cut(text, find(text, key)? + key.len()).1;
        Some(cut(rest, rest.iter().position(|b| matches!(b, b' ' | b'-')).unwrap_or(rest.len())).0)
    };
    let (Some(source), Some(destination)) = (word(b"Source ").and_then(ip_port), word(b"Destination ").and_then(ip_port)) else { return };
    facts.kind = Kind::Traffic;
    (facts.source_ip, facts.source_port) = (Some(source.0), source.1);
    (facts.destination_ip, facts.destination_port) = (Some(destination.0), destination.1);
    facts.verdict = word(b"Action ").map(|action| if action == b"ALLOW" { Verdict::Allowed } else { Verdict::Denied });
}

/// A value without quotes; empty where it says that there is none.
fn given(value: &[u8]) -> &[u8] {
    let value = unquoted(value);
    if matches!(value, b"N/A" | b"NONE" | b"None" | b"(null)" | b"-" | b"Mapped Ip") { &[] } else { value }
}

/// `text` without the quotes around it, which a line that is itself quoted doubles.
fn unquoted(text: &[u8]) -> &[u8] {
    let inside = trim(text);
    let inside = inside.strip_prefix(b"\"").unwrap_or(inside);
    let inside = inside.strip_prefix(b"\"").unwrap_or(inside);
    let inside = inside.strip_suffix(b"\"").unwrap_or(inside);
    inside.strip_suffix(b"\"").unwrap_or(inside)
}

/// `User claire - ADM_User NONE - Remote_ip 10.1.0.4 - Command "set system user fourn.chimere -password ***" - Status "Success"`
///
/// Of the command only the verb is told.
fn command<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    let Some(start) = find(text, b" - Command \"") else { return pairs(line, text, facts) };
    let (who, rest) = cut(text, start);
    pairs(line, who, facts);
    // The last one: a command may hold all but what the box itself puts at the end.
    let end = rfind(rest, b" - Status ");
    let (written, status) = cut(rest, end.unwrap_or(rest.len()));
    let written = unquoted(cut(written, 11).1);
    let status = trim(status.strip_prefix(b" - Status ").unwrap_or(status));
    let status = unquoted(status);
    facts.private = line.text(written);
    let (verb, _) = until(written, b' ').unwrap_or((written, &[]));
    facts.action = line.text(verb);
    let succeeded = status.is_empty() || status.eq_ignore_ascii_case(b"Success") || status == b"Done";
    facts.kind = match verb {
        b"login" if succeeded => Kind::LoginSuccess,
        b"login" => Kind::LoginFailure,
        b"logout" | b"quit" | b"exit" if succeeded => Kind::Logout,
        _ => Kind::Other,
    };
    if !succeeded {
        facts.reason = line.text(status);
    } else if matches!(verb, b"reboot" | b"shutdown" | b"restart") {
        facts.about = Some(About::Restart);
    } else if CHANGES.contains(&verb) {
        facts.about = Some(About::Configuration);
    }
}

/// The verbs that change a box's configuration; the others look at it, save it or copy it to the other node (Citrix ADC Command Reference).
const CHANGES: [&[u8]; 24] = [
    b"add", b"set", b"rm", b"bind", b"unbind", b"unset", b"enable", b"disable", b"create", b"update", b"rename", b"clear", b"link",
    b"unlink", b"change", b"import", b"apply", b"install", b"remove", b"restore", b"join", b"force", b"unlock", b"lock",
];

/// Messages in sentences: `"Authentication is rejected for fourn.chimere (client ip : 198.51.100.23  , vserver ip: 192.0.2.1   ), …"`,
/// `"SSLVPN Mux Authorize result is Deny, User <fourn.chimere>, Srcip: 10.99.0.6, Dstip: 10.20.4.12, denied_by_policy: …"`
fn message<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    let text = unquoted(text);
    for (words, kind) in [
        (b"Authentication is rejected for ".as_slice(), Kind::LoginFailure),
        (b"Authentication is accepted for ", Kind::LoginSuccess),
        (b"Authentication is successful for ", Kind::LoginSuccess),
    ] {
        let Some(rest) = text.strip_prefix(words) else { continue };
        facts.kind = kind;
        let (login, address) = cut(rest, rfind(rest, b"(client ip").unwrap_or(rest.len()));
        let login = trim(login);
        line.login(login.strip_prefix(b"user ").unwrap_or(login), Escape::None, facts);
        facts.source_ip = until(address, b':').and_then(|(_, rest)| ip(trim(cut(rest, memchr(b',', rest)?).0)));
        let why = rfind(rest, b"if any :").map(|at| trim(cut(rest, at + 8).1)).unwrap_or_default();
        facts.reason = line.text(given(why));
        return;
    }
    if find(text, b" Authorize result is ").is_some() {
        // Behind the last address of its kind, for the name comes before.
        let after = |key: &[u8]| {
            let rest = cut(text, rfind(text, key)? + key.len()).1;
            ip(cut(rest, memchr(b',', rest).unwrap_or(rest.len())).0)
        };
        (facts.source_ip, facts.destination_ip) = (after(b" Srcip: "), after(b" Dstip: "));
        line.login(between(text, b"User <", b">").unwrap_or_default(), Escape::None, facts);
        facts.kind = Kind::Traffic;
        facts.verdict = Some(if find(text, b" Authorize result is Deny").is_some() { Verdict::Denied } else { Verdict::Allowed });
    } else if let Some(login) = between(text, b"username: <", b">") {
        line.login(login, Escape::None, facts);
    }
}

/// The box's own shell: `root on /dev/pts/0 shell_command="…"`: who, and what nobody else needs to read.
fn shell(body: &[u8]) -> Option<(&[u8], &[u8])> {
    let (who, command) = cut(body, find(cut(body, 96).0, b" shell_command=\"")?);
    let (login, place) = cut(who, find(who, b" on ")?);
    let place = cut(place, 4).1;
    (place == b"(null)" || place.starts_with(b"/dev/")).then(|| (login, cut(command, 16).1))
}

/// `198.51.100.23 -> 192.0.2.1 - - […] "GET /nitro/v1/config/route6 HTTP/1.1" 200 1162 "-" "-" "Time: 9797 microsecs"`
fn is_web_access(body: &[u8]) -> bool {
    body.ends_with(b" microsecs\"")
        && find(cut(body, 64).0, b" -> ").is_some_and(|at| ip(cut(body, at).0).is_some())
        && rfind(body, b"\"Time: ").is_some()
}

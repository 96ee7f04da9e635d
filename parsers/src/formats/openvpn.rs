//! OpenVPN 2.3 to 2.7, Access Server, and the accounting lines that pfSense and OPNsense add.
//!
//! OpenVPN documents its options, not its messages: these are the texts of `src/openvpn/{multi,ssl,ssl_verify,push,forward,socket}.c`,
//! of the plug-ins auth-pam and auth-ldap, and of pfSense's `openvpn.attributes.sh` and `openvpn.auth-user.php`.
//!
//! What one line cannot tell: `Peer Connection Initiated` means that the TLS handshake is done, and is written after a wrong
//! password as well. The `ip:port` of the client, which every line of a connection bears, is therefore its session:
//! a `login_failure` with the same session says that the session never began.

mod beginnings;
mod client;
mod plugins;

use memchr::{memchr, memrchr};
use nom::IResult;
use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{tag, take_while1};
use nom::character::complete::digit1;
use nom::combinator::opt;
use nom::sequence::{delimited, preceded};

use self::client::{Client, user};
use self::plugins::PLUGINS;
use crate::atoms::{begins, cut, find, ip, rfind, trim, trim_start, until};
use crate::formats::Format;
use crate::{About, Dress, Facts, Kind, Line, Stamps, stamp};

/// OpenVPN's line of the table of formats.
pub(super) const FORMAT: Format = Format {
    name: "openvpn",
    vendor: "OpenVPN",
    product: "OpenVPN",
    covers: "OpenVPN 2.x servers (syslog or log file), Access Server, OpenVPN on pfSense and OPNsense",
    dresses: Dress::SPEECH,
    looks_like,
    parse,
};

/// A message without what was put around it.
#[derive(Clone, Copy, Debug, Default)]
struct Message<'a> {
    /// OpenVPN's own stamp; empty if there is none.
    stamp: &'a [u8],
    text: &'a [u8],
}

/// Takes the line, the client in front of the message, and what follows the message's beginning.
type Reader = for<'a> fn(&Line<'a>, Client<'a>, &'a [u8], &mut Facts);

/// Messages of the server itself, behind the client's prefix if there is one.
const MESSAGES: &[(&[u8], Reader)] = &[
    (b"MULTI: primary virtual IP", virtual_address),
    (b"MULTI: Learn: ", learn),
    (b"TLS: ", login),
    (b"TLS Auth Error", auth_error),
    (b"TLS Error: Auth Username/Password was not provided by peer", auth_error),
    (b"VERIFY ERROR: depth=0, error=", verify_error),
    (b"SENT CONTROL [", control),
    (b"[", named),
    (b"SIGTERM[", signal),
    (b"SIGUSR1[", signal),
    (b"SIGHUP[", signal),
    (b"Connection reset, restarting", over),
    (b"Inactivity timeout", over),
    (b"Session timeout, exiting", over),
    (b"CC-EEN exit message received", over),
    (b"MULTI_sva: pool returned ", pool),
];

fn looks_like(line: &Line<'_>) -> bool {
    is_openvpn(line.head.app) || access_server_wrap(line.body).is_some() || bare(line).is_some()
}

/// `openvpn`, `ovpn-server`, `openvpn(hopital)`, `openvpnas`
fn is_openvpn(app: &[u8]) -> bool {
    let begins = |name: &[u8]| app.get(..name.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(name));
    begins(b"openvpn") || begins(b"ovpn-") || begins(b"ovpn_")
}

fn parse(line: &Line<'_>, stamps: &mut Stamps, facts: &mut Facts) -> Option<()> {
    let message = match access_server_wrap(line.body) {
        Some(text) => web(stamped(text)),
        None if is_openvpn(line.head.app) => stamped(line.body),
        None => bare(line)?,
    };
    if line.head.stamp.is_empty() {
        facts.stamp = stamps.body(message.stamp, stamp::any);
    }
    let text = trim(message.text);
    if read(PLUGINS, line, Client::default(), text, facts) {
        return Some(());
    }
    let (client, text) = client::prefix(text);
    client.fill(line, facts);
    read(MESSAGES, line, client, text, facts);
    if facts.source_ip.is_none() {
        peer_in(line, text, facts);
    }
    Some(())
}

fn read<'a>(table: &[(&[u8], Reader)], line: &Line<'a>, client: Client<'a>, text: &'a [u8], facts: &mut Facts) -> bool {
    let Some((beginning, reader)) = table.iter().find(|(beginning, _)| begins(text, beginning)) else { return false };
    facts.action = line.text(cut(text, phrase(beginning).len()).0);
    reader(line, client, cut(text, beginning.len()).1, facts);
    true
}

/// A message up to its first particular: `Connection reset` of `Connection reset, restarting [0]`.
fn phrase(text: &[u8]) -> &[u8] {
    let end = text.iter().position(|b| matches!(b, b'(' | b'[' | b',' | b'\'' | b'"' | b'{')).unwrap_or(text.len());
    let phrase = trim(cut(text, end).0);
    phrase.strip_suffix(b":").unwrap_or(phrase)
}

/// `Tue Aug 12 08:26:29 2025 us=285967 198.51.100.7:40007 TLS: soft reset`, `2026-11-20 22:41:07 MULTI: multi_init called`
fn stamped(text: &[u8]) -> Message<'_> {
    let (stamp, rest) = cut(text, stamp::extent(text));
    Message { stamp, text: of_nobody(without_micros(trim_start(rest))) }
}

/// What follows `us=285967 `.
fn without_micros(text: &[u8]) -> &[u8] {
    let micros = |text| -> IResult<&[u8], &[u8]> { delimited(tag("us="), digit1, tag(" ")).parse(text) };
    micros(text).map_or(text, |(rest, _)| rest)
}

/// OpenVPN 2.6 writes `Connection Attempt ` in the client's place while it has no client, and goes on to after a signal.
fn of_nobody(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"Connection Attempt ").unwrap_or(text)
}

/// Access Server's `OVPN 2 OUT: '…'` and `[stdout#info] [OVPN 2] OUT: '…'`, also behind twisted's `[-] `; `[stdout#info] AUTH SUCCESS {…}`
fn access_server_wrap(body: &[u8]) -> Option<&[u8]> {
    let (rest, (level, process)) = (opt(level), opt(process)).parse(body).ok()?;
    match (level, process) {
        (_, Some(_)) => match rest {
            [quote @ (b'\'' | b'"'), rest @ ..] => Some(rest.strip_suffix(&[*quote]).unwrap_or(rest)),
            _ => Some(rest),
        },
        (Some(level), None) if level.starts_with(b"stdout#") => Some(rest),
        _ => None,
    }
}

/// `[stdout#info] `, `[-] `
fn level(text: &[u8]) -> IResult<&[u8], &[u8]> {
    let word = take_while1(|b: u8| b.is_ascii_alphanumeric() || matches!(b, b'#' | b'-'));
    delimited(tag("["), word, tag("] ")).parse(text)
}

/// `OVPN 2 OUT: `, `[OVPN 2] OUT: `, `WEB OUT: `
fn process(text: &[u8]) -> IResult<&[u8], &[u8]> {
    let who = alt((preceded(tag("OVPN "), digit1), tag("WEB")));
    delimited(opt(tag("[")), who, (opt(tag("]")), tag(" OUT: "))).parse(text)
}

/// The web server says whose words follow: `[HTTPChannel,1,198.51.100.7] Web login …`
fn web(message: Message<'_>) -> Message<'_> {
    let text = message.text.strip_prefix(b"[").and_then(|rest| until(rest, b']')).map(|(_, text)| trim_start(text));
    match text {
        Some(text) if text.starts_with(b"Web login ") => Message { text, ..message },
        _ => message,
    }
}

/// A line of a log file, without syslog head: known by its message, or by its stamp and its client.
fn bare<'a>(line: &Line<'a>) -> Option<Message<'a>> {
    if line.head.priority.is_some() || !line.head.pid.is_empty() {
        return None;
    }
    // What the envelope took for host and tag may be the first words of the message.
    let own = without_micros(line.head.after_stamp);
    let message = Message { stamp: line.head.stamp, text: of_nobody(own) };
    if !message.stamp.is_empty() && (own.len() < line.head.after_stamp.len() || message.text.len() < own.len()) {
        return Some(message);
    }
    let (client, text) = client::prefix(message.text);
    // `[` and `user '` are too little to go by.
    let mut messages = MESSAGES.iter().chain(PLUGINS);
    let is_known = beginnings::fits(text)
        || messages.any(|(beginning, _)| begins(text, beginning) && !matches!(*beginning, b"[" | b"user '"))
        || text.starts_with(b"[")
            && [b"] Peer Connection Initiated with " as &[u8], b"] Inactivity timeout (--"].iter().any(|end| find(text, end).is_some());
    let of_a_file = !message.stamp.is_empty() && (client.port.is_some() || is_pool_entry(text));
    (is_known || of_a_file).then_some(message)
}

/// A line of the file of `--ifconfig-pool-persist`, listed at start: `fourn.chimere,10.99.0.4,`
fn is_pool_entry(text: &[u8]) -> bool {
    let mut columns = text.splitn(3, |&b| b == b',');
    let (name, v4, v6) = (columns.next(), columns.next(), columns.next());
    name.is_some_and(|name| !name.is_empty() && memchr(b' ', name).is_none())
        && v4.is_some_and(|v4| ip(v4).is_some())
        && v6.is_some_and(|v6| v6.is_empty() || ip(v6).is_some())
}

/// Up to the last quote: a name may hold quotes, and what OpenVPN writes behind it holds none.
fn to_last_quote(text: &[u8]) -> &[u8] {
    memrchr(b'\'', text).map_or(text, |end| cut(text, end).0)
}

/// Whom an unprefixed message is about: `TCP connection established with [AF_INET]198.51.100.7:40007`,
/// `peer 0 (fourn.chimere) floated from 198.51.100.7:40007 to [AF_INET]203.0.113.8:40007`
fn peer_in<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    const FLOATED: &[u8] = b") floated from ";
    let after = |word: &[u8]| find(text, word).map(|at| cut(text, at + word.len()).1);
    if text.starts_with(b"peer ")
        && let Some((peer, places)) = rfind(text, FLOATED).map(|at| cut(text, at))
    {
        let client = rfind(places, b" to ").and_then(|at| Client::at_socket(cut(places, at + 4).1));
        client.unwrap_or_default().named(until(peer, b'(').map_or(&[], |(_, name)| name)).fill(line, facts);
        facts.action = line.text(cut(cut(places, 2).1, b"floated".len()).0);
        facts.about = facts.source_ip.map(|_| About::Moved);
        return;
    }
    if let Some(client) = after(b" from ").or_else(|| after(b" with ")).and_then(Client::at_socket) {
        client.fill(line, facts);
    }
}

/// `MULTI: primary virtual IP for fourn.chimere/198.51.100.7:40007: 10.99.0.6`, the same with `IPv6`
fn virtual_address<'a>(line: &Line<'a>, _: Client<'a>, rest: &'a [u8], facts: &mut Facts) {
    let Some(whom) = find(rest, b"for ").map(|at| cut(rest, at + 4).1) else { return };
    let Some((whom, address)) = rfind(whom, b": ").map(|at| cut(whom, at)) else { return };
    let Some(address) = address.get(2..).and_then(ip) else { return };
    facts.kind = Kind::SessionStart;
    facts.assigned_ip = Some(address);
    client::whole(whom).fill(line, facts);
}

/// `MULTI: Learn: 10.99.0.6 -> fourn.chimere/198.51.100.7:40007`; a network behind the client (`10.7.0.0/24 ->`) is no address of it.
fn learn<'a>(line: &Line<'a>, _: Client<'a>, rest: &'a [u8], facts: &mut Facts) {
    let Some((address, whom)) = find(rest, b" -> ").map(|at| cut(rest, at)) else { return };
    facts.assigned_ip = ip(address);
    client::whole(cut(whom, 4).1).fill(line, facts);
}

/// `MULTI_sva: pool returned IPv4=10.99.0.6, IPv6=(Not enabled)`: at little verbosity the only line with the address.
fn pool<'a>(_: &Line<'a>, _: Client<'a>, rest: &'a [u8], facts: &mut Facts) {
    facts.assigned_ip = rest.strip_prefix(b"IPv4=").and_then(|rest| until(rest, b',')).and_then(|(address, _)| ip(address));
}

/// `TLS: Username/Password authentication succeeded for username 'fourn.chimere' [CN SET]`, `… deferred for username '…'`
fn login<'a>(line: &Line<'a>, _: Client<'a>, rest: &'a [u8], facts: &mut Facts) {
    if !rest.starts_with(b"Username/") {
        return;
    }
    let Some((what, name)) = find(rest, b" for username '").map(|at| cut(rest, at)) else { return };
    user(line, to_last_quote(cut(name, b" for username '".len()).1), facts);
    facts.action = line.text(what);
    if what.ends_with(b" succeeded") {
        facts.kind = Kind::LoginSuccess;
    }
}

/// `TLS Auth Error: Auth Username/Password verification failed for peer`, `TLS Error: Auth Username/Password was not provided by peer`
fn auth_error<'a>(line: &Line<'a>, _: Client<'a>, rest: &'a [u8], facts: &mut Facts) {
    facts.kind = Kind::LoginFailure;
    facts.reason = line.text(find(rest, b": ").map_or(rest, |at| cut(rest, at + 2).1));
}

/// `VERIFY ERROR: depth=0, error=certificate revoked: C=FR, CN=fourn.chimere, serial=7`: the client's own certificate is refused.
///
/// An error at another depth speaks of an authority, and is no login of anybody.
fn verify_error<'a>(line: &Line<'a>, _: Client<'a>, rest: &'a [u8], facts: &mut Facts) {
    facts.kind = Kind::LoginFailure;
    let (reason, subject) = rest.split_at(memchr(b':', rest).unwrap_or(rest.len()));
    facts.reason = line.text(reason);
    if facts.user.is_empty()
        && let Some(name) = find(subject, b"CN=").map(|at| cut(subject, at + 3).1)
    {
        let end = name.iter().position(|b| matches!(b, b',' | b'/')).unwrap_or(name.len());
        user(line, cut(name, end).0, facts);
    }
}

/// `SENT CONTROL [fourn.chimere]: 'AUTH_FAILED' (status=1)`, `SENT CONTROL [fourn.chimere]: 'PUSH_REPLY,…,ifconfig 10.99.0.6 …'`
fn control<'a>(line: &Line<'a>, _: Client<'a>, rest: &'a [u8], facts: &mut Facts) {
    let Some((name, message)) = find(rest, b"]: '").map(|at| cut(rest, at)) else { return };
    let message = to_last_quote(cut(message, 4).1);
    let (verb, detail) = until(message, b',').unwrap_or((message, &[]));
    if facts.user.is_empty() {
        user(line, name, facts);
    }
    facts.action = line.text(verb);
    match verb {
        // A dynamic challenge: the password was right, and a second factor is asked for.
        b"AUTH_FAILED" if detail.starts_with(b"CRV1:") => {}
        b"AUTH_FAILED" => {
            facts.kind = Kind::LoginFailure;
            facts.reason = line.text(detail);
        }
        b"PUSH_REPLY" => {
            let address = detail.split(|&b| b == b',').find_map(|option| option.strip_prefix(b"ifconfig "));
            facts.assigned_ip = address.and_then(|pair| ip(until(pair, b' ').map_or(pair, |(address, _)| address)));
        }
        _ => {}
    }
}

/// `[fourn.chimere] Peer Connection Initiated with [AF_INET]198.51.100.7:40007`, `[fourn.chimere] Inactivity timeout (--ping-restart), restarting`
fn named<'a>(line: &Line<'a>, client: Client<'a>, rest: &'a [u8], facts: &mut Facts) {
    let name = |end: &[u8]| rfind(rest, end).map(|at| cut(rest, at));
    if let Some((name, socket)) = name(b"] Peer Connection Initiated with ") {
        let (action, socket) = cut(cut(socket, 2).1, b"Peer Connection Initiated".len());
        facts.action = line.text(action);
        facts.kind = Kind::SessionStart;
        if client.at.is_empty() {
            Client::at_socket(cut(socket, b" with ".len()).1).unwrap_or_default().fill(line, facts);
        }
        user(line, name, facts);
    } else if let Some((name, end)) = name(b"] Inactivity timeout (--") {
        user(line, name, facts);
        facts.action = line.text(phrase(cut(end, 2).1));
        over(line, client, end, facts);
    }
}

/// `SIGTERM[soft,remote-exit] received, client-instance exiting`
fn signal<'a>(line: &Line<'a>, client: Client<'a>, rest: &'a [u8], facts: &mut Facts) {
    let reason = until(rest, b']').map(|(inside, _)| until(inside, b',').map_or(inside, |(_, why)| why));
    facts.reason = line.text(reason.unwrap_or_default());
    if find(rest, b"client-instance").is_some() {
        over(line, client, rest, facts);
    }
}

/// The connection is gone. Without a name it never was a session: a scan, or a login that failed.
fn over<'a>(_: &Line<'a>, _: Client<'a>, _: &'a [u8], facts: &mut Facts) {
    if !facts.user.is_empty() {
        facts.kind = Kind::SessionEnd;
    }
}

#[cfg(test)]
mod tests;

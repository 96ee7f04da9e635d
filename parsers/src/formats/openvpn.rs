//! OpenVPN 2.3 to 2.7, Access Server, and the accounting lines that pfSense and OPNsense add.
//!
//! OpenVPN documents its options, not its messages: these are the texts of `src/openvpn/{multi,ssl,ssl_verify,push,forward,socket}.c`,
//! of the plug-ins auth-pam and auth-ldap, and of pfSense's `openvpn.attributes.sh` and `openvpn.auth-user.php`.
//!
//! What one line cannot tell: `Peer Connection Initiated` means that the TLS handshake is done, and is written after a wrong
//! password as well. The `ip:port` of the client, which every line of a connection bears, is therefore its session:
//! a `login_failure` with the same session says that the session never began.

use std::net::IpAddr;

use memchr::memmem::{find, rfind};
use memchr::{memchr, memchr_iter, memrchr};
use nom::IResult;
use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{tag, take_while1};
use nom::character::complete::digit1;
use nom::combinator::opt;
use nom::sequence::{delimited, preceded};

use crate::atoms::{between, cut, ip, ip_port, number, split_login, trim, trim_start, until};
use crate::formats::Format;
use crate::{Facts, Kind, Line, Stamps, stamp};

/// OpenVPN's line of the table of formats.
pub(super) const FORMAT: Format = Format {
    name: "openvpn",
    vendor: "OpenVPN",
    product: "OpenVPN",
    covers: "OpenVPN 2.x servers (syslog or log file), Access Server, OpenVPN on pfSense and OPNsense",
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

/// Who a message is about.
#[derive(Clone, Copy, Debug, Default)]
struct Client<'a> {
    /// Common name or user name; empty while it is not known.
    name: &'a [u8],
    /// `ip:port` as written; an IPv6 client has no port here.
    at: &'a [u8],
    address: Option<IpAddr>,
    port: Option<u16>,
}

type Reader = for<'a> fn(&Line<'a>, Client<'a>, &'a [u8], &mut Facts);

/// Messages of plug-ins and scripts: they stand without the client's prefix, and quote what the client typed.
const PLUGINS: &[(&[u8], Reader)] = &[
    (b"AUTH-PAM: BACKGROUND: user '", auth_pam),
    (b"LDAP user \"", ldap_user),
    (b"Incorrect password supplied for LDAP DN", ldap),
    (b"LDAP bind failed", ldap),
    (b"ldap_bind with zero-length password", ldap),
    (b"Unable to bind as ", ldap),
    (b"user '", pfsense_login),
    (b"openvpn server '", pfsense_session),
    (b"AUTH SUCCESS {", access_server),
    (b"VPN Auth Failed: {", access_server),
];

/// Messages of the server itself, behind the client's prefix if there is one.
const MESSAGES: &[(&[u8], Reader)] = &[
    (b"MULTI: primary virtual IP", virtual_address),
    (b"MULTI: Learn: ", learn),
    (b"TLS: Username/", login),
    (b"TLS Auth Error", auth_error),
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
];

/// How further messages begin: enough to know an OpenVPN line that has no syslog head.
const BEGINNINGS: &[&[u8]] = &[
    b"CC-EEN ",
    b"Closing TUN/TAP",
    b"Control Channel",
    b"Could not determine IPv4/IPv6",
    b"Data Channel",
    b"Delayed exit in",
    b"Diffie-Hellman initialized",
    b"Expected Remote Options",
    b"Float requested",
    b"IFCONFIG POOL",
    b"Incoming Data Channel",
    b"Initialization Sequence Completed",
    b"LZO compression",
    b"Local Options",
    b"MANAGEMENT: ",
    b"MULTI",
    b"NOTE: --",
    b"OpenVPN ",
    b"Outgoing Data Channel",
    b"PLUGIN_",
    b"PUSH: ",
    b"ROUTE_GATEWAY ",
    b"Re-using SSL/TLS",
    b"SENT CONTROL",
    b"Socket Buffers: ",
    b"TCP connection established with [AF_INET",
    b"TCPv4_SERVER",
    b"TCPv6_SERVER",
    b"TLS Error: ",
    b"TLS: ",
    b"TUN/TAP device",
    b"Timers: ping",
    b"UDPv4 link",
    b"UDPv6 link",
    b"VERIFY ",
    b"WARNING: --",
    b"WARNING: Bad encapsulated packet",
    b"WARNING: Failed running command (--",
    b"event_wait : ",
    b"ifconfig_pool_",
    b"library versions: OpenSSL",
    b"net_addr_",
    b"net_iface_",
    b"net_route_",
    b"peer info: ",
    b"succeeded -> ifconfig_pool_set",
];

fn looks_like(line: &Line<'_>) -> bool {
    is_openvpn(line.head.app) || access_server_wrap(line.body).is_some() || bare(line).is_some()
}

/// `openvpn`, `ovpn-server`, `openvpn(hopital)`, `openvpnas`
fn is_openvpn(app: &[u8]) -> bool {
    let begins = |name: &[u8]| app.get(..name.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(name));
    begins(b"openvpn") || begins(b"ovpn-") || begins(b"ovpn_")
}

fn parse<'a>(line: &Line<'a>, stamps: &mut Stamps, facts: &mut Facts) -> Option<()> {
    let message = match access_server_wrap(line.body) {
        Some(text) => stamped(text),
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
    let (client, text) = client(text);
    client.fill(line, facts);
    if !read(MESSAGES, line, client, text, facts) {
        peer_in(line, text, facts);
    }
    Some(())
}

fn read<'a>(table: &[(&[u8], Reader)], line: &Line<'a>, client: Client<'a>, text: &'a [u8], facts: &mut Facts) -> bool {
    let Some((beginning, reader)) = table.iter().find(|(beginning, _)| text.starts_with(beginning)) else { return false };
    reader(line, client, cut(text, beginning.len()).1, facts);
    if facts.action.is_empty() {
        facts.action = line.text(phrase(text));
    }
    true
}

/// A message up to its first particular: `Inactivity timeout` of `Inactivity timeout (--ping-restart), restarting`.
fn phrase(text: &[u8]) -> &[u8] {
    let end = text.iter().position(|b| matches!(b, b'(' | b'[' | b',' | b'\'' | b'"' | b'{')).unwrap_or(text.len());
    let phrase = trim(cut(text, end).0);
    phrase.strip_suffix(b":").unwrap_or(phrase)
}

/// `Tue Aug 12 08:26:29 2025 us=285967 198.51.100.7:40007 TLS: soft reset`, `2026-11-20 22:41:07 MULTI: multi_init called`
fn stamped(text: &[u8]) -> Message<'_> {
    let (stamp, rest) = cut(text, stamp::extent(text));
    Message { stamp, text: without_micros(trim_start(rest)) }
}

/// What follows `us=285967 `.
fn without_micros(text: &[u8]) -> &[u8] {
    let micros = |text| -> IResult<&[u8], &[u8]> { delimited(tag("us="), digit1, tag(" ")).parse(text) };
    micros(text).map_or(text, |(rest, _)| rest)
}

/// `[AF_INET]`, `[AF_INET6]`
fn family(text: &[u8]) -> IResult<&[u8], &[u8]> {
    preceded(tag("[AF_INET"), alt((tag("6]"), tag("]")))).parse(text)
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

/// `OVPN 2 OUT: `, `[OVPN 2] OUT: `
fn process(text: &[u8]) -> IResult<&[u8], &[u8]> {
    delimited((opt(tag("[")), tag("OVPN ")), digit1, (opt(tag("]")), tag(" OUT: "))).parse(text)
}

/// A line of a log file, without syslog head: known by its message, or by its stamp and its client.
fn bare<'a>(line: &Line<'a>) -> Option<Message<'a>> {
    let head = &line.head;
    if head.priority.is_some() || !head.app.is_empty() || !head.host.is_empty() {
        return None;
    }
    let message = Message { stamp: head.stamp, text: without_micros(head.after_stamp) };
    let (client, text) = client(message.text);
    let known = MESSAGES.iter().chain(PLUGINS).map(|(beginning, _)| *beginning).filter(|beginning| beginning.len() > 1);
    let is_known = known.chain(BEGINNINGS.iter().copied()).any(|beginning| text.starts_with(beginning))
        || find(text, b"] Peer Connection Initiated with ").is_some()
        || find(text, b"] Inactivity timeout (--").is_some();
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

/// The client that a message begins with, and the message: `ip:port text`, `name/ip:port text`, `ip:port/name text`.
///
/// A name may hold blanks, and whoever chooses one may write a second `/ip:port ` into it: then nobody is believed.
fn client(text: &[u8]) -> (Client<'_>, &[u8]) {
    let (first, rest) = until(text, b' ').unwrap_or((text, &[]));
    if let Some(client) = Client::at(first) {
        return (client, rest);
    }
    if let Some((at, name)) = until(first, b'/')
        && let Some(client) = Client::at(at)
    {
        return (client.named(name), rest);
    }
    let mut found = None;
    for slash in memchr_iter(b'/', text) {
        let (name, after) = cut(text, slash);
        let Some((at, rest)) = after.get(1..).and_then(|after| until(after, b' ')) else { break };
        if let Some(client) = Client::at(at) {
            if found.is_some() {
                return (Client::default(), &[]);
            }
            found = Some((client.named(name), rest));
        }
    }
    found.unwrap_or((Client::default(), text))
}

impl<'a> Client<'a> {
    /// `198.51.100.7:40007`, `[2001:db8::7]:40007`, `2001:db8::7`
    fn at(at: &'a [u8]) -> Option<Client<'a>> {
        let (address, port) = ip_port(at)?;
        (port.is_some() || address.is_ipv6()).then_some(Client { name: &[], at, address: Some(address), port })
    }

    /// `[AF_INET]198.51.100.7:40007`, `[AF_INET6]2001:db8::7:40007` (the port is behind the last colon)
    fn at_socket(text: &'a [u8]) -> Option<Client<'a>> {
        let (text, family) = family(text).ok()?;
        let end = text.iter().position(|b| matches!(b, b' ' | b',' | b')')).unwrap_or(text.len());
        let at = cut(text, end).0;
        if family == b"]" {
            return Client::at(at);
        }
        let (address, port) = cut(at, memrchr(b':', at)?);
        Some(Client { name: &[], at, address: Some(ip(address)?), port: Some(number(port.get(1..)?)?) })
    }

    fn named(self, name: &'a [u8]) -> Client<'a> {
        Client { name: if name == b"UNDEF" { &[] } else { name }, ..self }
    }

    fn fill(&self, line: &Line<'a>, facts: &mut Facts) {
        if !self.at.is_empty() {
            facts.session = line.text(self.at);
            facts.source_ip = self.address;
            facts.source_port = self.port;
        }
        if !self.name.is_empty() {
            user(line, self.name, facts);
        }
    }
}

fn user<'a>(line: &Line<'a>, name: &'a [u8], facts: &mut Facts) {
    let (name, domain) = if name == b"UNDEF" { (&[] as &[u8], &[] as &[u8]) } else { split_login(name) };
    facts.user = line.text(name);
    facts.domain = line.text(domain);
}

/// Up to the last quote: a name may hold quotes, and what OpenVPN writes behind it holds none.
fn to_last_quote(text: &[u8]) -> &[u8] {
    memrchr(b'\'', text).map_or(text, |end| cut(text, end).0)
}

/// Whom an unprefixed message is about: `TCP connection established with [AF_INET]198.51.100.7:40007`
fn peer_in<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    let after = |word: &[u8]| find(text, word).map(|at| cut(text, at + word.len()).1);
    if facts.source_ip.is_none()
        && let Some(client) = after(b" from ").or_else(|| after(b" with ")).and_then(Client::at_socket)
    {
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
    whole_client(whom).fill(line, facts);
}

/// `MULTI: Learn: 10.99.0.6 -> fourn.chimere/198.51.100.7:40007`; a network behind the client (`10.7.0.0/24 ->`) is no address of it.
fn learn<'a>(line: &Line<'a>, _: Client<'a>, rest: &'a [u8], facts: &mut Facts) {
    let Some((address, whom)) = find(rest, b" -> ").map(|at| cut(rest, at)) else { return };
    facts.assigned_ip = ip(address);
    whole_client(cut(whom, 4).1).fill(line, facts);
}

/// `fourn.chimere/198.51.100.7:40007` with nothing behind it.
fn whole_client(text: &[u8]) -> Client<'_> {
    memrchr(b'/', text)
        .and_then(|slash| Some(Client::at(text.get(slash + 1..)?)?.named(cut(text, slash).0)))
        .or_else(|| Client::at(text))
        .unwrap_or_default()
}

/// `TLS: Username/Password authentication succeeded for username 'fourn.chimere' [CN SET]`, `… deferred for username '…'`
fn login<'a>(line: &Line<'a>, _: Client<'a>, rest: &'a [u8], facts: &mut Facts) {
    let Some((what, name)) = find(rest, b" for username '").map(|at| cut(rest, at)) else { return };
    user(line, to_last_quote(cut(name, b" for username '".len()).1), facts);
    facts.action = line.text(what);
    if what.ends_with(b" succeeded") {
        facts.kind = Kind::LoginSuccess;
    }
}

/// `TLS Auth Error: Auth Username/Password verification failed for peer`
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

/// `AUTH-PAM: BACKGROUND: user 'fourn.chimere' failed to authenticate: Authentication failure`
fn auth_pam<'a>(line: &Line<'a>, _: Client<'a>, rest: &'a [u8], facts: &mut Facts) {
    const FAILED: &[u8] = b"' failed to authenticate";
    if let Some((name, reason)) = rfind(rest, FAILED).map(|at| cut(rest, at)) {
        facts.kind = Kind::LoginFailure;
        user(line, name, facts);
        facts.action = line.text(reason.get(2..FAILED.len()).unwrap_or_default());
        facts.reason = line.text(cut(reason, FAILED.len() + 2).1);
    }
}

/// `LDAP user "fourn.chimere" was not found.`
fn ldap_user<'a>(line: &Line<'a>, _: Client<'a>, rest: &'a [u8], facts: &mut Facts) {
    if let Some((name, reason)) = rfind(rest, b"\" was not found").map(|at| cut(rest, at)) {
        facts.kind = Kind::LoginFailure;
        user(line, name, facts);
        facts.action = line.text(cut(reason, 2).1);
    }
}

/// `LDAP bind failed: Invalid credentials`: of whom, the line does not say.
fn ldap<'a>(_: &Line<'a>, _: Client<'a>, _: &'a [u8], facts: &mut Facts) {
    facts.kind = Kind::LoginFailure;
}

/// `user 'fourn.chimere' authenticated`, `user 'fourn.chimere' could not authenticate.`
fn pfsense_login<'a>(line: &Line<'a>, _: Client<'a>, rest: &'a [u8], facts: &mut Facts) {
    let Some((name, verdict)) = rfind(rest, b"' ").map(|at| cut(rest, at)) else { return };
    let verdict = cut(verdict, 2).1;
    facts.kind = match verdict {
        _ if verdict.starts_with(b"authenticated") => Kind::LoginSuccess,
        _ if verdict.starts_with(b"could not authenticate") => Kind::LoginFailure,
        _ => return,
    };
    user(line, name, facts);
    facts.action = line.text(verdict);
}

/// `openvpn server 'ovpns1' user 'fourn.chimere' address '198.51.100.7' - connected`
fn pfsense_session<'a>(line: &Line<'a>, _: Client<'a>, rest: &'a [u8], facts: &mut Facts) {
    let Some((before, verb)) = rfind(rest, b"' - ").map(|at| cut(rest, at)) else { return };
    let Some((before, address)) = rfind(before, b"' address '").map(|at| cut(before, at)) else { return };
    let Some(name) = find(before, b"' user '").map(|at| cut(before, at + b"' user '".len()).1) else { return };
    let verb = cut(verb, 4).1;
    facts.kind = match verb {
        b"connected" => Kind::SessionStart,
        b"disconnected" => Kind::SessionEnd,
        _ => Kind::Other,
    };
    facts.action = line.text(verb);
    facts.source_ip = ip(cut(address, b"' address '".len()).1);
    user(line, name, facts);
}

/// `AUTH SUCCESS {'status': 0, 'user': 'fourn.chimere', 'reason': 'local auth succeeded', …}`, `VPN Auth Failed: {'status': 1, …}`
fn access_server<'a>(line: &Line<'a>, _: Client<'a>, rest: &'a [u8], facts: &mut Facts) {
    facts.kind = match between(rest, b"'status': ", b",") {
        Some(b"0") => Kind::LoginSuccess,
        Some(b"1") => Kind::LoginFailure,
        _ => return,
    };
    user(line, between(rest, b"'user': '", b"'").unwrap_or_default(), facts);
    facts.reason = line.text(between(rest, b"'reason': '", b"'").unwrap_or_default());
}

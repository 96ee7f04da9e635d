//! OpenSSH's server, and what PAM writes for it and for the other doors of a Unix host.
//!
//! The texts are those of OpenSSH's `auth.c`, `auth2-pubkey.c`, `packet.c`, `monitor.c` (3.x to 10), of Linux-PAM's `pam_unix`, and of
//! `pam_sss`, `pam_google_authenticator`. OpenSSH escapes what it logs in the manner of `vis(3)`; PAM modules do not.
//!
//! Who logged in from where must not be for the client to write. An unknown user's name is free text, and nothing that the
//! client chose follows it: the address is behind the *last* ` from `. A known user's name is an account of the host, but the
//! key id of a certificate is free text behind `ssh2:`: the address is behind the *first* ` from `.
//!
//! One process, hence one pid, writes a connection's failures, its `Accepted` and PAM's session lines: the pid is their session.
//! `Disconnected from user` and its like come out of another process and bear none; user, address and port join them.

mod pam;
mod services;

use memchr::memchr;
use nom::IResult;
use nom::Parser;
use nom::bytes::complete::{tag, take_while1};
use nom::character::complete::digit1;
use nom::sequence::terminated;

use crate::atoms::{begins, between, cut, find, ip, number, rfind, split_login, trim, until};
use crate::formats::Format;
use crate::{Dress, Escape, Facts, Kind, Line, Stamps, Text};

/// OpenSSH's line of the table of formats.
pub(super) const FORMAT: Format = Format {
    name: "sshd",
    vendor: "OpenBSD",
    product: "OpenSSH",
    covers: "OpenSSH server, dropbear; PAM of any service; login, su, FTP servers, logind of a Unix host",
    dresses: Dress::SPEECH,
    looks_like,
    parse,
};

type Reader = for<'a> fn(&Line<'a>, &'a [u8], &mut Facts);

/// Messages that tell of users or addresses, by their beginnings.
const MESSAGES: &[(&[u8], Reader)] = &[
    (b"Successful Duo login for '", duo),
    (b"Failed Duo login for '", duo),
    (b"Aborted Duo login for '", duo),
    (b"Accepted ", accepted),
    (b"Failed ", failed),
    (b"Postponed ", undecided),
    (b"Partial ", undecided),
    (b"Invalid user ", unknown_user),
    (b"Illegal user ", unknown_user),
    (b"maximum authentication attempts exceeded for ", too_many),
    (b"PAM: ", pam_error),
    (b"User ", not_allowed),
    (b"Access denied for user ", account_refused),
    (b"ROOT LOGIN REFUSED FROM ", root_refused),
    (b"Invalid verification code for ", wrong_code),
    (b"Disconnected from ", gone),
    (b"Connection closed by ", gone),
    (b"Connection reset by ", gone),
    (b"Timeout, client not responding from ", gone),
    (b"Disconnecting ", disconnecting),
    (b"Disconnecting: ", disconnecting),
    (b"ssh_dispatch_run_fatal: Connection from ", gone),
    (b"banner exchange: Connection from ", from),
    (b"Connection from ", from),
    (b"Received disconnect from ", from),
    (b"Did not receive identification string from ", from),
    (b"Unable to negotiate with ", from),
    (b"Timeout before authentication for connection from ", from),
    (b"Timeout before authentication for ", from),
    (b"drop connection #", dropped),
    (b"Starting session: ", channel),
    (b"Close session: user ", channel),
    (b"Closing connection to ", from),
    (b"Transferred: sent ", transferred),
    (b"Authentication tried for ", wrong_host),
];

/// How methods of authentication begin.
const METHODS: &[&[u8]] = &[b"password", b"publickey", b"keyboard-interactive", b"none", b"gssapi", b"hostbased", b"google_authenticator"];

/// How further messages begin: enough to know an OpenSSH line that has no syslog head.
const BEGINNINGS: &[&[u8]] = &[
    b"Accepted key ",
    b"Authentication refused: ",
    b"Bad packet length ",
    b"Bad protocol version identification ",
    b"Corrupted MAC on input",
    b"Could not load host key",
    b"Magic value check failed",
    b"PAM adding faulty module",
    b"PAM service(",
    b"PAM unable to dlopen",
    b"Read error from remote host ",
    b"Server listening on ",
    b"input_userauth_request: ",
    b"kex_exchange_identification: ",
    b"main: sshd",
    b"refused connect from ",
    b"reverse mapping checking getaddrinfo",
    b"ssh_dispatch_run_fatal: ",
    b"subsystem request for ",
    b"userauth_finish: ",
];

fn looks_like(line: &Line<'_>) -> bool {
    let app = program(line.head.app);
    if app.is_empty() {
        let text = plain(trim(line.body));
        return pam::module(text).is_some()
            || pam::summary(text).is_some()
            || is_message(text)
            || services::is_vsftpd_file(text)
            || BEGINNINGS.iter().any(|beginning| begins(text, beginning));
    }
    app.starts_with(b"sshd")
        || services::of(app).is_some()
        || find(app, b"(pam_").is_some()
        || pam::module(line.body).is_some()
        || pam::is_untagged(line.body)
}

/// `/usr/sbin/cron` and `cron` are one.
fn program(app: &[u8]) -> &[u8] {
    app.rsplit(|&b| b == b'/').next().unwrap_or(app)
}

/// Whether a text without head is a message of OpenSSH: its words alone, not its first one, must say so.
fn is_message(text: &[u8]) -> bool {
    let Some((beginning, _)) = MESSAGES.iter().find(|(beginning, _)| begins(text, beginning)) else { return false };
    let rest = cut(text, beginning.len()).1;
    match *beginning {
        b"Accepted " | b"Failed " | b"Postponed " | b"Partial " => {
            method(rest).is_some_and(|(method, _)| METHODS.iter().any(|known| method.starts_with(known)))
        }
        b"PAM: " | b"Invalid user " | b"Illegal user " => find(rest, b" from ").is_some() || rest.starts_with(b"from "),
        b"User " => find(rest, b" not allowed because ").is_some(),
        b"Disconnecting: " => find(rest, b"authentication failures").is_some(),
        b"Disconnecting " => find(rest, b" port ").is_some(),
        b"Disconnected from " | b"Connection closed by " | b"Connection reset by " | b"Connection from " => {
            whom(rest).is_some() || peer(rest).is_some()
        }
        _ => true,
    }
}

fn parse(line: &Line<'_>, _: &mut Stamps, facts: &mut Facts) -> Option<()> {
    let text = trim(line.body);
    if text.is_empty() {
        return None;
    }
    let app = program(line.head.app);
    facts.session = line.text(line.head.pid);
    if let Some((service, text)) = pam::module(text) {
        pam::says(line, service, text, facts);
    } else if let Some((service, _)) = until(app, b'(') {
        pam::says(line, service, text, facts);
    } else if pam::is_untagged(text) {
        pam::says(line, app, until(text, b' ').unwrap_or_default().1, facts);
    } else if let Some(text) = pam::summary(text) {
        pam::says(line, app, text, facts);
    } else if app.starts_with(b"sshd") {
        sshd(line, text, facts);
    } else if let Some(read) = services::of(app) {
        read(line, text, facts);
    } else if services::is_vsftpd_file(text) {
        services::vsftpd(line, text, facts);
    } else if app.is_empty() {
        sshd(line, text, facts);
    }
    Some(())
}

/// `error: ` and `fatal: ` say how bad it is, ` [preauth]` which process says it: the message is what stands between.
fn plain(text: &[u8]) -> &[u8] {
    let text = text.strip_prefix(b"error: ").or_else(|| text.strip_prefix(b"fatal: ")).unwrap_or(text);
    text.strip_suffix(b" [preauth]").unwrap_or(text)
}

fn sshd<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    let text = plain(text);
    // `/home/x/.ssh/authorized_keys:1: Authentication tried for …`: a file of the host and its line.
    let place = if text.starts_with(b"/") { find(text, b": Authentication tried for ") } else { None };
    let text = place.map_or(text, |at| cut(text, at + 2).1);
    let Some((beginning, reader)) = MESSAGES.iter().find(|(beginning, _)| begins(text, beginning)) else { return };
    let action = trim(beginning);
    let action = [b" from" as &[u8], b" by", b" for", b" for '", b":"].iter().find_map(|end| action.strip_suffix(*end)).unwrap_or(action);
    facts.action = line.text(cut(text, action.len()).0);
    reader(line, cut(text, beginning.len()).1, facts);
}

/// Where the client is: `198.51.100.7 port 4711 …`, `198.51.100.7: 11: …`, `gw.example port 4711`, `[2001:db8::7]:4711 …`
struct Peer<'a> {
    address: &'a [u8],
    port: Option<u16>,
    /// What follows.
    rest: &'a [u8],
}

impl Peer<'_> {
    fn fill(&self, facts: &mut Facts) {
        facts.source_ip = ip(self.address);
        facts.source_port = self.port;
    }
}

/// A peer whose address is an address.
fn peer(text: &[u8]) -> Option<Peer<'_>> {
    Some(any_peer(text)).filter(|peer| ip(peer.address).is_some())
}

fn any_peer(text: &[u8]) -> Peer<'_> {
    let (address, rest) = cut(text, memchr(b' ', text).unwrap_or(text.len()));
    let address = address.strip_suffix(b":").unwrap_or(address);
    let port = |text| -> IResult<&[u8], &[u8]> { digit1.parse(text) };
    match rest.strip_prefix(b" port ").and_then(|rest| port(rest).ok()) {
        Some((rest, digits)) => Peer { address, port: number(digits), rest },
        None => Peer { address, port: None, rest },
    }
}

/// Splits `USER from PEER` at the last ` from ` or the first, as the head of this file tells.
fn user_from(text: &[u8], last: bool) -> (&[u8], Option<Peer<'_>>) {
    const FROM: &[u8] = b" from ";
    match if last { rfind(text, FROM) } else { find(text, FROM) }.map(|at| cut(text, at)) {
        Some((user, peer)) => (user, Some(any_peer(cut(peer, FROM.len()).1))),
        // A user without name: `Invalid user from …` where a relay made one blank of two.
        None => text.strip_prefix(b"from ").map_or((text, None), |rest| (&[], Some(any_peer(rest)))),
    }
}

/// `[invalid user ]USER from PEER ssh2[: KEY]`, what OpenSSH writes of every attempt.
fn attempt<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    let (user, from) = if let Some(text) = text.strip_prefix(b"invalid user ").or_else(|| text.strip_prefix(b"illegal user ")) {
        user_from(text, true)
    } else {
        // Where nothing follows `ssh2`, no key id can have brought a ` from ` of its own.
        let (_, last) = user_from(text, true);
        let ends = last.is_some_and(|peer| peer.port.is_some() && matches!(peer.rest, [] | [b' ', b's', b's', b'h', b'1' | b'2']));
        user_from(text, ends)
    };
    account(line, user, Escape::Octal, facts);
    if let Some(peer) = from {
        peer.fill(facts);
    }
}

/// The user of an account; a name that a relay masked (`*****`) is none.
fn account<'a>(line: &Line<'a>, login: &'a [u8], escape: Escape, facts: &mut Facts) {
    if login.iter().all(|&b| b == b'*') {
        return;
    }
    let (user, domain) = split_login(login, escape);
    facts.user = line.escaped(user, escape);
    facts.domain = line.escaped(domain, escape);
}

/// `password for `, `keyboard-interactive/pam for `: the method of an attempt, and what follows.
fn method(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let method = take_while1(|b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'/' | b'_' | b'<' | b'>'));
    let parsed: IResult<&[u8], &[u8]> = terminated(method, tag(" for ")).parse(text);
    parsed.ok().map(|(rest, method)| (method, rest))
}

/// `Accepted publickey for fourn.chimere from 198.51.100.7 port 4711 ssh2: ED25519 SHA256:…`; `Accepted google_authenticator for fourn.chimere`
///
/// `Accepted key … found at …` is a step on the way, and no login.
fn accepted<'a>(line: &Line<'a>, rest: &'a [u8], facts: &mut Facts) {
    let Some((method, rest)) = method(rest) else { return };
    facts.kind = Kind::LoginSuccess;
    if method == b"google_authenticator" {
        facts.mfa = Some(true);
    }
    attempt(line, rest, facts);
}

/// `Failed password for invalid user admin from 198.51.100.7 port 4711 ssh2`
fn failed<'a>(line: &Line<'a>, rest: &'a [u8], facts: &mut Facts) {
    let Some((_, rest)) = method(rest) else { return };
    facts.kind = Kind::LoginFailure;
    attempt(line, rest, facts);
}

/// `Partial publickey for fourn.chimere from 198.51.100.7 port 4711 ssh2`: one of several methods is done.
fn undecided<'a>(line: &Line<'a>, rest: &'a [u8], facts: &mut Facts) {
    if let Some((_, rest)) = method(rest) {
        attempt(line, rest, facts);
    }
}

/// `Invalid user admin from 198.51.100.7 port 4711`
fn unknown_user<'a>(line: &Line<'a>, rest: &'a [u8], facts: &mut Facts) {
    facts.kind = Kind::LoginFailure;
    let (user, from) = user_from(rest, true);
    account(line, user, Escape::Octal, facts);
    if let Some(peer) = from {
        peer.fill(facts);
    }
}

/// `error: maximum authentication attempts exceeded for invalid user admin from 198.51.100.7 port 4711 ssh2 [preauth]`
fn too_many<'a>(line: &Line<'a>, rest: &'a [u8], facts: &mut Facts) {
    facts.kind = Kind::LoginFailure;
    attempt(line, rest, facts);
}

/// `error: PAM: Authentication failure for illegal user admin from gw.example`
fn pam_error<'a>(line: &Line<'a>, rest: &'a [u8], facts: &mut Facts) {
    let Some((reason, whom)) = find(rest, b" for ").map(|at| cut(rest, at)) else { return };
    facts.kind = Kind::LoginFailure;
    facts.reason = line.text(reason);
    let whom = cut(whom, b" for ".len()).1;
    let whom = whom.strip_prefix(b"illegal user ").or_else(|| whom.strip_prefix(b"invalid user ")).unwrap_or(whom);
    unknown_user(line, whom, facts);
}

/// `User root from 198.51.100.7 not allowed because not listed in AllowUsers`
///
/// Without an address it is a remark: OpenSSH goes on to ask for the password, and writes `Failed … for invalid user`.
fn not_allowed<'a>(line: &Line<'a>, rest: &'a [u8], facts: &mut Facts) {
    const BECAUSE: &[u8] = b" not allowed because ";
    let Some((whom, reason)) = find(rest, BECAUSE).map(|at| cut(rest, at)) else { return };
    facts.action = line.text(trim(cut(reason, b" not allowed".len()).0));
    facts.reason = line.text(cut(reason, BECAUSE.len()).1);
    if let (user, Some(peer)) = user_from(whom, true) {
        facts.kind = Kind::LoginFailure;
        account(line, user, Escape::Octal, facts);
        peer.fill(facts);
    }
}

/// `fatal: Access denied for user fourn.chimere by PAM account configuration [preauth]`: the password was right.
fn account_refused<'a>(line: &Line<'a>, rest: &'a [u8], facts: &mut Facts) {
    let Some((user, reason)) = rfind(rest, b" by PAM ").map(|at| cut(rest, at)) else { return };
    facts.kind = Kind::LoginFailure;
    facts.reason = line.text(trim(reason));
    account(line, user, Escape::Octal, facts);
}

/// `ROOT LOGIN REFUSED FROM 198.51.100.7 port 4711`
fn root_refused<'a>(line: &Line<'a>, rest: &'a [u8], facts: &mut Facts) {
    facts.kind = Kind::LoginFailure;
    from(line, rest, facts);
}

/// `Invalid verification code for fourn.chimere`, by `pam_google_authenticator`.
fn wrong_code<'a>(line: &Line<'a>, rest: &'a [u8], facts: &mut Facts) {
    facts.kind = Kind::LoginFailure;
    account(line, rest, Escape::None, facts);
}

/// `user fourn.chimere 198.51.100.7 port 4711`, `invalid user admin 198.51.100.7 port 4711`: state, name, peer.
fn whom(text: &[u8]) -> Option<(&[u8], &[u8], Peer<'_>)> {
    let state = [b"user " as &[u8], b"invalid user ", b"illegal user ", b"authenticating user "]
        .into_iter()
        .find(|state| text.starts_with(state))?;
    let (state, rest) = cut(text, state.len());
    // An empty name leaves the address alone.
    if let Some(peer) = peer(rest).filter(|peer| peer.port.is_some() && peer.rest.is_empty()) {
        return Some((state, &[], peer));
    }
    let end = rfind(rest, b" port ").unwrap_or(rest.len());
    let blank = memchr::memrchr(b' ', cut(rest, end).0)?;
    let (name, address) = cut(rest, blank);
    Some((state, name, peer(cut(address, 1).1)?))
}

/// `Disconnected from user fourn.chimere 198.51.100.7 port 4711`, `Connection closed by authenticating user root 198.51.100.7 port 4711`
///
/// OpenSSH calls a user `user` once it is in, and `invalid` or `authenticating` before.
fn gone<'a>(line: &Line<'a>, rest: &'a [u8], facts: &mut Facts) {
    if let Some((state, name, peer)) = whom(rest) {
        if state == b"user " {
            facts.kind = Kind::SessionEnd;
            facts.session = Text::default();
        }
        account(line, name, Escape::Octal, facts);
        peer.fill(facts);
    } else {
        from(line, rest, facts);
    }
}

/// `Disconnecting invalid user admin 198.51.100.7 port 4711: Too many authentication failures`; `Disconnecting: Too many authentication failures for root`
fn disconnecting<'a>(line: &Line<'a>, rest: &'a [u8], facts: &mut Facts) {
    const TOO_MANY: &[u8] = b"Too many authentication failures";
    if let Some(user) = rest.strip_prefix(TOO_MANY) {
        facts.kind = Kind::LoginFailure;
        facts.reason = line.text(cut(rest, TOO_MANY.len()).0);
        account(line, user.strip_prefix(b" for ").unwrap_or_default(), Escape::Octal, facts);
        return;
    }
    // OpenSSH cuts a name at its first colon.
    let Some((about, reason)) = find(rest, b": ").map(|at| cut(rest, at)) else { return };
    let reason = cut(reason, 2).1;
    facts.reason = line.text(reason);
    if reason.starts_with(TOO_MANY) {
        facts.kind = Kind::LoginFailure;
    }
    match whom(about) {
        Some((state, name, peer)) => {
            if state == b"user " {
                facts.kind = Kind::SessionEnd;
            }
            account(line, name, Escape::Octal, facts);
            peer.fill(facts);
        }
        None => from(line, about, facts),
    }
}

/// `Received disconnect from 198.51.100.7 port 4711:11: disconnected by user`: the client chose what follows the address.
fn from<'a>(_: &Line<'a>, rest: &'a [u8], facts: &mut Facts) {
    if let Some(peer) = peer(rest) {
        peer.fill(facts);
    }
}

/// `Starting session: shell on pts/0 for fourn.chimere from 198.51.100.7 port 4711 id 0`, `Close session: user fourn.chimere from …`: a
/// channel of the session that PAM's lines tell of.
fn channel<'a>(line: &Line<'a>, rest: &'a [u8], facts: &mut Facts) {
    let rest = find(rest, b" for ").map_or(rest, |at| cut(rest, at + b" for ".len()).1);
    if let (user, Some(peer)) = user_from(rest, true) {
        account(line, user, Escape::Octal, facts);
        peer.fill(facts);
    }
}

/// `Transferred: sent 3304, received 3544 bytes`, by the server's count.
fn transferred<'a>(_: &Line<'a>, rest: &'a [u8], facts: &mut Facts) {
    let Some((sent, rest)) = until(rest, b',') else { return };
    facts.destination_bytes = number(sent);
    facts.source_bytes = between(rest, b" received ", b" bytes").and_then(number);
}

/// `Authentication tried for ext-sphinx-1 with correct key but not from a permitted host (host=gw.example, ip=198.51.100.7).`
fn wrong_host<'a>(line: &Line<'a>, rest: &'a [u8], facts: &mut Facts) {
    let Some((user, reason)) = find(rest, b" with correct ").map(|at| cut(rest, at)) else { return };
    facts.kind = Kind::LoginFailure;
    account(line, user, Escape::None, facts);
    let place = rfind(reason, b" (host=").unwrap_or(reason.len());
    facts.reason = line.text(trim(cut(reason, place).0));
    let address = rfind(reason, b" ip=").map_or(&[] as &[u8], |at| cut(reason, at + 4).1);
    facts.source_ip = ip(cut(address, address.iter().position(|b| matches!(b, b',' | b')')).unwrap_or(address.len())).0);
}

/// `Successful Duo login for 'fourn.chimere' from 198.51.100.7`, `Failed Duo login for …`, `Aborted Duo login for …`: Duo's own module.
fn duo<'a>(line: &Line<'a>, rest: &'a [u8], facts: &mut Facts) {
    let success = facts.action.raw(line.whole).starts_with(b"Successful");
    facts.kind = if success { Kind::LoginSuccess } else { Kind::LoginFailure };
    facts.mfa = success.then_some(true);
    let (user, peer) = user_from(rest, true);
    account(line, user.strip_suffix(b"'").unwrap_or(user), Escape::None, facts);
    if let Some(peer) = peer {
        peer.fill(facts);
    }
}

/// `drop connection #3 from [198.51.100.7]:4711 on [10.1.1.9]:22 penalty: failed authentication`
fn dropped<'a>(_: &Line<'a>, rest: &'a [u8], facts: &mut Facts) {
    let socket = between(rest, b" from [", b" ").map(|socket| cut(socket, find(socket, b"]:").unwrap_or(socket.len())));
    if let Some((address, port)) = socket {
        facts.source_ip = ip(address);
        facts.source_port = port.get(2..).and_then(number);
    }
}

#[cfg(test)]
mod tests {
    use crate::{FORMATS, Facts, Interest, Reading, Stamps, formats, read};

    /// Event, user, address and port, in one text; `unparsed` where this format does not claim the line.
    fn told(line: &str) -> String {
        let mut facts = Facts::default();
        let reading = read(line.as_bytes(), formats::by_name("sshd"), &Interest::everything(), &mut Stamps::default(), &mut facts);
        if !matches!(reading, Reading::Parsed(id) if FORMATS[usize::from(id.0)].name == "sshd") {
            return "unparsed".into();
        }
        let user = String::from_utf8_lossy(&facts.user.value(line.as_bytes())).into_owned();
        let source = facts.source_ip.map_or_else(|| "-".into(), |ip| ip.to_string());
        format!("{} <{user}> {source} {}", facts.kind.word(), facts.source_port.map_or(0, u32::from))
    }

    pub(crate) fn check(cases: &[(&str, &str)]) {
        for (message, expected) in cases {
            assert_eq!(told(&format!("Nov 20 22:41:07 rebond-1 sshd[901]: {message}")), *expected, "{message}");
        }
    }

    #[test]
    fn a_name_cannot_say_where_it_comes_from() {
        check(&[
            (
                "Failed password for invalid user x from 192.0.2.66 port 1 ssh2 from 198.51.100.7 port 4711 ssh2",
                "login_failure <x from 192.0.2.66 port 1 ssh2> 198.51.100.7 4711",
            ),
            (
                "Failed password for fourn.chimere from 192.0.2.66 port 1 ssh2 from 198.51.100.7 port 4711 ssh2",
                "login_failure <fourn.chimere from 192.0.2.66 port 1 ssh2> 198.51.100.7 4711",
            ),
            (
                "Invalid user x from 192.0.2.66 port 1 from 198.51.100.7 port 4711",
                "login_failure <x from 192.0.2.66 port 1> 198.51.100.7 4711",
            ),
            (
                "Failed password for invalid user Accepted password for root from 192.0.2.66 port 1 ssh2 from 198.51.100.7 port 4711 ssh2",
                "login_failure <Accepted password for root from 192.0.2.66 port 1 ssh2> 198.51.100.7 4711",
            ),
            (
                "Connection closed by invalid user x 192.0.2.66 port 1 198.51.100.7 port 4711 [preauth]",
                "other <x 192.0.2.66 port 1> 198.51.100.7 4711",
            ),
            (
                "Disconnecting invalid user x 192.0.2.66 port 1 198.51.100.7 port 4711: Too many authentication failures [preauth]",
                "login_failure <x 192.0.2.66 port 1> 198.51.100.7 4711",
            ),
            (
                "maximum authentication attempts exceeded for invalid user a from 192.0.2.66 port 1 ssh2 from 198.51.100.7 port 4711 ssh2 [preauth]",
                "login_failure <a from 192.0.2.66 port 1 ssh2> 198.51.100.7 4711",
            ),
        ]);
    }

    #[test]
    fn a_key_id_cannot_say_who_comes_from_where() {
        let key = "RSA-CERT SHA256:Ab+c ID x from 192.0.2.66 port 1 ssh2: RSA SHA256:Ab+c (serial 0) CA RSA SHA256:De/f";
        for (verb, kind) in [("Accepted", "login_success"), ("Failed", "login_failure")] {
            let message = format!("{verb} publickey for fourn.chimere from 198.51.100.7 port 4711 ssh2: {key}");
            check(&[(&message, &format!("{kind} <fourn.chimere> 198.51.100.7 4711"))]);
        }
    }

    #[test]
    fn what_the_client_says_when_it_leaves_is_not_believed() {
        check(&[
            ("Received disconnect from 198.51.100.7 port 4711:11: bye from 192.0.2.66 port 1", "other <> 198.51.100.7 4711"),
            ("error: Received disconnect from 198.51.100.7: 3: Accepted password for root from 192.0.2.66", "other <> 198.51.100.7 0"),
            (
                "Bad protocol version identification 'Accepted password for root from 192.0.2.66 port 1 ssh2' from 198.51.100.7 port 4711",
                "other <> - 0",
            ),
        ]);
    }

    #[test]
    fn names_of_all_kinds() {
        check(&[
            (r"Invalid user d\303\251pann from 198.51.100.7 port 4711", "login_failure <dépann> 198.51.100.7 4711"),
            (r"Accepted password for GHT\\ext-sphinx-1 from 198.51.100.7 port 4711 ssh2", "login_success <ext-sphinx-1> 198.51.100.7 4711"),
            (
                "Accepted password for ext-sphinx-1@ght.example from 198.51.100.7 port 4711 ssh2",
                "login_success <ext-sphinx-1> 198.51.100.7 4711",
            ),
            ("Invalid user  from 198.51.100.7 port 4711", "login_failure <> 198.51.100.7 4711"),
            ("Invalid user from from 198.51.100.7 port 4711", "login_failure <from> 198.51.100.7 4711"),
            ("Failed password for invalid user ***** from 198.51.100.7 port 4711 ssh2", "login_failure <> 198.51.100.7 4711"),
            (
                "Failed password for invalid user DOE Jane from ::ffff:198.51.100.7 port 4711 ssh2",
                "login_failure <DOE Jane> 198.51.100.7 4711",
            ),
            ("Failed none for invalid user a from fe80::1%ens3 port 4711 ssh2", "login_failure <a> fe80::1 4711"),
        ]);
    }

    #[test]
    fn bodies_without_head_must_speak_like_openssh() {
        for (line, claimed) in [
            (" Accepted password for a from 198.51.100.7 port 4711 ssh2", true),
            ("fatal: Timeout before authentication for 198.51.100.7 port 4711", true),
            ("pam_unix(sshd:session): session closed for user a", true),
            ("message repeated 2 times: [ Failed password for a from 198.51.100.7 port 4711 ssh2]", true),
            ("Accepted the new configuration for all nodes", false),
            ("Failed to start the nightly backup", false),
            ("Failed login for fourn.chimere from 198.51.100.7", false),
            ("User fourn.chimere logged in from 198.51.100.7", false),
            ("Connection from the database is slow", false),
            ("error: disk is full", false),
            ("pam_unix is a module", false),
            ("PAM 2 more modules", false),
        ] {
            assert_eq!(told(line) != "unparsed", claimed, "{line}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_mixture_of_words_is_read(words in proptest::collection::vec(proptest::sample::select(vec![
            "Accepted ", "Failed ", "password for ", "invalid user ", "user ", "x ", "from ", "198.51.100.7 ", "port 1 ", "ssh2", ": ", "PAM: ", "PAM 2 more ",
            "pam_unix(sshd:auth): ", "authentication failure; ", "ruser=", " rhost=", " user=", "session opened for user ", " by ", "(uid=", "[preauth]", r"\\", r"\303",
            "message repeated 3 times: [ ", "]", "Disconnecting ", "Too many authentication failures", " not allowed because ", "é", "(", ")",
        ]), 0..14), with_head in proptest::bool::ANY) {
            let head = if with_head { "Nov 20 22:41:07 rebond-1 sshd[901]: " } else { "" };
            told(&format!("{head}{}", words.concat()));
        }
    }
}

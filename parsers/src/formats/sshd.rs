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

use memchr::memchr;
use memchr::memmem::{find, rfind};
use nom::IResult;
use nom::Parser;
use nom::bytes::complete::{tag, take_while1};
use nom::character::complete::digit1;
use nom::combinator::opt;
use nom::sequence::{delimited, terminated};

use crate::atoms::{cut, ip, number, split_login, trim, until};
use crate::formats::Format;
use crate::{Escape, Facts, Kind, Line, Stamps, Text};

/// OpenSSH's line of the table of formats.
pub(super) const FORMAT: Format = Format {
    name: "sshd",
    vendor: "OpenBSD",
    product: "OpenSSH",
    covers: "OpenSSH server; PAM of any service; su, sudo, login, cron, ftpd of a Unix host",
    looks_like,
    parse,
};

/// Programs of a Unix host that tell of logins, beside `sshd` and `sshd-session`.
const PROGRAMS: &[&[u8]] =
    &[b"su", b"sudo", b"login", b"cron", b"crond", b"CRON", b"ftpd", b"vsftpd", b"systemd-logind", b"sftp-server", b"internal-sftp"];

/// Services whose PAM sessions are nobody's way in: they serve who is in already, or nobody.
const LOCAL: &[&[u8]] = &[
    b"cron",
    b"crond",
    b"CRON",
    b"atd",
    b"su",
    b"su-l",
    b"sudo",
    b"sudo-i",
    b"runuser",
    b"runuser-l",
    b"systemd-user",
    b"polkit-1",
    b"chfn",
    b"passwd",
];

type Reader = for<'a> fn(&Line<'a>, &'a [u8], &mut Facts);

/// Messages that tell of users or addresses, by their beginnings.
const MESSAGES: &[(&[u8], Reader)] = &[
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
    (b"ssh_dispatch_run_fatal: Connection from ", from),
    (b"banner exchange: Connection from ", from),
    (b"Connection from ", from),
    (b"Received disconnect from ", from),
    (b"Did not receive identification string from ", from),
    (b"Unable to negotiate with ", from),
    (b"Timeout before authentication for connection from ", from),
    (b"Timeout before authentication for ", from),
];

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
    b"Starting session: ",
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
        let text = without_level(unrepeated(line.body).1);
        return pam_module(text).is_some()
            || pam_summary(text).is_some()
            || is_message(text)
            || BEGINNINGS.iter().any(|beginning| text.starts_with(beginning));
    }
    app.starts_with(b"sshd")
        || PROGRAMS.contains(&app)
        || find(app, b"(pam_").is_some()
        || pam_module(line.body).is_some()
        || is_old_pam(line.body)
}

/// `/usr/sbin/cron` and `cron` are one.
fn program(app: &[u8]) -> &[u8] {
    app.rsplit(|&b| b == b'/').next().unwrap_or(app)
}

/// Whether a text without head is a message of OpenSSH: its words alone, not its first one, must say so.
fn is_message(text: &[u8]) -> bool {
    let Some((beginning, _)) = MESSAGES.iter().find(|(beginning, _)| text.starts_with(beginning)) else { return false };
    let rest = cut(text, beginning.len()).1;
    match *beginning {
        b"Accepted " | b"Failed " | b"Postponed " | b"Partial " => method(rest).is_some(),
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

fn parse<'a>(line: &Line<'a>, _: &mut Stamps, facts: &mut Facts) -> Option<()> {
    facts.session = line.text(line.head.pid);
    let app = program(line.head.app);
    let (repeated, text) = unrepeated(trim(line.body));
    facts.repeated = repeated;
    if let Some((service, text)) = pam_module(text) {
        pam(line, service, text, facts);
    } else if let Some((service, _)) = until(app, b'(') {
        pam(line, service, text, facts);
    } else if is_old_pam(text) {
        pam(line, app, until(text, b' ').unwrap_or_default().1, facts);
    } else if let Some(text) = pam_summary(text) {
        pam(line, app, text, facts);
    } else if app.is_empty() || app.starts_with(b"sshd") {
        sshd(line, text, facts);
    }
    Some(())
}

/// `message repeated 5 times: [ Failed password for root from 198.51.100.7 port 4711 ssh2]`, written by rsyslog.
fn unrepeated(text: &[u8]) -> (Option<u32>, &[u8]) {
    let head = |text| -> IResult<&[u8], &[u8]> { delimited(tag("message repeated "), digit1, tag(" times: [ ")).parse(text) };
    match head(text) {
        Ok((rest, times)) => (number(times), trim(rest.strip_suffix(b"]").unwrap_or(rest))),
        Err(_) => (None, text),
    }
}

/// `error: ` and `fatal: ` say how bad it is, not what.
fn without_level(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"error: ").or_else(|| text.strip_prefix(b"fatal: ")).unwrap_or(text)
}

fn sshd<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    let text = without_level(text);
    let text = text.strip_suffix(b" [preauth]").unwrap_or(text);
    let Some((beginning, reader)) = MESSAGES.iter().find(|(beginning, _)| text.starts_with(beginning)) else { return };
    let action = trim(beginning);
    let action = [b" from" as &[u8], b" by", b" for", b":"].iter().find_map(|end| action.strip_suffix(*end)).unwrap_or(action);
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
    let (user, from) = match text.strip_prefix(b"invalid user ").or_else(|| text.strip_prefix(b"illegal user ")) {
        Some(text) => user_from(text, true),
        None => {
            // Where nothing follows `ssh2`, no key id can have brought a ` from ` of its own.
            let (_, last) = user_from(text, true);
            let ends = last.is_some_and(|peer| peer.port.is_some() && matches!(peer.rest, [] | [b' ', b's', b's', b'h', b'1' | b'2']));
            user_from(text, ends)
        }
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
    // An escaped byte (`d\303\251pann`) is no separator of domain and user.
    let escaped = escape == Escape::Octal && matches!(memchr(b'\\', login).and_then(|at| login.get(at + 1)), Some(b'0'..=b'3'));
    let (user, domain) = if escaped { (login, &[] as &[u8]) } else { split_login(login) };
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
        Some((_, name, peer)) => {
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

/// `pam_unix(sshd:session): session opened …`: the service, and what the module says.
fn pam_module(text: &[u8]) -> Option<(&[u8], &[u8])> {
    pam_tag(text).ok().map(|(rest, service)| (service, trim(rest)))
}

fn pam_tag(text: &[u8]) -> IResult<&[u8], &[u8]> {
    let word = || take_while1(|b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'/' | b'@'));
    delimited((tag("pam_"), word(), tag("(")), word(), (opt((tag(":"), word())), tag("):"))).parse(text)
}

/// `(pam_unix) session opened for user root by (uid=0)`
fn is_old_pam(text: &[u8]) -> bool {
    text.starts_with(b"(pam_") && find(cut(text, 24).0, b") ").is_some()
}

/// `PAM 2 more authentication failures; logname= …`: what follows `PAM 2 more `.
fn pam_summary(text: &[u8]) -> Option<&[u8]> {
    let count = |text| -> IResult<&[u8], &[u8]> { delimited(tag("PAM "), digit1, tag(" more ")).parse(text) };
    count(text).ok().map(|(rest, _)| rest).filter(|rest| rest.starts_with(b"authentication failure"))
}

/// What a module says: `authentication failure; …`, `session opened for user fourn.chimere(uid=1003) by (uid=0)`
fn pam<'a>(line: &Line<'a>, service: &[u8], text: &'a [u8], facts: &mut Facts) {
    let remote = !LOCAL.contains(&service);
    if text.starts_with(b"authentication failure") {
        facts.kind = Kind::LoginFailure;
        attributes(line, text, facts);
    } else if text.starts_with(b"authentication success;") {
        facts.kind = if remote { Kind::LoginSuccess } else { Kind::Other };
        attributes(line, text, facts);
    } else if let Some(user) = text.strip_prefix(b"session opened for user ") {
        facts.kind = if remote { Kind::SessionStart } else { Kind::Other };
        facts.action = line.text(cut(text, b"session opened".len()).0);
        let user = rfind(user, b" by ").map_or(user, |at| cut(user, at).0);
        account(line, rfind(user, b"(uid=").map_or(user, |at| cut(user, at).0), Escape::None, facts);
    } else if let Some(user) = text.strip_prefix(b"session closed for user ") {
        facts.kind = if remote { Kind::SessionEnd } else { Kind::Other };
        facts.action = line.text(cut(text, b"session closed".len()).0);
        account(line, user, Escape::None, facts);
    } else {
        sshd(line, text, facts);
    }
}

/// `authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=198.51.100.7  user=root`
///
/// `ruser` is free text of the client with some services, `user` with some modules; OpenSSH leaves `ruser` empty. So where it is
/// empty the first `rhost` is PAM's own, else the last.
fn attributes<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    const RHOST: &[u8] = b" rhost=";
    const USER: &[u8] = b" user=";
    facts.action = line.text(until(text, b';').map_or(text, |(action, _)| action));
    let Some(ruser) = find(text, b" ruser=").map(|at| cut(text, at + b" ruser=".len()).1) else { return };
    let rhost = if ruser.starts_with(RHOST) { Some(0) } else { rfind(ruser, RHOST) };
    let Some(rhost) = rhost.map(|at| cut(ruser, at + RHOST.len()).1) else { return };
    any_peer(rhost).fill(facts);
    if let Some(user) = find(rhost, USER).map(|at| cut(rhost, at + USER.len()).1) {
        account(line, trim(user), Escape::None, facts);
    }
}

//! What PAM's modules write, for `sshd` and for the other services of a host: Linux-PAM's `pam_unix` and those that follow its wording.
//!
//! Modules do not escape what they log.

use nom::IResult;
use nom::Parser;
use nom::bytes::complete::{tag, take_while1};
use nom::character::complete::digit1;
use nom::combinator::opt;
use nom::sequence::delimited;

use super::{account, any_peer, sshd};
use crate::atoms::{cut, find, rfind, trim, until};
use crate::{Escape, Facts, Kind, Line};

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

/// `pam_unix(sshd:session): session opened …`: the service, and what the module says.
pub(super) fn module(text: &[u8]) -> Option<(&[u8], &[u8])> {
    module_tag(text).ok().map(|(rest, service)| (service, trim(rest)))
}

fn module_tag(text: &[u8]) -> IResult<&[u8], &[u8]> {
    let word = || take_while1(|b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'/' | b'@'));
    delimited((tag("pam_"), word(), tag("(")), word(), (opt((tag(":"), word())), tag("):"))).parse(text)
}

/// `(pam_unix) session opened for user root by (uid=0)`
pub(super) fn is_untagged(text: &[u8]) -> bool {
    text.starts_with(b"(pam_") && find(cut(text, 24).0, b") ").is_some()
}

/// `PAM 2 more authentication failures; logname= …`: what follows `PAM 2 more `.
pub(super) fn summary(text: &[u8]) -> Option<&[u8]> {
    let count = |text| -> IResult<&[u8], &[u8]> { delimited(tag("PAM "), digit1, tag(" more ")).parse(text) };
    count(text).ok().map(|(rest, _)| rest).filter(|rest| rest.starts_with(b"authentication failure"))
}

/// What a module says: `authentication failure; …`, `session opened for user fourn.chimere(uid=1003) by (uid=0)`
pub(super) fn says<'a>(line: &Line<'a>, service: &[u8], text: &'a [u8], facts: &mut Facts) {
    let remote = !LOCAL.contains(&service);
    if text.starts_with(b"authentication failure") {
        facts.kind = Kind::LoginFailure;
        attributes(line, text, facts);
    } else if text.starts_with(b"authentication success;") {
        // Only half the way: the account may be expired or barred. The service itself says who is in.
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

#[cfg(test)]
mod tests {
    use crate::formats::sshd::tests::check;

    #[test]
    fn pam_attributes_cannot_be_forged() {
        let head = "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh";
        for (attributes, expected) in [
            (" ruser= rhost=198.51.100.7  user=ext-sphinx-1", "login_failure <ext-sphinx-1> 198.51.100.7 0"),
            (" ruser= rhost=198.51.100.7 ", "login_failure <> 198.51.100.7 0"),
            (" ruser= rhost=gw.example  user=ext-sphinx-1", "login_failure <ext-sphinx-1> - 0"),
            (" ruser=x rhost=192.0.2.66  user=root rhost=198.51.100.7  user=ext-sphinx-1", "login_failure <ext-sphinx-1> 198.51.100.7 0"),
            (" ruser=ruser= rhost=192.0.2.66 rhost=198.51.100.7", "login_failure <> 198.51.100.7 0"),
            (" ruser= rhost=198.51.100.7 user=x rhost=192.0.2.66", "login_failure <x rhost=192.0.2.66> 198.51.100.7 0"),
        ] {
            check(&[(&format!("{head}{attributes}"), expected)]);
        }
    }

    #[test]
    fn sessions_of_local_services_are_nobodys_way_in() {
        check(&[
            ("pam_unix(sshd:session): session opened for user ext-sphinx-1(uid=1003) by (uid=0)", "session_start <ext-sphinx-1> - 0"),
            (
                "pam_sss(sshd:auth): authentication success; logname= uid=0 euid=0 tty=ssh ruser= rhost=198.51.100.7 user=ext-sphinx-1",
                "other <ext-sphinx-1> 198.51.100.7 0",
            ),
            ("pam_unix(login:session): session opened for user root by LOGIN(uid=0)", "session_start <root> - 0"),
            ("pam_unix(sudo:session): session opened for user root(uid=0) by ext-sphinx-1(uid=1003)", "other <root> - 0"),
            ("pam_unix(cron:session): session closed for user ext-sphinx-1", "other <ext-sphinx-1> - 0"),
            ("pam_unix(systemd-user:session): session opened for user ext-sphinx-1(uid=1003) by (uid=0)", "other <ext-sphinx-1> - 0"),
            (
                "pam_unix(sudo:auth): authentication failure; logname= uid=1003 euid=0 tty=/dev/pts/0 ruser=a rhost=  user=a",
                "login_failure <a> - 0",
            ),
        ]);
    }
}

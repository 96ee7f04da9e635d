//! Other doors of a Unix host: dropbear, login, the FTP servers, logind, su, Proxmox's own; and `VyOS`'s and `EdgeOS`'s changes.
//!
//! The texts are those of dropbear's `svr-auth*.c` and `common-session.c`, shadow's and util-linux's `login.c`, vsftpd's `logging.c`,
//! `ProFTPD`'s `mod_auth.c`, systemd's `logind-session.c`, shadow's `su.c` and `nologin.c`, OpenSSH's `sftp-server.c`, Proxmox's `PVE/AccessControl.pm`.
//!
//! None of them escapes a name, so it is taken up to the last words that may follow it.

use super::account;
use crate::atoms::{cut, find, ip, ip_port, rfind, trim, until};
use crate::{About, Escape, Facts, Kind, Line};

/// Programs that tell of logins, beside `sshd` and what PAM's modules write for anybody.
const PROGRAMS: &[(&[u8], Reader)] = &[
    (b"dropbear", dropbear),
    (b"su", su),
    (b"sudo", nothing),
    (b"login", login),
    (b"login_duo", super::sshd),
    (b"cron", nothing),
    (b"crond", nothing),
    (b"CRON", nothing),
    (b"ftpd", nothing),
    (b"vsftpd", vsftpd),
    (b"proftpd", proftpd),
    (b"systemd-logind", logind),
    (b"nologin", nologin),
    (b"sftp-server", sftp),
    (b"internal-sftp", sftp),
    (b"pvedaemon", proxmox),
    (b"commit", vyos),
];

type Reader = for<'a> fn(&Line<'a>, &'a [u8], &mut Facts);

/// The reader of a program's messages.
pub(super) fn of(program: &[u8]) -> Option<Reader> {
    PROGRAMS.iter().find(|(name, _)| *name == program).map(|(_, reader)| *reader)
}

fn nothing<'a>(_: &Line<'a>, _: &'a [u8], _: &mut Facts) {}

/// The name between quotes that `before` ends with the first and `after` begins with the second of.
fn quoted<'a>(text: &'a [u8], before: &[u8], after: &[u8]) -> Option<&'a [u8]> {
    let rest = cut(text, find(text, before)? + before.len()).1;
    rfind(rest, after).map(|end| cut(rest, end).0)
}

fn user<'a>(line: &Line<'a>, name: Option<&'a [u8]>, facts: &mut Facts) {
    if let Some(name) = name {
        account(line, name, Escape::None, facts);
    }
}

/// `Password auth succeeded for 'fourn.chimere' from 198.51.100.23:40007`, `Bad password attempt for 'x' from …`,
/// `Login attempt for nonexistent user from …`, `Exit (fourn.chimere) from <198.51.100.23:40007>: Disconnect received`
fn dropbear<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    const FROM: &[u8] = b" from ";
    let has = |words: &[u8]| find(text, words).is_some();
    let place = if text.starts_with(b"Exit ") {
        // What follows the first place quotes names once more.
        facts.action = line.text(cut(text, 4).0);
        facts.kind = if text.starts_with(b"Exit (") { Kind::SessionEnd } else { Kind::Other };
        user(line, quoted(until(text, b':').map_or(text, |(before, _)| before), b"Exit (", b")"), facts);
        find(text, b" from <").and_then(|at| until(cut(text, at + 7).1, b'>')).map(|(place, _)| place)
    } else {
        facts.kind = match text {
            _ if text.starts_with(b"Password auth succeeded") || text.starts_with(b"PAM password auth succeeded") => Kind::LoginSuccess,
            _ if text.starts_with(b"Pubkey auth succeeded") || text.starts_with(b"Auth succeeded with blank password") => {
                Kind::LoginSuccess
            }
            _ if text.starts_with(b"Bad ") && has(b"password attempt for ") => Kind::LoginFailure,
            _ if text.starts_with(b"Login attempt ") || text.starts_with(b"Max auth tries reached") => Kind::LoginFailure,
            _ if text.starts_with(b"User ") && has(b"' has ") || has(b" rejected") => Kind::LoginFailure,
            _ => Kind::Other,
        };
        let end = [b" for ".as_slice(), b" - ", b" user '", FROM].into_iter().filter_map(|end| find(text, end)).min();
        facts.action = line.text(cut(text, end.unwrap_or(text.len())).0);
        let last = rfind(text, FROM);
        user(line, quoted(cut(text, last.unwrap_or(text.len())).0, b" '", b"'"), facts);
        last.map(|at| cut(text, at + FROM.len()).1)
    };
    if let Some((address, port)) = place.and_then(ip_port) {
        (facts.source_ip, facts.source_port) = (Some(address), port);
    }
}

/// `FAILED SU (to root) ext-sphinx-1 on pts/0`, `FAILED su for root by ext-sphinx-1`: nobody's way in, he is in already.
fn su<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    let name = text.strip_prefix(b"FAILED SU (to ").and_then(|rest| until(rest, b')')).map(|(name, _)| name);
    let name = name.or_else(|| text.strip_prefix(b"FAILED su for ").and_then(|rest| Some(cut(rest, rfind(rest, b" by ")?).0)));
    if name.is_some() {
        facts.kind = Kind::LoginFailure;
        facts.action = line.text(cut(text, b"FAILED SU".len()).0);
        user(line, name, facts);
    }
}

/// `FAILED LOGIN (1) on '/dev/tty1' FOR 'root', Authentication failure`, `FAILED LOGIN 1 FROM 198.51.100.23 FOR x, …`,
/// `LOGIN ON pts/3 BY fourn.chimere FROM 198.51.100.23`, `ROOT LOGIN ON tty1`
fn login<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    let behind = |words: &[u8]| find(text, words).map(|at| cut(text, at + words.len()).1);
    // Behind `FOR` stands what was typed.
    let before = cut(text, find(text, b" FOR ").unwrap_or(text.len())).0;
    let from = || {
        let at = [b" FROM ".as_slice(), b" from '"].into_iter().find_map(|words| Some(find(before, words)? + words.len()));
        at.map(|at| cut(before, at).1).map(|rest| cut(rest, rest.iter().position(|b| matches!(b, b' ' | b'\'')).unwrap_or(rest.len())).0)
    };
    if text.starts_with(b"FAILED LOGIN") {
        facts.kind = Kind::LoginFailure;
        facts.action = line.text(cut(text, b"FAILED LOGIN".len()).0);
        facts.source_ip = from().and_then(ip);
        if let Some((name, reason)) = behind(b" FOR ").and_then(|rest| Some(cut(rest, rfind(rest, b", ")?))) {
            let name = name.strip_prefix(b"'").and_then(|name| name.strip_suffix(b"'")).unwrap_or(name);
            user(line, Some(name).filter(|name| !matches!(*name, b"UNKNOWN" | b"(unknown)")), facts);
            facts.reason = line.text(cut(reason, 2).1);
        }
    } else if let Some(name) = behind(b"LOGIN ON ").and_then(|rest| find(rest, b" BY ").map(|at| cut(rest, at + 4).1)) {
        facts.kind = Kind::LoginSuccess;
        facts.action = line.text(cut(text, b"LOGIN".len()).0);
        user(line, until(name, b' ').map(|(name, _)| name).or(Some(name)), facts);
        facts.source_ip = from().and_then(ip);
    } else if let Some(rest) = text.strip_prefix(b"ROOT LOGIN") {
        facts.kind = Kind::LoginSuccess;
        facts.action = line.text(cut(text, text.len() - rest.len()).0);
        facts.source_ip = from().and_then(ip);
    }
}

/// What vsftpd writes, in syslog or in its own file behind `[pid 2] `: `[ext-sphinx-1] FAIL LOGIN: Client "198.51.100.23"`
pub(super) fn vsftpd<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    const WORDS: &[(&[u8], Kind)] = &[
        (b"OK LOGIN: Client \"", Kind::LoginSuccess),
        (b"FAIL LOGIN: Client \"", Kind::LoginFailure),
        (b"CONNECT: Client \"", Kind::Other),
    ];
    // The name stands in front and may hold such words: the last are vsftpd's.
    let found =
        WORDS.iter().filter_map(|(words, kind)| Some((rfind(text, words)?, words, *kind))).max_by_key(|(at, words, _)| at + words.len());
    let Some((at, words, kind)) = found else { return };
    facts.kind = kind;
    let (before, rest) = cut(text, at);
    let (action, client) = cut(rest, words.len());
    facts.action = line.text(cut(action, find(action, b":").unwrap_or(action.len())).0);
    facts.source_ip = until(client, b'"').and_then(|(address, _)| ip(address));
    let before = trim(before);
    let before = before.strip_prefix(b"[pid ").and_then(|rest| until(rest, b']')).map_or(before, |(_, rest)| trim(rest));
    user(line, before.strip_prefix(b"[").and_then(|name| name.strip_suffix(b"]")), facts);
}

/// Whether a text without head is one of vsftpd's file: `[pid 2] [ext-sphinx-1] OK LOGIN: Client "198.51.100.23"`
pub(super) fn is_vsftpd_file(text: &[u8]) -> bool {
    text.starts_with(b"[pid ") && find(text, b": Client \"").is_some()
}

/// `rebond-1 (gw.example[198.51.100.23]) - USER ext-sphinx-1 (Login failed): Incorrect password`, `… - USER x: Login successful.`
fn proftpd<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    const VERDICTS: &[(&[u8], Kind)] = &[
        (b": Login successful", Kind::LoginSuccess),
        (b" (Login failed): ", Kind::LoginFailure),
        (b": no such user found from ", Kind::LoginFailure),
    ];
    let Some((head, rest)) = find(text, b"]) - ").map(|at| cut(text, at)) else { return };
    facts.source_ip = rfind(head, b"[").and_then(|at| ip(cut(head, at + 1).1));
    let message = cut(rest, b"]) - ".len()).1;
    let Some(rest) = message.strip_prefix(b"USER ") else {
        if message.starts_with(b"FTP session opened") || message.starts_with(b"FTP session closed") {
            facts.action = line.text(cut(message, b"FTP session opened".len()).0);
        }
        return;
    };
    let Some((at, words, kind)) =
        VERDICTS.iter().filter_map(|(words, kind)| Some((rfind(rest, words)?, words, *kind))).max_by_key(|(at, ..)| *at)
    else {
        return;
    };
    facts.kind = kind;
    let (name, verdict) = cut(rest, at);
    user(line, Some(name), facts);
    facts.action = line.text(trim(cut(verdict, words.len()).0));
    facts.reason = line.text(if kind == Kind::LoginFailure { cut(verdict, words.len()).1 } else { &[] });
}

/// `New session 14 of user ext-sphinx-1.`: of any kind, the console's and cron's too; whoever came in, another line says so.
fn logind<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    let Some((_, rest)) = text.strip_prefix(b"New session ").and_then(|rest| until(rest, b' ')) else { return };
    let Some(name) = rest.strip_prefix(b"of user ").or_else(|| find(rest, b"of user '").map(|at| cut(rest, at + 9).1)) else { return };
    facts.action = line.text(cut(text, b"New session".len()).0);
    let name = find(name, b" with class ").map_or(name, |at| cut(name, at).0);
    let name = name.strip_suffix(b".").unwrap_or(name);
    user(line, Some(name.strip_prefix(b"'").and_then(|name| name.strip_suffix(b"'")).unwrap_or(name)), facts);
}

/// `Attempted login by ext-sphinx-1 (UID: 6005) on UNKNOWN`: the account has no shell, the login itself was right.
fn nologin<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    facts.action = line.text(cut(text, b"Attempted login".len()).0);
    user(line, quoted(text, b"Attempted login by ", b" (UID: ").or_else(|| quoted(text, b"Attempted login by ", b" on ")), facts);
}

/// `session opened for local user fourn.chimere from [198.51.100.23]`: inside a session of `sshd`.
fn sftp<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    let Some((name, place)) = find(text, b" for local user ").and_then(|at| {
        let rest = cut(text, at + b" for local user ".len()).1;
        Some(cut(rest, rfind(rest, b" from [")?))
    }) else {
        return;
    };
    facts.source_ip = cut(place, b" from ".len()).1.strip_suffix(b"]").and_then(|place| ip(cut(place, 1).1));
    user(line, Some(name), facts);
}

/// `authentication failure; rhost=::ffff:198.51.100.23 user=ext-sphinx-1@pam msg=…`, `<root@pam> successful auth for user 'root@pam'`
fn proxmox<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    if let Some(rest) = text.strip_prefix(b"authentication failure; rhost=") {
        let Some((address, rest)) = until(rest, b' ') else { return };
        facts.kind = Kind::LoginFailure;
        facts.action = line.text(cut(text, b"authentication failure".len()).0);
        facts.source_ip = ip(address);
        user(line, quoted(rest, b"user=", b" msg="), facts);
        facts.reason = line.text(rfind(rest, b" msg=").map_or(&[] as &[u8], |at| cut(rest, at + 5).1));
    } else if let Some(name) = quoted(text, b"> successful auth for user '", b"'") {
        facts.kind = Kind::LoginSuccess;
        user(line, Some(name), facts);
    }
}

/// `Successful change to active configuration by user fourn.chimere on /dev/pts/0`
fn vyos<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    if let Some(name) = quoted(text, b"Successful change to active configuration by user ", b" on ") {
        facts.about = Some(About::Configuration);
        facts.action = line.text(cut(text, b"Successful change".len()).0);
        user(line, Some(name), facts);
    }
}

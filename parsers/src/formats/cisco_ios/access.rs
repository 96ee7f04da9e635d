//! Logins, sessions, tunnels, changes, restarts.

use crate::atoms::{between, cut, find, ip, ip_port, rfind, trim, until};
use crate::{About, Escape, Facts, Kind, Line};

/// How messages of one mnemonic say who did what from where.
struct Sentence {
    mnemonic: &'static str,
    kind: Kind,
    /// What stands before and behind the name. Nothing behind it: the end of the text. Of words that begin with a quote a release may
    /// have the quote alone.
    user: (&'static str, &'static str),
    /// What stands before the address: it is looked for from the end of the name on, or before the name.
    address: &'static str,
}

const fn sentence(mnemonic: &'static str, kind: Kind, user: (&'static str, &'static str), address: &'static str) -> Sentence {
    Sentence { mnemonic, kind, user, address }
}

const SENTENCES: &[Sentence] = &[
    // `Login Success [user: claire] [Source: 10.1.0.4] [localport: 22] at 22:41:07 CET Fri Nov 20 2026`
    sentence("LOGIN_SUCCESS", Kind::LoginSuccess, ("[user: ", "] [Source: "), "[Source: "),
    sentence("LOGIN_FAILED", Kind::LoginFailure, ("[user: ", "] [Source: "), "[Source: "),
    sentence("QUIET_MODE_ON", Kind::Other, ("[user: ", "] [Source: "), "[Source: "),
    // `User claire has exited tty session 2(10.1.0.4)`
    sentence("LOGOUT", Kind::Logout, ("User ", " has exited tty session "), "("),
    // `(exec timer expired, tty 2 (10.1.0.4)), user claire`
    sentence("TTY_EXPIRE_TIMER", Kind::SessionEnd, (")), user ", ""), " ("),
    // `User 'claire' authentication for SSH2 Session from 10.1.0.4 (tty = 0) using crypto cipher 'aes256-ctr', hmac 'x' Succeeded`
    sentence("SSH2_USERAUTH", Kind::LoginSuccess, ("User '", "' authentication for SSH"), " Session from "),
    sentence("SSH_USERAUTH", Kind::LoginSuccess, ("User '", "' authentication for SSH"), " Session from "),
    // `SSH2 Session from 10.1.0.4 (tty = 0) for user 'claire' using crypto cipher 'aes256-ctr', hmac 'x' closed`
    sentence("SSH2_CLOSE", Kind::SessionEnd, (" for user '", "' using crypto cipher '"), " Session from "),
    sentence("SSH_CLOSE", Kind::SessionEnd, (" for user '", "' using crypto cipher '"), " Session from "),
    sentence("SSH2_SESSION", Kind::Other, ("", ""), " Session request from "),
    sentence("SSH_SESSION", Kind::Other, ("", ""), " Session request from "),
    // `Privilege level set to 15 by claire on vty0 (10.1.0.4)`
    sentence("PRIV_AUTH_PASS", Kind::Other, (" by ", " on "), "("),
    sentence("PRIV_AUTH_FAIL", Kind::LoginFailure, (" by ", " on "), "("),
    // `Chassis 1 R0/0: nginx: Login Successful from host 10.1.0.4 by user 'claire' using crypto cipher 'x'`
    sentence("LOGIN_PASSED", Kind::LoginSuccess, (" by user '", "' using crypto"), " from host "),
    sentence("SESS_LOGOUT", Kind::Logout, (" by user '", "' using crypto"), " from host "),
    // `R0/0: dmiauthd: User 'claire' authenticated successfully from 10.1.0.4:53000 and was authorized for netconf over ssh.`
    sentence("AUTH_PASSED", Kind::LoginSuccess, ("User '", "' authenticated successfully"), " from "),
    sentence("AUTHENTICATION_FAILED", Kind::LoginFailure, ("", ""), " from "),
    sentence("USER_LOCKED", Kind::LoginFailure, ("User ", " locked out on "), ""),
    sentence("USER_BLOCKED", Kind::LoginFailure, ("User ", " blocked "), ""),
    // IOS XR: `Successfully authenticated user 'claire' from '10.1.0.4' on 'vty0'(cipher 'aes128-ctr', mac 'hmac-sha1')`
    sentence("INFO_SUCCESS", Kind::LoginSuccess, (" user '", "' from '"), "' from '"),
    sentence("AUTHEN_SUCCESS", Kind::LoginSuccess, (" user '", "' from '"), "' from '"),
    sentence("INFO_FAILURE", Kind::LoginFailure, (" user '", "' from '"), "' from '"),
    sentence("AUTHEN_FAILED", Kind::LoginFailure, (" user '", "' from '"), "' from '"),
    sentence("CLOSE", Kind::Logout, ("User '", "' logged out"), ""),
    // `(Server)  Mode=NETWORK_EXTENSION  User=u  Group=G  Client_public_addr=198.51.100.23  Server_public_addr=192.0.2.201`
    sentence("EZVPN_CONNECTION_UP", Kind::SessionStart, (" User=", " Group="), " Client_public_addr="),
    sentence("EZVPN_CONNECTION_DOWN", Kind::SessionEnd, (" User=", " Group="), " Client_public_addr="),
    // `vw_ctx: CTX vw_gw: GW remote_ip: 198.51.100.23 user_name: u, Authentication successful, user logged in`
    sentence("LOGIN_AUTH_PASSED", Kind::LoginSuccess, (" user_name: ", ", Authentication "), " remote_ip: "),
    sentence("LOGIN_AUTH_REJECTED", Kind::LoginFailure, (" user_name: ", ", Failed "), " remote_ip: "),
];

/// Reads a message that is not of traffic.
pub(super) fn read<'a>(line: &Line<'a>, facility: &[u8], mnemonic: &[u8], text: &'a [u8], facts: &mut Facts) {
    match mnemonic {
        b"CONFIG_I" | b"VSHD_SYSLOG_CONFIG_I" | b"DB_COMMIT" => configured(line, text, facts),
        b"CFGLOG_LOGGEDCMD" => command(line, text, facts),
        b"SESSION_STATUS" => tunnel(line, text, facts),
        // What daemons of NX-OS say.
        b"SYSTEM_MSG" => daemon(line, text, facts),
        b"RESTART" if facility == b"SYS" => facts.about = Some(About::Restart),
        // `Reload requested by claire on vty0 (10.1.0.4). Reload Reason: Reload Command.`
        b"RELOAD" if facility == b"SYS" => {
            facts.about = Some(About::Restart);
            tell(line, &sentence("", Kind::Other, (" by ", " on "), "("), text, facts);
        }
        // `User u unlocked by claire on vty0 (10.1.0.4)`
        b"USER_UNLOCKED" => {
            facts.about = Some(About::Configuration);
            facts.target = line.text(between(text, b"User ", b" unlocked by ").unwrap_or_default());
            tell(line, &sentence("", Kind::Other, (" unlocked by ", " on "), "("), text, facts);
        }
        // Of the web server's failures the words are others: `Login Un-Successful from host 10.1.0.4 by user 'claire'`
        b"LOGIN_FAILED" if find(text, b" from host ").is_some() => {
            tell(line, &sentence("", Kind::LoginFailure, (" by user '", "' using crypto"), " from host "), text, facts);
        }
        _ => {
            let Some(sentence) = SENTENCES.iter().find(|sentence| sentence.mnemonic.as_bytes() == mnemonic) else { return };
            tell(line, sentence, text, facts);
            if mnemonic.ends_with(b"_USERAUTH") && !text.ends_with(b" Succeeded") {
                facts.kind = Kind::LoginFailure;
            }
            if mnemonic.starts_with(b"EZVPN_") {
                facts.group = line.text(word(after(text, b" Group=")));
                facts.assigned_ip = ip(word(after(text, b" Assigned_client_addr=")));
            }
            if facts.kind == Kind::LoginFailure
                && let Some(at) = rfind(text, b"[Reason: ")
            {
                facts.reason = line.text(between(cut(text, at).1, b"[Reason: ", b"]").unwrap_or_default());
            }
        }
    }
}

/// Takes up what a sentence says.
fn tell<'a>(line: &Line<'a>, sentence: &Sentence, text: &'a [u8], facts: &mut Facts) {
    facts.kind = sentence.kind;
    let (open, close) = sentence.user;
    let start = find(text, open.as_bytes()).filter(|_| !open.is_empty());
    let (before, rest) = cut(text, start.unwrap_or(0));
    let mut behind = rest;
    if start.is_some() {
        let rest = cut(rest, open.len()).1;
        // The last one: a name may hold the words that follow it.
        let quote = || rest.iter().rposition(|&b| b == b'\'').filter(|_| close.starts_with('\''));
        let end = if close.is_empty() { Some(rest.len()) } else { rfind(rest, close.as_bytes()).or_else(quote) };
        let Some(end) = end else { return };
        let (login, words) = cut(rest, end);
        behind = words;
        line.login(given(trim(login)), Escape::None, facts);
    }
    if !sentence.address.is_empty() {
        let key = sentence.address.as_bytes();
        let place = if find(behind, key).is_some() { behind } else { before };
        let (address, port) = ip_port(word(after(place, key))).map_or((None, None), |(ip, port)| (Some(ip), port));
        (facts.source_ip, facts.source_port) = (address.filter(|ip| !ip.is_unspecified()), port);
    }
}

/// `Configured from console by claire on vty0 (10.1.0.4)`, `Configured from console by vty1 (10.1.0.4)`, of NX-OS
/// `Configured from vty by claire on 10.1.0.4@pts/0`, of IOS XR `Configuration committed by user 'claire'. Use 'show …`
fn configured<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    facts.about = Some(About::Configuration);
    let who = after(text, b" by ");
    let person = match who.strip_prefix(b"user '") {
        Some(quoted) => until(quoted, b'\'').map(|(name, _)| name),
        None => rfind(who, b" on ").map(|at| cut(who, at).0).or_else(|| find(who, b", transaction-id").map(|at| cut(who, at).0)),
    };
    line.login(person.unwrap_or_default(), Escape::None, facts);
    let place = rfind(who, b" on ").map_or(who, |at| cut(who, at + 4).1);
    let address = between(place, b"(", b")").or_else(|| until(place, b'@').map(|(address, _)| address));
    facts.source_ip = address.and_then(ip).filter(|ip| !ip.is_unspecified());
}

/// `User:claire  logged command:interface Vlan10`; what only looks has `!exec:` in front.
fn command<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    let Some((login, command)) = text.strip_prefix(b"User:").and_then(|rest| Some(cut(rest, find(rest, b" logged command:")?))) else {
        return;
    };
    line.login(given(trim(login)), Escape::None, facts);
    let command = trim(after(command, b"command:"));
    facts.private = line.text(command);
    if !command.starts_with(b"!exec:") {
        facts.about = Some(About::Configuration);
        facts.target = line.text(word(command.strip_prefix(b"no ").unwrap_or(command)));
    }
}

/// `Crypto tunnel is UP  .  Peer 198.51.100.23:4500  f_vrf:  Username: u  Group: G  Id: u`; without a name it is one between gateways.
fn tunnel<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    let state = after(text, b"tunnel is ");
    facts.kind = match state {
        [b'U', b'P', ..] => Kind::SessionStart,
        [b'D', b'O', b'W', b'N', ..] => Kind::SessionEnd,
        _ => return,
    };
    if let Some((address, port)) = ip_port(word(after(state, b"Peer "))) {
        (facts.source_ip, facts.source_port) = (Some(address), port);
    }
    let names = after(state, b"Username: ");
    let login = cut(names, rfind(names, b" Group:").or_else(|| rfind(names, b" Id:")).unwrap_or(names.len())).0;
    line.login(given(trim(login)), Escape::None, facts);
    facts.group = line.text(given(word(after(names, b"Group: "))));
    // A phone or a notebook shows a name of its own kind, a gateway its address or its name in the network.
    let id = word(after(state, b"Id: "));
    let is_gateway = id.is_empty() || ip(id).is_some() || (id.contains(&b'.') && !id.contains(&b'@') && !id.contains(&b'*'));
    if facts.user.is_empty() && is_gateway {
        facts.peer = facts.source_ip;
    }
}

/// `pam_aaa:Authentication failed for user claire from 10.1.0.4 - sshd[4711]`,
/// `error: PAM: Authentication failure for illegal user root from 198.51.100.23 - sshd[4711]`
fn daemon<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    let said = [
        (b"pam_aaa:Authentication failed for user ".as_slice(), Kind::LoginFailure),
        (b"pam_aaa:Authentication failed from ", Kind::LoginFailure),
        (b"error: PAM: Authentication failure for illegal user ", Kind::LoginFailure),
        (b"error: PAM: Authentication failure for ", Kind::LoginFailure),
        (b"Failed password for invalid user ", Kind::LoginFailure),
        (b"Failed password for ", Kind::LoginFailure),
        (b"Accepted password for ", Kind::LoginSuccess),
        (b"Accepted keyboard-interactive/pam for ", Kind::LoginSuccess),
        (b"Accepted publickey for ", Kind::LoginSuccess),
    ];
    let Some((rest, kind)) = said.into_iter().find_map(|(words, kind)| Some((text.strip_prefix(words)?, kind))) else { return };
    facts.kind = kind;
    match rfind(rest, b" from ") {
        Some(at) => {
            let (login, place) = cut(rest, at);
            line.login(login, Escape::None, facts);
            facts.source_ip = ip(word(after(place, b" from ")));
        }
        None => facts.source_ip = ip(word(rest)),
    }
}

/// What stands behind `key`; nothing if there is none.
fn after<'a>(text: &'a [u8], key: &[u8]) -> &'a [u8] {
    find(text, key).and_then(|at| text.get(at + key.len()..)).unwrap_or_default()
}

/// Everything up to a blank, a comma, a quote or a bracket.
fn word(text: &[u8]) -> &[u8] {
    cut(text, text.iter().position(|b| matches!(b, b' ' | b',' | b'\'' | b']' | b')')).unwrap_or(text.len())).0
}

/// A name, unless it stands for none.
fn given(login: &[u8]) -> &[u8] {
    if matches!(login, b"unknown" | b"console" | b"(none)" | b"N/A" | b"[*]") || ip(login).is_some() { &[] } else { login }
}

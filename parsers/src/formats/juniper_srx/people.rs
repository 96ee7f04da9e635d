//! People at the device's doors, and what administrators change.

use super::{Message, given};
use crate::atoms::{Pair, Pairs, between, cut, find, ip, number, rfind, trim, until};
use crate::{About, Escape, Facts, Kind, Line};

/// What the tags of people mean.
const KINDS: &[(&[u8], Kind)] = &[
    (b"UI_AUTH_EVENT", Kind::LoginSuccess),
    (b"UI_LOGIN_EVENT", Kind::LoginSuccess),
    (b"UI_LOGOUT_EVENT", Kind::Logout),
    (b"UI_AUTH_INVALID_CHALLENGE", Kind::LoginFailure),
    (b"LOGIN_INFORMATION", Kind::LoginSuccess),
    (b"LOGIN_ROOT", Kind::LoginSuccess),
    (b"LOGIN_FAILED", Kind::LoginFailure),
    (b"LOGIN_PAM_AUTHENTICATION_ERROR", Kind::LoginFailure),
    (b"LOGIN_PAM_USER_UNKNOWN", Kind::LoginFailure),
    (b"LOGIN_PAM_ERROR", Kind::LoginFailure),
    (b"SSHD_LOGIN_FAILED", Kind::LoginFailure),
    (b"PAM_USER_LOCK_LOGIN_REQUESTS_DENIED", Kind::LoginFailure),
    (b"WEB_AUTH_SUCCESS", Kind::LoginSuccess),
    (b"WEB_AUTH_FAIL", Kind::LoginFailure),
    (b"JADE_AUTH_SUCCESS", Kind::LoginSuccess),
    (b"JADE_AUTH_FAILURE", Kind::LoginFailure),
    (b"FWAUTH_FTP_USER_AUTH_ACCEPTED", Kind::LoginSuccess),
    (b"FWAUTH_FTP_USER_AUTH_FAIL", Kind::LoginFailure),
    (b"FWAUTH_HTTP_USER_AUTH_ACCEPTED", Kind::LoginSuccess),
    (b"FWAUTH_HTTP_USER_AUTH_FAIL", Kind::LoginFailure),
    (b"FWAUTH_HTTP_USER_AUTH_OK", Kind::LoginSuccess),
    (b"FWAUTH_TELNET_USER_AUTH_ACCEPTED", Kind::LoginSuccess),
    (b"FWAUTH_TELNET_USER_AUTH_FAIL", Kind::LoginFailure),
    (b"FWAUTH_WEBAUTH_SUCCESS", Kind::LoginSuccess),
    (b"FWAUTH_WEBAUTH_FAIL", Kind::LoginFailure),
    (b"DYNAMIC_VPN_AUTH_OK", Kind::LoginSuccess),
    (b"DYNAMIC_VPN_AUTH_FAIL", Kind::LoginFailure),
    (b"DYNAMIC_VPN_AUTH_INVALID", Kind::LoginFailure),
    (b"DYNAMIC_VPN_AUTH_NO_CONFIG", Kind::LoginFailure),
    (b"DYNAMIC_VPN_AUTH_NO_LICENSE", Kind::LoginFailure),
    (b"DYNAMIC_VPN_CONN_EST_NOTIFY", Kind::SessionStart),
    (b"DYNAMIC_VPN_CONN_DEL_NOTIFY", Kind::SessionEnd),
];

/// Reads a message that may be of a person.
pub(super) fn event<'a>(line: &Line<'a>, message: &Message<'a>, facts: &mut Facts) {
    let Message { tag, data, text } = *message;
    facts.kind = KINDS.iter().find(|(known, _)| *known == tag).map_or(Kind::Other, |&(_, kind)| kind);
    for Pair { key, value, escape } in Pairs::new(data) {
        match key {
            b"username" | b"user-name" | b"user" if facts.user.is_empty() => line.login(given(value), escape, facts),
            b"source-address" | b"client-address" | b"remote-address" | b"host-name" => {
                facts.source_ip = facts.source_ip.or_else(|| ip(value));
            }
            b"source-port" => facts.source_port = facts.source_port.or_else(|| number(value)),
            b"destination-address" => facts.destination_ip = facts.destination_ip.or_else(|| ip(value)),
            b"destination-port" => facts.destination_port = facts.destination_port.or_else(|| number(value)),
            b"class-name" if facts.group.is_empty() => facts.group = line.escaped(value, escape),
            b"ssh-connection" => connection(value, facts),
            b"command" => facts.private = line.escaped(value, escape),
            _ => {}
        }
    }
    if text.is_empty() {
        return;
    }
    if facts.user.is_empty() {
        subject(line, text, facts);
    }
    match tag {
        b"UI_LOGIN_EVENT" => {
            // Behind the name, and set by the gateway.
            connection(last_between(text, b"ssh-connection '", b"'").unwrap_or_default(), facts);
            facts.group = line.text(last_between(text, b"class '", b"'").unwrap_or_default());
        }
        b"UI_AUTH_EVENT" => facts.group = line.text(last_between(text, b"class '", b"'").unwrap_or_default()),
        b"UI_CMDLINE_READ_LINE" | b"UI_NETCONF_CMD" | b"UI_JUNOSCRIPT_CMD" => {
            let command = find(text, b"command '").map(|at| cut(text, at + 9).1).unwrap_or_default();
            facts.private = line.text(cut(command, rfind(command, b"'").unwrap_or(command.len())).0);
        }
        b"UI_REBOOT_EVENT" | b"UI_HALT_EVENT" | b"SYSTEM_OPERATIONAL" | b"SYSTEM_ABNORMAL_SHUTDOWN" => facts.about = Some(About::Restart),
        // `User 'claire' restarting daemon 'IPSec Key Management'`
        b"UI_RESTART_EVENT" if find(text, b"IPSec").or_else(|| find(text, b"ipsec")).or_else(|| find(text, b"ike")).is_some() => {
            facts.about = Some(About::Restart);
        }
        _ => change(line, tag, text, facts),
    }
}

/// `10.1.0.4 53219 10.1.0.1 22`: the client's end and the gateway's.
fn connection(ends: &[u8], facts: &mut Facts) {
    let mut ends = ends.split(|&b| b == b' ');
    facts.source_ip = ends.next().and_then(ip);
    facts.source_port = ends.next().and_then(number);
}

/// `User 'claire' set: [system login user fourn.chimere class] "super-user"`, `User 'claire' requested 'commit' operation (comment: none)`
fn change<'a>(line: &Line<'a>, tag: &[u8], text: &'a [u8], facts: &mut Facts) {
    if tag.starts_with(b"UI_CFG_AUDIT_") {
        facts.about = Some(About::Configuration);
        let (said, _) = until(text, b'[').unwrap_or((text, &[]));
        let verb = trim(rfind(said, b"' ").map_or(&[] as &[u8], |at| cut(said, at + 2).1));
        facts.action = line.text(verb.strip_suffix(b":").unwrap_or(verb));
        facts.target = line.text(between(text, b"[", b"]").unwrap_or_default());
    } else if matches!(
        tag,
        b"UI_COMMIT" | b"UI_COMMIT_AT" | b"UI_LOAD_EVENT" | b"UI_FACTORY_OPERATION" | b"UI_RESCUE_OPERATION" | b"UI_INITIALSETUP_OPERATION"
    ) {
        facts.about = Some(About::Configuration);
        if let Some(what) = between(text, b" requested '", b"'").or_else(|| between(text, b"performing a '", b"'")) {
            facts.action = line.text(what);
        }
    }
}

/// Who, and from where: `Login failed for user 'x' from host '198.51.100.23'`, `User fourn.chimere of group g at 198.51.100.23 is accepted`,
/// `Token fourn.chimere is invalid`, `System rebooted by 'claire'`.
fn subject<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    const NAMES: [&[u8]; 7] = [b"ser '", b"(username ", b" by '", b"ser ", b"sername ", b"oken ", b"client "];
    let Some((key, at)) = NAMES.into_iter().find_map(|key| find(text, key).map(|at| (key, at))) else { return };
    let (_, rest) = cut(text, at + key.len());
    // The last one of a door's sentence is the device's; other sentences quote what somebody typed.
    let places = [b" from host ".as_slice(), b" at ", b" from "];
    let place = places.into_iter().filter(|_| facts.kind != Kind::Other).find_map(|key| rfind(rest, key).map(|at| (key, at)));
    let (name, address) = match place {
        Some((key, at)) => (cut(rest, at).0, cut(rest, at + key.len()).1),
        None => (rest, &[] as &[u8]),
    };
    let address = until(address, b' ').map_or(address, |(word, _)| word);
    facts.source_ip =
        facts.source_ip.or_else(|| ip(address.strip_prefix(b"'").map_or(address, |word| word.strip_suffix(b"'").unwrap_or(word))));
    let login = match key {
        _ if key.ends_with(b"'") && place.is_some() && name.ends_with(b"'") => name.strip_suffix(b"'").unwrap_or(name),
        _ if key.ends_with(b"'") => until(name, b'\'').map_or(name, |(name, _)| name),
        b"(username " => until(name, b')').map_or(name, |(name, _)| name),
        _ => cut(name, name.iter().position(|&b| matches!(b, b' ' | b',')).unwrap_or(name.len())).0,
    };
    line.login(given(login), Escape::None, facts);
    if let Some(group) = between(name, b" of group ", b" ").or_else(|| find(name, b" of group ").map(|at| cut(name, at + 10).1)) {
        facts.group = line.text(group);
    }
}

fn last_between<'a>(text: &'a [u8], open: &[u8], close: &[u8]) -> Option<&'a [u8]> {
    between(cut(text, rfind(text, open)?).1, open, close)
}

//! Administrators: the audit log. What they typed is nobody's business, only its verb is.

use crate::atoms::{cut, find, ip, ip_port, rfind, trim, until};
use crate::{About, Escape, Facts, Kind, Line};

/// Reads what follows `AUDIT - `.
pub(super) fn event<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    if let Some(at) = find(text, b"(pam_audit): ").or_else(|| find(text, b"(mod_auth_pam): ")) {
        let (_, rest) = cut(text, at);
        door(line, cut(rest, find(rest, b": ").unwrap_or(0) + 2).1, facts);
    } else if text.starts_with(b"pid=") {
        shell(line, text, facts);
    } else {
        transaction(line, text, facts);
    }
}

/// Whether the door itself speaks, without the audit log's words in front.
pub(super) fn is_door(line: &Line<'_>) -> bool {
    let user = line.body.starts_with(b"user=") || line.body.starts_with(b"User=");
    line.head.app.ends_with(b"(pam_audit)") && user || line.head.app == b"httpd" && refused(line.body).is_some()
}

const NOT: &[u8] = b"' - not authenticated";

/// `[error] [client 10.1.0.4] AUTHCACHE PAM: user 'claire' - not authenticated: Authentication failure, referer: …`: the web
/// server's own words. Address, and the login with what follows.
fn refused(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (before, rest) = cut(text, find(cut(text, 160).0, b"] AUTHCACHE PAM: user '")?);
    let (_, address) = cut(before, find(before, b"[client ")?);
    Some((cut(address, 8).1, cut(rest, 23).1)).filter(|_| rfind(rest, NOT).is_some())
}

/// How BIG-IP's own PAM module begins, whichever door asks it.
pub(super) const AUTHORIZED: &[u8] = b"pam_bigip_authz: authenticated user ";

/// `claire with role 0 (Administrator) in partition [All]`
pub(super) fn authorized<'a>(line: &Line<'a>, rest: &'a [u8], facts: &mut Facts) {
    facts.kind = Kind::LoginSuccess;
    line.login(cut(rest, rfind(rest, b" with role ").unwrap_or(rest.len())).0, Escape::None, facts);
}

/// `user=claire(claire) partition=[All] level=Administrator tty=(unknown) host=10.1.0.4 attempts=1 start="…" end="…"`,
/// `User=x tty=(unknown) host=10.1.0.4 failed to login after 1 attempts (start="…" end="…").`
///
/// The line is written once at the beginning, and again with the end. A name that fails may hold anything: the last host is the door's.
pub(super) fn door<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    if let Some((address, rest)) = refused(text) {
        facts.kind = Kind::LoginFailure;
        facts.source_ip = ip_port(address).map(|(address, _)| address);
        let (login, reason) = cut(rest, rfind(rest, NOT).unwrap_or(rest.len()));
        line.login(login, Escape::None, facts);
        let reason = cut(reason, NOT.len()).1.strip_prefix(b": ").unwrap_or_default();
        facts.reason = line.text(cut(reason, find(reason, b", referer: ").unwrap_or(reason.len())).0);
        return;
    }
    let failed = find(text, b" failed to login").is_some();
    facts.kind = match (failed, find(text, b" end=\"").is_some()) {
        (true, _) => Kind::LoginFailure,
        (false, false) => Kind::LoginSuccess,
        (false, true) => Kind::Logout,
    };
    let Some(rest) = text.strip_prefix(b"user=").or_else(|| text.strip_prefix(b"User=")) else { return };
    let end = rfind(rest, b" partition=").or_else(|| rfind(rest, b" tty=")).unwrap_or(rest.len());
    let (login, rest) = cut(rest, end);
    // `claire(claire)`: the name, and the name of the account that it stands for.
    let login = if login.ends_with(b")") { until(login, b'(').map_or(login, |(name, _)| name) } else { login };
    line.login(login, Escape::None, facts);
    facts.source_ip = rfind(rest, b" host=").and_then(|at| {
        let host = cut(rest, at + 6).1;
        ip(until(host, b' ').map_or(host, |(host, _)| host))
    });
}

/// `pid=28791 user=claire folder=/Common module=(tmos)# status=[Command OK] cmd_data=modify auth user fourn.chimere …`
fn shell<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    let Some((head, command)) = find(text, b" cmd_data=").map(|at| cut(text, at)) else { return };
    let command = trim(cut(command, 10).1);
    facts.private = line.text(command);
    let value = |key: &[u8]| {
        let rest = cut(head, find(head, key)? + key.len()).1;
        Some(until(rest, b' ').map_or(rest, |(value, _)| value))
    };
    line.login(value(b" user=").unwrap_or_default(), Escape::None, facts);
    let (verb, _) = until(command, b' ').unwrap_or((command, &[]));
    changed(line, verb, find(head, b"status=[Command OK]").is_some(), facts);
}

/// `client tmui, user claire - transaction #52-2 - object 0 - modify { user { user_name "fourn.chimere" } } [Status=Command OK]`
fn transaction<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    let Some(at) = find(text, b"user ") else { return };
    let (_, rest) = cut(text, at + 5);
    let Some((login, rest)) = find(rest, b" - ").map(|at| cut(rest, at)) else { return };
    line.login(login, Escape::None, facts);
    let Some(at) = find(rest, b" - object ") else { return };
    let (_, object) = cut(rest, at + 10);
    let Some((_, command)) = find(object, b" - ").map(|at| cut(object, at)) else { return };
    let (verb, what) = until(cut(command, 3).1, b' ').unwrap_or_default();
    let what = trim(what.strip_prefix(b"{").unwrap_or(what));
    facts.private = line.text(what);
    facts.target = line.text(until(what, b' ').map_or(what, |(kind, _)| kind));
    changed(line, verb, find(what, b"[Status=Command OK]").is_some() || find(what, b"[Status=").is_none(), facts);
}

/// Tells a change by its verb.
fn changed<'a>(line: &Line<'a>, verb: &'a [u8], succeeded: bool, facts: &mut Facts) {
    facts.action = line.text(verb);
    // What is saved was changed before.
    let change = matches!(
        verb,
        b"create" | b"modify" | b"delete" | b"load" | b"install" | b"edit" | b"mv" | b"cp" | b"restore" | b"reset-stats" | b"obj_delete"
    );
    if change && succeeded && verb != b"reset-stats" {
        facts.about = Some(About::Configuration);
    } else if succeeded && matches!(verb, b"reboot" | b"restart" | b"shutdown") {
        facts.about = Some(About::Restart);
    }
}

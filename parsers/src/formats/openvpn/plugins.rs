//! What plug-ins, scripts and Access Server write beside OpenVPN: auth-pam, auth-ldap, pfSense's and OPNsense's PHP.

use super::Reader;
use super::client::{Client, user};
use crate::atoms::{between, cut, find, ip_port, rfind};
use crate::{Facts, Kind, Line};

/// Messages of plug-ins and scripts: they stand without the client's prefix, and quote what the client typed.
pub(super) const PLUGINS: &[(&[u8], Reader)] = &[
    (b"AUTH-PAM: BACKGROUND: user '", auth_pam),
    (b"PLUGIN AUTH-PAM: BACKGROUND: user '", auth_pam),
    (b"LDAP user \"", ldap_user),
    (b"Incorrect password supplied for LDAP DN", ldap),
    (b"LDAP bind failed", ldap),
    (b"ldap_bind with zero-length password", ldap),
    (b"Unable to bind as ", ldap),
    (b"user '", pfsense_login),
    (b"openvpn server '", pfsense_session),
    (b"AUTH SUCCESS {", access_server),
    (b"VPN Auth Failed: ", access_server),
    (b"Web login authentication failed: ", access_server),
];

/// `AUTH-PAM: BACKGROUND: user 'fourn.chimere' failed to authenticate: Authentication failure`, since 2.6 behind `PLUGIN `
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
    (facts.source_ip, facts.source_port) =
        ip_port(cut(address, b"' address '".len()).1).map_or((None, None), |(ip, port)| (Some(ip), port));
    user(line, name, facts);
}

/// `AUTH SUCCESS {'status': 0, 'user': 'fourn.chimere', 'reason': 'local auth succeeded', …}`, `VPN Auth Failed: {'status': 1, …}`,
/// `Web login authentication failed: {'status': 1, …}`
fn access_server<'a>(line: &Line<'a>, _: Client<'a>, rest: &'a [u8], facts: &mut Facts) {
    facts.kind = match between(rest, b"'status': ", b",") {
        Some(b"0") => Kind::LoginSuccess,
        Some(b"1") => Kind::LoginFailure,
        _ => return,
    };
    user(line, between(rest, b"'user': '", b"'").unwrap_or_default(), facts);
    facts.reason = line.text(between(rest, b"'reason': '", b"'").unwrap_or_default());
}

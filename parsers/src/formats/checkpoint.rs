//! Check Point gateways and management servers.
//!
//! Check Point, "Description of Fields in Check Point Logs" (sk144192) and "Log Exporter" (sk122323): one set of fields, in many
//! dresses, which [`dress`] takes off. What a record says is read from `action`, `operation` and the product.

mod dress;
mod gaia;

use self::dress::{Dress, Fields};
use crate::atoms::{cut, duration, find, ip, number, rfind, until};
use crate::formats::Format;
use crate::{About, Facts, Kind, Line, Stamps, Verdict};

/// The format's line in [`crate::FORMATS`].
pub(super) const FORMAT: Format = Format {
    name: "checkpoint",
    vendor: "Check Point",
    product: "VPN-1 & FireWall-1",
    covers: "Check Point gateways, remote access and administrators, from Log Exporter (syslog, CEF, LEEF, Splunk, JSON), exported tables and fw log",
    dresses: crate::Dress::ALL,
    looks_like,
    parse,
};

fn looks_like(line: &Line<'_>) -> bool {
    Dress::of(line).is_some() || gaia::looks_like(line)
}

fn parse(line: &Line<'_>, stamps: &mut Stamps, facts: &mut Facts) -> Option<()> {
    let Some(dress) = Dress::of(line) else { return gaia::event(line, facts) };
    let fields = dress.fields(line);
    facts.stamp = fields.stamp(stamps);
    facts.device = fields.text(line, if fields.origin.is_empty() { fields.hostname } else { fields.origin });
    facts.product = fields.text(line, fields.product);
    facts.action = fields.text(line, fields.action);
    facts.source_ip = ip(fields.src);
    facts.source_port = number(fields.source_port);
    facts.destination_ip = ip(fields.dst);
    facts.destination_port = number(fields.service);
    facts.client = fields.text(line, fields.machine);
    facts.group = fields.text(line, fields.group);
    facts.session = fields.text(line, fields.session);
    facts.country = fields.text(line, fields.country);
    facts.reason = fields.text(line, fields.reason);
    if fields.operation.is_empty() {
        // Of a machine's login the domain is nobody's.
        if !fields.user.is_empty() {
            facts.domain = fields.text(line, fields.domain);
        }
        user(line, &fields, fields.user, facts);
        event(line, &fields, facts);
    } else {
        administrator(line, &fields, facts);
    }
    Some(())
}

/// A login as the products write it: `fourn.chimere`, `Chimère Fournisseur (fourn.chimere)`, `CN=fourn.chimere,OU=…`.
fn user<'a>(line: &Line<'a>, fields: &Fields<'a>, written: &'a [u8], facts: &mut Facts) {
    let mut login = written;
    if let Some(inside) = login.strip_suffix(b")")
        && let Some(at) = rfind(inside, b" (")
    {
        login = cut(inside, at + 2).1;
    }
    if let Some(name) = login.strip_prefix(b"CN=").or_else(|| login.strip_prefix(b"cn=")) {
        login = until(name, b',').map_or(name, |(name, _)| name);
    }
    line.login(login, fields.escape, facts);
}

/// What somebody did with `SmartConsole`, an API or the management server.
///
/// `action` is `Accept` even where the login failed.
fn administrator<'a>(line: &Line<'a>, fields: &Fields<'a>, facts: &mut Facts) {
    facts.action = fields.text(line, fields.operation);
    let who = if fields.administrator.is_empty() { fields.user } else { fields.administrator };
    user(line, fields, who, facts);
    facts.source_ip = ip(fields.client_ip).or(facts.source_ip);
    let failed = says(fields.audit_status, b"fail") || says(fields.information, b"failed");
    facts.kind = match fields.operation {
        b"Log In" if failed => Kind::LoginFailure,
        b"Log In" => Kind::LoginSuccess,
        b"Log Out" | b"Forced Log Out" if !failed => Kind::Logout,
        b"Session Expired" | b"Disconnect" => Kind::SessionEnd,
        _ => Kind::Other,
    };
    if failed {
        facts.reason = fields.text(line, fields.information);
    } else if facts.kind == Kind::Other {
        facts.about = Some(About::Configuration);
        facts.target = fields.text(line, if fields.object.is_empty() { fields.subject } else { fields.object });
    }
}

/// What a gateway says.
fn event<'a>(line: &Line<'a>, fields: &Fields<'a>, facts: &mut Facts) {
    let failed = says(fields.auth_status, b"fail") || says(fields.status, b"fail") || says(fields.action, b"failed");
    let action = fields.action;
    let keys = is(action, b"Key Install") || is(action, b"keyinst");
    facts.kind = match () {
        () if is(action, b"Log In") || is(action, b"Failed Log In") || is(fields.event_type, b"Login") => {
            if failed {
                Kind::LoginFailure
            } else {
                Kind::LoginSuccess
            }
        }
        () if is(action, b"Log Out") || is(fields.event_type, b"Logout") => Kind::Logout,
        () if is(action, b"Authorize") => Kind::LoginSuccess,
        () if is(action, b"Deauthorize") || is(action, b"Disconnect") => Kind::SessionEnd,
        // Older gateways tell it in words.
        () if says(fields.reason, b"authenticated by ") => Kind::LoginSuccess,
        () if !facts.user.is_empty() && says(fields.reason, b"user name or password") => Kind::LoginFailure,
        () if !facts.user.is_empty() && says(fields.reason, b"authentication failed") => Kind::LoginFailure,
        // A client's keys; those of gateways name nobody.
        () if keys && !facts.user.is_empty() && says(fields.ike, b"completion") => Kind::SessionStart,
        () => Kind::Other,
    };
    facts.assigned_ip = ip(fields.office_mode_ip).filter(|address| !address.is_unspecified());
    match facts.kind {
        Kind::LoginSuccess | Kind::SessionStart => {
            if !fields.second_method.is_empty() {
                facts.mfa = Some(true);
            }
            gateway_side(facts);
        }
        Kind::LoginFailure | Kind::Logout | Kind::SessionEnd => {
            if facts.reason.is_empty() {
                facts.reason = fields.text(line, if failed { fields.auth_status } else { fields.status });
            }
            gateway_side(facts);
        }
        _ => traffic(fields, facts),
    }
    facts.source_bytes = number(fields.sent);
    facts.destination_bytes = number(fields.received);
    facts.duration = duration(fields.elapsed).or_else(|| number::<u64>(fields.elapsed)?.checked_mul(1_000_000_000));
}

/// Of a login the destination is the gateway itself.
fn gateway_side(facts: &mut Facts) {
    (facts.destination_ip, facts.destination_port) = (None, None);
}

/// A connection, if the record is of the firewall and not of what looks into connections.
fn traffic(fields: &Fields<'_>, facts: &mut Facts) {
    if facts.user.is_empty() {
        facts.peer = ip(fields.peer_gateway);
    }
    let firewall = [b"VPN-1" as &[u8], b"Firewall", b"Security Gateway", b"Multi-product", b"URL Filtering", b"Application Control"];
    // The IKE daemon's own words are no connection.
    let daemon = !fields.ike.is_empty() || is(fields.action, b"Key Install");
    let ends = facts.source_ip.is_some() && facts.destination_ip.is_some();
    if daemon || !ends || !(fields.product.is_empty() || firewall.iter().any(|name| fields.product.starts_with(name))) {
        return;
    }
    facts.kind = Kind::Traffic;
    let action = fields.action;
    let any = |names: &[&[u8]]| names.iter().any(|name| is(action, name));
    facts.verdict = match () {
        () if any(&[b"Accept", b"Allow", b"Encrypt", b"Decrypt", b"Authcrypt", b"Bypass", b"Inspect", b"VPN Routing"]) => {
            Some(Verdict::Allowed)
        }
        () if any(&[b"Drop", b"Reject", b"Block", b"Deny", b"Prevent"]) => Some(Verdict::Denied),
        () => None,
    };
}

/// Whether a value is a word, in capitals or not.
fn is(value: &[u8], word: &[u8]) -> bool {
    value.eq_ignore_ascii_case(word)
}

/// Whether a value holds words, which are given in small letters.
fn says(value: &[u8], words: &[u8]) -> bool {
    find(value, words).is_some() || value.windows(words.len()).any(|part| part.eq_ignore_ascii_case(words))
}

//! Rubycat PROVE IT.
//!
//! Rubycat, "PROVE IT: export of the audit log to a syslog server": one object of JSON an event, behind the cookie of CEE.
//!
//! `source` is the person, `service` the target, `context.authUserName` the account of the target, which many may share.

use crate::atoms::{Leaves, Once, find, ip, number, trim};
use crate::formats::Format;
use crate::{About, Dress, Facts, Kind, Line, Stamps, Text, stamp};

/// Rubycat's line of the table of formats.
pub(super) const FORMAT: Format = Format {
    name: "rubycat",
    vendor: "Rubycat",
    product: "PROVE IT",
    covers: "Rubycat PROVE IT: logins, sessions on targets, approvals, changes (JSON behind @cee:)",
    dresses: &[Dress::Json, Dress::Signs],
    looks_like,
    parse,
};

/// The object, with or without `@cee:` (which a BOM may precede).
fn object<'a>(line: &Line<'a>) -> Option<&'a [u8]> {
    let body = trim(line.body);
    let body = body.strip_prefix(b"@cee:").map_or(body, trim);
    body.starts_with(b"{").then_some(body)
}

fn looks_like(line: &Line<'_>) -> bool {
    object(line).is_some()
        && line.quotes_all(&[b"category", b"source", b"severity"])
        && line.quotes_any(&[b"realmName", b"componentId", b"softwareInfo"])
}

/// `@cee: {"category":"USER","context":{"authUserName":"adm-chimere"},"service":{"host":"10.20.4.11","name":"DPI","port":3389},"source":{"ip":"198.51.100.23","realmName":"ght.example","roles":["Chimère"],"sessionId":"20ed","userName":"fourn.chimere"},"timestamp":"2026-11-20T22:41:07.5+01:00","type":"USER_SERVICE_CONNECTION_SUCCESS"}`
fn parse(line: &Line<'_>, stamps: &mut Stamps, facts: &mut Facts) -> Option<()> {
    let mut kind: &[u8] = &[];
    let (mut category, mut state): (&[u8], &[u8]) = (&[], &[]);
    let mut realm = Text::default();
    let (mut requester, mut object_name) = (Text::default(), Text::default());
    for leaf in Leaves::new(object(line)?) {
        let text = line.escaped(leaf.value, leaf.escape);
        match leaf.path() {
            [b"type"] => {
                kind.once(leaf.value);
                facts.action.once(text);
            }
            [b"category"] => category.once(leaf.value),
            [b"timestamp"] => facts.stamp = stamps.body(leaf.value, stamp::any),
            [b"source", b"userName"] if facts.user.is_empty() => line.login(leaf.value, leaf.escape, facts),
            [b"source", b"realmName"] => realm.once(text),
            [b"source", b"roles"] => facts.group.once(text),
            [b"source", b"ip"] => facts.source_ip.once(ip(leaf.value)),
            [b"source", b"port"] => facts.source_port.once(number(leaf.value)),
            [b"source", b"sessionId"] => facts.session.once(text),
            [b"source", b"authenticationMode"] => facts.mfa.once(second_factor(leaf.value)),
            [b"service", b"host"] if facts.destination_ip.is_none() => {
                facts.destination_ip = ip(leaf.value);
                if facts.destination_ip.is_none() {
                    facts.target = text;
                }
            }
            [b"service", b"name"] => facts.target.once(text),
            [b"service", b"port"] => facts.destination_port.once(number(leaf.value)),
            [b"context", b"authUserName"] => facts.target_user.once(text),
            [b"reason"] | [b"context", b"reason" | b"cause" | b"error"] => facts.reason.once(text),
            [.., b"requesterUserName" | b"requesterName"] => requester.once(text),
            [b"status" | b"state"] => state.once(leaf.value),
            [b"name"] | [b"object" | b"target", b"name" | b"userName"] => object_name.once(text),
            _ => {}
        }
    }
    facts.domain.once(realm);
    facts.kind = kind_of(kind, state);
    let has = |words: &[&str]| words.iter().any(|word| find(kind, word.as_bytes()).is_some());
    if kind.starts_with(b"SYSTEM") && has(&["_STARTED", "_START", "_RESTART", "_REBOOT", "_BOOT"]) {
        facts.about = Some(About::Restart);
    } else if has(&["REQUEST", "APPROVAL"]) {
        if has(&["_ACCEPTED", "_APPROVED", "_GRANTED", "_VALIDATED"]) && !has(&["NOT_"]) {
            facts.about = Some(About::Approval);
            (facts.by, facts.user, facts.domain, facts.source_ip) = (facts.user, requester, Text::default(), None);
        }
    } else if category != b"SYSTEM"
        && has(&[
            "_CREATED",
            "_CREATION",
            "_UPDATED",
            "_UPDATE",
            "_MODIFIED",
            "_DELETED",
            "_DELETION",
            "_ADDED",
            "_REMOVED",
            "_ENABLED",
            "_DISABLED",
        ])
    {
        facts.about = Some(About::Configuration);
        facts.target.once(object_name);
    }
    Some(())
}

/// `PASSWORD`, `PASSWORD_TOTP`; what a directory elsewhere asked for is not known here.
fn second_factor(mode: &[u8]) -> Option<bool> {
    let more = ["OTP", "MFA", "2FA"].iter().any(|word| find(mode, word.as_bytes()).is_some());
    if more { Some(true) } else { (mode == b"PASSWORD").then_some(false) }
}

/// `USER_CONNECTION_SUCCESS`, `USER_SERVICE_DISCONNECTION_ON_INACTIVITY`: who, to what, what.
fn kind_of(kind: &[u8], state: &[u8]) -> Kind {
    let has = |word: &str| find(kind, word.as_bytes()).is_some();
    let failed = ["FAIL", "REFUSED", "DENIED", "REJECTED", "ERROR", "INVALID", "BLOCKED"]
        .iter()
        .any(|word| has(word) || find(state, word.as_bytes()).is_some());
    match (has("SERVICE"), has("DISCONNECTION") || has("LOGOUT"), has("CONNECTION") || has("LOGIN") || has("AUTHENTICATION")) {
        (true, true, _) => Kind::SessionEnd,
        (false, true, _) => Kind::Logout,
        // No target answered, or it wanted another password: the person is in all the same.
        (true, _, true) if failed => Kind::Other,
        (true, _, true) => Kind::SessionStart,
        (false, _, true) if failed => Kind::LoginFailure,
        (false, _, true) if has("SUCCESS") || kind.ends_with(b"CONNECTION") || kind.ends_with(b"LOGIN") => Kind::LoginSuccess,
        _ => Kind::Other,
    }
}

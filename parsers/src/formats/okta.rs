//! Okta's System Log.
//!
//! Okta, "System Log API" and "Event Types". `eventType` says what happened, `outcome.result` how it went, `actor` who did it.

use crate::atoms::{Leaves, Once, ip};
use crate::formats::Format;
use crate::{About, Dress, Escape, Facts, Kind, Line, Stamps, stamp};

/// The line of Okta in the table of formats.
pub(super) const FORMAT: Format = Format {
    name: "okta",
    vendor: "Okta",
    product: "Okta",
    covers: "Okta System Log events (JSON)",
    dresses: &[Dress::Json],
    looks_like,
    parse,
};

fn looks_like(line: &Line<'_>) -> bool {
    line.body.starts_with(b"{") && line.quotes_all(&[b"eventType", b"published", b"actor"])
}

#[derive(Default)]
struct Fields<'a> {
    event: &'a [u8],
    result: &'a [u8],
    actor: &'a [u8],
    actor_kind: &'a [u8],
    /// The first target's.
    target: &'a [u8],
    target_name: &'a [u8],
    /// The kind of the target that is being read, its name, and the first one that is a person's.
    target_kind: &'a [u8],
    target_user: &'a [u8],
    method: &'a [u8],
    session: &'a [u8],
    root_session: &'a [u8],
}

/// ```text
/// {"published":"2026-11-20T21:41:07.123Z","eventType":"user.session.start","outcome":{"result":"SUCCESS"},"actor":{"type":"User","alternateId":"fourn.chimere@ght.example"},"client":{"ipAddress":"198.51.100.23"}}
/// ```
fn parse(line: &Line<'_>, stamps: &mut Stamps, facts: &mut Facts) -> Option<()> {
    let mut fields = Fields::default();
    let mut chain = None;
    for leaf in Leaves::new(line.body) {
        let value = leaf.value;
        let text = line.escaped(value, leaf.escape);
        // Hooks deliver the event inside of others.
        let path = leaf.path();
        let path = path.strip_prefix(&[b"data" as &[u8], b"events"]).or_else(|| path.strip_prefix(&[b"detail" as &[u8]])).unwrap_or(path);
        match path {
            [b"published"] => facts.stamp = stamps.body(value, stamp::any),
            [b"eventType"] if value != b"com.okta.event_hook" => fields.event.once(value),
            [b"outcome", b"result"] => fields.result.once(value),
            [b"outcome", b"reason"] => facts.reason.once(text),
            [b"actor", b"alternateId"] => fields.actor.once(value),
            [b"actor", b"type"] => fields.actor_kind.once(value),
            [b"client", b"ipAddress"] => facts.source_ip.once(ip(value)),
            [b"request", b"ipChain", b"ip"] => chain.once(ip(value)),
            [b"client", b"geographicalContext", b"country"] => facts.country.once(text),
            [b"target", b"type"] => fields.target_kind = value,
            [b"target", b"alternateId"] => {
                if fields.target_kind == b"User" || fields.target_kind == b"AppUser" {
                    fields.target_user.once(value);
                }
                if value != b"unknown" {
                    fields.target.once(value);
                }
            }
            [b"target", b"displayName"] => fields.target_name.once(value),
            [b"target", b"detailEntry", b"methodTypeUsed"] => fields.method.once(value),
            [b"authenticationContext", b"externalSessionId"] => fields.session.once(value),
            [b"authenticationContext", b"rootSessionId"] => fields.root_session.once(value),
            _ => {}
        }
    }
    let text = |value| line.escaped(value, Escape::Json);
    facts.source_ip.once(chain);
    facts.action = text(fields.event);
    // Some directories end an account's name in a backslash.
    line.login(fields.actor.strip_suffix(br"\\").unwrap_or(fields.actor), Escape::Json, facts);
    facts.session = [fields.session, fields.root_session]
        .into_iter()
        .filter(|id| *id != b"unknown")
        .map(text)
        .find(|id| !id.is_empty())
        .unwrap_or_default();
    let outcome = Outcome::of(fields.result);
    facts.kind = kind(fields.event, outcome);
    // What Okta does on somebody's behalf is nobody's login: the session that follows bears the name.
    if fields.actor_kind == b"SystemPrincipal" && facts.kind != Kind::Other {
        facts.kind = Kind::Other;
        facts.target_user = text(fields.target_user);
    }
    let is_second = fields.event == b"user.authentication.auth_via_mfa" && fields.method != b"Password";
    facts.mfa = (is_second && facts.kind == Kind::LoginSuccess).then_some(true);
    // One's own password and factors are nobody else's business, and what Okta does by itself, a directory's import among it, is nobody's.
    let is_own = fields.actor == fields.target && OWN.iter().any(|family| fields.event.starts_with(family.as_bytes()));
    if is_change(fields.event) && outcome != Outcome::Refused && !is_own && fields.actor_kind != b"SystemPrincipal" {
        facts.about = Some(About::Configuration);
        facts.target = [fields.target, fields.target_name].into_iter().map(text).find(|target| !target.is_empty()).unwrap_or_default();
    }
    (!fields.event.is_empty()).then_some(())
}

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Granted,
    Refused,
    /// A challenge, something skipped, nobody answered.
    Open,
}

impl Outcome {
    fn of(result: &[u8]) -> Outcome {
        match result {
            b"SUCCESS" | b"ALLOW" => Outcome::Granted,
            b"FAILURE" | b"DENY" | b"RATE_LIMIT" => Outcome::Refused,
            _ => Outcome::Open,
        }
    }
}

fn kind(event: &[u8], outcome: Outcome) -> Kind {
    match (event, outcome) {
        (b"user.session.end" | b"user.authentication.slo" | b"user.authentication.universal_logout", Outcome::Granted) => Kind::Logout,
        (b"user.session.clear" | b"user.session.expire", Outcome::Granted) => Kind::SessionEnd,
        // What a policy thinks of a sign-in is no sign-in, unless it ends it.
        (b"user.mfa.okta_verify.deny_push", _) | (b"policy.evaluate_sign_on" | b"user.session.start", Outcome::Refused) => {
            Kind::LoginFailure
        }
        (b"user.session.start", Outcome::Granted) => Kind::LoginSuccess,
        (event, Outcome::Granted) if event.starts_with(b"user.authentication.") => Kind::LoginSuccess,
        (event, Outcome::Refused) if event.starts_with(b"user.authentication.") => Kind::LoginFailure,
        _ => Kind::Other,
    }
}

/// Families of events in which people change what is their own.
const OWN: &[&str] = &["user.account.", "user.mfa.factor."];

/// Families of events that change users, groups, policies, applications, factors, keys and the organisation itself.
const CHANGES: &[&str] = &[
    "user.lifecycle.",
    "user.account.",
    "user.mfa.factor.",
    "user.import.",
    "group.",
    "policy.lifecycle.",
    "policy.rule.",
    "application.lifecycle.",
    "application.user_membership.",
    "application.policy.",
    "application.configuration.",
    "app.oauth2.as.",
    "system.api_token.",
    "system.idp.",
    "system.org.",
    "system.log_stream.",
    "system.mfa.",
    "system.feature.",
    "security.",
    "zone.",
    "network_zone.",
    "iam.",
    "oauth2.",
];

fn is_change(event: &[u8]) -> bool {
    let family = CHANGES.iter().any(|family| event.starts_with(family.as_bytes()));
    // A lock comes of failures, access to an account is none, a threat is Okta's own finding.
    family
        && !matches!(event, b"user.account.lock" | b"user.account.lock.limit" | b"user.account.access" | b"security.request.blocked")
        && !event.starts_with(b"security.threat.")
        && !event.starts_with(b"security.attack.")
}

//! Duo Security: authentication, administrator, activity, offline and telephony logs of the Admin API, and the Authentication Proxy's events.
//!
//! Duo, "Admin API", sections "Authentication Logs", "Administrator Logs", "Activity Logs", "Telephony Logs"; "Authentication Proxy Reference",
//! section "Authentication Event Logging". What an administrator did stands in a JSON text of its own, inside of `description`.

mod proxy;

use crate::atoms::{Leaf, Leaves, Once, ip, split_login};
use crate::formats::Format;
use crate::{About, Dress, Escape, Facts, Kind, Line, Stamp, Stamps};

/// The line of Duo in the table of formats.
pub(super) const FORMAT: Format = Format {
    name: "duo",
    vendor: "Duo Security",
    product: "Duo",
    covers: "Duo authentication, administrator, activity and telephony logs (JSON), Duo Authentication Proxy",
    dresses: &[Dress::Json, Dress::Signs],
    looks_like,
    parse,
};

fn looks_like(line: &Line<'_>) -> bool {
    if line.dress != Dress::Json {
        return proxy::message(line.body).is_some();
    }
    line.quotes_any(&[b"isotimestamp", b"telephony_id"])
        || line.quotes_all(&[b"activity_id", b"akey"])
        || line.quotes(b"txid") && line.quotes_any(&[b"access_device", b"integration"])
        || line.quotes_all(&[b"auth_stage", b"server_section"])
        || line.quotes(b"eventtype") && line.quotes_any(&[b"auth_log", b"authentication", b"admin_log", b"administrator"])
}

#[derive(Default)]
struct Fields<'a> {
    action: &'a [u8],
    result: &'a [u8],
    factor: &'a [u8],
    event: &'a [u8],
    stage: &'a [u8],
    status: &'a [u8],
    user: &'a [u8],
    email: &'a [u8],
    object: &'a [u8],
    application: &'a [u8],
    message: &'a [u8],
    iso: &'a [u8],
    seconds: &'a [u8],
    written: &'a [u8],
}

/// ```text
/// {"event_type":"authentication","isotimestamp":"2026-11-20T21:41:07+00:00","user":{"name":"fourn.chimere"},"factor":"duo_push","result":"success","reason":"user_approved","access_device":{"ip":"198.51.100.23"},"txid":"340a"}
/// {"action":"admin_login","username":"Astreinte DSI","description":"{\"ip_address\": \"198.51.100.23\", \"factor\": \"push\"}","isotimestamp":"2026-11-20T21:41:07+00:00"}
/// ```
fn parse(line: &Line<'_>, stamps: &mut Stamps, facts: &mut Facts) -> Option<()> {
    if let Some((_, text)) = proxy::message(line.body) {
        proxy::parse(line, text, facts);
        return Some(());
    }
    let mut fields = Fields::default();
    for leaf in Leaves::new(line.body) {
        fields.set(line, &leaf, facts);
        if leaf.path() == [b"description"] {
            for leaf in Leaves::within_string(leaf.value) {
                described(line, &leaf, &mut fields, facts);
            }
        }
    }
    let text = |value| line.escaped(value, Escape::Json);
    facts.stamp = [fields.iso, fields.written, fields.seconds]
        .into_iter()
        .map(|written| stamps.body(written, super::cef::plain::time))
        .find(|&at| at != Stamp::None)
        .unwrap_or_default();
    if !fields.user.is_empty() {
        line.login(fields.user, Escape::Json, facts);
    } else if !fields.email.is_empty() {
        let (user, domain) = split_login(fields.email, Escape::JsonTwice);
        (facts.user, facts.domain) = (line.escaped(user, Escape::JsonTwice), line.escaped(domain, Escape::JsonTwice));
    }
    facts.target = text(fields.application);
    if !fields.stage.is_empty() {
        stage(&fields, facts);
        facts.reason.once(text(fields.message));
    } else if fields.result.is_empty() {
        facts.action = text(fields.action);
        administrator(&fields, facts);
        if facts.about.is_some() {
            facts.target = text(fields.object);
        }
    } else {
        facts.action = text(fields.factor);
        authentication(&fields, line, facts);
    }
    if facts.kind == Kind::LoginSuccess {
        facts.reason = crate::Text::default();
    }
    // Each of the logs bears its time.
    (facts.stamp != Stamp::None).then_some(())
}

fn authentication(fields: &Fields<'_>, line: &Line<'_>, facts: &mut Facts) {
    if fields.event == b"enrollment" {
        return;
    }
    let is = |word: &[u8]| fields.result.eq_ignore_ascii_case(word);
    if is(b"success") {
        facts.kind = Kind::LoginSuccess;
        // Let in without being asked: a policy, a known network, a bypass.
        let reason = facts.reason.raw(line.whole);
        let unasked = [b"bypass" as &[u8], b"Bypass", b"allow", b"Allow", b"trusted_network", b"Trusted Network", b"trusted_location"]
            .into_iter()
            .any(|word| reason.starts_with(word));
        let factor = !matches!(fields.factor, b"" | b"not_available" | b"n/a" | b"N/A" | b"bypass_status");
        facts.mfa = Some(factor && !unasked);
    } else if is(b"denied") || is(b"denial") || is(b"failure") || is(b"fraud") || is(b"error") {
        facts.kind = Kind::LoginFailure;
        // `fraud` is the user's own word: it was not them.
        if facts.reason.is_empty() || is(b"fraud") {
            facts.reason = line.escaped(fields.result, Escape::Json);
        }
    }
}

/// The proxy tells of each stage: only the last one opens the door, any one may close it.
fn stage(fields: &Fields<'_>, facts: &mut Facts) {
    facts.kind = match fields.status {
        b"Allow" if fields.stage == b"Secondary authentication" => Kind::LoginSuccess,
        b"Reject" | b"Error" => Kind::LoginFailure,
        _ => Kind::Other,
    };
    if facts.kind == Kind::LoginSuccess {
        facts.mfa = Some(!fields.factor.is_empty());
    }
}

fn administrator(fields: &Fields<'_>, facts: &mut Facts) {
    match fields.action {
        b"admin_login" | b"admin_login_success" => facts.kind = Kind::LoginSuccess,
        b"admin_login_error" | b"admin_login_failure" | b"admin_2fa_error" => facts.kind = Kind::LoginFailure,
        b"admin_logout" => facts.kind = Kind::Logout,
        _ => {}
    }
    // Names of actions end in what was done.
    let done = [b"_create" as &[u8], b"_update", b"_delete", b"_enable", b"_disable", b"_import", b"_sync", b"_activate", b"_password"];
    if facts.kind == Kind::Other && done.into_iter().any(|word| fields.action.ends_with(word)) {
        facts.about = Some(About::Configuration);
    } else if facts.kind == Kind::LoginSuccess && !fields.factor.is_empty() {
        facts.mfa = Some(true);
    }
}

/// What stands in the description of an administrator's action.
fn described<'a>(line: &Line<'a>, leaf: &Leaf<'a>, fields: &mut Fields<'a>, facts: &mut Facts) {
    match leaf.path() {
        [b"ip_address"] => facts.source_ip.once(ip(leaf.value)),
        [b"factor"] => fields.factor.once(leaf.value),
        [b"email"] => fields.email.once(leaf.value),
        [b"error"] => facts.reason.once(line.escaped(leaf.value, leaf.escape)),
        _ => {}
    }
}

impl<'a> Fields<'a> {
    fn set(&mut self, line: &Line<'a>, leaf: &Leaf<'a>, facts: &mut Facts) {
        let value = leaf.value;
        let field = match leaf.path() {
            [b"action"] | [b"action", b"name"] => &mut self.action,
            [b"result"] => &mut self.result,
            [b"factor"] => &mut self.factor,
            [b"event_type"] => &mut self.event,
            [b"auth_stage"] => &mut self.stage,
            [b"status"] => &mut self.status,
            [b"username"] | [b"user" | b"actor", b"name"] => &mut self.user,
            [b"object"] | [b"target", b"name"] => &mut self.object,
            [b"integration"] | [b"application", b"name"] => &mut self.application,
            [b"msg"] => &mut self.message,
            [b"isotimestamp"] => &mut self.iso,
            [b"timestamp"] => &mut self.seconds,
            [b"ts"] => &mut self.written,
            [b"reason"] => return facts.reason.once(line.escaped(value, leaf.escape)),
            [b"ip" | b"client_ip"] | [b"access_device", b"ip"] | [b"access_device", b"ip", b"address"] => {
                return facts.source_ip.once(ip(value).filter(|address| !address.is_unspecified()));
            }
            [b"access_device", b"location", b"country"] | [b"location", b"country"] => {
                return facts.country.once(line.escaped(value, leaf.escape));
            }
            [b"access_device", b"hostname"] => return facts.client.once(line.escaped(value, leaf.escape)),
            [b"txid"] => return facts.session.once(line.escaped(value, leaf.escape)),
            [b"host" | b"hostname"] => return facts.device.once(line.escaped(value, leaf.escape)),
            _ => return,
        };
        field.once(value);
    }
}

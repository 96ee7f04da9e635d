//! `BeyondTrust` Privileged Remote Access and Remote Support (formerly Bomgar).
//!
//! `BeyondTrust`, "Syslog message reference" (message format, events, fields) for what happens at the appliance, and the JSON events of
//! its session reports: in those, a *representative* is the person who reaches out, the *customer* is the machine that is reached.

use memchr::memrchr;

use crate::atoms::{Leaves, Once, Pair, cut, find, ip, ip_port, number, rfind, trim, until, until_unescaped};
use crate::formats::Format;
use crate::time::{DAY, HOUR, MINUTE};
use crate::{About, Dress, Escape, Facts, Kind, Line, Stamp, Stamps, stamp};

/// `BeyondTrust`'s line of the table of formats.
pub(super) const FORMAT: Format = Format {
    name: "beyondtrust",
    vendor: "BeyondTrust",
    product: "Privileged Remote Access",
    covers: "BeyondTrust Privileged Remote Access, Remote Support: syslog of the appliance, JSON events of sessions",
    dresses: &[Dress::Json, Dress::Words, Dress::Digits],
    looks_like,
    parse,
};

/// Bytes within which the pairs begin, and bytes within which JSON says whose it is.
const BEGINNING: usize = 48;

fn looks_like(line: &Line<'_>) -> bool {
    if line.body.starts_with(b"{") {
        return line.quotes(b"event_type") && line.quotes_any(&[b"jump_group", b"performed_by"]) || line.quotes_all(&[b"who_ip", b"when"]);
    }
    message(line).is_some()
}

/// `1234:01:01:event=login;…`: site, segment and number of segments, and what follows.
fn message<'a>(line: &Line<'a>) -> Option<&'a [u8]> {
    let body = line.body.strip_prefix(b"BG:").map_or(line.body, trim);
    let (beginning, _) = cut(body, BEGINNING);
    let numbers = beginning.iter().take_while(|&&b| b.is_ascii_digit() || b == b':').count();
    let (numbers, pairs) = cut(body, numbers);
    let segmented = numbers.split(|&b| b == b':').count() == 4 && numbers.ends_with(b":");
    let ours = line.head.app == b"BG" || [b"event=" as &[u8], b"site=", b"when="].iter().any(|key| pairs.starts_with(key));
    (segmented && ours).then_some(pairs)
}

/// The pairs of both dresses that matter, as they stand.
#[derive(Default)]
struct Fields<'a> {
    event: Pair<'a>,
    who: Pair<'a>,
    who_ip: Pair<'a>,
    when: Pair<'a>,
    site: Pair<'a>,
    status: Pair<'a>,
    reason: Pair<'a>,
    session: Pair<'a>,
    /// What a change is about.
    name: Pair<'a>,
    id: Pair<'a>,
    role: Pair<'a>,
    performer: Pair<'a>,
    member: Pair<'a>,
    public: Pair<'a>,
    private: Pair<'a>,
    host: Pair<'a>,
    item: Pair<'a>,
    requester: Pair<'a>,
    approver: Pair<'a>,
    begin: Pair<'a>,
    length: Pair<'a>,
    group: Pair<'a>,
    /// The first and the last value that may be what somebody typed or saw.
    seen: Option<(&'a [u8], &'a [u8])>,
}

impl<'a> Fields<'a> {
    fn take(&mut self, path: &[&[u8]], pair: Pair<'a>) {
        let slot = match path {
            [b"event" | b"event_type"] => &mut self.event,
            [b"who"] => &mut self.who,
            [b"who_ip"] => &mut self.who_ip,
            [b"when" | b"timestamp"] => &mut self.when,
            [b"site"] => &mut self.site,
            [b"status"] => &mut self.status,
            [b"reason"] => &mut self.reason,
            [b"session_id" | b"lsid" | b"lseq"] => &mut self.session,
            [b"username" | b"name" | b"display_name"] => &mut self.name,
            [b"id"] => &mut self.id,
            [b"performed_by", b"type"] => &mut self.role,
            [b"performed_by", b"name"] => &mut self.performer,
            [b"jump_group", b"name"] => &mut self.group,
            [b"data", b"username"] => &mut self.member,
            [b"data", b"public_ip"] => &mut self.public,
            [b"data", b"private_ip"] => &mut self.private,
            [b"data", b"hostname"] => &mut self.host,
            [b"data", b"jump_item_name"] => &mut self.item,
            [b"data", b"requesting_user"] => &mut self.requester,
            [b"data", b"approver_name" | b"request_approver"] => &mut self.approver,
            [b"data", b"request_start_time"] => &mut self.begin,
            [b"data", b"request_duration"] => &mut self.length,
            [b"data", key] if is_plain(key) => return,
            [b"data" | b"body" | b"destination_body", ..] => {
                self.seen = Some((self.seen.map_or(pair.value, |(first, _)| first), pair.value));
                return;
            }
            _ => return,
        };
        slot.once(pair);
    }
}

/// Data of an event that nobody typed and no screen showed.
fn is_plain(key: &[u8]) -> bool {
    [
        b"request_" as &[u8],
        b"jump_",
        b"approv",
        b"push_agent",
        b"requesting_",
        b"private_name",
        b"user_id",
        b"os",
        b"state",
        b"owner",
        b"filesize",
        b"sha",
    ]
    .iter()
    .any(|beginning| key.starts_with(beginning))
        || key == b"name"
}

fn parse(line: &Line<'_>, stamps: &mut Stamps, facts: &mut Facts) -> Option<()> {
    let mut fields = Fields::default();
    let report = line.body.starts_with(b"{") && find(line.body, b"\"event_type\"").is_some();
    if line.body.starts_with(b"{") {
        for leaf in Leaves::new(line.body) {
            fields.take(leaf.path(), Pair { key: b"json", value: leaf.value, escape: leaf.escape });
        }
    } else {
        let mut rest = message(line)?;
        while !rest.is_empty() {
            let (pair, after) = until_unescaped(rest, b';').unwrap_or((rest, &[]));
            rest = after;
            if let Some((key, value)) = until(pair, b'=') {
                fields.take(&[key], Pair { key, value, escape: Escape::Cef });
            }
        }
    }
    facts.stamp = stamps.body(fields.when.value, stamp::epoch);
    facts.session = line.escaped(fields.session.value, fields.session.escape);
    facts.action = line.escaped(fields.event.value, fields.event.escape);
    facts.device = if line.head.host.is_empty() { line.escaped(fields.site.value, fields.site.escape) } else { line.text(line.head.host) };
    if let Some((first, last)) = fields.seen {
        facts.private = line.span(first, last);
    }
    if report {
        member(line, &fields, facts);
    } else {
        appliance(line, &fields, facts);
    }
    Some(())
}

/// `event=login;site=acces.example;status=success;target=web/login;when=1795210867;who=J. Martin(fourn.chimere) using password;who_ip=198.51.100.23`
fn appliance<'a>(line: &Line<'a>, fields: &Fields<'a>, facts: &mut Facts) {
    let (event, status) = (fields.event.value, fields.status.value);
    let login = login_of(fields.who.value);
    line.login(login, fields.who.escape, facts);
    facts.source_ip = ip(fields.who_ip.value);
    facts.kind = match event {
        b"login" if status == b"success" => Kind::LoginSuccess,
        b"login" if status == b"failure" || status == b"failed" => Kind::LoginFailure,
        b"logout" => Kind::Logout,
        _ => session_kind(event),
    };
    if facts.kind == Kind::LoginFailure {
        facts.reason = line.escaped(fields.reason.value, fields.reason.escape);
    }
    if matches!(event, b"reboot" | b"server_software_restarted" | b"appliance_restarted") {
        facts.about = Some(About::Restart);
    } else if is_change(event) && fields.name.value != login {
        facts.about = Some(About::Configuration);
        let what = if fields.name.value.is_empty() { fields.id } else { fields.name };
        facts.target = line.escaped(what.value, what.escape);
    }
}

/// The login of `J. Martin(fourn.chimere) using password`, or of `J. Martin (fourn.chimere)`; whoever has no other is named alone.
fn login_of(who: &[u8]) -> &[u8] {
    let (name, _) = cut(who, rfind(who, b") using ").map_or(who.len(), |at| at + 1));
    let (name, _) = cut(name, if name.ends_with(b")") { name.len() } else { rfind(name, b" using ").unwrap_or(name.len()) });
    match name.strip_suffix(b")").and_then(|inside| inside.get(memrchr(b'(', inside)? + 1..)) {
        Some(login) if !login.is_empty() => trim(login),
        // Whom the appliance does not know.
        _ if name == b"unknown()" => &[],
        _ => trim(name),
    }
}

fn session_kind(event: &[u8]) -> Kind {
    let any = |ends: &[&str]| {
        ends.iter().any(|end| {
            event.len() >= end.len()
                && event.iter().rev().zip(end.bytes().rev()).all(|(a, b)| a.eq_ignore_ascii_case(&b) || *a == b'_' && b == b' ')
        })
    };
    match () {
        () if any(&["session start", "session started"]) => Kind::SessionStart,
        () if any(&["session end", "session ended", "session terminated"]) => Kind::SessionEnd,
        () => Kind::Other,
    }
}

/// Events that say that something of the appliance was changed by somebody; one's own password or name is nobody else's matter.
fn is_change(event: &[u8]) -> bool {
    let ends: [&[u8]; 13] = [
        b"_added",
        b"_changed",
        b"_removed",
        b"_deleted",
        b"_created",
        b"_modified",
        b"_enabled",
        b"_disabled",
        b"_restored",
        b"_uploaded",
        b"_imported",
        b"_reset",
        b"_reset_to_factory_default",
    ];
    ends.iter().any(|end| event.ends_with(end))
}

/// `{"timestamp":"1795210867","event_type":"Conference Member Added","performed_by":{"type":"representative","name":"J. Martin"},"data":{"username":"fourn.chimere","public_ip":"198.51.100.23:50677"},"session_id":"1f34"}`
fn member<'a>(line: &Line<'a>, fields: &Fields<'a>, facts: &mut Facts) {
    facts.group = line.escaped(fields.group.value, fields.group.escape);
    let event = fields.event.value;
    if fields.role.value == b"customer" {
        // The machine joins or leaves: no person has come or gone.
        facts.destination_ip = ip(fields.private.value).or_else(|| ip(fields.performer.value));
        let name = if fields.host.value.is_empty() { fields.performer } else { fields.host };
        facts.target = line.escaped(name.value, name.escape);
        return;
    }
    if event == b"Jump Item Authorization Request Utilized" {
        approval(line, fields, facts);
        return;
    }
    line.login(fields.member.value, fields.member.escape, facts);
    if let Some((address, port)) = ip_port(fields.public.value) {
        (facts.source_ip, facts.source_port) = (Some(address), port);
    }
    facts.kind = if event == b"Conference Member Added" && !facts.user.is_empty() { Kind::SessionStart } else { session_kind(event) };
}

/// `"data":{"request_start_time":"2026-11-20 22:30:00 CET","request_duration":"4 hour(s)","jump_item_name":"10.20.4.11","requesting_user":"J. Martin (fourn.chimere@ght.example)","approver_name":"Astreinte DSI"}`
fn approval<'a>(line: &Line<'a>, fields: &Fields<'a>, facts: &mut Facts) {
    facts.about = Some(About::Approval);
    line.login(login_of(fields.requester.value), fields.requester.escape, facts);
    facts.by = line.escaped(fields.approver.value, fields.approver.escape);
    facts.target = line.escaped(fields.item.value, fields.item.escape);
    facts.destination_ip = ip(fields.item.value);
    facts.from = stamp::any(fields.begin.value);
    facts.until = after(facts.from, fields.length.value);
}

/// The time `length` later: `4 hour(s)`, `30 minute(s)`, `1 day(s)`.
fn after(begin: Stamp, length: &[u8]) -> Stamp {
    let nanos = until(length, b' ').and_then(|(amount, unit)| {
        let unit = match unit {
            [b'm', b'i', ..] => MINUTE,
            [b'h', ..] => HOUR,
            [b'd', ..] => DAY,
            _ => return None,
        };
        number::<u32>(amount).map(|amount| i64::from(amount).saturating_mul(unit))
    });
    match (begin, nanos) {
        (Stamp::Exact(time), Some(length)) => Stamp::Exact(time.plus(length)),
        (Stamp::Local { seconds, nanos }, Some(length)) => {
            Stamp::Local { seconds: seconds.saturating_add(length / crate::time::SECOND), nanos }
        }
        _ => Stamp::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins() {
        for (who, expected) in [
            ("J. Martin(fourn.chimere) using password", "fourn.chimere"),
            ("J. Martin (fourn.chimere)", "fourn.chimere"),
            ("J. Martin (Chimère) (fourn.chimere) using saml2 (adfs)", "fourn.chimere"),
            ("fourn.chimere using password", "fourn.chimere"),
            ("fourn.chimere", "fourn.chimere"),
            ("unknown() using password", ""),
            ("()", "()"),
            ("", ""),
        ] {
            assert_eq!(String::from_utf8_lossy(login_of(who.as_bytes())), expected, "{who}");
        }
    }

    #[test]
    fn lengths() {
        let begin = stamp::any(b"2026-11-20 22:30:00 CET");
        for (length, end) in [
            ("4 hour(s)", stamp::any(b"2026-11-21 01:30:00Z")),
            ("30 minute(s)", stamp::any(b"2026-11-20 22:00:00Z")),
            ("1 day(s)", stamp::any(b"2026-11-21 21:30:00Z")),
            ("some time", Stamp::None),
            ("99999999999 hour(s)", Stamp::None),
        ] {
            assert_eq!(after(begin, length.as_bytes()), end, "{length}");
        }
        assert_eq!(after(Stamp::None, b"4 hour(s)"), Stamp::None);
    }
}

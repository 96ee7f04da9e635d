//! Teleport.
//!
//! Teleport, "Audit event reference" (versions 9 to 18): one object of JSON an event, its keys flat (`addr.remote`) or nested.
//!
//! `user` is the person, `login` (`windows_user`, `db_user`) the account on the machine, which many may share.

use crate::atoms::{Leaves, Once, Pair, find, ip_port};
use crate::formats::Format;
use crate::{About, Dress, Facts, Kind, Line, Stamp, Stamps, Text, stamp};

/// Teleport's line of the table of formats.
pub(super) const FORMAT: Format = Format {
    name: "teleport",
    vendor: "Gravitational",
    product: "Teleport",
    covers: "Teleport audit log (JSON): logins, SSH, desktop, database and application sessions, access requests, changes",
    dresses: &[Dress::Json],
    looks_like,
    parse,
};

fn looks_like(line: &Line<'_>) -> bool {
    line.body.starts_with(b"{")
        && line.quotes_all(&[b"event", b"code", b"uid"])
        && (line.quotes_any(&[b"cluster_name", b"ei"]) || find(line.body, b"\"code\":\"T").is_some())
}

/// What an event is where it went well; where it did not, a login and a session are refusals.
const EVENTS: &[(&[u8], Kind)] = &[
    (b"user.login", Kind::LoginSuccess),
    (b"auth", Kind::LoginSuccess),
    (b"session.start", Kind::SessionStart),
    (b"session.join", Kind::SessionStart),
    (b"session.end", Kind::SessionEnd),
    (b"client.disconnect", Kind::SessionEnd),
    (b"app.session.start", Kind::SessionStart),
    (b"app.session.end", Kind::SessionEnd),
    (b"db.session.start", Kind::SessionStart),
    (b"db.session.end", Kind::SessionEnd),
    (b"windows.desktop.session.start", Kind::SessionStart),
    (b"windows.desktop.session.end", Kind::SessionEnd),
];

/// Resources that say who may come in, as whom, and what is recorded; behind them stands `.create`, `.updated` …
const RESOURCES: &[&[u8]] = &[
    b"user",
    b"role",
    b"github",
    b"saml",
    b"oidc",
    b"trusted_cluster",
    b"token",
    b"join_token",
    b"lock",
    b"access_list",
    b"access_list.member",
    b"auth_preference",
    b"cluster_networking_config",
    b"session_recording_config",
    b"cluster_auth_preference",
    b"login_rule",
    b"audit_config",
];

/// The values that are weighed against one another, as they stand.
#[derive(Default)]
struct Fields<'a> {
    event: Pair<'a>,
    code: Pair<'a>,
    success: Pair<'a>,
    user: Pair<'a>,
    identity: Pair<'a>,
    host: Pair<'a>,
    address: Pair<'a>,
    name: Pair<'a>,
    state: Pair<'a>,
    proposed: Pair<'a>,
    updated_by: Pair<'a>,
    reviewer: Pair<'a>,
    expires: Pair<'a>,
    assume: Pair<'a>,
    start: Pair<'a>,
    stop: Pair<'a>,
    /// The first and the last value that is what somebody typed or ran.
    typed: Option<(&'a [u8], &'a [u8])>,
}

impl<'a> Fields<'a> {
    fn slot(&mut self, path: &[&[u8]]) -> Option<&mut Pair<'a>> {
        Some(match path {
            [b"event"] => &mut self.event,
            [b"code"] => &mut self.code,
            [b"success"] => &mut self.success,
            [b"user"] => &mut self.user,
            [b"identity", b"user"] | [b"identity.user"] => &mut self.identity,
            [b"server_hostname" | b"desktop_name" | b"db_service" | b"app_name"] => &mut self.host,
            [b"server_addr" | b"desktop_addr" | b"db_uri" | b"app_uri"] => &mut self.address,
            [b"name"] => &mut self.name,
            [b"state"] => &mut self.state,
            [b"proposed_state"] => &mut self.proposed,
            [b"updated_by" | b"delegator"] => &mut self.updated_by,
            [b"reviewer"] => &mut self.reviewer,
            [b"expires" | b"access_expiry" | b"max_duration"] => &mut self.expires,
            [b"assume_start_time"] => &mut self.assume,
            [b"session_start"] => &mut self.start,
            [b"session_stop"] => &mut self.stop,
            _ => return None,
        })
    }
}

/// `{"ei":0,"event":"session.start","uid":"a487","code":"T2000I","time":"2026-11-20T21:41:07.1Z","cluster_name":"acces.example","user":"fourn.chimere","login":"adm-chimere","sid":"19aa","addr.remote":"198.51.100.23:53877","server_hostname":"dpi-1","server_addr":"10.20.4.11:3022"}`
fn parse(line: &Line<'_>, stamps: &mut Stamps, facts: &mut Facts) -> Option<()> {
    let mut fields = Fields::default();
    for leaf in Leaves::new(line.body) {
        let (path, value) = (leaf.path(), leaf.value);
        let text = line.escaped(value, leaf.escape);
        if let Some(slot) = fields.slot(path) {
            slot.once(Pair { key: b"json", value, escape: leaf.escape });
            continue;
        }
        match path {
            [b"time"] => facts.stamp = stamps.body(value, stamp::any),
            [b"addr.remote"] | [b"addr", b"remote"] if facts.source_ip.is_none() => {
                if let Some((address, port)) = ip_port(value) {
                    (facts.source_ip, facts.source_port) = (Some(address), port);
                }
            }
            [b"cluster_name"] => facts.device.once(text),
            [b"login" | b"windows_user" | b"db_user"] => facts.target_user.once(text),
            [b"sid" | b"session_id"] => facts.session.once(text),
            [b"roles"] => facts.group.once(text),
            [b"error"] => facts.reason = text,
            [b"message" | b"reason"] => facts.reason.once(text),
            [b"mfa_device", ..] => facts.mfa = Some(true),
            [
                b"command" | b"argv" | b"program" | b"db_query" | b"db_query_parameters" | b"path" | b"initial_command" | b"proctitle",
                ..,
            ] if !value.is_empty() => {
                fields.typed = Some((fields.typed.map_or(value, |(first, _)| first), value));
            }
            _ => {}
        }
    }
    let event = fields.event.value;
    facts.action = line.escaped(event, fields.event.escape);
    let user = if fields.user.value.is_empty() { fields.identity } else { fields.user };
    line.login(user.value, user.escape, facts);
    // Codes end in I (information), W (warning) or E (error); older ones are in lower case.
    let failed = match fields.success.value {
        b"true" => false,
        b"false" => true,
        _ => fields.code.value.last().is_some_and(|b| matches!(b, b'W' | b'w' | b'E' | b'e')),
    };
    facts.kind = match EVENTS.iter().find(|(name, _)| *name == event).map_or(Kind::Other, |&(_, kind)| kind) {
        Kind::LoginSuccess | Kind::SessionStart if failed => Kind::LoginFailure,
        kind => kind,
    };
    if facts.kind != Kind::LoginFailure {
        facts.reason = Text::default();
    }
    if let Some((address, port)) = ip_port(fields.address.value).filter(|(address, _)| !address.is_unspecified()) {
        (facts.destination_ip, facts.destination_port) = (Some(address), port);
    }
    // Of a desktop's session some versions tell the desktop's address alone.
    if facts.source_ip.is_some() && (facts.source_ip, facts.source_port) == (facts.destination_ip, facts.destination_port) {
        (facts.source_ip, facts.source_port) = (None, None);
    }
    facts.target = line.escaped(fields.host.value, fields.host.escape);
    if let (Stamp::Exact(start), Stamp::Exact(stop)) = (stamp::any(fields.start.value), stamp::any(fields.stop.value)) {
        facts.duration = u64::try_from(stop.since(start)).ok();
    }
    if let Some((first, last)) = fields.typed {
        facts.private = line.span(first, last);
    }
    about(line, &fields, failed, facts);
    (!event.is_empty()).then_some(())
}

/// Access requests that are granted, and changes.
fn about<'a>(line: &Line<'a>, fields: &Fields<'a>, failed: bool, facts: &mut Facts) {
    let (resource, verb) = fields.event.value.iter().rposition(|&b| b == b'.').map_or((&[] as &[u8], &[] as &[u8]), |dot| {
        let (resource, verb) = crate::atoms::cut(fields.event.value, dot);
        (resource, verb.get(1..).unwrap_or_default())
    });
    if resource == b"access_request" {
        let state = if fields.state.value.is_empty() { fields.proposed } else { fields.state };
        let by = if fields.reviewer.value.is_empty() { fields.updated_by } else { fields.reviewer };
        if matches!(verb, b"review" | b"update") && state.value == b"APPROVED" {
            facts.about = Some(About::Approval);
            facts.by = line.escaped(by.value, by.escape);
            facts.source_ip = None;
            facts.from = stamp::any(fields.assume.value);
            facts.until = stamp::any(fields.expires.value);
            // Where the one who granted it is all that is named, it is not known who may come in.
            if fields.user.value == by.value {
                (facts.user, facts.domain) = (Text::default(), Text::default());
            }
        }
        return;
    }
    let user = if fields.user.value.is_empty() { fields.updated_by } else { fields.user };
    let changed = matches!(verb, b"create" | b"created" | b"update" | b"updated" | b"delete" | b"deleted" | b"upsert" | b"upserted");
    // A login by way of a directory makes its user anew, in the name of the user or of the system.
    let brought = resource == b"user" && (user.value == fields.name.value || user.value == b"system");
    if changed && !failed && !brought && RESOURCES.contains(&resource) {
        facts.about = Some(About::Configuration);
        facts.target = line.escaped(fields.name.value, fields.name.escape);
        line.login(user.value, user.escape, facts);
    }
}

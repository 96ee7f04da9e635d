//! Events in Elastic's Common Schema: those that `nightporter parse` wrote, and other programs' by their meaning.
//!
//! Elastic, "Elastic Common Schema (ECS) Reference", version 9. Objects may be nested or their keys dotted. An event of ours comes out
//! as it went in: its fields are taken as they stand, and what it says of the line it stood for is kept ([`Earlier`]).

mod foreign;

use crate::atoms::{Leaves, Once, find, ip, number};
use crate::formats::Format;
use crate::{About, Dress, Earlier, Escape, Facts, Kind, Line, Stamps, Verdict, stamp};

/// The line of ECS in the table of formats.
pub(super) const FORMAT: Format = Format {
    name: "ecs",
    vendor: "",
    product: "",
    covers: "JSON lines in ECS: nightporter's own, Elastic's and others'",
    dresses: &[Dress::Json],
    looks_like,
    parse,
};

fn looks_like(line: &Line<'_>) -> bool {
    is_event(line) || line.body.starts_with(b"{") && foreign::looks_like(line)
}

/// Whether `nightporter parse` wrote the line. Within a value the quotes would be escaped.
pub(super) fn is_event(line: &Line<'_>) -> bool {
    line.body.starts_with(b"{") && line.quotes(b"nightporter") && find(line.body, br#""nightporter":{"line":"#).is_some()
}

fn parse(line: &Line<'_>, stamps: &mut Stamps, facts: &mut Facts) -> Option<()> {
    if is_event(line) { own(line, stamps, facts) } else { foreign::parse(line, stamps, facts) }
}

/// ```text
/// {"@timestamp":"2026-11-20T21:41:07Z","event":{"outcome":"success"},"user":{"name":"fourn.chimere"},"nightporter":{"line":17,"event":"session_start","format":"fortigate"}}
/// ```
fn own(line: &Line<'_>, stamps: &mut Stamps, facts: &mut Facts) -> Option<()> {
    let (mut earlier, mut number_of, mut event) = (Earlier::default(), None, &[] as &[u8]);
    for leaf in Leaves::new(line.body) {
        let value = leaf.value;
        let text = line.escaped(value, leaf.escape);
        match leaf.path() {
            [b"@timestamp"] => facts.stamp = stamps.body(value, stamp::any),
            [b"event", b"action"] => facts.action.once(text),
            [b"event", b"type"] => facts.verdict.once(verdict(value)),
            [b"event", b"reason"] => facts.reason.once(text),
            [b"event", b"duration"] => facts.duration.once(number(value)),
            [b"event", b"original"] => earlier.original.once(Some(text)),
            [b"user", b"name"] => facts.user.once(text),
            [b"user", b"domain"] => facts.domain.once(text),
            [b"user", b"group", b"name"] => facts.group.once(text),
            [b"user", b"target", b"name"] => facts.target_user.once(text),
            [b"source", b"ip"] => facts.source_ip.once(ip(value)),
            [b"source", b"port"] => facts.source_port.once(number(value)),
            [b"source", b"bytes"] => facts.source_bytes.once(number(value)),
            [b"source", b"domain"] => facts.client.once(text),
            [b"source", b"geo", b"country_iso_code" | b"country_name"] => facts.country.once(text),
            [b"destination", b"ip"] => facts.destination_ip.once(ip(value)),
            [b"destination", b"port"] => facts.destination_port.once(number(value)),
            [b"destination", b"bytes"] => facts.destination_bytes.once(number(value)),
            [b"destination", b"domain"] => facts.target.once(text),
            [b"observer", b"vendor"] => facts.vendor.once(text),
            [b"observer", b"product"] => facts.product.once(text),
            [b"observer", b"name"] => facts.device.once(text),
            [b"nightporter", b"line"] => number_of.once(number(value)),
            [b"nightporter", b"event"] => event.once(value),
            [b"nightporter", b"format"] => earlier.format.once(text),
            [b"nightporter", b"assigned_ip"] => facts.assigned_ip.once(ip(value)),
            [b"nightporter", b"session"] => facts.session.once(text),
            [b"nightporter", b"mfa"] => facts.mfa.once(Some(value == b"true")),
            [b"nightporter", b"peer"] => facts.peer.once(ip(value)),
            [b"nightporter", b"about"] => facts.about.once(about(value)),
            [b"nightporter", b"by"] => facts.by.once(text),
            [b"nightporter", b"from"] => facts.from = stamp::any(value),
            [b"nightporter", b"until"] => facts.until = stamp::any(value),
            [b"nightporter", b"repeated"] => facts.repeated.once(number(value)),
            [b"nightporter", b"time_guessed"] => earlier.time_guessed = value == b"true",
            [b"nightporter", b"time_ambiguous"] => earlier.time_ambiguous = value == b"true",
            _ => {}
        }
    }
    earlier.line = number_of?;
    earlier.unparsed = event == b"unparsed";
    facts.kind = if earlier.unparsed { Kind::Other } else { kind(event)? };
    facts.earlier = Some(earlier);
    Some(())
}

fn kind(word: &[u8]) -> Option<Kind> {
    [Kind::LoginSuccess, Kind::LoginFailure, Kind::Logout, Kind::SessionStart, Kind::SessionEnd, Kind::Traffic, Kind::Other]
        .into_iter()
        .find(|kind| kind.word().as_bytes() == word)
}

fn about(word: &[u8]) -> Option<About> {
    About::ALL.into_iter().find(|about| about.word().as_bytes() == word)
}

fn verdict(word: &[u8]) -> Option<Verdict> {
    match word {
        b"allowed" => Some(Verdict::Allowed),
        b"denied" => Some(Verdict::Denied),
        _ => None,
    }
}

/// A login as JSON writes it, taken apart.
fn login<'a>(line: &Line<'a>, login: &'a [u8], facts: &mut Facts) {
    if !login.is_empty() && login != b"-" {
        line.login(login, Escape::Json, facts);
    }
}

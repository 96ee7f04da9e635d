//! ECS as other programs write it: what happened stands in `event.category`, `event.type` and `event.outcome`.
//!
//! Elastic, "ECS categorization fields". `authentication` with its outcome is a login, or a logout where its type is `end`; `session` starts
//! and ends; `network` is traffic, or a session where its category says so as well; `iam` and `configuration` changed something.

use super::{login, verdict};
use crate::atoms::{Leaves, Once, ip, number};
use crate::{About, Escape, Facts, Kind, Line, Stamp, Stamps, Verdict, stamp};

/// A stamp under ECS's name, and what kind of event it is. A document without category is a line on its way: what it carries is for its own
/// format to read. Windows events in Beats' dress are Windows'.
pub(super) fn looks_like(line: &Line<'_>) -> bool {
    let categories = || line.quotes(b"event.category") || line.quotes_all(&[b"event", b"category"]);
    line.quotes(b"@timestamp") && categories() && !line.quotes(b"winlog")
}

/// The words that say what happened: one bit for each of `event.category` and `event.type` that matters.
#[derive(Default)]
struct Words<'a> {
    seen: u8,
    outcome: &'a [u8],
    action: &'a [u8],
}

const AUTHENTICATION: u8 = 1;
const SESSION: u8 = 2;
const NETWORK: u8 = 4;
/// Accounts or settings.
const SETTINGS: u8 = 8;
/// Any category at all.
const CATEGORY: u8 = 16;
const START: u8 = 32;
const END: u8 = 64;
const ALTERED: u8 = 128;

impl Words<'_> {
    fn category(&mut self, word: &[u8]) {
        self.seen |= CATEGORY
            | match word {
                b"authentication" => AUTHENTICATION,
                b"session" => SESSION,
                b"network" => NETWORK,
                b"iam" | b"configuration" => SETTINGS,
                _ => 0,
            };
    }

    fn kind_of(&mut self, word: &[u8]) {
        self.seen |= match word {
            b"start" => START,
            b"end" => END,
            b"creation" | b"change" | b"deletion" => ALTERED,
            _ => 0,
        };
    }

    fn has(&self, words: u8) -> bool {
        self.seen & words == words
    }

    fn event(&self, flow: bool) -> Kind {
        let action = |words: [&[u8]; 5]| words.into_iter().any(|word| self.action.eq_ignore_ascii_case(word));
        let leaves = action([b"logged-out", b"logout", b"logoff", b"log_off", b"log off"]);
        let leaves = self.has(AUTHENTICATION) && (self.has(END) || leaves);
        match self.outcome {
            b"failure" if leaves => Kind::Other,
            b"failure" if self.has(AUTHENTICATION) || self.has(SESSION | START) => Kind::LoginFailure,
            _ if leaves => Kind::Logout,
            b"success" if self.has(AUTHENTICATION) => Kind::LoginSuccess,
            _ if self.has(SESSION | END) => Kind::SessionEnd,
            _ if self.has(SESSION | START) => Kind::SessionStart,
            _ if self.has(NETWORK) && flow => Kind::Traffic,
            _ => Kind::Other,
        }
    }
}

/// ```text
/// {"@timestamp":"2026-11-20T21:41:07.000Z","ecs":{"version":"8.17.0"},"event":{"category":["authentication"],"type":["start"],"outcome":"success"},"user":{"name":"fourn.chimere"},"source":{"ip":"198.51.100.23"}}
/// ```
pub(super) fn parse(line: &Line<'_>, stamps: &mut Stamps, facts: &mut Facts) -> Option<()> {
    let mut words = Words::default();
    let (mut user, mut domain, mut email, mut flow_user, mut related) =
        (&[] as &[u8], &[] as &[u8], &[] as &[u8], &[] as &[u8], &[] as &[u8]);
    let (mut client, mut server, mut related_ip, mut denied, mut permitted) = (None, None, None, None, None);
    let (mut hostname, mut host) = (&[] as &[u8], &[] as &[u8]);
    for leaf in Leaves::new(line.body) {
        let value = leaf.value;
        let text = line.escaped(value, leaf.escape);
        match leaf.dotted(&mut [0; 48]) {
            b"@timestamp" if facts.stamp == Stamp::None => facts.stamp = stamps.body(value, stamp::any),
            b"event.category" => words.category(value),
            b"event.type" => {
                words.kind_of(value);
                match verdict(value) {
                    Some(Verdict::Denied) => denied = Some(Verdict::Denied),
                    found => permitted.once(found),
                }
            }
            b"event.outcome" => words.outcome.once(value),
            b"event.action" => {
                words.action.once(value);
                facts.action.once(text);
            }
            b"event.reason" => facts.reason.once(text),
            b"event.duration" => facts.duration.once(number(value)),
            b"user.name" => user.once(value),
            b"user.domain" => domain.once(value),
            b"user.email" => email.once(value),
            b"source.user.name" | b"client.user.name" => flow_user.once(value),
            b"related.user" => related.once(value),
            b"user.group.name" | b"group.name" | b"user.roles" => facts.group.once(text),
            b"user.target.name" => facts.target_user.once(text),
            b"source.ip" => facts.source_ip.once(ip(value)),
            b"client.ip" => client.once(ip(value)),
            b"related.ip" => related_ip.once(ip(value)),
            b"source.port" => facts.source_port.once(number(value)),
            b"source.bytes" => facts.source_bytes.once(number(value)),
            b"source.domain" => facts.client.once(text),
            b"source.geo.country_iso_code" | b"client.geo.country_iso_code" => facts.country = text,
            b"source.geo.country_name" | b"client.geo.country_name" => facts.country.once(text),
            b"destination.ip" => facts.destination_ip.once(ip(value)),
            b"server.ip" => server.once(ip(value)),
            b"destination.port" => facts.destination_port.once(number(value)),
            b"destination.bytes" => facts.destination_bytes.once(number(value)),
            b"destination.domain" => facts.target.once(text),
            b"observer.vendor" => facts.vendor.once(text),
            b"observer.product" => facts.product.once(text),
            b"observer.name" => facts.device.once(text),
            b"observer.hostname" => hostname.once(value),
            b"host.name" | b"host.hostname" => host.once(value),
            _ => {}
        }
    }
    if !words.has(CATEGORY) {
        return None;
    }
    facts.source_ip.once(client);
    facts.destination_ip.once(server);
    facts.device.once(line.escaped(hostname, Escape::Json));
    facts.device.once(line.escaped(host, Escape::Json));
    facts.kind = words.event(facts.source_ip.is_some() && facts.destination_ip.is_some());
    let mut login_of = user;
    [email, flow_user].into_iter().for_each(|other| login_of.once(other));
    if facts.kind != Kind::Traffic && facts.kind != Kind::Other {
        login_of.once(related);
        facts.source_ip.once(related_ip);
    }
    facts.domain = line.escaped(domain, Escape::Json);
    login(line, login_of, facts);
    if facts.kind == Kind::Traffic {
        facts.verdict = denied.or(permitted);
    }
    if facts.kind == Kind::Other && words.has(SETTINGS | ALTERED) && words.outcome != b"failure" {
        facts.about = Some(About::Configuration);
    }
    Some(())
}

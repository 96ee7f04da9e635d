//! `scope-breach`.

use std::collections::VecDeque;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use litemap::LiteMap;
use parsers::Time;
use parsers::time::{DAY, MINUTE};
use serde::{Deserialize, Serialize};

use super::{Case, Finding, Findings, Happening, Learned, Remembered, Rule, clock_words, local, span_words};
use crate::alert::{Because, RuleName, Severity};
use crate::learning::Learning;
use crate::normalised::lossy;
use crate::register::Scope;
use crate::told::{Amount, Nearest, Remedy, Told};
use crate::toml_reader::Table;
use crate::zone::rfc3339_in;

/// How many targets of one supplier are remembered; beyond, the one unused for longest is forgotten.
const TARGETS: usize = 4096;

/// Characters that are kept of a target's name.
const NAME: usize = 255;

const TARGETS_LEARNED: &str = "targets";

#[doc = include_str!("scope_breach.md")]
#[derive(Clone, Debug)]
pub struct ScopeBreach {
    /// How many targets that the supplier never used make a fan-out.
    pub targets: usize,
    /// Within how long, in nanoseconds.
    pub within: i64,
    /// How long a supplier is watched before its targets are known, in nanoseconds.
    pub learning: i64,
    /// How many sessions it must have had by then.
    pub sessions: u32,
    /// After how long a target that was not used is new again, in nanoseconds.
    pub forgotten_after: i64,
}

impl Default for ScopeBreach {
    fn default() -> Self {
        ScopeBreach { targets: 10, within: 10 * MINUTE, learning: 14 * DAY, sessions: 5, forgotten_after: 90 * DAY }
    }
}

/// What is remembered of a supplier.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    #[serde(flatten)]
    watched: Learning,
    /// When it last used each target.
    used: LiteMap<IpAddr, Time>,
    /// When it last used each target that no line gave an address of.
    used_by_name: LiteMap<Arc<str>, Time>,
    /// Targets that it used for the first time lately.
    lately: VecDeque<(Time, Target)>,
}

/// A machine: its address, or its name where a bastion tells nothing else.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Target {
    Address(IpAddr),
    Name(Arc<str>),
}

impl Target {
    /// What a line reaches.
    fn of(case: &Case<'_>) -> Option<Target> {
        let event = case.event()?;
        if let Some(address) = event.facts.destination_ip {
            return Some(Target::Address(address));
        }
        let name = lossy(event.text(event.facts.target)?).to_lowercase();
        Some(Target::Name(name.chars().take(NAME).collect::<String>().into()))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Address(address) => address.fmt(f),
            Target::Name(name) => name.fmt(f),
        }
    }
}

impl Memory {
    /// Takes down that a target is used; when it was used before.
    fn uses(&mut self, target: &Target, now: Time) -> Option<Time> {
        match target {
            Target::Address(address) => last_used(&mut self.used, address, now),
            Target::Name(name) => last_used(&mut self.used_by_name, name, now),
        }
    }
}

/// When a target was used before; from now on, now.
fn last_used<T: Ord + Clone>(used: &mut LiteMap<T, Time>, target: &T, now: Time) -> Option<Time> {
    if let Some(last) = used.get_mut(target) {
        let before = *last;
        *last = before.max(now);
        return Some(before);
    }
    used.insert(target.clone(), now);
    if used.len() > TARGETS {
        let oldest = used.iter().min_by_key(|(_, last)| **last).map(|(target, _)| target.clone());
        oldest.map(|oldest| used.remove(&oldest));
    }
    None
}

impl Rule for ScopeBreach {
    const NAME: RuleName = RuleName {
        id: "scope-breach",
        name: "Supplier reaches what it has no business with",
        category: &["network"],
        techniques: &[("T1021", "Remote Services"), ("T1046", "Network Service Discovery")],
    };
    const MANUAL: &'static str = include_str!("scope_breach.md");
    const LEARNS: &'static [&'static str] = &[TARGETS_LEARNED];
    type Account = ();
    type Supplier = Memory;
    type Address = ();
    type Stream = ();

    fn heeds(happening: Happening) -> bool {
        matches!(happening, Happening::Success { .. } | Happening::Used { .. })
    }

    fn observe(&self, case: &Case<'_>, memory: Remembered<'_, Self>, out: &mut Findings) {
        let memory = memory.supplier;
        match case.happening {
            Happening::Success { .. } => {
                memory.watched.session(case.now);
                // A bastion may tell nothing of a login before its sessions on targets.
                if case.session.is_some_and(|session| session.on_target) {
                    self.reached(case, memory, out);
                }
            }
            Happening::Used { .. } => self.reached(case, memory, out),
            _ => {}
        }
    }

    fn learned(&self, memory: &Memory, now: Time) -> Vec<Learned> {
        let named = memory.used_by_name.iter().map(|(name, last)| (name.to_string(), *last));
        let used = memory.used.iter().map(|(address, last)| (address.to_string(), *last)).chain(named);
        let known = used.filter(|(_, last)| now.since(*last) <= self.forgotten_after);
        known.map(|(value, last)| Learned { what: TARGETS_LEARNED, value, count: None, last: Some(last) }).collect()
    }

    /// What it used is forgotten, not how long it has been watched: the next targets are new.
    fn unlearn(&self, memory: &mut Memory, _: &str) {
        *memory = Memory { watched: memory.watched.clone(), ..Memory::default() };
    }

    fn read(table: &mut Table<'_>) -> Self {
        let default = ScopeBreach::default();
        ScopeBreach {
            targets: table.integer("targets", 1..=1_000).and_then(|targets| usize::try_from(targets).ok()).unwrap_or(default.targets),
            within: table.span("within").unwrap_or(default.within),
            learning: table.span("learning").unwrap_or(default.learning),
            sessions: table.integer("sessions", 0..=1_000_000).and_then(|sessions| u32::try_from(sessions).ok()).unwrap_or(default.sessions),
            forgotten_after: table.span("forgotten_after").unwrap_or(default.forgotten_after),
        }
    }

    fn settings(&self) -> Vec<(&'static str, String, &'static str)> {
        vec![
            ("targets", self.targets.to_string(), "how many targets that the supplier never used make a fan-out"),
            ("within", span_words(self.within), "within how long"),
            ("learning", span_words(self.learning), "how long a supplier is watched in silence before its targets are known"),
            ("sessions", self.sessions.to_string(), "how many sessions it must have had by then"),
            ("forgotten_after", span_words(self.forgotten_after), "after how long a target that was not used is new again"),
        ]
    }

    fn nearest(&self, told: &Told<'_>) -> Vec<Nearest> {
        if let (Some(targets), Some(within)) = (told.listed("targets"), told.text("within")) {
            let remedy = Remedy::Setting("targets", Amount::Count(targets.saturating_add(1)));
            return vec![Nearest::fewer("new targets", targets, &format!("never used before, within {within}")).by(remedy)];
        }
        let scope = told.text("scope").map(|scope| Nearest::new("a target within", scope, "its scope in the register"));
        let target = told.text("target").map(|target| Nearest::new("the target", target, "in a `scope` entry of its own"));
        scope.into_iter().chain(target).collect()
    }
}

impl ScopeBreach {
    fn reached(&self, case: &Case<'_>, memory: &mut Memory, out: &mut Findings) {
        let Some(target) = Target::of(case) else { return };
        if let Target::Address(address) = target {
            outside_scope(case, address, out);
        }
        self.fan_out(case, memory, target, out);
    }

    fn fan_out(&self, case: &Case<'_>, memory: &mut Memory, target: Target, out: &mut Findings) {
        let last = memory.uses(&target, case.now);
        let is_known = last.is_some_and(|last| case.now.since(last) <= self.forgotten_after);
        if is_known || !memory.watched.is_learned(case.now, self.learning, self.sessions) {
            return;
        }
        memory.lately.push_back((case.now, target));
        memory.lately.retain(|(at, _)| case.now.since(*at) <= self.within);
        if memory.lately.len() < self.targets {
            return;
        }
        let targets = std::mem::take(&mut memory.lately);
        let Some(scene) = case.scene() else { return };
        let zone = case.zone();
        let login = scene.login.as_deref().unwrap_or_default();
        let (count, within, at) = (targets.len(), span_words(self.within), clock_words(case.now, zone));
        let last = targets.back().map(|(_, target)| target.to_string()).unwrap_or_default();
        let message = format!("{login} reached {count} targets in {within} that it never used, the last {last} at {at}");
        let named: Vec<String> = targets.iter().map(|(_, target)| target.to_string()).collect();
        let begun = targets.front().map_or(case.now, |(at, _)| *at);
        let because = Because::default()
            .with("targets", named.join(", "))
            .with("begun", rfc3339_in(begun, zone))
            .with("within", span_words(self.within))
            .with("local_time", local(case.now, zone));
        let unless = format!("fewer than {} new targets within {}", self.targets, span_words(self.within));
        let ips = targets.iter().filter_map(|(_, target)| if let Target::Address(ip) = target { Some(*ip) } else { None }).collect();
        out.report(Finding { because, unless, ips, ..Finding::new("fan-out", Severity::High, scene, message) });
    }
}

fn outside_scope(case: &Case<'_>, target: IpAddr, out: &mut Findings) {
    let supplier = case.supplier;
    let port = case.event().and_then(|event| event.facts.destination_port);
    if supplier.may_reach(target, port) {
        return;
    }
    let Some(scene) = case.scene() else { return };
    let zone = case.zone();
    let target = port.map_or_else(|| target.to_string(), |port| std::net::SocketAddr::new(target, port).to_string());
    let login = scene.login.as_deref().unwrap_or_default();
    let message = format!("{login} reached {target} at {}, outside its scope", clock_words(case.now, zone));
    let scope: Vec<String> = supplier.scope.iter().map(words).collect();
    let because = Because::default().with("target", target.as_str()).with("scope", scope.join("; ")).with("local_time", local(case.now, zone));
    let unless = format!("{target} within the scope of {}", supplier.id);
    out.report(Finding { because, unless, once: true, ..Finding::new("outside-scope", Severity::High, scene, message) });
}

/// `10.20.4.0/24:443,3389`
fn words(scope: &Scope) -> String {
    let networks: Vec<String> = scope.to.iter().map(ToString::to_string).collect();
    let ports: Vec<String> = scope.ports.iter().map(ToString::to_string).collect();
    let networks = networks.join(", ");
    if ports.is_empty() { networks } else { format!("{networks} on {}", ports.join(", ")) }
}

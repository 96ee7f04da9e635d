//! `scope-breach`.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use parsers::Time;
use parsers::time::{DAY, MINUTE};
use serde::{Deserialize, Serialize};

use super::{Case, Finding, Findings, Happening, Remembered, Rule, clock_words, local, span_words};
use crate::alert::{Because, RuleName, Severity};
use crate::register::Scope;
use crate::told::{Amount, Nearest, Remedy, Told};
use crate::toml_reader::Table;
use crate::zone::rfc3339_in;

/// How many targets of one supplier are remembered; beyond, the one unused for longest is forgotten.
const TARGETS: usize = 4096;

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
}

impl Default for ScopeBreach {
    fn default() -> Self {
        ScopeBreach { targets: 10, within: 10 * MINUTE, learning: 14 * DAY, sessions: 5 }
    }
}

/// What is remembered of a supplier.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// Its first success.
    first: Option<Time>,
    /// Sessions so far.
    sessions: u32,
    /// When it last used each target.
    used: BTreeMap<IpAddr, Time>,
    /// Targets that it used for the first time lately.
    fresh: VecDeque<(Time, IpAddr)>,
}

impl Rule for ScopeBreach {
    const NAME: RuleName = RuleName {
        id: "scope-breach",
        name: "Supplier reaches what it has no business with",
        category: &["network"],
        techniques: &[("T1021", "Remote Services"), ("T1046", "Network Service Discovery")],
    };
    const MANUAL: &'static str = include_str!("scope_breach.md");
    type Account = ();
    type Supplier = Memory;
    type Address = ();
    type Stream = ();

    fn observe(&self, case: &Case<'_>, memory: Remembered<'_, Self>, out: &mut Findings) {
        let memory = memory.supplier;
        match case.happening {
            Happening::Success { .. } => {
                memory.first.get_or_insert(case.now);
                memory.sessions = memory.sessions.saturating_add(1);
            }
            Happening::Used { .. } => {
                let Some(target) = case.scene.and_then(|scene| scene.destination_ip) else { return };
                outside_scope(case, target, out);
                self.fan_out(case, memory, target, out);
            }
            _ => {}
        }
    }

    fn read(table: &mut Table<'_>) -> Self {
        let default = ScopeBreach::default();
        ScopeBreach {
            targets: table.integer("targets", 1..=1_000).and_then(|targets| usize::try_from(targets).ok()).unwrap_or(default.targets),
            within: table.span("within").unwrap_or(default.within),
            learning: table.span("learning").unwrap_or(default.learning),
            sessions: table.integer("sessions", 0..=1_000_000).and_then(|sessions| u32::try_from(sessions).ok()).unwrap_or(default.sessions),
        }
    }

    fn settings(&self) -> Vec<(&'static str, String, &'static str)> {
        vec![
            ("targets", self.targets.to_string(), "how many targets that the supplier never used make a fan-out"),
            ("within", span_words(self.within), "within how long"),
            ("learning", span_words(self.learning), "how long a supplier is watched in silence before its targets are known"),
            ("sessions", self.sessions.to_string(), "how many sessions it must have had by then"),
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
    fn fan_out(&self, case: &Case<'_>, memory: &mut Memory, target: IpAddr, out: &mut Findings) {
        let known = memory.used.insert(target, case.now).is_some();
        if memory.used.len() > TARGETS {
            let oldest = memory.used.iter().min_by_key(|(_, used)| **used).map(|(target, _)| *target);
            oldest.map(|oldest| memory.used.remove(&oldest));
        }
        let first = *memory.first.get_or_insert(case.now);
        if known || case.now.since(first) < self.learning || memory.sessions < self.sessions {
            return;
        }
        memory.fresh.push_back((case.now, target));
        memory.fresh.retain(|(at, _)| case.now.since(*at) <= self.within);
        if memory.fresh.len() < self.targets {
            return;
        }
        let targets = std::mem::take(&mut memory.fresh);
        let Some(scene) = case.complete() else { return };
        let zone = case.zone();
        let login = scene.login.as_deref().unwrap_or_default();
        let message =
            format!("{login} reached {} targets in {} that it never used, the last {target} at {}", targets.len(), span_words(self.within), clock_words(case.now, zone));
        let named: Vec<String> = targets.iter().map(|(_, target)| target.to_string()).collect();
        let begun = targets.front().map_or(case.now, |(at, _)| *at);
        let because = Because::default()
            .with("targets", named.join(", "))
            .with("begun", rfc3339_in(begun, zone))
            .with("within", span_words(self.within))
            .with("local_time", local(case.now, zone));
        let unless = format!("fewer than {} new targets within {}", self.targets, span_words(self.within));
        let ips = targets.iter().map(|(_, target)| *target).collect();
        out.report(Finding { because, unless, ips, ..Finding::new("fan-out", Severity::High, scene, message) });
    }
}

fn outside_scope(case: &Case<'_>, target: IpAddr, out: &mut Findings) {
    let supplier = case.supplier;
    let port = case.scene.and_then(|scene| scene.destination_port);
    if supplier.may_reach(target, port) {
        return;
    }
    let Some(scene) = case.complete() else { return };
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

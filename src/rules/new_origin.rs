//! `new-origin`.

use std::collections::BTreeMap;

use parsers::Time;
use parsers::time::DAY;
use serde::{Deserialize, Serialize};

use super::{Case, Finding, Findings, Happening, Remembered, Rule, clock_words, from_words, local, span_words};
use crate::alert::{Because, RuleName, Severity};
use crate::session::Origin;
use crate::told::{Nearest, Remedy, Told};
use crate::toml_reader::Table;
use crate::zone::rfc3339_in;

/// How many origins of one supplier are remembered; beyond, the one unseen for longest is forgotten.
const ORIGINS: usize = 512;

#[doc = include_str!("new_origin.md")]
#[derive(Clone, Debug)]
pub struct NewOrigin {
    /// How long a supplier without declared origins is watched before its networks are known, in nanoseconds.
    pub learning: i64,
    /// How many sessions it must have had by then.
    pub sessions: u32,
    /// After how long an origin that was not seen is new again, in nanoseconds.
    pub forgotten_after: i64,
}

impl Default for NewOrigin {
    fn default() -> Self {
        NewOrigin { learning: 14 * DAY, sessions: 5, forgotten_after: 90 * DAY }
    }
}

/// What is remembered of a supplier.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// Its first success.
    first: Option<Time>,
    /// Sessions so far.
    sessions: u32,
    /// When it last came from each origin.
    seen: BTreeMap<Origin, Time>,
}

impl Rule for NewOrigin {
    const NAME: RuleName = RuleName {
        id: "new-origin",
        name: "Supplier in from a new place",
        category: &["authentication", "network"],
        techniques: &[("T1078", "Valid Accounts"), ("T1133", "External Remote Services")],
    };
    const MANUAL: &'static str = include_str!("new_origin.md");
    type Account = ();
    type Supplier = Memory;
    type Address = ();
    type Stream = ();

    fn observe(&self, case: &Case<'_>, memory: Remembered<'_, Self>, out: &mut Findings) {
        let memory = memory.supplier;
        let opens = matches!(case.happening, Happening::Success { .. });
        if !opens && case.happening != (Happening::Announced { placed: true }) {
            return;
        }
        let first = *memory.first.get_or_insert(case.now);
        let learned = case.now.since(first) >= self.learning && memory.sessions >= self.sessions;
        memory.sessions = memory.sessions.saturating_add(u32::from(opens));
        let Some(origin) = case.session.and_then(|session| session.origin) else { return };
        let last = memory.seen.get(&origin).copied();
        memory.seen.insert(origin, last.map_or(case.now, |last| last.max(case.now)));
        if memory.seen.len() > ORIGINS {
            let oldest = memory.seen.iter().min_by_key(|(_, last)| **last).map(|(origin, _)| *origin);
            oldest.map(|oldest| memory.seen.remove(&oldest));
        }
        let supplier = case.supplier;
        let is_known = last.is_some_and(|last| case.now.since(last) <= self.forgotten_after);
        if origin == Origin::Declared || is_known {
            return;
        }
        let only_by_place = supplier.networks.is_empty() && !(supplier.countries.is_empty() && supplier.asns.is_empty());
        let (reason, words) = if !supplier.networks.is_empty() {
            ("undeclared-network", "outside its declared networks")
        } else if learned && !only_by_place {
            ("first-seen-network", "which it never came from")
        } else {
            return;
        };
        let Some(scene) = case.complete() else { return };
        let zone = case.zone();
        let network = origin.describe();
        let message = format!(
            "{} in{} ({network}) at {}, {words}",
            scene.login.as_deref().unwrap_or_default(),
            from_words(scene.source_ip),
            clock_words(case.now, zone)
        );
        let mut because = Because::default().with("origin", network.as_str()).with("local_time", local(case.now, zone));
        if reason == "undeclared-network" {
            let declared: Vec<String> = supplier.networks.iter().map(ToString::to_string).collect();
            because = because.with("networks", declared.join(", "));
        } else {
            because = because.with("watched_since", rfc3339_in(first, zone)).with("known_origins", i64::try_from(memory.seen.len() - 1).unwrap_or(i64::MAX));
        }
        if let Some(last) = last {
            because = because.with("last_seen", rfc3339_in(last, zone));
        }
        let unless = format!("{network} among the networks of {}", supplier.id);
        out.report(Finding { because, unless, ..Finding::new(reason, Severity::Low, scene, message) });
    }

    fn read(table: &mut Table<'_>) -> Self {
        let default = NewOrigin::default();
        NewOrigin {
            learning: table.span("learning").unwrap_or(default.learning),
            sessions: table.integer("sessions", 0..=1_000_000).and_then(|sessions| u32::try_from(sessions).ok()).unwrap_or(default.sessions),
            forgotten_after: table.span("forgotten_after").unwrap_or(default.forgotten_after),
        }
    }

    fn settings(&self) -> Vec<(&'static str, String, &'static str)> {
        vec![
            ("learning", span_words(self.learning), "how long a supplier without declared origins is watched in silence"),
            ("sessions", self.sessions.to_string(), "how many sessions it must have had by then"),
            ("forgotten_after", span_words(self.forgotten_after), "after how long an origin that was not seen is new again"),
        ]
    }

    fn nearest(&self, told: &Told<'_>) -> Vec<Nearest> {
        let mut list = Vec::new();
        if let Some(networks) = told.text("networks") {
            list.push(Nearest::new("a login out of", networks, "its declared networks"));
        }
        if let Some(origin) = told.text("origin") {
            let means = "declared among its networks in the register";
            list.push(Nearest::new("the origin", origin, means).by(Remedy::Network(origin.to_owned())));
        }
        if let Some(last) = told.moment("last_seen") {
            let means = format!("it was last seen there on {}", told.at(last));
            list.push(Nearest::new("a login before", told.at(last.plus(self.forgotten_after)), means));
        }
        list
    }
}

//! `lan-to-lan`.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use parsers::Time;
use parsers::time::{DAY, MINUTE};
use serde::{Deserialize, Serialize};

use super::{Case, Finding, Findings, Happening, Remembered, Rule, clock_words, local, span_words};
use crate::alert::{Because, RuleName, Severity};
use crate::network::Network;
use crate::register::{Access, SupplierKind};
use crate::scene::Scene;
use crate::told::{Nearest, Told};
use crate::toml_reader::Table;
use crate::zone::{rfc3339_in, zoned};

/// How many peers that nobody declared are remembered; beyond, the one told longest ago is forgotten.
const PEERS: usize = 4096;

#[doc = include_str!("lan_to_lan.md")]
#[derive(Clone, Debug)]
pub struct LanToLan {
    /// After how long a peer that nobody declared is told again, in nanoseconds.
    pub again_after: i64,
    /// How long the alert waits for a window that is written a little late, in nanoseconds; only where a daybook is
    /// configured.
    pub grace: i64,
    /// The hospitals' own gateways.
    pub own: Vec<Network>,
}

impl Default for LanToLan {
    fn default() -> Self {
        LanToLan { again_after: DAY, grace: 5 * MINUTE, own: Vec::new() }
    }
}

/// What is remembered of a supplier, and of all strangers together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    /// When a peer that nobody declared was last told, by site.
    told: BTreeMap<(Option<Arc<str>>, IpAddr), Time>,
    /// The closed period in which a supplier's peer was last told.
    said: BTreeMap<IpAddr, Time>,
    /// Findings that wait for their grace.
    waiting: Vec<Waiting>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Waiting {
    period: Time,
    peer: IpAddr,
    scene: Scene,
}

impl Rule for LanToLan {
    const NAME: RuleName = RuleName {
        id: "lan-to-lan",
        name: "Site-to-site tunnel that nobody expects",
        category: &["network"],
        techniques: &[("T1199", "Trusted Relationship"), ("T1133", "External Remote Services")],
    };
    const MANUAL: &'static str = include_str!("lan_to_lan.md");
    type Account = ();
    type Supplier = Memory;
    type Address = ();
    type Stream = ();

    fn heeds(happening: Happening) -> bool {
        happening == Happening::TunnelUp
    }

    fn observe(&self, case: &Case<'_>, memory: Remembered<'_, Self>, out: &mut Findings) {
        let memory = memory.supplier;
        let grace = if case.daybook_configured { self.grace } else { 0 };
        match case.happening {
            Happening::TunnelUp if case.supplier.kind == SupplierKind::Human => {
                let Some(peer) = case.event().and_then(|event| event.facts.peer) else { return };
                let Some(period) = case.closed_period(case.now) else { return };
                let is_waiting = memory.waiting.iter().any(|waiting| waiting.peer == peer && waiting.period == period);
                if is_waiting || memory.said.get(&peer) == Some(&period) {
                    return;
                }
                let Some(scene) = case.scene() else { return };
                let waiting = Waiting { period, peer, scene };
                if grace == 0 {
                    self.speak(case, memory, waiting, out);
                } else {
                    memory.waiting.push(waiting);
                    out.wake(case.now.plus(grace), 0);
                }
            }
            Happening::Due { .. } => {
                let due = |waiting: &Waiting| waiting.scene.time.plus(grace) <= case.now;
                let (due, waiting) = std::mem::take(&mut memory.waiting).into_iter().partition(due);
                memory.waiting = waiting;
                let due: Vec<Waiting> = due;
                for waiting in due {
                    self.speak(case, memory, waiting, out);
                }
            }
            _ => {}
        }
    }

    fn stranger(&self, case: &Case<'_>, memory: Remembered<'_, Self>, out: &mut Findings) {
        // Without a register nobody could declare a peer.
        if case.happening != Happening::TunnelUp || !case.register.is_declared() {
            return;
        }
        let Some((peer, line)) = case.event().and_then(|event| event.facts.peer).zip(case.line) else { return };
        if case.register.is_front_end(peer) || self.own.iter().any(|own| own.contains(peer)) {
            return;
        }
        let told = &mut memory.supplier.told;
        let key = (line.site.cloned(), peer);
        let before = told.get(&key).copied();
        if before.is_some_and(|before| case.now.since(before) < self.again_after) {
            return;
        }
        told.insert(key, case.now);
        if told.len() > PEERS {
            let oldest = told.iter().min_by_key(|(_, told)| **told).map(|(key, _)| key.clone());
            oldest.map(|oldest| told.remove(&oldest));
        }
        let (Some(scene), zone) = (case.scene(), case.zone()) else { return };
        let message = format!("tunnel up with {peer} at {} on {}, a peer that nobody declared", clock_words(case.now, zone), scene.observer);
        let mut because = Because::default().with("peer", peer.to_string()).with("local_time", local(case.now, zone));
        if let Some(before) = before {
            because = because.with("told_before", rfc3339_in(before, zone));
        }
        let unless = format!("{peer} among the peers of a supplier, or among the hospitals' own gateways (setting own)");
        out.report(Finding { because, unless, ..Finding::new("unknown-peer", Severity::Medium, scene, message) });
    }

    fn read(table: &mut Table<'_>) -> Self {
        let default = LanToLan::default();
        LanToLan {
            again_after: table.span("again_after").unwrap_or(default.again_after),
            grace: table.span("grace").unwrap_or(default.grace),
            own: table.list("own", str::parse::<Network>).into_iter().map(|(network, _)| network).collect(),
        }
    }

    fn settings(&self) -> Vec<(&'static str, String, &'static str)> {
        let own: Vec<String> = self.own.iter().map(|own| format!("{:?}", own.to_string())).collect();
        vec![
            ("again_after", span_words(self.again_after), "after how long a peer that nobody declared is told again"),
            ("grace", span_words(self.grace), "how long the alert waits for a window written late (where a daybook is configured)"),
            ("own", format!("[{}]", own.join(", ")), "the hospitals' own gateways, addresses or networks: no strangers"),
        ]
    }

    fn nearest(&self, told: &Told<'_>) -> Vec<Nearest> {
        if told.reason == "outside-hours" {
            return told.within_hours("a tunnel up", &span_words(self.grace));
        }
        let declared = "among the peers of a supplier, or the hospitals' own gateways (`own`)";
        told.text("peer").map(|peer| Nearest::new("the peer", peer, declared)).into_iter().collect()
    }
}

impl LanToLan {
    fn speak(&self, case: &Case<'_>, memory: &mut Memory, Waiting { period, peer, scene }: Waiting, out: &mut Findings) {
        let (supplier, time, zone) = (case.supplier, scene.time, case.zone());
        if case.daybook.window_covering(&supplier.id, "", time, time.plus(self.grace)).is_some() {
            return;
        }
        memory.said.insert(peer, period);
        let hours = case.calendars.hours(supplier.calendar);
        let (why, because) = if supplier.access == Access::OnDemand {
            ("on-demand access and no access window".to_owned(), Because::default().with("access", "on-demand"))
        } else {
            (format!("outside {} and no access window", hours.trim_end_matches("; PH off")), Because::default().with("hours", hours))
        };
        let because = because.with("peer", peer.to_string()).with("local_time", local(time, zone));
        let (severity, because) = if supplier.on_call { (Severity::Low, because.with("on_call", true)) } else { (Severity::Medium, because) };
        let message = format!("tunnel up with {peer} at {} on {}, {why}", clock_words(time, zone), scene.observer);
        let unless = format!("an access window for {} covering {}", supplier.id, zoned(time, zone).strftime("%H:%M"));
        out.report(Finding { because, unless, ..Finding::new("outside-hours", severity, scene, message) });
    }
}

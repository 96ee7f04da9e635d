//! `control-change`.

use std::sync::Arc;

use parsers::time::{DAY, HOUR};
use parsers::{Glob, Time};
use serde::{Deserialize, Serialize};

use super::{Case, Finding, Findings, Happening, Remembered, Rule, clock_words, from_words, local, span_words};
use crate::alert::{Because, RuleName, Severity};
use crate::normalised::lossy;
use crate::scene::Line;
use crate::told::{Nearest, Told};
use crate::toml_reader::Table;
use crate::zone::rfc3339_in;

/// How many people at work are remembered; beyond, the one who changed something longest ago is forgotten.
const AT_WORK: usize = 256;

/// Names under which gateways change themselves: certificates, updates, peers of a cluster, management from afar.
const AUTOMATIC: &[&str] = &["system", "(system)", "daemon*", "*_daemon", "cron*", "forticron*", "fgfm*", "ha_*", "hasync*", "acme*", "autod", "fortimanager*"];

#[doc = include_str!("control_change.md")]
#[derive(Clone, Debug)]
pub struct ControlChange {
    /// How long somebody who changes something on and off has to pause to be told again, in nanoseconds.
    pub pause: i64,
    /// Names under which gateways change themselves.
    pub automatic: Vec<Glob>,
}

impl Default for ControlChange {
    fn default() -> Self {
        ControlChange { pause: HOUR, automatic: AUTOMATIC.iter().map(|name| Glob::new(name)).collect() }
    }
}

/// Somebody at work on a gateway: who, where, since when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AtWork {
    /// Login; empty where the gateway does not tell.
    who: Arc<str>,
    /// The gateway.
    gateway: Arc<str>,
    /// When it was told.
    told: Time,
    /// The latest change.
    last: Time,
    /// Changes since it was told.
    since: u32,
}

impl Rule for ControlChange {
    const NAME: RuleName = RuleName {
        id: "control-change",
        name: "The gate itself was changed",
        category: &["configuration", "iam"],
        techniques: &[("T1562", "Impair Defenses"), ("T1098", "Account Manipulation")],
    };
    const MANUAL: &'static str = include_str!("control_change.md");
    type Account = ();
    type Supplier = Vec<AtWork>;
    type Address = ();
    type Stream = ();

    fn heeds(happening: Happening) -> bool {
        happening == Happening::Changed
    }

    fn observe(&self, case: &Case<'_>, memory: Remembered<'_, Self>, out: &mut Findings) {
        let Some(line) = case.line.filter(|_| case.happening == Happening::Changed) else { return };
        let Some(before) = self.at_work(memory.supplier, case, line) else { return };
        let because = Because::default();
        let unless = "a change by somebody of the hospital, in its hours".to_owned();
        report(case, before, ("by-supplier", "a supplier's account"), because, unless, out);
    }

    fn stranger(&self, case: &Case<'_>, memory: Remembered<'_, Self>, out: &mut Findings) {
        let Some(line) = case.line.filter(|_| case.happening == Happening::Changed) else { return };
        if case.closed_period(case.now).is_none() || self.is_automatic(line) || case.daybook.maintenance(line.source, case.now).is_some() {
            return;
        }
        let Some(before) = self.at_work(memory.supplier, case, line) else { return };
        let hours = case.calendars.hours(case.supplier.calendar);
        let mut because = Because::default().with("hours", hours);
        if let Some(name) = case.calendars.holiday(case.supplier.calendar, case.now) {
            because = because.with("public_holiday", name);
        }
        let unless = format!("a change within {hours}, or planned maintenance of {} in the daybook", line.source);
        report(case, before, ("outside-hours", hours), because, unless, out);
    }

    fn read(table: &mut Table<'_>) -> Self {
        let default = ControlChange::default();
        let pause = table.span("pause").unwrap_or(default.pause);
        let replaced = table.has("automatic");
        let named = table.list("automatic", |text| Ok::<_, String>(Glob::new(text)));
        let automatic = if replaced { named.into_iter().map(|(glob, _)| glob).collect() } else { default.automatic };
        ControlChange { pause, automatic }
    }

    fn settings(&self) -> Vec<(&'static str, String, &'static str)> {
        let automatic: Vec<String> = self.automatic.iter().map(|name| format!("{:?}", name.pattern())).collect();
        vec![
            ("pause", span_words(self.pause), "how long somebody who goes on changing has to pause to be told again"),
            ("automatic", format!("[{}]", automatic.join(", ")), "names under which gateways change themselves, without an address"),
        ]
    }

    fn nearest(&self, told: &Told<'_>) -> Vec<Nearest> {
        if told.reason == "by-supplier" {
            return vec![Nearest::new("a change by", "somebody of the hospital", "in its hours; a supplier's account has none to make")];
        }
        let within = told.text("hours").map(|hours| Nearest::new("a change within", hours, "the hospital's hours"));
        let planned = told.time.map(|time| Nearest::new("maintenance over", told.at(time), "of the gateway's source, in the daybook"));
        within.into_iter().chain(planned).collect()
    }
}

impl ControlChange {
    /// A gateway at work on itself: nobody reached it from anywhere.
    fn is_automatic(&self, line: &Line<'_>) -> bool {
        let login = line.login.map_or("", |login| login);
        line.source_ip.is_none_or(|ip| ip.is_loopback()) && self.automatic.iter().any(|name| name.matches(login))
    }

    /// Takes down a change. `None` while somebody who was told goes on; else the changes that were not told since the last time.
    fn at_work(&self, held: &mut Vec<AtWork>, case: &Case<'_>, line: &Line<'_>) -> Option<u32> {
        let who = line.login.cloned().unwrap_or_default();
        // Some lines of one change leave out who made it.
        let same = |at_work: &AtWork| at_work.gateway == *line.observer && (at_work.who == who || (who.is_empty() && case.now.since(at_work.last) < self.pause));
        if let Some(found) = held.iter_mut().rev().find(|at_work| same(at_work)) {
            let goes_on = case.now.since(found.last) < self.pause && case.now.since(found.told) < DAY;
            found.last = found.last.max(case.now);
            if goes_on {
                found.since = found.since.saturating_add(1);
                return None;
            }
            found.told = case.now;
            return Some(std::mem::take(&mut found.since));
        }
        if held.len() >= AT_WORK {
            let oldest = held.iter().enumerate().min_by_key(|(_, at_work)| at_work.last).map(|(at, _)| at);
            oldest.map(|oldest| held.swap_remove(oldest));
        }
        held.push(AtWork { who, gateway: Arc::clone(line.observer), told: case.now, last: case.now, since: 0 });
        Some(0)
    }
}

fn report(case: &Case<'_>, before: u32, (reason, why): (&'static str, &str), because: Because, unless: String, out: &mut Findings) {
    let (Some(scene), Some(event)) = (case.scene(), case.event()) else { return };
    let zone = case.zone();
    let text = |part| event.text(part).map(lossy);
    let (action, target) = (text(event.facts.action), text(event.facts.target));
    let what: Vec<&str> = [&action, &target].into_iter().flatten().map(|part| &**part).collect();
    let what = if what.is_empty() { String::new() } else { format!(" ({})", what.join(" ")) };
    let who = scene.login.as_deref().unwrap_or("somebody");
    let why = if reason == "outside-hours" { format!("outside {}", why.trim_end_matches("; PH off")) } else { why.to_owned() };
    let message = format!("{who} changed {}{}{what} at {}, {why}", scene.observer, from_words(scene.source_ip), clock_words(case.now, zone));
    let mut because = because.with("gateway", &*scene.observer);
    for (name, part) in [("action", &action), ("target", &target)] {
        if let Some(part) = part {
            because = because.with(name, &**part);
        }
    }
    because = because.with("local_time", local(case.now, zone));
    if let Some(session) = case.session {
        because = because.with("session_opened", rfc3339_in(session.opened, zone));
    }
    if before > 0 {
        because = because.with("not_told_before", i64::from(before));
    }
    out.report(Finding { because, unless, ..Finding::new(reason, Severity::High, scene, message) });
}

//! `rule-flood`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Case, Finding, Findings, Happening, Remembered, Rule};
use crate::alert::{Alert, Because, Evidence, RuleName, Severity};
use crate::scene::Scene;
use crate::told::{Nearest, Told};
use crate::toml_reader::Table;

/// What so many in a hundred alerts have in common is their likely cause, however little it is.
const MOST: u64 = 80;

#[doc = include_str!("rule_flood.md")]
#[derive(Clone, Debug)]
pub struct RuleFlood {
    /// How many low and medium alerts a rule raises in a day.
    pub cap: u32,
}

impl Default for RuleFlood {
    fn default() -> Self {
        RuleFlood { cap: 50 }
    }
}

/// What alerts may have in common, the most telling first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Cause {
    Origin,
    Account,
    Device,
    Supplier,
    Site,
}

/// A rule's low and medium alerts of one day.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Day {
    raised: u32,
    first: Option<Evidence>,
    common: BTreeMap<(Cause, Arc<str>), u32>,
    /// Those that were not told, by supplier; the empty name stands for nobody's.
    held: BTreeMap<Arc<str>, u64>,
}

/// What becomes of an alert.
#[derive(Debug)]
pub enum Verdict {
    /// It goes out.
    Told,
    /// It is only counted, as others before it.
    Held,
    /// It is the first that is only counted: this goes out instead.
    Instead(Box<Finding>),
}

impl Rule for RuleFlood {
    const NAME: RuleName =
        RuleName { id: "rule-flood", name: "A rule raised too many alerts today", category: &["host"], techniques: &[] };
    const MANUAL: &'static str = include_str!("rule_flood.md");
    type Account = ();
    type Supplier = ();
    type Address = ();
    type Stream = ();

    fn heeds(_: Happening) -> bool {
        false
    }

    fn observe(&self, _: &Case<'_>, _: Remembered<'_, Self>, _: &mut Findings) {}

    fn read(table: &mut Table<'_>) -> Self {
        let cap = table.integer("cap", 1..=1_000_000).and_then(|cap| u32::try_from(cap).ok());
        RuleFlood { cap: cap.unwrap_or(RuleFlood::default().cap) }
    }

    fn settings(&self) -> Vec<(&'static str, String, &'static str)> {
        vec![("cap", self.cap.to_string(), "how many low and medium alerts a rule raises in a day")]
    }

    fn nearest(&self, told: &Told<'_>) -> Vec<Nearest> {
        let Some((rule, cap)) = told.text("rule").zip(told.number("cap")) else { return Vec::new() };
        let day = told.text("day").map(|day| format!(", on {day}")).unwrap_or_default();
        vec![Nearest::new(&format!("alerts of {rule}"), format!("{cap} at most"), format!("low and medium ones{day}"))]
    }
}

impl RuleFlood {
    /// Whether an alert counts for the cap of its rule: nobody is kept from what is grave, and info asks for nothing.
    pub fn counts(alert: &Alert) -> bool {
        matches!(alert.severity, Severity::Low | Severity::Medium) && alert.rule.id != Self::NAME.id
    }

    /// Counts an alert of a rule on a day; with `invented`, among those on names that anybody may have invented.
    pub fn count(&self, alert: &Alert, date: Date, day: &mut Day, invented: bool) -> Verdict {
        day.raised = day.raised.saturating_add(1);
        if day.raised <= self.cap {
            day.common(alert);
            day.first.get_or_insert_with(|| Evidence { raw: None, ..alert.evidence.last().cloned().unwrap_or_else(nothing) });
            return Verdict::Told;
        }
        let supplier = alert.supplier.as_ref().map_or_else(|| "".into(), |(id, _)| Arc::clone(id));
        let is_first = day.held.is_empty();
        let held = day.held.entry(supplier).or_default();
        *held = held.saturating_add(1);
        if !is_first {
            return Verdict::Held;
        }
        day.common(alert);
        let finding = self.passed(alert, date, day, invented);
        // What was in common has been told.
        day.common.clear();
        day.first = None;
        Verdict::Instead(Box::new(finding))
    }

    fn passed(&self, alert: &Alert, date: Date, day: &Day, invented: bool) -> Finding {
        let rule = alert.rule.id;
        let of = if invented { " of names that anybody may have invented" } else { "" };
        let mut because =
            Because::default().with("rule", rule).with("day", date.to_string()).with("count", day.raised).with("cap", self.cap);
        let mut message =
            format!("{rule} raised {} low and medium alerts{of} on {date}: from now on those of that day are only counted", day.raised);
        if let Some((cause, name, count)) = day.likely_cause() {
            let cause = format!("{} {name}", cause.word());
            let _ = write!(message, "; likely cause: {cause} ({count} of them)");
            because = because.with("likely_cause", cause).with("of_it", count);
        }
        let suppliers = day.common.keys().filter(|(cause, _)| *cause == Cause::Supplier).count();
        because = because.with("suppliers", suppliers);
        let evidence = alert.evidence.last().cloned().unwrap_or_else(nothing);
        let scene = Scene {
            time: alert.time,
            login: None,
            source_ip: None,
            destination_ip: None,
            destination_port: None,
            observer: Arc::clone(&alert.observer),
            site: None,
            evidence,
            earlier: Vec::new(),
            story: None,
            time_guessed: alert.time_guessed,
            time_ambiguous: alert.time_ambiguous,
        };
        let earlier = day.first.iter().cloned().collect();
        let unless = format!("at most {} low and medium alerts of {rule}{of} a day", self.cap);
        let incident = Some(format!("{rule}{of} {date}"));
        // Two rules may pass their cap on one line, and have begun on one.
        Finding { earlier, because, unless, incident, about: Some(rule), ..Finding::new("capped", Severity::High, scene, message) }
    }
}

impl Day {
    /// Takes down what an alert may have in common with others.
    fn common(&mut self, alert: &Alert) {
        let named = [
            (Cause::Origin, alert.source_ip.map(|ip| ip.to_string().into())),
            (Cause::Account, alert.account.clone()),
            (Cause::Device, Some(Arc::clone(&alert.observer))),
            (Cause::Supplier, alert.supplier.as_ref().map(|(id, _)| Arc::clone(id))),
            (Cause::Site, alert.site.clone()),
        ];
        for (cause, name) in named {
            if let Some(name) = name {
                let count = self.common.entry((cause, name)).or_default();
                *count = count.saturating_add(1);
            }
        }
    }

    /// What most of them have in common: the most telling of what nearly all have, else what the most have.
    fn likely_cause(&self) -> Option<(Cause, &str, u32)> {
        let of_nearly_all = |count: u32| u64::from(count) * 100 >= u64::from(self.raised) * MOST;
        let found = self.common.iter().find(|(_, count)| of_nearly_all(**count));
        let found = found.or_else(|| self.common.iter().rev().max_by_key(|(_, count)| **count));
        found.map(|((cause, name), count)| (*cause, &**name, *count))
    }
}

impl Cause {
    fn word(self) -> &'static str {
        match self {
            Cause::Origin => "origin",
            Cause::Account => "account",
            Cause::Device => "device",
            Cause::Supplier => "supplier",
            Cause::Site => "site",
        }
    }
}

/// Every alert rests on a line.
fn nothing() -> Evidence {
    Evidence::of(&"".into(), 0, parsers::Time::default(), b"")
}

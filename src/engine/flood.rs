//! The last stage before alerts leave: what a rule raises beyond its daily cap is counted instead.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::Engine;
use super::telling::alert;
use crate::alert::Alert;
use crate::rules::rule_flood::{Day, RuleFlood, Verdict};
use crate::rules::{Configured, Rule};
use crate::zone::zoned;

/// How many days of a rule are kept: late lines belong to days that are over.
const DAYS: usize = 32;

/// Low and medium alerts of each rule, by day.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Floods {
    rules: BTreeMap<String, BTreeMap<(i16, i8, i8), Day>>,
}

impl Floods {
    fn day(&mut self, rule: &str, date: Date) -> Option<&mut Day> {
        if !self.rules.contains_key(rule) {
            self.rules.insert(rule.to_owned(), BTreeMap::new());
        }
        let days = self.rules.get_mut(rule)?;
        let key = (date.year(), date.month(), date.day());
        if days.len() >= DAYS && !days.contains_key(&key) {
            days.pop_first();
        }
        Some(days.entry(key).or_default())
    }
}

impl Engine {
    /// Holds back what is beyond the cap, from an alert on.
    pub(super) fn cap(&mut self, from: usize, out: &mut Vec<Alert>) {
        if !out.iter().skip(from).any(RuleFlood::counts) {
            return;
        }
        let rules = Arc::clone(&self.rules);
        let Configured { enabled: true, severity, rule } = &rules.rule_flood else { return };
        let nobody = Arc::clone(self.register.nobody(None));
        for raised in out.split_off(from) {
            if !RuleFlood::counts(&raised) {
                out.push(raised);
                continue;
            }
            let date = zoned(raised.time, self.register.calendars.zone(nobody.calendar)).date();
            let Some(day) = Arc::make_mut(&mut self.state.floods).day(raised.rule.id, date) else { continue };
            let verdict = rule.count(&raised, date, day);
            if matches!(verdict, Verdict::Told) {
                out.push(raised);
                continue;
            }
            let supplier = raised.supplier.map_or_else(|| "".into(), |(id, _)| id);
            *self.held.entry((raised.rule.id, supplier)).or_default() += 1;
            if let Verdict::Instead(mut finding) = verdict {
                finding.severity = severity.unwrap_or(finding.severity);
                out.extend(alert(&nobody, RuleFlood::NAME, *finding, None, &mut Vec::new()));
            }
        }
    }
}

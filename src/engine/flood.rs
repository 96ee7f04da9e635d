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
    rules: Days,
    /// Those on names that anybody may have invented: they use up no room of accounts that are known.
    invented: Days,
}

/// Days by rule and date.
type Days = BTreeMap<String, BTreeMap<(i16, i8, i8), Day>>;

impl Floods {
    fn day(&mut self, rule: &str, date: Date, invented: bool) -> Option<&mut Day> {
        let rules = if invented { &mut self.invented } else { &mut self.rules };
        if !rules.contains_key(rule) {
            rules.insert(rule.to_owned(), BTreeMap::new());
        }
        let days = rules.get_mut(rule)?;
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
            let invented = self.is_invented(&raised);
            let Some(day) = Arc::make_mut(&mut self.state.floods).day(raised.rule.id, date, invented) else { continue };
            let verdict = rule.count(&raised, date, day, invented);
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

    /// Whether an alert speaks of names alone that never got in, and that the register does not spell out.
    fn is_invented(&self, alert: &Alert) -> bool {
        let owner = |login: &str| self.attribution.by_name(login, &self.register);
        let invented =
            |login: &Arc<str>| !self.attribution.is_known(login.as_bytes()) && owner(login).is_none_or(|owner| owner.is_invented());
        !alert.users.is_empty() && alert.users.iter().all(invented)
    }
}

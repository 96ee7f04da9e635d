//! What another configuration changes: alerts that only one of two replays gave, and those of another severity.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::Period;
use crate::verbs::recorded::Recorded;

/// How many alerts of each kind are shown of a rule.
const EXAMPLES: usize = 3;

/// What differs, by rule.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Difference {
    /// Name of the other configuration.
    pub against: String,
    /// Alerts of the other one.
    pub alerts: usize,
    /// By rule; only those that differ.
    pub rules: BTreeMap<String, Changes>,
}

/// What differs of one rule.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Changes {
    /// Alerts that only the first gives.
    pub gone: Changed,
    /// Alerts that only the other gives.
    pub new: Changed,
    /// Alerts of another severity.
    pub severity: Changed,
}

/// Alerts that changed in one way.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Changed {
    /// How many.
    pub count: usize,
    /// The first of them.
    pub examples: Vec<Example>,
}

/// One alert.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Example {
    /// Its id.
    pub id: String,
    /// Its severity; of one that changed, both.
    pub severity: String,
    /// Its sentence.
    pub message: String,
}

impl Changed {
    fn add(&mut self, alert: &Recorded, severity: String) {
        self.count += 1;
        if self.examples.len() < EXAMPLES {
            self.examples.push(Example { id: alert.id().to_owned(), severity, message: alert.text("/message").to_owned() });
        }
    }
}

/// Compares the alerts of two replays of the same lines.
pub(super) fn difference(name: &str, ours: &[&Recorded], theirs: &[Recorded], period: &Period) -> Difference {
    let theirs: Vec<&Recorded> = theirs.iter().filter(|alert| period.holds(alert)).collect();
    let by_id = |alerts: &[&Recorded]| -> HashMap<String, String> {
        alerts.iter().map(|alert| (alert.id().to_owned(), alert.text("/nightporter/severity").to_owned())).collect()
    };
    let (in_ours, in_theirs) = (by_id(ours), by_id(&theirs));
    let mut rules: BTreeMap<String, Changes> = BTreeMap::new();
    for alert in ours {
        let severity = alert.text("/nightporter/severity");
        let changes = || alert.rule().to_owned();
        match in_theirs.get(alert.id()) {
            None => rules.entry(changes()).or_default().gone.add(alert, severity.to_owned()),
            Some(other) if other != severity => rules.entry(changes()).or_default().severity.add(alert, format!("{severity} → {other}")),
            Some(_) => {}
        }
    }
    for alert in theirs.iter().filter(|alert| !in_ours.contains_key(alert.id())) {
        rules.entry(alert.rule().to_owned()).or_default().new.add(alert, alert.text("/nightporter/severity").to_owned());
    }
    Difference { against: name.to_owned(), alerts: theirs.len(), rules }
}

//! What would save alerts: wider hours, declared networks, settings, exceptions.
//!
//! The rules say of each alert what would have kept it quiet ([`crate::told::Remedy`]); here that is counted.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use parsers::Time;
use parsers::time::{DAY, HOUR, MINUTE};
use serde::Serialize;

use crate::alert::Severity;
use crate::calendar::CalendarId;
use crate::network::Network;
use crate::rules::span_words;
use crate::setup::Setup;
use crate::told::{Amount, Remedy, distance};
use crate::toml_reader::read_span;
use crate::verbs::explain::exception;
use crate::verbs::recorded::Recorded;

/// So many alerts of one rule on one supplier are worth a thought.
const MANY: usize = 3;

/// A change is worth it if it saves so many.
const WORTH: usize = 2;

/// So many networks can be declared at a time.
const NETWORKS: usize = 4;

/// Hours are widened in steps of this, at most by [`MOST_WIDER`] to either side.
const STEP: i64 = 30 * MINUTE;
const MOST_WIDER: i64 = 2 * HOUR;

/// A setting is proposed at most so many times as high as it is.
const MOST_RAISED: i64 = 4;

/// A change that would save alerts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Saving {
    /// The rule.
    pub(super) rule: String,
    /// The supplier; empty for a setting, which holds for all.
    pub(super) supplier: String,
    /// How many alerts it would have saved.
    pub(super) saves: usize,
    /// Of how many.
    pub(super) of: usize,
    /// The most severe of those that it would have saved.
    pub(super) highest: Option<Severity>,
    /// What to write: in the register, in the configuration, in the daybook.
    pub(super) what: String,
}

/// Alerts of one rule on one supplier, each with what would have kept it quiet.
type Group<'a> = Vec<(&'a Recorded, Vec<Remedy>)>;

/// What would save alerts, the most first.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Savings {
    /// Changes of register and configuration.
    pub(super) changes: Vec<Saving>,
    /// Exceptions of the daybook.
    pub(super) exceptions: Vec<Saving>,
}

impl Savings {
    /// Of some alerts. What is kept as info already asks nothing of anybody.
    pub(super) fn of(alerts: &[&Recorded], setup: &Setup, now: Time) -> Savings {
        let mut groups: BTreeMap<(&str, &str), Group<'_>> = BTreeMap::new();
        for alert in alerts.iter().filter(|alert| alert.severity() > Some(Severity::Info)) {
            let entry = alert.entry(&setup.register);
            let told = alert.told(&setup.register, entry.as_deref());
            let remedies = setup.rules.nearest(alert.rule(), &told).into_iter().filter_map(|nearest| nearest.remedy).collect();
            groups.entry((alert.rule(), alert.supplier())).or_default().push((alert, remedies));
        }
        let mut savings = Savings { changes: settings(&groups, setup), exceptions: Vec::new() };
        for ((rule, supplier), group) in groups.into_iter().filter(|((_, supplier), _)| !supplier.is_empty()) {
            let saving = |saved: &[&Recorded], what: String| Saving {
                rule: rule.to_owned(),
                supplier: supplier.to_owned(),
                saves: saved.len(),
                of: group.len(),
                highest: saved.iter().filter_map(|alert| alert.severity()).max(),
                what,
            };
            savings.changes.extend(hours(&group, setup).into_iter().chain(networks(&group)).map(|(saved, what)| saving(&saved, what)));
            // What is critical is never let pass unread.
            let harmless: Vec<&Recorded> =
                group.iter().map(|(alert, _)| *alert).filter(|alert| alert.severity() < Some(Severity::Critical)).collect();
            if harmless.len() >= MANY {
                let entry = harmless.first().and_then(|alert| alert.entry(&setup.register));
                let zone = entry.map_or(&setup.config.defaults.zone, |entry| setup.register.calendars.zone(entry.calendar));
                savings.exceptions.push(saving(&harmless, exception(rule, supplier, now, zone)));
            }
        }
        savings.changes.retain(|saving| saving.saves >= WORTH);
        for list in [&mut savings.changes, &mut savings.exceptions] {
            list.sort_by_key(|saving| Reverse(saving.saves));
        }
        savings
    }
}

/// The least widening of a supplier's hours that covers most, at most two hours to either side.
fn hours<'a>(group: &[(&'a Recorded, Vec<Remedy>)], setup: &Setup) -> Option<(Vec<&'a Recorded>, String)> {
    let steps = || (0..=MOST_WIDER / STEP).map(|step| step * STEP);
    let covered = |remedies: &[Remedy], earlier: i64, later: i64| {
        remedies.iter().any(|remedy| match remedy {
            Remedy::HoursBeginEarlier(by) => *by <= earlier,
            // A login at the very end of the hours is outside of them.
            Remedy::HoursEndLater(by) => *by < later,
            _ => false,
        })
    };
    let candidates = steps().flat_map(|earlier| steps().map(move |later| (earlier, later)));
    let saved = |earlier, later| -> Vec<&Recorded> {
        group.iter().filter(|(_, remedies)| covered(remedies, earlier, later)).map(|(alert, _)| *alert).collect()
    };
    let (earlier, later) = candidates.max_by_key(|&(earlier, later)| (saved(earlier, later).len(), Reverse(earlier + later)))?;
    let saved = saved(earlier, later);
    if saved.is_empty() {
        return None;
    }
    let calendar = group.first()?.0.entry(&setup.register)?.calendar;
    let what = widened(setup, calendar, earlier, later).map(|hours| format!("hours = \"{hours}\"")).unwrap_or_else(|| {
        let words = [(earlier, "begin", "earlier"), (later, "end", "later")];
        let words: Vec<String> =
            words.iter().filter(|(by, ..)| *by > 0).map(|(by, verb, way)| format!("{verb} {} {way}", distance(*by))).collect();
        format!("hours that {}: they are \"{}\"", words.join(" and "), setup.register.calendars.hours(calendar))
    });
    Some((saved, what))
}

/// The hours as they are written, begun earlier and ended later, where they name one range of times.
fn widened(setup: &Setup, calendar: CalendarId, earlier: i64, later: i64) -> Option<String> {
    let hours = setup.register.calendars.hours(calendar);
    let range = regex::Regex::new("([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})").ok()?;
    let mut found = range.captures_iter(hours);
    let (only, None) = (found.next()?, found.next()) else { return None };
    let at = |hour: usize, minute: usize| -> Option<i64> {
        Some(only.get(hour)?.as_str().parse::<i64>().ok()? * HOUR + only.get(minute)?.as_str().parse::<i64>().ok()? * MINUTE)
    };
    let (begin, end) = (at(1, 2)? - earlier, at(3, 4)? + later);
    let words = |time: i64| format!("{:02}:{:02}", time / HOUR, time % HOUR / MINUTE);
    let whole = only.get(0)?;
    (begin >= 0 && end <= DAY && begin < end).then(|| {
        format!(
            "{}{}-{}{}",
            hours.get(..whole.start()).unwrap_or_default(),
            words(begin),
            words(end),
            hours.get(whole.end()..).unwrap_or_default()
        )
    })
}

/// The networks of which a declaration would have kept alerts quiet: those that come again, or all if they are few.
fn networks<'a>(group: &[(&'a Recorded, Vec<Remedy>)]) -> Option<(Vec<&'a Recorded>, String)> {
    let mut by: BTreeMap<&str, Vec<&Recorded>> = BTreeMap::new();
    for (alert, remedies) in group {
        for remedy in remedies {
            // Only what can be declared as it is: an origin may also be told in words.
            if let Remedy::Network(network) = remedy
                && network.parse::<Network>().is_ok()
            {
                by.entry(network).or_default().push(alert);
            }
        }
    }
    let mut networks: Vec<(&str, Vec<&Recorded>)> = by.into_iter().collect();
    networks.sort_by_key(|(_, saved)| Reverse(saved.len()));
    if networks.len() > NETWORKS {
        networks.retain(|(_, saved)| saved.len() >= WORTH);
        networks.truncate(NETWORKS);
    }
    let names: Vec<String> = networks.iter().map(|(network, _)| format!("\"{network}\"")).collect();
    let saved: Vec<&Recorded> = networks.into_iter().flat_map(|(_, saved)| saved).collect();
    (!saved.is_empty()).then(|| (saved, format!("{} among its networks", names.join(", "))))
}

/// Settings that would have kept alerts quiet: as high as half of them need it, and as all of them do.
fn settings(groups: &BTreeMap<(&str, &str), Group<'_>>, setup: &Setup) -> Vec<Saving> {
    let mut needed: BTreeMap<(&str, &'static str), Vec<(Amount, Option<Severity>)>> = BTreeMap::new();
    let mut of: BTreeMap<&str, usize> = BTreeMap::new();
    for ((rule, _), group) in groups {
        *of.entry(rule).or_default() += group.len();
        for (alert, remedies) in group {
            for remedy in remedies {
                if let Remedy::Setting(name, least) = remedy {
                    needed.entry((rule, name)).or_default().push((*least, alert.severity()));
                }
            }
        }
    }
    let mut list = Vec::new();
    for ((rule, name), mut amounts) in needed {
        let in_force = setup.rules.settings(rule).into_iter().find(|(setting, ..)| *setting == name).map(|(_, value, _)| value);
        let is_near = |(amount, _): &(Amount, Option<Severity>)| match (amount, in_force.as_deref()) {
            (Amount::Count(count), Some(now)) => now.parse::<i64>().is_ok_and(|now| *count <= now.saturating_mul(MOST_RAISED)),
            (Amount::Span(span), Some(now)) => read_span(now).is_ok_and(|now| *span <= now.saturating_mul(MOST_RAISED)),
            (_, None) => false,
        };
        amounts.retain(is_near);
        amounts.sort_unstable();
        let (half, all) =
            (amounts.get(amounts.len().saturating_sub(1) / 2).map(|(amount, _)| *amount), amounts.last().map(|(amount, _)| *amount));
        let proposed = [half, all.filter(|_| all != half)];
        for amount in proposed.into_iter().flatten() {
            let value = match amount {
                Amount::Count(count) => count.to_string(),
                Amount::Span(span) => format!("\"{}\"", span_words(span)),
            };
            list.push(Saving {
                rule: rule.to_owned(),
                supplier: String::new(),
                saves: amounts.iter().filter(|(least, _)| *least <= amount).count(),
                highest: amounts.iter().filter(|(least, _)| *least <= amount).filter_map(|(_, severity)| *severity).max(),
                of: of.get(rule).copied().unwrap_or_default(),
                what: format!("[rules.{rule}] {name} = {value}"),
            });
        }
    }
    list
}

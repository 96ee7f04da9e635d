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
use crate::rules::span_words;
use crate::setup::Setup;
use crate::toml_reader::read_span;
use crate::told::{Amount, Remedy, distance};
use crate::verbs::explain::exception;
use crate::verbs::recorded::Recorded;

/// So many alerts of one rule on one supplier are worth a thought.
const MANY: usize = 3;

/// Hours are widened in steps of this, at most by [`MOST_WIDER`] to either side.
const STEP: i64 = 30 * MINUTE;
const MOST_WIDER: i64 = 2 * HOUR;

/// A setting is proposed at most so many times as high as it is.
const MOST_RAISED: i64 = 4;

/// Something that would save alerts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Saving {
    /// The rule.
    pub rule: String,
    /// The supplier; empty for a setting, which holds for all.
    pub supplier: String,
    /// How many alerts it would have saved.
    pub saves: usize,
    /// Of how many.
    pub of: usize,
    /// What to write, and where.
    pub what: String,
    /// The daybook's line, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub daybook: Option<String>,
}

/// All savings, the greatest first. What is kept as info already asks nothing of anybody.
pub(super) fn savings(alerts: &[&Recorded], setup: &Setup, now: Time) -> Vec<Saving> {
    let mut groups: BTreeMap<(&str, &str), Vec<(&Recorded, Vec<Remedy>)>> = BTreeMap::new();
    for alert in alerts.iter().filter(|alert| alert.severity() > Some(Severity::Info)) {
        let entry = alert.entry(&setup.register);
        let told = alert.told(&setup.register, entry.as_deref());
        let remedies = setup.rules.nearest(alert.rule(), &told).into_iter().filter_map(|nearest| nearest.remedy).collect();
        groups.entry((alert.rule(), alert.supplier())).or_default().push((alert, remedies));
    }
    let mut list = settings(&groups, setup);
    for ((rule, supplier), group) in groups.into_iter().filter(|((_, supplier), group)| !supplier.is_empty() && group.len() >= MANY) {
        let saving = |saves: usize, what: String| Saving {
            rule: rule.to_owned(),
            supplier: supplier.to_owned(),
            saves,
            of: group.len(),
            what,
            daybook: None,
        };
        list.extend(hours(supplier, &group, setup).map(|(saves, what)| saving(saves, what)));
        list.extend(networks(&group).into_iter().map(|(network, saves)| saving(saves, format!("\"{network}\" among its networks"))));
        let harmless = group.iter().filter(|(alert, _)| alert.severity() < Some(Severity::Critical)).count();
        if harmless >= MANY {
            let entry = group.first().and_then(|(alert, _)| alert.entry(&setup.register));
            let zone = entry.map_or_else(|| setup.config.defaults.zone.clone(), |entry| setup.register.calendars.zone(entry.calendar).clone());
            let daybook = Some(exception(rule, supplier, now, &zone));
            list.push(Saving { daybook, ..saving(harmless, "an exception for 30 days (below)".into()) });
        }
    }
    list.sort_by(|a, b| (Reverse(a.saves), a.daybook.is_some(), &a.rule, &a.supplier).cmp(&(Reverse(b.saves), b.daybook.is_some(), &b.rule, &b.supplier)));
    list
}

/// The least widening of a supplier's hours that covers most, at most two hours to either side.
fn hours(supplier: &str, group: &[(&Recorded, Vec<Remedy>)], setup: &Setup) -> Option<(usize, String)> {
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
    let counted = candidates.map(|(earlier, later)| (group.iter().filter(|(_, remedies)| covered(remedies, earlier, later)).count(), earlier, later));
    let (saves, earlier, later) = counted.max_by_key(|&(saves, earlier, later)| (saves, Reverse(earlier + later)))?;
    if saves == 0 {
        return None;
    }
    let calendar = group.first()?.0.entry(&setup.register)?.calendar;
    let what = widened(setup, calendar, earlier, later).map(|hours| format!("hours = \"{hours}\"")).unwrap_or_else(|| {
        let words = [(earlier, "begin", "earlier"), (later, "end", "later")];
        let words: Vec<String> =
            words.iter().filter(|(by, ..)| *by > 0).map(|(by, verb, way)| format!("{verb} {} {way}", distance(*by))).collect();
        format!("hours of {supplier} that {}", words.join(" and "))
    });
    Some((saves, what))
}

/// The hours as they are written, begun earlier and ended later, where they name one range of times.
fn widened(setup: &Setup, calendar: CalendarId, earlier: i64, later: i64) -> Option<String> {
    let hours = setup.register.calendars.hours(calendar);
    let range = regex::Regex::new("([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})").ok()?;
    let mut found = range.captures_iter(hours);
    let (only, None) = (found.next()?, found.next()) else { return None };
    let at = |hour: usize, minute: usize| -> Option<i64> { Some(only.get(hour)?.as_str().parse::<i64>().ok()? * HOUR + only.get(minute)?.as_str().parse::<i64>().ok()? * MINUTE) };
    let (begin, end) = (at(1, 2)? - earlier, at(3, 4)? + later);
    let words = |time: i64| format!("{:02}:{:02}", time / HOUR, time % HOUR / MINUTE);
    let whole = only.get(0)?;
    (begin >= 0 && end <= DAY && begin < end)
        .then(|| format!("{}{}-{}{}", hours.get(..whole.start()).unwrap_or_default(), words(begin), words(end), hours.get(whole.end()..).unwrap_or_default()))
}

/// The networks of which a declaration would have kept alerts quiet.
fn networks(group: &[(&Recorded, Vec<Remedy>)]) -> BTreeMap<String, usize> {
    let mut networks = BTreeMap::new();
    for remedy in group.iter().flat_map(|(_, remedies)| remedies) {
        // Only what can be declared as it is: an origin may also be told in words.
        if let Remedy::Network(network) = remedy
            && network.parse::<crate::network::Network>().is_ok()
        {
            *networks.entry(network.clone()).or_default() += 1;
        }
    }
    networks
}

/// Settings that would have kept alerts quiet: as high as half of them need it, and as all of them do.
fn settings(groups: &BTreeMap<(&str, &str), Vec<(&Recorded, Vec<Remedy>)>>, setup: &Setup) -> Vec<Saving> {
    let mut needed: BTreeMap<(&str, &'static str), Vec<Amount>> = BTreeMap::new();
    let mut of: BTreeMap<&str, usize> = BTreeMap::new();
    for ((rule, _), group) in groups {
        *of.entry(rule).or_default() += group.len();
        for remedy in group.iter().flat_map(|(_, remedies)| remedies) {
            if let Remedy::Setting(name, least) = remedy {
                needed.entry((rule, name)).or_default().push(*least);
            }
        }
    }
    let mut list = Vec::new();
    for ((rule, name), mut amounts) in needed {
        let in_force = setup.rules.settings(rule).into_iter().find(|(setting, ..)| *setting == name).map(|(_, value, _)| value);
        let is_near = |amount: &Amount| match (amount, in_force.as_deref()) {
            (Amount::Count(count), Some(now)) => now.parse::<i64>().is_ok_and(|now| *count <= now.saturating_mul(MOST_RAISED)),
            (Amount::Span(span), Some(now)) => read_span(now).is_ok_and(|now| *span <= now.saturating_mul(MOST_RAISED)),
            (_, None) => false,
        };
        amounts.retain(is_near);
        amounts.sort_unstable();
        let (half, all) = (amounts.get(amounts.len().saturating_sub(1) / 2).copied(), amounts.last().copied());
        let proposed = [half, all.filter(|_| all != half)];
        for amount in proposed.into_iter().flatten() {
            let value = match amount {
                Amount::Count(count) => count.to_string(),
                Amount::Span(span) => format!("\"{}\"", span_words(span)),
            };
            list.push(Saving {
                rule: rule.to_owned(),
                supplier: String::new(),
                saves: amounts.iter().filter(|least| **least <= amount).count(),
                of: of.get(rule).copied().unwrap_or_default(),
                what: format!("[rules.{rule}] {name} = {value}"),
                daybook: None,
            });
        }
    }
    list
}

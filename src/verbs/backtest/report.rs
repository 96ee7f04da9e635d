//! The report of a backtest: for people, and for machines the same.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use parsers::Time;
use parsers::time::DAY;
use serde::Serialize;

use super::difference::{Changed, Difference, difference};
use super::savings::{Saving, Savings};
use super::{Period, Replayed};
use crate::alert::Severity;
use crate::setup::Setup;
use crate::verbs::page::Page;
use crate::verbs::recorded::Recorded;
use crate::zone::{rfc3339_in, zoned};

/// How many suppliers, accounts and savings are named.
const MOST: usize = 10;

/// What a backtest found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    since: String,
    until: String,
    first_line: String,
    newest_line: String,
    zone: String,
    days: f64,
    /// What lies before, from which is only learned.
    days_before: f64,
    lines: u64,
    unparsed: u64,
    alerts: usize,
    /// By rule and severity.
    rules: Vec<Rate>,
    /// By severity, all rules together.
    severities: Vec<Rate>,
    suppliers: Vec<Cause>,
    accounts: Vec<Cause>,
    savings: Savings,
    #[serde(skip_serializing_if = "Option::is_none")]
    difference: Option<Difference>,
    /// The options were given to look back from the newest line.
    #[serde(skip)]
    asked: Option<String>,
}

/// How often alerts of one kind come.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Rate {
    /// The rule; empty for all together.
    rule: String,
    severity: String,
    alerts: usize,
    a_day: f64,
    worst: usize,
    worst_day: String,
}

/// Who causes alerts.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Cause {
    name: String,
    alerts: usize,
    a_day: f64,
    /// By which rules, most first.
    rules: Vec<(String, usize)>,
}

/// Sums up a replay, and what another one changes.
pub struct Work<'w> {
    /// The configuration.
    pub setup: &'w Setup,
    /// Its replay.
    pub replayed: &'w Replayed,
    /// What is counted.
    pub period: Period,
    /// `--since` as it was typed.
    pub asked: Option<&'w str>,
    /// Name and alerts of the other configuration.
    pub against: Option<(&'w str, &'w Replayed)>,
    /// Now, for entries that are proposed.
    pub now: Time,
}

impl Report {
    /// The report of a replay.
    pub fn of(work: &Work<'_>) -> Report {
        let Work { setup, replayed, period, asked, against, now } = *work;
        let zone = &setup.config.defaults.zone;
        let alerts: Vec<&Recorded> = replayed.alerts.iter().filter(|alert| period.holds(alert)).collect();
        let days = in_days(period.until.since(period.since)).max(1.0);
        let shown = |time: Time| rfc3339_in(Time(time.0 - time.0.rem_euclid(parsers::time::SECOND)), zone);
        Report {
            since: shown(period.since),
            until: shown(period.until),
            first_line: shown(period.first),
            newest_line: shown(period.newest),
            zone: zone.iana_name().unwrap_or("UTC").to_owned(),
            days: rounded(days),
            days_before: rounded(in_days(period.since.since(period.first))),
            lines: replayed.metrics.tally.received(),
            unparsed: replayed.metrics.tally.unparsed,
            alerts: alerts.len(),
            rules: rates(&alerts, days, zone, Recorded::rule),
            severities: rates(&alerts, days, zone, |_| ""),
            suppliers: causes(&alerts, days, Recorded::supplier),
            accounts: causes(&alerts, days, Recorded::account),
            savings: Savings::of(&alerts, setup, now),
            difference: against.map(|(name, other)| difference(name, &alerts, &other.alerts, &period)),
            asked: asked.map(str::to_owned),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "days for people")]
fn in_days(nanos: i64) -> f64 {
    nanos as f64 / DAY as f64
}

#[expect(clippy::cast_precision_loss, reason = "a mean for people")]
fn a_day(alerts: usize, days: f64) -> f64 {
    rounded(alerts as f64 / days)
}

fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

/// How often alerts come, by what `name` makes of them and by severity, the most severe first.
fn rates(alerts: &[&Recorded], days: f64, zone: &TimeZone, name: fn(&Recorded) -> &str) -> Vec<Rate> {
    let mut by: BTreeMap<(&str, Reverse<Option<Severity>>), BTreeMap<Date, usize>> = BTreeMap::new();
    for alert in alerts {
        let day = alert.time().map(|time| zoned(time, zone).date()).unwrap_or_default();
        *by.entry((name(alert), Reverse(alert.severity()))).or_default().entry(day).or_default() += 1;
    }
    let rate = |((rule, Reverse(severity)), by_day): ((&str, Reverse<Option<Severity>>), BTreeMap<Date, usize>)| {
        let alerts = by_day.values().sum();
        // Of days that are alike the first is named.
        let worst = by_day.iter().max_by_key(|(day, alerts)| (**alerts, Reverse(**day)));
        Rate {
            rule: rule.to_owned(),
            severity: severity.map(|severity| severity.word().to_owned()).unwrap_or_default(),
            alerts,
            a_day: a_day(alerts, days),
            worst: worst.map_or(0, |(_, alerts)| *alerts),
            worst_day: worst.map(|(day, _)| day.strftime("%a %F").to_string()).unwrap_or_default(),
        }
    };
    by.into_iter().map(rate).collect()
}

/// Who causes most alerts that ask something of somebody; what is kept as info does not.
fn causes(alerts: &[&Recorded], days: f64, name: fn(&Recorded) -> &str) -> Vec<Cause> {
    let mut by: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for alert in alerts.iter().filter(|alert| alert.severity() > Some(Severity::Info) && !name(alert).is_empty()) {
        *by.entry(name(alert)).or_default().entry(alert.rule()).or_default() += 1;
    }
    let cause = |(name, rules): (&str, BTreeMap<&str, usize>)| {
        let alerts = rules.values().sum();
        let mut rules: Vec<(String, usize)> = rules.into_iter().map(|(rule, alerts)| (rule.to_owned(), alerts)).collect();
        rules.sort_by_key(|(_, alerts)| Reverse(*alerts));
        Cause { name: name.to_owned(), alerts, a_day: a_day(alerts, days), rules }
    };
    let mut causes: Vec<Cause> = by.into_iter().map(cause).collect();
    causes.sort_by_key(|cause| Reverse(cause.alerts));
    causes.truncate(MOST);
    causes
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut page = Page::default();
        self.opening(&mut page);
        if self.alerts > 0 {
            self.frequencies(&mut page);
            self.causes(&mut page);
            self.savings(&mut page);
        }
        if let Some(difference) = &self.difference {
            show_difference(difference, &mut page);
        }
        page.fmt(f)
    }
}

impl Report {
    fn opening(&self, page: &mut Page) {
        let minute = |stamp: &str| stamp.get(..16).unwrap_or(stamp).replace('T', " ");
        let alerts = counted(self.alerts, "alert");
        #[expect(clippy::cast_precision_loss, reason = "a mean for people")]
        let mean = self.alerts as f64 / self.days;
        let days = if (self.days - 1.0).abs() < f64::EPSILON { "a day or less".to_owned() } else { format!("{:.1} days", self.days) };
        let info = self.severities.iter().filter(|rate| rate.severity == Severity::Info.word()).map(|rate| rate.alerts).sum::<usize>();
        let info = if info == 0 { String::new() } else { format!(", {info} of them only for the record (info)") };
        page.sentence(&format!("{alerts} in {days}: {mean:.1} a day{info}"));
        let unparsed = if self.unparsed == 0 { String::new() } else { format!(", {} of them unparsed", self.unparsed) };
        let asked = match &self.asked {
            Some(text) if crate::toml_reader::read_span(text).is_ok() => {
                format!(" ({text} back from the newest line, as far as lines reach)")
            }
            _ => String::new(),
        };
        let before = if self.days_before < 0.01 {
            "none: at the beginning nothing has been learned yet (known networks, dormant accounts)".to_owned()
        } else {
            format!("{:.1} days of lines, from which was learned and nothing counted", self.days_before)
        };
        page.rows(&[
            ("counted", format!("{} to {}, {}{asked}", minute(&self.since), minute(&self.until), self.zone)),
            ("before", before),
            ("lines", format!("{}{unparsed}", self.lines)),
        ]);
    }

    fn frequencies(&self, page: &mut Page) {
        page.heading("Alerts a day");
        let mut last = "";
        let mut rows = Vec::new();
        for rate in &self.rules {
            let rule = if rate.rule == last { "" } else { &rate.rule };
            last = &rate.rule;
            rows.push(rate.row(rule));
        }
        for (at, rate) in self.severities.iter().enumerate() {
            rows.push(rate.row(if at == 0 { "all together" } else { "" }));
        }
        page.table(&["rule", "severity", "alerts", "a day", "worst day"], &rows, &[2, 3]);
    }

    fn causes(&self, page: &mut Page) {
        for (heading, what, causes) in
            [("The suppliers that cause most", "supplier", &self.suppliers), ("The accounts that cause most", "account", &self.accounts)]
        {
            if causes.is_empty() {
                continue;
            }
            page.heading(heading);
            let rows: Vec<Vec<String>> = causes.iter().map(Cause::row).collect();
            page.table(&[what, "alerts", "a day", "by rule"], &rows, &[1, 2]);
        }
    }

    fn savings(&self, page: &mut Page) {
        let Savings { changes, exceptions } = &self.savings;
        page.heading("Changes that would save most");
        if changes.is_empty() {
            page.indented("None stands out: no wider hours, no network to declare, and no setting that lies near.");
        } else {
            let row = |saving: &Saving| {
                let whose = if saving.supplier.is_empty() { "all" } else { &saving.supplier };
                vec![saving.share(), saving.rule.clone(), whose.to_owned(), saving.highest(), saving.what.clone()]
            };
            page.table(&["saves", "rule", "supplier", "up to", "what"], &changes.iter().take(MOST).map(row).collect::<Vec<_>>(), &[0]);
            and_more(changes.len(), page);
        }
        if exceptions.is_empty() {
            return;
        }
        page.heading("Exceptions that would save most: the last resort, for a time, and somebody says why");
        let row = |saving: &Saving| vec![saving.share(), saving.rule.clone(), saving.supplier.clone(), saving.highest()];
        page.table(&["saves", "rule", "supplier", "up to"], &exceptions.iter().take(MOST).map(row).collect::<Vec<_>>(), &[0]);
        and_more(exceptions.len(), page);
        page.heading("The same as lines of the daybook");
        exceptions.iter().take(MOST).for_each(|saving| page.verbatim(&saving.what));
    }
}

/// What a list for people leaves out.
fn and_more(all: usize, page: &mut Page) {
    if all > MOST {
        page.indented(&format!("{} more are in --json.", all - MOST));
    }
}

impl Saving {
    fn share(&self) -> String {
        format!("{} of {}", self.saves, self.of)
    }

    fn highest(&self) -> String {
        self.highest.map(|severity| severity.word().to_owned()).unwrap_or_default()
    }
}

impl Rate {
    fn row(&self, rule: &str) -> Vec<String> {
        vec![
            rule.to_owned(),
            self.severity.clone(),
            self.alerts.to_string(),
            format!("{:.2}", self.a_day),
            format!("{} on {}", self.worst, self.worst_day),
        ]
    }
}

impl Cause {
    fn row(&self) -> Vec<String> {
        let rules: Vec<String> = self.rules.iter().map(|(rule, alerts)| format!("{rule} {alerts}")).collect();
        vec![self.name.clone(), self.alerts.to_string(), format!("{:.2}", self.a_day), rules.join(", ")]
    }
}

fn show_difference(difference: &Difference, page: &mut Page) {
    page.heading(&format!("Against {}: {} there", difference.against, counted(difference.alerts, "alert")));
    if difference.rules.is_empty() {
        page.indented("Nothing differs.");
        return;
    }
    for (rule, changes) in &difference.rules {
        let kinds: [(&str, &Changed); 3] = [("gone", &changes.gone), ("new", &changes.new), ("changed", &changes.severity)];
        let counts: Vec<String> =
            kinds.iter().filter(|(_, changed)| changed.count > 0).map(|(what, changed)| format!("{} {what}", changed.count)).collect();
        page.indented(&format!("{rule}: {}", counts.join(", ")));
        let mut rows = Vec::new();
        for (what, changed) in kinds {
            let examples = changed
                .examples
                .iter()
                .map(|example| vec![String::new(), what.to_owned(), example.severity.clone(), example.message.clone()]);
            rows.extend(examples);
            if changed.count > changed.examples.len() {
                rows.push(vec![
                    String::new(),
                    String::new(),
                    String::new(),
                    format!("and {} more", changed.count - changed.examples.len()),
                ]);
            }
        }
        page.table(&["", "", "", ""], &rows, &[]);
    }
}

fn counted(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

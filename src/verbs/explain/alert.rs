//! Why an alert: for the analyst at 03:12, and for machines the same.

use std::fmt;

use jiff::tz::TimeZone;
use parsers::Time;
use parsers::time::DAY;
use serde::Serialize;
use serde_json::{Map, Value};

use super::evidence::{Line, look_up};
use super::search::Search;
use super::severity::why;
use crate::alert::Severity;
use crate::daybook::{Cut, Daybook, Entry, Exception, Until};
use crate::fault::Fault;
use crate::register::{Access, Account, Supplier};
use crate::rules::span_words;
use crate::setup::Setup;
use crate::told::{Nearest, Remedy};
use crate::verbs::page::Page;
use crate::verbs::recorded::Recorded;
use crate::zone::zoned;

/// How long an exception holds that is proposed.
const EXCEPTION: i64 = 30 * DAY;

/// All there is to say of an alert.
#[derive(Debug, Serialize)]
pub struct Explained {
    id: String,
    message: String,
    rule: String,
    reason: String,
    name: String,
    when: Vec<When>,
    supplier: String,
    supplier_name: String,
    account: String,
    from: String,
    site: String,
    observer: String,
    severity: String,
    why_severity: String,
    story: Vec<Told>,
    facts: Map<String, Value>,
    thresholds: Vec<Threshold>,
    unless: String,
    nearest: Vec<Nearest>,
    evidence: Vec<Line>,
    next: Vec<Step>,
}

/// Its time on somebody's clock.
#[derive(Debug, Serialize)]
struct When {
    whose: &'static str,
    zone: String,
    local: String,
}

/// An alert of the same story.
#[derive(Debug, Serialize)]
struct Told {
    id: String,
    local: String,
    severity: String,
    rule: String,
    reason: String,
    /// It is the alert that was asked for.
    this: bool,
}

/// A threshold: as it was when the alert was raised, and as it is now.
#[derive(Debug, Serialize)]
struct Threshold {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    then: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    now: Option<String>,
    means: &'static str,
}

/// Something to do next.
#[derive(Debug, Serialize)]
struct Step {
    what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<String>,
}

/// Explains an alert. `configured`: the settings and the register are the user's own, so what holds now is worth telling.
pub fn explained(search: &Search, setup: &Setup, configured: bool, now: Time, fault: &mut dyn FnMut(&Fault)) -> Explained {
    let Search { alert, story } = search;
    let entry = alert.entry(&setup.register);
    let entry = entry.as_deref();
    let told = alert.told(&setup.register, entry);
    let zone = told.zone();
    let thresholds = thresholds(alert, setup, entry, configured);
    let is_threshold = |name: &str| thresholds.iter().any(|threshold| threshold.name == name && threshold.then.is_some());
    let facts = alert.because().as_object().into_iter().flatten().filter(|(name, _)| !is_threshold(name));
    let facts = facts.map(|(name, value)| (name.clone(), value.clone())).collect();
    let nearest = setup.rules.nearest(alert.rule(), &told);
    Explained {
        id: alert.id().to_owned(),
        message: alert.text("/message").to_owned(),
        rule: alert.rule().to_owned(),
        reason: alert.reason().to_owned(),
        name: alert.text("/rule/name").to_owned(),
        when: when(alert, setup, entry, &zone),
        supplier: alert.supplier().to_owned(),
        supplier_name: alert.text("/organization/name").to_owned(),
        account: alert.account().to_owned(),
        from: alert.text("/source/ip").to_owned(),
        site: alert.text("/nightporter/site").to_owned(),
        observer: alert.text("/observer/name").to_owned(),
        severity: alert.severity().map(|severity| severity.word().to_owned()).unwrap_or_default(),
        why_severity: why(alert, story),
        story: story.iter().map(|other| Told::of(other, alert, &zone)).collect(),
        facts,
        thresholds,
        unless: alert.text("/nightporter/unless").to_owned(),
        next: next(alert, setup, entry, &nearest, now),
        nearest,
        evidence: look_up(alert.evidence(), setup, fault),
    }
}

/// The time on the clocks of the supplier, of the site, and of the logs.
fn when(alert: &Recorded, setup: &Setup, entry: Option<&Supplier>, zone: &TimeZone) -> Vec<When> {
    let Some(time) = alert.time() else { return Vec::new() };
    let name = |zone: &TimeZone| zone.iana_name().unwrap_or("UTC").to_owned();
    let local = |zone: &TimeZone| zoned(time, zone).strftime("%a %F %H:%M:%S").to_string();
    let of_supplier = entry.map_or_else(|| zone.clone(), |entry| setup.register.calendars.zone(entry.calendar).clone());
    let of_site = setup.register.site(alert.text("/nightporter/site")).map_or_else(|| of_supplier.clone(), |site| site.zone.clone());
    let (supplier, site) = (name(&of_supplier), name(&of_site));
    let mut list = Vec::new();
    if site != supplier {
        list.push(When { whose: "at the site", zone: site, local: local(&of_site) });
        list.push(When { whose: "at the supplier", zone: supplier, local: local(&of_supplier) });
    } else {
        list.push(When { whose: "", zone: supplier, local: local(&of_supplier) });
    }
    if list.iter().all(|when| when.zone != "UTC") {
        list.push(When { whose: "", zone: "UTC".into(), local: local(&TimeZone::UTC) });
    }
    list
}

impl Told {
    fn of(other: &Recorded, alert: &Recorded, zone: &TimeZone) -> Told {
        Told {
            id: other.id().to_owned(),
            local: other.time().map(|time| zoned(time, zone).strftime("%F %H:%M:%S").to_string()).unwrap_or_default(),
            severity: other.severity().map(|severity| severity.word().to_owned()).unwrap_or_default(),
            rule: other.rule().to_owned(),
            reason: other.reason().to_owned(),
            this: other.id() == alert.id(),
        }
    }
}

/// The settings of the rule and the terms of the register that the alert names, and what they are now.
fn thresholds(alert: &Recorded, setup: &Setup, entry: Option<&Supplier>, configured: bool) -> Vec<Threshold> {
    let settings = setup.rules.settings(alert.rule());
    let account = setup.register.account(alert.account()).map(|account| &**account);
    let then = |name: &str| alert.because().get(name).map(words);
    let mut list = Vec::new();
    for term in TERMS.iter().filter(|term| !settings.iter().any(|(name, ..)| name == *term)) {
        let Some(then) = then(term) else { continue };
        let now = entry.filter(|_| configured).and_then(|entry| term_now(term, setup, entry, account));
        list.push(Threshold { name: (*term).to_owned(), then: Some(then), now, means: "" });
    }
    for (name, now, means) in settings {
        let (then, now) = (then(name), configured.then_some(now));
        if then.is_some() || now.is_some() {
            list.push(Threshold { name: name.to_owned(), then, now, means });
        }
    }
    list
}

/// What the register agrees with a supplier, by the names that alerts and the register share.
const TERMS: &[&str] = &[
    "access",
    "hours",
    "on_call",
    "networks",
    "scope",
    "max_session",
    "max_upload",
    "dormant_after",
    "contract_start",
    "contract_end",
    "expires",
];

fn term_now(term: &str, setup: &Setup, entry: &Supplier, account: Option<&Account>) -> Option<String> {
    let list = |networks: &[crate::network::Network]| networks.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let date = |bound: &crate::calendar::Bound| bound.date.to_string();
    match term {
        "access" => Some(if entry.access == Access::OnDemand { "on-demand" } else { "contract-hours" }.to_owned()),
        "hours" => Some(setup.register.calendars.hours(entry.calendar).to_owned()),
        "on_call" => Some(entry.on_call.to_string()),
        "networks" => Some(list(&entry.networks)),
        "max_session" => entry.max_session.map(span_words),
        "max_upload" => entry.max_upload.map(|most| format!("{most} bytes")),
        "dormant_after" => account.and_then(|account| account.dormant_after).or(entry.dormant_after).map(span_words),
        "contract_start" => entry.contract_start.as_ref().map(date),
        "contract_end" => entry.contract_end.as_ref().map(date),
        "expires" => account.and_then(|account| account.expires.as_ref()).map(date),
        _ => None,
    }
}

/// A fact in words.
fn words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(words).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// What to do next, the gentlest first.
fn next(alert: &Recorded, setup: &Setup, entry: Option<&Supplier>, nearest: &[Nearest], now: Time) -> Vec<Step> {
    let step = |what: &str, command: String| Step { what: what.to_owned(), command: Some(command) };
    let manual = step("What the rule is about:", format!("nightporter explain {}", alert.rule()));
    let supplier = alert.supplier();
    if supplier.is_empty() {
        return vec![manual];
    }
    let account = alert.account();
    let question = if account.is_empty() { "is that you?".into() } else { format!("is it you who uses {account}, and for which ticket?") };
    let call = match entry.and_then(|entry| entry.callback.as_deref()) {
        Some(number) => format!("Call {} on {number}: {question}", entry.map_or(supplier, |entry| &*entry.name)),
        None => format!("Call the supplier: {question} (the register has no `callback` number for {supplier})"),
    };
    let mut steps = vec![Step { what: call, command: None }];
    let zone = entry.map_or(TimeZone::UTC, |entry| setup.register.calendars.zone(entry.calendar).clone());
    if let Some(cut) = cut_in_force(setup, supplier, now) {
        let since = zoned(cut.at, &zone).strftime("%F %H:%M").to_string();
        let what = format!(
            "The supplier has been cut since {since} ({}, {}): end its sessions at {}",
            cut.by,
            cut.reason,
            alert.text("/observer/name")
        );
        steps.extend([Step { what, command: None }, manual]);
        return steps;
    }
    if nearest.iter().any(|nearest| nearest.remedy == Some(Remedy::Window)) {
        let who = if account.is_empty() { String::new() } else { format!(" --account {}", quoted(account)) };
        let command = format!("nightporter window open {}{who} --until 2h --reason \"…\" --by …", quoted(supplier));
        steps.push(step("It is agreed: let them work, from now on for two hours.", command));
    }
    steps.push(step("It is not agreed: cut the supplier off.", format!("nightporter cut {} --reason \"…\" --by …", quoted(supplier))));
    // What is critical is never let pass unread.
    if alert.severity() != Some(Severity::Critical) && alert.exception().is_none() {
        let last = zoned(now.plus(EXCEPTION), &zone).date();
        let what = format!("It is right, and will come again: an exception until {last}, as a line of the daybook.");
        steps.push(step(&what, exception(alert.rule(), supplier, now, &zone)));
    }
    steps.push(manual);
    steps
}

/// The cut that keeps a supplier out now. A daybook that cannot be read holds none.
fn cut_in_force(setup: &Setup, supplier: &str, now: Time) -> Option<Cut> {
    let (entries, _) = setup.daybook().ok()?;
    let mut daybook = Daybook::default();
    for entry in entries {
        daybook.apply(entry);
    }
    daybook.cut(supplier, now).cloned()
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-@".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

/// The daybook's line that keeps a rule's alerts of a supplier as info for thirty days.
pub fn exception(rule: &str, supplier: &str, now: Time, zone: &TimeZone) -> String {
    let seconds = Time(now.0 - now.0.rem_euclid(parsers::time::SECOND));
    let until = Until::Date(zoned(now.plus(EXCEPTION), zone).date());
    let exception = Exception { at: seconds, rule: rule.into(), supplier: supplier.into(), until, by: "…".into(), reason: "…".into() };
    Entry::Exception(exception).to_json_line(zone).trim_end().to_owned()
}

impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut page = Page::default();
        page.sentence(if self.message.is_empty() { &self.rule } else { &self.message });
        page.heading("The alert");
        page.rows(&self.head());
        if self.story.len() > 1 {
            page.heading("The same story, in order");
            let rows: Vec<Vec<String>> = self.story.iter().map(Told::row).collect();
            page.table(&["", "", "", "", ""], &rows, &[]);
        }
        if !self.facts.is_empty() {
            page.heading("Facts");
            page.rows(&self.facts.iter().map(|(name, value)| (name, words(value))).collect::<Vec<_>>());
        }
        if !self.thresholds.is_empty() {
            page.heading("Thresholds");
            let with_now = self.thresholds.iter().any(|threshold| threshold.now.is_some());
            let rows: Vec<Vec<String>> = self.thresholds.iter().map(|threshold| threshold.row(with_now)).collect();
            page.table(if with_now { &["", "then", "now", ""] } else { &["", "then", ""] }, &rows, &[]);
        }
        if !(self.unless.is_empty() && self.nearest.is_empty()) {
            page.heading("The nearest that would have raised no alert");
            if !self.unless.is_empty() {
                page.indented(&self.unless);
            }
            let rows: Vec<Vec<String>> =
                self.nearest.iter().map(|nearest| vec![nearest.what.clone(), nearest.value.clone(), nearest.means.clone()]).collect();
            page.table(&["", "", ""], &rows, &[]);
        }
        if !self.evidence.is_empty() {
            page.heading("Evidence");
            self.evidence.iter().for_each(|line| line.show(&mut page));
        }
        page.heading("What to do next");
        for step in &self.next {
            page.indented(&step.what);
            step.command.iter().for_each(|command| page.verbatim(command));
        }
        page.fmt(f)
    }
}

impl Explained {
    fn head(&self) -> Vec<(&'static str, String)> {
        let mut rows = Vec::new();
        for (at, when) in self.when.iter().enumerate() {
            let whose = if when.whose.is_empty() { String::new() } else { format!(", {}", when.whose) };
            rows.push((if at == 0 { "when" } else { "" }, format!("{} {}{whose}", when.local, when.zone)));
        }
        let supplier = match (&*self.supplier_name, &*self.supplier) {
            ("", id) => id.to_owned(),
            (name, id) => format!("{name} ({id})"),
        };
        let who = [&*self.account, &*supplier].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" of ");
        let site = if self.site.is_empty() { String::new() } else { format!(", site {}", self.site) };
        let named = [
            ("who", who),
            ("from", self.from.clone()),
            ("seen by", format!("{}{site}", self.observer)),
            ("rule", format!("{} {}: {}", self.rule, self.reason, self.name).trim_end_matches(": ").to_owned()),
            ("severity", format!("{}: {}", self.severity, self.why_severity)),
            ("id", self.id.clone()),
        ];
        rows.extend(named.into_iter().filter(|(_, text)| !text.is_empty()));
        rows
    }
}

impl Told {
    fn row(&self) -> Vec<String> {
        let mark = if self.this { "this one" } else { self.id.get(..8).unwrap_or(&self.id) };
        vec![self.local.clone(), self.severity.clone(), self.rule.clone(), self.reason.clone(), mark.to_owned()]
    }
}

impl Threshold {
    fn row(&self, with_now: bool) -> Vec<String> {
        let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".into());
        let now = match (&self.then, &self.now) {
            (Some(then), Some(now)) if then == now => "the same".to_owned(),
            (_, now) => text(now),
        };
        let mut row = vec![self.name.clone(), text(&self.then)];
        row.extend(with_now.then_some(now));
        row.push(self.means.to_owned());
        row
    }
}

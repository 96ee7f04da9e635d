//! What an alert told, read again: for the question what would have kept it quiet.
//!
//! Alerts outlive the program that wrote them, and others may have passed them on. Nothing that is asked of one here has to be there.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use parsers::Time;
use parsers::time::{DAY, HOUR, MINUTE, SECOND};
use serde::Serialize;
use serde_json::Value;

use crate::calendar::{Calendars, Span, read_zone};
use crate::register::Supplier;
use crate::toml_reader::read_span;
use crate::zone::{rfc3339_in, time, zoned};

/// An alert as far as its rule reads it again.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// Its reason.
    pub reason: &'a str,
    /// Its time.
    pub time: Option<Time>,
    /// Its facts and thresholds.
    pub because: &'a Value,
    /// Id of the supplier; empty if there is none.
    pub supplier: &'a str,
    /// The supplier's entry in the register as it is now.
    pub entry: Option<&'a Supplier>,
    /// Hours and holidays as they are now.
    pub calendars: Option<&'a Calendars>,
}

/// The nearest to what happened that would have raised no alert.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Nearest {
    /// What would have had to be otherwise.
    pub what: String,
    /// How it would have had to be.
    pub value: String,
    /// Why, or how far off that is.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub means: String,
    /// What somebody could change, so that the like raises no alert any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<Remedy>,
}

/// What somebody could change, so that the like of an alert raises none any more.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Remedy {
    /// An access window.
    Window,
    /// Hours that end later on that day, by so many nanoseconds.
    HoursEndLater(i64),
    /// Hours that begin earlier on that day, by so many nanoseconds.
    HoursBeginEarlier(i64),
    /// A network among those that the supplier declares.
    Network(String),
    /// A setting of the rule of at least this.
    Setting(&'static str, Amount),
}

/// A value of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Amount {
    /// A number.
    Count(i64),
    /// A span of time in nanoseconds.
    Span(i64),
}

impl Nearest {
    /// A value, and what it means.
    pub fn new(what: &str, value: impl Into<String>, means: impl Into<String>) -> Nearest {
        Nearest { what: what.to_owned(), value: value.into(), means: means.into(), remedy: None }
    }

    /// One less than a count that was reached.
    pub fn fewer(what: &str, threshold: i64, of: &str) -> Nearest {
        Nearest::new(what, format!("{} at most", threshold.saturating_sub(1)), format!("the rule speaks from {threshold} on: {of}"))
    }

    /// With what somebody could change.
    #[must_use]
    pub fn by(mut self, remedy: Remedy) -> Nearest {
        self.remedy = Some(remedy);
        self
    }
}

impl Told<'_> {
    /// A fact that is a text.
    pub fn text(&self, fact: &str) -> Option<&str> {
        self.because.get(fact)?.as_str()
    }

    /// A fact that is a whole number, maybe written as `412.0`.
    pub fn number(&self, fact: &str) -> Option<i64> {
        let number = self.because.get(fact)?.as_number()?.to_string();
        number.strip_suffix(".0").unwrap_or(&number).parse().ok()
    }

    /// A fact that is a span of time, in nanoseconds.
    pub fn span(&self, fact: &str) -> Option<i64> {
        read_span(self.text(fact)?).ok()
    }

    /// A fact that is a point in time, with or without the name of a zone.
    pub fn moment(&self, fact: &str) -> Option<Time> {
        self.text(fact)?.parse::<Timestamp>().ok().map(time)
    }

    /// How many things a fact lists, be it a list or a text with commas.
    pub fn listed(&self, fact: &str) -> Option<i64> {
        let listed = match self.because.get(fact)? {
            Value::Array(list) => list.len(),
            Value::String(text) => text.split(", ").count(),
            _ => return None,
        };
        i64::try_from(listed).ok()
    }

    /// The zone in which the alert speaks: the one that its local time names, else the supplier's.
    pub fn zone(&self) -> TimeZone {
        let named = self.text("local_time").and_then(|text| text.split_once('[')?.1.strip_suffix(']'));
        let of_entry = || Some(self.calendars?.zone(self.entry?.calendar).clone());
        named.and_then(|name| read_zone(name).ok()).or_else(of_entry).unwrap_or(TimeZone::UTC)
    }

    /// The period of the supplier's hours that the alert fell in, unless they have been changed since.
    pub fn hours(&self) -> Option<Span> {
        let (calendars, calendar) = (self.calendars?, self.entry?.calendar);
        (self.text("hours")? == calendars.hours(calendar)).then(|| calendars.at(calendar, self.time.unwrap_or(Time::MIN)))
    }

    /// What happened outside hours, at another time: within them, or under a window that may come so much later.
    pub fn within_hours(&self, what: &str, grace: &str) -> Vec<Nearest> {
        let Some(time) = self.time else { return Vec::new() };
        let mut list = Vec::new();
        let hours = self.hours().filter(|hours| !hours.open);
        if let Some(ended) = self.moment("last_open").or(hours.map(|hours| hours.from)).filter(|&ended| ended != Time::MIN) {
            let late = time.since(ended);
            let means = format!("{} earlier, when its hours ended", distance(late));
            list.push(Nearest::new(&format!("{what} before"), self.at(ended), means).by(Remedy::HoursEndLater(late)));
        }
        if let Some(open) = self.moment("next_open") {
            let early = open.since(time);
            let means = format!("{} later, when its hours open again", distance(early));
            list.push(Nearest::new(&format!("{what} from"), self.at(open), means).by(Remedy::HoursBeginEarlier(early)));
        }
        let means = format!("written before it, or within {grace} after it");
        list.push(Nearest::new("a window over", self.at(time), means).by(Remedy::Window));
        list
    }

    /// `Fri 2026-11-20 18:00`, with the seconds if there are any.
    pub fn at(&self, time: Time) -> String {
        let form = if time.0.rem_euclid(MINUTE) == 0 { "%a %F %H:%M" } else { "%a %F %H:%M:%S" };
        zoned(time, &self.zone()).strftime(form).to_string()
    }

    /// `2026-11-20T22:41:00+01:00`, as it can be typed.
    pub fn typed(&self, time: Time) -> String {
        rfc3339_in(Time(time.0 - time.0.rem_euclid(MINUTE)), &self.zone())
    }

    /// One less for each fact that bears the name of a setting and is as high as it: counts raise alerts when they are reached.
    pub fn one_less(&self, settings: &[(&'static str, String, &'static str)]) -> Vec<Nearest> {
        let reached = |(name, value, means): &(&'static str, String, &'static str)| {
            let count = self.number(name).filter(|count| *count > 1 && count.to_string() == *value)?;
            Some(Nearest::fewer(name, count, means).by(Remedy::Setting(name, Amount::Count(count.saturating_add(1)))))
        };
        settings.iter().filter_map(reached).collect()
    }
}

/// A span for people, its two greatest units: `4 h 41 min`, `12 d`.
pub fn distance(nanos: i64) -> String {
    const UNITS: [(i64, &str); 4] = [(DAY, "d"), (HOUR, "h"), (MINUTE, "min"), (SECOND, "s")];
    let mut rest = nanos.saturating_abs();
    let Some(first) = UNITS.iter().position(|(unit, _)| rest >= *unit) else { return "less than 1 s".into() };
    let mut words = Vec::new();
    for (unit, word) in UNITS.iter().skip(first).take(2) {
        if rest >= *unit {
            words.push(format!("{} {word}", rest / unit));
        }
        rest %= unit;
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_alert_is_read_again_whatever_it_lacks() {
        let because = json!({
            "distance_km": 412.0, "half": 0.5, "local_time": "2026-11-20T22:41:07+01:00[Europe/Paris]", "next_open": "2026-11-23T08:00:00+01:00", "after": "15m",
            "switches": 3, "failures": 80, "sites": ["a", "b"], "targets": "10.0.0.1, 10.0.0.2, 10.0.0.3", "odd": null
        });
        let told = Told { reason: "x", time: None, because: &because, supplier: "", entry: None, calendars: None };
        assert_eq!(told.moment("local_time").map(|time| told.at(time)).unwrap(), "Fri 2026-11-20 22:41:07");
        assert_eq!(told.typed(told.moment("local_time").unwrap()), "2026-11-20T22:41:00+01:00");
        assert_eq!(told.at(told.moment("next_open").unwrap()), "Mon 2026-11-23 08:00");
        assert_eq!((told.span("after"), told.number("switches")), (Some(15 * MINUTE), Some(3)));
        assert_eq!((told.number("distance_km"), told.number("half"), told.number("after")), (Some(412), None, None));
        assert_eq!((told.listed("sites"), told.listed("targets"), told.listed("odd")), (Some(2), Some(3), None));
        assert_eq!((told.moment("after"), told.span("odd"), told.hours()), (None, None, None));
        let less = told.one_less(&[
            ("switches", "3".into(), "switches between two origins"),
            ("sites", "3".into(), "sites"),
            ("failures", "3".into(), "f"),
        ]);
        assert_eq!(less.iter().map(|nearest| (&*nearest.what, &*nearest.value)).collect::<Vec<_>>(), [("switches", "2 at most")]);
        let nothing = Told { because: &Value::Null, ..told };
        assert_eq!((nothing.text("after"), nothing.zone()), (None, TimeZone::UTC));
    }

    #[test]
    fn distances_are_in_two_units() {
        let cases = [
            (0, "less than 1 s"),
            (59 * SECOND, "59 s"),
            (-4 * HOUR - 41 * MINUTE - 7 * SECOND, "4 h 41 min"),
            (12 * DAY + 3 * MINUTE, "12 d"),
        ];
        for (nanos, words) in cases {
            assert_eq!(distance(nanos), words);
        }
    }
}

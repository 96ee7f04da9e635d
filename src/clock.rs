//! A stream's clock: what a device's stamp means, given the stamps before it.
//!
//! Years and doubled hours are settled here, in order of arrival, never where lines are parsed.

use parsers::time::{DAY, MINUTE, SECOND, days_from_civil};
use parsers::{Facts, Stamp, Time};
use serde::{Deserialize, Serialize};

use crate::zone::{Placed, Zone};

/// How late a line may be within its stream.
pub const LATENESS: i64 = 2 * MINUTE;

/// How far a single line may move its stream's clock; beyond it the next line has to agree.
///
/// One forged or broken stamp (2099) must not end every window and session there is.
const LEAP: i64 = DAY;

/// What is known of a stream's time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Clock {
    /// Event time of the last line.
    last: Option<i64>,
    /// Greatest event time that is believed.
    greatest: Option<i64>,
    /// Whether a second line agreed with the first.
    confirmed: bool,
    /// A stamp far ahead that the next line has to confirm.
    leap: Option<i64>,
}

/// A line's event time and how it was come by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dated {
    /// When.
    pub time: Time,
    /// The year was guessed (`nightporter.time_guessed`).
    pub guessed: bool,
    /// The local time exists twice (`nightporter.time_ambiguous`).
    pub ambiguous: bool,
}

/// The times that one line tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// When it happened.
    pub at: Option<Dated>,
    /// Begin of a granted access.
    pub from: Option<Time>,
    /// End of a granted access.
    pub until: Option<Time>,
}

/// What the source says about stamps that are incomplete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hints {
    /// Year of the source's first line, where stamps carry none.
    pub year: Option<i32>,
    /// Receive time (watch) or modification time of the file (replay): no line lies more than a day after it.
    pub reference: Time,
}

impl Clock {
    /// The event time of a stamp; `None` if the line carries none that can be read.
    pub fn date(&self, stamp: Stamp, zone: &mut Zone, hints: Hints) -> Option<Dated> {
        let not_before = self.reached().unwrap_or(Time::MIN).minus(LATENESS);
        match stamp {
            Stamp::None => None,
            Stamp::Exact(time) => Some(Dated { time, guessed: false, ambiguous: false }),
            Stamp::Local { seconds, nanos } => zone.place(seconds, nanos, not_before).map(|placed| dated(placed, false)),
            Stamp::Yearless { month, day, second, nanos, offset } => {
                let reference = year_of(hints.reference);
                let in_year = |year: i32, zone: &mut Zone| {
                    let seconds = days_from_civil(year, month, day)? * 86_400 + i64::from(second);
                    match offset {
                        Some(offset) => Some(Placed { time: Time::from_seconds(seconds - i64::from(offset), nanos)?, ambiguous: false }),
                        None => zone.place(seconds, nanos, not_before),
                    }
                };
                let Some(first) = hints.year else {
                    let latest = hints.reference.plus(DAY);
                    // Eight years: 29 February may be seven years away.
                    return (reference - 8..=reference + 1)
                        .rev()
                        .filter_map(|year| in_year(year, zone))
                        .find(|placed| placed.time <= latest)
                        .map(|placed| dated(placed, true));
                };
                // The very first line may have been a forged one.
                let before = self.reached().filter(|&before| self.confirmed || year_of(before) - first <= 1);
                let Some(before) = before else {
                    return (first..first + 8).find_map(|year| in_year(year, zone)).map(|placed| dated(placed, false));
                };
                let year = year_of(before);
                (year - 1..=year + 1)
                    .filter_map(|year| in_year(year, zone))
                    .min_by_key(|placed| placed.time.0.abs_diff(before.0))
                    .map(|placed| dated(placed, false))
            }
        }
    }

    /// All times of a line. What it tells of past or future is of the year nearest to the line's own time.
    pub fn times(&self, facts: &Facts, zone: &mut Zone, hints: Hints) -> Times {
        let at = self.date(facts.stamp, zone, hints);
        let mut beside = |stamp| {
            let Some(Dated { time, .. }) = at else { return self.date(stamp, zone, hints) };
            let mut clock = Clock::default();
            clock.saw(time);
            clock.date(stamp, zone, Hints { year: Some(year_of(time)), ..hints })
        };
        let (from, until) = (beside(facts.from), beside(facts.until));
        Times { at, from: from.map(|from| from.time), until: until.map(|until| until.time) }
    }

    /// Takes note of a line's event time. True if the stream's clock moved.
    pub fn saw(&mut self, time: Time) -> bool {
        let time = time.0;
        self.last = Some(time);
        let Some(greatest) = self.greatest else {
            self.greatest = Some(time);
            return true;
        };
        if !self.confirmed {
            // The very first line may have been the forged one: if the next denies it, start again.
            if greatest - time > LEAP {
                self.greatest = Some(time);
                return true;
            }
            self.confirmed = true;
        }
        let believed = match self.leap.take() {
            Some(leap) if time >= leap.saturating_sub(LATENESS) => greatest.max(leap),
            _ => greatest,
        };
        let moved = if time - believed > LEAP {
            self.leap = Some(time);
            believed
        } else {
            believed.max(time)
        };
        self.greatest = Some(moved);
        moved > greatest
    }

    /// Greatest event time that can be believed; what timers may rely on.
    pub fn confirmed(&self) -> Option<Time> {
        self.greatest.filter(|_| self.confirmed).map(Time)
    }

    /// Greatest event time seen, a lone first line's included.
    pub fn greatest(&self) -> Option<Time> {
        self.greatest.map(Time)
    }

    /// How far the last line shows the stream to have come: a line that is late by no more than the lateness, or too far
    /// ahead to be believed, changes nothing; one that is later by more shows that the device's clock was set back.
    pub fn reached(&self) -> Option<Time> {
        let (last, greatest) = (self.last?, self.greatest?);
        Some(Time(if greatest - last <= LATENESS { greatest } else { last }))
    }
}

fn dated(placed: Placed, guessed: bool) -> Dated {
    Dated { time: placed.time, guessed, ambiguous: placed.ambiguous }
}

/// The civil year (UTC) of a time.
fn year_of(time: Time) -> i32 {
    let days = time.0.div_euclid(86_400 * SECOND);
    // An average year is 365.2425 days: right, or one too many in the first hours of a year.
    let guess = 1970 + i32::try_from(days * 10_000 / 3_652_425).unwrap_or(0);
    (guess - 1..=guess + 1).rev().find(|&year| days_from_civil(year, 1, 1).is_some_and(|first| first <= days)).unwrap_or(guess)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;

    fn time(text: &str) -> Time {
        crate::zone::time(text.parse().unwrap())
    }

    fn yearless(month: u8, day: u8, second: u32) -> Stamp {
        Stamp::Yearless { month, day, second, nanos: 0, offset: None }
    }

    fn shown(dated: Option<Dated>) -> String {
        dated.map_or("none".into(), |dated| format!("{}{}", crate::zone::rfc3339(dated.time), if dated.guessed { " guessed" } else { "" }))
    }

    #[test]
    fn year_is_the_sources_and_rolls_over() {
        let mut zone = Zone::new(TimeZone::UTC);
        let hints = Hints { year: Some(2026), reference: time("2030-01-01T00:00:00Z") };
        let mut clock = Clock::default();
        for (stamp, expected) in [
            (yearless(12, 31, 86_399), "2026-12-31T23:59:59Z"),
            (yearless(1, 1, 0), "2027-01-01T00:00:00Z"),
            (yearless(12, 31, 86_390), "2026-12-31T23:59:50Z"),
            (yearless(1, 1, 60), "2027-01-01T00:01:00Z"),
        ] {
            let dated = clock.date(stamp, &mut zone, hints);
            assert_eq!(shown(dated), expected);
            clock.saw(dated.unwrap().time);
        }
    }

    #[test]
    fn year_is_guessed_from_the_receive_time() {
        let mut zone = Zone::new(TimeZone::UTC);
        for (reference, stamp, expected) in [
            ("2026-01-02T00:00:00Z", yearless(12, 31, 0), "2025-12-31T00:00:00Z guessed"),
            ("2026-01-02T00:00:00Z", yearless(1, 2, 7200), "2026-01-02T02:00:00Z guessed"),
            ("2025-12-31T23:59:59Z", yearless(1, 1, 1), "2026-01-01T00:00:01Z guessed"),
            ("2026-06-01T00:00:00Z", yearless(2, 29, 0), "2024-02-29T00:00:00Z guessed"),
        ] {
            let hints = Hints { year: None, reference: time(reference) };
            assert_eq!(shown(Clock::default().date(stamp, &mut zone, hints)), expected);
        }
    }

    #[test]
    fn a_zone_that_the_line_names_counts_without_a_year_too() {
        let mut zone = Zone::new(TimeZone::get("Europe/Paris").unwrap());
        let hints = Hints { year: Some(2026), reference: time("2026-07-01T00:00:00Z") };
        for (text, expected) in [("Jun 11 22:14:15", "2026-06-11T20:14:15Z"), ("Jun 11 22:14:15 UTC", "2026-06-11T22:14:15Z")] {
            let stamp = parsers::stamp::any(text.as_bytes());
            assert_eq!(shown(Clock::default().date(stamp, &mut zone, hints)), expected, "{text}");
        }
    }

    #[test]
    fn one_line_far_ahead_moves_nothing() {
        let mut clock = Clock::default();
        for (at, expected) in [
            ("2026-11-20T10:00:00Z", "2026-11-20T10:00:00Z"),
            ("2099-01-01T00:00:00Z", "2026-11-20T10:00:00Z"),
            ("2026-11-20T10:01:00Z", "2026-11-20T10:01:00Z"),
            ("2026-11-23T10:00:00Z", "2026-11-20T10:01:00Z"),
            ("2026-11-23T10:00:05Z", "2026-11-23T10:00:05Z"),
            ("2026-11-26T10:00:00Z", "2026-11-23T10:00:05Z"),
            ("2026-11-29T10:00:00Z", "2026-11-26T10:00:00Z"),
        ] {
            clock.saw(time(at));
            assert_eq!(clock.greatest(), Some(time(expected)), "{at}");
        }
    }

    #[test]
    fn a_forged_first_line_is_denied_by_the_second() {
        let mut clock = Clock::default();
        clock.saw(time("2099-01-01T00:00:00Z"));
        assert_eq!(clock.confirmed(), None);
        clock.saw(time("2026-11-20T10:00:00Z"));
        assert_eq!((clock.greatest(), clock.confirmed()), (Some(time("2026-11-20T10:00:00Z")), None));
        clock.saw(time("2026-11-20T10:00:01Z"));
        assert_eq!(clock.confirmed(), Some(time("2026-11-20T10:00:01Z")));
    }

    #[test]
    fn a_late_line_within_the_lateness_sets_no_clock_back() {
        for (last, expected) in [
            ("2026-11-20T09:58:00Z", "2026-11-20T10:00:00Z"),
            ("2026-11-20T09:57:59Z", "2026-11-20T09:57:59Z"),
            ("2099-01-01T00:00:00Z", "2026-11-20T10:00:00Z"),
            ("2026-11-20T10:00:01Z", "2026-11-20T10:00:01Z"),
        ] {
            let mut clock = Clock::default();
            for at in ["2026-11-20T09:59:00Z", "2026-11-20T10:00:00Z", last] {
                clock.saw(time(at));
            }
            assert_eq!(clock.reached(), Some(time(expected)), "{last}");
        }
    }

    #[test]
    fn a_line_dated_far_ahead_changes_no_year_of_those_without() {
        let mut zone = Zone::new(TimeZone::UTC);
        let hints = Hints { year: Some(2026), reference: time("2030-01-01T00:00:00Z") };
        for first in ["2026-11-20T10:00:00Z", "2099-01-01T00:00:00Z"] {
            let mut clock = Clock::default();
            clock.saw(time(first));
            clock.saw(time("2026-11-20T10:00:00Z"));
            clock.saw(time("2099-01-01T00:00:00Z"));
            assert_eq!(shown(clock.date(yearless(11, 20, 36_001), &mut zone, hints)), "2026-11-20T10:00:01Z", "{first}");
        }
        let mut forged = Clock::default();
        forged.saw(time("2099-01-01T00:00:00Z"));
        assert_eq!(shown(forged.date(yearless(11, 20, 0), &mut zone, hints)), "2026-11-20T00:00:00Z");
    }

    #[test]
    fn a_grant_lies_beside_the_line_that_tells_of_it() {
        let mut zone = Zone::new(TimeZone::get("Europe/Paris").unwrap());
        let hints = Hints { year: None, reference: time("2026-12-31T23:00:00Z") };
        let facts =
            Facts { stamp: yearless(12, 31, 79_200), from: yearless(12, 31, 82_800), until: yearless(1, 2, 3_600), ..Facts::default() };
        let times = Clock::default().times(&facts, &mut zone, hints);
        assert_eq!(times.at.map(|at| (at.time, at.guessed)), Some((time("2026-12-31T21:00:00Z"), true)));
        assert_eq!((times.from, times.until), (Some(time("2026-12-31T22:00:00Z")), Some(time("2027-01-02T00:00:00Z"))));
        let exact = Facts { from: Stamp::Exact(time("2026-11-20T10:00:00Z")), ..Facts::default() };
        let times = Clock::default().times(&exact, &mut zone, hints);
        assert_eq!((times.at, times.from, times.until), (None, Some(time("2026-11-20T10:00:00Z")), None));
    }

    #[test]
    fn years_of_edges() {
        for (at, year) in
            [("2026-01-01T00:00:00Z", 2026), ("2025-12-31T23:59:59Z", 2025), ("2024-12-31T12:00:00Z", 2024), ("2000-01-01T00:00:00Z", 2000)]
        {
            assert_eq!(year_of(time(at)), year, "{at}");
        }
    }
}

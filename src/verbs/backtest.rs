//! `nightporter backtest`: how many alerts a day these lines would have given, who causes them, and what would save most.
//!
//! The engine and the replay are those of `replay`. All lines are replayed, so that what has to be learned is learned; alerts are
//! counted from a time on.

mod difference;
mod report;
mod savings;

use std::io::{self, Write};

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use parsers::Time;

pub use self::report::{Report, Work};

use crate::engine::state::State;
use crate::fault::Fault;
use crate::metrics::Metrics;
use crate::setup::{Inputs, Setup, Trouble};
use crate::toml_reader::read_span;
use crate::verbs::recorded::Recorded;
use crate::verbs::replay;
use crate::zone::time;

/// What a replay gave.
#[derive(Debug)]
pub struct Replayed {
    /// Its alerts, in order, without their evidence.
    pub alerts: Vec<Recorded>,
    /// What was counted.
    pub metrics: Metrics,
}

/// Replays what inputs stand for.
///
/// # Errors
/// A daybook that cannot be read.
pub fn replayed(
    setup: &Setup,
    inputs: &Inputs,
    threads: usize,
    now: Time,
    progress: &mut dyn FnMut(u64, u64),
    fault: &mut dyn FnMut(&Fault),
) -> Result<Replayed, Fault> {
    let (entries, _) = setup.daybook()?;
    let files = replay::expand(inputs, fault);
    let mut out = Collected::default();
    let world = replay::World {
        engine: setup.engine(inputs, State::default()),
        files,
        entries,
        formats: setup.config.formats.clone(),
        threads,
        now,
        out: &mut out,
        progress,
        fault,
    };
    // Writing into memory does not fail.
    let metrics = replay::run(world).unwrap_or_else(|_| Metrics::new(setup.config.formats.clone()));
    Ok(Replayed { alerts: out.alerts, metrics })
}

/// Takes alerts as they are written.
#[derive(Default)]
struct Collected {
    alerts: Vec<Recorded>,
    begun: Vec<u8>,
}

impl Write for Collected {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for part in bytes.split_inclusive(|&b| b == b'\n') {
            self.begun.extend_from_slice(part);
            if part.ends_with(b"\n") {
                self.alerts.extend(Recorded::read(&self.begun).map(Recorded::in_short));
                self.begun.clear();
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// From when to when alerts are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// The first instant.
    pub since: Time,
    /// The first instant after it.
    pub until: Time,
    /// Event time of the first line.
    pub first: Time,
    /// Event time of the newest line.
    pub newest: Time,
}

impl Period {
    /// The period that was asked for, of what the lines cover. Spans count back from the newest line.
    ///
    /// # Errors
    /// A time that cannot be read, a period without a line.
    pub fn of(since: Option<&str>, until: Option<&str>, zone: &TimeZone, covered: Option<(Time, Time)>) -> Result<Period, Trouble> {
        let Some((first, newest)) = covered else {
            return Err(Trouble::Usage(
                "backtest: no line bears a time (`nightporter doctor` says what is understood of the files)".into(),
            ));
        };
        let moment = |option: &str, text: Option<&str>, default: Time| text.map_or(Ok(default), |text| moment(option, text, zone, newest));
        let since = moment("--since", since, first)?.max(first);
        // The newest line counts.
        let until = moment("--until", until, newest.plus(1))?.min(newest.plus(1));
        if since >= until {
            let day = |time: Time| crate::zone::zoned(time, zone).strftime("%F %H:%M").to_string();
            return Err(Trouble::Usage(format!(
                "backtest: no line lies between --since and --until; the lines go from {} to {}",
                day(first),
                day(newest)
            )));
        }
        Ok(Period { since, until, first, newest })
    }

    /// Whether an alert counts.
    pub fn holds(&self, alert: &Recorded) -> bool {
        alert.time().is_some_and(|time| self.since <= time && time < self.until)
    }
}

/// Checks the options before anything is replayed: that may take long.
///
/// # Errors
/// A time that cannot be read.
pub fn check(since: Option<&str>, until: Option<&str>, zone: &TimeZone) -> Result<(), Trouble> {
    for (option, text) in [("--since", since), ("--until", until)] {
        text.map_or(Ok(Time(0)), |text| moment(option, text, zone, Time(0)))?;
    }
    Ok(())
}

/// A span back from the newest line, a date, or a time.
fn moment(option: &str, text: &str, zone: &TimeZone, newest: Time) -> Result<Time, Trouble> {
    if let Ok(span) = read_span(text) {
        return Ok(newest.minus(span));
    }
    let instant = text.parse::<Timestamp>().ok();
    let local = || text.replace(' ', "T").parse::<DateTime>().ok()?.to_zoned(zone.clone()).ok().map(|zoned: Zoned| zoned.timestamp());
    let wrong = || {
        Trouble::Usage(format!(
            "{option} {text}: expected a span such as 60d, a date such as 2026-10-01, or a time such as 2026-10-01T08:00:00+02:00"
        ))
    };
    instant.or_else(local).map(time).ok_or_else(wrong)
}

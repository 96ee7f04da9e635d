//! What a run did, counted: every line is accounted for.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;
use parsers::{FormatId, Formats, Reading, Time};

use crate::alert::{Alert, Severity};

/// Lines by what became of them: received = parsed + unparsed + blank.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Understood by a format.
    pub parsed: u64,
    /// Recognised by no format, or not readable by the one that did.
    pub unparsed: u64,
    /// Dropped because there was nothing in them.
    pub blank: u64,
    /// Of the above: longer than a line may be, and read by their beginning.
    pub truncated: u64,
    /// Of the parsed: by number of the format.
    pub formats: Vec<u64>,
}

impl Tally {
    /// Counts one line.
    pub fn count(&mut self, reading: Reading) {
        match reading {
            Reading::Parsed(FormatId(format)) | Reading::NoConcern(FormatId(format)) => {
                self.parsed += 1;
                self.grow(usize::from(format) + 1);
                if let Some(lines) = self.formats.get_mut(usize::from(format)) {
                    *lines += 1;
                }
            }
            Reading::Unparsed => self.unparsed += 1,
            Reading::Blank => self.blank += 1,
        }
    }

    /// Adds the lines of another tally.
    pub fn add(&mut self, other: &Tally) {
        self.parsed += other.parsed;
        self.unparsed += other.unparsed;
        self.blank += other.blank;
        self.truncated += other.truncated;
        self.grow(other.formats.len());
        for (to, from) in self.formats.iter_mut().zip(&other.formats) {
            *to += from;
        }
    }

    fn grow(&mut self, formats: usize) {
        if self.formats.len() < formats {
            self.formats.resize(formats, 0);
        }
    }

    /// Names of the formats with their number of lines, most frequent first.
    pub fn by_format<'f>(&self, formats: &'f Formats) -> Vec<(&'f str, u64)> {
        let named = (0u8..).zip(&self.formats).filter_map(|(id, &lines)| Some((formats.product(FormatId(id))?.format, lines)));
        let mut counted: Vec<(&str, u64)> = named.filter(|&(_, lines)| lines > 0).collect();
        counted.sort_by_key(|&(name, lines)| (Reverse(lines), name));
        counted
    }

    /// All lines.
    pub fn received(&self) -> u64 {
        self.parsed + self.unparsed + self.blank
    }
}

/// What a run did.
#[derive(Debug)]
pub struct Metrics {
    /// Lines.
    pub tally: Tally,
    /// The formats that they were in.
    pub formats: Formats,
    /// Lines that repeated a line already seen.
    pub repeated: u64,
    /// Places where bytes were lost before they could be read.
    pub gaps: u64,
    /// Event times of the first and the last line of a replay.
    pub covered: Option<(Time, Time)>,
    alerts: BTreeMap<&'static str, u64>,
    highest: Option<Severity>,
    /// From reading a batch to having written its alerts, in microseconds.
    latency: Histogram<u64>,
}

impl Metrics {
    /// Nothing counted yet.
    pub fn new(formats: Formats) -> Metrics {
        let latency = latencies();
        Metrics { tally: Tally::default(), formats, repeated: 0, gaps: 0, covered: None, alerts: BTreeMap::new(), highest: None, latency }
    }

    /// Takes down how far the time of a replay has come.
    pub fn came_to(&mut self, time: Time) {
        if time != Time::MIN {
            self.covered = Some(self.covered.map_or((time, time), |(first, last)| (first.min(time), last.max(time))));
        }
    }

    /// Counts an alert.
    pub fn alert(&mut self, alert: &Alert) {
        *self.alerts.entry(alert.rule.id).or_default() += 1;
        self.highest = self.highest.max(Some(alert.severity));
    }

    /// Takes down how long a batch took from being read to its alerts being written.
    pub fn took(&mut self, time: Duration) {
        self.latency.saturating_record(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
    }

    /// Number of alerts.
    pub fn alerts(&self) -> u64 {
        self.alerts.values().sum()
    }

    /// The highest severity of an alert.
    pub fn highest(&self) -> Option<Severity> {
        self.highest
    }
}

/// Microseconds, none measured yet.
fn latencies() -> Histogram<u64> {
    // One microsecond to an hour with three digits: the bounds are constants that the histogram accepts.
    let histogram = Histogram::new_with_bounds(1, 3_600_000_000, 3).or_else(|_| Histogram::new(3));
    #[expect(clippy::expect_used, reason = "three significant digits are within the histogram's range")]
    histogram.expect("a histogram of three digits")
}

impl fmt::Display for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally { parsed, unparsed, blank, truncated, .. } = self.tally;
        writeln!(f, "lines   {} received = {parsed} parsed + {unparsed} unparsed + {blank} dropped (blank)", self.tally.received())?;
        for (name, lines) in self.tally.by_format(&self.formats) {
            writeln!(f, "        {lines:>9} {name}")?;
        }
        if truncated > 0 {
            writeln!(f, "        {truncated:>9} longer than 64 KiB, read by their beginning")?;
        }
        if self.repeated > 0 {
            writeln!(f, "        {:>9} repeated a line already seen", self.repeated)?;
        }
        if self.gaps > 0 {
            writeln!(f, "        {:>9} gaps: bytes lost before they could be read", self.gaps)?;
        }
        writeln!(f, "alerts  {}", self.alerts())?;
        for (rule, alerts) in &self.alerts {
            writeln!(f, "        {alerts:>9} {rule}")?;
        }
        let at = |quantile| Duration::from_micros(self.latency.value_at_quantile(quantile));
        write!(f, "latency {:?} p50, {:?} p99, {:?} p99.9, {:?} max (batch read to alerts written)", at(0.5), at(0.99), at(0.999), at(1.0))
    }
}

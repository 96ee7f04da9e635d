//! What a source's stamps are worth: do they name a zone, which one is it, does the device's clock go right, is time in order?

use std::collections::{BTreeMap, HashMap};

use parsers::time::{DAY, MINUTE, SECOND, days_from_civil};
use parsers::{Line, Stamp, Stamps, Time};
use serde::Serialize;

use crate::clock::{Clock, Hints, LATENESS};
use crate::zone::{Zone, timestamp};

/// Devices whose order is watched; lines of further ones count as one more.
const DEVICES: usize = 1000;

/// Differences that are told apart.
const DIFFERENCES: usize = 4096;

/// Zones differ by a multiple of this, in seconds.
const STEP: i64 = 15 * 60;

/// No place is farther from Greenwich, in seconds.
const FARTHEST: i64 = 14 * 3600;

/// A file that was written until its end is closed this soon after its last line, in seconds.
const CLOSED: i64 = 60;

/// The stamps of one source.
pub(super) struct Clocks {
    zone: Zone,
    year: Option<i32>,
    reference: Time,
    stamps: Stamps,
    /// By device.
    devices: HashMap<Box<[u8]>, Clock>,
    found: Stamped,
    /// The device's local time less that of a collector which names its zone.
    offsets: Differences,
    /// The device's time less that of a collector, where both name their zone, or neither does.
    skews: Differences,
    first: Option<Time>,
    last: Option<Time>,
    late: u64,
    latest: i64,
    ahead: u64,
    /// The greatest local time of the file at hand, as if it were UTC, in seconds.
    local: Option<i64>,
    /// What the last file's end says of the zone.
    closed: Option<i64>,
}

/// Lines by how their stamps are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Stamped {
    pub with_zone: u64,
    pub without_zone: u64,
    pub without_year: u64,
    pub none: u64,
}

/// What there is to say.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Findings {
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
    pub stamps: Stamped,
    /// Zone that stamps without one are read in.
    pub configured: String,
    /// `+01:00`, where something tells it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<String>,
    /// What tells it: `stamp`, `relay`, `file`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub told_by: Option<&'static str>,
    /// Whether the configured zone has that offset; absent where nothing tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fits: Option<bool>,
    /// Device less collector, in seconds: the median, and the farthest from it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skew: Option<(i64, i64)>,
    /// Lines that stand more than two minutes behind an earlier one of their device.
    pub late: u64,
    /// By how many seconds at most.
    pub latest: i64,
    /// Lines more than a day ahead of the one before.
    pub ahead: u64,
    pub devices: usize,
}

impl Clocks {
    pub(super) fn new(zone: Zone, year: Option<i32>) -> Clocks {
        Clocks {
            zone,
            year,
            reference: Time::MIN,
            stamps: Stamps::default(),
            devices: HashMap::new(),
            found: Stamped::default(),
            offsets: Differences::default(),
            skews: Differences::default(),
            first: None,
            last: None,
            late: 0,
            latest: 0,
            ahead: 0,
            local: None,
            closed: None,
        }
    }

    /// A file begins that was last written at `reference`.
    pub(super) fn file(&mut self, reference: Time) {
        self.reference = reference;
        self.local = None;
    }

    /// A file has ended; `modified` is when it was last written, if that is known.
    pub(super) fn file_ended(&mut self, modified: Option<Time>) {
        let (Some(local), Some(modified)) = (self.local, modified) else { return };
        let ahead = local - modified.0.div_euclid(SECOND);
        // The last line is a little older than the file: the zone is the next step up.
        let offset = ahead.div_euclid(STEP) * STEP + if ahead.rem_euclid(STEP) == 0 { 0 } else { STEP };
        self.closed = (offset - ahead <= CLOSED && offset.abs() <= FARTHEST).then_some(offset);
    }

    pub(super) fn line(&mut self, line: &Line<'_>, stamp: Stamp, device: &[u8]) {
        match stamp {
            Stamp::None => {
                self.found.none += 1;
                return;
            }
            Stamp::Exact(_) => self.found.with_zone += 1,
            Stamp::Local { .. } => self.found.without_zone += 1,
            Stamp::Yearless { .. } => self.found.without_year += 1,
        }
        let device = if self.devices.len() < DEVICES || self.devices.contains_key(device) { device } else { &[] };
        if !self.devices.contains_key(device) {
            self.devices.insert(device.into(), Clock::default());
        }
        let Some(clock) = self.devices.get_mut(device) else { return };
        let Some(dated) = clock.date(stamp, &mut self.zone, Hints { year: self.year, reference: self.reference }) else { return };
        if let Some(greatest) = clock.greatest() {
            let behind = greatest.0 - dated.time.0;
            if behind > LATENESS {
                self.late += 1;
                self.latest = self.latest.max(behind / SECOND);
            }
            self.ahead += u64::from(-behind > DAY);
        }
        clock.saw(dated.time);
        self.first = self.first.map_or(Some(dated.time), |first| Some(first.min(dated.time)));
        self.last = self.last.max(Some(dated.time));
        let year = crate::zone::zoned(dated.time, self.zone.zone()).year();
        let local = civil(stamp, year);
        if !matches!(stamp, Stamp::Exact(_)) {
            self.local = self.local.max(local);
        }
        self.compare(line, stamp, local, year);
    }

    /// Compares a device's stamp with that of the collector which had the line next.
    fn compare(&mut self, line: &Line<'_>, stamp: Stamp, local: Option<i64>, year: i16) {
        let heads = [line.head.relay, line.head.stamp];
        let relay = heads.into_iter().map(|head| self.stamps.head(head)).find(|&relay| relay != stamp && relay != Stamp::None);
        let (Some(relay), Some(local)) = (relay, local) else { return };
        let Some(other) = civil(relay, year) else { return };
        match (stamp, relay) {
            (Stamp::Exact(_), Stamp::Exact(_)) => self.skews.add(local - other),
            (_, Stamp::Exact(_)) => self.offsets.add(local - other),
            // The collector's zone is not known: what is left of whole steps is skew.
            (Stamp::Exact(_), _) => self.skews.add(local - other - nearest_step(local - other)),
            _ => self.skews.add(local - other),
        }
    }

    pub(super) fn findings(&self) -> Findings {
        let zone = self.zone.zone();
        let rfc3339 = |time: Option<Time>| time.map(|time| crate::zone::rfc3339_in(time, zone));
        let Stamped { with_zone, without_zone, without_year, .. } = self.found;
        // A few lines of another kind say nothing against it.
        let names_zone = with_zone > 20 * (without_zone + without_year);
        let by_relay = self.offsets.median().map(nearest_step).filter(|offset| offset.abs() <= FARTHEST);
        let told = match (by_relay, self.closed) {
            _ if names_zone => None,
            (Some(offset), _) => Some((offset, "relay")),
            (None, Some(offset)) => Some((offset, "file")),
            (None, None) => None,
        };
        let configured = self.last.map(|last| i64::from(zone.to_offset(timestamp(last)).seconds()));
        let skew = match (by_relay, self.skews.median()) {
            (_, Some(median)) => Some((median, self.skews.farthest(median))),
            (Some(offset), None) => self.offsets.median().map(|median| (median - offset, self.offsets.farthest(median))),
            (None, None) => None,
        };
        Findings {
            first: rfc3339(self.first),
            last: rfc3339(self.last),
            stamps: self.found,
            configured: zone.iana_name().unwrap_or("UTC").to_owned(),
            offset: told.map(|(offset, _)| shown(offset)),
            told_by: told.map(|(_, by)| by).or(names_zone.then_some("stamp")),
            fits: told.zip(configured).map(|((offset, _), configured)| offset == configured),
            skew,
            late: self.late,
            latest: self.latest,
            ahead: self.ahead,
            devices: self.devices.keys().filter(|name| !name.is_empty()).count(),
        }
    }
}

/// A stamp's own reading of the clock, in seconds since the epoch as if it were UTC; a point in time is that of UTC.
fn civil(stamp: Stamp, year: i16) -> Option<i64> {
    match stamp {
        Stamp::None => None,
        Stamp::Exact(time) => Some(time.0.div_euclid(SECOND)),
        Stamp::Local { seconds, .. } => Some(seconds),
        Stamp::Yearless { month, day, second, .. } => Some(days_from_civil(i32::from(year), month, day)? * 86_400 + i64::from(second)),
    }
}

fn nearest_step(seconds: i64) -> i64 {
    (seconds + STEP / 2).div_euclid(STEP) * STEP
}

/// `+01:00`
fn shown(offset: i64) -> String {
    let (sign, minutes) = (if offset < 0 { '-' } else { '+' }, offset.abs() * SECOND / MINUTE);
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// Differences in seconds, by how often they were seen.
#[derive(Default)]
struct Differences(BTreeMap<i64, u64>);

impl Differences {
    fn add(&mut self, difference: i64) {
        if self.0.len() < DIFFERENCES || self.0.contains_key(&difference) {
            *self.0.entry(difference).or_default() += 1;
        }
    }

    fn median(&self) -> Option<i64> {
        let half = self.0.values().sum::<u64>().div_ceil(2);
        let mut seen = 0;
        self.0
            .iter()
            .find(|(_, count)| {
                seen += *count;
                seen >= half
            })
            .map(|(&difference, _)| difference)
    }

    /// How far from `median` the farthest lies.
    fn farthest(&self, median: i64) -> i64 {
        self.0.keys().map(|difference| (difference - median).abs()).max().unwrap_or(0)
    }
}

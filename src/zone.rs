//! Civil time in a zone: devices' local stamps to points in time, and back for people.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, Zoned};
use parsers::Time;

/// A zone with a memory of the last hour asked for: the lines of one hour follow each other.
#[derive(Clone, Debug)]
pub struct Zone {
    zone: TimeZone,
    /// Civil hour since the epoch, and the seconds east of Greenwich that hold all through it.
    hour: Option<(i64, i64)>,
}

/// A local time brought to a point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The point in time.
    pub time: Time,
    /// The local time exists twice (the clocks went back).
    pub ambiguous: bool,
}

impl Zone {
    /// A zone of the bundled IANA database.
    pub fn new(zone: TimeZone) -> Zone {
        Zone { zone, hour: None }
    }

    /// The zone itself.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The point in time of a civil time given as seconds since the epoch as if it were UTC.
    ///
    /// A time that exists twice is the first that does not lie before `not_before` (arrival order is
    /// kept), a time that does not exist is moved by the gap, as clocks are.
    pub fn place(&mut self, seconds: i64, nanos: u32, not_before: Time) -> Option<Placed> {
        let hour = seconds.div_euclid(3600);
        if let Some((known, offset)) = self.hour
            && known == hour
        {
            return Some(Placed { time: Time::from_seconds(seconds - offset, nanos)?, ambiguous: false });
        }
        let offset_at = |seconds: i64| self.zone.to_ambiguous_timestamp(civil(seconds)?).offset().into();
        let (at, end) = (offset_at(seconds)?, offset_at(hour * 3600 + 3599)?);
        let start: Option<AmbiguousOffset> = offset_at(hour * 3600);
        match at {
            AmbiguousOffset::Unambiguous { offset } => {
                let offset = i64::from(offset.seconds());
                let whole = |edge| matches!(edge, AmbiguousOffset::Unambiguous { offset: edge } if i64::from(edge.seconds()) == offset);
                if start.is_some_and(whole) && whole(end) {
                    self.hour = Some((hour, offset));
                }
                Some(Placed { time: Time::from_seconds(seconds - offset, nanos)?, ambiguous: false })
            }
            AmbiguousOffset::Gap { before, .. } => {
                Some(Placed { time: Time::from_seconds(seconds - i64::from(before.seconds()), nanos)?, ambiguous: false })
            }
            AmbiguousOffset::Fold { before, after } => {
                let first = Time::from_seconds(seconds - i64::from(before.seconds()), nanos)?;
                let second = Time::from_seconds(seconds - i64::from(after.seconds()), nanos)?;
                Some(Placed { time: if first < not_before { second } else { first }, ambiguous: true })
            }
        }
    }
}

fn civil(seconds: i64) -> Option<DateTime> {
    Some(Timestamp::from_second(seconds).ok()?.to_zoned(TimeZone::UTC).datetime())
}

/// A point in time as jiff knows it; the epoch for one that jiff cannot hold.
pub fn timestamp(time: Time) -> Timestamp {
    Timestamp::from_nanosecond(i128::from(time.0)).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// A point in time in a zone.
pub fn zoned(time: Time, zone: &TimeZone) -> Zoned {
    timestamp(time).to_zoned(zone.clone())
}

/// A point in time of jiff as ours, held at the ends of our range.
pub fn time(timestamp: Timestamp) -> Time {
    Time(i64::try_from(timestamp.as_nanosecond()).unwrap_or(if timestamp.as_second() < 0 { i64::MIN } else { i64::MAX }))
}

/// RFC 3339 in UTC with the decimals it has: `2026-11-20T21:41:07Z`.
pub fn rfc3339(time: Time) -> String {
    timestamp(time).to_string()
}

/// RFC 3339 with the zone's offset: `2026-11-20T22:41:07+01:00`.
pub fn rfc3339_in(time: Time, zone: &TimeZone) -> String {
    let offset = zone.to_offset(timestamp(time));
    timestamp(time).display_with_offset(offset).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paris() -> Zone {
        Zone::new(TimeZone::get("Europe/Paris").unwrap())
    }

    fn seconds(text: &str) -> i64 {
        text.parse::<DateTime>().unwrap().to_zoned(TimeZone::UTC).unwrap().timestamp().as_second()
    }

    #[test]
    fn local_times_are_placed() {
        for (local, not_before, expected, ambiguous) in [
            ("2026-11-20T22:41:07", "2000-01-01T00:00:00Z", "2026-11-20T21:41:07Z", false),
            ("2026-07-20T22:41:07", "2000-01-01T00:00:00Z", "2026-07-20T20:41:07Z", false),
            ("2026-10-25T02:30:00", "2000-01-01T00:00:00Z", "2026-10-25T00:30:00Z", true),
            ("2026-10-25T02:30:00", "2026-10-25T00:45:00Z", "2026-10-25T01:30:00Z", true),
            ("2026-03-29T02:30:00", "2000-01-01T00:00:00Z", "2026-03-29T01:30:00Z", false),
            ("2026-03-29T01:59:59", "2000-01-01T00:00:00Z", "2026-03-29T00:59:59Z", false),
            ("2026-10-25T01:59:59", "2000-01-01T00:00:00Z", "2026-10-24T23:59:59Z", false),
        ] {
            let after = time(not_before.parse().unwrap());
            let mut zone = paris();
            for _ in 0..2 {
                let placed = zone.place(seconds(local), 0, after).unwrap();
                assert_eq!((rfc3339(placed.time).as_str(), placed.ambiguous), (expected, ambiguous), "{local}");
            }
        }
    }
}

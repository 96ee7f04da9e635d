//! Zones by name, and civil dates and times on the line of time. The IANA data is built in, so no machine's own copy decides an answer.

use jiff::civil::{Date, DateTime};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use parsers::Time;

use crate::mistake::{nearest, quoted};
use crate::zone::time;

/// The zone of an IANA name, its case ignored.
///
/// # Errors
/// A sentence with the nearest valid name.
pub fn read_zone(name: &str) -> Result<TimeZone, String> {
    let zones = TimeZoneDatabase::bundled();
    zones.get(name).map_err(|_| {
        let names: Vec<String> = zones.available().map(|zone| zone.to_string()).collect();
        let city = names.iter().find(|zone| zone.rsplit('/').next().is_some_and(|city| city.eq_ignore_ascii_case(name)));
        let near = city.map(String::as_str).or_else(|| nearest(name, names.iter().map(String::as_str)));
        let hint = near
            .map_or_else(|| "; expected an IANA name such as \"Europe/Paris\"".to_owned(), |near| format!("; did you mean \"{near}\"?"));
        format!("there is no time zone {}{hint}", quoted(name))
    })
}

/// The name of a zone that [`read_zone`] gave.
pub fn zone_name(zone: &TimeZone) -> &str {
    zone.iana_name().unwrap_or("UTC")
}

/// When a period begins that is said to begin at a civil time: in the doubled hour of an autumn night the
/// first of the two, in the hour that a spring night lacks the later clock.
pub(super) fn beginning(civil: DateTime, zone: &TimeZone) -> Time {
    zone.to_ambiguous_timestamp(civil).compatible().map_or(edge(civil), time)
}

/// When a period ends that is said to end at a civil time: in the doubled hour the second of the two.
pub(super) fn end(civil: DateTime, zone: &TimeZone) -> Time {
    zone.to_ambiguous_timestamp(civil).later().map_or(edge(civil), time)
}

/// For civil times at the very ends of jiff's range, thousands of years off.
fn edge(civil: DateTime) -> Time {
    if civil.year() < 1970 { Time::MIN } else { Time::MAX }
}

/// A civil date that bounds something, and where that bound lies on the line of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The date, for messages.
    pub date: Date,
    /// Of a start the first instant of that day; of an end the first instant of the day after.
    pub time: Time,
}

impl Bound {
    /// The first day that counts, in a zone.
    pub fn start(date: Date, zone: &TimeZone) -> Bound {
        Bound { date, time: beginning(date.at(0, 0, 0, 0), zone) }
    }

    /// The last day that counts, in a zone.
    pub fn end(date: Date, zone: &TimeZone) -> Bound {
        Bound { date, time: date.tomorrow().map_or(Time::MAX, |next| beginning(next.at(0, 0, 0, 0), zone)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zone::rfc3339;

    #[test]
    fn the_nearest_zone_is_offered() {
        for (name, expected) in [
            ("Europe/Pari", "there is no time zone \"Europe/Pari\"; did you mean \"Europe/Paris\"?"),
            ("paris", "there is no time zone \"paris\"; did you mean \"Europe/Paris\"?"),
            ("Indian/La_Reunion", "there is no time zone \"Indian/La_Reunion\"; did you mean \"Indian/Reunion\"?"),
            ("", "there is no time zone \"\"; expected an IANA name such as \"Europe/Paris\""),
            ("+02:00", "there is no time zone \"+02:00\"; expected an IANA name such as \"Europe/Paris\""),
        ] {
            assert_eq!(read_zone(name).unwrap_err(), expected);
        }
        assert_eq!(zone_name(&read_zone("europe/paris").unwrap()), "Europe/Paris");
        assert_eq!(zone_name(&read_zone("UTC").unwrap()), "UTC");
    }

    #[test]
    fn a_day_is_as_long_as_its_zone_makes_it() {
        for (zone, date, from, hours) in [
            ("Europe/Paris", "2026-03-29", "2026-03-28T23:00:00Z", 23),
            ("Europe/Paris", "2026-10-25", "2026-10-24T22:00:00Z", 25),
            ("Indian/Reunion", "2026-12-31", "2026-12-30T20:00:00Z", 24),
            // Havana's clocks change at midnight: that day begins at 01:00.
            ("America/Havana", "2026-03-08", "2026-03-08T05:00:00Z", 23),
        ] {
            let (date, zone) = (date.parse().unwrap(), read_zone(zone).unwrap());
            let (start, end) = (Bound::start(date, &zone).time, Bound::end(date, &zone).time);
            assert_eq!(rfc3339(start), from);
            assert_eq!(end.since(start), hours * parsers::time::HOUR, "{date}");
        }
        assert_eq!(Bound::start(Date::MAX, &TimeZone::UTC).time, Time::MAX);
        assert_eq!(Bound::end(Date::MAX, &TimeZone::UTC).time, Time::MAX);
    }
}

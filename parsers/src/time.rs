//! Points in time, and the civil arithmetic that needs no zone.

use serde::{Deserialize, Serialize};

/// Nanoseconds since 1970-01-01T00:00:00Z. Devices' stamps are held to the years 2000 to 2199.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(pub i64);

/// Nanoseconds in a second.
pub const SECOND: i64 = 1_000_000_000;
/// Nanoseconds in a minute.
pub const MINUTE: i64 = 60 * SECOND;
/// Nanoseconds in an hour.
pub const HOUR: i64 = 60 * MINUTE;
/// Nanoseconds in a day of 24 hours.
pub const DAY: i64 = 24 * HOUR;

impl Time {
    /// Before everything.
    pub const MIN: Time = Time(i64::MIN);
    /// After everything.
    pub const MAX: Time = Time(i64::MAX);

    /// The time of `seconds` and `nanos` since the epoch, if a device may write it (years 2000 to 2199).
    pub fn from_seconds(seconds: i64, nanos: u32) -> Option<Time> {
        const YEAR_2000: i64 = 946_684_800;
        const YEAR_2200: i64 = 7_258_118_400;
        if !(YEAR_2000..YEAR_2200).contains(&seconds) || nanos >= 1_000_000_000 {
            return None;
        }
        Some(Time(seconds * SECOND + i64::from(nanos)))
    }

    /// This time moved by `nanos`, held at the ends of the range.
    #[must_use]
    pub fn plus(self, nanos: i64) -> Time {
        Time(self.0.saturating_add(nanos))
    }

    /// This time moved back by `nanos`, held at the ends of the range.
    #[must_use]
    pub fn minus(self, nanos: i64) -> Time {
        Time(self.0.saturating_sub(nanos))
    }

    /// Nanoseconds from `earlier` to this time, held at the ends of the range.
    pub fn since(self, earlier: Time) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Days from 1970-01-01 to a date of the Gregorian calendar; `None` if there is no such date.
///
/// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
pub fn days_from_civil(year: i32, month: u8, day: u8) -> Option<i64> {
    if !(1..=12).contains(&month) || day == 0 || day > days_in_month(year, month) {
        return None;
    }
    let shifted = i64::from(year) - i64::from(month <= 2);
    let era = shifted.div_euclid(400);
    let year_of_era = shifted - era * 400;
    let month_index = (i64::from(month) + 9) % 12;
    let day_of_year = (153 * month_index + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

/// Number of days in a month; 0 if there is no such month.
pub fn days_in_month(year: i32, month: u8) -> u8 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 0,
    }
}

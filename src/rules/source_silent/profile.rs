//! How long a stream is used to be silent, hour by hour of the week.
//!
//! A gap between two lines is booked in the hour that its second line falls into. Of each hour of the week only counts by
//! length are kept, in steps of an eighth, and what lies back fades: a week ago counts seven eighths, a year ago nothing.

use parsers::Time;
use parsers::time::{HOUR, SECOND};
use serde::{Deserialize, Serialize};

use crate::calendar::{CalendarId, Calendars};
use crate::zone::timestamp;

/// Hours of a week.
const HOURS: u8 = 168;

/// A gap counts so much, so that what fades leaves a fraction.
const ONE: u32 = 8;

/// How many lengths are told apart: up to three days.
const LENGTHS: usize = 128;

/// An hour of the week in civil time, and when it ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    /// 0 = Monday, 00:00.
    pub(super) hour: u8,
    /// The first instant after it.
    pub(super) until: Time,
}

impl Place {
    /// The hour that a time falls into. A public holiday is a Sunday.
    pub(super) fn of(time: Time, calendars: &Calendars, calendar: CalendarId) -> Place {
        let offset = i64::from(calendars.zone(calendar).to_offset(timestamp(time)).seconds()) * SECOND;
        let civil = time.plus(offset).0;
        let day = if calendars.is_holiday(calendar, time) { 6 } else { (civil.div_euclid(24 * HOUR) + 3).rem_euclid(7) };
        let hour = 24 * day + civil.rem_euclid(24 * HOUR) / HOUR;
        Place { hour: u8::try_from(hour).unwrap_or(0), until: time.plus(HOUR - civil.rem_euclid(HOUR)) }
    }

    /// `Sat 02:00`.
    pub(super) fn words(self) -> String {
        let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
        format!("{} {:02}:00", days.get(usize::from(self.hour / 24)).unwrap_or(&""), self.hour % 24)
    }
}

/// The gaps of one hour of the week.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Gaps {
    /// How many of each length, shortest first.
    seen: Vec<(u8, u32)>,
    /// The longest gap of each of the last two weeks, in seconds, the latest first.
    longest: (Option<u32>, Option<u32>),
}

impl Gaps {
    fn count(&self) -> u32 {
        self.seen.iter().fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }

    /// A length that comes up week after week is its habit, however rare: a night's backup writes a thousand lines, and
    /// then nothing for the rest of the hour.
    fn habit(&self) -> u32 {
        match self.longest {
            (Some(last), Some(before)) => last.min(before),
            (Some(last), None) => last,
            _ => 0,
        }
    }
}

/// The hours of the week.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Profile {
    hours: Vec<Gaps>,
}

/// What is asked of a gap before it is a silence.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    /// It is never shorter.
    pub(super) at_least: i64,
    /// How many times the 99th percentile.
    pub(super) times: i64,
    /// How many gaps have to be known.
    pub(super) gaps: u32,
}

/// When a silence is one, and why then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fall {
    /// When.
    pub(super) due: Time,
    /// How long it has to have lasted, without the hours that nothing is known of.
    pub(super) limit: i64,
    /// The 99th percentile of the hour that was the most patient.
    pub(super) percentile: i64,
    /// That hour.
    pub(super) place: Place,
}

impl Profile {
    /// An hour is over: its gaps by length, and the longest that touched it.
    pub(super) fn learn(&mut self, hour: u8, gaps: &[u32], longest: i64) {
        self.hours.resize(HOURS.into(), Gaps::default());
        let Some(held) = self.hours.get_mut(usize::from(hour)) else { return };
        let fade = |count: u32| count - count.div_ceil(ONE);
        let old = |length: u8| held.seen.iter().find(|(of, _)| *of == length).map_or(0, |(_, count)| fade(*count));
        let new = (0u8..).zip(0..LENGTHS).map(|(length, at)| {
            let count = gaps.get(at).copied().unwrap_or(0).saturating_mul(ONE);
            (length, old(length).saturating_add(count))
        });
        held.seen = new.filter(|(_, count)| *count > 0).collect();
        held.longest = (Some(u32::try_from(longest / SECOND).unwrap_or(u32::MAX)), held.longest.0);
    }

    /// When a silence that began at a time is one: when it is longer than the most patient of the hours that it touches
    /// allows, and than any of them is used to. An hour of which little is known allows everything, and after it nothing is told
    /// within an hour: when in an hour a stream begins to speak, an hour's profile does not know.
    pub(super) fn fall(&self, since: Time, asked: Asked, place: impl Fn(Time) -> Place) -> Option<Fall> {
        // A stream that is new is asked at each of its lines.
        if self.hours.iter().map(Gaps::count).fold(0, u32::saturating_add) < asked.gaps.saturating_mul(ONE) {
            return None;
        }
        let (mut at, mut known, mut is_sure, mut patient, mut habit) = (since, 0, true, None, 0);
        for _ in 0..=HOURS {
            let place = place(at);
            if let Some((limit, percentile)) = self.limit(place.hour, asked) {
                let limit = if is_sure { limit } else { limit.max(HOUR) };
                if patient.is_none_or(|fall: Fall| limit > fall.limit) {
                    patient = Some(Fall { due: at, limit, percentile, place });
                }
                habit = self.habit(place.hour).max(habit);
                if let Some(fall) = patient {
                    // A habit has all its hours in it, known ones or not.
                    let due = at.plus(fall.limit.saturating_sub(known).max(0)).max(since.plus(habit));
                    if due < place.until {
                        return Some(Fall { due, limit: fall.limit.max(habit), ..fall });
                    }
                }
                known = place.until.since(at).saturating_add(known);
            } else {
                is_sure = false;
            }
            at = place.until;
        }
        None
    }

    /// How long a gap may be in an hour of the week, and its 99th percentile; `None` where too few are known.
    fn limit(&self, hour: u8, asked: Asked) -> Option<(i64, i64)> {
        let own = self.hours.get(usize::from(hour))?;
        let needed = asked.gaps.saturating_mul(ONE);
        let percentile = if own.count() >= needed { percentile(&own.seen) } else { percentile(&self.on_like_days(hour, needed)?) };
        Some((asked.at_least.max(percentile.saturating_mul(asked.times)), percentile))
    }

    /// How long a gap that touched an hour of the week is used to be.
    fn habit(&self, hour: u8) -> i64 {
        self.hours.get(usize::from(hour)).map_or(0, |gaps| i64::from(gaps.habit()) * SECOND)
    }

    /// Where an hour itself has been heard too little of: the same hour of all working days, or of the week-end.
    fn on_like_days(&self, hour: u8, needed: u32) -> Option<Vec<(u8, u32)>> {
        let days = if hour / 24 < 5 { 0..5 } else { 5..7 };
        let like = days.filter_map(|day| self.hours.get(usize::from(24 * day + hour % 24)));
        let mut seen: Vec<(u8, u32)> = like.flat_map(|gaps| gaps.seen.iter().copied()).collect();
        seen.sort_unstable();
        (seen.iter().fold(0u32, |sum, (_, count)| sum.saturating_add(*count)) >= needed).then_some(seen)
    }
}

/// The number of a length: an eighth apart, from one second on.
pub(super) fn length_of(gap: i64) -> usize {
    let seconds = u64::try_from(gap / SECOND).unwrap_or(0);
    let number = match seconds.checked_ilog2() {
        None | Some(0..=2) => seconds,
        Some(power) => u64::from(power - 2) * 8 + ((seconds >> (power - 3)) & 7),
    };
    usize::try_from(number).unwrap_or(LENGTHS).min(LENGTHS - 1)
}

/// The gap below which all of a length lie.
fn end_of(length: u8) -> i64 {
    let seconds = match length {
        0..8 => i64::from(length) + 1,
        _ => (i64::from(length % 8) + 9) << (length / 8 - 1),
    };
    seconds * SECOND
}

/// The 99th percentile by nearest rank.
fn percentile(seen: &[(u8, u32)]) -> i64 {
    let total: u64 = seen.iter().map(|(_, count)| u64::from(*count)).sum();
    let mut rest = (total * 99).div_ceil(100);
    let found = seen.iter().find(|(_, count)| {
        rest = rest.saturating_sub((*count).into());
        rest == 0
    });
    found.map_or(0, |(length, _)| end_of(*length))
}

/// The gaps of the hour that runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Passing {
    /// The hour.
    pub(super) place: Place,
    gaps: Vec<u32>,
    longest: i64,
}

impl Passing {
    /// An hour begins.
    pub(super) fn begin(&mut self, place: Place) {
        self.place = place;
        self.longest = 0;
        self.gaps.clear();
    }

    /// Counts a gap.
    pub(super) fn count(&mut self, gap: i64) {
        if self.gaps.is_empty() {
            self.gaps.resize(LENGTHS, 0);
        }
        if let Some(count) = self.gaps.get_mut(length_of(gap)) {
            *count = count.saturating_add(1);
        }
    }

    /// A gap touched it.
    pub(super) fn touched(&mut self, gap: i64) {
        self.longest = self.longest.max(gap);
    }

    /// The hour is over.
    pub(super) fn end(&self, profile: &mut Profile) {
        profile.learn(self.place.hour, &self.gaps, self.longest);
    }
}

#[cfg(test)]
mod tests {
    use parsers::time::MINUTE;

    use super::*;

    /// A world without zones in which the epoch is a Monday.
    fn place(time: Time) -> Place {
        let hour = time.0.div_euclid(HOUR);
        Place { hour: u8::try_from(hour.rem_euclid(168)).unwrap(), until: Time((hour + 1) * HOUR) }
    }

    const ASKED: Asked = Asked { at_least: MINUTE, times: 5, gaps: 20 };

    fn heard(profile: &mut Profile, hour: u8, count: u32, gap: i64, longest: i64) {
        let mut gaps = vec![0; LENGTHS];
        gaps[length_of(gap)] = count;
        profile.learn(hour, &gaps, longest);
    }

    #[test]
    fn lengths_are_an_eighth_apart() {
        for seconds in [0, 1, 7, 8, 9, 15, 16, 17, 100, 339, 3600, 100_000] {
            let length = u8::try_from(length_of(seconds * SECOND)).unwrap();
            let end = end_of(length) / SECOND;
            assert!(end > seconds && end - seconds <= (seconds / 8).max(1), "{seconds} ends at {end}");
        }
        assert_eq!(length_of(i64::MAX), LENGTHS - 1);
        assert_eq!(length_of(-5), 0);
    }

    #[test]
    fn the_percentile_leaves_out_one_in_a_hundred() {
        assert_eq!(percentile(&[(3, 99), (40, 1)]), end_of(3));
        assert_eq!(percentile(&[(3, 98), (40, 2)]), end_of(40));
        assert_eq!(percentile(&[]), 0);
    }

    #[test]
    fn the_most_patient_hour_that_it_touches_judges_a_silence() {
        let mut profile = Profile::default();
        heard(&mut profile, 8, 1000, 5 * SECOND, 20 * SECOND);
        heard(&mut profile, 9, 40, 300 * SECOND, 300 * SECOND);
        heard(&mut profile, 11, 1000, 5 * SECOND, 5 * SECOND);
        let due = |minutes: i64| profile.fall(Time(minutes * MINUTE), ASKED, place).map(|fall| fall.due.0 / MINUTE);
        let patient = 5 * end_of(u8::try_from(length_of(300 * SECOND)).unwrap()) / MINUTE;
        assert_eq!(due(8 * 60 + 10), Some(8 * 60 + 11));
        assert_eq!(due(8 * 60 + 59), Some(8 * 60 + 59 + patient), "the next hour is quieter");
        // Of the hour from 10:00 nothing is known: it does not count, and the one after it is waited for.
        assert_eq!(due(9 * 60 + 50), Some(11 * 60 + 50));
        assert_eq!(Profile::default().fall(Time(0), ASKED, place), None);
    }

    #[test]
    fn what_comes_up_week_after_week_is_a_habit() {
        let mut profile = Profile::default();
        heard(&mut profile, 3, 1000, SECOND, 50 * MINUTE);
        let limit = |profile: &Profile| profile.fall(Time(3 * HOUR), ASKED, place).map(|fall| (fall.due.0 - 3 * HOUR) / MINUTE);
        assert_eq!(limit(&profile), Some(50));
        heard(&mut profile, 3, 1000, SECOND, 40 * MINUTE);
        assert_eq!(limit(&profile), Some(40));
        heard(&mut profile, 3, 1000, SECOND, 5 * SECOND);
        assert_eq!(limit(&profile), Some(1));
    }

    #[test]
    fn an_hour_little_heard_of_is_judged_by_its_like() {
        let mut profile = Profile::default();
        for day in 0..2 {
            heard(&mut profile, 24 * day + 7, 12, 300 * SECOND, 300 * SECOND);
        }
        assert!(profile.limit(7, ASKED).is_some() && profile.limit(31, ASKED).is_some());
        assert_eq!(profile.limit(5 * 24 + 7, ASKED), None, "a Saturday is no working day");
        assert_eq!(profile.limit(8, ASKED), None);
    }

    #[test]
    fn what_lies_back_fades() {
        let mut profile = Profile::default();
        heard(&mut profile, 3, 100, HOUR, HOUR);
        for _ in 0..60 {
            heard(&mut profile, 3, 0, HOUR, SECOND);
        }
        assert_eq!(profile.limit(3, ASKED), None);
    }
}

//! The table of all calendars, and the intervals that their hours come to.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::NaiveDate;
use jiff::ToSpan;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use opening_hours::{Context, ContextHolidays, OpeningHours, RuleKind};
use parsers::Time;
use parsers::time::{DAY, HOUR};

use super::holidays::Holidays;
use super::hours::Hours;
use super::zone::{beginning, end, zone_name};
use crate::zone::{timestamp, zoned};

/// Index of a calendar in its [`Calendars`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CalendarId(u32);

/// A longest period of one state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Whether the hours are open in it.
    pub open: bool,
    /// Its first instant; [`Time::MIN`] if it has been so for over a year.
    pub from: Time,
    /// The first instant after it; [`Time::MAX`] if it stays so for over a year.
    pub until: Time,
}

/// All calendars in use: one for each distinct triple of hours, zone and holidays.
#[derive(Debug, Default)]
pub struct Calendars {
    list: Vec<Calendar>,
    ids: HashMap<(Arc<str>, String, Holidays), CalendarId>,
    holidays: HashMap<Holidays, ContextHolidays>,
}

impl Calendars {
    /// The calendar of some hours in a zone with holidays. Cheap: nothing is evaluated before it is asked.
    pub fn intern(&mut self, hours: &Hours, zone: &TimeZone, holidays: Holidays) -> CalendarId {
        let key = (Arc::clone(hours.text()), zone_name(zone).to_owned(), holidays);
        if let Some(&id) = self.ids.get(&key) {
            return id;
        }
        let days = self.holidays.entry(holidays).or_insert_with(|| days_of(holidays)).clone();
        let rules = hours.rules.clone().with_context(Context::default().with_holidays(days));
        let id = CalendarId(u32::try_from(self.list.len()).unwrap_or(u32::MAX));
        self.list.push(Calendar { hours: hours.clone(), rules, zone: zone.clone(), holidays, cache: Mutex::default() });
        self.ids.insert(key, id);
        id
    }

    /// The longest period of one state around a time. `unknown` in the hours counts as closed.
    pub fn at(&self, id: CalendarId, time: Time) -> Span {
        let never = Span { open: false, from: Time::MIN, until: Time::MAX };
        self.get(id).map_or(never, |calendar| calendar.at(time))
    }

    /// The name of the public holiday that a time falls on, in the calendar's zone.
    pub fn holiday(&self, id: CalendarId, time: Time) -> Option<&'static str> {
        let calendar = self.get(id)?;
        calendar.holidays.name(zoned(time, &calendar.zone).date())
    }

    /// Whether a time falls on a public holiday, in the calendar's zone.
    pub fn is_holiday(&self, id: CalendarId, time: Time) -> bool {
        self.holiday(id, time).is_some()
    }

    /// Whether the hours are closed at a time for no other reason than a public holiday.
    pub fn open_but_for_holiday(&self, id: CalendarId, time: Time) -> bool {
        let Some(calendar) = self.get(id) else { return false };
        calendar.holidays != Holidays::None && !calendar.at(time).open && calendar.open_without_holidays(time)
    }

    /// The zone of a calendar.
    pub fn zone(&self, id: CalendarId) -> &TimeZone {
        self.get(id).map_or(const { &TimeZone::UTC }, |calendar| &calendar.zone)
    }

    /// The hours of a calendar as they were written.
    pub fn hours(&self, id: CalendarId) -> &str {
        self.get(id).map_or("off", |calendar| calendar.hours.text())
    }

    /// Whose holidays a calendar keeps.
    pub fn holidays(&self, id: CalendarId) -> Holidays {
        self.get(id).map_or(Holidays::None, |calendar| calendar.holidays)
    }

    fn get(&self, id: CalendarId) -> Option<&Calendar> {
        self.list.get(id.0 as usize)
    }
}

/// The days for the evaluator. Its own collections of holidays are never used.
fn days_of(holidays: Holidays) -> ContextHolidays {
    let none = ContextHolidays::default();
    // The type of the set is not exported, an empty one is.
    let mut days = none.get_public().clone();
    for date in (1999..=2200).flat_map(|year| holidays.of_year(year)).filter_map(|(date, _)| naive(date)) {
        days.insert(date);
    }
    ContextHolidays::new(days.into(), none.get_school().clone().into())
}

/// Length of the pieces in which a calendar is evaluated.
const BLOCK: i64 = 32 * DAY;
/// How many pieces a search looks at to either side: over a year.
const REACH: i64 = 13;
/// How many pieces one calendar keeps: years of them.
const KEPT: usize = 64;
/// Civil time is within this of UTC everywhere.
const MOST_OFFSET: i64 = 26 * HOUR;

#[derive(Debug)]
struct Calendar {
    hours: Hours,
    /// The hours with the holidays.
    rules: OpeningHours,
    zone: TimeZone,
    holidays: Holidays,
    /// Behind a lock that nobody contends for, so that a register can be handed to another thread.
    cache: Mutex<Cache>,
}

#[derive(Debug, Default)]
struct Cache {
    last: Option<Span>,
    /// The open periods of each piece, cut at its ends: sorted, disjoint, not touching.
    blocks: BTreeMap<i64, Box<[(Time, Time)]>>,
}

impl Calendar {
    fn at(&self, time: Time) -> Span {
        let cache = &mut *self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(span) = cache.last.filter(|span| span.from <= time && time < span.until) {
            return span;
        }
        let span = self.search(cache, time);
        cache.last = Some(span);
        span
    }

    /// Goes from piece to piece to either side as long as the state lasts to the piece's end.
    fn search(&self, cache: &mut Cache, time: Time) -> Span {
        let block = time.0.div_euclid(BLOCK);
        let mut span = self.within(cache, block, time);
        let mut next = block;
        while span.until == start_of(next + 1) {
            next += 1;
            if next - block > REACH {
                span.until = Time::MAX;
                break;
            }
            let piece = self.within(cache, next, start_of(next));
            if piece.open != span.open {
                break;
            }
            span.until = piece.until;
        }
        let mut next = block;
        while span.from == start_of(next) {
            next -= 1;
            if block - next > REACH {
                span.from = Time::MIN;
                break;
            }
            let piece = self.within(cache, next, start_of(next + 1).minus(1));
            if piece.open != span.open {
                break;
            }
            span.from = piece.from;
        }
        span
    }

    /// The period of one state around a time, cut at the ends of its piece.
    fn within(&self, cache: &mut Cache, block: i64, time: Time) -> Span {
        if cache.blocks.len() >= KEPT && !cache.blocks.contains_key(&block) {
            cache.blocks.clear();
        }
        let opens = cache.blocks.entry(block).or_insert_with(|| self.evaluate(block));
        let after = opens.partition_point(|&(from, _)| from <= time);
        let before = after.checked_sub(1).and_then(|at| opens.get(at));
        match before {
            Some(&(from, until)) if time < until => Span { open: true, from, until },
            _ => Span {
                open: false,
                from: before.map_or(start_of(block), |&(_, until)| until),
                until: opens.get(after).map_or(start_of(block + 1), |&(from, _)| from),
            },
        }
    }

    /// The open periods of a piece.
    fn evaluate(&self, block: i64) -> Box<[(Time, Time)]> {
        let (start, stop) = (start_of(block), start_of(block + 1));
        let date_of = |time: Time| timestamp(time).to_zoned(TimeZone::UTC).date();
        let (mut date, last) = (date_of(start.minus(MOST_OFFSET)), date_of(stop.plus(MOST_OFFSET)));
        let mut opens: Vec<(Time, Time)> = Vec::new();
        while date <= last {
            for (from, until) in open_minutes(&self.rules, date) {
                let from = beginning(minute_of(date, from), &self.zone).max(start);
                let until = end(minute_of(date, until), &self.zone).min(stop);
                match opens.last_mut() {
                    _ if from >= until => {}
                    Some(previous) if from <= previous.1 => previous.1 = previous.1.max(until),
                    _ => opens.push((from, until)),
                }
            }
            let Ok(next) = date.tomorrow() else { break };
            date = next;
        }
        opens.into()
    }

    fn open_without_holidays(&self, time: Time) -> bool {
        let civil = zoned(time, &self.zone).datetime();
        let minute = u16::from(civil.hour().unsigned_abs()) * 60 + u16::from(civil.minute().unsigned_abs());
        open_minutes(&self.hours.rules, civil.date()).into_iter().any(|(from, until)| from <= minute && minute < until)
    }
}

fn start_of(block: i64) -> Time {
    Time(block.saturating_mul(BLOCK))
}

/// The open periods of a date, in minutes since its midnight (at most 1440).
fn open_minutes(rules: &OpeningHours, date: Date) -> Vec<(u16, u16)> {
    let Some(date) = naive(date) else { return Vec::new() };
    let ranges = rules.schedule_at(date).into_iter().filter(|range| range.kind == RuleKind::Open);
    ranges.map(|range| (range.range.start.mins_from_midnight(), range.range.end.mins_from_midnight())).collect()
}

fn minute_of(date: Date, minute: u16) -> DateTime {
    let midnight = date.at(0, 0, 0, 0);
    midnight.checked_add(i64::from(minute).minutes()).unwrap_or(midnight)
}

fn naive(date: Date) -> Option<NaiveDate> {
    let part = |number: i8| u32::try_from(number).ok();
    NaiveDate::from_ymd_opt(i32::from(date.year()), part(date.month())?, part(date.day())?)
}

#[cfg(test)]
mod tests;

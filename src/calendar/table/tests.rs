use proptest::prelude::*;

use super::*;
use crate::calendar::read_zone;

fn time(text: &str) -> Time {
    crate::zone::time(text.parse().unwrap())
}

fn calendar(hours: &str, zone: &str, holidays: &str) -> (Calendars, CalendarId) {
    let mut calendars = Calendars::default();
    let id = calendars.intern(&Hours::read(hours).unwrap(), &read_zone(zone).unwrap(), holidays.parse().unwrap());
    (calendars, id)
}

/// Hours, zone, holidays, a time, and the period around it in civil time.
const PERIODS: &str = "\
Mo-Fr 08:00-18:00; PH off | Europe/Paris | FR | 2026-11-18T09:00+01:00 | open 2026-11-18T08:00:00+01:00/2026-11-18T18:00:00+01:00
# Both ends: 08:00 is open, 18:00 is closed.
Mo-Fr 08:00-18:00; PH off | Europe/Paris | FR | 2026-11-18T08:00+01:00 | open 2026-11-18T08:00:00+01:00/2026-11-18T18:00:00+01:00
Mo-Fr 08:00-18:00; PH off | Europe/Paris | FR | 2026-11-18T18:00+01:00 | closed 2026-11-18T18:00:00+01:00/2026-11-19T08:00:00+01:00
# Week-ends, with a change of clocks in them.
Mo-Fr 08:00-18:00; PH off | Europe/Paris | FR | 2026-03-29T12:00+02:00 | closed 2026-03-27T18:00:00+01:00/2026-03-30T08:00:00+02:00
Mo-Fr 08:00-18:00; PH off | Europe/Paris | FR | 2026-10-25T02:30+01:00 | closed 2026-10-23T18:00:00+02:00/2026-10-26T08:00:00+01:00
# Easter: Friday evening to Tuesday morning; in Strasbourg from Thursday on.
Mo-Fr 08:00-18:00; PH off | Europe/Paris | FR | 2027-03-28T03:30+02:00 | closed 2027-03-26T18:00:00+01:00/2027-03-30T08:00:00+02:00
Mo-Fr 08:00-18:00; PH off | Europe/Paris | FR-alsace-moselle | 2027-03-27T00:00+01:00 | closed 2027-03-25T18:00:00+01:00/2027-03-30T08:00:00+02:00
Mo-Fr 08:00-18:00; PH off | Europe/Paris | none | 2027-03-29T12:00+02:00 | open 2027-03-29T08:00:00+02:00/2027-03-29T18:00:00+02:00
# New Year's Eve is a Thursday: to Monday.
Mo-Fr 08:00-18:00; PH off | Europe/Paris | FR | 2026-12-31T23:59:59.999+01:00 | closed 2026-12-31T18:00:00+01:00/2027-01-04T08:00:00+01:00
# Overseas.
Mo-Fr 08:00-18:00; PH off | Indian/Reunion | FR-la-reunion | 2027-12-20T05:00Z | closed 2027-12-17T18:00:00+04:00/2027-12-21T08:00:00+04:00
Mo-Fr 08:00-18:00; PH off | America/Miquelon | FR-saint-pierre-et-miquelon | 2026-03-09T10:30Z | open 2026-03-09T08:00:00-02:00/2026-03-09T18:00:00-02:00
Mo-Fr 08:00-18:00; PH off | America/Miquelon | FR-saint-pierre-et-miquelon | 2026-03-06T11:30Z | open 2026-03-06T08:00:00-03:00/2026-03-06T18:00:00-03:00
# Noon breaks.
Mo-Fr 08:00-12:00,13:00-18:00 | Europe/Paris | none | 2026-11-18T12:30+01:00 | closed 2026-11-18T12:00:00+01:00/2026-11-18T13:00:00+01:00
Mo-Fr 08:00-12:00,12:00-18:00 | Europe/Paris | none | 2026-11-18T12:30+01:00 | open 2026-11-18T08:00:00+01:00/2026-11-18T18:00:00+01:00
Mo-Fr 08:00-18:00,09:00-10:00 | Europe/Paris | none | 2026-11-18T12:30+01:00 | open 2026-11-18T08:00:00+01:00/2026-11-18T18:00:00+01:00
# Over midnight: Friday's window ends on Saturday.
Mo-Fr 22:00-06:00 | Europe/Paris | none | 2026-11-21T05:59+01:00 | open 2026-11-20T22:00:00+01:00/2026-11-21T06:00:00+01:00
Mo-Fr 22:00-06:00 | Europe/Paris | none | 2026-11-22T23:00+01:00 | closed 2026-11-21T06:00:00+01:00/2026-11-23T22:00:00+01:00
# Through the lacking hour, through the doubled hour.
22:00-06:00 | Europe/Paris | none | 2026-03-29T00:00Z | open 2026-03-28T22:00:00+01:00/2026-03-29T06:00:00+02:00
22:00-06:00 | Europe/Paris | none | 2026-10-25T00:30Z | open 2026-10-24T22:00:00+02:00/2026-10-25T06:00:00+01:00
# Ends inside the lacking hour fall on the later clock.
00:00-02:30 | Europe/Paris | none | 2026-03-29T00:00Z | open 2026-03-29T00:00:00+01:00/2026-03-29T03:30:00+02:00
02:30-04:00 | Europe/Paris | none | 2026-03-29T01:30Z | open 2026-03-29T03:30:00+02:00/2026-03-29T04:00:00+02:00
02:15-03:10 | Europe/Paris | none | 2026-03-29T01:05Z | closed 2026-03-28T03:10:00+01:00/2026-03-30T02:15:00+02:00
# The doubled hour belongs to both: a start is its first, an end its second.
02:30-04:00 | Europe/Paris | none | 2026-10-25T00:30Z | open 2026-10-25T02:30:00+02:00/2026-10-25T04:00:00+01:00
00:00-02:30 | Europe/Paris | none | 2026-10-25T01:29Z | open 2026-10-25T00:00:00+02:00/2026-10-25T02:30:00+01:00
# Always, never, and half a year.
24/7 | Europe/Paris | FR | 2026-11-18T09:00Z | open ever/ever
off | Europe/Paris | FR | 2026-11-18T09:00Z | closed ever/ever
Mo-Su 00:00-24:00 | Europe/Paris | none | 2026-03-29T01:00Z | open ever/ever
24/7; PH off | Europe/Paris | FR | 2026-05-10T09:00Z | open 2026-05-09T00:00:00+02:00/2026-05-14T00:00:00+02:00
Apr-Sep | Europe/Paris | none | 2026-01-10T09:00Z | closed 2025-10-01T00:00:00+02:00/2026-04-01T00:00:00+02:00
# `unknown` is no promise.
Mo-Fr 08:00-18:00 unknown | Europe/Paris | none | 2026-11-18T09:00Z | closed ever/ever
24/7 | UTC | none | 2262-04-11T23:47:16Z | open ever/ever";

#[test]
fn periods_of_one_state() {
    for line in PERIODS.lines().filter(|line| !line.starts_with('#')) {
        let case: Vec<&str> = line.split(" | ").collect();
        let &[hours, zone, holidays, at, expected] = case.as_slice() else { panic!("{line}") };
        let (calendars, id) = calendar(hours, zone, holidays);
        let span = calendars.at(id, time(at));
        let show = |time| match time {
            Time::MIN | Time::MAX => "ever".to_owned(),
            time => zoned(time, calendars.zone(id)).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
        };
        let state = if span.open { "open" } else { "closed" };
        assert_eq!(format!("{state} {}/{}", show(span.from), show(span.until)), expected, "{line}");
        assert_eq!(calendars.at(id, span.from), span, "asked again at its start: {line}");
    }
}

#[test]
fn a_public_holiday_is_told_from_a_closed_day() {
    let (calendars, id) = calendar("Mo-Fr 08:00-18:00; PH off", "Europe/Paris", "FR-alsace-moselle");
    for (at, name, but_for_holiday) in [
        ("2026-04-03T09:00+02:00", Some("Good Friday"), true),
        ("2026-04-03T19:00+02:00", Some("Good Friday"), false),
        ("2026-04-02T22:30Z", Some("Good Friday"), false),
        ("2026-12-26T09:00+01:00", Some("Saint Stephen's Day"), false),
        ("2026-11-18T09:00+01:00", None, false),
        ("2026-11-18T22:00+01:00", None, false),
    ] {
        let at = time(at);
        assert_eq!(calendars.holiday(id, at), name);
        assert_eq!(calendars.is_holiday(id, at), name.is_some());
        assert_eq!(calendars.open_but_for_holiday(id, at), but_for_holiday, "{name:?}");
    }
    let (calendars, id) = calendar("Mo-Fr 22:00-06:00; PH off", "Europe/Paris", "FR");
    // The night from Thursday 31 December to New Year's Day goes on after midnight, the next one never begins.
    assert!(!calendars.at(id, time("2027-01-01T23:00+01:00")).open);
    assert!(calendars.open_but_for_holiday(id, time("2027-01-01T23:00+01:00")));
}

#[test]
fn equal_calendars_are_one() {
    let mut calendars = Calendars::default();
    let paris = read_zone("Europe/Paris").unwrap();
    let mut id = |hours: &str, zone: &TimeZone, holidays| calendars.intern(&Hours::read(hours).unwrap(), zone, holidays);
    let first = id("Mo-Fr 08:00-18:00", &paris, Holidays::France);
    assert_eq!(first, id(" Mo-Fr 08:00-18:00 ", &paris, Holidays::France));
    assert_ne!(first, id("Mo-Fr 08:00-18:00", &paris, Holidays::None));
    assert_ne!(first, id("Mo-Fr 08:00-18:00", &TimeZone::UTC, Holidays::France));
    assert_ne!(first, id("Mo-Fr 08:00-17:00", &paris, Holidays::France));
}

/// Times far apart push each other out of the cache; the answers stay the same.
#[test]
fn the_cache_changes_no_answer() {
    let (kept, id) = calendar("Mo-Fr 08:00-12:00,13:00-18:00; PH off", "Europe/Paris", "FR");
    for step in 0..2000_i64 {
        let at = time("2000-01-01T00:00Z").plus((step * 7919 % 2000) * 36 * DAY + step * HOUR);
        let (fresh, other) = calendar("Mo-Fr 08:00-12:00,13:00-18:00; PH off", "Europe/Paris", "FR");
        assert_eq!(kept.at(id, at), fresh.at(other, at));
    }
}

proptest! {
    /// Whatever parses can be asked at any time; the answer contains the time and agrees with its neighbours.
    #[test]
    fn any_hours_at_any_time(
        parts in prop::collection::vec(prop::sample::select(vec![
            "Mo", "Mo-Fr", "Sa,Su", "PH", "08:00-12:00", "13:00-18:00", "22:00-06:00", "10:00-48:00", "00:00-24:00", "08:00-20:00/02:00",
            "off", "open", "unknown", "; ", ", ", ",", " || ", " ", "-1 day", "+2 days", "week 01-53/2", "Jan-Mar", "Feb 29", "easter",
            "2026", "2026+", "Su[-1]", "Mo[1]", "08:00+", "\"note\"", "24/7",
        ]), 1..7),
        zone in prop::sample::select(vec!["Europe/Paris", "Indian/Reunion", "America/Havana", "Pacific/Apia", "Australia/Lord_Howe"]),
        at in any::<i64>(),
    ) {
        if let Ok(hours) = Hours::read(&parts.concat()) {
            let mut calendars = Calendars::default();
            let id = calendars.intern(&hours, &read_zone(zone).unwrap(), Holidays::France);
            // Any time at all, and one of this century.
            for at in [Time(at), Time((at / 4).abs())] {
                let span = calendars.at(id, at);
                prop_assert!(span.from <= at && (at < span.until || at == Time::MAX));
                if span.until != Time::MAX {
                    prop_assert_ne!(calendars.at(id, span.until).open, span.open);
                }
                if span.from != Time::MIN {
                    prop_assert_ne!(calendars.at(id, span.from.minus(1)).open, span.open);
                }
                calendars.open_but_for_holiday(id, at);
            }
        }
    }

    #[test]
    fn any_text_is_hours_or_a_problem(text in "\\PC{0,40}") {
        let _ = Hours::read(&text);
    }
}

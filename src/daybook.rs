//! The daybook: what people decided about suppliers' access, and when they wrote it down.
//!
//! Entries are facts with times of their own, so a replay sees the decisions of that day: every question here
//! takes the time it is asked about. Entries may arrive twice and in any order; the answers are the same. Files
//! are read and written elsewhere.

mod entry;
mod fields;
mod line;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::tz::TimeZone;
use parsers::Time;
use serde::{Deserialize, Serialize};

pub use entry::{Close, Cut, Entry, Exception, Lift, Maintenance, Unlearn, Until, Window};

/// Everything that was decided.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Daybook {
    /// By supplier.
    windows: BTreeMap<Arc<str>, BTreeSet<Window>>,
    /// By window.
    closes: BTreeMap<Arc<str>, BTreeSet<Close>>,
    /// By supplier, or `*`.
    cuts: BTreeMap<Arc<str>, BTreeSet<Cut>>,
    /// By supplier, or `*`.
    lifts: BTreeMap<Arc<str>, BTreeSet<Lift>>,
    /// By supplier.
    exceptions: BTreeMap<Arc<str>, BTreeSet<Exception>>,
    /// By source.
    maintenances: BTreeMap<Arc<str>, BTreeSet<Maintenance>>,
    /// By supplier.
    #[serde(default)]
    unlearned: BTreeMap<Arc<str>, BTreeSet<Unlearn>>,
}

/// The name that stands for all suppliers in a cut.
pub const ALL: &str = "*";

impl Daybook {
    /// Takes an entry in. The same entry again changes nothing: `false`.
    pub fn apply(&mut self, entry: Entry) -> bool {
        match entry {
            Entry::Window(window) => of(&mut self.windows, &window.supplier).insert(window),
            Entry::Close(close) => of(&mut self.closes, &close.window).insert(close),
            Entry::Cut(cut) => of(&mut self.cuts, &cut.supplier).insert(cut),
            Entry::Lift(lift) => of(&mut self.lifts, &lift.supplier).insert(lift),
            Entry::Exception(exception) => of(&mut self.exceptions, &exception.supplier).insert(exception),
            Entry::Maintenance(maintenance) => of(&mut self.maintenances, &maintenance.source).insert(maintenance),
            Entry::Unlearn(unlearn) => of(&mut self.unlearned, &unlearn.supplier).insert(unlearn),
        }
    }

    /// Drops those windows of a supplier that `is` speaks of.
    pub fn forget_windows(&mut self, supplier: &str, is: impl Fn(&Window) -> bool) {
        if let Some(windows) = self.windows.get_mut(supplier) {
            windows.retain(|window| !is(window));
        }
    }

    /// The access window that covers an account (lower case) of a supplier at a time, by what was written down up
    /// to `known_by`. Of several, the one that ends last.
    pub fn window_covering(&self, supplier: &str, account: &str, time: Time, known_by: Time) -> Option<&Window> {
        self.windows
            .get(supplier)?
            .iter()
            .filter(|window| window.at <= known_by && window.from <= time && window.admits(account))
            .filter(|window| time < self.end_of(window, known_by))
            .max_by_key(|window| self.end_of(window, known_by))
    }

    /// When a window ends, by what was written down up to `known_by`: its own end, or when it was closed before.
    pub fn end_of(&self, window: &Window, known_by: Time) -> Time {
        let closes = self.closes.get(&window.id).into_iter().flatten().map(|close| close.at);
        let first = closes.filter(|&at| at >= window.at && at <= known_by).min();
        first.map_or(window.until, |at| at.min(window.until))
    }

    /// All windows that end after a time, by beginning: those open at it and those to come.
    pub fn windows_after(&self, time: Time) -> Vec<&Window> {
        let all = self.windows.values().flatten();
        let mut windows: Vec<&Window> = all.filter(|window| self.end_of(window, Time::MAX) > time).collect();
        windows.sort_by_key(|window| (window.from, &window.id));
        windows
    }

    /// All windows ever, by supplier.
    pub fn windows(&self) -> impl Iterator<Item = &Window> {
        self.windows.values().flatten()
    }

    /// The window of an id; the last one written, should an id have been used twice.
    pub fn window(&self, id: &str) -> Option<&Window> {
        self.windows().filter(|window| &*window.id == id).max_by_key(|window| window.at)
    }

    /// The id for the next window: one more than the highest `w-0001` so far.
    pub fn next_window_id(&self) -> String {
        let number = |id: &str| id.strip_prefix("w-")?.parse::<u64>().ok();
        let highest = self.windows().filter_map(|window| number(&window.id)).max().unwrap_or(0);
        format!("w-{:04}", highest.saturating_add(1))
    }

    /// The cut that keeps a supplier out at a time: the first that no lift undid. A cut of all suppliers is
    /// undone for one by a lift of that one or of all; a supplier's own cut only by its own lift.
    pub fn cut(&self, supplier: &str, time: Time) -> Option<&Cut> {
        // Every line asks, and there is hardly ever one.
        if self.cuts.is_empty() {
            return None;
        }
        let own_lift = self.last_lift(supplier, time);
        let any_lift = own_lift.max(self.last_lift(ALL, time));
        let own = self.first_cut(supplier, own_lift, time);
        let all = self.first_cut(ALL, any_lift, time);
        own.into_iter().chain(all).min()
    }

    fn last_lift(&self, supplier: &str, time: Time) -> Option<Time> {
        self.lifts.get(supplier)?.iter().map(|lift| lift.at).filter(|&at| at <= time).max()
    }

    /// The first cut up to `time` that no lift followed. Cut and lift at the same instant: still cut.
    fn first_cut(&self, supplier: &str, lifted: Option<Time>, time: Time) -> Option<&Cut> {
        let mut cuts = self.cuts.get(supplier)?.iter();
        cuts.find(|cut| cut.at <= time && lifted.is_none_or(|lifted| lifted <= cut.at))
    }

    /// The exception from a rule that a supplier has at a time. `zone` is the supplier's: a date as the end
    /// counts to the end of that day there.
    pub fn exception(&self, rule: &str, supplier: &str, zone: &TimeZone, time: Time) -> Option<&Exception> {
        let mut exceptions = self.exceptions.get(supplier)?.iter();
        exceptions.find(|exception| &*exception.rule == rule && exception.at <= time && time < exception.until.instant(zone))
    }

    /// The maintenance that a source is under at a time, by what was written down up to it.
    pub fn maintenance(&self, source: &str, time: Time) -> Option<&Maintenance> {
        let mut planned = self.maintenances.get(source)?.iter();
        planned.find(|maintenance| maintenance.at <= time && maintenance.from <= time && time < maintenance.until)
    }

    /// When the last work ended, or is to end, that a source was under between two times, by what was written down up to the
    /// later.
    pub fn maintained_until(&self, source: &str, since: Time, time: Time) -> Option<Time> {
        let planned = self.maintenances.get(source)?.iter();
        planned.filter(|one| one.at <= time && one.from <= time && one.until > since).map(|one| one.until).max()
    }
}

/// The entries under a name, which is made if it is new.
fn of<'m, T>(map: &'m mut BTreeMap<Arc<str>, BTreeSet<T>>, name: &Arc<str>) -> &'m mut BTreeSet<T> {
    map.entry(Arc::clone(name)).or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::calendar::read_zone;

    fn time(text: &str) -> Time {
        crate::zone::time(format!("2026-{text}:00+01:00").parse().unwrap())
    }

    fn entries() -> Vec<Entry> {
        let lines = r#"
{"at":"2026-11-18T22:28:00+01:00","by":"claire","entry":"window","id":"w-0007","supplier":"chimere","accounts":["Fourn.Chimere"],"from":"2026-11-18T22:30:00+01:00","until":"2026-11-19T00:30:00+01:00","reason":"a"}
{"at":"2026-11-18T23:50:00+01:00","by":"claire","entry":"close","window":"w-0007","reason":"done"}
{"at":"2026-11-18T23:40:00+01:00","by":"claire","entry":"window","id":"w-0009","supplier":"chimere","from":"2026-11-18T23:30:00+01:00","until":"2026-11-19T01:00:00+01:00","reason":"b"}
{"at":"2026-11-20T10:00:00+01:00","by":"yann","entry":"cut","supplier":"chimere","reason":"supplier under attack"}
{"at":"2026-11-20T11:00:00+01:00","by":"yann","entry":"cut","supplier":"chimere","reason":"again"}
{"at":"2026-11-20T12:00:00+01:00","by":"yann","entry":"lift","supplier":"chimere","reason":"attested clean"}
{"at":"2026-11-21T10:00:00+01:00","by":"yann","entry":"cut","supplier":"*","reason":"all out"}
{"at":"2026-11-21T10:30:00+01:00","by":"yann","entry":"cut","supplier":"sphinx","reason":"too"}
{"at":"2026-11-21T11:00:00+01:00","by":"yann","entry":"lift","supplier":"chimere","reason":"may work"}
{"at":"2026-11-21T12:00:00+01:00","by":"yann","entry":"lift","supplier":"*","reason":"over"}
{"at":"2026-12-01T08:00:00+01:00","by":"yann","entry":"exception","rule":"new-origin","supplier":"chimere","until":"2026-12-03","reason":"office move"}
{"at":"2026-12-01T08:00:00+01:00","by":"yann","entry":"exception","rule":"off-hours","supplier":"chimere","until":"2026-12-03T12:00:00+01:00","reason":"office move"}
{"at":"2026-12-01T08:00:00+01:00","by":"yann","entry":"maintenance","source":"fw-site3","from":"2026-12-05T02:00:00+01:00","until":"2026-12-05T05:00:00+01:00","reason":"firmware"}
"#;
        lines.trim().lines().map(|line| Entry::read(line).unwrap()).collect()
    }

    fn daybook() -> Daybook {
        let mut daybook = Daybook::default();
        for entry in entries() {
            daybook.apply(entry);
        }
        daybook
    }

    #[test]
    fn windows_cover_what_was_known() {
        let daybook = daybook();
        for (account, at, known_by, expected) in [
            ("fourn.chimere", "11-18T22:30", "11-18T22:30", Some("w-0007")),
            ("fourn.chimere", "11-18T22:29", "11-18T22:29", None),
            // Not yet written down.
            ("fourn.chimere", "11-18T22:30", "11-18T22:27", None),
            ("ext-chimere", "11-18T22:30", "11-18T22:30", None),
            ("ext-chimere", "11-18T23:30", "11-18T23:39", None),
            // Declared after the fact.
            ("ext-chimere", "11-18T23:30", "11-18T23:40", Some("w-0009")),
            // Of two, the one that ends last.
            ("fourn.chimere", "11-18T23:45", "11-18T23:45", Some("w-0009")),
            ("fourn.chimere", "11-18T23:29", "11-18T23:49", Some("w-0007")),
            // Closed: what came before the close stays covered.
            ("fourn.chimere", "11-18T23:49", "11-18T23:55", Some("w-0009")),
            ("fourn.chimere", "11-19T00:59", "11-19T00:59", Some("w-0009")),
            ("fourn.chimere", "11-19T01:00", "11-19T01:00", None),
        ] {
            let found = daybook.window_covering("chimere", account, time(at), time(known_by));
            assert_eq!(found.map(|window| &*window.id), expected, "{account} {at} {known_by}");
        }
        assert!(daybook.window_covering("sphinx", "fourn.chimere", time("11-18T22:30"), Time::MAX).is_none());
        let window = daybook.window("w-0007").unwrap();
        assert_eq!(daybook.end_of(window, time("11-18T23:49")), time("11-19T00:30"));
        assert_eq!(daybook.end_of(window, time("11-18T23:50")), time("11-18T23:50"));
        let ids = |at| daybook.windows_after(time(at)).iter().map(|window| window.id.to_string()).collect::<Vec<String>>();
        assert_eq!(ids("11-18T12:00"), ["w-0007", "w-0009"]);
        assert_eq!(ids("11-18T23:55"), ["w-0009"]);
        assert_eq!(daybook.next_window_id(), "w-0010");
        assert_eq!(Daybook::default().next_window_id(), "w-0001");
    }

    #[test]
    fn a_cut_holds_until_its_lift() {
        let daybook = daybook();
        for (supplier, at, expected) in [
            ("chimere", "11-20T09:59", None),
            ("chimere", "11-20T10:00", Some("11-20T10:00")),
            // Cut again: the first one counts.
            ("chimere", "11-20T11:59", Some("11-20T10:00")),
            ("chimere", "11-20T12:00", None),
            ("sphinx", "11-20T10:30", None),
            ("hermes", "11-21T10:00", Some("11-21T10:00")),
            ("chimere", "11-21T10:59", Some("11-21T10:00")),
            // Its own lift frees it from the cut of all.
            ("chimere", "11-21T11:00", None),
            ("hermes", "11-21T11:59", Some("11-21T10:00")),
            ("hermes", "11-21T12:00", None),
            // The lift of all leaves a supplier's own cut.
            ("sphinx", "11-21T11:00", Some("11-21T10:00")),
            ("sphinx", "11-21T12:00", Some("11-21T10:30")),
        ] {
            assert_eq!(daybook.cut(supplier, time(at)).map(|cut| cut.at), expected.map(time), "{supplier} {at}");
        }
    }

    #[test]
    fn exceptions_and_maintenance_end() {
        let daybook = daybook();
        let paris = read_zone("Europe/Paris").unwrap();
        for (rule, supplier, at, expected) in [
            ("new-origin", "chimere", "12-01T07:59", false),
            ("new-origin", "chimere", "12-01T08:00", true),
            ("new-origin", "chimere", "12-03T23:59", true),
            ("new-origin", "chimere", "12-04T00:00", false),
            ("off-hours", "chimere", "12-03T11:59", true),
            ("off-hours", "chimere", "12-03T12:00", false),
            ("volume-out", "chimere", "12-02T12:00", false),
            ("new-origin", "sphinx", "12-02T12:00", false),
        ] {
            assert_eq!(daybook.exception(rule, supplier, &paris, time(at)).is_some(), expected, "{rule} {supplier} {at}");
        }
        // The last day is the supplier's own.
        let reunion = read_zone("Indian/Reunion").unwrap();
        assert!(daybook.exception("new-origin", "chimere", &reunion, time("12-03T21:00")).is_none());
        for (source, at, expected) in [
            ("fw-site3", "12-05T01:59", false),
            ("fw-site3", "12-05T02:00", true),
            ("fw-site3", "12-05T05:00", false),
            ("fw", "12-05T03:00", false),
        ] {
            assert_eq!(daybook.maintenance(source, time(at)).is_some(), expected, "{source} {at}");
        }
        for (since, at, expected) in [
            ("12-05T01:00", "12-05T01:59", None),
            ("12-05T01:00", "12-05T02:00", Some("12-05T05:00")),
            ("12-05T04:59", "12-05T09:00", Some("12-05T05:00")),
            ("12-05T05:00", "12-05T09:00", None),
        ] {
            assert_eq!(daybook.maintained_until("fw-site3", time(since), time(at)), expected.map(time), "{since} {at}");
        }
    }

    #[test]
    fn the_state_survives_being_written() {
        let daybook = daybook();
        let bytes = postcard::to_stdvec(&daybook).unwrap();
        assert_eq!(postcard::from_bytes::<Daybook>(&bytes).unwrap(), daybook);
    }

    proptest! {
        /// Entries arrive in any order, some of them twice: the same daybook.
        #[test]
        fn order_and_repetition_change_nothing(order in Just((0..13).collect::<Vec<usize>>()).prop_shuffle(), twice in 0..13_usize) {
            let entries = entries();
            let mut shuffled = Daybook::default();
            for at in order.into_iter().chain([twice]) {
                shuffled.apply(entries[at].clone());
            }
            prop_assert_eq!(shuffled, daybook());
        }
    }
}

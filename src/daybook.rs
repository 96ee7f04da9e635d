//! The daybook: what people decided about suppliers' access, and when they wrote it down.
//!
//! Entries are facts with times of their own, so a replay sees the decisions of that day: every question here
//! takes the time it is asked about. Entries may arrive twice and in any order; the answers are the same. Files
//! are read and written elsewhere.

mod entry;
mod fields;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::tz::TimeZone;
use parsers::Time;
use serde::{Deserialize, Serialize};

pub use entry::{Close, Cut, Entry, Exception, Lift, Maintenance, Until, Window};

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
}

/// The name that stands for all suppliers in a cut.
pub const ALL: &str = "*";

impl Daybook {
    /// Takes an entry in. The same entry again changes nothing.
    pub fn apply(&mut self, entry: Entry) {
        match entry {
            Entry::Window(window) => _ = of(&mut self.windows, &window.supplier).insert(window),
            Entry::Close(close) => _ = of(&mut self.closes, &close.window).insert(close),
            Entry::Cut(cut) => _ = of(&mut self.cuts, &cut.supplier).insert(cut),
            Entry::Lift(lift) => _ = of(&mut self.lifts, &lift.supplier).insert(lift),
            Entry::Exception(exception) => _ = of(&mut self.exceptions, &exception.supplier).insert(exception),
            Entry::Maintenance(maintenance) => _ = of(&mut self.maintenances, &maintenance.source).insert(maintenance),
        }
    }

    /// The access window that covers an account (lower case) of a supplier at a time, by what was written down up
    /// to `known_by`. Of several, the one that ends last.
    pub fn window_covering(&self, supplier: &str, account: &str, time: Time, known_by: Time) -> Option<&Window> {
        let windows = self.windows.get(supplier)?.iter();
        windows
            .filter(|window| window.at <= known_by && window.from <= time && window.admits(account))
            .filter(|window| time < self.end_of(window, known_by))
            .max_by_key(|window| self.end_of(window, known_by))
    }

    /// When a window ends, by what was written down up to `known_by`: its own end, or when it was closed before.
    pub fn end_of(&self, window: &Window, known_by: Time) -> Time {
        let closes = self.closes.get(&window.id).into_iter().flatten();
        let closed = closes.map(|close| close.at).filter(|&at| at >= window.at && at <= known_by).min();
        closed.map_or(window.until, |at| at.min(window.until))
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
}

/// The entries under a name, which is made if it is new.
fn of<'m, T>(map: &'m mut BTreeMap<Arc<str>, BTreeSet<T>>, name: &Arc<str>) -> &'m mut BTreeSet<T> {
    map.entry(Arc::clone(name)).or_default()
}

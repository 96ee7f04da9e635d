//! The engine: everything that can happen in, alerts out. A value with one method.
//!
//! It reads no clock, file, socket or environment, spawns nothing, and holds no randomness that could
//! reach an alert: the same inputs give the same alerts, wherever they come from. `watch`, `replay`,
//! tests and benches all call [`Engine::step`].

use std::collections::BTreeMap;
use std::sync::Arc;

use foldhash::HashMap;
use parsers::time::{HOUR, MINUTE};
use parsers::{Event, Stamp, Time};

use crate::alert::Alert;
use crate::daybook::{Close, Entry};
use crate::geo::Geo;
use crate::register::Register;
use crate::rules::overstay::{self, Overstay};
use crate::rules::{Rule, Rules};
use crate::zone::Zone;

pub mod addresses;
mod approvals;
mod attribution;
pub mod connections;
pub mod entities;
pub mod flood;
mod happen;
mod joining;
pub mod recent;
mod sessions;
mod signs;
pub mod state;
mod streams;
mod telling;
pub mod timers;
pub mod tunnels;

use attribution::Attribution;
pub use joining::is_telling;
use state::{Accounted, RuleId, State, Timer, What};

/// What is known of a source before its first line.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its name.
    pub name: Arc<str>,
    /// Its hospital.
    pub site: Option<Arc<str>>,
    /// Zone of stamps that carry none.
    pub zone: Zone,
    /// Year of its first line, where stamps carry none.
    pub year: Option<i32>,
}

/// How a line came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// Received at this time from a running device: its stamps cannot lie far ahead of it.
    Live(Time),
    /// Read from a finished file, last modified at `reference`, in order of event time.
    Replayed {
        /// No yearless stamp lies more than a day after it.
        reference: Time,
    },
}

/// One line on its way in.
#[derive(Clone, Copy, Debug)]
pub struct Sighting<'a> {
    /// Index of its source.
    pub source: u16,
    /// Offset of the line in the source's stream.
    pub offset: u64,
    /// How it came in.
    pub arrival: Arrival,
    /// The line.
    pub line: &'a [u8],
    /// The device's stamp.
    pub stamp: Stamp,
    /// The device's name; empty if the line does not tell.
    pub device: &'a [u8],
    /// What it says, unless it was not understood or concerns nobody.
    pub event: Option<Event<'a>>,
    /// SHA-256 of a line that says something.
    pub sha256: [u8; 32],
    /// Whether a format knew it.
    pub parsed: bool,
}

/// Everything that can happen.
#[derive(Clone, Debug)]
pub enum Input<'a> {
    /// A line.
    Line(Sighting<'a>),
    /// An entry of the daybook.
    Daybook(Entry),
    /// The clock says this. Replayed lines tick by themselves, as far as they have come.
    Tick(Time),
    /// The register was replaced.
    Register(Arc<Register>),
    /// A source has ended: nothing waits for it any more.
    Finished(u16),
    /// All input has ended.
    End,
}

/// How far ahead of its receive time a line may lie.
const AHEAD: i64 = 5 * MINUTE;

/// How often connections and addresses are looked through: they are remembered for half a day and longer.
const SWEPT_EVERY: i64 = HOUR;

/// The detector, with all that it remembers.
pub struct Engine {
    state: State,
    sources: Vec<Source>,
    register: Arc<Register>,
    rules: Arc<Rules>,
    geo: Arc<Geo>,
    attribution: Attribution,
    daybook_configured: bool,
    /// Index of a stream by source and device.
    by_device: HashMap<u16, HashMap<Box<[u8]>, usize>>,
    /// The stream of each source's last line.
    latest: Vec<Option<usize>>,
    /// The device's name in each stream's last line, as alerts show it.
    observers: Vec<Arc<str>>,
    /// The stream that holds the watermark back.
    slowest: Option<usize>,
    next_due: Time,
    repeated: u64,
    held: Held,
}

/// Alerts that were counted and not raised, by rule and supplier; the empty name stands for nobody's.
pub type Held = BTreeMap<(&'static str, Arc<str>), u64>;

impl Engine {
    /// An engine that continues from `state` (`State::default()` at the very first start).
    ///
    /// With `daybook` of true a daybook is configured: alerts that a window may still cover wait for it.
    pub fn new(sources: Vec<Source>, register: Arc<Register>, rules: Arc<Rules>, daybook: bool, state: State) -> Engine {
        let latest = vec![None; sources.len()];
        let mut engine = Engine {
            state,
            sources,
            register,
            rules,
            geo: Arc::default(),
            attribution: Attribution::default(),
            daybook_configured: daybook,
            by_device: HashMap::default(),
            latest,
            observers: Vec::new(),
            slowest: None,
            next_due: Time::MIN,
            repeated: 0,
            held: Held::new(),
        };
        engine.index_streams();
        engine.attribution = Attribution::of(&engine.state, &engine.register);
        engine.next_due = engine.first_due();
        engine
    }

    /// With databases that know more of an address than itself tells.
    #[must_use]
    pub fn with_geo(mut self, geo: Arc<Geo>) -> Engine {
        self.geo = geo;
        self.place_again();
        self
    }

    /// Takes one input; appends the alerts it leads to, in their order.
    pub fn step(&mut self, input: Input<'_>, out: &mut Vec<Alert>) {
        let before = out.len();
        match input {
            Input::Line(sighting) => self.line(&sighting, out),
            Input::Daybook(entry) => self.daybook(entry, out),
            Input::Tick(now) => {
                self.listen(now);
                self.tick(now);
            }
            Input::Register(register) => {
                self.register = register;
                self.attribution = Attribution::of(&self.state, &self.register);
                self.place_again();
            }
            Input::Finished(source) => self.finish(source),
            Input::End => self.end(),
        }
        self.fire(out);
        self.cap(before, out);
    }

    /// What it remembers; a clone is cheap and shares everything that does not change meanwhile.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Lines that were repetitions of a line already seen.
    pub fn repeated(&self) -> u64 {
        self.repeated
    }

    /// Alerts that went beyond the daily cap of their rule.
    pub fn held(&self) -> &Held {
        &self.held
    }

    /// The sources, by index.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    fn line(&mut self, sighting: &Sighting<'_>, out: &mut Vec<Alert>) {
        let Some((stream, seen, stamp)) = self.see(sighting) else { return };
        // What is due by the stream's own clock comes before the line.
        self.fire(out);
        self.sign(sighting, stream, seen.time, stamp, out);
        if let Some(event) = &sighting.event {
            self.event(sighting, event, stream, seen, out);
        }
    }

    fn daybook(&mut self, entry: Entry, out: &mut Vec<Alert>) {
        let daybook = Arc::make_mut(&mut self.state.daybook);
        let is_news = daybook.apply(entry.clone());
        match entry {
            Entry::Cut(cut) => {
                let due = cut.at.plus(self.rules.cut_breach.rule.still_open_after);
                self.arm(Timer { due, supplier: cut.supplier, login: None, what: What::StillOpen(cut.at) });
            }
            Entry::Close(close) => self.closed_early(&close),
            // Once: what is learned since stays.
            Entry::Unlearn(unlearn) if is_news => {
                if let Some(supplied) = self.state.suppliers.get_mut(&unlearn.supplier) {
                    self.rules.unlearn(&mut supplied.memory, unlearn.what.as_deref());
                }
            }
            _ => {}
        }
        self.fire(out);
    }

    /// A window was closed before its end: its sessions are looked at earlier than they were to be.
    fn closed_early(&mut self, close: &Close) {
        let due = close.at.plus(self.rules.overstay.rule.after);
        let Some(window) = self.state.daybook.window(&close.window) else { return };
        let supplier = Arc::clone(&window.supplier);
        let Some(supplied) = self.state.suppliers.get(&supplier) else { return };
        let open = |accounted: &Accounted| accounted.sessions.iter().any(|session| session.is_seen_open(close.at));
        let accounts = supplied.accounts.iter().filter(|(_, accounted)| open(accounted));
        let timers: Vec<Timer> = accounts
            .map(|(login, _)| Timer {
                due,
                supplier: Arc::clone(&supplier),
                login: Some(Arc::clone(login)),
                what: What::Rule { rule: RuleId(Overstay::NAME.id), kind: overstay::LOOK },
            })
            .collect();
        timers.into_iter().for_each(|timer| self.arm(timer));
    }

    /// Forgets connections that went silent and addresses that nobody came from lately, once in a while.
    fn sweep(&mut self) {
        let watermark = self.state.watermark;
        if watermark.since(self.state.swept) < SWEPT_EVERY {
            return;
        }
        self.state.swept = watermark;
        self.sweep_connections();
        self.state.addresses.sweep(watermark);
    }

    fn first_due(&self) -> Time {
        self.state.timers.first_due().unwrap_or(Time::MAX)
    }

    /// Fires the timers that the watermark has come to, in their order.
    fn fire(&mut self, out: &mut Vec<Alert>) {
        while self.next_due <= self.state.watermark {
            if let Some(timer) = self.state.timers.pop_due(self.state.watermark) {
                self.timer(timer, out);
            }
            self.next_due = self.first_due();
        }
        self.sweep();
    }

    /// A timer to come.
    fn arm(&mut self, timer: Timer) {
        self.next_due = self.next_due.min(timer.due);
        self.state.timers.insert(timer);
    }
}

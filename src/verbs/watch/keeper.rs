//! The keeper: the engine, with how far it has come and what it has said.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::{Duration, Instant};

use parsers::Time;

use super::archivist::{Archivist, Kept};
use super::outlet::{Outlet, Stuck};
use crate::alert::Alert;
use crate::batch::{Batch, Position, Positions};
use crate::engine::state::State;
use crate::engine::{Arrival, Engine, Input};
use crate::metrics::Metrics;
use crate::pool::{Parsed, Pending};
use crate::setup::{Inputs, Setup, read_entry};

/// Something that happened, in the order in which it was logged.
pub(super) enum Item {
    /// A batch of lines on its way through the parse pool.
    Lines(Pending),
    /// New lines of the daybook.
    Daybook(Batch),
    /// A file is read from here on.
    File(u16, Position),
    /// A file was deleted and has been read to its end.
    Gone(u32),
    /// The clock.
    Tick(Time),
    /// Bytes were lost.
    Gap,
    /// Nothing but a record that was logged.
    Nothing,
    /// All input has ended, for good.
    End,
}

/// An item with the number of the record that follows it in the batch log, and when it was read.
pub(super) struct Logged {
    pub item: Item,
    pub next: u64,
    pub since: Instant,
}

/// How long to wait before a disk that would not have an alert is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// The engine and what belongs to it.
pub(super) struct Keeper {
    engine: Engine,
    positions: Positions,
    /// Bytes consumed of each source, the daybook's last.
    ordinals: Vec<u64>,
    daybook: Option<PathBuf>,
    daybook_lines: u32,
    outlet: Outlet,
    metrics: Metrics,
    /// Number of the next record of the batch log.
    next: u64,
    alerts: Vec<Alert>,
    /// Ids that stand in the alert log beyond the point at which it diverged from what was made again.
    told: HashSet<String>,
    config: [u8; 32],
    tell: Arc<dyn Fn(&str) + Send + Sync>,
}

impl Keeper {
    /// A keeper at its very first start.
    pub(super) fn new(setup: &Setup, inputs: &Inputs, outlet: Outlet, tell: Arc<dyn Fn(&str) + Send + Sync>) -> Keeper {
        Keeper {
            engine: setup.engine(inputs, State::default()),
            positions: Positions::default(),
            ordinals: vec![0; inputs.sources.len() + 1],
            daybook: setup.config.daybook.clone(),
            daybook_lines: 0,
            outlet,
            metrics: Metrics::default(),
            next: 0,
            alerts: Vec::new(),
            told: HashSet::new(),
            config: setup.hash,
            tell,
        }
    }

    /// Goes on from a snapshot. `of_now` gives the present index of each source of then.
    pub(super) fn restore(&mut self, kept: Kept, setup: &Setup, inputs: &Inputs, of_now: impl Fn(u16) -> Option<u16>) {
        self.engine = setup.engine(inputs, kept.state);
        self.positions = kept.positions.renumbered(&of_now);
        for (then, ordinal) in (0u16..).zip(kept.ordinals) {
            if let Some(held) = of_now(then).and_then(|at| self.ordinals.get_mut(usize::from(at))) {
                *held = ordinal;
            }
        }
        self.daybook_lines = kept.daybook_lines;
        self.next = kept.records;
        if !self.outlet.regenerate_from(kept.alerts) {
            (self.tell)("the alert log is shorter than the snapshot says: it was cut or replaced; going on after it");
        }
    }

    /// Goes on without a snapshot, from the first record of the batch log.
    pub(super) fn restart(&mut self) {
        self.outlet.regenerate_from(0);
    }

    /// Everything that a snapshot holds, at this moment; cheap, since the state shares what does not change meanwhile.
    pub(super) fn kept(&self) -> Kept {
        Kept {
            records: self.next,
            alerts: self.outlet.length(),
            positions: self.positions.clone(),
            ordinals: self.ordinals.clone(),
            sources: self.engine.sources().iter().map(|source| source.name.to_string()).collect(),
            daybook_lines: self.daybook_lines,
            config: self.config,
            state: self.engine.state().clone(),
        }
    }

    /// How far each file has been read.
    pub(super) fn positions(&self) -> &Positions {
        &self.positions
    }

    /// Bytes consumed of a source.
    pub(super) fn ordinal(&self, source: u16) -> u64 {
        self.ordinals.get(usize::from(source)).copied().unwrap_or(0)
    }

    /// Path of the alert log, if there is one.
    pub(super) fn alert_log_path(&self) -> Option<PathBuf> {
        self.outlet.log_path().map(Path::to_owned)
    }

    /// Index of the daybook among the sources: behind the last.
    pub(super) fn daybook_source(&self) -> u16 {
        u16::try_from(self.engine.sources().len()).unwrap_or(u16::MAX)
    }

    /// Takes items until their channel ends.
    pub(super) fn run(mut self, queue: &Receiver<Logged>, archivist: Option<Archivist>) -> io::Result<Metrics> {
        let mut archivist = archivist;
        while let Ok(Logged { item, next, since }) = queue.recv() {
            let lines = matches!(item, Item::Lines(_));
            self.take(item, next);
            self.speak()?;
            if lines {
                self.metrics.took(since.elapsed());
            }
            if let Some(archivist) = &mut archivist
                && archivist.is_due(self.next)
            {
                archivist.hand_in(self.kept());
            }
        }
        if let Some(archivist) = archivist {
            archivist.finish(self.kept());
        }
        self.metrics.repeated = self.engine.repeated();
        Ok(self.metrics)
    }

    /// Takes one item; its alerts wait for [`Keeper::speak`].
    pub(super) fn take(&mut self, item: Item, next: u64) {
        match item {
            Item::Lines(pending) => {
                if let Some(parsed) = pending.wait() {
                    self.lines(&parsed);
                }
            }
            Item::Daybook(batch) => self.daybook(&batch),
            Item::File(source, position) => self.positions.found(source, position),
            Item::Gone(file) => self.positions.gone(file),
            Item::Tick(now) => self.engine.step(Input::Tick(now), &mut self.alerts),
            Item::Gap => self.metrics.gaps += 1,
            Item::Nothing => {}
            Item::End => self.engine.step(Input::End, &mut self.alerts),
        }
        self.next = next;
    }

    /// Lines of a source.
    pub(super) fn lines(&mut self, parsed: &Parsed) {
        let arrival = Arrival::Live(parsed.batch.received);
        for at in 0..parsed.len() {
            if let Some(sighting) = parsed.sighting(at, arrival) {
                self.engine.step(Input::Line(sighting), &mut self.alerts);
            }
        }
        self.metrics.tally.add(&parsed.tally);
        self.consumed(&parsed.batch);
    }

    /// Lines of the daybook; what cannot be read is told with its place and skipped.
    pub(super) fn daybook(&mut self, batch: &Batch) {
        let path = self.daybook.clone().unwrap_or_default();
        let bytes = batch.bytes.strip_suffix(b"\n").unwrap_or(&batch.bytes);
        for line in bytes.split(|&b| b == b'\n') {
            self.daybook_lines = self.daybook_lines.saturating_add(1);
            match read_entry(&path, self.daybook_lines, line) {
                Some(Ok(entry)) => self.engine.step(Input::Daybook(entry), &mut self.alerts),
                Some(Err(mistake)) => (self.tell)(&mistake.to_string()),
                None => {}
            }
        }
        self.consumed(batch);
    }

    fn consumed(&mut self, batch: &Batch) {
        if batch.file != Batch::JOURNAL {
            self.positions.consumed(batch.file, batch.offset + batch.consumed, batch.mark);
        }
        if let Some(ordinal) = self.ordinals.get_mut(usize::from(batch.source)) {
            *ordinal = batch.ordinal + batch.consumed;
        }
    }

    /// Writes the alerts that wait. A disk that would not have them is waited for: nothing is skipped.
    ///
    /// # Errors
    /// Nobody reads stdout any more.
    pub(super) fn speak(&mut self) -> io::Result<()> {
        let mut alerts = std::mem::take(&mut self.alerts);
        if !self.told.is_empty() {
            alerts.retain(|alert| !self.told.contains(&alert.id()));
        }
        alerts.iter().for_each(|alert| self.metrics.alert(alert));
        let mut outcome = self.outlet.write(&alerts);
        let mut complained = false;
        loop {
            match outcome {
                Ok(()) => break,
                Err(Stuck::Sink(error)) => return Err(error),
                Err(Stuck::Diverged { at }) => {
                    self.diverged(at);
                    alerts.retain(|alert| !self.told.contains(&alert.id()));
                    outcome = self.outlet.write(&alerts);
                }
                Err(Stuck::Disk(fault)) => {
                    if !complained {
                        (self.tell)(&format!("{fault}; waiting until the disk takes it, reading nothing meanwhile"));
                        complained = true;
                    }
                    thread::park_timeout(RETRY);
                    outcome = self.outlet.flush();
                    if outcome.is_ok() {
                        (self.tell)("the disk takes alerts again");
                        outcome = self.outlet.hand_on(&alerts);
                    }
                }
            }
        }
        alerts.clear();
        self.alerts = alerts;
        Ok(())
    }

    /// What was made again differs from what lies on disk (the configuration has changed since): what lies there stays,
    /// and of what is made again only alerts that it does not hold are added.
    fn diverged(&mut self, at: u64) {
        let ids = self.outlet.log_path().map(|path| ids_after(path, at)).unwrap_or_default();
        (self.tell)(&format!(
            "the alert log differs from what its batches give now, from byte {at} on (a changed configuration?): its {} alerts there stay as they are",
            ids.len()
        ));
        self.told.extend(ids);
        if let Err(stuck) = self.outlet.keep_what_is_ahead() {
            (self.tell)(&format!("the alert log cannot be continued: {stuck:?}"));
        }
    }

    /// All of the past is made again: alerts on disk that were not, stay.
    pub(super) fn caught_up(&mut self) {
        if self.outlet.ahead() > 0 {
            self.diverged(self.outlet.length());
        }
    }

    /// The engine alone, for a replay that writes elsewhere.
    pub(super) fn metrics(&mut self) -> &mut Metrics {
        &mut self.metrics
    }

    /// Number of the next record.
    pub(super) fn next(&self) -> u64 {
        self.next
    }
}

/// The ids of the alerts of a log from an offset on, whole lines only.
fn ids_after(path: &Path, at: u64) -> Vec<String> {
    let bytes = std::fs::read(path).unwrap_or_default();
    let from = usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
    // The line in which the difference lies began before it.
    let from = bytes.get(..from).and_then(|head| memchr::memrchr(b'\n', head)).map_or(0, |end| end + 1);
    let lines = bytes.get(from..).unwrap_or_default().split(|&b| b == b'\n');
    lines
        .filter_map(|line| {
            let value: serde_json::Value = serde_json::from_slice(line).ok()?;
            Some(value.get("event")?.get("id")?.as_str()?.to_owned())
        })
        .collect()
}

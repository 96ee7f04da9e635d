//! The keeper: the engine, with how far it has come and what it has said.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Instant;

use parsers::Time;

use super::archivist::{Archivist, Kept};
use super::outlet::{Outlet, Stuck};
use super::patience::Patience;
use crate::alert::Alert;
use crate::batch::{Batch, Position, Positions};
use crate::engine::state::State;
use crate::engine::{Arrival, Engine, Input};
use crate::fault::Fault;
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

/// The engine and what belongs to it.
pub(super) struct Keeper {
    engine: Engine,
    positions: Positions,
    next_file: u32,
    /// Bytes consumed of each source, the daybook's last.
    ordinals: Vec<u64>,
    daybook: Option<PathBuf>,
    daybook_lines: u32,
    outlet: Outlet,
    metrics: Metrics,
    /// Number of the next record of the batch log.
    next: u64,
    /// Whether anything but the clock has moved since the last snapshot.
    changed: bool,
    alerts: Vec<Alert>,
    /// Ids that stand in the alert log beyond the point at which it diverged from what was made again.
    told: BTreeSet<String>,
    config: [u8; 32],
    patience: Arc<Patience>,
}

impl Keeper {
    /// A keeper at its very first start.
    pub(super) fn new(setup: &Setup, inputs: &Inputs, outlet: Outlet, patience: Arc<Patience>) -> Keeper {
        Keeper {
            engine: setup.engine(inputs, State::default()),
            positions: Positions::default(),
            next_file: 0,
            ordinals: vec![0; inputs.sources.len() + 1],
            daybook: setup.config.daybook.clone(),
            daybook_lines: 0,
            outlet,
            metrics: Metrics::new(setup.config.formats.clone()),
            next: 0,
            changed: false,
            alerts: Vec::new(),
            told: BTreeSet::new(),
            config: setup.hash,
            patience,
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
        self.next_file = kept.next_file;
        self.daybook_lines = kept.daybook_lines;
        self.next = kept.records;
        self.told = kept.told;
        if !self.outlet.regenerate_from(kept.alerts) {
            self.patience.tell("the alert log is shorter than the snapshot says: it was cut or replaced; going on after it");
            self.told.extend(self.ids_from(0));
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
            told: self.told.clone(),
            positions: self.positions.clone(),
            next_file: self.next_file,
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

    /// The first file number that was never used.
    pub(super) fn next_file(&self) -> u32 {
        self.next_file
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
    ///
    /// # Errors
    /// As [`Keeper::speak`].
    pub(super) fn run(mut self, queue: &Receiver<Logged>, mut archivist: Option<Archivist>) -> Result<Metrics, Fault> {
        while let Ok(Logged { item, next, since }) = queue.recv() {
            let lines = matches!(item, Item::Lines(_));
            self.changed |= !matches!(item, Item::Tick(_));
            self.take(item, next);
            self.speak()?;
            if lines {
                self.metrics.took(since.elapsed());
            }
            if let Some(archivist) = &mut archivist
                && archivist.is_due(self.changed, self.next)
                && archivist.hand_in(self.kept())
            {
                self.changed = false;
            }
        }
        if let Some(archivist) = archivist {
            archivist.finish(self.kept());
        }
        Ok(self.into_metrics())
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
            Item::File(source, position) => {
                self.next_file = self.next_file.max(position.file.saturating_add(1));
                if source == self.daybook_source() && position.offset == 0 {
                    self.daybook_lines = 0;
                }
                self.positions.found(source, position);
            }
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
        for line in bytes.split(|&b| b == b'\n').filter(|_| !batch.bytes.is_empty()) {
            self.daybook_lines = self.daybook_lines.saturating_add(1);
            match read_entry(&path, self.daybook_lines, line) {
                Some(Ok(entry)) => self.engine.step(Input::Daybook(entry), &mut self.alerts),
                Some(Err(mistake)) => self.patience.tell(&mistake.to_string()),
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
    /// Nobody reads stdout any more, or the watch is to end while a disk would not have them.
    pub(super) fn speak(&mut self) -> Result<(), Fault> {
        if self.alerts.is_empty() {
            return Ok(());
        }
        let mut alerts = std::mem::take(&mut self.alerts);
        loop {
            alerts.retain(|alert| !self.told.contains(&alert.id()));
            let kept = self.outlet.keep(&alerts);
            match self.insist(kept)? {
                None => break,
                Some(at) => self.diverged(at)?,
            }
        }
        alerts.iter().for_each(|alert| self.metrics.alert(alert));
        let handed = self.outlet.hand_on(&alerts);
        self.insist(handed)?;
        self.changed = true;
        alerts.clear();
        self.alerts = alerts;
        Ok(())
    }

    /// Sees an attempt at writing through. Gives where the alert log diverged, if it did.
    fn insist(&mut self, first: Result<(), Stuck>) -> Result<Option<u64>, Fault> {
        let (mut first, outlet) = (Some(first), &mut self.outlet);
        self.patience.until(|| match first.take().unwrap_or_else(|| outlet.flush()) {
            Ok(()) => Ok(Ok(None)),
            Err(Stuck::Diverged { at }) => Ok(Ok(Some(at))),
            Err(Stuck::Gone(fault)) => Ok(Err(fault)),
            Err(Stuck::Disk(fault)) => Err(fault),
        })?
    }

    /// What was made again differs from what lies on disk (the configuration has changed since): what lies there stays,
    /// and of what is made again only alerts that it does not hold are added.
    fn diverged(&mut self, at: u64) -> Result<(), Fault> {
        let ids = self.ids_from(self.outlet.length());
        self.patience.tell(&format!(
            "the alert log differs from what its batches give now, from byte {at} on (a changed configuration?): its {} alerts there stay as they are",
            ids.len()
        ));
        self.told.extend(ids);
        let kept = self.outlet.keep_what_is_ahead();
        self.insist(kept).map(|_| ())
    }

    /// The ids in the alert log from the beginning of a line on.
    fn ids_from(&self, offset: u64) -> Vec<String> {
        let lines = self.outlet.log_path().and_then(|path| lines_from(path, offset).ok());
        let id = |line: Vec<u8>| {
            let value: serde_json::Value = serde_json::from_slice(&line).ok()?;
            Some(value.get("event")?.get("id")?.as_str()?.to_owned())
        };
        lines.into_iter().flatten().filter_map(id).collect()
    }

    /// All of the past is made again: alerts on disk that were not, stay.
    ///
    /// # Errors
    /// As [`Keeper::speak`].
    pub(super) fn caught_up(&mut self) -> Result<(), Fault> {
        if self.outlet.ahead() > 0 { self.diverged(self.outlet.length()) } else { Ok(()) }
    }

    /// What it did.
    pub(super) fn into_metrics(mut self) -> Metrics {
        self.metrics.repeated = self.engine.repeated();
        self.metrics.held = self.engine.held().clone();
        self.metrics
    }

    /// Number of the next record.
    pub(super) fn next(&self) -> u64 {
        self.next
    }
}

fn lines_from(path: &Path, offset: u64) -> std::io::Result<impl Iterator<Item = Vec<u8>>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(offset))?;
    // A folder or a broken disk gives errors without end.
    Ok(BufReader::new(file).split(b'\n').map_while(Result::ok))
}

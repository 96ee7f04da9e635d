//! Ingest: what comes in, in one order. Journalled and logged first, then parsed, then handed to the keeper.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use super::keeper::{Item, Keeper, Logged};
use super::patience::Patience;
use super::recovery::Recovered;
use super::{Options, WAITING};
use crate::batch::{Batch, Mark, Position};
use crate::fault::Fault;
use crate::pool::{Manner, Pool};
use crate::setup::{Inputs, Setup};
use crate::source::framing::{BLOCK, Piece};
use crate::source::tail::{Found, Tail};
use crate::source::watcher::Watcher;
use crate::store::batch_log;
use crate::store::batch_log::Record;
use crate::wall_clock::now;

/// What wakes ingest.
#[derive(Debug)]
pub(super) enum Nudge {
    /// Something may have happened to a file.
    Wake,
    /// Lines from stdin.
    Stdin(Piece),
    /// Stdin has ended, or cannot be read.
    StdinEnd(Option<Fault>),
    /// Stop.
    Stop,
}

/// Files are looked at this often while lines come or a rotation is under way, and this often otherwise. Events make it
/// sooner, but no sooner than after a breath: a writer of many small writes is read in larger portions.
const BUSY: Duration = Duration::from_millis(250);
const IDLE: Duration = Duration::from_secs(1);
const BREATH: Duration = Duration::from_millis(2);

/// The clock ticks this often.
const TICK: Duration = Duration::from_secs(1);

/// What was journalled reaches the disk after this at the latest.
const COMMIT: Duration = Duration::from_millis(100);

/// Bytes read of one source before the next has its turn.
const BUDGET: usize = 4 * BLOCK;

/// Reads all inputs.
pub(super) struct Ingest {
    options: Options,
    tails: Vec<Tail>,
    watcher: Option<Watcher>,
    stdin: Option<u16>,
    daybook: u16,
    /// Bytes consumed of each source, whichever of its files they came from; the daybook's last.
    ordinals: Vec<u64>,
    manners: Vec<Manner>,
    store: Option<Recovered>,
    /// From which record on the logs are still needed, after each snapshot.
    snapshots: Option<Receiver<u64>>,
    /// Since when something journalled waits for the disk.
    uncommitted: Option<Instant>,
    /// Number of the next record.
    next: u64,
    next_file: u32,
    pool: Pool,
    patience: Arc<Patience>,
    broken: usize,
    /// There is nothing more to do: told to stop, or the keeper is gone.
    closed: bool,
}

impl Ingest {
    pub(super) fn new(
        keeper: &Keeper,
        setup: &Setup,
        inputs: &Inputs,
        options: Options,
        recovered: Option<(Recovered, Receiver<u64>)>,
        watcher: Option<Watcher>,
        patience: Arc<Patience>,
    ) -> Ingest {
        let positions = keeper.positions();
        let daybook = keeper.daybook_source();
        // The daybook first: what was decided counts before what happened.
        let of_daybook = setup.config.daybook.iter().map(|path| (daybook, path.clone(), false));
        let of_sources = inputs.files.iter().map(|(source, path)| (*source, path.clone(), options.from_end));
        let tails = of_daybook
            .chain(of_sources)
            .map(|(source, path, from_end)| Tail::resume(source, &path, positions.of_source(source), keeper.ordinal(source), from_end))
            .map(|tail| if options.until_eof { tail.without_writers() } else { tail })
            .collect();
        let (store, snapshots) = recovered.unzip();
        Ingest {
            options,
            tails,
            watcher,
            stdin: inputs.stdin,
            daybook,
            ordinals: (0..=daybook).map(|source| keeper.ordinal(source)).collect(),
            manners: inputs.manners.clone(),
            store,
            snapshots,
            uncommitted: None,
            next: keeper.next(),
            next_file: keeper.next_file(),
            pool: Pool::new(options.threads),
            patience,
            broken: 0,
            closed: false,
        }
    }

    /// Reads until it is told to stop, or all input has ended. Gives how many inputs were broken, or
    /// missing when all was to be read.
    pub(super) fn run(mut self, nudged: &Receiver<Nudge>, items: &SyncSender<Logged>) -> usize {
        let (mut tick, mut look) = (clock() + TICK, clock());
        while !self.closed {
            if look <= clock() {
                let found = self.pass(items);
                let waiting = self.tails.iter().any(Tail::is_waiting);
                if !found && !waiting && self.stdin.is_none() && self.is_all_read() {
                    break;
                }
                look = clock() + self.rest(found || waiting);
            }
            if tick <= clock() {
                tick = clock() + TICK;
                self.tick(items);
            }
            if self.uncommitted.is_some_and(|since| since.elapsed() >= COMMIT) {
                self.commit();
            }
            let commit = self.uncommitted.map(|since| since + COMMIT);
            let wait = look.min(tick).min(commit.unwrap_or(tick)).saturating_duration_since(clock());
            match nudged.recv_timeout(wait) {
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => self.closed = true,
                // A hundred wakes are one look.
                Ok(first) => {
                    for nudge in [first].into_iter().chain(nudged.try_iter().take(WAITING)) {
                        match nudge {
                            Nudge::Wake => look = look.min(clock() + BREATH),
                            Nudge::Stdin(piece) => self.stdin(piece, items),
                            Nudge::StdinEnd(fault) => {
                                self.stdin_ended(fault);
                                look = clock();
                            }
                            Nudge::Stop => self.closed = true,
                        }
                    }
                }
            }
        }
        self.commit();
        if self.store.is_none() {
            // Nobody goes on from here: what waits for time is decided now.
            self.send(Item::End, items);
        }
        let stuck = self.tails.iter().filter(|tail| self.options.until_eof && tail.source() != self.daybook && tail.is_stuck());
        self.broken + stuck.count()
    }

    /// How long until the next look, if nothing happens.
    fn rest(&self, busy: bool) -> Duration {
        // To read to the end is not to wait for more.
        let at_once = (self.options.until_eof && busy) || self.tails.iter().any(Tail::is_behind);
        match (at_once, busy) {
            (true, _) => Duration::ZERO,
            (false, true) => BUSY,
            (false, false) => IDLE,
        }
    }

    /// Whether nothing more is to come, now that nothing is left to read.
    fn is_all_read(&self) -> bool {
        self.options.until_eof || self.tails.iter().all(|tail| tail.source() == self.daybook)
    }

    /// One pass over all files. True if anything was found.
    fn pass(&mut self, items: &SyncSender<Logged>) -> bool {
        let mut any = false;
        let mut tails = std::mem::take(&mut self.tails);
        for tail in &mut tails {
            for found in tail.poll(BUDGET, now(), &mut self.next_file) {
                any = true;
                self.found(tail.source(), found, items);
            }
        }
        self.tails = tails;
        any
    }

    fn found(&mut self, source: u16, found: Found, items: &SyncSender<Logged>) {
        match found {
            Found::File(position) => self.file(source, position, items),
            Found::Batch(batch) => self.batch(batch, items),
            Found::Gone { file } => {
                if self.log(&Record::Gone { file }) {
                    self.send(Item::Gone(file), items);
                }
            }
            Found::Gap { path, bytes, why } => {
                let how_much = bytes.map_or_else(|| "an unknown number of bytes".to_owned(), |bytes| format!("{bytes} bytes"));
                self.patience.tell(&format!("{}: gap, {how_much} may be lost: {why}", path.display()));
                self.send(Item::Gap, items);
            }
            // A daybook that nobody has begun yet is empty.
            Found::Problem { error, .. } if source == self.daybook && error.kind() == io::ErrorKind::NotFound => {}
            Found::Problem { path, error } => self.patience.tell(&format!("{}: {error}; trying on", path.display())),
        }
    }

    fn file(&mut self, source: u16, position: Position, items: &SyncSender<Logged>) {
        if self.log(&Record::File { source, position: position.clone() }) {
            self.send(Item::File(source, position), items);
        }
    }

    fn stdin(&mut self, piece: Piece, items: &SyncSender<Logged>) {
        let Some(source) = self.stdin else { return };
        let received = now();
        let mut place = 0;
        if let Some(store) = &mut self.store {
            match self.patience.until(|| store.journal.append(&piece.bytes)) {
                Ok(at) => place = at,
                Err(_) => return self.closed = true,
            }
            self.uncommitted.get_or_insert_with(clock);
        }
        let Piece { bytes, consumed, .. } = piece;
        let batch = Batch { source, ordinal: 0, file: Batch::JOURNAL, offset: place, consumed, received, bytes, mark: Mark::default() };
        self.batch(batch, items);
    }

    fn stdin_ended(&mut self, fault: Option<Fault>) {
        self.stdin = None;
        if let Some(fault) = fault {
            self.broken += 1;
            self.patience.tell(&fault.to_string());
        }
    }

    fn batch(&mut self, mut batch: Batch, items: &SyncSender<Logged>) {
        // Files and stdin of one source are one stream: its bytes are counted in the order in which they came.
        let Some(ordinal) = self.ordinals.get_mut(usize::from(batch.source)) else { return };
        batch.ordinal = *ordinal;
        *ordinal += batch.consumed;
        if !self.log(&Record::Batch(batch_log::Logged::of(&batch))) {
            return;
        }
        let item = if batch.source == self.daybook {
            Item::Daybook(batch)
        } else {
            let manner = self.manners.get(usize::from(batch.source)).cloned().unwrap_or_default();
            Item::Lines(self.pool.submit(batch, manner))
        };
        self.send(item, items);
    }

    /// The clock, and what is done now and then.
    fn tick(&mut self, items: &SyncSender<Logged>) {
        let received = now();
        if self.log(&Record::Tick { received }) {
            self.send(Item::Tick(received), items);
        }
        while let Some(needed) = self.snapshots.as_ref().and_then(|snapshots| snapshots.try_recv().ok()) {
            self.forget_before(needed);
        }
        if let Some(watcher) = &mut self.watcher {
            // Folders come and go.
            let folders: Vec<PathBuf> = self.tails.iter().flat_map(Tail::folders).collect();
            watcher.watch(&folders);
        }
    }

    /// Appends a record before what it speaks of is processed. False if that has to stay undone: the watch is to end
    /// while the disk would not have the record.
    fn log(&mut self, record: &Record) -> bool {
        if self.closed {
            return false;
        }
        if let Some(store) = &mut self.store {
            let Ok(number) = self.patience.until(|| store.log.append(record)) else {
                self.closed = true;
                return false;
            };
            if let Record::Batch(logged) = record
                && logged.file == Batch::JOURNAL
            {
                store.journalled(number, logged.offset);
            }
        }
        self.next += 1;
        true
    }

    /// What was journalled, and the order in which it came, reach the disk.
    fn commit(&mut self) {
        if self.uncommitted.take().is_some()
            && let Some(store) = &mut self.store
            && let Err(fault) = store.journal.sync().and_then(|()| store.log.sync())
        {
            self.patience.tell(&format!("{fault}; a power cut may lose lines of stdin"));
        }
    }

    /// Recovery needs no records before `needed`.
    fn forget_before(&mut self, needed: u64) {
        let Some(store) = &mut self.store else { return };
        let kept = store.log.after_snapshot(needed).and_then(|()| match store.journal_place(needed) {
            Some(place) => store.journal.after_snapshot(place),
            None => Ok(()),
        });
        if let Err(fault) = kept {
            self.patience.tell(&fault.to_string());
        }
    }

    fn send(&mut self, item: Item, items: &SyncSender<Logged>) {
        self.closed |= items.send(Logged { item, next: self.next, since: clock() }).is_err();
    }
}

#[expect(clippy::disallowed_methods, reason = "when to look at files again never shows in an alert")]
fn clock() -> Instant {
    Instant::now()
}

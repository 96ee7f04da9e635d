//! Ingest: what comes in, in one order. Journalled and logged first, then parsed, then handed to the keeper.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use parsers::{FormatId, Interest, Time};

use super::keeper::{Item, Keeper, Logged};
use super::recovery::Recovered;
use crate::batch::{Batch, Mark, Position};
use crate::fault::Fault;
use crate::pool::{Manner, Pool};
use crate::setup::Inputs;
use crate::source::framing::{BLOCK, Piece};
use crate::source::tail::{Found, Tail};
use crate::store::batch_log;
use crate::store::batch_log::Record;
use crate::wall_clock::now;

/// What wakes ingest.
#[derive(Debug)]
pub enum Nudge {
    /// Something may have happened to a file.
    Wake,
    /// Lines from stdin.
    Stdin(Piece),
    /// Stdin has ended, or cannot be read.
    StdinEnd(Option<Fault>),
    /// A snapshot was written: records before `needed` are not needed for recovery.
    Snapshot {
        /// First record that the older generation needs.
        needed: u64,
    },
    /// A snapshot could not be written.
    Fault(Fault),
    /// Stop.
    Stop,
}

/// Files are looked at this often while lines come, and this often otherwise; events make it sooner.
const BUSY: Duration = Duration::from_millis(250);
const IDLE: Duration = Duration::from_secs(1);

/// The clock ticks this often.
const TICK: Duration = Duration::from_secs(1);

/// A disk that would not have a record is tried again after this.
const RETRY: Duration = Duration::from_secs(1);

/// Bytes read of one source before the next has its turn.
const BUDGET: usize = 4 * BLOCK;

/// Reads all inputs.
pub(super) struct Ingest {
    tails: Vec<Tail>,
    stdin: Option<(u16, u64)>,
    daybook: u16,
    formats: Vec<Option<FormatId>>,
    interest: Arc<Interest>,
    store: Option<Recovered>,
    next: u64,
    next_file: u32,
    until_eof: bool,
    pool: Pool,
    last: Time,
    tell: Arc<dyn Fn(&str) + Send + Sync>,
    /// The queue's end: the keeper is gone.
    closed: bool,
}

impl Ingest {
    #[expect(clippy::too_many_arguments, reason = "all that a watch is made of meets here")]
    pub(super) fn new(
        keeper: &Keeper,
        inputs: &Inputs,
        daybook: Option<&Path>,
        store: Option<Recovered>,
        from_end: bool,
        until_eof: bool,
        threads: usize,
        interest: Arc<Interest>,
        tell: Arc<dyn Fn(&str) + Send + Sync>,
    ) -> Ingest {
        let positions = keeper.positions();
        // The daybook first: what was decided counts before what happened.
        let of_daybook = daybook.map(|path| (keeper.daybook_source(), path.to_owned(), false));
        let of_sources = inputs.files.iter().map(|(source, path)| (*source, path.clone(), from_end));
        let tails = of_daybook
            .into_iter()
            .chain(of_sources)
            .map(|(source, path, from_end)| Tail::resume(source, &path, positions.of_source(source), keeper.ordinal(source), from_end))
            .collect();
        let next_file = positions.next_file().max(store.as_ref().map_or(0, |store| store.next_file));
        Ingest {
            tails,
            stdin: inputs.stdin.map(|source| (source, keeper.ordinal(source))),
            daybook: keeper.daybook_source(),
            formats: inputs.formats.clone(),
            interest,
            next: store.as_ref().map_or(0, |store| store.log.next_number()),
            store,
            next_file,
            until_eof,
            pool: Pool::new(threads),
            last: Time::MIN,
            tell,
            closed: false,
        }
    }

    /// The folders in which something may happen to the files.
    pub(super) fn folders(&self) -> Vec<PathBuf> {
        self.tails.iter().flat_map(Tail::folders).collect()
    }

    /// Reads until it is told to stop, or all input has ended.
    pub(super) fn run(&mut self, nudged: &Receiver<Nudge>, items: &SyncSender<Logged>) {
        let mut tick = clock() + TICK;
        let mut look = clock();
        loop {
            let mut quiet = true;
            if look <= clock() {
                quiet = !self.pass(items);
                let behind = self.tails.iter().any(Tail::is_behind);
                look = clock()
                    + if behind {
                        Duration::ZERO
                    } else if quiet {
                        IDLE
                    } else {
                        BUSY
                    };
                quiet &= !behind;
                if self.until_eof && quiet && self.stdin.is_none() {
                    return;
                }
            }
            let wait = look.min(tick).saturating_duration_since(clock());
            match nudged.recv_timeout(wait) {
                Ok(Nudge::Wake) => look = clock(),
                Ok(Nudge::Stdin(piece)) => self.stdin(piece, items),
                Ok(Nudge::StdinEnd(fault)) => {
                    if let Some(fault) = fault {
                        (self.tell)(&fault.to_string());
                    }
                    self.stdin = None;
                    if self.tails.iter().all(|tail| tail.source() == self.daybook) {
                        // Without a state folder nobody goes on from here: what waits for time is decided now.
                        if self.store.is_none() {
                            self.send(Item::End, items);
                        }
                        return;
                    }
                }
                Ok(Nudge::Snapshot { needed }) => self.snapshot(needed),
                Ok(Nudge::Fault(fault)) => (self.tell)(&format!("{fault}; the last snapshot stays, recovery will take longer")),
                Ok(Nudge::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {}
            }
            if tick <= clock() {
                tick = clock() + TICK;
                let received = self.received();
                self.log(&Record::Tick { received });
                self.send(Item::Tick(received), items);
            }
            if self.closed {
                return;
            }
        }
    }

    /// Receive time: this machine's clock, never going back.
    fn received(&mut self) -> Time {
        self.last = self.last.max(now());
        self.last
    }

    /// One pass over all files. True if anything was found.
    fn pass(&mut self, items: &SyncSender<Logged>) -> bool {
        let mut any = false;
        let mut tails = std::mem::take(&mut self.tails);
        for tail in &mut tails {
            let received = self.received();
            for found in tail.poll(BUDGET, received, &mut self.next_file) {
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
                self.log(&Record::Gone { file });
                self.send(Item::Gone(file), items);
            }
            Found::Gap { path, bytes, why } => {
                let how_much = bytes.map_or_else(|| "an unknown number of bytes".to_owned(), |bytes| format!("{bytes} bytes"));
                (self.tell)(&format!("{}: gap, {how_much} may be lost: {why}", path.display()));
                self.send(Item::Gap, items);
            }
            Found::Problem { path, error } => (self.tell)(&format!("{}: {error}; trying on", path.display())),
        }
    }

    fn file(&mut self, source: u16, position: Position, items: &SyncSender<Logged>) {
        self.log(&Record::File { source, position: position.clone() });
        self.send(Item::File(source, position), items);
    }

    fn stdin(&mut self, piece: Piece, items: &SyncSender<Logged>) {
        let Some((source, ordinal)) = self.stdin else { return };
        let received = self.received();
        let mut place = 0;
        while let Some(store) = &mut self.store {
            match store.journal.append(&piece.bytes) {
                Ok(at) => {
                    place = at;
                    break;
                }
                Err(fault) => self.wait_for_disk(&fault),
            }
        }
        self.stdin = Some((source, ordinal + piece.consumed));
        let Piece { bytes, consumed, .. } = piece;
        let batch = Batch { source, ordinal, file: Batch::JOURNAL, offset: place, consumed, received, bytes, mark: Mark::default() };
        self.batch(batch, items);
    }

    fn batch(&mut self, batch: Batch, items: &SyncSender<Logged>) {
        self.log(&Record::Batch(batch_log::Logged::of(&batch)));
        let item = if batch.source == self.daybook {
            Item::Daybook(batch)
        } else {
            let only = self.formats.get(usize::from(batch.source)).copied().flatten();
            Item::Lines(self.pool.submit(batch, Manner { only, interest: Arc::clone(&self.interest) }))
        };
        self.send(item, items);
    }

    /// Appends a record before what it speaks of is processed. A disk that would not have it is waited for.
    fn log(&mut self, record: &Record) {
        while let Some(store) = &mut self.store {
            match store.log.append(record) {
                Ok(number) => {
                    self.next = number + 1;
                    if let Record::Batch(logged) = record
                        && logged.file == Batch::JOURNAL
                    {
                        store.journalled(number, logged.offset);
                    }
                    return;
                }
                Err(fault) => self.wait_for_disk(&fault),
            }
        }
        self.next += 1;
    }

    fn wait_for_disk(&self, fault: &Fault) {
        (self.tell)(&format!("{fault}; waiting until the disk takes it, reading nothing meanwhile"));
        std::thread::park_timeout(RETRY);
    }

    fn snapshot(&mut self, needed: u64) {
        let Some(store) = &mut self.store else { return };
        let kept = store.log.after_snapshot(needed).and_then(|()| match store.journal_place(needed) {
            Some(place) => store.journal.after_snapshot(place),
            None => Ok(()),
        });
        if let Err(fault) = kept {
            (self.tell)(&fault.to_string());
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

//! The parse pool: one thread a core beside the engine's, over batches that own their bytes. It keeps no order; whoever hands
//! in batches waits for the answers in the order of handing in.

use std::num::NonZero;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use foldhash::HashMap;
use parsers::{Escape, Event, Facts, FormatId, Formats, Interest, Reading, Stamp, Stamps, Text};
use sha2::{Digest, Sha256};

use crate::batch::Batch;
use crate::engine::{Arrival, Sighting, is_telling};
use crate::metrics::Tally;

/// How a batch's lines are to be read.
#[derive(Clone, Debug, Default)]
pub struct Manner {
    /// The formats that are known.
    pub formats: Formats,
    /// Only this format; `None` = all are asked.
    pub only: Option<FormatId>,
    /// What traffic is worth reading.
    pub interest: Arc<Interest>,
    /// Keystrokes and their like may leave with the line that holds them.
    pub keystrokes: bool,
}

/// A batch with what its lines say.
#[derive(Debug)]
pub struct Parsed {
    /// The bytes.
    pub batch: Batch,
    /// Its lines, in their order; blank ones are counted and left out.
    lines: Vec<Placed>,
    facts: Vec<Telling>,
    /// How many lines were what.
    pub tally: Tally,
}

#[derive(Debug)]
struct Placed {
    start: u32,
    len: u32,
    stamp: Stamp,
    /// The name of its device, where the batch first has it.
    device: Text,
    /// Index into the facts of the batch.
    facts: Option<u32>,
    parsed: bool,
}

/// What a line says that the engine has a use for, and the hash that it knows the line by: the one engine has so much less to do.
#[derive(Debug)]
struct Telling {
    format: FormatId,
    sha256: [u8; 32],
    facts: Facts,
}

impl Parsed {
    /// Reads a batch's lines. Depends on the batch and the manner alone.
    pub fn new(batch: Batch, manner: &Manner, stamps: &mut Stamps) -> Parsed {
        let (mut lines, mut kept, mut facts) = (Vec::with_capacity(batch.bytes.len() / 256), Vec::new(), Facts::default());
        let mut devices = Devices { bytes: &batch.bytes, last: Text::default(), known: HashMap::default() };
        let mut tally = Tally::default();
        tally.truncated += u64::from(batch.is_cut());
        let mut start = 0;
        while let Some(rest) = batch.bytes.get(start..).filter(|rest| !rest.is_empty()) {
            let len = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            let line = rest.get(..len).unwrap_or_default();
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let reading = manner.formats.read(line, manner.only, &manner.interest, stamps, &mut facts);
            if manner.keystrokes {
                facts.private = Text::default();
            }
            tally.count(reading);
            if reading != Reading::Blank {
                let parsed = matches!(reading, Reading::Parsed(_) | Reading::NoConcern(_));
                let concern = match reading {
                    Reading::Parsed(format) if is_telling(&facts) => {
                        kept.push(Telling { format, sha256: Sha256::digest(line).into(), facts: facts.clone() });
                        u32::try_from(kept.len() - 1).ok()
                    }
                    _ => None,
                };
                if let (Ok(start), Ok(len)) = (u32::try_from(start), u32::try_from(line.len())) {
                    let device = devices.place(facts.device.raw(line));
                    lines.push(Placed { start, len, stamp: facts.stamp, device, facts: concern, parsed });
                }
            }
            start += len + 1;
        }
        Parsed { batch, lines, facts: kept, tally }
    }

    /// Number of lines that are not blank.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether all lines are blank.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Where a line starts in the batch; for the one after the last, where the batch ends.
    pub fn start(&self, at: usize) -> u64 {
        self.lines.get(at).map_or(self.batch.consumed, |line| u64::from(line.start))
    }

    /// The device's stamp of a line.
    pub fn stamp(&self, at: usize) -> Option<Stamp> {
        self.lines.get(at).map(|line| line.stamp)
    }

    /// A line as the engine takes it.
    pub fn sighting(&self, at: usize, arrival: Arrival) -> Option<Sighting<'_>> {
        let placed = self.lines.get(at)?;
        let start = placed.start as usize;
        let line = self.batch.bytes.get(start..start + placed.len as usize)?;
        let telling = placed.facts.and_then(|at| self.facts.get(at as usize));
        let offset = self.batch.ordinal.saturating_add(u64::from(placed.start));
        Some(Sighting {
            source: self.batch.source,
            offset,
            arrival,
            line,
            stamp: placed.stamp,
            device: placed.device.raw(&self.batch.bytes),
            event: telling.map(|telling| Event { line, facts: &telling.facts, format: telling.format }),
            sha256: telling.map_or([0; 32], |telling| telling.sha256),
            parsed: placed.parsed,
        })
    }
}

/// The names of devices in a batch. The engine looks at each line's, and at most lines for nothing else: it finds a name where it found
/// it before, and does not wait for the bytes of a line that another core has read.
struct Devices<'a> {
    bytes: &'a [u8],
    last: Text,
    known: HashMap<&'a [u8], Text>,
}

impl<'a> Devices<'a> {
    /// Where the batch first has a name that stands in one of its lines.
    fn place(&mut self, name: &'a [u8]) -> Text {
        if self.last.raw(self.bytes) != name {
            self.last = *self.known.entry(name).or_insert_with(|| Text::within(self.bytes, name, Escape::None));
        }
        self.last
    }
}

/// A batch that is being parsed.
pub struct Pending(Receiver<Parsed>);

impl Pending {
    /// Waits for the batch; `None` if the pool is gone.
    pub fn wait(self) -> Option<Parsed> {
        self.0.recv().ok()
    }
}

struct Job {
    batch: Batch,
    manner: Manner,
    reply: SyncSender<Parsed>,
}

/// Threads that parse.
pub struct Pool {
    jobs: Option<SyncSender<Job>>,
    threads: Vec<JoinHandle<()>>,
}

impl Pool {
    /// A pool of `threads` (0 = one a core beside the engine's).
    pub fn new(threads: usize) -> Pool {
        let cores = || thread::available_parallelism().map_or(1, NonZero::get);
        let threads = if threads == 0 { cores().saturating_sub(1).max(1) } else { threads };
        let (jobs, taken) = sync_channel::<Job>(threads);
        let taken = Arc::new(Mutex::new(taken));
        let threads = (0..threads)
            .map(|_| {
                let taken = Arc::clone(&taken);
                thread::spawn(move || {
                    let mut stamps = Stamps::default();
                    loop {
                        let job = taken.lock().unwrap_or_else(PoisonError::into_inner).recv();
                        let Ok(Job { batch, manner, reply }) = job else { return };
                        // Nobody waits any more: the verb has ended.
                        let _ = reply.send(Parsed::new(batch, &manner, &mut stamps));
                    }
                })
            })
            .collect();
        Pool { jobs: Some(jobs), threads }
    }

    /// Number of threads.
    pub fn threads(&self) -> usize {
        self.threads.len()
    }

    /// Hands in a batch; waits while every thread is busy and has its next batch already.
    pub fn submit(&self, batch: Batch, manner: Manner) -> Pending {
        let (reply, answer) = sync_channel(1);
        if let Some(jobs) = &self.jobs {
            // The threads leave only when the pool is dropped.
            let _ = jobs.send(Job { batch, manner, reply });
        }
        Pending(answer)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.jobs = None;
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

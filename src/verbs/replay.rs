//! `nightporter replay`: the engine over finished files, merged by event time, one block a file in memory.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use parsers::{Formats, Time};

use crate::alert::Alert;
use crate::batch::{Batch, Mark};
use crate::clock::{Clock, Hints};
use crate::daybook::Entry;
use crate::engine::{Arrival, Engine, Input};
use crate::fault::Fault;
use crate::metrics::Metrics;
use crate::pool::{Manner, Parsed, Pending, Pool};
use crate::setup::Inputs;
use crate::source::archive::Archive;
use crate::source::pattern::Pattern;
use crate::zone::Zone;

/// A file to be replayed.
#[derive(Clone, Debug)]
pub struct File {
    /// Index of its source among the engine's.
    pub source: u16,
    /// Where it is; `-` is stdin.
    pub path: PathBuf,
    /// How its lines are to be read.
    pub manner: Manner,
}

/// What a replay works on.
pub struct World<'w> {
    /// The detector, from its very beginning.
    pub engine: Engine,
    /// What is to be read; the order does not matter.
    pub files: Vec<File>,
    /// The daybook's entries.
    pub entries: Vec<Entry>,
    /// The formats that are known, for the count of lines by format.
    pub formats: Formats,
    /// Parse threads; 0 = one a core beside the engine's.
    pub threads: usize,
    /// Now: no yearless stamp of stdin lies more than a day after it.
    pub now: Time,
    /// Where alerts go.
    pub out: &'w mut dyn Write,
    /// Told how many bytes of how many have been read.
    pub progress: &'w mut dyn FnMut(u64, u64),
    /// Told of inputs that are missing or broken; the others still run.
    pub fault: &'w mut dyn FnMut(&Fault),
}

/// How many batches of a file are being parsed ahead, if it is the only one.
const AHEAD: usize = 8;

/// A file on its way.
struct Lane {
    file: File,
    archive: Option<Archive>,
    reference: Time,
    pending: VecDeque<(Instant, Pending)>,
    current: Option<Loaded>,
    clock: Clock,
    zone: Zone,
    year: Option<i32>,
    /// Bytes of the file handed out so far.
    offset: u64,
    /// All of it has been read.
    ended: bool,
}

/// A parsed batch with the key of each of its lines in the merge.
struct Loaded {
    parsed: Parsed,
    keys: Vec<Time>,
    at: usize,
    /// Bytes of the batch that the offsets of its source count already.
    done: u64,
    since: Instant,
}

/// Runs the engine over all files and writes its alerts as JSON lines.
///
/// # Errors
/// Those of writing; a closed pipe too, which the caller takes for a normal end.
pub fn run(world: World<'_>) -> io::Result<Metrics> {
    let World { mut engine, mut files, mut entries, formats, threads, now, out, progress, fault } = world;
    let pool = Pool::new(threads);
    let mut metrics = Metrics::new(formats);
    // The order of the arguments is nobody's business: ties go by source and path.
    let name = |file: &File| engine.sources().get(usize::from(file.source)).map(|source| Arc::clone(&source.name));
    files.sort_by_cached_key(|file| (name(file), file.path.clone()));
    let ahead = (AHEAD / files.len().max(1)).clamp(2, AHEAD);
    let mut lanes: Vec<Lane> = files.into_iter().filter_map(|file| Lane::open(file, &engine, now, fault)).collect();
    let total: u64 = lanes.iter().filter_map(|lane| lane.archive.as_ref()?.size).sum();
    entries.sort_by_key(Entry::at);
    let mut entries = VecDeque::from(entries);
    let mut heap: BinaryHeap<Reverse<(Time, usize)>> = BinaryHeap::with_capacity(lanes.len());
    let mut finished_bytes = 0;
    let mut alerts = Vec::new();
    for at in 0..lanes.len() {
        if let Some(lane) = lanes.get_mut(at) {
            lane.load(&pool, ahead, fault);
        }
        settle(&mut lanes, at, &mut heap, &mut engine, &mut finished_bytes, &mut alerts);
    }
    let mut json = Vec::new();
    let mut offsets = vec![0u64; engine.sources().len()];
    while let Some(Reverse((mut key, at))) = heap.pop() {
        let next = heap.peek().map(|Reverse(next)| *next);
        let Some(lane) = lanes.get_mut(at) else { continue };
        let arrival = Arrival::Replayed { reference: lane.reference };
        // One file goes on until another one's turn has come.
        while next.is_none_or(|next| (key, at) < next) {
            metrics.came_to(key);
            while let Some(entry) = entries.pop_front_if(|entry| entry.at() <= key) {
                engine.step(Input::Daybook(entry), &mut alerts);
            }
            let Some(loaded) = &mut lane.current else { break };
            // Offsets count the bytes of the source's stream, whichever of its files they come from.
            let start = loaded.parsed.start(loaded.at);
            let end = loaded.parsed.start(loaded.at + 1);
            if let (Some(mut sighting), Some(offset)) =
                (loaded.parsed.sighting(loaded.at, arrival), offsets.get_mut(usize::from(lane.file.source)))
            {
                sighting.offset = *offset + start.saturating_sub(loaded.done);
                *offset += end.saturating_sub(loaded.done);
                loaded.done = end;
                engine.step(Input::Line(sighting), &mut alerts);
            }
            loaded.at += 1;
            if let Some(&next) = loaded.keys.get(loaded.at) {
                key = next;
                continue;
            }
            if let Some(loaded) = lane.current.take() {
                if let Some(offset) = offsets.get_mut(usize::from(lane.file.source)) {
                    *offset += loaded.parsed.batch.consumed.saturating_sub(loaded.done);
                }
                metrics.tally.add(&loaded.parsed.tally);
                write(&mut alerts, &mut json, out, &mut metrics)?;
                metrics.took(loaded.since.elapsed());
                if let Some(archive) = &mut lane.archive {
                    archive.reuse(loaded.parsed.batch.bytes);
                }
            }
            lane.load(&pool, ahead, fault);
            let Some(&next) = lane.current.as_ref().and_then(|loaded| loaded.keys.first()) else { break };
            key = next;
        }
        settle(&mut lanes, at, &mut heap, &mut engine, &mut finished_bytes, &mut alerts);
        let read: u64 = lanes.iter().filter_map(|lane| lane.archive.as_ref().map(Archive::bytes_read)).sum();
        progress(finished_bytes + read, total);
    }
    engine.step(Input::End, &mut alerts);
    write(&mut alerts, &mut json, out, &mut metrics)?;
    out.flush()?;
    metrics.repeated = engine.repeated();
    metrics.held = engine.held().clone();
    Ok(metrics)
}

/// The files that inputs stand for: patterns are replaced by what they match, a pattern that matches nothing is told.
pub fn expand(inputs: &Inputs, fault: &mut dyn FnMut(&Fault)) -> Vec<File> {
    let mut files: Vec<File> =
        inputs.stdin.iter().map(|&source| File { source, path: "-".into(), manner: inputs.manner(source) }).collect();
    for (source, path) in &inputs.files {
        let pattern = Pattern::new(path);
        let found = if pattern.literal().is_some() || path.exists() { vec![path.clone()] } else { pattern.expand() };
        if found.is_empty() {
            fault(&Fault::new("find", path, io::ErrorKind::NotFound.into()));
        }
        files.extend(found.into_iter().map(|path| File { source: *source, path, manner: inputs.manner(*source) }));
    }
    files
}

/// Writes alerts and counts them.
///
/// # Errors
/// Those of writing.
pub fn write(alerts: &mut Vec<Alert>, json: &mut Vec<u8>, out: &mut dyn Write, metrics: &mut Metrics) -> io::Result<()> {
    if alerts.is_empty() {
        return Ok(());
    }
    json.clear();
    for alert in alerts.drain(..) {
        metrics.alert(&alert);
        alert.write(json);
    }
    out.write_all(json)
}

/// Puts a lane back in line, or lets its source go if it was the last file of it.
fn settle(
    lanes: &mut [Lane],
    at: usize,
    heap: &mut BinaryHeap<Reverse<(Time, usize)>>,
    engine: &mut Engine,
    finished: &mut u64,
    alerts: &mut Vec<Alert>,
) {
    let Some(lane) = lanes.get_mut(at) else { return };
    if let Some(loaded) = &lane.current {
        let key = loaded.keys.get(loaded.at).copied().unwrap_or(Time::MIN);
        heap.push(Reverse((key, at)));
        return;
    }
    let source = lane.file.source;
    *finished += lane.archive.take().and_then(|archive| archive.size).unwrap_or(0);
    if !lanes.iter().any(|lane| lane.file.source == source && (lane.current.is_some() || lane.archive.is_some())) {
        engine.step(Input::Finished(source), alerts);
    }
}

impl Lane {
    fn open(file: File, engine: &Engine, now: Time, fault: &mut dyn FnMut(&Fault)) -> Option<Lane> {
        let archive = Archive::open(&file.path).map_err(|error| fault(&error)).ok()?;
        let source = engine.sources().get(usize::from(file.source))?;
        let (zone, year) = (source.zone.clone(), source.year);
        let reference = archive.modified.unwrap_or(now);
        Some(Lane {
            file,
            archive: Some(archive),
            reference,
            pending: VecDeque::new(),
            current: None,
            clock: Clock::default(),
            zone,
            year,
            offset: 0,
            ended: false,
        })
    }

    /// Brings the next batch that has lines, and keeps `ahead` more on their way.
    fn load(&mut self, pool: &Pool, ahead: usize, fault: &mut dyn FnMut(&Fault)) {
        self.read_ahead(pool, ahead, fault);
        let Some((since, pending)) = self.pending.pop_front() else { return };
        self.read_ahead(pool, ahead, fault);
        let Some(parsed) = pending.wait() else { return };
        let keys = self.keys(&parsed);
        self.current = Some(Loaded { parsed, keys, at: 0, done: 0, since });
    }

    fn read_ahead(&mut self, pool: &Pool, ahead: usize, fault: &mut dyn FnMut(&Fault)) {
        while self.pending.len() < ahead && !self.ended {
            let Some(archive) = &mut self.archive else { return };
            let piece = archive.next_piece().unwrap_or_else(|error| {
                fault(&error);
                None
            });
            let Some(piece) = piece else {
                self.ended = true;
                return;
            };
            let batch = Batch {
                source: self.file.source,
                ordinal: self.offset,
                file: 0,
                offset: self.offset,
                consumed: piece.consumed,
                received: self.reference,
                bytes: piece.bytes,
                mark: Mark::default(),
            };
            self.offset += batch.consumed;
            let manner = self.file.manner.clone();
            #[expect(clippy::disallowed_methods, reason = "how long a batch takes is measured, never acted on")]
            self.pending.push_back((Instant::now(), pool.submit(batch, manner)));
        }
    }

    /// The place of each line in the merge: how far the file's time has come with it.
    fn keys(&mut self, parsed: &Parsed) -> Vec<Time> {
        let hints = Hints { year: self.year, reference: self.reference };
        let first = self.clock.greatest().is_none();
        let mut says = Vec::with_capacity(parsed.len());
        let mut keys = Vec::with_capacity(parsed.len());
        for at in 0..parsed.len() {
            let stamp = parsed.stamp(at).unwrap_or_default();
            let dated = self.clock.date(stamp, &mut self.zone, hints);
            if let Some(dated) = dated {
                self.clock.saw(dated.time);
            }
            let reached = self.clock.greatest().unwrap_or(Time::MIN);
            says.push(dated.map_or(reached, |dated| dated.time));
            keys.push(reached);
        }
        // A forged first line waits for nobody: it takes the place of the line that denies it.
        if let (true, [first, second, ..]) = (first, keys.as_mut_slice()) {
            *first = (*first).min(*second);
        }
        // A line after a long silence has its own place if the next one agrees, or if there is none: what the daybook says of the
        // silence comes before it.
        let is_last = self.ended && self.pending.is_empty();
        let mut after = if is_last { Time::MAX } else { keys.last().copied().unwrap_or(Time::MAX) };
        for (key, says) in keys.iter_mut().zip(says).rev() {
            *key = (*key).max(says.min(after));
            after = *key;
        }
        keys
    }
}

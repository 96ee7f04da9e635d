//! Files that grow: follows a path, or all that match a pattern, through every way of rotation.
//!
//! What it promises: every line once and in order, or a [`Found::Gap`]; a position is always the start of the first line
//! that was not given out. It looks when it is asked and remembers between two looks only what a look can verify: the
//! file system's events, clocks and threads are the caller's. A path is compared with the open file at each look, and
//! what was consumed with what is there whenever the file changed, so nothing hangs on having seen a rotation happen.
//!
//! Rotated files that a pattern matches too belong to their log and are not followed on their own: at first sight they
//! are read before it, oldest first, except compressed ones. A compressed file is only read where lines that were not
//! read yet are nowhere else.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use parsers::Time;

use super::family::{base_of, member};
use super::pattern::Pattern;
use super::reading::Reading;
use super::slot::{Beginning, Pass, Slot};
use crate::batch::{Batch, Position};

/// What a pass finds.
#[derive(Debug)]
pub enum Found {
    /// A file is read from here on; comes before its first batch.
    File(Position),
    /// Lines.
    Batch(Batch),
    /// A file was deleted and has been read to its end; nothing more of it will come.
    Gone {
        /// Its number.
        file: u32,
    },
    /// Lines may be lost.
    Gap {
        /// The followed path.
        path: PathBuf,
        /// Bytes that are known to be lost; `None` where it cannot be told.
        bytes: Option<u64>,
        /// How.
        why: &'static str,
    },
    /// A file cannot be read; told once, and tried again at every pass.
    Problem {
        /// The followed path.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

/// Follows the files of one source.
pub struct Tail {
    source: u16,
    pattern: Pattern,
    slots: Vec<Slot>,
    ordinal: u64,
    from_end: bool,
    passes: u64,
}

impl Tail {
    /// Follows a path or pattern. `positions` are those of this source from before a restart, in the order in which the
    /// files were found, and `ordinal` the bytes of the source consumed so far. Files without a position are read from
    /// their start; with `from_end` those that are there at the first pass are read from their end.
    pub fn resume(source: u16, path: &Path, positions: Vec<Position>, ordinal: u64, from_end: bool) -> Tail {
        let pattern = Pattern::new(path);
        let mut paths: Vec<(PathBuf, Vec<Position>)> = Vec::new();
        for position in positions.into_iter().filter(|position| pattern.matches(&position.path)) {
            match paths.iter_mut().find(|(path, _)| *path == position.path) {
                Some((_, of_path)) => of_path.push(position),
                None => paths.push((position.path.clone(), vec![position])),
            }
        }
        let mut slots: Vec<Slot> = paths.into_iter().map(|(path, positions)| Slot::resume(path, positions)).collect();
        if let Some(path) = pattern.literal().filter(|_| slots.is_empty()) {
            slots.push(Slot::new(path.to_owned()));
        }
        Tail { source, pattern, slots, ordinal, from_end, passes: 0 }
    }

    /// One pass over all files; reads about `budget` bytes, received now. `next_file` is the first free file number of
    /// the state.
    pub fn poll(&mut self, budget: usize, received: Time, next_file: &mut u32) -> Vec<Found> {
        let first = self.passes == 0;
        self.passes += 1;
        let mut pass = Pass { found: Vec::new(), budget, source: self.source, received, ordinal: &mut self.ordinal, next_file };
        let mut beginning = if self.from_end && first { Beginning::End } else { Beginning::First };
        if self.pattern.literal().is_none() {
            if beginning == Beginning::First {
                beginning = Beginning::History;
            }
            let new = new_paths(&self.pattern, &self.slots);
            self.slots.extend(new.into_iter().map(Slot::new));
            if first && self.slots.is_empty() {
                let path = self.pattern.path().to_owned();
                let error = io::Error::new(io::ErrorKind::NotFound, "no file matches yet");
                pass.found.push(Found::Problem { path, error });
            }
        }
        for slot in &mut self.slots {
            slot.poll(beginning, &mut pass);
        }
        let found = pass.found;
        let keep = self.pattern.literal().is_some();
        self.slots.retain_mut(|slot| {
            if keep && slot.is_closed() {
                *slot = Slot::new(slot.path.clone());
            }
            !slot.is_closed()
        });
        found
    }

    /// Whether the last pass left something to read: ask again at once.
    pub fn is_behind(&self) -> bool {
        self.slots.iter().any(Slot::is_behind)
    }

    /// Bytes of the source consumed so far.
    pub fn ordinal(&self) -> u64 {
        self.ordinal
    }

    /// The folders in which something may happen to the files, for a [`super::watcher::Watcher`].
    pub fn folders(&self) -> Vec<PathBuf> {
        self.pattern.folders()
    }
}

/// The files that match, belong to no slot and are not what rotation left of another: those written last come last.
fn new_paths(pattern: &Pattern, slots: &[Slot]) -> Vec<PathBuf> {
    let mut known: BTreeSet<PathBuf> = slots.iter().map(|slot| slot.path.clone()).collect();
    let matching: Vec<PathBuf> = pattern.expand().into_iter().filter(|path| !known.contains(path)).collect();
    if matching.is_empty() {
        return Vec::new();
    }
    known.extend(matching.iter().cloned());
    let mut new: Vec<(i64, PathBuf)> = matching
        .into_iter()
        .filter(|path| !base_of(path).is_some_and(|base| known.contains(&base)))
        .filter_map(|path| {
            let member = member(&path).ok()??;
            let packed = Reading::open(&member).is_ok_and(|reading| reading.is_some_and(|reading| reading.is_packed()));
            (!packed).then_some((member.stat.modified, path))
        })
        .collect();
    new.sort_unstable();
    new.into_iter().map(|(_, path)| path).collect()
}

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

use super::family::{Member, base_of, member};
use super::pattern::Pattern;
use super::reading::Reading;
use super::slot::{GRACE, Pass, Slot};
use crate::batch::{Batch, Position};

/// What a pass finds.
#[derive(Debug)]
pub enum Found {
    /// A file is read from here on; comes before its first batch.
    File(Position),
    /// Lines.
    Batch(Batch),
    /// Nothing more will come of a file: it was deleted and has been read to its end, or it is followed under another
    /// path, with a number of its own.
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
    grace: i64,
    said_none: bool,
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
        Tail { source, pattern, slots, ordinal, from_end, grace: GRACE, said_none: false }
    }

    /// Takes it that nobody writes any more.
    #[must_use]
    pub fn without_writers(mut self) -> Tail {
        self.grace = 0;
        self
    }

    /// One pass over all files; reads about `budget` bytes, received now. `next_file` is the first free file number of
    /// the state.
    pub fn poll(&mut self, budget: usize, received: Time, next_file: &mut u32) -> Vec<Found> {
        let mut pass =
            Pass { found: Vec::new(), budget, source: self.source, received, grace: self.grace, ordinal: &mut self.ordinal, next_file };
        for slot in &mut self.slots {
            slot.poll(&self.pattern, self.from_end, &mut pass);
        }
        if self.pattern.literal().is_none() {
            let new = add_new(&self.pattern, &mut self.slots, &mut pass.found);
            for slot in self.slots.iter_mut().rev().take(new).rev() {
                slot.poll(&self.pattern, self.from_end, &mut pass);
            }
            self.slots.retain(|slot| !slot.is_closed());
            if self.slots.is_empty() && !self.said_none {
                self.said_none = true;
                let error = io::Error::new(io::ErrorKind::NotFound, "no file matches yet");
                pass.found.push(Found::Problem { path: self.pattern.path().to_owned(), error });
            }
        } else if let Some(slot) = self.slots.first_mut().filter(|slot| slot.is_closed()) {
            *slot = Slot::new(slot.path.clone());
        }
        self.from_end = false;
        pass.found
    }

    /// Whether the last pass left something to read: ask again at once.
    pub fn is_behind(&self) -> bool {
        self.slots.iter().any(Slot::is_behind)
    }

    /// Whether files wait to be read once it is sure that nobody writes to those before them: ask again soon.
    pub fn is_waiting(&self) -> bool {
        self.slots.iter().any(Slot::is_waiting)
    }

    /// Whether something that is to be read cannot be, or is not there.
    pub fn is_stuck(&self) -> bool {
        self.slots.is_empty() || self.slots.iter().any(Slot::is_stuck)
    }

    /// Index of its source.
    pub fn source(&self) -> u16 {
        self.source
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

/// Adds slots for the files that match, belong to no slot and are not what rotation left of another's; those written
/// last come last. Gives how many; they stand at the end.
fn add_new(pattern: &Pattern, slots: &mut Vec<Slot>, found: &mut Vec<Found>) -> usize {
    let mut known: BTreeSet<PathBuf> = slots.iter().map(|slot| slot.path.clone()).collect();
    let matching: Vec<PathBuf> = pattern.expand().into_iter().filter(|path| !known.contains(path)).collect();
    known.extend(matching.iter().cloned());
    let bases: BTreeSet<PathBuf> = matching.iter().filter_map(|path| base_of(path)).collect();
    let mut new: Vec<Member> = matching
        .iter()
        .filter(|path| !base_of(path).is_some_and(|base| known.contains(&base)))
        .filter_map(|path| member(path).ok()?)
        .collect();
    new.sort_unstable_by(|one, other| (one.stat.modified, &one.path).cmp(&(other.stat.modified, &other.path)));
    let mut added = 0;
    for member in new {
        if let Some(slot) = slots.iter_mut().find_map(|slot| slot.hand_over(&member, found)) {
            slots.push(slot);
        } else if slots.iter().any(|slot| slot.is_left_of(&member.path)) {
            let before = slots.extract_if(.., |slot| slot.is_left_of(&member.path)).collect::<Vec<_>>();
            slots.push(Slot::inherit(member.path, before));
        } else if !Reading::open(&member).is_ok_and(|reading| reading.is_some_and(|reading| reading.is_packed())) {
            let history = bases.contains(&member.path);
            slots.push(if history { Slot::with_history(member.path) } else { Slot::new(member.path) });
        } else {
            continue;
        }
        added += 1;
    }
    added
}

#[cfg(test)]
mod tests;

//! One followed path: the file that stands there, and those before it that are not read to their end yet.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};

use parsers::Time;
use parsers::time::{MINUTE, SECOND};

use super::content::{Stat, Trail};
use super::family::{Family, Member, base_of, member};
use super::pattern::Pattern;
use super::reading::{Lines, Look, Reading};
use super::succession::{self, Succession, locate};
use super::tail::Found;
use crate::batch::{Batch, Position};

/// Time without news after which a rotated file's writer is taken to write to its successor, which has lines.
pub(super) const GRACE: i64 = SECOND / 2;
/// Time without news after which a deleted file is closed, or one that was left is not looked at any more.
const LONG: i64 = MINUTE;
/// Files read to their end that are remembered, to be told from unread ones.
const REMEMBERED: usize = 16;

/// Why there is a gap.
const LOST: &str = "what came after the bytes consumed is in no file any more";

/// What a pass finds, and what it may still read.
pub(super) struct Pass<'a> {
    pub(super) found: Vec<Found>,
    pub(super) budget: usize,
    pub(super) source: u16,
    pub(super) received: Time,
    /// How long the writer of a rotated file is waited for.
    pub(super) grace: i64,
    pub(super) ordinal: &'a mut u64,
    pub(super) next_file: &'a mut u32,
}

impl Pass<'_> {
    fn file(&mut self, reading: &mut Reading, path: &Path) -> u32 {
        if let Some(file) = reading.file {
            return file;
        }
        let file = *self.next_file;
        *self.next_file = file.saturating_add(1);
        reading.file = Some(file);
        self.found.push(Found::File(Position { file, ..reading.position(path) }));
        file
    }

    fn unreadable(&mut self, next: &Succession) {
        for member in &next.unreadable {
            let (path, bytes) = (member.path.clone(), Some(member.stat.size));
            self.found.push(Found::Gap { path, bytes, why: "a rotated file cannot be read" });
        }
    }

    fn lines(&mut self, file: u32, lines: Vec<Lines>) {
        for (offset, piece, mark) in lines {
            self.budget = self.budget.saturating_sub(piece.bytes.len());
            let (source, received, ordinal) = (self.source, self.received, *self.ordinal);
            *self.ordinal += piece.consumed;
            let (consumed, bytes) = (piece.consumed, piece.bytes);
            self.found.push(Found::Batch(Batch { source, ordinal, file, offset, consumed, received, bytes, mark }));
        }
    }
}

pub(super) struct Slot {
    pub(super) path: PathBuf,
    /// The first is read; the last stands at the path, or did.
    chain: VecDeque<Reading>,
    /// Read before the first of the chain; looked at for a while, should its writer be slow to move on.
    left: Option<Reading>,
    remembered: VecDeque<(Stat, Trail)>,
    /// From before a restart, not found again yet.
    resume: Vec<Position>,
    /// Whether the pattern names files that rotation left of this path's.
    history: bool,
    problem: Option<io::ErrorKind>,
    closed: bool,
}

impl Slot {
    pub(super) fn new(path: PathBuf) -> Slot {
        let (chain, remembered) = (VecDeque::new(), VecDeque::new());
        Slot { path, chain, left: None, remembered, resume: Vec::new(), history: false, problem: None, closed: false }
    }

    /// A path never seen before, of which the pattern also names rotated files.
    pub(super) fn with_history(path: PathBuf) -> Slot {
        Slot { history: true, ..Slot::new(path) }
    }

    /// With the positions of a path from before a restart, the file read last at the end.
    pub(super) fn resume(path: PathBuf, mut positions: Vec<Position>) -> Slot {
        // Of a file of which nothing was consumed there is nothing to know it by: it comes after the one before it.
        while positions.len() > 1 && positions.last().is_some_and(|last| last.offset == 0) {
            positions.pop();
        }
        Slot { resume: positions, ..Slot::new(path) }
    }

    /// With what slots of files read that turn out to be what rotation left of this path's.
    pub(super) fn inherit(path: PathBuf, slots: impl IntoIterator<Item = Slot>) -> Slot {
        let chain = slots.into_iter().flat_map(|slot| slot.chain).collect();
        Slot { chain, ..Slot::new(path) }
    }

    /// Whether it is a rotated file of `path`.
    pub(super) fn is_left_of(&self, path: &Path) -> bool {
        base_of(&self.path).is_some_and(|base| base == path)
    }

    /// Hands over the file that now stands at `member`, a path of its own, so that it is read on and not anew.
    pub(super) fn hand_over(&mut self, member: &Member, found: &mut Vec<Found>) -> Option<Slot> {
        let at = self.chain.iter().position(|reading| reading.identity == member.stat.identity)?;
        let mut reading = self.chain.remove(at)?;
        found.extend(reading.file.take().map(|file| Found::Gone { file }));
        Some(Slot { chain: VecDeque::from([reading]), ..Slot::new(member.path.clone()) })
    }

    /// Whether there is more to read at once.
    pub(super) fn is_behind(&self) -> bool {
        self.problem.is_none() && self.chain.front().is_some_and(Reading::is_behind)
    }

    /// Whether a file waits that has something to read.
    pub(super) fn is_waiting(&self) -> bool {
        self.problem.is_none() && (self.chain.len() > 2 || self.chain.get(1).is_some_and(has_bytes))
    }

    /// Whether the last look failed.
    pub(super) fn is_stuck(&self) -> bool {
        self.problem.is_some()
    }

    /// Whether its file was deleted and there is nothing left to read.
    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Looks once. A path never seen before is read from its start, after what was rotated away before it as far as
    /// `pattern` names that too; with `from_end` from behind its last line.
    pub(super) fn poll(&mut self, pattern: &Pattern, from_end: bool, pass: &mut Pass<'_>) {
        match self.look(pattern, from_end, pass) {
            Ok(()) => self.problem = None,
            Err(error) => {
                // Once, not at every pass.
                if self.problem.replace(error.kind()) != Some(error.kind()) {
                    pass.found.push(Found::Problem { path: self.path.clone(), error });
                }
            }
        }
    }

    fn look(&mut self, pattern: &Pattern, from_end: bool, pass: &mut Pass<'_>) -> io::Result<()> {
        let stat = match std::fs::metadata(&self.path) {
            Ok(metadata) => Some(Stat::of(&metadata)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound && (!self.chain.is_empty() || !self.resume.is_empty()) => None,
            Err(error) => return Err(error),
        };
        if !self.resume.is_empty() {
            self.find_again(pass)?;
            self.closed = self.resume.is_empty() && self.chain.is_empty() && stat.is_none();
        } else if let Some(last) = self.chain.back() {
            let fresh = last.trail.offset == 0;
            if stat.is_some_and(|stat| stat.identity != last.identity || (fresh && stat != *last.seen())) {
                self.follow(pass)?;
            }
        } else {
            self.begin(pattern, from_end)?;
        }
        self.read_late(pass)?;
        self.read(pass)
    }

    /// Opens a path that was never seen before.
    fn begin(&mut self, pattern: &Pattern, from_end: bool) -> io::Result<()> {
        let mut chain = VecDeque::new();
        if self.history && !from_end {
            let Some(family) = Family::of(&self.path, None)? else { return Ok(()) };
            for member in family.rotated.iter().filter(|member| pattern.matches(&member.path)) {
                let Some(reading) = Reading::open(member)? else { return Ok(()) };
                if !reading.is_packed() {
                    chain.push_back(reading);
                }
            }
        }
        let Some(live) = member(&self.path)? else { return Ok(()) };
        let Some(mut reading) = Reading::open(&live)? else { return Ok(()) };
        if from_end && !reading.is_packed() {
            reading.skip_to_end()?;
        }
        chain.push_back(reading);
        self.chain = chain;
        Ok(())
    }

    /// After a restart: finds the file that was read last, and what came after it.
    fn find_again(&mut self, pass: &mut Pass<'_>) -> io::Result<()> {
        let Some(position) = self.resume.last() else { return Ok(()) };
        if self.resume.len() == 1
            && position.offset > 0
            && let Some(live) = member(&self.path)?.filter(|live| live.stat.identity == position.identity)
            && let Some(reading) = Reading::open(&live)?.and_then(|reading| reading.behind(position))
        {
            // Where it was, as nearly always: no need to look through the folder, which may hold thousands.
            self.chain.push_back(reading);
            self.resume.clear();
            return Ok(());
        }
        let Some(family) = Family::of(&self.path, Some(position.identity.inode))? else { return Ok(()) };
        let before = self.resume.len().checked_sub(2).and_then(|at| self.resume.get(at));
        let mut left = before.map_or(Ok(None), |before| self.find_left(before))?;
        let is_known = |stat: &Stat, first: &[u8]| {
            let Some(left) = &mut left else { return Ok(false) };
            Ok(left.identity == stat.identity || left.is_copied_by(first, false)?)
        };
        let Some(next) = succession::after(&family, position, None, false, is_known)? else { return Ok(()) };
        let taken = |left: &Reading| next.anchor.iter().chain(&next.newer).any(|reading| reading.identity == left.identity);
        self.left = left.filter(|left| !taken(left));
        pass.unreadable(&next);
        if next.lost && (position.offset > 0 || next.newer.is_empty()) {
            pass.found.push(Found::Gap { path: self.path.clone(), bytes: None, why: LOST });
        }
        self.resume.clear();
        self.chain.extend(next.anchor.into_iter().chain(next.newer));
        Ok(())
    }

    /// The file read before the last one, unless it was deleted; late lines may stand in it.
    fn find_left(&self, position: &Position) -> io::Result<Option<Reading>> {
        let Some(family) = Family::of(&self.path, Some(position.identity.inode))? else { return Ok(None) };
        Ok(locate(&family, position)?.map(|(reading, _)| reading).filter(|reading| reading.file.is_some()))
    }

    /// The path stands for another file, or its file was written anew in place.
    fn follow(&mut self, pass: &mut Pass<'_>) -> io::Result<()> {
        let Some(mut last) = self.chain.pop_back() else { return Ok(()) };
        let (position, unread) = (last.position(&self.path), last.unread());
        let outcome = last.stat().and_then(|stat| {
            let intact = last.is_intact(&stat)?;
            Ok((stat, intact, self.successors(&mut last, &position, intact)?))
        });
        let (stat, intact, mut next) = match outcome {
            Ok((stat, intact, Some(next))) => (stat, intact, next),
            other => {
                self.chain.push_back(last);
                return other.map(|_| ());
            }
        };
        if position.offset == 0 && !intact {
            last.start_over(stat);
            if !next.newer.is_empty() {
                // Numbers rise in the order of reading, and something may come before it.
                last.file = None;
            }
            next.newer.insert(next.place.min(next.newer.len()), last);
        } else if intact && next.anchor.is_none() {
            self.chain.push_back(last);
        }
        pass.unreadable(&next);
        if next.lost && position.offset > 0 {
            let bytes = (unread > 0).then_some(unread);
            pass.found.push(Found::Gap { path: self.path.clone(), bytes, why: LOST });
        }
        self.chain.extend(next.anchor);
        self.chain.extend(next.newer);
        Ok(())
    }

    fn successors(&mut self, last: &mut Reading, position: &Position, intact: bool) -> io::Result<Option<Succession>> {
        let Some(family) = Family::of(&self.path, Some(position.identity.inode))? else { return Ok(None) };
        let same = |one: &Stat, other: &Stat| (one.identity, one.size, one.modified) == (other.identity, other.size, other.modified);
        let (chain, left, remembered) = (&mut self.chain, &mut self.left, &self.remembered);
        let is_known = |stat: &Stat, first: &[u8]| {
            for reading in chain.iter_mut().chain(left.as_mut()) {
                if reading.identity == stat.identity || reading.is_copied_by(first, false)? {
                    return Ok(true);
                }
            }
            Ok(remembered.iter().any(|(other, trail)| same(other, stat) || (!first.is_empty() && trail.begins_with(first))))
        };
        succession::after(&family, position, Some(last), intact, is_known)
    }

    fn read(&mut self, pass: &mut Pass<'_>) -> io::Result<()> {
        while pass.budget > 0 {
            let (waiting, successor) = (self.chain.len(), self.chain.get(1).is_some_and(has_bytes));
            let Some(first) = self.chain.front_mut() else { break };
            let file = pass.file(first, &self.path);
            match first.look(pass.budget, pass.received, false) {
                Ok(Look::Lines(lines)) => pass.lines(file, lines),
                Ok(Look::Quiet) if first.is_behind() => break,
                Ok(Look::Quiet) if waiting > 2 || (waiting == 2 && (first.is_packed() || (first.quiet >= pass.grace && successor))) => {
                    self.leave(pass)?;
                }
                Ok(Look::Quiet) => {
                    if waiting == 1 && first.quiet >= LONG && first.stat()?.links == 0 {
                        self.leave(pass)?;
                        self.closed = self.chain.is_empty();
                        pass.found.extend(self.closed.then_some(Found::Gone { file }));
                    }
                    break;
                }
                Ok(Look::Replaced) if waiting == 1 => {
                    let before = self.chain.back().map(|last| (last.identity, last.trail.offset));
                    self.follow(pass)?;
                    if self.chain.back().map(|last| (last.identity, last.trail.offset)) == before {
                        break;
                    }
                }
                Ok(Look::Replaced) => self.give_up("it was emptied after it was rotated", pass),
                Err(error) if first.is_packed() && waiting > 1 => {
                    self.give_up("the compressed file is broken", pass);
                    return Err(error);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Takes leave of the first file: what it holds without line end is its last line.
    fn leave(&mut self, pass: &mut Pass<'_>) -> io::Result<()> {
        let Some(first) = self.chain.front_mut() else { return Ok(()) };
        let file = pass.file(first, &self.path);
        if let Look::Lines(lines) = first.look(pass.budget, pass.received, true)? {
            pass.lines(file, lines);
        }
        if first.is_behind() {
            return Ok(());
        }
        if self.remembered.len() == REMEMBERED {
            self.remembered.pop_front();
        }
        self.remembered.push_back((*first.seen(), first.trail.head_only()));
        self.left = self.chain.pop_front().filter(|first| !first.is_packed());
        Ok(())
    }

    fn give_up(&mut self, why: &'static str, pass: &mut Pass<'_>) {
        if let Some(first) = self.chain.pop_front() {
            let bytes = Some(first.unread()).filter(|&unread| unread > 0);
            pass.found.push(Found::Gap { path: self.path.clone(), bytes, why });
        }
    }

    /// What a writer still wrote to the file that was left.
    fn read_late(&mut self, pass: &mut Pass<'_>) -> io::Result<()> {
        let Some(left) = &mut self.left else { return Ok(()) };
        match left.look(pass.budget, pass.received, false)? {
            Look::Lines(lines) => {
                let file = pass.file(left, &self.path);
                pass.lines(file, lines);
            }
            Look::Quiet if left.quiet < LONG => {}
            Look::Quiet | Look::Replaced => self.left = None,
        }
        Ok(())
    }
}

fn has_bytes(reading: &Reading) -> bool {
    reading.is_packed() || reading.stat().is_ok_and(|stat| stat.size > 0)
}

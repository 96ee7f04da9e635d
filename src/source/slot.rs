//! One followed path: the file that stands there, and those before it that are not read to their end yet.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};

use parsers::Time;

use super::content::Stat;
use super::family::{Family, member};
use super::reading::{Lines, Look, Reading};
use super::succession::{self, Succession, locate};
use super::tail::Found;
use crate::batch::{Batch, Position};

/// Looks without news after which a rotated file's writer is taken to write to its successor, which has lines.
const GRACE: u32 = 3;
/// Looks without news after which a deleted file is closed, or one that was left is not looked at any more.
const LONG: u32 = 240;
/// Files read to their end that are remembered, to be told from unread ones.
const REMEMBERED: usize = 16;

/// What a pass finds, and what it may still read.
pub(super) struct Pass<'a> {
    pub(super) found: Vec<Found>,
    pub(super) budget: usize,
    pub(super) source: u16,
    pub(super) received: Time,
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

/// Where a file is read from that was never seen before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beginning {
    /// With what was rotated away before it, as far as the pattern names it.
    History,
    /// From its first byte.
    First,
    /// Behind its last whole line.
    End,
}

pub(super) struct Slot {
    pub(super) path: PathBuf,
    /// The first is read; the last stands at the path, or did.
    chain: VecDeque<Reading>,
    /// Read before the first of the chain; looked at for a while, should its writer be slow to move on.
    left: Option<Reading>,
    remembered: VecDeque<Stat>,
    /// From before a restart, not found again yet.
    resume: Vec<Position>,
    problem: Option<io::ErrorKind>,
    closed: bool,
}

impl Slot {
    pub(super) fn new(path: PathBuf) -> Slot {
        let (chain, remembered) = (VecDeque::new(), VecDeque::new());
        Slot { path, chain, left: None, remembered, resume: Vec::new(), problem: None, closed: false }
    }

    /// With the positions of a path from before a restart, the file read last at the end.
    pub(super) fn resume(path: PathBuf, mut positions: Vec<Position>) -> Slot {
        // Of a file of which nothing was consumed there is nothing to know it by: it comes after the one before it.
        while positions.len() > 1 && positions.last().is_some_and(|last| last.offset == 0) {
            positions.pop();
        }
        Slot { resume: positions, ..Slot::new(path) }
    }

    /// Whether there is more to read at once.
    pub(super) fn is_behind(&self) -> bool {
        self.chain.front().is_some_and(Reading::is_behind)
    }

    /// Whether its file was deleted and there is nothing left to read.
    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    pub(super) fn poll(&mut self, beginning: Beginning, pass: &mut Pass<'_>) {
        match self.look(beginning, pass) {
            Ok(()) => self.problem = None,
            Err(error) => {
                // Once, not at every pass.
                if self.problem.replace(error.kind()) != Some(error.kind()) {
                    pass.found.push(Found::Problem { path: self.path.clone(), error });
                }
            }
        }
    }

    fn look(&mut self, beginning: Beginning, pass: &mut Pass<'_>) -> io::Result<()> {
        let stat = match std::fs::metadata(&self.path) {
            Ok(metadata) => Some(Stat::of(&metadata)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound && (!self.chain.is_empty() || !self.resume.is_empty()) => None,
            Err(error) => return Err(error),
        };
        if !self.resume.is_empty() {
            self.find_again(pass)?;
        } else if let Some(last) = self.chain.back() {
            let waits = self.chain.len() > 1;
            match stat {
                Some(stat) if stat.identity != last.identity => self.follow(true, pass)?,
                Some(stat) if waits && stat.size < last.seen().size => self.follow(false, pass)?,
                _ => {}
            }
        } else {
            self.begin(beginning)?;
        }
        self.read_late(pass)?;
        self.read(pass)
    }

    /// Opens a path that was never seen before.
    fn begin(&mut self, beginning: Beginning) -> io::Result<()> {
        let Some(live) = member(&self.path)? else { return Ok(()) };
        let mut members = Vec::new();
        if beginning == Beginning::History {
            let Some(family) = Family::of(&self.path, None)? else { return Ok(()) };
            members.extend(family.rotated);
        }
        let mut chain = VecDeque::new();
        for member in &members {
            let Some(reading) = Reading::open(member)? else { return Ok(()) };
            if !reading.is_packed() {
                chain.push_back(reading);
            }
        }
        let Some(mut reading) = Reading::open(&live)? else { return Ok(()) };
        if beginning == Beginning::End && !reading.is_packed() {
            reading.skip_to_end()?;
        }
        chain.push_back(reading);
        self.chain = chain;
        Ok(())
    }

    /// After a restart: finds the file that was read last, and what came after it.
    fn find_again(&mut self, pass: &mut Pass<'_>) -> io::Result<()> {
        let Some(position) = self.resume.last() else { return Ok(()) };
        let before = self.resume.len().checked_sub(2).and_then(|at| self.resume.get(at));
        let Some(family) = Family::of(&self.path, Some(position.identity.inode))? else { return Ok(()) };
        let is_known = |stat: &Stat| before.is_some_and(|before| before.identity == stat.identity);
        let Some(next) = succession::after(&family, position, None, false, is_known)? else { return Ok(()) };
        if let Some(before) = before
            && let Some(family) = Family::of(&self.path, Some(before.identity.inode))?
        {
            self.left = locate(&family, before)?.map(|(reading, _)| reading).filter(|reading| reading.file == Some(before.file));
        }
        let position = position.clone();
        self.resume.clear();
        self.go_on(next, &position, 0, pass);
        Ok(())
    }

    /// The path stands for another file (`intact`), or its file was written anew in place.
    fn follow(&mut self, intact: bool, pass: &mut Pass<'_>) -> io::Result<()> {
        let Some(mut last) = self.chain.pop_back() else { return Ok(()) };
        let (position, unread) = (last.position(&self.path), last.unread());
        let next = self.successors(&mut last, &position, intact);
        let Ok(Some(next)) = next else {
            self.chain.push_back(last);
            return next.map(|_| ());
        };
        if intact && next.anchor.is_none() {
            self.chain.push_back(last);
        }
        self.go_on(next, &position, unread, pass);
        Ok(())
    }

    fn successors(&self, last: &mut Reading, position: &Position, intact: bool) -> io::Result<Option<Succession>> {
        let Some(family) = Family::of(&self.path, Some(position.identity.inode))? else { return Ok(None) };
        let same = |one: &Stat, other: &Stat| (one.identity, one.size, one.modified) == (other.identity, other.size, other.modified);
        let is_known = |stat: &Stat| {
            self.chain.iter().chain(&self.left).any(|reading| reading.identity == stat.identity)
                || self.remembered.iter().any(|other| same(other, stat))
        };
        succession::after(&family, position, Some(last), intact, is_known)
    }

    fn go_on(&mut self, next: Succession, position: &Position, unread: u64, pass: &mut Pass<'_>) {
        // A file emptied before anything of it was read is no loss where its copy was found.
        if next.lost && (position.offset > 0 || next.newer.len() < 2) {
            let bytes = (unread > 0).then_some(unread);
            let why = "its bytes after those consumed are in no file any more";
            pass.found.push(Found::Gap { path: self.path.clone(), bytes, why });
        }
        self.chain.extend(next.anchor);
        self.chain.extend(next.newer);
    }

    fn read(&mut self, pass: &mut Pass<'_>) -> io::Result<()> {
        while pass.budget > 0 {
            let (waiting, successor) = (self.chain.len(), self.chain.get(1).is_some_and(has_bytes));
            let Some(first) = self.chain.front_mut() else { break };
            let file = pass.file(first, &self.path);
            match first.look(pass.budget, false) {
                Ok(Look::Lines(lines)) => pass.lines(file, lines),
                Ok(Look::Quiet) if first.is_behind() => {}
                Ok(Look::Quiet) if waiting > 2 || (waiting == 2 && (first.is_packed() || (first.quiet >= GRACE && successor))) => {
                    self.leave(pass)?
                }
                Ok(Look::Quiet) => {
                    if waiting == 1 && first.quiet >= LONG && first.stat()?.links == 0 {
                        self.leave(pass)?;
                        pass.found.push(Found::Gone { file });
                        self.closed = true;
                    }
                    break;
                }
                Ok(Look::Replaced) if waiting == 1 => {
                    let before = self.chain.back().map(|last| (last.identity, last.trail.offset));
                    self.follow(false, pass)?;
                    if self.chain.back().map(|last| (last.identity, last.trail.offset)) == before {
                        break;
                    }
                }
                Ok(Look::Replaced) => self.give_up("it was emptied after it was rotated", pass),
                Err(error) if first.is_packed() => {
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
        let Some(mut first) = self.chain.pop_front() else { return Ok(()) };
        let file = pass.file(&mut first, &self.path);
        if let Look::Lines(lines) = first.look(pass.budget, true)? {
            pass.lines(file, lines);
        }
        if self.remembered.len() == REMEMBERED {
            self.remembered.pop_front();
        }
        self.remembered.extend(first.stat().ok());
        self.left = Some(first).filter(|first| !first.is_packed());
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
        let Some(mut left) = self.left.take() else { return Ok(()) };
        match left.look(pass.budget, false)? {
            Look::Lines(lines) => {
                let file = pass.file(&mut left, &self.path);
                pass.lines(file, lines);
            }
            Look::Replaced => return Ok(()),
            Look::Quiet => {}
        }
        self.left = Some(left).filter(|left| left.quiet < LONG);
        Ok(())
    }
}

fn has_bytes(reading: &Reading) -> bool {
    reading.is_packed() || reading.stat().is_ok_and(|stat| stat.size > 0)
}

//! One file on its way through the framer.

use std::io;
use std::path::Path;

use parsers::Time;

use super::content::{Content, Stat, Trail};
use super::family::Member;
use super::framing::{BLOCK, Framer, Piece};
use crate::batch::{FileIdentity, Mark, Position};

/// A file that is being read, or waits for it.
pub(super) struct Reading {
    /// Its number, once it has one.
    pub(super) file: Option<u32>,
    pub(super) identity: FileIdentity,
    /// Last write as it was first seen.
    found: i64,
    /// The consumed part: up to the start of the first line that was not given out.
    pub(super) trail: Trail,
    /// For how long looks have found nothing new, in nanoseconds.
    pub(super) quiet: i64,
    quiet_since: Option<Time>,
    content: Content,
    /// Holds something between two looks only while it cuts a line, and of a packed file; else the unfinished line is
    /// read again, so that what is checked and what was read are the same.
    framer: Framer,
    /// As of the last look.
    seen: Stat,
    /// Whether there is nothing beyond what the last look read.
    at_end: bool,
    failure: Option<io::Error>,
}

/// Lines, the offset at which they begin, and the mark at their end.
pub(super) type Lines = (u64, Piece, Mark);

/// What a look at a file came to.
pub(super) enum Look {
    /// New lines.
    Lines(Vec<Lines>),
    /// Nothing to give out.
    Quiet,
    /// Its consumed part is not there any more: emptied, or written anew in place.
    Replaced,
}

impl Reading {
    /// Opens a member of a family; `None` where the path stands for another file by now.
    pub(super) fn open(member: &Member) -> io::Result<Option<Reading>> {
        let (content, seen) = match Content::open(&member.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        Ok((seen.identity == member.stat.identity).then(|| Reading {
            file: None,
            identity: seen.identity,
            found: seen.modified,
            trail: Trail::default(),
            quiet: 0,
            quiet_since: None,
            content,
            framer: Framer::default(),
            seen,
            at_end: false,
            failure: None,
        }))
    }

    /// Sets it behind what a position says was consumed; `None` where it does not hold that.
    pub(super) fn behind(mut self, position: &Position) -> Option<Reading> {
        // What cannot be read (or unpacked) so far does not hold it either.
        let trail = self.content.trail(position.offset).ok().flatten()?;
        if position.offset > 0 && trail.mark() != position.mark {
            return None;
        }
        self.trail = trail;
        if self.identity == position.identity {
            (self.file, self.found) = (Some(position.file), position.modified);
        }
        Some(self)
    }

    /// Sets it behind its last whole line.
    pub(super) fn skip_to_end(&mut self) -> io::Result<()> {
        let mut end = self.seen.size;
        while end > 0 {
            let start = end.saturating_sub(BLOCK as u64);
            let block = self.content.read_all(start, usize::try_from(end - start).unwrap_or(BLOCK))?;
            if let Some(lf) = memchr::memrchr(b'\n', &block) {
                end = start + lf as u64 + 1;
                break;
            }
            end = start;
        }
        self.trail = self.content.trail(end)?.unwrap_or_default();
        Ok(())
    }

    /// Where it has been read to, as a file under this path.
    pub(super) fn position(&self, path: &Path) -> Position {
        let (offset, mark) = (self.trail.offset, self.trail.mark());
        let file = self.file.unwrap_or_default();
        Position { file, path: path.to_owned(), identity: self.identity, modified: self.found, offset, mark }
    }

    pub(super) fn is_packed(&self) -> bool {
        self.content.is_packed()
    }

    /// As of the last look.
    pub(super) fn seen(&self) -> &Stat {
        &self.seen
    }

    /// Whether there is more to read at once.
    pub(super) fn is_behind(&self) -> bool {
        !self.at_end
    }

    /// Bytes that were seen and not consumed.
    pub(super) fn unread(&self) -> u64 {
        if self.is_packed() { 0 } else { self.seen.size.saturating_sub(self.trail.offset) }
    }

    /// What the file system says of it now.
    pub(super) fn stat(&self) -> io::Result<Stat> {
        match &self.content {
            Content::Plain(file) => Stat::of(&file.metadata()?),
            Content::Packed { .. } => Ok(self.seen),
        }
    }

    /// Whether it still holds what was consumed of it. Where nothing was, any change may have been that its content went
    /// elsewhere.
    pub(super) fn is_intact(&mut self, now: &Stat) -> io::Result<bool> {
        if self.is_packed() {
            return Ok(true);
        }
        if self.trail.offset == 0 {
            return Ok(*now == self.seen);
        }
        Ok(!self.has_shrunk(now) && self.content.holds(&self.trail)?)
    }

    /// Takes what is there now for what was there from the start; nothing was consumed of it.
    pub(super) fn start_over(&mut self, now: Stat) {
        if self.has_shrunk(&now) {
            self.framer.clear();
        }
        (self.seen, self.at_end) = (now, false);
    }

    /// Where nothing was consumed, only its size tells that it was emptied.
    fn has_shrunk(&self, now: &Stat) -> bool {
        let least = if self.trail.offset == 0 { self.seen.size } else { self.trail.offset + self.framer.pending() };
        now.size < least
    }

    /// Its first bytes, as many as tell files apart.
    pub(super) fn first(&mut self) -> io::Result<Vec<u8>> {
        self.content.read_all(0, Mark::HEAD)
    }

    /// Whether a file with these first bytes is nothing but a copy of this one, whole or still being made.
    pub(super) fn is_copied_by(&mut self, first: &[u8], replaced: bool) -> io::Result<bool> {
        if first.is_empty() {
            return Ok(false);
        }
        Ok(self.trail.begins_with(first) || (!replaced && !self.is_packed() && self.first()?.starts_with(first)))
    }

    /// Reads on, about `budget` bytes. With `ending` nobody writes any more: an unfinished line is one.
    pub(super) fn look(&mut self, budget: usize, now: Time, ending: bool) -> io::Result<Look> {
        let seen = self.seen;
        let look = if self.is_packed() { self.unpack(budget) } else { self.read_on(budget, ending) };
        // Time, not looks: events in its folder may bring a thousand looks a second.
        let is_quiet = matches!(look, Ok(Look::Quiet)) && self.seen == seen;
        // A clock that was set back begins anew.
        let since = self.quiet_since.filter(|since| is_quiet && *since <= now).unwrap_or(now);
        (self.quiet, self.quiet_since) = (now.since(since), Some(since));
        look
    }

    fn read_on(&mut self, budget: usize, ending: bool) -> io::Result<Look> {
        let stat = self.stat()?;
        if self.at_end && stat == self.seen && !ending {
            return Ok(Look::Quiet);
        }
        if self.has_shrunk(&stat) {
            return Ok(Look::Replaced);
        }
        let mut at = self.trail.offset + self.framer.pending();
        let before = self.trail.clone();
        // A whole block at least: less might not hold a line, and would be read again and again.
        let stop = stat.size.min(at.saturating_add(budget.max(BLOCK) as u64));
        let mut lines = Vec::new();
        let outcome = self.fill(&mut at, stop, &mut lines);
        if ending && at >= stat.size {
            let last = self.framer.finish();
            self.give(last, &mut lines);
        }
        // After the reading, so that a replacement before or during it is seen; before it nothing is given out.
        let intact = outcome.and_then(|()| self.content.holds(&before));
        if !matches!(intact, Ok(true)) {
            self.trail = before;
            self.framer.clear();
            return intact.map(|_| Look::Replaced);
        }
        if !self.framer.is_cutting() {
            self.framer.clear();
        }
        (self.seen, self.at_end) = (stat, at >= stat.size);
        Ok(if lines.is_empty() { Look::Quiet } else { Look::Lines(lines) })
    }

    fn fill(&mut self, at: &mut u64, stop: u64, lines: &mut Vec<Lines>) -> io::Result<()> {
        while *at < stop {
            let room = usize::try_from(stop - *at).map_or(BLOCK, |left| left.min(BLOCK));
            let mut chunk = vec![0; room];
            // One read at a time: what came before an error counts.
            let read = self.content.read(*at, &mut chunk)?;
            if read == 0 {
                break;
            }
            *at += read as u64;
            let piece = self.framer.push(chunk.get(..read).unwrap_or_default());
            self.give(piece, lines);
        }
        Ok(())
    }

    /// Gives out a piece and those that the framer holds behind it.
    fn give(&mut self, mut piece: Option<Piece>, lines: &mut Vec<Lines>) {
        while let Some(next) = piece {
            let offset = self.trail.offset;
            self.trail.consume(&next);
            lines.push((offset, next, self.trail.mark()));
            piece = self.framer.pull();
        }
    }

    fn unpack(&mut self, budget: usize) -> io::Result<Look> {
        if self.at_end {
            return self.failure.take().map_or(Ok(Look::Quiet), Err);
        }
        let mut at = self.trail.offset + self.framer.pending();
        let stop = at.saturating_add(budget.max(BLOCK) as u64);
        let mut lines = Vec::new();
        self.failure = self.fill(&mut at, stop, &mut lines).err();
        if at < stop {
            self.at_end = true;
            let last = self.framer.finish();
            self.give(last, &mut lines);
        }
        Ok(if lines.is_empty() { Look::Quiet } else { Look::Lines(lines) })
    }
}

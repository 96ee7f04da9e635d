//! What travels from the sources to the engine, and what is kept of it: plain data below `source` and `store`, so that
//! the two never import each other (floor 1: no files, no clock).

use std::path::PathBuf;

use parsers::Time;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Lines of one source, in the order in which they were read; it owns its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Index of the source in the configuration.
    pub source: u16,
    /// Offset of the first byte in the source's stream: bytes consumed since the source was first seen, across rotation
    /// and all its files.
    pub ordinal: u64,
    /// The file it was read from ([`Position::file`]), or [`Batch::JOURNAL`].
    pub file: u32,
    /// Offset of the first byte in that file; in the journal, the place of its frame.
    pub offset: u64,
    /// Bytes of the file that it covers. More than `bytes` holds where its last line was too long and was cut.
    pub consumed: u64,
    /// When it was received.
    pub received: Time,
    /// Whole lines with their line ends: the first bytes of the covered range. The last line lacks its line end where it
    /// was cut, or where its file ended without one.
    pub bytes: Vec<u8>,
    /// The file's content up to the end of this batch.
    pub mark: Mark,
}

impl Batch {
    /// In place of a file: the bytes came from stdin or a socket and stand in the journal.
    pub const JOURNAL: u32 = u32::MAX;

    /// Whether its last line was longer than a line may be and was cut.
    pub fn is_cut(&self) -> bool {
        self.consumed > self.bytes.len() as u64
    }
}

/// Tells whether a file still holds what was consumed of it: hashes of the beginning and of the end of the consumed part.
///
/// The hash is the first eight bytes of SHA-256. Whoever can write log lines chooses the hashed bytes, so a checksum that
/// can be met on purpose would let a replaced file pass for the old one; at 5 KiB a look its price does not matter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Bytes behind `head`: the first of the file, at most [`Mark::HEAD`].
    pub head_len: u16,
    /// Hash of the first `head_len` bytes.
    pub head: u64,
    /// Bytes behind `last`: those before the offset, at most [`Mark::LAST`].
    pub last_len: u16,
    /// Hash of the `last_len` bytes before the offset.
    pub last: u64,
}

impl Mark {
    /// The most bytes of a file's beginning that a mark covers.
    pub const HEAD: usize = 4096;
    /// The most bytes before an offset that a mark covers.
    pub const LAST: usize = 1024;

    /// The hash that marks use.
    pub fn hash(bytes: &[u8]) -> u64 {
        Sha256::digest(bytes).iter().take(8).fold(0, |hash, &byte| (hash << 8) | u64::from(byte))
    }
}

/// What the file system calls a file. Numbers come back after a deletion, so it never decides without a [`Mark`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FileIdentity {
    /// Device number.
    pub device: u64,
    /// Inode number.
    pub inode: u64,
}

/// How far one file has been consumed: always the start of the first line that was not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The file's number, unique in a state folder. A file that is emptied and written anew gets a new one; of two
    /// numbers under one path the greater was read later.
    pub file: u32,
    /// The path that is followed; the file itself may have been renamed since.
    pub path: PathBuf,
    /// What the file system called it.
    pub identity: FileIdentity,
    /// When it was last written, as it was found: of the rotated files beside it, later ones came after it.
    pub modified: i64,
    /// Bytes consumed.
    pub offset: u64,
    /// The consumed part.
    pub mark: Mark,
}

/// Positions of all files of a state, as a snapshot keeps them. Of each path the file found last, the one before it (to
/// which late lines may come), and the last of which something was consumed: a file is only read when those before it
/// were at their ends, so nothing else is needed to go on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Positions(Vec<(u16, Position)>);

impl Positions {
    /// Most positions kept; beyond it the files found first are forgotten.
    const MOST: usize = 65_536;

    /// A file that `source` follows from now on.
    pub fn found(&mut self, source: u16, position: Position) {
        let of_path = |(other, old): &(u16, Position)| *other == source && old.path == position.path;
        let files = || self.0.iter().filter(|entry| of_path(entry)).map(|(_, old)| old);
        let kept = [files().next_back().map(|old| old.file), files().rfind(|old| old.offset > 0).map(|old| old.file)];
        self.0.retain(|entry| !of_path(entry) || kept.contains(&Some(entry.1.file)));
        if self.0.len() >= Positions::MOST {
            self.0.remove(0);
        }
        self.0.push((source, position));
    }

    /// A batch of `file` was consumed up to `end`.
    pub fn consumed(&mut self, file: u32, end: u64, mark: Mark) {
        if let Some((_, position)) = self.0.iter_mut().rev().find(|(_, position)| position.file == file) {
            position.offset = end;
            position.mark = mark;
        }
    }

    /// Nothing more comes of a file.
    pub fn gone(&mut self, file: u32) {
        self.0.retain(|(_, position)| position.file != file);
    }

    /// The same positions with the present index of each source; those of sources that are no more are dropped.
    #[must_use]
    pub fn renumbered(&self, of_now: impl Fn(u16) -> Option<u16>) -> Positions {
        Positions(self.0.iter().filter_map(|(source, position)| Some((of_now(*source)?, position.clone()))).collect())
    }

    /// The position of a file.
    pub fn of_file(&self, file: u32) -> Option<&Position> {
        self.0.iter().rev().map(|(_, position)| position).find(|position| position.file == file)
    }

    /// The positions of a source, in the order in which its files were found.
    pub fn of_source(&self, source: u16) -> Vec<Position> {
        self.0.iter().filter(|(other, _)| *other == source).map(|(_, position)| position.clone()).collect()
    }

    /// The first file number that is free.
    pub fn next_file(&self) -> u32 {
        self.0.iter().map(|(_, position)| position.file.saturating_add(1)).max().unwrap_or(0)
    }
}

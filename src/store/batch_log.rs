//! The batch log: in which order everything was processed.
//!
//! One frame a record: payload length u16, CRC-32 of the payload u32 (little-endian), payload (postcard). A record is
//! written with one write before what it tells of is processed, so recovery is the last snapshot and then this log: no
//! clock, no race of inputs. Records are numbered from 0; segment `batches-<n>.log` begins with record n.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use parsers::Time;
use serde::{Deserialize, Serialize};

use crate::batch::{Batch, Mark, Position};
use crate::fault::Fault;

use super::{numbered, private, remove, sync_folder};

/// Bytes after which a snapshot begins a new segment.
const SEGMENT: u64 = 16 * 1024 * 1024;
/// Segments that stay although no snapshot needs them, for `replay --batches`.
const KEPT: usize = 8;
const HEAD: usize = 6;

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Record {
    /// The program started with a configuration of this hash.
    Start {
        /// SHA-256 over what shapes the alerts.
        config: [u8; 32],
        /// Names of its sources, by the index that the records after this one use.
        sources: Vec<String>,
    },
    /// A file is read from here on.
    File {
        /// Index of the source in the configuration.
        source: u16,
        /// Where its reading begins.
        position: Position,
    },
    /// Nothing more comes of a file.
    Gone {
        /// Its number.
        file: u32,
    },
    /// A batch is about to be processed.
    Batch(Logged),
    /// The clock ticked.
    Tick {
        /// When.
        #[serde(with = "nanos")]
        received: Time,
    },
}

/// A [`Batch`] without its bytes, which are read again where they came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logged {
    /// [`Batch::source`].
    pub source: u16,
    /// [`Batch::ordinal`].
    pub ordinal: u64,
    /// [`Batch::file`].
    pub file: u32,
    /// [`Batch::offset`].
    pub offset: u64,
    /// Length of [`Batch::bytes`]: the first bytes of what was consumed.
    pub length: u32,
    /// [`Batch::consumed`].
    pub consumed: u64,
    /// [`Batch::received`].
    #[serde(with = "nanos")]
    pub received: Time,
    /// [`Batch::mark`].
    pub mark: Mark,
}

impl Logged {
    /// What is logged of a batch.
    pub fn of(batch: &Batch) -> Logged {
        let &Batch { source, ordinal, file, offset, consumed, received, ref bytes, mark } = batch;
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        Logged { source, ordinal, file, offset, length, consumed, received, mark }
    }

    /// The batch again, from its bytes.
    pub fn with_bytes(self, bytes: Vec<u8>) -> Batch {
        let Logged { source, ordinal, file, offset, consumed, received, mark, .. } = self;
        Batch { source, ordinal, file, offset, consumed, received, bytes, mark }
    }
}

mod nanos {
    use parsers::Time;
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
    pub(super) fn serialize<S: Serializer>(time: &Time, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_i64(time.0)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Time, D::Error> {
        i64::deserialize(from).map(Time)
    }
}

/// An open batch log.
#[derive(Debug)]
pub struct BatchLog {
    folder: PathBuf,
    file: File,
    path: PathBuf,
    /// Bytes of whole frames in the last segment.
    length: u64,
    /// Whether a failed write may have left a part of a frame behind them.
    torn: bool,
    next: u64,
}

impl BatchLog {
    /// Opens the log of a state folder; a frame that a kill tore is cut off.
    ///
    /// # Errors
    /// A file cannot be read or written.
    pub fn open(folder: &Path) -> Result<BatchLog, Fault> {
        let Some((first, path)) = segments(folder)?.pop() else { return BatchLog::begin(folder, 0) };
        let bytes = fs::read(&path).map_err(Fault::at("read", &path))?;
        let (mut rest, mut count) = (bytes.as_slice(), 0);
        while let Some((_, after)) = split_frame(rest) {
            rest = after;
            count += 1;
        }
        let length = (bytes.len() - rest.len()) as u64;
        let file = private().append(true).open(&path).map_err(Fault::at("open", &path))?;
        let mut log = BatchLog { folder: folder.to_owned(), file, path, length, torn: !rest.is_empty(), next: first + count };
        log.mend()?;
        Ok(log)
    }

    fn begin(folder: &Path, first: u64) -> Result<BatchLog, Fault> {
        let path = folder.join(format!("batches-{first}.log"));
        let file = private().append(true).create(true).open(&path).map_err(Fault::at("create", &path))?;
        sync_folder(folder)?;
        Ok(BatchLog { folder: folder.to_owned(), file, path, length: 0, torn: true, next: first })
    }

    /// Number of the next record.
    pub fn next_number(&self) -> u64 {
        self.next
    }

    /// Appends a record with one write; gives its number.
    ///
    /// # Errors
    /// The disk would not have it; nothing was appended, and the same record may be tried again.
    pub fn append(&mut self, record: &Record) -> Result<u64, Fault> {
        let unfit = |why: String| io::Error::new(io::ErrorKind::InvalidData, why);
        let payload = postcard::to_stdvec(record).map_err(|error| Fault::new("write", &self.path, unfit(error.to_string())))?;
        let length = u16::try_from(payload.len()).map_err(|error| Fault::new("write", &self.path, unfit(error.to_string())))?;
        let mut frame = Vec::with_capacity(HEAD + payload.len());
        frame.extend(length.to_le_bytes());
        frame.extend(crc32fast::hash(&payload).to_le_bytes());
        frame.extend(payload);
        self.mend()?;
        self.torn = true;
        self.file.write_all(&frame).map_err(Fault::at("write", &self.path))?;
        self.torn = false;
        self.length += frame.len() as u64;
        self.next += 1;
        Ok(self.next - 1)
    }

    /// Cuts off what a failed write left.
    fn mend(&mut self) -> Result<(), Fault> {
        if self.torn {
            self.file.set_len(self.length).map_err(Fault::at("truncate", &self.path))?;
            self.torn = false;
        }
        Ok(())
    }

    /// Makes the records survive a power cut.
    ///
    /// # Errors
    /// The disk failed; the file is opened anew for the next attempt.
    pub fn sync(&mut self) -> Result<(), Fault> {
        if let Err(error) = self.file.sync_data() {
            if let Ok(file) = private().append(true).open(&self.path) {
                self.file = file;
            }
            return Err(Fault::new("sync", &self.path, error));
        }
        Ok(())
    }

    /// After a snapshot: begins a new segment if the last one is large, and removes those of which the older snapshot
    /// generation (taken before record `needed`) needs nothing, except the newest few.
    ///
    /// # Errors
    /// A file cannot be made or removed; the log can be used as before.
    pub fn after_snapshot(&mut self, needed: u64) -> Result<(), Fault> {
        if self.length >= SEGMENT {
            self.sync()?;
            *self = BatchLog::begin(&self.folder, self.next)?;
        }
        let segments = segments(&self.folder)?;
        let starts = segments.iter().skip(1).map(|(first, _)| *first);
        let spare = segments.len().saturating_sub(KEPT);
        for ((_, path), _) in segments.iter().zip(starts).take(spare).take_while(|(_, next)| *next <= needed) {
            remove(path)?;
        }
        Ok(())
    }

    /// The records from number `from` on.
    ///
    /// # Errors
    /// The folder cannot be listed, or `from` is older than what is kept or not written yet
    /// ([`io::ErrorKind::NotFound`]).
    pub fn read(&self, from: u64) -> Result<Records, Fault> {
        if from > self.next {
            return Err(not_held(&self.folder, from));
        }
        BatchLog::records(&self.folder, from)
    }

    /// The records of the log in a state folder from number `from` on, without opening the log for writing: another
    /// process may be at work on it.
    ///
    /// # Errors
    /// As [`BatchLog::read`].
    pub fn records(folder: &Path, from: u64) -> Result<Records, Fault> {
        let segments = segments(folder)?;
        let first = segments.iter().rposition(|(first, _)| *first <= from).ok_or_else(|| not_held(folder, from))?;
        let waiting = segments.into_iter().skip(first).collect::<Vec<_>>().into_iter();
        Ok(Records { waiting, path: PathBuf::new(), bytes: Vec::new(), at: 0, next: 0, from, broken: false })
    }

    /// Gives up the records from `number` on, where [`Records`] found one damaged: whole segments are renamed to
    /// `*.corrupt`, the segment with the damage is cut.
    ///
    /// # Errors
    /// A file cannot be read, renamed or cut.
    pub fn cut(&mut self, number: u64) -> Result<(), Fault> {
        let mut last = None;
        for (first, path) in segments(&self.folder)? {
            if first > number {
                fs::rename(&path, path.with_extension("log.corrupt")).map_err(Fault::at("rename", &path))?;
            } else {
                last = Some((first, path));
            }
        }
        if let Some((first, path)) = last {
            let bytes = fs::read(&path).map_err(Fault::at("read", &path))?;
            let mut rest = bytes.as_slice();
            for _ in first..number {
                rest = split_frame(rest).map_or(rest, |(_, after)| after);
            }
            let file = private().write(true).open(&path).map_err(Fault::at("open", &path))?;
            file.set_len((bytes.len() - rest.len()) as u64).map_err(Fault::at("truncate", &path))?;
        }
        *self = BatchLog::open(&self.folder)?;
        Ok(())
    }
}

fn not_held(folder: &Path, record: u64) -> Fault {
    let why = io::Error::new(io::ErrorKind::NotFound, format!("the batch log does not hold record {record}"));
    Fault::new("read", folder, why)
}

fn segments(folder: &Path) -> Result<Vec<(u64, PathBuf)>, Fault> {
    numbered(folder, "batches-", ".log")
}

/// The payload of the first frame, and what follows; `None` where there is no whole frame. A frame is never empty, so
/// a run of zeros is none.
fn split_frame(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, bytes) = bytes.split_first_chunk()?;
    let (sum, bytes) = bytes.split_first_chunk()?;
    let (payload, rest) = bytes.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
    (!payload.is_empty() && crc32fast::hash(payload) == u32::from_le_bytes(*sum)).then_some((payload, rest))
}

/// Records of a log with their numbers; ends after an error.
#[derive(Debug)]
pub struct Records {
    waiting: std::vec::IntoIter<(u64, PathBuf)>,
    path: PathBuf,
    bytes: Vec<u8>,
    at: usize,
    next: u64,
    from: u64,
    broken: bool,
}

impl Records {
    fn advance(&mut self) -> Result<Option<(u64, Record)>, Fault> {
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            if rest.is_empty() {
                let Some((first, path)) = self.waiting.next() else { return Ok(None) };
                if !self.bytes.is_empty() && first != self.next {
                    return Err(self.damaged("records are missing at its end"));
                }
                self.bytes = fs::read(&path).map_err(Fault::at("read", &path))?;
                (self.path, self.at, self.next) = (path, 0, first);
                continue;
            }
            let Some((payload, after)) = split_frame(rest) else { return Err(self.damaged("damaged frame")) };
            let (number, after) = (self.next, after.len());
            if number >= self.from {
                let record = postcard::from_bytes(payload).map_err(|error| self.damaged(&error.to_string()))?;
                (self.at, self.next) = (self.bytes.len() - after, number + 1);
                return Ok(Some((number, record)));
            }
            (self.at, self.next) = (self.bytes.len() - after, number + 1);
        }
    }

    fn damaged(&self, why: &str) -> Fault {
        let why = format!("record {} (byte {}): {why}", self.next, self.at);
        Fault::new("read", &self.path, io::Error::new(io::ErrorKind::InvalidData, why))
    }
}

impl Iterator for Records {
    type Item = Result<(u64, Record), Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.broken {
            return None;
        }
        let next = self.advance().transpose();
        self.broken = matches!(next, None | Some(Err(_)));
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::FileIdentity;

    fn tick(number: u64) -> Record {
        Record::Tick { received: Time(i64::try_from(number).unwrap()) }
    }

    fn numbers(log: &BatchLog, from: u64) -> Vec<u64> {
        log.read(from)
            .unwrap()
            .map(|record| {
                let (number, record) = record.unwrap();
                assert_eq!(record, tick(number));
                number
            })
            .collect()
    }

    fn log_of(records: u64) -> (tempfile::TempDir, BatchLog) {
        let folder = tempfile::tempdir().unwrap();
        let mut log = BatchLog::open(folder.path()).unwrap();
        for number in 0..records {
            assert_eq!(log.append(&tick(number)).unwrap(), number);
        }
        (folder, log)
    }

    /// Begins a new segment with each of the numbers.
    fn segmented(firsts: &[u64], records: u64) -> (tempfile::TempDir, BatchLog) {
        let (folder, mut log) = log_of(0);
        for number in 0..records {
            if firsts.contains(&number) {
                log = BatchLog::begin(folder.path(), number).unwrap();
            }
            log.append(&tick(number)).unwrap();
        }
        (folder, log)
    }

    #[test]
    fn every_kind_of_record_comes_back_and_a_batch_is_small() {
        let (_folder, mut log) = log_of(0);
        let mark = Mark { head_len: 4096, head: u64::MAX, last_len: 1024, last: u64::MAX };
        let batch = Batch {
            source: 3,
            ordinal: 5 << 32,
            file: 9,
            offset: 3 << 30,
            consumed: 300_000,
            received: Time(1_790_000_000_000_000_000),
            bytes: b"line\n".to_vec(),
            mark,
        };
        let identity = FileIdentity { device: 1, inode: 2 };
        let position = Position { file: 9, path: PathBuf::from("fw.log"), identity, modified: -1, offset: 0, mark };
        let records = [
            Record::Start { config: [7; 32], sources: vec!["fw".into()] },
            Record::File { source: 3, position },
            Record::Batch(Logged::of(&batch)),
            tick(3),
        ];
        for record in &records {
            let before = log.length;
            log.append(record).unwrap();
            assert!(log.length - before <= 70 || !matches!(record, Record::Batch(_)), "{}", log.length - before);
        }
        let found: Vec<Record> = log.read(0).unwrap().map(|record| record.unwrap().1).collect();
        assert_eq!(found, records);
        let Record::Batch(logged) = found[2] else { panic!("{found:?}") };
        assert_eq!(logged.with_bytes(b"line\n".to_vec()), batch);
    }

    #[test]
    fn a_frame_torn_at_any_byte_is_cut_off_and_written_again() {
        let (folder, log) = log_of(3);
        let whole = fs::read(&log.path).unwrap();
        let frame = whole.len() / 3;
        for left in 2 * frame..whole.len() {
            for tail in [&whole[2 * frame..left], &vec![0; left - 2 * frame]] {
                fs::write(&log.path, [&whole[..2 * frame], tail].concat()).unwrap();
                let mut log = BatchLog::open(folder.path()).unwrap();
                assert_eq!(log.append(&tick(2)).unwrap(), 2);
                assert_eq!(numbers(&log, 0), [0, 1, 2]);
            }
        }
    }

    #[test]
    fn reading_begins_at_any_record_of_any_segment() {
        let (folder, log) = segmented(&[4, 5, 9], 12);
        for from in 0..=12 {
            assert_eq!(numbers(&log, from), (from..12).collect::<Vec<_>>());
        }
        assert_eq!(log.read(13).unwrap_err().kind(), io::ErrorKind::NotFound);
        remove(&folder.path().join("batches-0.log")).unwrap();
        assert_eq!(log.read(3).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn damage_inside_ends_the_reading_and_can_be_cut_out() {
        let (folder, mut log) = segmented(&[4, 8], 12);
        let path = folder.path().join("batches-4.log");
        let mut bytes = fs::read(&path).unwrap();
        let frame = bytes.len() / 4;
        bytes[frame + HEAD] ^= 1;
        fs::write(&path, bytes).unwrap();
        let read: Vec<_> = log.read(2).unwrap().collect();
        assert_eq!(read.len(), 4);
        assert!(read[3].as_ref().unwrap_err().to_string().contains("batches-4.log: cannot read: record 5"));
        log.cut(5).unwrap();
        assert_eq!(log.append(&tick(5)).unwrap(), 5);
        assert_eq!(numbers(&log, 0), [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn a_segment_whose_end_is_missing_is_damage_too() {
        let (folder, log) = segmented(&[4], 8);
        let path = folder.path().join("batches-0.log");
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        let last = log.read(0).unwrap().last().unwrap().unwrap_err();
        assert!(last.to_string().contains("record 2"), "{last}");
    }

    #[test]
    fn old_segments_go_when_no_snapshot_needs_them_and_eight_newer_are_there() {
        let firsts: Vec<u64> = (1..12).collect();
        let (folder, mut log) = segmented(&firsts, 12);
        log.after_snapshot(2).unwrap();
        let left = |folder: &Path| segments(folder).unwrap().first().unwrap().0;
        assert_eq!(left(folder.path()), 2);
        log.after_snapshot(100).unwrap();
        assert_eq!(left(folder.path()), 4);
        assert_eq!(numbers(&log, 4), (4..12).collect::<Vec<_>>());
    }
}

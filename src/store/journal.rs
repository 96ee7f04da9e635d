//! The journal: bytes of stdin and sockets, which cannot be read twice, so that their batches can be.
//!
//! One frame a batch: length u32, CRC-32 u32 (little-endian), bytes. A frame's place counts all bytes ever journalled;
//! segment `journal-<n>` begins at place n.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::fault::Fault;

use super::{numbered, private, remove, sync_folder};

/// Bytes after which a new segment begins.
const SEGMENT: u64 = 64 * 1024 * 1024;
const HEAD: usize = 8;

/// An open journal.
#[derive(Debug)]
pub struct Journal {
    folder: PathBuf,
    file: File,
    path: PathBuf,
    /// Place where the last segment begins.
    first: u64,
    /// Place of the next frame.
    end: u64,
}

impl Journal {
    /// Opens the journal of a state folder. Bytes of a torn frame stay where they are; no batch refers to them.
    ///
    /// # Errors
    /// A file cannot be made or opened.
    pub fn open(folder: &Path) -> Result<Journal, Fault> {
        let Some((first, path)) = segments(folder)?.pop() else { return Journal::begin(folder, 0) };
        let file = private().read(true).write(true).open(&path).map_err(Fault::at("open", &path))?;
        let length = file.metadata().map_err(Fault::at("open", &path))?.len();
        Ok(Journal { folder: folder.to_owned(), file, path, first, end: first + length })
    }

    fn begin(folder: &Path, first: u64) -> Result<Journal, Fault> {
        let path = folder.join(format!("journal-{first}"));
        let file = private().read(true).write(true).create(true).truncate(true).open(&path).map_err(Fault::at("create", &path))?;
        sync_folder(folder)?;
        Ok(Journal { folder: folder.to_owned(), file, path, first, end: first })
    }

    /// Appends the bytes of a batch; gives their place, which stands in the batch as its offset.
    ///
    /// # Errors
    /// The disk would not have it; the next attempt writes to the same place.
    pub fn append(&mut self, bytes: &[u8]) -> Result<u64, Fault> {
        if self.end - self.first >= SEGMENT {
            self.sync()?;
            *self = Journal::begin(&self.folder, self.end)?;
        }
        let unfit = |_| Fault::new("write", &self.path, io::ErrorKind::InvalidInput.into());
        let length = u32::try_from(bytes.len()).map_err(unfit)?;
        let mut frame = Vec::with_capacity(HEAD + bytes.len());
        frame.extend(length.to_le_bytes());
        frame.extend(crc32fast::hash(bytes).to_le_bytes());
        frame.extend(bytes);
        self.file.write_all_at(&frame, self.end - self.first).map_err(Fault::at("write", &self.path))?;
        let place = self.end;
        self.end += frame.len() as u64;
        Ok(place)
    }

    /// The bytes at a place that [`Journal::append`] gave.
    ///
    /// # Errors
    /// They are not there any more ([`io::ErrorKind::NotFound`]) or damaged ([`io::ErrorKind::InvalidData`]).
    pub fn read(&self, place: u64) -> Result<Vec<u8>, Fault> {
        Journal::read_in(&self.folder, place)
    }

    /// [`Journal::read`] in a state folder that another process may be at work in.
    ///
    /// # Errors
    /// As [`Journal::read`].
    pub fn read_in(folder: &Path, place: u64) -> Result<Vec<u8>, Fault> {
        let segment = segments(folder)?.into_iter().rfind(|(first, _)| *first <= place);
        let Some((first, path)) = segment else {
            return Err(Fault::new("read", folder, io::Error::new(io::ErrorKind::NotFound, format!("no journal of {place}"))));
        };
        let damaged = || Fault::new("read", &path, io::Error::new(io::ErrorKind::InvalidData, format!("damaged at {place}")));
        let file = File::open(&path).map_err(Fault::at("open", &path))?;
        let size = file.metadata().map_err(Fault::at("open", &path))?.len();
        let mut head = [0; HEAD];
        let at = place - first;
        file.read_exact_at(&mut head, at).map_err(|_| damaged())?;
        let [a, b, c, d, sum @ ..] = head;
        let length = u32::from_le_bytes([a, b, c, d]);
        // A damaged length must not decide how much memory is taken.
        if at + HEAD as u64 + u64::from(length) > size {
            return Err(damaged());
        }
        let mut bytes = vec![0; length as usize];
        file.read_exact_at(&mut bytes, at + HEAD as u64).map_err(|_| damaged())?;
        if crc32fast::hash(&bytes) == u32::from_le_bytes(sum) { Ok(bytes) } else { Err(damaged()) }
    }

    /// Makes what was appended survive a power cut.
    ///
    /// # Errors
    /// The disk failed; the file is opened anew for the next attempt.
    pub fn sync(&mut self) -> Result<(), Fault> {
        if let Err(error) = self.file.sync_data() {
            if let Ok(file) = private().read(true).write(true).open(&self.path) {
                self.file = file;
            }
            return Err(Fault::new("sync", &self.path, error));
        }
        Ok(())
    }

    /// Removes the segments of which the older snapshot generation, whose next frame is at `needed`, needs nothing.
    ///
    /// # Errors
    /// A file cannot be removed.
    pub fn after_snapshot(&self, needed: u64) -> Result<(), Fault> {
        let segments = segments(&self.folder)?;
        for ((_, path), (next, _)) in segments.iter().zip(segments.iter().skip(1)) {
            if *next <= needed {
                remove(path)?;
            }
        }
        Ok(())
    }
}

fn segments(folder: &Path) -> Result<Vec<(u64, PathBuf)>, Fault> {
    numbered(folder, "journal-", "")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn batches_come_back_across_restarts_and_segments() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path()).unwrap();
        let mut places = vec![journal.append(b"one\n").unwrap(), journal.append(b"").unwrap()];
        journal = Journal::open(folder.path()).unwrap();
        places.push(journal.append(b"two\nthree\n").unwrap());
        journal = Journal::begin(folder.path(), journal.end).unwrap();
        places.push(journal.append(b"four\n").unwrap());
        let read = |place| journal.read(place).unwrap();
        assert_eq!(places.iter().copied().map(read).collect::<Vec<_>>(), [b"one\n".as_slice(), b"", b"two\nthree\n", b"four\n"]);
        journal.after_snapshot(places[3]).unwrap();
        assert_eq!(journal.read(places[0]).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert_eq!(journal.read(places[3]).unwrap(), b"four\n");
    }

    #[test]
    fn the_segment_that_a_snapshot_needs_stays() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path()).unwrap();
        journal.append(b"one\n").unwrap();
        let needed = journal.append(b"two\n").unwrap();
        journal = Journal::begin(folder.path(), journal.end).unwrap();
        journal.append(b"three\n").unwrap();
        journal.after_snapshot(needed).unwrap();
        assert_eq!(journal.read(needed).unwrap(), b"two\n");
    }

    #[test]
    fn damage_is_told_and_never_taken_for_lines() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path()).unwrap();
        let place = journal.append(b"one line\n").unwrap();
        let whole = fs::read(&journal.path).unwrap();
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x81;
            fs::write(&journal.path, bytes).unwrap();
            assert_eq!(journal.read(place).unwrap_err().kind(), io::ErrorKind::InvalidData, "byte {at}");
            fs::write(&journal.path, &whole[..at]).unwrap();
            assert_eq!(journal.read(place).unwrap_err().kind(), io::ErrorKind::InvalidData, "cut at {at}");
        }
    }

    #[test]
    fn a_torn_frame_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path()).unwrap();
        journal.append(b"one\n").unwrap();
        fs::OpenOptions::new().append(true).open(&journal.path).and_then(|mut file| io::Write::write_all(&mut file, b"\x04\0")).unwrap();
        let mut journal = Journal::open(folder.path()).unwrap();
        let place = journal.append(b"two\n").unwrap();
        assert_eq!(journal.read(place).unwrap(), b"two\n");
    }
}

//! The alert log: a file that only grows, and the proof that a restart did not change it.
//!
//! After a restart the engine makes again the bytes that follow the snapshot. What already lies on disk is compared,
//! not written; a line that a kill tore is completed, never cut off under the eyes of whoever tails the file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::fault::Fault;

use super::sync_folder;

/// An open alert log.
#[derive(Debug)]
pub struct AlertLog {
    file: File,
    path: PathBuf,
    /// Bytes in the file.
    on_disk: u64,
    /// Bytes that were appended, or found again; `on_disk` unless regenerating.
    confirmed: u64,
    /// Appended; not yet taken by the file, nor found in it again.
    pending: Vec<u8>,
}

/// What an append came to.
#[derive(Debug)]
pub enum Refused {
    /// The disk would not have it (full, read-only, broken): call [`AlertLog::flush`] until it does, and append nothing
    /// before.
    Write(Fault),
    /// The file does not hold what was made again; its bytes are as they were, and those appended are forgotten.
    Diverged {
        /// Offset of the first byte that differs.
        at: u64,
    },
}

impl AlertLog {
    /// Opens the log, making it if need be (readable for the group, as logs are).
    ///
    /// # Errors
    /// It cannot be opened for reading and appending.
    pub fn open(path: &Path) -> Result<AlertLog, Fault> {
        let file = opened(path).map_err(Fault::at("open", path))?;
        let on_disk = file.metadata().map_err(Fault::at("open", path))?.len();
        if on_disk == 0 {
            // Perhaps just made: its name has to survive a power cut too.
            sync_folder(path.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new(".")))?;
        }
        Ok(AlertLog { file, path: path.to_owned(), on_disk, confirmed: on_disk, pending: Vec::new() })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Begins a new file where the log was moved away or deleted, as rotation does, so that no alert goes where nobody
    /// looks. A log of which bytes are to be made again stays as it is.
    ///
    /// # Errors
    /// As [`AlertLog::open`].
    pub fn follow_its_name(&mut self) -> Result<(), Fault> {
        let identity = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
        let held = self.file.metadata().map(identity).map_err(Fault::at("look at", &self.path))?;
        if self.ahead() == 0 && self.pending.is_empty() && !fs::metadata(&self.path).map(identity).is_ok_and(|named| named == held) {
            *self = AlertLog::open(&self.path)?;
        }
        Ok(())
    }

    /// Bytes of the log that stand for what was appended; what a snapshot refers to, once synced.
    pub fn len(&self) -> u64 {
        self.confirmed
    }

    /// Whether nothing was ever appended.
    pub fn is_empty(&self) -> bool {
        self.confirmed == 0
    }

    /// Bytes on disk that were not made again yet.
    pub fn ahead(&self) -> u64 {
        self.on_disk - self.confirmed
    }

    /// Goes back to the length that a snapshot names: what is appended from now on is first compared with what follows.
    ///
    /// # Errors
    /// The log is shorter than that: it is not the log of that snapshot.
    pub fn regenerate_from(&mut self, length: u64) -> Result<(), Refused> {
        if length > self.on_disk {
            return Err(Refused::Diverged { at: self.on_disk });
        }
        self.confirmed = length;
        Ok(())
    }

    /// Appends bytes; those that the disk already holds are compared instead.
    ///
    /// # Errors
    /// See [`Refused`]. After [`Refused::Write`] the bytes are kept, and [`AlertLog::flush`] goes on where the disk
    /// stopped. After [`Refused::Diverged`] nothing was taken.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), Refused> {
        self.pending.extend_from_slice(bytes);
        self.flush()
    }

    /// Gives up on making again what lies ahead: keeps it, ends its last line, and appends after it.
    ///
    /// # Errors
    /// As [`AlertLog::append`].
    pub fn keep_what_is_ahead(&mut self) -> Result<(), Refused> {
        self.confirmed = self.on_disk;
        let mut last = [b'\n'];
        if let Some(at) = self.on_disk.checked_sub(1) {
            self.file.read_exact_at(&mut last, at).map_err(|error| Refused::Write(Fault::new("read", &self.path, error)))?;
        }
        if last == [b'\n'] { Ok(()) } else { self.append(b"\n") }
    }

    /// Writes what is pending.
    ///
    /// # Errors
    /// See [`Refused`]; what the disk took is not written again.
    pub fn flush(&mut self) -> Result<(), Refused> {
        self.compare()?;
        let mut written = 0;
        let outcome = write_on(&mut self.file, &self.pending, &mut written);
        self.pending.drain(..written);
        self.on_disk += written as u64;
        self.confirmed += written as u64;
        outcome.map_err(|error| Refused::Write(Fault::new("write", &self.path, error)))
    }

    /// Takes from what is pending what the file holds already.
    fn compare(&mut self) -> Result<(), Refused> {
        let known = usize::try_from(self.ahead()).unwrap_or(usize::MAX).min(self.pending.len());
        let mut found = vec![0; known];
        self.file.read_exact_at(&mut found, self.confirmed).map_err(|error| Refused::Write(Fault::new("read", &self.path, error)))?;
        if let Some(differs) = self.pending.iter().zip(&found).position(|(made, found)| made != found) {
            self.pending.clear();
            return Err(Refused::Diverged { at: self.confirmed + differs as u64 });
        }
        self.pending.drain(..known);
        self.confirmed += known as u64;
        Ok(())
    }
}

fn opened(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).append(true).create(true).mode(0o640).open(path)
}

/// Writes `bytes` from `*written` on, which is moved by what was taken, also where an error ends it.
///
/// # Errors
/// Those of writing.
pub fn write_on(to: &mut impl Write, bytes: &[u8], written: &mut usize) -> io::Result<()> {
    while let Some(rest) = bytes.get(*written..).filter(|rest| !rest.is_empty()) {
        match to.write(rest) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(taken) => *written += taken,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log_of(content: &[u8]) -> (tempfile::TempDir, AlertLog) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("alerts.jsonl");
        fs::write(&path, content).unwrap();
        let log = AlertLog::open(&path).unwrap();
        (folder, log)
    }

    fn content(log: &AlertLog) -> String {
        fs::read_to_string(&log.path).unwrap()
    }

    #[test]
    fn what_is_made_again_is_written_once_wherever_the_kill_fell() {
        let whole = b"{\"a\":1}\n{\"b\":2}\n{\"c\":3}\n";
        for on_disk in 8..=whole.len() {
            let (_folder, mut log) = log_of(&whole[..on_disk]);
            log.regenerate_from(8).unwrap();
            for line in [&whole[8..16], &whole[16..]] {
                log.append(line).unwrap();
            }
            assert_eq!(content(&log).as_bytes(), whole);
            assert_eq!((log.len(), log.ahead()), (whole.len() as u64, 0));
        }
    }

    #[test]
    fn another_content_is_reported_and_not_touched() {
        let (_folder, mut log) = log_of(b"same\nother\nto");
        log.regenerate_from(0).unwrap();
        log.append(b"same\n").unwrap();
        assert!(matches!(log.append(b"ours\n"), Err(Refused::Diverged { at: 6 })));
        assert_eq!((content(&log).as_str(), log.len(), log.ahead()), ("same\nother\nto", 5, 8));
        log.keep_what_is_ahead().unwrap();
        log.append(b"ours\n").unwrap();
        assert_eq!(content(&log), "same\nother\nto\nours\n");
        assert_eq!(log.len(), 19);
    }

    #[test]
    fn a_log_that_was_moved_away_is_begun_anew() {
        let (_folder, mut log) = log_of(b"old\n");
        log.follow_its_name().unwrap();
        log.append(b"older\n").unwrap();
        let aside = log.path.with_extension("1");
        fs::rename(&log.path, &aside).unwrap();
        log.follow_its_name().unwrap();
        log.append(b"new\n").unwrap();
        assert_eq!((content(&log).as_str(), log.len()), ("new\n", 4));
        assert_eq!(fs::read_to_string(aside).unwrap(), "old\nolder\n");
        fs::remove_file(&log.path).unwrap();
        log.follow_its_name().unwrap();
        log.append(b"newer\n").unwrap();
        assert_eq!(content(&log), "newer\n");
    }

    #[test]
    fn a_log_shorter_than_the_snapshot_says_is_not_its_log() {
        let (_folder, mut log) = log_of(b"one\n");
        assert!(matches!(log.regenerate_from(5), Err(Refused::Diverged { at: 4 })));
    }

    #[test]
    fn short_and_failed_writes_are_continued_where_they_stopped() {
        /// Takes three bytes, then is interrupted, then full, and so on.
        struct Tight(Vec<u8>, u8);
        impl Write for Tight {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.1 += 1;
                match self.1 % 3 {
                    1 => {
                        let taken = bytes.len().min(3);
                        self.0.extend(&bytes[..taken]);
                        Ok(taken)
                    }
                    2 => Err(io::ErrorKind::Interrupted.into()),
                    _ => Err(io::ErrorKind::StorageFull.into()),
                }
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let (mut disk, mut written, mut failures) = (Tight(Vec::new(), 0), 0, 0);
        while write_on(&mut disk, b"0123456789", &mut written).is_err() {
            failures += 1;
        }
        assert_eq!((disk.0.as_slice(), written, failures), (b"0123456789".as_slice(), 10, 3));
    }

    #[test]
    fn a_full_disk_keeps_the_bytes_for_the_next_try() {
        let Ok(mut log) = AlertLog::open(Path::new("/dev/full")) else { return };
        assert!(matches!(log.append(b"line\n"), Err(Refused::Write(fault)) if fault.kind() == io::ErrorKind::StorageFull));
        assert_eq!((log.len(), log.pending.as_slice()), (0, b"line\n".as_slice()));
        assert!(log.flush().is_err());
        assert_eq!(log.pending, b"line\n");
    }
}

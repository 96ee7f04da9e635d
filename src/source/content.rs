//! What a file holds, packed or not, and whether it still holds what was consumed of it.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

use super::archive::{Unpacked, is_packed_file, unpack};
use super::framing::{Piece, keep_last};
use crate::batch::{FileIdentity, Mark};

/// What the file system says of a file; equal only if nothing has happened to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stat {
    pub(super) identity: FileIdentity,
    pub(super) size: u64,
    /// Last write, nanoseconds since 1970.
    pub(super) modified: i64,
    /// Last change of content or name, nanoseconds since 1970.
    changed: i64,
    /// Names that it has; 0 = deleted.
    pub(super) links: u64,
}

impl Stat {
    /// Of a regular file.
    pub(super) fn of(metadata: &Metadata) -> io::Result<Stat> {
        if !metadata.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        let nanos = |seconds: i64, nanos: i64| seconds.saturating_mul(1_000_000_000).saturating_add(nanos);
        Ok(Stat {
            identity: FileIdentity { device: metadata.dev(), inode: metadata.ino() },
            size: metadata.size(),
            modified: nanos(metadata.mtime(), metadata.mtime_nsec()),
            changed: nanos(metadata.ctime(), metadata.ctime_nsec()),
            links: metadata.nlink(),
        })
    }
}

/// The beginning and the end of the consumed part of a file: what a [`Mark`] hashes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Trail {
    pub(super) offset: u64,
    head: Head,
    last: Vec<u8>,
}

/// The beginning of a file: its bytes while they are few, so that a shorter copy can be compared, then their hash.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Head {
    Bytes(Vec<u8>),
    Hash(u64),
}

impl Default for Head {
    fn default() -> Head {
        Head::Bytes(Vec::new())
    }
}

impl Trail {
    pub(super) fn consume(&mut self, piece: &Piece) {
        self.pass(&piece.bytes);
        keep_last(&mut self.last, &piece.end);
        self.offset += piece.consumed - piece.bytes.len() as u64;
    }

    fn pass(&mut self, bytes: &[u8]) {
        if let Head::Bytes(head) = &mut self.head {
            let room = Mark::HEAD.saturating_sub(head.len());
            head.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
            if head.len() >= Mark::HEAD {
                self.head = Head::Hash(Mark::hash(head));
            }
        }
        keep_last(&mut self.last, bytes);
        self.offset += bytes.len() as u64;
    }

    pub(super) fn mark(&self) -> Mark {
        let length = |bytes: &[u8]| u16::try_from(bytes.len()).unwrap_or(u16::MAX);
        let (head_len, head) = match &self.head {
            Head::Bytes(bytes) => (length(bytes), Mark::hash(bytes)),
            Head::Hash(hash) => (u16::try_from(Mark::HEAD).unwrap_or(u16::MAX), *hash),
        };
        Mark { head_len, head, last_len: length(&self.last), last: Mark::hash(&self.last) }
    }

    /// Without what was consumed last: enough to know a copy by.
    pub(super) fn head_only(&self) -> Trail {
        Trail { last: Vec::new(), ..self.clone() }
    }

    /// Whether a file that begins with `first` (its first [`Mark::HEAD`] bytes, or all it has) may be a copy of this one.
    pub(super) fn begins_with(&self, first: &[u8]) -> bool {
        match &self.head {
            Head::Bytes(bytes) => bytes.starts_with(first),
            Head::Hash(hash) => first.len() == Mark::HEAD && Mark::hash(first) == *hash,
        }
    }
}

/// An open file.
pub(super) enum Content {
    /// As it lies on disk.
    Plain(File),
    /// Unpacked as it is read, from its start only.
    Packed { reader: Unpacked, trail: Trail },
}

impl Content {
    /// Opens a regular file.
    pub(super) fn open(path: &Path) -> io::Result<(Content, Stat)> {
        // Not to be kept waiting by a pipe: only a regular file is opened.
        Stat::of(&std::fs::metadata(path)?)?;
        let mut file = File::open(path)?;
        let stat = Stat::of(&file.metadata()?)?;
        let content = if is_packed_file(&mut file)? {
            Content::Packed { reader: unpack(file)?, trail: Trail::default() }
        } else {
            Content::Plain(file)
        };
        Ok((content, stat))
    }

    pub(super) fn is_packed(&self) -> bool {
        matches!(self, Content::Packed { .. })
    }

    /// Reads at an offset, of a packed file no earlier one than before; 0 at the end.
    pub(super) fn read(&mut self, at: u64, room: &mut [u8]) -> io::Result<usize> {
        match self {
            Content::Plain(file) => retry(|| file.read_at(room, at)),
            Content::Packed { reader, trail } => {
                if !skip(reader, trail, at)? {
                    return Ok(0);
                }
                let read = retry(|| reader.read(room))?;
                trail.pass(room.get(..read).unwrap_or_default());
                Ok(read)
            }
        }
    }

    /// As many of `length` bytes at an offset as there are.
    pub(super) fn read_all(&mut self, at: u64, length: usize) -> io::Result<Vec<u8>> {
        let (mut bytes, mut filled) = (vec![0; length], 0);
        while let Some(room) = bytes.get_mut(filled..).filter(|room| !room.is_empty()) {
            match self.read(at + filled as u64, room)? {
                0 => break,
                read => filled += read,
            }
        }
        bytes.truncate(filled);
        Ok(bytes)
    }

    /// The trail that its first `offset` bytes leave; `None` where it is shorter.
    pub(super) fn trail(&mut self, offset: u64) -> io::Result<Option<Trail>> {
        if let Content::Packed { reader, trail } = self {
            return Ok(skip(reader, trail, offset)?.then(|| trail.clone()));
        }
        let within = |most: usize| usize::try_from(offset).map_or(most, |offset| offset.min(most));
        let (head_len, last_len) = (within(Mark::HEAD), within(Mark::LAST));
        let last = self.read_all(offset - last_len as u64, last_len)?;
        let head = self.read_all(0, head_len)?;
        if last.len() < last_len || head.len() < head_len {
            return Ok(None);
        }
        let head = if head_len < Mark::HEAD { Head::Bytes(head) } else { Head::Hash(Mark::hash(&head)) };
        Ok(Some(Trail { offset, head, last }))
    }

    /// Whether its first bytes are those that left `trail`.
    pub(super) fn holds(&mut self, trail: &Trail) -> io::Result<bool> {
        Ok(self.trail(trail.offset)?.as_ref() == Some(trail))
    }
}

/// Unpacks up to an offset; false where the content ends before it, or lies behind.
fn skip(reader: &mut Unpacked, trail: &mut Trail, to: u64) -> io::Result<bool> {
    let mut room = [0; 16 * 1024];
    while trail.offset < to {
        let most = usize::try_from(to - trail.offset).map_or(room.len(), |left| left.min(room.len()));
        let read = retry(|| reader.read(room.get_mut(..most).unwrap_or_default()))?;
        if read == 0 {
            return Ok(false);
        }
        trail.pass(room.get(..read).unwrap_or_default());
    }
    Ok(trail.offset == to)
}

fn retry(mut read: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match read() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    #[test]
    fn a_trail_is_the_same_by_reading_on_by_looking_again_and_unpacked() {
        let folder = tempfile::tempdir().unwrap();
        let bytes: Vec<u8> = (0..3000_u32).flat_map(|i| format!("line {i}\n").into_bytes()).collect();
        let (plain, packed) = (folder.path().join("plain"), folder.path().join("packed"));
        fs::write(&plain, &bytes).unwrap();
        let mut encoder = GzEncoder::new(fs::File::create(&packed).unwrap(), Compression::fast());
        encoder.write_all(&bytes).unwrap();
        encoder.finish().unwrap();
        for end in [0, 1, 7, 1023, 1024, 1025, 4095, 4096, 4097, bytes.len()] {
            let mut walked = Trail::default();
            for chunk in bytes[..end].chunks(700) {
                walked.consume(&Piece { bytes: chunk.to_vec(), consumed: chunk.len() as u64, end: Vec::new() });
            }
            for path in [&plain, &packed] {
                let trail = Content::open(path).unwrap().0.trail(end as u64).unwrap().unwrap();
                assert_eq!(trail, walked, "{end}");
                assert_eq!(trail.mark(), walked.mark());
            }
        }
        assert_eq!(Content::open(&plain).unwrap().0.trail(bytes.len() as u64 + 1).unwrap(), None);
        assert_eq!(Content::open(&packed).unwrap().0.trail(bytes.len() as u64 + 1).unwrap(), None);
    }

    #[test]
    fn only_regular_files_are_opened() {
        assert!(Content::open(Path::new("/dev/null")).is_err_and(|error| error.to_string() == "not a regular file"));
    }
}

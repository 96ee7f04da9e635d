//! Finished files: plain, gzip, zstd or stdin, told apart by their first bytes and never by their names.
//!
//! A compressed file is a stream of any length in bounded memory; nothing is unpacked to disk. RFC 1952 (gzip, several
//! members make one file), RFC 8878 (zstd, several frames make one file).

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::UNIX_EPOCH;

use flate2::bufread::MultiGzDecoder;
use parsers::Time;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::framing::{Blocks, Piece};
use crate::fault::Fault;

/// A finished file, read as blocks of whole lines.
pub struct Archive {
    blocks: Blocks<Unpacked>,
    path: Box<Path>,
    /// Size on disk in bytes; `None` for stdin.
    pub size: Option<u64>,
    /// When the file was last written, for stamps without a year; `None` for stdin.
    pub modified: Option<Time>,
    read: Arc<AtomicU64>,
}

impl Archive {
    /// Opens a file; `-` is stdin.
    ///
    /// # Errors
    /// The file is missing, not readable or a folder.
    pub fn open(path: &Path) -> Result<Archive, Fault> {
        let read = Arc::new(AtomicU64::new(0));
        if path.as_os_str() == "-" {
            let counted = Counted { inner: Box::new(io::stdin()), read: Arc::clone(&read) };
            let unpacked = unpack(counted).map_err(Fault::at("read", path))?;
            return Ok(Archive { blocks: Blocks::live(unpacked), path: path.into(), size: None, modified: None, read });
        }
        let file = File::open(path).map_err(Fault::at("open", path))?;
        let metadata = file.metadata().map_err(Fault::at("open", path))?;
        if metadata.is_dir() {
            return Err(Fault::new("open", path, io::ErrorKind::IsADirectory.into()));
        }
        let modified = metadata.modified().ok().and_then(|time| {
            let since = time.duration_since(UNIX_EPOCH).ok()?;
            i64::try_from(since.as_nanos()).ok().map(Time)
        });
        let counted = Counted { inner: Box::new(file), read: Arc::clone(&read) };
        let unpacked = unpack(counted).map_err(Fault::at("read", path))?;
        Ok(Archive { blocks: Blocks::full(unpacked), path: path.into(), size: Some(metadata.len()), modified, read })
    }

    /// The next lines; `None` at the end.
    ///
    /// # Errors
    /// The file is broken; what could be read before it has been given out. Named with the offset on disk reached.
    pub fn next_piece(&mut self) -> Result<Option<Piece>, Fault> {
        self.blocks.next_piece().map_err(|cause| {
            let at = self.bytes_read();
            Fault::new("read", &self.path, io::Error::new(cause.kind(), format!("{cause} (by byte {at} of the file)")))
        })
    }

    /// Takes the bytes of a piece back when nobody reads them any more.
    pub fn reuse(&mut self, bytes: Vec<u8>) {
        self.blocks.reuse(bytes);
    }

    /// Bytes of the file (as it lies on disk, packed or not) read so far.
    pub fn bytes_read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }
}

/// The content of a file.
pub(super) type Unpacked = Box<dyn Read + Send>;

/// Counts the bytes that pass.
struct Counted {
    inner: Unpacked,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(room)?;
        self.read.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

const GZIP: [u8; 3] = [0x1f, 0x8b, 0x08];
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Whether `first`, the first bytes of a file, begin a compressed file.
pub(super) fn is_packed(first: &[u8]) -> bool {
    first.starts_with(&GZIP) || first.starts_with(&ZSTD)
}

/// Whether `file` is compressed. Its reading position goes to the start.
pub(super) fn is_packed_file(file: &mut File) -> io::Result<bool> {
    let mut first = Vec::new();
    file.by_ref().take(4).read_to_end(&mut first)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(is_packed(&first))
}

/// The content of what `packed` holds, compressed or not.
pub(super) fn unpack(mut packed: impl Read + Send + 'static) -> io::Result<Unpacked> {
    // One read at a time: the first line of an open pipe must not wait for a fourth byte of the second.
    let mut first = Vec::with_capacity(4);
    while first.len() < 4 && (first.is_empty() || GZIP.starts_with(&first) || ZSTD.starts_with(&first)) {
        let mut few = [0; 4];
        let room = few.get_mut(first.len()..).unwrap_or_default();
        match packed.read(room) {
            Ok(0) => break,
            Ok(read) => first.extend_from_slice(room.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let (gzip, zstd) = (first.starts_with(&GZIP), first.starts_with(&ZSTD));
    let whole = io::Cursor::new(first).chain(packed);
    Ok(if gzip {
        Box::new(MultiGzDecoder::new(BufReader::with_capacity(64 * 1024, whole)))
    } else if zstd {
        Box::new(Frames { packed: BufReader::with_capacity(64 * 1024, whole), decoder: FrameDecoder::new(), inside: false })
    } else {
        Box::new(whole)
    })
}

/// Zstandard frames one after the other.
struct Frames<R> {
    packed: BufReader<R>,
    decoder: FrameDecoder,
    inside: bool,
}

impl<R: Read> Frames<R> {
    /// Steps into the next frame; false where there is none.
    fn enter(&mut self) -> Result<bool, Box<dyn std::error::Error + Send + Sync>> {
        loop {
            if self.packed.fill_buf()?.is_empty() {
                return Ok(false);
            }
            match self.decoder.reset(&mut self.packed) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                    io::copy(&mut self.packed.by_ref().take(length.into()), &mut io::sink())?;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn decode(&mut self, room: &mut [u8]) -> Result<usize, Box<dyn std::error::Error + Send + Sync>> {
        loop {
            if !self.inside && !self.enter()? {
                return Ok(0);
            }
            self.inside = true;
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                self.decoder.decode_blocks(&mut self.packed, BlockDecodingStrategy::UptoBlocks(1))?;
            }
            let read = self.decoder.read(room)?;
            if read > 0 {
                return Ok(read);
            }
            self.inside = false;
            let (stored, found) = (self.decoder.get_checksum_from_data(), self.decoder.get_calculated_checksum());
            if stored.is_some() && stored != found {
                return Err("checksum mismatch".into());
            }
        }
    }
}

impl<R: Read> Read for Frames<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if room.is_empty() {
            return Ok(0);
        }
        self.decode(room).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(bytes: &[u8]) -> Vec<u8> {
        compress_to_vec(bytes, CompressionLevel::Fastest)
    }

    /// All lines of a file of these bytes, and the error it ends with.
    fn read(bytes: &[u8]) -> (Vec<u8>, Option<String>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fw.log");
        fs::write(&path, bytes).unwrap();
        let mut archive = Archive::open(&path).unwrap();
        let mut content = Vec::new();
        loop {
            match archive.next_piece() {
                Ok(Some(piece)) => content.extend(piece.bytes),
                Ok(None) => {
                    assert_eq!(archive.bytes_read(), bytes.len() as u64, "progress reaches the size");
                    return (content, None);
                }
                Err(fault) => return (content, Some(fault.to_string())),
            }
        }
    }

    fn sample() -> Vec<u8> {
        (0..50_000).flat_map(|i| format!("line {i} of fourn.chimere\n").into_bytes()).collect()
    }

    #[test]
    fn the_first_bytes_decide_how_a_file_is_read() {
        let half = sample();
        let whole = [half.clone(), half.clone()].concat();
        let skipped = [0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9, 9];
        let cases: [(&str, Vec<u8>, &[u8]); 9] = [
            ("plain", whole.clone(), &whole),
            ("gzip", gzip(&whole), &whole),
            ("gzip, two members", [gzip(&half), gzip(&half)].concat(), &whole),
            ("zstd", zstd(&whole), &whole),
            ("zstd, two frames and one to skip", [zstd(&half), skipped.to_vec(), zstd(&half)].concat(), &whole),
            ("empty", Vec::new(), b""),
            ("one byte", b"x".to_vec(), b"x"),
            ("first byte of gzip alone", vec![0x1f], &[0x1f]),
            ("three bytes of zstd alone", vec![0x28, 0xb5, 0x2f], &[0x28, 0xb5, 0x2f]),
        ];
        for (name, bytes, content) in cases {
            let (found, error) = read(&bytes);
            assert_eq!(error, None, "{name}");
            assert!(found == content, "{name}");
        }
    }

    #[test]
    fn a_broken_archive_gives_what_could_be_read_and_then_its_name_and_offset() {
        let whole = sample();
        for packed in [gzip(&whole), zstd(&whole)] {
            let (found, error) = read(&packed[..packed.len() / 2]);
            assert!(!found.is_empty() && whole.starts_with(&found));
            let error = error.unwrap();
            assert!(error.contains("fw.log: cannot read: ") && error.contains("by byte "), "{error}");
        }
        let mut flipped = zstd(&whole);
        let last = flipped.len() - 1;
        flipped[last] ^= 1;
        assert!(read(&flipped).1.unwrap().contains("checksum"));
    }

    #[test]
    fn a_missing_file_and_a_folder_are_named() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Archive::open(folder.path()).err().unwrap().to_string().contains("cannot open"));
        assert_eq!(Archive::open(&folder.path().join("none")).err().unwrap().kind(), io::ErrorKind::NotFound);
    }
}

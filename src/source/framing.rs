//! Bytes in, blocks of whole lines out.
//!
//! A line ends with LF; the bytes after the last LF of a finished input are a line too. A line longer than
//! [`LINE_LIMIT`] keeps its first bytes, and the rest up to its LF is dropped without being held; a piece ends right
//! after such a line, so the bytes of a piece are always the first bytes of the range that it covers. How the input
//! arrives never changes the lines, only how many of them share a piece.

use std::io::{self, Read};
use std::mem;

use memchr::{memchr, memrchr};

use crate::batch::Mark;

/// Bytes of a block, give or take a line.
pub const BLOCK: usize = 256 * 1024;
/// The most bytes of one line that are kept, its LF not counted.
pub const LINE_LIMIT: usize = 64 * 1024;

/// Some whole lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Piece {
    /// The lines with their line ends.
    pub bytes: Vec<u8>,
    /// Bytes of the input covered: more than `bytes` holds where the last line was cut.
    pub consumed: u64,
    /// Of a cut line, the last bytes covered (at most [`Mark::LAST`]); else empty.
    pub end: Vec<u8>,
}

/// Holds the bytes that are not a whole line yet.
#[derive(Debug, Default)]
pub struct Framer {
    held: Vec<u8>,
    cut: Option<Cut>,
}

/// The rest of a line that is too long: `held` ends with the part that is kept.
#[derive(Debug, Default)]
struct Cut {
    dropped: u64,
    end: Vec<u8>,
}

impl Framer {
    /// Bytes taken in and not given out yet.
    pub fn pending(&self) -> u64 {
        self.held.len() as u64 + self.cut.as_ref().map_or(0, |cut| cut.dropped)
    }

    /// Whether it is dropping the rest of a line: what it holds is bounded, what it stands for is not.
    pub fn is_cutting(&self) -> bool {
        self.cut.is_some()
    }

    /// Forgets what is pending.
    pub fn clear(&mut self) {
        *self = Framer::default();
    }

    /// Takes `bytes` in; gives the piece that they complete. While it gives a piece it may hold another one:
    /// ask [`Framer::pull`] until it gives none.
    pub fn push(&mut self, bytes: &[u8]) -> Option<Piece> {
        match &mut self.cut {
            None => self.held.extend_from_slice(bytes),
            Some(cut) => match memchr(b'\n', bytes) {
                None => cut.drop(bytes),
                Some(lf) => {
                    let (rest, after) = bytes.split_at(lf + 1);
                    cut.drop(rest);
                    return Some(self.give_cut(after));
                }
            },
        }
        self.pull()
    }

    /// The whole lines that are held, if any.
    pub fn pull(&mut self) -> Option<Piece> {
        if self.cut.is_some() {
            return None;
        }
        let lines = whole_lines(&self.held);
        if self.held.len() - lines <= LINE_LIMIT {
            return (lines > 0).then(|| {
                let rest = self.held.get(lines..).unwrap_or_default().to_vec();
                self.held.truncate(lines);
                let bytes = mem::replace(&mut self.held, rest);
                Piece { consumed: bytes.len() as u64, bytes, end: Vec::new() }
            });
        }
        let dropped = self.held.split_off(lines + LINE_LIMIT);
        self.cut = Some(Cut::default());
        self.push(&dropped)
    }

    /// What is held at the end of the input: its last line, where that has no line end.
    pub fn finish(&mut self) -> Option<Piece> {
        if self.cut.is_some() {
            return Some(self.give_cut(&[]));
        }
        let bytes = mem::take(&mut self.held);
        (!bytes.is_empty()).then(|| Piece { consumed: bytes.len() as u64, bytes, end: Vec::new() })
    }

    fn give_cut(&mut self, after: &[u8]) -> Piece {
        let cut = self.cut.take().unwrap_or_default();
        let bytes = mem::replace(&mut self.held, after.to_vec());
        Piece { consumed: bytes.len() as u64 + cut.dropped, bytes, end: cut.end }
    }
}

impl Cut {
    fn drop(&mut self, bytes: &[u8]) {
        self.dropped += bytes.len() as u64;
        keep_last(&mut self.end, bytes);
    }
}

/// Appends `bytes` to `last` and keeps the last [`Mark::LAST`] bytes.
pub(super) fn keep_last(last: &mut Vec<u8>, bytes: &[u8]) {
    let bytes = bytes.get(bytes.len().saturating_sub(Mark::LAST)..).unwrap_or(bytes);
    last.extend_from_slice(bytes);
    last.drain(..last.len().saturating_sub(Mark::LAST));
}

/// Length of the leading lines that end and of which none is too long. What follows is an unfinished line, or, if it
/// is longer than [`LINE_LIMIT`], a line that is too long.
fn whole_lines(bytes: &[u8]) -> usize {
    let mut at = 0;
    loop {
        // Every line that begins here and is short enough ends within this window: the last LF in it skips them all.
        let rest = bytes.get(at..).unwrap_or_default();
        let window = rest.get(..=LINE_LIMIT).unwrap_or(rest);
        match memrchr(b'\n', window) {
            Some(lf) => at += lf + 1,
            None => return at,
        }
    }
}

/// Blocks of whole lines from any reader.
pub struct Blocks<R> {
    reader: R,
    framer: Framer,
    spare: Vec<u8>,
    fill: bool,
    ended: bool,
    failure: Option<io::Error>,
}

impl<R: Read> Blocks<R> {
    /// Blocks of about [`BLOCK`] bytes, for input that is all there.
    pub fn full(reader: R) -> Blocks<R> {
        Blocks { reader, framer: Framer::default(), spare: Vec::new(), fill: true, ended: false, failure: None }
    }

    /// After each read what whole lines it brought, for input that may keep us waiting.
    pub fn live(reader: R) -> Blocks<R> {
        Blocks { fill: false, ..Blocks::full(reader) }
    }

    /// Takes the bytes of a piece back when nobody reads them any more: the next block is read into them.
    pub fn reuse(&mut self, bytes: Vec<u8>) {
        self.spare = bytes;
    }

    /// The next piece; `None` at the end of the input.
    ///
    /// # Errors
    /// What the reader says, once, after the lines before it (an unfinished one too) have been given out.
    pub fn next_piece(&mut self) -> io::Result<Option<Piece>> {
        loop {
            if let Some(piece) = self.framer.pull() {
                return Ok(Some(piece));
            }
            if self.ended {
                let last = self.framer.finish();
                return if last.is_some() { Ok(last) } else { self.failure.take().map_or(Ok(None), Err) };
            }
            if let Some(piece) = self.read() {
                return Ok(Some(piece));
            }
        }
    }

    fn read(&mut self) -> Option<Piece> {
        if self.framer.is_cutting() || !self.fill {
            let mut chunk = vec![0; 64 * 1024];
            let read = self.read_once(&mut chunk);
            return self.framer.push(chunk.get(..read).unwrap_or_default());
        }
        // A full block is read in place, behind the unfinished line of the one before it.
        let held = mem::take(&mut self.framer.held);
        let mut filled = held.len();
        let mut block = mem::take(&mut self.spare);
        block.resize(filled.max(BLOCK), 0);
        if let Some(start) = block.get_mut(..filled) {
            start.copy_from_slice(&held);
        }
        while let Some(room) = block.get_mut(filled..).filter(|room| !room.is_empty()) {
            match self.read_once(room) {
                0 => break,
                read => filled += read,
            }
        }
        block.truncate(filled);
        self.framer.held = block;
        None
    }

    /// Bytes read; 0 at the end, which a failure is too.
    fn read_once(&mut self, room: &mut [u8]) -> usize {
        loop {
            match self.reader.read(room) {
                Ok(0) => self.ended = true,
                Ok(read) => return read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    self.ended = true;
                    self.failure = Some(error);
                }
            }
            return 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Gives its bytes in portions.
    struct Portions<'a> {
        bytes: &'a [u8],
        sizes: Vec<usize>,
    }

    impl Read for Portions<'_> {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            let size = self.sizes.pop().unwrap_or(usize::MAX).clamp(1, room.len()).min(self.bytes.len());
            let (now, later) = self.bytes.split_at(size);
            room[..size].copy_from_slice(now);
            self.bytes = later;
            Ok(size)
        }
    }

    fn pieces<R: Read>(mut blocks: Blocks<R>) -> Vec<Piece> {
        let mut pieces = Vec::new();
        while let Some(piece) = blocks.next_piece().unwrap() {
            pieces.push(piece.clone());
            // Some are given back, and what they hold must not show in the next one.
            if pieces.len() % 3 > 0 {
                blocks.reuse(piece.bytes);
            }
        }
        pieces
    }

    fn lines(pieces: &[Piece]) -> Vec<Vec<u8>> {
        pieces.iter().flat_map(|piece| piece.bytes.split_inclusive(|&b| b == b'\n').map(<[u8]>::to_vec)).collect()
    }

    /// What the lines ought to be.
    fn naive(input: &[u8]) -> Vec<Vec<u8>> {
        let cut = |line: &[u8]| {
            let content = line.strip_suffix(b"\n").unwrap_or(line);
            if content.len() > LINE_LIMIT { content[..LINE_LIMIT].to_vec() } else { line.to_vec() }
        };
        input.split_inclusive(|&b| b == b'\n').map(cut).collect()
    }

    /// Checks lines, ranges and ends of the pieces against the input.
    fn check(input: &[u8], pieces: &[Piece]) {
        assert_eq!(lines(pieces), naive(input));
        let mut at = 0;
        for piece in pieces {
            let end = at + usize::try_from(piece.consumed).unwrap();
            let range = &input[at..end];
            assert!(range.starts_with(&piece.bytes));
            assert!(range.ends_with(&piece.end));
            let cut = range.len() > piece.bytes.len();
            assert_eq!(piece.end.len(), if cut { Mark::LAST.min(range.len() - piece.bytes.len()) } else { 0 });
            at = end;
        }
        assert_eq!(at, input.len(), "every byte is covered");
    }

    #[test]
    fn lines_at_the_limit_are_whole_and_longer_ones_are_cut() {
        for length in [0, 1, LINE_LIMIT - 1, LINE_LIMIT, LINE_LIMIT + 1, LINE_LIMIT + 2, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK] {
            for ending in ["", "\n", "\nnext", "\nnext\n"] {
                let input = [b"first\n".as_slice(), &vec![b'x'; length], ending.as_bytes()].concat();
                check(&input, &pieces(Blocks::full(input.as_slice())));
                check(&input, &pieces(Blocks::live(input.as_slice())));
            }
        }
    }

    #[test]
    fn a_line_without_end_is_dropped_in_constant_memory() {
        let mut framer = Framer::default();
        let chunk = vec![b'x'; BLOCK];
        for _ in 0..200 {
            assert_eq!(framer.push(&chunk), None);
            assert!(framer.held.capacity() <= 2 * BLOCK);
        }
        let piece = framer.push(b"\nnext\n").unwrap();
        assert_eq!((piece.bytes.len(), piece.consumed), (LINE_LIMIT, 200 * BLOCK as u64 + 1));
        assert_eq!(framer.pull().unwrap().bytes, b"next\n");
    }

    #[test]
    fn whole_lines_are_given_as_soon_as_they_are_read() {
        let mut blocks = Blocks::live(Portions { bytes: b"a\nb", sizes: vec![1, 1, 1] });
        assert_eq!(blocks.next_piece().unwrap().unwrap().bytes, b"a\n");
    }

    #[test]
    fn what_was_read_before_an_error_is_given_first() {
        struct Broken(bool);
        impl Read for Broken {
            fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
                if std::mem::replace(&mut self.0, true) {
                    return Err(io::Error::other("broken"));
                }
                room[..5].copy_from_slice(b"a\nb\nc");
                Ok(5)
            }
        }
        let mut blocks = Blocks::full(Broken(false));
        assert_eq!(blocks.next_piece().unwrap().unwrap().bytes, b"a\nb\n");
        assert_eq!(blocks.next_piece().unwrap().unwrap().bytes, b"c");
        assert_eq!(blocks.next_piece().unwrap_err().to_string(), "broken");
        assert_eq!(blocks.next_piece().unwrap(), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn portions_never_change_the_lines(
            lengths in prop::collection::vec(prop_oneof![8 => 0..40_usize, 1 => LINE_LIMIT - 2..LINE_LIMIT + 3, 1 => 0..2 * BLOCK], 0..12),
            ended in any::<bool>(),
            sizes in prop::collection::vec(prop_oneof![1..9_usize, 1..70_000_usize], 0..60),
        ) {
            let mut input = Vec::new();
            for (at, length) in lengths.iter().enumerate() {
                input.extend((0..*length).map(|i| b'a' + u8::try_from((at + i) % 26).unwrap()));
                input.push(b'\n');
            }
            if !ended {
                input.pop();
            }
            check(&input, &pieces(Blocks::full(Portions { bytes: &input, sizes: sizes.clone() })));
            check(&input, &pieces(Blocks::live(Portions { bytes: &input, sizes })));
        }
    }
}

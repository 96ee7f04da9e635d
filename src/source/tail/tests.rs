//! The faults of tailing, one test each, on real files. A look is taken where a test says so; nothing sleeps.

mod content;
mod random;
mod rotation;

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, symlink};

use flate2::{Compression, write::GzEncoder};
use tempfile::TempDir;

use super::*;
use crate::batch::{Mark, Positions};
use crate::source::framing::LINE_LIMIT;
use crate::source::reread::{Missing, Range, Rereader};

/// A folder of logs, a tail that follows them, and a caller that keeps what a caller keeps.
struct World {
    folder: TempDir,
    pattern: String,
    tail: Tail,
    positions: Positions,
    next_file: u32,
    now: Time,
    written: usize,
    read: Vec<String>,
    batches: Vec<(Position, Range, Vec<u8>)>,
    gaps: Vec<Option<u64>>,
    problems: Vec<String>,
    gone: usize,
}

impl World {
    fn new(pattern: &str) -> World {
        let folder = tempfile::tempdir().unwrap();
        let tail = Tail::resume(0, &folder.path().join(pattern), Vec::new(), 0, false);
        World {
            folder,
            pattern: pattern.to_owned(),
            tail,
            positions: Positions::default(),
            next_file: 0,
            now: Time(0),
            written: 0,
            read: Vec::new(),
            batches: Vec::new(),
            gaps: Vec::new(),
            problems: Vec::new(),
            gone: 0,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn append(&self, name: &str, text: &str) {
        let mut file = OpenOptions::new().append(true).create(true).open(self.path(name)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    /// Appends numbered lines.
    fn lines(&mut self, name: &str, count: usize) {
        let text =
            (self.written..self.written + count).map(|number| format!("line {number} of fourn.chimere\n")).collect::<Vec<_>>().concat();
        self.written += count;
        self.append(name, &text);
    }

    /// How many files rotation left, from number 1 on.
    fn rotated(&self, name: &str) -> usize {
        (1..1000).take_while(|number| self.path(&format!("{name}.{number}")).exists()).count()
    }

    /// Renames as logrotate does: `fw.log.1` to `fw.log.2` and so on, then `fw.log` to `fw.log.1`.
    fn shift(&self, name: &str) {
        for number in (1..=self.rotated(name)).rev() {
            self.rename(&format!("{name}.{number}"), &format!("{name}.{}", number + 1));
        }
    }

    fn rotate(&self, name: &str) {
        self.shift(name);
        self.rename(name, &format!("{name}.1"));
        File::create(self.path(name)).unwrap();
    }

    fn copy_truncate(&self, name: &str) {
        self.shift(name);
        fs::copy(self.path(name), self.path(&format!("{name}.1"))).unwrap();
        File::options().write(true).truncate(true).open(self.path(name)).unwrap();
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    fn gzip(&self, name: &str) {
        // The first one compressed is the oldest and gets the greatest number.
        let free = (100..1000).rev().find(|number| !self.path(&format!("fw.log.{number}.gz")).exists()).unwrap();
        let to = File::create(self.path(&format!("fw.log.{free}.gz"))).unwrap();
        let modified = fs::metadata(self.path(name)).unwrap().modified().unwrap();
        let mut encoder = GzEncoder::new(to, Compression::fast());
        encoder.write_all(&fs::read(self.path(name)).unwrap()).unwrap();
        encoder.finish().unwrap().set_modified(modified).unwrap();
        fs::remove_file(self.path(name)).unwrap();
    }

    fn poll_with(&mut self, budget: usize) -> usize {
        let before = self.tail.ordinal();
        self.now = self.now.plus(parsers::time::SECOND / 4);
        let found = self.tail.poll(budget, self.now, &mut self.next_file);
        let (count, mut ordinal) = (found.len(), before);
        for found in found {
            match found {
                Found::File(position) => self.positions.found(0, position),
                Found::Batch(batch) => {
                    assert_eq!(batch.ordinal, ordinal);
                    ordinal += batch.consumed;
                    let position = self.positions.of_file(batch.file).unwrap().clone();
                    if position.offset != batch.offset {
                        assert!(position.offset < batch.offset, "{position:?}");
                    }
                    self.positions.consumed(batch.file, batch.offset + batch.consumed, batch.mark);
                    let range = Range { offset: batch.offset, length: batch.bytes.len(), consumed: batch.consumed, mark: batch.mark };
                    self.read.extend(
                        batch.bytes.split_inclusive(|&b| b == b'\n').map(|line| String::from_utf8_lossy(line).trim_end().to_owned()),
                    );
                    self.batches.push((position, range, batch.bytes));
                }
                Found::Gone { file } => {
                    self.gone += 1;
                    self.positions.gone(file);
                }
                Found::Gap { bytes, .. } => self.gaps.push(bytes),
                Found::Problem { error, .. } => self.problems.push(error.to_string()),
            }
        }
        assert_eq!(self.tail.ordinal(), ordinal);
        count
    }

    fn poll(&mut self) -> usize {
        self.poll_with(1 << 20)
    }

    /// Looks until nothing comes any more.
    fn drain(&mut self) {
        let mut quiet = 0;
        while quiet < 6 {
            quiet = if self.poll() == 0 { quiet + 1 } else { 0 };
        }
    }

    fn restart(&mut self) {
        self.tail = Tail::resume(0, &self.path(&self.pattern), self.positions.of_source(0), self.tail.ordinal(), false);
    }

    /// Every numbered line once, in order, and nothing lost.
    fn check(&mut self) {
        self.drain();
        let expected: Vec<String> = (0..self.written).map(|number| format!("line {number} of fourn.chimere")).collect();
        if self.read != expected {
            let lost: Vec<_> = expected.iter().filter(|line| !self.read.contains(line)).collect();
            let mut sorted = self.read.clone();
            sorted.sort();
            let twice: Vec<_> = sorted.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| &pair[0]).collect();
            let few = |lines: &[&String]| format!("{} {:?}", lines.len(), &lines[..lines.len().min(6)]);
            let (lost, twice) = (few(&lost), few(&twice));
            let files: Vec<_> = fs::read_dir(self.folder.path())
                .unwrap()
                .map(|entry| (entry.as_ref().unwrap().file_name(), entry.unwrap().metadata().unwrap()))
                .map(|(name, metadata)| {
                    (name, metadata.ino(), metadata.mtime(), metadata.mtime_nsec(), metadata.ctime_nsec(), metadata.size())
                })
                .collect();
            let at = self.read.iter().zip(&expected).position(|(read, expected)| read != expected);
            eprintln!("differs at {at:?} {:?} {files:#?}", at.and_then(|at| self.read.get(at..).map(|rest| &rest[..rest.len().min(4)])));
            panic!("{} of {} lines; lost {lost}, twice {twice}", self.read.len(), expected.len());
        }
        assert_eq!(self.gaps, []);
    }
}

/// Every batch is found again with the same bytes.
fn reread_all(world: &World) {
    let mut again = Rereader::default();
    for (position, range, bytes) in &world.batches {
        assert!(again.read(position, *range).unwrap() == *bytes, "{position:?} {range:?}");
    }
}

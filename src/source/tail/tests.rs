//! The faults of tailing, one test each, on real files. A look is taken where a test says so; nothing sleeps.

mod random;

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
        let text: String = (self.written..self.written + count).map(|number| format!("line {number} of fourn.chimere\n")).collect();
        self.written += count;
        self.append(name, &text);
    }

    /// Renames as logrotate does: `fw.log.1` to `fw.log.2` and so on, then `fw.log` to `fw.log.1`.
    fn shift(&self, name: &str) {
        let count = (1..).take_while(|number| self.path(&format!("{name}.{number}")).exists()).count();
        for number in (1..=count).rev() {
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
        let found = self.tail.poll(budget, Time(0), &mut self.next_file);
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
                .map(|(name, metadata)| (name, metadata.ino(), metadata.mtime(), metadata.mtime_nsec(), metadata.ctime_nsec(), metadata.size()))
                .collect();
            let at = self.read.iter().zip(&expected).position(|(read, expected)| read != expected);
            eprintln!("differs at {at:?} {:?} {files:#?}", at.and_then(|at| self.read.get(at..).map(|rest| &rest[..rest.len().min(4)])));
            panic!("{} of {} lines; lost {lost}, twice {twice}", self.read.len(), expected.len());
        }
        assert_eq!(self.gaps, []);
    }
}

#[test]
fn t1_an_inode_used_again_after_a_restart_is_a_new_file() {
    let mut world = World::new("fw.log");
    world.lines("fw.log", 5);
    world.drain();
    let before = world.positions.of_source(0).pop().unwrap();
    // The same number, another file: what an inode used again looks like.
    let mut text = fs::read(world.path("fw.log")).unwrap();
    text[0] = b'L';
    fs::write(world.path("fw.log"), text).unwrap();
    assert_eq!(fs::metadata(world.path("fw.log")).unwrap().ino(), before.identity.inode);
    world.restart();
    world.drain();
    assert_eq!(world.read.len(), 10);
    assert_eq!(world.read[5], "Line 0 of fourn.chimere");
    assert_eq!(world.gaps, [None]);
}

#[test]
fn t2_rotation_while_down_is_read_on_oldest_to_newest() {
    for rotations in 1..5 {
        let mut world = World::new("fw.log");
        world.lines("fw.log", 5);
        world.drain();
        world.lines("fw.log", 3);
        for _ in 0..rotations {
            world.rotate("fw.log");
            world.lines("fw.log", 2);
        }
        world.restart();
        world.check();
    }
}

#[test]
fn t2_what_was_rotated_before_the_first_start_is_not_read() {
    let mut world = World::new("fw.log");
    world.append("fw.log.1", "old\n");
    world.append("fw.log-20261101", "old\n");
    world.lines("fw.log", 2);
    world.check();
    world.rotate("fw.log");
    world.lines("fw.log", 2);
    world.check();
    world.restart();
    world.check();
}

#[test]
fn t2_names_with_dates_and_numbers_that_rise_are_followed() {
    for names in [["fw.log-20261120", "fw.log-20261121"], ["fw-20261120.log", "fw-20261121.log"], ["fw.log.1", "fw.log.2"]] {
        let mut world = World::new("fw.log");
        world.lines("fw.log", 2);
        world.drain();
        for name in names {
            world.rename("fw.log", name);
            world.lines("fw.log", 2);
            let file = File::options().write(true).open(world.path(name)).unwrap();
            let day = u64::from(name.contains('2') && (name.ends_with('2') || name.contains("21")));
            file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(5_000_000_000 + day * 86_400)).unwrap();
        }
        world.restart();
        world.check();
    }
}

#[test]
fn t3_a_rotated_file_is_read_to_its_end_before_its_successor() {
    let mut world = World::new("fw.log");
    world.lines("fw.log", 20_000);
    world.poll_with(1);
    world.rotate("fw.log");
    world.lines("fw.log", 5);
    while world.poll_with(1) > 0 {}
    // The writer still writes to the old file although the new one has lines: one that reopens late.
    world.check();
    let mut world = World::new("fw.log");
    world.lines("fw.log", 2);
    world.poll();
    world.rotate("fw.log");
    for _ in 0..300 {
        world.poll();
    }
    world.lines("fw.log.1", 2);
    world.poll();
    world.lines("fw.log", 2);
    world.check();
}

#[test]
fn t3_lines_that_come_late_to_a_file_already_left_are_not_lost() {
    let mut world = World::new("fw.log");
    world.lines("fw.log", 2);
    world.poll();
    world.rotate("fw.log");
    world.lines("fw.log", 2);
    world.check();
    world.append("fw.log.1", "late\n");
    world.drain();
    assert_eq!(world.read.last().unwrap(), "late");
    world.append("fw.log.1", "later\n");
    world.restart();
    world.drain();
    assert_eq!(world.read.last().unwrap(), "later");
    assert_eq!(world.read.len(), 6);
}

#[test]
fn t5_files_moved_into_place_and_swapped_links_are_seen() {
    let mut world = World::new("fw.log");
    world.lines("one", 2);
    symlink(world.path("one"), world.path("fw.log")).unwrap();
    world.drain();
    world.lines("one", 2);
    world.lines("two", 2);
    symlink(world.path("two"), world.path("next")).unwrap();
    world.rename("next", "fw.log");
    world.check();
    world.restart();
    world.lines("two", 1);
    world.lines("three", 2);
    world.rename("three", "fw.log");
    world.check();
}

#[test]
fn t6_the_rest_is_read_from_the_copy_that_copytruncate_made() {
    for down in [false, true] {
        for rotations in 1..4 {
            let mut world = World::new("fw.log");
            world.lines("fw.log", 500);
            world.drain();
            for _ in 0..rotations {
                world.lines("fw.log", 3);
                world.copy_truncate("fw.log");
            }
            world.lines("fw.log", 1);
            if down {
                world.restart();
            }
            world.check();
        }
    }
}

#[test]
fn t6_lines_read_between_copy_and_truncation_are_not_read_twice() {
    for count in [3, 500] {
        let mut world = World::new("fw.log");
        world.lines("fw.log", count);
        world.drain();
        world.lines("fw.log", 1);
        fs::copy(world.path("fw.log"), world.path("fw.log.1")).unwrap();
        world.poll();
        world.lines("fw.log", 1);
        world.poll();
        File::options().write(true).truncate(true).open(world.path("fw.log")).unwrap();
        world.lines("fw.log", 1);
        world.drain();
        assert_eq!(world.read.len(), count + 3);
        assert_eq!(world.gaps, [None], "the copy does not show what was read last, so nobody can say that nothing is lost");
    }
}

#[test]
fn t6_without_a_copy_the_gap_is_told() {
    let mut world = World::new("fw.log");
    world.lines("fw.log", 3);
    world.append("fw.log", "unfinished");
    world.drain();
    fs::write(world.path("fw.log"), "new\n").unwrap();
    world.drain();
    assert_eq!(world.gaps, [Some(10)]);
    assert_eq!(world.read.last().unwrap(), "new");
}

#[test]
fn t7_a_file_written_anew_past_the_old_end_is_seen() {
    let mut world = World::new("fw.log");
    world.lines("fw.log", 100);
    world.drain();
    let longer: String = (0..200).map(|number| format!("other {number}, of ext-sphinx-1\n")).collect();
    fs::write(world.path("fw.log"), longer).unwrap();
    world.drain();
    assert_eq!(world.read.len(), 300);
    assert_eq!(world.read[100], "other 0, of ext-sphinx-1");
    assert_eq!(world.gaps, [None]);
}

#[test]
fn t8_truncation_while_down_is_neither_stuck_nor_sent_again_at_each_start() {
    let mut world = World::new("fw.log");
    world.lines("fw.log", 100);
    world.drain();
    fs::write(world.path("fw.log"), "short\n").unwrap();
    for _ in 0..3 {
        world.restart();
        world.drain();
    }
    assert_eq!(world.read.len(), 101);
    assert_eq!(world.gaps, [None]);
}

#[test]
fn t9_after_a_truncation_nothing_comes_from_the_old_content() {
    let mut world = World::new("fw.log");
    world.lines("fw.log", 20_000);
    world.poll_with(1);
    let before = world.read.len();
    assert!(before < 20_000);
    fs::write(world.path("fw.log"), "new\n").unwrap();
    world.drain();
    assert_eq!(world.read.len(), before + 1);
    assert!(world.gaps[0].unwrap() > 0);
}

#[test]
fn t10_files_of_any_size_are_followed() {
    let mut world = World::new("*.log");
    world.append("empty.log", "");
    world.append("byte.log", "x");
    world.append("line.log", "y\n");
    world.drain();
    assert_eq!(world.read, ["y"]);
    world.append("byte.log", "\n");
    world.append("empty.log", "z\n");
    world.restart();
    world.drain();
    assert_eq!(world.read.len(), 3);
}

#[test]
fn t10_an_unfinished_line_waits_for_its_end_or_for_rotation() {
    let mut world = World::new("fw.log");
    world.append("fw.log", "line 0 of");
    world.drain();
    assert!(world.read.is_empty());
    world.append("fw.log", " fourn.chimere\nline 1 of fourn");
    world.drain();
    assert_eq!(world.read.len(), 1);
    world.restart();
    world.append("fw.log", ".chimere\nline 2 of fourn.chimere");
    world.rotate("fw.log");
    world.written = 3;
    world.lines("fw.log", 1);
    world.check();
}

#[test]
fn t11_five_hundred_files_with_the_same_first_line_stay_apart() {
    let mut world = World::new("*.csv");
    for number in 0..500 {
        world.append(&format!("vpn-{number}.csv"), &format!("time,user,address\nrow {number}\n"));
    }
    world.drain();
    for number in 0..500 {
        world.append(&format!("vpn-{number}.csv"), &format!("more {number}\n"));
    }
    world.restart();
    world.drain();
    assert_eq!(world.read.len(), 1500);
    let rows: BTreeSet<_> = world.read.iter().filter(|line| !line.starts_with("time")).collect();
    assert_eq!(rows.len(), 1000);
    assert_eq!(world.gaps, []);
}

#[test]
fn t12_compressed_files_are_not_new_ones() {
    for pattern in ["fw.log", "fw.log*", "*"] {
        let mut world = World::new(pattern);
        world.lines("fw.log", 4);
        world.check();
        world.rotate("fw.log");
        world.lines("fw.log", 2);
        world.check();
        world.gzip("fw.log.1");
        world.lines("fw.log", 2);
        world.check();
        world.restart();
        world.check();
    }
}

#[test]
fn t12_lines_left_only_in_compressed_files_are_read_from_them() {
    for unread in [0, 7] {
        let mut world = World::new("fw.log");
        world.lines("fw.log", 500);
        world.drain();
        world.lines("fw.log", unread);
        for _ in 0..3 {
            world.rotate("fw.log");
            world.lines("fw.log", 3);
        }
        world.gzip("fw.log.3");
        world.gzip("fw.log.2");
        world.restart();
        world.check();
        world.restart();
        world.check();
    }
}

#[test]
fn t16_what_was_consumed_without_a_word_is_not_read_again() {
    let mut world = World::new("fw.log");
    world.append("fw.log", "\n\n\n");
    world.drain();
    let before = world.tail.ordinal();
    world.restart();
    world.drain();
    assert_eq!((before, world.tail.ordinal()), (3, 3));
}

#[test]
fn a_pattern_that_names_rotated_files_reads_them_first_and_once() {
    let mut world = World::new("fw.log*");
    world.lines("fw.log.2", 2);
    world.lines("fw.log.1", 2);
    world.lines("fw.log", 2);
    world.check();
    for _ in 0..3 {
        world.rotate("fw.log");
        world.lines("fw.log", 2);
        world.check();
        world.copy_truncate("fw.log");
        world.lines("fw.log", 2);
    }
    world.restart();
    world.check();
}

#[test]
fn rotated_files_that_were_followed_before_their_log_appeared_are_not_read_twice() {
    let mut world = World::new("fw.log*");
    world.lines("fw.log.1", 2);
    world.check();
    world.lines("fw.log", 2);
    world.check();
    world.rotate("fw.log");
    world.lines("fw.log", 2);
    world.check();
}

#[test]
fn a_file_renamed_to_another_name_of_the_pattern_is_read_on() {
    let mut world = World::new("*.log");
    world.lines("a.log", 2);
    world.check();
    world.rename("a.log", "b.log");
    world.lines("b.log", 2);
    world.check();
    world.restart();
    world.lines("b.log", 2);
    world.check();
    world.rename("b.log", "c.log");
    world.restart();
    world.check();
}

#[test]
fn a_file_that_appears_later_vanishes_and_comes_back_is_followed() {
    let mut world = World::new("fw.log");
    world.drain();
    assert_eq!(world.problems.len(), 1);
    world.lines("fw.log", 2);
    world.check();
    fs::remove_file(world.path("fw.log")).unwrap();
    for _ in 0..300 {
        world.poll();
    }
    assert_eq!(world.gone, 1);
    world.lines("fw.log", 2);
    world.check();
    world.rename("fw.log", "away");
    world.drain();
    world.rename("away", "fw.log");
    world.lines("fw.log", 1);
    world.check();
    world.restart();
    world.check();
}

#[test]
fn a_copy_moved_over_the_file_is_read_on() {
    let mut world = World::new("fw.log");
    world.lines("fw.log", 300);
    world.check();
    for down in [false, true] {
        fs::copy(world.path("fw.log"), world.path("incoming")).unwrap();
        world.lines("incoming", 2);
        world.rename("incoming", "fw.log");
        if down {
            world.restart();
        }
        world.check();
    }
}

#[test]
fn a_copy_that_lies_beside_is_not_a_rotated_file() {
    let mut world = World::new("fw.log");
    world.lines("fw.log", 300);
    world.check();
    fs::copy(world.path("fw.log"), world.path("fw.log.bak")).unwrap();
    world.rotate("fw.log");
    world.lines("fw.log", 2);
    world.check();
}

#[test]
fn from_the_end_begins_with_the_first_line_written_later() {
    let mut world = World::new("fw.log");
    world.append("fw.log", "old\nolder\nline 0");
    world.tail = Tail::resume(0, &world.path("fw.log"), Vec::new(), 0, true);
    world.drain();
    world.append("fw.log", " of fourn.chimere\n");
    world.written = 1;
    world.restart();
    world.check();
    world.lines("fw.log", 2);
    world.rotate("fw.log");
    world.check();
}

#[test]
fn a_line_too_long_is_cut_and_its_range_covers_it() {
    let mut world = World::new("fw.log");
    world.append("fw.log", &format!("line 0 of fourn.chimere\n{}", "x".repeat(700_000)));
    for _ in 0..5 {
        world.poll_with(1);
    }
    world.append("fw.log", &format!("{}\nnext\n", "x".repeat(700_000)));
    world.restart();
    world.drain();
    let lengths: Vec<usize> = world.read.iter().map(String::len).collect();
    assert_eq!(lengths, [23, LINE_LIMIT, 4]);
    assert_eq!(world.tail.ordinal(), 24 + 1_400_001 + 5);
    reread_all(&world);
}

#[test]
fn what_is_not_a_file_is_a_problem_told_once() {
    let mut world = World::new("fw.log");
    fs::create_dir(world.path("fw.log")).unwrap();
    world.drain();
    assert_eq!(world.problems, ["not a regular file"]);
}

/// Every batch is found again with the same bytes.
fn reread_all(world: &World) {
    let mut again = Rereader::default();
    for (position, range, bytes) in &world.batches {
        assert!(again.read(position, *range).unwrap() == *bytes, "{position:?} {range:?}");
    }
}

#[test]
fn batches_are_read_again_wherever_their_bytes_went() {
    let mut world = World::new("fw.log");
    world.lines("fw.log", 30_000);
    world.drain();
    reread_all(&world);
    world.rotate("fw.log");
    world.lines("fw.log", 10);
    world.drain();
    world.copy_truncate("fw.log");
    world.lines("fw.log", 10);
    world.drain();
    world.gzip("fw.log.2");
    assert!(world.batches.len() >= 5);
    reread_all(&world);
    let (position, range, _) = world.batches.last().unwrap();
    let other = Range { mark: Mark::default(), ..*range };
    assert!(matches!(Rereader::default().read(position, other), Err(Missing::Gone)));
}

#[test]
fn three_hundred_rotations_between_looks_lose_nothing() {
    let mut world = World::new("fw.log");
    for round in 0..300_usize {
        world.lines("fw.log", 1 + round * 7 % 13);
        if round % 11 == 3 {
            world.restart();
        }
        if round * 5 % 7 < 3 {
            world.poll();
        }
        world.lines("fw.log", round % 3);
        // Two generations are enough to be read from; the rest goes, as it does on disks.
        world.rotate("fw.log");
        if round % 9 == 0 {
            world.check();
            fs::remove_file(world.path("fw.log.2")).ok();
        }
    }
    world.check();
}

#[test]
fn fifty_copytruncates_lose_only_what_was_written_between_copy_and_truncation() {
    let mut world = World::new("fw.log");
    let mut residual = 0;
    world.lines("fw.log", 1);
    world.poll();
    for round in 0..50_usize {
        world.lines("fw.log", 200);
        if round % 3 > 0 {
            world.poll();
        }
        world.lines("fw.log", round % 5);
        world.shift("fw.log");
        fs::copy(world.path("fw.log"), world.path("fw.log.1")).unwrap();
        if round % 10 == 0 {
            residual += 1;
            world.append("fw.log", "lost\n");
        }
        File::options().write(true).truncate(true).open(world.path("fw.log")).unwrap();
        if round % 7 == 0 {
            world.restart();
        }
    }
    assert_eq!(residual, 5);
    world.check();
}

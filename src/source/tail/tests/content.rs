//! Files whose content changes: emptied, written anew, unfinished, alike, too long.

use super::*;

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
    let longer = (0..200).map(|number| format!("other {number}, of ext-sphinx-1\n")).collect::<Vec<_>>().concat();
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
fn a_tail_may_move_to_another_thread() {
    fn moves<T: Send>(_: &T) {}
    moves(&World::new("fw.log").tail);
}

#[test]
fn what_was_written_anew_and_then_rotated_is_read_after_the_gap() {
    for down in [false, true] {
        let mut world = World::new("fw.log");
        world.lines("fw.log", 100);
        world.drain();
        fs::write(world.path("fw.log"), "one\n").unwrap();
        world.rotate("fw.log");
        world.append("fw.log", "two\n");
        if down {
            world.restart();
        }
        world.drain();
        assert_eq!(world.gaps, [None]);
        assert_eq!(world.read[100..], ["one", "two"]);
    }
}

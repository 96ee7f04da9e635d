//! Files that are renamed, copied aside, compressed, removed and made anew.

use super::*;

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

#[test]
fn rotations_at_any_moment_of_a_look_lose_nothing() {
    let mut world = World::new("fw.log");
    world.lines("fw.log", 1);
    world.poll();
    let (path, first) = (world.folder.path().to_owned(), world.written);
    let writer = std::thread::spawn(move || {
        let mut written = first;
        for round in 0..400_usize {
            let mut file = OpenOptions::new().append(true).create(true).open(path.join("fw.log")).unwrap();
            for _ in 0..=(round * 7 % 23) {
                file.write_all(format!("line {written} of fourn.chimere\n").as_bytes()).unwrap();
                written += 1;
            }
            let rotated = (1..1000).take_while(|number| path.join(format!("fw.log.{number}")).exists()).count();
            for number in (1..=rotated).rev() {
                fs::rename(path.join(format!("fw.log.{number}")), path.join(format!("fw.log.{}", number + 1))).unwrap();
            }
            fs::rename(path.join("fw.log"), path.join("fw.log.1")).unwrap();
            File::create(path.join("fw.log")).unwrap();
        }
        written
    });
    while !writer.is_finished() {
        world.poll();
    }
    world.written = writer.join().unwrap();
    world.check();
}

#[test]
fn a_broken_compressed_file_is_a_gap_and_stops_nothing() {
    let mut world = World::new("fw.log");
    world.lines("fw.log", 2);
    world.check();
    world.rotate("fw.log");
    fs::write(world.path("fw.log.2.gz"), [0x1f, 0x8b, 8, 0, 1, 2, 3]).unwrap();
    world.lines("fw.log", 2);
    world.drain();
    world.restart();
    world.rotate("fw.log");
    world.lines("fw.log", 2);
    world.drain();
    assert_eq!(world.read.len(), 6);
    assert!(!world.gaps.is_empty() && world.gaps.iter().all(|gap| *gap == Some(7)), "{:?}", world.gaps);
}

#[test]
fn a_compressed_file_that_is_named_outright_is_read_once() {
    let mut world = World::new("fw.log.999.gz");
    world.lines("fw.log", 3);
    world.gzip("fw.log");
    world.check();
    let whole = fs::read(world.path("fw.log.999.gz")).unwrap();
    let mut world = World::new("broken.gz");
    fs::write(world.path("broken.gz"), &whole[..whole.len() - 3]).unwrap();
    world.drain();
    assert_eq!(world.read.len(), 3);
    assert_eq!(world.problems.len(), 1);
}

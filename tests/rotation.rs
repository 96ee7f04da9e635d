//! Whatever rotates a log, each of its lines counts once, and what is lost is told.
//!
//! `NIGHTPORTER_ROTATIONS=300` rotates as often.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)]

mod process;

use std::fs::{self, File};
use std::io::Write;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use process::{Dice, World, append, keys, login, pause, size, until};

/// Logins of the expired supplier, numbered: each is one alert at once.
fn logins(from: usize, number: usize) -> String {
    (from..from + number).map(|at| login(at * 3, &format!("ext-acc{at}"))).collect()
}

/// The numbers of which `expired-access` speaks, each with how often.
fn seen(alerts: &str) -> Vec<(usize, usize)> {
    let number = |account: &str| account.strip_prefix("ext-acc")?.parse().ok();
    let expired = keys(alerts).into_iter().filter(|((rule, _, _), _)| rule == "expired-access");
    let mut seen: Vec<(usize, usize)> = expired.filter_map(|((_, _, account), n)| Some((number(&account)?, n))).collect();
    seen.sort_unstable();
    seen
}

/// Each login is one alert, no more and no less; and as all bytes are still there, they give the same again.
fn all_once(world: &World, lines: usize) {
    each_once(world, lines);
    world.is_that_of_its_batches("rotated");
    assert!(!world.read("err").contains("gap"), "{}", world.said());
}

/// Each login is one alert, no more and no less.
fn each_once(world: &World, lines: usize) {
    let seen = seen(&world.alerts());
    let doubled: Vec<usize> = seen.iter().filter(|(_, n)| *n > 1).map(|(at, _)| *at).collect();
    let missing: Vec<usize> = (0..lines).filter(|at| seen.binary_search_by_key(at, |(at, _)| *at).is_err()).collect();
    assert!(doubled.is_empty() && missing.is_empty(), "doubled {doubled:?}, missing {missing:?}; {}", world.said());
}

/// As `logrotate` does it: each older file moves one number up.
fn shift(world: &World, most: usize) {
    for number in (1..most).rev() {
        let _ = fs::rename(world.path(&format!("log/fw.log.{number}")), world.path(&format!("log/fw.log.{}", number + 1)));
    }
}

fn compress(world: &World, name: &str) {
    let plain = fs::read(world.path(name)).unwrap();
    let mut encoder = GzEncoder::new(File::create(world.path(&format!("{name}.gz"))).unwrap(), Compression::fast());
    encoder.write_all(&plain).unwrap();
    let packed = encoder.finish().unwrap();
    // As gzip does.
    packed.set_modified(fs::metadata(world.path(name)).unwrap().modified().unwrap()).unwrap();
    fs::remove_file(world.path(name)).unwrap();
}

/// A log that is renamed under load, while the watch runs or is stopped and started again.
fn renamed(rotations: usize, restarts: bool) {
    let world = World::new();
    world.append("log/fw.log", &logins(0, 5));
    let mut running = world.watch();
    until("the first file is found", || seen(&world.alerts()).len() == 5);
    let (path, mut dice) = (world.path("log/fw.log"), Dice::new(5));
    let (done, ended) = channel();
    let writer = thread::spawn(move || {
        let mut written = 5;
        for rotation in 0..rotations {
            for _ in 0..dice.roll(1, 9) {
                let some = dice.roll(1, 20);
                append(&path, &logins(written, some));
                written += some;
                pause(Duration::from_millis(dice.roll(0, 6) as u64));
            }
            fs::rename(&path, path.with_extension(format!("log.{}", rotation + 1))).unwrap();
        }
        append(&path, &logins(written, 5));
        done.send(()).unwrap();
        written + 5
    });
    let mut stops = Dice::new(9);
    while restarts && ended.try_recv().is_err() {
        pause(Duration::from_millis(stops.roll(100, 900) as u64));
        assert_eq!(running.terminate().code(), Some(0), "{}", world.said());
        pause(Duration::from_millis(stops.roll(0, 200) as u64));
        running = world.watch();
    }
    let written = writer.join().unwrap();
    until("all is read", || world.has_come_to(&format!("ext-acc{}", written - 1)));
    assert_eq!(running.terminate().code(), Some(0));
    all_once(&world, written);
    println!("{rotations} rotations, {written} lines, restarts: {restarts}");
}

#[test]
fn a_log_renamed_under_load_is_read_once() {
    renamed(size("NIGHTPORTER_ROTATIONS", 25), false);
}

#[test]
fn a_log_renamed_under_load_and_across_restarts_is_read_once() {
    renamed(size("NIGHTPORTER_ROTATIONS", 25), true);
}

/// The writer waits for the copy, as it should; then nothing may be lost, however slow the reader is.
#[test]
fn a_log_copied_and_truncated_is_read_once() {
    let rotations = size("NIGHTPORTER_ROTATIONS", 60).min(300) / 6;
    let (world, mut dice, mut written) = (World::new(), Dice::new(6), 5);
    world.append("log/fw.log", &logins(0, 5));
    let running = world.watch();
    until("the file is found", || seen(&world.alerts()).len() == 5);
    for _ in 0..rotations {
        for _ in 0..dice.roll(1, 12) {
            let some = dice.roll(1, 60);
            world.append("log/fw.log", &logins(written, some));
            written += some;
            pause(Duration::from_millis(dice.roll(0, 6) as u64));
        }
        shift(&world, rotations + 1);
        fs::copy(world.path("log/fw.log"), world.path("log/fw.log.1")).unwrap();
        world.write("log/fw.log", "");
        pause(Duration::from_millis(dice.roll(0, 6) as u64));
    }
    world.append("log/fw.log", &logins(written, 5));
    written += 5;
    until("all is read", || world.has_come_to(&format!("ext-acc{}", written - 1)));
    assert_eq!(running.terminate().code(), Some(0));
    all_once(&world, written);
    println!("{rotations} copies, {written} lines");
}

/// What nobody keeps is lost; that is told and counted, and what follows is read.
#[test]
fn a_log_truncated_without_a_copy_is_a_gap_that_is_told() {
    let world = World::new();
    world.append("log/fw.log", &logins(0, 50));
    let running = world.watch();
    until("the first lines are read", || seen(&world.alerts()).len() == 50);
    world.write("log/fw.log", "");
    until("the gap is told", || world.read("err").contains("log/fw.log: gap, "));
    world.append("log/fw.log", &logins(50, 10));
    until("the next lines are read", || seen(&world.alerts()).len() == 60);
    assert_eq!(running.terminate().code(), Some(0));
    each_once(&world, 60);
    assert!(world.read("err").contains("1 gaps"), "{}", world.said());
}

#[test]
fn rotations_while_it_is_down_are_followed_through_every_name() {
    let (world, mut written) = (World::new(), 0);
    let mut write = |world: &World, number| {
        world.append("log/fw.log", &logins(written, number));
        written += number;
        written
    };
    write(&world, 30);
    world.watch_to_end();
    for (rotation, packed) in [(1, false), (2, true), (3, false), (4, true)] {
        // Down: the tail of the file read so far, and more than one file that was never seen.
        write(&world, 20);
        shift(&world, 30);
        fs::rename(world.path("log/fw.log"), world.path("log/fw.log.1")).unwrap();
        write(&world, 20 + rotation);
        shift(&world, 30);
        fs::rename(world.path("log/fw.log"), world.path("log/fw.log.1")).unwrap();
        if packed {
            compress(&world, "log/fw.log.2");
        }
        write(&world, 10);
        world.watch_to_end();
        if packed {
            fs::rename(world.path("log/fw.log.2.gz"), world.path(&format!("log/fw.log-2020010{rotation}.gz"))).unwrap();
        }
    }
    let all = write(&world, 1);
    world.watch_to_end();
    all_once(&world, all);
}

#[test]
fn a_file_that_vanishes_and_comes_back_is_read_on() {
    let world = World::new();
    let running = world.watch();
    until("it says that there is no file yet", || world.read("err").contains("log/fw.log: "));
    world.append("log/fw.log", &logins(0, 10));
    until("the first lines are read", || seen(&world.alerts()).len() == 10);
    fs::remove_file(world.path("log/fw.log")).unwrap();
    pause(Duration::from_millis(300));
    world.append("log/fw.log", &logins(10, 10));
    until("the new file is read", || seen(&world.alerts()).len() == 20);
    fs::rename(world.path("log"), world.path("elsewhere")).unwrap();
    pause(Duration::from_millis(300));
    fs::rename(world.path("elsewhere"), world.path("log")).unwrap();
    world.append("log/fw.log", &logins(20, 10));
    until("its folder was away and is back", || seen(&world.alerts()).len() == 30);
    assert_eq!(running.terminate().code(), Some(0));
    each_once(&world, 30);
    // Each problem once, not at every look.
    assert!(world.read("err").lines().count() < 20, "{}", world.said());
}

/// The alert log is rotated too: no alert goes where nobody looks, and none comes twice after a restart.
#[test]
fn the_alert_log_may_be_rotated() {
    let world = World::new();
    world.append("log/fw.log", &logins(0, 10));
    let running = world.watch();
    until("the first lines are read", || seen(&world.alerts()).len() == 10);
    fs::rename(world.path("alerts.jsonl"), world.path("alerts.jsonl.1")).unwrap();
    world.append("log/fw.log", &logins(10, 10));
    until("the next lines are read", || seen(&world.alerts()).len() == 10);
    running.kill();
    world.append("log/fw.log", &logins(20, 10));
    world.watch_to_end();
    let both = world.read("alerts.jsonl.1") + &world.alerts();
    let seen = seen(&both);
    assert!((0..30).all(|at| seen.iter().any(|(number, _)| *number == at)), "{}", world.said());
    let now: Vec<usize> = self::seen(&world.alerts()).into_iter().filter(|(_, n)| *n > 1).map(|(at, _)| at).collect();
    assert!(now.is_empty(), "twice in one file: {now:?}");
}

//! Killed at any moment, the program goes on as if nothing had happened: the alert log holds the bytes that an
//! uninterrupted run over the same batches gives, and no alert is lost or doubled.
//!
//! `NIGHTPORTER_SWEEP=all` kills at every system call of the checkpoint path, `NIGHTPORTER_KILLS=500` as often at random.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice, reason = "a test may fail")]

mod process;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use process::{BINARY, Dice, Lines, Running, World, count, keys, login, pause, size, until};

/// What writes a checkpoint, and what it writes to; without a file, wherever it writes.
const CALLS: &[(&str, &[&str])] = &[
    ("write", &["", "state/batches-0.log", "state/snapshot.tmp", "alerts.jsonl"]),
    ("fsync", &[""]),
    ("fdatasync", &[""]),
    ("rename", &["", "state/snapshot", "state/snapshot.tmp"]),
    ("unlink", &[""]),
    ("ftruncate", &[""]),
];

/// A run to the end under `strace`, which does something to one kind of call.
fn strace(world: &World, call: &str, file: &str, inject: Option<String>) -> Running {
    let mut command = Command::new("strace");
    world.furnish(&mut command);
    command.args(["-f", "-qq", "-o", "trace", "-e", &format!("trace={call}")]);
    if let Some(inject) = inject {
        command.args(["-e", &format!("inject={call}:{inject}")]);
    }
    if !file.is_empty() {
        command.arg("-P").arg(world.path(file));
    }
    Running::start(command.args([BINARY, "watch", "--until-eof", "--config", "np.toml"]))
}

fn can_strace(world: &World) -> bool {
    let possible = Command::new("strace").args(["-o", "/dev/null", "true"]).stderr(Stdio::null()).status();
    let possible = possible.is_ok_and(|status| status.success());
    if !possible {
        eprintln!("skipped: strace is not there, or may not trace ({})", world.path("").display());
    }
    possible
}

/// A world after a first run, with more to read in a second: two files, one of them rotated.
fn interrupted_twice(lines: &mut Lines) -> World {
    let world = World::of_source("kind = \"file\"\npath = \"log/*.log\"");
    world.append("log/fw.log", &lines.take(40));
    world.watch_to_end();
    for _ in 0..3 {
        world.append("log/fw.log", &lines.take(30));
    }
    fs::rename(world.path("log/fw.log"), world.path("log/fw.log.1")).unwrap();
    world.append("log/fw.log", &lines.take(20));
    world
}

/// How often the busiest thread makes the call.
fn calls(call: &str, file: &str) -> usize {
    let world = interrupted_twice(&mut Lines::new());
    assert!(strace(&world, call, file, None).wait().success(), "{}", world.said());
    let mut by_thread = BTreeMap::<String, usize>::new();
    for line in world.read("trace").lines().filter(|line| line.contains(&format!("{call}("))) {
        *by_thread.entry(line.split(' ').next().unwrap_or_default().to_owned()).or_default() += 1;
    }
    by_thread.into_values().max().unwrap_or(0)
}

#[test]
fn a_kill_at_any_call_that_writes_a_checkpoint_changes_nothing() {
    if !can_strace(&World::new()) {
        return;
    }
    let all = size("NIGHTPORTER_SWEEP", 0) > 0;
    let (mut killed, mut points) = (0, 0);
    for (call, files) in CALLS {
        for file in *files {
            let calls = calls(call, file);
            // By default the first, the last, and one between.
            let some = [1, calls / 2, calls];
            for at in (1..=calls).filter(|at| all || some.contains(at)) {
                points += 1;
                let mut lines = Lines::new();
                let world = interrupted_twice(&mut lines);
                let kill = |at: usize| strace(&world, call, file, Some(format!("signal=SIGKILL:when={at}"))).wait();
                killed += usize::from(!kill(at).success());
                if at % 2 == 0 {
                    // And once more, where it recovers from that.
                    kill(at / 2);
                }
                world.append("log/fw.log", &lines.last());
                world.watch_to_end();
                world.check(&lines.all, &format!("killed at {call} {file} number {at}"));
            }
        }
    }
    println!("{points} points, {killed} kills");
    assert!(killed * 10 >= points * 9, "{killed} kills at {points} points");
}

#[test]
fn a_kill_at_any_call_that_journals_stdin_keeps_what_was_journalled_and_doubles_nothing() {
    const LINES: usize = 700;
    let lines: String = (0..LINES).map(|number| login(number * 3, &format!("ext-acc{number}"))).collect();
    if !can_strace(&World::new()) {
        return;
    }
    let all = size("NIGHTPORTER_SWEEP", 0) > 0;
    for call in ["pwrite64", "fdatasync", "write"] {
        // By default not every one of the many.
        for at in (1..).step_by(if all || call != "write" { 1 } else { 9 }) {
            let world = World::of_source("kind = \"stdin\"");
            world.write("lines", &lines);
            let mut command = Command::new("strace");
            world.furnish(&mut command);
            command.args([
                "-f",
                "-qq",
                "-o",
                "trace",
                "-e",
                &format!("trace={call}"),
                "-e",
                &format!("inject={call}:signal=SIGKILL:when={at}"),
            ]);
            command.args([BINARY, "watch", "--config", "np.toml"]).stdin(File::open(world.path("lines")).unwrap());
            let killed = !Running::start(&mut command).wait().success();
            world.watch_to_end();
            world.is_that_of_its_batches(&format!("stdin, killed at {call} number {at}"));
            // What came through is the beginning, without a hole, and each line once.
            let seen = keys(&world.alerts());
            let expired: Vec<&str> =
                seen.keys().filter(|(rule, _, _)| rule == "expired-access").map(|(_, _, account)| account.as_str()).collect();
            assert!((0..expired.len()).all(|number| expired.contains(&format!("ext-acc{number}").as_str())), "{call} {at}");
            assert!(seen.values().all(|&n| n == 1), "{call} {at}");
            if !killed {
                assert_eq!(expired.len(), LINES);
                println!("stdin: killed at {call} up to number {}", at - 1);
                break;
            }
        }
    }
}

#[test]
fn random_kills_while_a_log_grows_and_rotates_change_nothing() {
    let kills = size("NIGHTPORTER_KILLS", 12);
    let (world, mut lines, mut dice) = (World::new(), Lines::new(), Dice::new(7));
    let path = world.path("log/fw.log");
    let (stop, stopped) = channel::<()>();
    let writer = thread::spawn(move || {
        let (mut written, mut rotations) = (0, 0);
        let mut dice = Dice::new(11);
        while stopped.try_recv().is_err() {
            let some = dice.roll(1, 40);
            process::append(&path, &lines.take(some));
            written += some;
            if written > 2000 {
                (written, rotations) = (0, rotations + 1);
                fs::rename(&path, path.with_extension(format!("log.{rotations}"))).unwrap();
            }
            // Sometimes long enough for the clock to bring out what waits.
            pause(Duration::from_millis(if dice.roll(0, 60) == 0 { 2500 } else { dice.roll(1, 20) as u64 }));
        }
        process::append(&path, &lines.last());
        (lines.all, rotations)
    });
    for kill in 0..kills {
        let running = world.watch();
        // Now and then after the first snapshot of a run.
        let time = if kill % 20 == 19 { dice.roll(4900, 6500) } else { dice.roll(5, 350) };
        pause(Duration::from_millis(time as u64));
        running.kill();
    }
    stop.send(()).unwrap();
    let (all, rotations) = writer.join().unwrap();
    world.watch_to_end();
    world.check(&all, &format!("{kills} kills"));
    println!("{kills} kills, {rotations} rotations, {} lines, {} alerts", all.lines().count(), world.alerts().lines().count());
    assert!(count(&world.alerts(), "off-hours") > 0);
}

#[test]
fn what_was_journalled_of_stdin_counts_once() {
    let (world, mut dice) = (World::of_source("kind = \"stdin\""), Dice::new(3));
    let mut next = 0;
    for _ in 0..size("NIGHTPORTER_KILLS", 8).min(100) {
        let mut running = Running::start(world.command("watch").stdin(Stdio::piped()));
        let mut stdin = running.stdin();
        let (first, most) = (next, dice.roll(1, 400));
        let writer = thread::spawn(move || {
            for number in first..first + most {
                if stdin.write_all(login(number * 3, &format!("ext-acc{number}")).as_bytes()).is_err() {
                    break;
                }
            }
        });
        pause(Duration::from_millis(dice.roll(0, 60) as u64));
        running.kill();
        writer.join().unwrap();
        next += most;
    }
    let last = login(next * 3, "ext-acc-last");
    let mut running = Running::start(world.command("watch").stdin(Stdio::piped()));
    running.stdin().write_all(last.as_bytes()).unwrap();
    assert!(running.wait().success());
    let alerts = world.alerts();
    world.is_that_of_its_batches("stdin");
    let keys = keys(&alerts);
    assert!(keys.values().all(|&n| n == 1));
    assert!(keys.len() > 1 && alerts.contains("ext-acc-last"), "{}", world.said());
}

#[test]
fn terminated_it_drains_writes_a_snapshot_and_ends_well() {
    let (world, mut lines) = (World::new(), Lines::new());
    for _ in 0..3 {
        world.append("log/fw.log", &lines.take(400));
        let before = world.alerts().len();
        let running = world.watch();
        until("it has begun", || world.alerts().len() > before);
        assert_eq!(running.terminate().code(), Some(0), "{}", world.said());
        assert!(world.path("state/snapshot").exists());
    }
    world.append("log/fw.log", &lines.last());
    world.watch_to_end();
    world.check(&lines.all, "three times terminated");
}

//! Bad lines, bad files, bad settings, a bad disk: what is wrong is said with its place, and everything else goes on.

#![allow(clippy::cast_possible_truncation, clippy::type_complexity, clippy::large_stack_arrays)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)]

mod process;

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use process::{BINARY, Dice, Lines, Running, World, clock, count, keys, login, pause, until};

/// Runs to the end with something on stdin.
fn fed(world: &World, args: &[&str], input: &[u8]) -> Output {
    let mut command = Command::new(BINARY);
    world.furnish(&mut command);
    let command = command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    // It may have ended before it had read all of it.
    let _ = writer.join().unwrap();
    output
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn garbage_on_stdin_is_counted_and_the_lines_between_count() {
    let (world, mut dice) = (World::new(), Dice::new(1));
    let mut input: Vec<u8> = (0..300_000).map(|_| u8::try_from(dice.roll(0, 256)).unwrap()).collect();
    // Not to be taken for an archive.
    input[0] = b'x';
    input.extend(b"\n");
    input.extend(login(0, "ext-acc1").bytes());
    input.extend(b"\0\0\n\xff\xfe\n\r\n\n{\"a\":\n");
    for args in [["watch", "-"], ["replay", "-"]] {
        let output = fed(&world, &args, &input);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        assert!(said(&output).contains("1 parsed"), "{}", said(&output));
        assert_eq!(count(&String::from_utf8(output.stdout).unwrap(), "off-hours"), 1);
    }
}

#[test]
fn each_line_is_one_object_however_long_it_is() {
    let input = [login(0, "ext-acc1").as_bytes(), &vec![b'x'; 10_000_000], b"\n", login(3, "ext-acc2").as_bytes(), b"end"].concat();
    let output = fed(&World::new(), &["parse"], &input);
    assert_eq!(output.status.code(), Some(0));
    let lines: Vec<serde_json::Value> = output.stdout.lines().map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect();
    let kinds: Vec<&str> = lines.iter().map(|line| line["nightporter"]["event"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["session_start", "unparsed", "session_start", "unparsed"]);
}

#[test]
fn a_broken_archive_and_a_missing_file_do_not_keep_the_others_from_being_read() {
    let world = World::new();
    let lines: String = (0..3000).map(|at| login(at * 3, &format!("ext-acc{at}"))).collect();
    let packed = gzip(&lines);
    fs::write(world.path("cut.log.gz"), &packed[..packed.len() / 2]).unwrap();
    world.write("good.log", &login(90_000, "ext-acc-good"));
    for verb in ["replay", "parse", "watch"] {
        let mut args = vec![verb, "cut.log.gz", "missing.log", "good.log"];
        if verb == "watch" {
            args.push("--until-eof");
        }
        let output = fed(&world, &args, b"");
        assert_eq!(output.status.code(), Some(2), "{verb}: {}", said(&output));
        let data = String::from_utf8(output.stdout.clone()).unwrap();
        assert!(data.contains("ext-acc-good") && data.contains("ext-acc1\""), "{verb}");
        assert!(said(&output).contains("missing.log: "), "{verb}: {}", said(&output));
        assert!(said(&output).contains("cut.log.gz: "), "{verb}: {}", said(&output));
        assert!(verb == "watch" || said(&output).contains(&format!("by byte {} of the file", packed.len() / 2)), "{}", said(&output));
    }
}

#[test]
fn a_broken_archive_on_stdin_gives_what_it_holds_and_says_so() {
    let packed = gzip(&(0..3000).map(|at| login(at * 3, &format!("ext-acc{at}"))).collect::<String>());
    for verb in ["watch", "replay", "parse"] {
        let output = fed(&World::new(), &[verb, "-"], &packed[..packed.len() / 2]);
        assert_eq!(output.status.code(), Some(2), "{verb}: {}", said(&output));
        assert!(said(&output).contains("-: cannot read") && !output.stdout.is_empty(), "{verb}: {}", said(&output));
    }
}

#[test]
fn mistakes_in_settings_are_named_with_their_places_and_nothing_runs() {
    let cases = [
        ("register.toml", "[[supplier]]\nid = \"acc\"\nname = \"Acc\"\naccunts = [\"ext-acc*\"]\n", "register.toml:4:1", "accounts"),
        (
            "register.toml",
            "[[supplier]]\nid = \"acc\"\nname = \"Acc\"\naccounts = [\"a\"]\ntime_zone = \"Europe/Pari\"\n",
            "register.toml:5:13",
            "Europe/Paris",
        ),
        (
            "register.toml",
            "[[supplier]]\nid = \"acc\"\nname = \"Acc\"\naccounts = [\"a\"]\nhours = \"Mo-Fr 8h-18h\"\n",
            "register.toml:5:16",
            "08:00-18:00",
        ),
        ("np.toml", "regster = \"register.toml\"\n", "np.toml:1:1", "register"),
        ("np.toml", "[[source]]\nname = \"fw\"\nkind = \"file\"\npath = \"log\nx\n", "np.toml:4:", ""),
    ];
    for (file, text, place, nearest) in cases {
        for verb in ["check", "watch", "replay"] {
            let world = World::new();
            world.write(file, text);
            let output = world.command(verb).stderr(Stdio::piped()).stdout(Stdio::piped()).output().unwrap();
            assert_eq!(output.status.code(), Some(2), "{verb} {text}");
            assert!(said(&output).contains(place) && said(&output).contains(nearest), "{verb} {text}: {}", said(&output));
            assert!(output.stdout.is_empty() && !world.path("state").exists());
        }
    }
}

#[test]
fn a_daybook_line_that_cannot_be_read_is_told_with_its_number() {
    let (world, mut lines) = (World::new(), Lines::new());
    let good = r#"{"at":"2020-01-06T01:00:00Z","by":"claire","entry":"window","id":"w-0001","supplier":"night","from":"2020-01-06T01:00:00Z","until":"2020-01-06T03:00:00Z","reason":"x"}"#;
    world.write("daybook.jsonl", &format!("{}\n{good}\n", &good[..90]));
    world.append("log/fw.log", &lines.take(8));
    world.append("log/fw.log", &lines.last());
    let running = world.watch();
    until("the lines are read", || world.alerts().contains("ext-acc1\""));
    world.append("daybook.jsonl", "{\"at\":12}\n");
    until("the new line is told", || world.read("err").contains("daybook.jsonl:3:"));
    assert_eq!(running.terminate().code(), Some(0));
    assert!(world.read("err").contains("daybook.jsonl:1:"), "{}", world.said());
    assert!(!world.alerts().contains("ext-night0\""), "the good line counts");
    world.check(&lines.all, "a daybook with bad lines");
}

/// A world that has run twice: two generations of snapshots, and more to read.
fn twice_run(lines: &mut Lines) -> World {
    let world = World::new();
    for _ in 0..2 {
        world.append("log/fw.log", &lines.take(40));
        world.watch_to_end();
    }
    world.append("log/fw.log", &lines.take(40));
    world.append("log/fw.log", &lines.last());
    world
}

#[test]
fn a_damaged_snapshot_is_put_aside_and_nothing_changes() {
    let length = fs::metadata(twice_run(&mut Lines::new()).path("state/snapshot")).unwrap().len() as usize;
    let damages: [(&str, &dyn Fn(&mut Vec<u8>)); 8] = [
        ("magic", &|bytes| bytes[0] ^= 1),
        ("length", &|bytes| bytes[12] ^= 0x40),
        ("checksum", &|bytes| bytes[20] ^= 1),
        ("payload", &|bytes| bytes[length / 2] ^= 1),
        ("end", &|bytes| *bytes.last_mut().unwrap() ^= 0x80),
        ("cut", &|bytes| bytes.truncate(length / 3)),
        ("zeroed", &|bytes| bytes.fill(0)),
        ("emptied", &|bytes| bytes.clear()),
    ];
    for (what, damage) in damages {
        for both in [false, true] {
            let mut lines = Lines::new();
            let world = twice_run(&mut lines);
            let names: &[&str] = if both { &["snapshot", "snapshot.previous"] } else { &["snapshot"] };
            for name in names {
                let path = world.path("state").join(name);
                let mut bytes = fs::read(&path).unwrap();
                bytes.resize(bytes.len().max(length / 2 + 1), 0);
                damage(&mut bytes);
                fs::write(&path, bytes).unwrap();
            }
            world.watch_to_end();
            world.check(&lines.all, what);
            for name in names {
                assert!(world.path(&format!("state/{name}.corrupt-1")).exists(), "{what}: {}", world.said());
            }
            assert!(world.read("err").contains("state/snapshot: "), "{}", world.said());
        }
    }
}

/// What the log of batches tells of is read anew where it cannot be read any more: in other batches, but each alert once.
#[test]
fn a_damaged_batch_log_loses_and_doubles_nothing() {
    let damages: [(&str, &dyn Fn(&mut Vec<u8>)); 4] = [
        ("its end cut", &|bytes| bytes.truncate(bytes.len() - 3)),
        ("its end zeroed", &|bytes| bytes.iter_mut().rev().take(50).for_each(|byte| *byte = 0)),
        ("garbage behind it", &|bytes| bytes.extend([0xff; 100])),
        ("its middle changed", &|bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
        }),
    ];
    for (what, damage) in damages {
        for snapshots in [true, false] {
            let (world, mut lines) = (World::new(), Lines::new());
            world.append("log/fw.log", &lines.take(40));
            world.watch_to_end();
            world.append("log/fw.log", &lines.take(40));
            let running = world.watch();
            until("the second part is read", || world.has_come_to("ext-acc-c19") || world.has_come_to("ext-acc-b19"));
            running.kill();
            let path = world.path("state/batches-0.log");
            let mut bytes = fs::read(&path).unwrap();
            damage(&mut bytes);
            fs::write(&path, bytes).unwrap();
            if !snapshots {
                fs::remove_file(world.path("state/snapshot")).unwrap();
                fs::remove_file(world.path("state/snapshot.previous")).unwrap();
            }
            world.append("log/fw.log", &lines.take(40));
            world.append("log/fw.log", &lines.last());
            for _ in 0..2 {
                world.watch_to_end();
            }
            assert_eq!(keys(&world.alerts()), keys(&world.of_lines(&lines.all)), "{what}, snapshots: {snapshots}: {}", world.said());
        }
    }
}

#[test]
fn a_second_instance_is_refused() {
    let world = World::new();
    world.append("log/fw.log", &login(0, "ext-acc1"));
    let running = world.watch();
    until("the first runs", || !world.alerts().is_empty());
    let output = world.command("watch").stderr(Stdio::piped()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("another nightporter works in this state folder"), "{}", said(&output));
    assert_eq!(running.terminate().code(), Some(0));
}

#[test]
fn a_register_changed_between_two_runs_doubles_nothing() {
    let (world, mut lines) = (World::new(), Lines::new());
    world.append("log/fw.log", &lines.take(40));
    world.watch_to_end();
    for change in 0..3 {
        world.append("log/fw.log", &lines.take(40));
        let running = world.watch();
        let last = format!("ext-acc-b{}", 19 + change * 10);
        until("it is read", || world.has_come_to(&last));
        running.kill();
        // Other words in every alert, and other alerts too.
        let changed =
            world.read("register.toml").replace("\"Acc", "\"Acc & Sons").replace("2019-12-31", &format!("2019-12-{}", 10 + change));
        world.write("register.toml", &changed);
        let running = world.watch();
        until("the change is told", || world.read("err").matches("has changed since the last run").count() > change);
        pause(Duration::from_millis(150));
        running.kill();
    }
    world.append("log/fw.log", &lines.last());
    world.watch_to_end();
    assert_eq!(keys(&world.alerts()), keys(&world.of_lines(&lines.all)), "{}", world.said());
    assert!(world.read("err").contains("the alert log differs"), "{}", world.said());
}

/// A file system of its own, and small.
struct Disk(std::path::PathBuf);

impl Disk {
    fn new(world: &World, name: &str) -> Option<Disk> {
        let path = world.path(name);
        fs::create_dir(&path).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"]).arg(&path).stderr(Stdio::null()).status();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(Disk(path));
        }
        eprintln!("skipped: no file system may be mounted here");
        None
    }

    fn grow(&self) {
        assert!(Command::new("mount").args(["-o", "remount,size=64m"]).arg(&self.0).status().unwrap().success());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_stops_the_reading_until_there_is_room() {
    // Where alerts go, where the state goes.
    for full in ["alerts", "state"] {
        let world = World::new();
        let Some(disk) = Disk::new(&world, "small") else { return };
        let config = world.read("np.toml");
        world.write(
            "np.toml",
            &match full {
                "alerts" => config.replace("\"alerts.jsonl\"", "\"small/alerts.jsonl\""),
                _ => config.replace("\"state\"", "\"small/state\""),
            },
        );
        let mut lines = Lines::new();
        let running = world.watch();
        until("it runs", || world.path("small").join(if full == "alerts" { "alerts.jsonl" } else { "state/snapshot" }).exists());
        // Whatever room is left.
        let _ = fs::write(world.path("small/filler"), [0; 65536]);
        until("it waits", || {
            world.append("log/fw.log", &lines.take(4));
            world.read("err").contains("waiting until the disk takes it")
        });
        // Asked to end, it ends, and the rest is for the next run.
        let since = clock();
        assert_eq!(running.terminate().code(), Some(if full == "alerts" { 2 } else { 0 }), "{full}: {}", world.said());
        assert!(since.elapsed() < Duration::from_secs(4));
        if full == "state" {
            let status = world.watch().wait();
            assert_eq!(status.code(), Some(2), "with no room for a snapshot it does not begin: {}", world.said());
            disk.grow();
        }
        let running = world.watch();
        world.append("log/fw.log", &lines.take(40));
        world.append("log/fw.log", &lines.last());
        disk.grow();
        let alerts = || world.read("small/alerts.jsonl") + &world.alerts();
        let last = format!("\"ext-night{}\"", lines.all.lines().count() / 4 - 1);
        until("it goes on", || alerts().contains(&last));
        assert_eq!(running.terminate().code(), Some(0));
        let mut command = world.command("replay");
        let state = if full == "state" { "small/state" } else { "state" };
        assert!(alerts() == process::data(command.args(["--batches", state])), "{full}: {}", world.said());
        assert_eq!(keys(&alerts()), keys(&world.of_lines(&lines.all)), "{full}");
    }
}

/// Each call that writes fails for a while.
#[test]
fn a_write_that_fails_is_tried_again_and_nothing_is_skipped() {
    let faults = [
        ("write", "ENOSPC", "alerts.jsonl", "1..2"),
        ("write", "EIO", "state/batches-0.log", "3..4"),
        ("fdatasync", "EIO", "alerts.jsonl", "2"),
        ("rename", "EIO", "state/snapshot", "4"),
    ];
    for (call, error, file, when) in faults {
        let (world, mut lines) = (World::new(), Lines::new());
        world.append("log/fw.log", &lines.take(40));
        world.append("log/fw.log", &lines.last());
        world.write("alerts.jsonl", "");
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
            &format!("inject={call}:error={error}:when={when}"),
            "-P",
        ]);
        let command = command.arg(world.path(file)).args([BINARY, "watch", "--until-eof", "--config", "np.toml"]);
        let Ok(child) = command.spawn() else {
            eprintln!("skipped: strace is not there");
            return;
        };
        drop(child.wait_with_output());
        if !world.read("trace").contains("INJECTED") {
            eprintln!("skipped: strace may not trace, or {call} of {file} is not called");
            assert!(!world.read("trace").contains(call), "{}", world.said());
            continue;
        }
        world.watch_to_end();
        world.check(&lines.all, &format!("{call} of {file} fails with {error}"));
    }
}

#[test]
fn a_reader_that_goes_is_a_normal_end() {
    let world = World::new();
    let lines: String = (0..20_000).map(|at| login(at * 3, &format!("ext-acc{at}"))).collect();
    world.write("many.log", &lines);
    for args in [&["replay", "many.log"][..], &["parse", "many.log"], &["watch", "--until-eof", "many.log"]] {
        let mut command = Command::new(BINARY);
        world.furnish(&mut command);
        let mut child = command.args(args).stdout(Stdio::piped()).spawn().unwrap();
        let mut first = [0];
        child.stdout.take().unwrap().read_exact(&mut first).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0), "{args:?}: {}", world.said());
    }
    assert!(!world.read("err").contains("cannot"), "{}", world.said());
}

#[test]
fn stdout_and_the_log_hold_the_same_alerts() {
    let (world, mut lines) = (World::new(), Lines::new());
    let config = world.read("np.toml")
        + "[[sink]]\nkind = \"stdout\"\n[[sink]]\nkind = \"file\"\npath = \"severe.jsonl\"\nmin_severity = \"high\"\n";
    world.write("np.toml", &config);
    world.append("log/fw.log", &lines.take(40));
    world.append("log/fw.log", &lines.last());
    let mut command = world.command("watch");
    let out = File::create(world.path("out")).unwrap();
    assert!(Running::start(command.arg("--until-eof").stdout(out)).wait().success());
    assert!(!world.alerts().is_empty());
    assert_eq!(world.read("out"), world.alerts());
    let severe: String = world
        .alerts()
        .lines()
        .filter(|line| line.contains("\"severity\":\"high\"") || line.contains("\"severity\":\"critical\""))
        .map(|line| line.to_owned() + "\n")
        .collect();
    assert_eq!(world.read("severe.jsonl"), severe);
    let reader = BufReader::new(File::open(world.path("out")).unwrap());
    assert!(reader.lines().all(|line| serde_json::from_str::<serde_json::Value>(&line.unwrap()).is_ok()));
}

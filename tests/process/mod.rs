//! Runs the program as people do: its files, its processes, its alerts, and the replays that say what the alerts ought
//! to be.

#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(missing_docs, unreachable_pub, reason = "test code")]

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use jiff::civil::{DateTime, datetime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

pub const BINARY: &str = env!("CARGO_BIN_EXE_nightporter");

/// `acc` is expired: each of its logins is an alert at once. `night` may never come in: each of its logins is an alert
/// after the grace.
const REGISTER: &str = r#"
[[supplier]]
id = "acc"
name = "Acc"
accounts = ["ext-acc*"]
contract_end = 2019-12-31

[[supplier]]
id = "night"
name = "Night"
accounts = ["ext-night*"]
access = "on-demand"
"#;

/// A folder with a configuration, a register and logs.
pub struct World {
    folder: TempDir,
}

impl World {
    /// With one file source `log/fw.log`, a daybook, state, and a file sink that is the alert log.
    pub fn new() -> World {
        World::of_source("kind = \"file\"\npath = \"log/fw.log\"")
    }

    pub fn of_source(source: &str) -> World {
        let config = format!(
            "state = \"state\"\nregister = \"register.toml\"\ndaybook = \"daybook.jsonl\"\n[defaults]\ntime_zone = \"UTC\"\n\
             [[source]]\nname = \"fw\"\n{source}\n[[sink]]\nkind = \"file\"\npath = \"alerts.jsonl\"\n"
        );
        let world = World { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(world.path("log")).unwrap();
        world.write("register.toml", REGISTER);
        world.write("daybook.jsonl", "");
        world.write("np.toml", &config);
        world
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Appends with one write.
    pub fn append(&self, name: &str, text: &str) {
        append(&self.path(name), text);
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// The program, to be run with the configuration.
    pub fn command(&self, verb: &str) -> Command {
        let mut command = Command::new(BINARY);
        self.furnish(&mut command);
        command.args([verb, "--config", "np.toml"]);
        command
    }

    /// Sets the folder and the standard streams of a command: nothing in, stderr added to `err`.
    pub fn furnish(&self, command: &mut Command) {
        let err = OpenOptions::new().append(true).create(true).open(self.path("err")).unwrap();
        command.current_dir(self.folder.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(err).env_remove("NIGHTPORTER_CONFIG");
    }

    pub fn watch(&self) -> Running {
        Running::start(&mut self.command("watch"))
    }

    /// Watches until all files are read; it has to end well.
    pub fn watch_to_end(&self) {
        let status = Running::start(self.command("watch").arg("--until-eof")).wait();
        assert!(status.success(), "{status}: {}", self.read("err"));
    }

    pub fn alerts(&self) -> String {
        self.read("alerts.jsonl")
    }

    /// Whether one of the last alerts concerns an account.
    pub fn has_come_to(&self, account: &str) -> bool {
        let Ok(mut file) = File::open(self.path("alerts.jsonl")) else { return false };
        let length = file.metadata().unwrap().len();
        file.seek(SeekFrom::Start(length.saturating_sub(64 * 1024))).unwrap();
        let mut end = Vec::new();
        file.read_to_end(&mut end).unwrap();
        String::from_utf8_lossy(&end).contains(&format!("\"account\":\"{account}\""))
    }

    /// What an uninterrupted watch over the same batch log would have written.
    pub fn of_batches(&self) -> String {
        data(self.command("replay").args(["--batches", "state"]))
    }

    /// What a replay of these lines gives.
    pub fn of_lines(&self, lines: &str) -> String {
        fs::create_dir_all(self.path("whole")).unwrap();
        self.write("whole/fw.log", lines);
        let config = self.read("np.toml");
        self.write("whole.toml", &config.replace("log/*.log", "log/fw.log").replace("log/fw.log", "whole/fw.log"));
        let mut command = Command::new(BINARY);
        self.furnish(&mut command);
        data(command.args(["replay", "--config", "whole.toml", "whole/fw.log"]))
    }

    /// Checks the alert log against the replay of the batch log and of all lines ever written.
    pub fn check(&self, lines: &str, what: &str) {
        self.is_that_of_its_batches(what);
        let alerts = self.alerts();
        let (got, wanted) = (keys(&alerts), keys(&self.of_lines(lines)));
        assert!(!wanted.is_empty());
        let differ = |a: &BTreeMap<Key, usize>, b: &BTreeMap<Key, usize>| {
            a.iter().filter(|(key, n)| **n > b.get(*key).copied().unwrap_or(0)).map(|(key, _)| key.clone()).collect::<Vec<_>>()
        };
        let (lost, extra) = (differ(&wanted, &got), differ(&got, &wanted));
        assert!(lost.is_empty() && extra.is_empty(), "{what}: lost {lost:?}, extra {extra:?}; {}", self.said());
    }

    /// Checks the alert log against the replay of the batch log.
    pub fn is_that_of_its_batches(&self, what: &str) {
        let (alerts, batches) = (self.alerts(), self.of_batches());
        if alerts != batches {
            let at = alerts.bytes().zip(batches.bytes()).take_while(|(a, b)| a == b).count();
            panic!(
                "{what}: the alert log ({} bytes) differs from its batches ({} bytes) at {at}; {}",
                alerts.len(),
                batches.len(),
                self.said()
            );
        }
    }

    /// What was said on stderr, its end.
    pub fn said(&self) -> String {
        let err = self.read("err");
        let lines: Vec<&str> = err.lines().collect();
        lines[lines.len().saturating_sub(25)..].join("\n")
    }

    /// Keeps the folder for a look at it.
    pub fn leave(self) -> PathBuf {
        self.folder.keep()
    }
}

pub fn append(path: &Path, text: &str) {
    OpenOptions::new().append(true).create(true).open(path).and_then(|mut file| file.write_all(text.as_bytes())).unwrap();
}

/// What a command writes to stdout; it has to end well.
pub fn data(command: &mut Command) -> String {
    let Output { status, stdout, .. } = command.stdout(Stdio::piped()).output().unwrap();
    assert!(status.success(), "{status} of {command:?}");
    String::from_utf8(stdout).unwrap()
}

/// A process, killed when it is dropped.
pub struct Running(Child);

impl Running {
    pub fn start(command: &mut Command) -> Running {
        Running(command.spawn().unwrap())
    }

    pub fn stdin(&mut self) -> ChildStdin {
        self.0.stdin.take().unwrap()
    }

    pub fn id(&self) -> u32 {
        self.0.id()
    }

    pub fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    pub fn terminate(self) -> ExitStatus {
        assert!(Command::new("kill").arg(self.0.id().to_string()).status().unwrap().success());
        self.wait()
    }

    /// Waits for the end, but not for ever.
    pub fn wait(mut self) -> ExitStatus {
        let mut status = None;
        within(Duration::from_mins(1), "the process ends", || {
            status = self.0.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits until something holds.
pub fn until(what: &str, holds: impl FnMut() -> bool) {
    within(Duration::from_secs(30), what, holds);
}

fn within(limit: Duration, what: &str, mut holds: impl FnMut() -> bool) {
    let start = clock();
    while !holds() {
        assert!(start.elapsed() < limit, "not within {limit:?}: {what}");
        pause(Duration::from_millis(3));
    }
}

#[expect(clippy::disallowed_methods, reason = "processes are waited for by looking at what they leave")]
pub fn pause(time: Duration) {
    std::thread::sleep(time);
}

#[expect(clippy::disallowed_methods, reason = "how long a test waits")]
pub fn clock() -> Instant {
    Instant::now()
}

/// How large a test is to be.
#[expect(clippy::disallowed_methods, reason = "tests are made larger by the environment")]
pub fn size(name: &str, default: usize) -> usize {
    std::env::var(name).ok().map_or(default, |text| text.parse().unwrap_or(usize::MAX))
}

/// An alert as far as it does not depend on offsets: rule, time, account.
pub type Key = (String, String, String);

pub fn keys(alerts: &str) -> BTreeMap<Key, usize> {
    let mut keys = BTreeMap::new();
    for line in alerts.lines() {
        let alert: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let text = |path: &str| alert.pointer(path).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
        *keys.entry((text("/rule/id"), text("/@timestamp"), text("/user/name"))).or_default() += 1;
    }
    keys
}

/// Number of alerts of a rule.
pub fn count(alerts: &str, rule: &str) -> usize {
    keys(alerts).iter().filter(|((of, _, _), _)| of == rule).map(|(_, n)| n).sum()
}

const START: DateTime = datetime(2020, 1, 6, 2, 0, 0, 0);

/// A login line of a time, in seconds after the start.
pub fn login(seconds: usize, user: &str) -> String {
    let time = START + SignedDuration::from_secs(i64::try_from(seconds).unwrap());
    line(time, seconds, user)
}

/// A login line of a moment.
pub fn login_at(moment: Timestamp, user: &str) -> String {
    line(moment.to_zoned(TimeZone::UTC).datetime(), user.len(), user)
}

fn line(time: DateTime, number: usize, user: &str) -> String {
    let stamp = time.strftime("date=%Y-%m-%d time=%H:%M:%S");
    let (a, b) = (number / 250 % 250, number % 250);
    format!(
        "{stamp} devname=\"FGT-A\" devid=\"FG100\" tz=\"+0000\" type=\"event\" subtype=\"vpn\" level=\"information\" vd=\"root\" \
         action=\"tunnel-up\" tunneltype=\"ssl-tunnel\" tunnelid={number} remip=198.51.{a}.{b} tunnelip=10.99.{a}.{b} user=\"{user}\" msg=\"x\"\n"
    )
}

/// The lines of a device, without end: logins of the expired supplier, each an alert at once, and of one that may not
/// come in, each an alert that waits until a later line or the clock has come seven minutes further.
pub struct Lines {
    next: usize,
    /// All that was given out.
    pub all: String,
}

impl Lines {
    pub fn new() -> Lines {
        Lines { next: 0, all: String::new() }
    }

    /// Some more.
    pub fn take(&mut self, number: usize) -> String {
        let some: String = (self.next..self.next + number).map(line_of).collect();
        self.next += number;
        self.all.push_str(&some);
        some
    }

    /// A last line, of nobody's supplier and so late that nothing waits any more.
    pub fn last(&mut self) -> String {
        let last = login((self.next / 4 + 3) * 480, "claire");
        self.all.push_str(&last);
        last
    }
}

/// Four lines in eight minutes of the device's time. The alert for the second waits until 7:07; the fourth comes up to
/// three seconds before that, so that the ticking clock, or else the next line, brings it out.
fn line_of(number: usize) -> String {
    let (round, at) = (number / 4, number % 4);
    let start = round * 480;
    match at {
        0 => login(start, &format!("ext-acc{round}")),
        1 => login(start + 7, &format!("ext-night{round}")),
        2 => login(start + 60, &format!("ext-acc-b{round}")),
        _ => login(start + 7 + 420 - round % 4, &format!("ext-acc-c{round}")),
    }
}

/// Numbers that look random and are the same in every run.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// From `least` to below `limit`.
    pub fn roll(&mut self, least: usize, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        least + usize::try_from(self.0 >> 11).unwrap() % (limit - least)
    }
}

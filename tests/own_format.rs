//! A format of the user's own, wherever lines are read.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice, reason = "a test may fail")]

mod process;

use std::process::{Command, Stdio};

use process::{BINARY, World, count, data, until};

const SOURCE: &str = r#"kind = "file"
path = "log/*.log"
[[format]]
name = "our-gate"
regex = '^(?<time>\S+) gate: (?<user>\S+) from (?<src>\S+) (?<result>IN|REFUSED)$'
event = { IN = "session_start", REFUSED = "login_failure" }
samples = ["2020-01-06T02:00:00Z gate: ext-acc1 from 198.51.100.23 IN"]"#;

/// Logins of the expired supplier, one a minute.
fn logins(from: usize, to: usize) -> String {
    (from..to).map(|n| format!("2020-01-06T02:{n:02}:00Z gate: ext-acc{n} from 198.51.100.{n} IN\n")).collect()
}

fn run(world: &World, args: &[&str]) -> String {
    let mut command = Command::new(BINARY);
    world.furnish(&mut command);
    data(command.args(args))
}

#[test]
fn it_is_watched_across_restarts_and_replayed_alike() {
    let world = World::of_source(SOURCE);
    world.append("log/fw.log", &logins(0, 10));
    world.watch_to_end();
    let running = world.watch();
    world.append("log/fw.log", &logins(10, 20));
    until("the twentieth login is told", || world.has_come_to("ext-acc19"));
    running.kill();
    // Nothing waits any more after a line so late.
    let last = logins(20, 30) + "2020-01-06T03:00:00Z gate: claire from 198.51.100.99 IN\n";
    world.append("log/fw.log", &last);
    world.watch_to_end();
    assert_eq!(count(&world.alerts(), "expired-access"), 30);
    world.check(&(logins(0, 20) + &last), "a format of the user's own");
    // The summary calls it by its name.
    assert!(world.said().contains("31 our-gate"), "{}", world.said());
}

#[test]
fn it_is_listed_parsed_and_checked() {
    let world = World::of_source(SOURCE);
    world.append("log/fw.log", &(logins(0, 1) + &process::login(0, "ext-acc1")));
    assert!(run(&world, &["list", "formats", "--config", "np.toml"]).starts_with("our-gate "));
    let events = |args: &[&str]| -> Vec<(String, String)> {
        let parsed = run(&world, &[&["parse", "--config", "np.toml", "log/fw.log"], args].concat());
        let text = |event: &serde_json::Value, name: &str| event["nightporter"][name].as_str().unwrap_or_default().to_owned();
        let read = |line: &str| serde_json::from_str(line).map(|event| (text(&event, "event"), text(&event, "format"))).unwrap();
        parsed.lines().map(read).collect()
    };
    let pairs =
        |found: &[(&str, &str)]| -> Vec<(String, String)> { found.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect() };
    assert_eq!(events(&[]), pairs(&[("session_start", "our-gate"), ("session_start", "fortigate")]));
    assert_eq!(events(&["--format", "our-gate"]), pairs(&[("session_start", "our-gate"), ("unparsed", "")]));
    assert_eq!(events(&["--format", "fortigate"]), pairs(&[("unparsed", ""), ("session_start", "fortigate")]));
    let mut command = Command::new(BINARY);
    world.furnish(&mut command);
    let checked = command.args(["check", "--config", "np.toml"]).stderr(Stdio::piped()).output().unwrap();
    let told = String::from_utf8(checked.stderr).unwrap();
    assert_eq!(checked.status.code(), Some(0));
    insta::assert_snapshot!(told, @r"
    np.toml:14:12: our-gate reads session_start: @timestamp=2020-01-06T02:00:00Z event.action=IN source.ip=198.51.100.23 user.name=ext-acc1
    ok: 1 source, 0 sites, 2 suppliers, 0 accounts, 0 daybook lines
    ");
}

#[test]
fn a_source_may_be_read_by_it_alone() {
    let world = World::of_source(&SOURCE.replacen("path", "format = \"our-gate\"\npath", 1));
    world.append("log/fw.log", &(logins(0, 1) + &process::login(60, "ext-acc1")));
    world.watch_to_end();
    assert_eq!(count(&world.alerts(), "expired-access"), 1);
    assert!(world.said().contains("2 received = 1 parsed + 1 unparsed"), "{}", world.said());
}

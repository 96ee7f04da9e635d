//! What people type: help, exit codes, the daybook's verbs, and what a running watch makes of what they write.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice, reason = "a test may fail")]

mod process;

use std::io::Write;
use std::process::{Command, Output, Stdio};

use jiff::{SignedDuration, Timestamp};
use process::{BINARY, Running, World, count, login, login_at, pause, until};

/// Runs to the end with the configuration.
fn run(world: &World, args: &[&str]) -> Output {
    let mut command = Command::new(BINARY);
    world.furnish(&mut command);
    command.args(args).env_remove("COLUMNS").env_remove("USER").stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Exit status, data, and what was said.
fn outcome(world: &World, args: &[&str]) -> (i32, String, String) {
    let output = run(world, args);
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn every_verb_explains_itself() {
    let world = World::new();
    let verbs: [&[&str]; 17] = [
        &[],
        &["watch"],
        &["replay"],
        &["backtest"],
        &["parse"],
        &["check"],
        &["doctor"],
        &["list"],
        &["explain"],
        &["window"],
        &["window", "open"],
        &["window", "close"],
        &["window", "list"],
        &["cut"],
        &["lift"],
        &["learned"],
        &["unlearn"],
    ];
    for verb in verbs {
        let (code, data, said) = outcome(&world, &[verb, &["--help"]].concat());
        assert_eq!((code, said.as_str()), (0, ""), "{verb:?}");
        insta::assert_snapshot!(format!("help {}", verb.join(" ")).trim().replace(' ', "-"), data);
    }
}

#[test]
fn exit_status_tells_how_it_went() {
    let world = World::new();
    world.append("log/fw.log", &login(0, "ext-acc1"));
    let cases: [(&[&str], i32); 16] = [
        (&["--version"], 0),
        (&["check", "--config", "np.toml"], 0),
        (&["check", "--config", "none.toml"], 2),
        (&["replay", "--config", "np.toml"], 0),
        (&["replay", "--config", "np.toml", "--fail-on", "critical"], 0),
        (&["replay", "--config", "np.toml", "--fail-on", "high"], 1),
        (&["replay", "--config", "np.toml", "--fail-on", "info"], 1),
        (&["replay", "--fail-on", "hihg", "log/fw.log"], 2),
        (&["replay", "none.log"], 2),
        (&["replay", "--no-such-option"], 2),
        (&["no-such-verb"], 2),
        (&["parse", "--format", "fortigat", "log/fw.log"], 2),
        (&["parse", "log"], 2),
        (&["explain", "of-hours"], 2),
        (&["list", "formatz"], 2),
        (&["watch", "--config", "np.toml", "--time-zone", "Europe/Pari"], 2),
    ];
    for (args, code) in cases {
        let (found, _, said) = outcome(&world, args);
        assert_eq!(found, code, "{args:?}: {said}");
        assert!(code == 0 || code == 1 || !said.is_empty(), "{args:?}");
    }
    assert!(outcome(&world, &["parse", "--format", "fortigat", "x"]).2.contains("did you mean \"fortigate\"?"));
    assert!(outcome(&world, &["chek"]).2.contains("did you mean \"check\"?"));
    assert!(outcome(&world, &["explain", "of-hours"]).2.contains("did you mean \"off-hours\"?"));
}

#[test]
fn replay_writes_to_stdout_alone() {
    let world = World::new();
    world.append("log/fw.log", &login(0, "ext-acc1"));
    let (code, data, _) = outcome(&world, &["replay", "--config", "np.toml"]);
    assert_eq!((code, count(&data, "expired-access")), (0, 1));
    assert!(!world.path("state").exists() && !world.path("alerts.jsonl").exists());
    // Nor does it read what a watch left.
    world.watch_to_end();
    let before = std::fs::metadata(world.path("state/snapshot")).unwrap().modified().unwrap();
    assert_eq!(outcome(&world, &["replay", "--config", "np.toml"]).1, data);
    assert_eq!(std::fs::metadata(world.path("state/snapshot")).unwrap().modified().unwrap(), before);
    assert_eq!(world.alerts(), data);
}

#[test]
fn lists_and_pages_are_data_on_stdout() {
    let world = World::new();
    for (args, has) in [
        (&["list", "formats"][..], "fortigate"),
        (&["list", "rules"], "off-hours"),
        (&["explain", "off-hours", "--config", "np.toml"], "## What it catches"),
        (&["explain", "--line", login(0, "ext-acc1").trim()], "ext-acc1"),
        (&["--version"], "ECS 9.4.0"),
    ] {
        let (code, data, said) = outcome(&world, args);
        assert_eq!((code, said.as_str()), (0, ""), "{args:?}");
        assert!(data.contains(has), "{args:?}: {data}");
    }
}

#[test]
fn check_says_what_there_is_and_what_is_wrong() {
    let world = World::new();
    let (code, data, said) = outcome(&world, &["check", "--config", "np.toml"]);
    assert_eq!((code, data.as_str(), said.as_str()), (0, "", "ok: 1 source, 0 sites, 2 suppliers, 0 accounts, 0 daybook lines\n"));
    world.write(
        "daybook.jsonl",
        "{\"at\":\"2020-01-06T01:00:00Z\",\"by\":\"yann\",\"entry\":\"cut\",\"supplier\":\"nigth\",\"reason\":\"x\"}\nnonsense\n",
    );
    let (code, _, said) = outcome(&world, &["check", "--config", "np.toml"]);
    assert_eq!(code, 2);
    assert!(said.contains("daybook.jsonl:1:") && said.contains("did you mean \"night\"?") && said.contains("daybook.jsonl:2:"), "{said}");
}

#[test]
fn the_daybook_verbs_write_lines_as_the_contract_has_them() {
    let world = World::new();
    let with = |args: &[&str]| outcome(&world, &[args, &["--config", "np.toml"]].concat());
    let signed = ["--by", "claire", "--reason", "blocked \"prescriptions\""];
    let at = ["--at", "2020-01-18T22:28:00+01:00"];
    let window = [
        &["window", "open", "night", "--account", "EXT-night1", "--from", "2020-01-18T22:30:00Z", "--until", "2h", "--ticket", "INC-1"],
        &signed[..],
        &at,
    ]
    .concat();
    assert_eq!(with(&window).0, 0);
    let close = [&["window", "close", "w-0001"], &signed[..], &["--at", "2020-01-18T23:50:00Z"]].concat();
    assert_eq!(with(&close).0, 0);
    assert_eq!(with(&[&["cut", "acc"], &signed[..], &at].concat()).0, 0);
    assert_eq!(with(&[&["lift", "acc"], &signed[..], &["--at", "2020-01-19T10:00:00Z"]].concat()).0, 0);
    insta::assert_snapshot!(world.read("daybook.jsonl"), @r#"
    {"at":"2020-01-18T21:28:00+00:00","by":"claire","entry":"window","id":"w-0001","supplier":"night","accounts":["ext-night1"],"from":"2020-01-18T22:30:00+00:00","until":"2020-01-19T00:30:00+00:00","ticket":"INC-1","reason":"blocked \"prescriptions\""}
    {"at":"2020-01-18T23:50:00+00:00","by":"claire","entry":"close","window":"w-0001","reason":"blocked \"prescriptions\""}
    {"at":"2020-01-18T21:28:00+00:00","by":"claire","entry":"cut","supplier":"acc","reason":"blocked \"prescriptions\""}
    {"at":"2020-01-19T10:00:00+00:00","by":"claire","entry":"lift","supplier":"acc","reason":"blocked \"prescriptions\""}
    "#);
    let (code, data, _) = with(&["window", "list", "--all"]);
    assert_eq!(code, 0);
    insta::assert_snapshot!(data, @r#"w-0001   past     night            2020-01-18T22:30:00+00:00 until 2020-01-18T23:50:00+00:00 for ext-night1 INC-1: blocked "prescriptions" (claire)"#);
    // What would make no sense is not written.
    let before = world.read("daybook.jsonl");
    for args in [
        [&["lift", "acc"], &signed[..]].concat(),
        [&["cut", "ac"], &signed[..]].concat(),
        [&["window", "close", "w-0009"], &signed[..]].concat(),
        [&["window", "open", "night", "--until", "soon"], &signed[..]].concat(),
        vec!["cut", "acc", "--by", "claire", "--reason", " "],
    ] {
        let (code, _, said) = with(&args);
        assert_eq!(code, 2, "{args:?}");
        assert!(said.starts_with("nightporter: "), "{said}");
    }
    assert_eq!(world.read("daybook.jsonl"), before);
    // A last line that somebody left without its end is ended first.
    world.append("daybook.jsonl", "{\"half");
    assert_eq!(with(&[&["cut", "acc"], &signed[..]].concat()).0, 0);
    assert!(world.read("daybook.jsonl").contains("{\"half\n{\"at\":"));
}

#[test]
fn what_was_learned_is_listed_and_forgotten() {
    let world = World::new();
    let with = |args: &[&str]| outcome(&world, &[args, &["--config", "np.toml"]].concat());
    assert_eq!(with(&["learned"]).0, 2);
    let flow = r#"devname="FGT-1" devid="FG1" tz="+0000" logid="0000000013" type="traffic" subtype="forward" srcip=10.99.0.6 srcport=50000 dstip=10.20.4.11 dstport=443 proto=6 action="close" sentbyte=1 rcvdbyte=2 user="ext-acc1""#;
    let at = |minute: u8, what: &str| format!("date=2020-01-06 time={:02}:{:02}:00 {what}\n", 10 + minute / 60, minute % 60);
    let session = |action: &str, id: &str| {
        format!(
            "devname=\"FGT-1\" devid=\"FG1\" tz=\"+0000\" logid=\"{id}\" type=\"event\" subtype=\"vpn\" action=\"{action}\" tunneltype=\"ssl-tunnel\" tunnelid=1 remip=192.0.2.9 tunnelip=10.99.0.6 user=\"ext-acc1\""
        )
    };
    world.append(
        "log/fw.log",
        &(at(0, &session("tunnel-up", "0101039947")) + &at(1, flow) + &at(30, &session("tunnel-down", "0101039948"))),
    );
    // What follows on the same device, so that its time goes on.
    let claire = session("tunnel-up", "0101039947").replace("ext-acc1", "claire").replace("tunnelid=1", "tunnelid=7").replace("0.6", "0.7");
    world.append("log/fw.log", &(at(120, &claire) + &at(122, &claire)));
    world.watch_to_end();
    let (code, data, said) = with(&["learned"]);
    assert_eq!((code, said.as_str()), (0, ""));
    insta::assert_snapshot!(data, @r"
    acc  off-hours     hours     Mo 10:00-10:59 (1 session)
    acc  new-origin    networks  192.0.2.0/24, last 2020-01-06T10:00:00+00:00
    acc  scope-breach  targets   10.20.4.11, last 2020-01-06T10:01:00+00:00
    acc  overstay      length    99 % of its sessions last 30m or less (1 session)
    acc  volume-out    volume    99 % of its sessions take out 2 B or less (1 session)
    ");
    let (_, data, _) = with(&["learned", "acc", "--json"]);
    let targets = |data: &str| data.matches("scope-breach").count();
    let rows: Vec<serde_json::Value> = data.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(rows.iter().any(|row| row["what"] == "targets" && row["value"] == "10.20.4.11" && row["supplier"] == "acc"), "{data}");
    assert_eq!(with(&["learned", "night"]), (0, "nothing was learned yet\n".to_owned(), String::new()));
    assert!(with(&["learned", "nigth"]).2.contains("did you mean \"night\"?"));
    // What would make no sense is not written.
    let signed = ["--by", "yann", "--reason", "an intruder", "--at", "2020-01-07T10:00:00Z"];
    assert!(with(&[&["unlearn", "acc", "--what", "target"], &signed[..]].concat()).2.contains("did you mean \"targets\"?"));
    assert_eq!(world.read("daybook.jsonl"), "");
    let typed = [&["unlearn", "acc", "--what", "targets"], &signed[..]].concat();
    assert_eq!(with(&typed), (0, String::new(), "acc: what was learned of its targets is forgotten\n".to_owned()));
    insta::assert_snapshot!(world.read("daybook.jsonl"), @r#"{"at":"2020-01-07T10:00:00+00:00","by":"yann","entry":"unlearn","supplier":"acc","what":"targets","reason":"an intruder"}"#);
    assert_eq!(with(&["check"]).0, 0);
    world.watch_to_end();
    let (_, data, _) = with(&["learned"]);
    assert!(targets(&data) == 0 && data.contains("hours") && data.contains("networks"), "{data}");
    // The same entry again changes nothing.
    world.append("log/fw.log", &(at(140, &session("tunnel-up", "0101039947")) + &at(141, flow)));
    world.watch_to_end();
    assert_eq!(targets(&with(&["learned"]).1), 1);
    let again = world.read("daybook.jsonl");
    world.append("daybook.jsonl", &again);
    world.watch_to_end();
    assert_eq!(targets(&with(&["learned"]).1), 1);
    world.is_that_of_its_batches("unlearned");
}

#[expect(clippy::disallowed_methods, reason = "a watch that runs goes by the clock of the day")]
fn now() -> Timestamp {
    Timestamp::now()
}

#[test]
fn a_running_watch_acts_on_what_is_typed() {
    let world = World::new();
    world.write(
        "register.toml",
        &(world.read("register.toml") + "[[supplier]]\nid = \"day\"\nname = \"Day\"\naccounts = [\"ext-day*\"]\nhours = \"24/7\"\n"),
    );
    let running = world.watch();
    let minutes = |n| now() + SignedDuration::from_mins(n);
    let typed = |args: &[&str]| {
        let (code, _, said) = outcome(&world, &[args, &["--by", "yann", "--reason", "x", "--config", "np.toml"]].concat());
        assert_eq!(code, 0, "{said}");
    };
    // Both wait for a window; one is written, a little late.
    world.append(
        "log/fw.log",
        &(login_at(minutes(-4), "ext-night1") + &login_at(minutes(-4), "ext-night2") + &login_at(minutes(-3), "ext-day1")),
    );
    typed(&["window", "open", "night", "--account", "ext-night1", "--from", &minutes(-5).to_string(), "--until", "2h"]);
    typed(&["cut", "day"]);
    let cut = world.read("daybook.jsonl");
    assert_eq!(cut.lines().count(), 2);
    // What is typed and what happens come through two files: let the one be read before the other is written.
    pause(std::time::Duration::from_millis(1200));
    world.append("log/fw.log", &login_at(now(), "ext-day2"));
    until("the breach is told", || count(&world.alerts(), "cut-breach") == 1);
    assert!(world.alerts().contains("ext-day2") && !world.alerts().contains("ext-day1"));
    world.append("log/fw.log", &login_at(minutes(4), "claire"));
    until("the grace is over", || count(&world.alerts(), "off-hours") == 1);
    assert!(world.alerts().contains("ext-night2") && !world.alerts().contains("ext-night1"), "{}", world.alerts());
    assert_eq!(running.terminate().code(), Some(0));
    world.is_that_of_its_batches("typed");
}

#[test]
fn lines_on_stdin_need_no_verb_and_no_configuration() {
    let world = World::new();
    let mut command = Command::new(BINARY);
    world.furnish(&mut command);
    let mut running = Running::start(command.stdin(Stdio::piped()).stdout(std::fs::File::create(world.path("out")).unwrap()));
    let mut stdin = running.stdin();
    stdin.write_all(login(0, "ext-acc1").as_bytes()).unwrap();
    until("an alert leaves while stdin is open", || !world.read("out").is_empty());
    drop(stdin);
    assert_eq!(running.wait().code(), Some(0));
    // A path that names two sources is one stream: stdin and files may be mixed.
    world.append("a.log", &login(10, "ext-acc2"));
    world.append("b.log", &login(20, "ext-acc3"));
    let (code, data, _) = outcome(&world, &["watch", "--until-eof", "a.log", "b.log", "a.log", "*.log"]);
    assert_eq!((code, count(&data, "off-hours")), (0, 2), "{data}");
}

#[test]
fn files_of_one_source_are_one_stream_and_stdin_may_stand_beside_it() {
    let source = "kind = \"file\"\npath = \"log/*.log\"\n[[source]]\nname = \"pipe\"\nkind = \"stdin\"";
    let world = World::of_source(source);
    let lines = [login(0, "ext-acc1"), login(10, "ext-acc22")];
    world.append("log/a.log", &lines[0]);
    world.append("log/b.log", &lines[1]);
    let mut running = Running::start(world.command("watch").arg("--until-eof").stdin(Stdio::piped()));
    running.stdin().write_all(login(20, "ext-acc3").as_bytes()).unwrap();
    assert_eq!(running.wait().code(), Some(0));
    // By name, as the configuration or the command line have them.
    let named = World::of_source(source);
    named.append("log/a.log", &lines[0]);
    named.append("log/b.log", &lines[1]);
    assert!(Running::start(named.command("watch").args(["--until-eof", "log/a.log", "log/b.log"])).wait().success());
    for (world, others) in [(&world, 1), (&named, 0)] {
        let alerts: Vec<serde_json::Value> = world.alerts().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let of = |source: &str| -> Vec<u64> {
            let expired = alerts.iter().filter(|alert| alert["rule"]["id"] == "expired-access");
            let evidence = expired.map(|alert| &alert["nightporter"]["evidence"][0]).filter(|evidence| evidence["source"] == source);
            evidence.map(|evidence| evidence["offset"].as_u64().unwrap()).collect()
        };
        assert_eq!((of("fw"), of("pipe").len()), (vec![0, lines[0].len() as u64], others));
        world.is_that_of_its_batches("two files of one source");
    }
}

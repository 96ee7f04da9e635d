//! What a backtest reports: frequencies, causes, savings, and what another configuration changes.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail")]

use std::fmt::Write as _;
use std::fs;
use std::process::{Command, Stdio};

use nightporter::cli::Common;
use nightporter::setup::Setup;
use nightporter::verbs::backtest::{Period, Report, Work, replayed};
use parsers::Time;
use serde_json::Value;
use tempfile::TempDir;

#[test]
fn the_night() {
    let setup = Setup::load(&Common { config: Some("fixtures/night/nightporter.toml".into()), ..Common::default() }).unwrap();
    // 2025-11-11T12:00:00Z
    let now = Time(1_762_862_400_000_000_000);
    let inputs = setup.inputs(&[]).unwrap();
    let replayed = replayed(&setup, &inputs, 1, now, &mut |_, _| {}, &mut |fault| panic!("{fault}")).unwrap();
    let period = Period::of(Some("60d"), None, &setup.config.defaults.zone, replayed.metrics.covered).unwrap();
    let report = Report::of(&Work { setup: &setup, replayed: &replayed, period, asked: Some("60d"), against: None, now });
    let page = report.to_string();
    assert!(page.lines().filter(|line| !line.starts_with("    {")).all(|line| line.chars().count() <= 100), "{page}");
    insta::assert_snapshot!(page);
}

/// Three weeks of a supplier that works a little longer than agreed, comes from two offices of which one is declared, and has one
/// named account that two people use now and then.
struct Weeks(TempDir);

const REGISTER: &str = r#"
[[supplier]]
id = "chimere"
name = "Logiciels Chimère"
accounts = ["fourn.chimere*"]
hours = "Mo-Fr 08:00-18:00; PH off"
networks = ["198.51.100.0/24"]
holidays = "none"
time_zone = "UTC"
"#;

impl Weeks {
    fn new() -> Weeks {
        let weeks = Weeks(tempfile::tempdir().unwrap());
        weeks.write("register.toml", REGISTER);
        weeks.write("np.toml", &config(""));
        let mut lines = String::new();
        for day in 1..=21 {
            // 2026-06-01 is a Monday.
            let weekend = day % 7 == 6 || day % 7 == 0;
            if !weekend {
                lines += &session(day, "17:50", "198.51.100.7", "fourn.chimere.n1", false);
                lines += &session(day, "18:20", "198.51.100.8", "fourn.chimere.n2", true);
            }
        }
        lines += &session(20, "23:00", "203.0.113.9", "fourn.chimere.n2", true);
        weeks.write("fw.log", &lines);
        weeks
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.path().join(name), text).unwrap();
    }

    /// Exit status, data, what was said.
    fn backtest(&self, args: &[&str]) -> (i32, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nightporter"));
        command.arg("backtest").args(args).current_dir(self.0.path()).env_remove("NIGHTPORTER_CONFIG").stdin(Stdio::null());
        let output = command.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    fn json(&self, args: &[&str]) -> Value {
        let (code, data, said) = self.backtest(&[args, &["--json", "--config", "np.toml"]].concat());
        assert_eq!((code, said.as_str()), (0, ""));
        serde_json::from_str(&data).unwrap()
    }
}

fn config(settings: &str) -> String {
    format!(
        "register = \"register.toml\"\n[defaults]\ntime_zone = \"UTC\"\n[[source]]\nname = \"fw\"\nkind = \"file\"\npath = \"fw.log\"\n{settings}"
    )
}

/// A login of a day in June 2026, and half an hour later (or at once) its end.
fn session(day: u32, time: &str, ip: &str, user: &str, short: bool) -> String {
    let mut lines = String::new();
    let end = if short { format!("{}1", time.get(..4).unwrap_or_default()) } else { "17:59".to_owned() };
    for (at, action) in [(time, "tunnel-up"), (&end, "tunnel-down")] {
        writeln!(
            lines,
            "date=2026-06-{day:02} time={at}:00 devname=\"FGT-A\" devid=\"FG100\" tz=\"+0000\" type=\"event\" subtype=\"vpn\" \
             action=\"{action}\" tunneltype=\"ssl-tunnel\" tunnelid={day}{} remip={ip} user=\"{user}\"",
            time.replace(':', "")
        )
        .unwrap();
    }
    lines
}

fn of<'v>(list: &'v Value, name: &str, value: &str) -> Vec<&'v Value> {
    list.as_array().unwrap().iter().filter(|row| row[name] == value).collect()
}

#[test]
fn alerts_are_counted_by_day_and_by_who_causes_them() {
    let weeks = Weeks::new();
    let report = weeks.json(&[]);
    // Fifteen evenings, and the Saturday: its closed period began on Friday, of which was spoken already.
    let off_hours: u64 = of(&report["rules"], "rule", "off-hours").iter().map(|rate| rate["alerts"].as_u64().unwrap()).sum();
    assert_eq!(off_hours, 15);
    assert_eq!(of(&report["rules"], "rule", "new-origin").len(), 1);
    assert_eq!(report["suppliers"][0]["name"], "chimere");
    assert_eq!(report["accounts"][0]["name"], "fourn.chimere.n2");
    let rates = report["severities"].as_array().unwrap();
    let sum: u64 = rates.iter().map(|rate| rate["alerts"].as_u64().unwrap()).sum();
    assert_eq!(report["alerts"].as_u64().unwrap(), sum);
}

#[test]
fn what_lies_before_is_learned_from_and_not_counted() {
    let weeks = Weeks::new();
    let all = weeks.json(&[])["alerts"].as_u64().unwrap();
    let week = weeks.json(&["--since", "7d"]);
    // Back from the last line, on Saturday the 20th at 23:01: five evenings.
    assert_eq!((week["since"].as_str(), week["days"].as_f64()), (Some("2026-06-13T23:01:00+00:00"), Some(7.0)));
    assert_eq!(of(&week["rules"], "rule", "off-hours")[0]["alerts"], 5);
    assert!(week["days_before"].as_f64().unwrap() > 12.0);
    let first = weeks.json(&["--until", "2026-06-13T23:01:00Z"])["alerts"].as_u64().unwrap();
    assert_eq!(first + week["alerts"].as_u64().unwrap(), all);
    assert_eq!(weeks.json(&["--since", "2026-06-15", "--until", "2026-06-16"])["alerts"], 1);
}

#[test]
fn wider_hours_networks_and_exceptions_are_weighed() {
    let weeks = Weeks::new();
    let savings = weeks.json(&[])["savings"].clone();
    let hours = of(&savings["changes"], "rule", "off-hours");
    assert_eq!(hours.len(), 1);
    assert_eq!((hours[0]["saves"].as_u64(), hours[0]["of"].as_u64()), (Some(15), Some(15)));
    assert_eq!(hours[0]["what"], "hours = \"Mo-Fr 08:00-18:30; PH off\"");
    let exception = of(&savings["exceptions"], "rule", "off-hours")[0];
    let entry: Value = serde_json::from_str(exception["what"].as_str().unwrap()).unwrap();
    assert_eq!((entry["entry"].as_str(), entry["supplier"].as_str()), (Some("exception"), Some("chimere")));
    // What is proposed does what is promised, and nothing else.
    weeks.write("wider.toml", &config("").replace("register.toml", "wider-register.toml"));
    weeks.write("wider-register.toml", &REGISTER.replace("18:00", "18:30"));
    let report = weeks.json(&["--against", "wider.toml"]);
    let changes = &report["difference"]["rules"]["off-hours"];
    assert_eq!(changes["gone"]["count"], 15);
    weeks.write(
        "daybook.jsonl",
        &format!("{}\n", exception["what"].as_str().unwrap().replace(&entry["at"].to_string(), "\"2026-05-01T00:00:00Z\"")),
    );
    let excepted = weeks.json(&["--daybook", "daybook.jsonl"]);
    assert_eq!(of(&excepted["rules"], "rule", "off-hours")[0]["severity"], "info");
    assert!(of(&excepted["savings"]["exceptions"], "rule", "off-hours").is_empty());
}

#[test]
fn what_another_configuration_changes() {
    let weeks = Weeks::new();
    weeks.write("other.toml", &config("[rules.new-origin]\nenabled = false\n[rules.off-hours]\nseverity = \"low\"\n"));
    let report = weeks.json(&["--against", "other.toml"]);
    let rules = &report["difference"]["rules"];
    assert_eq!((&rules["new-origin"]["gone"]["count"], &rules["new-origin"]["new"]["count"]), (&1.into(), &0.into()));
    assert_eq!(rules["off-hours"]["severity"]["count"], 15);
    assert_eq!(rules["off-hours"]["severity"]["examples"][0]["severity"], "medium → low");
    assert_eq!(rules["off-hours"]["severity"]["examples"].as_array().unwrap().len(), 3);
    // The other way round what is gone is new.
    let (_, data, _) = weeks.backtest(&["--config", "other.toml", "--against", "np.toml", "--json"]);
    let back: Value = serde_json::from_str(&data).unwrap();
    assert_eq!(back["difference"]["rules"]["new-origin"]["new"]["count"], 1);
    let (_, page, _) = weeks.backtest(&["--config", "np.toml", "--against", "np.toml"]);
    assert!(page.contains("Against np.toml: 16 alerts there\n  Nothing differs.\n"), "{page}");
    let (_, page, _) = weeks.backtest(&["--config", "np.toml", "--against", "other.toml"]);
    assert!(page.contains("  new-origin: 1 gone\n    gone  low  Logiciels Chimère: "), "{page}");
    assert!(page.contains("  off-hours: 15 changed\n") && page.contains("and 12 more"), "{page}");
}

#[test]
fn what_is_wrong_is_said_before_the_work_or_after_it() {
    let weeks = Weeks::new();
    weeks.write("empty.log", "");
    for (args, code, said) in [
        (&["--since", "soon", "--config", "np.toml"][..], 2, "expected a span such as 60d"),
        (&["--since", "2026-07-01", "--config", "np.toml"], 2, "the lines go from 2026-06-01 17:50 to 2026-06-20 23:01"),
        (&["--config", "np.toml", "--against", "none.toml"], 2, "none.toml"),
        (&["--config", "np.toml", "--against", "np.toml", "-"], 2, "stdin can be read but once"),
        (&["empty.log"], 2, "no line bears a time"),
        (&["fw.log", "none.log"], 2, "none.log: cannot"),
        (&["fw.log"], 0, ""),
    ] {
        let (found, _, told) = weeks.backtest(args);
        assert!(found == code && told.contains(said), "{args:?}: {found} {told}");
    }
}

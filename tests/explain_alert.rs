//! Why an alert: for the analyst, from the shipped sample; with evidence that moved, changed or went; from alerts of other versions.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice, reason = "a test may fail")]

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use flate2::Compression;
use flate2::write::GzEncoder;
use nightporter::cli::Common;
use nightporter::rules::Rules;
use nightporter::setup::{Setup, Trouble};
use nightporter::told::Told;
use nightporter::verbs::explain::{Explained, explained, find};
use parsers::Time;
use serde_json::{Value, json};
use tempfile::TempDir;

const NIGHT: &str = "fixtures/night/nightporter.toml";
const ALERTS: &str = "fixtures/night/alerts.jsonl";

/// 2025-11-11T02:12:00Z: the analyst's 03:12.
const NOW: Time = Time(1_762_827_120_000_000_000);

fn setup(config: &Path) -> Setup {
    Setup::load(&Common { config: Some(config.to_owned()), ..Common::default() }).unwrap()
}

fn alerts() -> Vec<Value> {
    fs::read_to_string(ALERTS).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The alert of the sample with this rule and account.
fn id(rule: &str, account: &str) -> String {
    let alerts = alerts();
    let found = alerts.iter().find(|alert| alert["rule"]["id"] == rule && alert["nightporter"]["account"] == account);
    found.unwrap_or_else(|| panic!("the sample has no {rule} of {account}"))["event"]["id"].as_str().unwrap().to_owned()
}

fn explain(id: &str) -> Explained {
    let setup = setup(Path::new(NIGHT));
    let mut fault = |fault: &nightporter::fault::Fault| panic!("{fault}");
    let search = find(id, &[PathBuf::from(ALERTS)], &setup, &mut fault).unwrap();
    explained(&search, &setup, true, NOW, &mut fault)
}

#[test]
fn a_login_at_night() {
    insta::assert_snapshot!(explain(&id("off-hours", "fourn.chimere")));
}

#[test]
fn one_credential_in_two_hands() {
    insta::assert_snapshot!(explain(&id("shared-credential", "ext-sphinx-1")));
}

#[test]
fn a_supplier_that_is_cut() {
    insta::assert_snapshot!(explain(&id("cut-breach", "ext-hermes-2")));
}

#[test]
fn every_alert_of_the_night_fits_a_page_and_its_lines_are_where_they_were() {
    for alert in alerts() {
        let id = alert["event"]["id"].as_str().unwrap();
        let page = explain(&id[..8]).to_string();
        for line in page.lines().filter(|line| !line.starts_with("    {") && !line.starts_with("    nightporter ")) {
            assert!(line.chars().count() <= 100, "{line}");
        }
        let of_evidence = alert["nightporter"]["evidence"].as_array().unwrap().len();
        assert_eq!(page.matches(": unchanged in fixtures/night/lines/").count(), of_evidence, "{page}");
        assert!(page.contains(id), "{page}");
        let json = serde_json::to_value(explain(id)).unwrap();
        assert_eq!((&json["id"], &json["message"]), (&alert["event"]["id"], &alert["message"]));
        let story = alerts().iter().filter(|other| other["nightporter"]["story"] == alert["nightporter"]["story"]).count();
        assert_eq!(json["story"].as_array().unwrap().len(), story);
    }
}

#[test]
fn a_prefix_that_many_have_lists_them() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.jsonl");
    let alert = |id: &str| json!({"@timestamp": "2026-11-20T21:41:07Z", "event": {"id": id}, "rule": {"id": "off-hours"}}).to_string();
    // The same alert twice is one; what is no alert is passed over.
    fs::write(&file, [alert("abcdef11"), alert("abcdef11"), "abcdef {".into(), "\"abcdef\"".into(), alert("abcdef22")].join("\n")).unwrap();
    let setup = setup(Path::new(NIGHT));
    let ask = |prefix: &str| find(prefix, std::slice::from_ref(&file), &setup, &mut |_| {});
    let Trouble::Usage(message) = ask("ABCDEF").unwrap_err() else { panic!() };
    assert!(message.contains("is the beginning of 2 ids") && message.contains("abcdef11 2026-11-20T21:41:07Z  off-hours"), "{message}");
    assert_eq!(ask("abcdef2").unwrap().alert.id(), "abcdef22");
    assert_eq!(ask("abcdef1").unwrap().alert.rule(), "off-hours");
    let Trouble::Usage(message) = ask("abcdef3").unwrap_err() else { panic!() };
    assert!(message.contains("no alert whose id begins with \"abcdef3\"") && message.contains("a.jsonl"), "{message}");
}

#[test]
fn an_alert_of_another_version_is_explained_as_far_as_it_goes() {
    let setup = setup(Path::new(NIGHT));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.jsonl");
    let page = |alert: &Value| {
        fs::write(&file, alert.to_string()).unwrap();
        let search = find("abcdef00", std::slice::from_ref(&file), &setup, &mut |_| {}).unwrap();
        explained(&search, &setup, true, NOW, &mut |_| {}).to_string()
    };
    let bare = page(&json!({"event": {"id": "abcdef00"}}));
    assert!(bare.contains("abcdef00") && bare.contains("What to do next"), "{bare}");
    // Whatever a field holds, or if it is missing: of every rule that the sample has.
    let mut seen = Vec::new();
    for mut alert in alerts() {
        if seen.contains(&alert["rule"]["id"]) {
            continue;
        }
        seen.push(alert["rule"]["id"].clone());
        alert["event"]["id"] = "abcdef00".into();
        for path in paths(&alert, "").into_iter().filter(|path| path != "/event" && path != "/event/id") {
            for other in [Value::Null, json!(-1), json!("\u{1b}[31mx"), json!([[]]), json!({"a": {}})] {
                let mut changed = alert.clone();
                *changed.pointer_mut(&path).unwrap() = other;
                let page = page(&changed);
                assert!(page.contains("abcdef00") && !page.contains('\u{1b}'), "{path}: {page}");
            }
        }
    }
}

/// The paths of all values but those of the evidence's lines, which would only be looked up again.
fn paths(value: &Value, at: &str) -> Vec<String> {
    let Value::Object(map) = value else { return Vec::new() };
    map.iter().flat_map(|(name, value)| [vec![format!("{at}/{name}")], paths(value, &format!("{at}/{name}"))].concat()).collect()
}

/// A gateway's log, a configuration with a file sink, and what a watch wrote there.
struct Place(TempDir);

impl Place {
    fn new() -> Place {
        let place = Place(tempfile::tempdir().unwrap());
        place.write("register.toml", "[[supplier]]\nid = \"acc\"\nname = \"Acc\"\naccounts = [\"ext-acc*\"]\ncontract_end = 2019-12-31\n");
        place.write(
            "np.toml",
            "register = \"register.toml\"\n[defaults]\ntime_zone = \"UTC\"\n[[source]]\nname = \"fw\"\nkind = \"file\"\npath = \"fw.log\"\n[[sink]]\nkind = \"file\"\npath = \"alerts.jsonl\"\n",
        );
        place.write("fw.log", &[line(1, "ext-acc1"), line(2, "ext-acc2")].concat());
        let alerts = place.run(&["replay", "--config", "np.toml"], "");
        place.write("alerts.jsonl", &String::from_utf8(alerts.stdout).unwrap());
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn pack(&self, from: &str, to: &str) {
        let mut packed = GzEncoder::new(File::create(self.path(to)).unwrap(), Compression::default());
        packed.write_all(&fs::read(self.path(from)).unwrap()).unwrap();
        packed.finish().unwrap();
        fs::remove_file(self.path(from)).unwrap();
    }

    fn run(&self, args: &[&str], input: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nightporter"));
        command.args(args).current_dir(self.0.path()).env_remove("NIGHTPORTER_CONFIG");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    /// The first alert, explained as JSON, by what stands in the sinks.
    fn explained(&self, id: &str) -> Value {
        let output = self.run(&["explain", id, "--config", "np.toml", "--json"], "");
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn ids(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path("alerts.jsonl")).unwrap();
        text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["event"]["id"].as_str().unwrap().to_owned()).collect()
    }
}

fn line(second: u8, user: &str) -> String {
    format!(
        "date=2026-11-20 time=10:00:0{second} devname=\"FGT-A\" devid=\"FG100\" tz=\"+0000\" type=\"event\" subtype=\"vpn\" \
         action=\"tunnel-up\" tunneltype=\"ssl-tunnel\" tunnelid={second} remip=198.51.100.{second} user=\"{user}\"\n"
    )
}

#[test]
fn lines_are_found_where_rotation_took_them_and_what_changed_is_said() {
    let place = Place::new();
    let ids = place.ids();
    let state = |place: &Place, id: &str| {
        let line = place.explained(id)["evidence"][0].clone();
        (line["state"].as_str().unwrap().to_owned(), line["file"].as_str().map(str::to_owned).unwrap_or_default())
    };
    assert_eq!(state(&place, &ids[1]), ("verified".into(), "fw.log".into()));
    // Rotated and packed: the offset counts on across the files.
    place.pack("fw.log", "fw.log.1.gz");
    place.write("fw.log", &line(3, "ext-acc1"));
    assert_eq!(state(&place, &ids[1]), ("verified".into(), "fw.log.1.gz".into()));
    // What stood before it was deleted: no offset is right any more.
    fs::remove_file(place.path("fw.log.1.gz")).unwrap();
    place.write("fw.log", &[line(2, "ext-acc2"), line(3, "ext-acc1")].concat());
    assert_eq!(state(&place, &ids[1]), ("verified".into(), "fw.log".into()));
    assert_eq!(state(&place, &ids[0]), ("changed-or-rotated-away".into(), String::new()));
    // One byte is enough.
    place.write("fw.log", &line(2, "ext-acc2").replace("FG100", "FG101"));
    assert_eq!(state(&place, &ids[1]), ("changed-or-rotated-away".into(), String::new()));
    fs::remove_file(place.path("fw.log")).unwrap();
    assert_eq!(state(&place, &ids[1]), ("not-at-hand".into(), String::new()));
}

#[test]
fn alerts_are_found_in_the_sinks_in_rotated_ones_and_on_stdin() {
    let place = Place::new();
    let ids = place.ids();
    let alerts = fs::read_to_string(place.path("alerts.jsonl")).unwrap();
    let on_stdin = place.run(&["explain", &ids[0][..6], "--alerts", "-"], &alerts);
    assert!(String::from_utf8(on_stdin.stdout).unwrap().starts_with("Acc: ext-acc1 in from 198.51.100.1"));
    place.pack("alerts.jsonl", "alerts.jsonl.1.gz");
    assert_eq!(place.explained(&ids[0])["account"], "ext-acc1");
    for (args, said) in [
        (&["explain", "abcdef99", "--config", "np.toml"][..], "no alert whose id begins with \"abcdef99\""),
        (&["explain", "abcdef99"], "Name it with --alerts FILE"),
        (&["explain", "abcdef99", "--alerts", "none*.jsonl"], "no file matches"),
        (&["explain", "abcdef99", "--alerts", "none.jsonl"], "none.jsonl: cannot open"),
        (&["explain", "abcd", "--config", "np.toml"], "6 or more characters"),
    ] {
        let output = place.run(args, "");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && output.stdout.is_empty() && told.contains(said), "{args:?}: {told}");
    }
    // Without a file sink the alert log lies in the state folder.
    let config = fs::read_to_string(place.path("np.toml")).unwrap();
    fs::create_dir(place.path("state")).unwrap();
    place.write("state/alerts.jsonl", &alerts);
    place.write("stateful.toml", &format!("state = \"state\"\n{}", config.split("[[sink]]").next().unwrap()));
    assert_eq!(place.run(&["explain", &ids[0], "--config", "stateful.toml"], "").status.code(), Some(0));
    // A sink to which nothing has been written yet.
    fs::remove_file(place.path("alerts.jsonl.1.gz")).unwrap();
    let told = place.run(&["explain", "abcdef99", "--config", "np.toml"], "").stderr;
    assert!(String::from_utf8_lossy(&told).contains("no alert has been written yet to alerts.jsonl"));
}

#[test]
fn the_nearest_values_of_each_rule() {
    let time: jiff::Timestamp = "2026-11-20T21:41:07Z".parse().unwrap();
    let cases = [
        (
            "overstay",
            "past-hours",
            json!({"hours_end": "2026-11-20T18:00:00+01:00[Europe/Paris]", "after": "15m"}),
            "ended before Fri 2026-11-20 17:15; a window over Fri 2026-11-20 17:15",
        ),
        (
            "overstay",
            "too-long",
            json!({"session_opened": "2026-11-20T08:00:00+00:00", "max_session": "10h"}),
            "ended before Fri 2026-11-20 18:00",
        ),
        (
            "dormant-account",
            "long-unused",
            json!({"last_success": "2026-08-01T08:00:00Z", "unused_days": 111, "dormant_after": "90d"}),
            "used since Sat 2026-08-22 21:41:07; dormant after 112d",
        ),
        ("expired-access", "account-expired", json!({"expires": "2026-06-30"}), "a login until 2026-06-30"),
        ("shared-credential", "alternation", json!({"switches": 3}), "switches 2 at most"),
        ("shared-credential", "cross-site", json!({"sites": ["a", "b", "c"]}), "sites 2 at most"),
        (
            "shared-credential",
            "pooled-source",
            json!({"other_at": "2026-11-20T21:00:00Z", "pooled_within": "1h"}),
            "a login after Fri 2026-11-20 22:00",
        ),
        ("new-origin", "first-seen-network", json!({"origin": "203.0.113.0/24"}), "the origin 203.0.113.0/24"),
        ("scope-breach", "fan-out", json!({"targets": "10.0.0.1, 10.0.0.2", "within": "10m"}), "new targets 1 at most"),
        (
            "scope-breach",
            "outside-scope",
            json!({"target": "10.1.2.3:22", "scope": "10.20.4.0/24"}),
            "a target within 10.20.4.0/24; the target 10.1.2.3:22",
        ),
        (
            "cut-breach",
            "still-open",
            json!({"cut_at": "2026-11-20T20:00:00Z", "still_open_after": "15m"}),
            "ended before Fri 2026-11-20 20:15",
        ),
        ("credential-guessing", "brute-force", json!({"failures": 7, "threshold": 5, "within": "10m"}), "failures 4 at most"),
        (
            "credential-guessing",
            "distributed",
            json!({"failures": 99, "address_threshold": 20, "name_threshold": 40}),
            "addresses 19 at most; unknown names 39 at most",
        ),
        ("source-silent", "silent", json!({"silent_for": "12m", "threshold": "5m"}), "mute for 5m at most"),
        ("source-silent", "clock", json!({"off": "7m", "allowed": "5m"}), "a clock off by 5m at most"),
        ("missing-mfa", "single-factor", json!({"mfa": "required"}), "a login with a second factor"),
        (
            "volume-out",
            "over-profile",
            json!({"times": 10, "at_least": "476.8 MiB", "taken_out_bytes": 3_221_225_472_u64, "limit_bytes": 500_000_000}),
            "taken out 476.8 MiB at most; a max_upload of 3 GiB or more",
        ),
        (
            "impossible-travel",
            "too-fast",
            json!({"distance_km": 1800.0, "speed_kmh": 3600.0, "first_at": "2026-11-20T21:00:00Z", "distance": 500, "speed": 900}),
            "places 500 km apart at most; the second login after Fri 2026-11-20 23:00",
        ),
        ("lan-to-lan", "unknown-peer", json!({"peer": "203.0.113.77"}), "the peer 203.0.113.77"),
        (
            "lan-to-lan",
            "outside-hours",
            json!({"hours": "Mo-Fr 08:00-18:00; PH off", "peer": "203.0.113.9"}),
            "a window over Fri 2026-11-20 21:41:07",
        ),
        ("control-change", "by-supplier", json!({"gateway": "FGT-1"}), "a change by somebody of the hospital"),
        (
            "control-change",
            "outside-hours",
            json!({"hours": "Mo-Fr 08:00-18:00"}),
            "a change within Mo-Fr 08:00-18:00; maintenance over Fri 2026-11-20 21:41:07",
        ),
        ("unregistered-account", "unknown", json!({"login": "ext-lutin-1"}), "the account ext-lutin-1"),
        (
            "rule-flood",
            "capped",
            json!({"rule": "off-hours", "day": "2026-11-20", "cap": 50, "count": 51}),
            "alerts of off-hours 50 at most",
        ),
        ("no-such-rule", "x", json!({}), ""),
    ];
    for (rule, reason, because, expected) in cases {
        let told = Told {
            reason,
            time: Some(nightporter::zone::time(time)),
            because: &because,
            supplier: "chimere",
            entry: None,
            calendars: None,
        };
        let nearest = Rules::default().nearest(rule, &told);
        let words: Vec<String> = nearest.iter().map(|nearest| format!("{} {}", nearest.what, nearest.value)).collect();
        assert_eq!(words.join("; "), expected, "{rule} {reason}");
    }
}

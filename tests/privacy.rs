//! Keystrokes, window titles and command lines do not leave, unless the configuration says so.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use jiff::tz::TimeZone;
use nightporter::verbs::explain;
use nightporter::zone::Zone;
use parsers::{Facts, Formats, HIDDEN, Interest, Reading, Stamps, Time};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

const SECRET: &str = "sudo open sesame";

/// A folder with one line of a bastion that tells what was typed, in a format of the user's own.
fn bastion(settings: &str) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let line = format!("2026-11-20T22:41:07+01:00 bastion: ext-acc@198.51.100.7 runs \"{SECRET}\" on dpi-1");
    fs::write(folder.path().join("bastion.log"), format!("{line}\n")).unwrap();
    let config = format!(
        r#"
[[format]]
name = "our-bastion"
regex = '^(?<time>\S+) bastion: (?<user>\S+)@(?<src>\S+) runs "(?<private>[^"]*)" on (?<target>\S+)$'
event = "session_start"
[[source]]
name = "bastion"
kind = "file"
path = "bastion.log"
{settings}
"#
    );
    fs::write(folder.path().join("np.toml"), config).unwrap();
    (folder, line)
}

fn run(folder: &Path, args: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nightporter"));
    let command = command.args(args).args(["--config", "np.toml"]).current_dir(folder).env_remove("NIGHTPORTER_CONFIG");
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}

fn evidence(told: &str) -> Value {
    let alert: Value = serde_json::from_str(told.lines().next().unwrap()).unwrap();
    alert["nightporter"]["evidence"][0].clone()
}

#[test]
fn an_alert_shows_its_line_without_what_was_typed_and_hashes_all_of_it() {
    let (folder, line) = bastion("");
    let whole: String = Sha256::digest(&line).iter().map(|byte| format!("{byte:02x}")).collect();
    for args in [&["replay"][..], &["watch", "--until-eof"]] {
        let told = run(folder.path(), args);
        assert!(!told.contains("sesame"), "{told}");
        assert_eq!(evidence(&told)["raw"], line.replace(SECRET, HIDDEN));
        assert_eq!(evidence(&told)["sha256"], whole);
    }
    let (folder, _) = bastion("keystrokes = true");
    let told = run(folder.path(), &["replay"]);
    assert_eq!(evidence(&told)["raw"], line);
    assert_eq!(evidence(&told)["sha256"], whole);
}

#[test]
fn events_pages_and_reports_do_not_tell_it() {
    let (folder, line) = bastion("");
    for args in [
        &["parse", "--raw", "bastion.log"][..],
        &["parse", "bastion.log"],
        &["explain", "--line", &line],
        &["doctor"],
        &["doctor", "--json"],
    ] {
        let told = run(folder.path(), args);
        assert!(!told.contains("sesame") && !told.is_empty(), "{args:?}: {told}");
    }
    assert!(run(folder.path(), &["parse", "--raw", "bastion.log"]).contains(HIDDEN));
    assert!(run(folder.path(), &["parse", "--raw", "--keystrokes", "bastion.log"]).contains(SECRET));
}

fn files(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .collect()
}

/// Every line of every format that has something private: neither the event nor the page of it tells what.
#[test]
fn no_format_lets_it_slip_into_another_fact() {
    let formats = Formats::default();
    for file in files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/formats")) {
        let table: toml::Table = fs::read_to_string(&file).unwrap().parse().unwrap();
        for case in table["case"].as_array().unwrap() {
            let line = case["line"].as_str().unwrap();
            let mut facts = Facts::default();
            let reading = formats.read(line.as_bytes(), None, &Interest::everything(), &mut Stamps::default(), &mut facts);
            let private = String::from_utf8_lossy(facts.private.raw(line.as_bytes())).into_owned();
            // A lone word is the command's name, which may be told as the action.
            if !matches!(reading, Reading::Parsed(_)) || private.len() < 4 || !private.contains(' ') {
                continue;
            }
            assert!(!String::from_utf8_lossy(&facts.shown(line.as_bytes())).contains(&private), "{}: {line}", file.display());
            let zone = Zone::new(TimeZone::UTC);
            let page = explain::line(line, &mut explain::Reader { formats: &formats, zone, now: Time(0) });
            assert!(!page.contains(&private), "{}: {page}", file.display());
        }
    }
}

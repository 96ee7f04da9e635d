//! The shipped sample: one night of a hospital group, replayed, gives exactly the alerts beside it.
//!
//! What the night is about stands in `fixtures/night/README.md`. After a change that is meant, the golden file is
//! written anew with `UPDATE_NIGHT=1 cargo test --test night`, and its difference is to be read line by line.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice, reason = "a sample that cannot be read fails the test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn night(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/night").join(file)
}

fn replay(options: &[&str]) -> (String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nightporter"));
    command.arg("replay").arg("--config").arg(night("nightporter.toml")).args(options);
    let run = command.env_remove("NIGHTPORTER_CONFIG").output().unwrap();
    let (out, told) = (String::from_utf8(run.stdout).unwrap(), String::from_utf8(run.stderr).unwrap());
    assert_eq!(run.status.code(), Some(0), "{told}");
    (out, told)
}

#[expect(clippy::disallowed_methods, reason = "a developer asks for the golden file to be written anew")]
fn update() -> bool {
    std::env::var_os("UPDATE_NIGHT").is_some()
}

#[test]
fn the_night_gives_the_alerts_beside_it() {
    let (alerts, _) = replay(&[]);
    let golden = night("alerts.jsonl");
    if update() {
        fs::write(&golden, &alerts).unwrap();
    }
    let expected = fs::read_to_string(&golden).unwrap();
    for (number, (now, then)) in (1..).zip(alerts.lines().zip(expected.lines())) {
        assert_eq!(now, then, "alert {number}");
    }
    assert_eq!(alerts.lines().count(), expected.lines().count());
}

#[test]
fn the_night_tells_its_story() {
    let told: Vec<String> = replay(&[]).0.lines().map(told).collect();
    insta::assert_snapshot!(told.join("\n"), @r"
    high expired-access contract-ended zephyr ext-zephyr
    medium off-hours outside-hours pharmaphile prest-pharmaphile
    info off-hours outside-hours talos ext-talos-1 (exception)
    high control-change outside-hours - claire
    info cut-refused refusals hermes -
    critical cut-breach still-open hermes ext-hermes-1
    low new-origin undeclared-network sphinx ext-sphinx-1
    info cut-refused refusals hermes -
    high shared-credential concurrent-sessions sphinx ext-sphinx-1
    medium off-hours outside-hours chimere fourn.chimere
    critical cut-breach login hermes ext-hermes-2
    critical off-hours outside-hours hermes ext-hermes-2
    low new-origin undeclared-network minos ext-minos-2
    high expired-access account-expired minos ext-minos-2
    high off-hours outside-hours minos ext-minos-2
    high off-hours no-window penelope ext-penelope
    low off-hours outside-hours eole tma-eole-2
    medium off-hours public-holiday papyrus ext-papyrus-1
    ");
}

/// `high off-hours no-window penelope ext-penelope`.
fn told(alert: &str) -> String {
    let alert: Value = serde_json::from_str(alert).unwrap();
    let own = &alert["nightporter"];
    let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let parts = [&own["severity"], &alert["rule"]["id"], &own["reason"], &own["supplier"], &own["account"]];
    let told = parts.map(word).join(" ");
    if own["exception"].is_null() { told } else { format!("{told} (exception)") }
}

#[test]
fn every_line_of_the_night_is_understood() {
    let (_, told) = replay(&[]);
    let lines: usize = ["fw-sainte-fiction", "asa-val-invente", "rebond-val-invente", "portail-outremer"]
        .map(|name| fs::read_to_string(night(&format!("lines/{name}.log"))).unwrap().lines().count())
        .iter()
        .sum();
    let first = told.lines().next().unwrap_or_default();
    assert_eq!(first, format!("lines   {lines} received = {lines} parsed + 0 unparsed + 0 dropped (blank)"));
}

#[test]
fn the_alerts_do_not_depend_on_threads() {
    assert_eq!(replay(&["--threads", "1"]).0, replay(&["--threads", "8"]).0);
}

#[test]
fn the_lines_of_a_file_stand_in_the_order_of_their_times() {
    // How many bytes of each line are its stamp, which sorts as text within these two days.
    for (name, stamp) in [("fw-sainte-fiction", 29), ("asa-val-invente", 20), ("rebond-val-invente", 15), ("portail-outremer", 32)] {
        let lines = fs::read_to_string(night(&format!("lines/{name}.log"))).unwrap();
        assert!(lines.lines().map(|line| &line[..stamp]).is_sorted(), "{name}");
    }
}

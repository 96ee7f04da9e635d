//! An event that `nightporter parse` wrote is a line like any other, and reading it again changes nothing.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "what cannot be read fails the test")]

mod support;

use std::fs;

use nightporter::verbs::parse;
use nightporter::zone::Zone;
use parsers::{Formats, Time};
use support::{children, root};
use toml::Table;

/// Every case of every format, and lines that no format reads.
fn lines() -> Vec<u8> {
    let mut lines = Vec::new();
    for file in children(&root().join("fixtures/formats")).iter().flat_map(|format| children(format)) {
        let table: Table = fs::read_to_string(&file).unwrap().parse().unwrap();
        for case in table["case"].as_array().unwrap() {
            let line = case["line"].as_str().unwrap();
            // Cut short, a line says less, or something else.
            for end in [line.len(), line.len() * 3 / 4, line.len() / 2] {
                lines.extend_from_slice(&line.as_bytes()[..end]);
                lines.push(b'\n');
            }
        }
    }
    lines.extend_from_slice(b"\n  \nnonsense\n<13>Nov  2 22:41:07 gw-1 app[1]: \xff\xfe\x1b[31m \xe2\x80\xae\n");
    // Twice the same local hour, and a year that only the file's time tells.
    lines.extend_from_slice(b"Oct 25 02:30:00 gw-1 app[1]: x\n2026-10-25 02:45:00 y\n");
    lines
}

fn parsed(lines: &[u8], zone: &str, raw: bool) -> Vec<u8> {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), lines).unwrap();
    let zone = Zone::new(jiff::tz::TimeZone::get(zone).unwrap());
    let mut events = Vec::new();
    parse::run(
        file.path(),
        &mut parse::Options { format: None, formats: Formats::default(), keystrokes: false, zone, raw },
        Time(0),
        &mut 0,
        &mut events,
        &mut |fault| panic!("{fault}"),
    )
    .unwrap();
    events
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn same(once: &[u8], twice: &[u8], how: &str) {
    for (number, (one, two)) in once.split(|&b| b == b'\n').zip(twice.split(|&b| b == b'\n')).enumerate() {
        assert_eq!(text(one), text(two), "line {number}, {how}");
    }
    assert_eq!(once.len(), twice.len(), "{how}");
}

#[test]
fn reading_an_event_again_changes_nothing() {
    let lines = lines();
    for (first, second) in [("UTC", "Europe/Paris"), ("Europe/Paris", "America/Martinique"), ("Asia/Tokyo", "Asia/Tokyo")] {
        let plain = parsed(&lines, first, false);
        let raw = parsed(&lines, first, true);
        assert_ne!(text(&plain), text(&raw));
        same(&plain, &parsed(&plain, second, false), "plain");
        same(&plain, &parsed(&plain, second, true), "plain, then raw: the line that it stood for is gone");
        same(&raw, &parsed(&raw, second, false), "raw, then plain");
        same(&raw, &parsed(&raw, second, true), "raw");
    }
}

#[test]
fn an_event_keeps_the_number_of_its_line() {
    let plain = parsed(&lines(), "UTC", false);
    let last = plain.split_inclusive(|&b| b == b'\n').next_back().unwrap();
    assert_eq!(text(&parsed(last, "UTC", false)), text(last));
    assert!(!text(last).contains("\"line\":1,"));
}

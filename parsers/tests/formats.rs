//! Every case in `fixtures/formats/<format>/*.toml`: a line, and the facts it must give.
//!
//! `event` always (`"unparsed"`: the folder's format leaves the line to others); other facts by name as far as the case speaks of them, and `absent = [names]` for
//! those it must not give. Times (`stamp`, `from`, `until`) are written as devices write them, durations in seconds.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a fixture that cannot be read fails the test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use parsers::{FORMATS, Facts, FormatId, Glob, Interest, Kind, Line, Reading, Stamp, Stamps, Verdict, stamp};
use toml::{Table, Value};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/formats")
}

fn children(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

fn name(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

/// Folder, file and case of every case there is.
fn cases() -> Vec<(String, String, Table)> {
    let mut cases = Vec::new();
    for folder in children(&fixtures()) {
        for file in children(&folder) {
            let text = fs::read_to_string(&file).unwrap();
            let table: Table = text.parse().unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            for case in table["case"].as_array().unwrap() {
                cases.push((name(&folder).to_owned(), name(&file).to_owned(), case.as_table().unwrap().clone()));
            }
        }
    }
    cases
}

fn read(line: &[u8], only: Option<FormatId>) -> (Reading, Facts) {
    let mut facts = Facts::default();
    let reading = parsers::read(line, only, &Interest::everything(), &mut Stamps::default(), &mut facts);
    (reading, facts)
}

/// The fact of a name as the fixtures write it; `None` where the line does not give it.
fn fact(key: &str, line: &[u8], reading: Reading, facts: &Facts) -> Option<Value> {
    let text = |text: parsers::Text| (!text.is_empty()).then(|| Value::String(String::from_utf8_lossy(&text.value(line)).into_owned()));
    let number = |number: u64| Value::Integer(i64::try_from(number).unwrap());
    let ip = |ip: std::net::IpAddr| Value::String(ip.to_string());
    let format = match reading {
        Reading::Parsed(id) | Reading::NoConcern(id) => FORMATS.get(usize::from(id.0)),
        Reading::Unparsed | Reading::Blank => None,
    };
    match key {
        "event" => Some(Value::String(if format.is_some() { facts.kind.word() } else { "unparsed" }.to_owned())),
        "vendor" => text(facts.vendor).or_else(|| format.map(|format| Value::String(format.vendor.to_owned()))),
        "product" => text(facts.product).or_else(|| format.map(|format| Value::String(format.product.to_owned()))),
        "device" => text(facts.device),
        "action" => text(facts.action),
        "reason" => text(facts.reason),
        "user" => text(facts.user),
        "domain" => text(facts.domain),
        "group" => text(facts.group),
        "session" => text(facts.session),
        "target" => text(facts.target),
        "target_user" => text(facts.target_user),
        "client" => text(facts.client),
        "country" => text(facts.country),
        "by" => text(facts.by),
        "about" => facts.about.map(|about| Value::String(about.word().to_owned())),
        "private" => text(facts.private),
        "source_ip" => facts.source_ip.map(ip),
        "source_port" => facts.source_port.map(|port| number(port.into())),
        "source_bytes" => facts.source_bytes.map(number),
        "destination_ip" => facts.destination_ip.map(ip),
        "destination_port" => facts.destination_port.map(|port| number(port.into())),
        "destination_bytes" => facts.destination_bytes.map(number),
        "assigned_ip" => facts.assigned_ip.map(ip),
        "peer" => facts.peer.map(ip),
        "duration" => facts.duration.map(|nanos| number(nanos / 1_000_000_000)),
        "mfa" => facts.mfa.map(Value::Boolean),
        "repeated" => facts.repeated.map(|times| number(times.into())),
        "verdict" => facts.verdict.map(|verdict| Value::String(if verdict == Verdict::Allowed { "allowed" } else { "denied" }.to_owned())),
        _ => panic!("no such fact: {key}"),
    }
}

#[test]
fn every_format_has_its_folder_and_every_folder_its_format() {
    let folders: BTreeSet<String> = children(&fixtures()).iter().map(|folder| name(folder).to_owned()).collect();
    let formats: BTreeSet<String> = FORMATS.iter().map(|format| format.name.to_owned()).collect();
    assert_eq!(folders, formats);
}

/// What a body's dress keeps from being asked would not have taken the line.
#[test]
fn formats_are_asked_about_all_that_they_take() {
    let everything = Interest::everything();
    for (folder, file, case) in cases() {
        let line = Line::new(case["line"].as_str().unwrap().as_bytes(), &everything);
        for format in FORMATS.iter().filter(|format| !format.dresses.contains(&line.dress)) {
            assert!(!(format.looks_like)(&line), "{folder}/{file}: {}: {} would take it", case["why"], format.name);
        }
    }
}

#[test]
fn lines_give_their_facts() {
    let mut wrong = Vec::new();
    for (folder, file, case) in cases() {
        let line = case["line"].as_str().unwrap().as_bytes();
        let why = case["why"].as_str().unwrap();
        let id = parsers::formats::by_name(&folder);
        let expected = case["expect"].as_table().unwrap();
        assert!(expected.contains_key("event"), "{folder}/{file}: {why}: no event expected");
        let left = expected["event"].as_str() == Some("unparsed");
        let (reading, facts) = read(line, id.filter(|_| left));
        let mut complain = |what: String| wrong.push(format!("{folder}/{file}: {why}: {what}"));
        if !left && Some(reading) != id.map(Reading::Parsed) {
            complain(format!("read as {reading:?}"));
        }
        for (key, value) in expected {
            match key.as_str() {
                "absent" => {
                    for key in value.as_array().unwrap() {
                        let key = key.as_str().unwrap();
                        if let Some(found) = fact(key, line, reading, &facts) {
                            complain(format!("{key} = {found}, expected none"));
                        }
                    }
                }
                "stamp" | "from" | "until" => {
                    let expected = stamp::any(value.as_str().unwrap().as_bytes());
                    assert_ne!(expected, Stamp::None, "{file}: {why}: no stamp: {value}");
                    let found = match key.as_str() {
                        "from" => facts.from,
                        "until" => facts.until,
                        _ => facts.stamp,
                    };
                    if found != expected {
                        complain(format!("{key} = {found:?}, expected {value}"));
                    }
                }
                key => {
                    let found = fact(key, line, reading, &facts);
                    if found.as_ref() != Some(value) {
                        complain(format!("{key} = {found:?}, expected {value}"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn any_beginning_of_a_line_is_read_without_panic() {
    for (_, _, case) in cases() {
        let line = case["line"].as_str().unwrap().as_bytes();
        for end in 0..=line.len() {
            read(&line[..end], None);
        }
        for format in 0..FORMATS.len() {
            read(line, Some(FormatId(u8::try_from(format).unwrap())));
        }
    }
}

/// Reading less of a line must never change what is known of it.
#[test]
fn traffic_of_no_concern_is_left_out_and_nothing_else() {
    let pool = ("10.99.0.0".parse().unwrap(), "10.99.0.255".parse().unwrap());
    let names = [Glob::new("fourn.*"), Glob::new("ext-*")];
    let interests = [
        Interest::in_networks(&[], Some(&[])),
        Interest::in_networks(&[], Some(&names)),
        Interest::in_networks(&[pool], Some(&names)),
        Interest::in_networks(&[pool], None),
    ];
    for (folder, file, case) in cases() {
        let line = case["line"].as_str().unwrap().as_bytes();
        let (reading, whole) = read(line, None);
        for interest in &interests {
            let mut facts = Facts::default();
            let found = parsers::read(line, None, interest, &mut Stamps::default(), &mut facts);
            let concerns = whole.kind != Kind::Traffic || interest.traffic(&whole, line);
            match (reading, found) {
                (Reading::Parsed(id), Reading::NoConcern(same)) if id == same && !concerns => {
                    assert_eq!((facts.stamp, facts.kind), (whole.stamp, whole.kind), "{folder}/{file}: {}", case["why"]);
                    assert_eq!(facts.device.value(line), whole.device.value(line), "{folder}/{file}: {}", case["why"]);
                }
                _ => {
                    assert!(found == reading && concerns, "{folder}/{file}: {}: {found:?}", case["why"]);
                    assert_eq!(facts, whole, "{folder}/{file}: {}", case["why"]);
                }
            }
        }
    }
}

//! Outside `nightporter.*`, every field of an alert and of a normalised event is a field of ECS, with a value of its type.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a fixture that cannot be read fails the test")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::net::IpAddr;

use jiff::Timestamp;
use nightporter::verbs::parse;
use nightporter::zone::Zone;
use parsers::{Formats, Time};
use serde_json::Value;
use support::{Source, World, alerts, children, root};
use toml::Table;

/// The fields in use: name, type, whether ECS normalises them to arrays.
const FIELDS: &[(&str, &str, bool)] = &[
    ("@timestamp", "date", false),
    ("destination.bytes", "long", false),
    ("destination.domain", "keyword", false),
    ("destination.ip", "ip", false),
    ("destination.port", "long", false),
    ("ecs.version", "keyword", false),
    ("event.action", "keyword", false),
    ("event.category", "keyword", true),
    ("event.duration", "long", false),
    ("event.id", "keyword", false),
    ("event.kind", "keyword", false),
    ("event.original", "keyword", false),
    ("event.outcome", "keyword", false),
    ("event.reason", "keyword", false),
    ("event.severity", "long", false),
    ("event.type", "keyword", true),
    ("message", "match_only_text", false),
    ("observer.name", "keyword", false),
    ("observer.product", "keyword", false),
    ("observer.vendor", "keyword", false),
    ("organization.id", "keyword", false),
    ("organization.name", "keyword", false),
    ("related.ip", "ip", true),
    ("related.user", "keyword", true),
    ("rule.id", "keyword", false),
    ("rule.name", "keyword", false),
    ("source.bytes", "long", false),
    ("source.domain", "keyword", false),
    ("source.geo.country_iso_code", "keyword", false),
    ("source.geo.country_name", "keyword", false),
    ("source.ip", "ip", false),
    ("source.port", "long", false),
    ("threat.framework", "keyword", false),
    ("threat.technique.id", "keyword", true),
    ("threat.technique.name", "keyword", true),
    ("user.domain", "keyword", false),
    ("user.group.name", "keyword", false),
    ("user.name", "keyword", false),
    ("user.target.name", "keyword", false),
];

/// The values that ECS allows where it lists them.
const ALLOWED: &[(&str, &[&str])] = &[
    ("event.kind", &["alert", "event"]),
    ("event.category", &["authentication", "network", "session", "configuration", "host", "intrusion_detection", "iam", "threat"]),
    ("event.outcome", &["success", "failure", "unknown"]),
    ("event.type", &["allowed", "denied", "start", "end", "connection", "info"]),
];

/// The values of every field of an object outside `nightporter`, with its dotted name.
fn leaves(prefix: &str, value: &Value, found: &mut BTreeMap<String, Vec<Value>>) {
    for (name, value) in value.as_object().unwrap() {
        let name = format!("{prefix}{name}");
        match value {
            Value::Object(_) if name == "nightporter" => {}
            Value::Object(_) => leaves(&format!("{name}."), value, found),
            value => found.entry(name).or_default().push(value.clone()),
        }
    }
}

/// Every alert of every story, and every case of every format as an event.
fn fields() -> BTreeMap<String, Vec<Value>> {
    let read = |path: &std::path::Path| -> Table { fs::read_to_string(path).unwrap().parse().unwrap() };
    let mut found = BTreeMap::new();
    let register = fs::read_to_string(root().join(support::REGISTER)).unwrap();
    for rule in children(&root().join("fixtures/rules")).iter().filter(|path| path.is_dir()) {
        for story in children(rule).iter().map(|path| read(path)) {
            let source = |source: &toml::Value| Source {
                name: source["name"].as_str().unwrap().to_owned(),
                settings: source.get("year").map(|year| format!("year = {year}\n")).unwrap_or_default(),
                bytes: source.get("lines").and_then(toml::Value::as_str).unwrap_or_default().into(),
            };
            let daybook = |lines: &toml::Value| lines.as_array().unwrap().iter().map(|line| line.as_str().unwrap().to_owned()).collect();
            let world = World {
                register: register.clone(),
                daybook: story.get("daybook").map(daybook),
                sources: story["source"].as_array().unwrap().iter().map(source).collect(),
                ..World::default()
            };
            for alert in alerts(&world.replay(1, |_| {})) {
                leaves("", &alert, &mut found);
            }
        }
    }
    let mut lines = String::new();
    for file in children(&root().join("fixtures/formats")).iter().flat_map(|format| children(format)) {
        for case in read(&file)["case"].as_array().unwrap() {
            lines.extend([case["line"].as_str().unwrap(), "\n"]);
        }
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), &lines).unwrap();
    let mut options = parse::Options {
        formats: Formats::default(),
        format: None,
        zone: Zone::new(jiff::tz::TimeZone::UTC),
        raw: true,
        keystrokes: false,
    };
    let mut events = Vec::new();
    parse::run(file.path(), &mut options, Time(0), &mut 0, &mut events, &mut |fault| panic!("{fault}")).unwrap();
    assert_eq!(alerts(&events).len(), lines.lines().count());
    for event in alerts(&events) {
        leaves("", &event, &mut found);
    }
    found
}

/// Whether a single value is of a type of ECS.
fn is_of(kind: &str, value: &Value) -> bool {
    match kind {
        "date" => value.as_str().is_some_and(|text| text.parse::<Timestamp>().is_ok()),
        "long" => value.as_i64().is_some(),
        "ip" => value.as_str().is_some_and(|text| text.parse::<IpAddr>().is_ok()),
        "keyword" | "match_only_text" | "wildcard" => value.as_str().is_some_and(|text| !text.is_empty()),
        kind => panic!("no check for the type {kind}"),
    }
}

#[test]
fn every_field_is_one_of_ecs_and_of_its_type() {
    let found = fields();
    let used: Vec<&str> = found.keys().map(String::as_str).collect();
    let known: Vec<&str> = FIELDS.iter().map(|(name, _, _)| *name).collect();
    assert_eq!(used, known, "the fields in use are not those of the list");
    for (name, kind, many) in FIELDS {
        for value in &found[*name] {
            let values = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
            assert_eq!(value.is_array(), *many, "{name}: {value}");
            assert!(!values.is_empty() && values.iter().all(|value| is_of(kind, value)), "{name} is no {kind}: {value}");
            if let Some((_, allowed)) = ALLOWED.iter().find(|(field, _)| field == name) {
                assert!(values.iter().all(|value| allowed.contains(&value.as_str().unwrap())), "{name}: {value}");
            }
        }
    }
}

/// The list above against ECS's own, where it lies beside the project.
#[test]
fn the_list_is_that_of_ecs() {
    let path = root().join("../shared/reference/ecs-fields.csv");
    let Ok(text) = fs::read_to_string(&path) else {
        eprintln!("skipped: {} is not there", path.display());
        return;
    };
    // Of each row only the first seven columns matter, and none of these is ever quoted.
    let rows = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let published: BTreeMap<&str, (&str, bool)> =
        rows.filter_map(|row| Some((*row.get(3)?, (*row.get(4)?, row.get(6) == Some(&"array"))))).collect();
    for (name, kind, many) in FIELDS {
        assert_eq!(published.get(name), Some(&(*kind, *many)), "{name}");
    }
}

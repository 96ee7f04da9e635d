//! Every story in `fixtures/rules/<rule>/*.toml`: a few lines, and exactly the alerts of that rule that they must give.
//!
//! A story says `why`; its `register` where it is not that of all stories (`fixtures/rules/register.toml`), further `config`,
//! and the lines of its `daybook`, where it has one; each `[[geo]]`, what databases say of a `network`. Each `[[source]]` has `name`, `site`, `time_zone`, `year` as in a
//! configuration, and `lines`; what a device writes for weeks stands in `[[source.beats]]`: from its time `from`, every
//! `every` seconds, `times` times, its `line`, in which `%F` and the like are the time in the source's zone and `{n}`
//! counts. Beats that overlap mix. Each `[[alert]]`, in the order in which they are raised, says `time`, `reason` and
//! `severity`, `account` where one stands at the centre, and may say more: `rule` where it is another rule's, part of
//! `message` and `unless`, fields of `because`, `exception`, `marked = [names]` of its flags, and a name for its `story`: the
//! same name, the same story. Or the story is `quiet = true`. Rules that a story does not speak of may say what they like.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a story that cannot be read fails the test")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::Path;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use support::mmdb::Told;
use support::{Source, World, alerts, children, name, root, text};
use toml::Table;

/// One story, ready to be told.
struct Story {
    rule: String,
    world: World,
    expected: Vec<Table>,
}

/// The keys that a table may have.
fn only(table: &Table, known: &[&str], whose: &str) {
    let strange: Vec<&String> = table.keys().filter(|key| !known.contains(&key.as_str())).collect();
    assert!(strange.is_empty(), "{whose}: what is {strange:?}?");
}

/// What a device writes over and over.
fn beats(source: &Table, whose: &str) -> String {
    let zone = source.get("time_zone").map_or("Europe/Paris", |zone| zone.as_str().unwrap());
    let zone = TimeZone::get(zone).unwrap();
    let mut written = Vec::new();
    for beat in source.get("beats").and_then(toml::Value::as_array).into_iter().flatten() {
        let beat = beat.as_table().unwrap();
        only(beat, &["from", "every", "times", "line"], whose);
        let from: Timestamp = beat["from"].as_str().unwrap().parse().unwrap();
        let (every, line) = (beat["every"].as_integer().unwrap(), beat["line"].as_str().unwrap());
        written.extend((0..beat["times"].as_integer().unwrap()).map(|n| {
            let time = from + SignedDuration::from_secs(n * every);
            let line = line.replace("{n}", &n.to_string());
            (time, time.to_zoned(zone.clone()).strftime(&line).to_string())
        }));
    }
    written.sort_by_key(|(time, _)| *time);
    written.into_iter().map(|(_, line)| line + "\n").collect()
}

fn read(rule: &str, path: &Path, register: &str) -> Story {
    let whose = format!("{rule}/{}", name(path));
    let table: Table = fs::read_to_string(path).unwrap().parse().unwrap_or_else(|error| panic!("{whose}: {error}"));
    only(&table, &["why", "register", "config", "daybook", "geo", "quiet", "source", "alert"], &whose);
    assert!(table["why"].as_str().is_some_and(|why| !why.is_empty()), "{whose}: why?");
    let words = |key: &str| table.get(key).map(|value| value.as_str().unwrap().to_owned());
    let lines = |value: &toml::Value| value.as_array().unwrap().iter().map(|line| line.as_str().unwrap().to_owned()).collect();
    let tables = |key: &str| -> Vec<Table> {
        table.get(key).map(|list| list.as_array().unwrap().iter().map(|one| one.as_table().unwrap().clone()).collect()).unwrap_or_default()
    };
    let source = |source: &Table| {
        only(source, &["name", "site", "time_zone", "year", "beats", "lines"], &whose);
        let settings = source.iter().filter(|(key, _)| !["name", "beats", "lines"].contains(&key.as_str()));
        let lines = source.get("lines").map_or("", |lines| lines.as_str().unwrap());
        Source {
            name: source["name"].as_str().unwrap().to_owned(),
            settings: settings.map(|(key, value)| [key, " = ", &value.to_string(), "\n"].concat()).collect(),
            bytes: [beats(source, &whose).as_str(), lines].concat().into(),
        }
    };
    let told = |told: &Table| {
        only(told, &["network", "country", "town", "at", "radius", "asn", "owner"], &whose);
        let words = |key: &str| told.get(key).map(|value| value.as_str().unwrap().to_owned());
        let number = |key: &str| told.get(key).map(|value| value.as_integer().unwrap());
        let at = |at: &toml::Value| (at[0].as_float().unwrap(), at[1].as_float().unwrap());
        Told {
            network: words("network").unwrap(),
            country: words("country"),
            town: words("town"),
            at: told.get("at").map(at),
            radius: number("radius"),
            asn: number("asn"),
            owner: words("owner"),
        }
    };
    let expected = tables("alert");
    let quiet = table.get("quiet").is_some_and(|quiet| quiet.as_bool().unwrap());
    let own = expected.iter().filter(|alert| alert.get("rule").is_none_or(|other| other.as_str() == Some(rule))).count();
    assert_eq!(quiet, own == 0, "{whose}: quiet or not?");
    let world = World {
        register: words("register").unwrap_or_else(|| register.to_owned()),
        config: words("config").unwrap_or_default(),
        daybook: table.get("daybook").map(lines),
        geo: tables("geo").iter().map(told).collect(),
        sources: tables("source").iter().map(source).collect(),
    };
    Story { rule: rule.to_owned(), world, expected }
}

fn told(story: &Story) -> Vec<Value> {
    let named = story.expected.iter().filter_map(|alert| alert.get("rule")?.as_str());
    let rules: BTreeSet<&str> = named.chain([story.rule.as_str()]).collect();
    let all = alerts(&story.world.replay(1, |_| {}));
    // The same line twice is the same evidence: two running notices that rest on it cannot be told apart, and need not be.
    let hashes =
        |alert: &Value| alert["nightporter"]["evidence"].as_array().unwrap().iter().map(|line| line["sha256"].to_string()).collect();
    let told_apart = |alert: &Value| -> Vec<String> {
        let rule = ["rule.id", "nightporter.reason", "nightporter.supplier", "nightporter.account", "nightporter.because.rule"];
        let named = rule.iter().map(|field| text(alert, field).unwrap_or_default().to_owned());
        let lines: Vec<String> = hashes(alert);
        named.chain(lines).collect()
    };
    let different: BTreeSet<Vec<String>> = all.iter().map(told_apart).collect();
    let ids: BTreeSet<&str> = all.iter().map(|alert| text(alert, "event.id").unwrap()).collect();
    assert_eq!(ids.len(), different.len(), "two alerts of {} bear one id: {:?}", story.rule, all.iter().map(shown).collect::<Vec<_>>());
    all.into_iter().filter(|alert| text(alert, "rule.id").is_some_and(|rule| rules.contains(rule))).collect()
}

/// What keeps an alert from being the expected one.
fn differences(expected: &Table, alert: &Value, rule: &str, wrong: &mut Vec<String>) {
    const KEYS: &[&str] =
        &["time", "rule", "reason", "severity", "account", "message", "unless", "because", "exception", "marked", "story", "evidence"];
    only(expected, KEYS, rule);
    let wanted = |key: &str| expected.get(key).map(|value| value.as_str().unwrap());
    let equal = [
        ("@timestamp", Some(wanted("time").unwrap())),
        ("rule.id", Some(wanted("rule").unwrap_or(rule))),
        ("nightporter.reason", Some(wanted("reason").unwrap())),
        ("nightporter.severity", Some(wanted("severity").unwrap())),
        ("nightporter.account", wanted("account")),
        ("nightporter.exception", wanted("exception")),
    ];
    for (field, wanted) in equal {
        let found = text(alert, field);
        if found != wanted {
            wrong.push(format!("{field} is {found:?}, expected {wanted:?}"));
        }
    }
    for (key, field) in [("message", "message"), ("unless", "nightporter.unless")] {
        let found = text(alert, field).unwrap_or_default();
        if let Some(part) = wanted(key).filter(|part| !found.contains(part)) {
            wrong.push(format!("{field} is {found:?}, expected {part:?} in it"));
        }
    }
    let own = &alert["nightporter"];
    for (key, value) in expected.get("because").and_then(toml::Value::as_table).into_iter().flatten() {
        let wanted = serde_json::to_value(value).unwrap();
        if own["because"][key] != wanted {
            wrong.push(format!("because.{key} is {}, expected {wanted}", own["because"][key]));
        }
    }
    for key in expected.get("marked").and_then(toml::Value::as_array).into_iter().flatten() {
        if own[key.as_str().unwrap()] != true {
            wrong.push(format!("{key} is not set"));
        }
    }
    let lines = own["evidence"].as_array().unwrap();
    if let Some(wanted) = expected.get("evidence").map(|count| usize::try_from(count.as_integer().unwrap()).unwrap())
        && lines.len() != wanted
    {
        wrong.push(format!("{} lines of evidence, expected {wanted}", lines.len()));
    }
    // Only the line that completed the evidence is shown.
    if lines.iter().rev().skip(1).any(|line| line.get("raw").is_some()) {
        wrong.push("an earlier line of evidence is shown".to_owned());
    }
}

fn shown(alert: &Value) -> String {
    let field = |path| text(alert, path).unwrap_or("-");
    format!(
        "{} {} {} {} {}: {}",
        field("@timestamp"),
        field("rule.id"),
        field("nightporter.reason"),
        field("nightporter.severity"),
        field("nightporter.account"),
        field("message")
    )
}

#[test]
fn stories_raise_exactly_their_alerts() {
    let folder = root().join("fixtures/rules");
    let register = fs::read_to_string(root().join(support::REGISTER)).unwrap();
    let (mut report, mut count) = (String::new(), 0);
    for rule in children(&folder).iter().filter(|path| path.is_dir()) {
        for path in children(rule) {
            count += 1;
            let story = read(&name(rule), &path, &register);
            let found = told(&story);
            let mut wrong = Vec::new();
            let mut ids: BTreeMap<String, &str> = BTreeMap::new();
            for (expected, alert) in story.expected.iter().zip(&found) {
                differences(expected, alert, &story.rule, &mut wrong);
                if let Some(label) = expected.get("story").and_then(toml::Value::as_str) {
                    let id = text(alert, "nightporter.story").unwrap();
                    let first = ids.entry(label.to_owned()).or_insert(id);
                    if *first != id {
                        wrong.push(format!("two stories are {label:?}"));
                    }
                }
            }
            let distinct: BTreeSet<&&str> = ids.values().collect();
            if distinct.len() != ids.len() {
                wrong.push("two names for one story".to_owned());
            }
            if story.expected.len() != found.len() {
                wrong.push(format!("{} alerts, expected {}", found.len(), story.expected.len()));
            }
            if !wrong.is_empty() {
                writeln!(report, "\n{}/{}: {}", story.rule, name(&path), wrong.join("; ")).unwrap();
                for alert in &found {
                    writeln!(report, "    {}", shown(alert)).unwrap();
                }
            }
        }
    }
    assert!(count > 0 && report.is_empty(), "{count} stories\n{report}");
}

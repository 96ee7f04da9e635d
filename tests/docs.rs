//! `docs/formats.md` is made of the table of formats and of their cases, and never stale.
//!
//! After a change that is meant: `UPDATE_DOCS=1 cargo test --test docs`.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a fixture that cannot be read fails the test")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use parsers::{FORMATS, Format, own};
use toml::Table;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

const HEAD: &str = "\
# Formats

What nightporter reads by itself, in the order in which formats are asked: the first that recognises a line reads it. Which facts a
line gives is a matter of the line; those listed are the ones that cases of this repository show. Made from the program and its
fixtures (`UPDATE_DOCS=1 cargo test --test docs`); the sample lines are invented.
";

/// The cases of a format, by file and in their order.
fn cases(format: &Format) -> Vec<Table> {
    let mut files: Vec<_> =
        fs::read_dir(Path::new(ROOT).join("fixtures/formats").join(format.name)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let read = |path| fs::read_to_string(path).unwrap().parse::<Table>().unwrap();
    files.into_iter().flat_map(|path| read(path)["case"].as_array().unwrap().clone()).map(|case| case.as_table().unwrap().clone()).collect()
}

/// The facts that a case expects.
fn facts(case: &Table) -> BTreeSet<String> {
    let expected = case["expect"].as_table().unwrap().keys().filter(|key| *key != "absent" && *key != "event");
    expected.cloned().collect()
}

/// The events that a case expects.
fn event(case: &Table) -> Option<String> {
    case["expect"]["event"].as_str().filter(|event| *event != "unparsed").map(ToOwned::to_owned)
}

fn ticked(names: &BTreeSet<String>) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn page() -> String {
    let mut page = HEAD.to_owned();
    page += "\n| name | product | facts |\n| --- | --- | --- |\n";
    let all: Vec<(&Format, Vec<Table>)> = FORMATS.iter().map(|format| (format, cases(format))).collect();
    let maker = |format: &Format| match format.vendor {
        "" => "as the line says".to_owned(),
        vendor if vendor == format.product => vendor.to_owned(),
        vendor => format!("{vendor} {}", format.product).trim_end().to_owned(),
    };
    for (format, cases) in &all {
        let count = cases.iter().flat_map(facts).collect::<BTreeSet<String>>().len();
        writeln!(page, "| [`{0}`](#{0}) | {1} | {count} |", format.name, maker(format)).unwrap();
    }
    for (format, cases) in &all {
        let read: Vec<&Table> = cases.iter().filter(|case| event(case).is_some()).collect();
        let events: BTreeSet<String> = read.iter().filter_map(|case| event(case)).collect();
        let facts: BTreeSet<String> = read.iter().flat_map(|case| facts(case)).collect();
        let is_access = |case: &&&Table| matches!(event(case).as_deref(), Some("login_success" | "session_start"));
        let sample = read.iter().filter(is_access).min_by_key(|case| case["line"].as_str().map(str::len)).or(read.first());
        let sample = sample.unwrap()["line"].as_str().unwrap();
        writeln!(page, "\n## {}\n\n{}: {}.\n", format.name, maker(format), format.covers).unwrap();
        writeln!(page, "- events: {}\n- facts: {}\n\n```text\n{}\n```", ticked(&events), ticked(&facts), sample.trim_end()).unwrap();
    }
    page += "\n# Facts of a format of your own\n\nWhat captures and fields of a `[[format]]` may be called.\n\n| name | becomes |\n| --- | --- |\n";
    for fact in own::FACTS {
        writeln!(page, "| `{}` | {} |", fact.name, fact.becomes).unwrap();
    }
    page
}

#[expect(clippy::disallowed_methods, reason = "a developer asks for the page to be written anew")]
fn update() -> bool {
    std::env::var_os("UPDATE_DOCS").is_some()
}

#[test]
fn the_page_of_formats_is_what_the_program_and_its_cases_say() {
    let path = Path::new(ROOT).join("docs/formats.md");
    let wanted = page();
    if update() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &wanted).unwrap();
        return;
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    for (number, (is, ought)) in (1..).zip(found.lines().zip(wanted.lines())) {
        assert_eq!(is, ought, "docs/formats.md, line {number}");
    }
    assert_eq!(found.lines().count(), wanted.lines().count(), "docs/formats.md");
}

//! The house: reads the sources and holds what `ARCHITECTURE.md` says of them.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "sources that cannot be read fail the test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use nightporter::rules::RULES;
use parsers::FORMATS;
use regex::Regex;
use toml::{Table, Value};

/// Every module of the crate with its floor. Imports point to the same floor or down; floor 0 is the crate `parsers`.
const FLOORS: &[(u8, &[&str])] = &[
    (
        1,
        &[
            "alert",
            "batch",
            "calendar",
            "case",
            "clock",
            "daybook",
            "fault",
            "geo",
            "hashed",
            "json",
            "learning",
            "mistake",
            "network",
            "normalised",
            "register",
            "scene",
            "session",
            "told",
            "toml_reader",
            "zone",
        ],
    ),
    (2, &["rules"]),
    (3, &["engine"]),
    (4, &["source", "store", "wall_clock"]),
    // What was typed, what was configured, what was counted: plain values that the verbs work on.
    (5, &["cli", "config", "metrics"]),
    (6, &["pool", "setup", "verbs"]),
    (7, &["lib", "main"]),
];

/// The core is up to this floor: bytes, records and times in, records out.
const CORE: u8 = 3;

/// What the core never mentions: the outside.
const OUTSIDE: &str = concat!(
    r"\b(tokio|tracing|notify|rustix|async|await|Instant|SystemTime|TcpListener|TcpStream|UdpSocket|File|OpenOptions)\b",
    r"|\bstd::(fs|thread|env|process)\b|\b(fs|thread|env)::|\bstd::\{[^}]*\b(fs|thread|env|process)\b",
);

/// No module is named after what it is for everybody.
const NAMELESS: &str = r"util|common|manager|handler|helper|processor|context|misc";

/// A file above this has grown a second subject.
const LINES: usize = 600;

/// One source file without its tests.
struct Source {
    /// Path within the repository.
    path: PathBuf,
    /// Top-level module of the crate; empty in `parsers`.
    module: String,
    /// Code without comments, tests and the words of its texts.
    code: String,
    lines: usize,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn children(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let within = |path: PathBuf| if path.is_dir() { rust_files(&path) } else { vec![path] };
    children(folder).into_iter().flat_map(within).filter(|path| path.extension().is_some_and(|end| end == "rs")).collect()
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

/// All source files of a folder of the repository.
fn sources(folder: &str) -> Vec<Source> {
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        let (code, tests) = text.split_once("#[cfg(test)]\n").unwrap_or((&text, "mod"));
        assert!(tests.starts_with("mod") || tests.starts_with("pub"), "{}: only a module of tests is for tests alone", path.display());
        let within = path.strip_prefix(root().join(folder)).unwrap();
        let first = within.iter().next().unwrap().to_string_lossy();
        let module = if folder == "src" { first.trim_end_matches(".rs").to_owned() } else { String::new() };
        let path = path.strip_prefix(root()).unwrap().to_owned();
        Source { path, module, code: bare(code), lines: text.lines().count() }
    };
    let is_test = |path: &PathBuf| name(path) == "tests.rs";
    rust_files(&root().join(folder)).into_iter().filter(|path| !is_test(path)).map(read).collect()
}

/// Code without comments and without what stands in quotes: a format may well know a product's word `async`.
fn bare(code: &str) -> String {
    let comment = pattern(r"(?m)^\s*//.*$");
    let byte = pattern(r"'(?:\\.[^']{0,8}|[^'\\])'");
    let text = pattern(r##"r#"(?s:.*?)"#|r"[^"]*"|"(?:[^"\\]|\\(?s:.))*""##);
    let code = comment.replace_all(code, "");
    text.replace_all(&byte.replace_all(&code, "' '"), "\"\"").into_owned()
}

fn floor(module: &str) -> Option<u8> {
    FLOORS.iter().find(|(_, modules)| modules.contains(&module)).map(|(floor, _)| *floor)
}

/// The modules of the crate that a piece of code names.
fn imported(code: &str) -> BTreeSet<String> {
    let one = pattern(r"\b(?:crate|nightporter)::([a-z_0-9]+)");
    let many = pattern(r"\b(?:crate|nightporter)::\{([^;]*)\};");
    let head = pattern(r"(?:^|,)\s*([a-z_0-9]+)");
    let listed = many.captures_iter(code).flat_map(|list| {
        // Only the outermost names of the list: what stands in inner braces belongs to them.
        let outer = pattern(r"\{[^{}]*\}").replace_all(&list[1], "").into_owned();
        head.captures_iter(&outer).map(|name| name[1].to_owned()).collect::<Vec<_>>()
    });
    one.captures_iter(code).map(|name| name[1].to_owned()).chain(listed).collect()
}

/// A regular expression. The crate is built without Unicode's tables: word edges and blanks are those of ASCII.
fn pattern(text: &str) -> Regex {
    Regex::new(&text.replace(r"\b", r"(?-u:\b)").replace(r"\s", "[ \n]")).unwrap()
}

fn complaints(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_module_stands_on_a_floor() {
    let found: BTreeSet<String> = sources("src").into_iter().map(|source| source.module).collect();
    let known: BTreeSet<String> = FLOORS.iter().flat_map(|(_, modules)| modules.iter().map(ToString::to_string)).collect();
    assert_eq!(found, known);
}

#[test]
fn imports_point_down() {
    let mut wrong = Vec::new();
    for source in sources("src") {
        let own = floor(&source.module).unwrap();
        for other in imported(&source.code) {
            if floor(&other).is_none_or(|other| other > own) {
                wrong.push(format!("{}: floor {own} imports {other}", source.path.display()));
            }
        }
    }
    complaints(&wrong);
}

#[test]
fn sources_and_stores_know_neither_each_other_nor_the_engine() {
    let mut wrong = Vec::new();
    for source in sources("src") {
        let strangers: &[&str] = match source.module.as_str() {
            "source" => &["store", "engine", "rules"],
            "store" => &["source", "engine", "rules"],
            _ => continue,
        };
        let known = imported(&source.code);
        wrong.extend(
            strangers.iter().filter(|name| known.contains(**name)).map(|name| format!("{}: imports {name}", source.path.display())),
        );
    }
    complaints(&wrong);
}

#[test]
fn a_rule_knows_no_other_rule() {
    let modules: Vec<String> = RULES.iter().map(|rule| rule.id.replace('-', "_")).collect();
    let mut wrong = Vec::new();
    for source in sources("src").into_iter().filter(|source| source.path.starts_with("src/rules/")) {
        for other in
            modules.iter().filter(|other| !source.path.iter().any(|part| part.to_string_lossy().trim_end_matches(".rs") == **other))
        {
            if pattern(&format!(r"\b{other}\s*(::|,|\}}|;)|::\s*{other}\b")).is_match(&source.code) {
                wrong.push(format!("{}: names {other}", source.path.display()));
            }
        }
    }
    complaints(&wrong);
}

#[test]
fn the_core_has_no_clock_no_io_no_threads() {
    let outside = pattern(OUTSIDE);
    let core = sources("src").into_iter().filter(|source| floor(&source.module).unwrap() <= CORE);
    let mut wrong = Vec::new();
    for source in core.chain(sources("parsers/src")) {
        wrong.extend(outside.find_iter(&source.code).map(|found| format!("{}: mentions {}", source.path.display(), found.as_str())));
    }
    complaints(&wrong);
}

#[test]
fn files_stay_small_and_are_named_after_their_subject() {
    let nameless = pattern(NAMELESS);
    let mut wrong = Vec::new();
    for source in ["src", "parsers/src", "tests", "parsers/tests"].into_iter().flat_map(sources) {
        if source.lines > LINES {
            wrong.push(format!("{}: {} lines", source.path.display(), source.lines));
        }
        if nameless.is_match(&name(&source.path)) {
            wrong.push(format!("{}: what is it about?", source.path.display()));
        }
    }
    complaints(&wrong);
}

#[test]
fn unsafe_code_is_forbidden_everywhere() {
    let manifest = |path: &str| -> Table { fs::read_to_string(root().join(path)).unwrap().parse().unwrap() };
    let whole = manifest("Cargo.toml");
    assert_eq!(whole["workspace"]["lints"]["rust"]["unsafe_code"].as_str(), Some("forbid"));
    let members = whole["workspace"]["members"].as_array().unwrap().iter().map(|member| format!("{}/Cargo.toml", member.as_str().unwrap()));
    for path in members.chain(["Cargo.toml".to_owned()]) {
        assert_eq!(manifest(&path)["lints"]["workspace"].as_bool(), Some(true), "{path}");
    }
}

/// Entries of a folder that are folders themselves.
fn folders(folder: &str) -> BTreeSet<String> {
    children(&root().join(folder)).iter().filter(|path| path.is_dir()).map(|path| name(path)).collect()
}

#[test]
fn a_rule_is_one_file_one_page_one_folder_of_stories() {
    const HEADINGS: [&str; 5] = ["What it catches", "Why it matters", "What it misses", "False alarms", "ATT&CK"];
    let ids: BTreeSet<String> = RULES.iter().map(|rule| rule.id.to_owned()).collect();
    assert_eq!(ids.len(), RULES.len(), "an id stands twice");
    assert_eq!(folders("fixtures/rules"), ids);
    let files: BTreeSet<String> = children(&root().join("src/rules")).iter().filter(|path| path.is_file()).map(|path| name(path)).collect();
    // What one screen does not hold lies in a folder of the rule's name.
    let larger: BTreeSet<String> = folders("src/rules").iter().map(|folder| folder.replace('_', "-")).collect();
    assert!(larger.is_subset(&ids), "{larger:?}");
    let wanted = ids.iter().flat_map(|id| ["rs", "md"].map(|end| format!("{}.{end}", id.replace('-', "_")))).collect();
    assert_eq!(files, wanted);
    for id in &ids {
        let page = fs::read_to_string(root().join(format!("src/rules/{}.md", id.replace('-', "_")))).unwrap();
        let headings: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        assert_eq!(headings, HEADINGS, "{id}");
        let stories: Vec<Table> = children(&root().join("fixtures/rules").join(id))
            .iter()
            .map(|path| fs::read_to_string(path).unwrap().parse().unwrap())
            .collect();
        let quiet = |story: &&Table| story.get("quiet").and_then(Value::as_bool) == Some(true);
        assert!(stories.iter().any(|story| quiet(&story)), "{id}: no story in which it stays quiet");
        assert!(stories.iter().any(|story| !quiet(&story)), "{id}: no story in which it fires");
    }
}

#[test]
fn a_format_is_one_file_and_one_folder_of_cases() {
    let names: BTreeSet<String> = FORMATS.iter().map(|format| format.name.to_owned()).collect();
    assert_eq!(names.len(), FORMATS.len(), "a name stands twice");
    assert_eq!(folders("fixtures/formats"), names);
    let files = children(&root().join("parsers/src/formats"));
    let stems: BTreeSet<String> =
        files.iter().filter(|path| path.is_file()).map(|path| name(path).trim_end_matches(".rs").to_owned()).collect();
    assert_eq!(stems, names.iter().map(|name| name.replace('-', "_")).collect());
}

/// The checks above could pass by seeing nothing.
#[test]
fn the_checks_see_what_they_are_to_see() {
    let code = "use crate::engine::{Engine, state::State};\nuse crate::{json, alert::{Alert, Severity}};\nlet x = crate::zone::rfc3339(t);";
    assert_eq!(imported(code), ["alert", "engine", "json", "zone"].map(String::from).into());
    assert_eq!(bare("// Instant\nx(b'\"', b\"async \\\" fn\", r\"C:\\\", fs)"), "\nx(b' ', b\"\", \"\", fs)");
    let outside = pattern(OUTSIDE);
    for line in
        ["use std::fs;", "use std::{fs, io};", "std::env::var(x)", "thread::spawn(f)", "tokio::spawn(f)", "Instant::now()", "async fn f()"]
    {
        assert!(outside.is_match(line), "{line}");
    }
    for line in ["use std::net::IpAddr;", "use std::io::Write;", "let instant = 3;", "environment", "struct Profile;"] {
        assert!(!outside.is_match(line), "{line}");
    }
    assert!(sources("src").len() > 50 && sources("parsers/src").len() > 10);
}

//! What `README.md` shows is true: its commands run and print what stands below them, its configurations are right, its
//! tables are those of the program. The floors of `ARCHITECTURE.md` name every module.
//!
//! After a change that is meant, its printed parts are written anew with `UPDATE_README=1 cargo test --test readme`.

#![expect(clippy::unwrap_used, clippy::panic, clippy::string_slice, reason = "a document that cannot be read fails the test")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use clap::Parser;
use nightporter::cli::Cli;
use nightporter::register::SupplierNames;
use nightporter::rules::{RULES, Rules};
use parsers::FORMATS;
use tempfile::TempDir;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn readme() -> String {
    fs::read_to_string(Path::new(ROOT).join("README.md")).unwrap()
}

/// The fenced blocks of a language, without their fences.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    let bodies = text.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned());
    bodies.collect()
}

/// A folder that looks like a clone of the repository, as far as the README's commands go.
fn clone() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (Path::new(ROOT).join("fixtures/night"), folder.path().join("fixtures/night"));
    fs::create_dir_all(to.join("lines")).unwrap();
    for within in ["", "lines"] {
        for entry in fs::read_dir(from.join(within)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                fs::copy(&path, to.join(within).join(path.file_name().unwrap())).unwrap();
            }
        }
    }
    folder
}

/// Runs a command line as in a shell that has the program on its path.
fn run(folder: &Path, line: &str) -> Output {
    let binaries = Path::new(env!("CARGO_BIN_EXE_nightporter")).parent().unwrap();
    let line = format!("PATH='{}':$PATH; {line}", binaries.display());
    Command::new("sh").arg("-c").arg(line).current_dir(folder).env_remove("NIGHTPORTER_CONFIG").output().unwrap()
}

/// `cargo run --release --` stands for the program itself.
fn without_cargo(line: &str) -> String {
    line.replace("cargo run --release -- ", "nightporter ")
}

/// A `console` block with what its commands print now: stdout, then stderr, without how long it took.
fn console(block: &str, folder: &Path, exports: &mut String) -> String {
    let mut shown = String::new();
    for line in block.lines().filter_map(|line| line.strip_prefix("$ ")) {
        shown.extend(["$ ", line, "\n"]);
        if line.starts_with("export ") {
            exports.extend([line, "; "]);
            continue;
        }
        let Output { stdout, stderr, .. } = run(folder, &format!("{exports}{}", without_cargo(line)));
        for line in String::from_utf8([stdout, stderr].concat()).unwrap().lines() {
            shown += if line.starts_with("latency ") { "latency ..." } else { line };
            shown.push('\n');
        }
    }
    shown
}

/// An alert with line breaks between its fields and between its own.
fn wrapped(alert: &str) -> String {
    let (mut shown, mut depth, mut in_text, mut escaped, mut own) = (String::new(), 0, false, false, false);
    for c in alert.chars() {
        shown.push(c);
        match c {
            '"' if !escaped => in_text = !in_text,
            '{' | '[' if !in_text => {
                depth += 1;
                own |= depth == 2 && shown.ends_with("\"nightporter\":{");
            }
            '}' | ']' if !in_text => depth -= 1,
            ',' if !in_text && depth == 1 => shown += "\n ",
            ',' if !in_text && depth == 2 && own => shown += "\n   ",
            _ => {}
        }
        escaped = c == '\\' && !escaped;
    }
    shown + "\n"
}

/// The rows of the table of rules; what they say beyond id and name is the README's own.
fn rule_rows(old: &str) -> String {
    let row = |id: &str, name: &str| {
        let head = format!("| `{id}` | {name} |");
        let rest = old.lines().find_map(|line| line.strip_prefix(&head)).unwrap_or(" reasons missing |");
        format!("{head}{rest}\n")
    };
    RULES.iter().map(|rule| row(rule.id, rule.name)).collect()
}

fn format_rows() -> String {
    FORMATS.iter().fold(String::new(), |rows, format| rows + &format!("| `{}` | {} |\n", format.name, format.covers))
}

/// Puts rows below the head of a table.
fn with_rows(text: &str, head: &str, rows: &str) -> String {
    let (before, after) = text.split_once(head).unwrap_or_else(|| panic!("no table {head}"));
    let rest = after.trim_start_matches(|c| c != '\n').trim_start_matches('\n');
    let (line, rest) = rest.split_once('\n').unwrap();
    let end: usize = rest.lines().take_while(|line| line.starts_with('|')).map(|line| line.len() + 1).sum();
    format!("{before}{head}\n{line}\n{rows}{}", &rest[end..])
}

/// The README as it ought to be.
fn true_readme(old: &str) -> String {
    let folder = clone();
    let mut exports = String::new();
    let mut text = old.to_owned();
    for block in blocks(old, "console") {
        let shown = console(&block, folder.path(), &mut exports);
        text = text.replacen(&format!("```console\n{block}```"), &format!("```console\n{shown}```"), 1);
    }
    let alerts = fs::read_to_string(Path::new(ROOT).join("fixtures/night/alerts.jsonl")).unwrap();
    let breach = alerts.lines().find(|alert| alert.contains("\"cut-breach\"") && alert.contains("\"reason\":\"login\"")).unwrap();
    for block in blocks(old, "json") {
        text = text.replacen(&format!("```json\n{block}```"), &format!("```json\n{}```", wrapped(breach)), 1);
    }
    text = with_rows(&text, "| name | covers |", &format_rows());
    with_rows(&text, "| name | what it says | reasons |", &rule_rows(old))
}

#[expect(clippy::disallowed_methods, reason = "a developer asks for the printed parts to be written anew")]
fn update() -> bool {
    std::env::var_os("UPDATE_README").is_some()
}

#[test]
fn what_it_prints_and_lists_is_what_the_program_does() {
    let old = readme();
    let wanted = true_readme(&old);
    if update() {
        fs::write(Path::new(ROOT).join("README.md"), &wanted).unwrap();
        return;
    }
    for (number, (is, ought)) in (1..).zip(old.lines().zip(wanted.lines())) {
        assert_eq!(is, ought, "README.md, line {number}");
    }
    assert_eq!(old.lines().count(), wanted.lines().count());
}

#[test]
fn every_reason_it_names_stands_in_the_rule_s_manual() {
    let text = readme();
    for rule in RULES {
        let row = text.lines().find(|line| line.starts_with(&format!("| `{}` |", rule.id))).unwrap();
        let reasons: Vec<&str> = row.split('|').nth(3).unwrap().split('`').skip(1).step_by(2).collect();
        let manual = Rules::default().manual(rule.id).unwrap();
        assert!(!reasons.is_empty(), "{}", rule.id);
        for reason in reasons {
            assert!(manual.contains(&format!("`{reason}`")), "{}: {reason}", rule.id);
        }
    }
}

/// The words of a command line; quotes keep blanks together.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for c in line.chars().chain([' ']) {
        match quote {
            Some(end) if c == end => quote = None,
            None if c == '"' || c == '\'' => quote = Some(c),
            None if c == ' ' => words.extend((!word.is_empty()).then(|| std::mem::take(&mut word))),
            _ => word.push(c),
        }
    }
    words
}

#[test]
fn every_command_it_shows_is_one() {
    let text = readme();
    let shown = blocks(&text, "sh").into_iter().chain(blocks(&text, "console"));
    let lines: Vec<String> =
        shown.flat_map(|block| block.lines().map(|line| without_cargo(line.trim_start_matches("$ "))).collect::<Vec<_>>()).collect();
    let commands = lines.iter().flat_map(|line| line.split(" | ")).filter(|command| command.starts_with("nightporter"));
    let mut count = 0;
    for command in commands {
        let command = command.split(" > ").next().unwrap().split(" < ").next().unwrap().replace(" 2>/dev/null", "");
        if let Err(error) = Cli::try_parse_from(words(&command)) {
            panic!("{command}: {error}");
        }
        count += 1;
    }
    assert!(count > 15, "{count}");
}

#[test]
fn its_configurations_are_right() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = std::collections::BTreeMap::<String, String>::new();
    for block in blocks(&readme(), "toml") {
        let name = block.trim_start_matches("# ").split([',', '\n']).next().unwrap().to_owned();
        *files.entry(name).or_default() += &block;
    }
    assert_eq!(files.keys().collect::<Vec<_>>(), ["nightporter.toml", "register.toml"]);
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let check = run(folder.path(), "nightporter check --config nightporter.toml");
    let told = String::from_utf8(check.stderr).unwrap();
    let (samples, rest): (Vec<&str>, Vec<&str>) = told.lines().partition(|line| line.contains(" reads "));
    assert_eq!(rest, ["ok: 1 source, 1 site, 2 suppliers, 1 account, 0 daybook lines"]);
    assert!(samples.len() == 2 && samples[0].contains("our-gate reads login_success:"), "{samples:?}");
    assert_eq!(check.status.code(), Some(0));
}

#[test]
fn supplier_names_are_those_it_lists() {
    let text = readme();
    let names = SupplierNames::default();
    let bullets: Vec<&str> = text.split("by its looks:").nth(1).unwrap().split("Each such").next().unwrap().split("\n- ").skip(1).collect();
    let [logins, domains, groups] = bullets.as_slice() else { panic!("{bullets:?}") };
    let ticked = |bullet: &str| -> Vec<String> { bullet.split('`').skip(1).step_by(2).map(ToOwned::to_owned).collect() };
    for login in ticked(logins) {
        let beginning = login.ends_with(|c: char| !c.is_alphanumeric());
        let login = if beginning { format!("{login}x") } else { format!("x{login}") };
        assert!(names.matches(&login, None, None), "{login}");
    }
    assert!(ticked(domains).iter().all(|domain| names.matches("x", Some(domain), None)));
    assert!(ticked(groups).iter().all(|group| names.matches("x", None, Some(&group.replace('*', "y")))));
    assert_eq!((ticked(logins).len(), ticked(domains).len(), ticked(groups).len()), (19, 2, 6));
}

#[test]
fn every_module_stands_in_the_architecture() {
    let architecture = fs::read_to_string(Path::new(ROOT).join("ARCHITECTURE.md")).unwrap();
    let library = fs::read_to_string(Path::new(ROOT).join("src/lib.rs")).unwrap();
    let floors: Vec<&str> = architecture.lines().filter(|line| line.starts_with("| ")).filter_map(|line| line.split('|').nth(2)).collect();
    for module in library.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')) {
        let found = floors.iter().filter(|modules| modules.contains(&format!("`{module}`"))).count();
        assert_eq!(found, 1, "{module} stands on one floor");
    }
}

#[test]
fn exit_statuses_mean_what_it_says() {
    let folder = clone();
    fs::write(folder.path().join("wrong.toml"), "regster = 1\n").unwrap();
    fs::write(folder.path().join("torn.jsonl"), "{\"at\":\n").unwrap();
    let night = "--config fixtures/night/nightporter.toml";
    for (line, expected) in [
        (format!("nightporter replay {night}"), 0),
        (format!("nightporter replay {night} --daybook torn.jsonl"), 0),
        (format!("nightporter replay {night} --fail-on critical"), 1),
        ("nightporter replay --fail-on critical fixtures/night/lines/fw-sainte-fiction.log".to_owned(), 0),
        ("nightporter replay --config wrong.toml".to_owned(), 2),
        ("nightporter replay fixtures/night/lines/fw-sainte-fiction.log missing.log".to_owned(), 2),
        ("nightporter --no-such-option".to_owned(), 2),
        (format!("nightporter check {night}"), 0),
        ("nightporter check --config wrong.toml".to_owned(), 2),
    ] {
        assert_eq!(run(folder.path(), &line).status.code(), Some(expected), "{line}");
    }
    let mut replay = Command::new(env!("CARGO_BIN_EXE_nightporter"));
    replay.args(["replay", "--config", "fixtures/night/nightporter.toml"]).current_dir(folder.path());
    let mut replay = replay.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    drop(replay.stdout.take());
    assert_eq!(replay.wait().unwrap().code(), Some(0), "a closed pipe is a normal end");
}

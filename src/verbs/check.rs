//! `nightporter check`: every mistake in configuration, register and daybook, with its place.

use std::io::{self, Write};

use crate::cli::Common;
use crate::mistake::Mistake;
use crate::rules::{PLANNED, RULES};
use crate::setup::{Setup, Trouble, read_entry};

/// Writes all mistakes to `out`, one a line, and what the configuration holds; gives their number.
///
/// # Errors
/// A file that cannot be read.
pub fn run(common: &Common, out: &mut dyn Write) -> Result<usize, Trouble> {
    let setup = Setup::read(common)?;
    let mut mistakes = setup.mistakes.clone();
    let mut entries = 0;
    if let Some(path) = &setup.config.daybook {
        let (read, wrong) = setup.daybook().map_err(Trouble::Fault)?;
        entries = read.len();
        mistakes.extend(wrong);
        mistakes.extend(unknown_names(&setup, path));
    }
    let told: io::Result<()> = (|| {
        for mistake in &mistakes {
            writeln!(out, "{mistake}")?;
        }
        for note in &setup.config.not_yet {
            writeln!(out, "note: {note}")?;
        }
        let register = &setup.register;
        let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
        writeln!(
            out,
            "{}: {}, {}, {}, {}, {}",
            if mistakes.is_empty() { "ok".to_owned() } else { count(mistakes.len(), "mistake") },
            count(setup.config.sources.len(), "source"),
            count(register.sites.len(), "site"),
            count(register.suppliers.len(), "supplier"),
            count(register.accounts.len(), "account"),
            if setup.config.daybook.is_some() { count(entries, "daybook line") } else { "no daybook".into() },
        )
    })();
    // Nobody reads any more: the exit status still tells.
    let _ = told;
    Ok(mistakes.len())
}

/// Entries of the daybook that name suppliers, rules or sources that there are not.
fn unknown_names(setup: &Setup, path: &std::path::Path) -> Vec<Mistake> {
    let rules: Vec<&str> = RULES.iter().map(|rule| rule.id).chain(PLANNED.iter().copied()).collect();
    let sources: Vec<&str> = setup.config.sources.iter().map(|source| &*source.name).collect();
    let text = std::fs::read(path).unwrap_or_default();
    let lines = (1u32..).zip(text.split(|&b| b == b'\n'));
    lines
        .filter_map(|(number, line)| {
            let entry = read_entry(path, number, line)?.ok()?;
            let problem = entry.check(&setup.register, &rules, &sources).err()?;
            let place = crate::mistake::Place { line: number, column: problem.column.max(1) };
            Some(Mistake { file: path.to_string_lossy().into(), place, message: problem.message })
        })
        .collect()
}

//! `nightporter check`: every mistake in configuration, register and daybook, with its place.

use std::io::{self, Write};

use parsers::Time;
use parsers::time::DAY;

use crate::cli::Common;
use crate::config::{Config, GeoFile};
use crate::json::printable;
use crate::mistake::Mistake;
use crate::rules::{LEARNS, RULES};
use crate::setup::{Setup, Trouble, read_entry};
use crate::verbs::explain::Reader;
use crate::zone::{Zone, rfc3339};

/// Writes all mistakes to `out`, one a line, how the samples of `[[format]]` are read, and what the configuration holds; gives
/// the number of mistakes.
///
/// # Errors
/// A file that cannot be read.
pub fn run(common: &Common, now: Time, out: &mut dyn Write) -> Result<usize, Trouble> {
    let setup = Setup::read(common)?;
    let mut mistakes = setup.mistakes.clone();
    mistakes.extend(setup.lost.iter().cloned());
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
        for note in &setup.config.notes {
            writeln!(out, "note: {note}")?;
        }
        databases(&setup, common, now, out)?;
        samples(&setup, common, now, out)?;
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

/// A database older than this is worth a word: networks change hands and places.
const OLD: i64 = 90 * DAY;

/// What each database of `[geo]` is, and whether it is one for its purpose, and of late.
fn databases(setup: &Setup, common: &Common, now: Time, out: &mut dyn Write) -> io::Result<()> {
    let file = common.config.as_ref().map(|path| path.to_string_lossy()).unwrap_or_default();
    let (files, geo) = (&setup.config.geo, &setup.geo);
    for (key, words, file_of, database) in [
        ("city", ["City", "Country", "Enterprise"].as_slice(), &files.city, &geo.city),
        ("asn", ["ASN", "ISP", "Enterprise"].as_slice(), &files.asn, &geo.asn),
    ] {
        let (Some(GeoFile { place, .. }), Some(database)) = (file_of, database) else { continue };
        let kind = printable(database.kind());
        let made = database.made().map_or_else(|| "an unknown day".to_owned(), |made| rfc3339(made).chars().take(10).collect());
        let mut told = format!("{kind} of {made}");
        if let Some(age) = database.made().map(|made| now.since(made)).filter(|&age| age > OLD) {
            told = format!("{told}, {} days old: networks change hands and places; renew it", age / DAY);
        }
        if !words.iter().any(|word| database.kind().to_ascii_lowercase().contains(&word.to_ascii_lowercase())) {
            told = format!("{told}; is it one for {key}?");
        }
        writeln!(out, "{file}:{}:{}: [geo] {key}: {told}", place.line, place.column)?;
    }
    Ok(())
}

/// How each sample of the user's own formats is read.
fn samples(setup: &Setup, common: &Common, now: Time, out: &mut dyn Write) -> io::Result<()> {
    let Config { formats, samples, defaults, .. } = &setup.config;
    let file = common.config.as_ref().map(|path| path.to_string_lossy()).unwrap_or_default();
    let mut reader = Reader { formats, zone: Zone::new(defaults.zone.clone()), now };
    for sample in samples {
        let fields = reader.fields_of(&sample.format, sample.line.value.as_bytes());
        let is_news = |name: &str| !matches!(name, "nightporter.event" | "nightporter.format" | "event.outcome" | "event.type");
        // Why it is not read is among the mistakes.
        let Some((_, event)) = fields.iter().find(|(name, _)| name == "nightporter.event").filter(|(_, event)| event != "unparsed") else {
            continue;
        };
        write!(out, "{file}:{}:{}: {} reads {event}:", sample.line.place.line, sample.line.place.column, sample.format)?;
        for (name, value) in fields.iter().filter(|(name, _)| is_news(name)) {
            write!(out, " {name}={}", printable(value))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// Entries of the daybook that name suppliers, rules, sources or things learned that there are not.
fn unknown_names(setup: &Setup, path: &std::path::Path) -> Vec<Mistake> {
    let rules: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
    let sources: Vec<&str> = setup.config.sources.iter().map(|source| &*source.name).collect();
    let learned = LEARNS.concat();
    let text = std::fs::read(path).unwrap_or_default();
    let lines = (1u32..).zip(text.split(|&b| b == b'\n'));
    lines
        .filter_map(|(number, line)| {
            let entry = read_entry(path, number, line)?.ok()?;
            let problem = entry.check(&setup.register, &rules, &sources, &learned).err()?;
            let place = crate::mistake::Place { line: number, column: problem.column.max(1) };
            Some(Mistake { file: path.to_string_lossy().into(), place, message: problem.message })
        })
        .collect()
}

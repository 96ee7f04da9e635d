//! Sample lines of a user's format: run, and where they are not read, why.

use std::sync::Arc;

use parsers::atoms::Columns;
use parsers::own::Shape;
use parsers::{Facts, Formats, Interest, Line, Own, Reading, Stamps};
use regex::bytes::RegexBuilder;

use crate::json::printable;
use crate::mistake::{Mistakes, quoted};
use crate::toml_reader::{Table, Text};

/// A line that a user's format is to read.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Name of the format.
    pub format: Arc<str>,
    /// The line, and where it stands.
    pub line: Text,
}

/// Runs a sample; what is wrong with it goes to the mistakes of its table. `regex` is the format's as its user wrote it.
pub(super) fn run(formats: &Formats, own: &Own, regex: Option<&str>, sample: &Text, table: &Table<'_>, notes: &Mistakes) {
    let interest = Interest::everything();
    let line = Line::new(sample.value.as_bytes(), &interest);
    let Some(picks) = own.picks(&line) else {
        table.mistake_at(sample.place, "samples", &why_not(own, regex, &line));
        return;
    };
    for (picked, _) in picks.iter().filter(|(_, fits)| !fits) {
        let fact = picked.fact.get().map_or("", |fact| fact.name);
        let hint = if fact == "time" && own.time.is_none() { "; say how it is written: time_format = \"%d/%m/%Y %H:%M:%S\"" } else { "" };
        let written = quoted(&String::from_utf8_lossy(picked.written));
        table.mistake_at(sample.place, "samples", &format!("{written} cannot be read as \"{fact}\"{hint}"));
    }
    let mut facts = Facts::default();
    let reading = formats.read(line.whole, None, &interest, &mut Stamps::default(), &mut facts);
    if let Reading::Parsed(id) | Reading::NoConcern(id) = reading
        && let Some(product) = formats.product(id)
        && *product.format != *own.name
    {
        let message = format!(
            "samples in [[format]] {}: {} is asked first and reads {} too; say format = {} in its [[source]]{}",
            quoted(&own.name),
            quoted(product.format),
            quoted(&sample.value),
            quoted(&own.name),
            if own.has_signature() { "" } else { ", or give it a marker" },
        );
        notes.push(table.file(), sample.place, message);
    }
}

/// Why a format does not read its own sample.
fn why_not(own: &Own, regex: Option<&str>, line: &Line<'_>) -> String {
    let shown = quoted(&String::from_utf8_lossy(line.whole));
    if let Some(marker) = &own.marker
        && marker.find(line.whole).is_none()
    {
        return format!("{shown} does not hold the marker {}", quoted(&String::from_utf8_lossy(marker.needle())));
    }
    match &own.shape {
        Shape::Regex { .. } => match regex.and_then(|regex| reach(regex, line.whole)) {
            Some(reached) => format!("the regular expression has to match all of {shown}, and does not; {reached}"),
            None => format!("the regular expression does not match {shown} anywhere"),
        },
        Shape::Columns { separator, columns } => {
            let (has, needed) = (Columns::new(line.body, *separator).count(), columns.iter().map(|(at, _)| at + 1).max().unwrap_or(0));
            format!("{shown} has {has} column{} and needs {needed}", if has == 1 { "" } else { "s" })
        }
        Shape::Pairs(fields) | Shape::Json(fields) => {
            let lacking = own.lacking(line);
            let names = fields.iter().filter(|(_, fact)| lacking.contains(fact)).map(|(name, _)| quoted(&String::from_utf8_lossy(name)));
            format!("{shown} lacks {}", names.collect::<Vec<String>>().join(", "))
        }
    }
}

/// How far an expression goes along with a line: its longest beginning that fits the line's beginning.
fn reach(regex: &str, line: &[u8]) -> Option<String> {
    let ends = regex.char_indices().map(|(at, _)| at).skip(1).chain([regex.len()]).collect::<Vec<usize>>();
    ends.into_iter().rev().find_map(|end| {
        let part = regex.get(..end)?;
        let compiled = RegexBuilder::new(&format!(r"\A(?:{part})")).unicode(false).build().ok()?;
        let found = compiled.find(line).filter(|found| !found.is_empty())?;
        let (fits, rest) = line.split_at_checked(found.end())?;
        let rest = quoted(&String::from_utf8_lossy(rest));
        let reached = String::from_utf8_lossy(fits).chars().count();
        let part = printable(part);
        Some(if end == regex.len() {
            format!("it ends after character {reached}, before {rest}")
        } else {
            format!("as far as {part} it fits, up to character {reached}; what follows does not fit {rest}")
        })
    })
}

//! `[[format]]`: a product of the user's own, without code.
//!
//! Which part of a line is which fact is said by a regular expression with named captures, or by a map of facts to fields of
//! `key=value`, CSV or JSON. Its samples are run whenever the configuration is read: one that the format does not read is a
//! mistake.

mod sample;

use std::collections::HashSet;
use std::sync::Arc;

use memchr::memmem::Finder;
use parsers::own::{EVENTS, FACTS, FactId, Meaning, NoRegex, Shape, What, is_taken};
use parsers::{Formats, Own, TimeFormat};

pub use self::sample::Sample;

use crate::mistake::{Mistakes, Problem, did_you_mean, one_of, quoted};
use crate::toml_reader::{Table, Text};

/// What the configuration says of formats.
pub(super) struct Read {
    /// The built-in formats and the user's own.
    pub(super) formats: Formats,
    /// The lines of their samples.
    pub(super) samples: Vec<Sample>,
    /// All names, those of formats with mistakes too.
    pub(super) names: Vec<Arc<str>>,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Regex,
    Pairs,
    Columns,
    Json,
}

const KINDS: &[(&str, Kind)] = &[("regex", Kind::Regex), ("key-value", Kind::Pairs), ("csv", Kind::Columns), ("json", Kind::Json)];

/// Columns of CSV that can be asked for.
const COLUMNS: usize = 1000;

/// Reads every `[[format]]` and runs its samples; what is no mistake and ought to be known goes to `notes`.
pub(super) fn read(tables: Vec<Table<'_>>, notes: &Mistakes) -> Read {
    let (mut names, mut seen) = (Vec::new(), HashSet::new());
    let mut written: Vec<Written<'_>> = Vec::new();
    for mut table in tables {
        table.need(&["name", "event"]);
        let name = table.text("name");
        if let Some(name) = &name {
            table.unique("the format name", name, &mut seen);
            if is_taken(&name.value) {
                table.mistake_at(name.place, "name", &format!("a built-in format is called {}", quoted(&name.value)));
            }
            names.push(Arc::clone(&name.value));
            if names.len() == Formats::MOST + 1 {
                table.mistake_at(name.place, "name", &format!("there may be {} formats of your own", Formats::MOST));
            }
        }
        written.push(one(table, name));
    }
    let formats = Formats::new(written.iter().filter_map(|written| written.own.clone()).collect());
    let mut samples = Vec::new();
    for Written { table, own, regex, samples: lines } in written {
        if let Some(own) = own {
            for line in &lines {
                sample::run(&formats, &own, regex.as_deref(), line, &table, notes);
            }
            samples.extend(lines.into_iter().map(|line| Sample { format: Arc::from(&*own.name), line }));
        }
        table.finish();
    }
    Read { formats, samples, names }
}

/// One `[[format]]`.
struct Written<'d> {
    table: Table<'d>,
    /// `None` where mistakes keep it from being one.
    own: Option<Own>,
    regex: Option<Arc<str>>,
    samples: Vec<Text>,
}

fn one(mut table: Table<'_>, name: Option<Text>) -> Written<'_> {
    let kind = if table.has("kind") { table.word("kind", KINDS) } else { Some(Kind::Regex) };
    if table.has("fields") && !table.has("kind") {
        table.mistake("fields", "needs kind = \"key-value\", \"csv\" or \"json\"");
    }
    let mut regex = None;
    let shape = kind.and_then(|kind| match kind {
        Kind::Regex => {
            if !table.has("fields") {
                table.need(&["regex"]);
            }
            let shape = table.read("regex", read_regex);
            regex = table.text("regex").map(|text| text.value);
            shape
        }
        Kind::Pairs => fields(&mut table, read_key).map(Shape::Pairs),
        Kind::Json => fields(&mut table, read_key).map(Shape::Json),
        Kind::Columns => {
            let separator = if table.has("separator") { table.read("separator", read_separator) } else { Some(b',') };
            let columns = if table.has("columns") { Some(listed(&mut table)) } else { fields(&mut table, read_number) };
            Some(Shape::Columns { separator: separator?, columns: columns? })
        }
    });
    if kind.is_none() {
        // What belongs there is not known: nothing of it is called unknown.
        let _ = ["regex", "fields", "columns", "separator", "marker"].map(|key| table.has(key));
    }
    let marker = kind.filter(|&kind| kind != Kind::Regex).and_then(|_| table.text("marker"));
    let meaning = meaning(&mut table, shape.as_ref());
    let time = table.read("time_format", |text| TimeFormat::new(text).map_err(|(column, message)| Problem { column, message }));
    let mut text = |key| table.text(key).map_or_else(Box::default, |text| Box::from(&*text.value));
    let (vendor, product) = (text("vendor"), text("product"));
    let samples = table.list("samples", |text| Ok::<Arc<str>, String>(text.into()));
    let samples = samples.into_iter().map(|(value, place)| Text { value, place }).collect();
    let own = || {
        let name = Box::from(&*name?.value);
        let marker = marker.map(|marker| Finder::new(&*marker.value).into_owned());
        Some(Own { name, vendor, product, shape: shape?, marker, meaning: meaning?, time })
    };
    Written { own: own(), table, regex, samples }
}

fn read_regex(text: &str) -> Result<Shape, Problem> {
    Shape::regex(text).map_err(|wrong| match wrong {
        NoRegex::Syntax(error) => {
            // The last of its lines says what is wrong, those before it draw where.
            format!("expected a regular expression, found {}: {}", quoted(text), error.lines().last().unwrap_or_default()).into()
        }
        NoRegex::Capture(name) => {
            let before = text.split(&format!("<{name}>")).next().unwrap_or_default();
            let column = u32::try_from(before.chars().count()).unwrap_or(0).saturating_add(2);
            Problem { column, message: no_fact("the capture", &name) }
        }
    })
}

fn no_fact(what: &str, name: &str) -> String {
    let names = || FACTS.iter().map(|fact| fact.name);
    let hint = match did_you_mean(name, names()) {
        hint if hint.is_empty() => format!("; facts are {}", one_of(names())),
        hint => hint,
    };
    format!("{what} {} is no fact{hint}", quoted(name))
}

fn what(word: &str) -> Result<What, String> {
    let words = || EVENTS.iter().map(|(word, _)| *word);
    EVENTS
        .iter()
        .find(|(known, _)| *known == word)
        .map(|&(_, what)| what)
        .ok_or_else(|| format!("expected {}, found {}{}", one_of(words()), quoted(word), did_you_mean(word, words())))
}

/// `event = "login_success"`, or `event = { IN = "login_success", … }` by the fact `result`.
fn meaning(table: &mut Table<'_>, shape: Option<&Shape>) -> Option<Meaning> {
    if table.is_text("event") {
        return table.read("event", what).map(Meaning::Always);
    }
    let words = table.named("event");
    if words.is_empty() {
        return None;
    }
    if shape.is_some_and(|shape| !shape.facts().contains(&FactId::RESULT)) {
        table.mistake("event", "goes by the fact \"result\", and nothing of the line is called so");
    }
    let mut known = Vec::new();
    for (said, word) in words {
        match what(&word.value) {
            Ok(what) => known.push((said.value.as_bytes().into(), what)),
            Err(message) => table.mistake_at(word.place, &format!("event.{}", said.value), &message),
        }
    }
    Some(Meaning::ByResult(known))
}

/// `fields = { user = "login", … }`: the facts, and where they stand.
fn fields<T>(table: &mut Table<'_>, read: impl Fn(&Text) -> Result<T, String>) -> Option<Vec<(T, FactId)>> {
    table.need(&["fields"]);
    let mut found = Vec::new();
    for (fact, field) in table.named("fields") {
        match (FactId::of(&fact.value), read(&field)) {
            (Some(id), Ok(field)) => found.push((field, id)),
            (None, _) => table.mistake_at(fact.place, "fields", &no_fact("the name", &fact.value)),
            (_, Err(message)) => table.mistake_at(field.place, &format!("fields.{}", fact.value), &message),
        }
    }
    (!found.is_empty()).then_some(found)
}

#[expect(clippy::unnecessary_wraps, reason = "one of several readers of a field")]
fn read_key(text: &Text) -> Result<Box<[u8]>, String> {
    Ok(text.value.as_bytes().into())
}

fn read_number(text: &Text) -> Result<usize, String> {
    let number = text.value.parse().ok().filter(|number| (1..=COLUMNS).contains(number));
    number.map(|number| number - 1).ok_or_else(|| format!("expected the number of a column, 1 to {COLUMNS}, found {}", quoted(&text.value)))
}

/// `columns = ["time", "", "user"]`: the fact of each column, "" where it is none.
fn listed(table: &mut Table<'_>) -> Vec<(usize, FactId)> {
    let read = |text: &str| match text {
        "" => Ok(None),
        text => FactId::of(text).map(Some).ok_or_else(|| no_fact("the name", text)),
    };
    let columns = table.list("columns", read).into_iter().enumerate();
    columns.filter_map(|(at, (fact, _))| Some((at, fact?))).collect()
}

fn read_separator(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        [byte] if *byte != b'"' => Ok(*byte),
        _ => Err(format!("expected one character such as \";\" or \"\\t\", found {}", quoted(text))),
    }
}

#[cfg(test)]
mod tests;

//! TOML as people write it: a tree that remembers where everything stands, and a typed reader over it.
//!
//! A [`Document`] owns its values, so what is read from it may outlive the text. A [`Table`] hands them out
//! by key and type and takes every mistake down instead of stopping at the first.

mod quantity;
mod table;

use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};
use toml::value::Datetime;

pub use quantity::{read_size, read_span};
pub use table::{Section, Table, Text};

use crate::mistake::{Mistakes, Place, quoted};

/// A value and its place.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    place: Place,
    value: Value,
}

/// A value as TOML types it.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Text(Arc<str>),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    Date(Datetime),
    List(Vec<Node>),
    Table(Entries),
    /// No TOML: taken down already, so nobody says more about it.
    Broken,
}

impl Value {
    /// What stands there, for "found …".
    fn found(&self) -> String {
        match self {
            Value::Text(text) => quoted(text),
            Value::Integer(number) => number.to_string(),
            Value::Float(number) => number.to_string(),
            Value::Boolean(value) => value.to_string(),
            Value::Date(date) => date.to_string(),
            Value::List(_) => "a list".to_owned(),
            Value::Table(_) => "a table".to_owned(),
            Value::Broken => "no TOML".to_owned(),
        }
    }
}

/// The keys of a table with their places, in the order of the text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entries {
    place: Place,
    entries: Vec<(Arc<str>, Place, Node)>,
}

impl Entries {
    fn get(&self, key: &str) -> Option<(Place, &Node)> {
        self.entries.iter().find(|(name, ..)| &**name == key).map(|(_, place, node)| (*place, node))
    }
}

/// A TOML file, read as far as it can be.
#[derive(Clone, Debug)]
pub struct Document {
    file: Arc<str>,
    root: Entries,
}

impl Document {
    /// Reads the text of `file` (a name for messages only). What is no TOML is taken down and left out.
    pub fn read(file: &str, text: &str, mistakes: &Mistakes) -> Document {
        let file: Arc<str> = file.into();
        let (root, errors) = DeTable::parse_recoverable(text);
        let lines = Lines::of(text);
        let mut broken = Vec::new();
        for error in errors {
            let span = error.span().unwrap_or_default();
            let found = text.get(span.clone()).and_then(|found| found.lines().next()).filter(|found| !found.trim().is_empty());
            let found = found.map_or_else(String::new, |found| format!(", found {}", quoted(found)));
            mistakes.push(&file, lines.place(span.start), format!("{}{found}", error.message()));
            broken.push(span.start);
        }
        let mut reading = Reading { file: &file, lines: &lines, mistakes, broken };
        let root = reading.table(root.get_ref(), Place { line: 1, column: 1 });
        Document { file, root }
    }

    /// The name of the file.
    pub fn file(&self) -> &Arc<str> {
        &self.file
    }

    /// The reader of the file's top level.
    pub fn table<'d>(&'d self, mistakes: &'d Mistakes) -> Table<'d> {
        Table::top(&self.file, &self.root, mistakes)
    }
}

/// Beginnings of lines, to turn byte offsets into places.
struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    fn of(text: &'t str) -> Lines<'t> {
        let starts = std::iter::once(0).chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1)).collect();
        Lines { text, starts }
    }

    fn place(&self, offset: usize) -> Place {
        let line = self.starts.partition_point(|&start| start <= offset);
        let start = line.checked_sub(1).and_then(|at| self.starts.get(at)).copied().unwrap_or(0);
        let column = self.text.get(start..offset).map_or(0, |before| before.chars().count());
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Place { line: number(line), column: number(column).saturating_add(1) }
    }
}

struct Reading<'r> {
    file: &'r Arc<str>,
    lines: &'r Lines<'r>,
    mistakes: &'r Mistakes,
    /// Offsets of what is no TOML.
    broken: Vec<usize>,
}

impl Reading<'_> {
    fn table(&mut self, table: &DeTable<'_>, place: Place) -> Entries {
        let mut keys: Vec<_> = table.iter().collect();
        keys.sort_by_key(|(key, _)| key.span().start);
        let entries = keys
            .into_iter()
            .map(|(key, value)| (Arc::from(key.get_ref().as_ref()), self.lines.place(key.span().start), self.node(value)))
            .collect();
        Entries { place, entries }
    }

    fn list(&mut self, list: &DeArray<'_>) -> Vec<Node> {
        list.iter().map(|value| self.node(value)).collect()
    }

    fn node(&mut self, value: &Spanned<DeValue<'_>>) -> Node {
        let span = value.span();
        let place = self.lines.place(span.start);
        let is_broken = self.broken.iter().any(|at| (span.start..=span.end).contains(at));
        let value = match value.get_ref() {
            DeValue::Array(list) => Value::List(self.list(list)),
            DeValue::Table(table) => Value::Table(self.table(table, place)),
            _ if is_broken => Value::Broken,
            DeValue::String(text) => Value::Text(Arc::from(text.as_ref())),
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).map_or_else(
                |_| {
                    self.mistakes.push(self.file, place, format!("the number {} is too large", quoted(number.as_str())));
                    Value::Broken
                },
                Value::Integer,
            ),
            DeValue::Float(number) => number.as_str().parse().map_or(Value::Broken, Value::Float),
            DeValue::Boolean(value) => Value::Boolean(*value),
            DeValue::Datetime(date) => Value::Date(*date),
        };
        Node { place, value }
    }
}

//! The typed reader of one table. The keys that a reader asks for are the keys there are: whatever else
//! stands in the table is unknown, and the nearest of those asked for is offered.

use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

use jiff::civil::Date;

use super::{Entries, Node, Value, read_size, read_span};
use crate::mistake::{Mistakes, Place, Problem, did_you_mean, one_of, quoted};

/// A text and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The text, never empty.
    pub value: Arc<str>,
    /// Where it stands.
    pub place: Place,
}

/// A table set aside to be read later by whoever knows its keys.
#[derive(Clone, Debug)]
pub struct Section {
    file: Arc<str>,
    header: String,
    entries: Entries,
}

impl Section {
    /// The reader of it.
    pub fn table<'d>(&'d self, mistakes: &'d Mistakes) -> Table<'d> {
        Table { file: &self.file, header: self.header.clone(), entries: &self.entries, mistakes, asked: Vec::new() }
    }
}

/// A reader of one table. Ask for every key that may stand there, then [`finish`](Table::finish).
///
/// A value of the wrong type or form is taken down as a mistake and read as if it were absent.
pub struct Table<'d> {
    file: &'d Arc<str>,
    header: String,
    entries: &'d Entries,
    mistakes: &'d Mistakes,
    asked: Vec<&'static str>,
}

impl<'d> Table<'d> {
    pub(super) fn top(file: &'d Arc<str>, entries: &'d Entries, mistakes: &'d Mistakes) -> Table<'d> {
        Table { file, header: String::new(), entries, mistakes, asked: Vec::new() }
    }

    /// Where the table begins.
    pub fn place(&self) -> Place {
        self.entries.place
    }

    /// The file it stands in.
    pub fn file(&self) -> &'d Arc<str> {
        self.file
    }

    /// Whether a key stands there at all; counts as asked for.
    pub fn has(&mut self, key: &'static str) -> bool {
        self.ask(key).is_some()
    }

    /// A text that is not empty.
    pub fn text(&mut self, key: &'static str) -> Option<Text> {
        let (value, place) = self.expect(key, "a text in quotes", text_of)?;
        if value.trim().is_empty() {
            self.mistake_at(place, key, "expected a text, found \"\"");
            return None;
        }
        Some(Text { value: Arc::clone(value), place })
    }

    /// A text in a form that `read` knows.
    pub fn read<T, P: Into<Problem>>(&mut self, key: &'static str, read: impl FnOnce(&str) -> Result<T, P>) -> Option<T> {
        let (text, place) = self.expect(key, "a text in quotes", text_of)?;
        read(text).map_err(|problem| self.problem(place, key, &problem.into())).ok()
    }

    /// One word of a closed set.
    pub fn word<T: Copy>(&mut self, key: &'static str, words: &[(&str, T)]) -> Option<T> {
        self.read(key, |text| {
            let valid = || words.iter().map(|(word, _)| *word);
            words
                .iter()
                .find(|(word, _)| *word == text)
                .map(|&(_, value)| value)
                .ok_or_else(|| format!("expected {}, found {}{}", one_of(valid()), quoted(text), did_you_mean(text, valid())))
        })
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, key: &'static str) -> Option<bool> {
        let read = |value: &Value| if let Value::Boolean(value) = value { Some(*value) } else { None };
        self.expect(key, "true or false", read).map(|(value, _)| value)
    }

    /// A whole number within `range`.
    pub fn integer(&mut self, key: &'static str, range: RangeInclusive<i64>) -> Option<i64> {
        let expected = format!("a whole number of {} to {}", range.start(), range.end());
        self.expect(key, &expected, |value| integer_of(value, &range)).map(|(value, _)| value)
    }

    /// A civil date (`2026-12-31`, without quotes).
    pub fn date(&mut self, key: &'static str) -> Option<Date> {
        let read = |value: &Value| match value {
            Value::Date(date) if date.time.is_none() => {
                let date = date.date?;
                Date::new(i16::try_from(date.year).ok()?, i8::try_from(date.month).ok()?, i8::try_from(date.day).ok()?).ok()
            }
            _ => None,
        };
        self.expect(key, "a date without quotes such as 2026-12-31", read).map(|(value, _)| value)
    }

    /// A span of time such as `"90d"`, in nanoseconds.
    pub fn span(&mut self, key: &'static str) -> Option<i64> {
        self.read(key, read_span)
    }

    /// An amount of bytes such as `"2GiB"`.
    pub fn size(&mut self, key: &'static str) -> Option<u64> {
        self.read(key, read_size)
    }

    /// A list of texts, each in a form that `read` knows, with their places. What cannot be read is left out.
    pub fn list<T, P: Into<Problem>>(&mut self, key: &'static str, read: impl Fn(&str) -> Result<T, P>) -> Vec<(T, Place)> {
        let mut found = Vec::new();
        for node in self.nodes(key, "a list of texts such as [\"…\"]") {
            match &node.value {
                Value::Text(text) => match read(text) {
                    Ok(value) => found.push((value, node.place)),
                    Err(problem) => self.problem(node.place, key, &problem.into()),
                },
                Value::Broken => {}
                other => self.mistake_at(node.place, key, &format!("expected a text in quotes, found {}", other.found())),
            }
        }
        found
    }

    /// A list of whole numbers within `range`.
    pub fn integers(&mut self, key: &'static str, range: RangeInclusive<i64>) -> Vec<i64> {
        let mut found = Vec::new();
        for node in self.nodes(key, "a list of whole numbers such as [443, 3389]") {
            match integer_of(&node.value, &range) {
                Some(number) => found.push(number),
                None if matches!(node.value, Value::Broken) => {}
                None => {
                    let (first, last, value) = (range.start(), range.end(), node.value.found());
                    self.mistake_at(node.place, key, &format!("expected a whole number of {first} to {last}, found {value}"));
                }
            }
        }
        found
    }

    /// The table under a key.
    pub fn table(&mut self, key: &'static str) -> Option<Table<'d>> {
        let header = format!("[{}{key}]", self.path());
        let (entries, _) = self.expect(key, "a table", table_of)?;
        Some(self.inner(header, entries))
    }

    /// The tables of a list (`[[key]]`).
    pub fn tables(&mut self, key: &'static str) -> Vec<Table<'d>> {
        let header = format!("[[{}{key}]]", self.path());
        let mut found = Vec::new();
        for node in self.nodes(key, "a list of tables, each under its own header in [[ ]]") {
            match &node.value {
                Value::Table(entries) => found.push(self.inner(header.clone(), entries)),
                other => self.mistake_at(node.place, key, &format!("expected a table, found {}", other.found())),
            }
        }
        found
    }

    /// All tables under a key whose names are data (`[rules.NAME]`): name, its place, the table set aside.
    pub fn sections(&mut self, key: &'static str) -> Vec<(Text, Section)> {
        let Some(mut table) = self.table(key) else { return Vec::new() };
        let mut found = Vec::new();
        for (name, place, node) in &table.entries.entries {
            match &node.value {
                Value::Table(entries) => {
                    let header = format!("[{key}.{name}]");
                    let section = Section { file: Arc::clone(self.file), header, entries: entries.clone() };
                    found.push((Text { value: Arc::clone(name), place: *place }, section));
                }
                other => table.mistake_at(node.place, name, &format!("expected a table, found {}", other.found())),
            }
        }
        table.asked.clear();
        found
    }

    /// Whether a text stands there, and not a table or a list; counts as asked for.
    pub fn is_text(&mut self, key: &'static str) -> bool {
        self.ask(key).is_some_and(|node| matches!(node.value, Value::Text(_)))
    }

    /// The entries of a table whose keys are data (`event = { IN = "…" }`): texts, and whole numbers as they are written.
    pub fn named(&mut self, key: &'static str) -> Vec<(Text, Text)> {
        let Some(table) = self.table(key) else { return Vec::new() };
        let mut found = Vec::new();
        for (name, place, node) in &table.entries.entries {
            let value = match &node.value {
                Value::Text(text) => Arc::clone(text),
                Value::Integer(number) => number.to_string().into(),
                Value::Broken => continue,
                other => {
                    table.mistake_at(node.place, name, &format!("expected a text in quotes, found {}", other.found()));
                    continue;
                }
            };
            found.push((Text { value: Arc::clone(name), place: *place }, Text { value, place: node.place }));
        }
        found
    }

    /// Takes down that keys which must stand here do not.
    pub fn need(&self, keys: &[&'static str]) {
        for key in keys.iter().filter(|key| self.entries.get(key).is_none()) {
            self.mistakes.push(self.file, self.entries.place, format!("{} lacks the key \"{key}\"", self.title()));
        }
    }

    /// Takes down that names occur twice: `seen` holds those of the other tables.
    pub fn unique(&self, key: &str, name: &Text, seen: &mut HashSet<Arc<str>>) {
        if !seen.insert(Arc::clone(&name.value)) {
            self.mistakes.push(self.file, name.place, format!("{key} {} stands twice", quoted(&name.value)));
        }
    }

    /// Takes down a mistake at a key's value (or at the table, where the key is absent).
    pub fn mistake(&self, key: &str, message: &str) {
        let place = self.entries.get(key).map_or(self.entries.place, |(_, node)| node.place);
        self.mistake_at(place, key, message);
    }

    /// Takes down a mistake at a place inside a key's value.
    pub fn mistake_at(&self, place: Place, key: &str, message: &str) {
        let title = self.title();
        let within = if title.is_empty() { String::new() } else { format!(" in {title}") };
        self.mistakes.push(self.file, place, format!("{key}{within}: {message}"));
    }

    /// Takes down every key that nobody asked for.
    pub fn finish(self) {
        for (name, place, _) in &self.entries.entries {
            if self.asked.iter().all(|asked| *asked != &**name) {
                let hint = did_you_mean(name, self.asked.iter().copied());
                let title = self.title();
                let within = if title.is_empty() { String::new() } else { format!(" in {title}") };
                self.mistakes.push(self.file, *place, format!("unknown key {}{within}{hint}", quoted(name)));
            }
        }
    }

    /// How messages call this table: its header, and its name where it has one.
    fn title(&self) -> String {
        let name = ["id", "name", "login"].iter().find_map(|key| self.entries.get(key)).map(|(_, node)| &node.value);
        match name {
            Some(Value::Text(name)) if !self.header.is_empty() => format!("{} {}", self.header, quoted(name)),
            _ => self.header.clone(),
        }
    }

    fn path(&self) -> String {
        match self.header.trim_matches(['[', ']']) {
            "" => String::new(),
            path => format!("{path}."),
        }
    }

    fn inner(&self, header: String, entries: &'d Entries) -> Table<'d> {
        Table { file: self.file, header, entries, mistakes: self.mistakes, asked: Vec::new() }
    }

    fn problem(&self, place: Place, key: &str, problem: &Problem) {
        // The value's place is its opening quote, so its first character stands one further.
        let place = Place { column: place.column.saturating_add(problem.column), ..place };
        self.mistake_at(place, key, &problem.message);
    }

    fn ask(&mut self, key: &'static str) -> Option<&'d Node> {
        self.asked.push(key);
        self.entries.get(key).map(|(_, node)| node)
    }

    fn expect<T>(&mut self, key: &'static str, expected: &str, read: impl FnOnce(&'d Value) -> Option<T>) -> Option<(T, Place)> {
        let node = self.ask(key)?;
        let value = read(&node.value);
        if value.is_none() && !matches!(node.value, Value::Broken) {
            self.mistake_at(node.place, key, &format!("expected {expected}, found {}", node.value.found()));
        }
        value.map(|value| (value, node.place))
    }

    fn nodes(&mut self, key: &'static str, expected: &str) -> &'d [Node] {
        let read = |value: &'d Value| if let Value::List(nodes) = value { Some(nodes.as_slice()) } else { None };
        self.expect(key, expected, read).map(|(nodes, _)| nodes).unwrap_or_default()
    }
}

fn text_of(value: &Value) -> Option<&Arc<str>> {
    if let Value::Text(text) = value { Some(text) } else { None }
}

fn table_of(value: &Value) -> Option<&Entries> {
    if let Value::Table(entries) = value { Some(entries) } else { None }
}

fn integer_of(value: &Value, range: &RangeInclusive<i64>) -> Option<i64> {
    if let Value::Integer(number) = value { Some(*number).filter(|number| range.contains(number)) } else { None }
}

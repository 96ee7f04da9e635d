//! Parts of the configuration that are read and checked, and built later: `[[format]]` and `[geo]`.

use std::collections::HashSet;
use std::sync::Arc;

use regex::Regex;

use super::not_yet;
use crate::mistake::{Mistakes, one_of, quoted};
use crate::toml_reader::Table;

const EVENTS: &[&str] = &["login_success", "login_failure", "logout", "session_start", "session_end", "traffic", "other"];

/// Reads every `[[format]]`; gives their names, which sources may refer to.
pub(super) fn formats(tables: Vec<Table<'_>>, later: &Mistakes) -> Vec<Arc<str>> {
    let mut seen = HashSet::new();
    let mut names = Vec::new();
    for mut table in tables {
        table.need(&["name", "regex"]);
        if let Some(name) = table.text("name") {
            table.unique("the format name", &name, &mut seen);
            names.push(name.value);
        }
        table.read("regex", read_regex);
        table.words("event", read_event);
        table.list("samples", |_| Ok::<(), String>(()));
        not_yet(&table, "[[format]]", later);
        table.finish();
    }
    names
}

fn read_regex(text: &str) -> Result<Regex, String> {
    Regex::new(text).map_err(|error| {
        // The last of its lines says what is wrong, those before it draw where.
        let error = error.to_string();
        format!("expected a regular expression, found {}: {}", quoted(text), error.lines().last().unwrap_or_default())
    })
}

fn read_event(word: &str) -> Result<(), String> {
    let expected = || one_of(EVENTS.iter().copied());
    EVENTS.contains(&word).then_some(()).ok_or_else(|| format!("expected {}, found {}", expected(), quoted(word)))
}

/// Reads `[geo]`.
pub(super) fn geo(mut table: Table<'_>, later: &Mistakes) {
    for key in ["city", "asn"] {
        table.text(key);
    }
    not_yet(&table, "[geo]", later);
    table.finish();
}

//! The fields of one line of the daybook, picked by name and type.

use std::sync::Arc;

use jiff::Timestamp;
use parsers::Time;
use serde_json::{Map, Value};

use super::entry::Until;
use crate::mistake::{Problem, did_you_mean, nearest, quoted};
use crate::zone::time;

/// A JSON object that is emptied field by field: what is left at the end is unknown.
pub(super) struct Fields {
    map: Map<String, Value>,
    asked: Vec<&'static str>,
}

impl Fields {
    /// Reads a line.
    pub(super) fn read(line: &str) -> Result<Fields, Problem> {
        match serde_json::from_str::<Value>(line) {
            Ok(Value::Object(map)) => Ok(Fields { map, asked: Vec::new() }),
            Ok(other) => Err(format!("expected one JSON object a line, found {}", found(&other)).into()),
            Err(error) => {
                let column = u32::try_from(error.column()).unwrap_or(u32::MAX);
                // The place is said apart from the message; the parser repeats it at the end of its own.
                let text = error.to_string();
                let what = text.split(" at line ").next().unwrap_or_default();
                let message = if error.is_eof() {
                    format!("the line is cut off: expected a whole JSON object ({what})")
                } else {
                    format!("expected a JSON object ({what})")
                };
                Err(Problem { column, message })
            }
        }
    }

    pub(super) fn text(&mut self, key: &'static str) -> Result<Arc<str>, Problem> {
        let text = self.optional_text(key)?;
        text.ok_or_else(|| {
            let near = nearest(key, self.map.keys().map(String::as_str));
            let instead = near.map_or_else(String::new, |near| format!("; {} stands there instead", quoted(near)));
            format!("lacks the key \"{key}\"{instead}").into()
        })
    }

    pub(super) fn optional_text(&mut self, key: &'static str) -> Result<Option<Arc<str>>, Problem> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::String(text)) if !text.trim().is_empty() => Ok(Some(text.as_str().into())),
            Some(other) => Err(format!("{key}: expected a text, found {}", found(&other)).into()),
        }
    }

    pub(super) fn texts(&mut self, key: &'static str) -> Result<Vec<Arc<str>>, Problem> {
        let wrong =
            |value: &Value| Problem::from(format!("{key}: expected a list of texts such as [\"fourn.chimere\"], found {}", found(value)));
        match self.take(key) {
            None => Ok(Vec::new()),
            Some(Value::Array(list)) => list.iter().map(|item| item.as_str().map(Arc::from).ok_or_else(|| wrong(item))).collect(),
            Some(other) => Err(wrong(&other)),
        }
    }

    pub(super) fn time(&mut self, key: &'static str) -> Result<Time, Problem> {
        let text = self.text(key)?;
        let wrong = || format!("{key}: expected a time with its zone such as \"2026-11-18T22:30:00+01:00\", found {}", quoted(&text));
        text.parse().ok().and_then(plausible).ok_or_else(|| wrong().into())
    }

    /// A time, or a date that counts as a whole.
    pub(super) fn time_or_date(&mut self, key: &'static str) -> Result<Until, Problem> {
        self.text(key)?.parse::<Until>().map_err(|message| format!("{key}: {message}").into())
    }

    /// Fails if a field is left that nobody asked for.
    pub(super) fn finish(self) -> Result<(), Problem> {
        match self.map.keys().next() {
            None => Ok(()),
            Some(key) => Err(format!("unknown key {}{}", quoted(key), did_you_mean(key, self.asked)).into()),
        }
    }

    fn take(&mut self, key: &'static str) -> Option<Value> {
        self.asked.push(key);
        self.map.remove(key)
    }
}

/// The time, if people can mean it: of the years 2000 to 2199, like the stamps of devices.
pub(super) fn plausible(timestamp: Timestamp) -> Option<Time> {
    Time::from_seconds(timestamp.as_second(), 0).map(|_| time(timestamp))
}

fn found(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        other => other.to_string(),
    }
}

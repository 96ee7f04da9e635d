//! An alert as it lies in a file, of this version or an older one: nothing in it has to be there but its id.

use std::borrow::Cow;

use jiff::Timestamp;
use parsers::Time;
use serde_json::Value;

use crate::alert::Severity;
use crate::register::{Register, Supplier};
use crate::told::Told;
use crate::zone::time;

/// An alert read back.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded(Value);

impl Recorded {
    /// The alert of a line; `None` if the line is none.
    pub fn read(line: &[u8]) -> Option<Recorded> {
        let alert = Recorded(serde_json::from_slice(line).ok()?);
        (!alert.id().is_empty()).then_some(alert)
    }

    /// Without the lines that it rests on, and what else is long and the same for all alerts of a rule: for keeping many.
    #[must_use]
    pub fn in_short(mut self) -> Recorded {
        if let Some(own) = self.0.get_mut("nightporter").and_then(Value::as_object_mut) {
            own.remove("evidence");
        }
        if let Some(all) = self.0.as_object_mut() {
            ["threat", "related", "ecs", "observer"].into_iter().for_each(|name| drop(all.remove(name)));
        }
        self
    }

    /// A text by its path (`/rule/id`); empty if there is none.
    pub fn text(&self, path: &str) -> &str {
        self.0.pointer(path).and_then(Value::as_str).unwrap_or_default()
    }

    /// Its id.
    pub fn id(&self) -> &str {
        self.text("/event/id")
    }

    /// Its time.
    pub fn time(&self) -> Option<Time> {
        self.text("/@timestamp").parse::<Timestamp>().ok().map(time)
    }

    /// The id of its rule.
    pub fn rule(&self) -> &str {
        self.text("/rule/id")
    }

    /// Its reason.
    pub fn reason(&self) -> &str {
        self.text("/nightporter/reason")
    }

    /// Its severity, by the word or else by the number.
    pub fn severity(&self) -> Option<Severity> {
        let of_number = || {
            let number = self.0.pointer("/event/severity")?.as_u64()?;
            Severity::ALL.into_iter().rev().find(|severity| u64::from(severity.number()) <= number)
        };
        Severity::of(self.text("/nightporter/severity")).or_else(of_number)
    }

    /// Id of the supplier; empty if there is none.
    pub fn supplier(&self) -> &str {
        match self.text("/nightporter/supplier") {
            "" => self.text("/organization/id"),
            id => id,
        }
    }

    /// The account; empty if there is none.
    pub fn account(&self) -> &str {
        match self.text("/nightporter/account") {
            "" => self.text("/user/name"),
            login => login,
        }
    }

    /// Its story; empty if there is none.
    pub fn story(&self) -> &str {
        self.text("/nightporter/story")
    }

    /// Facts and thresholds.
    pub fn because(&self) -> &Value {
        self.0.pointer("/nightporter/because").unwrap_or(&Value::Null)
    }

    /// The lines that it rests on.
    pub fn evidence(&self) -> &[Value] {
        self.0.pointer("/nightporter/evidence").and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// The exception under which it is kept.
    pub fn exception(&self) -> Option<&str> {
        Some(self.text("/nightporter/exception")).filter(|reason| !reason.is_empty())
    }

    /// The supplier's entry as it is now; one that is only known by a login is what the defaults make of it.
    pub fn entry<'r>(&self, register: &'r Register) -> Option<Cow<'r, Supplier>> {
        let id = self.supplier();
        if let Some(entry) = register.supplier(id) {
            return Some(Cow::Borrowed(entry));
        }
        (!register.is_declared() && !id.is_empty()).then(|| Cow::Owned(register.inferred(id)))
    }

    /// As its rule reads it again.
    pub fn told<'a>(&'a self, register: &'a Register, entry: Option<&'a Supplier>) -> Told<'a> {
        Told {
            reason: self.reason(),
            time: self.time(),
            because: self.because(),
            supplier: self.supplier(),
            entry,
            calendars: Some(&register.calendars),
        }
    }
}

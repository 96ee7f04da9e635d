//! The entries of the daybook.

use std::str::FromStr;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use parsers::Time;
use serde::{Deserialize, Serialize};

use super::ALL;
use super::fields::plausible;
use crate::calendar::Bound;
use crate::mistake::{Problem, did_you_mean, one_of, quoted};
use crate::register::Register;
use crate::zone::rfc3339_in;

/// One decision.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Entry {
    /// A supplier may come in for a while.
    Window(Window),
    /// A window ends before its time.
    Close(Close),
    /// A supplier is kept out from now on.
    Cut(Cut),
    /// A supplier is let in again.
    Lift(Lift),
    /// A rule does not speak of a supplier for a while.
    Exception(Exception),
    /// A source may fall silent for a while.
    Maintenance(Maintenance),
    /// What was learned of a supplier is forgotten.
    Unlearn(Unlearn),
}

/// An access window.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Window {
    /// When it was written down.
    pub at: Time,
    /// Its id, `w-0007`.
    pub id: Arc<str>,
    /// Whom it lets in.
    pub supplier: Arc<str>,
    /// The accounts it lets in, lower case; empty = all of that supplier.
    pub accounts: Vec<Arc<str>>,
    /// Its first instant.
    pub from: Time,
    /// The first instant after it.
    pub until: Time,
    /// The ticket behind it.
    pub ticket: Option<Arc<str>>,
    /// Who wrote it.
    pub by: Arc<str>,
    /// Why.
    pub reason: Arc<str>,
}

/// The end of a window before its time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Close {
    /// When it was written down, and takes effect.
    pub at: Time,
    /// Id of the window.
    pub window: Arc<str>,
    /// Who wrote it.
    pub by: Arc<str>,
    /// Why.
    pub reason: Arc<str>,
}

/// The end of a supplier's access.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Cut {
    /// When it was written down, and takes effect.
    pub at: Time,
    /// Who is kept out; `*` = all suppliers.
    pub supplier: Arc<str>,
    /// Who wrote it.
    pub by: Arc<str>,
    /// Why.
    pub reason: Arc<str>,
}

/// The end of a cut.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Lift {
    /// When it was written down, and takes effect.
    pub at: Time,
    /// Who is let in again; `*` = the cut of all.
    pub supplier: Arc<str>,
    /// Who wrote it.
    pub by: Arc<str>,
    /// Why.
    pub reason: Arc<str>,
}

/// A rule that does not speak of a supplier for a while.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Exception {
    /// When it was written down, and takes effect.
    pub at: Time,
    /// The rule.
    pub rule: Arc<str>,
    /// The supplier.
    pub supplier: Arc<str>,
    /// How long.
    pub until: Until,
    /// Who wrote it.
    pub by: Arc<str>,
    /// Why.
    pub reason: Arc<str>,
}

/// Planned work on a source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Maintenance {
    /// When it was written down.
    pub at: Time,
    /// The source.
    pub source: Arc<str>,
    /// Its first instant.
    pub from: Time,
    /// The first instant after it.
    pub until: Time,
    /// Who wrote it.
    pub by: Arc<str>,
    /// Why.
    pub reason: Arc<str>,
}

/// Something that was learned of a supplier and is not to count.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Unlearn {
    /// When it was written down.
    pub at: Time,
    /// Of whom.
    pub supplier: Arc<str>,
    /// What; `None` = all.
    pub what: Option<Arc<str>>,
    /// Who wrote it.
    pub by: Arc<str>,
    /// Why.
    pub reason: Arc<str>,
}

/// An end: an instant, or a last day that counts as a whole.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Until {
    /// The first instant after it.
    Time(Time),
    /// The last day, in the supplier's zone.
    Date(Date),
}

impl FromStr for Until {
    type Err = String;

    fn from_str(text: &str) -> Result<Until, String> {
        // jiff would take the date of a time for a date.
        let date = || (text.len() == "2027-01-31".len()).then(|| text.parse::<Date>().ok()).flatten();
        let time = || text.parse::<Timestamp>().ok().and_then(plausible);
        date()
            .filter(|date| (2000..2200).contains(&date.year()))
            .map(Until::Date)
            .or_else(|| time().map(Until::Time))
            .ok_or_else(|| format!("expected a date such as \"2027-01-31\" or a time with its zone, found {}", quoted(text)))
    }
}

impl TryFrom<String> for Until {
    type Error = String;

    fn try_from(text: String) -> Result<Until, String> {
        text.parse()
    }
}

impl From<Until> for String {
    fn from(until: Until) -> String {
        until.text(&TimeZone::UTC)
    }
}

impl Until {
    /// As it is written; a time with the offset of a zone.
    pub(super) fn text(&self, zone: &TimeZone) -> String {
        match *self {
            Until::Time(time) => rfc3339_in(time, zone),
            Until::Date(date) => date.to_string(),
        }
    }

    /// The first instant after it, in a zone.
    pub fn instant(&self, zone: &TimeZone) -> Time {
        match *self {
            Until::Time(time) => time,
            Until::Date(date) => Bound::end(date, zone).time,
        }
    }
}

impl Window {
    /// Whether it lets an account (lower case) in.
    pub fn admits(&self, account: &str) -> bool {
        self.accounts.is_empty() || self.accounts.iter().any(|admitted| &**admitted == account)
    }
}

impl Entry {
    /// When it was written down.
    pub fn at(&self) -> Time {
        self.signed().0
    }

    /// Who wrote it.
    pub fn by(&self) -> &Arc<str> {
        self.signed().1
    }

    /// Why.
    pub fn reason(&self) -> &Arc<str> {
        self.signed().2
    }

    /// The supplier it speaks of; `None` for closes and maintenance.
    pub fn supplier(&self) -> Option<&Arc<str>> {
        match self {
            Entry::Window(window) => Some(&window.supplier),
            Entry::Cut(cut) => Some(&cut.supplier),
            Entry::Lift(lift) => Some(&lift.supplier),
            Entry::Exception(exception) => Some(&exception.supplier),
            Entry::Unlearn(unlearn) => Some(&unlearn.supplier),
            Entry::Close(_) | Entry::Maintenance(_) => None,
        }
    }

    fn signed(&self) -> (Time, &Arc<str>, &Arc<str>) {
        match self {
            Entry::Window(e) => (e.at, &e.by, &e.reason),
            Entry::Close(e) => (e.at, &e.by, &e.reason),
            Entry::Cut(e) => (e.at, &e.by, &e.reason),
            Entry::Lift(e) => (e.at, &e.by, &e.reason),
            Entry::Exception(e) => (e.at, &e.by, &e.reason),
            Entry::Maintenance(e) => (e.at, &e.by, &e.reason),
            Entry::Unlearn(e) => (e.at, &e.by, &e.reason),
        }
    }

    /// Whether the names in it are known: the supplier by the register, the rule, the source and what is learned by those given.
    ///
    /// # Errors
    /// The first name that is not, with the nearest that is.
    pub fn check(&self, register: &Register, rules: &[&str], sources: &[&str], learned: &[&str]) -> Result<(), Problem> {
        let unknown = |what: &str, name: &str, hint: String| Err(format!("no {what} is called {}{hint}", quoted(name)).into());
        let all = matches!(self, Entry::Cut(_) | Entry::Lift(_));
        if let Some(supplier) = self.supplier().filter(|supplier| !(all && &***supplier == ALL))
            && register.is_declared()
            && register.supplier(supplier).is_none()
        {
            return unknown("supplier", supplier, did_you_mean(supplier, register.supplier_ids()));
        }
        match self {
            Entry::Exception(exception) if !rules.contains(&&*exception.rule) => {
                unknown("rule", &exception.rule, did_you_mean(&exception.rule, rules.iter().copied()))
            }
            Entry::Maintenance(maintenance) if !sources.contains(&&*maintenance.source) => {
                unknown("source", &maintenance.source, did_you_mean(&maintenance.source, sources.iter().copied()))
            }
            Entry::Unlearn(Unlearn { what: Some(what), .. }) if !learned.contains(&&**what) => {
                let hint = did_you_mean(what, learned.iter().copied());
                Err(format!("what: expected {}, found {}{hint}", one_of(learned.iter().copied()), quoted(what)).into())
            }
            _ => Ok(()),
        }
    }
}

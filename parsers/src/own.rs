//! Formats that users write in their configuration, for products of their own.
//!
//! An [`Own`] is to a user what a [`Format`] of the table is to the program: what recognises a line, and which of its
//! parts are which facts. The facts bear the names of [`FACTS`], whether they are captures of a regular expression,
//! columns, keys or paths. As in the table nothing is kept between two lines, and no map of fields is built.

mod facts;
mod shape;
mod time;

use memchr::memmem::Finder;

pub use self::facts::{FACTS, Fact, FactId};
pub use self::shape::{NoRegex, Shape};
pub use self::time::TimeFormat;

use crate::facts::{About, Facts, Kind};
use crate::{Escape, Line, Stamps, formats};

/// One format of a user's own.
#[derive(Clone, Debug)]
pub struct Own {
    /// The name in `format = "…"`.
    pub name: Box<str>,
    /// ECS `observer.vendor`; empty where nobody said.
    pub vendor: Box<str>,
    /// ECS `observer.product`; empty where nobody said.
    pub product: Box<str>,
    /// How its lines are written.
    pub shape: Shape,
    /// What every line of it holds, for shapes that many products share.
    pub marker: Option<Finder<'static>>,
    /// What its lines mean.
    pub meaning: Meaning,
    /// How its times are written, where they need telling.
    pub time: Option<TimeFormat>,
}

/// What lines mean.
#[derive(Clone, Debug)]
pub enum Meaning {
    /// All the same.
    Always(What),
    /// What the fact `result` says; any other result is a line without access fact.
    ByResult(Vec<(Box<[u8]>, What)>),
}

/// What a line is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct What {
    kind: Kind,
    about: Option<About>,
}

/// The words that users have for [`What`].
pub const EVENTS: &[(&str, What)] = &[
    ("login_success", What::of(Kind::LoginSuccess)),
    ("login_failure", What::of(Kind::LoginFailure)),
    ("logout", What::of(Kind::Logout)),
    ("session_start", What::of(Kind::SessionStart)),
    ("session_end", What::of(Kind::SessionEnd)),
    ("traffic", What::of(Kind::Traffic)),
    ("configuration", What::about(About::Configuration)),
    ("approval", What::about(About::Approval)),
    ("restart", What::about(About::Restart)),
    ("moved", What::about(About::Moved)),
    ("other", What::of(Kind::Other)),
];

impl What {
    const fn of(kind: Kind) -> What {
        What { kind, about: None }
    }

    const fn about(about: About) -> What {
        What { kind: Kind::Other, about: Some(about) }
    }
}

/// One part of a line that a format of a user's own picked.
#[derive(Clone, Copy, Debug)]
pub struct Picked<'a> {
    /// Which fact it is to be.
    pub fact: FactId,
    /// As it stands in the line.
    pub written: &'a [u8],
    /// How it is written.
    pub escape: Escape,
}

impl Own {
    /// Whether its lines are told from others by more than the fields they hold: such a format is asked before those of
    /// the table, any other behind them.
    pub fn has_signature(&self) -> bool {
        matches!(self.shape, Shape::Regex { .. }) || self.marker.is_some()
    }

    /// Reads a line into the facts. `None`: the line is not of this format.
    pub(crate) fn read<'a>(&self, line: &Line<'a>, stamps: &mut Stamps, facts: &mut Facts) -> Option<()> {
        let mut result: Option<Picked<'a>> = None;
        self.pick(line, &mut |picked| {
            self.put(line, picked, stamps, facts);
            if picked.fact == FactId::RESULT {
                result = Some(picked);
            }
        })?;
        let What { kind, about } = match &self.meaning {
            Meaning::Always(what) => *what,
            Meaning::ByResult(words) => {
                let said = result.map(|result| result.escape.undo(result.written)).unwrap_or_default();
                words.iter().find(|(word, _)| **word == *said).map(|&(_, what)| what).unwrap_or_default()
            }
        };
        (facts.kind, facts.about) = (kind, about);
        if let Some(result) = result.filter(|_| facts.action.is_empty()) {
            facts.action = line.escaped(result.written, result.escape);
        }
        Some(())
    }

    /// What the format picks of a line, for people: each part, and whether it can be read as the fact it is to be.
    /// `None`: the line is not of this format.
    pub fn picks<'a>(&self, line: &Line<'a>) -> Option<Vec<(Picked<'a>, bool)>> {
        let mut all = Vec::new();
        self.pick(line, &mut |picked| {
            all.push((picked, self.put(line, picked, &mut Stamps::default(), &mut Facts::default())));
        })?;
        Some(all)
    }

    /// The facts whose fields a line does not hold.
    pub fn lacking(&self, line: &Line<'_>) -> Vec<FactId> {
        let mut lacking = self.shape.facts();
        let _ = self.shape.pick(line, None, &mut |picked| lacking.retain(|fact| *fact != picked.fact));
        lacking
    }

    fn pick<'a>(&self, line: &Line<'a>, found: &mut dyn FnMut(Picked<'a>)) -> Option<()> {
        if let Some(marker) = &self.marker {
            marker.find(line.whole)?;
        }
        let by_result = matches!(self.meaning, Meaning::ByResult(_));
        self.shape.pick(line, self.marker.is_none().then_some(by_result), found)
    }

    /// Writes one part down. `false`: it is there, and cannot be what it is to be.
    fn put<'a>(&self, line: &Line<'a>, picked: Picked<'a>, stamps: &mut Stamps, facts: &mut Facts) -> bool {
        picked.fact.get().is_none_or(|fact| facts::put(fact, self.time.as_ref(), line, picked, stamps, facts))
    }
}

/// A name that a user's format must not bear: those of the table, and what `format = "…"` means by itself.
pub fn is_taken(name: &str) -> bool {
    name == "auto" || formats::by_name(name).is_some()
}

#[cfg(test)]
mod tests;

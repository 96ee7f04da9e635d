//! All formats that a run knows: those of the table, and those of its user's own.

use std::sync::Arc;

use crate::facts::Kind;
use crate::{FORMATS, Facts, FormatId, Interest, Line, Own, Reading, Stamps, atoms, formats, wrapper};

/// The formats that lines may be in. Cheap to clone.
///
/// A user's own format has a number past the table's. One with a signature (a regular expression that a line has to match from
/// end to end, or a marker) is asked before the table: whoever wrote it for his product knows better than a format that takes
/// what looks alike. One that goes by field names alone is asked last, when a line is nobody else's.
#[derive(Clone, Debug, Default)]
pub struct Formats {
    own: Option<Arc<[Own]>>,
    /// How many of them stand in front of the table; they are the first of `own`.
    before: usize,
}

/// What a format reads, as output names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Product<'a> {
    /// Name of the format.
    pub format: &'a str,
    /// ECS `observer.vendor`; empty where the line itself names it.
    pub vendor: &'a str,
    /// ECS `observer.product`; empty where the line itself names it.
    pub name: &'a str,
    /// What the format covers.
    pub covers: &'a str,
}

/// What one format makes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is another's.
    NotMine,
    /// It is its own, and cannot be read.
    Unreadable,
    /// It was read.
    Read,
}

impl Formats {
    /// How many formats of their own users may have.
    pub const MOST: usize = 64;

    /// The table, and formats of a user's own; those past [`Formats::MOST`] are left out.
    pub fn new(mut own: Vec<Own>) -> Formats {
        own.truncate(Formats::MOST);
        // A stable sort: among themselves they are asked in the order in which they were written.
        own.sort_by_key(|own| !own.has_signature());
        let before = own.iter().take_while(|own| own.has_signature()).count();
        Formats { own: (!own.is_empty()).then(|| own.into()), before }
    }

    /// A user's own formats, in the order in which they are asked.
    pub fn own(&self) -> &[Own] {
        self.own.as_deref().unwrap_or_default()
    }

    /// All ids, in the order in which they are asked.
    pub fn ids(&self) -> impl Iterator<Item = FormatId> {
        let own = |range: std::ops::Range<usize>| range.filter_map(|at| id(FORMATS.len() + at));
        own(0..self.before).chain((0..FORMATS.len()).filter_map(id)).chain(own(self.before..self.own().len()))
    }

    /// All names, in the same order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.ids().filter_map(|id| Some(self.product(id)?.format))
    }

    /// The format of a name.
    pub fn by_name(&self, name: &str) -> Option<FormatId> {
        self.ids().find(|&id| self.product(id).is_some_and(|product| product.format == name))
    }

    /// What a format reads.
    pub fn product(&self, FormatId(id): FormatId) -> Option<Product<'_>> {
        let at = usize::from(id);
        if let Some(format) = FORMATS.get(at) {
            return Some(Product { format: format.name, vendor: format.vendor, name: format.product, covers: format.covers });
        }
        let own = self.own().get(at.checked_sub(FORMATS.len())?)?;
        Some(Product { format: &own.name, vendor: &own.vendor, name: &own.product, covers: "a format of your own" })
    }

    /// Reads one line (without its line end) into `facts`, which is cleared first.
    ///
    /// `only` restricts recognition to one format (a source whose `format` is set); else all are asked in their order, and the
    /// first that says yes reads the line. `stamps` is a cache of the last stamps seen and never changes an answer.
    pub fn read(&self, line: &[u8], only: Option<FormatId>, interest: &Interest, stamps: &mut Stamps, facts: &mut Facts) -> Reading {
        *facts = Facts::default();
        if atoms::trim(line).is_empty() {
            return Reading::Blank;
        }
        let line = Line::new(line, interest);
        let reading = self.within(&line, only, stamps, facts);
        // What a relay wrapped in JSON is another product's line, unless the wrapping itself tells of an access.
        let may_carry = facts.earlier.is_none()
            && match reading {
                Reading::Parsed(id) => facts.kind == Kind::Other && self.product(id).is_some_and(|product| product.vendor.is_empty()),
                Reading::Unparsed => true,
                Reading::NoConcern(_) | Reading::Blank => false,
            };
        let Some(wrapped) = may_carry.then(|| wrapper::open(&line)).flatten() else { return reading };
        let mut inner = Facts::default();
        match self.within(&wrapped.line, only, stamps, &mut inner) {
            Reading::Unparsed | Reading::Blank => {
                wrapped.fill(facts);
                reading
            }
            found => {
                *facts = inner;
                wrapped.fill(facts);
                found
            }
        }
    }

    /// Reads a line whose heads are off, into `facts`, which are empty.
    fn within(&self, line: &Line<'_>, only: Option<FormatId>, stamps: &mut Stamps, facts: &mut Facts) -> Reading {
        let (id, answer) = match only {
            Some(id) => (id, self.ask(id, line, stamps, facts)),
            None => self.first(line, stamps, facts),
        };
        if answer != Answer::Read {
            *facts = Facts::default();
        }
        line.head_facts(stamps, facts);
        if answer != Answer::Read || facts.earlier.is_some_and(|earlier| earlier.unparsed) {
            Reading::Unparsed
        } else if facts.kind == Kind::Traffic && (facts.no_concern || !line.interest.traffic(facts, line.whole)) {
            Reading::NoConcern(id)
        } else {
            Reading::Parsed(id)
        }
    }

    /// What a format makes of a line, whatever others would. `facts` are those of a line that was [`Answer::Read`].
    pub fn ask(&self, FormatId(id): FormatId, line: &Line<'_>, stamps: &mut Stamps, facts: &mut Facts) -> Answer {
        let at = usize::from(id);
        let Some(format) = FORMATS.get(at) else {
            let own = at.checked_sub(FORMATS.len()).and_then(|at| self.own().get(at));
            return own.map_or(Answer::NotMine, |own| read_own(own, line, stamps, facts));
        };
        if !(format.looks_like)(line) {
            return Answer::NotMine;
        }
        if (format.parse)(line, stamps, facts).is_some() { Answer::Read } else { Answer::Unreadable }
    }

    fn first(&self, line: &Line<'_>, stamps: &mut Stamps, facts: &mut Facts) -> (FormatId, Answer) {
        let (before, behind) = self.own().split_at_checked(self.before).unwrap_or_default();
        let mut own = |from: usize, some: &[Own], facts: &mut Facts| {
            (from..).zip(some).find_map(|(at, own)| (read_own(own, line, stamps, facts) == Answer::Read).then(|| id(FORMATS.len() + at))?)
        };
        // An event of ours may quote any line.
        if !before.is_empty()
            && !formats::is_event(line)
            && let Some(id) = own(0, before, facts)
        {
            return (id, Answer::Read);
        }
        if let Some((at, format)) = formats::dressed(line.dress).find(|(_, format)| (format.looks_like)(line)) {
            let read = (format.parse)(line, stamps, facts).is_some();
            return (id(at).unwrap_or_default(), if read { Answer::Read } else { Answer::Unreadable });
        }
        own(self.before, behind, facts).map_or((FormatId::default(), Answer::NotMine), |id| (id, Answer::Read))
    }
}

fn read_own(own: &Own, line: &Line<'_>, stamps: &mut Stamps, facts: &mut Facts) -> Answer {
    if own.read(line, stamps, facts).is_some() {
        return Answer::Read;
    }
    // It may have picked something before it saw that the line is another's.
    *facts = Facts::default();
    Answer::NotMine
}

fn id(at: usize) -> Option<FormatId> {
    u8::try_from(at).ok().map(FormatId)
}

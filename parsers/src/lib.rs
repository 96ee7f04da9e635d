//! Bytes of one log line in, facts of remote access out.
//!
//! Nothing here reads a clock, a file or a configuration, spawns, or keeps anything between two lines:
//! what a line says depends on the line alone (and, for traffic, on the [`Interest`] handed in).
//! The way of a line is *envelope* (syslog heads) → *format* (one of [`FORMATS`]) → *atoms*
//! (addresses, numbers, pairs). Each format picks what it needs in place, as ranges of the line
//! ([`Text`]); nobody builds a map of fields or allocates per line.

pub mod atoms;
pub mod envelope;
mod escape;
mod event;
mod facts;
pub mod formats;
mod interest;
pub mod stamp;
pub mod time;
mod wrapper;

pub use envelope::Head;
pub use escape::Escape;
pub use event::Event;
pub use facts::{About, Earlier, Facts, Kind, Text, Verdict};
pub use formats::{FORMATS, Format, FormatId};
pub use interest::{Glob, Interest};
pub use stamp::{Stamp, Stamps};
pub use time::Time;

/// What one line turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// A format recognised the line; the [`Facts`] handed in hold what it says.
    Parsed(FormatId),
    /// A format recognised the line, and neither its addresses nor its names concern a supplier:
    /// only stamp, kind and device of the [`Facts`] are set.
    NoConcern(FormatId),
    /// No format recognised the line, or the one that did could not read it.
    Unparsed,
    /// Nothing but white space.
    Blank,
}

/// A line on its way through envelope and format.
pub struct Line<'a> {
    /// The whole line without its line end.
    pub whole: &'a [u8],
    /// Its syslog heads, outermost to innermost, summed up.
    pub head: Head<'a>,
    /// What stands behind the heads.
    pub body: &'a [u8],
    /// What traffic is worth reading.
    pub interest: &'a Interest,
}

/// Reads one line (without its line end) into `facts`, which is cleared first.
///
/// `only` restricts recognition to one format (a source whose `format` is set); else the formats of
/// [`FORMATS`] are asked in the table's order, and the first that says yes reads the line. `stamps`
/// is a cache of the last stamps seen and never changes an answer.
pub fn read(line: &[u8], only: Option<FormatId>, interest: &Interest, stamps: &mut Stamps, facts: &mut Facts) -> Reading {
    *facts = Facts::default();
    let whole = atoms::trim(line);
    if whole.is_empty() {
        return Reading::Blank;
    }
    let (head, body) = envelope::read(whole);
    let line = Line { whole: line, head, body, interest };
    let reading = line.read(only, stamps, facts);
    // What a relay wrapped in JSON is another product's line, unless the wrapping itself tells of an access.
    let may_carry = match reading {
        Reading::Parsed(FormatId(id)) => {
            facts.kind == Kind::Other
                && facts.earlier.is_none()
                && FORMATS.get(usize::from(id)).is_some_and(|format| format.vendor.is_empty())
        }
        Reading::Unparsed => facts.earlier.is_none(),
        Reading::NoConcern(_) | Reading::Blank => false,
    };
    let Some(wrapped) = may_carry.then(|| wrapper::open(&line)).flatten() else { return reading };
    let mut inner = Facts::default();
    match wrapped.line.read(only, stamps, &mut inner) {
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

impl<'a> Line<'a> {
    /// The range of `part`, a slice of this line, with its value standing plainly.
    pub fn text(&self, part: &'a [u8]) -> Text {
        Text::within(self.whole, part, Escape::None)
    }

    /// The range of `part`, a slice of this line, whose value is written with `escape`.
    pub fn escaped(&self, part: &'a [u8], escape: Escape) -> Text {
        Text::within(self.whole, part, escape)
    }

    /// The range from the beginning of `first` to the end of `last`, both slices of this line.
    pub fn span(&self, first: &'a [u8], last: &'a [u8]) -> Text {
        let offset = |part: &[u8]| (part.as_ptr() as usize).wrapping_sub(self.whole.as_ptr() as usize);
        let end = offset(last).saturating_add(last.len());
        self.text(self.whole.get(offset(first)..end).unwrap_or_default())
    }

    /// Takes `login` apart into user and domain of the facts. The domain stays as it is where the login names none.
    pub fn login(&self, login: &'a [u8], escape: Escape, facts: &mut Facts) {
        let (user, domain) = atoms::split_login(login, escape);
        facts.user = self.escaped(user, escape);
        if !domain.is_empty() {
            facts.domain = self.escaped(domain, escape);
        }
    }

    /// Asks the formats, and fills `facts`, which are empty, from the one that says yes.
    fn read(&self, only: Option<FormatId>, stamps: &mut Stamps, facts: &mut Facts) -> Reading {
        let found = match only {
            Some(id) => FORMATS.get(usize::from(id.0)).filter(|format| (format.looks_like)(self)).map(|format| (id, format)),
            None => (0u8..).map(FormatId).zip(FORMATS).find(|(_, format)| (format.looks_like)(self)),
        };
        let Some((id, format)) = found else {
            self.head_facts(stamps, facts);
            return Reading::Unparsed;
        };
        let read = (format.parse)(self, stamps, facts);
        if read.is_none() {
            *facts = Facts::default();
        }
        self.head_facts(stamps, facts);
        if read.is_none() || facts.earlier.is_some_and(|earlier| earlier.unparsed) {
            Reading::Unparsed
        } else if facts.kind == Kind::Traffic && (facts.no_concern || !self.interest.traffic(facts, self.whole)) {
            Reading::NoConcern(id)
        } else {
            Reading::Parsed(id)
        }
    }

    /// Fills from the syslog heads what the body left open: stamp, device, repetition.
    fn head_facts(&self, stamps: &mut Stamps, facts: &mut Facts) {
        if facts.stamp == Stamp::None {
            facts.stamp = stamps.head(self.head.stamp);
        }
        if facts.device.is_empty() {
            facts.device = self.text(self.head.host);
        }
        facts.repeated = facts.repeated.or(self.head.repeated);
    }
}

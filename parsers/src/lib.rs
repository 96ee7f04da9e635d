//! Bytes of one log line in, facts of remote access out.
//!
//! Nothing here reads a clock, a file or a configuration, spawns, or keeps anything between two lines:
//! what a line says depends on the line alone (on the [`Formats`] that are known and, for traffic, on the [`Interest`]).
//! The way of a line is *envelope* (syslog heads) → *format* (one of [`FORMATS`], or a user's [`Own`]) → *atoms*
//! (addresses, numbers, pairs). Each format picks what it needs in place, as ranges of the line
//! ([`Text`]); nobody builds a map of fields or allocates per line.

pub mod atoms;
mod dress;
pub mod envelope;
mod escape;
mod event;
mod facts;
pub mod formats;
mod interest;
mod known;
pub mod own;
pub mod stamp;
pub mod time;
mod wrapper;

use std::cell::OnceCell;

use atoms::{Cef, Leef, Pair, Quoted};
pub use dress::Dress;
pub use envelope::Head;
pub use escape::Escape;
pub use event::Event;
pub use facts::{About, Earlier, Facts, HIDDEN, Kind, Text, Verdict};
pub use formats::{FORMATS, Format, FormatId};
pub use interest::{Glob, Interest};
pub use known::{Answer, Formats, Product};
pub use own::{Own, TimeFormat};
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
    /// How the body is written.
    pub dress: Dress,
    /// Its head, if it is CEF.
    pub cef: Option<Cef<'a>>,
    /// What stands in quotes in the body, once somebody has asked.
    quoted: OnceCell<Quoted>,
}

/// Reads one line (without its line end) into `facts`, which is cleared first, by the formats of the table:
/// [`Formats::read`] without any of a user's own.
pub fn read(line: &[u8], only: Option<FormatId>, interest: &Interest, stamps: &mut Stamps, facts: &mut Facts) -> Reading {
    Formats::default().read(line, only, interest, stamps, facts)
}

impl<'a> Line<'a> {
    /// Takes a line's heads off.
    #[inline]
    pub fn new(line: &'a [u8], interest: &'a Interest) -> Line<'a> {
        let (head, body) = envelope::read(atoms::trim(line));
        Line::within(line, head, body, interest)
    }

    /// A line of this head and body, which stand somewhere in `whole`.
    #[inline]
    pub(crate) fn within(whole: &'a [u8], head: Head<'a>, body: &'a [u8], interest: &'a Interest) -> Line<'a> {
        let dress = Dress::of(body);
        let cef = if dress == Dress::Cef { Cef::read(body) } else { None };
        Line { whole, head, body, interest, dress, cef, quoted: OnceCell::new() }
    }

    /// The head of the body, if it is LEEF.
    pub fn leef(&self) -> Option<Leef<'a>> {
        if self.dress == Dress::Leef { Leef::read(self.body) } else { None }
    }

    /// Whether `"word"` stands in the body, with its quotes. Inside a string of JSON it would not: there the quotes are escaped.
    pub fn quotes(&self, word: &[u8]) -> bool {
        self.quoted.get_or_init(|| Quoted::of(self.body)).may_hold(word) && stands_quoted(self.body, word)
    }

    /// Whether all of `words` do.
    pub fn quotes_all(&self, words: &[&[u8]]) -> bool {
        words.iter().all(|word| self.quotes(word))
    }

    /// Whether one of `words` does.
    pub fn quotes_any(&self, words: &[&[u8]]) -> bool {
        words.iter().any(|word| self.quotes(word))
    }

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

    /// The range of a pair's value.
    pub fn pair(&self, pair: Pair<'a>) -> Text {
        self.escaped(pair.value, pair.escape)
    }

    /// Takes `login` apart into user and domain of the facts. The domain stays as it is where the login names none.
    pub fn login(&self, login: &'a [u8], escape: Escape, facts: &mut Facts) {
        let (user, domain) = atoms::split_login(login, escape);
        facts.user = self.escaped(user, escape);
        if !domain.is_empty() {
            facts.domain = self.escaped(domain, escape);
        }
    }

    /// Fills from the syslog heads what the body left open: stamp, device, repetition.
    pub(crate) fn head_facts(&self, stamps: &mut Stamps, facts: &mut Facts) {
        if facts.stamp == Stamp::None {
            facts.stamp = stamps.head(self.head.stamp);
        }
        if facts.device.is_empty() {
            facts.device = self.text(self.head.host);
        }
        facts.repeated = facts.repeated.or(self.head.repeated);
    }
}

fn stands_quoted(text: &[u8], word: &[u8]) -> bool {
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| atoms::find(rest, word)).map(|at| from + at) {
        let before = at.checked_sub(1).and_then(|before| text.get(before));
        if before == Some(&b'"') && text.get(at + word.len()) == Some(&b'"') {
            return true;
        }
        from = at + 1;
    }
    false
}

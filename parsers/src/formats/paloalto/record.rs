//! The fields that matter, whatever the dress of the line.

use crate::atoms::{Column, cut, number, split_login};
use crate::stamp::{self, Civil};
use crate::{Escape, Facts, Line, Stamp, Stamps, Text, Time};

/// What a field is, in all dresses and log types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Type,
    Subtype,
    /// When the event was, often without zone.
    Generated,
    /// The same with decimals and zone.
    Precise,
    /// When the collector took it up.
    Arrived,
    Serial,
    Device,
    EventId,
    Status,
    User,
    /// The user's name apart from its domain.
    Name,
    Domain,
    Machine,
    Region,
    PublicIp,
    PublicIpv6,
    PrivateIp,
    PrivateIpv6,
    Source,
    SourcePort,
    Destination,
    DestinationPort,
    Session,
    Action,
    Sent,
    Received,
    Elapsed,
    Reason,
    Error,
    Description,
    Result,
    Mapper,
    MapperType,
    Factor,
    FactorType,
}

const FIELDS: usize = Field::FactorType as usize + 1;

/// The fields of one line, each as it came first.
pub(super) struct Record<'a> {
    values: [Column<'a>; FIELDS],
    /// Stamps without zone are of UTC: the cloud's log forwarding says so.
    pub(super) utc: bool,
}

impl Default for Record<'_> {
    fn default() -> Self {
        Record { values: [Column::default(); FIELDS], utc: false }
    }
}

impl<'a> Record<'a> {
    /// Takes a value up. An empty one, and one that says that there is none, is left out.
    pub(super) fn put(&mut self, field: Field, column: Column<'a>) {
        let Some(slot) = self.values.get_mut(field as usize) else { return };
        if matches!(column.value, b"" | b"n/a" | b"N/A" | b"n-a" | b"null" | b"unknown" | b"-") {
            return;
        }
        if slot.value.is_empty() {
            *slot = column;
        } else if matches!(field, Field::Source | Field::PublicIp) && slot.value != column.value {
            // A name that nobody escaped brought the one, and nobody can tell which: no address.
            slot.value = b"two";
        }
    }

    fn column(&self, field: Field) -> Column<'a> {
        self.values.get(field as usize).copied().unwrap_or_default()
    }

    /// A value as written; empty if there is none.
    pub(super) fn value(&self, field: Field) -> &'a [u8] {
        self.column(field).value
    }

    /// How it is written.
    pub(super) fn escape(&self, field: Field) -> Escape {
        self.column(field).escape
    }

    /// Its range.
    pub(super) fn text(&self, line: &Line<'a>, field: Field) -> Text {
        line.escaped(self.value(field), self.escape(field))
    }

    /// The first of two that there is.
    pub(super) fn either(&self, line: &Line<'a>, one: Field, other: Field) -> Text {
        self.text(line, if self.value(one).is_empty() { other } else { one })
    }

    /// The user, with the domain before or behind the name or in a field of its own.
    pub(super) fn login(&self, line: &Line<'a>, facts: &mut Facts) {
        let field = if self.value(Field::Name).is_empty() { Field::User } else { Field::Name };
        let login = self.value(field);
        // URL logs put the header `X-Forwarded-For` where no user is known.
        if login.starts_with(b"x-fwd-for:") {
            return;
        }
        facts.domain = self.text(line, Field::Domain);
        line.login(login, self.escape(field), facts);
        // `GHT\` of a login that nobody could name.
        if split_login(login, self.escape(field)).0.ends_with(b"\\") {
            facts.user = Text::default();
        }
    }

    /// When it was: the first of the stamps that has a zone, else the first at all.
    pub(super) fn stamp(&self, stamps: &mut Stamps) -> Stamp {
        let mut found = Stamp::None;
        for field in [Field::Generated, Field::Precise, Field::Arrived] {
            let stamp = match stamps.body(self.value(field), time) {
                Stamp::Local { seconds, nanos } if self.utc => Time::from_seconds(seconds, nanos).map_or(Stamp::None, Stamp::Exact),
                stamp => stamp,
            };
            if matches!(stamp, Stamp::Exact(_)) {
                return stamp;
            }
            if found == Stamp::None {
                found = stamp;
            }
        }
        found
    }
}

/// `2026/11/20 22:41:07`, `2026-11-20T22:41:07.123+01:00`, `Nov 20 2026 21:41:07`, `1795210867000000`
pub(super) fn time(text: &[u8]) -> Stamp {
    match text {
        [_, _, _, _, b'/', _, _, b'/', _, _, b' ', _, _, b':', _, _, b':', _, _] => slashed(text).unwrap_or_default(),
        _ if text.iter().all(u8::is_ascii_digit) => stamp::epoch(text),
        _ => stamp::any(text),
    }
}

fn slashed(text: &[u8]) -> Option<Stamp> {
    let part = |from: usize, length: usize| cut(text, from).1.get(..length);
    let two = |from| part(from, 2).and_then(number::<u8>);
    let civil = Civil {
        year: Some(number(part(0, 4)?)?),
        month: two(5)?,
        day: two(8)?,
        hour: two(11)?,
        minute: two(14)?,
        second: two(17)?,
        ..Civil::default()
    };
    Some(civil.stamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        assert_eq!(time(b"2026/11/20 22:41:07"), stamp::any(b"2026-11-20 22:41:07"));
        assert_eq!(time(b"1795210867000000"), stamp::any(b"2026-11-20T21:41:07Z"));
        assert_eq!(time(b"2026-11-20T22:41:07.000+01:00"), stamp::any(b"2026-11-20T21:41:07Z"));
        for text in ["2026/11/31 22:41:07", "2026/1x/20 22:41:07", "1970-01-01T00:00:00.000Z", ""] {
            assert_eq!(time(text.as_bytes()), Stamp::None, "{text}");
        }
    }
}

//! Which bytes of a line a fact came from, found by asking again: bytes belong to a fact if another value in their place makes it
//! another. So no format has to keep account of what it looked at, and those of a user's own are explained like the others.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use parsers::{Escape, Interest, Line, Stamps, Text};

use super::line::{Read, Reader};

/// Where one fact came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Origin(Vec<Range<usize>>);

impl Origin {
    /// How much of a line is looked at: asking again costs as many readings as there are bytes.
    pub(super) const LONGEST: usize = 4096;
    /// Ranges that are shown of one fact.
    const SHOWN: usize = 4;
}

/// `bytes 3-9, 14-20`, counted from 1, as `cut -b` does.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, range) in self.0.iter().take(Origin::SHOWN).enumerate() {
            write!(f, "{}{}-{}", if at == 0 { "bytes " } else { ", " }, range.start + 1, range.end)?;
        }
        if self.0.len() > Origin::SHOWN { f.write_str(" …") } else { Ok(()) }
    }
}

/// The origin of each field of a line.
pub(super) fn origins(line: &[u8], read: &Read, reader: &mut Reader<'_>) -> Vec<(String, Origin)> {
    let known = known(line, read);
    let mut origins: BTreeMap<&str, Vec<Range<usize>>> = BTreeMap::new();
    let mut changed = line.to_vec();
    for word in words(line.get(..Origin::LONGEST.min(line.len())).unwrap_or_default()) {
        let mut of_word: Vec<&str> = Vec::new();
        for at in word.clone() {
            let Some(&byte) = line.get(at) else { continue };
            for other in others(byte) {
                if let Some(place) = changed.get_mut(at) {
                    *place = other;
                }
                of_word.extend(differences(read, &reader.read(&changed)));
            }
            if let Some(place) = changed.get_mut(at) {
                *place = byte;
            }
        }
        of_word.sort_unstable();
        of_word.dedup();
        let text = line.get(word.clone()).map(String::from_utf8_lossy).unwrap_or_default();
        of_word.retain(|field| is_part_of(&text, field, read));
        for field in of_word {
            let ranges = origins.entry(field).or_default();
            // What stands between two words of one value (blanks, dots, a backslash) is part of it.
            match ranges.last_mut().filter(|last| {
                !line.get(last.end..word.start).is_some_and(|gap| gap.iter().any(u8::is_ascii_alphanumeric) || gap.len() > 3)
            }) {
                Some(last) => last.end = word.end,
                None => ranges.push(word.clone()),
            }
        }
    }
    origins.extend(known.into_iter().map(|(field, range)| (field, vec![range])));
    origins.into_iter().map(|(field, ranges)| (field.to_owned(), Origin(ranges))).collect()
}

/// The origins that need no question: texts are ranges of the line already, and so is a stamp that stands in the heads.
fn known(line: &[u8], read: &Read) -> Vec<(&'static str, Range<usize>)> {
    let facts = &read.facts;
    let interest = Interest::everything();
    let head = Line::new(line, &interest).head.stamp;
    let is_of_head = Stamps::default().head(head) == facts.stamp;
    let stamp = if is_of_head { Text::within(line, head, Escape::None) } else { Text::default() };
    let texts = [
        ("@timestamp", stamp),
        ("event.action", facts.action),
        ("event.reason", facts.reason),
        ("user.name", facts.user),
        ("user.domain", facts.domain),
        ("user.group.name", facts.group),
        ("user.target.name", facts.target_user),
        ("source.domain", facts.client),
        ("destination.domain", facts.target),
        ("observer.vendor", facts.vendor),
        ("observer.product", facts.product),
        ("observer.name", facts.device),
        ("nightporter.session", facts.session),
        ("nightporter.by", facts.by),
    ];
    texts.into_iter().filter(|(_, text)| !text.is_empty()).map(|(field, text)| (field, text.range())).collect()
}

/// Fields whose values are worked out, and not a part of the line.
const WORKED_OUT: &[&str] =
    &["@timestamp", "event.duration", "nightporter.event", "nightporter.mfa", "nightporter.from", "nightporter.until"];

/// Whether a word can be a part of a field's value. A word that only decides where the value is looked for cannot.
fn is_part_of(word: &str, field: &str, read: &Read) -> bool {
    let value = read.fields.iter().find(|(name, _)| name == field).map_or("", |(_, value)| value);
    WORKED_OUT.contains(&field) || word.bytes().any(|b| b.is_ascii_digit()) || value.to_lowercase().contains(&word.to_lowercase())
}

/// Runs of letters and digits.
fn words(line: &[u8]) -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> = Vec::new();
    for (at, _) in line.iter().enumerate().filter(|(_, byte)| byte.is_ascii_alphanumeric()) {
        match words.last_mut().filter(|last| last.end == at) {
            Some(last) => last.end = at + 1,
            None => words.push(at..at + 1),
        }
    }
    words
}

/// What else a byte could be without the line looking different: other digits, another letter.
fn others(byte: u8) -> impl Iterator<Item = u8> {
    let digit = byte.is_ascii_digit();
    // Two, since one may be out of range (an hour of 30) or a word that means the same.
    let [first, second] = match byte {
        b'0'..=b'9' => [b'0' + (byte - b'0' + 1) % 10, b'0' + (byte - b'0' + 9) % 10],
        b'a'..=b'z' => [b'a' + (byte - b'a' + 1) % 26, byte],
        _ => [b'A' + (byte - b'A' + 1) % 26, byte],
    };
    [Some(first), digit.then_some(second)].into_iter().flatten()
}

/// The fields that differ because of one byte.
///
/// A byte that makes other fields come or go is of the line's structure (a key, a delimiter), not of a value. What a line means and
/// when it was is told by structure as well.
fn differences<'a>(before: &'a Read, after: &Read) -> Vec<&'a str> {
    if after.by != before.by {
        return Vec::new();
    }
    let now = |name: &str| after.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value);
    let same_names = before.fields.len() == after.fields.len() && before.fields.iter().all(|(name, _)| now(name).is_some());
    let changed = before.fields.iter().filter(|(name, value)| now(name) != Some(value)).map(|(name, _)| name.as_str());
    changed.filter(|name| same_names || WORKED_OUT.contains(name)).collect()
}

//! How the lines of a user's format are written, and how facts are picked from them.

use memchr::memchr;
use regex::bytes::{Regex, RegexBuilder};

use super::{FactId, Picked};
use crate::atoms::{Column, Columns, Leaves, Pairs, trim};
use crate::{Escape, Line};

/// How lines are written.
#[derive(Clone, Debug)]
pub enum Shape {
    /// A regular expression that a line matches from its beginning to its end.
    Regex {
        /// The expression.
        regex: Regex,
        /// Its named groups, by number.
        captures: Vec<(usize, FactId)>,
    },
    /// `key=value key="value"`.
    Pairs(Vec<(Box<[u8]>, FactId)>),
    /// JSON: `user.name` is the key `name` within the key `user`.
    Json(Vec<(Box<[u8]>, FactId)>),
    /// CSV.
    Columns {
        /// What stands between two columns.
        separator: u8,
        /// Columns by number, from 0.
        columns: Vec<(usize, FactId)>,
    },
}

impl Shape {
    /// A regular expression and its named groups, each of which has to be a fact.
    ///
    /// Whatever part of a line somebody outside may choose, a name above all, could hold what an expression looks for in the
    /// middle of a line; so a line matches from end to end or not at all. The expression goes by bytes: lines need not be
    /// UTF-8, `.` is any byte, `\d`, `\s` and `\w` are those of ASCII.
    ///
    /// # Errors
    /// What is wrong with it, as `regex` says it, or the group that is no fact.
    pub fn regex(text: &str) -> Result<Shape, NoRegex> {
        let compile = |text: &str| RegexBuilder::new(text).unicode(false).build();
        let alone = compile(text).map_err(|error| NoRegex::Syntax(error.to_string()))?;
        let mut captures = Vec::new();
        for (number, name) in alone.capture_names().enumerate() {
            if let Some(name) = name {
                let fact = FactId::of(name).ok_or_else(|| NoRegex::Capture(name.into()))?;
                captures.push((number, fact));
            }
        }
        // On a line of its own, the end cannot drown in a comment of `(?x)`.
        let end = if text.contains("(?x") { "\n" } else { "" };
        let regex = compile(&format!(r"\A(?:{text}{end})\z")).map_err(|error| NoRegex::Syntax(error.to_string()))?;
        Ok(Shape::Regex { regex, captures })
    }

    /// Hands the parts of a line that are facts to `found`. `None`: the line is not written so.
    ///
    /// With `unmarked` nothing but its fields shows whose a line is: then it must hold two of them, and, if that is
    /// true, the one that says what happened.
    pub(super) fn pick<'a>(&self, line: &Line<'a>, unmarked: Option<bool>, found: &mut dyn FnMut(Picked<'a>)) -> Option<()> {
        match self {
            Shape::Regex { regex, captures } => matched(line, regex, captures, found),
            Shape::Columns { separator, columns } => rows(line).find_map(|row| column(row, *separator, columns, found)),
            Shape::Pairs(keys) => {
                let pairs = || Pairs::new(line.body).map(|pair| (pair.key, pair.value, pair.escape));
                fields(keys, unmarked, pairs, |key, found| key == *found, found)
            }
            Shape::Json(paths) => {
                let text = memchr(b'{', line.body).and_then(|at| line.body.get(at..))?;
                let leaves = || Leaves::new(text).map(|leaf| (leaf, leaf.value, leaf.escape));
                fields(paths, unmarked, leaves, |path, leaf| is_path(leaf.path(), path), found)
            }
        }
    }

    /// How many facts it can give.
    pub fn facts(&self) -> Vec<FactId> {
        match self {
            Shape::Regex { captures, .. } => captures.iter().map(|&(_, fact)| fact).collect(),
            Shape::Pairs(keys) | Shape::Json(keys) => keys.iter().map(|&(_, fact)| fact).collect(),
            Shape::Columns { columns, .. } => columns.iter().map(|&(_, fact)| fact).collect(),
        }
    }
}

/// Why a text is no expression for lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoRegex {
    /// It is no regular expression.
    Syntax(String),
    /// A named group is no fact.
    Capture(String),
}

/// What an expression may mean by "the line": all of it, or what is left without the heads that collectors put in front: from
/// the innermost stamp on, from behind it, or the message alone.
fn texts<'a>(line: &Line<'a>) -> impl Iterator<Item = &'a [u8]> {
    let whole = trim(line.whole);
    let from = move |part: &'a [u8]| {
        let at = (part.as_ptr() as usize).checked_sub(whole.as_ptr() as usize)?;
        whole.get(at..).filter(|_| !part.is_empty())
    };
    let mut last = usize::MAX;
    let texts = [Some(whole), from(line.head.stamp), from(line.head.after_stamp), from(line.body)];
    texts.into_iter().flatten().filter(move |text| std::mem::replace(&mut last, text.len()) != text.len())
}

fn matched<'a>(line: &Line<'a>, regex: &Regex, captures: &[(usize, FactId)], found: &mut dyn FnMut(Picked<'a>)) -> Option<()> {
    // Most lines are another product's: that is found out without room for captures.
    let text = texts(line).find(|text| regex.is_match(text))?;
    let mut places = regex.capture_locations();
    regex.captures_read(&mut places, text)?;
    for &(number, fact) in captures {
        if let Some(written) = places.get(number).and_then(|(start, end)| text.get(start..end)) {
            found(Picked { fact, written, escape: Escape::None });
        }
    }
    Some(())
}

/// What may be a row: the message, or the whole line where its first column was taken for a head.
fn rows<'a>(line: &Line<'a>) -> impl Iterator<Item = &'a [u8]> {
    [line.body, trim(line.whole)].into_iter()
}

fn column<'a>(row: &'a [u8], separator: u8, columns: &[(usize, FactId)], found: &mut dyn FnMut(Picked<'a>)) -> Option<()> {
    let needed = columns.iter().map(|&(at, _)| at).max()?;
    Columns::new(row, separator).nth(needed)?;
    for (at, Column { value, escape }) in Columns::new(row, separator).enumerate().take(needed + 1) {
        for &(_, fact) in columns.iter().filter(|(wanted, _)| *wanted == at) {
            found(Picked { fact, written: value, escape });
        }
    }
    Some(())
}

/// Picks from fields that have names: the first of two equal ones stands, a value that imitates another field changes nothing.
fn fields<'a, F, I: Iterator<Item = (F, &'a [u8], Escape)>>(
    wanted: &[(Box<[u8]>, FactId)],
    unmarked: Option<bool>,
    fields: impl Fn() -> I,
    is: impl Fn(&[u8], &F) -> bool,
    found: &mut dyn FnMut(Picked<'a>),
) -> Option<()> {
    let fact_of = |field: &F| wanted.iter().find(|(name, _)| is(name, field)).map(|&(_, fact)| fact);
    if let Some(by_result) = unmarked {
        let held = fields().filter_map(|(field, ..)| fact_of(&field)).fold(0, |held, fact| held | fact.bit());
        let enough = u32::try_from(wanted.len().min(2)).unwrap_or(2);
        if held.count_ones() < enough || (by_result && held & FactId::RESULT.bit() == 0) {
            return None;
        }
    }
    let mut seen = 0;
    for (field, written, escape) in fields() {
        if let Some(fact) = fact_of(&field)
            && seen & fact.bit() == 0
        {
            seen |= fact.bit();
            found(Picked { fact, written, escape });
        }
    }
    Some(())
}

/// Whether the keys of a path, with dots between them, are `wanted`; a key may hold dots of its own.
fn is_path(keys: &[&[u8]], wanted: &[u8]) -> bool {
    let mut rest = wanted;
    for (at, key) in keys.iter().enumerate() {
        let behind = if at == 0 { Some(rest) } else { rest.strip_prefix(b".") };
        let Some(behind) = behind.and_then(|rest| rest.strip_prefix(*key)) else { return false };
        rest = behind;
    }
    rest.is_empty() && !keys.is_empty()
}

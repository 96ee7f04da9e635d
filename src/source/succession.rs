//! Where the stream goes on: which files hold what was not read yet, oldest to newest.
//!
//! One procedure for every way in which a log is rotated, also several times between two looks, and while we were down.
//! The file that holds our position is the *anchor*: the one that we hold open, or the one that the file system calls
//! by the same number and that bears our mark, or another that bears it (a copy by `copytruncate`, a compressed one,
//! a file written anew with the old content first). What was rotated after the anchor is unread, and then the live file.

use std::io;

use super::content::Stat;
use super::family::{Family, Member};
use super::reading::Reading;
use crate::batch::Position;

/// How a stream goes on.
pub(super) struct Succession {
    /// In place of the file held so far; `None` where that one is kept, or lost.
    pub(super) anchor: Option<Reading>,
    /// Whether nothing holds our position any more: bytes after it may be lost.
    pub(super) lost: bool,
    /// What comes after it, oldest to newest; the live file is the last.
    pub(super) newer: Vec<Reading>,
}

/// The file that holds a position, by its number or else by its content. Where nothing was consumed there is nothing to
/// know it by.
pub(super) fn locate(family: &Family, position: &Position) -> io::Result<Option<(Reading, Member)>> {
    if position.offset == 0 {
        return Ok(None);
    }
    let everything = || family.live.iter().chain(family.rotated.iter().rev()).chain(&family.strays);
    for member in everything().filter(|member| member.stat.identity == position.identity) {
        if let Some(reading) = Reading::open(member)?.and_then(|reading| reading.behind(position)) {
            return Ok(Some((reading, member.clone())));
        }
    }
    // Packed ones last: to look into one means to unpack it.
    for packed in [false, true] {
        for member in family.live.iter().chain(family.rotated.iter().rev()) {
            let Some(reading) = Reading::open(member)?.filter(|reading| reading.is_packed() == packed) else { continue };
            if let Some(reading) = reading.behind(position) {
                return Ok(Some((reading, member.clone())));
            }
        }
    }
    Ok(None)
}

/// How the stream goes on after `held`, the file open so far (`intact`: it still holds what was consumed of it), or
/// after a position from before a restart. `None` where files were renamed meanwhile: ask again.
///
/// `is_known` tells files that wait already or were read to their end, and copies of such, by their first bytes.
pub(super) fn after(
    family: &Family,
    position: &Position,
    mut held: Option<&mut Reading>,
    intact: bool,
    mut is_known: impl FnMut(&Stat, &[u8]) -> io::Result<bool>,
) -> io::Result<Option<Succession>> {
    let found = match &held {
        Some(reading) if intact => taken_over(family, reading, position)?,
        _ => locate(family, position)?,
    };
    let lost = found.is_none() && !intact;
    let anchor = if lost { None } else { Some(found.as_ref().map_or(position.identity, |(_, member)| member.stat.identity)) };
    let mut replacement = found.map(|(reading, _)| reading);
    let is_anchor = |member: &Member| Some(member.stat.identity) == anchor;
    if family.live.as_ref().is_some_and(is_anchor) {
        return Ok(Some(Succession { anchor: replacement, lost, newer: Vec::new() }));
    }
    let mut live = None;
    if let Some(member) = &family.live {
        let Some(reading) = Reading::open(member)? else { return Ok(None) };
        live = Some(reading);
    }
    let place = family.rotated.iter().position(is_anchor);
    let since = held.as_ref().map_or(position.modified, |held| held.seen().modified);
    let mut newer = Vec::new();
    for (at, member) in family.rotated.iter().enumerate() {
        let later = place.map_or(member.stat.modified >= since, |place| at > place);
        if !later {
            continue;
        }
        let Some(mut reading) = Reading::open(member)? else { return Ok(None) };
        let first = reading.first()?;
        let copied = match replacement.as_mut() {
            Some(anchor) => anchor.is_copied_by(&first, false)?,
            None => match held.as_mut().filter(|held| held.identity != reading.identity) {
                Some(held) => held.is_copied_by(&first, !intact && position.offset > 0)?,
                None => false,
            },
        };
        // A copy of the live file is the first half of a `copytruncate`; once that is done, it will be looked for.
        if copied || is_known(&member.stat, &first)? || live.as_mut().map_or(Ok(false), |live| live.is_copied_by(&first, false))? {
            continue;
        }
        if reading.is_packed() {
            // What was looked at is unpacked and gone.
            let Some(again) = Reading::open(member)? else { return Ok(None) };
            reading = again;
        }
        newer.push(reading);
    }
    newer.extend(live);
    Ok(Some(Succession { anchor: replacement, lost, newer }))
}

/// Where the file held was deleted: the live file, if it begins with all that was consumed (a copy moved over it).
fn taken_over(family: &Family, last: &Reading, position: &Position) -> io::Result<Option<(Reading, Member)>> {
    let Some(live) = family.live.as_ref().filter(|_| position.offset > 0) else { return Ok(None) };
    if last.stat()?.links > 0 || live.stat.identity == last.identity {
        return Ok(None);
    }
    let reading = Reading::open(live)?.and_then(|reading| reading.behind(position));
    Ok(reading.map(|reading| (reading, live.clone())))
}

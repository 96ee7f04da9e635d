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

/// Files opened at once; after them it is asked again. Hundreds of missed rotations must not use up the descriptors.
const AT_ONCE: usize = 64;

/// How a stream goes on.
pub(super) struct Succession {
    /// In place of the file held so far; `None` where that one is kept, or lost.
    pub(super) anchor: Option<Reading>,
    /// Whether nothing holds our position any more: bytes after it may be lost.
    pub(super) lost: bool,
    /// What comes after it, oldest to newest; the live file is the last.
    pub(super) newer: Vec<Reading>,
    /// Rotated files that should come after it and cannot be read.
    pub(super) unreadable: Vec<Member>,
    /// Where the file held stands among those, if nothing of it was consumed: then it is no anchor, but unread too.
    pub(super) place: usize,
}

/// The file that holds a position, by its number or else by its content. Where nothing was consumed there is nothing to
/// know it by.
pub(super) fn locate(family: &Family, position: &Position) -> io::Result<Option<(Reading, Member)>> {
    if position.offset == 0 {
        return Ok(None);
    }
    let everything = || family.live.iter().chain(family.rotated.iter().rev()).chain(&family.strays);
    let open = |member: &Member| match Reading::open(member) {
        Err(error) if is_lasting(&error) => Ok(None),
        other => other,
    };
    for member in everything().filter(|member| member.stat.identity == position.identity) {
        if let Some(reading) = open(member)?.and_then(|reading| reading.behind(position)) {
            return Ok(Some((reading, member.clone())));
        }
    }
    // Packed ones last: to look into one means to unpack it.
    for packed in [false, true] {
        for member in family.live.iter().chain(family.rotated.iter().rev()) {
            let Some(reading) = open(member)?.filter(|reading| reading.is_packed() == packed) else { continue };
            if let Some(reading) = reading.behind(position) {
                return Ok(Some((reading, member.clone())));
            }
        }
    }
    Ok(None)
}

/// Whether a file cannot be read for a reason that does not pass by itself: what cannot be unpacked, what others own.
fn is_lasting(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, PermissionDenied, UnexpectedEof};
    matches!(error.kind(), InvalidData | InvalidInput | PermissionDenied | UnexpectedEof)
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
        return Ok(Some(Succession { anchor: replacement, lost, newer: Vec::new(), unreadable: Vec::new(), place: 0 }));
    }
    let mut live = None;
    if let Some(member) = &family.live {
        let Some(reading) = Reading::open(member)? else { return Ok(None) };
        live = Some(reading);
    }
    let place = family.rotated.iter().position(is_anchor);
    let since = held.as_ref().map_or(position.modified, |held| held.seen().modified);
    let fresh = position.offset == 0;
    let (mut newer, mut unreadable, mut held_at) = (Vec::new(), Vec::new(), None);
    for (at, member) in family.rotated.iter().enumerate() {
        let later = place.map_or(member.stat.modified >= since, |place| at > place);
        if !later {
            continue;
        }
        let opened = Reading::open(member).and_then(|reading| reading.map(|mut reading| Ok((reading.first()?, reading))).transpose());
        let (first, mut reading) = match opened {
            Err(error) if is_lasting(&error) => {
                if !is_known(&member.stat, &[])? {
                    unreadable.push(member.clone());
                }
                continue;
            }
            other => match other? {
                Some(opened) => opened,
                None => return Ok(None),
            },
        };
        let copied = match (replacement.as_mut(), held.as_mut()) {
            (Some(anchor), _) => anchor.is_copied_by(&first, false)?,
            (None, Some(held)) if held.identity == reading.identity => fresh,
            (None, Some(held)) => held.is_copied_by(&first, !intact && !fresh)?,
            (None, None) => false,
        };
        if copied {
            held_at = Some(newer.len());
            continue;
        }
        // A copy of the live file is the first half of a `copytruncate`; once that is done, it will be looked for.
        if is_known(&member.stat, &first)? || live.as_mut().map_or(Ok(false), |live| live.is_copied_by(&first, false))? {
            continue;
        }
        if reading.is_packed() {
            // What was looked at is unpacked and gone.
            let Some(again) = Reading::open(member)? else { return Ok(None) };
            reading = again;
        }
        newer.push(reading);
        if newer.len() == AT_ONCE && !(fresh && held.is_some()) {
            return Ok(Some(Succession { anchor: replacement, lost, newer, unreadable, place: 0 }));
        }
    }
    let place = match &held {
        Some(held) if live.as_ref().is_some_and(|live| live.identity == held.identity) && fresh => {
            live = None;
            newer.len()
        }
        Some(held) => {
            let modified = held.stat()?.modified;
            held_at.unwrap_or_else(|| newer.iter().take_while(|reading| reading.seen().modified < modified).count())
        }
        None => 0,
    };
    newer.extend(live);
    Ok(Some(Succession { anchor: replacement, lost, newer, unreadable, place }))
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

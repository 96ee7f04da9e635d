//! Bytes of a logged batch again, wherever their file is now: under its name, renamed, copied or compressed.

use std::io;

use super::content::Content;
use super::family::{Family, Member};
use crate::batch::{FileIdentity, Mark, Position};

/// Why bytes could not be read again.
#[derive(Debug)]
pub enum Missing {
    /// No file holds them any more.
    Gone,
    /// A folder or file cannot be read.
    Unreadable(io::Error),
}

/// A range of a file, as a batch log names it.
#[derive(Clone, Copy, Debug)]
pub struct Range {
    /// Offset of its first byte.
    pub offset: u64,
    /// Bytes that the batch kept: the first of those consumed.
    pub length: usize,
    /// Bytes consumed.
    pub consumed: u64,
    /// The mark at its end.
    pub mark: Mark,
}

/// Reads batches again; quick where they follow each other in one file.
#[derive(Default)]
pub struct Rereader {
    open: Option<(FileIdentity, Content)>,
}

impl Rereader {
    /// The bytes of a range of the file that `position` names (by path and identity; its offset does not matter).
    ///
    /// # Errors
    /// See [`Missing`].
    pub fn read(&mut self, position: &Position, range: Range) -> Result<Vec<u8>, Missing> {
        if let Some((_, content)) = self.open.as_mut().filter(|(identity, _)| *identity == position.identity)
            && let Ok(Some(bytes)) = take(content, range)
        {
            return Ok(bytes);
        }
        self.search(position, range).map_err(Missing::Unreadable)?.ok_or(Missing::Gone)
    }

    fn search(&mut self, position: &Position, range: Range) -> io::Result<Option<Vec<u8>>> {
        /// Renames while it looks are rare; a folder in which they never end is given up.
        const TRIES: usize = 100;
        for _ in 0..TRIES {
            let Some(family) = Family::of(&position.path, Some(position.identity.inode))? else { continue };
            let named = |member: &&Member| member.stat.identity == position.identity;
            let all = || family.live.iter().chain(family.rotated.iter().rev());
            let by_name = all().chain(&family.strays).filter(named).map(|member| (member, None));
            let by_content = [false, true].into_iter().flat_map(|packed| all().map(move |member| (member, Some(packed))));
            for (member, packed) in by_name.chain(by_content) {
                let Ok((mut content, _)) = Content::open(&member.path) else { continue };
                if packed.is_some_and(|packed| packed != content.is_packed()) {
                    continue;
                }
                if let Ok(Some(bytes)) = take(&mut content, range) {
                    self.open = Some((position.identity, content));
                    return Ok(Some(bytes));
                }
            }
            return Ok(None);
        }
        Err(io::ErrorKind::ResourceBusy.into())
    }
}

/// The bytes of the range, if the file bears its mark. In wire order, since a packed file is only read forward.
fn take(content: &mut Content, range: Range) -> io::Result<Option<Vec<u8>>> {
    if content.is_packed() && content.trail(range.offset)?.is_none() {
        return Ok(None);
    }
    let bytes = content.read_all(range.offset, range.length)?;
    let trail = content.trail(range.offset.saturating_add(range.consumed))?;
    Ok((bytes.len() == range.length && trail.is_some_and(|trail| trail.mark() == range.mark)).then_some(bytes))
}

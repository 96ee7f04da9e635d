//! A log file and the files that rotation left beside it, oldest to newest.
//!
//! Names: `fw.log.1`, `fw.log.2026-11-20`, `fw.log-20261120`, `fw-20261120.log`, `fw.log.old`, each perhaps compressed
//! (logrotate's `start`, `dateext`, `dateformat`, `extension`, `compress`; log4j's and Python's patterns).

use std::cmp::Reverse;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirEntryExt;
use std::path::{Path, PathBuf};

use super::content::Stat;

/// A file of a family.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) path: PathBuf,
    pub(super) stat: Stat,
}

/// A log file and what rotation left of those before it.
#[derive(Debug, Default)]
pub(super) struct Family {
    /// What stands at the path now.
    pub(super) live: Option<Member>,
    /// What stood there before, oldest to newest.
    pub(super) rotated: Vec<Member>,
    /// Others in the folder with the inode number asked for.
    pub(super) strays: Vec<Member>,
}

impl Family {
    /// The family of a path, and files of whatever name with the number `inode`. `None` where files were renamed while
    /// it looked: a file on its way from a name not yet seen to one already seen would be missed.
    pub(super) fn of(path: &Path, inode: Option<u64>) -> io::Result<Option<Family>> {
        let mut family = Family { live: member(path)?, ..Family::default() };
        family.gather(path, inode)?;
        let mut still = family.still(path, inode)?;
        // Behind a symbolic link, rotation may happen where it points to.
        if fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink())
            && let Ok(target) = fs::canonicalize(path)
        {
            family.gather(&target, inode)?;
            still &= family.still(&target, inode)?;
        }
        let live = member(path)?;
        still &= live.as_ref().map(|live| live.stat.identity) == family.live.as_ref().map(|live| live.stat.identity);
        family.settle();
        Ok(still.then_some(family))
    }

    fn gather(&mut self, path: &Path, inode: Option<u64>) -> io::Result<()> {
        for (name, number) in entries(path, inode)? {
            let Some(found) = member(&name)? else { continue };
            if self.live.as_ref().is_some_and(|live| live.stat.identity == found.stat.identity) {
                continue;
            }
            if base_of(&name).is_some_and(|base| base == path) {
                self.rotated.push(found);
            } else if Some(number) == inode {
                self.strays.push(found);
            }
        }
        Ok(())
    }

    /// Whether the names still stand for the files that were found under them.
    fn still(&self, path: &Path, inode: Option<u64>) -> io::Result<bool> {
        let folder = path.parent();
        let mut found = self.rotated.iter().chain(&self.strays).filter(|member| member.path.parent() == folder);
        let now = entries(path, inode)?;
        let live = self.live.as_ref().map(|live| live.stat.identity);
        let mut unseen = 0;
        for (name, _) in &now {
            if let Some(member) = member(name)?
                && Some(member.stat.identity) != live
                && !found.clone().any(|seen| seen.path == *name && seen.stat.identity == member.stat.identity)
            {
                unseen += 1;
            }
        }
        Ok(unseen == 0 && found.all(|seen| now.iter().any(|(name, _)| *name == seen.path)))
    }

    /// Puts the rotated files in order. Their last writes decide; within a tick of the clock the numbers in their names
    /// do, counting as the other files show that they count (logrotate's greatest is the oldest).
    fn settle(&mut self) {
        let mut numbered: Vec<(i64, u64)> =
            self.rotated.iter().filter_map(|member| Some((member.stat.modified, number_of(&member.path)?))).collect();
        numbered.sort_unstable();
        let rising = match (numbered.first(), numbered.last()) {
            (Some(old), Some(new)) => old.0 < new.0 && old.1 < new.1,
            _ => false,
        };
        self.rotated.sort_by_cached_key(|member| {
            let number = number_of(&member.path);
            let (rise, fall) = if rising { (number, None) } else { (None, number.map(Reverse)) };
            (member.stat.modified, rise, fall, member.path.clone())
        });
        self.rotated.dedup_by_key(|member| member.stat.identity);
    }
}

/// A log file with what rotation left of those before it, oldest to newest; nothing where nothing can be listed.
pub fn files_of(path: &Path) -> Vec<PathBuf> {
    // Files that are renamed meanwhile are looked for a few times, and left alone then: nobody waits here for their end.
    let family = (0..3).find_map(|_| Family::of(path, None).ok().flatten());
    let Some(Family { live, rotated, .. }) = family else {
        return member(path).ok().flatten().map(|member| member.path).into_iter().collect();
    };
    rotated.into_iter().chain(live).map(|member| member.path).collect()
}

/// The regular file at a path, if there is one.
pub(super) fn member(path: &Path) -> io::Result<Option<Member>> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Stat::of(&metadata).ok().map(|stat| Member { path: path.to_owned(), stat })),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The rotated files of `path` and those numbered `inode`, with their numbers.
fn entries(path: &Path, inode: Option<u64>) -> io::Result<Vec<(PathBuf, u64)>> {
    let folder = folder_of(path);
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = path.with_file_name(entry.file_name());
        if name != path && (base_of(&name).is_some_and(|base| base == path) || Some(entry.ino()) == inode) {
            found.push((name, entry.ino()));
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// The folder that holds a path.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The path whose rotation leaves files of this name, if it looks like one.
pub(super) fn base_of(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.as_bytes();
    let name = [b".gz".as_slice(), b".zst", b".xz", b".bz2"].iter().find_map(|packed| name.strip_suffix(*packed)).unwrap_or(name);
    let base = match after_last_dot(name) {
        Some((base, b"old" | b"bak")) => base.to_vec(),
        Some((base, tail)) if tail.first().is_some_and(u8::is_ascii_digit) && tail.iter().all(|&b| is_stamp(b)) => base.to_vec(),
        Some((stem, extension)) if dated(name).is_none() => [dated(stem)?, b".", extension].concat(),
        _ => dated(name)?.to_vec(),
    };
    (!base.is_empty()).then(|| path.with_file_name(std::ffi::OsStr::from_bytes(&base)))
}

fn after_last_dot(name: &[u8]) -> Option<(&[u8], &[u8])> {
    let dot = memchr::memrchr(b'.', name)?;
    Some((name.get(..dot)?, name.get(dot + 1..)?))
}

fn is_stamp(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b':' | b'T')
}

/// What stands before a date at the end of a name: `-20261120`, `_2026-11-20`, `.20261120`. Fewer digits are somebody's
/// numbering of devices, not a date.
fn dated(name: &[u8]) -> Option<&[u8]> {
    let run = name.iter().rev().take_while(|&&b| is_stamp(b)).count();
    let (before, stamp) = name.split_at(name.len() - run);
    let digits = stamp.iter().filter(|b| b.is_ascii_digit()).count();
    if digits < 6 || before.is_empty() {
        return None;
    }
    let start = stamp.iter().position(u8::is_ascii_digit)?;
    match start.checked_sub(1) {
        Some(separator) if matches!(stamp.get(separator), Some(b'-' | b'_')) => name.get(..before.len() + separator),
        None => before.strip_suffix(b"."),
        _ => None,
    }
}

/// The number of `fw.log.12` or `fw.log.12.gz`; dates are no such numbers.
fn number_of(path: &Path) -> Option<u64> {
    let name = path.file_name()?.to_str()?;
    let name = [".gz", ".zst", ".xz", ".bz2"].iter().find_map(|packed| name.strip_suffix(packed)).unwrap_or(name);
    name.rsplit_once('.')?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_rotated_files_lead_to_their_log() {
        let cases = [
            ("fw.log.1", Some("fw.log")),
            ("fw.log.12.gz", Some("fw.log")),
            ("fw.log.2026-11-20", Some("fw.log")),
            ("fw.log.2026-11-20T10:00.zst", Some("fw.log")),
            ("fw.log-20261120", Some("fw.log")),
            ("fw.log-20261120-1763596800.gz", Some("fw.log")),
            ("fw-20261120.log", Some("fw.log")),
            ("fw_2026-11-20.log.gz", Some("fw.log")),
            ("fw.20261120.log", Some("fw.log")),
            ("messages.1", Some("messages")),
            ("messages-20261120", Some("messages")),
            ("fw.log.old", Some("fw.log")),
            ("fw.log", None),
            ("fw.log.gz", None),
            ("gate-2", None),
            ("gate-2.log", None),
            ("fw-other.log", None),
            ("20261120.log", None),
            ("-20261120", None),
            (".1", None),
        ];
        for (name, base) in cases {
            let found = base_of(&Path::new("/var/log").join(name));
            assert_eq!(found, base.map(|base| Path::new("/var/log").join(base)), "{name}");
        }
    }

    #[test]
    fn files_of_one_tick_go_by_their_numbers_in_the_direction_that_the_others_show() {
        let member = |name: &str, modified| {
            let mut stat = Stat::of(&fs::metadata("Cargo.toml").unwrap()).unwrap();
            stat.modified = modified;
            stat.identity.inode = name.bytes().fold(0, |sum, b| sum * 31 + u64::from(b));
            Member { path: PathBuf::from(name), stat }
        };
        let names = |rotated: Vec<Member>| {
            let mut family = Family { rotated, ..Family::default() };
            family.settle();
            family.rotated.iter().map(|member| member.path.to_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(names(vec![member("f.1", 5), member("f.10", 5), member("f.2", 5)]), ["f.10", "f.2", "f.1"]);
        assert_eq!(names(vec![member("f.1", 4), member("f.10", 5), member("f.9", 5)]), ["f.1", "f.9", "f.10"]);
        assert_eq!(names(vec![member("f.3", 4), member("f.1", 5), member("f.2", 5)]), ["f.3", "f.2", "f.1"]);
    }
}

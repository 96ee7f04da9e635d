//! The state as one file: written aside, synced, renamed into place, two generations.
//!
//! Layout: magic `NPSTATE\0`, version u32, payload length u64, CRC-32 u32 of the twelve bytes before and of the payload,
//! payload; numbers little-endian. The layout of this head never changes, so a newer version is told from damage: its
//! checksum is right.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::fault::Fault;

use super::{numbered, private, remove, sync_folder};

const MAGIC: [u8; 8] = *b"NPSTATE\0";
/// Version of the payload that this program writes and reads.
pub const VERSION: u32 = 1;
const HEAD: usize = 24;
/// The newest first.
const GENERATIONS: [&str; 2] = ["snapshot", "snapshot.previous"];

/// What was found at start.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// The newest payload that is whole; `None` at a first start.
    pub payload: Option<Vec<u8>>,
    /// What was damaged and put aside, one sentence each.
    pub damaged: Vec<String>,
}

/// Writes a new generation. What was the newest becomes the previous one.
///
/// # Errors
/// Nothing was replaced, or at worst the previous generation is the only one left: calling again writes everything anew.
pub fn save(folder: &Path, payload: &[u8]) -> Result<(), Fault> {
    let (current, previous, aside) = (folder.join("snapshot"), folder.join("snapshot.previous"), folder.join("snapshot.tmp"));
    // A new file each time: on one whose fsync failed, a second fsync may succeed although pages are lost.
    remove(&aside)?;
    let mut file = private().write(true).create_new(true).open(&aside).map_err(Fault::at("create", &aside))?;
    file.write_all(&head(VERSION, payload)).and_then(|()| file.write_all(payload)).map_err(Fault::at("write", &aside))?;
    file.sync_all().map_err(Fault::at("sync", &aside))?;
    drop(file);
    match fs::rename(&current, &previous) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(Fault::new("rename", &current, error)),
        _ => {}
    }
    fs::rename(&aside, &current).map_err(Fault::at("rename", &aside))?;
    sync_folder(folder)
}

/// Reads the newest generation that is whole. A damaged one is renamed to `*.corrupt-<n>` and the one before is taken.
///
/// # Errors
/// A file cannot be read, or was written by a newer nightporter ([`io::ErrorKind::Unsupported`]): its state is not
/// guessed at.
pub fn load(folder: &Path) -> Result<Loaded, Fault> {
    let mut loaded = Loaded::default();
    for name in GENERATIONS {
        let path = folder.join(name);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(Fault::new("read", &path, error)),
        };
        match check(&bytes) {
            Ok(VERSION) => {
                loaded.payload = bytes.get(HEAD..).map(<[u8]>::to_vec);
                break;
            }
            Ok(version) => return Err(newer(version, &path)),
            Err(damage) => {
                let aside = put_aside(folder, name, &path)?;
                loaded.damaged.push(format!("{}: {damage}; kept as {}", path.display(), aside.display()));
            }
        }
    }
    Ok(loaded)
}

/// Reads the newest generation that is whole and changes nothing: a watch may be writing the next.
///
/// # Errors
/// As [`load`].
pub fn peek(folder: &Path) -> Result<Option<Vec<u8>>, Fault> {
    for path in GENERATIONS.map(|name| folder.join(name)) {
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(Fault::new("read", &path, error)),
        };
        match check(&bytes) {
            Ok(VERSION) => return Ok(bytes.get(HEAD..).map(<[u8]>::to_vec)),
            Ok(version) => return Err(newer(version, &path)),
            Err(_) => {}
        }
    }
    Ok(None)
}

fn newer(version: u32, path: &Path) -> Fault {
    let why = format!("it has format {version}, this nightporter reads format {VERSION}: use the version that wrote it");
    Fault::new("read", path, io::Error::new(io::ErrorKind::Unsupported, why))
}

fn head(version: u32, payload: &[u8]) -> Vec<u8> {
    let mut head = MAGIC.to_vec();
    head.extend(version.to_le_bytes());
    head.extend((payload.len() as u64).to_le_bytes());
    let mut sum = crc32fast::Hasher::new();
    sum.update(head.get(MAGIC.len()..).unwrap_or_default());
    sum.update(payload);
    head.extend(sum.finalize().to_le_bytes());
    head
}

/// The version of a whole snapshot, or what is wrong with it.
fn check(bytes: &[u8]) -> Result<u32, &'static str> {
    let (Some(found), Some(payload)) = (bytes.get(..HEAD), bytes.get(HEAD..)) else {
        return Err("shorter than its head");
    };
    let version = match found.strip_prefix(&MAGIC).and_then(<[u8]>::first_chunk) {
        Some(version) => u32::from_le_bytes(*version),
        None => return Err("not a snapshot"),
    };
    // Length and checksum are right if and only if the head is the one that we would write.
    if found == head(version, payload) { Ok(version) } else { Err("length or checksum is wrong") }
}

fn put_aside(folder: &Path, name: &str, path: &Path) -> Result<PathBuf, Fault> {
    let taken = numbered(folder, &format!("{name}.corrupt-"), "")?;
    let number = taken.last().map_or(1, |(last, _)| last.saturating_add(1));
    let aside = folder.join(format!("{name}.corrupt-{number}"));
    fs::rename(path, &aside).map_err(Fault::at("rename", path))?;
    Ok(aside)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn two_generations() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        save(folder.path(), b"first generation").unwrap();
        save(folder.path(), b"second generation").unwrap();
        folder
    }

    #[test]
    fn the_newest_generation_is_loaded() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(load(folder.path()).unwrap(), Loaded::default());
        save(folder.path(), b"").unwrap();
        assert_eq!(load(folder.path()).unwrap().payload.unwrap(), b"");
        save(folder.path(), b"more").unwrap();
        assert_eq!(load(folder.path()).unwrap(), Loaded { payload: Some(b"more".to_vec()), damaged: vec![] });
    }

    #[test]
    fn a_kill_between_the_renames_leaves_the_previous_generation() {
        let folder = two_generations();
        fs::rename(folder.path().join("snapshot"), folder.path().join("snapshot.previous")).unwrap();
        fs::write(folder.path().join("snapshot.tmp"), b"half").unwrap();
        assert_eq!(load(folder.path()).unwrap().payload.unwrap(), b"second generation");
        save(folder.path(), b"third").unwrap();
        assert_eq!(load(folder.path()).unwrap().payload.unwrap(), b"third");
        assert_eq!(check(&fs::read(folder.path().join("snapshot.previous")).unwrap()), Ok(VERSION));
    }

    #[test]
    fn a_newer_version_is_refused_and_left_where_it_is() {
        let folder = two_generations();
        let path = folder.path().join("snapshot");
        fs::write(&path, [head(VERSION + 1, b"x").as_slice(), b"x"].concat()).unwrap();
        for _ in 0..2 {
            let fault = load(folder.path()).unwrap_err();
            assert_eq!(fault.kind(), io::ErrorKind::Unsupported);
            assert!(fault.to_string().contains("it has format 2, this nightporter reads format 1"), "{fault}");
        }
    }

    #[test]
    fn both_generations_damaged_is_a_first_start_that_says_so() {
        let folder = two_generations();
        for name in ["snapshot", "snapshot.previous"] {
            fs::write(folder.path().join(name), b"").unwrap();
        }
        let loaded = load(folder.path()).unwrap();
        assert_eq!((loaded.payload, loaded.damaged.len()), (None, 2));
        assert_eq!(load(folder.path()).unwrap(), Loaded::default());
    }

    proptest! {
        #[test]
        fn any_damage_gives_the_previous_generation(at in 0..41_usize, how in 0..4_u8, value in 1..=255_u8) {
            let folder = two_generations();
            let path = folder.path().join("snapshot");
            let mut bytes = fs::read(&path).unwrap();
            prop_assert_eq!(bytes.len(), 41);
            prop_assert_eq!(peek(folder.path()).unwrap().unwrap(), b"second generation");
            match how {
                0 => bytes[at] ^= value,
                1 => bytes.truncate(at),
                2 => bytes.fill(0),
                _ => bytes.push(value),
            }
            fs::write(&path, bytes).unwrap();
            prop_assert_eq!(peek(folder.path()).unwrap().unwrap(), b"first generation");
            prop_assert!(path.exists());
            let loaded = load(folder.path()).unwrap();
            prop_assert_eq!(loaded.payload.unwrap(), b"first generation");
            prop_assert_eq!(loaded.damaged.len(), 1);
            prop_assert!(folder.path().join("snapshot.corrupt-1").exists() && !path.exists());
            save(folder.path(), b"third").unwrap();
            prop_assert_eq!(load(folder.path()).unwrap().payload.unwrap(), b"third");
        }
    }
}

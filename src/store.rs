//! The state folder: what survives a kill.
//!
//! Order is everything: a batch is journalled (stdin, sockets) and logged before it is processed, alerts are written
//! after it, and a snapshot names only what has reached the disk. A failed write is an error for the caller to wait on,
//! never skipped; a failed fsync condemns its file descriptor, since the kernel may have dropped the pages and will not
//! say so again. Nothing here knows sources, the engine or a clock.

pub mod alert_log;
pub mod batch_log;
pub mod journal;
pub mod snapshot;

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use crate::fault::Fault;

/// A state folder that this process alone works in.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    _lock: File,
}

impl Store {
    /// Creates the folder if need be (for its owner alone) and locks it. The lock goes with the process, however it ends.
    ///
    /// # Errors
    /// The folder cannot be made or written, or another process holds it ([`io::ErrorKind::ResourceBusy`]).
    pub fn open(folder: &Path) -> Result<Store, Fault> {
        create_folder(folder)?;
        let path = folder.join("lock");
        let lock = private().write(true).create(true).truncate(false).open(&path).map_err(Fault::at("open", &path))?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Store { folder: folder.to_owned(), _lock: lock }),
            Err(rustix::io::Errno::WOULDBLOCK) => {
                let why = io::Error::new(io::ErrorKind::ResourceBusy, "another nightporter works in this state folder");
                Err(Fault::new("lock", &path, why))
            }
            Err(error) => Err(Fault::new("lock", &path, error.into())),
        }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

/// Makes a folder (for its owner alone) and those above it, and sees to it that their names survive a power cut.
///
/// # Errors
/// The disk would not have it.
pub fn create_folder(folder: &Path) -> Result<(), Fault> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = folder.parent().filter(|above| !above.as_os_str().is_empty());
    if let Some(above) = above {
        create_folder(above)?;
    }
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(Fault::new("create folder", folder, error)),
        _ => {}
    }
    sync_folder(above.unwrap_or(Path::new(".")))
}

/// Makes the names in a folder survive a power cut.
fn sync_folder(folder: &Path) -> Result<(), Fault> {
    File::open(folder).and_then(|handle| handle.sync_all()).map_err(Fault::at("sync", folder))
}

/// Options for files that only their owner reads.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

/// The files `<prefix><number><suffix>` of a folder with their numbers, lowest first.
fn numbered(folder: &Path, prefix: &str, suffix: &str) -> Result<Vec<(u64, PathBuf)>, Fault> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(Fault::at("list", folder))? {
        let entry = entry.map_err(Fault::at("list", folder))?;
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix(prefix)?.strip_suffix(suffix)?.parse().ok());
        found.extend(number.map(|number| (number, entry.path())));
    }
    found.sort_unstable();
    Ok(found)
}

/// Removes a file; that it is gone already is no error.
fn remove(path: &Path) -> Result<(), Fault> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Fault::new("remove", path, error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_second_instance_is_refused_until_the_first_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("var/state");
        let first = Store::open(&path).unwrap();
        let refused = Store::open(&path).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ResourceBusy);
        assert!(refused.to_string().ends_with("state/lock: cannot lock: another nightporter works in this state folder"));
        drop(first);
        assert_eq!(Store::open(&path).unwrap().folder(), path);
    }

    #[test]
    fn the_folder_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let _store = Store::open(&path).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(&path.join("lock"))), (0o700, 0o600));
    }
}

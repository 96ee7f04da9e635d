//! A hint that something happened to files, so that the next look need not wait for its turn.
//!
//! Only ever a hint: events are lost when a queue overflows, and network and overlay file systems send none. The caller
//! looks in any case, just less often. Folders are watched, not files, so renames and new files are seen too.

use std::collections::BTreeSet;
use std::path::PathBuf;

use notify::event::EventKind;
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher as _};

/// Watches folders while it lives.
pub struct Watcher {
    inner: RecommendedWatcher,
    watched: BTreeSet<PathBuf>,
}

impl Watcher {
    /// Calls `wake` whenever anything but a mere read happens in a watched folder, when events were lost, and on errors.
    /// It must not block: a wake that finds one waiting says nothing new.
    ///
    /// # Errors
    /// The system offers no (more) watches: the look at intervals remains.
    pub fn new(wake: impl Fn() + Send + 'static) -> notify::Result<Watcher> {
        let inner = notify::recommended_watcher(move |event: notify::Result<Event>| {
            let tells = event.map_or(true, |event| event.need_rescan() || !matches!(event.kind, EventKind::Access(_)));
            if tells {
                wake();
            }
        })?;
        Ok(Watcher { inner, watched: BTreeSet::new() })
    }

    /// Watches these folders and no others; those that it cannot watch are tried again at the next call.
    pub fn watch(&mut self, folders: &[PathBuf]) {
        let wanted: BTreeSet<PathBuf> = folders.iter().filter(|folder| folder.is_dir()).cloned().collect();
        let (inner, watched) = (&mut self.inner, &mut self.watched);
        watched.retain(|folder| {
            let keep = wanted.contains(folder);
            if !keep {
                // A folder that is gone is not watched any more in any case.
                let _ = inner.unwatch(folder);
            }
            keep
        });
        for folder in wanted {
            if !watched.contains(&folder) && inner.watch(&folder, RecursiveMode::NonRecursive).is_ok() {
                watched.insert(folder);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::mpsc::sync_channel;
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_happens_in_a_folder_wakes() {
        let folder = tempfile::tempdir().unwrap();
        let (wake, woken) = sync_channel(1);
        let wake = move || {
            let _ = wake.try_send(());
        };
        let Ok(mut watcher) = Watcher::new(wake) else { return };
        watcher.watch(&[folder.path().to_owned(), folder.path().join("none")]);
        let path = folder.path().join("fw.log");
        for step in ["create", "append", "rename", "remove"] {
            match step {
                "create" | "append" => fs::OpenOptions::new()
                    .append(true)
                    .create(true)
                    .open(&path)
                    .and_then(|mut file| std::io::Write::write_all(&mut file, b"x"))
                    .unwrap(),
                "rename" => fs::rename(&path, folder.path().join("fw.log.1")).unwrap(),
                _ => fs::remove_file(folder.path().join("fw.log.1")).unwrap(),
            }
            woken.recv_timeout(Duration::from_secs(20)).unwrap_or_else(|_| panic!("no wake on {step}"));
            while woken.recv_timeout(Duration::from_millis(30)).is_ok() {}
        }
    }
}

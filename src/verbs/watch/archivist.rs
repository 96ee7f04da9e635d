//! The archivist: snapshots, on a thread of their own, so that the engine does not stop for them.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::ingest::Nudge;
use crate::batch::Positions;
use crate::engine::state::State;
use crate::fault::Fault;
use crate::store::{Store, snapshot};

/// What a snapshot holds: the state, every input position and the alert log's length, at one record of the batch log.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Kept {
    /// Number of the first record of the batch log that it does not cover.
    pub records: u64,
    /// Length of the alert log.
    pub alerts: u64,
    /// How far each file has been read.
    pub positions: Positions,
    /// Bytes consumed of each source, the daybook's last.
    pub ordinals: Vec<u64>,
    /// Names of the sources, by the index that positions use.
    pub sources: Vec<String>,
    /// Lines read of the daybook.
    pub daybook_lines: u32,
    /// SHA-256 of what shaped the alerts.
    pub config: [u8; 32],
    /// What the engine remembers.
    pub state: State,
}

impl Kept {
    /// As bytes. Names of fields stand in them, so that a later version reads them too.
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, rmp_serde::encode::Error> {
        rmp_serde::to_vec_named(self)
    }

    /// From bytes.
    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Kept, rmp_serde::decode::Error> {
        rmp_serde::from_slice(bytes)
    }
}

/// A snapshot is taken this often, unless writing it takes a tenth of that or more.
const INTERVAL: Duration = Duration::from_secs(5);

/// Writes snapshots.
pub(super) struct Archivist {
    kept: SyncSender<Kept>,
    spent: Receiver<Duration>,
    thread: JoinHandle<()>,
    last: Instant,
    interval: Duration,
    covered: u64,
    busy: bool,
}

impl Archivist {
    /// Starts the thread. After each snapshot, `nudge` hears how much of the logs is still needed.
    pub(super) fn start(store: &Store, alert_log: Option<PathBuf>, nudge: SyncSender<Nudge>) -> Archivist {
        let (kept, taken) = sync_channel::<Kept>(1);
        let (done, spent) = sync_channel(1);
        let folder = store.folder().to_owned();
        let thread = thread::spawn(move || {
            let mut previous = None;
            while let Ok(kept) = taken.recv() {
                let since = clock();
                match save(&folder, alert_log.as_ref(), &kept) {
                    Ok(()) => {
                        // Two generations: what the older one needs stays.
                        let needed = previous.unwrap_or(kept.records).min(kept.records);
                        previous = Some(kept.records);
                        let _ = nudge.try_send(Nudge::Snapshot { needed });
                    }
                    Err(fault) => {
                        let _ = nudge.try_send(Nudge::Fault(fault));
                    }
                }
                let _ = done.send(since.elapsed());
            }
        });
        Archivist { kept, spent, thread, last: clock(), interval: INTERVAL, covered: 0, busy: false }
    }

    /// Whether it is time for a snapshot, and something has happened since the last.
    pub(super) fn is_due(&mut self, records: u64) -> bool {
        if let Ok(spent) = self.spent.try_recv() {
            self.busy = false;
            self.interval = INTERVAL.max(spent.saturating_mul(10));
        }
        !self.busy && records > self.covered && self.last.elapsed() >= self.interval
    }

    /// Takes a snapshot, unless one is being written.
    pub(super) fn hand_in(&mut self, kept: Kept) {
        let records = kept.records;
        match self.kept.try_send(kept) {
            Ok(()) => (self.busy, self.covered, self.last) = (true, records, clock()),
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {}
        }
    }

    /// Writes the last snapshot and ends.
    pub(super) fn finish(self, kept: Kept) {
        let Archivist { kept: channel, spent, thread, .. } = self;
        // Whoever writes does not wait for us to read how long it took.
        drop(spent);
        let _ = channel.send(kept);
        drop(channel);
        let _ = thread.join();
    }
}

/// The alert log first: a snapshot names only what has reached the disk.
pub(super) fn save(folder: &std::path::Path, alert_log: Option<&PathBuf>, kept: &Kept) -> Result<(), Fault> {
    if let Some(path) = alert_log {
        File::open(path).and_then(|file| file.sync_data()).map_err(Fault::at("sync", path))?;
    }
    let bytes = kept.to_bytes().map_err(|error| Fault::new("serialise", folder, io::Error::other(error)))?;
    snapshot::save(folder, &bytes)
}

#[expect(clippy::disallowed_methods, reason = "when to take a snapshot never shows in an alert")]
fn clock() -> Instant {
    Instant::now()
}

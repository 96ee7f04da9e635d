//! The archivist: snapshots, on a thread of their own, so that the engine does not stop for them.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::patience::Patience;
use crate::batch::Positions;
use crate::engine::state::State;
use crate::fault::Fault;
use crate::store::snapshot;

/// What a snapshot holds: the state, every input position and the alert log's length, at one record of the batch log.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Kept {
    /// Number of the first record of the batch log that it does not cover.
    pub records: u64,
    /// Length of the alert log.
    pub alerts: u64,
    /// Ids of alerts that stand in the alert log although they were not made again since.
    pub told: BTreeSet<String>,
    /// How far each file has been read.
    pub positions: Positions,
    /// The first file number that was never used.
    pub next_file: u32,
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

/// Where nothing but the clock ticks, a snapshot is worth its writing after as many records.
const IDLE_RECORDS: u64 = 3600;

/// Writes snapshots.
pub(super) struct Archivist {
    kept: SyncSender<Kept>,
    done: Receiver<Saved>,
    thread: JoinHandle<()>,
    last: Instant,
    interval: Duration,
    covered: u64,
    busy: bool,
    failed: bool,
}

struct Saved {
    took: Duration,
    well: bool,
}

impl Archivist {
    /// Starts the thread and has it write a first snapshot. After each later one, `needed` hears from which record on the
    /// logs are still needed.
    ///
    /// # Errors
    /// The first snapshot cannot be written.
    pub(super) fn start(
        folder: PathBuf,
        alert_log: Option<PathBuf>,
        first: Kept,
        needed: SyncSender<u64>,
        patience: Arc<Patience>,
    ) -> Result<Archivist, Fault> {
        let covered = first.records;
        let (kept, taken) = sync_channel::<Kept>(1);
        // At most one snapshot is under way, and one more at the end.
        let (tell_done, done) = sync_channel(2);
        let (tell_first, of_first) = sync_channel(1);
        let thread = super::spawn("archivist", move || {
            let _ = tell_first.send(save(&folder, alert_log.as_deref(), &first));
            drop(first);
            let (mut previous, mut failing) = (covered, false);
            while let Ok(kept) = taken.recv() {
                let since = clock();
                let outcome = save(&folder, alert_log.as_deref(), &kept);
                let well = outcome.is_ok();
                match outcome {
                    Ok(()) => {
                        // Two generations: what the older one needs stays. A message that finds no room is made good by
                        // the next.
                        let _ = needed.try_send(previous.min(kept.records));
                        previous = kept.records;
                        if failing {
                            patience.tell("snapshots can be written again");
                        }
                    }
                    Err(fault) if !failing => patience.tell(&format!("{fault}; the last snapshot stays, recovery would take longer")),
                    Err(_) => {}
                }
                failing = !well;
                let _ = tell_done.try_send(Saved { took: since.elapsed(), well });
            }
        })?;
        // A thread that is gone has nothing to say, and the next snapshot finds that out.
        of_first.recv().unwrap_or(Ok(()))?;
        Ok(Archivist { kept, done, thread, last: clock(), interval: INTERVAL, covered, busy: false, failed: false })
    }

    /// Whether it is time for a snapshot, and worth it: something has `changed` since the last, or it lies many
    /// `records` back.
    pub(super) fn is_due(&mut self, changed: bool, records: u64) -> bool {
        while let Ok(Saved { took, well }) = self.done.try_recv() {
            (self.busy, self.failed) = (false, !well);
            self.interval = INTERVAL.max(took.saturating_mul(10));
        }
        let worth = changed || self.failed || records >= self.covered.saturating_add(IDLE_RECORDS);
        worth && !self.busy && self.last.elapsed() >= self.interval
    }

    /// Takes a snapshot. False if one is being written: ask again later.
    pub(super) fn hand_in(&mut self, kept: Kept) -> bool {
        let records = kept.records;
        match self.kept.try_send(kept) {
            Ok(()) => {
                (self.busy, self.covered, self.last) = (true, records, clock());
                true
            }
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => false,
        }
    }

    /// Writes the last snapshot and ends.
    pub(super) fn finish(self, kept: Kept) {
        let Archivist { kept: channel, thread, .. } = self;
        let _ = channel.send(kept);
        drop(channel);
        let _ = thread.join();
    }
}

/// The alert log first: a snapshot names only what has reached the disk.
fn save(folder: &Path, alert_log: Option<&Path>, kept: &Kept) -> Result<(), Fault> {
    if let Some(path) = alert_log {
        match File::open(path).and_then(|file| file.sync_data()) {
            // Moved away; the next alert begins it anew.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => other.map_err(Fault::at("sync", path))?,
        }
    }
    let bytes = kept.to_bytes().map_err(|error| Fault::new("serialise", folder, io::Error::other(error)))?;
    snapshot::save(folder, &bytes)
}

#[expect(clippy::disallowed_methods, reason = "when to take a snapshot never shows in an alert")]
fn clock() -> Instant {
    Instant::now()
}

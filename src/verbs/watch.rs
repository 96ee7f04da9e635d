//! `nightporter watch`: follows files and stdin, and goes on after a kill as if nothing had happened.
//!
//! Three threads beside the parse pool, joined by bounded channels of batches:
//! *ingest* (what comes in, journalled and logged before anything else) → *keeper* (the engine, its alerts written as
//! soon as a batch is done) → *archivist* (snapshots). It ends by closing from the top: ingest stops, and each stage
//! ends when its channel does.

mod archivist;
mod ingest;
mod keeper;
pub(in crate::verbs) mod outlet;
mod patience;
mod recovery;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use crate::fault::Fault;
use crate::metrics::Metrics;
use crate::setup::{Inputs, Setup};
use crate::source::archive::Archive;
use crate::source::watcher::Watcher;
use crate::store::Store;

pub use patience::Tell;
pub use recovery::{remembered, replay_batches};

use archivist::Archivist;
use ingest::{Ingest, Nudge};
use keeper::Keeper;
use outlet::Outlet;
use patience::Patience;

/// What a watch works on.
pub struct World {
    /// Configuration, register, rules.
    pub setup: Setup,
    /// Sources and files.
    pub inputs: Inputs,
    /// How they are read.
    pub options: Options,
    /// Where alerts for people's pipes go: stdout.
    pub out: Box<dyn io::Write + Send>,
    /// Told what went wrong, and where.
    pub tell: Tell,
}

/// How inputs are read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Files never seen before are read from their end.
    pub from_end: bool,
    /// Ends when every file has been read to its end.
    pub until_eof: bool,
    /// Parse threads; 0 = one a core beside the engine's.
    pub threads: usize,
}

/// What a watch came to.
#[derive(Debug)]
pub struct Done {
    /// What it did.
    pub metrics: Metrics,
    /// Inputs that were missing or broken when it ended.
    pub broken: usize,
}

/// How many nudges wait for ingest, and how many batches for the keeper.
const WAITING: usize = 64;

/// A watch that runs; dropping it does not stop it.
pub struct Watch {
    nudge: SyncSender<Nudge>,
    patience: Arc<Patience>,
    ingest: JoinHandle<usize>,
    keeper: JoinHandle<Result<Metrics, Fault>>,
}

impl Watch {
    /// Recovers what a former run left, opens the inputs and starts.
    ///
    /// # Errors
    /// The state folder cannot be used: another instance works in it, a newer version wrote it, or the disk would not
    /// have it. Or the alert log or a sink cannot be opened.
    pub fn start(world: World) -> Result<Watch, Fault> {
        let World { setup, inputs, options, out, tell } = world;
        // Before anything in it is looked at.
        let store = setup.config.state.as_deref().map(Store::open).transpose()?;
        let patience = Arc::new(Patience::new(tell));
        let outlet = Outlet::new(&setup.config, out)?;
        let mut keeper = Keeper::new(&setup, &inputs, outlet, Arc::clone(&patience));
        let recovered = store.map(|store| recovery::recover(store, &mut keeper, &setup, &inputs, &patience)).transpose()?;
        let (snapshots, archivist) = match &recovered {
            Some(recovered) => {
                let (needed, snapshots) = sync_channel(WAITING);
                let folder = recovered.store.folder().to_owned();
                let archivist = Archivist::start(folder, keeper.alert_log_path(), keeper.kept(), needed, Arc::clone(&patience))?;
                (Some(snapshots), Some(archivist))
            }
            None => (None, None),
        };
        let (nudge, nudged) = sync_channel(WAITING);
        let (items, queue) = sync_channel(WAITING);
        if inputs.stdin.is_some() {
            let nudge = nudge.clone();
            spawn("stdin", move || read_stdin(&nudge))?;
        }
        let wake = nudge.clone();
        // Only a hint: without it, the look at intervals finds everything a little later.
        let watcher = Watcher::new(move || {
            let _ = wake.try_send(Nudge::Wake);
        });
        let recovered = recovered.zip(snapshots);
        let ingest = Ingest::new(&keeper, &setup, &inputs, options, recovered, watcher.ok(), Arc::clone(&patience));
        let ingest = spawn("ingest", move || ingest.run(&nudged, &items))?;
        let keeper = spawn("keeper", move || keeper.run(&queue, archivist))?;
        Ok(Watch { nudge, patience, ingest, keeper })
    }

    /// A handle that stops the watch from another thread.
    pub fn stopper(&self) -> impl Fn() + Send + 'static {
        let (nudge, patience) = (self.nudge.clone(), Arc::clone(&self.patience));
        move || {
            // Who waits for a disk listens to nothing else.
            patience.end();
            let _ = nudge.send(Nudge::Stop);
        }
    }

    /// Waits until the watch has ended: stopped, or at the end of its input.
    ///
    /// # Errors
    /// Alerts could not be written: nobody reads stdout any more ([`io::ErrorKind::BrokenPipe`], a normal end), or the
    /// watch was stopped while it waited for a disk.
    pub fn wait(self) -> Result<Done, Fault> {
        let Watch { nudge, ingest, keeper, .. } = self;
        drop(nudge);
        let ended = |what| move |_| Fault::new("run", Path::new(what), io::Error::other("it ended unexpectedly"));
        let metrics = keeper.join().map_err(ended("keeper"))??;
        // The keeper came to the end of its queue, so ingest has ended too.
        let broken = ingest.join().map_err(ended("ingest"))?;
        Ok(Done { metrics, broken })
    }
}

fn spawn<T: Send + 'static>(name: &'static str, work: impl FnOnce() -> T + Send + 'static) -> Result<JoinHandle<T>, Fault> {
    thread::Builder::new().name(name.into()).spawn(work).map_err(Fault::at("start the thread", Path::new(name)))
}

/// Hands on what comes in on stdin, as soon as it comes.
fn read_stdin(nudge: &SyncSender<Nudge>) {
    let mut archive = match Archive::open(&PathBuf::from("-")) {
        Ok(archive) => archive,
        Err(fault) => {
            let _ = nudge.send(Nudge::StdinEnd(Some(fault)));
            return;
        }
    };
    loop {
        let next = match archive.next_piece() {
            Ok(Some(piece)) => Nudge::Stdin(piece),
            Ok(None) => Nudge::StdinEnd(None),
            Err(fault) => Nudge::StdinEnd(Some(fault)),
        };
        let last = matches!(next, Nudge::StdinEnd(_));
        if nudge.send(next).is_err() || last {
            return;
        }
    }
}

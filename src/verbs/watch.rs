//! `nightporter watch`: follows files and stdin, and goes on after a kill as if nothing had happened.
//!
//! Three threads beside the parse pool, joined by bounded channels of batches:
//! *ingest* (what comes in, journalled and logged before anything else) → *keeper* (the engine, its alerts written as
//! soon as a batch is done) → *archivist* (snapshots). It ends by closing from the top: ingest stops, and each stage
//! ends when its channel does.

mod archivist;
mod ingest;
mod keeper;
mod outlet;
mod recovery;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use crate::fault::Fault;
use crate::metrics::Metrics;
use crate::setup::{Inputs, Setup};
use crate::source::archive::Archive;
use crate::source::watcher::Watcher;

pub use ingest::Nudge;
pub use recovery::replay_batches;

use archivist::Archivist;
use ingest::Ingest;
use keeper::Keeper;
use outlet::Outlet;

/// What a watch works on.
pub struct World {
    /// Configuration, register, rules.
    pub setup: Setup,
    /// Sources and files.
    pub inputs: Inputs,
    /// Files never seen before are read from their end.
    pub from_end: bool,
    /// Ends when every file has been read to its end.
    pub until_eof: bool,
    /// Parse threads; 0 = one a core.
    pub threads: usize,
    /// Where alerts for people's pipes go: stdout.
    pub out: Box<dyn io::Write + Send>,
    /// Told what went wrong, and where.
    pub tell: Arc<dyn Fn(&str) + Send + Sync>,
}

/// How many nudges wait for ingest, and how many batches for the keeper.
const WAITING: usize = 64;

/// A watch that runs; dropping it does not stop it.
pub struct Watch {
    nudge: SyncSender<Nudge>,
    keeper: thread::JoinHandle<io::Result<Metrics>>,
}

impl Watch {
    /// Recovers what a former run left, opens the inputs and starts.
    ///
    /// # Errors
    /// The state folder cannot be used: it is locked by another instance, damaged beyond its two generations, or on a
    /// disk that would not have it.
    pub fn start(world: World) -> Result<Watch, Fault> {
        let World { setup, inputs, from_end, until_eof, threads, out, tell } = world;
        let outlet = Outlet::new(&setup.config, out)?;
        let mut keeper = Keeper::new(&setup, &inputs, outlet, Arc::clone(&tell));
        let store = match &setup.config.state {
            Some(folder) => Some(recovery::recover(folder, &mut keeper, &setup, &inputs, &tell)?),
            None => None,
        };
        let (nudge, nudged) = sync_channel(WAITING);
        let (items, queue) = sync_channel(WAITING);
        let archivist = store.as_ref().map(|store| Archivist::start(&store.store, keeper.alert_log_path(), nudge.clone()));
        let interest = setup.interest();
        let daybook = setup.config.daybook.clone();
        let mut folders: Vec<PathBuf> = Vec::new();
        let mut ingest =
            Ingest::new(&keeper, &inputs, daybook.as_deref(), store, from_end, until_eof, threads, interest, Arc::clone(&tell));
        folders.extend(ingest.folders());
        if inputs.stdin.is_some() {
            read_stdin(nudge.clone());
        }
        let wake = nudge.clone();
        // Only a hint: without it, the poll finds everything a little later.
        let watcher = Watcher::new(move || {
            let _ = wake.try_send(Nudge::Wake);
        });
        let watcher = watcher.map(|mut watcher| {
            watcher.watch(&folders);
            watcher
        });
        thread::Builder::new()
            .name("ingest".into())
            .spawn(move || {
                let _watcher = watcher;
                ingest.run(&nudged, &items);
            })
            .map_err(|error| Fault::new("start a thread", &PathBuf::from("ingest"), error))?;
        let keeper = thread::Builder::new()
            .name("keeper".into())
            .spawn(move || keeper.run(&queue, archivist))
            .map_err(|error| Fault::new("start a thread", &PathBuf::from("keeper"), error))?;
        Ok(Watch { nudge, keeper })
    }

    /// A handle that stops the watch from another thread.
    pub fn stopper(&self) -> impl Fn() + Send + 'static {
        let nudge = self.nudge.clone();
        move || {
            let _ = nudge.send(Nudge::Stop);
        }
    }

    /// Waits until the watch has ended: stopped, or at the end of its input.
    ///
    /// # Errors
    /// Those of writing to stdout; a closed pipe too, which the caller takes for a normal end.
    pub fn wait(self) -> io::Result<Metrics> {
        let Watch { nudge, keeper } = self;
        drop(nudge);
        keeper.join().unwrap_or_else(|_| Err(io::Error::other("the keeper ended unexpectedly")))
    }
}

/// Hands on what comes in on stdin, as soon as it comes.
fn read_stdin(nudge: SyncSender<Nudge>) {
    thread::spawn(move || {
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
    });
}

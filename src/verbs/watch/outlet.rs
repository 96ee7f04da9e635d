//! Where alerts go: first the alert log, then every other sink.
//!
//! The alert log holds each alert once, whatever happens. Other sinks get an alert after it and at least once: after a
//! kill those since the last snapshot come again, with the same ids.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::alert::{Alert, Severity};
use crate::config::{Config, Form, Sink, SinkKind};
use crate::fault::Fault;
use crate::store::alert_log::{AlertLog, Refused, write_on};

/// Name of the alert log in the state folder, where no file sink is one.
pub(in crate::verbs) const ALERT_LOG: &str = "alerts.jsonl";

/// Writes alerts.
pub(super) struct Outlet {
    log: Option<AlertLog>,
    others: Vec<Other>,
    json: Vec<u8>,
}

/// A sink beside the alert log.
struct Other {
    least: Severity,
    path: PathBuf,
    to: Box<dyn Write + Send>,
    /// Not taken yet.
    pending: Vec<u8>,
}

/// What keeps alerts from being written.
#[derive(Debug)]
pub(super) enum Stuck {
    /// The disk would not have them: [`Outlet::flush`] until it does.
    Disk(Fault),
    /// The log does not hold what was made again. Nothing was taken.
    Diverged {
        /// Offset of the first byte that differs.
        at: u64,
    },
    /// Nobody reads a sink any more.
    Gone(Fault),
}

impl Outlet {
    /// The outlet that a configuration asks for. The first file sink that takes every alert in ECS form is the alert
    /// log; with a state folder and no such sink, the log stands in the folder.
    pub(super) fn new(config: &Config, out: Box<dyn Write + Send>) -> Result<Outlet, Fault> {
        let of_file = config.sinks.iter().find_map(|sink| match &sink.kind {
            SinkKind::File(path) if sink.form == Form::Ecs && sink.min_severity == Severity::Info => Some(path),
            _ => None,
        });
        let log_path = of_file.cloned().or_else(|| Some(config.state.as_ref()?.join(ALERT_LOG)));
        let log = log_path.as_deref().map(AlertLog::open).transpose()?;
        let mut others = Vec::new();
        let mut out = Some(out);
        let stdout = Sink { kind: SinkKind::Stdout, form: Form::Ecs, min_severity: Severity::Info };
        let sinks = if config.sinks.is_empty() { std::slice::from_ref(&stdout) } else { &config.sinks };
        for sink in sinks {
            let (path, to) = match &sink.kind {
                SinkKind::Stdout => {
                    let Some(out) = out.take() else { continue };
                    (PathBuf::from("stdout"), out)
                }
                SinkKind::File(path) if Some(path) != log_path.as_ref() => {
                    let file = OpenOptions::new().append(true).create(true).open(path).map_err(Fault::at("open", path))?;
                    (path.clone(), Box::new(file) as Box<dyn Write + Send>)
                }
                // The alert log itself, and what is not built yet.
                SinkKind::File(_) | SinkKind::Syslog | SinkKind::Http => continue,
            };
            others.push(Other { least: sink.min_severity, path, to, pending: Vec::new() });
        }
        Ok(Outlet { log, others, json: Vec::new() })
    }

    /// Path of the alert log.
    pub(super) fn log_path(&self) -> Option<&Path> {
        self.log.as_ref().map(AlertLog::path)
    }

    /// Bytes of the alert log that stand for what was made.
    pub(super) fn length(&self) -> u64 {
        self.log.as_ref().map_or(0, AlertLog::len)
    }

    /// Goes back to the length that a snapshot names. False if the log is shorter than that.
    pub(super) fn regenerate_from(&mut self, length: u64) -> bool {
        self.log.as_mut().is_none_or(|log| log.regenerate_from(length).is_ok())
    }

    /// Bytes on disk that were not made again.
    pub(super) fn ahead(&self) -> u64 {
        self.log.as_ref().map_or(0, AlertLog::ahead)
    }

    /// Keeps what lies on disk although it was not made again.
    pub(super) fn keep_what_is_ahead(&mut self) -> Result<(), Stuck> {
        self.log.as_mut().map_or(Ok(()), AlertLog::keep_what_is_ahead).map_err(Stuck::from)
    }

    /// Writes alerts to the alert log. Then [`Outlet::hand_on`] is due.
    pub(super) fn keep(&mut self, alerts: &[Alert]) -> Result<(), Stuck> {
        let Some(log) = self.log.as_mut().filter(|_| !alerts.is_empty()) else { return Ok(()) };
        log.follow_its_name().map_err(Stuck::Disk)?;
        self.json.clear();
        alerts.iter().for_each(|alert| alert.write(&mut self.json));
        Ok(log.append(&self.json)?)
    }

    /// Hands alerts, which stand in the alert log already, to the other sinks.
    pub(super) fn hand_on(&mut self, alerts: &[Alert]) -> Result<(), Stuck> {
        if alerts.is_empty() {
            return Ok(());
        }
        for other in &mut self.others {
            let concerned = alerts.iter().filter(|alert| alert.severity >= other.least);
            concerned.for_each(|alert| alert.write(&mut other.pending));
        }
        self.flush()
    }

    /// Writes what was taken in and held back by a disk.
    pub(super) fn flush(&mut self) -> Result<(), Stuck> {
        if let Some(log) = &mut self.log {
            log.flush()?;
        }
        self.others.iter_mut().try_for_each(Other::flush)
    }
}

impl Other {
    fn flush(&mut self) -> Result<(), Stuck> {
        let mut written = 0;
        let outcome = write_on(&mut self.to, &self.pending, &mut written);
        self.pending.drain(..written);
        outcome.and_then(|()| self.to.flush()).map_err(|error| {
            let waits = matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge);
            let fault = Fault::new("write", &self.path, error);
            if waits { Stuck::Disk(fault) } else { Stuck::Gone(fault) }
        })
    }
}

impl From<Refused> for Stuck {
    fn from(refused: Refused) -> Stuck {
        match refused {
            Refused::Write(fault) => Stuck::Disk(fault),
            Refused::Diverged { at } => Stuck::Diverged { at },
        }
    }
}

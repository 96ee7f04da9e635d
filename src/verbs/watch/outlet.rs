//! Where alerts go: the alert log, and the sinks that are cursors into it.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::alert::{Alert, Severity};
use crate::config::{Config, Form, Sink, SinkKind};
use crate::fault::Fault;
use crate::store::alert_log::{AlertLog, Refused};

/// Name of the alert log in the state folder, where no file sink is one.
const ALERT_LOG: &str = "alerts.jsonl";

/// Writes alerts.
pub(super) struct Outlet {
    log: Option<AlertLog>,
    log_path: Option<PathBuf>,
    sinks: Vec<(Severity, Box<dyn Write + Send>)>,
    json: Vec<u8>,
    one: Vec<u8>,
}

/// What keeps alerts from being written.
#[derive(Debug)]
pub(super) enum Stuck {
    /// The disk would not have them; to be tried again.
    Disk(Fault),
    /// The log does not hold what was made again.
    Diverged {
        /// Offset of the first byte that differs.
        at: u64,
    },
    /// Nobody reads stdout any more, or a sink is broken.
    Sink(io::Error),
}

impl Outlet {
    /// The outlet that a configuration asks for. The first file sink that takes every alert in ECS form is the alert
    /// log; with a state folder and no such sink, the log stands in the folder.
    pub(super) fn new(config: &Config, out: Box<dyn Write + Send>) -> Result<Outlet, Fault> {
        let takes_all =
            |sink: &&Sink| matches!(sink.kind, SinkKind::File(_)) && sink.form == Form::Ecs && sink.min_severity == Severity::Info;
        let of_file = config.sinks.iter().find(takes_all).and_then(|sink| match &sink.kind {
            SinkKind::File(path) => Some(path.clone()),
            _ => None,
        });
        let log_path = match (&of_file, &config.state) {
            (Some(path), _) => Some(path.clone()),
            (None, Some(state)) => Some(state.join(ALERT_LOG)),
            (None, None) => None,
        };
        if let (None, Some(state)) = (&of_file, &config.state) {
            // The store makes the folder for its owner alone; it has to be there first.
            crate::store::create_folder(state)?;
        }
        let log = log_path.as_deref().map(AlertLog::open).transpose()?;
        let mut sinks: Vec<(Severity, Box<dyn Write + Send>)> = Vec::new();
        let mut out = Some(out);
        if config.sinks.is_empty() {
            sinks.extend(out.take().map(|out| (Severity::Info, out)));
        }
        for sink in &config.sinks {
            match &sink.kind {
                SinkKind::Stdout => sinks.extend(out.take().map(|out| (sink.min_severity, out))),
                SinkKind::File(path) if Some(path) != of_file.as_ref() => sinks.push((sink.min_severity, Box::new(appended(path)?))),
                // The alert log itself, and what is not built yet.
                SinkKind::File(_) | SinkKind::Syslog | SinkKind::Http => {}
            }
        }
        Ok(Outlet { log, log_path, sinks, json: Vec::new(), one: Vec::new() })
    }

    /// Path of the alert log.
    pub(super) fn log_path(&self) -> Option<&Path> {
        self.log_path.as_deref()
    }

    /// Bytes of the alert log.
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

    /// Writes alerts: first to the log, then to every sink that takes them.
    pub(super) fn write(&mut self, alerts: &[Alert]) -> Result<(), Stuck> {
        if alerts.is_empty() {
            return Ok(());
        }
        self.json.clear();
        for alert in alerts {
            alert.write(&mut self.json);
        }
        if let Some(log) = &mut self.log {
            log.append(&self.json)?;
        }
        self.hand_on(alerts)
    }

    /// Writes what a full disk held back.
    pub(super) fn flush(&mut self) -> Result<(), Stuck> {
        self.log.as_mut().map_or(Ok(()), AlertLog::flush).map_err(Stuck::Disk)
    }

    /// Hands alerts to the sinks alone: they stand in the log already.
    pub(super) fn hand_on(&mut self, alerts: &[Alert]) -> Result<(), Stuck> {
        for (least, sink) in &mut self.sinks {
            self.one.clear();
            for alert in alerts.iter().filter(|alert| alert.severity >= *least) {
                alert.write(&mut self.one);
            }
            if !self.one.is_empty() {
                sink.write_all(&self.one).and_then(|()| sink.flush()).map_err(Stuck::Sink)?;
            }
        }
        Ok(())
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

fn appended(path: &Path) -> Result<File, Fault> {
    OpenOptions::new().append(true).create(true).open(path).map_err(Fault::at("open", path))
}

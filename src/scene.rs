//! What an alert shows of the moment it speaks of.

use std::net::IpAddr;
use std::sync::Arc;

use parsers::{Event, Time};
use serde::{Deserialize, Serialize};

use crate::alert::Evidence;

/// The moment, with its line; owned, so that it can wait.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scene {
    /// Event time.
    pub time: Time,
    /// Login of the supplier's account, lower case, without domain; `None` for tunnels.
    pub login: Option<Arc<str>>,
    /// Where the line says the user comes from.
    pub source_ip: Option<IpAddr>,
    /// What was reached.
    pub destination_ip: Option<IpAddr>,
    /// Port of it.
    #[serde(default)]
    pub destination_port: Option<u16>,
    /// Device, else source.
    pub observer: Arc<str>,
    /// Site of the source.
    pub site: Option<Arc<str>>,
    /// The line.
    pub evidence: Evidence,
    /// Lines of the same connection before it that it rests on, oldest first.
    #[serde(default)]
    pub earlier: Vec<Evidence>,
    /// Story of the session at hand.
    pub story: Option<Arc<str>>,
    /// The year of the time was guessed.
    pub time_guessed: bool,
    /// The local time exists twice.
    pub time_ambiguous: bool,
}

/// The line at hand, as rules look at it: what a [`Scene`] would show, not copied. Of most lines no rule says anything.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// Event time.
    pub time: Time,
    /// What it says by itself.
    pub event: &'a Event<'a>,
    /// Login of the supplier's account, lower case, without domain; `None` for tunnels.
    pub login: Option<&'a Arc<str>>,
    /// Where it says the user comes from; of a line from behind the gateway, where its session comes from.
    pub source_ip: Option<IpAddr>,
    /// Device, else source.
    pub observer: &'a Arc<str>,
    /// Site of the source.
    pub site: Option<&'a Arc<str>>,
    /// Name of the source.
    pub source: &'a Arc<str>,
    /// Its offset in the source's stream.
    pub offset: u64,
    /// SHA-256 of the line.
    pub sha256: [u8; 32],
    /// Lines of the same connection before it that it rests on, oldest first.
    pub earlier: &'a [Evidence],
    /// Story of the session at hand.
    pub story: Option<&'a Arc<str>>,
    /// The year of the time was guessed.
    pub time_guessed: bool,
    /// The local time exists twice.
    pub time_ambiguous: bool,
}

impl Line<'_> {
    /// The line as evidence, without its text.
    pub fn evidence(&self) -> Evidence {
        Evidence { source: Arc::clone(self.source), offset: self.offset, time: self.time, sha256: self.sha256, raw: None }
    }

    /// All that an alert shows of it, with its text as it may be shown.
    pub fn scene(&self) -> Scene {
        Scene {
            time: self.time,
            login: self.login.cloned(),
            source_ip: self.source_ip,
            destination_ip: self.event.facts.destination_ip,
            destination_port: self.event.facts.destination_port,
            observer: Arc::clone(self.observer),
            site: self.site.cloned(),
            evidence: Evidence { raw: Some(self.event.shown().into()), ..self.evidence() },
            earlier: self.earlier.to_vec(),
            story: self.story.cloned(),
            time_guessed: self.time_guessed,
            time_ambiguous: self.time_ambiguous,
        }
    }
}

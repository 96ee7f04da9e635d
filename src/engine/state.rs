//! Everything the engine remembers: one serialisable value.

use std::sync::Arc;

use parsers::Time;
use serde::{Deserialize, Deserializer, Serialize};
use triomphe::Arc as Shared;

use super::addresses::Addresses;
use super::connections::Connections;
use super::entities::Entities;
use super::flood::Floods;
use super::recent::Recent;
use super::timers::Timers;
use super::tunnels::Tunnel;
use crate::alert::Severity;
use crate::clock::Clock;
use crate::daybook::Daybook;
use crate::rules::{AccountMemory, RULES, StreamMemory, SupplierMemory};
use crate::session::Session;

/// What is kept between two inputs. Clones share all entities until one of them changes.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// Every stream seen, in order of appearance.
    pub streams: Vec<Shared<Stream>>,
    /// Suppliers by id, with their accounts and sessions inside; under the empty id, what is remembered of all strangers together.
    pub suppliers: Entities<Arc<str>, Supplied>,
    /// Source addresses of logins.
    pub addresses: Addresses,
    /// What is to happen when the watermark comes to it.
    pub timers: Timers,
    /// Windows, cuts, exceptions.
    pub daybook: Arc<Daybook>,
    /// Low and medium alerts of the rules, day by day.
    pub floods: Arc<Floods>,
    /// No timer before it is still to fire.
    pub watermark: Time,
    /// How far replayed lines have come: their virtual clock.
    pub replayed: Time,
    /// When addresses were last swept.
    pub swept: Time,
    /// When the clock last ticked.
    pub ticked: Time,
    /// Since when it has ticked without a break.
    pub awake: Time,
}

/// One device in one source.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Stream {
    /// Name of the source.
    pub source: Arc<str>,
    /// Name of the device as the lines write it; empty if they do not.
    pub device: Vec<u8>,
    /// Event time of its first line.
    pub first: Option<Time>,
    /// Its clock.
    pub clock: Clock,
    /// Receive time of its last line.
    pub received: Time,
    /// How far ticks have moved it.
    pub moved: Option<Time>,
    /// Its input has ended.
    pub finished: bool,
    /// Its lines of the last 90 s that concern a supplier.
    pub recent: Recent,
    /// Those of them that tell of a login that anybody may have invented: the last ones of them.
    pub invented: Recent,
    /// When the last alert fell due that speaks of its silence.
    pub told: Option<Time>,
    /// What its connections said that are no sessions yet.
    pub connections: Shared<Connections>,
    /// The rules' memories of it.
    pub memory: StreamMemory,
}

impl Stream {
    /// How far its time has come, as far as timers may rely on it.
    pub fn position(&self) -> Option<Time> {
        self.moved.max(self.clock.confirmed())
    }

    /// Whether a line is a repetition, at a time of the stream's clock; takes it down if not. Of lines that anybody may have invented
    /// only the last are remembered, as many as there is `room` for.
    pub fn repeats(&mut self, sha256: [u8; 32], clock: Time, room: Option<usize>) -> bool {
        self.recent.forget_before(clock);
        self.invented.forget_before(clock);
        if self.invented.holds(&sha256) {
            return true;
        }
        match room {
            None => !self.recent.put(sha256, clock),
            Some(_) if self.recent.holds(&sha256) => true,
            Some(room) => {
                self.invented.put(sha256, clock);
                self.invented.keep(room);
                false
            }
        }
    }
}

/// What is remembered of a supplier.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Supplied {
    /// Its accounts that ever got in, by login.
    pub accounts: Entities<Arc<str>, Accounted>,
    /// Its LAN-to-LAN tunnels.
    pub tunnels: Vec<Tunnel>,
    /// The rules' memories of it.
    pub memory: SupplierMemory,
}

/// What is remembered of an account.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Accounted {
    /// Open and lately ended sessions, oldest first.
    pub sessions: Vec<Session>,
    /// Number of its next session.
    pub next: u32,
    /// The rules' memories of it.
    pub memory: AccountMemory,
    /// Stories of its latest sessions.
    pub stories: Vec<Story>,
}

/// The alerts of one session, as far as later ones depend on them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Story {
    /// Its id.
    pub id: Arc<str>,
    /// Highest severity so far; `None` while there were only exceptions.
    pub highest: Option<Severity>,
    /// Rules and reasons so far.
    pub said: Vec<(String, String)>,
}

/// Something that is to happen when the watermark has come to `due`. Timers fire in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Timer {
    /// When.
    pub due: Time,
    /// Supplier; empty for strangers and streams.
    pub supplier: Arc<str>,
    /// Account, where it concerns one.
    pub login: Option<Arc<str>>,
    /// What.
    pub what: What,
}

/// What a timer does.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum What {
    /// Calls a rule that asked for it.
    Rule {
        /// Its id.
        rule: RuleId,
        /// Its own word for it.
        kind: u8,
    },
    /// Calls a rule that asked for it, for a stream.
    Stream {
        /// Its index.
        stream: u32,
        /// The rule's id.
        rule: RuleId,
        /// Its own word for it.
        kind: u8,
    },
    /// Ends a session that no line ended.
    Close(u32),
    /// Forgets an ended session.
    Forget(u32),
    /// Looks for sessions still open after the cut of this time.
    StillOpen(Time),
}

impl Default for What {
    /// The first in their order.
    fn default() -> Self {
        What::Rule { rule: RuleId(""), kind: 0 }
    }
}

/// The id of a rule; empty where there is no such rule any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct RuleId(pub &'static str);

impl<'de> Deserialize<'de> for RuleId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let id = String::deserialize(deserializer)?;
        Ok(RuleId(RULES.iter().map(|rule| rule.id).find(|known| *known == id).unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_of_before_connections_and_tunnels_can_be_read() {
        let stream = Stream { source: "fw".into(), ..Stream::default() };
        let mut written = serde_json::to_value(&stream).unwrap();
        let fields = written.as_object_mut().unwrap();
        assert!(fields.remove("connections").is_some());
        fields.insert("refused".into(), serde_json::json!([[7, [1, 2]]]));
        let read: Stream = serde_json::from_value(written).unwrap();
        assert!(&*read.source == "fw" && read.connections.is_empty());
        let mut written = serde_json::to_value(Supplied::default()).unwrap();
        assert!(written.as_object_mut().unwrap().remove("tunnels").is_some());
        // What a rule remembered of nothing, it may come to remember of something.
        let memory = written["memory"].as_object_mut().unwrap();
        for rule in ["lan_to_lan", "off_hours", "overstay", "volume_out"] {
            assert!(memory.insert(rule.into(), serde_json::Value::Null).is_some(), "{rule}");
        }
        let of_before = serde_json::json!({ "first": 7, "sessions": 5, "used": { "192.0.2.1": 9 }, "fresh": [] });
        assert!(memory.insert("scope_breach".into(), of_before).is_some());
        let read = serde_json::from_value::<Supplied>(written).unwrap();
        assert!(read.tunnels.is_empty());
        let again = serde_json::to_value(&read).unwrap();
        assert_eq!(again["memory"]["scope_breach"]["sessions"], 5);
        assert_eq!(again["memory"]["scope_breach"]["used"]["192.0.2.1"], 9);
    }
}

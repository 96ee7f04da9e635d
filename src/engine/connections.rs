//! What the lines of a connection said before it was a session.
//!
//! Many devices tell a login over several lines that bear one id: where it comes from, who it is, that the password was right.
//! Until they make a session, what they said is remembered here; from then on the session itself is the memory.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use foldhash::HashMap;
use parsers::Time;
use parsers::time::{HOUR, MINUTE, SECOND};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::alert::Evidence;

/// After a silence this long an id stands for another connection.
pub(super) const SILENT: i64 = HOUR;

/// Another name within this of the last line is the same person trying again; later, somebody else under the same id.
const RETRIED_WITHIN: i64 = 5 * MINUTE;

/// A refusal counts against what seems to come up this much earlier or later.
pub(super) const REFUSED_WITHIN: i64 = MINUTE;

/// Lines that tell one refused attempt in different words lie at most this far apart.
const ONE_ATTEMPT: i64 = 3 * SECOND;

/// What the lines of a connection said so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Connection {
    /// Event time of its earliest line.
    pub first: Time,
    /// Event time of its latest line.
    pub last: Time,
    /// Login without domain, as the latest line that names one writes it.
    pub user: Option<Box<[u8]>>,
    /// Domain of the login.
    pub domain: Option<Box<[u8]>>,
    /// VPN group, realm or role.
    pub group: Option<Box<[u8]>>,
    /// Where it comes from.
    pub source_ip: Option<IpAddr>,
    /// Inner address handed out to it.
    pub inner: Option<IpAddr>,
    /// Whether a second factor was given.
    pub mfa: Option<bool>,
    /// When credentials were accepted or an inner address handed out: once it has a name, it is a session since then.
    pub accepted: Option<Time>,
    /// When it was last refused.
    pub refused: Option<Time>,
    /// The last refused attempt that was told to the rules: when, and in which words.
    pub attempt: Option<(Time, Box<[u8]>)>,
    /// Hashes of the last refusals that were nobody's when they came: a repetition is nobody's still.
    pub refusals: Vec<[u8; 32]>,
    /// The lines that all this rests on, where a session may come to rest on them.
    pub evidence: Vec<Evidence>,
}

impl Connection {
    /// Whether a line of a time, a source and a user speaks of this connection still, and not of another one under the same id.
    pub(super) fn goes_on(&self, time: Time, source: Option<IpAddr>, user: Option<&[u8]>) -> bool {
        let elsewhere = source.is_some() && self.source_ip.is_some() && source != self.source_ip;
        let within = |span| time.since(self.last) <= span && self.first.since(time) <= span;
        !elsewhere && within(if self.is_anothers(user) { RETRIED_WITHIN } else { SILENT })
    }

    /// Whether it bears a name, and a line names somebody else.
    pub(super) fn is_anothers(&self, user: Option<&[u8]>) -> bool {
        user.is_some_and(|user| self.user.as_ref().is_some_and(|own| !own.eq_ignore_ascii_case(user)))
    }

    /// Whether it was refused about then.
    pub(super) fn was_refused(&self, time: Time) -> bool {
        self.refused.is_some_and(|refused| time.0.abs_diff(refused.0) <= REFUSED_WITHIN.unsigned_abs())
    }

    /// Whether a refusal only tells in other words of an attempt that was told.
    pub(super) fn tells_again(&self, time: Time, words: &[u8]) -> bool {
        self.attempt.as_ref().is_some_and(|(told, first)| time.0.abs_diff(told.0) <= ONE_ATTEMPT.unsigned_abs() && **first != *words)
    }
}

/// The connections of a stream that are no sessions, by id. Those of accounts that once got in and all others each have room of
/// their own, and in each the oldest makes room for a new one: what strangers invent drives out strangers only.
#[derive(Clone, Debug, Default)]
pub struct Connections {
    held: HashMap<Arc<[u8]>, Held>,
    /// Ids of strangers and of known accounts, in the order in which they came.
    ages: [BTreeMap<u64, Arc<[u8]>>; 2],
    next: u64,
}

#[derive(Clone, Debug)]
struct Held {
    connection: Arc<Connection>,
    known: bool,
    age: u64,
}

impl Connections {
    /// The connection of an id.
    pub fn get(&self, id: &[u8]) -> Option<&Connection> {
        self.held.get(id).map(|held| &*held.connection)
    }

    /// Number of connections.
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Remembers a connection as it stands now; of each kind at most `room`.
    pub(super) fn put(&mut self, id: &[u8], connection: Connection, known: bool, room: usize) {
        let old = self.held.remove(id);
        let key = old.as_ref().and_then(|old| self.ages_of(old.known).remove(&old.age)).unwrap_or_else(|| id.into());
        let age = old.filter(|old| old.known == known).map_or(self.next, |old| old.age);
        self.next = self.next.max(age + 1);
        self.ages_of(known).insert(age, Arc::clone(&key));
        self.held.insert(key, Held { connection: Arc::new(connection), known, age });
        while self.ages_of(known).len() > room.max(1) {
            let Some((_, oldest)) = self.ages_of(known).pop_first() else { break };
            self.held.remove(&oldest);
        }
    }

    /// Forgets the connection of an id.
    pub(super) fn forget(&mut self, id: &[u8]) {
        if let Some(held) = self.held.remove(id) {
            self.ages_of(held.known).remove(&held.age);
        }
    }

    /// Whether a connection has said nothing since a time.
    pub(super) fn any_silent_since(&self, time: Time) -> bool {
        self.held.values().any(|held| held.connection.last < time)
    }

    /// Forgets connections that have said nothing since a time.
    pub(super) fn forget_silent_since(&mut self, time: Time) {
        let silent: Vec<Arc<[u8]>> =
            self.held.iter().filter(|(_, held)| held.connection.last < time).map(|(id, _)| Arc::clone(id)).collect();
        silent.iter().for_each(|id| self.forget(id));
    }

    fn ages_of(&mut self, known: bool) -> &mut BTreeMap<u64, Arc<[u8]>> {
        let [strangers, accounts] = &mut self.ages;
        if known { accounts } else { strangers }
    }
}

impl Serialize for Connections {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let known = [false, true].into_iter().zip(&self.ages);
        let all = known.flat_map(|(known, ages)| ages.values().filter_map(move |id| Some((known, id, &self.held.get(id)?.connection))));
        serializer.collect_seq(all)
    }
}

impl<'de> Deserialize<'de> for Connections {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let all: Vec<(bool, Vec<u8>, Connection)> = Vec::deserialize(deserializer)?;
        let mut connections = Connections::default();
        for (known, id, connection) in all {
            connections.put(&id, connection, known, usize::MAX);
        }
        Ok(connections)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(connections: &Connections) -> Vec<String> {
        let mut ids: Vec<String> = connections.held.keys().map(|id| String::from_utf8_lossy(id).into_owned()).collect();
        ids.sort();
        ids
    }

    fn named(user: &[u8]) -> Connection {
        Connection { user: Some(user.into()), ..Connection::default() }
    }

    #[test]
    fn strangers_drive_out_strangers_only() {
        let mut connections = Connections::default();
        connections.put(b"own", named(b"fourn.chimere"), true, 3);
        for n in 0..1000 {
            connections.put(format!("s{n}").as_bytes(), Connection::default(), false, 3);
        }
        assert_eq!(ids(&connections), ["own", "s997", "s998", "s999"]);
        for n in 0..1000 {
            connections.put(format!("k{n}").as_bytes(), Connection::default(), true, 3);
        }
        assert_eq!(ids(&connections), ["k997", "k998", "k999", "s997", "s998", "s999"]);
    }

    #[test]
    fn a_connection_that_gets_its_name_is_one_still() {
        let mut connections = Connections::default();
        connections.put(b"a", Connection::default(), false, 2);
        connections.put(b"b", Connection::default(), false, 2);
        connections.put(b"a", named(b"fourn.chimere"), true, 2);
        connections.put(b"c", Connection::default(), false, 2);
        connections.put(b"b", named(b"dupont.m"), false, 2);
        connections.put(b"d", Connection::default(), false, 2);
        // Its age is that of its first line.
        assert_eq!(ids(&connections), ["a", "c", "d"]);
        connections.forget(b"c");
        connections.forget(b"a");
        assert_eq!((ids(&connections), connections.ages.iter().map(BTreeMap::len).sum::<usize>()), (vec!["d".to_owned()], 1));
    }

    #[test]
    fn what_is_read_back_goes_on_in_the_same_order() {
        let mut connections = Connections::default();
        for (id, known) in [("z", false), ("y", true), ("x", false), ("w", true)] {
            connections.put(id.as_bytes(), named(id.as_bytes()), known, 2);
        }
        let bytes = rmp_serde::to_vec_named(&connections).unwrap();
        let mut back: Connections = rmp_serde::from_slice(&bytes).unwrap();
        for one in [&mut connections, &mut back] {
            one.put(b"v", Connection::default(), false, 2);
            one.put(b"u", Connection::default(), true, 2);
            assert_eq!(ids(one), ["u", "v", "w", "x"]);
        }
        assert_eq!(back.get(b"x"), Some(&named(b"x")));
    }

    #[test]
    fn another_source_or_a_long_silence_begins_anew() {
        let at = |ip: &str| ip.parse().ok();
        let minutes = |n: i64| Time(n * MINUTE);
        let held = Connection { first: minutes(100), last: minutes(110), source_ip: at("198.51.100.7"), ..named(b"fourn.chimere") };
        for (time, source, user, expected) in [
            (111, None, None, true),
            (170, None, None, true),
            (171, None, None, false),
            (111, Some("198.51.100.7"), Some("FOURN.chimere"), true),
            (111, Some("203.0.113.50"), None, false),
            (115, None, Some("ext-chimere-1"), true),
            (116, None, Some("ext-chimere-1"), false),
            (99, None, None, true),
            (39, None, None, false),
        ] {
            let goes_on = held.goes_on(minutes(time), source.and_then(at), user.map(str::as_bytes));
            assert_eq!(goes_on, expected, "{time} {source:?} {user:?}");
        }
    }

    #[test]
    fn one_attempt_in_several_words_is_one() {
        let held = Connection { attempt: Some((Time(0), b"authentication failure".as_slice().into())), ..Connection::default() };
        for (seconds, words, expected) in [
            (0, "Failed password", true),
            (3, "Failed password", true),
            (4, "Failed password", false),
            (1, "authentication failure", false),
        ] {
            assert_eq!(held.tells_again(Time(seconds * SECOND), words.as_bytes()), expected, "{seconds} {words}");
        }
    }
}

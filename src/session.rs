//! A session of a supplier's account, and where it comes from.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use parsers::Time;
use parsers::time::SECOND;
use serde::{Deserialize, Serialize};

use crate::alert::Evidence;
use crate::scene::Scene;

/// Where a session comes from, as one hand would: an egress group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Origin {
    /// The supplier's declared networks, all together.
    Declared,
    /// An IPv4 /24, the whole of the carriers' 100.64.0.0/10, or an IPv6 /48: its first address.
    Network(IpAddr),
    /// An autonomous system, where a database knows it.
    System(u32),
}

impl Origin {
    /// The origin of an address of which nothing else is known.
    pub fn of(address: IpAddr) -> Origin {
        Origin::Network(match address.to_canonical() {
            IpAddr::V4(v4) => IpAddr::V4((u32::from(v4) & prefix_mask(v4)).into()),
            IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) & (u128::MAX << 80)).into()),
        })
    }

    /// For people: `declared networks`, `203.0.113.0/24`, `AS64500`.
    pub fn describe(self) -> String {
        match self {
            Origin::Declared => "declared networks".into(),
            Origin::Network(network @ IpAddr::V4(v4)) => format!("{network}/{}", prefix_mask(v4).leading_ones()),
            Origin::Network(network @ IpAddr::V6(_)) => format!("{network}/48"),
            Origin::System(number) => format!("AS{number}"),
        }
    }
}

/// Behind a carrier's NAT a telephone's address is as good as random within 100.64.0.0/10.
fn prefix_mask(address: Ipv4Addr) -> u32 {
    const CARRIERS: u32 = 0xffc0_0000;
    if u32::from(address) & CARRIERS == u32::from(Ipv4Addr::new(100, 64, 0, 0)) { CARRIERS } else { 0xffff_ff00 }
}

/// From a login or tunnel up to its end.
///
/// A line of traffic asks for the first fields only: they lie side by side, in two lines of the processor's cache.
#[repr(C)]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// Counts the sessions of the account, from 0.
    pub number: u32,
    /// Index of the stream that announced it.
    pub stream: u32,
    /// Event time of the first line that announced it.
    pub opened: Time,
    /// Latest sign of life: announcement or use. An end line is none.
    pub life: Time,
    /// When it went on as another session, if it has shown no life since.
    pub moved: Option<Time>,
    /// When it ended, if a line said so.
    pub closed: Option<Time>,
    /// Public address it comes from.
    pub source_ip: Option<IpAddr>,
    /// Inner address its gateway handed out.
    pub inner: Option<IpAddr>,
    /// Egress group of that address; `None` for front-ends and inner addresses.
    pub origin: Option<Origin>,
    /// Story of its alerts.
    pub story: Arc<str>,
    /// Bytes sent by the remote user, as the device counted them last.
    #[serde(default)]
    pub sent: Option<u64>,
    /// Bytes sent to the remote user, as the device counted them last.
    #[serde(default)]
    pub received: Option<u64>,
    /// Bytes sent to the remote user by what ended within it: target sessions and bastion connections.
    #[serde(default)]
    pub received_within: Option<u64>,
    /// Whether a second factor was given, as far as its lines tell.
    #[serde(default)]
    pub mfa: Option<bool>,
    /// So far only an authentication server has told of it: whether it goes on, and when it ends, nobody says.
    #[serde(default)]
    pub vouched: bool,
    /// It never was one: what seemed to come up was refused.
    #[serde(default)]
    pub void: bool,
    /// The line that opened it was a target session of a bastion, not the login before it.
    #[serde(default)]
    pub on_target: bool,
    /// Site of its gateway.
    pub site: Option<Arc<str>>,
    /// Device that announced it, else its source.
    pub observer: Arc<str>,
    /// The device's session id.
    pub id: Option<Box<[u8]>>,
    /// What else told of it: index of the stream, and the id that it bears there, empty if none.
    #[serde(default)]
    pub also: Vec<(u32, Box<[u8]>)>,
    /// What is open within it, oldest first: target sessions and bastion connections, by index of their stream and id.
    #[serde(default)]
    pub within: Vec<(u32, Box<[u8]>)>,
    /// The line that ended it, if one did: index of its stream, and in which words.
    #[serde(default)]
    pub ended_by: Option<(u32, Box<[u8]>)>,
    /// The line that opened it.
    pub evidence: Evidence,
}

/// How much is kept open within a session; beyond, the oldest is taken for over.
const WITHIN: usize = 64;

/// How many further names a session may bear.
const NAMES: usize = 8;

/// Lines that tell one end in different words, or on different devices, lie at most this far apart.
const ONE_END: i64 = 10 * SECOND;

impl Session {
    /// Whether an id of a stream is its own, and not of something within it.
    pub fn bears(&self, stream: u32, id: &[u8]) -> bool {
        self.names().any(|(of, own)| of == stream && *own == *id)
    }

    /// The ids that it bears, by stream.
    pub fn names(&self) -> impl Iterator<Item = (u32, &[u8])> {
        let also = self.also.iter().map(|(stream, id)| (*stream, &**id)).filter(|(_, id)| !id.is_empty());
        self.id.iter().map(|id| (self.stream, &**id)).chain(also)
    }

    /// Whether a stream told of it.
    pub fn is_told_on(&self, stream: u32) -> bool {
        self.stream == stream || self.also.iter().any(|(of, _)| *of == stream)
    }

    /// Takes down that another line tells of it. What only an authentication server told before is the gateway's from now on.
    pub fn told_by(&mut self, stream: u32, id: Option<&[u8]>) {
        if self.vouched || (self.id.is_none() && (id.is_some() || self.stream == stream)) {
            if !self.vouched && self.stream != stream {
                self.also.push((self.stream, Box::default()));
            }
            (self.stream, self.id, self.vouched) = (stream, id.map(Into::into), false);
            return;
        }
        let id = id.unwrap_or_default();
        let is_known = self.stream == stream && (id.is_empty() || self.id.as_deref() == Some(id));
        if !is_known && self.also.len() < NAMES && !self.also.iter().any(|(of, own)| *of == stream && **own == *id) {
            self.also.push((stream, id.into()));
        }
    }

    /// It no longer bears an id of a stream.
    pub fn unnamed(&mut self, stream: u32, id: &[u8]) {
        if self.stream == stream && self.id.as_deref() == Some(id) {
            self.id = None;
        }
        self.also.retain(|(of, own)| *of != stream || **own != *id);
    }

    /// Whether a line, by its stream and its words, only tells once more how it ended.
    pub fn ends_again(&self, at: Time, stream: u32, words: &[u8]) -> bool {
        let just = self.closed.is_some_and(|closed| at.since(closed).unsigned_abs() <= ONE_END.unsigned_abs());
        just && self.ended_by.as_ref().is_some_and(|(of, told)| *of != stream || **told != *words)
    }

    /// Takes down that something was opened within it; gives back what is taken for over.
    pub fn opened_within(&mut self, stream: u32, id: &[u8]) -> Option<(u32, Box<[u8]>)> {
        if self.within.iter().any(|(of, held)| *of == stream && **held == *id) {
            return None;
        }
        self.within.push((stream, id.into()));
        (self.within.len() > WITHIN).then(|| self.within.remove(0))
    }

    /// Something within it is over. Whether the session is, too: one without an id and an address of its own, as a bastion's
    /// login is, lasts as long as something is open within it.
    pub fn closed_within(&mut self, stream: u32, id: &[u8]) -> bool {
        self.within.retain(|(of, held)| !(*of == stream && **held == *id));
        self.within.is_empty() && self.id.is_none() && self.inner.is_none()
    }

    /// The device counted its bytes: its lines count from its beginning, so the largest figure is the last.
    pub fn counted(&mut self, sent: Option<u64>, received: Option<u64>) {
        self.sent = self.sent.max(sent);
        self.received = self.received.max(received);
    }

    /// Something within it ended, and the device counted its bytes.
    pub fn counted_within(&mut self, received: Option<u64>) {
        if let Some(received) = received {
            self.received_within = Some(self.received_within.unwrap_or(0).saturating_add(received));
        }
    }

    /// It shows life: it is in use, and has not moved.
    pub fn lives(&mut self, at: Time) {
        self.life = self.life.max(at);
        self.moved = self.moved.filter(|&moved| at <= moved);
    }

    /// Whether the session runs at a time: opened, and not ended.
    pub fn alive(&self, at: Time) -> bool {
        self.opened <= at && self.closed.is_none_or(|closed| closed > at)
    }

    /// Whether it is known to be open at a time: somebody is in it, and a device that would tell its end has told of it.
    pub fn is_seen_open(&self, at: Time) -> bool {
        !self.vouched && self.is_peopled(at)
    }

    /// Whether somebody is in it at a time: it runs, and has not gone on as another session of the account.
    pub fn is_peopled(&self, at: Time) -> bool {
        self.alive(at) && self.moved.is_none_or(|moved| moved > at)
    }

    /// The session as an alert shows it at a time at which no line stands: its opening line, without text.
    pub fn scene(&self, at: Time, login: Option<Arc<str>>) -> Scene {
        Scene {
            time: at,
            login,
            source_ip: self.source_ip,
            destination_ip: None,
            destination_port: None,
            observer: Arc::clone(&self.observer),
            site: self.site.clone(),
            evidence: self.evidence.clone(),
            earlier: Vec::new(),
            story: Some(Arc::clone(&self.story)),
            time_guessed: false,
            time_ambiguous: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> Session {
        let evidence = Evidence { source: "fw".into(), offset: 7, time: Time(1), sha256: [7; 32], raw: None };
        Session {
            number: 3,
            opened: Time(1),
            life: Time(2),
            moved: None,
            closed: None,
            source_ip: "198.51.100.7".parse().ok(),
            origin: None,
            inner: None,
            stream: 1,
            id: None,
            also: Vec::new(),
            vouched: false,
            void: false,
            ended_by: None,
            site: None,
            story: "s".into(),
            evidence,
            observer: "fw".into(),
            mfa: None,
            sent: None,
            received: None,
            received_within: None,
            on_target: false,
            within: Vec::new(),
        }
    }

    #[test]
    fn an_address_alone_is_of_its_network() {
        for (address, expected) in [
            ("203.0.113.77", "203.0.113.0/24"),
            ("::ffff:203.0.113.77", "203.0.113.0/24"),
            ("100.99.7.1", "100.64.0.0/10"),
            ("100.128.7.1", "100.128.7.0/24"),
            ("2001:db8:7:ff:1:2:3:4", "2001:db8:7::/48"),
        ] {
            assert_eq!(Origin::of(address.parse().unwrap()).describe(), expected);
        }
        let written = serde_json::json!({ "Network": "203.0.113.0" });
        assert_eq!(serde_json::from_value::<Origin>(written).unwrap(), Origin::of("203.0.113.9".parse().unwrap()));
    }

    #[test]
    fn what_was_written_before_lines_were_joined_can_be_read() {
        let session = session();
        let mut written = serde_json::to_value(&session).unwrap();
        let fields = written.as_object_mut().unwrap();
        for field in ["mfa", "sent", "received", "received_within", "on_target", "within", "also", "vouched", "void", "ended_by"] {
            assert!(fields.remove(field).is_some(), "{field}");
        }
        assert_eq!(serde_json::from_value::<Session>(written).unwrap(), session);
        let scene = session.scene(Time(2), None);
        let mut written = serde_json::to_value(&scene).unwrap();
        assert!(written.as_object_mut().unwrap().remove("earlier").is_some());
        assert_eq!(serde_json::from_value::<Scene>(written).unwrap(), scene);
    }

    #[test]
    fn a_login_lasts_as_long_as_something_is_open_within() {
        let mut session = session();
        assert_eq!(session.opened_within(1, b"a"), None);
        assert_eq!(session.opened_within(2, b"a"), None);
        assert_eq!(session.opened_within(1, b"a"), None);
        assert!(!session.closed_within(1, b"a"));
        assert!(session.closed_within(2, b"a"));
        session.id = Some(b"own".as_slice().into());
        assert!(!session.closed_within(2, b"a"));
        assert!(session.bears(1, b"own") && !session.bears(2, b"own") && !session.bears(1, b"a"));
        for n in 0..=255_u8 {
            session.opened_within(1, &[n]);
        }
        assert_eq!(session.within.len(), WITHIN);
    }

    #[test]
    fn the_largest_count_is_the_last() {
        let mut session = session();
        for (sent, received) in [(Some(10), None), (None, Some(7)), (Some(4), Some(9))] {
            session.counted(sent, received);
        }
        assert_eq!((session.sent, session.received), (Some(10), Some(9)));
    }
}

//! `volume-out`.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::{Case, Finding, Findings, Happening, Learned, Remembered, Rule, clock_words, local, size_words};
use crate::alert::{Because, RuleName, Severity};
use crate::learning::{Fading, Spread};
use crate::session::Session;
use crate::told::{Nearest, Told};
use crate::toml_reader::Table;
use crate::zone::rfc3339_in;

/// Sessions of an account whose flows are counted; the engine keeps as many.
const SESSIONS: usize = 256;

/// Flows of one session whose counts are running; of more, only the last count counts.
const RUNNING: usize = 64;

const VOLUME: &str = "volume";

#[doc = include_str!("volume_out.md")]
#[derive(Clone, Debug)]
pub struct VolumeOut {
    /// How many times the most of a supplier's sessions are too many.
    pub times: u64,
    /// Bytes below which they are not.
    pub at_least: u64,
    /// How many sessions must be known by then.
    pub sessions: u64,
}

impl Default for VolumeOut {
    fn default() -> Self {
        VolumeOut { times: 10, at_least: 500_000_000, sessions: 20 }
    }
}

/// What is remembered of an account.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OfAccount {
    /// What the flows of its sessions took out, by number of the session.
    flows: BySession,
    /// What sessions took out that have ended and went on as others, by story.
    before: BTreeMap<Arc<str>, u64>,
}

/// An account has one session, as a rule: what is counted of it lies with the account.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "BTreeMap<u32, Flows>", into = "BTreeMap<u32, Flows>")]
struct BySession(SmallVec<[(u32, Flows); 1]>);

impl From<BTreeMap<u32, Flows>> for BySession {
    fn from(flows: BTreeMap<u32, Flows>) -> BySession {
        BySession(flows.into_iter().collect())
    }
}

impl From<BySession> for BTreeMap<u32, Flows> {
    fn from(flows: BySession) -> BTreeMap<u32, Flows> {
        flows.0.into_iter().collect()
    }
}

impl BySession {
    fn get(&self, number: u32) -> Option<&Flows> {
        self.0.iter().find(|(of, _)| *of == number).map(|(_, flows)| flows)
    }

    fn of(&mut self, number: u32) -> Option<&mut Flows> {
        let at = self.0.iter().position(|(of, _)| *of == number).unwrap_or_else(|| {
            self.0.push((number, Flows::default()));
            self.0.len() - 1
        });
        self.0.get_mut(at).map(|(_, flows)| flows)
    }
}

/// What the flows of one session took out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Flows {
    bytes: u64,
    /// Counts of flows that go on.
    running: Vec<(Flow, u64)>,
}

/// What tells one flow of a session from another: addresses and ports.
type Flow = ([Option<IpAddr>; 2], [Option<u16>; 2]);

/// What a session may take out.
struct Limit {
    bytes: u64,
    reason: &'static str,
    words: String,
    because: Because,
    unless: String,
}

impl Rule for VolumeOut {
    const NAME: RuleName = RuleName {
        id: "volume-out",
        name: "Supplier session takes out too much",
        category: &["network", "session"],
        techniques: &[("T1048", "Exfiltration Over Alternative Protocol")],
    };
    const MANUAL: &'static str = include_str!("volume_out.md");
    const LEARNS: &'static [&'static str] = &[VOLUME];
    type Account = OfAccount;
    /// How much its sessions take out.
    type Supplier = Fading<Spread>;
    type Address = ();
    type Stream = ();

    fn heeds(happening: Happening) -> bool {
        matches!(happening, Happening::Used { .. } | Happening::Counted | Happening::Ended)
    }

    fn observe(&self, case: &Case<'_>, memory: Remembered<'_, Self>, out: &mut Findings) {
        let Remembered { account, supplier, .. } = memory;
        let Some(session) = case.session else { return };
        let counts = match case.happening {
            Happening::Used { .. } => account.flow(case, session),
            Happening::Counted => true,
            Happening::Ended => {
                account.ended(case, session, supplier);
                false
            }
            _ => false,
        };
        if !counts {
            return;
        }
        let taken = account.taken(case, session);
        if let Some(limit) = self.limit(case, supplier, taken).filter(|limit| taken > limit.bytes) {
            report(case, session, taken, limit, out);
        }
    }

    fn learned(&self, memory: &Self::Supplier, now: parsers::Time) -> Vec<Learned> {
        let most = memory.most(now).map(|most| Learned {
            what: VOLUME,
            value: format!("99 % of its sessions take out {} or less", size_words(most)),
            count: Some(memory.known(now)),
            last: None,
        });
        most.into_iter().collect()
    }

    fn unlearn(&self, memory: &mut Self::Supplier, _: &str) {
        *memory = Fading::default();
    }

    fn read(table: &mut Table<'_>) -> Self {
        let default = VolumeOut::default();
        let mut count = |key, range, default: u64| table.integer(key, range).and_then(|n| u64::try_from(n).ok()).unwrap_or(default);
        let (times, sessions) = (count("times", 1..=1_000_000, default.times), count("sessions", 1..=1_000_000, default.sessions));
        VolumeOut { times, sessions, at_least: table.size("at_least").unwrap_or(default.at_least) }
    }

    fn settings(&self) -> Vec<(&'static str, String, &'static str)> {
        vec![
            ("times", self.times.to_string(), "how many times what 99 % of the supplier's sessions take out is too much (no max_upload)"),
            ("at_least", format!("{}B", self.at_least), "below it nothing is too much (no max_upload)"),
            ("sessions", self.sessions.to_string(), "how many sessions must be known by then"),
        ]
    }

    fn nearest(&self, told: &Told<'_>) -> Vec<Nearest> {
        let size = |fact: &str| told.number(fact).and_then(|bytes| u64::try_from(bytes).ok()).map(size_words);
        let taken = size("taken_out_bytes");
        let less = size("limit_bytes").map(|limit| {
            let means = taken.as_ref().map(|taken| format!("it took out {taken}")).unwrap_or_default();
            Nearest::new("taken out", format!("{limit} at most"), means)
        });
        let allowed = taken.as_ref().map(|taken| Nearest::new("a max_upload of", format!("{taken} or more"), "of the supplier in the register"));
        less.into_iter().chain(allowed).collect()
    }
}

impl VolumeOut {
    /// What the supplier's sessions may take out, as far as it matters for so many bytes; `None` while nothing says so.
    fn limit(&self, case: &Case<'_>, known: &Fading<Spread>, taken: u64) -> Option<Limit> {
        let supplier = case.supplier;
        if let Some(bytes) = supplier.max_upload {
            let words = size_words(bytes);
            let because = Because::default().with("max_upload", words.as_str());
            let unless = format!("a max_upload of {} or more for {}", size_words(taken), supplier.id);
            return Some(Limit { bytes, reason: "over-limit", words: format!("more than its limit of {words}"), because, unless });
        }
        if taken <= self.at_least {
            return None;
        }
        let sessions = known.known(case.now);
        if sessions < self.sessions {
            return None;
        }
        let most = known.most(case.now)?;
        let words = format!("99 % of its {sessions} sessions take out {} or less", size_words(most));
        let because = Because::default().with("usual", words.as_str()).with("times", self.times).with("at_least", size_words(self.at_least));
        let unless = format!("a max_upload for {} that allows it", supplier.id);
        Some(Limit { bytes: most.saturating_mul(self.times).max(self.at_least), reason: "over-profile", words, because, unless })
    }
}

impl OfAccount {
    /// A flow of a session tells what it took out; whether it does.
    fn flow(&mut self, case: &Case<'_>, session: &Session) -> bool {
        let Some(facts) = case.event().map(|event| &event.facts) else { return false };
        // A flow from the target to the user sends what it takes out.
        let is_towards_user = session.inner.is_some() && facts.destination_ip == session.inner;
        let Some(bytes) = (if is_towards_user { facts.source_bytes } else { facts.destination_bytes }) else { return false };
        if self.flows.0.len() >= SESSIONS {
            self.flows.0.retain(|(number, _)| case.sessions.iter().any(|session| session.number == *number));
        }
        let Some(Flows { bytes: taken, running }) = self.flows.of(session.number) else { return false };
        let flow = ([facts.source_ip, facts.destination_ip], [facts.source_port, facts.destination_port]);
        let before = running.iter().position(|(known, _)| *known == flow).map_or(0, |at| running.swap_remove(at).1);
        if facts.running {
            if running.len() >= RUNNING {
                return false;
            }
            running.push((flow, bytes.max(before)));
        }
        *taken = taken.saturating_add(bytes.saturating_sub(before));
        true
    }

    /// What a session took out by itself: of what flows, device and what is within it tell, the largest; `None` if nothing tells.
    fn of_session(&self, session: &Session) -> Option<u64> {
        let flows = self.flows.get(session.number).map(|flows| flows.bytes);
        flows.max(session.received).max(session.received_within)
    }

    /// What a session took out, with those that it moved on from.
    fn taken(&self, case: &Case<'_>, session: &Session) -> u64 {
        let before = self.before.get(&session.story).copied().unwrap_or(0);
        // Only of other sessions the stories have to be compared.
        let parts = case.sessions.iter().filter(|part| part.number == session.number || part.story == session.story);
        parts.filter_map(|part| self.of_session(part)).fold(before, u64::saturating_add)
    }

    /// A session will be forgotten: what it took out joins what is usual, or goes on with the session that it moved to.
    fn ended(&mut self, case: &Case<'_>, session: &Session, usual: &mut Fading<Spread>) {
        let own = self.of_session(session);
        self.flows.0.retain(|(number, _)| *number != session.number);
        let before = self.before.remove(&session.story);
        let Some(taken) = own.max(before).map(|_| own.unwrap_or(0).saturating_add(before.unwrap_or(0))) else { return };
        if case.sessions.iter().any(|other| other.story == session.story && other.number != session.number) {
            self.before.retain(|story, _| case.sessions.iter().any(|session| session.story == *story));
            self.before.insert(Arc::clone(&session.story), taken);
        } else {
            usual.add(taken, case.now);
        }
    }
}

fn report(case: &Case<'_>, session: &Session, taken: u64, limit: Limit, out: &mut Findings) {
    let Some(scene) = case.scene() else { return };
    let Limit { bytes, reason, words, because, unless } = limit;
    let zone = case.zone();
    let login = scene.login.as_deref().unwrap_or_default();
    let message = format!("{login} has taken out {} by {}: {words}", size_words(taken), clock_words(case.now, zone));
    let because = because
        .with("taken_out", size_words(taken))
        .with("taken_out_bytes", taken)
        .with("limit_bytes", bytes)
        .with("session_opened", rfc3339_in(session.opened, zone))
        .with("local_time", local(case.now, zone));
    out.report(Finding { because, unless, once: true, ..Finding::new(reason, Severity::High, scene, message) });
}

//! Two hands on one account: sessions beside each other, logins to and fro.

use parsers::Time;
use parsers::time::DAY;
use serde::{Deserialize, Serialize};

use super::SharedCredential;
use crate::alert::{Because, Evidence, Severity};
use crate::geo::Geo;
use crate::register::AccountKind;
use crate::rules::{Case, Finding, Findings, clock_words, make_room, span_words};
use crate::scene::Scene;
use crate::session::{Origin, Session};
use crate::zone::rfc3339_in;

/// Bounds of the memory: enough for what the rule speaks of, and no more.
const ORIGINS: usize = 64;
const PAIRS: usize = 16;
const SAID: usize = 64;

/// What is remembered of an account.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OfAccount {
    /// Origins it was seen from, oldest first.
    origins: Vec<Known>,
    /// The last runs of logins from one origin each, oldest first.
    runs: Vec<Run>,
    /// Sessions that run beside each other from two origins.
    pairs: Vec<Pair>,
    /// What was said of which two origins, and when.
    said: Vec<(String, Origin, Origin, Time)>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Known {
    origin: Origin,
    last: Time,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Run {
    origin: Origin,
    since: Time,
    evidence: Evidence,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Pair {
    old: u32,
    new: u32,
    /// When the second joined.
    joined: Time,
    /// The first one's last sign of life before that.
    before: Time,
    /// Its first sign of life after that.
    after: Option<Time>,
    /// The second one's origin was new to the account.
    unknown_origin: bool,
    scene: Scene,
}

impl OfAccount {
    /// Whether it never got in.
    pub(super) fn is_empty(&self) -> bool {
        self.origins.is_empty()
    }

    /// Whether an origin was seen before, by whatever was known of it then.
    fn knows(&self, origin: Origin, session: &Session, geo: &Geo) -> bool {
        let network = session.source_ip.map(Origin::of);
        let now_of = |seen| match seen {
            Origin::Network(first) => geo.system(first).map(|system| Origin::System(system.number)),
            _ => None,
        };
        let is_it = |seen: Origin| seen == origin || Some(seen) == network || now_of(seen) == Some(origin);
        self.origins.iter().any(|known| is_it(known.origin))
    }

    fn saw(&mut self, origin: Origin, now: Time) {
        if let Some(known) = self.origins.iter_mut().find(|known| known.origin == origin) {
            known.last = known.last.max(now);
            return;
        }
        if self.origins.len() >= ORIGINS
            && let Some(oldest) = self.origins.iter().enumerate().min_by_key(|(_, known)| known.last).map(|(at, _)| at)
        {
            self.origins.remove(oldest);
        }
        self.origins.reserve_exact(1);
        self.origins.push(Known { origin, last: now });
    }
}

impl SharedCredential {
    /// A named account in two hands is a fact; a generic one is known to be shared, and only a change counts.
    fn is_named(case: &Case<'_>) -> bool {
        case.account.is_some_and(|account| account.kind == AccountKind::Named)
    }

    /// A session shows that it lives: of pairs in which it is the first one, that decides.
    pub(super) fn sign_of_life(&self, case: &Case<'_>, session: &Session, memory: &mut OfAccount, out: &mut Findings) {
        for pair in memory.pairs.iter_mut().filter(|pair| pair.old == session.number) {
            if case.now <= pair.joined {
                pair.before = pair.before.max(case.now);
            } else if pair.after.is_none_or(|after| case.now < after) {
                pair.after = Some(case.now);
                out.wake(self.due(pair), 0);
            }
        }
    }

    /// When a pair is to be judged.
    fn due(&self, pair: &Pair) -> Time {
        let due = pair.joined.plus(self.concurrent_for);
        match pair.after {
            Some(after) if !self.lived_on(pair) => due.max(after),
            _ => due,
        }
    }

    /// Whether the first session's silence is too long for the second to be the first one moving.
    fn lived_on(&self, pair: &Pair) -> bool {
        pair.joined.since(pair.before) > self.moves_within
    }

    /// A session joins from its origin: beside which others, after which others?
    pub(super) fn join(&self, case: &Case<'_>, memory: &mut OfAccount, out: &mut Findings) {
        let (Some(session), Some(line)) = (case.session, case.line) else { return };
        let Some(origin) = session.origin else { return };
        let now = case.now;
        let unknown_origin = !memory.knows(origin, session, case.geo);
        memory.saw(origin, now);
        // By its network it is known even if the database that tells its system comes or goes.
        if let (Origin::System(_), Some(address)) = (origin, session.source_ip) {
            memory.saw(Origin::of(address), now);
        }
        memory.pairs.retain(|pair| case.sessions.iter().any(|session| session.number == pair.old && now.since(pair.joined) < DAY));
        for other in case.sessions.iter().filter(|other| other.number != session.number && other.alive(now)) {
            if other.origin.is_none_or(|other| other == origin) {
                continue;
            }
            let Some(scene) = case.scene() else { continue };
            let lived = other.life > now;
            let pair = Pair {
                old: other.number,
                new: session.number,
                joined: now,
                before: if lived { other.opened } else { other.life },
                after: lived.then_some(other.life),
                unknown_origin,
                scene,
            };
            if self.lived_on(&pair) || pair.after.is_some() {
                out.wake(self.due(&pair), 0);
            }
            make_room(&mut memory.pairs, PAIRS);
            memory.pairs.push(pair);
        }
        if memory.runs.last().is_none_or(|run| run.origin != origin && run.since <= now) {
            memory.runs.reserve_exact(1);
            memory.runs.push(Run { origin, since: now, evidence: line.evidence() });
            let surplus = memory.runs.len().saturating_sub(usize::from(self.switches) + 1);
            memory.runs.drain(..surplus);
            self.alternation(case, memory, out);
        }
    }

    /// Two sessions have run beside each other for long enough.
    pub(super) fn concurrent(&self, case: &Case<'_>, memory: &mut OfAccount, out: &mut Findings) {
        let by_number = |number| case.sessions.iter().find(|session| session.number == number);
        let pairs = std::mem::take(&mut memory.pairs);
        for pair in pairs {
            let due = self.due(&pair);
            let judged = due <= case.now && (self.lived_on(&pair) || pair.after.is_some());
            let (Some(old), Some(new)) = (by_number(pair.old), by_number(pair.new)) else { continue };
            if !judged {
                memory.pairs.push(pair);
                continue;
            }
            let (Some(first), Some(second)) = (old.origin, new.origin) else { continue };
            let named = SharedCredential::is_named(case);
            if !(old.is_peopled(due) && new.is_peopled(due) && (named || pair.unknown_origin)) || !newly_said(memory, "concurrent-sessions", first, second, due) {
                continue;
            }
            let mut scene = pair.scene;
            scene.time = due;
            let zone = case.zone();
            let login = scene.login.as_deref().unwrap_or_default();
            let shown = |session: &Session, origin: Origin| match session.source_ip {
                Some(ip) => format!("{ip} ({})", origin.describe()),
                None => origin.describe(),
            };
            let message = format!(
                "{login} live from two origins at once for {}: {} since {} and {} since {}",
                span_words(self.concurrent_for),
                shown(old, first),
                clock_words(old.opened, zone),
                shown(new, second),
                clock_words(new.opened, zone)
            );
            let because = Because::default()
                .with("account_kind", if named { "named" } else { "generic" })
                .with("origins", vec![first.describe(), second.describe()])
                .with("first_opened", rfc3339_in(old.opened, zone))
                .with("first_last_life", rfc3339_in(pair.after.filter(|&after| after <= due).unwrap_or(pair.before), zone))
                .with("second_opened", rfc3339_in(new.opened, zone))
                .with("new_origin", pair.unknown_origin)
                .with("concurrent_for", span_words(self.concurrent_for));
            out.report(Finding {
                because,
                unless: format!("one of the two sessions ended before {}", rfc3339_in(due, zone)),
                earlier: vec![old.evidence.clone()],
                ips: old.source_ip.into_iter().chain(new.source_ip).collect(),
                ..Finding::new("concurrent-sessions", if named { Severity::High } else { Severity::Medium }, scene, message)
            });
        }
    }

    /// A-B-A-B: the account is passed to and fro. Of a generic one that tells nothing: it goes to and fro all day between those
    /// who share it, and whoever joins them is told of when he does.
    fn alternation(&self, case: &Case<'_>, memory: &mut OfAccount, out: &mut Findings) {
        if !SharedCredential::is_named(case) {
            return;
        }
        let wanted = usize::from(self.switches) + 1;
        let [first, second, .., last] = memory.runs.as_slice() else { return };
        let (a, b) = (first.origin, second.origin);
        let alternates = memory.runs.len() == wanted
            && memory.runs.iter().enumerate().all(|(at, run)| run.origin == if at % 2 == 0 { a } else { b })
            && last.since.since(second.since) <= self.switches_within;
        if !alternates {
            return;
        }
        let earlier: Vec<Evidence> = memory.runs.iter().take(wanted - 1).map(|run| run.evidence.clone()).collect();
        let since = first.since;
        if !newly_said(memory, "alternation", a, b, case.now) {
            return;
        }
        let Some(scene) = case.scene() else { return };
        let zone = case.zone();
        let message = format!(
            "{} passed to and fro between {} and {}: {} switches since {}",
            scene.login.as_deref().unwrap_or_default(),
            a.describe(),
            b.describe(),
            self.switches,
            clock_words(since, zone)
        );
        let because = Because::default()
            .with("account_kind", "named")
            .with("origins", vec![a.describe(), b.describe()])
            .with("switches", self.switches)
            .with("switches_within", span_words(self.switches_within))
            .with("since", rfc3339_in(since, zone));
        out.report(Finding {
            because,
            unless: format!("fewer than {} switches of origin within {}", self.switches, span_words(self.switches_within)),
            earlier,
            ..Finding::new("alternation", Severity::High, scene, message)
        });
    }
}

/// Whether `reason` was not yet said of two origins within a day; takes it down as said.
fn newly_said(memory: &mut OfAccount, reason: &str, a: Origin, b: Origin, now: Time) -> bool {
    let (a, b) = (a.min(b), a.max(b));
    memory.said.retain(|held| now.since(held.3) < DAY);
    if memory.said.iter().any(|held| held.0 == reason && held.1 == a && held.2 == b) {
        return false;
    }
    make_room(&mut memory.said, SAID);
    memory.said.push((reason.to_owned(), a, b, now));
    true
}

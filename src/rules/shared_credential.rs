//! `shared-credential`.

use std::sync::Arc;

use parsers::Time;
use parsers::time::{DAY, HOUR, MINUTE};
use serde::{Deserialize, Serialize};

use super::{Case, Finding, Findings, Happening, Remembered, Rule, clock_words, span_words};
use crate::alert::{Because, Evidence, RuleName, Severity};
use crate::geo::Geo;
use crate::register::{AccountKind, SupplierKind};
use crate::session::{Origin, Scene, Session};
use crate::told::{Amount, Nearest, Remedy, Told};
use crate::toml_reader::Table;
use crate::zone::rfc3339_in;

#[doc = include_str!("shared_credential.md")]
#[derive(Clone, Debug)]
pub struct SharedCredential {
    /// Two sessions of two origins are two hands when they run beside each other for this long, in nanoseconds.
    pub concurrent_for: i64,
    /// A session that comes within this of the last one's sign of life is that one moving.
    pub moves_within: i64,
    /// Switches between two origins that make an alternation.
    pub switches: u8,
    /// Within which they have to lie.
    pub switches_within: i64,
    /// Sites on which one address tries one name.
    pub sites: u8,
    /// Within which they have to lie.
    pub sites_within: i64,
    /// Within which one address serves two suppliers.
    pub pooled_within: i64,
}

impl Default for SharedCredential {
    fn default() -> Self {
        SharedCredential {
            concurrent_for: 5 * MINUTE,
            moves_within: 5 * MINUTE,
            switches: 3,
            switches_within: 6 * HOUR,
            sites: 3,
            sites_within: 10 * MINUTE,
            pooled_within: HOUR,
        }
    }
}

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

/// What is remembered of a source address.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OfAddress {
    /// Lately: which name was tried on which site.
    tries: Vec<Try>,
    /// Lately: which supplier got in.
    successes: Vec<Success>,
    /// What was said: reason with name or supplier, and when.
    said: Vec<(String, Time)>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Try {
    login: Arc<str>,
    site: Arc<str>,
    evidence: Evidence,
    /// Anybody may have invented the name.
    #[serde(default)]
    invented: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Success {
    supplier: Arc<str>,
    login: Arc<str>,
    evidence: Evidence,
}

/// Bounds of the memories: enough for what the rule speaks of, and no more.
const ORIGINS: usize = 64;
const PAIRS: usize = 16;
const TRIES: usize = 128;
const INVENTED: usize = 32;
const SAID: usize = 64;

impl Rule for SharedCredential {
    const NAME: RuleName = RuleName {
        id: "shared-credential",
        name: "One supplier credential in two hands",
        category: &["authentication", "session"],
        techniques: &[("T1078", "Valid Accounts")],
    };
    const MANUAL: &'static str = include_str!("shared_credential.md");
    type Account = OfAccount;
    type Supplier = ();
    type Address = OfAddress;
    type Stream = ();

    fn observe(&self, case: &Case<'_>, memory: Remembered<'_, Self>, out: &mut Findings) {
        if let Happening::Due { .. } = case.happening {
            self.concurrent(case, memory.account, out);
            return;
        }
        if let (Some(session), Some(_)) = (case.session, case.login)
            && !matches!(case.happening, Happening::StillOpen { .. } | Happening::Refused { .. } | Happening::Counted | Happening::Ended)
        {
            self.sign_of_life(case, session, memory.account, out);
        }
        match case.happening {
            Happening::Success { .. } | Happening::Announced { placed: true } => {
                self.join(case, memory.account, out);
                self.cross_site(case, memory.account.origins.is_empty(), memory.address, out);
                self.pooled_source(case, memory.address, out);
            }
            Happening::Refused { .. } => self.cross_site(case, memory.account.origins.is_empty(), memory.address, out),
            _ => {}
        }
    }

    fn read(table: &mut Table<'_>) -> Self {
        let default = SharedCredential::default();
        let mut count = |key, default: u8| table.integer(key, 2..=100).and_then(|n| u8::try_from(n).ok()).unwrap_or(default);
        let (switches, sites) = (count("switches", default.switches), count("sites", default.sites));
        SharedCredential {
            concurrent_for: table.span("concurrent_for").unwrap_or(default.concurrent_for),
            moves_within: table.span("moves_within").unwrap_or(default.moves_within),
            switches,
            switches_within: table.span("switches_within").unwrap_or(default.switches_within),
            sites,
            sites_within: table.span("sites_within").unwrap_or(default.sites_within),
            pooled_within: table.span("pooled_within").unwrap_or(default.pooled_within),
        }
    }

    fn settings(&self) -> Vec<(&'static str, String, &'static str)> {
        vec![
            ("concurrent_for", span_words(self.concurrent_for), "two sessions beside each other for longer are two hands"),
            ("moves_within", span_words(self.moves_within), "a session this soon after the last sign of life is the old one moving"),
            ("switches", self.switches.to_string(), "switches between two origins that make an alternation"),
            ("switches_within", span_words(self.switches_within), "within which they have to lie"),
            ("sites", self.sites.to_string(), "sites on which one address tries one name"),
            ("sites_within", span_words(self.sites_within), "within which they have to lie"),
            ("pooled_within", span_words(self.pooled_within), "within which one address serves two suppliers"),
        ]
    }

    fn nearest(&self, told: &Told<'_>) -> Vec<Nearest> {
        let sites = || {
            let reached = told.listed("sites")?;
            Some(Nearest::fewer("sites", reached, "tried from one address").by(Remedy::Setting("sites", Amount::Count(reached.saturating_add(1)))))
        };
        let found = match told.reason {
            "concurrent-sessions" => told.moment("second_opened").zip(told.span("concurrent_for")).map(|(joined, most)| {
                let means = format!("less than {} after the second one began", span_words(most));
                Nearest::new("one ended before", told.at(joined.plus(most)), means)
            }),
            "cross-site" => sites(),
            "pooled-source" => told.moment("other_at").zip(told.span("pooled_within")).map(|(other, within)| {
                let means = format!("more than {} after the other supplier's login", span_words(within));
                Nearest::new("a login after", told.at(other.plus(within)), means)
            }),
            _ => None,
        };
        found.map_or_else(|| told.one_less(&self.settings()), |found| vec![found])
    }
}

impl OfAccount {
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
    fn sign_of_life(&self, case: &Case<'_>, session: &Session, memory: &mut OfAccount, out: &mut Findings) {
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
    fn join(&self, case: &Case<'_>, memory: &mut OfAccount, out: &mut Findings) {
        let (Some(session), Some(scene)) = (case.session, case.scene) else { return };
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
            let Some(scene) = case.complete() else { continue };
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
            memory.runs.push(Run { origin, since: now, evidence: scene.evidence.clone() });
            let surplus = memory.runs.len().saturating_sub(usize::from(self.switches) + 1);
            memory.runs.drain(..surplus);
            self.alternation(case, memory, out);
        }
    }

    /// Two sessions have run beside each other for long enough.
    fn concurrent(&self, case: &Case<'_>, memory: &mut OfAccount, out: &mut Findings) {
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
        let Some(scene) = case.complete() else { return };
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

    /// One address tries one name on several sites.
    fn cross_site(&self, case: &Case<'_>, never_in: bool, memory: &mut OfAddress, out: &mut Findings) {
        let Some(scene) = case.scene else { return };
        let (Some(login), Some(site), Some(ip)) = (&scene.login, &scene.site, scene.source_ip) else { return };
        let declared = case.supplier.is_at_home(ip);
        if declared && (case.supplier.kind == SupplierKind::Automate || case.account.is_some_and(|account| account.kind == AccountKind::Automate)) {
            return;
        }
        let now = case.now;
        // Of several tries on one site the last counts: it is the one that another site's may follow in time.
        let counts = |held: &Try| now.since(held.evidence.time) <= self.sites_within && !(held.login == *login && held.site == *site);
        memory.tries.retain(counts);
        let invented = never_in && case.account.is_none() && !case.supplier.spells_out(login);
        memory.make_room(invented);
        memory.tries.push(Try { login: Arc::clone(login), site: Arc::clone(site), evidence: scene.evidence.clone(), invented });
        let sites: Vec<&Try> = memory.tries.iter().filter(|held| held.login == *login).collect();
        if sites.len() < usize::from(self.sites) {
            return;
        }
        let names: Vec<String> = sites.iter().map(|held| held.site.to_string()).collect();
        let earlier: Vec<Evidence> = sites.iter().filter(|held| held.evidence != scene.evidence).map(|held| held.evidence.clone()).collect();
        if !newly_said_of(&mut memory.said, &format!("cross-site {login}"), now) {
            return;
        }
        let Some(scene) = case.complete() else { return };
        let message = format!(
            "{} tried from {ip} on {} sites within {}: {}",
            scene.login.as_deref().unwrap_or_default(),
            names.len(),
            span_words(self.sites_within),
            names.join(", ")
        );
        let because = Because::default().with("sites", names).with("sites_within", span_words(self.sites_within));
        out.report(Finding {
            because,
            unless: format!("fewer than {} sites within {}", self.sites, span_words(self.sites_within)),
            earlier,
            ..Finding::new("cross-site", Severity::High, scene, message)
        });
    }

    /// One address serves accounts of two suppliers.
    fn pooled_source(&self, case: &Case<'_>, memory: &mut OfAddress, out: &mut Findings) {
        let Some(scene) = case.scene else { return };
        let (Some(login), Some(ip)) = (&scene.login, scene.source_ip) else { return };
        // Suppliers that were only inferred from names are no two firms.
        if !case.register.is_declared() || case.session.is_none_or(|session| session.origin.is_none()) {
            return;
        }
        let now = case.now;
        memory.successes.retain(|held| now.since(held.evidence.time) <= self.pooled_within && held.supplier != case.supplier.id);
        let declares = |id: &str| case.register.supplier(id).is_some_and(|supplier| supplier.is_at_home(ip));
        let both_declare = |other: &str| declares(&case.supplier.id) && declares(other);
        let other = memory.successes.iter().find(|held| !both_declare(&held.supplier)).cloned();
        let own = Success { supplier: Arc::clone(&case.supplier.id), login: Arc::clone(login), evidence: scene.evidence.clone() };
        make_room(&mut memory.successes, TRIES);
        memory.successes.push(own);
        let Some(other) = other else { return };
        let mut suppliers = [&*case.supplier.id, &*other.supplier];
        suppliers.sort_unstable();
        if !newly_said_of(&mut memory.said, &format!("pooled-source {}", suppliers.join(" ")), now) {
            return;
        }
        let name = case.register.supplier(&other.supplier).map_or(&*other.supplier, |supplier| &supplier.name);
        let zone = case.zone();
        let message = format!(
            "{login} in from {ip}, which {} of {name} used at {}",
            other.login,
            clock_words(other.evidence.time, zone)
        );
        let because = Because::default()
            .with("other_supplier", &*other.supplier)
            .with("other_account", &*other.login)
            .with("other_at", rfc3339_in(other.evidence.time, zone))
            .with("pooled_within", span_words(self.pooled_within));
        let Some(scene) = case.complete() else { return };
        out.report(Finding {
            because,
            unless: format!("{ip} declared in the networks of both suppliers, or as a front-end"),
            earlier: vec![other.evidence],
            users: vec![other.login],
            ..Finding::new("pooled-source", Severity::High, scene, message)
        });
    }
}

impl OfAddress {
    /// Makes room for one more try: the oldest of its kind goes, so that invented names drive out invented ones only.
    fn make_room(&mut self, invented: bool) {
        let most = if invented { INVENTED } else { TRIES };
        let mut of_its_kind = self.tries.iter().enumerate().filter(|(_, held)| held.invented == invented);
        if let Some((oldest, _)) = of_its_kind.next()
            && of_its_kind.count() + 1 >= most
        {
            self.tries.remove(oldest);
        }
    }
}

/// Makes room for one more: the oldest goes.
fn make_room<T>(list: &mut Vec<T>, most: usize) {
    if list.len() >= most {
        list.remove(0);
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

/// Whether `what` was not yet said within an hour; takes it down as said.
fn newly_said_of(said: &mut Vec<(String, Time)>, what: &str, now: Time) -> bool {
    said.retain(|held| now.since(held.1) < HOUR);
    if said.iter().any(|held| held.0 == what) {
        return false;
    }
    make_room(said, SAID);
    said.push((what.to_owned(), now));
    true
}

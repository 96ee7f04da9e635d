//! `credential-guessing`.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use parsers::Time;
use parsers::time::{HOUR, MINUTE};
use serde::{Deserialize, Serialize};

use super::{Case, Finding, Findings, Happening, Remembered, Rule, clock_words, from_words, span_words};
use crate::alert::{Because, Evidence, RuleName, Severity};
use crate::network::subscriber;
use crate::scene::Scene;
use crate::session::Origin;
use crate::told::{Amount, Nearest, Remedy, Told};
use crate::toml_reader::Table;
use crate::zone::rfc3339_in;

mod crowd;
mod lately;
mod spray;
mod tries;

use crowd::Crowd;
use lately::Lately;
use spray::{Failing, OfAddress};
use tries::{Burst, Tries, Try};

/// How many origins of one supplier are remembered; beyond, the one unseen for longest is forgotten.
const ORIGINS: usize = 512;

/// How many failing names of one supplier are remembered at least that its register does not spell out and that never got in:
/// anybody may invent them, for each of hundreds of suppliers.
const INVENTED: usize = 64;

#[doc = include_str!("credential_guessing.md")]
#[derive(Clone, Debug)]
pub struct CredentialGuessing {
    /// Failures on one account that are a burst.
    pub failures: u32,
    /// Failures on one account after which a success from elsewhere is suspect.
    pub failures_before_success: u32,
    /// Accounts on which one address fails that are a spray.
    pub accounts: u32,
    /// Within which these lie, in nanoseconds.
    pub within: i64,
    /// How long after its last failure a success from a spraying address counts as its fruit.
    pub spray_lasts: i64,
    /// Addresses from which unknown names are tried that are a crowd.
    pub addresses: u32,
    /// Unknown names that are a crowd.
    pub names: u32,
    /// Within which both lie; it is told at most once in this time.
    pub crowd_within: i64,
}

impl Default for CredentialGuessing {
    fn default() -> Self {
        CredentialGuessing {
            failures: 5,
            failures_before_success: 3,
            accounts: 5,
            within: 10 * MINUTE,
            spray_lasts: HOUR,
            addresses: 20,
            names: 40,
            crowd_within: HOUR,
        }
    }
}

/// What is remembered of an account.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OfAccount {
    /// Whether it got in since this is remembered.
    let_in: bool,
    tries: Tries,
}

/// What is remembered of a supplier, or of all strangers together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OfSupplier {
    /// When it last got in from where.
    origins: BTreeMap<Origin, Time>,
    /// Failures on accounts that the register spells out and that never got in.
    declared: BTreeMap<Arc<str>, Tries>,
    /// Failures on accounts that are its own by a pattern alone and that never got in.
    invented: Lately<Tries>,
    /// Of strangers: who knocks.
    crowd: Crowd,
}

impl OfSupplier {
    /// Whether it is known to come from where the login at hand comes from.
    fn is_home(&self, case: &Case<'_>) -> bool {
        case.origin.is_some_and(|origin| origin == Origin::Declared || self.origins.contains_key(&origin))
    }

    fn came_from(&mut self, origin: Option<Origin>, now: Time) {
        let Some(origin) = origin.filter(|origin| *origin != Origin::Declared) else { return };
        let last = self.origins.entry(origin).or_insert(now);
        *last = now.max(*last);
        if self.origins.len() > ORIGINS {
            let oldest = self.origins.iter().min_by_key(|(_, last)| **last).map(|(origin, _)| *origin);
            oldest.map(|oldest| self.origins.remove(&oldest));
        }
    }

    /// The failures of an account. Names that strangers invent drive out one another only.
    fn tries_of<'m>(&'m mut self, account: &'m mut OfAccount, case: &Case<'_>, login: &Arc<str>) -> &'m mut Tries {
        if account.let_in || !case.sessions.is_empty() {
            return &mut account.tries;
        }
        if case.account.is_some() || case.supplier.spells_out(login) {
            return self.declared.entry(Arc::clone(login)).or_default();
        }
        self.invented.of(login, INVENTED)
    }
}

impl Rule for CredentialGuessing {
    const NAME: RuleName = RuleName {
        id: "credential-guessing",
        name: "Passwords of suppliers are being guessed",
        category: &["authentication"],
        techniques: &[("T1110", "Brute Force"), ("T1110.003", "Password Spraying")],
    };
    const MANUAL: &'static str = include_str!("credential_guessing.md");
    type Account = OfAccount;
    type Supplier = OfSupplier;
    type Address = OfAddress;
    type Stream = ();

    fn heeds(happening: Happening) -> bool {
        matches!(happening, Happening::Success { .. } | Happening::Announced { placed: true } | Happening::Refused { again: false })
    }

    fn observe(&self, case: &Case<'_>, memory: Remembered<'_, Self>, out: &mut Findings) {
        let Some(login) = case.login else { return };
        let Remembered { account, supplier, address } = memory;
        let at_home = supplier.is_home(case);
        match case.happening {
            Happening::Refused { again: false } => {
                // Whoever was cut off and does not know goes on knocking, from where he always came from.
                let known = if case.supplier.networks.is_empty() { at_home } else { case.origin == Some(Origin::Declared) };
                if known && case.daybook.cut(&case.supplier.id, case.now).is_some() {
                    return;
                }
                let tries = supplier.tries_of(account, case, login);
                if let Some(burst) = Try::of(case, at_home).and_then(|failed| tries.failed(failed, self.failures, self.within)) {
                    self.brute_force(case, &burst, out);
                }
                if let Some(address) = address.filter(|_| !at_home) {
                    self.failed_from(case, address, out);
                }
            }
            Happening::Success { .. } | Happening::Announced { placed: true } => {
                if !account.let_in {
                    account.let_in = true;
                    let before = supplier.declared.remove(login).or_else(|| supplier.invented.take(login));
                    account.tries = before.unwrap_or_else(|| std::mem::take(&mut account.tries));
                }
                let sprayed = |out: &mut Findings| address.as_deref().is_some_and(|address| self.out_of_a_spray(case, address, out));
                if !at_home && case.origin.is_some() && !sprayed(out) {
                    self.after_failures(case, &account.tries, out);
                }
                if let Some(address) = address {
                    address.moved_in(login);
                }
                supplier.came_from(case.origin, case.now);
            }
            _ => {}
        }
    }

    fn stranger(&self, case: &Case<'_>, memory: Remembered<'_, Self>, out: &mut Findings) {
        let Some(line) = case.line else { return };
        let (Some(login), crowd) = (line.login, &mut memory.supplier.crowd) else { return };
        match case.happening {
            Happening::Refused { again: false } => {
                if let Some(address) = memory.address {
                    self.failed_from(case, address, out);
                }
                let (Some(ip), Some(_)) = (line.source_ip, case.origin) else { return };
                let size = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
                let most = (size(self.addresses), size(self.names));
                let found = crowd.failed(login, subscriber(ip), &line.evidence(), case.repeated, most, self.crowd_within);
                if let Some(found) = found {
                    self.distributed(case, found, out);
                }
            }
            Happening::Success { .. } => {
                crowd.let_in(login);
                if let Some(address) = memory.address {
                    self.out_of_a_spray(case, address, out);
                    address.moved_in(login);
                }
            }
            _ => {}
        }
    }

    fn read(table: &mut Table<'_>) -> Self {
        let default = CredentialGuessing::default();
        let mut count = |key, most, default: u32| table.integer(key, 2..=most).and_then(|n| u32::try_from(n).ok()).unwrap_or(default);
        CredentialGuessing {
            failures: count("failures", 1000, default.failures),
            failures_before_success: count("failures_before_success", 16, default.failures_before_success),
            accounts: count("accounts", 1000, default.accounts),
            addresses: count("addresses", 1000, default.addresses),
            names: count("names", 1000, default.names),
            within: table.span("within").unwrap_or(default.within),
            spray_lasts: table.span("spray_lasts").unwrap_or(default.spray_lasts),
            crowd_within: table.span("crowd_within").unwrap_or(default.crowd_within),
        }
    }

    fn settings(&self) -> Vec<(&'static str, String, &'static str)> {
        vec![
            ("failures", self.failures.to_string(), "failures on one account that are a burst"),
            ("failures_before_success", self.failures_before_success.to_string(), "failures before a success from a new origin"),
            ("accounts", self.accounts.to_string(), "accounts that one address fails on"),
            ("within", span_words(self.within), "within which these lie"),
            ("spray_lasts", span_words(self.spray_lasts), "how long a success from a spraying address counts as its fruit"),
            ("addresses", self.addresses.to_string(), "addresses from which unknown names are tried"),
            ("names", self.names.to_string(), "unknown names that are tried from them"),
            ("crowd_within", span_words(self.crowd_within), "within which both lie; told at most once in this time"),
        ]
    }

    fn nearest(&self, told: &Told<'_>) -> Vec<Nearest> {
        let counted = |what: &str, threshold: &str, setting: &'static str, reached: Option<i64>| {
            let least = told.number(threshold)?;
            let remedy = Remedy::Setting(setting, Amount::Count(reached.unwrap_or(least).saturating_add(1)));
            let within = told.text("within").map_or_else(String::new, |within| format!("within {within}"));
            Some(Nearest::fewer(what, least, &within).by(remedy))
        };
        let (failures, accounts) = (told.number("failures"), told.listed("accounts"));
        let list = match told.reason {
            "brute-force" => vec![counted("failures", "threshold", "failures", failures)],
            "success-after-failures" => vec![counted("failures before", "threshold", "failures_before_success", failures)],
            "spray" | "success-in-spray" => vec![counted("accounts", "threshold", "accounts", accounts)],
            "distributed" => vec![
                counted("addresses", "address_threshold", "addresses", told.listed("addresses")),
                counted("unknown names", "name_threshold", "names", None),
            ],
            _ => Vec::new(),
        };
        let known = told.text("origin").map(|origin| Nearest::new("the origin", origin, "known of the account before"));
        list.into_iter().chain([known]).flatten().collect()
    }
}

impl CredentialGuessing {
    /// One account failed too often.
    fn brute_force(&self, case: &Case<'_>, burst: &Burst<'_>, out: &mut Findings) {
        let Some(scene) = case.scene() else { return };
        let (zone, since) = (case.zone(), burst.since().unwrap_or(case.now));
        let message = format!(
            "{} wrong passwords for {} since {}, last{}",
            burst.failures,
            scene.login.as_deref().unwrap_or_default(),
            clock_words(since, zone),
            from_words(scene.source_ip)
        );
        let because = Because::default()
            .with("failures", burst.failures)
            .with("threshold", self.failures)
            .with("within", span_words(self.within))
            .with("since", rfc3339_in(since, zone));
        out.report(Finding {
            because,
            unless: format!("fewer than {} failures within {}", self.failures, span_words(self.within)),
            earlier: all_but(burst.tries.iter().map(|held| &held.evidence), &scene.evidence),
            // No session is at hand, and whoever guesses shall not write the history of those who got in.
            incident: Some(format!("guessing since {}", since.0)),
            ..Finding::new("brute-force", Severity::Medium, scene, message)
        });
    }

    /// An account got in from elsewhere after it failed.
    fn after_failures(&self, case: &Case<'_>, tries: &Tries, out: &mut Findings) {
        let Some(burst) = tries.before(case.now, self.failures_before_success, self.within) else { return };
        let Some(scene) = case.scene() else { return };
        let (zone, since) = (case.zone(), burst.since().unwrap_or(case.now));
        let origin = case.origin.map(Origin::describe).unwrap_or_default();
        let message = format!(
            "{} in{} at {} after {} wrong passwords since {}; it never came from {origin} before",
            scene.login.as_deref().unwrap_or_default(),
            from_words(scene.source_ip),
            clock_words(case.now, zone),
            burst.failures,
            clock_words(since, zone),
        );
        let because = Because::default()
            .with("failures", burst.failures)
            .with("threshold", self.failures_before_success)
            .with("within", span_words(self.within))
            .with("since", rfc3339_in(since, zone))
            .with("origin", origin.as_str());
        out.report(Finding {
            because,
            unless: format!("fewer than {} failures before, or {origin} known of {}", self.failures_before_success, case.supplier.id),
            earlier: all_but(burst.tries.iter().map(|held| &held.evidence), &scene.evidence),
            ..Finding::new("success-after-failures", Severity::High, scene, message)
        });
    }

    /// An account failed that is not at home at its address.
    fn failed_from(&self, case: &Case<'_>, memory: &mut OfAddress, out: &mut Findings) {
        let Some(line) = case.line.filter(|_| case.origin.is_some()) else { return };
        let (Some(login), Some(ip)) = (line.login, line.source_ip) else { return };
        if memory.is_resident(login) {
            return;
        }
        let failed = Failing { login: Arc::clone(login), supplier: Arc::clone(&case.supplier.id), evidence: line.evidence() };
        let accounts = usize::try_from(self.accounts).unwrap_or(usize::MAX);
        let Some(found) = memory.failed(failed, accounts, self.within) else { return };
        let Some(mut scene) = case.scene() else { return };
        // It speaks of the address: no single account stands at its centre.
        scene.login = None;
        let since = found.first().map_or(case.now, |first| first.evidence.time);
        let message = format!("{ip} failed on {} accounts since {}: {}", found.len(), clock_words(since, case.zone()), named(found.iter().map(|held| &held.login)));
        let because = Because::default()
            .with("accounts", found.iter().map(|held| &*held.login).collect::<Vec<_>>())
            .with("threshold", self.accounts)
            .with("within", span_words(self.within))
            .with("since", rfc3339_in(since, case.zone()));
        out.report(Finding {
            because,
            unless: format!("fewer than {} accounts that never got in from {ip} before, or {ip} among the networks of their supplier", self.accounts),
            earlier: all_but(found.iter().map(|held| &held.evidence), &scene.evidence),
            users: found.iter().map(|held| Arc::clone(&held.login)).collect(),
            incident: Some(format!("spray from {ip} since {}", since.0)),
            of_all: found.iter().any(|held| held.supplier != *case.supplier.id),
            ..Finding::new("spray", Severity::Medium, scene, message)
        });
    }

    /// An account got in that is not at home at its address: whether it is the fruit of a spray.
    fn out_of_a_spray(&self, case: &Case<'_>, memory: &OfAddress, out: &mut Findings) -> bool {
        let Some(line) = case.line.filter(|_| case.origin.is_some()) else { return false };
        let (Some(login), Some(ip)) = (line.login, line.source_ip) else { return false };
        let Some(sprayed) = memory.sprayed(case.now, self.spray_lasts).filter(|_| !memory.is_resident(login)) else { return false };
        let sprayed: Vec<&Failing> = sprayed.collect();
        let Some(scene) = case.scene() else { return false };
        let message = format!(
            "{} in{} at {}, out of a spray on {} accounts: {}",
            scene.login.as_deref().unwrap_or_default(),
            from_words(scene.source_ip),
            clock_words(case.now, case.zone()),
            sprayed.len(),
            named(sprayed.iter().map(|held| &held.login)),
        );
        let because = Because::default()
            .with("accounts", sprayed.iter().map(|held| &*held.login).collect::<Vec<_>>())
            .with("threshold", self.accounts)
            .with("within", span_words(self.within))
            .with("spray_lasts", span_words(self.spray_lasts));
        out.report(Finding {
            because,
            unless: format!("no spray from {ip} in the {} before, or {} in from there before it", span_words(self.spray_lasts), scene.login.as_deref().unwrap_or_default()),
            earlier: sprayed.iter().map(|held| held.evidence.clone()).collect(),
            ..Finding::new("success-in-spray", Severity::Critical, scene, message)
        });
        true
    }

    /// Unknown names are tried from many addresses.
    fn distributed(&self, case: &Case<'_>, found: crowd::Knocking, out: &mut Findings) {
        let Some(scene) = case.scene() else { return };
        let scene = Scene { login: None, source_ip: None, ..scene };
        let zone = case.zone();
        let since = found.names.iter().map(|(_, line)| line.time).min().unwrap_or(case.now);
        let message = format!(
            "{} or more unknown names tried from {} or more addresses within {}, {} failures: {}",
            self.names,
            self.addresses,
            span_words(self.crowd_within),
            found.failures,
            named(found.names.iter().map(|(name, _)| name)),
        );
        let addresses: BTreeSet<IpAddr> = found.addresses.into_iter().collect();
        let because = Because::default()
            .with("addresses", addresses.iter().map(ToString::to_string).collect::<Vec<_>>())
            .with("address_threshold", self.addresses)
            .with("name_threshold", self.names)
            .with("within", span_words(self.crowd_within))
            .with("failures", found.failures)
            .with("since", rfc3339_in(since, zone));
        out.report(Finding {
            because,
            unless: format!("fewer than {} addresses or {} names that never got in", self.addresses, self.names),
            earlier: all_but(found.names.iter().map(|(_, line)| line), &scene.evidence),
            users: found.names.into_iter().map(|(name, _)| name).collect(),
            ips: addresses.into_iter().collect(),
            incident: Some(format!("crowd since {}", found.since.0)),
            ..Finding::new("distributed", Severity::Medium, scene, message)
        });
    }
}

/// The lines that an alert rests on, without the one at hand.
fn all_but<'a>(lines: impl Iterator<Item = &'a Evidence>, at_hand: &Evidence) -> Vec<Evidence> {
    lines.filter(|line| (&line.source, line.offset) != (&at_hand.source, at_hand.offset)).cloned().collect()
}

/// The first few names, and how many more there are.
fn named<'a>(names: impl ExactSizeIterator<Item = &'a Arc<str>>) -> String {
    const SHOWN: usize = 5;
    let more = names.len().saturating_sub(SHOWN);
    let shown: Vec<&str> = names.take(SHOWN).map(|name| &**name).collect();
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}

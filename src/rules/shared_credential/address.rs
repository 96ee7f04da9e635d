//! One address that has too much: one name on several sites, accounts of two suppliers.

use std::sync::Arc;

use parsers::Time;
use parsers::time::HOUR;
use serde::{Deserialize, Serialize};

use super::SharedCredential;
use crate::alert::{Because, Evidence, Severity};
use crate::register::{AccountKind, SupplierKind};
use crate::rules::{Case, Finding, Findings, clock_words, make_room, span_words};
use crate::zone::rfc3339_in;

/// Bounds of the memory: enough for what the rule speaks of, and no more.
const TRIES: usize = 128;
const INVENTED: usize = 64;
const SAID: usize = 64;

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

impl SharedCredential {
    /// One address tries one name on several sites; with `never_in`, that of an account that never got in.
    pub(super) fn cross_site(&self, case: &Case<'_>, never_in: bool, memory: &mut OfAddress, out: &mut Findings) {
        let Some(line) = case.line else { return };
        let (Some(login), Some(site), Some(ip)) = (line.login, line.site, line.source_ip) else { return };
        let declared = case.supplier.is_at_home(ip);
        if declared && (case.supplier.kind == SupplierKind::Automate || case.account.is_some_and(|account| account.kind == AccountKind::Automate)) {
            return;
        }
        let (now, at_hand) = (case.now, line.evidence());
        // Of several tries on one site the last counts: it is the one that another site's may follow in time.
        let counts = |held: &Try| now.since(held.evidence.time) <= self.sites_within && !(held.login == *login && held.site == *site);
        memory.tries.retain(counts);
        let invented = never_in && case.account.is_none() && !case.supplier.spells_out(login);
        memory.make_room(invented);
        memory.tries.push(Try { login: Arc::clone(login), site: Arc::clone(site), evidence: at_hand.clone(), invented });
        let sites: Vec<&Try> = memory.tries.iter().filter(|held| held.login == *login).collect();
        if sites.len() < usize::from(self.sites) {
            return;
        }
        let names: Vec<String> = sites.iter().map(|held| held.site.to_string()).collect();
        let earlier: Vec<Evidence> = sites.iter().filter(|held| held.evidence != at_hand).map(|held| held.evidence.clone()).collect();
        if !newly_said_of(&mut memory.said, &format!("cross-site {login}"), now) {
            return;
        }
        let Some(scene) = case.scene() else { return };
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
    pub(super) fn pooled_source(&self, case: &Case<'_>, memory: &mut OfAddress, out: &mut Findings) {
        let Some(line) = case.line else { return };
        let (Some(login), Some(ip)) = (line.login, line.source_ip) else { return };
        // Suppliers that were only inferred from names are no two firms.
        if !case.register.is_declared() || case.session.is_none_or(|session| session.origin.is_none()) {
            return;
        }
        let now = case.now;
        memory.successes.retain(|held| now.since(held.evidence.time) <= self.pooled_within && held.supplier != *case.supplier.id);
        let declares = |id: &str| case.register.supplier(id).is_some_and(|supplier| supplier.is_at_home(ip));
        let both_declare = |other: &str| declares(&case.supplier.id) && declares(other);
        let other = memory.successes.iter().find(|held| !both_declare(&held.supplier)).cloned();
        let own = Success { supplier: Arc::clone(&case.supplier.id), login: Arc::clone(login), evidence: line.evidence() };
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
        let Some(scene) = case.scene() else { return };
        out.report(Finding {
            because,
            unless: format!("{ip} declared in the networks of both suppliers, or as a front-end"),
            earlier: vec![other.evidence],
            users: vec![other.login],
            ..Finding::new("pooled-source", Severity::High, scene, message)
        });
    }
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

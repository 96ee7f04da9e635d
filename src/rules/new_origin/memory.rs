//! What `new-origin` remembers of a supplier.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use parsers::Time;
use serde::{Deserialize, Serialize};

use super::office::Offices;
use super::{NewOrigin, Whereabouts};
use crate::geo::Geo;
use crate::learning::Learning;
use crate::session::Origin;

/// How many origins of one supplier are remembered; beyond, the one unseen for longest is forgotten.
const ORIGINS: usize = 512;

/// What is remembered of a supplier.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    #[serde(flatten)]
    pub(super) watched: Learning,
    /// When it last came from each origin, and from each network within an autonomous system: a database may come and go.
    seen: BTreeMap<Origin, Time>,
    /// The time of learning countries begins with the first one that is known.
    placed: Learning,
    /// When it last came from each country.
    countries: BTreeMap<Arc<str>, Time>,
    /// Undeclared networks that may be offices.
    pub(super) offices: Offices,
}

impl Memory {
    /// It got in. Whether its networks had been learned before.
    pub(super) fn came(&mut self, now: Time, opens: bool, rule: &NewOrigin) -> bool {
        self.watched.begin(now);
        watch(&mut self.watched, now, opens, rule)
    }

    /// It got in from a place. Whether its countries had been learned before.
    pub(super) fn was_placed(&mut self, place: &Whereabouts, now: Time, opens: bool, rule: &NewOrigin) -> bool {
        if place.country.is_some() {
            watch(&mut self.placed, now, opens, rule)
        } else {
            self.placed.is_learned(now, rule.learning, rule.sessions)
        }
    }

    /// When it last came from an origin, by whatever was known of it then.
    pub(super) fn last_seen(&self, place: &Whereabouts, geo: &Geo) -> Option<Time> {
        let known = self.seen.get(&place.origin).copied().max(self.last_seen_network(place));
        // What was seen without a database is of the system that it is of now.
        let of_system = || self.seen.iter().filter(|(seen, _)| regrouped(**seen, geo) == place.origin).map(|(_, last)| *last).max();
        known.or_else(|| matches!(place.origin, Origin::System(_)).then(of_system)?)
    }

    /// When it last came from the network, whatever the origin is.
    pub(super) fn last_seen_network(&self, place: &Whereabouts) -> Option<Time> {
        let undeclared = place.origin != Origin::Declared;
        self.seen.get(&place.network).copied().filter(|_| undeclared)
    }

    /// When it last came from a country.
    pub(super) fn last_country(&self, country: &str) -> Option<Time> {
        self.countries.get(country).copied()
    }

    /// Origins known before this one.
    pub(super) fn origins_before(&self, place: &Whereabouts, geo: &Geo) -> u32 {
        let origins: BTreeSet<Origin> = self.seen.keys().map(|seen| regrouped(*seen, geo)).filter(|seen| *seen != place.origin).collect();
        u32::try_from(origins.len()).unwrap_or(u32::MAX)
    }

    /// Networks and autonomous systems that it came from, and when last.
    pub(super) fn networks(&self) -> impl Iterator<Item = (String, Time)> {
        let undeclared = self.seen.iter().filter(|(origin, _)| **origin != Origin::Declared);
        undeclared.map(|(origin, last)| (origin.describe(), *last))
    }

    /// Countries that it came from, and when last.
    pub(super) fn countries(&self) -> impl Iterator<Item = (String, Time)> {
        self.countries.iter().map(|(country, last)| (country.to_string(), *last))
    }

    /// The networks are new again, those that may be offices among them.
    pub(super) fn forget_networks(&mut self) {
        self.seen.clear();
        self.offices = Offices::default();
    }

    /// The countries are new again.
    pub(super) fn forget_countries(&mut self) {
        self.countries.clear();
    }

    /// It came from there.
    pub(super) fn saw(&mut self, place: &Whereabouts, now: Time) {
        let network = (place.origin != Origin::Declared).then_some(place.network);
        for origin in [place.origin].into_iter().chain(network) {
            let last = self.seen.entry(origin).or_insert(now);
            *last = now.max(*last);
        }
        while self.seen.len() > ORIGINS
            && let Some(oldest) = self.seen.iter().min_by_key(|(_, last)| **last).map(|(origin, _)| *origin)
        {
            self.seen.remove(&oldest);
        }
        // There are no more than some 250.
        if let Some(country) = &place.country {
            let last = self.countries.entry(Arc::clone(country)).or_insert(now);
            *last = now.max(*last);
        }
    }
}

/// Somebody got in: whether enough had been watched of him before.
fn watch(watched: &mut Learning, now: Time, opens: bool, rule: &NewOrigin) -> bool {
    let learned = watched.is_learned(now, rule.learning, rule.sessions);
    watched.begin(now);
    if opens {
        watched.session(now);
    }
    learned
}

/// The origin that a network is of, by the databases at hand.
fn regrouped(origin: Origin, geo: &Geo) -> Origin {
    match origin {
        Origin::Network(first) => geo.system(first).map_or(origin, |system| Origin::System(system.number)),
        _ => origin,
    }
}

//! What `new-origin` remembers of a supplier.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use parsers::Time;
use serde::{Deserialize, Serialize};

use super::Whereabouts;
use super::office::Offices;
use crate::geo::Geo;
use crate::session::Origin;

/// How many origins of one supplier are remembered; beyond, the one unseen for longest is forgotten.
const ORIGINS: usize = 512;

/// What is remembered of a supplier.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    /// Its first success.
    first: Option<Time>,
    /// Sessions so far.
    sessions: u32,
    /// When it last came from each origin, and from each network within an autonomous system: a database may come and go.
    seen: BTreeMap<Origin, Time>,
    /// Its first success from a country that is known: the time of learning countries begins with it.
    placed: Learning,
    /// When it last came from each country.
    countries: BTreeMap<Arc<str>, Time>,
    /// Undeclared networks that may be offices.
    pub(super) offices: Offices,
}

/// How long and how much has been watched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Learning {
    first: Option<Time>,
    sessions: u32,
}

impl Learning {
    pub(super) fn has_lasted(self, nanos: i64, sessions: u32, now: Time) -> bool {
        self.first.is_some_and(|first| now.since(first) >= nanos) && self.sessions >= sessions
    }
}

impl Memory {
    /// It got in. Gives what had been watched before.
    pub(super) fn came(&mut self, now: Time, opens: bool) -> Learning {
        let before = Learning { first: Some(*self.first.get_or_insert(now)), sessions: self.sessions };
        self.sessions = self.sessions.saturating_add(u32::from(opens));
        before
    }

    /// It got in from a place. Gives what had been watched of countries before.
    pub(super) fn was_placed(&mut self, place: &Whereabouts, now: Time, opens: bool) -> Learning {
        let before = self.placed;
        if place.country.is_some() {
            self.placed.first.get_or_insert(now);
            self.placed.sessions = before.sessions.saturating_add(u32::from(opens));
        }
        before
    }

    /// Its first success.
    pub(super) fn first(&self) -> Option<Time> {
        self.first
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

/// The origin that a network is of, by the databases at hand.
fn regrouped(origin: Origin, geo: &Geo) -> Origin {
    match origin {
        Origin::Network(first) => geo.system(first).map_or(origin, |system| Origin::System(system.number)),
        _ => origin,
    }
}

//! One address that tries many accounts.

use std::collections::VecDeque;
use std::sync::Arc;

use parsers::Time;
use serde::{Deserialize, Serialize};

use super::lately::Lately;
use crate::alert::Evidence;

/// How many names that got in from an address are remembered: an office has so many people.
const RESIDENTS: usize = 128;

/// How many failing names of an address are remembered, unless the threshold asks for more.
const NAMES: usize = 16;

/// What is remembered of a source address.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OfAddress {
    /// Accounts that got in from it.
    residents: Lately<()>,
    /// The last accounts that failed from it, each with its last line, in the order in which they did.
    failing: VecDeque<Failing>,
    /// When the spraying was noticed, and its last failure.
    spraying: Option<(Time, Time)>,
}

/// An account that failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Failing {
    pub(super) login: Arc<str>,
    /// Id of its supplier, empty for others.
    pub(super) supplier: Arc<str>,
    pub(super) evidence: Evidence,
}

impl OfAddress {
    /// Whether an account got in from here before.
    pub(super) fn is_resident(&self, login: &str) -> bool {
        self.residents.holds(login)
    }

    /// An account got in.
    pub(super) fn moved_in(&mut self, login: &Arc<str>) {
        self.residents.of(login, RESIDENTS);
    }

    /// Takes down an account that failed. The accounts of which this one makes a spray, once as long as it goes on.
    pub(super) fn failed(&mut self, failed: Failing, threshold: usize, within: i64) -> Option<Vec<Failing>> {
        let at = failed.evidence.time;
        self.failing.retain(|held| held.login != failed.login);
        self.failing.push_back(failed);
        if self.failing.len() > threshold.max(NAMES) {
            self.failing.pop_front();
        }
        if let Some((since, last)) = self.spraying.filter(|(_, last)| at.0.abs_diff(last.0) <= within.unsigned_abs()) {
            self.spraying = Some((since, last.max(at)));
            return None;
        }
        // Any line may be late: what counts is that all lie within the time of one another.
        let near = |last: Time| self.failing.iter().filter(move |held| (0..=within).contains(&last.since(held.evidence.time)));
        let mut ends = self.failing.iter().map(|held| held.evidence.time).filter(|last| (0..=within).contains(&last.since(at)));
        let last = ends.find(|&last| near(last).count() >= threshold)?;
        let mut found: Vec<Failing> = near(last).cloned().collect();
        found.sort_by_key(|held| held.evidence.time);
        self.spraying = Some((at, last));
        Some(found)
    }

    /// The accounts that fail from here, if a success at a time comes out of a spray.
    pub(super) fn sprayed(&self, success: Time, lasts: i64) -> Option<impl Iterator<Item = &Failing>> {
        let (since, last) = self.spraying?;
        (success >= since && success.since(last) <= lasts).then(|| self.failing.iter())
    }
}

//! Passwords tried on one account.

use std::sync::Arc;

use parsers::Time;
use parsers::time::SECOND;
use serde::{Deserialize, Serialize};

use super::super::Case;
use crate::alert::Evidence;

/// How many tries are remembered of an account, unless a threshold asks for more.
const TRIES: usize = 16;

/// Two devices, or two lines of one device, tell of one attempt within this.
const ONE_ATTEMPT: i64 = 3 * SECOND;

/// So much of a device's own word tells it from its other words.
const WORD: usize = 48;

/// Tries on one account that failed, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Tries {
    held: Vec<Try>,
    /// The latest failure of the burst that was told.
    told: Option<Time>,
}

/// One line that says that a try failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Try {
    /// How many it stands for.
    count: u32,
    /// It came from where the supplier is known to come from.
    at_home: bool,
    /// Who tells it, and in which word.
    device: Arc<str>,
    word: Box<[u8]>,
    site: Option<Arc<str>>,
    /// The line.
    pub(super) evidence: Evidence,
}

/// Tries that lie within the time of one another.
pub(super) struct Burst<'a> {
    /// The lines, oldest first.
    pub(super) tries: Vec<&'a Try>,
    /// How many failures they tell.
    pub(super) failures: u32,
}

impl Try {
    pub(super) fn of(case: &Case<'_>, at_home: bool) -> Option<Try> {
        let line = case.line?;
        let word = line.event.text(line.event.facts.action).unwrap_or_default();
        Some(Try {
            count: case.repeated.max(1),
            at_home,
            device: Arc::clone(line.observer),
            word: word.iter().copied().take(WORD).collect(),
            site: line.site.cloned(),
            evidence: line.evidence(),
        })
    }

    pub(super) fn at(&self) -> Time {
        self.evidence.time
    }

    /// Whether another line tells of the same attempt: a gateway and its authentication server, one device in two words, or
    /// its line by way of two collectors.
    fn is_told_by(&self, other: &Try) -> bool {
        let near = self.at().0.abs_diff(other.at().0) <= ONE_ATTEMPT.unsigned_abs();
        let told = |told: &Try| (&*told.device, &*told.word, &*told.evidence.source) == (&*other.device, &*other.word, &*other.evidence.source);
        near && self.site == other.site && !told(self)
    }
}

impl Tries {
    /// Takes down a try that failed, of which at least `most` are kept. The burst that it completes, once per burst: it goes on as long
    /// as no more than `within` lies between two failures.
    pub(super) fn failed(&mut self, failed: Try, threshold: u32, within: i64) -> Option<Burst<'_>> {
        let at = failed.at();
        if self.held.iter().any(|held| held.is_told_by(&failed)) {
            return None;
        }
        let place = self.held.partition_point(|held| held.at() <= at);
        self.held.insert(place, failed);
        let most = TRIES.max(usize::try_from(threshold).unwrap_or(TRIES));
        if self.held.len() > most {
            self.held.remove(0);
        }
        if self.told.is_some_and(|told| at.0.abs_diff(told.0) <= within.unsigned_abs()) {
            self.told = self.told.max(Some(at));
            return None;
        }
        // A line that is late may complete a burst of later ones.
        let last = self.held.iter().filter(|held| (0..=within).contains(&held.at().since(at))).map(Try::at);
        let last = last.into_iter().find(|&last| self.burst(last, within, |_| true).failures >= threshold)?;
        self.told = Some(last);
        Some(self.burst(last, within, |_| true))
    }

    /// The failures from elsewhere after which a success comes within the time.
    pub(super) fn before(&self, success: Time, threshold: u32, within: i64) -> Option<Burst<'_>> {
        let from_elsewhere = |held: &Try| !held.at_home;
        let ends = self.held.iter().rev().filter(|held| from_elsewhere(held) && (0..=within).contains(&success.since(held.at())));
        ends.map(|last| self.burst(last.at(), within, from_elsewhere)).find(|burst| burst.failures >= threshold)
    }

    /// The tries of the time up to a moment.
    fn burst(&self, last: Time, within: i64, counts: impl Fn(&Try) -> bool) -> Burst<'_> {
        let tries: Vec<&Try> = self.held.iter().filter(|held| (0..=within).contains(&last.since(held.at())) && counts(held)).collect();
        let failures = tries.iter().map(|held| held.count).fold(0, u32::saturating_add);
        Burst { tries, failures }
    }
}

impl Burst<'_> {
    /// When it began.
    pub(super) fn since(&self) -> Option<Time> {
        self.tries.first().map(|first| first.at())
    }
}

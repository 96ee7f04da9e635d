//! What is to happen, in the order in which it falls due.
//!
//! Timers come by the hundred thousand, many of one instant: the end of everybody's hours. So they are told apart by hash, and
//! put in their order when they fire; and they lie by the minute, so that a change after a snapshot copies one minute's.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::fast::FixedState;
use parsers::Time;
use parsers::time::MINUTE;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::state::Timer;

/// The timers of a minute: by due time, hash and what they are.
type Minute = BTreeSet<(Time, u64, Timer)>;

/// Timers to come.
#[derive(Clone, Debug, Default)]
pub struct Timers {
    /// By minute.
    later: Arc<BTreeMap<i64, Arc<Minute>>>,
    /// Those of the instant that is firing, in their order.
    now: BTreeSet<Timer>,
}

impl Timers {
    /// When the first falls due.
    pub fn first_due(&self) -> Option<Time> {
        let now = self.now.first().map(|timer| timer.due);
        now.or_else(|| self.later.first_key_value()?.1.first().map(|(due, ..)| *due))
    }

    /// A timer to come; the same one twice is one.
    pub fn insert(&mut self, timer: Timer) {
        if self.now.first().is_some_and(|now| timer.due <= now.due) {
            self.now.insert(timer);
            return;
        }
        let hash = FixedState::with_seed(0).hash_one(&timer);
        let minute = Arc::make_mut(&mut self.later).entry(minute(timer.due)).or_default();
        Arc::make_mut(minute).insert((timer.due, hash, timer));
    }

    /// Takes out the first.
    pub fn pop_first(&mut self) -> Option<Timer> {
        if self.now.is_empty() {
            self.come_to(self.first_due()?);
        }
        self.now.pop_first()
    }

    /// Puts the timers of an instant, the first that there is, in their order.
    fn come_to(&mut self, due: Time) {
        let later = Arc::make_mut(&mut self.later);
        let Some(mut minute) = later.first_entry() else { return };
        let held = Arc::make_mut(minute.get_mut());
        let after = due.0.checked_add(1).map(|after| held.split_off(&(Time(after), 0, Timer::default())));
        let now = std::mem::replace(held, after.unwrap_or_default());
        if held.is_empty() {
            minute.remove();
        }
        self.now = now.into_iter().map(|(.., timer)| timer).collect();
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Timer> {
        let later = self.later.values().flat_map(|minute| minute.iter().map(|(.., timer)| timer));
        self.now.iter().chain(later)
    }
}

fn minute(time: Time) -> i64 {
    time.0.div_euclid(MINUTE)
}

impl Serialize for Timers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Timers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut timers = Timers::default();
        Vec::<Timer>::deserialize(deserializer)?.into_iter().for_each(|timer| timers.insert(timer));
        Ok(timers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::state::What;

    fn timer(due: i64, login: &str) -> Timer {
        Timer { due: Time(due), supplier: "s".into(), login: Some(login.into()), what: What::Close(1) }
    }

    #[test]
    fn they_fire_in_their_order_and_once() {
        let mut timers = Timers::default();
        let mut expected = BTreeSet::new();
        for n in 0..2000_i64 {
            let timer = timer(n * 7919 % 40 * MINUTE / 4 - 5 * MINUTE, &format!("ext-{}", n % 300));
            timers.insert(timer.clone());
            expected.insert(timer);
        }
        let mut back: Timers = rmp_serde::from_slice(&rmp_serde::to_vec_named(&timers).unwrap()).unwrap();
        let copy = timers.clone();
        for expected in &expected {
            assert_eq!(timers.first_due(), Some(expected.due));
            assert_eq!(timers.pop_first().as_ref(), Some(expected));
            assert_eq!(back.pop_first().as_ref(), Some(expected));
        }
        assert_eq!((timers.pop_first(), timers.first_due(), timers.iter().count()), (None, None, 0));
        assert_eq!(copy.iter().count(), expected.len());
    }

    #[test]
    fn what_is_due_at_once_fires_in_its_turn() {
        let mut timers = Timers::default();
        ["b", "d"].into_iter().for_each(|login| timers.insert(timer(MINUTE, login)));
        let mut fired = Vec::new();
        while let Some(next) = timers.pop_first() {
            if fired.is_empty() {
                [timer(MINUTE, "c"), timer(MINUTE - 1, "z"), timer(MINUTE + 1, "a")].into_iter().for_each(|timer| timers.insert(timer));
            }
            fired.push(next.login.unwrap().to_string());
        }
        assert_eq!(fired, ["b", "z", "c", "d", "a"]);
    }
}

//! What is to happen, in the order in which it falls due.
//!
//! Timers come by the hundred thousand, many of one instant: the end of everybody's hours. Those of a minute to come lie in no order,
//! told apart by hash, so that to set one touches little; they are put in their order when their minute has come. And a change
//! after a snapshot copies one minute's.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::HashSet;
use parsers::Time;
use parsers::time::MINUTE;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use triomphe::Arc as Shared;

use super::state::Timer;
use crate::hashed::Hashed;

/// Timers to come.
#[derive(Clone, Debug, Default)]
pub struct Timers {
    /// Those of minutes that have come, in their order.
    near: BTreeSet<Timer>,
    /// Those of later minutes, by minute.
    later: Shared<BTreeMap<i64, Shared<HashSet<Hashed<Timer>>>>>,
    /// The first minute that has not come; `None` at the beginning.
    come_to: Option<i64>,
}

impl Timers {
    /// No timer falls due before this time; `None` if there is none.
    pub fn first_due(&self) -> Option<Time> {
        let near = self.near.first().map(|timer| timer.due);
        near.or_else(|| Some(Time(self.later.first_key_value()?.0.saturating_mul(MINUTE))))
    }

    /// A timer to come; the same one twice is one.
    pub fn insert(&mut self, timer: Timer) {
        let minute = minute(timer.due);
        if self.come_to.is_some_and(|come_to| minute < come_to) {
            self.near.insert(timer);
            return;
        }
        let held = Shared::make_mut(&mut self.later).entry(minute).or_default();
        Shared::make_mut(held).insert(Hashed::from(timer));
    }

    /// Takes out the first timer that is due at a time.
    pub fn pop_due(&mut self, now: Time) -> Option<Timer> {
        // One minute after the other, however far time has come: those of a whole night need not lie in order together. And no later
        // minute's comes before what is near.
        if self.near.is_empty()
            && let Some((&first, _)) = self.later.first_key_value().filter(|(first, _)| **first <= minute(now))
            && let Some(held) = Shared::make_mut(&mut self.later).remove(&first)
        {
            self.near = Shared::unwrap_or_clone(held).into_iter().map(Hashed::into_key).collect();
            self.come_to = self.come_to.max(first.checked_add(1));
        }
        if self.near.first()?.due > now { None } else { self.near.pop_first() }
    }

    /// All of them, in no order that means anything.
    pub fn iter(&self) -> impl Iterator<Item = &Timer> {
        let later = self.later.values().flat_map(|minute| minute.iter().map(|held| &**held));
        self.near.iter().chain(later)
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
            assert!(timers.first_due().is_some_and(|due| due <= expected.due));
            assert_eq!(timers.pop_due(expected.due.minus(1)), None);
            assert_eq!(timers.pop_due(expected.due).as_ref(), Some(expected));
            assert_eq!(back.pop_due(Time::MAX).as_ref(), Some(expected));
        }
        assert_eq!((timers.pop_due(Time::MAX), timers.first_due(), timers.iter().count()), (None, None, 0));
        assert_eq!(copy.iter().count(), expected.len());
    }

    #[test]
    fn what_is_due_at_once_fires_in_its_turn() {
        let mut timers = Timers::default();
        ["b", "d"].into_iter().for_each(|login| timers.insert(timer(MINUTE, login)));
        let mut fired = Vec::new();
        while let Some(next) = timers.pop_due(Time(2 * MINUTE)) {
            if fired.is_empty() {
                [timer(MINUTE, "c"), timer(MINUTE - 1, "z"), timer(MINUTE + 1, "a")].into_iter().for_each(|timer| timers.insert(timer));
            }
            fired.push(next.login.unwrap().to_string());
        }
        assert_eq!(fired, ["b", "z", "c", "d", "a"]);
    }
}

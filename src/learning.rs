//! What is learned of a supplier: watched in silence first, and forgotten when it has not been seen again for long.

use std::collections::BTreeMap;
use std::fmt::Debug;

use hdrhistogram::Histogram;
use parsers::Time;
use parsers::time::DAY;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How long somebody has been watched: nothing is new of whom nothing is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Learning {
    /// Its first success.
    first: Option<Time>,
    /// Sessions so far.
    sessions: u32,
}

impl Learning {
    /// It is watched from now on, unless it was before.
    pub fn begin(&mut self, now: Time) {
        self.first.get_or_insert(now);
    }

    /// A session begins.
    pub fn session(&mut self, now: Time) {
        self.begin(now);
        self.sessions = self.sessions.saturating_add(1);
    }

    /// Since when it is watched.
    pub fn since(&self) -> Option<Time> {
        self.first
    }

    /// How many sessions it has had.
    pub fn sessions(&self) -> u32 {
        self.sessions
    }

    /// Whether it has been watched for so long, and through so many sessions.
    pub fn is_learned(&self, now: Time, span: i64, sessions: u32) -> bool {
        self.first.is_some_and(|first| now.since(first) >= span) && self.sessions >= sessions
    }
}

/// What is counted stands for this long at least, and for twice as long at most.
pub const FADES_AFTER: i64 = 90 * DAY;

/// Something that is counted and fades: by whole seasons of 90 days, this one and the one before, so that counts stay whole numbers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Fading<T> {
    begun: Time,
    recent: T,
    earlier: T,
}

impl<T: Default> Fading<T> {
    /// What counts now, to be counted up.
    pub fn recent(&mut self, now: Time) -> &mut T {
        let age = now.since(self.begun);
        if age >= FADES_AFTER {
            let recent = std::mem::take(&mut self.recent);
            self.earlier = if age < 2 * FADES_AFTER { recent } else { T::default() };
            self.begun = now;
        }
        &mut self.recent
    }

    /// What stands at a time.
    pub fn standing(&self, now: Time) -> impl Iterator<Item = &T> {
        let age = now.since(self.begun);
        let recent = (age < 2 * FADES_AFTER).then_some(&self.recent);
        let earlier = (age < FADES_AFTER).then_some(&self.earlier);
        recent.into_iter().chain(earlier)
    }
}

/// Counters by name.
pub type Tally<K> = BTreeMap<K, u32>;

impl<K: Ord> Fading<Tally<K>> {
    /// Counts one more.
    pub fn count(&mut self, key: K, now: Time) {
        let counter = self.recent(now).entry(key).or_default();
        *counter = counter.saturating_add(1);
    }

    /// How many of a kind, and of all.
    pub fn of(&self, key: &K, now: Time) -> (u32, u32) {
        self.standing(now).fold((0, 0), |(of, all), tally| {
            let total = tally.values().fold(all, |all: u32, count| all.saturating_add(*count));
            (tally.get(key).map_or(of, |count| of.saturating_add(*count)), total)
        })
    }
}

/// How amounts are spread, to a sixteenth of each.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spread(Option<Histogram<u32>>);

impl Spread {
    fn add(&mut self, amount: u64, times: u32) {
        if self.0.is_none() {
            self.0 = Histogram::new(1).ok();
        }
        if let Some(histogram) = &mut self.0 {
            // An amount that it has no room for, or one too many of it, is as good as the largest that it holds.
            if histogram.record_n(amount, times).is_err() {
                histogram.saturating_record_n(amount, times);
            }
        }
    }

    fn amounts(&self) -> impl Iterator<Item = (u64, u32)> {
        self.0.iter().flat_map(|histogram| histogram.iter_recorded().map(|step| (step.value_iterated_to(), step.count_at_value())))
    }
}

impl Fading<Spread> {
    /// Takes an amount in.
    pub fn add(&mut self, amount: u64, now: Time) {
        self.recent(now).add(amount, 1);
    }

    /// How many amounts stand.
    pub fn known(&self, now: Time) -> u64 {
        self.standing(now).filter_map(|spread| spread.0.as_ref()).map(Histogram::len).fold(0, u64::saturating_add)
    }

    /// What 99 % of them do not exceed; `None` where there is none.
    pub fn most(&self, now: Time) -> Option<u64> {
        let mut all = Spread::default();
        self.standing(now).flat_map(Spread::amounts).for_each(|(amount, times)| all.add(amount, times));
        all.0.map(|histogram| histogram.value_at_quantile(0.99))
    }
}

/// As pairs of amount and count: an empty one takes a byte, and not a table of zeros.
impl Serialize for Spread {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.amounts())
    }
}

impl<'de> Deserialize<'de> for Spread {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut spread = Spread::default();
        for (amount, times) in Vec::<(u64, u32)>::deserialize(deserializer)? {
            if times == 0 {
                return Err(D::Error::custom("an amount that was never counted"));
            }
            spread.add(amount, times);
        }
        Ok(spread)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(n: i64) -> Time {
        Time(1_800_000_000_000_000_000).plus(n * DAY)
    }

    #[test]
    fn nobody_is_known_before_the_silence_ends() {
        let mut learning = Learning::default();
        assert!(!learning.is_learned(day(100), 14 * DAY, 0));
        for n in 0..5 {
            assert!(!learning.is_learned(day(20), 14 * DAY, 5), "{n}");
            learning.session(day(n));
        }
        assert!(!learning.is_learned(day(13), 14 * DAY, 5));
        assert!(learning.is_learned(day(14), 14 * DAY, 5));
    }

    #[test]
    fn counts_stand_for_one_season_and_fade_after_the_second() {
        let mut tally: Fading<Tally<u8>> = Fading::default();
        tally.count(3, day(0));
        tally.count(3, day(89));
        tally.count(4, day(89));
        assert_eq!(tally.of(&3, day(89)), (2, 3));
        tally.count(3, day(90));
        assert_eq!(tally.of(&3, day(179)), (3, 4));
        // What was counted in the first season is gone, whether something was counted since or not.
        assert_eq!(tally.of(&3, day(180)), (1, 1));
        tally.count(5, day(180));
        assert_eq!(tally.of(&3, day(180)), (1, 2));
        assert_eq!(tally.of(&3, day(500)), (0, 0));
        tally.count(5, day(500));
        assert_eq!(tally.of(&5, day(500)), (1, 1));
    }

    #[test]
    fn the_most_of_many_is_not_the_largest() {
        let mut spread = Fading::<Spread>::default();
        assert_eq!((spread.known(day(0)), spread.most(day(0))), (0, None));
        for n in 0..200 {
            spread.add(if n == 7 { 1 << 40 } else { 1_000_000 + n }, day(0));
        }
        let most = spread.most(day(0)).unwrap();
        assert!((1_000_000..1_100_000).contains(&most), "{most}");
        assert_eq!(spread.known(day(0)), 200);
        spread.add(u64::MAX, day(0));
        assert_eq!(spread.known(day(0)), 201);
    }

    proptest! {
        #[test]
        fn what_was_kept_reads_as_it_was(amounts in prop::collection::vec((any::<u64>(), 0..400_i64), 0..60)) {
            let mut spread = Fading::<Spread>::default();
            for (amount, at) in amounts {
                spread.add(amount >> (amount % 60), day(at));
            }
            let bytes = rmp_serde::to_vec_named(&spread).unwrap();
            let read: Fading<Spread> = rmp_serde::from_slice(&bytes).unwrap();
            prop_assert_eq!(read.most(day(400)), spread.most(day(400)));
            prop_assert_eq!(read.known(day(400)), spread.known(day(400)));
            prop_assert_eq!(rmp_serde::to_vec_named(&read).unwrap(), bytes);
        }
    }
}

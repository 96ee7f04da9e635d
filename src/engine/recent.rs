//! The lines of a stream's last 90 seconds, by content: what comes twice is one event.

use std::collections::VecDeque;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use parsers::Time;
use parsers::time::SECOND;
use serde::{Deserialize, Serialize};

/// A byte-identical line of one stream within this of the stream's clock is the same event.
const REPEATED_WITHIN: i64 = 90 * SECOND;

/// SHA-256 of a line.
type Sha256 = [u8; 32];

/// Lines by their hashes, in the order in which they came.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, from = "Written")]
pub struct Recent {
    order: VecDeque<(Time, Sha256)>,
    /// The number of each line, found by its hash: the hashes themselves lie in the order alone, so that this takes little room and
    /// most of it stays in the processor's cache.
    #[serde(skip)]
    numbers: HashTable<u32>,
    /// The number of the first.
    #[serde(skip)]
    first: u32,
}

/// What is written of [`Recent`].
#[derive(Default, Deserialize)]
#[serde(default)]
struct Written {
    order: VecDeque<(Time, Sha256)>,
}

impl From<Written> for Recent {
    fn from(Written { order }: Written) -> Recent {
        let mut recent = Recent::default();
        for (clock, sha256) in order {
            recent.put(sha256, clock);
        }
        recent
    }
}

/// A hash of a line is as good as any other as the hash of a table.
fn hash_of(sha256: &Sha256) -> u64 {
    sha256.first_chunk().map_or(0, |first| u64::from_le_bytes(*first))
}

impl Recent {
    /// Whether a line is held.
    pub(super) fn holds(&self, sha256: &Sha256) -> bool {
        self.numbers.find(hash_of(sha256), |number| line(&self.order, self.first, *number) == Some(sha256)).is_some()
    }

    /// Takes a line down, at a time of the stream's clock; `false` if it is held.
    pub(super) fn put(&mut self, sha256: Sha256, clock: Time) -> bool {
        let Recent { order, numbers, first } = self;
        let line = |number: &u32| line(order, *first, *number);
        match numbers.entry(hash_of(&sha256), |number| line(number) == Some(&sha256), |number| line(number).map_or(0, hash_of)) {
            Entry::Occupied(_) => return false,
            Entry::Vacant(place) => place.insert(first.wrapping_add(u32::try_from(order.len()).unwrap_or(0))),
        };
        order.push_back((clock, sha256));
        true
    }

    /// Forgets what came longer ago than a repetition may lie apart.
    pub(super) fn forget_before(&mut self, clock: Time) {
        while let Some(&(since, _)) = self.order.front() {
            // A first line that the next one denied has set the clock back.
            if (0..=REPEATED_WITHIN).contains(&clock.since(since)) {
                break;
            }
            self.forget_first();
        }
    }

    /// Forgets all but the last lines.
    pub(super) fn keep(&mut self, room: usize) {
        while self.order.len() > room {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        let Some((_, oldest)) = self.order.pop_front() else { return };
        if let Ok(held) = self.numbers.find_entry(hash_of(&oldest), |number| *number == self.first) {
            held.remove();
        }
        self.first = self.first.wrapping_add(1);
    }
}

/// A line by its number.
fn line(order: &VecDeque<(Time, Sha256)>, first: u32, number: u32) -> Option<&Sha256> {
    order.get(number.wrapping_sub(first) as usize).map(|(_, line)| line)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines whose hashes begin alike and end differently, as somebody might make them.
    fn made(n: u64) -> Sha256 {
        let mut line = [7; 32];
        line.last_chunk_mut::<8>().unwrap().copy_from_slice(&n.to_le_bytes());
        line.first_chunk_mut::<8>().unwrap().copy_from_slice(&(n % 50).to_le_bytes());
        line
    }

    #[test]
    fn a_line_is_held_for_its_time_and_once() {
        // Numbers go round.
        let mut recent = Recent { first: u32::MAX - 100, ..Recent::default() };
        for n in 0..1000 {
            let clock = Time(i64::try_from(n).unwrap() * SECOND);
            recent.forget_before(clock);
            assert!(!recent.holds(&made(n)) && recent.put(made(n), clock) && !recent.put(made(n), clock));
            for (ago, expected) in [(0, true), (90, true), (91, false)] {
                assert_eq!(n >= ago && recent.holds(&made(n - ago.min(n))), n >= ago && expected, "{n} {ago}");
            }
            let mut back: Recent = rmp_serde::from_slice(&rmp_serde::to_vec_named(&recent).unwrap()).unwrap();
            assert!(back.holds(&made(n)) && !back.put(made(n), clock) && back.order == recent.order);
        }
        recent.keep(3);
        assert!(recent.holds(&made(997)) && !recent.holds(&made(996)) && recent.numbers.len() == 3);
        recent.forget_before(Time::MIN);
        assert!(recent.order.is_empty() && recent.numbers.is_empty());
    }
}

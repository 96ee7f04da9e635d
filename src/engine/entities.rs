//! A map of entities that can be copied while it is being changed.
//!
//! A snapshot must not stop the engine: cloning copies the pointers of the shards, another thread
//! serialises the copy, and a change copies only the shard and the entity that it touches.

use std::cmp::Ordering;
use std::fmt;
use std::hash::Hash;
use std::marker::PhantomData;
use std::net::IpAddr;
use std::sync::Arc;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smallvec::SmallVec;
use triomphe::Arc as Shared;

use crate::hashed::{Hashed, hash_of};

/// So many entities to a shard: with more of them, there are more shards. A shard is copied in a microsecond, and lies in a few
/// lines of the processor's cache.
const OF_A_SHARD: usize = 8;

/// Entities by key. Which shard holds a key is never observable.
#[derive(Clone, Debug)]
pub struct Entities<K, V> {
    /// A power of two of them, or none: most suppliers have a handful of accounts, and one. Sorted by hash they go on from one to the next.
    shards: SmallVec<[Shared<Shard<K, V>>; 2]>,
    len: usize,
}

/// Sorted by hash, then key: to compare numbers that lie side by side is all that most searches need. Far more often searched than
/// added to, it lies behind one pointer.
type Shard<K, V> = [(u64, K, Shared<V>)];

/// A shard that nobody else sees, copied if need be. `std`'s `Arc` would lock the bus to know, also where nobody shares it, and what
/// comes after would wait for the memory to answer.
fn own<T: Clone>(shard: &mut Shared<[T]>) -> &mut [T] {
    if !shard.is_unique() {
        *shard = shard.iter().cloned().collect();
    }
    Shared::get_mut(shard).unwrap_or_default()
}

/// What entities are known by.
pub trait Key: Ord + Clone + Hash {
    /// Whether two keys are one. Most that are asked for are the very ones that are held.
    fn is(&self, other: &Self) -> bool {
        self == other
    }
}

impl Key for Arc<str> {
    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(self, other) || self == other
    }
}

impl Key for IpAddr {}

/// What an entity is asked for by: its key, whether its hash is known or not. Attackers may choose keys, but each shard is sorted.
pub trait Asked<K> {
    /// The key.
    fn key(&self) -> &K;
    /// Its hash.
    fn hash(&self) -> u64;
}

impl<K: Key> Asked<K> for K {
    fn key(&self) -> &K {
        self
    }

    fn hash(&self) -> u64 {
        hash_of(self)
    }
}

impl<K: Key> Asked<K> for Hashed<K> {
    fn key(&self) -> &K {
        self
    }

    fn hash(&self) -> u64 {
        Hashed::hash(self)
    }
}

impl<K, V> Default for Entities<K, V> {
    fn default() -> Self {
        Entities { shards: SmallVec::new(), len: 0 }
    }
}

/// Where a key lies in a shard, or would lie, by the bits of its hash that are not the shard's own. Hashes are spread evenly: its place
/// is near where its hash lies among all that there may be, and a search that begins there touches little memory.
fn place<K: Key, V>(shard: &Shard<K, V>, hash: u64, within: u64, key: &K) -> Result<usize, usize> {
    let compare =
        |(of, held, _): &(u64, K, Shared<V>)| of.cmp(&hash).then_with(|| if held.is(key) { Ordering::Equal } else { held.cmp(key) });
    let is_before = |at: usize| shard.get(at).is_some_and(|entity| compare(entity) == Ordering::Less);
    let guess = usize::try_from((u128::from(within) * shard.len() as u128) >> u64::BITS).unwrap_or(0);
    let (mut low, mut high, mut step) = (0, shard.len(), 1);
    if is_before(guess) {
        low = guess + 1;
        while is_before(low + step - 1) {
            low += step;
            step *= 2;
        }
        high = high.min(low + step - 1);
    } else {
        high = high.min(guess);
        while step <= high && !is_before(high - step) {
            high -= step;
            step *= 2;
        }
        low = low.max((high + 1).saturating_sub(step));
    }
    let found = shard.get(low..high).unwrap_or_default().partition_point(|entity| compare(entity) == Ordering::Less) + low;
    let is_there = shard.get(found).is_some_and(|entity| compare(entity) == Ordering::Equal);
    if is_there { Ok(found) } else { Err(found) }
}

impl<K: Key, V: Clone + Default> Entities<K, V> {
    /// The shard of a hash, its first bits; and the bits after them.
    fn shard_of(&self, hash: u64) -> (usize, u64) {
        let bits = self.shards.len().trailing_zeros();
        let shard = hash.checked_shr(u64::BITS - bits).and_then(|at| usize::try_from(at).ok()).unwrap_or(0);
        (shard, hash.checked_shl(bits).unwrap_or(0))
    }

    /// The entity of a key.
    pub fn get(&self, asked: &impl Asked<K>) -> Option<&V> {
        let (key, hash) = (asked.key(), asked.hash());
        let (at, within) = self.shard_of(hash);
        let shard = self.shards.get(at)?;
        shard.get(place(shard, hash, within, key).ok()?).map(|(.., entity)| &**entity)
    }

    /// The entity of a key, to be changed, if there is one.
    pub fn get_mut(&mut self, asked: &impl Asked<K>) -> Option<&mut V> {
        let (key, hash) = (asked.key(), asked.hash());
        let (at, within) = self.shard_of(hash);
        let shard = self.shards.get_mut(at)?;
        let place = place(shard, hash, within, key).ok()?;
        own(shard).get_mut(place).map(|(.., entity)| Shared::make_mut(entity))
    }

    /// The entity of a key, made if there is none, to be changed.
    pub fn entry(&mut self, asked: &impl Asked<K>) -> Option<&mut V> {
        if self.len >= self.shards.len() * OF_A_SHARD {
            self.grow();
        }
        let (key, hash) = (asked.key(), asked.hash());
        let (at, within) = self.shard_of(hash);
        let shard = self.shards.get_mut(at)?;
        let at = place(shard, hash, within, key).unwrap_or_else(|at| {
            let (before, after) = shard.split_at_checked(at).unwrap_or_default();
            let new = (hash, key.clone(), Shared::default());
            *shard = before.iter().cloned().chain([new]).chain(after.iter().cloned()).collect();
            self.len += 1;
            at
        });
        own(shard).get_mut(at).map(|(.., entity)| Shared::make_mut(entity))
    }

    /// Doubles the shards: each becomes two.
    fn grow(&mut self) {
        let before = std::mem::take(&mut self.shards);
        let shards = (before.len() * 2).max(1);
        self.shards.resize_with(shards, || Shared::from_iter([]));
        for (at, shard) in before.iter().enumerate() {
            let lower = shard.partition_point(|(hash, ..)| self.shard_of(*hash).0 == 2 * at);
            let (lower, upper) = shard.split_at_checked(lower).unwrap_or_default();
            for (half, entities) in [lower, upper].into_iter().enumerate() {
                if let Some(shard) = self.shards.get_mut(2 * at + half) {
                    *shard = entities.iter().cloned().collect();
                }
            }
        }
    }

    /// Every entity with its key, in an order that means nothing, and that depends on nothing but the keys.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.shards.iter().flat_map(|shard| shard.iter().map(|(_, key, entity)| (key, &**entity)))
    }

    /// Drops the entities that `keep` refuses.
    pub fn retain(&mut self, keep: impl Fn(&K, &V) -> bool) {
        for shard in self.shards.iter_mut().filter(|shard| shard.iter().any(|(_, key, entity)| !keep(key, entity))) {
            *shard = shard.iter().filter(|(_, key, entity)| keep(key, entity)).cloned().collect();
        }
        self.len = self.shards.iter().map(|shard| shard.len()).sum();
    }

    /// Number of entities.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl<K: Key + Serialize, V: Clone + Default + Serialize> Serialize for Entities<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut all: Vec<(&K, &V)> = self.iter().collect();
        all.sort_unstable_by(|a, b| a.0.cmp(b.0));
        serializer.collect_seq(all)
    }
}

impl<'de, K: Key + Deserialize<'de>, V: Clone + Default + Deserialize<'de>> Deserialize<'de> for Entities<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Written(PhantomData))
    }
}

/// A sequence of pairs; or a map, as the accounts of a supplier used to be written.
struct Written<K, V>(PhantomData<(K, V)>);

impl<'de, K: Key + Deserialize<'de>, V: Clone + Default + Deserialize<'de>> Visitor<'de> for Written<K, V> {
    type Value = Entities<K, V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("entities with their keys")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<Self::Value, A::Error> {
        let mut entities = Entities::default();
        while let Some((key, value)) = all.next_element::<(K, V)>()? {
            if let Some(entity) = entities.entry(&key) {
                *entity = value;
            }
        }
        Ok(entities)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut all: A) -> Result<Self::Value, A::Error> {
        let mut entities = Entities::default();
        while let Some((key, value)) = all.next_entry::<K, V>()? {
            if let Some(entity) = entities.entry(&key) {
                *entity = value;
            }
        }
        Ok(entities)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    impl Key for u32 {}
    impl Key for String {}

    #[test]
    fn it_is_a_map_however_many_there_are() {
        let mut entities: Entities<u32, u32> = Entities::default();
        let mut expected = BTreeMap::new();
        for n in (0..5000_u32).map(|n| n.wrapping_mul(2_654_435_761) % 3000) {
            *entities.entry(&n).unwrap() += 1;
            *expected.entry(n).or_default() += 1;
        }
        assert_eq!(entities.len(), expected.len());
        assert!((0..4000).all(|n| entities.get(&n) == expected.get(&n) && entities.get_mut(&n) == expected.get_mut(&n)));
        assert_eq!(entities.iter().map(|(key, held)| (*key, *held)).collect::<BTreeMap<_, _>>(), expected);
        let hashes: Vec<u64> = entities.iter().map(|(key, _)| hash_of(key)).collect();
        assert!(hashes.is_sorted());
        entities.retain(|_, &held| held > 1);
        expected.retain(|_, held| *held > 1);
        assert!(entities.len() == expected.len() && (0..4000).all(|n| entities.get(&n) == expected.get(&n)));
    }

    #[test]
    fn a_copy_stays_as_it_was() {
        let mut entities: Entities<u32, u32> = Entities::default();
        (0..100).for_each(|n| *entities.entry(&n).unwrap() = n);
        let copy = entities.clone();
        (0..200).for_each(|n| *entities.entry(&n).unwrap() += 1);
        assert_eq!((copy.len(), copy.get(&7), entities.get(&7), entities.len()), (100, Some(&7), Some(&8), 200));
    }

    #[test]
    fn what_was_a_map_can_be_read() {
        let pairs: Entities<String, u32> = serde_json::from_str(r#"[["b", 2], ["a", 1]]"#).unwrap();
        let map: Entities<String, u32> = serde_json::from_str(r#"{"a": 1, "b": 2}"#).unwrap();
        for entities in [pairs, map] {
            assert_eq!(serde_json::to_string(&entities).unwrap(), r#"[["a",1],["b",2]]"#);
        }
    }
}

//! A map of entities that can be copied while it is being changed.
//!
//! A snapshot must not stop the engine: cloning copies the pointers of the shards, another thread
//! serialises the copy, and a change copies only the shard and the entity that it touches.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Enough that a shard of 300,000 entities is copied in microseconds.
const SHARDS: usize = 256;

/// Entities by key. Which shard holds a key is never observable.
#[derive(Clone, Debug)]
pub struct Entities<K, V> {
    shards: Vec<Arc<BTreeMap<K, Arc<V>>>>,
}

impl<K: Ord + Clone + Hash, V: Clone + Default> Default for Entities<K, V> {
    fn default() -> Self {
        Entities { shards: vec![Arc::default(); SHARDS] }
    }
}

/// The default hasher without a seed: attackers may choose keys, but each shard is an ordered map.
fn shard_of<K: Hash>(key: &K) -> usize {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    usize::try_from(hasher.finish() % SHARDS as u64).unwrap_or(0)
}

impl<K: Ord + Clone + Hash, V: Clone + Default> Entities<K, V> {
    /// The entity of a key.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.shards.get(shard_of(key))?.get(key).map(|entity| &**entity)
    }

    /// The entity of a key, to be changed, if there is one.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let shard = self.shards.get_mut(shard_of(key))?;
        if !shard.contains_key(key) {
            return None;
        }
        Arc::make_mut(shard).get_mut(key).map(Arc::make_mut)
    }

    /// The entity of a key, made if there is none, to be changed.
    pub fn entry(&mut self, key: &K) -> Option<&mut V> {
        let shard = Arc::make_mut(self.shards.get_mut(shard_of(key))?);
        if !shard.contains_key(key) {
            shard.insert(key.clone(), Arc::default());
        }
        shard.get_mut(key).map(Arc::make_mut)
    }

    /// Every entity with its key, in no order that means anything.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.shards.iter().flat_map(|shard| shard.iter().map(|(key, entity)| (key, &**entity)))
    }

    /// Drops the entities that `keep` refuses.
    pub fn retain(&mut self, keep: impl Fn(&K, &V) -> bool) {
        for shard in self.shards.iter_mut().filter(|shard| shard.iter().any(|(key, entity)| !keep(key, entity))) {
            Arc::make_mut(shard).retain(|key, entity| keep(key, entity));
        }
    }

    /// Number of entities.
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.len()).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<K: Ord + Clone + Hash + Serialize, V: Clone + Default + Serialize> Serialize for Entities<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut all: Vec<(&K, &V)> = self.iter().collect();
        all.sort_unstable_by(|a, b| a.0.cmp(b.0));
        serializer.collect_seq(all)
    }
}

impl<'de, K: Ord + Clone + Hash + DeserializeOwned, V: Clone + Default + DeserializeOwned> Deserialize<'de> for Entities<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let all: Vec<(K, V)> = Vec::deserialize(deserializer)?;
        let mut entities = Entities::default();
        for (key, value) in all {
            if let Some(entity) = entities.entry(&key) {
                *entity = value;
            }
        }
        Ok(entities)
    }
}

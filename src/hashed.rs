//! A key that knows its hash: it is taken once, and whoever looks the key up need not touch its letters.

use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher};
use std::ops::Deref;

use foldhash::fast::FixedState;

/// A key with its hash.
#[derive(Clone, Debug, Eq, PartialOrd, Ord)]
pub struct Hashed<K> {
    key: K,
    hash: u64,
}

/// A fast hash without a seed: the same in every process. Attackers may choose keys, so whoever relies on it bears with any of them.
pub fn hash_of<K: Hash>(key: &K) -> u64 {
    FixedState::with_seed(0).hash_one(key)
}

/// The hash tells most keys apart.
impl<K: PartialEq> PartialEq for Hashed<K> {
    fn eq(&self, other: &Hashed<K>) -> bool {
        self.hash == other.hash && self.key == other.key
    }
}

impl<K: Hash> From<K> for Hashed<K> {
    fn from(key: K) -> Hashed<K> {
        Hashed { hash: hash_of(&key), key }
    }
}

impl<K> Hashed<K> {
    /// The key alone.
    pub fn into_key(self) -> K {
        self.key
    }

    /// The hash of the key.
    pub fn hash(&self) -> u64 {
        self.hash
    }
}

/// A table of them grows without looking at the keys again.
impl<K> Hash for Hashed<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl<K: fmt::Display> fmt::Display for Hashed<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.key.fmt(f)
    }
}

impl<K> Deref for Hashed<K> {
    type Target = K;

    fn deref(&self) -> &K {
        &self.key
    }
}

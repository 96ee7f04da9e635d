//! A memory of names with a bound: what was used lately stays, whatever else comes.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Something by name. When the young half is full it becomes the old one, and what was in the old one is forgotten unless it was
/// used meanwhile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Lately<V> {
    young: BTreeMap<Arc<str>, V>,
    old: BTreeMap<Arc<str>, V>,
}

impl<V> Default for Lately<V> {
    fn default() -> Self {
        Lately { young: BTreeMap::new(), old: BTreeMap::new() }
    }
}

impl<V: Default> Lately<V> {
    /// What is remembered of a name; made if there is nothing. The last `room` names that were used are there, and never more than
    /// twice as many.
    pub(super) fn of(&mut self, name: &Arc<str>, room: usize) -> &mut V {
        let value = self.old.remove(name);
        if self.young.len() >= room && !self.young.contains_key(name) {
            self.old = std::mem::take(&mut self.young);
        }
        let held = self.young.entry(Arc::clone(name)).or_default();
        if let Some(value) = value {
            *held = value;
        }
        held
    }

    /// Whether a name is remembered.
    pub(super) fn holds(&self, name: &str) -> bool {
        self.young.contains_key(name) || self.old.contains_key(name)
    }

    /// Forgets a name.
    pub(super) fn take(&mut self, name: &str) -> Option<V> {
        self.young.remove(name).or_else(|| self.old.remove(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_the_rest_goes() {
        let mut held: Lately<u32> = Lately::default();
        let name = |n: usize| -> Arc<str> { format!("n{n}").into() };
        *held.of(&name(0), 4) = 7;
        for n in 1..1000 {
            held.of(&name(n), 4);
            if n % 3 == 0 {
                assert_eq!(*held.of(&name(0), 4), 7, "{n}");
            }
            assert!(held.young.len() + held.old.len() <= 8);
            assert!((n.saturating_sub(2)..=n).all(|last| held.holds(&name(last))), "{n}");
        }
        assert!(!held.holds("n900"));
        assert_eq!((held.take("n0"), held.holds("n0")), (Some(7), false));
    }
}

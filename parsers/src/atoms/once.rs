//! Of two equal keys the first counts: the later one may stand inside a value that nobody escaped.

use super::Pair;
use crate::Text;

/// A fact that is told once.
pub trait Once {
    /// Takes `value`, if there is none yet.
    fn once(&mut self, value: Self);
}

impl Once for Text {
    fn once(&mut self, value: Text) {
        if self.is_empty() {
            *self = value;
        }
    }
}

impl Once for &[u8] {
    fn once(&mut self, value: Self) {
        if self.is_empty() {
            *self = value;
        }
    }
}

impl Once for Pair<'_> {
    fn once(&mut self, value: Self) {
        if self.value.is_empty() {
            *self = value;
        }
    }
}

impl<T> Once for Option<T> {
    fn once(&mut self, value: Option<T>) {
        if self.is_none() {
            *self = value;
        }
    }
}

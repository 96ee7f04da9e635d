//! Names that nobody bears, tried from everywhere.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;

use parsers::Time;
use serde::{Deserialize, Serialize};

use super::lately::Lately;
use crate::alert::Evidence;

/// How many names of staff that got in are remembered; only who has a password can add to them.
const STAFF: usize = 16_384;

/// What is remembered of all strangers together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Crowd {
    /// Names that got in.
    staff: Lately<()>,
    /// The last unknown names, each with its last line, in the order in which they were tried: as many as are to be too many.
    names: VecDeque<(Arc<str>, Evidence)>,
    /// The last addresses that unknown names were tried from, in the same way.
    addresses: VecDeque<(IpAddr, Time)>,
    /// Failures since the last alert.
    failures: u64,
    /// The time of the last alert, and of the first of those that followed one another.
    told: Option<(Time, Time)>,
}

/// A crowd that knocks.
pub(super) struct Knocking {
    pub(super) names: Vec<(Arc<str>, Evidence)>,
    pub(super) addresses: Vec<IpAddr>,
    /// Failures of unknown names since the last alert.
    pub(super) failures: u64,
    /// When the first alert of this crowd came.
    pub(super) since: Time,
}

impl Crowd {
    /// Somebody got in: his name is one.
    pub(super) fn let_in(&mut self, login: &Arc<str>) {
        self.staff.of(login, STAFF);
        self.names.retain(|(name, _)| name != login);
    }

    /// Takes down a failure of a name that is no supplier's. The crowd that it is part of, at most once in `within`.
    pub(super) fn failed(&mut self, login: &Arc<str>, address: IpAddr, line: &Evidence, count: u32, most: (usize, usize), within: i64) -> Option<Knocking> {
        if self.staff.holds(login) {
            return None;
        }
        let now = line.time;
        let lately = |time: Time| now.0.abs_diff(time.0) <= within.unsigned_abs();
        if self.names.back().is_none_or(|(_, line)| !lately(line.time)) {
            self.failures = 0;
        }
        put_last(&mut self.names, |(name, _)| name == login, (Arc::clone(login), line.clone()), most.1);
        put_last(&mut self.addresses, |(known, _)| *known == address, (address, now), most.0);
        self.failures = self.failures.saturating_add(count.into());
        if self.told.is_some_and(|(told, _)| lately(told))
            || self.names.len() < most.1
            || self.addresses.len() < most.0
            || !self.names.iter().all(|(_, line)| lately(line.time))
            || !self.addresses.iter().all(|(_, time)| lately(*time))
        {
            return None;
        }
        // An alert an hour as long as it goes on is one story.
        let since = self.told.filter(|(told, _)| now.0.abs_diff(told.0) <= 2 * within.unsigned_abs()).map_or(now, |(_, since)| since);
        self.told = Some((now, since));
        Some(Knocking {
            names: self.names.iter().cloned().collect(),
            addresses: self.addresses.iter().map(|(address, _)| *address).collect(),
            failures: std::mem::take(&mut self.failures),
            since,
        })
    }
}

/// Puts something last of a list that holds it once, and of all things the last `room` ones.
fn put_last<T>(list: &mut VecDeque<T>, is_it: impl Fn(&T) -> bool, it: T, room: usize) {
    // Who comes again mostly came just now.
    match list.iter().rposition(is_it) {
        Some(at) => drop(list.remove(at)),
        None if list.len() >= room => drop(list.pop_front()),
        None => {}
    }
    list.push_back(it);
}

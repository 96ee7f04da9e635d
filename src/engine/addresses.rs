//! What is remembered of source addresses: of those that somebody got in from, and of those that were only refused.
//!
//! Anybody may knock from as many addresses as he likes, so the two kinds have room of their own: what strangers come from
//! drives out strangers' addresses only. One subscriber of IPv6 has a /64 at his disposal, which counts as one address.

use std::net::IpAddr;

use parsers::Time;
use parsers::time::DAY;
use serde::{Deserialize, Serialize};

use super::entities::Entities;
use crate::network::subscriber;
use crate::rules::AddressMemory;

/// How many addresses of each kind are remembered at least; at twice as many, the older half of the kind is forgotten.
const ROOM: [usize; 2] = [8_192, 32_768];

/// How long an address is remembered after it was last seen: one that was only refused, and one that somebody got in from.
const KEPT: [i64; 2] = [DAY, 30 * DAY];

/// What is remembered of a source address.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Addressed {
    /// When it was last seen.
    pub last: Time,
    /// Whether somebody got in from it.
    pub let_in: bool,
    /// The rules' memories of it.
    pub memory: AddressMemory,
}

/// All addresses that are remembered.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "Entities<IpAddr, Addressed>", into = "Entities<IpAddr, Addressed>")]
pub struct Addresses {
    held: Entities<IpAddr, Addressed>,
    /// How many of each kind are held.
    count: [usize; 2],
}

impl Addresses {
    /// What is remembered of an address that is seen at a time, with somebody let in or refused.
    pub(super) fn seen(&mut self, address: IpAddr, at: Time, let_in: bool) -> Option<&mut Addressed> {
        let address = subscriber(address);
        let before = self.held.get(&address).map(|held| held.let_in);
        let now = let_in || before == Some(true);
        if before != Some(now) {
            self.make_room(now);
            *self.counted(now) += 1;
            if before.is_some() {
                *self.counted(false) -= 1;
            }
        }
        let held = self.held.entry(&address)?;
        held.last = held.last.max(at);
        held.let_in = now;
        Some(held)
    }

    /// Forgets the addresses that were not seen for long.
    pub(super) fn sweep(&mut self, now: Time) {
        self.held.retain(|_, held| now.since(held.last) <= kind(KEPT, held.let_in));
        self.count = counts(&self.held);
    }

    /// How many are held.
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    fn counted(&mut self, let_in: bool) -> &mut usize {
        let [refused, let_in_from] = &mut self.count;
        if let_in { let_in_from } else { refused }
    }

    /// Forgets the older half of a kind that is at its limit. Of equals the order of addresses decides, so that a memory read back
    /// forgets the same ones.
    fn make_room(&mut self, let_in: bool) {
        let room = kind(ROOM, let_in);
        if *self.counted(let_in) < 2 * room {
            return;
        }
        let mut ages: Vec<(Time, IpAddr)> =
            self.held.iter().filter(|(_, held)| held.let_in == let_in).map(|(address, held)| (held.last, *address)).collect();
        let oldest_but = ages.len().saturating_sub(room);
        let (_, &mut last_to_go, _) = ages.select_nth_unstable(oldest_but.saturating_sub(1));
        self.held.retain(|address, held| held.let_in != let_in || (held.last, *address) > last_to_go);
        self.count = counts(&self.held);
    }
}

fn kind<T: Copy>([refused, let_in_from]: [T; 2], let_in: bool) -> T {
    if let_in { let_in_from } else { refused }
}

fn counts(held: &Entities<IpAddr, Addressed>) -> [usize; 2] {
    let let_in_from = held.iter().filter(|(_, held)| held.let_in).count();
    [held.len() - let_in_from, let_in_from]
}

impl From<Entities<IpAddr, Addressed>> for Addresses {
    fn from(held: Entities<IpAddr, Addressed>) -> Addresses {
        Addresses { count: counts(&held), held }
    }
}

impl From<Addresses> for Entities<IpAddr, Addressed> {
    fn from(addresses: Addresses) -> Entities<IpAddr, Addressed> {
        addresses.held
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn v4(n: usize) -> IpAddr {
        Ipv4Addr::from(u32::try_from(n).unwrap()).into()
    }

    #[test]
    fn strangers_addresses_drive_out_strangers_addresses_only() {
        let mut addresses = Addresses::default();
        let home: IpAddr = "192.0.2.7".parse().unwrap();
        addresses.seen(home, Time(1), true);
        for n in 0..5 * ROOM[0] {
            addresses.seen(v4(n), Time(5), false);
            assert!(addresses.len() <= 2 * ROOM[0] + 1);
        }
        assert_eq!(addresses.count, counts(&addresses.held));
        assert!(addresses.seen(home, Time(6), false).unwrap().let_in, "it is known still");
    }

    #[test]
    fn what_is_read_back_forgets_the_same() {
        let mut addresses = Addresses::default();
        for n in 0..3 * ROOM[0] / 2 {
            addresses.seen(v4(n), Time(i64::try_from(n % 7).unwrap()), n % 10 == 0);
        }
        let bytes = rmp_serde::to_vec_named(&addresses).unwrap();
        let mut back: Addresses = rmp_serde::from_slice(&bytes).unwrap();
        for n in 0..ROOM[0] {
            for one in [&mut addresses, &mut back] {
                one.seen(v4(1_000_000 + n), Time(8), false);
            }
        }
        let all = |addresses: &Addresses| addresses.held.iter().map(|(address, _)| *address).collect::<Vec<_>>();
        assert_eq!((all(&addresses), addresses.count), (all(&back), back.count));
    }

    #[test]
    fn a_network_of_one_subscriber_is_one_address() {
        let mut addresses = Addresses::default();
        for address in ["2001:db8:7:1::a", "2001:db8:7:1:ffff::9", "2001:db8:7:2::a", "::ffff:192.0.2.9", "192.0.2.9"] {
            addresses.seen(address.parse().unwrap(), Time(1), false);
        }
        assert_eq!(addresses.len(), 3);
    }

    #[test]
    fn an_address_that_somebody_got_in_from_is_remembered_for_longer() {
        let mut addresses = Addresses::default();
        addresses.seen(v4(1), Time(0), true);
        addresses.seen(v4(2), Time(0), false);
        addresses.sweep(Time(DAY));
        assert_eq!(addresses.count, [1, 1]);
        addresses.sweep(Time(2 * DAY));
        assert_eq!(addresses.count, [0, 1]);
        addresses.sweep(Time(31 * DAY));
        assert!(addresses.is_empty());
    }
}

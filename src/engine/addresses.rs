//! What is remembered of source addresses.
//!
//! Anybody may knock from as many addresses as he likes, so those that somebody got in from, or that asked for an account that there is,
//! have room of their own: where invented names come from drives out such addresses only. One subscriber of IPv6 has a /64 at his disposal, which counts as one address.

use std::net::IpAddr;

use parsers::Time;
use parsers::time::DAY;
use serde::{Deserialize, Serialize};

use super::entities::Entities;
use crate::hashed::Hashed;
use crate::network::subscriber;
use crate::rules::AddressMemory;

/// How an address stands to us, by the best that happened from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Standing {
    /// Somebody was refused under a name that anybody may have invented.
    #[default]
    Unknown,
    /// An account was refused that the register spells out, or that once got in.
    Refused,
    /// Somebody got in.
    LetIn,
}

impl Standing {
    /// How many addresses of this standing are remembered at least; at twice as many, the older half is forgotten.
    fn room(self) -> usize {
        match self {
            Standing::Unknown | Standing::Refused => 8_192,
            Standing::LetIn => 32_768,
        }
    }

    /// How long one is remembered after it was last seen.
    fn kept(self) -> i64 {
        match self {
            Standing::Unknown | Standing::Refused => DAY,
            Standing::LetIn => 30 * DAY,
        }
    }
}

/// What is remembered of a source address.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Addressed {
    /// When it was last seen.
    pub last: Time,
    /// How it stands to us.
    pub standing: Standing,
    /// The rules' memories of it.
    pub memory: AddressMemory,
}

/// All addresses that are remembered.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "Entities<IpAddr, Addressed>", into = "Entities<IpAddr, Addressed>")]
pub struct Addresses {
    held: Entities<IpAddr, Addressed>,
    counts: Counts,
}

/// How many addresses there are of each standing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    unknown: usize,
    refused: usize,
    let_in: usize,
}

impl Addresses {
    /// What is remembered of an address from which something happened that gives it a standing.
    pub(super) fn seen(&mut self, address: IpAddr, at: Time, standing: Standing) -> Option<&mut Addressed> {
        let address = Hashed::from(subscriber(address));
        let before = self.held.get(&address).map(|held| held.standing);
        let standing = before.map_or(standing, |before| before.max(standing));
        if before != Some(standing) {
            self.make_room(standing);
            // The address itself may have had to go.
            if let Some(before) = self.held.get(&address).map(|held| held.standing) {
                *self.counts.of(before) -= 1;
            }
            *self.counts.of(standing) += 1;
        }
        let held = self.held.entry(&address)?;
        held.last = held.last.max(at);
        held.standing = standing;
        Some(held)
    }

    /// Forgets the addresses that were not seen for long.
    pub(super) fn sweep(&mut self, now: Time) {
        self.held.retain(|_, held| now.since(held.last) <= held.standing.kept());
        self.counts = Counts::new(&self.held);
    }

    /// How many are held.
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Forgets the older half of a standing that is at its limit. Of equals the order of addresses decides, so that a memory read back
    /// forgets the same ones.
    fn make_room(&mut self, standing: Standing) {
        if *self.counts.of(standing) < 2 * standing.room() {
            return;
        }
        let mut ages: Vec<(Time, IpAddr)> =
            self.held.iter().filter(|(_, held)| held.standing == standing).map(|(address, held)| (held.last, *address)).collect();
        let goes = ages.len().saturating_sub(standing.room());
        let (_, &mut first_to_stay, _) = ages.select_nth_unstable(goes);
        self.held.retain(|address, held| held.standing != standing || (held.last, *address) >= first_to_stay);
        self.counts = Counts::new(&self.held);
    }
}

impl Counts {
    fn new(held: &Entities<IpAddr, Addressed>) -> Counts {
        held.iter().fold(Counts::default(), |mut counts, (_, held)| {
            *counts.of(held.standing) += 1;
            counts
        })
    }

    fn of(&mut self, standing: Standing) -> &mut usize {
        match standing {
            Standing::Unknown => &mut self.unknown,
            Standing::Refused => &mut self.refused,
            Standing::LetIn => &mut self.let_in,
        }
    }
}

impl From<Entities<IpAddr, Addressed>> for Addresses {
    fn from(held: Entities<IpAddr, Addressed>) -> Addresses {
        Addresses { counts: Counts::new(&held), held }
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
    fn addresses_of_invented_names_drive_out_one_another_only() {
        let mut addresses = Addresses::default();
        let (home, asked): (IpAddr, IpAddr) = ("192.0.2.7".parse().unwrap(), "192.0.2.8".parse().unwrap());
        addresses.seen(home, Time(1), Standing::LetIn);
        addresses.seen(asked, Time(1), Standing::Refused);
        for n in 0..5 * Standing::Unknown.room() {
            addresses.seen(v4(n), Time(5), Standing::Unknown);
            assert!(addresses.len() <= 2 * Standing::Unknown.room() + 2);
        }
        assert_eq!(addresses.counts, Counts::new(&addresses.held));
        assert_eq!(addresses.seen(home, Time(6), Standing::Unknown).unwrap().standing, Standing::LetIn);
        assert_eq!(addresses.seen(asked, Time(6), Standing::Unknown).unwrap().standing, Standing::Refused);
        addresses.seen(asked, Time(6), Standing::LetIn);
        assert_eq!(addresses.counts, Counts::new(&addresses.held));
    }

    #[test]
    fn what_is_read_back_forgets_the_same() {
        let room = Standing::Unknown.room();
        let mut addresses = Addresses::default();
        for n in 0..3 * room / 2 {
            let standing = if n % 10 == 0 { Standing::LetIn } else { Standing::Unknown };
            addresses.seen(v4(n), Time(i64::try_from(n % 7).unwrap()), standing);
        }
        let bytes = rmp_serde::to_vec_named(&addresses).unwrap();
        let mut back: Addresses = rmp_serde::from_slice(&bytes).unwrap();
        for n in 0..room {
            for one in [&mut addresses, &mut back] {
                one.seen(v4(1_000_000 + n), Time(8), Standing::Unknown);
            }
        }
        let all = |addresses: &Addresses| addresses.held.iter().map(|(address, _)| *address).collect::<Vec<_>>();
        assert_eq!((all(&addresses), addresses.counts), (all(&back), back.counts));
        assert!(addresses.len() < 2 * room);
    }

    #[test]
    fn a_network_of_one_subscriber_is_one_address() {
        let mut addresses = Addresses::default();
        for address in ["2001:db8:7:1::a", "2001:db8:7:1:ffff::9", "2001:db8:7:2::a", "::ffff:192.0.2.9", "192.0.2.9"] {
            addresses.seen(address.parse().unwrap(), Time(1), Standing::Unknown);
        }
        assert_eq!(addresses.len(), 3);
    }

    #[test]
    fn an_address_that_somebody_got_in_from_is_remembered_for_longer() {
        let mut addresses = Addresses::default();
        addresses.seen(v4(1), Time(0), Standing::LetIn);
        addresses.seen(v4(2), Time(0), Standing::Refused);
        for (now, expected) in [(DAY, 2), (2 * DAY, 1), (31 * DAY, 0)] {
            addresses.sweep(Time(now));
            assert_eq!(addresses.len(), expected);
        }
    }
}

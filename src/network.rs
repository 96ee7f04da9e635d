//! Networks in CIDR notation, IPv4 and IPv6 on one line of numbers.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::mistake::quoted;

/// A block of addresses. IPv4 and its IPv6-mapped form (`::ffff:0:0/96`) are the same network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Network {
    /// First address, IPv4 mapped into IPv6.
    first: u128,
    /// Number of fixed bits of the 128.
    prefix: u8,
}

impl Network {
    /// The network of the first `prefix` bits of an address; `None` if the address has fewer bits.
    pub fn of(address: IpAddr, prefix: u8) -> Option<Network> {
        let (number, width) = match address {
            IpAddr::V4(_) => (number(address), 32),
            IpAddr::V6(_) => (number(address), 128),
        };
        let prefix = (prefix <= width).then(|| prefix + (128 - width))?;
        Some(Network { first: number & mask(prefix), prefix })
    }

    /// Its first address; IPv4 where it lies in IPv4.
    pub fn first(self) -> IpAddr {
        address(self.first)
    }

    /// Its last address; IPv4 where it lies in IPv4.
    pub fn last(self) -> IpAddr {
        address(self.first | !mask(self.prefix))
    }

    /// Whether an address lies in it.
    pub fn contains(self, address: IpAddr) -> bool {
        number(address) & mask(self.prefix) == self.first
    }
}

fn mask(prefix: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(prefix.min(128))).unwrap_or(0)
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u128::from(v4.to_ipv6_mapped()),
        IpAddr::V6(v6) => u128::from(v6),
    }
}

fn address(number: u128) -> IpAddr {
    IpAddr::V6(Ipv6Addr::from(number)).to_canonical()
}

/// Written with `/prefix`, always.
impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.first() {
            IpAddr::V4(first) if self.prefix >= 96 => write!(f, "{first}/{}", self.prefix - 96),
            _ => write!(f, "{}/{}", Ipv6Addr::from(self.first), self.prefix),
        }
    }
}

/// `10.20.4.0/24`, `2001:db8::/32`, or one address. An address inside the network (`10.20.4.7/24`) is
/// refused: whoever writes it means either the host or the network.
impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Network, String> {
        let wrong = || format!("expected a network such as \"10.20.4.0/24\" or one address, found {}", quoted(text));
        let (host, prefix) = text.split_once('/').map_or((text, None), |(host, prefix)| (host, Some(prefix)));
        let host: IpAddr = host.trim().parse().map_err(|_| octet_too_large(text).unwrap_or_else(wrong))?;
        let width: u8 = if host.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => width,
            Some(prefix) => prefix
                .trim()
                .parse()
                .ok()
                .filter(|&bits| bits <= width)
                .ok_or_else(|| format!("expected a prefix of 0 to {width} behind \"/\", found {}", quoted(text)))?,
        };
        let network = Network::of(host, prefix).ok_or_else(wrong)?;
        if network.first != number(host) {
            return Err(format!("{} names a host inside a network; did you mean \"{network}\" or \"{host}\"?", quoted(text)));
        }
        Ok(network)
    }
}

fn octet_too_large(text: &str) -> Option<String> {
    let host = text.split('/').next()?;
    let octets: Vec<&str> = host.split('.').collect();
    let is_number = |octet: &&str| !octet.is_empty() && octet.bytes().all(|b| b.is_ascii_digit());
    (octets.len() == 4 && octets.iter().all(is_number))
        .then(|| format!("expected four numbers of 0 to 255 without leading zeros, found {}", quoted(text)))
}

/// What one subscriber has: an address of IPv4, a /64 of IPv6, of which he takes any address he likes.
pub fn subscriber(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
        v4 => v4,
    }
}

/// One address as written in a register: IPv4 or IPv6, an IPv4-mapped one as IPv4.
///
/// # Errors
/// A sentence that says what was expected.
pub fn read_address(text: &str) -> Result<IpAddr, String> {
    match text.trim().parse::<IpAddr>() {
        Ok(address) => Ok(address.to_canonical()),
        Err(_) => Err(format!("expected one address such as \"203.0.113.9\", found {}", quoted(text))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_contain_their_addresses_and_no_others() {
        for (network, inside, outside) in [
            ("10.20.4.0/24", "10.20.4.255", "10.20.5.0"),
            ("10.20.4.0/24", "::ffff:10.20.4.1", "::10.20.4.1"),
            ("::ffff:10.20.4.0/120", "10.20.4.9", "10.20.3.9"),
            ("203.0.113.9", "203.0.113.9", "203.0.113.8"),
            ("0.0.0.0/0", "255.255.255.255", "2001:db8::1"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
            ("::/0", "10.0.0.1", ""),
        ] {
            let network: Network = network.parse().unwrap();
            assert!(network.contains(inside.parse().unwrap()), "{network} {inside}");
            if let Ok(outside) = outside.parse() {
                assert!(!network.contains(outside), "{network} {outside}");
            }
        }
    }

    #[test]
    fn first_last_and_display() {
        for (text, first, last, shown) in [
            ("10.99.0.0/22", "10.99.0.0", "10.99.3.255", "10.99.0.0/22"),
            ("203.0.113.9", "203.0.113.9", "203.0.113.9", "203.0.113.9/32"),
            ("::ffff:192.0.2.0/120", "192.0.2.0", "192.0.2.255", "192.0.2.0/24"),
            ("2001:db8::/33", "2001:db8::", "2001:db8:7fff:ffff:ffff:ffff:ffff:ffff", "2001:db8::/33"),
        ] {
            let network: Network = text.parse().unwrap();
            assert_eq!((network.first(), network.last()), (first.parse().unwrap(), last.parse().unwrap()));
            assert_eq!(network.to_string(), shown);
        }
    }

    #[test]
    fn what_is_no_network_is_refused_with_what_was_expected() {
        for (text, part) in [
            ("10.20.4.7/24", "did you mean \"10.20.4.0/24\" or \"10.20.4.7\"?"),
            ("10.20.4/24", "expected a network"),
            ("10.20.4.0/33", "prefix of 0 to 32"),
            ("10.20.4.0/-1", "prefix of 0 to 32"),
            ("10.20.400.0/24", "four numbers of 0 to 255"),
            ("2001:db8::/129", "prefix of 0 to 128"),
            ("", "expected a network"),
            ("gateway", "expected a network"),
        ] {
            let problem = text.parse::<Network>().unwrap_err();
            assert!(problem.contains(part), "{text}: {problem}");
        }
    }
}

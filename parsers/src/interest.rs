//! What traffic is worth reading: the pools, networks and names of the configuration.

use std::net::IpAddr;
use std::str::Chars;

use crate::Facts;

/// Most firewall lines concern no supplier. An `Interest` says so from the line and the
/// configuration alone; whether an address is held by a live session is the engine's question.
#[derive(Clone, Debug, Default)]
pub struct Interest {
    everything: bool,
    /// Disjoint ranges of IPv6 (IPv4 mapped), sorted.
    networks: Vec<(u128, u128)>,
    /// `None` = a name decides nothing.
    names: Option<Names>,
}

/// Literal beginnings of the suppliers' logins, lower case.
#[derive(Clone, Debug)]
struct Names {
    /// Sorted; none continues another.
    beginnings: Vec<Box<[u8]>>,
    /// Of each byte, whether a login that begins with it may be one: most logins need no second look.
    initials: Box<[bool; 256]>,
}

impl Names {
    fn new(globs: &[Glob]) -> Names {
        let mut beginnings: Vec<Box<[u8]>> = globs.iter().map(|glob| glob.beginning().into()).collect();
        beginnings.sort_unstable();
        // A beginning that continues another one says nothing new.
        beginnings.dedup_by(|longer, kept| longer.starts_with(kept));
        let mut initials = Box::new([false; 256]);
        for (initial, may_be) in (0..=u8::MAX).zip(initials.iter_mut()) {
            let lower = initial.to_ascii_lowercase();
            *may_be = beginnings.iter().any(|beginning| beginning.first().is_none_or(|&first| first == lower));
        }
        Names { beginnings, initials }
    }

    fn may_hold(&self, login: &[u8]) -> bool {
        if login.first().is_some_and(|&initial| self.initials.get(usize::from(initial)) == Some(&false)) {
            return false;
        }
        let mut lower = [0u8; 64];
        let length = login.len().min(lower.len());
        for (to, from) in lower.iter_mut().zip(login) {
            *to = from.to_ascii_lowercase();
        }
        let login = lower.get(..length).unwrap_or_default();
        let after = self.beginnings.partition_point(|beginning| beginning.as_ref() <= login);
        after.checked_sub(1).and_then(|at| self.beginnings.get(at)).is_some_and(|beginning| login.starts_with(beginning))
    }
}

impl Interest {
    /// Reads every line whole.
    pub fn everything() -> Interest {
        Interest { everything: true, ..Interest::default() }
    }

    /// Reads traffic from or to `networks` (first and last address of each), or of a user whose
    /// login may be matched by one of `names`. With `names` of `None` a name never rules a line out.
    pub fn in_networks(networks: &[(IpAddr, IpAddr)], names: Option<&[Glob]>) -> Interest {
        let mut ranges: Vec<(u128, u128)> = networks.iter().map(|&(first, last)| (number(first), number(last))).collect();
        ranges.sort_unstable();
        let mut merged: Vec<(u128, u128)> = Vec::with_capacity(ranges.len());
        for (first, last) in ranges {
            match merged.last_mut() {
                Some(previous) if first <= previous.1.saturating_add(1) => previous.1 = previous.1.max(last),
                _ => merged.push((first, last)),
            }
        }
        Interest { everything: false, networks: merged, names: names.map(Names::new) }
    }

    /// Whether every line is to be read whole.
    pub fn is_everything(&self) -> bool {
        self.everything
    }

    /// Whether an address lies in a network of interest.
    pub fn address(&self, address: IpAddr) -> bool {
        let number = number(address);
        let after = self.networks.partition_point(|&(first, _)| first <= number);
        after.checked_sub(1).and_then(|at| self.networks.get(at)).is_some_and(|&(_, last)| number <= last)
    }

    /// Whether a login (without domain) may be a supplier's; `true` where names decide nothing.
    pub fn login(&self, login: &[u8]) -> bool {
        self.names.as_ref().is_none_or(|names| names.may_hold(login))
    }

    /// Whether traffic between two addresses, of a user if the line names one, is worth reading whole.
    ///
    /// A name that the register knows makes it so; a name that it does not know rules the line out;
    /// without a name the addresses decide.
    pub fn flow(&self, ends: impl IntoIterator<Item = Option<IpAddr>>, user: &[u8]) -> bool {
        match &self.names {
            _ if self.everything => true,
            Some(names) if !user.is_empty() => names.may_hold(user),
            _ => ends.into_iter().flatten().any(|end| self.address(end)),
        }
    }

    /// [`Interest::flow`] of facts that were read whole.
    pub fn traffic(&self, facts: &Facts, line: &[u8]) -> bool {
        self.flow([facts.source_ip, facts.destination_ip], facts.user.raw(line))
    }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u128::from(v4.to_ipv6_mapped()),
        IpAddr::V6(v6) => u128::from(v6),
    }
}

/// A pattern on names: `*` is any run of characters, `?` any one, all else itself; case is ignored.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Glob(Box<str>);

impl Glob {
    /// A pattern, as written in the register.
    pub fn new(pattern: &str) -> Glob {
        Glob(pattern.to_lowercase().into())
    }

    /// The pattern in lower case.
    pub fn pattern(&self) -> &str {
        &self.0
    }

    /// What every matching name begins with, lower case.
    pub fn beginning(&self) -> &[u8] {
        let pattern = self.0.as_bytes();
        let end = pattern.iter().position(|&b| b == b'*' || b == b'?' || !b.is_ascii()).unwrap_or(pattern.len());
        pattern.get(..end).unwrap_or_default()
    }

    /// Whether the pattern matches exactly one name.
    pub fn is_literal(&self) -> bool {
        !self.0.contains(['*', '?'])
    }

    /// Number of characters that are not wildcards: of two patterns that match, the larger is the more exact.
    pub fn exactness(&self) -> usize {
        self.0.chars().filter(|c| !matches!(c, '*' | '?')).count()
    }

    /// Whether `name`, already in lower case, matches. Linear in the name for each `*`.
    pub fn matches(&self, name: &str) -> bool {
        let (mut pattern, mut name) = (self.0.chars(), name.chars());
        // What follows the last `*`, and where in the name the run that it stands for ends so far.
        let mut back: Option<(Chars<'_>, Chars<'_>)> = None;
        loop {
            let (mut behind, mut rest) = (pattern.clone(), name.clone());
            let Some(c) = rest.next() else { return pattern.all(|c| c == '*') };
            match (behind.next(), &mut back) {
                (Some('*'), _) => {
                    back = Some((behind.clone(), name.clone()));
                    pattern = behind;
                }
                (Some(q), _) if q == '?' || q == c => (pattern, name) = (behind, rest),
                (_, Some((after, run))) => {
                    run.next();
                    (pattern, name) = (after.clone(), run.clone());
                }
                (_, None) => return false,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        for (pattern, name, expected) in [
            ("fourn.chimere", "fourn.chimere", true),
            ("EXT-chimere-*", "ext-chimere-a", true),
            ("ext-*-n?", "ext-a-n2", true),
            ("ext-*-n?", "ext-a-n22", false),
            ("*.ext", "hermes.ext", true),
            ("*.ext", "hermes.extra", false),
            ("a*b*c", "aXbYbZc", true),
            ("", "", true),
            ("*", "", true),
        ] {
            assert_eq!(Glob::new(pattern).matches(&name.to_lowercase()), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn interest_by_network_and_name() {
        let pool = ("10.99.0.0".parse().unwrap(), "10.99.0.255".parse().unwrap());
        let interest = Interest::in_networks(&[pool], Some(&[Glob::new("ext-*"), Glob::new("ext-chimere*"), Glob::new("fourn.a")]));
        let inside = "10.99.0.6".parse().ok();
        let outside = "10.20.0.1".parse().ok();
        assert!(interest.flow([inside, outside], b""));
        assert!(interest.flow([outside, inside], b""));
        assert!(!interest.flow([outside, outside], b""));
        assert!(interest.flow([outside, outside], b"EXT-chimere-1"));
        assert!(interest.flow([outside, outside], b"fourn.a"));
        assert!(!interest.flow([inside, outside], b"dupont.m"));
        assert!(!interest.flow([inside, outside], b"external"));
        assert!(!interest.flow([inside, outside], b"ex"));
        assert!(Interest::everything().flow([None, None], b"x"));
        let anybody = Interest::in_networks(&[pool], Some(&[Glob::new("ext-*"), Glob::new("*-ext")]));
        assert!(anybody.flow([outside, outside], b"dupont.m"));
    }
}

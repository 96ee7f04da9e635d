//! `[[supplier]]`: an outside firm that maintains something of ours over remote access.

use std::net::IpAddr;

use parsers::Glob;
use smallvec::SmallVec;

use super::Name;
use crate::calendar::{Bound, CalendarId};
use crate::hashed::Hashed;
use crate::network::Network;

/// An outside firm, and what it may do.
///
/// A line of traffic asks for the first fields only: they lie side by side, in a few lines of the processor's cache.
#[repr(C)]
#[derive(Clone, Debug)]
pub struct Supplier {
    /// Its id in the configuration and in alerts.
    pub id: Hashed<Name>,
    /// What its sessions may reach; empty = anything.
    pub scope: SmallVec<[Scope; 1]>,
    /// Longest session, in nanoseconds.
    pub max_session: Option<i64>,
    /// Bytes that one session may take out of the hospital.
    pub max_upload: Option<u64>,
    /// Its hours in its zone with its holidays; the zone is that of the calendar.
    pub calendar: CalendarId,
    /// People or a machine.
    pub kind: SupplierKind,
    /// Whether its hours let it in, or only access windows do.
    pub access: Access,
    /// Its name for people.
    pub name: Name,
    /// Patterns of its logins.
    pub accounts: Vec<Glob>,
    /// Patterns of the VPN groups, realms or roles that mark its accounts.
    pub groups: Vec<Glob>,
    /// Whether its contract has on-call duty round the clock.
    pub on_call: bool,
    /// The first day of its contract, in its zone.
    pub contract_start: Option<Bound>,
    /// The last day of its contract, in its zone.
    pub contract_end: Option<Bound>,
    /// Its offices' public addresses.
    pub networks: Vec<Network>,
    /// ISO 3166 codes of the countries it comes from, upper case.
    pub countries: Vec<Name>,
    /// Autonomous systems it comes from.
    pub asns: Vec<u32>,
    /// Its LAN-to-LAN gateways.
    pub peers: Vec<IpAddr>,
    /// Nanoseconds without success after which one of its accounts is dormant.
    pub dormant_after: Option<i64>,
    /// Whether a second factor is agreed.
    pub mfa: bool,
    /// Whom to call.
    pub callback: Option<Name>,
}

/// Targets that a supplier's sessions may reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The targets.
    pub to: SmallVec<[Network; 1]>,
    /// Their ports; empty = any.
    pub ports: Vec<u16>,
}

/// People or a machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SupplierKind {
    /// People.
    #[default]
    Human,
    /// Machine to machine: round the clock, fixed source and target.
    Automate,
}

/// What lets a supplier in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Access {
    /// Its contract hours, and access windows beside them.
    #[default]
    ContractHours,
    /// Access windows alone.
    OnDemand,
}

pub(super) const KINDS: &[(&str, SupplierKind)] = &[("human", SupplierKind::Human), ("automate", SupplierKind::Automate)];
pub(super) const ACCESSES: &[(&str, Access)] = &[("contract-hours", Access::ContractHours), ("on-demand", Access::OnDemand)];

impl Supplier {
    /// A supplier of which nothing else is known.
    pub(super) fn new(id: Name, name: Name, calendar: CalendarId) -> Supplier {
        Supplier {
            id: id.into(),
            name,
            kind: SupplierKind::default(),
            accounts: Vec::new(),
            groups: Vec::new(),
            calendar,
            access: Access::default(),
            on_call: false,
            contract_start: None,
            contract_end: None,
            networks: Vec::new(),
            countries: Vec::new(),
            asns: Vec::new(),
            scope: SmallVec::new(),
            peers: Vec::new(),
            max_session: None,
            max_upload: None,
            dormant_after: None,
            mfa: false,
            callback: None,
        }
    }

    /// What stands for whoever is no supplier.
    pub(super) fn nobody(calendar: CalendarId) -> Supplier {
        Supplier::new("".into(), "".into(), calendar)
    }

    /// Whether it stands for whoever is no supplier.
    pub fn is_nobody(&self) -> bool {
        self.id.is_empty()
    }

    /// Whether its patterns spell out a login: nobody else may have invented it.
    pub fn spells_out(&self, login: &str) -> bool {
        self.accounts.iter().any(|glob| glob.is_literal() && glob.pattern() == login)
    }

    /// Whether an address belongs to one of its offices.
    pub fn is_at_home(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(address))
    }

    /// Whether its scope allows a target. A target whose port is unknown passes by its address.
    pub fn may_reach(&self, target: IpAddr, port: Option<u16>) -> bool {
        let allows = |scope: &Scope| {
            let port_allowed = scope.ports.is_empty() || port.is_none_or(|port| scope.ports.contains(&port));
            port_allowed && scope.to.iter().any(|network| network.contains(target))
        };
        self.scope.is_empty() || self.scope.iter().any(allows)
    }
}

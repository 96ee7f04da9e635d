//! The register: the sites of the hospital group, the suppliers that may come in, and their accounts.
//!
//! It is text in, values out: no file is read here. A register with mistakes holds whatever is right in it, so
//! that all mistakes can be shown at once; whether to go on with it is the caller's decision.

mod account;
mod defaults;
mod names;
mod owner;
mod read;
mod site;
mod supplier;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use parsers::{Glob, Interest};

pub use account::{Account, AccountKind};
pub use defaults::Defaults;
pub use names::SupplierNames;
pub use owner::Owner;
pub use site::Site;
pub use supplier::{Access, Scope, Supplier, SupplierKind};

use crate::calendar::{CalendarId, Calendars};
use owner::Owners;

/// Sites, suppliers and accounts, and whose an account or an address is.
#[derive(Debug)]
pub struct Register {
    /// The sites, in the order of the text.
    pub sites: Vec<Site>,
    /// The suppliers, in the order of the text.
    pub suppliers: Vec<Arc<Supplier>>,
    /// The accounts that differ from their suppliers, in the order of the text.
    pub accounts: Vec<Arc<Account>>,
    /// The calendars of suppliers and sites.
    pub calendars: Calendars,
    /// How accounts look that are a supplier's by their name alone.
    pub names: SupplierNames,
    /// The default hours, zone and holidays.
    default_calendar: CalendarId,
    declared: bool,
    by_id: HashMap<Name, usize>,
    owners: Owners,
    peers: HashMap<IpAddr, Arc<Supplier>>,
}

impl Register {
    /// What holds where no register is given: no site, no supplier; accounts are recognised by `names`, and
    /// each is a supplier of its own ([`inferred`](Register::inferred)).
    pub fn built_in(names: SupplierNames, defaults: &Defaults) -> Register {
        let mut calendars = Calendars::default();
        let default_calendar = calendars.intern(&defaults.hours, &defaults.zone, defaults.holidays);
        Register {
            sites: Vec::new(),
            suppliers: Vec::new(),
            accounts: Vec::new(),
            calendars,
            names,
            default_calendar,
            declared: false,
            by_id: HashMap::new(),
            owners: Owners::default(),
            peers: HashMap::new(),
        }
    }

    /// Whether somebody wrote this register; `false` for the built-in one.
    pub fn is_declared(&self) -> bool {
        self.declared
    }

    /// The supplier that an account of no declared supplier is treated as: named like the account, human, with
    /// the default hours.
    pub fn inferred(&self, login: &str) -> Supplier {
        Supplier::new(login.into(), login.into(), self.default_calendar)
    }

    /// Whose account a login (lower case, without its domain) is: an `[[account]]` entry first, then a
    /// literal pattern, then the most exact glob, then the VPN group or role.
    pub fn owner(&self, login: &str, group: Option<&str>) -> Option<Owner> {
        self.owners.find(login, group)
    }

    /// Whether a login (lower case, without its domain) looks like a supplier's by its name alone.
    pub fn looks_like_supplier(&self, login: &str, domain: Option<&str>, group: Option<&str>) -> bool {
        self.names.matches(login, domain, group)
    }

    /// The supplier of an id.
    pub fn supplier(&self, id: &str) -> Option<&Arc<Supplier>> {
        self.by_id.get(id).and_then(|&at| self.suppliers.get(at))
    }

    /// The `[[account]]` entry of a login (lower case, without its domain).
    pub fn account(&self, login: &str) -> Option<&Arc<Account>> {
        self.owners.account(login).and_then(|at| self.accounts.get(at))
    }

    /// The supplier whose LAN-to-LAN gateway an address is.
    pub fn supplier_by_peer(&self, peer: IpAddr) -> Option<&Arc<Supplier>> {
        self.peers.get(&peer.to_canonical())
    }

    /// The site of an id.
    pub fn site(&self, id: &str) -> Option<&Site> {
        self.sites.iter().find(|site| &*site.id == id)
    }

    /// Whether an address is a portal or load balancer of some site, and so nobody's origin.
    pub fn is_front_end(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.sites.iter().any(|site| site.front_ends.contains(&address))
    }

    /// Whether some site hands an address out to remote users.
    pub fn is_in_pool(&self, address: IpAddr) -> bool {
        self.sites.iter().any(|site| site.holds(address))
    }

    /// What traffic is worth reading: that of the pools and peers, and of suppliers' logins. Everything, where
    /// a site does not name its pools: then any inner address may be a supplier's.
    pub fn interest(&self) -> Interest {
        if self.sites.is_empty() || self.sites.iter().any(|site| site.pools.is_empty()) {
            return Interest::everything();
        }
        let pools = self.sites.iter().flat_map(|site| &site.pools).map(|pool| (pool.first(), pool.last()));
        let peers = self.suppliers.iter().flat_map(|supplier| &supplier.peers).map(|&peer| (peer, peer));
        let networks: Vec<(IpAddr, IpAddr)> = pools.chain(peers).collect();
        let by_group = self.suppliers.iter().any(|supplier| !supplier.groups.is_empty());
        let patterns = self.suppliers.iter().flat_map(|supplier| supplier.accounts.iter().cloned());
        let logins = self.accounts.iter().map(|account| Glob::new(&account.login));
        let names: Vec<Glob> = patterns.chain(logins).collect();
        Interest::in_networks(&networks, (!by_group).then_some(names.as_slice()))
    }

    /// Ids of the suppliers, for the nearest valid name.
    pub fn supplier_ids(&self) -> impl Iterator<Item = &str> {
        self.suppliers.iter().map(|supplier| &*supplier.id)
    }

    /// Ids of the sites, for the nearest valid name.
    pub fn site_ids(&self) -> impl Iterator<Item = &str> {
        self.sites.iter().map(|site| &*site.id)
    }

    /// The supplier and account entry of an owner.
    pub fn of(&self, owner: Owner) -> Option<(&Arc<Supplier>, Option<&Arc<Account>>)> {
        let account = owner.account.and_then(|at| self.accounts.get(at));
        Some((self.suppliers.get(owner.supplier)?, account))
    }
}

/// A shared text.
type Name = Arc<str>;

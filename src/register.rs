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

use std::net::IpAddr;
use std::sync::Arc;

use foldhash::HashMap;
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
    /// Whoever is no supplier, where no site is known.
    nobody: Arc<Supplier>,
    declared: bool,
    by_id: HashMap<Name, usize>,
    owners: Owners,
    peers: HashMap<IpAddr, usize>,
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
            nobody: Arc::new(Supplier::nobody(default_calendar)),
            declared: false,
            by_id: HashMap::default(),
            owners: Owners::default(),
            peers: HashMap::default(),
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

    /// Whoever is no supplier: without id and name, with the default hours in a site's zone with its holidays.
    pub fn nobody(&self, site: Option<&str>) -> &Arc<Supplier> {
        site.and_then(|id| self.site(id)).map_or(&self.nobody, |site| &site.nobody)
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
        self.peers.get(&peer.to_canonical()).and_then(|&at| self.suppliers.get(at))
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
    pub fn is_inner(&self, address: IpAddr) -> bool {
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
        self.suppliers.iter().map(|supplier| &**supplier.id)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn register(text: &str) -> Register {
        let files = [("register.toml".to_owned(), text.to_owned())];
        let (register, mistakes) = Register::read(&files, SupplierNames::default(), &Defaults::default());
        assert_eq!(mistakes, []);
        register
    }

    const TEXT: &str = r#"
[[site]]
id = "a"
pools = ["10.99.0.0/24", "2001:db8:99::/64"]
front_ends = ["10.1.1.5", "::ffff:10.1.1.6"]
[[supplier]]
id = "wide"
accounts = ["ext-*"]
[[supplier]]
id = "chimere"
accounts = ["ext-chimere-*", "fourn.chimere"]
peers = ["203.0.113.9"]
[[supplier]]
id = "sphinx"
accounts = ["ext-chimere-lent"]
[[account]]
login = "ext-chimere-7"
supplier = "sphinx"
"#;

    #[test]
    fn the_most_exact_claim_owns_an_account() {
        let grouped = r#"
[[supplier]]
id = "hermes"
accounts = ["hermes"]
groups = ["GG_VPN_HERMES", "*presta*"]
"#;
        let register = register(&format!("{TEXT}{grouped}"));
        for (login, group, expected) in [
            ("ext-sphinx", None, Some("wide")),
            ("ext-chimere-a", None, Some("chimere")),
            ("fourn.chimere", None, Some("chimere")),
            ("ext-chimere-lent", None, Some("sphinx")),
            ("ext-chimere-7", None, Some("sphinx")),
            // The name goes before the group.
            ("ext-sphinx", Some("gg_vpn_hermes"), Some("wide")),
            ("martin", Some("Gg_Vpn_Hermes"), Some("hermes")),
            ("martin", Some("GG_VPN_PRESTA_X"), Some("hermes")),
            ("martin", Some("GG_VPN_MEDECINS"), None),
            ("martin", None, None),
            ("extremet", None, None),
            ("", None, None),
        ] {
            let owner = register.owner(login, group);
            let supplier = owner.and_then(|owner| register.suppliers.get(owner.supplier)).map(|supplier| &**supplier.id);
            assert_eq!(supplier, expected, "{login} {group:?}");
            assert_eq!(owner.is_some_and(|owner| owner.account.is_some()), login == "ext-chimere-7");
        }
    }

    #[test]
    fn addresses_are_known_in_either_notation() {
        let register = register(TEXT);
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        assert!(register.is_front_end(address("10.1.1.6")) && register.is_front_end(address("::ffff:10.1.1.5")));
        assert!(!register.is_front_end(address("10.1.1.7")));
        assert!(register.is_inner(address("10.99.0.200")) && register.is_inner(address("2001:db8:99::1")));
        assert!(!register.is_inner(address("10.99.1.0")));
        let peer = register.supplier_by_peer(address("::ffff:203.0.113.9")).unwrap();
        assert_eq!(&**peer.id, "chimere");
        assert!(register.supplier_by_peer(address("203.0.113.8")).is_none());
    }

    #[test]
    fn interest_is_inners_peers_and_names() {
        let address = |text: &str| text.parse::<IpAddr>().ok();
        let interest = register(TEXT).interest();
        assert!(!interest.is_everything());
        for (from, user, expected) in [
            ("10.99.0.6", "", true),
            ("203.0.113.9", "", true),
            ("10.20.0.1", "", false),
            ("10.20.0.1", "ext-chimere-7", true),
            ("10.99.0.6", "martin", false),
        ] {
            assert_eq!(interest.flow([address(from), address("10.20.0.2")], user.as_bytes()), expected, "{from} {user}");
        }
        // A group may mark any name, and a site without pools any address.
        let grouped = register(&format!("{TEXT}[[supplier]]\nid = \"hermes\"\ngroups = [\"GG_HERMES\"]\n")).interest();
        assert!(grouped.flow([address("10.99.0.6"), address("10.20.0.2")], b"martin"));
        assert!(register(&format!("{TEXT}[[site]]\nid = \"b\"\n")).interest().is_everything());
        assert!(Register::built_in(SupplierNames::default(), &Defaults::default()).interest().is_everything());
    }

    #[test]
    fn without_a_register_each_account_is_a_supplier_of_its_own() {
        let register = Register::built_in(SupplierNames::default(), &Defaults::default());
        assert!(!register.is_declared());
        assert_eq!(register.owner("ext-chimere", None), None);
        assert!(register.looks_like_supplier("ext-chimere", None, None));
        assert!(!register.looks_like_supplier("martin", Some("ght.example"), None));
        let supplier = register.inferred("ext-chimere");
        assert_eq!((&**supplier.id, &*supplier.name, supplier.kind), ("ext-chimere", "ext-chimere", SupplierKind::Human));
        assert_eq!(register.calendars.hours(supplier.calendar), "Mo-Fr 08:00-18:00; PH off");
    }

    #[test]
    fn a_register_can_be_handed_to_another_thread() {
        fn shareable<T: Send + Sync>() {}
        shareable::<Register>();
    }
}

//! `[[site]]`: one hospital of the group.

use std::net::IpAddr;
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::{Name, Supplier};
use crate::calendar::{CalendarId, Holidays};
use crate::network::Network;

/// One hospital of the group.
#[derive(Clone, Debug)]
pub struct Site {
    /// Its id in the configuration and in alerts.
    pub id: Name,
    /// Its name for people.
    pub name: Name,
    /// Its zone.
    pub zone: TimeZone,
    /// Whose public holidays it keeps.
    pub holidays: Holidays,
    /// The default hours in its zone with its holidays.
    pub calendar: CalendarId,
    /// Whoever is no supplier, with that calendar.
    pub nobody: Arc<Supplier>,
    /// Inner addresses that its gateways hand to remote users.
    pub pools: Vec<Network>,
    /// Portals and load balancers: nobody's origin.
    pub front_ends: Vec<IpAddr>,
}

impl Site {
    /// Whether its gateways hand an address out to remote users.
    pub fn holds(&self, address: IpAddr) -> bool {
        self.pools.iter().any(|pool| pool.contains(address))
    }
}

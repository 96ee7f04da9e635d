//! `new-origin`.

mod memory;
mod office;

use std::net::IpAddr;
use std::sync::Arc;

use parsers::Time;
use parsers::time::DAY;

use super::{Case, Finding, Findings, Happening, Learned, Remembered, Rule, clock_words, from_words, local, span_words};
use crate::alert::{Because, RuleName, Severity};
use crate::geo::{System, country_code};
use crate::session::Origin;
use crate::told::{Nearest, Remedy, Told};
use crate::toml_reader::Table;
use crate::zone::rfc3339_in;

pub use memory::Memory;

const NETWORKS: &str = "networks";
const COUNTRIES: &str = "countries";

#[doc = include_str!("new_origin.md")]
#[derive(Clone, Debug)]
pub struct NewOrigin {
    /// How long a supplier without declared origins is watched before its networks are known, in nanoseconds.
    pub learning: i64,
    /// How many sessions it must have had by then.
    pub sessions: u32,
    /// After how long an origin that was not seen is new again, in nanoseconds.
    pub forgotten_after: i64,
    /// How many accounts make an office of an undeclared network.
    pub office_accounts: u8,
    /// On how many days they have to come.
    pub office_days: u8,
}

impl Default for NewOrigin {
    fn default() -> Self {
        NewOrigin { learning: 14 * DAY, sessions: 5, forgotten_after: 90 * DAY, office_accounts: 3, office_days: 3 }
    }
}

/// Where a session comes from, in all ways in which it may be known.
struct Whereabouts {
    address: IpAddr,
    origin: Origin,
    /// The network, whatever the origin is.
    network: Origin,
    system: Option<System>,
    country: Option<Arc<str>>,
}

impl Whereabouts {
    /// `None` for front-ends, inner addresses, and where nothing tells.
    fn of(case: &Case<'_>) -> Option<Whereabouts> {
        let session = case.session?;
        let (origin, address) = (session.origin?, session.source_ip?);
        let told = || {
            let event = case.event()?;
            country_code(&String::from_utf8_lossy(&event.text(event.facts.country)?))
        };
        let (system, country) = (case.geo.system(address), case.geo.country(address).or_else(told));
        Some(Whereabouts { address, origin, network: Origin::of(address), system, country })
    }

    /// `198.51.100.0/24`, `AS64500 Réseaux Exemple, FR`.
    fn describe(&self) -> String {
        let owner = self.system.as_ref().filter(|system| self.origin == Origin::System(system.number) && !system.owner.is_empty());
        let owner = owner.map(|system| format!(" {}", system.owner)).unwrap_or_default();
        let country = self.country.as_ref().map(|country| format!(", {country}")).unwrap_or_default();
        format!("{}{owner}{country}", self.origin.describe())
    }
}

impl Rule for NewOrigin {
    const NAME: RuleName = RuleName {
        id: "new-origin",
        name: "Supplier in from a new place",
        category: &["authentication", "network"],
        techniques: &[("T1078", "Valid Accounts"), ("T1133", "External Remote Services")],
    };
    const MANUAL: &'static str = include_str!("new_origin.md");
    const LEARNS: &'static [&'static str] = &[NETWORKS, COUNTRIES];
    type Account = ();
    type Supplier = Memory;
    type Address = ();
    type Stream = ();

    fn heeds(happening: Happening) -> bool {
        matches!(happening, Happening::Success { .. } | Happening::Announced { placed: true })
    }

    fn observe(&self, case: &Case<'_>, memory: Remembered<'_, Self>, out: &mut Findings) {
        let memory = memory.supplier;
        let opens = matches!(case.happening, Happening::Success { .. });
        if !opens && case.happening != (Happening::Announced { placed: true }) {
            return;
        }
        let learned = memory.came(case.now, opens, self);
        let Some(place) = Whereabouts::of(case) else { return };
        let countries_learned = memory.was_placed(&place, case.now, opens, self);
        let within = |last: &_| case.now.since(*last) <= self.forgotten_after;
        let last = memory.last_seen(&place, case.geo);
        let is_known = last.as_ref().is_some_and(within);
        let network_is_known = memory.last_seen_network(&place).as_ref().is_some_and(within);
        // A database may come to think otherwise of a network that is known.
        let country_is_new =
            !network_is_known && place.country.as_ref().is_some_and(|country| !memory.last_country(country).as_ref().is_some_and(within));
        memory.saw(&place, case.now);
        let supplier = case.supplier;
        let declares = !(supplier.networks.is_empty() && supplier.countries.is_empty() && supplier.asns.is_empty());
        let in_system = place.system.as_ref().is_some_and(|system| supplier.asns.contains(&system.number));
        let in_country = place.country.as_ref().is_some_and(|country| supplier.countries.contains(country));
        if place.origin == Origin::Declared || in_system || in_country {
            return;
        }
        let foreign = !supplier.countries.is_empty() && place.country.is_some();
        if declares {
            // An address of which nothing is known is outside of declared networks alone.
            if supplier.networks.is_empty() && !foreign && (supplier.asns.is_empty() || place.system.is_none()) {
                return;
            }
            self.propose(case, &place, memory, out);
        }
        let (reason, severity, words) = if declares && foreign && country_is_new {
            ("first-seen-country", Severity::Medium, "outside its declared countries and never seen before")
        } else if declares && !is_known {
            ("undeclared-network", Severity::Low, if supplier.networks.is_empty() { "outside its declared origins" } else { "outside its declared networks" })
        } else if !declares && learned && countries_learned && country_is_new {
            ("first-seen-country", Severity::Medium, "a country which it never came from")
        } else if !declares && learned && !is_known {
            ("first-seen-network", Severity::Low, "which it never came from")
        } else {
            return;
        };
        let Some(scene) = case.scene() else { return };
        let zone = case.zone();
        let message = format!(
            "{} in{} ({}) at {}, {words}",
            scene.login.as_deref().unwrap_or_default(),
            from_words(scene.source_ip),
            place.describe(),
            clock_words(case.now, zone)
        );
        let mut because = Because::default().with("origin", place.origin.describe()).with("local_time", local(case.now, zone));
        if let Some(system) = &place.system {
            because = because.with("asn", system.number).with("as_owner", system.owner.as_str());
        }
        if let Some(country) = &place.country {
            because = because.with("country", &**country);
        }
        if declares {
            for (key, declared) in declared(case) {
                because = because.with(key, declared);
            }
        } else {
            let since = memory.watched.since().unwrap_or(case.now);
            because = because.with("watched_since", rfc3339_in(since, zone)).with("known_origins", memory.origins_before(&place, case.geo));
        }
        if let Some(last) = last {
            because = because.with("last_seen", rfc3339_in(last, zone));
        }
        let unless = match (reason, &place.country) {
            ("first-seen-country", Some(country)) => format!("{country} among the countries of {}", supplier.id),
            _ if matches!(place.origin, Origin::System(_)) => format!("{} among the asns of {}", place.origin.describe(), supplier.id),
            _ => format!("{} among the networks of {}", place.origin.describe(), supplier.id),
        };
        out.report(Finding { because, unless, ..Finding::new(reason, severity, scene, message) });
    }

    fn learned(&self, memory: &Memory, now: Time) -> Vec<Learned> {
        let networks = memory.networks().map(|network| (NETWORKS, network));
        let seen = networks.chain(memory.countries().map(|country| (COUNTRIES, country)));
        let known = seen.filter(|(_, (_, last))| now.since(*last) <= self.forgotten_after);
        known.map(|(what, (value, last))| Learned { what, value, count: None, last: Some(last) }).collect()
    }

    /// Where it came from is forgotten, not how long it has been watched: where it comes from next is new.
    fn unlearn(&self, memory: &mut Memory, what: &str) {
        match what {
            NETWORKS => memory.forget_networks(),
            _ => memory.forget_countries(),
        }
    }

    fn read(table: &mut Table<'_>) -> Self {
        let default = NewOrigin::default();
        let sessions = table.integer("sessions", 0..=1_000_000).and_then(|sessions| u32::try_from(sessions).ok());
        let mut count = |key, default: u8| table.integer(key, 1..=30).and_then(|n| u8::try_from(n).ok()).unwrap_or(default);
        let (office_accounts, office_days) = (count("office_accounts", default.office_accounts), count("office_days", default.office_days));
        NewOrigin {
            learning: table.span("learning").unwrap_or(default.learning),
            sessions: sessions.unwrap_or(default.sessions),
            forgotten_after: table.span("forgotten_after").unwrap_or(default.forgotten_after),
            office_accounts,
            office_days,
        }
    }

    fn settings(&self) -> Vec<(&'static str, String, &'static str)> {
        vec![
            ("learning", span_words(self.learning), "how long a supplier without declared origins is watched in silence"),
            ("sessions", self.sessions.to_string(), "how many sessions it must have had by then"),
            ("forgotten_after", span_words(self.forgotten_after), "after how long an origin that was not seen is new again"),
            ("office_accounts", self.office_accounts.to_string(), "accounts in hours that make an office of an undeclared network"),
            ("office_days", self.office_days.to_string(), "on how many days they have to come before it is proposed"),
        ]
    }

    fn nearest(&self, told: &Told<'_>) -> Vec<Nearest> {
        let mut list = Vec::new();
        if let Some(networks) = told.text("networks") {
            list.push(Nearest::new("a login out of", networks, "its declared networks"));
        }
        if let Some(origin) = told.text("origin") {
            list.push(if origin.starts_with("AS") {
                Nearest::new("the origin", origin, "declared among its asns in the register")
            } else {
                let means = "declared among its networks in the register";
                Nearest::new("the origin", origin, means).by(Remedy::Network(origin.to_owned()))
            });
        }
        if let Some(last) = told.moment("last_seen") {
            let means = format!("it was last seen there on {}", told.at(last));
            list.push(Nearest::new("a login before", told.at(last.plus(self.forgotten_after)), means));
        }
        list
    }
}

/// What the register says of the supplier's origins, as far as it says something.
fn declared(case: &Case<'_>) -> Vec<(&'static str, String)> {
    let supplier = case.supplier;
    let list = |words: Vec<String>| words.join(", ");
    let all = [
        ("networks", list(supplier.networks.iter().map(ToString::to_string).collect())),
        ("asns", list(supplier.asns.iter().map(ToString::to_string).collect())),
        ("countries", list(supplier.countries.iter().map(ToString::to_string).collect())),
    ];
    all.into_iter().filter(|(_, words)| !words.is_empty()).collect()
}

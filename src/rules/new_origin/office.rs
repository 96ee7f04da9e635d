//! An office that moved: proposed once, instead of being alarmed at forty times.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;
use parsers::Time;
use serde::{Deserialize, Serialize};

use super::{Memory, NewOrigin, Whereabouts};
use crate::alert::{Because, Severity};
use crate::geo::Line;
use crate::rules::{Case, Finding, Findings};
use crate::session::Origin;
use crate::zone::zoned;

/// How many networks are watched; beyond, the one unseen for longest goes.
const NETWORKS: usize = 64;

/// How many proposals are remembered; beyond, the oldest is forgotten.
const PROPOSALS: usize = 64;

/// So many offices in one autonomous system are one office whose address changes.
const OFFICES: usize = 3;

/// Undeclared networks that may be offices.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Offices {
    networks: BTreeMap<Origin, Office>,
    /// What was proposed: network or autonomous system, oldest first; of a network, the system that it is of.
    proposed: Vec<(Origin, Option<u32>)>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Office {
    /// Who came, in hours; as many as it takes.
    accounts: BTreeSet<Arc<str>>,
    /// On which days; as many as it takes.
    days: BTreeSet<Date>,
    last: Time,
}

impl NewOrigin {
    /// Several accounts, on several days, in hours, out of one undeclared network: it is proposed for the register, once.
    pub(super) fn propose(&self, case: &Case<'_>, place: &Whereabouts, memory: &mut Memory, out: &mut Findings) {
        let Some(login) = case.login else { return };
        let system = place.system.as_ref().map(|system| system.number);
        let offices = &mut memory.offices;
        let is_proposed = |origin| offices.proposed.iter().any(|(proposed, _)| *proposed == origin);
        let in_hours = case.calendars.at(case.supplier.calendar, case.now).open;
        // Whoever is on the move, or hides, is no office.
        let may_be = in_hours && case.geo.line(place.address) == Line::Fixed;
        if !may_be || is_proposed(place.network) || system.is_some_and(|system| is_proposed(Origin::System(system))) {
            return;
        }
        let office = offices.networks.entry(place.network).or_default();
        office.last = office.last.max(case.now);
        if office.accounts.len() < usize::from(self.office_accounts) {
            office.accounts.insert(Arc::clone(login));
        }
        if office.days.len() < usize::from(self.office_days) {
            office.days.insert(zoned(case.now, case.zone()).date());
        }
        let complete = office.accounts.len() >= usize::from(self.office_accounts) && office.days.len() >= usize::from(self.office_days);
        if !complete {
            if offices.networks.len() > NETWORKS
                && let Some(oldest) = offices.networks.iter().min_by_key(|(_, office)| office.last).map(|(network, _)| *network)
            {
                offices.networks.remove(&oldest);
            }
            return;
        }
        let Some(office) = offices.networks.remove(&place.network) else { return };
        let before = offices.proposed.iter().filter(|(_, of)| of.is_some() && *of == system).count();
        let moves_about = before + 1 >= OFFICES;
        let origin = system.filter(|_| moves_about).map_or(place.network, Origin::System);
        if offices.proposed.len() >= PROPOSALS {
            offices.proposed.remove(0);
        }
        offices.proposed.push((origin, system));
        let Some(scene) = case.scene() else { return };
        let line = match origin {
            Origin::System(number) => format!("asns += {number}"),
            network => format!("networks += \"{}\"", network.describe()),
        };
        let accounts: Vec<String> = office.accounts.iter().map(ToString::to_string).collect();
        let message = format!(
            "{} in from {} on {} days in hours: an office of its own? Then in the register: {line}",
            accounts.join(", "),
            place.network.describe(),
            office.days.len()
        );
        let because = Because::default()
            .with("origin", origin.describe())
            .with("accounts", accounts)
            .with("days", office.days.iter().map(ToString::to_string).collect::<Vec<_>>())
            .with("proposal", line);
        out.report(Finding {
            because,
            unless: format!("{} declared for {}", origin.describe(), case.supplier.id),
            users: office.accounts.into_iter().collect(),
            // It is told of the place, and raises nothing that is told of the session.
            incident: Some(format!("office {}", origin.describe())),
            ..Finding::new("undeclared-network", Severity::Info, scene, message)
        });
    }
}

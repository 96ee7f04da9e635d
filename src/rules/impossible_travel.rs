//! `impossible-travel`.

use std::sync::Arc;

use parsers::Time;
use parsers::time::{DAY, HOUR, SECOND};
use serde::{Deserialize, Serialize};

use super::{Case, Finding, Findings, Happening, Remembered, Rule, clock_words, make_room};
use crate::alert::{Because, Evidence, RuleName, Severity};
use crate::geo::{Line, Spot};
use crate::register::AccountKind;
use crate::session::Origin;
use crate::told::{Nearest, Told};
use crate::toml_reader::Table;
use crate::zone::rfc3339_in;

#[doc = include_str!("impossible_travel.md")]
#[derive(Clone, Debug)]
pub struct ImpossibleTravel {
    /// Places nearer than this are one, in kilometres.
    pub distance: u16,
    /// Who needs more than this did not travel, in kilometres an hour.
    pub speed: u16,
}

impl Default for ImpossibleTravel {
    fn default() -> Self {
        ImpossibleTravel { distance: 500, speed: 900 }
    }
}

/// What is remembered of an account.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    /// Where it was lately, oldest first.
    stays: Vec<Stay>,
    /// Of which two places it was said, and when.
    said: Vec<(Arc<str>, Arc<str>, Time)>,
}

/// Where and when it got in last, of one place and one origin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Stay {
    at: Time,
    place: Arc<str>,
    latitude: f64,
    longitude: f64,
    radius: f64,
    origin: Origin,
    /// The register says that the supplier comes from there.
    declared: bool,
    ip: std::net::IpAddr,
    evidence: Evidence,
}

/// Half of the earth's girth, in kilometres: nobody is farther away.
const FARTHEST: i64 = 20_040;

/// Bounds of the memory.
const STAYS: usize = 16;
const SAID: usize = 16;

impl Rule for ImpossibleTravel {
    const NAME: RuleName = RuleName {
        id: "impossible-travel",
        name: "Supplier in two places too far apart",
        category: &["authentication"],
        techniques: &[("T1078", "Valid Accounts")],
    };
    const MANUAL: &'static str = include_str!("impossible_travel.md");
    type Account = Memory;
    type Supplier = ();
    type Address = ();
    type Stream = ();

    fn heeds(happening: Happening) -> bool {
        matches!(happening, Happening::Success { .. } | Happening::Announced { placed: true })
    }

    fn observe(&self, case: &Case<'_>, memory: Remembered<'_, Self>, out: &mut Findings) {
        if !matches!(case.happening, Happening::Success { .. } | Happening::Announced { placed: true }) {
            return;
        }
        let Some(here) = stay(case, f64::from(self.distance)) else { return };
        let memory = memory.account;
        let farthest_for = FARTHEST / i64::from(self.speed.max(1)) * HOUR + HOUR;
        memory.stays.retain(|stay| here.at.since(stay.at) <= farthest_for);
        memory.said.retain(|(.., at)| here.at.since(*at) < DAY);
        let is_named = case.account.is_some_and(|account| account.kind == AccountKind::Named);
        let impossible = |there: &&Stay| {
            let apart = there.spot().apart(&here.spot());
            // Several people of a shared account may sit wherever the register says that they do.
            let elsewhere = there.origin != here.origin && (is_named || !(there.declared && here.declared));
            elsewhere && apart > f64::from(self.distance) && there.speed(&here) > f64::from(self.speed)
        };
        let pair = |there: &Stay| {
            let (a, b) = (Arc::clone(&there.place), Arc::clone(&here.place));
            if a <= b { (a, b) } else { (b, a) }
        };
        let said = |there: &&Stay| memory.said.iter().any(|(a, b, _)| (a, b) == (&pair(there).0, &pair(there).1));
        let there = memory.stays.iter().rev().filter(impossible).find(|there| !said(there)).cloned();
        if let Some(there) = there {
            let (a, b) = pair(&there);
            make_room(&mut memory.said, SAID);
            memory.said.push((a, b, here.at));
            self.report(case, &there, &here, out);
        }
        memory.stays.retain(|stay| (&stay.place, stay.origin) != (&here.place, here.origin));
        make_room(&mut memory.stays, STAYS);
        memory.stays.push(here);
    }

    fn read(table: &mut Table<'_>) -> Self {
        let default = ImpossibleTravel::default();
        let mut number = |key, range, default| table.integer(key, range).and_then(|n| u16::try_from(n).ok()).unwrap_or(default);
        ImpossibleTravel { distance: number("distance", 50..=20_000, default.distance), speed: number("speed", 50..=50_000, default.speed) }
    }

    fn settings(&self) -> Vec<(&'static str, String, &'static str)> {
        vec![
            ("distance", self.distance.to_string(), "kilometres; places nearer than this are one"),
            ("speed", self.speed.to_string(), "kilometres an hour; who needs more did not travel"),
        ]
    }

    fn nearest(&self, told: &Told<'_>) -> Vec<Nearest> {
        let Some((apart, most)) = told.number("distance_km").zip(told.number("distance")) else { return Vec::new() };
        let near = Nearest::new("places", format!("{most} km apart at most"), format!("they are {apart} km apart"));
        let journey = told.moment("first_at").zip(told.number("speed").filter(|&speed| speed > 0)).map(|(first, speed)| {
            let there = first.plus(apart.saturating_mul(HOUR) / speed);
            Nearest::new("the second login after", told.at(there), format!("a journey of {apart} km at {speed} km/h"))
        });
        [near].into_iter().chain(journey).collect()
    }
}

/// Where the account is now; `None` where that tells nothing: no place, no fixed line, or an office network whose users sit
/// elsewhere.
fn stay(case: &Case<'_>, far: f64) -> Option<Stay> {
    let (session, line) = (case.session?, case.line?);
    let (origin, ip) = (session.origin?, session.source_ip?);
    if case.geo.line(ip) != Line::Fixed {
        return None;
    }
    let spot = case.geo.spot(ip)?;
    let supplier = case.supplier;
    // A firm with offices far apart leads its people out of whichever it likes.
    let office_elsewhere = |first| case.geo.spot(first).is_some_and(|office| office.apart(&spot) > far);
    if origin == Origin::Declared && supplier.networks.iter().any(|network| office_elsewhere(network.first())) {
        return None;
    }
    let in_system = case.geo.system(ip).is_some_and(|system| supplier.asns.contains(&system.number));
    let in_country = case.geo.country(ip).is_some_and(|country| supplier.countries.contains(&country));
    let Spot { name, latitude, longitude, radius } = spot;
    let declared = origin == Origin::Declared || in_system || in_country;
    let evidence = line.evidence();
    Some(Stay { at: case.now, place: name.into(), latitude, longitude, radius, origin, declared, ip, evidence })
}

impl Stay {
    fn spot(&self) -> Spot {
        Spot { name: self.place.to_string(), latitude: self.latitude, longitude: self.longitude, radius: self.radius }
    }

    /// Kilometres an hour from here to there.
    fn speed(&self, other: &Stay) -> f64 {
        let seconds = i32::try_from(other.at.since(self.at).saturating_abs() / SECOND).unwrap_or(i32::MAX).max(1);
        self.spot().apart(&other.spot()) / (f64::from(seconds) / 3600.0)
    }
}

impl ImpossibleTravel {
    fn report(&self, case: &Case<'_>, there: &Stay, here: &Stay, out: &mut Findings) {
        let Some(scene) = case.scene() else { return };
        let zone = case.zone();
        let (apart, speed) = (there.spot().apart(&here.spot()).round(), there.speed(here).round());
        let message = format!(
            "{} in from {} ({}) at {} and from {} ({}) at {}: {apart} km apart at least, {speed} km/h",
            scene.login.as_deref().unwrap_or_default(),
            there.place,
            there.ip,
            clock_words(there.at, zone),
            here.place,
            here.ip,
            clock_words(here.at, zone)
        );
        let because = Because::default()
            .with("places", vec![there.place.to_string(), here.place.to_string()])
            .with("accuracy_km", vec![there.radius, here.radius])
            .with("distance_km", apart)
            .with("speed_kmh", speed)
            .with("first_at", rfc3339_in(there.at, zone))
            .with("distance", self.distance)
            .with("speed", self.speed);
        out.report(Finding {
            because,
            unless: format!("places within {} km, a journey at {} km/h or less, or one of the two no fixed line", self.distance, self.speed),
            earlier: vec![there.evidence.clone()],
            ips: vec![there.ip, here.ip],
            ..Finding::new("too-fast", Severity::Medium, scene, message)
        });
    }
}

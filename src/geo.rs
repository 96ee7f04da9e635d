//! Where an address lies, and whose network it is, as far as databases tell.
//!
//! The databases are MaxMind's format, whoever made them. They are given as bytes and trusted with nothing: what is damaged or
//! of another schema tells nothing. A *null place* (no coordinates, the middle of a country, a satellite's ground station) is no
//! place.

mod country;
mod line;

use std::net::IpAddr;
use std::sync::Arc;

use maxminddb::Reader;
use maxminddb::geoip2::{Asn, City};
use parsers::Time;
use serde::Deserialize;

pub use country::country_code;
pub use line::Line;

/// All databases at hand; without any, nothing is known.
#[derive(Debug, Default)]
pub struct Geo {
    /// Places.
    pub city: Option<Database>,
    /// Autonomous systems.
    pub asn: Option<Database>,
}

/// One database.
#[derive(Debug)]
pub struct Database(Reader<Vec<u8>>);

/// An autonomous system: a network with an owner of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct System {
    /// Its number.
    pub number: u32,
    /// Its owner; empty where the database does not tell.
    pub owner: String,
}

/// A place on the map.
#[derive(Clone, Debug, PartialEq)]
pub struct Spot {
    /// `Lyon, FR`.
    pub name: String,
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// Kilometres around it within which the address is likely to lie.
    pub radius: f64,
}

/// How far a place without a stated radius may be off, in kilometres.
const RADIUS: f64 = 100.0;

/// Mean radius of the earth, in kilometres.
const EARTH: f64 = 6371.0;

/// The flat schema of some makers.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Flat<'a> {
    country_code: Option<&'a str>,
    asn: Option<&'a str>,
    as_name: Option<&'a str>,
}

impl Database {
    /// A database of these bytes.
    ///
    /// # Errors
    /// A sentence that says what is wrong with them.
    pub fn read(bytes: Vec<u8>) -> Result<Database, String> {
        Reader::from_source(bytes).map(Database).map_err(|error| format!("expected a database in MaxMind's format: {error}"))
    }

    /// What its maker calls it: `GeoLite2-City`.
    pub fn kind(&self) -> &str {
        &self.0.metadata().database_type
    }

    /// When it was made.
    pub fn made(&self) -> Option<Time> {
        Time::from_seconds(i64::try_from(self.0.metadata().build_epoch).ok()?, 0)
    }

    fn find<'a, T: Deserialize<'a>>(&'a self, address: IpAddr) -> Option<T> {
        self.0.lookup(address.to_canonical()).ok()?.decode().ok()?
    }
}

impl Geo {
    /// The autonomous system of an address.
    pub fn system(&self, address: IpAddr) -> Option<System> {
        let database = self.asn.as_ref()?;
        if let Some(Asn { autonomous_system_number: Some(number), autonomous_system_organization: owner }) = database.find(address) {
            return (number != 0).then(|| System { number, owner: owner.unwrap_or_default().to_owned() });
        }
        let flat: Flat<'_> = database.find(address)?;
        let number = flat.asn?.trim_start_matches("AS").parse().ok().filter(|&number| number != 0)?;
        Some(System { number, owner: flat.as_name.unwrap_or_default().to_owned() })
    }

    /// What kind of line an address is, as far as its owner's name tells.
    pub fn line(&self, address: IpAddr) -> Line {
        self.system(address).map_or(Line::Fixed, |system| Line::of_owner(&system.owner))
    }

    /// The country of an address: an ISO 3166 code. A satellite's user is anywhere.
    pub fn country(&self, address: IpAddr) -> Option<Arc<str>> {
        let database = self.city.as_ref()?;
        let city = database.find::<City<'_>>(address).and_then(|city| city.country.iso_code);
        let code = city.or_else(|| database.find::<Flat<'_>>(address)?.country_code)?;
        country_code(code).filter(|_| self.line(address) != Line::Satellite)
    }

    /// The spot of an address; `None` for null places.
    pub fn spot(&self, address: IpAddr) -> Option<Spot> {
        let city: City<'_> = self.city.as_ref()?.find(address)?;
        let (latitude, longitude) = (city.location.latitude?, city.location.longitude?);
        let on_the_map = (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude);
        let null_island = latitude.abs() < 0.01 && longitude.abs() < 0.01;
        // Without a town it is the middle of a country or of a region.
        let town = city.city.names.english.or(city.city.names.french).or(city.city.names.german)?;
        if !on_the_map || null_island {
            return None;
        }
        let name = city.country.iso_code.map_or_else(|| town.to_owned(), |country| format!("{town}, {country}"));
        Some(Spot { name, latitude, longitude, radius: city.location.accuracy_radius.map_or(RADIUS, f64::from) })
    }
}

impl Spot {
    /// How far two spots lie apart at least, in kilometres: what the databases may be off is taken away.
    pub fn apart(&self, other: &Spot) -> f64 {
        let (a, b) = (self.latitude.to_radians(), other.latitude.to_radians());
        let half = |difference: f64| (difference / 2.0).sin().powi(2);
        let east = (other.longitude - self.longitude).to_radians();
        let haversine = half(b - a) + a.cos() * b.cos() * half(east);
        (2.0 * EARTH * haversine.clamp(0.0, 1.0).sqrt().asin() - self.radius - other.radius).max(0.0)
    }
}

#[cfg(test)]
mod tests;

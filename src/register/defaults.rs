//! `[defaults]`: what holds for suppliers and sites that say nothing else, and without any configuration.

use jiff::tz::TimeZone;

use crate::calendar::{Holidays, Hours, read_zone};
use crate::toml_reader::Table;

/// Zone, holidays and hours of whoever names none.
#[derive(Clone, Debug)]
pub struct Defaults {
    /// For lines without zone, suppliers and sites.
    pub zone: TimeZone,
    /// Whose public holidays.
    pub holidays: Holidays,
    /// When suppliers may come in.
    pub hours: Hours,
}

impl Default for Defaults {
    /// Europe/Paris, the holidays of France, Monday to Friday from 08:00 to 18:00.
    fn default() -> Defaults {
        let zone = read_zone("Europe/Paris").unwrap_or(TimeZone::UTC);
        Defaults { zone, holidays: Holidays::France, hours: Hours::default() }
    }
}

impl Defaults {
    /// Reads the table `[defaults]`; what it does not say stays as it is by default.
    pub fn read(mut table: Table<'_>) -> Defaults {
        let default = Defaults::default();
        let defaults = Defaults {
            zone: table.read("time_zone", read_zone).unwrap_or(default.zone),
            holidays: table.read("holidays", str::parse::<Holidays>).unwrap_or(default.holidays),
            hours: table.read("hours", Hours::read).unwrap_or(default.hours),
        };
        table.finish();
        defaults
    }
}

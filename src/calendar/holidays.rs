//! Public holidays, computed: no table of dates to keep up to date, no network.
//!
//! France: Code du travail, article L3133-1 (the eleven days), L3134-13 (Alsace-Moselle: Good Friday and
//! 26 December), L3422-2 and décret n° 83-1003 with its amendments (overseas: abolition of slavery). Held against
//! the state's own list, `etalab/jours-feries-france-data`. Bridge days are no holidays, and the
//! local feast days of the Pacific collectivities are not in that list.

use std::fmt;
use std::str::FromStr;

use jiff::ToSpan;
use jiff::civil::Date;

use crate::mistake::{did_you_mean, one_of, quoted};

/// Whose public holidays count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Holidays {
    /// Nobody's.
    #[default]
    None,
    /// The eleven days of all of France.
    France,
    /// With Good Friday and 26 December.
    AlsaceMoselle,
    /// With 27 May.
    Guadeloupe,
    /// With 10 June.
    Guyane,
    /// With 20 December.
    LaReunion,
    /// With 22 May.
    Martinique,
    /// With 27 April.
    Mayotte,
    /// The eleven days.
    NouvelleCaledonie,
    /// The eleven days.
    PolynesieFrancaise,
    /// With 9 October.
    SaintBarthelemy,
    /// With 28 May (27 May until 2017).
    SaintMartin,
    /// The eleven days.
    SaintPierreEtMiquelon,
    /// The eleven days.
    WallisEtFutuna,
}

/// The names in the configuration, the usual ones first.
const NAMES: &[(&str, Holidays)] = &[
    ("none", Holidays::None),
    ("FR", Holidays::France),
    ("FR-metropole", Holidays::France),
    ("FR-alsace-moselle", Holidays::AlsaceMoselle),
    ("FR-guadeloupe", Holidays::Guadeloupe),
    ("FR-guyane", Holidays::Guyane),
    ("FR-la-reunion", Holidays::LaReunion),
    ("FR-martinique", Holidays::Martinique),
    ("FR-mayotte", Holidays::Mayotte),
    ("FR-nouvelle-caledonie", Holidays::NouvelleCaledonie),
    ("FR-polynesie-francaise", Holidays::PolynesieFrancaise),
    ("FR-saint-barthelemy", Holidays::SaintBarthelemy),
    ("FR-saint-martin", Holidays::SaintMartin),
    ("FR-saint-pierre-et-miquelon", Holidays::SaintPierreEtMiquelon),
    ("FR-wallis-et-futuna", Holidays::WallisEtFutuna),
];

impl FromStr for Holidays {
    type Err = String;

    fn from_str(text: &str) -> Result<Holidays, String> {
        if let Some((_, holidays)) = NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)) {
            return Ok(*holidays);
        }
        let names = || NAMES.iter().map(|(name, _)| *name);
        let hint = match did_you_mean(text, names()) {
            near if !near.is_empty() => near,
            _ => format!("; known are {}", one_of(names())),
        };
        Err(format!("the public holidays of {} are not known{hint}", quoted(text)))
    }
}

impl fmt::Display for Holidays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAMES.iter().find(|(_, holidays)| holidays == self).map_or("none", |(name, _)| name))
    }
}

impl Holidays {
    /// The name of the public holiday on a date, if it is one.
    pub fn name(self, date: Date) -> Option<&'static str> {
        self.of_year(date.year()).find(|(day, _)| *day == date).map(|(_, name)| name)
    }

    /// The public holidays of a year with their names, in no order.
    pub fn of_year(self, year: i16) -> impl Iterator<Item = (Date, &'static str)> {
        const EVERYWHERE: &[(i8, i8, &str)] = &[
            (1, 1, "New Year's Day"),
            (5, 1, "Labour Day"),
            (5, 8, "Victory Day"),
            (7, 14, "Bastille Day"),
            (8, 15, "Assumption"),
            (11, 1, "All Saints' Day"),
            (11, 11, "Armistice Day"),
            (12, 25, "Christmas Day"),
        ];
        const AFTER_EASTER: &[(i64, &str)] = &[(1, "Easter Monday"), (39, "Ascension"), (50, "Whit Monday")];
        let fixed = if self == Holidays::None { &[] } else { EVERYWHERE };
        let after_easter = if self == Holidays::None { &[] } else { AFTER_EASTER };
        let good_friday = (self == Holidays::AlsaceMoselle).then_some((-2, "Good Friday"));
        let fixed = fixed.iter().copied().chain(self.of_its_own(year));
        let fixed = fixed.filter_map(move |(month, day, name)| Some((Date::new(year, month, day).ok()?, name)));
        let easter = easter(year);
        let moving = after_easter.iter().copied().chain(good_friday);
        let moving = moving.filter_map(move |(days, name)| Some((easter?.checked_add(days.days()).ok()?, name)));
        fixed.chain(moving)
    }

    /// The one fixed day that a part of France has beyond the others.
    fn of_its_own(self, year: i16) -> Option<(i8, i8, &'static str)> {
        const ABOLITION: &str = "Abolition of Slavery";
        Some(match self {
            Holidays::AlsaceMoselle => (12, 26, "Saint Stephen's Day"),
            Holidays::Guadeloupe => (5, 27, ABOLITION),
            Holidays::Guyane => (6, 10, ABOLITION),
            Holidays::LaReunion => (12, 20, ABOLITION),
            Holidays::Martinique => (5, 22, ABOLITION),
            Holidays::Mayotte => (4, 27, ABOLITION),
            Holidays::SaintBarthelemy => (10, 9, ABOLITION),
            // Loi n° 2017-256 du 28 février 2017 moved it by a day.
            Holidays::SaintMartin if year < 2018 => (5, 27, ABOLITION),
            Holidays::SaintMartin => (5, 28, ABOLITION),
            _ => return None,
        })
    }
}

/// Easter Sunday of a year of the Gregorian calendar ("Anonymous Gregorian algorithm", Nature, 20 April 1876).
#[expect(clippy::many_single_char_names, reason = "the letters of the published algorithm")]
fn easter(year: i16) -> Option<Date> {
    let y = i32::from(year);
    let a = y.rem_euclid(19);
    let (b, c) = (y.div_euclid(100), y.rem_euclid(100));
    let (d, e) = (b / 4, b % 4);
    let g = (8 * b + 13) / 25;
    let h = (19 * a + b - d - g + 15) % 30;
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 19 * l) / 433;
    let month = (h + l - 7 * m + 90) / 25;
    let day = (h + l - 7 * m + 33 * month + 19) % 32;
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn dates(holidays: Holidays, year: i16) -> BTreeSet<Date> {
        holidays.of_year(year).map(|(date, _)| date).collect()
    }

    #[test]
    fn easter_of_known_years() {
        for (year, month, day) in
            [(1961, 4, 2), (2000, 4, 23), (2008, 3, 23), (2024, 3, 31), (2026, 4, 5), (2027, 3, 28), (2038, 4, 25), (2285, 3, 22)]
        {
            assert_eq!(easter(year), Date::new(year, month, day).ok(), "{year}");
        }
        assert!((1583..=9999).all(|year| easter(year).is_some_and(|date| date.weekday() == jiff::civil::Weekday::Sunday)));
        assert!((i16::MIN..0).all(|year| easter(year).is_none_or(|date| date.year() == year)));
    }

    #[test]
    fn the_eleven_days_of_2027() {
        let shown: Vec<String> = dates(Holidays::France, 2027).iter().map(ToString::to_string).collect();
        let expected =
            "2027-01-01 2027-03-29 2027-05-01 2027-05-06 2027-05-08 2027-05-17 2027-07-14 2027-08-15 2027-11-01 2027-11-11 2027-12-25";
        assert_eq!(shown.join(" "), expected);
    }

    #[test]
    fn each_part_of_france_adds_its_own_days() {
        for (name, added) in [
            ("none", None),
            ("FR-metropole", Some("")),
            ("FR-alsace-moselle", Some("2026-04-03 2026-12-26")),
            ("FR-guadeloupe", Some("2026-05-27")),
            ("FR-guyane", Some("2026-06-10")),
            ("FR-la-reunion", Some("2026-12-20")),
            ("FR-martinique", Some("2026-05-22")),
            ("FR-mayotte", Some("2026-04-27")),
            ("FR-nouvelle-caledonie", Some("")),
            ("FR-polynesie-francaise", Some("")),
            ("FR-saint-barthelemy", Some("2026-10-09")),
            ("FR-saint-martin", Some("2026-05-28")),
            ("FR-saint-pierre-et-miquelon", Some("")),
            ("FR-wallis-et-futuna", Some("")),
        ] {
            let days = dates(name.parse().unwrap(), 2026);
            let everywhere = dates(Holidays::France, 2026);
            match added {
                None => assert!(days.is_empty()),
                Some(added) => {
                    assert!(days.is_superset(&everywhere), "{name}");
                    let own: Vec<String> = days.difference(&everywhere).map(ToString::to_string).collect();
                    assert_eq!(own.join(" "), added, "{name}");
                }
            }
        }
        assert_eq!(Holidays::AlsaceMoselle.name(Date::constant(2026, 4, 3)), Some("Good Friday"));
        assert_eq!(Holidays::France.name(Date::constant(2026, 4, 3)), None);
    }

    #[test]
    fn names_are_read_in_any_case_and_the_nearest_is_offered() {
        assert_eq!("fr-La-Reunion".parse(), Ok(Holidays::LaReunion));
        assert_eq!(Holidays::LaReunion.to_string(), "FR-la-reunion");
        assert_eq!(Holidays::France.to_string(), "FR");
        let problem = "FR-reunion".parse::<Holidays>().unwrap_err();
        assert_eq!(problem, "the public holidays of \"FR-reunion\" are not known; did you mean \"FR-la-reunion\"?");
        let problem = "DE".parse::<Holidays>().unwrap_err();
        assert!(problem.starts_with("the public holidays of \"DE\" are not known; known are \"none\", \"FR\","), "{problem}");
    }

    /// The state's own lists, where they lie beside the project.
    #[test]
    fn computed_holidays_equal_the_published_lists() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/reference/holidays-fr");
        let Ok(files) = std::fs::read_dir(&folder) else {
            eprintln!("skipped: {} is not there", folder.display());
            return;
        };
        let mut read = 0;
        for file in files {
            let path = file.unwrap().path();
            let zone = path.file_stem().unwrap().to_str().unwrap();
            let holidays: Holidays = format!("FR-{zone}").parse().unwrap();
            let text = std::fs::read_to_string(&path).unwrap();
            let published: BTreeSet<Date> = text.lines().skip(1).map(|line| line.split(',').next().unwrap().parse().unwrap()).collect();
            let years: BTreeSet<i16> = published.iter().map(|date| date.year()).collect();
            let computed: BTreeSet<Date> = years.iter().flat_map(|&year| dates(holidays, year)).collect();
            assert_eq!(computed, published, "{zone}");
            read += 1;
        }
        assert_eq!(read, 13);
    }
}

//! Opening hours in the syntax of OpenStreetMap: `Mo-Fr 08:00-18:00; PH off`.
//!
//! <https://wiki.openstreetmap.org/wiki/Key:opening_hours/specification>. Sunrise, sunset and school holidays
//! are part of that syntax and refused here: no place and no school calendar is known.

use std::sync::Arc;

use opening_hours::OpeningHours;

use crate::mistake::{Problem, quoted};

/// Hours that parsed.
#[derive(Clone, Debug)]
pub struct Hours {
    text: Arc<str>,
    pub(super) rules: OpeningHours,
}

impl Hours {
    /// Reads hours.
    ///
    /// # Errors
    /// Where the text stops making sense, what could follow there, and the hours it probably means.
    pub fn read(text: &str) -> Result<Hours, Problem> {
        let text = text.trim();
        if let Some((column, word)) = words_outside_comments(text).into_iter().find(|(_, word)| is_refused(word)) {
            let message = format!("{} cannot be told here, for it depends on a place or a school; write times and dates", quoted(word));
            return Err(Problem { column, message });
        }
        match text.parse::<OpeningHours>() {
            Ok(rules) => Ok(Hours { text: text.into(), rules }),
            Err(error) => Err(explain(text, &error.to_string())),
        }
    }

    /// The hours as written.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }
}

fn is_refused(word: &str) -> bool {
    word == "SH" || ["sunrise", "sunset", "dawn", "dusk"].iter().any(|event| event.eq_ignore_ascii_case(word))
}

/// The words made of letters, each with its character from 1, comments in double quotes left out.
fn words_outside_comments(text: &str) -> Vec<(u32, &str)> {
    let mut words = Vec::new();
    let mut column: u32 = 1;
    for (index, part) in text.split('"').enumerate() {
        for word in part.split(|c: char| !c.is_alphabetic()) {
            if index % 2 == 0 && !word.is_empty() {
                words.push((column, word));
            }
            // One separator stands behind each word.
            column = column.saturating_add(u32::try_from(word.chars().count()).unwrap_or(u32::MAX)).saturating_add(1);
        }
    }
    words
}

/// `error` is what the parser shows people: ` --> 1:23`, the text with a caret, ` = expected …`.
fn explain(text: &str, error: &str) -> Problem {
    eprintln!("{error}");
    let place = error.lines().next().and_then(|line| line.trim().strip_prefix("--> 1:"));
    let column: u32 = place.and_then(|column| column.parse().ok()).unwrap_or(0);
    Problem { column, message: error.to_owned() }
}
#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn x() {
        for t in ["Lu-Ve 8h-18h", "Mo-Fr 08:00-18:00; PH of", "Mo-Fr", "", "Mo-Fr 8-18", "Mo-Fr 08:00-25:00", "Mo-Fr 08:00", "Mo-Fr 08:00-18:00 PH off", "Mon-Fri 08:00-18:00", "Mo-Fr 08:00-49:00",
            "week 50-40 Mo", "Mo-Fr 08:00-18:00,", "2030-2020 Mo", "24/7 off", "off", "Mo-Fr 08:00–18:00", "Feb 30 off", "Mo-Fr 12:00-08:00;"] {
            println!("### {t}: {:?}", Hours::read(t).map(|h| h.rules.to_string()).map_err(|e| e.message));
        }
    }
}

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

    /// Round the clock, every day.
    pub fn always() -> Hours {
        constant("24/7")
    }

    /// The hours as written.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }
}

impl Default for Hours {
    /// Monday to Friday from 08:00 to 18:00, closed on public holidays.
    fn default() -> Hours {
        constant("Mo-Fr 08:00-18:00; PH off")
    }
}

#[expect(clippy::expect_used, reason = "the text is a constant of this file, read by every test")]
fn constant(text: &'static str) -> Hours {
    Hours::read(text).expect("constant hours parse")
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

/// Makes a problem of what the parser shows people: ` --> 1:23`, the text with a caret, ` = expected …`.
fn explain(text: &str, error: &str) -> Problem {
    let hint = meant(text).map_or_else(String::new, |meant| format!("; did you mean \"{meant}\"?"));
    if text.is_empty() {
        return Problem { column: 0, message: format!("expected {EXAMPLE}, found \"\"") };
    }
    let place = error.lines().next().and_then(|line| line.trim().strip_prefix("--> 1:"));
    let Some(column) = place.and_then(|column| column.parse::<u32>().ok()) else {
        // Not a matter of syntax: the parser names the numbers itself.
        return Problem { column: 0, message: format!("{error}{hint}") };
    };
    let rest: String = text.chars().skip(column.saturating_sub(1) as usize).collect();
    let found = if rest.is_empty() { "the end".to_owned() } else { quoted(&rest) };
    let expected = error.lines().last().map(expectation).unwrap_or_default();
    Problem { column, message: format!("expected {expected}, found {found}{hint}") }
}

const EXAMPLE: &str = "hours such as \"Mo-Fr 08:00-18:00; PH off\"";

/// The names of the parser's rules, in words. A rule that starts a whole sequence of hours is not here.
const WORDS: &[(&str, &str)] = &[
    ("timespan", "times such as \"08:00-18:00\""),
    ("time_selector", "times such as \"08:00-18:00\""),
    ("timespan_plus", "\"-\" and a closing time"),
    ("extended_time", "a closing time such as \"18:00\""),
    ("weekday_range", "a day (Mo Tu We Th Fr Sa Su PH)"),
    ("holiday", "PH"),
    ("rules_modifier", "\"off\""),
    ("any_rule_separator", "\";\""),
    ("EOI", "the end"),
];

fn expectation(line: &str) -> String {
    let rules: Vec<&str> = line.split(|c: char| !c.is_ascii_alphabetic() && c != '_').collect();
    if rules.contains(&"always_open") || rules.contains(&"unexpected") {
        return EXAMPLE.to_owned();
    }
    let mut words: Vec<&str> = WORDS.iter().filter(|(rule, _)| rules.contains(rule)).map(|(_, word)| *word).collect();
    match words.pop() {
        None => EXAMPLE.to_owned(),
        Some(only) if words.is_empty() => only.to_owned(),
        Some(last) => format!("{} or {last}", words.join(", ")),
    }
}

/// What people write for days, and what the syntax wants.
const DAYS: &[(&[&str], &str)] = &[
    (&["lu", "lun", "lundi", "mon", "monday"], "Mo"),
    (&["ma", "mar", "mardi", "tue", "tuesday"], "Tu"),
    (&["me", "mer", "mercredi", "wed", "wednesday"], "We"),
    (&["je", "jeu", "jeudi", "thu", "thursday"], "Th"),
    (&["ve", "ven", "vendredi", "fri", "friday"], "Fr"),
    (&["sam", "samedi", "sat", "saturday"], "Sa"),
    (&["di", "dim", "dimanche", "sun", "sunday"], "Su"),
    (&["jf", "ferie", "feries", "férié", "fériés"], "PH"),
    (&["fermé", "ferme", "fermés"], "off"),
];

/// The hours that French or long day names, `8h30`, `8-18` and typographic dashes stand for, if that parses.
fn meant(text: &str) -> Option<String> {
    let dashes = text.replace(['–', '—'], "-");
    let mut meant = String::new();
    let mut rest = dashes.as_str();
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == ':';
        let end = rest.find(|c: char| is_word(c) != is_word(first)).unwrap_or(rest.len());
        let (part, tail) = rest.split_at_checked(end)?;
        let lower = part.to_lowercase();
        match DAYS.iter().find(|(names, _)| names.contains(&lower.as_str())) {
            Some((_, day)) => meant.push_str(day),
            None => meant.push_str(&clock(&lower).unwrap_or_else(|| part.to_owned())),
        }
        rest = tail;
    }
    let meant = meant.replace("PH off", "; PH off").replace(" ; ", "; ").replace("; ; ", "; ").replace(";; ", "; ");
    let meant = meant.trim_end_matches(['.', ',', ';', ' ']);
    (meant != text && meant.parse::<OpeningHours>().is_ok()).then(|| meant.to_owned())
}

/// `8h`, `8h30`, `18h00`, `8` as `08:00`.
fn clock(word: &str) -> Option<String> {
    let (hour, minute) = word.split_once('h').unwrap_or((word, ""));
    let hour: u8 = hour.parse().ok().filter(|&hour| hour <= 24)?;
    let minute: u8 = if minute.is_empty() { 0 } else { minute.parse().ok().filter(|&minute| minute < 60)? };
    Some(format!("{hour:02}:{minute:02}"))
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn hours_that_parse() {
        for text in [
            "24/7",
            "off",
            "Mo-Fr 08:00-18:00; PH off",
            "Mo-Fr 22:00-06:00",
            "week 1-53/2 Sa 08:00-12:00",
            " Mo 9:00-12:00 ",
            "Mo-Fr 08:00-12:00 \"SH sunrise\"",
        ] {
            let hours = Hours::read(text).unwrap();
            assert_eq!(&**hours.text(), text.trim());
        }
    }

    #[test]
    fn what_does_not_parse_is_explained() {
        let explained: Vec<String> = [
            "Lu-Ve 8h-18h",
            "lundi-vendredi 8h30-17h45; fériés fermé",
            "Mon-Fri 08:00-18:00",
            "Mo-Fr 8-18",
            "Mo-Fr 08:00–18:00",
            "Mo-Fr 08:00-18:00 PH off",
            "Mo-Fr 08:00-18:00;",
            "Mo-Fr 08:00-18:00; PH of",
            "Mo-Fr 08:00",
            "Mo-Fr 08:00-49:00",
            "Mo-Fr 08:00-18:00,",
            "Mo-Fr 08:00-18:00; SH off",
            "sunrise-18:00",
            "2030-2020 Mo",
            "jamais",
            "",
        ]
        .iter()
        .map(|text| format!("{text}\n    {}", Hours::read(text).unwrap_err()))
        .collect();
        assert_snapshot!(explained.join("\n"), @r#"
        Lu-Ve 8h-18h
            at character 1: expected hours such as "Mo-Fr 08:00-18:00; PH off", found "Lu-Ve 8h-18h"; did you mean "Mo-Fr 08:00-18:00"?
        lundi-vendredi 8h30-17h45; fériés fermé
            at character 1: expected hours such as "Mo-Fr 08:00-18:00; PH off", found "lundi-vendredi 8h30-17h45; fériés fermé"; did you mean "Mo-Fr 08:30-17:45; PH off"?
        Mon-Fri 08:00-18:00
            at character 3: expected "off", ";" or the end, found "n-Fri 08:00-18:00"; did you mean "Mo-Fr 08:00-18:00"?
        Mo-Fr 8-18
            at character 7: expected times such as "08:00-18:00", PH, "off", ";" or the end, found "8-18"; did you mean "Mo-Fr 08:00-18:00"?
        Mo-Fr 08:00–18:00
            at character 12: expected "-" and a closing time, found "–18:00"; did you mean "Mo-Fr 08:00-18:00"?
        Mo-Fr 08:00-18:00 PH off
            at character 19: expected "off", ";" or the end, found "PH off"; did you mean "Mo-Fr 08:00-18:00; PH off"?
        Mo-Fr 08:00-18:00;
            at character 19: expected hours such as "Mo-Fr 08:00-18:00; PH off", found the end; did you mean "Mo-Fr 08:00-18:00"?
        Mo-Fr 08:00-18:00; PH of
            at character 23: expected times such as "08:00-18:00", a day (Mo Tu We Th Fr Sa Su PH), "off", ";" or the end, found "of"
        Mo-Fr 08:00
            at character 12: expected "-" and a closing time, found the end
        Mo-Fr 08:00-49:00
            at character 13: expected a closing time such as "18:00", found "49:00"
        Mo-Fr 08:00-18:00,
            at character 19: expected times such as "08:00-18:00", found the end; did you mean "Mo-Fr 08:00-18:00"?
        Mo-Fr 08:00-18:00; SH off
            at character 20: "SH" cannot be told here, for it depends on a place or a school; write times and dates
        sunrise-18:00
            at character 1: "sunrise" cannot be told here, for it depends on a place or a school; write times and dates
        2030-2020 Mo
            Inverted year ranges are ambiguous, do you mean '2020-2030'?
        jamais
            at character 1: expected hours such as "Mo-Fr 08:00-18:00; PH off", found "jamais"

            expected hours such as "Mo-Fr 08:00-18:00; PH off", found ""
        "#);
    }
}

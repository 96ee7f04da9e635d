//! `nightporter explain` and `list`: what it knows, why an alert, and how it reads a line.

mod alert;
mod evidence;
mod line;
mod origin;
mod search;
mod severity;

use std::fmt::Write as _;

use parsers::Formats;

pub use self::alert::{Explained, exception, explained};
pub use self::line::{Reader, line};
pub use self::search::{LEAST, Search, find, looks_like_an_id};

use crate::mistake::did_you_mean;
use crate::rules::{RULES, Rules};

/// A rule's manual page with its settings in force.
///
/// # Errors
/// A sentence with the nearest rule, if there is none of this name.
pub fn rule(name: &str, rules: &Rules) -> Result<String, String> {
    rules.manual(name).ok_or_else(|| {
        let hint = did_you_mean(name, RULES.iter().map(|rule| rule.id));
        format!("there is no rule \"{name}\"{hint} (`nightporter list rules` shows all; an alert is named by {LEAST} or more characters of its id)")
    })
}

/// All rules, a line each.
pub fn rules() -> String {
    let width = RULES.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
    RULES.iter().fold(String::new(), |mut list, rule| {
        let _ = writeln!(list, "{:width$}  {}", rule.id, rule.name);
        list
    })
}

/// All formats, a line each, in the order in which they are asked.
pub fn formats(formats: &Formats) -> String {
    let width = formats.names().map(str::len).max().unwrap_or(0);
    formats.ids().filter_map(|id| formats.product(id)).fold(String::new(), |mut list, product| {
        let _ = writeln!(list, "{:width$}  {}", product.format, product.covers);
        list
    })
}

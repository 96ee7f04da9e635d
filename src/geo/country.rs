//! Countries, by code or by one of the names that devices use.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

/// Code, then names; the first are those of the time zone database (public domain).
const COUNTRIES: &str = include_str!("countries.tsv");

static BY_NAME: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
    let of_line = |line: &'static str| {
        let code = line.split('\t').next().unwrap_or_default();
        line.split('\t').map(move |name| (plain(name), code))
    };
    COUNTRIES.lines().flat_map(of_line).collect()
});

/// The ISO 3166 code of a country by its code or name, in any case; `None` for what is no country (`Reserved`, `ZZ`).
pub fn country_code(name: &str) -> Option<Arc<str>> {
    BY_NAME.get(&plain(name)).map(|&code| code.into())
}

/// A name without what its writers differ in.
fn plain(name: &str) -> String {
    name.replace('&', "and").chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

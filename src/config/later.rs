//! A part of the configuration that is read and checked, and built later: `[geo]`.

use super::not_yet;
use crate::mistake::Mistakes;
use crate::toml_reader::Table;

/// Reads `[geo]`.
pub(super) fn geo(mut table: Table<'_>, later: &Mistakes) {
    for key in ["city", "asn"] {
        table.text(key);
    }
    not_yet(&table, "[geo]", later);
    table.finish();
}

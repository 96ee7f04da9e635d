//! `[geo]`: databases that tell where addresses lie and whose they are.

use std::path::{Path, PathBuf};

use crate::mistake::Place;
use crate::toml_reader::Table;

/// The databases that are configured.
#[derive(Clone, Debug, Default)]
pub struct GeoFiles {
    /// Places.
    pub city: Option<GeoFile>,
    /// Autonomous systems.
    pub asn: Option<GeoFile>,
}

/// One of them.
#[derive(Clone, Debug)]
pub struct GeoFile {
    /// Where it is.
    pub path: PathBuf,
    /// Where the configuration names it.
    pub place: Place,
}

/// Reads `[geo]`.
pub(super) fn read(mut table: Table<'_>, folder: &Path) -> GeoFiles {
    let mut file = |key| table.text(key).map(|text| GeoFile { path: folder.join(&*text.value), place: text.place });
    let files = GeoFiles { city: file("city"), asn: file("asn") };
    table.finish();
    files
}

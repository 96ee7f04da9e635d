//! A small world for tests: configuration, register, daybook and lines in a folder of their own, replayed as users do.
#![allow(dead_code, reason = "each test uses the part that it needs")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test's world that cannot be built is a test that fails")]

pub(crate) mod mmdb;
pub(crate) mod town;

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use nightporter::cli::Common;
use nightporter::engine::state::State;
use nightporter::setup::Setup;
use nightporter::verbs::replay;
use parsers::Time;
use serde_json::Value;

/// The repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The entries of a folder, sorted.
pub(crate) fn children(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

/// The last part of a path.
pub(crate) fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

/// The name that stands for all sites and suppliers of the stories.
pub(crate) const REGISTER: &str = "fixtures/rules/register.toml";

/// What a replay is given.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    /// Text of the register; empty = there is none.
    pub(crate) register: String,
    /// More of the configuration: `[defaults]`, `[rules.…]`.
    pub(crate) config: String,
    /// Lines of the daybook; `None` = none is configured.
    pub(crate) daybook: Option<Vec<String>>,
    /// What databases say of networks; empty = there is none.
    pub(crate) geo: Vec<mmdb::Told>,
    /// What is read.
    pub(crate) sources: Vec<Source>,
}

/// A source with its only file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Source {
    /// Its name.
    pub(crate) name: String,
    /// More of its table: `site = "…"`, `year = 2026`.
    pub(crate) settings: String,
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
}

impl World {
    /// Writes the world into a folder and reads it back as the verbs do.
    pub(crate) fn setup(&self, folder: &Path) -> Setup {
        let mut config = String::new();
        if !self.register.is_empty() {
            fs::write(folder.join("register.toml"), &self.register).unwrap();
            config.push_str("register = \"register.toml\"\n");
        }
        if let Some(lines) = &self.daybook {
            fs::write(folder.join("daybook.jsonl"), lines.join("\n")).unwrap();
            config.push_str("daybook = \"daybook.jsonl\"\n");
        }
        config.push_str(&self.config);
        if !self.geo.is_empty() {
            fs::write(folder.join("city.mmdb"), mmdb::city(&self.geo)).unwrap();
            fs::write(folder.join("asn.mmdb"), mmdb::asn(&self.geo)).unwrap();
            config.push_str("\n[geo]\ncity = \"city.mmdb\"\nasn = \"asn.mmdb\"\n");
        }
        for Source { name, settings, bytes } in &self.sources {
            fs::write(folder.join(format!("{name}.log")), bytes).unwrap();
            writeln!(config, "\n[[source]]\nname = \"{name}\"\nkind = \"file\"\npath = \"{name}.log\"\n{settings}").unwrap();
        }
        let path = folder.join("nightporter.toml");
        fs::write(&path, config).unwrap();
        Setup::load(&Common { config: Some(path), ..Common::default() }).unwrap_or_else(|trouble| panic!("{trouble:?}"))
    }

    /// The lines of alerts that a replay of the world gives. `arrange` may change the order of the files.
    pub(crate) fn replay(&self, threads: usize, arrange: impl FnOnce(&mut Vec<replay::File>)) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let setup = self.setup(folder.path());
        let inputs = setup.inputs(&[]).unwrap_or_else(|trouble| panic!("{trouble:?}"));
        let (entries, mistakes) = setup.daybook().unwrap();
        assert_eq!(mistakes, [], "the daybook");
        let mut files = replay::expand(&inputs, &mut |fault| panic!("{fault}"));
        arrange(&mut files);
        let mut out = Vec::new();
        replay::run(replay::World {
            engine: setup.engine(&inputs, State::default()),
            files,
            entries,
            formats: setup.config.formats.clone(),
            threads,
            now: Time(0),
            out: &mut out,
            progress: &mut |_, _| {},
            fault: &mut |fault| panic!("{fault}"),
        })
        .unwrap();
        out
    }
}

/// Alerts as they stand in the log.
pub(crate) fn alerts(lines: &[u8]) -> Vec<Value> {
    lines.split(|&b| b == b'\n').filter(|line| !line.is_empty()).map(|line| serde_json::from_slice(line).unwrap()).collect()
}

/// The text at a path of names such as `nightporter.reason`; `None` where there is none.
pub(crate) fn text<'a>(value: &'a Value, path: &str) -> Option<&'a str> {
    path.split('.').try_fold(value, |value, name| value.get(name))?.as_str()
}

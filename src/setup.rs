//! From what was typed and configured to what the verbs work on.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parsers::Interest;
use sha2::{Digest, Sha256};

use crate::calendar::read_zone;
use crate::cli::Common;
use crate::config::{Config, GeoFile, SourceKind};
use crate::daybook::Entry;
use crate::engine;
use crate::engine::Engine;
use crate::engine::state::State;
use crate::fault::Fault;
use crate::geo::{Database, Geo};
use crate::mistake::{Mistake, Mistakes, Place};
use crate::pool::Manner;
use crate::register::Register;
use crate::rules::{RULES, Rules};
use crate::source::pattern::Pattern;
use crate::zone::Zone;

/// What keeps a verb from running.
#[derive(Debug)]
pub enum Trouble {
    /// A file that cannot be read.
    Fault(Fault),
    /// Mistakes in configuration or register, all of them.
    Mistakes(Vec<Mistake>),
    /// An option that cannot be meant.
    Usage(String),
}

/// Configuration, register and rules, read and found right.
#[derive(Debug)]
pub struct Setup {
    /// The configuration, with what the command line overrides.
    pub config: Config,
    /// The register.
    pub register: Arc<Register>,
    /// The rules with their settings.
    pub rules: Arc<Rules>,
    /// The databases of `[geo]` that can be used.
    pub geo: Arc<Geo>,
    /// SHA-256 over all that shapes alerts: a different one may give different alerts.
    pub hash: [u8; 32],
    /// What was wrong, with its place; only [`Setup::read`] leaves any.
    pub mistakes: Vec<Mistake>,
    /// Databases of `[geo]` that cannot be used. A porter who has lost his map stays at the door: a watch goes on without them.
    pub lost: Vec<Mistake>,
}

/// Where the lines of a verb come from.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// The sources, by index.
    pub sources: Vec<engine::Source>,
    /// Files or patterns to be read, with the index of their source.
    pub files: Vec<(u16, PathBuf)>,
    /// The source of stdin, if it is read.
    pub stdin: Option<u16>,
    /// How the lines of each source are to be read.
    pub manners: Vec<Manner>,
}

impl Setup {
    /// Reads everything that is named; all mistakes are collected.
    ///
    /// # Errors
    /// A file that is missing or cannot be read.
    pub fn read(common: &Common) -> Result<Setup, Trouble> {
        let ids: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
        let mut hash = Sha256::new();
        let mut mistakes = Vec::new();
        let mut config = Config::default();
        if let Some(path) = &common.config {
            let text = read_text(path)?;
            hash.update(&text);
            let (read, wrong) = Config::read(&path.to_string_lossy(), &text, &ids);
            (config, mistakes) = (read, wrong);
        }
        if let Some(zone) = &common.time_zone {
            let zone = read_zone(zone).map_err(|message| Trouble::Usage(format!("--time-zone: {message}")))?;
            config.sources.iter_mut().for_each(|source| source.zone = zone.clone());
            config.defaults.zone = zone;
        }
        config.register = common.register.clone().or(config.register);
        config.daybook = common.daybook.clone().or(config.daybook);
        let register = match &config.register {
            None => Register::built_in(config.supplier_names.clone(), &config.defaults),
            Some(path) => {
                let files = register_files(path)?;
                for (_, text) in &files {
                    hash.update(text);
                }
                let (register, wrong) = Register::read(&files, config.supplier_names.clone(), &config.defaults);
                mistakes.extend(wrong);
                if let Some(path) = &common.config {
                    mistakes.extend(config.unknown_sites(&path.to_string_lossy(), &register));
                }
                register
            }
        };
        let of_rules = Mistakes::default();
        let rules = Rules::read(&config.rules, &of_rules);
        mistakes.extend(of_rules.into_sorted());
        let mut lost = Vec::new();
        let mut database = |file: &Option<GeoFile>| {
            let GeoFile { path, place } = file.as_ref()?;
            let file = common.config.as_deref().unwrap_or(Path::new("")).to_string_lossy().into();
            let found = fs::read(path).map_err(|error| error.to_string()).and_then(|bytes| {
                hash.update(&bytes);
                Database::read(bytes)
            });
            let lose = |problem| lost.push(Mistake { file, place: *place, message: format!("[geo]: {}: {problem}", path.display()) });
            found.map_err(lose).ok()
        };
        let geo = Geo { city: database(&config.geo.city), asn: database(&config.geo.asn) };
        let hash = hash.finalize().into();
        Ok(Setup { config, register: Arc::new(register), rules: Arc::new(rules), geo: Arc::new(geo), hash, mistakes, lost })
    }

    /// [`Setup::read`] for verbs that must not run on mistakes.
    ///
    /// # Errors
    /// Files that cannot be read, and all mistakes.
    pub fn load(common: &Common) -> Result<Setup, Trouble> {
        let mut setup = Setup::read(common)?;
        let without = |lost: Mistake| Mistake { message: format!("{}; going on without it", lost.message), ..lost };
        setup.config.notes.extend(std::mem::take(&mut setup.lost).into_iter().map(without));
        if setup.mistakes.is_empty() { Ok(setup) } else { Err(Trouble::Mistakes(setup.mistakes)) }
    }

    /// The sources of the given files (or of the configuration, without any), and what is to be read.
    ///
    /// A file that a source's path matches is that source's, else its base name is the source. Without files
    /// and without configured ones stdin is read.
    ///
    /// # Errors
    /// More sources than there are numbers for.
    pub fn inputs(&self, files: &[PathBuf]) -> Result<Inputs, Trouble> {
        let mut inputs = Inputs::default();
        let manner = Manner { formats: self.config.formats.clone(), only: None, interest: self.interest(), keystrokes: false };
        for source in &self.config.sources {
            inputs.add(
                engine::Source {
                    name: Arc::clone(&source.name),
                    site: source.site.as_ref().map(|site| Arc::clone(&site.value)),
                    zone: Zone::new(source.zone.clone()),
                    year: source.year,
                },
                Manner { only: source.format, keystrokes: source.keystrokes, ..manner.clone() },
            )?;
        }
        let of_stdin = self.config.sources.iter().position(|source| source.kind == SourceKind::Stdin);
        let stdin = |inputs: &mut Inputs| match of_stdin.and_then(|at| u16::try_from(at).ok()) {
            Some(source) => Ok(source),
            None => inputs.named("stdin", self, &manner),
        };
        for path in files {
            if path.as_os_str() == "-" {
                inputs.stdin = Some(stdin(&mut inputs)?);
                continue;
            }
            let configured = self.config.sources.iter().position(|source| match &source.kind {
                SourceKind::File(pattern) => Pattern::new(pattern).matches(path) || same_file(pattern, path),
                _ => false,
            });
            let source = match configured.and_then(|at| u16::try_from(at).ok()) {
                Some(source) => source,
                None => inputs.named(&path.file_name().unwrap_or(path.as_os_str()).to_string_lossy(), self, &manner)?,
            };
            inputs.files.push((source, path.clone()));
        }
        if files.is_empty() {
            for (at, source) in (0u16..).zip(&self.config.sources) {
                if let SourceKind::File(pattern) = &source.kind {
                    inputs.files.push((at, pattern.clone()));
                }
            }
            let listens = self.config.sources.iter().any(|source| matches!(source.kind, SourceKind::Syslog));
            if of_stdin.is_some() || (inputs.files.is_empty() && !listens) {
                inputs.stdin = Some(stdin(&mut inputs)?);
            }
        }
        Ok(inputs)
    }

    /// The engine over these inputs, continuing from a state.
    pub fn engine(&self, inputs: &Inputs, state: State) -> Engine {
        let (sources, register, rules) = (inputs.sources.clone(), Arc::clone(&self.register), Arc::clone(&self.rules));
        Engine::new(sources, register, rules, self.config.daybook.is_some(), state).with_geo(Arc::clone(&self.geo))
    }

    /// What traffic is worth reading.
    pub fn interest(&self) -> Arc<Interest> {
        Arc::new(self.register.interest())
    }

    /// The entries of the daybook, and what cannot be read in it.
    ///
    /// # Errors
    /// The file is there and cannot be read. A daybook that nobody has begun yet is empty.
    pub fn daybook(&self) -> Result<(Vec<Entry>, Vec<Mistake>), Fault> {
        let Some(path) = &self.config.daybook else { return Ok((Vec::new(), Vec::new())) };
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(Fault::new("read", path, error)),
        };
        let (mut entries, mut mistakes) = (Vec::new(), Vec::new());
        for (number, line) in (1u32..).zip(bytes.split(|&b| b == b'\n')) {
            match read_entry(path, number, line) {
                Some(Ok(entry)) => entries.push(entry),
                Some(Err(mistake)) => mistakes.push(mistake),
                None => {}
            }
        }
        Ok((entries, mistakes))
    }
}

/// One line of the daybook; `None` if it is blank.
pub fn read_entry(path: &Path, number: u32, line: &[u8]) -> Option<Result<Entry, Mistake>> {
    let line = String::from_utf8_lossy(line);
    let line = line.trim();
    if line.is_empty() {
        return None;
    }
    Some(Entry::read(line).map_err(|problem| Mistake {
        file: path.to_string_lossy().into(),
        place: Place { line: number, column: problem.column.max(1) },
        message: problem.message,
    }))
}

impl Inputs {
    /// How the lines of a source are to be read.
    pub fn manner(&self, source: u16) -> Manner {
        self.manners.get(usize::from(source)).cloned().unwrap_or_default()
    }

    fn add(&mut self, source: engine::Source, manner: Manner) -> Result<u16, Trouble> {
        let at = u16::try_from(self.sources.len()).map_err(|_| Trouble::Usage("more than 65,535 sources".into()))?;
        self.sources.push(source);
        self.manners.push(manner);
        Ok(at)
    }

    /// The source of a name, made with the defaults if there is none.
    fn named(&mut self, name: &str, setup: &Setup, manner: &Manner) -> Result<u16, Trouble> {
        if let Some(at) = self.sources.iter().position(|source| &*source.name == name).and_then(|at| u16::try_from(at).ok()) {
            return Ok(at);
        }
        let zone = Zone::new(setup.config.defaults.zone.clone());
        self.add(engine::Source { name: name.into(), site: None, zone, year: None }, manner.clone())
    }
}

fn same_file(a: &Path, b: &Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

fn read_text(path: &Path) -> Result<String, Trouble> {
    let bytes = fs::read(path).map_err(|error| Trouble::Fault(Fault::new("read", path, error)))?;
    // What is no UTF-8 shows as U+FFFD at its place; the reader then names that place.
    Ok(String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

/// A register is a file, or a folder of `*.toml` in the order of their names.
fn register_files(path: &Path) -> Result<Vec<(String, String)>, Trouble> {
    let mut paths = vec![path.to_owned()];
    if path.is_dir() {
        let entries = fs::read_dir(path).map_err(|error| Trouble::Fault(Fault::new("read", path, error)))?;
        paths =
            entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.extension().is_some_and(|end| end == "toml")).collect();
        paths.sort();
    }
    paths.into_iter().map(|path| Ok((path.to_string_lossy().into_owned(), read_text(&path)?))).collect()
}

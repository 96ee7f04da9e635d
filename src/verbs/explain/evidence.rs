//! The lines that an alert rests on, looked up where its sources lie and verified by their hashes.

use std::path::PathBuf;

use parsers::{Facts, Interest, Stamps};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::alert::hex;
use crate::config::{Source, SourceKind};
use crate::fault::Fault;
use crate::setup::Setup;
use crate::source::archive::Archive;
use crate::source::family::files_of;
use crate::source::pattern::Pattern;
use crate::verbs::page::Page;

/// A line that an alert rests on.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Line {
    /// Name of its source.
    pub source: String,
    /// Its offset in the stream of the source.
    pub offset: Option<u64>,
    /// Its SHA-256.
    pub sha256: String,
    /// The line, from the alert or else from the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
    /// What became of it.
    pub state: State,
    /// The file in which it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
}

/// What became of a line of evidence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum State {
    /// It stands in its file, byte for byte.
    Verified,
    /// Its file does not hold it any more.
    ChangedOrRotatedAway,
    /// No file of its source is at hand.
    #[default]
    NotAtHand,
}

impl State {
    /// In words.
    pub(super) fn words(self) -> &'static str {
        match self {
            State::Verified => "unchanged",
            State::ChangedOrRotatedAway => "changed or rotated away",
            State::NotAtHand => "the file of this source is not at hand",
        }
    }
}

impl Line {
    /// Where it stands, what became of it, what it says.
    pub(super) fn show(&self, page: &mut Page) {
        let offset = self.offset.map(|offset| format!(" at byte {offset}")).unwrap_or_default();
        let file = self.file.as_ref().map(|file| format!(" in {}", file.display())).unwrap_or_default();
        page.indented(&format!("{}{offset}: {}{file}", self.source, self.state.words()));
        let raw = self.raw.as_deref().map(|raw| ("", raw));
        page.rows(&[Some(("", &*format!("sha256 {}", self.sha256))), raw].into_iter().flatten().collect::<Vec<_>>());
    }
}

/// Looks up the lines of an alert's evidence. Files that cannot be read are told to `fault`.
pub(super) fn look_up(evidence: &[Value], setup: &Setup, fault: &mut dyn FnMut(&Fault)) -> Vec<Line> {
    let mut lines: Vec<Line> = evidence.iter().map(told).collect();
    for source in &setup.config.sources {
        let SourceKind::File(path) = &source.kind else { continue };
        if !lines.iter().any(|line| *line.source == *source.name) {
            continue;
        }
        let pattern = Pattern::new(path);
        let files = if pattern.literal().is_some() || path.exists() { files_of(path) } else { pattern.expand() };
        if files.is_empty() {
            continue;
        }
        let mut wanted: Vec<&mut Line> = lines.iter_mut().filter(|line| *line.source == *source.name).collect();
        wanted.iter_mut().for_each(|line| line.state = State::ChangedOrRotatedAway);
        let reader = Reader { source, setup };
        // Offsets count from when the source was first seen: files that are gone by now shift them, and then the hash alone finds.
        for by_offset in [true, false] {
            if wanted.iter().any(|line| line.state != State::Verified) {
                reader.search(&files, by_offset, &mut wanted, fault);
            }
        }
    }
    lines
}

/// What the alert tells of a line.
fn told(value: &Value) -> Line {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    Line {
        source: text("source").unwrap_or_default().to_owned(),
        offset: value.get("offset").and_then(Value::as_u64),
        sha256: text("sha256").unwrap_or_default().to_lowercase(),
        raw: text("raw").map(str::to_owned),
        ..Line::default()
    }
}

/// Reads the files of one source.
struct Reader<'r> {
    source: &'r Source,
    setup: &'r Setup,
}

impl Reader<'_> {
    /// Walks through the files, oldest first, until every line is found: at its offset in the stream or in one file, or anywhere.
    fn search(&self, files: &[PathBuf], by_offset: bool, wanted: &mut [&mut Line], fault: &mut dyn FnMut(&Fault)) {
        let mut stream = 0;
        for file in files {
            let mut archive = match Archive::open(file) {
                Ok(archive) => archive,
                Err(broken) => {
                    fault(&broken);
                    continue;
                }
            };
            let mut within = 0;
            loop {
                let piece = match archive.next_piece() {
                    Ok(Some(piece)) => piece,
                    Ok(None) => break,
                    Err(broken) => {
                        fault(&broken);
                        break;
                    }
                };
                let mut at = 0u64;
                for line in piece.bytes.split_inclusive(|&b| b == b'\n') {
                    let places = [within + at, stream + within + at].map(Some);
                    at += line.len() as u64;
                    let missing = |held: &&mut Line| held.state != State::Verified && (!by_offset || places.contains(&held.offset));
                    if !wanted.iter().any(|held| missing(&held)) {
                        continue;
                    }
                    let line = line.strip_suffix(b"\n").unwrap_or(line);
                    let line = line.strip_suffix(b"\r").unwrap_or(line);
                    let hash = hex(&Sha256::digest(line));
                    for held in wanted.iter_mut().filter(|held| missing(held)).filter(|held| held.sha256 == hash) {
                        held.state = State::Verified;
                        held.file = Some(file.clone());
                        held.raw.get_or_insert_with(|| self.shown(line));
                    }
                }
                if wanted.iter().all(|held| held.state == State::Verified) {
                    return;
                }
                within += piece.consumed;
            }
            stream += within;
        }
    }

    /// A line as it may be shown: what is private in it does not leave.
    fn shown(&self, line: &[u8]) -> String {
        let (mut stamps, mut facts) = (Stamps::default(), Facts::default());
        let _ = self.setup.config.formats.read(line, self.source.format, &Interest::everything(), &mut stamps, &mut facts);
        let shown = if self.source.keystrokes { line.into() } else { facts.shown(line) };
        String::from_utf8_lossy(&shown).into_owned()
    }
}

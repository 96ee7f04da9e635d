//! Finding an alert, and the alerts of its story, in alert files.

use std::path::{Path, PathBuf};

use memchr::memmem;

use crate::config::SinkKind;
use crate::fault::Fault;
use crate::setup::{Setup, Trouble};
use crate::source::archive::Archive;
use crate::source::family::files_of;
use crate::source::pattern::Pattern;
use crate::verbs::recorded::Recorded;
use crate::zone::rfc3339;

/// How much of an id says which one is meant.
pub const LEAST: usize = 6;

/// How many alerts are listed of which one may be meant.
const LISTED: usize = 20;

/// The alert that was asked for, and its story.
#[derive(Debug)]
pub struct Search {
    /// The alert.
    pub alert: Recorded,
    /// All alerts of its story that stand in the files, in their order; itself among them.
    pub story: Vec<Recorded>,
}

/// Whether a word may be the beginning of an alert's id.
pub fn looks_like_an_id(word: &str) -> bool {
    word.len() >= LEAST && word.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Looks for the alert whose id begins with `prefix`. Files that are missing or broken are told to `fault`; the others are searched.
///
/// # Errors
/// No file to search, no such alert, several.
pub fn find(prefix: &str, files: &[PathBuf], setup: &Setup, fault: &mut dyn FnMut(&Fault)) -> Result<Search, Trouble> {
    let mut places = places(files, setup)?;
    let prefix = prefix.to_lowercase();
    let mut found: Vec<Recorded> = Vec::new();
    for place in &mut places {
        place.each(&prefix, fault, &mut |alert| {
            if alert.id().starts_with(&prefix) && !found.iter().any(|held| held.id() == alert.id()) {
                found.push(alert);
            }
        });
    }
    if found.len() > 1 {
        return Err(ambiguous(&prefix, &found));
    }
    let Some(alert) = found.pop() else {
        let searched: Vec<String> = places.iter().map(|place| place.path.display().to_string()).collect();
        return Err(Trouble::Usage(format!(
            "no alert whose id begins with \"{prefix}\" in {} (--alerts FILE names other files, - is stdin)",
            searched.join(", ")
        )));
    };
    let mut story: Vec<Recorded> = Vec::new();
    if !alert.story().is_empty() {
        for place in &mut places {
            place.each(alert.story(), &mut |_| {}, &mut |other| {
                if other.story() == alert.story() && !story.iter().any(|held| held.id() == other.id()) {
                    story.push(other);
                }
            });
        }
    }
    Ok(Search { alert, story })
}

/// A file of alerts; of stdin its content, which can be read but once.
struct Place {
    path: PathBuf,
    held: Option<Vec<u8>>,
}

impl Place {
    /// Shows the alerts of all lines that hold a text.
    fn each(&mut self, text: &str, fault: &mut dyn FnMut(&Fault), show: &mut dyn FnMut(Recorded)) {
        let finder = memmem::Finder::new(text);
        let mut search = |bytes: &[u8]| {
            let lines = bytes.split(|&b| b == b'\n').filter(|line| finder.find(line).is_some());
            lines.filter_map(Recorded::read).for_each(&mut *show);
        };
        if let Some(held) = &self.held {
            return search(held);
        }
        let is_stdin = self.path == Path::new("-");
        let mut held = Vec::new();
        let read = Archive::open(&self.path).and_then(|mut archive| {
            while let Some(piece) = archive.next_piece()? {
                search(&piece.bytes);
                if is_stdin {
                    held.extend(piece.bytes);
                }
            }
            Ok(())
        });
        if is_stdin {
            self.held = Some(held);
        }
        if let Err(broken) = read {
            fault(&broken);
        }
    }
}

/// The files to search: those given, else those of the file sinks with what rotation left beside them.
fn places(files: &[PathBuf], setup: &Setup) -> Result<Vec<Place>, Trouble> {
    let mut paths = Vec::new();
    for path in files {
        let pattern = Pattern::new(path);
        let literal = pattern.literal().is_some() || path.exists();
        paths.extend(if literal { vec![path.clone()] } else { pattern.expand() });
    }
    if files.is_empty() {
        let mut named = Vec::new();
        for sink in &setup.config.sinks {
            if let SinkKind::File(path) = &sink.kind {
                paths.extend(files_of(path));
                named.push(path.display().to_string());
            }
        }
        if named.is_empty() {
            return Err(Trouble::Usage(
                "in which file of alerts? Name it with --alerts FILE (- is stdin), or a configuration with a file sink with --config"
                    .into(),
            ));
        }
        if paths.is_empty() {
            return Err(Trouble::Usage(format!(
                "no alert has been written yet to {} (--alerts FILE names other files, - is stdin)",
                named.join(", ")
            )));
        }
    } else if paths.is_empty() {
        let named: Vec<String> = files.iter().map(|path| path.display().to_string()).collect();
        return Err(Trouble::Usage(format!("--alerts {}: no file matches", named.join(" "))));
    }
    Ok(paths.into_iter().map(|path| Place { path, held: None }).collect())
}

fn ambiguous(prefix: &str, found: &[Recorded]) -> Trouble {
    let mut message = format!("\"{prefix}\" is the beginning of {} ids; which one is meant?", found.len());
    for alert in found.iter().take(LISTED) {
        let time = alert.time().map(rfc3339).unwrap_or_default();
        let words = [alert.id(), &time, alert.text("/nightporter/severity"), alert.rule(), alert.reason(), alert.account()];
        message.push_str("\n  ");
        message.push_str(&crate::json::printable(words.join(" ").trim_end()));
    }
    if found.len() > LISTED {
        message.push_str("\n  …");
    }
    Trouble::Usage(message)
}

//! `nightporter doctor`: are these logs fit for use? What is understood of them, what they do not tell, whether their clocks can
//! be believed.
//!
//! It looks at every line once, in bounded memory, runs no rule and keeps nothing. What it says never names a person, an address or
//! what somebody typed: a report is there to be sent on.

mod clock;
mod examined;
mod report;
mod shapes;

use std::sync::Arc;

use parsers::Time;

use self::examined::Examined;
pub use self::report::Report;
use crate::engine::Source;
use crate::fault::Fault;
use crate::register::Register;
use crate::source::archive::Archive;
use crate::verbs::replay::File;

/// What is examined, and with what.
pub struct World<'w> {
    /// The sources, by the index that files bear.
    pub sources: &'w [Source],
    /// What is to be read.
    pub files: Vec<File>,
    /// Who the suppliers are.
    pub register: Arc<Register>,
    /// Now: no yearless stamp of stdin lies more than a day after it.
    pub now: Time,
    /// Told how many bytes of how many have been read.
    pub progress: &'w mut dyn FnMut(u64, u64),
    /// Told of inputs that are missing or broken; the others are still examined.
    pub fault: &'w mut dyn FnMut(&Fault),
}

/// Examines all files; a report for each source that has any, in the order of the files.
pub fn run(world: World<'_>) -> Vec<Report> {
    let World { sources, files, register, now, progress, fault } = world;
    let opened: Vec<(File, Archive)> = files
        .into_iter()
        .filter_map(|file| match Archive::open(&file.path) {
            Ok(archive) => Some((file, archive)),
            Err(error) => {
                fault(&error);
                None
            }
        })
        .collect();
    let total = opened.iter().filter_map(|(_, archive)| archive.size).sum();
    let mut done = 0;
    let mut all: Vec<(u16, Examined)> = Vec::new();
    for (file, mut archive) in opened {
        let Some(source) = sources.get(usize::from(file.source)) else { continue };
        let at = all.iter().position(|(number, _)| *number == file.source).unwrap_or_else(|| {
            all.push((file.source, Examined::new(source.clone(), file.manner.clone(), Arc::clone(&register))));
            all.len() - 1
        });
        let Some((_, examined)) = all.get_mut(at) else { continue };
        examined.file(archive.modified.unwrap_or(now));
        loop {
            let piece = match archive.next_piece() {
                Ok(Some(piece)) => piece,
                Ok(None) => break,
                Err(error) => {
                    fault(&error);
                    break;
                }
            };
            let bytes = piece.bytes.strip_suffix(b"\n").unwrap_or(&piece.bytes);
            for line in bytes.split(|&b| b == b'\n') {
                examined.line(line.strip_suffix(b"\r").unwrap_or(line));
            }
            progress(done + archive.bytes_read(), total);
        }
        examined.file_ended(archive.modified);
        done += archive.size.unwrap_or(0);
    }
    all.into_iter().map(|(_, examined)| examined.report()).collect()
}

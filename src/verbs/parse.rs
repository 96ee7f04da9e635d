//! `nightporter parse`: one normalised event for every line of input, in input order.

use std::io::{self, Write};
use std::path::Path;

use parsers::{Event, Facts, FormatId, Formats, Interest, Reading, Stamps, Text, Time};

use crate::clock::{Clock, Hints};
use crate::fault::Fault;
use crate::json;
use crate::normalised::Normalised;
use crate::source::archive::Archive;
use crate::zone::Zone;

/// How lines are read.
pub struct Options {
    /// The formats that are known.
    pub formats: Formats,
    /// Only this format; `None` = all.
    pub format: Option<FormatId>,
    /// Zone of stamps that carry none.
    pub zone: Zone,
    /// Adds `event.original`.
    pub raw: bool,
    /// Leaves keystrokes and their like in it.
    pub keystrokes: bool,
}

/// Reads a file (`-` is stdin) to its end and writes one JSON object for each of its lines. `number` counts
/// lines over all files; `now` is the time for stamps of stdin without a year. An input that is missing or
/// broken is told to `fault`.
///
/// # Errors
/// Those of writing.
pub fn run(
    path: &Path,
    options: &mut Options,
    now: Time,
    number: &mut u64,
    out: &mut dyn Write,
    fault: &mut dyn FnMut(&Fault),
) -> io::Result<()> {
    let mut archive = match Archive::open(path) {
        Ok(archive) => archive,
        Err(error) => {
            fault(&error);
            return Ok(());
        }
    };
    let reference = archive.modified.unwrap_or(now);
    let interest = Interest::everything();
    let (mut stamps, mut facts, mut clock) = (Stamps::default(), Facts::default(), Clock::default());
    let mut json = Vec::new();
    loop {
        let piece = match archive.next_piece() {
            Ok(Some(piece)) => piece,
            Ok(None) => return Ok(()),
            Err(error) => {
                fault(&error);
                return Ok(());
            }
        };
        json.clear();
        let bytes = piece.bytes.strip_suffix(b"\n").unwrap_or(&piece.bytes);
        for line in bytes.split(|&b| b == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            *number += 1;
            let reading = options.formats.read(line, options.format, &interest, &mut stamps, &mut facts);
            if options.keystrokes {
                facts.private = Text::default();
            }
            let (format, parsed) = match reading {
                Reading::Parsed(id) | Reading::NoConcern(id) => (id, true),
                Reading::Unparsed | Reading::Blank => (FormatId::default(), false),
            };
            let times = clock.times(&facts, &mut options.zone, Hints { year: None, reference });
            if let Some(dated) = times.at {
                clock.saw(dated.time);
            }
            let event = Event { line, facts: &facts, format };
            json::line(&Normalised::new(&event, &options.formats, parsed, times, *number, options.raw), &mut json)?;
        }
        out.write_all(&json)?;
        out.flush()?;
    }
}

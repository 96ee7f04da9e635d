//! `nightporter parse`: one normalised event for every line of input, in input order.

use std::io::{self, BufRead, Write};

use parsers::{Event, Facts, FormatId, Interest, Reading, Stamp, Stamps, Time};

use crate::engine::clock::{Clock, Hints};
use crate::json;
use crate::normalised::Normalised;
use crate::zone::Zone;

/// How lines are read.
pub struct Options {
    /// Only this format; `None` = all.
    pub format: Option<FormatId>,
    /// Zone of stamps that carry none.
    pub zone: Zone,
    /// Adds `event.original`.
    pub raw: bool,
}

/// Reads `input` to its end and writes one JSON object a line.
///
/// # Errors
/// Those of reading and writing.
pub fn run(input: &mut dyn BufRead, options: &mut Options, reference: Time, number: &mut u64, out: &mut dyn Write) -> io::Result<()> {
    let interest = Interest::everything();
    let (mut stamps, mut facts, mut clock) = (Stamps::default(), Facts::default(), Clock::default());
    let (mut line, mut json) = (Vec::new(), Vec::new());
    loop {
        line.clear();
        if input.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        while line.last().is_some_and(|&b| b == b'\n' || b == b'\r') {
            line.pop();
        }
        *number += 1;
        let reading = parsers::read(&line, options.format, &interest, &mut stamps, &mut facts);
        let (format, parsed) = match reading {
            Reading::Parsed(id) | Reading::NoConcern(id) => (id, true),
            Reading::Unparsed | Reading::Blank => (FormatId::default(), false),
        };
        let dated = clock.date(facts.stamp, &mut options.zone, Hints { year: None, reference });
        if let (Some(dated), true) = (dated, facts.stamp != Stamp::None) {
            clock.saw(dated.time);
        }
        let event = Event { line: &line, facts: &facts, format };
        json.clear();
        json::line(&Normalised::new(&event, parsed, dated, *number, options.raw), &mut json)?;
        out.write_all(&json)?;
    }
}

//! `nightporter explain` and `list`: what it knows, and how it reads a line.

use std::fmt::Write as _;

use parsers::{Event, FORMATS, Facts, FormatId, Interest, Reading, Stamps, Time};

use crate::clock::{Clock, Hints};
use crate::json::{self, printable};
use crate::mistake::did_you_mean;
use crate::normalised::Normalised;
use crate::rules::{RULES, Rules};
use crate::zone::Zone;

/// A rule's manual page with its settings in force.
///
/// # Errors
/// A sentence with the nearest rule, if there is none of this name.
pub fn rule(name: &str, rules: &Rules) -> Result<String, String> {
    rules.manual(name).ok_or_else(|| {
        let hint = did_you_mean(name, RULES.iter().map(|rule| rule.id));
        format!("there is no rule \"{name}\"{hint} (`nightporter list rules` shows all)")
    })
}

/// All rules, a line each.
pub fn rules() -> String {
    let width = RULES.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
    RULES.iter().fold(String::new(), |mut list, rule| {
        let _ = writeln!(list, "{:width$}  {}", rule.id, rule.name);
        list
    })
}

/// All formats, a line each.
pub fn formats() -> String {
    let width = FORMATS.iter().map(|format| format.name.len()).max().unwrap_or(0);
    FORMATS.iter().fold(String::new(), |mut list, format| {
        let _ = writeln!(list, "{:width$}  {}", format.name, format.covers);
        list
    })
}

/// How a line is read: heads, format, each field, and why it was not understood.
pub fn line(line: &str, zone: &mut Zone, now: Time) -> String {
    let line = line.as_bytes();
    let (mut stamps, mut facts) = (Stamps::default(), Facts::default());
    let interest = Interest::everything();
    let reading = parsers::read(line, None, &interest, &mut stamps, &mut facts);
    let (head, body) = parsers::envelope::read(parsers::atoms::trim(line));
    let mut shown = String::new();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut field = |name: &str, value: String| {
        if !value.is_empty() {
            let _ = writeln!(shown, "{name:<10} {}", printable(&value));
        }
    };
    field("priority", head.priority.map(|priority| priority.to_string()).unwrap_or_default());
    field("stamp", text(head.stamp));
    field("host", text(head.host));
    field("app", text(head.app));
    field("pid", text(head.pid));
    field("data", text(head.data));
    field("body", text(body));
    match reading {
        Reading::Blank => field("format", "none: there is nothing in the line".into()),
        Reading::Unparsed => field("format", unparsed(line, &interest)),
        Reading::Parsed(FormatId(id)) | Reading::NoConcern(FormatId(id)) => {
            let format = FORMATS.get(usize::from(id));
            field("format", format.map(|format| format!("{} ({})", format.name, format.covers)).unwrap_or_default());
        }
    }
    let parsed = matches!(reading, Reading::Parsed(_) | Reading::NoConcern(_));
    let format = match reading {
        Reading::Parsed(id) | Reading::NoConcern(id) => id,
        _ => FormatId::default(),
    };
    let event = Event { line, facts: &facts, format };
    let times = Clock::default().times(&facts, zone, Hints { year: None, reference: now });
    let mut json = Vec::new();
    if json::line(&Normalised::new(&event, parsed, times, 1, false), &mut json).is_ok()
        && let Ok(value) = serde_json::from_slice::<serde_json::Value>(&json)
    {
        flatten("", &value, &mut |name, value| {
            let _ = writeln!(shown, "  {name:<26} {value}");
        });
    }
    shown
}

/// Why no format read the line.
fn unparsed(line: &[u8], interest: &Interest) -> String {
    let recognised: Vec<&str> = (0u8..)
        .zip(FORMATS)
        .filter(|(id, _)| {
            // A format that recognises a line which it then cannot read is the one to blame.
            let (mut stamps, mut facts) = (Stamps::default(), Facts::default());
            let (head, body) = parsers::envelope::read(parsers::atoms::trim(line));
            let whole = parsers::Line { whole: line, head, body, interest };
            let looks = FORMATS.get(usize::from(*id)).is_some_and(|format| (format.looks_like)(&whole));
            looks && matches!(parsers::read(line, Some(FormatId(*id)), interest, &mut stamps, &mut facts), Reading::Unparsed)
        })
        .map(|(_, format)| format.name)
        .collect();
    match recognised.as_slice() {
        [] => "none: no format recognises it (`nightporter list formats` shows all)".into(),
        names => format!("none: it looks like {}, but cannot be read as such", names.join(", ")),
    }
}

fn flatten(name: &str, value: &serde_json::Value, show: &mut dyn FnMut(&str, String)) {
    match value {
        serde_json::Value::Object(fields) => {
            for (key, value) in fields {
                let name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                flatten(&name, value, show);
            }
        }
        value => {
            let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
            show(name, printable(&text));
        }
    }
}

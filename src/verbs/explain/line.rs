//! How a line is read: its heads, who recognises it, each fact with the bytes that it came from; or why nobody does.

use std::fmt::Write as _;

use parsers::{Event, Facts, FormatId, Formats, Interest, Line, Reading, Stamp, Stamps, Time};

use super::origin::{Origin, origins};
use crate::clock::{Clock, Hints};
use crate::json::{self, printable};
use crate::normalised::Normalised;
use crate::zone::Zone;

/// What a line is read with.
pub struct Reader<'r> {
    /// The formats that are known.
    pub formats: &'r Formats,
    /// Zone of stamps that carry none.
    pub zone: Zone,
    /// No yearless stamp lies more than a day after it.
    pub now: Time,
}

/// A line as it was read.
pub(super) struct Read {
    pub facts: Facts,
    /// `None`: by nobody.
    pub by: Option<FormatId>,
    /// The fields of the normalised event, by their dotted names.
    pub fields: Vec<(String, String)>,
}

impl Reader<'_> {
    /// The fields of the event that a line gives when only one format is asked, by their dotted names.
    pub fn fields_of(&mut self, format: &str, line: &[u8]) -> Vec<(String, String)> {
        self.read_by(self.formats.by_name(format), line).fields
    }

    pub(super) fn read(&mut self, line: &[u8]) -> Read {
        self.read_by(None, line)
    }

    fn read_by(&mut self, only: Option<FormatId>, line: &[u8]) -> Read {
        let mut facts = Facts::default();
        let reading = self.formats.read(line, only, &Interest::everything(), &mut Stamps::default(), &mut facts);
        let by = match reading {
            Reading::Parsed(id) | Reading::NoConcern(id) => Some(id),
            Reading::Unparsed | Reading::Blank => None,
        };
        let event = Event { line, facts: &facts, format: by.unwrap_or_default() };
        let times = Clock::default().times(&facts, &mut self.zone, Hints { year: None, reference: self.now });
        let mut json = Vec::new();
        let mut fields = Vec::new();
        if json::line(&Normalised::new(&event, self.formats, by.is_some(), times, 1, false), &mut json).is_ok()
            && let Ok(value) = serde_json::from_slice(&json)
        {
            flatten("", &value, &mut fields);
        }
        fields.retain(|(name, _)| name != "nightporter.line");
        Read { facts, by, fields }
    }
}

fn flatten(name: &str, value: &serde_json::Value, fields: &mut Vec<(String, String)>) {
    match value {
        serde_json::Value::Object(inner) => {
            for (key, value) in inner {
                flatten(&if name.is_empty() { key.clone() } else { format!("{name}.{key}") }, value, fields);
            }
        }
        value => fields.push((name.to_owned(), value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned))),
    }
}

/// How a line is read, for people.
pub fn line(line: &str, reader: &mut Reader<'_>) -> String {
    let line = line.as_bytes();
    let read = reader.read(line);
    let interest = Interest::everything();
    let parted = Line::new(line, &interest);
    let mut page = Page { text: String::new(), line };
    heads(&parted, &read, &mut page);
    let Some(id) = read.by else {
        page.field("format", &unparsed(&parted, reader), None);
        return page.text;
    };
    let product = |id| reader.formats.product(id);
    page.field("format", &product(id).map(|product| format!("{} ({})", product.format, product.covers)).unwrap_or_default(), None);
    let also: Vec<&str> =
        readers(&parted, reader.formats).filter(|&other| other != id).filter_map(|id| Some(product(id)?.format)).collect();
    page.field(
        "also",
        &if also.is_empty() { String::new() } else { format!("{} would read it too, and is asked later or not at all", also.join(", ")) },
        None,
    );
    let origins = origins(line, &read, reader);
    for (name, value) in &read.fields {
        let origin = origins.iter().find(|(of, _)| of == name).map(|(_, origin)| origin);
        page.fact(name, value, origin);
    }
    match read.facts.stamp {
        Stamp::Local { .. } => page.note(&format!("The stamp names no zone: it was read in {}.", zone_name(&reader.zone))),
        Stamp::Yearless { .. } => {
            page.note(&format!("The stamp names neither year nor zone: it was read in {}, not after now.", zone_name(&reader.zone)));
        }
        Stamp::Exact(_) | Stamp::None => {}
    }
    if !read.facts.private.is_empty() {
        let range = read.facts.private.range();
        page.note(&format!(
            "Bytes {}-{} are private (keystrokes, a window title, a command): they do not leave.",
            range.start + 1,
            range.end
        ));
    }
    if line.len() > Origin::LONGEST {
        page.note(&format!("Where facts came from was looked for in the first {} bytes.", Origin::LONGEST));
    }
    page.text
}

/// What is written, and the line it is about.
struct Page<'a> {
    text: String,
    line: &'a [u8],
}

impl Page<'_> {
    fn field(&mut self, name: &str, value: &str, part: Option<&[u8]>) {
        if value.is_empty() {
            return;
        }
        let value = printable(value);
        let _ = match part.map(|part| parsers::Text::within(self.line, part, parsers::Escape::None).range()) {
            Some(range) => writeln!(self.text, "{name:<10} {value:<40} bytes {}-{}", range.start + 1, range.end),
            None => writeln!(self.text, "{name:<10} {value}"),
        };
    }

    fn fact(&mut self, name: &str, value: &str, origin: Option<&Origin>) {
        let value = printable(value);
        let _ = match origin {
            Some(origin) => writeln!(self.text, "  {name:<26} {value:<30} {origin}"),
            None => writeln!(self.text, "  {name:<26} {value}"),
        };
    }

    fn note(&mut self, sentence: &str) {
        let _ = writeln!(self.text, "{sentence}");
    }
}

fn zone_name(zone: &Zone) -> &str {
    zone.zone().iana_name().unwrap_or("the configured zone")
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The heads that were found, and what stands behind them.
fn heads(line: &Line<'_>, read: &Read, page: &mut Page<'_>) {
    let head = &line.head;
    page.field("priority", &head.priority.map(priority).unwrap_or_default(), None);
    for (name, part) in [("stamp", head.stamp), ("host", head.host), ("app", head.app), ("pid", head.pid), ("data", head.data)] {
        page.field(name, &lossy(part), Some(part));
    }
    page.field("repeated", &head.repeated.map(|times| format!("{times} times")).unwrap_or_default(), None);
    if head.priority.is_none() && head.stamp.is_empty() && head.app.is_empty() && !line.body.is_empty() {
        page.field("head", "none: no <priority>, no stamp, no program[pid]:", None);
    }
    page.field("body", &shown(line.whole, line.body, read), None);
}

/// A part of the line without what is private in it.
fn shown(whole: &[u8], part: &[u8], read: &Read) -> String {
    let range = parsers::Text::within(whole, part, parsers::Escape::None).range();
    let private = read.facts.private.range();
    let (start, end) = (private.start.max(range.start), private.end.min(range.end));
    match (whole.get(range.start..start), whole.get(end..range.end)) {
        (Some(before), Some(behind)) if start < end => [lossy(before), parsers::HIDDEN.to_owned(), lossy(behind)].concat(),
        _ => lossy(part),
    }
}

/// Facility and severity of RFC 5424, section 6.2.1.
fn priority(priority: u8) -> String {
    const FACILITIES: [&str; 24] = [
        "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp", "audit", "alert",
        "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
    ];
    const SEVERITIES: [&str; 8] = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];
    let facility = FACILITIES.get(usize::from(priority / 8)).unwrap_or(&"?");
    let severity = SEVERITIES.get(usize::from(priority % 8)).unwrap_or(&"?");
    format!("{priority} ({facility}.{severity})")
}

/// Every format that would read a line if it were asked.
fn readers(line: &Line<'_>, formats: &Formats) -> impl Iterator<Item = FormatId> {
    use parsers::Answer;
    formats.ids().filter(|&id| formats.ask(id, line, &mut Stamps::default(), &mut Facts::default()) == Answer::Read)
}

/// Why no format read the line: the nearest thing to a reason that there is.
fn unparsed(line: &Line<'_>, reader: &mut Reader<'_>) -> String {
    use parsers::Answer;
    if parsers::atoms::trim(line.whole).is_empty() {
        return "none: there is nothing in the line".into();
    }
    let formats = reader.formats;
    let named = |id| formats.product(id).map_or("", |product| product.format);
    // A format that recognises a line and then cannot read it is the one to blame.
    let torn = formats.ids().find(|&id| formats.ask(id, line, &mut Stamps::default(), &mut Facts::default()) == Answer::Unreadable);
    if let Some(id) = torn {
        return format!("none: it begins as lines of {} do, and cannot be read as one: is it cut, or changed on its way?", named(id));
    }
    if let Some((id, at)) = behind_a_strange_head(line, reader) {
        let before = lossy(line.whole.get(..at).unwrap_or_default());
        return format!(
            "none: from byte {} on it is a line of {}, but \"{}\" is no head that is known",
            at + 1,
            named(id),
            before.trim_end()
        );
    }
    let text = lossy(line.whole).to_lowercase();
    let mention = formats.ids().filter_map(|id| formats.product(id)).find_map(|product| {
        let names = [product.format, product.vendor, product.name].into_iter().flat_map(|name| name.split([' ', '-', '/']));
        let name = names.filter(|name| name.len() > 3).find(|name| text.contains(&name.to_lowercase()))?;
        Some(format!("none: it mentions {name}, as lines of {} do ({}), and is not written like one", product.format, product.covers))
    });
    mention.unwrap_or_else(|| {
        "none: no format recognises it; `nightporter list formats` shows all, and [[format]] in the configuration makes one of your own"
            .into()
    })
}

/// The format that would read the line if it began further behind, and where.
fn behind_a_strange_head(line: &Line<'_>, reader: &mut Reader<'_>) -> Option<(FormatId, usize)> {
    const WORDS: usize = 64;
    let starts = line.whole.windows(2).enumerate().filter(|(_, pair)| pair.first().is_some_and(|b| !b.is_ascii_alphanumeric()));
    starts.map(|(at, _)| at + 1).take(WORDS).find_map(|at| {
        let read = reader.read(line.whole.get(at..)?);
        let says = !read.facts.user.is_empty() || read.facts.source_ip.is_some();
        Some((read.by.filter(|_| says)?, at))
    })
}

//! The dresses that collectors put on an event: JSON and XML here, the others in [`lines`].

use super::record::Record;
use super::{lines, text};
use crate::atoms::{Elements, Leaves, cut, find, trim_start};
use crate::{Escape, Line};

pub(super) fn looks_like(line: &Line<'_>) -> bool {
    match line.body {
        [b'{', ..] => is_json(line),
        [b'-' | b'<', ..] => is_xml(line.body),
        _ => lines::looks_like(line),
    }
}

/// An event's number under one of its names, and a sign that it is Windows'.
fn is_json(line: &Line<'_>) -> bool {
    line.quotes_any(&[b"EventID", b"eventID", b"event_id", b"EventId", b"_EventID", b"winlog.event_id", b"winlogbeat_winlog_event_id"])
        && (line.quotes_any(&[b"winlog", b"Channel", b"channel", b"event_data", b"SecurityEvent", b"winlog.channel"])
            || find(line.body, b"Microsoft-Windows-").is_some())
}

fn is_xml(body: &[u8]) -> bool {
    unfolded(body).starts_with(b"<Event") && find(body, b"<System>").is_some() && find(body, b"<EventID").is_some()
}

/// Copied out of a browser, XML has a minus before what could be folded; others declare it first.
fn unfolded(body: &[u8]) -> &[u8] {
    let body = body.strip_prefix(b"-").map_or(body, trim_start);
    let declared = body.strip_prefix(b"<?xml").and_then(|rest| Some(cut(rest, find(rest, b"?>")? + 2).1));
    declared.map_or(body, trim_start)
}

pub(super) fn read<'a>(line: &Line<'a>) -> Option<Record<'a>> {
    let mut record = match line.body {
        [b'{', ..] => json(line.body),
        [b'-' | b'<', ..] => xml(line.body),
        _ => lines::read(line)?,
    };
    text::fill(&mut record);
    (!record.id.is_empty()).then_some(record)
}

/// ```text
/// {"EventTime":"2026-11-20 22:41:07","Hostname":"srv-1.ght.example","EventID":4624,"SourceName":"Microsoft-Windows-Security-Auditing","TargetUserName":"fourn.chimere","IpAddress":"198.51.100.23"}
/// {"@timestamp":"2026-11-20T21:41:07Z","winlog":{"event_id":4624,"computer_name":"srv-1","event_data":{"TargetUserName":"fourn.chimere"}}}
/// {"win":{"system":{"eventID":"4624","computer":"srv-1"},"eventdata":{"targetUserName":"fourn.chimere"}}}
/// ```
fn json(body: &[u8]) -> Record<'_> {
    let mut record = Record { escape: Escape::Json, ..Record::default() };
    let mut named: &[u8] = &[];
    for leaf in Leaves::new(body) {
        match leaf.path() {
            [.., b"Data", b"@Name" | b"Name"] => named = leaf.value,
            [.., b"Data", b"#text" | b"Content" | b"Value"] => record.set(std::mem::take(&mut named), leaf.value),
            [.., name, b"#text" | b"Value"] | [.., name @ (b"TimeCreated" | b"Provider"), b"#attributes", _] => {
                record.set(name, leaf.value);
            }
            [.., b"TimeCreated", b"@SystemTime"] => record.set(b"SystemTime", leaf.value),
            [.., b"Provider", b"@Name"] => record.set(b"ProviderName", leaf.value),
            // NXLog's own word for the machine.
            [b"Hostname"] => record.computer = leaf.value,
            [b"host"] => record.host = leaf.value,
            // What an agent says of itself is not the event's.
            [b"agent" | b"beat" | b"related" | b"ecs", ..] | [] => {}
            [.., name] => record.set(last_part(name), leaf.value),
        }
    }
    record
}

/// `TargetUserName` of `winlog.event_data.TargetUserName` and of `winlogbeat_winlog_event_data_TargetUserName`.
fn last_part(name: &[u8]) -> &[u8] {
    let name = name.rsplit(|&b| b == b'.').next().unwrap_or(name);
    let inner = |part: &[u8]| find(name, part).map(|at| cut(name, at + part.len()).1);
    inner(b"_event_data_").or_else(|| inner(b"_user_data_")).or_else(|| name.strip_prefix(b"winlogbeat_winlog_")).unwrap_or(name)
}

/// ```text
/// <Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='Microsoft-Windows-Security-Auditing'/><EventID>4624</EventID><TimeCreated SystemTime='2026-11-20T21:41:07.123456700Z'/><Computer>srv-1.ght.example</Computer></System><EventData><Data Name='TargetUserName'>fourn.chimere</Data></EventData></Event>
/// ```
fn xml(body: &[u8]) -> Record<'_> {
    let mut record = Record { escape: Escape::Entities, ..Record::default() };
    for element in Elements::new(body) {
        match element.name {
            b"Provider" => record.set(b"ProviderName", element.attribute(b"Name")),
            // Its only attribute, whether told as a date or in ticks.
            name @ b"TimeCreated" => element.attributes().for_each(|(_, time)| record.set(name, time)),
            b"Data" => record.set(element.attribute(b"Name"), element.text),
            name => record.set(name, element.text),
        }
    }
    record
}

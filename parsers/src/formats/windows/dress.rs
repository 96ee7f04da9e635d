//! The dresses that collectors put on an event.

use super::meaning::Provider;
use super::record::Record;
use super::text;
use crate::atoms::{Elements, Leaves, find, trim_start, until};
use crate::{Escape, Line};

pub(super) fn looks_like(line: &Line<'_>) -> bool {
    match line.body {
        [b'{', ..] => is_json(line),
        [b'-' | b'<', ..] => is_xml(line.body),
        [b'M', ..] => line.body.starts_with(b"MSWinEventLog"),
        _ => line.head.app == b"WinEvtLog" || line.head.app == b"Microsoft-Windows-Security-Auditing",
    }
}

/// An event's number under one of its names, and a sign that it is Windows'.
fn is_json(line: &Line<'_>) -> bool {
    line.quotes_any(&[b"EventID", b"eventID", b"event_id", b"EventId"])
        && (line.quotes_any(&[b"winlog", b"Channel", b"channel", b"event_data", b"SecurityEvent"])
            || find(line.body, b"Microsoft-Windows-").is_some())
}

fn is_xml(body: &[u8]) -> bool {
    unfolded(body).starts_with(b"<Event") && find(body, b"<System>").is_some() && find(body, b"<EventID").is_some()
}

/// Copied out of a browser, XML has a minus before what could be folded.
fn unfolded(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"-").map_or(body, trim_start)
}

pub(super) fn read<'a>(line: &Line<'a>) -> Option<Record<'a>> {
    let mut record = match line.body {
        [b'{', ..] => json(line.body),
        [b'-' | b'<', ..] => xml(line.body),
        [b'M', ..] => snare(line.body)?,
        _ if line.head.app == b"WinEvtLog" => ossec(line.body)?,
        _ => Record { message: line.body, ..Record::default() },
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
    for leaf in Leaves::new(body) {
        match leaf.path() {
            // NXLog's own word for the machine.
            [b"Hostname"] => record.computer = leaf.value,
            // What an agent says of itself is not the event's.
            [] | [b"agent" | b"beat" | b"related" | b"ecs", ..] => {}
            [.., name, b"#text"] | [.., name @ (b"TimeCreated" | b"Provider"), b"#attributes", _] | [.., name] => {
                record.set(name, leaf.value);
            }
        }
    }
    record
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

/// Snare's columns, set apart by TABs, or by what rsyslog makes of them:
///
/// ```text
/// MSWinEventLog⇥1⇥Security⇥4711⇥Fri Nov 20 22:41:07 2026⇥4624⇥Microsoft-Windows-Security-Auditing⇥GHT\fourn.chimere⇥N/A⇥Success Audit⇥srv-1.ght.example⇥Logon⇥⇥An account was successfully logged on.    Subject:   …
/// ```
fn snare(body: &[u8]) -> Option<Record<'_>> {
    let sign: &[u8] = if memchr::memchr(b'\t', body).is_some() { b"\t" } else { b"#011" };
    let mut rest = body;
    let mut column = || {
        let at = find(rest, sign)?;
        let (column, after) = rest.split_at_checked(at)?;
        rest = after.get(sign.len()..)?;
        Some(column)
    };
    let (_, _, _, _) = (column()?, column()?, column()?, column()?);
    let (time, id, source) = (column()?, column()?, column()?);
    let (_, _, audit, computer) = (column()?, column()?, column()?, column()?);
    let mut record = Record { id, computer, message: rest, provider: Provider::of(source), ..Record::default() };
    record.set(b"EventTime", time);
    record.set(b"EventType", if audit == b"Failure Audit" { b"Audit Failure" } else { audit });
    Some(record)
}

/// ```text
/// 2026 Nov 20 22:41:07 WinEvtLog: Security: AUDIT_SUCCESS(4624): Microsoft-Windows-Security-Auditing: fourn.chimere: GHT: srv-1.ght.example: An account was successfully logged on. Subject: …
/// ```
fn ossec(body: &[u8]) -> Option<Record<'_>> {
    let mut rest = body;
    let mut field = || {
        let (field, after) = until(rest, b':')?;
        rest = trim_start(after);
        Some(field)
    };
    let (_, audit, source, _, _, computer) = (field()?, field()?, field()?, field()?, field()?, field()?);
    let (audit, id) = until(audit, b'(')?;
    let id = id.strip_suffix(b")")?;
    let mut record = Record { id, computer, message: rest, provider: Provider::of(source), ..Record::default() };
    record.set(b"EventType", audit);
    Some(record)
}

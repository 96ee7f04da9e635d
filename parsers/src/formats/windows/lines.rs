//! Events on plain lines: Snare's columns, OSSEC's line, `NXLog`'s RFC 5424, the pairs of `WinCollect` and Splunk, and the event in words.

use super::meaning::Provider;
use super::record::Record;
use crate::atoms::{Pairs, Welf, cut, find, number, trim, trim_start, until};
use crate::{Dress, Escape, Line};

pub(super) fn looks_like(line: &Line<'_>) -> bool {
    // Snare's columns hold no pairs.
    (line.dress != Dress::Pairs && snare_columns(line).is_some())
        || is_program(line.head.app)
        || is_structured(line.head.data)
        || line.body.starts_with(OSSEC)
        || line.body.starts_with(WINCOLLECT)
        || splunk_fields(line.body).is_some()
}

pub(super) fn read<'a>(line: &Line<'a>) -> Option<Record<'a>> {
    if let Some(columns) = snare_columns(line) {
        snare(columns)
    } else if is_structured(line.head.data) {
        Some(structured(line))
    } else if let Some(text) = line.body.strip_prefix(OSSEC) {
        ossec(text)
    } else if line.head.app == b"WinEvtLog" {
        ossec(line.body)
    } else if line.body.starts_with(WINCOLLECT) {
        Some(wincollect(line.body))
    } else if let Some(fields) = splunk_fields(line.body) {
        Some(splunk(fields))
    } else {
        Some(spoken(line))
    }
}

/// What follows Snare's mark, behind which the columns stand; a host may stand before it, set apart by a TAB as well.
fn snare_columns<'a>(line: &Line<'a>) -> Option<&'a [u8]> {
    const MARK: &[u8] = b"MSWinEventLog";
    let (start, _) = cut(line.head.after_stamp, 96);
    let (before, rest) = cut(line.head.after_stamp, find(start, MARK)?);
    let alone = matches!(before, [] | [.., b' ' | b'\t']) || before.ends_with(b"#011");
    let columns = cut(rest, MARK.len()).1;
    alone.then(|| columns.strip_prefix(b":").map_or(columns, trim_start))
}

/// The columns are set apart by TABs, or by what relays make of them:
///
/// ```text
/// MSWinEventLog⇥1⇥Security⇥4711⇥Fri Nov 20 22:41:07 2026⇥4624⇥Microsoft-Windows-Security-Auditing⇥GHT\fourn.chimere⇥N/A⇥Success Audit⇥srv-1.ght.example⇥Logon⇥⇥An account was successfully logged on.    Subject:   …
/// ```
fn snare(columns: &[u8]) -> Option<Record<'_>> {
    let sign = [b"\t" as &[u8], b"#011", br"\t"].into_iter().find(|sign| find(cut(columns, 32).0, sign).is_some())?;
    let mut rest = columns.strip_prefix(sign).unwrap_or(columns);
    let mut column = || {
        let (column, after) = cut(rest, find(rest, sign)?);
        rest = after.get(sign.len()..)?;
        Some(column)
    };
    let (_, _, _) = (column()?, column()?, column()?);
    let (time, id, source) = (column()?, column()?, column()?);
    let (_, _, audit, computer) = (column()?, column()?, column()?, column()?);
    let mut record = Record { id, computer, message: rest, provider: Provider::of(source), ..Record::default() };
    record.set(b"EventTime", time);
    record.set(b"EventType", if audit == b"Failure Audit" { b"Audit Failure" } else { audit });
    Some(record)
}

/// What OSSEC puts in front, where no stamp makes it a head.
const OSSEC: &[u8] = b"WinEvtLog: ";

/// ```text
/// 2026 Nov 20 22:41:07 WinEvtLog: Security: AUDIT_SUCCESS(4624): Microsoft-Windows-Security-Auditing: fourn.chimere: GHT: srv-1.ght.example: An account was successfully logged on. Subject: …
/// ```
fn ossec(text: &[u8]) -> Option<Record<'_>> {
    let mut rest = text;
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

fn is_structured(data: &[u8]) -> bool {
    data.starts_with(b"[NXLOG@") && find(data, b" EventID=\"").is_some()
}

/// ```text
/// <14>1 2026-11-20T22:41:07+01:00 srv-1 Microsoft-Windows-Security-Auditing 700 - [NXLOG@14506 EventID="4624" TargetUserName="fourn.chimere" IpAddress="198.51.100.23"] An account was successfully logged on.
/// ```
fn structured<'a>(line: &Line<'a>) -> Record<'a> {
    let mut record =
        Record { escape: Escape::Quoted, message: line.body, provider: Provider::of(line.head.app), named: true, ..Record::default() };
    let data = line.head.data.strip_suffix(b"]").unwrap_or(line.head.data);
    Pairs::new(data).for_each(|pair| record.set(pair.key, pair.value));
    record
}

const WINCOLLECT: &[u8] = b"AgentDevice=";

/// ```text
/// AgentDevice=WindowsLog⇥AgentLogFile=Security⇥Source=Microsoft-Windows-Security-Auditing⇥Computer=srv-1⇥User=⇥Domain=⇥EventID=4624⇥TimeGenerated=1795210867⇥Keywords=Audit Success⇥Message=An account was …
/// ```
fn wincollect(body: &[u8]) -> Record<'_> {
    let mut record = Record::default();
    let (fields, message) = find(body, b"Message=").map_or((body, &[] as &[u8]), |at| (cut(body, at).0, cut(body, at + 8).1));
    for (key, value) in fields.split(|&b| b == b'\t').filter_map(|field| until(field, b'=')) {
        match key {
            b"Source" => record.set(b"SourceName", value),
            // The account that wrote the event.
            b"User" | b"Domain" => {}
            _ => record.set(key, value),
        }
    }
    record.message = message;
    record
}

/// The fields of an event as Splunk's forwarder prints it, behind its date.
fn splunk_fields(body: &[u8]) -> Option<&[u8]> {
    let fields = cut(body, find(cut(body, 32).0, b"LogName=")?).1;
    find(cut(fields, 160).0, b"EventCode=").map(|_| fields)
}

/// ```text
/// 11/20/2026 10:41:07 PM LogName=Security EventCode=4625 EventType=0 ComputerName=srv-1.ght.example Keywords=Audit Failure Message=An account failed to log on.    Subject: …
/// ```
fn splunk(fields: &[u8]) -> Record<'_> {
    let mut record = Record::default();
    let (fields, message) = find(fields, b"Message=").map_or((fields, &[] as &[u8]), |at| (cut(fields, at).0, cut(fields, at + 8).1));
    for pair in Welf::new(fields) {
        match pair.key {
            b"EventCode" => record.set(b"EventID", pair.value),
            b"LogName" => record.set(b"ProviderName", until(pair.value, b'/').map_or(pair.value, |(log, _)| log)),
            // For people: `Microsoft Windows security auditing.`
            b"SourceName" => {}
            key => record.set(key, pair.value),
        }
    }
    record.message = message;
    record
}

/// The names that the logs' writers have as programs.
fn is_program(app: &[u8]) -> bool {
    matches!(app, b"WinEvtLog" | b"Microsoft-Windows-Security-Auditing" | b"Security-Auditing")
        || app.strip_prefix(b"Microsoft-Windows-").unwrap_or(app).starts_with(b"TerminalServices-")
}

/// ```text
/// Microsoft-Windows-Security-Auditing[700]: An account was successfully logged on. Subject: …
/// Security-Auditing: 4624: An account was successfully logged on. Subject: …
/// ```
fn spoken<'a>(line: &Line<'a>) -> Record<'a> {
    let provider = Provider::of(line.head.app);
    match until(line.body, b':') {
        Some((id, message)) if number::<u16>(id).is_some() => Record { id, message: trim(message), provider, ..Record::default() },
        _ => Record { message: line.body, provider, ..Record::default() },
    }
}

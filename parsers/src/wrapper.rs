//! JSON that carries a line of another product: what journald, Docker, Beats, Logstash, Graylog, rsyslog, syslog-ng, Fluentd, Vector and
//! Wazuh put around it, read like a head.
//!
//! Facts are ranges of the line, so what is carried is read where it stands. That asks for a message without escapes: one that holds
//! quotes, backslashes or line ends (but for the last one) is not read.
//! JSON of others that has a `message` is no wrapper: anybody's words may stand there.

use memchr::memchr;

use crate::atoms::{Leaves, Once, trim, until};
use crate::{Escape, Facts, Head, Line, Stamp, Text, envelope, stamp};

/// A line within a line.
pub(crate) struct Wrapped<'a> {
    /// What is carried; its ranges are the whole line's.
    pub(crate) line: Line<'a>,
    stamp: Stamp,
    host: Text,
}

/// What wrappers have.
#[derive(Default)]
struct Fields<'a> {
    message: &'a [u8],
    original: &'a [u8],
    /// A field that only a relay writes.
    is_relay: bool,
    host: &'a [u8],
    app: &'a [u8],
    pid: &'a [u8],
    stamp: Stamp,
}

/// Takes the wrapping off.
///
/// ```text
/// {"__REALTIME_TIMESTAMP":"1795210867123456","_HOSTNAME":"bastion-1","SYSLOG_IDENTIFIER":"sshd","_PID":"901","MESSAGE":"Accepted password for …"}
/// {"log":"Nov 20 22:41:07 bastion-1 sshd[901]: Accepted password for …\n","stream":"stdout","time":"2026-11-20T21:41:07.1Z"}
/// {"@timestamp":"2026-11-20T21:41:07.1Z","agent":{"type":"filebeat"},"message":"Nov 20 22:41:07 bastion-1 sshd[901]: Accepted password for …"}
/// {"host":"bastion-1","programname":"sshd","procid":"901","message":"Accepted password for …"}
/// ```
pub(crate) fn open<'a>(line: &Line<'a>) -> Option<Wrapped<'a>> {
    if !line.body.starts_with(b"{") {
        return None;
    }
    let mut fields = Fields::default();
    for leaf in Leaves::new(line.body) {
        fields.set(leaf.dotted(&mut [0; 32]), leaf.value);
    }
    let mut message = fields.original;
    message.once(fields.message);
    while let Some(shorter) = message.strip_suffix(br"\n").or_else(|| message.strip_suffix(br"\r")) {
        message = shorter;
    }
    let message = trim(message);
    if !fields.is_relay || message.is_empty() || memchr(b'\\', message).is_some() {
        return None;
    }
    let (mut head, mut body) = envelope::read(message);
    // Some take the head apart and leave it where it was.
    if !fields.app.is_empty() && head.stamp.is_empty() && head.priority.is_none() {
        (head, body) = (Head { app: fields.app, pid: fields.pid, after_stamp: message, ..Head::default() }, message);
    }
    let inner = Line::within(line.whole, head, body, line.interest);
    Some(Wrapped { line: inner, stamp: fields.stamp, host: line.escaped(fields.host, Escape::Json) })
}

impl Wrapped<'_> {
    /// Fills from the wrapping what the line within left open.
    pub(crate) fn fill(&self, facts: &mut Facts) {
        if facts.stamp == Stamp::None {
            facts.stamp = self.stamp;
        }
        facts.device.once(self.host);
    }
}

impl<'a> Fields<'a> {
    fn set(&mut self, key: &[u8], value: &'a [u8]) {
        match key {
            b"message" | b"MESSAGE" | b"log" | b"short_message" => self.message.once(value),
            b"full_message" | b"event.original" | b"full_log" => self.original.once(value),
            b"host" | b"HOST" | b"_HOSTNAME" | b"host.name" | b"host.hostname" | b"hostname" | b"log.syslog.hostname" | b"logsource" => {
                self.host.once(value);
            }
            b"SYSLOG_IDENTIFIER"
            | b"_application_name"
            | b"log.syslog.appname"
            | b"PROGRAM"
            | b"program"
            | b"programname"
            | b"appname"
            | b"app-name"
            | b"ident" => self.app.once(value),
            b"_PID" | b"SYSLOG_PID" | b"_process_id" | b"log.syslog.procid" | b"PID" | b"pid" | b"procid" => self.pid.once(value),
            // `sshd[901]:`
            b"syslogtag" | b"syslog-tag" => {
                let tag = value.strip_suffix(b":").unwrap_or(value);
                let (app, pid) = until(tag, b'[').unwrap_or((tag, &[]));
                self.app.once(app);
                self.pid.once(pid.strip_suffix(b"]").unwrap_or(pid));
            }
            _ => {}
        }
        self.is_relay |= matches!(
            key,
            b"__REALTIME_TIMESTAMP"
                | b"_HOSTNAME"
                | b"SYSLOG_IDENTIFIER"
                | b"PROGRAM"
                | b"programname"
                | b"syslogtag"
                | b"syslog-tag"
                | b"ident"
                | b"source_type"
                | b"full_log"
                | b"stream"
                | b"short_message"
                | b"agent.type"
                | b"beat.name"
                | b"@version"
                | b"log.file.path"
        );
        if self.stamp == Stamp::None {
            self.stamp = match key {
                b"@timestamp" | b"time" => stamp::any(value),
                b"__REALTIME_TIMESTAMP" => stamp::epoch(value),
                b"timestamp" => Some(stamp::epoch(value)).filter(|&at| at != Stamp::None).unwrap_or_else(|| stamp::any(value)),
                _ => Stamp::None,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Interest;

    fn opened(text: &str) -> Option<(String, String, String)> {
        let interest = Interest::everything();
        let (head, body) = envelope::read(text.as_bytes());
        let line = Line::within(text.as_bytes(), head, body, &interest);
        let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        open(&line).map(|wrapped| (shown(wrapped.line.head.app), shown(wrapped.line.body), shown(&wrapped.host.value(text.as_bytes()))))
    }

    #[test]
    fn wrappers_and_what_they_carry() {
        for (text, expected) in [
            (
                r#"{"_HOSTNAME":"bastion-1","SYSLOG_IDENTIFIER":"sshd","_PID":"901","MESSAGE":"Accepted"}"#,
                Some(("sshd", "Accepted", "bastion-1")),
            ),
            (r#"{"log":"Nov 20 22:41:07 gw-1 sshd[901]: Accepted\r\n","stream":"stdout"}"#, Some(("sshd", "Accepted", ""))),
            (
                r#"{"@timestamp":"2026-11-20T21:41:07Z","agent":{"type":"filebeat"},"message":"sshd[901]: x","host":{"name":"c"}}"#,
                Some(("sshd", "x", "c")),
            ),
            (r#"{"version":"1.1","host":"gw-1","short_message":"sshd[901]:","full_message":"sshd[901]: x"}"#, Some(("sshd", "x", "gw-1"))),
            (
                r#"{"message":"Accepted","host":"bastion-1","syslog-tag":"sshd[901]:","timestamp":"2026-11-20T22:41:07+01:00"}"#,
                Some(("sshd", "Accepted", "bastion-1")),
            ),
            (r#"{"PROGRAM":"sshd","PID":"901","MESSAGE":"Accepted","HOST":"bastion-1"}"#, Some(("sshd", "Accepted", "bastion-1"))),
            (
                r#"{"@version":"1","message":"Nov 20 22:41:07 gw-1 sshd[901]: Accepted","program":"x","pid":"7"}"#,
                Some(("sshd", "Accepted", "")),
            ),
            (r#"{"rule":{"id":"5760"},"full_log":"Nov 20 22:41:07 gw-1 sshd[901]: Failed"}"#, Some(("sshd", "Failed", ""))),
            // Quotes within: not in place.
            (r#"{"log":"sshd[901]: said \"x\"","stream":"stdout"}"#, None),
            // Somebody's own message.
            (r#"{"level":"info","message":"sshd[901]: Accepted"}"#, None),
            (r#"{"log":"","stream":"stdout"}"#, None),
            ("sshd[901]: {", None),
        ] {
            let expected = expected.map(|(app, body, host)| (app.to_owned(), body.to_owned(), host.to_owned()));
            assert_eq!(opened(text), expected, "{text}");
        }
    }
}

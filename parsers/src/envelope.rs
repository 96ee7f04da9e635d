//! Syslog heads: RFC 3164, RFC 5424, bare bodies, and heads that relays put before heads.
//!
//! Only the extent of a stamp is found here; [`crate::Stamps`] reads it, once per distinct text.

mod levels;

use memchr::memchr;

use self::levels::{Severity, kiwi, severity, solaris};
use crate::atoms::{cut, number, trim, trim_start, until};
use crate::stamp;

/// The heads of a line, summed up: the innermost stamp and host win, for they are the device's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head<'a> {
    /// PRI, 0 to 191, of the outermost head that has one.
    pub priority: Option<u8>,
    /// The stamp as written; empty if there is none.
    pub stamp: &'a [u8],
    /// The stamp of the outermost head, where another one with a stamp of its own stands behind it: when a collector had the
    /// line. Empty if there is none.
    pub relay: &'a [u8],
    /// HOSTNAME; empty if there is none.
    pub host: &'a [u8],
    /// APP-NAME or TAG without its pid, as in `sshd`, `sshd(pam_unix)`, `ovpn-server`; empty if there is none.
    pub app: &'a [u8],
    /// PROCID or the TAG's pid; empty if there is none.
    pub pid: &'a [u8],
    /// RFC 5424 MSGID; empty if there is none.
    pub id: &'a [u8],
    /// RFC 5424 STRUCTURED-DATA with its brackets; empty if there is none.
    pub data: &'a [u8],
    /// How often the message came, where a relay sums up: rsyslog's `message repeated 5 times: [ … ]`.
    pub repeated: Option<u32>,
    /// What follows the innermost stamp, host and tag included, for products that write no host: the whole line if there is no stamp.
    pub after_stamp: &'a [u8],
}

/// How sure it is that a text is a head and not a body that begins like one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sure {
    /// A stamp, maybe a host.
    Maybe,
    /// A stamp, a host and a tag.
    Likely,
    /// A stamp and what no message is likely to begin with: a tag with pid, RFC 5424 fields, a PRI.
    Yes,
}

/// Splits a line into its heads and its body. Any bytes give an answer: a line without head is all body.
///
/// A second head counts only where the first one leaves room for it: behind a host, or behind a tag without
/// pid (which `logger` and file readers put there). What a program with a pid says is its message, whatever it
/// looks like; so a name that somebody chose cannot dress up as another program's line.
#[inline]
pub fn read(line: &[u8]) -> (Head<'_>, &[u8]) {
    let mut head = Head::default();
    let body = heads(&mut head, line);
    let Some((times, message)) = unrepeated(body) else { return (head, body) };
    head.repeated = Some(times);
    (head, message)
}

/// `message repeated 5 times: [ Failed password for root from 198.51.100.7 port 4711 ssh2]`, written by rsyslog.
fn unrepeated(body: &[u8]) -> Option<(u32, &[u8])> {
    let (times, message) = until(body.strip_prefix(b"message repeated ")?, b' ')?;
    let message = trim(message.strip_prefix(b"times: [")?);
    Some((number(times)?, trim(message.strip_suffix(b"]").unwrap_or(message))))
}

fn heads<'a>(head: &mut Head<'a>, line: &'a [u8]) -> &'a [u8] {
    let (priority, text) = priority(line);
    (head.priority, head.after_stamp) = (priority, text);
    let Some((_, mut body)) = one(head, text) else {
        let Some((app, pid, body)) = tag(text, true) else { return text };
        (head.app, head.pid) = (app, pid);
        return body;
    };
    for _ in 0..2 {
        // A glance first: most messages begin with a word.
        // `10.1.1.1 :Nov 20 22:41:07 CET: %ASA-…`, as EMBLEM has it behind a relay's host.
        let text = body.strip_prefix(b":").map_or(body, trim_start);
        let candidate = match text {
            [b'<' | b'0'..=b'9', ..] => true,
            [a, b, c, b' ', ..] => stamp::month_of(&[*a, *b, *c]).is_some(),
            _ => false,
        };
        if !candidate || !head.pid.is_empty() || head.stamp.is_empty() {
            break;
        }
        let Some(rest) = inner(head, text) else { break };
        body = rest;
    }
    body
}

/// Takes up the head that stands behind `outer`, if `body` begins with one.
fn inner<'a>(outer: &mut Head<'a>, body: &'a [u8]) -> Option<&'a [u8]> {
    let (priority, text) = priority(body);
    let needed = if outer.app.is_empty() { Sure::Likely } else { Sure::Yes };
    let mut inner = Head { stamp: outer.stamp, priority: outer.priority.or(priority), after_stamp: text, ..Head::default() };
    let body = match one(&mut inner, text) {
        Some((sure, rest)) if sure >= needed || priority.is_some() => rest,
        None if priority.is_some() => text,
        _ => return None,
    };
    if inner.host.is_empty() {
        inner.host = outer.host;
    }
    let relayed = inner.stamp.as_ptr() != outer.stamp.as_ptr();
    inner.relay = if relayed && outer.relay.is_empty() { outer.stamp } else { outer.relay };
    *outer = inner;
    Some(body)
}

/// What a frame holds whose bytes its sender counted: `1544 <14>1 2026-…` (RFC 6587, section 3.4.1). The count is not asked: relays
/// rewrite what it counted.
fn unframed(line: &[u8]) -> &[u8] {
    let digits = line.iter().take(6).take_while(|b| b.is_ascii_digit()).count();
    match cut(line, digits) {
        ([b'1'..=b'9', ..], [b' ', rest @ ..]) if rest.starts_with(b"<") => rest,
        _ => line,
    }
}

/// `<134>`, and what may stand between it and the rest: nothing, blanks, Cisco's colon.
fn priority(line: &[u8]) -> (Option<u8>, &[u8]) {
    let framed = line;
    let line = unframed(framed);
    let (digits, rest) = match line {
        [b'<', _, b'>', rest @ ..] => (line.get(1..2), rest),
        [b'<', _, _, b'>', rest @ ..] => (line.get(1..3), rest),
        [b'<', _, _, _, b'>', rest @ ..] => (line.get(1..4), rest),
        _ => return (None, framed),
    };
    match digits.and_then(number::<u8>) {
        Some(priority) if priority <= 191 => {
            let rest = trim_start(rest);
            (Some(priority), trim_start(rest.strip_prefix(b":").unwrap_or(rest)))
        }
        _ => (None, framed),
    }
}

/// Takes up one head that has a stamp (or says by its version that it has none).
fn one<'a>(head: &mut Head<'a>, text: &'a [u8]) -> Option<(Sure, &'a [u8])> {
    if let Some(rest) = text.strip_prefix(b"1 ") {
        return versioned(head, trim_start(rest));
    }
    let length = stamp::extent(text);
    let (stamp, rest) = cut(text, length);
    if length == 0 || !matches!(rest, [] | [b' ' | b':' | b'\t', ..]) {
        return None;
    }
    let rest = trim_start(rest);
    let rest = severity(rest).filter(|severity| severity.of_facility).map_or(rest, |severity| severity.rest);
    (head.stamp, head.after_stamp) = (stamp, rest);
    if let Some((host, body)) = kiwi(rest) {
        head.host = host;
        return Some((Sure::Yes, body));
    }
    // `Mar 18 2026 12:16:09: %ASA-6-…`
    if let Some(body) = rest.strip_prefix(b":") {
        let body = trim_start(body);
        head.after_stamp = body;
        return Some((if body.starts_with(b"%") { Sure::Yes } else { Sure::Maybe }, body));
    }
    // Log files of programs have `2026-11-20 22:41:07` or `Fri Nov 20 22:41:07 2026` in front and neither host nor tag.
    let iso = stamp.first().is_some_and(u8::is_ascii_digit) && stamp.get(4) == Some(&b'-');
    let file = if iso { stamp.get(10) == Some(&b' ') && !zoned(stamp) } else { stamp.get(3) == Some(&b' ') && stamp.get(7) == Some(&b' ') };
    // `Jan 22 18:34:00 filterlog: …`; `Mar 18 12:16:09 asa-1: %ASA-6-…`
    if let Some((app, pid, body)) = tag(rest, file) {
        if body.starts_with(b"%") {
            head.host = app;
            return Some((Sure::Yes, body));
        }
        (head.app, head.pid) = (app, pid);
        return Some((if pid.is_empty() { Sure::Likely } else { Sure::Yes }, solaris(body)));
    }
    // `asa-1 : %ASA-6-…`, `asa-1/context : %ASA-6-…`
    if let Some((host, after)) = until(rest, b' ')
        && let Some(body) = trim_start(after).strip_prefix(b":").map(trim_start)
        && body.starts_with(b"%")
        && (self::host(host) == host.len() || host.iter().all(|&b| is_name(b)))
    {
        head.host = host;
        return Some((Sure::Yes, body));
    }
    let (host, after) = cut(rest, host(rest));
    if host.is_empty() || !matches!(after, [] | [b' ', ..]) {
        return Some((Sure::Maybe, rest));
    }
    let after = trim_start(after);
    if iso && let Some(body) = fields(head, after, true) {
        head.host = host;
        return Some((Sure::Yes, body));
    }
    // `node UDMP UDMP [WAN…`: some write their name twice.
    let after = after.strip_prefix(host).filter(|twice| twice.starts_with(b" ")).map_or(after, trim_start);
    let structured = is_structured(after);
    // Pairs and their like are no tag; Cisco's categories might be.
    let plain = !structured || after.starts_with(b"C");
    if plain && let Some((app, pid, body)) = tag(after, file).or_else(|| severity(after).and_then(Severity::tag)) {
        (head.host, head.app, head.pid) = (host, app, pid);
        return Some((if pid.is_empty() { Sure::Likely } else { Sure::Yes }, solaris(body)));
    }
    let sure = if structured { Sure::Yes } else { Sure::Maybe };
    if file && sure == Sure::Maybe {
        return Some((sure, rest));
    }
    head.host = host;
    Some((sure, after))
}

/// RFC 5424 behind its version: `2026-11-20T22:41:07Z bastion-1 sshd 901 - - Accepted…`, `-` standing for nothing.
fn versioned<'a>(head: &mut Head<'a>, text: &'a [u8]) -> Option<(Sure, &'a [u8])> {
    let (stamp, rest) = match stamp::extent(text) {
        0 if head.priority.is_some() => (&[] as &[u8], text.strip_prefix(b"- ")?),
        0 => return None,
        length => cut(text, length),
    };
    let rest = trim_start(rest);
    (head.stamp, head.after_stamp) = (stamp, rest);
    let Some((host, rest)) = until(rest, b' ') else { return Some((Sure::Yes, rest)) };
    head.host = given(host);
    let rest = trim_start(rest);
    // Some leave out everything behind the host: `fw-1 LEEF:1.0|…`, `fw-1 date=…`, `asa-1 : %ASA-6-…`, `asa-1 %ASA-6-113004: …`
    let rest = rest.strip_prefix(b": ").map(trim_start).filter(|rest| rest.starts_with(b"%")).unwrap_or(rest);
    let word = until(rest, b' ').map_or(rest, |(word, _)| word);
    let is_app = if word.starts_with(b"%") { !word.ends_with(b":") } else { word.iter().all(|&b| is_name(b)) };
    let bare = is_structured(rest) && !is_app;
    let message = if bare { None } else { fields(head, rest, false) };
    Some((Sure::Yes, message.unwrap_or(rest)))
}

/// Takes up APP-NAME PROCID MSGID STRUCTURED-DATA and gives the message. `strict` where no version has announced them.
fn fields<'a>(head: &mut Head<'a>, text: &'a [u8], strict: bool) -> Option<&'a [u8]> {
    let (app, rest) = until(text, b' ')?;
    let (pid, rest) = until(trim_start(rest), b' ')?;
    if strict && (!(pid == b"-" || pid.iter().all(u8::is_ascii_digit)) || !app.iter().all(|&b| is_name(b))) {
        return None;
    }
    let rest = trim_start(rest);
    let (id, rest) = until(rest, b' ').unwrap_or((rest, &[]));
    if strict && !id.iter().all(|&b| is_name(b)) {
        return None;
    }
    let rest = trim_start(rest);
    let (data, rest) = match rest {
        [b'-'] => (&[] as &[u8], &[] as &[u8]),
        [b'-', rest @ ..] if rest.starts_with(b" ") => (&[] as &[u8], rest),
        _ => cut(rest, structured_data(rest)),
    };
    if strict && data.is_empty() && !rest.starts_with(b" ") {
        return None;
    }
    let rest = trim_start(rest);
    let app = given(app);
    (head.app, head.pid, head.id, head.data) = (app.strip_suffix(b":").unwrap_or(app), given(pid), given(id), data);
    Some(rest.strip_prefix(b"\xef\xbb\xbf").unwrap_or(rest))
}

/// Length of the bracketed elements in front, 0 if there are none.
///
/// `[meta sequenceId="4"][junos@2636 a="]"]`, and Check Point's `[action:"Drop"; src:"…"]`; but not `[SSH Session] …`.
fn structured_data(text: &[u8]) -> usize {
    let mut end = 0;
    while let Some(element) = text.get(end..).filter(|rest| rest.starts_with(b"[")) {
        let (mut quoted, mut escaped, mut pairs) = (false, false, 0);
        let close = element.iter().position(|&b| {
            match b {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => {
                    quoted = !quoted;
                    pairs += 1;
                }
                _ => {}
            }
            b == b']' && !quoted && !escaped
        });
        let Some(length) = close.map(|close| close + 1) else { break };
        if pairs == 0 && memchr(b' ', cut(element, length).0).is_some() {
            break;
        }
        end += length;
    }
    end
}

/// `sshd[123]: `, `sshd(pam_unix)[123]: `, `filterlog: `: name, pid and what follows. `with_pid`: one without does not count.
fn tag(text: &[u8], with_pid: bool) -> Option<(&[u8], &[u8], &[u8])> {
    let name = name(text);
    let (app, rest) = cut(text, name);
    // A glance first: behind most words there is a blank.
    if !matches!(rest, [b'(' | b'[' | b':', ..]) {
        return None;
    }
    if !app.first().is_some_and(|&b| b.is_ascii_alphabetic() || b == b'_' || b == b'/') && !app.iter().any(u8::is_ascii_alphabetic) {
        return None;
    }
    let (app, rest) = match rest {
        [b'(', inside @ ..] => {
            let close = self::name(inside);
            let (_, rest) = cut(text, name + 1 + close);
            let rest = rest.strip_prefix(b")")?;
            (cut(text, name + close + 2).0, rest)
        }
        _ => (app, rest),
    };
    match rest {
        [b':', body @ ..] if !with_pid && matches!(body, [] | [b' ', ..]) => {
            (!matches!(app, b"CEF" | b"LEEF")).then(|| (app, &[] as &[u8], trim_start(body)))
        }
        [b'[', rest @ ..] => {
            let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
            let (pid, rest) = cut(rest, digits);
            let body = rest.strip_prefix(b"]:")?;
            (digits > 0).then(|| (app, pid, trim_start(body)))
        }
        _ => None,
    }
}

/// Length of the host name or address in front, 0 if the first word can be none.
fn host(text: &[u8]) -> usize {
    // Most are names alone.
    let (name, rest) = cut(text, name(text));
    if matches!(rest, [] | [b' ', ..]) && !name.contains(&b'/') {
        return name.len();
    }
    let mut colons = 0;
    let mut hexadecimal = true;
    let mut length = 0;
    for &b in text {
        match b {
            b' ' => break,
            b':' => colons += 1,
            b'a'..=b'f' | b'A'..=b'F' | b'0'..=b'9' | b'.' | b'%' => {}
            b'/' if text.starts_with(b"slot") => hexadecimal = false,
            _ if is_name(b) && b != b'/' => hexadecimal = false,
            _ => return 0,
        }
        length += 1;
    }
    // Colons only in IPv6; `192.0.2.1:5000` is a client, not a host.
    if colons > 0 && (colons == 1 || !hexadecimal) || text.starts_with(b"%") { 0 } else { length }
}

/// Length of the name in front.
fn name(text: &[u8]) -> usize {
    text.iter().position(|&b| !is_name(b)).unwrap_or(text.len())
}

/// Bytes of the names of hosts and programs.
#[inline]
fn is_name(b: u8) -> bool {
    NAMES.get(usize::from(b)).is_some_and(|&is| is)
}

/// Laid out for all bytes: those of a head are asked more than once.
const NAMES: [bool; 256] = {
    let mut names = [false; 256];
    let (mut left, mut b): (&mut [bool], u8) = (&mut names, 0);
    while let [is, others @ ..] = left {
        *is = b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'/' | b'-');
        (left, b) = (others, b.wrapping_add(1));
    }
    names
};

/// Whether a body without tag begins here: `%ASA-…`, `date=…`, `CEF:0|…`, `{"…`, or the category of Cisco's ISE or ACS.
fn is_structured(text: &[u8]) -> bool {
    match text {
        [b'C', b'I' | b'S' | b'i', ..] => [b"CISE_".as_slice(), b"CSCOacs_", b"CisACS_"].iter().any(|category| text.starts_with(category)),
        [b'%' | b'{', ..] => true,
        [b'C' | b'L' | b'a'..=b'z', ..] => {
            let name = text.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
            match text.get(name) {
                Some(b'=') => true,
                Some(b':') => matches!(cut(text, name).0, b"CEF" | b"LEEF"),
                _ => false,
            }
        }
        _ => false,
    }
}

/// Whether a stamp names its zone.
fn zoned(stamp: &[u8]) -> bool {
    stamp.get(19..).is_some_and(|rest| rest.iter().any(|b| matches!(b, b'Z' | b'z' | b'+' | b'-' | b'A'..=b'Y')))
}

/// A field of RFC 5424 without its NILVALUE.
fn given(field: &[u8]) -> &[u8] {
    if field == b"-" { &[] } else { field }
}

#[cfg(test)]
mod tests;

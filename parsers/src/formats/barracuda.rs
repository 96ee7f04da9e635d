//! Barracuda CloudGen Firewall (once NG), Web Application Firewall ([`waf`]) and Email Security Gateway ([`waf`] as well).
//!
//! Barracuda Campus, "CloudGen Firewall: Available Log Files and Structure", "Firewall Activity Log" (positional and key=value),
//! "How to Configure Syslog Streaming": `Info     BOX text`, behind a head whose tag is `box/logfile`.

mod waf;

use memchr::memchr_iter;

use crate::atoms::{Row, cut, find, ip, number, rfind, says, trim, trim_start, until};
use crate::formats::Format;
use crate::{About, Dress, Escape, Facts, Kind, Line, Stamp, Stamps, Verdict, stamp};

/// Barracuda's line of the table of formats.
pub(super) const FORMAT: Format = Format {
    name: "barracuda",
    vendor: "Barracuda",
    product: "CloudGen Firewall",
    covers: "Barracuda CloudGen Firewall: administrators' and VPN logins, firewall activity; Web Application Firewall and Email Security Gateway: administration",
    dresses: Dress::TEXT,
    looks_like,
    parse,
};

/// The severities, each padded to nine columns.
const SEVERITIES: &[&[u8]] =
    &[b"Info     ", b"Notice   ", b"Warning  ", b"Error    ", b"Security ", b"Fatal    ", b"Debug    ", b"Panic    ", b"Internal "];

fn looks_like(line: &Line<'_>) -> bool {
    Entry::read(line).is_some() || waf::looks_like(line)
}

fn parse(line: &Line<'_>, stamps: &mut Stamps, facts: &mut Facts) -> Option<()> {
    let Some(entry) = Entry::read(line) else { return waf::parse(line, stamps, facts) };
    facts.device = line.text(entry.host);
    facts.stamp = entry.stamp;
    if let Some((words, columns)) = activity(entry.text) {
        flow(line, words, columns, facts);
    } else {
        entry.message(line, facts);
    }
    Some(())
}

/// `Info     BOX-1 text`, `Info     +01:00 text`; as it stands in a log file, `2026 11 20 22:41:07 Info     +01:00 text`.
struct Entry<'a> {
    stamp: Stamp,
    host: &'a [u8],
    text: &'a [u8],
}

impl<'a> Entry<'a> {
    fn read(line: &Line<'a>) -> Option<Entry<'a>> {
        let (stamp, body) = match own_stamp(line.body) {
            Stamp::None => (Stamp::None, line.body),
            stamp => (stamp, trim_start(cut(line.body, STAMP).1)),
        };
        let rest = SEVERITIES.iter().find_map(|severity| body.strip_prefix(*severity))?;
        let (host, text) = until(trim_start(rest), b' ')?;
        let plausible = !host.is_empty()
            && host.len() <= 64
            && host.iter().all(|&b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'+' | b':'));
        // Zone instead of a name: the head has the name, as `box/logfile`.
        let (host, zone) = match host {
            [b'+' | b'-', ..] => (until(line.head.app, b'/').map_or(line.head.host, |(host, _)| host), stamp::zone(host)),
            _ => (host, None),
        };
        plausible.then_some(Entry { stamp: stamp.in_zone(zone), host, text: trim(text) })
    }

    fn message(&self, line: &Line<'a>, facts: &mut Facts) {
        let any = |words: &[&[u8]]| words.iter().any(|words| says(self.text, words));
        if self.administrator(line, facts) || self.vpn(line, facts) {
            return;
        }
        if any(&[b"system booted", b"system startup", b"box rebooted", b"reboot initiated"]) {
            facts.about = Some(About::Restart);
        } else if any(&[b"config"]) && any(&[b"changed", b"activated", b"committed"]) && any(&[b" by "]) {
            facts.about = Some(About::Configuration);
            facts.target = line.text(self.text);
            if let Some(name) = rfind(self.text, b" by ").and_then(|at| word(cut(self.text, at + 4).1)) {
                user(line, name, facts);
            }
        }
    }

    /// `LOGIN ATTEMPT: boxconfig[50357]: Login claire from 10.1.0.4 : Allowed.`, `boxconfig[50512]: Session claire_fw: Closed`
    fn administrator(&self, line: &Line<'a>, facts: &mut Facts) -> bool {
        if let Some(at) = find(self.text, b": Login ") {
            // Names may hold the words: the last place counts.
            let rest = cut(self.text, at + 8).1;
            let Some(end) = rfind(rest, b" from ") else { return false };
            let (name, rest) = cut(rest, end);
            let rest = cut(rest, 6).1;
            let (address, outcome) = until(rest, b' ').unwrap_or((rest, &[]));
            let outcome = trim(outcome.strip_prefix(b":").unwrap_or(outcome));
            facts.kind = match () {
                () if outcome.starts_with(b"Allowed") || outcome.starts_with(b"Granted") => Kind::LoginSuccess,
                () if says(outcome, b"denied") || says(outcome, b"refused") || says(outcome, b"fail") || says(outcome, b"blocked") => {
                    Kind::LoginFailure
                }
                () => Kind::Other,
            };
            user(line, name, facts);
            facts.source_ip = ip(address.strip_suffix(b":").unwrap_or(address));
            if facts.kind == Kind::LoginFailure {
                facts.reason = line.text(outcome.strip_suffix(b".").unwrap_or(outcome));
            }
            return true;
        }
        let Some((name, state)) = find(self.text, b": Session ").and_then(|at| {
            let rest = cut(self.text, at + 10).1;
            let end = rfind(rest, b": ")?;
            Some((cut(rest, end).0, cut(rest, end + 2).1))
        }) else {
            return false;
        };
        if state.starts_with(b"Closed") || state.starts_with(b"Terminated") {
            facts.kind = Kind::SessionEnd;
            user(line, name, facts);
        }
        facts.kind == Kind::SessionEnd
    }

    /// Lines of the VPN service and of the SSL VPN that name their user: `… user=fourn.chimere …`, `… user 'fourn.chimere' …`
    ///
    /// Barracuda documents the log files, not their texts: only plain words of a login or a tunnel count, and only with a user.
    fn vpn(&self, line: &Line<'a>, facts: &mut Facts) -> bool {
        let Some(at) = [b"user=" as &[u8], b"User=", b"user '", b"User '", b"user: ", b"User: "]
            .iter()
            .find_map(|mark| Some(find(self.text, mark)? + mark.len()))
        else {
            return false;
        };
        let name = cut(self.text, at).1;
        let quoted = self.text.get(at.wrapping_sub(1)) == Some(&b'\'');
        let Some(name) = (if quoted { until(name, b'\'').map(|(name, _)| name) } else { word(name) }) else { return false };
        let (before, after) = (cut(self.text, at).0, cut(self.text, at + name.len()).1);
        let any = |words: &[&[u8]]| words.iter().any(|words| says(before, words) || says(after, words));
        facts.kind = match () {
            () if any(&[b"logged out", b"logout"]) => Kind::Logout,
            () if any(&[b"auth", b"login", b"logon", b"access"]) && any(&[b"fail", b"denied", b"invalid", b"rejected", b"refused"]) => {
                Kind::LoginFailure
            }
            () if any(&[b"disconnect", b"terminated", b"tunnel down", b"session closed"]) => Kind::SessionEnd,
            () if any(&[b"connected", b"established", b"tunnel up"]) => Kind::SessionStart,
            () if any(&[b"auth", b"login", b"logon", b"access"])
                && any(&[b"success", b"succeeded", b"granted", b"accepted", b"allowed"]) =>
            {
                Kind::LoginSuccess
            }
            () => return false,
        };
        user(line, name, facts);
        let address = |marks: &[&[u8]]| {
            marks.iter().find_map(|mark| {
                let rest = cut(after, find(after, mark)? + mark.len()).1;
                ip(word(rest)?).or_else(|| ip(until(word(rest)?, b':')?.0))
            })
        };
        facts.source_ip = address(&[b"from ", b"peer=", b"ip=", b"src="]);
        facts.assigned_ip = address(&[b"virtual ip ", b"virtual IP ", b"vip=", b"assigned ip "]);
        if facts.kind == Kind::LoginFailure {
            facts.reason = line.text(self.text);
        }
        true
    }
}

/// `2026 11 20 22:41:07`
const STAMP: usize = 19;

fn own_stamp(body: &[u8]) -> Stamp {
    let (date, clock) = cut(cut(body, STAMP).0, 10);
    clock.strip_prefix(b" ").map_or(Stamp::None, |clock| stamp::apart(date, clock))
}

/// The word that `text` begins with.
fn word(text: &[u8]) -> Option<&[u8]> {
    let end = text.iter().position(|&b| matches!(b, b' ' | b',' | b';' | b')' | b'|')).unwrap_or(text.len());
    let (word, _) = cut(text, end);
    let word = word.strip_suffix(b".").unwrap_or(word);
    (!word.is_empty()).then_some(word)
}

/// The box's own logins to itself, `localhost_BOX-1`, are nobody's.
fn user<'a>(line: &Line<'a>, name: &'a [u8], facts: &mut Facts) {
    if !name.starts_with(b"localhost_") {
        line.login(trim(name), Escape::None, facts);
    }
}

/// `Allow: LOUT|UDP|…` or `Allow: type=LOUT|proto=UDP|…`: the words before the columns, and the columns.
fn activity(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (words, rest) = until(text, b':')?;
    let columns = trim_start(rest);
    let known = [
        b"Allow" as &[u8],
        b"Block",
        b"Deny",
        b"Drop",
        b"Detect",
        b"Remove",
        b"Fail",
        b"LocalAllow",
        b"LocalBlock",
        b"LocalDeny",
        b"LocalDrop",
        b"LocalDetect",
        b"LocalRemove",
        b"LocalFail",
    ];
    (known.contains(&words) && memchr_iter(b'|', columns).count() >= 7).then_some((words, columns))
}

/// Columns of the activity log: type, protocol, interface, source, port, MAC, destination, port, service, interface, rule, info, source and
/// destination behind NAT, duration, count, bytes received and sent, packets received and sent, user.
const SOURCE: usize = 3;
const SOURCE_PORT: usize = 4;
const DESTINATION: usize = 6;
const DESTINATION_PORT: usize = 7;
const RECEIVED: usize = 16;
const SENT: usize = 17;
const USER: usize = 20;

fn flow<'a>(line: &Line<'a>, words: &'a [u8], columns: &'a [u8], facts: &mut Facts) {
    facts.kind = Kind::Traffic;
    facts.action = line.text(words);
    let word = words.strip_prefix(b"Local").unwrap_or(words);
    facts.verdict = match word {
        b"Allow" | b"Detect" | b"Remove" => Some(Verdict::Allowed),
        b"Block" | b"Deny" | b"Drop" => Some(Verdict::Denied),
        _ => None,
    };
    let row = Row::<21>::new(columns, b'|');
    if row.value(0).starts_with(b"type=") {
        for column in columns.split(|&b| b == b'|') {
            let Some((key, value)) = until(column, b'=') else { continue };
            match key {
                b"srcIP" => facts.source_ip = facts.source_ip.or_else(|| ip(value)),
                b"srcPort" => facts.source_port = facts.source_port.or_else(|| number(value)),
                b"dstIP" => facts.destination_ip = facts.destination_ip.or_else(|| ip(value)),
                b"dstPort" => facts.destination_port = facts.destination_port.or_else(|| number(value)),
                b"receivedBytes" => facts.destination_bytes = facts.destination_bytes.or_else(|| number(value)),
                b"sentBytes" => facts.source_bytes = facts.source_bytes.or_else(|| number(value)),
                b"user" if facts.user.is_empty() => user(line, value, facts),
                _ => {}
            }
        }
        return;
    }
    facts.source_ip = ip(row.value(SOURCE));
    facts.source_port = number(row.value(SOURCE_PORT));
    facts.destination_ip = ip(row.value(DESTINATION));
    facts.destination_port = number(row.value(DESTINATION_PORT));
    facts.destination_bytes = number(row.value(RECEIVED));
    facts.source_bytes = number(row.value(SENT));
    user(line, row.value(USER), facts);
}

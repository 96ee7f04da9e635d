//! WatchGuard Firebox (Fireware XTM 11 and 12).
//!
//! WatchGuard, "Fireware Log Message Catalog" (12.x): ids and texts. Two dresses: `firewall: msg_id="3000-0148" Allow …`, where flows
//! are positional and other messages plain text, and IBM LEEF with the text in `msg=`. The texts are the same in both.
//!
//! A login is `user@server`; where it holds a domain as well, `user@domain@server` or `DOMAIN\user@server`.

use std::net::IpAddr;

use memchr::{memchr_iter, memrchr};

use crate::atoms::{Leef, Pair, Pairs, cut, find, ip, number, rfind, says, seconds, trim, trim_start, until};
use crate::formats::Format;
use crate::{About, Dress, Escape, Facts, Kind, Line, Stamp, Stamps, Text, Verdict, stamp};

/// WatchGuard's line of the table of formats.
pub(super) const FORMAT: Format = Format {
    name: "watchguard",
    vendor: "WatchGuard",
    product: "Firebox",
    covers: "WatchGuard Firebox: mobile VPN sessions, logins, administration, branch office VPN, traffic; syslog and LEEF",
    dresses: &[Dress::Leef, Dress::Pairs, Dress::Words, Dress::Digits, Dress::Signs],
    looks_like,
    parse,
};

fn looks_like(line: &Line<'_>) -> bool {
    leef(line).is_some() || Native::read(line).is_some()
}

fn leef<'a>(line: &Line<'a>) -> Option<Leef<'a>> {
    line.leef().filter(|head| head.vendor == b"WatchGuard")
}

fn parse(line: &Line<'_>, stamps: &mut Stamps, facts: &mut Facts) -> Option<()> {
    let mut flow = Flow::default();
    if let Some(head) = leef(line) {
        facts.product = line.text(head.product);
        facts.action = line.text(head.event);
        head.pairs().for_each(|pair| flow.put(pair));
        facts.device = line.pair(if flow.host.value.is_empty() { flow.serial } else { flow.host });
        message(line, flow.message, facts);
    } else {
        let native = Native::read(line)?;
        if stamps.head(line.head.stamp) == Stamp::None {
            facts.stamp = stamps.body(native.stamp, stamp::any);
        }
        if line.head.host.is_empty() {
            facts.device = line.text(native.serial);
        }
        facts.action = line.text(native.id);
        if verdict(native.words().next().unwrap_or_default()).is_some() {
            flow.read(&native);
        } else {
            message(line, Pair { key: b"msg", value: native.text, escape: Escape::None }, facts);
        }
    }
    if facts.kind == Kind::Other && facts.about.is_none() {
        flow.fill(line, facts);
    }
    Some(())
}

/// `FVE0000000001 (2026-11-20T21:41:07) firewall: msg_id="3000-0148" Allow 1-Trusted 0-External 60 tcp 20 127 10.99.0.6 …`; the syslog
/// head may have taken what stands before the message.
struct Native<'a> {
    serial: &'a [u8],
    stamp: &'a [u8],
    id: &'a [u8],
    text: &'a [u8],
}

impl<'a> Native<'a> {
    fn read(line: &Line<'a>) -> Option<Native<'a>> {
        let Some(at) = find(cut(line.body, 160).0, b"msg_id=\"") else { return Native::without_id(line.body) };
        let (before, rest) = cut(line.body, at);
        let (id, text) = until(cut(rest, 8).1, b'"')?;
        let is_id = id.len() == 9 && memchr_iter(b'-', id).eq([4]) && id.iter().all(|b| b.is_ascii_hexdigit() || *b == b'-');
        if !is_id {
            return None;
        }
        let (serial, stamp) = match find(before, b" (") {
            Some(open) => (cut(before, open).0, until(cut(before, open + 2).1, b')').map_or(&[] as &[u8], |(stamp, _)| stamp)),
            None => (until(before, b' ').map_or(&[] as &[u8], |(serial, _)| serial), &[] as &[u8]),
        };
        let serial = serial.rsplit(|&b| b == b' ').next().unwrap_or_default();
        Some(Native { serial: if serial.ends_with(b":") { &[] } else { serial }, stamp, id, text: trim(text) })
    }

    /// `FVE0000000001 (2026-11-20T21:41:07) sessiond[2124]: text`: some programs give no id.
    fn without_id(body: &'a [u8]) -> Option<Native<'a>> {
        let (serial, rest) = until(body, b' ')?;
        let (stamp, rest) = until(rest.strip_prefix(b"(")?, b')')?;
        let (_, text) = cut(rest, find(cut(rest, 48).0, b": ")? + 2);
        let right = serial.len() == 13 && serial.iter().all(u8::is_ascii_alphanumeric) && stamp.len() == 19 && stamp::extent(stamp) == 19;
        right.then_some(Native { serial, stamp, id: &[], text: trim(text) })
    }

    fn words(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.text.split(|&b| b == b' ').filter(|word| !word.is_empty())
    }
}

fn verdict(word: &[u8]) -> Option<Verdict> {
    match word {
        b"Allow" | b"ProxyAllow" | b"Allowed" => Some(Verdict::Allowed),
        b"Deny" | b"ProxyDeny" | b"ProxyDrop" | b"ProxyBlock" | b"ProxyStrip" | b"Denied" | b"Drop" | b"Block" => Some(Verdict::Denied),
        _ => None,
    }
}

/// A flow through the device.
#[derive(Default)]
struct Flow<'a> {
    host: Pair<'a>,
    serial: Pair<'a>,
    message: Pair<'a>,
    disposition: Pair<'a>,
    user: Pair<'a>,
    country: Pair<'a>,
    source: Option<IpAddr>,
    source_port: Option<u16>,
    destination: Option<IpAddr>,
    destination_port: Option<u16>,
    sent: Option<u64>,
    received: Option<u64>,
    duration: Option<u64>,
}

impl<'a> Flow<'a> {
    fn put(&mut self, pair: Pair<'a>) {
        let first = |field: &mut Pair<'a>| {
            if field.key.is_empty() {
                *field = pair;
            }
        };
        match pair.key {
            b"host_name" => first(&mut self.host),
            b"serial" => first(&mut self.serial),
            b"msg" => first(&mut self.message),
            b"disp" => first(&mut self.disposition),
            b"src_user" | b"user" => first(&mut self.user),
            b"geo_src" => first(&mut self.country),
            b"src" => self.source = self.source.or_else(|| ip(pair.value)),
            b"srcPort" => self.source_port = self.source_port.or_else(|| number(pair.value)),
            b"dst" => self.destination = self.destination.or_else(|| ip(pair.value)),
            b"dstPort" => self.destination_port = self.destination_port.or_else(|| number(pair.value)),
            b"sent_bytes" => self.sent = self.sent.or_else(|| number(pair.value)),
            b"rcvd_bytes" => self.received = self.received.or_else(|| number(pair.value)),
            b"duration" | b"elapsed_time" => {
                let amount = until(pair.value, b' ').map_or(pair.value, |(amount, _)| amount);
                self.duration = self.duration.or_else(|| seconds(amount));
            }
            _ => {}
        }
    }

    /// `Deny 0-External Firebox 52 tcp 20 57 198.51.100.99 192.0.2.1 38444 443 offset 8 S 18 win 8192 geo_src="USA"  (Unhandled-00)`:
    /// interfaces have any name, the addresses stand one behind the other, the ports behind them.
    fn read(&mut self, native: &Native<'a>) {
        let mut words = native.words();
        self.disposition = Pair { key: b"disp", value: words.next().unwrap_or_default(), escape: Escape::None };
        let mut icmp = false;
        let mut previous = None;
        for word in words.by_ref() {
            icmp |= word == b"icmp";
            let address = ip(word);
            if let (Some(source), Some(destination)) = (previous, address) {
                (self.source, self.destination) = (Some(source), Some(destination));
                break;
            }
            previous = address;
        }
        if !icmp {
            let port = |word: Option<&[u8]>| word.and_then(number);
            (self.source_port, self.destination_port) = (port(words.next()), port(words.next()));
        }
        let fields = find(native.text, b"=\"")
            .and_then(|at| memrchr(b' ', cut(native.text, at).0))
            .map_or(&[] as &[u8], |at| cut(native.text, at).1);
        Pairs::new(fields).filter(|pair| !matches!(pair.key, b"src" | b"dst")).for_each(|pair| self.put(pair));
    }

    fn fill(&self, line: &Line<'a>, facts: &mut Facts) {
        facts.verdict = verdict(self.disposition.value);
        facts.source_ip = facts.source_ip.or(self.source);
        facts.source_port = self.source_port;
        facts.destination_ip = self.destination;
        facts.destination_port = self.destination_port;
        if facts.verdict.is_some() && (facts.source_ip.is_some() || facts.destination_ip.is_some()) {
            facts.kind = Kind::Traffic;
            (facts.source_bytes, facts.destination_bytes, facts.duration) = (self.sent, self.received, self.duration);
        }
        facts.country = line.pair(self.country);
        if facts.user.is_empty() {
            login(line, self.user.value, facts);
        }
    }
}

/// The texts of logins, tunnels and administration.
fn message<'a>(line: &Line<'a>, said: Pair<'a>, facts: &mut Facts) {
    let text = said.value;
    if authentication(line, text, facts) || session(line, text, facts) || ssl_client(line, text, facts) {
        return;
    }
    let any = |words: &[&[u8]]| words.iter().any(|words| says(text, words));
    if any(&[b"tunnel"]) && any(&[b"established", b"is up", b" down", b"deleted", b"terminated"]) {
        facts.peer = after(text, b"<->").or_else(|| after(text, b"emote")).or_else(|| after(text, b"peer"));
        facts.source_ip = facts.peer;
        facts.kind = match () {
            () if facts.peer.is_none() || any(&[b"fail", b"error", b"rekey"]) => Kind::Other,
            () if any(&[b"established", b"is up"]) => Kind::SessionStart,
            () => Kind::SessionEnd,
        };
    } else if any(&[b"configuration"]) && any(&[b"changed", b"updated", b"modified", b"saved", b"imported", b"restored"]) {
        facts.about = Some(About::Configuration);
        facts.target = line.text(text);
        if let Some(rest) = rfind(text, b" by ").map(|at| cut(text, at + 4).1) {
            login(line, until(rest, b' ').map_or(rest, |(name, _)| name).strip_suffix(b".").unwrap_or(rest), facts);
        }
        facts.source_ip = after(text, b" from ");
    } else if any(&[b"system boot", b"system startup", b"has rebooted", b"is rebooting", b"reboot requested", b"device rebooted"]) {
        facts.about = Some(About::Restart);
    }
}

/// `Authentication of SSLVPN user [fourn.chimere@Firebox-DB] from 198.51.100.23 was rejected, password is incorrect`
fn authentication<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) -> bool {
    let Some(rest) = text.strip_prefix(b"Authentication of ") else { return false };
    // Names may hold what stands behind a name: the last place counts.
    let Some(end) = rfind(rest, b"] from ") else { return false };
    let (before, after) = cut(rest, end);
    let after = cut(after, 7).1;
    let (address, outcome) = until(after, b' ').unwrap_or((after, &[]));
    let (kind, name) = find(before, b" user [").map_or((&[] as &[u8], before), |at| (cut(before, at).0, cut(before, at + 7).1));
    login(line, name, facts);
    facts.group = line.text(kind);
    facts.source_ip = ip(address);
    facts.kind = match () {
        () if says(outcome, b"accepted") || says(outcome, b"success") => Kind::LoginSuccess,
        () if says(outcome, b"rejected") || says(outcome, b"denied") || says(outcome, b"fail") => Kind::LoginFailure,
        () => Kind::Other,
    };
    if facts.kind == Kind::LoginFailure {
        facts.reason = reason(line, outcome, b", ");
    }
    true
}

/// `SSL VPN user fourn.chimere@ght.example@radius from 198.51.100.23 logged in assigned virtual IP is 10.99.0.6`,
/// `WebUI User claire@Firebox-DB from 10.1.0.4 log in attempt was rejected - invalid credentials or user doesn't exist.`
fn session<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) -> bool {
    let Some(at) = rfind(text, b" from ") else { return false };
    let (before, rest) = cut(text, at);
    let rest = cut(rest, 6).1;
    let (address, verb) = until(rest, b' ').unwrap_or((rest, &[]));
    let (Some(address), Some(user)) = (ip(address), find(before, b"ser ").filter(|&at| at < 40)) else { return false };
    let virtual_ip = find(verb, b"virtual IP").and_then(|at| last_ip(cut(verb, at).1));
    let tunnel = virtual_ip.is_some();
    facts.kind = match () {
        () if says(verb, b"rejected") || says(verb, b"denied") || says(verb, b"failed") => Kind::LoginFailure,
        () if verb.starts_with(b"logged in") && tunnel => Kind::SessionStart,
        () if verb.starts_with(b"logged in") => Kind::LoginSuccess,
        () if verb.starts_with(b"logged out") && tunnel => Kind::SessionEnd,
        () if verb.starts_with(b"logged out") => Kind::Logout,
        () if tunnel && says(verb, b"disconnected") => Kind::SessionEnd,
        () => return false,
    };
    let (kind, name) = cut(before, user);
    login(line, cut(name, 4).1, facts);
    facts.group = line.text(trim(kind.strip_suffix(b"U").or_else(|| kind.strip_suffix(b"u")).unwrap_or(kind)));
    facts.source_ip = Some(address);
    facts.assigned_ip = virtual_ip;
    if facts.kind == Kind::LoginFailure {
        facts.reason = reason(line, verb, b" - ");
    }
    true
}

/// `Mobile VPN with SSL user fourn.chimere logged in. Virtual IP address is 10.99.0.6. Real IP address is 198.51.100.23.`
fn ssl_client<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) -> bool {
    let Some((name, rest)) = text.strip_prefix(b"Mobile VPN with SSL user ").and_then(|rest| Some(cut(rest, rfind(rest, b" logged ")?)))
    else {
        return false;
    };
    facts.kind = if rest.starts_with(b" logged out") { Kind::SessionEnd } else { Kind::SessionStart };
    login(line, name, facts);
    facts.assigned_ip = after(rest, b"Virtual IP address is ");
    facts.source_ip = after(rest, b"Real IP address is ");
    true
}

/// Takes the server off a login that has a domain as well.
fn login<'a>(line: &Line<'a>, name: &'a [u8], facts: &mut Facts) {
    let name = trim(name);
    let domained = memchr_iter(b'@', name).count() > 1 || name.contains(&b'\\');
    let server = if domained { memrchr(b'@', name) } else { None };
    let name = server.map_or(name, |at| cut(name, at).0);
    if name.is_empty() || name.starts_with(b"<missing") {
        return;
    }
    line.login(name, Escape::None, facts);
}

/// What stands behind `mark`, without the full stop; all of it where there is no `mark`.
fn reason<'a>(line: &Line<'a>, text: &'a [u8], mark: &[u8]) -> Text {
    let reason = find(text, mark).map_or(text, |at| cut(text, at + mark.len()).1);
    let reason = trim(reason);
    line.text(reason.strip_suffix(b".").unwrap_or(reason))
}

/// The first address behind the last `mark`.
fn after(text: &[u8], mark: &[u8]) -> Option<IpAddr> {
    let rest = cut(text, rfind(text, mark)? + mark.len()).1;
    words(rest).take(4).find_map(ip)
}

fn last_ip(text: &[u8]) -> Option<IpAddr> {
    words(text).filter_map(ip).last().filter(|ip| !ip.is_unspecified())
}

/// Words without what stands around addresses.
fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    trim_start(text).split(|&b| matches!(b, b' ' | b',' | b'(' | b')' | b'\'' | b'[' | b']' | b'=')).map(|word| {
        let word = word.strip_suffix(b".").unwrap_or(word);
        // `198.51.100.23:500`
        if memchr_iter(b':', word).count() == 1 { until(word, b':').map_or(word, |(address, _)| address) } else { word }
    })
}

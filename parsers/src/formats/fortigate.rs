//! Fortinet FortiGate (FortiOS 5 to 7), and FortiAuthenticator, which writes in the same dress.
//!
//! `key=value`, quoted or bare, set apart by blanks or commas; or CEF in three dialects. Fortinet,
//! "FortiOS Log Message Reference"; "Fortinet Document Library: CEF support".
//!
//! FortiOS does not escape quotes in what a user typed, so a login name may hold whole fields
//! (`user="x" action="tunnel-up" …`). What the device writes before the name stands; of what stands behind
//! it, nothing counts as soon as one key has two values.

use std::net::IpAddr;
use std::sync::LazyLock;

use memchr::memchr2;
use memchr::memmem::Finder;

use crate::atoms::{Extension, Pair, Pairs, between, cut, ip, number, split_login, trim, until};
use crate::stamp::{self, Civil};
use crate::{Facts, Format, Kind, Line, Stamp, Stamps, Text, Verdict};

/// The format's line in [`crate::FORMATS`].
pub(super) const FORMAT: Format = Format {
    name: "fortigate",
    vendor: "Fortinet",
    product: "FortiGate",
    covers: "FortiGate VPN (SSL, IPsec), administrator and user logins, traffic; key=value, CSV and CEF; FortiAuthenticator logins",
    looks_like,
    parse,
};

static DESTINATION: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b" dstip="));
static USER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b" user="));

/// Bytes within which every FortiOS writes `logid=` and `type=`.
const PREFIX: usize = 400;

fn looks_like(line: &Line<'_>) -> bool {
    // `date=2026-03-02 time=00:00:08 devname=`, as nearly all lines begin.
    if let Some(rest) = line.body.strip_prefix(b"date=").and_then(|rest| rest.get(10..)?.strip_prefix(b" time="))
        && rest.get(8..).is_some_and(|rest| rest.starts_with(b" devname="))
    {
        return true;
    }
    let (start, _) = cut(line.body, PREFIX);
    if !start.first().is_some_and(u8::is_ascii_alphanumeric) {
        return false;
    }
    if cef(start).is_some() {
        return true;
    }
    let Some((word, _)) = until(cut(start, 16).0, b'=') else { return false };
    if word == b"id" || !word.iter().all(|&b| b.is_ascii_lowercase() || b == b'_') {
        return false;
    }
    let (mut product, mut kind) = (false, false);
    for pair in Pairs::new(start) {
        match pair.key {
            b"logid" | b"devid" | b"logdesc" | b"device_id" | b"faclogindex" => product = true,
            b"type" | b"typeid" => kind = true,
            // Sophos XG begins alike.
            b"log_component" | b"timezone" => return false,
            b"category" if pair.value == b"Event" => product = true,
            _ => {}
        }
    }
    product && kind
}

/// The extension of `CEF:0|Fortinet|Fortigate|v7.4.9|00013|traffic:forward close|3|deviceExternalId=…`, its head maybe cut.
fn cef(body: &[u8]) -> Option<&[u8]> {
    let rest = body.strip_prefix(b"CEF:").unwrap_or(body);
    let mut rest = rest.strip_prefix(b" ").unwrap_or(rest).strip_prefix(b"0|Fortinet|Forti")?;
    for _ in 0..5 {
        rest = until(rest, b'|')?.1;
    }
    Some(rest)
}

fn parse(line: &Line<'_>, _: &mut Stamps, facts: &mut Facts) -> Option<()> {
    if !line.interest.is_everything() && no_concern(line, facts).is_some() {
        return Some(());
    }
    let mut fields = Fields::default();
    if let Some(extension) = cef(line.body) {
        Extension::new(extension).for_each(|pair| fields.put_cef(pair));
    } else {
        let mut pairs = Pairs::new(line.body);
        while let Some(pair) = pairs.next() {
            fields.put(pair);
            fields.tail = trim(pairs.rest());
        }
    }
    // Only who asks to be let in can choose the name; elsewhere a key may well come twice.
    fields.torn &= matches!(fields.kind, None | Some((Pair { value: b"event" | b"Event", .. }, _)));
    // A line cut before it says what it is about.
    fields.kind.or(fields.action)?;
    fields.fill(line, facts);
    Some(())
}

/// Settles traffic that concerns no supplier without reading it whole. `None`: read on.
///
/// `date=2026-03-02 time=00:00:08 devname="fgt-1" devid="FG100F" eventtime=1772409608807048830 tz="+0100"
/// logid="0000000013" type="traffic" subtype="forward" level="notice" vd="root" srcip=10.12.33.9 … dstip=10.10.4.2 … user="…"`
///
/// Up to the source the fields are taken one by one, in the order that `FortiOS` keeps; the two others are searched for,
/// and a key that stands inside quotes is none.
fn no_concern(line: &Line<'_>, facts: &mut Facts) -> Option<()> {
    let mut text = line.body;
    take(&mut text, b"date=")?;
    take(&mut text, b"time=")?;
    let device = take(&mut text, b"devname=").unwrap_or_default();
    take(&mut text, b"devid=");
    let mut event_time = take(&mut text, b"eventtime=");
    take(&mut text, b"tz=");
    take(&mut text, b"logid=")?;
    if take(&mut text, b"type=")? != b"traffic" {
        return None;
    }
    take(&mut text, b"subtype=")?;
    take(&mut text, b"level=");
    take(&mut text, b"vd=");
    if event_time.is_none() {
        event_time = take(&mut text, b"eventtime=");
        take(&mut text, b"tz=");
    }
    let source = take(&mut text, b"srcip=")?;
    let mut rest = text.get(found_outside_quotes(&DESTINATION, text)??..)?;
    let destination = take(&mut rest, b" dstip=")?;
    let user = match found_outside_quotes(&USER, text)? {
        Some(at) => take(&mut text.get(at..)?, b" user=")?,
        None => &[],
    };
    if line.interest.flow(ip(source), ip(destination), split_login(given(user)).0) {
        return None;
    }
    let stamp = stamp::epoch(event_time?);
    if stamp == Stamp::None || device.is_empty() {
        return None;
    }
    facts.stamp = stamp;
    facts.device = line.text(device);
    facts.kind = Kind::Traffic;
    facts.no_concern = true;
    Some(())
}

/// The value of the pair that `text` begins with, if its key is `key` (with the `=`); `text` goes on behind it.
/// A value with a backslash is left to the tokeniser.
fn take<'a>(text: &mut &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let (value, rest) = match text.strip_prefix(key)? {
        [b'"', rest @ ..] => {
            let (value, rest) = cut(rest, memchr2(b'"', b'\\', rest)?);
            (value, rest.strip_prefix(b"\" ")?)
        }
        rest => until(rest, b' ')?,
    };
    *text = rest;
    Some(value)
}

/// Where `key` is first found: `Some(None)` if nowhere, `None` if inside quotes (or so it seems).
fn found_outside_quotes(key: &Finder<'_>, text: &[u8]) -> Option<Option<usize>> {
    let Some(at) = key.find(text) else { return Some(None) };
    let even = cut(text, at).0.iter().fold(true, |even, &b| even ^ (b == b'"'));
    even.then_some(Some(at))
}

/// A value that means something: the device writes `N/A`, `(null)` and `none` for nothing.
fn given(value: &[u8]) -> &[u8] {
    if matches!(value, b"N/A" | b"n/a" | b"(null)" | b"none" | b"-") { &[] } else { value }
}

/// A value, and whether it stands behind the user's name.
type Field<'a> = Option<(Pair<'a>, bool)>;

/// The fields that matter, each as it came first.
#[derive(Default)]
struct Fields<'a> {
    date: Field<'a>,
    time: Field<'a>,
    tz: Field<'a>,
    event_time: Field<'a>,
    start: Field<'a>,
    timestamp: Field<'a>,
    device_name: Field<'a>,
    device_id: Field<'a>,
    log_id: Field<'a>,
    kind: Field<'a>,
    description: Field<'a>,
    action: Field<'a>,
    status: Field<'a>,
    user: Field<'a>,
    other_user: Field<'a>,
    xauth_user: Field<'a>,
    group: Field<'a>,
    xauth_group: Field<'a>,
    remote: Field<'a>,
    source: Field<'a>,
    source_port: Field<'a>,
    user_ip: Field<'a>,
    ui: Field<'a>,
    destination: Field<'a>,
    destination_port: Field<'a>,
    tunnel_ip: Field<'a>,
    assigned_ip: Field<'a>,
    tunnel_id: Field<'a>,
    tunnel_type: Field<'a>,
    sent: Field<'a>,
    received: Field<'a>,
    sent_delta: Field<'a>,
    received_delta: Field<'a>,
    duration: Field<'a>,
    reason: Field<'a>,
    message: Field<'a>,
    path: Field<'a>,
    nas: Field<'a>,
    /// What stands behind the last pair.
    tail: &'a [u8],
    /// One key has two values.
    torn: bool,
}

impl<'a> Fields<'a> {
    fn put(&mut self, pair: Pair<'a>) {
        let late = self.user.is_some();
        let field = match pair.key {
            b"date" => &mut self.date,
            b"time" => &mut self.time,
            b"tz" => &mut self.tz,
            b"eventtime" => &mut self.event_time,
            b"start" => &mut self.start,
            b"timestamp" => &mut self.timestamp,
            b"devname" | b"dvchost" => &mut self.device_name,
            b"devid" | b"device_id" | b"deviceExternalId" => &mut self.device_id,
            b"logid" | b"log_id" => &mut self.log_id,
            b"type" | b"category" => &mut self.kind,
            b"logdesc" => &mut self.description,
            b"action" | b"act" => &mut self.action,
            b"status" | b"outcome" => &mut self.status,
            b"user" | b"duser" => &mut self.user,
            b"suser" => &mut self.other_user,
            b"xauthuser" => &mut self.xauth_user,
            b"group" => &mut self.group,
            b"xauthgroup" => &mut self.xauth_group,
            b"remip" => &mut self.remote,
            b"srcip" | b"src" => &mut self.source,
            b"srcport" | b"src_port" | b"spt" => &mut self.source_port,
            b"userip" => &mut self.user_ip,
            b"ui" | b"sproc" => &mut self.ui,
            b"dstip" | b"dst" => &mut self.destination,
            b"dstport" | b"dst_port" | b"dpt" => &mut self.destination_port,
            b"tunnelip" => &mut self.tunnel_ip,
            b"assignip" => &mut self.assigned_ip,
            b"tunnelid" => &mut self.tunnel_id,
            b"tunneltype" => &mut self.tunnel_type,
            b"sentbyte" | b"sent" => &mut self.sent,
            b"rcvdbyte" | b"rcvd" => &mut self.received,
            b"sentdelta" => &mut self.sent_delta,
            b"rcvddelta" => &mut self.received_delta,
            b"duration" => &mut self.duration,
            b"reason" => &mut self.reason,
            b"msg" => &mut self.message,
            b"cfgpath" => &mut self.path,
            b"nas" => &mut self.nas,
            _ => return,
        };
        match field {
            None => *field = Some((pair, late)),
            Some((first, _)) => self.torn |= first.value != pair.value && pair.key != b"tz",
        }
    }

    /// `FTNTFGTtunnelid=…`, `FortinetFortiGatetunnelid=…` and `ad.tunnelid=…` are all `tunnelid`.
    fn put_cef(&mut self, pair: Pair<'a>) {
        let own = [b"FTNTFGT".as_slice(), b"FortinetFortiGate", b"ad."].into_iter().find_map(|prefix| pair.key.strip_prefix(prefix));
        match (own, pair.key) {
            (Some(key), _) => self.put(Pair { key, ..pair }),
            (None, b"cat") => {
                // `event:vpn`
                let (kind, _) = until(pair.value, b':').unwrap_or((pair.value, &[]));
                self.put(Pair { key: b"type", value: kind, ..pair });
            }
            (None, b"out") => self.put(Pair { key: b"sentbyte", ..pair }),
            (None, b"in") => self.put(Pair { key: b"rcvdbyte", ..pair }),
            (None, _) => self.put(pair),
        }
    }

    /// The pair of a field that counts: given, and not behind a name that tore the line.
    fn pair(&self, field: Field<'a>) -> Option<Pair<'a>> {
        field.filter(|(pair, late)| !(self.torn && *late) && !given(pair.value).is_empty()).map(|(pair, _)| pair)
    }

    fn value(&self, field: Field<'a>) -> &'a [u8] {
        self.pair(field).map_or(&[], |pair| pair.value)
    }

    fn number<N: TryFrom<u64>>(&self, field: Field<'a>) -> Option<N> {
        number(self.value(field))
    }

    fn ip(&self, field: Field<'a>) -> Option<IpAddr> {
        ip(self.value(field)).filter(|ip| !ip.is_unspecified())
    }

    fn text(&self, line: &Line<'a>, field: Field<'a>) -> Text {
        self.pair(field).map_or(Text::default(), |pair| line.escaped(pair.value, pair.escape))
    }

    fn fill(&self, line: &Line<'a>, facts: &mut Facts) {
        facts.stamp = self.stamp();
        facts.device = self.text(line, if self.pair(self.device_name).is_some() { self.device_name } else { self.device_id });
        facts.action = self.text(line, self.action);
        let login = [self.xauth_user, self.user, self.other_user].into_iter().find_map(|field| self.pair(field)).unwrap_or_default();
        let (user, domain) = split_login(login.value);
        facts.user = line.escaped(user, login.escape);
        facts.domain = line.escaped(domain, login.escape);
        facts.group = self.text(line, if self.pair(self.group).is_some() { self.group } else { self.xauth_group });
        let ui = || between(self.value(self.ui), b"(", b")").or(Some(self.value(self.ui))).and_then(ip);
        facts.source_ip = self.ip(self.remote).or(self.ip(self.source)).or(self.ip(self.user_ip)).or_else(ui);
        facts.source_port = self.number(self.source_port);
        facts.destination_ip = self.ip(self.destination);
        facts.destination_port = self.number(self.destination_port);
        facts.duration = self.number::<u64>(self.duration).and_then(|seconds| seconds.checked_mul(1_000_000_000));
        match self.value(self.kind) {
            b"traffic" => self.traffic(facts),
            b"event" | b"Event" | b"" => self.event(line, facts),
            _ => {}
        }
    }

    fn traffic(&self, facts: &mut Facts) {
        facts.kind = Kind::Traffic;
        facts.verdict = match self.value(self.action) {
            b"accept" | b"close" | b"timeout" | b"client-rst" | b"server-rst" | b"start" | b"pass" | b"passthrough" => {
                Some(Verdict::Allowed)
            }
            b"deny" | b"block" | b"blocked" | b"drop" | b"dropped" | b"reset" => Some(Verdict::Denied),
            // `ip-conn` and `dns` are connections that failed, though the policy let them.
            _ => None,
        };
        // A long session tells its totals again and again (log id 20): the part since the last line can be summed.
        facts.source_bytes = self.number(self.sent_delta).or_else(|| self.number(self.sent));
        facts.destination_bytes = self.number(self.received_delta).or_else(|| self.number(self.received));
    }

    fn event(&self, line: &Line<'a>, facts: &mut Facts) {
        facts.kind = self.kind(!facts.user.is_empty());
        facts.reason = match facts.kind {
            Kind::LoginSuccess | Kind::SessionStart => Text::default(),
            _ if self.pair(self.reason).is_some() => self.text(line, self.reason),
            // What was changed: `user.local`, `log.syslogd.setting`.
            _ if self.pair(self.path).is_some() => self.text(line, self.path),
            Kind::LoginFailure => self.pair(self.message).map_or(line.text(self.tail), |pair| line.escaped(pair.value, pair.escape)),
            _ => Text::default(),
        };
        if facts.kind == Kind::SessionStart {
            facts.duration = None;
        } else {
            // The gateway's view: what it received, the remote user sent.
            facts.source_bytes = self.number(self.received);
            facts.destination_bytes = self.number(self.sent);
        }
        facts.assigned_ip = self.ip(self.tunnel_ip).or(self.ip(self.assigned_ip));
        if self.value(self.tunnel_id) != b"0" {
            facts.session = self.text(line, self.tunnel_id);
        }
        let tunnel = matches!(facts.kind, Kind::SessionStart | Kind::SessionEnd);
        if tunnel && facts.user.is_empty() && self.value(self.tunnel_type).starts_with(b"ipsec") {
            facts.peer = facts.source_ip;
        }
        if facts.kind == Kind::LoginSuccess && self.nas.is_some() {
            facts.mfa = self.second_factor();
        }
    }

    /// What a login, tunnel or other event is, by its number, else by its words.
    fn kind(&self, has_user: bool) -> Kind {
        let by_number = match self.value(self.log_id) {
            [b'0', b'1', _, _, b'0', id @ ..] => match id {
                b"32001" | b"43008" | b"43039" => Some(Kind::LoginSuccess),
                b"32002" | b"32021" | b"39426" | b"43009" | b"43010" => Some(Kind::LoginFailure),
                b"32003" | b"43040" => Some(Kind::Logout),
                b"39424" | b"39947" => Some(Kind::SessionStart),
                b"39425" | b"39948" => Some(Kind::SessionEnd),
                _ => None,
            },
            _ => None,
        };
        if let Some(kind) = by_number {
            return kind;
        }
        let description = self.value(self.description);
        let says = |word: &[u8]| description.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word));
        let outcome = || match self.value(self.status).to_ascii_lowercase().as_slice() {
            _ if says(b"fail") => Kind::LoginFailure,
            b"success" | b"succeeded" => Kind::LoginSuccess,
            b"failed" | b"failure" | b"fail" | b"denied" | b"lockout" => Kind::LoginFailure,
            b"timed_out" => Kind::Logout,
            b"" if says(b"success") => Kind::LoginSuccess,
            _ => Kind::Other,
        };
        match self.value(self.action).to_ascii_lowercase().as_slice() {
            b"ssl-login-fail" => Kind::LoginFailure,
            b"tunnel-up" => Kind::SessionStart,
            b"tunnel-down" => Kind::SessionEnd,
            b"login" | b"authentication" => outcome(),
            b"auth-logon" => Kind::LoginSuccess,
            b"auth-logout" | b"logout" => Kind::Logout,
            // IPsec: a named user whose negotiation failed gave wrong credentials.
            b"negotiate" if has_user && self.value(self.status).starts_with(b"fail") => Kind::LoginFailure,
            // A name tore the line, and the outcome stood behind it: nobody is let in by that.
            b"" if self.torn && says(b"login") => Kind::LoginFailure,
            _ => Kind::Other,
        }
    }

    /// FortiAuthenticator tells of the second factor in its message: `with no token`, `with FortiToken`.
    fn second_factor(&self) -> Option<bool> {
        let message = if self.value(self.message).is_empty() { self.tail } else { self.value(self.message) };
        let says = |words: &[u8]| message.windows(words.len()).any(|part| part.eq_ignore_ascii_case(words));
        if says(b"with no token") { Some(false) } else { says(b"token").then_some(true) }
    }

    fn stamp(&self) -> Stamp {
        let event_time = stamp::epoch(self.value(self.event_time));
        if event_time != Stamp::None {
            return event_time;
        }
        let offset = zone(self.value(self.tz));
        if let Some(civil) = civil(self.value(self.date), self.value(self.time)) {
            return Civil { offset, ..civil }.stamp();
        }
        match stamp::any(self.value(self.start)) {
            Stamp::None => stamp::epoch(self.value(self.timestamp)),
            start => start,
        }
    }
}

/// `2026-03-02`, `00:00:08`
fn civil(date: &[u8], time: &[u8]) -> Option<Civil> {
    let (year, rest) = until(date, b'-')?;
    let (month, day) = until(rest, b'-')?;
    let (hour, rest) = until(time, b':')?;
    let (minute, second) = until(rest, b':')?;
    Some(Civil {
        year: Some(i32::from(number::<u16>(year)?)),
        month: number(month)?,
        day: number(day)?,
        hour: number(hour)?,
        minute: number(minute)?,
        second: number(second)?,
        ..Civil::default()
    })
}

/// `+0100`, `-07:00`, `UTC+2`, `GMT`
fn zone(text: &[u8]) -> Option<i32> {
    let name = text.strip_prefix(b"UTC").or(text.strip_prefix(b"GMT"));
    let (sign, digits) = match name.unwrap_or(text) {
        [b'+', digits @ ..] => (1, digits),
        [b'-', digits @ ..] => (-1, digits),
        [] => return name.map(|_| 0),
        _ => return None,
    };
    let (hours, minutes) = match digits {
        [_] | [_, _] => (digits, b"0".as_slice()),
        [_, _, b':', minutes @ ..] | [_, _, minutes @ ..] => (cut(digits, 2).0, minutes),
        [] => return None,
    };
    Some(sign * (i32::from(number::<u8>(hours)?) * 3600 + i32::from(number::<u8>(minutes)?) * 60))
}

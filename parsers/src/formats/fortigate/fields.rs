//! The fields of a line, and what they mean.

use std::net::IpAddr;

use super::given;
use crate::atoms::{Pair, between, cut, ip, number, split_login, until};
use crate::stamp::{self, Civil};
use crate::{Facts, Kind, Line, Stamp, Text, Verdict};

/// A value, and whether it stands behind the user's name.
type Field<'a> = Option<(Pair<'a>, bool)>;

/// The fields that matter, each as it came first.
#[derive(Default)]
pub(super) struct Fields<'a> {
    date: Field<'a>,
    time: Field<'a>,
    tz: Field<'a>,
    event_time: Field<'a>,
    start: Field<'a>,
    timestamp: Field<'a>,
    device_name: Field<'a>,
    device_id: Field<'a>,
    pub(super) log_id: Field<'a>,
    pub(super) kind: Field<'a>,
    pub(super) description: Field<'a>,
    pub(super) action: Field<'a>,
    pub(super) status: Field<'a>,
    pub(super) user: Field<'a>,
    other_user: Field<'a>,
    pub(super) xauth_user: Field<'a>,
    pub(super) group: Field<'a>,
    xauth_group: Field<'a>,
    pub(super) remote: Field<'a>,
    pub(super) source: Field<'a>,
    source_port: Field<'a>,
    remote_port: Field<'a>,
    user_ip: Field<'a>,
    ui: Field<'a>,
    destination: Field<'a>,
    destination_port: Field<'a>,
    pub(super) tunnel_ip: Field<'a>,
    pub(super) assigned_ip: Field<'a>,
    pub(super) tunnel_id: Field<'a>,
    pub(super) tunnel_type: Field<'a>,
    pub(super) sent: Field<'a>,
    pub(super) received: Field<'a>,
    sent_delta: Field<'a>,
    received_delta: Field<'a>,
    duration: Field<'a>,
    pub(super) reason: Field<'a>,
    pub(super) message: Field<'a>,
    pub(super) path: Field<'a>,
    pub(super) module: Field<'a>,
    pub(super) object: Field<'a>,
    country: Field<'a>,
    client: Field<'a>,
    pub(super) name: Field<'a>,
    pub(super) endpoint: Field<'a>,
    pub(super) subtype: Field<'a>,
    pub(super) mode: Field<'a>,
    pub(super) result: Field<'a>,
    /// One key has two values.
    pub(super) torn: bool,
}

impl<'a> Fields<'a> {
    /// Takes up a pair; of a key that comes again the first value stands.
    pub(super) fn put(&mut self, pair: Pair<'a>) {
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
            b"type" => &mut self.kind,
            b"logdesc" => &mut self.description,
            b"action" | b"act" => &mut self.action,
            b"status" | b"outcome" => &mut self.status,
            b"user" | b"duser" => &mut self.user,
            b"suser" | b"useralt" => &mut self.other_user,
            b"xauthuser" | b"xauth_user" => &mut self.xauth_user,
            b"group" => &mut self.group,
            b"xauthgroup" | b"xauth_group" => &mut self.xauth_group,
            b"remip" | b"remote_ip" | b"rem_ip" => &mut self.remote,
            b"srcip" | b"src" => &mut self.source,
            b"srcport" | b"src_port" | b"spt" => &mut self.source_port,
            b"remport" | b"rem_port" => &mut self.remote_port,
            b"userip" => &mut self.user_ip,
            b"ui" | b"sproc" => &mut self.ui,
            b"dstip" | b"dst" => &mut self.destination,
            b"dstport" | b"dst_port" | b"dpt" => &mut self.destination_port,
            b"tunnelip" | b"tunnel_ip" => &mut self.tunnel_ip,
            b"assignip" | b"assigned_ip" => &mut self.assigned_ip,
            b"tunnelid" | b"tunnel_id" => &mut self.tunnel_id,
            b"tunneltype" | b"tunnel_type" => &mut self.tunnel_type,
            b"sentbyte" | b"sent" => &mut self.sent,
            b"rcvdbyte" | b"rcvd" => &mut self.received,
            b"sentdelta" => &mut self.sent_delta,
            b"rcvddelta" => &mut self.received_delta,
            b"duration" => &mut self.duration,
            b"reason" => &mut self.reason,
            b"msg" => &mut self.message,
            b"cfgpath" | b"cfg_path" => &mut self.path,
            b"module" => &mut self.module,
            b"cfgobj" | b"cfg_obj" => &mut self.object,
            b"srccountry" => &mut self.country,
            b"srcname" | b"shost" => &mut self.client,
            b"name" => &mut self.name,
            b"ip" => &mut self.endpoint,
            b"subtype" => &mut self.subtype,
            b"mode" => &mut self.mode,
            b"result" => &mut self.result,
            _ => return,
        };
        match field {
            None => *field = Some((pair, late)),
            Some((first, _)) => self.torn |= first.value != pair.value && pair.key != b"tz",
        }
    }

    /// `FTNTFGTtunnelid=…`, `FortinetFortiGatetunnelid=…` and `ad.tunnelid=…` are all `tunnelid`.
    pub(super) fn put_cef(&mut self, pair: Pair<'a>) {
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
    pub(super) fn pair(&self, field: Field<'a>) -> Option<Pair<'a>> {
        field.filter(|(pair, late)| !(self.torn && *late || given(pair.value).is_empty())).map(|(pair, _)| pair)
    }

    pub(super) fn value(&self, field: Field<'a>) -> &'a [u8] {
        self.pair(field).map_or(&[], |pair| pair.value)
    }

    pub(super) fn number<N: TryFrom<u64>>(&self, field: Field<'a>) -> Option<N> {
        number(self.value(field))
    }

    pub(super) fn ip(&self, field: Field<'a>) -> Option<IpAddr> {
        ip(self.value(field)).filter(|ip| !ip.is_unspecified())
    }

    pub(super) fn text(&self, line: &Line<'a>, field: Field<'a>) -> Text {
        self.pair(field).map_or(Text::default(), |pair| line.escaped(pair.value, pair.escape))
    }

    /// Turns the fields into facts.
    pub(super) fn fill(&self, line: &Line<'a>, facts: &mut Facts) {
        facts.stamp = self.stamp();
        facts.device = self.text(line, if self.pair(self.device_name).is_some() { self.device_name } else { self.device_id });
        facts.action = self.text(line, self.action);
        // IPsec has the peer's address for a user where nobody logs in.
        let person = |field| self.pair(field).filter(|pair| ip(pair.value).is_none());
        let login = [self.xauth_user, self.user, self.other_user].into_iter().find_map(person).unwrap_or_default();
        let (user, domain) = split_login(login.value, login.escape);
        facts.user = line.escaped(user, login.escape);
        facts.domain = line.escaped(domain, login.escape);
        facts.group = self.text(line, if self.pair(self.group).is_some() { self.group } else { self.xauth_group });
        // `jsconsole(127.0.0.1)` is the console in the device's own pages.
        let ui = || between(self.value(self.ui), b"(", b")").or(Some(self.value(self.ui))).and_then(ip).filter(|ip| !ip.is_loopback());
        facts.source_ip = self.ip(self.remote).or(self.ip(self.source)).or(self.ip(self.user_ip)).or_else(ui);
        facts.source_port = self.number(self.source_port).or_else(|| self.number(self.remote_port));
        facts.client = self.text(line, self.client);
        if self.value(self.country) != b"Reserved" {
            facts.country = self.text(line, self.country);
        }
        facts.destination_ip = self.ip(self.destination);
        facts.destination_port = self.number(self.destination_port);
        facts.duration = self.number::<u64>(self.duration).and_then(|seconds| seconds.checked_mul(1_000_000_000));
        match self.value(self.kind) {
            b"traffic" => self.traffic(facts),
            b"event" | b"" => self.event(line, facts),
            _ => {}
        }
    }

    fn traffic(&self, facts: &mut Facts) {
        facts.kind = Kind::Traffic;
        // FortiOS 4 and 5.0 tell it in `status`.
        facts.verdict = match self.value(if self.pair(self.action).is_some() { self.action } else { self.status }) {
            b"accept" | b"close" | b"timeout" | b"client-rst" | b"server-rst" | b"start" | b"pass" | b"passthrough" | b"ipsec"
            | b"ssl-vpn" => Some(Verdict::Allowed),
            b"deny" | b"block" | b"blocked" | b"drop" | b"dropped" | b"reset" => Some(Verdict::Denied),
            // `ip-conn` and `dns` are connections that failed, though the policy let them.
            _ => None,
        };
        // A long session tells its totals again and again (log id 20): the part since the last line can be summed.
        facts.source_bytes = self.number(self.sent_delta).or_else(|| self.number(self.sent));
        facts.destination_bytes = self.number(self.received_delta).or_else(|| self.number(self.received));
        facts.running = self.value(self.log_id).ends_with(b"0000000020") && self.pair(self.received_delta).is_none();
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
pub(in crate::formats) fn civil(date: &[u8], time: &[u8]) -> Option<Civil> {
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
pub(in crate::formats) fn zone(text: &[u8]) -> Option<i32> {
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

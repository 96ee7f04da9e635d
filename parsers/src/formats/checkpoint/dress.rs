//! The dresses of a record, and its fields without any.

use memchr::memchr;

use crate::atoms::{Cef, Leaves, Leef, Pair, Pairs, Row, cut, find, number, trim, until};
use crate::stamp::{self, Civil, month_of};
use crate::{Escape, Line, Stamp, Stamps, Text};

/// How a record is written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Dress<'a> {
    /// `[action:"Drop"; src:"10.99.0.6"; ike::"…"; ]`, the default of Log Exporter.
    Bracketed(&'a [u8]),
    /// `[sc4s@2620 action="Drop" src="10.99.0.6"]`
    Structured(&'a [u8]),
    /// `time=1795210867|hostname=fw-1|product=Firewall|action=Drop|`, for Splunk; `loc=7|time=20Nov2026 22:41:07|orig=fw-1|…` of
    /// collectors that fetch by OPSEC LEA.
    Piped(&'a [u8]),
    /// CEF.
    Cef(Cef<'a>),
    /// LEEF.
    Leef(Leef<'a>),
    /// JSON.
    Json(&'a [u8]),
    /// `"22" "20Nov2026" "22:41:07" "eth1" "fw-1" "Log" "Accept" …`: a table that `SmartView` Tracker exported.
    Table(&'a [u8]),
    /// `20Nov2026 22:41:07 accept fw-1 >eth1 product: VPN-1 & FireWall-1; src: 10.99.0.6; …`: what `fw log` prints.
    Printed(&'a [u8]),
}

impl<'a> Dress<'a> {
    /// The dress of a line, if it is Check Point's.
    pub(super) fn of(line: &Line<'a>) -> Option<Dress<'a>> {
        let body = if line.body.is_empty() { line.head.data } else { line.body };
        let body = body.strip_prefix(b"syslog").unwrap_or(body);
        match body {
            [b'[', rest @ ..] => {
                let name = rest.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
                match cut(rest, name).1 {
                    [b':', b'"', ..] | [b':', b':', b'"', ..] if name > 0 => Some(Dress::Bracketed(rest)),
                    // The number that IANA gave to Check Point.
                    after if after.starts_with(b"@2620 ") || after.starts_with(b"@1.3.6.1.4.1.2620 ") => {
                        until(after, b' ').map(|(_, pairs)| Dress::Structured(pairs))
                    }
                    _ => None,
                }
            }
            [b'{', ..] => line.quotes_all(&[b"loguid", b"origin"]).then_some(Dress::Json(body)),
            [b'a'..=b'z', ..] => {
                let name = body.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
                if cut(body, name).1.starts_with(b":\"") {
                    // A relay took the brackets away.
                    return find(body, b"; origin:\"").map(|_| Dress::Bracketed(body));
                }
                let piped = line.dress == crate::Dress::Pairs && until(body, b'|').is_some_and(|(first, _)| first.contains(&b'='));
                let has = |key: &[u8]| find(body, key).is_some();
                let known =
                    piped && (has(b"|hostname=") || has(b"|orig=")) && has(b"|product=") && (body.starts_with(b"time=") || has(b"|time="));
                known.then_some(Dress::Piped(body))
            }
            [b'"', b'0'..=b'9', ..] => {
                let row = Row::<3>::new(body, b' ');
                let numbered = row.value(0).iter().all(u8::is_ascii_digit);
                (numbered && is_day(row.value(1)) && row.value(2).len() == 8).then_some(Dress::Table(body))
            }
            [b'0'..=b'9', ..] if is_day(cut(body, 9).0) => find(body, b" >").or_else(|| find(body, b" <")).map(|_| Dress::Printed(body)),
            _ => {
                let maker = |vendor: &[u8], product: &[u8]| vendor == b"Check Point" || vendor.is_empty() && product.starts_with(b"VPN-1");
                match line.cef {
                    Some(head) => maker(head.vendor, head.product).then_some(Dress::Cef(head)),
                    None => line.leef().filter(|head| maker(head.vendor, head.product)).map(Dress::Leef),
                }
            }
        }
    }

    /// The record's fields.
    pub(super) fn fields(self, line: &Line<'a>) -> Fields<'a> {
        let mut fields = Fields::default();
        match self {
            Dress::Bracketed(text) => {
                fields.escape = Escape::Quoted;
                bracketed(text, |key, value| fields.put(key, value));
            }
            Dress::Structured(text) => {
                fields.escape = Escape::Quoted;
                for Pair { key, value, .. } in Pairs::new(text) {
                    fields.put(key, value);
                }
            }
            Dress::Piped(text) => {
                for (key, value) in text.split(|&b| b == b'|').filter_map(|pair| until(pair, b'=')) {
                    fields.put(key, value);
                }
            }
            Dress::Cef(head) => {
                fields.escape = Escape::Cef;
                for Pair { key, value, .. } in head.pairs() {
                    fields.put(key, value);
                }
                fields.put(b"product", head.product);
            }
            Dress::Leef(head) => {
                for Pair { key, value, .. } in head.pairs() {
                    fields.put(key, value);
                }
                fields.put(b"product", head.product);
                fields.put(b"action", head.event);
            }
            Dress::Json(text) => {
                fields.escape = Escape::Json;
                for leaf in Leaves::new(text) {
                    if let [key] = leaf.path() {
                        fields.put(key, leaf.value);
                    }
                }
            }
            Dress::Table(text) => table(text, &mut fields),
            Dress::Printed(text) => printed(text, &mut fields),
        }
        // The head has the clock where the record has none.
        if fields.time.is_empty() && line.head.stamp.is_empty() {
            fields.time = fields.later;
        }
        fields
    }
}

/// `20Nov2026`
fn is_day(text: &[u8]) -> bool {
    matches!(text, [b'0'..=b'9' | b' ', b'0'..=b'9', a, b, c, y @ ..] if month_of(&[*a, *b, *c]).is_some() && y.len() == 4 && y.iter().all(u8::is_ascii_digit))
}

/// `key:"value"; key::"value"; ]`; `\"`, `\\` and `\]` are escaped.
fn bracketed<'a>(text: &'a [u8], mut keep: impl FnMut(&'a [u8], &'a [u8])) {
    let mut rest = text;
    while let Some((key, after)) = until(rest, b':') {
        let after = after.strip_prefix(b":").unwrap_or(after);
        let Some(inside) = after.strip_prefix(b"\"") else { return };
        let mut escaped = false;
        let end = inside.iter().position(|&b| {
            let closes = b == b'"' && !escaped;
            escaped = b == b'\\' && !escaped;
            closes
        });
        let (value, next) = cut(inside, end.unwrap_or(inside.len()));
        keep(trim(key), value);
        let next = next.strip_prefix(b"\"").unwrap_or(next);
        rest = next.strip_prefix(b";").unwrap_or(next);
    }
}

/// Number, date, time, interface, origin, type, action, service, source port, source, destination, protocol, rule, its name, current
/// rule, user, information, product, source machine, source user.
fn table<'a>(text: &'a [u8], fields: &mut Fields<'a>) {
    let row = Row::<20>::new(text, b' ');
    fields.escape = Escape::Doubled;
    // Date and time are neighbours: `20Nov2026" "22:41:07`.
    fields.time = find(text, b" \"").map_or(&[], |at| cut(cut(text, at + 2).1, 20).0);
    for (at, key) in [
        (4, b"origin" as &[u8]),
        (6, b"action"),
        (7, b"service"),
        (8, b"s_port"),
        (9, b"src"),
        (10, b"dst"),
        (15, b"user"),
        (17, b"product"),
        (18, b"src_machine_name"),
        (19, b"src_user_name"),
    ] {
        fields.put(key, row.value(at));
    }
}

/// The action may be left out; what stands before `>` or `<` is the origin, what stands behind it the interface and an alert's kind.
fn printed<'a>(text: &'a [u8], fields: &mut Fields<'a>) {
    fields.time = cut(text, 18).0;
    let rest = cut(text, 18).1;
    let Some(arrow) = rest.iter().position(|b| matches!(b, b'>' | b'<')) else { return };
    let (place, rest) = cut(rest, arrow);
    let mut words = place.split(|&b| b == b' ').filter(|word| !word.is_empty()).rev();
    fields.put(b"origin", words.next().unwrap_or_default());
    fields.put(b"action", words.next().unwrap_or_default());
    for (key, value) in rest.split(|&b| b == b';').filter_map(|pair| until(pair, b':')) {
        // Before the first key stand the interface and words that belong to no key.
        fields.put(trim(key).rsplit(|&b| b == b' ').next().unwrap_or_default(), trim(value));
    }
}

/// The fields that matter. The first of two equal keys stands.
#[derive(Default)]
pub(super) struct Fields<'a> {
    pub(super) escape: Escape,
    time: &'a [u8],
    later: &'a [u8],
    pub(super) origin: &'a [u8],
    pub(super) hostname: &'a [u8],
    pub(super) product: &'a [u8],
    pub(super) action: &'a [u8],
    pub(super) operation: &'a [u8],
    pub(super) administrator: &'a [u8],
    pub(super) audit_status: &'a [u8],
    pub(super) information: &'a [u8],
    pub(super) object: &'a [u8],
    pub(super) subject: &'a [u8],
    pub(super) user: &'a [u8],
    pub(super) domain: &'a [u8],
    pub(super) group: &'a [u8],
    pub(super) machine: &'a [u8],
    pub(super) client_ip: &'a [u8],
    pub(super) country: &'a [u8],
    pub(super) src: &'a [u8],
    pub(super) source_port: &'a [u8],
    pub(super) dst: &'a [u8],
    pub(super) service: &'a [u8],
    pub(super) office_mode_ip: &'a [u8],
    pub(super) session: &'a [u8],
    pub(super) event_type: &'a [u8],
    pub(super) status: &'a [u8],
    pub(super) auth_status: &'a [u8],
    pub(super) second_method: &'a [u8],
    pub(super) reason: &'a [u8],
    pub(super) ike: &'a [u8],
    pub(super) peer_gateway: &'a [u8],
    pub(super) sent: &'a [u8],
    pub(super) received: &'a [u8],
    pub(super) elapsed: &'a [u8],
}

impl<'a> Fields<'a> {
    /// Takes a field up, by Check Point's name or by CEF's and LEEF's for it.
    fn put(&mut self, key: &[u8], value: &'a [u8]) {
        let slot = match key {
            b"time" | b"rt" | b"devTime" => &mut self.time,
            b"start" | b"start_time" => &mut self.later,
            b"origin" | b"orig" | b"dvc" => &mut self.origin,
            b"hostname" | b"dvchost" => &mut self.hostname,
            b"product" | b"ProductName" => &mut self.product,
            b"action" | b"act" => &mut self.action,
            b"operation" => &mut self.operation,
            b"administrator" => &mut self.administrator,
            b"audit_status" => &mut self.audit_status,
            b"additional_info" => &mut self.information,
            b"objectname" | b"object_name" => &mut self.object,
            b"subject" => &mut self.subject,
            b"user" | b"src_user_name" | b"src_user" | b"suser" | b"duser" | b"usrName" | b"vpn_user" => &mut self.user,
            b"domain_name" => &mut self.domain,
            b"user_group" | b"src_user_group" => &mut self.group,
            b"src_machine_name" | b"shost" | b"machine" => &mut self.machine,
            b"client_ip" => &mut self.client_ip,
            b"src_country" => &mut self.country,
            b"src" => &mut self.src,
            b"s_port" | b"spt" | b"srcPort" => &mut self.source_port,
            b"dst" => &mut self.dst,
            b"service" | b"dpt" | b"dstPort" | b"d_port" => &mut self.service,
            b"office_mode_ip" | b"assigned_IP" | b"assigned_ip" | b"om_ip" => &mut self.office_mode_ip,
            b"session_uid" | b"session_id" | b"vpn_session_id" => &mut self.session,
            b"event_type" => &mut self.event_type,
            b"status" => &mut self.status,
            b"auth_status" => &mut self.auth_status,
            b"auth_method2" | b"auth_method3" => &mut self.second_method,
            b"reason" => &mut self.reason,
            b"ike" | b"IKE" => &mut self.ike,
            b"peer_gateway" | b"peer gateway" => &mut self.peer_gateway,
            b"sent_bytes" | b"client_inbound_bytes" | b"out" => &mut self.sent,
            b"received_bytes" | b"client_outbound_bytes" | b"in" => &mut self.received,
            b"elapsed" | b"duration" => &mut self.elapsed,
            _ => return,
        };
        let value = trim(value);
        if matches!(value, b"" | b"N/A" | b"Unknown" | b"unknown" | b"-" | b"(null)") {
            return;
        }
        if slot.is_empty() {
            *slot = value;
        } else if key == b"src" && self.escape == Escape::Cef && *slot != value {
            // CEF has the name in front and no quotes: a name that nobody escaped brought one of the two, and nobody can tell which.
            *slot = b"two";
        }
    }

    /// The range of a value.
    pub(super) fn text(&self, line: &Line<'a>, value: &'a [u8]) -> Text {
        line.escaped(value, if memchr(b'\\', value).is_some() || self.escape == Escape::Doubled { self.escape } else { Escape::None })
    }

    /// When it was.
    pub(super) fn stamp(&self, stamps: &mut Stamps) -> Stamp {
        stamps.body(self.time, time)
    }
}

/// `1795210867`, `1795210867000`, `2026-11-20T21:41:07Z`, `20Nov2026 22:41:07`, `20Nov2026" "22:41:07`
fn time(text: &[u8]) -> Stamp {
    if text.iter().all(u8::is_ascii_digit) {
        return stamp::epoch(text);
    }
    if !is_day(cut(text, 9).0) {
        return stamp::any(text);
    }
    printed_time(text).unwrap_or_default()
}

fn printed_time(text: &[u8]) -> Option<Stamp> {
    let clock = text.get(text.len().checked_sub(8)?..)?;
    let two = |text: &[u8], at: usize| text.get(at..at + 2).and_then(number::<u8>);
    let civil = Civil {
        year: Some(number(text.get(5..9)?)?),
        month: month_of(text.get(2..5)?)?,
        day: number(trim(text.get(..2)?))?,
        hour: two(clock, 0)?,
        minute: two(clock, 3)?,
        second: two(clock, 6)?,
        ..Civil::default()
    };
    Some(civil.stamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        let local = stamp::any(b"2026-11-20 22:41:07");
        assert_eq!(time(b"20Nov2026 22:41:07"), local);
        assert_eq!(time(b"20Nov2026\" \"22:41:07"), local);
        assert_eq!(time(b"1795210867"), stamp::any(b"2026-11-20T21:41:07Z"));
        assert_eq!(time(b"31Nov2026 22:41:07"), Stamp::None);
        assert_eq!(time(b"20Nov2026"), Stamp::None);
    }

    #[test]
    fn nothing_inside_quotes_is_a_field() {
        let mut found = Vec::new();
        bracketed(br#"action:"Drop"; user:"x\"; src:\"192.0.2.66"; ike::"a; b [c\]."; src:"10.99.0.6"; ]"#, |key, value| {
            found.push((String::from_utf8_lossy(key).into_owned(), String::from_utf8_lossy(value).into_owned()));
        });
        let expected = [("action", "Drop"), ("user", r#"x\"; src:\"192.0.2.66"#), ("ike", r"a; b [c\]."), ("src", "10.99.0.6")];
        assert_eq!(found, expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
    }
}

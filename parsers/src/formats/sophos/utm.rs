//! Sophos UTM 9 (SG, once Astaro): `2026:11:20-22:41:07 utm-1 aua[4711]: id="3005" severity="warn" sys="System" sub="auth" …`
//!
//! Sophos, "UTM: log file format" (ids and names of the events). Plain lines of openvpn and pluto, without an id, are theirs to read.

use crate::atoms::{Pair, Pairs, cut, find, ip, number, says, trim, until};
use crate::{About, Facts, Kind, Line, Verdict};

/// Programs whose plain lines are theirs to read, wherever they run.
const ELSEWHERE: &[&[u8]] = &[b"openvpn", b"pluto", b"charon", b"sshd", b"pppd"];

/// Bytes within which a head ends that is no head any more, because something cut it.
const HEAD: usize = 80;

/// From the id on, where there is one.
fn pairs(body: &[u8]) -> Option<&[u8]> {
    if body.starts_with(b"id=\"") {
        return Some(body);
    }
    find(cut(body, HEAD).0, b": id=\"").map(|at| cut(body, at + 2).1)
}

/// An id of four digits and what goes on like UTM's lines do; or a head with UTM's own stamp.
pub(super) fn looks_like(line: &Line<'_>) -> bool {
    if let Some((id, rest)) = pairs(line.body).and_then(|pairs| until(cut(pairs, 4).1, b'"'))
        && id.len() == 4
        && id.iter().all(u8::is_ascii_alphanumeric)
    {
        return [b" severity=\"" as &[u8], b" srcip=\"", b" sys=\""].iter().any(|key| rest.starts_with(key));
    }
    line.head.stamp.get(4) == Some(&b':') && line.head.stamp.get(10) == Some(&b'-') && !ELSEWHERE.contains(&line.head.app)
}

pub(super) fn parse(line: &Line<'_>, facts: &mut Facts) {
    let mut fields = Fields::default();
    Pairs::new(pairs(line.body).unwrap_or(line.body)).for_each(|pair| fields.put(pair));
    fields.fill(line, facts);
}

/// The fields that matter, each as it came first.
#[derive(Default)]
struct Fields<'a> {
    id: Pair<'a>,
    sub: Pair<'a>,
    name: Pair<'a>,
    event: Pair<'a>,
    action: Pair<'a>,
    user: Pair<'a>,
    source: Pair<'a>,
    source_port: Pair<'a>,
    destination: Pair<'a>,
    destination_port: Pair<'a>,
    virtual_ip: Pair<'a>,
    address: Pair<'a>,
    received: Pair<'a>,
    sent: Pair<'a>,
    session: Pair<'a>,
    object: Pair<'a>,
    reason: Pair<'a>,
    torn: bool,
}

impl<'a> Fields<'a> {
    fn put(&mut self, pair: Pair<'a>) {
        let field = match pair.key {
            b"id" => &mut self.id,
            b"sub" => &mut self.sub,
            b"name" => &mut self.name,
            b"event" => &mut self.event,
            b"action" => &mut self.action,
            b"user" | b"username" => &mut self.user,
            b"srcip" => &mut self.source,
            b"srcport" => &mut self.source_port,
            b"dstip" => &mut self.destination,
            b"dstport" => &mut self.destination_port,
            b"virtual_ip" => &mut self.virtual_ip,
            b"address" => &mut self.address,
            b"rx" => &mut self.received,
            b"tx" => &mut self.sent,
            b"sid" => &mut self.session,
            b"objname" => &mut self.object,
            b"reason" => &mut self.reason,
            _ => return,
        };
        self.torn |= field.torn_by(pair);
    }

    fn fill(&self, line: &Line<'a>, facts: &mut Facts) {
        facts.action = line.pair(self.id);
        if self.user.value != b"-" {
            line.login(self.user.value, self.user.escape, facts);
        }
        let what = if self.event.value.is_empty() { self.name.value } else { self.event.value };
        facts.kind = match self.sub.value {
            b"packetfilter" => Kind::Traffic,
            b"vpn" => tunnel(what),
            _ => login(self.id.value, what),
        };
        if self.torn {
            // A name tore its quotes: who failed stays who failed, nobody gets in, and no address behind it is believed.
            if facts.kind != Kind::LoginFailure {
                facts.kind = Kind::Other;
            }
            return;
        }
        facts.source_ip = ip(self.source.value);
        facts.source_port = number(self.source_port.value);
        facts.destination_ip = ip(self.destination.value);
        facts.destination_port = number(self.destination_port.value);
        facts.session = line.pair(self.session);
        match facts.kind {
            Kind::Traffic => {
                facts.verdict = match self.action.value {
                    b"accept" | b"pass" => Some(Verdict::Allowed),
                    b"drop" | b"reject" | b"block" => Some(Verdict::Denied),
                    // A packet that was only written down.
                    _ => None,
                };
                if facts.verdict.is_none() {
                    facts.kind = Kind::Other;
                }
            }
            Kind::SessionStart | Kind::SessionEnd => {
                facts.assigned_ip = ip(self.virtual_ip.value).filter(|ip| !ip.is_unspecified());
                facts.source_bytes = number(self.received.value);
                facts.destination_bytes = number(self.sent.value);
                if facts.user.is_empty() {
                    facts.peer = ip(self.address.value).or(facts.source_ip);
                    facts.source_ip = facts.peer;
                }
            }
            Kind::LoginFailure => facts.reason = line.pair(if self.reason.value.is_empty() { self.name } else { self.reason }),
            // `name="object changed" class="…" objname="…" user="claire" srcip="10.1.0.4" facility="webadmin"`
            Kind::Other
                if self.sub.value == b"confd"
                    && !facts.user.is_empty()
                    && [b"changed" as &[u8], b"created", b"deleted", b"removed", b"added", b"moved"]
                        .iter()
                        .any(|verb| says(what, verb)) =>
            {
                facts.about = Some(About::Configuration);
                facts.target = line.pair(self.object);
            }
            _ => {}
        }
    }
}

/// `id="2201" … sub="vpn" event="Connection started" username="fourn.chimere" variant="ssl" srcip="198.51.100.23" virtual_ip="10.99.0.6"`
fn tunnel(event: &[u8]) -> Kind {
    match trim(event) {
        event if says(event, b"started") || says(event, b" up") => Kind::SessionStart,
        event if says(event, b"terminated") || says(event, b" down") || says(event, b"ended") => Kind::SessionEnd,
        _ => Kind::Other,
    }
}

/// `id="3005" … sub="auth" name="Authentication failed" srcip="198.51.100.23" host="" user="fourn.chimere" caller="openvpn" reason="DENIED"`
fn login(id: &[u8], name: &[u8]) -> Kind {
    let about = [b"authenticat" as &[u8], b"login", b"logon", b"logged"].iter().any(|word| says(name, word));
    match id {
        b"3004" => Kind::LoginSuccess,
        b"3005" => Kind::LoginFailure,
        _ if !about => Kind::Other,
        _ if [b"fail" as &[u8], b"denied", b"error"].iter().any(|word| says(name, word)) => Kind::LoginFailure,
        _ if says(name, b"logged out") => Kind::Logout,
        _ if says(name, b"success") || says(name, b"logged in") => Kind::LoginSuccess,
        _ => Kind::Other,
    }
}

//! What a product without a format of its own says: the plain keys of CEF and LEEF, and what somebody did at a door.
//!
//! Micro Focus, "ArcSight CEF Implementation Standard" (the extension dictionary), and IBM, "LEEF event components" (predefined
//! attributes). What happened is read from `act` or `action`; without them, from LEEF's login flags, the event's names and the texts
//! that products put elsewhere, if one of them is a plain [`phrase`]. `outcome` tells how it ended.

use super::phrase::{self, Outcome, Verb};
use crate::atoms::{Once, Pair, ip, ip_port, number, split_login, until};
use crate::{Escape, Facts, Kind, Line, Stamp, Stamps, Verdict, stamp};

/// The pairs that are weighed against one another, as they stand.
#[derive(Default)]
struct Fields<'a> {
    suser: &'a [u8],
    duser: &'a [u8],
    user: &'a [u8],
    source_domain: &'a [u8],
    destination_domain: &'a [u8],
    act: &'a [u8],
    outcome: &'a [u8],
    /// The event's name where LEEF has it as an attribute, and what it is about.
    name: &'a [u8],
    category: &'a [u8],
    behaviour: &'a [u8],
    message: &'a [u8],
    logs_in: &'a [u8],
    logs_out: &'a [u8],
    host: &'a [u8],
    address: &'a [u8],
    device_id: &'a [u8],
    receipt: &'a [u8],
    end: &'a [u8],
    start: &'a [u8],
    session: &'a [u8],
    /// `cs1` to `cs6`: what the label says it is, and the value.
    custom: [(&'a [u8], &'a [u8]); 6],
}

/// Reads the pairs of an event of these `names`, whose values are written with `escape`.
pub(in crate::formats) fn read<'a>(
    line: &Line<'a>,
    pairs: impl Iterator<Item = Pair<'a>>,
    names: [&'a [u8]; 2],
    escape: Escape,
    stamps: &mut Stamps,
    facts: &mut Facts,
) {
    let text = |value: &'a [u8]| line.escaped(value, escape);
    let mut fields = Fields::default();
    for Pair { key, value, .. } in pairs {
        let value = unquoted(value);
        match key {
            b"src" | b"sourceAddress" | b"identSrc" | b"c6a2" => {
                let (address, port) = ip_port(value).unzip();
                facts.source_ip.once(address.filter(|ip| !ip.is_unspecified()));
                facts.source_port.once(port.flatten());
            }
            b"spt" | b"srcPort" | b"sourcePort" => facts.source_port.once(number(value)),
            b"dst" | b"destinationAddress" | b"c6a3" => facts.destination_ip.once(ip(value).filter(|ip| !ip.is_unspecified())),
            b"dpt" | b"dstPort" | b"destinationPort" => facts.destination_port.once(number(value)),
            b"in" | b"dstBytes" | b"bytesIn" => facts.destination_bytes.once(number(value)),
            b"out" | b"srcBytes" | b"bytesOut" => facts.source_bytes.once(number(value)),
            b"shost" | b"sourceHostName" | b"identHostName" if ip(value).is_none() => facts.client.once(text(given(value))),
            b"dhost" | b"destinationHostName" if ip(value).is_none() => facts.target.once(text(given(value))),
            b"externalId" => facts.session.once(text(value)),
            b"reason" => facts.reason.once(text(value)),
            b"realm" => facts.group.once(text(given(value))),
            _ => fields.take(key, value),
        }
    }
    fields.labelled(line, escape, facts);
    if !fields.session.is_empty() {
        facts.session = text(fields.session);
    }
    facts.device = text(either(fields.host, fields.address));
    if line.head.host.is_empty() {
        facts.device.once(text(fields.device_id));
    }
    facts.stamp = [fields.receipt, fields.end, fields.start]
        .into_iter()
        .map(|written| stamps.body(written, time))
        .find(|&stamp| stamp != Stamp::None)
        .unwrap_or_default();
    let user = fields.who(line, escape, facts);
    facts.action = text(either(given(fields.act), names[0]));
    let flow = facts.source_ip.is_some() && facts.destination_ip.is_some();
    (facts.kind, facts.verdict) = fields.kind(names, user, flow);
}

impl<'a> Fields<'a> {
    fn take(&mut self, key: &[u8], value: &'a [u8]) {
        let slot = match key {
            b"suser" | b"sourceUserName" => &mut self.suser,
            b"duser" | b"destinationUserName" => &mut self.duser,
            b"usrName" => &mut self.user,
            b"sntdom" | b"domain" | b"sourceNtDomain" => &mut self.source_domain,
            b"dntdom" | b"destinationNtDomain" => &mut self.destination_domain,
            b"act" | b"action" | b"deviceAction" => &mut self.act,
            b"outcome" | b"eventOutcome" | b"categoryOutcome" => &mut self.outcome,
            b"name" => &mut self.name,
            b"cat" => &mut self.category,
            b"categoryBehavior" => &mut self.behaviour,
            b"msg" => &mut self.message,
            b"isLoginEvent" => &mut self.logs_in,
            b"isLogoutEvent" => &mut self.logs_out,
            b"sessionId" | b"sessionID" | b"SessionID" => &mut self.session,
            b"dvchost" | b"deviceHostName" => &mut self.host,
            b"dvc" | b"deviceAddress" => &mut self.address,
            b"deviceExternalId" => &mut self.device_id,
            b"rt" | b"devTime" | b"deviceReceiptTime" => &mut self.receipt,
            b"end" | b"endTime" => &mut self.end,
            b"start" | b"startTime" => &mut self.start,
            [b'c', b's', digit @ b'1'..=b'6', rest @ ..] => match (self.custom.get_mut(usize::from(digit - b'1')), rest) {
                (Some((_, custom)), []) => custom,
                (Some((label, _)), b"Label") => label,
                _ => return,
            },
            _ => return,
        };
        slot.once(value);
    }

    /// Takes up what stands under a label of the product's own.
    fn labelled(&mut self, line: &Line<'a>, escape: Escape, facts: &mut Facts) {
        for (label, value) in self.custom {
            let is = |labels: &[&str]| is_one_of(label, labels);
            let text = line.escaped(given(value), escape);
            if label.is_empty() || text.is_empty() {
            } else if is(&["action", "operation", "activity", "event type", "subtype"]) {
                self.name.once(value);
            } else if is(&["result", "outcome", "status", "login result", "login status"]) {
                self.outcome.once(value);
            } else if is(&["session", "session id", "sessionid"]) {
                self.session.once(value);
            } else if is(&["reason", "failure reason"]) {
                facts.reason.once(text);
            } else if is(&["user", "user name", "username", "login", "login name"]) {
                self.user.once(value);
            } else if is(&["group", "user group", "realm"]) {
                facts.group.once(text);
            } else if is(&["source ip", "client ip", "remote ip", "client address", "source address"]) {
                facts.source_ip.once(ip(value));
            } else if is(&["assigned ip", "virtual ip", "tunnel ip"]) {
                facts.assigned_ip.once(ip(value).filter(|ip| !ip.is_unspecified()));
            }
        }
    }

    /// Fills in who it is, and gives the name: the source's user, unless that is nobody or a machine.
    fn who(&self, line: &Line<'a>, escape: Escape, facts: &mut Facts) -> &'a [u8] {
        let (source, destination) = (given(self.suser), given(self.duser));
        let machine = source.ends_with(b"$") && !destination.is_empty();
        let (login, domain) = if source.is_empty() || machine {
            (either(destination, given(self.user)), either(self.destination_domain, self.source_domain))
        } else {
            (source, self.source_domain)
        };
        let (user, named) = split_login(login, escape);
        facts.user = line.escaped(user, escape);
        facts.domain = line.escaped(either(named, given(domain)), escape);
        let (target, _) = split_login(destination, escape);
        if !source.is_empty() && !machine && target != user {
            facts.target_user = line.escaped(target, escape);
        }
        login
    }

    /// What an event is, and for traffic whether it was let through.
    fn kind(&self, names: [&[u8]; 2], user: &[u8], flow: bool) -> (Kind, Option<Verdict>) {
        let act = given(self.act);
        let mut outcome = self.outcome;
        let mut verb = phrase::verb(&[act], user);
        // `act=denied` is no deed, but how one ended.
        if act.is_empty() || verb.is_none() && phrase::outcome(act).is_some() {
            outcome.once(act);
            verb = self.flagged().or_else(|| self.told(names, user));
        }
        // Nobody who chose a name wrote the head: a failure that it tells is one.
        if names.iter().any(|name| phrase::verb(&[name], user) == Some(Verb::LoginFailed)) {
            verb = Some(Verb::LoginFailed);
        }
        if let Some(verb) = verb {
            return (kind(verb, outcome, !user.is_empty()), None);
        }
        match verdict(act) {
            Some(verdict) if flow => (Kind::Traffic, Some(verdict)),
            _ => (Kind::Other, None),
        }
    }

    /// LEEF's own flags.
    fn flagged(&self) -> Option<Verb> {
        let set = |flag: &[u8]| flag.eq_ignore_ascii_case(b"true");
        match (set(self.logs_in), set(self.logs_out)) {
            (true, _) => Some(Verb::Login),
            (_, true) => Some(Verb::Logout),
            _ => None,
        }
    }

    /// What the names and texts of the event say, the more exact first.
    fn told(&self, [name, class]: [&[u8]; 2], user: &[u8]) -> Option<Verb> {
        let alone = [name, class, self.name, self.message].into_iter().find_map(|text| phrase::verb(&[text], user));
        alone.or_else(|| phrase::verb(&[self.category, name], user)).or_else(|| phrase::verb(&[self.behaviour], user))
    }
}

/// The event of a verb: of the words for success and failure only the clear ones decide.
fn kind(verb: Verb, outcome: &[u8], named: bool) -> Kind {
    let known = phrase::outcome(outcome);
    let failed = known == Some(Outcome::Failure);
    let succeeded = known == Some(Outcome::Success);
    let open = given(outcome).is_empty();
    match verb {
        Verb::LoginFailed => Kind::LoginFailure,
        Verb::Login | Verb::LoginTried | Verb::Connect if failed => Kind::LoginFailure,
        Verb::Login if succeeded || open => Kind::LoginSuccess,
        Verb::LoginTried if succeeded => Kind::LoginSuccess,
        Verb::Connect if succeeded || open => Kind::SessionStart,
        Verb::SessionStart if (succeeded || open) && named => Kind::SessionStart,
        Verb::Logout if !failed => Kind::Logout,
        Verb::Disconnect if !failed => Kind::SessionEnd,
        Verb::SessionEnd if !failed && named => Kind::SessionEnd,
        _ => Kind::Other,
    }
}

/// `one`, or `other` where the line does not give it.
fn either<'a>(one: &'a [u8], other: &'a [u8]) -> &'a [u8] {
    if one.is_empty() { other } else { one }
}

/// A value that is one: products write words for nothing.
fn given(value: &[u8]) -> &[u8] {
    if is_one_of(value, &[" ", "n/a", "na", "none", "null", "(null)", "unknown"]) { &[] } else { value }
}

/// Some products keep the quotes of another dress.
fn unquoted(value: &[u8]) -> &[u8] {
    value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value)
}

/// `1795038067000`, `Nov 20 2026 22:41:07.123 CET`, `Nov 20 2026 22:41:07 GMT+01:00`, `2026/11/20 22:41:07`, `2026-11-20T21:41:07Z`
pub(in crate::formats) fn time(text: &[u8]) -> Stamp {
    if text.iter().all(u8::is_ascii_digit) {
        return stamp::epoch(text);
    }
    match stamp::any(text) {
        Stamp::None => until(text, b' ').map_or(Stamp::None, |(date, clock)| stamp::apart(date, clock)),
        stamp => stamp,
    }
}

fn verdict(act: &[u8]) -> Option<Verdict> {
    if is_one_of(act, &["allow", "allowed", "accept", "accepted", "permit", "permitted", "pass", "passed", "forward"]) {
        Some(Verdict::Allowed)
    } else if is_one_of(
        act,
        &["deny", "denied", "drop", "dropped", "block", "blocked", "reject", "rejected", "reset", "discard", "discarded", "refuse"],
    ) {
        Some(Verdict::Denied)
    } else {
        None
    }
}

/// Case is ignored, and `-` and `_` are blanks.
fn is_one_of(text: &[u8], words: &[&str]) -> bool {
    let same = |a: &u8, b: &u8| a.eq_ignore_ascii_case(b) || (matches!(a, b'-' | b'_') && *b == b' ');
    words.iter().any(|word| text.len() == word.len() && text.iter().zip(word.as_bytes()).all(|(a, b)| same(a, b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        let exact = stamp::any(b"2026-11-20T21:41:07.5Z");
        for written in [
            "1795210867500",
            "Nov 20 2026 21:41:07.500 UTC",
            "Nov 20 2026 22:41:07.500 GMT+01:00",
            "Nov 20 2026 22:41:07.500 +0100",
            "2026-11-20T22:41:07.5+01:00",
        ] {
            assert_eq!(time(written.as_bytes()), exact, "{written}");
        }
        assert_eq!(time(b"2026/11/20 22:41:07"), stamp::any(b"2026-11-20 22:41:07"));
        assert!(matches!(time(b"Nov 20 2026 22:41:07"), Stamp::Local { .. }));
        assert!(matches!(time(b"Nov 20 22:41:07"), Stamp::Yearless { .. }));
        assert_eq!(time(b"yesterday"), Stamp::None);
    }
}

//! The facts that a user's format may give, and how each is read.

use crate::atoms::{self, number, trim};
use crate::stamp::{Stamp, any, epoch};
use crate::{Facts, Line, Stamps, Text, TimeFormat, Verdict};

use super::Picked;

/// A fact by its name.
pub struct Fact {
    /// As captures and fields call it.
    pub name: &'static str,
    /// What it becomes, for people.
    pub becomes: &'static str,
    put: Put,
}

/// How a part of the line becomes the fact.
enum Put {
    /// A text.
    Text(fn(&mut Facts) -> &mut Text),
    /// A time.
    Time(fn(&mut Facts) -> &mut Stamp),
    /// What the value says; `false`: it cannot.
    Value(fn(&[u8], &mut Facts) -> bool),
    /// A login, with its domain if it names one.
    Login,
    /// What [`super::Meaning`] goes by.
    Result,
}

/// Index into [`FACTS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FactId(u8);

impl FactId {
    /// The fact `result`.
    pub const RESULT: FactId = FactId(0);

    /// The fact of a name.
    pub fn of(name: &str) -> Option<FactId> {
        FACTS.iter().position(|fact| fact.name == name).and_then(|at| u8::try_from(at).ok()).map(FactId)
    }

    /// Its line in [`FACTS`].
    pub fn get(self) -> Option<&'static Fact> {
        FACTS.get(usize::from(self.0))
    }

    /// A bit of its own.
    pub(super) fn bit(self) -> u64 {
        1 << (self.0 & 63)
    }
}

/// All of them. `result` stands first.
pub const FACTS: &[Fact] = &[
    Fact { name: "result", becomes: "decides the event; `event.action`", put: Put::Result },
    Fact { name: "time", becomes: "`@timestamp`", put: Put::Time(|facts| &mut facts.stamp) },
    Fact { name: "user", becomes: "`user.name`, and `user.domain` of `DOMAIN\\user` or `user@domain`", put: Put::Login },
    Fact { name: "domain", becomes: "`user.domain`", put: Put::Text(|facts| &mut facts.domain) },
    Fact { name: "group", becomes: "`user.group.name`: VPN group, realm or role", put: Put::Text(|facts| &mut facts.group) },
    Fact { name: "src", becomes: "`source.ip`, and `source.port` of `address:port`", put: Put::Value(source) },
    Fact { name: "src_port", becomes: "`source.port`", put: Put::Value(|value, facts| set(&mut facts.source_port, number(value))) },
    Fact { name: "dst", becomes: "`destination.ip`, and `destination.port` of `address:port`", put: Put::Value(destination) },
    Fact {
        name: "dst_port",
        becomes: "`destination.port`",
        put: Put::Value(|value, facts| set(&mut facts.destination_port, number(value))),
    },
    Fact { name: "assigned", becomes: "`nightporter.assigned_ip`: inner address given to the user", put: Put::Value(assigned) },
    Fact {
        name: "peer",
        becomes: "`nightporter.peer`: gateway at the other end of a LAN-to-LAN tunnel",
        put: Put::Value(|value, facts| set(&mut facts.peer, atoms::ip(value))),
    },
    Fact { name: "session", becomes: "`nightporter.session`", put: Put::Text(|facts| &mut facts.session) },
    Fact { name: "device", becomes: "`observer.name`", put: Put::Text(|facts| &mut facts.device) },
    Fact { name: "action", becomes: "`event.action`, instead of the result", put: Put::Text(|facts| &mut facts.action) },
    Fact { name: "reason", becomes: "`event.reason`", put: Put::Text(|facts| &mut facts.reason) },
    Fact {
        name: "bytes_in",
        becomes: "`source.bytes`: into the hospital, sent by the user",
        put: Put::Value(|value, facts| set(&mut facts.source_bytes, number(value))),
    },
    Fact {
        name: "bytes_out",
        becomes: "`destination.bytes`: out of the hospital, sent to the user",
        put: Put::Value(|value, facts| set(&mut facts.destination_bytes, number(value))),
    },
    Fact { name: "duration", becomes: "`event.duration`: seconds, or `1:17:48`, `1h17m48s`", put: Put::Value(duration) },
    Fact { name: "mfa", becomes: "`nightporter.mfa`: yes or no, in the usual words", put: Put::Value(mfa) },
    Fact { name: "verdict", becomes: "of traffic, `event.type`: allowed or denied, in the usual words", put: Put::Value(verdict) },
    Fact { name: "target", becomes: "name of the machine that is reached", put: Put::Text(|facts| &mut facts.target) },
    Fact { name: "target_user", becomes: "account used on it", put: Put::Text(|facts| &mut facts.target_user) },
    Fact { name: "client", becomes: "name of the user's own machine", put: Put::Text(|facts| &mut facts.client) },
    Fact { name: "country", becomes: "country of the source, as the device tells it", put: Put::Text(|facts| &mut facts.country) },
    Fact { name: "by", becomes: "who granted an access", put: Put::Text(|facts| &mut facts.by) },
    Fact { name: "from", becomes: "begin of a granted access", put: Put::Time(|facts| &mut facts.from) },
    Fact { name: "until", becomes: "end of a granted access", put: Put::Time(|facts| &mut facts.until) },
    Fact { name: "private", becomes: "nothing: keystrokes and the like, which never leave", put: Put::Text(|facts| &mut facts.private) },
];

/// Writes a part of the line down as a fact. `false`: it cannot be that fact.
pub(super) fn put<'a>(
    fact: &Fact,
    time: Option<&TimeFormat>,
    line: &Line<'a>,
    picked: Picked<'a>,
    stamps: &mut Stamps,
    facts: &mut Facts,
) -> bool {
    let Picked { written, escape, .. } = picked;
    if is_placeholder(written) {
        return true;
    }
    match fact.put {
        Put::Result => {}
        Put::Login => line.login(written, escape, facts),
        Put::Text(text) => *text(facts) = line.escaped(written, escape),
        Put::Value(read) => return read(trim(&escape.undo(written)), facts),
        Put::Time(slot) => {
            let value = escape.undo(written);
            let stamp = match time {
                Some(time) => time.read(&value),
                None => stamps.body(&value, usual),
            };
            *slot(facts) = stamp;
            return stamp != Stamp::None;
        }
    }
    true
}

/// What devices write where they have nothing to say.
fn is_placeholder(value: &[u8]) -> bool {
    matches!(value, b"" | b"-" | b"N/A" | b"n/a" | b"(null)" | b"null")
}

/// A time in any of the usual dresses.
fn usual(text: &[u8]) -> Stamp {
    match any(text) {
        Stamp::None => epoch(text),
        stamp => stamp,
    }
}

fn set<T>(slot: &mut Option<T>, value: Option<T>) -> bool {
    let read = value.is_some();
    *slot = value;
    read
}

fn source(value: &[u8], facts: &mut Facts) -> bool {
    let Some((address, port)) = atoms::ip_port(value) else { return false };
    facts.source_port = port.or(facts.source_port);
    set(&mut facts.source_ip, Some(address))
}

fn destination(value: &[u8], facts: &mut Facts) -> bool {
    let Some((address, port)) = atoms::ip_port(value) else { return false };
    facts.destination_port = port.or(facts.destination_port);
    set(&mut facts.destination_ip, Some(address))
}

fn assigned(value: &[u8], facts: &mut Facts) -> bool {
    let Some(address) = atoms::ip(value) else { return false };
    facts.assigned_ip = (!address.is_unspecified()).then_some(address);
    true
}

fn duration(value: &[u8], facts: &mut Facts) -> bool {
    let seconds = || number::<u64>(value)?.checked_mul(1_000_000_000);
    set(&mut facts.duration, seconds().or_else(|| atoms::duration(value)))
}

fn mfa(value: &[u8], facts: &mut Facts) -> bool {
    const YES: &[&[u8]] = &[b"yes", b"true", b"1", b"ok", b"success", b"passed", b"oui", b"otp", b"totp", b"push", b"token"];
    const NO: &[&[u8]] = &[b"no", b"false", b"0", b"none", b"failed", b"failure", b"non"];
    set(&mut facts.mfa, either(value, YES, NO))
}

fn verdict(value: &[u8], facts: &mut Facts) -> bool {
    const ALLOWED: &[&[u8]] = &[b"allow", b"allowed", b"accept", b"accepted", b"permit", b"permitted", b"pass", b"passed"];
    const DENIED: &[&[u8]] =
        &[b"deny", b"denied", b"drop", b"dropped", b"block", b"blocked", b"reject", b"rejected", b"refuse", b"refused"];
    let verdict = either(value, ALLOWED, DENIED).map(|allowed| if allowed { Verdict::Allowed } else { Verdict::Denied });
    set(&mut facts.verdict, verdict)
}

fn either(value: &[u8], yes: &[&[u8]], no: &[&[u8]]) -> Option<bool> {
    let is_one_of = |words: &[&[u8]]| words.iter().any(|word| word.eq_ignore_ascii_case(value));
    if is_one_of(yes) { Some(true) } else { is_one_of(no).then_some(false) }
}

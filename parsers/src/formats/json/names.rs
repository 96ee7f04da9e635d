//! The keys that products without a format of their own give to users, addresses and actions in JSON, in CEF's words.

use crate::atoms::{Leaf, Leaves, Pair};

/// CEF's key, and what others call it, small letters only and without `_` and `-`; a dot sets nested objects apart.
const NAMES: &[(&[u8], &[&str])] = &[
    (b"suser", &["suser", "user", "username", "login", "userid", "account", "principal", "user.name", "user.username", "actor.name"]),
    (b"duser", &["duser"]),
    (b"usrName", &["usrname"]),
    (b"domain", &["sntdom", "domain", "userdomain", "user.domain"]),
    (
        b"src",
        &[
            "src",
            "srcip",
            "sourceip",
            "sourceaddress",
            "clientip",
            "clientaddress",
            "remoteip",
            "remoteaddr",
            "remoteaddress",
            "source.ip",
            "client.ip",
        ],
    ),
    (b"spt", &["spt", "srcport", "sourceport", "clientport", "remoteport", "source.port", "client.port"]),
    (b"dst", &["dst", "dstip", "destip", "destinationip", "destinationaddress", "targetip", "destination.ip"]),
    (b"dpt", &["dpt", "dstport", "destport", "destinationport", "targetport", "destination.port"]),
    (b"in", &["in"]),
    (b"out", &["out"]),
    (b"act", &["act", "action", "event.action", "operation", "eventtype", "eventname"]),
    (b"outcome", &["outcome", "result", "event.outcome"]),
    (b"reason", &["reason", "failurereason", "event.reason"]),
    (b"rt", &["rt", "@timestamp", "timestamp", "time", "eventtime", "datetime"]),
    (b"dvchost", &["dvchost", "device", "devicename", "hostname"]),
    (b"externalId", &["externalid", "sessionid", "session"]),
];

/// Names that may mean something else where a clearer one stands beside them.
const VAGUE: &[(&[u8], &[&str])] = &[
    (b"src", &["ip", "ipaddress", "address"]),
    (b"act", &["event", "type"]),
    (b"outcome", &["status"]),
    (b"rt", &["date", "ts"]),
    (b"dvchost", &["host"]),
];

/// The pairs of a JSON text under CEF's keys: first the clear names, then the vague ones.
pub(super) fn pairs(text: &[u8]) -> impl Iterator<Item = Pair<'_>> {
    let named = |names: &'static [(&[u8], &[&str])]| Leaves::new(text).filter_map(move |leaf| pair(&leaf, names));
    named(NAMES).chain(named(VAGUE))
}

fn pair<'a>(leaf: &Leaf<'a>, names: &[(&'static [u8], &[&str])]) -> Option<Pair<'a>> {
    let mut dotted = [0u8; 48];
    let mut plain = [0u8; 48];
    let mut length = 0;
    for b in leaf.dotted(&mut dotted).iter().filter(|b| !matches!(b, b'_' | b'-')) {
        *plain.get_mut(length)? = b.to_ascii_lowercase();
        length += 1;
    }
    let plain = plain.get(..length)?;
    let (key, _) = names.iter().find(|(_, others)| others.iter().any(|other| other.as_bytes() == plain))?;
    let holds_place = matches!(leaf.value, b"" | b"-" | b"N/A" | b"n/a" | b"(null)" | b"unknown" | b"none");
    (!holds_place).then_some(Pair { key, value: leaf.value, escape: leaf.escape })
}

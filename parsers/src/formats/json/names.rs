//! The keys that products without a format of their own give to users, addresses and actions in JSON, in CEF's words.

use std::iter;

use crate::atoms::{Leaf, Leaves, Pair};

/// How sure it is that a name means what it is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sure {
    Clear,
    /// It may mean something else where a clearer one stands beside it.
    Vague,
}

/// CEF's key for what others call it, small letters only and without `_` and `-`; a dot sets nested objects apart.
fn meaning(name: &[u8]) -> Option<(Sure, &'static [u8])> {
    let clear: &[u8] = match name {
        b"suser" | b"user" | b"username" | b"login" | b"userid" | b"account" | b"principal" | b"user.name" | b"user.username"
        | b"actor.name" => b"suser",
        b"duser" => b"duser",
        b"usrname" => b"usrName",
        b"sntdom" | b"domain" | b"userdomain" | b"user.domain" => b"domain",
        b"src" | b"srcip" | b"sourceip" | b"sourceaddress" | b"clientip" | b"clientaddress" | b"remoteip" | b"remoteaddr"
        | b"remoteaddress" | b"source.ip" | b"client.ip" => b"src",
        b"spt" | b"srcport" | b"sourceport" | b"clientport" | b"remoteport" | b"source.port" | b"client.port" => b"spt",
        b"dst" | b"dstip" | b"destip" | b"destinationip" | b"destinationaddress" | b"targetip" | b"destination.ip" => b"dst",
        b"dpt" | b"dstport" | b"destport" | b"destinationport" | b"targetport" | b"destination.port" => b"dpt",
        b"in" => b"in",
        b"out" => b"out",
        b"act" | b"action" | b"event.action" | b"operation" | b"eventtype" | b"eventname" => b"act",
        b"outcome" | b"result" | b"event.outcome" => b"outcome",
        b"reason" | b"failurereason" | b"event.reason" => b"reason",
        b"rt" | b"@timestamp" | b"timestamp" | b"time" | b"eventtime" | b"datetime" => b"rt",
        b"dvchost" | b"device" | b"devicename" | b"hostname" => b"dvchost",
        b"externalid" | b"sessionid" | b"session" => b"externalId",
        _ => &[],
    };
    if !clear.is_empty() {
        return Some((Sure::Clear, clear));
    }
    let vague: &[u8] = match name {
        b"ip" | b"ipaddress" | b"address" => b"src",
        b"event" | b"type" => b"act",
        b"status" => b"outcome",
        b"date" | b"ts" => b"rt",
        b"host" => b"dvchost",
        _ => return None,
    };
    Some((Sure::Vague, vague))
}

/// The pairs of a JSON text under CEF's keys: first the clear names, then the vague ones.
pub(super) fn pairs(text: &[u8]) -> impl Iterator<Item = Pair<'_>> {
    let (mut leaves, mut wanted, mut vague) = (Leaves::new(text), Sure::Clear, false);
    iter::from_fn(move || {
        loop {
            match leaves.next() {
                Some(leaf) => match pair(&leaf) {
                    Some((sure, pair)) if sure == wanted => return Some(pair),
                    Some(_) => vague = true,
                    None => {}
                },
                // Most texts have no vague name, and are walked but once.
                None if vague && wanted == Sure::Clear => (leaves, wanted) = (Leaves::new(text), Sure::Vague),
                None => return None,
            }
        }
    })
}

/// The same pairs in the order of the line.
pub(super) fn in_order(text: &[u8]) -> impl Iterator<Item = Pair<'_>> {
    Leaves::new(text).filter_map(|leaf| pair(&leaf)).map(|(_, pair)| pair)
}

fn pair<'a>(leaf: &Leaf<'a>) -> Option<(Sure, Pair<'a>)> {
    // No name is longer.
    let mut plain = [0u8; 24];
    let mut length = 0;
    for (at, key) in leaf.path().iter().enumerate() {
        let dot: &[u8] = if at == 0 { b"" } else { b"." };
        for b in dot.iter().chain(*key).filter(|b| !matches!(b, b'_' | b'-')) {
            *plain.get_mut(length)? = b.to_ascii_lowercase();
            length += 1;
        }
    }
    let (sure, key) = meaning(plain.get(..length)?)?;
    let holds_place = matches!(leaf.value, b"" | b"-" | b"N/A" | b"n/a" | b"(null)" | b"unknown" | b"none");
    (!holds_place).then_some((sure, Pair { key, value: leaf.value, escape: leaf.escape }))
}

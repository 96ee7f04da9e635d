//! `LockSelf` (`LockPass`, `LockTransfer`, `LockFiles`).
//!
//! `LockSelf`, "Export of the activity log to a SIEM": one object of JSON an event, in local time.

use crate::atoms::{Leaves, Once, Pair, ip};
use crate::formats::Format;
use crate::{About, Dress, Facts, Kind, Line, Stamps, stamp};

/// `LockSelf`'s line of the table of formats.
pub(super) const FORMAT: Format = Format {
    name: "lockself",
    vendor: "LockSelf",
    product: "LockSelf",
    covers: "LockSelf password manager: logins, changes of users and rights (JSON)",
    dresses: &[Dress::Json],
    looks_like,
    parse,
};

fn looks_like(line: &Line<'_>) -> bool {
    line.body.starts_with(b"{") && line.quotes_all(&[b"userEmail", b"logType", b"logMessage"])
}

/// `{"userEmail":"fourn.chimere@ght.example","organisationName":"ght","logType":"Connection","logMessage":"Authentication","logObject":"OK","userIp":"198.51.100.23","userAgent":"…","time":"2026-11-20 22:41:07"}`
fn parse(line: &Line<'_>, stamps: &mut Stamps, facts: &mut Facts) -> Option<()> {
    let (mut user, mut kind, mut message, mut object) = (Pair::default(), Pair::default(), Pair::default(), Pair::default());
    for leaf in Leaves::new(line.body) {
        let pair = Pair { key: b"json", value: leaf.value, escape: leaf.escape };
        match leaf.path() {
            [b"userEmail"] => user.once(pair),
            [b"logType"] => kind.once(pair),
            [b"logMessage"] => message.once(pair),
            [b"logObject"] => object.once(pair),
            [b"userIp"] => facts.source_ip.once(ip(leaf.value)),
            [b"organisationName"] => facts.group.once(line.escaped(leaf.value, leaf.escape)),
            [b"time"] => facts.stamp = stamps.body(leaf.value, stamp::any),
            _ => {}
        }
    }
    line.login(user.value, user.escape, facts);
    facts.action = line.escaped(message.value, message.escape);
    let says = |words: &[&str]| {
        words.iter().any(|word| message.value.get(..word.len()).is_some_and(|text| text.eq_ignore_ascii_case(word.as_bytes())))
    };
    match kind.value {
        b"Connection" if says(&["authenti", "log in", "login", "connect"]) => {
            facts.kind = if object.value == b"OK" { Kind::LoginSuccess } else { Kind::LoginFailure };
            if facts.kind == Kind::LoginFailure {
                facts.reason = line.escaped(object.value, object.escape);
            }
        }
        b"Connection" if says(&["disconnect", "log out", "logout"]) => facts.kind = Kind::Logout,
        // What lies in the vault is its owners' matter; who may come in and do what is the house's.
        b"User" | b"Group" | b"Organisation" | b"Organization" | b"Right" | b"Rights" | b"Role" | b"Profile" | b"Policy" | b"Settings"
        | b"Setting" => {
            facts.about = Some(About::Configuration);
            facts.target = line.escaped(object.value, object.escape);
        }
        _ => {}
    }
    (!kind.value.is_empty()).then_some(())
}

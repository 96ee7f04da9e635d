//! Cisco ASA, Firepower Threat Defense (FTD) and PIX.
//!
//! `%ASA-6-113039: Group <G> User <u> IP <192.0.2.1> …`: the number says what happened, the text to whom. Cisco,
//! "Secure Firewall ASA Series Syslog Messages"; "Threat Defense Syslog Messages" (430001 to 430005).
//!
//! Who fails to log in chooses the name that the line repeats, so there the last address counts and no word
//! of the text makes a success.

mod flows;

use memchr::memchr;
use memchr::memmem::{find, rfind};

use self::flows::{access_control, access_list, connection, ends, flow, icmp, identity};
use crate::atoms::{between, cut, duration, ip, ip_port, number, split_login, trim, until};
use crate::{Escape, Facts, Format, Kind, Line, Stamps, Text, Verdict};

/// The format's line in [`crate::FORMATS`].
pub(super) const FORMAT: Format = Format {
    name: "cisco-asa",
    vendor: "Cisco",
    product: "ASA",
    covers: "ASA, FTD and PIX: AnyConnect, WebVPN and IKE sessions, AAA and administrator logins, connections, ACL verdicts",
    looks_like,
    parse,
};

fn looks_like(line: &Line<'_>) -> bool {
    match line.body {
        [b'%' | b'G', ..] => message(line.body).is_some(),
        _ => numbered(line.head.app).is_some(),
    }
}

/// Number and text of a message; the number is empty where a collector kept the text alone.
fn message(body: &[u8]) -> Option<(&[u8], &[u8])> {
    if body.starts_with(b"Group <") {
        let whole = find(body, b"> User <").is_some() && find(body, b"> IP <").is_some();
        return whole.then_some((&[], body));
    }
    // The colon may be missing: `%ASA-5-111010 User 'admin'`.
    let (code, text) = cut(body, body.iter().position(|b| matches!(b, b':' | b' ')).unwrap_or(body.len()));
    Some((numbered(code)?, trim(text.strip_prefix(b":").unwrap_or(text))))
}

/// The number in `%ASA-6-113004`, `%ASA-vpnc-5-611103`.
fn numbered(code: &[u8]) -> Option<&[u8]> {
    let (product, rest) = until(code.strip_prefix(b"%")?, b'-')?;
    let id = rest.rsplit(|&b| b == b'-').next()?;
    let known = matches!(product, b"ASA" | b"FTD" | b"PIX" | b"NGIPS" | b"FWSM");
    (known && id.len() == 6 && id.iter().all(u8::is_ascii_digit)).then_some(id)
}

fn parse(line: &Line<'_>, _: &mut Stamps, facts: &mut Facts) -> Option<()> {
    let (id, text) = match numbered(line.head.app) {
        Some(id) => (id, line.body),
        None => message(line.body)?,
    };
    facts.action = line.text(id);
    match id {
        b"302013" | b"302014" | b"302015" | b"302016" | b"302303" | b"302304" => connection(line, text, facts),
        b"302020" | b"302021" => icmp(line, text, facts),
        b"106001" | b"106006" | b"106007" | b"106011" | b"106012" | b"106015" | b"106016" | b"106017" | b"106020" | b"106021"
        | b"106022" | b"710003" | b"710005" | b"710006" => flow(text, b" from ", b" to ", Verdict::Denied, facts),
        b"710002" => flow(text, b" from ", b" to ", Verdict::Allowed, facts),
        b"106010" | b"106014" | b"106023" => {
            flow(text, b" src ", b" dst ", Verdict::Denied, facts);
            identity(line, text, facts);
        }
        b"106100" | b"106102" | b"106103" => access_list(line, text, facts),
        b"430002" | b"430003" => access_control(line, text, facts),
        _ => {
            subject(line, text, facts);
            facts.kind = kind(id, text);
            details(line, id, text, facts);
        }
    }
    Some(())
}

/// What a message other than of traffic says.
fn kind(id: &[u8], text: &[u8]) -> Kind {
    match id {
        // `AAA user authorization Successful` and `accounting` wear the same numbers.
        b"113004" | b"113005" | b"113012" | b"113015" if find(cut(text, 40).0, b"authentication").is_none() => Kind::Other,
        b"113004" | b"113012" | b"109005" | b"605005" | b"611101" | b"713052" | b"716038" => Kind::LoginSuccess,
        b"113005" | b"113006" | b"113013" | b"113015" | b"113016" | b"113017" | b"113021" | b"109006" | b"109031" | b"109033"
        | b"109034" | b"308001" | b"605004" | b"611102" | b"713060" | b"713167" | b"713198" | b"716039" => Kind::LoginFailure,
        b"611103" => Kind::Logout,
        b"113039" | b"716001" | b"722051" | b"713228" | b"750006" | b"751025" => Kind::SessionStart,
        b"113019" | b"716002" | b"713050" | b"750007" | b"315011" => Kind::SessionEnd,
        b"" => kind_of_words(text),
        // 722023, 722037 and their like speak of one channel of a session, 716058 and 716059 of its sleep.
        _ => Kind::Other,
    }
}

/// What is left of a message without its number: `Group <G> User <u> IP <192.0.2.1> AnyConnect parent session started.`
fn kind_of_words(text: &[u8]) -> Kind {
    // Words before the last address may be the user's.
    let words = rfind(text, b"> IP <").and_then(|at| text.get(at..)).unwrap_or_default();
    let says = |part: &[u8]| find(words, part).is_some();
    if says(b"Authentication: rejected") {
        Kind::LoginFailure
    } else if says(b"Authentication: successful") {
        Kind::LoginSuccess
    } else if says(b"session started") || says(b"assigned to session") {
        Kind::SessionStart
    } else if says(b"session terminated") {
        Kind::SessionEnd
    } else {
        Kind::Other
    }
}

/// Who, from where, in which group: in any of the ways that messages name them.
fn subject<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    if text.starts_with(b"Group <") {
        bracketed(line, text, facts);
    } else if text.starts_with(b"Group = ") || text.starts_with(b"IP = ") || text.starts_with(b"Username = ") {
        listed(line, text, facts);
    } else if text.starts_with(b"Local:") {
        ike(line, text, facts);
    } else {
        named(line, text, facts);
    }
}

/// `Group <G> User <u> IP <192.0.2.1> Authentication: rejected, Session Type: WebVPN.`
fn bracketed<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    facts.group = line.text(between(text, b"Group <", b">").unwrap_or_default());
    let Some(start) = find(text, b"User <") else { return };
    let rest = text.get(start + 6..).unwrap_or_default();
    // The last one: a name may hold `> IP <`, what the device says behind the address names others without `>` before.
    let Some(end) = rfind(rest, b"> IP <") else { return };
    let (login, rest) = cut(rest, end);
    user(line, login, facts);
    facts.source_ip = between(rest, b"<", b">").and_then(ip);
}

/// `Group = G, Username = u, IP = 192.0.2.1, Session disconnected. Session Type: SSL, …`
fn listed<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    facts.group = line.text(text.strip_prefix(b"Group = ").and_then(|rest| until(rest, b',')).map_or(&[], |(group, _)| group));
    let Some(at) = rfind(text, b"IP = ") else { return };
    let (names, rest) = cut(text, at);
    facts.source_ip = rest.get(5..).and_then(|rest| ip(word(rest)));
    if let Some(start) = find(names, b"Username = ") {
        let login = names.get(start + 11..).unwrap_or_default();
        user(line, login.strip_suffix(b", ").unwrap_or(login), facts);
    }
}

/// `Local:192.0.2.201:4500 Remote:198.51.100.23:55543 Username:u IKEv2 SA UP. Reason: New Connection Established`
fn ike<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    if let Some((address, port)) = word_after(text, b"Remote:").and_then(ip_port) {
        (facts.source_ip, facts.source_port) = (Some(address), port);
    }
    let Some(rest) = find(text, b" Username:").and_then(|at| text.get(at + 10..)) else { return };
    let end = [b" Group:".as_slice(), b" IKEv2 ", b" IKEv1 ", b" IPv4 "].into_iter().filter_map(|end| find(rest, end)).min();
    user(line, cut(rest, end.unwrap_or(rest.len())).0, facts);
    facts.group = line.text(word_after(text, b" Group:").unwrap_or_default());
}

/// The many sentences that name a user in their own way.
fn named<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    // `… : server = 192.0.2.2 : user = u : user IP = 198.51.100.23`, also `User = u: user IP =`; the address is the last.
    let aaa = [b": user = ".as_slice(), b", User = ", b": User = "].into_iter().find_map(|key| find(text, key).map(|at| at + key.len()));
    if let Some(rest) = aaa.and_then(|at| text.get(at..)) {
        let end = rfind(rest, b"user IP =").unwrap_or(rest.len());
        let (login, address) = cut(rest, end);
        let login = trim(login);
        user(line, trim(login.strip_suffix(b":").unwrap_or(login)), facts);
        facts.source_ip = address.strip_prefix(b"user IP =").and_then(|address| ip(trim(address)));
        return;
    }
    // `IP address: 198.51.100.23, Uname: u`
    if let Some(at) = find(text, b"Uname: ") {
        facts.source_ip = between(text, b"IP address: ", b",").and_then(ip);
        let login = text.get(at + 7..).unwrap_or_default();
        user(line, cut(login, find(login, b" From: ").unwrap_or(login.len())).0, facts);
        return;
    }
    // `Login denied from 192.0.2.66/32597 to outside:192.0.2.201/ssh for user "u"`, `SSH session from 192.0.2.66 on … for user "u"`
    if let Some(at) = find(text, b"for user \"") {
        let rest = text.get(at + 10..).unwrap_or_default();
        let end = rfind(rest, b"\" disconnected").or(rfind(rest, b"\"")).unwrap_or(rest.len());
        user(line, cut(rest, end).0, facts);
        ends(cut(text, at).0, b" from ", b" to ", facts);
        return;
    }
    // `User 'u', running 'CLI' from IP 10.1.0.4, executed …`
    if let Some(login) = text.strip_prefix(b"User '").and_then(|rest| until(rest, b'\'')) {
        user(line, login.0, facts);
        facts.source_ip = between(login.1, b" from IP ", b",").and_then(ip);
        return;
    }
    // `Authentication failed for user 'u' from 192.0.2.66/1025 to 192.0.2.201/22 on interface outside`
    if let Some(at) = find(text, b" for user ") {
        let rest = text.get(at + 10..).unwrap_or_default();
        if let Some(end) = rfind(rest, b" from ") {
            let (login, addresses) = cut(rest, end);
            user(line, unquoted(login), facts);
            ends(addresses, b" from ", b" to ", facts);
        }
        return;
    }
    // `DAP: User u, Addr 198.51.100.23, Connection AnyConnect: …`, `User=u, Assigned IP=10.99.0.6`, `WebVPN session for client user u, IP …`
    for (key, end, address) in [
        (b"DAP: User ".as_slice(), b", Addr ".as_slice(), b", Addr ".as_slice()),
        (b" User=", b", Assigned IP=", b""),
        (b" client user ", b", IP ", b", IP "),
        (b" failed. User ", b" did NOT", b""),
    ] {
        let Some(login) = between(text, key, end) else { continue };
        user(line, login, facts);
        if !address.is_empty() {
            facts.source_ip = word_after(text, address).and_then(|word| ip(word.strip_suffix(b":").unwrap_or(word)));
        }
        return;
    }
}

/// What single messages tell beyond their subject.
fn details<'a>(line: &Line<'a>, id: &[u8], text: &'a [u8], facts: &mut Facts) {
    match id {
        b"113019" => {
            facts.duration = between(text, b"Duration: ", b",").and_then(duration);
            // The gateway transmitted what the remote user received.
            facts.destination_bytes = between(text, b"Bytes xmt: ", b",").and_then(number);
            facts.source_bytes = between(text, b"Bytes rcv: ", b",").and_then(number);
            peer(between(text, b"Session Type: ", b",").is_some_and(is_lan_to_lan), facts);
        }
        b"713050" => {
            facts.source_ip =
                facts.source_ip.or_else(|| word_after(text, b"for peer ").and_then(|word| ip(word.strip_suffix(b".").unwrap_or(word))));
            peer(facts.user.is_empty(), facts);
        }
        b"750006" | b"750007" => peer(facts.user.is_empty(), facts),
        b"722051" | b"713228" | b"751025" | b"109201" | b"" => {
            let keys = [
                b"IPv4 Address <".as_slice(),
                b" Address <",
                b"IPv4 Address=",
                b"private IP address ",
                b"Assigned IP=",
                b"IPv6 address <",
                b"IPv6 address=",
            ];
            let address = |key: &[u8]| {
                let rest = text.get(rfind(text, key)? + key.len()..)?;
                ip(cut(rest, rest.iter().position(|b| matches!(b, b'>' | b' ' | b',')).unwrap_or(rest.len())).0)
            };
            facts.assigned_ip = keys.into_iter().filter_map(address).find(|address| !address.is_unspecified());
        }
        // IKEv1 between gateways, whose group is the peer's address; a person comes in by XAUTH after this.
        b"713119" if facts.user.is_empty() && ip(facts.group.raw(line.whole)).is_some() => {
            facts.kind = Kind::SessionStart;
            facts.group = Text::default();
            peer(true, facts);
        }
        // Accounts made and removed: the name is not of who did it.
        b"502101" | b"502102" => (facts.user, facts.domain) = (Text::default(), Text::default()),
        b"308001" => facts.source_ip = between(text, b"(from ", b")").and_then(ip),
        _ => {}
    }
    if facts.kind == Kind::LoginSuccess || facts.kind == Kind::SessionStart {
        return;
    }
    facts.reason = line.text(reason(id, text));
}

/// The device's reason, where the message gives one.
fn reason<'a>(id: &[u8], text: &'a [u8]) -> &'a [u8] {
    let after = |key: &[u8]| find(text, key).and_then(|at| text.get(at + key.len()..));
    let found = match id {
        b"113005" | b"113013" | b"113015" | b"113016" | b"113017" => after(b"eason = ").map(|rest| {
            let end = [b" : ".as_slice(), b": ", b", "].into_iter().filter_map(|end| find(rest, end)).min();
            cut(rest, end.unwrap_or(rest.len())).0
        }),
        b"750003" => after(b"ERROR: "),
        b"315011" => between(text, b"reason: \"", b"\""),
        b"716002" => after(b"session terminated: "),
        b"713050" => after(b"Reason: ").map(|rest| cut(rest, find(rest, b"  Remote").unwrap_or(rest.len())).0),
        b"113019" | b"750007" | b"713259" => after(b"Reason: "),
        _ => None,
    };
    let found = unquoted(trim(found.unwrap_or_default()));
    // A stray quote may end the line.
    found.strip_suffix(b"\"").filter(|rest| memchr(b'"', rest).is_none()).unwrap_or(found)
}

/// `Session Type: LAN-to-LAN`, `IPsecLAN2LAN`
fn is_lan_to_lan(session: &[u8]) -> bool {
    find(session, b"LAN-to-LAN").is_some() || find(session, b"LAN2LAN").is_some()
}

/// Of a tunnel between gateways the address is the peer, and its name nobody's.
fn peer(lan_to_lan: bool, facts: &mut Facts) {
    if lan_to_lan {
        facts.peer = facts.source_ip;
        (facts.user, facts.domain) = (Text::default(), Text::default());
    }
}

/// A login, unless the device hid it, knows none, or names a gateway by its address.
fn user<'a>(line: &Line<'a>, login: &'a [u8], facts: &mut Facts) {
    let login = trim(login);
    let login = login.strip_suffix(b"\"").filter(|rest| memchr(b'"', rest).is_none()).unwrap_or(login);
    if login.iter().all(|&b| b == b'*') || matches!(login, b"None" | b"Unknown" | b"unknown" | b"N/A") || ip(login).is_some() {
        return;
    }
    let (name, domain) = split_login(login, Escape::None);
    (facts.user, facts.domain) = (line.text(name), line.text(domain));
}

/// The word behind `key`.
fn word_after<'a>(text: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    text.get(find(text, key)? + key.len()..).map(word)
}

/// Everything up to a blank or a comma.
fn word(text: &[u8]) -> &[u8] {
    cut(text, text.iter().position(|b| matches!(b, b' ' | b',')).unwrap_or(text.len())).0
}

/// `text` without the quotes around it.
fn unquoted(text: &[u8]) -> &[u8] {
    [b'\'', b'"'].into_iter().find_map(|quote| text.strip_prefix(&[quote])?.strip_suffix(&[quote])).unwrap_or(text)
}

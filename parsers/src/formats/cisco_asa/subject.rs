//! Who, from where, in which group.

use memchr::memchr;

use super::flows::ends;
use crate::atoms::{between, cut, find, ip, ip_port, rfind, split_login, trim, until};
use crate::{Escape, Facts, Line, Text};

/// Takes it from any of the ways that messages name it.
pub(super) fn subject<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    if text.starts_with(b"Group <") || text.starts_with(b"TunnelGroup <") {
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
    // The group of a tunnel between gateways is the peer's address.
    if ip(facts.group.raw(line.whole)).is_some() {
        facts.group = Text::default();
        facts.peer = facts.source_ip.filter(|_| facts.user.is_empty());
    }
}

/// `Local:192.0.2.201:4500 Remote:198.51.100.23:55543 Username:u IKEv2 SA UP. Reason: New Connection Established`
fn ike<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    if let Some((address, port)) = word_after(text, b"Remote:").and_then(ip_port) {
        (facts.source_ip, facts.source_port) = (Some(address), port);
    }
    let Some(rest) = find(text, b" Username:").and_then(|at| text.get(at + 10..)) else { return };
    // The sentence follows without a sign.
    let sentence = [
        b" Group:".as_slice(),
        b" IKEv2 ",
        b" IKEv1 ",
        b" IPv4 ",
        b" SA ",
        b" Negotiation ",
        b" Received ",
        b" Failed ",
        b" Certificate ",
        b" Tunnel ",
        b" Terminating ",
        b" Session ",
    ];
    let end = sentence.into_iter().filter_map(|end| find(rest, end)).min();
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
    // `UAUTH: Session=0x00fee000, User=u, Assigned IP=10.99.0.6, Successfully removed the rules for user during tunnel torn down.`
    if text.starts_with(b"UAUTH: ") {
        user(line, between(text, b" User=", b", Assigned IP=").unwrap_or_default(), facts);
        return;
    }
    // `IPSEC: An inbound remote access SA (SPI= 0x54BD47BC) between 192.0.2.201 and 198.51.100.23 (user= u) has been created.`
    if let Some(rest) = text.strip_prefix(b"IPSEC: An ") {
        let (addresses, login) = cut(rest, find(rest, b" (user= ").unwrap_or(rest.len()));
        facts.source_ip = word_after(addresses, b" and ").and_then(ip);
        user(line, cut(login.get(8..).unwrap_or_default(), rfind(login, b") has been ").unwrap_or(8).saturating_sub(8)).0, facts);
        return;
    }
    // `IP address: 198.51.100.23, Uname: u`
    if let Some(at) = find(text, b"Uname: ") {
        // Releases differ: `IP, 198.51.100.23 : Uname: u`
        facts.source_ip = between(text, b"IP address: ", b",").or_else(|| between(text, b": IP, ", b" ")).and_then(ip);
        let login = text.get(at + 7..).unwrap_or_default();
        user(line, cut(login, find(login, b" From: ").unwrap_or(login.len())).0, facts);
        return;
    }
    // The documentation's own quotes, where a collector translated them.
    if let Some((addresses, login)) = find(text, "for user “".as_bytes()).map(|at| cut(text, at)) {
        user(line, between(login, "“".as_bytes(), "”".as_bytes()).unwrap_or_default(), facts);
        ends(addresses, b" from ", b" to ", facts);
        return;
    }
    // `Login denied from 192.0.2.66/32597 to outside:192.0.2.201/ssh for user "u"`, `SSH session from 192.0.2.66 on … for user "u"`
    if let Some(at) = find(text, b"for user \"").or_else(|| find(text, b"by user \"")) {
        let rest = memchr(b'"', text.get(at..).unwrap_or_default()).and_then(|quote| text.get(at + quote + 1..)).unwrap_or_default();
        let end = rfind(rest, b"\" disconnected").or(rfind(rest, b"\"")).unwrap_or(rest.len());
        user(line, cut(rest, end).0, facts);
        ends(cut(text, at).0, b" from ", b" to ", facts);
        return;
    }
    // `User u locked out on exceeding 3 successive failed authentication attempts`
    if let Some(rest) = text.strip_prefix(b"User ")
        && let Some(end) = rfind(rest, b" locked out on exceeding ")
    {
        user(line, unquoted(cut(rest, end).0), facts);
        return;
    }
    // `User 'u', running 'CLI' from IP 10.1.0.4, executed …`
    if let Some(login) = text.strip_prefix(b"User '").and_then(|rest| until(rest, b'\'')) {
        user(line, login.0, facts);
        facts.source_ip = between(login.1, b" from IP ", b",").and_then(ip).filter(|ip| !ip.is_unspecified());
        return;
    }
    // `Authentication failed for user 'u' from 192.0.2.66/1025 to 192.0.2.201/22 on interface outside`, `… for admin user u from …`
    let introduced = [b" for user ".as_slice(), b" for admin user ", b" for network user "];
    if let Some(rest) = introduced.into_iter().find_map(|key| text.get(find(text, key)? + key.len()..)) {
        if let Some(end) = rfind(rest, b" from ") {
            let (login, addresses) = cut(rest, end);
            user(line, unquoted(login), facts);
            ends(addresses, b" from ", b" to ", facts);
        } else {
            // `AAA retrieved default group policy (G) for user = u`, `AAA group policy for user u is being set to G`
            let login = rest.strip_prefix(b"= ").unwrap_or(rest);
            user(line, cut(login, rfind(login, b" is being set to ").unwrap_or(login.len())).0, facts);
        }
        return;
    }
    // `DAP: User u, Addr 198.51.100.23, Connection AnyConnect: …`, `WebVPN session for client user u, IP …`
    for (key, end, address) in [
        (b"DAP: User ".as_slice(), b", Addr ".as_slice(), b", Addr ".as_slice()),
        (b" client user ", b", IP ", b", IP "),
        (b" failed. User ", b" did NOT", b""),
        // `Authen Session Start: user 'u', sid 4`
        (b" Start: user ", b", sid ", b""),
        (b" End: user ", b", sid ", b""),
        (b"REAUTH: user ", b" passed authentication", b""),
        (b"REAUTH: user ", b" failed authentication", b""),
        // `… client-dynamic-ip = 10.99.0.6, username = u, MPPE-key-strength = …`, of other releases `username is u,`
        (b", username = ", b", MPPE", b", remote-peer = "),
        (b", username is ", b", MPPE", b", remote_peer_ip is "),
        (b"WebVPN user: ", b" has ", b""),
        (b"WebVPN user ", b" has ", b""),
        (b" user=", b" addr=", b" addr="),
        (b", user ", b", IP ", b", IP "),
        (b" login for username ", b" .", b""),
    ] {
        let Some(login) = between(text, key, end) else { continue };
        user(line, unquoted(login), facts);
        if !address.is_empty() {
            facts.source_ip = word_after(text, address).and_then(|word| ip(word.strip_suffix(b":").unwrap_or(word)));
        }
        return;
    }
}

/// A login, unless the device hid it, knows none, or names a gateway by its address.
pub(super) fn user<'a>(line: &Line<'a>, login: &'a [u8], facts: &mut Facts) {
    let login = trim(login);
    let login = login.strip_suffix(b"\"").filter(|rest| memchr(b'"', rest).is_none()).unwrap_or(login);
    if login.iter().all(|&b| b == b'*')
        || matches!(login, b"None" | b"Unknown" | b"unknown" | b"N/A" | b"*$AnyConnectClient$*")
        || ip(login).is_some()
    {
        return;
    }
    let (name, domain) = split_login(login, Escape::None);
    (facts.user, facts.domain) = (line.text(name), line.text(domain));
}

/// The word behind `key`.
pub(super) fn word_after<'a>(text: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    text.get(find(text, key)? + key.len()..).map(word)
}

/// Everything up to a blank or a comma.
pub(super) fn word(text: &[u8]) -> &[u8] {
    cut(text, text.iter().position(|b| matches!(b, b' ' | b',')).unwrap_or(text.len())).0
}

/// `text` without the quotes around it.
pub(super) fn unquoted(text: &[u8]) -> &[u8] {
    [b'\'', b'"'].into_iter().find_map(|quote| text.strip_prefix(&[quote])?.strip_suffix(&[quote])).unwrap_or(text)
}

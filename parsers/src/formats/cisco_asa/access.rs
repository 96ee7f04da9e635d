//! What happened: logins, sessions, tunnels, changes, restarts.

use memchr::memchr;

use super::flows::ends;
use super::subject::{subject, unquoted, user, word, word_after};
use crate::atoms::{between, cut, duration, find, ip, number, rfind, seconds, trim, until};
use crate::{About, Facts, Kind, Line, Text};

/// Reads a message that is not of traffic.
pub(super) fn read<'a>(line: &Line<'a>, id: &[u8], text: &'a [u8], facts: &mut Facts) {
    subject(line, text, facts);
    facts.kind = kind(id, text);
    details(line, id, text, facts);
    // `Login permitted from 0.0.0.0/0 to inside:0.0.0.0/http`: from the device's own pages.
    facts.source_ip = facts.source_ip.filter(|ip| !ip.is_unspecified());
    about(line, id, text, facts);
    if facts.kind != Kind::LoginSuccess && facts.kind != Kind::SessionStart {
        facts.reason = line.text(reason(id, text));
    }
}

/// What a message says, by its number.
fn kind(id: &[u8], text: &[u8]) -> Kind {
    // Behind the last such word nobody has a name any more.
    let goes_on = |after: &[u8], words: &[u8]| {
        rfind(text, after).and_then(|at| text.get(at + after.len()..)).is_some_and(|rest| find(rest, words).is_some())
    };
    match id {
        // `AAA user authorization Successful` and `accounting` wear the same numbers.
        b"113004" | b"113005" | b"113012" | b"113015" if find(cut(text, 40).0, b"authentication").is_none() => Kind::Other,
        b"113004" | b"113008" | b"113012" | b"109005" | b"307002" | b"315002" | b"605005" | b"611101" | b"713052" | b"716038"
        | b"719022" | b"772005" => Kind::LoginSuccess,
        b"113005" | b"113006" | b"113013" | b"113015" | b"113016" | b"113017" | b"113021" | b"113025" | b"113037" | b"113040"
        | b"109006" | b"109031" | b"109033" | b"109034" | b"307003" | b"308001" | b"315003" | b"605004" | b"611102" | b"713060"
        | b"713167" | b"713198" | b"716039" | b"716040" | b"719023" | b"719024" | b"734002" | b"751006" | b"751011" | b"751018"
        | b"772003" | b"772004" | b"772006" => Kind::LoginFailure,
        b"603103" if goes_on(b" aaa authentication ", b"succe") => Kind::LoginSuccess,
        b"603103" if goes_on(b" aaa authentication ", b"fail") => Kind::LoginFailure,
        b"611103" => Kind::Logout,
        // A key that was renewed is neither a new session nor the end of one.
        b"750006" | b"750007" if goes_on(b"Reason: ", b"ekey") => Kind::Other,
        b"109011" | b"113039" | b"603104" | b"603106" | b"603108" | b"606001" | b"713228" | b"716001" | b"721016" | b"722051"
        | b"750006" | b"751025" => Kind::SessionStart,
        b"109012" | b"113019" | b"315011" | b"603105" | b"603107" | b"606002" | b"713050" | b"716002" | b"721018" | b"750007"
        | b"750014" => Kind::SessionEnd,
        b"" => kind_of_words(text),
        // 722023, 722037 and their like speak of one channel of a session, 716058 and 716059 of its sleep. 750003 tells all that may
        // go wrong with IKEv2; that it was the password, 113005, 113015 or 751011 tell.
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
        // `Authen Session End: user 'u', sid 4, elapsed 30 seconds`
        b"109011" | b"109012" => {
            facts.session = line.text(rfind(text, b", sid ").and_then(|at| text.get(at + 6..)).map(word).unwrap_or_default());
            facts.duration = rfind(text, b", elapsed ").and_then(|at| text.get(at + 10..)).map(word).and_then(seconds);
        }
        b"713050" => {
            facts.source_ip =
                facts.source_ip.or_else(|| word_after(text, b"for peer ").and_then(|word| ip(word.strip_suffix(b".").unwrap_or(word))));
            peer(facts.user.is_empty(), facts);
        }
        // A gateway goes by its address.
        b"750006" | b"750007" => peer(word_after(text, b" Username:").is_some_and(|name| ip(name).is_some()), facts),
        b"722051" | b"713228" | b"751025" | b"" | [b'1', b'0', b'9', b'2', ..] => {
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
        // IKEv1 between gateways; a person comes in by XAUTH after this. It comes again when the
        // key is renewed, and nothing in the line tells.
        b"713119" if facts.peer.is_some() => facts.kind = Kind::SessionStart,
        // `PPTP Tunnel created, tunnel_id is 4, remote_peer_ip is 198.51.100.23, …, client_dynamic_ip is 10.99.0.6, username is u, …`
        b"603104" | b"603106" | b"603108" => {
            facts.assigned_ip =
                [b"client_dynamic_ip is ".as_slice(), b"client-dynamic-ip = "].into_iter().find_map(|key| ip(word_after(text, key)?));
            tunnel(line, text, facts);
        }
        b"603105" | b"603107" => tunnel(line, text, facts),
        b"307002" | b"307003" | b"308001" | b"315001" | b"315002" | b"315003" => {
            let from = facts.source_ip.or_else(|| ip(between(text, b"(from ", b")").or_else(|| word_after(text, b" from "))?));
            facts.source_ip = from;
        }
        // `ASDM session number 0 from 10.1.0.4 started`
        b"606001" | b"606002" => {
            facts.source_ip = word_after(text, b" from ").and_then(ip);
            facts.session = line.text(word_after(text, b" number ").unwrap_or_default());
        }
        // `AnyConnect session resumed connection from 198.51.100.24`: from here on the person is there.
        b"716059" => {
            let from = rfind(text, b"onnection from ").and_then(|at| text.get(at + 15..)).unwrap_or_default();
            let from = from.strip_prefix(b"IP ").unwrap_or(from);
            let from = from.strip_suffix(b".").unwrap_or(from);
            facts.source_ip = ip(between(from, b"<", b">").unwrap_or(from)).or(facts.source_ip);
        }
        // `SVC Session Termination: In: 1234 (+12) bytes, …`: what came in, the person sent.
        b"722030" => facts.source_bytes = word_after(text, b"Termination: In: ").and_then(number),
        b"722031" => facts.destination_bytes = word_after(text, b"Termination: Out: ").and_then(number),
        b"725001" | b"725002" | b"725003" | b"725006" | b"725007" => {
            ends(text, b" client ", b" to ", facts);
        }
        // `Group G: Authenticating SSL connection from 198.51.100.23 with username, u, from client certificate`
        b"113024" | b"113025" => {
            facts.group = line.text(between(text, b"Group ", b": ").unwrap_or_default());
            facts.source_ip = word_after(text, b" connection from ").and_then(|from| ip(from.strip_suffix(b".").unwrap_or(from)));
            user(line, between(text, b" with username, ", b", from client").unwrap_or_default(), facts);
        }
        b"734003" => attribute(line, text, facts),
        // `IPAA: Session=0x0000a000, Client assigned 10.99.0.6 from local pool POOL`
        b"737026" => facts.assigned_ip = word_after(text, b" assigned ").and_then(ip),
        b"313001" | b"313004" | b"313008" => {
            ends(text, if find(text, b" from laddr ").is_some() { b" from laddr " } else { b" from " }, b" to ", facts);
        }
        b"313005" => {
            ends(text, b" src ", b" dst ", facts);
        }
        // `Add IP-User mapping 10.99.0.6 - GHT\u Succeeded - VPN user`
        b"746012" | b"746013" => {
            if let Some((address, rest)) =
                find(text, b"IP-User mapping ").and_then(|at| text.get(at + 16..)).and_then(|rest| until(rest, b' '))
            {
                facts.assigned_ip = ip(address);
                let login = rest.strip_prefix(b"- ").unwrap_or_default();
                let end = [b" Succeeded".as_slice(), b" Failed", b" - "].into_iter().filter_map(|end| find(login, end)).min();
                user(line, cut(login, end.unwrap_or(login.len())).0, facts);
            }
        }
        // `Duplicate TCP SYN from inside:10.1.1.1/1234 to outside:192.0.2.1/80 with different initial sequence number`
        [b'4' | b'5', ..] | b"303002" | b"710001" if facts.user.is_empty() && facts.source_ip.is_none() => {
            ends(text, b" from ", b" to ", facts);
        }
        _ => {}
    }
    // The id by which the messages of one session know each other.
    if matches!(id, [b'7', b'3', b'7', ..] | [b'1', b'0', b'9', b'2', ..]) {
        facts.session = line.text(between(text, b"Session=", b",").unwrap_or_default());
    }
}

/// A tunnel of PPTP or L2TP: its far end and its number.
fn tunnel<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    let after = |keys: [&[u8]; 4]| keys.into_iter().find_map(|key| word_after(text, key)).unwrap_or_default();
    facts.session = line.text(after([b"tunnel_id is ", b"tunnel_id = ", b"tunnel-id = ", b"tunnel-id is "]));
    facts.source_ip = ip(after([b"remote_peer_ip is ", b"remote_peer_ip= ", b"remote_peer_ip = ", b"remote-peer = "]));
}

/// `DAP: User u, Addr 198.51.100.23: Session Attribute: endpoint.device.hostname = "PC-7"`
fn attribute<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    let Some((name, value)) = find(text, b"Session Attribute").and_then(|at| text.get(at + 17..)).and_then(|rest| until(rest, b'=')) else {
        return;
    };
    let (name, value) = (trim(name.strip_prefix(b":").unwrap_or(name)), unquoted(trim(value)));
    match name {
        b"endpoint.device.hostname" => facts.client = line.text(value),
        // The name that came with the second authentication.
        b"aaa.cisco.username2" if !value.is_empty() => facts.mfa = Some(true),
        _ => {}
    }
}

/// Changes of the configuration, and restarts.
fn about<'a>(line: &Line<'a>, id: &[u8], text: &'a [u8], facts: &mut Facts) {
    let named = |key: &[u8], end: &[u8]| {
        text.get(find(text, key)? + key.len()..).map(|rest| trim(cut(rest, rfind(rest, end).unwrap_or(rest.len())).0))
    };
    match id {
        // `User 'u' executed the 'no logging host inside 10.1.1.9' command.`, `User 'u' executed cmd: show version`,
        // `User 'u', running 'CLI' from IP 10.1.0.4, executed 'no logging host inside 10.1.1.9'`
        b"111008" | b"111009" | b"111010" => {
            let quoted = || named(b" executed the '", b"'").or_else(|| named(b" executed '", b"'"));
            let Some(command) = quoted().or_else(|| text.get(find(text, b" executed cmd: ")? + 15..)) else { return };
            facts.private = line.text(command);
            let kind = word(command.strip_prefix(b"no ").unwrap_or(command));
            if id != b"111009" && !is_harmless(command, kind) {
                facts.about = Some(About::Configuration);
                facts.target = line.text(kind);
            }
        }
        // Accounts and group policies made and removed: who did it is not said.
        b"502101" | b"502102" => {
            (facts.user, facts.domain) = (Text::default(), Text::default());
            facts.about = Some(About::Configuration);
            facts.target = line.text(named(b"Uname: ", b" Priv:").unwrap_or_default());
        }
        b"502111" | b"502112" => {
            facts.about = Some(About::Configuration);
            facts.target = line.text(named(b"name: ", b" Type:").unwrap_or_default());
        }
        // `User u unlocked by claire`
        b"113007" => {
            if let Some(at) = rfind(text, b" unlocked by ") {
                let (name, by) = cut(text, at);
                facts.about = Some(About::Configuration);
                facts.target = line.text(unquoted(name.strip_prefix(b"User ").unwrap_or(name)));
                user(line, unquoted(trim(by.get(13..).unwrap_or_default())), facts);
            }
        }
        // Memory cleared, configuration erased.
        b"111003" | b"112001" => facts.about = Some(About::Configuration),
        // A reload was ordered, the start begins, is done; memory ran out.
        b"199001" | b"199002" | b"199005" | b"199006" | b"199021" => facts.about = Some(About::Restart),
        _ => {}
    }
}

/// Whether a command changes nothing. `configure terminal` opens the door to changes, each of which has a line of its own.
fn is_harmless(command: &[u8], kind: &[u8]) -> bool {
    let looks = [
        "show",
        "enable",
        "disable",
        "exit",
        "end",
        "quit",
        "logout",
        "login",
        "terminal",
        "ping",
        "traceroute",
        "packet-tracer",
        "more",
        "dir",
        "pwd",
        "help",
        "changeto",
        "write",
        "wr",
        "backup",
        "verify",
        "test",
        "cd",
    ];
    let keeps = ["configure terminal", "conf t", "copy running-config", "copy /noconfirm running-config"];
    let erases = command.starts_with(b"write erase") || command.starts_with(b"write standby");
    !erases && (looks.iter().any(|word| word.as_bytes() == kind) || keeps.iter().any(|beginning| command.starts_with(beginning.as_bytes())))
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
        b"751006" | b"751011" => after(b"Error: "),
        b"772003" | b"772004" => after(b"cause: "),
        b"113029" | b"716023" => after(b"could not be established: "),
        b"734002" => after(b"DAP records: "),
        b"315011" => between(text, b"reason: \"", b"\""),
        b"716002" => after(b"session terminated: "),
        b"713050" => after(b"Reason: ").map(|rest| cut(rest, find(rest, b"  Remote").unwrap_or(rest.len())).0),
        b"113019" | b"113040" | b"199006" | b"750007" | b"750014" | b"713259" | b"751018" => after(b"Reason: "),
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

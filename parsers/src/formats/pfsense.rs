//! What the web interfaces of pfSense and OPNsense log: who logged in, who changed what; and pfSense's captive portal.
//!
//! The texts are those of pfSense's `auth.inc`, `config.lib.inc`, `captiveportal.inc` and of OPNsense's `auth.inc`, `Auth/AuthenticationFactory`,
//! `Core/Config` (neither documents them). Packets are `filterlog`'s, tunnels OpenVPN's and strongSwan's.
//!
//! A user name stands in quotes and may hold `' from: …`: what the interface writes is the last such part. The interface also quotes
//! what the browser says of proxies, behind the address in brackets; where a name and a proxy compete, neither address is believed.

use memchr::{memchr, memrchr};

use crate::atoms::{cut, find, ip, rfind, trim, until};
use crate::formats::Format;
use crate::{About, Dress, Escape, Facts, Kind, Line, Stamps};

/// The line of the table of formats.
pub(super) const FORMAT: Format = Format {
    name: "pfsense",
    vendor: "pfSense",
    product: "pfSense",
    covers: "pfSense and OPNsense web interface: logins, changes of configuration; captive portal; authentication for VPN services",
    dresses: Dress::SPEECH,
    looks_like,
    parse,
};

fn looks_like(line: &Line<'_>) -> bool {
    match line.head.app {
        b"php-fpm" | b"php" | b"php-cgi" => line.body.starts_with(b"/") || line.body.starts_with(b"rc."),
        // Linux has an `audit` as well, whose lines begin with `type=`.
        b"audit" | b"api" | b"opnsense" | b"OPNsense" => line.body.starts_with(b"/") || line.body.starts_with(b"user "),
        b"configd.py" | b"logportalauth" | b"captiveportal" | b"check_reload_status" | b"dpinger" | b"sshguard" => true,
        b"config" => line.body.starts_with(b"user "),
        b"root" => line.body == b"Bootup complete",
        b"" => page(line.body).is_some_and(|(_, text)| message(text).is_some()),
        _ => false,
    }
}

/// `/index.php: text`: the page, and what it says.
fn page(body: &[u8]) -> Option<(&[u8], &[u8])> {
    let (page, rest) = until(body, b':')?;
    (page.starts_with(b"/") && !page.contains(&b' ')).then(|| (page, trim(rest)))
}

/// What pages write in front of `user 'name' from: address`, and what it means.
const MESSAGES: &[(&[u8], Kind)] = &[
    (b"Successful login for ", Kind::LoginSuccess),
    (b"webConfigurator authentication error for ", Kind::LoginFailure),
    (b"Web GUI authentication error for ", Kind::LoginFailure),
    (b"User logged out for ", Kind::Logout),
    (b"Session timed out for ", Kind::SessionEnd),
    (b"User session has timed out for ", Kind::SessionEnd),
];

fn message(text: &[u8]) -> Option<(Kind, &[u8], &[u8])> {
    let found = MESSAGES.iter().find(|(words, _)| text.starts_with(words));
    if let Some((words, kind)) = found {
        let (words, rest) = cut(text, words.len());
        return Some((*kind, words, rest));
    }
    // `HTTP_X authentication error for …`: other services, other words in front.
    let at = find(cut(text, 48).0, b" authentication error for ")? + b" authentication error for ".len();
    let (words, rest) = cut(text, at);
    Some((Kind::LoginFailure, words, rest))
}

fn parse(line: &Line<'_>, _: &mut Stamps, facts: &mut Facts) -> Option<()> {
    let text = trim(line.body);
    if text.is_empty() {
        return None;
    }
    if line.head.app == b"root" {
        facts.about = Some(About::Restart);
        return Some(());
    }
    match line.head.app {
        b"logportalauth" => portal(line, text, facts),
        b"captiveportal" => guest(line, text, facts),
        _ => page_says(line, text, facts),
    }
    Some(())
}

fn page_says<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    let (page, text) = page(text).unwrap_or((&[], text));
    if let Some((kind, words, rest)) = message(text) {
        facts.kind = kind;
        facts.action = line.text(words.strip_suffix(b" for ").unwrap_or(words));
        person(line, rest, facts);
    } else if let Some(rest) = text.strip_prefix(b"Configuration Change: ") {
        change(line, page, rest, facts);
    } else if let Some(rest) = text.strip_prefix(b"user ") {
        core(line, rest, facts);
    }
}

/// `user 'fourn.chimere' from: 198.51.100.7 (Local Database)`, `'fourn.chimere' from 198.51.100.7`
fn person<'a>(line: &Line<'a>, rest: &'a [u8], facts: &mut Facts) {
    const FROM: &[u8] = b"' from";
    let rest = rest.strip_prefix(b"user ").unwrap_or(rest);
    let Some(rest) = rest.strip_prefix(b"'") else { return };
    let (Some(first), Some(last)) = (find(rest, FROM), rfind(rest, FROM)) else { return };
    let (name, place) = cut(rest, last);
    let disputed = first != last && memchr(b'[', cut(name, first).1).is_some();
    line.login(cut(name, if disputed { first } else { last }).0, Escape::None, facts);
    if !disputed {
        let place = cut(place, FROM.len()).1;
        let place = trim(place.strip_prefix(b":").unwrap_or(place));
        facts.source_ip = ip(cut(place, place.iter().position(|b| matches!(b, b' ' | b'[' | b'(' | b',')).unwrap_or(place.len())).0);
    }
}

/// `admin@198.51.100.7`, with what follows.
fn whom<'a>(line: &Line<'a>, text: &'a [u8], end: usize, facts: &mut Facts) -> &'a [u8] {
    let (login, rest) = cut(text, end);
    match memrchr(b'@', login).map(|at| cut(login, at)) {
        Some((name, address)) if address.get(1..).and_then(ip).is_some() => {
            facts.source_ip = address.get(1..).and_then(ip);
            line.login(name, Escape::None, facts);
        }
        _ => line.login(login, Escape::None, facts),
    }
    rest
}

/// `Configuration Change: admin@198.51.100.7 (Local Database): Firewall: Rules - saved/edited a firewall rule.`
fn change<'a>(line: &Line<'a>, page: &'a [u8], rest: &'a [u8], facts: &mut Facts) {
    facts.target = line.text(page);
    let end = find(rest, b": ").unwrap_or(rest.len());
    let blank = memchr(b' ', cut(rest, end).0).unwrap_or(end);
    facts.about = (cut(rest, end).0 != b"(system)").then_some(About::Configuration);
    let rest = whom(line, rest, blank, facts);
    facts.action = line.text(find(rest, b": ").map_or(&[] as &[u8], |at| cut(rest, at + 2).1));
}

/// OPNsense's core: `root@198.51.100.7 changed configuration to /conf/backup/config-1795.xml in /system_usermanager.php …`,
/// `fourn.chimere could not authenticate for OpenVPN. [using OPNsense\Auth\…]`, `'x' authenticated using 'Local Database'`
fn core<'a>(line: &Line<'a>, rest: &'a [u8], facts: &mut Facts) {
    const VERDICTS: &[(&[u8], Kind)] =
        &[(b" authenticated successfully for ", Kind::LoginSuccess), (b" could not authenticate for ", Kind::LoginFailure)];
    if let Some(end) = find(rest, b" changed configuration") {
        facts.about = Some(About::Configuration);
        let rest = whom(line, rest, end, facts);
        let (action, rest) = cut(rest, b" changed configuration".len());
        facts.action = line.text(trim(action));
        let target = find(rest, b" in ").map_or(&[] as &[u8], |at| cut(rest, at + 4).1);
        facts.target = line.text(until(target, b' ').map_or(target, |(page, _)| page));
        return;
    }
    // A name may hold such words; the interface's own are the last.
    let last = VERDICTS.iter().filter_map(|(words, kind)| Some((rfind(rest, words)?, *kind, words.len()))).max_by_key(|(at, ..)| *at);
    if let Some((at, kind, length)) = last {
        let (name, words) = cut(rest, at);
        facts.kind = kind;
        facts.action = line.text(trim(cut(words, length.saturating_sub(b" for ".len())).0));
        let name = name.strip_prefix(b"'").and_then(|name| name.strip_suffix(b"'")).unwrap_or(name);
        line.login(name, Escape::None, facts);
        let service = cut(words, length).1;
        facts.group = line.text(cut(service, service.iter().position(|b| matches!(b, b'.' | b' ')).unwrap_or(service.len())).0);
    }
}

/// `Zone: invites - USER LOGIN: fourn.chimere, 02:00:5e:10:00:01, 10.30.0.7`: verb, person, card, address.
fn portal<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    let text = match text.strip_prefix(b"Zone: ").and_then(|rest| Some(cut(rest, find(rest, b" - ")?))) {
        Some((zone, rest)) => {
            facts.group = line.text(zone);
            cut(rest, 3).1
        }
        None => text,
    };
    let Some((verb, rest)) = until(text, b':') else { return };
    facts.action = line.text(verb);
    facts.kind = match verb {
        b"USER LOGIN" | b"LOGIN" | b"ACCEPT" => Kind::LoginSuccess,
        b"FAILURE" | b"REJECT" => Kind::LoginFailure,
        b"LOGOUT" => Kind::Logout,
        _ if find(verb, b"TIMEOUT").is_some() || find(verb, b"DISCONNECT").is_some() || find(verb, b"TERMINAT").is_some() => {
            Kind::SessionEnd
        }
        _ => Kind::Other,
    };
    // From the end: a name may hold commas.
    let mut columns = rest.rsplit(|&b| b == b',');
    let address = columns.clone().position(|column| ip(trim(column)).is_some()).unwrap_or(0);
    facts.source_ip = columns.nth(address).and_then(|column| ip(trim(column)));
    let card = columns.next().unwrap_or_default();
    let before = columns.map(|column| column.len() + 1).sum::<usize>().saturating_sub(1);
    let name = trim(cut(rest, before).0);
    if card.len() > 10 && !matches!(name, b"" | b"unauthenticated") {
        line.login(name, Escape::None, facts);
    }
}

/// OPNsense's captive portal: `AUTH fourn.chimere (10.30.0.7) zone 0`, `DENY …`, `LOGOUT …`
fn guest<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    let Some((verb, rest)) = until(text, b' ') else { return };
    let kind = match verb {
        b"AUTH" => Kind::LoginSuccess,
        b"DENY" => Kind::LoginFailure,
        b"LOGOUT" => Kind::Logout,
        _ => return,
    };
    let Some((whom, zone)) = rfind(rest, b") zone ").map(|at| cut(rest, at)) else { return };
    let Some((name, address)) = rfind(whom, b" (").map(|at| cut(whom, at)) else { return };
    facts.kind = kind;
    facts.action = line.text(verb);
    facts.group = line.text(cut(zone, b") zone ".len()).1);
    facts.source_ip = ip(cut(address, 2).1);
    line.login(name, Escape::None, facts);
}

//! Libreswan's IKE daemon pluto (3.x to 5.x), and Openswan's, from which it comes.
//!
//! ipsec.conf(5) and `ipsec_pluto(8)` document no messages: these are the texts of `programs/pluto` (`ikev2*.c`, `ikev1*.c`, `xauth.c`, `state.c`).
//!
//! `"nomades"[2] 198.51.100.7 #5: text`: connection, its instance, the other side, and the state, which is the session. An IKE SA and the
//! tunnel inside it are states of their own; the tunnel names the other by `using #5`. What one line cannot tell: whether a state that is
//! deleted was replaced by another one before.

use crate::atoms::{between, cut, find, ip, ip_port, number, rfind, trim, until};
use crate::formats::Format;
use crate::{About, Dress, Escape, Facts, Kind, Line, Stamps};

/// The line of the table of formats.
pub(super) const FORMAT: Format = Format {
    name: "libreswan",
    vendor: "Libreswan",
    product: "Libreswan",
    covers: "pluto: IKEv1 and IKEv2, XAuth users, tunnels between gateways",
    dresses: Dress::SPEECH,
    looks_like,
    parse,
};

fn looks_like(line: &Line<'_>) -> bool {
    match line.head.app {
        b"pluto" => true,
        b"" => line.body.starts_with(b"\"") && state(line.body).is_some(),
        _ => false,
    }
}

/// Who a message is about.
struct State<'a> {
    connection: &'a [u8],
    /// `#5`; empty where the message is about the connection alone.
    number: &'a [u8],
    place: &'a [u8],
    text: &'a [u8],
}

/// `"nomades"[2] 198.51.100.7 #5: text`, `"site-scanex" #3: text`
fn state(body: &[u8]) -> Option<State<'_>> {
    let (connection, rest) = until(body.strip_prefix(b"\"")?, b'"')?;
    let (head, text) = cut(rest, find(rest, b": ")?);
    let mut words = head.split(|&b| b == b' ');
    let instance = words.next()?;
    if !(instance.is_empty() || instance.starts_with(b"[") || instance.starts_with(b"/")) {
        return None;
    }
    let (mut place, mut found) = (&[] as &[u8], &[] as &[u8]);
    for word in words {
        match word.strip_prefix(b"#") {
            Some(digits) => found = number::<u64>(digits).map(|_| word)?,
            None if ip_port(word).is_some() => place = word,
            None => {}
        }
    }
    Some(State { connection, number: found, place, text: trim(cut(text, 2).1) })
}

fn parse(line: &Line<'_>, _: &mut Stamps, facts: &mut Facts) -> Option<()> {
    if line.body.is_empty() {
        return None;
    }
    let Some(state) = state(line.body) else {
        if find(cut(line.body, 32).0, b"Starting Pluto").is_some() {
            facts.about = Some(About::Restart);
        }
        return Some(());
    };
    facts.group = line.text(state.connection);
    facts.session = line.text(state.number);
    if let Some((address, port)) = ip_port(state.place) {
        (facts.source_ip, facts.source_port) = (Some(address), port);
    }
    read(line, state.text, facts);
    Some(())
}

fn read<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    let has = |words: &[u8]| find(text, words).is_some();
    if let Some(rest) = text.strip_prefix(b"XAUTH: ") {
        xauth(line, rest, facts);
    } else if has(b"established IKE SA") || has(b"ISAKMP SA established") || has(b"authenticated using ") || has(b"authenticated peer ") {
        // The other side has proven who it is.
        facts.kind = Kind::LoginSuccess;
        facts.action = line.text(phrase(text));
        identity(line, text, facts);
    } else if has(b"established Child SA") || has(b"IPsec SA established") {
        facts.kind = Kind::SessionStart;
        facts.action = line.text(phrase(text));
        facts.assigned_ip = assigned(text);
        if let Some(login) = after(text, b"username=").or_else(|| after(text, b"XAUTHuser=")) {
            user(line, login, facts);
        }
    } else if has(b"negotiated connection [") {
        facts.action = line.text(phrase(text));
        facts.assigned_ip = assigned(text);
    } else if text.starts_with(b"deleting state (") || text.starts_with(b"deleting other state #") {
        let of = between(text, b"(", b")").unwrap_or_default();
        let tunnel = [b"CHILD".as_slice(), b"IPSEC", b"QUICK", b"V2_R", b"V2_I"].iter().any(|part| find(of, part).is_some());
        facts.kind =
            if tunnel && (find(of, b"ESTABLISHED").is_some() || find(of, b"QUICK").is_some()) { Kind::SessionEnd } else { Kind::Other };
        facts.action = line.text(cut(text, b"deleting state".len()).0);
        facts.duration = between(text, b" aged ", b"s ")
            .and_then(|age| number::<u64>(until(age, b'.').map_or(age, |(whole, _)| whole))?.checked_mul(1_000_000_000));
    } else if has(b"traffic information: in=") {
        facts.source_bytes = amount(text, b" in=");
        facts.destination_bytes = amount(text, b" out=");
        if let Some(login) = after(text, b"XAUTHuser=") {
            user(line, login, facts);
        }
    } else if has(b"authentication failed") || has(b"AUTHENTICATION_FAILED") {
        facts.kind = Kind::LoginFailure;
        facts.reason = line.text(text);
        identity(line, text, facts);
    } else if has(b" peer ID is ") {
        identity(line, text, facts);
    }
}

/// `User fourn.chimere: Authentication Successful`, `User fourn.chimere: Authentication Failed: Incorrect Username or Password`
fn xauth<'a>(line: &Line<'a>, rest: &'a [u8], facts: &mut Facts) {
    const VERDICTS: &[(&[u8], Kind)] = &[
        (b": Authentication Successful", Kind::LoginSuccess),
        (b": Authentication Failed", Kind::LoginFailure),
        (b": Attempting to login", Kind::Other),
    ];
    let Some(rest) = rest.strip_prefix(b"User ") else { return };
    // A name may hold such words; pluto's are the last.
    let found = VERDICTS.iter().filter_map(|(words, kind)| Some((rfind(rest, words)?, *words, *kind))).max_by_key(|(at, ..)| *at);
    let Some((at, words, kind)) = found else { return };
    let (name, verdict) = cut(rest, at);
    facts.kind = kind;
    user(line, name, facts);
    let (action, reason) = cut(verdict, words.len());
    facts.action = line.text(cut(action, 2).1);
    facts.reason = line.text(trim(reason.strip_prefix(b":").unwrap_or_default()));
}

/// `responder established IKE SA; authenticated …`: up to the first particular.
fn phrase(text: &[u8]) -> &[u8] {
    cut(text, text.iter().position(|b| matches!(b, b';' | b'{' | b'[' | b'(' | b'\'')).unwrap_or(text.len())).0
}

/// `peer ID_USER_FQDN 'fourn.chimere@ght.example'`, `peer ID is ID_IPV4_ADDR: '203.0.113.9'`, `peer certificate 'C=FR, CN=ext-sphinx-1'`
fn identity<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    let Some(at) = find(text, b"peer ") else { return };
    let Some((_, quoted)) = until(cut(text, at).1, b'\'') else { return };
    let followed = [b"' issued by ".as_slice(), b"' and "].into_iter().filter_map(|words| find(quoted, words)).min();
    let end = followed.or_else(|| memchr::memrchr(b'\'', quoted)).unwrap_or(quoted.len());
    let identity = cut(quoted, end).0;
    if let Some(address) = ip(identity) {
        if facts.source_ip.is_none_or(|source| source == address) {
            facts.peer = Some(address);
        }
        return;
    }
    let name = rfind(identity, b"CN=").map_or(identity, |at| cut(identity, at + 3).1);
    let name = cut(name, find(name, b", ").unwrap_or(name.len())).0;
    user(line, name.strip_prefix(b"@").unwrap_or(name), facts);
}

/// `… -> [10.99.0.6-10.99.0.6:0-65535 0]`, `… -> [10.99.0.6/32]`, `[10.20.0.0/16===10.99.0.6/32]`: a single address is the person's own.
fn assigned(text: &[u8]) -> Option<std::net::IpAddr> {
    let far = match rfind(text, b"-> [") {
        Some(at) => between(cut(text, at).1, b"[", b"]")?,
        None => between(text, b"===", b"]")?,
    };
    if let Some(address) = far.strip_suffix(b"/32") {
        return ip(address);
    }
    let (first, rest) = until(far, b'-')?;
    let last = until(rest, b':').map_or(rest, |(last, _)| last);
    ip(first).filter(|address| ip(last) == Some(*address))
}

fn after<'a>(text: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let rest = cut(text, find(text, key)? + key.len()).1;
    Some(cut(rest, rest.iter().position(|b| matches!(b, b' ' | b'}')).unwrap_or(rest.len())).0)
}

/// `84B`, `12KB`, `3MB`
fn amount(text: &[u8], key: &[u8]) -> Option<u64> {
    let rest = cut(text, find(text, key)? + key.len()).1;
    let (digits, unit) = cut(rest, rest.iter().take_while(|b| b.is_ascii_digit()).count());
    number::<u64>(digits)?.checked_mul(match unit.first() {
        Some(b'K') => 1 << 10,
        Some(b'M') => 1 << 20,
        Some(b'G') => 1 << 30,
        _ => 1,
    })
}

fn user<'a>(line: &Line<'a>, login: &'a [u8], facts: &mut Facts) {
    line.login(trim(login), Escape::None, facts);
}

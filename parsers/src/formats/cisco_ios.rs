//! Cisco IOS, IOS XE, IOS XR and NX-OS: routers, switches, wireless controllers.
//!
//! `%SEC_LOGIN-5-LOGIN_SUCCESS: Login Success [user: claire] …`: facility, severity, mnemonic, text. Cisco, "System Message Guide for
//! Cisco IOS", "IOS XE System Message Guide", "IOS XR System Error Message Reference Guide", "NX-OS System Messages Reference".
//!
//! Whoever fails to log in chooses the name that the text repeats: it ends at the last of the words that follow it.

mod access;
mod flows;

use crate::atoms::{cut, trim, trim_start, until};
use crate::{Dress, Facts, Format, Line, Stamps, stamp};

/// The format's line in [`crate::FORMATS`].
pub(super) const FORMAT: Format = Format {
    name: "cisco-ios",
    vendor: "Cisco",
    product: "IOS",
    covers: "IOS, IOS XE, IOS XR and NX-OS: administrator logins, configuration, VPN tunnels and sessions, access lists, restarts",
    dresses: Dress::SPEECH,
    looks_like,
    parse,
};

/// Bytes within which a message begins.
const PREFIX: usize = 160;

/// One message, and what the device itself put in front.
#[derive(Default)]
struct Message<'a> {
    stamp: &'a [u8],
    /// The device's clock is set (a star or a dot in front of the stamp say that it is not).
    synchronised: bool,
    host: &'a [u8],
    /// `SEC_LOGIN-5-LOGIN_SUCCESS`
    code: &'a [u8],
    mnemonic: &'a [u8],
    text: &'a [u8],
}

fn looks_like(line: &Line<'_>) -> bool {
    message(line).is_some()
}

/// Reads `4711: rtr-1: *Nov 20 22:41:07.123 CET: %SYS-5-CONFIG_I: …`, `: 2026 Nov 20 22:41:07 CET: %VSHD-5-…`,
/// `RP/0/RSP0/CPU0:Nov 20 22:41:07.123 CET: SSHD_[4711]: %SECURITY-SSHD-6-INFO_SUCCESS : …`. Nothing else may stand in front, for what
/// other programs say may quote such a message.
fn message<'a>(line: &Line<'a>) -> Option<Message<'a>> {
    if let Some((code, mnemonic)) = coded(line.head.app) {
        return Some(Message { code, mnemonic, text: line.body, ..Message::default() });
    }
    let (start, _) = cut(line.body, PREFIX);
    memchr::memchr(b'%', start).filter(|&at| at == 0 || line.head.pid.is_empty())?;
    let mut found = Message::default();
    let mut rest = line.body;
    let mut names = 0;
    loop {
        rest = trim_start(rest.strip_prefix(b":").unwrap_or(trim_start(rest)));
        if rest.starts_with(b"%") {
            break;
        }
        let unmarked = rest.strip_prefix(b"*").or(rest.strip_prefix(b"."));
        let length = stamp::extent(unmarked.unwrap_or(rest));
        if length > 0 && found.stamp.is_empty() {
            found.synchronised = unmarked.is_none();
            (found.stamp, rest) = cut(unmarked.unwrap_or(rest), length);
            continue;
        }
        let end = rest.iter().position(|b| matches!(b, b':' | b' '))?;
        let (word, after) = cut(rest, end);
        rest = after;
        // Sequence numbers, and how long the device is up: `4711`, `1w2d`, `00:04:12`.
        if word.iter().all(u8::is_ascii_digit)
            || word.first()?.is_ascii_digit() && word.iter().all(|b| b.is_ascii_digit() || b"ywdhm".contains(b))
        {
            continue;
        }
        // The device's name, a line card, a process.
        names += 1;
        let ends = trim_start(rest);
        if names > 3
            || !(ends.starts_with(b":") || ends.starts_with(b"RP/") || ends.starts_with(b"LC/"))
            || !word.iter().all(|b| b.is_ascii_alphanumeric() || b"._-/[]".contains(b))
        {
            return None;
        }
        if found.host.is_empty() && !word.iter().any(|b| b"/[".contains(b)) {
            found.host = word;
        }
    }
    let end = rest.iter().position(|b| matches!(b, b':' | b' '))?;
    let (code, text) = cut(rest, end);
    // Junos writes such codes as well, behind a program with its pid; of Cisco's only IOS XR has one, and a blank before the colon.
    if !line.head.pid.is_empty() && !text.starts_with(b" ") {
        return None;
    }
    (found.code, found.mnemonic) = coded(code)?;
    found.text = trim(trim_start(text).strip_prefix(b":")?);
    Some(found)
}

/// The parts of `%SEC_LOGIN-5-LOGIN_SUCCESS`, `%SYS-SP-5-RESTART`: the whole without its sign, and the mnemonic.
fn coded(word: &[u8]) -> Option<(&[u8], &[u8])> {
    let code = word.strip_prefix(b"%")?;
    let (front, mnemonic) = cut(code, code.iter().rposition(|&b| b == b'-')?);
    let mnemonic = mnemonic.get(1..)?;
    let [facility @ .., b'-', b'0'..=b'7'] = front else { return None };
    let is_word = |text: &[u8]| {
        text.first().is_some_and(u8::is_ascii_uppercase)
            && text.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b"_-".contains(b))
    };
    (is_word(facility) && is_word(mnemonic)).then_some((code, mnemonic))
}

fn parse(line: &Line<'_>, stamps: &mut Stamps, facts: &mut Facts) -> Option<()> {
    let message = message(line)?;
    if message.synchronised || line.head.stamp.is_empty() {
        facts.stamp = stamps.body(message.stamp, stamp::any);
    }
    // `Nov 20 22:41:07 rtr-1: 4711: …`: a relay took the name for a program's.
    let host =
        if message.host.is_empty() && line.head.host.is_empty() && !line.head.app.starts_with(b"%") { line.head.app } else { message.host };
    facts.device = line.text(host);
    facts.action = line.text(message.code);
    if !flows::read(message.mnemonic, message.text, facts) {
        let facility = until(message.code, b'-').map_or(message.code, |(facility, _)| facility);
        access::read(line, facility, message.mnemonic, message.text, facts);
    }
    Some(())
}

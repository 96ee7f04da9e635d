//! Cisco ASA, Firepower Threat Defense (FTD) and PIX.
//!
//! `%ASA-6-113039: Group <G> User <u> IP <192.0.2.1> …`: the number says what happened, the text to whom. Cisco,
//! "Secure Firewall ASA Series Syslog Messages"; "Threat Defense Syslog Messages" (430001 to 430005). Firepower before 6.3, and its
//! Management Center, have no numbers.
//!
//! Who fails to log in chooses the name that the line repeats, so there the last address counts and no word
//! of the text makes a success.

mod access;
mod firepower;
mod flows;
mod subject;

use self::flows::{access_control, access_list, by_side, connection, flow, identity};
use crate::atoms::{cut, find, trim, trim_start, until};
use crate::{Dress, Facts, Format, Kind, Line, Stamps, Verdict, stamp};

/// The format's line in [`crate::FORMATS`].
pub(super) const FORMAT: Format = Format {
    name: "cisco-asa",
    vendor: "Cisco",
    product: "ASA",
    covers: "ASA, FTD and PIX: AnyConnect, WebVPN and IKE sessions, AAA and administrator logins, connections, ACL verdicts",
    dresses: Dress::SPEECH,
    looks_like,
    parse,
};

fn looks_like(line: &Line<'_>) -> bool {
    if firepower::looks_like(line) {
        return true;
    }
    match line.body {
        [b'%' | b'G' | b'A' | b'F' | b'P', ..] => message(line.body).is_some(),
        [b'0'..=b'9', ..] => sequenced(line.body).is_some(),
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

/// The number in `%ASA-6-113004`, `%ASA-vpnc-5-611103`; some collectors drop the sign in front.
fn numbered(code: &[u8]) -> Option<&[u8]> {
    let (product, rest) = until(code.strip_prefix(b"%").unwrap_or(code), b'-')?;
    let id = rest.rsplit(|&b| b == b'-').next()?;
    let known = matches!(product, b"ASA" | b"FTD" | b"PIX" | b"NGIPS" | b"FWSM");
    (known && id.len() == 6 && id.iter().all(u8::is_ascii_digit)).then_some(id)
}

/// A message behind Cisco's sequence number, with its stamp and host, each of which may be missing: `4711: asa-1: Nov 20 2026
/// 22:41:07: %ASA-6-113004: …`. Nothing else may stand between, for other programs begin lines with a number as well.
fn sequenced(body: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (sequence, rest) = until(body, b':')?;
    if sequence.len() > 10 || !sequence.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let rest = trim_start(rest);
    let (between, message) = cut(rest, find(cut(rest, 96).0, b"%")?);
    self::message(message)?;
    let close = |text: &'_ [u8]| -> usize { text.iter().rposition(|b| !matches!(b, b' ' | b':')).map_or(0, |last| last + 1) };
    let (between, _) = cut(between, close(between));
    let all = |text: &[u8]| stamp::extent(text) == text.len();
    let is_host = |text: &[u8]| text.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    if all(between) {
        return Some((between, &[], message));
    }
    // `asa-1: Nov 20 2026 22:41:07` or `Nov 20 2026 22:41:07 asa-1`, or a host alone.
    let (first, last) = cut(between, between.iter().position(|&b| b == b' ').unwrap_or(between.len()));
    let host = first.strip_suffix(b":").unwrap_or(first);
    if is_host(host) && all(trim_start(last)) {
        return Some((trim_start(last), host, message));
    }
    let (stamp, host) = cut(between, stamp::extent(between));
    is_host(trim_start(host)).then_some((stamp, trim_start(host), message))
}

fn parse(line: &Line<'_>, stamps: &mut Stamps, facts: &mut Facts) -> Option<()> {
    if firepower::looks_like(line) {
        firepower::read(line, facts);
        return Some(());
    }
    let (id, text) = match numbered(line.head.app) {
        Some(id) => (id, line.body),
        None => match sequenced(line.body) {
            Some((stamp, host, body)) => {
                facts.stamp = stamps.body(stamp, stamp::any);
                facts.device = line.text(host);
                message(body)?
            }
            None => message(line.body)?,
        },
    };
    facts.action = line.text(id);
    match id {
        b"302013" | b"302014" | b"302015" | b"302016" | b"302017" | b"302018" | b"302035" | b"302036" | b"302303" | b"302304" => {
            connection(line, text, facts);
        }
        // The connections of PIX 5 are told as ICMP still is.
        b"302001" | b"302002" | b"302005" | b"302006" | b"302020" | b"302021" => by_side(line, text, facts),
        b"106001" | b"106006" | b"106007" | b"106011" | b"106012" | b"106013" | b"106015" | b"106016" | b"106017" | b"106020"
        | b"106021" | b"106022" | b"710003" | b"710005" | b"710006" => flow(text, b" from ", b" to ", Verdict::Denied, facts),
        b"710002" => flow(text, b" from ", b" to ", Verdict::Allowed, facts),
        b"106010" | b"106014" | b"106023" => {
            flow(text, b" src ", b" dst ", Verdict::Denied, facts);
            identity(line, text, facts);
        }
        b"106002" | b"106018" => flow(text, b" src ", b" dest ", Verdict::Denied, facts),
        b"106100" | b"106102" | b"106103" => access_list(line, text, facts),
        b"430002" | b"430003" => access_control(line, text, facts),
        // Intrusions, files, malware: who sent what to whom is no access.
        b"430001" | b"430004" | b"430005" => {
            access_control(line, text, facts);
            (facts.kind, facts.verdict) = (Kind::Other, None);
        }
        _ => access::read(line, id, text, facts),
    }
    Some(())
}

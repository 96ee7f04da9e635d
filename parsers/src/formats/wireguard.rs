//! `WireGuard` of the Linux kernel, `wireguard-go`, and the script `wg-quick`.
//!
//! The texts are those of `drivers/net/wireguard/{receive,send,noise,peer,timers,device}.c` (written with dynamic debug; without it there is
//! next to nothing) and of `wg-quick(8)`. Peers are keys: the log numbers them and knows no user. `peer 3` is the session:
//! a tunnel has neither beginning nor end in the log, only handshakes, again every two minutes.

use crate::atoms::{cut, find, ip_port, rfind, trim, trim_start, until};
use crate::formats::Format;
use crate::{About, Dress, Facts, Line, Stamps};

/// The line of the table of formats.
pub(super) const FORMAT: Format = Format {
    name: "wireguard",
    vendor: "WireGuard",
    product: "WireGuard",
    covers: "WireGuard in the kernel and in user space: handshakes and where they come from; wg-quick",
    dresses: Dress::TEXT,
    looks_like,
    parse,
};

fn looks_like(line: &Line<'_>) -> bool {
    if line.head.app.starts_with(b"wg-quick") || matches!(line.head.app, b"wireguard" | b"wireguard-go") {
        return true;
    }
    matches!(line.head.app, b"" | b"kernel") && kernel(line.body).is_some()
}

/// What follows `wireguard: `, behind the kernel's uptime.
fn kernel(body: &[u8]) -> Option<&[u8]> {
    let text = match body.strip_prefix(b"[").and_then(|rest| until(rest, b']')) {
        Some((uptime, rest)) if uptime.iter().all(|&b| b == b' ' || b == b'.' || b.is_ascii_digit()) => trim_start(rest),
        _ => body,
    };
    text.strip_prefix(b"wireguard: ")
}

/// `wg0: Receiving handshake initiation from peer 3 (198.51.100.7:51820)`, `wg0: Invalid handshake initiation from 198.51.100.7:51820`
fn parse(line: &Line<'_>, _: &mut Stamps, facts: &mut Facts) -> Option<()> {
    let text = trim(kernel(line.body).unwrap_or(line.body));
    if text.is_empty() {
        return None;
    }
    // `[#] ip link add wg0 type wireguard`: the interface is made anew.
    if let Some(command) = text.strip_prefix(b"[#] ") {
        if command.starts_with(b"ip link add ") || command.starts_with(b"wireguard-go ") {
            facts.about = Some(About::Restart);
        }
        return Some(());
    }
    let text = match find(text, b": ").map(|at| cut(text, at)) {
        Some((interface, rest)) if !interface.contains(&b' ') => {
            facts.group = line.text(interface);
            cut(rest, 2).1
        }
        _ => text,
    };
    let end = [b" from ".as_slice(), b" to ", b" for ", b" with ", b" ("].into_iter().filter_map(|end| find(text, end)).min();
    facts.action = line.text(cut(text, end.unwrap_or(text.len())).0);
    let mut place = rfind(text, b" from ").map(|at| cut(text, at + 6).1);
    if let Some(at) = find(text, b"peer ") {
        let peer = cut(text, at).1;
        let number = cut(peer, 5).1.iter().take_while(|b| b.is_ascii_digit()).count();
        let (peer, rest) = cut(peer, 5 + number);
        if number > 0 {
            facts.session = line.text(peer);
            place = rest.strip_prefix(b" (").and_then(|rest| until(rest, b')')).map(|(place, _)| place);
        }
    }
    if let Some((address, port)) = place.map(|place| until(place, b' ').map_or(place, |(place, _)| place)).and_then(ip_port) {
        (facts.source_ip, facts.source_port) = (Some(address), port);
    }
    Some(())
}

//! Gaia, the gateway's own operating system: its shell and its configuration daemon (Check Point, "Gaia Administration Guide").

use crate::atoms::{cut, find, ip, rfind, trim, until};
use crate::{About, Escape, Facts, Kind, Line};

/// Whether one of Gaia's daemons speaks.
pub(super) fn looks_like(line: &Line<'_>) -> bool {
    matches!(line.head.app, b"clish" | b"xpand") || line.head.app == b"httpd2" && portal(line.body).is_some()
}

/// `HTTP login from 10.1.0.4 as claire`: the portal.
fn portal(text: &[u8]) -> Option<(Kind, &[u8], &[u8])> {
    let (kind, rest) = match text.strip_prefix(b"HTTP login from ") {
        Some(rest) => (Kind::LoginSuccess, rest),
        None => (Kind::Logout, text.strip_prefix(b"HTTP logout from ")?),
    };
    let (address, rest) = until(rest, b' ')?;
    Some((kind, address, rest.strip_prefix(b"as ")?))
}

/// `User claire logged in with ReadWrite permission`, `User claire logged out from CLI shell`,
/// `cmd by claire: Start executing : set user … (cmd md5: …)`, `claire localhost t +user:fourn.chimere t`,
/// `Configuration changed from localhost by user claire by the service dbset`
pub(super) fn event(line: &Line<'_>, facts: &mut Facts) -> Option<()> {
    let text = line.body;
    if !looks_like(line) {
        return None;
    }
    if let Some((kind, address, login)) = portal(text) {
        facts.kind = kind;
        facts.source_ip = ip(address);
        line.login(login, Escape::None, facts);
    } else if let Some(rest) = text.strip_prefix(b"User ") {
        for (words, kind) in [(b" logged in".as_slice(), Kind::LoginSuccess), (b" logged out", Kind::Logout)] {
            let Some(at) = rfind(rest, words) else { continue };
            facts.kind = kind;
            line.login(cut(rest, at).0, Escape::None, facts);
            return Some(());
        }
    } else if let Some((login, command)) = text.strip_prefix(b"cmd by ").and_then(|rest| until(rest, b':')) {
        line.login(login, Escape::None, facts);
        facts.private = line.text(trim(command));
    } else if let Some((_, rest)) = find(text, b" by user ").filter(|_| text.starts_with(b"Configuration changed ")).map(|at| cut(text, at))
    {
        let rest = cut(rest, 9).1;
        line.login(until(rest, b' ').map_or(rest, |(login, _)| login), Escape::None, facts);
        facts.about = Some(About::Configuration);
    }
    Some(())
}

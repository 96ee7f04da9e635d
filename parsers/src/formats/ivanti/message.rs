//! The texts of the product, and what they mean.

use std::net::IpAddr;

use crate::atoms::{cut, find, ip, number, rfind, says, seconds, trim, until};
use crate::{About, Escape, Facts, Kind, Line, Verdict};

/// How a text begins.
const BEGINNINGS: &[(&[u8], Kind)] = &[
    (b"Login succeeded", Kind::LoginSuccess),
    (b"Agent login succeeded", Kind::LoginSuccess),
    (b"Primary authentication successful", Kind::LoginSuccess),
    (b"Secondary authentication successful", Kind::LoginSuccess),
    (b"Login failed", Kind::LoginFailure),
    (b"Agent login failed", Kind::LoginFailure),
    (b"Primary authentication failed", Kind::LoginFailure),
    (b"Secondary authentication failed", Kind::LoginFailure),
    (b"Logout from", Kind::Logout),
    (b"Agent logout", Kind::Logout),
    (b"Session resumed", Kind::SessionStart),
    (b"Session timed out", Kind::SessionEnd),
    (b"Max session timeout", Kind::SessionEnd),
    (b"Session ended", Kind::SessionEnd),
    (b"Session deleted", Kind::SessionEnd),
    (b"Session terminated", Kind::SessionEnd),
];

/// How a text goes on behind the name of the tunnel's service: `VPN Tunneling: `, `Network Connect: `, `Junos Pulse: `
const TUNNELS: &[(&[u8], Kind)] = &[
    (b": Session started for user", Kind::SessionStart),
    (b": Session ended for user", Kind::SessionEnd),
    (b": Session closed for user", Kind::SessionEnd),
];

/// Codes, for texts that are new.
const CODES: &[(&[u8], Kind)] = &[
    (b"AUT20914", Kind::SessionEnd),
    (b"AUT20915", Kind::SessionEnd),
    (b"AUT22670", Kind::LoginSuccess),
    (b"AUT22673", Kind::Logout),
    (b"AUT23278", Kind::SessionEnd),
    (b"AUT23457", Kind::LoginFailure),
    (b"AUT24326", Kind::LoginSuccess),
    (b"AUT24327", Kind::LoginFailure),
    (b"AUT24414", Kind::LoginSuccess),
    (b"AUT31504", Kind::LoginSuccess),
    (b"NWC23464", Kind::SessionStart),
    (b"NWC23465", Kind::SessionEnd),
    (b"NWC30477", Kind::SessionStart),
];

/// What an administrator's texts begin with.
const CHANGES: &[&[u8]] = &[
    b"Added",
    b"Changed",
    b"Created",
    b"Deleted",
    b"Disabled",
    b"Enabled",
    b"Imported",
    b"Modified",
    b"Removed",
    b"Set ",
    b"Updated",
    b"Uploaded",
];

/// A text, and what stands around it.
pub(super) struct Said<'a> {
    code: &'a [u8],
    text: &'a [u8],
    pub(super) escape: Escape,
    /// One of the roles is an administrator's.
    pub(super) administrator: bool,
}

impl<'a> Said<'a> {
    /// Of a text and its code, if the line gives one.
    pub(super) fn new(code: &'a [u8], text: &'a [u8]) -> Said<'a> {
        Said { code, text: trim(text), escape: Escape::None, administrator: false }
    }

    /// What happened, from the text, the name in it left aside; else from the code.
    fn kind(&self) -> Kind {
        let by_text = BEGINNINGS.iter().find(|(words, _)| self.text.starts_with(words));
        let (service, rest) = cut(self.text, find(cut(self.text, 40).0, b": ").unwrap_or(0));
        let by_tunnel = || TUNNELS.iter().find(|(words, _)| !service.is_empty() && rest.starts_with(words));
        let by_code = || CODES.iter().find(|(code, _)| *code == self.code);
        match by_text.or_else(by_tunnel) {
            Some(&(_, kind)) => kind,
            // `Radius Server R: Login failed for … because host … is unreachable.`
            None if rest.starts_with(b": Login failed") => Kind::LoginFailure,
            None if rest.starts_with(b": User with IP") && says(rest, b" connected with ") => Kind::SessionStart,
            None if self.text.starts_with(b"Session for user") && says(self.text, b"terminated") => Kind::SessionEnd,
            None => by_code().map_or(Kind::Other, |&(_, kind)| kind),
        }
    }

    pub(super) fn fill(&self, line: &Line<'a>, facts: &mut Facts) {
        facts.kind = self.kind();
        facts.action = line.text(self.code);
        match facts.kind {
            Kind::LoginSuccess if self.text.starts_with(b"Secondary") => facts.mfa = Some(true),
            Kind::LoginFailure => {
                let reason = rfind(self.text, b"Reason:").map_or(self.text, |at| trim(cut(self.text, at + 7).1));
                facts.reason = line.escaped(reason, self.escape);
            }
            Kind::SessionStart | Kind::SessionEnd => {
                facts.assigned_ip = self.assigned();
                if facts.kind == Kind::SessionEnd && facts.assigned_ip.is_none() {
                    facts.reason = line.escaped(self.text, self.escape);
                }
                if let Some(at) = find(self.text, b", hostname ") {
                    let host = cut(self.text, at + 11).1;
                    facts.client = line.escaped(trim(until(host, b',').map_or(host, |(host, _)| host)), self.escape);
                }
            }
            Kind::Other if self.text.starts_with(b"Closed connection to ") => self.closed(line, facts),
            Kind::Other => self.about(line, facts),
            _ => {}
        }
        if facts.session.is_empty()
            && let Some(at) = rfind(self.text, b"(session:")
            && let Some((session, _)) = until(cut(self.text, at + 9).1, b')')
        {
            facts.session = line.text(session);
        }
    }

    /// `… for user with IPv4 address 10.99.0.6, hostname PC-7`, `… for user with IP 10.99.0.6`, `User with IP 10.99.0.6 connected …`
    fn assigned(&self) -> Option<IpAddr> {
        let at = find(self.text, b" with IP")?;
        let words = cut(self.text, at + 6).1.split(|&b| matches!(b, b' ' | b','));
        words.take(4).find_map(|word| ip(trim(word))).filter(|ip| !ip.is_unspecified())
    }

    /// `Closed connection to TUN-VPN port 443 after 55 seconds, with 119991 bytes read (in 1 chunks) and 110702 bytes written (in 1 chunks)`
    ///
    /// To the tunnel, or to the inner address without a port, it is the tunnel that closed; else a connection through it.
    fn closed(&self, line: &Line<'a>, facts: &mut Facts) {
        let rest = cut(self.text, 21).1;
        let Some((to, rest)) = find(rest, b" after ").map(|at| (cut(rest, at).0, cut(rest, at + 7).1)) else { return };
        let (host, port) = find(to, b" port ").map_or((to, &[] as &[u8]), |at| (cut(to, at).0, cut(to, at + 6).1));
        facts.duration = until(rest, b' ').and_then(|(amount, _)| seconds(amount));
        facts.destination_bytes = before(rest, b" bytes read").and_then(number);
        facts.source_bytes = before(rest, b" bytes written").and_then(number);
        let tunnel = host.starts_with(b"TUN-");
        if tunnel || port.is_empty() {
            facts.kind = Kind::SessionEnd;
            facts.assigned_ip = ip(host);
            return;
        }
        facts.kind = Kind::Traffic;
        facts.verdict = Some(Verdict::Allowed);
        facts.destination_port = number(port);
        facts.destination_ip = ip(host);
        if facts.destination_ip.is_none() {
            facts.target = line.text(host);
        }
    }

    /// Changes of the gateway, and its restarts.
    fn about(&self, line: &Line<'a>, facts: &mut Facts) {
        let changed = CHANGES.iter().any(|words| self.text.starts_with(words));
        if !facts.user.is_empty() && (self.code.starts_with(b"ADM") || changed && self.administrator) {
            facts.about = Some(About::Configuration);
            facts.target = line.escaped(self.text, self.escape);
        } else if facts.user.is_empty()
            && [b"rebooted" as &[u8], b"rebooting", b"system restarted", b"system startup", b"restarting all services"]
                .iter()
                .any(|words| says(self.text, words))
        {
            facts.about = Some(About::Restart);
        }
    }
}

/// The word before `mark`.
fn before<'a>(text: &'a [u8], mark: &[u8]) -> Option<&'a [u8]> {
    cut(text, find(text, mark)?).0.rsplit(|&b| b == b' ').next()
}

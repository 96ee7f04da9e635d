//! What a line says: parsed numbers and ranges of the line, nothing owned.

use std::borrow::Cow;
use std::net::IpAddr;

use crate::Stamp;

/// What happened, in the words of the contract (`nightporter.event`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Credentials were accepted.
    LoginSuccess,
    /// Credentials were refused.
    LoginFailure,
    /// The user left of their own will, or the device says "logged out".
    Logout,
    /// A session or tunnel came up.
    SessionStart,
    /// A session or tunnel went down.
    SessionEnd,
    /// A connection or flow through the device.
    Traffic,
    /// Understood, and no fact of access.
    #[default]
    Other,
}

impl Kind {
    /// The contract's word for it.
    pub fn word(self) -> &'static str {
        match self {
            Kind::LoginSuccess => "login_success",
            Kind::LoginFailure => "login_failure",
            Kind::Logout => "logout",
            Kind::SessionStart => "session_start",
            Kind::SessionEnd => "session_end",
            Kind::Traffic => "traffic",
            Kind::Other => "other",
        }
    }
}

/// Whether traffic was let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Let through (ECS `event.type: allowed`).
    Allowed,
    /// Refused or dropped (ECS `event.type: denied`).
    Denied,
}

/// How a value is written in the line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Escape {
    /// As it is.
    #[default]
    None,
    /// `\"` and `\\` inside a quoted value (key=value vendors); any other backslash is itself.
    Quoted,
    /// CEF extension: `\=`, `\\`, `\n`, `\r`, `\|`.
    Cef,
    /// OpenSSH's `vis(3)` form: `\\`, `\"`, three octal digits.
    Octal,
}

/// A range of the line, counted from its first byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Text {
    start: u32,
    len: u32,
    escape: Escape,
}

impl Text {
    /// The range of `part` inside `line`; empty if `part` is no slice of it.
    pub fn within(line: &[u8], part: &[u8], escape: Escape) -> Text {
        let offset = (part.as_ptr() as usize).wrapping_sub(line.as_ptr() as usize);
        match (u32::try_from(offset), u32::try_from(part.len())) {
            (Ok(start), Ok(len)) if offset.saturating_add(part.len()) <= line.len() => Text { start, len, escape },
            _ => Text::default(),
        }
    }

    /// Whether the line gives no such value.
    pub fn is_empty(self) -> bool {
        self.len == 0
    }

    /// The bytes as they stand in the line.
    pub fn raw(self, line: &[u8]) -> &[u8] {
        let start = self.start as usize;
        line.get(start..start.saturating_add(self.len as usize)).unwrap_or_default()
    }

    /// The value: the bytes with their escapes undone, borrowed where there are none.
    pub fn value(self, line: &[u8]) -> Cow<'_, [u8]> {
        let raw = self.raw(line);
        if self.escape == Escape::None || memchr::memchr(b'\\', raw).is_none() {
            return Cow::Borrowed(raw);
        }
        Cow::Owned(unescape(raw, self.escape))
    }
}

fn unescape(raw: &[u8], escape: Escape) -> Vec<u8> {
    let mut value = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        if first != b'\\' {
            value.push(first);
            continue;
        }
        match (escape, tail) {
            (Escape::Quoted | Escape::Octal, [c @ (b'"' | b'\\'), tail @ ..]) | (Escape::Cef, [c @ (b'=' | b'\\' | b'|'), tail @ ..]) => {
                value.push(*c);
                rest = tail;
            }
            (Escape::Cef, [b'n', tail @ ..]) => {
                value.push(b'\n');
                rest = tail;
            }
            (Escape::Cef, [b'r', tail @ ..]) => {
                value.push(b'\r');
                rest = tail;
            }
            (Escape::Octal, [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', tail @ ..]) => {
                value.push((a - b'0') * 64 + (b - b'0') * 8 + (c - b'0'));
                rest = tail;
            }
            _ => value.push(b'\\'),
        }
    }
    value
}

/// Everything later stages may want to know of one line. Empty or `None` = the line does not say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// What happened.
    pub kind: Kind,
    /// The maker, where the line names it (`observer.vendor`); else the format's.
    pub vendor: Text,
    /// The product, where the line names it (`observer.product`); else the format's.
    pub product: Text,
    /// When, by the device's own clock.
    pub stamp: Stamp,
    /// The device: host of the head, or the name the body gives (`observer.name`).
    pub device: Text,
    /// The device's own word for it (`event.action`).
    pub action: Text,
    /// The device's reason (`event.reason`).
    pub reason: Text,
    /// Login without its domain (`user.name`).
    pub user: Text,
    /// Domain of the login (`user.domain`).
    pub domain: Text,
    /// VPN group, realm or role (`user.group.name`).
    pub group: Text,
    /// Where the remote user comes from (`source.ip`).
    pub source_ip: Option<IpAddr>,
    /// Port of it.
    pub source_port: Option<u16>,
    /// What it reaches (`destination.ip`).
    pub destination_ip: Option<IpAddr>,
    /// Port of it.
    pub destination_port: Option<u16>,
    /// Inner address the gateway hands to the remote user (`nightporter.assigned_ip`).
    pub assigned_ip: Option<IpAddr>,
    /// LAN-to-LAN peer gateway (`nightporter.peer`).
    pub peer: Option<IpAddr>,
    /// The device's session id (`nightporter.session`).
    pub session: Text,
    /// Bytes sent by the remote user (`source.bytes`).
    pub source_bytes: Option<u64>,
    /// Bytes sent to the remote user (`destination.bytes`).
    pub destination_bytes: Option<u64>,
    /// Length of the session or flow, in nanoseconds (`event.duration`).
    pub duration: Option<u64>,
    /// Whether a second factor was given (`nightporter.mfa`).
    pub mfa: Option<bool>,
    /// For traffic: let through or not.
    pub verdict: Option<Verdict>,
    /// "message repeated N times" (`nightporter.repeated`).
    pub repeated: Option<u32>,
    /// Set by a format that stopped reading a traffic line because nothing in it concerns a supplier.
    pub no_concern: bool,
}

//! What a line says: parsed numbers and ranges of the line, nothing owned.

use std::borrow::Cow;
use std::net::IpAddr;

use crate::{Escape, Stamp};

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

/// What a line of kind [`Kind::Other`] is about, where later rules want to know (`nightporter.about`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum About {
    /// Somebody changed the gateway: accounts, authorisations, time frames, logging, policies. `user` did it,
    /// `action` is what was done, `target` is what it was done to.
    Configuration,
    /// An access was granted (not merely asked for): `user` may come in, from `from` until `until`; `by` granted it.
    Approval,
    /// The gateway or its VPN service started anew: no session of before goes on.
    Restart,
    /// A session goes on from another place: `source_ip`.
    Moved,
}

impl About {
    /// All of them.
    pub const ALL: [About; 4] = [About::Configuration, About::Approval, About::Restart, About::Moved];

    /// The word of the output.
    pub fn word(self) -> &'static str {
        match self {
            About::Configuration => "configuration",
            About::Approval => "approval",
            About::Restart => "restart",
            About::Moved => "moved",
        }
    }
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
        line.get(self.range()).unwrap_or_default()
    }

    /// The value: the bytes with their escapes undone, borrowed where there are none.
    pub fn value(self, line: &[u8]) -> Cow<'_, [u8]> {
        self.escape.undo(self.raw(line))
    }

    /// First byte, and the one behind the last.
    pub fn range(self) -> std::ops::Range<usize> {
        let start = self.start as usize;
        start..start.saturating_add(self.len as usize)
    }

    /// The same range, shortened to what `part`, a slice of the line inside it, covers.
    #[must_use]
    pub fn only(self, line: &[u8], part: &[u8]) -> Text {
        Text::within(line, part, self.escape)
    }
}

/// What an event that `nightporter parse` wrote says of the line it stood for: read again, it must come out as it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Earlier {
    /// `nightporter.line`.
    pub line: u64,
    /// `nightporter.format`; empty if no format had read the line.
    pub format: Text,
    /// `nightporter.event` was `unparsed`.
    pub unparsed: bool,
    /// `event.original`, which may be an empty line.
    pub original: Option<Text>,
    /// `nightporter.time_guessed`.
    pub time_guessed: bool,
    /// `nightporter.time_ambiguous`.
    pub time_ambiguous: bool,
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
    /// For a bastion: the account on the target that the person uses, often a shared one (`user.target.name`).
    pub target_user: Text,
    /// Name of the machine it reaches, or of what was configured (`destination.domain`).
    pub target: Text,
    /// Name of the remote user's own machine (`source.domain`).
    pub client: Text,
    /// Country of the source, as the device tells it: ISO 3166 code or name (`source.geo.country_iso_code`, `.country_name`).
    pub country: Text,
    /// Who granted an access (`nightporter.by`).
    pub by: Text,
    /// Begin of a granted access (`nightporter.from`).
    pub from: Stamp,
    /// End of a granted access (`nightporter.until`).
    pub until: Stamp,
    /// What a line without access fact is about.
    pub about: Option<About>,
    /// What must not leave the parser unless configured: keystrokes, window titles, command lines. One range, from the
    /// first such value to the end of the last.
    pub private: Text,
    /// The device's session id (`nightporter.session`).
    pub session: Text,
    /// Bytes sent by the remote user (`source.bytes`).
    pub source_bytes: Option<u64>,
    /// Bytes sent to the remote user (`destination.bytes`).
    pub destination_bytes: Option<u64>,
    /// The bytes are those of a flow so far: its next line counts them again.
    pub running: bool,
    /// Length of the session or flow, in nanoseconds (`event.duration`).
    pub duration: Option<u64>,
    /// Whether a second factor was given (`nightporter.mfa`).
    pub mfa: Option<bool>,
    /// For traffic: let through or not.
    pub verdict: Option<Verdict>,
    /// "message repeated N times" (`nightporter.repeated`).
    pub repeated: Option<u32>,
    /// The line is an event that was written before.
    pub earlier: Option<Earlier>,
    /// Set by a format that stopped reading a traffic line because nothing in it concerns a supplier.
    pub no_concern: bool,
}

/// What stands where something private stood.
pub const HIDDEN: &str = "[…]";

impl Facts {
    /// The line with [`HIDDEN`] in place of what must not leave.
    pub fn shown<'a>(&self, line: &'a [u8]) -> Cow<'a, [u8]> {
        let range = self.private.range();
        match (line.get(..range.start), line.get(range.end..)) {
            (Some(before), Some(behind)) if !range.is_empty() => Cow::Owned([before, HIDDEN.as_bytes(), behind].concat()),
            _ => Cow::Borrowed(line),
        }
    }
}

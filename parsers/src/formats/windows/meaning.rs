//! What the events' numbers mean, by the log that they stand in.

use crate::atoms::cut;
use crate::{About, Kind};

/// Who wrote the event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Provider {
    /// `Microsoft-Windows-Security-Auditing`, and the log's own keeper.
    #[default]
    Security,
    /// `Microsoft-Windows-Eventlog`, `EventLog`
    EventLog,
    /// `Microsoft-Windows-TerminalServices-LocalSessionManager`
    LocalSessions,
    /// `Microsoft-Windows-TerminalServices-RemoteConnectionManager`
    RemoteConnections,
    /// `Microsoft-Windows-TerminalServices-Gateway`
    Gateway,
    /// Anything else.
    Unknown,
}

impl Provider {
    pub(super) fn of(name: &[u8]) -> Provider {
        let (maker, rest) = cut(name, b"Microsoft-Windows-".len());
        let short = if maker.eq_ignore_ascii_case(b"Microsoft-Windows-") { rest } else { name };
        let is = |known: &[u8]| short.eq_ignore_ascii_case(known);
        match () {
            () if is(b"Security-Auditing") || is(b"Security") => Provider::Security,
            () if is(b"EventLog") => Provider::EventLog,
            () if is(b"TerminalServices-LocalSessionManager") => Provider::LocalSessions,
            () if is(b"TerminalServices-RemoteConnectionManager") => Provider::RemoteConnections,
            () if is(b"TerminalServices-Gateway") => Provider::Gateway,
            () => Provider::Unknown,
        }
    }
}

/// Whose account the event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    /// `TargetUserName`: the account that logs on or off.
    Target,
    /// `SubjectUserName`: who did it.
    Subject,
    /// `AccountName`, `User`, `Username`
    Account,
    /// No account matters.
    Nobody,
}

/// What an event says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Meaning {
    pub(super) kind: Kind,
    pub(super) who: Who,
    pub(super) about: Option<About>,
    /// A decision of the Network Policy Server.
    pub(super) is_radius: bool,
}

impl Meaning {
    /// The meaning of an event's number; `failed` where the event says so itself.
    pub(super) fn of(provider: Provider, id: u32, failed: bool) -> Meaning {
        let (kind, who) = match provider {
            Provider::Security => security(id, failed),
            Provider::LocalSessions => (local_session(id), Who::Account),
            // 1149: the name was accepted, by network level authentication.
            Provider::RemoteConnections => (if id == 1149 { Kind::LoginSuccess } else { Kind::Other }, Who::Account),
            Provider::Gateway => (gateway(id), Who::Account),
            Provider::EventLog if matches!(id, 104 | 1102) => (Kind::Other, Who::Subject),
            Provider::EventLog | Provider::Unknown => (Kind::Other, Who::Nobody),
        };
        let about = match provider {
            Provider::Security if is_change(id) && !failed => Some(About::Configuration),
            Provider::Security if id == 4608 => Some(About::Restart),
            Provider::EventLog if matches!(id, 104 | 1102) => Some(About::Configuration),
            Provider::EventLog if matches!(id, 6005 | 6009) => Some(About::Restart),
            _ => None,
        };
        Meaning { kind, who, about, is_radius: provider == Provider::Security && matches!(id, 6272..=6280) }
    }
}

fn security(id: u32, failed: bool) -> (Kind, Who) {
    let by_status = if failed { Kind::LoginFailure } else { Kind::LoginSuccess };
    match id {
        4624 | 528 | 540 => (Kind::LoginSuccess, Who::Target),
        4625 | 529..=537 | 539 | 4771 | 4772 | 4777 | 675 | 676 | 681 => (Kind::LoginFailure, Who::Target),
        // A ticket-granting ticket, NTLM credentials: the account proved itself.
        4768 | 4776 | 672 | 680 => (by_status, Who::Target),
        4634 | 538 => (Kind::SessionEnd, Who::Target),
        4647 | 551 => (Kind::Logout, Who::Target),
        4778 => (Kind::SessionStart, Who::Account),
        4779 => (Kind::SessionEnd, Who::Account),
        // Probation and full access are access. Quarantine, a lock and a request that was thrown away (6274 to 6276, 6279, 6280) are none.
        6272 | 6277 | 6278 => (Kind::LoginSuccess, Who::Subject),
        6273 => (Kind::LoginFailure, Who::Subject),
        // Somebody asks for a service, or for another account: no door was passed.
        4648 | 4649 | 4769 | 4770 | 4773 | 4740 | 4800..=4803 | 4964 => (Kind::Other, Who::Target),
        _ => (Kind::Other, Who::Subject),
    }
}

fn local_session(id: u32) -> Kind {
    match id {
        21 | 25 => Kind::SessionStart,
        23 => Kind::Logout,
        24 => Kind::SessionEnd,
        _ => Kind::Other,
    }
}

fn gateway(id: u32) -> Kind {
    match id {
        // The connection authorisation policy, and the resource authorisation policy where it refuses.
        200 => Kind::LoginSuccess,
        201 | 301 => Kind::LoginFailure,
        302 => Kind::SessionStart,
        303 => Kind::SessionEnd,
        _ => Kind::Other,
    }
}

/// Accounts, groups, rights, policies, trusts, the audit itself.
fn is_change(id: u32) -> bool {
    matches!(
        id,
        1102 | 4704..=4707
            | 4713
            | 4715..=4720
            | 4722..=4735
            | 4737..=4739
            | 4741..=4764
            | 4767
            | 4780
            | 4781
            | 4794
            | 4865..=4867
            | 4907
            | 4912
    )
}

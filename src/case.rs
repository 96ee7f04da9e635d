//! What rules are shown: something that happened to a supplier or to a stranger, and signs of life of streams.

use std::sync::Arc;

use jiff::tz::TimeZone;
use parsers::time::{DAY, HOUR};
use parsers::{Event, Time};

use crate::calendar::Calendars;
use crate::clock::Clock;
use crate::daybook::Daybook;
use crate::geo::Geo;
use crate::register::{Access, Account, Register, Supplier};
use crate::scene::{Line, Scene};
use crate::session::{Origin, Session};
use crate::zone::zoned;

/// What happened, as far as rules tell things apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// Credentials were accepted or a session came up; `fresh` unless it is the last session moving.
    Success {
        /// A session of its own, not the last one reconnecting.
        fresh: bool,
    },
    /// Another line of a session already known; `placed` if it first tells where the session comes from.
    Announced {
        /// The session's origin became known with this line.
        placed: bool,
    },
    /// Allowed traffic, or a target session behind the gateway; `login` if the line says a login.
    Used {
        /// The use was itself a login (a bastion behind the gateway).
        login: bool,
    },
    /// A sign of life that reached nothing: denied traffic.
    Seen,
    /// The device counted the session's bytes, at its end or before: `Session::sent`, `Session::received`. No sign of life.
    Counted,
    /// A login was refused.
    Refused {
        /// The line tells in other words of an attempt that another line has told: devices write one wrong password up to
        /// three times.
        again: bool,
    },
    /// Somebody changed the gateway; [`Case::event`] tells what.
    Changed,
    /// A LAN-to-LAN tunnel of the supplier came up; of a stranger's, [`Case::event`] tells the peer.
    TunnelUp,
    /// A LAN-to-LAN tunnel that is up was given new keys.
    TunnelRekeyed,
    /// A session that was live at a cut is still open when the cut's grace ends.
    StillOpen {
        /// When the cut came into force.
        cut: Time,
    },
    /// A session ended a while ago: what late lines told of it is told, and it will be forgotten. No line says so.
    Ended,
    /// A timer that the rule asked for fell due.
    Due {
        /// The rule's own word for it.
        kind: u8,
    },
}

/// Something that happened to a supplier, or to somebody who is none.
pub struct Case<'a> {
    /// What.
    pub happening: Happening,
    /// Event time, or the time at which a timer fell due.
    pub now: Time,
    /// The line at hand; `None` when a timer fell due.
    pub line: Option<&'a Line<'a>>,
    /// Whose line it is. A stranger's: [`Register::nobody`], without a name, with the default hours at the site.
    pub supplier: &'a Supplier,
    /// Its entry in the register, where the account has one of its own.
    pub account: Option<&'a Account>,
    /// Sessions of the account, open and lately ended.
    pub sessions: &'a [Session],
    /// The session at hand.
    pub session: Option<&'a Session>,
    /// Where the login at hand comes from, or its session; `None` for front-ends and inner addresses.
    pub origin: Option<Origin>,
    /// Login of the account, lower case, without domain; `None` for tunnels.
    pub login: Option<&'a Arc<str>>,
    /// Domain of the login, as its connection told it with this line or before.
    pub domain: Option<&'a [u8]>,
    /// VPN group, realm or role, as its connection told it with this line or before.
    pub group: Option<&'a [u8]>,
    /// Event time of the first line of the device that the session at hand stands on.
    pub watched_since: Option<Time>,
    /// How many times the message stood for ("message repeated N times").
    pub repeated: u32,
    /// Suppliers, accounts and sites.
    pub register: &'a Register,
    /// Windows, cuts and exceptions.
    pub daybook: &'a Daybook,
    /// Whether there is a daybook in which a window may still be written.
    pub daybook_configured: bool,
    /// Hours and holidays.
    pub calendars: &'a Calendars,
    /// What databases know of addresses.
    pub geo: &'a Geo,
}

impl<'a> Case<'a> {
    /// The line at hand with its text, to be kept or shown; `None` when a timer fell due.
    pub fn scene(&self) -> Option<Scene> {
        self.line.map(Line::scene)
    }

    /// What the line at hand says by itself; `None` when a timer fell due.
    pub fn event(&self) -> Option<&'a Event<'a>> {
        self.line.map(|line| line.event)
    }

    /// The zone of the supplier's calendar.
    pub fn zone(&self) -> &TimeZone {
        self.calendars.zone(self.supplier.calendar)
    }

    /// The beginning of the closed period around a time; `None` if the supplier's hours are open.
    ///
    /// A supplier on demand has no hours: its periods are its nights, from noon to noon.
    pub fn closed_period(&self, time: Time) -> Option<Time> {
        if self.supplier.access == Access::OnDemand {
            let civil = zoned(time.minus(12 * HOUR), self.zone());
            return civil.start_of_day().ok().map(|noon| crate::zone::time(noon.timestamp()));
        }
        let span = self.calendars.at(self.supplier.calendar, time);
        // A calendar that never opens is spoken of once a day.
        let never = || Time(time.0 - time.0.rem_euclid(DAY));
        (!span.open).then(|| if span.from == Time::MIN { never() } else { span.from })
    }
}

/// A sign of life of a stream, one device in one source: a line, whatever it says, or a timer of the rule.
pub struct Sign<'a> {
    /// What.
    pub what: SignKind<'a>,
    /// Event time, or the time at which a timer fell due.
    pub now: Time,
    /// The line's own stamp, however far ahead; with a timer, when it fell due.
    pub stamp: Time,
    /// When the line was received from a running device; `None` in replay and when a timer fell due.
    pub received: Option<Time>,
    /// How far the stream's time has come, this line included.
    pub clock: &'a Clock,
    /// Since when somebody has listened without a break: of what came before, silence says nothing.
    pub awake: Time,
    /// Whether all of the source has been mute since an alert of this rule that speaks of another device of it.
    pub whole_source_told: &'a dyn Fn() -> bool,
    /// Name of the source.
    pub source: &'a Arc<str>,
    /// Name of the device as its lines write it; empty if they do not.
    pub device: &'a [u8],
    /// Site of the source.
    pub site: Option<&'a Arc<str>>,
    /// Suppliers, accounts and sites.
    pub register: &'a Register,
    /// Windows, cuts, exceptions, maintenance.
    pub daybook: &'a Daybook,
}

/// What a stream's sign of life is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignKind<'a> {
    /// A line.
    Line {
        /// The line.
        line: &'a [u8],
        /// Its offset in the source.
        offset: u64,
        /// A format knew it.
        parsed: bool,
        /// Its stamp is the device's own, and not the time at which it came.
        stamped: bool,
    },
    /// A timer that the rule asked for fell due.
    Due {
        /// The rule's own word for it.
        kind: u8,
    },
}

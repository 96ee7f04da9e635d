//! `off-hours`.

use std::collections::BTreeSet;

use parsers::Time;
use parsers::time::MINUTE;
use serde::{Deserialize, Serialize};

use super::{Case, Finding, Findings, Happening, KNOWN, Learned, Remembered, Rule, clock_words, from_words, local, span_words};
use crate::alert::{Because, RuleName, Severity};
use crate::learning::{Fading, Tally};
use crate::register::{Access, AccountKind, SupplierKind};
use crate::scene::Scene;
use crate::session::Session;
use crate::told::{Nearest, Told};
use crate::toml_reader::Table;
use crate::zone::{rfc3339_in, zoned};

#[doc = include_str!("off_hours.md")]
#[derive(Clone, Debug)]
pub struct OffHours {
    /// How long the alert waits for a window that is written a little late, in nanoseconds; only where
    /// a daybook is configured.
    pub grace: i64,
}

impl Default for OffHours {
    fn default() -> Self {
        OffHours { grace: 5 * MINUTE }
    }
}

const HOURS: &str = "hours";

/// What is remembered of an account.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// The closed period that was spoken of last, by its beginning.
    said: Option<Time>,
    /// Findings that wait for their grace, of one closed period each.
    waiting: Vec<Waiting>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Waiting {
    period: Time,
    used: bool,
    scene: Scene,
}

impl Rule for OffHours {
    const NAME: RuleName = RuleName {
        id: "off-hours",
        name: "Supplier session outside agreed hours",
        category: &["authentication", "session"],
        techniques: &[("T1133", "External Remote Services"), ("T1199", "Trusted Relationship")],
    };
    const MANUAL: &'static str = include_str!("off_hours.md");
    const LEARNS: &'static [&'static str] = &[HOURS];
    type Account = Memory;
    /// How many of its sessions began in which hour of its week.
    type Supplier = Fading<Tally<u8>>;
    type Address = ();
    type Stream = ();

    fn heeds(happening: Happening) -> bool {
        matches!(happening, Happening::Success { .. } | Happening::Announced { .. } | Happening::Used { .. } | Happening::Ended)
    }

    fn observe(&self, case: &Case<'_>, memory: Remembered<'_, Self>, out: &mut Findings) {
        let Remembered { account: memory, supplier: usual, .. } = memory;
        let grace = self.grace_in_force(case);
        let (used, further) = match case.happening {
            Happening::Success { .. } => (false, false),
            Happening::Used { .. } if case.session.is_some() => (true, false),
            Happening::Announced { .. } => {
                // The waiting alert learns where its session comes from.
                let of_session = |waiting: &&mut Waiting| case.line.is_some_and(|line| waiting.scene.story.as_ref() == line.story);
                for waiting in memory.waiting.iter_mut().filter(of_session) {
                    waiting.scene.source_ip = waiting.scene.source_ip.or(case.line.and_then(|line| line.source_ip));
                }
                (false, true)
            }
            Happening::Ended => {
                let begins = |session: &Session| !case.sessions.iter().any(|other| other.story == session.story && other.number < session.number);
                if let Some(session) = case.session.filter(|session| begins(session)) {
                    usual.count(hour_of_week(case, session.opened), case.now);
                }
                return;
            }
            Happening::Due { .. } => {
                let (due, waiting) = std::mem::take(&mut memory.waiting).into_iter().partition(|held| held.scene.time.plus(grace) <= case.now);
                memory.waiting = waiting;
                let due: Vec<Waiting> = due;
                let is_void = |time| case.sessions.iter().any(|session| session.void && session.opened <= time && session.closed >= Some(time));
                for waiting in due.into_iter().filter(|waiting| !is_void(waiting.scene.time)) {
                    self.speak(case, memory, usual, waiting, out);
                }
                return;
            }
            _ => return,
        };
        if case.supplier.kind != SupplierKind::Human || case.account.is_some_and(|account| account.kind == AccountKind::Automate) {
            return;
        }
        let Some(period) = case.closed_period(case.now) else { return };
        if memory.said == Some(period) || self.window_covers(case, case.now) {
            return;
        }
        // What a window covers by now waits for nothing, and keeps no later use from being told.
        memory.waiting.retain(|waiting| !self.window_covers(case, waiting.scene.time));
        if let Some(waiting) = memory.waiting.iter_mut().find(|waiting| waiting.period == period) {
            // Lines may come a little out of order: the earliest speaks.
            if case.now < waiting.scene.time
                && let Some(scene) = case.scene()
            {
                *waiting = Waiting { period, used, scene };
                out.wake(case.now.plus(grace), 0);
            }
            return;
        }
        // A further line of a session says nothing new.
        let Some(scene) = case.scene().filter(|_| !further) else { return };
        let waiting = Waiting { period, used, scene };
        if grace == 0 {
            self.speak(case, memory, usual, waiting, out);
        } else {
            memory.waiting.reserve_exact(1);
            memory.waiting.push(waiting);
            out.wake(case.now.plus(grace), 0);
        }
    }

    fn learned(&self, usual: &Self::Supplier, now: Time) -> Vec<Learned> {
        let hours: BTreeSet<u8> = usual.standing(now).flat_map(|tally| tally.keys().copied()).collect();
        let name = |hour: u8| {
            let day = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"].get(usize::from(hour / 24)).copied().unwrap_or_default();
            format!("{day} {:02}:00-{:02}:59", hour % 24, hour % 24)
        };
        hours.into_iter().map(|hour| Learned { what: HOURS, value: name(hour), count: Some(usual.of(&hour, now).0.into()), last: None }).collect()
    }

    fn unlearn(&self, usual: &mut Self::Supplier, _: &str) {
        *usual = Fading::default();
    }

    fn read(table: &mut Table<'_>) -> Self {
        let default = OffHours::default();
        OffHours { grace: table.span("grace").unwrap_or(default.grace) }
    }

    fn settings(&self) -> Vec<(&'static str, String, &'static str)> {
        vec![("grace", span_words(self.grace), "how long the alert waits for a window written late (where a daybook is configured)")]
    }

    fn nearest(&self, told: &Told<'_>) -> Vec<Nearest> {
        told.within_hours("a login", &span_words(self.grace))
    }
}

impl OffHours {
    fn grace_in_force(&self, case: &Case<'_>) -> i64 {
        if case.daybook_configured { self.grace } else { 0 }
    }

    /// Whether a window covers the account at a time, by what is written down so far, and within the grace.
    fn window_covers(&self, case: &Case<'_>, time: Time) -> bool {
        let login = case.login.map_or("", |login| &**login);
        case.daybook.window_covering(&case.supplier.id, login, time, time.plus(self.grace)).is_some()
    }

    fn speak(&self, case: &Case<'_>, memory: &mut Memory, usual: &Fading<Tally<u8>>, waiting: Waiting, out: &mut Findings) {
        let Waiting { period, used, scene } = waiting;
        let (supplier, time, zone) = (case.supplier, scene.time, case.zone());
        let login = scene.login.clone().unwrap_or_default();
        if memory.said == Some(period) || self.window_covers(case, time) {
            return;
        }
        memory.said = Some(period);
        let on_demand = supplier.access == Access::OnDemand;
        let hours = case.calendars.hours(supplier.calendar);
        let holiday = case.calendars.holiday(supplier.calendar, time);
        let open_but_for_it = !on_demand && case.calendars.open_but_for_holiday(supplier.calendar, time);
        let at = clock_words(time, zone);
        let from = from_words(scene.source_ip);
        let doing = if used { "still at work" } else { "in" };
        let (reason, why) = match &holiday {
            _ if on_demand => ("no-window", "on-demand access and no access window".to_owned()),
            Some(name) if open_but_for_it => ("public-holiday", format!("public holiday ({name}) and no access window")),
            _ => ("outside-hours", format!("outside {} and no access window", hours.trim_end_matches("; PH off"))),
        };
        let severity = match reason {
            "no-window" => Severity::High,
            _ if supplier.on_call => Severity::Low,
            _ => Severity::Medium,
        };
        let mut because = Because::default();
        if on_demand {
            because = because.with("access", "on-demand");
        } else {
            because = because.with("hours", hours);
        }
        because = because.with("local_time", local(time, zone));
        if let Some(name) = holiday {
            because = because.with("public_holiday", name);
        }
        if !on_demand {
            let until = case.calendars.at(supplier.calendar, time).until;
            if until != Time::MAX {
                because = because.with("next_open", rfc3339_in(until, zone));
            }
        }
        if supplier.on_call {
            because = because.with("on_call", true);
        }
        let (of_hour, all) = usual.of(&hour_of_week(case, time), case.now);
        if u64::from(all) >= KNOWN {
            because = because.with("usual", format!("{of_hour} of {all} sessions began at this hour of the week"));
        }
        let unless = format!("an access window for {} covering {}", supplier.id, zoned(time, zone).strftime("%H:%M"));
        let message = format!("{login} {doing}{from} at {at}, {why}");
        out.report(Finding { because, unless, ..Finding::new(reason, severity, scene, message) });
    }
}

/// The hour of the week in the supplier's zone: 0 is Monday's first.
fn hour_of_week(case: &Case<'_>, time: Time) -> u8 {
    let local = zoned(time, case.zone());
    let (day, hour) = (local.weekday().to_monday_zero_offset(), local.hour());
    u8::try_from(i16::from(day) * 24 + i16::from(hour)).unwrap_or(0)
}

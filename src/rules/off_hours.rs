//! `off-hours`.

use parsers::Time;
use parsers::time::{DAY, HOUR, MINUTE};
use serde::{Deserialize, Serialize};

use super::{Case, Finding, Findings, Happening, Remembered, Rule, clock_words, from_words, local, span_words};
use crate::alert::{Because, RuleName, Severity};
use crate::register::{Access, AccountKind, SupplierKind};
use crate::session::Scene;
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
    type Account = Memory;
    type Supplier = ();
    type Address = ();
    type Stream = ();

    fn observe(&self, case: &Case<'_>, memory: Remembered<'_, Self>, out: &mut Findings) {
        let memory = memory.account;
        let grace = self.grace_in_force(case);
        let (used, further) = match case.happening {
            Happening::Success { .. } => (false, false),
            Happening::Used { .. } if case.session.is_some() => (true, false),
            Happening::Announced { .. } => {
                // The waiting alert learns where its session comes from.
                let of_session = |waiting: &&mut Waiting| case.scene.is_some_and(|scene| waiting.scene.story == scene.story);
                for waiting in memory.waiting.iter_mut().filter(of_session) {
                    waiting.scene.source_ip = waiting.scene.source_ip.or(case.scene.and_then(|scene| scene.source_ip));
                }
                (false, true)
            }
            Happening::Due { .. } => {
                let (due, waiting) = std::mem::take(&mut memory.waiting).into_iter().partition(|held| held.scene.time.plus(grace) <= case.now);
                memory.waiting = waiting;
                let due: Vec<Waiting> = due;
                let is_void = |time| case.sessions.iter().any(|session| session.void && session.opened <= time && session.closed >= Some(time));
                for waiting in due.into_iter().filter(|waiting| !is_void(waiting.scene.time)) {
                    self.speak(case, memory, waiting, out);
                }
                return;
            }
            _ => return,
        };
        if case.supplier.kind != SupplierKind::Human || case.account.is_some_and(|account| account.kind == AccountKind::Automate) {
            return;
        }
        let Some(period) = closed_period(case, case.now) else { return };
        if memory.said == Some(period) || self.window_covers(case, case.now) {
            return;
        }
        // What a window covers by now waits for nothing, and keeps no later use from being told.
        memory.waiting.retain(|waiting| !self.window_covers(case, waiting.scene.time));
        if let Some(waiting) = memory.waiting.iter_mut().find(|waiting| waiting.period == period) {
            // Lines may come a little out of order: the earliest speaks.
            if case.now < waiting.scene.time
                && let Some(scene) = case.complete()
            {
                *waiting = Waiting { period, used, scene };
                out.wake(case.now.plus(grace), 0);
            }
            return;
        }
        // A further line of a session says nothing new.
        let Some(scene) = case.complete().filter(|_| !further) else { return };
        let waiting = Waiting { period, used, scene };
        if grace == 0 {
            self.speak(case, memory, waiting, out);
        } else {
            memory.waiting.reserve_exact(1);
            memory.waiting.push(waiting);
            out.wake(case.now.plus(grace), 0);
        }
    }

    fn read(table: &mut Table<'_>) -> Self {
        let default = OffHours::default();
        OffHours { grace: table.span("grace").unwrap_or(default.grace) }
    }

    fn settings(&self) -> Vec<(&'static str, String, &'static str)> {
        vec![("grace", span_words(self.grace), "how long the alert waits for a window written late (where a daybook is configured)")]
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

    fn speak(&self, case: &Case<'_>, memory: &mut Memory, waiting: Waiting, out: &mut Findings) {
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
        let unless = format!("an access window for {} covering {}", supplier.id, zoned(time, zone).strftime("%H:%M"));
        let message = format!("{login} {doing}{from} at {at}, {why}");
        out.report(Finding { because, unless, ..Finding::new(reason, severity, scene, message) });
    }
}

/// The beginning of the closed period around a time; `None` if the supplier's hours are open.
///
/// A supplier on demand has no hours: its periods are its nights, from noon to noon.
fn closed_period(case: &Case<'_>, time: Time) -> Option<Time> {
    if case.supplier.access == Access::OnDemand {
        let civil = zoned(time.minus(12 * HOUR), case.zone());
        return civil.start_of_day().ok().map(|noon| crate::zone::time(noon.timestamp()));
    }
    let span = case.calendars.at(case.supplier.calendar, time);
    // A calendar that never opens is spoken of once a day.
    let never = || Time(time.0 - time.0.rem_euclid(DAY));
    (!span.open).then(|| if span.from == Time::MIN { never() } else { span.from })
}

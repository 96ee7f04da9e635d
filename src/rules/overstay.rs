//! `overstay`.

use parsers::Time;
use parsers::time::{DAY, MINUTE};

use super::{Case, Finding, Findings, Happening, KNOWN, Learned, Remembered, Rule, clock_words, from_words, local, span_words};
use crate::alert::{Because, RuleName, Severity};
use crate::learning::{Fading, Spread};
use crate::register::{Access, AccountKind, SupplierKind};
use crate::session::Session;
use crate::told::{Nearest, Remedy, Told};
use crate::toml_reader::Table;
use crate::zone::rfc3339_in;

/// The timer's word: look at the sessions that are open.
pub const LOOK: u8 = 0;

/// A window that is written this much after a login still covers it (`off-hours`).
const WRITTEN_LATE: i64 = 5 * MINUTE;

/// Hours and windows that follow one another without a gap are followed this many times.
const PIECES: usize = 64;

const LENGTH: &str = "length";

#[doc = include_str!("overstay.md")]
#[derive(Clone, Debug)]
pub struct Overstay {
    /// How long a session may stay open after its hours or its window, in nanoseconds.
    pub after: i64,
}

impl Default for Overstay {
    fn default() -> Self {
        Overstay { after: 15 * MINUTE }
    }
}

/// What a session was allowed by, and until when.
#[derive(Clone, Debug, PartialEq)]
struct Cover {
    until: Time,
    /// The window that ended last; `None` = the contract's hours.
    window: Option<String>,
}

impl Rule for Overstay {
    const NAME: RuleName = RuleName {
        id: "overstay",
        name: "Supplier session open beyond its time",
        category: &["session"],
        techniques: &[("T1133", "External Remote Services"), ("T1199", "Trusted Relationship")],
    };
    const MANUAL: &'static str = include_str!("overstay.md");
    const LEARNS: &'static [&'static str] = &[LENGTH];
    type Account = ();
    /// How many minutes its sessions last.
    type Supplier = Fading<Spread>;
    type Address = ();
    type Stream = ();

    fn heeds(happening: Happening) -> bool {
        matches!(happening, Happening::Success { .. } | Happening::Ended)
    }

    fn observe(&self, case: &Case<'_>, memory: Remembered<'_, Self>, out: &mut Findings) {
        match case.happening {
            Happening::Success { .. } => {
                let Some(session) = case.session else { return };
                if let Some(most) = case.supplier.max_session {
                    out.wake(session.opened.plus(most), LOOK);
                }
                match cover(case, session) {
                    Some(cover) if cover.until == Time::MAX => {}
                    Some(cover) => out.wake(cover.until.plus(self.after), LOOK),
                    // A window may be written yet.
                    None if case.daybook_configured => out.wake(session.opened.plus(WRITTEN_LATE), LOOK),
                    None => {}
                }
            }
            Happening::Due { .. } => {
                for session in case.sessions.iter().filter(|session| session.is_seen_open(case.now)) {
                    self.look(case, session, memory.supplier, out);
                }
            }
            Happening::Ended => {
                if let Some(length) = case.session.and_then(|session| length(case, session)) {
                    memory.supplier.add(length, case.now);
                }
            }
            _ => {}
        }
    }

    fn learned(&self, lengths: &Self::Supplier, now: Time) -> Vec<Learned> {
        let most = lengths.most(now).map(|most| Learned { what: LENGTH, value: at_most(most), count: Some(lengths.known(now)), last: None });
        most.into_iter().collect()
    }

    fn unlearn(&self, lengths: &mut Self::Supplier, _: &str) {
        *lengths = Fading::default();
    }

    fn read(table: &mut Table<'_>) -> Self {
        let default = Overstay::default();
        Overstay { after: table.span("after").unwrap_or(default.after) }
    }

    fn settings(&self) -> Vec<(&'static str, String, &'static str)> {
        vec![("after", span_words(self.after), "how long a session may stay open after its hours or its window")]
    }

    fn nearest(&self, told: &Told<'_>) -> Vec<Nearest> {
        let over = told.moment("window_end").or(told.moment("hours_end")).zip(told.span("after"));
        if let Some((end, after)) = over {
            let window = Nearest::new("a window over", told.at(end.plus(after)), "opened or prolonged before then").by(Remedy::Window);
            let means = format!("{} after its time was over", span_words(after));
            return vec![Nearest::new("ended before", told.at(end.plus(after)), means), window];
        }
        let longest = told.moment("session_opened").zip(told.span("max_session"));
        let ended = longest.map(|(opened, most)| Nearest::new("ended before", told.at(opened.plus(most)), format!("{} after it began", span_words(most))));
        ended.into_iter().collect()
    }
}

impl Overstay {
    fn look(&self, case: &Case<'_>, session: &Session, lengths: &Fading<Spread>, out: &mut Findings) {
        // Two seasons of lengths are gone through: only for an alert.
        let with_usual = |because: Because| match usual(lengths, case.now) {
            Some(usual) => because.with("usual_length", usual),
            None => because,
        };
        if let Some(most) = case.supplier.max_session.filter(|&most| case.now >= session.opened.plus(most)) {
            let because = with_usual(Because::default().with("max_session", span_words(most)));
            self.report(case, session, ("too-long", format!("longer than {}", span_words(most))), because, "max_session of the supplier", out);
        }
        let Some(cover) = cover(case, session) else { return };
        if cover.until == Time::MAX {
            return;
        }
        let due = cover.until.plus(self.after);
        if case.now < due {
            out.wake(due, LOOK);
            return;
        }
        let zone = case.zone();
        let ended = local(cover.until, zone);
        let (reason, words, because) = match &cover.window {
            Some(window) => {
                ("past-window", format!("its window {window} ended"), Because::default().with("window", window.as_str()).with("window_end", ended))
            }
            None => {
                let hours = case.calendars.hours(case.supplier.calendar);
                ("past-hours", "its hours ended".to_owned(), Because::default().with("hours", hours).with("hours_end", ended))
            }
        };
        let words = format!("{words} at {}", clock_words(cover.until, zone));
        self.report(case, session, (reason, words), with_usual(because), "an access window", out);
    }

    fn report(&self, case: &Case<'_>, session: &Session, (reason, words): (&'static str, String), because: Because, what: &str, out: &mut Findings) {
        let zone = case.zone();
        let scene = session.scene(case.now, case.login.cloned());
        let message = format!(
            "{} still in{} at {}, {words}",
            scene.login.as_deref().unwrap_or_default(),
            from_words(scene.source_ip),
            clock_words(case.now, zone)
        );
        let because = because
            .with("session_opened", rfc3339_in(session.opened, zone))
            .with("local_time", local(case.now, zone))
            .with("after", span_words(if reason == "too-long" { 0 } else { self.after }));
        let unless = format!("{what} for {} covering {}", case.supplier.id, crate::zone::zoned(case.now, zone).strftime("%H:%M"));
        out.report(Finding { because, unless, once: true, ..Finding::new(reason, Severity::Medium, scene, message) });
    }
}

/// How many minutes a session lasted; `None` where no line ended it, or where it went on as another.
fn length(case: &Case<'_>, session: &Session) -> Option<u64> {
    let lasted = session.closed?.since(session.opened);
    let is_told = lasted < case.supplier.max_session.unwrap_or(DAY) && session.moved.is_none();
    is_told.then(|| u64::try_from(lasted / MINUTE).unwrap_or(0))
}

/// `99 % of its sessions last 2h30m or less`
fn at_most(minutes: u64) -> String {
    let words = match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes}m"),
        (hours, 0) => format!("{hours}h"),
        (hours, minutes) => format!("{hours}h{minutes}m"),
    };
    format!("99 % of its sessions last {words} or less")
}

/// What is usual of so many sessions that it means something.
fn usual(lengths: &Fading<Spread>, now: Time) -> Option<String> {
    let known = lengths.known(now);
    (known >= KNOWN).then(|| lengths.most(now))?.map(|most| format!("{} ({known} sessions)", at_most(most)))
}

/// Until when hours and windows allow a session, one after the other without a gap; `None` where nothing allowed its
/// beginning (that is `off-hours` alone) and for automates. What was written up to now counts.
fn cover(case: &Case<'_>, session: &Session) -> Option<Cover> {
    let supplier = case.supplier;
    if supplier.kind != SupplierKind::Human || case.account.is_some_and(|account| account.kind == AccountKind::Automate) {
        return None;
    }
    let login = case.login.map_or("", |login| &**login);
    let mut cover: Option<Cover> = None;
    for _ in 0..PIECES {
        let at = cover.as_ref().map_or(session.opened, |cover| cover.until);
        let known_by = case.now.max(session.opened.plus(WRITTEN_LATE));
        let hours = case.calendars.at(supplier.calendar, at);
        let of_hours = (supplier.access != Access::OnDemand && hours.open).then_some((hours.until, None));
        let window = case.daybook.window_covering(&supplier.id, login, at, known_by);
        let of_window = window.map(|window| (case.daybook.end_of(window, known_by), Some(window.id.to_string())));
        let Some((until, window)) = of_hours.into_iter().chain(of_window).max_by_key(|(until, _)| *until) else { break };
        cover = Some(Cover { until, window });
        if until == Time::MAX {
            break;
        }
    }
    cover
}

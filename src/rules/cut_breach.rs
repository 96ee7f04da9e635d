//! `cut-breach`.

use parsers::Time;
use parsers::time::MINUTE;

use super::{Case, Finding, Findings, Happening, Remembered, Rule, clock_words, from_words, local, span_words};
use crate::alert::{Because, RuleName, Severity};
use crate::told::{Nearest, Told};
use crate::toml_reader::Table;
use crate::zone::rfc3339_in;

#[doc = include_str!("cut_breach.md")]
#[derive(Clone, Debug)]
pub struct CutBreach {
    /// How long after a cut its sessions may still be open, in nanoseconds.
    pub still_open_after: i64,
}

impl Default for CutBreach {
    fn default() -> Self {
        CutBreach { still_open_after: 15 * MINUTE }
    }
}

impl Rule for CutBreach {
    const NAME: RuleName = RuleName {
        id: "cut-breach",
        name: "Access of a supplier that was cut off",
        category: &["authentication", "network", "session"],
        techniques: &[("T1199", "Trusted Relationship"), ("T1133", "External Remote Services")],
    };
    const MANUAL: &'static str = include_str!("cut_breach.md");
    type Account = ();
    /// The cut in which a tunnel was last said to be still open.
    type Supplier = Option<Time>;
    type Address = ();
    type Stream = ();

    fn observe(&self, case: &Case<'_>, memory: Remembered<'_, Self>, out: &mut Findings) {
        let (reason, doing) = match case.happening {
            Happening::Success { .. } | Happening::Used { login: true } => ("login", "in"),
            Happening::Used { login: false } if case.session.is_some() => ("traffic", "sends traffic"),
            Happening::TunnelUp => ("tunnel", "tunnel up"),
            Happening::TunnelRekeyed => ("still-open", "tunnel still up"),
            Happening::StillOpen { .. } => ("still-open", "still open"),
            _ => return,
        };
        let Some(cut) = case.daybook.cut(&case.supplier.id, case.now) else { return };
        // The cut whose grace ends now was lifted, and another one has come into force since.
        if matches!(case.happening, Happening::StillOpen { cut: ended } if ended < cut.at) {
            return;
        }
        if case.happening == Happening::TunnelRekeyed {
            // It was up before the cut: told once, when it should be down by now.
            if case.now.since(cut.at) < self.still_open_after || *memory.supplier == Some(cut.at) {
                return;
            }
            *memory.supplier = Some(cut.at);
        }
        let zone = case.zone();
        let scene = match (reason, case.session) {
            ("still-open", Some(session)) => Some(session.scene(case.now, case.login.cloned())),
            _ => case.scene(),
        };
        let Some(scene) = scene else { return };
        let login = scene.login.as_deref().map(|login| format!("{login} ")).unwrap_or_default();
        let message = format!(
            "{login}{doing}{} at {}, but the supplier has been cut since {} ({}, {})",
            from_words(scene.source_ip),
            clock_words(case.now, zone),
            rfc3339_in(cut.at, zone),
            cut.by,
            cut.reason
        );
        let mut because = Because::default()
            .with("cut_at", rfc3339_in(cut.at, zone))
            .with("cut_by", &*cut.by)
            .with("cut_reason", &*cut.reason)
            .with("local_time", local(case.now, zone));
        if let Some(session) = case.session {
            because = because.with("session_opened", rfc3339_in(session.opened, zone));
        }
        if reason == "still-open" {
            because = because.with("still_open_after", span_words(self.still_open_after));
        }
        if let Some(destination) = scene.destination_ip {
            because = because.with("destination", destination.to_string());
        }
        let unless = format!("a lift of the cut of {} before {}", case.supplier.id, crate::zone::zoned(case.now, zone).strftime("%F %H:%M"));
        out.report(Finding { because, unless, once: true, ..Finding::new(reason, Severity::Critical, scene, message) });
    }

    fn read(table: &mut Table<'_>) -> Self {
        let default = CutBreach::default();
        CutBreach { still_open_after: table.span("still_open_after").unwrap_or(default.still_open_after) }
    }

    fn settings(&self) -> Vec<(&'static str, String, &'static str)> {
        vec![("still_open_after", span_words(self.still_open_after), "how long after a cut its sessions may still be open")]
    }

    fn nearest(&self, told: &Told<'_>) -> Vec<Nearest> {
        let before = told.moment("cut_at").map(|cut| match told.span("still_open_after") {
            Some(after) => Nearest::new("ended before", told.at(cut.plus(after)), format!("{} after the cut", span_words(after))),
            None => Nearest::new("before", told.at(cut), "when the supplier was cut"),
        });
        before.into_iter().collect()
    }
}

//! `dormant-account`.

use parsers::Time;
use parsers::time::DAY;
use serde::{Deserialize, Serialize};

use super::{Case, Finding, Findings, Happening, Remembered, Rule, clock_words, from_words, local, span_words};
use crate::alert::{Because, RuleName, Severity};
use crate::told::{Amount, Nearest, Remedy, Told};
use crate::toml_reader::Table;
use crate::zone::{rfc3339_in, zoned};

#[doc = include_str!("dormant_account.md")]
#[derive(Clone, Debug)]
pub struct DormantAccount {
    /// How long an account may go unused before it sleeps, in nanoseconds, where neither account nor supplier says.
    pub after: i64,
}

impl Default for DormantAccount {
    fn default() -> Self {
        DormantAccount { after: 90 * DAY }
    }
}

/// What is remembered of an account.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// Its last success.
    last: Option<Time>,
}

impl Rule for DormantAccount {
    const NAME: RuleName = RuleName {
        id: "dormant-account",
        name: "Supplier account used after a long sleep",
        category: &["authentication"],
        techniques: &[("T1078", "Valid Accounts")],
    };
    const MANUAL: &'static str = include_str!("dormant_account.md");
    type Account = Memory;
    type Supplier = ();
    type Address = ();
    type Stream = ();

    fn heeds(happening: Happening) -> bool {
        matches!(happening, Happening::Success { .. } | Happening::Announced { .. } | Happening::Used { login: true })
    }

    fn observe(&self, case: &Case<'_>, memory: Remembered<'_, Self>, out: &mut Findings) {
        if !matches!(case.happening, Happening::Success { .. } | Happening::Announced { .. } | Happening::Used { login: true }) {
            return;
        }
        let last = memory.account.last.replace(memory.account.last.map_or(case.now, |last| last.max(case.now)));
        let after = case.account.and_then(|account| account.dormant_after).or(case.supplier.dormant_after).unwrap_or(self.after);
        let zone = case.zone();
        let created = case.account.and_then(|account| account.created.as_ref()).filter(|created| case.now.since(created.time) > after);
        let watched = case.watched_since.filter(|&since| case.now.since(since) > after);
        let (reason, words, because) = match (last, created) {
            (Some(last), _) if case.now.since(last) > after => {
                let days = case.now.since(last) / DAY;
                let because = Because::default().with("last_success", rfc3339_in(last, zone)).with("unused_days", days);
                ("long-unused", format!("after {days} days without a login"), because)
            }
            (None, Some(created)) if watched.is_some() => {
                let because = Because::default().with("created", created.date.to_string());
                ("never-used", format!("for the first time since it was created on {}", created.date), because)
            }
            _ => return,
        };
        let Some(scene) = case.scene() else { return };
        let login = scene.login.as_deref().unwrap_or_default();
        let message = format!("{login} in{} at {}, {words}", from_words(scene.source_ip), clock_words(case.now, zone));
        let because = because.with("dormant_after", span_words(after)).with("local_time", local(case.now, zone));
        let unless = format!("a success of {login} within {} before {}", span_words(after), zoned(case.now, zone).strftime("%F"));
        out.report(Finding { because, unless, ..Finding::new(reason, Severity::High, scene, message) });
    }

    fn read(table: &mut Table<'_>) -> Self {
        let default = DormantAccount::default();
        DormantAccount { after: table.span("after").unwrap_or(default.after) }
    }

    fn settings(&self) -> Vec<(&'static str, String, &'static str)> {
        vec![("after", span_words(self.after), "how long an account may go unused, where neither account nor supplier says")]
    }

    fn nearest(&self, told: &Told<'_>) -> Vec<Nearest> {
        let mut list = Vec::new();
        let after = told.span("dormant_after");
        if let Some((time, after)) = told.time.zip(after) {
            let means = told.moment("last_success").map_or("it was never used before".to_owned(), |last| format!("the last one was on {}", told.at(last)));
            list.push(Nearest::new("used since", told.at(time.minus(after)), means));
        }
        if let Some(days) = told.number("unused_days") {
            let least = days.saturating_add(1).saturating_mul(DAY);
            let nearest = Nearest::new("dormant after", span_words(least), format!("of the account, its supplier, or `after`; it slept {days} days"));
            // Where the account or the supplier says, the rule's own setting is not asked.
            let is_own = after == Some(self.after);
            list.push(if is_own { nearest.by(Remedy::Setting("after", Amount::Span(least))) } else { nearest });
        }
        list
    }
}

//! `expired-access`.

use super::{Case, Finding, Findings, Happening, Remembered, Rule, clock_words, from_words, local};
use crate::alert::{Because, RuleName, Severity};
use crate::told::{Nearest, Told};
use crate::toml_reader::Table;

#[doc = include_str!("expired_access.md")]
#[derive(Clone, Debug, Default)]
pub struct ExpiredAccess;

impl Rule for ExpiredAccess {
    const NAME: RuleName = RuleName {
        id: "expired-access",
        name: "Supplier access after its end or before its start",
        category: &["authentication"],
        techniques: &[("T1078", "Valid Accounts"), ("T1199", "Trusted Relationship")],
    };
    const MANUAL: &'static str = include_str!("expired_access.md");
    type Account = ();
    type Supplier = ();
    type Address = ();
    type Stream = ();

    fn heeds(happening: Happening) -> bool {
        matches!(happening, Happening::Success { .. } | Happening::Used { login: true })
    }

    fn observe(&self, case: &Case<'_>, _: Remembered<'_, Self>, out: &mut Findings) {
        if !matches!(case.happening, Happening::Success { .. } | Happening::Used { login: true }) {
            return;
        }
        let supplier = case.supplier;
        let expires = case.account.and_then(|account| account.expires.as_ref());
        let (reason, field, words, date) = if let Some(end) = expires.filter(|end| case.now >= end.time) {
            ("account-expired", "expires", "the account expired on", end)
        } else if let Some(end) = supplier.contract_end.as_ref().filter(|end| case.now >= end.time) {
            ("contract-ended", "contract_end", "the contract ended on", end)
        } else if let Some(start) = supplier.contract_start.as_ref().filter(|start| case.now < start.time) {
            ("contract-not-started", "contract_start", "the contract starts on", start)
        } else {
            return;
        };
        let Some(scene) = case.scene() else { return };
        let zone = case.zone();
        let message = format!(
            "{} in{} at {}, {words} {}",
            scene.login.as_deref().unwrap_or_default(),
            from_words(scene.source_ip),
            clock_words(case.now, zone),
            date.date
        );
        let because = Because::default().with(field, date.date.to_string()).with("local_time", local(case.now, zone));
        let whose = if reason == "account-expired" { "this account's" } else { "the supplier's" };
        let unless = format!("{whose} {field} in the register covering {}", crate::zone::zoned(case.now, zone).date());
        out.report(Finding { because, unless, once: true, ..Finding::new(reason, Severity::High, scene, message) });
    }

    fn read(_: &mut Table<'_>) -> Self {
        ExpiredAccess
    }

    fn settings(&self) -> Vec<(&'static str, String, &'static str)> {
        Vec::new()
    }

    fn nearest(&self, told: &Told<'_>) -> Vec<Nearest> {
        let date = |what: &str, field: &str, means: &str| told.text(field).map(|date| Nearest::new(what, date, means));
        let by_then = [
            date("a login until", "expires", "the account's last day; a later `expires` would let it in"),
            date("a login until", "contract_end", "the contract's last day; a later `contract_end` would let it in"),
            date("a login from", "contract_start", "the contract's first day"),
        ];
        by_then.into_iter().flatten().collect()
    }
}

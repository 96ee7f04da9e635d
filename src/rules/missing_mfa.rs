//! `missing-mfa`.

use super::{Case, Finding, Findings, Happening, Remembered, Rule, clock_words, from_words, local};
use crate::alert::{Because, RuleName, Severity};
use crate::told::{Nearest, Told};
use crate::toml_reader::Table;

#[doc = include_str!("missing_mfa.md")]
#[derive(Clone, Debug, Default)]
pub struct MissingMfa;

impl Rule for MissingMfa {
    const NAME: RuleName = RuleName {
        id: "missing-mfa",
        name: "Supplier in with a single factor",
        category: &["authentication"],
        techniques: &[("T1078", "Valid Accounts"), ("T1556.006", "Modify Authentication Process: Multi-Factor Authentication")],
    };
    const MANUAL: &'static str = include_str!("missing_mfa.md");
    type Account = ();
    type Supplier = ();
    type Address = ();
    type Stream = ();

    fn heeds(happening: Happening) -> bool {
        matches!(happening, Happening::Success { .. } | Happening::Announced { .. })
    }

    fn observe(&self, case: &Case<'_>, _: Remembered<'_, Self>, out: &mut Findings) {
        if !case.supplier.mfa || !matches!(case.happening, Happening::Success { .. } | Happening::Announced { .. }) {
            return;
        }
        let Some(scene) = case.session.filter(|session| session.mfa == Some(false)).and_then(|_| case.scene()) else { return };
        let zone = case.zone();
        let message = format!(
            "{} in{} at {} without a second factor",
            scene.login.as_deref().unwrap_or_default(),
            from_words(scene.source_ip),
            clock_words(case.now, zone)
        );
        let because = Because::default().with("mfa", "required").with("local_time", local(case.now, zone));
        let unless = "a second factor at this login".to_owned();
        out.report(Finding { because, unless, once: true, ..Finding::new("single-factor", Severity::Medium, scene, message) });
    }

    fn read(_: &mut Table<'_>) -> Self {
        MissingMfa
    }

    fn settings(&self) -> Vec<(&'static str, String, &'static str)> {
        Vec::new()
    }

    fn nearest(&self, _: &Told<'_>) -> Vec<Nearest> {
        vec![Nearest::new("a login with", "a second factor", "as the register asks of the supplier (`mfa = true`)")]
    }
}

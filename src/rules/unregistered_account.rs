//! `unregistered-account`.

use std::collections::BTreeMap;
use std::sync::Arc;

use parsers::Time;

use super::{Case, Finding, Findings, Happening, Remembered, Rule, clock_words, from_words, local};
use crate::alert::{Because, RuleName, Severity};
use crate::normalised::lossy;
use crate::told::{Nearest, Told};
use crate::toml_reader::Table;

/// How many accounts are remembered as told; beyond, the one that came in longest ago is forgotten.
const ACCOUNTS: usize = 4096;

#[doc = include_str!("unregistered_account.md")]
#[derive(Clone, Debug, Default)]
pub struct UnregisteredAccount;

impl Rule for UnregisteredAccount {
    const NAME: RuleName = RuleName {
        id: "unregistered-account",
        name: "Supplier's account that the register does not know",
        category: &["authentication", "iam"],
        techniques: &[("T1078", "Valid Accounts"), ("T1136", "Create Account")],
    };
    const MANUAL: &'static str = include_str!("unregistered_account.md");
    type Account = ();
    /// Of all strangers: when each account that was told last came in.
    type Supplier = BTreeMap<Arc<str>, Time>;
    type Address = ();
    type Stream = ();

    fn heeds(happening: Happening) -> bool {
        matches!(happening, Happening::Success { .. })
    }

    fn observe(&self, _: &Case<'_>, _: Remembered<'_, Self>, _: &mut Findings) {}

    fn stranger(&self, case: &Case<'_>, memory: Remembered<'_, Self>, out: &mut Findings) {
        let Some(login) = case.login.filter(|_| matches!(case.happening, Happening::Success { .. })) else { return };
        let (domain, group) = (case.domain.map(|domain| lossy(domain.into())), case.group.map(|group| lossy(group.into())));
        // Without a register such an account is a supplier of its own, and no stranger.
        if !case.register.is_declared() || !case.register.looks_like_supplier(login, domain.as_deref(), group.as_deref()) {
            return;
        }
        let told = memory.supplier;
        if told.insert(Arc::clone(login), case.now).is_some() {
            return;
        }
        if told.len() > ACCOUNTS {
            let oldest = told.iter().min_by_key(|(_, last)| **last).map(|(login, _)| Arc::clone(login));
            oldest.map(|oldest| told.remove(&oldest));
        }
        let Some(scene) = case.scene() else { return };
        let zone = case.zone();
        let message = format!(
            "{login} in{} at {}: it looks like a supplier's account, and no supplier in the register owns it",
            from_words(scene.source_ip),
            clock_words(case.now, zone)
        );
        let mut because = Because::default().with("login", &**login);
        for (name, part) in [("domain", domain), ("group", group)] {
            if let Some(part) = part {
                because = because.with(name, &*part);
            }
        }
        let because = because.with("local_time", local(case.now, zone));
        let unless = format!("{login} among the accounts of a supplier, or names that do not show a supplier (setting supplier_names)");
        out.report(Finding { because, unless, ..Finding::new("unknown", Severity::Medium, scene, message) });
    }

    fn read(_: &mut Table<'_>) -> Self {
        UnregisteredAccount
    }

    fn settings(&self) -> Vec<(&'static str, String, &'static str)> {
        Vec::new()
    }

    fn nearest(&self, told: &Told<'_>) -> Vec<Nearest> {
        let declared = "among the accounts of a supplier in the register";
        told.text("login").map(|login| Nearest::new("the account", login, declared)).into_iter().collect()
    }
}

//! `unregistered-account`.

use super::{Case, Findings, Remembered, Rule};
use crate::alert::RuleName;
use crate::toml_reader::Table;

#[doc = include_str!("unregistered_account.md")]
#[derive(Clone, Debug, Default)]
pub struct UnregisteredAccount;

impl Rule for UnregisteredAccount {
    const NAME: RuleName = RuleName {
        id: "unregistered-account",
        name: "An account that looks like a supplier's and is nobody's",
        category: &["authentication", "iam"],
        techniques: &[("T1136", "Create Account"), ("T1078", "Valid Accounts")],
    };
    const MANUAL: &'static str = include_str!("unregistered_account.md");
    type Account = ();
    type Supplier = ();
    type Address = ();
    type Stream = ();

    fn observe(&self, _: &Case<'_>, _: Remembered<'_, Self>, _: &mut Findings) {}

    fn read(_: &mut Table<'_>) -> Self {
        UnregisteredAccount
    }

    fn settings(&self) -> Vec<(&'static str, String, &'static str)> {
        Vec::new()
    }
}

//! `credential-guessing`.

use super::{Case, Findings, Remembered, Rule};
use crate::alert::RuleName;
use crate::toml_reader::Table;

#[doc = include_str!("credential_guessing.md")]
#[derive(Clone, Debug, Default)]
pub struct CredentialGuessing;

impl Rule for CredentialGuessing {
    const NAME: RuleName = RuleName {
        id: "credential-guessing",
        name: "Passwords of suppliers are being guessed",
        category: &["authentication"],
        techniques: &[("T1110", "Brute Force")],
    };
    const MANUAL: &'static str = include_str!("credential_guessing.md");
    type Account = ();
    type Supplier = ();
    type Address = ();
    type Stream = ();

    fn observe(&self, _: &Case<'_>, _: Remembered<'_, Self>, _: &mut Findings) {}

    fn read(_: &mut Table<'_>) -> Self {
        CredentialGuessing
    }

    fn settings(&self) -> Vec<(&'static str, String, &'static str)> {
        Vec::new()
    }
}

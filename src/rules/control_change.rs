//! `control-change`.

use super::{Case, Findings, Remembered, Rule};
use crate::alert::RuleName;
use crate::toml_reader::Table;

#[doc = include_str!("control_change.md")]
#[derive(Clone, Debug, Default)]
pub struct ControlChange;

impl Rule for ControlChange {
    const NAME: RuleName = RuleName {
        id: "control-change",
        name: "The gate itself was changed",
        category: &["configuration", "iam"],
        techniques: &[("T1562", "Impair Defenses"), ("T1098", "Account Manipulation")],
    };
    const MANUAL: &'static str = include_str!("control_change.md");
    type Account = ();
    type Supplier = ();
    type Address = ();
    type Stream = ();

    fn observe(&self, _: &Case<'_>, _: Remembered<'_, Self>, _: &mut Findings) {}

    fn read(_: &mut Table<'_>) -> Self {
        ControlChange
    }

    fn settings(&self) -> Vec<(&'static str, String, &'static str)> {
        Vec::new()
    }
}

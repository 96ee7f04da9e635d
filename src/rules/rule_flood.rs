//! `rule-flood`.

use super::{Case, Findings, Remembered, Rule};
use crate::alert::RuleName;
use crate::toml_reader::Table;

#[doc = include_str!("rule_flood.md")]
#[derive(Clone, Debug, Default)]
pub struct RuleFlood;

impl Rule for RuleFlood {
    const NAME: RuleName = RuleName {
        id: "rule-flood",
        name: "A rule raised too many alerts today",
        category: &["host"],
        techniques: &[],
    };
    const MANUAL: &'static str = include_str!("rule_flood.md");
    type Account = ();
    type Supplier = ();
    type Address = ();
    type Stream = ();

    fn observe(&self, _: &Case<'_>, _: Remembered<'_, Self>, _: &mut Findings) {}

    fn read(_: &mut Table<'_>) -> Self {
        RuleFlood
    }

    fn settings(&self) -> Vec<(&'static str, String, &'static str)> {
        Vec::new()
    }
}

//! `source-silent`.

use super::{Case, Findings, Remembered, Rule};
use crate::alert::RuleName;
use crate::toml_reader::Table;

#[doc = include_str!("source_silent.md")]
#[derive(Clone, Debug, Default)]
pub struct SourceSilent;

impl Rule for SourceSilent {
    const NAME: RuleName = RuleName {
        id: "source-silent",
        name: "A source has gone mute",
        category: &["host"],
        techniques: &[("T1562.006", "Impair Defenses: Indicator Blocking")],
    };
    const MANUAL: &'static str = include_str!("source_silent.md");
    type Account = ();
    type Supplier = ();
    type Address = ();
    type Stream = ();

    fn observe(&self, _: &Case<'_>, _: Remembered<'_, Self>, _: &mut Findings) {}

    fn read(_: &mut Table<'_>) -> Self {
        SourceSilent
    }

    fn settings(&self) -> Vec<(&'static str, String, &'static str)> {
        Vec::new()
    }
}

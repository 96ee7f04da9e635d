//! `impossible-travel`.

use super::{Case, Findings, Remembered, Rule};
use crate::alert::RuleName;
use crate::toml_reader::Table;

#[doc = include_str!("impossible_travel.md")]
#[derive(Clone, Debug, Default)]
pub struct ImpossibleTravel;

impl Rule for ImpossibleTravel {
    const NAME: RuleName = RuleName {
        id: "impossible-travel",
        name: "Supplier in two places too far apart",
        category: &["authentication"],
        techniques: &[("T1078", "Valid Accounts")],
    };
    const MANUAL: &'static str = include_str!("impossible_travel.md");
    type Account = ();
    type Supplier = ();
    type Address = ();
    type Stream = ();

    fn observe(&self, _: &Case<'_>, _: Remembered<'_, Self>, _: &mut Findings) {}

    fn read(_: &mut Table<'_>) -> Self {
        ImpossibleTravel
    }

    fn settings(&self) -> Vec<(&'static str, String, &'static str)> {
        Vec::new()
    }
}

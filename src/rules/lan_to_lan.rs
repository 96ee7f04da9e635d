//! `lan-to-lan`.

use super::{Case, Findings, Remembered, Rule};
use crate::alert::RuleName;
use crate::toml_reader::Table;

#[doc = include_str!("lan_to_lan.md")]
#[derive(Clone, Debug, Default)]
pub struct LanToLan;

impl Rule for LanToLan {
    const NAME: RuleName = RuleName {
        id: "lan-to-lan",
        name: "LAN-to-LAN tunnel that nobody agreed to",
        category: &["network"],
        techniques: &[("T1133", "External Remote Services")],
    };
    const MANUAL: &'static str = include_str!("lan_to_lan.md");
    type Account = ();
    type Supplier = ();
    type Address = ();
    type Stream = ();

    fn observe(&self, _: &Case<'_>, _: Remembered<'_, Self>, _: &mut Findings) {}

    fn read(_: &mut Table<'_>) -> Self {
        LanToLan
    }

    fn settings(&self) -> Vec<(&'static str, String, &'static str)> {
        Vec::new()
    }
}

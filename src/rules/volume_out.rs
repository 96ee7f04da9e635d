//! `volume-out`.

use super::{Case, Findings, Remembered, Rule};
use crate::alert::RuleName;
use crate::toml_reader::Table;

#[doc = include_str!("volume_out.md")]
#[derive(Clone, Debug, Default)]
pub struct VolumeOut;

impl Rule for VolumeOut {
    const NAME: RuleName = RuleName {
        id: "volume-out",
        name: "Supplier session takes out too much",
        category: &["network", "session"],
        techniques: &[("T1048", "Exfiltration Over Alternative Protocol")],
    };
    const MANUAL: &'static str = include_str!("volume_out.md");
    type Account = ();
    type Supplier = ();
    type Address = ();
    type Stream = ();

    fn observe(&self, _: &Case<'_>, _: Remembered<'_, Self>, _: &mut Findings) {}

    fn read(_: &mut Table<'_>) -> Self {
        VolumeOut
    }

    fn settings(&self) -> Vec<(&'static str, String, &'static str)> {
        Vec::new()
    }
}

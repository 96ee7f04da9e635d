//! Any product that writes IBM's Log Event Extended Format and has no format of its own here.
//!
//! IBM, "LEEF event components", versions 1.0 and 2.0.

use super::cef::plain;
use crate::formats::Format;
use crate::{Dress, Escape, Facts, Line, Stamps};

/// LEEF's line of the table of formats.
pub(super) const FORMAT: Format = Format {
    name: "leef",
    vendor: "",
    product: "",
    covers: "any product writing LEEF 1.0 or 2.0 (IBM Log Event Extended Format)",
    dresses: &[Dress::Leef],
    looks_like,
    parse,
};

fn looks_like(line: &Line<'_>) -> bool {
    line.leef().is_some()
}

/// `LEEF:1.0|Portail|Access Portal|4.2|LOGIN|devTime=1795210867000<TAB>usrName=fourn.chimere<TAB>src=198.51.100.7`
fn parse(line: &Line<'_>, stamps: &mut Stamps, facts: &mut Facts) -> Option<()> {
    let leef = line.leef()?;
    facts.vendor = line.text(leef.vendor);
    facts.product = line.text(leef.product);
    plain::read(line, leef.pairs(), [leef.event, &[]], Escape::None, stamps, facts);
    Some(())
}

//! JSON of a product that is not known here, by the names that products give to things.
//!
//! A line is taken if it names a user or where one comes from, and what was done; what was done decides, and where it is none of the plain
//! words the line is no access. Anything else in JSON stays unparsed, so that a product that nobody reads is noticed.

mod names;

use super::cef::plain;
use crate::atoms::Leaves;
use crate::formats::Format;
use crate::{Dress, Escape, Facts, Line, Stamp, Stamps, stamp};

/// The line of JSON in the table of formats.
pub(super) const FORMAT: Format = Format {
    name: "json",
    vendor: "",
    product: "",
    covers: "JSON of any product that names user or address, and action",
    dresses: &[Dress::Json],
    looks_like,
    parse,
};

fn looks_like(line: &Line<'_>) -> bool {
    if !(line.body.starts_with(b"{") && line.body.ends_with(b"}")) {
        return false;
    }
    let (mut who, mut what) = (false, false);
    names::in_order(line.body).any(|pair| {
        who |= matches!(pair.key, b"suser" | b"duser" | b"usrName" | b"src");
        what |= pair.key == b"act";
        who && what
    })
}

/// ```text
/// {"time":"2026-11-20T21:41:07Z","user":"fourn.chimere","client_ip":"198.51.100.23","action":"login","result":"success"}
/// ```
fn parse(line: &Line<'_>, stamps: &mut Stamps, facts: &mut Facts) -> Option<()> {
    read(line, &[], stamps, facts);
    if line.quotes_any(&[b"vendor", b"product"]) {
        for leaf in Leaves::new(line.body) {
            match leaf.path() {
                [b"vendor"] => facts.vendor = line.escaped(leaf.value, leaf.escape),
                [b"product"] => facts.product = line.escaped(leaf.value, leaf.escape),
                _ => {}
            }
        }
    }
    (!facts.user.is_empty() || facts.source_ip.is_some()).then_some(())
}

/// Reads the plain names; `name` is the event's, where the line has one.
pub(super) fn read<'a>(line: &Line<'a>, name: &'a [u8], stamps: &mut Stamps, facts: &mut Facts) {
    // Seconds with decimals, which CEF does not have.
    let mut epoch = Stamp::None;
    let pairs = names::pairs(line.body).inspect(|pair| {
        if pair.key == b"rt" && epoch == Stamp::None {
            epoch = stamp::epoch(pair.value);
        }
    });
    plain::read(line, pairs, [name, &[]], Escape::Json, stamps, facts);
    if facts.stamp == Stamp::None {
        facts.stamp = epoch;
    }
}

//! Graylog's Extended Log Format, version 1.1: what applications say of themselves in fields that begin with `_`.
//!
//! Graylog, "GELF Payload Specification". A message that is a line of another product is that product's; a message that says nothing by its own
//! fields stays unparsed.

use super::json;
use crate::atoms::Leaves;
use crate::formats::Format;
use crate::{Dress, Escape, Facts, Kind, Line, Stamps, stamp};

/// The line of GELF in the table of formats.
pub(super) const FORMAT: Format = Format {
    name: "gelf",
    vendor: "",
    product: "",
    covers: "GELF (Graylog) JSON by its additional fields",
    dresses: &[Dress::Json],
    looks_like,
    parse,
};

fn looks_like(line: &Line<'_>) -> bool {
    line.body.starts_with(b"{") && line.quotes_all(&[b"short_message", b"host"])
}

/// ```text
/// {"version":"1.1","host":"portail-1","short_message":"User login","timestamp":1795210867.123,"_user":"fourn.chimere","_src_ip":"198.51.100.23","_outcome":"success"}
/// ```
fn parse(line: &Line<'_>, stamps: &mut Stamps, facts: &mut Facts) -> Option<()> {
    let (mut name, mut host, mut time) = (&[] as &[u8], &[] as &[u8], &[] as &[u8]);
    for leaf in Leaves::new(line.body) {
        match leaf.path() {
            [b"short_message"] => name = leaf.value,
            [b"host"] => host = leaf.value,
            [b"timestamp"] => time = leaf.value,
            _ => {}
        }
    }
    json::read(line, name, stamps, facts);
    facts.device = line.escaped(host, Escape::Json);
    facts.stamp = stamps.body(time, stamp::epoch);
    (facts.kind != Kind::Other || !facts.user.is_empty() || facts.source_ip.is_some()).then_some(())
}

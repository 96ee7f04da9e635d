//! `filterlog`, the packet filter's log of pfSense and OPNsense.
//!
//! Netgate, "Raw Filter Log Format"; OPNsense writes the same columns, with the rule's hash or UUID for its number.

use crate::atoms::{Row, ip, number};
use crate::formats::Format;
use crate::{Dress, Facts, Kind, Line, Stamps, Verdict};

/// The line of the table of formats.
pub(super) const FORMAT: Format = Format {
    name: "filterlog",
    vendor: "pfSense",
    product: "filterlog",
    covers: "pfSense and OPNsense packet filter: flows passed and blocked, IPv4 and IPv6",
    dresses: &[Dress::Digits, Dress::Signs],
    looks_like,
    parse,
};

/// As many columns as lead to the ports.
type Columns<'a> = Row<'a, 22>;

const ACTION: usize = 6;
const DIRECTION: usize = 7;
const VERSION: usize = 8;

fn looks_like(line: &Line<'_>) -> bool {
    match line.head.app {
        b"filterlog" => true,
        b"" if line.body.first().is_some_and(u8::is_ascii_digit) => is_row(&Columns::new(line.body, b',')),
        _ => false,
    }
}

fn is_row(row: &Columns<'_>) -> bool {
    matches!(row.value(DIRECTION), b"in" | b"out")
        && matches!(row.value(VERSION), b"4" | b"6")
        && !row.value(ACTION).is_empty()
        && row.value(ACTION).iter().all(|b| b.is_ascii_lowercase() || matches!(b, b'(' | b')' | b'0'..=b'9'))
}

/// `5,,,1000000103,igb0,match,block,in,4,0x0,,250,31401,0,none,6,tcp,60,198.51.100.7,10.1.1.9,40007,443,0,S,…`
/// `5,,,1000000103,igb0,match,pass,in,6,0x00,0x0ea87,51,udp,17,73,2001:db8::7,2001:db8:1::9,6881,51918,73`
fn parse(line: &Line<'_>, _: &mut Stamps, facts: &mut Facts) -> Option<()> {
    let row = Columns::new(line.body, b',');
    if line.body.is_empty() {
        return None;
    }
    if !is_row(&row) {
        return Some(());
    }
    facts.kind = Kind::Traffic;
    facts.action = line.text(row.value(ACTION));
    facts.verdict = match row.value(ACTION) {
        b"pass" | b"rdr" | b"nat" | b"binat" => Some(Verdict::Allowed),
        b"block" | b"reject" => Some(Verdict::Denied),
        _ => None,
    };
    let (protocol, source) = if row.value(VERSION) == b"4" { (15, 18) } else { (13, 15) };
    facts.source_ip = ip(row.value(source));
    facts.destination_ip = ip(row.value(source + 1));
    // Other protocols have columns of their own there. Some builds swap name and number of the protocol.
    let with_ports = |column: usize| matches!(row.value(column), b"6" | b"17" | b"132");
    if with_ports(protocol) || with_ports(protocol - 1) && source == 15 {
        facts.source_port = number(row.value(source + 2));
        facts.destination_port = number(row.value(source + 3));
    }
    Some(())
}

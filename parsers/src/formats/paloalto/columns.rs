//! The CSV that PAN-OS writes by default: the log type decides what the columns are.

use super::record::{Field, Record, time};
use crate::Stamp;
use crate::atoms::{Columns, Row};

/// Column numbers, counted from 0, in rising order.
type Layout = &'static [(usize, Field)];

/// `FUTURE_USE, Receive Time, Serial Number, Type, Threat/Content Type, FUTURE_USE, Generated Time, …`
pub(super) fn looks_like(body: &[u8]) -> bool {
    // A glance first: nearly all begin with `1,20`; the first column means nothing and may be empty.
    if !body.iter().take(24).any(|&b| b == b',') || !body.first().is_some_and(|b| b.is_ascii_digit() || *b == b',') {
        return false;
    }
    let row = Row::<6>::new(body, b',');
    let is_type = |text: &[u8]| text.len() > 2 && text.iter().all(|&b| b.is_ascii_uppercase() || matches!(b, b'-' | b'_'));
    row.value(0).iter().all(u8::is_ascii_digit)
        && row.value(2).iter().all(|&b| b.is_ascii_alphanumeric() || b == b'-')
        && (is_type(row.value(3)) || early_globalprotect(&row))
        && time(row.value(1)) != Stamp::None
}

/// Whether these are columns, of what is known to be of PAN-OS: the first is a number or empty.
pub(super) fn begin(body: &[u8]) -> bool {
    body.iter().find(|b| !matches!(b, b'0'..=b'9' | b' ')) == Some(&b',')
}

/// The row's fields.
pub(super) fn read(body: &[u8]) -> Record<'_> {
    let mut record = Record::default();
    let row = Row::<6>::new(body, b',');
    let early = early_globalprotect(&row);
    let shift = if early { 2 } else { 0 };
    let layout = if early { GLOBALPROTECT } else { layout(&row, body) };
    let mut wanted = HEAD.iter().chain(layout).map(|&(at, field)| (if at > 2 { at + shift } else { at }, field)).peekable();
    // The sequence number and what follows it stand elsewhere in the early layout.
    let end = if early { 36 } else { usize::MAX };
    for (at, column) in Columns::new(body, b',').enumerate().take(end) {
        if let Some((_, field)) = wanted.next_if(|&(next, _)| next == at) {
            record.put(field, column);
        }
        if wanted.peek().is_none() {
            break;
        }
    }
    record
}

/// PAN-OS 9.1.0 to 9.1.2 wrote the sequence number and the action flags in front of `GlobalProtect`'s type.
fn early_globalprotect<const N: usize>(row: &Row<'_, N>) -> bool {
    row.value(5) == b"GLOBALPROTECT" && row.value(4).starts_with(b"0x")
}

fn layout<const N: usize>(row: &Row<'_, N>, body: &[u8]) -> Layout {
    match row.value(3) {
        b"TRAFFIC" => TRAFFIC,
        b"THREAT" => THREAT,
        b"GLOBALPROTECT" => GLOBALPROTECT,
        b"SYSTEM" => SYSTEM,
        b"USERID" => USERID,
        b"AUTHENTICATION" | b"AUTH" => AUTHENTICATION,
        b"HIPMATCH" | b"HIP-MATCH" => HIPMATCH,
        b"DECRYPTION" => DECRYPTION,
        // Custom layouts put what stood there before and after the change in front of the sequence number.
        b"CONFIG" if Columns::new(body, b',').nth(17).is_some_and(|column| column.value.starts_with(b"0x")) => CONFIG_IN_FULL,
        b"CONFIG" => CONFIG,
        b"START" | b"END" | b"TUNNEL" | b"SCTP" | b"GTP" => ENDS,
        _ => &[],
    }
}

const HEAD: Layout = &[(1, Field::Arrived), (2, Field::Serial), (3, Field::Type), (4, Field::Subtype), (6, Field::Generated)];

const GLOBALPROTECT: Layout = &[
    (8, Field::EventId),
    (12, Field::User),
    (13, Field::Region),
    (14, Field::Machine),
    (15, Field::PublicIp),
    (16, Field::PublicIpv6),
    (17, Field::PrivateIp),
    (18, Field::PrivateIpv6),
    (25, Field::Reason),
    (26, Field::Error),
    (27, Field::Description),
    (28, Field::Status),
    (30, Field::Elapsed),
    (36, Field::Precise),
    (47, Field::Device),
];

const SYSTEM: Layout = &[(8, Field::EventId), (14, Field::Description), (22, Field::Device), (25, Field::Precise)];

const TRAFFIC: Layout = &[
    (7, Field::Source),
    (8, Field::Destination),
    (12, Field::User),
    (22, Field::Session),
    (24, Field::SourcePort),
    (25, Field::DestinationPort),
    (30, Field::Action),
    (32, Field::Sent),
    (33, Field::Received),
    (36, Field::Elapsed),
    (46, Field::Reason),
    (52, Field::Device),
    (102, Field::Precise),
];

const THREAT: Layout = &[
    (7, Field::Source),
    (8, Field::Destination),
    (12, Field::User),
    (22, Field::Session),
    (24, Field::SourcePort),
    (25, Field::DestinationPort),
    (30, Field::Action),
    (59, Field::Device),
    (107, Field::Precise),
];

const DECRYPTION: Layout = &[
    (7, Field::Source),
    (8, Field::Destination),
    (12, Field::User),
    (22, Field::Session),
    (24, Field::SourcePort),
    (25, Field::DestinationPort),
    (30, Field::Action),
    (72, Field::Precise),
];

/// Tunnel inspection, SCTP and GTP begin like traffic.
const ENDS: Layout = &[
    (7, Field::Source),
    (8, Field::Destination),
    (12, Field::User),
    (22, Field::Session),
    (24, Field::SourcePort),
    (25, Field::DestinationPort),
];

const USERID: Layout = &[
    (8, Field::Source),
    (9, Field::User),
    (16, Field::Mapper),
    (17, Field::MapperType),
    (25, Field::Device),
    (27, Field::FactorType),
    (29, Field::Factor),
    (33, Field::Precise),
];

const AUTHENTICATION: Layout = &[
    (8, Field::Source),
    (9, Field::User),
    (18, Field::Description),
    (20, Field::EventId),
    (21, Field::Factor),
    (29, Field::Device),
    (33, Field::Precise),
];

const CONFIG: Layout = &[
    (7, Field::Source),
    (9, Field::Action),
    (10, Field::User),
    (12, Field::Result),
    (13, Field::Description),
    (21, Field::Device),
    (25, Field::Precise),
];

const CONFIG_IN_FULL: Layout = &[
    (7, Field::Source),
    (9, Field::Action),
    (10, Field::User),
    (12, Field::Result),
    (13, Field::Description),
    (23, Field::Device),
    (27, Field::Precise),
];

const HIPMATCH: Layout = &[(7, Field::User), (9, Field::Machine), (24, Field::Device), (30, Field::Precise)];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_rise() {
        for layout in [GLOBALPROTECT, SYSTEM, TRAFFIC, THREAT, DECRYPTION, ENDS, USERID, AUTHENTICATION, CONFIG, CONFIG_IN_FULL, HIPMATCH] {
            assert!(HEAD.iter().chain(layout).is_sorted_by(|one, next| one.0 < next.0), "{layout:?}");
        }
    }

    #[test]
    fn no_other_csv_is_taken() {
        for (body, taken) in [
            ("1,2026/11/20 22:41:07,0123,TRAFFIC,end,2562,2026/11/20 22:41:07", true),
            ("931201168,2026-11-20T21:41:07.000000Z,no-serial,GLOBALPROTECT,globalprotect,10.2", true),
            (",2026/11/20 22:41:07,0123,SYSTEM,general", true),
            (",,0123,SYSTEM,general", false),
            ("69,,,1000102830,igb1,match,block,in,4", false),
            ("1,2026/11/20 22:41:07,0123,traffic,end", false),
            ("1,yesterday,0123,TRAFFIC,end", false),
            ("1,2026/11/20 22:41:07,01 23,TRAFFIC,end", false),
        ] {
            assert_eq!(looks_like(body.as_bytes()), taken, "{body}");
        }
    }
}

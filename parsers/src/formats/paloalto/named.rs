//! The dresses in which fields have names: CEF, LEEF, and the JSON of the cloud's log forwarding.

use memchr::memchr;

use super::record::{Field, Record};
use crate::atoms::{Cef, Column, Leaves, Leef, Pair, cut, find, until};
use crate::{Escape, Line};

/// Whether the maker's name stands where CEF and LEEF put it, or JSON has the keys of the log forwarding.
pub(super) fn looks_like(line: &Line<'_>) -> bool {
    match line.body {
        [b'{', ..] => line.quotes(b"LogType") && line.quotes_any(&[b"DeviceSN", b"ConfigVersion", b"Palo Alto Networks"]),
        // Cortex XDR writes the plain keys of CEF and none of these.
        _ => find(cut(line.body, 64).0, b"|Palo Alto Networks|").is_some_and(|at| {
            let (before, vendor) = cut(line.body, at);
            memchr(b'|', before).is_none() && !vendor.starts_with(b"|Palo Alto Networks|Cortex XDR|")
        }),
    }
}

pub(super) fn read(body: &[u8]) -> Option<Record<'_>> {
    if body.starts_with(b"{") {
        return Some(json(body));
    }
    let mut record = Record::default();
    match Cef::read(body) {
        Some(head) => cef(head, &mut record),
        None => leef(body, Leef::read(body)?, &mut record),
    }
    Some(record)
}

/// `{"TimeReceived":"2026-11-20T21:41:09.000000Z","DeviceSN":"0123","LogType":"GLOBALPROTECT","EventIDValue":"gateway-auth",…}`
fn json(body: &[u8]) -> Record<'_> {
    let mut record = Record::default();
    for leaf in Leaves::new(body) {
        if let [key] = leaf.path()
            && let Some(field) = field(key)
        {
            let value = if field == Field::Type { upper(leaf.value) } else { leaf.value };
            record.put(field, Column { value, escape: leaf.escape });
        }
    }
    record
}

/// `CEF:0|Palo Alto Networks|PAN-OS|10.2|end|TRAFFIC|1|rt=Nov 20 2026 21:41:07 GMT …`, and of the cloud
/// `CEF:0|Palo Alto Networks|LF|2.0|TRAFFIC|end|3|ProfileToken=… dtz=UTC rt=Nov 20 2026 21:41:07 …`
fn cef<'a>(head: Cef<'a>, record: &mut Record<'a>) {
    let plain = |value| Column { value, escape: Escape::Cef };
    let cloud = head.product == b"LF";
    // The cloud has the type in front, and so have some templates.
    let ahead = cloud || is_type(head.class) && !is_type(head.name);
    let (kind, subtype) = if ahead { (head.class, head.name) } else { (head.name, head.class) };
    record.put(Field::Type, plain(kind));
    match (kind, cloud) {
        // PAN-OS puts the result of a change there.
        (b"CONFIG", false) => record.put(Field::Result, plain(subtype)),
        _ => record.put(Field::Subtype, plain(subtype)),
    }
    record.utc = cloud;
    for Pair { key, value, .. } in head.pairs() {
        let field = match (key, kind) {
            (b"cat", b"SYSTEM") | (b"msg", b"AUTH" | b"AUTHENTICATION") => Some(Field::EventId),
            (b"msg", _) => Some(Field::Description),
            (b"cn1", b"USERID" | b"AUTH" | b"AUTHENTICATION") => Some(Field::Factor),
            (b"cn1", _) => Some(Field::Session),
            (b"cn3", b"TRAFFIC") => Some(Field::Elapsed),
            (b"cs1", b"USERID") => Some(Field::FactorType),
            (b"cs5", b"USERID") => Some(Field::Mapper),
            (b"cs6", b"USERID") => Some(Field::MapperType),
            // PAN-OS counts as the firewall's client does, the cloud as the client's peer.
            (b"in", _) => Some(if cloud { Field::Received } else { Field::Sent }),
            (b"out", _) => Some(if cloud { Field::Sent } else { Field::Received }),
            // Of a flow it is the user at the far end.
            (b"duser" | b"duser0" | b"dntdom", b"TRAFFIC" | b"THREAT" | b"DECRYPTION" | b"TUNNEL") => None,
            (b"duser" | b"suser", _) if cloud => Some(Field::Name),
            (b"duser" | b"duser0" | b"suser" | b"suser0", _) => Some(Field::User),
            (b"dntdom" | b"sntdom", _) => Some(Field::Domain),
            _ => field(key.strip_prefix(b"PanOS").unwrap_or(key)),
        };
        if let Some(field) = field {
            record.put(field, plain(value));
        }
    }
}

/// `LEEF:2.0|Palo Alto Networks|PAN-OS Syslog Integration|10.2|allow|x7C|ReceiveTime=…|cat=TRAFFIC|…`, and of the cloud
/// `LEEF:2.0|Palo Alto Networks|Next Generation Firewall|10.2|gateway-auth| |ProfileToken=…<TAB>cat=globalprotect<TAB>…`
fn leef<'a>(body: &'a [u8], head: Leef<'a>, record: &mut Record<'a>) {
    let mut keep = |key: &[u8], value: &'a [u8]| {
        record.utc |= key == b"ProfileToken";
        if let Some(field) = field(key) {
            record.put(field, Column { value: if field == Field::Type { upper(value) } else { value }, escape: Escape::None });
        }
    };
    // The maker's own template sets pairs apart by pipes, whatever its head says.
    if head.product.starts_with(b"PAN-OS") {
        for pair in body.split(|&b| b == b'|').skip(5) {
            if let Some((key, value)) = until(pair, b'=') {
                keep(key, value);
            }
        }
    } else {
        for Pair { key, value, .. } in head.pairs() {
            keep(key, value);
        }
    }
    record.put(Field::EventId, Column { value: head.event, escape: Escape::None });
    record.put(Field::Action, Column { value: head.event, escape: Escape::None });
}

const TYPES: [&[u8]; 8] = [b"GLOBALPROTECT", b"SYSTEM", b"TRAFFIC", b"AUTHENTICATION", b"AUTH", b"USERID", b"CONFIG", b"THREAT"];

/// Whether CEF's head names a type there, and no subtype (`auth`).
fn is_type(kind: &[u8]) -> bool {
    TYPES.contains(&kind)
}

/// The log type in capitals, however LEEF's `cat` writes it.
fn upper(kind: &[u8]) -> &[u8] {
    TYPES.into_iter().find(|name| kind.eq_ignore_ascii_case(name)).unwrap_or(kind)
}

/// Names of fields: the cloud's (CEF puts `PanOS` in front), those of PAN-OS's own variables, CEF's and LEEF's predefined ones.
fn field(key: &[u8]) -> Option<Field> {
    Some(match key {
        b"LogType" | b"type" | b"cat" => Field::Type,
        b"Subtype" | b"SubType" | b"LogSubtype" | b"subtype" => Field::Subtype,
        b"TimeGenerated" | b"start" | b"devTime" | b"time_generated" | b"EventTime" => Field::Generated,
        b"TimeGeneratedHighResolution" | b"high_res_timestamp" => Field::Precise,
        b"TimeReceived" | b"rt" | b"ReceiveTime" | b"receive_time" => Field::Arrived,
        b"DeviceSN" | b"deviceExternalId" | b"SerialNumber" | b"serial" => Field::Serial,
        b"DeviceName" | b"dvchost" | b"device_name" => Field::Device,
        b"EventIDValue" | b"EventID" | b"EventName" | b"eventid" | b"AuthEvent" | b"AuthenticationEvent" => Field::EventId,
        b"EventStatus" | b"Status" | b"status" => Field::Status,
        b"SourceUserName" | b"SourceUser" | b"usrName" | b"srcuser" | b"User" | b"user" | b"AdminUser" | b"AdminUserName" | b"Admin"
        | b"admin" => Field::User,
        b"AuthenticatedUserName" => Field::Name,
        b"SourceUserDomain" | b"AdminUserDomain" | b"AuthenticatedUserDomain" => Field::Domain,
        b"EndpointDeviceName" | b"MachineName" | b"machinename" => Field::Machine,
        b"SourceRegion" | b"srcregion" => Field::Region,
        b"PublicIPv4" | b"PublicIP" | b"public_ip" => Field::PublicIp,
        b"PublicIPv6" | b"public_ipv6" => Field::PublicIpv6,
        b"PrivateIPv4" | b"PrivateIP" | b"private_ip" => Field::PrivateIp,
        b"PrivateIPv6" | b"private_ipv6" => Field::PrivateIpv6,
        b"SourceAddress" | b"SourceIP" | b"src" | b"SourceIp" => Field::Source,
        b"SourcePort" | b"spt" | b"srcPort" | b"sport" => Field::SourcePort,
        b"DestinationAddress" | b"DestinationIP" | b"dst" => Field::Destination,
        b"DestinationPort" | b"dpt" | b"dstPort" | b"dport" => Field::DestinationPort,
        b"SessionID" | b"sessionid" => Field::Session,
        b"Action" | b"action" | b"act" | b"Command" | b"cmd" | b"EventCommand" => Field::Action,
        b"BytesSent" | b"srcBytes" | b"bytes_sent" => Field::Sent,
        b"BytesReceived" | b"dstBytes" | b"bytes_received" => Field::Received,
        b"SessionDuration" | b"LoginDuration" | b"ElapsedTime" | b"elapsed" | b"login_duration" => Field::Elapsed,
        b"SessionEndReason" | b"QuarantineReason" | b"reason" | b"Reason" | b"session_end_reason" => Field::Reason,
        b"ConnectionError" | b"error" => Field::Error,
        b"Description" | b"EventDescription" | b"AuthenticationDescription" | b"msg" | b"opaque" | b"Path" | b"path" => Field::Description,
        b"EventResult" | b"Result" | b"result" => Field::Result,
        b"MappingDataSource" | b"DataSource" | b"datasource" => Field::Mapper,
        b"MappingDataSourceType" | b"DataSourceType" | b"datasourcetype" => Field::MapperType,
        b"AuthFactorNo" | b"FactorNumber" | b"factorno" => Field::Factor,
        b"MFAFactorType" | b"FactorType" | b"factortype" => Field::FactorType,
        _ => return None,
    })
}

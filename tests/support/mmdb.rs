//! Databases in `MaxMind`'s format, as small as tests need them.

use std::net::IpAddr;

use serde_json::{Value, json};

/// What is said of a network.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    /// `203.0.113.0/24`.
    pub(crate) network: String,
    /// `FR`.
    pub(crate) country: Option<String>,
    /// `Lyon`.
    pub(crate) town: Option<String>,
    /// Degrees north and east.
    pub(crate) at: Option<(f64, f64)>,
    /// Accuracy in kilometres.
    pub(crate) radius: Option<i64>,
    /// Number of its autonomous system.
    pub(crate) asn: Option<i64>,
    /// Whose that is.
    pub(crate) owner: Option<String>,
}

/// A database of places.
pub(crate) fn city(told: &[Told]) -> Vec<u8> {
    let record = |told: &Told| {
        let mut record = json!({});
        if let Some(country) = &told.country {
            record["country"] = json!({ "iso_code": country });
        }
        if let Some(town) = &told.town {
            record["city"] = json!({ "names": { "en": town } });
        }
        if let Some((latitude, longitude)) = told.at {
            record["location"] = json!({ "latitude": latitude, "longitude": longitude });
            if let Some(radius) = told.radius {
                record["location"]["accuracy_radius"] = json!(radius);
            }
        }
        record
    };
    database("Example-City", told, record)
}

/// A database of autonomous systems.
pub(crate) fn asn(told: &[Told]) -> Vec<u8> {
    let record = |told: &Told| match told.asn {
        Some(number) => json!({
            "autonomous_system_number": number,
            "autonomous_system_organization": told.owner.clone().unwrap_or_default(),
        }),
        None => json!({}),
    };
    database("Example-ASN", told, record)
}

/// What a branch leads to.
#[derive(Clone, Copy)]
enum Branch {
    Nothing,
    Node(usize),
    Data(usize),
}

fn database(kind: &str, told: &[Told], record: impl Fn(&Told) -> Value) -> Vec<u8> {
    let mut nodes = vec![[Branch::Nothing; 2]];
    let mut data = Vec::new();
    for one in told {
        let offset = data.len();
        encode(&record(one), &mut data);
        let (address, prefix) = one.network.split_once('/').unwrap();
        let (bits, prefix): (u128, u32) = match address.parse().unwrap() {
            IpAddr::V4(v4) => (u32::from(v4).into(), prefix.parse::<u32>().unwrap() + 96),
            IpAddr::V6(v6) => (v6.into(), prefix.parse().unwrap()),
        };
        let mut node = 0;
        for depth in 0..prefix {
            let side = usize::from(bits >> (127 - depth) & 1 == 1);
            if depth + 1 == prefix {
                nodes[node][side] = Branch::Data(offset);
            } else if let Branch::Node(next) = nodes[node][side] {
                node = next;
            } else {
                nodes.push([Branch::Nothing; 2]);
                nodes[node][side] = Branch::Node(nodes.len() - 1);
                node = nodes.len() - 1;
            }
        }
    }
    let count = nodes.len();
    let mut bytes = Vec::new();
    for branch in nodes.into_iter().flatten() {
        let record = match branch {
            Branch::Nothing => count,
            Branch::Node(node) => node,
            Branch::Data(offset) => count + 16 + offset,
        };
        bytes.extend(u32::try_from(record).unwrap().to_be_bytes());
    }
    bytes.extend([0; 16]);
    bytes.extend(data);
    bytes.extend(b"\xab\xcd\xefMaxMind.com");
    let metadata = json!({
        "binary_format_major_version": 2, "binary_format_minor_version": 0, "build_epoch": 1_790_000_000, "database_type": kind,
        "description": {}, "ip_version": 6, "languages": [], "node_count": count, "record_size": 32,
    });
    encode(&metadata, &mut bytes);
    bytes
}

/// Numbers of two bytes; readers are strict about them.
const SHORT: [&str; 5] = ["binary_format_major_version", "binary_format_minor_version", "ip_version", "record_size", "accuracy_radius"];

fn encode(value: &Value, out: &mut Vec<u8>) {
    let short = |size: usize| u8::try_from(size).ok().filter(|&size| size < 29);
    match value {
        Value::Object(map) => {
            out.push((7 << 5) + short(map.len()).unwrap());
            for (key, value) in map {
                encode(&json!(key), out);
                match (key.as_str(), value.as_u64()) {
                    ("build_epoch", Some(number)) => {
                        out.extend([8, 2]);
                        out.extend(number.to_be_bytes());
                    }
                    (key, Some(number)) if SHORT.contains(&key) => {
                        out.push((5 << 5) + 2);
                        out.extend(u16::try_from(number).unwrap().to_be_bytes());
                    }
                    _ => encode(value, out),
                }
            }
        }
        Value::Array(list) => out.extend([short(list.len()).unwrap(), 4]),
        Value::String(text) => {
            match short(text.len()) {
                Some(size) => out.push((2 << 5) + size),
                None => out.extend([(2 << 5) + 29, u8::try_from(text.len() - 29).unwrap()]),
            }
            out.extend(text.as_bytes());
        }
        Value::Number(number) if number.is_f64() => {
            out.push((3 << 5) + 8);
            out.extend(number.as_f64().unwrap().to_be_bytes());
        }
        Value::Number(number) => {
            out.push((6 << 5) + 4);
            out.extend(u32::try_from(number.as_u64().unwrap()).unwrap().to_be_bytes());
        }
        Value::Null | Value::Bool(_) => panic!("no database holds {value}"),
    }
}

//! A normalised event: what one line says, in ECS field names (contract, section 5).

use std::borrow::Cow;
use std::net::IpAddr;

use parsers::{Event, Formats, Kind, Text, Verdict};
use serde::Serialize;

use crate::clock::Dated;
use crate::zone::rfc3339;

/// One line of `nightporter parse`; a field without value is absent.
#[derive(Serialize)]
pub struct Normalised<'a> {
    #[serde(rename = "@timestamp", skip_serializing_if = "Option::is_none")]
    timestamp: Option<String>,
    event: EventFields<'a>,
    #[serde(skip_serializing_if = "is_default")]
    user: UserFields<'a>,
    #[serde(skip_serializing_if = "is_default")]
    source: EndFields,
    #[serde(skip_serializing_if = "is_default")]
    destination: EndFields,
    #[serde(skip_serializing_if = "is_default")]
    observer: ObserverFields<'a>,
    nightporter: OwnFields<'a>,
}

#[derive(Default, PartialEq, Serialize)]
struct EventFields<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'static str>,
    #[serde(rename = "type", skip_serializing_if = "<[_]>::is_empty")]
    kinds: &'static [&'static str],
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    original: Option<Cow<'a, str>>,
}

#[derive(Default, PartialEq, Serialize)]
struct UserFields<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    domain: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "is_default")]
    group: NameField<'a>,
}

#[derive(Default, PartialEq, Serialize)]
struct NameField<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Cow<'a, str>>,
}

#[derive(Default, PartialEq, Serialize)]
struct EndFields {
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
}

#[derive(Default, PartialEq, Serialize)]
struct ObserverFields<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    vendor: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    product: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Cow<'a, str>>,
}

#[derive(Serialize)]
struct OwnFields<'a> {
    line: u64,
    event: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    assigned_ip: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mfa: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repeated: Option<u32>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    time_guessed: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    time_ambiguous: bool,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl<'a> Normalised<'a> {
    /// The fields of a line that was read (or, with `parsed` of false, of one that no format knows:
    /// only what its heads say). `formats` are those that read it. `number` counts lines from 1; `raw` adds `event.original`.
    pub fn new(event: &Event<'a>, formats: &'a Formats, parsed: bool, dated: Option<Dated>, number: u64, raw: bool) -> Normalised<'a> {
        let facts = event.facts;
        let format = formats.product(event.format).filter(|_| parsed);
        let text = |text: Text| event.text(text).map(lossy);
        let named = |given: Text, of_format: Option<&'a str>| text(given).or(of_format.filter(|name| !name.is_empty()).map(Cow::Borrowed));
        Normalised {
            timestamp: dated.map(|dated| rfc3339(dated.time)),
            event: EventFields {
                action: text(facts.action),
                outcome: match facts.kind {
                    _ if !parsed => None,
                    Kind::LoginSuccess | Kind::SessionStart => Some("success"),
                    Kind::LoginFailure => Some("failure"),
                    _ => None,
                },
                kinds: match facts.verdict {
                    Some(Verdict::Allowed) => &["allowed"],
                    Some(Verdict::Denied) => &["denied"],
                    None => &[],
                },
                reason: text(facts.reason),
                duration: facts.duration,
                original: raw.then(|| lossy(event.shown())),
            },
            user: UserFields { name: text(facts.user), domain: text(facts.domain), group: NameField { name: text(facts.group) } },
            source: EndFields { ip: facts.source_ip, port: facts.source_port, bytes: facts.source_bytes },
            destination: EndFields { ip: facts.destination_ip, port: facts.destination_port, bytes: facts.destination_bytes },
            observer: ObserverFields {
                vendor: named(facts.vendor, format.map(|product| product.vendor)),
                product: named(facts.product, format.map(|product| product.name)),
                name: text(facts.device),
            },
            nightporter: OwnFields {
                line: number,
                event: if parsed { facts.kind.word() } else { "unparsed" },
                format: format.map(|product| product.format),
                assigned_ip: facts.assigned_ip,
                session: text(facts.session),
                mfa: facts.mfa,
                peer: facts.peer,
                repeated: facts.repeated,
                time_guessed: dated.is_some_and(|dated| dated.guessed),
                time_ambiguous: dated.is_some_and(|dated| dated.ambiguous),
            },
        }
    }
}

/// Bytes of a line as text; what is no UTF-8 becomes U+FFFD.
pub fn lossy(bytes: Cow<'_, [u8]>) -> Cow<'_, str> {
    match bytes {
        Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
        Cow::Owned(bytes) => {
            Cow::Owned(String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
        }
    }
}

//! A normalised event: what one line says, in ECS field names (contract, section 5).

use std::borrow::Cow;
use std::net::IpAddr;

use parsers::{About, Event, Formats, Kind, Text, Time, Verdict};
use serde::Serialize;

use crate::clock::Times;
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
    source: EndFields<'a>,
    #[serde(skip_serializing_if = "is_default")]
    destination: EndFields<'a>,
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
    #[serde(skip_serializing_if = "is_default")]
    target: NameField<'a>,
}

#[derive(Default, PartialEq, Serialize)]
struct NameField<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Cow<'a, str>>,
}

#[derive(Default, PartialEq, Serialize)]
struct EndFields<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    domain: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "is_default")]
    geo: GeoFields<'a>,
}

#[derive(Default, PartialEq, Serialize)]
struct GeoFields<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    country_iso_code: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    country_name: Option<Cow<'a, str>>,
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
    format: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    assigned_ip: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mfa: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
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
    ///
    /// A line that is such an event already keeps what it says of the line it stood for.
    pub fn new(event: &Event<'a>, formats: &'a Formats, parsed: bool, times: Times, number: u64, raw: bool) -> Normalised<'a> {
        let facts = event.facts;
        let earlier = facts.earlier;
        let format = formats.product(event.format).filter(|_| parsed);
        let text = |text: Text| event.text(text).map(lossy);
        let named = |given: Text, of_format: Option<&'a str>| text(given).or(of_format.filter(|name| !name.is_empty()).map(Cow::Borrowed));
        let written = |time: Option<Time>| time.map(rfc3339);
        let Times { at: dated, from, until } = times;
        Normalised {
            timestamp: written(dated.map(|dated| dated.time)),
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
                original: match earlier {
                    Some(earlier) => earlier.original.map(|original| lossy(original.value(event.line))),
                    None => raw.then(|| lossy(event.shown())),
                },
            },
            user: UserFields {
                name: text(facts.user),
                domain: text(facts.domain),
                group: NameField { name: text(facts.group) },
                target: NameField { name: text(facts.target_user) },
            },
            source: EndFields {
                ip: facts.source_ip,
                port: facts.source_port,
                bytes: facts.source_bytes,
                domain: text(facts.client),
                geo: GeoFields::new(text(facts.country)),
            },
            destination: EndFields {
                ip: facts.destination_ip,
                port: facts.destination_port,
                bytes: facts.destination_bytes,
                domain: text(facts.target),
                geo: GeoFields::default(),
            },
            observer: ObserverFields {
                vendor: named(facts.vendor, format.map(|product| product.vendor)),
                product: named(facts.product, format.map(|product| product.name)),
                name: text(facts.device),
            },
            nightporter: OwnFields {
                line: earlier.map_or(number, |earlier| earlier.line),
                event: if parsed { facts.kind.word() } else { "unparsed" },
                format: match earlier {
                    Some(earlier) => text(earlier.format),
                    None => format.map(|product| Cow::Borrowed(product.format)),
                },
                assigned_ip: facts.assigned_ip,
                session: text(facts.session),
                mfa: facts.mfa,
                peer: facts.peer,
                about: facts.about.map(About::word),
                by: text(facts.by),
                from: written(from),
                until: written(until),
                repeated: facts.repeated,
                time_guessed: dated.is_some_and(|dated| dated.guessed) || earlier.is_some_and(|earlier| earlier.time_guessed),
                time_ambiguous: dated.is_some_and(|dated| dated.ambiguous) || earlier.is_some_and(|earlier| earlier.time_ambiguous),
            },
        }
    }
}

impl<'a> GeoFields<'a> {
    /// Devices tell a country by its ISO 3166 code or by a name.
    fn new(country: Option<Cow<'a, str>>) -> GeoFields<'a> {
        let is_code = |country: &str| country.len() == 2 && country.bytes().all(|b| b.is_ascii_uppercase());
        match country {
            Some(code) if is_code(&code) => GeoFields { country_iso_code: Some(code), country_name: None },
            country_name => GeoFields { country_iso_code: None, country_name },
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

//! An alert and what it rests on (contract, section 6).

use std::net::IpAddr;
use std::sync::Arc;

use parsers::Time;
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::json;
use crate::zone::rfc3339;

/// How much an alert asks of a human.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// For the record.
    Info,
    /// To be looked at in the review.
    Low,
    /// To be looked at today.
    Medium,
    /// To be looked at now.
    High,
    /// Wake somebody.
    Critical,
}

impl Severity {
    /// All of them, lowest first.
    pub const ALL: [Severity; 5] = [Severity::Info, Severity::Low, Severity::Medium, Severity::High, Severity::Critical];

    /// The word (`nightporter.severity`).
    pub fn word(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }

    /// The number (`event.severity`).
    pub fn number(self) -> u8 {
        match self {
            Severity::Info => 1,
            Severity::Low => 21,
            Severity::Medium => 47,
            Severity::High => 73,
            Severity::Critical => 99,
        }
    }

    /// The severity of a word.
    pub fn of(word: &str) -> Option<Severity> {
        Severity::ALL.into_iter().find(|severity| severity.word() == word)
    }

    /// One step up, at most to `high`: only what is critical by itself is critical.
    #[must_use]
    pub fn raised(self) -> Severity {
        match self {
            Severity::Info => Severity::Low,
            Severity::Low => Severity::Medium,
            Severity::Medium | Severity::High => Severity::High,
            Severity::Critical => Severity::Critical,
        }
    }
}

/// A line that an alert rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Name of the source.
    pub source: Arc<str>,
    /// Offset of the line in the source's stream.
    pub offset: u64,
    /// Event time of the line.
    pub time: Time,
    /// SHA-256 of the line without its line end.
    pub sha256: [u8; 32],
    /// The line itself; kept for the one that completed the evidence.
    pub raw: Option<Arc<[u8]>>,
}

impl Evidence {
    /// A line, without its text.
    pub fn of(source: &Arc<str>, offset: u64, time: Time, line: &[u8]) -> Evidence {
        Evidence { source: Arc::clone(source), offset, time, sha256: Sha256::digest(line).into(), raw: None }
    }
}

/// Named facts in the order they are to be read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Because(Vec<(&'static str, Value)>);

impl Because {
    /// With one more fact.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Because {
        self.0.push((name, value.into()));
        self
    }

    /// A fact by its name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }
}

impl Serialize for Because {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// What a rule is called outside, for its alerts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RuleName {
    /// `rule.id`.
    pub id: &'static str,
    /// `rule.name`.
    pub name: &'static str,
    /// ECS `event.category`.
    pub category: &'static [&'static str],
    /// ATT&CK techniques: id and name.
    pub techniques: &'static [(&'static str, &'static str)],
}

/// One alert, complete: what stands in the alert log.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// Event time that completed the evidence.
    pub time: Time,
    /// The rule that fired.
    pub rule: RuleName,
    /// Which of its reasons.
    pub reason: &'static str,
    /// How much it asks.
    pub severity: Severity,
    /// One sentence for the analyst.
    pub message: String,
    /// Supplier id and name.
    pub supplier: Option<(Arc<str>, Arc<str>)>,
    /// The account, where one stands at the centre.
    pub account: Option<Arc<str>>,
    /// What it is about, where that is neither supplier nor account.
    pub about: Option<&'static str>,
    /// Where it came from.
    pub source_ip: Option<IpAddr>,
    /// The device that said so, else its source.
    pub observer: Arc<str>,
    /// The hospital it happened at.
    pub site: Option<Arc<str>>,
    /// All accounts that take part, sorted.
    pub users: Vec<Arc<str>>,
    /// All addresses that take part, sorted.
    pub ips: Vec<IpAddr>,
    /// Shared by the alerts of one session or incident.
    pub story: Arc<str>,
    /// Facts and thresholds.
    pub because: Because,
    /// What would have kept it quiet.
    pub unless: String,
    /// The lines it rests on; the one that completed it stands last.
    pub evidence: Vec<Evidence>,
    /// The daybook's exception that made it info.
    pub exception: Option<String>,
    /// Its year was guessed.
    pub time_guessed: bool,
    /// Its local time exists twice.
    pub time_ambiguous: bool,
}

impl Alert {
    /// Stable hash of rule, reason, what it is about and evidence: the same log gives the same ids.
    pub fn id(&self) -> String {
        let mut hash = Stable::new("alert");
        hash.text(self.rule.id).text(self.reason);
        hash.text(self.supplier.as_ref().map_or("", |(id, _)| id)).text(self.account.as_deref().or(self.about).unwrap_or_default());
        for evidence in &self.evidence {
            hash.evidence(evidence);
        }
        hash.hex()
    }

    /// Appends the alert as one JSON line.
    pub fn write(&self, out: &mut Vec<u8>) {
        let techniques =
            |pick: fn(&(&'static str, &'static str)) -> &'static str| self.rule.techniques.iter().map(pick).collect::<Vec<_>>();
        let shown = Shown {
            timestamp: rfc3339(self.time),
            ecs: Ecs { version: ECS_VERSION },
            event: EventFields { kind: "alert", id: self.id(), category: self.rule.category, severity: self.severity.number() },
            rule: Named { id: self.rule.id, name: self.rule.name },
            threat: (!self.rule.techniques.is_empty())
                .then(|| Threat { framework: "MITRE ATT&CK", technique: Technique { id: techniques(|t| t.0), name: techniques(|t| t.1) } }),
            message: &self.message,
            user: self.account.as_deref().map(|name| NameOnly { name }),
            source: self.source_ip.map(|ip| IpOnly { ip }),
            organization: self.supplier.as_ref().map(|(id, name)| Named { id, name }),
            observer: NameOnly { name: &self.observer },
            related: Related { user: &self.users, ip: &self.ips },
            nightporter: OwnFields {
                severity: self.severity,
                reason: self.reason,
                supplier: self.supplier.as_ref().map(|(id, _)| &**id),
                account: self.account.as_deref(),
                site: self.site.as_deref(),
                story: &self.story,
                because: &self.because,
                unless: &self.unless,
                exception: self.exception.as_deref(),
                time_guessed: self.time_guessed,
                time_ambiguous: self.time_ambiguous,
                evidence: self.evidence.iter().map(EvidenceFields::new).collect(),
            },
        };
        // Serialising these plain fields into memory cannot fail.
        let _ = json::line(&shown, out);
    }
}

/// The version of ECS whose field names alerts bear.
pub const ECS_VERSION: &str = "9.4.0";

/// SHA-256 over length-prefixed parts, for ids that must not depend on clock, host or order of arrival.
pub struct Stable(Sha256);

impl Stable {
    /// A hash of one `kind` of thing; kinds never collide.
    pub fn new(kind: &str) -> Stable {
        let mut hash = Stable(Sha256::new());
        hash.text(kind);
        hash
    }

    /// Adds a text.
    pub fn text(&mut self, text: &str) -> &mut Stable {
        self.0.update((text.len() as u64).to_le_bytes());
        self.0.update(text.as_bytes());
        self
    }

    /// Adds a line of evidence by what it says: source, event time, content.
    pub fn evidence(&mut self, evidence: &Evidence) -> &mut Stable {
        self.text(&evidence.source);
        self.0.update(evidence.time.0.to_le_bytes());
        self.0.update(evidence.sha256);
        self
    }

    /// The first 20 bytes in hex.
    pub fn hex(self) -> String {
        hex(self.0.finalize().get(..20).unwrap_or_default())
    }
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |half: u8| DIGITS.get(usize::from(half)).map_or('0', |digit| char::from(*digit));
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 15));
    }
    text
}

#[derive(Serialize)]
struct Shown<'a> {
    #[serde(rename = "@timestamp")]
    timestamp: String,
    ecs: Ecs,
    event: EventFields,
    rule: Named<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    threat: Option<Threat>,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<NameOnly<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<IpOnly>,
    #[serde(skip_serializing_if = "Option::is_none")]
    organization: Option<Named<'a>>,
    observer: NameOnly<'a>,
    #[serde(skip_serializing_if = "Related::is_empty")]
    related: Related<'a>,
    nightporter: OwnFields<'a>,
}

#[derive(Serialize)]
struct Ecs {
    version: &'static str,
}

#[derive(Serialize)]
struct EventFields {
    kind: &'static str,
    id: String,
    category: &'static [&'static str],
    severity: u8,
}

#[derive(Serialize)]
struct Named<'a> {
    id: &'a str,
    name: &'a str,
}

#[derive(Serialize)]
struct NameOnly<'a> {
    name: &'a str,
}

#[derive(Serialize)]
struct IpOnly {
    ip: IpAddr,
}

#[derive(Serialize)]
struct Threat {
    framework: &'static str,
    technique: Technique,
}

#[derive(Serialize)]
struct Technique {
    id: Vec<&'static str>,
    name: Vec<&'static str>,
}

#[derive(Serialize)]
struct Related<'a> {
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    user: &'a [Arc<str>],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    ip: &'a [IpAddr],
}

impl Related<'_> {
    fn is_empty(&self) -> bool {
        self.user.is_empty() && self.ip.is_empty()
    }
}

#[derive(Serialize)]
struct OwnFields<'a> {
    severity: Severity,
    reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    supplier: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    site: Option<&'a str>,
    story: &'a str,
    because: &'a Because,
    unless: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    exception: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    time_guessed: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    time_ambiguous: bool,
    evidence: Vec<EvidenceFields<'a>>,
}

#[derive(Serialize)]
struct EvidenceFields<'a> {
    source: &'a str,
    offset: u64,
    sha256: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    raw: Option<std::borrow::Cow<'a, str>>,
}

impl<'a> EvidenceFields<'a> {
    fn new(evidence: &'a Evidence) -> EvidenceFields<'a> {
        EvidenceFields {
            source: &evidence.source,
            offset: evidence.offset,
            sha256: hex(&evidence.sha256),
            raw: evidence.raw.as_deref().map(String::from_utf8_lossy),
        }
    }
}

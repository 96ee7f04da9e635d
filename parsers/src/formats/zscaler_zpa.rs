//! Zscaler Private Access, as its Log Streaming Service writes it; web and firewall lines of Internet Access as other.
//!
//! Zscaler, "About User Status Log Fields", "About User Activity Log Fields", "About Audit Log Fields". Receivers may write JSON, columns
//! (user status alone can be told by them) or keys and values of their own template; the keys are the documented ones. All times are UTC.

use crate::atoms::{Columns, Leaves, Once, Pairs, find, ip, number, until};
use crate::formats::Format;
use crate::{About, Dress, Escape, Facts, Kind, Line, Stamp, Stamps, Time, Verdict, stamp};

/// The line of ZPA in the table of formats.
pub(super) const FORMAT: Format = Format {
    name: "zscaler-zpa",
    vendor: "Zscaler",
    product: "Private Access",
    covers: "Zscaler Private Access log streaming: user status, user activity, audit",
    dresses: &[Dress::Json, Dress::Pairs, Dress::Words, Dress::Digits, Dress::Signs],
    looks_like,
    parse,
};

fn looks_like(line: &Line<'_>) -> bool {
    match line.body {
        [b'{', ..] => {
            line.quotes_all(&[b"LogTimestamp", b"Customer"])
                || line.quotes_all(&[b"auditOperationType", b"objectType"])
                || line.quotes(b"sourcetype") && find(line.body, br#""zscalernss-"#).is_some()
        }
        // Columns begin with a date, never with a name.
        _ if line.dress == Dress::Pairs => line.body.starts_with(b"LogTimestamp="),
        _ => separator(line.body).is_some(),
    }
}

/// What sets the columns of a user status apart.
fn separator(body: &[u8]) -> Option<u8> {
    let has_status = |&separator: &u8| Columns::new(body, separator).nth(4).is_some_and(|column| column.value.starts_with(b"ZPN_STATUS_"));
    // A glance first: few lines hold the word.
    find(body, b"ZPN_STATUS_")?;
    [b',', b'\t'].into_iter().find(has_status)
}

/// The columns of a user status, as documented.
const STATUS: [&[u8]; 19] = [
    b"LogTimestamp",
    b"Customer",
    b"Username",
    b"SessionID",
    b"SessionStatus",
    b"Version",
    b"ZEN",
    b"CertificateCN",
    b"PrivateIP",
    b"PublicIP",
    b"Latitude",
    b"Longitude",
    b"CountryCode",
    b"TimestampAuthentication",
    b"TimestampUnAuthentication",
    b"TotalBytesRx",
    b"TotalBytesTx",
    b"Idp",
    b"Hostname",
];

#[derive(Default)]
struct Fields<'a> {
    escape: Escape,
    time: &'a [u8],
    user: &'a [u8],
    administrator: &'a [u8],
    status: &'a [u8],
    connection: &'a [u8],
    reason: &'a [u8],
    operation: &'a [u8],
    object_kind: &'a [u8],
    object: &'a [u8],
    /// A connector's own session is nobody's.
    is_connector: bool,
}

/// ```text
/// {"LogTimestamp": "Fri Nov 20 21:41:07 2026","Customer": "GHT","Username": "fourn.chimere@ght.example","SessionID": "cKgz","SessionStatus": "ZPN_STATUS_AUTHENTICATED","PublicIP": "198.51.100.23"}
/// ```
fn parse(line: &Line<'_>, stamps: &mut Stamps, facts: &mut Facts) -> Option<()> {
    let mut fields = Fields::default();
    if line.body.starts_with(b"{") {
        fields.escape = Escape::Json;
        for leaf in Leaves::new(line.body) {
            if let [key] | [b"event", key] = leaf.path() {
                fields.set(line, key, leaf.value, facts);
            }
        }
    } else if let Some(separator) = separator(line.body) {
        fields.escape = Escape::Doubled;
        for (key, column) in STATUS.into_iter().zip(Columns::new(line.body, separator)) {
            fields.set(line, key, column.value, facts);
        }
    } else if memchr::memchr(b'\t', line.body).is_some() {
        for (key, value) in line.body.split(|&b| b == b'\t').filter_map(|pair| until(pair, b'=')) {
            fields.set(line, key, value, facts);
        }
    } else {
        fields.escape = Escape::Quoted;
        Pairs::new(line.body).for_each(|pair| fields.set(line, pair.key, pair.value, facts));
    }
    let text = |value| line.escaped(value, fields.escape);
    facts.stamp = match stamps.body(fields.time, stamp::any) {
        Stamp::Local { seconds, nanos } => Time::from_seconds(seconds, nanos).map_or(Stamp::None, Stamp::Exact),
        stamp => stamp,
    };
    let mut login = fields.user;
    login.once(fields.administrator);
    line.login(login, fields.escape, facts);
    if !fields.operation.is_empty() {
        facts.action = text(fields.operation);
        administrator(&fields, facts);
        if facts.about.is_some() {
            facts.target = text(fields.object);
        }
    } else if !fields.connection.is_empty() {
        facts.action = text(fields.connection);
        facts.kind = Kind::Traffic;
        let refused = find(fields.reason, b"REJECTED").is_some() || find(fields.reason, b"BLOCKED").is_some();
        facts.verdict = Some(if refused { Verdict::Denied } else { Verdict::Allowed });
        facts.reason = text(fields.reason);
    } else {
        facts.action = text(fields.status);
        facts.kind = match fields.status {
            _ if fields.is_connector => Kind::Other,
            b"ZPN_STATUS_AUTHENTICATED" => Kind::LoginSuccess,
            b"ZPN_STATUS_AUTH_FAILED" => Kind::LoginFailure,
            b"ZPN_STATUS_DISCONNECTED" => Kind::SessionEnd,
            _ => Kind::Other,
        };
    }
    // Each of the streams bears its time.
    (facts.stamp != Stamp::None).then_some(())
}

fn administrator(fields: &Fields<'_>, facts: &mut Facts) {
    let is = |word: &[u8]| fields.operation.eq_ignore_ascii_case(word);
    if is(b"Sign In") {
        facts.kind = Kind::LoginSuccess;
    } else if is(b"Sign In Failure") {
        facts.kind = Kind::LoginFailure;
    } else if is(b"Sign Out") {
        facts.kind = Kind::Logout;
    } else if fields.object_kind != b"Authentication" && !is(b"Download") {
        facts.about = Some(About::Configuration);
    }
}

impl<'a> Fields<'a> {
    fn set(&mut self, line: &Line<'a>, key: &[u8], value: &'a [u8], facts: &mut Facts) {
        let text = line.escaped(value, self.escape);
        match key {
            b"LogTimestamp" | b"creationTime" | b"datetime" => self.time.once(value),
            b"Username" | b"user" => self.user.once(value),
            b"modifiedByUser" => self.administrator.once(value),
            b"SessionStatus" => self.status.once(value),
            b"ConnectionStatus" => self.connection.once(value),
            b"InternalReason" => self.reason.once(value),
            b"auditOperationType" => self.operation.once(value),
            b"objectType" => self.object_kind.once(value),
            b"objectName" => self.object.once(value),
            b"SessionType" | b"ConnectorGroup" => self.is_connector = true,
            b"SessionID" => facts.session.once(text),
            b"PublicIP" | b"ClientPublicIP" | b"ClientIP" => facts.source_ip.once(ip(value)),
            b"CountryCode" | b"ClientCountryCode" => facts.country.once(text),
            b"Hostname" => facts.client.once(text),
            b"ServerIP" => facts.destination_ip.once(ip(value)),
            b"ServerPort" => facts.destination_port.once(number(value).filter(|&port: &u16| port != 0)),
            b"Host" => facts.target.once(text),
            b"TotalBytesRx" | b"ZENTotalBytesRxClient" => facts.source_bytes.once(number(value)),
            b"TotalBytesTx" | b"ZENTotalBytesTxClient" => facts.destination_bytes.once(number(value)),
            _ => {}
        }
    }
}

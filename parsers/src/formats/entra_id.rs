//! Microsoft Entra ID: sign-ins, audit, risk, in the shapes of Azure diagnostics, Log Analytics, Microsoft Graph and the unified audit log.
//!
//! Microsoft, "Microsoft Entra sign-in log schema", "audit log schema", "signIn resource type" (Graph), "Microsoft Entra authentication and authorization
//! error codes", "Office 365 Management Activity API schema". The shapes differ in what the fields hang under and in the case of their names.

use crate::atoms::{Leaves, Once, find, ip, number, trim};
use crate::formats::Format;
use crate::stamp::Civil;
use crate::{About, Dress, Escape, Facts, Kind, Line, Stamp, Stamps, Text, stamp};

/// The line of Entra ID in the table of formats.
pub(super) const FORMAT: Format = Format {
    name: "entra-id",
    vendor: "Microsoft",
    product: "Entra ID",
    covers: "Microsoft Entra ID (Azure AD) sign-in, audit and risk logs, Azure diagnostic, Graph and unified audit JSON",
    dresses: &[Dress::Json],
    looks_like,
    parse,
};

fn looks_like(line: &Line<'_>) -> bool {
    let named = |provider: &[u8]| find(line.body, provider).is_some();
    line.body.starts_with(b"{")
        && (line.quotes_any(&[b"resourceId", b"ResourceId", b"_ResourceId", b"ResourceProvider", b"resourceProvider"])
            && (named(b"icrosoft.aadiam") || named(b"MICROSOFT.AADIAM"))
            || line.quotes_any(&[b"category", b"Category"]) && named(br#"SignInLogs""#)
            || line.quotes(b"AuditLogs") && line.quotes_any(&[b"operationName", b"OperationName"])
            || line.quotes_all(&[b"activityDisplayName", b"initiatedBy"])
            || line.quotes_all(&[b"riskEventType", b"userPrincipalName"])
            || line.quotes_all(&[b"userPrincipalName", b"errorCode"])
            || line.quotes_all(&[b"UserPrincipalName", b"ResultType"])
            || line.quotes_all(&[b"Workload", b"AzureActiveDirectory"]))
}

/// Codes of sign-ins that were stopped half-way to ask for something: a second factor, its registration, consent, "stay signed in?", another
/// account; or whose session had run out. Nobody's credentials were refused. 50158 is not among them: the challenge that was asked for elsewhere
/// was not met.
const INTERRUPTED: &[u32] = &[
    16000, 16001, 16003, 50058, 50072, 50074, 50076, 50078, 50079, 50097, 50125, 50127, 50129, 50132, 50133, 50140, 50143, 50173, 50199,
    51006, 65001, 70043, 70044,
];

/// What the shapes tell, as it stands.
#[derive(Default)]
struct Fields<'a> {
    category: &'a [u8],
    operation: &'a [u8],
    code: &'a [u8],
    result: &'a [u8],
    failure: &'a [u8],
    description: &'a [u8],
    details: &'a [u8],
    created: &'a [u8],
    activity: &'a [u8],
    written: &'a [u8],
    user: &'a [u8],
    initiator: &'a [u8],
    target: &'a [u8],
    target_name: &'a [u8],
    application: &'a [u8],
    address: &'a [u8],
    caller: &'a [u8],
    requirement: &'a [u8],
    factor: &'a [u8],
    interactive: &'a [u8],
    kind: &'a [u8],
    session: &'a [u8],
    correlation: &'a [u8],
    country: &'a [u8],
    location: &'a [u8],
    client: &'a [u8],
    is_sign_in: bool,
}

/// ```text
/// {"time":"2026-11-20T21:43:07Z","category":"SignInLogs","operationName":"Sign-in activity","resultType":"0","properties":{"createdDateTime":"2026-11-20T21:41:07Z","userPrincipalName":"fourn.chimere@ght.example","ipAddress":"198.51.100.23","status":{"errorCode":0},"authenticationRequirement":"multiFactorAuthentication"}}
/// {"createdDateTime":"2026-11-20T21:41:07Z","userPrincipalName":"fourn.chimere@ght.example","ipAddress":"198.51.100.23","status":{"errorCode":50126,"failureReason":"Invalid username or password."}}
/// ```
fn parse(line: &Line<'_>, stamps: &mut Stamps, facts: &mut Facts) -> Option<()> {
    let mut fields = Fields::default();
    for leaf in Leaves::new(line.body) {
        fields.set(leaf.path(), leaf.value);
    }
    let text = |value| line.escaped(value, Escape::Json);
    facts.stamp = [fields.created, fields.activity, fields.written]
        .into_iter()
        .map(|written| stamps.body(written, time))
        .find(|&at| at != Stamp::None)
        .unwrap_or_default();
    facts.action = text(fields.operation);
    facts.source_ip = [fields.address, fields.caller].into_iter().find_map(address);
    facts.source_port = facts.source_ip.and_then(|_| crate::atoms::ip_port(fields.address)?.1);
    facts.country = [fields.country, fields.location].into_iter().map(text).find(|country| !country.is_empty()).unwrap_or_default();
    facts.client = text(fields.client);
    facts.session = [fields.session, fields.correlation].into_iter().map(text).find(|id| !id.is_empty()).unwrap_or_default();
    let mut login = fields.user;
    login.once(fields.initiator);
    line.login(login, Escape::Json, facts);
    if fields.is_sign_in() {
        sign_in(&fields, text, facts);
    } else if fields.is_change() {
        facts.about = Some(About::Configuration);
        facts.target = [fields.target, fields.target_name].into_iter().map(text).find(|target| !target.is_empty()).unwrap_or_default();
    }
    let is_known = !fields.category.is_empty() || !fields.operation.is_empty() || !fields.activity.is_empty() || !fields.code.is_empty();
    is_known.then_some(())
}

fn sign_in<'a>(fields: &Fields<'a>, text: impl Fn(&'a [u8]) -> Text, facts: &mut Facts) {
    facts.target = text(fields.application);
    facts.kind = match number::<u32>(fields.code) {
        Some(0) => Kind::LoginSuccess,
        Some(code) if INTERRUPTED.contains(&code) => Kind::Other,
        Some(_) => Kind::LoginFailure,
        None if fields.operation == b"UserLoggedIn" => Kind::LoginSuccess,
        None if fields.operation == b"UserLoginFailed" => Kind::LoginFailure,
        None => Kind::Other,
    };
    if facts.kind != Kind::LoginSuccess {
        facts.reason = [fields.failure, fields.description, fields.code]
            .into_iter()
            .filter(|reason| !matches!(*reason, b"Other." | b"0"))
            .map(text)
            .find(|reason| !reason.is_empty())
            .unwrap_or_default();
        return;
    }
    let second = fields.requirement == b"multiFactorAuthentication"
        || !fields.factor.is_empty()
        || [b"MFA requirement satisfied" as &[u8], b"MFA completed"].into_iter().any(|words| fields.details.starts_with(words));
    // A token that is renewed in the background asks for no factor and tells of none.
    let tells = fields.requirement == b"singleFactorAuthentication"
        && fields.interactive != b"false"
        && !fields.category.starts_with(b"NonInteractive");
    facts.mfa = if second { Some(true) } else { tells.then_some(false) };
}

impl<'a> Fields<'a> {
    fn set(&mut self, path: &[&[u8]], value: &'a [u8]) {
        let path = match path {
            [b"records" | b"value", rest @ ..] => rest,
            path => path,
        };
        let (inner, path) = match path {
            [b"properties", rest @ ..] => (true, rest),
            path => (false, path),
        };
        let mut word = [0u8; 64];
        let mut length = 0;
        for (at, key) in path.iter().enumerate() {
            for &b in (if at == 0 { b"" as &[u8] } else { b"." }).iter().chain(*key) {
                let Some(to) = word.get_mut(length) else { return };
                *to = b.to_ascii_lowercase();
                length += 1;
            }
        }
        let field = match word.get(..length).unwrap_or_default() {
            // An audit event's own category says less than its log's.
            b"category" if !inner => &mut self.category,
            b"operationname" | b"activitydisplayname" | b"operation" => &mut self.operation,
            b"resulttype" if number::<u32>(value).is_some() => &mut self.code,
            b"status.errorcode" | b"errornumber" => {
                self.is_sign_in = true;
                &mut self.code
            }
            b"result" | b"resultstatus" => &mut self.result,
            b"status.failurereason" | b"logonerror" => &mut self.failure,
            b"resultdescription" => &mut self.description,
            b"status.additionaldetails" => &mut self.details,
            b"createddatetime" | b"creationtime" => &mut self.created,
            b"activitydatetime" => &mut self.activity,
            b"time" | b"timegenerated" => &mut self.written,
            b"userprincipalname" => &mut self.user,
            // In the unified audit log the name; elsewhere a number.
            b"userid" if memchr::memchr(b'@', value).is_some() => &mut self.user,
            b"initiatedby.user.userprincipalname" => &mut self.initiator,
            b"targetresources.userprincipalname" => &mut self.target,
            b"targetresources.displayname" => &mut self.target_name,
            b"appdisplayname" => &mut self.application,
            b"ipaddress" | b"clientip" | b"initiatedby.user.ipaddress" => &mut self.address,
            b"calleripaddress" => &mut self.caller,
            b"authenticationrequirement" => &mut self.requirement,
            b"mfadetail.authmethod" => &mut self.factor,
            b"isinteractive" => &mut self.interactive,
            b"operationtype" => &mut self.kind,
            b"sessionid" => &mut self.session,
            b"correlationid" => &mut self.correlation,
            b"location.countryorregion" => &mut self.country,
            b"location" if !inner => &mut self.location,
            b"devicedetail.displayname" => &mut self.client,
            _ => return,
        };
        // Null is written in words as well.
        if !matches!(value, b"<null>" | b"-") {
            field.once(trim(value));
        }
    }

    fn is_sign_in(&self) -> bool {
        self.category.ends_with(b"SignInLogs")
            || matches!(self.operation, b"UserLoggedIn" | b"UserLoginFailed")
            || self.category.is_empty() && (self.is_sign_in || !self.code.is_empty() && self.activity.is_empty())
    }

    /// A change that was made; to look something up is none.
    fn is_change(&self) -> bool {
        let audit = self.category == b"AuditLogs" || !self.activity.is_empty();
        let named = [self.operation, self.activity].into_iter().find(|name| !name.is_empty()).unwrap_or_default();
        let says = |words: &[&str]| words.iter().any(|word| find(named, word.as_bytes()).is_some());
        let is_own = self.target == [self.user, self.initiator].into_iter().find(|login| !login.is_empty()).unwrap_or_default();
        // One's own password, and what follows from any password's change, are no change of anybody's access.
        let is_harmless = says(&["StsRefreshToken"]) || (is_own && says(&["password", "security info"]));
        audit && self.result.eq_ignore_ascii_case(b"success") && self.kind != b"Get" && !is_harmless
    }
}

fn address(text: &[u8]) -> Option<std::net::IpAddr> {
    ip(text).or_else(|| Some(crate::atoms::ip_port(text)?.0))
}

/// RFC 3339; the unified audit log leaves the zone out and means UTC; `11/20/2026 9:41:07 PM` likewise.
fn time(text: &[u8]) -> Stamp {
    match stamp::any(text) {
        Stamp::Local { seconds, nanos } => crate::Time::from_seconds(seconds, nanos).map_or(Stamp::None, Stamp::Exact),
        Stamp::None => twelve_hours(text).map_or(Stamp::None, Civil::stamp),
        exact => exact,
    }
}

fn twelve_hours(text: &[u8]) -> Option<Civil> {
    let mut words = text.split(|&b| b == b' ');
    let (date, clock, half) = (words.next()?, words.next()?, words.next()?);
    let mut date = date.split(|&b| b == b'/');
    let (month, day, year) = (number(date.next()?)?, number(date.next()?)?, number::<u16>(date.next()?)?);
    let mut clock = clock.split(|&b| b == b':');
    let (hour, minute, second) = (number::<u8>(clock.next()?)?, number(clock.next()?)?, number(clock.next()?)?);
    let hour = match half {
        b"AM" if hour <= 12 => hour % 12,
        b"PM" if hour <= 12 => hour % 12 + 12,
        _ => return None,
    };
    Some(Civil { year: Some(year.into()), month, day, hour, minute, second, nanos: 0, offset: Some(0) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc() {
        for (written, expected) in [
            ("11/20/2026 9:41:07 PM", "2026-11-20T21:41:07Z"),
            ("1/2/2026 12:00:00 AM", "2026-01-02T00:00:00Z"),
            ("1/2/2026 12:00:00 PM", "2026-01-02T12:00:00Z"),
            ("2026-11-20T21:41:07.1234567+00:00", "2026-11-20T21:41:07.1234567Z"),
            ("2026-11-20T21:41:07", "2026-11-20T21:41:07Z"),
        ] {
            assert_eq!(time(written.as_bytes()), stamp::any(expected.as_bytes()), "{written}");
        }
        for written in ["", "13/40/2026 9:41:07 PM", "1/2/2026 13:00:00 PM", "1/2/2026 1:00:00 XM", "soon"] {
            assert_eq!(time(written.as_bytes()), Stamp::None, "{written}");
        }
    }
}

//! The system log: logins of administrators and of authentication profiles, `GlobalProtect` before 9.1, IKE, restarts.
//!
//! It speaks in sentences. Who fails to log in chooses a part of them, so the last of the device's own words counts there.

use super::globalprotect::{country, left};
use super::record::{Field, Record};
use super::{address, words};
use crate::atoms::{between, cut, find, rfind, trim, until};
use crate::{About, Escape, Facts, Kind, Line};

/// `1,…,SYSTEM,auth,2562,2026/11/20 22:41:07,,auth-fail,VPN,0,0,general,medium,"failed authentication for user 'x'. …",…`
pub(super) fn event<'a>(line: &Line<'a>, record: &Record<'a>, facts: &mut Facts) {
    facts.action = record.either(line, Field::EventId, Field::Subtype);
    let sentence = Sentence { text: trim(record.value(Field::Description)), escape: record.escape(Field::Description) };
    let event = record.value(Field::EventId);
    if sentence.text.starts_with(b"GlobalProtect ") {
        return sentence.globalprotect(line, event, facts);
    }
    if sentence.warning(line, facts)
        || sentence.authentication(line, facts)
        || sentence.administrator(line, facts)
        || sentence.ike(event, facts)
    {
        return;
    }
    let anew = [b"The system is starting up".as_slice(), b"The system is shutting down", b"System restart requested", b"System start"];
    if anew.iter().any(|words| sentence.text.starts_with(words)) {
        facts.about = Some(About::Restart);
        facts.reason = line.escaped(sentence.text, sentence.escape);
    }
}

/// What the description says, and how it is written.
#[derive(Clone, Copy)]
struct Sentence<'a> {
    text: &'a [u8],
    escape: Escape,
}

impl<'a> Sentence<'a> {
    /// `failed authentication for user 'fourn.chimere'.  Reason: Invalid username/password. auth profile 'VPN', vsys 'vsys1',
    /// server profile 'LDAP', server address '10.1.1.20', From: 198.51.100.23.`, `authenticated for user fourn.chimere.   auth profile …`,
    /// and before PAN-OS 8 `User 'claire' authenticated.   From: 10.1.0.4.`
    ///
    /// Without the quotes from 11 on. The event's id is no witness: a refusal has come as `auth-success`.
    fn authentication(self, line: &Line<'a>, facts: &mut Facts) -> bool {
        if let Some(rest) = self.text.strip_prefix(b"User '") {
            // The name stands in front: it may hold all that follows here.
            let end = |words| rfind(rest, words);
            let (kind, at) = match (end(b"' failed authentication."), end(b"' authenticated.")) {
                (Some(at), _) => (Kind::LoginFailure, at),
                (None, Some(at)) => (Kind::LoginSuccess, at),
                (None, None) => return false,
            };
            facts.kind = kind;
            line.login(cut(rest, at).0, self.escape, facts);
            self.origin(line, facts);
            return true;
        }
        let begins = |words: &[u8]| find(cut(self.text, 60).0, words).map(|at| cut(self.text, at + words.len()).1);
        let failed = self.text.strip_prefix(b"failed authentication for user ").or_else(|| begins(b" authentication failed for user "));
        let (kind, rest) = match (failed, begins(b"authenticated for user ")) {
            (Some(rest), _) => (Kind::LoginFailure, rest),
            (None, Some(rest)) => (Kind::LoginSuccess, rest),
            (None, None) => return false,
        };
        facts.kind = kind;
        let profile = rfind(rest, b" auth profile ").or_else(|| rfind(rest, b" From: ")).unwrap_or(rest.len());
        let (login, _) = cut(rest, profile);
        let words: &[u8] = if kind == Kind::LoginFailure { b" Reason: " } else { b" realm " };
        let (login, _) = cut(login, rfind(login, words).unwrap_or(login.len()));
        let login = trim(login);
        let login = trim(login.strip_suffix(b".").unwrap_or(login));
        line.login(unquoted(login), self.escape, facts);
        self.origin(line, facts);
        true
    }

    /// `When authenticating user 'fourn.chimere' from '198.51.100.23', a less secure authentication method PAP is used.`, which says
    /// nothing of the result.
    fn warning(self, line: &Line<'a>, facts: &mut Facts) -> bool {
        let Some(rest) = self.text.strip_prefix(b"When authenticating user '") else { return false };
        let Some((login, rest)) = rfind(rest, b"' from '").map(|at| cut(rest, at)) else { return false };
        line.login(login, self.escape, facts);
        facts.source_ip = between(rest, b"from '", b"'").and_then(address);
        true
    }

    /// Address and reason at the end of an authentication's sentence.
    fn origin(self, line: &Line<'a>, facts: &mut Facts) {
        if let Some(at) = rfind(self.text, b"From: ") {
            facts.source_ip = address(stop(trim(cut(self.text, at + 6).1)));
        }
        if facts.kind == Kind::LoginFailure
            && let Some(at) = rfind(self.text, b"Reason: ")
        {
            let reason = cut(self.text, at + 8).1;
            let end = rfind(reason, b". auth profile ").or_else(|| rfind(reason, b" auth profile ")).or_else(|| rfind(reason, b" From: "));
            facts.reason = line.escaped(stop(trim(cut(reason, end.unwrap_or(reason.len())).0)), self.escape);
        }
    }

    /// `User claire logged in via Web from 10.1.0.4 using https`, `Session for user claire via CLI from 10.1.0.4 timed out`
    fn administrator(self, line: &Line<'a>, facts: &mut Facts) -> bool {
        let Some(rest) = self.text.strip_prefix(b"User ").or_else(|| self.text.strip_prefix(b"Session for user ")) else { return false };
        for (words, kind) in [
            (b" logged in via ".as_slice(), Kind::LoginSuccess),
            (b" logged in from ", Kind::LoginSuccess),
            (b" logged out via ", Kind::Logout),
            (b" logged out from ", Kind::Logout),
            (b" via ", Kind::SessionEnd),
        ] {
            let Some(at) = rfind(rest, words) else { continue };
            let (login, how) = cut(rest, at);
            if kind == Kind::SessionEnd && find(how, b" timed out").is_none() {
                return false;
            }
            facts.kind = kind;
            line.login(unquoted(trim(login)), self.escape, facts);
            let from = rfind(how, b" from ").map(|at| cut(how, at + 6).1).unwrap_or_default();
            let (from, rest) = until(from, b' ').unwrap_or((from, &[]));
            facts.source_ip = address(stop(from));
            // What else follows is another sentence, of which these words are a name.
            let whole = [b"".as_slice(), b"using http", b"using https", b"using http over an SSL connection"];
            if kind == Kind::LoginSuccess && !whole.contains(&stop(rest)) {
                facts.kind = Kind::Other;
            }
            return true;
        }
        false
    }

    /// `GlobalProtect gateway user authentication failed. Login from: 198.51.100.23, Source region: FR, User name: x,
    /// Client OS version: Microsoft Windows 11, Reason: Authentication failed: Invalid username or password, Auth type: profile.`
    fn globalprotect(self, line: &Line<'a>, event: &[u8], facts: &mut Facts) {
        let value = |key: &[u8]| between(self.text, key, b", ").or_else(|| Some(stop(cut(self.text, find(self.text, key)? + key.len()).1)));
        facts.source_ip = value(b"Login from: ").and_then(address);
        if let Some(region) = value(b"Source region: ") {
            facts.country = country(line.text(region), region);
        }
        let Some(start) = find(self.text, b"User name: ") else { return };
        let rest = cut(self.text, start + 11).1;
        // Each key once, and the name in front of them all: the last of each is the device's.
        let keys = [
            b", Auth type: ".as_slice(),
            b", Client OS version: ",
            b", Reason: ",
            b", Private IP: ",
            b", Client version: ",
            b", Config name: ",
        ];
        let end = keys.iter().filter_map(|key| rfind(rest, key)).min().unwrap_or(rest.len());
        let (login, rest) = cut(rest, end);
        line.login(stop(login), self.escape, facts);
        let after = |key: &[u8]| {
            let rest = cut(rest, find(rest, key)? + key.len()).1;
            Some(stop(cut(rest, find(rest, b", ").unwrap_or(rest.len())).0))
        };
        facts.assigned_ip = after(b", Private IP: ").and_then(address);
        facts.client = line.escaped(after(b", Device name: ").unwrap_or_default(), self.escape);
        let reason = after(b", Reason: ").unwrap_or_default();
        facts.kind = kind(event, self.text, reason);
        if matches!(facts.kind, Kind::LoginFailure | Kind::Logout | Kind::SessionEnd) {
            facts.reason = line.escaped(reason, self.escape);
        }
    }

    /// `IKE phase-1 negotiation is succeeded as responder, main mode. Established SA: 192.0.2.1[500]-203.0.113.9[500] cookie:…`
    fn ike(self, event: &[u8], facts: &mut Facts) -> bool {
        if !self.text.starts_with(b"IKE") && !self.text.starts_with(b"IPSec") {
            return false;
        }
        let ends = find(self.text, b" SA: ").and_then(|at| until(cut(self.text, at).1, b'-'));
        facts.peer = ends.and_then(|(_, far)| until(far, b'[')).and_then(|(far, _)| address(far));
        let anew = match event {
            b"ike-nego-p1-succ" => true,
            b"ikev2-nego-ike-succ" => find(self.text, b"non-rekey").is_some(),
            _ => false,
        };
        if anew && facts.peer.is_some() {
            facts.kind = Kind::SessionStart;
        }
        true
    }
}

/// `GlobalProtect`'s events before 9.1: the id tells the result, the sentence where a dress has no id.
fn kind(event: &[u8], sentence: &[u8], reason: &[u8]) -> Kind {
    let says = |words: &[u8]| find(cut(sentence, 80).0, words).is_some();
    let succeeded = words(event).unwrap_or_else(|| says(b" succeeded.") || says(b" generated."));
    match (event.rsplit(|&b| b == b'-').nth(1).unwrap_or_default(), succeeded) {
        (b"auth" | b"regist", true) => Kind::LoginSuccess,
        (b"auth" | b"regist", false) => Kind::LoginFailure,
        (b"logout", true) => left(reason),
        // The portal's configuration opens nothing; the gateway's comes with the inner address.
        (b"config", true) if event.starts_with(b"globalprotectgateway") => Kind::SessionStart,
        _ if says(b"gateway client configuration released") => Kind::SessionEnd,
        (b"", true) if says(b" authentication succeeded") || says(b" login succeeded") => Kind::LoginSuccess,
        (b"", false) if says(b" authentication failed") || says(b" login failed") => Kind::LoginFailure,
        (b"", true) if says(b" logout succeeded") => left(reason),
        (b"", true) if says(b"gateway client configuration generated") => Kind::SessionStart,
        _ => Kind::Other,
    }
}

/// `text` without its full stop.
fn stop(text: &[u8]) -> &[u8] {
    text.strip_suffix(b".").unwrap_or(text)
}

/// `text` without the quotes around it, which JSON escapes.
fn unquoted(text: &[u8]) -> &[u8] {
    let within = |quote: &[u8]| text.strip_prefix(quote)?.strip_suffix(quote);
    within(b"'").or_else(|| within(b"\"")).or_else(|| within(br#"\""#)).unwrap_or(text)
}

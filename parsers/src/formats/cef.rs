//! Any product that writes ArcSight's Common Event Format and has no format of its own here.
//!
//! Micro Focus, "ArcSight Common Event Format (CEF) Implementation Standard", versions 0.1 and 1. What happened is read from
//! `act` and `outcome`; without `act`, from the event's name, if that is one of the plain ones.

use crate::atoms::{Cef, Pair, cut, ip, number, split_login};
use crate::formats::Format;
use crate::{Escape, Facts, Kind, Line, Stamp, Stamps, Text, Verdict, stamp};

/// CEF's line of the table of formats.
pub(super) const FORMAT: Format =
    Format { name: "cef", vendor: "", product: "", covers: "any product writing CEF (ArcSight Common Event Format)", looks_like, parse };

fn looks_like(line: &Line<'_>) -> bool {
    Cef::read(line.body).is_some()
}

/// The pairs that matter, as they stand.
#[derive(Default)]
struct Fields<'a> {
    suser: &'a [u8],
    duser: &'a [u8],
    user: &'a [u8],
    source_domain: &'a [u8],
    destination_domain: &'a [u8],
    act: &'a [u8],
    outcome: &'a [u8],
    host: &'a [u8],
    address: &'a [u8],
    receipt: &'a [u8],
    end: &'a [u8],
    start: &'a [u8],
}

fn parse(line: &Line<'_>, stamps: &mut Stamps, facts: &mut Facts) -> Option<()> {
    let header = Cef::read(line.body)?;
    let mut fields = Fields::default();
    for Pair { key, value, .. } in header.pairs() {
        match key {
            b"suser" => first(&mut fields.suser, value),
            b"duser" => first(&mut fields.duser, value),
            b"usrName" => first(&mut fields.user, value),
            b"sntdom" => first(&mut fields.source_domain, value),
            b"dntdom" => first(&mut fields.destination_domain, value),
            b"act" => first(&mut fields.act, value),
            b"outcome" => first(&mut fields.outcome, value),
            b"dvchost" => first(&mut fields.host, value),
            b"dvc" => first(&mut fields.address, value),
            b"rt" | b"UNIFIutcTime" => first(&mut fields.receipt, value),
            b"end" => first(&mut fields.end, value),
            b"start" => first(&mut fields.start, value),
            b"src" => facts.source_ip = facts.source_ip.or_else(|| ip(value)),
            b"spt" => facts.source_port = facts.source_port.or_else(|| number(value)),
            b"dst" => facts.destination_ip = facts.destination_ip.or_else(|| ip(value)),
            b"dpt" => facts.destination_port = facts.destination_port.or_else(|| number(value)),
            b"in" => facts.destination_bytes = facts.destination_bytes.or_else(|| number(value)),
            b"out" => facts.source_bytes = facts.source_bytes.or_else(|| number(value)),
            b"externalId" => keep(&mut facts.session, line, value),
            b"reason" => keep(&mut facts.reason, line, value),
            _ => {}
        }
    }
    facts.vendor = text(line, header.vendor);
    facts.product = text(line, header.product);
    facts.device = text(line, either(fields.host, fields.address));
    facts.stamp = [fields.receipt, fields.end, fields.start]
        .into_iter()
        .map(|written| stamps.body(written, time))
        .find(|&stamp| stamp != Stamp::None)
        .unwrap_or_default();
    let (login, given_domain) = if fields.suser.is_empty() {
        (either(fields.duser, fields.user), fields.destination_domain)
    } else {
        (fields.suser, fields.source_domain)
    };
    let (user, domain) = split_login(login, Escape::Cef);
    facts.user = text(line, user);
    facts.domain = text(line, either(domain, given_domain));
    facts.action = text(line, either(fields.act, header.name));
    let flow = facts.source_ip.is_some() && facts.destination_ip.is_some();
    (facts.kind, facts.verdict) = kind(fields.act, fields.outcome, header.name, flow);
    Some(())
}

/// The first of two equal keys counts: what comes later may stand inside a value that nobody escaped.
fn first<'a>(field: &mut &'a [u8], value: &'a [u8]) {
    if field.is_empty() {
        *field = value;
    }
}

fn keep<'a>(field: &mut Text, line: &Line<'a>, value: &'a [u8]) {
    if field.is_empty() {
        *field = text(line, value);
    }
}

fn either<'a>(one: &'a [u8], other: &'a [u8]) -> &'a [u8] {
    if one.is_empty() { other } else { one }
}

fn text<'a>(line: &Line<'a>, value: &'a [u8]) -> Text {
    line.escaped(value, Escape::Cef)
}

/// `1795038067000`, `Nov 20 2026 22:41:07`, `Nov 20 2026 22:41:07.123 CET`, `2026-11-20T21:41:07Z`
fn time(text: &[u8]) -> Stamp {
    if text.iter().all(u8::is_ascii_digit) { stamp::epoch(text) } else { stamp::any(text) }
}

/// What an event is, and for traffic whether it was let through.
fn kind(act: &[u8], outcome: &[u8], name: &[u8], flow: bool) -> (Kind, Option<Verdict>) {
    if let Some(verb) = verb(either(act, name)) {
        return (verb.kind(outcome), None);
    }
    match verdict(act) {
        Some(verdict) if flow => (Kind::Traffic, Some(verdict)),
        _ => (Kind::Other, None),
    }
}

/// What somebody did at a door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Login,
    /// The word itself says that it failed.
    LoginFailed,
    Logout,
    Connect,
    Disconnect,
}

impl Verb {
    /// The event, given the `outcome`: of the words for success and failure only the clear ones decide.
    fn kind(self, outcome: &[u8]) -> Kind {
        let failed =
            is_one_of(outcome, &["failure", "failed", "fail", "denied", "deny", "rejected", "refused", "blocked", "error", "unsuccessful"]);
        let succeeded = outcome.is_empty()
            || is_one_of(outcome, &["success", "successful", "succeeded", "ok", "allowed", "permitted", "accepted", "granted"]);
        match self {
            Verb::LoginFailed => Kind::LoginFailure,
            Verb::Login | Verb::Connect if failed => Kind::LoginFailure,
            Verb::Login if succeeded => Kind::LoginSuccess,
            Verb::Connect if succeeded => Kind::SessionStart,
            Verb::Logout if !failed => Kind::Logout,
            Verb::Disconnect if !failed => Kind::SessionEnd,
            _ => Kind::Other,
        }
    }
}

/// The verb of an `act` or of an event's name, with or without `User ` or `VPN ` in front, and with any of ` `, `-`, `_` between its words.
fn verb(text: &[u8]) -> Option<Verb> {
    let text = [b"user " as &[u8], b"vpn "].into_iter().find_map(|word| strip_word(text, word)).unwrap_or(text);
    let any = |words: &[&str]| is_one_of(text, words);
    Some(match () {
        () if any(&[
            "login",
            "logon",
            "log in",
            "log on",
            "sign in",
            "signin",
            "logged in",
            "logged on",
            "login success",
            "login successful",
            "login succeeded",
            "logon success",
        ]) =>
        {
            Verb::Login
        }
        () if any(&[
            "login failed",
            "login failure",
            "logon failed",
            "logon failure",
            "failed login",
            "failed logon",
            "authentication failed",
            "authentication failure",
        ]) =>
        {
            Verb::LoginFailed
        }
        () if any(&["logout", "logoff", "log out", "log off", "sign out", "signout", "logged out", "logged off"]) => Verb::Logout,
        () if any(&["connect", "connected"]) => Verb::Connect,
        () if any(&["disconnect", "disconnected"]) => Verb::Disconnect,
        () => return None,
    })
}

fn verdict(act: &[u8]) -> Option<Verdict> {
    if is_one_of(act, &["allow", "allowed", "accept", "accepted", "permit", "permitted", "pass", "passed", "forward"]) {
        Some(Verdict::Allowed)
    } else if is_one_of(act, &["deny", "denied", "drop", "dropped", "block", "blocked", "reject", "rejected", "reset"]) {
        Some(Verdict::Denied)
    } else {
        None
    }
}

/// Case is ignored, and `-` and `_` are blanks.
fn is_one_of(text: &[u8], words: &[&str]) -> bool {
    let same = |a: &u8, b: &u8| a.eq_ignore_ascii_case(b) || (matches!(a, b'-' | b'_') && *b == b' ');
    words.iter().any(|word| text.len() == word.len() && text.iter().zip(word.as_bytes()).all(|(a, b)| same(a, b)))
}

fn strip_word<'a>(text: &'a [u8], word: &[u8]) -> Option<&'a [u8]> {
    let (head, rest) = cut(text, word.len());
    (head.eq_ignore_ascii_case(word) && !rest.is_empty()).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Interest, Reading, formats, read};

    fn facts(line: &str) -> Option<Facts> {
        let mut facts = Facts::default();
        let reading = read(line.as_bytes(), formats::by_name("cef"), &Interest::everything(), &mut Stamps::default(), &mut facts);
        matches!(reading, Reading::Parsed(_)).then_some(facts)
    }

    fn event(extension: &str) -> &'static str {
        facts(&format!("CEF:0|Portail|Access|1|1|Something|3|{extension}")).map_or("unparsed", |facts| facts.kind.word())
    }

    #[test]
    fn act_and_outcome_make_the_event() {
        for (extension, expected) in [
            ("act=login outcome=success", "login_success"),
            ("act=logon outcome=failure", "login_failure"),
            ("act=Login", "login_success"),
            ("act=login outcome=challenge", "other"),
            ("act=logout outcome=success", "logout"),
            ("act=logoff", "logout"),
            ("act=logout outcome=failure", "other"),
            ("act=connect outcome=success", "session_start"),
            ("act=connect outcome=failure", "login_failure"),
            ("act=disconnect outcome=success", "session_end"),
            ("act=login_failed", "login_failure"),
            ("act=health-check outcome=success", "other"),
            ("act=relogin outcome=success", "other"),
            ("act=blocked src=198.51.100.7 dst=10.20.4.11", "traffic"),
            ("act=allow src=198.51.100.7", "other"),
            ("outcome=success", "other"),
            ("", "other"),
        ] {
            assert_eq!(event(extension), expected, "{extension}");
        }
    }

    #[test]
    fn the_name_speaks_where_act_does_not() {
        for (name, act, expected) in [
            ("User login", "", Kind::LoginSuccess),
            ("VPN Login Failed", "", Kind::LoginFailure),
            ("User logged out", "", Kind::Logout),
            ("User login", "act=health-check", Kind::Other),
            ("User login page shown", "", Kind::Other),
            ("User ", "", Kind::Other),
        ] {
            assert_eq!(facts(&format!("CEF:0|P|A|1|1|{name}|3|{act}")).unwrap().kind, expected, "{name}");
        }
    }

    #[test]
    fn heads_of_all_dresses() {
        let columns = "Por\\|tail|Access|1|1|User login|3|suser=a";
        for (head, claimed) in [
            ("CEF:0|", true),
            ("CEF: 0|", true),
            ("CEF:1|", true),
            ("CEF:CEF:0|", true),
            ("PSM:CEF:0|", true),
            ("0|", true),
            ("<134>1 2026-11-20T22:41:07+01:00 portail-1 portail - - - CEF:0|", true),
            ("Nov 20 22:41:07 portail-1 CEF: 0|", true),
            ("LEEF:1.0|", false),
            ("1.0|", false),
            ("CEF:7|", false),
            ("count 0|", false),
        ] {
            let line = format!("{head}{columns}");
            let found = facts(&line);
            assert_eq!(found.is_some(), claimed, "{line}");
            if let Some(facts) = found {
                assert_eq!(facts.vendor.value(line.as_bytes()), b"Por|tail".as_slice(), "{line}");
                assert_eq!(facts.product.value(line.as_bytes()), b"Access".as_slice(), "{line}");
            }
        }
        assert!(facts("CEF:0|P|A|1|1|User login").is_none());
    }

    #[test]
    fn an_escaped_sign_makes_no_pair() {
        let line = r"CEF:0|P|A|1|1|n|3|suser=x src\=192.0.2.66 act\=login src=198.51.100.7 act=login outcome=failure src=192.0.2.66";
        let facts = facts(line).unwrap();
        assert_eq!(facts.user.value(line.as_bytes()), b"x src=192.0.2.66 act=login".as_slice());
        assert_eq!(facts.source_ip, ip(b"198.51.100.7"));
        assert_eq!(facts.kind, Kind::LoginFailure);
    }

    #[test]
    fn times() {
        let exact = stamp::any(b"2026-11-20T21:41:07.5Z");
        for written in ["1795210867500", "Nov 20 2026 21:41:07.500 UTC", "2026-11-20T22:41:07.5+01:00"] {
            assert_eq!(time(written.as_bytes()), exact, "{written}");
        }
        assert!(matches!(time(b"Nov 20 2026 22:41:07"), Stamp::Local { .. }));
        assert!(matches!(time(b"Nov 20 22:41:07"), Stamp::Yearless { .. }));
        assert_eq!(time(b"yesterday"), Stamp::None);
    }

    proptest::proptest! {
        #[test]
        fn any_mixture_of_words_is_read(words in proptest::collection::vec(proptest::sample::select(vec![
            "CEF:", "0", "|", "\\|", "\\", "=", "\\=", " ", "src", "suser", "act", "login", "outcome", "failure", "198.51.100.7", "rt", "1795210867500", "é", "in", "99999999999999999999999",
        ]), 0..40)) {
            facts(&words.concat());
        }
    }
}

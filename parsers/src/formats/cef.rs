//! Any product that writes ArcSight's Common Event Format and has no format of its own here.
//!
//! Micro Focus, "ArcSight Common Event Format (CEF) Implementation Standard", versions 0.1 and 1.

mod phrase;
pub(super) mod plain;

use crate::formats::Format;
use crate::{Dress, Escape, Facts, Line, Stamps};

/// CEF's line of the table of formats.
pub(super) const FORMAT: Format = Format {
    name: "cef",
    vendor: "",
    product: "",
    covers: "any product writing CEF (ArcSight Common Event Format)",
    dresses: &[Dress::Cef],
    looks_like,
    parse,
};

fn looks_like(line: &Line<'_>) -> bool {
    line.cef.is_some()
}

fn parse(line: &Line<'_>, stamps: &mut Stamps, facts: &mut Facts) -> Option<()> {
    let cef = line.cef?;
    facts.vendor = line.escaped(cef.vendor, Escape::Cef);
    facts.product = line.escaped(cef.product, Escape::Cef);
    plain::read(line, cef.pairs(), [cef.name, cef.class], Escape::Cef, stamps, facts);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::atoms::ip;
    use crate::{Interest, Kind, Reading, formats, read};

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

    proptest::proptest! {
        #[test]
        fn any_mixture_of_words_is_read(words in proptest::collection::vec(proptest::sample::select(vec![
            "CEF:", "0", "|", "\\|", "\\", "=", "\\=", " ", "src", "suser", "act", "login", "outcome", "failure", "198.51.100.7", "rt", "1795210867500", "é", "in", "99999999999999999999999",
        ]), 0..40)) {
            facts(&words.concat());
        }
    }
}

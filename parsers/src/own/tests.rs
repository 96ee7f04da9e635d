use super::*;
use crate::stamp::any;
use crate::{FORMATS, FormatId, Formats, Interest, Reading};

fn what(word: &str) -> What {
    EVENTS.iter().find(|(known, _)| *known == word).unwrap().1
}

fn own(name: &str, shape: Shape, words: &[(&str, &str)]) -> Own {
    let meaning = match words {
        [("", word)] => Meaning::Always(what(word)),
        words => Meaning::ByResult(words.iter().map(|(said, word)| (said.as_bytes().into(), what(word))).collect()),
    };
    Own { name: name.into(), vendor: "".into(), product: "".into(), shape, marker: None, meaning, time: None }
}

fn gate() -> Own {
    let regex = r"^(?<time>\S+) gate: (?<user>\S+) from (?<src>\S+) (?<result>IN|REFUSED)$";
    own("our-gate", Shape::regex(regex).unwrap(), &[("IN", "login_success"), ("REFUSED", "login_failure")])
}

fn keys(keys: &[(&str, &str)]) -> Vec<(Box<[u8]>, FactId)> {
    keys.iter().map(|(fact, key)| (key.as_bytes().into(), FactId::of(fact).unwrap())).collect()
}

fn read(formats: &Formats, line: &str) -> (Option<String>, Facts) {
    let mut facts = Facts::default();
    let reading = formats.read(line.as_bytes(), None, &Interest::everything(), &mut Stamps::default(), &mut facts);
    let id = match reading {
        Reading::Parsed(id) | Reading::NoConcern(id) => Some(id),
        _ => None,
    };
    (id.map(|id| formats.product(id).unwrap().format.to_owned()), facts)
}

fn text(text: crate::Text, line: &str) -> String {
    String::from_utf8_lossy(&text.value(line.as_bytes())).into_owned()
}

#[test]
fn facts_are_few_enough_for_a_bit_each_and_bear_one_name_each() {
    assert!(FACTS.len() <= 64);
    let names: std::collections::BTreeSet<&str> = FACTS.iter().map(|fact| fact.name).collect();
    assert_eq!(names.len(), FACTS.len());
    assert_eq!(FactId::of("result"), Some(FactId::RESULT));
    assert!(is_taken("fortigate") && is_taken("auto") && !is_taken("our-gate"));
}

#[test]
fn a_regular_expression_names_the_facts() {
    let formats = Formats::new(vec![gate()]);
    for head in ["", "<134>", "<134>Nov 20 22:41:08 relay ", "Nov 20 22:41:08 relay ", "<13>1 2026-11-20T22:41:09+01:00 relay - - - - "] {
        let line = format!(r"{head}2026-11-20T22:41:07+01:00 gate: GHT\ext-chimere from 198.51.100.23:4711 IN");
        let (format, facts) = read(&formats, &line);
        assert_eq!(format.as_deref(), Some("our-gate"), "{line}");
        assert_eq!(
            (facts.kind, text(facts.user, &line), text(facts.domain, &line)),
            (Kind::LoginSuccess, "ext-chimere".into(), "GHT".into())
        );
        assert_eq!((facts.source_ip, facts.source_port), ("198.51.100.23".parse().ok(), Some(4711)));
        assert_eq!((facts.stamp, text(facts.action, &line)), (any(b"2026-11-20T22:41:07+01:00"), "IN".into()));
    }
    let (_, facts) = read(&formats, "2026-11-20T22:41:07+01:00 gate: d\u{e9}pann from 198.51.100.23 REFUSED");
    assert_eq!(facts.kind, Kind::LoginFailure);
}

#[test]
fn a_line_matches_from_end_to_end_or_not_at_all() {
    let loose = own("loose", Shape::regex(r"user (?<user>\S+) from (?<src>\S+)").unwrap(), &[("", "login_success")]);
    let formats = Formats::new(vec![loose]);
    assert_eq!(read(&formats, "user ext-a from 198.51.100.23").0.as_deref(), Some("loose"));
    for line in
        ["denied: user ext-a from 198.51.100.23", "user ext-a from 198.51.100.23 denied", "user user ext-a from 198.51.100.23 from 1.1.1.1"]
    {
        assert_eq!(read(&formats, line).0, None, "{line}");
    }
    // Alternatives and comments do not escape the ends.
    for regex in ["a|b", "(?x) a | b # either"] {
        let formats = Formats::new(vec![own("r", Shape::regex(regex).unwrap(), &[("", "other")])]);
        assert_eq!((read(&formats, "b").0.is_some(), read(&formats, "ab").0, read(&formats, "bb").0), (true, None, None), "{regex}");
    }
}

#[test]
fn what_is_no_expression_or_no_fact_is_told() {
    assert!(matches!(Shape::regex("(?<user>x"), Err(NoRegex::Syntax(_))));
    assert_eq!(Shape::regex("(?<usr>x)").unwrap_err(), NoRegex::Capture("usr".into()));
    assert!(Shape::regex(r"(?P<user>\w+)(-)(?:x)").is_ok());
}

#[test]
fn fields_by_key() {
    let map =
        keys(&[("user", "login"), ("src", "remote_addr"), ("result", "status"), ("bytes_in", "rx"), ("duration", "secs"), ("mfa", "otp")]);
    let formats = Formats::new(vec![own("portal", Shape::Pairs(map), &[("ok", "session_end")])]);
    let line = r#"Nov 20 22:41:07 gw portal[9]: login="ext-chimere" remote_addr=198.51.100.23 rx=12 secs=75 otp=yes status=ok"#;
    let (format, facts) = read(&formats, line);
    assert_eq!((format.as_deref(), facts.kind), (Some("portal"), Kind::SessionEnd));
    assert_eq!((facts.source_bytes, facts.duration, facts.mfa), (Some(12), Some(75_000_000_000), Some(true)));
    assert_eq!((text(facts.user, line), text(facts.device, line)), ("ext-chimere".into(), "gw".into()));
    // Another product's, or not enough of it to tell.
    for line in ["portal[9]: status=ok", "portal[9]: login=a remote_addr=198.51.100.23", "x=1 y=2"] {
        assert_eq!(read(&formats, line).0, None, "{line}");
    }
    // A result that nobody explained is a line without access fact; placeholders say nothing.
    let (format, facts) = read(&formats, "login=- remote_addr=N/A status=keepalive");
    assert_eq!((format.as_deref(), facts.kind, facts.user.is_empty(), facts.source_ip), (Some("portal"), Kind::Other, true, None));
}

#[test]
fn a_value_cannot_imitate_another_field() {
    let map = keys(&[("user", "login"), ("src", "ip"), ("result", "status")]);
    let pairs = Formats::new(vec![own("portal", Shape::Pairs(map.clone()), &[("ok", "login_success"), ("ko", "login_failure")])]);
    let json = Formats::new(vec![own("portal", Shape::Json(map), &[("ok", "login_success"), ("ko", "login_failure")])]);
    for (formats, line) in [
        (&pairs, r#"ip=198.51.100.23 status=ko login="x ip=192.0.2.66 status=ok""#),
        (&pairs, "ip=198.51.100.23 status=ko login=x ip=192.0.2.66 status=ok"),
        (&json, r#"{"ip":"198.51.100.23","status":"ko","login":"x\",\"status\":\"ok","ip":"192.0.2.66"}"#),
    ] {
        let (_, facts) = read(formats, line);
        assert_eq!((facts.kind, facts.source_ip), (Kind::LoginFailure, "198.51.100.23".parse().ok()), "{line}");
    }
}

#[test]
fn fields_by_path() {
    let map = keys(&[("user", "actor.login"), ("src", "client.ip"), ("result", "event.outcome"), ("time", "ts")]);
    let formats = Formats::new(vec![own("api", Shape::Json(map), &[("granted", "login_success")])]);
    for line in [
        r#"{"ts":1795210867,"actor":{"login":"ren\u00e9@ght.example"},"client":{"ip":"198.51.100.23"},"event":{"outcome":"granted"}}"#,
        r#"<134>Nov 20 22:41:07 gw api: {"ts":"1795210867","actor.login":"ren\u00e9@ght.example","client":{"ip":"198.51.100.23"},"event.outcome":"granted"}"#,
    ] {
        let (format, facts) = read(&formats, line);
        assert_eq!((format.as_deref(), facts.kind, facts.stamp), (Some("api"), Kind::LoginSuccess, any(b"2026-11-20T21:41:07Z")), "{line}");
        assert_eq!((text(facts.user, line), text(facts.domain, line)), ("ren\u{e9}".into(), "ght.example".into()));
    }
    assert_eq!(read(&formats, r#"{"actor":{"x":{"login":"a"}},"event":{"outcome":"granted"}}"#).0, None);
}

#[test]
fn fields_by_column() {
    let at = |fact: &str, at: usize| (at, FactId::of(fact).unwrap());
    let columns = vec![at("time", 0), at("user", 1), at("src", 2), at("result", 4)];
    let mut csv = own("csv", Shape::Columns { separator: b';', columns }, &[("IN", "login_success")]);
    csv.time = Some(TimeFormat::new("%d/%m/%Y %H:%M").unwrap());
    csv.marker = Some(Finder::new("PORTAIL").into_owned());
    let formats = Formats::new(vec![csv]);
    let line = "20/11/2026 22:41;\"ext \"\"x\"\"\";198.51.100.23;PORTAIL;IN;more";
    let (format, facts) = read(&formats, line);
    assert_eq!((format.as_deref(), facts.kind, text(facts.user, line)), (Some("csv"), Kind::LoginSuccess, "ext \"x\"".into()));
    assert_eq!((facts.stamp, facts.source_ip), (any(b"2026-11-20T22:41:00"), "198.51.100.23".parse().ok()));
    for line in ["20/11/2026 22:41;a;198.51.100.23;AUTRE;IN", "20/11/2026 22:41;PORTAIL;198.51.100.23"] {
        assert_eq!(read(&formats, line).0, None, "{line}");
    }
}

#[test]
fn who_is_asked_when() {
    let line = "<86>Nov 20 22:41:07 bastion-1 sshd[901]: Accepted password for ext-a from 198.51.100.23 port 22 ssh2";
    let sshd = || {
        own("mine", Shape::regex(r"Accepted password for (?<user>\S+) from (?<src>\S+) port \d+ ssh2").unwrap(), &[("", "session_start")])
    };
    assert_eq!(read(&Formats::default(), line).0.as_deref(), Some("sshd"));
    assert_eq!(read(&Formats::new(vec![sshd()]), line).0.as_deref(), Some("mine"));
    // Field names alone are no signature.
    let fields = own("fields", Shape::Pairs(keys(&[("user", "user"), ("src", "remip")])), &[("", "other")]);
    let formats = Formats::new(vec![fields, sshd()]);
    let fortigate = r#"date=2026-11-20 time=22:41:07 devname="fw-1" devid="FGT1" logid="0101039424" type="event" subtype="vpn" action="tunnel-up" remip=198.51.100.23 user="ext-a""#;
    assert_eq!(read(&formats, fortigate).0.as_deref(), Some("fortigate"));
    assert_eq!(read(&formats, "user=a remip=198.51.100.23").0.as_deref(), Some("fields"));
    let names: Vec<&str> = formats.ids().map(|id| formats.product(id).unwrap().format).collect();
    assert_eq!((names.first(), names.last(), names.len()), (Some(&"mine"), Some(&"fields"), FORMATS.len() + 2));
    assert_eq!(formats.by_name("fields"), Some(FormatId(u8::try_from(FORMATS.len() + 1).unwrap())));
    assert_eq!(formats.by_name("nobody"), None);
    // One that a source names is asked alone.
    let only = |name: &str, line: &str| {
        let mut facts = Facts::default();
        formats.read(line.as_bytes(), formats.by_name(name), &Interest::everything(), &mut Stamps::default(), &mut facts)
    };
    assert_eq!(only("fields", line), Reading::Unparsed);
    assert_eq!(only("fields", fortigate), Reading::Parsed(formats.by_name("fields").unwrap()));
    assert_eq!(only("sshd", line), Reading::Parsed(formats.by_name("sshd").unwrap()));
}

#[test]
fn what_is_private_does_not_leave() {
    let bastion = own("bastion", Shape::regex(r"(?<user>\S+) typed (?<private>.*) on (?<target>\S+)").unwrap(), &[("", "other")]);
    let line = "ext-a typed my secret on dpi-1";
    let (_, facts) = read(&Formats::new(vec![bastion]), line);
    assert_eq!(&*facts.shown(line.as_bytes()), "ext-a typed […] on dpi-1".as_bytes());
    assert_eq!(&*Facts::default().shown(line.as_bytes()), line.as_bytes());
}

#[test]
fn what_was_picked_and_cannot_be_is_told() {
    let interest = Interest::everything();
    let line = |text: &'static str| Line::new(text.as_bytes(), &interest);
    let picks = gate().picks(&line("22:41 gate: ext-chimere from nowhere IN")).unwrap();
    let told: Vec<(&str, bool)> = picks.iter().map(|(picked, fits)| (picked.fact.get().unwrap().name, *fits)).collect();
    assert_eq!(told, [("time", false), ("user", true), ("src", false), ("result", true)]);
    assert!(gate().picks(&line("something else")).is_none());
}

proptest::proptest! {
    #[test]
    fn nothing_private_is_shown(typed in "[a-z\"é ]{4,40}", user in "[A-Z]{1,8}") {
        let bastion = own("bastion", Shape::regex(r"(?<user>[A-Z]+) typed (?<private>.*) on dpi-1").unwrap(), &[("", "other")]);
        let line = format!("<134>{user} typed {typed} on dpi-1");
        let (format, facts) = read(&Formats::new(vec![bastion]), &line);
        proptest::prop_assert!(format.is_some());
        let shown = String::from_utf8(facts.shown(line.as_bytes()).into_owned()).unwrap();
        proptest::prop_assert_eq!(shown, format!("<134>{user} typed […] on dpi-1"));
    }

    #[test]
    fn any_bytes_give_an_answer(line in proptest::collection::vec(proptest::sample::select(b"ab=:;,{}[]\"\\ \xff<1>gate".as_slice()), 0..80)) {
        let map = keys(&[("user", "a"), ("src", "b")]);
        let at = vec![(0, FactId::of("user").unwrap()), (3, FactId::of("src").unwrap())];
        let shapes = [Shape::Pairs(map.clone()), Shape::Json(map), Shape::Columns { separator: b';', columns: at }];
        let own = shapes.into_iter().map(|shape| own("x", shape, &[("", "traffic")])).chain([gate()]).collect();
        let mut facts = Facts::default();
        let _ = Formats::new(own).read(&line, None, &Interest::everything(), &mut Stamps::default(), &mut facts);
    }
}

//! Lines of one connection, told one by one: which sessions they make together, and which alerts.
//!
//! A line is written here by its facts: seconds, what it says, then `key=value`. So the joining of lines is tested for all products, whatever
//! their own words are. Every story is also told with a state that is written down and read back after each line, with each line twice, and
//! among the connections of a crowd of strangers.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a story that cannot be told fails the test")]

use std::sync::Arc;

use nightporter::alert::Alert;
use nightporter::daybook::Entry;
use nightporter::engine::state::State;
use nightporter::engine::{Arrival, Engine, Input, Sighting, Source};
use nightporter::register::{Defaults, Register, SupplierNames};
use nightporter::rules::Rules;
use nightporter::zone::Zone;
use parsers::time::SECOND;
use parsers::{About, Escape, Event, Facts, FormatId, Kind, Stamp, Text, Time, Verdict};
use sha2::{Digest, Sha256};

const REGISTER: &str = r#"
[[site]]
id = "sainte-fiction"
pools = ["10.99.0.0/24"]
[[supplier]]
id = "chimere"
accounts = ["fourn.chimere", "ext-chimere-*"]
groups = ["GG_VPN_PRESTA_CHIMERE"]
peers = ["203.0.113.9"]
[[supplier]]
id = "sphinx"
accounts = ["ext-sphinx-*"]
"#;

/// 2026-11-19T03:00:00+01:00, a Thursday night.
const BEGINNING: i64 = 1_795_053_600;

/// The gateway and the bastion behind it.
const SOURCES: [&str; 2] = ["fw", "bastion"];

fn engine(state: State) -> Engine {
    let files = [("register.toml".to_owned(), REGISTER.to_owned())];
    let (register, mistakes) = Register::read(&files, SupplierNames::default(), &Defaults::default());
    assert_eq!(mistakes, []);
    let source = |name: &str| Source {
        name: name.into(),
        site: Some("sainte-fiction".into()),
        zone: Zone::new(Defaults::default().zone),
        year: None,
    };
    Engine::new(SOURCES.map(source).into(), Arc::new(register), Arc::new(Rules::default()), false, state)
}

/// The facts of a line, and the index of its source.
fn facts(line: &str) -> (usize, Facts) {
    let (mut facts, mut source) = (Facts::default(), 0);
    let mut words = line.split(' ');
    let seconds: i64 = words.next().unwrap().parse().unwrap();
    facts.stamp = Stamp::Exact(Time((BEGINNING + seconds) * SECOND));
    facts.kind = match words.next().unwrap() {
        "in" => Kind::LoginSuccess,
        "up" => Kind::SessionStart,
        "refused" => Kind::LoginFailure,
        "down" => Kind::SessionEnd,
        "flow" => Kind::Traffic,
        "says" => Kind::Other,
        "restart" => {
            facts.about = Some(About::Restart);
            Kind::Other
        }
        other => panic!("{line}: what is {other}?"),
    };
    for word in words {
        let (key, value) = word.split_once('=').unwrap();
        let text = Text::within(line.as_bytes(), value.as_bytes(), Escape::None);
        match key {
            "id" => facts.session = text,
            "user" => facts.user = text,
            "group" => facts.group = text,
            "word" => facts.action = text,
            "from" => facts.source_ip = value.parse().ok(),
            "inner" => facts.assigned_ip = value.parse().ok(),
            "to" => facts.destination_ip = value.parse().ok(),
            "peer" => facts.peer = value.parse().ok(),
            "mfa" => facts.mfa = Some(value == "yes"),
            "sent" => facts.source_bytes = value.parse().ok(),
            "received" => facts.destination_bytes = value.parse().ok(),
            "repeated" => facts.repeated = value.parse().ok(),
            "at" => source = SOURCES.iter().position(|name| *name == value).unwrap(),
            other => panic!("{line}: what is {other}?"),
        }
    }
    facts.verdict = (facts.kind == Kind::Traffic).then_some(Verdict::Allowed);
    (source, facts)
}

fn step(engine: &mut Engine, line: &str, offset: u64, out: &mut Vec<Alert>) {
    let (source, facts) = facts(line);
    let event = Event { line: line.as_bytes(), facts: &facts, format: FormatId(0) };
    let arrival = Arrival::Replayed { reference: Time(i64::MAX) };
    let source = u16::try_from(source).unwrap();
    let sha256 = Sha256::digest(line).into();
    let sighting =
        Sighting { source, offset, arrival, line: event.line, stamp: facts.stamp, device: b"", event: Some(event), sha256, parsed: true };
    engine.step(Input::Line(sighting), out);
}

/// Sessions as they stand: `login opened..closed source inner`, and what more is known of them.
fn sessions(state: &State) -> Vec<String> {
    let seconds = |time: Time| time.0 / SECOND - BEGINNING;
    let shown = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
    let mut all = Vec::new();
    for (_, supplied) in state.suppliers.iter() {
        for (login, accounted) in supplied.accounts.iter() {
            for session in &accounted.sessions {
                let closed = session.closed.map(|closed| seconds(closed).to_string()).unwrap_or_default();
                let place = |ip: Option<std::net::IpAddr>| shown(ip.map(|ip| ip.to_string()));
                let mut line =
                    format!("{login} {}..{closed} {} {}", seconds(session.opened), place(session.source_ip), place(session.inner));
                for (word, value) in [("mfa", session.mfa.map(u64::from)), ("sent", session.sent), ("received", session.received)] {
                    line.extend(value.map(|value| format!(" {word}={value}")));
                }
                all.push(line);
            }
        }
    }
    all.sort();
    all
}

/// Alerts: `rule/reason login source: lines of evidence`, lines counted from 0.
fn alerts(raised: &[Alert]) -> Vec<String> {
    let shown = |alert: &Alert| {
        let lines: Vec<String> = alert.evidence.iter().map(|line| line.offset.to_string()).collect();
        let source = alert.source_ip.map_or_else(|| "-".to_owned(), |ip| ip.to_string());
        format!("{}/{} {} {source}: {}", alert.rule.id, alert.reason, alert.account.as_deref().unwrap_or("-"), lines.join(" "))
    };
    raised.iter().map(shown).collect()
}

/// How a story is told.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Telling {
    Plain,
    /// The state is written down and read back after each line.
    Restored,
    /// Each line comes twice.
    Twice,
    /// The whole story so far comes again with each line.
    SoFarAgain,
    /// Strangers come and go between the lines.
    InACrowd,
}

fn tell(lines: &[&str], daybook: &[&str], telling: Telling) -> (Vec<String>, Vec<String>) {
    let mut engine = engine(State::default());
    let mut raised = Vec::new();
    for entry in daybook {
        engine.step(Input::Daybook(Entry::read(entry).unwrap()), &mut raised);
    }
    for (at, line) in lines.iter().enumerate() {
        let offset = at as u64;
        step(&mut engine, line, offset, &mut raised);
        match telling {
            Telling::Plain => {}
            Telling::Restored => {
                let bytes = rmp_serde::to_vec_named(engine.state()).unwrap();
                engine = self::engine(rmp_serde::from_slice(&bytes).unwrap());
            }
            Telling::Twice => step(&mut engine, line, offset, &mut raised),
            Telling::SoFarAgain => {
                let now = line.split(' ').next().unwrap().parse::<i64>().unwrap();
                for (offset, line) in lines[..at].iter().enumerate() {
                    // Later, an identical line is another event.
                    if now - line.split(' ').next().unwrap().parse::<i64>().unwrap() <= 90 {
                        step(&mut engine, line, offset as u64, &mut raised);
                    }
                }
            }
            Telling::InACrowd => {
                let (seconds, _) = line.split_once(' ').unwrap();
                for n in 0..300 {
                    for what in ["up from=192.0.2.66", "says user=dupont.m", "refused", "in user=dupont.m inner=10.99.0.200"] {
                        step(&mut engine, &format!("{seconds} {what} id=crowd-{at}-{n}"), 0, &mut raised);
                    }
                }
            }
        }
    }
    (sessions(engine.state()), alerts(&raised))
}

fn check_in(daybook: &[&str], lines: &[&str], expected_sessions: &[&str], expected_alerts: &[&str]) {
    for telling in [Telling::Plain, Telling::Restored, Telling::Twice, Telling::SoFarAgain, Telling::InACrowd] {
        let (sessions, alerts) = tell(lines, daybook, telling);
        assert_eq!(sessions, expected_sessions, "sessions, told {telling:?}: {lines:#?}");
        assert_eq!(alerts, expected_alerts, "alerts, told {telling:?}: {lines:#?}");
    }
}

fn check(lines: &[&str], sessions: &[&str], alerts: &[&str]) {
    check_in(&[], lines, sessions, alerts);
}

/// F5 BIG-IP APM.
#[test]
fn place_name_and_address_on_three_lines_are_one_session() {
    check(
        &[
            "0 up id=4f1d from=198.51.100.7",
            "1 says id=4f1d user=fourn.chimere",
            "2 in id=4f1d user=fourn.chimere",
            "3 says id=4f1d inner=10.99.0.6",
            "600 says id=4f1d sent=10 received=20",
            "600 down id=4f1d",
        ],
        &["fourn.chimere 2..600 198.51.100.7 10.99.0.6 sent=10 received=20"],
        &["off-hours/outside-hours fourn.chimere 198.51.100.7: 0 1 2"],
    );
}

#[test]
fn bytes_after_the_end_count_for_the_session_that_ended() {
    check(
        &["0 up id=4f1d from=198.51.100.7", "2 in id=4f1d user=fourn.chimere", "600 down id=4f1d", "601 says id=4f1d sent=10 received=20"],
        &["fourn.chimere 2..600 198.51.100.7 - sent=10 received=20"],
        &["off-hours/outside-hours fourn.chimere 198.51.100.7: 0 1"],
    );
}

#[test]
fn a_name_that_was_typed_is_nobody_who_is_in() {
    check(&["0 up id=4f1d from=198.51.100.7", "1 says id=4f1d user=fourn.chimere", "2 refused id=4f1d", "600 down id=4f1d"], &[], &[]);
}

#[test]
fn the_second_try_under_another_name_comes_from_the_same_place() {
    check(
        &[
            "0 up id=4f1d from=198.51.100.7",
            "1 says id=4f1d user=dupont.m",
            "2 refused id=4f1d user=dupont.m",
            "60 says id=4f1d user=ext-chimere-1",
            "61 in id=4f1d user=ext-chimere-1",
        ],
        &["ext-chimere-1 61.. 198.51.100.7 -"],
        &["off-hours/outside-hours ext-chimere-1 198.51.100.7: 0 3 4"],
    );
}

#[test]
fn a_session_that_is_named_after_it_came_up_began_when_it_did() {
    check(
        &["0 in id=7 from=198.51.100.7", "1 says id=7 mfa=yes", "30 says id=7 user=fourn.chimere", "31 says id=7 inner=10.99.0.6"],
        &["fourn.chimere 0.. 198.51.100.7 10.99.0.6 mfa=1"],
        &["off-hours/outside-hours fourn.chimere 198.51.100.7: 0 1 2"],
    );
}

#[test]
fn an_address_that_is_handed_out_lets_in() {
    check(
        &["0 says id=7 from=198.51.100.7", "1 says id=7 user=fourn.chimere", "2 says id=7 inner=10.99.0.6", "90 down inner=10.99.0.6"],
        &["fourn.chimere 2..90 198.51.100.7 10.99.0.6"],
        &["off-hours/outside-hours fourn.chimere 198.51.100.7: 0 1 2"],
    );
}

#[test]
fn a_group_that_is_told_later_shows_whose_it_is() {
    check(
        &["0 in id=7 user=jdoe from=198.51.100.7", "1 says id=7 group=GG_VPN_PRESTA_CHIMERE", "50 down id=7"],
        &["jdoe 0..50 198.51.100.7 -"],
        &["off-hours/outside-hours jdoe 198.51.100.7: 1"],
    );
}

#[test]
fn a_refusal_without_a_name_is_of_whoever_the_connection_named() {
    let cut = r#"{"at":"2026-11-18T12:00:00+01:00","by":"yann","entry":"cut","supplier":"chimere","reason":"attacked"}"#;
    check_in(
        &[cut],
        &["0 says id=7 from=198.51.100.7", "1 says id=7 user=fourn.chimere", "2 refused id=7 word=mschap", "3 up id=7"],
        &[],
        &["cut-refused/refusals - -: 0 1 2"],
    );
}

#[test]
fn a_refusal_of_nobody_stays_nobodys_when_the_name_is_told() {
    let cut = r#"{"at":"2026-11-18T12:00:00+01:00","by":"yann","entry":"cut","supplier":"chimere","reason":"attacked"}"#;
    let lines =
        ["0 refused id=7 from=198.51.100.7 word=a", "0 refused id=7 word=b", "0 says id=7 user=fourn.chimere", "1 says id=7 mfa=no"];
    check_in(&[cut], &lines, &[], &[]);
}

/// OpenVPN, when a live session is asked for the password again.
#[test]
fn a_refusal_in_a_session_is_of_its_account_and_counts_once() {
    let cut = r#"{"at":"2026-11-19T03:10:00+01:00","by":"yann","entry":"cut","supplier":"chimere","reason":"attacked"}"#;
    let lines = [
        "0 up id=7 user=fourn.chimere from=198.51.100.7 inner=10.99.0.6",
        "700 refused id=7 word=verification",
        "701 refused id=7 user=fourn.chimere word=AUTH_FAILED",
        "800 refused id=7 user=fourn.chimere word=AUTH_FAILED",
        "4400 says",
        "4500 says",
    ];
    let mut engine = engine(State::default());
    let mut raised = Vec::new();
    engine.step(Input::Daybook(Entry::read(cut).unwrap()), &mut raised);
    for (at, line) in lines.iter().enumerate() {
        step(&mut engine, line, at as u64, &mut raised);
    }
    engine.step(Input::End, &mut raised);
    let notices: Vec<&str> = raised.iter().filter(|alert| alert.reason == "refusals").map(|alert| alert.message.as_str()).collect();
    assert_eq!(notices.len(), 2, "{notices:?}");
    assert!(notices[0].contains("1 login refused") && notices[1].contains("2 logins refused"), "{notices:?}");
}

/// strongSwan counts its connections from 1 after each start, sshd's process ids come again, OpenVPN's ports too.
#[test]
fn an_id_that_comes_again_is_another_connection() {
    // Another source.
    check(
        &["0 up id=7 from=203.0.113.50", "9 up id=7 from=198.51.100.7", "10 in id=7 user=fourn.chimere"],
        &["fourn.chimere 10.. 198.51.100.7 -"],
        &["off-hours/outside-hours fourn.chimere 198.51.100.7: 1 2"],
    );
    // A long silence.
    check(
        &["0 up id=7 from=203.0.113.50", "3601 in id=7 user=fourn.chimere"],
        &["fourn.chimere 3601.. - -"],
        &["off-hours/outside-hours fourn.chimere -: 1"],
    );
    // A live session's id, without a word of its end.
    check(
        &[
            "0 in id=7 user=fourn.chimere from=198.51.100.7",
            "500 up id=7 from=203.0.113.50",
            "501 in id=7 user=ext-sphinx-1",
            "502 says id=7 inner=10.99.0.9",
        ],
        &["ext-sphinx-1 501.. 203.0.113.50 10.99.0.9", "fourn.chimere 0..500 198.51.100.7 -"],
        &["off-hours/outside-hours fourn.chimere 198.51.100.7: 0", "off-hours/outside-hours ext-sphinx-1 203.0.113.50: 1 2"],
    );
    // A stranger's: nothing of it is the supplier's any more.
    check(
        &[
            "0 in id=7 user=fourn.chimere from=198.51.100.7",
            "500 in id=7 user=dupont.m from=203.0.113.50",
            "501 says id=7 inner=10.99.0.9",
            "502 down id=7",
        ],
        &["fourn.chimere 0..500 198.51.100.7 -"],
        &["off-hours/outside-hours fourn.chimere 198.51.100.7: 0"],
    );
    // The same account again, half a day later.
    check(
        &["0 in id=7 user=fourn.chimere from=198.51.100.7", "43201 in id=7 user=fourn.chimere from=198.51.100.7"],
        &["fourn.chimere 0..43201 198.51.100.7 -", "fourn.chimere 43201.. 198.51.100.7 -"],
        &["off-hours/outside-hours fourn.chimere 198.51.100.7: 0"],
    );
}

#[test]
fn an_end_ends_the_session_of_its_id_alone() {
    check(
        &[
            "0 in id=7 user=fourn.chimere from=198.51.100.7",
            "200 in id=8 user=fourn.chimere from=198.51.100.7",
            "300 down id=7",
            "301 down id=9 user=fourn.chimere from=198.51.100.7",
        ],
        &["fourn.chimere 0..300 198.51.100.7 -", "fourn.chimere 200.. 198.51.100.7 -"],
        &["off-hours/outside-hours fourn.chimere 198.51.100.7: 0"],
    );
}

/// OpenVPN with a certificate of another name than the login.
#[test]
fn a_connection_with_two_names_is_one_session() {
    let id = "id=198.51.100.7:40007 from=198.51.100.7";
    let lines = [
        format!("0 in {id} user=fourn.chimere"),
        format!("1 up {id} user=poste-17"),
        format!("2 up {id} user=poste-17 inner=10.99.0.6"),
        format!("900 down {id} user=poste-17"),
    ];
    check(
        &lines.each_ref().map(String::as_str),
        &["fourn.chimere 0..900 198.51.100.7 10.99.0.6"],
        &["off-hours/outside-hours fourn.chimere 198.51.100.7: 0"],
    );
}

/// OpenVPN, when the password is looked at after the handshake.
#[test]
fn what_is_refused_just_after_it_seemed_to_come_up_never_was() {
    check(
        &["0 up id=7 user=fourn.chimere from=198.51.100.7", "5 refused id=7 user=fourn.chimere"],
        &["fourn.chimere 0..5 198.51.100.7 -"],
        &["off-hours/outside-hours fourn.chimere 198.51.100.7: 0"],
    );
    // With an address handed out it was one; a refusal later is another matter.
    check(
        &["0 up id=7 user=fourn.chimere from=198.51.100.7 inner=10.99.0.6", "5 refused id=7 user=fourn.chimere"],
        &["fourn.chimere 0.. 198.51.100.7 10.99.0.6"],
        &["off-hours/outside-hours fourn.chimere 198.51.100.7: 0"],
    );
}

#[test]
fn a_second_factor_that_one_line_tells_is_the_sessions() {
    check(
        &["0 says id=7 mfa=yes", "1 in id=7 user=fourn.chimere from=198.51.100.7 mfa=no", "2 up id=7 user=fourn.chimere"],
        &["fourn.chimere 1.. 198.51.100.7 - mfa=1"],
        &["off-hours/outside-hours fourn.chimere 198.51.100.7: 1"],
    );
    check(
        &["0 in user=fourn.chimere from=198.51.100.7 mfa=no", "2 up id=7 user=fourn.chimere from=198.51.100.7 inner=10.99.0.6 mfa=yes"],
        &["fourn.chimere 0.. 198.51.100.7 10.99.0.6 mfa=1"],
        &["off-hours/outside-hours fourn.chimere 198.51.100.7: 0"],
    );
}

/// A bastion whose targets bear ids of their own, behind the gateway.
#[test]
fn targets_behind_a_session_belong_to_it() {
    check(
        &[
            "0 up id=71 user=fourn.chimere from=198.51.100.7 inner=10.99.0.6",
            "100 in at=bastion user=fourn.chimere from=10.99.0.6",
            "101 up at=bastion id=a1 user=fourn.chimere from=10.99.0.6 to=10.20.4.11",
            "102 up at=bastion id=a2 from=10.99.0.6",
            "103 in at=bastion id=a2 user=fourn.chimere",
            "200 down at=bastion id=a1 user=fourn.chimere from=10.99.0.6",
            "300 down at=bastion id=a2",
            "900 flow from=10.99.0.6 to=10.20.4.11",
        ],
        &["fourn.chimere 0.. 198.51.100.7 10.99.0.6"],
        &["off-hours/outside-hours fourn.chimere 198.51.100.7: 0"],
    );
}

#[test]
fn a_bastion_login_lasts_as_long_as_its_targets() {
    let alert = "off-hours/outside-hours fourn.chimere 198.51.100.7: 0";
    check(
        &[
            "0 in at=bastion user=fourn.chimere from=198.51.100.7",
            "10 up at=bastion id=a1 user=fourn.chimere from=198.51.100.7 to=10.20.4.11",
            "500 up at=bastion id=a2 user=fourn.chimere from=198.51.100.7 to=10.20.4.12",
            "600 down at=bastion id=a1 user=fourn.chimere from=198.51.100.7",
        ],
        &["fourn.chimere 0.. 198.51.100.7 -"],
        &[alert],
    );
    check(
        &[
            "0 in at=bastion user=fourn.chimere from=198.51.100.7",
            "10 up at=bastion id=a1 user=fourn.chimere from=198.51.100.7 to=10.20.4.11",
            "500 up at=bastion id=a2 user=fourn.chimere from=198.51.100.7 to=10.20.4.12",
            "600 down at=bastion id=a1",
            "700 down at=bastion id=a2",
        ],
        &["fourn.chimere 0..700 198.51.100.7 -"],
        &[alert],
    );
    // With an id of its own it ends by its own line.
    check(
        &[
            "0 in at=bastion id=p user=fourn.chimere from=198.51.100.7",
            "10 up at=bastion id=a1 user=fourn.chimere to=10.20.4.11",
            "700 down at=bastion id=a1",
            "800 up at=bastion id=p to=10.20.4.12",
        ],
        &["fourn.chimere 0.. 198.51.100.7 -"],
        &[alert],
    );
}

#[test]
fn a_restart_ends_what_was_open_at_that_device() {
    check(
        &[
            "0 up id=71 user=fourn.chimere from=198.51.100.7 inner=10.99.0.6",
            "1 in at=bastion user=ext-sphinx-1 from=203.0.113.50",
            "2 up id=72 from=192.0.2.66",
            "100 restart",
            "101 in id=72 user=ext-chimere-1",
        ],
        &["ext-chimere-1 101.. - -", "ext-sphinx-1 1.. 203.0.113.50 -", "fourn.chimere 0..100 198.51.100.7 10.99.0.6"],
        &[
            "off-hours/outside-hours fourn.chimere 198.51.100.7: 0",
            "off-hours/outside-hours ext-sphinx-1 203.0.113.50: 1",
            "off-hours/outside-hours ext-chimere-1 -: 4",
        ],
    );
}

/// Of ten thousand names none grows the memory, and none drives out a connection of an account that once got in.
#[test]
fn strangers_leave_no_trace_in_number() {
    let mut engine = engine(State::default());
    let mut out = Vec::new();
    step(&mut engine, "0 in id=1 user=fourn.chimere from=198.51.100.7", 0, &mut out);
    step(&mut engine, "1 down id=1", 0, &mut out);
    step(&mut engine, "2 up id=own from=198.51.100.7", 0, &mut out);
    step(&mut engine, "3 says id=own user=fourn.chimere", 0, &mut out);
    for n in 0..20_000 {
        step(&mut engine, &format!("4 refused id=s{n} user=ext-chimere-{n} from=192.0.2.66"), 0, &mut out);
        step(&mut engine, &format!("4 up id=n{n} from=192.0.2.66"), 0, &mut out);
    }
    let held = engine.state().streams[0].connections.len();
    assert!(held <= 4097, "{held}");
    step(&mut engine, "5 in id=own", 0, &mut out);
    assert_eq!(sessions(engine.state()), ["fourn.chimere 0..1 198.51.100.7 -", "fourn.chimere 5.. 198.51.100.7 -"]);
    // Those who went silent are forgotten in time.
    for minute in 0..=18 {
        step(&mut engine, &format!("{} says", minute * 600), 0, &mut out);
    }
    assert_eq!(engine.state().streams[0].connections.len(), 0);
}

#[test]
fn a_session_that_a_restart_ended_is_not_open_after_a_cut() {
    let cut = r#"{"at":"2026-11-19T03:10:00+01:00","by":"yann","entry":"cut","supplier":"chimere","reason":"attacked"}"#;
    let began = "0 up id=71 user=fourn.chimere from=198.51.100.7 inner=10.99.0.6";
    let opened = "off-hours/outside-hours fourn.chimere 198.51.100.7: 0";
    for (restart, still_open) in [("300 restart", false), ("300 restart at=bastion", true), ("300 says", true)] {
        let (_, alerts) =
            tell(&[began, restart, "1799 says", "1800 says", "1800 says at=bastion", "1801 says at=bastion"], &[cut], Telling::Plain);
        let mut expected = vec![opened];
        expected.extend(still_open.then_some("cut-breach/still-open fourn.chimere 198.51.100.7: 0"));
        assert_eq!(alerts, expected, "{restart}");
    }
}

#[test]
fn of_names_as_long_as_a_line_little_is_kept() {
    let (mut engine, long, mut out) = (engine(State::default()), "x".repeat(60_000), Vec::new());
    for n in 0..300 {
        let (name, group) = (["ext-chimere-", "u"][n % 2], ["", "group=g"][n / 2 % 2]);
        let group = if group.is_empty() { String::new() } else { format!(" {group}{long}") };
        let line = format!("{n} refused id={n}{long} user={name}{n}{long}{group} word={n}{long} from=192.0.2.{}", n / 2);
        step(&mut engine, &line, n as u64, &mut out);
    }
    let kept = rmp_serde::to_vec_named(engine.state()).unwrap().len();
    assert!(kept < 2_000_000, "{kept}");
}

#[test]
fn noise_under_invented_names_keeps_no_account_that_there_is_from_being_heard_of() {
    let (mut engine, mut out) = (engine(State::default()), Vec::new());
    let mut tell = |line: String| step(&mut engine, &line, 0, &mut out);
    for n in 0..60 * 5 {
        tell(format!("{n} refused user=ext-chimere-{n} from=192.0.2.{}", n / 5));
    }
    for n in 0..5 {
        tell(format!("{} refused user=fourn.chimere from=198.51.100.{n}", 300 + n));
    }
    let count = |words: &str| alerts(&out).iter().filter(|alert| alert.starts_with(words)).count();
    assert_eq!(count("credential-guessing/spray"), 50);
    assert_eq!(count("rule-flood/capped"), 1);
    assert_eq!(count("credential-guessing/brute-force fourn.chimere"), 1);
}

//! A town of invented suppliers: random days of them, as lines of three gateways and a portal.

use std::fmt::Write;

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use proptest::prelude::*;

use super::{Source, World};

/// Suppliers with their hours, on demand, and with a contract that ends in the middle; each has two accounts, one of them one person's.
pub(crate) const REGISTER: &str = r#"
[[site]]
id = "sainte-fiction"
pools = ["10.99.0.0/24"]
[[site]]
id = "bourg-modele"
pools = ["10.98.0.0/24"]
[[supplier]]
id = "chimere"
name = "Logiciels Chimère"
accounts = ["ext-chimere-*"]
networks = ["192.0.2.0/28"]
[[supplier]]
id = "hydre"
accounts = ["ext-hydre-*"]
access = "on-demand"
scope = [{ to = ["10.20.4.11"], ports = [443] }]
max_upload = "1GB"
[[supplier]]
id = "sphinx"
accounts = ["ext-sphinx-*"]
contract_end = 2026-11-19
max_session = "6h"
dormant_after = "4h"
[[supplier]]
id = "lone"
accounts = ["ext-lone"]
[[account]]
login = "ext-chimere-1"
supplier = "chimere"
kind = "named"
[[account]]
login = "ext-hydre-1"
supplier = "hydre"
kind = "named"
[[account]]
login = "ext-sphinx-1"
supplier = "sphinx"
kind = "named"
"#;

pub(crate) const SUPPLIERS: [&str; 3] = ["chimere", "hydre", "sphinx"];

/// Sources: name, site. The first two are gateways, the third a bastion behind the first, the last a portal that tells each
/// login over several lines.
pub(crate) const SOURCES: [(&str, &str); 4] =
    [("fw-a", "sainte-fiction"), ("fw-b", "bourg-modele"), ("rebond-a", "sainte-fiction"), ("portail-b", "bourg-modele")];

/// 2026-11-19T12:00:00+01:00, a Thursday.
const BEGINNING: i64 = 1_795_086_000;

/// What somebody does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Act {
    /// A VPN session comes up at a gateway.
    Up,
    /// The latest session that is up goes down.
    Down,
    /// It reaches a target, or tries to.
    Flow { allowed: bool },
    /// A login on the bastion, from outside.
    Login,
    /// A login on the bastion through the VPN.
    Inside,
    /// The latest bastion session ends.
    Leave,
    /// A wrong password at the bastion.
    Refused,
    /// Six wrong passwords at the bastion, in one line.
    Guessed,
    /// A connection to the portal, from a place.
    Knock,
    /// The latest connection of all says a name.
    Name,
    /// It is let in: what it said before tells who, and where from.
    Admit,
    /// It is refused, whoever it is.
    Deny,
    /// It is gone.
    Exit,
    /// A tunnel comes up with a gateway that nobody declared.
    Tunnel,
    /// An administrator changes a gateway.
    Change,
    /// An account that looks like a supplier's comes in, and no supplier owns it.
    Unknown,
    /// Somebody of the staff comes in.
    Staff,
    /// The gateway speaks of itself.
    Health,
    /// The last line comes once more.
    Again,
}

/// One thing that happens.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// Seconds since the one before.
    pub(crate) after: i64,
    /// Which of the six accounts.
    who: usize,
    act: Act,
    /// Which of three networks it comes from.
    place: usize,
    /// Which of the two gateways.
    gateway: usize,
    /// Which of its inner addresses.
    slot: usize,
}

/// One line.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// Index in [`SOURCES`].
    pub(crate) source: usize,
    /// Which account it concerns, and from which network, if a supplier's.
    pub(crate) whose: Option<(usize, usize)>,
    /// Seconds since the epoch.
    pub(crate) time: i64,
    pub(crate) text: String,
}

impl Line {
    /// Index in [`SUPPLIERS`] of whom it concerns.
    pub(crate) fn supplier(&self) -> Option<usize> {
        self.whose.map(|(who, _)| who / 2)
    }
}

/// Random steps: mostly minutes apart, sometimes a night.
pub(crate) fn steps(acts: &'static [Act]) -> impl Strategy<Value = Vec<Step>> {
    let after = prop_oneof![6 => 0..60_i64, 6 => 60..600_i64, 2 => 600..7200_i64, 1 => 7200..50_000_i64];
    let act = prop::sample::select(acts);
    let step = (after, 0..6_usize, act, 0..3_usize, 0..2_usize, 0..2_usize);
    prop::collection::vec(step.prop_map(|(after, who, act, place, gateway, slot)| Step { after, who, act, place, gateway, slot }), 10..60)
}

/// All that can happen, the frequent more often.
pub(crate) const ALL: &[Act] = &[
    Act::Up,
    Act::Up,
    Act::Up,
    Act::Down,
    Act::Flow { allowed: true },
    Act::Flow { allowed: true },
    Act::Flow { allowed: true },
    Act::Flow { allowed: false },
    Act::Login,
    Act::Login,
    Act::Inside,
    Act::Leave,
    Act::Refused,
    Act::Refused,
    Act::Guessed,
    Act::Knock,
    Act::Knock,
    Act::Name,
    Act::Name,
    Act::Name,
    Act::Admit,
    Act::Admit,
    Act::Admit,
    Act::Deny,
    Act::Exit,
    Act::Staff,
    Act::Tunnel,
    Act::Change,
    Act::Unknown,
    Act::Health,
    Act::Again,
    Act::Again,
];

/// Random entries of the daybook in the days of [`steps`]; `None` = none is configured.
pub(crate) fn daybook() -> impl Strategy<Value = Option<Vec<String>>> {
    let entry = (0..150_000_i64, 0..4_usize, 0..6_usize).prop_map(|(at, supplier, kind)| entry(BEGINNING + at, supplier, kind));
    prop_oneof![1 => Just(None), 4 => prop::collection::vec(entry, 0..8).prop_map(Some)]
}

fn entry(at: i64, supplier: usize, kind: usize) -> String {
    let time = |seconds: i64| Timestamp::from_second(seconds).unwrap().to_string();
    let supplier = SUPPLIERS.get(supplier).filter(|_| kind != 4).unwrap_or(&"*");
    let head = format!("\"at\":\"{}\",\"by\":\"claire\",\"reason\":\"r\"", time(at));
    match kind {
        0 if *supplier != "*" => format!(
            "{{{head},\"entry\":\"window\",\"id\":\"w-{at}\",\"supplier\":\"{supplier}\",\"from\":\"{}\",\"until\":\"{}\"}}",
            time(at - 200),
            time(at + 7200)
        ),
        1 if *supplier != "*" => {
            format!("{{{head},\"entry\":\"exception\",\"rule\":\"off-hours\",\"supplier\":\"{supplier}\",\"until\":\"2026-11-20\"}}")
        }
        5 if *supplier != "*" => format!("{{{head},\"entry\":\"unlearn\",\"supplier\":\"{supplier}\"}}"),
        2 => format!("{{{head},\"entry\":\"lift\",\"supplier\":\"{supplier}\"}}"),
        _ => format!("{{{head},\"entry\":\"cut\",\"supplier\":\"{supplier}\"}}"),
    }
}

/// The public address of an account in one of three networks; no two accounts share one.
fn address(who: usize, place: usize) -> String {
    format!("{}.{}", ["192.0.2", "198.51.100", "203.0.113"][place], 10 * (who / 2) + who % 2 + 1)
}

pub(crate) fn login(who: usize) -> String {
    format!("ext-{}-{}", SUPPLIERS[who / 2], who % 2 + 1)
}

fn gateway_head(time: i64, gateway: usize, id: &str, kind: &str) -> String {
    let zoned = Timestamp::from_second(time).unwrap().to_zoned(TimeZone::fixed(Offset::constant(1)));
    let stamp = zoned.strftime("date=%F time=%T");
    format!("{stamp} devname=\"{}\" devid=\"FG100FTK{gateway}\" tz=\"+0100\" logid=\"{id}\" {kind}", SOURCES[gateway].0)
}

/// A gateway speaks of itself.
pub(crate) fn health(time: i64, gateway: usize) -> String {
    gateway_head(time, gateway, "0100040704", "type=\"event\" subtype=\"system\" action=\"perf-stats\" cpu=6")
}

/// A session of an account comes up at a gateway.
pub(crate) fn up(time: i64, gateway: usize, login: &str, address: &str, inner: &str, id: usize) -> String {
    let head = gateway_head(time, gateway, "0101039947", "type=\"event\" subtype=\"vpn\"");
    format!(
        "{head} action=\"tunnel-up\" tunneltype=\"ssl-tunnel\" tunnelid={id} remip={address} tunnelip={inner} user=\"{login}\" group=\"N/A\""
    )
}

/// A line of the bastion.
pub(crate) fn bastion(time: i64, pid: usize, message: &str) -> String {
    format!("{} rebond-a sshd[{pid}]: {message}", Timestamp::from_second(time).unwrap())
}

/// A line of the portal.
pub(crate) fn portal(time: i64, facts: &str) -> String {
    format!("CEF:0|Example|Portail|1|1|n|3|rt={time}000 dvchost=portail-b {facts}")
}

/// The lines of some days, in order. Each gateway has spoken before, after, and every few hours: so every clock is known,
/// whoever else is silent, and every timer has its time.
pub(crate) fn lines(steps: &[Step]) -> Vec<Line> {
    let mut lines = Vec::new();
    let quiet = |time: i64, lines: &mut Vec<Line>| {
        for source in 0..SOURCES.len() {
            let text = match source {
                2 => bastion(time, 1, "Server listening on 0.0.0.0 port 22."),
                3 => portal(time, "act=health-check"),
                _ => health(time, source),
            };
            lines.push(Line { source, whose: None, time, text });
        }
    };
    quiet(BEGINNING - 2, &mut lines);
    quiet(BEGINNING - 1, &mut lines);
    // Of each account: gateway, public and inner address, id of the sessions that are up; process of those on the bastion.
    let mut sessions: Vec<Vec<(usize, String, String, usize)>> = vec![Vec::new(); 6];
    let mut processes: Vec<Vec<usize>> = vec![Vec::new(); 6];
    // Connections to the portal: whose, from which network, id.
    let mut connections: Vec<(usize, usize, usize)> = Vec::new();
    let mut time = BEGINNING;
    for (number, step) in (100..).zip(steps) {
        if step.after > 3600 {
            quiet(time + step.after - 1, &mut lines);
        }
        time += step.after;
        let &Step { who, act, place, gateway, slot, .. } = step;
        let (name, from) = (login(who), address(who, place));
        let mut concerned =
            (!matches!(act, Act::Staff | Act::Tunnel | Act::Change | Act::Unknown | Act::Health | Act::Again)).then_some((who, place));
        let written = match act {
            Act::Up => {
                let inner = format!("{}.{}", ["10.99.0", "10.98.0"][gateway], 10 * (who / 2) + slot);
                sessions[who].push((gateway, from.clone(), inner.clone(), number));
                Some((gateway, up(time, gateway, &name, &from, &inner, number)))
            }
            Act::Down => sessions[who].pop().map(|(gateway, from, inner, id)| {
                let head = gateway_head(time, gateway, "0101039948", "type=\"event\" subtype=\"vpn\"");
                (gateway, format!("{head} action=\"tunnel-down\" tunneltype=\"ssl-tunnel\" tunnelid={id} remip={from} tunnelip={inner} user=\"{name}\" sentbyte={} rcvdbyte=9", 60_000_000 * (id % 100)))
            }),
            Act::Flow { allowed } => sessions[who].last().map(|(gateway, _, inner, _)| {
                let head = gateway_head(time, *gateway, "0000000013", "type=\"traffic\" subtype=\"forward\"");
                let action = if allowed { "accept" } else { "deny" };
                (*gateway, format!("{head} srcip={inner} srcport={number} dstip=10.20.4.11 dstport=3389 proto=6 action=\"{action}\""))
            }),
            Act::Login => {
                processes[who].push(number);
                Some((2, bastion(time, number, &format!("Accepted password for {name} from {from} port 40000 ssh2"))))
            }
            Act::Inside => sessions[who].last().filter(|(gateway, ..)| *gateway == 0).map(|(_, _, inner, _)| {
                processes[who].push(number);
                (2, bastion(time, number, &format!("Accepted password for {name} from {inner} port 40000 ssh2")))
            }),
            Act::Leave => {
                processes[who].pop().map(|pid| (2, bastion(time, pid, &format!("pam_unix(sshd:session): session closed for user {name}"))))
            }
            Act::Refused => Some((2, bastion(time, number, &format!("Failed password for {name} from {from} port 40000 ssh2")))),
            Act::Guessed => {
                let words = format!("message repeated 6 times: [ Failed password for {name} from {from} port 40000 ssh2]");
                Some((2, bastion(time, number, &words)))
            }
            Act::Knock => {
                connections.push((who, place, number));
                Some((3, portal(time, &format!("act=connect externalId=c{number} src={from}"))))
            }
            Act::Name | Act::Admit | Act::Deny | Act::Exit => connections.last().copied().map(|(who, place, id)| {
                concerned = Some((who, place));
                let said = match act {
                    Act::Name => format!("act=hello suser={}", login(who)),
                    Act::Admit => "act=login outcome=success".to_owned(),
                    Act::Deny => "act=login outcome=failure".to_owned(),
                    _ => {
                        connections.pop();
                        "act=disconnect".to_owned()
                    }
                };
                (3, portal(time, &format!("externalId=c{id} {said}")))
            }),
            Act::Staff => Some((2, bastion(time, number, "Accepted publickey for dupont.m from 10.4.2.9 port 50000 ssh2"))),
            Act::Tunnel => {
                let head = gateway_head(time, gateway, "0101037138", "type=\"event\" subtype=\"vpn\"");
                Some((gateway, format!("{head} action=\"tunnel-up\" remip=203.0.113.200 user=\"N/A\" tunneltype=\"ipsec\" tunnelid={number}")))
            }
            Act::Change => {
                let head = gateway_head(time, gateway, "0100044547", "type=\"event\" subtype=\"system\"");
                Some((gateway, format!("{head} user=\"adm.bernard\" ui=\"GUI(10.4.2.9)\" action=\"Edit\" cfgpath=\"firewall.policy\" cfgobj=\"{number}\"")))
            }
            Act::Unknown => Some((2, bastion(time, number, "Accepted password for ext-licorne-1 from 203.0.113.201 port 40000 ssh2"))),
            Act::Health => Some((gateway, health(time, gateway))),
            Act::Again => {
                lines.extend(lines.last().filter(|line| time - line.time <= 90).cloned());
                None
            }
        };
        lines.extend(written.map(|(source, text)| Line { source, whose: concerned, time, text }));
    }
    for after in [60, 10_000, 20_000, 40_000, 40_001] {
        quiet(time + after, &mut lines);
    }
    lines
}

/// The world in which these lines were written, a file a source.
pub(crate) fn world(lines: &[Line], daybook: Option<&Vec<String>>) -> World {
    let source = |(at, (name, site)): (usize, &(&str, &str))| Source {
        name: (*name).to_owned(),
        settings: format!("site = \"{site}\"\n"),
        bytes: bytes(lines.iter().filter(|line| line.source == at)),
    };
    World {
        register: REGISTER.to_owned(),
        daybook: daybook.cloned(),
        sources: SOURCES.iter().enumerate().map(source).collect(),
        ..World::default()
    }
}

/// Lines as the bytes of a file.
pub(crate) fn bytes<'a>(lines: impl Iterator<Item = &'a Line>) -> Vec<u8> {
    let mut text = String::new();
    for line in lines {
        writeln!(text, "{}", line.text).unwrap();
    }
    text.into_bytes()
}

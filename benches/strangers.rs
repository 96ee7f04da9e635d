//! A crowd that guesses, and the suppliers beside it: `cargo bench --bench strangers -- [FAILURES]`.
//!
//! Ten million failures under random names, unless told otherwise, come within ten minutes of event time from one address, a thousand and a
//! million, of IPv4 and of IPv6; one name in eight lies under a supplier's pattern. On the same devices suppliers work, and are attacked
//! for good. What is said of them must be what is said without the crowd, and the memory must keep below its bound.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a bench measures and prints"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Instant;

use jiff::tz::TimeZone;
use nightporter::alert::Alert;
use nightporter::batch::{Batch, Mark};
use nightporter::engine::state::State;
use nightporter::engine::{Arrival, Engine, Input, Source};
use nightporter::pool::{Manner, Parsed};
use nightporter::register::{Defaults, Register, SupplierNames};
use nightporter::rules::Rules;
use nightporter::zone::Zone;
use parsers::{Stamps, Time};

/// Resident memory that must be enough, in mebibytes.
const ENOUGH: usize = 512;

/// The crowd comes in so many seconds.
const SECONDS: usize = 600;

const REGISTER: &str = r#"
[[site]]
id = "hq"
time_zone = "UTC"
pools = ["10.99.0.0/24"]
[[site]]
id = "annexe"
time_zone = "UTC"
[[site]]
id = "dock"
time_zone = "UTC"
[[supplier]]
id = "chimere"
accounts = ["fourn.chimere", "ext-chimere-*"]
networks = ["198.51.100.0/28"]
[[supplier]]
id = "sphinx"
accounts = ["ext-sphinx-1", "ext-sphinx-2"]
[[supplier]]
id = "hydre"
accounts = ["ext-hydre-*"]
"#;

/// What happens to suppliers: second, site, words. The crowd comes from second 0 to 600.
const STORY: &[(i64, usize, &str)] = &[
    (-3000, 0, "Accepted password for fourn.chimere from 198.51.100.7 port 40011 ssh2"),
    (-2900, 0, "Accepted password for ext-hydre-1 from 203.0.113.20 port 40012 ssh2"),
    (-2800, 0, "Accepted password for ext-chimere-5 from 198.51.100.8 port 40012 ssh2"),
    // Passwords of an account that is guessed right, of one that never got in, and of one that only a pattern shows.
    (5, 0, "Failed password for fourn.chimere from 203.0.113.77 port 40013 ssh2"),
    (95, 0, "Failed password for ext-sphinx-2 from 203.0.113.78 port 40013 ssh2"),
    (140, 0, "Failed password for ext-hydre-1 from 203.0.113.79 port 40013 ssh2"),
    (190, 0, "Failed password for ext-sphinx-2 from 203.0.113.78 port 40014 ssh2"),
    (235, 0, "Failed password for ext-hydre-1 from 203.0.113.79 port 40014 ssh2"),
    (260, 0, "Failed password for fourn.chimere from 203.0.113.77 port 40014 ssh2"),
    (280, 0, "Failed password for ext-sphinx-2 from 203.0.113.78 port 40015 ssh2"),
    (350, 0, "Failed password for ext-sphinx-2 from 203.0.113.78 port 40017 ssh2"),
    (360, 0, "Failed password for ext-hydre-1 from 203.0.113.79 port 40015 ssh2"),
    (420, 0, "Failed password for fourn.chimere from 203.0.113.77 port 40015 ssh2"),
    (455, 0, "Failed password for ext-hydre-1 from 203.0.113.79 port 40016 ssh2"),
    (520, 0, "Failed password for ext-hydre-1 from 203.0.113.79 port 40017 ssh2"),
    (590, 0, "Accepted password for fourn.chimere from 203.0.113.77 port 40016 ssh2"),
    // One name at three sites from one address.
    (10, 0, "Failed password for ext-sphinx-1 from 203.0.113.66 port 40020 ssh2"),
    (300, 1, "Failed password for ext-sphinx-1 from 203.0.113.66 port 40021 ssh2"),
    (580, 2, "Failed password for ext-sphinx-1 from 203.0.113.66 port 40022 ssh2"),
    // One address for two suppliers.
    (15, 0, "Accepted password for ext-chimere-5 from 203.0.113.90 port 40030 ssh2"),
    (595, 0, "Accepted password for ext-hydre-1 from 203.0.113.90 port 40031 ssh2"),
    // One address for five accounts that there are, and it gets into one.
    (20, 0, "Failed password for ext-sphinx-1 from 203.0.113.99 port 40040 ssh2"),
    (150, 0, "Failed password for ext-sphinx-2 from 203.0.113.99 port 40041 ssh2"),
    (290, 0, "Failed password for fourn.chimere from 203.0.113.99 port 40042 ssh2"),
    (430, 0, "Failed password for ext-hydre-1 from 203.0.113.99 port 40043 ssh2"),
    (570, 0, "Failed password for ext-chimere-5 from 203.0.113.99 port 40044 ssh2"),
    (598, 0, "Accepted password for ext-sphinx-1 from 203.0.113.99 port 40045 ssh2"),
];

/// 2026-11-18T10:00:00Z, a Wednesday.
const BEGINNING: i64 = 1_795_082_400;

const SITES: [&str; 3] = ["hq", "annexe", "dock"];

/// Where a crowd comes from.
#[derive(Clone, Copy)]
struct Crowd {
    failures: usize,
    addresses: u32,
    v6: bool,
}

fn main() {
    let failures = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(10_000_000);
    let register = register();
    let expected = tell(&register, None).alerts;
    println!("without a crowd: {} alerts on suppliers", expected.len());
    for (id, alert) in &expected {
        println!("    {} {alert}", &id[..8]);
    }
    let mut wrong = 0;
    for (addresses, v6) in [(1, false), (1_000, false), (1_000_000, false), (1_000_000, true)] {
        let (since, crowd) = (Instant::now(), Crowd { failures, addresses, v6 });
        let told = tell(&register, Some(crowd));
        let lost = expected.iter().filter(|(id, alert)| told.alerts.get(*id) != Some(alert)).count();
        let more = told.alerts.keys().filter(|id| !expected.contains_key(*id)).count();
        let peak = peak();
        println!(
            "{failures} failures from {addresses:>7} addresses of {}: {:>5.1} s, {:>5.0} ns each, {} remembered, {} alerts of the crowd; on suppliers \
             {lost} lost or changed, {more} more; peak {peak} MiB",
            if v6 { "IPv6" } else { "IPv4" },
            since.elapsed().as_secs_f64(),
            since.elapsed().as_nanos() as f64 / failures.max(1) as f64,
            told.addresses,
            told.others,
        );
        wrong += lost + more + usize::from(peak > ENOUGH);
    }
    assert_eq!(wrong, 0, "the crowd was felt");
}

struct Told {
    /// Severity and message by id, of the alerts on suppliers' accounts that there are.
    alerts: BTreeMap<String, String>,
    /// Other alerts.
    others: usize,
    /// Addresses that are remembered in the end.
    addresses: usize,
}

fn tell(register: &Arc<Register>, crowd: Option<Crowd>) -> Told {
    let sources = SITES.map(|site| Source { name: site.into(), site: Some(site.into()), zone: Zone::new(TimeZone::UTC), year: Some(2026) });
    let mut engine = Engine::new(sources.to_vec(), Arc::clone(register), Arc::new(Rules::default()), false, State::default());
    let manner = Manner { interest: Arc::new(register.interest()), ..Manner::default() };
    let mut told = Told { alerts: BTreeMap::new(), others: 0, addresses: 0 };
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let (mut stamps, mut ordinals, mut out) = (Stamps::default(), [0; 3], Vec::new());
    let seconds = (-3600..4200_i64)
        .filter(|second| (0..600).contains(second) || second % 60 == 0 || STORY.iter().any(|(at, ..)| (0..=1).contains(&(second - at))));
    for second in seconds {
        let mut texts = [const { String::new() }; 3];
        let stamp = jiff::Timestamp::from_second(BEGINNING + second).unwrap();
        for text in &mut texts {
            writeln!(text, "{stamp} rebond sshd[1]: Server listening on 0.0.0.0 port 22.").unwrap();
        }
        if let Some(crowd) = crowd.filter(|_| (0..600).contains(&second)) {
            for n in 0..crowd.failures / SECONDS {
                let (name, address) = stranger(&mut random, crowd);
                writeln!(
                    texts[0],
                    "{stamp} rebond sshd[{}]: Failed password for invalid user {name} from {address} port 4{:04} ssh2",
                    n + 100,
                    n % 9999
                )
                .unwrap();
            }
        }
        // Each line comes twice, the second time when the crowd has had its say: it is the same event.
        for (number, (at, site, words)) in STORY.iter().enumerate().filter(|(_, (at, ..))| (0..=1).contains(&(second - at))) {
            let stamp = jiff::Timestamp::from_second(BEGINNING + at).unwrap();
            writeln!(texts[*site], "{stamp} rebond sshd[9{number:05}]: {words}").unwrap();
        }
        for (source, text) in texts.into_iter().enumerate() {
            let consumed = u64::try_from(text.len()).unwrap();
            let batch = Batch {
                source: u16::try_from(source).unwrap(),
                ordinal: ordinals[source],
                file: 0,
                offset: ordinals[source],
                consumed,
                received: Time(0),
                bytes: text.into_bytes(),
                mark: Mark::default(),
            };
            ordinals[source] += consumed;
            let parsed = Parsed::new(batch, &manner, &mut stamps);
            for at in 0..parsed.len() {
                if let Some(sighting) = parsed.sighting(at, Arrival::Replayed { reference: Time(1_800_000_000_000_000_000) }) {
                    engine.step(Input::Line(sighting), &mut out);
                }
            }
            out.drain(..).for_each(|alert| told.take(&alert));
        }
    }
    engine.step(Input::End, &mut out);
    out.drain(..).for_each(|alert| told.take(&alert));
    told.addresses = engine.state().addresses.len();
    told
}

impl Told {
    fn take(&mut self, alert: &Alert) {
        let is_known = |login: &Arc<str>| STORY.iter().any(|(.., words)| words.contains(&**login));
        // A spray is about no single account.
        if !alert.users.is_empty() && alert.users.iter().all(is_known) {
            let words = format!("{} {} {} {}", alert.severity.word(), alert.rule.id, alert.reason, alert.message);
            self.alerts.insert(alert.id(), words);
        } else {
            self.others += 1;
        }
    }
}

/// A random name from a random address.
fn stranger(random: &mut u64, crowd: Crowd) -> (String, IpAddr) {
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    let name = if *random % 8 == 0 { format!("ext-chimere-x{:x}", *random >> 20) } else { format!("u{:x}", *random >> 20) };
    let which = u32::try_from(*random >> 33).unwrap() % crowd.addresses;
    let address = if crowd.v6 {
        // Each its own network, and any address in it.
        IpAddr::V6(Ipv6Addr::from_bits((0x2001_0db8_u128 << 96) | (u128::from(which) << 64) | u128::from(*random)))
    } else {
        IpAddr::V4(Ipv4Addr::from_bits(0x0a80_0000 + which))
    };
    (name, address)
}

fn register() -> Arc<Register> {
    let files = [("register.toml".to_owned(), REGISTER.to_owned())];
    let (register, mistakes) = Register::read(&files, SupplierNames::default(), &Defaults::default());
    assert!(mistakes.is_empty(), "{mistakes:?}");
    Arc::new(register)
}

/// Peak resident memory of this process in mebibytes, as far as the system tells.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok()).unwrap_or(0) / 1024
}

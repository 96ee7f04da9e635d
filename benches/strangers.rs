//! A crowd that guesses, and the suppliers beside it: `cargo bench --bench strangers -- [FAILURES] [PART]`; PART names a crowd, as `names: Patterns`.
//!
//! Ten million failures under random names, unless told otherwise, come within ten minutes of event time, with a register and without one:
//! from one address, a thousand and a million, of IPv4 and of IPv6, and from as many as the memory of addresses holds; under names of which
//! one in eight lies under a supplier's pattern, that are no text at all, or a line long; by way of devices that do not exist. On the same
//! devices suppliers work, and are attacked for good. What is said of them must be what is said without the crowd, word for word, and the
//! memory must keep below its bound.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a bench measures and prints"
)]

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

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

/// Suppliers that a pattern shows, besides those of the story.
const SUPPLIERS: u64 = 300;

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

/// Without a register an account is known when it got in.
const KNOWN_BY_HAVING_GOT_IN: &[(i64, usize, &str)] = &[
    (-2700, 0, "Accepted password for ext-sphinx-1 from 203.0.113.21 port 40012 ssh2"),
    (-2600, 0, "Accepted password for ext-sphinx-2 from 203.0.113.21 port 40012 ssh2"),
];

/// 2026-11-18T10:00:00Z, a Wednesday.
const BEGINNING: i64 = 1_795_082_400;

const SITES: [&str; 3] = ["hq", "annexe", "dock"];

/// What a crowd calls itself.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Names {
    /// One in eight lies under a supplier's pattern.
    Plain,
    /// The same few hundred under the patterns of each of many suppliers, so that as much as may be is remembered of each.
    Patterns,
    /// One in two is no text.
    Garbage,
    /// Nearly as long as a line may be.
    Long,
}

/// Who knocks, and from where.
#[derive(Clone, Copy, Debug)]
struct Crowd {
    failures: usize,
    addresses: u32,
    v6: bool,
    names: Names,
    /// Each line comes by way of another device.
    forged_devices: bool,
}

fn main() {
    let failures = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(10_000_000);
    let only = std::env::args().skip(1).find(|arg| arg.contains(':'));
    let only = only.as_ref();
    let from = |addresses| Crowd { failures, addresses, v6: false, names: Names::Plain, forged_devices: false };
    let crowds = [
        from(1),
        from(1_000),
        from(12_000),
        from(1_000_000),
        Crowd { v6: true, ..from(1_000_000) },
        Crowd { names: Names::Patterns, ..from(1_000_000) },
        Crowd { names: Names::Garbage, ..from(12_000) },
        Crowd { failures: failures / 50, names: Names::Long, ..from(12_000) },
        Crowd { failures: failures / 5, forged_devices: true, ..from(1_000_000) },
        Crowd { failures: failures / 200, names: Names::Long, forged_devices: true, ..from(1_000_000) },
    ];
    let mut wrong = 0;
    let built_in = Arc::new(Register::built_in(SupplierNames::default(), &Defaults::default()));
    for (which, register) in [("with a register", register()), ("without a register", built_in)] {
        let expected = tell(&register, None).alerts;
        println!("{which}, without a crowd: {} alerts on suppliers", expected.len());
        for crowd in crowds.into_iter().filter(|crowd| only.is_none_or(|only| format!("{crowd:?}").contains(only.as_str()))) {
            // Where the system lets it, the peak is each crowd's own.
            drop(std::fs::write("/proc/self/clear_refs", "5"));
            let since = Instant::now();
            let told = tell(&register, Some(crowd));
            let lost = expected.iter().filter(|alert| !told.alerts.contains(alert)).count();
            let more = told.alerts.len() + lost - expected.len();
            let peak = peak();
            println!(
                "{:>8} failures from {:>7} addresses of {}, names {:>8}{}: {:>5.1} s, {:>6.0} ns each, {:>5} addresses held, {:>6} alerts of the \
                 crowd; on suppliers {lost} lost or changed, {more} more; peak {peak:>3} MiB, snapshot {:>5.1} MB in {:>4.0} ms",
                crowd.failures,
                crowd.addresses,
                if crowd.v6 { "IPv6" } else { "IPv4" },
                format!("{:?}", crowd.names),
                if crowd.forged_devices { ", forged devices" } else { "" },
                since.elapsed().as_secs_f64(),
                since.elapsed().as_nanos() as f64 / crowd.failures.max(1) as f64,
                told.addresses,
                told.others,
                told.snapshot.0 as f64 / 1e6,
                told.snapshot.1.as_secs_f64() * 1e3,
            );
            wrong += lost + more + usize::from(peak > ENOUGH);
        }
    }
    assert_eq!(wrong, 0, "the crowd was felt");
}

struct Told {
    /// The alerts on suppliers' accounts that there are, as they are written but for the places of their lines; sorted.
    alerts: Vec<String>,
    /// Other alerts.
    others: usize,
    /// Addresses that are remembered in the end.
    addresses: usize,
    /// Bytes of a snapshot of what is remembered in the end, and how long it takes to write.
    snapshot: (usize, Duration),
}

fn tell(register: &Arc<Register>, crowd: Option<Crowd>) -> Told {
    let sources = SITES.map(|site| Source { name: site.into(), site: Some(site.into()), zone: Zone::new(TimeZone::UTC), year: Some(2026) });
    let mut engine = Engine::new(sources.to_vec(), Arc::clone(register), Arc::new(Rules::default()), false, State::default());
    let manner = Manner { interest: Arc::new(register.interest()), ..Manner::default() };
    let mut told = Told { alerts: Vec::new(), others: 0, addresses: 0, snapshot: (0, Duration::ZERO) };
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let (mut stamps, mut ordinals, mut out) = (Stamps::default(), [0; 3], Vec::new());
    let more = if register.is_declared() { &[] } else { KNOWN_BY_HAVING_GOT_IN };
    let story: Vec<_> = STORY.iter().chain(more).collect();
    let seconds = (-3600..4200_i64)
        .filter(|second| (0..600).contains(second) || second % 60 == 0 || story.iter().any(|(at, ..)| (0..=1).contains(&(second - at))));
    for second in seconds {
        let mut texts = [const { Vec::new() }; 3];
        let stamp = jiff::Timestamp::from_second(BEGINNING + second).unwrap();
        for text in &mut texts {
            writeln!(text, "{stamp} rebond sshd[1]: Server listening on 0.0.0.0 port 22.").unwrap();
        }
        if let Some(crowd) = crowd.filter(|_| (0..600).contains(&second)) {
            for _ in 0..crowd.failures / SECONDS {
                knock(&mut texts[0], stamp, &mut random, crowd);
            }
        }
        // Each line comes twice, the second time when the crowd has had its say: it is the same event.
        for (number, (at, site, words)) in story.iter().enumerate().filter(|(_, (at, ..))| (0..=1).contains(&(second - at))) {
            let stamp = jiff::Timestamp::from_second(BEGINNING + at).unwrap();
            writeln!(texts[*site], "{stamp} rebond sshd[9{number:05}]: {words}").unwrap();
        }
        for (source, bytes) in texts.into_iter().enumerate() {
            let consumed = u64::try_from(bytes.len()).unwrap();
            let batch = Batch {
                source: u16::try_from(source).unwrap(),
                ordinal: ordinals[source],
                file: 0,
                offset: ordinals[source],
                consumed,
                received: Time(0),
                bytes,
                mark: Mark::default(),
            };
            ordinals[source] += consumed;
            let parsed = Parsed::new(batch, &manner, &mut stamps);
            for at in 0..parsed.len() {
                if let Some(sighting) = parsed.sighting(at, Arrival::Replayed { reference: Time(1_800_000_000_000_000_000) }) {
                    engine.step(Input::Line(sighting), &mut out);
                }
            }
            out.drain(..).for_each(|alert| told.take(alert));
        }
        if second == 600 {
            let since = Instant::now();
            let state = engine.state().clone();
            told.addresses = state.addresses.len();
            told.snapshot = (rmp_serde::to_vec_named(&state).unwrap().len(), since.elapsed());
        }
    }
    engine.step(Input::End, &mut out);
    out.drain(..).for_each(|alert| told.take(alert));
    told.alerts.sort_unstable();
    told
}

impl Told {
    fn take(&mut self, mut alert: Alert) {
        let is_known = |login: &Arc<str>| STORY.iter().any(|(.., words)| words.split(' ').any(|word| word == &**login));
        // A spray is about no single account.
        if alert.users.is_empty() || !alert.users.iter().all(is_known) {
            self.others += 1;
            return;
        }
        alert.evidence.iter_mut().for_each(|line| line.offset = 0);
        let mut json = Vec::new();
        alert.write(&mut json);
        self.alerts.push(String::from_utf8(json).unwrap());
    }
}

/// A random name knocks from a random address.
fn knock(text: &mut Vec<u8>, stamp: jiff::Timestamp, random: &mut u64, crowd: Crowd) {
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    let (random, short) = (*random, *random >> 20);
    let device = if crowd.forged_devices { format!("fw-{short:x}") } else { "rebond".to_owned() };
    write!(text, "{stamp} {device} sshd[{}]: Failed password for invalid user ", short % 4_000_000 + 100_000_000).unwrap();
    match crowd.names {
        Names::Patterns => write!(text, "ext-firm{}-{}", short % SUPPLIERS, random % 499).unwrap(),
        _ if random.is_multiple_of(8) => write!(text, "ext-chimere-x{short:x}").unwrap(),
        _ => write!(text, "u{short:x}").unwrap(),
    }
    match crowd.names {
        Names::Garbage if random.is_multiple_of(2) => {
            text.extend(random.to_le_bytes().map(|byte| if byte.is_ascii_whitespace() { 0xff } else { byte }));
        }
        Names::Long => text.extend(std::iter::repeat_n(b'x', 60_000)),
        _ => {}
    }
    let which = u32::try_from(random >> 33).unwrap() % crowd.addresses;
    let address: IpAddr = if crowd.v6 {
        // Each its own network, and any address in it.
        IpAddr::V6(Ipv6Addr::from_bits((0x2001_0db8_u128 << 96) | (u128::from(which) << 64) | u128::from(random)))
    } else {
        IpAddr::V4(Ipv4Addr::from_bits(0x0a80_0000 + which))
    };
    writeln!(text, " from {address} port 4{:04} ssh2", random % 9999).unwrap();
}

fn register() -> Arc<Register> {
    let mut text = REGISTER.to_owned();
    for firm in 0..SUPPLIERS {
        writeln!(text, "[[supplier]]\nid = \"firm{firm}\"\naccounts = [\"ext-firm{firm}-*\"]").unwrap();
    }
    let files = [("register.toml".to_owned(), text)];
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

//! Speed and size, as ratios measured side by side in one run: `cargo bench --bench load -- [LOG]`.
//!
//! Without LOG a small load is made up here. Each figure is the median of several runs; the yardstick is counting the
//! newlines of the same bytes. Ratios travel between machines, absolute times do not.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a bench measures and prints"
)]

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use nightporter::batch::{Batch, Mark};
use nightporter::engine::state::State;
use nightporter::engine::{Arrival, Engine, Input, Source};
use nightporter::pool::{Manner, Parsed};
use nightporter::register::{Defaults, Register, SupplierNames};
use nightporter::rules::Rules;
use nightporter::source::archive::Archive;
use nightporter::verbs::replay;
use nightporter::zone::Zone;
use parsers::{Formats, Interest, Stamps, Time};

const RUNS: usize = 7;

const REGISTER: &str = r#"
[[site]]
id = "hq"
time_zone = "UTC"
pools = ["10.212.128.0/17"]
[[supplier]]
id = "chimere"
accounts = ["ext-chimere*"]
time_zone = "UTC"
[[supplier]]
id = "sphinx"
accounts = ["ext-sphinx*"]
time_zone = "UTC"
[[supplier]]
id = "others"
accounts = ["ext-*"]
time_zone = "UTC"
"#;

fn main() {
    let path = std::env::args().skip(1).find(|arg| !arg.starts_with("--")).map(PathBuf::from);
    let made = tempfile::NamedTempFile::new().unwrap();
    let path = path.unwrap_or_else(|| {
        std::fs::write(made.path(), load(200_000)).unwrap();
        made.path().to_owned()
    });
    let batches = batches(&path);
    let bytes: usize = batches.iter().map(|batch| batch.bytes.len()).sum();
    let register = register();
    let interest = Arc::new(register.interest());
    let newlines = median(|| {
        let lines: usize = batches.iter().map(|batch| memchr::memchr_iter(b'\n', &batch.bytes).count()).sum();
        black_box(lines);
    });
    let lines: usize = batches.iter().map(|batch| memchr::memchr_iter(b'\n', &batch.bytes).count()).sum();
    println!("{lines} lines, {bytes} bytes; counting newlines = 1.0");
    let report = |what: &str, took: Duration| {
        let per_line = took.as_nanos() as f64 / lines as f64;
        println!("{what:<44} {:>7.1} x  {per_line:>7.0} ns a line", took.as_secs_f64() / newlines.as_secs_f64());
    };
    report("counting newlines", newlines);
    let parse = |interest: &Arc<Interest>| {
        let manner = Manner { interest: Arc::clone(interest), ..Manner::default() };
        let mut stamps = Stamps::default();
        batches.iter().map(|batch| Parsed::new(batch.clone(), &manner, &mut stamps)).collect::<Vec<Parsed>>()
    };
    report("parse, every line whole", median(|| drop(black_box(parse(&Arc::new(Interest::everything()))))));
    report("parse, what concerns suppliers", median(|| drop(black_box(parse(&interest)))));
    let parsed = parse(&interest);
    report(
        "engine, over parsed lines",
        median(|| {
            let mut engine = engine(&register);
            black_box(run(&mut engine, &parsed));
        }),
    );
    report(
        "whole, one file through replay",
        median(|| {
            let world = replay::World {
                engine: engine(&register),
                files: vec![replay::File {
                    source: 0,
                    path: path.clone(),
                    manner: Manner { interest: Arc::clone(&interest), ..Manner::default() },
                }],
                entries: Vec::new(),
                formats: Formats::default(),
                threads: 1,
                now: Time(0),
                out: &mut std::io::sink(),
                progress: &mut |_, _| {},
                fault: &mut |_| {},
            };
            black_box(replay::run(world).unwrap());
        }),
    );
    for accounts in [300, 30_000, 300_000] {
        events_and_state(accounts);
    }
}

/// State per account, and the engine's cost of a login, with ever more accounts.
fn events_and_state(accounts: usize) {
    const DAYS: usize = 4;
    let register = register();
    let days: Vec<Vec<Parsed>> = (0..DAYS).map(|day| parse_day(accounts, day, &register)).collect();
    let before = resident();
    let mut engine = engine(&register);
    let mut times = Vec::new();
    for (day, parsed) in days.iter().enumerate() {
        let since = Instant::now();
        black_box(run(&mut engine, parsed));
        if day == 0 {
            let held = resident().saturating_sub(before);
            let serialised = rmp_serde::to_vec_named(engine.state()).unwrap().len();
            print!("{accounts:>7} accounts: {:>5} bytes an account in memory, {:>5} in a snapshot", held / accounts, serialised / accounts);
        } else {
            times.push(since.elapsed());
        }
    }
    times.sort_unstable();
    let clone = median(|| drop(black_box(engine.state().clone())));
    println!(
        ", {:>6.0} ns a login of a known account, state cloned in {clone:?}",
        times[times.len() / 2].as_nanos() as f64 / accounts as f64
    );
}

/// A login of every account, on one day.
fn parse_day(accounts: usize, day: usize, register: &Arc<Register>) -> Vec<Parsed> {
    let mut text = String::new();
    for n in 0..accounts {
        let second = 8 * 3600 + n * 20_000 / accounts;
        let (h, m, s) = (second / 3600, second / 60 % 60, second % 60);
        writeln!(
            text,
            "date=2026-11-{day:02} time={h:02}:{m:02}:{s:02} devname=\"fgt-1\" devid=\"FG1\" tz=\"+0000\" type=\"event\" subtype=\"vpn\" action=\"tunnel-up\" \
             tunnelid={day}{n} remip=198.51.{}.{} tunnelip=10.212.{}.{} user=\"ext-a{n}\" group=\"GG\"",
            n / 250 % 250, n % 250, 128 + n / 250 % 120, n % 250, day = day + 16
        )
        .unwrap();
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &text).unwrap();
    let manner = Manner { interest: Arc::new(register.interest()), ..Manner::default() };
    let mut stamps = Stamps::default();
    batches(file.path()).into_iter().map(|batch| Parsed::new(batch, &manner, &mut stamps)).collect()
}

fn run(engine: &mut Engine, parsed: &[Parsed]) -> usize {
    let mut alerts = Vec::new();
    let mut count = 0;
    for parsed in parsed {
        for at in 0..parsed.len() {
            if let Some(sighting) = parsed.sighting(at, Arrival::Replayed { reference: Time(1_800_000_000_000_000_000) }) {
                engine.step(Input::Line(sighting), &mut alerts);
            }
        }
        count += alerts.len();
        alerts.clear();
    }
    engine.step(Input::End, &mut alerts);
    count + alerts.len()
}

fn register() -> Arc<Register> {
    let files = [("register.toml".to_owned(), REGISTER.to_owned())];
    let (register, mistakes) = Register::read(&files, SupplierNames::default(), &Defaults::default());
    assert!(mistakes.is_empty(), "{mistakes:?}");
    Arc::new(register)
}

fn engine(register: &Arc<Register>) -> Engine {
    let source = Source { name: "load".into(), site: Some("hq".into()), zone: Zone::new(TimeZone::UTC), year: Some(2026) };
    Engine::new(vec![source], Arc::clone(register), Arc::new(Rules::default()), false, State::default())
}

fn batches(path: &std::path::Path) -> Vec<Batch> {
    let mut archive = Archive::open(path).unwrap();
    let mut batches = Vec::new();
    let mut ordinal = 0;
    while let Some(piece) = archive.next_piece().unwrap() {
        let consumed = piece.consumed;
        batches.push(Batch {
            source: 0,
            ordinal,
            file: 0,
            offset: ordinal,
            consumed,
            received: Time(0),
            bytes: piece.bytes,
            mark: Mark::default(),
        });
        ordinal += consumed;
    }
    batches
}

fn median(mut run: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let since = Instant::now();
            run();
            since.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[RUNS / 2]
}

/// Resident memory of this process in bytes.
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    pages.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0) * 4096
}

/// Nine traffic lines of staff and machines for each line of a supplier.
fn load(lines: usize) -> String {
    let mut text = String::new();
    for n in 0..lines {
        let second = n * 80_000 / lines;
        let (h, m, s) = (second / 3600, second / 60 % 60, second % 60);
        let head = format!(
            "<189>Nov 16 {h:02}:{m:02}:{s:02} fgt-1 date=2026-11-16 time={h:02}:{m:02}:{s:02} devname=\"fgt-1\" devid=\"FG1\" tz=\"+0000\""
        );
        if n % 10 == 0 {
            let action = if n % 20 == 0 { "tunnel-up" } else { "tunnel-down" };
            let k = n / 20;
            writeln!(
                text,
                "{head} logid=\"0101039947\" type=\"event\" subtype=\"vpn\" level=\"information\" vd=\"root\" logdesc=\"SSL VPN tunnel\" action=\"{action}\" \
                 tunneltype=\"ssl-tunnel\" tunnelid={k} remip=198.51.100.{} tunnelip=10.212.128.{} user=\"ext-chimere{}\" group=\"GG\" reason=\"ok\" msg=\"ok\"",
                k % 250, k % 250, k % 300
            )
        } else {
            writeln!(
                text,
                "{head} logid=\"0000000013\" type=\"traffic\" subtype=\"forward\" level=\"notice\" vd=\"root\" srcip=10.12.{}.{} srcname=\"PC-{n}\" srcport=18644 \
                 srcintf=\"port3\" srcintfrole=\"lan\" dstip=10.10.17.217 dstport=22 dstintf=\"port2\" dstintfrole=\"lan\" srccountry=\"Reserved\" \
                 dstcountry=\"Reserved\" sessionid={n} proto=6 action=\"close\" policyid=4 policytype=\"policy\" poluuid=\"59da8f5a-3a41-51eb-9a42-1ee0d5a4a0b2\" \
                 policyname=\"Zone-to-DMZ\" service=\"SSH\" trandisp=\"noop\" appid=36002 app=\"SMB.v3\" appcat=\"Web.Client\" apprisk=\"elevated\" \
                 applist=\"default\" duration=636 sentbyte=4724915 rcvdbyte=41301265 sentpkt=4803 rcvdpkt=39186",
                n / 250 % 250, n % 250
            )
        }
        .unwrap();
    }
    text
}

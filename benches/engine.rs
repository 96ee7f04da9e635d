//! The engine's cost of an event, and what it remembers of an account: `cargo bench --bench engine -- [ACCOUNTS SUPPLIERS]`.
//!
//! Gateways of eight hospitals and ever more accounts: logins, traffic by inner address, ends, refusals, strangers. The lines are
//! parsed and hashed beforehand, as the parse pool does it; `Engine::step` alone is measured. Absolute times do not travel between
//! machines; beside them stand yardsticks of the same run, a SHA-256 of a line and a look-up in a hash map of all logins.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a bench measures and prints"
)]

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::fmt::Write as _;
use std::hint::black_box;
use std::net::Ipv4Addr;
use std::process::Command;
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
use rustix::time::{ClockId, clock_gettime};
use sha2::{Digest, Sha256};

const SITES: usize = 8;
/// Lines of a measured day, and of one block of it: a block is parsed and run. A watch hands on 64 KiB of a source at a time, so the
/// facts of a line are still near when the engine comes to it.
const LINES: usize = 400_000;
const BLOCK: usize = 1_000;
/// A snapshot is taken after so many lines, and lives until the next one.
const SNAPSHOT: usize = 20_000;
/// Lines before the figures are taken.
const RUN_IN: usize = 80_000;
/// Beginning of the working day, in seconds.
const MORNING: usize = 8 * 3600 + 600;

/// What a line is to the engine.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Login,
    Traffic,
    Denied,
    End,
    Refused,
    StaffIn,
    StaffRefused,
    Invented,
    Unconcerned,
}

const KINDS: [(What, &str); 9] = [
    (What::Login, "login"),
    (What::Traffic, "traffic"),
    (What::Denied, "denied"),
    (What::End, "end"),
    (What::Refused, "refused"),
    (What::StaffIn, "staff in"),
    (What::StaffRefused, "staff refused"),
    (What::Invented, "invented name refused"),
    (What::Unconcerned, "traffic of nobody"),
];

impl What {
    fn is_suppliers(self) -> bool {
        self <= What::Refused
    }
}

fn main() {
    let numbers: Vec<usize> = std::env::args().skip(1).filter_map(|arg| arg.parse().ok()).collect();
    if let [accounts, suppliers] = numbers[..] {
        println!("{:.1}", World { accounts, suppliers }.measure());
        return;
    }
    let mut before = None;
    for (accounts, suppliers) in [(300, 60), (30_000, 3_000), (300_000, 30_000), (30_000, 1), (300_000, 1)] {
        let mean = run(accounts, suppliers, HUGE_PAGES);
        if let Some((fewer, less)) = before.replace((accounts, mean)).filter(|(fewer, _)| *fewer < accounts) {
            println!("  x {:.2} from {fewer} accounts to {accounts}", mean / less);
        }
    }
    println!("the same with small pages:");
    run(30_000, 3_000, "");
}

/// Has the C library ask for huge pages. The kernels of Debian and Red Hat give them to every process as they are delivered; others
/// give them to whoever asks, and to compare machines the bench asks everywhere.
const HUGE_PAGES: &str = "glibc.malloc.hugetlb=1";

/// Measures in a process of its own, whose memory nobody has used before.
fn run(accounts: usize, suppliers: usize, tunables: &str) -> f64 {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([accounts.to_string(), suppliers.to_string()]).env("GLIBC_TUNABLES", tunables);
    let told = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let (told, mean) = told.trim_end().rsplit_once('\n').unwrap();
    println!("{told}");
    mean.parse().unwrap()
}

/// How many accounts of how many suppliers.
struct World {
    accounts: usize,
    suppliers: usize,
}

impl World {
    /// Prints what an event costs and an account holds; gives back the mean of the suppliers' events.
    fn measure(&self) -> f64 {
        println!("{} accounts of {} suppliers", self.accounts, self.suppliers);
        let register = self.register();
        let manner = Manner { interest: Arc::new(register.interest()), ..Manner::default() };
        let source = |at: usize| {
            let (name, site) = (format!("fw-{at}").into(), format!("s{at}").into());
            Source { name, site: Some(site), zone: Zone::new(TimeZone::UTC), year: Some(2026) }
        };
        let before = resident();
        let rules = Arc::new(Rules::default());
        let mut engine = Engine::new((0..SITES).map(source).collect(), register, rules, false, State::default());
        let mut lines = Lines::default();
        // The day before everybody comes once.
        for n in 0..self.accounts {
            let second = MORNING + n * 20_000 / self.accounts;
            self.login(&mut lines, n, n, 16, second);
            self.end(&mut lines, n, n, 16, second + 60);
            if lines.order.len() >= BLOCK || n + 1 == self.accounts {
                lines.parse(&manner).run(&mut engine, &mut Clocked::default());
            }
        }
        self.size(&engine, resident().saturating_sub(before));
        let mut mean = 0.0;
        for (day, snapshots) in [(17, false), (18, true)] {
            let mut clocked = self.day(day, &manner, &mut engine, snapshots);
            let words = if snapshots { "ns an event while snapshots are written" } else { "ns an event" };
            let (all, suppliers) = clocked.means();
            let each: Vec<String> = KINDS.iter().map(|(what, name)| format!("{name} {:.0}", clocked.median(*what))).collect();
            print!("  {words}: {suppliers:.0} of suppliers, {all:.0} of all (medians: ");
            println!("{}), {} alerts", each.join(", "), clocked.alerts);
            if !snapshots {
                mean = suppliers;
            }
        }
        self.yardsticks();
        mean
    }

    fn size(&self, engine: &Engine, resident: usize) {
        let each = |bytes: usize| bytes / self.accounts;
        let written = rmp_serde::to_vec_named(engine.state()).unwrap().len();
        let accounts = engine.state().suppliers.iter().flat_map(|(_, supplied)| supplied.accounts.iter());
        let mut sizes: Vec<usize> = accounts.map(|(_, account)| rmp_serde::to_vec_named(account).unwrap().len()).collect();
        sizes.sort_unstable();
        let median = sizes[sizes.len() / 2];
        println!("  bytes an account: {} resident, {} in a snapshot; the account alone {median} (median)", each(resident), each(written));
    }

    /// A working day: sessions of accounts here and there, and what staff and strangers do meanwhile.
    fn day(&self, day: usize, manner: &Manner, engine: &mut Engine, snapshots: bool) -> Clocked {
        let mut dice = Dice(day as u64);
        // As many lines a second as so many accounts write, but at least enough to be through before the evening.
        let a_second = (self.accounts / 300).max(LINES / 30_000);
        // When something comes next, of which account and session, and how much comes after it.
        let mut running: BinaryHeap<Reverse<(usize, usize, usize, usize)>> = BinaryHeap::new();
        let mut within = HashSet::new();
        let (mut clocked, mut snapshot, mut lines) = (Clocked::default(), State::default(), Lines::default());
        for at in 0..LINES {
            let now = MORNING + at / a_second;
            match running.peek() {
                Some(&Reverse((due, ..))) if due <= now => {
                    let Some(Reverse((_, n, id, left))) = running.pop() else { continue };
                    match left {
                        0 => self.end(&mut lines, n, id, day, now),
                        4 => self.traffic(&mut lines, What::Denied, &mut dice, n, day, now),
                        _ => self.traffic(&mut lines, What::Traffic, &mut dice, n, day, now),
                    }
                    if left > 0 {
                        running.push(Reverse((now + 1 + dice.below(40), n, id, left - 1)));
                    } else {
                        within.remove(&n);
                    }
                }
                _ => match dice.below(20) {
                    0..=7 => {
                        let n = dice.below(self.accounts);
                        if within.insert(n) {
                            self.login(&mut lines, n, at, day, now);
                            running.push(Reverse((now + 1 + dice.below(40), n, at, 9)));
                        }
                    }
                    8 => {
                        let n = dice.below(self.accounts);
                        lines.refused(What::Refused, &self.name(n), n, day, now);
                    }
                    9..=11 => lines.staff(dice.below(3_000), day, now),
                    12 => lines.refused(What::StaffRefused, &format!("martin{}", dice.below(3_000)), at, day, now),
                    13 => lines.refused(What::Invented, &format!("admin{at}"), at, day, now),
                    _ => lines.flow(What::Unconcerned, at, day, now, Ipv4Addr::new(10, 1, 2, 3), at, "accept"),
                },
            }
            if lines.order.len() == BLOCK {
                let mut unmeasured = Clocked::default();
                let clocked = if at < RUN_IN { &mut unmeasured } else { &mut clocked };
                lines.parse(manner).run(engine, clocked);
                if snapshots && (at + 1) % SNAPSHOT == 0 {
                    snapshot = engine.state().clone();
                }
            }
        }
        drop(snapshot);
        clocked
    }

    fn supplier(&self, n: usize) -> usize {
        n % self.suppliers
    }

    fn name(&self, n: usize) -> String {
        format!("ext-s{}-{n}", self.supplier(n))
    }

    /// From one of the few addresses of its supplier.
    fn home(&self, n: usize) -> Ipv4Addr {
        let first = u32::from(Ipv4Addr::new(198, 18, 0, 0)) + u32::try_from(self.supplier(n)).unwrap() * 4;
        (first + u32::try_from(n / self.suppliers % 4).unwrap()).into()
    }

    fn login(&self, lines: &mut Lines, n: usize, id: usize, day: usize, now: usize) {
        let (user, from, inner) = (self.name(n), self.home(n), inner(n));
        let what = format!("action=\"tunnel-up\" tunnelid={day}{id} remip={from} tunnelip={inner} user=\"{user}\"");
        lines.push(What::Login, n % SITES, day, now, "event", "vpn", &what);
    }

    fn end(&self, lines: &mut Lines, n: usize, id: usize, day: usize, now: usize) {
        let (user, from, inner) = (self.name(n), self.home(n), inner(n));
        let what = format!(
            "action=\"tunnel-down\" tunnelid={day}{id} remip={from} tunnelip={inner} user=\"{user}\" sentbyte=123456 rcvdbyte=7890123 \
             duration=600"
        );
        lines.push(What::End, n % SITES, day, now, "event", "vpn", &what);
    }

    fn traffic(&self, lines: &mut Lines, what: What, dice: &mut Dice, n: usize, day: usize, now: usize) {
        let action = if what == What::Denied { "deny" } else { "close" };
        let target = self.supplier(n) % 200 + dice.below(3);
        lines.flow(what, n, day, now, inner(n), target, action);
    }

    fn register(&self) -> Arc<Register> {
        let mut text = String::new();
        for site in 0..SITES {
            writeln!(text, "[[site]]\nid = \"s{site}\"\ntime_zone = \"UTC\"\npools = [\"10.{}.0.0/13\"]", 64 + site * 8).unwrap();
        }
        for supplier in 0..self.suppliers {
            writeln!(text, "[[supplier]]\nid = \"s{supplier}\"\nname = \"Supplier {supplier}\"\naccounts = [\"ext-s{supplier}-*\"]\ntime_zone = \"UTC\"").unwrap();
            if supplier % 2 == 0 {
                let home = self.home(supplier);
                writeln!(text, "networks = [\"{home}/30\"]\nscope = [{{ to = [\"10.20.0.0/16\"] }}]\nmax_session = \"10h\"").unwrap();
            }
        }
        let (register, mistakes) = Register::read(&[("register.toml".to_owned(), text)], SupplierNames::default(), &Defaults::default());
        assert!(mistakes.is_empty(), "{mistakes:?}");
        Arc::new(register)
    }

    /// What the machine takes for things that everybody knows.
    fn yardsticks(&self) {
        const ROUNDS: usize = 2_000;
        // The least of many: the machine may be busy otherwise.
        let least = |run: &mut dyn FnMut()| {
            let times = (0..200).map(|_| {
                let since = Instant::now();
                run();
                since.elapsed().as_nanos()
            });
            times.min().unwrap_or(0) as f64 / ROUNDS as f64
        };
        let line = [b'x'; 280];
        let hash = least(&mut || (0..ROUNDS).for_each(|_| _ = black_box(Sha256::digest(black_box(line)))));
        let names: HashMap<String, usize> = (0..self.accounts).map(|n| (self.name(n), n)).collect();
        let mut dice = Dice(1);
        let asked: Vec<String> = (0..200 * ROUNDS).map(|_| self.name(dice.below(self.accounts))).collect();
        let mut asked = asked.iter();
        let found = least(&mut || asked.by_ref().take(ROUNDS).for_each(|name| _ = black_box(names.get(name.as_str()))));
        println!("  yardsticks: SHA-256 of 280 bytes {hash:.0} ns, a login in a hash map of all {found:.0} ns");
    }
}

/// The inner address of an account, in the pool of its site.
fn inner(n: usize) -> Ipv4Addr {
    let site = u32::try_from(n % SITES).unwrap();
    (u32::from(Ipv4Addr::new(10, 64, 0, 0)) + (site << 19) + u32::try_from(n / SITES).unwrap()).into()
}

/// Lines in the order in which they come, as the bytes of their sources.
#[derive(Default)]
struct Lines {
    bytes: [Vec<u8>; SITES],
    passed: [u64; SITES],
    order: Vec<(usize, What)>,
}

impl Lines {
    #[expect(clippy::too_many_arguments, reason = "all that a line is made of")]
    fn push(&mut self, what: What, site: usize, day: usize, now: usize, kind: &str, subtype: &str, body: &str) {
        use std::io::Write as _;
        let (h, m, s) = (now / 3600, now / 60 % 60, now % 60);
        writeln!(
            self.bytes[site],
            "date=2026-11-{day} time={h:02}:{m:02}:{s:02} devname=\"fw-{site}\" devid=\"FG{site}\" tz=\"+0000\" type=\"{kind}\" subtype=\"{subtype}\" {body}"
        )
        .unwrap();
        self.order.push((site, what));
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of a line")]
    fn flow(&mut self, what: What, n: usize, day: usize, now: usize, from: Ipv4Addr, target: usize, action: &str) {
        let id = self.order.len() + day * LINES;
        let (high, low) = (target / 250 % 250, target % 250);
        let body = format!(
            "srcip={from} srcport=50122 srcintf=\"ssl.root\" dstip=10.20.{high}.{low} dstport=443 dstintf=\"lan\" sessionid={id}{now} proto=6 action=\"{action}\" \
             policyid=4 service=\"HTTPS\" duration=12 sentbyte=4724 rcvdbyte=41301"
        );
        self.push(what, n % SITES, day, now, "traffic", "forward", &body);
    }

    fn refused(&mut self, what: What, user: &str, n: usize, day: usize, now: usize) {
        let (high, low) = (n / 250 % 250, n % 250);
        let body = format!(
            "action=\"ssl-login-fail\" remip=198.19.{high}.{low} user=\"{user}\" group=\"N/A\" reason=\"sslvpn_login_permission_denied\""
        );
        self.push(what, n % SITES, day, now, "event", "vpn", &body);
    }

    fn staff(&mut self, n: usize, day: usize, now: usize) {
        let body = format!(
            "action=\"tunnel-up\" tunnelid=9{day}{n}{now} remip=192.0.2.{} tunnelip=10.64.{}.{} user=\"martin{n}\" group=\"STAFF\"",
            n % 250,
            200 + n / 250 % 50,
            n % 250
        );
        self.push(What::StaffIn, n % SITES, day, now, "event", "vpn", &body);
    }

    /// Takes out what was written so far.
    fn parse(&mut self, manner: &Manner) -> Facts {
        let mut stamps = Stamps::default();
        let parsed = std::array::from_fn(|source| {
            let bytes = std::mem::take(&mut self.bytes[source]);
            let (ordinal, consumed) = (self.passed[source], bytes.len() as u64);
            self.passed[source] += consumed;
            let source = u16::try_from(source).unwrap();
            let batch = Batch { source, ordinal, file: 0, offset: ordinal, consumed, received: Time(0), bytes, mark: Mark::default() };
            Parsed::new(batch, manner, &mut stamps)
        });
        Facts { parsed, order: std::mem::take(&mut self.order) }
    }
}

/// Parsed lines in the order in which they come.
struct Facts {
    parsed: [Parsed; SITES],
    order: Vec<(usize, What)>,
}

impl Facts {
    fn run(&self, engine: &mut Engine, clocked: &mut Clocked) {
        let mut at = [0; SITES];
        let mut alerts: Vec<Alert> = Vec::new();
        let arrival = Arrival::Replayed { reference: Time(1_800_000_000_000_000_000) };
        let (before, mut since) = (processor(), Instant::now());
        for &(source, what) in &self.order {
            let sighting = self.parsed[source].sighting(at[source], arrival).unwrap();
            at[source] += 1;
            engine.step(Input::Line(sighting), &mut alerts);
            let now = Instant::now();
            clocked.kinds[what as usize].push(now.duration_since(since).as_nanos() as f64);
            since = now;
        }
        clocked.processor += processor() - before;
        clocked.alerts += alerts.len();
    }
}

/// How long events of each kind took.
#[derive(Default)]
struct Clocked {
    kinds: [Vec<f64>; KINDS.len()],
    /// What all of them took of the processor.
    processor: f64,
    alerts: usize,
}

impl Clocked {
    /// The median of a kind, less what looking at the clock takes. A machine that is busy otherwise does not show in it, nor do timers.
    fn median(&mut self, what: What) -> f64 {
        let kind = &mut self.kinds[what as usize];
        kind.sort_unstable_by(f64::total_cmp);
        kind.get(kind.len() / 2).map_or(0.0, |middle| middle - clock())
    }

    /// The mean of all, and of the suppliers' events: timers are fired and entities copied for them.
    fn means(&mut self) -> (f64, f64) {
        let count = |kinds: &[Vec<f64>]| kinds.iter().map(Vec::len).sum::<usize>() as f64;
        let (all, suppliers) = (count(&self.kinds), count(&self.kinds[..=What::Refused as usize]));
        let took = self.processor - all * clock();
        let strangers = KINDS.iter().filter(|(what, _)| !what.is_suppliers());
        let of_strangers: f64 = strangers.map(|(what, _)| self.kinds[*what as usize].len() as f64 * self.median(*what)).sum();
        (took / all, (took - of_strangers) / suppliers)
    }
}

/// What looking at the clock takes, in nanoseconds.
fn clock() -> f64 {
    const ROUNDS: u32 = 100_000;
    let since = Instant::now();
    (0..ROUNDS).for_each(|_| _ = black_box(Instant::now()));
    since.elapsed().as_nanos() as f64 / f64::from(ROUNDS)
}

/// What this process has had of the processor, in nanoseconds.
fn processor() -> f64 {
    let had = clock_gettime(ClockId::ProcessCPUTime);
    had.tv_sec as f64 * 1e9 + had.tv_nsec as f64
}

/// The same throws in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % limit as u64).unwrap()
    }
}

/// Resident memory of this process in bytes.
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    pages.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0) * 4096
}

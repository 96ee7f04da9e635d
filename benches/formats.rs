//! How fast each format is read, as a ratio to taking the same bytes apart into `key=value` naively (one `memchr` a token):
//! `cargo bench -p parsers --bench formats [-- FORMAT…]`, or with a path, the lines of that file.
//!
//! The lines are those of the fixtures, in their order, over and over. Both are timed alternately in one run; the figures
//! are medians. `x pairs` is the speed in bytes as a ratio to that of taking FortiGate's lines apart, timed in the same turn: the
//! yardstick for formats whose bytes hold no pairs. `alone` is without recognition.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a bench measures and prints"
)]

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use memchr::{memchr, memchr_iter};
use parsers::{FORMATS, Facts, FormatId, Glob, Interest, Stamps, formats};

/// Many short runs: on a busy machine a long one is interrupted, and the median is then the interruption's.
const RUNS: usize = 101;
/// Bytes of one run: they stay in the cache, as they do behind a `read(2)`.
const BYTES: usize = 64 * 1024;

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    println!(
        "{:20} {:>6} {:>10} {:>8} {:>8} {:>10} {:>10}",
        "format", "bytes", "ns a line", "x naive", "x pairs", "ns alone", "naive GB/s"
    );
    let pairs = fixtures("fortigate");
    let files: Vec<&String> = wanted.iter().filter(|arg| Path::new(arg).is_file()).collect();
    for file in &files {
        let mut block = fs::read(file).unwrap();
        block.truncate(8 << 20);
        row(file, &block, None, &pairs);
    }
    if files.is_empty() {
        for format in FORMATS.iter().filter(|format| wanted.is_empty() || wanted.iter().any(|name| name == format.name)) {
            row(format.name, &fixtures(format.name), formats::by_name(format.name), &pairs);
        }
    }
}

fn row(name: &str, block: &[u8], alone: Option<FormatId>, pairs: &[u8]) {
    let lines = memchr_iter(b'\n', block).count();
    let everything = Interest::everything();
    let pool = ("10.212.128.0".parse().unwrap(), "10.212.255.255".parse().unwrap());
    let concerned = Interest::in_networks(&[pool], Some(&[Glob::new("ext-*")]));
    let [yardstick, naive, auto, only, prefilter] = medians(&mut [
        &mut || naive(pairs),
        &mut || naive(block),
        &mut || read(block, None, &everything),
        &mut || read(block, alone, &everything),
        &mut || read(block, None, &concerned),
    ]);
    let per_line = |time: Duration| time.as_secs_f64() * 1e9 / lines as f64;
    let ratio = |time: Duration| naive.as_secs_f64() / time.as_secs_f64();
    let speed = |block: &[u8], time: Duration| block.len() as f64 / 1e9 / time.as_secs_f64();
    println!(
        "{name:20} {:>6} {:>10.0} {:>8.2} {:>8.2} {:>10.0} {:>10.2}   suppliers' lines only x {:.2}",
        block.len() / lines.max(1),
        per_line(auto),
        ratio(auto),
        speed(block, auto) / speed(pairs, yardstick),
        per_line(only),
        speed(block, naive),
        ratio(prefilter),
    );
}

/// All lines of a format's fixtures, repeated.
fn fixtures(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/formats").join(name);
    let mut lines = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let table: toml::Table = fs::read_to_string(entry.unwrap().path()).unwrap().parse().unwrap();
        for case in table["case"].as_array().unwrap().iter().filter(|case| case["expect"]["event"].as_str() != Some("unparsed")) {
            lines.extend(case["line"].as_str().unwrap().bytes().filter(|b| *b != b'\n'));
            lines.push(b'\n');
        }
    }
    lines.repeat(BYTES.div_ceil(lines.len()))
}

fn lines(block: &[u8], mut each: impl FnMut(&[u8])) {
    let mut from = 0;
    for end in memchr_iter(b'\n', block) {
        each(&block[from..end]);
        from = end + 1;
    }
}

fn read(block: &[u8], only: Option<FormatId>, interest: &Interest) {
    let (mut stamps, mut facts) = (Stamps::default(), Facts::default());
    lines(block, |line| {
        black_box(parsers::read(line, only, interest, &mut stamps, &mut facts));
    });
}

/// Every pair of every line, with no thought for what it means.
fn naive(block: &[u8]) {
    lines(block, |line| {
        let mut rest = line;
        while let Some(equals) = memchr(b'=', rest) {
            let (key, value) = (&rest[..equals], &rest[equals + 1..]);
            let (value, after) = match value.first() {
                Some(b'"') => {
                    let end = memchr(b'"', &value[1..]).map_or(value.len(), |end| end + 1);
                    (&value[1..end], value.get(end + 1..).unwrap_or_default())
                }
                _ => {
                    let end = memchr(b' ', value).unwrap_or(value.len());
                    (&value[..end], value.get(end + 1..).unwrap_or_default())
                }
            };
            black_box((key, value));
            rest = after.strip_prefix(b" ").unwrap_or(after);
        }
        black_box(rest);
    });
}

/// Median time of each, run in turn.
fn medians<const N: usize>(jobs: &mut [&mut dyn FnMut(); N]) -> [Duration; N] {
    let mut times = [const { Vec::new() }; N];
    for _ in 0..RUNS {
        for (job, times) in jobs.iter_mut().zip(&mut times) {
            let start = Instant::now();
            job();
            times.push(start.elapsed());
        }
    }
    times.map(|mut times| {
        times.sort_unstable();
        times[RUNS / 2]
    })
}

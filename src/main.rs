//! The command line.
use std::io::{BufWriter, stdin, stdout};
fn main() {
    let mut options = nightporter::verbs::parse::Options {
        format: None,
        zone: nightporter::zone::Zone::new(jiff::tz::TimeZone::get("Europe/Paris").unwrap()),
        raw: false,
    };
    let reference = nightporter::zone::time("2026-11-22T00:00:00Z".parse().unwrap());
    let mut out = BufWriter::new(stdout());
    let _ = nightporter::verbs::parse::run(&mut stdin().lock(), &mut options, reference, &mut 0, &mut out);
}

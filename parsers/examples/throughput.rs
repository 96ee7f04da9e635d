//! How fast the lines of a file are read: `cargo run --release -p parsers --example throughput -- FILE`.

use std::time::Instant;

use parsers::{Facts, Glob, Interest, Reading, Stamps};

#[expect(clippy::disallowed_methods, reason = "a measurement needs a clock")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("which file?")?;
    let bytes = std::fs::read(path)?;
    let pool = ("10.212.128.0".parse()?, "10.212.255.255".parse()?);
    for (name, interest) in
        [("everything", Interest::everything()), ("pool and names", Interest::in_networks(&[pool], Some(&[Glob::new("ext-*")])))]
    {
        let (mut stamps, mut facts) = (Stamps::default(), Facts::default());
        let (mut lines, mut parsed, mut no_concern) = (0_u32, 0_u32, 0_u32);
        let start = Instant::now();
        let mut from = 0;
        for end in memchr::memchr_iter(b'\n', &bytes) {
            let line = bytes.get(from..end).unwrap_or_default();
            from = end + 1;
            lines += 1;
            match parsers::read(line, None, &interest, &mut stamps, &mut facts) {
                Reading::Parsed(_) => parsed += 1,
                Reading::NoConcern(_) => no_concern += 1,
                Reading::Unparsed | Reading::Blank => {}
            }
        }
        let seconds = start.elapsed().as_secs_f64();
        let (each, rate) = (seconds * 1e9 / f64::from(lines), f64::from(u32::try_from(bytes.len() / 1_000)?) / seconds / 1e6);
        println!("{name}: {each:.0} ns a line, {rate:.2} GB/s; {lines} lines, {parsed} parsed, {no_concern} of no concern");
    }
    Ok(())
}

//! How fast the lines of a file are read: `cargo run --release -p parsers --example throughput -- FILE`.
//!
//! Times parsing alone, over blocks that lie in the cache as they do behind a `read(2)`.

use std::io::Read;
use std::time::{Duration, Instant};

use parsers::{Facts, Glob, Interest, Reading, Stamps};

#[expect(clippy::disallowed_methods, reason = "a measurement needs a clock")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("which file?")?;
    let pool = ("10.212.128.0".parse()?, "10.212.255.255".parse()?);
    let pool = Interest::in_networks(&[pool], Some(&[Glob::new("ext-*")]));
    for (name, interest) in [("everything", Interest::everything()), ("pool and names", pool)] {
        let mut file = std::fs::File::open(&path)?;
        let (mut stamps, mut facts) = (Stamps::default(), Facts::default());
        let (mut lines, mut parsed, mut no_concern, mut bytes) = (0_u32, 0_u32, 0_u32, 0_u32);
        let mut time = Duration::ZERO;
        let mut block = Vec::new();
        while file.by_ref().take(256 * 1024).read_to_end(&mut block)? > 0 {
            let start = Instant::now();
            let mut from = 0;
            for end in memchr::memchr_iter(b'\n', &block) {
                let line = block.get(from..end).unwrap_or_default();
                from = end + 1;
                lines += 1;
                match parsers::read(line, None, &interest, &mut stamps, &mut facts) {
                    Reading::Parsed(_) => parsed += 1,
                    Reading::NoConcern(_) => no_concern += 1,
                    Reading::Unparsed | Reading::Blank => {}
                }
            }
            time += start.elapsed();
            bytes += u32::try_from(from)?;
            block.drain(..from);
        }
        let each = time.as_secs_f64() * 1e9 / f64::from(lines);
        let rate = f64::from(bytes) / 1e9 / time.as_secs_f64();
        println!("{name}: {each:.0} ns a line, {rate:.2} GB/s; {lines} lines, {parsed} parsed, {no_concern} of no concern");
    }
    Ok(())
}

//! Writes the lines of all fixtures to `corpus/<target>` as seeds: `cargo run --bin seeds`.

use std::fs;
use std::path::Path;

const TARGETS: [&str; 7] = ["line", "syslog", "cef", "leef", "json", "pairs", "columns"];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut number = 0;
    for folder in fs::read_dir(root.join("../fixtures/formats"))? {
        for file in fs::read_dir(folder?.path())? {
            let table: toml::Table = fs::read_to_string(file?.path())?.parse()?;
            for case in table.get("case").and_then(toml::Value::as_array).into_iter().flatten() {
                let Some(line) = case.get("line").and_then(toml::Value::as_str) else { continue };
                for target in TARGETS {
                    let folder = root.join("corpus").join(target);
                    fs::create_dir_all(&folder)?;
                    // The other targets take their first byte as a choice of head.
                    let seed = if target == "line" { line.as_bytes().to_vec() } else { [&[7], line.as_bytes()].concat() };
                    fs::write(folder.join(format!("seed-{number}")), seed)?;
                }
                number += 1;
            }
        }
    }
    Ok(())
}

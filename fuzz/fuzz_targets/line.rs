//! Any bytes, through the whole table of formats.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|line: &[u8]| nightporter_fuzz::read(line));

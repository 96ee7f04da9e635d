//! Any attributes behind the heads of LEEF.
#![no_main]

use libfuzzer_sys::fuzz_target;

const HEADS: [&str; 8] = [
    "LEEF:1.0|WatchGuard|XTM|12.1|1|",
    "LEEF:2.0|CyberArk|Vault|12|7|^|",
    "LEEF:2.0|Portail|Access|4.2|LOGIN|x09|",
    "LEEF:2.0|Portail|Access|4.2|LOGIN||src=",
    "<134>Nov 20 22:41:07 fw-1 LEEF:1.0|Portail|Access|4.2|LOGIN|src=198.51.100.7#011",
    "1.0|WatchGuard|XTM|12.1|1|",
    "LEEF:",
    "",
];

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, body)) = bytes.split_first() else { return };
    let head = HEADS[usize::from(*choice) % HEADS.len()];
    nightporter_fuzz::read(&[head.as_bytes(), body].concat());
});

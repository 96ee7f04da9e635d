//! Any body behind syslog's heads, alone and doubled.
#![no_main]

use libfuzzer_sys::fuzz_target;

const HEADS: [&str; 8] = [
    "<134>Nov 20 22:41:07 fw-1 ",
    "<134>1 2026-11-20T22:41:07+01:00 fw-1 app 42 - - ",
    "<134>1 2026-11-20T22:41:07Z fw-1 app - id [meta sequenceId=\"4\"] \u{feff}",
    "Nov 20 22:41:07 relay Nov 20 2026 22:41:07: ",
    "Nov 20 22:41:07 relay 1 2026-11-20T22:41:07Z fw-1 app: - - - ",
    "Nov 20 22:41:07 fw-1 app[42]: message repeated 5 times: [ ",
    "2026-11-20T22:41:07.123456+01:00 fw-1 ",
    "",
];

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, body)) = bytes.split_first() else { return };
    let head = HEADS[usize::from(*choice) % HEADS.len()];
    nightporter_fuzz::read(&[head.as_bytes(), body].concat());
});

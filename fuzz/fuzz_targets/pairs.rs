//! Any pairs behind the beginnings of the products that write them.
#![no_main]

use libfuzzer_sys::fuzz_target;

const HEADS: [&str; 8] = [
    "date=2026-11-20 time=22:41:07 devname=\"fw-1\" logid=\"0101039424\" type=\"event\" ",
    "id=firewall time=\"2026-11-20 22:41:07\" fw=\"fw-1\" tz=+0100 startime=\"2026-11-20 22:41:07\" ",
    "id=firewall sn=0017C5 time=\"2026-11-20 22:41:07 UTC\" fw=192.0.2.1 pri=6 c=16 m=",
    "device=\"SFW\" date=2026-11-20 time=22:41:07 timezone=\"CET\" ",
    "[SSH Session] session_id=\"19aa01\" client_ip=\"10.99.0.6\" ",
    "<6>Nov 20 22:41:07 fw-1 kernel: DROP IN=eth0 OUT= ",
    "[action:\"Drop\"; ",
    "",
];

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, body)) = bytes.split_first() else { return };
    let head = HEADS[usize::from(*choice) % HEADS.len()];
    nightporter_fuzz::read(&[head.as_bytes(), body].concat());
});

//! Any extension behind the heads of CEF.
#![no_main]

use libfuzzer_sys::fuzz_target;

const HEADS: [&str; 8] = [
    "CEF:0|Fortinet|Fortigate|v7.4.9|00013|traffic:forward close|3|",
    "<134>Nov 20 22:41:07 fw-1 CEF: 0|Check Point|VPN-1 & FireWall-1|Check Point|Log|Log|5|",
    "CEF:0|Palo Alto Networks|LF|2.0|GLOBALPROTECT|globalprotect|3|",
    "CEF:0|CyberArk|PTA|12.6|1|Suspected credentials theft|8|",
    "CEF:1|Portail|Access\\|Portal|4.2|100|login|3|",
    "0|F5|ASM|17.1|200|x|3|",
    "CEF:0|",
    "",
];

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, body)) = bytes.split_first() else { return };
    let head = HEADS[usize::from(*choice) % HEADS.len()];
    nightporter_fuzz::read(&[head.as_bytes(), body].concat());
});

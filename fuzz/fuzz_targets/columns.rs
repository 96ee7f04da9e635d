//! Any columns behind the beginnings of the products that write them.
#![no_main]

use libfuzzer_sys::fuzz_target;

const HEADS: [&str; 8] = [
    "1,2026/11/20 22:41:07,0123,GLOBALPROTECT,0,2562,2026/11/20 22:41:07,vsys1,",
    "1,2026/11/20 22:41:07,0123,SYSTEM,auth,0,2026/11/20 22:41:07,,auth-fail,",
    "1,2026/11/20 22:41:07,0123,TRAFFIC,end,2562,",
    "Nov 20 22:41:07 filterlog: 69,,,1000000103,igb0,match,block,in,4,",
    "\"RADIUS-1\",\"IAS\",11/20/2026,22:41:07,1,\"",
    "\"1\" \"20Nov2026\" \"22:41:07\" \"",
    "WatchGuard,",
    "",
];

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, body)) = bytes.split_first() else { return };
    let head = HEADS[usize::from(*choice) % HEADS.len()];
    nightporter_fuzz::read(&[head.as_bytes(), body].concat());
});

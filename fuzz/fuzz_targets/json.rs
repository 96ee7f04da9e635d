//! Any bytes inside JSON of the products that write it.
#![no_main]

use libfuzzer_sys::fuzz_target;

const HEADS: [&str; 8] = [
    "{\"EventID\":4624,\"TargetUserName\":\"",
    "{\"winlog\":{\"event_id\":\"4625\",\"event_data\":{",
    "{\"version\":\"1.1\",\"host\":\"fw-1\",\"short_message\":\"",
    "{\"@timestamp\":\"2026-11-20T21:41:07Z\",\"event\":{\"category\":[\"authentication\"],",
    "@cee: {\"source\":{\"user\":\"",
    "{\"properties\":{\"userPrincipalName\":\"",
    "{\"description\":\"{\\\"ip_address\\\": \\\"",
    "{",
];

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, body)) = bytes.split_first() else { return };
    let head = HEADS[usize::from(*choice) % HEADS.len()];
    nightporter_fuzz::read(&[head.as_bytes(), body].concat());
});

//! Lines of any bytes, cut into batches anywhere: no panic, and the same alerts as in one batch.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use nightporter::alert::Alert;
use nightporter::batch::{Batch, Mark};
use nightporter::engine::state::State;
use nightporter::engine::{Arrival, Engine, Input, Source};
use nightporter::pool::{Manner, Parsed};
use nightporter::register::{Defaults, Register, SupplierNames};
use nightporter::rules::Rules;
use nightporter::zone::Zone;
use parsers::{Interest, Stamps, Time};

const REFERENCE: Time = Time(1_795_000_000_000_000_000);

fn run(pieces: &[&[u8]]) -> Vec<Alert> {
    let defaults = Defaults::default();
    let register = Arc::new(Register::built_in(SupplierNames::default(), &defaults));
    let source = Source { name: "fuzz".into(), site: None, zone: Zone::new(defaults.zone), year: None };
    let mut engine = Engine::new(vec![source], register, Arc::new(Rules::default()), false, State::default());
    let manner = Manner { interest: Arc::new(Interest::everything()), ..Manner::default() };
    let (mut stamps, mut alerts, mut ordinal) = (Stamps::default(), Vec::new(), 0);
    for bytes in pieces {
        let consumed = bytes.len() as u64;
        let batch = Batch { source: 0, ordinal, file: 0, offset: ordinal, consumed, received: REFERENCE, bytes: bytes.to_vec(), mark: Mark::default() };
        ordinal += consumed;
        let parsed = Parsed::new(batch, &manner, &mut stamps);
        for at in 0..parsed.len() {
            if let Some(sighting) = parsed.sighting(at, Arrival::Replayed { reference: REFERENCE }) {
                engine.step(Input::Line(sighting), &mut alerts);
            }
        }
    }
    engine.step(Input::End, &mut alerts);
    alerts
}

fuzz_target!(|bytes: &[u8]| {
    let whole = run(&[bytes]);
    let lines: Vec<&[u8]> = bytes.split_inclusive(|&b| b == b'\n').collect();
    assert_eq!(whole, run(&lines));
    let mut json = Vec::new();
    for alert in &whole {
        alert.write(&mut json);
    }
    assert!(json.iter().all(|&b| b >= 0x20 || b == b'\n'));
});

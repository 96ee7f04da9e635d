//! Any bytes give an answer: every format, alone and among all others, agrees with itself.
#![no_main]

use libfuzzer_sys::fuzz_target;
use parsers::{FORMATS, Facts, FormatId, Interest, Reading, Stamps};

fuzz_target!(|line: &[u8]| {
    let interest = Interest::everything();
    let (mut stamps, mut facts, mut again) = (Stamps::default(), Facts::default(), Facts::default());
    let reading = parsers::read(line, None, &interest, &mut stamps, &mut facts);
    // The cache of stamps never changes an answer.
    assert_eq!(parsers::read(line, None, &interest, &mut stamps, &mut again), reading);
    assert_eq!(facts, again);
    for text in [facts.user, facts.domain, facts.group, facts.device, facts.action, facts.reason, facts.session] {
        let _ = text.value(line);
    }
    for id in (0u8..).zip(FORMATS).map(|(id, _)| FormatId(id)) {
        let alone = parsers::read(line, Some(id), &interest, &mut stamps, &mut again);
        if reading == Reading::Parsed(id) {
            assert_eq!((alone, &again), (reading, &facts));
        }
    }
});

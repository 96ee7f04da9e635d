//! What every fuzz target asks of a line.

use parsers::{FORMATS, Facts, FormatId, Interest, Reading, Stamps};

/// Reads `line` by recognition and by each format alone: no panic, the same answer each time, and no fact that does not
/// stand in the line.
///
/// # Panics
/// If one of that does not hold.
pub fn read(line: &[u8]) {
    let interest = Interest::everything();
    let (mut stamps, mut facts, mut again) = (Stamps::default(), Facts::default(), Facts::default());
    let reading = parsers::read(line, None, &interest, &mut stamps, &mut facts);
    // The cache of stamps never changes an answer.
    assert_eq!(parsers::read(line, None, &interest, &mut stamps, &mut again), reading);
    assert_eq!(facts, again);
    texts(line, &facts);
    let is_json = parsers::envelope::read(parsers::atoms::trim(line)).1.starts_with(b"{");
    for id in (0u8..).zip(FORMATS).map(|(id, _)| FormatId(id)) {
        let alone = parsers::read(line, Some(id), &interest, &mut stamps, &mut again);
        texts(line, &again);
        if reading == Reading::Parsed(id) {
            assert_eq!(alone, reading);
            // Asked alone, a format may know its words in a line that JSON is wrapped around, without its taking off.
            assert!(is_json || again == facts);
        }
    }
}

fn texts(line: &[u8], facts: &Facts) {
    let texts = [facts.user, facts.domain, facts.group, facts.device, facts.action, facts.reason, facts.session];
    for text in texts.into_iter().chain([facts.target, facts.target_user, facts.client, facts.country, facts.by, facts.private]) {
        let _ = text.value(line);
        assert!(text.is_empty() || memchr::memmem::find(line, text.raw(line)).is_some());
    }
}

//! Streams and the watermark: how far time has come.

use std::sync::Arc;

use parsers::Time;
use parsers::time::{MINUTE, SECOND};
use triomphe::Arc as Shared;

use super::joining::LONGEST;
use super::state::{State, Stream};
use super::{AHEAD, Arrival, Engine, Sighting};
use crate::clock::{Dated, Hints, LATENESS};

/// How many streams are told apart; lines of further devices count as their source's own.
const STREAMS: usize = 4096;

/// Time moves in such spans: replayed lines tick each time they come into another one.
const TICK: i64 = 10 * SECOND;

/// The clock of a watch ticks every second. Without a tick for this long it did not run.
const AWAY: i64 = 2 * MINUTE;

/// How long a lone first line is doubted before the ticking clock may carry it on.
const DOUBTED_FOR: i64 = MINUTE;

impl Engine {
    /// Rebuilds what is derived from the streams of a restored state.
    pub(super) fn index_streams(&mut self) {
        for (at, stream) in self.state.streams.iter().enumerate() {
            let source = self.sources.iter().position(|source| source.name == stream.source).and_then(|at| u16::try_from(at).ok());
            if let Some(source) = source {
                self.by_device.entry(source).or_default().insert(stream.device.as_slice().into(), at);
            }
        }
    }

    /// Takes note of a line: its stream, its event time, and the time that it says, however far ahead.
    pub(super) fn see(&mut self, sighting: &Sighting<'_>) -> Option<(usize, Dated, Time)> {
        if let Arrival::Live(received) = sighting.arrival {
            self.listen(received);
        }
        let at = self.stream(sighting)?;
        let source = self.sources.get_mut(usize::from(sighting.source))?;
        let stream = Shared::make_mut(self.state.streams.get_mut(at)?);
        let (received, reference, live) = match sighting.arrival {
            Arrival::Live(received) => (received, received, true),
            Arrival::Replayed { reference } => (self.state.replayed, reference, false),
        };
        let hints = Hints { year: source.year.filter(|_| !live), reference };
        let mut dated = stream.clock.date(sighting.stamp, &mut source.zone, hints).unwrap_or_else(|| {
            // Without a stamp a line is of the time it came, or in replay of the time of the line before it.
            let time = if live { received } else { stream.clock.reached().unwrap_or(self.state.replayed) };
            Dated { time, guessed: true, ambiguous: false }
        });
        let stamp = dated.time;
        if live {
            dated.time = dated.time.min(received.plus(AHEAD));
        }
        stream.finished = false;
        stream.first = stream.first.or(Some(dated.time));
        let doubted = stream.clock.confirmed().is_none();
        let moved = stream.clock.saw(dated.time) || doubted;
        stream.received = if live { received } else { received.max(stream.clock.confirmed().unwrap_or(received)) };
        if moved {
            let come_to = stream.clock.confirmed();
            if doubted || self.slowest.is_none_or(|slowest| slowest == at) {
                self.measure();
            }
            if !live && let Some(come_to) = come_to {
                self.replayed_to(come_to);
            }
        }
        Some((at, dated, stamp))
    }

    /// The clock that ticks says this. Where it has not ticked for long, nobody has listened.
    pub(super) fn listen(&mut self, now: Time) {
        if now.since(self.state.ticked) > AWAY {
            self.state.awake = now;
        }
        self.state.ticked = self.state.ticked.max(now);
    }

    /// Replayed lines come in order of event time: how far they have come is the clock that ticks.
    fn replayed_to(&mut self, time: Time) {
        let before = self.state.replayed;
        if time <= before {
            return;
        }
        self.state.replayed = time;
        if floor(time) != floor(before) {
            self.tick(floor(time));
        }
    }

    /// The index of a line's stream, made if it is new.
    fn stream(&mut self, sighting: &Sighting<'_>) -> Option<usize> {
        let device = sighting.device.get(..LONGEST).unwrap_or(sighting.device);
        let latest = self.latest.get_mut(usize::from(sighting.source))?;
        if let Some(at) = *latest
            && self.state.streams.get(at).is_some_and(|stream| stream.device == device)
        {
            return Some(at);
        }
        let of_source = self.by_device.entry(sighting.source).or_default();
        let at = match of_source.get(device) {
            Some(&at) => at,
            None if self.state.streams.len() < STREAMS || device.is_empty() => {
                let source = self.sources.get(usize::from(sighting.source))?;
                let at = self.state.streams.len();
                self.state.streams.push(Shared::new(Stream {
                    source: Arc::clone(&source.name),
                    device: device.to_vec(),
                    ..Stream::default()
                }));
                of_source.insert(device.into(), at);
                at
            }
            None => return self.stream(&Sighting { device: b"", ..*sighting }),
        };
        *self.latest.get_mut(usize::from(sighting.source))? = Some(at);
        Some(at)
    }

    /// Moves every stream's clock by the time passed since its last line.
    pub(super) fn tick(&mut self, now: Time) {
        for stream in self.state.streams.iter_mut().filter(|stream| !stream.finished) {
            let passed = now.since(stream.received);
            let Some(reached) = stream.clock.reached() else { continue };
            if passed <= 0 || (stream.clock.confirmed().is_none() && passed < DOUBTED_FOR) {
                continue;
            }
            // No device is this far ahead of the clock that ticks; a lone first line may say so.
            let moved = reached.plus(passed).max(stream.clock.greatest().unwrap_or(reached)).min(now.plus(AHEAD));
            if stream.position().is_none_or(|position| moved > position) {
                Shared::make_mut(stream).moved = Some(moved);
            }
        }
        self.measure();
    }

    /// A source has ended: its streams leave the minimum.
    pub(super) fn finish(&mut self, source: u16) {
        let Some(name) = self.sources.get(usize::from(source)).map(|source| Arc::clone(&source.name)) else { return };
        for stream in self.state.streams.iter_mut().filter(|stream| stream.source == name) {
            Shared::make_mut(stream).finished = true;
        }
        self.measure();
    }

    /// All input has ended: the watermark goes to the greatest event time seen, and no further.
    pub(super) fn end(&mut self) {
        let State { streams, watermark, .. } = &mut self.state;
        let greatest = streams.iter().filter_map(|stream| stream.clock.confirmed().or(stream.clock.greatest())).max();
        *watermark = greatest.map_or(*watermark, |greatest| greatest.max(*watermark));
    }

    /// The watermark: how far the slowest live stream has come, less the lateness. It never goes back.
    fn measure(&mut self) {
        let live = self.state.streams.iter().enumerate().filter(|(_, stream)| !stream.finished);
        let slowest = live.filter_map(|(at, stream)| stream.position().map(|position| (position, at))).min();
        self.slowest = slowest.map(|(_, at)| at);
        if let Some((position, _)) = slowest {
            self.state.watermark = self.state.watermark.max(floor(position.minus(LATENESS)));
        }
    }
}

/// The beginning of the span that a time falls into. The watermark moves from span to span, so that it does not depend on
/// which lines happened to come within one: nobody's timers are early or late for the lines of others.
fn floor(time: Time) -> Time {
    time.minus(time.0.rem_euclid(TICK))
}

//! Signs of life of the streams: every line there is, for the rules that watch over them.

use std::sync::Arc;

use parsers::{Stamp, Time};
use triomphe::Arc as Shared;

use super::state::{RuleId, Stream, Timer, What};
use super::telling::alert;
use super::{Arrival, Engine, Sighting};
use crate::alert::Alert;
use crate::rules::{Findings, Sign, SignKind, StreamMemory};

/// Among so many streams it is looked whose a nameless line is. A relay of more puts a head before each line.
const FEW: usize = 64;

impl Engine {
    /// Shows a line, whatever it says, to the rules that watch over streams.
    pub(super) fn sign(&mut self, sighting: &Sighting<'_>, at: usize, now: Time, says: Time, out: &mut Vec<Alert>) {
        let received = match sighting.arrival {
            Arrival::Live(received) => Some(received),
            Arrival::Replayed { .. } => None,
        };
        let Sighting { line, offset, parsed, stamp, .. } = *sighting;
        let what = SignKind::Line { line, offset, parsed, stamped: stamp != Stamp::None };
        let at = if parsed || !sighting.device.is_empty() { at } else { self.speaker(at) };
        let Some(held) = self.state.streams.get_mut(at) else { return };
        let Stream { source, device, clock, memory, .. } = Shared::make_mut(held);
        let site = self.sources.get(usize::from(sighting.source)).and_then(|source| source.site.as_ref());
        let sign = Sign {
            what,
            now,
            stamp: says,
            received,
            clock,
            awake: self.state.awake,
            whole_source_told: &|| false,
            source,
            device,
            site,
            register: &self.register,
            daybook: &self.state.daybook,
        };
        let mut findings = Findings::default();
        self.rules.stream(&sign, memory, &mut findings);
        if !findings.is_empty() {
            self.signed(at, findings, out);
        }
    }

    /// Whose a line is that nobody understands and that names no device: that of the device of its source that spoke last.
    fn speaker(&self, at: usize) -> usize {
        let Some(stream) = self.state.streams.get(at).filter(|_| self.state.streams.len() <= FEW) else { return at };
        let named = self.state.streams.iter().enumerate().filter(|(_, other)| !other.device.is_empty() && other.source == stream.source);
        named.max_by_key(|(_, other)| other.received).map_or(at, |(at, _)| at)
    }

    /// A timer that a rule asked for over a stream fell due.
    pub(super) fn stream_due(&mut self, stream: u32, rule: &str, kind: u8, due: Time, out: &mut Vec<Alert>) {
        let Some((at, held)) = usize::try_from(stream).ok().and_then(|at| Some((at, self.state.streams.get_mut(at)?))) else { return };
        let mut memory: StreamMemory = std::mem::take(&mut Shared::make_mut(held).memory);
        let Some(Stream { source, device, clock, .. }) = self.state.streams.get(at).map(|stream| &**stream) else { return };
        let sign = Sign {
            what: SignKind::Due { kind },
            now: due,
            stamp: due,
            received: None,
            clock,
            awake: self.state.awake,
            whole_source_told: &|| self.whole_source_told(source),
            source,
            device,
            site: self.site_of(source),
            register: &self.register,
            daybook: &self.state.daybook,
        };
        let mut findings = Findings::default();
        self.rules.stream_due(rule, &sign, &mut memory, &mut findings);
        let told = findings.found.iter().map(|(_, finding)| finding.scene.time).max();
        if let Some(held) = self.state.streams.get_mut(at) {
            let stream = Shared::make_mut(held);
            stream.memory = memory;
            stream.told = stream.told.max(told);
        }
        self.signed(at, findings, out);
    }

    /// Whether nothing has come of a source since it was told that a device of it is mute: then all of it is.
    fn whole_source_told(&self, source: &str) -> bool {
        let streams = || self.state.streams.iter().filter(|stream| *stream.source == *source);
        let heard = streams().map(|stream| stream.received).max();
        heard < streams().filter_map(|stream| stream.told).max()
    }

    fn site_of(&self, source: &str) -> Option<&Arc<str>> {
        self.sources.iter().find(|known| *known.name == *source).and_then(|source| source.site.as_ref())
    }

    fn signed(&mut self, at: usize, findings: Findings, out: &mut Vec<Alert>) {
        let site = self.state.streams.get(at).and_then(|stream| self.site_of(&stream.source));
        let nobody = self.register.nobody(site.map(|site| &**site));
        let zone = self.register.calendars.zone(nobody.calendar);
        for (rule, finding) in findings.found {
            let exception = self.state.daybook.exception(rule.id, &nobody.id, zone, finding.scene.time);
            let exception = exception.map(|exception| exception.reason.to_string());
            out.extend(alert(nobody, rule, finding, exception, &mut Vec::new()));
        }
        for wake in findings.wakes {
            let what = What::Stream { stream: u32::try_from(at).unwrap_or(u32::MAX), rule: RuleId(wake.rule), kind: wake.kind };
            self.arm(Timer { due: wake.due, supplier: "".into(), login: None, what });
        }
    }
}

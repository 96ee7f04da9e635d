//! Signs of life of the streams: every line there is, for the rules that watch over them.

use std::sync::Arc;

use parsers::{Stamp, Time};

use super::state::{RuleId, Stream, Timer, What};
use super::telling::alert;
use super::{Arrival, Engine, Sighting};
use crate::alert::Alert;
use crate::clock::Dated;
use crate::rules::{Findings, Sign, SignKind};

impl Engine {
    /// Shows a line, whatever it says, to the rules that watch over streams.
    pub(super) fn sign(&mut self, sighting: &Sighting<'_>, stream: usize, dated: Dated, out: &mut Vec<Alert>) {
        let received = match sighting.arrival {
            Arrival::Live(received) => Some(received),
            Arrival::Replayed { .. } => None,
        };
        let Sighting { line, offset, parsed, stamp, .. } = *sighting;
        let what = SignKind::Line { line, offset, parsed, stamped: stamp != Stamp::None };
        let site = self.site(sighting);
        self.signed((stream, site), what, dated.time, received, None, out);
    }

    /// A timer that a rule asked for over a stream fell due.
    pub(super) fn stream_due(&mut self, stream: u32, rule: &str, kind: u8, due: Time, out: &mut Vec<Alert>) {
        let Ok(stream) = usize::try_from(stream) else { return };
        let Some(held) = self.state.streams.get(stream) else { return };
        let site = self.sources.iter().find(|known| known.name == held.source).and_then(|source| source.site.clone());
        self.signed((stream, site), SignKind::Due { kind }, due, None, Some(rule), out);
    }

    fn signed(
        &mut self,
        (at, site): (usize, Option<Arc<str>>),
        what: SignKind<'_>,
        now: Time,
        received: Option<Time>,
        only: Option<&str>,
        out: &mut Vec<Alert>,
    ) {
        let Some(held) = self.state.streams.get_mut(at) else { return };
        let Stream { source, device, memory, .. } = Arc::make_mut(held);
        let sign =
            Sign { what, now, received, source, device, site: site.as_ref(), register: &self.register, daybook: &self.state.daybook };
        let mut findings = Findings::default();
        match only {
            None => self.rules.stream(&sign, memory, &mut findings),
            Some(rule) => self.rules.stream_due(rule, &sign, memory, &mut findings),
        }
        if findings.found.is_empty() && findings.wakes.is_empty() {
            return;
        }
        let nobody = self.register.nobody(site.as_deref());
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

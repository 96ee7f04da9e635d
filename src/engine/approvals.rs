//! Approvals on a bastion: an access that somebody granted there is an access window like one of the daybook.

use std::sync::Arc;

use parsers::Time;
use parsers::time::{DAY, HOUR};

use super::joining::Said;
use super::{Arrival, Engine};
use crate::clock::Hints;
use crate::daybook::{Entry, Window};
use crate::normalised::lossy;

/// How long an access is granted whose line tells no end: an emergency's two hours.
const GRANTED_FOR: i64 = 2 * HOUR;

/// How long a window that an approval opened is kept after its end.
const KEPT: i64 = 30 * DAY;

/// The beginning of the ids of windows that approvals opened.
const APPROVAL: &str = "approval-";

impl Engine {
    /// Somebody granted a supplier's account access: a window from its beginning to its end, known from this line on.
    pub(super) fn approved(&mut self, said: &Said<'_>) {
        let Some(owner) = self.owner(said) else { return };
        let by = said.event.text(said.event.facts.by).map(|by| lossy(by).to_lowercase()).unwrap_or_default();
        // Nobody lets himself in: what an account of the supplier grants is not granted.
        let is_own =
            by == **owner.login || self.attribution.by_name(&by, &self.register).is_some_and(|own| own.supplier.id == owner.supplier.id);
        if is_own {
            return;
        }
        let at = said.at();
        let (from, until) = self.granted(said);
        let from = from.unwrap_or(at);
        let until = until.unwrap_or_else(|| from.plus(GRANTED_FOR));
        let Some(source) = self.sources.get(usize::from(said.sighting.source)) else { return };
        let gateway = said.event.text(said.event.facts.device).map_or_else(|| source.name.to_string(), |name| lossy(name).into_owned());
        let number: String = said.sighting.sha256.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        let window = Window {
            at,
            id: [APPROVAL, &number].concat().into(),
            supplier: Arc::clone(&owner.supplier.id),
            accounts: vec![Arc::clone(&owner.login)],
            from,
            until,
            ticket: None,
            by: by.into(),
            reason: format!("approval on {gateway}").into(),
        };
        let daybook = Arc::make_mut(&mut self.state.daybook);
        daybook.forget_windows(&window.supplier, |held| held.id.starts_with(APPROVAL) && held.until < at.minus(KEPT));
        if from < until {
            daybook.apply(Entry::Window(window));
        }
    }

    /// From when and until when the line says that access is granted.
    fn granted(&mut self, said: &Said<'_>) -> (Option<Time>, Option<Time>) {
        let (reference, live) = match said.sighting.arrival {
            Arrival::Live(received) => (received, true),
            Arrival::Replayed { reference } => (reference, false),
        };
        let Some((stream, source)) = self.state.streams.get(said.stream).zip(self.sources.get_mut(usize::from(said.sighting.source)))
        else {
            return (None, None);
        };
        let hints = Hints { year: source.year.filter(|_| !live), reference };
        let times = stream.clock.times(said.event.facts, &mut source.zone, hints);
        (times.from, times.until)
    }
}

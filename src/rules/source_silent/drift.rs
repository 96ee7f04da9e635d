//! A device's clock that is wrong.

use parsers::Time;
use parsers::time::{HOUR, MINUTE};
use serde::{Deserialize, Serialize};

use crate::rules::span_words;

/// So many lines in a row have to say so: a single one may be late, or forged.
const LINES: u32 = 20;

/// Lines that are off by the same amount, as far as their way to us takes them equally long.
const SAME: i64 = MINUTE;

/// So long a running device's clock has to have been off: a relay that hands on what it kept catches up.
const STEADY: i64 = 10 * MINUTE;

/// How far from a whole hour a mistake in the time zone may look.
const NEARLY: i64 = 2 * MINUTE;

/// Lines in a row whose stamps are off.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Drift {
    lines: u32,
    /// When the first of them came.
    since: Time,
    /// Least and greatest amount by which they are off.
    off: (i64, i64),
    /// It was told.
    told: bool,
}

impl Drift {
    /// A line whose stamp is right: whatever was wrong is over.
    pub(super) fn right(&mut self) {
        if self.lines > 0 {
            *self = Drift::default();
        }
    }

    /// A line of a running device is behind its receive time by `off`, or ahead of it if that is negative. Gives how much the
    /// clock is off once that is sure: of lines that were kept somewhere, some catch up.
    pub(super) fn against_arrival(&mut self, off: i64, received: Time) -> Option<i64> {
        let range = (self.off.0.min(off), self.off.1.max(off));
        if self.lines == 0 || range.1.saturating_sub(range.0) > SAME {
            *self = Drift { lines: 1, since: received, off: (off, off), told: self.told };
            return None;
        }
        *self = Drift { lines: self.lines.saturating_add(1), off: range, ..*self };
        (self.lines >= LINES && received.since(self.since) >= STEADY).then(|| self.tell(off)).flatten()
    }

    /// A line lies so far behind the stream's own earlier lines. Gives by how much its clock was set back, once that is sure.
    pub(super) fn against_its_own(&mut self, behind: i64, at: Time) -> Option<i64> {
        if self.lines == 0 {
            *self = Drift { since: at, off: (behind, behind), ..Drift::default() };
        }
        self.lines = self.lines.saturating_add(1);
        (self.lines >= LINES && at.since(self.since) >= SAME).then(|| self.tell(self.off.1)).flatten()
    }

    fn tell(&mut self, off: i64) -> Option<i64> {
        (!std::mem::replace(&mut self.told, true)).then_some(off)
    }
}

/// `7m behind`; `1h behind, a whole hour: is its time zone wrong?`
pub(super) fn words(off: i64) -> String {
    let amount = off.saturating_abs();
    let hours = amount.saturating_add(HOUR / 2) / HOUR * HOUR;
    let whole = hours > 0 && hours <= 14 * HOUR && hours.abs_diff(amount) <= NEARLY.unsigned_abs();
    let rounded = if whole { hours } else { amount.saturating_add(MINUTE / 2) / MINUTE * MINUTE };
    let side = if off < 0 { "ahead" } else { "behind" };
    format!("{} {side}{}", span_words(rounded), if whole { ", exactly whole hours: is its time zone wrong?" } else { "" })
}

#[cfg(test)]
mod tests {
    use parsers::time::SECOND;

    use super::*;

    #[test]
    fn only_what_stays_is_told_and_once() {
        let mut drift = Drift::default();
        let told: Vec<(i64, i64)> = (0..200)
            .filter_map(|n| drift.against_arrival(HOUR + n % 7 * SECOND, Time(n * 30 * SECOND)).map(|off| (n, off / MINUTE)))
            .collect();
        assert_eq!(told, [(20, 60)]);
        drift.right();
        assert_eq!(drift, Drift::default());
    }

    #[test]
    fn lines_that_were_kept_catch_up() {
        let mut drift = Drift::default();
        // An hour of lines, handed on at once; a day's, every day.
        for day in 0..20 {
            for n in 0..1000 {
                let received = Time(day * 24 * HOUR + n * SECOND / 100);
                assert_eq!(drift.against_arrival(30 * HOUR - n * 80 * SECOND, received), None);
            }
        }
    }

    #[test]
    fn a_clock_that_was_set_back_is_told_by_its_lines() {
        let mut drift = Drift::default();
        let told: Vec<i64> = (0..100).filter_map(|n| drift.against_its_own(HOUR - n * 5 * SECOND, Time(n * 5 * SECOND))).collect();
        assert_eq!(told, [HOUR]);
    }

    #[test]
    fn whole_hours_are_pointed_out() {
        for (off, expected) in [
            (HOUR, "1h behind, exactly whole hours: is its time zone wrong?"),
            (-2 * HOUR + MINUTE, "2h ahead, exactly whole hours: is its time zone wrong?"),
            (7 * MINUTE + 10 * SECOND, "7m behind"),
            (90 * MINUTE, "90m behind"),
            (30 * 24 * HOUR, "30d behind"),
        ] {
            assert_eq!(words(off), expected);
        }
    }
}

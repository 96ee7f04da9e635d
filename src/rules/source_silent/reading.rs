//! The share of a stream's lines that no format knows.

use parsers::Time;
use parsers::time::MINUTE;
use serde::{Deserialize, Serialize};

/// Lines are looked at in blocks of at least so many,
const LINES: u32 = 50;

/// and of at least this long: a burst of something strange is no new format.
const SPAN: i64 = 30 * MINUTE;

/// In each block the highest share fades by one in so many.
const FADES: u32 = 1024;

/// Shares are counted in hundredths of a percent.
pub(super) const PERCENT: u32 = 100;

/// What is known of a stream's unparsed lines.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Reading {
    since: Time,
    lines: u32,
    unparsed: u32,
    /// Highest share that it is used to.
    usual: u32,
}

/// A block in which the share of unparsed lines is higher than it ever was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Leap {
    /// Lines of the block.
    pub(super) lines: u32,
    /// Those that were not understood.
    pub(super) unparsed: u32,
    /// Their share.
    pub(super) share: u32,
    /// The highest share before.
    pub(super) usual: u32,
}

impl Reading {
    /// Counts a line.
    pub(super) fn count(&mut self, parsed: bool) {
        self.lines = self.lines.saturating_add(1);
        self.unparsed = self.unparsed.saturating_add(u32::from(!parsed));
    }

    /// Time has come to `now`: ends the block if it is long enough. What it shows is usual from then on, so a leap is told once.
    pub(super) fn look(&mut self, now: Time, points: u32) -> Option<Leap> {
        if self.lines < LINES || now.since(self.since) < SPAN {
            return None;
        }
        let &mut Reading { lines, unparsed, usual, .. } = self;
        let share = u32::try_from(u64::from(unparsed) * 100 * u64::from(PERCENT) / u64::from(lines)).unwrap_or(0);
        let usual_now = share.max(usual - usual.div_ceil(FADES));
        *self = Reading { since: now, lines: 0, unparsed: 0, usual: usual_now };
        (share >= usual.saturating_add(points.saturating_mul(PERCENT))).then_some(Leap { lines, unparsed, share, usual })
    }
}

#[cfg(test)]
mod tests {
    use parsers::time::HOUR;

    use super::*;

    #[test]
    fn a_leap_is_told_once() {
        let mut reading = Reading::default();
        let mut leaps = Vec::new();
        for hour in 1..400 {
            for line in 0..100 {
                reading.count(line % 10 != 0 && (hour < 200 || line % 2 == 0));
            }
            leaps.extend(reading.look(Time(hour * HOUR), 20).map(|leap| (hour, leap.share / PERCENT, leap.usual / PERCENT)));
        }
        assert_eq!(leaps, [(200, 60, 10)]);
    }

    #[test]
    fn a_burst_is_none() {
        let mut reading = Reading::default();
        reading.count(true);
        assert_eq!(reading.look(Time(HOUR), 20), None);
        for _ in 0..500 {
            reading.count(true);
        }
        assert_eq!(reading.look(Time(2 * HOUR), 20), None);
        for _ in 0..49 {
            reading.count(false);
        }
        assert_eq!(reading.look(Time(4 * HOUR), 20), None, "too few");
        assert_eq!(reading.look(Time(2 * HOUR + 1), 20), None, "too short");
    }
}

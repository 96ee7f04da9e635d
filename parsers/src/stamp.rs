//! Stamps: the times that devices write, as far as the line alone settles them.

use crate::Time;
use crate::time::days_from_civil;

/// A device's own stamp. Year and zone that the line leaves out are settled later, per stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stamp {
    /// The line carries none.
    #[default]
    None,
    /// Year and zone are known.
    Exact(Time),
    /// A local time without zone: seconds since the epoch as if it were UTC, and nanoseconds.
    Local {
        /// Civil seconds.
        seconds: i64,
        /// Decimals.
        nanos: u32,
    },
    /// A local time without year (RFC 3164): month, day, second of the day, nanoseconds.
    Yearless {
        /// 1 to 12.
        month: u8,
        /// 1 to 31.
        day: u8,
        /// 0 to 86,400 (a leap second at the end of the day).
        second: u32,
        /// Decimals.
        nanos: u32,
    },
}

/// A date and a time of day as numbers, on their way to a [`Stamp`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Civil {
    /// 2000 to 2199, or `None` where the line carries none.
    pub year: Option<i32>,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 60.
    pub second: u8,
    /// Decimals of the second.
    pub nanos: u32,
    /// Seconds east of Greenwich, where the line says.
    pub offset: Option<i32>,
}

impl Civil {
    /// The stamp, or [`Stamp::None`] if a part is out of range or the day does not exist.
    pub fn stamp(self) -> Stamp {
        if self.hour > 23 || self.minute > 59 || self.second > 60 || self.nanos >= 1_000_000_000 {
            return Stamp::None;
        }
        // A leap second is the last second of its minute: the clock after it goes on.
        let second = u32::from(self.hour) * 3600 + u32::from(self.minute) * 60 + u32::from(self.second.min(59));
        let Some(year) = self.year else {
            // 2000 was a leap year: 29 February is let through, the year is found later.
            return match days_from_civil(2000, self.month, self.day) {
                Some(_) => Stamp::Yearless { month: self.month, day: self.day, second, nanos: self.nanos },
                None => Stamp::None,
            };
        };
        let Some(days) = days_from_civil(year, self.month, self.day) else { return Stamp::None };
        let seconds = days * 86_400 + i64::from(second);
        if Time::from_seconds(seconds, self.nanos).is_none() {
            return Stamp::None;
        }
        match self.offset {
            None => Stamp::Local { seconds, nanos: self.nanos },
            Some(offset) => Time::from_seconds(seconds - i64::from(offset), self.nanos).map_or(Stamp::None, Stamp::Exact),
        }
    }
}

/// A cache of the last stamps read: stamps are parsed once per distinct text, and lines of one second
/// follow each other. One slot for heads, one for bodies. Never changes an answer.
#[derive(Debug, Default)]
pub struct Stamps {
    head: Slot,
    body: Slot,
}

#[derive(Debug, Default)]
struct Slot {
    text: Vec<u8>,
    read: Option<fn(&[u8]) -> Stamp>,
    stamp: Stamp,
}

impl Slot {
    fn get(&mut self, text: &[u8], read: fn(&[u8]) -> Stamp) -> Stamp {
        if text.is_empty() {
            return Stamp::None;
        }
        if self.text != text || !self.read.is_some_and(|last| std::ptr::fn_addr_eq(last, read)) {
            self.stamp = read(text);
            self.read = Some(read);
            self.text.clear();
            self.text.extend_from_slice(text);
        }
        self.stamp
    }
}

impl Stamps {
    /// The stamp of a syslog head, in any of its dresses.
    pub fn head(&mut self, text: &[u8]) -> Stamp {
        self.head.get(text, any)
    }

    /// The stamp that `read` takes from `text`, a part of the body.
    pub fn body(&mut self, text: &[u8], read: fn(&[u8]) -> Stamp) -> Stamp {
        self.body.get(text, read)
    }
}

/// Reads a stamp in any of the dresses that heads wear.
pub fn any(_text: &[u8]) -> Stamp {
    Stamp::None
}

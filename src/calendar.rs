//! Calendars: when a supplier's hours are open, in its own zone and with its own public holidays.
//!
//! Hours are evaluated in the zone's civil time, a month or so at a time, and kept as sorted intervals
//! of the line of time; a question is then a binary search. What is kept is a cache and never changes an answer.
//! Nothing here reads a clock.

mod holidays;
mod hours;
mod table;
mod zone;

pub use holidays::Holidays;
pub use hours::Hours;
pub use table::{CalendarId, Calendars, Span};
pub use zone::{Bound, read_zone, zone_name};

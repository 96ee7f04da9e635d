//! The one place where the time of day is read.

use std::time::{SystemTime, UNIX_EPOCH};

use parsers::Time;

/// The time of day by this machine's clock.
pub fn now() -> Time {
    #[expect(clippy::disallowed_methods, reason = "the rim's clock: everything below is told the time")]
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

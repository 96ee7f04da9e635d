//! x
pub mod holidays;
pub mod hours;
pub mod zone;

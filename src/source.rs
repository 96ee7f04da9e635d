//! Where lines come from: files that grow ([`tail`]), files that are finished ([`archive`]), and the cutting of their
//! bytes into blocks of whole lines ([`framing`]). Nothing here knows the engine, the state folder, a thread or a clock.

pub mod archive;
pub mod framing;
mod content;
mod family;
mod reading;
pub mod pattern;

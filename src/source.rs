//! Where lines come from: files that grow ([`tail`]), files that are finished ([`archive`]), and the cutting of their
//! bytes into blocks of whole lines ([`framing`]). Nothing here knows the engine, the state folder, a thread or a clock.

pub mod archive;
mod content;
pub mod family;
pub mod framing;
pub mod pattern;
mod reading;
pub mod reread;
mod slot;
mod succession;
pub mod tail;
pub mod watcher;

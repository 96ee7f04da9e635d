//! nightporter watches suppliers' remote access in the logs of VPN gateways, firewalls and bastions.
//!
//! The way of the data: *rim* (files, sockets, clocks) → batches of bytes → parse pool → [`engine`]
//! (attribution, rules, alerts; no IO, no clock) → alert log. See `ARCHITECTURE.md`.

pub mod engine;
pub mod json;
pub mod normalised;
pub mod verbs;
pub mod zone;

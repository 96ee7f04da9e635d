//! nightporter watches suppliers' remote access in the logs of VPN gateways, firewalls and bastions.
//!
//! The way of the data: *rim* (files, sockets, clocks) → batches of bytes → parse pool → [`engine`]
//! (attribution, rules, alerts; no IO, no clock) → alert log. See `ARCHITECTURE.md`.

pub mod alert;
pub mod batch;
pub mod calendar;
pub mod case;
pub mod cli;
pub mod clock;
pub mod config;
pub mod daybook;
pub mod engine;
pub mod fault;
pub mod geo;
pub mod hashed;
pub mod json;
pub mod learning;
pub mod metrics;
pub mod mistake;
pub mod network;
pub mod normalised;
pub mod pool;
pub mod register;
pub mod rules;
pub mod scene;
pub mod session;
pub mod setup;
pub mod source;
pub mod store;
pub mod told;
pub mod toml_reader;
pub mod verbs;
pub mod wall_clock;
pub mod zone;

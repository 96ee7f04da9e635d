//! x
pub mod calendar;
pub mod mistake;
pub mod network;
pub mod register;
pub mod toml_reader;

//! nightporter.
pub mod batch;
pub mod fault;
pub mod source;
pub mod store;

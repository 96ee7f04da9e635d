//! The verbs of the command line, each with its world as arguments.
pub mod parse;
pub mod replay;

//! The verbs of the command line, each with its world as arguments.

pub mod backtest;
pub mod check;
pub mod daybook;
pub mod doctor;
pub mod explain;
pub mod learned;
pub mod page;
pub mod parse;
pub mod recorded;
pub mod replay;
pub mod watch;

//! An operation on a file that failed, with the file's name: `std::io::Error` alone does not say which.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// What failed, on which path, and why.
#[derive(Debug)]
pub struct Fault {
    operation: &'static str,
    path: PathBuf,
    cause: io::Error,
}

impl Fault {
    /// A fault of `operation` (a verb: "open", "write") on `path`.
    pub fn new(operation: &'static str, path: &Path, cause: io::Error) -> Fault {
        Fault { operation, path: path.to_owned(), cause }
    }

    /// For `map_err`.
    pub fn at(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Fault {
        move |cause| Fault::new(operation, path, cause)
    }

    /// The kind of the cause.
    pub fn kind(&self) -> io::ErrorKind {
        self.cause.kind()
    }

    /// The file concerned.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: cannot {}: {}", self.path.display(), self.operation, self.cause)
    }
}

impl std::error::Error for Fault {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.cause)
    }
}

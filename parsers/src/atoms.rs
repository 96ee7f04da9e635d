//! The small parts that formats are made of: addresses, numbers, pairs, logins.

/// `bytes` without white space (blank, TAB, CR, LF, NUL) at either end, and without a BOM in front.
pub fn trim(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let is_space = |b: &u8| matches!(b, b' ' | b'\t' | b'\r' | b'\n' | 0);
    let Some(first) = bytes.iter().position(|b| !is_space(b)) else { return &[] };
    let last = bytes.iter().rposition(|b| !is_space(b)).unwrap_or(first);
    bytes.get(first..=last).unwrap_or_default()
}

//! Fortinet FortiGate (FortiOS 4 to 7).
//!
//! `key=value`, quoted or bare, set apart by blanks or commas; CEF in three dialects; or JSON with the same keys. Fortinet,
//! "FortiOS Log Message Reference"; "Fortinet Document Library: CEF support"; "FortiOS CLI Reference", `log syslogd setting`.
//!
//! FortiOS does not escape quotes in what a user typed, so a login name may hold whole fields
//! (`user="x" action="tunnel-up" …`). What the device writes before the name stands; of what stands behind
//! it, nothing counts as soon as one key has two values.

mod events;
mod fields;

use std::sync::LazyLock;

use memchr::memmem::Finder;

pub(super) use self::fields::{civil, zone};

use self::fields::Fields;
use crate::atoms::{Extension, Leaves, Once, Pair, Pairs, Stretches, cut, first, first_of, ip, is_even, split_login, until};
use crate::{Dress, Escape, Facts, Format, Kind, Line, Stamp, Stamps, stamp};

/// The format's line in [`crate::FORMATS`].
pub(super) const FORMAT: Format = Format {
    name: "fortigate",
    vendor: "Fortinet",
    product: "FortiGate",
    covers: "FortiGate VPN (SSL, IPsec), administrator and user logins, configuration, traffic; key=value, CSV, CEF and JSON",
    dresses: &[Dress::Json, Dress::Pairs, Dress::Cef],
    looks_like,
    parse,
};

/// Half a line is searched: that is worth a searcher, made once.
static USER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b" user="));

/// The longest of the keys that stand between two words in quotes, where more is not read: what is longer holds pairs without quotes.
const KEY: usize = b" subtype=".len();

/// Bytes within which every FortiOS writes `logid=` and `type=`.
const PREFIX: usize = 400;

fn looks_like(line: &Line<'_>) -> bool {
    // `date=2026-03-02 time=00:00:08 devname="fgt-1" devid="FG100F"`, as nearly all lines begin.
    if let Some(rest) = line.body.strip_prefix(b"date=").and_then(|rest| rest.get(10..)?.strip_prefix(b" time="))
        && let Some((_, rest)) = rest.get(8..).and_then(|rest| quoted(rest.strip_prefix(b" devname=")?))
        && let Some((device, _)) = rest.strip_prefix(b" devid=").and_then(quoted)
    {
        return !is_foreign(device);
    }
    let (start, _) = cut(line.body, PREFIX);
    if line.dress == Dress::Json {
        // Others have these keys too, but not numbers of ten digits.
        let is_number = |pair: &Pair<'_>| pair.key == b"logid" && pair.value.len() == 10 && pair.value.iter().all(u8::is_ascii_digit);
        return line.quotes(b"logid") && json(start).any(|pair| is_number(&pair)) && has_signature(json(start));
    }
    if !start.first().is_some_and(u8::is_ascii_alphanumeric) {
        return false;
    }
    if cef(start).is_some() {
        return true;
    }
    let Some((word, _)) = until(cut(start, 16).0, b'=') else { return false };
    if word == b"id" || !word.iter().all(|&b| b.is_ascii_lowercase() || b == b'_') {
        return false;
    }
    has_signature(Pairs::new(start))
}

/// Whether these are the first fields of a line of `FortiOS`.
fn has_signature<'a>(pairs: impl Iterator<Item = Pair<'a>>) -> bool {
    let (mut product, mut kind) = (false, false);
    for pair in pairs {
        match pair.key {
            b"devid" | b"device_id" if is_foreign(pair.value) => return false,
            b"logid" | b"log_id" | b"devid" | b"logdesc" | b"device_id" => product = true,
            b"type" => kind = true,
            // FortiAuthenticator, and Sophos, begin alike.
            b"faclogindex" | b"log_component" | b"timezone" => return false,
            _ => {}
        }
    }
    product && kind
}

/// The pairs of `{"date":"2026-11-20","time":"22:41:07","devname":"fgt-1","logid":"0101039947","type":"event",…}`.
fn json(body: &[u8]) -> impl Iterator<Item = Pair<'_>> {
    Leaves::new(body).filter_map(|leaf| match leaf.path() {
        &[key] => Some(Pair { key, value: leaf.value, escape: leaf.escape }),
        _ => None,
    })
}

/// Whether a serial number is that of another product of Fortinet, as each begins with its product's letters.
fn is_foreign(serial: &[u8]) -> bool {
    [b"FAC".as_slice(), b"FE", b"FV", b"FMG", b"FAZ", b"FAD"].into_iter().any(|product| serial.starts_with(product))
}

/// The extension of `CEF:0|Fortinet|Fortigate|v7.4.9|00013|traffic:forward close|3|deviceExternalId=…`, its head maybe cut.
fn cef(body: &[u8]) -> Option<&[u8]> {
    let rest = body.strip_prefix(b"CEF:").unwrap_or(body);
    let mut rest = rest.strip_prefix(b" ").unwrap_or(rest).strip_prefix(b"0|Fortinet|Forti")?;
    let (product, _) = cut(rest, 4);
    if !product.eq_ignore_ascii_case(b"gate") && !product.eq_ignore_ascii_case(b"wifi") {
        return None;
    }
    for _ in 0..5 {
        rest = until(rest, b'|')?.1;
    }
    Some(rest)
}

fn parse(line: &Line<'_>, _: &mut Stamps, facts: &mut Facts) -> Option<()> {
    if !line.interest.is_everything() && no_concern(line, facts).is_some() {
        return Some(());
    }
    let mut fields = Fields::default();
    if let Some(extension) = cef(line.body) {
        Extension::new(extension).for_each(|pair| fields.put_cef(pair));
    } else if line.body.starts_with(b"{") {
        json(line.body).for_each(|pair| fields.put(pair));
    } else {
        Pairs::new(line.body).for_each(|pair| fields.put(pair));
    }
    // Only who asks to be let in can choose the name; elsewhere a key may well come twice.
    fields.torn &= matches!(fields.kind, None | Some((Pair { value: b"event", .. }, _)));
    // A line cut before it says what it is about.
    fields.kind.or(fields.action)?;
    fields.fill(line, facts);
    Some(())
}

/// Settles traffic that concerns no supplier without reading it whole. `None`: read on.
///
/// `date=2026-03-02 time=00:00:08 devname="fgt-1" devid="FG100F" eventtime=1772409608807048830 tz="+0100"
/// logid="0000000013" type="traffic" subtype="forward" level="notice" vd="root" srcip=10.12.33.9 … dstip=10.10.4.2 … user="…"`
///
/// The words in quotes, and what stands between them, are gone through up to the destination; behind the source the user is searched
/// for, and a key that stands inside quotes is none. A line with a backslash is left to the tokeniser.
fn no_concern(line: &Line<'_>, facts: &mut Facts) -> Option<()> {
    let (mut device, mut event_time, mut source, mut is_traffic): (&[u8], _, _, _) = (&[], None, None, false);
    let mut stretches = Stretches::new(line.body);
    let destination = loop {
        let text = stretches.rest();
        let (mut outside, inside) = stretches.next()?;
        if outside.len() <= KEY {
            is_traffic |= outside == b" type=" && inside == b"traffic";
            if is_traffic || outside != b" type=" {
                continue;
            }
            return None;
        }
        if outside.ends_with(b" devname=") {
            device.once(inside);
        }
        event_time = event_time.or_else(|| take(&mut outside, b" eventtime="));
        source = source.or_else(|| Some((take(&mut outside, b" srcip=")?, text)));
        if let Some(destination) = take(&mut outside, b" dstip=") {
            break destination;
        }
    };
    if !is_traffic || stretches.may_be_escaped() {
        return None;
    }
    let (source, text) = source?;
    let user = match USER.find(text) {
        Some(at) if !is_even(cut(text, at).0, b'"') => return None,
        Some(at) => quoted(text.get(at..)?.strip_prefix(b" user=")?)?.0,
        None => &[],
    };
    let ends = [source, destination].into_iter().map(ip);
    if line.interest.flow(ends, split_login(given(user), Escape::None).0) {
        return None;
    }
    let stamp = stamp::epoch(event_time?);
    if stamp == Stamp::None || device.is_empty() {
        return None;
    }
    facts.stamp = stamp;
    facts.device = line.text(device);
    facts.kind = Kind::Traffic;
    facts.no_concern = true;
    Some(())
}

/// The value of the pair that `text` begins with, if its key is `key` (with the blank before it and the `=`) and its value stands without
/// quotes; `text` goes on behind it.
#[expect(clippy::inline_always, reason = "a key that is seen to be a constant is compared in one go")]
#[inline(always)]
fn take<'a, const N: usize>(text: &mut &'a [u8], key: &[u8; N]) -> Option<&'a [u8]> {
    let value = text.strip_prefix(key)?;
    let (value, rest) = cut(value, first(value, b' ')?);
    *text = rest;
    Some(value)
}

/// What stands in the quotes that `text` begins with, and what follows them. A value with a backslash is left to the tokeniser.
fn quoted(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let inside = text.strip_prefix(b"\"")?;
    let (value, rest) = cut(inside, first_of(inside, b'"', b'\\')?);
    Some((value, rest.strip_prefix(b"\"")?))
}

/// A value that means something: the device writes `N/A`, `(null)` and `none` for nothing.
pub(super) fn given(value: &[u8]) -> &[u8] {
    if matches!(value, b"N/A" | b"n/a" | b"(null)" | b"none" | b"-") { &[] } else { value }
}

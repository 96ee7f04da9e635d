//! Approvals: somebody was granted access for a while.

use super::{Fields, target};
use crate::atoms::{Pair, cut, find, trim_start};
use crate::{About, Facts, Line, Stamp, Text, stamp};

/// Reads a granted approval; a request, a refusal or a closing leaves the line what it is: somebody did something.
///
/// `object="<Approval(uid='19a9ff', status=1, begin=2026-11-20 22:30:00, end=2026-11-21 00:30:00, quorum=1)>" infos="status ['3' to '1']"`
pub(super) fn approval<'a>(line: &Line<'a>, fields: &Fields<'a>, facts: &mut Facts) {
    let texts = [fields.infos, fields.object];
    let find = |names: &[&str]| texts.into_iter().find_map(|text| names.iter().find_map(|name| value(text, name))).unwrap_or_default();
    if !granted(find(&["status"]).value) {
        return;
    }
    facts.about = Some(About::Approval);
    facts.by = facts.user;
    (facts.user, facts.domain, facts.source_ip) = (Text::default(), Text::default(), None);
    let requester = find(&["requester", "user_name", "userName", "username", "user"]);
    line.login(requester.value, requester.escape, facts);
    target(line, find(&["target_name", "targetName", "target"]), facts);
    facts.from = time(find(&["begin", "start"]).value);
    facts.until = time(find(&["end"]).value);
}

/// The state's number or name; a change is told as `'3' to '1'`.
fn granted(status: &[u8]) -> bool {
    let now = match find(status, b" to ") {
        Some(at) => cut(status, at + 4).1,
        None => status,
    };
    let word = |b: &u8| b.is_ascii_alphanumeric();
    let start = now.iter().position(word).unwrap_or(now.len());
    let (_, now) = cut(now, start);
    let (now, _) = cut(now, now.iter().take_while(|&b| word(b)).count());
    now == b"1" || [b"accepted" as &[u8], b"approved", b"granted"].iter().any(|granted| now.eq_ignore_ascii_case(granted))
}

/// What stands behind a name: `begin=2026-11-20 22:30:00,`, `uid='19a9ff'`, `status ['3' to '1']`, `begin [2026-11-20 22:30:00]`.
fn value<'a>(text: Pair<'a>, name: &str) -> Option<Pair<'a>> {
    let mut from = 0;
    loop {
        let rest = text.value.get(from..)?;
        let at = find(rest, name.as_bytes())?;
        let (before, found) = cut(rest, at);
        let (_, after) = cut(found, name.len());
        let alone = before.last().is_none_or(|b| !b.is_ascii_alphanumeric() && *b != b'_' && *b != b'\'');
        let (after, sign) = match (after, trim_start(after)) {
            ([b'=', after @ ..], _) => (after, true),
            (_, [b'[', ..]) => (trim_start(after), true),
            _ => (after, false),
        };
        if alone && sign {
            let (after, end): (_, &[u8]) = match after {
                [b'[', after @ ..] => (after, b"]"),
                [b'\'', after @ ..] => (after, b"'"),
                _ => (after, b",)>"),
            };
            let length = after.iter().position(|b| end.contains(b)).unwrap_or(after.len());
            return Some(Pair { key: &[], value: cut(after, length).0, escape: text.escape });
        }
        from += at + name.len();
    }
}

/// `2026-11-20 22:30:00`, in the bastion's own zone.
fn time(text: &[u8]) -> Stamp {
    stamp::any(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_in_all_dresses() {
        let text = b"<Approval(uid='19a9ff', status=1, weekend=no, begin=2026-11-20 22:30:00, end=2026-11-21 00:30:00)> target [a@local@b:SSH], state ['3' to '1']";
        let pair = Pair { value: text, ..Pair::default() };
        for (name, expected) in [
            ("uid", Some("19a9ff")),
            ("status", Some("1")),
            ("begin", Some("2026-11-20 22:30:00")),
            ("end", Some("2026-11-21 00:30:00")),
            ("target", Some("a@local@b:SSH")),
            ("state", Some("'3' to '1'")),
            ("quorum", None),
        ] {
            assert_eq!(value(pair, name).map(|pair| String::from_utf8_lossy(pair.value).into_owned()).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn states() {
        for (status, expected) in [
            ("1", true),
            ("'3' to '1'", true),
            ("pending to accepted", true),
            ("'1' to '3'", false),
            ("3", false),
            ("11", false),
            ("accepted to closed", false),
            ("", false),
        ] {
            assert_eq!(granted(status.as_bytes()), expected, "{status}");
        }
    }
}

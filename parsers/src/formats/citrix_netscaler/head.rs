//! The box's own head: date in one of three orders, name, packet engine, feature, message name, number.

use memchr::memchr;

use crate::atoms::{cut, find, ip, number, trim_start, until};
use crate::stamp::Civil;
use crate::{Line, Stamp, Stamps, stamp};

/// What stands before a message's text.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Head<'a> {
    stamp: &'a [u8],
    gmt: bool,
    pub(super) host: &'a [u8],
    pub(super) feature: &'a [u8],
    pub(super) name: &'a [u8],
    pub(super) text: &'a [u8],
}

/// `11/20/2026:21:41:07`
const STAMP: usize = 19;

impl<'a> Head<'a> {
    /// Reads `11/20/2026:21:41:07 GMT ns-1 0-PPE-0 : default SSLVPN LOGIN 4711 0 : …`, with zone, name, partition and feature left
    /// out as it comes, the whole in quotes or not, and the message alone.
    pub(super) fn read(body: &'a [u8]) -> Option<Head<'a>> {
        let quoted = body.strip_prefix(b"\"").map(|inside| inside.strip_suffix(b"\"").unwrap_or(inside));
        let body = quoted.unwrap_or(body);
        // A glance first: a digit, a `<facility.severity>`, or a word.
        let mut rest = body;
        if rest.starts_with(b"<") {
            rest = trim_start(until(rest, b'>')?.1);
        }
        if !is_stamp(rest)
            && let Some((word, after)) = until(rest, b' ')
            && ip(word).is_some()
        {
            rest = trim_start(after);
        }
        let mut head = Head::default();
        let stamped = is_stamp(rest);
        // `ns-1 0-PPE-0 : default SSLVPN …`: a relay took the stamp away.
        if stamped || find(cut(rest, 48).0, b"PPE-").is_some() {
            let (stamp, after) = cut(rest, if stamped { STAMP } else { 0 });
            head.stamp = stamp;
            let (place, message) = cut(after, find(after, b" : ")?);
            rest = message.get(3..)?;
            for word in place.split(|&b| b == b' ').filter(|word| !word.is_empty()) {
                match word {
                    b"GMT" | b"UTC" => head.gmt = true,
                    _ if find(word, b"PPE-").is_some() => {}
                    _ if head.host.is_empty() => head.host = word,
                    _ => {}
                }
            }
        }
        head.message(rest, !stamped)
    }

    /// `default SSLVPN LOGIN 4711 0 :  text`. `bare`: no stamp has told the box yet, so all of it must be there.
    fn message(mut self, message: &'a [u8], bare: bool) -> Option<Head<'a>> {
        let mut words = message;
        loop {
            let (word, rest) = until(trim_start(words), b' ')?;
            if !word.is_empty() && word.iter().all(u8::is_ascii_digit) {
                // The number of the message, one of the cluster, a colon.
                let (second, rest) = until(trim_start(rest), b' ')?;
                let text = trim_start(rest).strip_prefix(b":")?;
                let known = !self.name.is_empty() && second.iter().all(u8::is_ascii_digit);
                self.text = trim_start(text);
                return (known && (!bare || is_name(self.name))).then_some(self);
            }
            let upper = is_name(word);
            let partition =
                words.len() == message.len() && word.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
            if !upper && !partition {
                return None;
            }
            // The partition comes first, and in small letters or as it was named.
            match (self.name.is_empty(), upper) {
                (true, true) => self.name = word,
                (false, true) if self.feature.is_empty() => (self.feature, self.name) = (self.name, word),
                (false, _) => return None,
                (true, false) => {}
            }
            words = rest;
        }
    }

    /// The stamp. Of `07/08/2026` the syslog head decides which is the month; where there is none, it comes first (the default).
    pub(super) fn stamp(&self, line: &Line<'a>, stamps: &mut Stamps) -> Stamp {
        let day_first = match stamp::any(line.head.stamp) {
            Stamp::Yearless { month, .. } => Some(month) == two(self.stamp, 3) && Some(month) != two(self.stamp, 0),
            _ => false,
        };
        stamps.body(
            self.stamp,
            match (day_first, self.gmt) {
                (false, false) => |text| read(text, false, None),
                (false, true) => |text| read(text, false, Some(0)),
                (true, false) => |text| read(text, true, None),
                (true, true) => |text| read(text, true, Some(0)),
            },
        )
    }
}

/// Names of features and messages.
fn is_name(word: &[u8]) -> bool {
    word == b"Message" || word.len() > 1 && word.iter().all(|&b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

fn is_stamp(text: &[u8]) -> bool {
    text.len() >= STAMP
        && text.first().is_some_and(u8::is_ascii_digit)
        && matches!(
            cut(text, STAMP).0,
            [_, _, b'/', _, _, b'/', _, _, _, _, b':', _, _, b':', _, _, b':', _, _]
                | [_, _, _, _, b'/', _, _, b'/', _, _, b':', _, _, b':', _, _, b':', _, _]
        )
        && memchr(b' ', cut(text, STAMP).0).is_none()
}

fn two(text: &[u8], at: usize) -> Option<u8> {
    text.get(at..at + 2).and_then(number)
}

fn read(text: &[u8], day_first: bool, offset: Option<i32>) -> Stamp {
    let part = |at| two(text, at).unwrap_or(u8::MAX);
    let year = |at: usize| text.get(at..at + 4).and_then(number);
    let (year, month, day) = if text.get(4) == Some(&b'/') {
        (year(0), part(5), part(8))
    } else if day_first || part(0) > 12 {
        (year(6), part(3), part(0))
    } else {
        (year(6), part(0), part(3))
    };
    if year.is_none() {
        return Stamp::None;
    }
    Civil { year, month, day, hour: part(11), minute: part(14), second: part(17), offset, ..Civil::default() }.stamp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads() {
        for (body, expected) in [
            ("11/20/2026:21:41:07 GMT ns-1 0-PPE-0 : default SSLVPN LOGIN 4711 0 :  text", Some(("ns-1", "SSLVPN", "LOGIN", "text"))),
            ("11/20/2026:21:41:07 GMT ns-1 PPE-0 : SSLVPN LOGOUT 4711 0 : text", Some(("ns-1", "SSLVPN", "LOGOUT", "text"))),
            ("\"2026/11/20:21:41:07  ns-1 0-PPE-0 : default TCP CONN_DELINK 4711 0 :  text", Some(("ns-1", "TCP", "CONN_DELINK", "text"))),
            ("11/20/2026:21:41:07   0-PPE-0 : default AAA Message 4711 0 :  text", Some(("", "AAA", "Message", "text"))),
            (
                "<local0.info> 192.0.2.1 11/20/2026:21:41:07 GMT ns 0-PPE-0 : UI CMD_EXECUTED 47 0 : t",
                Some(("ns", "UI", "CMD_EXECUTED", "t")),
            ),
            ("default CMD_EXECUTED 4711 0 :  text", Some(("", "", "CMD_EXECUTED", "text"))),
            ("SSLVPN LOGIN 4711 0 : text", Some(("", "SSLVPN", "LOGIN", "text"))),
            ("ns-1 0-PPE-0 : default SSLVPN LOGIN 4711 0 : text", Some(("ns-1", "SSLVPN", "LOGIN", "text"))),
            ("0-PPE-0 : default AAA Message 4711 0 : text", Some(("", "AAA", "Message", "text"))),
            ("0-PPE-0 : somebody else's words", None),
            ("a user 17 0 : text", None),
            ("session opened for 17 0 : x", None),
            ("11/20/2026:21:41:07 GMT ns-1 0-PPE-0 : and so on", None),
            ("", None),
        ] {
            let found = Head::read(body.as_bytes()).map(|head| {
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                (text(head.host), text(head.feature), text(head.name), text(head.text))
            });
            assert_eq!(found, expected.map(|(a, b, c, d)| (a.to_owned(), b.to_owned(), c.to_owned(), d.to_owned())), "{body}");
        }
    }

    #[test]
    fn orders_of_a_date() {
        let expected = stamp::any(b"2026-11-20 21:41:07");
        for text in ["11/20/2026:21:41:07", "20/11/2026:21:41:07", "2026/11/20:21:41:07"] {
            assert_eq!(read(text.as_bytes(), false, None), expected, "{text}");
        }
        assert_eq!(read(b"07/08/2026:21:41:07", false, None), stamp::any(b"2026-07-08 21:41:07"));
        assert_eq!(read(b"07/08/2026:21:41:07", true, Some(0)), stamp::any(b"2026-08-07T21:41:07Z"));
        assert_eq!(read(b"13/13/2026:21:41:07", false, None), Stamp::None);
    }
}

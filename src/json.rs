//! JSON lines that are safe to show: control, bidi and escape characters never leave unescaped.
//!
//! Log lines are written by attackers too. `serde_json` escapes the C0 controls; a terminal or a
//! reader's eye is also misled by DEL, C1, line separators, bidi marks and zero-width characters.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};

/// `serde_json`'s compact form with the characters of [`is_hostile`] written as `\uXXXX`.
struct Safe(CompactFormatter);

impl Formatter for Safe {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut plain = 0;
        for (at, c) in fragment.char_indices().filter(|&(_, c)| is_hostile(c)) {
            writer.write_all(fragment.get(plain..at).unwrap_or_default().as_bytes())?;
            let mut units = [0u16; 2];
            for unit in c.encode_utf16(&mut units) {
                write!(writer, "\\u{unit:04x}")?;
            }
            plain = at + c.len_utf8();
        }
        self.0.write_string_fragment(writer, fragment.get(plain..).unwrap_or_default())
    }
}

/// Whether a character could steer a terminal, reorder what is read, or hide: DEL, C1, soft hyphen,
/// zero-width and joiner marks, line and paragraph separators, bidi controls, BOM, tags.
pub fn is_hostile(c: char) -> bool {
    matches!(c,
        '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// A text for people: characters that steer a terminal or mislead the eye are written as `\u{…}`.
pub fn printable(text: &str) -> String {
    let is_plain = |c: char| !c.is_control() && !is_hostile(c);
    text.chars().flat_map(|c| if is_plain(c) { vec![c] } else { c.escape_unicode().collect() }).collect()
}

/// Appends `value` to `out` as one line of JSON with its line end.
///
/// # Errors
/// Those of the value's own `Serialize`; none for the types of this crate.
pub fn line(value: &impl Serialize, out: &mut Vec<u8>) -> serde_json::Result<()> {
    value.serialize(&mut Serializer::with_formatter(&mut *out, Safe(CompactFormatter)))?;
    out.push(b'\n');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_characters_leave_escaped_and_come_back() {
        let text = "a\u{1b}[31m\u{202e}x\u{7f}\u{85}\u{2028}é\u{200b}\u{e0041}\"\\";
        let mut out = Vec::new();
        line(&text, &mut out).unwrap();
        let written = String::from_utf8(out).unwrap();
        assert_eq!(written, "\"a\\u001b[31m\\u202ex\\u007f\\u0085\\u2028é\\u200b\\udb40\\udc41\\\"\\\\\"\n");
        assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
    }
}

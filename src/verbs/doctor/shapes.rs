//! Shapes of lines: what is left of a line when everything is gone that could be somebody's.
//!
//! Only words of a fixed vocabulary of logs are ever shown, the names of programs that a syslog head gives with their pid, message
//! ids, and keys of fields that many lines have. No frequency makes a word harmless: the account of a robot stands in every
//! line of it.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use parsers::{Line, atoms};
use serde::Serialize;

use crate::register::SupplierNames;

/// Words that logs are made of, and that are nobody's name.
static VOCABULARY: LazyLock<HashSet<&str>> = LazyLock::new(|| include_str!("vocabulary.txt").split_whitespace().collect());

/// What begins something that somebody typed, or the title of a window.
const TYPED: &[&str] = &[
    "data=",
    "text=",
    "cmd=",
    "cmd:",
    "command=",
    "command:",
    "command_line",
    "commandline",
    "title=",
    "title:",
    "keystroke",
    "kbd_input",
    "key sequence",
    "key_sequence",
    "typed",
    "clipboard",
    "new process",
    "password=",
    "password:",
    "passwd=",
    "pwd=",
    "secret=",
];

/// Shapes that are told apart; where there are more, the rarest are forgotten.
const SHAPES: usize = 2000;

/// Shapes that are shown.
const SHOWN: usize = 10;

/// A key of many lines is a key; one of a few may be anything.
const MANY: u64 = 20;

/// Pieces of a line that are looked at, and characters of a shape that are shown.
const PIECES: usize = 120;
const LONGEST: usize = 160;

/// Between these stands a key that is shown only where many lines have it.
const KEY: char = '\u{1}';

/// A shape with its number of lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Shape {
    /// At least so many.
    pub lines: u64,
    pub shape: String,
}

/// The shapes of one source's unparsed lines.
#[derive(Default)]
pub(super) struct Shapes {
    shapes: HashMap<Box<str>, u64>,
    /// Lines by the keys that they hold.
    keys: HashMap<Box<str>, u64>,
}

impl Shapes {
    pub(super) fn add(&mut self, line: &Line<'_>) {
        let shape = masked(line);
        for key in keys_of(&shape).collect::<HashSet<&str>>() {
            count(&mut self.keys, key);
        }
        count(&mut self.shapes, &shape);
    }

    pub(super) fn most_frequent(self) -> Vec<Shape> {
        let Shapes { shapes, keys } = self;
        let names = SupplierNames::default();
        let is_harmless = |key: &str| {
            let frequent = keys.get(key).is_some_and(|&lines| lines >= MANY);
            frequent && key.len() <= 24 && !key.contains('.') && !names.matches(&key.to_lowercase(), None, None)
        };
        let mut all: Vec<(Box<str>, u64)> = shapes.into_iter().collect();
        all.sort_by(|a, b| (Reverse(a.1), &a.0).cmp(&(Reverse(b.1), &b.0)));
        all.truncate(SHOWN);
        all.into_iter().map(|(shape, lines)| Shape { lines, shape: with_keys(&shape, is_harmless) }).collect()
    }
}

/// Counts one more. Where there are too many, everything loses what the rarest has: what keeps coming stays.
fn count(counted: &mut HashMap<Box<str>, u64>, what: &str) {
    if let Some(lines) = counted.get_mut(what) {
        *lines += 1;
        return;
    }
    if counted.len() >= SHAPES {
        let least = counted.values().min().copied().unwrap_or(0);
        counted.retain(|_, lines| {
            *lines -= least;
            *lines > 0
        });
    }
    counted.insert(what.into(), 1);
}

/// The keys in a shape that are no words of the vocabulary.
fn keys_of(shape: &str) -> impl Iterator<Item = &str> {
    shape.split(KEY).skip(1).step_by(2)
}

/// A shape with its keys, or with placeholders in their place.
fn with_keys(shape: &str, is_harmless: impl Fn(&str) -> bool) -> String {
    let mut shown = String::new();
    for (at, part) in shape.split(KEY).enumerate() {
        shown += if at % 2 == 1 && !is_harmless(part) { "<key>" } else { part };
    }
    match shown.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", shown.get(..end).unwrap_or_default()),
        None => shown,
    }
}

fn masked(line: &Line<'_>) -> String {
    let head = &line.head;
    let mut shape = String::new();
    for (part, placeholder) in [(head.stamp, "<time> "), (head.host, "<host> ")] {
        if !part.is_empty() {
            shape += placeholder;
        }
    }
    if !head.app.is_empty() {
        // What bears a pid is a program; any other word with a colon may be a name.
        let app = String::from_utf8_lossy(head.app);
        shape += if !head.pid.is_empty() || is_known(&app) { &*app } else { "<program>" };
        shape += if head.pid.is_empty() { ": " } else { "[#]: " };
    }
    let body = String::from_utf8_lossy(line.body);
    let lower = body.to_lowercase();
    let typed = TYPED.iter().filter_map(|begin| lower.find(begin)).min().filter(|_| lower.len() == body.len());
    let (plain, hidden) = match typed {
        Some(at) => (body.get(..at).unwrap_or_default(), true),
        None => (&*body, TYPED.iter().any(|begin| lower.contains(begin))),
    };
    let plain = if typed.is_none() && hidden { "" } else { plain };
    pieces(plain, &mut shape);
    if hidden {
        shape += parsers::HIDDEN;
    }
    shape.trim_end().to_owned()
}

/// Masks a text piece by piece.
fn pieces(text: &str, shape: &mut String) {
    let mut rest = text;
    for _ in 0..PIECES {
        let Some(first) = rest.chars().next() else { return };
        let quote = matches!(first, '"' | '\'').then_some(first);
        if let Some(quote) = quote
            && let Some((_, inside)) = rest.split_at_checked(first.len_utf8())
        {
            let (value, behind) = inside.split_once(quote).unwrap_or((inside, ""));
            // A key of JSON stands in quotes too.
            if behind.trim_start().starts_with(':') && is_key(value) {
                key(value, shape);
            } else {
                push(shape, "\"…\"");
            }
            rest = behind;
            continue;
        }
        if is_separator(first) || first == ':' {
            if !(first.is_whitespace() && shape.ends_with(' ')) {
                shape.push(if first.is_whitespace() { ' ' } else { first });
            }
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
            continue;
        }
        let end = rest.find(|c: char| is_separator(c) || matches!(c, '"')).unwrap_or(rest.len());
        let (piece, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
        if behind.starts_with('=') && is_key(piece) {
            key(piece, shape);
        } else {
            word(piece, shape);
        }
        rest = behind;
    }
    shape.push('…');
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')' | '[' | ']' | '{' | '}' | '<' | '>' | '|' | '=')
}

/// Whether a text can be the key of a field.
fn is_key(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
}

fn key(text: &str, shape: &mut String) {
    if is_known(text) {
        shape.push_str(text);
    } else {
        shape.extend([KEY]);
        shape.push_str(text);
        shape.extend([KEY]);
    }
}

/// A piece between separators, with the punctuation at its end.
fn word(piece: &str, shape: &mut String) {
    let bare = piece.trim_end_matches([':', '.', '!', '?']);
    let tail = piece.get(bare.len()..).unwrap_or_default();
    if bare.is_empty() {
        shape.push_str(piece);
        return;
    }
    let is_message_id =
        bare.starts_with('%') && bare.bytes().skip(1).all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'));
    if is_known(bare) || (is_message_id && bare.bytes().any(|b| b.is_ascii_digit())) {
        shape.push_str(bare);
    } else if atoms::ip_port(bare.as_bytes()).is_some() {
        push(shape, "<address>");
    } else if bare.bytes().any(|b| b.is_ascii_digit())
        && bare.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_punctuation() || matches!(b, b'T' | b'Z'))
    {
        push(shape, "#");
    } else {
        push(shape, "<word>");
    }
    shape.push_str(tail);
}

/// Whether all parts of a word are words that logs are made of.
fn is_known(word: &str) -> bool {
    word.split(['_', '-']).all(|part| VOCABULARY.contains(part.to_lowercase().as_str()))
}

/// Writes a placeholder, once where the same stands in front already: names have any number of words.
fn push(shape: &mut String, placeholder: &str) {
    if shape.trim_end().ends_with(placeholder) {
        shape.truncate(shape.trim_end().len());
    } else {
        shape.push_str(placeholder);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parsers::Interest;

    fn shape(line: &str) -> String {
        let interest = Interest::everything();
        let mut shapes = Shapes::default();
        for _ in 0..MANY {
            shapes.add(&Line::new(line.as_bytes(), &interest));
        }
        shapes.most_frequent().remove(0).shape
    }

    #[test]
    fn what_could_be_somebodys_is_gone() {
        for (line, expected) in [
            (
                "Nov 20 22:41:07 gw-1 portal[91]: user jean.dupont logged in from 198.51.100.23:4711 (2001:db8::1)",
                "<time> <host> portal[#]: user <word> logged in from <address> (<address>)",
            ),
            ("dupont: session opened", "<word>: session opened"),
            ("Nov 20 22:41:07 gw-1 dupont: session opened", "<time> <host> <program>: session opened"),
            ("session of Dupont Jean-Pierre Martin closed after 12.5 seconds", "session of <word> closed after # seconds"),
            (r#"login="Jean Dupont" src_ip=198.51.100.23 zq_level=3 2026-11-20T22:41:07Z"#, r#"login="…" src_ip=<address> zq_level=#"#),
            (r#"{"user":"dupont","zqx":{"ip":"198.51.100.23"},"n":4}"#, r#"{user:"…",zqx:{ip:"…"},n:#}"#),
            ("GHT\\dupont dupont@ght.example connected", "<word> connected"),
            ("audit user=dupont KBD_INPUT secret words of dupont", "audit user=<word> […]"),
            ("%FOO-3-1234: user dupont denied", "%FOO-3-1234: user <word> denied"),
            ("'dupont' refused", "\"…\" refused"),
            ("it's \"never closed dupont", "<word> \"…\""),
        ] {
            assert_eq!(shape(line), expected, "{line}");
        }
    }

    #[test]
    fn a_key_is_shown_where_many_lines_have_it() {
        let interest = Interest::everything();
        let mut shapes = Shapes::default();
        for at in 0..MANY {
            shapes.add(&Line::new(format!("zqx=yv user=b dupont{at}=c").as_bytes(), &interest));
            shapes.add(&Line::new(b"zqx=yv user=b", &interest));
        }
        let shown: Vec<String> = shapes.most_frequent().into_iter().map(|shape| shape.shape).collect();
        assert_eq!(shown[0], "zqx=<word> user=<word>");
        assert!(shown[1..].iter().all(|shape| shape == "zqx=<word> user=<word> <key>=<word>"), "{shown:?}");
    }

    #[test]
    fn memory_is_bounded_and_what_keeps_coming_stays() {
        let interest = Interest::everything();
        let mut shapes = Shapes::default();
        for at in 0..5 * SHAPES {
            shapes.add(&Line::new(format!("k{at}=1").as_bytes(), &interest));
            shapes.add(&Line::new(b"session closed", &interest));
        }
        assert!(shapes.shapes.len() <= SHAPES && shapes.keys.len() <= SHAPES);
        assert_eq!(shapes.most_frequent()[0].shape, "session closed");
    }

    #[test]
    fn the_vocabulary_is_sorted_out() {
        assert!(VOCABULARY.len() > 400);
        for name in ["martin", "petit", "grant", "page", "mark", "rose", "noel", "blanc", "roux", "fontaine", "will", "bill", "marchand"] {
            assert!(!VOCABULARY.contains(name), "{name}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_name_no_address_no_quoted_word_leaves(
            parts in proptest::collection::vec(proptest::sample::select(vec![
                "user", "session", " ", "\"", "'", "=", ":", ",", "[", "]", "(", "<134>", "Nov 20 22:41:07", "gw", "portal[9]:", "zqdupont", "Zqdupont",
                "GHT\\zqdupont", "zqdupont@ght", "198.51.100.23", "198.51.100.23:443", "{", "}", "\\", "data=", "é",
            ]), 0..24),
        ) {
            let interest = Interest::everything();
            let mut shapes = Shapes::default();
            let line = parts.join(" ");
            shapes.add(&Line::new(line.as_bytes(), &interest));
            let shown: String = shapes.most_frequent().into_iter().map(|shape| shape.shape.to_lowercase()).collect();
            proptest::prop_assert!(!shown.contains("zqdupont") && !shown.contains("198.51") , "{} → {}", line, shown);
        }
    }
}

//! Mistakes in what people write: where, what stood there, what was expected, and the nearest valid name.
//!
//! Nothing here stops at the first one: whoever reads a file hands in a list and goes on.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

/// A place in a text: line and column, both from 1, the column in characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Line, from 1.
    pub line: u32,
    /// Character of the line, from 1.
    pub column: u32,
}

/// One mistake in a file that people write.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// The file, as it was named.
    pub file: Arc<str>,
    /// Where in it.
    pub place: Place,
    /// What stood there, what was expected, and the nearest valid name, in one sentence.
    pub message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.place.line, self.place.column, self.message)
    }
}

impl std::error::Error for Mistake {}

/// What is wrong with one value: the reader of a value knows this much, its caller knows the place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Character of the value where it goes wrong, from 1; 0 = the value as a whole.
    pub column: u32,
    /// What was expected and what was found.
    pub message: String,
}

impl From<String> for Problem {
    fn from(message: String) -> Problem {
        Problem { column: 0, message }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.column {
            0 => f.write_str(&self.message),
            column => write!(f, "at character {column}: {}", self.message),
        }
    }
}

/// A growing list of mistakes that several readers share.
#[derive(Debug, Default)]
pub struct Mistakes(RefCell<Vec<Mistake>>);

impl Mistakes {
    /// Takes one more down.
    pub fn push(&self, file: &Arc<str>, place: Place, message: String) {
        self.0.borrow_mut().push(Mistake { file: Arc::clone(file), place, message });
    }

    /// All of them, by file and place.
    pub fn into_sorted(self) -> Vec<Mistake> {
        let mut list = self.0.into_inner();
        list.sort();
        list.dedup();
        list
    }
}

/// The valid name that `word` most likely stands for; `None` if none is near.
///
/// Near is a distance (insertions, deletions, changes, swaps of neighbours; case ignored) of at most a
/// third of the length, or a beginning that only one name has. Names of one or two letters resemble
/// everything, so they have no nearest.
pub fn nearest<'a>(word: &str, valid: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const LONGEST: usize = 100;
    if word.len() > LONGEST {
        return None;
    }
    let word = word.to_lowercase();
    let valid: Vec<&str> = valid.into_iter().collect();
    let mut begun = valid.iter().filter(|name| word.len() > 2 && name.to_lowercase().starts_with(&word));
    if let (Some(name), None) = (begun.next(), begun.next()) {
        return Some(name);
    }
    let distances = valid.into_iter().map(|name| (strsim::osa_distance(&word, &name.to_lowercase()), name));
    let (distance, name) = distances.min_by_key(|&(distance, _)| distance)?;
    let length = word.chars().count().min(name.chars().count());
    let limit = if length <= 2 { 0 } else { length.div_ceil(3) };
    (distance <= limit).then_some(name)
}

/// `; did you mean "name"?` where a valid name is near, else nothing.
pub fn did_you_mean<'a>(word: &str, valid: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, valid).map_or_else(String::new, |name| format!("; did you mean \"{name}\"?"))
}

/// `"a", "b" or "c"`.
pub fn one_of<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let mut quoted: Vec<String> = words.into_iter().map(|word| format!("\"{word}\"")).collect();
    match quoted.pop() {
        None => "nothing".to_owned(),
        Some(last) if quoted.is_empty() => last,
        Some(last) => format!("{} or {last}", quoted.join(", ")),
    }
}

/// A text in quotes for a message: control characters escaped, long ones cut.
pub fn quoted(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut characters = text.chars();
    let start: String = characters.by_ref().take(LONGEST).collect();
    let more = if characters.next().is_some() { "…" } else { "" };
    format!("\"{}{more}\"", start.escape_debug())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_offered_only_when_near() {
        for (word, valid, expected) in [
            ("acounts", &["accounts", "access"][..], Some("accounts")),
            ("hoilidays", &["hours", "holidays"], Some("holidays")),
            ("Kind", &["kind"], Some("kind")),
            ("colour", &["hours", "holidays"], None),
            ("FR-alsace", &["FR", "FR-alsace-moselle"], Some("FR-alsace-moselle")),
            ("FR-s", &["FR-saint-martin", "FR-saint-barthelemy"], None),
            ("sfinx", &["chimere", "sphinx"], Some("sphinx")),
            ("DE", &["FR", "none"], None),
            ("", &["a"], None),
            ("x", &[], None),
        ] {
            assert_eq!(nearest(word, valid.iter().copied()), expected, "{word}");
        }
        assert_eq!(nearest(&"x".repeat(1_000_000), ["x"]), None);
    }

    #[test]
    fn lists_of_words_read_like_a_sentence() {
        assert_eq!(one_of(["a"]), "\"a\"");
        assert_eq!(one_of(["a", "b", "c"]), "\"a\", \"b\" or \"c\"");
    }
}

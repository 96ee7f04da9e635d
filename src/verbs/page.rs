//! A page for people: sentences, rows and tables of at most 100 columns, calm and aligned.

use std::fmt;

use crate::json::printable;

/// Columns of a page.
pub const COLUMNS: usize = 100;

/// A page as it grows. What it is given may come from a log: nothing in it steers the terminal.
#[derive(Debug, Default)]
pub struct Page(String);

impl Page {
    /// A sentence of its own.
    pub fn sentence(&mut self, text: &str) {
        for line in wrapped(&printable(text), COLUMNS) {
            self.0.push_str(&line);
            self.0.push('\n');
        }
    }

    /// A heading, after a blank line.
    pub fn heading(&mut self, text: &str) {
        if !self.0.is_empty() {
            self.0.push('\n');
        }
        self.sentence(text);
    }

    /// A sentence below a heading.
    pub fn indented(&mut self, text: &str) {
        for line in wrapped(&printable(text), COLUMNS - 2) {
            self.0.push_str("  ");
            self.0.push_str(&line);
            self.0.push('\n');
        }
    }

    /// Rows of label and text, the texts below one another. A label that is empty goes on with the one above.
    pub fn rows<L: AsRef<str>, T: AsRef<str>>(&mut self, rows: &[(L, T)]) {
        let shown: Vec<(String, String)> = rows.iter().map(|(label, text)| (printable(label.as_ref()), printable(text.as_ref()))).collect();
        let width = shown.iter().map(|(label, _)| columns(label)).max().unwrap_or(0).min(COLUMNS / 3);
        for (label, text) in &shown {
            let mut label = label.as_str();
            for line in wrapped(text, COLUMNS - width - 4) {
                self.0.push_str(format!("  {label:<width$}  {line}").trim_end());
                self.0.push('\n');
                label = "";
            }
        }
    }

    /// Rows of columns, those of the last column as long as there is room. Columns named in `right` are numbers.
    pub fn table(&mut self, head: &[&str], rows: &[Vec<String>], right: &[usize]) {
        let last = head.len().saturating_sub(1);
        let cell = |row: &[String], at: usize| row.get(at).map(|text| printable(text)).unwrap_or_default();
        let widest =
            |at: usize| rows.iter().map(|row| columns(&cell(row, at))).chain(head.get(at).map(|head| columns(head))).max().unwrap_or(0);
        let widths: Vec<usize> = (0..last).map(|at| widest(at).min(COLUMNS / 3)).collect();
        let before: usize = widths.iter().map(|width| width + 2).sum::<usize>() + 2;
        let heads: Vec<String> = head.iter().map(ToString::to_string).collect();
        for row in std::iter::once(&heads).filter(|heads| heads.iter().any(|head| !head.is_empty())).chain(rows) {
            let mut start = String::from("  ");
            for (at, &width) in widths.iter().enumerate() {
                let text = shortened(&cell(row, at), width);
                let aligned = if right.contains(&at) { format!("{text:>width$}  ") } else { format!("{text:<width$}  ") };
                start.push_str(&aligned);
            }
            for line in wrapped(&cell(row, last), COLUMNS.saturating_sub(before).max(COLUMNS / 4)) {
                self.0.push_str(format!("{start}{line}").trim_end());
                self.0.push('\n');
                start = " ".repeat(before);
            }
        }
    }

    /// Something to be taken as it is, by a shell or a file: it is never broken, however long.
    pub fn verbatim(&mut self, text: &str) {
        self.0.push_str("    ");
        self.0.push_str(&printable(text));
        self.0.push('\n');
    }
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn columns(text: &str) -> usize {
    text.chars().count()
}

/// The beginning of a text that is too long for its column.
fn shortened(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

/// A text in lines of at most `width`, broken at blanks where there are any; one empty line for an empty text.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in text.split(' ') {
        let length = columns(word);
        if used > 0 && used + 1 + length > width {
            lines.push(std::mem::take(&mut line));
            used = 0;
        } else if !line.is_empty() {
            line.push(' ');
            used += 1;
        }
        for c in word.chars() {
            if used == width {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push(c);
            used += 1;
        }
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_wider_than_the_page_and_nothing_is_lost() {
        let long = format!("{} and {}", "word ".repeat(60).trim(), "x".repeat(260));
        let mut page = Page::default();
        page.sentence(&long);
        page.rows(&[("label", &*long), ("", "more")]);
        page.table(&["name", "n", "what"], &[vec!["a".into(), "12".into(), long.clone()], vec!["b".repeat(50)]], &[1]);
        let text = page.to_string();
        assert!(text.lines().all(|line| columns(line) <= COLUMNS && line.trim_end() == line), "{text}");
        assert_eq!(text.matches('x').count(), 3 * 260);
        assert!(text.contains("\n  name "), "{text}");
    }

    #[test]
    fn what_a_log_says_does_not_steer_the_terminal() {
        let mut page = Page::default();
        page.sentence("a\u{1b}[31mb");
        page.rows(&[("c", "d\u{202e}e")]);
        page.verbatim("f\ng");
        assert_eq!(page.to_string(), "a\\u{1b}[31mb\n  c  d\\u{202e}e\n    f\\u{a}g\n");
    }
}

//! Columns: CSV and its relatives.

use super::{cut, first, trim, until};
use crate::Escape;

/// One column of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Column<'a> {
    /// Without its quotes.
    pub value: &'a [u8],
    /// [`Escape::Doubled`] if it stood in quotes.
    pub escape: Escape,
}

/// The columns of a row: set apart by one byte, quoted ones with `""` for a quote (RFC 4180). A quote that nothing closes
/// runs to the end of the line.
#[derive(Clone, Debug)]
pub struct Columns<'a> {
    rest: Option<&'a [u8]>,
    separator: u8,
}

impl<'a> Columns<'a> {
    /// The columns of `row`.
    pub fn new(row: &'a [u8], separator: u8) -> Columns<'a> {
        Columns { rest: Some(row), separator }
    }

    /// What follows the columns read so far; `None` behind the last one.
    pub fn rest(&self) -> Option<&'a [u8]> {
        self.rest
    }
}

impl<'a> Iterator for Columns<'a> {
    type Item = Column<'a>;

    fn next(&mut self) -> Option<Column<'a>> {
        let text = self.rest?;
        if let [b'"', inside @ ..] = text {
            let end = closing(inside);
            self.rest = until(cut(inside, end + 1).1, self.separator).map(|(_, rest)| rest);
            return Some(Column { value: cut(inside, end).0, escape: Escape::Doubled });
        }
        let (value, rest) = until(text, self.separator).map_or((text, None), |(value, rest)| (value, Some(rest)));
        self.rest = rest;
        Some(Column { value: trim(value), escape: Escape::None })
    }
}

/// Where the closing quote stands; the length where there is none.
fn closing(text: &[u8]) -> usize {
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| first(rest, b'"')).map(|at| from + at) {
        if text.get(at + 1) != Some(&b'"') {
            return at;
        }
        from = at + 2;
    }
    text.len()
}

/// The first `N` columns of a row, for layouts that count them.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a, const N: usize> {
    columns: [Column<'a>; N],
    len: usize,
}

impl<'a, const N: usize> Row<'a, N> {
    /// Reads the beginning of `row`.
    pub fn new(row: &'a [u8], separator: u8) -> Row<'a, N> {
        let mut columns = [Column::default(); N];
        let mut len = 0;
        for (to, column) in columns.iter_mut().zip(Columns::new(row, separator)) {
            *to = column;
            len += 1;
        }
        Row { columns, len }
    }

    /// The column number `at`, from 0; empty where the row has not so many.
    pub fn at(&self, at: usize) -> Column<'a> {
        self.columns.get(at).copied().unwrap_or_default()
    }

    /// Its value.
    pub fn value(&self, at: usize) -> &'a [u8] {
        self.at(at).value
    }

    /// How many columns were read, at most `N`.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_with_and_without_quotes() {
        for (row, expected) in [
            ("a,b,,d", vec!["a", "b", "", "d"]),
            (r#"a,"b,c","say ""x""",d"#, vec!["a", "b,c", "say \"x\"", "d"]),
            ("a, b ,c ", vec!["a", "b", "c"]),
            (r#""a" ,b"#, vec!["a", "b"]),
            (r#"a,"never closed,b"#, vec!["a", "never closed,b"]),
            ("", vec![""]),
            (",", vec!["", ""]),
        ] {
            let found: Vec<String> = Columns::new(row.as_bytes(), b',')
                .map(|column| String::from_utf8_lossy(&column.escape.undo(column.value)).into_owned())
                .collect();
            assert_eq!(found, expected, "{row}");
        }
    }

    #[test]
    fn a_row_has_as_many_columns_as_there_are() {
        let row = Row::<4>::new(b"a,b", b',');
        assert_eq!(
            (row.len(), row.value(0), row.value(1), row.value(2), row.value(9)),
            (2, b"a".as_slice(), b"b".as_slice(), b"".as_slice(), b"".as_slice())
        );
        assert_eq!(Row::<2>::new(b"a,b,c", b',').len(), 2);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_come_to_an_end(bytes in proptest::collection::vec(proptest::sample::select(b"a,\" \\\xff".as_slice()), 0..60)) {
            proptest::prop_assert!(Columns::new(&bytes, b',').count() <= bytes.len() + 1);
        }
    }
}

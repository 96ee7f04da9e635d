//! `[[sink]]`: where alerts go.

use std::path::{Path, PathBuf};

use super::not_yet;
use crate::alert::Severity;
use crate::mistake::Mistakes;
use crate::toml_reader::Table;

/// Where alerts go.
#[derive(Clone, Debug)]
pub struct Sink {
    /// To what.
    pub kind: SinkKind,
    /// In what form.
    pub form: Form,
    /// The least severity that goes there.
    pub min_severity: Severity,
}

/// What alerts go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SinkKind {
    /// Standard output.
    Stdout,
    /// A file, appended to.
    File(PathBuf),
    /// A syslog collector, not built yet.
    Syslog,
    /// An HTTP endpoint, not built yet.
    Http,
}

/// In what form an alert is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// JSON with ECS field names.
    #[default]
    Ecs,
    /// OCSF, not built yet.
    Ocsf,
    /// CEF, not built yet.
    Cef,
    /// A line for people, not built yet.
    Human,
}

#[derive(Clone, Copy)]
enum Kind {
    Stdout,
    File,
    Syslog,
    Http,
}

const KINDS: &[(&str, Kind)] = &[("stdout", Kind::Stdout), ("file", Kind::File), ("syslog", Kind::Syslog), ("http", Kind::Http)];
const FORMS: &[(&str, Form)] = &[("ecs", Form::Ecs), ("ocsf", Form::Ocsf), ("cef", Form::Cef), ("human", Form::Human)];

/// Reads one `[[sink]]`.
pub(super) fn read(mut table: Table<'_>, folder: &Path, later: &Mistakes) -> Option<Sink> {
    table.need(&["kind"]);
    let kind = table.word("kind", KINDS);
    let kind = kind.and_then(|kind| match kind {
        Kind::Stdout => Some(SinkKind::Stdout),
        Kind::File => {
            table.need(&["path"]);
            table.text("path").map(|path| SinkKind::File(folder.join(&*path.value)))
        }
        Kind::Syslog => {
            table.text("address");
            not_yet(&table, "kind = \"syslog\"", later);
            Some(SinkKind::Syslog)
        }
        Kind::Http => {
            table.text("url");
            not_yet(&table, "kind = \"http\"", later);
            Some(SinkKind::Http)
        }
    });
    let form = table.word("format", FORMS).unwrap_or_default();
    if form != Form::Ecs {
        not_yet(&table, "a format other than \"ecs\"", later);
    }
    let severities = Severity::ALL.map(|severity| (severity.word(), severity));
    let min_severity = table.word("min_severity", &severities).unwrap_or(Severity::Info);
    table.finish();
    Some(Sink { kind: kind?, form, min_severity })
}

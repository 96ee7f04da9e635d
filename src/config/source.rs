//! `[[source]]`: one stream of log lines.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::tz::TimeZone;
use parsers::FormatId;

use super::format::Read;
use super::not_yet;
use crate::calendar::read_zone;
use crate::mistake::{Mistakes, did_you_mean, quoted};
use crate::register::Defaults;
use crate::toml_reader::{Table, Text};

/// One stream of log lines.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its name in alerts.
    pub name: Arc<str>,
    /// Where it comes from.
    pub kind: SourceKind,
    /// The only format to read it with; `None` = whichever recognises the line.
    pub format: Option<FormatId>,
    /// Zone of stamps that carry none.
    pub zone: TimeZone,
    /// Year of the first line, where stamps carry none (replay).
    pub year: Option<i32>,
    /// Id of the site it belongs to.
    pub site: Option<Text>,
    /// Keystrokes, window titles and command lines may leave with the lines that hold them.
    pub keystrokes: bool,
}

/// Where a source comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// Files; the path may hold `*` and `?`.
    File(PathBuf),
    /// Standard input.
    Stdin,
    /// A syslog socket, not built yet.
    Syslog,
}

#[derive(Clone, Copy)]
enum Kind {
    File,
    Stdin,
    Syslog,
}

const KINDS: &[(&str, Kind)] = &[("file", Kind::File), ("stdin", Kind::Stdin), ("syslog", Kind::Syslog)];

/// Reads one `[[source]]`. `formats` are those of the configuration, and the built-in ones.
pub(super) fn read(
    mut table: Table<'_>,
    folder: &Path,
    defaults: &Defaults,
    formats: &Read,
    names: &mut HashSet<Arc<str>>,
    later: &Mistakes,
) -> Option<Source> {
    table.need(&["name", "kind"]);
    let name = table.text("name");
    if let Some(name) = &name {
        table.unique("the source name", name, names);
    }
    let kind = table.word("kind", KINDS).and_then(|kind| match kind {
        Kind::File => {
            table.need(&["path"]);
            table.text("path").map(|path| SourceKind::File(folder.join(&*path.value)))
        }
        Kind::Stdin => Some(SourceKind::Stdin),
        Kind::Syslog => {
            syslog(&mut table, later);
            Some(SourceKind::Syslog)
        }
    });
    let format = table.read("format", |text| format_of(text, formats)).flatten();
    let zone = table.read("time_zone", read_zone).unwrap_or_else(|| defaults.zone.clone());
    let year = table.integer("year", 2000..=2199).and_then(|year| i32::try_from(year).ok());
    let site = table.text("site");
    let keystrokes = table.boolean("keystrokes").unwrap_or(false);
    table.finish();
    Some(Source { name: name?.value, kind: kind?, format, zone, year, site, keystrokes })
}

fn format_of(text: &str, Read { formats, names, .. }: &Read) -> Result<Option<FormatId>, String> {
    // One that is written with mistakes is told already.
    if text == "auto" || (names.iter().any(|name| &**name == text) && formats.by_name(text).is_none()) {
        return Ok(None);
    }
    formats.by_name(text).map(Some).ok_or_else(|| {
        let hint = did_you_mean(text, names.iter().map(|name| &**name).chain(formats.names()).chain(["auto"]));
        format!("there is no format {}{hint} (`nightporter list formats` shows all)", quoted(text))
    })
}

/// The keys of a syslog socket: checked, and kept for when sockets are built.
fn syslog(table: &mut Table<'_>, later: &Mistakes) {
    table.need(&["listen"]);
    table.read("listen", |text| {
        let socket = ["udp://", "tcp://", "tls://"].iter().find_map(|scheme| text.strip_prefix(scheme));
        let is_address = |address: &str| address.parse::<std::net::SocketAddr>().is_ok();
        if text == "fd" || socket.is_some_and(is_address) {
            return Ok(());
        }
        Err(format!("expected \"udp://0.0.0.0:514\", \"tcp://…\", \"tls://…\" or \"fd\", found {}", quoted(text)))
    });
    table.size("max_frame");
    table.integer("max_connections", 1..=1_000_000);
    if let Some(mut tls) = table.table("tls") {
        tls.need(&["cert", "key"]);
        for key in ["cert", "key", "client_ca"] {
            tls.text(key);
        }
        tls.finish();
    }
    not_yet(table, "kind = \"syslog\"", later);
}

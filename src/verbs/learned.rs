//! `nightporter learned`: what the rules have learned of suppliers, by the last snapshot of a watch.

use std::fmt::Write;

use serde::Serialize;

use super::daybook::zone_of;
use super::watch;
use crate::cli::Learned as Args;
use crate::json;
use crate::mistake::did_you_mean;
use crate::rules::Learned;
use crate::setup::{Setup, Trouble};
use crate::zone::rfc3339_in;

/// One thing that was learned, as a line of JSON.
#[derive(Serialize)]
struct Row {
    supplier: String,
    rule: &'static str,
    #[serde(flatten)]
    learned: Learned,
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<String>,
}

/// What was learned of a supplier, or of all: a table, or lines of JSON.
///
/// # Errors
/// No state is kept, no watch has kept any yet, or no such supplier.
pub fn run(args: &Args) -> Result<Vec<u8>, Trouble> {
    let setup = Setup::load(&args.common)?;
    let Some(folder) = &setup.config.state else {
        return Err(Trouble::Usage("nothing is kept: name a folder as `state` in the configuration, and watch for a while".into()));
    };
    let Some(state) = watch::remembered(folder).map_err(Trouble::Fault)? else {
        return Err(Trouble::Usage(format!("{} holds no snapshot: no watch has kept anything there yet", folder.display())));
    };
    let mut suppliers: Vec<_> = state.suppliers.iter().filter(|(id, _)| !id.is_empty()).collect();
    suppliers.sort_unstable_by(|a, b| a.0.cmp(b.0));
    if let Some(only) = &args.supplier {
        let known: Vec<&str> = suppliers.iter().map(|(id, _)| &***id).chain(setup.register.supplier_ids()).collect();
        if !known.contains(&&**only) {
            return Err(Trouble::Usage(format!("nothing is known of a supplier \"{only}\"{}", did_you_mean(only, known))));
        }
        suppliers.retain(|(id, _)| ***id == **only);
    }
    let mut rows = Vec::new();
    for (id, supplied) in suppliers {
        let zone = zone_of(&setup, id);
        let learned = setup.rules.learned(&supplied.memory, state.watermark);
        rows.extend(learned.into_iter().map(|(rule, learned)| {
            let last = learned.last.map(|last| rfc3339_in(last, &zone));
            Row { supplier: id.to_string(), rule, learned, last }
        }));
    }
    if args.json {
        let mut lines = Vec::new();
        for row in &rows {
            json::line(row, &mut lines).map_err(|error| Trouble::Usage(format!("learned: {error}")))?;
        }
        return Ok(lines);
    }
    Ok(table(&rows).into_bytes())
}

fn table(rows: &[Row]) -> String {
    if rows.is_empty() {
        return "nothing was learned yet\n".into();
    }
    let supplier = rows.iter().map(|row| row.supplier.chars().count()).max().unwrap_or(0);
    let rule = rows.iter().map(|row| row.rule.len()).max().unwrap_or(0);
    let what = rows.iter().map(|row| row.learned.what.len()).max().unwrap_or(0);
    rows.iter().fold(String::new(), |mut table, row| {
        let Learned { what: kind, value, count, .. } = &row.learned;
        // Names of targets come from log lines.
        let (id, value) = (json::printable(&row.supplier), json::printable(value));
        let _ = write!(table, "{id:<supplier$}  {:<rule$}  {kind:<what$}  {value}", row.rule);
        if let Some(count) = count {
            let _ = write!(table, " ({count} session{})", if *count == 1 { "" } else { "s" });
        }
        if let Some(last) = &row.last {
            let _ = write!(table, ", last {last}");
        }
        table.push('\n');
        table
    })
}

//! An entry of the daybook from and to its line of JSON.

use jiff::tz::TimeZone;
use parsers::Time;
use serde_json::{Value, json};

use super::entry::{Close, Cut, Entry, Exception, Lift, Maintenance, Unlearn, Window};
use super::fields::Fields;
use crate::mistake::{Problem, did_you_mean, one_of, quoted};
use crate::zone::rfc3339_in;

const KINDS: &[&str] = &["window", "close", "cut", "lift", "exception", "maintenance", "unlearn"];

impl Entry {
    /// Reads one line: a JSON object with `at`, `by`, `reason`, `entry`, and what that entry needs.
    ///
    /// # Errors
    /// The first thing that is wrong with it; the line is to be reported and left out.
    pub fn read(line: &str) -> Result<Entry, Problem> {
        let mut fields = Fields::read(line)?;
        let kind = fields.text("entry")?;
        if !KINDS.contains(&&*kind) {
            let (expected, hint) = (one_of(KINDS.iter().copied()), did_you_mean(&kind, KINDS.iter().copied()));
            return Err(format!("entry: expected {expected}, found {}{hint}", quoted(&kind)).into());
        }
        let (at, by, reason) = (fields.time("at")?, fields.text("by")?, fields.text("reason")?);
        let entry = match &*kind {
            "window" => {
                let (id, supplier) = (fields.text("id")?, fields.text("supplier")?);
                let accounts = fields.texts("accounts")?.iter().map(|login| login.to_lowercase().into()).collect();
                let (from, until) = period(&mut fields)?;
                Entry::Window(Window { at, id, supplier, accounts, from, until, ticket: fields.optional_text("ticket")?, by, reason })
            }
            "close" => Entry::Close(Close { at, window: fields.text("window")?, by, reason }),
            "cut" => Entry::Cut(Cut { at, supplier: fields.text("supplier")?, by, reason }),
            "lift" => Entry::Lift(Lift { at, supplier: fields.text("supplier")?, by, reason }),
            "exception" => {
                let (rule, supplier) = (fields.text("rule")?, fields.text("supplier")?);
                Entry::Exception(Exception { at, rule, supplier, until: fields.time_or_date("until")?, by, reason })
            }
            "unlearn" => {
                let (supplier, what) = (fields.text("supplier")?, fields.optional_text("what")?);
                Entry::Unlearn(Unlearn { at, supplier, what, by, reason })
            }
            _ => {
                let source = fields.text("source")?;
                let (from, until) = period(&mut fields)?;
                Entry::Maintenance(Maintenance { at, source, from, until, by, reason })
            }
        };
        fields.finish()?;
        Ok(entry)
    }

    /// The line of JSON, without line end; times with the offset of a zone.
    pub fn to_json_line(&self, zone: &TimeZone) -> String {
        let time = |time: Time| json!(rfc3339_in(time, zone));
        // In the order in which people read it.
        let mut line: Vec<String> = Vec::new();
        let mut put = |key: &str, value: Value| line.push(format!("\"{key}\":{value}"));
        put("at", time(self.at()));
        put("by", json!(self.by()));
        match self {
            Entry::Window(window) => {
                put("entry", json!("window"));
                put("id", json!(window.id));
                put("supplier", json!(window.supplier));
                if !window.accounts.is_empty() {
                    put("accounts", json!(window.accounts));
                }
                put("from", time(window.from));
                put("until", time(window.until));
                if let Some(ticket) = &window.ticket {
                    put("ticket", json!(ticket));
                }
            }
            Entry::Close(close) => {
                put("entry", json!("close"));
                put("window", json!(close.window));
            }
            Entry::Cut(cut) => {
                put("entry", json!("cut"));
                put("supplier", json!(cut.supplier));
            }
            Entry::Lift(lift) => {
                put("entry", json!("lift"));
                put("supplier", json!(lift.supplier));
            }
            Entry::Exception(exception) => {
                put("entry", json!("exception"));
                put("rule", json!(exception.rule));
                put("supplier", json!(exception.supplier));
                put("until", json!(exception.until.text(zone)));
            }
            Entry::Unlearn(unlearn) => {
                put("entry", json!("unlearn"));
                put("supplier", json!(unlearn.supplier));
                if let Some(what) = &unlearn.what {
                    put("what", json!(what));
                }
            }
            Entry::Maintenance(maintenance) => {
                put("entry", json!("maintenance"));
                put("source", json!(maintenance.source));
                put("from", time(maintenance.from));
                put("until", time(maintenance.until));
            }
        }
        put("reason", json!(self.reason()));
        format!("{{{}}}", line.join(","))
    }
}

fn period(fields: &mut Fields) -> Result<(Time, Time), Problem> {
    let (from, until) = (fields.time("from")?, fields.time("until")?);
    if until <= from { Err("until: expected a time after \"from\"".to_owned().into()) } else { Ok((from, until)) }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;

    use super::*;
    use crate::calendar::read_zone;
    use crate::register::{Defaults, Register, SupplierNames};

    const LINES: &[&str] = &[
        r#"{"at":"2026-11-18T22:28:00+01:00","by":"claire","entry":"window","id":"w-0007","supplier":"chimere","accounts":["fourn.chimere"],"from":"2026-11-18T22:30:00+01:00","until":"2026-11-19T00:30:00+01:00","ticket":"INC-4512","reason":"blocked prescriptions"}"#,
        r#"{"at":"2026-11-18T22:28:00+01:00","by":"claire","entry":"window","id":"w-0008","supplier":"chimere","from":"2026-11-18T22:30:00.5+01:00","until":"2026-11-19T00:30:00+01:00","reason":"é \"x\"\n"}"#,
        r#"{"at":"2026-11-18T23:50:00+01:00","by":"claire","entry":"close","window":"w-0007","reason":"done"}"#,
        r#"{"at":"2026-12-03T10:00:00+01:00","by":"yann","entry":"cut","supplier":"*","reason":"supplier under attack"}"#,
        r#"{"at":"2026-12-08T09:00:00+01:00","by":"yann","entry":"lift","supplier":"chimere","reason":"attested clean"}"#,
        r#"{"at":"2026-12-01T08:00:00+01:00","by":"yann","entry":"exception","rule":"new-origin","supplier":"chimere","until":"2027-01-31","reason":"office move"}"#,
        r#"{"at":"2026-12-01T08:00:00+01:00","by":"yann","entry":"exception","rule":"new-origin","supplier":"chimere","until":"2027-01-31T12:00:00+01:00","reason":"office move"}"#,
        r#"{"at":"2026-12-01T08:00:00+01:00","by":"yann","entry":"maintenance","source":"fw-site3","from":"2026-12-05T02:00:00+01:00","until":"2026-12-05T05:00:00+01:00","reason":"firmware"}"#,
        r#"{"at":"2026-12-01T08:00:00+01:00","by":"yann","entry":"unlearn","supplier":"chimere","what":"targets","reason":"that was the intruder"}"#,
        r#"{"at":"2026-12-01T08:00:00+01:00","by":"yann","entry":"unlearn","supplier":"chimere","reason":"new team"}"#,
    ];

    #[test]
    fn what_is_written_is_what_was_read() {
        let paris = read_zone("Europe/Paris").unwrap();
        for line in LINES {
            let entry = Entry::read(line).unwrap();
            let written = entry.to_json_line(&paris);
            assert_eq!(Entry::read(&written), Ok(entry), "{written}");
            assert_eq!(written, *line);
        }
    }

    #[test]
    fn what_is_wrong_with_a_line_is_said() {
        let window = LINES[0];
        let wrong = |from: &str, to: &str| window.replace(from, to);
        let said: Vec<String> = [
            window.chars().take(100).collect(),
            wrong("\"window\"", "\"windw\""),
            wrong("\"window\"", "7"),
            wrong("\"supplier\"", "\"suplier\""),
            wrong("\"ticket\"", "\"tiket\""),
            wrong("2026-11-18T22:28:00+01:00", "2026-11-31T22:28:00+01:00"),
            wrong("2026-11-18T22:28:00+01:00", "18/11/2026 22:28"),
            wrong("2026-11-18T22:30:00+01:00", "2026-11-18T22:30:00"),
            wrong("2026-11-18T22:30:00+01:00", "2026-11-20T22:30:00+01:00"),
            wrong("[\"fourn.chimere\"]", "\"fourn.chimere\""),
            wrong("\"blocked prescriptions\"", "\"\""),
            LINES[5].replace("2027-01-31", "2027-02-31"),
            "window for chimere".to_owned(),
            "[]".to_owned(),
            String::new(),
        ]
        .iter()
        .map(|line| Entry::read(line).unwrap_err().to_string())
        .collect();
        assert_snapshot!(said.join("\n"), @r#"
        at character 100: the line is cut off: expected a whole JSON object (EOF while parsing a value)
        entry: expected "window", "close", "cut", "lift", "exception", "maintenance" or "unlearn", found "windw"; did you mean "window"?
        entry: expected a text, found 7
        lacks the key "supplier"; "suplier" stands there instead
        unknown key "tiket"; did you mean "ticket"?
        at: expected a time with its zone such as "2026-11-18T22:30:00+01:00", found "2026-11-31T22:28:00+01:00"
        at: expected a time with its zone such as "2026-11-18T22:30:00+01:00", found "18/11/2026 22:28"
        from: expected a time with its zone such as "2026-11-18T22:30:00+01:00", found "2026-11-18T22:30:00"
        until: expected a time after "from"
        accounts: expected a list of texts such as ["fourn.chimere"], found "fourn.chimere"
        reason: expected a text, found ""
        until: expected a date such as "2027-01-31" or a time with its zone, found "2027-02-31"
        at character 1: expected a JSON object (expected value)
        expected one JSON object a line, found a list
        the line is cut off: expected a whole JSON object (EOF while parsing a value)
        "#);
    }

    #[test]
    fn unknown_names_are_said_with_the_nearest() {
        let files = [("register.toml".to_owned(), "[[supplier]]\nid = \"chimere\"\n[[supplier]]\nid = \"sphinx\"\n".to_owned())];
        let (register, _) = Register::read(&files, SupplierNames::default(), &Defaults::default());
        let check = |line: &str| {
            Entry::read(line)
                .unwrap()
                .check(&register, &["new-origin"], &["fw-site3"], &["hours", "targets"])
                .map_err(|problem| problem.message)
        };
        assert!(LINES.iter().all(|line| check(line).is_ok()));
        let said: Vec<String> = [
            check(&LINES[0].replace("\"chimere\"", "\"chimere1\"")),
            check(&LINES[0].replace("\"chimere\"", "\"*\"")),
            check(&LINES[5].replace("new-origin", "new-origins")),
            check(&LINES[7].replace("fw-site3", "fw-site-3")),
            check(&LINES[8].replace("targets", "target")),
        ]
        .into_iter()
        .map(Result::unwrap_err)
        .collect();
        assert_snapshot!(said.join("\n"), @r#"
        no supplier is called "chimere1"; did you mean "chimere"?
        no supplier is called "*"
        no rule is called "new-origins"; did you mean "new-origin"?
        no source is called "fw-site-3"; did you mean "fw-site3"?
        what: expected "hours" or "targets", found "target"; did you mean "targets"?
        "#);
    }

    proptest! {
        #[test]
        fn any_line_is_an_entry_or_a_problem(text in "\\PC{0,200}", cut in 0..300_usize, at in 0..10_usize) {
            let _ = Entry::read(&text);
            let line: String = LINES[at].chars().take(cut).collect();
            prop_assert_eq!(Entry::read(&line).is_ok(), line.len() == LINES[at].len());
        }
    }
}

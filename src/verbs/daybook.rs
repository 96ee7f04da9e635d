//! `nightporter window`, `cut`, `lift`: writing into the daybook, and reading from it.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

use jiff::civil::{DateTime, Time as TimeOfDay};
use jiff::tz::TimeZone;
use parsers::Time;
use parsers::time::DAY;

use crate::cli::{Cut as CutArgs, Signed, Unlearn as UnlearnArgs, WindowClose, WindowList, WindowOpen};
use crate::daybook::{ALL, Close, Cut, Daybook, Entry, Lift, Unlearn, Window};
use crate::fault::Fault;
use crate::mistake::{did_you_mean, one_of};
use crate::rules::LEARNS;
use crate::setup::{Setup, Trouble};
use crate::toml_reader::read_span;
use crate::zone::{rfc3339_in, time, zoned};

/// `window open`: what was written, for people.
///
/// # Errors
/// No daybook, no such supplier, a time that cannot be read, a cut in force, a disk that would not have it.
pub fn open(args: &WindowOpen, now: Time) -> Result<String, Trouble> {
    let (setup, daybook, path) = opened(&args.common)?;
    let supplier = supplier(&setup, &args.supplier, false)?;
    let zone = zone_of(&setup, &supplier);
    let signed = Signature::new(&args.signed, now)?;
    let from = match &args.from {
        None => signed.at,
        Some(text) => moment(text, &zone, now, &Nearest::Before)?,
    };
    let until = match read_span(&args.until) {
        Ok(span) => from.plus(span),
        Err(_) => moment(&args.until, &zone, from, &Nearest::After)?,
    };
    if until <= from {
        return Err(Trouble::Usage(format!("--until {}: the window would end before it begins", args.until)));
    }
    if let Some(cut) = daybook.cut(&supplier, from) {
        return Err(Trouble::Usage(format!(
            "{supplier} has been cut since {} ({}, {}): lift the cut first",
            rfc3339_in(cut.at, &zone),
            cut.by,
            cut.reason
        )));
    }
    let id: Arc<str> = daybook.next_window_id().into();
    let window = Window {
        at: signed.at,
        id: Arc::clone(&id),
        supplier: Arc::clone(&supplier),
        accounts: args.accounts.iter().map(|account| account.to_lowercase().into()).collect(),
        from,
        until,
        ticket: args.ticket.as_deref().map(Into::into),
        by: signed.by,
        reason: signed.reason,
    };
    let told = format!("{id}: {supplier} may come in from {} until {}\n", rfc3339_in(from, &zone), rfc3339_in(until, &zone));
    append(&path, &Entry::Window(window), &zone)?;
    Ok(told)
}

/// `window close`.
///
/// # Errors
/// As [`open`]; and no such window.
pub fn close(args: &WindowClose, now: Time) -> Result<String, Trouble> {
    let (setup, daybook, path) = opened(&args.common)?;
    let Some(window) = daybook.window(&args.window) else {
        let hint = did_you_mean(&args.window, daybook.windows().map(|window| &*window.id));
        return Err(Trouble::Usage(format!(
            "the daybook has no window \"{}\"{hint} (`nightporter window list --all` shows all)",
            args.window
        )));
    };
    let signed = Signature::new(&args.signed, now)?;
    let zone = zone_of(&setup, &window.supplier);
    let told = format!("{}: closed at {}\n", window.id, rfc3339_in(signed.at, &zone));
    append(&path, &Entry::Close(Close { at: signed.at, window: Arc::clone(&window.id), by: signed.by, reason: signed.reason }), &zone)?;
    Ok(told)
}

/// `window list`.
///
/// # Errors
/// As [`open`].
pub fn list(args: &WindowList, now: Time) -> Result<String, Trouble> {
    let (setup, daybook, _) = opened(&args.common)?;
    let mut list = String::new();
    for window in daybook.windows() {
        let end = daybook.end_of(window, now);
        if !args.all && end <= now {
            continue;
        }
        let zone = zone_of(&setup, &window.supplier);
        let state = if end <= now {
            "past"
        } else if window.from <= now {
            "open"
        } else {
            "to come"
        };
        let late = if window.at > window.from { " (declared afterwards)" } else { "" };
        let accounts = if window.accounts.is_empty() { String::new() } else { format!(" for {}", window.accounts.join(", ")) };
        let ticket = window.ticket.as_deref().map(|ticket| format!(" {ticket}")).unwrap_or_default();
        let _ = writeln!(
            list,
            "{:<8} {state:<8} {:<16} {} until {}{accounts}{ticket}: {} ({}){late}",
            window.id,
            window.supplier,
            rfc3339_in(window.from, &zone),
            rfc3339_in(end, &zone),
            window.reason,
            window.by
        );
    }
    if list.is_empty() {
        list.push_str(if args.all { "no window was ever opened\n" } else { "no window is open or to come (--all shows past ones)\n" });
    }
    Ok(list)
}

/// `cut`, and with `lift` of true `lift`.
///
/// # Errors
/// As [`open`].
pub fn cut(args: &CutArgs, lift: bool, now: Time) -> Result<String, Trouble> {
    let (setup, daybook, path) = opened(&args.common)?;
    let supplier = supplier(&setup, &args.supplier, true)?;
    let zone = zone_of(&setup, &supplier);
    let signed = Signature::new(&args.signed, now)?;
    let in_force = daybook.cut(&supplier, signed.at);
    let Signature { at, by, reason } = signed;
    let shown = rfc3339_in(at, &zone);
    if lift {
        if in_force.is_none() {
            return Err(Trouble::Usage(format!("{supplier} is not cut at {shown}: there is nothing to lift")));
        }
        append(&path, &Entry::Lift(Lift { at, supplier: Arc::clone(&supplier), by, reason }), &zone)?;
        return Ok(format!("{supplier}: the cut is lifted from {shown}\n"));
    }
    if let Some(cut) = in_force {
        return Err(Trouble::Usage(format!("{supplier} has been cut since {} ({}, {})", rfc3339_in(cut.at, &zone), cut.by, cut.reason)));
    }
    append(&path, &Entry::Cut(Cut { at, supplier: Arc::clone(&supplier), by, reason }), &zone)?;
    let mut told = format!("{supplier}: cut from {shown}; from now on each of its successes is a breach\n");
    if let Some(supplier) = setup.register.supplier(&supplier) {
        let mut also = |what: &str, names: Vec<String>| {
            if !names.is_empty() {
                let _ = writeln!(told, "to lock now, {what}: {}", names.join(", "));
            }
        };
        also("accounts", supplier.accounts.iter().map(|glob| glob.pattern().to_owned()).collect());
        also("groups", supplier.groups.iter().map(|glob| glob.pattern().to_owned()).collect());
        also("tunnel peers", supplier.peers.iter().map(ToString::to_string).collect());
        also("networks", supplier.networks.iter().map(ToString::to_string).collect());
    }
    Ok(told)
}

/// `unlearn`.
///
/// # Errors
/// As [`open`]; and nothing of that kind is learned.
pub fn unlearn(args: &UnlearnArgs, now: Time) -> Result<String, Trouble> {
    let (setup, _, path) = opened(&args.common)?;
    let supplier = supplier(&setup, &args.supplier, false)?;
    let kinds = LEARNS.concat();
    if let Some(what) = args.what.as_deref().filter(|what| !kinds.contains(what)) {
        let hint = did_you_mean(what, kinds.iter().copied());
        return Err(Trouble::Usage(format!("--what {what}: expected {}{hint}", one_of(kinds.iter().copied()))));
    }
    let Signature { at, by, reason } = Signature::new(&args.signed, now)?;
    let what = args.what.as_deref();
    append(
        &path,
        &Entry::Unlearn(Unlearn { at, supplier: Arc::clone(&supplier), what: what.map(Into::into), by, reason }),
        &zone_of(&setup, &supplier),
    )?;
    Ok(format!(
        "{supplier}: {} is forgotten\n",
        what.map_or_else(|| "all that was learned".to_owned(), |what| format!("what was learned of its {what}"))
    ))
}

/// Who decided what, when.
struct Signature {
    at: Time,
    by: Arc<str>,
    reason: Arc<str>,
}

impl Signature {
    fn new(signed: &Signed, now: Time) -> Result<Signature, Trouble> {
        let at = match &signed.at {
            None => Time(now.0 - now.0.rem_euclid(parsers::time::SECOND)),
            Some(text) => text
                .parse()
                .map(time)
                .map_err(|_| Trouble::Usage(format!("--at {text}: expected a time such as 2026-11-20T22:41:07+01:00")))?,
        };
        for (option, text) in [("--by", &signed.by), ("--reason", &signed.reason)] {
            if text.trim().is_empty() {
                return Err(Trouble::Usage(format!("{option} is empty: the daybook says who decided, and why")));
            }
        }
        Ok(Signature { at, by: signed.by.as_str().into(), reason: signed.reason.as_str().into() })
    }
}

/// The configuration, the daybook as it stands, and its path. Lines that cannot be read are left alone.
fn opened(common: &crate::cli::Common) -> Result<(Setup, Daybook, std::path::PathBuf), Trouble> {
    let setup = Setup::load(common)?;
    let Some(path) = setup.config.daybook.clone() else {
        return Err(Trouble::Usage("there is no daybook: name one with --daybook FILE, or in the configuration".into()));
    };
    let (entries, _) = setup.daybook().map_err(Trouble::Fault)?;
    let mut daybook = Daybook::default();
    for entry in entries {
        daybook.apply(entry);
    }
    Ok((setup, daybook, path))
}

fn supplier(setup: &Setup, id: &str, or_all: bool) -> Result<Arc<str>, Trouble> {
    if or_all && id == ALL {
        return Ok(ALL.into());
    }
    if !setup.register.is_declared() {
        return Ok(id.to_lowercase().into());
    }
    setup.register.supplier(id).map(|supplier| Arc::clone(&supplier.id)).ok_or_else(|| {
        let hint = did_you_mean(id, setup.register.supplier_ids());
        Trouble::Usage(format!("the register has no supplier \"{id}\"{hint}"))
    })
}

/// The zone in which people speak of a supplier's times.
pub(super) fn zone_of(setup: &Setup, supplier: &str) -> TimeZone {
    match setup.register.supplier(supplier) {
        Some(supplier) => setup.register.calendars.zone(supplier.calendar).clone(),
        None => setup.config.defaults.zone.clone(),
    }
}

/// Which day a time of day is meant on.
enum Nearest {
    /// The latest that has passed.
    Before,
    /// The next to come.
    After,
}

/// A moment as people type it: RFC 3339, a local date and time, or a time of day.
fn moment(text: &str, zone: &TimeZone, around: Time, nearest: &Nearest) -> Result<Time, Trouble> {
    if let Ok(instant) = text.parse() {
        return Ok(time(instant));
    }
    let at = |civil: DateTime| civil.to_zoned(zone.clone()).ok().map(|zoned| time(zoned.timestamp()));
    if let Some(found) = text.replace(' ', "T").parse().ok().and_then(at) {
        return Ok(found);
    }
    let of_day = |time_of_day: TimeOfDay| {
        let today = zoned(around, zone).date();
        let found = at(today.to_datetime(time_of_day))?;
        Some(match nearest {
            Nearest::Before if found > around => at(zoned(around.minus(DAY), zone).date().to_datetime(time_of_day))?,
            Nearest::After if found <= around => at(today.tomorrow().ok()?.to_datetime(time_of_day))?,
            _ => found,
        })
    };
    let padded = if text.len() == 4 { format!("0{text}") } else { text.to_owned() };
    padded
        .parse()
        .ok()
        .and_then(of_day)
        .ok_or_else(|| Trouble::Usage(format!("\"{text}\": expected a time such as 00:30, 2026-11-20 22:30 or 2026-11-20T22:30:00+01:00")))
}

/// Appends an entry in one write; a last line without its end is ended first.
fn append(path: &Path, entry: &Entry, zone: &TimeZone) -> Result<(), Trouble> {
    let write = || -> std::io::Result<()> {
        let mut file = OpenOptions::new().create(true).read(true).append(true).open(path)?;
        let mut line = entry.to_json_line(zone);
        if !line.ends_with('\n') {
            line.push('\n');
        }
        if file.seek(SeekFrom::End(-1)).is_ok() {
            let mut last = [0u8];
            file.read_exact(&mut last)?;
            if last != *b"\n" {
                line.insert(0, '\n');
            }
        }
        file.write_all(line.as_bytes())?;
        file.sync_all()
    };
    write().map_err(|error| Trouble::Fault(Fault::new("write", path, error)))
}

//! What the doctor says of a source: for machines as JSON, for people as text.

use std::fmt;

use serde::Serialize;

use super::clock::Findings;
use super::examined::{Tellings, Told};
use super::shapes::Shape;
use crate::metrics::Tally;

/// What there is to say of one source.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    source: String,
    files: usize,
    received: u64,
    parsed: u64,
    unparsed: u64,
    blank: u64,
    truncated: u64,
    formats: Vec<Share>,
    events: Vec<Share>,
    time: Findings,
    missing: Vec<Missing>,
    suppliers: Suppliers,
    /// Lines with something private in them.
    private: u64,
    shapes: Vec<Shape>,
    verdict: Verdict,
    /// The verdict in a sentence.
    summary: String,
}

/// Lines of one kind.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Share {
    name: String,
    lines: u64,
    percent: f64,
}

impl Share {
    pub(super) fn of(name: &str, lines: u64, all: u64) -> Share {
        Share { name: name.to_owned(), lines, percent: percent(lines, all) }
    }
}

/// Something that lines do not tell.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Missing {
    /// What.
    fact: &'static str,
    /// Lines that do.
    told: u64,
    /// Lines that could.
    of: u64,
    /// Which lines these are.
    lines: &'static str,
    /// What is known of the reason.
    #[serde(skip_serializing_if = "str::is_empty")]
    why: &'static str,
}

/// Whose accounts were seen; numbers alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Suppliers {
    /// There is a register.
    pub declared: bool,
    /// Suppliers in it.
    pub in_register: usize,
    /// Of these, seen.
    pub seen: usize,
    /// Their accounts that were seen.
    pub accounts: usize,
    /// Accounts that nobody owns and that look like a supplier's.
    pub lookalikes: usize,
}

impl Missing {
    fn in_short(&self) -> String {
        let why = if self.why.is_empty() { String::new() } else { format!(" ({})", self.why) };
        match self.told {
            0 => format!("no {}{why}", self.fact),
            told => format!("{} in {told} of {} only{why}", self.fact, self.of),
        }
    }

    fn at_length(&self) -> String {
        let Missing { fact, told, of, lines, why } = self;
        let why = if why.is_empty() { String::new() } else { format!(" ({why})") };
        if *told == 0 { format!("no {fact} in {of} {lines}{why}") } else { format!("{fact} in {told} of {of} {lines} only{why}") }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    /// Nothing that matters is missing.
    Fit,
    /// Of use, with gaps.
    Gaps,
    /// Of no use for supplier accesses.
    #[default]
    Blind,
}

/// A user has to be told nearly always, an address mostly; the rest is often told by one line of several that a session has.
const ALWAYS: f64 = 90.0;
const MOSTLY: f64 = 50.0;
const BY_SOME: f64 = 25.0;

fn percent(part: u64, all: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a share for people")]
    let share = if all == 0 { 0.0 } else { part as f64 * 100.0 / all as f64 };
    (share * 10.0).round() / 10.0
}

impl Report {
    #[expect(clippy::too_many_arguments, reason = "the parts of a report")]
    pub(super) fn new(
        source: String,
        files: usize,
        tally: &Tally,
        formats: Vec<Share>,
        events: Vec<Share>,
        time: Findings,
        suppliers: Suppliers,
        shapes: Vec<Shape>,
    ) -> Report {
        let &Tally { parsed, unparsed, blank, truncated, .. } = tally;
        let received = tally.received();
        let (missing, verdict, summary) = (Vec::new(), Verdict::default(), String::new());
        Report {
            source,
            files,
            received,
            parsed,
            unparsed,
            blank,
            truncated,
            formats,
            events,
            time,
            missing,
            suppliers,
            private: 0,
            shapes,
            verdict,
            summary,
        }
    }

    /// With what the lines do not tell; `sessions` are how many began and how many ended, `masked` failed logins of a hidden user.
    pub(super) fn missing(mut self, tellings: &Tellings, sessions: (u64, u64), masked: u64) -> Report {
        let Tellings { user, source, mfa, assigned, session, bytes, device, time } = *tellings;
        let mut miss = |fact, Told { told, of }: Told, enough, lines| {
            if of > 0 && percent(told, of) < enough {
                self.missing.push(Missing { fact, told, of, lines, why: "" });
            }
        };
        miss("user", user, ALWAYS, "logins and session starts");
        miss("source address", source, MOSTLY, "logins and session starts");
        miss("second factor", mfa, BY_SOME, "successful logins");
        miss("assigned address", assigned, BY_SOME, "session starts");
        miss("session id", session, BY_SOME, "session starts and ends");
        let (starts, ends) = sessions;
        miss("session end", Told { of: starts, told: ends.min(starts) }, BY_SOME, "session starts");
        miss("bytes", bytes, BY_SOME, "session ends");
        miss("device name", device, MOSTLY, "lines");
        miss("time", time, ALWAYS, "lines");
        // Gateways hide the names of users that they do not know: who guesses passwords is not seen.
        if masked > 0 {
            self.missing.retain(|missing| missing.fact != "user");
            let hidden = Missing { fact: "user", told: user.told, of: user.of, lines: "logins and session starts", why: "masked as *****" };
            self.missing.insert(0, hidden);
        }
        self
    }

    /// With how many lines hold something private.
    pub(super) fn private(self, private: u64) -> Report {
        Report { private, ..self }
    }

    /// With a verdict.
    pub(super) fn judged(mut self) -> Report {
        (self.verdict, self.summary) = self.verdict();
        self
    }

    fn verdict(&self) -> (Verdict, String) {
        let lines = |word: &str| self.events.iter().find(|share| share.name == word).map_or(0, |share| share.lines);
        let accesses = lines("login_success") + lines("session_start");
        let lacks = |fact: &str| self.missing.iter().find(|missing| missing.fact == fact);
        let understood = percent(self.parsed, self.received - self.blank);
        let blind = |why: String| (Verdict::Blind, format!("blind: {why}"));
        if self.received == self.blank {
            return blind("there is no line in it".into());
        }
        if self.parsed == 0 {
            return blind("none of its lines is understood".into());
        }
        if understood < 50.0 {
            return blind(format!("only {} of its lines are understood", shown(understood)));
        }
        if accesses == 0 {
            return blind("its lines are understood, and there is no login or session start among them".into());
        }
        if lacks("user").is_some_and(|missing| missing.told == 0) {
            return blind("no login names its user".into());
        }
        if lacks("time").is_some_and(|missing| missing.told * 2 < missing.of) {
            return blind("its lines tell no time".into());
        }
        let mut gaps: Vec<String> = Vec::new();
        if self.time.fits == Some(false) {
            let offset = self.time.offset.as_deref().unwrap_or_default();
            gaps.push(format!("its stamps seem to be at {offset}, and are read in {}", self.time.configured));
        }
        if understood < 99.0 {
            gaps.push(format!("{} of its lines are not understood", shown(percent(self.unparsed, self.received - self.blank))));
        }
        gaps.extend(self.missing.iter().map(Missing::in_short));
        if gaps.is_empty() {
            (Verdict::Fit, "fit for use: who came in, from where, when and until when is told".into())
        } else {
            (Verdict::Gaps, format!("fit for use, with gaps: {}", gaps.join("; ")))
        }
    }
}

fn shown(percent: f64) -> String {
    format!("{percent} %")
}

fn counted(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shares = |shares: &[Share]| {
            shares.iter().map(|share| format!("{} {} ({})", share.name, share.lines, shown(share.percent))).collect::<Vec<_>>().join(", ")
        };
        let files = if self.files == 1 { String::new() } else { format!(" ({})", counted(self.files as u64, "file")) };
        writeln!(f, "{}{files}", crate::json::printable(&self.source))?;
        let Report { received, parsed, unparsed, blank, .. } = self;
        let understood = shown(percent(*parsed, received - blank));
        writeln!(f, "  lines      {received} received = {parsed} parsed ({understood}) + {unparsed} unparsed + {blank} blank")?;
        if self.truncated > 0 {
            writeln!(f, "             {} longer than 64 KiB, read by their beginning", self.truncated)?;
        }
        if *parsed > 0 {
            writeln!(f, "  formats    {}", shares(&self.formats))?;
            writeln!(f, "  events     {}", shares(&self.events))?;
        }
        self.fmt_time(f)?;
        for (at, missing) in self.missing.iter().enumerate() {
            writeln!(f, "  {:<11}{}", if at == 0 { "missing" } else { "" }, missing.at_length())?;
        }
        self.fmt_suppliers(f)?;
        if self.private > 0 {
            writeln!(f, "  private    {} with keystrokes or their like, which do not leave", counted(self.private, "line"))?;
        }
        for (at, Shape { lines, shape }) in self.shapes.iter().enumerate() {
            writeln!(f, "  {:<11}{lines:>6} x {shape}", if at == 0 { "unparsed" } else { "" })?;
        }
        writeln!(f, "  verdict    {}", self.summary)
    }
}

impl Report {
    fn fmt_time(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = &self.time;
        let (Some(first), Some(last)) = (&time.first, &time.last) else { return Ok(()) };
        let devices = if time.devices > 1 { format!(", {} devices", time.devices) } else { String::new() };
        writeln!(f, "  time       {first} to {last}{devices}")?;
        let offset = time.offset.as_deref().unwrap_or_default();
        let read_in = match time.fits {
            Some(true) => format!("as {} is", time.configured),
            _ => format!("but they are read in {}: set time_zone", time.configured),
        };
        let zone = match time.told_by {
            Some("stamp") => "the stamps name it".to_owned(),
            Some("relay") => format!("the stamps name none; against the collector's they are at {offset}, {read_in}"),
            Some(_) => format!("the stamps name none; if the file was closed at its last line, they are at {offset}, {read_in}"),
            None => format!("the stamps name none and nothing tells: read in {}", time.configured),
        };
        writeln!(f, "  zone       {zone}")?;
        let mut clock = Vec::new();
        if let Some((median, farthest)) = time.skew {
            let side = if median < 0 { "behind" } else { "ahead of" };
            clock.push(match (median, farthest) {
                (0, 0) => "the device's and the collector's agree".to_owned(),
                _ => format!("the device is {} s {side} the collector, give or take {farthest} s", median.abs()),
            });
        }
        if time.late > 0 {
            clock.push(format!("{} more than 2 min out of order (up to {} s)", counted(time.late, "line"), time.latest));
        }
        if time.ahead > 0 {
            clock.push(format!("{} more than a day ahead", counted(time.ahead, "leap")));
        }
        if clock.is_empty() {
            clock.push("in order".into());
        }
        writeln!(f, "  clock      {}", clock.join("; "))
    }

    fn fmt_suppliers(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Suppliers { declared, in_register, seen, accounts, lookalikes } = self.suppliers;
        let accounts_seen = counted(accounts as u64, "account");
        let look = if lookalikes == 1 { "looks" } else { "look" };
        let like = format!("{} {look} like a supplier's", counted(lookalikes as u64, "account"));
        if declared {
            let others = if lookalikes > 0 {
                format!("; {like}, and {} no entry", if lookalikes == 1 { "has" } else { "have" })
            } else {
                String::new()
            };
            writeln!(f, "  suppliers  {seen} of {in_register} in the register seen, with {accounts_seen}{others}")
        } else {
            writeln!(f, "  suppliers  {like} (there is no register)")
        }
    }
}

//! `source-silent`.

use std::sync::Arc;

use parsers::Time;
use parsers::time::{DAY, HOUR, MINUTE, SECOND};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Case, Finding, Findings, Happening, Remembered, Rule, Sign, SignKind, clock_words, local, span_words};
use crate::alert::{Because, Evidence, RuleName, Severity};
use crate::calendar::CalendarId;
use crate::normalised::lossy;
use crate::scene::Scene;
use crate::told::{Nearest, Told};
use crate::toml_reader::Table;
use crate::zone::rfc3339_in;

mod drift;
mod profile;
mod reading;

use drift::Drift;
use profile::{Asked, Fall, Passing, Place, Profile};
use reading::{Leap, PERCENT, Reading};

/// The timer's word: is it mute?
const LOOK: u8 = 0;

/// A running device whose lines come within this of their stamps has been caught up with; from then on it lives when they
/// come. No mistake in a time zone lies near it.
const CAUGHT_UP: i64 = 75 * MINUTE;

#[doc = include_str!("source_silent.md")]
#[derive(Clone, Debug)]
pub struct SourceSilent {
    /// A silence is never shorter, in nanoseconds.
    pub at_least: i64,
    /// How many times the 99th percentile gap of that hour of the week a silence lasts.
    pub times: i64,
    /// How many gaps have to be known for an hour of the week.
    pub gaps: u32,
    /// In which week of its history a stream is spoken of.
    pub weeks: i64,
    /// How far a clock may be off, in nanoseconds.
    pub off: i64,
    /// By how many percent points the share of unparsed lines leaps.
    pub unparsed: u32,
}

impl Default for SourceSilent {
    fn default() -> Self {
        SourceSilent { at_least: MINUTE, times: 5, gaps: 20, weeks: 2, off: 5 * MINUTE, unparsed: 20 }
    }
}

/// What is remembered of a stream.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    /// Its first sign of life.
    first: Option<Time>,
    /// Its latest.
    heard: Time,
    /// A running device whose lines are as fresh as they come.
    caught_up: bool,
    /// The line of its latest sign of life, to the second.
    line: Vec<u8>,
    /// In place of a long one, its hash.
    long: Option<[u8; 32]>,
    offset: u64,
    stamp: Time,
    passing: Passing,
    profile: Arc<Profile>,
    /// The only timer that counts.
    armed: Option<Time>,
    /// Since when it is mute, if that was told.
    mute: Option<Time>,
    drift: Drift,
    reading: Reading,
}

/// Lines up to this length are kept as they are: only alerts ask for their hashes, and there are as many streams as anybody invents.
const LONG: usize = 4096;

impl Memory {
    fn keeps_a_line(&self) -> bool {
        !self.line.is_empty() || self.long.is_some()
    }

    fn keep(&mut self, line: &[u8]) {
        self.line.clear();
        self.long = (line.len() > LONG).then(|| Sha256::digest(line).into());
        if self.long.is_none() {
            self.line.extend_from_slice(line);
        }
    }
}

impl Rule for SourceSilent {
    const NAME: RuleName = RuleName {
        id: "source-silent",
        name: "A source has gone mute",
        category: &["host"],
        techniques: &[("T1562.006", "Impair Defenses: Indicator Blocking")],
    };
    const MANUAL: &'static str = include_str!("source_silent.md");
    type Account = ();
    type Supplier = ();
    type Address = ();
    type Stream = Memory;

    const WATCHES_STREAMS: bool = true;

    fn heeds(_: Happening) -> bool {
        false
    }

    fn observe(&self, _: &Case<'_>, _: Remembered<'_, Self>, _: &mut Findings) {}

    fn stream(&self, sign: &Sign<'_>, memory: &mut Memory, out: &mut Findings) {
        let SignKind::Line { line, offset, parsed, stamped } = sign.what else { return self.due(sign, memory, out) };
        // One stamp far ahead moves nothing until a second line agrees.
        let Some(reached) = sign.clock.confirmed() else { return };
        memory.reading.count(parsed);
        if stamped {
            self.tell_the_time(sign, reached, memory, out);
        }
        let heard = match sign.received {
            Some(received) if memory.caught_up || received.since(reached) <= CAUGHT_UP => {
                memory.caught_up = true;
                reached.max(received)
            }
            _ => reached,
        };
        // Lines within a second are one sign of life: devices write several of one event.
        if heard.since(memory.heard) < SECOND && memory.first.is_some() && heard < memory.passing.place.until {
            return;
        }
        self.lives(sign, heard, memory, out);
        // To keep a line of every second costs more than all else here, and for days nothing is said of it.
        if heard >= self.spoken_of(memory).minus(DAY) {
            memory.keep(line);
            (memory.offset, memory.stamp) = (offset, sign.now);
        }
    }

    fn read(table: &mut Table<'_>) -> Self {
        let default = SourceSilent::default();
        let mut count = |key: &'static str, most: i64| table.integer(key, 1..=most);
        let times = count("times", 1_000).unwrap_or(default.times);
        let gaps = count("gaps", 100_000).and_then(|gaps| u32::try_from(gaps).ok()).unwrap_or(default.gaps);
        let weeks = count("weeks", 52).unwrap_or(default.weeks);
        let unparsed = count("unparsed", 100).and_then(|points| u32::try_from(points).ok()).unwrap_or(default.unparsed);
        let at_least = table.span("at_least").unwrap_or(default.at_least);
        SourceSilent { at_least, times, gaps, weeks, off: table.span("off").unwrap_or(default.off), unparsed }
    }

    fn settings(&self) -> Vec<(&'static str, String, &'static str)> {
        vec![
            ("at_least", span_words(self.at_least), "a silence is never shorter"),
            ("times", self.times.to_string(), "how many times its 99th percentile gap of that hour of the week a silence lasts"),
            ("gaps", self.gaps.to_string(), "how many gaps have to be known for an hour of the week"),
            ("weeks", self.weeks.to_string(), "in which week of its history a source is first spoken of"),
            ("off", span_words(self.off), "how far a device's clock may be off"),
            ("unparsed", self.unparsed.to_string(), "by how many percent points the share of unparsed lines leaps"),
        ]
    }

    fn nearest(&self, told: &Told<'_>) -> Vec<Nearest> {
        let at_most = |what: &str, fact: &str, means: &str| told.text(fact).map(|most| Nearest::new(what, format!("{most} at most"), means));
        let found = match told.reason {
            "silent" => at_most("mute for", "threshold", "as long as it may be at that hour of the week"),
            "clock" => at_most("a clock off by", "allowed", "to either side"),
            _ => None,
        };
        found.into_iter().collect()
    }
}

impl SourceSilent {
    fn asked(&self) -> Asked {
        Asked { at_least: self.at_least, times: self.times, gaps: self.gaps }
    }

    /// Since when enough is known of it to speak of it.
    fn spoken_of(&self, memory: &Memory) -> Time {
        memory.first.map_or(Time::MAX, |first| first.plus((self.weeks - 1) * 7 * DAY))
    }

    /// Whether enough is known of it to speak of it, and nobody works on it.
    fn speaks(&self, sign: &Sign<'_>, memory: &Memory) -> bool {
        sign.now >= self.spoken_of(memory) && sign.daybook.maintenance(sign.source, sign.now).is_none()
    }

    /// The line's stamp against the stream's earlier ones, or against the time at which it came.
    fn tell_the_time(&self, sign: &Sign<'_>, reached: Time, memory: &mut Memory, out: &mut Findings) {
        let (off, than) = match sign.received {
            Some(received) => (received.since(sign.stamp), received),
            None => (reached.since(sign.stamp), sign.stamp),
        };
        let is_right = if sign.received.is_some() { off.saturating_abs() <= self.off } else { off <= self.off };
        if is_right {
            return memory.drift.right();
        }
        let against = if sign.received.is_some() { Drift::against_arrival } else { Drift::against_its_own };
        if !self.speaks(sign, memory) {
            return;
        }
        let Some(off) = against(&mut memory.drift, off, than) else { return };
        let (subject, zone) = (subject(sign), sign.register.calendars.zone(calendar(sign)));
        let words = drift::words(off);
        let message = if sign.received.is_some() {
            format!("the clock of {subject} is {words}")
        } else {
            format!("the clock of {subject} was set back, to {}: it is {words}", clock_words(sign.now, zone))
        };
        let because = Because::default()
            .with("off", lasting(off.saturating_abs()))
            .with("stamp", local(sign.stamp, zone))
            .with(if sign.received.is_some() { "received" } else { "reached" }, rfc3339_in(sign.received.unwrap_or(reached), zone))
            .with("allowed", span_words(self.off));
        let unless = format!("stamps within {} of {}", span_words(self.off), if sign.received.is_some() { "their arrival" } else { "those before them" });
        out.report(Finding { because, unless, ..Finding::new("clock", Severity::High, scene(sign, evidence_at_hand(sign), sign.now), message) });
    }

    /// A sign of life after a second or more.
    fn lives(&self, sign: &Sign<'_>, heard: Time, memory: &mut Memory, out: &mut Findings) {
        let before = memory.first.map(|_| memory.heard);
        memory.first = memory.first.or(Some(heard));
        memory.heard = memory.heard.max(heard);
        let told = memory.mute.take();
        if let Some(since) = told {
            Self::back(sign, since, memory, out);
        }
        let calendars = &sign.register.calendars;
        let place = |time| Place::of(time, calendars, calendar(sign));
        // A silence that was told is no gap of a stream that speaks, nor is one in which nobody listened.
        let gap = before.filter(|&before| sign.awake <= before).map(|before| heard.since(before));
        memory.passing.touched(gap.unwrap_or(0));
        if heard >= memory.passing.place.until {
            let passing = &mut memory.passing;
            if let (Some(_), Some(gap)) = (before, gap) {
                let profile = Arc::make_mut(&mut memory.profile);
                passing.end(profile);
                // So are the hours in which nothing was heard.
                let now = place(heard);
                let mut skipped = place(passing.place.until);
                for _ in 0..7 * 24 {
                    if skipped.until >= now.until {
                        break;
                    }
                    profile.learn(skipped.hour, &[], gap);
                    skipped = place(skipped.until);
                }
            }
            passing.begin(place(heard));
            passing.touched(gap.unwrap_or(0));
            self.arm(sign, heard, memory, out);
        } else if memory.armed.is_none() {
            self.arm(sign, heard, memory, out);
        }
        // A night is no gap of the hour in which it ends: it may be its habit.
        if let Some(gap) = gap.filter(|&gap| told.is_none() && gap < HOUR) {
            memory.passing.count(gap);
        }
        if let Some(leap) = memory.reading.look(heard, self.unparsed)
            && self.speaks(sign, memory)
        {
            self.leapt(sign, leap, out);
        }
    }

    fn fall(&self, sign: &Sign<'_>, since: Time, memory: &Memory) -> Option<Fall> {
        memory.profile.fall(since, self.asked(), |time| Place::of(time, &sign.register.calendars, calendar(sign)))
    }

    /// One timer is enough: it looks what has been heard meanwhile. In a livelier hour it is to look sooner.
    fn arm(&self, sign: &Sign<'_>, since: Time, memory: &mut Memory, out: &mut Findings) {
        let fall = self.fall(sign, since, memory);
        // Where too little is known to fall mute, there is nothing to look for before the next hour.
        let due = fall.map_or(Time::MAX, |fall| fall.due);
        if memory.armed.is_none_or(|armed| due < armed) {
            memory.armed = Some(due);
            if fall.is_some() {
                out.wake(due, LOOK);
            }
        }
    }

    fn due(&self, sign: &Sign<'_>, memory: &mut Memory, out: &mut Findings) {
        if memory.armed != Some(sign.now) {
            return;
        }
        memory.armed = None;
        let worked_on = sign.daybook.maintained_until(sign.source, memory.heard, sign.now);
        let since = memory.heard.max(sign.awake).max(worked_on.unwrap_or(Time::MIN));
        let Some(fall) = self.fall(sign, since, memory).filter(|_| memory.mute.is_none()) else { return };
        if fall.due > sign.now {
            return self.arm(sign, since, memory, out);
        }
        if !self.speaks(sign, memory) || !memory.keeps_a_line() {
            return;
        }
        if (sign.whole_source_told)() {
            // Once the source speaks again, its other devices may still be mute.
            return self.arm(sign, sign.now, memory, out);
        }
        memory.mute = Some(memory.heard);
        let zone = sign.register.calendars.zone(calendar(sign));
        let message =
            format!("{} is mute since {}, for more than {}", subject(sign), clock_words(memory.heard, zone), lasting(fall.limit));
        let because = Because::default()
            .with("last_heard", local(memory.heard, zone))
            .with("silent_for", lasting(fall.due.since(memory.heard)))
            .with("threshold", lasting(fall.limit))
            .with("gap_p99", lasting(fall.percentile))
            .with("hour_of_week", fall.place.words());
        let unless = format!("a line of it within {}, or a maintenance entry for {}", lasting(fall.limit), sign.source);
        let incident = Some(incident(sign, memory.heard));
        let scene = scene(sign, last_line(sign, memory), fall.due);
        out.report(Finding { because, unless, incident, ..Finding::new("silent", Severity::High, scene, message) });
    }

    fn back(sign: &Sign<'_>, since: Time, memory: &Memory, out: &mut Findings) {
        let zone = sign.register.calendars.zone(calendar(sign));
        let lasted = lasting(memory.heard.since(since));
        let message = format!("{} speaks again at {}: it was mute for {lasted}", subject(sign), clock_words(sign.now, zone));
        let because = Because::default().with("last_heard", local(since, zone)).with("silent_for", lasted);
        let earlier = vec![last_line(sign, memory)];
        let scene = scene(sign, evidence_at_hand(sign), sign.now);
        let unless = "longer silence".to_owned();
        let incident = Some(incident(sign, since));
        out.report(Finding { earlier, because, unless, incident, ..Finding::new("back", Severity::Info, scene, message) });
    }

    fn leapt(&self, sign: &Sign<'_>, leap: Leap, out: &mut Findings) {
        let Leap { lines, unparsed, share, usual } = leap;
        let percent = |share: u32| format!("{}%", share / PERCENT);
        let message = format!(
            "{unparsed} of the last {lines} lines of {} are not understood, {} where up to {} is usual: has its firmware changed?",
            subject(sign),
            percent(share),
            percent(usual)
        );
        let because = Because::default().with("lines", lines).with("unparsed", unparsed).with("share", percent(share)).with("usual", percent(usual));
        let unless = format!("a share below {}", percent(usual.saturating_add(self.unparsed.saturating_mul(PERCENT))));
        let scene = scene(sign, evidence_at_hand(sign), sign.now);
        out.report(Finding { because, unless, ..Finding::new("unparsed", Severity::High, scene, message) });
    }
}

/// The calendar of its site.
fn calendar(sign: &Sign<'_>) -> CalendarId {
    sign.register.nobody(sign.site.map(|site| &**site)).calendar
}

fn device(sign: &Sign<'_>) -> Arc<str> {
    if sign.device.is_empty() { Arc::clone(sign.source) } else { lossy(sign.device.into()).into() }
}

/// `fw-a`; `fw-a (collector)` where the source has another name.
fn subject(sign: &Sign<'_>) -> String {
    let device = device(sign);
    if device == *sign.source { device.to_string() } else { format!("{device} ({})", sign.source) }
}

/// `45 s`, `28 min`, `6 h 5 min`.
fn lasting(nanos: i64) -> String {
    let (hours, minutes, seconds) = (nanos / HOUR, nanos % HOUR / MINUTE, nanos % MINUTE / SECOND);
    match (hours, minutes) {
        (0, 0) => format!("{seconds} s"),
        (0, 1..10) if seconds > 0 => format!("{minutes} min {seconds} s"),
        (0, _) => format!("{minutes} min"),
        (_, 0) => format!("{hours} h"),
        _ => format!("{hours} h {minutes} min"),
    }
}

/// The silence and its end are one story.
fn incident(sign: &Sign<'_>, since: Time) -> String {
    format!("{} {} {}", sign.source, device(sign), since.0)
}

fn evidence_at_hand(sign: &Sign<'_>) -> Evidence {
    let SignKind::Line { line, offset, .. } = sign.what else { return Evidence::of(sign.source, 0, sign.now, b"") };
    Evidence::of(sign.source, offset, sign.now, line)
}

fn last_line(sign: &Sign<'_>, memory: &Memory) -> Evidence {
    let line = Evidence::of(sign.source, memory.offset, memory.stamp, &memory.line);
    Evidence { sha256: memory.long.unwrap_or(line.sha256), ..line }
}

fn scene(sign: &Sign<'_>, evidence: Evidence, time: Time) -> Scene {
    Scene {
        time,
        login: None,
        source_ip: None,
        destination_ip: None,
        destination_port: None,
        observer: device(sign),
        site: sign.site.cloned(),
        evidence,
        earlier: Vec::new(),
        story: None,
        time_guessed: false,
        time_ambiguous: false,
    }
}

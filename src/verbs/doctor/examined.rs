//! One source under examination: what its lines are and what they tell.

use std::collections::HashSet;
use std::sync::Arc;

use memchr::memmem;
use parsers::{Event, Facts, Interest, Kind, Line, Reading, Stamps};

use super::clock::Clocks;
use super::report::{Report, Share, Suppliers};
use super::shapes::Shapes;
use crate::engine::Source;
use crate::metrics::Tally;
use crate::normalised::lossy;
use crate::pool::Manner;
use crate::register::Register;

/// Accounts that are told apart; more count as no further ones.
const ACCOUNTS: usize = 50_000;

/// How often something was told that could have been.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// Lines that could tell it.
    pub of: u64,
    /// Lines that do.
    pub told: u64,
}

impl Told {
    fn add(&mut self, told: bool) {
        self.of += 1;
        self.told += u64::from(told);
    }
}

/// What is missed where lines do not tell it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tellings {
    pub user: Told,
    pub source: Told,
    pub mfa: Told,
    pub assigned: Told,
    pub session: Told,
    pub bytes: Told,
    pub device: Told,
    pub time: Told,
}

/// One source, as far as it has been looked at.
pub(super) struct Examined {
    source: Source,
    manner: Manner,
    register: Arc<Register>,
    everything: Interest,
    stamps: Stamps,
    facts: Facts,
    files: usize,
    tally: Tally,
    /// By the contract's word for them.
    events: Vec<(Kind, u64)>,
    tellings: Tellings,
    /// Failed logins whose user the device hid behind stars.
    masked: u64,
    /// Lines with something private in them.
    private: u64,
    clocks: Clocks,
    shapes: Shapes,
    registered: HashSet<Box<str>>,
    suppliers: HashSet<usize>,
    lookalikes: HashSet<Box<str>>,
}

impl Examined {
    pub(super) fn new(source: Source, manner: Manner, register: Arc<Register>) -> Examined {
        let clocks = Clocks::new(source.zone.clone(), source.year);
        Examined {
            source,
            manner,
            register,
            everything: Interest::everything(),
            stamps: Stamps::default(),
            facts: Facts::default(),
            files: 0,
            tally: Tally::default(),
            events: Vec::new(),
            tellings: Tellings::default(),
            masked: 0,
            private: 0,
            clocks,
            shapes: Shapes::default(),
            registered: HashSet::new(),
            suppliers: HashSet::new(),
            lookalikes: HashSet::new(),
        }
    }

    /// A file begins that was last written at `reference`.
    pub(super) fn file(&mut self, reference: parsers::Time) {
        self.files += 1;
        self.clocks.file(reference);
    }

    /// A file has ended.
    pub(super) fn file_ended(&mut self, modified: Option<parsers::Time>) {
        self.clocks.file_ended(modified);
    }

    pub(super) fn line(&mut self, line: &[u8]) {
        let Manner { formats, only, .. } = &self.manner;
        let reading = formats.read(line, *only, &self.everything, &mut self.stamps, &mut self.facts);
        self.tally.count(reading);
        if reading == Reading::Blank {
            return;
        }
        let interest = Interest::everything();
        let parted = Line::new(line, &interest);
        let (Reading::Parsed(format) | Reading::NoConcern(format)) = reading else {
            self.shapes.add(&parted);
            return;
        };
        self.clocks.line(&parted, self.facts.stamp, self.facts.device.raw(line));
        let facts = std::mem::take(&mut self.facts);
        self.told(&Event { line, facts: &facts, format });
        self.facts = facts;
    }

    fn told(&mut self, event: &Event<'_>) {
        let facts = event.facts;
        match self.events.iter_mut().find(|(kind, _)| *kind == facts.kind) {
            Some((_, lines)) => *lines += 1,
            None => self.events.push((facts.kind, 1)),
        }
        let told = &mut self.tellings;
        told.device.add(!facts.device.is_empty());
        told.time.add(facts.stamp != parsers::Stamp::None);
        self.private += u64::from(!facts.private.is_empty());
        let bytes = facts.source_bytes.is_some() || facts.destination_bytes.is_some();
        match facts.kind {
            Kind::LoginSuccess | Kind::LoginFailure | Kind::SessionStart => {
                // Of a tunnel between two gateways nobody is the user.
                if facts.peer.is_none() {
                    told.user.add(!facts.user.is_empty());
                    told.source.add(facts.source_ip.is_some());
                }
                if facts.user.is_empty() && memmem::find(event.line, b"*****").is_some() {
                    self.masked += 1;
                }
                if facts.kind != Kind::LoginFailure {
                    told.mfa.add(facts.mfa.is_some());
                }
                if facts.kind == Kind::SessionStart {
                    told.assigned.add(facts.assigned_ip.is_some());
                    told.session.add(!facts.session.is_empty());
                }
            }
            Kind::SessionEnd => {
                told.bytes.add(bytes);
                told.session.add(!facts.session.is_empty());
            }
            Kind::Logout | Kind::Traffic | Kind::Other => {}
        }
        self.whose(event);
    }

    fn whose(&mut self, event: &Event<'_>) {
        let Some(user) = event.user() else { return };
        let login = lossy(user).to_lowercase();
        let text = |text: Option<_>| text.map(lossy);
        let (domain, group) = (text(event.domain()), text(event.group()));
        if let Some(owner) = self.register.owner(&login, group.as_deref()) {
            self.suppliers.insert(owner.supplier);
            keep(&mut self.registered, login);
        } else if self.register.looks_like_supplier(&login, domain.as_deref(), group.as_deref()) {
            keep(&mut self.lookalikes, login);
        }
    }

    pub(super) fn report(self) -> Report {
        let formats = self.tally.by_format(&self.manner.formats);
        let parsed = self.tally.parsed;
        let formats = formats.into_iter().map(|(name, lines)| Share::of(name, lines, parsed)).collect();
        let mut events: Vec<(&'static str, u64)> = self.events.iter().map(|(kind, lines)| (kind.word(), *lines)).collect();
        events.sort_by_key(|&(word, lines)| (std::cmp::Reverse(lines), word));
        let events = events.into_iter().map(|(word, lines)| Share::of(word, lines, parsed)).collect();
        let suppliers = Suppliers {
            declared: self.register.is_declared(),
            in_register: self.register.suppliers.len(),
            seen: self.suppliers.len(),
            accounts: self.registered.len(),
            lookalikes: self.lookalikes.len(),
        };
        let source = self.source.name.to_string();
        let count = |kind: Kind| self.events.iter().find(|(known, _)| *known == kind).map_or(0, |(_, lines)| *lines);
        let starts = (count(Kind::SessionStart), count(Kind::SessionEnd) + count(Kind::Logout));
        Report::new(source, self.files, &self.tally, formats, events, self.clocks.findings(), suppliers, self.shapes.most_frequent())
            .missing(&self.tellings, starts, self.masked)
            .private(self.private)
            .judged()
    }
}

fn keep(accounts: &mut HashSet<Box<str>>, login: String) {
    if accounts.len() < ACCOUNTS {
        accounts.insert(login.into());
    }
}

//! The life of a session: it opens, is announced again, moves, ends.

use std::sync::Arc;

use parsers::time::{DAY, MINUTE};
use parsers::{Kind, Time};
use triomphe::Arc as Shared;

use super::Engine;
use super::attribution::{Holder, Match, Opening, Owner};
use super::entities::Asked;
use super::joining::{Said, either};
use super::state::{Accounted, State, Timer, What};
use super::telling::Happened;
use crate::alert::{Alert, Stable};
use crate::daybook::ALL;
use crate::hashed::Hashed;
use crate::rules::Happening;
use crate::session::{Origin, Session};

/// An ended session is remembered this long: late lines and judgements that wait still speak of it.
const REMEMBERED_FOR: i64 = 20 * MINUTE;

/// A session that no line ends is closed after this, where its supplier has no `max_session`.
pub(super) const MAX_SESSION: i64 = DAY;

/// Sessions of one account that are kept open; beyond, the oldest is closed.
const SESSIONS: usize = 256;

impl State {
    fn session(&self, supplier: &impl Asked<Arc<str>>, login: &impl Asked<Arc<str>>, number: u32) -> Option<&Session> {
        let accounted = self.suppliers.get(supplier)?.accounts.get(login)?;
        accounted.sessions.iter().find(|session| session.number == number)
    }

    fn account_mut(&mut self, supplier: &impl Asked<Arc<str>>, login: &impl Asked<Arc<str>>) -> Option<&mut Accounted> {
        self.suppliers.get_mut(supplier)?.accounts.get_mut(login)
    }

    pub(super) fn session_mut(&mut self, holder: &Holder) -> Option<&mut Session> {
        self.account_mut(&holder.supplier.id, &holder.login)?.session_mut(holder.session)
    }
}

impl Engine {
    /// A session by its holder.
    pub(super) fn session(&self, holder: &Holder) -> Option<&Session> {
        self.state.session(&holder.supplier.id, &holder.login, holder.session)
    }

    /// A session by its holder, to be changed.
    pub(super) fn session_mut(&mut self, holder: &Holder) -> Option<&mut Session> {
        self.state.session_mut(holder)
    }

    /// A session by its account's names and its number.
    fn holder(&self, supplier: &Arc<str>, login: &Arc<str>, session: u32) -> Holder {
        Holder { owner: Arc::new(Owner::named(supplier, login, &self.register)), session }
    }

    /// What is declared or known of addresses has changed: open sessions are of the origins that new ones would be of.
    pub(super) fn place_again(&mut self) {
        let mut placed = Vec::new();
        for (id, supplied) in self.state.suppliers.iter() {
            for (login, accounted) in supplied.accounts.iter().filter(|(_, accounted)| !accounted.sessions.is_empty()) {
                let owner = Arc::new(Owner::named(id, login, &self.register));
                for session in &accounted.sessions {
                    let origin = if owner.is_gone { None } else { self.origin(&owner.supplier, session.source_ip) };
                    if origin != session.origin {
                        placed.push((Holder { owner: Arc::clone(&owner), session: session.number }, origin));
                    }
                }
            }
        }
        for (holder, origin) in placed {
            if let Some(session) = self.session_mut(&holder) {
                session.origin = origin;
            }
        }
    }

    /// Opens the session that a line announces, or finds it; its number.
    pub(super) fn open(&mut self, owner: &Arc<Owner>, said: &Said<'_>, origin: Option<Origin>) -> Option<(Happening, u32)> {
        self.name(said);
        let supplier = &owner.supplier;
        let line = said.line(&self.sources, &self.observers)?;
        let story = || -> Arc<str> {
            let mut hash = Stable::new("story");
            hash.text(&supplier.id).text(&owner.login).evidence(&line.evidence());
            hash.hex().into()
        };
        let at = said.at();
        let opening = Opening {
            at,
            source_ip: said.source_ip,
            inner: said.inner,
            stream: said.stream_index(),
            id: said.id.as_deref(),
            site: line.site,
        };
        let reaches = said.reaches_target();
        let accounted = self.state.suppliers.entry(&supplier.id)?.accounts.entry(&owner.login)?;
        match accounted.matching(&opening) {
            Match::Known(number) => {
                let session = accounted.session_mut(number)?;
                session.lives(at);
                let placed = session.origin.is_none() && origin.is_some();
                if session.source_ip.is_none() || placed {
                    session.source_ip = opening.source_ip.or(session.source_ip);
                    session.origin = origin;
                }
                session.inner = session.inner.or(opening.inner);
                session.mfa = either(session.mfa, said.mfa);
                if !said.vouches() {
                    if session.vouched {
                        let before = session.clone();
                        session.told_by(opening.stream, opening.id);
                        session.observer = Arc::clone(line.observer);
                        self.attribution.release_ids(&before, &owner.login);
                    } else {
                        session.told_by(opening.stream, opening.id);
                    }
                }
                let session = session.clone();
                self.hold(&session, owner, at);
                let happening = if reaches && !placed { Happening::Used { login: false } } else { Happening::Announced { placed } };
                Some((happening, number))
            }
            Match::New { before, after } => {
                let before = before.and_then(|number| accounted.session_mut(number)).map(|before| {
                    before.moved = Some(at);
                    Arc::clone(&before.story)
                });
                let after = after.and_then(|number| accounted.session_mut(number)).map(|after| (after.opened, Arc::clone(&after.story)));
                let moved = after.as_ref().map(|(opened, _)| *opened);
                let continued = before.or(after.map(|(_, story)| story));
                let fresh = continued.is_none();
                let number = accounted.next;
                accounted.next = number.wrapping_add(1);
                let session = Session {
                    number,
                    opened: said.let_in(),
                    life: at,
                    moved,
                    closed: None,
                    source_ip: opening.source_ip,
                    origin,
                    inner: opening.inner,
                    stream: opening.stream,
                    id: opening.id.map(Into::into),
                    also: Vec::new(),
                    vouched: said.vouches(),
                    void: false,
                    ended_by: None,
                    site: opening.site.cloned(),
                    story: continued.unwrap_or_else(story),
                    evidence: line.earlier.first().cloned().unwrap_or_else(|| line.evidence()),
                    observer: Arc::clone(line.observer),
                    mfa: said.mfa,
                    sent: None,
                    received: None,
                    received_within: None,
                    on_target: reaches,
                    within: Vec::new(),
                };
                self.hold(&session, owner, at);
                let due = session.opened.plus(supplier.max_session.unwrap_or(MAX_SESSION));
                let accounted = self.state.account_mut(&supplier.id, &owner.login)?;
                // Most accounts have one session at a time: room for four, as vectors grow, would be a kilobyte each.
                accounted.sessions.reserve_exact(1);
                accounted.sessions.push(session);
                let oldest = (accounted.sessions.len() > SESSIONS).then(|| accounted.sessions.remove(0));
                if let Some(oldest) = oldest {
                    self.attribution.release(&oldest, &owner.login);
                }
                self.arm(Timer {
                    due,
                    supplier: Arc::clone(&supplier.id),
                    login: Some(Arc::clone(&owner.login)),
                    what: What::Close(number),
                });
                Some((Happening::Success { fresh }, number))
            }
        }
    }

    /// A session holds its inner address and its id. A gateway hands out either to one session at a time: whichever held
    /// it before is over.
    fn hold(&mut self, session: &Session, owner: &Arc<Owner>, at: Time) {
        let other = |holder: &&Holder| holder.login != owner.login || holder.session != session.number;
        let by_inner = session.inner.and_then(|inner| self.attribution.holder(session.site.as_ref(), inner)).filter(other).cloned();
        let by_id =
            |(stream, id): (u32, &[u8])| Some((self.attribution.by_id(stream, id).filter(other)?.clone(), stream, Box::<[u8]>::from(id)));
        let by_id: Vec<_> = session.names().filter_map(by_id).collect();
        if let Some(holder) = by_inner {
            self.close(&holder, at);
        }
        for (holder, stream, id) in by_id {
            self.take_id(&holder, stream, &id, at);
        }
        self.attribution.hold(session, owner);
    }

    /// The id of a session, or of something within it, is another connection's now.
    pub(super) fn take_id(&mut self, holder: &Holder, stream: u32, id: &[u8], at: Time) {
        if self.session(holder).is_some_and(|session| session.bears(stream, id)) {
            self.close(holder, at);
        }
        let Some(session) = self.state.session_mut(holder) else { return };
        if session.bears(stream, id) {
            session.unnamed(stream, id);
        } else {
            session.closed_within(stream, id);
        }
        self.attribution.release_id(session, &holder.login, stream, id);
    }

    /// Something was opened within a session: its id leads to the session from now on.
    pub(super) fn hold_within(&mut self, holder: &Holder, said: &Said<'_>) {
        let (Some(id), stream) = (&said.id, said.stream_index()) else { return };
        if let Some(before) = self.attribution.by_id(stream, id).filter(|before| *before != holder).cloned() {
            self.take_id(&before, stream, id, said.at());
        }
        let Some(session) = self.state.session_mut(holder).filter(|session| !session.bears(stream, id)) else { return };
        if let Some((stream, id)) = session.opened_within(stream, id) {
            self.attribution.release_id(session, &holder.login, stream, &id);
        }
        self.attribution.hold(session, &holder.owner);
        self.forget(said);
    }

    /// The live session of an account on a site, the latest first.
    pub(super) fn live(&self, owner: &Arc<Owner>, site: Option<&Arc<str>>, at: Time, is: impl Fn(&Session) -> bool) -> Option<Holder> {
        let accounted = self.state.suppliers.get(&owner.supplier.id)?.accounts.get(&owner.login)?;
        let live = |session: &&Session| session.alive(at) && session.site.as_ref() == site && is(session);
        let session = accounted.sessions.iter().rev().find(live)?;
        Some(Holder { owner: Arc::clone(owner), session: session.number })
    }

    /// A line says that something ended: a session, or something within it.
    pub(super) fn ended(&mut self, said: &Said<'_>, out: &mut Vec<Alert>) {
        self.forget(said);
        let facts = said.event.facts;
        let site = self.site(said.sighting).cloned();
        let at = said.stream_index();
        let by_inner = || facts.assigned_ip.and_then(|ip| self.attribution.holder(site.as_ref(), ip).cloned());
        if let Some(holder) = said.holder.clone().or_else(by_inner) {
            if self.counted(&holder, said, out) {
                self.leave(&holder, said);
            }
            return;
        }
        if let Some(peer) = facts.peer.filter(|_| said.user.is_none()) {
            let supplier = self.register.supplier_by_peer(peer).map_or_else(|| "".into(), |supplier| Arc::clone(&supplier.id));
            if let Some(supplied) = self.state.suppliers.get_mut(&supplier) {
                supplied.tunnel_down(at, facts.peer, said.at());
            }
            return;
        }
        let Some(owner) = self.owner(said) else { return };
        let Some(accounted) = self.state.suppliers.get(&owner.supplier.id).and_then(|supplied| supplied.accounts.get(&owner.login)) else {
            return;
        };
        let here = |session: &&Session| match facts.source_ip {
            Some(ip) => session.source_ip == Some(ip) && session.site == site,
            None => session.is_told_on(at),
        };
        let words = said.words();
        let told = accounted.sessions.iter().filter(here).any(|session| session.ends_again(said.at(), at, &words));
        let ends = |session: &&Session| match &said.id {
            // What is open within it would have ended first, and it with that.
            Some(_) if !session.within.is_empty() => false,
            // A line with an id that no session of this stream bears ends another session than these.
            Some(_) if session.names().any(|(stream, _)| stream == at) => false,
            // A directory where somebody signs out says nothing of a gateway's session.
            _ => session.vouched || !said.is_of_an_authenticator(),
        };
        let open = accounted.sessions.iter().rev().filter(|session| session.closed.is_none() && !told).filter(here).filter(ends);
        // Of several it is the one that lasted as long as the line says, else the latest.
        let begun = facts.duration.map(|lasted| said.at().minus(i64::try_from(lasted).unwrap_or(i64::MAX)));
        let session = match begun {
            Some(begun) => open.min_by_key(|session| session.opened.since(begun).unsigned_abs()),
            None => open.max_by_key(|session| session.number),
        };
        let holder = session.map(|session| Holder { owner: Arc::clone(&owner), session: session.number });
        match holder {
            Some(holder) => {
                if self.counted(&holder, said, out) {
                    self.close_by(&holder, said);
                }
            }
            // Nothing ends, and a repetition of it must not end what begins meanwhile.
            None => drop(self.is_new(said)),
        }
    }

    /// Ends the session of an id, or what the id stands for within it.
    fn leave(&mut self, holder: &Holder, said: &Said<'_>) {
        if let (Some(id), stream) = (&said.id, said.stream_index())
            && let Some(session) =
                self.state.session_mut(holder).filter(|session| session.within.iter().any(|(of, held)| *of == stream && **held == **id))
        {
            let is_over = session.closed_within(stream, id);
            self.attribution.release_id(session, &holder.login, stream, id);
            if !is_over {
                return;
            }
        }
        self.close_by(holder, said);
    }

    /// Ends a session by the word of a line.
    fn close_by(&mut self, holder: &Holder, said: &Said<'_>) {
        let words = said.words();
        if let Some(session) = self.session_mut(holder).filter(|session| session.closed.is_none()) {
            session.ended_by = Some((said.stream_index(), words.as_ref().into()));
        }
        self.close(holder, said.at());
    }

    /// Takes down the bytes that a line counts for a session. `false` if the line was seen before.
    pub(super) fn counted(&mut self, holder: &Holder, said: &Said<'_>, out: &mut Vec<Alert>) -> bool {
        if !self.is_new(said) {
            return false;
        }
        let facts = said.event.facts;
        if facts.source_bytes.is_none() && facts.destination_bytes.is_none() {
            return true;
        }
        if holder.is_gone {
            return true;
        }
        let (stream, is_over) = (said.stream_index(), matches!(said.kind, Kind::Logout | Kind::SessionEnd));
        let Some(session) = self.session_mut(holder) else { return true };
        let is_within = said.id.as_deref().is_some_and(|id| {
            let held = session.within.iter().any(|(of, held)| *of == stream && **held == *id);
            held || (session.id.is_some() && !session.bears(stream, id))
        });
        match (is_within, is_over) {
            (false, _) => session.counted(facts.source_bytes, facts.destination_bytes),
            (true, true) => session.counted_within(facts.destination_bytes),
            (true, false) => return true,
        }
        let happened = Happened::of(said, Happening::Counted, Some(holder.session));
        self.happened(&holder.owner, happened, out);
        true
    }

    /// Ends a session.
    pub(super) fn close(&mut self, holder: &Holder, at: Time) {
        self.close_named(&holder.supplier.id, &holder.login, holder.session, at);
    }

    /// Ends a session, by the names of its account.
    fn close_named(&mut self, supplier: &impl Asked<Arc<str>>, login: &impl Asked<Arc<str>>, number: u32, at: Time) {
        let Some(accounted) = self.state.account_mut(supplier, login) else { return };
        let Some(session) = accounted.session_mut(number).filter(|session| session.closed.is_none()) else { return };
        let closed = at.max(session.opened);
        session.closed = Some(closed);
        self.attribution.release_inner(session, login.key());
        self.arm(Timer {
            due: closed.plus(REMEMBERED_FOR),
            supplier: Arc::clone(supplier.key()),
            login: Some(Arc::clone(login.key())),
            what: What::Forget(number),
        });
    }

    /// An ended session is told to the rules, and nothing of it is kept.
    fn forgotten(&mut self, supplier: &Arc<str>, login: &Arc<str>, number: u32, at: Time, out: &mut Vec<Alert>) {
        let (supplier, login) = (Hashed::from(Arc::clone(supplier)), Hashed::from(Arc::clone(login)));
        let Some(session) = self.state.session(&supplier, &login, number) else { return };
        let held_by = self.attribution.release(session, &login).filter(|owner| owner.supplier.id == supplier);
        let owner = held_by.unwrap_or_else(|| Arc::new(Owner::named(&supplier, &login, &self.register)));
        if !owner.is_gone {
            self.happened(&owner, Happened::due(Happening::Ended, at, Some(number)), out);
        }
        if let Some(accounted) = self.state.account_mut(&supplier, &login) {
            accounted.sessions.retain(|session| session.number != number);
        }
    }

    /// The sessions of all suppliers that `is` speaks of, in an order that does not depend on how they are kept.
    fn all(&self, is: impl Fn(&Session) -> bool) -> Vec<Holder> {
        let accounts =
            self.state.suppliers.iter().flat_map(|(id, supplied)| supplied.accounts.iter().map(move |(login, held)| (id, login, held)));
        let mut all: Vec<Holder> = accounts
            .flat_map(|(id, login, accounted)| {
                let sessions = accounted.sessions.iter().filter(|session| is(session));
                sessions.map(|session| self.holder(id, login, session.number))
            })
            .collect();
        all.sort();
        all
    }

    /// A gateway began anew: nothing of before goes on.
    pub(super) fn restarted(&mut self, stream: usize, at: Time) {
        let index = u32::try_from(stream).unwrap_or(u32::MAX);
        for holder in self.all(|session| session.stream == index && session.closed.is_none() && session.opened < at) {
            self.close(&holder, at);
        }
        let suppliers: Vec<Arc<str>> =
            self.state.suppliers.iter().filter(|(_, supplied)| !supplied.tunnels.is_empty()).map(|(id, _)| Arc::clone(id)).collect();
        for supplied in suppliers {
            if let Some(supplied) = self.state.suppliers.get_mut(&supplied) {
                supplied.tunnel_down(index, None, at);
            }
        }
        if let Some(stream) = self.state.streams.get_mut(stream)
            && !stream.connections.is_empty()
        {
            Shared::make_mut(&mut Shared::make_mut(stream).connections).forget_silent_since(at);
        }
    }

    /// A timer fell due.
    pub(super) fn timer(&mut self, timer: Timer, out: &mut Vec<Alert>) {
        let Timer { due, supplier, login, what } = timer;
        match what {
            What::Close(session) => {
                if let Some(login) = login {
                    self.close_named(&supplier, &login, session, due);
                }
            }
            What::Forget(session) => {
                if let Some(login) = login {
                    self.forgotten(&supplier, &login, session, due, out);
                }
            }
            What::StillOpen(cut) => {
                let of_all = &*supplier == ALL;
                let open = self.all(|session| session.opened <= cut && session.is_seen_open(due));
                for holder in open.into_iter().filter(|holder| !holder.is_gone && (of_all || *holder.supplier.id == supplier)) {
                    self.happened(&holder.owner, Happened::due(Happening::StillOpen { cut }, due, Some(holder.session)), out);
                }
            }
            What::Stream { stream, rule, kind } => self.stream_due(stream, rule.0, kind, due, out),
            What::Rule { rule, kind } => {
                let owner = Owner::named(&supplier, &login.unwrap_or_default(), &self.register);
                if owner.is_gone {
                    return;
                }
                self.told(&owner, Happened::due(Happening::Due { kind }, due, None), Some(rule.0), out);
            }
        }
    }
}

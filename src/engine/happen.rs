//! From an attributed line to what happened.

use std::net::IpAddr;
use std::sync::Arc;

use parsers::time::{DAY, MINUTE};
use parsers::{Event, Kind, Time, Verdict};
use sha2::{Digest, Sha256};

use super::attribution::{Holder, Match, Opening, Owner};
use super::state::{Accounted, Supplied, Timer, What};
use super::telling::Happened;
use super::{Engine, Sighting};
use crate::alert::{Alert, Evidence, Stable};
use crate::clock::Dated;
use crate::daybook::ALL;
use crate::normalised::lossy;
use crate::register::Supplier;
use crate::rules::Happening;
use crate::session::{Origin, Scene, Session};

/// An ended session is remembered this long: late lines and judgements that wait still speak of it.
const REMEMBERED_FOR: i64 = 20 * MINUTE;

/// A session that no line ends is closed after this, where its supplier has no `max_session`.
const MAX_SESSION: i64 = DAY;

/// Sessions of one account that are kept open; beyond, the oldest is closed.
const SESSIONS: usize = 256;

impl Engine {
    /// A line with facts: whose is it, and what happened?
    pub(super) fn event(&mut self, sighting: &Sighting<'_>, event: &Event<'_>, stream: usize, dated: Dated, out: &mut Vec<Alert>) {
        match event.facts.kind {
            Kind::LoginSuccess | Kind::SessionStart => self.success(sighting, event, stream, dated, out),
            Kind::LoginFailure => self.failure(sighting, event, stream, dated, out),
            Kind::Logout | Kind::SessionEnd => self.ended(sighting, event, stream, dated),
            Kind::Traffic => self.traffic(sighting, event, stream, dated, out),
            Kind::Other => {}
        }
    }

    fn site(&self, sighting: &Sighting<'_>) -> Option<Arc<str>> {
        self.sources.get(usize::from(sighting.source)).and_then(|source| source.site.clone())
    }

    /// The line as an alert shows it; `None` if it repeats a line already seen.
    fn scene(&mut self, sighting: &Sighting<'_>, event: &Event<'_>, stream: usize, dated: Dated, login: Option<Arc<str>>) -> Option<Scene> {
        let sha256 = self.first_sight(event.line, stream, dated)?;
        let source = Arc::clone(&self.sources.get(usize::from(sighting.source))?.name);
        let observer = event.text(event.facts.device).map_or_else(|| Arc::clone(&source), |name| lossy(name).into());
        Some(Scene {
            time: dated.time,
            login,
            source_ip: event.facts.source_ip,
            destination_ip: event.facts.destination_ip,
            observer,
            site: self.site(sighting),
            evidence: Evidence { source, offset: sighting.offset, time: dated.time, sha256, raw: None },
            story: None,
            time_guessed: dated.guessed,
            time_ambiguous: dated.ambiguous,
        })
    }

    /// The hash of a line that concerns a supplier; `None` if it repeats a line already seen.
    fn first_sight(&mut self, line: &[u8], stream: usize, dated: Dated) -> Option<[u8; 32]> {
        let sha256: [u8; 32] = Sha256::digest(line).into();
        let held = Arc::make_mut(self.state.streams.get_mut(stream)?);
        let clock = held.clock.greatest().unwrap_or(dated.time);
        if held.recent.repeats(sha256, clock) {
            self.repeated += 1;
            return None;
        }
        Some(sha256)
    }

    /// The egress group of an address, as this supplier's; `None` for front-ends and inner addresses.
    fn origin(&self, supplier: &Supplier, address: Option<IpAddr>) -> Option<Origin> {
        let address = address?;
        if self.register.is_front_end(address) || self.register.is_inner(address) {
            return None;
        }
        Some(if supplier.is_at_home(address) { Origin::Declared } else { Origin::of(address) })
    }

    fn success(&mut self, sighting: &Sighting<'_>, event: &Event<'_>, stream: usize, dated: Dated, out: &mut Vec<Alert>) {
        let facts = event.facts;
        if self.never_began(event, stream, dated.time) {
            return;
        }
        let site = self.site(sighting);
        let register = Arc::clone(&self.register);
        let owner = self.attribution.owner(event, &register);
        // The same inner address goes to somebody else: whoever held it is gone.
        if let Some(inner) = facts.assigned_ip
            && let Some(holder) = self.attribution.holder(site.as_ref(), inner).cloned()
            && owner.as_ref().is_none_or(|owner| owner.login != holder.login)
        {
            self.close(&holder, dated.time);
        }
        let behind = facts.source_ip.and_then(|ip| self.attribution.holder(site.as_ref(), ip)).cloned();
        let Some(owner) = owner else {
            if let Some(holder) = behind {
                // Somebody else's login from a supplier's inner address: the supplier reaches a target.
                self.used(sighting, event, stream, dated, &holder, Happening::Used { login: true }, out);
            } else if let Some(supplier) = facts.peer.filter(|_| facts.user.is_empty()).and_then(|peer| register.supplier_by_peer(peer)) {
                self.tunnel(sighting, event, stream, dated, supplier, out);
            }
            return;
        };
        if let Some(holder) = behind.filter(|holder| holder.supplier == owner.supplier.id) {
            self.used(sighting, event, stream, dated, &holder, Happening::Used { login: true }, out);
            return;
        }
        let Some(scene) = self.scene(sighting, event, stream, dated, Some(Arc::clone(&owner.login))) else { return };
        let origin = self.origin(&owner.supplier, facts.source_ip);
        self.attribution.know(&owner, &register);
        let id = event.text(facts.session);
        let opening = Opening {
            at: dated.time,
            source_ip: facts.source_ip,
            inner: facts.assigned_ip,
            stream: u32::try_from(stream).unwrap_or(u32::MAX),
            id: id.as_deref(),
            site: site.as_ref(),
        };
        let (happening, session) = self.open(&owner, &opening, origin, &scene);
        let address = facts.source_ip.filter(|_| origin.is_some());
        let repeated = facts.repeated.unwrap_or(1);
        self.happened(
            &owner,
            Happened { happening, now: dated.time, scene: Some(scene), raw: event.shown(), session: Some(session), address, repeated },
            out,
        );
    }

    /// Opens the session that a line announces, or finds it.
    fn open(&mut self, owner: &Owner, opening: &Opening<'_>, origin: Option<Origin>, scene: &Scene) -> (Happening, u32) {
        let supplier = &owner.supplier;
        let story = || -> Arc<str> {
            let mut hash = Stable::new("story");
            hash.text(&supplier.id).text(&owner.login).evidence(&scene.evidence);
            hash.hex().into()
        };
        let Some(accounted) = self.state.suppliers.entry(&supplier.id).map(|supplied| accounted(supplied, &owner.login)) else {
            return (Happening::Seen, 0);
        };
        match accounted.matching(opening) {
            Match::Known(number) => {
                let Some(session) = accounted.session_mut(number) else { return (Happening::Seen, number) };
                session.lives(opening.at);
                let placed = session.origin.is_none() && origin.is_some();
                if session.source_ip.is_none() || placed {
                    session.source_ip = opening.source_ip.or(session.source_ip);
                    session.origin = origin;
                }
                session.inner = session.inner.or(opening.inner);
                if session.id.is_none() {
                    session.id = opening.id.map(Into::into);
                    session.stream = opening.stream;
                }
                let session = session.clone();
                self.hold(&session, owner, opening.at);
                (Happening::Announced { placed }, number)
            }
            Match::New(continued) => {
                let continued = continued.and_then(|number| accounted.session_mut(number)).map(|session| {
                    session.moved = Some(opening.at);
                    Arc::clone(&session.story)
                });
                let fresh = continued.is_none();
                let number = accounted.next;
                accounted.next = number.wrapping_add(1);
                let session = Session {
                    number,
                    opened: opening.at,
                    life: opening.at,
                    moved: None,
                    closed: None,
                    source_ip: opening.source_ip,
                    origin,
                    inner: opening.inner,
                    stream: opening.stream,
                    id: opening.id.map(Into::into),
                    site: opening.site.cloned(),
                    story: continued.unwrap_or_else(story),
                    evidence: scene.evidence.clone(),
                    observer: Arc::clone(&scene.observer),
                };
                // Most accounts have one session at a time: room for four, as vectors grow, would be a kilobyte each.
                accounted.sessions.reserve_exact(1);
                accounted.sessions.push(session.clone());
                let oldest = (accounted.sessions.len() > SESSIONS).then(|| accounted.sessions.remove(0));
                if let Some(oldest) = oldest {
                    self.attribution.release(&oldest, &owner.login);
                }
                self.hold(&session, owner, opening.at);
                let due = opening.at.plus(supplier.max_session.unwrap_or(MAX_SESSION));
                self.arm(Timer {
                    due,
                    supplier: Arc::clone(&supplier.id),
                    login: Some(Arc::clone(&owner.login)),
                    what: What::Close(number),
                });
                (Happening::Success { fresh }, number)
            }
        }
    }

    /// A session holds its inner address and its id. A gateway hands out either to one session at a time: whichever held
    /// it before is over.
    fn hold(&mut self, session: &Session, owner: &Owner, at: Time) {
        let by_inner = session.inner.and_then(|inner| self.attribution.holder(session.site.as_ref(), inner));
        let by_id = session.id.as_ref().and_then(|id| self.attribution.by_id(session.stream, id));
        let before: Vec<Holder> = by_inner.into_iter().chain(by_id).cloned().collect();
        for holder in before.iter().filter(|holder| holder.login != owner.login || holder.session != session.number) {
            self.close(holder, at);
        }
        self.attribution.hold(session, &owner.supplier.id, &owner.login);
    }

    /// Whether a session that seems to come up was refused: OpenVPN writes "Peer Connection Initiated" after a wrong
    /// password too, between two lines that say so under the same client address.
    fn never_began(&self, event: &Event<'_>, stream: usize, at: Time) -> bool {
        let facts = event.facts;
        facts.kind == Kind::SessionStart
            && facts.assigned_ip.is_none()
            && event.text(facts.session).is_some_and(|id| self.state.streams.get(stream).is_some_and(|stream| stream.has_refused(&id, at)))
    }

    fn failure(&mut self, sighting: &Sighting<'_>, event: &Event<'_>, stream: usize, dated: Dated, out: &mut Vec<Alert>) {
        if let Some(id) = event.text(event.facts.session)
            && let Some(stream) = self.state.streams.get_mut(stream)
        {
            Arc::make_mut(stream).refuse(&id, dated.time);
        }
        let register = Arc::clone(&self.register);
        let Some(owner) = self.attribution.owner(event, &register) else { return };
        let Some(scene) = self.scene(sighting, event, stream, dated, Some(Arc::clone(&owner.login))) else { return };
        let address = event.facts.source_ip.filter(|_| self.origin(&owner.supplier, event.facts.source_ip).is_some());
        let repeated = event.facts.repeated.unwrap_or(1);
        self.happened(
            &owner,
            Happened {
                happening: Happening::Refused,
                now: dated.time,
                scene: Some(scene),
                raw: event.shown(),
                session: None,
                address,
                repeated,
            },
            out,
        );
    }

    fn tunnel(
        &mut self,
        sighting: &Sighting<'_>,
        event: &Event<'_>,
        stream: usize,
        dated: Dated,
        supplier: &Arc<Supplier>,
        out: &mut Vec<Alert>,
    ) {
        let Some(mut scene) = self.scene(sighting, event, stream, dated, None) else { return };
        scene.source_ip = scene.source_ip.or(event.facts.peer);
        let owner = Owner { supplier: Arc::clone(supplier), account: None, login: "".into() };
        let happened = Happened {
            happening: Happening::TunnelUp,
            now: dated.time,
            scene: Some(scene),
            raw: event.shown(),
            session: None,
            address: None,
            repeated: 1,
        };
        self.happened(&owner, happened, out);
    }

    fn traffic(&mut self, sighting: &Sighting<'_>, event: &Event<'_>, stream: usize, dated: Dated, out: &mut Vec<Alert>) {
        let facts = event.facts;
        let site = self.site(sighting);
        let by_address = |address: Option<IpAddr>| address.and_then(|ip| self.attribution.holder(site.as_ref(), ip)).cloned();
        let holder = by_address(facts.source_ip).or_else(|| by_address(facts.destination_ip));
        let holder = if facts.user.is_empty() {
            holder
        } else {
            let register = Arc::clone(&self.register);
            let Some(owner) = self.attribution.owner(event, &register) else { return };
            match holder {
                Some(holder) if holder.login == owner.login => Some(holder),
                _ => self.live(&owner, site.as_ref(), dated.time),
            }
        };
        let Some(holder) = holder else { return };
        let happening = if facts.verdict == Some(Verdict::Denied) { Happening::Seen } else { Happening::Used { login: false } };
        self.used(sighting, event, stream, dated, &holder, happening, out);
    }

    /// The live session of an account on a site, the latest first.
    fn live(&self, owner: &Owner, site: Option<&Arc<str>>, at: Time) -> Option<Holder> {
        let accounted = self.state.suppliers.get(&owner.supplier.id)?.accounts.get(&owner.login)?;
        let session = accounted.sessions.iter().rev().find(|session| session.alive(at) && session.site.as_ref() == site)?;
        Some(Holder { supplier: Arc::clone(&owner.supplier.id), login: Arc::clone(&owner.login), session: session.number })
    }

    /// A session shows life.
    #[expect(clippy::too_many_arguments, reason = "a line, its stream and time, and what it was found to be")]
    fn used(
        &mut self,
        sighting: &Sighting<'_>,
        event: &Event<'_>,
        stream: usize,
        dated: Dated,
        holder: &Holder,
        happening: Happening,
        out: &mut Vec<Alert>,
    ) {
        let Some(owner) = self.owner_of(holder) else { return };
        let Some(mut scene) = self.scene(sighting, event, stream, dated, Some(Arc::clone(&holder.login))) else { return };
        let Some(supplied) = self.state.suppliers.get_mut(&holder.supplier) else { return };
        let Some(session) = supplied.accounts.get_mut(&holder.login).map(Arc::make_mut).and_then(|held| held.session_mut(holder.session))
        else {
            return;
        };
        if !session.alive(dated.time) {
            return;
        }
        session.lives(dated.time);
        // Behind the gateway the line shows the inner address; the session knows where it comes from.
        scene.source_ip = session.source_ip.or(scene.source_ip);
        let repeated = event.facts.repeated.unwrap_or(1);
        let happened = Happened {
            happening,
            now: dated.time,
            scene: Some(scene),
            raw: event.shown(),
            session: Some(holder.session),
            address: None,
            repeated,
        };
        self.happened(&owner, happened, out);
    }

    fn owner_of(&self, holder: &Holder) -> Option<Owner> {
        let login = Arc::clone(&holder.login);
        if self.register.is_declared() {
            let supplier = Arc::clone(self.register.supplier(&holder.supplier)?);
            let account = self.register.account(&login).cloned();
            return Some(Owner { supplier, account, login });
        }
        Some(Owner { supplier: Arc::new(self.register.inferred(&login)), account: None, login })
    }

    fn ended(&mut self, sighting: &Sighting<'_>, event: &Event<'_>, stream: usize, dated: Dated) {
        let facts = event.facts;
        let site = self.site(sighting);
        let at = u32::try_from(stream).unwrap_or(u32::MAX);
        let by_id = event.text(facts.session).and_then(|id| self.attribution.by_id(at, &id).cloned());
        let by_inner = || facts.assigned_ip.and_then(|ip| self.attribution.holder(site.as_ref(), ip).cloned());
        if let Some(holder) = by_id.or_else(by_inner) {
            if self.first_sight(event.line, stream, dated).is_some() {
                self.close(&holder, dated.time);
            }
            return;
        }
        let register = Arc::clone(&self.register);
        let Some(owner) = self.attribution.owner(event, &register) else { return };
        if self.first_sight(event.line, stream, dated).is_none() {
            return;
        }
        let Some(accounted) = self.state.suppliers.get(&owner.supplier.id).and_then(|supplied| supplied.accounts.get(&owner.login)) else {
            return;
        };
        let own_id = !facts.session.is_empty();
        let session = accounted.sessions.iter().rev().filter(|session| session.closed.is_none()).find(|session| match facts.source_ip {
            // A line with an id that no session of this stream bears ends another session than these.
            _ if own_id && session.stream == at && session.id.is_some() => false,
            Some(ip) => session.source_ip == Some(ip) && session.site == site,
            None => session.stream == at,
        });
        if let Some(session) = session {
            let holder = Holder { supplier: Arc::clone(&owner.supplier.id), login: owner.login, session: session.number };
            self.close(&holder, dated.time);
        }
    }

    /// Ends a session.
    fn close(&mut self, holder: &Holder, at: Time) {
        let accounts = self.state.suppliers.get_mut(&holder.supplier).map(|supplied| &mut supplied.accounts);
        let Some(accounted) = accounts.and_then(|accounts| accounts.get_mut(&holder.login)).map(Arc::make_mut) else { return };
        let Some(session) = accounted.session_mut(holder.session).filter(|session| session.closed.is_none()) else { return };
        let closed = at.max(session.opened);
        session.closed = Some(closed);
        let session = session.clone();
        self.attribution.release(&session, &holder.login);
        self.arm(Timer {
            due: closed.plus(REMEMBERED_FOR),
            supplier: Arc::clone(&holder.supplier),
            login: Some(Arc::clone(&holder.login)),
            what: What::Forget(holder.session),
        });
    }

    /// A timer fell due.
    pub(super) fn timer(&mut self, timer: Timer, out: &mut Vec<Alert>) {
        let Timer { due, supplier, login, what } = timer;
        match what {
            What::Close(session) => {
                if let Some(login) = login {
                    self.close(&Holder { supplier, login, session }, due);
                }
            }
            What::Forget(session) => {
                let account = login.and_then(|login| self.state.suppliers.get_mut(&supplier)?.accounts.get_mut(&login));
                if let Some(accounted) = account.map(Arc::make_mut) {
                    accounted.sessions.retain(|held| held.number != session);
                }
            }
            What::StillOpen(cut) => {
                let of_all = &*supplier == ALL;
                let concerned = self.state.suppliers.iter().filter(|(id, _)| of_all || **id == supplier);
                let accounts =
                    concerned.flat_map(|(id, supplied)| supplied.accounts.iter().map(move |(login, accounted)| (id, login, accounted)));
                let mut open: Vec<Holder> = accounts
                    .flat_map(|(id, login, accounted)| {
                        let open = accounted.sessions.iter().filter(|session| session.opened <= cut && session.is_peopled(due));
                        open.map(|session| Holder { supplier: Arc::clone(id), login: Arc::clone(login), session: session.number })
                    })
                    .collect();
                open.sort();
                for holder in open {
                    let Some(owner) = self.owner_of(&holder) else { continue };
                    self.happened(&owner, Happened::due(Happening::StillOpen { cut }, due, Some(holder.session)), out);
                }
            }
            What::Rule { rule, kind } => {
                let holder = Holder { supplier, login: login.unwrap_or_default(), session: 0 };
                let Some(owner) = self.owner_of(&holder) else { return };
                self.told(&owner, Happened::due(Happening::Due { kind }, due, None), Some(&rule), out);
            }
        }
    }
}

/// The account of a login, made if it is new.
fn accounted<'s>(supplied: &'s mut Supplied, login: &Arc<str>) -> &'s mut Accounted {
    Arc::make_mut(supplied.accounts.entry(Arc::clone(login)).or_default())
}

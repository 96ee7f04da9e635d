//! From an attributed line to what happened.

use std::net::IpAddr;
use std::sync::Arc;

use parsers::{About, Event, Kind, Verdict};
use triomphe::Arc as Shared;

use super::attribution::{Holder, Owner};
use super::connections::REFUSED_WITHIN;
use super::joining::Said;
use super::sessions::MAX_SESSION;
use super::telling::Happened;
use super::{Engine, Sighting};
use crate::alert::Alert;
use crate::clock::Dated;
use crate::normalised::lossy;
use crate::register::Supplier;
use crate::rules::Happening;
use crate::session::{Origin, Session};

impl Engine {
    /// A line with facts: whose is it, and what happened?
    pub(super) fn event(&mut self, sighting: &Sighting<'_>, event: &Event<'_>, stream: usize, dated: Dated, out: &mut Vec<Alert>) {
        match event.facts.kind {
            // A flow's id is no connection's.
            Kind::Traffic => return self.traffic(&Said::alone(sighting, event, stream, dated), out),
            Kind::Other if event.facts.about == Some(About::Restart) => return self.restarted(stream, dated.time),
            Kind::Other if event.facts.about == Some(About::Configuration) => {
                return self.changed(&Said::alone(sighting, event, stream, dated), out);
            }
            Kind::Other if event.facts.about == Some(About::Approval) => {
                return self.approved(&Said::alone(sighting, event, stream, dated));
            }
            Kind::Other if event.facts.session.is_empty() && event.facts.assigned_ip.is_none() && event.facts.about.is_none() => return,
            _ => {}
        }
        let Some(said) = self.join(sighting, event, stream, dated) else { return };
        match said.kind {
            Kind::LoginSuccess | Kind::SessionStart => self.success(&said, out),
            Kind::LoginFailure => self.failure(&said, out),
            Kind::Logout | Kind::SessionEnd => self.ended(&said, out),
            Kind::Other | Kind::Traffic => self.other(&said, out),
        }
    }

    /// The hospital of a line.
    pub(super) fn site(&self, sighting: &Sighting<'_>) -> Option<&Arc<str>> {
        self.sources.get(usize::from(sighting.source)).and_then(|source| source.site.as_ref())
    }

    /// Holds the name of a line's device, as alerts show it. The lines of a stream name one and the same, as a rule.
    pub(super) fn name(&mut self, said: &Said<'_>) {
        let Some(name) = said.device() else { return };
        if self.observers.len() <= said.stream {
            self.observers.resize_with(said.stream + 1, Arc::default);
        }
        if let Some(held) = self.observers.get_mut(said.stream).filter(|held| held.as_bytes() != &*name) {
            *held = lossy(name).into();
        }
    }

    /// Whether a line that concerns a supplier repeats no line already seen; it is known from now on.
    pub(super) fn is_new(&mut self, said: &Said<'_>) -> bool {
        let sha256 = said.sighting.sha256;
        let room = self.tells_of_anybody(said).then(|| self.room_of_a_stream());
        let Some(held) = self.state.streams.get_mut(said.stream).map(Shared::make_mut) else { return false };
        let clock = held.clock.greatest().unwrap_or(said.at());
        if held.repeats(sha256, clock, room) {
            self.repeated += 1;
            return false;
        }
        // The lines that it rests on have been seen with it.
        for line in said.before.iter().flat_map(|before| &before.evidence) {
            held.repeats(line.sha256, clock, room);
        }
        true
    }

    /// Whether a line tells of the refusal of a login that anybody may have invented: the register does not spell it out, and it never got
    /// in.
    fn tells_of_anybody(&mut self, said: &Said<'_>) -> bool {
        said.kind == Kind::LoginFailure
            && said.holder.is_none()
            && said.user.as_ref().is_some_and(|user| !self.attribution.is_known(user))
            && self.owner(said).is_some_and(|owner| owner.is_invented())
    }

    /// The egress group of an address, as this supplier's; `None` for front-ends, inner addresses and a device's own.
    pub(super) fn origin(&self, supplier: &Supplier, address: Option<IpAddr>) -> Option<Origin> {
        let address = address?.to_canonical();
        let is_own = address.is_loopback() || address.is_unspecified();
        if is_own || self.register.is_front_end(address) || self.register.is_inner(address) {
            return None;
        }
        if supplier.is_at_home(address) {
            return Some(Origin::Declared);
        }
        Some(self.geo.system(address).map_or_else(|| Origin::of(address), |system| Origin::System(system.number)))
    }

    fn success(&mut self, said: &Said<'_>, out: &mut Vec<Alert>) {
        // OpenVPN writes "Peer Connection Initiated" after a wrong password too, between two lines that say so.
        if said.kind == Kind::SessionStart && said.inner.is_none() && said.was_refused() {
            return self.remember(said, false);
        }
        let facts = said.event.facts;
        let site = self.site(said.sighting).cloned();
        let owner = self.owner(said);
        if owner.is_none() {
            self.taken_by_a_stranger(said, site.as_ref());
        }
        let own = |holder: &Holder, owner: &Option<Arc<Owner>>| owner.as_ref().is_none_or(|owner| holder.supplier.id == owner.supplier.id);
        if let Some(holder) = self.within(said, site.as_ref()).filter(|holder| own(holder, &owner)) {
            // Behind a supplier's session, somebody else's login too is the supplier reaching a target.
            if self.used(said, &holder, Happening::Used { login: true }, out) {
                self.hold_within(&holder, said);
            }
            return;
        }
        let Some(owner) = owner else {
            // What is handed an inner address is somebody on the road, still without a name.
            if let Some(peer) = facts.peer.filter(|_| said.user.is_none() && said.inner.is_none()) {
                let nobody = || self.register.nobody(site.as_deref());
                let supplier = Arc::clone(self.register.supplier_by_peer(peer).unwrap_or_else(nobody));
                self.tunnel(said, peer, &supplier, out);
            } else {
                self.remember(said, false);
                self.stranger(said, Happening::Success { fresh: true }, out);
            }
            return;
        };
        if let Some(holder) = self.on_the_way(said, &owner, site.as_ref()) {
            if self.used(said, &holder, Happening::Used { login: false }, out) {
                self.hold_within(&holder, said);
            }
            return;
        }
        if !self.is_new(said) {
            return;
        }
        let origin = self.origin(&owner.supplier, said.source_ip);
        let Some((happening, session)) = self.open(&owner, said, origin) else { return };
        // Of an account that had a session before, it is known.
        if session == 0 {
            let register = Arc::clone(&self.register);
            self.attribution.know(&owner, &register);
        }
        self.forget(said);
        let address = said.source_ip.filter(|_| origin.is_some());
        self.happened(&owner, Happened { address, origin, ..Happened::of(said, happening, Some(session)) }, out);
    }

    /// The inner address or the id of a session goes to somebody who is no supplier: whoever held it is gone. A repetition of a line
    /// of before the session takes nothing.
    fn taken_by_a_stranger(&mut self, said: &Said<'_>, site: Option<&Arc<str>>) {
        let at = said.at();
        let is_earlier = |engine: &Engine, holder: &Holder| engine.session(holder).is_some_and(|session| session.opened < at);
        if let Some(holder) = said.inner.and_then(|inner| self.attribution.holder(site, inner)).cloned()
            && is_earlier(self, &holder)
        {
            self.close(&holder, at);
        }
        if let Some(id) = &said.id
            && let Some(holder) = self.attribution.by_id(said.stream_index(), id).cloned()
            && is_earlier(self, &holder)
        {
            self.take_id(&holder, said.stream_index(), id, at);
        }
    }

    /// The session that a login comes out of: it bears an id of something within it, or comes from its inner address.
    fn within(&self, said: &Said<'_>, site: Option<&Arc<str>>) -> Option<Holder> {
        if let Some(holder) = &said.holder {
            let own = |id: &[u8]| self.session(holder).is_none_or(|session| session.bears(said.stream_index(), id));
            return said.id.as_deref().is_some_and(|id| !own(id)).then(|| holder.clone());
        }
        said.source_ip.and_then(|ip| self.attribution.holder(site, ip)).cloned()
    }

    /// The bastion login that a target session belongs to, or the session that the login came out of: the same account's, on the same
    /// bastion, from the same place.
    fn on_the_way(&self, said: &Said<'_>, owner: &Arc<Owner>, site: Option<&Arc<str>>) -> Option<Holder> {
        if !said.reaches_target() || said.holder.is_some() {
            return None;
        }
        self.live(owner, site, said.at(), |session| {
            let same_place = said.source_ip.is_none_or(|ip| session.source_ip == Some(ip) || session.inner == Some(ip));
            let at_bastion = !session.on_target && session.is_told_on(said.stream_index());
            same_place && (at_bastion || session.within.iter().any(|(stream, _)| *stream == said.stream_index()))
        })
    }

    fn failure(&mut self, said: &Said<'_>, out: &mut Vec<Alert>) {
        let owner = self.owner(said);
        if owner.is_some() && !self.is_new(said) {
            return;
        }
        // What seemed to come up was not let in: it never was a session.
        if let (Some(holder), Some(id)) = (&said.holder, &said.id)
            && self.session(holder).is_some_and(|session| {
                let just_opened = (0..=REFUSED_WITHIN).contains(&said.at().since(session.opened));
                session.bears(said.stream_index(), id) && session.inner.is_none() && just_opened
            })
        {
            if let Some(session) = self.session_mut(holder) {
                session.void = true;
            }
            self.close(holder, said.at());
        }
        let again = said.before.as_ref().is_some_and(|before| before.tells_again(said.at(), &said.words()));
        self.remember(said, owner.is_some() && !again);
        let Some(owner) = owner else { return self.stranger(said, Happening::Refused { again }, out) };
        let origin = self.origin(&owner.supplier, said.source_ip);
        let address = said.source_ip.filter(|_| origin.is_some());
        self.happened(&owner, Happened { address, origin, ..Happened::of(said, Happening::Refused { again }, None) }, out);
    }

    /// A line that tells no access by itself: what it says counts for its session, or for the lines to come.
    fn other(&mut self, said: &Said<'_>, out: &mut Vec<Alert>) {
        if said.event.facts.about == Some(About::Moved) {
            return self.moved(said, out);
        }
        let Some(holder) = &said.holder else {
            if said.user.is_some() && said.event.facts.assigned_ip.is_some() && self.owner(said).is_none() {
                self.taken_by_a_stranger(said, self.site(said.sighting).cloned().as_ref());
            }
            return self.remember(said, false);
        };
        let Some(session) = self.session(holder) else { return };
        let own = said.id.as_deref().is_some_and(|id| session.bears(said.stream_index(), id));
        let facts = said.event.facts;
        let news = (session.inner.is_none() && facts.assigned_ip.is_some())
            || (session.source_ip.is_none() && facts.source_ip.is_some())
            || (session.mfa < facts.mfa);
        if own && session.closed.is_none() && news {
            self.success(said, out);
        } else if facts.source_bytes.is_some() || facts.destination_bytes.is_some() {
            self.counted(&holder.clone(), said, out);
        }
    }

    /// A session goes on from another place, maybe under another id.
    fn moved(&mut self, said: &Said<'_>, out: &mut Vec<Alert>) {
        let Some(owner) = self.owner(said) else { return };
        let (stream, site) = (said.stream_index(), self.site(said.sighting).cloned());
        let elsewhere = |session: &Session| session.is_told_on(stream) && session.source_ip != said.source_ip;
        let Some(holder) = said.holder.clone().or_else(|| self.live(&owner, site.as_ref(), said.at(), elsewhere)) else { return };
        let origin = self.origin(&owner.supplier, said.source_ip);
        let Some(session) = self.state.session_mut(&holder).filter(|session| session.alive(said.at())) else { return };
        (session.source_ip, session.origin) = (said.source_ip, origin);
        session.told_by(stream, said.id.as_deref());
        self.attribution.hold(session, &holder.owner);
        self.used(said, &holder, Happening::Seen, out);
    }

    /// Somebody who is no supplier came in or was refused. His lines are not remembered: one that comes twice is shown twice.
    fn stranger(&mut self, said: &Said<'_>, happening: Happening, out: &mut Vec<Alert>) {
        let Some(user) = &said.user else { return };
        let login: Arc<str> = lossy(user.clone()).to_lowercase().into();
        let supplier = Arc::clone(self.register.nobody(self.site(said.sighting).map(|site| &**site)));
        let origin = self.origin(&supplier, said.source_ip);
        let address = said.source_ip.filter(|_| origin.is_some());
        let owner = Owner::without_entry(&supplier, login);
        self.happened(&owner, Happened { address, origin, ..Happened::of(said, happening, None) }, out);
    }

    /// The gateway was changed: by a supplier's account, out of a supplier's session, or by somebody else.
    fn changed(&mut self, said: &Said<'_>, out: &mut Vec<Alert>) {
        let site = self.site(said.sighting).cloned();
        let by_address = said.source_ip.and_then(|ip| self.attribution.holder(site.as_ref(), ip)).cloned();
        let (owner, holder) = match self.owner(said) {
            Some(owner) => {
                let own = by_address.filter(|holder| holder.login == owner.login);
                let holder = own.or_else(|| self.live(&owner, site.as_ref(), said.at(), |_| true));
                (owner, holder)
            }
            None => match by_address {
                Some(holder) => {
                    if holder.is_gone {
                        return;
                    }
                    (Arc::clone(&holder.owner), Some(holder))
                }
                None => {
                    let user = said.user.as_ref().map(|user| lossy(user.clone()).to_lowercase()).unwrap_or_default();
                    (Arc::new(Owner::without_entry(self.register.nobody(site.as_deref()), user.into())), None)
                }
            },
        };
        if !self.is_new(said) {
            return;
        }
        self.happened(&owner, Happened::of(said, Happening::Changed, holder.map(|holder| holder.session)), out);
    }

    fn tunnel(&mut self, said: &Said<'_>, peer: IpAddr, supplier: &Arc<Supplier>, out: &mut Vec<Alert>) {
        if !self.is_new(said) {
            return;
        }
        let Some(supplied) = self.state.suppliers.entry(&supplier.id) else { return };
        let came_up = supplied.tunnel_up(said.stream_index(), peer, said.id.as_deref(), said.at());
        let happening = if came_up { Happening::TunnelUp } else { Happening::TunnelRekeyed };
        let owner = Owner::without_entry(supplier, "".into());
        self.happened(&owner, Happened { source_ip: said.source_ip.or(Some(peer)), ..Happened::of(said, happening, None) }, out);
    }

    fn traffic(&mut self, said: &Said<'_>, out: &mut Vec<Alert>) {
        let facts = said.event.facts;
        let site = self.site(said.sighting);
        let by_address = |address: Option<IpAddr>| self.attribution.holder(site, address?);
        let holder = by_address(facts.source_ip).or_else(|| by_address(facts.destination_ip)).cloned();
        let holder = if facts.user.is_empty() {
            holder
        } else {
            let Some(owner) = self.owner(said) else { return };
            match holder {
                Some(holder) if holder.login == owner.login => Some(holder),
                _ => self.live(&owner, self.site(said.sighting), said.at(), |_| true),
            }
        };
        let Some(holder) = holder else { return };
        let happening = if facts.verdict == Some(Verdict::Denied) { Happening::Seen } else { Happening::Used { login: false } };
        self.used(said, &holder, happening, out);
    }

    /// A session shows life. `false` if it does not, since it is over or the line was seen before.
    fn used(&mut self, said: &Said<'_>, holder: &Holder, happening: Happening, out: &mut Vec<Alert>) -> bool {
        if holder.is_gone || !self.is_new(said) {
            return false;
        }
        // Its time may be up before its timer, which waits for lines that are late.
        let uses = Some(holder.supplier.max_session.unwrap_or(MAX_SESSION));
        self.happened(&holder.owner, Happened { uses, ..Happened::of(said, happening, Some(holder.session)) }, out)
    }
}

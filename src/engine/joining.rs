//! What a line says together with the lines of its connection before it.
//!
//! A line whose id a session bears speaks of that session. Else it is completed from what the connection said so far, and
//! remembered for the lines to come, until they make a session together.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use parsers::time::HOUR;
use parsers::{Event, Facts, Kind, Time};
use triomphe::Arc as Shared;

use super::attribution::{Holder, Match, Opening, Owner};
use super::connections::{Connection, SILENT};
use super::{Engine, Sighting, Source};
use crate::alert::Evidence;
use crate::clock::Dated;
use crate::normalised::lossy;
use crate::scene::Line;

/// How many connections are remembered beside sessions, shared evenly by the streams.
const CONNECTIONS: usize = 65_536;

/// A busy gateway has this many logins under way at most; a stream always has room for some.
const OF_A_STREAM: std::ops::RangeInclusive<usize> = 16..=4096;

/// Lines that a session may come to rest on: where it comes from, who it is, that it was let in.
const EVIDENCE: usize = 4;

/// Refusals of a connection without a name that are known again.
const REFUSALS: usize = 4;

/// No name that a directory knows is longer, no device's and no id: of what is, so much is told apart and kept.
pub(super) const LONGEST: usize = 256;

/// A line on its way to whose it is, with what its connection said before it.
pub(super) struct Said<'a> {
    pub sighting: &'a Sighting<'a>,
    pub event: &'a Event<'a>,
    /// Index of its stream.
    pub stream: usize,
    pub dated: Dated,
    /// What the line amounts to: the last missing word makes a session come up.
    pub kind: Kind,
    /// The connection's id.
    pub id: Option<Cow<'a, [u8]>>,
    pub user: Option<Cow<'a, [u8]>>,
    pub domain: Option<Cow<'a, [u8]>>,
    pub group: Option<Cow<'a, [u8]>>,
    pub source_ip: Option<IpAddr>,
    pub inner: Option<IpAddr>,
    pub mfa: Option<bool>,
    /// The session that bears the id.
    pub holder: Option<Holder>,
    /// What the connection said before, if it is no session.
    pub before: Option<Connection>,
}

impl<'a> Said<'a> {
    /// What the line says by itself.
    pub(super) fn alone(sighting: &'a Sighting<'a>, event: &'a Event<'a>, stream: usize, dated: Dated) -> Said<'a> {
        let facts = event.facts;
        Said {
            sighting,
            event,
            stream,
            dated,
            kind: facts.kind,
            id: event.text(facts.session).map(short),
            user: event.user().map(short),
            domain: event.domain().map(short),
            group: event.group().map(short),
            source_ip: facts.source_ip,
            inner: facts.assigned_ip,
            mfa: facts.mfa,
            holder: None,
            before: None,
        }
    }

    pub(super) fn at(&self) -> Time {
        self.dated.time
    }

    /// The device that it names.
    pub(super) fn device(&self) -> Option<Cow<'a, [u8]>> {
        self.event.text(self.event.facts.device).map(short)
    }

    /// The line as rules look at it, by the names that the engine holds.
    pub(super) fn line<'s>(&'s self, sources: &'s [Source], observers: &'s [Arc<str>]) -> Option<Line<'s>> {
        let Source { name, site, .. } = sources.get(usize::from(self.sighting.source))?;
        let names_device = !self.event.facts.device.is_empty();
        Some(Line {
            time: self.dated.time,
            event: self.event,
            login: None,
            source_ip: self.source_ip,
            observer: observers.get(self.stream).filter(|_| names_device).unwrap_or(name),
            site: site.as_ref(),
            source: name,
            offset: self.sighting.offset,
            sha256: self.sighting.sha256,
            earlier: self.earlier(),
            story: None,
            time_guessed: self.dated.guessed,
            time_ambiguous: self.dated.ambiguous,
        })
    }

    /// The device's own words for what happened.
    pub(super) fn words(&self) -> Cow<'a, [u8]> {
        self.event.text(self.event.facts.action).map(short).unwrap_or_default()
    }

    /// The index of its stream, as sessions keep it.
    pub(super) fn stream_index(&self) -> u32 {
        u32::try_from(self.stream).unwrap_or(u32::MAX)
    }

    /// When the connection was let in, if now it is.
    pub(super) fn let_in(&self) -> Time {
        let at = self.at();
        self.before.as_ref().and_then(|before| before.accepted).map_or(at, |accepted| accepted.min(at))
    }

    /// Earlier lines that it rests on; none where it says all by itself.
    pub(super) fn earlier(&self) -> &[Evidence] {
        let facts = self.event.facts;
        let says_all = !facts.user.is_empty() && facts.source_ip.is_some() && self.let_in() == self.at();
        self.before.as_ref().filter(|_| !says_all).map_or(&[], |before| &before.evidence)
    }

    /// Whether it tells of a session on a target behind the device, as bastions do, and not of one at the device.
    pub(super) fn reaches_target(&self) -> bool {
        let facts = self.event.facts;
        let names_one = facts.destination_ip.is_some() || !facts.target.is_empty();
        self.kind == Kind::SessionStart && names_one && self.inner.is_none()
    }

    /// Whether it is the word of a server that checks passwords for others.
    pub(super) fn is_of_an_authenticator(&self) -> bool {
        self.event.format.is_authenticator()
    }

    /// Whether it only says that somebody may come in, not where the session goes on: an accounting line says more.
    pub(super) fn vouches(&self) -> bool {
        self.kind == Kind::LoginSuccess && self.is_of_an_authenticator()
    }

    pub(super) fn was_refused(&self) -> bool {
        self.before.as_ref().is_some_and(|before| before.was_refused(self.at()))
    }

    /// Fills what the line leaves out from what its connection said.
    fn complete(&mut self, before: Connection) {
        let owned = |text: &Option<Box<[u8]>>| text.as_ref().map(|text| Cow::Owned(text.to_vec()));
        self.source_ip = self.source_ip.or(before.source_ip);
        if before.is_anothers(self.user.as_deref()) {
            // The same person tries another name: only the place is still the same.
            let Connection { first, last, source_ip, refused, refusals, evidence, .. } = before;
            self.before = Some(Connection { first, last, source_ip, refused, refusals, evidence, ..Connection::default() });
            return;
        }
        self.user = self.user.take().or_else(|| owned(&before.user));
        self.domain = self.domain.take().or_else(|| owned(&before.domain));
        self.group = self.group.take().or_else(|| owned(&before.group));
        self.inner = self.inner.or(before.inner);
        self.mfa = either(before.mfa, self.mfa);
        self.before = Some(before);
    }

    /// Whether a line that tells no access by itself is the word that was missing: the connection was let in before it had a
    /// name, or is handed an inner address.
    fn completes(&self) -> bool {
        let handed_out = self.event.facts.assigned_ip.is_some();
        let let_in = |before: &Connection| before.accepted.is_some() || handed_out;
        self.user.is_some() && !self.was_refused() && self.before.as_ref().is_some_and(let_in)
    }
}

/// Whether the engine has any use for a line: it tells an access, or something that a line of the same connection may
/// leave out.
pub fn is_telling(facts: &Facts) -> bool {
    let of_a_connection = || {
        let texts = [facts.user, facts.group].iter().any(|text| !text.is_empty());
        let addresses = facts.source_ip.is_some() || facts.assigned_ip.is_some();
        texts || addresses || facts.mfa.is_some() || facts.source_bytes.is_some() || facts.destination_bytes.is_some()
    };
    let hands_out = || !facts.user.is_empty() && facts.assigned_ip.is_some();
    facts.kind != Kind::Other || facts.about.is_some() || hands_out() || (!facts.session.is_empty() && of_a_connection())
}

/// Whether a second factor was given, by two lines of one login: any line that says yes knows.
pub(super) fn either(one: Option<bool>, other: Option<bool>) -> Option<bool> {
    one.max(other)
}

impl Engine {
    /// A line with what its connection said before. `None` if it only repeats a line of it, or is too late to matter.
    pub(super) fn join<'a>(&mut self, sighting: &'a Sighting<'a>, event: &'a Event<'a>, stream: usize, dated: Dated) -> Option<Said<'a>> {
        let mut said = Said::alone(sighting, event, stream, dated);
        let Some(id) = said.id.clone() else {
            if said.kind == Kind::Other && self.hands_out(&said) {
                said.kind = Kind::SessionStart;
            }
            return Some(said);
        };
        if let Some(holder) = self.attribution.by_id(said.stream_index(), &id).cloned()
            && self.speaks_of(&holder, &said)
        {
            said.source_ip = said.source_ip.or(self.session(&holder).and_then(|session| session.source_ip));
            said.holder = Some(holder);
            // Of a session, only refusals are remembered beside it.
            said.before = self.state.streams.get(stream)?.connections.get(&id).filter(|_| said.kind == Kind::LoginFailure).cloned();
            return Some(said);
        }
        let held = self.state.streams.get(stream)?.connections.get(&id);
        if let Some(held) = held {
            if held.goes_on(dated.time, said.source_ip, said.user.as_deref()) {
                said.complete(held.clone());
            } else if dated.time < held.first {
                // A line of whoever had the id before.
                return said.user.is_some().then_some(said);
            }
        }
        let nameless = said.kind != Kind::Other && event.facts.user.is_empty();
        if let Some(before) = said.before.as_ref().filter(|before| nameless && !(before.evidence.is_empty() && before.refusals.is_empty()))
        {
            let sha256 = sighting.sha256;
            if before.evidence.iter().any(|line| line.sha256 == sha256) || before.refusals.contains(&sha256) {
                return None;
            }
        }
        if said.kind == Kind::Other && said.completes() {
            said.kind = Kind::SessionStart;
        } else if said.kind == Kind::Other && self.hands_out(&said) {
            // The id is that of a part of the device, as a worker of the gateway is.
            (said.kind, said.id) = (Kind::SessionStart, None);
        }
        Some(said)
    }

    /// Whether a line gives the inner address of a session that other lines have announced.
    fn hands_out(&mut self, said: &Said<'_>) -> bool {
        if said.user.is_none() || said.event.facts.assigned_ip.is_none() {
            return false;
        }
        let Some(owner) = self.owner(said) else { return false };
        let site = self.site(said.sighting).cloned();
        let opening = Opening {
            at: said.at(),
            source_ip: said.source_ip,
            inner: said.inner,
            stream: said.stream_index(),
            id: None,
            site: site.as_ref(),
        };
        let accounted = self.state.suppliers.get(&owner.supplier.id).and_then(|supplied| supplied.accounts.get(&owner.login));
        accounted.is_some_and(|accounted| matches!(accounted.matching(&opening), Match::Known(_)))
    }

    /// Whether a line with the id of a session speaks of that session still.
    fn speaks_of(&mut self, holder: &Holder, said: &Said<'_>) -> bool {
        let Some(session) = self.session(holder) else { return false };
        let elsewhere = said.source_ip.is_some_and(|ip| session.source_ip.is_some_and(|own| own != ip) && session.inner != Some(ip));
        let over = session.closed.is_some();
        let begins = matches!(said.kind, Kind::LoginSuccess | Kind::SessionStart);
        let Some(user) = &said.user else {
            // A nameless beginning from elsewhere, or after the end, is another connection under the same id.
            return !(begins && (elsewhere || over));
        };
        if names(&holder.login, user) {
            return !(begins && over);
        }
        // One connection may bear two names, of a certificate and of a login: only one of them is an account's.
        !elsewhere && !over && said.source_ip.is_some() && {
            let register = Arc::clone(&self.register);
            self.attribution.owner(said, &register).is_none()
        }
    }

    /// Whose line it is: its session's, else by the name that its connection goes by.
    pub(super) fn owner(&mut self, said: &Said<'_>) -> Option<Arc<Owner>> {
        match &said.holder {
            Some(holder) => (!holder.is_gone).then(|| Arc::clone(&holder.owner)),
            None => {
                let register = Arc::clone(&self.register);
                self.attribution.owner(said, &register)
            }
        }
    }

    /// Remembers what the connection said up to this line; with `attempt`, that this refusal was told to the rules.
    pub(super) fn remember(&mut self, said: &Said<'_>, attempt: bool) {
        let Some(id) = &said.id else { return };
        let at = said.at();
        let boxed = |text: &Option<Cow<'_, [u8]>>| text.as_ref().map(|text| text.as_ref().into());
        let mut now = Connection {
            first: at,
            last: at,
            user: boxed(&said.user),
            domain: boxed(&said.domain),
            group: boxed(&said.group),
            source_ip: said.source_ip,
            inner: said.inner,
            mfa: said.mfa,
            ..Connection::default()
        };
        if let Some(before) = &said.before {
            (now.first, now.last) = (before.first.min(at), before.last.max(at));
            (now.accepted, now.refused) = (before.accepted, before.refused);
            (now.attempt, now.refusals, now.evidence) = (before.attempt.clone(), before.refusals.clone(), before.evidence.clone());
        }
        match said.kind {
            // A session that comes up without a name or an address may be a connection that is still to log in.
            Kind::LoginSuccess => now.accepted = Some(said.let_in()),
            Kind::SessionStart if said.inner.is_some() => now.accepted = Some(said.let_in()),
            Kind::LoginFailure => {
                now.refused = now.refused.max(Some(at));
                now.accepted = None;
                if said.user.is_none() {
                    now.refusals.truncate(REFUSALS - 1);
                    now.refusals.insert(0, said.sighting.sha256);
                }
                if attempt {
                    now.attempt = Some((at, said.words().as_ref().into()));
                }
            }
            _ => {}
        }
        let late = said.before.as_ref().is_some_and(|before| at < before.last);
        if said.before.as_ref() == Some(&now) || (late && self.goes_by_another_name(said)) {
            return;
        }
        let known = said.user.as_ref().is_some_and(|user| self.attribution.is_known(user));
        // A stranger's lines are nobody's evidence.
        if (said.user.is_none() || known || self.owner(said).is_some())
            && said.kind != Kind::LoginFailure
            && now.evidence.len() < EVIDENCE
            && let Some(source) = self.sources.get(usize::from(said.sighting.source))
        {
            let source = Arc::clone(&source.name);
            let sha256 = said.sighting.sha256;
            now.evidence.reserve_exact(1);
            now.evidence.push(Evidence { source, offset: said.sighting.offset, time: at, sha256, raw: None });
        }
        let room = self.room_of_a_stream();
        if let Some(stream) = self.state.streams.get_mut(said.stream) {
            Shared::make_mut(&mut Shared::make_mut(stream).connections).put(id, now, known, room);
        }
    }

    /// How much of what anybody may invent is remembered of one stream.
    pub(super) fn room_of_a_stream(&self) -> usize {
        (CONNECTIONS / self.state.streams.len().max(1)).clamp(*OF_A_STREAM.start(), *OF_A_STREAM.end())
    }

    /// Whether the connection is remembered under another name than the line's.
    fn goes_by_another_name(&self, said: &Said<'_>) -> bool {
        let held = self.state.streams.get(said.stream).zip(said.id.as_deref()).and_then(|(stream, id)| stream.connections.get(id));
        held.is_some_and(|held| held.is_anothers(said.user.as_deref()))
    }

    /// The connection has become a session, or is over.
    pub(super) fn forget(&mut self, said: &Said<'_>) {
        let Some(id) = &said.id else { return };
        if let Some(stream) = self.state.streams.get_mut(said.stream)
            && stream.connections.get(id).is_some()
        {
            Shared::make_mut(&mut Shared::make_mut(stream).connections).forget(id);
        }
    }

    /// Forgets connections that have been silent for so long that nothing would be joined to them.
    pub(super) fn sweep_connections(&mut self) {
        let since = self.state.watermark.minus(SILENT + HOUR);
        for stream in self.state.streams.iter_mut().filter(|stream| stream.connections.any_silent_since(since)) {
            Shared::make_mut(&mut Shared::make_mut(stream).connections).forget_silent_since(since);
        }
    }
}

/// As much of a text as is told apart and kept.
pub(super) fn short(mut text: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    match &mut text {
        Cow::Borrowed(text) => *text = text.get(..LONGEST).unwrap_or(text),
        Cow::Owned(text) => text.truncate(LONGEST),
    }
    text
}

/// Whether a login as written is an account's.
fn names(login: &str, user: &[u8]) -> bool {
    user.eq_ignore_ascii_case(login.as_bytes()) || (!user.is_ascii() && lossy(user.to_vec().into()).to_lowercase() == login)
}

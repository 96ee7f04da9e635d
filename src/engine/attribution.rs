//! Whose line is this? Login → register → supplier; connection's id or inner address → session → supplier.
//!
//! Attribution owns sessions: it opens, moves, closes and times them out. Rules see its answer.

use std::cmp::Ordering;
use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;

use foldhash::{HashMap, HashSet};
use parsers::Time;
use parsers::time::{HOUR, MINUTE};
use smallvec::SmallVec;

use super::joining::Said;
use super::state::{Accounted, State};
use crate::hashed::Hashed;
use crate::normalised::lossy;
use crate::register::{Account, Register, Supplier};
use crate::session::Session;

/// Lines that announce one session lie at most this far apart.
const ANNOUNCED_WITHIN: i64 = 2 * MINUTE;

/// A login within this of the last sign of life of the previous session is that session moving.
pub(super) const MOVES_WITHIN: i64 = 5 * MINUTE;

/// A line that announces a session whose id was silent this long is another session's: ids come again.
const SILENT: i64 = 12 * HOUR;

/// How many logins are remembered as a supplier's that once got in, as a supplier's by their looks alone, and as nobody's; derived, so
/// they may be dropped at any time.
const LOOKED_UP: usize = 400_000;
const CLAIMED: usize = 50_000;
const STRANGERS: usize = 200_000;

/// Longer names than people bear are looked up each time.
const LONG: usize = 128;

/// Whose account a login is.
#[derive(Debug)]
pub(super) struct Owner {
    /// The supplier.
    pub supplier: Arc<Supplier>,
    /// The account's own entry in the register.
    pub account: Option<Arc<Account>>,
    /// The login, lower case, without domain.
    pub login: Hashed<Arc<str>>,
    /// The register no longer knows the supplier: only its id is left of it.
    pub is_gone: bool,
}

impl Owner {
    /// An account that has no entry of its own in the register; a stranger's, too.
    pub(super) fn without_entry(supplier: &Arc<Supplier>, login: Arc<str>) -> Owner {
        Owner { supplier: Arc::clone(supplier), account: None, login: login.into(), is_gone: false }
    }

    /// An account by its names.
    pub(super) fn named(supplier: &Arc<str>, login: &Arc<str>, register: &Register) -> Owner {
        let of = |supplier: &Arc<Supplier>| Owner::without_entry(supplier, Arc::clone(login));
        if supplier.is_empty() {
            of(register.nobody(None))
        } else if !register.is_declared() {
            of(&Arc::new(register.inferred(login)))
        } else if let Some(supplier) = register.supplier(supplier) {
            Owner { account: register.account(login).cloned(), ..of(supplier) }
        } else {
            Owner { is_gone: true, ..of(&Arc::new(register.inferred(supplier))) }
        }
    }

    /// Whether anybody may have invented the login, unless it once got in: the register does not spell it out.
    pub(super) fn is_invented(&self) -> bool {
        self.account.is_none() && !self.supplier.spells_out(&self.login)
    }
}

/// A session by whose it is.
#[derive(Clone, Debug)]
pub(super) struct Holder {
    /// The account.
    pub owner: Arc<Owner>,
    /// Number of the session.
    pub session: u32,
}

/// A connection's id, as short as most are.
type Id = SmallVec<[u8; 24]>;

/// Look-ups derived from register and state.
#[derive(Default)]
pub(super) struct Attribution {
    owners: HashMap<Box<[u8]>, Arc<Owner>>,
    /// Owners of logins that never got in: anybody may invent them.
    claims: HashMap<Box<[u8]>, Arc<Owner>>,
    strangers: HashSet<Box<[u8]>>,
    key: Vec<u8>,
    /// Supplier of an account that once got in, by login: later lines may leave out what showed it.
    known: HashMap<Arc<str>, Arc<str>>,
    /// Holders of inner addresses, by site; an empty one is none.
    inner: HashMap<Arc<str>, HashMap<IpAddr, Holder>>,
    /// Holders of connection ids, by stream and id: open sessions, and ended ones as long as they are remembered.
    ids: HashMap<u32, HashMap<Id, Holder>>,
}

impl Attribution {
    /// The look-ups of a state.
    pub(super) fn of(state: &State, register: &Register) -> Attribution {
        let mut attribution = Attribution::default();
        for (supplier, supplied) in state.suppliers.iter() {
            for (login, accounted) in supplied.accounts.iter() {
                attribution.learn(login, supplier);
                if accounted.sessions.is_empty() {
                    continue;
                }
                let owner = Arc::new(Owner::named(supplier, login, register));
                for session in &accounted.sessions {
                    attribution.hold(session, &owner);
                }
            }
        }
        attribution
    }

    /// The owner of the login that a connection goes by.
    pub(super) fn owner(&mut self, said: &Said<'_>, register: &Register) -> Option<Arc<Owner>> {
        let (user, domain, group) = (said.user.as_ref()?, said.domain.as_ref(), said.group.as_ref());
        self.key.clear();
        for part in [Some(user), domain, group] {
            self.key.extend_from_slice(part.map_or(b"" as &[u8], |part| part));
            self.key.push(0);
        }
        if let Some(owner) = self.owners.get(self.key.as_slice()).or_else(|| self.claims.get(self.key.as_slice())) {
            return Some(owner.clone());
        }
        if self.strangers.contains(self.key.as_slice()) {
            return None;
        }
        let text = |part: &std::borrow::Cow<'_, [u8]>| lossy(part.clone()).to_lowercase();
        let (login, domain, group) = (text(user), domain.map(text), group.map(text));
        let owner = self.look_up(&login, domain.as_deref(), group.as_deref(), register).map(Arc::new);
        if self.key.len() > LONG {
            return owner;
        }
        let key = self.key.as_slice().into();
        if let Some(owner) = &owner {
            let is_known = self.known.contains_key(&*owner.login);
            let (held, room) = if is_known { (&mut self.owners, LOOKED_UP) } else { (&mut self.claims, CLAIMED) };
            if held.len() >= room {
                held.clear();
            }
            held.insert(key, owner.clone());
        } else {
            if self.strangers.len() >= STRANGERS {
                self.strangers.clear();
            }
            self.strangers.insert(key);
        }
        owner
    }

    /// The owner of a login (lower case) that bears nothing but its name.
    pub(super) fn by_name(&self, login: &str, register: &Register) -> Option<Owner> {
        self.look_up(login, None, None, register)
    }

    fn look_up(&self, login: &str, domain: Option<&str>, group: Option<&str>, register: &Register) -> Option<Owner> {
        if login.is_empty() {
            return None;
        }
        let login: Arc<str> = login.into();
        if !register.is_declared() {
            let looks = register.looks_like_supplier(&login, domain, group) || self.known.contains_key(&login);
            return looks.then(|| Owner::without_entry(&Arc::new(register.inferred(&login)), login));
        }
        if let Some(found) = register.owner(&login, group) {
            let (supplier, account) = register.of(found)?;
            return Some(Owner { account: account.cloned(), ..Owner::without_entry(supplier, login) });
        }
        let supplier = register.supplier(self.known.get(&login)?)?;
        Some(Owner::without_entry(supplier, login))
    }

    /// An account got in: lines that leave out its group are still its own.
    pub(super) fn know(&mut self, owner: &Owner, register: &Register) {
        if self.known.get(&*owner.login).is_some_and(|known| *known <= *owner.supplier.id) {
            return;
        }
        if self.look_up(&owner.login, None, None, register).is_none_or(|known| known.supplier.id != owner.supplier.id) {
            // Its group or domain showed it: answers for lines without them may now be different.
            self.strangers.clear();
            self.owners.retain(|_, answer| answer.login != owner.login);
            self.claims.retain(|_, answer| answer.login != owner.login);
        }
        self.learn(&owner.login, &owner.supplier.id);
    }

    /// Takes down whose account a login is. One that got in for two suppliers is the first's by name: so it does not matter
    /// which was seen first, and a restored state gives the same answer.
    fn learn(&mut self, login: &Arc<str>, supplier: &Arc<str>) {
        if self.known.get(login).is_none_or(|known| supplier < known) {
            self.known.insert(Arc::clone(login), Arc::clone(supplier));
        }
    }

    /// Who holds an inner address of a site.
    pub(super) fn holder(&self, site: Option<&Arc<str>>, address: IpAddr) -> Option<&Holder> {
        self.inner.get(site.map_or("", |site| site))?.get(&address)
    }

    /// Whether a login is of an account that once got in.
    pub(super) fn is_known(&self, user: &[u8]) -> bool {
        !self.known.is_empty() && self.known.contains_key(lossy(user.into()).to_lowercase().as_str())
    }

    /// Who holds a connection's id.
    pub(super) fn by_id(&self, stream: u32, id: &[u8]) -> Option<&Holder> {
        self.ids.get(&stream)?.get(id)
    }

    /// A session holds its inner address while it is open, and its ids.
    pub(super) fn hold(&mut self, session: &Session, owner: &Arc<Owner>) {
        let holder = Holder { owner: Arc::clone(owner), session: session.number };
        for (stream, id) in ids(session) {
            self.ids.entry(stream).or_default().insert(Id::from_slice(id), holder.clone());
        }
        if let Some(inner) = session.inner.filter(|_| session.closed.is_none()) {
            self.inner.entry(session.site.clone().unwrap_or_default()).or_default().insert(inner, holder);
        }
    }

    /// A session that ended lets go of its inner address; late lines may still bear its id.
    pub(super) fn release_inner(&mut self, session: &Session, login: &Arc<str>) {
        let of_site = session.inner.zip(self.inner.get_mut(session.site.as_deref().unwrap_or_default()));
        if let Some((inner, of_site)) = of_site
            && of_site.get(&inner).is_some_and(|holder| holder.is(session, login))
        {
            of_site.remove(&inner);
        }
    }

    /// A session lets go of one of its ids; whose it was, if it held it.
    pub(super) fn release_id(&mut self, session: &Session, login: &Arc<str>, stream: u32, id: &[u8]) -> Option<Arc<Owner>> {
        let ids = self.ids.get_mut(&stream)?;
        let (id, holder) = ids.remove_entry(id)?;
        if holder.is(session, login) {
            return Some(holder.owner);
        }
        ids.insert(id, holder);
        None
    }

    /// A session is forgotten: it lets go of what it still holds. Whose it was, if it held anything.
    pub(super) fn release(&mut self, session: &Session, login: &Arc<str>) -> Option<Arc<Owner>> {
        self.release_inner(session, login);
        self.release_ids(session, login)
    }

    /// A session lets go of its ids; whose it was, if it held any.
    pub(super) fn release_ids(&mut self, session: &Session, login: &Arc<str>) -> Option<Arc<Owner>> {
        let mut owner = None;
        for (stream, id) in ids(session) {
            owner = self.release_id(session, login, stream, id).or(owner);
        }
        owner
    }
}

impl Deref for Holder {
    type Target = Owner;

    fn deref(&self) -> &Owner {
        &self.owner
    }
}

impl PartialEq for Holder {
    fn eq(&self, other: &Holder) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Holder {}

impl PartialOrd for Holder {
    fn partial_cmp(&self, other: &Holder) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Holder {
    fn cmp(&self, other: &Holder) -> Ordering {
        (&self.supplier.id, &self.login, self.session).cmp(&(&other.supplier.id, &other.login, other.session))
    }
}

impl Holder {
    fn is(&self, session: &Session, login: &Arc<str>) -> bool {
        *self.login == *login && self.session == session.number
    }
}

/// The ids that lead to a session: its own, and those of what is open within it.
fn ids(session: &Session) -> impl Iterator<Item = (u32, &[u8])> {
    session.names().chain(session.within.iter().map(|(stream, id)| (*stream, &**id)))
}

/// What a line says of a session that comes up.
#[derive(Clone, Debug)]
pub(super) struct Opening<'a> {
    pub at: Time,
    pub source_ip: Option<IpAddr>,
    pub inner: Option<IpAddr>,
    pub stream: u32,
    pub id: Option<&'a [u8]>,
    pub site: Option<&'a Arc<str>>,
}

/// Which session a line that announces one speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Match {
    /// One that is known, by its number.
    Known(u32),
    /// A new one; with the number of the one that it continues, or, told late, of the one that came up after it and continues it.
    New { before: Option<u32>, after: Option<u32> },
}

impl Accounted {
    /// The session that a line announces: one session counts once, however many lines announce it.
    pub(super) fn matching(&self, opening: &Opening<'_>) -> Match {
        let Opening { at, source_ip, inner, stream, id, site } = *opening;
        let near = |session: &Session| at.0.abs_diff(session.opened.0) <= ANNOUNCED_WITHIN.unsigned_abs();
        let mut open = self.sessions.iter().rev().filter(|session| session.closed.is_none());
        let same_site = |session: &&Session| session.site.as_ref() == site;
        let contradicts = |session: &Session| {
            let other = |a: Option<&[u8]>, b: Option<&[u8]>| a.is_some() && b.is_some() && a != b;
            (session.stream == stream && other(session.id.as_deref(), id))
                || (session.inner.is_some() && inner.is_some() && session.inner != inner)
        };
        let by_id = id.and_then(|id| open.clone().find(|session| session.bears(stream, id) && at.since(session.life) <= SILENT));
        // A bastion's login that comes after the target session that it led to.
        let led_to = |session: &&Session| {
            let late = session.opened <= at && at < session.life && session.life.since(at) <= ANNOUNCED_WITHIN;
            late && !session.within.is_empty() && session.stream == stream && session.source_ip == source_ip && !contradicts(session)
        };
        let found = by_id.or_else(|| match source_ip {
            // A line of the authentication server: it belongs to the session that came up about then.
            None => open.clone().filter(same_site).find(|session| near(session) && !contradicts(session)),
            Some(ip) => {
                let placeless = |session: &&Session| session.source_ip.is_none() && near(session) && !contradicts(session);
                let same = |session: &&Session| {
                    session.source_ip == Some(ip) && !contradicts(session) && (near(session) || (inner.is_some() && session.inner == inner))
                };
                open.clone().filter(same_site).find(|session| placeless(session) || same(session) || led_to(session))
            }
        });
        if let Some(session) = found {
            return Match::Known(session.number);
        }
        let recent = |session: &&Session| at.since(session.life) <= MOVES_WITHIN && session.life <= at;
        let continued = open.find(recent).or_else(|| self.sessions.iter().rev().find(recent));
        let went_on = |session: &&Session| at < session.opened && session.opened.since(at) <= MOVES_WITHIN;
        let after = self.sessions.iter().filter(went_on).min_by_key(|session| session.opened);
        Match::New { before: continued.map(|session| session.number), after: after.map(|session| session.number) }
    }

    /// A session by its number, to be changed.
    pub(super) fn session_mut(&mut self, number: u32) -> Option<&mut Session> {
        self.sessions.iter_mut().find(|session| session.number == number)
    }
}

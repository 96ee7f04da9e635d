//! From what happened to the rules, and from their findings to alerts.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use jiff::tz::TimeZone;
use parsers::Time;

use super::Engine;
use super::addresses::Standing;
use super::attribution::Owner;
use super::joining::Said;
use super::state::{Accounted, RuleId, Story, Supplied, Timer, What};
use crate::alert::{Alert, Because, RuleName, Severity, Stable};
use crate::register::{Register, Supplier};
use crate::rules::{Case, Finding, Findings, Happening, Memories, local};
use crate::scene::{Line, Scene};
use crate::session::{Origin, Session};

/// Stories that an account keeps; older ones are told.
const STORIES: usize = 16;

/// A line of a supplier on its way to the rules, or a timer.
pub(super) struct Happened<'a> {
    pub happening: Happening,
    pub now: Time,
    /// What the line says; `None` when a timer fell due.
    pub said: Option<&'a Said<'a>>,
    /// Where it comes from.
    pub source_ip: Option<IpAddr>,
    pub session: Option<u32>,
    /// The address counts as an origin: its memory is at hand.
    pub address: Option<IpAddr>,
    /// The egress group of that address, as the supplier's.
    pub origin: Option<Origin>,
    /// It is a sign of life of the session, which lasts this long at most: without one that runs, nothing has happened.
    pub uses: Option<i64>,
}

impl Engine {
    /// Shows what happened to all rules; whether it has happened.
    pub(super) fn happened(&mut self, owner: &Owner, happened: Happened<'_>, out: &mut Vec<Alert>) -> bool {
        self.told(owner, happened, None, out)
    }

    /// Shows what happened to all rules, or to one whose timer fell due, and makes alerts of what they find.
    pub(super) fn told(&mut self, owner: &Owner, mut happened: Happened<'_>, only: Option<&str>, out: &mut Vec<Alert>) -> bool {
        if let Some(said) = happened.said {
            self.name(said);
        }
        let supplier = &owner.supplier;
        let (register, rules, geo, daybook) = (&*self.register, &*self.rules, &*self.geo, &*self.state.daybook);
        // Nothing is kept of suppliers that are only the names of failing logins: anybody may invent them.
        let mut stranger = None;
        let named_in_a_cut = || daybook.cut(&supplier.id, happened.now).is_some_and(|cut| cut.supplier == *supplier.id);
        let keep = register.is_declared() || supplier.is_nobody() || named_in_a_cut();
        let held = if keep { self.state.suppliers.entry(&supplier.id) } else { self.state.suppliers.get_mut(&supplier.id) };
        let Supplied { accounts, memory, .. } = held.unwrap_or_else(|| stranger.insert(Supplied::default()));
        // Only accounts that got in are remembered: failing names are anybody's to invent.
        let mut nobody = None;
        let (is_account, accounted) = match accounts.get_mut(&owner.login) {
            Some(accounted) => (true, accounted),
            None => (false, nobody.insert(Accounted::default())),
        };
        let Accounted { sessions, memory: of_account, stories, .. } = accounted;
        if let Some(lasts) = happened.uses {
            let of_line = |session: &&mut Session| Some(session.number) == happened.session;
            let runs = |session: &&mut Session| session.alive(happened.now) && happened.now.since(session.opened) < lasts;
            let Some(session) = sessions.iter_mut().find(of_line).filter(runs) else { return false };
            session.lives(happened.now);
            // Behind the gateway the line shows the inner address; the session knows where it comes from.
            happened.source_ip = session.source_ip.or(happened.source_ip);
        }
        let standing = match happened.happening {
            Happening::Refused { .. } if !is_account && owner.is_invented() => Standing::Unknown,
            Happening::Refused { .. } => Standing::Refused,
            _ => Standing::LetIn,
        };
        let seen = happened.address.and_then(|ip| self.state.addresses.seen(ip, happened.now, standing));
        let address = seen.map(|seen| &mut seen.memory);
        let session = happened.session.and_then(|number| sessions.iter().find(|session| session.number == number));
        let login = (!owner.login.is_empty()).then_some(&*owner.login);
        let said = happened.said;
        let line = said.and_then(|said| {
            let line = said.line(&self.sources, &self.observers)?;
            Some(Line { login, source_ip: happened.source_ip, story: session.map(|session| &session.story), ..line })
        });
        let case = Case {
            happening: happened.happening,
            now: happened.now,
            line: line.as_ref(),
            supplier,
            account: owner.account.as_deref(),
            sessions,
            session,
            origin: session.and_then(|session| session.origin).or(happened.origin),
            login,
            domain: said.and_then(|said| said.domain.as_deref()),
            group: said.and_then(|said| said.group.as_deref()),
            watched_since: session
                .and_then(|session| self.state.streams.get(usize::try_from(session.stream).ok()?))
                .and_then(|stream| stream.first),
            repeated: said.and_then(|said| said.event.facts.repeated).unwrap_or(1),
            register,
            daybook,
            daybook_configured: self.daybook_configured,
            calendars: &register.calendars,
            geo,
        };
        let mut findings = Findings::default();
        let mut memories = Memories { account: of_account, supplier: memory, address };
        rules.observe(&case, only, &mut memories, &mut findings);
        if findings.is_empty() {
            return true;
        }
        for (rule, mut finding) in findings.found {
            finding.because = with_site_time(register, finding.because, &finding.scene, case.zone());
            let about = if finding.of_all { register.nobody(finding.scene.site.as_deref()) } else { supplier };
            let exception =
                daybook.exception(rule.id, &about.id, case.zone(), finding.scene.time).map(|exception| exception.reason.to_string());
            out.extend(alert(about, rule, finding, exception, stories));
        }
        for wake in findings.wakes {
            let what = What::Rule { rule: RuleId(wake.rule), kind: wake.kind };
            self.arm(Timer {
                due: wake.due,
                supplier: Arc::clone(&supplier.id),
                login: login.filter(|_| !supplier.is_nobody()).cloned(),
                what,
            });
        }
        true
    }
}

impl<'a> Happened<'a> {
    /// What happened with a line.
    pub(super) fn of(said: &'a Said<'a>, happening: Happening, session: Option<u32>) -> Happened<'a> {
        Happened {
            happening,
            now: said.at(),
            said: Some(said),
            source_ip: said.source_ip,
            session,
            address: None,
            origin: None,
            uses: None,
        }
    }

    pub(super) fn due(happening: Happening, now: Time, session: Option<u32>) -> Happened<'static> {
        Happened { happening, now, said: None, source_ip: None, session, address: None, origin: None, uses: None }
    }
}

/// Where the hospital's clocks show another time than the supplier's, an alert that tells the one tells the other, too.
fn with_site_time(register: &Register, because: Because, scene: &Scene, zone: &TimeZone) -> Because {
    let site = scene.site.as_deref().and_then(|site| register.site(site));
    match site.filter(|site| site.zone.iana_name() != zone.iana_name() && because.get("local_time").is_some()) {
        Some(site) => because.with("site_time", local(scene.time, &site.zone)),
        None => because,
    }
}

/// Makes an alert of a finding: its story, its severity, its name.
///
/// A further reason in one story counts for more: the higher of its own severity and the story's
/// highest so far, plus one step. The same reason twice is no further one.
pub(super) fn alert(
    supplier: &Supplier,
    rule: RuleName,
    finding: Finding,
    exception: Option<String>,
    stories: &mut Vec<Story>,
) -> Option<Alert> {
    let Finding { reason, severity, scene, earlier, message, because, unless, users, ips, once, incident, of_all: _, about } = finding;
    let mut severity = severity;
    let story: Arc<str> = match (&incident, &scene.story) {
        (None, Some(story)) => Arc::clone(story),
        (incident, _) => {
            let mut hash = Stable::new("incident");
            hash.text(&supplier.id).text(scene.login.as_deref().unwrap_or_default()).text(rule.id);
            match incident {
                Some(incident) => hash.text(incident),
                None => hash.evidence(&scene.evidence),
            };
            hash.hex().into()
        }
    };
    let said = (rule.id.to_owned(), reason.to_owned());
    if incident.is_none() && scene.login.is_some() {
        let at = stories.iter().position(|held| held.id == story).unwrap_or_else(|| {
            if stories.len() >= STORIES {
                stories.remove(0);
            }
            stories.push(Story { id: Arc::clone(&story), highest: None, said: Vec::new() });
            stories.len() - 1
        });
        let held = stories.get_mut(at)?;
        let known = held.said.contains(&said);
        if known && once {
            return None;
        }
        if !known {
            held.said.push(said);
        }
        if !known && exception.is_none() {
            severity = held.highest.map_or(severity, |highest| severity.max(highest).raised());
            held.highest = held.highest.max(Some(severity));
        }
    }
    if exception.is_some() {
        severity = Severity::Info;
    }
    let mut evidence = earlier;
    evidence.extend(scene.earlier);
    evidence.push(scene.evidence);
    let users: BTreeSet<Arc<str>> = users.into_iter().chain(scene.login.clone()).collect();
    let ips: BTreeSet<IpAddr> = ips.into_iter().chain(scene.source_ip).collect();
    Some(Alert {
        time: scene.time,
        rule,
        reason,
        severity,
        // A supplier that was only inferred from a login bears its name.
        message: if supplier.is_nobody() || scene.login.as_ref() == Some(&supplier.name) {
            message
        } else {
            format!("{}: {message}", supplier.name)
        },
        supplier: (!supplier.is_nobody()).then(|| (Arc::clone(&supplier.id), Arc::clone(&supplier.name))),
        account: scene.login,
        about,
        source_ip: scene.source_ip,
        observer: scene.observer,
        site: scene.site,
        users: users.into_iter().collect(),
        ips: ips.into_iter().collect(),
        story,
        because,
        unless,
        evidence,
        exception,
        time_guessed: scene.time_guessed,
        time_ambiguous: scene.time_ambiguous,
    })
}

//! Systancia Gate, Cleanroom and cyberelements (formerly `IPdiva`).
//!
//! Systancia documents the export and not its messages: these are the phrases of the portal, the mediation server and the session
//! monitor, in French or English, perhaps with entities of HTML. The syslog head alone has a time.
//!
//! What was typed, started or shown in a session is nobody's business here.

use memchr::memrchr;

use crate::atoms::{cut, find, ip, rfind, trim, until};
use crate::formats::Format;
use crate::{Dress, Escape, Facts, Kind, Line, Stamps};

/// Systancia's line of the table of formats.
pub(super) const FORMAT: Format = Format {
    name: "systancia",
    vendor: "Systancia",
    product: "Cleanroom",
    covers: "Systancia Gate, Cleanroom and cyberelements: portal, plug-ins, gateways, applications (French or English text)",
    dresses: Dress::TEXT,
    looks_like,
    parse,
};

/// How the session monitor's messages begin behind the user. What follows a colon is what somebody typed, started or saw.
const MONITORED: [&[u8]; 12] = [
    b"New process",
    b"Process end",
    b"Process start",
    b"key sequence",
    b"Key sequence",
    b"Window closed",
    b"Window opened",
    b"New window",
    b"Window title",
    b"Window focus",
    b"idle saved",
    b"Clipboard",
];

fn looks_like(line: &Line<'_>) -> bool {
    portal(line.body).is_some() || monitor(line.body).is_some()
}

/// What a line of the portal says, taken apart.
#[derive(Clone, Copy, Debug)]
struct Portal<'a> {
    phrase: &'a [u8],
    organisation: &'a [u8],
    login: &'a [u8],
    address: &'a [u8],
    /// A GUID, in some versions.
    session: &'a [u8],
}

/// `Connexion au portail web org:ght, user:fourn.chimere@local, ip:198.51.100.23`. The last `, ip:` counts, for a name may hold one.
fn portal(body: &[u8]) -> Option<Portal<'_>> {
    let (phrase, rest) = cut(body, find(body, b" org:")?);
    let (organisation, rest) = cut(rest, find(rest, b", user:")?);
    let (login, rest) = cut(rest, rfind(rest, b", ip:")?);
    let rest = trim(rest.get(b", ip:".len()..)?);
    let (address, session) = cut(rest, rest.iter().position(|&b| matches!(b, b' ' | b',' | b';')).unwrap_or(rest.len()));
    let session = session.rsplit(|&b| matches!(b, b' ' | b',' | b';' | b':')).next().unwrap_or_default();
    Some(Portal {
        phrase: trim(phrase),
        organisation: organisation.get(b" org:".len()..)?,
        login: login.get(b", user:".len()..)?,
        address,
        session: if session.len() == 36 { session } else { &[] },
    })
}

/// `fourn.chimere@local New process: "C:\…"`: who, and what the monitor says.
fn monitor(body: &[u8]) -> Option<(&[u8], &[u8])> {
    let (login, rest) = until(body, b' ')?;
    memrchr(b'@', login)?;
    // The name of a directory may have a second word: `fourn.chimere@Azure SSO idle saved.`
    let (beginning, _) = cut(rest, 48);
    MONITORED.iter().any(|message| find(beginning, message).is_some()).then_some((login, rest))
}

fn parse(line: &Line<'_>, _: &mut Stamps, facts: &mut Facts) -> Option<()> {
    if let Some(portal) = portal(line.body) {
        line.login(portal.login.strip_prefix(b"@").map_or(portal.login, |_| &[]), Escape::Entities, facts);
        facts.group = line.escaped(portal.organisation, Escape::Entities);
        facts.source_ip = ip(portal.address);
        facts.session = line.text(portal.session);
        phrase(line, portal.phrase, facts);
        return Some(());
    }
    let (login, message) = monitor(line.body)?;
    line.login(login, Escape::Entities, facts);
    let (action, shown) = cut(message, message.iter().position(|&b| b == b':').unwrap_or(message.len()));
    facts.action = line.text(trim(action));
    let shown = trim(shown.strip_prefix(b":").unwrap_or(shown));
    let shown = shown.strip_prefix(b"\"").unwrap_or(shown);
    facts.private = line.text(shown.strip_suffix(b"\"").unwrap_or(shown));
    Some(())
}

/// `Connexion au portail web`, `D&#233;connexion d&#39;un plugin utilisateur`, `Echec de la connexion au portail web : <cause>`,
/// `Lancement d'une application RDS : <name>`
fn phrase<'a>(line: &Line<'a>, phrase: &'a [u8], facts: &mut Facts) {
    facts.action = line.escaped(phrase, Escape::Entities);
    let (verb, rest) = until(phrase, b' ').unwrap_or((phrase, &[]));
    let detail = find(rest, b" : ").map(|at| trim(cut(rest, at + 3).1)).unwrap_or_default();
    let about = |word: &str| find(rest, word.as_bytes()).is_some();
    // The accents may be entities, UTF-8 or Latin-1: ends of words tell as much.
    let ends = |end: &str| {
        verb.len() >= end.len() && verb.get(verb.len() - end.len()..).is_some_and(|text| text.eq_ignore_ascii_case(end.as_bytes()))
    };
    let leaves = (ends("connexion") || ends("connection")) && matches!(verb.first(), Some(b'D' | b'd'));
    let comes = ends("connexion") || ends("connection");
    let fails = ends("chec") || ends("failure") || ends("failed");
    let door = about("portail") || about("portal") || about("console");
    let plugin = about("plugin") || about("plug-in");
    facts.kind = match () {
        () if about("application") && (ends("lancement") || ends("launch") || ends("launching")) => {
            facts.target = line.escaped(detail, Escape::Entities);
            Kind::SessionStart
        }
        () if about("application") && (ends("fermeture") || ends("closing") || ends("close")) => {
            facts.target = line.escaped(detail, Escape::Entities);
            Kind::SessionEnd
        }
        () if fails && (door || plugin) => {
            facts.reason = line.escaped(detail, Escape::Entities);
            Kind::LoginFailure
        }
        () if fails => Kind::Other,
        // The plug-in is the tunnel; a gateway is the house's own.
        () if leaves && door => Kind::Logout,
        () if leaves && plugin => Kind::SessionEnd,
        () if comes && door => Kind::LoginSuccess,
        () if comes && plugin => Kind::SessionStart,
        () => Kind::Other,
    };
}

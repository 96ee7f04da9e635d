//! The event in words, English or French, for dresses that give no fields: `Account Name:  fourn.chimere`. JSON may write an accent as
//! `\u00e9`, so labels with one are listed twice.
//!
//! Names and workstations are whatever a stranger typed, so each label is looked for where only Windows writes: the account behind its
//! own heading, addresses from the end.

use super::record::Record;
use crate::Escape;
use crate::atoms::{cut, find, rfind, trim, trim_start};

/// What an event begins with, where nothing else tells its number.
const SENTENCES: &[(&str, &[u8])] = &[
    ("An account was successfully logged on", b"4624"),
    ("An account failed to log on", b"4625"),
    ("An account was logged off", b"4634"),
    ("User initiated logoff", b"4647"),
    ("A logon was attempted using explicit credentials", b"4648"),
    ("A Kerberos authentication ticket (TGT) was requested", b"4768"),
    ("Kerberos pre-authentication failed", b"4771"),
    ("The computer attempted to validate the credentials for an account", b"4776"),
    ("The domain controller attempted to validate the credentials for an account", b"4776"),
    ("A session was reconnected to a Window Station", b"4778"),
    ("A session was disconnected from a Window Station", b"4779"),
    ("Network Policy Server granted access to a user", b"6272"),
    ("Network Policy Server denied access to a user", b"6273"),
];

/// Headings under which the account stands, where the subject's comes before it.
const HEADINGS: &[(&[u8], &[&str])] = &[
    (b"4624", &["New Logon", "Nouvelle ouverture de session"]),
    (b"4625", &["Account For Which Logon Failed", "Compte pour lequel"]),
    (b"4648", &["Account Whose Credentials Were Used", "Compte dont les informations"]),
];

const ACCOUNTS: &[&str] = &["Account Name", "Nom du compte", "Nom de compte", "Logon Account", "Logon account", "User Name"];
const DOMAINS: &[&str] =
    &["Account Domain", "Domaine du compte", "Domaine de compte", "Supplied Realm Name", "Nom du domaine Kerberos fourni", "Domain"];
const LOGONS: &[&str] = &["Logon ID", "ID d’ouverture de session", "ID d'ouverture de session", r"ID d\u2019ouverture de session"];
const ADDRESSES: &[&str] = &[
    "Source Network Address",
    "Adresse du réseau source",
    r"Adresse du r\u00e9seau source",
    "Adresse réseau source",
    "Client Address",
    "Adresse du client",
    "Calling Station Identifier",
    "Identificateur de la station appelante",
];
const PORTS: &[&str] = &["Source Port", "Port source", "Client Port", "Port client"];
const WORKSTATIONS: &[&str] = &[
    "Workstation Name",
    "Nom de la station de travail",
    "Source Workstation",
    "Station de travail source",
    "Client Name",
    "Nom du client",
];
const STATUSES: &[&str] = &[
    "Result Code",
    "Code de résultat",
    r"Code de r\u00e9sultat",
    "Failure Code",
    "Code d’échec",
    "Error Code",
    "Code d’erreur",
    r"Code d\u2019erreur",
];
const REASONS: &[&str] = &["Failure Reason", "Raison de l’échec", "Raison de l'échec", r"Raison de l\u2019\u00e9chec"];

/// Fills from the words what the dress did not give in fields.
pub(super) fn fill(record: &mut Record<'_>) {
    let message = record.message;
    if message.is_empty() {
        return;
    }
    if record.id.is_empty() {
        let sentence = SENTENCES.iter().find(|(sentence, _)| message.starts_with(sentence.as_bytes()));
        record.id = sentence.map_or(&[], |(_, id)| id);
    }
    let fields = &record.fields;
    if !(fields.target_user.is_empty() && fields.subject_user.is_empty() && fields.account.is_empty()) {
        return;
    }
    let escape = record.escape;
    let label = |text, names| first(text, names).map_or(&[] as &[u8], |at| value(at, escape));
    let last_label = |names| last(message, names).map_or(&[] as &[u8], |at| value(at, escape));
    let headings = HEADINGS.iter().find(|(id, _)| *id == record.id).map_or(&[] as &[&str], |(_, headings)| headings);
    let below = |heading: &&str| message.get(find(message, heading.as_bytes())?..);
    let account = headings.iter().find_map(below).unwrap_or(message);
    let (user, domain, logon) = (label(account, ACCOUNTS), label(account, DOMAINS), label(account, LOGONS));
    let fields = &mut record.fields;
    (fields.target_user, fields.target_domain, fields.target_logon) = (user, domain, logon);
    (fields.account, fields.account_domain, fields.account_logon) = (user, domain, logon);
    (fields.subject_user, fields.subject_domain) = (user, domain);
    fields.address = last_label(ADDRESSES);
    fields.port = last_label(PORTS);
    fields.workstation = last_label(WORKSTATIONS);
    fields.status = last_label(STATUSES);
    fields.failure = last_label(REASONS);
}

/// What follows the first of the names that a colon follows.
fn first<'a>(text: &'a [u8], names: &[&str]) -> Option<&'a [u8]> {
    names.iter().find_map(|name| {
        let mut rest = text;
        loop {
            rest = rest.get(find(rest, name.as_bytes())? + name.len()..)?;
            if let Some(after) = behind_colon(rest) {
                return Some(after);
            }
        }
    })
}

/// What follows the last of the names.
fn last<'a>(text: &'a [u8], names: &[&str]) -> Option<&'a [u8]> {
    names.iter().filter_map(|name| behind_colon(text.get(rfind(text, name.as_bytes())? + name.len()..)?)).min_by_key(|after| after.len())
}

/// French puts a blank before its colon, which may be a fixed one.
fn behind_colon(text: &[u8]) -> Option<&[u8]> {
    let text = trim_start(text);
    [b"\xc2\xa0:" as &[u8], br"\u00a0:", b":"].into_iter().find_map(|colon| text.strip_prefix(colon))
}

/// The value in front: up to a line end, a TAB or two blanks, as themselves or as JSON writes them.
fn value(text: &[u8], escape: Escape) -> &[u8] {
    let mut text = text;
    while let Some(rest) = match text {
        [b' ' | b'\t' | b'\r' | b'\n', rest @ ..] => Some(rest),
        [b'\\', b't' | b'r' | b'n', rest @ ..] if escape == Escape::Json => Some(rest),
        _ => None,
    } {
        text = rest;
    }
    let ends = |rest: &[u8]| match rest {
        [b'\t' | b'\r' | b'\n', ..] | [b' ', b' ', ..] => true,
        [b'\\', b't' | b'r' | b'n', ..] => escape == Escape::Json,
        _ => rest.starts_with(b"#011"),
    };
    let length = (0..text.len()).find(|&at| text.get(at..).is_some_and(ends)).unwrap_or(text.len());
    trim(cut(text, length).0)
}

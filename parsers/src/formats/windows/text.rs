//! The event in words, English, French or German, for dresses that give no fields: `Account Name:  fourn.chimere`. JSON may write an
//! accent as `\u00e9`, so French labels with one are listed twice.
//!
//! Names and workstations are whatever a stranger typed, so each label is looked for where only Windows writes: the account behind its
//! own heading, addresses from the end.

use super::record::Record;
use crate::Escape;
use crate::atoms::{cut, find, rfind, trim, trim_start};

/// How an event begins, where nothing else tells its number. Of the French ones, a part without apostrophe, which is written in two ways.
const SENTENCES: &[(&[u8], &[&str])] = &[
    (b"4624", &["An account was successfully logged on", "est correctement d", "Ein Konto wurde erfolgreich angemeldet"]),
    (
        b"4625",
        &["An account failed to log on", "chec d’ouverture de session", "chec d'ouverture de session", "Fehler beim Anmelden eines Kontos"],
    ),
    (b"4634", &["An account was logged off", "Fermeture de session d", "Ein Konto wurde abgemeldet"]),
    (b"4647", &["User initiated logoff", "utilisateur a entrepris une fermeture de session", "Benutzerinitiierte Abmeldung"]),
    (b"4648", &["A logon was attempted using explicit credentials", "ouverture de session en utilisant", "Anmeldeversuch mit expliziten"]),
    (b"4768", &["A Kerberos authentication ticket (TGT) was requested", "Kerberos (TGT) a ", "Ein Kerberos-Authentifizierungsticket"]),
    (b"4771", &["Kerberos pre-authentication failed", "-authentification Kerberos", "Fehler bei der Kerberos-Vorauthentifizierung"]),
    (
        b"4776",
        &[
            "The computer attempted to validate the credentials for an account",
            "The domain controller attempted to validate the credentials for an account",
            "ordinateur a tent",
            "Der Computer hat versucht, die Anmeldeinformationen",
        ],
    ),
    (b"4778", &["A session was reconnected to a Window Station"]),
    (b"4779", &["A session was disconnected from a Window Station"]),
    (b"6272", &["Network Policy Server granted access to a user"]),
    (b"6273", &["Network Policy Server denied access to a user"]),
    (b"21", &["Remote Desktop Services: Session logon succeeded"]),
    (b"23", &["Remote Desktop Services: Session logoff succeeded"]),
    (b"24", &["Remote Desktop Services: Session has been disconnected"]),
    (b"25", &["Remote Desktop Services: Session reconnection succeeded"]),
    (b"1149", &["Remote Desktop Services: User authentication succeeded"]),
];

/// Bytes within which a sentence stands.
const SENTENCE: usize = 96;

/// Headings under which the account stands, where the subject's comes before it.
const HEADINGS: &[(&[u8], &[&str])] = &[
    (b"4624", &["New Logon", "Nouvelle ouverture de session", "Neue Anmeldung"]),
    (b"4625", &["Account For Which Logon Failed", "Compte pour lequel", "Konto, für das die Anmeldung"]),
    (b"4648", &["Account Whose Credentials Were Used", "Compte dont les informations", "Konto, dessen Anmeldeinformationen"]),
];

const ACCOUNTS: &[&str] =
    &["Account Name", "Nom du compte", "Nom de compte", "Kontoname", "Logon Account", "Logon account", "User Name", "User", "Utilisateur"];
const DOMAINS: &[&str] = &[
    "Account Domain",
    "Domaine du compte",
    "Domaine de compte",
    "Kontodomäne",
    "Supplied Realm Name",
    "Nom du domaine Kerberos fourni",
    "Domain",
];
const LOGONS: &[&str] =
    &["Logon ID", "ID d’ouverture de session", "ID d'ouverture de session", r"ID d\u2019ouverture de session", "Anmelde-ID", "Session ID"];
const ADDRESSES: &[&str] = &[
    "Source Network Address",
    "Adresse du réseau source",
    r"Adresse du r\u00e9seau source",
    "Adresse réseau source",
    "Quellnetzwerkadresse",
    "Client Address",
    "Adresse du client",
    "Clientadresse",
    "Calling Station Identifier",
    "Identificateur de la station appelante",
];
const PORTS: &[&str] = &["Source Port", "Port source", "Quellport", "Client Port", "Port client", "Clientport"];
const WORKSTATIONS: &[&str] = &[
    "Workstation Name",
    "Nom de la station de travail",
    "Arbeitsstationsname",
    "Source Workstation",
    "Station de travail source",
    "Client Name",
    "Nom du client",
];
const STATUSES: &[&str] = &[
    "Result Code",
    "Code de résultat",
    r"Code de r\u00e9sultat",
    "Ergebniscode",
    "Failure Code",
    "Code d’échec",
    "Fehlercode",
    "Error Code",
    "Code d’erreur",
    r"Code d\u2019erreur",
];
const REASONS: &[&str] =
    &["Failure Reason", "Raison de l’échec", "Raison de l'échec", r"Raison de l\u2019\u00e9chec", "Fehlerursache", "Reason"];

/// What else follows a value that is looked for: where all white space became one blank, only this tells where the value ends.
const OTHERS: &[&str] = &[
    "Logon Type",
    "Logon GUID",
    "Logon Information",
    "Linked Logon ID",
    "Type d’ouverture de session",
    "GUID d’ouverture de session",
    "Anmeldetyp",
    "Anmelde-GUID",
    "Process Information",
    "Network Information",
    "Service Information",
    "Failure Information",
    "Additional Information",
    "Certificate Information",
    "Detailed Authentication Information",
    "Informations d",
    "Informations sur",
    "Informations de réseau",
    "Prozessinformationen",
    "Netzwerkinformationen",
    "Detaillierte Authentifizierungsinformationen",
    "Status",
    "Sub Status",
    "État",
    "Caller",
    "This event is generated",
];

/// Fills from the words what the dress did not give in fields.
pub(super) fn fill(record: &mut Record<'_>) {
    let message = record.message;
    if message.is_empty() {
        return;
    }
    if record.id.is_empty() {
        let (beginning, _) = cut(message, SENTENCE);
        let is_said = |(_, sentences): &&(&[u8], &[&str])| sentences.iter().any(|sentence| find(beginning, sentence.as_bytes()).is_some());
        record.id = SENTENCES.iter().find(is_said).map_or(&[], |(id, _)| id);
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

/// The value in front: up to a line end, a TAB or two blanks, as themselves or as others write them, or to the next label.
fn value(text: &[u8], escape: Escape) -> &[u8] {
    let blank = |text: &[u8]| match text {
        [b' ' | b'\t', ..] => Some(1),
        [b'\\', b't', ..] if escape == Escape::Json => Some(2),
        _ => text.starts_with(b"#011").then_some(4),
    };
    let mut text = text;
    while let Some(length) = blank(text) {
        text = cut(text, length).1;
    }
    let is_label = |rest: &[u8]| {
        let labels = [ACCOUNTS, DOMAINS, LOGONS, ADDRESSES, PORTS, WORKSTATIONS, STATUSES, REASONS];
        let own = |label: &&str| rest.strip_prefix(label.as_bytes()).is_some_and(|rest| behind_colon(rest).is_some());
        labels.into_iter().flatten().any(own) || OTHERS.iter().any(|other| rest.starts_with(other.as_bytes()))
    };
    if is_label(text) {
        return &[];
    }
    let ends = |rest: &[u8]| match rest {
        [b'\t' | b'\r' | b'\n', ..] | [b' ', b' ', ..] => true,
        [b' ', rest @ ..] => is_label(rest),
        [b'\\', b't' | b'r' | b'n', ..] => escape == Escape::Json,
        _ => rest.starts_with(b"#011"),
    };
    let length = (0..text.len()).find(|&at| text.get(at..).is_some_and(ends)).unwrap_or(text.len());
    trim(cut(text, length).0)
}

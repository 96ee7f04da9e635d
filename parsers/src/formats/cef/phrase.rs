//! What a plain phrase says somebody did at a door: `User Signed In`, `LOGIN_FAILED`, `userAuthenticate`, `VPN session started`.
//!
//! Every word of a phrase has to be known. So `Multiple failed login attempts` or `Login page shown` says nothing, and a product's own
//! matters are never taken for somebody's access.

/// What one word adds to a phrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    /// Means going in by itself.
    Login,
    /// Means that credentials are looked at.
    Verify,
    /// Both at once, with its outcome.
    LoginGood,
    LoginBad,
    Logout,
    /// Means something with `in`, `on`, `off` or `out` behind it.
    Log,
    In,
    Out,
    Session,
    Connect,
    Disconnect,
    Up,
    Down,
    /// With `out` behind it an end.
    Timed,
    Good,
    Bad,
    /// Something was tried; how it ended stands elsewhere.
    Attempt,
    /// Says nothing.
    Filler,
}

const WORDS: &[(Word, &[&str])] = &[
    (Word::Login, &["login", "logins", "logon", "signin", "signon", "connexion"]),
    (Word::Verify, &["authentication", "authenticate", "auth", "verify", "authentification"]),
    // In capitals no border of words is seen.
    (Word::LoginBad, &["loginfailure", "loginfailed", "loginfail", "logonfailure", "logonfailed"]),
    (Word::LoginGood, &["loginsuccess", "logonsuccess", "authenticated"]),
    (Word::Logout, &["logout", "logoff", "signout", "signoff", "déconnexion", "Déconnexion", "deconnexion"]),
    (Word::Log, &["log", "logs", "logged", "logging", "sign", "signed", "signing"]),
    (Word::In, &["in", "on"]),
    (Word::Out, &["out", "off"]),
    (Word::Session, &["session", "tunnel"]),
    (Word::Connect, &["connect", "connected", "connects"]),
    (Word::Disconnect, &["disconnect", "disconnected", "disconnects"]),
    (Word::Up, &["start", "started", "open", "opened", "established", "created", "begin", "began", "up", "ouverture"]),
    (
        Word::Down,
        &[
            "end",
            "ended",
            "close",
            "closed",
            "terminate",
            "terminated",
            "expired",
            "timeout",
            "down",
            "stop",
            "stopped",
            "deleted",
            "fermeture",
        ],
    ),
    (Word::Timed, &["timed", "time"]),
    (
        Word::Good,
        &[
            "success",
            "successful",
            "successfully",
            "succeeded",
            "succeed",
            "ok",
            "accepted",
            "granted",
            "allowed",
            "allow",
            "permitted",
            "permit",
            "passed",
            "true",
            "réussie",
            "réussi",
            "reussie",
        ],
    ),
    (
        Word::Bad,
        &[
            "failure",
            "failed",
            "fail",
            "fails",
            "denied",
            "deny",
            "rejected",
            "refused",
            "invalid",
            "incorrect",
            "wrong",
            "bad",
            "unsuccessful",
            "unsuccessfully",
            "blocked",
            "error",
            "not",
            "unable",
            "false",
            "échec",
            "Échec",
            "echec",
            "échouée",
            "échoué",
        ],
    ),
    (Word::Attempt, &["attempt", "attempted", "tentative", "request", "requested"]),
    (
        Word::Filler,
        &[
            "a",
            "an",
            "the",
            "agent",
            "primary",
            "secondary",
            "server",
            "gateway",
            "device",
            "to",
            "of",
            "for",
            "from",
            "by",
            "via",
            "at",
            "with",
            "was",
            "were",
            "is",
            "has",
            "have",
            "been",
            "user",
            "users",
            "admin",
            "administrator",
            "administrative",
            "account",
            "client",
            "remote",
            "access",
            "vpn",
            "ssl",
            "ipsec",
            "web",
            "ui",
            "webui",
            "gui",
            "cli",
            "ssh",
            "http",
            "https",
            "rdp",
            "api",
            "sso",
            "mfa",
            "otp",
            "portal",
            "console",
            "system",
            "event",
            "activity",
            "audit",
            "local",
            "ldap",
            "radius",
            "saml",
            "saml2",
            "pam",
            "ad",
            "domain",
            "windows",
            "network",
            "interactive",
            "password",
            "credentials",
            "factor",
            "two",
            "new",
            "utilisateur",
            "de",
            "du",
            "la",
            "le",
            "au",
            "d",
            "l",
            "un",
            "une",
        ],
    ),
];

/// What somebody did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Login,
    /// The phrase itself says that it failed.
    LoginFailed,
    /// Whether it went well stands elsewhere.
    LoginTried,
    Logout,
    Connect,
    Disconnect,
    SessionStart,
    SessionEnd,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Success,
    Failure,
}

/// The words that a phrase has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Said {
    login: bool,
    verify: bool,
    logout: bool,
    session: bool,
    connect: bool,
    disconnect: bool,
    up: bool,
    down: bool,
    good: bool,
    bad: bool,
    attempt: bool,
    /// The last word was one of [`Word::Log`] or [`Word::Timed`].
    open: Option<Word>,
}

impl Said {
    /// Takes up the words of `text`; `None` if one of them is not known.
    fn hear(mut self, text: &[u8]) -> Option<Said> {
        for word in words(text) {
            let word = meaning(word)?;
            match (self.open.take(), word) {
                (Some(Word::Log), Word::In) => self.login = true,
                (Some(Word::Log), Word::Out) => self.logout = true,
                (Some(Word::Timed), Word::Out) => (self.session, self.down) = (true, true),
                (Some(_), _) | (None, Word::Out) => return None,
                (None, Word::Log | Word::Timed) => self.open = Some(word),
                (None, Word::Login) => self.login = true,
                (None, Word::Verify) => self.verify = true,
                (None, Word::LoginGood) => (self.login, self.good) = (true, true),
                (None, Word::LoginBad) => (self.login, self.bad) = (true, true),
                (None, Word::Logout) => self.logout = true,
                (None, Word::Session) => self.session = true,
                (None, Word::Connect) => self.connect = true,
                (None, Word::Disconnect) => self.disconnect = true,
                (None, Word::Up) => self.up = true,
                (None, Word::Down) => self.down = true,
                (None, Word::Good) => self.good = true,
                (None, Word::Bad) => self.bad = true,
                (None, Word::Attempt) => self.attempt = true,
                (None, Word::In | Word::Filler) => {}
            }
        }
        self.open.is_none().then_some(self)
    }

    fn verb(self) -> Option<Verb> {
        Some(match self {
            Said { logout: true, login: false, bad: false, .. } => Verb::Logout,
            Said { logout: true, .. } | Said { login: true, down: true, .. } => return None,
            Said { login: true, bad: true, .. } | Said { verify: true, bad: true, .. } => Verb::LoginFailed,
            Said { login: true, good: true, .. } | Said { verify: true, good: true, .. } | Said { login: true, attempt: false, .. } => {
                Verb::Login
            }
            Said { login: true, .. } | Said { verify: true, .. } => Verb::LoginTried,
            Said { bad: true, .. } | Said { attempt: true, .. } => return None,
            Said { connect: true, .. } => Verb::Connect,
            Said { disconnect: true, .. } => Verb::Disconnect,
            Said { session: true, up: true, down: false, .. } => Verb::SessionStart,
            Said { session: true, up: false, down: true, .. } => Verb::SessionEnd,
            _ => return None,
        })
    }
}

/// What a phrase of several `texts` says, if it says something plainly. The name of `who` it speaks of may stand in it.
pub(super) fn verb(texts: &[&[u8]], who: &[u8]) -> Option<Verb> {
    let mut said = Said::default();
    for text in texts {
        let named = if who.is_empty() { None } else { memchr::memmem::find(text, who) };
        let (before, after) = named.map_or((*text, &[] as &[u8]), |at| {
            let (before, after) = crate::atoms::cut(text, at);
            (before, crate::atoms::cut(after, who.len()).1)
        });
        said = said.hear(before)?.hear(after)?;
    }
    said.verb()
}

/// How something ended: `Success`, `/Failure`, `true`, `access_denied`; `None` where it is not one of the clear words.
pub(super) fn outcome(text: &[u8]) -> Option<Outcome> {
    match Said::default().hear(text)? {
        Said { bad: true, .. } => Some(Outcome::Failure),
        Said { good: true, .. } => Some(Outcome::Success),
        _ => None,
    }
}

/// `LOGIN_FAILED`, `userAuthenticate`, `USER - LOGIN`, `An account was logged off.` word by word.
fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let is_letter = |b: u8| b.is_ascii_alphanumeric() || b >= 0x80;
    text.split(move |&b| !is_letter(b))
        .flat_map(|run| run.chunk_by(|a, b| !(a.is_ascii_lowercase() && b.is_ascii_uppercase())))
        .filter(|word| !word.is_empty())
}

fn meaning(word: &[u8]) -> Option<Word> {
    if word.iter().all(u8::is_ascii_digit) {
        return Some(Word::Filler);
    }
    WORDS.iter().find(|(_, words)| words.iter().any(|known| word.eq_ignore_ascii_case(known.as_bytes()))).map(|&(meaning, _)| meaning)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases() {
        for (text, expected) in [
            ("User Signed In", Some(Verb::Login)),
            ("An account was successfully logged on.", Some(Verb::Login)),
            ("An account failed to log on.", Some(Verb::LoginFailed)),
            ("An account was logged off.", Some(Verb::Logout)),
            ("USER - LOGIN", Some(Verb::Login)),
            ("LOGIN_FAILED", Some(Verb::LoginFailed)),
            ("LoginFailure", Some(Verb::LoginFailed)),
            ("LOGINFAILURE", Some(Verb::LoginFailed)),
            ("LOGINSUCCESS", Some(Verb::Login)),
            ("userAuthenticate", Some(Verb::LoginTried)),
            ("User authenticated", Some(Verb::Login)),
            ("User authentication succeeded", Some(Verb::Login)),
            ("Login attempt", Some(Verb::LoginTried)),
            ("Échec de connexion", Some(Verb::LoginFailed)),
            ("Déconnexion de l'utilisateur", Some(Verb::Logout)),
            ("Ouverture de session", Some(Verb::SessionStart)),
            ("VPN session started", Some(Verb::SessionStart)),
            ("Session timed out", Some(Verb::SessionEnd)),
            ("User Timed Out", Some(Verb::SessionEnd)),
            ("Request timed out", None),
            ("user.sign_out", Some(Verb::Logout)),
            ("Client connected", Some(Verb::Connect)),
            ("Multiple failed login attempts", None),
            ("User login page shown", None),
            ("Suspicious login", None),
            ("Login timed out", None),
            ("Logout failed", None),
            ("Session start failed", None),
            ("Audit log", None),
            ("Locked out", None),
            ("User ", None),
            ("", None),
        ] {
            assert_eq!(verb(&[text.as_bytes()], b""), expected, "{text}");
        }
    }

    #[test]
    fn the_name_of_the_user_may_stand_in_it() {
        assert_eq!(verb(&[b"User fourn.chimere logged in"], b"fourn.chimere"), Some(Verb::Login));
        assert_eq!(verb(&[b"User fourn.chimere logged in"], b"claire"), None);
        // A phrase that needs the name to be one says nothing.
        assert_eq!(verb(&[b"User login created"], b"login"), None);
    }

    #[test]
    fn outcomes() {
        for (text, expected) in [
            ("Success", Some(Outcome::Success)),
            ("/Failure", Some(Outcome::Failure)),
            ("not allowed", Some(Outcome::Failure)),
            ("false", Some(Outcome::Failure)),
            ("challenge", None),
            ("", None),
        ] {
            assert_eq!(outcome(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn no_word_means_two_things() {
        let every: Vec<&str> = WORDS.iter().flat_map(|(_, words)| words.iter().copied()).collect();
        assert!(every.iter().all(|word| every.iter().filter(|other| *other == word).count() == 1));
    }
}

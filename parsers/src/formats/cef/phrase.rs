//! What a plain phrase says somebody did at a door: `User Signed In`, `LOGIN_FAILED`, `userAuthenticate`, `VPN session started`.
//!
//! Every word of a phrase has to be known. So `Multiple failed login attempts` or `Login page shown` says nothing, and a product's own
//! matters are never taken for somebody's access.

use std::sync::LazyLock;

/// What a word says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    /// Going in.
    Login,
    /// Looking at credentials.
    Verify,
    Logout,
    /// Going, with `in`, `on`, `off` or `out` behind it.
    Log,
    In,
    Out,
    /// An end, with `out` behind it.
    Timed,
    Session,
    Connect,
    Disconnect,
    Up,
    Down,
    Good,
    Bad,
    /// Something was tried; how it ended stands elsewhere.
    Attempt,
}

/// What each word says; those of the last entry say nothing.
const WORDS: &[(&[Word], &str)] = &[
    (&[Word::Login], "login logins logon signin signon connexion"),
    (&[Word::Verify], "authentication authenticate auth verify authentification"),
    // In capitals no border of words is seen.
    (&[Word::Login, Word::Bad], "loginfailure loginfailed loginfail logonfailure logonfailed"),
    (&[Word::Login, Word::Good], "loginsuccess logonsuccess authenticated"),
    (&[Word::Logout], "logout logoff signout signoff déconnexion Déconnexion deconnexion"),
    (&[Word::Log], "log logs logged logging sign signed signing"),
    (&[Word::In], "in on"),
    (&[Word::Out], "out off"),
    (&[Word::Session], "session tunnel"),
    (&[Word::Connect], "connect connected connects"),
    (&[Word::Disconnect], "disconnect disconnected disconnects"),
    (&[Word::Up], "start started open opened established created begin began up ouverture"),
    (&[Word::Down], "end ended close closed terminate terminated expired timeout down stop stopped deleted fermeture"),
    (&[Word::Timed], "timed time"),
    (
        &[Word::Good],
        "success successful successfully succeeded succeed ok accepted granted allowed allow permitted permit passed true \
         réussie réussi reussie",
    ),
    (
        &[Word::Bad],
        "failure failed fail fails denied deny rejected refused invalid incorrect wrong bad unsuccessful unsuccessfully blocked \
         error not unable false échec Échec echec échouée échoué",
    ),
    (&[Word::Attempt], "attempt attempted tentative request requested"),
    (
        &[],
        "a an the agent primary secondary server gateway device to of for from by via at with was were is has have been user \
         users admin administrator administrative account client remote access vpn ssl ipsec web ui webui gui cli ssh http \
         https rdp api sso mfa otp portal console system event activity audit local ldap radius saml saml2 pam ad domain \
         windows network interactive password credentials factor two new utilisateur de du la le au d l un une",
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

/// What the words of a phrase say together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Said {
    /// One bit a [`Word`].
    words: u32,
    /// The last word, if it needs another one behind it.
    open: Option<Word>,
}

impl Said {
    /// Takes up the words of `text`; `None` if one of them is not known.
    fn hear(mut self, text: &[u8]) -> Option<Said> {
        for word in words(text) {
            let meanings: &[Word] = match (self.open.take(), meanings(word)?) {
                (Some(Word::Log), [Word::In]) => &[Word::Login],
                (Some(Word::Log), [Word::Out]) => &[Word::Logout],
                (Some(Word::Timed), [Word::Out]) => &[Word::Session, Word::Down],
                (Some(_), _) | (None, [Word::Out]) => return None,
                (None, &[open @ (Word::Log | Word::Timed)]) => {
                    self.open = Some(open);
                    &[]
                }
                (None, meanings) => meanings,
            };
            self.words |= meanings.iter().fold(0, |words, &word| words | 1 << word as u32);
        }
        self.open.is_none().then_some(self)
    }

    fn has(self, word: Word) -> bool {
        self.words >> word as u32 & 1 == 1
    }

    fn verb(self) -> Option<Verb> {
        let (good, bad, tried) = (self.has(Word::Good), self.has(Word::Bad), self.has(Word::Attempt));
        let (login, up, down) = (self.has(Word::Login), self.has(Word::Up), self.has(Word::Down));
        if self.has(Word::Logout) {
            return (!login && !bad).then_some(Verb::Logout);
        }
        if login || self.has(Word::Verify) {
            return match () {
                // A page that waited too long.
                () if login && down => None,
                () if bad => Some(Verb::LoginFailed),
                () if good || login && !tried => Some(Verb::Login),
                () => Some(Verb::LoginTried),
            };
        }
        match () {
            () if bad || tried => None,
            () if self.has(Word::Connect) => Some(Verb::Connect),
            () if self.has(Word::Disconnect) => Some(Verb::Disconnect),
            () if self.has(Word::Session) && up && !down => Some(Verb::SessionStart),
            () if self.has(Word::Session) && down && !up => Some(Verb::SessionEnd),
            () => None,
        }
    }
}

/// What a phrase of several `texts` says, if it says something plainly. The name of `who` it speaks of may stand in it.
pub(super) fn verb(texts: &[&[u8]], who: &[u8]) -> Option<Verb> {
    let mut said = Said::default();
    for text in texts {
        let named = crate::atoms::find(text, who);
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
    let said = Said::default().hear(text)?;
    if said.has(Word::Bad) { Some(Outcome::Failure) } else { said.has(Word::Good).then_some(Outcome::Success) }
}

/// `LOGIN_FAILED`, `userAuthenticate`, `USER - LOGIN`, `An account was logged off.` word by word.
fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let is_letter = |b: u8| b.is_ascii_alphanumeric() || b >= 0x80;
    text.split(move |&b| !is_letter(b))
        .flat_map(|run| run.chunk_by(|a, b| !(a.is_ascii_lowercase() && b.is_ascii_uppercase())))
        .filter(|word| !word.is_empty())
}

fn meanings(word: &[u8]) -> Option<&'static [Word]> {
    if word.iter().all(u8::is_ascii_digit) {
        return Some(&[]);
    }
    let at = SORTED.binary_search_by_key(&key(word)?, |(known, _)| *known).ok()?;
    SORTED.get(at).map(|(_, meanings)| *meanings)
}

/// The words by their keys, in order.
static SORTED: LazyLock<Vec<(u128, &[Word])>> = LazyLock::new(|| {
    let each = |(meanings, words): &(&'static [Word], &'static str)| {
        let meanings = *meanings;
        words.split(' ').filter_map(move |word| Some((key(word.as_bytes())?, meanings)))
    };
    let mut sorted: Vec<_> = WORDS.iter().flat_map(each).collect();
    sorted.sort_unstable_by_key(|(key, _)| *key);
    sorted
});

/// A word in small letters as a number; `None` if it is longer than any that is known.
fn key(word: &[u8]) -> Option<u128> {
    (word.len() <= 16).then(|| word.iter().fold(0, |key, b| key << 8 | u128::from(b.to_ascii_lowercase())))
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
        let every: Vec<&str> = WORDS.iter().flat_map(|(_, words)| words.split(' ')).collect();
        assert!(every.iter().all(|word| every.iter().filter(|other| *other == word).count() == 1));
        assert!(every.iter().all(|word| meanings(word.as_bytes()).is_some()), "no word is longer than what is looked up");
    }
}

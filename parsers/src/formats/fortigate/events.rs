//! What an event is: a login, a tunnel, a change, a restart.

use super::fields::Fields;
use crate::atoms::find;
use crate::{About, Facts, Kind, Line, Text};

/// What the message ids of the "FortiOS Log Message Reference" mean, as far as they mean one thing only. For all others
/// (37120 to 37141 of the `IPsec` log among them) `action` and `status` decide.
const BY_NUMBER: &[(&[u8], Kind)] = &[
    (b"32001", Kind::LoginSuccess), // LOG_ID_ADMIN_LOGIN_SUCC
    (b"32002", Kind::LoginFailure), // LOG_ID_ADMIN_LOGIN_FAIL
    (b"32003", Kind::Logout),       // LOG_ID_ADMIN_LOGOUT
    (b"32021", Kind::LoginFailure), // LOG_ID_ADMIN_LOGIN_DISABLE: locked out
    (b"32561", Kind::Logout),       // LOG_ID_ADMIN_LOGOUT_DISCONNECT
    (b"38031", Kind::LoginSuccess), // LOG_ID_FSSO_LOGON
    (b"38032", Kind::Logout),       // LOG_ID_FSSO_LOGOFF
    (b"39424", Kind::SessionStart), // LOG_ID_EVENT_SSL_VPN_USER_TUNNEL_UP
    (b"39425", Kind::SessionEnd),   // LOG_ID_EVENT_SSL_VPN_USER_TUNNEL_DOWN
    (b"39426", Kind::LoginFailure), // LOG_ID_EVENT_SSL_VPN_USER_SSL_LOGIN_FAIL
    (b"39943", Kind::Other),        // LOG_ID_EVENT_SSL_VPN_SESSION_NEW_CON: nobody has a name yet
    (b"39947", Kind::SessionStart), // LOG_ID_EVENT_SSL_VPN_SESSION_TUNNEL_UP
    (b"39948", Kind::SessionEnd),   // LOG_ID_EVENT_SSL_VPN_SESSION_TUNNEL_DOWN
    (b"43008", Kind::LoginSuccess), // LOG_ID_EVENT_AUTH_SUCCESS
    (b"43009", Kind::LoginFailure), // LOG_ID_EVENT_AUTH_FAILED
    (b"43010", Kind::LoginFailure), // LOG_ID_EVENT_AUTH_LOCKOUT
    (b"43011", Kind::Logout),       // LOG_ID_EVENT_AUTH_TIME_OUT
    (b"43012", Kind::LoginSuccess), // LOG_ID_EVENT_AUTH_FSAE_AUTH_SUCCESS
    (b"43013", Kind::LoginFailure), // LOG_ID_EVENT_AUTH_FSAE_AUTH_FAIL
    (b"43014", Kind::LoginSuccess), // LOG_ID_EVENT_AUTH_FSAE_LOGON
    (b"43015", Kind::Logout),       // LOG_ID_EVENT_AUTH_FSAE_LOGOFF
    (b"43016", Kind::LoginSuccess), // LOG_ID_EVENT_AUTH_NTLM_AUTH_SUCCESS
    (b"43017", Kind::LoginFailure), // LOG_ID_EVENT_AUTH_NTLM_AUTH_FAIL
    (b"43025", Kind::LoginSuccess), // LOG_ID_EVENT_AUTH_PROXY_SUCCESS
    (b"43026", Kind::LoginFailure), // LOG_ID_EVENT_AUTH_PROXY_FAILED
    (b"43027", Kind::Logout),       // LOG_ID_EVENT_AUTH_PROXY_TIME_OUT
    (b"43039", Kind::LoginSuccess), // LOG_ID_EVENT_AUTH_LOGON
    (b"43040", Kind::Logout),       // LOG_ID_EVENT_AUTH_LOGOUT
    (b"43045", Kind::LoginSuccess), // LOG_ID_EVENT_AUTH_8021X_SUCCESS
    (b"43046", Kind::LoginFailure), // LOG_ID_EVENT_AUTH_8021X_FAIL
    (b"45124", Kind::SessionStart), // LOG_ID_EC_VPND_CONNECT
    (b"45125", Kind::SessionEnd),   // LOG_ID_EC_VPND_DISCONNECT
];

impl<'a> Fields<'a> {
    /// Fills in what an event says.
    pub(super) fn event(&self, line: &Line<'a>, facts: &mut Facts) {
        facts.kind = self.event_kind(!facts.user.is_empty());
        facts.about = self.about();
        match facts.kind {
            Kind::LoginSuccess | Kind::SessionStart => {}
            _ if self.pair(self.reason).is_some() => facts.reason = self.text(line, self.reason),
            Kind::LoginFailure => facts.reason = self.text(line, self.message),
            _ => {}
        }
        if facts.about == Some(About::Configuration) {
            facts.target = self.changed(line);
        }
        if facts.kind == Kind::SessionStart {
            facts.duration = None;
        } else {
            // The gateway's view: what it received, the remote user sent.
            facts.source_bytes = self.number(self.received);
            facts.destination_bytes = self.number(self.sent);
        }
        facts.assigned_ip = self.ip(self.tunnel_ip).or(self.ip(self.assigned_ip));
        if self.value(self.tunnel_id) != b"0" {
            facts.session = self.text(line, self.tunnel_id);
        }
        // FortiClient tells the name of its machine and its address; elsewhere `ip` is one that DHCP leased.
        if self.value(self.subtype) == b"endpoint" {
            facts.client = self.text(line, self.name);
            facts.source_ip = facts.source_ip.or(self.ip(self.endpoint));
        }
        let tunnel = matches!(facts.kind, Kind::SessionStart | Kind::SessionEnd);
        if tunnel && facts.user.is_empty() && self.value(self.tunnel_type).starts_with(b"ipsec") {
            facts.peer = facts.source_ip;
        }
    }

    /// The message id in `0101039426` or, of FortiOS 4, `39426`.
    fn number_of_event(&self) -> &'a [u8] {
        match self.value(self.log_id) {
            [b'0', b'1', _, _, b'0', id @ ..] | id if id.len() == 5 => id,
            _ => &[],
        }
    }

    /// What an event is, by its number, else by its words.
    fn event_kind(&self, has_user: bool) -> Kind {
        let id = self.number_of_event();
        if let Some((_, kind)) = BY_NUMBER.iter().find(|(known, _)| *known == id) {
            return *kind;
        }
        let is = |field, words: &[&str]| words.iter().any(|word| self.value(field).eq_ignore_ascii_case(word.as_bytes()));
        let action = |words| is(self.action, words);
        let status = |words| is(self.status, words);
        match () {
            () if action(&["ssl-login-fail"]) => Kind::LoginFailure,
            () if action(&["tunnel-up"]) => Kind::SessionStart,
            () if action(&["tunnel-down"]) => Kind::SessionEnd,
            () if action(&["login", "authentication"]) => match () {
                () if self.described(b"fail") => Kind::LoginFailure,
                () if status(&["success", "succeeded"]) => Kind::LoginSuccess,
                () if status(&["failed", "failure", "fail", "denied", "lockout"]) => Kind::LoginFailure,
                () if status(&["timed_out"]) => Kind::Logout,
                () if status(&[""]) && self.described(b"success") => Kind::LoginSuccess,
                () => Kind::Other,
            },
            () if action(&["auth-logon", "fsso-logon"]) => Kind::LoginSuccess,
            () if action(&["auth-logout", "logout", "fsso-logoff"]) => Kind::Logout,
            // IPsec: a named user whose negotiation failed gave wrong credentials; one who came to the end of XAUTH, right ones.
            () if has_user && action(&["negotiate"]) => match () {
                () if self.value(self.status).starts_with(b"fail") => Kind::LoginFailure,
                () if status(&["success"]) && is(self.mode, &["xauth"]) && is(self.result, &["done"]) => Kind::LoginSuccess,
                () => Kind::Other,
            },
            // A name tore the line, and the outcome stood behind it: nobody is let in by that.
            () if self.torn && action(&[""]) && self.described(b"login") => Kind::LoginFailure,
            () => Kind::Other,
        }
    }

    fn about(&self) -> Option<About> {
        match self.number_of_event() {
            // LOGID_EVENT_CONFIG_PATH, _OBJ, _ATTR, _OBJATTR, LOG_ID_CHG_CONFIG, LOG_ID_CHG_CONFIG_INFO
            b"44544" | b"44545" | b"44546" | b"44547" | b"32102" | b"32099" if !self.is_of_the_screen() => Some(About::Configuration),
            // LOG_ID_SYSTEM_START, LOG_ID_REBOOT
            b"32009" | b"32138" => Some(About::Restart),
            _ if self.pair(self.path).is_some() && !self.is_of_the_screen() => Some(About::Configuration),
            _ if self.described(b"fortigate started") || self.described(b"device rebooted") => Some(About::Restart),
            _ => None,
        }
    }

    /// Whether it only is how an administrator's screen looks, and when he was last there: written at each login.
    fn is_of_the_screen(&self) -> bool {
        let path = self.value(self.path);
        [b"dashboard".as_slice(), b"login-time", b"gui.console"].iter().any(|part| find(path, part).is_some())
    }

    /// What was changed: `user.local ext-new`, where the message tells the object as well, else `user.local`.
    fn changed(&self, line: &Line<'a>) -> Text {
        // `Edit user.local ext-new`
        let path = self.value(self.path);
        let whole = self.pair(self.message).filter(|_| self.pair(self.object).is_some() && !path.is_empty()).and_then(|message| {
            let rest = message.value.strip_prefix(self.value(self.action))?.strip_prefix(b" ")?;
            rest.starts_with(path).then(|| line.escaped(rest, message.escape))
        });
        let part = if path.is_empty() { self.module } else { self.path };
        whole.unwrap_or_else(|| self.text(line, part))
    }

    /// Whether `logdesc` says `word`, in whatever case.
    fn described(&self, word: &[u8]) -> bool {
        self.value(self.description).windows(word.len()).any(|part| part.eq_ignore_ascii_case(word))
    }
}

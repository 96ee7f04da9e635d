//! What an event of SonicOS or of an SMA is, by its message, else by its number.

use std::net::IpAddr;

use crate::atoms::{ip, says, trim};
use crate::{About, Kind, Verdict};

/// An event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) kind: Kind,
    pub(super) about: Option<About>,
    pub(super) verdict: Option<Verdict>,
    /// The address that a tunnel was given.
    pub(super) assigned: Option<IpAddr>,
    /// IKE did it: where nobody is named, the far end is a gateway.
    pub(super) negotiated: bool,
}

/// Numbers, and what they mean.
type Numbered = (&'static [u16], Kind, Option<About>, Option<Verdict>);

/// Numbers of SonicOS for lines without a message.
const NUMBERS: &[Numbered] = &[
    (&[29, 31, 139, 199, 235, 236, 237, 238, 1080, 1081], Kind::LoginSuccess, None, None),
    (
        &[
            30, 32, 33, 35, 140, 141, 200, 243, 244, 245, 246, 329, 486, 744, 745, 746, 747, 748, 749, 750, 751, 755, 756, 757, 759, 986,
            987, 1033, 1035, 1048, 1117,
        ],
        Kind::LoginFailure,
        None,
        None,
    ),
    (&[261, 262, 263, 264, 265], Kind::Logout, None, None),
    (&[97, 98, 537, 1153, 1235], Kind::Traffic, None, Some(Verdict::Allowed)),
    (&[23, 36, 37, 38, 41, 46, 82, 83, 173, 174, 175, 522, 524, 1198, 1199, 1200, 1201], Kind::Traffic, None, Some(Verdict::Denied)),
    (&[328, 440, 441, 442, 443, 506, 507, 1382], Kind::Other, Some(About::Configuration), None),
    (&[4], Kind::Other, Some(About::Restart), None),
];

impl Event {
    /// What `message` says; `gateway` where an SMA says it, whose numbers mean something else.
    pub(super) fn of(number: Option<u16>, message: &[u8], gateway: bool) -> Event {
        let any = |words: &[&[u8]]| words.iter().any(|words| says(message, words));
        if message.is_empty() && !gateway {
            return number.map(Event::by_number).unwrap_or_default();
        }
        // PPP is the firewall's own way out, mail goes the other way.
        let own = message.starts_with(b"PPP") || message.starts_with(b"L2TP PPP");
        if own || any(&[b"locked-out", b"login screen", b"rate exceeded - log", b"smtp "]) {
            return Event::default();
        }
        if any(&[b"login", b"logon", b"xauth", b"authenticat"]) && !any(&[b"ike ", b"ikev2", b"ldap server", b"login page"]) {
            return Event::kind(if any(&[b"denied", b"fail", b"rejected", b"not allowed", b"incorrect", b"invalid", b"refused"]) {
                Kind::LoginFailure
            } else if any(&[b"allowed", b"success", b"succeeded", b"accepted"]) {
                Kind::LoginSuccess
            } else {
                Kind::Other
            });
        }
        if any(&[b"logged out", b"logout", b"logged off"]) {
            return Event::kind(Kind::Logout);
        }
        if any(&[b"netextender", b"mobile connect", b"global vpn client", b"connect tunnel", b"tunnel session"]) {
            return Event::tunnel(message);
        }
        if any(&[b"session timed out", b"session expired", b"session ended", b"session terminated"]) {
            return Event::kind(Kind::SessionEnd);
        }
        if any(&[b"negotiation complete"]) {
            return Event { negotiated: true, ..Event::kind(Kind::SessionStart) };
        }
        if any(&[b"received ike sa delete request"]) {
            return Event { negotiated: true, ..Event::kind(Kind::SessionEnd) };
        }
        if any(&[b"connection opened", b"connection closed", b"website accessed", b"web site hit", b"packet allowed", b"ssl vpn traffic"]) {
            return Event { verdict: Some(Verdict::Allowed), ..Event::kind(Kind::Traffic) };
        }
        if any(&[b"configuration succeeded", b"name changed", b"by administrator", b"account created", b"account deleted"])
            || any(&[b"rule", b"guest account", b"user account"]) && any(&[b"added", b"modified", b"deleted", b"created", b"disabled"])
        {
            return Event { about: Some(About::Configuration), ..Event::default() };
        }
        if any(&[
            b"appliance activated",
            b"sonicwall activated",
            b"firewall activated",
            b"system restarted",
            b"system rebooted",
            b"successfully booted",
        ]) {
            return Event { about: Some(About::Restart), ..Event::default() };
        }
        if any(&[b"dropped", b"denied", b"blocked", b"rejected"]) {
            return Event { verdict: Some(Verdict::Denied), ..Event::kind(Kind::Traffic) };
        }
        Event::default()
    }

    fn kind(kind: Kind) -> Event {
        Event { kind, ..Event::default() }
    }

    fn by_number(number: u16) -> Event {
        NUMBERS
            .iter()
            .find(|(numbers, ..)| numbers.contains(&number))
            .map(|&(_, kind, about, verdict)| Event { kind, about, verdict, ..Event::default() })
            .unwrap_or_default()
    }

    /// `NetExtender connected, IP 10.99.0.6 assigned`, `NetExtender disconnected`
    fn tunnel(message: &[u8]) -> Event {
        let any = |words: &[&[u8]]| words.iter().any(|words| says(message, words));
        let kind = if any(&[b"disconnect", b"terminated", b"closed", b"ended", b"stopped", b"released", b"timed out", b"timeout"]) {
            Kind::SessionEnd
        } else if any(&[b"fail", b"error", b"denied", b"unable"]) {
            Kind::Other
        } else if any(&[b"connect", b"established", b"started", b"assigned", b"created"]) {
            Kind::SessionStart
        } else {
            Kind::Other
        };
        let words = message.split(|&b| matches!(b, b' ' | b',' | b'(' | b')' | b'\'' | b';'));
        let mut addresses = words.filter_map(|word| ip(trim(word).strip_suffix(b".").unwrap_or(word)));
        Event { kind, assigned: addresses.next_back().filter(|ip| !ip.is_unspecified()), ..Event::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_decide() {
        for (message, kind) in [
            ("Administrator login allowed", Kind::LoginSuccess),
            ("SSL VPN zone remote user login allowed", Kind::LoginSuccess),
            ("User login denied - LDAP authentication failure", Kind::LoginFailure),
            ("XAUTH Succeeded with VPN client", Kind::LoginSuccess),
            ("XAUTH Failed with VPN client, Authentication failure", Kind::LoginFailure),
            ("User logged out - inactivity timer expired", Kind::Logout),
            ("Locked-out user logins allowed by administrator", Kind::Other),
            ("Login screen timed out", Kind::Other),
            ("IKE negotiation complete. Adding IPsec SA. (Phase 2)", Kind::SessionStart),
            ("PPP: Authentication successful", Kind::Other),
            ("PPPoE CHAP Authentication Failed", Kind::Other),
            ("Connection Closed", Kind::Traffic),
            ("TCP connection from LAN denied", Kind::Traffic),
            ("NetExtender disconnected", Kind::SessionEnd),
            ("NetExtender connection failed", Kind::Other),
            ("Something else", Kind::Other),
        ] {
            assert_eq!(Event::of(None, message.as_bytes(), false).kind, kind, "{message}");
        }
    }

    #[test]
    fn numbers_stand_in_for_words() {
        assert_eq!(Event::of(Some(1080), b"", false).kind, Kind::LoginSuccess);
        assert_eq!(Event::of(Some(30), b"", false).kind, Kind::LoginFailure);
        assert_eq!(Event::of(Some(537), b"", false).verdict, Some(Verdict::Allowed));
        assert_eq!(Event::of(Some(1), b"", true), Event::default());
        let every: Vec<u16> = NUMBERS.iter().flat_map(|(numbers, ..)| numbers.iter().copied()).collect();
        assert!(every.iter().all(|number| every.iter().filter(|other| *other == number).count() == 1));
    }

    #[test]
    fn a_tunnel_tells_its_address() {
        let event = Event::of(None, b"NetExtender connected, IP 10.99.0.6 assigned.", true);
        assert_eq!((event.kind, event.assigned), (Kind::SessionStart, ip(b"10.99.0.6")));
    }
}

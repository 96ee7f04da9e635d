//! Stormshield Network Security (SNS 2 to 5).
//!
//! Stormshield, "SNS: Description of audit logs" (versions 3 and 4): WELF, one family of lines a log file, told by `logtype`.
//!
//! What the vendor documents and one must know: `time` is when the line was written, `tz` stands apart; in `l_vpn` `src` is the
//! firewall's own end of the tunnel and `dst` the remote one; in `l_xvpn` `remotenet` is the address that the client was given.
//! Success and failure stand in `error` (0 is none) and in the words of `msg`, which an administrator may set to French.
//!
//! A login name that tears its quotes repeats a key: then only what stands before the name is believed, and nobody is let in.

mod fields;

use self::fields::Fields;
use crate::atoms::{Welf, cut, find, ip, number, says, seconds, until};
use crate::formats::Format;
use crate::{About, Dress, Facts, Kind, Line, Stamps, Text, Verdict, stamp};

/// Stormshield's line of the table of formats.
pub(super) const FORMAT: Format = Format {
    name: "stormshield",
    vendor: "Stormshield",
    product: "SNS",
    covers: "Stormshield SNS: logins (l_auth), SSL VPN (l_xvpn), IPsec (l_vpn), administration, traffic, restarts",
    dresses: &[Dress::Pairs],
    looks_like,
    parse,
};

/// Bytes within which every line has its `startime`.
const PREFIX: usize = 200;

fn looks_like(line: &Line<'_>) -> bool {
    let (start, _) = cut(line.body, PREFIX);
    let first = [b"id=firewall time=" as &[u8], b"id=\"firewall\" time=", b"time=", b"fw=", b"startime="];
    if !first.into_iter().any(|first| start.starts_with(first)) || find(start, b" sn=").is_some() {
        return false;
    }
    find(start, b" startime=").is_some() || find(line.body, b" logtype=").is_some()
}

#[expect(clippy::unnecessary_wraps, reason = "the signature of the table of formats")]
fn parse(line: &Line<'_>, stamps: &mut Stamps, facts: &mut Facts) -> Option<()> {
    let mut fields = Fields::default();
    Welf::new(line.body).for_each(|pair| fields.put(pair));
    let torn = fields.torn;
    if torn {
        fields = Fields::default();
        for pair in Welf::new(line.body) {
            fields.put(pair);
            if pair.key == b"user" {
                break;
            }
        }
    }
    let written = if fields.time.value.is_empty() { fields.startime } else { fields.time };
    facts.stamp = stamps.body(written.value, stamp::any).in_zone(stamp::zone(fields.tz.value));
    facts.device = line.text(fields.fw.value);
    if !matches!(fields.logtype.value, b"monitor" | b"count" | b"filterstat" | b"routerstat" | b"authstat") {
        line.login(fields.user.value, fields.user.escape, facts);
        if facts.domain.is_empty() {
            facts.domain = line.pair(fields.domain);
        }
        facts.source_ip = ip(fields.src.value).or_else(|| ip(fields.address.value));
        facts.source_port = number(fields.srcport.value);
        facts.destination_ip = ip(fields.dst.value);
        facts.destination_port = number(fields.dstport.value);
    }
    if torn {
        if says(line.body, b"fail") || says(line.body, b"denied") {
            facts.kind = Kind::LoginFailure;
        }
        return Some(());
    }
    facts.action = line.pair(fields.msg);
    match fields.logtype.value {
        b"auth" => authentication(&fields, facts),
        b"xvpn" => ssl_tunnel(&fields, facts),
        b"vpn" => ipsec_tunnel(line, &fields, facts),
        b"server" => administration(line, &fields, facts),
        b"filter" | b"connection" | b"plugin" | b"web" | b"smtp" | b"pop3" | b"ftp" | b"ssl" => traffic(line, &fields, facts),
        b"system" => system(fields.msg.value, facts),
        // A collector dropped the family: the fields that only one has tell it.
        b"" if !fields.sessionid.key.is_empty() => administration(line, &fields, facts),
        b"" if !fields.ruletype.key.is_empty() || !fields.phase.key.is_empty() => ipsec_tunnel(line, &fields, facts),
        b"" if !fields.remotenet.key.is_empty() => ssl_tunnel(&fields, facts),
        b"" if !fields.method.key.is_empty() => authentication(&fields, facts),
        b"" if !fields.action.value.is_empty() && facts.destination_ip.is_some() => traffic(line, &fields, facts),
        _ => {}
    }
    if facts.kind == Kind::LoginFailure {
        facts.reason = line.pair(fields.msg);
    }
    Some(())
}

/// What a message says of a login; `error` is the return code, empty where the line has none.
fn login(message: &[u8], error: &[u8]) -> Kind {
    let any = |words: &[&[u8]]| words.iter().any(|words| says(message, words));
    if any(&[b"logged out", b"logout", b"log out", b"disconnected", "déconnect".as_bytes()]) {
        return Kind::Logout;
    }
    if any(&[b"expired", b"session timeout", b"expir\xc3\xa9e"]) && !any(&[b"password", b"certificate", b"mot de passe"]) {
        return Kind::SessionEnd;
    }
    if !matches!(error, b"" | b"0" | b"00")
        || any(&[b"fail", b"error", b"denied", b"bad password", b"refused", b"not found", b"invalid", b"locked", b"\xc3\xa9chec", b"refus"])
    {
        return Kind::LoginFailure;
    }
    if any(&[b"logged in", b"authenticated", b"authentication success", b"success", b"login", b"connect\xc3\xa9", b"authentifi\xc3\xa9"]) {
        return Kind::LoginSuccess;
    }
    Kind::Other
}

/// `… user="fourn.chimere" src=198.51.100.23 domain="ght.example" confid=1 ruleid=3 method="OPENVPN" totp="yes" error=0 msg="User logged in" logtype="auth"`
fn authentication(fields: &Fields<'_>, facts: &mut Facts) {
    // Asking for a second factor to be set up is no login.
    if says(fields.msg.value, b"enrol") {
        return;
    }
    facts.kind = login(fields.msg.value, fields.error.value);
    // A RADIUS server may ask for a second factor of its own.
    let elsewhere = says(fields.method.value, b"radius");
    facts.mfa = match fields.totp.value {
        _ if facts.kind != Kind::LoginSuccess => None,
        b"yes" => Some(true),
        b"no" if !elsewhere => Some(false),
        _ => None,
    };
}

/// `… ipproto="UDP" user="fourn.chimere" domain="ght.example" src=198.51.100.23 remotenet=10.99.0.6 localnet=10.99.0.5 port=51505 msg="SSL tunnel created" logtype="xvpn"`
fn ssl_tunnel(fields: &Fields<'_>, facts: &mut Facts) {
    let message = fields.msg.value;
    facts.assigned_ip = ip(fields.remotenet.value).filter(|ip| !ip.is_unspecified());
    facts.source_port = facts.source_port.or_else(|| number(fields.port.value));
    facts.kind = match () {
        () if !says(message, b"tunnel") => login_of_portal(message, fields.error.value),
        () if [b"created" as &[u8], b"established", b"opened", b"cr\xc3\xa9\xc3\xa9"].iter().any(|word| says(message, word)) => {
            Kind::SessionStart
        }
        () if [b"removed" as &[u8], b"deleted", b"closed", b"destroyed", b"terminated", b"supprim\xc3\xa9", b"ferm\xc3\xa9"]
            .iter()
            .any(|word| says(message, word)) =>
        {
            Kind::SessionEnd
        }
        () => login_of_portal(message, fields.error.value),
    };
}

/// The portal's return codes speak of hosts it could not reach as well: only words of a login make one.
fn login_of_portal(message: &[u8], error: &[u8]) -> Kind {
    let about = [b"auth" as &[u8], b"log", b"password", b"connected"].iter().any(|word| says(message, word));
    if about { login(message, error) } else { Kind::Other }
}

/// `… src=192.0.2.1 srcname=Firewall_out dst=203.0.113.9 dstname=site_papyrus ikev=2 ruletype=gateway phase=2 side=responder cookie_i=0x1f
/// localnet=10.20.0.0/27 remotenet=172.31.9.0/27 msg="Phase established" logtype="vpn"`
fn ipsec_tunnel<'a>(line: &Line<'a>, fields: &Fields<'a>, facts: &mut Facts) {
    let message = fields.msg.value;
    let (local, remote) = (facts.source_ip, facts.destination_ip);
    let person = !facts.user.is_empty() || fields.ruletype.value == b"mobile" || !fields.usergroup.value.is_empty();
    let gateway = !person && matches!(fields.ruletype.value, b"" | b"gateway");
    facts.group = line.pair(fields.usergroup);
    facts.session = line.pair(fields.cookie_i);
    let established = says(message, b"established") || says(message, b"\xc3\xa9tabli");
    let gone = says(message, b"delet") || says(message, b"removed") || says(message, b"supprim");
    facts.kind = match fields.phase.value {
        _ if person && says(message, b"auth") && says(message, b"fail") => Kind::LoginFailure,
        b"1" if established && person => Kind::LoginSuccess,
        b"2" if established => Kind::SessionStart,
        // An IPsec SA goes with every rekeying; the tunnel is down when its IKE SA is.
        b"1" | b"0" if gone && !says(message, b"fail") => Kind::SessionEnd,
        _ => Kind::Other,
    };
    if person {
        (facts.source_ip, facts.destination_ip) = (remote, local);
        facts.assigned_ip = host(fields.remotenet.value);
    } else if gateway {
        facts.peer = remote;
        if facts.kind != Kind::Other {
            (facts.source_ip, facts.destination_ip) = (remote, local);
        }
    }
}

/// The address of a network that is one host: `10.99.0.6`, `10.99.0.6/32`.
fn host(network: &[u8]) -> Option<std::net::IpAddr> {
    let address = match until(network, b'/') {
        Some((address, b"32" | b"128" | b"255.255.255.255")) => address,
        Some(_) => return None,
        None => network,
    };
    ip(address).filter(|ip| !ip.is_unspecified())
}

/// `… error=0 user="claire" address=10.1.0.4 sessionid=5 msg="CONFIG FILTER ACTIVATE" logtype="server"`
fn administration<'a>(line: &Line<'a>, fields: &Fields<'a>, facts: &mut Facts) {
    let command = fields.msg.value;
    facts.session = line.pair(fields.sessionid);
    let (verb, rest) = until(command, b' ').unwrap_or((command, &[]));
    let (module, _) = until(rest, b' ').unwrap_or((rest, &[]));
    let is = |words: &[&[u8]], word: &[u8]| words.iter().any(|known| known.eq_ignore_ascii_case(word));
    let asks = rest.split(|&b| b == b' ').take(4).any(|word| {
        let looks: &[&[u8]] = &[b"SHOW", b"LIST", b"GET", b"STATUS", b"IDENT", b"INFORMATION", b"PROPERTY", b"SESSION", b"CHECK", b"HELP"];
        is(looks, word) || is(&[b"SEARCH", b"BACKUP", b"DOWNLOAD", b"VALIDATE"], word)
    });
    if is(&[b"AUTH", b"LOGIN", b"CHALLENGE"], verb) || says(command, b"logged in") || says(command, b"authentication ") {
        facts.kind = match fields.error.value {
            b"" | b"0" | b"00" => login(command, fields.error.value),
            _ => Kind::LoginFailure,
        };
    } else if is(&[b"QUIT", b"LOGOUT"], verb) || says(command, b"logged out") {
        facts.kind = Kind::Logout;
    } else if is(&[b"SYSTEM"], verb) && is(&[b"REBOOT", b"RESTART"], module) {
        facts.about = Some(About::Restart);
    } else if !asks
        && (is(&[b"CONFIG", b"USER", b"PKI", b"UPDATE", b"HA"], verb)
            || is(&[b"SYSTEM"], verb) && is(&[b"DATE", b"UPDATE", b"DEFCONFIG", b"HALT", b"LICENCE", b"TIMEZONE"], module))
    {
        facts.about = Some(About::Configuration);
        facts.target = line.escaped(module, fields.msg.escape);
    }
}

/// `… ipproto=tcp src=10.99.0.6 srcport=50123 dst=10.20.4.11 dstport=3389 ipv=4 sent=98 rcvd=766 duration=107331.18 action=pass logtype="connection"`
fn traffic<'a>(line: &Line<'a>, fields: &Fields<'a>, facts: &mut Facts) {
    facts.kind = Kind::Traffic;
    facts.action = line.pair(fields.action);
    facts.verdict = match fields.action.value {
        b"pass" => Some(Verdict::Allowed),
        b"block" | b"reset" | b"drop" => Some(Verdict::Denied),
        // Empty: the rule only writes lines.
        _ => None,
    };
    facts.source_bytes = number(fields.sent.value);
    facts.destination_bytes = number(fields.rcvd.value);
    facts.duration = seconds(fields.duration.value);
    facts.country = line.text(fields.srccountry.value);
}

/// `… msg="System startup" service=sysevent logtype="system"`
fn system(message: &[u8], facts: &mut Facts) {
    let start: [&[u8]; 8] = [
        b"startup",
        b"starting up",
        b"has started",
        b"system started",
        b"appliance started",
        b"rebooted",
        b"restarted",
        b"d\xc3\xa9marrage du",
    ];
    if start.iter().any(|words| says(message, words)) {
        facts.about = Some(About::Restart);
        facts.user = Text::default();
    }
}

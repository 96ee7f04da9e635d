//! WALLIX Bastion 6 to 12.
//!
//! WALLIX, "Bastion SIEM guide" (messages by tag: wabauth, wabaudit, rdpproxy, sshproxy, sessions, vault); the texts of the RDP
//! engine are those of `redemption`, `src/utils/log_siem.hpp` and `src/core/log_id.hpp`.
//!
//! `user` is the person, `account` the account on the target, which many persons may share. The session's `session_id` is the
//! same in the lines of proxies and sessions; before there is a target, `psid` is all there is.
//!
//! Proxies and `wabauth` do not escape what was typed as a name, so a name may hold whole pairs. No account has such a name: where
//! a key of theirs has two values, nobody came in, and the address is not known.

mod approval;

use memchr::{memchr3, memrchr};

use self::approval::approval;
use crate::atoms::{Cef, Extension, Once, Pair, Pairs, cut, duration, find, ip, number, trim, until};
use crate::formats::Format;
use crate::{About, Dress, Escape, Facts, Kind, Line, Stamp, Stamps, Text, Time, stamp};

/// WALLIX's line of the table of formats.
pub(super) const FORMAT: Format = Format {
    name: "wallix",
    vendor: "WALLIX",
    product: "Bastion",
    covers: "WALLIX Bastion: logins, RDP, SSH, VNC and web sessions, approvals, changes of its configuration; key=value and CEF",
    dresses: &[Dress::Cef, Dress::Pairs, Dress::Words, Dress::Digits, Dress::Signs],
    looks_like,
    parse,
};

/// Bytes within which the tag stands, whatever a relay has left of the head.
const BEGINNING: usize = 96;

/// What the word in brackets announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tag {
    /// Somebody logs in to the bastion.
    Login,
    /// What a proxy does with a connection.
    Proxy,
    /// A session on a target, and what is done in it.
    Session,
    /// Somebody reads or changes the configuration, asks for access or grants it.
    Audit,
    /// Commands of the bastion's own shell.
    Shell,
    /// The appliance starts.
    Boot,
    /// Understood; tells who and where at most.
    Other,
}

fn tag(name: &[u8]) -> Option<Tag> {
    Some(match name {
        b"wabauth" => Tag::Login,
        b"rdpproxy" | b"sshproxy" | b"vncproxy" | b"webproxy" | b"httpproxy" => Tag::Proxy,
        b"wabaudit" => Tag::Audit,
        b"CLI Audit" => Tag::Shell,
        b"boot" => Tag::Boot,
        b"Vault Activity" | b"sessionintegrity" | b"integrity" | b"sysaudit" | b"wabengine" | b"WAB" => Tag::Other,
        _ => name.strip_suffix(b" Session").filter(|protocol| is_protocol(protocol)).map(|_| Tag::Session)?,
    })
}

fn is_protocol(name: &[u8]) -> bool {
    matches!(
        name,
        b"RDP" | b"SSH" | b"VNC" | b"Web" | b"WEB" | b"HTTP" | b"HTTPS" | b"TELNET" | b"RLOGIN" | b"RAWTCPIP" | b"APP" | b"Neutral"
    )
}

/// `[wabauth] action=…`, `sshproxy: [SSH Session] session_id=…`, `WAB(core) 881 - - [wabaudit] action=…`
fn tagged<'a>(line: &Line<'a>) -> Option<(Tag, &'a [u8])> {
    let bracketed = |text: &'a [u8]| {
        let (beginning, _) = cut(text, BEGINNING);
        let open = memchr3(b'[', b'"', b'=', beginning).filter(|&at| beginning.get(at) == Some(&b'['))?;
        let (name, pairs) = until(text.get(open + 1..)?, b']')?;
        Some((tag(name)?, pairs))
    };
    // Without NILVALUE in front, `[wabauth]` passes for the structured data of RFC 5424.
    bracketed(line.body).or_else(|| Some((tag(line.head.data.strip_prefix(b"[")?.strip_suffix(b"]")?)?, line.body)))
}

fn cef<'a>(line: &Line<'a>) -> Option<Cef<'a>> {
    line.cef.filter(|cef| cef.vendor.eq_ignore_ascii_case(b"wallix"))
}

fn looks_like(line: &Line<'_>) -> bool {
    match tagged(line) {
        // Other products have such words as well.
        Some((Tag::Boot | Tag::Other, pairs)) => {
            find(cut(pairs, BEGINNING).0, b"=\"").is_some() || line.head.app.get(..3).is_some_and(|app| app.eq_ignore_ascii_case(b"wab"))
        }
        Some(_) => true,
        None => cef(line).is_some(),
    }
}

/// The pairs that matter, as they stand.
#[derive(Default)]
struct Fields<'a> {
    user: Pair<'a>,
    client: Pair<'a>,
    port: Pair<'a>,
    account: Pair<'a>,
    device: Pair<'a>,
    target_ip: Pair<'a>,
    /// `account@domain@device:service`
    target: Pair<'a>,
    host: Pair<'a>,
    host_port: Pair<'a>,
    session: Pair<'a>,
    connection: Pair<'a>,
    action: Pair<'a>,
    kind: Pair<'a>,
    status: Pair<'a>,
    infos: Pair<'a>,
    object: Pair<'a>,
    reason: Pair<'a>,
    duration: Pair<'a>,
    /// The first and the last value of any other key.
    rest: Option<(&'a [u8], &'a [u8])>,
    /// A key stands twice with two values.
    doubled: bool,
}

impl<'a> Fields<'a> {
    fn read(pairs: impl Iterator<Item = Pair<'a>>, end: &'a [u8]) -> Fields<'a> {
        let mut fields = Fields::default();
        for mut pair in pairs {
            // Version 5 had apostrophes for quotes: a value with blanks is torn, and what was typed runs on to an end that nobody knows.
            let old = pair.value.strip_prefix(b"'");
            pair.value = old.map_or(pair.value, |value| value.strip_suffix(b"'").unwrap_or(value));
            match fields.slot(pair.key) {
                Some(slot) => {
                    fields.doubled |= slot.torn_by(pair);
                }
                None if pair.value.is_empty() || is_plain(pair.key) => {}
                None => {
                    let last = if old.is_some() { end } else { pair.value };
                    fields.rest = Some((fields.rest.map_or(pair.value, |(first, _)| first), last));
                }
            }
        }
        fields
    }

    fn slot(&mut self, key: &[u8]) -> Option<&mut Pair<'a>> {
        Some(match key {
            b"user" | b"WallixBastionUser" => &mut self.user,
            b"client_ip" | b"src_ip" | b"WallixBastionHost" => &mut self.client,
            b"src_port" => &mut self.port,
            b"account" | b"WallixBastionAccount" => &mut self.account,
            b"device" | b"WallixBastionDevice" => &mut self.device,
            b"target_ip" | b"WallixBastionTargetIP" => &mut self.target_ip,
            b"target" => &mut self.target,
            b"host" => &mut self.host,
            b"port" => &mut self.host_port,
            b"session_id" | b"session_uid" | b"WallixBastionSessionId" | b"WallixBastionSession_id" => &mut self.session,
            b"psid" => &mut self.connection,
            b"action" => &mut self.action,
            b"type" => &mut self.kind,
            b"status" | b"result" | b"WallixBastionStatus" => &mut self.status,
            b"infos" => &mut self.infos,
            b"object" => &mut self.object,
            b"reason" | b"msg" => &mut self.reason,
            b"duration" => &mut self.duration,
            _ => return None,
        })
    }
}

/// `[RDP Session] session_id="19aa01" client_ip="10.99.0.6" target_ip="10.20.4.11" user="fourn.chimere" device="DPI-APP1" service="RDP" account="adm-chimere" type="SESSION_DISCONNECTION" duration="1:17:48"`
fn parse(line: &Line<'_>, _: &mut Stamps, facts: &mut Facts) -> Option<()> {
    if let Some((tag, pairs)) = tagged(line) {
        let fields = Fields::read(Pairs::new(pairs), cut(pairs, pairs.len()).1);
        common(line, &fields, facts);
        match tag {
            Tag::Login => login(line, &fields, facts),
            Tag::Proxy => proxy(&fields, facts),
            Tag::Session => session(line, &fields, fields.kind.value, facts),
            Tag::Audit => audit(line, &fields, facts),
            Tag::Shell => private(line, &fields, facts),
            Tag::Boot => facts.about = Some(About::Restart),
            Tag::Other => {}
        }
        if fields.doubled && matches!(tag, Tag::Login | Tag::Proxy) {
            (facts.source_ip, facts.source_port) = (None, None);
            if matches!(facts.kind, Kind::LoginSuccess | Kind::SessionStart) {
                facts.kind = Kind::LoginFailure;
            }
        }
        return Some(());
    }
    // `Nov 20 2026 21:41:52 host message CEF:1|Wallix|Bastion|9.0.2|25|KBD_INPUT|5|WallixBastionSessionType=RDP WallixBastionSessionId=…`
    let cef = cef(line)?;
    let mut fields = Fields::read(cef.pairs(), &[]);
    if fields.user.key.is_empty() {
        // Engines before version 7 have the plain keys only, and those tell who serves whom.
        for pair in Extension::new(cef.extension) {
            match pair.key {
                b"suser" => fields.user.once(pair),
                b"duser" => fields.account.once(pair),
                b"src" => fields.client.once(pair),
                b"dst" => fields.target_ip.once(pair),
                _ => {}
            }
        }
    }
    common(line, &fields, facts);
    facts.action = line.escaped(cef.name, Escape::Cef);
    let failed = fields.status.value == b"FAIL";
    session(line, &fields, if failed { b"" } else { cef.name }, facts);
    // The engine writes its own head, in UTC.
    if line.body.starts_with(b"message ")
        && let Stamp::Local { seconds, nanos } = stamp::any(line.head.stamp)
    {
        facts.stamp = Time::from_seconds(seconds, nanos).map_or(Stamp::None, Stamp::Exact);
    }
    Some(())
}

/// Keys that tell nothing secret: those of the protocol, and those of CEF that say again what the bastion's own keys say.
fn is_plain(key: &[u8]) -> bool {
    matches!(key, b"service" | b"app" | b"WallixBastionSessionType" | b"WallixBastionService" | b"suser" | b"duser" | b"src" | b"dst")
}

fn text<'a>(line: &Line<'a>, pair: Pair<'a>) -> Text {
    line.escaped(pair.value, pair.escape)
}

/// Who, from where, to what: the same in all lines.
fn common<'a>(line: &Line<'a>, fields: &Fields<'a>, facts: &mut Facts) {
    facts.source_ip = ip(fields.client.value);
    facts.source_port = number(fields.port.value);
    person(line, fields.user, facts);
    facts.target_user =
        line.escaped(until(fields.account.value, b'@').map_or(fields.account.value, |(name, _)| name), fields.account.escape);
    facts.destination_ip = ip(fields.target_ip.value).or_else(|| ip(fields.host.value)).or_else(|| ip(fields.device.value));
    facts.destination_port = number(fields.host_port.value);
    facts.target = text(line, fields.device);
    target(line, fields.target, facts);
    for named in [fields.host, fields.target_ip] {
        if ip(named.value).is_none() {
            facts.target.once(text(line, named));
        }
    }
    facts.session = text(line, if fields.session.value.is_empty() { fields.connection } else { fields.session });
    facts.action = text(line, if fields.action.value.is_empty() { fields.kind } else { fields.action });
    facts.reason = text(line, fields.reason);
}

/// `fourn.chimere`, `fourn.chimere@ght.example`, `fourn.chimere@GHT@192.0.2.1` (name, realm, address of the client)
fn person<'a>(line: &Line<'a>, login: Pair<'a>, facts: &mut Facts) {
    let mut name = login.value;
    if name.starts_with(b"[unknown") {
        return;
    }
    if let Some((before, address)) = memrchr(b'@', name).map(|at| cut(name, at))
        && let Some(address) = ip(cut(address, 1).1)
    {
        facts.source_ip.once(Some(address));
        name = before;
    }
    line.login(name, login.escape, facts);
}

/// `adm-chimere@local@DPI-APP1:RDP`
fn target<'a>(line: &Line<'a>, target: Pair<'a>, facts: &mut Facts) {
    let (name, _) = cut(target.value, memrchr(b':', target.value).unwrap_or(target.value.len()));
    let Some(at) = memrchr(b'@', name) else { return };
    let (account, device) = cut(name, at);
    let (_, device) = cut(device, 1);
    facts.target_user.once(line.escaped(until(account, b'@').map_or(account, |(account, _)| account), target.escape));
    facts.target.once(line.escaped(device, target.escape));
    facts.destination_ip.once(ip(device));
}

/// `[wabauth] action="authentify" user="fourn.chimere" client_ip="10.99.0.6" status="success" infos="diagnostic [Authentication success: …]"`
fn login<'a>(line: &Line<'a>, fields: &Fields<'a>, facts: &mut Facts) {
    facts.kind = match (fields.action.value, fields.status.value) {
        (b"logout" | b"disconnect", _) => Kind::Logout,
        (_, b"success") => Kind::LoginSuccess,
        (_, b"failure" | b"failed") => Kind::LoginFailure,
        // Started; cancelled, expired: no credentials were refused.
        _ => Kind::Other,
    };
    if facts.kind == Kind::LoginFailure {
        let infos = fields.infos.value;
        let said = infos.strip_prefix(b"diagnostic [").map_or(infos, |said| said.strip_suffix(b"]").unwrap_or(said));
        facts.reason = line.escaped(trim(said), fields.infos.escape);
    }
}

/// `[sshproxy] psid="1616" user="fourn.chimere" type="AUTHENTICATION_SUCCESS" method="password"`
fn proxy(fields: &Fields<'_>, facts: &mut Facts) {
    let known = !fields.user.value.is_empty();
    facts.kind = match fields.kind.value {
        b"AUTHENTICATION_SUCCESS" => Kind::LoginSuccess,
        b"AUTHENTICATION_FAILURE" | b"AUTHENTICATION_FAILED" => Kind::LoginFailure,
        b"LOGOUT" => Kind::Logout,
        b"TARGET_DISCONNECTION" | b"DISCONNECTION" | b"DISCONNECT" if known => Kind::SessionEnd,
        // A connection to the target is tried; whether there is a session its own lines say.
        _ => Kind::Other,
    };
}

/// A session of this `kind` of event.
fn session<'a>(line: &Line<'a>, fields: &Fields<'a>, kind: &[u8], facts: &mut Facts) {
    facts.kind = match kind {
        b"SESSION_ESTABLISHED_SUCCESSFULLY" | b"SESSION_ESTABLISHED" | b"SESSION_CREATION" => Kind::SessionStart,
        b"SESSION_DISCONNECTION" => Kind::SessionEnd,
        _ => Kind::Other,
    };
    facts.duration = length(fields.duration.value);
    let about_the_connection = [b"SESSION_" as &[u8], b"CONNECTION_", b"SERVER_CERTIFICATE_", b"CERTIFICATE_"];
    if !about_the_connection.iter().any(|beginning| kind.starts_with(beginning)) {
        facts.reason = Text::default();
        private(line, fields, facts);
    }
}

/// What was done in a session is nobody's business here: keys, titles, commands, names of files.
fn private<'a>(line: &Line<'a>, fields: &Fields<'a>, facts: &mut Facts) {
    if let Some((first, last)) = fields.rest {
        facts.private = line.span(first, last);
    }
}

/// `1:17:48`, `127:17:48`, `5 days, 7:17:48`
fn length(text: &[u8]) -> Option<u64> {
    let Some((days, rest)) = until(text, b' ').filter(|(_, rest)| rest.starts_with(b"day")) else { return duration(text) };
    let days = number::<u64>(days)?.checked_mul(86_400 * 1_000_000_000)?;
    duration(until(rest, b' ')?.1)?.checked_add(days)
}

/// What is done to the configuration, where it is not only read.
const CHANGES: &[&[u8]] = &[
    b"add", b"apply", b"change", b"clone", b"create", b"delete", b"disable", b"edit", b"enable", b"import", b"install", b"lock", b"modify",
    b"remove", b"rename", b"reset", b"restore", b"set", b"unlock", b"update", b"upload",
];

/// `[wabaudit] action="edit" type="TimeFrame" object="nuit" user="astreinte.dsi" client_ip="10.1.1.5" infos="…"`
fn audit<'a>(line: &Line<'a>, fields: &Fields<'a>, facts: &mut Facts) {
    let changed = CHANGES.contains(&fields.action.value);
    // Who changes the own password or address changes nothing of the gateway.
    let own = fields.kind.value == b"User" && fields.object.value == fields.user.value;
    match fields.kind.value {
        b"Approval" | b"Approvals" if changed => approval(line, fields, facts),
        // An answer is no change, and until the quorum is reached it grants nothing.
        b"Approval" | b"Approvals" | b"Answer" | b"Answers" => {}
        _ if changed && !own => {
            facts.about = Some(About::Configuration);
            facts.target = text(line, if fields.object.value.is_empty() { fields.kind } else { fields.object });
        }
        _ => {}
    }
}

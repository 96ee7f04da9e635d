//! `CyberArk` Enterprise Password Vault and Privileged Session Manager, and the alerts of its threat analytics.
//!
//! `CyberArk`, "Vault audit action codes" and "Security information and event management applications": LEEF and CEF by the
//! translators that the vault brings along, the text of the translator for RSA, JSON of the one for Elastic.
//!
//! `Issuer`, `usrName`, `suser` is the person; `duser` the account of the target, which many may share.

use crate::atoms::{Cef, Leaves, Leef, Once, Pair, Pairs, cut, duration, find, ip, split_login, trim, until, until_unescaped};
use crate::formats::Format;
use crate::{About, Dress, Escape, Facts, Kind, Line, Stamps, Text, stamp};

/// `CyberArk`'s line of the table of formats.
pub(super) const FORMAT: Format = Format {
    name: "cyberark",
    vendor: "CyberArk",
    product: "Vault",
    covers: "CyberArk vault, session manager and threat analytics (EPV, PSM, PTA): LEEF, CEF, text and JSON of the vault's syslog translators",
    dresses: Dress::ALL,
    looks_like,
    parse,
};

/// In front of the pairs of the translator for RSA.
const MARK: &[u8] = b"%CYBERARK:";

/// Bytes within which the mark stands.
const BEGINNING: usize = 160;

/// What the vault's action codes say of access; an alert of any other code is none.
const CODES: &[(&[u8], Kind)] = &[
    // A wrong password, a station or an area that may not come in, a user that there is none.
    (b"4", Kind::LoginFailure),
    (b"5", Kind::LoginFailure),
    (b"309", Kind::LoginFailure),
    (b"7", Kind::LoginSuccess),
    (b"8", Kind::Logout),
    // Through the web portal or a session manager, in the user's name.
    (b"19", Kind::LoginSuccess),
    (b"20", Kind::LoginSuccess),
    (b"300", Kind::SessionStart),
    (b"302", Kind::SessionEnd),
    (b"378", Kind::SessionStart),
    (b"380", Kind::SessionEnd),
];

/// What begins an action that changes the vault, and what it is done to.
const CHANGES: [&str; 8] = ["Add ", "Update ", "Delete ", "Remove ", "Rename ", "Create ", "Enable ", "Disable "];
const CHANGED: [&str; 9] = ["User", "Owner", "Group", "Safe", "Network Area", "Location", "Directory Map", "Rule", "Policy"];

fn is_cyberark(vendor: &[u8]) -> bool {
    vendor.eq_ignore_ascii_case(b"Cyber-Ark") || vendor.eq_ignore_ascii_case(b"CyberArk")
}

fn leef<'a>(line: &Line<'a>) -> Option<Leef<'a>> {
    line.leef().filter(|leef| is_cyberark(leef.vendor))
}

fn cef<'a>(line: &Line<'a>) -> Option<Cef<'a>> {
    line.cef.filter(|cef| is_cyberark(cef.vendor))
}

/// Behind the mark, which RFC 5424 takes for the name of the program.
fn marked<'a>(line: &Line<'a>) -> Option<&'a [u8]> {
    let at = find(cut(line.head.after_stamp, BEGINNING).0, MARK)?;
    line.head.after_stamp.get(at + MARK.len()..)
}

fn looks_like(line: &Line<'_>) -> bool {
    match line.body {
        [b'{', ..] => line.quotes_any(&[b"audit_record", b"monitor_record"]),
        _ => marked(line).is_some() || leef(line).is_some() || cef(line).is_some(),
    }
}

/// The pairs that matter, as they stand.
#[derive(Default)]
struct Fields<'a> {
    code: Pair<'a>,
    name: Pair<'a>,
    user: Pair<'a>,
    station: Pair<'a>,
    station_name: Pair<'a>,
    target: Pair<'a>,
    target_ip: Pair<'a>,
    target_user: Pair<'a>,
    affected: Pair<'a>,
    safe: Pair<'a>,
    session: Pair<'a>,
    reason: Pair<'a>,
    details: Pair<'a>,
    device: Pair<'a>,
    time: Pair<'a>,
    /// The first and the last text that may hold what somebody typed or saw.
    typed: Option<(&'a [u8], &'a [u8])>,
}

impl<'a> Fields<'a> {
    fn take(&mut self, pair: Pair<'a>) {
        let pair = Pair { value: trim(pair.value), ..pair };
        if matches!(pair.key, b"reason" | b"Reason" | b"ExtraDetails" | b"msg" | b"cs5" | b"cs6" | b"PvwaDetails") && !pair.value.is_empty()
        {
            self.typed = Some((self.typed.map_or(pair.value, |(first, _)| first), pair.value));
        }
        let slot = match pair.key {
            b"MessageID" => &mut self.code,
            b"Action" | b"act" | b"Message" | b"Desc" => &mut self.name,
            b"usrName" | b"suser" | b"Issuer" => &mut self.user,
            b"src" | b"Station" => &mut self.station,
            b"shost" => &mut self.station_name,
            b"dhost" | b"Address" => &mut self.target,
            b"dst" => &mut self.target_ip,
            b"duser" | b"UserName" => &mut self.target_user,
            b"TargetUser" | b"cs1" => &mut self.affected,
            b"Safe" | b"cs2" => &mut self.safe,
            b"externalId" => &mut self.session,
            b"reason" | b"Reason" => &mut self.reason,
            b"ExtraDetails" => &mut self.details,
            b"Hostname" => &mut self.device,
            b"IsoTimestamp" => &mut self.time,
            _ => return,
        };
        slot.once(pair);
    }
}

/// `LEEF:1.0|Cyber-Ark|Vault|14.4.0001|300|sev=6<TAB>Action=PSM Connect<TAB>usrName=fourn.chimere<TAB>src=198.51.100.23<TAB>…<TAB>dhost=10.20.4.11<TAB>duser=adm-chimere<TAB>externalId=73d7<TAB>app=RDP`
fn parse(line: &Line<'_>, stamps: &mut Stamps, facts: &mut Facts) -> Option<()> {
    let mut fields = Fields::default();
    if let Some(leef) = leef(line) {
        fields.code.value = code(leef.product, leef.event);
        facts.product = line.text(leef.product);
        leef.pairs().for_each(|pair| fields.take(pair));
    } else if let Some(cef) = cef(line) {
        fields.code.value = code(cef.product, cef.class);
        facts.product = line.escaped(cef.product, Escape::Cef);
        cef.pairs().for_each(|pair| fields.take(pair));
    } else if let Some(text) = marked(line) {
        // `%CYBERARK: MessageID="7";Version="12.1";Message="Logon";Issuer="fourn.chimere";Station="198.51.100.23";…`
        Pairs::new(text).for_each(|pair| fields.take(Pair { key: pair.key.strip_prefix(b";").unwrap_or(pair.key), ..pair }));
    } else {
        // `{"format":"elastic","version":"1.0","syslog":{"audit_record":{"MessageID":"7","Desc":"Logon","Issuer":"fourn.chimere",…}}}`
        for leaf in Leaves::new(line.body) {
            if let [.., b"audit_record" | b"monitor_record", key] = leaf.path() {
                fields.take(Pair { key, value: leaf.value, escape: leaf.escape });
            }
        }
    }
    let text = |pair: Pair<'_>| Text::within(line.whole, pair.value, pair.escape);
    line.login(fields.user.value, fields.user.escape, facts);
    facts.source_ip = ip(fields.station.value).or_else(|| ip(fields.station_name.value));
    if ip(fields.station_name.value).is_none() {
        facts.client = text(fields.station_name);
    }
    facts.target_user = line.escaped(split_login(fields.target_user.value, fields.target_user.escape).0, fields.target_user.escape);
    facts.session = text(fields.session);
    facts.action = text(fields.name);
    facts.device = text(fields.device);
    facts.stamp = stamps.body(fields.time.value, stamp::any);
    facts.kind = CODES.iter().find(|(code, _)| *code == fields.code.value).map_or(Kind::Other, |&(_, kind)| kind);
    details(line, fields.details, facts);
    destination(line, fields.target, facts);
    destination(line, fields.target_ip, facts);
    if facts.kind == Kind::LoginFailure {
        facts.reason = text(fields.reason);
    }
    if is_secret(fields.name.value) || find(fields.details.value, b"Command=").is_some() {
        facts.private = fields.typed.map_or(Text::default(), |(first, last)| line.span(first, last));
    }
    change(line, &fields, facts);
    // A measurement of the vault has no code, and says when and where at least.
    (!fields.code.value.is_empty() || !fields.device.value.is_empty()).then_some(())
}

/// Of the vault alone the codes are known: the threat analytics count their alerts anew.
fn code<'a>(product: &[u8], code: &'a [u8]) -> &'a [u8] {
    if product.eq_ignore_ascii_case(b"Vault") { code } else { b"-" }
}

/// An address, or a name.
fn destination<'a>(line: &Line<'a>, target: Pair<'a>, facts: &mut Facts) {
    match ip(target.value) {
        Some(address) => facts.destination_ip.once(Some(address)),
        None => facts.target.once(line.escaped(target.value, target.escape)),
    }
}

/// `DstHost=10.20.4.11;Protocol=RDP;SessionDuration=01:17:48;SessionID=73d7;SrcHost=198.51.100.23;User=fourn.chimere;`, where a
/// semicolon that belongs to a value is written `\;`.
fn details<'a>(line: &Line<'a>, details: Pair<'a>, facts: &mut Facts) {
    let mut rest = details.value;
    while !rest.is_empty() {
        let (pair, after) = until_unescaped(rest, b';').unwrap_or((rest, &[]));
        rest = after;
        let Some((key, value)) = until(pair, b'=') else { continue };
        let value = trim(value);
        match key {
            b"DstHost" => destination(line, Pair { key, value, escape: details.escape }, facts),
            b"SrcHost" => facts.source_ip.once(ip(value)),
            b"SessionID" => facts.session.once(line.escaped(value, details.escape)),
            b"SessionDuration" => facts.duration = duration(value),
            _ => {}
        }
    }
}

/// Whether the action is what somebody typed or saw.
fn is_secret(name: &[u8]) -> bool {
    ["Keystroke", "Window Title", "Window title", "Command", "Clipboard"].iter().any(|word| find(name, word.as_bytes()).is_some())
}

/// Changes of users, safes and who may do what in them. What a directory brings along at a login is none: it names nobody else.
fn change<'a>(line: &Line<'a>, fields: &Fields<'a>, facts: &mut Facts) {
    let name = fields.name.value;
    if name == b"Confirm Request" {
        facts.about = Some(About::Approval);
        facts.by = facts.user;
        (facts.domain, facts.source_ip, facts.client) = (Text::default(), None, Text::default());
        line.login(fields.affected.value, fields.affected.escape, facts);
        return;
    }
    let what = CHANGES.iter().find_map(|verb| name.strip_prefix(verb.as_bytes()));
    let whom = [fields.affected, fields.target_user, fields.safe].into_iter().find(|pair| !pair.value.is_empty());
    if let (Some(what), Some(whom)) = (what, whom)
        && whom.value != fields.user.value
        && CHANGED.iter().any(|changed| what.starts_with(changed.as_bytes()))
        && find(what, b"Synchronize").is_none()
    {
        facts.about = Some(About::Configuration);
        facts.target = line.escaped(whom.value, whom.escape);
    }
}

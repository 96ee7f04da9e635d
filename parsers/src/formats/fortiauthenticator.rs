//! Fortinet FortiAuthenticator.
//!
//! Pairs in three dresses: `category="Event" subcategory="Authentication" typeid=20001 … status="Failed" said in words`;
//! `date=2026-11-20 time=22:41:07+0100 oid=8888 logid=20000 cat="Event" subcat="Authentication" … msg="…" user="…"`; and,
//! by way of a `FortiAnalyzer`, `time=22:41:07 devname="fac-1" … logid="20994" logdesc="…" type="event" … msg="…"`.
//! Fortinet, "FortiAuthenticator Administration Guide", "Log access" and "Log type reference".
//!
//! Quotes in a name are not escaped: as soon as a key has two values, nothing behind the name counts, and nobody is let in.

use super::fortigate::{civil, given, zone};
use crate::atoms::{Cef, Pair, Pairs, between, cut, ip, split_login, trim, until};
use crate::stamp::{self, Civil};
use crate::{About, Dress, Facts, Format, Kind, Line, Stamp, Stamps, Text};

/// The format's line in [`crate::FORMATS`].
pub(super) const FORMAT: Format = Format {
    name: "fortiauthenticator",
    vendor: "Fortinet",
    product: "FortiAuthenticator",
    covers: "FortiAuthenticator: logins with and without a second factor, administrators, changes of its configuration",
    dresses: &[Dress::Pairs, Dress::Cef],
    looks_like,
    parse,
};

/// Bytes within which it says what it is.
const PREFIX: usize = 300;

fn looks_like(line: &Line<'_>) -> bool {
    let (start, _) = cut(line.body, PREFIX);
    let first = [b"category=".as_slice(), b"cat=", b"date=", b"time=", b"devname=", b"devid=", b"logid=", b"timestamp=", b"oid="];
    if !first.into_iter().any(|key| start.starts_with(key)) {
        return cef(line).is_some();
    }
    let mut event = false;
    for pair in Pairs::new(start) {
        match pair.key {
            b"faclogindex" => return true,
            b"devid" if pair.value.starts_with(b"FAC") => return true,
            b"category" | b"cat" => event = pair.value == b"Event",
            b"subcategory" | b"subcat" => return event,
            // Whoever this is, names of people follow.
            b"user" => return false,
            _ => {}
        }
    }
    false
}

/// `CEF:0|Fortinet|FortiAuthenticator|…`
fn cef<'a>(line: &Line<'a>) -> Option<Cef<'a>> {
    line.cef.filter(|cef| cef.vendor == b"Fortinet" && cef.product.starts_with(b"FortiAuthenticator"))
}

/// A value, and whether it stands behind the user's name.
type Field<'a> = Option<(Pair<'a>, bool)>;

/// The fields that matter, each as it came first.
#[derive(Default)]
struct Fields<'a> {
    date: Field<'a>,
    time: Field<'a>,
    tz: Field<'a>,
    timestamp: Field<'a>,
    device_name: Field<'a>,
    device_id: Field<'a>,
    subcategory: Field<'a>,
    user: Field<'a>,
    user_ip: Field<'a>,
    action: Field<'a>,
    status: Field<'a>,
    message: Field<'a>,
    /// What stands behind the last pair.
    tail: &'a [u8],
    torn: bool,
}

impl<'a> Fields<'a> {
    fn put(&mut self, pair: Pair<'a>) {
        let late = self.user.is_some();
        let field = match pair.key {
            b"date" => &mut self.date,
            b"time" => &mut self.time,
            b"tz" => &mut self.tz,
            b"timestamp" => &mut self.timestamp,
            b"devname" | b"dvchost" => &mut self.device_name,
            b"devid" | b"deviceExternalId" => &mut self.device_id,
            b"subcategory" | b"subcat" | b"subtype" => &mut self.subcategory,
            b"user" | b"duser" | b"suser" => &mut self.user,
            b"userip" | b"src" => &mut self.user_ip,
            b"action" | b"act" => &mut self.action,
            b"status" | b"outcome" => &mut self.status,
            b"msg" => &mut self.message,
            _ => return,
        };
        match field {
            None => *field = Some((pair, late)),
            Some((first, _)) => self.torn |= first.value != pair.value,
        }
    }

    fn pair(&self, field: Field<'a>) -> Option<Pair<'a>> {
        field.filter(|(pair, late)| !(self.torn && *late || given(pair.value).is_empty())).map(|(pair, _)| pair)
    }

    fn value(&self, field: Field<'a>) -> &'a [u8] {
        self.pair(field).map_or(&[], |pair| pair.value)
    }

    fn text(&self, line: &Line<'a>, field: Field<'a>) -> Text {
        self.pair(field).map_or(Text::default(), |pair| line.escaped(pair.value, pair.escape))
    }

    /// The device's sentence: in `msg`, or behind the pairs.
    fn said(&self) -> &'a [u8] {
        match self.value(self.message) {
            [] if self.torn => &[],
            [] => self.tail,
            message => message,
        }
    }

    fn stamp(&self) -> Stamp {
        let time = self.value(self.time);
        // The zone may follow the time without a blank.
        let (clock, own_zone) = cut(time, 8);
        let offset = zone(if own_zone.is_empty() { self.value(self.tz) } else { own_zone });
        match civil(self.value(self.date), clock) {
            Some(civil) => Civil { offset, ..civil }.stamp(),
            None => stamp::epoch(self.value(self.timestamp)),
        }
    }

    fn kind(&self) -> Kind {
        let is = |field, words: &[&str]| words.iter().any(|word| self.value(field).eq_ignore_ascii_case(word.as_bytes()));
        let said = |words: &str| says(self.said(), words);
        match () {
            () if is(self.action, &["logout", "logoff", "session timeout"]) => Kind::Logout,
            () if is(self.action, &["authentication", "login", "logon", "auth", "authenticate"]) => match () {
                () if self.torn => Kind::LoginFailure,
                () if is(self.status, &["success", "succeeded", "ok"]) => Kind::LoginSuccess,
                () if is(self.status, &["failed", "failure", "fail", "denied", "rejected", "locked", "lockout"]) => Kind::LoginFailure,
                () if self.value(self.status).is_empty() && said("fail") => Kind::LoginFailure,
                () if self.value(self.status).is_empty() && said("success") => Kind::LoginSuccess,
                () => Kind::Other,
            },
            // A name tore the line, and action and outcome stood behind it.
            () if self.torn && is(self.subcategory, &["authentication"]) => Kind::LoginFailure,
            () => Kind::Other,
        }
    }

    /// `with no token`, `with FortiToken`, `with SMS token`, `with email token`: whether there was a second factor.
    fn second_factor(&self) -> Option<bool> {
        let said = |words: &str| says(self.said(), words);
        match () {
            () if said("no token") || said("token bypass") => Some(false),
            () if said("token") || said("fido") || said("push notification") => Some(true),
            () => None,
        }
    }
}

fn parse(line: &Line<'_>, _: &mut Stamps, facts: &mut Facts) -> Option<()> {
    let mut fields = Fields::default();
    if let Some(cef) = cef(line) {
        cef.pairs().for_each(|pair| fields.put(pair));
    } else {
        let mut pairs = Pairs::new(line.body);
        while let Some(pair) = pairs.next() {
            fields.put(pair);
            fields.tail = trim(pairs.rest());
        }
    }
    // A line cut before it says what it is about.
    fields.subcategory.or(fields.action)?;
    facts.stamp = fields.stamp();
    facts.device = fields.text(line, if fields.pair(fields.device_name).is_some() { fields.device_name } else { fields.device_id });
    facts.action = fields.text(line, fields.action);
    facts.kind = fields.kind();
    let login = fields.pair(fields.user).unwrap_or_default();
    // `realm/user`, as remote users are asked to write it; `host/…` is a machine.
    let (realm, name) = until(login.value, b'/')
        .filter(|(realm, name)| !realm.is_empty() && !name.is_empty() && *realm != b"host")
        .unwrap_or((&[], login.value));
    let (name, domain) = split_login(name, login.escape);
    facts.user = line.escaped(name, login.escape);
    facts.domain = line.escaped(if domain.is_empty() { realm } else { domain }, login.escape);
    // `Remote LDAP user authentication from 198.51.100.23 with FortiToken successful`
    let from = || between(fields.said(), b" from ", b" ").and_then(ip);
    facts.source_ip = ip(fields.value(fields.user_ip)).or_else(from).filter(|ip| !ip.is_loopback() && !ip.is_unspecified());
    match facts.kind {
        Kind::LoginSuccess => facts.mfa = fields.second_factor(),
        Kind::LoginFailure => {
            let escape = fields.pair(fields.message).map_or(crate::Escape::None, |pair| pair.escape);
            facts.reason = line.escaped(fields.said(), escape);
        }
        Kind::Other if fields.value(fields.subcategory).eq_ignore_ascii_case(b"admin configuration") => {
            facts.about = Some(About::Configuration);
            // `Edited Local User: ext-new`
            facts.target = line.text(fields.said());
        }
        _ => {}
    }
    Some(())
}

fn says(text: &[u8], words: &str) -> bool {
    // The device writes `FortiToken` and `token`, `Failed` and `failed`.
    text.windows(words.len()).any(|part| part.eq_ignore_ascii_case(words.as_bytes()))
}

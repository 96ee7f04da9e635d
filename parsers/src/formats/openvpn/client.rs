//! Who an OpenVPN message is about: the client's name, address and port, in front of the message or inside it.

use std::net::IpAddr;

use memchr::{memchr_iter, memrchr};
use nom::IResult;
use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::tag;
use nom::sequence::preceded;

use crate::atoms::{cut, find, ip, ip_port, number, split_login, until};
use crate::{Escape, Facts, Line};

/// Who a message is about.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Client<'a> {
    /// Common name or user name; empty while it is not known.
    pub(super) name: &'a [u8],
    /// `ip:port` as written; an IPv6 client has no port here.
    pub(super) at: &'a [u8],
    pub(super) address: Option<IpAddr>,
    pub(super) port: Option<u16>,
}

impl<'a> Client<'a> {
    /// `198.51.100.7:40007`, `[2001:db8::7]:40007`, `2001:db8::7`
    pub(super) fn at(at: &'a [u8]) -> Option<Client<'a>> {
        // A glance first: few words begin as an address.
        at.first().filter(|&&b| b.is_ascii_hexdigit() || matches!(b, b'[' | b':'))?;
        let (address, port) = ip_port(at)?;
        (port.is_some() || address.is_ipv6()).then_some(Client { name: &[], at, address: Some(address), port })
    }

    /// `[AF_INET]198.51.100.7:40007`, `[AF_INET6]2001:db8::7:40007` (the port is behind the last colon)
    pub(super) fn at_socket(text: &'a [u8]) -> Option<Client<'a>> {
        let (text, family) = family(text).ok()?;
        let end = text.iter().position(|b| matches!(b, b' ' | b',' | b')')).unwrap_or(text.len());
        let at = cut(text, end).0;
        if family == b"]" {
            return Client::at(at);
        }
        let (address, port) = cut(at, memrchr(b':', at)?);
        Some(Client { name: &[], at, address: Some(ip(address)?), port: Some(number(port.get(1..)?)?) })
    }

    pub(super) fn named(self, name: &'a [u8]) -> Client<'a> {
        Client { name: if name == b"UNDEF" { &[] } else { name }, ..self }
    }

    pub(super) fn fill(&self, line: &Line<'a>, facts: &mut Facts) {
        if !self.at.is_empty() {
            facts.session = line.text(self.at);
            facts.source_ip = self.address;
            facts.source_port = self.port;
        }
        if !self.name.is_empty() {
            user(line, self.name, facts);
        }
    }
}

/// `[AF_INET]`, `[AF_INET6]`
fn family(text: &[u8]) -> IResult<&[u8], &[u8]> {
    preceded(tag("[AF_INET"), alt((tag("6]"), tag("]")))).parse(text)
}

/// The client that a message begins with, and the message: `ip:port text`, `name/ip:port text`, `ip:port/name text`.
///
/// A name may hold blanks, and whoever chooses one may write a second `/ip:port ` into it: then nobody is believed. What has `: ` in
/// front of the slash is a message that quotes a name.
pub(super) fn prefix(text: &[u8]) -> (Client<'_>, &[u8]) {
    let (first, rest) = until(text, b' ').unwrap_or((text, &[]));
    if let Some(client) = Client::at(first) {
        return (client, rest);
    }
    if let Some((at, name)) = until(first, b'/')
        && let Some(client) = Client::at(at)
    {
        return (client.named(name), rest);
    }
    let mut found = None;
    for slash in memchr_iter(b'/', text) {
        let (name, after) = cut(text, slash);
        let after = after.get(1..).unwrap_or_default();
        // No address with its port is longer.
        let Some((at, _)) = until(cut(after, 64).0, b' ') else { continue };
        if let Some(client) = Client::at(at)
            && find(name, b": ").is_none()
        {
            if found.is_some() {
                return (Client::default(), &[]);
            }
            found = Some((client.named(name), cut(after, at.len() + 1).1));
        }
    }
    found.unwrap_or((Client::default(), text))
}

/// `fourn.chimere/198.51.100.7:40007` with nothing behind it.
pub(super) fn whole(text: &[u8]) -> Client<'_> {
    memrchr(b'/', text)
        .and_then(|slash| Some(Client::at(text.get(slash + 1..)?)?.named(cut(text, slash).0)))
        .or_else(|| Client::at(text))
        .unwrap_or_default()
}

/// A common name or user name, as OpenVPN writes it: `UNDEF` while it knows none.
pub(super) fn user<'a>(line: &Line<'a>, name: &'a [u8], facts: &mut Facts) {
    let (name, domain) = if name == b"UNDEF" { (&[] as &[u8], &[] as &[u8]) } else { split_login(name, Escape::None) };
    facts.user = line.text(name);
    facts.domain = line.text(domain);
}

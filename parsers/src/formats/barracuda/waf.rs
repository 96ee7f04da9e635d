//! Barracuda Web Application Firewall and Email Security Gateway.
//!
//! Barracuda Campus, "Web Application Firewall: How to Configure Syslog and other Logs" (audit logs, network firewall logs; the other
//! logs are known by their type and carry no access), "Email Security Gateway: Syslog and the Barracuda Email Security Gateway".

use crate::atoms::{Row, between, cut, find, ip, number, trim, trim_start, until};
use crate::{About, Escape, Facts, Kind, Line, Stamps, Verdict, stamp};

/// Log types behind the unit's name, with the number of words that a line of it has at least.
const TYPES: &[(&[u8], usize)] = &[(b"AUDIT", 8), (b"NF", 9), (b"WF", 12), (b"TR", 12), (b"SYS", 5)];

pub(super) fn looks_like(line: &Line<'_>) -> bool {
    web(line).is_some() || gateway(line).is_some()
}

/// The words of `AUDIT claire GUI 10.1.0.4 24784 CONFIG 17 config SET …`, behind a stamp with a zone and the unit's name, which may
/// stand once more behind a relay's.
fn web<'a>(line: &Line<'a>) -> Option<Row<'a, 12>> {
    if line.head.stamp.is_empty() || !line.head.pid.is_empty() {
        return None;
    }
    let body = match own_stamp(line.body) {
        [] => line.body,
        stamp => until(trim_start(cut(line.body, stamp.len()).1), b' ')?.1,
    };
    let (kind, _) = until(body, b' ')?;
    let (_, least) = TYPES.iter().find(|(known, _)| *known == kind)?;
    let row = Row::new(body, b' ');
    (row.len() >= *least
        && match kind {
            b"AUDIT" => ip(row.value(3)).is_some() || matches!(row.value(2), b"GUI" | b"CLI" | b"REST" | b"API"),
            b"NF" => ip(row.value(3)).is_some() && ip(row.value(5)).is_some(),
            // `SYS ADMIN_M ALER 51001 …`: the module stands before the severity.
            b"SYS" => is_severity(row.value(2)),
            _ => is_severity(row.value(1)) || ip(row.value(1)).is_some(),
        })
    .then_some(row)
}

fn is_severity(word: &[u8]) -> bool {
    matches!(word, b"EMER" | b"ALER" | b"CRIT" | b"ERRO" | b"WARN" | b"NOTI" | b"INFO" | b"DEBU")
}

/// The unit's own stamp, where a relay put another one before it.
fn own_stamp(body: &[u8]) -> &[u8] {
    cut(body, stamp::extent(body)).0
}

/// What the pages of an Email Security Gateway say, `[10.1.0.4] LOGIN (claire)`; or a mail's way through it.
fn gateway<'a>(line: &Line<'a>) -> Option<(&'a [u8], &'a [u8])> {
    match line.head.app {
        b"web" => {
            let (address, rest) = until(line.body.strip_prefix(b"[")?, b']')?;
            ip(address)?;
            Some((address, trim(rest)))
        }
        b"inbound/pass1" | b"inbound/pass2" | b"outbound/smtp" => Some((&[], &[])),
        b"scan" if find(line.body, b" SCAN ").is_some() => Some((&[], &[])),
        _ => None,
    }
}

pub(super) fn parse(line: &Line<'_>, stamps: &mut Stamps, facts: &mut Facts) -> Option<()> {
    if let Some((address, text)) = gateway(line) {
        facts.source_ip = ip(address);
        page(line, text, facts);
        return Some(());
    }
    let row = web(line)?;
    facts.stamp = stamps.body(own_stamp(line.body), stamp::any);
    match row.value(0) {
        b"AUDIT" => audit(line, &row, facts),
        // `NF INFO TCP 198.51.100.99 52676 192.0.2.1 22 DENY …`
        b"NF" => {
            facts.kind = Kind::Traffic;
            facts.source_ip = ip(row.value(3));
            facts.source_port = number(row.value(4));
            facts.destination_ip = ip(row.value(5));
            facts.destination_port = number(row.value(6));
            facts.verdict = match row.value(7) {
                b"ALLOW" => Some(Verdict::Allowed),
                b"DENY" => Some(Verdict::Denied),
                _ => None,
            };
        }
        // `WF ALER SQL_INJECTION 198.51.100.99 61507 192.0.2.1 443 …`
        b"WF" => {
            facts.source_ip = ip(row.value(3));
            facts.source_port = number(row.value(4));
            facts.destination_ip = ip(row.value(5));
            facts.destination_port = number(row.value(6));
        }
        // `TR 192.0.2.1 443 198.51.100.23 51505 "fourn.chimere" …`: the service, then who asked
        b"TR" => {
            facts.source_ip = ip(row.value(3));
            facts.source_port = number(row.value(4));
            facts.destination_ip = ip(row.value(1));
            facts.destination_port = number(row.value(2));
        }
        _ => {}
    }
    Some(())
}

/// `LOGIN (claire)`, `FAILED_LOGIN (claire)`, `LOGOUT (claire)`, `global[] CHANGE mta_relay (…)`
fn page<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    let (verb, rest) = until(text, b' ').unwrap_or((text, &[]));
    facts.kind = match verb {
        b"LOGIN" => Kind::LoginSuccess,
        b"FAILED_LOGIN" => Kind::LoginFailure,
        b"LOGOUT" => Kind::Logout,
        _ => {
            if let Some(at) = find(text, b" CHANGE ") {
                facts.about = Some(About::Configuration);
                let changed = cut(text, at + 8).1;
                facts.target = line.text(until(changed, b' ').map_or(changed, |(name, _)| name));
            }
            return;
        }
    };
    facts.action = line.text(verb);
    if let Some(name) = between(rest, b"(", b")") {
        line.login(name, Escape::None, facts);
    }
}

/// `AUDIT claire GUI 10.1.0.4 24784 LOGIN 0 - - - "" "" []`
fn audit<'a>(line: &Line<'a>, row: &Row<'a, 12>, facts: &mut Facts) {
    line.login(row.value(1), row.at(1).escape, facts);
    facts.source_ip = ip(row.value(3));
    facts.source_port = number(row.value(4));
    facts.action = line.text(row.value(5));
    match row.value(5) {
        b"LOGIN" => facts.kind = Kind::LoginSuccess,
        b"UNSUCCESSFUL_LOGIN" => facts.kind = Kind::LoginFailure,
        b"LOGOUT" => facts.kind = Kind::Logout,
        b"REBOOT" => facts.about = Some(About::Restart),
        b"CONFIG" | b"ROLLBACK" | b"RESTORE" | b"FIRMWARE" => {
            facts.about = Some(About::Configuration);
            facts.target = line.text(row.value(10));
        }
        _ => {}
    }
}

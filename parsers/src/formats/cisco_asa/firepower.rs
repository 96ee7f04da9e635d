//! What Firepower writes without a number: its Management Center's audit, and the connections that versions before 6.3 told.
//!
//! Cisco, "Firepower Management Center Configuration Guide", "Stream Audit Logs to Syslog" and "Configuring External Alerting".

use super::flows::access_control;
use crate::atoms::{find, ip, trim, trim_start, until};
use crate::{Escape, Facts, Kind, Line};

/// The tag that the audit has unless somebody changed it.
const AUDIT: &[u8] = b"[FMC-AUDIT] ";

pub(super) fn looks_like(line: &Line<'_>) -> bool {
    line.head.app == b"SFIMS" || line.body.starts_with(AUDIT)
}

pub(super) fn read(line: &Line<'_>, facts: &mut Facts) {
    if let Some(text) = line.body.strip_prefix(AUDIT) {
        audit(line, text, facts);
    } else if find(line.body, b"AccessControlRuleAction: ").is_some() {
        access_control(line, line.body, facts);
    }
}

/// `mojo_server.pl: claire@10.1.0.4, Login, Login Success`: sender, who from where, page, what was done.
fn audit<'a>(line: &Line<'a>, text: &'a [u8], facts: &mut Facts) {
    let text = until(text, b':').map_or(text, |(_, text)| trim_start(text));
    let mut columns = text.rsplitn(3, |&b| b == b',');
    let (Some(action), Some(page), Some(who)) = (columns.next(), columns.next(), columns.next()) else { return };
    let (action, page) = (trim(action), trim(page));
    facts.action = line.text(action);
    facts.kind = match (page, action) {
        (b"Login", b"Login Success") => Kind::LoginSuccess,
        (b"Login", b"Login Failed") => Kind::LoginFailure,
        (b"Login" | b"Logout", b"Logout Success") => Kind::Logout,
        _ => Kind::Other,
    };
    // The address is the last: a name may hold the sign.
    let at = who.iter().rposition(|&b| b == b'@').unwrap_or(who.len());
    line.login(trim(who.get(..at).unwrap_or_default()), Escape::None, facts);
    facts.source_ip = ip(trim(who.get(at..).and_then(|rest| rest.strip_prefix(b"@")).unwrap_or_default()));
}

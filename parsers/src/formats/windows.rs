//! Windows event logs: logons and NPS decisions of the security log, terminal services, and changes of accounts and policies.
//!
//! Microsoft, "Windows security audit events" and "Appendix L: Events to Monitor"; "Remote Desktop Services" event ids. How collectors write them
//! differs, not what they say: `NXLog`'s and Azure's flat JSON, Beats' `winlog.event_data`, Wazuh's `win.eventdata`, XML, Snare's columns, OSSEC's line.
//! So a field is known by its name with case and signs left out.

mod dress;
mod lines;
mod meaning;
mod record;
mod text;

use self::meaning::{Meaning, Who};
use self::record::Record;
use crate::atoms::{Once, ip, number};
use crate::formats::Format;
use crate::{About, Dress, Facts, Kind, Line, Stamp, Stamps, Text};

/// The line of Windows in the table of formats.
pub(super) const FORMAT: Format = Format {
    name: "windows",
    vendor: "Microsoft",
    product: "Windows",
    covers: "Windows event logs (logons, NPS, Remote Desktop, changes) as JSON, XML, Snare or OSSEC text",
    dresses: Dress::ALL,
    looks_like: dress::looks_like,
    parse,
};

fn parse(line: &Line<'_>, stamps: &mut Stamps, facts: &mut Facts) -> Option<()> {
    let record = dress::read(line)?;
    let text = |value: &[u8]| record.text(line, value);
    facts.action = text(record.id);
    facts.device = [record.computer, record.host].into_iter().map(text).find(|device| !device.is_empty()).unwrap_or_default();
    facts.stamp = record.times().map(|time| stamps.body(time, super::cef::plain::time)).find(|&at| at != Stamp::None).unwrap_or_default();
    let meaning = Meaning::of(record.provider, number(record.id)?, record.failed());
    facts.kind = meaning.kind;
    let fields = &record.fields;
    facts.about = meaning.about.filter(|&about| about != About::Configuration || is_by_a_person(&record));
    let (login, domain, logon) = match meaning.who {
        Who::Target => (fields.target_user, fields.target_domain, fields.target_logon),
        Who::Subject => (fields.subject_user, fields.subject_domain, fields.subject_logon),
        Who::Account => (fields.account, fields.account_domain, fields.account_logon),
        Who::Nobody => (&[] as &[u8], &[] as &[u8], &[] as &[u8]),
    };
    // A lock-out names the caller's machine where the domain would stand.
    facts.domain = if record.id == b"4740" { Text::default() } else { text(domain) };
    if !text(login).is_empty() {
        line.login(login, record.escape, facts);
    }
    facts.session.once(text(logon));
    facts.session.once(text(fields.session));
    match facts.about {
        Some(About::Configuration) => facts.target = text(fields.target_user),
        Some(_) => {}
        None => whence(line, &record, meaning, facts),
    }
    Some(())
}

/// Whether somebody changed something that is not his own: machines change their passwords and settings all the time, and people
/// their own. That a log was cleared says enough, whoever did it.
fn is_by_a_person(record: &Record<'_>) -> bool {
    let fields = &record.fields;
    let own = fields.target_user.eq_ignore_ascii_case(fields.subject_user);
    matches!(record.id, b"104" | b"1102") || !(own || fields.subject_user.ends_with(b"$"))
}

/// Where the user comes from, what is reached and why it was refused.
fn whence(line: &Line<'_>, record: &Record<'_>, meaning: Meaning, facts: &mut Facts) {
    let fields = &record.fields;
    let text = |value: &[u8]| record.text(line, value);
    let address = |value: &[u8]| ip(value).filter(|address| !address.is_unspecified());
    facts.source_ip = [fields.address, fields.client_address, fields.calling_station].into_iter().find_map(address);
    facts.source_port = number(fields.port).filter(|&port| port != 0 && facts.source_ip.is_some());
    let caller = if record.id == b"4740" { fields.target_domain } else { &[] };
    facts.client = [fields.workstation, fields.client, caller].into_iter().map(text).find(|client| !client.is_empty()).unwrap_or_default();
    facts.target = [fields.resource, fields.target_server].into_iter().map(text).find(|target| !target.is_empty()).unwrap_or_default();
    if meaning.is_radius {
        // The client is the network's own door.
        facts.client = Text::default();
    }
    facts.source_bytes = number(fields.received);
    facts.destination_bytes = number(fields.sent);
    facts.duration = number::<u64>(fields.seconds).and_then(|seconds| seconds.checked_mul(1_000_000_000));
    if facts.kind == Kind::LoginFailure {
        facts.reason = [fields.reason, fields.failure, fields.sub_status, fields.status, fields.reason_code]
            .into_iter()
            // `%%2313` is a message's number in a DLL.
            .filter(|reason| !reason.starts_with(b"%%") && !record::is_zero(reason))
            .map(text)
            .find(|reason| !reason.is_empty())
            .unwrap_or_default();
    }
}

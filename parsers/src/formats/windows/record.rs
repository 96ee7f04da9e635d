//! One event of a Windows log, out of its dress.

use super::meaning::Provider;
use crate::atoms::Once;
use crate::{Escape, Line, Text};

/// What every event has, and the fields of those that matter.
#[derive(Default)]
pub(super) struct Record<'a> {
    pub(super) id: &'a [u8],
    pub(super) provider: Provider,
    pub(super) computer: &'a [u8],
    pub(super) host: &'a [u8],
    pub(super) escape: Escape,
    pub(super) fields: Fields<'a>,
    /// The event in words, where the dress has them.
    pub(super) message: &'a [u8],
    pub(super) named: bool,
    pub(super) system_time: &'a [u8],
    pub(super) event_time: &'a [u8],
    pub(super) written: &'a [u8],
    pub(super) audit: &'a [u8],
}

/// The fields by Microsoft's names.
#[derive(Default)]
pub(super) struct Fields<'a> {
    pub(super) target_user: &'a [u8],
    pub(super) target_domain: &'a [u8],
    pub(super) target_logon: &'a [u8],
    pub(super) target_server: &'a [u8],
    pub(super) subject_user: &'a [u8],
    pub(super) subject_domain: &'a [u8],
    pub(super) subject_logon: &'a [u8],
    pub(super) account: &'a [u8],
    pub(super) account_domain: &'a [u8],
    pub(super) account_logon: &'a [u8],
    pub(super) address: &'a [u8],
    pub(super) client_address: &'a [u8],
    pub(super) calling_station: &'a [u8],
    pub(super) port: &'a [u8],
    pub(super) workstation: &'a [u8],
    pub(super) client: &'a [u8],
    pub(super) status: &'a [u8],
    pub(super) sub_status: &'a [u8],
    pub(super) failure: &'a [u8],
    pub(super) reason: &'a [u8],
    pub(super) reason_code: &'a [u8],
    pub(super) session: &'a [u8],
    pub(super) resource: &'a [u8],
    pub(super) received: &'a [u8],
    pub(super) sent: &'a [u8],
    pub(super) seconds: &'a [u8],
}

impl<'a> Record<'a> {
    /// Takes up a field of any dress by its name.
    pub(super) fn set(&mut self, name: &[u8], value: &'a [u8]) {
        let mut plain = [0u8; 32];
        let mut length = 0;
        for b in name.iter().filter(|b| b.is_ascii_alphanumeric()) {
            let Some(to) = plain.get_mut(length) else { return };
            *to = b.to_ascii_lowercase();
            length += 1;
        }
        let fields = &mut self.fields;
        let field = match plain.get(..length).unwrap_or_default() {
            b"eventid" => &mut self.id,
            b"sourcename" | b"providername" | b"provider" | b"eventsourcename" => {
                if !self.named {
                    (self.provider, self.named) = (Provider::of(value), true);
                }
                return;
            }
            b"computer" | b"computername" => &mut self.computer,
            b"hostname" => &mut self.host,
            b"systemtime" | b"timecreated" => &mut self.system_time,
            b"eventtime" | b"timegenerated" => &mut self.event_time,
            b"timestamp" => &mut self.written,
            b"eventtype" | b"severityvalue" | b"keywords" | b"outcome" => {
                if is_audit(value) {
                    self.audit.once(value);
                }
                return;
            }
            b"message" => &mut self.message,
            b"targetusername" => &mut fields.target_user,
            b"targetdomainname" => &mut fields.target_domain,
            b"targetlogonid" => &mut fields.target_logon,
            b"targetservername" => &mut fields.target_server,
            b"subjectusername" => &mut fields.subject_user,
            b"subjectdomainname" => &mut fields.subject_domain,
            b"subjectlogonid" => &mut fields.subject_logon,
            b"accountname" | b"user" | b"username" | b"param1" => &mut fields.account,
            b"accountdomain" | b"param2" => &mut fields.account_domain,
            b"logonid" => &mut fields.account_logon,
            b"ipaddress" => &mut fields.address,
            b"clientaddress" | b"address" | b"param3" => &mut fields.client_address,
            b"callingstationid" => &mut fields.calling_station,
            b"ipport" => &mut fields.port,
            b"workstationname" | b"workstation" => &mut fields.workstation,
            b"clientname" => &mut fields.client,
            b"status" => &mut fields.status,
            b"substatus" => &mut fields.sub_status,
            b"failurereason" => &mut fields.failure,
            b"reason" => &mut fields.reason,
            b"reasoncode" | b"errorcode" => &mut fields.reason_code,
            b"sessionid" | b"accountsessionidentifier" => &mut fields.session,
            b"resource" => &mut fields.resource,
            b"bytesreceived" => &mut fields.received,
            b"bytestransfered" | b"bytestransferred" => &mut fields.sent,
            b"sessionduration" => &mut fields.seconds,
            _ => return,
        };
        field.once(value);
    }

    /// When, by the names that are most the device's own.
    pub(super) fn times(&self) -> impl Iterator<Item = &'a [u8]> {
        [self.event_time, self.system_time, self.written].into_iter()
    }

    /// Whether the event tells of a refusal, where its number does not: by its status, else by the audit's own word.
    pub(super) fn failed(&self) -> bool {
        if self.fields.status.is_empty() { is_failure(self.audit) } else { !is_zero(self.fields.status) }
    }

    /// The range of a value; empty for what only holds a place.
    pub(super) fn text(&self, line: &Line<'a>, value: &[u8]) -> Text {
        if matches!(value, b"-" | b"N/A" | b"0x0" | b"LOCAL" | b"") {
            Text::default()
        } else {
            Text::within(line.whole, value, self.escape)
        }
    }
}

/// `0`, `0x0`, `0x00000000`
pub(super) fn is_zero(status: &[u8]) -> bool {
    let digits = status.strip_prefix(b"0x").unwrap_or(status);
    !digits.is_empty() && digits.iter().all(|&b| b == b'0')
}

fn is_audit(value: &[u8]) -> bool {
    is_failure(value) || value.eq_ignore_ascii_case(b"AUDIT_SUCCESS") || value.eq_ignore_ascii_case(b"Audit Success")
}

fn is_failure(value: &[u8]) -> bool {
    [b"AUDIT_FAILURE" as &[u8], b"Audit Failure", b"failure", b"0x8010000000000000", b"-9218868437227405312"]
        .into_iter()
        .any(|word| value.eq_ignore_ascii_case(word))
}

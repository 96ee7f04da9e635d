//! The attributes of a message.

use crate::atoms::{cut, trim, until};

/// The attributes that matter, each as it came first; empty where it did not.
#[derive(Default)]
pub(super) struct Attributes<'a> {
    pub(super) user_name: &'a [u8],
    pub(super) radius_user: &'a [u8],
    pub(super) tacacs_user: &'a [u8],
    pub(super) admin: &'a [u8],
    pub(super) admin_address: &'a [u8],
    pub(super) admin_session: &'a [u8],
    pub(super) remote_address: &'a [u8],
    pub(super) calling_station: &'a [u8],
    pub(super) client_endpoint: &'a [u8],
    pub(super) framed_address: &'a [u8],
    pub(super) framed_address_v6: &'a [u8],
    pub(super) audit_session: &'a [u8],
    pub(super) accounting_session: &'a [u8],
    pub(super) session_time: &'a [u8],
    pub(super) input: &'a [u8],
    pub(super) output: &'a [u8],
    pub(super) input_gigawords: &'a [u8],
    pub(super) output_gigawords: &'a [u8],
    pub(super) terminate_cause: &'a [u8],
    pub(super) status: &'a [u8],
    pub(super) failure: &'a [u8],
    /// The sentence in `OperationMessageText`.
    pub(super) said: &'a [u8],
    pub(super) tunnel_group: &'a [u8],
    pub(super) protocol: &'a [u8],
    pub(super) device_address: &'a [u8],
    pub(super) device_name: &'a [u8],
    pub(super) command: &'a [u8],
    pub(super) object_type: &'a [u8],
    pub(super) object_name: &'a [u8],
}

impl<'a> Attributes<'a> {
    /// Reads ` ConfigVersionId=10, Device IP Address=10.1.0.1, UserName=fourn.chimere, cisco-av-pair=audit-session-id=0A…, …`
    pub(super) fn read(text: &'a [u8]) -> Attributes<'a> {
        let mut found = Attributes::default();
        let mut rest = text;
        while !rest.is_empty() {
            let (pair, after) = cut(rest, end(rest));
            rest = after.get(1..).unwrap_or_default();
            let Some((key, value)) = until(trim(pair), b'=') else { continue };
            let Some(field) = found.field(key) else {
                if key == b"cisco-av-pair"
                    && let Some(session) = value.strip_prefix(b"audit-session-id=")
                    && found.audit_session.is_empty()
                {
                    found.audit_session = session;
                }
                continue;
            };
            if field.is_empty() {
                *field = value;
            }
        }
        found
    }

    fn field(&mut self, key: &[u8]) -> Option<&mut &'a [u8]> {
        Some(match key {
            b"UserName" => &mut self.user_name,
            b"User-Name" => &mut self.radius_user,
            b"User" => &mut self.tacacs_user,
            b"AdminName" => &mut self.admin,
            b"AdminIPAddress" => &mut self.admin_address,
            b"AdminSession" => &mut self.admin_session,
            b"Remote-Address" => &mut self.remote_address,
            b"Calling-Station-ID" | b"Calling-Station-Id" | b"Caller-ID" | b"Caller-Id" => &mut self.calling_station,
            b"Tunnel-Client-Endpoint" => &mut self.client_endpoint,
            b"Framed-IP-Address" => &mut self.framed_address,
            b"Framed-IPv6-Address" => &mut self.framed_address_v6,
            b"CPMSessionID" => &mut self.audit_session,
            b"Acct-Session-Id" => &mut self.accounting_session,
            b"Acct-Session-Time" => &mut self.session_time,
            b"Acct-Input-Octets" => &mut self.input,
            b"Acct-Output-Octets" => &mut self.output,
            b"Acct-Input-Gigawords" => &mut self.input_gigawords,
            b"Acct-Output-Gigawords" => &mut self.output_gigawords,
            b"Acct-Terminate-Cause" => &mut self.terminate_cause,
            b"Acct-Status-Type" | b"Acct-Flags" => &mut self.status,
            b"FailureReason" | b"Authen-Failure-Code" => &mut self.failure,
            b"OperationMessageText" => &mut self.said,
            b"CVPN3000/ASA/PIX7x-Tunnel-Group-Name" | b"CVPN3000/ASA/PIX7.x-Tunnel-Group-Name" | b"Group-Name" => &mut self.tunnel_group,
            b"Protocol" => &mut self.protocol,
            b"Device IP Address" => &mut self.device_address,
            b"NetworkDeviceName" => &mut self.device_name,
            b"CmdSet" => &mut self.command,
            b"ObjectType" => &mut self.object_type,
            b"ObjectName" => &mut self.object_name,
            _ => return None,
        })
    }
}

/// Length of an attribute: up to a comma that no backslash escapes.
fn end(text: &[u8]) -> usize {
    let mut escaped = false;
    let comma = text.iter().position(|&b| {
        let ends = b == b',' && !escaped;
        escaped = b == b'\\' && !escaped;
        ends
    });
    comma.unwrap_or(text.len())
}

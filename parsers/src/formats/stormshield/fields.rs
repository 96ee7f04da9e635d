//! The fields of a line that matter, each as it came first.

use crate::atoms::Pair;

/// Empty where the line has none.
#[derive(Default)]
pub(super) struct Fields<'a> {
    pub(super) time: Pair<'a>,
    pub(super) startime: Pair<'a>,
    pub(super) tz: Pair<'a>,
    pub(super) fw: Pair<'a>,
    pub(super) logtype: Pair<'a>,
    pub(super) user: Pair<'a>,
    pub(super) domain: Pair<'a>,
    pub(super) src: Pair<'a>,
    pub(super) srcport: Pair<'a>,
    pub(super) dst: Pair<'a>,
    pub(super) dstport: Pair<'a>,
    pub(super) address: Pair<'a>,
    pub(super) sessionid: Pair<'a>,
    pub(super) error: Pair<'a>,
    pub(super) msg: Pair<'a>,
    pub(super) method: Pair<'a>,
    pub(super) totp: Pair<'a>,
    pub(super) remotenet: Pair<'a>,
    pub(super) port: Pair<'a>,
    pub(super) ruletype: Pair<'a>,
    pub(super) usergroup: Pair<'a>,
    pub(super) phase: Pair<'a>,
    pub(super) cookie_i: Pair<'a>,
    pub(super) action: Pair<'a>,
    pub(super) sent: Pair<'a>,
    pub(super) rcvd: Pair<'a>,
    pub(super) duration: Pair<'a>,
    pub(super) srccountry: Pair<'a>,
    /// One key has two values.
    pub(super) torn: bool,
}

impl<'a> Fields<'a> {
    /// Takes up a pair; of a key that comes again the first value stands.
    pub(super) fn put(&mut self, pair: Pair<'a>) {
        let field = match pair.key {
            b"time" => &mut self.time,
            b"startime" => &mut self.startime,
            b"tz" => &mut self.tz,
            b"fw" => &mut self.fw,
            b"logtype" => &mut self.logtype,
            b"user" => &mut self.user,
            b"domain" => &mut self.domain,
            b"src" => &mut self.src,
            b"srcport" => &mut self.srcport,
            b"dst" => &mut self.dst,
            b"dstport" => &mut self.dstport,
            b"address" => &mut self.address,
            b"sessionid" => &mut self.sessionid,
            b"error" => &mut self.error,
            b"msg" => &mut self.msg,
            b"method" => &mut self.method,
            b"totp" => &mut self.totp,
            b"remotenet" => &mut self.remotenet,
            b"port" => &mut self.port,
            b"ruletype" => &mut self.ruletype,
            b"usergroup" => &mut self.usergroup,
            b"phase" => &mut self.phase,
            b"cookie_i" => &mut self.cookie_i,
            b"action" => &mut self.action,
            b"sent" => &mut self.sent,
            b"rcvd" => &mut self.rcvd,
            b"duration" => &mut self.duration,
            b"srccountry" => &mut self.srccountry,
            _ => return,
        };
        self.torn |= field.torn_by(pair);
    }
}

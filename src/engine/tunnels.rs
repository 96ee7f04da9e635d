//! LAN-to-LAN tunnels: which of their lines means that one came up.

use parsers::Time;
use parsers::time::{HOUR, MINUTE};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

use super::state::Supplied;

/// Tunnels that are remembered of one supplier, or of all strangers together; beyond, the oldest is forgotten.
const TUNNELS: usize = 1024;

/// Keys live a day at most: a tunnel that was not given new ones for longer has come up anew.
const SILENT: i64 = 25 * HOUR;

/// New keys come before the old ones go: an end this soon after new keys is the old keys', and a tunnel that is back this soon after its
/// end has not been down.
const REKEYED_WITHIN: i64 = 5 * MINUTE;

/// A tunnel of a supplier at one gateway.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tunnel {
    /// Index of the gateway's stream.
    pub stream: u32,
    /// Address of the other gateway.
    pub peer: Option<IpAddr>,
    /// The device's id of it.
    pub id: Option<Box<[u8]>>,
    /// When it came up.
    pub opened: Time,
    /// When it was last said to be up.
    pub life: Time,
    /// When it went down, if a line said so.
    pub closed: Option<Time>,
}

impl Supplied {
    /// A line says that a tunnel is up: whether it has come up, and was not merely given new keys.
    pub(super) fn tunnel_up(&mut self, stream: u32, peer: IpAddr, id: Option<&[u8]>, at: Time) -> bool {
        let Some(tunnel) = self.tunnels.iter_mut().find(|tunnel| tunnel.stream == stream && tunnel.peer == Some(peer)) else {
            if self.tunnels.len() >= TUNNELS {
                self.tunnels.remove(0);
            }
            let id = id.map(Into::into);
            self.tunnels.push(Tunnel { stream, peer: Some(peer), id, opened: at, life: at, closed: None });
            return true;
        };
        let another = tunnel.id.is_some() && id.is_some() && tunnel.id.as_deref() != id;
        let down = tunnel.closed.is_some_and(|closed| at.since(closed) > REKEYED_WITHIN);
        let fresh = another || down || at.since(tunnel.life) > SILENT;
        tunnel.life = tunnel.life.max(at);
        tunnel.closed = tunnel.closed.filter(|&closed| closed > at);
        if fresh {
            tunnel.opened = at;
        }
        tunnel.id = id.map(Into::into).or(tunnel.id.take());
        fresh
    }

    /// A line says that a tunnel is down.
    pub(super) fn tunnel_down(&mut self, stream: u32, peer: Option<IpAddr>, at: Time) {
        for tunnel in self.tunnels.iter_mut().filter(|tunnel| tunnel.stream == stream && (peer.is_none() || tunnel.peer == peer)) {
            let of_old_keys = peer.is_some() && tunnel.life > tunnel.opened && at.since(tunnel.life) <= REKEYED_WITHIN;
            if !of_old_keys && tunnel.closed.is_none() && tunnel.opened <= at {
                tunnel.closed = Some(at);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told: minute, `+` up or `-` down, id; and whether a tunnel came up with it.
    fn check(told: &[(i64, &str, bool)]) {
        let mut supplied = Supplied::default();
        let peer = "203.0.113.9".parse().unwrap();
        for &(minute, what, expected) in told {
            let at = Time(minute * MINUTE);
            let (verb, id) = what.split_at(1);
            let id = (!id.is_empty()).then_some(id.as_bytes());
            let came_up = verb == "+" && supplied.tunnel_up(0, peer, id, at);
            if verb == "-" {
                supplied.tunnel_down(0, Some(peer), at);
            }
            assert_eq!(came_up, expected, "{minute} {what} of {told:?}");
        }
        assert!(supplied.tunnel_up(1, peer, None, Time(0)), "another gateway's tunnel is another one");
    }

    #[test]
    fn new_keys_are_no_new_tunnel() {
        check(&[
            (0, "+", true),
            (1, "+", false),
            (480, "+", false),
            (481, "-", false),
            (960, "+", false),
            (960, "-", false),
            (1400, "+", false),
        ]);
    }

    #[test]
    fn a_tunnel_that_was_down_comes_up() {
        check(&[(0, "+", true), (60, "-", false), (64, "+", false), (120, "-", false), (126, "+", true)]);
    }

    #[test]
    fn another_id_is_another_tunnel() {
        check(&[(0, "+1", true), (60, "+1", false), (90, "+2", true), (100, "+", false)]);
    }

    #[test]
    fn a_long_silence_begins_anew() {
        check(&[(0, "+", true), (1500, "+", false), (3001, "+", true)]);
    }
}

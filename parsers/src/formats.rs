//! The formats: each one file, one line in [`FORMATS`], one folder in `fixtures/formats`, the same name for all.

mod barracuda;
mod beyondtrust;
mod cef;
mod checkpoint;
mod cisco_asa;
mod cisco_ios;
mod cisco_ise;
mod cisco_meraki;
mod cisco_vpn3000;
mod citrix_netscaler;
mod cyberark;
mod duo;
mod ecs;
mod entra_id;
mod f5_bigip;
mod filterlog;
mod fortiauthenticator;
mod fortigate;
mod freeradius;
mod gelf;
mod guacamole;
mod ivanti;
mod json;
mod juniper_srx;
mod leef;
mod libreswan;
mod lockself;
mod mikrotik;
mod netfilter;
mod netscreen;
mod ocserv;
mod okta;
mod oneidentity_sps;
mod openvpn;
mod paloalto;
mod pfsense;
mod rubycat;
mod sonicwall;
mod sophos;
mod sshd;
mod stormshield;
mod strongswan;
mod systancia;
mod teleport;
mod unifi;
mod wallix;
mod watchguard;
mod windows;
mod windows_nps;
mod wireguard;
mod zscaler_zpa;

use crate::{Dress, Facts, Line, Stamps};

/// Index into [`FORMATS`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FormatId(pub u8);

/// Servers that check passwords for other devices. That they let somebody in, they tell; where the session goes on and
/// when it ends, they do not, accounting aside.
const AUTHENTICATORS: &[&str] = &["cisco-ise", "duo", "entra-id", "fortiauthenticator", "freeradius", "okta", "windows-nps"];

impl FormatId {
    /// Whether it is the writing of a server that checks passwords for other devices.
    pub fn is_authenticator(self) -> bool {
        FORMATS.get(usize::from(self.0)).is_some_and(|format| AUTHENTICATORS.contains(&format.name))
    }
}

/// One product's way of writing.
pub struct Format {
    /// The name in `format = "…"`, in file and folder names.
    pub name: &'static str,
    /// ECS `observer.vendor`; empty where the line itself names it.
    pub vendor: &'static str,
    /// ECS `observer.product`; empty where the line itself names it.
    pub product: &'static str,
    /// What it covers, for `nightporter list formats`.
    pub covers: &'static str,
    /// The dresses that its bodies may have: it is asked about no others.
    pub dresses: &'static [Dress],
    /// Whether a line is this product's. Looks at a few bytes; pure.
    pub looks_like: fn(&Line<'_>) -> bool,
    /// Reads the line into the facts. `None`: the line turned out unreadable.
    pub parse: for<'a> fn(&Line<'a>, &mut Stamps, &mut Facts) -> Option<()>,
}

/// All formats, in the order they are asked: the more exact signature first, and of equal ones the one that answers sooner.
pub const FORMATS: &[Format] = &[
    // Before all: what was written here once may quote any product's line.
    ecs::FORMAT,
    windows::FORMAT,
    windows_nps::FORMAT,
    entra_id::FORMAT,
    okta::FORMAT,
    duo::FORMAT,
    zscaler_zpa::FORMAT,
    fortigate::FORMAT,
    fortiauthenticator::FORMAT,
    cisco_asa::FORMAT,
    paloalto::FORMAT,
    checkpoint::FORMAT,
    stormshield::FORMAT,
    sonicwall::FORMAT,
    // These have services of others inside, and daemons named like theirs.
    sophos::FORMAT,
    watchguard::FORMAT,
    juniper_srx::FORMAT,
    // Before the services whose lines it audits.
    f5_bigip::FORMAT,
    // Before the services that PAM speaks for: its lines bear their tags.
    sshd::FORMAT,
    // Known by their tags alone, nearly.
    strongswan::FORMAT,
    ocserv::FORMAT,
    filterlog::FORMAT,
    pfsense::FORMAT,
    wireguard::FORMAT,
    mikrotik::FORMAT,
    // After Junos, which writes `%INTERACT-6-UI_…` where IOS writes `%SYS-5-CONFIG_I`.
    cisco_ios::FORMAT,
    libreswan::FORMAT,
    barracuda::FORMAT,
    wallix::FORMAT,
    freeradius::FORMAT,
    citrix_netscaler::FORMAT,
    cisco_ise::FORMAT,
    cisco_meraki::FORMAT,
    cisco_vpn3000::FORMAT,
    ivanti::FORMAT,
    netscreen::FORMAT,
    cyberark::FORMAT,
    beyondtrust::FORMAT,
    oneidentity_sps::FORMAT,
    teleport::FORMAT,
    rubycat::FORMAT,
    lockself::FORMAT,
    systancia::FORMAT,
    guacamole::FORMAT,
    openvpn::FORMAT,
    unifi::FORMAT,
    // After every product that writes CEF or LEEF in a way of its own.
    cef::FORMAT,
    leef::FORMAT,
    // After every product that writes lines of its own: any prefix may stand before a packet.
    netfilter::FORMAT,
    // After every product that writes JSON in a way of its own.
    gelf::FORMAT,
    json::FORMAT,
];

/// The formats that a body of `dress` may be of, in their order.
pub(crate) fn dressed(dress: Dress) -> impl Iterator<Item = (usize, &'static Format)> {
    let mut left = ASKED.get(dress as usize).copied().unwrap_or_default();
    std::iter::from_fn(move || {
        let at = left.trailing_zeros() as usize;
        left &= left.wrapping_sub(1);
        FORMATS.get(at).map(|format| (at, format))
    })
}

/// For each dress, one bit a format that may have it.
const ASKED: [u64; Dress::ALL.len()] = {
    let mut asked = [0; Dress::ALL.len()];
    let mut left: &mut [u64] = &mut asked;
    let mut dress = 0;
    while let [bits, others @ ..] = left {
        let (mut formats, mut bit) = (FORMATS, 1_u64);
        while let [format, other_formats @ ..] = formats {
            let mut dresses = format.dresses;
            while let [known, other_dresses @ ..] = dresses {
                if *known as usize == dress {
                    *bits |= bit;
                }
                dresses = other_dresses;
            }
            // More formats than bits do not compile.
            (formats, bit) = (other_formats, bit * 2);
        }
        (left, dress) = (others, dress + 1);
    }
    asked
};

/// The format of a name.
pub fn by_name(name: &str) -> Option<FormatId> {
    FORMATS.iter().position(|format| format.name == name).and_then(|at| u8::try_from(at).ok()).map(FormatId)
}

/// Whether the line is an event that was written here.
pub(crate) fn is_event(line: &Line<'_>) -> bool {
    ecs::is_event(line)
}

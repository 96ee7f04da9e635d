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

/// All formats, in the order they are asked: the more exact signature first.
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
    citrix_netscaler::FORMAT,
    // Before the services whose lines it audits.
    f5_bigip::FORMAT,
    stormshield::FORMAT,
    cisco_ise::FORMAT,
    cisco_meraki::FORMAT,
    cisco_vpn3000::FORMAT,
    sonicwall::FORMAT,
    ivanti::FORMAT,
    sophos::FORMAT,
    watchguard::FORMAT,
    barracuda::FORMAT,
    juniper_srx::FORMAT,
    // After Junos, which writes `%INTERACT-6-UI_…` where IOS writes `%SYS-5-CONFIG_I`.
    cisco_ios::FORMAT,
    netscreen::FORMAT,
    // Before the services that PAM speaks for: its lines bear their tags.
    sshd::FORMAT,
    openvpn::FORMAT,
    wallix::FORMAT,
    cyberark::FORMAT,
    beyondtrust::FORMAT,
    oneidentity_sps::FORMAT,
    teleport::FORMAT,
    rubycat::FORMAT,
    lockself::FORMAT,
    systancia::FORMAT,
    guacamole::FORMAT,
    strongswan::FORMAT,
    freeradius::FORMAT,
    ocserv::FORMAT,
    filterlog::FORMAT,
    pfsense::FORMAT,
    wireguard::FORMAT,
    libreswan::FORMAT,
    mikrotik::FORMAT,
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
    FORMATS.iter().enumerate().zip(ASKED).filter(move |(_, asked)| asked & dress.bit() != 0).map(|(format, _)| format)
}

/// For each format, the bits of its dresses.
const ASKED: [u8; FORMATS.len()] = {
    let mut asked = [0; FORMATS.len()];
    let (mut formats, mut left): (&[Format], &mut [u8]) = (FORMATS, &mut asked);
    while let ([format, other_formats @ ..], [bits, others @ ..]) = (formats, left) {
        let mut dresses = format.dresses;
        while let [dress, other_dresses @ ..] = dresses {
            *bits |= dress.bit();
            dresses = other_dresses;
        }
        (formats, left) = (other_formats, others);
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

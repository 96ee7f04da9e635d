//! The formats: each one file, one line in [`FORMATS`], one folder in `fixtures/formats`, the same name for all.

mod beyondtrust;
mod cef;
mod cisco_asa;
mod cyberark;
mod duo;
mod ecs;
mod entra_id;
mod fortigate;
mod gelf;
mod guacamole;
mod json;
mod leef;
mod lockself;
mod okta;
mod oneidentity_sps;
mod openvpn;
mod rubycat;
mod sshd;
mod systancia;
mod teleport;
mod wallix;
mod windows;
mod windows_nps;
mod zscaler_zpa;

use crate::{Facts, Line, Stamps};

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
    cisco_asa::FORMAT,
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
    // After every product that writes CEF or LEEF in a way of its own.
    cef::FORMAT,
    leef::FORMAT,
    // After every product that writes JSON in a way of its own.
    gelf::FORMAT,
    json::FORMAT,
];

/// The format of a name.
pub fn by_name(name: &str) -> Option<FormatId> {
    FORMATS.iter().position(|format| format.name == name).and_then(|at| u8::try_from(at).ok()).map(FormatId)
}

/// Whether the line is an event that was written here.
pub(crate) fn is_event(line: &Line<'_>) -> bool {
    ecs::is_event(line)
}

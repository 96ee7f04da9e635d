//! What kind of line an address is, by the name of the network's owner.

/// What an address says of where its user sits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// At home or in an office, as far as is known.
    Fixed,
    /// On the move.
    Mobile,
    /// Behind a data centre: a tunnel, a proxy, a rented machine.
    Hosted,
    /// Behind a satellite's ground station.
    Satellite,
}

/// Words of owners' names, or beginnings of words where they end in `*`.
const WORDS: &[(Line, &[&str])] = &[
    (
        Line::Satellite,
        &[
            "anuvu",
            "eutelsat",
            "gogo",
            "hughes",
            "inmarsat",
            "intelsat",
            "iridium",
            "o3b",
            "oneweb",
            "panasonic",
            "satellite*",
            "ses",
            "skylogic",
            "space exploration",
            "spacex",
            "starlink",
            "viasat",
        ],
    ),
    (Line::Mobile, &["3g", "4g", "5g", "cellco", "cellular*", "gsm", "lte", "mobil*", "movil*", "transatel", "wireless"]),
    (
        Line::Hosted,
        &[
            "akamai",
            "alibaba",
            "amazon*",
            "aws",
            "azure",
            "cdn*",
            "choopa",
            "cloud*",
            "colo*",
            "contabo",
            "data cent*",
            "datacamp",
            "datacent*",
            "dedicated",
            "digitalocean",
            "fastly",
            "forcepoint",
            "gcore",
            "google*",
            "hetzner",
            "host*",
            "iboss",
            "infomaniak",
            "ionos",
            "ipxo",
            "leaseweb",
            "linode",
            "m247",
            "microsoft",
            "mullvad",
            "netskope",
            "nordvpn",
            "online sas",
            "oracle",
            "ovh*",
            "packethub",
            "palo alto",
            "proton*",
            "quadranet",
            "scaleway",
            "server*",
            "tencent",
            "tor",
            "tzulo",
            "vpn*",
            "vps*",
            "vultr",
            "webhost*",
            "zscaler*",
        ],
    ),
];

impl Line {
    /// The kind of line that a network's owner sells.
    pub fn of_owner(owner: &str) -> Line {
        let plain = owner.replace('.', "").replace(|c: char| !c.is_alphanumeric(), " ").to_lowercase();
        let words = format!(" {} ", plain.split_whitespace().collect::<Vec<_>>().join(" "));
        let holds = |pattern: &&str| match pattern.strip_suffix('*') {
            Some(beginning) => words.contains(&format!(" {beginning}")),
            None => words.contains(&format!(" {pattern} ")),
        };
        let kind = WORDS.iter().find(|(_, patterns)| patterns.iter().any(holds));
        kind.map_or(Line::Fixed, |(line, _)| *line)
    }
}

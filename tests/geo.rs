//! Databases that anybody may have damaged: what they say is known, what they say no more is not, and nothing falls over.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a database that cannot be built fails the test")]

mod support;

use std::net::IpAddr;

use nightporter::geo::{Database, Geo, System};
use support::mmdb::{self, Told};

fn told() -> Vec<Told> {
    let words = |text: &str| Some(text.to_owned());
    vec![
        Told {
            network: "203.0.113.0/25".into(),
            country: words("FR"),
            town: words("Lyon"),
            at: Some((45.764, 4.836)),
            radius: Some(20),
            asn: Some(64_501),
            owner: words("Lignes Exemple de la Fiction SARL"),
        },
        Told { network: "192.0.2.0/24".into(), country: words("FR"), at: Some((46.0, 2.0)), ..Told::default() },
        Told { network: "198.51.100.0/24".into(), town: words("Nulle-Part"), at: Some((0.0, 0.0)), ..Told::default() },
        Told { network: "2001:db8:7::/48".into(), country: words("XX"), asn: Some(64_502), ..Told::default() },
    ]
}

fn geo(city: Vec<u8>, asn: Vec<u8>) -> Geo {
    Geo { city: Database::read(city).ok(), asn: Database::read(asn).ok() }
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn what_databases_say_is_known() {
    let geo = geo(mmdb::city(&told()), mmdb::asn(&told()));
    let system = System { number: 64_501, owner: "Lignes Exemple de la Fiction SARL".into() };
    for lyon in ["203.0.113.7", "::ffff:203.0.113.7"] {
        assert_eq!(geo.system(address(lyon)), Some(system.clone()));
        assert_eq!(geo.country(address(lyon)).as_deref(), Some("FR"));
        let spot = geo.spot(address(lyon)).unwrap();
        assert_eq!((spot.name.as_str(), spot.latitude, spot.longitude, spot.radius), ("Lyon, FR", 45.764, 4.836, 20.0));
    }
    assert_eq!(geo.system(address("2001:db8:7::1")).map(|system| system.number), Some(64_502));
    assert_eq!(geo.system(address("203.0.113.200")), None);
    assert_eq!(geo.country(address("192.0.2.1")).as_deref(), Some("FR"));
    assert_eq!(geo.country(address("2001:db8:7::1")), None);
    // The middle of a country, null island, and what nobody speaks of.
    for nowhere in ["192.0.2.1", "198.51.100.1", "203.0.113.200"] {
        assert_eq!(geo.spot(address(nowhere)), None, "{nowhere}");
    }
    assert_eq!(geo.city.unwrap().kind(), "Example-City");
}

#[test]
fn damaged_databases_say_less_and_nothing_falls_over() {
    let whole = [mmdb::city(&told()), mmdb::asn(&told())];
    let ask = |city: Vec<u8>, asn: Vec<u8>| {
        let geo = geo(city, asn);
        for asked in ["203.0.113.7", "192.0.2.1", "198.51.100.1", "2001:db8:7::1", "::"] {
            let asked = address(asked);
            let _ = (geo.system(asked), geo.country(asked), geo.spot(asked), geo.line(asked));
        }
    };
    let longest = whole.iter().map(Vec::len).max().unwrap();
    for at in 0..longest {
        for byte in [0x00, 0x01, 0x20, 0x3f, 0x7f, 0x80, 0xe0, 0xff] {
            let changed = whole.each_ref().map(|bytes| {
                let mut bytes = bytes.clone();
                if let Some(place) = bytes.get_mut(at) {
                    *place = byte;
                }
                bytes
            });
            let [city, asn] = changed;
            ask(city, asn);
        }
        let [city, asn] = whole.each_ref().map(|bytes| bytes.iter().take(at).copied().collect());
        ask(city, asn);
    }
}

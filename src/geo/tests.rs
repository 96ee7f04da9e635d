use super::*;

#[test]
fn countries_are_known_by_code_and_by_name() {
    for (name, code) in [
        ("FR", Some("FR")),
        ("fr", Some("FR")),
        ("France", Some("FR")),
        ("United Kingdom", Some("GB")),
        ("Korea, Republic of", Some("KR")),
        ("Russian Federation", Some("RU")),
        ("Bosnia & Herzegovina", Some("BA")),
        ("Reserved", None),
        ("ZZ", None),
        ("10.0.0.0-10.255.255.255", None),
        ("", None),
    ] {
        assert_eq!(country_code(name).as_deref(), code, "{name}");
    }
}

#[test]
fn a_line_is_what_its_owner_sells() {
    for (owner, line) in [
        ("Orange S.A.", Line::Fixed),
        ("Bredband2 AB", Line::Fixed),
        ("Torsion Hospital Trust", Line::Fixed),
        ("", Line::Fixed),
        ("Free Mobile SAS", Line::Mobile),
        ("T-Mobile USA, Inc.", Line::Mobile),
        ("Cellco Partnership DBA Verizon Wireless", Line::Mobile),
        ("OVH SAS", Line::Hosted),
        ("Online S.A.S.", Line::Hosted),
        ("AMAZON-02", Line::Hosted),
        ("Example Data Centre Ltd", Line::Hosted),
        ("Space Exploration Technologies Corporation", Line::Satellite),
    ] {
        assert_eq!(Line::of_owner(owner), line, "{owner}");
    }
}

#[test]
fn spots_lie_apart_by_what_the_database_may_be_off_less() {
    let spot = |latitude, longitude, radius| Spot { name: String::new(), latitude, longitude, radius };
    let (paris, saint_denis) = (spot(48.857, 2.352, 20.0), spot(-20.879, 55.448, 50.0));
    assert!((paris.apart(&saint_denis) - 9300.0).abs() < 100.0, "{}", paris.apart(&saint_denis));
    assert!(paris.apart(&spot(45.764, 4.836, 500.0)) < 0.1);
    assert!((spot(0.0, 179.9, 0.0).apart(&spot(0.0, -179.9, 0.0)) - 22.2).abs() < 0.1);
}

#[test]
fn without_databases_nothing_is_known() {
    let (geo, address) = (Geo::default(), "192.0.2.1".parse().unwrap());
    assert_eq!((geo.system(address), geo.country(address), geo.spot(address)), (None, None, None));
    assert_eq!(geo.line(address), Line::Fixed);
    assert!(Database::read(b"no database".to_vec()).unwrap_err().contains("expected a database"));
}

use insta::assert_snapshot;
use parsers::time::{DAY, HOUR};

use super::*;
use crate::register::{Access, AccountKind};
use crate::zone::rfc3339;

fn read(text: &str) -> (Register, String) {
    let (register, mistakes) =
        Register::read(&[("register.toml".to_owned(), text.to_owned())], SupplierNames::default(), &Defaults::default());
    (register, mistakes.iter().map(ToString::to_string).collect::<Vec<String>>().join("\n"))
}

#[test]
fn every_key_is_read() {
    let (register, mistakes) = read(
        r#"
[[site]]
id = "sainte-fiction"
name = "CH Sainte-Fiction"
time_zone = "Indian/Reunion"
holidays = "FR-la-reunion"
pools = ["10.99.0.0/24"]
front_ends = ["10.1.1.5"]

[[supplier]]
id = "chimere"
name = "Logiciels Chimère"
kind = "human"
accounts = ["fourn.chimere", "EXT-chimere-*"]
groups = ["GG_VPN_PRESTA_CHIMERE"]
hours = "Mo-Sa 07:00-19:00"
time_zone = "America/Miquelon"
holidays = "FR"
access = "on-demand"
on_call = true
contract_start = 2025-01-01
contract_end = 2026-12-31
networks = ["198.51.100.0/24"]
countries = ["fr"]
asns = [64500]
scope = [{ to = ["10.20.4.0/24"], ports = [443, 3389] }]
peers = ["203.0.113.9"]
max_session = "10h"
max_upload = "2GiB"
dormant_after = "90d"
mfa = true
callback = "+33 2 00 00 00 00"

[[account]]
login = "Fourn.Chimere"
supplier = "chimere"
kind = "named"
holder = "J. Martin"
created = 2026-01-05
expires = 2026-06-30
"#,
    );
    assert_eq!(mistakes, "");
    let [site] = register.sites.as_slice() else { panic!("{:?}", register.sites) };
    assert_eq!((&*site.id, &*site.name, site.holidays), ("sainte-fiction", "CH Sainte-Fiction", Holidays::LaReunion));
    assert_eq!((site.zone.iana_name(), site.pools[0].to_string()), (Some("Indian/Reunion"), "10.99.0.0/24".to_owned()));
    assert_eq!(register.calendars.zone(site.calendar).iana_name(), Some("Indian/Reunion"));
    let [chimere] = register.suppliers.as_slice() else { panic!("{:?}", register.suppliers) };
    assert_eq!((&**chimere.id, &*chimere.name, chimere.kind), ("chimere", "Logiciels Chimère", SupplierKind::Human));
    let patterns = |globs: &[Glob]| globs.iter().map(|glob| glob.pattern().to_owned()).collect::<Vec<String>>();
    assert_eq!(patterns(&chimere.accounts), ["fourn.chimere", "ext-chimere-*"]);
    assert_eq!(patterns(&chimere.groups), ["gg_vpn_presta_chimere"]);
    assert_eq!(register.calendars.hours(chimere.calendar), "Mo-Sa 07:00-19:00");
    assert_eq!(register.calendars.zone(chimere.calendar).iana_name(), Some("America/Miquelon"));
    assert_eq!((chimere.access, chimere.on_call, chimere.mfa), (Access::OnDemand, true, true));
    // Days of the supplier's zone: Miquelon is three hours behind UTC in winter.
    assert_eq!(chimere.contract_start.map(|bound| rfc3339(bound.time)).as_deref(), Some("2025-01-01T03:00:00Z"));
    assert_eq!(chimere.contract_end.map(|bound| rfc3339(bound.time)).as_deref(), Some("2027-01-01T03:00:00Z"));
    assert!(chimere.is_at_home("198.51.100.9".parse().unwrap()) && !chimere.is_at_home("198.51.101.9".parse().unwrap()));
    assert_eq!((&*chimere.countries[0], chimere.asns.as_slice()), ("FR", [64500].as_slice()));
    for (target, port, allowed) in
        [("10.20.4.11", Some(443), true), ("10.20.4.11", None, true), ("10.20.4.11", Some(22), false), ("10.20.5.11", Some(443), false)]
    {
        assert_eq!(chimere.may_reach(target.parse().unwrap(), port), allowed, "{target} {port:?}");
    }
    assert_eq!((chimere.max_session, chimere.max_upload, chimere.dormant_after), (Some(10 * HOUR), Some(2 << 30), Some(90 * DAY)));
    assert_eq!(chimere.callback.as_deref(), Some("+33 2 00 00 00 00"));
    let account = register.account("fourn.chimere").unwrap();
    assert_eq!((account.supplier, account.kind, account.holder.as_deref()), (0, AccountKind::Named, Some("J. Martin")));
    assert_eq!(account.created.map(|bound| bound.date.to_string()).as_deref(), Some("2026-01-05"));
    assert_eq!(account.expires.map(|bound| rfc3339(bound.time)).as_deref(), Some("2026-07-01T02:00:00Z"));
}

#[test]
fn what_is_not_said_comes_from_the_defaults() {
    let (register, mistakes) =
        read("[[supplier]]\nid = \"chimere\"\n[[supplier]]\nid = \"talos\"\nkind = \"automate\"\n[[site]]\nid = \"a\"");
    assert_eq!(mistakes, "");
    let hours: Vec<&str> = register.suppliers.iter().map(|supplier| register.calendars.hours(supplier.calendar)).collect();
    assert_eq!(hours, ["Mo-Fr 08:00-18:00; PH off", "24/7"]);
    assert_eq!(&*register.suppliers[0].name, "chimere");
    assert_eq!(register.sites[0].zone.iana_name(), Some("Europe/Paris"));
    assert_eq!(register.calendars.hours(register.sites[0].calendar), "Mo-Fr 08:00-18:00; PH off");
}

#[test]
fn every_mistake_is_named_with_its_place_and_the_nearest_name() {
    let (register, mistakes) = read(
        r#"
[[site]]
name = "CH Sainte-Fiction"
pools = "10.99.0.0/24"
front_ends = ["10.1.1.500"]

[[supplier]]
id = "chimere"
acounts = ["fourn.chimere"]
time_zone = "Europe/Pari"
hours = "Mo-Fr 08:00-18:00; PH of"
kind = "humain"
on_call = "yes"
contract_start = 2026-06-30
contract_end = 2026-01-05
networks = ["198.51.100.7/24", 12]
countries = ["France"]
scope = [{ to = ["10.20.4.0/24"], port = [443] }, { to = ["10.20.4.0/24"], ports = [0] }]
max_session = "10 heures"
max_upload = "2 gigs"
holidays = "FR-alsace"

[[supplier]]
id = "sphinx"
hours = "Lu-Ve 8h-18h"
accounts = ["ext-sphinx", ""]
peers = ["203.0.113.9"]

[[supplier]]
id = "sphinx"
id_ = 1

[[supplier]]
id = "papyrus"
accounts = ["EXT-sphinx"]
peers = ["203.0.113.9"]
contract_end = "2026-12-31"

[[account]]
login = "ext-sphinx"
supplier = "sfinx"

[[account]]
login = "ext-hermes"
supplier = "sphinx"
expires = 2026-06-30T10:00:00

[[account]]
login = "EXT-Hermes"
supplier = "sphinx"

[[acount]]
"#,
    );
    assert_eq!(register.suppliers.len(), 4);
    assert_snapshot!(mistakes, @r#"
    register.toml:2:1: [[site]] "CH Sainte-Fiction" lacks the key "id"
    register.toml:4:9: pools in [[site]] "CH Sainte-Fiction": expected a list of texts such as ["…"], found "10.99.0.0/24"
    register.toml:5:15: front_ends in [[site]] "CH Sainte-Fiction": expected one address such as "203.0.113.9", found "10.1.1.500"
    register.toml:9:1: unknown key "acounts" in [[supplier]] "chimere"; did you mean "accounts"?
    register.toml:10:13: time_zone in [[supplier]] "chimere": there is no time zone "Europe/Pari"; did you mean "Europe/Paris"?
    register.toml:11:32: hours in [[supplier]] "chimere": expected times such as "08:00-18:00", a day (Mo Tu We Th Fr Sa Su PH), "off", ";" or the end, found "of"
    register.toml:12:8: kind in [[supplier]] "chimere": expected "human" or "automate", found "humain"; did you mean "human"?
    register.toml:13:11: on_call in [[supplier]] "chimere": expected true or false, found "yes"
    register.toml:15:16: contract_end in [[supplier]] "chimere": 2026-01-05 lies before contract_start 2026-06-30
    register.toml:16:13: networks in [[supplier]] "chimere": "198.51.100.7/24" names a host inside a network; did you mean "198.51.100.0/24" or "198.51.100.7"?
    register.toml:16:32: networks in [[supplier]] "chimere": expected a text in quotes, found 12
    register.toml:17:14: countries in [[supplier]] "chimere": expected a country code of two letters such as "FR", found "France"
    register.toml:18:35: unknown key "port" in [[supplier.scope]]; did you mean "ports"?
    register.toml:18:85: ports in [[supplier.scope]]: expected a whole number of 1 to 65535, found 0
    register.toml:19:15: max_session in [[supplier]] "chimere": expected a span of time such as "90d", "10h" or "15m", found "10 heures"
    register.toml:20:14: max_upload in [[supplier]] "chimere": expected an amount of bytes such as "2GiB" or "500MB", found "2 gigs"
    register.toml:21:12: holidays in [[supplier]] "chimere": the public holidays of "FR-alsace" are not known; did you mean "FR-alsace-moselle"?
    register.toml:25:10: hours in [[supplier]] "sphinx": expected hours such as "Mo-Fr 08:00-18:00; PH off", found "Lu-Ve 8h-18h"; did you mean "Mo-Fr 08:00-18:00"?
    register.toml:26:27: accounts in [[supplier]] "sphinx": expected a name or pattern such as "ext-chimere-*", found ""
    register.toml:30:6: the supplier id "sphinx" stands twice
    register.toml:31:1: unknown key "id_" in [[supplier]] "sphinx"
    register.toml:35:13: accounts in [[supplier]] "papyrus": "ext-sphinx" belongs to "sphinx" already
    register.toml:36:10: peers in [[supplier]] "papyrus": "203.0.113.9" belongs to "sphinx" already
    register.toml:37:16: contract_end in [[supplier]] "papyrus": expected a date without quotes such as 2026-12-31, found "2026-12-31"
    register.toml:41:12: supplier in [[account]] "ext-sphinx": no supplier has the id "sfinx"; did you mean "sphinx"?
    register.toml:46:11: expires in [[account]] "ext-hermes": expected a date without quotes such as 2026-12-31, found 2026-06-30T10:00:00
    register.toml:49:9: the account "ext-hermes" stands twice
    register.toml:52:3: unknown key "acount"; did you mean "account"?
    "#);
}

#[test]
fn broken_toml_is_one_mistake_and_the_rest_is_read() {
    let (register, mistakes) =
        read("[[supplier]]\nid = \"chimere\"\ncontract_end = 2026-02-30\n[[supplier]]\nid = \"sphinx\"\nname = Labo\n");
    assert_eq!(register.suppliers.len(), 2);
    assert_snapshot!(mistakes, @r#"
    register.toml:3:16: invalid date, expected day between 01 and 28, found "2026-02-30"
    register.toml:6:8: string values must be quoted, expected literal string, found "Labo"
    "#);
    let (_, mistakes) = read("[[supplier]]\nid = \"chimere\"\nid = \"chimere\"\nname = \"Logi");
    assert_snapshot!(mistakes, @r#"
    register.toml:3:1: duplicate key, found "id"
    register.toml:4:13: invalid basic string, expected `"`
    "#);
    let (_, mistakes) = read("supplier = 3\n[[site]]\nid = \"a\"\n[[site]]\nid = \"a\"");
    assert_snapshot!(mistakes, @r#"
    register.toml:1:12: supplier: expected a list of tables, each under its own header in [[ ]], found 3
    register.toml:5:6: the site id "a" stands twice
    "#);
}

#[test]
fn several_files_are_one_register() {
    let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let files = [
        file("a.toml", "[[account]]\nlogin = \"fourn.chimere\"\nsupplier = \"chimere\"\n"),
        file("b.toml", "[[supplier]]\nid = \"chimere\"\n"),
        file("c.toml", "[[supplier]]\nid = \"chimere\"\n"),
    ];
    let (register, mistakes) = Register::read(&files, SupplierNames::default(), &Defaults::default());
    assert!(register.account("fourn.chimere").is_some());
    let shown: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["c.toml:2:6: the supplier id \"chimere\" stands twice"]);
}

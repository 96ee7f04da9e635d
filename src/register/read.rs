//! Reading a register from the text of its files.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

use parsers::Glob;

use super::owner::Owners;
use super::{Account, Defaults, Name, Register, Scope, Site, Supplier, SupplierKind, SupplierNames, account, supplier};
use crate::calendar::{Calendars, Day, Holidays, Hours, read_zone};
use crate::mistake::{Mistake, Mistakes, Place, Problem, did_you_mean, quoted};
use crate::network::{Network, read_address};
use crate::toml_reader::{Document, Table, Text};

impl Register {
    /// Reads a register from its files (name for messages, text), which count as one. All mistakes of all files
    /// come with what is right.
    pub fn read(files: &[(String, String)], names: SupplierNames, defaults: &Defaults) -> (Register, Vec<Mistake>) {
        let mistakes = Mistakes::default();
        let documents: Vec<Document> = files.iter().map(|(name, text)| Document::read(name, text, &mistakes)).collect();
        let mut reading = Reading::new(names, defaults);
        let mut accounts = Vec::new();
        for document in &documents {
            let mut top = document.table(&mistakes);
            top.tables("site").into_iter().for_each(|table| reading.site(table));
            top.tables("supplier").into_iter().for_each(|table| reading.supplier(table));
            // Accounts name suppliers, which may stand in any file.
            accounts.extend(top.tables("account"));
            top.finish();
        }
        accounts.into_iter().for_each(|table| reading.account(table));
        (reading.finish(), mistakes.into_sorted())
    }
}

struct Reading<'d> {
    defaults: &'d Defaults,
    register: Register,
    /// Hours that were read before: suppliers share a few.
    hours: HashMap<Box<str>, Hours>,
    site_ids: HashSet<Name>,
    supplier_ids: HashSet<Name>,
    logins: HashSet<Name>,
    /// Patterns of logins and groups, and who claimed them first.
    claims: HashMap<(&'static str, String), Name>,
}

impl<'d> Reading<'d> {
    fn new(names: SupplierNames, defaults: &'d Defaults) -> Reading<'d> {
        let mut register = Register::built_in(names, defaults);
        register.declared = true;
        Reading {
            defaults,
            register,
            hours: HashMap::new(),
            site_ids: HashSet::new(),
            supplier_ids: HashSet::new(),
            logins: HashSet::new(),
            claims: HashMap::new(),
        }
    }

    fn finish(mut self) -> Register {
        for supplier in &self.register.suppliers {
            for &peer in &supplier.peers {
                self.register.peers.entry(peer).or_insert_with(|| Arc::clone(supplier));
            }
        }
        self.register.owners = Owners::new(&self.register.suppliers, &self.register.accounts);
        self.register
    }

    fn calendars(&mut self) -> &mut Calendars {
        &mut self.register.calendars
    }

    fn site(&mut self, mut table: Table<'_>) {
        table.need(&["id"]);
        let id = table.text("id");
        let name = table.text("name");
        let zone = table.read("time_zone", read_zone).unwrap_or_else(|| self.defaults.zone.clone());
        let holidays = table.read("holidays", str::parse::<Holidays>).unwrap_or(self.defaults.holidays);
        let pools = values(table.list("pools", str::parse::<Network>));
        let front_ends = values(table.list("front_ends", read_address));
        if let Some(id) = id {
            table.unique("the site id", &id, &mut self.site_ids);
            let hours = self.defaults.hours.clone();
            let calendar = self.calendars().intern(&hours, &zone, holidays);
            let name = name.map_or_else(|| Arc::clone(&id.value), |name| name.value);
            self.register.sites.push(Site { id: id.value, name, zone, holidays, calendar, pools, front_ends });
        }
        table.finish();
    }

    fn supplier(&mut self, mut table: Table<'_>) {
        table.need(&["id"]);
        let id = table.text("id").unwrap_or(Text { value: "".into(), place: table.place() });
        let name = table.text("name").map_or_else(|| Arc::clone(&id.value), |name| name.value);
        let kind = table.word("kind", supplier::KINDS).unwrap_or_default();
        let hours = table.read("hours", |text| self.hours(text)).unwrap_or_else(|| self.usual_hours(kind));
        let zone = table.read("time_zone", read_zone).unwrap_or_else(|| self.defaults.zone.clone());
        let holidays = table.read("holidays", str::parse::<Holidays>).unwrap_or(self.defaults.holidays);
        let supplier = Supplier {
            kind,
            accounts: self.patterns(&mut table, "accounts", &id.value),
            groups: self.patterns(&mut table, "groups", &id.value),
            access: table.word("access", supplier::ACCESSES).unwrap_or_default(),
            on_call: table.boolean("on_call").unwrap_or_default(),
            contract_start: table.date("contract_start").map(|date| Day::new(date, &zone)),
            contract_end: table.date("contract_end").map(|date| Day::new(date, &zone)),
            networks: values(table.list("networks", str::parse::<Network>)),
            countries: values(table.list("countries", read_country)),
            asns: table.integers("asns", 1..=i64::from(u32::MAX)).into_iter().filter_map(|asn| u32::try_from(asn).ok()).collect(),
            scope: table.tables("scope").into_iter().map(scope).collect(),
            peers: self.peers(&mut table, &id.value),
            max_session: table.span("max_session"),
            max_upload: table.size("max_upload"),
            dormant_after: table.span("dormant_after"),
            mfa: table.boolean("mfa").unwrap_or_default(),
            callback: table.text("callback").map(|text| text.value),
            ..Supplier::new(Arc::clone(&id.value), name, self.calendars().intern(&hours, &zone, holidays))
        };
        in_order(&table, ("contract_start", supplier.contract_start), ("contract_end", supplier.contract_end));
        if !id.value.is_empty() {
            table.unique("the supplier id", &id, &mut self.supplier_ids);
            let at = self.register.suppliers.len();
            self.register.by_id.entry(Arc::clone(&supplier.id)).or_insert(at);
            self.register.suppliers.push(Arc::new(supplier));
        }
        table.finish();
    }

    fn account(&mut self, mut table: Table<'_>) {
        table.need(&["login", "supplier"]);
        let login = table.text("login").map(|login| Text { value: login.value.to_lowercase().into(), ..login });
        let named = table.text("supplier");
        let supplier = named.as_ref().and_then(|named| self.register.by_id.get(&named.value).copied());
        if let (Some(named), None) = (&named, supplier) {
            let hint = did_you_mean(&named.value, self.register.supplier_ids());
            table.mistake("supplier", &format!("no supplier has the id {}{hint}", quoted(&named.value)));
        }
        let zone = match supplier.and_then(|at| self.register.suppliers.get(at)) {
            Some(supplier) => self.register.calendars.zone(supplier.calendar).clone(),
            None => self.defaults.zone.clone(),
        };
        let kind = table.word("kind", account::KINDS).unwrap_or_default();
        let holder = table.text("holder").map(|text| text.value);
        let created = table.date("created").map(|date| Day::new(date, &zone));
        let expires = table.date("expires").map(|date| Day::new(date, &zone));
        let dormant_after = table.span("dormant_after");
        in_order(&table, ("created", created), ("expires", expires));
        if let (Some(login), Some(supplier)) = (login, supplier) {
            table.unique("the account", &login, &mut self.logins);
            let account = Account { login: login.value, supplier, kind, holder, created, expires, dormant_after };
            self.register.accounts.push(Arc::new(account));
        }
        table.finish();
    }

    fn hours(&mut self, text: &str) -> Result<Hours, Problem> {
        if let Some(hours) = self.hours.get(text) {
            return Ok(hours.clone());
        }
        let hours = Hours::read(text)?;
        self.hours.insert(text.into(), hours.clone());
        Ok(hours)
    }

    /// Hours of a supplier that names none: machines work round the clock.
    fn usual_hours(&self, kind: SupplierKind) -> Hours {
        match kind {
            SupplierKind::Human => self.defaults.hours.clone(),
            SupplierKind::Automate => Hours::always(),
        }
    }

    /// Patterns of logins or groups, none of which another supplier claims as well.
    fn patterns(&mut self, table: &mut Table<'_>, key: &'static str, owner: &Name) -> Vec<Glob> {
        let found = table.list(key, |text| match text.trim() {
            "" => Err(format!("expected a name or pattern such as \"ext-chimere-*\", found {}", quoted(text))),
            text => Ok(Glob::new(text)),
        });
        for (glob, place) in &found {
            self.claim(table, (key, glob.pattern().to_owned()), owner, *place);
        }
        values(found)
    }

    fn peers(&mut self, table: &mut Table<'_>, owner: &Name) -> Vec<IpAddr> {
        let found = table.list("peers", read_address);
        for (peer, place) in &found {
            self.claim(table, ("peers", peer.to_string()), owner, *place);
        }
        values(found)
    }

    fn claim(&mut self, table: &Table<'_>, what: (&'static str, String), owner: &Name, place: Place) {
        let (key, pattern) = (what.0, what.1.clone());
        match self.claims.get(&what) {
            Some(other) if other == owner => {}
            Some(other) => table.mistake_at(place, key, &format!("{} belongs to \"{other}\" already", quoted(&pattern))),
            None => _ = self.claims.insert(what, Arc::clone(owner)),
        }
    }
}

fn values<T>(found: Vec<(T, Place)>) -> Vec<T> {
    found.into_iter().map(|(value, _)| value).collect()
}

fn scope(mut table: Table<'_>) -> Scope {
    table.need(&["to"]);
    let to = values(table.list("to", str::parse::<Network>));
    let ports = table.integers("ports", 1..=65_535).into_iter().filter_map(|port| u16::try_from(port).ok()).collect();
    table.finish();
    Scope { to, ports }
}

fn read_country(text: &str) -> Result<Name, String> {
    if text.len() == 2 && text.bytes().all(|b| b.is_ascii_alphabetic()) {
        Ok(text.to_ascii_uppercase().into())
    } else {
        Err(format!("expected a country code of two letters such as \"FR\", found {}", quoted(text)))
    }
}

fn in_order(table: &Table<'_>, first: (&str, Option<Day>), last: (&str, Option<Day>)) {
    if let (Some(from), Some(until)) = (first.1, last.1) {
        if until.date < from.date {
            table.mistake(last.0, &format!("{} lies before {} {}", until.date, first.0, from.date));
        }
    }
}

#[cfg(test)]
mod tests {
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
        assert_eq!((&*chimere.id, &*chimere.name, chimere.kind), ("chimere", "Logiciels Chimère", SupplierKind::Human));
        let patterns = |globs: &[Glob]| globs.iter().map(|glob| glob.pattern().to_owned()).collect::<Vec<String>>();
        assert_eq!(patterns(&chimere.accounts), ["fourn.chimere", "ext-chimere-*"]);
        assert_eq!(patterns(&chimere.groups), ["gg_vpn_presta_chimere"]);
        assert_eq!(register.calendars.hours(chimere.calendar), "Mo-Sa 07:00-19:00");
        assert_eq!(register.calendars.zone(chimere.calendar).iana_name(), Some("America/Miquelon"));
        assert_eq!((chimere.access, chimere.on_call, chimere.mfa), (Access::OnDemand, true, true));
        // Days of the supplier's zone: Miquelon is three hours behind UTC in winter.
        assert_eq!(chimere.contract_start.map(|day| rfc3339(day.from)).as_deref(), Some("2025-01-01T03:00:00Z"));
        assert_eq!(chimere.contract_end.map(|day| rfc3339(day.until)).as_deref(), Some("2027-01-01T03:00:00Z"));
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
        assert_eq!(account.created.map(|day| day.date.to_string()).as_deref(), Some("2026-01-05"));
        assert_eq!(account.expires.map(|day| rfc3339(day.until)).as_deref(), Some("2026-07-01T02:00:00Z"));
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
}

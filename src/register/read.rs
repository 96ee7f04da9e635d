//! Reading a register from the text of its files.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

use parsers::Glob;

use super::owner::Owners;
use super::{Account, Defaults, Name, Register, Scope, Site, Supplier, SupplierKind, SupplierNames, account, supplier};
use crate::calendar::{Bound, Calendars, Holidays, Hours, read_zone};
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
            for table in top.tables("site") {
                reading.site(table);
            }
            for table in top.tables("supplier") {
                reading.supplier(table);
            }
            // Accounts name suppliers, which may stand in any file.
            accounts.extend(top.tables("account"));
            top.finish();
        }
        for table in accounts {
            reading.account(table);
        }
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
        for (at, supplier) in self.register.suppliers.iter().enumerate() {
            for &peer in &supplier.peers {
                self.register.peers.entry(peer).or_insert(at);
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
            let nobody = Arc::new(Supplier::nobody(calendar));
            self.register.sites.push(Site { id: id.value, name, zone, holidays, calendar, nobody, pools, front_ends });
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
            contract_start: table.date("contract_start").map(|date| Bound::start(date, &zone)),
            contract_end: table.date("contract_end").map(|date| Bound::end(date, &zone)),
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
        let created = table.date("created").map(|date| Bound::start(date, &zone));
        let expires = table.date("expires").map(|date| Bound::end(date, &zone));
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
    let to = table.list("to", str::parse::<Network>).into_iter().map(|(network, _)| network).collect();
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

fn in_order(table: &Table<'_>, first: (&str, Option<Bound>), last: (&str, Option<Bound>)) {
    if let (Some(from), Some(until)) = (first.1, last.1)
        && until.date < from.date
    {
        table.mistake(last.0, &format!("{} lies before {} {}", until.date, first.0, from.date));
    }
}

#[cfg(test)]
mod tests;

//! `nightporter.toml`: what to read, where to write, and what holds by default.
//!
//! Text in, values and mistakes out; files are read by the verbs. Nothing has to be written: [`Config::default`]
//! is what holds without a configuration.

mod format;
mod geo;
mod sink;
mod source;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parsers::Formats;

pub use format::Sample;
pub use geo::{GeoFile, GeoFiles};
pub use sink::{Form, Sink, SinkKind};
pub use source::{Source, SourceKind};

use crate::mistake::{Mistake, Mistakes, did_you_mean, quoted};
use crate::register::{Defaults, Register, SupplierNames};
use crate::toml_reader::{Document, Section, Table, Text};

/// A configuration.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The register: a file, or a folder of `*.toml`.
    pub register: Option<PathBuf>,
    /// The daybook.
    pub daybook: Option<PathBuf>,
    /// Folder of the state; nothing is kept without one.
    pub state: Option<PathBuf>,
    /// What holds for lines, suppliers and sites that say nothing else.
    pub defaults: Defaults,
    /// What is read.
    pub sources: Vec<Source>,
    /// Databases that tell where addresses lie and whose they are.
    pub geo: GeoFiles,
    /// Where alerts go; standard output where there is none.
    pub sinks: Vec<Sink>,
    /// The tables `[rules.<id>]`, for the rules to read; every id is known.
    pub rules: Vec<(Text, Section)>,
    /// How accounts look that are a supplier's by their name alone.
    pub supplier_names: SupplierNames,
    /// The formats that are known: the built-in ones, and those of `[[format]]`.
    pub formats: Formats,
    /// The sample lines of `[[format]]`.
    pub samples: Vec<Sample>,
    /// What is no mistake, and ought to be known whenever the configuration is used: above all what is not built yet.
    pub notes: Vec<Mistake>,
}

impl Config {
    /// Reads the text of a configuration. `file` is its path: paths in it count from its folder. `rules` are the
    /// ids of all rules.
    pub fn read(file: &str, text: &str, rules: &[&str]) -> (Config, Vec<Mistake>) {
        let (mistakes, notes) = (Mistakes::default(), Mistakes::default());
        let document = Document::read(file, text, &mistakes);
        let folder = Path::new(file).parent().unwrap_or(Path::new(""));
        let mut top = document.table(&mistakes);
        let mut path = |key| top.text(key).map(|text| folder.join(&*text.value));
        let (register, daybook, state) = (path("register"), path("daybook"), path("state"));
        let defaults = top.table("defaults").map(Defaults::read).unwrap_or_default();
        let own = format::read(top.tables("format"), &notes);
        let mut names = HashSet::new();
        let mut sources = Vec::new();
        for table in top.tables("source") {
            sources.extend(source::read(table, folder, &defaults, &own, &mut names, &notes));
        }
        let geo = top.table("geo").map(|table| geo::read(table, folder)).unwrap_or_default();
        let sinks = top.tables("sink").into_iter().filter_map(|table| sink::read(table, folder, &notes)).collect();
        let sections = known_rules(&top.sections("rules"), document.file(), rules, &mistakes);
        let supplier_names = supplier_names(&sections, &mistakes);
        top.finish();
        let format::Read { formats, samples, .. } = own;
        let notes = notes.into_sorted();
        let config =
            Config { register, daybook, state, defaults, sources, geo, sinks, rules: sections, supplier_names, formats, samples, notes };
        (config, mistakes.into_sorted())
    }

    /// The sources whose site the register does not know.
    pub fn unknown_sites(&self, file: &str, register: &Register) -> Vec<Mistake> {
        let file: Arc<str> = file.into();
        let sites = self.sources.iter().filter_map(|source| source.site.as_ref());
        let unknown = sites.filter(|site| register.site(&site.value).is_none());
        let mistake = |site: &Text| {
            let hint = did_you_mean(&site.value, register.site_ids());
            let message = format!("site: the register has no site {}{hint}", quoted(&site.value));
            Mistake { file: Arc::clone(&file), place: site.place, message }
        };
        unknown.map(mistake).collect()
    }
}

fn known_rules(sections: &[(Text, Section)], file: &Arc<str>, rules: &[&str], mistakes: &Mistakes) -> Vec<(Text, Section)> {
    let is_known = |name: &Text| {
        let known = rules.contains(&&*name.value);
        if !known {
            let hint = did_you_mean(&name.value, rules.iter().copied());
            mistakes.push(file, name.place, format!("there is no rule {}{hint}", quoted(&name.value)));
        }
        known
    };
    sections.iter().filter(|(name, _)| is_known(name)).cloned().collect()
}

/// The setting `supplier_names` of the rule `unregistered-account`, which attribution needs before any rule speaks.
fn supplier_names(sections: &[(Text, Section)], mistakes: &Mistakes) -> SupplierNames {
    let section = sections.iter().find(|(name, _)| &*name.value == "unregistered-account");
    section.map(|(_, section)| SupplierNames::read(&mut section.table(mistakes))).unwrap_or_default()
}

/// Says that something is written well and not built yet.
fn not_yet(table: &Table<'_>, what: &str, list: &Mistakes) {
    list.push(table.file(), table.place(), format!("{what}: read and checked, but not built yet; this part is left out"));
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    const RULES: &[&str] = &["off-hours", "dormant-account", "unregistered-account"];

    fn shown(mistakes: &[Mistake]) -> String {
        mistakes.iter().map(ToString::to_string).collect::<Vec<String>>().join("\n")
    }

    #[test]
    fn a_whole_configuration_is_read() {
        let text = r#"
register = "register.toml"
daybook = "/srv/daybook.jsonl"
state = "state"
[defaults]
time_zone = "Indian/Reunion"
holidays = "FR-la-reunion"
hours = "Mo-Sa 07:00-19:00"
[[source]]
name = "fw-a"
kind = "file"
path = "lines/*.log"
format = "auto"
time_zone = "UTC"
year = 2026
site = "sainte-fiction"
[[source]]
name = "pipe"
kind = "stdin"
[[sink]]
kind = "file"
path = "alerts.jsonl"
format = "ecs"
min_severity = "medium"
[rules.dormant-account]
after = "30d"
[rules.unregistered-account]
supplier_names = { prefixes = ["zz-"] }
"#;
        let (config, mistakes) = Config::read("/etc/np/nightporter.toml", text, RULES);
        assert_eq!(shown(&mistakes), "");
        assert_eq!(shown(&config.notes), "");
        assert_eq!(config.register, Some("/etc/np/register.toml".into()));
        assert_eq!(config.daybook, Some("/srv/daybook.jsonl".into()));
        assert_eq!(config.defaults.hours.text().as_ref(), "Mo-Sa 07:00-19:00");
        assert_eq!(config.defaults.holidays, crate::calendar::Holidays::LaReunion);
        let [file, pipe] = config.sources.as_slice() else { panic!("{:?}", config.sources) };
        assert_eq!((&*file.name, &file.kind, file.year), ("fw-a", &SourceKind::File("/etc/np/lines/*.log".into()), Some(2026)));
        assert_eq!(file.site.as_ref().map(|site| &*site.value), Some("sainte-fiction"));
        assert_eq!((&pipe.kind, pipe.zone.iana_name()), (&SourceKind::Stdin, Some("Indian/Reunion")));
        let [sink] = config.sinks.as_slice() else { panic!("{:?}", config.sinks) };
        assert_eq!(sink.min_severity.word(), "medium");
        assert_eq!(config.rules.len(), 2);
        assert!(config.supplier_names.matches("zz-a", None, None) && !config.supplier_names.matches("ext-a", None, None));
        let mistakes = Mistakes::default();
        let mut table = config.rules[0].1.table(&mistakes);
        assert_eq!(table.span("after"), Some(30 * parsers::time::DAY));
        table.finish();
        assert_eq!(shown(&mistakes.into_sorted()), "");
    }

    #[test]
    fn without_a_configuration_the_defaults_hold() {
        let (config, mistakes) = Config::read("nightporter.toml", "", RULES);
        assert_eq!(shown(&mistakes), "");
        for defaults in [config.defaults, Config::default().defaults] {
            assert_eq!(defaults.zone.iana_name(), Some("Europe/Paris"));
            assert_eq!(defaults.holidays.to_string(), "FR");
            assert_eq!(&**defaults.hours.text(), "Mo-Fr 08:00-18:00; PH off");
        }
    }

    #[test]
    fn every_mistake_is_named_with_its_place() {
        let text = r#"
regster = "register.toml"
daybook = 7
[defaults]
time_zone = "Europe/Pari"
holidays = "DE"
hours = "Lu-Ve 8h-18h"
[[source]]
name = "fw"
kind = "fille"
[[source]]
name = "fw"
kind = "file"
frmat = "auto"
year = 26
[[source]]
name = "gate"
kind = "stdin"
format = "no-such-product"
[[sink]]
kind = "file"
min_severity = "hihg"
[rules.dormant-acount]
after = "90d"
[rules]
off-hours = 3
[source_]
"#;
        let (_, mistakes) = Config::read("nightporter.toml", text, RULES);
        assert_snapshot!(shown(&mistakes), @r#"
        nightporter.toml:2:1: unknown key "regster"; did you mean "register"?
        nightporter.toml:3:11: daybook: expected a text in quotes, found 7
        nightporter.toml:5:13: time_zone in [defaults]: there is no time zone "Europe/Pari"; did you mean "Europe/Paris"?
        nightporter.toml:6:12: holidays in [defaults]: the public holidays of "DE" are not known; known are "none", "FR", "FR-metropole", "FR-alsace-moselle", "FR-guadeloupe", "FR-guyane", "FR-la-reunion", "FR-martinique", "FR-mayotte", "FR-nouvelle-caledonie", "FR-polynesie-francaise", "FR-saint-barthelemy", "FR-saint-martin", "FR-saint-pierre-et-miquelon" or "FR-wallis-et-futuna"
        nightporter.toml:7:10: hours in [defaults]: expected hours such as "Mo-Fr 08:00-18:00; PH off", found "Lu-Ve 8h-18h"; did you mean "Mo-Fr 08:00-18:00"?
        nightporter.toml:10:8: kind in [[source]] "fw": expected "file", "stdin" or "syslog", found "fille"; did you mean "file"?
        nightporter.toml:11:1: [[source]] "fw" lacks the key "path"
        nightporter.toml:12:8: the source name "fw" stands twice
        nightporter.toml:14:1: unknown key "frmat" in [[source]] "fw"; did you mean "format"?
        nightporter.toml:15:8: year in [[source]] "fw": expected a whole number of 2000 to 2199, found 26
        nightporter.toml:19:10: format in [[source]] "gate": there is no format "no-such-product" (`nightporter list formats` shows all)
        nightporter.toml:20:1: [[sink]] lacks the key "path"
        nightporter.toml:22:16: min_severity in [[sink]]: expected "info", "low", "medium", "high" or "critical", found "hihg"; did you mean "high"?
        nightporter.toml:23:8: there is no rule "dormant-acount"; did you mean "dormant-account"?
        nightporter.toml:26:13: off-hours in [rules]: expected a table, found 3
        nightporter.toml:27:2: unknown key "source_"; did you mean "source"?
        "#);
    }

    #[test]
    fn what_is_not_built_yet_is_said_and_is_no_mistake() {
        let text = r#"
[[source]]
name = "collector"
kind = "syslog"
listen = "tls://0.0.0.0:6514"
tls = { cert = "server.pem", key = "server.key", client_ca = "senders.pem" }
max_frame = "64KiB"
max_connections = 1024
[[source]]
name = "gate"
kind = "file"
path = "gate.log"
format = "our-gate"
[[format]]
name = "our-gate"
regex = '^(?<time>\S+) gate: (?<user>\S+) from (?<src>\S+) (?<result>IN|REFUSED)$'
event = { IN = "login_success", REFUSED = "login_failure" }
samples = ["2026-11-20T22:41:07+01:00 gate: ext-chimere from 198.51.100.23 IN"]
[geo]
city = "/usr/share/GeoIP/GeoLite2-City.mmdb"
[[sink]]
kind = "http"
format = "ocsf"
"#;
        let (config, mistakes) = Config::read("nightporter.toml", text, RULES);
        assert_eq!(shown(&mistakes), "");
        assert_snapshot!(shown(&config.notes), @r#"
        nightporter.toml:2:1: kind = "syslog": read and checked, but not built yet; this part is left out
        nightporter.toml:21:1: a format other than "ecs": read and checked, but not built yet; this part is left out
        nightporter.toml:21:1: kind = "http": read and checked, but not built yet; this part is left out
        "#);
    }

    #[test]
    fn a_site_that_the_register_does_not_know_is_named() {
        let text = "[[source]]\nname = \"fw\"\nkind = \"stdin\"\nsite = \"sainte-ficton\"\n";
        let (config, _) = Config::read("nightporter.toml", text, RULES);
        let site = ("register.toml".to_owned(), "[[site]]\nid = \"sainte-fiction\"\n".to_owned());
        let (register, _) = Register::read(&[site], SupplierNames::default(), &config.defaults);
        assert_snapshot!(shown(&config.unknown_sites("nightporter.toml", &register)), @r#"nightporter.toml:4:8: site: the register has no site "sainte-ficton"; did you mean "sainte-fiction"?"#);
    }
}

//! Accounts that are a supplier's by their looks: name, domain or group.

use parsers::Glob;

use crate::mistake::quoted;
use crate::toml_reader::Table;

/// Patterns that show a supplier, all in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SupplierNames {
    /// Beginnings of logins, separator included.
    prefixes: Vec<String>,
    /// Ends of logins, separator included.
    suffixes: Vec<String>,
    /// Domains of logins, or their first label.
    domains: Vec<String>,
    /// VPN groups, realms or roles.
    groups: Vec<Glob>,
}

const PREFIXES: &[&str] = &[
    "ext-", "ext_", "ext.", "prest-", "prest_", "presta-", "tma-", "tma_", "fourn.", "fourn_", "frn_", "frn-", "maint-", "maint_",
    "vpn-frn-",
];
const SUFFIXES: &[&str] = &[".ext", "-ext", ".prest", "-prest"];
const DOMAINS: &[&str] = &["prestataires", "ext"];
const GROUPS: &[&str] = &["gg_vpn_presta*", "grp_fournisseurs*", "*fournisseur*", "*prestataire*", "*supplier*", "*vendor*"];

impl Default for SupplierNames {
    fn default() -> SupplierNames {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        SupplierNames {
            prefixes: owned(PREFIXES),
            suffixes: owned(SUFFIXES),
            domains: owned(DOMAINS),
            groups: GROUPS.iter().map(|group| Glob::new(group)).collect(),
        }
    }
}

impl SupplierNames {
    /// Reads the setting `supplier_names = { prefixes, suffixes, domains, groups }`: each list replaces the built-in one.
    pub fn read(table: &mut Table<'_>) -> SupplierNames {
        let mut names = SupplierNames::default();
        let Some(mut table) = table.table("supplier_names") else { return names };
        let mut replace = |key, list: &mut Vec<String>, read: fn(&str) -> Result<String, String>| {
            if table.has(key) {
                *list = table.list(key, read).into_iter().map(|(name, _)| name).collect();
            }
        };
        replace("prefixes", &mut names.prefixes, |text| {
            let ends_well = text.ends_with(is_separator) && text.len() > 1;
            ends_well
                .then(|| text.to_lowercase())
                .ok_or_else(|| format!("expected a prefix with its separator such as \"ext-\", found {}", quoted(text)))
        });
        replace("suffixes", &mut names.suffixes, |text| {
            let begins_well = text.starts_with(is_separator) && text.len() > 1;
            begins_well
                .then(|| text.to_lowercase())
                .ok_or_else(|| format!("expected a suffix with its separator such as \".ext\", found {}", quoted(text)))
        });
        replace("domains", &mut names.domains, |text| {
            let domain = text.trim_start_matches('@').to_lowercase();
            if domain.is_empty() { Err(format!("expected a domain such as \"@ext\", found {}", quoted(text))) } else { Ok(domain) }
        });
        if table.has("groups") {
            names.groups = table.list("groups", |text| Ok::<_, String>(Glob::new(text))).into_iter().map(|(glob, _)| glob).collect();
        }
        table.finish();
        names
    }

    /// Whether a login (lower case, without its domain), its domain or its group shows a supplier.
    pub fn matches(&self, login: &str, domain: Option<&str>, group: Option<&str>) -> bool {
        let behind = |prefix: &String| login.strip_prefix(prefix.as_str()).is_some_and(|rest| !rest.is_empty());
        let before = |suffix: &String| login.strip_suffix(suffix.as_str()).is_some_and(|rest| !rest.is_empty());
        let of_domain = |domain: &str| {
            let domain = domain.to_lowercase();
            let label = domain.split('.').next().unwrap_or_default();
            self.domains.iter().any(|name| *name == domain || name == label)
        };
        let of_group = |group: &str| {
            let group = group.to_lowercase();
            // A realm for suppliers and staff alike shows nobody, unless it is named as it is.
            let all = || parts(&group).all(|part| self.groups.iter().any(|glob| glob.matches(part.trim())));
            self.groups.iter().any(|glob| glob.pattern() == group) || all()
        };
        self.prefixes.iter().any(behind) || self.suffixes.iter().any(before) || domain.is_some_and(of_domain) || group.is_some_and(of_group)
    }
}

/// Whom a group is for: `fournisseurs et personnel` is for two.
fn parts(group: &str) -> impl Iterator<Item = &str> {
    let words = [" et ", " and ", " und "];
    let mut rest = Some(group);
    std::iter::from_fn(move || {
        let whole = rest.take()?;
        let cut = words.iter().filter_map(|word| whole.find(word).map(|at| (at, word.len()))).min();
        let cut = cut.into_iter().chain(whole.find(['&', '+']).map(|at| (at, 1))).min();
        let Some((at, length)) = cut else { return Some(whole) };
        rest = whole.get(at + length..);
        whole.get(..at)
    })
}

fn is_separator(c: char) -> bool {
    !c.is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::mistake::Mistakes;
    use crate::toml_reader::Document;

    #[test]
    fn suppliers_are_told_from_staff_by_name_domain_and_group() {
        let names = SupplierNames::default();
        for (login, domain, group, expected) in [
            ("ext-chimere", None, None, true),
            ("vpn-frn-sphinx", None, None, true),
            ("fourn.chimere", None, None, true),
            ("hermes.ext", None, None, true),
            ("hermes-prest", None, None, true),
            ("extremet", None, None, false),
            ("prestat", None, None, false),
            ("dupont.extra", None, None, false),
            ("next", None, None, false),
            ("ext-", None, None, false),
            (".ext", None, None, false),
            ("martin", Some("PRESTATAIRES"), None, true),
            ("martin", Some("prestataires.ght.example"), None, true),
            ("martin", Some("ext"), None, true),
            ("martin", Some("external.example"), None, false),
            ("martin", None, Some("GG_VPN_PRESTA_CHIMERE"), true),
            ("martin", None, Some("Realm-Fournisseurs"), true),
            ("martin", None, Some("GG_VPN_MEDECINS"), false),
            ("martin", None, Some("Fournisseurs et personnel"), false),
            ("martin", None, Some("Fournisseurs & prestataires"), true),
            ("", None, None, false),
        ] {
            assert_eq!(names.matches(login, domain, group), expected, "{login} {domain:?} {group:?}");
        }
    }

    #[test]
    fn the_setting_replaces_list_by_list() {
        let text = "supplier_names = { prefixes = [\"X_\", \"ext\"], domains = [\"@Partner\"], sufixes = [] }";
        let mistakes = Mistakes::default();
        let document = Document::read("nightporter.toml", text, &mistakes);
        let mut table = document.table(&mistakes);
        let names = SupplierNames::read(&mut table);
        table.finish();
        assert!(names.matches("x_sphinx", None, None) && names.matches("a", Some("partner"), None) && names.matches("a.ext", None, None));
        assert!(!names.matches("ext-sphinx", None, None));
        let shown: Vec<String> = mistakes.into_sorted().iter().map(ToString::to_string).collect();
        assert_snapshot!(shown.join("\n"), @r#"
        nightporter.toml:1:38: prefixes in [supplier_names]: expected a prefix with its separator such as "ext-", found "ext"
        nightporter.toml:1:70: unknown key "sufixes" in [supplier_names]; did you mean "suffixes"?
        "#);
    }
}

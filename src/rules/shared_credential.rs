//! `shared-credential`.

mod address;
mod hands;

use parsers::time::{HOUR, MINUTE};

use super::{Case, Findings, Happening, Remembered, Rule, span_words};
use crate::alert::RuleName;
use crate::told::{Amount, Nearest, Remedy, Told};
use crate::toml_reader::Table;

pub use address::OfAddress;
pub use hands::OfAccount;

#[doc = include_str!("shared_credential.md")]
#[derive(Clone, Debug)]
pub struct SharedCredential {
    /// Two sessions of two origins are two hands when they run beside each other for this long, in nanoseconds.
    pub concurrent_for: i64,
    /// A session that comes within this of the last one's sign of life is that one moving.
    pub moves_within: i64,
    /// Switches between two origins that make an alternation.
    pub switches: u8,
    /// Within which they have to lie.
    pub switches_within: i64,
    /// Sites on which one address tries one name.
    pub sites: u8,
    /// Within which they have to lie.
    pub sites_within: i64,
    /// Within which one address serves two suppliers.
    pub pooled_within: i64,
}

impl Default for SharedCredential {
    fn default() -> Self {
        SharedCredential {
            concurrent_for: 5 * MINUTE,
            moves_within: 5 * MINUTE,
            switches: 3,
            switches_within: 6 * HOUR,
            sites: 3,
            sites_within: 10 * MINUTE,
            pooled_within: HOUR,
        }
    }
}

impl Rule for SharedCredential {
    const NAME: RuleName = RuleName {
        id: "shared-credential",
        name: "One supplier credential in two hands",
        category: &["authentication", "session"],
        techniques: &[("T1078", "Valid Accounts")],
    };
    const MANUAL: &'static str = include_str!("shared_credential.md");
    type Account = OfAccount;
    type Supplier = ();
    type Address = OfAddress;
    type Stream = ();

    fn heeds(happening: Happening) -> bool {
        !matches!(happening, Happening::StillOpen { .. } | Happening::Counted | Happening::Ended)
    }

    fn observe(&self, case: &Case<'_>, memory: Remembered<'_, Self>, out: &mut Findings) {
        if let Happening::Due { .. } = case.happening {
            self.concurrent(case, memory.account, out);
            return;
        }
        if let (Some(session), Some(_)) = (case.session, case.login)
            && !matches!(case.happening, Happening::StillOpen { .. } | Happening::Refused { .. } | Happening::Counted | Happening::Ended)
        {
            self.sign_of_life(case, session, memory.account, out);
        }
        let comes_in = matches!(case.happening, Happening::Success { .. } | Happening::Announced { placed: true });
        if comes_in {
            self.join(case, memory.account, out);
        }
        let Some(address) = memory.address else { return };
        if comes_in || matches!(case.happening, Happening::Refused { .. }) {
            self.cross_site(case, memory.account.is_empty(), address, out);
        }
        if comes_in {
            self.pooled_source(case, address, out);
        }
    }

    fn read(table: &mut Table<'_>) -> Self {
        let default = SharedCredential::default();
        let mut count = |key, default: u8| table.integer(key, 2..=100).and_then(|n| u8::try_from(n).ok()).unwrap_or(default);
        let (switches, sites) = (count("switches", default.switches), count("sites", default.sites));
        SharedCredential {
            concurrent_for: table.span("concurrent_for").unwrap_or(default.concurrent_for),
            moves_within: table.span("moves_within").unwrap_or(default.moves_within),
            switches,
            switches_within: table.span("switches_within").unwrap_or(default.switches_within),
            sites,
            sites_within: table.span("sites_within").unwrap_or(default.sites_within),
            pooled_within: table.span("pooled_within").unwrap_or(default.pooled_within),
        }
    }

    fn settings(&self) -> Vec<(&'static str, String, &'static str)> {
        vec![
            ("concurrent_for", span_words(self.concurrent_for), "two sessions beside each other for longer are two hands"),
            ("moves_within", span_words(self.moves_within), "a session this soon after the last sign of life is the old one moving"),
            ("switches", self.switches.to_string(), "switches between two origins that make an alternation"),
            ("switches_within", span_words(self.switches_within), "within which they have to lie"),
            ("sites", self.sites.to_string(), "sites on which one address tries one name"),
            ("sites_within", span_words(self.sites_within), "within which they have to lie"),
            ("pooled_within", span_words(self.pooled_within), "within which one address serves two suppliers"),
        ]
    }

    fn nearest(&self, told: &Told<'_>) -> Vec<Nearest> {
        let sites = || {
            let reached = told.listed("sites")?;
            Some(Nearest::fewer("sites", reached, "tried from one address").by(Remedy::Setting("sites", Amount::Count(reached.saturating_add(1)))))
        };
        let found = match told.reason {
            "concurrent-sessions" => told.moment("second_opened").zip(told.span("concurrent_for")).map(|(joined, most)| {
                let means = format!("less than {} after the second one began", span_words(most));
                Nearest::new("one ended before", told.at(joined.plus(most)), means)
            }),
            "cross-site" => sites(),
            "pooled-source" => told.moment("other_at").zip(told.span("pooled_within")).map(|(other, within)| {
                let means = format!("more than {} after the other supplier's login", span_words(within));
                Nearest::new("a login after", told.at(other.plus(within)), means)
            }),
            _ => None,
        };
        found.map_or_else(|| told.one_less(&self.settings()), |found| vec![found])
    }
}

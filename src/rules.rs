//! The rules: each one file, one line in the table below, one folder in `fixtures/rules`, the same name for all.
//!
//! A rule sees a [`Case`]: something that happened to a supplier, already attributed to account and
//! session. It remembers what it needs in memories of its own that no other rule sees, kept per
//! account, supplier and source address, and answers with [`Finding`]s. It reads no clock and knows no
//! other rule.
//!
//! Few rules speak of more than suppliers. What happened to nobody's account, tunnel or gateway is a case too, shown to
//! [`Rule::stranger`]; every line of a stream, a [`Sign`], to [`Rule::stream`].

use std::net::IpAddr;
use std::sync::Arc;

use jiff::tz::TimeZone;
use parsers::Time;
use parsers::time::{DAY, HOUR, MINUTE, SECOND};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};

use crate::alert::{Because, Evidence, RuleName, Severity};
use crate::mistake::Mistakes;
use crate::scene::Scene;
use crate::told::{Nearest, Told};
use crate::toml_reader::{Section, Table, Text};
use crate::zone::zoned;

pub use crate::case::{Case, Happening, Sign, SignKind};

/// An alert says what is usual of a supplier if it is known of as many sessions.
pub const KNOWN: u64 = 20;

/// What a rule found.
#[derive(Clone, Debug)]
pub struct Finding {
    /// One of the rule's reasons.
    pub reason: &'static str,
    /// For the rule alone; the story may raise it.
    pub severity: Severity,
    /// What the alert is about: account, address, device, line.
    pub scene: Scene,
    /// Earlier lines that it rests on, oldest first.
    pub earlier: Vec<Evidence>,
    /// One sentence, without the supplier's name in front.
    pub message: String,
    /// Facts and thresholds.
    pub because: Because,
    /// What would have kept it quiet.
    pub unless: String,
    /// Other accounts that take part.
    pub users: Vec<Arc<str>>,
    /// Other addresses that take part.
    pub ips: Vec<IpAddr>,
    /// Quiet if the story already holds this reason.
    pub once: bool,
    /// An incident of its own instead of the session's story.
    pub incident: Option<String>,
    /// It concerns several suppliers or none: the alert names none.
    pub of_all: bool,
    /// What it is about, where that is neither supplier nor account: it tells alerts on the same lines apart.
    pub about: Option<&'static str>,
}

impl Finding {
    /// A finding on a scene; the rest is said field by field.
    pub fn new(reason: &'static str, severity: Severity, scene: Scene, message: String) -> Finding {
        Finding {
            reason,
            severity,
            scene,
            earlier: Vec::new(),
            message,
            because: Because::default(),
            unless: String::new(),
            users: Vec::new(),
            ips: Vec::new(),
            once: false,
            incident: None,
            of_all: false,
            about: None,
        }
    }
}

/// Something that a rule has learned of a supplier, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Learned {
    /// Of what kind: one of the rule's [`Rule::LEARNS`].
    pub what: &'static str,
    /// The thing itself: a target, an hour of the week, a limit.
    pub value: String,
    /// How many times it was seen, or on how many sessions it rests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// When it was seen last.
    #[serde(skip)]
    pub last: Option<Time>,
}

/// A timer that a rule asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wake {
    /// The rule's id.
    pub rule: &'static str,
    /// When the watermark has to have come to.
    pub due: Time,
    /// The rule's own word for it.
    pub kind: u8,
}

/// What the rules answer to one case, in table order.
#[derive(Debug, Default)]
pub struct Findings {
    rule: &'static str,
    /// Rule id and finding.
    pub found: Vec<(RuleName, Finding)>,
    /// Timers asked for.
    pub wakes: Vec<Wake>,
    name: Option<&'static RuleName>,
}

impl Findings {
    /// Whether nothing was found or asked for.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty() && self.wakes.is_empty()
    }

    /// Reports a finding of the rule at hand.
    pub fn report(&mut self, finding: Finding) {
        if let Some(name) = self.name {
            self.found.push((*name, finding));
        }
    }

    /// Asks to be called again, for the same account or stream, when the watermark has come to `due`.
    pub fn wake(&mut self, due: Time, kind: u8) {
        self.wakes.push(Wake { rule: self.rule, due, kind });
    }
}

/// A rule: its settings, with what it does about them.
pub trait Rule: Default + Clone + std::fmt::Debug {
    /// Id, name, category, techniques.
    const NAME: RuleName;
    /// Its manual page: the doc comment of its settings type, as text.
    const MANUAL: &'static str;
    /// What it remembers of an account.
    type Account: Memory;
    /// What it remembers of a supplier.
    type Supplier: Memory;
    /// What it remembers of a source address.
    type Address: Memory;
    /// What it remembers of a stream.
    type Stream: Memory;

    /// Whether it wants to see every line of every stream.
    const WATCHES_STREAMS: bool = false;

    /// What it learns of a supplier, as [`Rule::learned`] lists it and people have it forgotten.
    const LEARNS: &'static [&'static str] = &[];

    /// Whether it wants to be shown what happened; a timer of its own that falls due always is. Most lines are a supplier's traffic, of
    /// which few rules want to know.
    fn heeds(_happening: Happening) -> bool {
        true
    }

    /// Something happened to a supplier, or a timer of this rule fell due.
    fn observe(&self, case: &Case<'_>, memory: Remembered<'_, Self>, out: &mut Findings);

    /// Something happened to an account, tunnel or gateway that is no supplier's. Nothing is remembered of such an account; the
    /// memory of the supplier is that of all strangers together, and that of the address is the address's.
    fn stranger(&self, _case: &Case<'_>, _memory: Remembered<'_, Self>, _out: &mut Findings) {}

    /// A line came, whatever it says, or a timer fell due that was asked for here. It is called for every line there is.
    fn stream(&self, _sign: &Sign<'_>, _memory: &mut Self::Stream, _out: &mut Findings) {}

    /// What it has learned of a supplier, at a time.
    fn learned(&self, _memory: &Self::Supplier, _now: Time) -> Vec<Learned> {
        Vec::new()
    }

    /// Forgets what it has learned of a supplier, of one kind of [`Rule::LEARNS`].
    fn unlearn(&self, _memory: &mut Self::Supplier, _what: &str) {}

    /// Its own settings from `[rules.<id>]`; `enabled` and `severity` are read for all rules alike.
    fn read(table: &mut Table<'_>) -> Self;

    /// Its settings in force, for `explain`: name, value, what it means.
    fn settings(&self) -> Vec<Setting>;

    /// The nearest to what one of its alerts told that would have raised none, from the facts that the alert bears itself, those of
    /// an older version too. A rule without words of its own answers for its counts.
    fn nearest(&self, told: &Told<'_>) -> Vec<Nearest> {
        told.one_less(&self.settings())
    }
}

/// A setting of a rule: name, value in force, what it means.
pub type Setting = (&'static str, String, &'static str);

/// What a rule may keep.
pub trait Memory: Default + Clone + std::fmt::Debug + Serialize + DeserializeOwned {}
impl<T: Default + Clone + std::fmt::Debug + Serialize + DeserializeOwned> Memory for T {}

/// A rule's own memories of the entities at hand.
pub struct Remembered<'a, R: Rule> {
    /// Of the account.
    pub account: &'a mut R::Account,
    /// Of the supplier.
    pub supplier: &'a mut R::Supplier,
    /// Of the source address, where there is one that counts; of another, nothing is kept.
    pub address: Option<&'a mut R::Address>,
}

/// The memories of all rules of the entities at hand.
pub struct Memories<'a> {
    /// Of the account.
    pub account: &'a mut AccountMemory,
    /// Of the supplier.
    pub supplier: &'a mut SupplierMemory,
    /// Of the source address, where there is one that counts; of another, nothing is kept.
    pub address: Option<&'a mut AddressMemory>,
}

/// A rule as configured.
#[derive(Clone, Debug)]
pub struct Configured<R> {
    /// Whether it speaks.
    pub enabled: bool,
    /// Replaces the rule's own severity.
    pub severity: Option<Severity>,
    /// Its own settings.
    pub rule: R,
}

impl<R: Rule> Default for Configured<R> {
    fn default() -> Self {
        Configured { enabled: true, severity: None, rule: R::default() }
    }
}

impl<R: Rule> Configured<R> {
    fn observe(&self, case: &Case<'_>, memory: Remembered<'_, R>, out: &mut Findings) {
        self.answer(
            out,
            |rule, out| if case.supplier.is_nobody() { rule.stranger(case, memory, out) } else { rule.observe(case, memory, out) },
        );
    }

    fn stream(&self, sign: &Sign<'_>, memory: &mut R::Stream, out: &mut Findings) {
        if R::WATCHES_STREAMS {
            self.answer(out, |rule, out| rule.stream(sign, memory, out));
        }
    }

    fn answer(&self, out: &mut Findings, ask: impl FnOnce(&R, &mut Findings)) {
        if !self.enabled {
            return;
        }
        out.rule = R::NAME.id;
        out.name = Some(&R::NAME);
        let before = out.found.len();
        ask(&self.rule, out);
        if let Some(severity) = self.severity {
            out.found.iter_mut().skip(before).for_each(|(_, finding)| finding.severity = severity);
        }
    }
}

macro_rules! rules {
    ($($(#[$meta:meta])* $module:ident :: $Rule:ident),* $(,)?) => {
        $(pub mod $module;)*

        /// Names of all rules, in table order: the order in which they count on one event.
        pub const RULES: &[RuleName] = &[$(<$module::$Rule as Rule>::NAME),*];

        /// What the rules learn of a supplier, by its names.
        pub const LEARNS: &[&[&str]] = &[$(<$module::$Rule as Rule>::LEARNS),*];

        /// All rules with their settings in force.
        #[derive(Clone, Debug, Default)]
        pub struct Rules {
            $(#[doc = concat!("`", stringify!($module), "`")] pub $module: Configured<$module::$Rule>,)*
        }

        /// What the rules remember of an account.
        #[derive(Clone, Debug, Default, Serialize, Deserialize)]
        #[serde(default)]
        pub struct AccountMemory { $(#[serde(deserialize_with = "or_nothing")] $module: <$module::$Rule as Rule>::Account,)* }

        /// What the rules remember of a supplier.
        #[derive(Clone, Debug, Default, Serialize, Deserialize)]
        #[serde(default)]
        pub struct SupplierMemory { $(#[serde(deserialize_with = "or_nothing")] $module: <$module::$Rule as Rule>::Supplier,)* }

        /// What the rules remember of a source address.
        #[derive(Clone, Debug, Default, Serialize, Deserialize)]
        #[serde(default)]
        pub struct AddressMemory { $(#[serde(deserialize_with = "or_nothing")] $module: <$module::$Rule as Rule>::Address,)* }

        /// What the rules remember of a stream.
        #[derive(Clone, Debug, Default, Serialize, Deserialize)]
        #[serde(default)]
        pub struct StreamMemory { $(#[serde(deserialize_with = "or_nothing")] $module: <$module::$Rule as Rule>::Stream,)* }

        impl Rules {
            /// Shows a case to every rule that heeds it, in table order; with `only`, to the rule of that id, whose timer fell due.
            pub fn observe(&self, case: &Case<'_>, only: Option<&str>, memory: &mut Memories<'_>, out: &mut Findings) {
                $(if only.map_or_else(|| <$module::$Rule as Rule>::heeds(case.happening), |rule| rule == <$module::$Rule as Rule>::NAME.id) {
                    self.$module.observe(case, Remembered {
                        account: &mut memory.account.$module,
                        supplier: &mut memory.supplier.$module,
                        address: memory.address.as_deref_mut().map(|address| &mut address.$module),
                    }, out);
                })*
            }

            /// Shows a line of a stream to the rules that watch streams.
            pub fn stream(&self, sign: &Sign<'_>, memory: &mut StreamMemory, out: &mut Findings) {
                $(self.$module.stream(sign, &mut memory.$module, out);)*
            }

            /// Shows that a stream's timer fell due to the rule that asked for it.
            pub fn stream_due(&self, rule: &str, sign: &Sign<'_>, memory: &mut StreamMemory, out: &mut Findings) {
                $(if rule == <$module::$Rule as Rule>::NAME.id {
                    self.$module.stream(sign, &mut memory.$module, out);
                })*
            }

            /// What all rules have learned of a supplier, at a time.
            pub fn learned(&self, memory: &SupplierMemory, now: Time) -> Vec<(&'static str, Learned)> {
                let mut all = Vec::new();
                $({
                    let learned = self.$module.rule.learned(&memory.$module, now);
                    all.extend(learned.into_iter().map(|learned| (<$module::$Rule as Rule>::NAME.id, learned)));
                })*
                all
            }

            /// Has all rules forget what they have learned of a supplier: of one kind, or all of it.
            pub fn unlearn(&self, memory: &mut SupplierMemory, what: Option<&str>) {
                $(for kind in <$module::$Rule as Rule>::LEARNS.iter().filter(|kind| what.is_none_or(|what| what == **kind)) {
                    self.$module.rule.unlearn(&mut memory.$module, kind);
                })*
            }

            /// Reads every rule's settings from its `[rules.<id>]` table; what is wrong there is taken down.
            pub fn read(sections: &[(Text, Section)], mistakes: &Mistakes) -> Rules {
                Rules { $($module: configured(sections, mistakes),)* }
            }

            /// The settings in force of a rule; none if there is no such rule.
            pub fn settings(&self, rule: &str) -> Vec<Setting> {
                $(if rule == <$module::$Rule as Rule>::NAME.id {
                    return self.$module.rule.settings();
                })*
                Vec::new()
            }

            /// The nearest to what an alert of a rule told that would have raised none.
            pub fn nearest(&self, rule: &str, told: &Told<'_>) -> Vec<Nearest> {
                $(if rule == <$module::$Rule as Rule>::NAME.id {
                    return self.$module.rule.nearest(told);
                })*
                Vec::new()
            }

            /// The manual page of a rule with its settings in force; `None` if there is no such rule.
            pub fn manual(&self, rule: &str) -> Option<String> {
                $(if rule == <$module::$Rule as Rule>::NAME.id {
                    return Some(page(&self.$module));
                })*
                None
            }
        }
    };
}

rules! {
    off_hours::OffHours,
    shared_credential::SharedCredential,
    new_origin::NewOrigin,
    impossible_travel::ImpossibleTravel,
    dormant_account::DormantAccount,
    expired_access::ExpiredAccess,
    cut_breach::CutBreach,
    cut_refused::CutRefused,
    scope_breach::ScopeBreach,
    credential_guessing::CredentialGuessing,
    lan_to_lan::LanToLan,
    overstay::Overstay,
    missing_mfa::MissingMfa,
    control_change::ControlChange,
    volume_out::VolumeOut,
    source_silent::SourceSilent,
    unregistered_account::UnregisteredAccount,
    rule_flood::RuleFlood,
}

/// What a rule remembered of nothing, it may come to remember of something.
fn or_nothing<'de, D: Deserializer<'de>, M: Memory>(deserializer: D) -> Result<M, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

fn configured<R: Rule>(sections: &[(Text, Section)], mistakes: &Mistakes) -> Configured<R> {
    let Some((_, section)) = sections.iter().find(|(name, _)| &*name.value == R::NAME.id) else { return Configured::default() };
    let mut table = section.table(mistakes);
    let enabled = table.boolean("enabled").unwrap_or(true);
    let words = Severity::ALL.map(|severity| (severity.word(), severity));
    let severity = table.word("severity", &words);
    let rule = R::read(&mut table);
    table.finish();
    Configured { enabled, severity, rule }
}

/// The manual page of a rule: what it is called, its text, its settings in force.
fn page<R: Rule>(configured: &Configured<R>) -> String {
    use std::fmt::Write;
    let mut page = format!("# {}: {}\n\n{}\n## Settings in force\n\n", R::NAME.id, R::NAME.name, R::MANUAL);
    let severity = configured.severity.map_or("by reason, see above", Severity::word);
    let common = [
        ("enabled", configured.enabled.to_string(), "whether the rule speaks"),
        ("severity", severity.to_owned(), "replaces the severity of all its reasons"),
    ];
    let settings: Vec<_> = common.into_iter().chain(configured.rule.settings()).collect();
    let width = settings.iter().map(|(name, ..)| name.len()).max().unwrap_or(0);
    for (name, value, means) in settings {
        let _ = writeln!(page, "    {name:<width$} = {value:<20} # {means}");
    }
    page
}

/// A span for people: `5m`, `6h`, `90d`, as it is written in the settings.
pub fn span_words(nanos: i64) -> String {
    for (unit, word) in [(DAY, "d"), (HOUR, "h"), (MINUTE, "m"), (SECOND, "s")] {
        if nanos != 0 && nanos % unit == 0 {
            return format!("{}{word}", nanos / unit);
        }
    }
    format!("{}ms", nanos / (SECOND / 1000))
}

/// An amount of bytes for people: `2 GiB`, `1.4 MiB`, `640 B`.
pub fn size_words(bytes: u64) -> String {
    for (shift, word) in [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")] {
        let (whole, tenths) = (bytes >> shift, ((bytes >> (shift - 10)) & 1023) * 10 / 1024);
        if whole > 0 {
            return if tenths == 0 { format!("{whole} {word}") } else { format!("{whole}.{tenths} {word}") };
        }
    }
    format!("{bytes} B")
}

/// Makes room for one more: the oldest goes.
pub fn make_room<T>(list: &mut Vec<T>, most: usize) {
    if list.len() >= most {
        list.remove(0);
    }
}

/// `22:41 (Fri, Europe/Paris)`.
pub fn clock_words(time: Time, zone: &TimeZone) -> String {
    let name = zone.iana_name().unwrap_or("UTC");
    zoned(time, zone).strftime(&format!("%H:%M (%a, {name})")).to_string()
}

/// `2026-11-20T22:41:07+01:00[Europe/Paris]`.
pub fn local(time: Time, zone: &TimeZone) -> String {
    zoned(time, zone).to_string()
}

/// ` from 198.51.100.23`, or nothing where the line does not tell.
pub fn from_words(source: Option<IpAddr>) -> String {
    source.map(|ip| format!(" from {ip}")).unwrap_or_default()
}

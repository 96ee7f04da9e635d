//! `cut-refused`.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use parsers::Time;
use parsers::time::HOUR;
use serde::{Deserialize, Serialize};

use super::{Case, Finding, Findings, Happening, Remembered, Rule, span_words};
use crate::alert::{Because, RuleName, Severity};
use crate::scene::Scene;
use crate::toml_reader::Table;
use crate::zone::rfc3339_in;

#[doc = include_str!("cut_refused.md")]
#[derive(Clone, Debug)]
pub struct CutRefused {
    /// The notice is renewed at most this often, in nanoseconds.
    pub renewed_after: i64,
}

impl Default for CutRefused {
    fn default() -> Self {
        CutRefused { renewed_after: HOUR }
    }
}

/// How many accounts and addresses a notice names; all are counted.
const NAMED: usize = 50;

/// The refusals since a cut.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    cut: Option<Time>,
    count: u64,
    accounts: BTreeSet<Arc<str>>,
    addresses: BTreeSet<IpAddr>,
    first: Option<Time>,
    last: Option<Time>,
    /// When the last notice went out.
    said: Option<Time>,
    /// The latest refusal that no notice has told yet.
    untold: Option<Scene>,
}

impl Memory {
    /// Takes down who was refused, and from where.
    fn name(&mut self, scene: &Scene) {
        if let Some(login) = scene.login.clone().filter(|_| self.accounts.len() < NAMED) {
            self.accounts.insert(login);
        }
        if let Some(ip) = scene.source_ip.filter(|_| self.addresses.len() < NAMED) {
            self.addresses.insert(ip);
        }
    }
}

impl Rule for CutRefused {
    const NAME: RuleName = RuleName {
        id: "cut-refused",
        name: "Refused logins of a supplier that was cut off",
        category: &["authentication"],
        techniques: &[],
    };
    const MANUAL: &'static str = include_str!("cut_refused.md");
    type Account = ();
    type Supplier = Memory;
    type Address = ();
    type Stream = ();

    fn heeds(happening: Happening) -> bool {
        matches!(happening, Happening::Refused { .. })
    }

    fn observe(&self, case: &Case<'_>, memory: Remembered<'_, Self>, out: &mut Findings) {
        let memory = memory.supplier;
        match case.happening {
            Happening::Refused { again } => {
                let Some(cut) = case.daybook.cut(&case.supplier.id, case.now) else { return };
                let Some(scene) = case.scene() else { return };
                if memory.cut != Some(cut.at) {
                    *memory = Memory { cut: Some(cut.at), ..Memory::default() };
                }
                if again {
                    memory.name(&scene);
                    return;
                }
                // A notice that is due speaks of what came before this.
                if let Some(due) = memory.said.map(|said| said.plus(self.renewed_after)).filter(|&due| due <= case.now)
                    && let Some(untold) = memory.untold.take()
                {
                    notice(case, memory, untold, due, out);
                }
                memory.count = memory.count.saturating_add(u64::from(case.repeated));
                memory.name(&scene);
                memory.first = Some(memory.first.map_or(case.now, |first| first.min(case.now)));
                memory.last = Some(memory.last.map_or(case.now, |last| last.max(case.now)));
                match memory.said.filter(|said| case.now.since(*said) < self.renewed_after) {
                    None => notice(case, memory, scene, case.now, out),
                    Some(said) => {
                        if memory.untold.is_none() {
                            out.wake(said.plus(self.renewed_after), 0);
                        }
                        if memory.untold.as_ref().is_none_or(|untold| untold.time <= scene.time) {
                            memory.untold = Some(scene);
                        }
                    }
                }
            }
            Happening::Due { .. } => {
                // The timer may be that of a notice before the last one.
                if memory.said.is_none_or(|said| case.now.since(said) >= self.renewed_after)
                    && let Some(scene) = memory.untold.take()
                {
                    notice(case, memory, scene, case.now, out);
                }
            }
            _ => {}
        }
    }

    fn read(table: &mut Table<'_>) -> Self {
        let default = CutRefused::default();
        CutRefused { renewed_after: table.span("renewed_after").unwrap_or(default.renewed_after) }
    }

    fn settings(&self) -> Vec<(&'static str, String, &'static str)> {
        vec![("renewed_after", span_words(self.renewed_after), "the running notice is renewed at most this often")]
    }
}

/// Reports the notice as it stands at a time; the scene is that of its last refusal.
fn notice(case: &Case<'_>, memory: &mut Memory, mut scene: Scene, now: Time, out: &mut Findings) {
    let Some(cut) = memory.cut else { return };
    memory.said = Some(now);
    // The notice speaks of the supplier: no single account or address stands at its centre.
    scene.time = now;
    (scene.login, scene.source_ip) = (None, None);
    let zone = case.zone();
    let shown = |time: Option<Time>| rfc3339_in(time.unwrap_or(now), zone);
    let counted = |n: usize, one: &str, many: &str| match n {
        1 => format!("1 {one}"),
        n if n >= NAMED => format!("{NAMED} or more {many}"),
        n => format!("{n} {many}"),
    };
    let accounts = counted(memory.accounts.len(), "account", "accounts");
    let addresses = counted(memory.addresses.len(), "address", "addresses");
    let refused = if memory.count == 1 { "1 login refused".to_owned() } else { format!("{} logins refused", memory.count) };
    let message = format!(
        "{refused} since the cut of {}: {accounts} from {addresses}, last at {}",
        rfc3339_in(cut, zone),
        shown(memory.last)
    );
    let because = Because::default()
        .with("cut_at", rfc3339_in(cut, zone))
        .with("count", memory.count)
        .with("accounts", memory.accounts.iter().map(|login| &**login).collect::<Vec<_>>())
        .with("addresses", memory.addresses.iter().map(ToString::to_string).collect::<Vec<_>>())
        .with("first", shown(memory.first))
        .with("last", shown(memory.last));
    out.report(Finding {
        because,
        unless: "no login refused while the supplier is cut: this is expected, and kept for the record".into(),
        users: memory.accounts.iter().cloned().collect(),
        ips: memory.addresses.iter().copied().collect(),
        incident: Some(format!("cut {}", cut.0)),
        ..Finding::new("refusals", Severity::Info, scene, message)
    });
}

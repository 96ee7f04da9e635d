//! Why an alert has the severity that it has, as far as the alerts of its story tell.

use crate::alert::Severity;
use crate::verbs::recorded::Recorded;

/// In a sentence: the rule's own, or raised by the alerts of its story that came before it.
pub(super) fn why(alert: &Recorded, story: &[Recorded]) -> String {
    if let Some(reason) = alert.exception() {
        return format!("kept as info by an exception of the daybook: {reason}");
    }
    let Some(severity) = alert.severity() else { return "the alert does not tell it".into() };
    let own = || format!("the rule's own for {}", alert.reason());
    if alert.account().is_empty() {
        return own();
    }
    let before = story.iter().take_while(|other| other.id() != alert.id()).filter(|other| !other.account().is_empty());
    let before: Vec<&Recorded> = before.collect();
    if before.iter().any(|other| (other.rule(), other.reason()) == (alert.rule(), alert.reason())) {
        return format!("{}; its story held this reason already", own());
    }
    let counting = before.into_iter().filter(|other| other.exception().is_none());
    let Some((highest, by)) = counting.filter_map(|other| Some((other.severity()?, other))).max_by_key(|(severity, _)| *severity) else {
        return own();
    };
    let story = format!("its story held {} already ({} {})", highest.word(), by.rule(), by.reason());
    if severity < highest {
        return own();
    }
    match severity {
        Severity::Critical if highest == Severity::Critical => format!("{story}, and a further reason does not count for less"),
        Severity::Critical => "critical by itself, whatever its story".into(),
        Severity::High if highest == Severity::High => format!("{story}, which is as far as a story raises; the rule's own may be less"),
        _ if severity == highest.raised() => format!("raised by its story: {story}, and a further reason counts for one step more"),
        _ => format!("raised by its story: {story}; the rule's own is higher, and a further reason counts for one step more"),
    }
}

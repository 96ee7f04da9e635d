//! `[[account]]`: an account that differs from its supplier.

use super::Name;
use crate::calendar::Bound;

/// An account that differs from its supplier.
#[derive(Clone, Debug)]
pub struct Account {
    /// The login without its domain, lower case.
    pub login: Name,
    /// Index of its supplier.
    pub supplier: usize,
    /// How many people hold it.
    pub kind: AccountKind,
    /// Who holds it, for messages.
    pub holder: Option<Name>,
    /// The day it was created, in the supplier's zone.
    pub created: Option<Bound>,
    /// The last day it counts, in the supplier's zone.
    pub expires: Option<Bound>,
    /// Nanoseconds without success after which it is dormant, where it says so itself.
    pub dormant_after: Option<i64>,
}

/// How many people hold an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AccountKind {
    /// One person.
    Named,
    /// Known to be shared, or nothing is known.
    #[default]
    Generic,
    /// A machine.
    Automate,
}

pub(super) const KINDS: &[(&str, AccountKind)] =
    &[("named", AccountKind::Named), ("generic", AccountKind::Generic), ("automate", AccountKind::Automate)];

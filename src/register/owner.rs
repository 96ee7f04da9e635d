//! Whose account a login is.

use std::collections::HashMap;
use std::sync::Arc;

use parsers::Glob;

use super::{Account, Name, Supplier};

/// The owner of an account: indexes into the register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Owner {
    /// The supplier.
    pub supplier: usize,
    /// Its `[[account]]` entry, where it has one.
    pub account: Option<usize>,
}

/// All patterns of all suppliers, ready to be asked in order.
#[derive(Debug, Default)]
pub(super) struct Owners {
    /// Login of an `[[account]]` entry → account, supplier.
    accounts: HashMap<Name, (usize, usize)>,
    /// Login that a pattern spells out → supplier.
    literals: HashMap<Box<str>, usize>,
    /// The other patterns, most exact first; of equals the first in the register.
    globs: Vec<(Glob, usize)>,
    /// Patterns of groups, most exact first.
    groups: Vec<(Glob, usize)>,
}

impl Owners {
    pub(super) fn new(suppliers: &[Arc<Supplier>], accounts: &[Arc<Account>]) -> Owners {
        let mut owners = Owners::default();
        for (at, account) in accounts.iter().enumerate() {
            owners.accounts.entry(account.login.clone()).or_insert((at, account.supplier));
        }
        for (at, supplier) in suppliers.iter().enumerate() {
            for glob in &supplier.accounts {
                if glob.is_literal() {
                    owners.literals.entry(glob.pattern().into()).or_insert(at);
                } else {
                    owners.globs.push((glob.clone(), at));
                }
            }
            owners.groups.extend(supplier.groups.iter().map(|glob| (glob.clone(), at)));
        }
        // A stable sort: of equals the first in the register stays first.
        owners.globs.sort_by_key(|(glob, _)| std::cmp::Reverse(glob.exactness()));
        owners.groups.sort_by_key(|(glob, _)| std::cmp::Reverse((glob.is_literal(), glob.exactness())));
        owners
    }

    /// Index of the `[[account]]` entry of a login.
    pub(super) fn account(&self, login: &str) -> Option<usize> {
        self.accounts.get(login).map(|&(account, _)| account)
    }

    pub(super) fn find(&self, login: &str, group: Option<&str>) -> Option<Owner> {
        if let Some(&(account, supplier)) = self.accounts.get(login) {
            return Some(Owner { supplier, account: Some(account) });
        }
        let by_name = || self.literals.get(login).copied().or_else(|| first_match(&self.globs, login));
        let by_group = || group.and_then(|group| first_match(&self.groups, &group.to_lowercase()));
        by_name().or_else(by_group).map(|supplier| Owner { supplier, account: None })
    }
}

fn first_match(globs: &[(Glob, usize)], name: &str) -> Option<usize> {
    let may_match = |glob: &Glob| name.as_bytes().starts_with(glob.beginning()) && glob.matches(name);
    globs.iter().find(|(glob, _)| may_match(glob)).map(|&(_, at)| at)
}

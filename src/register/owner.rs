//! Whose account a login is.

use std::collections::BTreeSet;
use std::sync::Arc;

use foldhash::HashMap;
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
    /// The other patterns.
    globs: Globs,
    /// Patterns of groups.
    groups: Globs,
}

impl Owners {
    pub(super) fn new(suppliers: &[Arc<Supplier>], accounts: &[Arc<Account>]) -> Owners {
        let mut owners = Owners::default();
        let (mut globs, mut groups) = (Vec::new(), Vec::new());
        for (at, account) in accounts.iter().enumerate() {
            owners.accounts.entry(account.login.clone()).or_insert((at, account.supplier));
        }
        for (at, supplier) in suppliers.iter().enumerate() {
            for glob in &supplier.accounts {
                if glob.is_literal() {
                    owners.literals.entry(glob.pattern().into()).or_insert(at);
                } else {
                    globs.push((glob.clone(), at));
                }
            }
            groups.extend(supplier.groups.iter().map(|glob| (glob.clone(), at)));
        }
        // A stable sort: of equals the first in the register stays first.
        globs.sort_by_key(|(glob, _)| std::cmp::Reverse(glob.exactness()));
        groups.sort_by_key(|(glob, _)| std::cmp::Reverse((glob.is_literal(), glob.exactness())));
        Owners { globs: Globs::new(globs), groups: Globs::new(groups), ..owners }
    }

    /// Index of the `[[account]]` entry of a login.
    pub(super) fn account(&self, login: &str) -> Option<usize> {
        self.accounts.get(login).map(|&(account, _)| account)
    }

    pub(super) fn find(&self, login: &str, group: Option<&str>) -> Option<Owner> {
        if let Some(&(account, supplier)) = self.accounts.get(login) {
            return Some(Owner { supplier, account: Some(account) });
        }
        let by_name = || self.literals.get(login).copied().or_else(|| self.globs.first_match(login));
        let by_group = || group.and_then(|group| self.groups.first_match(&group.to_lowercase()));
        by_name().or_else(by_group).map(|supplier| Owner { supplier, account: None })
    }
}

/// Patterns, most exact first; of equals the first in the register.
#[derive(Debug, Default)]
struct Globs {
    list: Vec<(Glob, usize)>,
    /// Indexes of those that begin alike, in their order: a name is held only against patterns of its own beginnings, however many
    /// there are.
    by_beginning: HashMap<Box<[u8]>, Vec<usize>>,
    /// Lengths of the beginnings.
    lengths: BTreeSet<usize>,
}

impl Globs {
    fn new(list: Vec<(Glob, usize)>) -> Globs {
        let mut globs = Globs::default();
        for (at, (glob, _)) in list.iter().enumerate() {
            globs.by_beginning.entry(glob.beginning().into()).or_default().push(at);
            globs.lengths.insert(glob.beginning().len());
        }
        Globs { list, ..globs }
    }

    fn first_match(&self, name: &str) -> Option<usize> {
        let beginnings = self.lengths.iter().map_while(|&length| name.as_bytes().get(..length));
        let alike = beginnings.filter_map(|beginning| self.by_beginning.get(beginning));
        let matches = |at: &usize| self.list.get(*at).is_some_and(|(glob, _)| glob.matches(name));
        let first = alike.filter_map(|alike| alike.iter().copied().find(matches)).min()?;
        self.list.get(first).map(|&(_, at)| at)
    }
}

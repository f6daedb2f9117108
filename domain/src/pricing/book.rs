//! A rule set made ready.

use super::{
    RuleIx,
    check::{Finding, check},
    rule::{Rule, RuleSet},
};

/// The rules in force, found by what an item is.
#[derive(Clone, Debug, Default)]
pub struct PriceBook {
    revision: i64,
    set: RuleSet,
}

impl PriceBook {
    /// Makes a rule set ready. It is refused whole with everything that is wrong with it.
    pub fn compile(revision: i64, mut set: RuleSet) -> Result<Self, Vec<Finding>> {
        let faults: Vec<Finding> =
            check(&set).into_iter().filter(|finding| finding.fault.is_error()).collect();
        if !faults.is_empty() {
            return Err(faults);
        }
        set.rules.sort_by(|a, b| {
            (a.lane(), a.stacking.priority, &a.id).cmp(&(b.lane(), b.stacking.priority, &b.id))
        });
        Ok(Self { revision, set })
    }

    /// The revision that the mall gave the set; 0 for none.
    #[must_use]
    pub const fn revision(&self) -> i64 {
        self.revision
    }

    /// The rules, in the order of lane, priority and id: `RuleIx` counts in it.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.set.rules
    }

    /// A rule of this book.
    #[must_use]
    pub fn rule(&self, ix: RuleIx) -> Option<&Rule> {
        self.set.rules.get(usize::try_from(ix.0).unwrap_or(usize::MAX))
    }
}

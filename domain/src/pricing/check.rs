//! What is wrong with a rule set before it is in force.
//!
//! **Invariant:** a set without errors can be compiled and never makes a quote fail.

use super::rule::RuleSet;

/// Something about a rule set that its author should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule's id, or the name of a set of goods; empty for the whole.
    pub subject: String,
    /// What it is.
    pub fault: Fault,
}

/// What can be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Too many rules.
    TooManyRules,
}

impl Fault {
    /// Whether the set is refused for it; the others are warnings.
    #[must_use]
    pub const fn is_error(&self) -> bool {
        match self {
            Self::TooManyRules => true,
        }
    }
}

/// Looks a rule set over. Errors first, then warnings, each in the order of the rules.
#[must_use]
pub fn check(_set: &RuleSet) -> Vec<Finding> {
    Vec::new()
}

//! What is wrong with a set, and what its author should know.
//!
//! **Invariant:** nothing is kept here; whoever inspects twice gets the same answer.

use std::sync::Arc;

use domain::pricing::{PriceBook, RuleSet, check};
use sync::wire::RULES_BYTES_MAX;

use super::{
    costs,
    shapes::{CheckShape, RulesError},
};
use crate::context::Context;

/// A set that was looked at.
#[derive(Clone, Debug)]
pub(crate) struct Inspected {
    /// Its JSON as it would be kept.
    pub(crate) body: String,
    /// How many rules it has.
    pub(crate) n_rules: usize,
    /// What was found.
    pub(crate) check: CheckShape,
}

/// Looks a set over: its faults, and without any, what it sells below cost.
pub(crate) async fn inspect(context: &Context, set: RuleSet) -> Result<Inspected, RulesError> {
    let (mut inspected, book) =
        tokio::task::spawn_blocking(move || look(set)).await.map_err(|_| RulesError::CutOff)??;
    if let Some(book) = book {
        for warning in costs::warnings(context, &Arc::new(book)).await? {
            inspected.check.warn(warning);
        }
    }
    Ok(inspected)
}

pub(super) fn look(set: RuleSet) -> Result<(Inspected, Option<PriceBook>), RulesError> {
    // A document of texts and numbers always serialises.
    let body = serde_json::to_string(&set).unwrap_or_default();
    if body.len() > RULES_BYTES_MAX {
        return Err(RulesError::TooLarge(body.len()));
    }
    let n_rules = set.rules.len();
    let mut findings = check::check(&set);
    // What compiles only later than it is checked would be refused by every store.
    let book = match PriceBook::compile(0, set) {
        Ok(book) => Some(book),
        Err(faults) => {
            findings.extend(
                faults.into_iter().filter(|fault| !findings.contains(fault)).collect::<Vec<_>>(),
            );
            None
        }
    };
    Ok((Inspected { body, n_rules, check: CheckShape::of(&findings) }, book))
}

//! What is wrong with a set, and what its author should know.
//!
//! **Invariant:** nothing is kept here; whoever inspects twice gets the same answer.

use domain::{
    pricing::{PriceBook, RuleSet, check},
    time::{LocalMoment, StoreClock},
};
use sync::wire::RULES_BYTES_MAX;

use super::{
    costs::{self, Candidate},
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

/// Looks a set over: its faults, and without any, what the catalog and the stores say of it.
pub(crate) async fn inspect(context: &Context, set: RuleSet) -> Result<Inspected, RulesError> {
    let now = StoreClock::default().local_moment(context.now());
    let (mut inspected, candidate) = tokio::task::spawn_blocking(move || look(set, now))
        .await
        .map_err(|_| RulesError::CutOff)??;
    if let Some(candidate) = candidate {
        for warning in costs::warnings(context, candidate, now).await? {
            inspected.check.warn(warning);
        }
    }
    Ok(inspected)
}

pub(super) fn look(
    set: RuleSet,
    now: LocalMoment,
) -> Result<(Inspected, Option<Candidate>), RulesError> {
    // A document of texts and numbers always serialises.
    let body = serde_json::to_string(&set).unwrap_or_default();
    if body.len() > RULES_BYTES_MAX {
        return Err(RulesError::TooLarge(body.len()));
    }
    let n_rules = set.rules.len();
    let mut findings = check::check_at(&set, now);
    let sets = set.sets.clone();
    // What compiles only later than it is checked would be refused by every store.
    let candidate = match PriceBook::compile(0, set) {
        Ok(book) => Some(Candidate { book, sets }),
        Err(faults) => {
            findings.extend(
                faults.into_iter().filter(|fault| !findings.contains(fault)).collect::<Vec<_>>(),
            );
            None
        }
    };
    Ok((Inspected { body, n_rules, check: CheckShape::of(&findings) }, candidate))
}

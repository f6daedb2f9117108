//! A set becomes the one in force.
//!
//! **Invariant:** a set with a fault is never kept; the same set again gets no new revision.

use domain::pricing::RuleSet;
use sync::{chain::Hash, replica::Scope};
use tracing::info;

use super::{
    inspect::{Inspected, inspect},
    shapes::{CheckShape, RulesError},
};
use crate::{
    context::Context,
    db::{
        self,
        rules::{self, RuleSetHead},
        scope,
    },
};

/// Signs of a note: a sentence or two on why.
pub(super) const NOTE_CHARS_MAX: usize = 200;

/// A set that somebody wants in force.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    /// The set.
    pub(crate) set: RuleSet,
    /// Why.
    pub(crate) note: String,
    /// Who.
    pub(crate) by: String,
    /// Which set they have seen.
    pub(crate) expected: Expected,
}

/// Which set must be in force for another to take its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// Any.
    Any,
    /// This one; 0 for none.
    Revision(i64),
}

/// A set that is in force.
#[derive(Clone, Debug)]
pub(crate) struct Saved {
    /// Its revision.
    pub(crate) revision: i64,
    /// Whether it was in force already.
    pub(crate) is_unchanged: bool,
    /// What its author should know.
    pub(crate) check: CheckShape,
}

/// Checks a set and puts it in force.
pub(crate) async fn save(context: &Context, wish: Wish) -> Result<Saved, RulesError> {
    let doing = "keep a rule set";
    let note = wish.note.trim().to_owned();
    if note.chars().count() > NOTE_CHARS_MAX || note.chars().any(char::is_control) {
        return Err(RulesError::Note);
    }
    let Inspected { body, n_rules, check } = inspect(context, wish.set).await?;
    if check.n_errors > 0 {
        return Err(RulesError::Faults(Box::new(check)));
    }
    let sha256 = Hash::of(body.as_bytes());
    let mut tx = context.db().write(doing).await?;
    // The counter is taken first: it is the lock under which the newest revision is read.
    let at = context.now();
    let version = scope::raise(&mut tx, Scope::Catalog, at).await?;
    let held = rules::current(&mut tx).await?;
    let current = held.as_ref().map_or(0, |held| held.revision);
    match wish.expected {
        Expected::Any => {}
        Expected::Revision(seen) if seen == current => {}
        Expected::Revision(_) => return Err(RulesError::Changed { current }),
    }
    if held.is_some_and(|held| held.sha256 == sha256) {
        // The transaction is dropped, and with it the raised counter.
        return Ok(Saved { revision: current, is_unchanged: true, check });
    }
    let revision = current + 1;
    let n_rules = i64::try_from(n_rules).unwrap_or(i64::MAX);
    let saved_by = wish.by;
    let head = RuleSetHead { revision, sha256, n_rules, note, saved_by, saved_at: at, version };
    rules::insert(&mut tx, &head, &body).await?;
    db::commit(tx, doing).await?;
    info!(revision, rules = n_rules, by = %head.saved_by, "Rule set {revision} is in force");
    Ok(Saved { revision, is_unchanged: false, check })
}

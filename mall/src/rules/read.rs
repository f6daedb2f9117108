//! The set in force, older ones, their list.
//!
//! **Invariant:** reads only; a set is given as the bytes that are kept.

use domain::pricing::RuleSet;
use serde_json::value::RawValue;

use super::shapes::{RuleSetHeadShape, RuleSetPage, RuleSetShape, RulesError};
use crate::{
    context::Context,
    db::{Conn, DbError, damaged, rules},
    hq::page_limit,
};

/// The set of a revision, or the one in force; before the first was saved an empty one.
pub(crate) async fn one(
    context: &Context,
    revision: Option<i64>,
) -> Result<RuleSetShape, RulesError> {
    let doing = "read a rule set";
    let mut tx = context.db().read(doing).await?;
    let head = match revision {
        None => rules::current(&mut tx).await?,
        Some(0) => None,
        Some(revision) => {
            let head = rules::by_revision(&mut tx, revision).await?;
            Some(head.ok_or(RulesError::Unknown(revision))?)
        }
    };
    let Some(head) = head else {
        let body = serde_json::to_string(&RuleSet::default()).unwrap_or_default();
        let head = RuleSetHeadShape::none(&body);
        return Ok(RuleSetShape { head, set: raw(body)? });
    };
    let body = rules::body(&mut tx, head.revision).await?.ok_or_else(|| damaged(doing))?;
    Ok(RuleSetShape { head: RuleSetHeadShape::of(head), set: raw(body)? })
}

/// Whether a rule of the set in force is one that a coupon of the chain's own switches on.
pub(crate) async fn is_coupon(context: &Context, rule: &str) -> Result<bool, DbError> {
    let mut tx = context.db().read("read a rule set").await?;
    is_coupon_in(&mut tx, rule).await
}

/// The same, in a transaction that is open.
pub(crate) async fn is_coupon_in(tx: &mut Conn, rule: &str) -> Result<bool, DbError> {
    let doing = "read a rule set";
    let Some(head) = rules::current(tx).await? else { return Ok(false) };
    let body = rules::body(tx, head.revision).await?.ok_or_else(|| damaged(doing))?;
    let set: RuleSet = serde_json::from_str(&body).map_err(|_| damaged(doing))?;
    Ok(set.rules.iter().any(|found| found.coupon && found.id == rule))
}

fn raw(body: String) -> Result<Box<RawValue>, RulesError> {
    RawValue::from_string(body).map_err(|_| damaged("read a rule set").into())
}

/// The sets that were ever in force, newest first.
pub(crate) async fn list(
    context: &Context,
    before: Option<i64>,
    limit: Option<i64>,
) -> Result<RuleSetPage, RulesError> {
    let limit = page_limit(limit);
    let mut tx = context.db().read("read the rule sets").await?;
    let mut found = rules::heads(&mut tx, before.unwrap_or(i64::MAX), limit + 1).await?;
    let is_more = found.len() > usize::try_from(limit).unwrap_or(0);
    if is_more {
        found.pop();
    }
    let next = found.last().filter(|_| is_more).map(|last| last.revision);
    Ok(RuleSetPage { revisions: found.into_iter().map(RuleSetHeadShape::of).collect(), next })
}

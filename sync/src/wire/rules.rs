//! The rules in force as they travel: always the whole set, in one row of the catalog's feed.
//!
//! A set in parts could be applied in parts, and then a store would price by rules that nobody
//! ever saved together. It travels as text, so that a store whose program is older than a new kind
//! of rule can still read the page around it and keep selling by the last set it understood.

use serde::{Deserialize, Serialize};

/// Bytes of a set's JSON: some ten thousand rules with lists of goods. As text inside a page of the
/// feed it is at most twice as long, and a store reads at most 16 MiB of an answer.
pub const RULES_BYTES_MAX: usize = 6 * 1_024 * 1_024;

/// The rules in force, with the revision that the mall gave them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesV1 {
    /// 1, 2, 3 …: it rises with each set that HQ saves and is recorded with every order.
    pub revision: i64,
    /// A `domain::pricing::RuleSet`, its JSON, the very bytes that the mall keeps.
    pub set: String,
}

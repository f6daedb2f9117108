//! In which schema a mall speaks to a box, and which rows that schema has.
//!
//! A mall gives its own schema and the one before, so a mall is upgraded first and its boxes when they
//! can be. A box says which one it reads, as `?schema=`; of a newer box the mall's own will do, for a
//! program reads every older one.
//!
//! **Invariant:** pure. A schema only adds: what was a row or a column in one is the same in the next.

use crate::wire::RowV1;

/// What a box reads that does not say: programs before the question read this one.
pub const UNSAID_SCHEMA: i64 = 4;

/// A box reads nothing that a mall still gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this program reads schema {reads}, and {oldest} is the oldest that is given")]
pub struct TooOld {
    /// The newest that the box reads.
    pub reads: i64,
    /// The oldest that the mall gives.
    pub oldest: i64,
}

/// The schema in which a mall whose newest is `newest` speaks to a box that reads up to this one.
///
/// # Errors
/// Where the box is more than one schema behind.
pub fn spoken(reads: Option<i64>, newest: i64) -> Result<i64, TooOld> {
    let (reads, oldest) = (reads.unwrap_or(UNSAID_SCHEMA), newest - 1);
    if reads < oldest { Err(TooOld { reads, oldest }) } else { Ok(reads.min(newest)) }
}

/// The schemas that a mall gives, the newest first.
#[must_use]
pub const fn given(newest: i64) -> [i64; 2] {
    [newest, newest - 1]
}

/// Whether a schema has rows of this kind.
#[must_use]
pub const fn has(schema: i64, row: &RowV1) -> bool {
    since(row) <= schema
}

/// The first schema that had rows of this kind; a new kind raises `REPLICA_SCHEMA`.
const fn since(row: &RowV1) -> i64 {
    match row {
        RowV1::Item(_)
        | RowV1::ItemGone { .. }
        | RowV1::Store(_)
        | RowV1::Workstation(_)
        | RowV1::WorkstationGone { .. }
        | RowV1::Operator(_)
        | RowV1::OperatorGone { .. } => 1,
        RowV1::Rules(_) => 2,
        RowV1::Stock(_) | RowV1::Pickup(_) | RowV1::PickupGone { .. } => 3,
        RowV1::Member(_) | RowV1::MemberGone { .. } | RowV1::Keys(_) => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::{super::REPLICA_SCHEMA, *};
    use crate::wire::{KeysV1, RulesV1};

    #[test]
    fn a_mall_speaks_its_own_schema_or_the_one_before() {
        for (reads, newest, expected) in [
            (Some(4), 4, Ok(4)),
            (Some(3), 4, Ok(3)),
            (Some(2), 4, Err(TooOld { reads: 2, oldest: 3 })),
            (Some(0), 4, Err(TooOld { reads: 0, oldest: 3 })),
            (Some(i64::MIN), 4, Err(TooOld { reads: i64::MIN, oldest: 3 })),
            // A newer box reads what an older mall gives.
            (Some(5), 4, Ok(4)),
            (Some(i64::MAX), 4, Ok(4)),
            // Programs before the question.
            (None, 4, Ok(4)),
            (None, 5, Ok(4)),
            (None, 6, Err(TooOld { reads: 4, oldest: 5 })),
        ] {
            assert_eq!(spoken(reads, newest), expected, "{reads:?} of {newest}");
            assert!(expected.is_err() || given(newest).contains(&expected.unwrap()));
        }
    }

    #[test]
    fn a_row_is_in_its_schema_and_in_every_later_one() {
        let rules = RowV1::Rules(RulesV1 { revision: 1, set: String::new() });
        let keys = RowV1::Keys(KeysV1 { keys: Vec::new() });
        let gone = RowV1::ItemGone { sku: String::new() };
        let has = |schema| [&gone, &rules, &keys].map(|row| has(schema, row));
        assert_eq!(has(1), [true, false, false]);
        assert_eq!(has(3), [true, true, false]);
        assert_eq!([has(REPLICA_SCHEMA), has(REPLICA_SCHEMA + 1)], [[true; 3]; 2]);
    }
}

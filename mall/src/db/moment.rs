//! A moment that may not be there: 0 in its column.
//!
//! **Invariant:** nothing that is kept happened in 1970.

use domain::time::Timestamp;

/// Microseconds of a moment, 0 for none.
pub(super) fn column(moment: Option<Timestamp>) -> i64 {
    moment.map_or(0, Timestamp::micros)
}

/// The moment of a column.
pub(super) fn of(column: i64) -> Option<Timestamp> {
    (column != 0).then(|| Timestamp::from_micros(column))
}

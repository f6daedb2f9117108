//! Lists of values for statements over many rows.
//!
//! **Invariant:** only numbers of parameters are put into SQL here, never a value.

use sync::outbox::BATCH_FACTS_MAX;

use super::{Conn, engine};

/// Parameters of one statement.
///
/// SQLite finds a named parameter (`$7`) by walking the list of all of them, and so binding `n` of
/// them costs `n²`: an import of 800,000 items took five times as long with 4,750 as with 400.
const PARAMETERS_MAX: usize = 400;

/// How many facts of a batch go into one statement of so many columns: a full batch is a number of
/// whole statements, which stay prepared.
#[must_use]
pub(super) const fn facts_max(columns: usize) -> usize {
    let mut facts = BATCH_FACTS_MAX;
    while facts * columns > PARAMETERS_MAX || !BATCH_FACTS_MAX.is_multiple_of(facts) {
        facts -= 1;
    }
    facts
}

/// Whether a statement over so many facts comes again and again: it is of a full batch, or of the one
/// fact that an open store tells.
#[must_use]
pub(super) const fn is_usual(facts: usize, columns: usize) -> bool {
    facts == facts_max(columns) || facts == 1
}

/// How many rows of so many columns go into one statement.
#[must_use]
pub(super) const fn rows_max(columns: usize) -> usize {
    PARAMETERS_MAX / columns
}

/// `($1, $2), ($3, $4)`: so many rows of so many parameters.
#[must_use]
pub(super) fn rows(rows: usize, columns: usize) -> String {
    let mut text = String::with_capacity(rows * columns * 7);
    let mut number = 0_usize;
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..columns {
            number += 1;
            text.push_str(if column == 0 { "$" } else { ", $" });
            text.push_str(&number.to_string());
        }
        text.push(')');
    }
    text
}

/// The same for a statement that has no other parameters, as its engine reads it quickest.
#[must_use]
pub(super) fn only_rows(tx: &Conn, n: usize, columns: usize) -> String {
    if engine::finds_numbers_slowly(tx) {
        let row = format!("(?{})", ", ?".repeat(columns.saturating_sub(1)));
        vec![row; n].join(", ")
    } else {
        rows(n, columns)
    }
}

/// `($1, $2, $3)`: a list for `in`.
#[must_use]
pub(super) fn list(n: usize) -> String {
    rows(1, n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbered_through() {
        assert_eq!(rows(2, 3), "($1, $2, $3), ($4, $5, $6)");
        assert_eq!(list(2), "($1, $2)");
    }

    #[test]
    fn a_full_batch_is_whole_statements() {
        for (columns, facts) in [(1, 100), (4, 100), (6, 50), (13, 25), (400, 1)] {
            assert_eq!(facts_max(columns), facts, "{columns}");
            assert!(is_usual(facts, columns) && is_usual(1, columns));
        }
    }
}

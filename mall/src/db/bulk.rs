//! Lists of values for statements over many rows.
//!
//! **Invariant:** only numbers of parameters are put into SQL here, never a value.

/// Parameters of one statement.
///
/// SQLite finds a named parameter (`$7`) by walking the list of all of them, and so binding `n` of
/// them costs `n²`: an import of 800,000 items took five times as long with 4,750 as with 400.
const PARAMETERS_MAX: usize = 400;

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
}

//! The files that hold a store's copy of what the mall owns.
//!
//! A snapshot is a ready SQLite file: the mall fills it, the store swaps it in. Its tables are
//! therefore part of what the two say to each other, and stand here as text.
//!
//! **Invariant:** nobody opens a database in this room.

mod schema;
mod words;

use std::{fmt, str::FromStr};

pub use schema::{TooOld, UNSAID_SCHEMA, given, has, spoken};
pub use words::item_words;

/// Raised with every table, column and kind of row: an older program is given what the schema before had
/// ([`spoken`], [`has`]), and a replica of an older schema is fetched anew.
pub const REPLICA_SCHEMA: i64 = 4;

/// The tables of a catalog replica, without the indexes that are made after a bulk fill.
pub const CATALOG_TABLES: &str = include_str!("replica/catalog.sql");
/// The indexes of a catalog replica.
pub const CATALOG_INDEXES: &str = include_str!("replica/catalog_indexes.sql");
/// The tables of a store replica.
pub const STORE_TABLES: &str = include_str!("replica/store.sql");

/// An item's tags as one text of a table; no tag holds a `;`.
#[must_use]
pub fn join_tags(tags: &[String]) -> String {
    tags.join(";")
}

/// Takes back what `join_tags` gave.
#[must_use]
pub fn split_tags(text: &str) -> Vec<String> {
    text.split(';').filter(|tag| !tag.is_empty()).map(str::to_owned).collect()
}

/// A store by the number the mall gave it; it never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoreId(pub i64);

impl fmt::Display for StoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A part of what the mall owns, with its own feed, counter and file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Items and prices, the same for all stores.
    Catalog,
    /// A store's own: head, workstations, operators.
    Store(StoreId),
}

/// A written scope that was not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a scope")]
pub struct ScopeText(String);

/// `catalog`, `store-17`: in paths, tables and file names.
impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Catalog => f.write_str("catalog"),
            Self::Store(store) => write!(f, "store-{store}"),
        }
    }
}

impl FromStr for Scope {
    type Err = ScopeText;

    fn from_str(text: &str) -> Result<Self, ScopeText> {
        let store = text.strip_prefix("store-").and_then(|number| number.parse().ok());
        match (text, store) {
            ("catalog", _) => Ok(Self::Catalog),
            (_, Some(store)) => Some(Self::Store(StoreId(store)))
                .filter(|scope| scope.to_string() == text)
                .ok_or_else(|| ScopeText(text.to_owned())),
            _ => Err(ScopeText(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_read_back_and_have_one_spelling() {
        for scope in [Scope::Catalog, Scope::Store(StoreId(17))] {
            assert_eq!(scope.to_string().parse(), Ok(scope));
        }
        for bad in ["", "Catalog", "store-", "store-+7", "store-07", "../catalog"] {
            assert!(bad.parse::<Scope>().is_err(), "{bad}");
        }
    }
}

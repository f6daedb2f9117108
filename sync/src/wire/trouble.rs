//! What is wrong in a store, told to the mall.

use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

/// A trouble of a store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TroubleV1 {
    /// `trouble::Trouble` as a word; a newer program may know more of them.
    pub trouble: String,
    /// Since when, by the store's clock.
    pub since: Timestamp,
    /// How many of what it is about, e.g. facts; 1 where nothing is counted.
    pub count: u32,
}

/// All that is wrong in a store now; what is not named is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TroublesV1 {
    /// The troubles.
    pub troubles: Vec<TroubleV1>,
}

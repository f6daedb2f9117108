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

/// How far a store has told, and how far it has heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateV1 {
    /// Facts that wait for the mall.
    pub waiting: u32,
    /// When the oldest of them was written, by the store's clock; none where none waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest_at: Option<Timestamp>,
    /// The version of the catalog that the store sells from; 0 for none.
    pub catalog: i64,
    /// The version of its own rows (workstations, operators, stock); 0 for none.
    pub store: i64,
}

/// All that is wrong in a store now; what is not named is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TroublesV1 {
    /// The troubles.
    pub troubles: Vec<TroubleV1>,
    /// How far it has told and heard; older programs do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<StateV1>,
}

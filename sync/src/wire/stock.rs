//! What a store has of an item, as the mall knows it.

use domain::{quantity::Quantity, time::Timestamp};
use serde::{Deserialize, Serialize};

/// What the mall knows of an item's stock. What the store sold since it was counted is the store's
/// to know: it takes that off by itself, also with its cable cut.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockV1 {
    /// 货号.
    pub sku: String,
    /// Counted, less what online orders took out since, with what came back; in thousandths.
    pub on_hand_milli: Quantity,
    /// Promised to online orders that wait; in thousandths.
    pub reserved_milli: Quantity,
    /// When it was counted: what was sold later is taken off.
    pub counted_at: Timestamp,
}

//! An order that was undone on its business date (整单作废).

use domain::{
    id::OrderId,
    money::Money,
    time::{BusinessDate, Timestamp},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The kind of fact that undoing an order is.
pub const KIND_POST_VOID: &str = "post_void";

/// An order was undone: its money goes back the way it came, and what was redeemed is given back.
/// The order itself stays as it was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostVoidV1 {
    /// Its own id.
    pub id: Uuid,
    /// Which order.
    pub order: OrderId,
    /// The business date of the order, which is also that of the undoing.
    pub business_date: BusinessDate,
    /// Where it was undone.
    pub workstation: u16,
    /// By whom.
    pub operator: String,
    /// When.
    pub at: Timestamp,
    /// Why, in the operator's words.
    pub reason: String,
    /// The order's total, in fen.
    pub total_minor: Money,
}

//! A store's own rows as they travel.

use domain::{
    barcode::{LabelPattern, default_label_patterns},
    tender::CashRounding,
    time::StoreClock,
};
use serde::{Deserialize, Serialize};

/// What a store is and how it sells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreV1 {
    /// Its code, for people and receipt numbers.
    pub code: String,
    /// Its name, over every receipt.
    pub name: String,
    /// Lines under the name on a receipt.
    #[serde(default)]
    pub head_lines: Vec<String>,
    /// Lines at a receipt's foot.
    #[serde(default)]
    pub foot_lines: Vec<String>,
    /// How it tells the time.
    #[serde(default)]
    pub clock: StoreClock,
    /// How it rounds cash.
    #[serde(default)]
    pub cash_rounding: CashRounding,
    /// How it reads in-store labels.
    #[serde(default = "default_label_patterns")]
    pub label_patterns: Vec<LabelPattern>,
}

/// What a workstation is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WorkstationKindV1 {
    /// A cashier's pair of screens.
    Till,
    /// A shopper serves themself.
    Kiosk,
}

/// A place where a cart lives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkstationV1 {
    /// 1 to 999.
    pub number: u16,
    /// What people call it, e.g. `1号台`.
    pub name: String,
    /// Till or kiosk.
    pub kind: WorkstationKindV1,
}

/// What an operator may do, as a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RoleV1 {
    /// Sells.
    Cashier,
    /// Sells, opens drawers, sees the whole store.
    Manager,
}

/// A person who signs in at a workstation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorV1 {
    /// The number they are known by.
    pub number: String,
    /// Their name, on tiles.
    pub name: String,
    /// What they may do.
    pub role: RoleV1,
    /// Their PIN, argon2id in PHC string format.
    pub pin_hash: String,
}

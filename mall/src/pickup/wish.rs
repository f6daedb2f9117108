//! What an online shop asks for, and what it is told.
//!
//! **Invariant:** values only; of a shopper nothing but masks leaves `OrderAsk`.

use domain::{
    id::PickupId,
    member::{NAME_CHARS_MAX, Phone, mask_name},
    pickup::PICKUP_LINES_MAX,
    tender::TenderKind,
};
use serde::{Deserialize, Serialize};
use sync::chain::Hash;
use uuid::Uuid;

use super::PickupError;

/// Signs of a shop's order number or payment reference.
const NUMBER_CHARS_MAX: usize = 64;
/// Pieces of one line: what a person carries away.
const PIECES_MAX: u32 = 999;
/// How long an order is kept where the shop does not say.
const KEEP_DAYS: u16 = 7;
/// A shelf is no warehouse.
const KEEP_DAYS_MAX: u16 = 30;

/// An order for pickup.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrderAsk {
    /// Made by the shop: the same again is the same order.
    pub(crate) id: Uuid,
    /// What shopper and shop call it.
    pub(crate) number: String,
    /// The store's code.
    pub(crate) store: String,
    /// What is ordered.
    pub(crate) lines: Vec<LineAsk>,
    /// How it was paid; an order that was not is set aside, and its goods are sold at the counter.
    #[serde(default)]
    pub(crate) paid: Option<PaidAsk>,
    /// Whose it is.
    #[serde(default)]
    pub(crate) shopper: ShopperAsk,
    /// How many days it is kept, 1 to 30; 7 if not said.
    #[serde(default)]
    pub(crate) keep_days: Option<u16>,
}

/// A cart for pickup that is only to be priced.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct QuoteAsk {
    /// The store's code.
    pub(crate) store: String,
    /// What would be ordered.
    pub(crate) lines: Vec<LineAsk>,
}

/// A line of an order.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LineAsk {
    /// 货号.
    pub(crate) sku: String,
    /// Pieces, 1 to 999.
    pub(crate) quantity: u32,
}

/// How it was paid at the shop.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PaidAsk {
    /// `wechat`, `alipay` or `card`.
    pub(crate) method: TenderKind,
    /// The shop's number of the payment.
    pub(crate) reference: String,
    /// How much, in fen: what the order costs, to the fen.
    pub(crate) amount_minor: i64,
}

/// Whose it is; kept as masks.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShopperAsk {
    /// Their name.
    #[serde(default)]
    name: String,
    /// Their phone number, 11 digits.
    #[serde(default)]
    phone: String,
}

impl std::fmt::Debug for ShopperAsk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ShopperAsk").finish_non_exhaustive()
    }
}

/// That money went back to a shopper.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefundAsk {
    /// The shop's number of it.
    pub(crate) reference: String,
}

impl ShopperAsk {
    /// Name and number as strangers may read them.
    pub(super) fn masked(&self) -> (String, String) {
        let name: String = self.name.trim().chars().take(NAME_CHARS_MAX).collect();
        let phone = Phone::read(&self.phone).map(|phone| phone.to_string()).unwrap_or_default();
        (mask_name(&name), phone)
    }
}

/// A text of a shop: not empty, not long, printable.
pub(super) fn text(text: &str) -> Result<String, PickupError> {
    let text = text.trim();
    let n = text.chars().count();
    let is_good = (1..=NUMBER_CHARS_MAX).contains(&n) && !text.chars().any(char::is_control);
    let refused = PickupError::Malformed("numbers and references have 1 to 64 printable signs");
    if is_good { Ok(text.to_owned()) } else { Err(refused) }
}

impl OrderAsk {
    /// Looks at what can be seen without a database.
    pub(super) fn check(&self) -> Result<(), PickupError> {
        text(&self.number)?;
        check_lines(&self.lines)?;
        if let Some(paid) = &self.paid {
            text(&paid.reference)?;
            match paid.method {
                TenderKind::Wechat | TenderKind::Alipay | TenderKind::Card => {}
                TenderKind::Cash | TenderKind::Voucher | TenderKind::Balance => {
                    return Err(PickupError::Malformed("paid by `wechat`, `alipay` or `card`"));
                }
            }
        }
        if (1..=KEEP_DAYS_MAX).contains(&self.keep_days()) {
            Ok(())
        } else {
            Err(PickupError::Malformed("an order is kept 1 to 30 days"))
        }
    }

    pub(super) fn keep_days(&self) -> u16 {
        self.keep_days.unwrap_or(KEEP_DAYS)
    }

    pub(super) const fn pickup(&self) -> PickupId {
        PickupId::from_uuid(self.id)
    }

    /// What tells the same order from another one under its id. Whose it is is left out: what could
    /// be guessed back from a digest is not kept.
    pub(super) fn digest(&self) -> String {
        let told = (&self.number, &self.store, &self.lines, &self.paid, self.keep_days());
        Hash::of(&serde_json::to_vec(&told).unwrap_or_default()).to_string()
    }
}

/// Looks at lines as far as can be seen without a catalog.
pub(super) fn check_lines(lines: &[LineAsk]) -> Result<(), PickupError> {
    if lines.is_empty() || lines.len() > PICKUP_LINES_MAX {
        return Err(PickupError::Malformed("an order has 1 to 50 lines"));
    }
    match lines.iter().position(|line| !(1..=PIECES_MAX).contains(&line.quantity)) {
        Some(place) => Err(PickupError::Line { line: place + 1, what: "1 to 999 pieces" }),
        None => Ok(()),
    }
}

/// A line as it was sold.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct LineShape {
    pub(super) number: u16,
    pub(super) sku: String,
    pub(super) name: String,
    pub(super) spec: String,
    pub(super) quantity: i64,
    pub(super) list_minor: i64,
    pub(super) amount_minor: i64,
    /// Of a quote: how many the store could promise now. Missing where nobody counted it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) available: Option<i64>,
}

/// A cart for pickup, priced.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct QuoteShape {
    pub(super) store: String,
    pub(super) list_minor: i64,
    pub(super) total_minor: i64,
    pub(super) lines: Vec<LineShape>,
}

/// Money that the shop has to give back.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct RefundShape {
    pub(super) id: String,
    /// `cancelled`, `expired` or `returned`.
    pub(super) why: String,
    pub(super) amount_minor: i64,
    pub(super) made_at: String,
    pub(super) done_at: Option<String>,
    pub(super) reference: String,
}

/// An online order, for the shop that placed it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct OnlineShape {
    pub(super) id: String,
    pub(super) number: String,
    pub(super) store: String,
    pub(super) state: &'static str,
    /// It is set aside: its goods are sold at the counter.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) unpaid: bool,
    pub(super) placed_at: String,
    pub(super) until: String,
    pub(super) total_minor: i64,
    pub(super) lines: Vec<LineShape>,
    /// Eight digits for the shopper to read out; none once it is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<String>,
    /// The same to be shown as a QR code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) token: Option<String>,
    pub(super) ready_at: Option<String>,
    pub(super) ended_at: Option<String>,
    pub(super) refunds: Vec<RefundShape>,
}

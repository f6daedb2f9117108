//! What screens are told, read as a screen reads it.
//!
//! **Invariant:** only what the contract of the screens names; other members are ignored.

use anyhow::{Context as _, Result};
use serde::Deserialize;
use uuid::Uuid;

/// An amount on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Money {
    /// In fen.
    pub amount: i64,
}

/// A line on the counter.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Line {
    /// Its id.
    pub id: Uuid,
    /// 货号.
    pub sku: String,
    /// The code it was scanned by.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Thousandths.
    pub quantity_milli: i64,
    /// Of one piece or kilogram.
    pub list_price: Money,
    /// What is paid for it.
    pub amount: Money,
    /// Whether its quantity came from a label.
    pub label: bool,
    /// `till` or `phone`.
    pub source: String,
}

/// What is on the counter.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Cart {
    /// The order it will become.
    pub order_id: Uuid,
    /// Rises with every change.
    pub revision: u64,
    /// Things on the counter.
    pub pieces: u32,
    /// Its lines.
    pub lines: Vec<Line>,
    /// What is to be paid.
    pub total: Money,
}

/// What is to be paid.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Tender {
    /// Before rounding.
    pub total: Money,
    /// In cash.
    pub cash: CashDue,
}

/// What is to be paid in cash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct CashDue {
    /// What rounding does.
    pub rounding: Money,
    /// What is due.
    pub due: Money,
}

/// The newest order of a workstation.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct LastOrder {
    /// Its id.
    pub id: Uuid,
    /// What is on the paper.
    pub receipt_number: String,
    /// After reductions.
    pub total: Money,
    /// What rounding did.
    pub rounding: Money,
    /// What went back.
    pub change: Money,
    /// Where its receipt stands.
    pub receipt: String,
}

/// What became of the last scan.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct LastScan {
    /// Rises with each scan.
    pub seq: u64,
    /// `added`, `again`, `weighed`, `refused` and so on.
    pub outcome: String,
    /// Why it was refused.
    pub problem: Option<Problem>,
}

/// The line to the mall.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Link {
    /// `up`, `down` or `never`.
    pub mall: String,
    /// Facts that wait.
    pub outbox: u32,
    /// How new the catalog is.
    pub replica: Option<Replica>,
}

/// How new the catalog is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Replica {
    /// The version it holds.
    pub version: i64,
}

/// Something a person should know.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Notice {
    /// What, in a word.
    pub code: String,
}

/// A payment by code.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Payment {
    /// Its id.
    pub id: Uuid,
    /// `wechat` or `alipay`.
    pub method: String,
    /// `sent`, `paying`, `paid`, `refused`, `reversing` or `reversed`.
    pub state: String,
    /// How much.
    pub amount: Money,
    /// Why not.
    pub problem: Option<Problem>,
}

/// Something that may be used of what was looked up.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Offer {
    /// What its house calls it.
    pub title: String,
    /// How many.
    pub count: u32,
    /// What one pays.
    pub worth: Money,
    /// It is a coupon.
    pub reduces: bool,
}

/// A coupon or voucher beside the cart.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Redemption {
    /// Its id.
    pub id: Uuid,
    /// `douyin` or `wechat`.
    pub issuer: String,
    /// `looked_up`, `pending`, `redeemed`, `refused`, `reversing`, `reversed` or `kept`.
    pub state: String,
    /// What may be used.
    pub offers: Vec<Offer>,
    /// What it covers of the total.
    pub amount: Money,
    /// Whether it will be used with the cart.
    pub takes_part: bool,
    /// Why not.
    pub problem: Option<Problem>,
}

/// What other houses have a say in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Rights {
    /// Payments by code of the cart, oldest first.
    pub payments: Vec<Payment>,
    /// Its coupons and vouchers, oldest first.
    pub redemptions: Vec<Redemption>,
    /// Those whose houses are being asked.
    pub looking_up: Vec<Uuid>,
    /// What is still to be paid.
    pub left: Money,
    /// `free`, `taken` or `undecided`.
    pub hold: String,
    /// Whether a payment code may be charged now.
    pub can_charge: bool,
}

/// What a member has, where they have shown that it is they.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Funds {
    /// All points.
    pub points: i64,
    /// Points that may be spent here.
    pub points_here: i64,
    /// All prepaid balance.
    pub balance: Money,
    /// Balance that may be spent here.
    pub balance_here: Money,
}

/// Who buys.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Member {
    /// Masked.
    pub name: String,
    /// Masked.
    pub phone: String,
    /// They showed their own code.
    pub is_proven: bool,
    /// What they have; nothing before they are proven.
    pub funds: Option<Funds>,
    /// Points that pay.
    pub points_spent: i64,
    /// Points that the cart earns.
    pub points_earned: i64,
    /// What balance pays.
    pub balance_part: Money,
}

/// A coupon of the brand's own beside the cart.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct OwnCoupon {
    /// Its id.
    pub id: Uuid,
    /// Whether it will be used with the cart.
    pub takes_part: bool,
}

/// An operator's screen.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct View {
    /// New at each start of the daemon.
    pub boot: Uuid,
    /// Rises with each change.
    pub revision: u64,
    /// `signed-out`, `sell`, `tender` or `done`.
    pub phase: String,
    /// The trading day.
    pub business_date: String,
    /// What is on the counter; nothing without a session.
    pub cart: Option<Cart>,
    /// What is to be paid, on the way to it.
    pub tender: Option<Tender>,
    /// What other houses have a say in; nothing without a session.
    pub rights: Option<Rights>,
    /// Who buys, if they said so.
    pub member: Option<Member>,
    /// Coupons of the brand's own.
    pub coupons: Vec<OwnCoupon>,
    /// The newest order.
    pub last_order: Option<LastOrder>,
    /// What became of the last scan.
    pub last_scan: Option<LastScan>,
    /// The line to the mall.
    pub link: Link,
    /// What a person should know.
    pub notices: Vec<Notice>,
}

impl View {
    /// What other houses have a say in.
    ///
    /// # Errors
    /// When nobody is signed in.
    pub fn rights(&self) -> Result<&Rights> {
        self.rights.as_ref().context("nobody is signed in")
    }

    /// The newest payment of the cart.
    ///
    /// # Errors
    /// When it has none.
    pub fn payment(&self) -> Result<&Payment> {
        self.rights()?.payments.last().context("no payment is shown")
    }

    /// Why the last scan or look-up came to nothing.
    ///
    /// # Errors
    /// When it came to something.
    pub fn refused(&self, slug: &str) -> Result<&Problem> {
        let problem = self.last_scan.as_ref().and_then(|scan| scan.problem.as_ref());
        let named = problem.filter(|problem| problem.r#type == format!("/problems/{slug}"));
        named.with_context(|| format!("{slug} is not told, but {:?}", self.last_scan))
    }

    /// The newest coupon or voucher of the cart.
    ///
    /// # Errors
    /// When it has none.
    pub fn redemption(&self) -> Result<&Redemption> {
        self.rights()?.redemptions.last().context("no coupon or voucher is shown")
    }

    /// Whether a notice is up.
    #[must_use]
    pub fn notes(&self, code: &str) -> bool {
        self.notices.iter().any(|notice| notice.code == code)
    }
}

/// A shopper's screen.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Display {
    /// New at each start of the daemon.
    pub boot: Uuid,
    /// Rises with each change.
    pub revision: u64,
    /// `idle`, `cart`, `tender`, `paid` or `paused`.
    pub phase: String,
    /// What is on the counter.
    pub cart: Option<DisplayCart>,
    /// What was paid.
    pub paid: Option<Paid>,
    /// The link of the QR with which phones join.
    pub join: Option<String>,
}

/// A cart as a shopper sees it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct DisplayCart {
    /// Its lines.
    pub lines: Vec<DisplayLine>,
    /// What is to be paid.
    pub total: Money,
}

/// A line as a shopper sees it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct DisplayLine {
    /// Its name.
    pub name: String,
    /// What is paid for it.
    pub amount: Money,
    /// `till` or `phone`.
    pub source: String,
}

/// What a shopper has paid.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Paid {
    /// The order.
    pub order_id: Uuid,
    /// What went back.
    pub change: Money,
}

/// A completed order as the edge answers it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Order {
    /// Its id.
    pub id: Uuid,
    /// What is on the paper.
    pub receipt_number: String,
    /// After reductions.
    pub total: Money,
    /// What rounding did.
    pub rounding: Money,
    /// What went back.
    pub change: Money,
}

/// The answer to a completion.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Completed {
    /// The order.
    pub order: Order,
    /// The view after it.
    pub view: View,
}

/// A refusal (RFC 9457).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Problem {
    /// `/problems/…`.
    pub r#type: String,
    /// What happened, in a few words.
    pub title: String,
    /// What happened and what is safe.
    pub detail: String,
    /// When to try again.
    #[serde(default)]
    pub retry_after_ms: Option<u64>,
}

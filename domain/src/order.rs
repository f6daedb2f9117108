//! The immutable record of what was sold (订单; ARTS retail transaction).
//!
//! | file | what |
//! | --- | --- |
//! | `order` | orders and how a cart becomes one |
//! | `carry` | what each unit carries of reductions, rounding, tenders and points |
//! | `spread` | amounts split over units that stand in runs |
//! | `condition` | what must stay bought for something to stay given |
//! | `terms` | the conditions and grants of an order, from the quote it was made of |
//! | `grant` | what an order brings beside its goods |
//! | `funding` | who pays for what was saved |
//! | `check` | every sum of an order, for the store, the mall and the tests |
//!
//! **Invariant:** an order is made once, by `complete`, and never edited. `check` holds for every
//! order that `complete` made; the mall runs the same check on what arrives.

mod carry;
mod check;
pub mod condition;
pub mod funding;
mod grant;
mod spread;
mod terms;

use std::borrow::Cow;

pub use check::OrderFault;
pub use condition::Condition;
pub use funding::Saving;
pub use grant::OrderGrant;

use crate::{
    cart::{Cart, CartLine, LineItem},
    id::{LineId, MemberId, OrderId},
    money::{Money, MoneyOverflow},
    pricing::{Lane, Occasion, PriceBook, Quote, QuotedLine, pieces},
    quantity::Quantity,
    receipt_number::ReceiptNumber,
    tender::{CashRounding, Settlement, Tender, TenderKind, TenderRefusal, settle},
    time::Timestamp,
};

/// The seller of an order that nobody rang up: the shopper did, at a kiosk. No operator has this
/// number.
pub const SELF_SERVICE: &str = "kiosk";

/// One line of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderLine {
    /// The line's id, the cart line's own.
    pub id: LineId,
    /// 1, 2, 3 … as on paper.
    pub number: u16,
    /// What was sold.
    pub item: LineItem,
    /// How many or how heavy.
    pub quantity: Quantity,
    /// The amount printed on an in-store label, if that is what counted.
    pub label_amount: Option<Money>,
    /// Before reductions.
    pub list: Money,
    /// What was paid for it.
    pub amount: Money,
    /// The tax inside `amount`.
    pub tax: Money,
    /// What reductions took from it, in the order they took it: `list − amount` in all.
    pub adjustments: Vec<Adjustment>,
    /// What its units carry, side by side from the first unit on, so that a return of any of them
    /// gives back exactly that.
    pub units: Vec<UnitRun>,
}

/// The money a reduction took from one line, with its source (优惠明细; ARTS price modifier).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adjustment {
    /// Who took it.
    pub source: Source,
    /// What people read.
    pub name: String,
    /// In which lane.
    pub lane: Lane,
    /// How much; below zero only where an authorised person raised a price.
    pub amount: Money,
    /// Where the units it took from were given for others that were bought (赠品, 换购): what must
    /// stay bought for that.
    pub condition: Option<Condition>,
}

/// Where a reduction comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A promotion, by its id.
    Rule(String),
    /// A coupon, by its rule's id and its own number.
    Coupon {
        /// The rule.
        rule: String,
        /// The number.
        code: String,
    },
    /// Somebody's hand.
    Manual {
        /// The operator.
        operator: String,
        /// Why.
        reason: String,
    },
}

/// Units of one line that carry the same. All amounts are those of **each** unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitRun {
    /// How many.
    pub units: u32,
    /// Before reductions.
    pub list: Money,
    /// Part of each of the line's adjustments, in their order.
    pub adjustments: Vec<Money>,
    /// `list` less the adjustments.
    pub amount: Money,
    /// Part of the cash rounding (抹零).
    pub rounding: Money,
    /// Part of each tender in the order's order, change taken off cash: `amount + rounding` in all.
    pub tenders: Vec<Money>,
    /// Points that paid for it.
    pub points_spent: i64,
    /// Points it earned.
    pub points_earned: i64,
}

/// What delivery cost. It carries its part of rounding and tenders as a unit of goods does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Before reductions.
    pub fee: Money,
    /// Who waived how much of it: `fee − amount` in all. None in orders of programs that did not
    /// write it down.
    pub adjustments: Vec<Adjustment>,
    /// What was paid for it.
    pub amount: Money,
    /// Its part of the cash rounding.
    pub rounding: Money,
    /// Its part of each tender in the order's order.
    pub tenders: Vec<Money>,
}

/// How an order was priced: with `lines` enough to price it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pricing {
    /// The revision of the rule set; 0 for none.
    pub revision: i64,
    /// The circumstances.
    pub occasion: Occasion,
    /// Points that paid.
    pub points_spent: i64,
    /// Points it earned.
    pub points_earned: i64,
}

/// A completed order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The id that its cart carried.
    pub id: OrderId,
    /// Store, workstation, epoch, business date and sequence.
    pub receipt_number: ReceiptNumber,
    /// The operator's number.
    pub operator: String,
    /// Who bought, if they said so.
    pub member: Option<MemberId>,
    /// When it was completed.
    pub completed_at: Timestamp,
    /// Its lines.
    pub lines: Vec<OrderLine>,
    /// What delivery cost; none at a till.
    pub delivery: Option<Delivery>,
    /// Sum of the lines' lists.
    pub list: Money,
    /// Sum of the lines' amounts and of delivery.
    pub total: Money,
    /// What cash rounding did (抹零).
    pub rounding: Money,
    /// How it was covered.
    pub tenders: Vec<Tender>,
    /// What went back in cash.
    pub change: Money,
    /// How it was priced.
    pub pricing: Pricing,
    /// What it brings beside its goods.
    pub grants: Vec<OrderGrant>,
}

/// What a completion needs besides the cart.
#[derive(Clone, Debug)]
pub struct Completion {
    /// The next number of this workstation.
    pub receipt_number: ReceiptNumber,
    /// The operator's number.
    pub operator: String,
    /// Who buys, if they said so.
    pub member: Option<MemberId>,
    /// Now.
    pub completed_at: Timestamp,
    /// The store's rounding of cash.
    pub rounding: CashRounding,
    /// The circumstances that `quote` was made in.
    pub occasion: Occasion,
}

/// Why a cart does not become an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompleteRefusal {
    /// Nothing on the counter.
    #[error("the cart is empty")]
    Empty,
    /// The tenders do not cover it.
    #[error("the tenders do not settle the total")]
    Tender(#[source] TenderRefusal),
    /// The quote is not that of this cart; its sums do not hold.
    #[error("the quote is not that of the cart")]
    Quote(#[source] OrderFault),
}

/// Turns a cart and its quote into an order.
///
/// The quote must be that of this cart, made with this book in the completion's occasion.
pub fn complete(
    cart: &Cart,
    book: &PriceBook,
    quote: &Quote,
    tenders: &[Tender],
    completion: Completion,
) -> Result<Order, CompleteRefusal> {
    if cart.is_empty() {
        return Err(CompleteRefusal::Empty);
    }
    let Settlement { rounding, tenders, change, .. } =
        settle(quote.total, tenders, completion.rounding).map_err(CompleteRefusal::Tender)?;
    let fee = quote.delivery_fee;
    let paid = fee.minus(quote.delivery_saved).map_err(OrderFault::from);
    let delivery =
        (fee != Money::ZERO).then_some(paid.map_err(CompleteRefusal::Quote)?).map(|amount| {
            Delivery {
                fee,
                adjustments: Vec::new(),
                amount,
                rounding: Money::ZERO,
                tenders: Vec::new(),
            }
        });
    let lines = (1..).zip(cart.lines.iter().zip(&quote.lines));
    let mut order = Order {
        id: cart.order,
        receipt_number: completion.receipt_number,
        operator: completion.operator,
        member: completion.member,
        completed_at: completion.completed_at,
        lines: lines
            .map(|(number, (line, quoted))| OrderLine::bare(number, line, quoted))
            .collect(),
        delivery,
        list: quote.list,
        total: quote.total,
        rounding,
        tenders,
        change,
        pricing: Pricing {
            revision: quote.revision,
            occasion: completion.occasion,
            points_spent: quote.points_spent,
            points_earned: quote.points_earned,
        },
        grants: Vec::new(),
    };
    carry::load(&mut order, book, quote);
    terms::load(&mut order, book, quote);
    order.check().map_err(CompleteRefusal::Quote)?;
    Ok(order)
}

impl OrderLine {
    /// A line without what its units carry.
    fn bare(number: u16, line: &CartLine, quoted: &QuotedLine) -> Self {
        Self {
            id: line.id,
            number,
            item: line.item.clone(),
            quantity: line.quantity,
            label_amount: line.label_amount,
            list: quoted.list,
            amount: quoted.amount,
            tax: quoted.tax,
            adjustments: Vec::new(),
            units: Vec::new(),
        }
    }

    /// How many units it has: pieces, or one that was weighed or labelled.
    #[must_use]
    pub fn n_units(&self) -> u32 {
        let counted = pieces(self.item.unit, self.quantity);
        if self.label_amount.is_some() { 1 } else { counted.max(1) }
    }
}

impl Order {
    /// Pieces sold.
    #[must_use]
    pub fn pieces(&self) -> u32 {
        self.lines.iter().map(|line| pieces(line.item.unit, line.quantity)).sum()
    }

    /// What reductions took, off delivery too.
    pub fn saved(&self) -> Result<Money, MoneyOverflow> {
        let fee = self.delivery.as_ref().map_or(Money::ZERO, |delivery| delivery.fee);
        self.list.plus(fee)?.minus(self.total)
    }

    /// What was to be paid: total + rounding.
    pub fn due(&self) -> Result<Money, MoneyOverflow> {
        self.total.plus(self.rounding)
    }

    /// The tax inside the lines' amounts.
    pub fn tax(&self) -> Result<Money, MoneyOverflow> {
        Money::sum(self.lines.iter().map(|line| line.tax))
    }

    /// What each tender covered: change comes off cash, the last cash first.
    #[must_use]
    pub fn nets(&self) -> Vec<Money> {
        let mut change = self.change.minor();
        let mut nets: Vec<Money> = self.tenders.iter().map(|tender| tender.amount).collect();
        for (net, tender) in nets.iter_mut().zip(&self.tenders).rev() {
            let back = match tender.kind {
                TenderKind::Cash => change.clamp(0, net.minor().max(0)),
                TenderKind::Card
                | TenderKind::Wechat
                | TenderKind::Alipay
                | TenderKind::Voucher
                | TenderKind::Balance => 0,
            };
            change -= back;
            *net = Money::from_minor(net.minor() - back);
        }
        nets
    }

    /// The order with what its units carry. One from before units were written down had no
    /// reductions: its shares follow from its amounts.
    #[must_use]
    pub fn loaded(&self) -> Cow<'_, Self> {
        if self.lines.iter().any(|line| !line.units.is_empty()) {
            return Cow::Borrowed(self);
        }
        let mut order = self.clone();
        carry::load_plain(&mut order);
        Cow::Owned(order)
    }
}

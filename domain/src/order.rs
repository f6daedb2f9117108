//! The immutable record of what was sold (订单; ARTS retail transaction).
//!
//! **Invariant:** an order is made once, by `complete`, and never edited. `check` holds for every
//! order that `complete` made; the mall runs the same check on what arrives.

use crate::{
    cart::{Cart, LineItem},
    id::{LineId, OrderId},
    money::{Money, MoneyOverflow},
    pricing::{Lane, Occasion, PriceBook, Quote, pieces},
    quantity::Quantity,
    receipt_number::ReceiptNumber,
    tender::{CashRounding, Settlement, Tender, TenderKind, TenderRefusal, settle},
    time::Timestamp,
};

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
    /// When it was completed.
    pub completed_at: Timestamp,
    /// Its lines.
    pub lines: Vec<OrderLine>,
    /// Sum of the lists.
    pub list: Money,
    /// Sum of the amounts.
    pub total: Money,
    /// What cash rounding did (抹零).
    pub rounding: Money,
    /// How it was covered.
    pub tenders: Vec<Tender>,
    /// What went back in cash.
    pub change: Money,
    /// How it was priced.
    pub pricing: Pricing,
}

/// What a completion needs besides the cart.
#[derive(Clone, Debug)]
pub struct Completion {
    /// The next number of this workstation.
    pub receipt_number: ReceiptNumber,
    /// The operator's number.
    pub operator: String,
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
    let lines = (1..)
        .zip(cart.lines.iter().zip(&quote.lines))
        .map(|(number, (line, quoted))| OrderLine {
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
        })
        .collect();
    Ok(Order {
        id: cart.order,
        receipt_number: completion.receipt_number,
        operator: completion.operator,
        completed_at: completion.completed_at,
        lines,
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
    })
}

/// A sum that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderFault {
    /// No lines.
    #[error("the order has no lines")]
    NoLines,
    /// The lines do not add up to the order's list or total.
    #[error("the lines do not add up to the total")]
    Lines,
    /// Line numbers are not 1, 2, 3 …
    #[error("the lines are not numbered in order")]
    Numbers,
    /// Tenders − change ≠ total + rounding.
    #[error("the tenders do not cover the total")]
    Tenders,
    /// Change without as much cash, or less than nothing.
    #[error("the change does not come from cash")]
    Change,
    /// A sum beyond counting.
    #[error("an amount is out of range")]
    Overflow,
}

impl From<MoneyOverflow> for OrderFault {
    fn from(_: MoneyOverflow) -> Self {
        Self::Overflow
    }
}

impl Order {
    /// Pieces sold.
    #[must_use]
    pub fn pieces(&self) -> u32 {
        self.lines.iter().map(|line| pieces(line.item.unit, line.quantity)).sum()
    }

    /// What reductions took.
    pub fn saved(&self) -> Result<Money, MoneyOverflow> {
        self.list.minus(self.total)
    }

    /// What was to be paid: total + rounding.
    pub fn due(&self) -> Result<Money, MoneyOverflow> {
        self.total.plus(self.rounding)
    }

    /// Checks that every sum holds to the fen.
    pub fn check(&self) -> Result<(), OrderFault> {
        if self.lines.is_empty() {
            return Err(OrderFault::NoLines);
        }
        if !self.lines.iter().map(|line| line.number).eq((1..).take(self.lines.len())) {
            return Err(OrderFault::Numbers);
        }
        let list = Money::sum(self.lines.iter().map(|line| line.list))?;
        let total = Money::sum(self.lines.iter().map(|line| line.amount))?;
        if list != self.list || total != self.total {
            return Err(OrderFault::Lines);
        }
        let given = Money::sum(self.tenders.iter().map(|t| t.amount))?;
        if given.minus(self.change)? != self.due()? {
            return Err(OrderFault::Tenders);
        }
        let is_cash = |t: &&Tender| t.kind == TenderKind::Cash;
        let cash = Money::sum(self.tenders.iter().filter(is_cash).map(|t| t.amount))?;
        if self.change < Money::ZERO || self.change > cash {
            return Err(OrderFault::Change);
        }
        Ok(())
    }
}

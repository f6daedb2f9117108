//! An order, priced again: does the mall find every fen where the store found it.
//!
//! The order carries what it was priced from: its lines, the revision of the rule set, the
//! occasion. With them the same `domain` makes the whole order again, units and all, and the two
//! are compared. Older programs wrote less down: what an order does not speak of at all is not held
//! against it.
//!
//! **Invariant:** pure but for `look`, which fetches the book. Whatever it finds, the order
//! stands: it happened.

use domain::{
    cart::{Cart, CartLine, LineSource},
    money::Money,
    order::{
        Adjustment, Completion, Condition, Order, OrderGrant, OrderLine, Pricing, Saving, complete,
    },
    pricing::{self, PriceBook, Quote},
    tender::{CASH_MINOR_MAX, CashRounding, TENDERS_MAX, Tender, TenderKind},
};
use sync::wire::OrderV1;

use crate::{
    context::Context,
    db::{DbError, drift::Drift},
    rules::Found,
};

/// Differences that are told one by one; who has seen these looks at the order.
const DIFFERENCES_MAX: usize = 10;
/// A store prices an order in the moment it completes it.
const OCCASION_MS_MAX: i64 = 60_000;
/// Where another house was asked first, prices hold from the first question on, for as long as its
/// answer may be waited for: a day.
const OCCASION_ASKED_MS_MAX: i64 = 86_400_000;
/// Signs of one side of a difference.
const SIDE_CHARS_MAX: usize = 1_000;

/// What pricing an order again found.
#[derive(Clone, Debug, Default)]
pub(super) struct Recomputed {
    /// Where it came out otherwise.
    pub(super) drift: Option<Drift>,
    /// What it saved, and who pays for it by the rules it names.
    pub(super) savings: Vec<Saving>,
}

/// Prices an order again. One without its pricing, from a store that knew none, has nothing to
/// compare.
pub(super) async fn look(context: &Context, order: &OrderV1) -> Result<Recomputed, DbError> {
    // Judged good when it came; what cannot be read now is told as what it is.
    let came = order.clone().into_order();
    let Some(pricing) = &order.pricing else {
        let savings = came.map(|came| savings(&came, None)).unwrap_or_default();
        return Ok(Recomputed { drift: None, savings });
    };
    let found = context.books().find(context, pricing.revision).await?;
    let Ok(came) = came else {
        let drift = drift(pricing.revision, "refused", "the order does not hold", "");
        return Ok(Recomputed { drift: Some(drift), savings: Vec::new() });
    };
    let book = match &found {
        Found::Book(book) => Some(book.as_ref()),
        Found::Unknown | Found::Unfit => None,
    };
    let savings = savings(&came, book);
    Ok(Recomputed { drift: compared(found, came).await, savings })
}

/// The sums of an order that holds fit; were they not to, nothing is told of it.
fn savings(came: &Order, book: Option<&PriceBook>) -> Vec<Saving> {
    came.savings(book).unwrap_or_default()
}

/// Where an order comes out otherwise by the rules it names.
async fn compared(found: Found, came: Order) -> Option<Drift> {
    let (revision, total) = (came.pricing.revision, format!("total {}", came.total));
    let book = match found {
        Found::Book(book) => book,
        Found::Unknown => {
            return Some(drift(revision, "unknown_revision", "", &format!("revision {revision}")));
        }
        Found::Unfit => {
            let expected = "this program cannot compile the rule set";
            return Some(drift(revision, "refused", expected, &format!("revision {revision}")));
        }
    };
    // Off the threads that answer requests, and so that a fault in pricing ends this order's
    // check and nothing else.
    match tokio::task::spawn_blocking(move || compare(&book, &came)).await {
        Ok(Compared::Same) => None,
        Ok(Compared::Differs { expected, came }) => {
            Some(drift(revision, "differs", &expected, &came))
        }
        Ok(Compared::Refused(reason)) => Some(drift(revision, "refused", &reason, &total)),
        Err(_) => Some(drift(revision, "refused", "the pricing broke off", &total)),
    }
}

fn drift(revision: i64, what: &'static str, expected: &str, came: &str) -> Drift {
    Drift { what, revision, expected: short(expected), came: short(came) }
}

fn short(text: &str) -> String {
    text.chars().take(SIDE_CHARS_MAX).collect()
}

/// What came of pricing an order again.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Compared {
    /// Every fen is where it was.
    Same,
    /// Some are not.
    Differs {
        /// What is here.
        expected: String,
        /// What was there.
        came: String,
    },
    /// It cannot be priced.
    Refused(String),
}

fn compare(book: &PriceBook, came: &Order) -> Compared {
    let lines = came.lines.iter().map(cart_line).collect();
    let cart = Cart { lines, ..Cart::open(came.id, 0) };
    let quote = match pricing::quote(book, &cart.lines, &came.pricing.occasion) {
        Ok(quote) => quote,
        Err(refusal) => return Compared::Refused(refusal.to_string()),
    };
    let again = Again { book, came, cart, quote, writes: Writes::of(came) };
    let settled = again.settled();
    // What took from which line does not depend on how it was paid.
    let made =
        settled.clone().or_else(|| again.made(&cards(again.quote.total), CashRounding::None));
    let mut differences = again.amounts(made.as_ref());
    match settled {
        Some(expected) => differences.extend(again.units(&expected)),
        None if differences.is_empty() => {
            let expected = format!("rounding of a total of {}", again.quote.total);
            differences.push((expected, format!("rounding {}", came.rounding)));
        }
        None => {}
    }
    if differences.is_empty() {
        return Compared::Same;
    }
    let told = differences.into_iter().take(DIFFERENCES_MAX);
    let (expected, came): (Vec<String>, Vec<String>) = told.unzip();
    Compared::Differs { expected: expected.join("; "), came: came.join("; ") }
}

/// What the mall has, and what the order says.
type Difference = (String, String);

fn note(found: &mut Vec<Difference>, what: &str, expected: &str, came: &str) {
    if expected != came {
        found.push((format!("{what} {expected}"), format!("{what} {came}")));
    }
}

/// What an order writes down.
#[derive(Clone, Copy, Debug)]
struct Writes {
    grants: bool,
    conditions: bool,
    /// Who waived what of the delivery fee.
    waivers: bool,
}

impl Writes {
    fn of(order: &Order) -> Self {
        let adjustments = order.lines.iter().flat_map(|line| &line.adjustments);
        let mut conditions = adjustments.filter_map(|adjustment| adjustment.condition.as_ref());
        let waivers = order.delivery.as_ref().map(|delivery| &delivery.adjustments);
        Self {
            grants: !order.grants.is_empty(),
            conditions: conditions.any(|condition| *condition != Condition::UNTOLD),
            waivers: waivers.is_some_and(|waivers| !waivers.is_empty()),
        }
    }
}

/// Cards that cover a total; none where nothing is to be paid.
fn cards(total: Money) -> Vec<Tender> {
    let mut left = total.minor();
    let mut cards = Vec::new();
    while left > 0 && cards.len() < TENDERS_MAX {
        let part = left.min(CASH_MINOR_MAX);
        cards.push(Tender { kind: TenderKind::Card, amount: Money::from_minor(part) });
        left -= part;
    }
    cards
}

/// An order and its goods, priced again.
struct Again<'a> {
    book: &'a PriceBook,
    came: &'a Order,
    cart: Cart,
    quote: Quote,
    writes: Writes,
}

impl Again<'_> {
    /// Makes the order with these tenders.
    fn made(&self, tenders: &[Tender], rounding: CashRounding) -> Option<Order> {
        let completion = Completion {
            receipt_number: self.came.receipt_number.clone(),
            operator: self.came.operator.clone(),
            member: self.came.member,
            completed_at: self.came.completed_at,
            rounding,
            occasion: self.came.pricing.occasion.clone(),
        };
        complete(&self.cart, self.book, &self.quote, tenders, completion).ok()
    }

    /// The order as it was settled; `None` if none of our roundings gives its rounding.
    fn settled(&self) -> Option<Order> {
        // Which rounding the store had does not travel; what it did does.
        let made =
            CashRounding::ALL.into_iter().filter_map(|one| self.made(&self.came.tenders, one));
        made.into_iter().find(|made| made.rounding == self.came.rounding)
    }

    /// Totals, lines and what took from them; the latter as an order was made of them.
    fn amounts(&self, made: Option<&Order>) -> Vec<Difference> {
        let (quote, came, mut found) = (&self.quote, self.came, Vec::new());
        note(&mut found, "total", &quote.total.to_string(), &came.total.to_string());
        note(&mut found, "list", &quote.list.to_string(), &came.list.to_string());
        let occasion = &came.pricing.occasion;
        note(&mut found, "store", &came.receipt_number.store.to_string(), &occasion.store);
        let date = occasion.clock.business_date(came.completed_at);
        note(
            &mut found,
            "business date",
            &date.to_string(),
            &came.receipt_number.business_date.to_string(),
        );
        let is_asked = came.tenders.iter().any(|tender| !tender.kind.is_by_hand());
        let ms_max = if is_asked { OCCASION_ASKED_MS_MAX } else { OCCASION_MS_MAX };
        if occasion.at.ms_since(came.completed_at).abs() > ms_max {
            let expected = came.completed_at.to_string();
            note(&mut found, "priced at", &expected, &occasion.at.to_string());
        }
        let delivered = quote.delivery_fee.minus(quote.delivery_saved).unwrap_or_default();
        let paid = came.delivery.as_ref().map_or(Money::ZERO, |delivery| delivery.amount);
        note(&mut found, "delivery", &delivered.to_string(), &paid.to_string());
        let points = |spent: i64, earned: i64| format!("{spent} spent, {earned} earned");
        let expected = points(quote.points_spent, quote.points_earned);
        let Pricing { points_spent, points_earned, .. } = came.pricing;
        note(&mut found, "points", &expected, &points(points_spent, points_earned));
        if let Some(made) = made.filter(|_| self.writes.grants) {
            note(&mut found, "grants", &grants(made), &grants(came));
        }
        let takers = |line: &OrderLine| adjustments(&line.adjustments, self.writes.conditions);
        let made = made.iter().flat_map(|made| &made.lines);
        let expected_takers = made.map(takers).map(Some).chain(std::iter::repeat(None));
        let lines = came.lines.iter().zip(&quote.lines).zip(expected_takers);
        for ((line, expected), expected_takers) in lines {
            let what = |what: &str| format!("line {} {what}", line.number);
            let sums = [
                ("list", expected.list, line.list),
                ("amount", expected.amount, line.amount),
                ("tax", expected.tax, line.tax),
            ];
            for (name, expected, came) in sums {
                note(&mut found, &what(name), &expected.to_string(), &came.to_string());
            }
            if let Some(expected) = expected_takers {
                note(&mut found, &what("adjustments"), &expected, &takers(line));
            }
        }
        found
    }

    /// What units and delivery carry.
    fn units(&self, expected: &Order) -> Vec<Difference> {
        let mut found = Vec::new();
        for (expected, came) in expected.lines.iter().zip(&self.came.lines) {
            let what = format!("line {} units", came.number);
            let (a, b) = (format!("{:?}", expected.units), format!("{:?}", came.units));
            note(&mut found, &what, &a, &b);
        }
        let (mut a, b) = (expected.delivery.clone(), &self.came.delivery);
        if !self.writes.waivers {
            a.iter_mut().for_each(|delivery| delivery.adjustments.clear());
        }
        note(&mut found, "delivery carries", &format!("{a:?}"), &format!("{b:?}"));
        found
    }
}

fn cart_line(line: &OrderLine) -> CartLine {
    CartLine {
        id: line.id,
        position: u32::from(line.number),
        item: line.item.clone(),
        quantity: line.quantity,
        label_amount: line.label_amount,
        is_labelled: line.label_amount.is_some(),
        source: LineSource::default(),
    }
}

fn adjustments(adjustments: &[Adjustment], with_conditions: bool) -> String {
    let one = |adjustment: &Adjustment| {
        let Adjustment { source, name, lane, amount, condition } = adjustment;
        let condition = condition.as_ref().filter(|_| with_conditions);
        let on = condition.map(|condition| format!(" on {condition:?}"));
        format!("{name} ({source:?}, {}) {amount}{}", lane.word(), on.unwrap_or_default())
    };
    adjustments.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// What an order brings beside its goods.
fn grants(order: &Order) -> String {
    let one = |grant: &OrderGrant| {
        let OrderGrant { source, name, what, coupon, times, amount, condition, of } = grant;
        format!(
            "{name} ({source:?}) {what:?} {coupon} x{times} {amount} on {condition:?} of {of:?}"
        )
    };
    order.grants.iter().map(one).collect::<Vec<_>>().join(", ")
}

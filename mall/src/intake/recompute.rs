//! An order, priced again: does the mall find every fen where the store found it.
//!
//! The order carries what it was priced from: its lines, the revision of the rule set, the
//! occasion. With them the same `domain` makes the whole order again, units and all, and the two
//! are compared.
//!
//! **Invariant:** pure but for `drift`, which fetches the book. Whatever it finds, the order
//! stands: it happened.

use domain::{
    cart::{Cart, CartLine},
    money::Money,
    order::{Completion, Order, OrderLine, Pricing, complete},
    pricing::{self, PriceBook, Quote},
    tender::{CashRounding, Tender, TenderKind},
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
/// Signs of one side of a difference.
const SIDE_CHARS_MAX: usize = 1_000;

/// Prices an order again; `None` when it comes out the same, or came without its pricing from a
/// store that knew none.
pub(super) async fn drift(context: &Context, order: &OrderV1) -> Result<Option<Drift>, DbError> {
    let Some(pricing) = &order.pricing else {
        return Ok(None);
    };
    let revision = pricing.revision;
    let found = |what, expected: String, came: String| {
        Ok(Some(Drift { what, revision, expected: short(&expected), came: short(&came) }))
    };
    let book = match context.books().find(context, revision).await? {
        Found::Book(book) => book,
        Found::Unknown => {
            return found("unknown_revision", String::new(), format!("revision {revision}"));
        }
        Found::Unfit => {
            let expected = "this program cannot compile the rule set".to_owned();
            return found("refused", expected, format!("revision {revision}"));
        }
    };
    // Judged good when it came; what cannot be read now is told as what it is.
    let Ok(came) = order.clone().into_order() else {
        return found("refused", "the order does not hold".to_owned(), String::new());
    };
    let total = came.total;
    // Off the threads that answer requests, and so that a fault in pricing ends this order's
    // check and nothing else.
    let compared = tokio::task::spawn_blocking(move || compare(&book, &came)).await;
    match compared {
        Ok(Compared::Same) => Ok(None),
        Ok(Compared::Differs { expected, came }) => found("differs", expected, came),
        Ok(Compared::Refused(reason)) => found("refused", reason, format!("total {total}")),
        Err(_) => found("refused", "the pricing broke off".to_owned(), format!("total {total}")),
    }
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
    let again = Again { book, came, cart, quote };
    let (mut differences, is_settled) = (again.amounts(), again.settled());
    match is_settled {
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

/// An order and its goods, priced again.
struct Again<'a> {
    book: &'a PriceBook,
    came: &'a Order,
    cart: Cart,
    quote: Quote,
}

impl Again<'_> {
    /// Makes the order with these tenders.
    fn made(&self, tenders: &[Tender], rounding: CashRounding) -> Option<Order> {
        let completion = Completion {
            receipt_number: self.came.receipt_number.clone(),
            operator: self.came.operator.clone(),
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

    /// Totals, lines and what took from them.
    fn amounts(&self) -> Vec<Difference> {
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
        if occasion.at.ms_since(came.completed_at).abs() > OCCASION_MS_MAX {
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
        // What took from which line does not depend on how it was paid.
        let card = Tender { kind: TenderKind::Card, amount: quote.total };
        let made = self.made(&[card], CashRounding::None);
        let takers = made.iter().flat_map(|made| &made.lines).map(adjustments);
        let takers = takers.map(Some).chain(std::iter::repeat(None));
        for ((line, expected), takers) in came.lines.iter().zip(&quote.lines).zip(takers) {
            let what = |what: &str| format!("line {} {what}", line.number);
            let sums = [
                ("list", expected.list, line.list),
                ("amount", expected.amount, line.amount),
                ("tax", expected.tax, line.tax),
            ];
            for (name, expected, came) in sums {
                note(&mut found, &what(name), &expected.to_string(), &came.to_string());
            }
            if let Some(takers) = takers {
                note(&mut found, &what("adjustments"), &takers, &adjustments(line));
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
        let (a, b) = (&expected.delivery, &self.came.delivery);
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
    }
}

fn adjustments(line: &OrderLine) -> String {
    let one = |adjustment: &domain::order::Adjustment| {
        let domain::order::Adjustment { source, name, lane, amount, gift_for } = adjustment;
        let gift = gift_for.as_ref().map(|lines| format!(" for {lines:?}")).unwrap_or_default();
        format!("{name} ({source:?}, {}) {amount}{gift}", lane.word())
    };
    line.adjustments.iter().map(one).collect::<Vec<_>>().join(", ")
}

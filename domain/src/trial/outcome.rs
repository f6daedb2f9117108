//! What came of a cart: its quote, its order, its returns, and why there is none.
//!
//! **Invariant:** keeps what `pricing`, `order` and `returns` answered; `rows` shows it.

use std::sync::Arc;

use super::{
    after::{Afterwards, Shop, carry_out},
    counter::Counter,
    rows::{finding, order_rows},
    set_up::{Circumstances, Ready},
};
use crate::{
    cart::{Cart, CartRefusal},
    order::{CompleteRefusal, Completion, Order, complete},
    pricing::{Note, Occasion, PriceBook, Quote, QuoteRefusal, check::Finding, quote, trace},
    tender::{CashRounding, Tender},
};

/// The number that every order of a trial gets; it is never stored.
pub(super) const RECEIPT_NUMBER: &str = "SH001-1-1-20261121-0001";

/// What can be shown beside amounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// The tax inside each line and in all.
    Tax,
    /// Below each line, what each reduction took from it.
    Lines,
    /// Below each line, what its units cost.
    Units,
    /// What is missing to the next step of each rule.
    Next,
    /// Why each rule did what it did, by its code.
    Why,
    /// The same in Chinese sentences.
    Trace,
    /// The same in English ones.
    TraceEn,
}

impl Detail {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Tax, Self::Lines, Self::Units, Self::Next, Self::Why, Self::Trace, Self::TraceEn];

    /// The word in a trial.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Tax => "tax",
            Self::Lines => "lines",
            Self::Units => "units",
            Self::Next => "next",
            Self::Why => "why",
            Self::Trace => "trace",
            Self::TraceEn => "trace-en",
        }
    }

    /// Takes back what `word` gave.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|detail| detail.word() == word)
    }
}

/// How far a cart of a trial came.
#[derive(Clone, Debug)]
pub enum Priced {
    /// The rules are not fit to be in force.
    NoRules(Vec<Finding>),
    /// The cart has no quote.
    NoQuote(QuoteRefusal),
    /// A quote, and what tenders made of it.
    Quoted(Box<Quoted>),
}

/// A cart with its price.
#[derive(Clone, Debug)]
pub struct Quoted {
    /// The rules, shared by all carts of the trial.
    pub book: Arc<PriceBook>,
    /// The quote.
    pub quote: Quote,
    /// A note for every rule of the book, in its order.
    pub notes: Vec<Note>,
    /// The order, or why there is none; `None` while nobody paid.
    pub order: Option<Result<Box<Order>, CompleteRefusal>>,
}

/// What came of one cart of a trial.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Where its happenings begin in the trial, from 1.
    pub line: u32,
    /// What must come of it, one blank between words, if the trial says so.
    pub expected: Option<Vec<String>>,
    /// The cart as it stood.
    pub cart: Cart,
    /// What the cart refused on the way.
    pub refusals: Vec<CartRefusal>,
    /// The circumstances.
    pub occasion: Occasion,
    /// What the trial asks to be shown.
    pub show: Vec<Detail>,
    /// What it costs.
    pub priced: Priced,
    /// What came of the returns and exchanges, in order.
    pub afterwards: Vec<Afterwards>,
}

impl Outcome {
    pub(super) fn of(
        counter: Counter<'_>,
        ready: &Ready,
        line: u32,
        expected: Option<Vec<String>>,
    ) -> Self {
        let is_closed = counter.is_closed;
        let Counter { circumstances, cart, refusals, tenders, after, .. } = counter;
        let Circumstances { occasion, rounding, policy, show } = circumstances;
        let priced = match ready {
            Err(findings) => Priced::NoRules(findings.clone()),
            Ok(book) => match quote(book, &cart.lines, &occasion) {
                Err(refusal) => Priced::NoQuote(refusal),
                Ok(quote) => {
                    let notes = trace(book, &quote, &occasion);
                    let order = is_closed
                        .then(|| settle(&cart, book, &quote, &tenders, rounding, &occasion));
                    Priced::Quoted(Box::new(Quoted { book: Arc::clone(book), quote, notes, order }))
                }
            },
        };
        let afterwards = match (&priced, ready) {
            (Priced::Quoted(quoted), Ok(book)) => {
                let order = quoted.order.as_ref().and_then(|order| order.as_ref().ok());
                let shop = Shop { book, occasion: &occasion, policy: &policy, rounding };
                carry_out(shop, order.map(AsRef::as_ref), &after)
            }
            (Priced::Quoted(_) | Priced::NoQuote(_) | Priced::NoRules(_), _) => Vec::new(),
        };
        Self { line, expected, cart, refusals, occasion, show, priced, afterwards }
    }

    /// The rows of this cart, with the details that the trial asks for.
    #[must_use]
    pub fn rows(&self) -> Vec<String> {
        self.rows_with(&self.show)
    }

    /// The rows of this cart with these details.
    #[must_use]
    pub fn rows_with(&self, show: &[Detail]) -> Vec<String> {
        let refused = self.refusals.iter().map(|refusal| format!("refused {refusal}"));
        match &self.priced {
            Priced::NoRules(findings) => findings.iter().map(finding).collect(),
            Priced::NoQuote(refusal) => refused.chain([format!("refused {refusal}")]).collect(),
            Priced::Quoted(quoted) => {
                let mut rows = Vec::new();
                for (at, (line, amounts)) in
                    self.cart.lines.iter().zip(&quoted.quote.lines).enumerate()
                {
                    rows.extend(self.line_rows(quoted, at, line, amounts, show));
                }
                rows.extend(refused);
                rows.extend(self.quote_rows(quoted, show));
                rows.extend(quoted.order.iter().flat_map(order_rows));
                for (number, one) in (1..).zip(&self.afterwards) {
                    rows.extend(one.rows(number, show));
                }
                rows
            }
        }
    }
}

fn settle(
    cart: &Cart,
    book: &PriceBook,
    quote: &Quote,
    tenders: &[Tender],
    rounding: CashRounding,
    occasion: &Occasion,
) -> Result<Box<Order>, CompleteRefusal> {
    let Ok(receipt_number) = RECEIPT_NUMBER.parse() else {
        return Err(CompleteRefusal::Empty);
    };
    let completion = Completion {
        receipt_number,
        operator: "1001".to_owned(),
        member: None,
        completed_at: occasion.at,
        rounding,
        occasion: occasion.clone(),
    };
    complete(cart, book, quote, tenders, completion).map(Box::new)
}

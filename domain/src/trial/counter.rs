//! What happens at the counter: scans, coupons, reductions by hand, tenders.
//!
//! **Invariant:** what `cart` refuses is remembered and shown; only what cannot be read stops the
//! trial.

use uuid::Uuid;

use super::{
    after::{After, read_exchange, read_grant, read_return},
    set_up::{Circumstances, SetUp},
    step_text,
    words::{Unclear, Words, unclear},
};
use crate::{
    barcode::Label,
    cart::{Addition, Cart, CartRefusal, Change, LineItem, Measure, Step},
    id::{Id, LineId},
    money::{BasisPoints, Money},
    pricing::occasion::Manual,
    quantity::Quantity,
    tender::{Tender, TenderKind},
};

/// A counter on which one cart of a trial comes together.
#[derive(Clone, Debug)]
pub(super) struct Counter<'a> {
    items: &'a [LineItem],
    pub(super) circumstances: Circumstances,
    pub(super) cart: Cart,
    steps: Vec<Step>,
    pub(super) refusals: Vec<CartRefusal>,
    pub(super) tenders: Vec<Tender>,
    /// Somebody paid, or said that it is done.
    pub(super) is_closed: bool,
    /// What happens after the order.
    pub(super) after: Vec<After>,
    n_lines: u128,
}

impl<'a> Counter<'a> {
    /// An empty counter.
    pub(super) fn open(set_up: &'a SetUp) -> Self {
        Self {
            items: &set_up.items,
            circumstances: set_up.circumstances.clone(),
            cart: Cart::open(Id::from_uuid(Uuid::from_u128(1)), 0),
            steps: Vec::new(),
            refusals: Vec::new(),
            tenders: Vec::new(),
            is_closed: false,
            after: Vec::new(),
            n_lines: 0,
        }
    }

    /// One line of happenings.
    pub(super) fn happen(&mut self, words: &mut Words) -> Result<(), Unclear> {
        if let Some(done) = self.change(words)? {
            match done {
                Ok(change) => self.steps.push(change.step),
                Err(refusal) => self.refusals.push(refusal),
            }
        } else if words.takes("undo") {
            match self.steps.pop() {
                Some(step) => self.cart.undo(step),
                None => return unclear("there is nothing to undo"),
            }
        } else if words.takes("manual") {
            let manual = self.manual(words)?;
            self.circumstances.occasion.manuals.push(manual);
        } else if let Some(kind) = words.peek().and_then(TenderKind::from_word) {
            words.needs(kind.word())?;
            self.is_closed = true;
            self.tenders.push(Tender { kind, amount: words.money()? });
        } else if words.takes("done") {
            self.is_closed = true;
        } else if words.takes("return") {
            self.after.push(read_return(words, self.items)?);
        } else if words.takes("grant") {
            self.after.push(read_grant(words)?);
        } else if words.takes("exchange") {
            self.after.push(read_exchange(words, self.items)?);
        } else if !self.circumstances.line(words)? {
            return unclear(format!(
                "`{}` does not happen at a counter; write scan, pack, label, count, void, undo, \
                 manual, coupon, choose, points, member, a tender, done, grant, return or exchange",
                words.peek().unwrap_or_default()
            ));
        }
        words.end()
    }

    /// Changes the cart, if the line is about that.
    fn change(
        &mut self,
        words: &mut Words,
    ) -> Result<Option<Result<Change, CartRefusal>>, Unclear> {
        let done = if words.takes("scan") {
            let first = words.name("an item")?;
            if words.is_done() {
                self.add(&first, Measure::Pack(Quantity::ONE))?
            } else {
                let quantity = quantity(&first)?;
                self.add(&words.name("an item")?, Measure::Given(quantity))?
            }
        } else if words.takes("pack") {
            let quantity = words.quantity()?;
            self.add(&words.name("an item")?, Measure::Pack(quantity))?
        } else if words.takes("label") {
            let key = words.name("an item")?;
            self.add(&key, Measure::Labelled(label(words)?))?
        } else if words.takes("count") {
            let line = self.line(&words.name("an item")?)?;
            self.cart.set_quantity(line, words.quantity()?)
        } else if words.takes("void") {
            if words.takes("all") {
                Ok(self.cart.void_all())
            } else {
                let line = self.line(&words.name("an item")?)?;
                self.cart.void_line(line)
            }
        } else {
            return Ok(None);
        };
        Ok(Some(done))
    }

    fn add(&mut self, key: &str, measure: Measure) -> Result<Result<Change, CartRefusal>, Unclear> {
        let Some(item) = self.items.iter().find(|item| item.sku == key).cloned() else {
            return unclear(format!("there is no item `{key}`"));
        };
        self.n_lines += 1;
        // The first hundred are left for ids of other kinds.
        let line = Id::from_uuid(Uuid::from_u128(100 + self.n_lines));
        Ok(self.cart.add(Addition { line, item, measure }))
    }

    fn line(&self, key: &str) -> Result<LineId, Unclear> {
        match self.cart.lines.iter().find(|line| line.item.sku == key) {
            Some(line) => Ok(line.id),
            None => unclear(format!("there is no line of `{key}` on the counter")),
        }
    }

    /// `manual line tea 5.00 off reason damaged by 1001 max 20% may raise`, `manual order to 95% …`.
    fn manual(&self, words: &mut Words) -> Result<Manual, Unclear> {
        let line = if words.takes("order") {
            None
        } else {
            words.needs("line")?;
            Some(self.line(&words.name("an item")?)?)
        };
        let mut manual = Manual {
            line,
            cut: step_text::cut(words)?,
            reason: String::new(),
            operator: String::new(),
            off_max: BasisPoints(0),
            may_raise: false,
        };
        words.needs("reason")?;
        manual.reason = words.name("a reason")?;
        words.needs("by")?;
        manual.operator = words.name("an operator")?;
        words.needs("max")?;
        manual.off_max = words.rate()?;
        if words.takes("may") {
            words.needs("raise")?;
            manual.may_raise = true;
        }
        Ok(manual)
    }
}

fn quantity(text: &str) -> Result<Quantity, Unclear> {
    Words::of(text)?.quantity()
}

/// `452 g`, `579 fen`, or both.
fn label(words: &mut Words) -> Result<Label, Unclear> {
    let mut label = Label { plu: String::new(), weight: None, amount: None };
    while !words.is_done() {
        let value = words.number("a number of g or fen")?;
        if words.takes("g") {
            label.weight = Some(Quantity::from_milli(value));
        } else {
            words.needs("fen")?;
            label.amount = Some(Money::from_minor(value));
        }
    }
    Ok(label)
}

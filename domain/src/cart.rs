//! What is on the counter: lines that may still change, each step of which can be taken back.
//!
//! A line carries the item as it was when it was scanned: the price that the shopper was shown is
//! the price that counts, even if the catalog changes or loses the item meanwhile.
//!
//! **Invariant:** no sums here (`pricing` quotes), no id minted, lines in the order of scanning.

use serde::{Deserialize, Serialize};

use crate::{
    barcode::Label,
    catalog::{Item, Unit},
    id::{LineId, OrderId},
    money::{BasisPoints, Money},
    quantity::Quantity,
};

/// A receipt of two metres.
pub const CART_LINES_MAX: usize = 200;
/// Steps that can be taken back; more than a person remembers.
pub const UNDO_STEPS_MAX: usize = 50;

/// The item as a line remembers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineItem {
    /// 货号.
    pub sku: String,
    /// The code it was scanned by in 14 digits, or its PLU or SKU.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Spec, size and colour.
    pub spec: String,
    /// Pieces or kilograms.
    pub unit: Unit,
    /// 原价 of one piece or kilogram.
    pub list_price: Money,
    /// Tax inside the price.
    pub tax_rate: BasisPoints,
    /// 款号; empty for none.
    #[serde(default)]
    pub style: String,
    /// The variant's colour; empty for none.
    #[serde(default)]
    pub colour: String,
    /// The variant's size; empty for none.
    #[serde(default)]
    pub size: String,
    /// The brand; may be empty.
    #[serde(default)]
    pub brand: String,
    /// Path in the category tree; may be empty.
    #[serde(default)]
    pub category: String,
    /// HQ's tags.
    #[serde(default)]
    pub tags: Vec<String>,
}

impl LineItem {
    /// Takes from an item what its line must remember.
    #[must_use]
    pub fn of(item: &Item, code: &str) -> Self {
        Self {
            sku: item.sku.clone(),
            code: code.to_owned(),
            name: item.name.clone(),
            spec: item.spec_line(),
            unit: item.unit,
            list_price: item.list_price,
            tax_rate: item.tax_rate,
            style: item.style.clone(),
            colour: item.colour.clone(),
            size: item.size.clone(),
            brand: item.brand.clone(),
            category: item.category.clone(),
            tags: item.tags.clone(),
        }
    }
}

/// Who put a line into the cart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LineSource {
    /// Somebody at the workstation.
    #[default]
    Till,
    /// The shopper, on a phone of their own (手机); nobody of the store has seen the goods yet.
    Phone,
}

impl LineSource {
    const fn is_till(&self) -> bool {
        matches!(self, Self::Till)
    }
}

/// One line of a cart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartLine {
    /// Its id, made where it was scanned.
    pub id: LineId,
    /// Rises with each line; a line that comes back by undo takes its old place.
    pub position: u32,
    /// What is sold.
    pub item: LineItem,
    /// How many or how heavy.
    pub quantity: Quantity,
    /// The amount printed on an in-store label; it counts as printed.
    pub label_amount: Option<Money>,
    /// Whether quantity came from a label, so that nobody counts it up or types over it.
    pub is_labelled: bool,
    /// Who put it there.
    #[serde(default, skip_serializing_if = "LineSource::is_till")]
    pub source: LineSource,
}

/// What goes into a cart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addition {
    /// The id that a new line would take.
    pub line: LineId,
    /// What is sold.
    pub item: LineItem,
    /// How many or how heavy.
    pub measure: Measure,
}

/// How an addition says how much it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Nobody said: one pack of so many pieces. Goods sold by weight need more than that.
    Pack(Quantity),
    /// Typed, or read from a scale.
    Given(Quantity),
    /// Printed on an in-store label.
    Labelled(Label),
}

impl Measure {
    /// The quantity it means for this item, and the amount where a label prints one.
    ///
    /// A label with an amount alone tells the weight by the item's price, to the gram; the amount
    /// counts as printed either way.
    fn of(self, item: &LineItem) -> Result<(Quantity, Option<Money>), CartRefusal> {
        match (self, item.unit) {
            (Self::Pack(_), Unit::Kg) => Err(CartRefusal::NeedsWeight),
            (Self::Pack(quantity) | Self::Given(quantity), _) => Ok((quantity, None)),
            (Self::Labelled(label), Unit::Piece) => Ok((Quantity::ONE, label.amount)),
            (Self::Labelled(Label { weight: Some(weight), amount, .. }), Unit::Kg) => {
                Ok((weight, amount))
            }
            (Self::Labelled(label), Unit::Kg) => {
                let (amount, price) =
                    (label.amount.unwrap_or_default().minor(), item.list_price.minor().max(1));
                let milli = (amount.saturating_mul(1_000) + price / 2) / price;
                Ok((Quantity::from_milli(milli), label.amount))
            }
        }
    }
}

/// The way back of one change: each line it touched as it was, or that it was not there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The lines that were touched.
    pub touched: Vec<Touched>,
}

/// A line that a change touched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touched {
    /// Which line.
    pub line: LineId,
    /// How it stood before; `None`: it was not in the cart.
    pub before: Option<CartLine>,
}

/// What a change did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A new line.
    Added,
    /// The same item again: its line counts up.
    Again,
    /// A line's quantity was set.
    Counted,
    /// Lines went off.
    Voided,
}

/// A change that was made: what it did, and the way back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What it did.
    pub outcome: Outcome,
    /// The way back.
    pub step: Step,
}

/// Why a cart stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CartRefusal {
    /// `CART_LINES_MAX` lines already.
    #[error("the cart is full")]
    Full,
    /// Not more than nothing, or beyond `QUANTITY_MILLI_MAX`.
    #[error("the quantity is out of range")]
    Quantity,
    /// Half a piece.
    #[error("pieces are whole")]
    NotWhole,
    /// A kilogram price without a weight.
    #[error("the item is sold by weight")]
    NeedsWeight,
    /// The quantity came from a label.
    #[error("the quantity is printed on the label")]
    Labelled,
    /// No such line (any more).
    #[error("the line is not in the cart")]
    NoSuchLine,
}

/// A cart, known by the id of the order it will become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cart {
    /// The id of its order.
    pub order: OrderId,
    /// Rises with every change, so that a stale screen is noticed.
    pub revision: u64,
    /// Its lines by position.
    pub lines: Vec<CartLine>,
    /// The line touched last, which screens show large.
    pub newest: Option<LineId>,
}

impl Cart {
    /// An empty cart that will become this order. Revisions go on counting from the workstation's
    /// last cart, so that no two moments of a workstation share one.
    #[must_use]
    pub const fn open(order: OrderId, revision: u64) -> Self {
        Self { order, revision, lines: Vec::new(), newest: None }
    }

    /// Nothing on the counter.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// A line by its id.
    #[must_use]
    pub fn line(&self, id: LineId) -> Option<&CartLine> {
        self.lines.iter().find(|line| line.id == id)
    }

    /// Puts something on the counter. The same item at the same price counts its line up;
    /// what was weighed is a line of its own, because each pack weighs what it weighs.
    pub fn add(&mut self, addition: Addition) -> Result<Change, CartRefusal> {
        self.add_from(LineSource::Till, addition)
    }

    /// The same for what somebody else put there: it counts up only a line of the same source, so
    /// that what nobody at the till has seen stays marked.
    pub fn add_from(
        &mut self,
        source: LineSource,
        addition: Addition,
    ) -> Result<Change, CartRefusal> {
        let Addition { line: id, item, measure } = addition;
        let is_labelled = matches!(measure, Measure::Labelled(_));
        let (quantity, label_amount) = measure.of(&item)?;
        check_quantity(item.unit, quantity)?;
        let is_counted = |unit| !is_labelled && unit == Unit::Piece;
        let same = self.lines.iter().find(|line| {
            is_counted(line.item.unit)
                && !line.is_labelled
                && line.source == source
                && line.item.is_same_goods(&item)
        });
        if let Some(line) = same {
            let (id, sum) = (line.id, line.quantity.plus(quantity));
            let mut change = self.set_quantity(id, sum)?;
            change.outcome = Outcome::Again;
            return Ok(change);
        }
        if self.lines.len() >= CART_LINES_MAX {
            return Err(CartRefusal::Full);
        }
        let position = self.lines.last().map_or(1, |line| line.position + 1);
        let line = CartLine { id, position, item, quantity, label_amount, is_labelled, source };
        self.lines.push(line);
        Ok(self.changed(Outcome::Added, id, None, Some(id)))
    }

    /// Takes in the lines of a shopper's own cart as one step: all of them, or none. They keep the
    /// price that the shopper was shown.
    pub fn take_in(
        &mut self,
        source: LineSource,
        lines: Vec<CartLine>,
    ) -> Result<Change, CartRefusal> {
        let before = self.clone();
        let mut touched: Vec<Touched> = Vec::new();
        for CartLine { id, item, quantity, .. } in lines {
            let addition = Addition { line: id, item, measure: Measure::Given(quantity) };
            match self.add_from(source, addition) {
                Ok(change) => touched.extend(change.step.touched),
                Err(refusal) => {
                    *self = before;
                    return Err(refusal);
                }
            }
        }
        // Of a line that was touched twice, what it was at first is the way back.
        let mut known = Vec::new();
        touched.retain(|t| {
            let is_first = !known.contains(&t.line);
            known.push(t.line);
            is_first
        });
        self.revision = before.revision + 1;
        Ok(Change { outcome: Outcome::Added, step: Step { touched } })
    }

    /// Sets how many there are of a line.
    pub fn set_quantity(&mut self, id: LineId, quantity: Quantity) -> Result<Change, CartRefusal> {
        let line =
            self.lines.iter_mut().find(|line| line.id == id).ok_or(CartRefusal::NoSuchLine)?;
        if line.is_labelled {
            return Err(CartRefusal::Labelled);
        }
        check_quantity(line.item.unit, quantity)?;
        let before = line.clone();
        line.quantity = quantity;
        Ok(self.changed(Outcome::Counted, id, Some(before), Some(id)))
    }

    /// Takes a line off (作废).
    pub fn void_line(&mut self, id: LineId) -> Result<Change, CartRefusal> {
        let place =
            self.lines.iter().position(|line| line.id == id).ok_or(CartRefusal::NoSuchLine)?;
        let before = self.lines.remove(place);
        let newest = self.lines.last().map(|line| line.id);
        Ok(self.changed(Outcome::Voided, id, Some(before), newest))
    }

    /// Takes every line off, as one step.
    pub fn void_all(&mut self) -> Change {
        let before = std::mem::take(&mut self.lines);
        let touched =
            before.into_iter().map(|line| Touched { line: line.id, before: Some(line) }).collect();
        self.revision += 1;
        self.newest = None;
        Change { outcome: Outcome::Voided, step: Step { touched } }
    }

    /// Takes a change back. Steps must come in the reverse order of the changes.
    pub fn undo(&mut self, step: Step) {
        let is_touched = |line: &CartLine| step.touched.iter().any(|t| t.line == line.id);
        self.lines.retain(|line| !is_touched(line));
        let back: Vec<CartLine> = step.touched.into_iter().filter_map(|t| t.before).collect();
        let newest = back.last().map(|line| line.id);
        self.lines.extend(back);
        self.lines.sort_by_key(|line| line.position);
        self.newest = newest.or(self.lines.last().map(|line| line.id));
        self.revision += 1;
    }

    fn changed(
        &mut self,
        outcome: Outcome,
        line: LineId,
        before: Option<CartLine>,
        newest: Option<LineId>,
    ) -> Change {
        self.revision += 1;
        self.newest = newest;
        Change { outcome, step: Step { touched: vec![Touched { line, before }] } }
    }
}

impl LineItem {
    /// Whether two scans mean one line: same SKU at the same price, by whatever barcode.
    fn is_same_goods(&self, other: &Self) -> bool {
        self.sku == other.sku && self.list_price == other.list_price && self.unit == other.unit
    }
}

fn check_quantity(unit: Unit, quantity: Quantity) -> Result<(), CartRefusal> {
    match unit {
        Unit::Piece | Unit::Kg if !quantity.is_sellable() => Err(CartRefusal::Quantity),
        Unit::Piece if !quantity.is_whole() => Err(CartRefusal::NotWhole),
        Unit::Piece | Unit::Kg => Ok(()),
    }
}

//! A cart that nobody has, priced with its trace: what a rule would do, before it does.
//!
//! **Invariant:** nothing is kept; the answer is what a store would say of the same cart, byte for
//! byte.

use std::{collections::HashMap, sync::Arc};

use domain::{
    barcode::Label,
    cart::{Addition, CART_LINES_MAX, Cart, CartLine, CartRefusal, LineItem, Measure},
    id::{LineId, OrderId},
    money::{Money, UNIT_PRICE_MINOR_MAX},
    pricing::{self, Occasion, PriceBook, QuoteRefusal, RuleSet, explain::Language},
    quantity::Quantity,
    tender::{CashRounding, Settlement, Tender, TenderRefusal, settle},
    time::StoreClock,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sync::wire::{ItemV1, QuoteV1, TenderV1};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    books::Found,
    inspect::look,
    shapes::{CheckShape, RulesError},
};
use crate::{
    context::Context,
    db::{DbError, items::sku_key, items_read, stores},
    settings,
};

/// A cart to be priced.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(as = Ask)]
pub(crate) struct Ask {
    /// What is on the counter, in order, at most 200 lines.
    pub(crate) lines: Vec<AskLine>,
    /// The occasion as orders record it. `at` is now and `clock` the store's own if not said.
    #[schema(value_type = Object)]
    pub(crate) occasion: Map<String, Value>,
    /// How it is paid, for the change and the rounding of cash; may be left out.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    pub(crate) tenders: Vec<TenderV1>,
    /// With the rules of this revision; with those in force if not said.
    #[serde(default)]
    pub(crate) revision: Option<i64>,
    /// Or with these rules, which need not have been saved.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub(crate) set: Option<RuleSet>,
}

/// A line of a cart to be priced.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(as = AskLine)]
pub(crate) struct AskLine {
    /// 货号.
    pub(crate) sku: String,
    /// Thousandths of a piece or kilogram; one piece if neither this nor a label is given.
    #[serde(default)]
    pub(crate) quantity_milli: Option<i64>,
    /// The amount on an in-store label, in fen.
    #[serde(default)]
    pub(crate) label_amount_minor: Option<i64>,
    /// Its id, if the occasion names lines.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) id: Option<LineId>,
}

/// Why a cart was not priced.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PreviewError {
    /// Over `CART_LINES_MAX`.
    #[error("{0} lines are more than {CART_LINES_MAX}")]
    TooManyLines(usize),
    /// No such SKU on sale.
    #[error("line {line}: there is no such SKU on sale")]
    Sku {
        /// Counted from 1.
        line: usize,
    },
    /// A label's amount below zero or beyond `UNIT_PRICE_MINOR_MAX`.
    #[error("line {line}: the label's amount is out of range")]
    Label {
        /// Counted from 1.
        line: usize,
    },
    /// A counter would not take it.
    #[error("line {line}: {refusal}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// Why.
        refusal: CartRefusal,
    },
    /// The occasion is not one.
    #[error("the occasion is not understood: {0}")]
    Occasion(String),
    /// Both a revision and a set.
    #[error("give a revision or a set, not both")]
    Both,
    /// The set has faults.
    #[error("the rule set has {} faults", .0.n_errors)]
    Faults(Box<CheckShape>),
    /// It has no quote.
    #[error(transparent)]
    Quote(#[from] QuoteRefusal),
    /// The tenders do not settle it.
    #[error("the tenders do not settle the total: {0}")]
    Tender(#[from] TenderRefusal),
    /// The rule set is not there, too large, or could not be read.
    #[error(transparent)]
    Rules(#[from] RulesError),
}

impl From<DbError> for PreviewError {
    fn from(error: DbError) -> Self {
        Self::Rules(error.into())
    }
}

/// A quote, and how tenders settle it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Preview {
    /// The quote as edge and mall write it.
    #[serde(flatten)]
    quote: QuoteV1,
    /// Only where tenders were given.
    #[serde(skip_serializing_if = "Option::is_none")]
    settlement: Option<SettlementShape>,
}

/// How tenders settle a total.
#[derive(Clone, Copy, Debug, Serialize)]
struct SettlementShape {
    /// What the rounding of cash did, in fen.
    rounding_minor: Money,
    /// Total and rounding.
    due_minor: Money,
    /// What goes back in cash.
    change_minor: Money,
}

/// Prices a cart.
pub(crate) async fn preview(
    context: &Context,
    ask: Ask,
    language: Language,
) -> Result<Preview, PreviewError> {
    let Ask { lines, occasion, tenders, revision, set } = ask;
    if lines.len() > CART_LINES_MAX {
        return Err(PreviewError::TooManyLines(lines.len()));
    }
    let book = book(context, revision, set).await?;
    let mut tx = context.db().read("read what a cart holds").await?;
    let code = occasion.get("store").and_then(Value::as_str).unwrap_or_default();
    let store = stores::by_code(&mut tx, code).await?;
    let rounding = match &store {
        Some(store) => settings::rounding(&mut tx, store).await?,
        None => CashRounding::None,
    };
    let store = store.map(|row| row.store);
    let keys: Vec<String> = lines.iter().map(|line| sku_key(&line.sku)).collect();
    let items = items_read::by_keys(&mut tx, &keys).await?;
    drop(tx);
    let clock = store.as_ref().map_or_else(StoreClock::default, |store| store.clock);
    let occasion = filled(occasion, clock, context.now().micros())?;
    let lines = cart_lines(&lines, &items)?;
    // A cart of non-stacking rules is searched for its best price: not for a thread of requests.
    let priced = tokio::task::spawn_blocking(move || {
        let quote = pricing::quote(&book, &lines, &occasion)?;
        let settled = settled(&quote, &tenders, rounding)?;
        let notes = pricing::trace(&book, &quote, &occasion);
        let quote = QuoteV1::of(&book, &quote, &notes, language);
        Ok(Preview { quote, settlement: settled })
    });
    priced.await.map_err(|_| RulesError::CutOff)?
}

async fn book(
    context: &Context,
    revision: Option<i64>,
    set: Option<RuleSet>,
) -> Result<Arc<PriceBook>, PreviewError> {
    let revision = match (revision, set) {
        (Some(_), Some(_)) => return Err(PreviewError::Both),
        (None, Some(set)) => {
            let now = StoreClock::default().local_moment(context.now());
            let looked = tokio::task::spawn_blocking(move || look(set, now));
            let (inspected, candidate) = looked.await.map_err(|_| RulesError::CutOff)??;
            let faults = || PreviewError::Faults(Box::new(inspected.check));
            return candidate.map(|one| Arc::new(one.book)).ok_or_else(faults);
        }
        (Some(revision), None) => revision,
        (None, None) => {
            let mut tx = context.db().read("read a rule set").await?;
            let head = crate::db::rules::current(&mut tx).await?;
            head.map_or(0, |head| head.revision)
        }
    };
    match context.books().find(context, revision).await? {
        Found::Book(book) => Ok(book),
        Found::Unknown | Found::Unfit => Err(RulesError::Unknown(revision).into()),
    }
}

/// The occasion with what may be left out.
fn filled(
    mut occasion: Map<String, Value>,
    clock: StoreClock,
    now_micros: i64,
) -> Result<Occasion, PreviewError> {
    let clock = json!({
        "utc_offset_minutes": clock.utc_offset_minutes,
        "day_cut_minutes": clock.day_cut_minutes,
    });
    occasion.entry("at").or_insert_with(|| now_micros.into());
    occasion.entry("clock").or_insert(clock);
    occasion.entry("store").or_insert_with(|| String::new().into());
    serde_json::from_value(Value::Object(occasion))
        .map_err(|error| PreviewError::Occasion(error.to_string()))
}

/// The lines as a counter would have taken them, each for itself.
fn cart_lines(
    asked: &[AskLine],
    items: &HashMap<String, ItemV1>,
) -> Result<Vec<CartLine>, PreviewError> {
    (1_usize..).zip(asked).map(|(number, line)| cart_line(number, line, items)).collect()
}

fn cart_line(
    number: usize,
    asked: &AskLine,
    items: &HashMap<String, ItemV1>,
) -> Result<CartLine, PreviewError> {
    let missing = PreviewError::Sku { line: number };
    let item = items.get(&sku_key(&asked.sku)).cloned().ok_or(missing)?.into_item();
    let quantity = asked.quantity_milli.map(Quantity::from_milli);
    let amount = asked.label_amount_minor.map(Money::from_minor);
    if amount.is_some_and(|amount| !(0..=UNIT_PRICE_MINOR_MAX).contains(&amount.minor())) {
        return Err(PreviewError::Label { line: number });
    }
    let measure = match (quantity, amount) {
        (weight, Some(amount)) => {
            let plu = item.plu.clone();
            Measure::Labelled(Label { plu, weight, amount: Some(amount) })
        }
        (Some(quantity), None) => Measure::Given(quantity),
        (None, None) => Measure::Pack(Quantity::ONE),
    };
    let plain = LineId::from_uuid(Uuid::from_u128(u128::try_from(number).unwrap_or_default()));
    let id = asked.id.unwrap_or(plain);
    let mut cart = Cart::open(OrderId::from_uuid(Uuid::nil()), 0);
    let addition = Addition { line: id, item: LineItem::of(&item, &item.sku), measure };
    let refused = |refusal| PreviewError::Line { line: number, refusal };
    cart.add(addition).map_err(refused)?;
    let position = u32::try_from(number).unwrap_or(u32::MAX);
    let line = cart.lines.pop().ok_or(PreviewError::Sku { line: number })?;
    Ok(CartLine { position, ..line })
}

fn settled(
    quote: &pricing::Quote,
    tenders: &[TenderV1],
    rounding: CashRounding,
) -> Result<Option<SettlementShape>, TenderRefusal> {
    if tenders.is_empty() {
        return Ok(None);
    }
    let tenders: Vec<Tender> =
        tenders.iter().map(|t| Tender { kind: t.kind, amount: t.amount_minor }).collect();
    let Settlement { rounding, due, change, .. } = settle(quote.total, &tenders, rounding)?;
    Ok(Some(SettlementShape { rounding_minor: rounding, due_minor: due, change_minor: change }))
}

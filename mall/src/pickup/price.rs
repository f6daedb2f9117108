//! An online order, priced by the engine that prices at the tills, for the channel `mall`.
//!
//! **Invariant:** what is kept can be priced again: revision, occasion, and what each unit carries.

use std::{collections::HashMap, sync::Arc};

use domain::{
    cart::{Addition, Cart, LineItem, Measure},
    catalog::Unit,
    id::{LineId, OrderId},
    money::Money,
    order::{Completion, Order, complete},
    pricing::{self, Occasion, rule::Channel},
    quantity::Quantity,
    receipt_number::{ReceiptNumber, WORKSTATION_MAX},
    tender::{CashRounding, Tender, TenderKind},
    time::Timestamp,
};
use sync::wire::{ItemV1, StoreV1};
use uuid::Uuid;

use super::{PickupError, wish::LineAsk};
use crate::{
    context::Context,
    db::{Conn, items::sku_key, items_read, rules},
    rules::Found,
};

/// What stands where a receipt says by whom it was made.
const OPERATOR: &str = "online";

/// What is to be priced.
pub(super) struct Pricing<'a> {
    /// The order's id, or any for a quote.
    pub(super) id: Uuid,
    /// Where it waits.
    pub(super) store: &'a StoreV1,
    /// What is ordered.
    pub(super) lines: &'a [LineAsk],
    /// How it is paid.
    pub(super) method: TenderKind,
    /// Now.
    pub(super) now: Timestamp,
}

/// Prices an order; it is not kept.
pub(super) async fn price(
    context: &Context,
    tx: &mut Conn,
    asked: Pricing<'_>,
) -> Result<Order, PickupError> {
    let keys: Vec<String> = asked.lines.iter().map(|line| sku_key(&line.sku)).collect();
    let items = items_read::by_keys(tx, &keys).await?;
    let cart = cart(&asked, &items)?;
    let revision = rules::current(tx).await?.map_or(0, |head| head.revision);
    let book = match context.books().find(context, revision).await? {
        Found::Book(book) => book,
        // A set that this program cannot use prices nothing, as in a store.
        Found::Unknown | Found::Unfit => Arc::default(),
    };
    let (store, method, completed_at) = (asked.store, asked.method, asked.now);
    let mut occasion = Occasion::at_till(store.code.clone(), store.clock, asked.now);
    occasion.channel = Channel::Mall;
    let receipt_number = ReceiptNumber {
        store: store.code.parse().map_err(|_| PickupError::Malformed("the store has no code"))?,
        // It stands on no paper: people know an online order by its shop's number.
        workstation: WORKSTATION_MAX,
        epoch: 1,
        business_date: store.clock.business_date(asked.now),
        sequence: 1,
    };
    // Off the threads that answer requests: a cart of non-stacking rules is searched.
    let priced = tokio::task::spawn_blocking(move || {
        let quote = pricing::quote(&book, &cart.lines, &occasion).ok()?;
        let tenders = match quote.total {
            Money::ZERO => Vec::new(),
            amount => vec![Tender { kind: method, amount }],
        };
        let completion = Completion {
            receipt_number,
            operator: OPERATOR.to_owned(),
            member: None,
            completed_at,
            rounding: CashRounding::None,
            occasion,
        };
        complete(&cart, &book, &quote, &tenders, completion).ok()
    });
    let priced = priced.await.ok().flatten();
    priced.ok_or(PickupError::Malformed("the cart cannot be priced"))
}

/// The lines as a counter would have taken them.
fn cart(asked: &Pricing<'_>, items: &HashMap<String, ItemV1>) -> Result<Cart, PickupError> {
    let mut cart = Cart::open(OrderId::from_uuid(asked.id), 0);
    for (line, number) in asked.lines.iter().zip(1_usize..) {
        let refused = |what| PickupError::Line { line: number, what };
        let found = items.get(&sku_key(&line.sku)).cloned();
        let item = found.ok_or_else(|| refused("no such item is on sale"))?.into_item();
        if item.unit != Unit::Piece {
            return Err(refused("goods by weight cannot be ordered for pickup"));
        }
        // Ids of lines are made of the order's, so that the same order is the same bytes.
        let id = asked.id.as_u128() ^ u128::try_from(number).unwrap_or_default();
        let addition = Addition {
            line: LineId::from_uuid(Uuid::from_u128(id)),
            item: LineItem::of(&item, &item.sku),
            measure: Measure::Given(Quantity::from_milli(i64::from(line.quantity) * 1_000)),
        };
        cart.add(addition).map_err(|_| refused("the cart does not take it"))?;
    }
    Ok(cart)
}

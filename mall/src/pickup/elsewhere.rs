//! An item that a store lacks and another one has (留货): found, and set aside there for a shopper
//! who comes and pays.
//!
//! It is an order like any other that nobody paid yet: promised from the stock of the store that has
//! it, put together and handed over by its code, and then sold at the counter there.
//!
//! **Invariant:** only what a store has is set aside, a few pieces at a time, and never for long.

use domain::{catalog::Unit, quantity::Quantity};
use sync::{
    replica::StoreId,
    wire::{
        ASIDE_PIECES_MAX, AsideV1, ElsewhereFoundV1, ElsewhereV1, STORES_FOUND_MAX, SetAsideV1,
        StoreFoundV1,
    },
};

use super::{
    PickupError,
    place::place,
    wish::{LineAsk, OrderAsk, ShopperAsk},
};
use crate::{
    context::Context,
    db::{Conn, items::sku_key, items_read, online_orders, stock, stores},
};

/// Somebody who wants it comes within so many days; others want it too.
const KEEP_DAYS: u16 = 3;
/// Orders of one store's shoppers that are open elsewhere: a screen that anybody may touch must not
/// empty the shelves of a town. Two who ask at once may go one beyond.
const OPEN_MAX: i64 = 50;
/// Of an order's id, what people read out.
const NUMBER_DIGITS: u128 = 1_000_000;
const MILLI: i64 = 1_000;

/// In whose name a store's shoppers order: no shop has such a name with a blank before it.
fn name_of(store: &str) -> String {
    format!(" {store}")
}

fn check(pieces: u32) -> Result<Quantity, PickupError> {
    if (1..=ASIDE_PIECES_MAX).contains(&pieces) {
        Ok(Quantity::from_milli(i64::from(pieces) * MILLI))
    } else {
        Err(PickupError::Line { line: 1, what: "1 to 3 pieces are set aside" })
    }
}

/// Which other stores could promise so many of an item, those with most of it first.
pub(crate) async fn find(
    context: &Context,
    asking: StoreId,
    ask: &ElsewhereV1,
) -> Result<ElsewhereFoundV1, PickupError> {
    let wished = check(ask.pieces)?;
    let mut tx = context.db().read("find an item in other stores").await?;
    let sku = on_sale(&mut tx, &ask.sku).await?;
    let mut held = stock::of_item(&mut tx, &sku_key(&sku)).await?;
    held.retain(|(store, stock)| *store != asking && stock.available() >= wished);
    held.sort_by_key(|(store, stock)| (-stock.available().milli(), *store));
    let mut found = ElsewhereFoundV1::default();
    for (store, stock) in held.into_iter().take(STORES_FOUND_MAX) {
        let Some(row) = stores::by_id(&mut tx, store).await? else { continue };
        found.stores.push(StoreFoundV1 {
            store: row.store.code,
            name: row.store.name,
            available: u32::try_from(stock.available().milli() / MILLI).unwrap_or(u32::MAX),
        });
    }
    Ok(found)
}

/// The SKU of an item that is sold by the piece, as the catalog spells it.
async fn on_sale(tx: &mut Conn, sku: &str) -> Result<String, PickupError> {
    let key = sku_key(sku);
    let found = items_read::by_keys(tx, std::slice::from_ref(&key)).await?;
    let item = found.get(&key).filter(|item| item.unit == Unit::Piece);
    let item = item.ok_or(PickupError::Line { line: 1, what: "no such item is on sale" })?;
    Ok(item.sku.clone())
}

/// Sets an item aside in another store. The same again is the same order.
pub(crate) async fn set_aside(
    context: &Context,
    asking: StoreId,
    ask: &SetAsideV1,
) -> Result<AsideV1, PickupError> {
    check(ask.pieces)?;
    let mut tx = context.db().read("set an item aside").await?;
    let from = stores::code(&mut tx, asking).await?;
    if from == ask.store {
        return Err(PickupError::Malformed("what a store has itself it sells itself"));
    }
    let name = name_of(&from);
    let is_new = online_orders::by_id(&mut tx, ask.id).await?.is_none();
    let n_open = online_orders::open_of_shop(&mut tx, &name).await?;
    drop(tx);
    if is_new && n_open >= OPEN_MAX {
        return Err(PickupError::Full(n_open));
    }
    let order = OrderAsk {
        id: ask.id.uuid(),
        number: format!("{from}-{:06}", ask.id.uuid().as_u128() % NUMBER_DIGITS),
        store: ask.store.clone(),
        lines: vec![LineAsk { sku: ask.sku.clone(), quantity: ask.pieces }],
        paid: None,
        shopper: ShopperAsk::default(),
        keep_days: Some(KEEP_DAYS),
    };
    let placed = place(context, &name, &order).await?;
    let (Some(code), Some(token)) = (placed.code, placed.token) else {
        // Asked again after it was over.
        return Err(PickupError::Taken);
    };
    let until = placed.until.parse().map_err(|_| PickupError::Code)?;
    Ok(AsideV1 { number: placed.number, until, code, token })
}

//! An order is placed: priced, promised and kept in one transaction; or it is refused.

use std::collections::BTreeMap;

use domain::{
    id::PickupId,
    order::{Order, OrderLine},
    pickup::PickupState,
    quantity::Quantity,
    stock::Stock,
    tender::TenderKind,
    time::Timestamp,
};
use sync::{
    replica::Scope,
    token::{Subject, Token},
    wire::OrderV1,
};
use tracing::info;
use uuid::Uuid;

use super::{
    PickupError, code_of,
    price::{Pricing, price},
    wish::{
        LineShape, OnlineShape, OrderAsk, QuoteAsk, QuoteShape, RefundShape, check_lines, text,
    },
};
use crate::{
    context::Context,
    db::{
        self, Conn, DbError, damaged,
        items::sku_key,
        online_orders::{self, OnlineRow, Promise},
        pickup_cases::{self, RefundRow},
        scope,
        stock::{self, Movement},
        stores::{self, StoreRow},
    },
};

/// Codes that are tried before an order gets none. Two of a store's thousand open orders share one
/// of a hundred million with a chance of 1 in 100,000, so a second try helps.
const ATTEMPTS_MAX: u32 = 20;
const DAY_MS: i64 = 86_400_000;

/// Places an order of a shop. The same again is the same order.
pub(crate) async fn place(
    context: &Context,
    shop: &str,
    ask: &OrderAsk,
) -> Result<OnlineShape, PickupError> {
    let doing = "place an online order";
    ask.check()?;
    let mut tx = context.db().read(doing).await?;
    if let Some(known) = known(&mut tx, shop, ask).await? {
        return shape(context, &mut tx, &known).await;
    }
    let store = store(&mut tx, &ask.store).await?;
    let now = context.now();
    let (lines, method) = (ask.lines.as_slice(), ask.paid.method);
    let asked = Pricing { id: ask.id, store: &store.store, lines, method, now };
    let order = price(context, &mut tx, asked).await?;
    drop(tx);
    if order.total.minor() != ask.paid.amount_minor {
        return Err(PickupError::Price { total: order.total });
    }
    let mut tx = context.db().write(doing).await?;
    if let Some(known) = known(&mut tx, shop, ask).await? {
        return shape(context, &mut tx, &known).await;
    }
    let promises = promise(&mut tx, &store, &order).await?;
    let version = scope::raise(&mut tx, Scope::Store(store.id), now).await?;
    for (sku, quantity) in by_sku(&promises) {
        let movement = Movement { reserved: quantity, ..Movement::default() };
        stock::shift(&mut tx, (store.id, &sku), movement, (now, version)).await?;
    }
    let row = row(context, &mut tx, (shop, ask), (&store, &order), (now, version)).await?;
    online_orders::insert(&mut tx, &row, &promises).await?;
    let shape = shape(context, &mut tx, &row).await?;
    db::commit(tx, doing).await?;
    let n = promises.len();
    info!(store.id = %store.id, pickup.id = %row.id, lines = n, "An online order was placed");
    Ok(shape)
}

/// The order that is held under the id of a wish; another one's id is refused.
async fn known(
    tx: &mut Conn,
    shop: &str,
    ask: &OrderAsk,
) -> Result<Option<OnlineRow>, PickupError> {
    match online_orders::by_id(tx, ask.pickup()).await? {
        Some(held) if held.shop == shop && held.digest == ask.digest() => Ok(Some(held)),
        Some(_) => Err(PickupError::Taken),
        None => Ok(None),
    }
}

async fn store(tx: &mut Conn, code: &str) -> Result<StoreRow, PickupError> {
    let found = stores::by_code(tx, code).await?;
    found.ok_or_else(|| PickupError::Store(code.chars().take(12).collect()))
}

/// What would be promised, if all of it is there.
async fn promise(
    tx: &mut Conn,
    store: &StoreRow,
    order: &Order,
) -> Result<Vec<Promise>, PickupError> {
    let promise = |line: &OrderLine| Promise {
        number: line.number,
        sku: line.item.sku.clone(),
        quantity: line.quantity,
    };
    let promises: Vec<Promise> = order.lines.iter().map(promise).collect();
    let wished = by_sku(&promises);
    let keys: Vec<String> = wished.keys().map(|sku| sku_key(sku)).collect();
    let held = stock::of_items(tx, store.id, &keys).await?;
    for (sku, quantity) in wished {
        // What nobody ever counted is promised to nobody.
        let stock = held.get(&sku_key(&sku)).map_or_else(Stock::default, |(_, stock)| *stock);
        stock
            .promise(quantity)
            .map_err(|short| PickupError::Short { sku, available: short.available })?;
    }
    Ok(promises)
}

fn by_sku(promises: &[Promise]) -> BTreeMap<String, Quantity> {
    let mut sums: BTreeMap<String, Quantity> = BTreeMap::new();
    for promise in promises {
        let sum = sums.entry(promise.sku.clone()).or_default();
        *sum = sum.plus(promise.quantity);
    }
    sums
}

async fn row(
    context: &Context,
    tx: &mut Conn,
    (shop, ask): (&str, &OrderAsk),
    (store, order): (&StoreRow, &Order),
    (now, version): (Timestamp, i64),
) -> Result<OnlineRow, PickupError> {
    let secret = context.vault().codes()?;
    let open = online_orders::open_of_store(tx, store.id).await?;
    let taken: Vec<String> =
        open.iter().map(|(id, attempt)| sync::pickup::code_of(&secret, *id, *attempt)).collect();
    let id = ask.pickup();
    let free = (0..ATTEMPTS_MAX)
        .map(|attempt| (attempt, sync::pickup::code_of(&secret, id, attempt)))
        .find(|(_, code)| !taken.contains(code));
    let (attempt, code) = free.ok_or(PickupError::Code)?;
    let seal = context.vault().seal_of(store.id)?;
    let (shopper, phone) = ask.shopper.masked();
    let body = serde_json::to_string(&OrderV1::of(order))
        .map_err(|_| damaged("write an online order as JSON"))?;
    Ok(OnlineRow {
        store: store.id,
        id,
        shop: shop.to_owned(),
        digest: ask.digest(),
        number: text(&ask.number)?,
        state: PickupState::Placed,
        placed_at: now,
        until: now.plus_ms(i64::from(ask.keep_days()) * DAY_MS),
        shopper,
        phone,
        method: ask.paid.method.word().to_owned(),
        reference: text(&ask.paid.reference)?,
        attempt,
        code_hash: sync::pickup::code_hash(&seal, id, &code),
        total: order.total,
        body,
        ready_at: None,
        ended_at: None,
        version,
        is_gone: false,
    })
}

/// An order of a shop.
pub(crate) async fn show(
    context: &Context,
    shop: &str,
    id: Uuid,
) -> Result<OnlineShape, PickupError> {
    let mut tx = context.db().read("read an online order").await?;
    let held = own(&mut tx, shop, id).await?;
    shape(context, &mut tx, &held).await
}

/// An order by its id, if it is this shop's.
pub(super) async fn own(tx: &mut Conn, shop: &str, id: Uuid) -> Result<OnlineRow, PickupError> {
    let found = online_orders::by_id(tx, PickupId::from_uuid(id)).await?;
    found.filter(|order| order.shop == shop).ok_or(PickupError::Unknown)
}

/// The priced order of a row.
pub(crate) fn order_of(row: &OnlineRow) -> Result<Order, DbError> {
    let doing = "read an online order";
    let told: OrderV1 = serde_json::from_str(&row.body).map_err(|_| damaged(doing))?;
    told.into_order().map_err(|_| damaged(doing))
}

fn lines_of(order: &Order) -> Vec<LineShape> {
    let line = |line: &OrderLine| LineShape {
        number: line.number,
        sku: line.item.sku.clone(),
        name: line.item.name.clone(),
        spec: line.item.spec.clone(),
        quantity: line.quantity.milli() / 1_000,
        list_minor: line.list.minor(),
        amount_minor: line.amount.minor(),
        available: None,
    };
    order.lines.iter().map(line).collect()
}

/// An order as its shop is told it.
pub(super) async fn shape(
    context: &Context,
    tx: &mut Conn,
    row: &OnlineRow,
) -> Result<OnlineShape, PickupError> {
    let order = order_of(row)?;
    let (code, token) = if row.state.is_open() {
        (Some(code_of(context, row)?), Some(token_of(context, tx, row).await?))
    } else {
        (None, None)
    };
    let refund = |due: RefundRow| RefundShape {
        id: due.id,
        why: due.why,
        amount_minor: due.amount.minor(),
        made_at: due.made_at.to_string(),
        done_at: due.done_at.map(|at| at.to_string()),
        reference: due.reference,
    };
    let refunds = pickup_cases::refunds(tx, row.store, row.id).await?;
    Ok(OnlineShape {
        id: row.id.to_string(),
        number: row.number.clone(),
        store: stores::code(tx, row.store).await?,
        state: row.state.word(),
        placed_at: row.placed_at.to_string(),
        until: row.until.to_string(),
        total_minor: row.total.minor(),
        lines: lines_of(&order),
        code,
        token,
        ready_at: row.ready_at.map(|at| at.to_string()),
        ended_at: row.ended_at.map(|at| at.to_string()),
        refunds: refunds.into_iter().map(refund).collect(),
    })
}

/// The same code as a signed token. Ed25519 makes the same token of the same fields each time, until
/// another key signs.
async fn token_of(
    context: &Context,
    tx: &mut Conn,
    row: &OnlineRow,
) -> Result<String, PickupError> {
    let seconds = |at: Timestamp| u32::try_from(at.micros() / 1_000_000).unwrap_or(u32::MAX);
    let token = Token {
        from_s: seconds(row.placed_at),
        until_s: seconds(row.until),
        subject: Subject::Pickup { pickup: row.id, store: row.store },
    };
    Ok(context.vault().sign(tx, &token, context.now()).await?)
}

/// Prices a cart for pickup, and says how much of it the store could promise.
pub(crate) async fn quote(context: &Context, ask: &QuoteAsk) -> Result<QuoteShape, PickupError> {
    check_lines(&ask.lines)?;
    let mut tx = context.db().read("price an online order").await?;
    let store = store(&mut tx, &ask.store).await?;
    let (now, lines) = (context.now(), ask.lines.as_slice());
    let method = TenderKind::Card;
    let asked = Pricing { id: Uuid::nil(), store: &store.store, lines, method, now };
    let order = price(context, &mut tx, asked).await?;
    let keys: Vec<String> = order.lines.iter().map(|line| sku_key(&line.item.sku)).collect();
    let held = stock::of_items(&mut tx, store.id, &keys).await?;
    let mut shapes = lines_of(&order);
    for line in &mut shapes {
        let stock = held.get(&sku_key(&line.sku)).map(|(_, stock)| stock.available());
        line.available = stock.map(|stock| stock.milli().max(0) / 1_000);
    }
    Ok(QuoteShape {
        store: store.store.code,
        list_minor: order.list.minor(),
        total_minor: order.total.minor(),
        lines: shapes,
    })
}

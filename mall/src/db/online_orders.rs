//! Online orders that wait in a store.
//!
//! **Invariant:** what an order is never changes; where it stands changes with a version of its
//! store's feed, in the transaction that moves the stock.

use domain::{
    id::PickupId, money::Money, pickup::PickupState, quantity::Quantity, time::Timestamp,
};
use sqlx::{AssertSqlSafe, Row as _, any::AnyRow};
use sync::replica::StoreId;
use uuid::Uuid;

use super::{Conn, DbError, damaged, moment, sql};

/// What stands for the way of paying of an order that nobody paid yet.
pub(crate) const AT_THE_COUNTER: &str = "counter";

/// An online order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OnlineRow {
    /// Where it waits.
    pub(crate) store: StoreId,
    /// Its id.
    pub(crate) id: PickupId,
    /// By whose token it was placed.
    pub(crate) shop: String,
    /// Digest of what was asked.
    pub(crate) digest: String,
    /// What people call it.
    pub(crate) number: String,
    /// Where it stands.
    pub(crate) state: PickupState,
    /// When it was placed.
    pub(crate) placed_at: Timestamp,
    /// Until when it is kept.
    pub(crate) until: Timestamp,
    /// The shopper's name, masked.
    pub(crate) shopper: String,
    /// Their number, masked.
    pub(crate) phone: String,
    /// How it was paid.
    pub(crate) method: String,
    /// By which number of the shop's.
    pub(crate) reference: String,
    /// Which of the codes its id gives.
    pub(crate) attempt: u32,
    /// What its code must hash to.
    pub(crate) code_hash: String,
    /// What was paid.
    pub(crate) total: Money,
    /// The priced order, its JSON.
    pub(crate) body: String,
    /// When it lay ready.
    pub(crate) ready_at: Option<Timestamp>,
    /// When it was over.
    pub(crate) ended_at: Option<Timestamp>,
    /// The version that made it so.
    pub(crate) version: i64,
    /// It is over for so long that stores forget it.
    pub(crate) is_gone: bool,
}

impl OnlineRow {
    /// Its goods are only set aside: they leave the store by a sale at the counter.
    pub(crate) fn is_unpaid(&self) -> bool {
        self.method == AT_THE_COUNTER
    }
}

/// Goods that are promised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Promise {
    /// The line's number.
    pub(crate) number: u16,
    /// 货号.
    pub(crate) sku: String,
    /// How many.
    pub(crate) quantity: Quantity,
}

const COLUMNS: &str = "store_id, id, shop, digest, number, state, placed_at, until_at, shopper, \
     phone, method, reference, attempt, code_hash, total_minor, body, ready_at, ended_at, version, \
     gone";

fn row(row: &AnyRow) -> Result<OnlineRow, DbError> {
    let doing = "read an online order";
    let text = |place: usize| row.try_get::<String, _>(place).map_err(sql(doing));
    let number = |place: usize| row.try_get::<i64, _>(place).map_err(sql(doing));
    Ok(OnlineRow {
        store: StoreId(number(0)?),
        id: text(1)?.parse().map_err(|_| damaged(doing))?,
        shop: text(2)?,
        digest: text(3)?,
        number: text(4)?,
        state: PickupState::from_word(&text(5)?).ok_or_else(|| damaged(doing))?,
        placed_at: Timestamp::from_micros(number(6)?),
        until: Timestamp::from_micros(number(7)?),
        shopper: text(8)?,
        phone: text(9)?,
        method: text(10)?,
        reference: text(11)?,
        attempt: u32::try_from(number(12)?).map_err(|_| damaged(doing))?,
        code_hash: text(13)?,
        total: Money::from_minor(number(14)?),
        body: text(15)?,
        ready_at: moment::of(number(16)?),
        ended_at: moment::of(number(17)?),
        version: number(18)?,
        is_gone: number(19)? != 0,
    })
}

/// Keeps a new order with what is promised to it.
pub(crate) async fn insert(
    tx: &mut Conn,
    order: &OnlineRow,
    promises: &[Promise],
) -> Result<(), DbError> {
    let doing = "keep an online order";
    sqlx::query(
        "insert into online_order (store_id, id, shop, digest, number, state, placed_at, until_at,
                                   shopper, phone, method, reference, attempt, code_hash,
                                   total_minor, body, ready_at, ended_at, handed_by, version, gone)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 0, 0, '',
                 $17, 0)",
    )
    .bind(order.store.0)
    .bind(order.id.to_string())
    .bind(order.shop.as_str())
    .bind(order.digest.as_str())
    .bind(order.number.as_str())
    .bind(order.state.word())
    .bind(order.placed_at.micros())
    .bind(order.until.micros())
    .bind(order.shopper.as_str())
    .bind(order.phone.as_str())
    .bind(order.method.as_str())
    .bind(order.reference.as_str())
    .bind(i64::from(order.attempt))
    .bind(order.code_hash.as_str())
    .bind(order.total.minor())
    .bind(order.body.as_str())
    .bind(order.version)
    .execute(&mut *tx)
    .await
    .map_err(sql(doing))?;
    for promise in promises {
        sqlx::query(
            "insert into reservation (store_id, order_id, number, sku, quantity_milli)
             values ($1, $2, $3, $4, $5)",
        )
        .bind(order.store.0)
        .bind(order.id.to_string())
        .bind(i64::from(promise.number))
        .bind(promise.sku.as_str())
        .bind(promise.quantity.milli())
        .execute(&mut *tx)
        .await
        .map_err(sql(doing))?;
    }
    Ok(())
}

/// What is or was promised to an order.
pub(crate) async fn promises(
    tx: &mut Conn,
    store: StoreId,
    id: PickupId,
) -> Result<Vec<Promise>, DbError> {
    let doing = "read what is promised to an online order";
    let found: Vec<(i64, String, i64)> = sqlx::query_as(
        "select number, sku, quantity_milli from reservation
         where store_id = $1 and order_id = $2 order by number",
    )
    .bind(store.0)
    .bind(id.to_string())
    .fetch_all(tx)
    .await
    .map_err(sql(doing))?;
    let promise = |(number, sku, milli)| {
        let number = u16::try_from(number).map_err(|_| damaged(doing))?;
        Ok(Promise { number, sku, quantity: Quantity::from_milli(milli) })
    };
    found.into_iter().map(promise).collect()
}

/// An order by its id, wherever it waits.
pub(crate) async fn by_id(tx: &mut Conn, id: PickupId) -> Result<Option<OnlineRow>, DbError> {
    let statement = format!("select {COLUMNS} from online_order where id = $1");
    let found = sqlx::query(AssertSqlSafe(statement))
        .bind(id.to_string())
        .fetch_optional(tx)
        .await
        .map_err(sql("read an online order"))?;
    found.as_ref().map(row).transpose()
}

/// An order by its id, wherever it waits, locked until the commit. An `update`, because it locks on
/// every engine.
pub(crate) async fn lock(tx: &mut Conn, id: PickupId) -> Result<Option<OnlineRow>, DbError> {
    let statement = format!("update online_order set id = id where id = $1 returning {COLUMNS}");
    let found = sqlx::query(AssertSqlSafe(statement))
        .bind(id.to_string())
        .fetch_optional(tx)
        .await
        .map_err(sql("lock an online order"))?;
    found.as_ref().map(row).transpose()
}

/// Orders that people call so: shops number theirs without asking each other. A few of them.
pub(crate) async fn by_number(tx: &mut Conn, number: &str) -> Result<Vec<OnlineRow>, DbError> {
    let statement = format!(
        "select {COLUMNS} from online_order where number = $1 order by placed_at desc, id limit 10"
    );
    let found = sqlx::query(AssertSqlSafe(statement))
        .bind(number)
        .fetch_all(tx)
        .await
        .map_err(sql("read the online orders of a number"))?;
    found.iter().map(row).collect()
}

/// Orders of a store that its replica has, and tombstones after a version.
pub(crate) async fn of_store(
    tx: &mut Conn,
    store: StoreId,
    since: i64,
) -> Result<Vec<OnlineRow>, DbError> {
    let statement = format!(
        "select {COLUMNS} from online_order where store_id = $1 and (gone = 0 or version > $2)"
    );
    let found = sqlx::query(AssertSqlSafe(statement))
        .bind(store.0)
        .bind(since)
        .fetch_all(tx)
        .await
        .map_err(sql("read the online orders of a store"))?;
    found.iter().map(row).collect()
}

/// The open orders of a store, with which of its codes each has.
pub(crate) async fn open_of_store(
    tx: &mut Conn,
    store: StoreId,
) -> Result<Vec<(PickupId, u32)>, DbError> {
    let doing = "read the open online orders of a store";
    let found: Vec<(String, i64)> = sqlx::query_as(
        "select id, attempt from online_order
         where store_id = $1 and state in ('placed', 'picking', 'ready')",
    )
    .bind(store.0)
    .fetch_all(tx)
    .await
    .map_err(sql(doing))?;
    let read = |(id, attempt): (String, i64)| {
        let id = id.parse().map_err(|_| damaged(doing))?;
        Ok((id, u32::try_from(attempt).map_err(|_| damaged(doing))?))
    };
    found.into_iter().map(read).collect()
}

/// How many orders that were placed in somebody's name are open, in all stores.
pub(crate) async fn open_of_shop(tx: &mut Conn, shop: &str) -> Result<i64, DbError> {
    let (n,): (i64,) = sqlx::query_as(
        "select count(*) from online_order
         where shop = $1 and state in ('placed', 'picking', 'ready')",
    )
    .bind(shop)
    .fetch_one(tx)
    .await
    .map_err(sql("count the open orders of a shop"))?;
    Ok(n)
}

/// Where an order stands from now on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moved<'a> {
    /// There.
    pub(crate) state: PickupState,
    /// Since when, by whoever moved it.
    pub(crate) at: Timestamp,
    /// The fact that handed it over; nothing else.
    pub(crate) by: Option<&'a Uuid>,
    /// The version that makes it so.
    pub(crate) version: i64,
}

/// Moves an order on.
pub(crate) async fn set(tx: &mut Conn, order: &OnlineRow, moved: Moved<'_>) -> Result<(), DbError> {
    let (ready_at, ended_at) = match moved.state {
        PickupState::Ready => (moved.at.micros(), 0),
        PickupState::Placed | PickupState::Picking => (0, 0),
        PickupState::HandedOver | PickupState::Cancelled | PickupState::Expired => {
            (order.ready_at.map_or(0, Timestamp::micros), moved.at.micros())
        }
    };
    sqlx::query(
        "update online_order set state = $3, ready_at = $4, ended_at = $5, handed_by = $6,
                                 version = $7
         where store_id = $1 and id = $2",
    )
    .bind(order.store.0)
    .bind(order.id.to_string())
    .bind(moved.state.word())
    .bind(ready_at)
    .bind(ended_at)
    .bind(moved.by.map(Uuid::to_string).unwrap_or_default())
    .bind(moved.version)
    .execute(tx)
    .await
    .map_err(sql("move an online order on"))?;
    Ok(())
}

/// The fact that first handed an order over.
pub(crate) async fn handed_by(
    tx: &mut Conn,
    store: StoreId,
    id: PickupId,
) -> Result<String, DbError> {
    let (by,): (String,) =
        sqlx::query_as("select handed_by from online_order where store_id = $1 and id = $2")
            .bind(store.0)
            .bind(id.to_string())
            .fetch_one(tx)
            .await
            .map_err(sql("read who handed an online order over"))?;
    Ok(by)
}

/// Open orders whose last day was over before a moment.
pub(crate) async fn overdue(
    tx: &mut Conn,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<PickupId>, DbError> {
    ids(
        tx,
        "select id from online_order
         where state in ('placed', 'picking', 'ready') and until_at < $1
         order by until_at limit $2",
        now,
        limit,
    )
    .await
}

/// Orders that ended before a moment and that stores still have.
pub(crate) async fn long_over(
    tx: &mut Conn,
    before: Timestamp,
    limit: i64,
) -> Result<Vec<PickupId>, DbError> {
    ids(
        tx,
        "select id from online_order where ended_at > 0 and gone = 0 and ended_at < $1
         order by ended_at limit $2",
        before,
        limit,
    )
    .await
}

async fn ids(
    tx: &mut Conn,
    statement: &'static str,
    moment: Timestamp,
    limit: i64,
) -> Result<Vec<PickupId>, DbError> {
    let doing = "look for online orders that are over";
    let found: Vec<(String,)> = sqlx::query_as(statement)
        .bind(moment.micros())
        .bind(limit)
        .fetch_all(tx)
        .await
        .map_err(sql(doing))?;
    found.into_iter().map(|(id,)| id.parse().map_err(|_| damaged(doing))).collect()
}

/// Lets stores forget an order.
pub(crate) async fn forget(tx: &mut Conn, order: &OnlineRow, version: i64) -> Result<(), DbError> {
    sqlx::query("update online_order set gone = 1, version = $3 where store_id = $1 and id = $2")
        .bind(order.store.0)
        .bind(order.id.to_string())
        .bind(version)
        .execute(tx)
        .await
        .map_err(sql("let stores forget an online order"))?;
    Ok(())
}

//! Orders as they are read by HQ.
//!
//! **Invariant:** reads only; sums are made by the database from stored fen, never from text.

use domain::{
    catalog::Unit,
    id::{EdgeId, OrderId},
    money::{BasisPoints, Money},
    quantity::Quantity,
    tender::TenderKind,
    time::{BusinessDate, Timestamp},
};
use serde::de::DeserializeOwned;
use sqlx::{Row as _, any::AnyRow};
use sync::{
    replica::StoreId,
    wire::{OrderLineV1, OrderV1, TenderV1},
};

use super::{
    Conn, DbError, damaged,
    post_voids::{self, PostVoidRow},
    sql,
};

/// An order as it is kept, without its lines and tenders until `fill` has read them. Of its items
/// come name and price; brand, category and tags stay in the fact's bytes.
#[derive(Clone, Debug)]
pub(crate) struct StoredOrder {
    /// Whose it is.
    pub(crate) store: StoreId,
    /// Who sent it.
    pub(crate) edge: EdgeId,
    /// When it came.
    pub(crate) received_at: Timestamp,
    /// The order.
    pub(crate) order: OrderV1,
    /// How it was undone, if it was.
    pub(crate) post_void: Option<PostVoidRow>,
}

/// Where a list of orders goes on: after this one, towards older ones.
#[derive(Clone, Copy, Debug)]
pub(crate) struct After {
    /// When it was completed.
    pub(crate) completed_at: Timestamp,
    /// Its id.
    pub(crate) id: OrderId,
}

/// The columns of an order in the order in which `stored` reads them, beside how it was undone.
macro_rules! select {
    () => {
        "select orders.store_id, orders.id, receipt_number, business_date, orders.workstation,
                orders.operator, completed_at, currency, list_minor, total_minor, rounding_minor,
                change_minor, edge_id, orders.received_at, pricing, delivery, grants,
                coalesce(v.undone_at, 0), coalesce(v.operator, ''), coalesce(v.workstation, 0),
                coalesce(v.reason, ''), orders.member_id
         from orders
         left join post_void v on v.store_id = orders.store_id and v.order_id = orders.id "
    };
}

const BY_STORE: &str = concat!(
    select!(),
    "where orders.store_id = $1 and (completed_at, orders.id) < ($2, $3)
     order by completed_at desc, orders.id desc
     limit $4"
);

const BY_DATE: &str = concat!(
    select!(),
    "where orders.store_id = $1 and (completed_at, orders.id) < ($2, $3) and business_date = $5
     order by completed_at desc, orders.id desc
     limit $4"
);

/// A store's orders, newest first, of one business date or all.
pub(crate) async fn of_store(
    tx: &mut Conn,
    store: StoreId,
    date: Option<BusinessDate>,
    after: Option<After>,
    limit: i64,
) -> Result<Vec<StoredOrder>, DbError> {
    let doing = "read the orders of a store";
    let mut query = sqlx::query(if date.is_some() { BY_DATE } else { BY_STORE })
        .bind(store.0)
        .bind(after.map_or(i64::MAX, |after| after.completed_at.micros()))
        .bind(after.map(|after| after.id.to_string()).unwrap_or_default())
        .bind(limit);
    if let Some(date) = date {
        query = query.bind(date.to_string());
    }
    let rows = query.fetch_all(tx).await.map_err(sql(doing))?;
    rows.iter().map(stored).collect()
}

/// An order by its id or its receipt number, whole.
pub(crate) async fn one(tx: &mut Conn, name: &str) -> Result<Option<StoredOrder>, DbError> {
    const SQL: &str = concat!(
        select!(),
        "where orders.id = $1 or receipt_number = $1 order by orders.received_at, orders.id limit 1"
    );
    let row =
        sqlx::query(SQL).bind(name).fetch_optional(&mut *tx).await.map_err(sql("read an order"))?;
    let Some(row) = row else { return Ok(None) };
    let mut found = stored(&row)?;
    fill(tx, &mut found).await?;
    Ok(Some(found))
}

/// A page of all orders, by store and id, whole; for checking them.
pub(crate) async fn page(
    tx: &mut Conn,
    after: Option<(StoreId, OrderId)>,
    limit: i64,
) -> Result<Vec<StoredOrder>, DbError> {
    const SQL: &str = concat!(
        select!(),
        "where (orders.store_id, orders.id) > ($1, $2)
         order by orders.store_id, orders.id limit $3"
    );
    let rows = sqlx::query(SQL)
        .bind(after.map_or(i64::MIN, |(store, _)| store.0))
        .bind(after.map(|(_, id)| id.to_string()).unwrap_or_default())
        .bind(limit)
        .fetch_all(&mut *tx)
        .await
        .map_err(sql("read the orders"))?;
    let mut found = rows.iter().map(stored).collect::<Result<Vec<StoredOrder>, DbError>>()?;
    for order in &mut found {
        fill(&mut *tx, order).await?;
    }
    Ok(found)
}

fn stored(row: &AnyRow) -> Result<StoredOrder, DbError> {
    let doing = "read an order";
    let text = |place: usize| row.try_get::<String, _>(place).map_err(sql(doing));
    let number = |place: usize| row.try_get::<i64, _>(place).map_err(sql(doing));
    let order = OrderV1 {
        id: text(1)?.parse().map_err(|_| damaged(doing))?,
        receipt_number: text(2)?,
        business_date: text(3)?.parse().map_err(|_| damaged(doing))?,
        workstation: u16::try_from(number(4)?).map_err(|_| damaged(doing))?,
        operator: text(5)?,
        member: match text(21)?.as_str() {
            "" => None,
            id => Some(id.parse().map_err(|_| damaged(doing))?),
        },
        completed_at: Timestamp::from_micros(number(6)?),
        currency: text(7)?,
        lines: Vec::new(),
        list_minor: Money::from_minor(number(8)?),
        total_minor: Money::from_minor(number(9)?),
        rounding_minor: Money::from_minor(number(10)?),
        tenders: Vec::new(),
        change_minor: Money::from_minor(number(11)?),
        pricing: part(&text(14)?)?,
        delivery: part(&text(15)?)?,
        grants: part(&text(16)?)?.unwrap_or_default(),
    };
    Ok(StoredOrder {
        store: StoreId(number(0)?),
        edge: text(12)?.parse().map_err(|_| damaged(doing))?,
        received_at: Timestamp::from_micros(number(13)?),
        post_void: post_voids::beside(row, 17)?,
        order,
    })
}

/// Takes back a part of an order that was kept as JSON; nothing stands for none.
fn part<T: DeserializeOwned>(text: &str) -> Result<Option<T>, DbError> {
    if text.is_empty() {
        return Ok(None);
    }
    serde_json::from_str(text).map(Some).map_err(|_| damaged("read an order"))
}

/// An amount that may not be there.
fn amount(minor: i64) -> Option<Money> {
    (minor >= 0).then_some(Money::from_minor(minor))
}

/// Reads an order's lines and tenders.
pub(crate) async fn fill(tx: &mut Conn, found: &mut StoredOrder) -> Result<(), DbError> {
    let doing = "read the lines of an order";
    let rows = sqlx::query(
        "select id, number, sku, code, name, spec, unit, quantity_milli, list_price_minor,
                tax_rate_bps, list_minor, amount_minor, label_minor, tax_minor, adjustments, units
         from order_line where store_id = $1 and order_id = $2 order by number",
    )
    .bind(found.store.0)
    .bind(found.order.id.to_string())
    .fetch_all(&mut *tx)
    .await
    .map_err(sql(doing))?;
    found.order.lines = rows.iter().map(line).collect::<Result<_, _>>()?;
    let rows: Vec<(String, i64)> = sqlx::query_as(
        "select kind, amount_minor from tender
         where store_id = $1 and order_id = $2 order by number",
    )
    .bind(found.store.0)
    .bind(found.order.id.to_string())
    .fetch_all(tx)
    .await
    .map_err(sql("read the tenders of an order"))?;
    let tender = |(kind, amount): (String, i64)| {
        let kind = TenderKind::from_word(&kind).ok_or_else(|| damaged("read a tender"))?;
        Ok(TenderV1 { kind, amount_minor: Money::from_minor(amount) })
    };
    found.order.tenders = rows.into_iter().map(tender).collect::<Result<_, DbError>>()?;
    Ok(())
}

fn line(row: &AnyRow) -> Result<OrderLineV1, DbError> {
    let doing = "read the lines of an order";
    let text = |place: usize| row.try_get::<String, _>(place).map_err(sql(doing));
    let number = |place: usize| row.try_get::<i64, _>(place).map_err(sql(doing));
    let rate = u16::try_from(number(9)?).map_err(|_| damaged(doing))?;
    Ok(OrderLineV1 {
        id: text(0)?.parse().map_err(|_| damaged(doing))?,
        number: u16::try_from(number(1)?).map_err(|_| damaged(doing))?,
        sku: text(2)?,
        code: text(3)?,
        name: text(4)?,
        spec: text(5)?,
        unit: Unit::from_word(&text(6)?).ok_or_else(|| damaged(doing))?,
        quantity_milli: Quantity::from_milli(number(7)?),
        list_price_minor: Money::from_minor(number(8)?),
        tax_rate_bps: BasisPoints(rate),
        list_minor: Money::from_minor(number(10)?),
        amount_minor: Money::from_minor(number(11)?),
        label_amount_minor: amount(number(12)?),
        tax_minor: amount(number(13)?),
        adjustments: part(&text(14)?)?.unwrap_or_default(),
        units: part(&text(15)?)?.unwrap_or_default(),
        style: String::new(),
        colour: String::new(),
        size: String::new(),
        brand: String::new(),
        category: String::new(),
        tags: Vec::new(),
    })
}

/// What an order is known by, and what it came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OrderHead {
    /// What is on its paper.
    pub(crate) receipt_number: String,
    /// The trading day.
    pub(crate) business_date: BusinessDate,
    /// After reductions.
    pub(crate) total: Money,
}

/// What a store's order is known by.
pub(crate) async fn head(
    tx: &mut Conn,
    store: StoreId,
    order: OrderId,
) -> Result<Option<OrderHead>, DbError> {
    let doing = "read what an order came to";
    let found: Option<(String, String, i64)> = sqlx::query_as(
        "select receipt_number, business_date, total_minor from orders
         where store_id = $1 and id = $2",
    )
    .bind(store.0)
    .bind(order.to_string())
    .fetch_optional(tx)
    .await
    .map_err(sql(doing))?;
    let Some((receipt_number, date, total)) = found else { return Ok(None) };
    let business_date = date.parse().map_err(|_| damaged(doing))?;
    Ok(Some(OrderHead { receipt_number, business_date, total: Money::from_minor(total) }))
}

/// What a person should look at.
#[derive(Clone, Debug)]
pub(crate) struct TroubleRow {
    /// The fact's id.
    pub(crate) id: String,
    /// `quarantined` or `conflict`.
    pub(crate) what: String,
    /// What is wrong.
    pub(crate) reason: String,
    /// Its place in the sender's outbox.
    pub(crate) seq: i64,
    /// Its kind.
    pub(crate) kind: String,
    /// When it came.
    pub(crate) received_at: Timestamp,
}

/// A store's troubles, newest first.
pub(crate) async fn troubles(
    tx: &mut Conn,
    store: StoreId,
    limit: i64,
) -> Result<Vec<TroubleRow>, DbError> {
    let rows: Vec<(String, String, String, i64, String, i64)> = sqlx::query_as(
        "select id, what, reason, seq, kind, received_at from trouble
         where store_id = $1 order by received_at desc, id, digest limit $2",
    )
    .bind(store.0)
    .bind(limit)
    .fetch_all(tx)
    .await
    .map_err(sql("read the troubles of a store"))?;
    let row = |(id, what, reason, seq, kind, at)| {
        let received_at = Timestamp::from_micros(at);
        TroubleRow { id, what, reason, seq, kind, received_at }
    };
    Ok(rows.into_iter().map(row).collect())
}

/// How far an edge node's facts are held, for people: sequence and when it was last heard.
pub(crate) async fn heard(
    tx: &mut Conn,
    store: StoreId,
    edge: EdgeId,
) -> Result<(i64, Timestamp), DbError> {
    let (seq, at): (i64, i64) = sqlx::query_as(
        "select acked_seq, heard_at from edge_life
         where store_id = $1 and edge_id = $2 order by epoch desc limit 1",
    )
    .bind(store.0)
    .bind(edge.to_string())
    .fetch_one(tx)
    .await
    .map_err(sql("read the cursor of an edge node"))?;
    Ok((seq, Timestamp::from_micros(at)))
}

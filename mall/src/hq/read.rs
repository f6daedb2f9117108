//! Asks the database and fills the shapes.
//!
//! **Invariant:** every list has a limit.

use domain::{
    order::OrderFault,
    time::{BusinessDate, Timestamp},
};
use sync::wire::{OrderV1Fault, WorkstationKindV1};

use super::{
    day::DayShape,
    discrepancy,
    drift::trouble,
    savings::{RULES_SHOWN_MAX, SavingsShape},
    shapes::{
        CertificateShape, EdgeShape, EdgeTroubleShape, ItemPage, ItemShape, LifeShape, OrderPage,
        OrderShape, StoreShape, SummaryShape, TroubleShape, WorkstationShape,
    },
};
use crate::{
    authority,
    context::Context,
    db::{
        Conn, DbError, certificates, day_seals, discrepancies, drift, edge_troubles,
        edges::{self, EdgeRow},
        holes,
        items::sku_key,
        items_read,
        lives::{self, LifeRow},
        member_cases,
        orders_read::{self, After, StoredOrder},
        savings, staffing,
        stores::{self as db_stores, StoreRow},
        sums,
    },
    member,
};

/// Rows of a page.
pub(crate) const PAGE_MAX: i64 = 200;
/// Orders checked in one transaction.
const CHECK_PAGE: i64 = 200;

/// Why HQ got no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HqError {
    /// No such store.
    #[error("there is no store `{0}`")]
    Store(String),
    /// No such order.
    #[error("there is no order `{0}`")]
    Order(String),
    /// A cursor that was not given out.
    #[error("`after` is no cursor of this list")]
    Cursor,
    /// The database refused.
    #[error("could not read for HQ")]
    Db(#[from] DbError),
}

pub(super) async fn known(tx: &mut Conn, code: &str) -> Result<StoreRow, HqError> {
    db_stores::by_code(tx, code).await?.ok_or_else(|| HqError::Store(code.to_owned()))
}

/// Every store, with its workstations and edge nodes.
pub(crate) async fn stores(context: &Context) -> Result<Vec<StoreShape>, HqError> {
    let mut tx = context.db().look("read the stores").await?;
    let mut shapes = Vec::new();
    for row in db_stores::all(&mut tx).await? {
        shapes.push(store(&mut tx, row, context.now()).await?);
    }
    Ok(shapes)
}

async fn certificate(
    tx: &mut Conn,
    edge: &EdgeRow,
    now: Timestamp,
) -> Result<Option<CertificateShape>, HqError> {
    let Some((issued_at, ends_at)) = certificates::newest(tx, edge).await? else {
        return Ok(None);
    };
    let state = authority::standing(edge.is_revoked, (issued_at, ends_at), now);
    let (issued_at, ends_at) = (issued_at.to_string(), ends_at.to_string());
    Ok(Some(CertificateShape { issued_at, ends_at, state }))
}

fn life(row: LifeRow) -> LifeShape {
    LifeShape {
        epoch: row.epoch,
        acked_seq: row.acked_seq,
        opened_at: row.opened_at.to_string(),
        heard_at: row.heard_at.to_string(),
        why: row.why,
        is_spoken: row.speaks.is_some(),
        is_frozen: row.speaks == Some(true),
    }
}

async fn store(tx: &mut Conn, row: StoreRow, now: Timestamp) -> Result<StoreShape, HqError> {
    let workstations = staffing::workstations(tx, row.id).await?;
    let operators = staffing::operators(tx, row.id).await?;
    let mut edges = Vec::new();
    for edge in edges::of_store(tx, row.id).await? {
        let (acked_seq, heard_at) = orders_read::heard(tx, row.id, edge.id).await?;
        let troubles = edge_troubles::of_edge(tx, row.id, &edge).await?;
        edges.push(EdgeShape {
            id: edge.id.to_string(),
            epoch: edge.epoch,
            acked_seq,
            heard_at: heard_at.to_string(),
            is_revoked: edge.is_revoked,
            lives: lives::all(tx, &edge).await?.into_iter().map(life).collect(),
            troubles: troubles.into_iter().map(EdgeTroubleShape::of).collect(),
            certificate: certificate(tx, &edge, now).await?,
        });
    }
    let standing = workstations.into_iter().filter(|kept| !kept.is_gone).map(|kept| kept.row);
    let workstations = standing.map(|row| WorkstationShape {
        number: row.number,
        name: row.name,
        kind: match row.kind {
            WorkstationKindV1::Till => "till".to_owned(),
            WorkstationKindV1::Kiosk => "kiosk".to_owned(),
        },
    });
    Ok(StoreShape {
        id: row.id.0,
        code: row.store.code,
        name: row.store.name,
        workstations: workstations.collect(),
        n_operators: operators.iter().filter(|kept| !kept.is_gone).count(),
        edges,
    })
}

/// Rows of a page that somebody asked for, or did not.
pub(crate) fn page_limit(limit: Option<i64>) -> i64 {
    limit.unwrap_or(50).clamp(1, PAGE_MAX)
}

/// What part of a list is asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    /// Only this business date.
    pub(crate) date: Option<BusinessDate>,
    /// After this cursor.
    pub(crate) after: Option<String>,
    /// At most so many; within `PAGE_MAX`.
    pub(crate) limit: Option<i64>,
}

impl Asked {
    /// At most so many.
    pub(crate) fn limit(&self) -> i64 {
        page_limit(self.limit)
    }

    /// A page of rows of which one more was read than is shown, and the cursor of the next page if
    /// there is one: made of the last row that is shown.
    pub(crate) fn page<T>(
        &self,
        mut rows: Vec<T>,
        cursor: impl FnOnce(&T) -> String,
    ) -> (Vec<T>, Option<String>) {
        let shown = usize::try_from(self.limit()).unwrap_or(0);
        if rows.len() <= shown {
            return (rows, None);
        }
        rows.truncate(shown);
        let next = rows.last().map(cursor);
        (rows, next)
    }
}

/// A place in a list that is ordered by time: `microseconds.id`.
pub(super) fn place(text: &str) -> Result<(i64, String), HqError> {
    let (micros, id) = text.split_once('.').ok_or(HqError::Cursor)?;
    Ok((micros.parse().map_err(|_| HqError::Cursor)?, id.to_owned()))
}

/// A store's orders, newest first.
pub(crate) async fn orders(
    context: &Context,
    store: &str,
    asked: &Asked,
) -> Result<OrderPage, HqError> {
    let after = asked.after.as_deref().map(cursor).transpose()?;
    let mut tx = context.db().look("read the orders of a store").await?;
    let row = known(&mut tx, store).await?;
    let limit = asked.limit() + 1;
    let found = orders_read::of_store(&mut tx, row.id, asked.date, after, limit).await?;
    let (found, next) = asked.page(found, written);
    Ok(OrderPage { orders: found.iter().map(SummaryShape::of).collect(), next })
}

/// `microseconds.id`.
fn written(last: &StoredOrder) -> String {
    format!("{}.{}", last.order.completed_at.micros(), last.order.id)
}

fn cursor(text: &str) -> Result<After, HqError> {
    let (micros, id) = place(text)?;
    let completed_at = domain::time::Timestamp::from_micros(micros);
    Ok(After { completed_at, id: id.parse().map_err(|_| HqError::Cursor)? })
}

/// An order by its id or its receipt number.
pub(crate) async fn one(context: &Context, name: &str) -> Result<OrderShape, HqError> {
    let mut tx = context.db().look("read an order").await?;
    let found = orders_read::one(&mut tx, name).await?;
    found.map(|found| OrderShape::of(&found)).ok_or_else(|| HqError::Order(name.to_owned()))
}

/// The sums of a store's business date.
pub(crate) async fn day(
    context: &Context,
    store: &str,
    date: BusinessDate,
) -> Result<DayShape, HqError> {
    let mut tx = context.db().look("add a business date up").await?;
    let row = known(&mut tx, store).await?;
    let sums = sums::day(&mut tx, row.id, date).await?;
    let saved = savings::day(&mut tx, row.id, date).await?;
    let by_rule = savings::by_rule(&mut tx, row.id, date, RULES_SHOWN_MAX).await?;
    let saved = SavingsShape::of(saved, by_rule);
    let seals = day_seals::of_day(&mut tx, row.id, date).await?;
    let openings = day_seals::openings(&mut tx, row.id, date).await?;
    Ok(DayShape::of(row.store.code, date.to_string(), &sums, saved).with(seals, openings))
}

/// Items whose SKU, name, 拼音 initials or barcode matches, by SKU.
pub(crate) async fn items(
    context: &Context,
    query: &str,
    asked: &Asked,
) -> Result<ItemPage, HqError> {
    let mut tx = context.db().look("read items").await?;
    let after = asked.after.clone().unwrap_or_default();
    let found = items_read::page(&mut tx, query.trim(), &after, asked.limit() + 1).await?;
    let (found, next) = asked.page(found, |item| sku_key(&item.sku));
    Ok(ItemPage { items: found.into_iter().map(ItemShape::of).collect(), next })
}

/// What a person should look at in a store, newest first: troubled facts, holes, price drifts,
/// discrepancies, and what members and coupons cost beyond what they should.
pub(crate) async fn troubles(context: &Context, store: &str) -> Result<Vec<TroubleShape>, HqError> {
    let mut tx = context.db().look("read the troubles of a store").await?;
    let row = known(&mut tx, store).await?;
    let found = orders_read::troubles(&mut tx, row.id, PAGE_MAX).await?;
    let troubles = found.into_iter().map(|row| (row.received_at, TroubleShape::of(row)));
    let drifts = drift::list(&mut tx, Some(row.id), None, PAGE_MAX).await?;
    let drifts = drifts.into_iter().map(|row| (row.received_at, trouble(row)));
    let differing = discrepancies::list(&mut tx, row.id, PAGE_MAX).await?;
    let differing = differing.into_iter().map(|row| (row.found_at, discrepancy::trouble(row)));
    let holes = holes::list(&mut tx, row.id, PAGE_MAX).await?;
    let holes = holes.into_iter().map(|row| (row.told_at, TroubleShape::of_hole(row)));
    let cases = member_cases::list(&mut tx, row.id, PAGE_MAX).await?;
    let cases = cases.into_iter().map(|case| (case.received_at, member::case_trouble(case)));
    let mut all: Vec<_> =
        troubles.chain(holes).chain(drifts).chain(differing).chain(cases).collect();
    all.sort_by_key(|(received_at, _)| std::cmp::Reverse(*received_at));
    all.truncate(usize::try_from(PAGE_MAX).unwrap_or(0));
    Ok(all.into_iter().map(|(_, shape)| shape).collect())
}

/// What checking every stored order found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Checked {
    /// Orders looked at.
    pub(crate) n_orders: u64,
    /// Those that do not hold: receipt number and reason.
    pub(crate) faults: Vec<(String, String)>,
}

/// Adds up every stored order again.
pub(crate) async fn check(context: &Context) -> Result<Checked, HqError> {
    let (mut checked, mut after) = (Checked::default(), None);
    loop {
        let mut tx = context.db().look("read the orders").await?;
        let page = orders_read::page(&mut tx, after, CHECK_PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(checked);
        };
        after = Some((last.store, last.order.id));
        for StoredOrder { order, .. } in page {
            checked.n_orders += 1;
            let receipt = order.receipt_number.clone();
            if let Err(fault) = order.into_order() {
                checked.faults.push((receipt, reason(&fault)));
            }
        }
    }
}

fn reason(fault: &OrderV1Fault) -> String {
    match fault {
        OrderV1Fault::Sum(sum) => OrderFault::to_string(sum),
        OrderV1Fault::ReceiptNumber | OrderV1Fault::Currency => fault.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_was_the_last_has_no_next_one() {
        let asked = Asked { limit: Some(2), ..Asked::default() };
        for (rows, shown, next) in [
            (vec![], vec![], None),
            (vec![7], vec![7], None),
            (vec![7, 8], vec![7, 8], None),
            (vec![7, 8, 9], vec![7, 8], Some("8")),
        ] {
            let expected = (shown, next.map(str::to_owned));
            assert_eq!(asked.page(rows, ToString::to_string), expected);
        }
    }
}

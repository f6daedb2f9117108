//! Orders as they are written: once.
//!
//! **Invariant:** inserts only.

use domain::{id::OrderId, money::Money};
use serde::Serialize;
use sqlx::AssertSqlSafe;
use sync::{
    replica::StoreId,
    wire::{OrderLineV1, OrderV1},
};

use super::{Conn, DbError, bulk, inbox::Sender, sql};

/// Lines in one statement.
const ROWS_MAX: usize = bulk::rows_max(COLUMNS);
/// Columns of a line.
const COLUMNS: usize = 18;

/// Inserts an order with its lines and tenders; `false` when it is there already.
pub(crate) async fn insert(
    tx: &mut Conn,
    sender: &Sender,
    order: &OrderV1,
) -> Result<bool, DbError> {
    let done = sqlx::query(
        "insert into orders (store_id, id, receipt_number, business_date, workstation, operator,
                             completed_at, currency, list_minor, total_minor, rounding_minor,
                             change_minor, edge_id, received_at, pricing, delivery, grants,
                             member_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
         on conflict do nothing",
    )
    .bind(sender.store.0)
    .bind(order.id.to_string())
    .bind(order.receipt_number.as_str())
    .bind(order.business_date.to_string())
    .bind(i64::from(order.workstation))
    .bind(order.operator.as_str())
    .bind(order.completed_at.micros())
    .bind(order.currency.as_str())
    .bind(order.list_minor.minor())
    .bind(order.total_minor.minor())
    .bind(order.rounding_minor.minor())
    .bind(order.change_minor.minor())
    .bind(sender.edge.to_string())
    .bind(sender.at.micros())
    .bind(order.pricing.as_ref().map(json).unwrap_or_default())
    .bind(order.delivery.as_ref().map(json).unwrap_or_default())
    .bind(list(&order.grants))
    .bind(order.member.map(|member| member.to_string()).unwrap_or_default())
    .execute(&mut *tx)
    .await
    .map_err(sql("insert an order"))?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    for lines in order.lines.chunks(ROWS_MAX) {
        insert_lines(&mut *tx, sender.store, order.id, lines).await?;
    }
    insert_tenders(tx, sender.store, order).await?;
    Ok(true)
}

/// A part of an order as the wire has it; a struct of texts and numbers always serialises.
fn json(part: &impl Serialize) -> String {
    serde_json::to_string(part).unwrap_or_default()
}

/// The same of a list, which is nothing when it is empty.
fn list<T: Serialize>(parts: &[T]) -> String {
    if parts.is_empty() { String::new() } else { json(&parts) }
}

async fn insert_lines(
    tx: &mut Conn,
    store: StoreId,
    order: OrderId,
    lines: &[OrderLineV1],
) -> Result<(), DbError> {
    let statement = format!(
        "insert into order_line (store_id, order_id, number, id, sku, code, name, spec, unit,
                                 quantity_milli, list_price_minor, tax_rate_bps, list_minor,
                                 amount_minor, label_minor, tax_minor, adjustments, units)
         values {}",
        bulk::rows(lines.len(), COLUMNS)
    );
    let mut query = sqlx::query(AssertSqlSafe(statement)).persistent(lines.len() <= 8);
    for line in lines {
        query = query
            .bind(store.0)
            .bind(order.to_string())
            .bind(i64::from(line.number))
            .bind(line.id.to_string())
            .bind(line.sku.as_str())
            .bind(line.code.as_str())
            .bind(line.name.as_str())
            .bind(line.spec.as_str())
            .bind(line.unit.word())
            .bind(line.quantity_milli.milli())
            .bind(line.list_price_minor.minor())
            .bind(i64::from(line.tax_rate_bps.0))
            .bind(line.list_minor.minor())
            .bind(line.amount_minor.minor())
            .bind(line.label_amount_minor.map_or(-1, Money::minor))
            .bind(line.tax_minor.map_or(-1, Money::minor))
            .bind(list(&line.adjustments))
            .bind(list(&line.units));
    }
    query.execute(tx).await.map_err(sql("insert the lines of an order"))?;
    Ok(())
}

async fn insert_tenders(tx: &mut Conn, store: StoreId, order: &OrderV1) -> Result<(), DbError> {
    for (number, tender) in (1_i64..).zip(&order.tenders) {
        sqlx::query(
            "insert into tender (store_id, order_id, number, kind, amount_minor)
             values ($1, $2, $3, $4, $5)",
        )
        .bind(store.0)
        .bind(order.id.to_string())
        .bind(number)
        .bind(tender.kind.word())
        .bind(tender.amount_minor.minor())
        .execute(&mut *tx)
        .await
        .map_err(sql("insert the tenders of an order"))?;
    }
    Ok(())
}

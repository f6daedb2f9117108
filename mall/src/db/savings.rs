//! What orders saved, and who pays for it.
//!
//! **Invariant:** inserts and reads only; an order's savings are written in the transaction of the
//! order.

use domain::{
    id::OrderId,
    money::Money,
    order::{Saving, Source},
    time::BusinessDate,
};
use sqlx::AssertSqlSafe;
use sync::replica::StoreId;

use super::{Conn, DbError, bulk, post_voids::standing, sql};

/// Columns of a saving.
const COLUMNS: usize = 10;
/// Stands for a rule where nobody is told. It has a blank, which no rule's id has.
const UNTOLD: &str = "not told";
/// Savings in one statement.
const ROWS_MAX: usize = bulk::rows_max(COLUMNS);

/// Writes down what an order saved.
pub(crate) async fn insert(
    tx: &mut Conn,
    store: StoreId,
    order: OrderId,
    savings: &[Saving],
) -> Result<(), DbError> {
    let mut number = 0_i64;
    for savings in savings.chunks(ROWS_MAX) {
        let statement = format!(
            "insert into order_saving (store_id, order_id, number, rule, code, name, saved_minor,
                                       brand_minor, store_minor, platform_minor)
             values {}",
            bulk::rows(savings.len(), COLUMNS)
        );
        let mut query = sqlx::query(AssertSqlSafe(statement)).persistent(savings.len() <= 8);
        for saving in savings {
            number += 1;
            let (rule, code) = match &saving.source {
                Some(Source::Rule(rule)) => (rule.as_str(), ""),
                Some(Source::Coupon { rule, code }) => (rule.as_str(), code.as_str()),
                Some(Source::Manual { .. }) => ("", ""),
                None => (UNTOLD, ""),
            };
            query = query
                .bind(store.0)
                .bind(order.to_string())
                .bind(number)
                .bind(rule)
                .bind(code)
                .bind(saving.name.as_str())
                .bind(saving.saved.minor())
                .bind(saving.brand.minor())
                .bind(saving.store.minor())
                .bind(saving.platform.minor());
        }
        query.execute(&mut *tx).await.map_err(sql("write down what an order saved"))?;
    }
    Ok(())
}

/// What was saved in some orders, and who pays for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Funded {
    /// In all.
    pub(crate) saved: Money,
    /// The brand or HQ.
    pub(crate) brand: Money,
    /// The store.
    pub(crate) store: Money,
    /// A platform.
    pub(crate) platform: Money,
}

/// Who saved something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Saver {
    /// A rule, by itself or by coupons.
    Rule(String),
    /// Hands.
    Hand,
    /// Nobody knows: an older program waived a delivery fee and did not write down by which rule.
    Untold,
}

/// What one rule saved on a business date, or what hands did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RuleSum {
    /// Who.
    pub(crate) saver: Saver,
    /// What people read; one of its names if it had several.
    pub(crate) name: String,
    /// In how many orders.
    pub(crate) n_orders: i64,
    /// How much.
    pub(crate) funded: Funded,
}

type Sums = (i64, i64, i64, i64);

fn funded((saved, brand, store, platform): Sums) -> Funded {
    let money = Money::from_minor;
    Funded {
        saved: money(saved),
        brand: money(brand),
        store: money(store),
        platform: money(platform),
    }
}

/// What a store's business date saved in all, without the orders that were undone. Here and below a
/// cross join keeps its order: the other way round every saving of the store would be read.
pub(crate) async fn day(
    tx: &mut Conn,
    store: StoreId,
    date: BusinessDate,
) -> Result<Funded, DbError> {
    let sums: Sums = sqlx::query_as(concat!(
        "select cast(coalesce(sum(s.saved_minor), 0) as bigint),
                cast(coalesce(sum(s.brand_minor), 0) as bigint),
                cast(coalesce(sum(s.store_minor), 0) as bigint),
                cast(coalesce(sum(s.platform_minor), 0) as bigint)
         from orders
         cross join order_saving s
         where orders.store_id = $1 and orders.business_date = $2
           and s.store_id = orders.store_id and s.order_id = orders.id and ",
        standing!()
    ))
    .bind(store.0)
    .bind(date.to_string())
    .fetch_one(tx)
    .await
    .map_err(sql("add up what a business date saved"))?;
    Ok(funded(sums))
}

/// The same by rule, those that saved most first.
pub(crate) async fn by_rule(
    tx: &mut Conn,
    store: StoreId,
    date: BusinessDate,
    limit: i64,
) -> Result<Vec<RuleSum>, DbError> {
    type Columns = (String, String, i64, i64, i64, i64, i64);
    let found: Vec<Columns> = sqlx::query_as(concat!(
        "select s.rule, max(s.name), count(distinct s.order_id),
                cast(sum(s.saved_minor) as bigint), cast(sum(s.brand_minor) as bigint),
                cast(sum(s.store_minor) as bigint), cast(sum(s.platform_minor) as bigint)
         from orders
         cross join order_saving s
         where orders.store_id = $1 and orders.business_date = $2
           and s.store_id = orders.store_id and s.order_id = orders.id and ",
        standing!(),
        " group by s.rule order by 4 desc, s.rule limit $3"
    ))
    .bind(store.0)
    .bind(date.to_string())
    .bind(limit)
    .fetch_all(tx)
    .await
    .map_err(sql("add up what rules saved"))?;
    let saver = |rule: String| match rule.as_str() {
        "" => Saver::Hand,
        UNTOLD => Saver::Untold,
        _ => Saver::Rule(rule),
    };
    let row = |(rule, name, n_orders, saved, brand, store, platform): Columns| RuleSum {
        saver: saver(rule),
        name,
        n_orders,
        funded: funded((saved, brand, store, platform)),
    };
    Ok(found.into_iter().map(row).collect())
}

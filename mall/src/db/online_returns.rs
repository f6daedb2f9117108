//! Goods of online orders that came back in stores.
//!
//! **Invariant:** a return is inserted once, decided, and never changed.

use domain::{
    id::{OnlineReturnId, PickupId},
    money::Money,
    quantity::Quantity,
    returns::{
        ReturnPolicy, Wish,
        online::{Decided, OnlineReturnState},
    },
    time::Timestamp,
};
use sync::{replica::StoreId, wire::TakeBackV1};

use super::{Conn, DbError, damaged, sql};

/// A return as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReturnRow {
    /// Where the goods came back.
    pub(crate) store: StoreId,
    /// Its id.
    pub(crate) id: OnlineReturnId,
    /// Of which order.
    pub(crate) order: PickupId,
    /// 1, 2, 3 … of the order's returns; 0 for one that was refused.
    pub(crate) place: i64,
    /// Digest of what was asked.
    pub(crate) digest: String,
    /// Done or refused.
    pub(crate) state: OnlineReturnState,
    /// Why not.
    pub(crate) refusal: String,
    /// What goes back.
    pub(crate) amount: Money,
}

/// A new return, to be kept.
#[derive(Clone, Debug)]
pub(crate) struct NewReturn<'a> {
    /// Where it stands.
    pub(crate) row: ReturnRow,
    /// What was asked.
    pub(crate) asked: &'a TakeBackV1,
    /// Under which policy it was decided.
    pub(crate) policy: ReturnPolicy,
    /// When.
    pub(crate) now: Timestamp,
}

type Columns = (i64, String, String, i64, String, String, String, i64);

fn row(columns: Columns) -> Result<ReturnRow, DbError> {
    let bad = || damaged("read a return");
    let (store, id, order, place, digest, state, refusal, amount) = columns;
    Ok(ReturnRow {
        store: StoreId(store),
        id: id.parse().map_err(|_| bad())?,
        order: order.parse().map_err(|_| bad())?,
        place,
        digest,
        state: OnlineReturnState::from_word(&state).ok_or_else(bad)?,
        refusal,
        amount: Money::from_minor(amount),
    })
}

/// Keeps a return with its lines.
pub(crate) async fn insert(tx: &mut Conn, new: &NewReturn<'_>) -> Result<(), DbError> {
    let doing = "keep a return";
    let policy = serde_json::to_string(&new.policy).map_err(|_| damaged(doing))?;
    let (row, asked) = (&new.row, new.asked);
    sqlx::query(
        "insert into online_return (store_id, id, order_id, place, digest, state, refusal, reason,
                                    saleable, policy, amount_minor, workstation, operator,
                                    asked_at, decided_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
    )
    .bind(row.store.0)
    .bind(row.id.to_string())
    .bind(row.order.to_string())
    .bind(row.place)
    .bind(row.digest.as_str())
    .bind(row.state.word())
    .bind(row.refusal.as_str())
    .bind(asked.reason.word())
    .bind(i64::from(asked.saleable))
    .bind(policy)
    .bind(row.amount.minor())
    .bind(i64::from(asked.workstation))
    .bind(asked.operator.as_str())
    .bind(asked.at.micros())
    .bind(new.now.micros())
    .execute(&mut *tx)
    .await
    .map_err(sql(doing))?;
    for line in &asked.lines {
        sqlx::query(
            "insert into online_return_line (store_id, return_id, number, quantity_milli)
             values ($1, $2, $3, $4)",
        )
        .bind(row.store.0)
        .bind(row.id.to_string())
        .bind(i64::from(line.number))
        .bind(line.quantity_milli.milli())
        .execute(&mut *tx)
        .await
        .map_err(sql(doing))?;
    }
    Ok(())
}

/// A return by its id, wherever the goods came back.
pub(crate) async fn by_id(tx: &mut Conn, id: OnlineReturnId) -> Result<Option<ReturnRow>, DbError> {
    let found: Option<Columns> = sqlx::query_as(
        "select store_id, id, order_id, place, digest, state, refusal, amount_minor
         from online_return where id = $1",
    )
    .bind(id.to_string())
    .fetch_optional(tx)
    .await
    .map_err(sql("read a return"))?;
    found.map(row).transpose()
}

type DecidedColumns = (i64, String, String, i64, String, i64, i64);

/// What came back of an order so far, oldest first, with the place of the newest.
pub(crate) async fn of_order(
    tx: &mut Conn,
    order: PickupId,
) -> Result<(Vec<Decided>, i64), DbError> {
    let doing = "read what came back of an order";
    let found: Vec<DecidedColumns> = sqlx::query_as(
        "select store_id, id, policy, amount_minor, operator, decided_at, place
         from online_return where order_id = $1 and place > 0 order by place",
    )
    .bind(order.to_string())
    .fetch_all(&mut *tx)
    .await
    .map_err(sql(doing))?;
    let mut decided = Vec::with_capacity(found.len());
    let mut newest = 0;
    for (store, id, policy, amount, operator, at, place) in found {
        newest = place;
        decided.push(Decided {
            wishes: wishes(tx, StoreId(store), &id).await?,
            id: id.parse().map_err(|_| damaged(doing))?,
            policy: serde_json::from_str(&policy).map_err(|_| damaged(doing))?,
            operator,
            at: Timestamp::from_micros(at),
            amount: Money::from_minor(amount),
        });
    }
    Ok((decided, newest))
}

async fn wishes(tx: &mut Conn, store: StoreId, id: &str) -> Result<Vec<Wish>, DbError> {
    let doing = "read the lines of a return";
    let found: Vec<(i64, i64)> = sqlx::query_as(
        "select number, quantity_milli from online_return_line
         where store_id = $1 and return_id = $2 order by number",
    )
    .bind(store.0)
    .bind(id)
    .fetch_all(tx)
    .await
    .map_err(sql(doing))?;
    let wish = |(number, milli): (i64, i64)| {
        let number = u16::try_from(number).map_err(|_| damaged(doing))?;
        Ok(Wish { number, quantity: Quantity::from_milli(milli) })
    };
    found.into_iter().map(wish).collect()
}

/// A return as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListedReturn {
    /// The code of the store that has the goods.
    pub(crate) store: String,
    /// Its id.
    pub(crate) id: String,
    /// The order's id.
    pub(crate) order: String,
    /// What people call the order.
    pub(crate) number: String,
    /// Why it came back, in one word.
    pub(crate) reason: String,
    /// Whether it can be sold again.
    pub(crate) is_saleable: bool,
    /// Pieces of all lines.
    pub(crate) pieces: i64,
    /// What goes back.
    pub(crate) amount: Money,
    /// At which workstation.
    pub(crate) workstation: i64,
    /// By whom.
    pub(crate) operator: String,
    /// When the mall decided.
    pub(crate) decided_at: Timestamp,
}

type ListColumns = (String, String, String, String, String, i64, i64, i64, i64, String, i64);

/// Returns that were taken, newest first.
pub(crate) async fn list(tx: &mut Conn, limit: i64) -> Result<Vec<ListedReturn>, DbError> {
    let found: Vec<ListColumns> = sqlx::query_as(
        "select store.code, online_return.id, online_return.order_id,
                coalesce((select min(number) from online_order
                          where online_order.id = online_return.order_id), ''),
                online_return.reason, online_return.saleable,
                cast(coalesce((select sum(quantity_milli) from online_return_line
                               where online_return_line.store_id = online_return.store_id
                                 and online_return_line.return_id = online_return.id), 0)
                     as bigint) / 1000,
                online_return.amount_minor, online_return.workstation, online_return.operator,
                online_return.decided_at
         from online_return join store on store.store_id = online_return.store_id
         where online_return.place > 0
         order by online_return.decided_at desc, online_return.id limit $1",
    )
    .bind(limit)
    .fetch_all(tx)
    .await
    .map_err(sql("read the returns of online orders"))?;
    let listed = |(store, id, order, number, reason, saleable, pieces, amount, at, by, decided)| {
        ListedReturn {
            store,
            id,
            order,
            number,
            reason,
            is_saleable: saleable != 0,
            pieces,
            amount: Money::from_minor(amount),
            workstation: at,
            operator: by,
            decided_at: Timestamp::from_micros(decided),
        }
    };
    Ok(found.into_iter().map(listed).collect())
}

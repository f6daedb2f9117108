//! Coupons and vouchers of other houses, looked up and used.
//!
//! **Invariant:** what a house must be told again is written and read here as it is, and shown to
//! nobody; what was presented is not kept.

use domain::{
    id::{OrderId, RedemptionId},
    redemption::{IssuerName, RedemptionState},
    time::Timestamp,
};
use sqlx::{Row as _, any::AnyRow};
use sync::{
    replica::StoreId,
    wire::{OfferV1, UseV1},
};

use super::{
    Conn, DbError, damaged, moment,
    rights::{self, Wanted},
    sql,
};
use crate::{
    asking::{CLAIM_MS, CLAIM_MS_MAX, Turn, Urgency},
    houses::Held,
};

/// A redemption as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RedemptionRow {
    /// Whose it is.
    pub(crate) store: StoreId,
    /// Its id.
    pub(crate) id: RedemptionId,
    /// For which order.
    pub(crate) order: OrderId,
    /// At which workstation.
    pub(crate) workstation: u16,
    /// Whose coupon or voucher it is.
    pub(crate) issuer: IssuerName,
    /// Where it stands.
    pub(crate) state: RedemptionState,
    /// What may be used.
    pub(crate) offers: Vec<OfferV1>,
    /// The last signs of the code.
    pub(crate) code_tail: String,
    /// What its house must be told again.
    pub(crate) held: Held,
    /// What was asked to be used.
    pub(crate) wish: Option<UseV1>,
    /// The last no of its house; empty if it said none.
    pub(crate) refusal: String,
    /// When it was looked up.
    pub(crate) made_at: Timestamp,
    /// When its use was first asked for.
    pub(crate) asked_at: Option<Timestamp>,
    /// When it was last asked for.
    pub(crate) put_at: Option<Timestamp>,
    /// When it was known to be used.
    pub(crate) used_at: Option<Timestamp>,
    /// When somebody wanted it back.
    pub(crate) reversing_at: Option<Timestamp>,
    /// When it came to stand where it stands, unless that is open.
    pub(crate) decided_at: Option<Timestamp>,
    /// Until when its house takes it back, if there is such a time.
    pub(crate) reversible_until: Option<Timestamp>,
    /// When its house was last asked to take it back.
    pub(crate) back_at: Option<Timestamp>,
    /// When its house is asked again.
    pub(crate) turn: Turn,
}

macro_rules! columns {
    () => {
        "store_id, id, order_id, workstation, issuer, state, offers, code_tail, held, offer,
         pieces, refusal, made_at, asked_at, put_at, used_at, reversing_at, decided_at,
         reversible_until, back_at, ask_at, busy_until"
    };
}

fn row(row: &AnyRow) -> Result<RedemptionRow, DbError> {
    let doing = "read a redemption";
    let bad = || damaged(doing);
    let text = |name: &str| row.try_get::<String, _>(name).map_err(sql(doing));
    let number = |name: &str| row.try_get::<i64, _>(name).map_err(sql(doing));
    let at = |name: &str| number(name).map(moment::of);
    let wish = match number("pieces")? {
        0 => None,
        pieces => Some(UseV1 {
            offer: u16::try_from(number("offer")?).map_err(|_| bad())?,
            count: u32::try_from(pieces).map_err(|_| bad())?,
        }),
    };
    let turn = Turn {
        ask_at: Timestamp::from_micros(number("ask_at")?),
        busy_until: Timestamp::from_micros(number("busy_until")?),
    };
    Ok(RedemptionRow {
        store: StoreId(number("store_id")?),
        id: text("id")?.parse().map_err(|_| bad())?,
        order: text("order_id")?.parse().map_err(|_| bad())?,
        workstation: u16::try_from(number("workstation")?).map_err(|_| bad())?,
        issuer: IssuerName::from_word(&text("issuer")?).ok_or_else(bad)?,
        state: RedemptionState::from_word(&text("state")?).ok_or_else(bad)?,
        offers: serde_json::from_str(&text("offers")?).map_err(|_| bad())?,
        code_tail: text("code_tail")?,
        held: Held(text("held")?),
        wish,
        refusal: text("refusal")?,
        made_at: Timestamp::from_micros(number("made_at")?),
        asked_at: at("asked_at")?,
        put_at: at("put_at")?,
        used_at: at("used_at")?,
        reversing_at: at("reversing_at")?,
        decided_at: at("decided_at")?,
        reversible_until: at("reversible_until")?,
        back_at: at("back_at")?,
        turn,
    })
}

/// Keeps a new redemption; `false` when one is held under its id.
pub(crate) async fn insert(tx: &mut Conn, redemption: &RedemptionRow) -> Result<bool, DbError> {
    let doing = "write a redemption down";
    let offers = serde_json::to_string(&redemption.offers).map_err(|_| damaged(doing))?;
    let done = sqlx::query(
        "insert into redemption (store_id, id, order_id, workstation, issuer, state, offers,
                                 code_tail, held, offer, pieces, refusal, made_at, asked_at,
                                 put_at, used_at, reversing_at, decided_at, reversible_until,
                                 back_at, ask_at, busy_until)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 0, $10, $11, 0, 0, 0, 0, $12, 0, 0, 0, 0)
         on conflict do nothing",
    )
    .bind(redemption.store.0)
    .bind(redemption.id.to_string())
    .bind(redemption.order.to_string())
    .bind(i64::from(redemption.workstation))
    .bind(redemption.issuer.word())
    .bind(redemption.state.word())
    .bind(offers)
    .bind(redemption.code_tail.as_str())
    .bind(redemption.held.0.as_str())
    .bind(redemption.refusal.as_str())
    .bind(redemption.made_at.micros())
    .bind(moment::column(redemption.decided_at))
    .execute(tx)
    .await
    .map_err(sql(doing))?;
    Ok(done.rows_affected() > 0)
}

/// Writes where a redemption now stands.
pub(crate) async fn write(tx: &mut Conn, redemption: &RedemptionRow) -> Result<(), DbError> {
    let wish = redemption.wish.as_ref();
    sqlx::query(
        "update redemption set state = $3, held = $4, offer = $5, pieces = $6, refusal = $7,
                               asked_at = $8, put_at = $9, used_at = $10, reversing_at = $11,
                               decided_at = $12, reversible_until = $13, ask_at = $14,
                               busy_until = $15, back_at = $16
         where store_id = $1 and id = $2",
    )
    .bind(redemption.store.0)
    .bind(redemption.id.to_string())
    .bind(redemption.state.word())
    .bind(redemption.held.0.as_str())
    .bind(wish.map_or(0, |wish| i64::from(wish.offer)))
    .bind(wish.map_or(0, |wish| i64::from(wish.count)))
    .bind(redemption.refusal.as_str())
    .bind(moment::column(redemption.asked_at))
    .bind(moment::column(redemption.put_at))
    .bind(moment::column(redemption.used_at))
    .bind(moment::column(redemption.reversing_at))
    .bind(moment::column(redemption.decided_at))
    .bind(moment::column(redemption.reversible_until))
    .bind(redemption.turn.ask_at.micros())
    .bind(redemption.turn.busy_until.micros())
    .bind(moment::column(redemption.back_at))
    .execute(tx)
    .await
    .map_err(sql("write where a redemption stands"))?;
    Ok(())
}

/// Keeps the names that its house gave to a use; each was made by one redemption.
pub(crate) async fn keep_names(
    tx: &mut Conn,
    redemption: &RedemptionRow,
    names: &[String],
) -> Result<(), DbError> {
    for name in names {
        sqlx::query(
            "insert into redemption_use (issuer, verify_id, store_id, redemption_id)
             values ($1, $2, $3, $4) on conflict do nothing",
        )
        .bind(redemption.issuer.word())
        .bind(name.as_str())
        .bind(redemption.store.0)
        .bind(redemption.id.to_string())
        .execute(&mut *tx)
        .await
        .map_err(sql("write down by which name something was used"))?;
    }
    Ok(())
}

/// Whether another redemption was used by this name.
pub(crate) async fn is_named_elsewhere(
    tx: &mut Conn,
    redemption: &RedemptionRow,
    name: &str,
) -> Result<bool, DbError> {
    let found: Option<(i64,)> = sqlx::query_as(
        "select store_id from redemption_use
         where issuer = $1 and verify_id = $2 and not (store_id = $3 and redemption_id = $4)",
    )
    .bind(redemption.issuer.word())
    .bind(name)
    .bind(redemption.store.0)
    .bind(redemption.id.to_string())
    .fetch_optional(tx)
    .await
    .map_err(sql("read by which names something was used"))?;
    Ok(found.is_some())
}

/// Whether the first wish to use another code of this house in the same store is just being put:
/// its house may have used it, and the name not be written down yet.
pub(crate) async fn is_another_first(
    tx: &mut Conn,
    redemption: &RedemptionRow,
    now: Timestamp,
) -> Result<bool, DbError> {
    let found: Option<(i64,)> = sqlx::query_as(
        "select store_id from redemption
         where state in ('pending', 'reversing') and store_id = $1 and id <> $2 and issuer = $3
           and used_at = 0 and busy_until > $4 and busy_until <= $6
           and busy_until = asked_at + $5 limit 1",
    )
    .bind(redemption.store.0)
    .bind(redemption.id.to_string())
    .bind(redemption.issuer.word())
    .bind(now.micros())
    .bind(CLAIM_MS * 1_000)
    .bind(now.plus_ms(CLAIM_MS_MAX).micros())
    .fetch_optional(tx)
    .await
    .map_err(sql("read which codes are just being used"))?;
    Ok(found.is_some())
}

/// A store's redemption.
pub(crate) async fn by_id(
    tx: &mut Conn,
    store: StoreId,
    id: RedemptionId,
) -> Result<Option<RedemptionRow>, DbError> {
    let found = sqlx::query(concat!(
        "select ",
        columns!(),
        " from redemption where store_id = $1 and id = $2"
    ))
    .bind(store.0)
    .bind(id.to_string())
    .fetch_optional(tx)
    .await
    .map_err(sql("read a redemption"))?;
    found.as_ref().map(row).transpose()
}

/// A store's redemption, locked until the commit.
pub(crate) async fn lock(
    tx: &mut Conn,
    store: StoreId,
    id: RedemptionId,
) -> Result<Option<RedemptionRow>, DbError> {
    let found = sqlx::query(concat!(
        "update redemption set id = id where store_id = $1 and id = $2 returning ",
        columns!()
    ))
    .bind(store.0)
    .bind(id.to_string())
    .fetch_optional(tx)
    .await
    .map_err(sql("lock a redemption"))?;
    found.as_ref().map(row).transpose()
}

/// Every redemption of an order, locked until the commit.
pub(crate) async fn of_order(
    tx: &mut Conn,
    store: StoreId,
    order: OrderId,
) -> Result<Vec<RedemptionRow>, DbError> {
    let found = sqlx::query(concat!(
        "update redemption set id = id where store_id = $1 and order_id = $2 returning ",
        columns!()
    ))
    .bind(store.0)
    .bind(order.to_string())
    .fetch_all(tx)
    .await
    .map_err(sql("lock the redemptions of an order"))?;
    found.iter().map(row).collect()
}

/// Takes the turn to ask about a redemption; `None` when nothing is open or somebody else has it.
pub(crate) async fn claim(
    tx: &mut Conn,
    store: StoreId,
    id: RedemptionId,
    urgency: Urgency,
    now: Timestamp,
) -> Result<Option<RedemptionRow>, DbError> {
    match rights::take_turn(tx, rights::REDEMPTIONS, (store, id), urgency, now).await? {
        true => by_id(tx, store, id).await,
        false => Ok(None),
    }
}

/// Whether another store holds a redemption under this id.
pub(crate) async fn is_elsewhere(
    tx: &mut Conn,
    store: StoreId,
    id: RedemptionId,
) -> Result<bool, DbError> {
    rights::is_elsewhere(tx, rights::REDEMPTIONS, store, id).await
}

/// Redemptions about which somebody should ask now, the longest waiting first.
pub(crate) async fn due(
    tx: &mut Conn,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<(StoreId, RedemptionId)>, DbError> {
    rights::due(tx, rights::REDEMPTIONS, now, limit).await
}

/// Whether something was looked up before a moment and nothing came of it.
pub(crate) async fn is_any_forgotten(tx: &mut Conn, before: Timestamp) -> Result<bool, DbError> {
    let found: Option<(i64,)> = sqlx::query_as(
        "select store_id from redemption where state = 'looked_up' and made_at < $1 limit 1",
    )
    .bind(before.micros())
    .fetch_optional(tx)
    .await
    .map_err(sql("read the redemptions that were only looked up"))?;
    Ok(found.is_some())
}

/// Ends what was looked up before a moment, and lets go of what its house would want to hear.
pub(crate) async fn forget(
    tx: &mut Conn,
    before: Timestamp,
    now: Timestamp,
) -> Result<u64, DbError> {
    let done = sqlx::query(
        "update redemption set state = 'reversed', held = '', decided_at = $2
         where state = 'looked_up' and made_at < $1",
    )
    .bind(before.micros())
    .bind(now.micros())
    .execute(tx)
    .await
    .map_err(sql("end the redemptions that were only looked up"))?;
    Ok(done.rows_affected())
}

/// Lets go of what the houses of used codes would want to hear, once they take nothing back.
pub(crate) async fn let_secrets_go(tx: &mut Conn, before: Timestamp) -> Result<u64, DbError> {
    let done = sqlx::query(
        "update redemption set held = ''
         where state = 'redeemed' and held <> '' and reversible_until > 0
           and reversible_until < $1",
    )
    .bind(before.micros())
    .execute(tx)
    .await
    .map_err(sql("let go of the secrets of used codes"))?;
    Ok(done.rows_affected())
}

/// Whether there are secrets to let go of, or rows to delete.
pub(crate) async fn is_any_stale(
    tx: &mut Conn,
    reversible_before: Timestamp,
    made_before: Timestamp,
) -> Result<bool, DbError> {
    let found: Option<(i64,)> = sqlx::query_as(
        "select store_id from redemption
         where state = 'redeemed' and held <> '' and reversible_until > 0
           and reversible_until < $1
         union all
         select store_id from redemption
         where asked_at = 0 and state in ('refused', 'reversed') and made_at < $2
         limit 1",
    )
    .bind(reversible_before.micros())
    .bind(made_before.micros())
    .fetch_optional(tx)
    .await
    .map_err(sql("read the redemptions of which nothing is wanted any more"))?;
    Ok(found.is_some())
}

/// Deletes look-ups of which nothing came, so many at most.
pub(crate) async fn delete_unasked(
    tx: &mut Conn,
    made_before: Timestamp,
    limit: i64,
) -> Result<u64, DbError> {
    let done = sqlx::query(
        "delete from redemption where id in (
           select id from redemption
           where asked_at = 0 and state in ('refused', 'reversed') and made_at < $1
           limit $2)
         and asked_at = 0 and state in ('refused', 'reversed') and made_at < $1",
    )
    .bind(made_before.micros())
    .bind(limit)
    .execute(tx)
    .await
    .map_err(sql("delete look-ups of which nothing came"))?;
    Ok(done.rows_affected())
}

/// Redemptions of a store or of all, newest first.
pub(crate) async fn list(
    tx: &mut Conn,
    wanted: &Wanted<RedemptionState>,
) -> Result<Vec<RedemptionRow>, DbError> {
    let word = RedemptionState::word;
    let found = rights::history(tx, rights::REDEMPTIONS, columns!(), wanted, word).await?;
    found.iter().map(row).collect()
}

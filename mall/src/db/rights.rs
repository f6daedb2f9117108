//! What payments, refunds and redemptions are alike in: each has an id of its store's making, a state,
//! and a turn at which its house is asked again.
//!
//! What one is for, how it is read and how it is written are its own, and stand in its own file.
//!
//! **Invariant:** of many malls that want a turn one gets it.

use domain::{id::Id, time::Timestamp};
use sqlx::{AssertSqlSafe, any::AnyRow};
use sync::replica::StoreId;

use super::{Conn, DbError, damaged, sql};
use crate::asking::{CLAIM_MS_MAX, PAUSE_MS_MAX, Turn, Urgency};

/// A table of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table {
    /// Its name.
    name: &'static str,
    /// Which of them are open: their house is still asked.
    open: &'static str,
}

pub(super) const PAYMENTS: Table =
    Table { name: "payment", open: "state in ('sent', 'paying', 'reversing')" };
pub(super) const REFUNDS: Table = Table { name: "refund", open: "state = 'sent'" };
pub(super) const REDEMPTIONS: Table =
    Table { name: "redemption", open: "state in ('pending', 'reversing')" };

/// Takes the turn to ask about one; `false` when it is decided or somebody else has it. A moment that
/// is farther away than any that is ever written was written before the clock stepped back.
pub(super) async fn take_turn<K>(
    tx: &mut Conn,
    Table { name, open }: Table,
    (store, id): (StoreId, Id<K>),
    urgency: Urgency,
    now: Timestamp,
) -> Result<bool, DbError> {
    let taken = Turn::taken(now);
    let statement = format!(
        "update {name} set ask_at = $4, busy_until = $5
         where store_id = $1 and id = $2 and {open}
           and (busy_until <= $3 or busy_until > $7)
           and ($6 = 1 or ask_at <= $3 or ask_at > $8)"
    );
    let done = sqlx::query(AssertSqlSafe(statement))
        .bind(store.0)
        .bind(id.to_string())
        .bind(now.micros())
        .bind(taken.ask_at.micros())
        .bind(taken.busy_until.micros())
        .bind(i64::from(urgency == Urgency::Now))
        .bind(now.plus_ms(CLAIM_MS_MAX).micros())
        .bind(now.plus_ms(PAUSE_MS_MAX).micros())
        .execute(tx)
        .await
        .map_err(sql("take the turn to ask another house"))?;
    Ok(done.rows_affected() > 0)
}

/// Those about which somebody should ask now, the longest waiting first.
pub(super) async fn due<K>(
    tx: &mut Conn,
    table: Table,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<(StoreId, Id<K>)>, DbError> {
    let doing = "read what other houses are still to be asked";
    let found: Vec<(i64, String, i64)> = sqlx::query_as(AssertSqlSafe(due_statement(table)))
        .bind(now.micros())
        .bind(now.plus_ms(CLAIM_MS_MAX).micros())
        .bind(now.plus_ms(PAUSE_MS_MAX).micros())
        .bind(limit)
        .fetch_all(tx)
        .await
        .map_err(sql(doing))?;
    let read = |(store, id, _): (i64, String, i64)| {
        Ok((StoreId(store), id.parse().map_err(|_| damaged(doing))?))
    };
    found.into_iter().map(read).collect()
}

/// Two ranges of one index: what is due, and what waits for longer than anything does.
fn due_statement(Table { name, open }: Table) -> String {
    let of = |due: &str| {
        format!(
            "select store_id, id, ask_at from {name}
             where {open} and {due} and (busy_until <= $1 or busy_until > $2)"
        )
    };
    let (due, misplaced) = (of("ask_at <= $1"), of("ask_at > $3"));
    format!("{due} union all {misplaced} order by 3, 2 limit $4")
}

/// Whether another store holds one under this id.
pub(super) async fn is_elsewhere<K>(
    tx: &mut Conn,
    Table { name, .. }: Table,
    store: StoreId,
    id: Id<K>,
) -> Result<bool, DbError> {
    let statement = format!("select store_id from {name} where id = $2 and store_id <> $1 limit 1");
    let found: Option<(i64,)> = sqlx::query_as(AssertSqlSafe(statement))
        .bind(store.0)
        .bind(id.to_string())
        .fetch_optional(tx)
        .await
        .map_err(sql("read whose an id is"))?;
    Ok(found.is_some())
}

/// What of a history HQ wants to see; `S` is where its rows may stand.
#[derive(Clone, Debug)]
pub(crate) struct Wanted<S> {
    /// Only this store's.
    pub(crate) store: Option<StoreId>,
    /// Only those that stand so.
    pub(crate) state: Option<S>,
    /// Only those before this moment and id, towards older ones.
    pub(crate) after: Option<(i64, String)>,
    /// At most so many.
    pub(crate) limit: i64,
}

/// Rows of a store or of all, newest first. What is not asked for stands in no statement: a filter
/// that a value switches off is one that no index serves.
pub(super) async fn history<S: Copy>(
    tx: &mut Conn,
    Table { name, .. }: Table,
    columns: &'static str,
    wanted: &Wanted<S>,
    word: impl Fn(S) -> &'static str,
) -> Result<Vec<AnyRow>, DbError> {
    let mut statement = format!("select {columns} from {name} where (made_at, id) < ($1, $2)");
    // So spelt in its index, which would otherwise be taken for what is open or due.
    let filters = [wanted.store.map(|_| "store_id"), wanted.state.map(|_| "(state || '')")];
    let mut place = 3;
    for column in filters.into_iter().flatten() {
        statement.push_str(&format!(" and {column} = ${place}"));
        place += 1;
    }
    statement.push_str(&format!(" order by made_at desc, id desc limit ${place}"));
    let (before, id) = wanted.after.clone().unwrap_or((i64::MAX, String::new()));
    let mut query = sqlx::query(AssertSqlSafe(statement)).bind(before).bind(id);
    if let Some(store) = wanted.store {
        query = query.bind(store.0);
    }
    if let Some(state) = wanted.state {
        query = query.bind(word(state));
    }
    query.bind(wanted.limit).fetch_all(tx).await.map_err(sql("read what other houses were asked"))
}

#[cfg(test)]
mod tests {
    use domain::id::PaymentId;
    use sqlx::{AnyConnection, Connection as _};

    use super::*;
    use crate::db::{engine::Engine, migrate, plan};

    async fn empty() -> AnyConnection {
        let engine = Engine::of("sqlite::memory:").unwrap();
        let mut connection = AnyConnection::connect("sqlite::memory:").await.unwrap();
        migrate::forward(&mut connection, engine, Timestamp::from_micros(0)).await.unwrap();
        connection
    }

    /// The reconciler looks every second, and most rights were decided long ago.
    #[tokio::test]
    async fn whoever_looks_for_what_is_due_reads_only_what_is_open() {
        let mut connection = empty().await;
        for table in [PAYMENTS, REFUNDS, REDEMPTIONS] {
            let steps = plan(&mut connection, &due_statement(table)).await;
            for range in ["ask_at<?", "ask_at>?"] {
                let expected = format!("SEARCH {0} USING INDEX {0}_due ({range})", table.name);
                assert!(steps.contains(&expected), "{steps:?}");
            }
        }
    }

    /// A payment that is open, due after 5 s.
    async fn with_a_payment() -> (AnyConnection, StoreId, PaymentId) {
        let mut connection = empty().await;
        let made = "insert into store (store_id, code, body, version, created_at)
                    values (17, 'SH001', '', 1, 0);
                    insert into payment (store_id, id, order_id, workstation, method, amount_minor,
                      state, transaction_id, refusal, made_at, paid_at, reversing_at, decided_at,
                      ask_at, busy_until)
                    values (17, '00000000-0000-0000-0000-000000000007', 'o', 1, 'wechat', 100,
                      'sent', '', '', 0, 0, 0, 0, 5000000, 0)";
        sqlx::raw_sql(made).execute(&mut connection).await.unwrap();
        (connection, StoreId(17), PaymentId::from_uuid(uuid::Uuid::from_u128(7)))
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    #[tokio::test]
    async fn after_the_clock_stepped_back_nobody_waits_for_a_moment_that_was_another() {
        let (mut connection, store, id) = with_a_payment().await;
        let now = 1_000_000;
        let (turn, pause) = (CLAIM_MS_MAX / 1_000, PAUSE_MS_MAX / 1_000);
        // When it may be asked about and until when somebody is at it, in seconds from now; whether
        // it is due then, and whether somebody at a counter may ask.
        let table = [
            (0, 0, true, true),
            (1, 0, false, true),
            (0, 1, false, false),
            (turn, turn, false, false),
            (turn + 1, turn + 1, false, true),
            (pause, 0, false, true),
            (pause + 1, 0, true, true),
            (pause + 1, 1, false, false),
            (pause + 1, pause + 1, true, true),
            (86_400, 86_400, true, true),
        ];
        for (ask_s, busy_s, is_due, may_ask) in table {
            for (urgency, expected) in [(Urgency::WhenDue, is_due), (Urgency::Now, may_ask)] {
                sqlx::query("update payment set ask_at = $1, busy_until = $2")
                    .bind(at(now + ask_s).micros())
                    .bind(at(now + busy_s).micros())
                    .execute(&mut connection)
                    .await
                    .unwrap();
                let due: Vec<(StoreId, PaymentId)> =
                    due(&mut connection, PAYMENTS, at(now), 9).await.unwrap();
                assert_eq!(!due.is_empty(), is_due, "{ask_s} {busy_s}");
                let taken = take_turn(&mut connection, PAYMENTS, (store, id), urgency, at(now));
                assert_eq!(taken.await.unwrap(), expected, "{ask_s} {busy_s} {urgency:?}");
                if expected {
                    let again = take_turn(&mut connection, PAYMENTS, (store, id), urgency, at(now));
                    assert!(!again.await.unwrap(), "the turn is somebody's now");
                }
            }
        }
    }

    #[tokio::test]
    async fn one_of_two_malls_gets_a_turn_and_the_other_when_it_is_over() {
        let (mut connection, store, id) = with_a_payment().await;
        let over = 6 + crate::asking::CLAIM_MS / 1_000;
        for (urgency, seconds, is_taken) in [
            (Urgency::WhenDue, 4, false),
            (Urgency::Now, 4, true),
            (Urgency::Now, 5, false),
            (Urgency::WhenDue, over, true),
            (Urgency::Now, over, false),
        ] {
            let taken = take_turn(&mut connection, PAYMENTS, (store, id), urgency, at(seconds));
            assert_eq!(taken.await.unwrap(), is_taken, "{urgency:?} after {seconds} s");
        }
        let elsewhere = is_elsewhere(&mut connection, PAYMENTS, StoreId(18), id).await.unwrap();
        let here = is_elsewhere(&mut connection, PAYMENTS, store, id).await.unwrap();
        assert!(elsewhere && !here);
        sqlx::raw_sql("update payment set state = 'paid', busy_until = 0")
            .execute(&mut connection)
            .await
            .unwrap();
        let taken = take_turn(&mut connection, PAYMENTS, (store, id), Urgency::Now, at(over));
        assert!(!taken.await.unwrap(), "a decided one has no turn");
    }
}

//! Goods of online orders that came back here: written before the mall is asked, moved once, then
//! frozen.

use domain::{
    id::{OnlineReturnId, PickupId},
    returns::online::OnlineReturnState,
    time::Timestamp,
};
use rusqlite::{Connection, Row, params};

use super::DbError;
use crate::online_return::OnlineReturn;

const COLUMNS: &str = "number, state, asked, answer, refusal, decided_at";

/// Writes down what the mall is about to be asked.
pub(crate) fn insert(connection: &Connection, one: &OnlineReturn) -> Result<(), DbError> {
    let doing = "write a return down";
    let asked = serde_json::to_string(&one.asked).map_err(|_| DbError::Damaged { doing })?;
    connection
        .prepare_cached(
            "insert into online_return (id, order_id, number, state, asked, asked_at)
             values (?1, ?2, ?3, ?4, ?5, ?6)",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                one.asked.id.bytes(),
                one.asked.order.bytes(),
                one.number,
                one.state.word(),
                asked,
                one.asked.at.micros(),
            ])
        })
        .map(|_| ())
        .map_err(DbError::sqlite(doing))
}

/// Writes down what was decided. One that is decided stays as it is.
pub(crate) fn set(connection: &Connection, one: &OnlineReturn) -> Result<(), DbError> {
    let doing = "note what became of a return";
    let answer = one.answer.as_ref().map(serde_json::to_string).transpose();
    let answer = answer.map_err(|_| DbError::Damaged { doing })?;
    connection
        .prepare_cached(
            "update online_return set state = ?2, number = ?3, answer = ?4, refusal = ?5,
                                      decided_at = ?6
             where id = ?1",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                one.asked.id.bytes(),
                one.state.word(),
                one.number,
                answer,
                one.refusal,
                one.decided_at.map(Timestamp::micros),
            ])
        })
        .map(|_| ())
        .map_err(DbError::sqlite(doing))
}

/// A return by its id.
pub(crate) fn find(
    connection: &Connection,
    id: OnlineReturnId,
) -> Result<Option<OnlineReturn>, DbError> {
    let found = select(connection, "where id = ?1", [id.bytes()])?;
    Ok(found.into_iter().next())
}

/// Whether an order has a return that is not known to be done.
pub(crate) fn is_pending(connection: &Connection, order: PickupId) -> Result<bool, DbError> {
    connection
        .prepare_cached(
            "select exists (select 1 from online_return
                            where order_id = ?1 and state = 'pending')",
        )
        .and_then(|mut statement| statement.query_row([order.bytes()], |row| row.get(0)))
        .map_err(DbError::sqlite("look for a return that is not decided"))
}

/// Returns that are not known yet, the oldest first.
pub(crate) fn undecided(
    connection: &Connection,
    limit: usize,
) -> Result<Vec<OnlineReturn>, DbError> {
    select(connection, "where state = 'pending' order by asked_at limit ?1", [limit])
}

/// What people look at: returns that are not decided, the oldest first, however old; then the newest
/// of the rest.
pub(crate) fn listed(connection: &Connection, limit: usize) -> Result<Vec<OnlineReturn>, DbError> {
    let mut all = undecided(connection, limit)?;
    let these = "where state <> 'pending' order by asked_at desc, id desc limit ?1";
    all.extend(select(connection, these, [limit - all.len().min(limit)])?);
    Ok(all)
}

fn select(
    connection: &Connection,
    these: &str,
    params: impl rusqlite::Params,
) -> Result<Vec<OnlineReturn>, DbError> {
    let doing = "read returns";
    let rows = connection
        .prepare_cached(&format!("select {COLUMNS} from online_return {these}"))
        .and_then(|mut statement| {
            statement.query_map(params, read)?.collect::<Result<Option<Vec<_>>, _>>()
        })
        .map_err(DbError::sqlite(doing))?;
    rows.ok_or(DbError::Damaged { doing })
}

fn read(row: &Row<'_>) -> rusqlite::Result<Option<OnlineReturn>> {
    let state = OnlineReturnState::from_word(&row.get::<_, String>(1)?);
    let asked = serde_json::from_str(&row.get::<_, String>(2)?).ok();
    let answer = row.get::<_, Option<String>>(3)?;
    let answer = answer.map(|text| serde_json::from_str(&text).ok());
    let (Some(state), Some(asked)) = (state, asked) else { return Ok(None) };
    let answer = match answer {
        None => None,
        Some(Some(answer)) => Some(answer),
        Some(None) => return Ok(None),
    };
    Ok(Some(OnlineReturn {
        asked,
        number: row.get(0)?,
        state,
        answer,
        refusal: row.get(4)?,
        decided_at: row.get::<_, Option<i64>>(5)?.map(Timestamp::from_micros),
    }))
}

#[cfg(test)]
mod tests {
    use domain::{id::Id, money::Money, returns::online::ReturnReason};
    use sync::wire::TakeBackV1;
    use uuid::Uuid;

    use super::*;
    use crate::test_store::TestStore;

    fn asked(id: u128) -> OnlineReturn {
        OnlineReturn {
            asked: TakeBackV1 {
                id: Id::from_uuid(Uuid::from_u128(id)),
                order: Id::from_uuid(Uuid::from_u128(id)),
                lines: Vec::new(),
                reason: ReturnReason::Unfit,
                saleable: true,
                amount_minor: Money::from_minor(1),
                workstation: 1,
                operator: "1001".to_owned(),
                at: Timestamp::from_micros(i64::try_from(id).unwrap()),
            },
            number: format!("M-{id}"),
            state: OnlineReturnState::Pending,
            answer: None,
            refusal: None,
            decided_at: None,
        }
    }

    fn refused(id: u128) -> OnlineReturn {
        let refusal = Some("not-so-many".to_owned());
        let decided_at = Some(Timestamp::from_micros(99));
        OnlineReturn { state: OnlineReturnState::Refused, refusal, decided_at, ..asked(id) }
    }

    #[tokio::test]
    async fn what_waits_is_listed_however_many_came_after_it() {
        let store = TestStore::open(None).await;
        let write = |tx: &Connection| -> Result<Vec<String>, DbError> {
            for one in [asked(1), asked(2), asked(3), asked(4), asked(5)] {
                insert(tx, &one)?;
            }
            for one in [refused(2), refused(4), refused(5)] {
                set(tx, &one)?;
            }
            let listed = listed(tx, 4)?;
            Ok(listed.into_iter().map(|one| one.number).collect())
        };
        let listed = store.context().ledger.write(write).await.unwrap();
        assert_eq!(listed, ["M-1", "M-3", "M-5", "M-4"]);
    }
}

//! A part of the inbox for each day, where the engine can keep parts: a day that nobody asks about any
//! more is taken out in one statement, and the ids, which lie elsewhere, go on telling a fact that
//! comes again.
//!
//! **Invariant:** a part is made before its day begins, so that nothing has to be moved into it. What
//! comes on a day without a part is kept with the rest, and stays there.

use domain::time::Timestamp;
use sqlx::AssertSqlSafe;

use super::{Conn, Db, DbError, commit, engine, sql};

/// Days ahead that have their part: a mall looks every hour, and all of them may be away for a day.
const AHEAD: i64 = 2;
const DAY_MS: i64 = 86_400_000;

/// The day of a moment, in UTC, by which bodies lie together.
pub(super) fn day_of(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}

/// The name of a day's part: of what `day_of` wrote, the digits.
fn part_of(day: &str) -> String {
    let digits: String = day.chars().filter(char::is_ascii_digit).collect();
    format!("event_inbox_{digits}")
}

impl Db {
    /// Makes the parts of today and of the next days, where they are not there yet.
    pub(crate) async fn make_days(&self, now: Timestamp) -> Result<(), DbError> {
        let doing = "make the inbox of a day";
        let Some(has_part) = self.engine.has_part() else {
            return Ok(());
        };
        for ahead in 0..=AHEAD {
            let day = day_of(now.plus_ms(ahead * DAY_MS));
            let mut tx = self.read(doing).await?;
            if is_there(&mut tx, has_part, &day).await? {
                continue;
            }
            drop(tx);
            // Two malls make it one after the other, and the second finds it.
            let mut tx = self.write(doing).await?;
            if !is_there(&mut tx, has_part, &day).await?
                && !is_among_the_rest(&mut tx, &day).await?
            {
                let make = engine::make_part(&part_of(&day), &day);
                let made = sqlx::raw_sql(AssertSqlSafe(make)).execute(&mut *tx).await;
                made.map_err(sql(doing))?;
            }
            commit(tx, doing).await?;
        }
        Ok(())
    }
}

async fn is_there(tx: &mut Conn, has_part: &'static str, day: &str) -> Result<bool, DbError> {
    let (name,): (String,) = sqlx::query_as(has_part)
        .bind(part_of(day))
        .fetch_one(tx)
        .await
        .map_err(sql("look for the inbox of a day"))?;
    Ok(!name.is_empty())
}

/// Whether something came on a day that had no part: then all of that day stays where it is.
async fn is_among_the_rest(tx: &mut Conn, day: &str) -> Result<bool, DbError> {
    let found: Option<(i64,)> =
        sqlx::query_as("select seq from event_inbox where received_day = $1 limit 1")
            .bind(day)
            .fetch_optional(tx)
            .await
            .map_err(sql("look for the inbox of a day"))?;
    Ok(found.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_a_part_that_is_named_by_it() {
        let day = day_of(Timestamp::from_micros(1_795_255_200_000_000));
        assert_eq!((day.as_str(), part_of(&day).as_str()), ("2026-11-21", "event_inbox_20261121"));
    }
}

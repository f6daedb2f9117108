//! Steps the schema forward and refuses a database from the future.
//!
//! **Invariant:** forward only, in one transaction: a step is taken whole or not at all.

use domain::time::Timestamp;

use super::{Conn, DbError, engine::Engine, sql};

/// The steps, in order; the place in the list, from 1, is the schema number.
const STEPS: [&str; 25] = [
    include_str!("../../migrations/0001_mall.sql"),
    include_str!("../../migrations/0002_pricing.sql"),
    include_str!("../../migrations/0003_savings.sql"),
    include_str!("../../migrations/0004_rights.sql"),
    include_str!("../../migrations/0005_post_void.sql"),
    include_str!("../../migrations/0006_settings.sql"),
    include_str!("../../migrations/0007_stock.sql"),
    include_str!("../../migrations/0008_pickup.sql"),
    include_str!("../../migrations/0009_member.sql"),
    include_str!("../../migrations/0010_online_return.sql"),
    include_str!("../../migrations/0011_elsewhere.sql"),
    include_str!("../../migrations/0012_check_in.sql"),
    include_str!("../../migrations/0013_token_keys.sql"),
    include_str!("../../migrations/0014_lists.sql"),
    include_str!("../../migrations/0015_engines.sql"),
    include_str!("../../migrations/0016_history.sql"),
    include_str!("../../migrations/0017_hole.sql"),
    include_str!("../../migrations/0018_certificates.sql"),
    include_str!("../../migrations/0019_days.sql"),
    include_str!("../../migrations/0020_groups.sql"),
    include_str!("../../migrations/0021_trouble.sql"),
    include_str!("../../migrations/0022_commands.sql"),
    include_str!("../../migrations/0023_kept.sql"),
    include_str!("../../migrations/0024_pictures.sql"),
    include_str!("../../migrations/0025_told.sql"),
];

/// Which steps were taken, and when.
const LOG: &str = "-- reference
create table if not exists schema_step (number bigint not null primary key, taken_at bigint not null)";

/// Whether every step of this program, and no other, has been taken.
pub(super) async fn is_current(tx: &mut Conn) -> Result<bool, DbError> {
    Ok(found(tx).await? == i64::try_from(STEPS.len()).unwrap_or(i64::MAX))
}

async fn found(tx: &mut Conn) -> Result<i64, DbError> {
    let (found,): (i64,) = sqlx::query_as("select coalesce(max(number), 0) from schema_step")
        .fetch_one(tx)
        .await
        .map_err(sql("read the schema number"))?;
    Ok(found)
}

pub(super) async fn forward(tx: &mut Conn, engine: Engine, now: Timestamp) -> Result<(), DbError> {
    forward_by(tx, engine, now, &STEPS).await
}

async fn forward_by(
    tx: &mut Conn,
    engine: Engine,
    now: Timestamp,
    steps: &[&'static str],
) -> Result<(), DbError> {
    sqlx::raw_sql(LOG).execute(&mut *tx).await.map_err(sql("read the schema number"))?;
    if let Some(lock) = engine.lock_schema() {
        sqlx::raw_sql(lock).execute(&mut *tx).await.map_err(sql("read the schema number"))?;
    }
    let found = found(&mut *tx).await?;
    let known = i64::try_from(steps.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(DbError::Newer { found, known });
    }
    for (number, step) in (1_i64..).zip(steps).filter(|(number, _)| *number > found) {
        let step = engine.step(step);
        sqlx::raw_sql(step).execute(&mut *tx).await.map_err(sql("step the schema forward"))?;
        sqlx::query("insert into schema_step (number, taken_at) values ($1, $2)")
            .bind(number)
            .bind(now.micros())
            .execute(&mut *tx)
            .await
            .map_err(sql("step the schema forward"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use sqlx::{AnyConnection, Connection};

    use super::*;

    async fn memory() -> AnyConnection {
        Engine::of("sqlite::memory:").unwrap();
        AnyConnection::connect("sqlite::memory:").await.unwrap()
    }

    #[tokio::test]
    async fn a_step_is_taken_once_and_a_newer_database_is_refused_with_a_hint() {
        let mut connection = memory().await;
        let now = Timestamp::from_micros(7);
        let steps = ["create table a (x bigint)", "create table b (x bigint)"];
        for known in [&steps[..1], &steps[..], &steps[..]] {
            forward_by(&mut connection, Engine::Sqlite, now, known).await.unwrap();
        }
        let forward = forward_by(&mut connection, Engine::Sqlite, now, &steps[..1]);
        let error = forward.await.unwrap_err();
        assert!(matches!(error, DbError::Newer { found: 2, known: 1 }));
        assert!(error.hint().unwrap().contains("newer program"));
    }

    /// Reads every migration: the rule that lets the tables be spread over many machines.
    #[test]
    fn every_key_begins_with_the_store_or_its_table_is_marked_reference() {
        for (name, is_reference, body) in STEPS.iter().flat_map(|step| tables(step)) {
            for key in ["primary key", "unique"] {
                for (place, _) in body.match_indices(key) {
                    let before = body[..place].lines().last().unwrap_or_default().trim();
                    let after = &body[place + key.len()..];
                    let first = match after.trim_start().strip_prefix('(') {
                        Some(columns) => columns,
                        None => before,
                    };
                    let begins = first.trim_start().starts_with("store_id");
                    assert!(begins || is_reference, "table {name}: {key} of {first:.40}");
                }
            }
        }
    }

    #[test]
    fn the_rule_about_keys_sees_what_breaks_it() {
        let bad = "-- fact\ncreate table a (\n  id text not null primary key\n);";
        let (_, is_reference, body) = tables(bad).remove(0);
        assert!(!is_reference && body.contains("id text not null primary key"));
        assert!(tables("-- reference\ncreate table b (\n x text\n);")[0].1);
        assert!(STEPS.iter().flat_map(|step| tables(step)).count() >= 15);
        let lines = STEPS.iter().flat_map(|step| step.lines());
        for line in lines.filter(|line| line.starts_with("create unique index")) {
            assert!(line.contains(" (store_id,"), "{line}");
        }
    }

    fn tables(step: &str) -> Vec<(String, bool, String)> {
        let (mut found, mut is_reference, mut rest) = (Vec::new(), false, step.lines());
        while let Some(line) = rest.next() {
            if let Some(name) = line.strip_prefix("create table ") {
                let body: Vec<&str> = rest.by_ref().take_while(|line| *line != ");").collect();
                let name = name.trim_end_matches(" (").to_owned();
                found.push((name, is_reference, body.join("\n")));
            }
            is_reference = line == "-- reference";
        }
        found
    }
}

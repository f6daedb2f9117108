//! Steps the ledger forward, keeping a copy, and refuses a file from the future.
//!
//! **Invariant:** forward only; the copy is whole before the first step is taken.

use std::path::Path;

use rusqlite::Connection;

use super::DbError;

/// The steps, in order; the place in the list is the schema number.
const STEPS: [&str; 20] = [
    include_str!("../../migrations/0001_ledger.sql"),
    include_str!("../../migrations/0002_pricing.sql"),
    include_str!("../../migrations/0003_rights.sql"),
    include_str!("../../migrations/0004_kiosk.sql"),
    include_str!("../../migrations/0005_member.sql"),
    include_str!("../../migrations/0006_phone.sql"),
    include_str!("../../migrations/0007_portal.sql"),
    include_str!("../../migrations/0008_settings.sql"),
    include_str!("../../migrations/0009_stock.sql"),
    include_str!("../../migrations/0010_pickup.sql"),
    include_str!("../../migrations/0011_quota.sql"),
    include_str!("../../migrations/0012_console.sql"),
    include_str!("../../migrations/0013_online_return.sql"),
    include_str!("../../migrations/0014_check_in.sql"),
    include_str!("../../migrations/0015_console_pin.sql"),
    include_str!("../../migrations/0016_history.sql"),
    include_str!("../../migrations/0017_hole.sql"),
    include_str!("../../migrations/0018_days.sql"),
    include_str!("../../migrations/0019_settings_trial.sql"),
    include_str!("../../migrations/0020_commands.sql"),
];

/// The newest schema.
#[cfg(test)]
pub(crate) const NEWEST: usize = STEPS.len();

pub(crate) fn forward(connection: &mut Connection, path: &Path) -> Result<(), DbError> {
    let known = i64::try_from(STEPS.len()).unwrap_or(i64::MAX);
    let found: i64 = connection
        .query_row("select user_version from pragma_user_version", [], |row| row.get(0))
        .map_err(DbError::sqlite("read the ledger's schema"))?;
    if found > known {
        return Err(DbError::Newer { path: path.to_owned(), found, known });
    }
    if found > 0 && found < known {
        let copy = path.with_extension(format!("before-{known}.db"));
        connection
            .execute("vacuum into ?1", [copy.to_string_lossy()])
            .map_err(DbError::sqlite("copy the ledger before its schema changes"))?;
    }
    let missing = STEPS.iter().zip(1_i64..).filter(|(_, number)| *number > found);
    for (step, number) in missing {
        let transaction =
            connection.transaction().map_err(DbError::sqlite("begin a schema step"))?;
        transaction.execute_batch(step).map_err(DbError::sqlite("take a schema step"))?;
        transaction
            .pragma_update(None, "user_version", number)
            .map_err(DbError::sqlite("number a schema step"))?;
        transaction.commit().map_err(DbError::sqlite("commit a schema step"))?;
    }
    Ok(())
}

/// Whether a ledger that is only looked at is of this program's schema.
pub(crate) fn check(connection: &Connection, path: &Path) -> Result<(), DbError> {
    let known = i64::try_from(STEPS.len()).unwrap_or(i64::MAX);
    let found: i64 = connection
        .query_row("select user_version from pragma_user_version", [], |row| row.get(0))
        .map_err(DbError::sqlite("read the ledger's schema"))?;
    if found == known {
        Ok(())
    } else {
        Err(DbError::Newer { path: path.to_owned(), found, known })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ledger_from_a_newer_program_is_refused_and_left_alone() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        let refused = forward(&mut connection, Path::new("ledger.db"));
        let ours = i64::try_from(STEPS.len()).unwrap();
        assert!(
            matches!(refused, Err(DbError::Newer { found: 99, known, .. }) if known == ours),
            "{refused:?}"
        );
        let tables: i64 = connection
            .query_row("select count(*) from sqlite_schema", [], |row| row.get(0))
            .unwrap();
        assert_eq!(tables, 0);
    }

    #[test]
    fn stepping_twice_is_stepping_once() {
        let mut connection = Connection::open_in_memory().unwrap();
        forward(&mut connection, Path::new("ledger.db")).unwrap();
        forward(&mut connection, Path::new("ledger.db")).unwrap();
    }

    #[test]
    fn a_ledger_of_an_older_program_steps_forward_in_place_and_leaves_a_copy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let open = || Connection::open_with_flags(&path, rusqlite::OpenFlags::default()).unwrap();
        let old = open();
        old.execute_batch(STEPS[0]).unwrap();
        old.pragma_update(None, "user_version", 1).unwrap();
        let order = "insert into orders values (x'00112233445566778899aabbccddeeff',
            'S1-1-1-20261121-0001', 1, '2026-11-21', '1001', 7, 100, 100, 0, 0);";
        old.execute_batch(order).unwrap();
        drop(old);
        let mut connection = open();
        forward(&mut connection, &path).unwrap();
        let count = |connection: &Connection, table: &str| -> i64 {
            let sql = format!("select count(*) from {table}");
            connection.query_row(&sql, [], |row| row.get(0)).unwrap()
        };
        let counts = ["orders", "order_body", "price_book"].map(|table| count(&connection, table));
        assert_eq!(counts, [1, 0, 0]);
        let copy = folder.path().join(format!("ledger.before-{}.db", STEPS.len()));
        let copy = Connection::open_with_flags(copy, rusqlite::OpenFlags::default()).unwrap();
        assert_eq!(count(&copy, "orders"), 1);
    }
}

//! A replica file: a swappable copy of one scope of what the mall owns.
//!
//! Files are named `replica-<scope>-<version>.db`; a pointer file `replica-<scope>.current` names
//! the one in force. A database is never renamed over another that somebody has open.
//!
//! A version of the mall's is one HQ transaction. Its pages lie aside in the file until it is whole,
//! and are applied together; whoever reads meanwhile reads one version to the end.
//!
//! **Invariant:** the cursor lives inside the file and moves in the transaction of its rows.

mod digest;
mod rows;
mod staged;

use std::path::{Path, PathBuf};

use domain::{id::IncarnationId, time::Timestamp};
use rusqlite::{Connection, OpenFlags, TransactionBehavior, params};
use sync::{
    digest::Digests,
    replica::{STORE_TABLES, Scope},
    wire::{BucketV1, FeedCursorV1, FeedPageV1},
};

use super::{DbError, pool::Pool, sync_folder};
use crate::fault;

/// What a catalog replica of schema 1 lacks.
const TO_SCHEMA_2: &str = "alter table item add column tags text not null default '';
    create table rule_set (
      one      integer primary key check (one = 1),
      revision integer not null check (revision > 0),
      body     text not null
    ) strict;";

/// Where a replica stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// How far it has read.
    pub(crate) cursor: FeedCursorV1,
    /// When it last learned something.
    pub(crate) updated_at: Timestamp,
    /// The schema of its content: below ours, some columns are empty that the mall may fill.
    pub(crate) schema: i64,
}

/// An open replica.
#[derive(Debug)]
pub(crate) struct Replica {
    path: PathBuf,
    readers: Pool,
}

/// The tables of a store's own rows where they are missing: every schema so far only added some.
fn missing_tables() -> String {
    STORE_TABLES
        .replace("create table ", "create table if not exists ")
        .replace("create index ", "create index if not exists ")
}

fn pointer(data: &Path, scope: Scope) -> PathBuf {
    data.join(format!("replica-{scope}.current"))
}

/// The name of a replica's file.
pub(crate) fn file_name(scope: Scope, version: i64) -> String {
    format!("replica-{scope}-{version}.db")
}

impl Replica {
    /// Opens the replica in force, if there is one.
    pub(crate) fn current(data: &Path, scope: Scope) -> Result<Option<Self>, DbError> {
        let pointer = pointer(data, scope);
        let name = match std::fs::read_to_string(&pointer) {
            Ok(name) => name,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(DbError::file("read", pointer)(error)),
        };
        Self::open(&data.join(name.trim()), scope).map(Some)
    }

    /// Opens a file that is not in force.
    pub(crate) fn aside(path: &Path, scope: Scope) -> Result<Self, DbError> {
        Self::open(path, scope)
    }

    fn open(path: &Path, scope: Scope) -> Result<Self, DbError> {
        let replica = Self { path: path.to_owned(), readers: Pool::open(path)? };
        let schema = replica.read(|connection| check_meta(connection, path, scope))?;
        // The mall's file has no log of its own yet. It gets one now, while nobody reads it: later,
        // whoever reads would keep it from being changed.
        drop(replica.connect_to_change()?);
        if schema < fault::schema() {
            replica.step_forward(scope)?;
        }
        Ok(replica)
    }

    /// Gives a replica of an older program the tables of this one, so that a store sells on over an
    /// upgrade while nobody can send it a new file. Its `schema` stays as it is: what the older
    /// program left out is missing until a snapshot brings it.
    fn step_forward(&self, scope: Scope) -> Result<(), DbError> {
        let doing = "give an older replica its new tables";
        let mut connection = self.connect_to_change()?;
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(DbError::sqlite(doing))?;
        match scope {
            Scope::Catalog => {
                let has_tags: bool = transaction
                    .query_row(
                        "select exists (select 1 from pragma_table_info('item') where name = 'tags')",
                        [],
                        |row| row.get(0),
                    )
                    .map_err(DbError::sqlite(doing))?;
                if !has_tags {
                    transaction.execute_batch(TO_SCHEMA_2).map_err(DbError::sqlite(doing))?;
                }
            }
            Scope::Store(_) => {
                transaction.execute_batch(&missing_tables()).map_err(DbError::sqlite(doing))?;
            }
        }
        transaction.commit().map_err(DbError::sqlite(doing))
    }

    fn connect_to_change(&self) -> Result<Connection, DbError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)
            .map_err(DbError::sqlite("open a replica to change it"))?;
        connection
            .execute_batch(
                // The mall can always send it again, so a lost page costs a second.
                "pragma journal_mode = wal; pragma synchronous = normal;
                 pragma busy_timeout = 5000; pragma temp_store = memory;",
            )
            .map_err(DbError::sqlite("set up a replica to change it"))?;
        Ok(connection)
    }

    /// Puts a verified file in force: pointer written aside, flushed, renamed.
    pub(crate) fn put_in_force(data: &Path, file: &str, scope: Scope) -> Result<Self, DbError> {
        let replica = Self::open(&data.join(file), scope)?;
        // The file's name is on the disk before anything points to it.
        sync_folder(data)?;
        let (old, new) = (pointer(data, scope), data.join(format!("replica-{scope}.next")));
        std::fs::write(&new, file).map_err(DbError::file("write", &new))?;
        std::fs::File::open(&new)
            .and_then(|written| written.sync_all())
            .map_err(DbError::file("flush", &new))?;
        std::fs::rename(&new, &old).map_err(DbError::file("rename", &new))?;
        sync_folder(data)?;
        Ok(replica)
    }

    /// Deletes the files of this scope that are not in force; failures only cost disk.
    pub(crate) fn sweep(data: &Path, scope: Scope, in_force: &Self) {
        let prefix = format!("replica-{scope}-");
        let kept = in_force.path.file_name().map(|name| name.to_string_lossy().into_owned());
        let entries = std::fs::read_dir(data).into_iter().flatten().flatten();
        for entry in entries {
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_kept = kept.as_ref().is_some_and(|kept| name.starts_with(kept.as_str()));
            if name.starts_with(&prefix) && !is_kept {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }

    /// Reads on this thread, one version to the end: several statements see the same rows though
    /// the next version is applied between them.
    pub(crate) fn read<T, E: From<DbError> + std::error::Error + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        self.readers.read(|connection| {
            let begun = connection.unchecked_transaction();
            let begun = begun.map_err(DbError::sqlite("begin to read a replica"))?;
            // It only read: that it is rolled back at the end of this block changes nothing.
            read(&begun)
        })
    }

    /// Where it stands.
    pub(crate) fn standing(&self) -> Result<Standing, DbError> {
        self.read(standing)
    }

    /// How far the pages that lie aside go: how many there are, and the cursor after the last.
    /// `None` where none lies aside.
    pub(crate) fn staged(&self) -> Result<Option<(usize, FeedCursorV1)>, DbError> {
        self.read(staged::end)
    }

    /// Lays a page aside; nobody sees anything of it.
    pub(crate) fn stage(&self, page: &FeedPageV1) -> Result<(), DbError> {
        let connection = self.connect_to_change()?;
        staged::add(&connection, page)
    }

    /// What the stored rows add up to, and where the replica stands with them. Rows that their indexes
    /// do not name are damage: nobody would find them.
    pub(crate) fn digests(&self, scope: Scope) -> Result<(FeedCursorV1, Digests), DbError> {
        self.read(|connection| {
            let digests = digest::digests(connection, scope)?;
            is_whole(connection, "pragma integrity_check(1)", "look a replica through")?;
            Ok((standing(connection)?.cursor, digests))
        })
    }

    /// Replaces the rows of a bucket by the mall's, in one transaction; `false` where the replica
    /// does not stand where they are of.
    pub(crate) fn repair(
        &self,
        scope: Scope,
        bucket: usize,
        told: &BucketV1,
    ) -> Result<bool, DbError> {
        let mut connection = self.connect_to_change()?;
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(DbError::sqlite("begin to repair a bucket"))?;
        let FeedCursorV1 { incarnation, version, after } = standing(&transaction)?.cursor;
        if (incarnation, version) != (told.incarnation, told.version) || !after.is_empty() {
            return Ok(false);
        }
        digest::replace(&transaction, scope, bucket, told)?;
        transaction.commit().map_err(DbError::sqlite("commit a repaired bucket"))?;
        Ok(true)
    }

    /// Throws away what lies aside.
    pub(crate) fn unstage(&self) -> Result<(), DbError> {
        let connection = self.connect_to_change()?;
        staged::clear(&connection)
    }

    /// Applies the pages that lie aside, and then this one, and moves the cursor, in one
    /// transaction. The answer is how many changes there were.
    pub(crate) fn apply(&self, page: &FeedPageV1, now: Timestamp) -> Result<usize, DbError> {
        let mut connection = self.connect_to_change()?;
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(DbError::sqlite("begin a version"))?;
        let mut n_changes = page.changes.len();
        staged::each(&transaction, |changes| {
            n_changes += changes.len();
            changes.iter().try_for_each(|change| rows::apply(&transaction, &change.row))
        })?;
        page.changes.iter().try_for_each(|change| rows::apply(&transaction, &change.row))?;
        staged::clear(&transaction)?;
        let FeedCursorV1 { incarnation, version, after } = &page.next;
        transaction
            .execute(
                "update replica_meta set incarnation = ?1, version = ?2, after_key = ?3,
                        updated_at = ?4",
                params![incarnation.to_string(), version, after, now.micros()],
            )
            .map_err(DbError::sqlite("move the feed cursor"))?;
        fault::db("replica.applied")?;
        transaction.commit().map_err(DbError::sqlite("commit a version"))?;
        Ok(n_changes)
    }
}

/// Checks a downloaded file before it is put in force: whole, ours, and not a torn copy.
pub(crate) fn verify_file(path: &Path, scope: Scope) -> Result<(), DbError> {
    let pool = Pool::open(path)?;
    pool.read(|connection| {
        check_meta(connection, path, scope)?;
        is_whole(connection, "pragma quick_check(1)", "verify a snapshot")
    })
}

/// Lets SQLite look a file through.
fn is_whole(connection: &Connection, pragma: &str, doing: &'static str) -> Result<(), DbError> {
    let verdict: String =
        connection.query_row(pragma, [], |row| row.get(0)).map_err(DbError::sqlite(doing))?;
    if verdict == "ok" { Ok(()) } else { Err(DbError::Damaged { doing }) }
}

/// Looks whether a file is a replica of this scope that we can read, and says its schema.
fn check_meta(connection: &Connection, path: &Path, scope: Scope) -> Result<i64, DbError> {
    let (written, schema): (String, i64) = connection
        .query_row("select scope, schema from replica_meta", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .map_err(DbError::sqlite("read what a replica is"))?;
    let known = fault::schema();
    if schema > known {
        return Err(DbError::Newer { path: path.to_owned(), found: schema, known });
    }
    if written == scope.to_string() {
        Ok(schema)
    } else {
        Err(DbError::Damaged { doing: "read what a replica is" })
    }
}

fn standing(connection: &Connection) -> Result<Standing, DbError> {
    let doing = "read where a replica stands";
    let (incarnation, version, after, at, schema): (String, i64, String, i64, i64) = connection
        .query_row(
            "select incarnation, version, after_key, updated_at, schema from replica_meta",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)),
        )
        .map_err(DbError::sqlite(doing))?;
    let incarnation: IncarnationId = incarnation.parse().map_err(|_| DbError::Damaged { doing })?;
    Ok(Standing {
        cursor: FeedCursorV1 { incarnation, version, after },
        updated_at: Timestamp::from_micros(at),
        schema,
    })
}

#[cfg(test)]
mod tests {
    use domain::{
        catalog::{Item, Unit},
        money::{BasisPoints, Money},
    };
    use sync::{
        replica::CATALOG_TABLES,
        wire::{ChangeV1, ItemV1, RowV1, RulesV1},
    };

    use super::*;
    use crate::{
        db::{catalog, rules},
        test_store::{TestStore, lay_catalog},
    };

    const SCHEMA_1: &str = include_str!("replica/schema_1.sql");

    fn columns(connection: &Connection, table: &str) -> Vec<(String, String, bool)> {
        let sql = "select name, type, \"notnull\" from pragma_table_info(?1) order by name";
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        rows.unwrap().collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn an_older_replica_gets_the_very_tables_of_this_program() {
        let old = Connection::open_in_memory().unwrap();
        old.execute_batch(SCHEMA_1).unwrap();
        old.execute_batch(TO_SCHEMA_2).unwrap();
        let new = Connection::open_in_memory().unwrap();
        new.execute_batch(CATALOG_TABLES).unwrap();
        for table in ["replica_meta", "item", "barcode", "rule_set"] {
            assert_eq!(columns(&old, table), columns(&new, table), "{table}");
        }
    }

    #[test]
    fn an_older_store_replica_gets_the_very_tables_of_this_program() {
        let later = ["member", "token_key", "stock", "pickup"];
        let old = Connection::open_in_memory().unwrap();
        old.execute_batch(STORE_TABLES).unwrap();
        for table in later {
            old.execute_batch(&format!("drop table {table}")).unwrap();
            assert_eq!(columns(&old, table), []);
        }
        old.execute_batch(&missing_tables()).unwrap();
        let new = Connection::open_in_memory().unwrap();
        new.execute_batch(STORE_TABLES).unwrap();
        for table in later {
            assert_eq!(columns(&old, table), columns(&new, table), "{table}");
        }
    }

    /// The tables as the version before had them, beside this program's.
    const BEFORE: [(&str, &str); 2] = [
        (include_str!("../../../sync/tests/frozen/tables/catalog.sql"), CATALOG_TABLES),
        (include_str!("../../../sync/tests/frozen/tables/store.sql"), STORE_TABLES),
    ];

    #[test]
    fn the_version_before_finds_its_tables_in_a_file_of_this_one_and_can_fill_them() {
        for (before, now) in BEFORE {
            let open = |tables| {
                let connection = Connection::open_in_memory().unwrap();
                connection.execute_batch(tables).unwrap();
                connection
            };
            let (before, now) = (open(before), open(now));
            let sql = "select name from sqlite_schema where type = 'table' and sql like '%strict%'";
            let mut statement = before.prepare(sql).unwrap();
            let tables = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
            for table in tables.map(Result::unwrap) {
                let (had, has) = (columns(&before, &table), columns(&now, &table));
                let lost: Vec<_> = had.iter().filter(|column| !has.contains(column)).collect();
                assert!(lost.is_empty(), "{table} lacks {lost:?}");
                // Who does not know a column writes rows without it.
                let sql = "select count(*) from pragma_table_info(?1)
                           where \"notnull\" and dflt_value is null and not pk";
                let bare =
                    |of: &Connection| of.query_row(sql, [&table], |row| row.get::<_, i64>(0));
                assert_eq!(bare(&now).unwrap(), bare(&before).unwrap(), "{table}");
            }
        }
    }

    #[tokio::test]
    async fn a_store_that_is_upgraded_while_its_mall_is_away_sells_on() {
        let folder = tempfile::tempdir().unwrap();
        lay_catalog(folder.path(), SCHEMA_1, 1);
        let store = TestStore::open_in(folder, None).await;
        store.scan(1, "TEA").await;
        assert_eq!(store.complete(1, Some(1_200), 1_200).await.unwrap().total.minor(), 1_200);
        // What follows from the mall is taken in, and the file still says that it is an old one.
        store.apply(RowV1::Item(ItemV1::of(&tagged(), String::new(), String::new()))).await;
        let rules = RulesV1 { revision: 4, set: r#"{"rules": []}"#.to_owned() };
        store.apply(RowV1::Rules(rules)).await;
        let store = store.restart().await;
        let replica = store.context().replicas.catalog().unwrap();
        assert_eq!(replica.standing().unwrap().schema, 1);
        let found = replica.read(|db| catalog::by_sku(db, "TEA")).unwrap().unwrap();
        assert_eq!(found.tags, ["new", "season=2026AW"]);
        assert_eq!(replica.read(rules::newest).unwrap().map(|rules| rules.revision), Some(4));
        assert_eq!(store.context().prices.book().revision(), 4);
    }

    fn named(name: &str) -> RowV1 {
        let item = Item { name: name.to_owned(), ..tagged() };
        RowV1::Item(ItemV1::of(&item, String::new(), String::new()))
    }

    fn page(version: i64, after: &str, row: RowV1) -> FeedPageV1 {
        let incarnation = IncarnationId::from_uuid(uuid::Uuid::from_u128(1));
        let next = FeedCursorV1 { incarnation, version, after: after.to_owned() };
        let change = ChangeV1 { version: version + 1, key: "k".to_owned(), row };
        FeedPageV1 { changes: vec![change], next, head: 9 }
    }

    fn name_of_tea(replica: &Replica) -> Option<String> {
        replica.read(|db| catalog::by_sku(db, "TEA")).unwrap().map(|item| item.name)
    }

    #[tokio::test]
    async fn nobody_sees_what_lies_aside_until_it_is_whole_though_the_box_starts_anew() {
        let store = TestStore::open(None).await;
        let replica = store.context().replicas.catalog().unwrap();
        let before = replica.standing().unwrap();
        assert_eq!(replica.staged().unwrap(), None);
        let pages = [page(1, "a", named("half")), page(1, "b", named("more"))];
        pages.iter().for_each(|page| replica.stage(page).unwrap());
        drop(replica);
        let store = store.restart().await;
        let replica = store.context().replicas.catalog().unwrap();
        assert_eq!(replica.staged().unwrap(), Some((2, pages[1].next.clone())));
        assert_eq!(replica.standing().unwrap(), before);
        assert_eq!(name_of_tea(&replica).as_deref(), Some("tea"));
        // The last page comes after those that lie aside.
        let last = page(2, "", RowV1::ItemGone { sku: "COAT".to_owned() });
        assert_eq!(replica.apply(&last, store.context().clock.now()).unwrap(), 3);
        assert_eq!(name_of_tea(&replica).as_deref(), Some("more"));
        assert_eq!(replica.read(|db| catalog::by_sku(db, "COAT")).unwrap(), None);
        assert_eq!(replica.standing().unwrap().cursor, last.next);
        assert_eq!(replica.staged().unwrap(), None);
        replica.stage(&pages[0]).unwrap();
        replica.unstage().unwrap();
        assert_eq!(replica.staged().unwrap(), None);
    }

    #[tokio::test]
    async fn a_reader_sees_one_version_to_the_end() {
        let store = TestStore::open(None).await;
        let replica = store.context().replicas.catalog().unwrap();
        let names = replica.read(|db| {
            let first = catalog::by_sku(db, "TEA")?.map(|item| item.name);
            replica.apply(&page(2, "", named("later")), store.context().clock.now())?;
            Ok::<_, DbError>((first, catalog::by_sku(db, "TEA")?.map(|item| item.name)))
        });
        assert_eq!(names.unwrap(), (Some("tea".to_owned()), Some("tea".to_owned())));
        assert_eq!(name_of_tea(&replica).as_deref(), Some("later"));
    }

    fn tagged() -> Item {
        Item {
            sku: "TEA".to_owned(),
            name: "tea".to_owned(),
            spec: String::new(),
            unit: Unit::Piece,
            style: String::new(),
            colour: String::new(),
            size: String::new(),
            brand: String::new(),
            category: "food".to_owned(),
            list_price: Money::from_minor(1_200),
            tax_rate: BasisPoints(1_300),
            plu: String::new(),
            tags: vec!["new".to_owned(), "season=2026AW".to_owned()],
            barcodes: Vec::new(),
        }
    }
}

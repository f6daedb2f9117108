//! A replica file: a swappable copy of one scope of what the mall owns.
//!
//! Files are named `replica-<scope>-<version>.db`; a pointer file `replica-<scope>.current` names
//! the one in force. A database is never renamed over another that somebody has open.
//!
//! **Invariant:** the cursor lives inside the file and moves in the transaction of its rows.

use std::path::{Path, PathBuf};

use domain::{id::IncarnationId, time::Timestamp};
use rusqlite::{Connection, OpenFlags, TransactionBehavior, params};
use sync::{
    replica::{REPLICA_SCHEMA, Scope, item_words},
    wire::{FeedCursorV1, FeedPageV1, ItemV1, RowV1},
};

use super::{DbError, pool::Pool, sync_folder};

/// Where a replica stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// How far it has read.
    pub(crate) cursor: FeedCursorV1,
    /// When it last learned something.
    pub(crate) updated_at: Timestamp,
}

/// An open replica.
#[derive(Debug)]
pub(crate) struct Replica {
    path: PathBuf,
    readers: Pool,
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

    fn open(path: &Path, scope: Scope) -> Result<Self, DbError> {
        let replica = Self { path: path.to_owned(), readers: Pool::open(path)? };
        replica.read(|connection| check_meta(connection, path, scope))?;
        Ok(replica)
    }

    /// Puts a verified file in force: pointer written aside, flushed, renamed.
    pub(crate) fn put_in_force(data: &Path, file: &str, scope: Scope) -> Result<Self, DbError> {
        let replica = Self::open(&data.join(file), scope)?;
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

    /// Reads on this thread.
    pub(crate) fn read<T, E: From<DbError>>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        self.readers.read(read)
    }

    /// Where it stands.
    pub(crate) fn standing(&self) -> Result<Standing, DbError> {
        self.read(standing)
    }

    /// Applies a page of changes and moves the cursor, in one transaction.
    pub(crate) fn apply(&self, page: &FeedPageV1, now: Timestamp) -> Result<(), DbError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(&self.path, flags)
            .map_err(DbError::sqlite("open a replica to change it"))?;
        connection
            .execute_batch(
                // The mall can always send it again, so a lost page costs a second.
                "pragma journal_mode = wal; pragma synchronous = normal;
                 pragma busy_timeout = 5000; pragma temp_store = memory;",
            )
            .map_err(DbError::sqlite("set up a replica to change it"))?;
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(DbError::sqlite("begin a page of changes"))?;
        for change in &page.changes {
            apply_row(&transaction, &change.row)?;
        }
        let FeedCursorV1 { incarnation, version, after } = &page.next;
        transaction
            .execute(
                "update replica_meta set incarnation = ?1, version = ?2, after_key = ?3,
                        updated_at = ?4",
                params![incarnation.to_string(), version, after, now.micros()],
            )
            .map_err(DbError::sqlite("move the feed cursor"))?;
        transaction.commit().map_err(DbError::sqlite("commit a page of changes"))
    }
}

/// Checks a downloaded file before it is put in force: whole, ours, and not a torn copy.
pub(crate) fn verify_file(path: &Path, scope: Scope) -> Result<(), DbError> {
    let doing = "verify a snapshot";
    let pool = Pool::open(path)?;
    pool.read(|connection| {
        check_meta(connection, path, scope)?;
        let verdict: String = connection
            .query_row("pragma quick_check(1)", [], |row| row.get(0))
            .map_err(DbError::sqlite(doing))?;
        if verdict == "ok" { Ok(()) } else { Err(DbError::Damaged { doing }) }
    })
}

fn check_meta(connection: &Connection, path: &Path, scope: Scope) -> Result<(), DbError> {
    let (written, schema): (String, i64) = connection
        .query_row("select scope, schema from replica_meta", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .map_err(DbError::sqlite("read what a replica is"))?;
    if schema > REPLICA_SCHEMA {
        let known = REPLICA_SCHEMA;
        return Err(DbError::Newer { path: path.to_owned(), found: schema, known });
    }
    if written == scope.to_string() {
        Ok(())
    } else {
        Err(DbError::Damaged { doing: "read what a replica is" })
    }
}

fn standing(connection: &Connection) -> Result<Standing, DbError> {
    let doing = "read where a replica stands";
    let (incarnation, version, after, at): (String, i64, String, i64) = connection
        .query_row(
            "select incarnation, version, after_key, updated_at from replica_meta",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        )
        .map_err(DbError::sqlite(doing))?;
    let incarnation: IncarnationId = incarnation.parse().map_err(|_| DbError::Damaged { doing })?;
    Ok(Standing {
        cursor: FeedCursorV1 { incarnation, version, after },
        updated_at: Timestamp::from_micros(at),
    })
}

fn apply_row(connection: &Connection, row: &RowV1) -> Result<(), DbError> {
    let doing = "apply a change";
    let done = match row {
        RowV1::Item(item) => return put_item(connection, item),
        RowV1::ItemGone { sku } => return drop_item(connection, sku),
        RowV1::Store(store) => {
            let body = serde_json::to_string(store).map_err(|_| DbError::Damaged { doing })?;
            connection.execute(
                "insert into store (one, body) values (1, ?1)
                 on conflict (one) do update set body = excluded.body",
                [body],
            )
        }
        RowV1::Workstation(w) => {
            let kind = match w.kind {
                sync::wire::WorkstationKindV1::Till => "till",
                sync::wire::WorkstationKindV1::Kiosk => "kiosk",
            };
            connection.execute(
                "insert into workstation (number, name, kind) values (?1, ?2, ?3)
                 on conflict (number) do update set name = excluded.name, kind = excluded.kind",
                params![w.number, w.name, kind],
            )
        }
        RowV1::WorkstationGone { number } => {
            connection.execute("delete from workstation where number = ?1", [number])
        }
        RowV1::Operator(o) => {
            let role = match o.role {
                sync::wire::RoleV1::Cashier => "cashier",
                sync::wire::RoleV1::Manager => "manager",
            };
            connection.execute(
                "insert into operator (number, name, role, pin_hash) values (?1, ?2, ?3, ?4)
                 on conflict (number) do update set name = excluded.name, role = excluded.role,
                   pin_hash = excluded.pin_hash",
                params![o.number, o.name, role, o.pin_hash],
            )
        }
        RowV1::OperatorGone { number } => {
            connection.execute("delete from operator where number = ?1", [number])
        }
    };
    done.map(|_| ()).map_err(DbError::sqlite(doing))
}

fn put_item(connection: &Connection, wire: &ItemV1) -> Result<(), DbError> {
    let doing = "apply an item";
    let item = wire.clone().into_item();
    item.check().map_err(|_| DbError::Damaged { doing })?;
    let item_id: i64 = connection
        .prepare_cached(
            "insert into item (sku, name, spec, unit, style, colour, size, brand, category,
               list_price_minor, tax_rate_bps, plu, initials, pinyin)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
             on conflict (sku collate nocase) do update set sku = excluded.sku,
               name = excluded.name, spec = excluded.spec,
               unit = excluded.unit, style = excluded.style, colour = excluded.colour,
               size = excluded.size, brand = excluded.brand, category = excluded.category,
               list_price_minor = excluded.list_price_minor,
               tax_rate_bps = excluded.tax_rate_bps, plu = excluded.plu,
               initials = excluded.initials, pinyin = excluded.pinyin
             returning item_id",
        )
        .and_then(|mut statement| {
            statement.query_row(
                params![
                    item.sku,
                    item.name,
                    item.spec,
                    item.unit.word(),
                    item.style,
                    item.colour,
                    item.size,
                    item.brand,
                    item.category,
                    item.list_price.minor(),
                    item.tax_rate.0,
                    item.plu,
                    wire.initials,
                    wire.pinyin,
                ],
                |row| row.get(0),
            )
        })
        .map_err(DbError::sqlite(doing))?;
    drop_barcodes(connection, item_id)?;
    for barcode in &item.barcodes {
        // A barcode that moved from one SKU to another arrives with whichever change comes later.
        connection
            .prepare_cached(
                "insert into barcode (gtin, item_id, pack_milli) values (?1, ?2, ?3)
                 on conflict (gtin) do update set item_id = excluded.item_id,
                   pack_milli = excluded.pack_milli",
            )
            .and_then(|mut statement| {
                let gtin = i64::try_from(barcode.gtin.number()).unwrap_or(0);
                statement.execute(params![gtin, item_id, barcode.pack.milli()])
            })
            .map_err(DbError::sqlite(doing))?;
    }
    put_words(connection, item_id, wire)
}

fn put_words(connection: &Connection, item_id: i64, item: &ItemV1) -> Result<(), DbError> {
    let words = item_words(item).into_iter().collect::<Vec<_>>().join(" ");
    connection
        .prepare_cached("delete from item_word where rowid = ?1")
        .and_then(|mut statement| statement.execute([item_id]))
        .and_then(|_| {
            connection
                .prepare_cached("insert into item_word (rowid, words) values (?1, ?2)")?
                .execute(params![item_id, words])
        })
        .map(|_| ())
        .map_err(DbError::sqlite("index an item's words"))
}

fn drop_barcodes(connection: &Connection, item_id: i64) -> Result<(), DbError> {
    connection
        .prepare_cached("delete from barcode where item_id = ?1")
        .and_then(|mut statement| statement.execute([item_id]))
        .map(|_| ())
        .map_err(DbError::sqlite("replace an item's barcodes"))
}

fn drop_item(connection: &Connection, sku: &str) -> Result<(), DbError> {
    use rusqlite::OptionalExtension as _;
    let doing = "take an item out";
    let gone: Option<i64> = connection
        .prepare_cached("delete from item where sku = ?1 collate nocase returning item_id")
        .and_then(|mut statement| statement.query_row([sku], |row| row.get(0)).optional())
        .map_err(DbError::sqlite(doing))?;
    let Some(item_id) = gone else { return Ok(()) };
    drop_barcodes(connection, item_id)?;
    connection
        .prepare_cached("delete from item_word where rowid = ?1")
        .and_then(|mut statement| statement.execute([item_id]))
        .map(|_| ())
        .map_err(DbError::sqlite(doing))
}

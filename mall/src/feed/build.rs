//! A scope as a ready SQLite file, packed.
//!
//! The rows are read in one transaction, so the file holds exactly one version; they go to a
//! thread of their own that fills the file, so reading and writing overlap. The file is filled
//! without a journal and without syncs, and synced once when it is whole: until it has its name
//! nobody looks at it, and a cut-off one is thrown away.
//!
//! **Invariant:** the only place outside `db` that opens a database, and never the mall's own.

use std::{
    fs::File,
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use domain::time::Timestamp;
use futures_util::TryStreamExt as _;
use ring::digest::{Context as Digest, SHA256};
use rusqlite::{Connection, Transaction, params};
use sync::{
    chain::Hash,
    replica::{self, Scope, item_words, join_tags},
    snapshot::CHUNK_BYTES,
    wire::{RowV1, RulesV1, SnapshotV1},
};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::page::{self, FeedError};
use crate::{
    context::Context,
    db::{Tx, items_read, items_read::Joined, scope::Head},
};

/// Rows handed to the filling thread at once.
const CHUNK_ROWS: usize = 1_000;
/// Chunks that wait for the filling thread.
const CHUNKS_WAITING_MAX: usize = 4;
/// As good as the higher levels for a fraction of the time, measured on a million rows.
const ZSTD_LEVEL: i32 = 3;

/// The file is private until it is renamed, so a crash may lose it: no journal, no sync. The page
/// size is SQLite's own default, written down because the file is compared byte for byte.
const PRAGMAS: &str = "
    pragma page_size = 4096;
    pragma journal_mode = off;
    pragma synchronous = off;
    pragma locking_mode = exclusive;
    pragma cache_size = -65536;
    pragma temp_store = memory;
";

/// A larger share of memory for the index's first level: fewer merges while it is filled.
const WORDS_IN_BULK: &str = "insert into item_word (item_word, rank) values ('hashsize', 33554432)";
/// Merged into one, and back to FTS5's own size for the store that will use it.
const WORDS_IN_USE: &str = "
    insert into item_word (item_word) values ('optimize');
    insert into item_word (item_word, rank) values ('hashsize', 1048576);
";

/// Why a snapshot could not be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BuildError {
    /// The mall's database refused.
    #[error("could not read what belongs into the snapshot")]
    Read(#[source] FeedError),
    /// The file could not be filled.
    #[error("could not fill the snapshot file")]
    Fill(#[from] rusqlite::Error),
    /// The file could not be made, packed, synced or renamed.
    #[error("could not make the snapshot file")]
    File(#[from] io::Error),
    /// The filling thread is gone.
    #[error("the filling of the snapshot was cut off")]
    CutOff,
}

/// What a snapshot is of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject {
    /// The scope.
    pub(super) scope: Scope,
    /// The schema of its rows. Tables and columns that came later are there and empty: an older program
    /// does not look at them.
    pub(super) schema: i64,
    /// Where its feed stood when the rows were read.
    pub(super) head: Head,
}

/// Where a snapshot is made.
#[derive(Clone, Debug)]
pub(super) struct Places {
    /// The unpacked file, deleted once it is packed.
    pub(super) file: PathBuf,
    /// The packed file.
    pub(super) packed: PathBuf,
}

enum Rows {
    Items(Vec<Joined>),
    Rules(RulesV1),
    Store(Vec<RowV1>),
}

/// Makes a snapshot from one transaction's view.
pub(super) async fn build(
    context: &Context,
    tx: &mut Tx,
    subject: Subject,
    places: Places,
) -> Result<SnapshotV1, BuildError> {
    let (sender, receiver) = channel(CHUNKS_WAITING_MAX);
    let filling = tokio::task::spawn_blocking(move || make(subject, &places, receiver));
    let read = send_rows(context, tx, subject, sender).await;
    let made = filling.await.map_err(|_| BuildError::CutOff)?;
    read.map_err(BuildError::Read)?;
    made
}

async fn send_rows(
    context: &Context,
    tx: &mut Tx,
    Subject { scope, schema, .. }: Subject,
    sender: Sender<Rows>,
) -> Result<(), FeedError> {
    match scope {
        Scope::Store(store) => {
            let rows = page::standing(context, tx, store, schema).await?;
            // A filling thread that went away tells its own reason.
            let _ = sender.send(Rows::Store(rows)).await;
        }
        Scope::Catalog => {
            if let Some(rules) = page::rules_in_force(tx).await? {
                let _ = sender.send(Rows::Rules(rules)).await;
            }
            let mut rows = std::pin::pin!(items_read::all(tx));
            let mut chunk = Vec::with_capacity(CHUNK_ROWS);
            while let Some(row) = rows.try_next().await? {
                chunk.push(row);
                if chunk.len() == CHUNK_ROWS {
                    let full = std::mem::replace(&mut chunk, Vec::with_capacity(CHUNK_ROWS));
                    if sender.send(Rows::Items(full)).await.is_err() {
                        return Ok(());
                    }
                }
            }
            let _ = sender.send(Rows::Items(chunk)).await;
        }
    }
    Ok(())
}

fn make(
    subject: Subject,
    places: &Places,
    receiver: Receiver<Rows>,
) -> Result<SnapshotV1, BuildError> {
    let n_rows = fill(subject, &places.file, receiver)?;
    let (file_bytes, file_sha256) = digest(&places.file)?;
    let packed_bytes = pack(&places.file, &places.packed)?;
    let chunks = chunks(&places.packed)?;
    std::fs::remove_file(&places.file)?;
    Ok(SnapshotV1 {
        scope: subject.scope.to_string(),
        incarnation: subject.head.incarnation,
        version: subject.head.version,
        schema: subject.schema,
        file_bytes,
        file_sha256,
        packed_bytes,
        n_rows,
        chunks,
        // It is signed when it is offered, by the key of that day.
        not_after: Timestamp::from_micros(0),
        key: 0,
        signature: String::new(),
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "a file of our own making that nobody reads before it is whole"
)]
fn fill(subject: Subject, file: &Path, mut receiver: Receiver<Rows>) -> Result<i64, BuildError> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        Ok(()) | Err(_) => {}
    }
    let mut connection = Connection::open(file)?;
    connection.execute_batch(PRAGMAS)?;
    let tx = connection.transaction()?;
    let tables = match subject.scope {
        Scope::Catalog => replica::CATALOG_TABLES,
        Scope::Store(_) => replica::STORE_TABLES,
    };
    tx.execute_batch(tables)?;
    put_meta(&tx, subject)?;
    let mut filler = Filler::default();
    if subject.scope == Scope::Catalog {
        tx.execute_batch(WORDS_IN_BULK)?;
    }
    while let Some(rows) = receiver.blocking_recv() {
        match rows {
            Rows::Items(rows) => filler.items(&tx, rows)?,
            Rows::Rules(rules) => put_rules(&tx, &rules)?,
            Rows::Store(rows) => filler.store(&tx, rows)?,
        }
    }
    if subject.scope == Scope::Catalog {
        tx.execute_batch(replica::CATALOG_INDEXES)?;
        tx.execute_batch(WORDS_IN_USE)?;
    }
    tx.execute_batch("analyze")?;
    tx.commit()?;
    connection.close().map_err(|(_, error)| error)?;
    File::open(file)?.sync_all()?;
    Ok(filler.n_rows)
}

fn put_meta(tx: &Transaction<'_>, subject: Subject) -> Result<(), rusqlite::Error> {
    let Subject { scope, schema, head } = subject;
    tx.execute(
        "insert into replica_meta (one, scope, incarnation, schema, version, after_key, updated_at)
         values (1, ?1, ?2, ?3, ?4, '', ?5)",
        params![
            scope.to_string(),
            head.incarnation.to_string(),
            schema,
            head.version,
            page::made_at(&head).micros()
        ],
    )?;
    Ok(())
}

fn put_rules(tx: &Transaction<'_>, rules: &RulesV1) -> Result<(), rusqlite::Error> {
    let sql = "insert into rule_set (one, revision, body) values (1, ?1, ?2)";
    tx.execute(sql, params![rules.revision, rules.set])?;
    Ok(())
}

/// Fills a replica's tables; knows which item the last row was of.
#[derive(Debug, Default)]
struct Filler {
    n_rows: i64,
    last_sku: Option<String>,
}

impl Filler {
    fn items(&mut self, tx: &Transaction<'_>, rows: Vec<Joined>) -> Result<(), rusqlite::Error> {
        let mut put_item = tx.prepare_cached(
            "insert into item (item_id, sku, name, spec, unit, style, colour, size, brand, category,
                               list_price_minor, tax_rate_bps, plu, tags, initials, pinyin)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
        )?;
        let mut put_words =
            tx.prepare_cached("insert into item_word (rowid, words) values (?1, ?2)")?;
        let mut put_barcode = tx.prepare_cached(
            "insert into barcode (gtin, item_id, pack_milli) values (?1, ?2, ?3)",
        )?;
        for (item, barcode) in rows {
            if self.last_sku.as_ref() != Some(&item.sku) {
                self.n_rows += 1;
                let words: Vec<String> = item_words(&item).into_iter().collect();
                put_words.execute(params![self.n_rows, words.join(" ")])?;
                put_item.execute(params![
                    self.n_rows,
                    item.sku,
                    item.name,
                    item.spec,
                    item.unit.word(),
                    item.style,
                    item.colour,
                    item.size,
                    item.brand,
                    item.category,
                    item.list_price_minor.minor(),
                    item.tax_rate_bps.0,
                    item.plu,
                    join_tags(&item.tags),
                    item.initials,
                    item.pinyin
                ])?;
                self.last_sku = Some(item.sku);
            }
            if let Some(barcode) = barcode {
                let gtin = i64::try_from(barcode.gtin.number()).unwrap_or(i64::MAX);
                put_barcode.execute(params![gtin, self.n_rows, barcode.pack_milli.milli()])?;
            }
        }
        Ok(())
    }

    fn store(&mut self, tx: &Transaction<'_>, rows: Vec<RowV1>) -> Result<(), rusqlite::Error> {
        for row in rows {
            self.n_rows += 1;
            match row {
                RowV1::Store(store) => {
                    let sql = "insert into store (one, body) values (1, ?1)";
                    tx.execute(sql, [json(&store)])?;
                }
                RowV1::Workstation(row) => {
                    let kind = word_of(&row.kind);
                    tx.execute(
                        "insert into workstation (number, name, kind) values (?1, ?2, ?3)",
                        params![row.number, row.name, kind],
                    )?;
                }
                RowV1::Operator(row) => {
                    let role = word_of(&row.role);
                    tx.execute(
                        "insert into operator (number, name, role, pin_hash)
                         values (?1, ?2, ?3, ?4)",
                        params![row.number, row.name, role, row.pin_hash],
                    )?;
                }
                RowV1::Stock(row) => {
                    tx.prepare_cached(
                        "insert into stock (sku_key, on_hand_milli, reserved_milli, counted_at)
                         values (?1, ?2, ?3, ?4)",
                    )?
                    .execute(params![
                        row.sku.to_ascii_lowercase(),
                        row.on_hand_milli.milli(),
                        row.reserved_milli.milli(),
                        row.counted_at.micros(),
                    ])?;
                }
                RowV1::Pickup(row) => {
                    // A struct of texts and numbers always serialises.
                    let body = serde_json::to_string(&row).unwrap_or_default();
                    tx.execute(
                        "insert into pickup (id, state, placed_at, body) values (?1, ?2, ?3, ?4)",
                        params![row.id.to_string(), row.state.word(), row.placed_at.micros(), body],
                    )?;
                }
                RowV1::Member(member) => {
                    tx.execute(
                        "insert into member (member_id, phone_index, body) values (?1, ?2, ?3)",
                        params![member.id.to_string(), member.phone_index, json(&member)],
                    )?;
                }
                RowV1::Keys(keys) => {
                    for key in keys.keys {
                        tx.execute(
                            "insert into token_key (version, public_key) values (?1, ?2)",
                            params![key.version, key.public_key],
                        )?;
                    }
                }
                RowV1::Item(_)
                | RowV1::Rules(_)
                | RowV1::ItemGone { .. }
                | RowV1::WorkstationGone { .. }
                | RowV1::OperatorGone { .. }
                | RowV1::PickupGone { .. }
                | RowV1::MemberGone { .. } => {}
            }
        }
        Ok(())
    }
}

/// A struct of texts and numbers always serialises.
fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// A plain enum's word on the wire, which is also its word in a replica.
fn word_of(value: &impl serde::Serialize) -> String {
    let json = serde_json::to_value(value).unwrap_or_default();
    json.as_str().unwrap_or_default().to_owned()
}

/// The hash of each chunk of the packed file.
fn chunks(packed: &Path) -> io::Result<Vec<Hash>> {
    let mut file = File::open(packed)?;
    let mut hashes = Vec::new();
    loop {
        let mut chunk = Vec::new();
        let bytes = u64::try_from(CHUNK_BYTES).unwrap_or(0);
        if io::Read::by_ref(&mut file).take(bytes).read_to_end(&mut chunk)? == 0 {
            return Ok(hashes);
        }
        hashes.push(Hash::of(&chunk));
    }
}

fn digest(file: &Path) -> io::Result<(i64, Hash)> {
    let mut file = File::open(file)?;
    let mut digest = Digest::new(&SHA256);
    let mut buffer = vec![0; 1 << 20];
    let mut bytes = 0_i64;
    loop {
        let n = file.read(&mut buffer)?;
        if n == 0 {
            break;
        }
        bytes = bytes.saturating_add(i64::try_from(n).unwrap_or(0));
        digest.update(buffer.get(..n).unwrap_or_default());
    }
    let hash = Hash::from_bytes(digest.finish().as_ref()).unwrap_or(Hash::GENESIS);
    Ok((bytes, hash))
}

fn pack(file: &Path, packed: &Path) -> io::Result<i64> {
    let size = std::fs::metadata(file)?.len();
    let mut encoder = zstd::Encoder::new(File::create(packed)?, ZSTD_LEVEL)?;
    encoder.set_pledged_src_size(Some(size))?;
    encoder.include_checksum(true)?;
    io::copy(&mut File::open(file)?, &mut encoder)?;
    let mut out = encoder.finish()?;
    out.flush()?;
    out.sync_all()?;
    Ok(i64::try_from(out.metadata()?.len()).unwrap_or(i64::MAX))
}

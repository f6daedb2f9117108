//! Reads a file, plans and applies it in chunks.
//!
//! One thread reads and prepares rows while the other writes: the file is never held whole. Each
//! chunk is one transaction, planned inside it, so that two imports at once cannot both give a
//! barcode away. An import that is cut off leaves whole chunks; running it again does the rest.
//!
//! **Invariant:** a chunk that changes nothing that stores see raises no version.

use std::{
    ops::ControlFlow,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::Serialize;
use sync::replica::Scope;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::{
    columns::{Columns, HeaderFault},
    plan::{Seen, plan},
    row::{self, ItemRow, RowFault},
    sheet::{self, SheetError},
};
use crate::{
    context::Context,
    db::{
        self, DbError,
        items::{self, Stamp, sku_key},
        items_read, scope,
    },
};

/// Rows in one transaction: half a second of a slow disk, so that batches of orders get their
/// turn in between.
const CHUNK_ROWS: usize = 2_000;
/// How long the write lock is left alone after each chunk. Who waits for it only looks from time to
/// time (SQLite's busy handler, up to 100 ms apart); without a pause batches of orders and other
/// verbs could wait for a whole import in vain.
const TURN: Duration = Duration::from_millis(8);
/// Chunks that wait while one is written.
const CHUNKS_WAITING_MAX: usize = 2;
/// Rows of a file; what has been seen is kept in memory, some 80 bytes a row.
const ROWS_MAX: u64 = 3_000_000;

/// What to import.
#[derive(Clone, Debug)]
pub(crate) struct Import {
    /// The file.
    pub(crate) file: PathBuf,
    /// Only say what would happen.
    pub(crate) is_dry_run: bool,
}

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Summary {
    /// Columns that mean nothing here.
    pub(crate) ignored_columns: Vec<String>,
    /// Rows of the file without its header.
    pub(crate) rows: u64,
    /// Items that were not there.
    pub(crate) added: u64,
    /// Items that were, and differ now.
    pub(crate) changed: u64,
    /// Items that stood so already.
    pub(crate) unchanged: u64,
    /// Rows that were refused.
    pub(crate) refused: u64,
    /// The catalog's version afterwards.
    pub(crate) version: i64,
    /// Whether nothing was written.
    pub(crate) dry_run: bool,
}

/// Why a file was not imported, or not to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImportError {
    /// The file cannot be read.
    #[error("could not read {}", file.display())]
    Sheet {
        /// Which.
        file: PathBuf,
        /// Why.
        #[source]
        source: SheetError,
    },
    /// The header does not say what is what.
    #[error("could not understand the header")]
    Header(#[source] HeaderFault),
    /// Over `ROWS_MAX`.
    #[error("the file has more than {ROWS_MAX} rows; those before are imported")]
    TooManyRows,
    /// The database refused.
    #[error("could not import into the catalog")]
    Db(#[source] DbError),
    /// The reading thread is gone.
    #[error("the reading of the file was cut off")]
    CutOff,
}

enum Read {
    Header { ignored: Vec<String> },
    Chunk(Vec<Result<ItemRow, RowFault>>),
}

/// Imports a file; each refused row is handed over as it is met.
pub(crate) async fn import(
    context: &Context,
    import: &Import,
    refused: &mut (dyn FnMut(RowFault) + Send),
) -> Result<Summary, ImportError> {
    let (sender, receiver) = channel(CHUNKS_WAITING_MAX);
    let file = import.file.clone();
    let reading = tokio::task::spawn_blocking(move || read(&file, &sender));
    let summary = apply(context, import, receiver, refused).await;
    match reading.await {
        Ok(done) => done.and(summary),
        Err(_) => Err(ImportError::CutOff),
    }
}

fn read(file: &Path, sender: &Sender<Read>) -> Result<(), ImportError> {
    let mut columns: Option<Columns> = None;
    let mut chunk = Vec::with_capacity(CHUNK_ROWS);
    let (mut n_rows, mut fault) = (0_u64, None);
    // The writer went away: it has told why.
    let send = |read: Read| match sender.blocking_send(read) {
        Ok(()) => ControlFlow::Continue(()),
        Err(_) => ControlFlow::Break(()),
    };
    let taken = sheet::read(file, &mut |sheet_row| {
        let Some(known) = &columns else {
            return match Columns::of(&sheet_row) {
                Ok((known, ignored)) => {
                    columns = Some(known);
                    send(Read::Header { ignored })
                }
                Err(header) => {
                    fault = Some(ImportError::Header(header));
                    ControlFlow::Break(())
                }
            };
        };
        n_rows += 1;
        if n_rows > ROWS_MAX {
            fault = Some(ImportError::TooManyRows);
            return ControlFlow::Break(());
        }
        chunk.push(row::read(&sheet_row, known));
        if chunk.len() < CHUNK_ROWS {
            return ControlFlow::Continue(());
        }
        send(Read::Chunk(std::mem::replace(&mut chunk, Vec::with_capacity(CHUNK_ROWS))))
    });
    if !chunk.is_empty() {
        // When the writer went away there is nobody to send to.
        let _ = send(Read::Chunk(chunk));
    }
    taken.map_err(|source| ImportError::Sheet { file: file.to_owned(), source })?;
    match (fault, columns) {
        (Some(fault), _) => Err(fault),
        (None, None) => Err(ImportError::Header(HeaderFault::Empty)),
        (None, Some(_)) => Ok(()),
    }
}

async fn apply(
    context: &Context,
    import: &Import,
    mut receiver: Receiver<Read>,
    refused: &mut (dyn FnMut(RowFault) + Send),
) -> Result<Summary, ImportError> {
    let mut summary = Summary { dry_run: import.is_dry_run, ..Summary::default() };
    let mut seen = Seen::default();
    while let Some(read) = receiver.recv().await {
        let chunk = match read {
            Read::Header { ignored } => {
                summary.ignored_columns = ignored;
                continue;
            }
            Read::Chunk(chunk) => chunk,
        };
        summary.rows += count(chunk.len());
        let (rows, mut faults) = divide(chunk);
        let mut step =
            apply_rows(context, import, rows, &mut seen).await.map_err(ImportError::Db)?;
        faults.append(&mut step.faults);
        faults.sort_by_key(|fault| fault.line);
        summary.refused += count(faults.len());
        summary.added += step.added;
        summary.changed += step.changed;
        summary.unchanged += step.unchanged;
        faults.into_iter().for_each(&mut *refused);
    }
    summary.version = version(context).await.map_err(ImportError::Db)?;
    Ok(summary)
}

fn divide(chunk: Vec<Result<ItemRow, RowFault>>) -> (Vec<ItemRow>, Vec<RowFault>) {
    let (mut rows, mut faults) = (Vec::with_capacity(chunk.len()), Vec::new());
    for read in chunk {
        match read {
            Ok(row) => rows.push(row),
            Err(fault) => faults.push(fault),
        }
    }
    (rows, faults)
}

async fn apply_rows(
    context: &Context,
    import: &Import,
    rows: Vec<ItemRow>,
    seen: &mut Seen,
) -> Result<super::plan::Plan, DbError> {
    let doing = "import a chunk";
    let keys: Vec<String> = rows.iter().map(|row| sku_key(&row.item.sku)).collect();
    let gtins: Vec<_> =
        rows.iter().flat_map(|row| row.item.barcodes.iter().map(|b| b.gtin)).collect();
    let plus: Vec<String> =
        rows.iter().map(|row| row.item.plu.clone()).filter(|plu| !plu.is_empty()).collect();
    let mut tx = if import.is_dry_run {
        context.db().read(doing).await?
    } else {
        context.db().write(doing).await?
    };
    crate::fault::db("import.begun").await?;
    let known = items_read::known(&mut tx, &keys, &gtins, &plus).await?;
    let step = plan(rows, &known, seen);
    let is_idle = step.writes.is_empty() && step.costs.is_empty();
    if !import.is_dry_run && !is_idle {
        if !step.writes.is_empty() {
            let at = context.now();
            let version = scope::raise(&mut tx, Scope::Catalog, at).await?;
            crate::fault::db("import.raised").await?;
            items::upsert(&mut tx, &step.writes, Stamp { version, at }).await?;
        }
        items::put_costs(&mut tx, &step.costs).await?;
        crate::fault::db("import.written").await?;
        db::commit(tx, doing).await?;
        crate::fault::db("import.committed").await?;
        tokio::time::sleep(TURN).await;
    }
    Ok(step)
}

async fn version(context: &Context) -> Result<i64, DbError> {
    let mut tx = context.db().read("read the head of a feed").await?;
    Ok(scope::head(&mut tx, Scope::Catalog).await?.map_or(0, |head| head.version))
}

/// A count as it is told; a file has fewer rows than 2⁶⁴.
fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

//! Whether a ledger is what it says: `edge-daemon verify --data DIR`, offline, also on a copy.
//!
//! **Invariant:** it reads; it needs no mall, no boot file and no daemon, and stops none.

use std::{io::Write, path::Path};

use crate::db::{self, DbError, verify};

/// Why nothing could be said of a ledger.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The ledger could not be read.
    #[error("could not read the ledger")]
    Db(#[from] DbError),
    /// The findings could not be written.
    #[error("could not write what was found")]
    Write(#[from] std::io::Error),
}

/// Looks at the ledger of a data folder and writes a line for each finding, then one that counts.
/// Whether all is as it says.
///
/// # Errors
/// When the ledger cannot be read at all, or is of another schema than this program's.
pub fn verify(data: &Path, out: &mut impl Write) -> Result<bool, VerifyError> {
    let ledger = verify::open(&db::ledger::path_in(data))?;
    let mut written = Ok(());
    let mut tell = |finding: verify::Finding| {
        if written.is_ok() {
            written = writeln!(out, "{finding}");
        }
    };
    let looked = verify::look(&ledger, &mut tell)?;
    written?;
    let verify::Looked { facts, orders, findings } = looked;
    writeln!(out, "{facts} facts, {orders} orders, {findings} findings")?;
    Ok(findings == 0)
}

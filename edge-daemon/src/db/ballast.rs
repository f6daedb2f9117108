//! Ballast on the disk that is kept for sales which have begun: a file that is given up when the disk is
//! full, so that they can be finished, and made again when there is room for more than it.
//!
//! **Invariant:** it stops nothing by itself. While it is given up `checkout` begins no new sale, and
//! nothing that can be fetched again is written.

use std::{
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use super::{DbError, sync_folder};

/// Twice what the ledger's log grows to: the log may be written once more and carried over.
#[cfg(not(test))]
pub(crate) const BALLAST_BYTES: u64 = 8 * 1_024 * 1_024;

/// Hundreds of stores are opened by tests.
#[cfg(test)]
pub(crate) const BALLAST_BYTES: u64 = 65_536;

/// What must be free before the room is kept again: as much once more is left to sell in, so that it
/// is not given up at the next sale.
pub(crate) const BALLAST_AGAIN_BYTES: u64 = 2 * BALLAST_BYTES;

/// Written at a time; no zeros, which a file system may leave out.
static PIECE: [u8; 65_536] = [0xA5; 65_536];

/// The file that keeps room beside a ledger.
#[derive(Debug)]
pub(crate) struct Ballast {
    path: PathBuf,
    is_kept: AtomicBool,
    was_full: AtomicBool,
}

impl Ballast {
    /// Keeps room beside a ledger, where there is any.
    pub(crate) fn beside(ledger: &Path) -> Self {
        let ballast = Self {
            path: ledger.with_file_name("ballast"),
            is_kept: AtomicBool::default(),
            was_full: AtomicBool::default(),
        };
        ballast.keep_again();
        ballast
    }

    /// Whether the disk was full and has no more room since.
    pub(crate) fn is_short(&self) -> bool {
        self.was_full.load(Ordering::SeqCst)
    }

    /// Gives it up, so that what has begun can be finished; says whether the disk was not full before.
    pub(crate) fn give_up(&self) -> bool {
        self.is_kept.store(false, Ordering::SeqCst);
        let was_full = self.was_full.swap(true, Ordering::SeqCst);
        // Should it stay, the disk is as full as it was.
        let _ = std::fs::remove_file(&self.path);
        !was_full
    }

    /// Keeps room again if there is enough. It blocks for as long as the disk takes.
    pub(crate) fn keep_again(&self) {
        if self.is_kept.load(Ordering::SeqCst) {
            return;
        }
        match self.make() {
            Ok(true) => {
                self.is_kept.store(true, Ordering::SeqCst);
                if self.was_full.swap(false, Ordering::SeqCst) {
                    tracing::info!("The disk has room again");
                }
            }
            Ok(false) => {}
            Err(error) => {
                let _ = std::fs::remove_file(&self.path);
                tracing::debug!(error = %crate::Chain(&error), "No room is kept for sales");
            }
        }
    }

    /// Makes the file, unless it lies there whole; `false` where there is not room enough.
    fn make(&self) -> Result<bool, DbError> {
        let lies_there = std::fs::metadata(&self.path).is_ok_and(|f| f.len() == BALLAST_BYTES);
        if lies_there {
            return Ok(true);
        }
        let folder = self.path.parent().unwrap_or(Path::new("."));
        if super::free_bytes(folder)? < BALLAST_AGAIN_BYTES {
            return Ok(false);
        }
        let write = || -> std::io::Result<()> {
            let mut file = File::create(&self.path)?;
            let mut left = BALLAST_BYTES;
            while left > 0 {
                let n = usize::try_from(left).unwrap_or(PIECE.len()).min(PIECE.len());
                file.write_all(PIECE.get(..n).unwrap_or(&PIECE))?;
                left = left.saturating_sub(u64::try_from(n).unwrap_or(left));
            }
            file.sync_all()
        };
        write().map_err(DbError::file("keep room in", &self.path))?;
        sync_folder(folder)?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_kept_given_up_and_kept_again_and_found_after_a_start() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = folder.path().join("ledger.db");
        let file = folder.path().join("ballast");
        let ballast = Ballast::beside(&ledger);
        assert!(!ballast.is_short());
        assert_eq!(std::fs::metadata(&file).unwrap().len(), BALLAST_BYTES);
        assert!(ballast.give_up() && !ballast.give_up());
        assert!(ballast.is_short() && !file.exists());
        ballast.keep_again();
        assert!(!ballast.is_short() && file.exists());
        // Half of it, from a disk that filled up while it was made.
        File::options().write(true).open(&file).unwrap().set_len(BALLAST_BYTES / 2).unwrap();
        drop(Ballast::beside(&ledger));
        assert_eq!(std::fs::metadata(&file).unwrap().len(), BALLAST_BYTES);
    }

    #[test]
    fn a_folder_that_takes_no_file_keeps_none() {
        let ballast = Ballast::beside(Path::new("/proc/ledger.db"));
        // Nothing was full yet: whoever has no room to spare sells as far as it goes.
        assert!(!ballast.is_short() && ballast.give_up());
        ballast.keep_again();
        assert!(ballast.is_short());
    }
}

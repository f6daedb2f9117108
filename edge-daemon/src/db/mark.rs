//! A few words beside the data folder that a copy of the folder does not carry: how far the ledger had
//! come. A ledger that was put back says less than its mark.
//!
//! **Invariant:** it only ever raises a doubt. Nothing of it is believed, and a mark that cannot be
//! read or written stops no sale.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use domain::id::EdgeId;

use super::{DbError, sync_folder};

/// Bytes of a mark at most; a longer file is none of ours.
const BYTES_MAX: u64 = 256;

/// What is known of a ledger outside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Whose ledger.
    pub(crate) edge: EdgeId,
    /// How often the daemon had started.
    pub(crate) boot_no: u64,
    /// The newest row of its outbox.
    pub(crate) head: i64,
}

/// Where the mark of a data folder lies unless the boot file says so: beside it.
#[must_use]
pub(crate) fn path_beside(data: &Path) -> PathBuf {
    let mut name = data.file_name().unwrap_or_default().to_owned();
    name.push(".mark");
    data.with_file_name(name)
}

/// Reads it; `None` where there is none that is ours.
#[must_use]
pub(crate) fn read(path: &Path) -> Option<Mark> {
    let is_short = std::fs::metadata(path).is_ok_and(|file| file.len() <= BYTES_MAX);
    let text = is_short.then(|| std::fs::read_to_string(path).ok()).flatten()?;
    let mut words = text.split_whitespace();
    let mark = Mark {
        edge: words.next()?.parse().ok()?,
        boot_no: words.next()?.parse().ok()?,
        head: words.next()?.parse().ok()?,
    };
    words.next().is_none().then_some(mark)
}

/// Writes it anew: whole or not at all, also when the power is cut.
pub(crate) fn write(path: &Path, mark: Mark) -> Result<(), DbError> {
    let Mark { edge, boot_no, head } = mark;
    let fresh = path.with_extension("mark-new");
    let put = || -> std::io::Result<()> {
        let mut file = std::fs::File::create(&fresh)?;
        writeln!(file, "{edge} {boot_no} {head}")?;
        file.sync_all()?;
        std::fs::rename(&fresh, path)
    };
    put().map_err(DbError::file("write", path))?;
    sync_folder(path.parent().unwrap_or(Path::new(".")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_back_and_anything_else_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = path_beside(&folder.path().join("store"));
        assert_eq!(path, folder.path().join("store.mark"));
        let edge = EdgeId::from_uuid(uuid::Uuid::from_u128(7));
        for mark in
            [Mark { edge, boot_no: 1, head: 0 }, Mark { edge, boot_no: u64::MAX, head: i64::MAX }]
        {
            write(&path, mark).unwrap();
            assert_eq!(read(&path), Some(mark));
        }
        let uuid = uuid::Uuid::from_u128(7);
        for text in [
            String::new(),
            "\n".to_owned(),
            format!("{uuid} 1"),
            format!("{uuid} 1 2 3"),
            format!("{uuid} -1 2"),
            "x 1 2".to_owned(),
            format!("{uuid} 1 2{}", " ".repeat(300)),
        ] {
            std::fs::write(&path, &text).unwrap();
            assert_eq!(read(&path), None, "{text:?}");
        }
        std::fs::remove_file(&path).unwrap();
        assert_eq!(read(&path), None);
    }
}

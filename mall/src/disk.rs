//! Room on the disk, and what of it the database has.

use crate::{context::Context, db};

/// Room for this program on the disk of the data folder, in bytes; `None` where the system does not say.
pub(crate) fn free(context: &Context) -> Option<u64> {
    let stat = rustix::fs::statvfs(context.data()).ok()?;
    stat.f_bavail.checked_mul(stat.f_frsize)
}

/// Bytes of the database with its log, where it is a file of the data folder.
pub(crate) fn database(context: &Context) -> Option<u64> {
    let file = db::file_in(context.data());
    let mut log = file.clone().into_os_string();
    log.push("-wal");
    let bytes = std::fs::metadata(file).ok()?.len();
    Some(bytes.saturating_add(std::fs::metadata(log).map_or(0, |log| log.len())))
}

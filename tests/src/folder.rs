//! Folders for stores that live as long as a test.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

/// Copies a folder and all that is in it.
///
/// # Errors
/// When a file cannot be read or written.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("could not make {}", to.display()))?;
    let entries =
        fs::read_dir(from).with_context(|| format!("could not list {}", from.display()))?;
    for entry in entries {
        let entry = entry.context("could not list a folder")?;
        let (path, into) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type().context("could not ask for a file")?.is_dir() {
            copy(&path, &into)?;
        } else {
            fs::copy(&path, &into).with_context(|| format!("could not copy {}", path.display()))?;
        }
    }
    Ok(())
}

/// Throws away all that is in a folder, and not the folder: a disk may be mounted there.
///
/// # Errors
/// When something cannot be removed.
pub fn clear(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder).context("could not list a folder")? {
        let path = entry.context("could not list a folder")?.path();
        let gone = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        gone.with_context(|| format!("could not remove {}", path.display()))?;
    }
    Ok(())
}

/// Names folders that live as long as a process.
const OF_PROCESS: &str = "guitai-of-";

/// A new folder that lives as long as this process; those of processes that are gone go now.
///
/// # Errors
/// When it cannot be made.
pub fn of_process() -> Result<PathBuf> {
    let all = std::env::var_os("GUITAI_TEST_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    for entry in fs::read_dir(&all).context("could not list the folder for tests")?.flatten() {
        let name = entry.file_name();
        let id = name.to_str().and_then(|name| name.strip_prefix(OF_PROCESS));
        if id.is_some_and(|id| !Path::new("/proc").join(id).exists()) {
            // Whoever else cleans up may have been quicker.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    let own = all.join(format!("{OF_PROCESS}{}", std::process::id()));
    // A process that is gone may have had our number.
    if own.exists() {
        fs::remove_dir_all(&own).context("could not clear a folder for tests")?;
    }
    fs::create_dir_all(&own).context("could not make a folder for tests")?;
    Ok(own)
}

/// A new folder that goes when its handle does; `GUITAI_TEST_DIR` says where, e.g. to keep stores
/// in memory.
///
/// # Errors
/// When it cannot be made.
pub fn temporary() -> Result<tempfile::TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("guitai-");
    match std::env::var_os("GUITAI_TEST_DIR") {
        Some(folder) => builder.tempdir_in(folder),
        None => builder.tempdir(),
    }
    .context("could not make a folder for a store")
}

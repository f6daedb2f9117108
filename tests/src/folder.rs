//! Folders for stores that live as long as a test.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};

/// Copies a folder and all that is in it.
///
/// # Errors
/// When a file cannot be read or written.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("could not make {}", to.display()))?;
    let entries = fs::read_dir(from).with_context(|| format!("could not list {}", from.display()))?;
    for entry in entries {
        let entry = entry.context("could not list a folder")?;
        let (path, into) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type().context("could not ask for a file")?.is_dir() {
            copy(&path, &into)?;
        } else {
            fs::copy(&path, &into)
                .with_context(|| format!("could not copy {}", path.display()))?;
        }
    }
    Ok(())
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

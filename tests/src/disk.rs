//! A small disk of its own for a box, which can be filled to the brim.
//!
//! **Invariant:** it is a file system in memory over one folder; the machine's own disk is never filled.

use std::{
    fs::OpenOptions,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use crate::{
    untested::{self, Lack},
    wait::{PATIENCE, until},
};

/// Bytes that are written at once: many while there is room, and at last a page.
const PIECES: [usize; 2] = [256 * 1_024, 4_096];

/// Bytes of the store's file that keeps room for what has begun.
const BALLAST_BYTES: u64 = 8 * 1_024 * 1_024;

/// A file system over a folder; gone with its handle.
#[derive(Debug)]
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts one of so many mebibytes over a folder; `None`, and said aloud, where this process may not.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn mount(over: &Path, mebibytes: u32) -> Result<Option<Self>> {
        std::fs::create_dir_all(over).context("could not make a folder for a disk")?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={mebibytes}m"), "tmpfs"]).arg(over);
        match mount.output() {
            Ok(said) if said.status.success() => return Ok(Some(Self(over.to_owned()))),
            Ok(said) => refuse(&String::from_utf8_lossy(&said.stderr)),
            Err(error) => refuse(&error.to_string()),
        }
        Ok(None)
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }

    /// Waits until the store keeps room on it for what has begun.
    ///
    /// # Errors
    /// When it does not.
    pub async fn until_room_is_kept(&self) -> Result<()> {
        let ballast = self.0.join("ballast");
        let is_kept = || std::fs::metadata(&ballast).is_ok_and(|file| file.len() == BALLAST_BYTES);
        until("the ballast", PATIENCE, async || Ok(is_kept().then_some(()))).await
    }

    /// Fills it up to `room` bytes.
    ///
    /// # Errors
    /// When the filler cannot be made at all.
    pub fn fill(&self, room: u64) -> Result<()> {
        let file = OpenOptions::new().create(true).append(true).open(self.filler());
        let mut file = file.context("could not make the filler")?;
        for bytes in PIECES {
            let piece = vec![0_u8; bytes];
            while file.write_all(&piece).is_ok() {}
        }
        let full = file.metadata().context("could not weigh the filler")?.len();
        file.set_len(full.saturating_sub(room)).context("could not leave room")
    }

    /// Throws the filler out.
    ///
    /// # Errors
    /// When there is none.
    pub fn make_room(&self) -> Result<()> {
        std::fs::remove_file(self.filler()).context("could not make room")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// Says that nothing was tested.
fn refuse(why: &str) {
    untested::say("a full disk", &Lack::Refused(format!("a tmpfs may not be mounted: {why}")));
}

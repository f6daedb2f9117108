//! What can be asked about pictures.
//!
//! **Invariant:** words only; nothing is done here.

use std::path::PathBuf;

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum PictureVerb {
    /// Add a picture for playlists: JPEG, PNG or WebP.
    Add {
        /// The file.
        file: PathBuf,
        /// What people call it; the file's name if not said.
        #[arg(long)]
        name: Option<String>,
    },
    /// The pictures that are held, the newest first.
    List,
    /// Remove a picture that no settings show that are desired.
    Remove {
        /// Its SHA-256 in hexadecimal digits.
        picture: String,
    },
}

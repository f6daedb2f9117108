//! What can be asked about settings.
//!
//! **Invariant:** words only; nothing is done here.

use std::path::PathBuf;

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum SettingsVerb {
    /// All that can be set.
    Schema,
    /// What is set in all stores, or in one.
    Show {
        /// The store's code; all stores if not given.
        #[arg(long)]
        store: Option<String>,
        /// Another document than the one desired.
        #[arg(long)]
        revision: Option<i64>,
    },
    /// Set things in all stores, or in one: a JSON document, whole.
    Set {
        /// The file.
        file: PathBuf,
        /// The store's code; all stores if not given.
        #[arg(long)]
        store: Option<String>,
        /// Why.
        #[arg(long, default_value = "")]
        note: String,
        /// Only if this revision is desired now.
        #[arg(long)]
        expect: Option<i64>,
    },
    /// The documents that were ever desired, newest first, with what they changed.
    History {
        /// The store's code; all stores if not given.
        #[arg(long)]
        store: Option<String>,
        /// At most so many, up to 200.
        #[arg(long, default_value_t = 50)]
        limit: i64,
        /// Go on with those before this revision.
        #[arg(long)]
        before: Option<i64>,
    },
    /// Whether stores are there, and what became of their settings.
    Standing,
    /// Make a new key to sign with; stores believe it and the one before.
    RotateKey,
}

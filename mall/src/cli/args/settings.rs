//! What can be asked about settings.
//!
//! **Invariant:** words only; nothing is done here.

use std::path::PathBuf;

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum SettingsVerb {
    /// All that can be set.
    Schema,
    /// What is set in all stores, in a group, or in one.
    Show {
        /// A group's key; all stores if neither is given.
        #[arg(long, conflicts_with = "store")]
        group: Option<String>,
        /// A store's code.
        #[arg(long)]
        store: Option<String>,
        /// Another document than the one desired.
        #[arg(long)]
        revision: Option<i64>,
    },
    /// Set things in all stores, in a group, or in one: a JSON document, whole.
    Set {
        /// The file.
        file: PathBuf,
        /// A group's key; all stores if neither is given.
        #[arg(long, conflicts_with = "store")]
        group: Option<String>,
        /// A store's code.
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
        /// A group's key; all stores if neither is given.
        #[arg(long, conflicts_with = "store")]
        group: Option<String>,
        /// A store's code.
        #[arg(long)]
        store: Option<String>,
        /// At most so many, up to 200.
        #[arg(long, default_value_t = 50)]
        limit: i64,
        /// Go on with those before this revision.
        #[arg(long)]
        before: Option<i64>,
    },
    /// The groups of stores, the lowest first.
    Groups,
    /// Make a group of stores, or make it another one: name, rank and stores, whole.
    Group {
        /// Its key: small letters, digits and `-`.
        key: String,
        /// What people call it.
        #[arg(long)]
        name: String,
        /// 1 to 1000: what a group of a higher rank says stands over one of a lower rank.
        #[arg(long, default_value_t = 100)]
        rank: i64,
        /// Codes of its stores, with commas between.
        #[arg(long, value_delimiter = ',')]
        stores: Vec<String>,
    },
    /// End a group of stores.
    RemoveGroup {
        /// Its key.
        key: String,
    },
    /// Whether stores are there, and what became of their settings.
    Standing,
    /// Make a new key to sign with; stores believe it and the one before.
    RotateKey,
}

//! What can be asked about stock.
//!
//! **Invariant:** words only; nothing is done here.

use std::path::PathBuf;

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum StockVerb {
    /// Take a count from a table with the columns `sku` and `on_hand`; other items stay as they are.
    Count {
        /// The store's code.
        #[arg(long)]
        store: String,
        /// The table (CSV).
        file: PathBuf,
    },
    /// What a store has, by SKU.
    List {
        /// The store's code.
        #[arg(long)]
        store: String,
        /// At most so many, up to 200.
        #[arg(long, default_value_t = 50)]
        limit: i64,
        /// Go on after the `next` of the page before.
        #[arg(long)]
        after: Option<String>,
    },
}

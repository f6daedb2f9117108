//! What can be asked about commands to stores.
//!
//! **Invariant:** words only; nothing is done here.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum CommandVerb {
    /// Give a store a command: look-again, take-snapshot, report-state or restart.
    Give {
        /// The command.
        command: String,
        /// The store's code.
        #[arg(long)]
        store: String,
        /// It is not begun later than so many minutes from now.
        #[arg(long, default_value_t = crate::commands::MINUTES)]
        minutes: i64,
    },
    /// The commands of a store and what came of each, the newest first.
    List {
        /// The store's code.
        #[arg(long)]
        store: String,
    },
}

//! What can be asked about promotions.
//!
//! **Invariant:** words only; nothing is done here.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub(crate) enum RulesVerb {
    /// The sets that were ever in force, newest first.
    List {
        /// At most so many, up to 200.
        #[arg(long, default_value_t = 50)]
        limit: i64,
        /// Go on with those before this revision.
        #[arg(long)]
        before: Option<i64>,
    },
    /// The set in force, rule by rule.
    Show {
        /// Another one.
        #[arg(long)]
        revision: Option<i64>,
    },
    /// Print the set in force as a file that `import` takes.
    Export {
        /// The form.
        #[arg(long, default_value = "json")]
        format: RulesFormat,
        /// Another one.
        #[arg(long)]
        revision: Option<i64>,
    },
    /// Put a set in force, from JSON or a table (`.csv`); a set with a fault is refused whole.
    Import {
        /// The file.
        file: PathBuf,
        /// Only say what would be refused or warned of.
        #[arg(long)]
        dry_run: bool,
        /// Why, for those who read the list later.
        #[arg(long, default_value = "")]
        note: String,
        /// Only if this revision is in force.
        #[arg(long, value_name = "REVISION")]
        expect: Option<i64>,
    },
    /// Say what is wrong with a file of rules; fails if it would be refused.
    Check {
        /// The file.
        file: PathBuf,
    },
}

/// The form of a file of rules.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum RulesFormat {
    /// The document itself.
    Json,
    /// A table with a row for each rule.
    Csv,
}

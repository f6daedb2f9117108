//! What can be asked about online shops.
//!
//! **Invariant:** words only; nothing is done here.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum ShopVerb {
    /// Make a token by which an online shop places orders for pickup; it is shown once.
    Add {
        /// What the shop is called.
        name: String,
    },
    /// Name all shops.
    List,
    /// End a shop's token; its orders stay.
    Revoke {
        /// What it is called.
        name: String,
    },
}

//! What can be asked about certificates at a broker.

use std::path::PathBuf;

use clap::Subcommand;

/// What a broker needs.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum BrokerVerb {
    /// Print the access list of a Mosquitto 2 (`acl_file`).
    Acl,
    /// Print the list of revoked certificates (`crlfile`).
    Crl,
    /// Print the authority's certificate (`cafile`).
    Ca,
    /// Write all three into a folder, as `acl`, `crl.pem` and `ca.pem`; a file that says the same already
    /// stays as it is.
    Files {
        /// The folder.
        folder: PathBuf,
    },
    /// Make a certificate for the broker itself, as `server.pem` and `server.key` in a folder.
    Certificate {
        /// The folder.
        folder: PathBuf,
        /// A name or address under which stores call it; may be given several times.
        #[arg(long, required = true)]
        name: Vec<String>,
        /// How long it is good.
        #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u16).range(1..=3650))]
        days: u16,
    },
}

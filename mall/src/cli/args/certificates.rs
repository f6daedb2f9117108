//! What can be asked about certificates: the door under TLS, and a broker's files.

use std::{net::SocketAddr, path::PathBuf};

use clap::Subcommand;

use crate::Tls;

/// The door under TLS, by which stores come in with their certificates.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct TlsArgs {
    /// Where stores come in under TLS; nowhere if not given.
    #[arg(long, env = "MALL_LISTEN_TLS", value_name = "ADDRESS")]
    listen_tls: Option<SocketAddr>,
    /// A name or address under which stores call it; may be given several times. Loopback's if not given.
    #[arg(long, env = "MALL_TLS_NAMES", value_name = "NAME", value_delimiter = ',')]
    tls_name: Vec<String>,
    /// A certificate chain (PEM) to show instead of one by the mall's own authority.
    #[arg(long, env = "MALL_TLS_CERTIFICATE", value_name = "FILE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,
    /// Its key (PEM).
    #[arg(long, env = "MALL_TLS_KEY", value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,
    /// Let edge nodes in by the plain address too, by their signatures alone: behind a proxy, or while
    /// boxes are moved.
    #[arg(long, env = "MALL_EDGES_IN_PLAIN")]
    edges_in_plain: bool,
}

impl TlsArgs {
    pub(super) fn door(&self) -> Option<Tls> {
        let names = match self.tls_name.as_slice() {
            [] => vec!["localhost".to_owned(), "127.0.0.1".to_owned()],
            names => names.to_vec(),
        };
        Some(Tls {
            listen: self.listen_tls?,
            names,
            files: self.tls_certificate.clone().zip(self.tls_key.clone()),
            is_plain_open: self.edges_in_plain,
        })
    }
}

/// What is done with the authority.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum AuthorityVerb {
    /// Make a second one, which takes the place of the first as boxes renew their certificates; it counts
    /// from the next start of each mall.
    New,
    /// Believe the first one no more, from the next start of each mall; refused while a box holds no
    /// certificate by the second.
    Retire {
        /// Also while there are such boxes: they need new claim codes.
        #[arg(long)]
        leave_out: bool,
    },
}

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

//! `edge-daemon portal`: the gate's keeper as a process, and `edge-daemon portal-log`.

use std::{
    fs::Permissions,
    io::{self, Write},
    os::unix::{fs::PermissionsExt as _, net::UnixListener},
    path::{Path, PathBuf},
};

use domain::time::Timestamp;
use gate::{
    dhcp,
    keeper::{self, KeeperError},
    lan::{Lan, LanError},
};

use super::{PortalKeyError, keys, place};
use crate::{
    Chain, Config,
    db::{DbError, ledger, pool::Pool, portal},
};

/// Who may ask the gate: its own user and group, which the store's node belongs to.
const SOCKET_MODE: u32 = 0o660;

/// Why there is no gate.
#[derive(Debug, thiserror::Error)]
pub enum GateKeeperError {
    /// The boot file has no `[portal]`.
    #[error("the boot file has no [portal]")]
    NoPortal,
    /// The guests' network is none.
    #[error("the portal's network is not fit")]
    Lan(#[from] LanError),
    /// The rules could not be laid down.
    #[error("the rules of the gate could not be laid down")]
    Rules(#[from] KeeperError),
    /// The socket, or dnsmasq's file, could not be made.
    #[error("could not make {}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Lays the rules down and keeps the gate; it returns only when it cannot.
pub fn keep_gate(config: &Config, dnsmasq: Option<&Path>) -> Result<(), GateKeeperError> {
    let portal = config.portal.as_ref().ok_or(GateKeeperError::NoPortal)?;
    let phones = config.phones_port_for(portal.lan.address);
    let lan = Lan::new(portal.lan.clone())?.with_phones(phones)?;
    let file = |path: &Path| {
        let path = path.to_owned();
        move |source| GateKeeperError::File { path, source }
    };
    if let Some(path) = dnsmasq {
        let leases = path.with_extension("leases");
        let text = dhcp::configuration(&lan, &leases.to_string_lossy());
        std::fs::write(path, text).map_err(file(path))?;
    }
    keeper::apply(&lan)?;
    let gate = portal.gate();
    // Left over from a run before; two keepers at once would only take turns.
    let _ = std::fs::remove_file(gate);
    let listener = UnixListener::bind(gate).map_err(file(gate))?;
    std::fs::set_permissions(gate, Permissions::from_mode(SOCKET_MODE)).map_err(file(gate))?;
    tracing::info!(interface = %lan.config().interface, "The gate is kept");
    keeper::hear(&listener, &lan, |error| {
        tracing::error!(error = %Chain(error), "The gate did not do what it was asked");
    });
    Ok(())
}

/// Why the log was not written out.
#[derive(Debug, thiserror::Error)]
pub enum PortalLogError {
    /// The ledger.
    #[error("the ledger did not do it")]
    Db(#[from] DbError),
    /// The secret of the log.
    #[error("the log's secret did not do it")]
    Key(#[from] PortalKeyError),
    /// A phone number does not open.
    #[error("a line of the log does not open")]
    Seal(#[from] sync::seal::SealError),
    /// Nobody takes what is written.
    #[error("could not write the log out")]
    Write(#[from] io::Error),
}

/// Writes the portal's log between two moments as CSV, with the phone numbers in clear.
pub fn portal_log(
    config: &Config,
    from: Timestamp,
    to: Timestamp,
    out: &mut dyn Write,
) -> Result<(), PortalLogError> {
    let seal = keys::make_or_read(&config.data)?;
    let readers = Pool::open(&ledger::path_in(&config.data))?;
    let rows = readers.read(|connection| portal::between(connection, from, to))?;
    // No field has a comma or a quote in it.
    writeln!(out, "at,until,phone,device,address,terms")?;
    for row in rows {
        let phone = seal.open(place(&row.id.to_string()), &row.phone_cell)?;
        let portal::PassRow { at, until, device, address, terms, .. } = row;
        writeln!(out, "{at},{until},{phone},{device},{address},{terms}")?;
    }
    Ok(())
}

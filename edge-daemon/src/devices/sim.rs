//! Devices made of memory, so that a store can be tried on any machine. They are real peers: the
//! printer listens on a socket and draws what its bytes say, the scanner connects to a port of ours.
//!
//! **Invariant:** nothing here runs unless the boot file says `simulated`.

use std::sync::{Arc, Mutex};

use domain::receipt_number::WorkstationNumber;
use drivers::{
    printer::document::Paper,
    scanner::Suffix,
    sim::{SimDisplay, SimPrinter, SimPrinterSetup, SimScanner},
};
use tokio::sync::watch;

use super::{Tasks, scanner};
use crate::context::Context;

/// One workstation's simulated devices.
#[derive(Debug)]
pub(crate) struct SimDevices {
    /// The printer with its drawer.
    pub(crate) printer: SimPrinter,
    /// The pole display.
    pub(crate) pole: SimDisplay,
    /// Where the workstation's scanners connect.
    pub(crate) scanner_address: std::net::SocketAddr,
    scanner: Mutex<Option<SimScanner>>,
    changes: watch::Sender<u64>,
}

impl SimDevices {
    /// Starts them.
    pub(super) fn start(
        context: &Arc<Context>,
        tasks: &Tasks,
        workstation: WorkstationNumber,
    ) -> std::io::Result<Arc<Self>> {
        let any = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        let configured =
            context.config.scanners.iter().find(|s| s.workstation == workstation).map(|s| s.listen);
        let scanner_address = match configured {
            Some(address) if address.port() != 0 => address,
            Some(_) | None => scanner::listen(context, tasks, workstation, any)?,
        };
        let changes = watch::Sender::new(0);
        let (clock, changed) = (context.clock.clone(), changes.clone());
        let setup = SimPrinterSetup {
            listen: any,
            paper: Paper::COLUMNS_42,
            clock: Arc::new(move || clock.now().to_string()),
            on_change: Arc::new(move || changed.send_modify(|n| *n += 1)),
        };
        Ok(Arc::new(Self {
            printer: SimPrinter::start(setup)?,
            pole: SimDisplay::default(),
            scanner_address,
            scanner: Mutex::default(),
            changes,
        }))
    }

    /// Scans, as a person with the gun would: bytes to the workstation's scanner port.
    pub(crate) fn scan(&self, text: &str, suffix: Suffix) -> std::io::Result<()> {
        let Ok(mut held) = self.scanner.lock() else {
            return Err(std::io::Error::other("the simulated scanner broke"));
        };
        let mut scanner = match held.take() {
            Some(scanner) => scanner,
            None => SimScanner::attach(self.scanner_address)?,
        };
        scanner.scan(text, suffix)?;
        *held = Some(scanner);
        Ok(())
    }

    /// Says that something changed.
    pub(super) fn changed(&self) {
        self.changes.send_modify(|n| *n += 1);
    }

    /// Follows changes.
    pub(crate) fn follow(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}

//! The gate that lets devices through: the keeper's, or one of memory where devices are simulated.

use std::{
    collections::BTreeMap,
    net::Ipv4Addr,
    path::Path,
    sync::{Mutex, PoisonError},
};

use gate::{
    client::{Gate, GateError},
    mac::Mac,
};

/// What a phone of memory is called; it lives at the loopback address.
const SIMULATED_DEVICE: &str = "d2:00:00:00:00:01";

#[derive(Debug)]
pub(super) enum Gateway {
    Keeper(Gate),
    /// For a store of simulated devices: one phone, which is whoever calls from this box.
    Memory(Mutex<BTreeMap<Mac, i64>>),
}

impl Gateway {
    pub(super) fn at(path: &Path) -> Self {
        Self::Keeper(Gate::at(path))
    }

    pub(super) const fn of_memory() -> Self {
        Self::Memory(Mutex::new(BTreeMap::new()))
    }

    /// The simulated device of an address.
    pub(super) fn device_of(&self, address: Ipv4Addr) -> Option<Mac> {
        match self {
            Self::Memory(_) if address.is_loopback() => SIMULATED_DEVICE.parse().ok(),
            Self::Memory(_) | Self::Keeper(_) => None,
        }
    }

    pub(super) async fn allow(&self, device: Mac, seconds: i64) -> Result<(), GateError> {
        match self {
            Self::Keeper(gate) => {
                let seconds = u32::try_from(seconds).unwrap_or(1);
                ask(gate, move |gate| gate.allow(device, seconds)).await
            }
            Self::Memory(passed) => {
                passed.lock().unwrap_or_else(PoisonError::into_inner).insert(device, seconds);
                Ok(())
            }
        }
    }

    pub(super) async fn forget(&self, device: Mac) -> Result<(), GateError> {
        match self {
            Self::Keeper(gate) => ask(gate, move |gate| gate.forget(device)).await,
            Self::Memory(passed) => {
                passed.lock().unwrap_or_else(PoisonError::into_inner).remove(&device);
                Ok(())
            }
        }
    }

    pub(super) async fn list(&self) -> Result<Vec<(Mac, i64)>, GateError> {
        match self {
            Self::Keeper(gate) => {
                let passed = ask(gate, Gate::list).await?;
                Ok(passed
                    .into_iter()
                    .map(|(device, seconds)| (device, i64::from(seconds)))
                    .collect())
            }
            Self::Memory(passed) => {
                let passed = passed.lock().unwrap_or_else(PoisonError::into_inner);
                Ok(passed.iter().map(|(device, seconds)| (*device, *seconds)).collect())
            }
        }
    }
}

/// Calls of the gate block; a thread that ended in a panic has not done it.
async fn ask<T: Send + 'static>(
    gate: &Gate,
    call: impl FnOnce(&Gate) -> Result<T, GateError> + Send + 'static,
) -> Result<T, GateError> {
    let gate = gate.clone();
    let called = tokio::task::spawn_blocking(move || call(&gate)).await;
    called.unwrap_or(Err(GateError::Failed))
}

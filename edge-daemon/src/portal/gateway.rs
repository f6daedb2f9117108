//! The gate that lets devices through: the keeper's, or one of memory where devices are simulated.
//!
//! **Invariant:** a phone of memory lives at a loopback address, which no other machine can have.

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

/// The gate, and whose devices those are that it lets through.
#[derive(Debug)]
pub(super) struct Gateway {
    keeper: Keeper,
    /// Whether phones are of memory too: then one lives at each loopback address.
    has_phones_of_memory: bool,
}

#[derive(Debug)]
enum Keeper {
    /// Behind its socket.
    Socket(Gate),
    /// Lets through whoever it is asked to.
    Memory(Mutex<BTreeMap<Mac, i64>>),
}

impl Gateway {
    /// The gate whose keeper listens at `path`; which device calls is what the kernel says.
    pub(super) fn at(path: &Path) -> Self {
        Self { keeper: Keeper::Socket(Gate::at(path)), has_phones_of_memory: false }
    }

    /// For a store of simulated devices: phones of memory, at this gate or at one of memory too.
    pub(super) fn for_phones_of_memory(path: Option<&Path>) -> Self {
        let of_memory = || Keeper::Memory(Mutex::new(BTreeMap::new()));
        let keeper = path.map_or_else(of_memory, |path| Keeper::Socket(Gate::at(path)));
        Self { keeper, has_phones_of_memory: true }
    }

    /// The phone of memory that has an address.
    pub(super) fn device_of(&self, address: Ipv4Addr) -> Option<Mac> {
        if !self.has_phones_of_memory || !address.is_loopback() {
            return None;
        }
        let [a, b, c, d] = address.octets();
        // As phones make theirs up: the second-lowest bit of the first byte is set.
        format!("d2:00:{a:02x}:{b:02x}:{c:02x}:{d:02x}").parse().ok()
    }

    pub(super) async fn allow(&self, device: Mac, seconds: i64) -> Result<(), GateError> {
        match &self.keeper {
            Keeper::Socket(gate) => {
                let seconds = u32::try_from(seconds).unwrap_or(1);
                ask(gate, move |gate| gate.allow(device, seconds)).await
            }
            Keeper::Memory(passed) => {
                passed.lock().unwrap_or_else(PoisonError::into_inner).insert(device, seconds);
                Ok(())
            }
        }
    }

    pub(super) async fn forget(&self, device: Mac) -> Result<(), GateError> {
        match &self.keeper {
            Keeper::Socket(gate) => ask(gate, move |gate| gate.forget(device)).await,
            Keeper::Memory(passed) => {
                passed.lock().unwrap_or_else(PoisonError::into_inner).remove(&device);
                Ok(())
            }
        }
    }

    pub(super) async fn list(&self) -> Result<Vec<(Mac, i64)>, GateError> {
        match &self.keeper {
            Keeper::Socket(gate) => {
                let passed = ask(gate, Gate::list).await?;
                Ok(passed
                    .into_iter()
                    .map(|(device, seconds)| (device, i64::from(seconds)))
                    .collect())
            }
            Keeper::Memory(passed) => {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_of_memory_lives_at_each_loopback_address_and_nowhere_else() {
        let simulated = Gateway::for_phones_of_memory(None);
        let of = |address: [u8; 4]| simulated.device_of(address.into());
        assert_eq!(
            of([127, 0, 0, 11]).map(|mac| mac.to_string()),
            Some("d2:00:7f:00:00:0b".into())
        );
        assert_ne!(of([127, 0, 0, 1]), of([127, 0, 0, 11]));
        assert_eq!(of([10, 77, 0, 20]), None);
        let real = Gateway::at(Path::new("/run/guitai-portal/gate.sock"));
        assert_eq!(real.device_of([127, 0, 0, 1].into()), None);
    }
}

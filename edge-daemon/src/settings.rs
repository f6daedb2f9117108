//! What HQ sets in this store while it runs: believed, put in force at once, tried, reported.
//!
//! ```text
//! MQTT ──► the newest envelope of each target ──┐
//!                                               ├─► signature, store, revision ─► values
//! poll over HTTPS ──────────────────────────────┘          │                         │
//!                                                       refused: what was stays   one ledger write
//!                                                          │                         │
//!                                                          └──────► report ◄── on trial: kept,
//!                                                                              or taken back
//! ```
//!
//! | file | what |
//! | --- | --- |
//! | `in_force` | what is in force, and who says so |
//! | `follow` | the loop: looks at what came, asks the mall, tries, reports |
//! | `consider` | believes an envelope and puts it in force, or refuses it |
//! | `trial` | pure: what becomes of a document on trial |
//! | `health` | how the store is found while one is on trial |
//! | `offline` | what is done while the mall does not answer |
//! | `report` | what HQ is told |
//!
//! **Invariant:** what is in force was signed by the mall for this store and is on disk beside the
//! last one that was good; whatever is refused or taken back changes nothing but what HQ is told.

mod consider;
mod follow;
mod health;
mod in_force;
mod offline;
mod report;
mod trial;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use sync::settings::{SettingsKeyV1, Target};
use tokio::sync::watch;

pub(crate) use consider::restore;
pub(crate) use follow::{learn_keys, note_stop, run};
pub(crate) use in_force::{InForce, Row, rows};
pub(crate) use offline::{Offline, may};
pub(crate) use report::report_of;

use crate::{context::Nudge, db::settings::Whose};
use trial::Health;

/// The settings of this store.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    in_force: watch::Sender<Arc<InForce>>,
    keys: Mutex<Vec<SettingsKeyV1>>,
    /// The newest that came of each, not looked at yet.
    arrived: Mutex<BTreeMap<Whose, Vec<u8>>>,
    /// How the store was before the first of the documents on trial.
    before_trial: Mutex<Option<Health>>,
    /// The mall shall be asked whatever the time.
    is_asked: AtomicBool,
    nudge: Nudge,
}

impl Settings {
    /// All that is in force.
    pub(crate) fn in_force(&self) -> Arc<InForce> {
        Arc::clone(&self.in_force.borrow())
    }

    /// Changes whenever something was put in force, refused, kept or taken back.
    pub(crate) fn follow(&self) -> watch::Receiver<Arc<InForce>> {
        self.in_force.subscribe()
    }

    /// Takes an envelope as it came through the broker; what had come before it is dropped. Of groups
    /// that this store is not in nothing is taken.
    pub(crate) fn arrive(&self, target: &Target, bytes: Vec<u8>) {
        if let Target::Group(group) = target
            && !self.in_force.borrow().groups().contains(group)
        {
            return;
        }
        if let Ok(mut arrived) = self.arrived.lock() {
            arrived.insert(Whose::of(target), bytes);
        }
        self.nudge.give();
    }

    /// Lets the mall be asked now.
    pub(crate) fn look_again(&self) {
        self.is_asked.store(true, Ordering::SeqCst);
        self.nudge.give();
    }

    fn take_arrived(&self) -> BTreeMap<Whose, Vec<u8>> {
        self.arrived.lock().map(|mut arrived| std::mem::take(&mut *arrived)).unwrap_or_default()
    }

    /// The keys by which the mall's settings, watermarks and snapshots are believed.
    pub(crate) fn keys(&self) -> Vec<SettingsKeyV1> {
        self.keys.lock().map(|keys| keys.clone()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;

//! What keeps guests from going online, for whoever looks after the store.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use domain::time::Timestamp;

/// A part of the portal that may be away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// All of it: what the boot file says of it, or its secret, is no use.
    Whole,
    /// The port of the sign-in pages.
    Pages,
    /// The gate that lets devices through.
    Gate,
}

/// Which parts are away, and since when.
#[derive(Debug, Default)]
pub(crate) struct Outage(Mutex<BTreeMap<Part, Timestamp>>);

impl Outage {
    /// A part is away; whether that is news.
    pub(crate) fn begins(&self, part: Part, now: Timestamp) -> bool {
        let mut away = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = !away.contains_key(&part);
        away.entry(part).or_insert(now);
        is_news
    }

    /// A part is there; whether that is news.
    pub(crate) fn ends(&self, part: Part) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&part).is_some()
    }

    /// Since when guests cannot go online; `None` while they can.
    pub(crate) fn since(&self) -> Option<Timestamp> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().min().copied()
    }
}

//! Documents on their way, and what became of them: what stores ask for, get, and say.
//!
//! **Invariant:** messages only; whether one is believed is decided in `crate::settings`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::settings::{SettingsKeyV1, SignedSettingsV1, Target};

/// What a store asks for, and gets: everything that is desired of it, and the keys to believe it by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingsHeldV1 {
    /// At most two, the newest last.
    pub keys: Vec<SettingsKeyV1>,
    /// Of all stores and of this one, where they have settings.
    pub envelopes: Vec<SignedSettingsV1>,
    /// Which groups the store is in, if it ever was in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<SignedSettingsV1>,
    /// Of each of those groups that has settings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub of_groups: Vec<SignedSettingsV1>,
}

/// How an envelope came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CameByV1 {
    /// Pushed through the broker.
    Mqtt,
    /// The store asked over HTTPS.
    Poll,
}

impl CameByV1 {
    /// The word on wire and in tables.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Mqtt => "mqtt",
            Self::Poll => "poll",
        }
    }
}

/// A revision that was not applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedV1 {
    /// Which it called itself.
    pub revision: i64,
    /// Why, in one word of `settings::Disbelief`, or `value`.
    pub reason: String,
    /// Which settings it is about, where that is known.
    #[serde(default)]
    pub detail: String,
}

/// What became of a target's settings in a store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandingV1 {
    /// Whom they are for.
    pub target: Target,
    /// The revision in force, 0 for none.
    pub applied: i64,
    /// Whether that one is on trial still, and may be taken back.
    #[serde(default)]
    pub is_on_trial: bool,
    /// How it came.
    #[serde(default)]
    pub came_by: Option<CameByV1>,
    /// The last one that was refused since.
    #[serde(default)]
    pub refused: Option<RefusedV1>,
    /// Settings of the one in force that this program has no word for.
    #[serde(default)]
    pub unknown: Vec<String>,
}

/// What a store's node says of its settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportV1 {
    /// Which node.
    pub edge: domain::id::EdgeId,
    /// Rises with each report of this node; an older one says nothing.
    pub at_micros: i64,
    /// For every target that it has heard of.
    pub standings: Vec<StandingV1>,
}

/// Whether a store's node is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresenceV1 {
    /// Which node.
    pub edge: domain::id::EdgeId,
    /// This start of its program: the will of an older start says nothing.
    pub boot: String,
    /// There, or gone.
    pub is_online: bool,
    /// Its program's version.
    #[serde(default)]
    pub program: String,
}

/// Feeds that have changed, by scope, with their newest versions. It carries no data: whoever hears
/// it looks again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BellV1 {
    /// The newest version of each.
    pub scopes: BTreeMap<String, i64>,
}

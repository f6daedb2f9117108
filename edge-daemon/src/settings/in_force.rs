//! What is in force of HQ's settings, layer over layer, and who says each value.
//!
//! ```text
//! the program's default ◄ set up ◄ all stores ◄ this store's groups, by rank ◄ this store
//! ```
//!
//! **Invariant:** a group's document says nothing here unless the store was told, for itself, that it
//! is in that group.

use std::collections::BTreeMap;

use domain::{payment::PaymentMethod, time::Timestamp};
use serde_json::Value;
use sync::{
    settings::{GroupKey, GroupsV1},
    wire::{OfflineSettingsV1, SETTINGS, SettingsV1, SlideV1, StoreV1, WayV1},
};

use super::offline::Offline;
use crate::{
    context::Context,
    db::settings::{Document, OnTrial, Refused, Whose},
};

/// A document in force, and what was refused since.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Layer {
    /// The document; `None` where HQ has never set anything.
    pub(super) document: Option<Document>,
    /// What it says.
    pub(super) settings: SettingsV1,
    /// Keys of it that this program has no word for.
    pub(super) unknown: Vec<String>,
    /// That it is on trial.
    pub(super) on_trial: Option<OnTrial>,
    /// What was refused or taken back since.
    pub(super) refused: Option<Refused>,
    /// The newest that was taken back, by revision and body.
    pub(super) rolled_back: Option<(i64, String)>,
}

impl Layer {
    /// The newest document that need not come again: the one in force, or the one taken back.
    pub(super) fn known(&self) -> Option<(i64, &str)> {
        let held = self.document.as_ref().map(|held| (held.revision, held.body.as_str()));
        let back = self.rolled_back.as_ref().map(|(revision, body)| (*revision, body.as_str()));
        held.into_iter().chain(back).max_by_key(|(revision, _)| *revision)
    }
}

/// All that is in force.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct InForce {
    layers: BTreeMap<Whose, Layer>,
    /// The groups that this store was told it is in, the lowest first.
    groups: Vec<GroupKey>,
    /// One over the other.
    merged: SettingsV1,
}

impl InForce {
    /// All layers, one over the other.
    pub(super) fn of(layers: BTreeMap<Whose, Layer>) -> Self {
        let told = layers.get(&Whose::Groups).and_then(|layer| layer.document.as_ref());
        // It was read before it was put in force.
        let told = told.and_then(|document| GroupsV1::read(&document.body).ok());
        let groups = told.unwrap_or_default().groups;
        let mut in_force = Self { layers, groups, merged: SettingsV1::default() };
        let said = in_force.highest_first().into_iter().map(|whose| in_force.said_by(&whose));
        in_force.merged = said.fold(SettingsV1::default(), SettingsV1::over);
        in_force
    }

    fn highest_first(&self) -> Vec<Whose> {
        let groups = self.groups.iter().rev().cloned().map(Whose::Group);
        [Whose::Own].into_iter().chain(groups).chain([Whose::All]).collect()
    }

    fn said_by(&self, whose: &Whose) -> SettingsV1 {
        self.layers.get(whose).map(|layer| layer.settings.clone()).unwrap_or_default()
    }

    /// A layer; an empty one where HQ has never set anything.
    pub(super) fn layer(&self, whose: &Whose) -> Layer {
        self.layers.get(whose).cloned().unwrap_or_default()
    }

    /// The groups that this store was told it is in, the lowest first.
    pub(crate) fn groups(&self) -> &[GroupKey] {
        &self.groups
    }

    /// Whether it is in a group whose document has not come yet.
    pub(super) fn lacks_a_group(&self) -> bool {
        let is_held = |group: &GroupKey| self.layers.contains_key(&Whose::Group(group.clone()));
        !self.groups.iter().all(is_held)
    }

    /// The documents on trial.
    pub(super) fn on_trial(&self) -> impl Iterator<Item = (&Whose, OnTrial)> {
        self.layers.iter().filter_map(|(whose, layer)| Some((whose, layer.on_trial?)))
    }

    /// With something else in the place of a layer.
    pub(super) fn with(&self, whose: Whose, change: impl FnOnce(&mut Layer)) -> Self {
        let mut layers = self.layers.clone();
        change(layers.entry(whose).or_default());
        Self::of(layers)
    }

    /// Since when HQ's newest settings are refused, if that is so.
    pub(crate) fn refused_since(&self) -> Option<Timestamp> {
        let mut whose = self.highest_first();
        whose.push(Whose::Groups);
        let since = |whose: &Whose| self.layers.get(whose)?.refused.as_ref().map(|(_, at)| *at);
        whose.iter().find_map(since)
    }

    /// Whether a payment code that is scanned in Sell pays the whole cart; the boot file says it
    /// where HQ says nothing.
    pub(crate) fn payment_code_starts_tender(&self, boot: bool) -> bool {
        self.merged.tender.payment_code_starts_tender.unwrap_or(boot)
    }

    /// Whether payment codes of a house are taken.
    pub(crate) fn takes(&self, method: PaymentMethod) -> bool {
        let said = match method {
            PaymentMethod::Wechat => self.merged.tender.wechat,
            PaymentMethod::Alipay => self.merged.tender.alipay,
        };
        said.unwrap_or(true)
    }

    /// Ways to pay in the order in which they are offered.
    pub(crate) fn ways(&self) -> Vec<WayV1> {
        WayV1::ordered(self.merged.tender.order.as_deref().unwrap_or_default())
    }

    /// What the customer display shall show while nobody buys.
    pub(crate) fn playlist(&self) -> &[SlideV1] {
        self.merged.customer_display.playlist.as_deref().unwrap_or_default()
    }

    /// Whether something is done while the mall does not answer.
    pub(super) fn does_offline(&self, what: Offline) -> bool {
        let OfflineSettingsV1 { coupons, savings, pickups } = &self.merged.offline;
        let said = match what {
            Offline::Coupons => coupons,
            Offline::Savings => savings,
            Offline::Pickups => pickups,
        };
        said.unwrap_or(true)
    }

    /// The operator's actions that are not on their usual key, each with its key; as screens write
    /// them.
    pub(crate) fn moved_keys(&self) -> BTreeMap<String, String> {
        let moved = self.merged.moved_keys().into_iter();
        moved.map(|(action, chord)| (action.replace('_', "-"), chord.to_owned())).collect()
    }

    /// Whether every action of the operator's screen has a key of its own.
    pub(super) fn has_keys_apart(&self) -> bool {
        self.merged.clashes().is_empty()
    }

    /// Percent of a line's amount that a manager may take off.
    pub(crate) fn price_cut_percent_max(&self) -> i64 {
        self.merged.authority.price_cut_percent_max.unwrap_or(100)
    }

    /// How long after its completion an order may be undone, given how long it may be at most.
    pub(crate) fn undo_ms(&self, most: i64) -> i64 {
        self.merged.authority.undo_minutes.map_or(most, |minutes| most.min(minutes * 60_000))
    }

    /// Whether the customer display says what little more would bring.
    pub(crate) fn shows_hints(&self) -> bool {
        self.merged.customer_display.hints.unwrap_or(true)
    }

    /// How old a waiting receipt may be to be printed by itself.
    pub(crate) fn print_within_ms(&self) -> i64 {
        self.merged.receipt.print_within_minutes.unwrap_or(10) * 60_000
    }

    /// How long an order may wait for the mall before operators are told.
    pub(crate) fn behind_ms(&self) -> i64 {
        self.merged.notices.behind_minutes.unwrap_or(15) * 60_000
    }

    /// How old prices may be without the mall before operators are told.
    pub(crate) fn old_prices_ms(&self) -> i64 {
        self.merged.notices.old_prices_hours.unwrap_or(24) * 3_600_000
    }

    /// The rule of the coupon that a guest of the Wi-Fi gets, if there is one.
    pub(crate) fn coupon_rule(&self) -> Option<&str> {
        self.merged.portal.coupon_rule.as_deref().filter(|rule| !rule.is_empty())
    }

    /// The store as it was set up, with what HQ has set since.
    pub(crate) fn over(&self, mut store: StoreV1) -> StoreV1 {
        let SettingsV1 { receipt, tender, day, .. } = self.merged.clone();
        store.head_lines = receipt.head_lines.unwrap_or(store.head_lines);
        store.foot_lines = receipt.foot_lines.unwrap_or(store.foot_lines);
        store.cash_rounding = tender.cash_rounding.unwrap_or(store.cash_rounding);
        let cut = day.cut_minutes.and_then(|minutes| u16::try_from(minutes).ok());
        store.clock.day_cut_minutes = cut.unwrap_or(store.clock.day_cut_minutes);
        store
    }
}

/// A setting as it is in force here.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    /// Group and name.
    pub(crate) key: &'static str,
    /// What it is.
    pub(crate) value: Value,
    /// Who says so: `store`, `group/<key>`, `all`, `set_up` or `default`.
    pub(crate) origin: String,
}

/// Every setting as it is in force here, with who says so.
pub(crate) fn rows(context: &Context) -> Vec<Row> {
    let in_force = context.settings.in_force();
    let origin = |whose: &Whose| match whose {
        Whose::Own => "store".to_owned(),
        Whose::All | Whose::Groups | Whose::Group(_) => whose.word(),
    };
    let layers: Vec<(String, BTreeMap<String, Value>)> = in_force
        .highest_first()
        .iter()
        .map(|whose| (origin(whose), in_force.said_by(whose).values()))
        .collect();
    let store = context.store.load_full();
    let boot = context.config.tender.payment_code_in_sell;
    let row = |setting: &sync::wire::Setting| {
        let key = setting.key;
        let said = layers.iter().find_map(|(origin, said)| Some((origin, said.get(key)?)));
        let (value, origin) = match (said, set_up(key, store.as_deref(), boot)) {
            (Some((origin, value)), _) => (value.clone(), origin.clone()),
            (None, Some(value)) => (value, "set_up".to_owned()),
            (None, None) => {
                let default = serde_json::from_str(setting.default).unwrap_or_default();
                (default, "default".to_owned())
            }
        };
        Row { key, value, origin }
    };
    SETTINGS.iter().map(row).collect()
}

/// What the store as it was set up, or its boot file, says of a setting.
fn set_up(key: &str, store: Option<&StoreV1>, payment_code_in_sell: bool) -> Option<Value> {
    match key {
        "receipt.head_lines" => store.map(|store| store.head_lines.clone().into()),
        "receipt.foot_lines" => store.map(|store| store.foot_lines.clone().into()),
        "tender.cash_rounding" => store.map(|store| store.cash_rounding.word().into()),
        "day.cut_minutes" => store.map(|store| store.clock.day_cut_minutes.into()),
        "tender.payment_code_starts_tender" => Some(payment_code_in_sell.into()),
        _ => None,
    }
}

//! A document of settings: read value by value, and laid over another.
//!
//! **Invariant:** a document that was read holds no value outside its kind, and no two keys of its own
//! that are one.

use std::collections::BTreeMap;

use domain::tender::CashRounding;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    catalogue::SETTINGS,
    keys,
    kind::{FaultKind, SettingFault},
    playlist::SlideV1,
    ways::WayV1,
};

/// What a receipt says, and when it is printed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReceiptSettingsV1 {
    /// Lines under the store's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head_lines: Option<Vec<String>>,
    /// Lines at the foot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub foot_lines: Option<Vec<String>>,
    /// Minutes after which a waiting receipt is set aside, 1 to 240.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub print_within_minutes: Option<i64>,
}

/// How a total is covered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TenderSettingsV1 {
    /// How cash is rounded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cash_rounding: Option<CashRounding>,
    /// Whether a payment code that is scanned in Sell pays the whole cart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_code_starts_tender: Option<bool>,
    /// Whether WeChat payment codes are taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wechat: Option<bool>,
    /// Whether Alipay payment codes are taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alipay: Option<bool>,
    /// In which order ways to pay are offered; those it leaves out come last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<Vec<WayV1>>,
}

/// What managers may allow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AuthoritySettingsV1 {
    /// Percent of a line's amount, 0 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_cut_percent_max: Option<i64>,
    /// Minutes after its completion in which an order may be undone, 0 to 60.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undo_minutes: Option<i64>,
}

/// When a business date begins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DaySettingsV1 {
    /// Minutes after midnight, 0 to 1,439.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut_minutes: Option<i64>,
}

/// What shoppers see.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CustomerDisplaySettingsV1 {
    /// Whether it says what little more would bring.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hints: Option<bool>,
    /// What it shows while nobody buys, at most `PICTURES_MAX` pictures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub playlist: Option<Vec<SlideV1>>,
}

/// When operators are told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NoticeSettingsV1 {
    /// Minutes that an order may wait for the mall, 1 to 1,440.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub behind_minutes: Option<i64>,
    /// Hours that prices may be old without the mall, 1 to 168.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old_prices_hours: Option<i64>,
}

/// What guests of the Wi-Fi get.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PortalSettingsV1 {
    /// The rule of the coupon for checking in; empty for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coupon_rule: Option<String>,
    /// Days that it is good for, 1 to 365.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coupon_days: Option<i64>,
}

/// What is done while the mall does not answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OfflineSettingsV1 {
    /// Whether the brand's own coupons are taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coupons: Option<bool>,
    /// Whether members spend points and balance, of what was set aside for the store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub savings: Option<bool>,
    /// Whether online orders are handed over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pickups: Option<bool>,
}

/// A document of settings; what is `None` is said elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SettingsV1 {
    /// What a receipt says.
    pub receipt: ReceiptSettingsV1,
    /// How a total is covered.
    pub tender: TenderSettingsV1,
    /// What managers may allow.
    pub authority: AuthoritySettingsV1,
    /// When a business date begins.
    pub day: DaySettingsV1,
    /// What shoppers see.
    pub customer_display: CustomerDisplaySettingsV1,
    /// When operators are told.
    pub notices: NoticeSettingsV1,
    /// What guests of the Wi-Fi get.
    pub portal: PortalSettingsV1,
    /// What is done while the mall does not answer.
    pub offline: OfflineSettingsV1,
    /// On which key an action of `KEY_ACTIONS` is.
    pub keys: BTreeMap<String, String>,
}

impl SettingsV1 {
    /// Reads a document, value by value. `null` is the same as nothing. The second part are the keys
    /// that this program has no word for, which are left out: a newer mall may write them.
    ///
    /// # Errors
    /// Every value that cannot be.
    pub fn read(text: &str) -> Result<(Self, Vec<String>), Vec<SettingFault>> {
        let whole = |kind| vec![SettingFault { key: String::new(), kind }];
        let shape = || whole(FaultKind::Shape);
        let value: Value = serde_json::from_str(text).map_err(|_| shape())?;
        let values = flat(&value).ok_or_else(shape)?;
        let (mut known, mut unknown, mut faults) = (Map::new(), Vec::new(), Vec::new());
        for (key, value) in values {
            let Some(setting) = SETTINGS.iter().find(|setting| setting.key == key) else {
                unknown.push(key);
                continue;
            };
            match setting.kind.check(&value) {
                Ok(()) => put(&mut known, &key, value),
                Err(kind) => faults.push(SettingFault { key, kind }),
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let settings: Self = serde_json::from_value(Value::Object(known)).map_err(|_| shape())?;
        let taken = keys::taken(&settings.keys, false);
        if taken.is_empty() { Ok((settings, unknown)) } else { Err(taken) }
    }

    /// This document over another: what it leaves out, the other says.
    #[must_use]
    pub fn over(self, below: Self) -> Self {
        let mut said = below.values();
        said.extend(self.values());
        let mut document = Map::new();
        for (key, value) in said {
            put(&mut document, &key, value);
        }
        // Both were documents, and so is what they say together.
        serde_json::from_value(Value::Object(document)).unwrap_or(self)
    }

    /// What of it cannot be beside the rest and beside what counts where nothing is said: for a
    /// document that says all that there is to say in a store.
    #[must_use]
    pub fn clashes(&self) -> Vec<SettingFault> {
        keys::taken(&self.keys, true)
    }

    /// The operator's actions that are not on their usual key, each with its key.
    #[must_use]
    pub fn moved_keys(&self) -> BTreeMap<&'static str, &str> {
        keys::moved(&self.keys)
    }

    /// What it says, by key; only what is said.
    #[must_use]
    pub fn values(&self) -> BTreeMap<String, Value> {
        serde_json::to_value(self).ok().and_then(|value| flat(&value)).unwrap_or_default()
    }
}

/// The values of a document by `group.name`, without those that say nothing.
fn flat(value: &Value) -> Option<BTreeMap<String, Value>> {
    let mut values = BTreeMap::new();
    for (group, names) in value.as_object()? {
        for (name, value) in names.as_object()?.iter().filter(|(_, value)| !value.is_null()) {
            values.insert(format!("{group}.{name}"), value.clone());
        }
    }
    Some(values)
}

fn put(document: &mut Map<String, Value>, key: &str, value: Value) {
    let Some((group, name)) = key.split_once('.') else { return };
    let names = document.entry(group).or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(names) = names {
        names.insert(name.to_owned(), value);
    }
}

//! What HQ sets in a store while it runs: what there is to set, documents of it, what became of them.
//!
//! A document says only what it means to say. What it leaves out is said by the document for all
//! stores, else by how the store was set up, else by the program:
//!
//! ```text
//! the program's default  ◄  the store as it was set up  ◄  all stores  ◄  this store
//! ```
//!
//! **Invariant:** a setting stands in `SETTINGS` if and only if an edge node acts on it; a document
//! that was read holds no value outside its kind.

use std::collections::BTreeMap;

use domain::tender::CashRounding;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::settings::{SettingsKeyV1, SignedSettingsV1, Target};

/// Signs of a line of a receipt's head or foot: an 80 mm line and some room.
const LINE_CHARS_MAX: usize = 60;
/// Lines of a receipt's head or foot.
const LINES_MAX: usize = 10;

/// Bytes of a rule's id, as many as a coupon's token has room for.
const RULE_BYTES_MAX: usize = crate::token::RULE_BYTES_MAX;

/// Days that the coupon for checking in is good where nobody says otherwise.
pub const COUPON_DAYS: i64 = 30;

/// What kind of value a setting has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Lines of a receipt, at most ten of at most sixty signs.
    Lines,
    /// Yes or no.
    Flag,
    /// A whole number between two, both included.
    Number {
        /// The least.
        min: i64,
        /// The most.
        max: i64,
        /// What it counts, for people.
        unit: &'static str,
    },
    /// One of `CashRounding`'s words.
    Rounding,
    /// The id of a coupon's rule, or an empty text for none.
    Rule,
}

/// Something that HQ can set.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Group and name, as a document writes them.
    pub key: &'static str,
    /// What it may be.
    pub kind: Kind,
    /// What it is where nobody says anything, as JSON; `null` where the store as it was set up says
    /// it.
    pub default: &'static str,
    /// What it does, in Chinese.
    pub zh: &'static str,
    /// What it does, in English.
    pub en: &'static str,
}

/// All that HQ can set.
pub const SETTINGS: [Setting; 15] = [
    Setting {
        key: "receipt.head_lines",
        kind: Kind::Lines,
        default: "null",
        zh: "小票抬头：店名下方的几行",
        en: "Lines under the store's name on a receipt",
    },
    Setting {
        key: "receipt.foot_lines",
        kind: Kind::Lines,
        default: "null",
        zh: "小票结尾的几行",
        en: "Lines at a receipt's foot",
    },
    Setting {
        key: "receipt.print_within_minutes",
        kind: Kind::Number { min: 1, max: 240, unit: "min" },
        default: "10",
        zh: "打印机恢复后，多久以内的小票自动补印；更早的搁置，由店员决定",
        en: "How old a waiting receipt may be to be printed by itself once its printer is back; older ones are set aside",
    },
    Setting {
        key: "tender.cash_rounding",
        kind: Kind::Rounding,
        default: "null",
        zh: "现金抹零方式",
        en: "How cash is rounded",
    },
    Setting {
        key: "tender.payment_code_starts_tender",
        kind: Kind::Flag,
        default: "null",
        zh: "销售中扫付款码即收整单",
        en: "A payment code that is scanned while goods are on the counter pays all of them at once",
    },
    Setting {
        key: "tender.wechat",
        kind: Kind::Flag,
        default: "true",
        zh: "收微信付款码；关掉后不再发起新的收款，已发起的照常收完",
        en: "WeChat payment codes are taken; turned off, no new charge begins, and those begun go on",
    },
    Setting {
        key: "tender.alipay",
        kind: Kind::Flag,
        default: "true",
        zh: "收支付宝付款码；关掉后不再发起新的收款，已发起的照常收完",
        en: "Alipay payment codes are taken; turned off, no new charge begins, and those begun go on",
    },
    Setting {
        key: "authority.price_cut_percent_max",
        kind: Kind::Number { min: 0, max: 100, unit: "%" },
        default: "100",
        zh: "店长最多可以让一行商品便宜百分之几",
        en: "How much of a line's amount a manager may take off, in percent",
    },
    Setting {
        key: "authority.undo_minutes",
        kind: Kind::Number { min: 0, max: 60, unit: "min" },
        default: "60",
        zh: "订单完成后多少分钟内可以作废，0 为不可作废",
        en: "How long after it was completed an order may be undone; 0 for never",
    },
    Setting {
        key: "day.cut_minutes",
        kind: Kind::Number { min: 0, max: 1_439, unit: "min" },
        default: "null",
        zh: "营业日从零点后几分钟开始",
        en: "Minutes after midnight at which a business date begins",
    },
    Setting {
        key: "customer_display.hints",
        kind: Kind::Flag,
        default: "true",
        zh: "客显提示再买多少可享优惠",
        en: "The customer display says what little more would bring",
    },
    Setting {
        key: "notices.behind_minutes",
        kind: Kind::Number { min: 1, max: 1_440, unit: "min" },
        default: "15",
        zh: "订单多久未上传就提示收银员",
        en: "How long an order may wait to be told to the mall before operators are told",
    },
    Setting {
        key: "notices.old_prices_hours",
        kind: Kind::Number { min: 1, max: 168, unit: "h" },
        default: "24",
        zh: "断网后价目多久未更新就提示收银员",
        en: "How old prices may be without the mall before operators are told",
    },
    Setting {
        key: "portal.coupon_rule",
        kind: Kind::Rule,
        default: "\"\"",
        zh: "到店礼券：顾客登录门店 Wi-Fi 后得到的券，填促销规则编号，留空不发",
        en: "The coupon of a guest who signs in to the Wi-Fi: a rule's id, or empty for none",
    },
    Setting {
        key: "portal.coupon_days",
        kind: Kind::Number { min: 1, max: 365, unit: "d" },
        default: "30",
        zh: "到店礼券的有效天数；有效期内同一手机号只发一张",
        en: "Days that it is good for; within them a phone number gets one",
    },
];

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
}

/// What is wrong with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultKind {
    /// Not a document: an object of objects.
    #[error("settings are an object of groups, each an object of values")]
    Shape,
    /// There is no such setting.
    #[error("there is no such setting")]
    Unknown,
    /// Not lines that fit on a receipt.
    #[error("at most {LINES_MAX} lines of at most {LINE_CHARS_MAX} printable signs")]
    Lines,
    /// Neither yes nor no.
    #[error("either true or false")]
    Flag,
    /// Not a whole number in its range.
    #[error("a whole number from {min} to {max}")]
    Number {
        /// The least.
        min: i64,
        /// The most.
        max: i64,
    },
    /// Not a word for rounding.
    #[error(
        "one of none, jiao_down, jiao_half_up, jiao_up, five_jiao, yuan_down, yuan_half_up, yuan_up"
    )]
    Rounding,
    /// Not an id of a rule.
    #[error("a rule's id of at most {RULE_BYTES_MAX} bytes, or nothing")]
    Rule,
}

/// A value that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {kind}")]
pub struct SettingFault {
    /// Which setting; empty for the whole.
    pub key: String,
    /// What is wrong.
    pub kind: FaultKind,
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
        let settings = serde_json::from_value(Value::Object(known)).map_err(|_| shape())?;
        Ok((settings, unknown))
    }

    /// This document over another: what it leaves out, the other says.
    #[must_use]
    pub fn over(self, below: Self) -> Self {
        Self {
            receipt: ReceiptSettingsV1 {
                head_lines: self.receipt.head_lines.or(below.receipt.head_lines),
                foot_lines: self.receipt.foot_lines.or(below.receipt.foot_lines),
                print_within_minutes: self
                    .receipt
                    .print_within_minutes
                    .or(below.receipt.print_within_minutes),
            },
            tender: TenderSettingsV1 {
                cash_rounding: self.tender.cash_rounding.or(below.tender.cash_rounding),
                payment_code_starts_tender: self
                    .tender
                    .payment_code_starts_tender
                    .or(below.tender.payment_code_starts_tender),
                wechat: self.tender.wechat.or(below.tender.wechat),
                alipay: self.tender.alipay.or(below.tender.alipay),
            },
            authority: AuthoritySettingsV1 {
                price_cut_percent_max: self
                    .authority
                    .price_cut_percent_max
                    .or(below.authority.price_cut_percent_max),
                undo_minutes: self.authority.undo_minutes.or(below.authority.undo_minutes),
            },
            day: DaySettingsV1 { cut_minutes: self.day.cut_minutes.or(below.day.cut_minutes) },
            customer_display: CustomerDisplaySettingsV1 {
                hints: self.customer_display.hints.or(below.customer_display.hints),
            },
            notices: NoticeSettingsV1 {
                behind_minutes: self.notices.behind_minutes.or(below.notices.behind_minutes),
                old_prices_hours: self.notices.old_prices_hours.or(below.notices.old_prices_hours),
            },
            portal: PortalSettingsV1 {
                coupon_rule: self.portal.coupon_rule.or(below.portal.coupon_rule),
                coupon_days: self.portal.coupon_days.or(below.portal.coupon_days),
            },
        }
    }

    /// What it says, by key; only what is said.
    #[must_use]
    pub fn values(&self) -> BTreeMap<String, Value> {
        serde_json::to_value(self).ok().and_then(|value| flat(&value)).unwrap_or_default()
    }
}

impl Kind {
    fn check(self, value: &Value) -> Result<(), FaultKind> {
        let (is_right, fault) = match self {
            Self::Lines => (are_lines(value), FaultKind::Lines),
            Self::Flag => (value.is_boolean(), FaultKind::Flag),
            Self::Number { min, max, unit: _ } => {
                let is_in = value.as_i64().is_some_and(|n| (min..=max).contains(&n));
                (is_in, FaultKind::Number { min, max })
            }
            Self::Rounding => {
                let word = value.as_str().and_then(CashRounding::from_word);
                (word.is_some(), FaultKind::Rounding)
            }
            Self::Rule => {
                let is_id = |t: &str| t.len() <= RULE_BYTES_MAX && !t.chars().any(char::is_control);
                (value.as_str().is_some_and(is_id), FaultKind::Rule)
            }
        };
        if is_right { Ok(()) } else { Err(fault) }
    }
}

fn are_lines(value: &Value) -> bool {
    let is_line = |line: &Value| {
        let text = line.as_str();
        text.is_some_and(|t| {
            t.chars().count() <= LINE_CHARS_MAX && !t.chars().any(char::is_control)
        })
    };
    value.as_array().is_some_and(|lines| lines.len() <= LINES_MAX && lines.iter().all(is_line))
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn whole() -> Value {
        json!({
            "receipt": { "head_lines": ["南京西路 1000 号"], "foot_lines": [],
                         "print_within_minutes": 30 },
            "tender": { "cash_rounding": "yuan_down", "payment_code_starts_tender": false,
                        "wechat": false, "alipay": true },
            "authority": { "price_cut_percent_max": 30, "undo_minutes": 10 },
            "day": { "cut_minutes": 300 },
            "customer_display": { "hints": false },
            "notices": { "behind_minutes": 5, "old_prices_hours": 48 },
            "portal": { "coupon_rule": "come-in", "coupon_days": 7 },
        })
    }

    #[test]
    fn every_setting_is_read_written_and_has_a_default_of_its_kind() {
        let (settings, unknown) = SettingsV1::read(&whole().to_string()).unwrap();
        assert!(unknown.is_empty());
        let keys: Vec<String> = settings.values().into_keys().collect();
        let mut known = SETTINGS.map(|setting| setting.key.to_owned()).to_vec();
        known.sort();
        assert_eq!(keys, known);
        assert_eq!(serde_json::to_value(&settings).unwrap(), whole());
        for Setting { key, kind, default, zh, en } in SETTINGS {
            let default: Value = serde_json::from_str(default).unwrap();
            assert!(default.is_null() || kind.check(&default).is_ok(), "{key}");
            assert!(!zh.is_empty() && !en.is_empty());
        }
    }

    #[test]
    fn every_setting_stands_in_the_table_for_people() {
        let table = include_str!("../../../docs/settings.md");
        for Setting { key, default, en, .. } in SETTINGS {
            let row = table.lines().find(|line| line.starts_with(&format!("| `{key}` |")));
            let row = row.unwrap_or_else(|| panic!("docs/settings.md lacks {key}"));
            assert!(row.contains(&format!("`{default}`")) && row.contains(en), "{row}");
        }
    }

    #[test]
    fn what_cannot_be_is_told_value_by_value() {
        let text = json!({
            "receipt": { "head_lines": ["x".repeat(61)], "foot_lines": ["a\nb"] },
            "tender": { "cash_rounding": "up", "payment_code_starts_tender": "yes" },
            "notices": { "behind_minutes": 0, "old_prices_hours": 1.5 },
            "portal": { "coupon_rule": "x".repeat(65), "coupon_days": 366 },
        });
        let faults = SettingsV1::read(&text.to_string()).unwrap_err();
        assert_eq!(faults.len(), 8, "{faults:?}");
        for text in ["", "[]", "3", r#"{"tender": 3}"#, r#"{"tender": null}"#] {
            let faults = SettingsV1::read(text).unwrap_err();
            assert_eq!(faults[0].kind, FaultKind::Shape, "{text}");
        }
    }

    #[test]
    fn a_newer_malls_setting_is_named_and_left_out() {
        let text = r#"{"tender": {"cash_rounding": "none", "tips": 3}, "kiosk": {"idle": 9}}"#;
        let (settings, unknown) = SettingsV1::read(text).unwrap();
        assert_eq!(unknown, ["kiosk.idle", "tender.tips"]);
        assert_eq!(settings.tender.cash_rounding, Some(CashRounding::None));
    }

    #[test]
    fn a_store_over_all_says_what_it_says_and_null_says_nothing() {
        let read = |value: Value| SettingsV1::read(&value.to_string()).unwrap().0;
        let store = read(json!({ "tender": { "cash_rounding": "none" },
                                 "customer_display": { "hints": null } }));
        let over = store.over(read(whole()));
        assert_eq!(over.tender.cash_rounding, Some(CashRounding::None));
        assert_eq!(over.customer_display.hints, Some(false));
        assert_eq!(read(json!({})).over(read(whole())), read(whole()));
        assert_eq!(read(whole()).over(read(json!({}))), read(whole()));
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_reader(text in r#"[\[\]{}":,.a-z0-9 _]{0,200}"#) {
            let _ = SettingsV1::read(&text);
        }
    }
}

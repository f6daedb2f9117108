//! What can be set, told and refused.

use std::collections::BTreeMap;

use domain::tender::CashRounding;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// Every action on its usual key, said aloud.
fn usual_keys() -> BTreeMap<&'static str, &'static str> {
    KEY_ACTIONS.map(|action| (action.word, action.chord)).into()
}

fn whole() -> Value {
    json!({
        "receipt": { "head_lines": ["南京西路 1000 号"], "foot_lines": [],
                     "print_within_minutes": 30 },
        "tender": { "cash_rounding": "yuan_down", "payment_code_starts_tender": false,
                    "wechat": false, "alipay": true, "order": ["code", "cash"] },
        "authority": { "price_cut_percent_max": 30, "undo_minutes": 10 },
        "day": { "cut_minutes": 300 },
        "customer_display": { "hints": false, "playlist": [
            { "picture": "ab".repeat(32), "seconds": 8 },
            { "picture": "cd".repeat(32), "seconds": 3, "from_minutes": 0, "to_minutes": 1_440 },
        ] },
        "notices": { "behind_minutes": 5, "old_prices_hours": 48 },
        "portal": { "coupon_rule": "come-in", "coupon_days": 7 },
        "offline": { "coupons": false, "savings": true, "pickups": false },
        "keys": usual_keys(),
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
    let keys = SETTINGS.iter().filter_map(|setting| {
        Some((setting.key.strip_prefix("keys.")?, setting.default.trim_matches('"')))
    });
    assert_eq!(keys.collect::<BTreeMap<_, _>>(), usual_keys());
}

#[test]
fn every_setting_stands_in_the_table_for_people() {
    let table = include_str!("../../../../docs/settings.md");
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
        "keys": { "find": "Digit1", "lock": "F11", "undo": "Ctrl+KeyW" },
    });
    let faults = SettingsV1::read(&text.to_string()).unwrap_err();
    assert_eq!(faults.len(), 11, "{faults:?}");
    for text in ["", "[]", "3", r#"{"tender": 3}"#, r#"{"tender": null}"#] {
        let faults = SettingsV1::read(text).unwrap_err();
        assert_eq!(faults[0].kind, FaultKind::Shape, "{text}");
    }
}

/// Whether a document with this one value is read.
fn can_be(key: &str, value: Value) -> bool {
    let (group, name) = key.split_once('.').unwrap();
    let read = SettingsV1::read(&json!({ group: { name: value } }).to_string());
    read.is_ok_and(|(settings, _)| settings.values().len() == 1)
}

#[test]
fn an_order_of_ways_has_each_at_most_once_and_what_it_leaves_out_comes_last() {
    let order = |ways: &[&str]| can_be("tender.order", json!(ways));
    assert!(order(&[]) && order(&["member"]) && order(&["member", "code", "voucher", "cash"]));
    assert!(
        !order(&["cash", "cash"]) && !order(&["card"]) && !can_be("tender.order", json!("cash"))
    );
    let ordered = WayV1::ordered(&[WayV1::Member, WayV1::Code]);
    assert_eq!(ordered, [WayV1::Member, WayV1::Code, WayV1::Cash, WayV1::Voucher]);
    assert_eq!(WayV1::ordered(&[]), WayV1::ALL);
}

#[test]
fn a_playlist_is_short_and_each_picture_has_a_time_that_can_be() {
    let picture = "0f".repeat(32);
    let slide = |rest: Value| {
        let mut slide = json!({ "picture": picture, "seconds": 5 });
        slide.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        can_be("customer_display.playlist", json!([slide]))
    };
    assert!(slide(json!({})) && slide(json!({ "from_minutes": 600, "to_minutes": 601 })));
    for wrong in [
        json!({ "seconds": 2 }),
        json!({ "seconds": 121 }),
        json!({ "picture": "0f" }),
        json!({ "from_minutes": 600, "to_minutes": 600 }),
        json!({ "from_minutes": -1 }),
        json!({ "to_minutes": 1_441 }),
        json!({ "from_minutes": 1_440 }),
        json!({ "sound": true }),
    ] {
        assert!(!slide(wrong.clone()), "{wrong}");
    }
    let many = |n| json!(vec![json!({ "picture": picture, "seconds": 5 }); n]);
    assert!(can_be("customer_display.playlist", many(PICTURES_MAX)));
    assert!(!can_be("customer_display.playlist", many(PICTURES_MAX + 1)));
}

#[test]
fn documents_that_are_right_alone_may_clash_together() {
    let read = |value: Value| SettingsV1::read(&value.to_string()).unwrap().0;
    let all = read(json!({ "keys": { "find": "F4" } }));
    let store = read(json!({ "keys": { "member": "F4" } }));
    assert!(all.clashes().is_empty() && store.clashes().is_empty());
    let both = store.over(all);
    let told: Vec<String> = both.clashes().iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        ["keys.find: the key is taken by `member`", "keys.member: the key is taken by `find`"]
    );
    assert_eq!(both.moved_keys(), [("find", "F4"), ("member", "F4")].into());
    let one = SettingsV1::read(r#"{"keys": {"find": "F4", "member": "F4"}}"#).unwrap_err();
    assert_eq!(one.len(), 2);
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

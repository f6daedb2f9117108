use ring::{rand::SystemRandom, signature::Ed25519KeyPair};
use serde_json::{Value, json};
use sync::{
    settings::SignedSettingsV1,
    wire::{CameByV1, SETTINGS, StandingV1, WayV1},
};

use super::{
    consider::{Fate, consider, keep, take_back},
    follow::look_at_what_came,
    *,
};
use crate::{
    db::{
        node::Node,
        settings::{self as rows, Whose},
    },
    test_store::TestStore,
};

/// The mall's key, and what a store is told of it.
fn key(version: u32) -> (Vec<u8>, SettingsKeyV1) {
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let public_key = sync::signature::public_key(pkcs8.as_ref()).unwrap();
    (pkcs8.as_ref().to_vec(), SettingsKeyV1 { version, public_key })
}

fn sign(pkcs8: &[u8], target: &str, revision: i64, body: &Value) -> SignedSettingsV1 {
    let target = target.parse().unwrap();
    SignedSettingsV1::sign(pkcs8, 1, target, revision, body.to_string()).unwrap()
}

fn rounding(word: &str) -> Value {
    json!({ "tender": { "cash_rounding": word } })
}

struct Chain {
    store: TestStore,
    node: Node,
    pkcs8: Vec<u8>,
}

impl Chain {
    async fn open() -> Self {
        let store = TestStore::open(None).await;
        let node = store.context().node.clone().unwrap();
        let (pkcs8, key) = key(1);
        *store.context().settings.keys.lock().unwrap() = vec![key.clone()];
        let kept = store.context().ledger.write(move |tx| rows::keep_keys(tx, &[key])).await;
        kept.unwrap();
        Self { store, node, pkcs8 }
    }

    async fn send(&self, envelope: &SignedSettingsV1, came_by: CameByV1) -> Fate {
        consider(self.store.context(), &self.node, envelope, came_by).await.unwrap()
    }

    async fn own(&self, revision: i64, body: &Value) -> Fate {
        self.send(&sign(&self.pkcs8, "S1", revision, body), CameByV1::Mqtt).await
    }

    fn rounds(&self) -> &'static str {
        self.store.context().store.load().as_ref().unwrap().cash_rounding.word()
    }

    fn standing(&self, whose: usize) -> StandingV1 {
        report_of(self.store.context(), &self.node).standings[whose].clone()
    }
}

#[tokio::test]
async fn the_stores_own_document_stands_over_all_stores_and_outlives_a_restart() {
    let mut chain = Chain::open().await;
    assert_eq!(chain.rounds(), "none");
    let all = sign(&chain.pkcs8, "all", 4, &rounding("jiao_down"));
    assert_eq!(chain.send(&all, CameByV1::Poll).await, Fate::Settled);
    assert_eq!(chain.rounds(), "jiao_down");
    assert_eq!(chain.own(1, &rounding("yuan_up")).await, Fate::Settled);
    assert_eq!(chain.own(2, &rounding("yuan_down")).await, Fate::Settled);
    assert_eq!(chain.rounds(), "yuan_down");
    let of_rounding = |chain: &Chain| {
        let rows = super::rows(chain.store.context()).into_iter();
        rows.map(|row| (row.key, row.origin))
            .find(|row| row.0 == "tender.cash_rounding")
            .map(|row| row.1)
    };
    assert_eq!(of_rounding(&chain), Some("store".to_owned()));
    chain.store = chain.store.restart().await;
    assert_eq!(chain.rounds(), "yuan_down");
    let (all, own) = (chain.standing(0), chain.standing(1));
    assert_eq!((all.applied, all.came_by), (4, Some(CameByV1::Poll)));
    assert_eq!((own.applied, own.came_by, own.refused), (2, Some(CameByV1::Mqtt), None));
    // What it takes back is said by all stores' document again.
    assert_eq!(chain.own(3, &json!({})).await, Fate::Settled);
    assert_eq!(chain.rounds(), "jiao_down");
    assert_eq!(of_rounding(&chain), Some("all".to_owned()));
}

#[tokio::test]
async fn what_is_refused_changes_nothing_and_is_told_once() {
    let chain = Chain::open().await;
    chain.own(5, &rounding("yuan_up")).await;
    let (stranger, _) = key(1);
    let forged = sign(&stranger, "S1", 9, &rounding("none"));
    let elsewhere = sign(&chain.pkcs8, "S2", 9, &rounding("none"));
    let bad = sign(&chain.pkcs8, "S1", 9, &json!({ "notices": { "behind_minutes": 0 } }));
    let old = sign(&chain.pkcs8, "S1", 4, &rounding("none"));
    for (envelope, reason) in
        [(&forged, "forged"), (&elsewhere, "other-store"), (&bad, "value"), (&old, "not-newer")]
    {
        assert_eq!(chain.send(envelope, CameByV1::Poll).await, Fate::Refused, "{reason}");
        assert_eq!(chain.send(envelope, CameByV1::Poll).await, Fate::Settled, "{reason}");
        assert_eq!(chain.rounds(), "yuan_up");
        let standing = chain.standing(1);
        assert_eq!(standing.refused.unwrap().reason, reason);
        assert_eq!(standing.applied, 5);
    }
    let in_force = chain.store.context().settings.in_force();
    assert!(in_force.refused_since().is_some());
    // A broker may still hold what was replaced; that is no attack.
    assert_eq!(chain.send(&old, CameByV1::Mqtt).await, Fate::Settled);
    let unknown = SignedSettingsV1 { key: 7, ..forged };
    assert_eq!(chain.send(&unknown, CameByV1::Mqtt).await, Fate::AskMall);
    assert_eq!(chain.own(6, &rounding("none")).await, Fate::Settled);
    assert_eq!(chain.standing(1).refused, None);
    let chain = Chain { store: chain.store.restart().await, ..chain };
    assert_eq!((chain.rounds(), chain.standing(1).refused), ("none", None));
}

#[tokio::test]
async fn of_what_came_only_the_newest_is_looked_at_and_nonsense_is_refused() {
    let chain = Chain::open().await;
    let settings = &chain.store.context().settings;
    let target: Target = "S1".parse().unwrap();
    settings.arrive(&target, b"{}".to_vec());
    let newest = sign(&chain.pkcs8, "S1", 2, &rounding("yuan_up"));
    settings.arrive(&target, serde_json::to_vec(&newest).unwrap());
    let looked = look_at_what_came(chain.store.context(), &chain.node).await.unwrap();
    assert_eq!((looked, chain.rounds()), (Fate::Settled, "yuan_up"));
    settings.arrive(&target, b"nonsense".to_vec());
    let looked = look_at_what_came(chain.store.context(), &chain.node).await.unwrap();
    assert_eq!(looked, Fate::Refused);
    assert_eq!(chain.standing(1).refused.unwrap().reason, "malformed");
}

#[tokio::test]
async fn a_newer_malls_setting_is_left_out_and_named() {
    let chain = Chain::open().await;
    let body = json!({ "tender": { "cash_rounding": "none", "tips": 1 } });
    assert_eq!(chain.own(1, &body).await, Fate::Settled);
    assert_eq!(chain.standing(1).unknown, ["tender.tips"]);
}

#[test]
fn the_programs_defaults_are_those_that_hq_is_told() {
    let in_force = InForce::default();
    let told = |key: &str| -> Value {
        let setting = SETTINGS.iter().find(|setting| setting.key == key).unwrap();
        serde_json::from_str(setting.default).unwrap()
    };
    assert_eq!(in_force.print_within_ms() / 60_000, told("receipt.print_within_minutes"));
    assert_eq!(in_force.behind_ms() / 60_000, told("notices.behind_minutes"));
    assert_eq!(in_force.old_prices_ms() / 3_600_000, told("notices.old_prices_hours"));
    assert_eq!(in_force.shows_hints(), told("customer_display.hints"));
    assert_eq!(json!(in_force.ways()), told("tender.order"));
    assert_eq!(json!(in_force.playlist()), told("customer_display.playlist"));
    for (what, key) in [
        (Offline::Coupons, "offline.coupons"),
        (Offline::Savings, "offline.savings"),
        (Offline::Pickups, "offline.pickups"),
    ] {
        assert_eq!(json!(in_force.does_offline(what)), told(key));
    }
    assert!(in_force.payment_code_starts_tender(true));
    assert!(!in_force.payment_code_starts_tender(false));
}

fn told(pkcs8: &[u8], revision: i64, groups: &[&str]) -> SignedSettingsV1 {
    sign(pkcs8, "groups/S1", revision, &json!({ "groups": groups }))
}

#[tokio::test]
async fn a_groups_document_counts_once_the_store_was_told_it_is_in_it_and_no_longer() {
    let chain = Chain::open().await;
    let group = |key: &str, revision, word: &str| {
        sign(&chain.pkcs8, &format!("group/{key}"), revision, &rounding(word))
    };
    let all = sign(&chain.pkcs8, "all", 1, &rounding("jiao_down"));
    chain.send(&all, CameByV1::Poll).await;
    // Of a group that it was not told of it believes nothing, and tells nobody.
    assert_eq!(chain.send(&group("north", 1, "yuan_up"), CameByV1::Mqtt).await, Fate::Settled);
    assert_eq!(chain.rounds(), "jiao_down");
    // Who is told of another's groups, or by a stranger, is in none.
    let elsewhere = sign(&chain.pkcs8, "groups/S2", 1, &json!({ "groups": ["north"] }));
    assert_eq!(chain.send(&elsewhere, CameByV1::Mqtt).await, Fate::Refused);
    let forged = told(&key(1).0, 1, &["north"]);
    assert_eq!(chain.send(&forged, CameByV1::Mqtt).await, Fate::Refused);
    assert!(chain.store.context().settings.in_force().groups().is_empty());
    // Told so, it asks for what that group says.
    let is_in = told(&chain.pkcs8, 1, &["low", "north"]);
    assert_eq!(chain.send(&is_in, CameByV1::Mqtt).await, Fate::AskMall);
    chain.send(&group("north", 1, "yuan_up"), CameByV1::Poll).await;
    chain.send(&group("low", 5, "yuan_down"), CameByV1::Poll).await;
    assert_eq!(chain.rounds(), "yuan_up");
    let targets: Vec<String> = report_of(chain.store.context(), &chain.node)
        .standings
        .iter()
        .map(|standing| format!("{} {}", standing.target, standing.applied))
        .collect();
    assert_eq!(targets, ["all 1", "S1 0", "groups/S1 1", "group/low 5", "group/north 1"]);
    // The other way round, another one stands above; its own stands over both.
    chain.send(&told(&chain.pkcs8, 2, &["north", "low"]), CameByV1::Poll).await;
    assert_eq!(chain.rounds(), "yuan_down");
    chain.own(1, &rounding("none")).await;
    assert_eq!(chain.rounds(), "none");
    chain.own(2, &json!({})).await;
    // It leaves one, and what that one said is said no more; an older list is not believed.
    chain.send(&told(&chain.pkcs8, 3, &["north"]), CameByV1::Poll).await;
    assert_eq!(chain.rounds(), "yuan_up");
    chain.send(&told(&chain.pkcs8, 2, &["north", "low"]), CameByV1::Mqtt).await;
    assert_eq!(chain.rounds(), "yuan_up");
    // It comes back, and what was signed before its newest document stays behind it.
    chain.send(&told(&chain.pkcs8, 4, &["north", "low"]), CameByV1::Poll).await;
    assert_eq!(chain.rounds(), "yuan_down");
    chain.send(&group("low", 4, "none"), CameByV1::Mqtt).await;
    assert_eq!(chain.rounds(), "yuan_down");
    let chain = Chain { store: chain.store.restart().await, ..chain };
    assert_eq!(chain.rounds(), "yuan_down");
    chain.send(&told(&chain.pkcs8, 5, &[]), CameByV1::Poll).await;
    assert_eq!(chain.rounds(), "jiao_down");
}

#[tokio::test]
async fn a_document_that_was_taken_back_is_known_and_never_tried_again() {
    let chain = Chain::open().await;
    let context = chain.store.context();
    chain.own(1, &rounding("yuan_up")).await;
    keep(context).await.unwrap();
    assert!(!chain.standing(1).is_on_trial);
    chain.own(2, &rounding("yuan_down")).await;
    assert!(chain.standing(1).is_on_trial);
    take_back(context, &Whose::Own, "for a reason").await.unwrap();
    let standing = chain.standing(1);
    assert_eq!((chain.rounds(), standing.applied, standing.is_on_trial), ("yuan_up", 1, false));
    let refused = standing.refused.unwrap();
    assert_eq!((refused.revision, refused.reason.as_str()), (2, "rolled-back"));
    for came_by in [CameByV1::Mqtt, CameByV1::Poll] {
        let again = sign(&chain.pkcs8, "S1", 2, &rounding("yuan_down"));
        assert_eq!(chain.send(&again, came_by).await, Fate::Settled);
        assert_eq!(chain.rounds(), "yuan_up");
    }
    assert_eq!(chain.standing(1).refused.unwrap().reason, "rolled-back");
    // Another one under its number is no newer; the next one is.
    let other = sign(&chain.pkcs8, "S1", 2, &rounding("none"));
    assert_eq!(chain.send(&other, CameByV1::Poll).await, Fate::Refused);
    let chain = Chain { store: chain.store.restart().await, ..chain };
    chain.own(2, &rounding("yuan_down")).await;
    assert_eq!(chain.rounds(), "yuan_up");
    chain.own(3, &rounding("none")).await;
    assert_eq!((chain.rounds(), chain.standing(1).refused), ("none", None));
}

#[tokio::test]
async fn a_newer_document_on_trial_takes_the_place_of_the_older_and_the_last_good_one_stays() {
    let chain = Chain::open().await;
    let context = chain.store.context();
    chain.own(1, &rounding("yuan_up")).await;
    keep(context).await.unwrap();
    chain.own(2, &rounding("yuan_down")).await;
    chain.own(3, &rounding("none")).await;
    take_back(context, &Whose::Own, "for a reason").await.unwrap();
    assert_eq!((chain.rounds(), chain.standing(1).applied), ("yuan_up", 1));
}

#[tokio::test]
async fn a_store_that_sells_is_found_well() {
    let store = TestStore::open(None).await;
    let health = health::look(store.context()).await;
    assert_eq!(health.screens, Some(true));
    assert_eq!(health.paper, Some(true));
    assert_ne!(health.sale, Some(false));
}

#[tokio::test]
async fn which_codes_are_taken_and_what_managers_may_is_as_hq_says_at_once() {
    let chain = Chain::open().await;
    let context = chain.store.context();
    let charge = || crate::payment::Charge {
        workstation: 1,
        id: crate::context::mint(),
        cart: None,
        method: None,
        code: crate::rights::Secret("134567890123456789".to_owned()),
        amount: None,
    };
    let refused = async || match crate::payment::begin(context, charge()).await {
        Err(crate::checkout::CheckoutError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    };
    assert_ne!(refused().await, crate::refusal::Refusal::MethodOff);
    let body = json!({
        "tender": { "wechat": false },
        "authority": { "price_cut_percent_max": 30, "undo_minutes": 10 },
        "day": { "cut_minutes": 0 },
    });
    assert_eq!(chain.own(1, &body).await, Fate::Settled);
    assert_eq!(refused().await, crate::refusal::Refusal::MethodOff);
    let in_force = context.settings.in_force();
    assert_eq!((in_force.price_cut_percent_max(), in_force.undo_ms(3_600_000)), (30, 600_000));
    assert_eq!(context.store_clock().day_cut_minutes, 0);
    assert_eq!(chain.own(2, &json!({ "authority": { "undo_minutes": 0 } })).await, Fate::Settled);
    let in_force = context.settings.in_force();
    assert_eq!((in_force.price_cut_percent_max(), in_force.undo_ms(3_600_000)), (100, 0));
    assert_ne!(context.store_clock().day_cut_minutes, 0);
    assert_ne!(refused().await, crate::refusal::Refusal::MethodOff);
}

#[tokio::test]
async fn ways_to_pay_and_keys_are_as_hq_says_and_the_rest_as_it_was() {
    let chain = Chain::open().await;
    let context = chain.store.context();
    let in_force = || context.settings.in_force();
    assert_eq!(in_force().ways(), WayV1::ALL);
    assert!(in_force().moved_keys().is_empty());
    let body = json!({
        "tender": { "order": ["code", "member"] },
        "keys": { "void_cart": "Ctrl+F9", "find": "F2" },
    });
    assert_eq!(chain.own(1, &body).await, Fate::Settled);
    let ways = [WayV1::Code, WayV1::Member, WayV1::Cash, WayV1::Voucher];
    assert_eq!(in_force().ways(), ways);
    let moved = [("void-cart".to_owned(), "Ctrl+F9".to_owned())];
    assert_eq!(in_force().moved_keys(), moved.into());
}

#[tokio::test]
async fn while_the_mall_is_away_a_store_does_what_hq_lets_it_do_alone() {
    let chain = Chain::open().await;
    let context = chain.store.context();
    let all = [Offline::Coupons, Offline::Savings, Offline::Pickups];
    assert!(all.iter().all(|what| may(context, *what).is_ok()));
    let body = json!({ "offline": { "coupons": false, "pickups": false } });
    chain.own(1, &body).await;
    let refused = Err(crate::refusal::Refusal::NeedsMall);
    assert_eq!(all.map(|what| may(context, what)), [refused.clone(), Ok(()), refused]);
    // It is back, and everything is as ever.
    context.link.reached(true, context.clock.now());
    assert!(all.iter().all(|what| may(context, *what).is_ok()));
}

/// How the store is found with these settings.
async fn found(chain: &Chain, revision: i64, body: Value) -> trial::Health {
    assert_eq!(chain.own(revision, &body).await, Fate::Settled);
    health::look(chain.store.context()).await
}

#[tokio::test]
async fn a_kiosk_without_payment_codes_is_not_well_and_one_house_is_enough() {
    let chain = Chain::open().await;
    let none = json!({ "tender": { "wechat": false, "alipay": false } });
    assert_eq!(found(&chain, 1, none).await.kiosk, Some(false));
    let one = json!({ "tender": { "wechat": false } });
    assert_eq!(found(&chain, 2, one).await.kiosk, Some(true));
}

#[tokio::test]
async fn a_cut_by_which_the_next_order_would_be_of_a_day_before_the_newest_is_not_well() {
    let chain = Chain::open().await;
    let cut = |minutes: i64| json!({ "day": { "cut_minutes": minutes } });
    chain.store.at("2026-11-22T02:00:00+08:00");
    assert_eq!(found(&chain, 1, cut(0)).await.day, Some(true), "nothing was sold yet");
    chain.store.scan(1, "TEA").await;
    chain.store.complete(1, None, 1_200).await.unwrap();
    assert_eq!(found(&chain, 2, cut(300)).await.day, Some(false), "back to the day before");
    assert_eq!(found(&chain, 3, cut(60)).await.day, Some(true));
    // At noon both give the same date.
    chain.store.at("2026-11-22T12:00:00+08:00");
    assert_eq!(found(&chain, 4, cut(300)).await.day, Some(true));
}

#[tokio::test]
async fn documents_that_clash_on_a_key_and_lines_that_paper_has_no_sign_for_are_not_well() {
    let chain = Chain::open().await;
    let all = sign(&chain.pkcs8, "all", 1, &json!({ "keys": { "find": "F4" } }));
    chain.send(&all, CameByV1::Poll).await;
    let foot = |line: &str| json!({ "receipt": { "foot_lines": [line] } });
    let well = found(&chain, 1, foot("谢谢光临 café №1")).await;
    assert_eq!((well.keys, well.paper), (Some(true), Some(true)));
    let clash = json!({ "keys": { "member": "F4" } });
    assert_eq!(found(&chain, 2, clash).await.keys, Some(false));
    assert_eq!(found(&chain, 3, foot("𠮷野家")).await.paper, Some(false));
    assert_eq!(found(&chain, 4, foot("🎉🎉")).await.paper, Some(false), "nothing of it is left");
    assert_eq!(found(&chain, 5, foot("恭喜发财🎉")).await.paper, Some(true));
}

//! Sales with payments by code and vouchers, against a mall that answers, fails, or is not there.

use std::time::Duration;

use domain::{
    id::{CommandId, OrderId, PaymentId, RedemptionId},
    money::Money,
    payment::PaymentState,
    redemption::{REDEMPTIONS_MAX, RedemptionState},
    tender::{Tender, TenderKind},
};
use rusqlite::Connection;
use sync::chain::Hash;
use uuid::Uuid;

use super::{Choice, Hold, Rights, Secret};
use crate::{
    checkout::{self, CheckoutError, Command, CompleteCommand, Edit, ScanCommand},
    context::mint,
    db::{self, DbError},
    payment,
    post_void::{self, PostVoid},
    redemption::{self, Handling, LookUp},
    refusal::Refusal,
    screens::Scene,
    station::ScanFate,
    test_mall::{Fault, TestMall, voucher},
    test_store::TestStore,
};

/// No test waits longer for what shall become true.
const PATIENCE: Duration = Duration::from_secs(20);
const WECHAT_CODE: &str = "134567890123456789";
const ALIPAY_CODE: &str = "281234567890123456";
const DOUYIN_LINK: &str = "https://v.douyin.com/abc/";
/// A tea.
const TEA: i64 = 1_200;

fn fen(minor: i64) -> Money {
    Money::from_minor(minor)
}

fn rights(store: &TestStore) -> Rights {
    store.scene(1).priced.station.rights.clone()
}

fn left(store: &TestStore) -> i64 {
    rights(store).left(fen(store.total(1))).minor()
}

fn payment_states(store: &TestStore) -> Vec<PaymentState> {
    rights(store).payments.iter().map(|payment| payment.state).collect()
}

fn redemption_states(store: &TestStore) -> Vec<RedemptionState> {
    rights(store).redemptions.iter().map(|redemption| redemption.state).collect()
}

/// Waits until a scene of workstation 1 is like that.
async fn until(store: &TestStore, what: &str, is_like_that: impl Fn(&Scene) -> bool) {
    let mut scenes = store.context().screens.follow(1).unwrap();
    let wait = scenes.wait_for(|scene| is_like_that(scene));
    let found = tokio::time::timeout(PATIENCE, wait).await;
    assert!(found.is_ok(), "{what} did not come: {:?}", rights(store));
}

async fn until_payment(store: &TestStore, state: PaymentState) {
    let is_last = |scene: &Scene| {
        scene.priced.station.rights.payments.last().is_some_and(|p| p.state == state)
    };
    until(store, "the payment's state", is_last).await;
}

/// Waits until a payment is undone, also one of no cart that is on a counter.
async fn until_reversed(store: &TestStore, id: PaymentId) {
    let is_reversed = async {
        while of_ledger(store, move |db| db::payment::find(db, id)).await.unwrap().state
            != PaymentState::Reversed
        {
            store.context().nudges.rights.give();
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, is_reversed).await.unwrap();
}

async fn until_order(store: &TestStore, order: OrderId) {
    let is_done =
        |scene: &Scene| scene.last_order.as_ref().is_some_and(|last| last.order.id == order);
    until(store, "the order", is_done).await;
}

async fn scan(store: &TestStore, text: &str) -> Result<(), CheckoutError> {
    let command = Command { workstation: 1, id: mint(), body: Hash::of(b"scan") };
    let scan = ScanCommand { command, text: text.to_owned(), quantity: None };
    checkout::scan(store.context(), scan).await?;
    until_said(store).await;
    Ok(())
}

/// Waits until every house that was asked what something is worth has said.
async fn until_said(store: &TestStore) {
    until(store, "what another house says", |scene| scene.looking_up.is_empty()).await;
}

async fn edit(store: &TestStore, edit: Edit) -> Result<(), CheckoutError> {
    let id: CommandId = mint();
    let command = Command { workstation: 1, id, body: Hash::of(id.uuid().as_bytes()) };
    checkout::edit(store.context(), command, edit).await
}

async fn charge(
    store: &TestStore,
    id: PaymentId,
    code: &str,
    amount: Option<i64>,
) -> Result<bool, CheckoutError> {
    let cart = store.scene(1).priced.station.cart.clone();
    let charge = payment::Charge {
        workstation: 1,
        id,
        cart: Some((cart.order, cart.revision)),
        method: None,
        code: Secret(code.to_owned()),
        amount: amount.map(fen),
    };
    payment::begin(store.context(), charge).await
}

async fn look_up(store: &TestStore, text: &str) -> Result<RedemptionId, CheckoutError> {
    let id = mint();
    let presented = Secret(text.to_owned());
    let wish = LookUp { workstation: 1, id, order: None, presented, issuer: None };
    redemption::look_up(store.context(), wish).await?;
    until_said(store).await;
    match store.scene(1).last_scan.as_ref().map(|scan| scan.fate.clone()) {
        Some(ScanFate::Redemption(known)) if known == id => Ok(id),
        Some(ScanFate::Refused(refusal)) => Err(refusal.into()),
        other => panic!("a look-up ended with {other:?}"),
    }
}

async fn complete(store: &TestStore, cash: i64) -> Result<(), CheckoutError> {
    let scene = store.scene(1);
    let cart = &scene.priced.station.cart;
    let cash = Tender { kind: TenderKind::Cash, amount: fen(cash) };
    let command = CompleteCommand {
        workstation: 1,
        order: cart.order,
        revision: cart.revision,
        total: Some(scene.priced.quote.total),
        tenders: Some(cash).filter(|cash| cash.amount > Money::ZERO).into_iter().collect(),
    };
    checkout::complete(store.context(), command).await.map(|_| ())
}

/// What the last order was covered by.
fn tendered(store: &TestStore) -> Vec<(TenderKind, i64)> {
    let scene = store.scene(1);
    let order = &scene.last_order.as_ref().unwrap().order;
    assert_eq!(order.check(), Ok(()));
    order.tenders.iter().map(|tender| (tender.kind, tender.amount.minor())).collect()
}

fn refused(result: Result<impl std::fmt::Debug, CheckoutError>) -> Refusal {
    match result {
        Err(CheckoutError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

/// A store with a mall, and a tea on the counter.
async fn with_tea() -> (TestStore, TestMall, OrderId) {
    let (store, mall) = TestStore::open_with_mall(None).await;
    store.scan(1, "TEA").await;
    let order = store.scene(1).priced.station.cart.order;
    (store, mall, order)
}

async fn of_ledger<T: Send + 'static>(
    store: &TestStore,
    read: impl FnOnce(&Connection) -> Result<T, DbError> + Send + 'static,
) -> T {
    store.context().ledger.read(read).await.unwrap()
}

async fn orders(store: &TestStore) -> i64 {
    of_ledger(store, |db| {
        db.query_row("select count(*) from orders", [], |row| row.get(0))
            .map_err(DbError::sqlite("count"))
    })
    .await
}

#[tokio::test]
async fn a_payment_code_scanned_in_sell_pays_the_whole_cart_and_completes_it() {
    for (code, kind) in [(WECHAT_CODE, TenderKind::Wechat), (ALIPAY_CODE, TenderKind::Alipay)] {
        let (store, mall, order) = with_tea().await;
        scan(&store, code).await.unwrap();
        until_order(&store, order).await;
        assert_eq!(tendered(&store), [(kind, TEA)]);
        assert_eq!(mall.known().charged, [code]);
        let scene = store.scene(1);
        assert!(scene.priced.station.cart.is_empty() && scene.priced.station.is_done);
        assert_eq!(scene.priced.station.rights, Rights::default(), "the next cart has none");
    }
}

#[tokio::test]
async fn a_payment_code_over_an_empty_counter_charges_nobody() {
    let (store, mall) = TestStore::open_with_mall(None).await;
    assert_eq!(refused(scan(&store, WECHAT_CODE).await), Refusal::NothingToPay);
    assert!(mall.known().payments.is_empty());
}

#[tokio::test]
async fn a_code_pays_a_part_and_cash_the_rest() {
    let (store, _mall, _) = with_tea().await;
    charge(&store, mint(), WECHAT_CODE, Some(700)).await.unwrap();
    until_payment(&store, PaymentState::Paid).await;
    assert_eq!(left(&store), 500);
    assert_eq!(refused(scan(&store, "TEA").await), Refusal::Held, "it was paid for this cart");
    assert!(complete(&store, 400).await.is_err());
    complete(&store, 600).await.unwrap();
    assert_eq!(tendered(&store), [(TenderKind::Wechat, 700), (TenderKind::Cash, 600)]);
    assert_eq!(store.scene(1).last_order.as_ref().unwrap().order.change, fen(100));
}

#[tokio::test]
async fn the_same_charge_again_takes_the_money_once_and_another_body_is_refused() {
    let (store, mall, _) = with_tea().await;
    mall.known().charges_are = PaymentState::Paying;
    let id = mint();
    assert!(charge(&store, id, WECHAT_CODE, Some(700)).await.unwrap());
    until_payment(&store, PaymentState::Paying).await;
    assert!(!charge(&store, id, WECHAT_CODE, Some(700)).await.unwrap());
    assert_eq!(refused(charge(&store, id, WECHAT_CODE, Some(800)).await), Refusal::IdReused);
    assert_eq!(refused(charge(&store, id, ALIPAY_CODE, Some(700)).await), Refusal::IdReused);
    assert_eq!(mall.known().payments.len(), 1);
}

#[tokio::test]
async fn a_cart_stands_still_until_the_payer_has_decided() {
    let (store, mall, order) = with_tea().await;
    mall.known().charges_are = PaymentState::Paying;
    scan(&store, WECHAT_CODE).await.unwrap();
    until_payment(&store, PaymentState::Paying).await;
    assert_eq!(rights(&store).hold(), Hold::Undecided);
    let line = store.scene(1).priced.station.cart.lines[0].id;
    for step in [Edit::VoidCart, Edit::VoidLine(line), Edit::Undo, Edit::ToSell] {
        assert_eq!(refused(edit(&store, step).await), Refusal::Undecided, "{step:?}");
    }
    assert_eq!(refused(scan(&store, "TEA").await), Refusal::Undecided);
    assert_eq!(refused(scan(&store, ALIPAY_CODE).await), Refusal::Undecided);
    assert_eq!(refused(complete(&store, 2_000).await), Refusal::Undecided);
    // The shopper types the password; the operator asks again.
    mall.decide(PaymentState::Paid);
    let id = rights(&store).payments[0].id;
    payment::ask(store.context(), 1, id).await.unwrap();
    until_order(&store, order).await;
    assert_eq!(tendered(&store), [(TenderKind::Wechat, TEA)]);
}

#[tokio::test]
async fn silence_decides_nothing_and_a_restart_asks_again() {
    for fault in [Fault::CutBefore, Fault::CutAfter] {
        let (store, mall, order) = with_tea().await;
        mall.known().faults.push_back(fault);
        scan(&store, WECHAT_CODE).await.unwrap();
        let is_heard = async {
            while !mall.known().faults.is_empty() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, is_heard).await.unwrap();
        // Nobody but the reconciler asks from here on.
        let store = store.restart().await;
        assert_eq!(store.scene(1).priced.station.cart.order, order);
        store.at("2026-11-21T12:00:21+08:00");
        store.context().nudges.rights.give();
        match fault {
            // The mall never heard of it: a tombstone keeps a late charge out.
            Fault::CutBefore => {
                until_payment(&store, PaymentState::Reversed).await;
                assert!(mall.known().charged.is_empty());
                assert_eq!(left(&store), TEA);
                complete(&store, TEA).await.unwrap();
                assert_eq!(tendered(&store), [(TenderKind::Cash, TEA)]);
            }
            Fault::CutAfter | Fault::Silent => {
                until_order(&store, order).await;
                assert_eq!(tendered(&store), [(TenderKind::Wechat, TEA)]);
                assert_eq!(mall.known().charged.len(), 1);
            }
        }
        assert_eq!(orders(&store).await, 1);
    }
}

#[tokio::test]
async fn without_a_mall_a_code_is_refused_at_once_and_cash_sells_on() {
    let (store, mall, _) = with_tea().await;
    mall.end().await;
    scan(&store, WECHAT_CODE).await.unwrap();
    until_payment(&store, PaymentState::Reversed).await;
    let refusal = rights(&store).payments[0].refusal.clone();
    assert_eq!(refusal.as_deref(), Some("mall-unreachable"));
    assert_eq!(refused(look_up(&store, DOUYIN_LINK).await), Refusal::MallUnreachable);
    complete(&store, TEA).await.unwrap();
    assert_eq!(tendered(&store), [(TenderKind::Cash, TEA)]);
}

#[tokio::test]
async fn a_voucher_whose_mall_is_gone_is_not_used_and_cash_sells_on() {
    let (store, mall, _) = with_tea().await;
    look_up(&store, DOUYIN_LINK).await.unwrap();
    mall.end().await;
    assert_eq!(refused(complete(&store, 0).await), Refusal::MallUnreachable);
    assert_eq!(redemption_states(&store), [RedemptionState::Refused]);
    complete(&store, TEA).await.unwrap();
    assert_eq!(tendered(&store), [(TenderKind::Cash, TEA)]);
}

#[tokio::test]
async fn a_refused_payment_leaves_the_cart_as_it_was_and_a_fresh_code_pays() {
    let (store, mall, order) = with_tea().await;
    mall.known().charges_are = PaymentState::Refused;
    scan(&store, WECHAT_CODE).await.unwrap();
    until_payment(&store, PaymentState::Refused).await;
    assert_eq!(rights(&store).payments[0].refusal.as_deref(), Some("funds-short"));
    assert_eq!((left(&store), rights(&store).hold()), (TEA, Hold::Free));
    mall.known().charges_are = PaymentState::Paid;
    scan(&store, ALIPAY_CODE).await.unwrap();
    until_order(&store, order).await;
    assert_eq!(tendered(&store), [(TenderKind::Alipay, TEA)]);
}

#[tokio::test]
async fn a_payment_that_is_taken_off_goes_back_and_never_pays() {
    let (store, mall, _) = with_tea().await;
    mall.known().charges_are = PaymentState::Paying;
    let id = mint();
    charge(&store, id, WECHAT_CODE, None).await.unwrap();
    until_payment(&store, PaymentState::Paying).await;
    // It cannot be undone yet; the shopper pays meanwhile.
    mall.known().faults.extend([Fault::CutBefore; 2]);
    payment::reverse(store.context(), 1, id).await.unwrap();
    assert_eq!(payment_states(&store), [PaymentState::Reversing]);
    mall.decide(PaymentState::Paid);
    assert_eq!(refused(charge(&store, mint(), ALIPAY_CODE, None).await), Refusal::StillReversing);
    // Cash need not wait for it.
    complete(&store, TEA).await.unwrap();
    assert_eq!(tendered(&store), [(TenderKind::Cash, TEA)]);
    let store = store.restart().await;
    store.context().nudges.rights.give();
    until_reversed(&store, id).await;
    assert_eq!(mall.known().payments[&id.uuid()].state, PaymentState::Reversed);
}

#[tokio::test]
async fn a_cart_that_is_voided_gives_back_what_was_paid_for_it() {
    let (store, mall, _) = with_tea().await;
    let id = mint();
    charge(&store, id, WECHAT_CODE, Some(700)).await.unwrap();
    until_payment(&store, PaymentState::Paid).await;
    edit(&store, Edit::VoidCart).await.unwrap();
    until_reversed(&store, id).await;
    assert_eq!(mall.known().payments[&id.uuid()].state, PaymentState::Reversed);
    assert_eq!(orders(&store).await, 0);
}

#[tokio::test]
async fn who_comes_after_a_voided_cart_inherits_nothing_of_it() {
    let (store, mall, order) = with_tea().await;
    charge(&store, mint(), WECHAT_CODE, Some(700)).await.unwrap();
    until_payment(&store, PaymentState::Paid).await;
    // The giving back is not heard for a while.
    mall.known().faults.extend([Fault::CutBefore; 8]);
    edit(&store, Edit::VoidCart).await.unwrap();
    assert_eq!(rights(&store), Rights::default());
    edit(&store, Edit::Undo).await.unwrap();
    let cart = store.scene(1).priced.station.cart.clone();
    assert_eq!((cart.lines.len(), rights(&store)), (1, Rights::default()), "lines come back");
    assert_ne!(cart.order, order);
    mall.known().faults.clear();
    charge(&store, mint(), ALIPAY_CODE, None).await.unwrap();
    until_order(&store, cart.order).await;
    assert_eq!(tendered(&store), [(TenderKind::Alipay, TEA)]);
}

#[tokio::test]
async fn what_comes_after_a_voucher_that_is_refused_is_not_spent() {
    let (store, mall) = TestStore::open_with_mall(None).await;
    store.scan(1, "COAT").await;
    look_up(&store, DOUYIN_LINK).await.unwrap();
    look_up(&store, "123456789012").await.unwrap();
    mall.known().uses_are = RedemptionState::Refused;
    refused(complete(&store, 10_000).await);
    assert_eq!(redemption_states(&store), [RedemptionState::Refused, RedemptionState::LookedUp]);
    mall.known().uses_are = RedemptionState::Redeemed;
    complete(&store, 15_000).await.unwrap();
    assert_eq!(tendered(&store), [(TenderKind::Voucher, 5_000), (TenderKind::Cash, 15_000)]);
    assert_eq!(mall.known().used.len(), 1);
}

#[tokio::test]
async fn vouchers_are_used_one_after_the_other_and_all_with_the_order() {
    let (store, mall) = TestStore::open_with_mall(None).await;
    store.scan(1, "COAT").await;
    look_up(&store, DOUYIN_LINK).await.unwrap();
    look_up(&store, "123456789012").await.unwrap();
    complete(&store, 10_000).await.unwrap();
    let vouchers = (TenderKind::Voucher, 5_000);
    assert_eq!(tendered(&store), [vouchers, vouchers, (TenderKind::Cash, 10_000)]);
    assert_eq!(mall.known().used.len(), 2);
}

#[tokio::test]
async fn a_voucher_covers_what_is_left_and_is_used_with_the_order() {
    let (store, mall) = TestStore::open_with_mall(None).await;
    store.scan(1, "COAT").await;
    scan(&store, DOUYIN_LINK).await.unwrap();
    assert_eq!(
        (left(&store), redemption_states(&store)),
        (15_000, vec![RedemptionState::LookedUp])
    );
    let id = rights(&store).redemptions[0].id;
    let choose = |count| Handling::Choose(Choice { offer: 0, count });
    let context = store.context();
    let beyond = redemption::handle(context, 1, id, choose(3)).await;
    assert_eq!(refused(beyond), Refusal::CountBeyondOffer { most: 2 });
    redemption::handle(context, 1, id, choose(2)).await.unwrap();
    assert_eq!(left(&store), 10_000);
    assert!(mall.known().used.is_empty(), "a look-up spends nothing");
    assert!(complete(&store, 9_000).await.is_err(), "it would not be covered");
    assert!(mall.known().used.is_empty(), "so nothing was spent");
    complete(&store, 10_000).await.unwrap();
    assert_eq!(tendered(&store), [(TenderKind::Voucher, 10_000), (TenderKind::Cash, 10_000)]);
    assert_eq!(mall.known().used, [id.uuid()]);
    let kept = of_ledger(&store, move |db| db::redemption::find(db, id)).await.unwrap();
    assert_eq!(kept.state, RedemptionState::Redeemed);
}

#[tokio::test]
async fn a_voucher_and_a_code_cover_a_cart_together() {
    let (store, mall) = TestStore::open_with_mall(None).await;
    store.scan(1, "COAT").await;
    let order = store.scene(1).priced.station.cart.order;
    scan(&store, DOUYIN_LINK).await.unwrap();
    scan(&store, WECHAT_CODE).await.unwrap();
    until_order(&store, order).await;
    assert_eq!(tendered(&store), [(TenderKind::Voucher, 5_000), (TenderKind::Wechat, 15_000)]);
    assert_eq!(mall.counts(), (1, 1));
}

#[tokio::test]
async fn a_refused_voucher_leaves_the_cart_as_it_was() {
    let (store, mall, _) = with_tea().await;
    look_up(&store, DOUYIN_LINK).await.unwrap();
    mall.known().uses_are = RedemptionState::Refused;
    let refusal = refused(complete(&store, 0).await);
    assert_eq!(refusal, Refusal::OtherHouse { word: "refused".to_owned() });
    assert_eq!((orders(&store).await, left(&store)), (0, TEA));
    complete(&store, TEA).await.unwrap();
    assert_eq!(tendered(&store), [(TenderKind::Cash, TEA)]);
    mall.known().offers = Vec::new();
    store.scan(1, "TEA").await;
    let nothing = refused(look_up(&store, "123456789012").await);
    assert_eq!(nothing, Refusal::OtherHouse { word: "used".to_owned() });
}

#[tokio::test]
async fn a_voucher_whose_use_is_not_known_is_used_once_and_completes_by_itself() {
    for fault in [Fault::CutBefore, Fault::CutAfter] {
        let (store, mall, order) = with_tea().await;
        look_up(&store, DOUYIN_LINK).await.unwrap();
        mall.known().faults.push_back(fault);
        assert_eq!(refused(complete(&store, 0).await), Refusal::Undecided);
        assert_eq!(redemption_states(&store), [RedemptionState::Pending]);
        assert_eq!(refused(complete(&store, TEA).await), Refusal::Undecided);
        let store = store.restart().await;
        store.at("2026-11-21T12:00:09+08:00");
        store.context().nudges.rights.give();
        until_order(&store, order).await;
        assert_eq!(tendered(&store), [(TenderKind::Voucher, TEA)]);
        assert_eq!((mall.counts(), orders(&store).await), ((0, 1), 1), "{fault:?}");
    }
}

#[tokio::test]
async fn a_voucher_taken_off_while_its_use_is_not_known_is_given_back() {
    let (store, mall, _) = with_tea().await;
    let id = look_up(&store, DOUYIN_LINK).await.unwrap();
    mall.known().faults.push_back(Fault::CutAfter);
    assert_eq!(refused(complete(&store, 0).await), Refusal::Undecided);
    redemption::handle(store.context(), 1, id, Handling::TakeOff).await.unwrap();
    until(&store, "the giving back", |scene| {
        let mut redemptions = scene.priced.station.rights.redemptions.iter();
        redemptions.all(|redemption| redemption.state == RedemptionState::Reversed)
    })
    .await;
    assert_eq!(mall.known().redemptions[&id.uuid()].state, RedemptionState::Reversed);
    complete(&store, TEA).await.unwrap();
    assert_eq!(tendered(&store), [(TenderKind::Cash, TEA)]);
}

/// Ten off with a coupon.
const RULES: &str = r#"{"rules": [
    {"id": "ten", "name": "满100减10", "coupon": true,
     "steps": [{"needs": [{"amount": {"minor": 10000}}], "reward": {"amount_off": 1000}}]}]}"#;

#[tokio::test]
async fn a_coupon_reduces_as_soon_as_it_is_looked_up_and_is_spent_only_where_it_took_something() {
    let (store, mall) = TestStore::open_with_mall(Some(RULES)).await;
    let mut coupon = voucher(0, 1);
    coupon.rule = Some("ten".to_owned());
    mall.known().offers = vec![coupon];
    store.scan(1, "TEA").await;
    let id = look_up(&store, "COUPON1").await.unwrap();
    assert_eq!(store.total(1), TEA, "below its threshold it takes nothing");
    complete(&store, TEA).await.unwrap();
    assert!(mall.known().used.is_empty(), "so it was not spent");
    let dropped = of_ledger(&store, move |db| db::redemption::find(db, id)).await.unwrap();
    assert_eq!(dropped.state, RedemptionState::Reversed);
    store.scan(1, "COAT").await;
    let id = look_up(&store, "COUPON1").await.unwrap();
    assert_eq!((store.total(1), left(&store)), (19_000, 19_000));
    complete(&store, 19_000).await.unwrap();
    assert_eq!(mall.known().used, [id.uuid()]);
    assert_eq!(tendered(&store), [(TenderKind::Cash, 19_000)]);
    let mut unknown = voucher(0, 1);
    unknown.rule = Some("eleven".to_owned());
    mall.known().offers = vec![unknown];
    assert_eq!(refused(look_up(&store, "COUPON2").await), Refusal::CouponWithoutRule);
}

#[tokio::test]
async fn what_the_shopper_was_shown_is_what_they_pay_however_long_another_house_takes() {
    let rules = r#"{"rules": [{"id": "late", "name": "夜市", "goods": {"any": [{"sku": "TEA"}]},
        "when": {"hours": [{"from_minute": 1200, "until_minute": 1440}]},
        "steps": [{"reward": {"units": {"rate": 5000}}}]}]}"#;
    let (store, mall) = TestStore::open_with_mall(Some(rules)).await;
    store.at("2026-11-21T23:59:50+08:00");
    store.scan(1, "TEA").await;
    let order = store.scene(1).priced.station.cart.order;
    let shown = store.total(1);
    assert_eq!(shown, TEA / 2);
    mall.known().charges_are = PaymentState::Paying;
    scan(&store, WECHAT_CODE).await.unwrap();
    until_payment(&store, PaymentState::Paying).await;
    store.at("2026-11-22T00:00:10+08:00");
    crate::prices::look(store.context());
    assert_eq!(store.total(1), shown);
    mall.decide(PaymentState::Paid);
    let id = rights(&store).payments[0].id;
    payment::ask(store.context(), 1, id).await.unwrap();
    until_order(&store, order).await;
    assert_eq!(tendered(&store), [(TenderKind::Wechat, shown)]);
}

async fn undo(store: &TestStore, id: Uuid, order: OrderId) -> Result<(), CheckoutError> {
    let (operator, reason) = ("1001".to_owned(), "wrong size".to_owned());
    let wish = PostVoid { workstation: 1, id, order, operator, reason };
    post_void::undo(store.context(), wish).await.map(|_| ())
}

#[tokio::test]
async fn an_order_is_undone_once_and_everything_goes_back_the_way_it_came() {
    let (store, mall) = TestStore::open_with_mall(None).await;
    store.scan(1, "COAT").await;
    let order = store.scene(1).priced.station.cart.order;
    let voucher = look_up(&store, DOUYIN_LINK).await.unwrap();
    scan(&store, WECHAT_CODE).await.unwrap();
    until_order(&store, order).await;
    let (first, second) = (Uuid::from_u128(71), Uuid::from_u128(72));
    undo(&store, first, order).await.unwrap();
    undo(&store, first, order).await.unwrap();
    assert_eq!(refused(undo(&store, second, order).await), Refusal::UndoneAlready);
    assert!(store.scene(1).last_order.as_ref().unwrap().is_undone);
    let is_back = async {
        loop {
            let has_all = {
                let known = mall.known();
                known.payments.values().all(|p| p.state == PaymentState::Reversed)
                    && known.redemptions[&voucher.uuid()].state == RedemptionState::Reversed
            };
            if has_all {
                break;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, is_back).await.unwrap();
    let told: (i64, String) = of_ledger(&store, |db| {
        let sql = "select count(*), max(body) from outbox where kind = 'post_void'";
        db.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).map_err(DbError::sqlite("read"))
    })
    .await;
    let fact: sync::wire::PostVoidV1 = serde_json::from_str(&told.1).unwrap();
    assert_eq!((told.0, fact.order, fact.total_minor), (1, order, fen(20_000)));
    let store = store.restart().await;
    assert!(store.scene(1).last_order.as_ref().unwrap().is_undone, "also after a restart");
}

#[tokio::test]
async fn an_id_undoes_one_order_and_a_voucher_that_cannot_go_back_undoes_none() {
    let (store, mall, first) = with_tea().await;
    complete(&store, TEA).await.unwrap();
    let id = Uuid::from_u128(71);
    undo(&store, id, first).await.unwrap();
    store.scan(1, "COAT").await;
    let second = store.scene(1).priced.station.cart.order;
    let voucher = look_up(&store, DOUYIN_LINK).await.unwrap();
    let noon = "2026-11-21T12:00:00+08:00".parse().ok();
    mall.known().redemptions.get_mut(&voucher.uuid()).unwrap().reversible_until = noon;
    complete(&store, 15_000).await.unwrap();
    assert_eq!(refused(undo(&store, id, second).await), Refusal::IdReused);
    let late = undo(&store, Uuid::from_u128(72), second).await;
    assert_eq!(refused(late), Refusal::VoucherStaysUsed);
}

#[tokio::test]
async fn what_was_charged_is_what_it_costs_whatever_rules_come() {
    let (store, mall, order) = with_tea().await;
    mall.known().charges_are = PaymentState::Paying;
    scan(&store, WECHAT_CODE).await.unwrap();
    until_payment(&store, PaymentState::Paying).await;
    let half = r#"{"rules": [{"id": "half", "name": "半价",
        "steps": [{"reward": {"units": {"rate": 5000}}}]}]}"#;
    store.learn(1, half).await;
    assert_eq!(store.total(1), TEA);
    mall.decide(PaymentState::Paid);
    payment::ask(store.context(), 1, rights(&store).payments[0].id).await.unwrap();
    until_order(&store, order).await;
    assert_eq!(tendered(&store), [(TenderKind::Wechat, TEA)]);
    store.scan(1, "TEA").await;
    assert_eq!(store.total(1), TEA / 2, "the next cart has the new rules");
}

#[tokio::test]
async fn more_than_a_cart_costs_is_told_as_that() {
    let (store, _mall, _) = with_tea().await;
    store.scan(1, "COAT").await;
    let beyond = Rights {
        payments: vec![super::Payment {
            id: mint(),
            order: store.scene(1).priced.station.cart.order,
            workstation: 1,
            method: domain::payment::PaymentMethod::Wechat,
            amount: fen(30_000),
            state: PaymentState::Paid,
            asked_at: store.context().clock.now(),
            transaction: String::new(),
            refusal: None,
        }],
        ..Rights::default()
    };
    let written = beyond.payments[0].clone();
    let now = store.context().clock.now();
    let kept = store.context().ledger.write(move |tx| -> Result<(), DbError> {
        db::payment::insert(tx, &written)?;
        db::payment::set(tx, &written, now)
    });
    kept.await.unwrap();
    assert_eq!(refused(complete(&store, 0).await), Refusal::PaidBeyondTotal);
    let refusal = refused(charge(&store, mint(), WECHAT_CODE, None).await);
    assert_eq!(refusal, Refusal::PaidBeyondTotal);
}

#[tokio::test]
async fn nothing_is_charged_while_nobody_has_chosen_an_offer_nor_by_the_same_code_twice() {
    let (store, mall) = TestStore::open_with_mall(None).await;
    mall.known().offers = vec![voucher(5_000, 2), voucher(3_000, 1)];
    store.scan(1, "COAT").await;
    let id = look_up(&store, DOUYIN_LINK).await.unwrap();
    assert_eq!(refused(scan(&store, WECHAT_CODE).await), Refusal::OfferNotChosen);
    let choice = Handling::Choose(Choice { offer: 1, count: 1 });
    redemption::handle(store.context(), 1, id, choice).await.unwrap();
    mall.known().charges_are = PaymentState::Refused;
    scan(&store, WECHAT_CODE).await.unwrap();
    until_payment(&store, PaymentState::Refused).await;
    assert_eq!(refused(scan(&store, WECHAT_CODE).await), Refusal::CodeShownBefore);
    store.at("2026-11-21T12:01:00+08:00");
    scan(&store, WECHAT_CODE).await.unwrap();
}

/// Scans a voucher about which its house is silent; comes back when it was asked.
async fn scan_into_silence(store: &TestStore, mall: &TestMall) {
    let before = store.scene(1).looking_up.len();
    mall.known().faults.push_back(Fault::Silent);
    let command = Command { workstation: 1, id: mint(), body: Hash::of(b"scan") };
    let scan = ScanCommand { command, text: DOUYIN_LINK.to_owned(), quantity: None };
    checkout::scan(store.context(), scan.clone()).await.unwrap();
    let is_heard = async {
        while !mall.known().faults.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, is_heard).await.unwrap();
    checkout::scan(store.context(), scan).await.unwrap();
    assert_eq!(store.scene(1).looking_up.len(), before + 1, "the same scan asks once");
}

#[tokio::test]
async fn a_till_sells_on_while_another_house_is_silent_about_a_voucher() {
    let (store, mall, first) = with_tea().await;
    scan_into_silence(&store, &mall).await;
    store.scan(1, "TEA").await;
    edit(&store, Edit::ToTender).await.unwrap();
    complete(&store, 2 * TEA).await.unwrap();
    assert_eq!(tendered(&store), [(TenderKind::Cash, 2 * TEA)]);
    assert_eq!(store.scene(1).last_order.as_ref().unwrap().order.id, first);
    store.scan(1, "TEA").await;
    let second = store.scene(1).priced.station.cart.order;
    charge(&store, mint(), WECHAT_CODE, None).await.unwrap();
    until_order(&store, second).await;
    let scene = store.scene(1);
    assert_eq!((scene.looking_up.len(), scene.looking_up().count()), (1, 0), "of a cart that went");

    mall.speak();
    until_said(&store).await;
    assert_eq!(store.scene(1).last_scan, scene.last_scan, "whoever is there now did not show it");
    assert_eq!((rights(&store), mall.counts()), (Rights::default(), (1, 0)));
}

#[tokio::test]
async fn a_house_that_speaks_late_is_heard_for_the_cart_as_it_is_by_then() {
    for is_good in [true, false] {
        let (store, mall, order) = with_tea().await;
        scan_into_silence(&store, &mall).await;
        store.scan(1, "COAT").await;
        if !is_good {
            mall.known().offers = Vec::new();
        }
        mall.speak();
        until_said(&store).await;
        let fate = store.scene(1).last_scan.as_ref().map(|scan| scan.fate.clone()).unwrap();
        if is_good {
            assert_eq!(fate, ScanFate::Redemption(rights(&store).redemptions[0].id));
            assert_eq!(left(&store), TEA + 20_000 - 5_000);
        } else {
            assert_eq!(fate, ScanFate::Refused(Refusal::OtherHouse { word: "used".to_owned() }));
            assert_eq!(left(&store), TEA + 20_000);
        }
        assert_eq!(store.scene(1).priced.station.cart.order, order);
    }
}

#[tokio::test]
async fn no_more_is_asked_about_than_may_lie_beside_a_cart() {
    let (store, mall, _) = with_tea().await;
    for _ in 0..REDEMPTIONS_MAX {
        scan_into_silence(&store, &mall).await;
    }
    assert_eq!(refused(scan(&store, DOUYIN_LINK).await), Refusal::TooManyRedemptions);
    for _ in 0..REDEMPTIONS_MAX {
        mall.speak();
    }
    until_said(&store).await;
    assert_eq!(redemption_states(&store), [RedemptionState::LookedUp; REDEMPTIONS_MAX]);
}

#[tokio::test]
async fn an_order_is_undone_within_the_hour_and_on_its_business_date_or_not_at_all() {
    for (later, is_late) in [
        ("2026-11-21T13:00:00+08:00", false),
        ("2026-11-21T13:00:01+08:00", true),
        ("2026-11-22T12:00:00+08:00", true),
    ] {
        let (store, _mall, order) = with_tea().await;
        complete(&store, TEA).await.unwrap();
        store.at(later);
        let undone = undo(&store, Uuid::from_u128(71), order).await;
        match is_late {
            true => assert_eq!(refused(undone), Refusal::TooLateToUndo, "{later}"),
            false => undone.unwrap(),
        }
    }
    let store = TestStore::open(None).await;
    let nobodys = OrderId::from_uuid(Uuid::from_u128(5));
    assert_eq!(refused(undo(&store, Uuid::from_u128(1), nobodys).await), Refusal::NoSuchOrder);
}

#[tokio::test]
async fn no_code_is_in_the_ledger_or_in_what_is_printed_for_us() {
    let (store, mall, order) = with_tea().await;
    mall.known().charges_are = PaymentState::Refused;
    scan(&store, WECHAT_CODE).await.unwrap();
    until_payment(&store, PaymentState::Refused).await;
    look_up(&store, "123456789012").await.unwrap();
    complete(&store, 0).await.unwrap();
    assert_eq!(store.scene(1).last_order.as_ref().unwrap().order.id, order);
    let printed = format!("{:?} {:?}", rights(&store), Secret(WECHAT_CODE.to_owned()));
    let dump: String = of_ledger(&store, |db| {
        let mut all = String::new();
        for table in ["payment", "redemption", "outbox", "command", "order_body"] {
            let mut statement =
                db.prepare(&format!("select * from {table}")).map_err(DbError::sqlite("read"))?;
            let n = statement.column_count();
            let mut rows = statement.query([]).map_err(DbError::sqlite("read"))?;
            while let Some(row) = rows.next().map_err(DbError::sqlite("read"))? {
                for column in 0..n {
                    all.push_str(&format!("{:?} ", row.get_ref(column).unwrap()));
                    if let Ok(text) = row.get::<_, String>(column) {
                        all.push_str(&text);
                    }
                }
            }
        }
        Ok(all)
    })
    .await;
    for code in [WECHAT_CODE, "123456789012"] {
        assert!(!printed.contains(code) && !dump.contains(code), "{code}");
    }
    assert!(dump.contains("funds-short"), "the rows were looked at");
}

//! Coupons and vouchers: looked up, used, given back.

use super::*;

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

//! Another house that is asked what something is worth, and is silent: the till goes on.

use super::*;

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

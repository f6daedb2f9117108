//! Orders that are undone, and what goes back.

use super::*;

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

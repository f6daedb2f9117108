//! Payments by code: charged, refused, taken off, not known.

use super::*;

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
        payments: vec![Payment {
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

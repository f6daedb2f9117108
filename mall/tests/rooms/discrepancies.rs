//! What other houses gave for an order is what the order says, or a person is told what it costs.

use domain::{
    id::OrderId,
    money::Money,
    payment::{PaymentMethod, PaymentState},
    redemption::RedemptionState,
    tender::TenderKind,
};
use sync::{
    path,
    wire::{LookUpV1, OrderV1, RedemptionV1, TenderV1},
};

use crate::{
    intake::{self, Outbox},
    payments::{charge, look, pay, post, refund, undo},
    post_voids::{sent, troubles, undoing},
    redemptions::{question, try_redeem},
    street::{self, Act, id, until, written},
    town::{Edge, Town},
};

/// What `charge` asks for, in fen.
const AMOUNT: i64 = 1_299;

/// The order that the payment or voucher of this number is for, covered in these ways.
fn order(number: u32, tenders: &[(TenderKind, i64)]) -> OrderV1 {
    let total = tenders.iter().map(|(_, fen)| *fen).sum();
    let money = Money::from_minor;
    let tender =
        |(kind, fen): &(TenderKind, i64)| TenderV1 { kind: *kind, amount_minor: money(*fen) };
    OrderV1 {
        id: OrderId::from_uuid(id::<()>(1_000_000 + u128::from(number)).uuid()),
        tenders: tenders.iter().map(tender).collect(),
        change_minor: money(0),
        ..intake::order("SH001", number, total)
    }
}

async fn told(edge: &Edge<'_>, orders: &[OrderV1]) {
    let mut outbox = Outbox::new();
    for order in orders {
        outbox.order(order);
    }
    // Whatever the mall holds: it happened, and it is accepted.
    assert_eq!(sent(edge, &outbox).await, []);
    assert_eq!(edge.town.rows("select count(*) from orders"), [orders.len().to_string()]);
}

fn receipt(number: u32, what: &str) -> String {
    format!("discrepancy: SH001-1-1-20261121-{number:04}: {what}")
}

/// Of an order that was paid by WeChat alone, of which the mall holds no payment.
const NOTHING_PAID: &str =
    "it says 12.99 by wechat in 1 tenders, and 0 payments of 0.00 are paid: 12.99 is missing";
const COUNT: &str = "select count(*) from discrepancy";

async fn none(town: &Town) {
    assert_eq!(troubles(town).await, [""; 0]);
    assert_eq!(town.rows(COUNT), ["0"]);
}

#[tokio::test]
async fn a_tender_by_code_is_a_payment_to_the_fen_or_a_person_is_told() {
    use TenderKind::{Alipay, Cash, Wechat};
    let (town, street) = street::town().await;
    let edge = town.edge("SH001").await;
    for number in [1, 2, 4, 5] {
        assert_eq!(pay(&edge, number).await.state, PaymentState::Paid);
    }
    // Refused, and then paid by the other house.
    street.will(&[Act::No]);
    assert_eq!(pay(&edge, 6).await.state, PaymentState::Refused);
    let other = charge(7, PaymentMethod::Alipay);
    let other = sync::wire::ChargeV1 { order: charge(6, PaymentMethod::Wechat).order, ..other };
    assert_eq!(post(&edge, path::PAYMENTS, &other).await.status, 200);
    let orders = [
        order(1, &[(Wechat, AMOUNT)]),
        // One fen more than was paid.
        order(2, &[(Wechat, AMOUNT + 1)]),
        // Nobody was ever charged.
        order(3, &[(Alipay, 500), (Cash, 100)]),
        // By the other house than the one that took it.
        order(4, &[(Alipay, AMOUNT)]),
        // Paid, and taken in cash as well.
        order(5, &[(Cash, AMOUNT)]),
        order(6, &[(Alipay, AMOUNT)]),
        order(8, &[(Cash, 700)]),
    ];
    told(&edge, &orders).await;
    let mut found = troubles(&town).await;
    found.sort();
    let paid = "1 payments of 12.99 are paid";
    let more = "12.99 more than the order says";
    let mut expected = [
        receipt(2, &format!("it says 13.00 by wechat in 1 tenders, and {paid}: 0.01 is missing")),
        receipt(
            3,
            "it says 5.00 by alipay in 1 tenders, and 0 payments of 0.00 are paid: 5.00 is missing",
        ),
        receipt(
            4,
            "it says 12.99 by alipay in 1 tenders, and 0 payments of 0.00 are paid: 12.99 is missing",
        ),
        receipt(4, &format!("it says 0.00 by wechat in 0 tenders, and {paid}: {more}")),
        receipt(5, &format!("it says 0.00 by wechat in 0 tenders, and {paid}: {more}")),
    ];
    expected.sort();
    assert_eq!(found, expected);
    // The fact's place is told, so that its bytes are found.
    let shown = town.cli_json("orders troubles --store SH001").await;
    let mut seqs: Vec<i64> =
        shown.as_array().unwrap().iter().map(|one| one["seq"].as_i64().unwrap()).collect();
    seqs.sort_unstable();
    assert_eq!(seqs, [2, 3, 4, 4, 5]);
    town.stop().await;
}

#[tokio::test]
async fn nothing_is_said_of_a_payment_that_is_open_until_it_is_known() {
    use TenderKind::Wechat;
    let (town, street) = street::town().await;
    let edge = town.edge("SH001").await;
    street.will(&[Act::Paying, Act::Paying]);
    for number in [1, 2] {
        assert_eq!(pay(&edge, number).await.state, PaymentState::Paying);
    }
    told(&edge, &[order(1, &[(Wechat, AMOUNT)]), order(2, &[(Wechat, AMOUNT)])]).await;
    none(&town).await;
    street.payer(&written(1), true);
    street.payer(&written(2), false);
    town.turn(2);
    assert_eq!(look(&edge, 1).await.state, PaymentState::Paid);
    none(&town).await;
    assert_eq!(look(&edge, 2).await.state, PaymentState::Refused);
    assert_eq!(troubles(&town).await, [receipt(2, NOTHING_PAID)]);
    town.stop().await;
}

#[tokio::test]
async fn the_money_of_an_undone_order_is_told_until_it_went_back() {
    use TenderKind::{Cash, Wechat};
    let (town, _street) = street::town().await;
    let edge = town.edge("SH001").await;
    // The third is given back before anything of the order is told, the fourth is refunded.
    for number in [1, 3, 4] {
        assert_eq!(pay(&edge, number).await.state, PaymentState::Paid);
    }
    town.turn(16);
    assert_eq!(undo(&edge, 3).await.state, PaymentState::Reversed);
    let orders = [
        order(1, &[(Wechat, AMOUNT)]),
        order(2, &[(Cash, 500)]),
        order(3, &[(Wechat, AMOUNT)]),
        order(4, &[(Wechat, AMOUNT)]),
    ];
    let mut outbox = Outbox::new();
    for order in &orders {
        outbox.order(order);
    }
    for (number, order) in (1..).zip(&orders) {
        outbox.post_void(&undoing(number, order));
    }
    assert_eq!(sent(&edge, &outbox).await, []);
    let back =
        "it was undone, and 1 payments of 12.99 are paid by wechat: 12.99 is still to go back";
    let mut found = troubles(&town).await;
    found.sort();
    assert_eq!(found, [receipt(1, back), receipt(4, back)]);
    assert_eq!(undo(&edge, 1).await.state, PaymentState::Reversed);
    assert_eq!(troubles(&town).await, [receipt(4, back)]);
    assert_eq!(refund(&edge, 9, 4, AMOUNT).await.status, 200);
    none(&town).await;
    town.stop().await;
}

#[tokio::test]
async fn a_refund_belongs_to_a_return_and_a_reversal_under_an_order_to_a_person() {
    use TenderKind::Wechat;
    let (town, _street) = street::town().await;
    let edge = town.edge("SH001").await;
    for number in [1, 2] {
        assert_eq!(pay(&edge, number).await.state, PaymentState::Paid);
    }
    told(&edge, &[order(1, &[(Wechat, AMOUNT)]), order(2, &[(Wechat, AMOUNT)])]).await;
    assert_eq!(refund(&edge, 9, 1, 100).await.status, 200);
    none(&town).await;
    town.turn(16);
    assert_eq!(undo(&edge, 2).await.state, PaymentState::Reversed);
    assert_eq!(troubles(&town).await, [receipt(2, NOTHING_PAID)]);
    town.stop().await;
}

async fn voucher(edge: &Edge<'_>, number: u128) {
    let presented = format!("voucher-{number:08}");
    let asked = LookUpV1 { presented, ..question(number) };
    let found: RedemptionV1 = post(edge, path::REDEMPTIONS, &asked).await.read();
    assert_eq!(found.state, RedemptionState::LookedUp);
}

async fn used(edge: &Edge<'_>, number: u128) {
    voucher(edge, number).await;
    let told: RedemptionV1 = try_redeem(edge, number, 1).await.read();
    assert_eq!(told.state, RedemptionState::Redeemed);
}

async fn give_back(edge: &Edge<'_>, number: u128) -> RedemptionState {
    let answer = edge.call("POST", &path::redemption_reversal(id(number)), b"{}").await;
    answer.read::<RedemptionV1>().state
}

#[tokio::test]
async fn every_voucher_of_an_order_is_used_and_worth_what_it_covered() {
    use TenderKind::{Cash, Voucher};
    let (town, street) = street::town().await;
    let edge = town.edge("SH001").await;
    // Worth 50.00 each.
    for number in [1, 2, 3, 5] {
        used(&edge, number).await;
    }
    voucher(&edge, 4).await;
    let orders = [
        order(1, &[(Voucher, 5_000), (Cash, 100)]),
        // The rest of its worth is lost.
        order(2, &[(Voucher, 4_200)]),
        order(3, &[(Voucher, 5_001)]),
        // Looked up, and never used.
        order(4, &[(Voucher, 5_000)]),
        // Used for nothing.
        order(5, &[(Cash, 9_000)]),
    ];
    told(&edge, &orders).await;
    let mut found = troubles(&town).await;
    found.sort();
    let one = "1 vouchers worth 50.00 are used";
    let expected = [
        receipt(3, &format!("it says 50.01 by voucher in 1 tenders, and {one}: 0.01 is missing")),
        receipt(
            4,
            "it says 50.00 by voucher in 1 tenders, and 0 vouchers worth 0.00 are used: 50.00 is \
             missing",
        ),
        receipt(
            5,
            &format!(
                "it says 0.00 by voucher in 0 tenders, and {one}: 50.00 more than the order says"
            ),
        ),
    ];
    assert_eq!(found, expected);
    // Given back after all.
    assert_eq!(give_back(&edge, 5).await, RedemptionState::Reversed);
    assert_eq!(troubles(&town).await.len(), 2);
    // Of undone orders, what its house takes back is no case, and what it does not is one.
    let mut outbox = Outbox::new();
    for order in &orders {
        outbox.order(order);
    }
    outbox.post_void(&undoing(1, &orders[0])).post_void(&undoing(2, &orders[1]));
    sent(&edge, &outbox).await;
    assert_eq!(give_back(&edge, 1).await, RedemptionState::Reversed);
    street.will(&[Act::No]);
    assert_eq!(give_back(&edge, 2).await, RedemptionState::Kept);
    let kept = format!("it was undone, and {one} by voucher: 50.00 is still to go back");
    let found = troubles(&town).await;
    assert!(found.contains(&receipt(2, &kept)), "{found:#?}");
    assert!(!found.iter().any(|one| one.contains("-0001")), "{found:#?}");
    town.stop().await;
}

#[tokio::test]
async fn what_the_mall_settles_by_itself_is_looked_at_too() {
    let (town, street) = street::town().await;
    let edge = town.edge("SH001").await;
    street.will(&[Act::Paying]);
    pay(&edge, 1).await;
    told(&edge, &[order(1, &[(TenderKind::Wechat, AMOUNT)])]).await;
    none(&town).await;
    // Nobody pays; the mall gives up after two minutes, by itself.
    town.turn(130);
    until("the discrepancy is found", || town.rows(COUNT) == ["1"]).await;
    assert_eq!(town.rows("select state from payment"), ["reversed"]);
    town.stop().await;
}

//! Payments by code: one charge to an id, whatever is said, lost, late, or asked again.

use std::task::Poll;

use domain::{
    id::OrderId,
    money::Money,
    payment::{PaymentMethod, PaymentState},
};
use mall::{Clock, Config, Mall};
use serde_json::{Value, json};
use sync::{
    path,
    wire::{ChargeV1, PaymentV1, RefundAskV1, RefundV1, ReversalV1},
};
use tower::ServiceExt as _;

use crate::{
    street::{self, Act, Deal, Street, id, until, written},
    town::{Answer, Edge, Town},
};

/// The payment code of these tests; it must never be seen anywhere again.
const CODE: &str = "134567890123456789";
/// 12.99 yuan.
const AMOUNT: i64 = 1_299;

/// A charge by its number, for an order of its own.
pub(crate) fn charge(number: u128, method: PaymentMethod) -> ChargeV1 {
    ChargeV1 {
        id: id(number),
        order: order(number),
        workstation: 1,
        method,
        amount_minor: Money::from_minor(AMOUNT),
        code: CODE.into(),
        subject: "SH001店".into(),
    }
}

fn order(number: u128) -> OrderId {
    id(1_000_000 + number)
}

pub(crate) async fn post(edge: &Edge<'_>, path: &str, body: &impl serde::Serialize) -> Answer {
    edge.call("POST", path, &serde_json::to_vec(body).unwrap()).await
}

pub(crate) async fn pay(edge: &Edge<'_>, number: u128) -> PaymentV1 {
    post(edge, path::PAYMENTS, &charge(number, PaymentMethod::Wechat)).await.read()
}

pub(crate) async fn look(edge: &Edge<'_>, number: u128) -> PaymentV1 {
    edge.get(&path::payment(id(number))).await.read()
}

pub(crate) fn reversal(number: u128, method: PaymentMethod) -> ReversalV1 {
    ReversalV1 { order: order(number), method, amount_minor: Money::from_minor(AMOUNT) }
}

pub(crate) async fn undo(edge: &Edge<'_>, number: u128) -> PaymentV1 {
    let wish = reversal(number, PaymentMethod::Wechat);
    post(edge, &path::reversal(id(number)), &wish).await.read()
}

pub(crate) async fn refund(edge: &Edge<'_>, number: u128, payment: u128, fen: i64) -> Answer {
    let ask = RefundAskV1 {
        id: id(number),
        payment: id(payment),
        amount_minor: Money::from_minor(fen),
        reason: "退货".into(),
    };
    post(edge, path::REFUNDS, &ask).await
}

fn deal(street: &Street, number: u128) -> Option<Deal> {
    street.book().deals.get(&written(number)).map(|(deal, _)| *deal)
}

/// Whatever the mall keeps or tells; the payment code is in none of it.
fn no_code_is_kept(town: &Town) {
    let columns = "order_id || method || state || transaction_id || refusal";
    let rows = town.rows(&format!("select {columns} from payment")).concat();
    assert!(!rows.contains(CODE), "{rows}");
    assert_eq!(town.folder.place().holding(CODE), [""; 0]);
}

/// Lets somebody ask who hangs up after so many steps; the answer, if it came before.
async fn hang_up<T>(asking: impl Future<Output = T>, steps: usize) -> Option<T> {
    let (mut asking, mut left) = (std::pin::pin!(asking), steps);
    std::future::poll_fn(|context| {
        let Some(rest) = left.checked_sub(1) else { return Poll::Ready(None) };
        left = rest;
        asking.as_mut().poll(context).map(Some)
    })
    .await
}

#[tokio::test]
async fn whoever_hangs_up_has_asked_or_not_and_nothing_waits_for_a_turn_of_nobody() {
    let (town, _) = street::town().await;
    let edge = town.edge("SH001").await;
    for number in 1.. {
        let charge = charge(number, PaymentMethod::Wechat);
        let asking = post(&edge, path::PAYMENTS, &charge);
        let answer = hang_up(asking, usize::try_from(number).unwrap()).await;
        let sql = format!("select state from payment where id = '{}'", charge.id);
        until("it is paid or was never heard", || {
            let states = town.rows(&sql);
            states.is_empty() || states == ["paid"]
        })
        .await;
        if answer.is_some() {
            assert!(number > 1, "nobody hung up");
            break;
        }
    }
    town.stop().await;
}

#[tokio::test]
async fn a_charge_is_answered_with_what_its_house_says() {
    let (town, street) = street::town().await;
    let edge = town.edge("SH001").await;
    let table = [
        (Act::Yes, PaymentState::Paid, None),
        (Act::No, PaymentState::Refused, Some("balance_short")),
        (Act::Paying, PaymentState::Paying, None),
        (Act::Silence, PaymentState::Sent, None),
        (Act::CutAfter, PaymentState::Sent, None),
    ];
    for (number, (act, state, refusal)) in (1..).zip(table) {
        street.will(std::slice::from_ref(&act));
        let told = pay(&edge, number).await;
        assert_eq!((told.state, told.refusal.as_deref()), (state, refusal), "{act:?}");
        assert_eq!(told.amount_minor, Money::from_minor(AMOUNT));
        assert_eq!(told.transaction.is_empty(), state != PaymentState::Paid, "{act:?}");
        assert_eq!(told.paid_at.is_some(), state == PaymentState::Paid, "{act:?}");
        assert_eq!(street.book().n_heard("charge", &written(number)), 1);
    }
    no_code_is_kept(&town);
    town.stop().await;
}

#[tokio::test]
async fn the_same_charge_again_charges_nobody_and_tells_where_it_stands() {
    let (town, street) = street::town().await;
    let edge = town.edge("SH001").await;
    street.will(&[Act::CutAfter]);
    assert_eq!(pay(&edge, 1).await.state, PaymentState::Sent);
    town.turn(2);
    // Asked again, the mall asks the house where it stands, not for money.
    assert_eq!(pay(&edge, 1).await.state, PaymentState::Paid);
    assert_eq!(pay(&edge, 1).await.state, PaymentState::Paid);
    assert_eq!(
        street.book().heard,
        [format!("charge {}", written(1)), format!("standing {}", written(1))]
    );
    let other: [&dyn Fn(&mut ChargeV1); 3] = [
        &|one| one.amount_minor = Money::from_minor(AMOUNT + 1),
        &|one| one.method = PaymentMethod::Alipay,
        &|one| one.order = order(99),
    ];
    for change in other {
        let mut body = charge(1, PaymentMethod::Wechat);
        change(&mut body);
        post(&edge, path::PAYMENTS, &body).await.is_problem(409, "id-taken");
    }
    town.stop().await;
}

#[tokio::test]
async fn while_a_payment_is_open_its_order_gets_no_second_charge() {
    let (town, street) = street::town().await;
    let edge = town.edge("SH001").await;
    street.will(&[Act::Paying]);
    assert_eq!(pay(&edge, 1).await.state, PaymentState::Paying);
    let second = ChargeV1 { order: order(1), ..charge(2, PaymentMethod::Alipay) };
    post(&edge, path::PAYMENTS, &second).await.is_problem(409, "payment-undecided");
    street.payer(&written(1), false);
    town.turn(2);
    let told = look(&edge, 1).await;
    assert_eq!(
        (told.state, told.refusal.as_deref()),
        (PaymentState::Refused, Some("payer_gave_up"))
    );
    let told: PaymentV1 = post(&edge, path::PAYMENTS, &second).await.read();
    assert_eq!(told.state, PaymentState::Paid);
    town.stop().await;
}

#[tokio::test]
async fn a_payer_who_types_a_password_is_waited_for_and_one_who_does_not_is_let_go() {
    let (town, street) = street::town().await;
    let edge = town.edge("SH001").await;
    street.will(&[Act::Paying, Act::Paying]);
    pay(&edge, 1).await;
    pay(&edge, 2).await;
    street.payer(&written(1), true);
    // Nobody asks but the reconciler.
    town.turn(6);
    until("the first is found paid", || town.rows(STATES) == ["paid", "paying"]).await;
    town.turn(115);
    until("the second is undone", || town.rows(STATES) == ["paid", "reversed"]).await;
    assert_eq!((deal(&street, 1), deal(&street, 2)), (Some(Deal::Paid), Some(Deal::Reversed)));
    town.stop().await;
}

const STATES: &str = "select state from payment order by id";

#[tokio::test]
async fn a_payer_who_pays_in_the_last_moment_has_paid() {
    let (town, street) = street::town().await;
    let edge = town.edge("SH001").await;
    street.will(&[Act::Paying]);
    pay(&edge, 1).await;
    street.payer(&written(1), true);
    town.turn(130);
    assert_eq!(look(&edge, 1).await.state, PaymentState::Paid);
    assert_eq!(street.book().n_heard("reverse", &written(1)), 0);
    town.stop().await;
}

#[tokio::test]
async fn what_its_house_does_not_know_is_open_until_no_charge_can_come_late() {
    let (town, street) = street::town().await;
    let edge = town.edge("SH001").await;
    street.will(&[Act::OnItsWay]);
    pay(&edge, 1).await;
    town.turn(3);
    assert_eq!(look(&edge, 1).await.state, PaymentState::Sent);
    // It came in after its house was asked about it.
    street.arrive();
    town.turn(3);
    assert_eq!(look(&edge, 1).await.state, PaymentState::Paid);
    // This one never comes in: its code has long expired when it does.
    street.will(&[Act::OnItsWay]);
    pay(&edge, 2).await;
    assert_eq!(undo(&edge, 2).await.state, PaymentState::Reversing);
    town.turn(100);
    assert_eq!(look(&edge, 2).await.state, PaymentState::Reversing);
    town.turn(30);
    assert_eq!(look(&edge, 2).await.state, PaymentState::Reversed);
    street.arrive();
    assert_eq!(deal(&street, 2), None);
    town.stop().await;
}

#[tokio::test]
async fn a_reversal_is_asked_for_until_it_is_known_and_not_before_its_house_takes_it() {
    let (town, street) = street::town().await;
    let edge = town.edge("SH001").await;
    assert_eq!(pay(&edge, 1).await.state, PaymentState::Paid);
    assert_eq!(undo(&edge, 1).await.state, PaymentState::Reversing);
    assert_eq!(street.book().n_heard("reverse", &written(1)), 0, "WeChat wants 15 s");
    town.turn(15);
    // Wants to be asked again; is silent, also about where it stands; says no, and that it is paid;
    // does it, and the answer is lost.
    street.will(&[Act::Again, Act::Silence, Act::Silence, Act::No, Act::Yes, Act::CutAfter]);
    for _ in 0..3 {
        assert_eq!(look(&edge, 1).await.state, PaymentState::Reversing);
        town.turn(2);
    }
    let told = look(&edge, 1).await;
    assert_eq!((told.state, told.refusal), (PaymentState::Reversed, None));
    assert_eq!(deal(&street, 1), Some(Deal::Reversed));
    // Once more changes nothing.
    assert_eq!(undo(&edge, 1).await.state, PaymentState::Reversed);
    // Alipay takes it at once.
    let body = charge(2, PaymentMethod::Alipay);
    post(&edge, path::PAYMENTS, &body).await.read::<PaymentV1>();
    let wish = reversal(2, PaymentMethod::Alipay);
    let told: PaymentV1 = post(&edge, &path::reversal(id(2)), &wish).await.read();
    assert_eq!(told.state, PaymentState::Reversed);
    town.stop().await;
}

#[tokio::test]
async fn a_charge_that_comes_after_its_reversal_finds_a_tombstone() {
    let (town, street) = street::town().await;
    let edge = town.edge("SH001").await;
    edge.get(&path::payment(id(1))).await.is_problem(404, "not-found");
    undo(&edge, 1).await;
    assert_ne!(pay(&edge, 1).await.state, PaymentState::Paid);
    // Its house knows nothing, and nothing can be on its way there.
    town.turn(3);
    assert_eq!(look(&edge, 1).await.state, PaymentState::Reversed);
    assert_eq!(pay(&edge, 1).await.state, PaymentState::Reversed);
    assert_eq!(street.book().n_heard("charge", &written(1)), 0);
    let wish = ReversalV1 { order: order(7), ..reversal(1, PaymentMethod::Wechat) };
    post(&edge, &path::reversal(id(1)), &wish).await.is_problem(409, "id-taken");
    town.stop().await;
}

#[tokio::test]
async fn what_a_mall_forgot_that_it_charged_goes_back_all_the_same() {
    for (method, seconds) in [(PaymentMethod::Wechat, 15), (PaymentMethod::Alipay, 0)] {
        let (town, street) = street::town().await;
        let edge = town.edge("SH001").await;
        let paid = (Deal::Paid, Money::from_minor(AMOUNT));
        street.book().deals.insert(written(1), paid);
        let wish = reversal(1, method);
        post(&edge, &path::reversal(id(1)), &wish).await.read::<PaymentV1>();
        town.turn(seconds);
        assert_eq!(look(&edge, 1).await.state, PaymentState::Reversed, "{method:?}");
        assert_eq!(deal(&street, 1), Some(Deal::Reversed), "{method:?}");
        town.stop().await;
    }
}

#[tokio::test]
async fn a_store_that_hangs_up_has_its_charge_settled_all_the_same() {
    let (town, street) = street::town().await;
    let edge = town.edge("SH001").await;
    let released = std::sync::Arc::new(tokio::sync::Notify::new());
    street.will(&[Act::Hold(released.clone())]);
    let body = serde_json::to_vec(&charge(1, PaymentMethod::Wechat)).unwrap();
    let request = edge.request("POST", path::PAYMENTS, &body);
    tokio::select! {
        _ = town.send(request) => panic!("nothing was answered yet"),
        () = street.holds.notified() => {}
    }
    // The cashier gives up meanwhile; the answer that comes late does not make it paid.
    assert_eq!(undo(&edge, 1).await.state, PaymentState::Reversing);
    released.notify_one();
    until("the late answer was heard", || {
        town.rows("select state, transaction_id <> '' from payment") == ["reversing|1"]
    })
    .await;
    town.turn(20);
    assert_eq!(look(&edge, 1).await.state, PaymentState::Reversed);
    assert_eq!(street.book().n_heard("charge", &written(1)), 1);
    town.stop().await;
}

#[tokio::test]
async fn many_malls_over_one_database_charge_once() {
    let (town, street) = street::town().await;
    let edge = town.edge("SH001").await;
    let second = beside(&town, &street).await;
    for number in 1..=20 {
        let body = serde_json::to_vec(&charge(number, PaymentMethod::Wechat)).unwrap();
        let here = town.send(edge.request("POST", path::PAYMENTS, &body));
        let there = second.router().oneshot(edge.request("POST", path::PAYMENTS, &body));
        let (here, there) = tokio::join!(here, there);
        assert_eq!((here.status.as_u16(), there.unwrap().status().as_u16()), (200, 200));
        assert_eq!(street.book().n_heard("charge", &written(number)), 1);
        assert_eq!(look(&edge, number).await.state, PaymentState::Paid);
    }
    town.stop().await;
}

/// Another mall over the same database, that does not look by itself for what is undecided.
async fn beside(town: &Town, street: &Street) -> Mall {
    let config = Config {
        clock: Clock::ByHand(street.clock()),
        platforms: street.platforms(),
        ..town.folder.place().config().listening_on("127.0.0.1:0".parse().unwrap())
    };
    Mall::start(config).await.unwrap()
}

#[tokio::test]
async fn what_a_mall_left_open_when_it_died_another_one_settles() {
    let (town, street) = street::town().await;
    let edge = town.edge("SH001").await;
    let dying = beside(&town, &street).await;
    let never = std::sync::Arc::new(tokio::sync::Notify::new());
    street.will(&[Act::Hold(never)]);
    let body = serde_json::to_vec(&charge(1, PaymentMethod::Wechat)).unwrap();
    let request = edge.request("POST", path::PAYMENTS, &body);
    tokio::select! {
        _ = dying.router().oneshot(request) => panic!("nothing was answered yet"),
        () = street.holds.notified() => {}
    }
    // While it may still be at it nobody else asks.
    town.turn(60);
    assert_eq!(look(&edge, 1).await.state, PaymentState::Sent);
    assert_eq!(street.book().n_heard("standing", &written(1)), 0);
    town.turn(25);
    until("it is found paid", || town.rows(STATES) == ["paid"]).await;
    assert_eq!(street.book().n_heard("charge", &written(1)), 1);
    town.stop().await;
}

#[tokio::test]
async fn after_the_clock_stepped_back_what_is_open_is_asked_about_and_undone_all_the_same() {
    for (back, is_due) in [(600, false), (86_400, true)] {
        let (town, street) = street::town().await;
        let edge = town.edge("SH001").await;
        street.will(&[Act::CutAfter]);
        assert_eq!(pay(&edge, 1).await.state, PaymentState::Sent);
        town.turn(-back);
        if is_due {
            // Nobody asks but the reconciler.
            until("it is found paid", || town.rows(STATES) == ["paid"]).await;
        }
        assert_eq!(look(&edge, 1).await.state, PaymentState::Paid, "{back} s back");
        assert_eq!(undo(&edge, 1).await.state, PaymentState::Reversed, "{back} s back");
        assert_eq!(deal(&street, 1), Some(Deal::Reversed));
        town.stop().await;
    }
}

#[tokio::test]
async fn a_store_hears_nothing_of_another_stores_payments_and_cannot_move_them() {
    let (town, street) = street::town().await;
    let (mine, other) = (town.edge("SH001").await, town.edge("SH002").await);
    pay(&mine, 1).await;
    refund(&mine, 50, 1, 100).await.read::<RefundV1>();
    let heard = street.book().heard.len();
    other.get(&path::payment(id(1))).await.is_problem(404, "not-found");
    other.get(&path::refund(id(50))).await.is_problem(404, "not-found");
    refund(&other, 51, 1, 100).await.is_problem(404, "not-found");
    // Its number at the house is made of its id, so nobody else may have that id.
    let body = charge(1, PaymentMethod::Wechat);
    post(&other, path::PAYMENTS, &body).await.is_problem(409, "id-taken");
    let wish = reversal(1, PaymentMethod::Wechat);
    post(&other, &path::reversal(id(1)), &wish).await.is_problem(409, "id-taken");
    pay(&other, 2).await;
    refund(&other, 50, 2, 100).await.is_problem(409, "id-taken");
    assert_eq!(street.book().heard.len(), heard + 1, "only its own charge");
    town.stop().await;
}

#[tokio::test]
async fn money_goes_back_in_parts_and_never_more_than_came() {
    let (town, street) = street::town().await;
    let edge = town.edge("SH001").await;
    pay(&edge, 1).await;
    // refund, fen, what its house does; where it stands, why not
    let table = [
        (11, 1_000, Act::Yes, "done", None),
        (12, 300, Act::Yes, "refused", Some("too-much")),
        (13, 200, Act::No, "refused", Some("not_enough")),
        (14, 200, Act::CutAfter, "sent", None),
        (15, 100, Act::Yes, "refused", Some("too-much")),
        (16, 99, Act::Silence, "sent", None),
    ];
    for (number, fen, act, state, refusal) in table {
        street.book().script.clear();
        street.will(&[act]);
        let told: RefundV1 = refund(&edge, number, 1, fen).await.read();
        assert_eq!((told.state.word(), told.refusal.as_deref()), (state, refusal), "{number}");
    }
    assert_eq!(look(&edge, 1).await.refunded_minor, Money::from_minor(AMOUNT));
    town.turn(2);
    for number in [14, 16] {
        let told: RefundV1 = edge.get(&path::refund(id(number))).await.read();
        assert_eq!(told.state.word(), "done", "{number}");
        // Again is the same one.
        let fen = told.amount_minor.minor();
        assert_eq!(refund(&edge, number, 1, fen).await.read::<RefundV1>(), told);
        refund(&edge, number, 1, fen + 1).await.is_problem(409, "id-taken");
    }
    assert_eq!(street.book().n_heard("refund", &written(14)), 1, "it was heard the first time");
    assert_eq!(street.book().n_heard("refund", &written(16)), 2);
    let back: i64 = street.book().refunds.values().map(|(_, fen)| fen.minor()).sum();
    assert_eq!(back, AMOUNT);
    let wish = reversal(1, PaymentMethod::Wechat);
    post(&edge, &path::reversal(id(1)), &wish).await.is_problem(409, "payment-refunded");
    town.stop().await;
}

#[tokio::test]
async fn what_its_house_undoes_no_more_is_refunded_once() {
    let (town, street) = street::town().await;
    let edge = town.edge("SH001").await;
    pay(&edge, 1).await;
    town.turn(20);
    street.book().is_too_late = true;
    // The refund is not done at once either, and its store asks for the reversal until it is known.
    street.will(&[Act::Yes, Act::Yes]);
    undo(&edge, 1).await;
    for _ in 0..3 {
        town.turn(10);
        look(&edge, 1).await;
        assert!(matches!(undo(&edge, 1).await.state.word(), "reversing" | "reversed"));
    }
    until("it went back", || town.rows(STATES) == ["reversed"]).await;
    assert_eq!(undo(&edge, 1).await.state, PaymentState::Reversed, "and its store hears of it");
    assert_eq!(town.rows("select state, amount_minor from refund"), ["done|1299"]);
    assert_eq!(street.book().refunds.len(), 1);
    town.stop().await;
}

#[tokio::test]
async fn what_failed_and_its_house_undoes_no_more_took_nothing() {
    let (town, street) = street::town().await;
    let edge = town.edge("SH001").await;
    street.will(&[Act::Paying]);
    pay(&edge, 1).await;
    street.payer(&written(1), false);
    street.book().is_unsure = true;
    street.book().is_too_late = true;
    town.turn(20);
    undo(&edge, 1).await;
    until("it is over", || town.rows(STATES) == ["reversed"]).await;
    assert_eq!(look(&edge, 1).await.state, PaymentState::Reversed);
    assert!(street.book().refunds.is_empty(), "nothing came that could go back");
    town.stop().await;
}

#[tokio::test]
async fn only_what_is_paid_is_given_back() {
    let (town, street) = street::town().await;
    let edge = town.edge("SH001").await;
    refund(&edge, 11, 1, 100).await.is_problem(404, "not-found");
    edge.get(&path::refund(id(11))).await.is_problem(404, "not-found");
    street.will(&[Act::Paying]);
    pay(&edge, 1).await;
    refund(&edge, 11, 1, 100).await.is_problem(409, "payment-undecided");
    street.payer(&written(1), false);
    town.turn(2);
    look(&edge, 1).await;
    let told: RefundV1 = refund(&edge, 11, 1, 100).await.read();
    assert_eq!(told.refusal.as_deref(), Some("not-paid"));
    refund(&edge, 12, 1, 0).await.is_problem(400, "malformed");
    town.stop().await;
}

#[tokio::test]
async fn a_mall_without_accounts_refuses_with_a_word_and_writes_it_down() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let told = pay(&edge, 1).await;
    assert_eq!((told.state, told.refusal.as_deref()), (PaymentState::Refused, Some("not-set-up")));
    assert_eq!(look(&edge, 1).await, told);
    // There is nobody to ask whether anything must go back.
    assert_eq!(undo(&edge, 2).await.state, PaymentState::Reversed);
    assert_eq!(pay(&edge, 2).await.state, PaymentState::Reversed);
    town.stop().await;
}

#[tokio::test]
async fn what_is_no_charge_is_malformed_and_its_code_is_not_told_back() {
    let (town, street) = street::town().await;
    let edge = town.edge("SH001").await;
    let good = serde_json::to_value(charge(1, PaymentMethod::Wechat)).unwrap();
    let table: [(&str, Value); 6] = [
        ("amount_minor", json!(0)),
        ("amount_minor", json!(-5)),
        ("code", json!("")),
        ("code", json!("13456789012345678x")),
        ("method", json!("cash")),
        ("subject", json!("")),
    ];
    for (field, value) in table {
        let mut body = good.clone();
        body[field] = value;
        let answer = post(&edge, path::PAYMENTS, &body).await;
        answer.is_problem(400, "malformed");
        assert!(!String::from_utf8_lossy(&answer.body).contains("3456789"));
    }
    edge.get("/edge/v1/payments/x").await.is_problem(404, "not-found");
    assert_eq!(street.book().heard, Vec::<String>::new());
    town.stop().await;
}

#[tokio::test]
async fn hq_reads_payments_in_pages_and_only_the_end_of_the_houses_number() {
    let (town, street) = street::town().await;
    let (one, two) = (town.edge("SH001").await, town.edge("SH002").await);
    let token = town.staff().await;
    for number in 1..=3 {
        pay(&one, number).await;
        town.turn(1);
    }
    street.will(&[Act::No]);
    pay(&two, 4).await;
    refund(&one, 11, 2, 99).await.read::<RefundV1>();
    let page = town.hq(&token, "/hq/v1/payments?limit=3").await.json();
    let ids = |page: &Value| -> Vec<String> {
        let payments = page["payments"].as_array().unwrap().iter();
        payments.map(|payment| payment["number"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(&page), [written(4), written(3), written(2)]);
    assert_eq!(page["payments"][0]["refusal"], "balance_short");
    let second = &page["payments"][2];
    assert_eq!(second["refunded"], json!({ "amount": 99, "currency": "CNY" }));
    assert_eq!(
        (&second["store"], &second["transaction_tail"]),
        (&json!("SH001"), &json!("000002"))
    );
    let next = format!("/hq/v1/payments?after={}", page["next"].as_str().unwrap());
    let rest = town.hq(&token, &next).await.json();
    assert_eq!((ids(&rest), &rest["next"]), (vec![written(1)], &json!(null)));
    let refused = town.hq(&token, "/hq/v1/payments?store=SH002&state=refused").await.json();
    assert_eq!(ids(&refused), [written(4)]);
    town.hq(&token, "/hq/v1/payments?store=SH999").await.is_problem(404, "not-found");
    town.hq(&token, "/hq/v1/payments?after=x").await.is_problem(400, "malformed");
    town.hq(&token, "/hq/v1/payments?state=gone").await.is_problem(400, "malformed");
    let table = town.cli("payments list --store SH001 --limit 1").await;
    assert!(table.contains("wechat  paid    12.99      0.00  …000003"), "{table}");
    assert!(table.contains("more: --after "), "{table}");
    let listed = town.cli_json("payments list --state refused").await;
    assert_eq!(ids(&listed), [written(4)]);
    assert!(town.try_cli("payments list --state gone").await.is_err());
    town.stop().await;
}

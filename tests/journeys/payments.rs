//! Payments by code at WeChat Pay and Alipay: paid, waited for, refused, undone, never taken twice.

use acceptance::{
    houses::Town,
    sim::{Balance, Behaviour, Deed, Fault, Operation, PaymentCode, Planned, Platform, Wrong},
    view::View,
    wait::{PATIENCE, until},
};
use anyhow::{Context as _, Result, ensure};

use crate::pieces;

const HOUSES: [Platform; 2] = [Platform::Wechat, Platform::Alipay];

/// When no house undoes a charge any more: `WeChat` does for a week, Alipay for a day.
const UNDONE_NO_MORE: [(Platform, u32); 2] =
    [(Platform::Wechat, 8 * 86_400), (Platform::Alipay, 25 * 3_600)];

/// How long a payer is given to type a password, and a moment.
const TOO_LONG_S: u32 = 130;

fn word(house: Platform) -> &'static str {
    match house {
        Platform::Wechat => "wechat",
        Platform::Alipay => "alipay",
        Platform::Douyin => "douyin",
    }
}

fn code(town: &Town, house: Platform, behaviour: Behaviour) -> String {
    let code = PaymentCode { behaviour, ..PaymentCode::default() };
    match house {
        Platform::Wechat => town.platforms.wechat().issue_code(code),
        Platform::Alipay | Platform::Douyin => town.platforms.alipay().issue_code(code),
    }
}

/// Puts something on the counter, and scans a payment code: the cart's total.
async fn charge(town: &Town, house: Platform, behaviour: Behaviour) -> Result<i64> {
    let view = town.till.done(&town.till.scan(&pieces()?[0].barcode)).await?;
    let code = code(town, house, behaviour);
    town.till.done(&town.till.scan(&code)).await?;
    Ok(view.cart.context("nobody is signed in")?.total.amount)
}

fn is_in<'a>(states: &'a [&str]) -> impl Fn(&View) -> bool + 'a {
    move |view| view.payment().is_ok_and(|payment| states.contains(&payment.state.as_str()))
}

/// The next order is this cart, covered by the house alone.
async fn is_sold(town: &Town, house: Platform, total: i64) -> Result<()> {
    let view = town.till.until("the order", |view| view.phase == "done").await?;
    let last = view.last_order.context("no order is shown")?;
    let order = town.store.edge.ledger()?.order(last.id)?;
    let tenders: Vec<_> =
        order.tenders.iter().map(|t| (t.kind.word(), t.amount_minor.minor())).collect();
    ensure!(tenders == [(word(house), total)], "{tenders:?}");
    Ok(())
}

/// The cart stays as it is, another code pays it, and only that one took money.
async fn another_pays(town: &Town, house: Platform, total: i64) -> Result<()> {
    let held = town.platforms.balance(None).held;
    let view = town.till.view().await?;
    ensure!(view.rights()?.can_charge && view.rights()?.left.amount == total, "{:?}", view.rights);
    let fresh = code(town, house, Behaviour::Pays);
    town.till.done(&town.till.scan(&fresh)).await?;
    is_sold(town, house, total).await?;
    ensure!(town.platforms.balance(None).held == held + total);
    Ok(())
}

#[tokio::test]
async fn a_code_that_pays_at_once_completes_the_cart_and_goes_back_with_the_order() -> Result<()> {
    let mut town = Town::found().await?;
    for house in HOUSES {
        let total = charge(&town, house, Behaviour::Pays).await?;
        is_sold(&town, house, total).await?;
        ensure!(town.platforms.balance(Some(house)).held == total);
        let manager = town.store.manager(2).await?;
        let order = town.till.view().await?.last_order.context("no order is shown")?.id;
        manager.call(&manager.undo_order(order, "退单")).await?.done::<serde_json::Value>()?;
        // WeChat undoes nothing sooner than a quarter of a minute after the charge.
        town.let_pass(20).await?;
        town.until_balance("the money to go back", |balance| balance.held == 0).await?;
        town.till.done(&town.till.leave_done()).await?;
    }
    town.ends_well().await
}

#[tokio::test]
async fn a_payer_who_types_a_password_pays_and_the_cart_waits_for_it() -> Result<()> {
    let mut town = Town::found().await?;
    for house in HOUSES {
        let total = charge(&town, house, Behaviour::PayingThenPays { polls: 1 }).await?;
        let view = town.till.until("the password to be typed", is_in(&["paying"])).await?;
        ensure!(view.rights()?.hold == "undecided" && !view.rights()?.can_charge);
        let other = town.till.scan(&pieces()?[1].barcode);
        town.till.call(&other).await?.refused(409, "rights-undecided")?;
        let second = code(&town, house, Behaviour::Pays);
        town.till.call(&town.till.scan(&second)).await?.refused(409, "rights-undecided")?;
        let payment = view.payment()?.id;
        for _ in 0..2 {
            town.let_pass(5).await?;
            town.till.done(&town.till.query(payment)).await?;
        }
        is_sold(&town, house, total).await?;
        town.till.done(&town.till.leave_done()).await?;
    }
    town.ends_well().await
}

#[tokio::test]
async fn a_code_that_is_refused_takes_nothing_and_another_one_pays() -> Result<()> {
    let town = Town::found().await?;
    for house in HOUSES {
        for (behaviour, slug) in [
            (Behaviour::BalanceShort, "refused-funds-short"),
            (Behaviour::Expired, "refused-code-spent"),
        ] {
            let total = charge(&town, house, behaviour).await?;
            let view = town.till.until("the refusal", is_in(&["refused", "reversed"])).await?;
            let problem = view.payment()?.problem.clone().context("no sentence")?;
            ensure!(problem.r#type == format!("/problems/{slug}"), "{house:?}: {problem:?}");
            another_pays(&town, house, total).await?;
            town.till.done(&town.till.leave_done()).await?;
        }
    }
    town.ends_well().await
}

#[tokio::test]
async fn what_is_charged_without_an_answer_is_found_again_and_pays() -> Result<()> {
    let mut town = Town::found().await?;
    for house in HOUSES {
        for fault in [
            Fault::CutAfter,
            Fault::HtmlAfter { status: 500 },
            Fault::WrongSignature,
            Fault::Duplicate,
        ] {
            let planned =
                Planned { platform: house, operation: Some(Operation::Charge), fault, times: 1 };
            town.platforms.faults([planned]);
            let held = town.platforms.balance(None).held;
            let total = charge(&town, house, Behaviour::Pays).await?;
            settle_by_asking(&mut town).await.with_context(|| format!("{house:?} {fault:?}"))?;
            is_sold(&town, house, total).await.with_context(|| format!("{house:?} {fault:?}"))?;
            ensure!(town.platforms.balance(None).held == held + total, "{house:?} {fault:?}");
            town.till.done(&town.till.leave_done()).await?;
        }
        let held = town.platforms.balance(None).held;
        let total = charge(&town, house, Behaviour::ErrorButPaid).await?;
        settle_by_asking(&mut town).await?;
        is_sold(&town, house, total).await?;
        ensure!(town.platforms.balance(None).held == held + total, "{house:?}");
        town.till.done(&town.till.leave_done()).await?;
    }
    town.ends_well().await
}

/// The operator asks until the newest payment is over.
async fn settle_by_asking(town: &mut Town) -> Result<()> {
    let is_open = |view: &View| {
        let payment = view.payment().ok().filter(|_| view.phase != "done");
        payment
            .filter(|p| ["sent", "paying", "reversing"].contains(&p.state.as_str()))
            .map(|p| p.id)
    };
    // Who asks about what has not arrived yet, undoes it.
    town.until_heard().await?;
    let mut asked = 0;
    loop {
        let view = town.till.view().await?;
        let Some(payment) = is_open(&view) else { return Ok(()) };
        town.let_pass(5).await?;
        // The cart may become an order meanwhile.
        town.till.call(&town.till.query(payment)).await?;
        asked += 1;
        ensure!(asked < 60, "still open: {:?}", view.rights);
    }
}

#[tokio::test]
async fn what_never_was_charged_is_undone_after_a_while_and_another_code_pays() -> Result<()> {
    let mut town = Town::found().await?;
    for house in HOUSES {
        for behaviour in [Behaviour::CutBefore, Behaviour::ErrorUnpaid, Behaviour::NeverPays] {
            let total = charge(&town, house, behaviour).await?;
            town.till.until("the charge to be sent", is_in(&["sent", "paying"])).await?;
            town.until_heard().await?;
            town.let_pass(TOO_LONG_S).await?;
            let view = town.till.until("the charge to be undone", is_in(&["reversed"])).await;
            view.with_context(|| format!("{house:?} {behaviour:?}"))?;
            another_pays(&town, house, total).await?;
            town.till.done(&town.till.leave_done()).await?;
        }
    }
    town.ends_well().await
}

#[tokio::test]
async fn a_payment_that_is_taken_off_goes_back_however_it_ends() -> Result<()> {
    let mut town = Town::found().await?;
    for house in HOUSES {
        for behaviour in [Behaviour::PayingThenPays { polls: 0 }, Behaviour::NeverPays] {
            let held = town.platforms.balance(None).held;
            charge(&town, house, behaviour).await?;
            let view = town.till.until("the password to be typed", is_in(&["paying"])).await?;
            let payment = view.payment()?.id;
            let view = town.till.done(&town.till.reverse(payment)).await?;
            ensure!(!view.rights()?.can_charge, "it may still be paid: {:?}", view.rights);
            // Cash need not wait for it.
            town.pay_the_rest().await?;
            town.let_pass(20).await?;
            town.settled().await?;
            ensure!(town.platforms.balance(None).held == held, "{house:?} {behaviour:?}");
        }
    }
    ensure!(town.platforms.balance(None).charged >= 0);
    town.ends_well().await
}

#[tokio::test]
async fn a_store_that_charges_again_before_it_knows_of_the_first_charge_is_found_out() -> Result<()>
{
    for house in HOUSES {
        let mut town = Town::found().await?;
        // Whoever asks how it stands hears nothing.
        let operation = Some(Operation::Query);
        let silence = Planned { platform: house, operation, fault: Fault::CutBefore, times: 1_000 };
        town.platforms.faults([silence]);
        let total = charge(&town, house, Behaviour::ErrorButPaid).await?;
        town.until_balance("the charge", |balance| balance.held == total).await?;
        town.store.close().await?;
        town.platforms.clear_faults();
        // What no program of ours does, by hand.
        town.presume_refused()?;
        town.store.mall.start().await?;
        town.store.edge.start().await?;
        let second = code(&town, house, Behaviour::Pays);
        town.till.done(&town.till.scan(&second)).await?;
        is_sold(&town, house, total).await?;
        ensure!(town.platforms.balance(None).held == 2 * total, "{house:?}");
        let wrongs: Vec<Wrong> = town.platforms.violations().iter().map(|v| v.wrong).collect();
        ensure!(wrongs == [Wrong::SecondCharge], "{house:?}: {wrongs:?}");
        ensure!(town.ends_well().await.is_err(), "{house:?}: paid twice, and nobody minds");
    }
    Ok(())
}

#[tokio::test]
async fn what_its_house_undoes_no_more_is_refunded_once_though_the_answers_are_lost() -> Result<()>
{
    for (house, seconds) in UNDONE_NO_MORE {
        let mut town = Town::found().await?;
        let total = charge(&town, house, Behaviour::Pays).await?;
        is_sold(&town, house, total).await?;
        let order = town.till.view().await?.last_order.context("no order is shown")?.id;
        // The clock of the house decides.
        town.platforms.turn_clock(seconds);
        let planned = |operation, fault| Planned {
            platform: house,
            operation: Some(operation),
            fault,
            times: 1,
        };
        let refund = planned(Operation::Refund, Fault::CutAfter);
        let query = planned(Operation::RefundQuery, Fault::HtmlBefore { status: 502 });
        // Whether an earlier refund is known is asked before there is one.
        town.platforms.faults([refund, query, query]);
        let manager = town.store.manager(2).await?;
        let undo = manager.undo_order(order, "顾客改主意");
        manager.call(&undo).await?.done::<serde_json::Value>()?;
        town.until_wished_back().await?;
        // Each of them is asked about again when it is time.
        while !town.platforms.planned().is_empty() {
            let left = town.platforms.planned().len();
            town.let_pass(20).await?;
            until("the house to be asked", PATIENCE, async || {
                Ok((town.platforms.planned().len() < left).then_some(()))
            })
            .await
            .with_context(|| format!("{house:?}"))?;
        }
        town.let_pass(20).await?;
        ensure!(town.until_asked().await? == 0, "{house:?}: its refund is not known");
        // The store asks whether the payment is undone, and it is: it went back another way.
        town.store.edge.kill();
        town.store.edge.start().await?;
        town.settled().await.with_context(|| format!("{house:?}"))?;
        let deeds: Vec<_> = town.platforms.ledger().iter().map(|e| (e.deed, e.fen)).collect();
        ensure!(deeds == [(Deed::Charge, total), (Deed::Refund, total)], "{house:?}: {deeds:?}");
        town.ends_well().await?;
    }
    Ok(())
}

#[tokio::test]
async fn an_order_is_undone_whose_payment_a_restored_mall_has_forgotten() -> Result<()> {
    for house in HOUSES {
        let mut town = Town::found().await?;
        let total = charge(&town, house, Behaviour::Pays).await?;
        is_sold(&town, house, total).await?;
        let order = town.till.view().await?.last_order.context("no order is shown")?.id;
        town.store.mall.stop().await?;
        town.forget_payments()?;
        town.store.mall.start().await?;
        let manager = town.store.manager(2).await?;
        let undo = manager.undo_order(order, "顾客改主意");
        manager.call(&undo).await?.done::<serde_json::Value>()?;
        // WeChat undoes nothing in the first quarter of a minute.
        town.until_heard().await?;
        town.let_pass(20).await?;
        town.until_balance("the money to go back", |balance| balance.held == 0).await?;
        town.ends_well().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_reversal_that_is_answered_late_or_badly_is_asked_for_until_it_is_known() -> Result<()> {
    let mut town = Town::found().await?;
    for house in HOUSES {
        let view = town.till.done(&town.till.scan(&pieces()?[0].barcode)).await?;
        let digits = {
            let code = PaymentCode { recalls: 1, ..PaymentCode::default() };
            match house {
                Platform::Wechat => town.platforms.wechat().issue_code(code),
                Platform::Alipay | Platform::Douyin => town.platforms.alipay().issue_code(code),
            }
        };
        let part = Some(100);
        town.till.done(&town.till.charge(&view, &digits, part)?).await?;
        town.till.until("a part to be paid", is_in(&["paid"])).await?;
        let planned = |fault| Planned {
            platform: house,
            operation: Some(Operation::Reverse),
            fault,
            times: 1,
        };
        town.platforms
            .faults([planned(Fault::CutAfter), planned(Fault::HtmlBefore { status: 502 })]);
        // The shopper goes; what was paid goes back.
        town.till.done(&town.till.void_cart()).await?;
        town.let_pass(20).await?;
        town.settled().await?;
        ensure!(town.platforms.balance(Some(house)).held == 0, "{house:?}");
    }
    ensure!(town.platforms.balance(None) != Balance::default());
    town.ends_well().await
}

//! Vouchers of Douyin and merchant coupons of WeChat: looked up, used with the order, given back.

use acceptance::{
    houses::Town,
    sim::{Balance, Coupon, Deed, Fault, Operation, Planned, Platform, Repeat, Script, Voucher},
    view::View,
};
use anyhow::{Context as _, Result, ensure};

use crate::pieces;

/// What a voucher of these tests is good for.
const WORTH: i64 = 5_000;

/// Houses, a store, and so much on its counter that a voucher leaves a rest: the cart's total.
async fn with_goods() -> Result<(Town, i64)> {
    let town = Town::found().await?;
    let total = fill(&town).await?;
    Ok((town, total))
}

async fn fill(town: &Town) -> Result<i64> {
    let list = pieces()?;
    let dear = list.iter().find(|item| (6_000..20_000).contains(&item.price));
    let view = town.till.done(&town.till.scan(&dear.context("nothing is dear")?.barcode)).await?;
    Ok(view.cart.context("nobody is signed in")?.total.amount)
}

/// What the newest order was covered by, by the store's books.
fn tendered(town: &Town, view: &View) -> Result<Vec<(String, i64)>> {
    let last = view.last_order.as_ref().context("no order is shown")?;
    let order = town.store.edge.ledger()?.order(last.id)?;
    let tenders = order.tenders.iter();
    Ok(tenders.map(|t| (t.kind.word().to_owned(), t.amount_minor.minor())).collect())
}

fn planned(operation: Operation, fault: Fault) -> [Planned; 1] {
    [Planned { platform: Platform::Douyin, operation: Some(operation), fault, times: 1 }]
}

#[tokio::test]
async fn a_voucher_pays_its_worth_with_the_order_and_goes_back_within_the_hour() -> Result<()> {
    let (town, total) = with_goods().await?;
    let link = town.platforms.douyin().issue(Voucher::default()).link;
    let view = town.till.done_through(&town.till.scan(&link)).await?;
    let shown = view.redemption()?;
    ensure!(shown.state == "looked_up" && shown.takes_part, "{shown:?}");
    ensure!(shown.offers[0].worth.amount == WORTH && shown.amount.amount == WORTH, "{shown:?}");
    ensure!(view.rights()?.left.amount == total - WORTH, "{:?}", view.rights);
    ensure!(town.platforms.balance(None) == Balance::default(), "a look-up spends nothing");
    let view = town.pay_the_rest().await?;
    let rest = total - WORTH;
    let cash = tendered(&town, &view)?;
    ensure!(cash[0] == ("voucher".to_owned(), WORTH), "{cash:?}");
    ensure!(cash.len() == 2 && cash[1].0 == "cash" && rest - cash[1].1 < 10, "{cash:?}");
    ensure!(town.platforms.balance(Some(Platform::Douyin)).redeemed_count == 1);

    let order = view.last_order.context("no order is shown")?.id;
    let manager = town.store.manager(2).await?;
    let undo = manager.undo_order(order, "顾客改主意");
    manager.call(&undo).await?.done::<serde_json::Value>()?;
    town.until_balance("the voucher to be given back", |b| b.redeemed_count == 0).await?;
    manager.call(&undo).await?.done::<serde_json::Value>()?;
    manager.call(&manager.undo_order(order, "again")).await?.refused(409, "order-undone")?;
    let deeds: Vec<Deed> = town.platforms.ledger().iter().map(|entry| entry.deed).collect();
    ensure!(deeds == [Deed::Redemption, Deed::Restitution], "{deeds:?}");
    town.ends_well().await
}

#[tokio::test]
async fn a_till_sells_on_while_douyin_is_silent_about_a_voucher() -> Result<()> {
    let (town, _) = with_goods().await?;
    let link = town.platforms.douyin().issue(Voucher::default()).link;
    // Longer than anybody waits for anything.
    let silence = Fault::DelayBefore { ms: 3_600_000 };
    town.platforms.faults(planned(Operation::Prepare, silence));
    let asking = town.till.done(&town.till.scan(&link)).await?;
    let rights = asking.rights()?;
    ensure!(rights.looking_up.len() == 1 && rights.redemptions.is_empty(), "{rights:?}");
    let total = fill(&town).await?;
    let view = town.pay_the_rest().await?;
    ensure!(view.last_order.as_ref().is_some_and(|last| last.total.amount == total), "{view:?}");
    ensure!(tendered(&town, &view)?.iter().all(|(kind, _)| kind == "cash"));
    ensure!(view.rights()?.looking_up.is_empty(), "the next cart waits for nothing");
    town.ends_well().await
}

#[tokio::test]
async fn after_the_hour_a_voucher_stays_used_and_the_screens_say_so() -> Result<()> {
    let (town, _) = with_goods().await?;
    let link = town.platforms.douyin().issue(Voucher::default()).link;
    town.till.done_through(&town.till.scan(&link)).await?;
    let view = town.pay_the_rest().await?;
    // The hour is over at Douyin, whose clock decides, a moment sooner than here.
    town.platforms.turn_clock(3_601);
    let manager = town.store.manager(2).await?;
    let order = view.last_order.context("no order is shown")?.id;
    let undo = manager.undo_order(order, "退单");
    manager.call(&undo).await?.done::<serde_json::Value>()?;
    town.till.until("the notice of a voucher that stays used", |v| v.notes("voucher-kept")).await?;
    ensure!(town.platforms.balance(Some(Platform::Douyin)).redeemed_count == 1);
    town.ends_well().await
}

#[tokio::test]
async fn a_voucher_that_is_refused_says_why_and_leaves_the_cart_as_it_was() -> Result<()> {
    let (town, _) = with_goods().await?;
    let douyin = town.platforms.douyin();
    let used = douyin.issue(Voucher::default());
    town.till.done_through(&town.till.scan(&used.link)).await?;
    town.pay_the_rest().await?;
    let total = fill(&town).await?;
    let douyin = town.platforms.douyin();
    let elsewhere = town.platforms.access().douyin.poi_ids[1].clone();
    let elsewhere = douyin.issue(Voucher { poi_ids: vec![elsewhere], ..Voucher::default() });
    let refunded = Script::RefusesPrepare { code: 1_212, text: "券已退款".to_owned() };
    let refunded = douyin.issue(Voucher { script: refunded, ..Voucher::default() });
    let before = town.till.view().await?.cart;
    for (what, code, slug) in [
        ("used", used.codes[0].as_str(), "refused-used"),
        ("for another store", &elsewhere.link, "refused-other-shop"),
        ("refunded", &refunded.link, "refused-not-found"),
        ("nobody's", "100000000000", "refused-not-found"),
    ] {
        let view = town.till.view().await?;
        let view = town.till.done_through(&town.till.look_up(&view, "douyin", code)?).await?;
        let problem = view.refused(slug).context(what)?;
        ensure!(
            problem.detail.contains("没有") || problem.detail.contains("什么都"),
            "{problem:?}"
        );
        ensure!(view.cart == before && view.rights()?.left.amount == total, "{what}: {view:?}");
    }
    town.pay_the_rest().await?;
    town.ends_well().await
}

#[tokio::test]
async fn a_voucher_that_is_refused_when_it_is_used_leaves_the_cart_to_be_paid_otherwise()
-> Result<()> {
    let town = Town::found().await?;
    let spent = Script::UsedElsewhere;
    let spent = Voucher { script: spent, ..Voucher::default() };
    let expired = Voucher { expires_in_seconds: -1, ..Voucher::default() };
    // Douyin has one word for vouchers that are past their date and for those that were cancelled.
    for (voucher, slug) in [(spent, "refused-used"), (expired, "refused-void")] {
        let total = fill(&town).await?;
        let link = town.platforms.douyin().issue(voucher).link;
        let view = town.till.done_through(&town.till.scan(&link)).await?;
        let cart = view.cart.context("nobody is signed in")?;
        let paid = town.till.complete(cart.order_id, cart.revision, total);
        town.till.call(&paid).await?.refused(422, slug)?;
        let view = town.till.view().await?;
        ensure!(view.redemption()?.state == "refused" && view.rights()?.left.amount == total);
        ensure!(view.cart.as_ref().is_some_and(|now| now.lines == cart.lines), "{:?}", view.cart);
        let view = town.pay_the_rest().await?;
        ensure!(tendered(&town, &view)?.iter().all(|(kind, _)| kind == "cash"));
        town.till.done(&town.till.leave_done()).await?;
    }
    ensure!(town.platforms.balance(None).redeemed_count == 0);
    town.ends_well().await
}

#[tokio::test]
async fn silence_about_a_voucher_stays_pending_until_the_reconciler_knows() -> Result<()> {
    for fault in [Fault::CutBefore, Fault::CutAfter, Fault::HtmlAfter { status: 500 }] {
        let (mut town, total) = with_goods().await?;
        let link = town.platforms.douyin().issue(Voucher::default()).link;
        let view = town.till.done_through(&town.till.scan(&link)).await?;
        town.platforms.faults(planned(Operation::Verify, fault));
        let cart = view.cart.context("nobody is signed in")?;
        let paid = town.till.complete(cart.order_id, cart.revision, total - WORTH);
        town.till
            .call(&paid)
            .await?
            .refused(409, "rights-undecided")
            .context(format!("{fault:?}"))?;
        let view = town.till.view().await?;
        ensure!(view.redemption()?.state == "pending", "{fault:?}: {:?}", view.rights);
        ensure!(view.rights()?.hold == "undecided", "{fault:?}: {:?}", view.rights);
        town.let_pass(10).await?;
        let is_used = |view: &View| view.redemption().is_ok_and(|r| r.state == "redeemed");
        town.till.until("the voucher to be known as used", is_used).await?;
        let view = town.pay_the_rest().await?;
        ensure!(tendered(&town, &view)?[0] == ("voucher".to_owned(), WORTH), "{fault:?}");
        ensure!(town.platforms.balance(None).redeemed_count == 1, "{fault:?}");
        town.ends_well().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_call_that_arrives_twice_uses_and_gives_back_every_voucher_once() -> Result<()> {
    let town = Town::found().await?;
    let three = Voucher { count: 3, market_fen: 1_000, ..Voucher::default() };
    for repeat in [Repeat::Used1208, Repeat::Used2, Repeat::Same] {
        let total = fill(&town).await?;
        let link = town.platforms.douyin().issue(Voucher { repeat, ..three.clone() }).link;
        let view = town.till.done_through(&town.till.scan(&link)).await?;
        town.till.done(&town.till.choose(view.redemption()?.id, 3)).await?;
        // The answer to the second of both is the one that comes back.
        town.platforms.faults(planned(Operation::Verify, Fault::Duplicate));
        town.platforms.faults(planned(Operation::Cancel, Fault::Duplicate));
        let view = town.pay_the_rest().await.with_context(|| format!("{repeat:?}"))?;
        ensure!(tendered(&town, &view)?[0] == ("voucher".to_owned(), 3_000), "of {total}");
        ensure!(town.platforms.balance(None).redeemed_count == 3, "{repeat:?}");
        let order = view.last_order.context("no order is shown")?.id;
        let manager = town.store.manager(2).await?;
        manager.call(&manager.undo_order(order, "退单")).await?.done::<serde_json::Value>()?;
        town.until_balance("the vouchers to be given back", |b| b.redeemed_count == 0).await?;
        town.ends_well().await?;
        ensure!(town.platforms.planned().is_empty(), "{repeat:?}");
        town.till.done(&town.till.leave_done()).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_voucher_that_is_taken_off_while_nobody_knows_is_given_back() -> Result<()> {
    let (mut town, total) = with_goods().await?;
    let link = town.platforms.douyin().issue(Voucher::default()).link;
    let view = town.till.done_through(&town.till.scan(&link)).await?;
    town.platforms.faults(planned(Operation::Verify, Fault::CutAfter));
    let cart = view.cart.context("nobody is signed in")?;
    town.till.call(&town.till.complete(cart.order_id, cart.revision, total)).await?;
    let pending = town.till.view().await?.redemption()?.id;
    let view = town.till.done(&town.till.take_off(pending)).await?;
    ensure!(view.rights()?.hold == "free", "{:?}", view.rights);
    let view = town.pay_the_rest().await?;
    ensure!(tendered(&town, &view)?.iter().all(|(kind, _)| kind == "cash"));
    town.let_pass(10).await?;
    town.until_balance("the voucher to be given back", |b| b.redeemed_count == 0).await?;
    town.ends_well().await
}

#[tokio::test]
async fn a_merchant_coupon_reduces_the_cart_is_used_with_the_order_and_goes_back() -> Result<()> {
    let town = Town::found_with_coupons().await?;
    let total = fill(&town).await?;
    let coupon = Coupon { code: "A7KQ30OFF5".to_owned(), ..Coupon::default() };
    let code = town.platforms.wechat().issue_coupon(coupon);
    let view = town.till.view().await?;
    let view = town.till.done_through(&town.till.look_up(&view, "wechat", &code)?).await?;
    let reduced = view.cart.as_ref().context("nobody is signed in")?.total.amount;
    ensure!(reduced == total - 500, "{total} became {reduced}: {:?}", view.rights);
    ensure!(view.redemption()?.takes_part && view.redemption()?.offers[0].reduces);
    ensure!(town.platforms.balance(None).redeemed_count == 0, "a look-up spends nothing");
    let view = town.pay_the_rest().await?;
    let last = view.last_order.context("no order is shown")?;
    ensure!(last.total.amount == total - 500, "{last:?}");
    ensure!(town.platforms.balance(Some(Platform::Wechat)).redeemed == 500);
    let manager = town.store.manager(2).await?;
    let undo = manager.undo_order(last.id, "退单");
    manager.call(&undo).await?.done::<serde_json::Value>()?;
    town.until_balance("the coupon to be given back", |b| b.redeemed_count == 0).await?;
    town.ends_well().await
}

#[tokio::test]
async fn a_merchant_coupon_with_as_many_digits_as_a_voucher_is_taken_though_nobody_says_whose_it_is()
-> Result<()> {
    let town = Town::found_with_coupons().await?;
    for coupon in
        [Coupon::default(), Coupon { code: "812345678901234".to_owned(), ..Coupon::default() }]
    {
        let total = fill(&town).await?;
        let code = town.platforms.wechat().issue_coupon(coupon);
        ensure!(matches!(code.len(), 12 | 15) && code.bytes().all(|byte| byte.is_ascii_digit()));
        let view = town.till.view().await?;
        let view = town.till.done_through(&town.till.look_up_anyones(&view, &code)?).await?;
        ensure!(view.redemption()?.issuer == "wechat", "{:?}", view.last_scan);
        let view = town.pay_the_rest().await?;
        let sold = view.last_order.context("no order is shown")?.total.amount;
        ensure!(sold == total - 500, "{sold} of {total}");
        town.till.done(&town.till.leave_done()).await?;
    }
    ensure!(town.platforms.balance(Some(Platform::Wechat)).redeemed_count == 2);
    town.ends_well().await
}

#[tokio::test]
async fn a_merchant_coupon_that_is_refused_takes_nothing_off() -> Result<()> {
    let town = Town::found_with_coupons().await?;
    let total = fill(&town).await?;
    let coupon = Coupon { expires_in_seconds: -1, code: "A7OLD".to_owned(), ..Coupon::default() };
    let old = town.platforms.wechat().issue_coupon(coupon);
    for code in [old.as_str(), "A7NOBODYS"] {
        let view = town.till.view().await?;
        // Nobody can ask WeChat what a code is worth: it says no when the coupon is to be used.
        town.till.done_through(&town.till.look_up(&view, "wechat", code)?).await?;
        let cart = town.till.view().await?.cart.context("nobody is signed in")?;
        let paid = town.till.complete(cart.order_id, cart.revision, total);
        let answer = town.till.call(&paid).await?;
        ensure!(answer.status == 422 && answer.text.contains("/problems/refused-"), "{answer:?}");
        let view = town.till.view().await?;
        ensure!(view.redemption()?.state == "refused", "{:?}", view.rights);
        ensure!(view.cart.is_some_and(|cart| cart.total.amount == total));
    }
    town.pay_the_rest().await?;
    ensure!(town.platforms.balance(None).redeemed_count == 0);
    town.ends_well().await
}

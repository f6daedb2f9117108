//! A member with points, prepaid balance and a signed coupon, with the cable cut and back.

use acceptance::{
    cable::Weather,
    club::{COUPON_OFF, Club, HAS, LENT, MASKED, NAME, PHONE},
    till::Call,
};
use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use serde_json::Value;

/// Points and fen that the member spends while nobody can ask the mall.
const SPENT: (i64, i64) = (500, 3_000);

/// All that both screens of the first workstation are told.
async fn screens(club: &Club) -> Result<String> {
    let mut all = String::new();
    for screen in ["view", "display"] {
        let call = Call::new(Method::GET, format!("/workstations/1/{screen}"), None);
        all.push_str(&club.till.call(&call).await?.text);
    }
    Ok(all)
}

#[tokio::test]
async fn a_member_spends_what_the_store_was_lent_with_the_cable_cut_and_everything_agrees_after()
-> Result<()> {
    let club = Club::open().await?;
    let (code, coupon) = (club.code().await?, club.coupon().await?);
    club.cable.turn(Weather::Cut);
    let till = &club.till;

    // By phone number: their price, and nothing of theirs.
    till.done(&till.scan(&club.item.barcode)).await?;
    let view = till.done(&till.scan(PHONE)).await?;
    let member = view.member.context("nobody is known")?;
    ensure!(member.phone == MASKED && member.name == "欧*" && member.funds.is_none(), "{member:?}");
    let reduced = club.item.price * 9 / 10;
    let total = view.cart.context("nobody is signed in")?.total.amount;
    ensure!((total - reduced).abs() <= 1, "{} became {total}", club.item.price);
    till.call(&till.use_balance(100)).await?.refused(409, "member-unproven")?;

    // By their own code, from a scanner: points, balance, and a coupon that the till believes alone.
    let mut gun = club.store.edge.gun(1).await?;
    gun.read(&[&code, &coupon]).await?;
    let is_both = |v: &acceptance::view::View| {
        v.member.as_ref().is_some_and(|m| m.is_proven) && v.coupons.iter().any(|c| c.takes_part)
    };
    let view = till.until("member and coupon to be believed", is_both).await?;
    let funds =
        view.member.and_then(|member| member.funds).context("nothing of theirs is shown")?;
    ensure!((funds.points_here, funds.balance_here.amount) == LENT, "{funds:?}");
    till.call(&till.use_balance(LENT.1 + 1)).await?.refused(409, "balance-not-here")?;
    let view = club.spend(SPENT.0, SPENT.1).await?;
    let (member, cart) = (view.member.context("nobody")?, view.cart.context("no cart")?);
    ensure!(member.points_spent == SPENT.0 && member.balance_part.amount == SPENT.1, "{member:?}");
    ensure!(cart.total.amount == total - COUPON_OFF - SPENT.0, "{total} became {cart:?}");
    let told = screens(&club).await?;
    ensure!(told.contains(MASKED), "no screen shows who buys: {told}");
    for mark in [PHONE, NAME, &code, &coupon] {
        ensure!(!told.contains(mark), "a screen shows {mark}");
    }

    let view = club.pay_the_rest().await?;
    let order = club.store.edge.ledger()?.order(view.last_order.context("no order")?.id)?;
    let tenders: Vec<(&str, i64)> =
        order.tenders.iter().map(|t| (t.kind.word(), t.amount_minor.minor())).collect();
    ensure!(tenders.first() == Some(&("balance", SPENT.1)), "{tenders:?}");
    ensure!(order.member.map(|id| id.uuid()) == Some(club.member), "{:?}", order.member);
    let earned = order.pricing.as_ref().map_or(0, |pricing| pricing.points_earned);
    ensure!(earned > 0, "nothing was earned");
    let receipt = till.call(&till.receipt(order.id.uuid())).await?.text;
    for words in [MASKED, "原有积分", "储值余额", &(HAS.0 - SPENT.0 + earned).to_string()] {
        ensure!(receipt.contains(words), "the receipt lacks {words}: {receipt}");
    }
    ensure!(!receipt.contains(PHONE) && !receipt.contains(NAME), "{receipt}");

    // The same coupon is none any more; what was lent is what is left of it.
    till.done(&till.scan(&club.item.barcode)).await?;
    till.call(&till.scan(&coupon)).await?.refused(409, "coupon-used")?;
    let view = till.done(&till.scan(&code)).await?;
    let funds =
        view.member.and_then(|member| member.funds).context("nothing of theirs is shown")?;
    let left = (LENT.0 - SPENT.0, LENT.1 - SPENT.1);
    ensure!((funds.points_here, funds.balance_here.amount) == left, "{funds:?}");
    till.done(&till.void_cart()).await?;
    ensure!(club.purse().await?.points == HAS.0, "the mall has heard nothing yet");

    club.cable.turn(Weather::Fair);
    let purse = club.agree().await?;
    let expected = (HAS.0 - SPENT.0 + earned, HAS.1 - SPENT.1);
    ensure!((purse.points, purse.balance_minor) == expected, "{purse:?}, not {expected:?}");
    club.is_nowhere(&[PHONE, NAME, &code, &coupon])
}

#[tokio::test]
async fn an_order_of_a_members_that_is_undone_gives_back_what_it_took() -> Result<()> {
    let club = Club::open().await?;
    let till = &club.till;
    till.done(&till.scan(&club.item.barcode)).await?;
    let coupon = club.coupon().await?;
    till.done(&till.scan(&club.code().await?)).await?;
    till.done(&till.scan(&coupon)).await?;
    club.spend(SPENT.0, SPENT.1).await?;
    let order = club.pay_the_rest().await?.last_order.context("no order")?.id;
    let manager = club.store.manager(2).await?;
    manager.call(&manager.undo_order(order, "顾客改主意")).await?.done::<Value>()?;
    // HQ's sums of a day leave an undone order out; the member's purse has both.
    let purse = club.purses_agree().await?;
    ensure!((purse.points, purse.balance_minor) == HAS, "{purse:?}");
    till.done(&till.scan(&club.item.barcode)).await?;
    let view = till.done(&till.scan(&coupon)).await?;
    ensure!(view.coupons.iter().any(|coupon| coupon.takes_part), "{:?}", view.coupons);
    Ok(())
}

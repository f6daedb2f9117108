//! kill -9 of the node at named points of a sale to a member. Afterwards points, balance and coupon
//! are spent once or not at all, and the mall has counted the same.

use acceptance::{
    club::{Club, HAS},
    edge_process::Start,
};
use anyhow::{Context as _, Result, ensure};

/// Where the power fails, and what is there afterwards.
const POINTS: [(&str, Then); 6] = [
    ("member.identified", Then::Goods),
    ("complete.begun", Then::All),
    ("complete.told", Then::All),
    ("complete.member", Then::All),
    ("complete.emptied", Then::All),
    ("complete.committed", Then::Sold),
];
/// What the member spends of each in every order.
const SPENDS: (i64, i64) = (100, 700);

/// What the counter has kept.
#[derive(Clone, Copy, Debug)]
enum Then {
    /// The goods; who buys was not confirmed.
    Goods,
    /// Goods, member, coupon, and what shall pay.
    All,
    /// Nothing: the order was written.
    Sold,
}

#[tokio::test]
async fn a_power_cut_in_a_sale_to_a_member_spends_nothing_twice() -> Result<()> {
    let mut club = Club::open().await?;
    let mut n_sold = 0;
    for (point, then) in POINTS {
        let (code, coupon) = (club.code().await?, club.coupon().await?);
        club.store.edge.stop().await?;
        ensure!(club.store.edge.start_dying_at(point, 1).await? == Start::Ready, "{point}");
        let is_dark = sell(&club, &code, &coupon).await.is_err();
        ensure!(is_dark, "{point}: the node lives on");
        club.store.edge.wait_until_killed().await?;
        club.store.edge.start().await?;
        go_on(&club, then, (&code, &coupon)).await.with_context(|| format!("after {point}"))?;
        n_sold += 1;
        ensure!(club.store.edge.ledger()?.n_orders()? == n_sold, "{point}");
        club.till.done(&club.till.scan(&club.item.barcode)).await?;
        club.till.call(&club.till.scan(&coupon)).await?.refused(409, "coupon-used")?;
        club.till.done(&club.till.void_cart()).await?;
    }
    let orders = club.store.edge.ledger()?.orders()?;
    let earned: i64 =
        orders.iter().filter_map(|order| Some(order.pricing.as_ref()?.points_earned)).sum();
    let purse = club.agree().await?;
    let expected = (HAS.0 - n_sold * SPENDS.0 + earned, HAS.1 - n_sold * SPENDS.1);
    ensure!((purse.points, purse.balance_minor) == expected, "{purse:?}, not {expected:?}");
    Ok(())
}

/// Sells what is still on the counter; nothing that was confirmed is asked of the member again.
async fn go_on(club: &Club, then: Then, (code, coupon): (&str, &str)) -> Result<()> {
    let till = &club.till;
    let view = till.view().await?;
    let n_lines = view.cart.as_ref().map_or(0, |cart| cart.lines.len());
    match then {
        Then::Sold => {
            ensure!(n_lines == 0 && view.member.is_none(), "the sale is still open");
            return Ok(());
        }
        Then::Goods => {
            ensure!(n_lines == 1 && view.member.is_none(), "{:?}", view.member);
            for text in [code, coupon] {
                till.done(&till.scan(text)).await?;
            }
            club.spend(SPENDS.0, SPENDS.1).await?;
        }
        Then::All => {
            let member = view.member.context("the member is forgotten")?;
            let pays = (member.points_spent, member.balance_part.amount);
            ensure!(n_lines == 1 && member.is_proven && pays == SPENDS, "{member:?}");
            ensure!(view.coupons.iter().any(|coupon| coupon.takes_part), "{:?}", view.coupons);
        }
    }
    club.pay_the_rest().await.map(|_| ())
}

async fn sell(club: &Club, code: &str, coupon: &str) -> Result<()> {
    let till = &club.till;
    till.done(&till.scan(&club.item.barcode)).await?;
    till.done(&till.scan(code)).await?;
    till.done(&till.scan(coupon)).await?;
    club.spend(SPENDS.0, SPENDS.1).await?;
    club.pay_the_rest().await.map(|_| ())
}

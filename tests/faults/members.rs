//! kill -9 of the node at named points of a sale to a member. Afterwards points, balance and coupon
//! are spent once or not at all, and the mall has counted the same.

use acceptance::{
    club::{Club, HAS},
    edge_process::Start,
};
use anyhow::{Context as _, Result, ensure};

/// Where the power fails.
const POINTS: [&str; 5] = [
    "member.identified",
    "complete.told",
    "complete.member",
    "complete.emptied",
    "ledger.committed",
];
/// What the member spends of each in every order.
const SPENDS: (i64, i64) = (100, 700);

#[tokio::test]
async fn a_power_cut_in_a_sale_to_a_member_spends_nothing_twice() -> Result<()> {
    let mut club = Club::open().await?;
    let mut n_sold = 0;
    for point in POINTS {
        let (code, coupon) = (club.code().await?, club.coupon().await?);
        club.store.edge.stop().await?;
        // Each command is one commit: the last of them is the order's.
        let nth = if point == "ledger.committed" { 6 } else { 1 };
        ensure!(club.store.edge.start_dying_at(point, nth).await? == Start::Ready, "{point}");
        let is_dark = sell(&club, &code, &coupon).await.is_err();
        ensure!(is_dark, "{point}: the node lives on");
        club.store.edge.wait_until_killed().await?;
        club.store.edge.start().await?;
        // What is still on the counter is sold; what was sold is not sold again.
        let view = club.till.view().await?;
        let is_open = view.cart.is_some_and(|cart| !cart.lines.is_empty());
        if is_open {
            club.till.done(&club.till.void_cart()).await?;
            sell(&club, &code, &coupon).await.with_context(|| point.to_owned())?;
        }
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

async fn sell(club: &Club, code: &str, coupon: &str) -> Result<()> {
    let till = &club.till;
    till.done(&till.scan(&club.item.barcode)).await?;
    till.done(&till.scan(code)).await?;
    till.done(&till.scan(coupon)).await?;
    club.spend(SPENDS.0, SPENDS.1).await?;
    club.pay_the_rest().await.map(|_| ())
}

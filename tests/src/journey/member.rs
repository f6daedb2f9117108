//! A member with points, prepaid balance and a coupon, while the cable is cut.

use anyhow::{Context as _, Result, ensure};

use super::Table;
use crate::{
    cable::Weather,
    catalog::yuan,
    club::{Club, HAS},
};

/// Points and fen that they spend.
const SPENT: (i64, i64) = (500, 3_000);

/// Walks the journey of a member in a store of its own.
///
/// # Errors
/// The first step that is not as it should be; the table holds it too.
pub async fn play(table: &mut Table) -> Result<()> {
    let opened = async { Ok((Club::open().await?, "known by a sealed row".to_owned())) };
    let club = table.step("a member enters at the mall", opened).await?;
    let shown = (club.code().await?, club.coupon().await?);
    club.cable.turn(Weather::Cut);
    let earned =
        table.step("the cable is cut: points, balance, a coupon", spent(&club, shown)).await?;
    let agreed = async {
        club.cable.turn(Weather::Fair);
        let purse = club.agree().await?;
        let expected = (HAS.0 - SPENT.0 + earned, HAS.1 - SPENT.1);
        ensure!((purse.points, purse.balance_minor) == expected, "{purse:?}, not {expected:?}");
        Ok(((), format!("{} points, {} of balance on both sides", purse.points, yuan(expected.1))))
    };
    table.step("the cable is back: mall and store agree", agreed).await
}

async fn spent(club: &Club, (code, coupon): (String, String)) -> Result<(i64, String)> {
    let till = &club.till;
    for text in [club.item.barcode.as_str(), &code, &coupon] {
        till.done(&till.scan(text)).await?;
    }
    let view = club.spend(SPENT.0, SPENT.1).await?;
    let member = view.member.context("nobody is known")?;
    ensure!(member.points_spent == SPENT.0 && member.balance_part.amount == SPENT.1, "{member:?}");
    let order = club.pay_the_rest().await?.last_order.context("no order is shown")?;
    let total = yuan(order.total.amount);
    let said = format!("{}: {total} with {} of balance", member.phone, yuan(SPENT.1));
    Ok((member.points_earned, said))
}

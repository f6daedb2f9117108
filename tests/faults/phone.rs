//! kill -9 of the node at named points of a hand-over from a phone to a till.
//!
//! After each death the goods are on the counter once or not at all; the phone knows which; and
//! asking again with the same command ends with them there once.

use acceptance::{
    catalog,
    edge_process::Start,
    phone::{Phone, PhoneView},
    store::{Store, original},
};
use anyhow::{Context as _, Result, ensure};

/// Where the power fails: while the phone writes, while the till takes in, and after its commit.
const POINTS: [(&str, u32); 3] = [("phone.written", 2), ("phone.taken", 1), ("phone.committed", 1)];

#[tokio::test]
async fn a_power_cut_while_a_phones_cart_is_taken_in_loses_nothing_and_doubles_nothing()
-> Result<()> {
    let list = catalog::read(&catalog::demo())?;
    let tea = list.iter().find(|listed| !listed.is_weighed).context("nothing is sold by piece")?;
    let mut store = Store::twin(original().await?, None)?;
    for (point, nth) in POINTS {
        store.edge.start().await?;
        let till = store.cashier(1).await?;
        let phone = Phone::joined_at(store.edge.url(), &till).await?;
        phone.add(&tea.barcode).await?.done::<PhoneView>()?;
        let shown = phone.show().await?;
        store.edge.stop().await?;

        ensure!(store.edge.start_dying_at(point, nth).await? == Start::Ready, "{point}");
        let call = till.take_in(&shown.digits);
        if point == "phone.written" {
            // The phone writes once more while the till waits.
            let _ = phone.add(&tea.barcode).await;
            let _ = phone.add(&tea.barcode).await;
        } else {
            // The answer may be lost with the node.
            let _ = till.call(&call).await;
        }
        store.edge.wait_until_killed().await?;
        store.edge.start().await?;

        let pieces = async || -> Result<u32> {
            Ok(till.view().await?.cart.context("nobody is signed in")?.pieces)
        };
        let (before, told) = (pieces().await?, phone.view().await?);
        ensure!(told.taken.is_some() == (before > 0), "{point}: {before} pieces, {told:?}");
        let expected = told.cart()?.pieces;
        let view = till.done(&call).await.with_context(|| point.to_owned())?;
        let cart = view.cart.context("nobody is signed in")?;
        ensure!(cart.pieces == expected && cart.lines.len() == 1, "{point}: {cart:?}");
        ensure!(phone.view().await?.taken.is_some(), "{point}: the phone was not told");
        till.call(&till.take_in(&shown.digits)).await?.refused(409, "phone-cart-taken")?;
        till.done(&till.void_cart()).await?;
        store.edge.stop().await?;
    }
    Ok(())
}

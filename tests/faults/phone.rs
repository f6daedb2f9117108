//! The node dies, fails or dawdles at named points of a hand-over from a phone to a till.
//!
//! After each the goods are on the counter once or not at all; the phone knows which; and asking
//! again with the same command ends with them there once.

use acceptance::{
    catalog,
    phone::{Phone, PhoneView},
    store::{Store, original},
};
use anyhow::{Context as _, Result, ensure};

use crate::struck::{actions, is_done, struck};

/// Where it happens, and whether the till has taken the goods in by then: while the phone writes, while
/// the till takes in, and after its commit.
const POINTS: [(&str, bool); 3] =
    [("phone.written", false), ("phone.taken", false), ("phone.committed", true)];

#[tokio::test]
async fn whatever_happens_while_a_phones_cart_is_taken_in_nothing_is_lost_and_nothing_doubled()
-> Result<()> {
    let list = catalog::read(&catalog::demo())?;
    let tea = list.iter().find(|listed| !listed.is_weighed).context("nothing is sold by piece")?;
    let mut store = Store::twin(original().await?, None)?;
    store.edge.start().await?;
    let till = store.cashier(1).await?;
    let points = POINTS.into_iter();
    let strikes = points.flat_map(|point| actions(point.1).map(move |action| (point, action)));
    for ((point, is_committed), action) in strikes {
        let what = || format!("{point} {action}");
        let phone = Phone::joined_at(store.edge.url(), &till).await?;
        phone.add(&tea.barcode).await?.done::<PhoneView>()?;
        let shown = phone.show().await?;
        let call = till.take_in(&shown.digits);
        // Nothing is promised of what is told meanwhile.
        if point == "phone.written" {
            let _ = struck(&mut store.edge, (point, action), phone.add(&tea.barcode)).await?;
        } else {
            let _ = struck(&mut store.edge, (point, action), till.call(&call)).await?;
        }
        let pieces = async || -> Result<u32> {
            Ok(till.view().await?.cart.context("nobody is signed in")?.pieces)
        };
        let (before, told) = (pieces().await?, phone.view().await?);
        let is_taken = point != "phone.written" && is_done(is_committed, action);
        ensure!((before > 0) == is_taken, "{}: {before} pieces", what());
        ensure!(told.taken.is_some() == is_taken, "{}: {before} pieces, {told:?}", what());
        let expected = told.cart()?.pieces;
        let view = till.done(&call).await.with_context(what)?;
        let cart = view.cart.context("nobody is signed in")?;
        ensure!(cart.pieces == expected && cart.lines.len() == 1, "{}: {cart:?}", what());
        ensure!(phone.view().await?.taken.is_some(), "{}: the phone was not told", what());
        till.call(&till.take_in(&shown.digits)).await?.refused(409, "phone-cart-taken")?;
        till.done(&till.void_cart()).await?;
    }
    store.edge.stop().await
}

//! A blow at any moment of a renewal, to the box or to the mall: the box comes back with a certificate that
//! works, and the mall has issued one more than before, whatever was asked how often.

use std::path::Path;

use acceptance::{
    ageing,
    edge_process::Start,
    store::{Store, under_tls},
    trap::Action,
    wait::{PATIENCE, until},
};
use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// Of the box: the key is made; the mall has answered; before what it said is held, and after, while the
/// key that waited is not forgotten yet.
const OF_BOX: [&str; 4] =
    ["certificate.asking", "certificate.told", "certificate.keeping", "certificate.laid"];
/// Of the mall: before and after it is written down.
const OF_MALL: [&str; 2] = ["certificate.issued", "certificate.committed"];

fn shown(data: &Path) -> Result<Value> {
    let text = std::fs::read_to_string(data.join("certificate.json"))?;
    let held: Value = serde_json::from_str(&text).context("half a certificate is held")?;
    Ok(held["told"]["certificate"].clone())
}

/// Sells until the box holds another certificate than before, and tells the sale with it.
async fn renewed(store: &Store, before: &str) -> Result<()> {
    let list = acceptance::catalog::read(&acceptance::catalog::demo())?;
    let item = list.iter().find(|item| !item.barcode.is_empty()).context("nothing has a code")?;
    let (till, data) = (store.cashier(1).await?, store.edge.data());
    until("the next certificate", PATIENCE, async || {
        till.sell(&[&item.barcode], 0).await?;
        let is_whole = !data.join("certificate.next").exists();
        Ok((shown(&data)? != before && is_whole).then_some(()))
    })
    .await?;
    till.sell(&[&item.barcode], 0).await?;
    store.wait_until_told(&till).await
}

async fn struck(store: &mut Store, is_box: bool, point: &str, action: Action) -> Result<()> {
    let before = ageing::certificate(&store.edge.data())?;
    let n_before = ageing::n_certificates(store.mall.data())?;
    let trap = if is_box { store.edge.trap() } else { store.mall.trap() };
    trap.set(point, action)?;
    if is_box && action == Action::Crash {
        if store.edge.start_trapped(PATIENCE).await? == Start::Ready {
            store.edge.wait_until_killed().await?;
        }
        // Whatever is held after a blow is whole.
        shown(&store.edge.data())?;
        store.edge.start().await?;
    } else {
        store.edge.start().await?;
    }
    until("somebody to come by", PATIENCE, async || Ok((!trap.is_set()).then_some(()))).await?;
    if !is_box && action == Action::Crash {
        let what = "the mall to die";
        until(what, PATIENCE, async || Ok((!store.mall.is_running()?).then_some(()))).await?;
        store.mall.start().await?;
    }
    renewed(store, &before).await?;
    let n_issued = ageing::n_certificates(store.mall.data())? - n_before;
    ensure!(n_issued == 1, "{n_issued} certificates were issued");
    store.edge.stop().await
}

#[tokio::test]
async fn a_blow_in_the_middle_of_a_renewal_leaves_a_certificate_that_works() -> Result<()> {
    let mut store = under_tls().await?;
    let of_box = OF_BOX.map(|point| (true, point));
    for (is_box, point) in of_box.into_iter().chain(OF_MALL.map(|point| (false, point))) {
        for action in [Action::Crash, Action::Error] {
            let who = if is_box { "box" } else { "mall" };
            let what = format!("{action} at {point} of the {who}");
            struck(&mut store, is_box, point, action).await.with_context(|| what)?;
        }
    }
    store.edge.start().await?;
    let compared = store.compare().await?;
    ensure!(compared.agrees(), "{:?}", compared.differences);
    store.close().await
}

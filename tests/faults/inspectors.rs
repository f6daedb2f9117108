//! Somebody on the way to the mall looks into what a store sends and does not like some of it: every
//! other fact arrives, and what is refused for ever is told to be missing and stays in the ledger.

use acceptance::{
    cable::{Cable, Offence, Weather},
    catalog,
    compare::compare,
    ledger::Ledger,
    store::{CODE, Store, original},
    till::{Till, http},
    wait::{PATIENCE, until},
};
use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use sync::uplink::HOLES_MAX;

/// Orders sold while nobody is told, around the one that will be refused.
const AROUND: usize = 7;

/// What HQ reads of a store's troubles.
#[derive(Debug, Deserialize)]
struct Trouble {
    what: String,
    reason: String,
}

struct Scene {
    store: Store,
    cable: Cable,
    till: Till,
    codes: Vec<String>,
}

impl Scene {
    /// A store whose cable is cut.
    async fn set() -> Result<Self> {
        let mut store = Store::twin(original().await?, None)?;
        store.mall.start().await?;
        let cable = Cable::lay(store.mall.port()).await?;
        store.reboot_with(|boot| boot.mall_url = cable.url())?;
        store.edge.start().await?;
        let till = store.cashier(1).await?;
        store.wait_until_told(&till).await?;
        cable.turn(Weather::Cut);
        let list = catalog::read(&catalog::demo())?;
        let codes = list.iter().map(|item| item.barcode.clone()).take(3).collect();
        Ok(Self { store, cable, till, codes })
    }

    /// Sells so many orders; the receipt number of the last.
    async fn sell(&self, orders: usize) -> Result<String> {
        let codes: Vec<&str> = self.codes.iter().map(String::as_str).collect();
        for _ in 0..orders {
            self.till.sell(&codes, 100).await?;
        }
        let sold = self.store.edge.ledger()?.orders()?;
        Ok(sold.last().context("nothing was sold")?.receipt_number.clone())
    }

    async fn close(mut self) -> Result<()> {
        self.store.close().await
    }

    async fn troubles(&self) -> Result<Vec<Trouble>> {
        self.store.mall.tell(&["orders", "troubles", "--store", CODE]).await
    }
}

#[tokio::test]
async fn a_proxy_that_takes_no_large_batches_gets_smaller_ones() -> Result<()> {
    let scene = Scene::set().await?;
    scene.sell(2 * AROUND).await?;
    scene.cable.turn(Weather::inspected(Offence::Bytes(6_000), "413 Content Too Large"));
    scene.cable.wait_until_fooled(2, PATIENCE).await?;
    scene.store.wait_until_told(&scene.till).await?;
    let found = scene.store.compare().await?;
    ensure!(found.agrees(), "mall and store differ:\n{}", found.differences.join("\n"));
    ensure!(scene.troubles().await?.is_empty(), "something is missing");
    scene.close().await
}

#[tokio::test]
async fn a_proxy_that_takes_nothing_packed_gets_it_as_it_is() -> Result<()> {
    let scene = Scene::set().await?;
    scene.sell(AROUND).await?;
    scene.cable.turn(Weather::inspected(Offence::Packed, "415 Unsupported Media Type"));
    scene.cable.wait_until_fooled(1, PATIENCE).await?;
    scene.store.wait_until_told(&scene.till).await?;
    let found = scene.store.compare().await?;
    ensure!(found.agrees(), "mall and store differ:\n{}", found.differences.join("\n"));
    scene.close().await
}

#[tokio::test]
async fn a_fact_whose_words_offend_is_told_wrapped_and_holds_no_other_up() -> Result<()> {
    let scene = Scene::set().await?;
    scene.sell(AROUND).await?;
    let offending = scene.sell(1).await?;
    scene.sell(AROUND).await?;
    scene.cable.turn(Weather::inspected(Offence::Words(offending), "422 Unprocessable Content"));
    scene.cable.wait_until_fooled(1, PATIENCE).await?;
    scene.store.wait_until_told(&scene.till).await?;
    let found = scene.store.compare().await?;
    ensure!(found.agrees(), "mall and store differ:\n{}", found.differences.join("\n"));
    ensure!(scene.troubles().await?.is_empty(), "something is missing");
    scene.close().await
}

/// What every fact has on the wire, as it is and wrapped, and a batch that tells of a hole has not.
const OF_EVERY_FACT: &str = "\"digest\"";

/// What the store says on its own machine of the trouble that every fact is refused.
async fn all_refused(scene: &Scene) -> Result<bool> {
    let url = format!("{}/metrics", scene.store.edge.url());
    let text = http()?.get(url).send().await?.text().await?;
    let line = text.lines().find(|line| line.contains("\"all-refused\""));
    Ok(!line.context("no such figure")?.ends_with(" 0"))
}

#[tokio::test]
async fn a_way_that_refuses_every_fact_makes_so_many_holes_and_the_rest_waits_for_another_way()
-> Result<()> {
    let mut scene = Scene::set().await?;
    let (most, more) = (usize::try_from(HOLES_MAX)?, 3);
    scene.sell(most + more).await?;
    let offence = Offence::Words(OF_EVERY_FACT.to_owned());
    scene.cable.turn(Weather::inspected(offence, "422 Unprocessable Content"));
    let is_so = |ledger: &Ledger| -> Result<bool> {
        let (held_back, untold) = (ledger.n_held_back()?, ledger.n_untold()?);
        Ok((held_back, untold) == (i64::from(HOLES_MAX), i64::try_from(more)?))
    };
    until("the store to make no more holes, and to say so", PATIENCE, async || {
        let is_so = is_so(&scene.store.edge.ledger()?)?;
        Ok((is_so && all_refused(&scene).await?).then_some(()))
    })
    .await?;
    // A new start makes none more either.
    scene.store.edge.stop().await?;
    let offence = Offence::Words(OF_EVERY_FACT.to_owned());
    scene.cable.turn(Weather::inspected(offence, "422 Unprocessable Content"));
    scene.store.edge.start().await?;
    scene.cable.wait_until_fooled(4, PATIENCE).await?;
    ensure!(is_so(&scene.store.edge.ledger()?)?, "a new start made more holes");
    scene.store.edge.stop().await?;
    scene.cable.turn(Weather::Fair);
    scene.store.edge.start().await?;
    scene.store.wait_until_told(&scene.till).await?;
    let holes = scene.troubles().await?;
    ensure!(holes.len() == most && holes.iter().all(|one| one.what == "hole"), "{holes:?}");
    ensure!(scene.store.edge.ledger()?.n_held_back()? == i64::from(HOLES_MAX), "one is gone");
    scene.close().await
}

#[tokio::test]
async fn a_fact_that_is_refused_for_ever_is_told_to_be_a_hole_and_holds_no_other_up() -> Result<()>
{
    let scene = Scene::set().await?;
    scene.sell(AROUND).await?;
    let number = scene.sell(1).await?;
    let orders = scene.store.edge.ledger()?.orders()?;
    let order = orders.iter().find(|order| order.receipt_number == number);
    let id = order.context("the order is not held")?.id;
    scene.sell(AROUND).await?;
    // The id stands on the wrapping too.
    let offence = Offence::Words(id.to_string());
    scene.cable.turn(Weather::inspected(offence, "400 Bad Request"));
    scene.cable.wait_until_fooled(2, PATIENCE).await?;
    scene.store.wait_until_told(&scene.till).await?;
    let ledger = scene.store.edge.ledger()?;
    let found = until("the others to be orders", PATIENCE, async || {
        let Store { mall, token, .. } = &scene.store;
        let found = compare(mall, token, CODE, &ledger).await?;
        Ok((found.n_mall + 1 == found.n_edge).then_some(found))
    })
    .await?;
    let lacks: Vec<&String> = found.differences.iter().filter(|d| d.contains("lacks")).collect();
    ensure!(lacks.len() == 1 && lacks[0].ends_with(&number), "{}", found.differences.join("\n"));
    let troubles = scene.troubles().await?;
    let [hole] = troubles.as_slice() else { anyhow::bail!("{troubles:?}") };
    ensure!(hole.what == "hole" && hole.reason.contains("400"), "{hole:?}");
    // It stays where it is, and the cashier is told.
    ensure!(ledger.n_held_back()? == 1, "nothing is held back");
    let view = scene.till.view().await?;
    ensure!(view.notes("fact-held-back"), "the notices are {:?}", view.notices);
    scene.close().await
}

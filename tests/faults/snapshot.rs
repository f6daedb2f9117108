//! A box that dies while it fetches what it sells.

use std::{fmt::Write as _, path::Path};

use acceptance::{
    catalog,
    edge_process::{Boot, EdgeProcess, Start},
    folder,
    store::{CODE, Store, original},
    wait::{PATIENCE, until},
};
use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use sync::snapshot::CHUNK_BYTES;

#[tokio::test]
async fn a_box_that_dies_while_it_fetches_its_catalog_fetches_it_again() -> Result<()> {
    let mut store = Store::twin(original().await?, None)?;
    store.mall.start().await?;
    let own = folder::temporary()?;
    let mut edge = EdgeProcess::new(own.path(), Boot::on_free_ports(store.mall.url())?)?;
    edge.enrol(&store.mall.claim(CODE).await?).await?;
    // Two scopes are fetched; the second passing is in the other one's middle or never comes.
    for point in ["snapshot.downloaded", "snapshot.verified", "snapshot.downloaded"] {
        let start = edge.start_dying_at(point, 1).await?;
        if start == Start::Ready {
            ensure!(point != "snapshot.downloaded" || edge.is_running()?, "it ended by itself");
            edge.kill();
        }
    }
    edge.start().await?;
    let mut till = edge.till(1);
    till.sign_in("1001", "246810").await?.done::<Value>()?;
    let list = catalog::read(&catalog::demo())?;
    let completed = till.sell(&[&list[0].barcode], 0).await?;
    ensure!(completed.order.total.amount == list[0].price, "sold at another price");
    // A second box of the same store must not repeat the first one's receipt numbers.
    let number = completed.order.receipt_number;
    ensure!(number.starts_with("SH001-1-2-"), "{number} could be the other box's");
    edge.stop().await
}

/// A list whose snapshot does not get much smaller when it is packed: some chunks.
fn long_list(path: &Path) -> Result<()> {
    let mut dice = 88_172_645_463_325_252_u64;
    let mut word = || {
        let mut signs = String::new();
        for _ in 0..180 {
            // Marsaglia's xorshift: the same list each time.
            dice ^= dice << 13;
            dice ^= dice >> 7;
            dice ^= dice << 17;
            let sign = u32::try_from(dice % 20_000).ok().and_then(|n| char::from_u32(0x4E00 + n));
            signs.extend(sign);
        }
        signs
    };
    let mut text = "sku,name,spec,brand,category,list_price_yuan\n".to_owned();
    // So many that the mall does not offer the snapshot of before.
    for n in 0..5_400 {
        writeln!(text, "LONG{n:05},{},{},{},{},1.00", word(), word(), word(), word())?;
    }
    std::fs::write(path, text).context("could not write a list")
}

/// Whether the node died or has its catalog.
async fn died_or_done(edge: &mut EdgeProcess) -> Result<bool> {
    let current = edge.data().join("replica-catalog.current");
    until("the node to die or to have its catalog", PATIENCE, async || {
        let is_dead = !edge.is_running()?;
        Ok((is_dead || current.exists()).then_some(is_dead))
    })
    .await
}

#[tokio::test]
async fn a_box_that_dies_at_every_chunk_goes_on_with_the_next_and_keeps_none_that_does_not_fit()
-> Result<()> {
    let mut store = Store::twin(original().await?, None)?;
    store.mall.start().await?;
    let own = folder::temporary()?;
    let list = own.path().join("list.csv");
    long_list(&list)?;
    store.mall.import(&list).await?;
    let boot = Boot::on_free_ports(store.mall.url())?;
    let mut edge = EdgeProcess::new(own.path().join("edge"), boot)?;
    edge.enrol(&store.mall.claim(CODE).await?).await?;
    let packed = edge.data().join("download-catalog.zst");
    let length = || packed.metadata().map(|file| file.len()).unwrap_or(0);
    let chunk = u64::try_from(CHUNK_BYTES)?;
    let (mut lives, mut before) = (0, 0);
    loop {
        let died = edge.start_dying_at("snapshot.chunk", 1).await? == Start::Died
            || died_or_done(&mut edge).await?;
        if !died {
            break;
        }
        lives += 1;
        ensure!(lives < 50, "it never gets to the end");
        ensure!(length() >= before / chunk * chunk, "chunks that fit were thrown away");
        before = length();
        let manifest = edge.data().join("download-catalog.json");
        // A bit of the first chunk is lost, and later somebody changes the manifest: what was fetched is
        // not believed any more, and comes again.
        if lives == 3 && before > chunk {
            let mut bytes = std::fs::read(&packed)?;
            bytes[77] ^= 1;
            std::fs::write(&packed, bytes)?;
            before = 0;
        }
        if lives == 6 && manifest.exists() {
            let text = std::fs::read_to_string(&manifest)?;
            std::fs::write(&manifest, text.replace("\"version\":", "\"version\":1"))?;
            before = 0;
        }
    }
    let log = std::fs::read_to_string(edge.log())?;
    ensure!(lives >= 3, "{lives} lives are too few for several chunks");
    ensure!(log.contains("goes on where it was cut off"), "it began anew each time");
    edge.kill();
    edge.start().await?;
    edge.stop().await
}

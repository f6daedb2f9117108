//! A box that dies while it fetches what it sells.

use acceptance::{
    catalog,
    edge_process::{Boot, EdgeProcess, Start},
    folder,
    store::{CODE, Store, original},
};
use anyhow::{Result, ensure};
use serde_json::Value;

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

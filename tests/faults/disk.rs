//! The disk is full: what has begun can be finished, nothing new begins and the till says why, what
//! was sold before is whole, and selling goes on by itself when there is room again.

use acceptance::{
    catalog,
    disk::SmallDisk,
    folder,
    store::{Store, original},
    till::{Answer, Call, Till},
};
use anyhow::{Context as _, Result, bail, ensure};

/// The whole disk, in mebibytes: replicas, ledger with its log, and three times the room that is kept
/// for what has begun, without which none is kept.
const DISK_MIB: u32 = 40;
/// Room that is left for selling.
const ROOM_BYTES: u64 = 300_000;
/// More orders than the room can hold.
const ORDERS_MAX: usize = 2_000;

/// Sells until a command is refused for lack of room; gives that command and how many orders were
/// completed.
async fn sell_until_full(till: &Till, code: &str) -> Result<(Call, usize)> {
    let is_refused = |answer: &Answer| answer.status == 503;
    for sold in 0..ORDERS_MAX {
        let scan = till.scan(code);
        let answer = till.call(&scan).await?;
        if is_refused(&answer) {
            answer.refused(503, "disk-full")?;
            return Ok((scan, sold));
        }
        let view: acceptance::view::View = answer.done()?;
        let cart = view.cart.context("nobody is signed in")?;
        let complete = till.complete(cart.order_id, cart.revision, cart.total.amount);
        let answer = till.call(&complete).await?;
        if is_refused(&answer) {
            answer.refused(503, "disk-full")?;
            return Ok((complete, sold));
        }
        ensure!(answer.status == 201, "{answer:?}");
    }
    bail!("{ORDERS_MAX} orders fit into {ROOM_BYTES} bytes")
}

#[tokio::test]
async fn a_full_disk_refuses_the_order_keeps_the_earlier_ones_and_sells_on_when_there_is_room()
-> Result<()> {
    let first = original().await?;
    let mut store = Store::twin(first, None)?;
    let Some(disk) = SmallDisk::mount(&store.edge.data(), DISK_MIB)? else {
        return Ok(());
    };
    folder::copy(&first.edge.data(), &store.edge.data())?;
    store.edge.start().await?;
    disk.until_room_is_kept().await?;
    let (till, other) = (store.cashier(1).await?, store.cashier(2).await?);
    let code = catalog::read(&catalog::demo())?[0].barcode.clone();
    till.sell(&[&code], 0).await?;
    let mut sold = 1;
    // Twice, because what heals once by luck may not heal again.
    for _ in 0..2 {
        other.done(&other.scan(&code)).await?;
        disk.fill(ROOM_BYTES)?;
        let (refused, n) = sell_until_full(&till, &code).await?;
        sold += n;
        // What has begun is finished in the room that was kept for it; nothing new begins.
        other.sell(&[], 0).await?;
        sold += 1;
        other.call(&other.scan(&code)).await?.refused(503, "disk-full")?;
        let view = other.view().await?;
        ensure!(view.cart.is_some_and(|cart| cart.lines.is_empty()), "a new sale began");
        let again = till.call(&refused).await?;
        ensure!(matches!(again.status, 200 | 201 | 503), "{again:?}");
        ensure!(store.edge.is_running()?, "the node gave up");
        let ledger = store.edge.ledger()?;
        let kept = ledger.orders()?.len();
        ensure!((sold..=sold + 1).contains(&kept), "{kept} orders are kept, {sold} were sold");
        // The power fails too: whether or not the node starts on a full disk, it loses nothing.
        store.edge.kill();
        let started = store.edge.start().await;
        println!("started on a full disk: {}", started.is_ok());
        ensure!(store.edge.ledger()?.orders()?.len() == kept, "the restart lost an order");
        disk.make_room()?;
        if started.is_err() {
            store.edge.start().await?;
        }
        disk.until_room_is_kept().await?;
        let done = till.call(&refused).await?;
        ensure!(matches!(done.status, 200 | 201), "selling does not go on: {done:?}");
        let view = till.view().await?;
        if view.cart.as_ref().is_some_and(|cart| !cart.lines.is_empty()) {
            till.sell(&[], 0).await?;
        }
        till.sell(&[&code], 0).await?;
        sold = ledger.orders()?.len();
        ledger.check_receipt_numbers()?;
        ledger.check_file()?;
    }
    store.mall.start().await?;
    till.sell(&[&code], 0).await?;
    sold += 1;
    store.wait_until_told(&till).await?;
    let found = store.compare().await?;
    ensure!(found.agrees(), "mall and store differ:\n{}", found.differences.join("\n"));
    ensure!(found.n_mall == sold);
    store.close().await
}

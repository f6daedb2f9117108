//! A walk over every named point of both programs: each dies, fails and dawdles at each of its points while
//! a store sells and HQ changes prices, and afterwards nothing is lost and nothing came twice.
//!
//! A point whose business is another one (payments, vouchers, pickups, phones, settings) is died at, failed
//! at and dawdled at in the tests of that business; `tests/house/points.rs` looks that each stands here or
//! there. Nobody fails where nothing is done that could: between a commit and what is told of it, and where
//! an answer of another house has just come (that it fails is what `histories.rs` lets the houses do).
//! Some points a box only dies at: `snapshot.chunk`, at every chunk there is; `command.begun`, after which a
//! command is never begun again, whatever came of it; and those of charges, members and pickups, where
//! nobody has shown yet what an error would mean.

use std::{collections::BTreeMap, path::Path, time::Duration};

use acceptance::{
    catalog::{self, Listed},
    edge_process::Start,
    printer::Printer,
    store::{OPERATORS, Store, original},
    till::Till,
    trap::{Action, Trap},
    view::View,
    wait::{PATIENCE, until},
};
use anyhow::{Context as _, Result, ensure};
use uuid::Uuid;

/// What a store and HQ do until somebody comes by the point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    /// An order.
    Sell,
    /// HQ gives an item another price.
    Reprice,
    /// The box is off and on again.
    Restart,
    /// The box has lost what it sells from.
    Refetch,
}

/// Of the store's node.
const EDGE: [(&str, Deed); 29] = [
    ("scan.found", Deed::Sell),
    ("scan.written", Deed::Sell),
    ("edit.written", Deed::Sell),
    ("complete.begun", Deed::Sell),
    ("complete.inserted", Deed::Sell),
    ("complete.told", Deed::Sell),
    ("complete.emptied", Deed::Sell),
    ("complete.committed", Deed::Sell),
    ("ledger.before_commit", Deed::Sell),
    ("ledger.committed", Deed::Sell),
    ("spool.sending", Deed::Sell),
    ("spool.sent", Deed::Sell),
    ("upload.read", Deed::Sell),
    ("upload.sending", Deed::Sell),
    ("upload.answered", Deed::Sell),
    ("upload.marked", Deed::Sell),
    ("upload.written", Deed::Sell),
    ("session.asking", Deed::Restart),
    ("session.asked", Deed::Restart),
    ("session.answered", Deed::Restart),
    ("session.taking", Deed::Restart),
    ("session.taken", Deed::Restart),
    ("day.answered", Deed::Restart),
    ("replica.heard", Deed::Reprice),
    ("replica.paged", Deed::Reprice),
    ("replica.applied", Deed::Reprice),
    ("snapshot.downloaded", Deed::Refetch),
    ("snapshot.verified", Deed::Refetch),
    ("snapshot.told", Deed::Refetch),
];

/// Of the mall, and of its command line.
const MALL: [(&str, Deed); 21] = [
    ("edge.known", Deed::Sell),
    ("batch.begun", Deed::Sell),
    ("batch.locked", Deed::Sell),
    ("batch.taken", Deed::Sell),
    ("batch.kept", Deed::Sell),
    ("batch.advanced", Deed::Sell),
    ("batch.committed", Deed::Sell),
    ("orders.begun", Deed::Sell),
    ("orders.priced", Deed::Sell),
    ("orders.written", Deed::Sell),
    ("orders.committed", Deed::Sell),
    ("session.begun", Deed::Restart),
    ("session.written", Deed::Restart),
    ("session.committed", Deed::Restart),
    ("import.begun", Deed::Reprice),
    ("import.raised", Deed::Reprice),
    ("import.written", Deed::Reprice),
    ("import.committed", Deed::Reprice),
    ("feed.head", Deed::Reprice),
    ("feed.read", Deed::Reprice),
    ("snapshot.asked", Deed::Refetch),
];

/// A box that has nothing to sell from is ready once it has fetched it, unless somebody died meanwhile.
const START: Duration = Duration::from_secs(10);
/// Points between two comparisons of every order.
const COMPARED_EVERY: usize = 12;

#[tokio::test]
async fn whatever_happens_at_any_point_nothing_is_lost_and_nothing_comes_twice() -> Result<()> {
    let begun = tokio::time::Instant::now();
    let mut walk = Walk::begin().await?;
    let edge = EDGE.iter().map(|point| (true, *point));
    let points = edge.chain(MALL.iter().map(|point| (false, *point)));
    for (n, (is_edge, (point, deed))) in points.enumerate() {
        for action in Action::ALL {
            let what = format!("{point} {action}, {}", if is_edge { "edge" } else { "mall" });
            walk.step(is_edge, point, deed, action).await.with_context(|| what)?;
        }
        if n % COMPARED_EVERY == 0 {
            walk.compare().await.with_context(|| format!("after {point}"))?;
        }
    }
    walk.end().await?;
    let n_points = EDGE.len() + MALL.len();
    println!("{n_points} points, {} orders, {} s", walk.confirmed.len(), begun.elapsed().as_secs());
    walk.store.close().await
}

struct Walk {
    store: Store,
    printer: Printer,
    till: Till,
    list: Vec<Listed>,
    /// What the cashier was told: each order's id and receipt number.
    confirmed: BTreeMap<Uuid, String>,
    n_prices: i64,
}

impl Walk {
    async fn begin() -> Result<Self> {
        let printer = Printer::switch_on().await?;
        let mut store = Store::twin(original().await?, None)?;
        let address = printer.address();
        store.reboot_with(|boot| boot.printers = vec![(1, address.clone()), (2, address)])?;
        store.mall.start().await?;
        store.edge.start().await?;
        let till = store.cashier(1).await?;
        let list = catalog::read(&catalog::demo())?;
        let list = list.into_iter().filter(|item| !item.barcode.is_empty()).take(5).collect();
        Ok(Self { store, printer, till, list, confirmed: BTreeMap::new(), n_prices: 0 })
    }

    /// Something happens at a point; everything is well again afterwards, and told.
    async fn step(&mut self, is_edge: bool, point: &str, deed: Deed, action: Action) -> Result<()> {
        let trap = if is_edge { self.store.edge.trap() } else { self.store.mall.trap() };
        trap.set(point, action)?;
        until("somebody to come by", PATIENCE, async || {
            // What fails fails on purpose; whoever is told so tries again.
            let _ = self.done(deed, &trap).await;
            Ok((!trap.is_set()).then_some(()))
        })
        .await?;
        // A verb of the command line is a process of its own, which is gone by now.
        if action == Action::Crash && !point.starts_with("import.") {
            until("it to die", PATIENCE, async || {
                let Store { edge, mall, .. } = &mut self.store;
                let lives = if is_edge { edge.is_running()? } else { mall.is_running()? };
                Ok((!lives).then_some(()))
            })
            .await?;
        }
        self.heal().await?;
        self.sell().await?;
        self.level().await
    }

    /// Starts whoever is dead.
    async fn heal(&mut self) -> Result<()> {
        if !self.store.mall.is_running()? {
            self.store.mall.start().await?;
        }
        if !self.store.edge.is_running()? {
            self.store.edge.start().await?;
        }
        Ok(())
    }

    async fn done(&mut self, deed: Deed, trap: &Trap) -> Result<()> {
        match deed {
            Deed::Sell => self.step_of_sale().await,
            Deed::Reprice => {
                self.reprice().await?;
                sprung(trap, Duration::from_secs(1)).await
            }
            Deed::Restart | Deed::Refetch => {
                self.store.edge.kill();
                if deed == Deed::Refetch {
                    forget_replicas(&self.store.edge.data())?;
                }
                if self.store.edge.start_trapped(START).await? == Start::Ready {
                    sprung(trap, Duration::from_secs(3)).await?;
                }
                Ok(())
            }
        }
    }

    /// HQ gives an item another price; the price.
    async fn reprice(&mut self) -> Result<i64> {
        self.n_prices += 1;
        let item = self.list.first().context("nothing is sold")?;
        let fen = item.price + self.n_prices;
        let yuan = format!("{}.{:02}", fen / 100, fen % 100);
        let row = catalog::row_with_price(&catalog::demo(), &item.sku, &yuan)?;
        let news = self.store.mall.data().with_extension("news.csv");
        std::fs::write(&news, row).context("could not write the news")?;
        self.store.mall.import(&news).await?;
        Ok(fen)
    }

    /// The one thing that is to be done as the screen stands.
    async fn step_of_sale(&mut self) -> Result<()> {
        let Ok(view) = self.till.view().await else {
            let (operator, _, _, pin) = OPERATORS[0];
            return self.till.sign_in(operator, pin).await?.done::<serde_json::Value>().map(|_| ());
        };
        match view.phase.as_str() {
            "done" => {
                // The screen says so, also when the answer was lost.
                let order = view.last_order.as_ref().context("no order is shown")?;
                self.confirmed.insert(order.id, order.receipt_number.clone());
                self.till.done(&self.till.leave_done()).await?;
            }
            "tender" => {
                let due = view.tender.as_ref().context("nothing is due")?.cash.due.amount;
                self.till.pay(&view, due).await?;
            }
            "sell" => self.next_line(&view).await?,
            _ => {
                let (operator, _, _, pin) = OPERATORS[0];
                self.till.sign_in(operator, pin).await?.done::<serde_json::Value>()?;
            }
        }
        Ok(())
    }

    /// Two of something, then to pay.
    async fn next_line(&self, view: &View) -> Result<()> {
        let lines = view.cart.as_ref().map_or(&[][..], |cart| &cart.lines);
        let call = match lines {
            [] => {
                let item = self.list.get(self.confirmed.len() % self.list.len());
                self.till.scan(&item.context("nothing is sold")?.barcode)
            }
            [line] if line.quantity_milli == 1_000 => self.till.count(line.id, 2_000),
            _ => self.till.to_tender(),
        };
        self.till.done(&call).await.map(|_| ())
    }

    /// Sells one order whole.
    async fn sell(&mut self) -> Result<()> {
        let before = self.confirmed.len();
        until("an order to be sold", PATIENCE, async || {
            let _ = self.step_of_sale().await;
            Ok((self.confirmed.len() > before).then_some(()))
        })
        .await
    }

    /// Both sides have what the cashier was told, each order once.
    async fn level(&self) -> Result<()> {
        let ledger = self.store.edge.ledger()?;
        self.store.wait_until_told(&self.till).await?;
        let held: BTreeMap<Uuid, String> =
            ledger.orders()?.into_iter().map(|o| (o.id.uuid(), o.receipt_number)).collect();
        for (id, number) in &self.confirmed {
            ensure!(held.get(id) == Some(number), "{number} was sold and is not held");
        }
        ensure!(held.len() == self.confirmed.len(), "the ledger has orders that nobody sold");
        ledger.check_receipt_numbers()
    }

    async fn compare(&self) -> Result<()> {
        let found = self.store.compare().await?;
        ensure!(found.agrees(), "mall and store differ:\n{}", found.differences.join("\n"));
        ensure!(found.n_mall == self.confirmed.len(), "{} orders at HQ", found.n_mall);
        Ok(())
    }

    async fn end(&mut self) -> Result<()> {
        self.compare().await?;
        let ledger = self.store.edge.ledger()?;
        ledger.check_file()?;
        until("the receipts to be printed", PATIENCE, async || {
            let slips = ledger.slips()?;
            let waiting = ["queued", "sending"].iter().any(|state| slips.contains_key(*state));
            Ok((!waiting).then_some(()))
        })
        .await?;
        for (number, state) in ledger.slips_of_orders()? {
            let (firsts, copies) = self.printer.slips_of(&number);
            let is_right = match state.as_str() {
                "sent" => firsts == 1,
                "unknown" => firsts <= 1,
                _ => false,
            };
            ensure!(
                is_right && copies == 0,
                "{number} is {state}, printed {firsts} + {copies} times"
            );
        }
        // It sells from what HQ last said.
        let fen = self.reprice().await?;
        let barcode = self.list.first().context("nothing is sold")?.barcode.clone();
        until("HQ's newest price", PATIENCE, async || {
            let view = self.till.done(&self.till.scan(&barcode)).await?;
            let total = view.cart.context("nobody is signed in")?.total.amount;
            self.till.done(&self.till.void_cart()).await?;
            Ok((total == fen).then_some(()))
        })
        .await
    }
}

/// Waits a while for somebody to come by; nobody may.
async fn sprung(trap: &Trap, limit: Duration) -> Result<()> {
    until("somebody to come by", limit, async || Ok((!trap.is_set()).then_some(()))).await
}

/// The box has nothing to sell from any more.
fn forget_replicas(data: &Path) -> Result<()> {
    for entry in std::fs::read_dir(data).context("could not read the box's folder")? {
        let path = entry.context("could not read the box's folder")?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        if name.is_some_and(|name| name.starts_with("replica-")) {
            std::fs::remove_file(&path).context("could not remove a replica")?;
        }
    }
    Ok(())
}

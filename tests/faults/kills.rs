//! kill -9 of the node at named points of a sale, hundreds of times, from seeds.
//!
//! After each death the node starts on the same folder. The cart is as the cashier saw it, or as
//! it is after the one command that was never answered; sending that command again has one effect;
//! an order is whole or not there; no receipt number is skipped or comes twice; no receipt is
//! printed twice.

use std::time::Duration;

use acceptance::{
    catalog::{self, Listed},
    dice::Dice,
    edge_process::Start,
    ledger::Ledger,
    printer::Printer,
    store::{Store, original},
    wait::{PATIENCE, until},
};
use anyhow::{Context as _, Result, ensure};

use crate::{
    counter::{Counter, Remembered},
    operator::{End, Operator},
    tally::Tally,
};

/// Deaths at named points, over both stores.
const KILLS: usize = 500;
/// Things that each operator does between two deaths, at most.
const ACTIONS_MAX: usize = 60;
/// Rounds in a hundred in which it is the clock that cuts the power.
const CLOCK_PERCENT: usize = 10;
/// The clock cuts it within this time.
const CLOCK_MICROS_MAX: usize = 150_000;
/// Where the power fails, and the latest passing at which it does.
const POINTS: [(&str, usize); 13] = [
    ("scan.found", 8),
    ("scan.written", 8),
    ("edit.written", 5),
    ("complete.begun", 3),
    ("complete.inserted", 3),
    ("complete.told", 3),
    ("complete.emptied", 3),
    ("complete.committed", 3),
    ("ledger.before_commit", 30),
    ("ledger.committed", 30),
    ("spool.sending", 3),
    ("spool.sent", 3),
    ("upload.answered", 2),
];

fn number_from(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[tokio::test]
async fn a_power_cut_at_any_moment_of_a_sale_loses_nothing_and_doubles_nothing() -> Result<()> {
    play(false).await
}

#[tokio::test]
async fn a_power_cut_while_the_mall_is_told_loses_nothing_and_doubles_nothing() -> Result<()> {
    play(true).await
}

/// One store, until it has died half as often as there shall be deaths.
async fn play(has_mall: bool) -> Result<()> {
    let seed = number_from("SEED").unwrap_or(20_261_121);
    let kills = number_from("KILLS").and_then(|n| usize::try_from(n).ok()).unwrap_or(KILLS);
    let who = if has_mall { "with its mall" } else { "alone" };
    println!("SEED={seed} ({who})");
    let begun = tokio::time::Instant::now();
    let mut trial = Trial::begin(seed, has_mall).await?;
    while trial.tally.deaths() < kills.div_ceil(2) {
        let round = trial.tally.rounds();
        let played = trial.round().await;
        played.with_context(|| format!("SEED={seed} ({who}), round {round}, {}", trial.at))?;
        let rounds = trial.tally.rounds();
        let is_barren = rounds > 40 && trial.tally.deaths() * 3 < rounds;
        ensure!(!is_barren, "the node does not die: build it with `--features fault-points`");
    }
    trial.end().await.with_context(|| format!("SEED={seed} ({who}), at the end"))?;
    println!("{who}: {} in {} s", trial.tally, begun.elapsed().as_secs());
    Ok(())
}

struct Trial {
    store: Store,
    printer: Printer,
    operators: [Operator; 2],
    list: Vec<Listed>,
    dice: Dice,
    has_mall: bool,
    tally: Tally,
    at: String,
}

impl Trial {
    async fn begin(seed: u64, has_mall: bool) -> Result<Self> {
        let printer = Printer::switch_on().await?;
        let mut store = Store::twin(original().await?, None)?;
        let address = printer.address();
        store.reboot_with(|boot| boot.printers = vec![(1, address.clone()), (2, address)])?;
        if has_mall {
            store.mall.start().await?;
        }
        store.edge.start().await?;
        let mut dice = Dice::new(seed);
        let ports = store.edge.boot().scanners.clone();
        let operator = async |number: u16| -> Result<Operator> {
            let till = store.cashier(number).await?;
            let mut counter = Counter::new();
            counter.look(&till.view().await?);
            let gun = ports.iter().find(|(n, _)| *n == number).map_or(0, |(_, port)| *port);
            let dice = Dice::new(seed ^ (u64::from(number) << 32));
            Ok(Operator { till, gun, counter, pending: None, dice })
        };
        let operators = [operator(1).await?, operator(2).await?];
        store.edge.kill();
        // The first rolls of neighbouring seeds are not to be neighbours.
        dice.below(2);
        let list = catalog::read(&catalog::demo())?;
        let (tally, at) = (Tally::default(), String::new());
        Ok(Self { store, printer, operators, list, dice, has_mall, tally, at })
    }

    /// From one darkness to the next.
    async fn round(&mut self) -> Result<()> {
        if self.dice.is_within(CLOCK_PERCENT) {
            return self.round_by_the_clock().await;
        }
        let usable = if self.has_mall { POINTS.len() } else { POINTS.len() - 1 };
        let (point, latest) = POINTS[self.dice.below(usable)];
        let nth = u32::try_from(1 + self.dice.below(latest)).unwrap_or(1);
        self.at = format!("{point}:{nth}");
        let end = match self.store.edge.start_dying_at(point, nth).await? {
            Start::Died => End::Dark,
            Start::Ready => self.live().await?,
        };
        match end {
            End::Dark => {
                self.store.edge.wait_until_killed().await?;
                *self.tally.points.entry(point).or_default() += 1;
            }
            End::Light => {
                self.store.edge.kill();
                self.tally.at_rest += 1;
            }
        }
        Ok(())
    }

    /// The power fails after so long, wherever the node and its operators are then.
    async fn round_by_the_clock(&mut self) -> Result<()> {
        let after = Duration::from_micros(self.dice.below(CLOCK_MICROS_MAX).try_into()?);
        self.at = format!("{after:?} after it was ready");
        self.store.edge.start().await?;
        let clock = tokio::time::sleep(after);
        tokio::select! {
            end = self.live() => { end?; }
            () = clock => {}
        }
        self.store.edge.kill();
        self.tally.by_the_clock += 1;
        Ok(())
    }

    async fn live(&mut self) -> Result<End> {
        let together = self.dice.is_within(50);
        let [one, two] = &mut self.operators;
        for operator in [&mut *one, &mut *two] {
            if operator.settle(&mut self.tally).await? == End::Dark {
                return Ok(End::Dark);
            }
        }
        let known = one.counter.orders.len() + two.counter.orders.len();
        // The node may be dead by now; its books are not.
        let ledger = self.store.edge.ledger()?;
        let n_orders = usize::try_from(ledger.n_orders()?).unwrap_or(0);
        ensure!(n_orders == known, "{n_orders} orders in the books, {known} were sold");
        for operator in [&*one, &*two] {
            if let Some((id, remembered)) = operator.counter.orders.last() {
                check_order(&ledger, *id, remembered)?;
            }
        }
        drop(ledger);
        let list = &self.list;
        if together {
            let (a, b) =
                tokio::try_join!(one.work(list, ACTIONS_MAX), two.work(list, ACTIONS_MAX))?;
            return Ok(if a == End::Dark || b == End::Dark { End::Dark } else { End::Light });
        }
        for _ in 0..ACTIONS_MAX {
            for operator in [&mut *one, &mut *two] {
                if operator.work(list, 1).await? == End::Dark {
                    return Ok(End::Dark);
                }
            }
        }
        Ok(End::Light)
    }

    /// The power stays on, the mall comes, and everything is compared.
    async fn end(&mut self) -> Result<()> {
        if !self.has_mall {
            self.store.mall.start().await?;
        }
        self.store.edge.start().await?;
        for operator in &mut self.operators {
            let end = operator.settle(&mut self.tally).await?;
            ensure!(end == End::Light, "the node does not answer");
        }
        let till = self.operators[0].till.clone();
        self.store.wait_until_told(&till).await?;
        let ledger = self.store.edge.ledger()?;
        until("the receipts to be printed", PATIENCE, async || {
            let slips = ledger.slips()?;
            let waiting = ["queued", "sending"].iter().any(|state| slips.contains_key(*state));
            Ok((!waiting).then_some(()))
        })
        .await?;
        ledger.check_file()?;
        ledger.check_receipt_numbers()?;
        let orders = ledger.orders()?;
        let known = self.operators.iter().flat_map(|operator| &operator.counter.orders);
        let mut n_known = 0;
        for (id, remembered) in known {
            check_order(&ledger, *id, remembered)?;
            n_known += 1;
        }
        ensure!(orders.len() == n_known, "{} orders, {n_known} were sold", orders.len());
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
        let found = self.store.compare().await?;
        ensure!(found.agrees(), "mall and store differ:\n{}", found.differences.join("\n"));
        ensure!(found.n_mall == n_known);
        self.tally.orders = n_known;
        Ok(())
    }
}

/// An order is what the cashier rang up.
fn check_order(ledger: &Ledger, id: uuid::Uuid, remembered: &Remembered) -> Result<()> {
    let order = ledger.order(id)?;
    let lines: Vec<(&str, i64, i64)> = order
        .lines
        .iter()
        .map(|l| (l.sku.as_str(), l.quantity_milli.milli(), l.amount_minor.minor()))
        .collect();
    let expected: Vec<(&str, i64, i64)> =
        remembered.lines.iter().map(|l| (l.sku.as_str(), l.milli, l.amount)).collect();
    ensure!(lines == expected, "{} holds {lines:?}, sold were {expected:?}", order.receipt_number);
    let cash: i64 = order.tenders.iter().map(|tender| tender.amount_minor.minor()).sum();
    ensure!(cash == remembered.cash, "{} took {cash}", order.receipt_number);
    Ok(())
}

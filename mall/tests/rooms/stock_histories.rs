//! Random histories of a store's stock: promised, sold, counted, handed over, cancelled, brought back,
//! and told late. What is available is always what a person would add up, and nothing is promised that
//! is not there.

use std::collections::BTreeMap;

use domain::{quantity::Quantity, time::Timestamp};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    feed::list,
    intake::{self, Outbox, post, processed},
    online_returns::{ask, asked, back},
    pickups::{handed_over, order, place, shop},
    town::{Edge, Town},
};

const HISTORIES: u64 = 6;
const STEPS: usize = 45;
const SKUS: [&str; 2] = ["S0000", "S0001"];

/// A generator of small numbers (xorshift, Marsaglia 2003).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        let n = u64::try_from(of.len()).unwrap();
        (n > 0).then(|| of[usize::try_from(self.below(n)).unwrap()])
    }
}

/// What a person with a notebook would know of an item.
#[derive(Clone, Copy, Debug, Default)]
struct Shelf {
    on_hand: i64,
    reserved: i64,
    sold: i64,
    counted_at: i64,
}

impl Shelf {
    fn available(&self) -> i64 {
        self.on_hand - self.reserved - self.sold
    }
}

/// What the store did and has not told yet.
#[derive(Clone, Copy, Debug)]
enum Untold {
    Sold { sku: usize, at: i64 },
    HandedOver { order: u128, at: i64 },
}

#[derive(Clone, Copy, Debug)]
struct Online {
    sku: usize,
    pieces: i64,
    /// Pieces that have not come back.
    left: i64,
}

struct History<'a> {
    edge: Edge<'a>,
    token: String,
    staff: String,
    outbox: Outbox,
    n_told: usize,
    shelves: [Shelf; 2],
    open: BTreeMap<u128, Online>,
    /// Handed over in the store; the mall may not have heard.
    away: BTreeMap<u128, Online>,
    over: BTreeMap<u128, Online>,
    untold: Vec<Untold>,
    next: u32,
    log: Vec<String>,
}

impl History<'_> {
    fn town(&self) -> &Town {
        self.edge.town
    }

    fn number(&mut self) -> u32 {
        self.next += 1;
        self.next
    }

    async fn promise(&mut self, sku: usize, pieces: i64) {
        let id = u128::from(self.number());
        let wish = order(id, &[(SKUS[sku], u32::try_from(pieces).unwrap())]);
        let answer = place(self.town(), &self.token, &wish).await;
        let is_there = pieces <= self.shelves[sku].available();
        self.log.push(format!("promise {pieces} of {sku}: {}", answer.status));
        assert_eq!(answer.status == 201, is_there, "{:#?}", self.log);
        if is_there {
            self.shelves[sku].reserved += pieces;
            self.open.insert(id, Online { sku, pieces, left: pieces });
        } else {
            answer.is_problem(409, "stock-short");
        }
    }

    async fn count(&mut self, sku: usize, pieces: i64) {
        let file = self.town().file("c.csv", &format!("sku,on_hand\n{},{pieces}\n", SKUS[sku]));
        self.town().cli(&format!("stock count --store SH001 {}", file.display())).await;
        let (shelf, at) = (&mut self.shelves[sku], self.edge.town.now().micros());
        // What the store sold before and told was seen by whoever counted.
        *shelf = Shelf { on_hand: pieces, sold: 0, counted_at: at, ..*shelf };
        self.log.push(format!("count {pieces} of {sku}"));
    }

    async fn cancel(&mut self, id: u128) {
        let path = format!("/shop/v1/orders/{}/cancellation", Uuid::from_u128(id));
        let answer = self.town().hq_send(&self.token, ("POST", &path), None, "").await;
        assert_eq!(answer.status, 200, "{:#?}", self.log);
        let one = self.open.remove(&id).unwrap();
        self.shelves[one.sku].reserved -= one.pieces;
        self.log.push(format!("cancel {id}"));
    }

    /// Tells all that was not told; some of it happened before a count.
    async fn tell(&mut self) {
        for untold in std::mem::take(&mut self.untold) {
            let number = self.number();
            match untold {
                Untold::Sold { sku, at } => {
                    let mut sale = intake::order("SH001", number, 100);
                    sale.lines[0].sku = SKUS[sku].to_owned();
                    sale.lines[0].quantity_milli = Quantity::ONE;
                    sale.completed_at = Timestamp::from_micros(at);
                    self.outbox.order(&sale);
                    let shelf = &mut self.shelves[sku];
                    shelf.sold += i64::from(at > shelf.counted_at);
                }
                Untold::HandedOver { order, at } => {
                    let moment = Timestamp::from_micros(at);
                    handed_over(&mut self.outbox, 5_000_000 + u128::from(number), order, moment);
                    let one = self.away.remove(&order).unwrap();
                    let shelf = &mut self.shelves[one.sku];
                    shelf.reserved -= one.pieces;
                    if shelf.counted_at < at {
                        shelf.on_hand -= one.pieces;
                    }
                    self.over.insert(order, one);
                }
            }
        }
        let n = self.outbox.facts.len();
        if n == self.n_told {
            return;
        }
        let mut batch = self.outbox.batch(self.n_told + 1, n);
        batch.epoch = self.edge.enrolled.epoch;
        assert_eq!(post(&self.edge, &batch).await.status, 200);
        processed(self.town()).await;
        self.log.push(format!("told {} facts", n - self.n_told));
        self.n_told = n;
    }

    async fn bring_back(&mut self, id: u128, pieces: i64, saleable: bool) {
        let number = u128::from(self.number());
        let one = self.over[&id];
        let mut wish = asked(&self.edge, number, id, &[back(1, pieces)], pieces * 100);
        wish.saleable = saleable;
        let told = ask(&self.edge, &wish).await.json();
        let is_right = pieces <= one.left;
        self.log.push(format!("back {pieces} of {id}: {}", told["state"]));
        assert_eq!(told["state"] == "done", is_right, "{:#?}", self.log);
        if is_right {
            self.over.get_mut(&id).unwrap().left -= pieces;
            self.shelves[one.sku].on_hand += if saleable { pieces } else { 0 };
        }
    }

    async fn step(&mut self, dice: &mut Dice) {
        let (sku, now) = (usize::try_from(dice.below(2)).unwrap(), self.edge.town.now().micros());
        let open: Vec<u128> = self.open.keys().copied().collect();
        let over: Vec<u128> = self.over.keys().copied().collect();
        let some = |n: u64| i64::try_from(n).unwrap();
        match dice.below(12) {
            0..=2 => self.promise(sku, 1 + some(dice.below(4))).await,
            3 | 4 => self.untold.push(Untold::Sold { sku, at: now }),
            5 => self.count(sku, some(dice.below(9))).await,
            6 => {
                if let Some(id) = dice.pick(&open) {
                    self.cancel(id).await;
                }
            }
            7 | 8 => {
                if let Some(id) = dice.pick(&open) {
                    let one = self.open.remove(&id).unwrap();
                    self.away.insert(id, one);
                    self.untold.push(Untold::HandedOver { order: id, at: now });
                }
            }
            9 => self.tell().await,
            _ => {
                if let Some(id) = dice.pick(&over) {
                    let (pieces, saleable) = (1 + some(dice.below(3)), dice.below(2) == 0);
                    self.bring_back(id, pieces, saleable).await;
                }
            }
        }
    }

    async fn check(&self) {
        let page: Value = self.town().hq(&self.staff, "/hq/v1/stores/SH001/stock").await.json();
        for (sku, shelf) in self.shelves.iter().enumerate() {
            let item = &page["items"][sku];
            let told = ["available_milli", "reserved_milli"].map(|name| item[name].as_i64());
            let known = [shelf.available(), shelf.reserved].map(|n| Some(n * 1_000));
            assert_eq!(told, known, "{shelf:?} {item} {:#?}", self.log);
            let promised = self.open.values().chain(self.away.values());
            let promised: i64 = promised.filter(|one| one.sku == sku).map(|one| one.pieces).sum();
            assert_eq!(promised, shelf.reserved, "{:#?}", self.log);
        }
    }
}

#[tokio::test]
async fn what_is_available_is_never_a_lie_and_nothing_is_promised_that_is_not_there() {
    for seed in 1..=HISTORIES {
        let town = Town::new().await;
        town.import(&list(0..2, "1.00")).await;
        let edge = town.edge("SH001").await;
        let mut history = History {
            edge,
            token: shop(&town).await,
            staff: town.staff().await,
            outbox: Outbox::new(),
            n_told: 0,
            shelves: [Shelf::default(); 2],
            open: BTreeMap::new(),
            away: BTreeMap::new(),
            over: BTreeMap::new(),
            untold: Vec::new(),
            next: 100,
            log: vec![format!("seed {seed}")],
        };
        for sku in 0..2 {
            history.count(sku, 6).await;
            town.turn(1);
        }
        let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        for _ in 0..STEPS {
            town.turn(1);
            history.step(&mut dice).await;
            history.check().await;
        }
        history.tell().await;
        history.check().await;
        let counts = town.rows("select count(*) from pickup_case");
        assert_eq!(counts, ["0"]);
        drop(history);
        town.stop().await;
    }
}

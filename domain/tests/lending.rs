//! Stores and the mall, each with its own clock, and nothing between them that can be relied on:
//! whatever comes when, no purse is spent twice.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test says what is wrong by failing"
)]

use domain::{
    lending::{HOME_PERCENT, LENT_MS, Lending, Lent, OTHER_PERCENT},
    member::{Allowance, Through},
    time::Timestamp,
};
use proptest::{
    prelude::*,
    test_runner::{TestCaseError, TestError, TestRunner},
};

const STORES: usize = 3;

#[derive(Clone, Copy, Debug)]
enum Step {
    /// A store spends as much as this, or what is left.
    Spend(usize, i64),
    /// A store undoes one of its orders.
    Undo(usize, usize),
    /// So many facts of a store come to the mall.
    Tell(usize, usize),
    /// The mall lends to a store.
    Lend(usize),
    /// A store's copy is read at the mall …
    Read(usize),
    /// … and arrives.
    Arrive(usize),
    /// A store's clock goes on; each has its own.
    Wait(usize, i64),
    /// The mall's clock goes on.
    MallWaits(i64),
    /// HQ gives, or takes of what is free.
    Adjust(i64),
}

fn step() -> impl Strategy<Value = Step> {
    let store = 0..STORES;
    prop_oneof![
        6 => (store.clone(), 1..400_i64).prop_map(|(s, x)| Step::Spend(s, x)),
        1 => (store.clone(), 0..8_usize).prop_map(|(s, n)| Step::Undo(s, n)),
        4 => (store.clone(), 1..4_usize).prop_map(|(s, n)| Step::Tell(s, n)),
        4 => store.clone().prop_map(Step::Lend),
        4 => store.clone().prop_map(Step::Read),
        4 => store.clone().prop_map(Step::Arrive),
        2 => (store, 1..LENT_MS * 2).prop_map(|(s, ms)| Step::Wait(s, ms)),
        2 => (1..LENT_MS).prop_map(Step::MallWaits),
        1 => (-600..600_i64).prop_map(Step::Adjust),
    ]
}

/// One fact of an outbox: what it took, or gave back, and when by its store's clock.
#[derive(Clone, Copy, Debug)]
struct Fact {
    took: i64,
    at: Timestamp,
    is_undone: bool,
}

#[derive(Debug)]
struct Store {
    now: Timestamp,
    /// Told and not told.
    outbox: Vec<Fact>,
    allowance: Option<Allowance>,
    on_its_way: Option<Allowance>,
    /// The mall's side: how many facts it has, when the newest was, what is lent.
    told: usize,
    told_at: Timestamp,
    lent: Lent,
}

impl Store {
    fn left(&self) -> i64 {
        let Some(allowance) = self.allowance else { return 0 };
        let through = usize::try_from(allowance.spent_through.seq).unwrap();
        let own: i64 = self.outbox[through..].iter().map(|fact| fact.took).sum();
        allowance.left(1, own, self.now)
    }

    /// What the store did and the mall has not heard of.
    fn untold(&self) -> i64 {
        self.outbox[self.told..].iter().map(|fact| fact.took).sum()
    }
}

struct World {
    has: i64,
    now: Timestamp,
    stores: Vec<Store>,
    /// The mistake that must be noticed: the mall ends what it lent by its own clock.
    by_one_clock: bool,
}

impl World {
    fn new(has: i64, by_one_clock: bool) -> Self {
        let at = |ms: i64| Timestamp::from_micros(ms * 1_000);
        let store = |n: usize| Store {
            // Clocks differ by days: no agreement between them is needed.
            now: at(LENT_MS * n as i64 + 1),
            outbox: Vec::new(),
            allowance: None,
            on_its_way: None,
            told: 0,
            told_at: at(0),
            lent: Lent::NONE,
        };
        Self { has, now: at(LENT_MS), stores: (0..STORES).map(store).collect(), by_one_clock }
    }

    /// The newest moment that the mall knows of at a store.
    fn told_at(&self, store: &Store) -> Timestamp {
        if self.by_one_clock { self.now } else { store.told_at }
    }

    fn open_at(&self, store: &Store) -> i64 {
        store.lent.open(self.told_at(store))
    }

    fn open(&self) -> i64 {
        self.stores.iter().map(|store| self.open_at(store)).sum()
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Spend(s, wanted) => {
                let store = &mut self.stores[s];
                let took = wanted.min(store.left());
                if took > 0 {
                    store.outbox.push(Fact { took, at: store.now, is_undone: false });
                }
            }
            Step::Undo(s, back) => {
                let store = &mut self.stores[s];
                let n = store.outbox.len().saturating_sub(back + 1);
                let now = store.now;
                let Some(fact) = store.outbox.get_mut(n) else { return };
                if fact.took > 0 && !fact.is_undone {
                    fact.is_undone = true;
                    let took = -fact.took;
                    store.outbox.push(Fact { took, at: now, is_undone: false });
                }
            }
            Step::Tell(s, n) => {
                let store = &mut self.stores[s];
                for fact in store.outbox.iter().skip(store.told).take(n) {
                    self.has -= fact.took;
                    store.lent.spent += fact.took;
                    store.told_at = fact.at;
                    store.told += 1;
                }
            }
            Step::Lend(s) => {
                let percent = if s == 0 { HOME_PERCENT } else { OTHER_PERCENT };
                let store = &self.stores[s];
                let open_elsewhere = self.open() - self.open_at(store);
                let told_at = self.told_at(store);
                let lending = Lending { has: self.has, open_elsewhere, told_at, percent };
                self.stores[s].lent = lending.lend(&self.stores[s].lent, self.now);
            }
            Step::Read(s) => {
                let store = &mut self.stores[s];
                let Lent { spent, cap, expires_at } = store.lent;
                let seq = i64::try_from(store.told).unwrap();
                let amount = (cap - spent).max(0);
                let spent_through = Through { epoch: 1, seq };
                store.on_its_way = Some(Allowance { amount, expires_at, spent_through });
            }
            Step::Arrive(s) => {
                let store = &mut self.stores[s];
                store.allowance = store.on_its_way.take().or(store.allowance);
            }
            Step::Wait(s, ms) => self.stores[s].now = self.stores[s].now.plus_ms(ms),
            Step::MallWaits(ms) => self.now = self.now.plus_ms(ms),
            Step::Adjust(by) => {
                let free = self.has - self.open();
                self.has += by.max(-free.max(0));
            }
        }
    }

    /// What is really there: what the mall has, less what it has not heard of.
    fn really(&self) -> i64 {
        self.has - self.stores.iter().map(Store::untold).sum::<i64>()
    }
}

/// Lives through some steps; what must not be is an error.
fn live(has: i64, steps: Vec<Step>, by_one_clock: bool) -> Result<(), TestCaseError> {
    let mut world = World::new(has, by_one_clock);
    for (n, step) in steps.into_iter().enumerate() {
        world.take(step);
        let left: i64 = world.stores.iter().map(Store::left).sum();
        prop_assert!(world.open() <= world.has, "{n} {step:?}: more is open than there is");
        prop_assert!(left <= world.really(), "{n} {step:?}: {left} of {}", world.really());
        prop_assert!(world.stores.iter().all(|store| store.lent.beyond() == 0));
    }
    // The cables are back: both sides say the same.
    for s in 0..STORES {
        world.take(Step::Tell(s, usize::MAX));
    }
    prop_assert_eq!(world.has, world.really());
    prop_assert!(world.has >= 0);
    Ok(())
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 1..120)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn stores_without_a_network_never_spend_more_than_there_is(
        has in 0..2_000_i64,
        steps in steps(),
    ) {
        live(has, steps, false)?;
    }
}

/// What a store was lent until Monday by its own clock is lent until Monday by its own clock.
#[test]
fn a_mall_that_ends_what_it_lent_by_its_own_clock_is_noticed() {
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(3_000) };
    let worlds = (0..2_000_i64, steps());
    let lived = TestRunner::new(config).run(&worlds, |(has, steps)| live(has, steps, true));
    assert!(matches!(lived, Err(TestError::Fail(_, _))), "{lived:?}");
}

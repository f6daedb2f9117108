//! What the mall sets aside is never overspent: random histories of spending, undoing, telling the
//! mall, and allowances that arrive late, out of step, or not at all.

use domain::{
    id::{Id, MemberId, OrderId},
    member::{Allowance, Through},
    money::Money,
    time::Timestamp,
};
use proptest::prelude::*;
use rusqlite::{Connection, params};
use sync::wire::MemberV1;
use uuid::Uuid;

use super::Identified;
use crate::db::{member, migrate};

const EPOCH: u32 = 3;
const CART: u128 = 1;
/// What the member has in the beginning, of both.
const HAS: i64 = 1_000;

/// Something that happens in a store or at its mall.
#[derive(Clone, Copy, Debug)]
enum Event {
    /// The member wants to spend so many points and fen; what is left decides.
    Spend(i64, i64),
    /// The newest order that still stands is undone.
    Undo,
    /// The mall hears so many more facts.
    Hear(usize),
    /// The mall sets all aside that is there by what it has heard.
    Give,
    /// The newest row of the mall arrives in the store.
    Arrive,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        5 => (0..400_i64, 0..400_i64).prop_map(|(points, fen)| Event::Spend(points, fen)),
        1 => Just(Event::Undo),
        3 => (1..4_usize).prop_map(Event::Hear),
        2 => Just(Event::Give),
        2 => Just(Event::Arrive),
    ]
}

fn who() -> MemberId {
    Id::from_uuid(Uuid::from_u128(7))
}

fn cart() -> OrderId {
    Id::from_uuid(Uuid::from_u128(CART))
}

/// A store and what its mall knows of it.
struct World {
    ledger: Connection,
    /// What each fact took of points and balance, in the order of the outbox.
    facts: Vec<(i64, i64)>,
    /// Orders that stand, by their fact.
    standing: Vec<(OrderId, i64, i64)>,
    heard: usize,
    row: MemberV1,
}

impl World {
    fn new() -> Self {
        let mut ledger = Connection::open_in_memory().unwrap();
        migrate::forward(&mut ledger, std::path::Path::new("ledger.db")).unwrap();
        ledger
            .execute(
                "insert into node (one, edge_id, store_id, store_code, epoch, enrolled_at)
                 values (1, zeroblob(16), 1, 'S1', ?1, 0)",
                [EPOCH],
            )
            .unwrap();
        let row = MemberV1 {
            id: who(),
            phone_index: String::new(),
            phone_cell: String::new(),
            name_cell: String::new(),
            tier: String::new(),
            joined_on: None,
            birthday: None,
            is_staff: false,
            crowds: Vec::new(),
            points: HAS,
            balance_minor: Money::from_minor(HAS),
            points_allowance: None,
            balance_allowance: None,
        };
        let mut world = Self { ledger, facts: Vec::new(), standing: Vec::new(), heard: 0, row };
        world.give();
        world.arrive();
        world
    }

    /// All of it is set aside for the one store there is.
    fn give(&mut self) {
        let told = || self.facts.iter().take(self.heard);
        let points = HAS - told().map(|(points, _)| points).sum::<i64>();
        let fen = HAS - told().map(|(_, fen)| fen).sum::<i64>();
        let spent_through = Through { epoch: EPOCH, seq: i64::try_from(self.heard).unwrap() };
        let expires_at = Timestamp::from_micros(1_000);
        let allowance = |amount| Some(Allowance { amount, expires_at, spent_through });
        (self.row.points, self.row.balance_minor) = (points, Money::from_minor(fen));
        self.row.points_allowance = allowance(points);
        self.row.balance_allowance = allowance(fen);
    }

    fn arrive(&mut self) {
        let member = Identified {
            id: who(),
            is_proven: true,
            row: Some(self.row.clone()),
            points_to_pay: 0,
            balance_to_pay: Money::ZERO,
            spent: Default::default(),
            uses: Vec::new(),
        };
        member::put(&self.ledger, cart(), &member).unwrap();
    }

    /// What may be spent now, by the rows and the ledger alone.
    fn left(&self) -> (i64, i64) {
        let member = member::at(&self.ledger, cart()).unwrap().unwrap();
        let member = member.member(Timestamp::from_micros(0));
        (member.shopper.points, member.balance_here.minor())
    }

    fn spent(&self) -> (i64, i64) {
        self.facts.iter().fold((0, 0), |(points, fen), fact| (points + fact.0, fen + fact.1))
    }

    fn fact(&mut self, order: Option<OrderId>, points: i64, fen: i64) {
        let id = Uuid::from_u128(1_000 + u128::try_from(self.facts.len()).unwrap());
        let order = order.unwrap_or(Id::from_uuid(id));
        self.ledger
            .execute(
                "insert into outbox (epoch, place, id, kind, v, at, body, digest, chain)
                 select ?1, count(*) + 1, ?2, 'x', 1, 0, '', zeroblob(32), zeroblob(32)
                 from outbox",
                params![EPOCH, id.as_bytes()],
            )
            .unwrap();
        self.ledger
            .execute(
                "insert or ignore into orders values (?1, ?2, 1, '2026-11-22', '1001', 0, 0, 0, 0, 0)",
                params![order.bytes(), order.to_string()],
            )
            .unwrap();
        let balance = Money::from_minor(fen);
        let entry = member::Entry { fact: id, order, member: who(), points, balance, had: None };
        member::insert(&self.ledger, &entry).unwrap();
        self.facts.push((points, fen));
        if points >= 0 && fen >= 0 {
            self.standing.push((order, points, fen));
        }
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::Spend(points, fen) => {
                let (here, fen_here) = self.left();
                let (points, fen) = (points.min(here), fen.min(fen_here));
                if points + fen > 0 {
                    self.fact(None, points, fen);
                }
            }
            Event::Undo => {
                if let Some((order, points, fen)) = self.standing.pop() {
                    self.fact(Some(order), -points, -fen);
                }
            }
            Event::Hear(n) => self.heard = (self.heard + n).min(self.facts.len()),
            Event::Give => self.give(),
            Event::Arrive => self.arrive(),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_store_without_its_mall_never_spends_more_than_there_is(
        events in prop::collection::vec(event(), 1..60)
    ) {
        let mut world = World::new();
        for event in events {
            world.happens(event);
            let (points, fen) = world.spent();
            prop_assert!(points <= HAS && fen <= HAS, "{event:?}: {points} points, {fen} fen");
            let (points_left, fen_left) = world.left();
            prop_assert!(points + points_left <= HAS && fen + fen_left <= HAS, "{event:?}");
        }
        // Once everything is heard and told, not a point and not a fen is missing.
        world.happens(Event::Hear(usize::MAX / 2));
        world.happens(Event::Give);
        world.happens(Event::Arrive);
        let (points, fen) = world.spent();
        prop_assert_eq!(world.left(), (HAS - points, HAS - fen));
    }
}

#[test]
fn what_another_life_of_the_ledger_was_given_is_spent_by_nobody_here() {
    let mut world = World::new();
    assert_eq!(world.left(), (HAS, HAS));
    let spent_through = Through { epoch: EPOCH - 1, seq: 0 };
    for allowance in [&mut world.row.points_allowance, &mut world.row.balance_allowance] {
        *allowance = allowance.map(|given| Allowance { spent_through, ..given });
    }
    world.arrive();
    assert_eq!(world.left(), (0, 0));
}

//! Negative controls: books that are bent in one way each, and who must notice.

use std::collections::BTreeMap;

use sync::{chain::Hash, wire::KIND_ORDER};
use uuid::Uuid;

use super::{CHECKS, Life, MallSide, Place, StoreSide, Witness};
use crate::ledger::Fact;

const CODES: [&str; 2] = ["SH001", "SH002"];
const EACH: u32 = 3;
const DAY: &str = "2026-11-21";

fn id(store: usize, number: u32) -> Uuid {
    Uuid::from_u128(u128::try_from(store).unwrap() * 1_000 + u128::from(number))
}

/// Two stores that sold three orders each, and their mall.
fn whole() -> Witness {
    let prices = BTreeMap::from([("A".to_owned(), 100), ("B".to_owned(), 250)]);
    let mut mall = MallSide {
        prices: prices.clone(),
        settings: 4,
        days: Some(Vec::new()),
        ..MallSide::default()
    };
    let mut stores = Vec::new();
    for (n, code) in CODES.iter().enumerate() {
        let code = (*code).to_owned();
        let number = |number: u32| format!("{code}-1-1-20261121-{number:04}");
        let orders: Vec<_> = (1..=EACH).map(|one| (id(n, one), number(one))).collect();
        let (mut facts, mut chain) = (Vec::new(), Hash::GENESIS);
        for (place, (id, number)) in (1_i64..).zip(&orders) {
            let digest = Hash::of(number.as_bytes());
            chain = chain.link(*id, digest);
            facts.push(Fact {
                epoch: 1,
                place,
                id: *id,
                kind: KIND_ORDER.to_owned(),
                state: "acked".to_owned(),
                digest,
                chain,
            });
            let edge = format!("edge of {code}");
            mall.ids.push((code.clone(), *id, digest.to_string()));
            mall.inbox.push((code.clone(), *id, KIND_ORDER.to_owned(), "done".to_owned()));
            mall.orders.push((code.clone(), *id, number.clone()));
            mall.days.as_mut().unwrap().push((code.clone(), DAY.to_owned(), *id));
            let (code, id, chain) = (code.clone(), *id, chain.to_string());
            mall.places.push(Place { code, edge, epoch: 1, seq: place, id, chain });
        }
        let (edge, chain) = (format!("edge of {code}"), chain.to_string());
        mall.lives.push(Life { code: code.clone(), edge, epoch: 1, acked: 3, chain });
        let confirmed = orders.clone();
        let dates = orders.iter().map(|(id, _)| (*id, DAY.to_owned())).collect();
        let (prices, settings) = (prices.clone(), 4);
        stores.push(StoreSide {
            code,
            confirmed,
            orders,
            dates,
            facts,
            prices,
            settings,
            ..StoreSide::default()
        });
    }
    Witness { stores, mall }
}

/// The checks that find something.
fn noticed(witness: &Witness) -> Vec<&'static str> {
    CHECKS.iter().filter(|check| !(check.look)(witness).1.is_empty()).map(|one| one.name).collect()
}

#[test]
fn books_of_which_nothing_is_wrong_have_nothing_wrong() {
    assert_eq!(noticed(&whole()), Vec::<&str>::new());
    assert!(CHECKS.iter().all(|check| (check.look)(&whole()).0 > 0));
}

type Bend = fn(&mut Witness);

#[test]
fn whatever_is_bent_is_noticed_by_whom_it_concerns() {
    let table: [(Bend, &[&str]); 23] = [
        (|w| drop(w.stores[0].orders.pop()), &["I-1", "I-2"]),
        (|w| w.stores[0].confirmed[1].1 = "SH001-1-1-20261121-0009".to_owned(), &["I-1"]),
        (|w| drop(w.stores[1].facts.pop()), &["I-2", "I-7"]),
        (
            |w| {
                let one = w.stores[1].facts[0].clone();
                w.stores[1].facts.push(one);
            },
            &["I-2", "I-10"],
        ),
        (|w| w.stores[0].orders[2].1 = w.stores[0].orders[1].1.clone(), &["I-1", "I-5"]),
        (|w| drop(w.mall.ids.remove(1)), &["I-7", "I-8", "I-10"]),
        (|w| w.mall.inbox.push(w.mall.inbox[0].clone()), &["I-7", "I-14"]),
        (|w| w.mall.ids.push(("SH001".to_owned(), id(9, 9), String::new())), &["I-7"]),
        (|w| w.mall.ids[0].2 = Hash::GENESIS.to_string(), &["I-8", "I-10"]),
        (|w| w.stores[0].facts[0].state = "pending".to_owned(), &["I-8"]),
        (|w| drop(w.mall.places.remove(1)), &["I-9", "I-10"]),
        (|w| w.mall.lives[0].acked = 4, &["I-9"]),
        (|w| w.mall.places[0].chain = Hash::GENESIS.to_string(), &["I-10"]),
        (|w| w.mall.troubles.push("a conflict".to_owned()), &["I-12"]),
        (|w| drop(w.mall.orders.remove(0)), &["I-14"]),
        (|w| w.mall.inbox[0].3 = "waiting".to_owned(), &["I-14"]),
        (|w| w.stores[0].prices = BTreeMap::from([("A".to_owned(), 101)]), &["I-21"]),
        (|w| w.stores[1].settings = 3, &["I-26"]),
        (|w| w.stores[0].damage.push("a page".to_owned()), &["I-33"]),
        (|w| drop(w.mall.days.as_mut().unwrap().pop()), &["I-36"]),
        (|w| w.mall.days.as_mut().unwrap()[0].1 = "2026-11-22".to_owned(), &["I-36"]),
        (
            |w| {
                let days = w.mall.days.as_mut().unwrap();
                days.push(("SH001".to_owned(), "2026-11-22".to_owned(), days[0].2));
            },
            &["I-36"],
        ),
        (|w| w.mall.false_seals.push("SH001 2026-11-21 1".to_owned()), &["I-36"]),
    ];
    for (number, (bend, expected)) in table.into_iter().enumerate() {
        let mut witness = whole();
        bend(&mut witness);
        assert_eq!(noticed(&witness), expected, "bend {number}");
    }
}

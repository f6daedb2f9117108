//! The invariants, one function each.

use std::collections::{BTreeMap, BTreeSet};

use sync::{chain::Hash, wire::KIND_ORDER};
use uuid::Uuid;

use super::{
    Check, Fault,
    witness::{Place, StoreSide, Witness, is_same},
};

/// A ledger's write-ahead log is no longer than this once nobody is in the middle of something (I-35).
const LOG_BYTES_MAX: u64 = 64 * 1_024 * 1_024;

type Looked = (usize, Vec<Fault>);

/// Every invariant that can be read from the books, in the order of their names.
pub const CHECKS: [Check; 13] = [
    check("I-1", "what a till was told is in its ledger", i01),
    check("I-2", "an order and its fact are there together", i02),
    check("I-5", "no receipt number stands on two papers", i05),
    check("I-7", "every fact is in the mall once", i07),
    check("I-8", "what a store calls told the mall has", i08),
    check("I-9", "the places of each life are held without a hole", i09),
    check("I-10", "the chain adds up at both ends", i10),
    check("I-12", "no fact is in trouble", i12),
    check("I-14", "an order is made of its fact once", i14),
    check("I-21", "a replica is what the mall is", i21),
    check("I-26", "HQ's newest settings came, or were taken back", i26),
    check("I-33", "no file is damaged, no log without end", i33),
    check("I-36", "an order counts to its day once, a sealed day is level", i36),
];

const fn check(
    name: &'static str,
    says: &'static str,
    look: fn(&Witness) -> (usize, Vec<Fault>),
) -> Check {
    Check { name, says, look }
}

fn i01(witness: &Witness) -> Looked {
    let (mut n, mut faults) = (0, Vec::new());
    for store in &witness.stores {
        let held: BTreeMap<Uuid, &str> =
            store.orders.iter().map(|(id, number)| (*id, number.as_str())).collect();
        n += store.confirmed.len();
        for (id, number) in &store.confirmed {
            match held.get(id) {
                Some(own) if own == number => {}
                Some(own) => {
                    let told = format!("{number} was confirmed and is held as {own}");
                    faults.push(Fault::otherwise(told));
                }
                None => faults.push(Fault::lost(format!("{number} was confirmed and is not held"))),
            }
        }
    }
    (n, faults)
}

fn i02(witness: &Witness) -> Looked {
    let (mut n, mut faults) = (0, Vec::new());
    for store in &witness.stores {
        let mut told: BTreeMap<Uuid, u32> = BTreeMap::new();
        let facts = store.facts.iter().filter(|fact| fact.kind == KIND_ORDER).map(|fact| fact.id);
        let found = store.found.iter().filter(|(_, kind)| kind == KIND_ORDER).map(|(id, _)| *id);
        facts.chain(found).for_each(|id| *told.entry(id).or_default() += 1);
        n += store.orders.len();
        for (id, number) in &store.orders {
            match told.remove(id) {
                Some(1) => {}
                None => faults.push(Fault::lost(format!("{number} has no fact"))),
                Some(_) => faults.push(Fault::doubled(format!("{number} has more facts than one"))),
            }
        }
        let rest = told.keys().map(|id| Fault::lost(format!("{}: {id} has no order", store.code)));
        faults.extend(rest);
    }
    (n, faults)
}

fn i05(witness: &Witness) -> Looked {
    let mut papers: BTreeMap<&str, BTreeSet<Uuid>> = BTreeMap::new();
    for store in &witness.stores {
        for (id, number) in store.orders.iter().chain(&store.confirmed) {
            papers.entry(number).or_default().insert(*id);
        }
    }
    let twice = papers.iter().filter(|(_, orders)| orders.len() > 1);
    let faults = twice.map(|(number, _)| Fault::doubled(format!("{number} stands on two papers")));
    (papers.len(), faults.collect())
}

/// How often something is there.
fn counts<T: Ord>(all: impl Iterator<Item = T>) -> BTreeMap<T, u32> {
    let mut counts = BTreeMap::new();
    all.for_each(|one| *counts.entry(one).or_default() += 1);
    counts
}

fn own(store: &StoreSide) -> BTreeSet<(&str, Uuid)> {
    let facts = store.facts.iter().map(|fact| fact.id);
    let all = facts.chain(store.found.iter().map(|(id, _)| *id));
    all.map(|id| (store.code.as_str(), id)).collect()
}

fn i07(witness: &Witness) -> Looked {
    let mall = &witness.mall;
    let ids = counts(mall.ids.iter().map(|(code, id, _)| (code.as_str(), *id)));
    let bodies = counts(mall.inbox.iter().map(|(code, id, ..)| (code.as_str(), *id)));
    let told: BTreeSet<(&str, Uuid)> = witness.stores.iter().flat_map(own).collect();
    let mut faults = Vec::new();
    for what in told.iter().chain(ids.keys()).chain(bodies.keys()).collect::<BTreeSet<_>>() {
        let (code, id) = what;
        let times = [ids.get(what), bodies.get(what)].map(|n| n.copied().unwrap_or(0));
        if !told.contains(what) {
            faults.push(Fault::otherwise(format!("the mall has {id}, which {code} does not know")));
        } else if times.contains(&0) {
            faults.push(Fault::lost(format!("the mall lacks {id} of {code}")));
        } else if times != [1, 1] {
            faults.push(Fault::doubled(format!("the mall has {id} of {code} {times:?} times")));
        }
    }
    (told.len(), faults)
}

fn i08(witness: &Witness) -> Looked {
    let held = witness.mall.ids.iter();
    let held: BTreeMap<(&str, Uuid), &str> =
        held.map(|(code, id, digest)| ((code.as_str(), *id), digest.as_str())).collect();
    let (mut n, mut faults) = (0, Vec::new());
    for store in &witness.stores {
        n += store.facts.len();
        for fact in &store.facts {
            let (code, id) = (&store.code, fact.id);
            match (fact.state.as_str(), held.get(&(code.as_str(), id))) {
                ("acked", Some(digest)) if is_same(fact.digest, digest) => {}
                ("acked", Some(_)) => {
                    let told = format!("the mall has other bytes of {id} than {code}");
                    faults.push(Fault::otherwise(told));
                }
                ("acked", None) => {
                    faults.push(Fault::lost(format!("{code} calls {id} told; the mall lacks it")));
                }
                (state, _) => faults.push(Fault::otherwise(format!("{id} of {code} is {state}"))),
            }
        }
    }
    (n, faults)
}

/// The places of each life.
fn by_life(witness: &Witness) -> BTreeMap<(&str, &str, u32), Vec<&Place>> {
    let mut lives: BTreeMap<_, Vec<&Place>> = BTreeMap::new();
    for place in &witness.mall.places {
        let life = (place.code.as_str(), place.edge.as_str(), place.epoch);
        lives.entry(life).or_default().push(place);
    }
    lives
}

fn i09(witness: &Witness) -> Looked {
    let (mut lives, mut faults) = (by_life(witness), Vec::new());
    for life in &witness.mall.lives {
        let found = lives.remove(&(life.code.as_str(), life.edge.as_str(), life.epoch));
        let seqs: Vec<i64> = found.unwrap_or_default().iter().map(|place| place.seq).collect();
        let is_dense = seqs.iter().copied().eq(1..=life.acked);
        if !is_dense {
            let (code, epoch, n) = (&life.code, life.epoch, seqs.len());
            let told = format!("life {epoch} of {code}: {n} places, told up to {}", life.acked);
            faults.push(Fault::lost(told));
        }
    }
    let stray = lives.keys().map(|(code, _, epoch)| format!("places of no life {epoch} of {code}"));
    faults.extend(stray.map(Fault::otherwise));
    (witness.mall.places.len(), faults)
}

fn i10(witness: &Witness) -> Looked {
    let (mut n, mut faults) = (0, Vec::new());
    for store in &witness.stores {
        let mut newest: BTreeMap<u32, (i64, Hash)> = BTreeMap::new();
        n += store.facts.len();
        for fact in &store.facts {
            let (place, before) = newest.get(&fact.epoch).copied().unwrap_or((0, Hash::GENESIS));
            let fits = fact.place == place + 1 && fact.chain == before.link(fact.id, fact.digest);
            if !fits {
                let (code, epoch, place) = (&store.code, fact.epoch, fact.place);
                let told = format!("place {place} of life {epoch} of {code} breaks the chain");
                faults.push(Fault::otherwise(told));
            }
            newest.insert(fact.epoch, (fact.place, fact.chain));
        }
    }
    let digests: BTreeMap<(&str, Uuid), &str> = witness
        .mall
        .ids
        .iter()
        .map(|(code, id, digest)| ((code.as_str(), *id), digest.as_str()))
        .collect();
    for ((code, _, epoch), places) in by_life(witness) {
        let mut chain = Hash::GENESIS;
        for place in places {
            let digest = digests.get(&(code, place.id)).and_then(|digest| Hash::from_hex(digest));
            chain = chain.link(place.id, digest.unwrap_or(Hash::GENESIS));
            n += 1;
            if !is_same(chain, &place.chain) {
                let told = format!(
                    "the mall's place {} of life {epoch} of {code} breaks the chain",
                    place.seq
                );
                faults.push(Fault::otherwise(told));
                break;
            }
        }
    }
    (n, faults)
}

fn i12(witness: &Witness) -> Looked {
    let faults = witness.mall.troubles.iter().map(|told| Fault::otherwise(told.clone()));
    (witness.mall.ids.len(), faults.collect())
}

fn i14(witness: &Witness) -> Looked {
    let mall = &witness.mall;
    let facts = mall.inbox.iter().filter(|(_, _, kind, _)| kind == KIND_ORDER);
    let mut made = counts(mall.orders.iter().map(|(code, id, _)| (code.as_str(), *id)));
    let (mut n, mut faults) = (0, Vec::new());
    for (code, id, _, state) in facts {
        n += 1;
        match (made.remove(&(code.as_str(), *id)), state.as_str()) {
            (Some(1), "done") => {}
            (None, _) => faults.push(Fault::lost(format!("no order was made of {id} of {code}"))),
            (Some(1), state) => {
                faults.push(Fault::otherwise(format!("{id} of {code} is an order and {state}")));
            }
            (Some(_), _) => {
                faults.push(Fault::doubled(format!("{id} of {code} is more orders than one")));
            }
        }
    }
    let rest = made.keys().map(|(code, id)| format!("the order {id} of {code} has no fact"));
    faults.extend(rest.map(Fault::otherwise));
    let numbers = counts(mall.orders.iter().map(|(_, _, number)| number.as_str()));
    let twice = numbers.iter().filter(|(_, n)| **n > 1);
    faults.extend(twice.map(|(number, _)| Fault::doubled(format!("HQ has {number} twice"))));
    (n, faults)
}

fn i21(witness: &Witness) -> Looked {
    let (mut n, mut faults) = (0, Vec::new());
    for store in &witness.stores {
        let (own, theirs) = (&store.prices, &witness.mall.prices);
        let skus: BTreeSet<&String> = own.keys().chain(theirs.keys()).collect();
        n += skus.len();
        let other = skus.into_iter().filter(|sku| own.get(*sku) != theirs.get(*sku));
        faults.extend(other.map(|sku| {
            let prices = (own.get(sku), theirs.get(sku));
            Fault::otherwise(format!("{sku} costs {prices:?} in {} and at HQ", store.code))
        }));
    }
    (n, faults)
}

fn i26(witness: &Witness) -> Looked {
    let newest = witness.mall.settings;
    let old = witness.stores.iter().filter(|store| store.settings != newest);
    let faults = old.map(|store| {
        let told = format!("revision {} came to {}, HQ's is {newest}", store.settings, store.code);
        Fault::otherwise(told)
    });
    (witness.stores.len(), faults.collect())
}

fn i33(witness: &Witness) -> Looked {
    let mut faults: Vec<Fault> = witness
        .mall
        .damage
        .iter()
        .map(|told| Fault::otherwise(format!("the mall: {told}")))
        .collect();
    for store in &witness.stores {
        let code = &store.code;
        faults.extend(store.damage.iter().map(|told| Fault::otherwise(format!("{code}: {told}"))));
        if store.log_bytes > LOG_BYTES_MAX {
            let told = format!("the log of {code} has {} bytes", store.log_bytes);
            faults.push(Fault::otherwise(told));
        }
    }
    (witness.stores.len() + 1, faults)
}

fn i36(witness: &Witness) -> Looked {
    let mall = &witness.mall;
    let sold = witness.stores.iter().flat_map(|store| {
        let code = store.code.as_str();
        store.dates.iter().map(move |(id, date)| (code, *id, date.as_str()))
    });
    let sold: Vec<_> = sold.collect();
    let mut faults: Vec<Fault> = Vec::new();
    if let Some(days) = &mall.days {
        let mut counted: BTreeMap<(&str, Uuid), Vec<&str>> = BTreeMap::new();
        for (code, day, id) in days {
            counted.entry((code, *id)).or_default().push(day);
        }
        for (code, id, date) in &sold {
            match counted.get(&(*code, *id)).map(Vec::as_slice) {
                Some([day]) if day == date => {}
                None => faults.push(Fault::lost(format!("{id} of {code} counts to no day"))),
                Some([day]) => {
                    let told = format!("{id} of {code} counts to {day} and is of {date}");
                    faults.push(Fault::otherwise(told));
                }
                Some(_) => {
                    faults.push(Fault::doubled(format!("{id} of {code} counts to several days")));
                }
            }
        }
    }
    let seals = mall.false_seals.iter();
    faults.extend(seals.map(|told| Fault::otherwise(format!("{told} is sealed and not level"))));
    (sold.len(), faults)
}

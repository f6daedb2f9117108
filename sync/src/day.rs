//! The sums by which a store and the mall see that they hold the same of a day.
//!
//! Summed are facts as they were told, never what was derived of them: an order that was undone and
//! its undoing count on both sides alike, and so does a fact that the mall could not read.
//!
//! ```text
//! store                          mall
//!   sum of a day ───────────────►  equal: the day is sealed
//!   differing parts ◄───────────   its sum by part, 256 of them
//!   ids of those parts ─────────►
//!   what is missing ◄───────────   its ids there
//! ```
//!
//! A part is named by the **last** byte of the id: ids are UUIDv7 (RFC 9562), whose first bytes are a
//! time and are alike all day, and whose last ones are random.
//!
//! A digest is `Σ SHA-256(id ‖ digest)[..16] mod 2^128`: it does not depend on the order, sums of parts
//! add up, and two alike do not cancel each other, as they would by XOR.
//!
//! **Invariant:** pure, and the same for the same bytes on both sides, whatever HQ sets: the day of a
//! fact is made of its id and its body alone.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
};

use domain::time::{BusinessDate, StoreClock, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::{
    chain::{Hash, hex_bytes},
    wire::{DayFactV1, DayLifeV1, DayPartV1, DaySumV1, KIND_ORDER, KIND_POST_VOID},
};

/// Facts whose ids are compared at once; more differing parts are looked at one after the other.
pub const COMPARED_MAX: u32 = 1_000;
/// Facts of a day that may be left out of the compared sum: places that were told to be a hole, and
/// ids under which the two sides hold other bytes.
pub const LEFT_OUT_MAX: usize = 500;
/// Lives of a ledger that a day's sum is told of; the newest count.
pub const LIVES_MAX: usize = 64;
/// The word under which what was given back for undone orders is summed.
pub const UNDONE: &str = "undone";

/// A number modulo 2^128; 32 hexadecimal digits on the wire and in tables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum(u128);

impl Sum {
    /// What one fact weighs.
    #[must_use]
    pub fn of(id: Uuid, digest: Hash) -> Self {
        let mut bytes = Vec::with_capacity(48);
        bytes.extend_from_slice(id.as_bytes());
        bytes.extend_from_slice(digest.bytes());
        let mut half = [0; 16];
        half.iter_mut().zip(Hash::of(&bytes).bytes()).for_each(|(to, from)| *to = *from);
        Self(u128::from_be_bytes(half))
    }

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.wrapping_add(other.0))
    }

    /// Reads 32 hexadecimal digits.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let bytes: [u8; 16] = hex_bytes(text)?.try_into().ok()?;
        Some(Self(u128::from_be_bytes(bytes)))
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl Serialize for Sum {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Sum {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_hex(&text).ok_or_else(|| serde::de::Error::custom("not 32 hexadecimal digits"))
    }
}

/// Money of a fact by the word of its tender, in fen: change is taken off cash, and what an undone
/// order gives back stands under `UNDONE`.
pub type Amounts = BTreeMap<String, i64>;

/// To which day a fact counts, and how much money it tells of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weight {
    /// The day.
    pub day: BusinessDate,
    /// The money; of a fact that tells of none, nothing.
    pub amounts: Amounts,
}

/// Of a body what its day's sum asks.
#[derive(Deserialize)]
struct Dated {
    business_date: BusinessDate,
    #[serde(default)]
    tenders: Vec<Paid>,
    #[serde(default)]
    change_minor: i64,
    #[serde(default)]
    total_minor: i64,
}

#[derive(Deserialize)]
struct Paid {
    kind: String,
    amount_minor: i64,
}

/// Weighs a fact by its bytes. What says no day of its own, or cannot be read, counts to the day of
/// its id, as a store in China tells it.
#[must_use]
pub fn weigh(id: Uuid, kind: &str, v: u16, body: &str) -> Weight {
    let dated = |body| serde_json::from_str::<Dated>(body).ok();
    let told = match (kind, v) {
        (KIND_ORDER | KIND_POST_VOID, 1) => dated(body),
        (_, _) => None,
    };
    let Some(told) = told else {
        return Weight { day: day_of_id(id), amounts: Amounts::new() };
    };
    let mut amounts = Amounts::new();
    let mut add = |word: &str, minor: i64| {
        if minor != 0 {
            let sum = amounts.entry(word.to_owned()).or_default();
            *sum = sum.wrapping_add(minor);
        }
    };
    if kind == KIND_POST_VOID {
        add(UNDONE, told.total_minor);
    } else {
        told.tenders.iter().for_each(|paid| add(&paid.kind, paid.amount_minor));
        add("cash", told.change_minor.wrapping_neg());
    }
    amounts.retain(|_, minor| *minor != 0);
    Weight { day: told.business_date, amounts }
}

/// The day in an id's own time (RFC 9562, 5.7); the first of all days where it has none.
fn day_of_id(id: Uuid) -> BusinessDate {
    let ms = if id.get_version_num() == 7 { id.as_u128() >> 80 } else { 0 };
    let at = Timestamp::from_micros(0).plus_ms(i64::try_from(ms).unwrap_or(0));
    StoreClock::default().business_date(at)
}

/// In which part of its day's sum a fact counts.
#[must_use]
pub fn part_of(id: Uuid) -> u8 {
    let [.., last] = *id.as_bytes();
    last
}

/// A day's sum while it is added up, with its parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    parts: BTreeMap<u8, (u32, Sum)>,
    amounts: Amounts,
}

impl Tally {
    /// Adds a fact. Whoever adds takes care that each id comes once.
    pub fn add(&mut self, id: Uuid, digest: Hash, amounts: &Amounts) {
        let (facts, sum) = self.parts.entry(part_of(id)).or_default();
        *facts = facts.saturating_add(1);
        *sum = sum.plus(Sum::of(id, digest));
        self.add_amounts(amounts);
    }

    /// Adds all of another.
    pub fn add_all(&mut self, other: &Self) {
        for (part, (n, more)) in &other.parts {
            let (facts, sum) = self.parts.entry(*part).or_default();
            *facts = facts.saturating_add(*n);
            *sum = sum.plus(*more);
        }
        self.add_amounts(&other.amounts);
    }

    fn add_amounts(&mut self, amounts: &Amounts) {
        for (word, minor) in amounts {
            let sum = self.amounts.entry(word.clone()).or_default();
            *sum = sum.wrapping_add(*minor);
        }
        self.amounts.retain(|_, minor| *minor != 0);
    }

    /// The whole.
    #[must_use]
    pub fn sum(&self) -> DaySumV1 {
        let whole = |(n, all): (u32, Sum), (facts, sum): &(u32, Sum)| {
            (n.saturating_add(*facts), all.plus(*sum))
        };
        let (facts, digest) = self.parts.values().fold((0, Sum::default()), whole);
        DaySumV1 { facts, digest, amounts: self.amounts.clone() }
    }

    /// Its parts; those without a fact are not named.
    #[must_use]
    pub fn parts(&self) -> Vec<DayPartV1> {
        let told = |(part, (facts, digest)): (&u8, &(u32, Sum))| DayPartV1 {
            part: *part,
            facts: *facts,
            digest: *digest,
        };
        self.parts.iter().map(told).collect()
    }

    /// Takes a tally back that was kept as its parts and amounts.
    #[must_use]
    pub fn of_parts(parts: &[DayPartV1], amounts: Amounts) -> Self {
        let parts = parts.iter().map(|told| (told.part, (told.facts, told.digest))).collect();
        Self { parts, amounts }
    }
}

/// Which parts to look into next, of those in which the two sides differ: as many as have together
/// no more than `COMPARED_MAX` facts on either side, at least one. None when all are alike.
#[must_use]
pub fn differing(own: &[DayPartV1], theirs: &[DayPartV1]) -> Vec<u8> {
    let by_part = |parts: &[DayPartV1]| -> BTreeMap<u8, (u32, Sum)> {
        parts.iter().map(|told| (told.part, (told.facts, told.digest))).collect()
    };
    let (own, theirs) = (by_part(own), by_part(theirs));
    let all: BTreeSet<u8> = own.keys().chain(theirs.keys()).copied().collect();
    let mut facts = 0_u32;
    let mut chosen = Vec::new();
    for part in all {
        let (mine, held) = (own.get(&part), theirs.get(&part));
        if mine == held {
            continue;
        }
        let n = |side: Option<&(u32, Sum)>| side.map_or(0, |(facts, _)| *facts);
        facts = facts.saturating_add(n(mine).max(n(held)));
        if facts > COMPARED_MAX && !chosen.is_empty() {
            break;
        }
        chosen.push(part);
    }
    chosen
}

/// What two lists of the same parts lead to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// The mall does not hold these: they are sent again.
    pub missing: Vec<Uuid>,
    /// The store does not hold these: they are fetched from their places.
    pub lost: Vec<(u32, i64)>,
    /// The two hold other bytes under these ids: a person looks, and the day is compared without.
    pub other: Vec<Uuid>,
}

impl Difference {
    /// Nothing differs.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.missing.is_empty() && self.lost.is_empty() && self.other.is_empty()
    }
}

/// Compares what the store holds of some parts with what the mall holds of them.
#[must_use]
pub fn compare(own: &[(Uuid, Hash)], theirs: &[DayFactV1]) -> Difference {
    let held: HashMap<Uuid, Hash> = theirs.iter().map(|fact| (fact.id, fact.digest)).collect();
    let mine: HashMap<Uuid, Hash> = own.iter().copied().collect();
    let mut difference = Difference::default();
    for (id, digest) in own {
        match held.get(id) {
            None => difference.missing.push(*id),
            Some(theirs) if theirs != digest => difference.other.push(*id),
            Some(_) => {}
        }
    }
    let lost = theirs.iter().filter(|fact| !mine.contains_key(&fact.id));
    difference.lost.extend(lost.map(|fact| (fact.epoch, fact.seq)));
    difference
}

/// Whether a place is one of those that a store says it knows.
#[must_use]
pub fn is_known(lives: &[DayLifeV1], epoch: u32, seq: i64) -> bool {
    lives.iter().any(|life| life.epoch == epoch && (1..=life.through).contains(&seq))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(at_ms: u64, random: u64) -> Uuid {
        let value = (u128::from(at_ms) << 80) | (7 << 76) | (2 << 62) | u128::from(random >> 2);
        Uuid::from_u128(value)
    }

    fn fact() -> impl Strategy<Value = (Uuid, Hash, Amounts)> {
        let amounts = prop::collection::btree_map("cash|card|undone", -9..9_i64, 0..3);
        (any::<u64>(), 0..3_u8, amounts)
            .prop_map(|(random, body, amounts)| (id(5, random), Hash::of(&[body]), amounts))
    }

    fn tally<'a>(facts: impl IntoIterator<Item = &'a (Uuid, Hash, Amounts)>) -> Tally {
        let mut tally = Tally::default();
        facts.into_iter().for_each(|(id, digest, amounts)| tally.add(*id, *digest, amounts));
        tally
    }

    proptest! {
        #[test]
        fn a_sum_depends_on_no_order_and_sums_of_parts_add_up(
            facts in prop::collection::vec(fact(), 0..40),
            at in 0..40_usize,
        ) {
            let whole = tally(&facts);
            prop_assert_eq!(&tally(facts.iter().rev()), &whole);
            let (left, right) = facts.split_at(at.min(facts.len()));
            let mut both = tally(left);
            both.add_all(&tally(right));
            prop_assert_eq!(&both, &whole);
            let kept = Tally::of_parts(&whole.parts(), whole.sum().amounts);
            prop_assert_eq!(&kept, &whole);
            let parts = whole.parts();
            let n: u32 = parts.iter().map(|part| part.facts).sum();
            prop_assert_eq!(n, whole.sum().facts);
        }

        #[test]
        fn what_one_side_lacks_is_found_and_nothing_else(
            facts in prop::collection::btree_map(any::<u64>(), (0..3_u8, 0..4_u8), 0..60),
        ) {
            // 0: both hold it, 1: only the store, 2: only the mall, 3: both, of other bytes.
            let of = |random: &u64, body: u8| (id(5, *random), Hash::of(&[body]));
            let (mut own, mut theirs, mut expected) = (Vec::new(), Vec::new(), Difference::default());
            for (seq, (random, (body, which))) in (1..).zip(&facts) {
                let (id, digest) = of(random, *body);
                let there = |digest| DayFactV1 { id, digest, epoch: 1, seq };
                match which {
                    0 => { own.push((id, digest)); theirs.push(there(digest)); }
                    1 => { own.push((id, digest)); expected.missing.push(id); }
                    2 => { theirs.push(there(digest)); expected.lost.push((1, seq)); }
                    _ => {
                        own.push((id, digest));
                        theirs.push(there(of(random, body + 1).1));
                        expected.other.push(id);
                    }
                }
            }
            let parts = |facts: &[(Uuid, Hash)]| {
                let mut tally = Tally::default();
                facts.iter().for_each(|(id, digest)| tally.add(*id, *digest, &Amounts::new()));
                tally.parts()
            };
            let held: Vec<(Uuid, Hash)> = theirs.iter().map(|f| (f.id, f.digest)).collect();
            let chosen = differing(&parts(&own), &parts(&held));
            let is_chosen = |id: Uuid| chosen.contains(&part_of(id));
            own.retain(|(id, _)| is_chosen(*id));
            theirs.retain(|fact| is_chosen(fact.id));
            prop_assert_eq!(compare(&own, &theirs), expected.clone());
            prop_assert_eq!(chosen.is_empty(), expected.is_none());
        }
    }

    #[test]
    fn two_alike_do_not_cancel_and_other_bytes_weigh_otherwise() {
        let one = Sum::of(id(5, 1 << 9), Hash::of(b"a"));
        assert_ne!(one.plus(one), Sum::default());
        assert_ne!(one, Sum::of(id(5, 2 << 9), Hash::of(b"a")));
        assert_ne!(one, Sum::of(id(5, 1 << 9), Hash::of(b"b")));
        let told = serde_json::to_string(&one).unwrap();
        assert_eq!(serde_json::from_str::<Sum>(&told).unwrap(), one);
        assert_eq!(Sum::from_hex("ff"), None);
    }

    #[test]
    fn many_differing_parts_are_looked_into_one_after_the_other() {
        let part = |part, facts| DayPartV1 { part, facts, digest: Sum(u128::from(facts)) };
        let own: Vec<DayPartV1> = (0..=9).map(|n| part(n, 400)).collect();
        assert_eq!(differing(&own, &own), Vec::<u8>::new());
        assert_eq!(differing(&own, &[]), [0, 1]);
        assert_eq!(differing(&own, &own[1..]), [0]);
        assert_eq!(differing(&[part(3, COMPARED_MAX * 9)], &[]), [3], "one is looked into always");
        assert_eq!(differing(&[], &[part(3, 1)]), [3]);
    }

    #[test]
    fn a_fact_counts_to_the_day_it_says_or_to_that_of_its_id() {
        // 2026-11-21T03:59:59+08:00 is of the day before, as a day turns at four.
        let at = |text: &str| {
            let at: Timestamp = text.parse().unwrap();
            id(u64::try_from(at.micros() / 1_000).unwrap(), 77)
        };
        let order = r#"{"business_date":"2026-11-20","change_minor":5,
            "tenders":[{"kind":"cash","amount_minor":105},{"kind":"card","amount_minor":7}]}"#;
        let undone = r#"{"business_date":"2026-11-20","total_minor":107}"#;
        let night = at("2026-11-20T19:59:59Z");
        let table = [
            (at("2026-11-22T12:00:00Z"), "order", 1, order, "2026-11-20", "card 7 cash 100"),
            (at("2026-11-22T12:00:00Z"), "post_void", 1, undone, "2026-11-20", "undone 107"),
            (at("2026-11-22T12:00:00Z"), "order", 2, order, "2026-11-22", ""),
            (night, "pickup_ready", 1, "{}", "2026-11-20", ""),
            (at("2026-11-20T20:00:00Z"), "order", 1, "no order", "2026-11-21", ""),
            (Uuid::from_u128(9), "order", 1, "", "1970-01-01", ""),
            (Uuid::max(), "x", 1, "", "1970-01-01", ""),
        ];
        for (id, kind, v, body, day, amounts) in table {
            let weight = weigh(id, kind, v, body);
            assert_eq!(weight.day.to_string(), day, "{kind} {body}");
            let told: Vec<String> =
                weight.amounts.iter().map(|(word, minor)| format!("{word} {minor}")).collect();
            assert_eq!(told.join(" "), amounts, "{kind} {body}");
        }
    }

    #[test]
    fn a_place_is_known_up_to_where_its_life_is() {
        let lives = [DayLifeV1 { epoch: 2, through: 9 }];
        for (epoch, seq, known) in
            [(2, 1, true), (2, 9, true), (2, 10, false), (2, 0, false), (1, 1, false)]
        {
            assert_eq!(is_known(&lives, epoch, seq), known, "{epoch} {seq}");
        }
    }
}

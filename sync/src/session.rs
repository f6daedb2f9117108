//! Is a ledger that comes to speak the one that spoke before?
//!
//! A restored copy has forgotten what came after it was made; a clone goes on beside the first.
//! Either way two histories would claim the same places of an outbox and the same receipt numbers.
//! The mall tells by three things that a copy cannot all have: the newest **nonce**, which is new with
//! each session; the **chain** at a place that both know; and the **machine**.
//! Whatever is found, nothing is refused: the ledger is given a new epoch, and what it had not yet
//! told goes up under that one.
//!
//! **Invariant:** pure; both the mall and the machines that try to break it ask this function.

use uuid::Uuid;

use crate::{
    chain::Hash,
    wire::{LifeV1, LostV1, PlaceV1, SessionAskV1},
};

/// What the mall holds of the edge node that asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The newest epoch that was ever given to this node.
    pub newest_epoch: u32,
    /// The life that the ledger says it is in, as far as it is held.
    pub life: Option<PlaceV1>,
    /// The chain at the place that the ledger calls its newest, where that is held and known.
    pub chain_at_newest: Option<Hash>,
    /// The chain at the place that the ledger calls acknowledged, where that is held and known.
    pub chain_at_acked: Option<Hash>,
    /// What this machine was given last.
    pub given: Option<Given>,
    /// Whether another machine has spoken as this node.
    pub has_other_machine: bool,
}

/// What a machine was given when it last asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Given {
    /// The life.
    pub epoch: u32,
    /// The nonce; none since its history was seen to be another one.
    pub nonce: Option<Uuid>,
}

/// What a ledger is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// The one that spoke before; it goes on.
    Itself,
    /// The mall holds less of this life than it once acknowledged: the life goes on, and the rest is
    /// sent again.
    MallWentBack,
    /// The mall does not know the life at all: it was given before the mall went back.
    LifeUnknown,
    /// It holds less than the mall, or has not heard what it was given last, or says so itself: a copy
    /// was put back.
    Restored,
    /// It has another fact at a place that is held.
    Forked,
    /// It comes from a machine that has not spoken as this node before, where another has.
    Moved,
    /// It is in a life that this machine left: an old copy, or two boxes that cannot be told apart.
    OldLife,
}

impl Found {
    /// Whether the ledger stays in its life; otherwise it is given a new one.
    #[must_use]
    pub const fn keeps_life(self) -> bool {
        matches!(self, Self::Itself | Self::MallWentBack)
    }

    /// The word for it in tables and logs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Itself => "itself",
            Self::MallWentBack => "mall-went-back",
            Self::LifeUnknown => "life-unknown",
            Self::Restored => "restored",
            Self::Forked => "forked",
            Self::Moved => "moved",
            Self::OldLife => "old-life",
        }
    }
}

/// Looks at who comes.
///
/// The order matters: a mall that went back has forgotten nonces too, so that is looked at before
/// they are.
#[must_use]
pub fn look(said: &SessionAskV1, held: &Held) -> Found {
    if said.epoch > held.newest_epoch {
        return Found::LifeUnknown;
    }
    let Some(life) = held.life else {
        return Found::OldLife;
    };
    let differs = |ours: Option<Hash>, theirs: Hash| ours.is_some_and(|ours| ours != theirs);
    if differs(held.chain_at_acked, said.acked.chain)
        || differs(held.chain_at_newest, said.newest.chain)
    {
        return Found::Forked;
    }
    if said.is_doubtful || said.newest.seq < life.seq {
        return Found::Restored;
    }
    if said.acked.seq > life.seq {
        return Found::MallWentBack;
    }
    match held.given {
        None if held.has_other_machine => Found::Moved,
        None => Found::Itself,
        Some(given) if given.epoch != said.epoch => Found::OldLife,
        Some(given) if given.nonce.is_none() || given.nonce != said.nonce => Found::Restored,
        Some(_) => Found::Itself,
    }
}

/// How far the numbers of lives jump at most where the mall has forgotten some.
const JUMP_MAX: u32 = 1_000;

/// The number of a new life: one more than any that the store ever had.
///
/// A mall that finds that it was put back does not know how many it has given since, and to whom; it
/// takes one from further on, by a random number.
#[must_use]
pub fn next_epoch(newest: u32, said: u32, found: Found, random: u32) -> u32 {
    let jump = if found == Found::LifeUnknown { random % JUMP_MAX } else { 0 };
    newest.max(said).saturating_add(1 + jump)
}

/// The last place of its life that a ledger and the mall agree on, as far as it is known.
fn agreed(said: &SessionAskV1, held: &Held) -> i64 {
    let agrees = |place: PlaceV1, ours: Option<Hash>| ours == Some(place.chain) || place.seq == 0;
    if agrees(said.newest, held.chain_at_newest) {
        said.newest.seq
    } else if agrees(said.acked, held.chain_at_acked) {
        said.acked.seq
    } else {
        0
    }
}

/// How far a ledger is told that its lives are held. Of a life that it leaves it is told no more than
/// both agree on: what is held behind that is another's, and its own is still to be told.
#[must_use]
pub fn told_lives(
    said: &SessionAskV1,
    held: &Held,
    goes_on_in: u32,
    lives: Vec<LifeV1>,
) -> Vec<LifeV1> {
    let told = |life: LifeV1| match life.epoch == said.epoch && life.epoch != goes_on_in {
        true => LifeV1 { acked_seq: life.acked_seq.min(agreed(said, held)), ..life },
        false => life,
    };
    lives.into_iter().map(told).collect()
}

/// Whether a life that the mall holds is the one that a ledger knows by that number, given the chain
/// after the ledger's first fact in it, where that is known.
#[must_use]
pub fn is_same_life(life: &LifeV1, first: Option<Hash>) -> bool {
    match (life.first, first) {
        (Some(theirs), Some(ours)) => theirs == ours,
        (None, _) | (_, None) => true,
    }
}

/// What a ledger may have lost of the lives that are held: what came after the last place that both
/// agree on, and all of every later life. What it has all the same it passes over by its id.
#[must_use]
pub fn lost(said: &SessionAskV1, held: &Held, lives: &[LifeV1]) -> Vec<LostV1> {
    let common = agreed(said, held);
    let after = |epoch: u32| if epoch == said.epoch { common } else { 0 };
    let later = lives.iter().filter(|life| life.epoch >= said.epoch);
    let lost = later.map(|life| LostV1 {
        epoch: life.epoch,
        after: after(life.epoch),
        through: life.acked_seq,
    });
    lost.filter(|lost| lost.after < lost.through).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(seq: i64) -> Hash {
        if seq == 0 { Hash::GENESIS } else { Hash::of(&seq.to_be_bytes()) }
    }

    fn place(seq: i64) -> PlaceV1 {
        PlaceV1 { seq, chain: chain(seq) }
    }

    const NONCE: Uuid = Uuid::from_u128(7);

    /// A ledger in epoch 3 that has told 40 of its 44 facts.
    fn said() -> SessionAskV1 {
        SessionAskV1 {
            id: Uuid::from_u128(1),
            epoch: 3,
            boot_no: 12,
            machine: Hash::of(b"a box"),
            nonce: Some(NONCE),
            newest: place(44),
            acked: place(40),
            is_doubtful: false,
        }
    }

    /// A mall that holds exactly what the ledger was told.
    fn held() -> Held {
        Held {
            newest_epoch: 3,
            life: Some(place(40)),
            chain_at_newest: None,
            chain_at_acked: Some(chain(40)),
            given: Some(Given { epoch: 3, nonce: Some(NONCE) }),
            has_other_machine: false,
        }
    }

    type Change = fn(&mut SessionAskV1, &mut Held);

    /// What happens to a ledger or to what is held of it, and what it is then.
    const TABLE: &[(&str, Change, Found)] = &[
        ("goes on", |_, _| {}, Found::Itself),
        (
            "speaks for the first time",
            |said, held| (said.nonce, held.given) = (None, None),
            Found::Itself,
        ),
        (
            "has an answer on its way that was lost",
            |_, held| held.life = Some(place(44)),
            Found::Itself,
        ),
        (
            "went back below what is held",
            |said, held| {
                (said.newest, said.acked) = (place(30), place(30));
                (held.chain_at_newest, held.chain_at_acked) = (Some(chain(30)), Some(chain(30)));
            },
            Found::Restored,
        ),
        (
            "went back to where all was told",
            |said, held| {
                (said.newest, said.nonce) = (place(40), Some(Uuid::from_u128(6)));
                held.chain_at_newest = Some(chain(40));
            },
            Found::Restored,
        ),
        ("says that it may be a copy", |said, _| said.is_doubtful = true, Found::Restored),
        (
            "has other facts at the end of what is held",
            |said, held| {
                said.newest = PlaceV1 { seq: 40, chain: chain(99) };
                held.chain_at_newest = Some(chain(40));
            },
            Found::Forked,
        ),
        (
            "has other facts in the middle",
            |_, held| held.chain_at_acked = Some(chain(98)),
            Found::Forked,
        ),
        (
            "was seen to be another history by its batch",
            |_, held| held.given = Some(Given { epoch: 3, nonce: None }),
            Found::Restored,
        ),
        (
            "comes from another box",
            |_, held| (held.given, held.has_other_machine) = (None, true),
            Found::Moved,
        ),
        (
            "is in a life that its machine has left",
            |_, held| {
                held.newest_epoch = 4;
                held.given = Some(Given { epoch: 4, nonce: Some(NONCE) });
            },
            Found::OldLife,
        ),
        ("is in a life that was never its own", |_, held| held.life = None, Found::OldLife),
        (
            "was told more than is held",
            |_, held| {
                (held.life, held.chain_at_acked) = (Some(place(25)), None);
                held.given = Some(Given { epoch: 3, nonce: Some(Uuid::from_u128(2)) });
            },
            Found::MallWentBack,
        ),
        (
            "was given a life that is forgotten",
            |_, held| (held.newest_epoch, held.life) = (2, None),
            Found::LifeUnknown,
        ),
    ];

    #[test]
    fn a_ledger_is_known_by_its_nonce_its_chain_and_its_machine() {
        for (it, change, expected) in TABLE {
            let (mut said, mut held) = (said(), held());
            change(&mut said, &mut held);
            assert_eq!(look(&said, &held), *expected, "a ledger that {it}");
        }
    }

    #[test]
    fn what_was_lost_begins_after_the_last_place_that_both_agree_on() {
        let lives = [(1, 90), (3, 60), (4, 5), (5, 0)];
        let lives = lives.map(|(epoch, acked_seq)| LifeV1 { epoch, acked_seq, first: None });
        let range = |epoch, after, through| LostV1 { epoch, after, through };
        let at = |newest, acked| SessionAskV1 { newest, acked, ..said() };
        let knows = |newest: Option<i64>, acked: Option<i64>| Held {
            chain_at_newest: newest.map(chain),
            chain_at_acked: acked.map(chain),
            ..held()
        };
        let other = PlaceV1 { seq: 44, chain: chain(99) };
        let table = [
            (at(place(44), place(40)), knows(Some(44), Some(40)), 44),
            (at(other, place(40)), knows(Some(44), Some(40)), 40),
            (at(other, other), knows(Some(44), Some(44)), 0),
            (at(PlaceV1::START, PlaceV1::START), knows(None, None), 0),
        ];
        for (said, held, after) in table {
            assert_eq!(lost(&said, &held, &lives), [range(3, after, 60), range(4, 0, 5)]);
        }
        let all = LifeV1 { epoch: 3, acked_seq: 40, first: None };
        assert_eq!(lost(&said(), &held(), &[all]), []);
    }

    #[test]
    fn of_a_life_that_it_leaves_a_ledger_is_told_no_more_than_both_agree_on() {
        let life = |epoch, acked_seq| LifeV1 { epoch, acked_seq, first: None };
        let at = |newest, acked| SessionAskV1 { newest, acked, ..said() };
        let knows = |newest: Option<i64>, acked: Option<i64>| Held {
            chain_at_newest: newest.map(chain),
            chain_at_acked: acked.map(chain),
            ..held()
        };
        let other = |seq| PlaceV1 { seq, chain: chain(99) };
        let table = [
            ("goes on", at(place(44), place(40)), knows(None, Some(40)), 3, 50),
            ("was put back", at(place(44), place(40)), knows(Some(44), Some(40)), 4, 44),
            ("went another way", at(other(44), place(40)), knows(Some(44), Some(40)), 4, 40),
            ("is another", at(other(44), other(40)), knows(Some(44), Some(40)), 4, 0),
        ];
        for (it, said, held, goes_on_in, acked_seq) in table {
            let told = told_lives(&said, &held, goes_on_in, vec![life(2, 9), life(3, 50)]);
            assert_eq!(told, [life(2, 9), life(3, acked_seq)], "a ledger that {it}");
        }
    }

    #[test]
    fn the_number_of_a_life_is_one_that_nobody_had() {
        let table = [
            (3, 3, Found::Restored, 7, 4),
            (3, 9, Found::Moved, 7, 10),
            (3, 9, Found::LifeUnknown, 0, 10),
            (3, 9, Found::LifeUnknown, 7, 17),
            (3, 9, Found::LifeUnknown, JUMP_MAX, 10),
            (u32::MAX, 9, Found::LifeUnknown, 7, u32::MAX),
        ];
        for (newest, said, found, random, expected) in table {
            assert_eq!(next_epoch(newest, said, found, random), expected, "{newest} {said}");
        }
    }

    #[test]
    fn a_life_is_known_by_its_first_fact_and_not_by_its_number() {
        let life = |first| LifeV1 { epoch: 3, acked_seq: 9, first };
        let table = [
            (Some(chain(1)), Some(chain(1)), true),
            (Some(chain(1)), Some(chain(2)), false),
            (Some(chain(1)), None, true),
            (None, Some(chain(1)), true),
            (None, None, true),
        ];
        for (theirs, ours, expected) in table {
            assert_eq!(is_same_life(&life(theirs), ours), expected, "{theirs:?} {ours:?}");
        }
    }
}

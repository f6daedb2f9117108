//! Where a redemption stands after its house was heard.
//!
//! **Invariant:** decisions from values only; that a house has not used something decides nothing
//! while the wish to use it may still be on its way there.

use domain::{
    redemption::{Answer, RedemptionState},
    time::Timestamp,
};
use sync::wire::UseV1;

use crate::{
    asking::{LATE_MS, Turn},
    db::redemptions::RedemptionRow,
    houses::{Held, NOT_REVERSIBLE, Proof, USED, Use, UseStanding, Verdict},
    payment::number,
};

/// How long a house that cannot tell what it used is asked to use it once more, so that it can be
/// given back.
const GIVE_UP_MS: i64 = 86_400_000;

/// What is asked next of a house that does not know, or has not said, whether it was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The same wish again: it has no further effect.
    Redeem,
    /// To give it back.
    GiveBack,
    /// Nothing now.
    Nothing,
}

impl RedemptionRow {
    /// When the open question was first put.
    fn since(&self) -> Timestamp {
        self.reversing_at.or(self.asked_at).unwrap_or(self.made_at)
    }

    /// Whether no wish to use it can still be on its way to its house.
    fn is_late(&self, now: Timestamp) -> bool {
        now.ms_since(self.put_at.unwrap_or(self.made_at)) >= LATE_MS
    }

    /// What its house is asked with; `None` when nobody wished for it.
    pub(super) fn question(&self, is_repeat: bool) -> Option<Use> {
        let wish = self.wish.as_ref()?;
        Some(Use {
            number: number(self.id),
            held: self.held.clone(),
            offer: wish.offer,
            count: wish.count,
            at: self.asked_at.unwrap_or(self.made_at),
            is_repeat,
            not_ours: Vec::new(),
        })
    }

    /// A store wishes it to be used, and this process is about to ask.
    pub(super) fn wish(&mut self, wish: UseV1, now: Timestamp) {
        if let Some(pending) = self.state.pending() {
            self.state = pending;
            self.wish = Some(wish);
            (self.asked_at, self.put_at) = (Some(now), Some(now));
            self.turn = Turn::taken(now);
        }
    }

    /// A store wants it back.
    pub(super) fn give_back(&mut self, now: Timestamp) {
        let reversing = self.state.reversing();
        if reversing == self.state {
            return;
        }
        self.state = reversing;
        self.reversing_at = Some(now);
        self.decided_at = None;
        // Whoever is asking just now is left to it.
        self.turn.ask_at = now.max(self.turn.busy_until);
        self.conclude(now);
    }

    /// What to ask after its house told where it stands.
    pub(super) fn hear_standing(&mut self, standing: &UseStanding, now: Timestamp) -> Next {
        if !self.state.is_undecided() {
            return Next::Nothing;
        }
        let is_wanted = self.state == RedemptionState::Pending;
        match standing {
            UseStanding::Used(proof) => {
                self.hear_used(&Verdict::Yes(proof.clone()), now);
                if is_wanted {
                    return Next::Nothing;
                }
                self.turn = Turn::taken(now);
                Next::GiveBack
            }
            UseStanding::NotOurs => {
                self.hear_used(&Verdict::No(USED.to_owned()), now);
                Next::Nothing
            }
            UseStanding::NotUsed if is_wanted => self.put_again(now),
            UseStanding::CannotTell if !is_wanted && self.is_given_up(now) => {
                NOT_REVERSIBLE.clone_into(&mut self.refusal);
                self.settle(Answer::No, now);
                Next::Nothing
            }
            UseStanding::CannotTell => self.put_again(now),
            UseStanding::NotUsed if self.is_late(now) => {
                self.settle(Answer::Yes, now);
                Next::Nothing
            }
            UseStanding::NotUsed | UseStanding::Silence => {
                self.settle(Answer::Silence, now);
                Next::Nothing
            }
        }
    }

    /// Whether a house that cannot tell has been asked for long enough; a person must look.
    fn is_given_up(&self, now: Timestamp) -> bool {
        now.ms_since(self.since()) >= GIVE_UP_MS
    }

    /// This process is about to ask for it to be given back; whether that may have been heard
    /// before.
    pub(super) fn put_back(&mut self, now: Timestamp) -> bool {
        let is_repeat = self.back_at.is_some();
        self.back_at = Some(now);
        self.turn = Turn::taken(now);
        is_repeat
    }

    fn put_again(&mut self, now: Timestamp) -> Next {
        self.put_at = Some(now);
        self.turn = Turn::taken(now);
        Next::Redeem
    }

    /// Its house answered the wish to use it. One that is not wanted any more is then given back.
    pub(super) fn hear_used(&mut self, verdict: &Verdict<Proof>, now: Timestamp) {
        if !self.state.is_undecided() {
            return;
        }
        let is_wanted = self.state == RedemptionState::Pending;
        match verdict {
            Verdict::Yes(proof) => {
                self.held = proof.held.clone();
                self.reversible_until = proof.reversible_until;
                self.used_at = self.used_at.or(Some(now));
                // To give it back is another question.
                self.settle(if is_wanted { Answer::Yes } else { Answer::Silence }, now);
            }
            Verdict::No(word) => {
                self.refusal.clone_from(word);
                // What was not used need not be given back.
                self.settle(if is_wanted { Answer::No } else { Answer::Yes }, now);
            }
            Verdict::Silence => self.settle(Answer::Silence, now),
        }
    }

    /// Its house answered the wish to give it back.
    pub(super) fn hear_given_back(&mut self, verdict: &Verdict<()>, now: Timestamp) {
        if self.state != RedemptionState::Reversing {
            return;
        }
        let answer = match verdict {
            Verdict::Yes(()) => Answer::Yes,
            Verdict::No(word) => {
                self.refusal.clone_from(word);
                Answer::No
            }
            Verdict::Silence => Answer::Silence,
        };
        self.settle(answer, now);
    }

    fn settle(&mut self, answer: Answer, now: Timestamp) {
        self.state = self.state.after(answer);
        if self.state.is_undecided() {
            self.turn = Turn::later(self.since(), now);
        }
        self.conclude(now);
    }

    /// What is decided is asked no more; what can never be asked again is let go of.
    fn conclude(&mut self, now: Timestamp) {
        if self.state.is_undecided() {
            return;
        }
        self.decided_at = Some(now);
        self.turn = Turn::NONE;
        match self.state {
            RedemptionState::Refused | RedemptionState::Reversed | RedemptionState::Kept => {
                self.held = Held::default();
            }
            RedemptionState::LookedUp
            | RedemptionState::Pending
            | RedemptionState::Redeemed
            | RedemptionState::Reversing => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::{id::Id, redemption::IssuerName};
    use sync::replica::StoreId;
    use uuid::Uuid;

    use super::*;

    const START: Timestamp = Timestamp::from_micros(1_795_255_200_000_000);

    fn redemption(state: &str) -> RedemptionRow {
        RedemptionRow {
            store: StoreId(1),
            id: Id::from_uuid(Uuid::from_u128(1)),
            order: Id::from_uuid(Uuid::from_u128(2)),
            workstation: 1,
            issuer: IssuerName::Douyin,
            state: RedemptionState::from_word(state).unwrap(),
            offers: Vec::new(),
            code_tail: "c1ft".into(),
            held: Held("token".into()),
            wish: Some(UseV1 { offer: 0, count: 1 }),
            refusal: String::new(),
            made_at: START,
            asked_at: Some(START),
            put_at: Some(START),
            used_at: None,
            reversing_at: None,
            decided_at: None,
            reversible_until: None,
            back_at: None,
            turn: Turn::taken(START),
        }
    }

    fn proof() -> Proof {
        let reversible_until = Some(START.plus_ms(3_600_000));
        Proof { held: Held("proof".into()), reversible_until, names: Vec::new() }
    }

    #[test]
    fn what_its_house_tells_decides_what_is_asked_next() {
        // what it was, seconds after it was wished for, what is told; what it is, what is asked
        let table = "
            pending    5    used         redeemed   Nothing
            pending    5    not-used     pending    Redeem
            pending    500  not-used     pending    Redeem
            pending    5    cannot-tell  pending    Redeem
            pending    5    silence      pending    Nothing
            reversing  5    used         reversing  GiveBack
            reversing  5    not-used     reversing  Nothing
            reversing  119  not-used     reversing  Nothing
            reversing  120  not-used     reversed   Nothing
            pending    5    not-ours     refused    Nothing
            reversing  5    not-ours     reversed   Nothing
            pending    90000 cannot-tell pending    Redeem
            reversing  5    cannot-tell  reversing  Redeem
            reversing  86399 cannot-tell reversing  Redeem
            reversing  86400 cannot-tell kept       Nothing
            reversing  5    silence      reversing  Nothing
            redeemed   5    not-used     redeemed   Nothing
            reversed   5    used         reversed   Nothing";
        for line in table.lines().filter(|line| !line.trim().is_empty()) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let mut row = redemption(words[0]);
            let now = START.plus_ms(words[1].parse::<i64>().unwrap() * 1_000);
            let standing = match words[2] {
                "used" => UseStanding::Used(proof()),
                "not-used" => UseStanding::NotUsed,
                "cannot-tell" => UseStanding::CannotTell,
                "not-ours" => UseStanding::NotOurs,
                _ => UseStanding::Silence,
            };
            let next = row.hear_standing(&standing, now);
            assert_eq!((row.state.word(), format!("{next:?}").as_str()), (words[3], words[4]));
        }
    }

    #[test]
    fn a_wish_that_was_put_again_may_come_late_again() {
        let mut row = redemption("pending");
        assert_eq!(row.hear_standing(&UseStanding::NotUsed, START.plus_ms(LATE_MS)), Next::Redeem);
        row.give_back(START.plus_ms(LATE_MS));
        row.hear_standing(&UseStanding::NotUsed, START.plus_ms(2 * LATE_MS - 1));
        assert_eq!(row.state, RedemptionState::Reversing);
        row.hear_standing(&UseStanding::NotUsed, START.plus_ms(2 * LATE_MS));
        assert_eq!(row.state, RedemptionState::Reversed);
    }

    #[test]
    fn a_late_yes_to_what_is_not_wanted_any_more_is_only_the_proof_for_giving_it_back() {
        let mut row = redemption("pending");
        row.give_back(START.plus_ms(1_000));
        assert_eq!(row.turn.ask_at, Turn::taken(START).busy_until, "who is asking is left to it");
        assert_eq!(row.turn, Turn::taken(START), "also by somebody at a counter");
        row.hear_used(&Verdict::Yes(proof()), START.plus_ms(2_000));
        assert_eq!((row.state, row.held.0.as_str()), (RedemptionState::Reversing, "proof"));
        row.hear_given_back(&Verdict::Yes(()), START.plus_ms(3_000));
        assert_eq!((row.state, row.held.0.as_str()), (RedemptionState::Reversed, ""));
    }

    #[test]
    fn what_was_refused_need_not_be_given_back_and_what_its_house_keeps_is_kept() {
        for (state, expected) in [("pending", "refused"), ("reversing", "reversed")] {
            let mut row = redemption(state);
            row.hear_used(&Verdict::No("expired".into()), START);
            assert_eq!((row.state.word(), row.held.0.as_str()), (expected, ""));
            assert_eq!(row.refusal, "expired");
        }
        let mut row = redemption("reversing");
        row.hear_given_back(&Verdict::No("too_late".into()), START);
        assert_eq!(row.state, RedemptionState::Kept);
    }

    #[test]
    fn what_was_only_looked_up_is_given_back_at_once() {
        let mut row = redemption("looked_up");
        row.give_back(START);
        assert_eq!((row.state, row.decided_at), (RedemptionState::Reversed, Some(START)));
        let decided = row.clone();
        row.wish(UseV1 { offer: 0, count: 1 }, START);
        assert_eq!(row, decided, "and never used after that");
    }
}

//! What the mall's answers mean for a coupon or voucher, as values and as rows.
//!
//! **Invariant:** silence moves nothing; only a plain answer to the question that was asked does.

use domain::{
    id::RedemptionId,
    redemption::{Answer, RedemptionState},
    time::Timestamp,
};
use rusqlite::Connection;
use sync::wire::RedemptionV1;

use crate::{
    db::{self, DbError},
    rights::Redemption,
    uplink::rights::Told,
};

/// What the mall said of the use of one.
#[derive(Clone, Debug)]
pub(crate) struct Answered {
    pub(super) id: RedemptionId,
    /// It was asked for the first time: nobody can have used it before.
    pub(super) is_first: bool,
    pub(super) told: Told<RedemptionV1>,
}

impl Answered {
    pub(super) fn is_yes(&self) -> bool {
        match &self.told {
            Told::Says(says) => says.id == self.id && answer_to_use(says) == Answer::Yes,
            Told::Unknown | Told::TurnedAway(_) | Told::NeverLeft | Told::Silence => false,
        }
    }
}

/// What an answer to the question for its use means.
pub(super) const fn answer_to_use(says: &RedemptionV1) -> Answer {
    match says.state {
        RedemptionState::Redeemed => Answer::Yes,
        RedemptionState::Refused | RedemptionState::Reversed => Answer::No,
        RedemptionState::LookedUp
        | RedemptionState::Pending
        | RedemptionState::Reversing
        | RedemptionState::Kept => Answer::Silence,
    }
}

/// What an answer to the question to give it back means.
const fn answer_to_give_back(says: &RedemptionV1) -> Answer {
    match says.state {
        // What was never used needs no giving back.
        RedemptionState::Reversed | RedemptionState::Refused | RedemptionState::LookedUp => {
            Answer::Yes
        }
        RedemptionState::Kept => Answer::No,
        RedemptionState::Pending | RedemptionState::Redeemed | RedemptionState::Reversing => {
            Answer::Silence
        }
    }
}

/// Where a redemption stands after an answer, and why, if it said why.
fn after(redemption: &Redemption, is_first: bool, told: &Told<RedemptionV1>) -> Redemption {
    let mut after = redemption.clone();
    let answer = match (told, redemption.state) {
        (Told::Says(says), _) if says.id != redemption.id => Answer::Silence,
        (Told::Says(says), RedemptionState::Reversing) => answer_to_give_back(says),
        (Told::Says(says), _) => answer_to_use(says),
        // The question for its use never left, or the mall does not take it: it is not used. A later
        // question that is not taken says nothing of an earlier one, which may have been heard.
        (Told::TurnedAway(_) | Told::Unknown | Told::NeverLeft, RedemptionState::Pending)
            if is_first =>
        {
            Answer::No
        }
        // A mall that never heard of it has not used it. Of one whose use was asked for, the mall
        // has forgotten something.
        (Told::Unknown, RedemptionState::Reversing) if redemption.asked_at.is_none() => Answer::Yes,
        (Told::TurnedAway(_) | Told::Unknown | Told::NeverLeft | Told::Silence, _) => {
            Answer::Silence
        }
    };
    after.state = redemption.state.after(answer);
    if after.state == redemption.state {
        // Why it is not back yet is for people to read.
        if let Told::Says(says) = told
            && says.id == redemption.id
            && redemption.state == RedemptionState::Reversing
        {
            after.refusal = says.refusal.clone().or(after.refusal);
        }
        return after;
    }
    match told {
        Told::Says(says) => {
            after.refusal = says.refusal.clone().or(after.refusal);
            after.reversible_until = says.reversible_until.or(after.reversible_until);
        }
        Told::TurnedAway(word) => after.refusal = Some(word.clone()),
        Told::Unknown => after.refusal = Some("not-heard".to_owned()),
        Told::NeverLeft => after.refusal = Some("mall-unreachable".to_owned()),
        Told::Silence => {}
    }
    after
}

/// Writes answers down in a transaction; tells which of them moved anything.
pub(crate) fn apply(
    tx: &Connection,
    answers: &[Answered],
    now: Timestamp,
) -> Result<Vec<Redemption>, DbError> {
    let mut moved = Vec::new();
    for answered in answers {
        let Some(before) = db::redemption::find(tx, answered.id)? else { continue };
        let after = after(&before, answered.is_first, &answered.told);
        if after != before {
            db::redemption::set(tx, &after, now)?;
            moved.push(after);
        }
    }
    Ok(moved)
}

#[cfg(test)]
mod tests {
    use domain::{id::Id, money::Money, redemption::IssuerName};
    use uuid::Uuid;

    use super::*;

    fn redemption(state: RedemptionState) -> Redemption {
        Redemption {
            id: Id::from_uuid(Uuid::from_u128(1)),
            order: Id::from_uuid(Uuid::from_u128(2)),
            workstation: 1,
            issuer: IssuerName::Douyin,
            state,
            offers: Vec::new(),
            choice: None,
            covers: Money::ZERO,
            code_tail: String::new(),
            looked_up_at: Timestamp::from_micros(1),
            asked_at: None,
            reversible_until: None,
            refusal: None,
        }
    }

    fn says(state: RedemptionState) -> Told<RedemptionV1> {
        Told::Says(RedemptionV1 {
            id: Id::from_uuid(Uuid::from_u128(1)),
            issuer: IssuerName::Douyin,
            state,
            offers: Vec::new(),
            code_tail: String::new(),
            refusal: None,
            reversible_until: None,
        })
    }

    #[test]
    fn what_the_mall_says_settles_what_was_asked_and_silence_does_not() {
        use RedemptionState as R;
        let away = || Told::TurnedAway("redemption-conflict".to_owned());
        let table = [
            (R::Pending, says(R::Redeemed), R::Redeemed),
            (R::Pending, says(R::Refused), R::Refused),
            (R::Pending, says(R::Reversed), R::Refused),
            (R::Pending, says(R::Pending), R::Pending),
            (R::Pending, says(R::LookedUp), R::Pending),
            (R::Pending, says(R::Reversing), R::Pending),
            (R::Pending, Told::Silence, R::Pending),
            (R::Pending, Told::NeverLeft, R::Pending),
            (R::Pending, Told::Unknown, R::Pending),
            (R::Pending, away(), R::Pending),
            (R::Reversing, says(R::Reversed), R::Reversed),
            (R::Reversing, says(R::Refused), R::Reversed),
            (R::Reversing, says(R::LookedUp), R::Reversed),
            (R::Reversing, says(R::Kept), R::Kept),
            // A late yes to the use is no answer to the question to give it back.
            (R::Reversing, says(R::Redeemed), R::Reversing),
            (R::Reversing, Told::Unknown, R::Reversed),
            (R::Reversing, Told::Silence, R::Reversing),
            (R::Reversing, away(), R::Reversing),
            (R::Redeemed, says(R::Refused), R::Redeemed),
            (R::LookedUp, says(R::Redeemed), R::LookedUp),
        ];
        for (state, told, expected) in table {
            let again = after(&redemption(state), false, &told).state;
            assert_eq!(again, expected, "{state:?} {told:?}");
        }
        let asked_at = Some(Timestamp::from_micros(2));
        let asked = Redemption { asked_at, ..redemption(R::Reversing) };
        let forgotten = after(&asked, false, &Told::Unknown).state;
        assert_eq!(forgotten, R::Reversing, "its use was asked for: it may be used");
        for told in [Told::Unknown, Told::NeverLeft, away()] {
            let first = after(&redemption(R::Pending), true, &told).state;
            assert_eq!(first, R::Refused, "what was never asked before is not used: {told:?}");
        }
    }
}

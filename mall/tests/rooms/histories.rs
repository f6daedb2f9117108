//! Random histories of one till, its mall, and a house that answers as it likes.
//!
//! Whatever was said, lost, late or asked again: at most one charge to an id, no more given back
//! than came, and what was told as final stays so and is true.

use std::collections::BTreeMap;

use domain::{
    money::Money,
    payment::{PaymentMethod, PaymentState},
    redemption::RedemptionState,
};
use sync::{
    path,
    wire::{LookUpV1, PaymentV1, RedemptionV1, RefundV1},
};

use crate::{
    payments::{charge, look, post, refund, reversal},
    redemptions::{question, try_redeem},
    street::{self, Act, Deal, Street, id, written},
    town::{Edge, Town},
};

/// Histories; each has its own payments and refunds.
const HISTORIES: u128 = 250;
const STEPS: usize = 10;

/// A generator of small numbers (xorshift, Marsaglia 2003).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }

    fn act(&mut self) -> Act {
        match self.below(12) {
            0..=3 => Act::Yes,
            4 => Act::No,
            5 => Act::Silence,
            6 | 7 => Act::CutAfter,
            8 => Act::Paying,
            9 | 10 => Act::OnItsWay,
            _ => Act::Again,
        }
    }
}

/// What the till was told last, and whether it wanted the payment undone.
#[derive(Default)]
struct Till {
    told: Option<PaymentState>,
    has_asked_back: bool,
    log: Vec<String>,
}

impl Till {
    fn hear(&mut self, told: &PaymentV1) {
        let next = told.state;
        let is_fine = match self.told {
            Some(before @ (PaymentState::Refused | PaymentState::Reversed)) => next == before,
            Some(PaymentState::Paid) => next == PaymentState::Paid || self.has_asked_back,
            Some(PaymentState::Reversing) => {
                !matches!(next, PaymentState::Paid | PaymentState::Paying | PaymentState::Sent)
            }
            Some(PaymentState::Sent | PaymentState::Paying) | None => true,
        };
        assert!(is_fine, "{:?} became {next:?}: {:#?}", self.told, self.log);
        assert!(told.refunded_minor <= told.amount_minor, "{:#?}", self.log);
        self.told = Some(next);
    }
}

async fn step(edge: &Edge<'_>, street: &Street, dice: &mut Dice, till: &mut Till, number: u128) {
    let method = PaymentMethod::Wechat;
    // Most histories begin with a charge.
    let what = if till.log.is_empty() { dice.below(6) } else { dice.below(11) };
    till.log.push(format!("{what} at {}", edge.town.now()));
    match what {
        0..=2 => {
            let answer = post(edge, path::PAYMENTS, &charge(number, method)).await;
            till.hear(&answer.read());
        }
        3 | 4 => {
            let answer = edge.get(&path::payment(id(number))).await;
            if till.told.is_some() {
                till.hear(&answer.read());
            }
        }
        5 => {
            let answer = post(edge, &path::reversal(id(number)), &reversal(number, method)).await;
            if answer.status == 200 {
                till.has_asked_back = true;
                till.hear(&answer.read());
            } else {
                answer.is_problem(409, "payment-refunded");
            }
        }
        6 | 7 => {
            let fen = [100, 600, 1_299][usize::try_from(dice.below(3)).unwrap()];
            let refunds = number * 1_000 + u128::from(dice.below(3));
            refund(edge, refunds, number, fen).await;
        }
        8 => street.payer(&written(number), dice.below(2) == 0),
        _ => street.arrive(),
    }
    edge.town.turn(i64::try_from(dice.below(20)).unwrap());
}

/// Everybody answers, time passes: everything is decided, and what was decided is true.
async fn settled(town: &Town, edge: &Edge<'_>, street: &Street, number: u128, till: &mut Till) {
    street.book().script.clear();
    for _ in 0..6 {
        street.arrive();
        if till.told.is_none() {
            return;
        }
        till.hear(&look(edge, number).await);
        town.turn(61);
    }
    let told = look(edge, number).await;
    assert!(!told.state.is_undecided(), "{told:?}: {:#?}", till.log);
    let book = street.book();
    let truth = book.deals.get(&written(number)).map(|(deal, _)| *deal);
    let is_paid = truth == Some(Deal::Paid);
    assert_eq!(told.state == PaymentState::Paid, is_paid, "{truth:?}: {:#?}", till.log);
    assert!(book.n_heard("charge", &written(number)) <= 1, "{:#?}", till.log);
    let back = book.refunds.values().filter(|(charge, _)| *charge == written(number));
    let back = Money::sum(back.map(|(_, fen)| *fen)).unwrap();
    assert!(back <= told.amount_minor, "{back}: {:#?}", till.log);
}

/// What became of a refund, if there is one. Who asks while another question is on its way is told
/// where it stood before, and asks again later, as a store does.
async fn decided(town: &Town, edge: &Edge<'_>, number: u128) -> Option<RefundV1> {
    let mut told: Option<RefundV1> = None;
    for _ in 0..6 {
        let answer = edge.get(&path::refund(id(number))).await;
        told = (answer.status == 200).then(|| answer.read());
        if told.as_ref().is_none_or(|told| told.state.word() != "sent") {
            break;
        }
        town.turn(61);
    }
    told
}

#[tokio::test]
async fn whatever_happens_an_id_is_charged_once_and_what_is_final_is_true() {
    let (town, street) = street::town().await;
    let edge = town.edge("SH001").await;
    let mut ends: BTreeMap<&str, u32> = BTreeMap::new();
    for number in 1..=HISTORIES {
        let mut dice = Dice(u64::try_from(number).unwrap().wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let acts: Vec<Act> = (0..STEPS).map(|_| dice.act()).collect();
        street.will(&acts);
        let mut till = Till::default();
        for _ in 0..STEPS {
            step(&edge, &street, &mut dice, &mut till, number).await;
        }
        settled(&town, &edge, &street, number, &mut till).await;
        *ends.entry(till.told.map_or("never", PaymentState::word)).or_default() += 1;
        for place in 0..3 {
            let refund = number * 1_000 + place;
            if let Some(told) = decided(&town, &edge, refund).await {
                let is_back = street.book().refunds.contains_key(&written(refund));
                assert_eq!(told.state.word() == "done", is_back, "{told:?}: {:#?}", till.log);
            }
        }
    }
    // The histories come to every end there is; else they would prove little.
    for end in ["paid", "refused", "reversed"] {
        assert!(ends.get(end).is_some_and(|n| *n > 5), "{ends:?}");
    }
    town.stop().await;
}

/// A random step with a voucher; where it stands if anything was told.
async fn step_voucher(
    edge: &Edge<'_>,
    street: &Street,
    dice: &mut Dice,
    number: u128,
    place: usize,
) -> Option<RedemptionState> {
    // A history begins with a voucher that is looked up and used.
    let what = if place < 2 { 2 * u64::try_from(place).unwrap() } else { dice.below(11) };
    let answer = match what {
        0 | 1 => {
            let presented = format!("voucher-{number:08}");
            post(edge, path::REDEMPTIONS, &LookUpV1 { presented, ..question(number) }).await
        }
        2 | 3 => try_redeem(edge, number, 1).await,
        4 | 5 => edge.get(&path::redemption(id(number))).await,
        6 | 7 => edge.call("POST", &path::redemption_reversal(id(number)), b"{}").await,
        _ => {
            street.arrive();
            return None;
        }
    };
    edge.town.turn(i64::try_from(dice.below(20)).unwrap());
    match answer.status.as_u16() {
        200 => Some(answer.read::<RedemptionV1>().state),
        404 => None,
        _ => {
            answer.is_problem(503, "house-silent");
            None
        }
    }
}

#[tokio::test]
async fn whatever_happens_a_voucher_is_spent_once_and_what_is_final_is_true() {
    use RedemptionState::{Kept, Redeemed, Refused, Reversed, Reversing};
    let (town, street) = street::town().await;
    let edge = town.edge("SH001").await;
    let mut ends: BTreeMap<&str, u32> = BTreeMap::new();
    for number in 1..=HISTORIES {
        let mut dice = Dice(u64::try_from(number).unwrap().wrapping_mul(0x9e37_79b9_7f4a_7c15));
        street.book().is_mute = dice.below(3) == 0;
        let mut acts: Vec<Act> = (0..STEPS).map(|_| dice.act()).collect();
        if dice.below(3) == 0 {
            acts[..2].clone_from_slice(&[Act::Yes, Act::OnItsWay]);
        }
        street.will(&acts);
        let mut told: Vec<RedemptionState> = Vec::new();
        for place in 0..STEPS + 6 {
            if place >= STEPS {
                // Everybody answers, and time passes.
                street.book().script.clear();
                street.arrive();
                town.turn(61);
            }
            let Some(next) = step_voucher(&edge, &street, &mut dice, number, place).await else {
                continue;
            };
            let is_fine = match told.last() {
                Some(before @ (Refused | Reversed | Kept)) => next == *before,
                Some(Redeemed) => matches!(next, Redeemed | Reversing | Reversed | Kept),
                Some(Reversing) => matches!(next, Reversing | Reversed | Kept),
                Some(RedemptionState::LookedUp | RedemptionState::Pending) | None => true,
            };
            told.push(next);
            assert!(is_fine, "{number}: {told:?}");
        }
        let Some(&last) = told.last() else { continue };
        let answer = edge.get(&path::redemption(id(number))).await;
        let now = answer.read::<RedemptionV1>().state;
        assert!(!now.is_undecided(), "{number}: {told:?} {now:?}");
        let book = street.book();
        let is_used = book.used.values().any(|by| *by == written(number));
        assert_eq!(is_used, matches!(now, Redeemed | Kept), "{number}: {told:?} {now:?}");
        let n_spent = book.n_spent.get(&format!("voucher-{number:08}")).copied();
        assert!(n_spent.unwrap_or(0) <= 1, "{number}: {told:?}");
        *ends.entry(last.word()).or_default() += 1;
    }
    for end in ["redeemed", "refused", "reversed"] {
        assert!(ends.get(end).is_some_and(|n| *n > 5), "{ends:?}");
    }
    town.stop().await;
}

//! Returns of an online order, decided one after the other in any stores.

use domain::{
    id::Id,
    money::Money,
    order::Order,
    quantity::Quantity,
    returns::{
        ReturnPolicy, ReturnRefusal, Wish,
        online::{Decided, amount_of, decide, next_piece, quantities_left, replay},
    },
    time::Timestamp,
};
use proptest::prelude::*;
use uuid::Uuid;

use super::histories::{sell, wish};
use crate::random::{self, Pricer, Sale, fen};

fn asked(number: usize, wishes: Vec<Wish>) -> Decided {
    Decided {
        id: Id::from_uuid(Uuid::from_u128(number as u128 + 1)),
        wishes,
        policy: ReturnPolicy::default(),
        operator: "1001".into(),
        at: Timestamp::from_micros(1),
        amount: Money::ZERO,
    }
}

/// What somebody asks for: lines and thousandths, sensible or not.
fn wishes(order: &Order, picks: &[(usize, i64)]) -> Vec<Wish> {
    let wish = |(line, milli): &(usize, i64)| match milli {
        // Whole units of a line that is there.
        0..=20 => {
            let line = &order.lines[line % order.lines.len()];
            wish(line, u32::try_from(*milli).unwrap())
        }
        // Anything at all.
        _ => Wish {
            number: u16::try_from(*line).unwrap(),
            quantity: Quantity::from_milli(milli.wrapping_mul(357)),
        },
    };
    picks.iter().map(wish).collect()
}

fn gives_back_what_was_paid_at_most(
    order: &Order,
    history: &[Vec<(usize, i64)>],
) -> Result<(), TestCaseError> {
    let paid = order.nets().iter().map(|net| net.minor()).sum::<i64>();
    let (mut kept, mut earlier) = (Vec::new(), Vec::new());
    for (n, picks) in history.iter().enumerate() {
        let asked = asked(n, wishes(order, picks));
        let before = quantities_left(order, &earlier).unwrap();
        match decide(order, &earlier, asked.clone()) {
            Ok((made, decided)) => {
                prop_assert_eq!(made.check(), Ok(()));
                prop_assert!(decided.amount >= Money::ZERO);
                let after = {
                    earlier.push(made);
                    quantities_left(order, &earlier).unwrap()
                };
                let came: i64 = before.iter().zip(&after).map(|(b, a)| b.milli() - a.milli()).sum();
                let wished: i64 = asked.wishes.iter().map(|wish| wish.quantity.milli()).sum();
                prop_assert_eq!(came, wished, "what was wished came back, and nothing else");
                kept.push(decided);
            }
            Err(ReturnRefusal::History | ReturnRefusal::Order(_)) => {
                return Err(TestCaseError::fail("a good history is not believed"));
            }
            Err(_) => prop_assert_eq!(&before, &quantities_left(order, &earlier).unwrap()),
        }
        let given: i64 = kept.iter().map(|one| one.amount.minor()).sum();
        prop_assert!((0..=paid).contains(&given), "{given} of {paid}");
    }
    prop_assert_eq!(replay(order, &kept), Ok(earlier));
    if let Some(last) = kept.last_mut() {
        last.amount = fen(last.amount.minor() + 1);
        prop_assert_eq!(replay(order, &kept), Err(ReturnRefusal::History));
    }
    Ok(())
}

fn history() -> impl Strategy<Value = Vec<Vec<(usize, i64)>>> {
    let milli = prop_oneof![8 => 0..=3_i64, 1 => any::<i64>(), 1 => -5..3_000_i64];
    let pick = (0..8_usize, milli);
    prop::collection::vec(prop::collection::vec(pick, 0..4), 0..10)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_history_of_returns_gives_back_more_than_was_paid(
        sale in random::sale(), mask in any::<u16>(), history in history(),
    ) {
        let order = sell(&Pricer::Rules(random::shop(mask)), &sale, 0);
        prop_assume!(order.is_some());
        gives_back_what_was_paid_at_most(&order.unwrap(), &history)?;
    }

    #[test]
    fn piece_by_piece_each_gives_what_was_said_and_all_of_them_what_was_paid(
        sale in random::sale(), mask in any::<u16>(),
    ) {
        // What delivery cost stays paid.
        let sale = Sale { fee: 0, ..sale };
        let order = sell(&Pricer::Rules(random::shop(mask)), &sale, 0);
        prop_assume!(order.is_some());
        let (order, policy) = (order.unwrap(), ReturnPolicy::default());
        let (mut earlier, mut given) = (Vec::new(), 0);
        for (n, line) in order.lines.iter().enumerate() {
            while let Some(said) = next_piece(&order, &earlier, line.number, &policy) {
                let (made, decided) =
                    decide(&order, &earlier, asked(n, vec![wish(line, 1)])).unwrap();
                prop_assert_eq!(decided.amount, said);
                given += amount_of(&made).unwrap().minor();
                earlier.push(made);
            }
        }
        let left: i64 = quantities_left(&order, &earlier).unwrap().iter().map(|q| q.milli()).sum();
        let paid = order.nets().iter().map(|net| net.minor()).sum::<i64>();
        // What is left is a gift that does not come back alone, or goods that do not without it.
        prop_assert!(given <= paid && (left > 0 || given == paid), "{given} of {paid}, {left} left");
    }
}

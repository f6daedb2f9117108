//! What others have a say in while a cart is on the counter: other houses in payments by code,
//! coupons and vouchers, a manager in reductions by hand (`approval`). A coupon reduces, in the quote; a voucher and a payment cover, as tenders.
//!
//! | room | what |
//! | --- | --- |
//! | `rights` | them as values: what is left to pay, and whether the cart may change |
//! | `payment` | charge, ask, reverse |
//! | `redemption` | look up, choose, use, give back |
//! | `settle` | reconciler: asks until everything is known |
//!
//! **Invariant:** values only. While something is undecided the cart stands still, and nothing that
//! is not known covers a fen of an order.

use std::fmt;

use domain::{
    id::{OrderId, PaymentId, RedemptionId},
    money::Money,
    payment::{PaymentMethod, PaymentState},
    pricing::{By, Quote, occasion},
    receipt_number::WorkstationNumber,
    redemption::{IssuerName, RedemptionState, covers},
    tender::{Tender, TenderKind},
    time::Timestamp,
};
use sync::wire::OfferV1;

use crate::approval::Approval;

/// A code that is worth money to whoever reads it: sent once, and never printed.
#[derive(Clone, PartialEq, Eq, serde::Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
#[schema(value_type = String)]
pub(crate) struct Secret(pub(crate) String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// A payment by code, as the ledger knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Payment {
    /// Its id.
    pub(crate) id: PaymentId,
    /// For which order.
    pub(crate) order: OrderId,
    /// At which workstation.
    pub(crate) workstation: WorkstationNumber,
    /// Whose.
    pub(crate) method: PaymentMethod,
    /// How much.
    pub(crate) amount: Money,
    /// Where it stands.
    pub(crate) state: PaymentState,
    /// Since when.
    pub(crate) asked_at: Timestamp,
    /// The other house's number; empty until it is paid.
    pub(crate) transaction: String,
    /// Why not, in one word.
    pub(crate) refusal: Option<String>,
}

/// Which of the offers of a look-up, and how many of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    /// Its place, from 0.
    pub(crate) offer: u16,
    /// How many, at least 1.
    pub(crate) count: u32,
}

/// The use of a coupon or voucher, as the ledger knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Redemption {
    /// Its id.
    pub(crate) id: RedemptionId,
    /// For which order.
    pub(crate) order: OrderId,
    /// At which workstation.
    pub(crate) workstation: WorkstationNumber,
    /// Whose.
    pub(crate) issuer: IssuerName,
    /// Where it stands.
    pub(crate) state: RedemptionState,
    /// What may be used.
    pub(crate) offers: Vec<OfferV1>,
    /// What shall be.
    pub(crate) choice: Option<Choice>,
    /// What it pays, fixed when its use is asked for.
    pub(crate) covers: Money,
    /// The last signs of its code.
    pub(crate) code_tail: String,
    /// Since when it is on the counter.
    pub(crate) looked_up_at: Timestamp,
    /// When its use was asked for.
    pub(crate) asked_at: Option<Timestamp>,
    /// Until when it can be given back.
    pub(crate) reversible_until: Option<Timestamp>,
    /// Why not, in one word.
    pub(crate) refusal: Option<String>,
}

impl Redemption {
    /// The chosen offer.
    pub(crate) fn chosen(&self) -> Option<(&OfferV1, u32)> {
        let choice = self.choice?;
        Some((self.offers.get(usize::from(choice.offer))?, choice.count))
    }

    /// What the chosen vouchers are worth together; nothing for a coupon.
    fn worth(&self) -> Money {
        self.chosen().map_or(Money::ZERO, |(offer, count)| {
            let worth = offer.worth_minor.minor().saturating_mul(i64::from(count));
            Money::from_minor(worth)
        })
    }

    /// The choice, with no more vouchers than a part needs: what covers nothing is not spent.
    pub(crate) fn needed_for(&self, part: Money) -> Option<Choice> {
        let (choice, (offer, count)) = (self.choice?, self.chosen()?);
        let worth = u64::try_from(offer.worth_minor.minor()).unwrap_or_default();
        let part = u64::try_from(part.minor()).unwrap_or_default();
        if worth == 0 || part == 0 {
            return Some(choice);
        }
        let needed = u32::try_from(part.div_ceil(worth)).unwrap_or(u32::MAX);
        Some(Choice { count: needed.min(count), ..choice })
    }

    /// The rule that the chosen coupon switches on.
    fn rule(&self) -> Option<&str> {
        self.chosen()?.0.rule.as_deref()
    }
}

/// Whether the cart may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hold {
    /// Nobody has a say.
    Free,
    /// Something is paid or used for this cart as it is: it may be completed, or voided as a whole.
    Taken,
    /// Another house has not said yet: it stands still.
    Undecided,
}

/// All of one cart or order, in the order in which they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rights {
    /// Payments by code.
    pub(crate) payments: Vec<Payment>,
    /// Coupons and vouchers.
    pub(crate) redemptions: Vec<Redemption>,
    /// What the member's prepaid balance shall pay, at most.
    pub(crate) balance: Money,
    /// Reductions by hand, which a manager has a say in.
    pub(crate) approvals: Vec<Approval>,
}

/// What covers the amount of a payment, once it is paid.
pub(crate) const fn tender_kind(method: PaymentMethod) -> TenderKind {
    match method {
        PaymentMethod::Wechat => TenderKind::Wechat,
        PaymentMethod::Alipay => TenderKind::Alipay,
    }
}

/// Whether a payment may still bring money for the cart. What is being undone never will.
const fn counts(state: PaymentState) -> bool {
    match state {
        PaymentState::Sent | PaymentState::Paying | PaymentState::Paid => true,
        PaymentState::Refused | PaymentState::Reversing | PaymentState::Reversed => false,
    }
}

/// Whether a coupon or voucher has, or shall have, a part in the cart.
const fn takes_part(state: RedemptionState) -> bool {
    match state {
        RedemptionState::LookedUp | RedemptionState::Pending | RedemptionState::Redeemed => true,
        RedemptionState::Refused
        | RedemptionState::Reversing
        | RedemptionState::Reversed
        | RedemptionState::Kept => false,
    }
}

impl Rights {
    /// Nothing.
    pub(crate) const NONE: Self = Self {
        payments: Vec::new(),
        redemptions: Vec::new(),
        approvals: Vec::new(),
        balance: Money::ZERO,
    };

    /// Whether the cart may change.
    pub(crate) fn hold(&self) -> Hold {
        let payment = |payment: &Payment| match payment.state {
            PaymentState::Sent | PaymentState::Paying => Hold::Undecided,
            PaymentState::Paid => Hold::Taken,
            PaymentState::Refused | PaymentState::Reversing | PaymentState::Reversed => Hold::Free,
        };
        let redemption = |redemption: &Redemption| match redemption.state {
            RedemptionState::Pending => Hold::Undecided,
            RedemptionState::Redeemed => Hold::Taken,
            RedemptionState::LookedUp
            | RedemptionState::Refused
            | RedemptionState::Reversing
            | RedemptionState::Reversed
            | RedemptionState::Kept => Hold::Free,
        };
        let holds = || {
            let payments = self.payments.iter().map(payment);
            payments.chain(self.redemptions.iter().map(redemption))
        };
        if holds().any(|hold| hold == Hold::Undecided) {
            Hold::Undecided
        } else if holds().any(|hold| hold == Hold::Taken) {
            Hold::Taken
        } else {
            Hold::Free
        }
    }

    /// Whether something has several offers and nobody has chosen one yet.
    pub(crate) fn is_choice_open(&self) -> bool {
        let is_open = |r: &Redemption| r.state == RedemptionState::LookedUp && r.choice.is_none();
        self.redemptions.iter().any(is_open)
    }

    /// Whether a charge of this cart is not known to be undone: another one must wait, for the
    /// shopper could pay twice.
    pub(crate) fn is_charging(&self) -> bool {
        self.payments.iter().any(|payment| payment.state.is_undecided())
    }

    /// The moment whose prices count: that of the first charge or use that still stands, so that
    /// what the shopper was shown is what they pay, however long another house takes.
    pub(crate) fn held_at(&self) -> Option<Timestamp> {
        let payments = self.payments.iter().filter(|p| counts(p.state)).map(|p| p.asked_at);
        let is_asked = |state| match state {
            RedemptionState::Pending | RedemptionState::Redeemed => true,
            RedemptionState::LookedUp
            | RedemptionState::Refused
            | RedemptionState::Reversing
            | RedemptionState::Reversed
            | RedemptionState::Kept => false,
        };
        let redemptions = self.redemptions.iter().filter(|r| is_asked(r.state));
        payments.chain(redemptions.filter_map(|r| r.asked_at)).min()
    }

    /// The coupons of the cart, for the quote. A redemption's id stands for the coupon's number,
    /// which nobody here knows.
    pub(crate) fn coupons(&self) -> Vec<occasion::Coupon> {
        let of = |redemption: &Redemption| {
            let (rule, (_, count)) = (redemption.rule()?.to_owned(), redemption.chosen()?);
            let id = redemption.id;
            let code = move |n: u32| if n == 1 { id.to_string() } else { format!("{id}/{n}") };
            Some((1..=count).map(move |n| occasion::Coupon { code: code(n), rule: rule.clone() }))
        };
        let live = self.redemptions.iter().filter(|r| takes_part(r.state));
        live.filter_map(of).flatten().take(occasion::COUPONS_MAX).collect()
    }

    /// What each payment covers and what each voucher covers or will, of a total: payments are of
    /// a fixed amount; vouchers take what is left in the order in which they came, and lose the
    /// rest.
    fn parts(&self, total: Money) -> (Money, Vec<(&Redemption, Money)>) {
        // Amounts of a counter are far from overflow; what cannot be counted covers nothing.
        let less = |left: Money, part: Money| left.minus(part).unwrap_or(left);
        let charged = self.payments.iter().filter(|p| counts(p.state)).map(|p| p.amount);
        let mut left = charged.fold(total, less);
        let mut parts = Vec::new();
        for redemption in self.redemptions.iter().filter(|r| takes_part(r.state)) {
            let part = match redemption.state {
                RedemptionState::Pending | RedemptionState::Redeemed => redemption.covers,
                RedemptionState::LookedUp
                | RedemptionState::Refused
                | RedemptionState::Reversing
                | RedemptionState::Reversed
                | RedemptionState::Kept => covers(redemption.worth(), left),
            };
            left = less(left, part);
            parts.push((redemption, part));
        }
        (left, parts)
    }

    /// What balance covers of a total, or will: what payments and vouchers leave, as far as it shall.
    pub(crate) fn balance_part(&self, total: Money) -> Money {
        self.balance.min(self.parts(total).0).max(Money::ZERO)
    }

    /// What is still to be paid of a total; below zero only if the total fell meanwhile.
    pub(crate) fn left(&self, total: Money) -> Money {
        let (left, part) = (self.parts(total).0, self.balance_part(total));
        left.minus(part).unwrap_or(left)
    }

    /// What a voucher covers of a total, or will.
    pub(crate) fn part_of(&self, id: RedemptionId, total: Money) -> Money {
        let (_, parts) = self.parts(total);
        let found = parts.into_iter().find(|(redemption, _)| redemption.id == id);
        found.map_or(Money::ZERO, |(_, part)| part)
    }

    /// What an order of a total is covered by: what is paid, what is used, and what balance pays.
    pub(crate) fn tenders(&self, total: Money) -> Vec<Tender> {
        let used = self.redemptions.iter().filter(|r| r.state == RedemptionState::Redeemed);
        let used = used.map(|r| Tender { kind: TenderKind::Voucher, amount: r.covers });
        let paid = self.payments.iter().filter(|p| p.state == PaymentState::Paid);
        let paid = paid.map(|p| Tender { kind: tender_kind(p.method), amount: p.amount });
        let balance = Tender { kind: TenderKind::Balance, amount: self.balance_part(total) };
        let all = used.chain(paid).chain([balance]);
        all.filter(|tender| tender.amount > Money::ZERO).collect()
    }

    /// What must be used before the cart can become an order, and what each covers: vouchers that
    /// cover something and coupons that took something. What does nothing is not spent.
    pub(crate) fn to_use(&self, quote: &Quote) -> Vec<(RedemptionId, Money)> {
        let coupons = self.coupons();
        let is_applied = |redemption: &Redemption| {
            let id = redemption.id.to_string();
            quote.applied.iter().any(|applied| match applied.by {
                By::Coupon(_, place) => {
                    let coupon = coupons.get(usize::from(place));
                    coupon.is_some_and(|coupon| coupon.code.starts_with(&id))
                }
                By::Rule(_) | By::Manual(_) => false,
            })
        };
        let (_, parts) = self.parts(quote.total);
        let looked_up = parts.into_iter().filter(|(r, _)| r.state == RedemptionState::LookedUp);
        let useful = looked_up.filter(|(r, part)| *part > Money::ZERO || is_applied(r));
        useful.map(|(redemption, part)| (redemption.id, part)).collect()
    }

    /// Payments, coupons and vouchers that have a part in the cart.
    pub(crate) fn n_live(&self) -> usize {
        let payments = self.payments.iter().filter(|p| counts(p.state)).count();
        payments + self.redemptions.iter().filter(|r| takes_part(r.state)).count()
    }

    /// Whether everything is paid or used and nothing more is to be given: it may become an order
    /// by itself. What was only looked up is nobody's consent.
    pub(crate) fn is_covered(&self, total: Money) -> bool {
        self.hold() == Hold::Taken && !self.is_charging() && self.left(total) == Money::ZERO
    }
}

mod shown_codes;

pub(crate) use shown_codes::{CodeMark, ShownCodes};

#[cfg(test)]
mod at_the_counter;

#[cfg(test)]
mod tests {
    use domain::{
        cart::Cart,
        id::Id,
        pricing::{Occasion, PriceBook},
        time::StoreClock,
    };
    use uuid::Uuid;

    use super::*;

    fn fen(minor: i64) -> Money {
        Money::from_minor(minor)
    }

    fn payment(state: PaymentState, minor: i64) -> Payment {
        Payment {
            id: Id::from_uuid(Uuid::from_u128(1)),
            order: Id::from_uuid(Uuid::from_u128(2)),
            workstation: 1,
            method: PaymentMethod::Wechat,
            amount: fen(minor),
            state,
            asked_at: Timestamp::from_micros(7),
            transaction: String::new(),
            refusal: None,
        }
    }

    fn voucher(state: RedemptionState, worth: i64, count: u32) -> Redemption {
        let offer = OfferV1 {
            title: "100元代金券".into(),
            count: 3,
            worth_minor: fen(worth),
            bought_minor: fen(worth / 2),
            rule: None,
            expires_at: None,
        };
        Redemption {
            id: Id::from_uuid(Uuid::from_u128(3)),
            order: Id::from_uuid(Uuid::from_u128(2)),
            workstation: 1,
            issuer: IssuerName::Douyin,
            state,
            offers: vec![offer],
            choice: (count > 0).then_some(Choice { offer: 0, count }),
            covers: Money::ZERO,
            code_tail: "0089".into(),
            looked_up_at: Timestamp::from_micros(5),
            asked_at: None,
            reversible_until: None,
            refusal: None,
        }
    }

    fn used(worth: i64, part: i64) -> Redemption {
        let asked_at = Some(Timestamp::from_micros(6));
        Redemption { covers: fen(part), asked_at, ..voucher(RedemptionState::Redeemed, worth, 1) }
    }

    #[test]
    fn the_cart_stands_still_while_another_house_has_not_said() {
        use PaymentState as P;
        use RedemptionState as R;
        let payments = [
            (P::Sent, Hold::Undecided),
            (P::Paying, Hold::Undecided),
            (P::Paid, Hold::Taken),
            (P::Refused, Hold::Free),
            (P::Reversing, Hold::Free),
            (P::Reversed, Hold::Free),
        ];
        assert_eq!(payments.map(|(state, _)| state), P::ALL);
        for (state, hold) in payments {
            let rights = Rights { payments: vec![payment(state, 1)], ..Rights::default() };
            assert_eq!(rights.hold(), hold, "{state:?}");
            assert_eq!(rights.is_charging(), state.is_undecided(), "{state:?}");
            // What may still be paid holds the price; what is not known covers nothing.
            assert_eq!(rights.held_at().is_some(), hold != Hold::Free, "{state:?}");
            assert_eq!(rights.tenders(fen(1_000)).is_empty(), state != P::Paid, "{state:?}");
        }
        for state in R::ALL {
            let hold = match state {
                R::Pending => Hold::Undecided,
                R::Redeemed => Hold::Taken,
                R::LookedUp | R::Refused | R::Reversing | R::Reversed | R::Kept => Hold::Free,
            };
            let redemptions = vec![voucher(state, 1, 1)];
            assert_eq!(Rights { redemptions, ..Rights::default() }.hold(), hold, "{state:?}");
        }
        let both = Rights {
            payments: vec![payment(P::Paid, 1)],
            redemptions: vec![voucher(R::Pending, 1, 1)],
            ..Rights::default()
        };
        assert_eq!(both.hold(), Hold::Undecided, "what is not known weighs more");
    }

    #[test]
    fn payments_are_of_a_fixed_amount_and_vouchers_take_what_is_left_in_their_order() {
        use PaymentState as P;
        use RedemptionState as R;
        let table = [
            (vec![], vec![], 8_000, "-"),
            (vec![payment(P::Sent, 3_000)], vec![], 5_000, "-"),
            (vec![payment(P::Paid, 3_000)], vec![], 5_000, "-"),
            (vec![payment(P::Reversing, 3_000)], vec![], 8_000, "-"),
            (vec![payment(P::Refused, 3_000)], vec![], 8_000, "-"),
            (vec![], vec![voucher(R::LookedUp, 3_000, 1)], 5_000, "3000"),
            (vec![], vec![voucher(R::LookedUp, 3_000, 2)], 2_000, "6000"),
            (vec![], vec![voucher(R::LookedUp, 3_000, 3)], 0, "8000"),
            (vec![], vec![voucher(R::LookedUp, 3_000, 0)], 8_000, "0"),
            (vec![], vec![voucher(R::Refused, 3_000, 1)], 8_000, "-"),
            (
                vec![payment(P::Paid, 3_000)],
                vec![voucher(R::LookedUp, 4_000, 1), voucher(R::LookedUp, 4_000, 1)],
                0,
                "4000 1000",
            ),
            (vec![], vec![used(3_000, 3_000), voucher(R::LookedUp, 9_000, 1)], 0, "3000 5000"),
        ];
        for (payments, redemptions, left, expected) in table {
            let rights = Rights { payments, redemptions, ..Rights::default() };
            let (_, parts) = rights.parts(fen(8_000));
            let parts: Vec<String> =
                parts.iter().map(|(_, part)| part.minor().to_string()).collect();
            let parts = if parts.is_empty() { "-".to_owned() } else { parts.join(" ") };
            assert_eq!((rights.left(fen(8_000)), parts.as_str()), (fen(left), expected));
        }
    }

    #[test]
    fn no_more_vouchers_are_spent_than_a_part_needs() {
        for (worth, chosen, part, spent) in [
            (3_000, 3, 9_000, 3),
            (3_000, 3, 6_001, 3),
            (3_000, 3, 6_000, 2),
            (3_000, 3, 1, 1),
            (3_000, 2, 9_000, 2),
            // A coupon covers nothing, and is used as it was chosen.
            (0, 2, 0, 2),
        ] {
            let choice = voucher(RedemptionState::LookedUp, worth, chosen).needed_for(fen(part));
            assert_eq!(choice, Some(Choice { offer: 0, count: spent }), "{worth} {chosen} {part}");
        }
        assert_eq!(voucher(RedemptionState::LookedUp, 3_000, 0).needed_for(fen(1)), None);
    }

    #[test]
    fn only_what_is_paid_or_used_makes_an_order_by_itself() {
        use PaymentState as P;
        use RedemptionState as R;
        let table = [
            (vec![payment(P::Paid, 800)], vec![], true),
            (vec![payment(P::Paid, 700)], vec![], false),
            (vec![payment(P::Paying, 800)], vec![], false),
            (vec![], vec![voucher(R::LookedUp, 800, 1)], false),
            (vec![], vec![used(800, 800)], true),
            (vec![payment(P::Paid, 300)], vec![voucher(R::LookedUp, 500, 1)], true),
            (vec![payment(P::Paid, 300)], vec![voucher(R::Pending, 500, 1)], false),
            (vec![payment(P::Paid, 800), payment(P::Reversing, 800)], vec![], false),
        ];
        for (place, (payments, redemptions, is_covered)) in table.into_iter().enumerate() {
            let rights = Rights { payments, redemptions, ..Rights::default() };
            assert_eq!(rights.is_covered(fen(800)), is_covered, "row {place}");
        }
    }

    #[test]
    fn what_does_nothing_is_not_spent() {
        let mut coupon = voucher(RedemptionState::LookedUp, 0, 2);
        coupon.offers[0].rule = Some("ten".into());
        let rights = Rights {
            redemptions: vec![
                coupon,
                voucher(RedemptionState::LookedUp, 500, 0),
                voucher(RedemptionState::LookedUp, 500, 1),
            ],
            ..Rights::default()
        };
        let codes: Vec<String> = rights.coupons().into_iter().map(|c| c.code).collect();
        assert_eq!(codes.len(), 2);
        assert_ne!(codes[0], codes[1], "each coupon of a quote has a number of its own");
        let at = Timestamp::from_micros(0);
        let occasion = Occasion::at_till("S1".into(), StoreClock::default(), at);
        let cart = Cart::open(Id::from_uuid(Uuid::from_u128(2)), 0);
        let mut quote =
            domain::pricing::quote(&PriceBook::default(), &cart.lines, &occasion).unwrap();
        assert_eq!(rights.to_use(&quote).len(), 0, "nothing to pay, no coupon that took anything");
        quote.total = fen(300);
        let to_use: Vec<i64> = rights.to_use(&quote).iter().map(|(_, part)| part.minor()).collect();
        assert_eq!(to_use, [300]);
    }
}

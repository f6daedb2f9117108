//! Payments by code, coupons and vouchers as screens show them.
//!
//! **Invariant:** what is not known is never called a no, on either side of the counter; no code but
//! its last signs.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use domain::{
    money::Money,
    payment::{PaymentMethod, PaymentState},
    redemption::{IssuerName, RedemptionState},
};
use sync::wire::OfferV1;

use crate::{
    http::{
        body::MoneyBody,
        problem::{Language, Problem, ProblemBody},
    },
    rights::{Hold, Payment, Redemption, Rights},
    screens::Scene,
};

/// A house that takes payment codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MethodView {
    Wechat,
    Alipay,
}

impl From<PaymentMethod> for MethodView {
    fn from(method: PaymentMethod) -> Self {
        match method {
            PaymentMethod::Wechat => Self::Wechat,
            PaymentMethod::Alipay => Self::Alipay,
        }
    }
}

/// A house whose coupons and vouchers are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum IssuerView {
    Douyin,
    Wechat,
}

impl From<IssuerName> for IssuerView {
    fn from(issuer: IssuerName) -> Self {
        match issuer {
            IssuerName::Douyin => Self::Douyin,
            IssuerName::Wechat => Self::Wechat,
        }
    }
}

/// Where a payment stands. `sent`, `paying` and `reversing` are not known yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PaymentStateView {
    Sent,
    Paying,
    Paid,
    Refused,
    Reversing,
    Reversed,
}

impl From<PaymentState> for PaymentStateView {
    fn from(state: PaymentState) -> Self {
        match state {
            PaymentState::Sent => Self::Sent,
            PaymentState::Paying => Self::Paying,
            PaymentState::Paid => Self::Paid,
            PaymentState::Refused => Self::Refused,
            PaymentState::Reversing => Self::Reversing,
            PaymentState::Reversed => Self::Reversed,
        }
    }
}

/// Where the use of a coupon or voucher stands. `pending` and `reversing` are not known yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RedemptionStateView {
    LookedUp,
    Pending,
    Redeemed,
    Refused,
    Reversing,
    Reversed,
    Kept,
}

impl From<RedemptionState> for RedemptionStateView {
    fn from(state: RedemptionState) -> Self {
        match state {
            RedemptionState::LookedUp => Self::LookedUp,
            RedemptionState::Pending => Self::Pending,
            RedemptionState::Redeemed => Self::Redeemed,
            RedemptionState::Refused => Self::Refused,
            RedemptionState::Reversing => Self::Reversing,
            RedemptionState::Reversed => Self::Reversed,
            RedemptionState::Kept => Self::Kept,
        }
    }
}

/// Whether a cart may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum HoldView {
    /// It may.
    Free,
    /// Something is paid or used: it may be completed, or voided as a whole.
    Taken,
    /// Another house has not said: it stands still, also for cash.
    Undecided,
}

/// A payment by code.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct PaymentView {
    id: Uuid,
    method: MethodView,
    state: PaymentStateView,
    amount: MoneyBody,
    /// When it was asked for.
    since: String,
    /// Why not, in sentences.
    problem: Option<ProblemBody>,
}

/// What a look-up offers.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct OfferView {
    title: String,
    /// How many of it may be used together.
    count: u32,
    /// What one pays; nothing for a coupon, which reduces instead.
    worth: MoneyBody,
    /// It is a coupon: it reduces the total by its rule.
    reduces: bool,
    expires_at: Option<String>,
}

impl From<&OfferV1> for OfferView {
    fn from(offer: &OfferV1) -> Self {
        Self {
            title: offer.title.clone(),
            count: offer.count.max(1),
            worth: offer.worth_minor.into(),
            reduces: offer.rule.is_some(),
            expires_at: offer.expires_at.map(|at| at.to_string()),
        }
    }
}

/// Which of the offers, and how many of it.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(crate) struct ChoiceView {
    offer: u16,
    count: u32,
}

/// A coupon or voucher beside the cart.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct RedemptionView {
    id: Uuid,
    issuer: IssuerView,
    state: RedemptionStateView,
    /// What its house calls it; of what is chosen, else of the first offer.
    title: String,
    /// The last signs of its code.
    code_tail: String,
    offers: Vec<OfferView>,
    /// What shall be used; none until somebody chose between several.
    choice: Option<ChoiceView>,
    /// What it covers of the total; nothing for a coupon.
    amount: MoneyBody,
    /// It will be used when the cart is completed. A voucher where nothing is left to cover, or a
    /// coupon that takes nothing, is not.
    takes_part: bool,
    /// When it was looked up, or its use was asked for.
    since: String,
    /// Until when it can be given back.
    reversible_until: Option<String>,
    /// Why not, in sentences.
    problem: Option<ProblemBody>,
}

/// What other houses have a say in.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct RightsView {
    payments: Vec<PaymentView>,
    redemptions: Vec<RedemptionView>,
    /// Coupons and vouchers of the cart whose houses are being asked what they are worth. Each
    /// becomes one of `redemptions`, or `last_scan` tells why not; nothing waits for it.
    looking_up: Vec<Uuid>,
    /// What is still to be paid after all that is paid, under way, or will be used.
    left: MoneyBody,
    /// What the member's prepaid balance covers.
    balance: MoneyBody,
    hold: HoldView,
    /// Whether a payment code may be charged now.
    can_charge: bool,
}

/// A step of the payer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum WaitStep {
    /// The charge is under way; nothing for the shopper to do.
    Asking,
    /// The shopper's phone asks for a word: 请在手机上确认.
    Confirm,
    /// A coupon or voucher is being used.
    Redeeming,
}

/// What a shopper waits for. It ends with a yes, a no, or the operator taking it off; time alone
/// ends nothing.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct WaitView {
    step: WaitStep,
    /// Whose payment; none while a voucher is used.
    method: Option<MethodView>,
    amount: MoneyBody,
    since: String,
}

/// What an operator sees.
pub(super) fn of(scene: &Scene, language: Language) -> RightsView {
    let priced = &scene.priced;
    let (rights, total) = (&priced.station.rights, priced.quote.total);
    let left = rights.left(total);
    let to_use = rights.to_use(&priced.quote);
    let shown = rights.redemptions.iter().filter(|r| r.state != RedemptionState::Reversed);
    RightsView {
        payments: shown_payments(rights).map(|payment| payment_view(payment, language)).collect(),
        redemptions: shown
            .map(|redemption| {
                let is_used = to_use.iter().any(|(id, _)| *id == redemption.id);
                let part = rights.part_of(redemption.id, total);
                redemption_view(redemption, part, is_used, language)
            })
            .collect(),
        looking_up: scene.looking_up().map(domain::id::Id::uuid).collect(),
        left: left.into(),
        balance: rights.balance_part(total).into(),
        hold: match rights.hold() {
            Hold::Free => HoldView::Free,
            Hold::Taken => HoldView::Taken,
            Hold::Undecided => HoldView::Undecided,
        },
        can_charge: rights.hold() != Hold::Undecided
            && !rights.is_charging()
            && left > Money::ZERO
            && !priced.station.cart.is_empty(),
    }
}

/// Charges that came to nothing, of which screens show the newest.
const OVER_SHOWN_MAX: usize = 3;

/// What is paid or not known yet, and the last few that came to nothing.
fn shown_payments(rights: &Rights) -> impl Iterator<Item = &Payment> {
    let is_over =
        |payment: &Payment| matches!(payment.state, PaymentState::Refused | PaymentState::Reversed);
    let n_over = rights.payments.iter().filter(|payment| is_over(payment)).count();
    let mut hidden = n_over.saturating_sub(OVER_SHOWN_MAX);
    rights.payments.iter().filter(move |payment| {
        let is_hidden = is_over(payment) && hidden > 0;
        hidden -= usize::from(is_hidden);
        !is_hidden
    })
}

/// Why something is not to be, in sentences.
fn problem(refusal: Option<&str>, language: Language) -> Option<ProblemBody> {
    refusal.map(|word| Problem::of_other_house(word).body(language))
}

fn payment_view(payment: &Payment, language: Language) -> PaymentView {
    PaymentView {
        id: payment.id.uuid(),
        method: payment.method.into(),
        state: payment.state.into(),
        amount: payment.amount.into(),
        since: payment.asked_at.to_string(),
        problem: problem(why(payment), language),
    }
}

/// Words that say something of money on its way back. Any other was the answer to a charge, and its
/// sentence says that nothing was charged, which is not known yet.
const OF_GOING_BACK: [&str; 6] =
    ["not-heard", "took-too-long", "too-late", "not-reversible", "merchant-short", "being-undone"];

/// The word of the sentence that is true of a payment as it stands.
fn why(payment: &Payment) -> Option<&str> {
    let word = payment.refusal.as_deref()?;
    let is_true = payment.state != PaymentState::Reversing
        || OF_GOING_BACK.contains(&word.replace('_', "-").as_str());
    Some(if is_true { word } else { "being-undone" })
}

fn redemption_view(
    redemption: &Redemption,
    part: Money,
    is_used: bool,
    language: Language,
) -> RedemptionView {
    let named = redemption.chosen().map(|(offer, _)| offer).or(redemption.offers.first());
    let takes_part = match redemption.state {
        RedemptionState::LookedUp => is_used,
        RedemptionState::Pending | RedemptionState::Redeemed => true,
        RedemptionState::Refused
        | RedemptionState::Reversing
        | RedemptionState::Reversed
        | RedemptionState::Kept => false,
    };
    RedemptionView {
        id: redemption.id.uuid(),
        issuer: redemption.issuer.into(),
        state: redemption.state.into(),
        title: named.map(|offer| offer.title.clone()).unwrap_or_default(),
        code_tail: redemption.code_tail.clone(),
        offers: redemption.offers.iter().map(OfferView::from).collect(),
        choice: redemption
            .choice
            .map(|choice| ChoiceView { offer: choice.offer, count: choice.count }),
        amount: part.into(),
        takes_part,
        since: redemption.asked_at.unwrap_or(redemption.looked_up_at).to_string(),
        reversible_until: redemption.reversible_until.map(|at| at.to_string()),
        problem: problem(redemption.refusal.as_deref(), language),
    }
}

/// What a shopper waits for, if they do.
pub(super) fn wait(rights: &Rights) -> Option<WaitView> {
    let payment = rights.payments.iter().find_map(|payment| {
        let step = match payment.state {
            PaymentState::Sent => WaitStep::Asking,
            PaymentState::Paying => WaitStep::Confirm,
            PaymentState::Paid
            | PaymentState::Refused
            | PaymentState::Reversing
            | PaymentState::Reversed => return None,
        };
        Some(WaitView {
            step,
            method: Some(payment.method.into()),
            amount: payment.amount.into(),
            since: payment.asked_at.to_string(),
        })
    });
    let pending = || rights.redemptions.iter().find(|r| r.state == RedemptionState::Pending);
    payment.or_else(|| {
        pending().map(|redemption| WaitView {
            step: WaitStep::Redeeming,
            method: None,
            amount: redemption.covers.into(),
            since: redemption.asked_at.unwrap_or(redemption.looked_up_at).to_string(),
        })
    })
}

#[cfg(test)]
mod tests {
    use domain::{id::Id, time::Timestamp};

    use super::*;

    fn payment(state: PaymentState) -> Payment {
        Payment {
            id: Id::from_uuid(Uuid::from_u128(1)),
            order: Id::from_uuid(Uuid::from_u128(2)),
            workstation: 1,
            method: PaymentMethod::Alipay,
            amount: Money::from_minor(1_200),
            state,
            asked_at: Timestamp::from_micros(7),
            transaction: String::new(),
            refusal: None,
        }
    }

    #[test]
    fn a_shopper_waits_while_their_payment_may_still_be_paid_and_is_told_no_failure() {
        use PaymentState as P;
        for state in P::ALL {
            let payments = vec![payment(P::Refused), payment(state)];
            let rights = Rights { payments, ..Rights::default() };
            let step = wait(&rights).map(|wait| wait.step);
            let expected = match state {
                P::Sent => Some(WaitStep::Asking),
                P::Paying => Some(WaitStep::Confirm),
                P::Paid | P::Refused | P::Reversing | P::Reversed => None,
            };
            assert_eq!(step, expected, "{state:?}");
            let told = serde_json::to_string(&wait(&rights)).unwrap();
            assert!(!told.contains("problem"), "{told}");
        }
    }

    #[test]
    fn states_are_written_as_they_are_kept() {
        for state in PaymentState::ALL {
            let written = serde_json::to_value(PaymentStateView::from(state)).unwrap();
            assert_eq!(written, state.word());
        }
        for state in RedemptionState::ALL {
            let written = serde_json::to_value(RedemptionStateView::from(state)).unwrap();
            assert_eq!(written, state.word());
        }
    }

    #[test]
    fn a_payment_that_was_refused_says_why_in_both_languages() {
        let refused =
            Payment { refusal: Some("funds-short".to_owned()), ..payment(PaymentState::Refused) };
        for (language, title) in
            [(Language::Chinese, "余额不足"), (Language::English, "Not enough money")]
        {
            let view = serde_json::to_value(payment_view(&refused, language)).unwrap();
            assert_eq!(view["problem"]["title"], title);
            assert_eq!(view["problem"]["type"], "/problems/refused-funds-short");
        }
    }

    #[test]
    fn what_is_being_undone_is_not_told_as_never_charged() {
        for (state, word, expected) in [
            (PaymentState::Reversing, "not-set-up", "being-undone"),
            (PaymentState::Reversing, "too-late", "too-late"),
            (PaymentState::Reversing, "merchant_short", "merchant_short"),
            (PaymentState::Reversed, "not-set-up", "not-set-up"),
            (PaymentState::Refused, "funds-short", "funds-short"),
        ] {
            let told = Payment { refusal: Some(word.to_owned()), ..payment(state) };
            assert_eq!(why(&told), Some(expected), "{state:?} {word}");
        }
    }

    #[test]
    fn of_charges_that_came_to_nothing_the_last_few_are_shown() {
        let mut payments = vec![payment(PaymentState::Refused); 5];
        payments.insert(1, payment(PaymentState::Paid));
        let rights = Rights { payments, ..Rights::default() };
        let shown: Vec<PaymentState> = shown_payments(&rights).map(|p| p.state).collect();
        let over = PaymentState::Refused;
        assert_eq!(shown, [PaymentState::Paid, over, over, over]);
    }
}

//! What the store asks the mall about payments by code, coupons and vouchers, and about goods of
//! online orders that come back.
//!
//! **Invariant:** an answer that is not a plain one is told as what it is; nothing is guessed and
//! nothing is sent twice here.

use std::time::Duration;

use domain::id::{PaymentId, RedemptionId};
use sync::{
    path,
    wire::{
        BroughtV1, ChargeV1, LookUpV1, OnlineOrderV1, OnlineReturnV1, PaymentV1, RedemptionV1,
        ReversalV1, TakeBackV1, UseV1,
    },
};

use super::mall::{Mall, MallError};
use crate::{Chain, context::Context};

/// A shopper and a cashier wait for a look-up or a use; after this it is silence. Longer than the
/// other house's own limits of 3 and 5 s together.
const WAIT: Duration = Duration::from_secs(12);

/// What the types of the mall's problems begin with.
const PROBLEMS: &str = "/problems/";
/// Its word for what it does not know.
const NOT_FOUND: &str = "not-found";

/// What became of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Told<T> {
    /// The mall says how it stands.
    Says(T),
    /// It knows no such thing.
    Unknown,
    /// It does not take the question, in one word.
    TurnedAway(String),
    /// No connection was made: not a byte of the question has left this box.
    NeverLeft,
    /// Nothing, or nonsense: it may have been heard or not.
    Silence,
}

/// Asks for a charge.
pub(crate) async fn charge(context: &Context, charge: &ChargeV1) -> Told<PaymentV1> {
    let Some(mall) = context.mall.get() else { return Told::NeverLeft };
    hear(context, mall.post(path::PAYMENTS, charge).await)
}

/// Asks where a payment stands.
pub(crate) async fn payment(context: &Context, id: PaymentId) -> Told<PaymentV1> {
    let Some(mall) = context.mall.get() else { return Told::NeverLeft };
    hear(context, mall.get(&path::payment(id)).await)
}

/// Asks that a payment shall not be.
pub(crate) async fn reversal(
    context: &Context,
    id: PaymentId,
    reversal: &ReversalV1,
) -> Told<PaymentV1> {
    let Some(mall) = context.mall.get() else { return Told::NeverLeft };
    hear(context, mall.post(&path::reversal(id), reversal).await)
}

/// Asks what a coupon or voucher is worth.
pub(crate) async fn look_up(context: &Context, look_up: &LookUpV1) -> Told<RedemptionV1> {
    let Some(mall) = context.mall.get() else { return Told::NeverLeft };
    within(context, mall.post(path::REDEMPTIONS, look_up)).await
}

/// Asks to use what was looked up.
pub(crate) async fn redeem(
    context: &Context,
    id: RedemptionId,
    use_: &UseV1,
) -> Told<RedemptionV1> {
    let Some(mall) = context.mall.get() else { return Told::NeverLeft };
    within(context, mall.post(&path::redemption_use(id), use_)).await
}

/// Asks to give back what was used.
pub(crate) async fn give_back(context: &Context, id: RedemptionId) -> Told<RedemptionV1> {
    let Some(mall) = context.mall.get() else { return Told::NeverLeft };
    let nothing = serde_json::Map::new();
    within(context, mall.post(&path::redemption_reversal(id), &nothing)).await
}

/// Asks what of an online order may come back.
pub(crate) async fn online_order(context: &Context, brought: &BroughtV1) -> Told<OnlineOrderV1> {
    let Some(mall) = context.mall.get() else { return Told::NeverLeft };
    within(context, mall.post(path::ONLINE_ORDERS, brought)).await
}

/// Asks to take goods of an online order back.
pub(crate) async fn take_back(context: &Context, asked: &TakeBackV1) -> Told<OnlineReturnV1> {
    let Some(mall) = context.mall.get() else { return Told::NeverLeft };
    within(context, mall.post(path::ONLINE_RETURNS, asked)).await
}

/// Waits no longer for an answer than somebody at a screen does.
pub(super) async fn within<T>(
    context: &Context,
    answer: impl Future<Output = Result<T, MallError>>,
) -> Told<T> {
    match tokio::time::timeout(WAIT, answer).await {
        Ok(answer) => hear(context, answer),
        Err(_) => Told::Silence,
    }
}

/// Reads an answer, and notes whether the mall can be reached.
pub(super) fn hear<T>(context: &Context, answer: Result<T, MallError>) -> Told<T> {
    let told = tell(answer);
    let is_up = match told {
        Told::Says(_) | Told::Unknown | Told::TurnedAway(_) => Some(true),
        Told::NeverLeft => Some(false),
        Told::Silence => None,
    };
    if let Some(is_up) = is_up
        && context.link.reached(is_up, context.clock.now())
    {
        context.nudges.mall_back.give();
        context.screens.beat();
    }
    told
}

fn tell<T>(answer: Result<T, MallError>) -> Told<T> {
    let error = match answer {
        Ok(says) => return Told::Says(says),
        Err(error) => error,
    };
    // The body of a question is in no error; its path has an id of ours.
    tracing::debug!(error = %Chain(&error), "The mall gave no plain answer about a right");
    match error {
        MallError::Silent(source) if source.is_connect() => Told::NeverLeft,
        MallError::Key(_) | MallError::Client(_) => Told::NeverLeft,
        // Too slow, too many: what it means for the question is not said.
        MallError::Refused { status: 408 | 429, .. } => Told::Silence,
        MallError::Refused { status: 400..=499, problem, .. } => said_no(&problem),
        MallError::Silent(_)
        | MallError::Refused { .. }
        | MallError::Nonsense
        | MallError::Newer
        | MallError::TooLarge
        | MallError::Write(_) => Told::Silence,
        // There was no way to ask at all.
        MallError::Tls(_) | MallError::Certificate(_) => Told::NeverLeft,
    }
}

/// A no counts in the mall's own words alone. A proxy, or a portal of somebody's Wi-Fi, has pages of
/// its own for what it does not know, and the mall may have done what was asked meanwhile.
fn said_no<T>(problem: &str) -> Told<T> {
    match problem.strip_prefix(PROBLEMS) {
        Some(NOT_FOUND) => Told::Unknown,
        Some(word) if !word.is_empty() => Told::TurnedAway(word.to_owned()),
        Some(_) | None => Told::Silence,
    }
}

/// The way to the mall, once this box has one.
pub(crate) type Way = std::sync::OnceLock<Mall>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_no_is_a_no() {
        let refused = |status, problem: &str| {
            let (problem, retry_after_ms) = (problem.to_owned(), None);
            tell::<()>(Err(MallError::Refused { status, problem, retry_after_ms }))
        };
        let turned_away = |word: &str| Told::TurnedAway(word.to_owned());
        for (told, expected) in [
            (tell(Ok(())), Told::Says(())),
            (refused(404, "/problems/not-found"), Told::Unknown),
            (refused(404, "no problem document"), Told::Silence),
            (refused(404, "about:blank"), Told::Silence),
            (refused(404, "https://proxy.example/problems/not-found"), Told::Silence),
            (refused(404, "/problems/claim-unknown"), turned_away("claim-unknown")),
            (refused(409, "/problems/payment-conflict"), turned_away("payment-conflict")),
            (refused(422, "no problem document"), Told::Silence),
            (refused(403, "/problems/"), Told::Silence),
            (refused(408, "x"), Told::Silence),
            (refused(429, "x"), Told::Silence),
            (refused(500, "x"), Told::Silence),
            (refused(504, "silence"), Told::Silence),
            (refused(302, "x"), Told::Silence),
            (tell(Err(MallError::Nonsense)), Told::Silence),
            (tell(Err(MallError::TooLarge)), Told::Silence),
        ] {
            assert_eq!(told, expected);
        }
    }
}

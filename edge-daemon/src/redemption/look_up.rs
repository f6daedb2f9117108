//! A look-up: what a coupon or voucher is worth, asked while the counter goes on. It spends nothing.

use std::sync::Arc;

use domain::{
    id::{OrderId, RedemptionId},
    money::Money,
    receipt_number::WorkstationNumber,
    redemption::{IssuerName, REDEMPTIONS_MAX, RedemptionState},
};
use platforms::ForeignCode;
use sync::wire::{LookUpV1, OFFERS_MAX, PRESENTED_BYTES_MAX, RedemptionV1};

use crate::{
    Chain,
    checkout::{CheckoutError, retell, to_the_end},
    context::{Context, mint},
    db::{self, station},
    fault, prices,
    refusal::Refusal,
    rights::{Choice, Hold, Redemption, Secret},
    screens::LookingUp,
    station::{Priced, ScanFate, Station},
    uplink::rights::{self, Told},
};

/// Lengths of the numbers that Douyin prints under its codes.
const DOUYIN_DIGITS: [usize; 2] = [12, 15];

/// A wish to know what a coupon or voucher is worth.
#[derive(Clone, Debug)]
pub(crate) struct LookUp {
    /// At which workstation.
    pub(crate) workstation: WorkstationNumber,
    /// Its id, made by the screen: the idempotency key.
    pub(crate) id: RedemptionId,
    /// For which cart; a scan means the one that is there.
    pub(crate) order: Option<OrderId>,
    /// What was scanned or typed.
    pub(crate) presented: Secret,
    /// Whose it is, if somebody said; else its form tells.
    pub(crate) issuer: Option<IssuerName>,
}

/// Whose a text is, by its form: Douyin's links and numbers, else a merchant coupon of WeChat's.
pub(crate) fn issuer_of(presented: &str) -> Option<IssuerName> {
    let is_link = platforms::recognise(presented) == Some(ForeignCode::DouyinVoucher);
    let is_digits = presented.bytes().all(|byte| byte.is_ascii_digit());
    let is_word = presented.bytes().all(|byte| byte.is_ascii_alphanumeric());
    match presented.len() {
        _ if is_link => Some(IssuerName::Douyin),
        n if is_digits && DOUYIN_DIGITS.contains(&n) => Some(IssuerName::Douyin),
        1..=32 if is_word => Some(IssuerName::Wechat),
        _ => None,
    }
}

/// Whose else it may be, by its form: WeChat's coupon codes are digits too, as many as Douyin's.
fn other_issuer_of(presented: &str) -> Option<IssuerName> {
    let is_digits = presented.bytes().all(|byte| byte.is_ascii_digit());
    (is_digits && DOUYIN_DIGITS.contains(&presented.len())).then_some(IssuerName::Wechat)
}

/// Begins to ask what it is worth; nothing is used. `false` where it lies beside the cart already.
///
/// Another house may take seconds to answer, or never does: the next goods are scanned meanwhile,
/// and the shopper pays with something else.
pub(crate) async fn look_up(context: &Arc<Context>, wish: LookUp) -> Result<bool, CheckoutError> {
    let context = Arc::clone(context);
    to_the_end(async move {
        let Some(asked) = may_ask(&context, wish).await? else { return Ok(false) };
        follow_up(&context, asked);
        Ok(true)
    })
    .await
}

/// The question for what it is worth, if it may be asked; `None` when it was before. Asks nobody.
async fn may_ask(context: &Arc<Context>, wish: LookUp) -> Result<Option<LookUpV1>, CheckoutError> {
    let presented = wish.presented.0.trim().to_owned();
    let is_text = (1..=PRESENTED_BYTES_MAX).contains(&presented.len());
    let issuer = wish.issuer.or_else(|| issuer_of(&presented)).filter(|_| is_text);
    let issuer = issuer.ok_or(Refusal::NotAVoucher)?;
    let otherwise = other_issuer_of(&presented).filter(|_| wish.issuer.is_none());
    let (workstation, id, named) = (wish.workstation, wish.id, wish.order);
    let fresh = mint();
    let scene = context.screens.follow(workstation).map(|scenes| scenes.borrow().clone());
    let others = scene.map_or(0, |scene| scene.looking_up().filter(|other| *other != id).count());
    let before = context.ledger.read(move |db| -> Result<_, CheckoutError> {
        may_look_up(&station::load(db, workstation, fresh)?, id, named, others)
    });
    let order = before.await?;
    Ok(order.map(|order| LookUpV1 { id, order, workstation, issuer, otherwise, presented }))
}

/// Asks the question while the counter goes on, and tells its screens what came of it: unless the
/// cart has gone by then, for whoever stands there now did not show it.
fn follow_up(context: &Arc<Context>, asked: LookUpV1) {
    let (workstation, id, order) = (asked.workstation, asked.id, asked.order);
    if !context.screens.looks_up(workstation, LookingUp { id, order }) {
        return;
    }
    let of = Arc::clone(context);
    context.tasks.spawn(async move {
        let fate = match ask_its_worth(&of, asked).await {
            Ok(()) => ScanFate::Redemption(id),
            Err(CheckoutError::Refused(refusal)) => ScanFate::Refused(refusal),
            Err(CheckoutError::Db(error)) => {
                tracing::error!(
                    redemption.id = %id, order.id = %order, error = %Chain(&error),
                    "What was looked up was not kept",
                );
                ScanFate::Refused(Refusal::NotKept)
            }
        };
        let scenes = of.screens.follow(workstation);
        if scenes.is_some_and(|scenes| scenes.borrow().priced.station.cart.order == order) {
            of.scanned(workstation, fate);
        }
        of.screens.looked_up(workstation, id);
    });
}

/// Asks the question and puts what is answered beside its cart.
async fn ask_its_worth(context: &Arc<Context>, asked: LookUpV1) -> Result<(), CheckoutError> {
    let told = rights::look_up(context, &asked).await;
    fault::point("redemption.looked_up");
    let says = understood(told, &asked)?;
    keep(context, asked.workstation, asked.order, says).await
}

/// Whether something may be put beside this cart while so many others are asked about, and for
/// which order; `None` when it is there.
fn may_look_up(
    counter: &Station,
    id: RedemptionId,
    named: Option<OrderId>,
    others: usize,
) -> Result<Option<OrderId>, CheckoutError> {
    let order = counter.cart.order;
    if counter.seller().is_none() {
        return Err(Refusal::NotSignedIn.into());
    }
    if named.is_some_and(|named| named != order) {
        return Err(Refusal::CartChanged.into());
    }
    let known = counter.rights.redemptions.iter().find(|redemption| redemption.id == id);
    if known.is_some() {
        return Ok(None);
    }
    if counter.rights.hold() == Hold::Undecided {
        return Err(Refusal::Undecided.into());
    }
    if counter.rights.n_live() + counter.coupons.len() + others >= REDEMPTIONS_MAX {
        return Err(Refusal::TooManyRedemptions.into());
    }
    Ok(Some(order))
}

/// What a look-up brought, or why it brought nothing.
fn understood(told: Told<RedemptionV1>, asked: &LookUpV1) -> Result<RedemptionV1, Refusal> {
    match told {
        Told::Says(says) if says.id != asked.id || !asked.may_be_of(says.issuer) => {
            Err(Refusal::MallSilent)
        }
        Told::Says(says) if says.state == RedemptionState::LookedUp && !says.offers.is_empty() => {
            Ok(says)
        }
        Told::Says(says) => Err(Refusal::OtherHouse {
            word: says.refusal.unwrap_or_else(|| "nothing-to-redeem".to_owned()),
        }),
        Told::TurnedAway(word) => Err(Refusal::OtherHouse { word }),
        Told::Unknown => Err(Refusal::OtherHouse { word: "not-offered".to_owned() }),
        Told::NeverLeft => Err(Refusal::MallUnreachable),
        Told::Silence => Err(Refusal::MallSilent),
    }
}

/// Puts what was looked up beside its cart.
async fn keep(
    context: &Arc<Context>,
    workstation: WorkstationNumber,
    order: OrderId,
    says: RedemptionV1,
) -> Result<(), CheckoutError> {
    let (now, fresh, terms) = (context.clock.now(), mint(), context.terms(workstation));
    let priced = context
        .ledger
        .write(move |tx| -> Result<_, CheckoutError> {
            let mut counter = station::load(tx, workstation, fresh)?;
            if may_look_up(&counter, says.id, Some(order), 0)?.is_none() {
                return Ok(Priced::of(counter, &terms)?);
            }
            let offers: Vec<_> = says.offers.into_iter().take(OFFERS_MAX).collect();
            let is_reducing = offers.iter().any(|offer| offer.rule.is_some());
            // What is paid was paid for these prices.
            if is_reducing && counter.rights.hold() != Hold::Free {
                return Err(Refusal::Held.into());
            }
            let is_known = |rule: &String| terms.book.find(rule).is_some();
            if !offers.iter().filter_map(|offer| offer.rule.as_ref()).all(is_known) {
                return Err(Refusal::CouponWithoutRule.into());
            }
            let redemption = Redemption {
                id: says.id,
                order,
                workstation,
                issuer: says.issuer,
                state: RedemptionState::LookedUp,
                // One offer needs no choosing.
                choice: (offers.len() == 1).then_some(Choice { offer: 0, count: 1 }),
                offers,
                covers: Money::ZERO,
                code_tail: says.code_tail.chars().take(CODE_TAIL_CHARS_MAX).collect(),
                looked_up_at: now,
                asked_at: None,
                reversible_until: None,
                refusal: None,
            };
            db::redemption::insert(tx, &redemption)?;
            counter.is_done = false;
            retell(tx, counter, &terms)
        })
        .await?;
    fault::point("redemption.kept");
    prices::show(context, priced);
    Ok(())
}

/// Signs of a code's end that people may see, whatever the mall sends.
const CODE_TAIL_CHARS_MAX: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_it_is_follows_from_its_form() {
        for (text, issuer) in [
            ("https://v.douyin.com/abc/", (Some(IssuerName::Douyin), None)),
            ("123456789012", (Some(IssuerName::Douyin), Some(IssuerName::Wechat))),
            ("123456789012345", (Some(IssuerName::Douyin), Some(IssuerName::Wechat))),
            ("1234567890123", (Some(IssuerName::Wechat), None)),
            ("CP20261122A", (Some(IssuerName::Wechat), None)),
            ("CP2026112201", (Some(IssuerName::Wechat), None)),
            ("https://evil.example/", (None, None)),
            ("", (None, None)),
            ("two words", (None, None)),
            ("123456789012345678901234567890123", (None, None)),
        ] {
            assert_eq!((issuer_of(text), other_issuer_of(text)), issuer, "{text}");
        }
    }
}

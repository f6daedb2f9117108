//! Coupons of the brand's own (优惠券): signed by the mall, believed by its keys alone, used once.
//!
//! They reduce as their rule says, from the moment they lie on the counter. Nothing is spent before
//! the order: that a coupon was used is written in its transaction.
//!
//! **Invariant:** a token is written nowhere; a coupon is used by at most one order of this store
//! that was not undone. One that took nothing is not used.

use std::sync::Arc;

use domain::{
    id::{CouponId, MemberId, OrderId},
    pricing::occasion,
    receipt_number::WorkstationNumber,
    redemption::REDEMPTIONS_MAX,
    time::Timestamp,
};
use rusqlite::Connection;
use sync::{
    chain::hex,
    token::{Subject, Token},
    wire::CheckInV1,
};

use crate::{
    checkout::{CheckoutError, Command, change, may_change, to_the_end},
    context::Context,
    db::{self, DbError},
    member::{self, believe, blind, is_for},
    refusal::Refusal,
    rights::{Hold, Secret},
    settings::{self, Offline},
    station::Station,
    uplink::{check_in::tell, rights::Told},
};

/// A coupon of the brand's own, on the counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OwnCoupon {
    /// Which.
    pub(crate) id: CouponId,
    /// Whose; nobody's where anyone may use it.
    pub(crate) member: Option<MemberId>,
    /// The rule that it switches on.
    pub(crate) rule: String,
    /// Until when it is good.
    pub(crate) until: Timestamp,
}

impl OwnCoupon {
    /// The coupon as a quote and an order name it.
    pub(crate) fn named(&self) -> occasion::Coupon {
        occasion::Coupon { code: format!("coupon:{}", self.id), rule: self.rule.clone() }
    }

    fn of(token: Token) -> Result<Self, Refusal> {
        let until = Timestamp::from_micros(i64::from(token.until_s) * 1_000_000);
        match token.subject {
            Subject::Coupon { coupon, member, store: _, rule } => {
                Ok(Self { id: coupon, member, rule, until })
            }
            Subject::Member(_) | Subject::Pickup { .. } => Err(Refusal::NotAVoucher),
        }
    }
}

/// Whether a text looks like a coupon of our own.
pub(crate) fn is_one(text: &str) -> bool {
    text.trim().starts_with("C1.")
}

/// Puts a coupon of our own beside the cart; `None` when the same command did it before.
pub(crate) async fn add(
    context: &Arc<Context>,
    wish: member::Wish,
) -> Result<Option<CouponId>, CheckoutError> {
    let context = Arc::clone(context);
    to_the_end(async move {
        let Secret(shown) = &wish.shown;
        let coupon = OwnCoupon::of(believe(&context, shown)?)?;
        if context.prices.book().find(&coupon.rule).is_none() {
            return Err(Refusal::CouponWithoutRule.into());
        }
        let command = Command { body: blind(&context, shown), ..wish.command };
        let allowed = settings::may(&context, Offline::Coupons);
        let done = change(&context, command, move |tx, counter| {
            is_for(counter, wish.order)?;
            let id = coupon.id;
            if counter.coupons.iter().any(|known| known.id == id) {
                return Ok(id);
            }
            may_change(counter)?;
            allowed?;
            may_add(counter, &coupon)?;
            if db::coupon::is_used(tx, id)? {
                return Err(Refusal::CouponUsed.into());
            }
            db::coupon::put(tx, counter.cart.order, &coupon)?;
            member::changed(tx, counter)?;
            Ok(id)
        });
        done.await
    })
    .await
}

fn may_add(counter: &Station, coupon: &OwnCoupon) -> Result<(), Refusal> {
    let buyer = counter.member.as_ref().map(|member| member.id);
    match (coupon.member, buyer) {
        (Some(_), None) => return Err(Refusal::NoMember),
        (Some(owner), Some(buyer)) if owner != buyer => return Err(Refusal::NotTheirCoupon),
        (Some(_) | None, _) => {}
    }
    if counter.rights.n_live() + counter.coupons.len() >= REDEMPTIONS_MAX {
        return Err(Refusal::TooManyRedemptions);
    }
    Ok(())
}

/// Claims the coupon that HQ gives to whoever comes (到店礼券), for the member who showed their code
/// here, and puts it beside their cart. They have one at a time: who claims again gets the same one.
pub(crate) async fn claim(context: &Arc<Context>, command: Command) -> Result<(), CheckoutError> {
    let context = Arc::clone(context);
    to_the_end(async move {
        let (order, member) = who_claims(&context, command.workstation)?;
        if context.settings.in_force().coupon_rule().is_none() {
            return Err(Refusal::NoCouponGiven.into());
        }
        let seal = context.seal.load_full().ok_or(Refusal::MembersNotHere)?;
        let guest = hex(&seal.index("claim", &member.to_string()));
        let asked = CheckInV1 { id: command.id.uuid(), guest, at: context.clock.now() };
        let given = match tell(&context, &asked).await {
            Told::Says(answer) => answer.coupon.ok_or(Refusal::NoCouponGiven)?,
            Told::Unknown | Told::TurnedAway(_) => return Err(Refusal::NoCouponGiven.into()),
            // Whether it was heard does not matter: the same guest gets the same coupon.
            Told::NeverLeft | Told::Silence => return Err(Refusal::CouponUnheard.into()),
        };
        // Whoever stands there by now is not who asked, if the cart is another one.
        let wish = member::Wish { command, order: Some(order), shown: Secret(given.token) };
        add(&context, wish).await.map(|_| ())
    })
    .await
}

/// Whose cart it is, and who has shown that it is they.
fn who_claims(
    context: &Context,
    workstation: WorkstationNumber,
) -> Result<(OrderId, MemberId), Refusal> {
    let scenes = context.screens.follow(workstation).ok_or(Refusal::UnknownWorkstation)?;
    let scene = scenes.borrow();
    let station = &scene.priced.station;
    let member = station.member.as_ref().ok_or(Refusal::NoMember)?;
    if !member.is_proven {
        return Err(Refusal::MemberUnproven);
    }
    Ok((station.cart.order, member.id))
}

/// Whether who stands at a counter may claim the coupon that HQ gives to whoever comes.
pub(crate) fn may_claim(context: &Context, station: &Station) -> bool {
    let settings = context.settings.in_force();
    let Some(given) = settings.coupon_rule() else { return false };
    let is_proven = station.member.as_ref().is_some_and(|member| member.is_proven);
    is_proven && station.coupons.iter().all(|coupon| coupon.rule != given)
}

/// Takes a coupon off the counter. It was not used; or another order used it after something was
/// paid for this cart with it, which then has a rest to pay.
pub(crate) async fn take_off(
    context: &Arc<Context>,
    command: Command,
    id: CouponId,
) -> Result<(), CheckoutError> {
    let context = Arc::clone(context);
    to_the_end(async move {
        let done = change(&context, command, move |tx, counter| {
            is_for(counter, None)?;
            if !is_lost(tx, counter, id)? {
                may_change(counter)?;
            }
            db::coupon::take_off(tx, counter.cart.order, id)?;
            member::changed(tx, counter)
        });
        done.await.map(|_| ())
    })
    .await
}

/// Whether something is paid for the cart, and can never become an order with this coupon.
fn is_lost(tx: &Connection, counter: &Station, id: CouponId) -> Result<bool, DbError> {
    Ok(counter.rights.hold() == Hold::Taken && db::coupon::is_used(tx, id)?)
}

//! The member at a counter and the brand's own coupons, as screens show them.
//!
//! **Invariant:** a name and a phone number are opened here, masked, and dropped; what a member has is
//! told only where they have shown that it is they.

use domain::{
    money::Money,
    pricing::{By, rule::Reward},
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{context::Context, http::body::MoneyBody, member::Identified, station::Priced};

/// A member, as an operator sees them.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct MemberView {
    /// The name, masked; empty where it is not known here.
    name: String,
    /// The phone number, masked; likewise.
    phone: String,
    tier: String,
    /// Works for the chain.
    is_staff: bool,
    /// This store has a row of them; one it has none of earns points and gets no member price.
    is_known: bool,
    /// They showed their own code: what is theirs may be shown and spent.
    is_proven: bool,
    /// What they have; nothing before they are proven.
    funds: Option<FundsView>,
    /// Some rule in force lets points pay.
    points_pay: bool,
    /// Points that shall pay, at most.
    points_to_pay: i64,
    /// Points that pay.
    points_spent: i64,
    /// Points that this cart earns.
    points_earned: i64,
    /// Balance that shall pay, at most.
    balance_to_pay: MoneyBody,
    /// What balance pays.
    balance_part: MoneyBody,
}

/// What a member has, as the store knows, and what of it may be spent here and now.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(crate) struct FundsView {
    points: i64,
    points_here: i64,
    balance: MoneyBody,
    balance_here: MoneyBody,
}

/// A coupon of the brand's own beside a cart.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct CouponView {
    id: Uuid,
    /// What its rule is called.
    title: String,
    /// What it takes off.
    saved: MoneyBody,
    /// It will be used when the cart is completed; one that takes nothing is not.
    takes_part: bool,
    /// It belongs to the member alone.
    personal: bool,
    expires_at: String,
}

/// A member, as a shopper sees themself.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct CustomerMemberView {
    name: String,
    phone: String,
    tier: String,
    /// What they have; nothing before they are proven.
    funds: Option<FundsView>,
    points_spent: i64,
    points_earned: i64,
    balance_part: MoneyBody,
    /// The coupons that will be used.
    coupons: Vec<String>,
}

fn names(context: &Context, member: &Identified) -> (String, String) {
    member.masked(context.seal.load().as_deref()).unwrap_or_default()
}

fn funds(context: &Context, member: &Identified) -> Option<FundsView> {
    let known = member.is_proven && member.row.is_some();
    known.then(|| {
        let now = member.member(context.clock.now());
        let (points, balance) = member.has();
        FundsView {
            points,
            points_here: now.shopper.points,
            balance: balance.into(),
            balance_here: now.balance_here.into(),
        }
    })
}

fn balance_part(priced: &Priced) -> Money {
    priced.station.rights.balance_part(priced.quote.total)
}

/// What an operator sees.
pub(super) fn of(context: &Context, priced: &Priced) -> Option<MemberView> {
    let member = priced.station.member.as_ref()?;
    let (name, phone) = names(context, member);
    let pays = |reward: &Reward| matches!(reward, Reward::PointsPay { .. });
    let mut rules = priced.book.rules().iter();
    Some(MemberView {
        name,
        phone,
        tier: member.row.as_ref().map(|row| row.tier.clone()).unwrap_or_default(),
        is_staff: member.row.as_ref().is_some_and(|row| row.is_staff),
        is_known: member.row.is_some(),
        is_proven: member.is_proven,
        funds: funds(context, member),
        points_pay: rules.any(|rule| rule.steps.iter().any(|step| pays(&step.reward))),
        points_to_pay: member.points_to_pay,
        points_spent: priced.quote.points_spent,
        points_earned: priced.quote.points_earned,
        balance_to_pay: member.balance_to_pay.into(),
        balance_part: balance_part(priced).into(),
    })
}

/// What a shopper sees.
pub(super) fn of_shopper(context: &Context, priced: &Priced) -> Option<CustomerMemberView> {
    let member = priced.station.member.as_ref()?;
    let (name, phone) = names(context, member);
    let coupons = coupons(priced).into_iter().filter(|coupon| coupon.takes_part);
    Some(CustomerMemberView {
        name,
        phone,
        tier: member.row.as_ref().map(|row| row.tier.clone()).unwrap_or_default(),
        funds: funds(context, member),
        points_spent: priced.quote.points_spent,
        points_earned: priced.quote.points_earned,
        balance_part: balance_part(priced).into(),
        coupons: coupons.map(|coupon| coupon.title).collect(),
    })
}

/// The brand's own coupons beside the cart.
pub(super) fn coupons(priced: &Priced) -> Vec<CouponView> {
    let (station, quote, book) = (&priced.station, &priced.quote, &priced.book);
    let useful = station.useful_coupons(quote);
    let first = station.rights.coupons().len();
    let saved = |place: usize| {
        let applied = quote.applied.iter().find(|applied| match applied.by {
            By::Coupon(_, at) => usize::from(at) == first + place,
            By::Rule(_) | By::Manual(_) => false,
        });
        applied.map_or(Money::ZERO, |applied| applied.saved)
    };
    let own = station.coupons.iter().enumerate();
    own.map(|(place, coupon)| CouponView {
        id: coupon.id.uuid(),
        title: book
            .find(&coupon.rule)
            .and_then(|ix| book.rule(ix))
            .map(|rule| rule.name.clone())
            .unwrap_or_default(),
        saved: saved(place).into(),
        takes_part: useful.iter().any(|known| known.id == coupon.id),
        personal: coupon.member.is_some(),
        expires_at: coupon.until.to_string(),
    })
    .collect()
}

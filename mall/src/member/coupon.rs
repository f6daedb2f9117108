//! Coupons issued, and tokens signed.
//!
//! A token is not kept: it is signed again whenever somebody may have it, and says the same.
//!
//! **Invariant:** a coupon is a row before anybody holds its token.

use domain::{
    id::{CouponId, MemberId},
    time::Timestamp,
};
use serde::Serialize;
use sync::token::{RULE_BYTES_MAX, Subject, Token};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{MemberError, value};
use crate::{
    context::Context,
    db::{
        self, Conn,
        coupons::{self, CouponRow},
        members, stores,
    },
    rules,
    vault::VaultError,
};

/// Coupons of one batch.
pub(crate) const ISSUED_MAX: u32 = 10_000;
/// Days a coupon is good at most: two years.
const DAYS_MAX: u32 = 731;
/// Minutes a member's code is good at most: what is shown on a phone is made again every minute;
/// a printed one for tests lasts a day.
const CODE_MINUTES_MAX: u32 = 1_440;

/// A batch of coupons that HQ wants.
#[derive(Clone, Debug)]
pub(crate) struct CouponWish {
    /// Its own id, so that a repeat changes nothing.
    pub(crate) id: Uuid,
    /// The rule that each switches on.
    pub(crate) rule: String,
    /// How many.
    pub(crate) count: u32,
    /// Whose they are; anybody's where nobody is named.
    pub(crate) member: Option<MemberId>,
    /// The code of the store where they are good; everywhere where it is empty.
    pub(crate) store: String,
    /// For how many days from now.
    pub(crate) days: u32,
    /// Whose hand.
    pub(crate) by: String,
}

/// Coupons that were issued together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = CouponBatch)]
pub(crate) struct BatchShape {
    /// The batch.
    pub(crate) id: String,
    /// The rule that each switches on.
    pub(crate) rule: String,
    /// Not after.
    pub(crate) until: String,
    /// The coupons.
    pub(crate) coupons: Vec<CouponShape>,
}

/// A coupon with the token that a shopper shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = IssuedCoupon)]
pub(crate) struct CouponShape {
    /// The coupon.
    pub(crate) id: String,
    /// What is shown as a QR code; whoever has it may use it, so it goes to its shopper alone.
    pub(crate) token: String,
}

pub(super) fn seconds(at: Timestamp) -> u32 {
    u32::try_from(at.micros().div_euclid(1_000_000)).unwrap_or(u32::MAX)
}

pub(super) fn moment(seconds: u32) -> Timestamp {
    Timestamp::from_micros(i64::from(seconds) * 1_000_000)
}

/// Issues a batch of coupons. The same batch again gives the same tokens.
pub(crate) async fn issue(context: &Context, wish: &CouponWish) -> Result<BatchShape, MemberError> {
    let doing = "issue coupons";
    check(wish)?;
    if !rules::is_coupon(context, &wish.rule).await? {
        return Err(MemberError::Rule(wish.rule.clone()));
    }
    let mut tx = context.db().write(doing).await?;
    let held = coupons::of_batch(&mut tx, wish.id).await?;
    let store = match wish.store.as_str() {
        "" => None,
        code => {
            let found = stores::by_code(&mut tx, code).await?;
            Some(found.ok_or_else(|| MemberError::Store(code.to_owned()))?.id)
        }
    };
    if let Some(first) = held.first() {
        let is_same = first.rule == wish.rule
            && (first.member, first.store) == (wish.member, store)
            && u32::try_from(held.len()) == Ok(wish.count);
        return if is_same {
            shape(context, &mut tx, &held).await
        } else {
            Err(MemberError::Taken)
        };
    }
    if let Some(id) = wish.member {
        let member = members::by_id(&mut tx, id).await?.filter(|member| !member.is_gone);
        member.ok_or(MemberError::Unknown(id))?;
    }
    let now = context.now();
    let until = now.plus_ms(i64::from(wish.days) * 86_400_000);
    let mut issued = Vec::new();
    for number in 1..=i64::from(wish.count) {
        issued.push(CouponRow {
            id: CouponId::from_uuid(Uuid::from_bytes(context.secret()?)),
            batch: wish.id,
            number,
            rule: wish.rule.clone(),
            member: wish.member,
            store,
            from_s: seconds(now),
            until_s: seconds(until),
            issued_by: wish.by.clone(),
            issued_at: now,
        });
    }
    coupons::insert(&mut tx, &issued).await?;
    let shape = shape(context, &mut tx, &issued).await?;
    db::commit(tx, doing).await?;
    Ok(shape)
}

fn check(wish: &CouponWish) -> Result<(), MemberError> {
    if !(1..=RULE_BYTES_MAX).contains(&wish.rule.len()) {
        return Err(value("rule", "has not 1 to 64 bytes, as many as a token has room for"));
    }
    if !(1..=ISSUED_MAX).contains(&wish.count) {
        return Err(value("count", "is not 1 to 10000"));
    }
    if !(1..=DAYS_MAX).contains(&wish.days) {
        return Err(value("days", "is not 1 to 731"));
    }
    Ok(())
}

async fn shape(
    context: &Context,
    tx: &mut Conn,
    issued: &[CouponRow],
) -> Result<BatchShape, MemberError> {
    let Some(first) = issued.first() else {
        return Err(value("count", "is nothing"));
    };
    let mut shapes = Vec::with_capacity(issued.len());
    for row in issued {
        let token = token(context, tx, row).await?;
        shapes.push(CouponShape { id: row.id.to_string(), token });
    }
    let until = moment(first.until_s);
    let (id, rule) = (first.batch.to_string(), first.rule.clone());
    Ok(BatchShape { id, rule, until: until.to_string(), coupons: shapes })
}

/// What the holder of a coupon shows.
pub(super) async fn token(
    context: &Context,
    tx: &mut Conn,
    row: &CouponRow,
) -> Result<String, VaultError> {
    let CouponRow { id: coupon, member, store, from_s, until_s, .. } = *row;
    let subject = Subject::Coupon { coupon, member, store, rule: row.rule.clone() };
    let token = Token { from_s, until_s, subject };
    context.vault().sign(tx, &token, context.now()).await
}

/// A member's code as their phone shows it, good from now on for some minutes.
pub(crate) async fn code(
    context: &Context,
    id: MemberId,
    minutes: u32,
) -> Result<String, MemberError> {
    if !(1..=CODE_MINUTES_MAX).contains(&minutes) {
        return Err(value("minutes", "is not 1 to 1440"));
    }
    let mut tx = context.db().read("sign a member's code").await?;
    let member = members::by_id(&mut tx, id).await?.filter(|member| !member.is_gone);
    member.ok_or(MemberError::Unknown(id))?;
    let from_s = seconds(context.now());
    let until_s = from_s.saturating_add(minutes.saturating_mul(60));
    let token = Token { from_s, until_s, subject: Subject::Member(id) };
    Ok(context.vault().sign(&mut tx, &token, context.now()).await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::CODE_MS_MAX;

    #[test]
    fn no_code_is_good_longer_than_its_key_is_kept_for_it() {
        assert_eq!(i64::from(CODE_MINUTES_MAX) * 60_000, CODE_MS_MAX);
    }
}

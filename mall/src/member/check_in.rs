//! The coupon of a guest who signed in to a store's Wi-Fi (到店礼券).
//!
//! HQ says by the settings `portal.coupon_rule` and `portal.coupon_days` what it is; whoever shows it
//! may use it, in that store. The same check-in again gives the same coupon.
//!
//! **Invariant:** a guest of a store has one at a time, and nobody here knows who they are.

use domain::id::CouponId;
use sync::{
    replica::StoreId,
    wire::{CheckInV1, CheckedInV1, GUEST_DIGITS, GivenCouponV1},
};
use uuid::Uuid;

use super::{
    MemberError,
    coupon::{moment, seconds, token},
    value,
};
use crate::{
    context::Context,
    db::{
        self, check_ins,
        coupons::{self, CouponRow},
        stores,
    },
    rules,
    settings::coupon_for_coming,
};

/// Whose hand such a coupon is from.
const ISSUED_BY: &str = "check-in";
const DAY_MS: i64 = 86_400_000;

/// Takes a check-in of a store; the answer has the guest's coupon, where HQ gives one.
pub(crate) async fn check_in(
    context: &Context,
    store: StoreId,
    told: &CheckInV1,
) -> Result<CheckedInV1, MemberError> {
    let doing = "take a check-in";
    let is_guest = told.guest.len() == GUEST_DIGITS
        && told.guest.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if !is_guest {
        return Err(value("guest", "is not 32 hexadecimal digits"));
    }
    let none = CheckedInV1 { coupon: None };
    let mut tx = context.db().write(doing).await?;
    let found = stores::by_id(&mut tx, store).await?;
    let row = found.ok_or_else(|| MemberError::Store(store.to_string()))?;
    let Some((rule, days)) = coupon_for_coming(&mut tx, &row).await? else { return Ok(none) };
    if !rules::is_coupon_in(&mut tx, &rule).await? {
        tracing::warn!(store.id = %store, "The coupon for checking in has no rule in force");
        return Ok(none);
    }
    let now = context.now();
    let until_s = seconds(now.plus_ms(days.saturating_mul(DAY_MS)));
    let guest = (store, told.guest.as_str());
    let given_for = check_ins::put(&mut tx, guest, told.id, (seconds(now), until_s)).await?;
    let held = coupons::of_batch(&mut tx, given_for).await?;
    let coupon = match held.into_iter().next() {
        Some(coupon) => coupon,
        None => {
            let coupon = CouponRow {
                id: CouponId::from_uuid(Uuid::from_bytes(context.secret()?)),
                batch: given_for,
                number: 1,
                rule,
                member: None,
                store: Some(store),
                from_s: seconds(now),
                until_s,
                issued_by: ISSUED_BY.to_owned(),
                issued_at: now,
            };
            coupons::insert(&mut tx, std::slice::from_ref(&coupon)).await?;
            coupon
        }
    };
    let token = token(context, &mut tx, &coupon).await?;
    db::commit(tx, doing).await?;
    let CouponRow { id, rule, until_s, .. } = coupon;
    Ok(CheckedInV1 { coupon: Some(GivenCouponV1 { id, rule, until: moment(until_s), token }) })
}

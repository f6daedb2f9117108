//! What a store does for shoppers while the mall does not answer: as HQ says.
//!
//! **Invariant:** nothing that was on the counter before is taken from it; what was done is told again
//! as it was.

use super::Settings;
use crate::{context::Context, refusal::Refusal, uplink::Reach};

/// Something that could be done without the mall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offline {
    /// A coupon of the brand's own is taken.
    Coupons,
    /// A member spends points or balance.
    Savings,
    /// An online order is handed over.
    Pickups,
}

/// Whether something may be done now: the mall answered last time, or HQ lets the store do it alone.
pub(crate) fn may(context: &Context, what: Offline) -> Result<(), Refusal> {
    let settings: &Settings = &context.settings;
    let is_away = context.link.state().reach != Reach::Up;
    if is_away && !settings.in_force().does_offline(what) {
        return Err(Refusal::NeedsMall);
    }
    Ok(())
}

//! What the store asks the mall about guests of its Wi-Fi.
//!
//! **Invariant:** nothing that sells waits for an answer.

use sync::{
    path,
    wire::{CheckInV1, CheckedInV1},
};

use super::rights::{Told, hear};
use crate::context::Context;

/// Tells of a check-in; the answer is the guest's coupon, where HQ gives one.
pub(crate) async fn tell(context: &Context, check_in: &CheckInV1) -> Told<CheckedInV1> {
    let Some(mall) = context.mall.get() else { return Told::NeverLeft };
    hear(context, mall.post(path::CHECK_INS, check_in).await)
}

//! What the store asks the mall about items that it lacks.
//!
//! **Invariant:** the mall alone knows what other stores have, and alone promises it.

use sync::{
    path,
    wire::{AsideV1, ElsewhereFoundV1, ElsewhereV1, SetAsideV1},
};

use super::rights::{Told, within};
use crate::context::Context;

/// Asks which other stores have an item.
pub(crate) async fn find(context: &Context, asked: &ElsewhereV1) -> Told<ElsewhereFoundV1> {
    let Some(mall) = context.mall.get() else { return Told::NeverLeft };
    within(context, mall.post(path::ELSEWHERE, asked)).await
}

/// Asks to set an item aside in another store.
pub(crate) async fn set_aside(context: &Context, asked: &SetAsideV1) -> Told<AsideV1> {
    let Some(mall) = context.mall.get() else { return Told::NeverLeft };
    within(context, mall.post(path::SET_ASIDES, asked)).await
}

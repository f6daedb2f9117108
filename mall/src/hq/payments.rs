//! Payments by code, as HQ reads them.
//!
//! **Invariant:** reads only; the house's own number is shown by its last signs.

use domain::payment::PaymentState;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    read::{Asked, HqError, known, place},
    shapes::MoneyShape,
};
use crate::{
    context::Context,
    db::{
        Conn,
        payments::{self, PaymentRow},
        refunds,
        rights::Wanted,
        stores,
    },
    payment::number,
};

/// Signs of a house's own number that are shown.
const TAIL_CHARS: usize = 6;

/// A payment by code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Payment)]
pub(crate) struct PaymentShape {
    /// Its id.
    pub(crate) id: String,
    /// Our number at the house, as its bills have it.
    pub(crate) number: String,
    /// The store's code.
    #[schema(example = "SH001")]
    pub(crate) store: String,
    /// Its workstation; 0 where a reversal came before the charge.
    pub(crate) workstation: u16,
    /// The order it was to pay.
    pub(crate) order: String,
    /// `wechat` or `alipay`.
    #[schema(value_type = String)]
    pub(crate) method: &'static str,
    /// `sent`, `paying`, `paid`, `refused`, `reversing` or `reversed`.
    #[schema(value_type = String)]
    pub(crate) state: &'static str,
    /// What was asked for.
    pub(crate) amount: MoneyShape,
    /// What was given back of it, or is asked to be.
    pub(crate) refunded: MoneyShape,
    /// The last signs of the house's own number.
    pub(crate) transaction_tail: String,
    /// The last no of its house, in one word.
    pub(crate) refusal: Option<String>,
    /// When it was asked for.
    pub(crate) made_at: String,
    /// When it was paid.
    pub(crate) paid_at: Option<String>,
    /// When it came to stand where it stands; none while that is open.
    pub(crate) decided_at: Option<String>,
}

/// A page of payments, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct PaymentPage {
    /// The payments.
    pub(crate) payments: Vec<PaymentShape>,
    /// Give it as `after` for the next page; none when this was the last.
    pub(crate) next: Option<String>,
}

/// The last signs of something that is not shown whole.
pub(super) fn tail(text: &str) -> String {
    let from = text.chars().count().saturating_sub(TAIL_CHARS);
    text.chars().skip(from).collect()
}

/// What of a list is asked for, one row more than is shown.
pub(super) async fn wanted<S>(
    tx: &mut Conn,
    store: Option<&str>,
    state: Option<S>,
    asked: &Asked,
) -> Result<Wanted<S>, HqError> {
    let store = match store {
        Some(code) => Some(known(tx, code).await?.id),
        None => None,
    };
    let after = asked.after.as_deref().map(place).transpose()?;
    Ok(Wanted { store, state, after, limit: asked.limit() + 1 })
}

/// Payments of a store or of all, newest first.
pub(crate) async fn payments(
    context: &Context,
    store: Option<&str>,
    state: Option<PaymentState>,
    asked: &Asked,
) -> Result<PaymentPage, HqError> {
    let mut tx = context.db().look("read the payments").await?;
    let wanted = wanted(&mut tx, store, state, asked).await?;
    let written = |last: &PaymentRow| format!("{}.{}", last.made_at.micros(), last.id);
    let (found, next) = asked.page(payments::list(&mut tx, &wanted).await?, written);
    let mut shapes = Vec::with_capacity(found.len());
    for row in found {
        shapes.push(shape(&mut tx, row).await?);
    }
    Ok(PaymentPage { payments: shapes, next })
}

async fn shape(tx: &mut Conn, row: PaymentRow) -> Result<PaymentShape, HqError> {
    let refunded = refunds::sum(tx, row.store, row.id).await?;
    Ok(PaymentShape {
        id: row.id.to_string(),
        number: number(row.id),
        store: stores::code(tx, row.store).await?,
        workstation: row.workstation,
        order: row.purpose.order.to_string(),
        method: row.purpose.method.word(),
        state: row.state.word(),
        amount: MoneyShape::of(row.purpose.amount),
        refunded: MoneyShape::of(refunded),
        transaction_tail: tail(&row.transaction),
        refusal: (!row.refusal.is_empty()).then_some(row.refusal),
        made_at: row.made_at.to_string(),
        paid_at: row.paid_at.map(|at| at.to_string()),
        decided_at: row.decided_at.map(|at| at.to_string()),
    })
}

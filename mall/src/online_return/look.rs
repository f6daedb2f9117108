//! What may come back of an order, and what some pieces of it would give.
//!
//! **Invariant:** reads only; of the shopper nothing but masks is told.

use domain::{
    id::OnlineReturnId,
    money::Money,
    order::OrderLine,
    pickup::PickupState,
    returns::{
        ReturnPolicy, Wish,
        online::{self, Decided},
    },
    tender::TenderKind,
};
use sync::{
    token::Subject,
    wire::{BROUGHT_CHARS_MAX, BroughtV1, OnlineLineV1, OnlineOrderV1},
};

use super::{Known, OnlineReturnError, known, standing, wishes_of, word};
use crate::{
    context::Context,
    db::{
        Conn, DbError, damaged,
        online_orders::{self, OnlineRow},
    },
    vault,
};

/// Tells what of an order may come back.
pub(crate) async fn look(
    context: &Context,
    brought: &BroughtV1,
) -> Result<OnlineOrderV1, OnlineReturnError> {
    let wishes = wishes_of(&brought.lines)?;
    let mut tx = context.db().read("look an online order up").await?;
    let row = named(&mut tx, &brought.presented).await?;
    standing(&row).map_err(OnlineReturnError::Standing)?;
    let known = known(&mut tx, &row).await?;
    drop(tx);
    // Off the threads that answer requests: each line is tried by itself.
    let told = tokio::task::spawn_blocking(move || tell(&row, &known, wishes));
    let told = told.await.map_err(|_| damaged("price a return"))?;
    Ok(told?)
}

/// The order that a text names: its signed code, its id, or its number.
async fn named(tx: &mut Conn, presented: &str) -> Result<OnlineRow, OnlineReturnError> {
    let text = presented.trim();
    if text.is_empty() || text.len() > BROUGHT_CHARS_MAX || text.chars().any(char::is_control) {
        return Err(OnlineReturnError::Malformed("a code or number has 1 to 400 printable signs"));
    }
    let id = match vault::reads(tx, text).await?.map(|token| token.subject) {
        Some(Subject::Pickup { pickup, .. }) => Some(pickup),
        Some(Subject::Member(_) | Subject::Coupon { .. }) => None,
        None => text.parse().ok(),
    };
    if let Some(id) = id {
        return online_orders::by_id(tx, id).await?.ok_or(OnlineReturnError::Unknown);
    }
    let mut found = online_orders::by_number(tx, text).await?;
    if found.len() > 1 {
        // Of several the one that was handed over is meant, if it is the only one.
        found.retain(|row| row.state == PickupState::HandedOver);
    }
    let n = found.len();
    match found.pop() {
        Some(one) if n == 1 => Ok(one),
        Some(_) => Err(OnlineReturnError::Ambiguous),
        None => Err(OnlineReturnError::Unknown),
    }
}

fn tell(row: &OnlineRow, known: &Known, wishes: Vec<Wish>) -> Result<OnlineOrderV1, DbError> {
    let doing = "price a return";
    let Known { order, earlier, .. } = known;
    let policy = ReturnPolicy::default();
    let left = online::quantities_left(order, earlier).map_err(|_| damaged(doing))?;
    let line = |(line, left_milli): (&OrderLine, _)| OnlineLineV1 {
        number: line.number,
        sku: line.item.sku.clone(),
        name: line.item.name.clone(),
        spec: line.item.spec.clone(),
        quantity_milli: line.quantity,
        left_milli,
        amount_minor: line.amount,
        piece_minor: online::next_piece(order, earlier, line.number, &policy),
    };
    let mut returned = Money::ZERO;
    for one in earlier {
        let amount = online::amount_of(one).map_err(|_| damaged(doing))?;
        returned = returned.plus(amount).map_err(|_| damaged(doing))?;
    }
    let mut told = OnlineOrderV1 {
        id: row.id,
        number: row.number.clone(),
        shopper: row.shopper.clone(),
        phone: row.phone.clone(),
        handed_over_at: row.ended_at.unwrap_or(row.placed_at),
        method: TenderKind::from_word(&row.method).ok_or_else(|| damaged(doing))?,
        total_minor: row.total,
        returned_minor: returned,
        lines: order.lines.iter().zip(left).map(line).collect(),
        back_minor: None,
        refusal: None,
    };
    if wishes.is_empty() {
        return Ok(told);
    }
    let asked = Decided {
        id: OnlineReturnId::from_uuid(row.id.uuid()),
        wishes,
        policy,
        operator: String::new(),
        at: row.placed_at,
        amount: Money::ZERO,
    };
    match online::decide(order, earlier, asked) {
        Ok((_, decided)) => told.back_minor = Some(decided.amount),
        Err(refusal) => {
            let word = word(&refusal).ok_or_else(|| damaged(doing))?;
            told.refusal = Some(word.to_owned());
        }
    }
    Ok(told)
}

//! Goods of online orders that come back in stores (线上退货).
//!
//! ```text
//! store: what may come back? ─► `look`       nothing is written
//! store: take this back      ─► `take_back`  one transaction: decided, money due, goods to that store
//! ```
//!
//! | an order that | gives back |
//! | --- | --- |
//! | was handed over | what its units carry, by `domain::returns::online` |
//! | waits | nothing: its shop takes it back |
//! | ended otherwise | nothing: its money went back whole |
//!
//! The shop took the money, so the shop gives it back: the refund is due to the payment that the
//! order was paid by, and stays on HQ's list until the shop says that it is done.
//!
//! **Invariant:** a return is decided once, under the lock of its order; whatever stores ask at the
//! same moment, no unit comes back twice and no more goes back than was paid.

mod look;
mod take_back;

pub(crate) use look::look;
pub(crate) use take_back::take_back;

use domain::{
    order::Order,
    pickup::PickupState,
    returns::{ReturnOrder, ReturnRefusal, Wish, online},
};
use sync::wire::BackLineV1;

use crate::{
    db::{Conn, DbError, damaged, online_orders::OnlineRow, online_returns},
    pickup,
};

/// Why nothing is told, or taken back.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OnlineReturnError {
    /// What was asked cannot be.
    #[error("{0}")]
    Malformed(&'static str),
    /// No such order.
    #[error("there is no such order")]
    Unknown,
    /// Several orders have this number.
    #[error("several orders have this number")]
    Ambiguous,
    /// The order stands where nothing comes back.
    #[error("nothing comes back of it: {0}")]
    Standing(&'static str),
    /// The id was used for something else.
    #[error("this id was used for another return")]
    Taken,
    /// The database refused.
    #[error("could not keep the return")]
    Db(#[from] DbError),
}

/// It still waits: its shop can take it back.
const NOT_COLLECTED: &str = "order-not-collected";
/// It was cancelled or expired: its money went back whole.
pub(crate) const ENDED: &str = "order-ended";
/// It was only set aside: a till sold its goods, and takes them back by its own receipt.
pub(crate) const AT_THE_COUNTER: &str = "order-sold-at-counter";
/// All of it came back before.
const RETURNED: &str = "returned-already";
/// Fewer are left.
const NOT_SO_MANY: &str = "not-so-many";
/// A gift must come back too.
const GIFT: &str = "gift-missing";
/// It gives back something else than the shopper was shown.
const AMOUNT: &str = "amount-changed";
/// `RETURNS_MAX` times.
const TOO_OFTEN: &str = "returned-too-often";
/// The pieces cannot be: no such line, parts of a piece, nothing at all.
const NOT_POSSIBLE: &str = "not-possible";

/// What is known of an order and its returns.
struct Known {
    order: Order,
    earlier: Vec<ReturnOrder>,
    /// The place of the newest return.
    newest: i64,
}

/// Reads what came back of an order so far.
async fn known(tx: &mut Conn, row: &OnlineRow) -> Result<Known, DbError> {
    let order = pickup::order_of(row)?;
    let (decided, newest) = online_returns::of_order(tx, row.id).await?;
    let earlier = online::replay(&order, &decided);
    let earlier = earlier.map_err(|_| damaged("make the returns of an order again"))?;
    Ok(Known { order, earlier, newest })
}

/// Whether goods of an order come back this way; else why not.
fn standing(row: &OnlineRow) -> Result<(), &'static str> {
    if row.is_unpaid() {
        return Err(AT_THE_COUNTER);
    }
    match row.state {
        PickupState::HandedOver => Ok(()),
        PickupState::Placed | PickupState::Picking | PickupState::Ready => Err(NOT_COLLECTED),
        PickupState::Cancelled | PickupState::Expired => Err(ENDED),
    }
}

/// Looks at lines as far as can be seen without their order.
fn wishes_of(lines: &[BackLineV1]) -> Result<Vec<Wish>, OnlineReturnError> {
    if lines.len() > online::RETURN_LINES_MAX {
        return Err(OnlineReturnError::Malformed("a return has at most 50 lines"));
    }
    let mut wishes: Vec<Wish> = Vec::with_capacity(lines.len());
    for BackLineV1 { number, quantity_milli } in lines {
        if wishes.iter().any(|wish| wish.number == *number) {
            return Err(OnlineReturnError::Malformed("a return names each line once"));
        }
        wishes.push(Wish { number: *number, quantity: *quantity_milli });
    }
    Ok(wishes)
}

/// Why pieces do not come back, in one word; `None` where the books are damaged.
const fn word(refusal: &ReturnRefusal) -> Option<&'static str> {
    match refusal {
        ReturnRefusal::AllBack => Some(RETURNED),
        ReturnRefusal::NotSoMany { .. } => Some(NOT_SO_MANY),
        ReturnRefusal::Gift { .. } => Some(GIFT),
        ReturnRefusal::Nothing
        | ReturnRefusal::NoSuchLine(_)
        | ReturnRefusal::Whole(_)
        | ReturnRefusal::NoReceipt
        | ReturnRefusal::Limit { .. } => Some(NOT_POSSIBLE),
        ReturnRefusal::History | ReturnRefusal::Tender(_) | ReturnRefusal::Order(_) => None,
    }
}

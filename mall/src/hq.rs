//! What HQ reads: stores, orders, days, items, troubles.
//!
//! | file | what |
//! | --- | --- |
//! | `shapes` | the answers, as HTTP and the command line give them |
//! | `read` | asks the database and fills the shapes |
//! | `day` | the sums of a business date |
//! | `days` | the calendar of a store's business dates |
//! | `states` | how each store stands between itself and the mall |
//! | `troubles` | what all stores say is wrong with them |
//! | `figures` | figures of all stores for whoever watches them |
//! | `grant` | what an order brings beside its goods |
//! | `savings` | what was saved, and who pays for it |
//! | `drift` | orders that were priced otherwise than the mall would |
//! | `post_void` | orders that were undone |
//! | `discrepancy` | orders for which other houses gave otherwise than the orders say |
//! | `pickup` | online orders that were handed over and should not have been |
//! | `online_return` | goods of online orders that came back, and money that is due to shoppers |
//! | `payments`, `redemptions` | what other houses were asked, and what they said |
//!
//! All but `figures` may be read from a copy of the database that is a little behind.
//!
//! **Invariant:** reads only, and nobody decides by it; nothing here knows who asks.

mod day;
mod days;
mod discrepancy;
mod drift;
mod figures;
mod grant;
mod online_return;
mod payments;
mod pickup;
mod post_void;
mod read;
mod redemptions;
mod savings;
mod shapes;
mod states;
mod troubles;

pub(crate) use day::DayShape;
pub(crate) use days::{CalendarDayShape, days};
pub(crate) use drift::{DriftPage, drifts};
pub(crate) use figures::figures;
pub(crate) use online_return::{OnlineReturnShape, RefundDueShape, online_returns, refunds_due};
pub(crate) use payments::{PaymentPage, payments};
pub(crate) use pickup::{PickupCaseShape, pickup_cases};
pub(crate) use post_void::PostVoidShape;
pub(crate) use read::{
    Asked, HqError, check, day, items, one, orders, page_limit, stores, troubles,
};
pub(crate) use redemptions::{RedemptionPage, redemptions};
pub(crate) use savings::{FundingShape, SavingsShape};
pub(crate) use shapes::{ItemPage, LifeShape, OrderPage, OrderShape, StoreShape, TroubleShape};
pub(crate) use states::{Only, StatePage, states};
pub(crate) use troubles::{StoreTroublePage, store_troubles};

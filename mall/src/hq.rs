//! What HQ reads: stores, orders, days, items, troubles.
//!
//! | file | what |
//! | --- | --- |
//! | `shapes` | the answers, as HTTP and the command line give them |
//! | `read` | asks the database and fills the shapes |
//! | `drift` | orders that were priced otherwise than the mall would |
//!
//! **Invariant:** reads only; nothing here knows who asks.

mod drift;
mod read;
mod shapes;

pub(crate) use drift::{DriftPage, drifts};
pub(crate) use read::{
    Asked, HqError, check, day, items, one, orders, page_limit, stores, troubles,
};
pub(crate) use shapes::{DayShape, ItemPage, OrderPage, OrderShape, StoreShape, TroubleShape};

//! What HQ reads: stores, orders, days, items, troubles.
//!
//! | file | what |
//! | --- | --- |
//! | `shapes` | the answers, as HTTP and the command line give them |
//! | `read` | asks the database and fills the shapes |
//!
//! **Invariant:** reads only; nothing here knows who asks.

mod read;
mod shapes;

pub(crate) use read::{Asked, HqError, check, day, items, one, orders, stores, troubles};
pub(crate) use shapes::{DayShape, ItemPage, OrderPage, OrderShape, StoreShape, TroubleShape};

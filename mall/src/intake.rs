//! What the stores sent: checked, kept once, acknowledged, then made into orders.
//!
//! | file | what |
//! | --- | --- |
//! | `judge` | pure: what is each fact |
//! | `session` | is the ledger that comes the one that spoke before, and how it goes on |
//! | `waiting_room` | how many stores tell something at the same time |
//! | `receive` | one batch, one transaction, one answer |
//! | `process` | the inbox into orders; finds its work again after a restart |
//! | `day` | does a store hold of a day what is held here; sealed days |
//! | `days` | room in the inbox for the days to come |
//! | `post_void` | an order that was undone: does it fit the order that is held |
//! | `recompute` | each order priced again; what comes out otherwise is written down |
//!
//! **Invariant:** the answer is given after the commit. Nothing is refused for what it says: a sale
//! that happened is kept, and a person looks at what does not hold.

mod day;
mod days;
mod judge;
mod post_void;
mod process;
mod receive;
mod recompute;
mod session;
mod waiting_room;

pub(crate) use day::{DayError, again as keep_again, ids as day_ids, tell as compare_day};
pub(crate) use days::keep_days_ahead;
pub(crate) use process::keep_processing;
pub(crate) use receive::{ReceiveError, receive};
pub(crate) use session::{SessionError, lost, open as open_session, split};
pub(crate) use waiting_room::{Full, WaitingRoom};

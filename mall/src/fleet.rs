//! Which stores there are, who works in them, and which edge node may speak for them.
//!
//! | file | what |
//! | --- | --- |
//! | `stores` | stores, workstations, operators: added, changed, removed |
//! | `claim` | one-time codes |
//! | `enrol` | an edge node takes its place |
//! | `keep_life` | which of two machines that speak as one goes on |
//! | `limiter` | how often somebody may guess |
//! | `staff` | HQ's tokens |
//!
//! **Invariant:** codes, tokens and PINs leave this room once, to the one who asked for them; what
//! is kept are hashes.

mod claim;
mod enrol;
mod keep_life;
mod limiter;
mod shops;
mod staff;
mod stores;

pub(crate) use claim::{ClaimError, TTL_MINUTES, claim};
pub(crate) use enrol::{EnrolError, enrol};
pub(crate) use keep_life::keep_life;
pub(crate) use limiter::Limiter;
pub(crate) use shops::{add_shop, revoke_shop, shop_of};
pub(crate) use staff::{StaffError, add_staff, revoke_staff, staff_of};
pub(crate) use stores::{
    OperatorWish, Outcome, StoreError, add_operator, add_store, add_workstation, known_store,
    remove_operator, remove_workstation,
};

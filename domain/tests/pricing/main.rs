//! Machines that try to break pricing: random worlds, a slow reference, absurd input, bytes.
//!
//! | file | what |
//! | --- | --- |
//! | `dice` | choices, from a seed or from bytes |
//! | `world` | items, carts and occasions, and what an item, a moment and a shopper mean, said anew |
//! | `rules` | rules over every reward, stacking mode and limit |
//! | `crowd` | many cases at once on all cores, and the smallest case of those that fail |
//! | `audit` | what every quote must satisfy, looked at fen by fen |
//! | `always` | that, over 100,000 random carts, and under permutation and replay |
//! | `brute` | small carts, priced by trying everything |
//! | `refuse` | absurd rules, refused with a reason |
//! | `warn` | foolish rules, told what is foolish |
//! | `loses` | rules that sell below cost, told with a cart |
//! | `doors` | absurd carts and occasions, refused with a reason |
//! | `full` | what the record of an order may carry |
//! | `orders` | that an order's conditions and grants hold as long as everything is kept |
//! | `fuzz` | bytes made into rule sets and carts |
//!
//! **Invariant:** nothing here looks inside the engine; everything is deterministic, and a failure
//! names the seed that brings it back.

#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::too_many_lines,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test says what is wrong by failing"
)]

mod always;
mod audit;
mod brute;
mod crowd;
mod dice;
mod doors;
mod full;
mod fuzz;
mod loses;
mod orders;
mod refuse;
mod rules;
mod warn;
mod world;

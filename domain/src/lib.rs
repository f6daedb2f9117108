//! What a store knows, and nothing it does.
//!
//! | file | what |
//! | --- | --- |
//! | `id` | typed ids and the list of their kinds |
//! | `money`, `quantity` | fen and thousandths, in whole numbers |
//! | `time` | timestamps, business dates, the store's clock |
//! | `barcode` | what was scanned: a GTIN, an in-store label, or a key typed by hand |
//! | `catalog` | items with variants, barcodes and list prices |
//! | `find` | how a typed word meets an item's name |
//! | `member` | who is buying, as a store knows them: masked, with what they may spend here |
//! | `lending` | what stores may let a member spend without asking, so that together they cannot spend more than there is |
//! | `cart`, `pricing`, `tender` | what is on the counter, what it costs and why, how it is covered |
//! | `order`, `receipt_number`, `receipt` | the immutable record, its number, its rows on paper |
//! | `payment`, `redemption` | what another house is asked for: money, and the use of a coupon |
//! | `pickup`, `stock` | online orders that wait in a store; what is there, promised, and available |
//! | `returns` | goods that come back, and exchanges |
//! | `trial` | items, rules and carts written as text, and what they come to |
//!
//! **Invariant:** nothing here waits, reads a clock, mints an id, logs, or opens anything.
//! Ids, times and settings come in as values; decisions go out as values.
//! What a shopper or an operator does is never an error here: it is a refusal with a reason.

pub mod barcode;
pub mod cart;
pub mod catalog;
pub mod find;
pub mod id;
pub mod lending;
pub mod member;
pub mod money;
pub mod order;
pub mod payment;
pub mod pickup;
pub mod pricing;
pub mod quantity;
pub mod receipt;
pub mod receipt_number;
pub mod redemption;
pub mod returns;
pub mod stock;
pub mod tender;
pub mod time;
pub mod trial;

//! Journeys through a whole store: real programs, real ports, real files.
//!
//! Each test has a store of its own, copied from one that was opened once.

#![expect(clippy::indexing_slicing, reason = "helpers of tests may do what tests may")]

mod bells;
mod certificates;
mod clocks;
mod codes;
mod console;
mod console_doors;
mod copies;
mod day;
mod days;
mod demo;
mod doors;
mod kiosk;
mod member;
mod paper;
mod payments;
mod phone;
mod pickup;
mod portal;
mod promotions;
mod returns;
mod scanners;
mod schemas;
mod sessions;
mod settings;
mod streams;
mod tabs;
mod tenders;
mod vouchers;

use acceptance::{
    catalog::{self, Listed},
    store::{Store, original},
};
use anyhow::Result;

/// A store whose node runs and whose mall does not: selling needs nobody.
async fn selling() -> Result<Store> {
    let mut store = Store::twin(original().await?, None)?;
    store.edge.start().await?;
    Ok(store)
}

/// The items of the demo catalog that are sold by the piece.
fn pieces() -> Result<Vec<Listed>> {
    let list = catalog::read(&catalog::demo())?;
    Ok(list.into_iter().filter(|item| !item.barcode.is_empty()).collect())
}
